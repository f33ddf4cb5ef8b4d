/* Time: what the clock says, and times as text. Only the host and the tools read a clock; steps are given it.
 *
 * Does.     All times are int64_t microseconds: wall time since 1970-01-01 UTC, monotonic time since boot.
 * Fails.    pulih_time_parse with false on anything that is not an RFC 3339 time; *ret is then untouched.
 */
#ifndef PULIH_BASE_CLOCK_H
#define PULIH_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "pulih/base/bytes.h"

int64_t pulih_wall_us(void);
int64_t pulih_mono_us(void);

/* Writes 2026-11-22T00:00:00.000000Z, 27 characters and the zero. A time outside the years 0000 to 9999
 * prints as the nearest that is inside. */
void pulih_time_print(int64_t us, char out[28]);
/* Reads a date, T or a space, a time with or without a fraction (cut to microseconds), and Z or an offset.
 * A leap second (:60) is the first instant of the next minute. */
bool pulih_time_parse(struct pulih_view text, int64_t *ret_us);

#endif
