/* The handling plan of a complaint, as a pure function of policy and chronology.
 *
 * Does.     Drafts dated steps from the policy's clocks, numbers the versions that corrections, extensions
 *           and other policies made, and measures the yardsticks from what happened.
 * Promises. Nothing is stored: a chronology that grew, or another policy, is the same call.
 * Owns.     Nothing; what it finds lives in the caller's arena.
 */
#ifndef PULIH_CORE_PLAN_H
#define PULIH_CORE_PLAN_H

#include "pulih/core/clocks.h"

enum { PULIH_PLAN_STEPS = 5 };

/* Made by an event planned, the first one and those that set dates anew. */
struct pulih_plan_version {
    int64_t at_us;
    uint16_t cause; /* PULIH_plan_cause_*; unknown: it is the first */
    int64_t due_us;
    struct pulih_view policy; /* its version */
};

/* What must happen by when. */
struct pulih_plan_step {
    enum pulih_m event; /* that is it */
    int64_t due_us;     /* 0: it has no date yet, as it waits for what comes before */
    int64_t done_us;    /* the last time; 0: not done, or undone since */
};

/* What is counted beside the clocks, and the most that is good. */
enum pulih_plan_metric {
    PULIH_PLAN_reprimands,
    PULIH_PLAN_declined,
    PULIH_PLAN_reopened,
    PULIH_PLAN_METRICS
};
struct pulih_plan_count {
    uint32_t count, most;
};

struct pulih_plan {
    struct pulih_plan_version *versions; /* n of them, the present one last */
    size_t n;
    struct pulih_view post; /* that answers for it */
    uint16_t category, department;
    struct pulih_clock_reading clocks[PULIH_CLOCKS_MAX]; /* those of the policy, in its order */
    struct pulih_plan_count count[PULIH_PLAN_METRICS];
    struct pulih_plan_step step[PULIH_PLAN_STEPS];
};

/* False: the complaint is not planned yet. */
bool pulih_plan_draft(const struct pulih_policy *policy, const struct pulih_told *told, size_t n,
                      int64_t now_us, struct pulih_arena *arena, struct pulih_plan *ret);

#endif
