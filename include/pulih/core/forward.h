/* What takes a complaint to a named post, or up the ladder, beside its clocks: the rows of `forwards`, as a
 * pure function of the chronology.
 *
 * Does.     Finds which rows have their occasion in a chronology, and when each of them is due.
 * Promises. What was closed, consented to or answered calls for nothing any more: no row is owed then.
 * Owns.     Nothing.
 */
#ifndef PULIH_CORE_FORWARD_H
#define PULIH_CORE_FORWARD_H

#include "pulih/core/clocks.h"
#include "pulih/core/policy.h"

/* A row whose occasion arose. */
struct pulih_owed {
    const struct pulih_forward *rule;
    int32_t version; /* of the event that is the occasion */
    int64_t due_us;  /* never before that event */
};

/* The rows that are owed, in their order; returns how many. What was forwarded already is among them. */
size_t pulih_forwards_owed(const struct pulih_policy *policy, int64_t received_us,
                           const struct pulih_told *told, size_t n,
                           struct pulih_owed ret[PULIH_FORWARDS_MAX]);
/* What was due up to this instant has been forwarded: the latest due date that passed before the event
 * `version`; 0: none. */
int64_t pulih_forwarded_until(const struct pulih_told *told, size_t n, int32_t version);

#endif
