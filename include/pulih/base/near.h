/* The name that somebody may have meant: for "unknown name; did you mean ...?". */
#ifndef PULIH_BASE_NEAR_H
#define PULIH_BASE_NEAR_H

#include <stdbool.h>
#include <stddef.h>

/* Of `n` known names the one most like `unknown`: fewest signs to add, leave out or change, at most one and a
 * quarter of the known name's. NULL if none is that near. */
const char *pulih_nearest(const char *unknown, const char *const *known, size_t n);
/* For names that are no plain list: true when `known` is near enough and nearer than *best, which it then
 * becomes. Begins with SIZE_MAX. */
bool pulih_is_nearer(const char *unknown, const char *known, size_t *best);

#endif
