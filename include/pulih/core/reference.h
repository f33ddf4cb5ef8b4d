/* References that a person can read over the telephone: PL-7K3M-9QF2-X.
 *
 * Does.     Turns a complaint's number (0 to 2^40 - 1) into eight signs of Crockford's base 32 and a check
 *           sign, and back. Neighbouring numbers look unrelated (a fixed bijection), so a reference does not
 *           tell how many complaints there are.
 * Promises. One wrong sign, or two signs exchanged, is always noticed. Reading forgives case, spaces,
 *           missing dashes and prefix, O for 0, I and L for 1.
 */
#ifndef PULIH_CORE_REFERENCE_H
#define PULIH_CORE_REFERENCE_H

#include <stdint.h>

#include "pulih/base/bytes.h"

enum { PULIH_REFERENCE_BYTES = 15 }; /* with the terminating zero */

#define PULIH_REFERENCE_MAX ((INT64_C(1) << 40) - 1) /* the last number that has a reference */

void pulih_reference_print(int64_t number, char out[PULIH_REFERENCE_BYTES]);
/* NULL, or what is wrong with the text in a few words. */
const char *pulih_reference_parse(struct pulih_view text, int64_t *ret_number);

/* hash(id) % 64: which shard a complaint belongs to. Fixed for ever. */
int16_t pulih_shard(const struct pulih_id *id);

#endif
