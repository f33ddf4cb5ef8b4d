/* Steps of escalation; see pulih/core/step.h for their contract. */
#ifndef PULIH_ESCALATION_HANDLERS_H
#define PULIH_ESCALATION_HANDLERS_H

#include "pulih/core/step.h"

/* The plan and its clocks (plan.c). */
pulih_handler_f escalation_on_classified;
pulih_handler_f escalation_on_paused;
pulih_handler_f escalation_on_resumed;
pulih_handler_f escalation_on_extended;
pulih_handler_f escalation_on_put_in_writing;
pulih_handler_f escalation_on_renegotiated;
pulih_handler_f escalation_on_plan_outdated;

/* Whether the resolution is due at another time than was told, or the ladder waits for another deadline.
 * `all`: the policy's clocks as read from the chronology. */
bool escalation_is_outdated(const struct pulih_policy *policy, const struct pulih_row_complaint *row,
                            const struct pulih_clock_reading *all, int64_t now_us);

/* The ladder (ladder.c, and answers.c where a post says something). */
pulih_handler_f escalation_on_deadline_passed;
pulih_handler_f escalation_on_reprimand_acknowledged;
pulih_handler_f escalation_on_reprimand_answered;
pulih_handler_f escalation_on_deescalated;

/* Where the ladder pages at once and nobody has been told yet: moves to the rung, fills in who it is, and
 * returns when that one must acknowledge; else 0. */
int64_t escalation_page(struct pulih_step *step, struct pulih_planned *planned);

/* What a post was told last, by a page or a reprimand. */
struct escalation_told {
    uint64_t level;
    struct pulih_view post, person; /* person: absent if it was not said */
    int64_t at_us;
    int64_t due_us;          /* when it must have acted */
    struct pulih_list below; /* as in the reprimand */
};

/* False: nothing was told, or what is stored cannot be read. */
bool escalation_told(const struct pulih_step *step, struct escalation_told *ret);

#endif
