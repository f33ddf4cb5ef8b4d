/* Whether what a person writes promises when something will be done.
 *
 * Does.     Finds, in Indonesian and English, a date of today or later ("5 Desember", "December 5, 2026",
 *           "2026-12-05", "05/12/2026", day first), and words that say by when: "besok", "within 3 days",
 *           "paling lambat Jumat", "by 5 pm", "next week". A date without its year is the nearest one.
 * Promises. Pure. Only what is clear is found: nothing in numbers of orders, in prices, in a date that is
 *           past, in what happened ("sejak", "ago"), in what lasts until then ("berlaku sampai", "valid
 *           until"), or in a span that nobody binds himself to ("garansi 12 bulan", "layanan 24 jam"). So a
 *           promise in other words passes.
 */
#ifndef PULIH_CORE_DATED_H
#define PULIH_CORE_DATED_H

#include <stdbool.h>
#include <stdint.h>

#include "pulih/base/bytes.h"

/* `today` is a date, yyyymmdd. */
bool pulih_promises_date(struct pulih_view utf8, int32_t today);

#endif
