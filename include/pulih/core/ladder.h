/* Who is told, and who above: ladders, posts, and the persons who fill them at an instant.
 *
 * Does.     Finds the ladder that holds for a complaint, and on it the next rung where somebody is; says when
 *           to warn of a deadline.
 * Promises. Pure: policy, complaint and instant decide. Climbing ends: a rung is always above the one given.
 */
#ifndef PULIH_CORE_LADDER_H
#define PULIH_CORE_LADDER_H

#include "pulih/core/life.h"
#include "pulih/core/policy.h"
#include "pulih/core/rows.h"

/* Never NULL. */
const struct pulih_ladder *pulih_ladder_of(const struct pulih_policy *p,
                                           const struct pulih_row_complaint *row);

/* NULL if the policy has no post of that name. */
const struct pulih_post *pulih_post_find(const struct pulih_policy *p, struct pulih_view name);
/* Whether the person holds the post or stands in for it. */
bool pulih_post_has(const struct pulih_post *post, struct pulih_view person);
/* Who fills it at that instant: the holder, or the first stand-in who is there; `but` (absent: nobody) does
 * not count. Absent: nobody is there. */
struct pulih_view pulih_post_person(const struct pulih_policy *p, const struct pulih_post *post,
                                    int64_t at_us, struct pulih_view but);

/* The lowest rung from `level` (0: the first) on whose post somebody fills, and who that is. Its number, from
 * 1; 0: there is none. */
size_t pulih_ladder_next(const struct pulih_policy *p, const struct pulih_ladder *ladder, size_t level,
                         int64_t at_us, struct pulih_view *ret_person);

/* The row of the policy for an offer; NULL: none is meant for it. */
const struct pulih_approval *pulih_approval_of(const struct pulih_policy *p,
                                               const struct pulih_row_complaint *row, uint64_t amount,
                                               struct pulih_view currency);

/* Whether such an offer needs a second person, whatever its proposer may give away; `approval`: the row for
 * it, or NULL. */
bool pulih_needs_four_eyes(const struct pulih_policy *p, const struct pulih_approval *approval, int gravity);

/* Whether deadlines of this kind (PULIH_deadline_*) are the ladder's; others run beside it. */
bool pulih_is_of_ladder(int kind);

/* Whether a deadline that passes still counts: nothing armed another one, or stopped the clock, since. What a
 * forward owes is for its step to say, by the chronology. */
bool pulih_deadline_counts(const struct pulih_row_complaint *row, const struct pulih_row_deadline *deadline);

/* Whether the ladder waits for a post to acknowledge or to answer, and so for no clock of the policy. */
bool pulih_ladder_waits_for_post(const struct pulih_row_complaint *row);

/* Tiers with deadlines in hours of the wall are watched round the clock. */
bool pulih_is_round_the_clock(const struct pulih_policy *p, int tier);
/* When to remind of a date that the customer set and we did not promise: as to warn of a deadline or, where
 * that is past, as soon as somebody works. False: the policy wants no warning, or nobody works before it. */
bool pulih_reminder_at(const struct pulih_policy *p, int tier, int64_t now_us, int64_t due_us,
                       int64_t *ret_us);
/* When to warn of a deadline: `warn_before` it, in working time unless the tier is watched round the clock.
 * False: the policy wants no warning, or there is no such time from now on. */
bool pulih_warning_at(const struct pulih_policy *p, int tier, int64_t now_us, int64_t due_us,
                      int64_t *ret_us);

#endif
