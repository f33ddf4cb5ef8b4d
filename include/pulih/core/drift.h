/* Drift: whether an axis is decided of late as it was at first.
 *
 * Does.     Compares two distributions over the values of an axis by the population stability index, the sum
 *           of (recent - first) * ln(recent / first) over their shares (N. Siddiqi, Credit Risk Scorecards,
 *           Wiley 2006): below 0.1 nothing happened, above 0.25 something did. Half a judgement is added to
 *           each value, so that one that never came does not make it infinite.
 * Promises. Pure.
 */
#ifndef PULIH_CORE_DRIFT_H
#define PULIH_CORE_DRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PULIH_DRIFT_FIRST = 1000,  /* judgements with which later ones are compared */
    PULIH_DRIFT_RECENT = 1000, /* after so many, one counts a third (1/e) */
    PULIH_DRIFT_VALUES_MAX = 64,
};

/* How often an axis came to one value, and the confidences summed up, 0 to 100 each. Recent ones are in
 * thousandths of a judgement. */
struct pulih_drift_use {
    int64_t first_n, first_confidence;
    int64_t recent_n, recent_confidence;
};

struct pulih_drift {
    bool known;           /* there were PULIH_DRIFT_FIRST judgements */
    double index;         /* population stability index; 0 while it is not known */
    double first, recent; /* mean confidence, 0 to 100 */
};

/* A row for each value of the axis, 0 for "left open" included. */
struct pulih_drift pulih_drift_of(const struct pulih_drift_use *uses, size_t n);
/* What is kept of the recent counts when n more judgements come, in millionths. */
int64_t pulih_drift_keep(int64_t n);

#endif
