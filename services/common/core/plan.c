#include "pulih/core/plan.h"

/* --- versions ------------------------------------------------------------------------------------------- */

static void add_version(struct pulih_plan *plan, const struct pulih_told *e)
{
    struct pulih_planned msg;

    if (!pulih_told_read(e, PULIH_M_planned, &msg))
        return;
    plan->versions[plan->n++] = (struct pulih_plan_version){
        .at_us = e->at_us,
        .cause = PULIH_HAS(&msg, planned, cause) ? msg.cause : PULIH_plan_cause_unknown,
        .due_us = msg.due_at,
        .policy = msg.policy,
    };
    plan->post = msg.post;
}

static void take_kind(const struct pulih_policy *policy, struct pulih_plan *plan, const struct pulih_told *e)
{
    struct pulih_classified msg;

    if (!pulih_told_read(e, PULIH_M_classified, &msg))
        return;
    plan->category = msg.category;
    int department = pulih_vocabulary_number(&policy->vocabulary, PULIH_WORDS_department, msg.department);
    plan->department = department < 0 ? PULIH_department_unknown : (uint16_t)department;
}

/* --- yardsticks ----------------------------------------------------------------------------------------- */

static void count(struct pulih_plan *plan, enum pulih_m m)
{
    plan->count[PULIH_PLAN_reprimands].count += m == PULIH_M_reprimanded;
    plan->count[PULIH_PLAN_declined].count += m == PULIH_M_offer_declined;
    plan->count[PULIH_PLAN_reopened].count += m == PULIH_M_taken_up_again;
}

/* --- steps ---------------------------------------------------------------------------------------------- */

enum { ACKNOWLEDGE, OFFER, CARRY_OUT, VERIFY, CLOSE };
static const enum pulih_m step_events[PULIH_PLAN_STEPS] = {
    [ACKNOWLEDGE] = PULIH_M_acknowledged, [OFFER] = PULIH_M_offered, [CARRY_OUT] = PULIH_M_carried_out,
    [VERIFY] = PULIH_M_verified,          [CLOSE] = PULIH_M_closed,
};

static void undo_from(struct pulih_plan *plan, size_t first)
{
    for (size_t i = first; i < PULIH_PLAN_STEPS; i++)
        plan->step[i].done_us = 0;
}

/* What the customer does not accept, or is not at peace with, is to be done again. */
static void take_step(struct pulih_plan *plan, const struct pulih_told *e)
{
    if (e->m == PULIH_M_offer_declined || e->m == PULIH_M_obstacle_found || e->m == PULIH_M_taken_up_again)
        undo_from(plan, OFFER);
    for (size_t i = 0; i < PULIH_PLAN_STEPS; i++)
        if (step_events[i] == e->m)
            plan->step[i].done_us = e->at_us;
}

static int64_t due_of(const struct pulih_plan *plan, size_t n_clocks, uint16_t name, int64_t now_us)
{
    const struct pulih_clock_reading *r = pulih_clocks_find(plan->clocks, n_clocks, name);
    int64_t due_us;

    if (!r || !r->n || !r->covered)
        return 0;
    if (r->now.state == PULIH_CLOCK_met)
        return r->now.due_us;
    return pulih_clock_due(r, now_us, &due_us) ? due_us : 0;
}

/* A step whose clock the policy does not have is due with the whole. The customer has the policy's time to
 * say whether all is well. */
static void date_steps(const struct pulih_policy *policy, struct pulih_plan *plan, int64_t now_us)
{
    int64_t whole_us = due_of(plan, policy->n_clocks, PULIH_deadline_resolution, now_us);
    int64_t told_us = due_of(plan, policy->n_clocks, PULIH_deadline_plan, now_us);
    int64_t offer_us = due_of(plan, policy->n_clocks, PULIH_deadline_first_response, now_us);
    struct pulih_plan_step *step = plan->step;

    for (size_t i = 0; i < PULIH_PLAN_STEPS; i++)
        step[i].event = step_events[i];
    step[ACKNOWLEDGE].due_us = told_us ? told_us : whole_us;
    step[OFFER].due_us = offer_us ? offer_us : whole_us;
    step[CARRY_OUT].due_us = whole_us;
    if (step[CARRY_OUT].done_us)
        pulih_calendar_add(policy->calendar, step[CARRY_OUT].done_us, policy->verify_within,
                           &step[VERIFY].due_us);
    step[CLOSE].due_us = whole_us;
}

bool pulih_plan_draft(const struct pulih_policy *policy, const struct pulih_told *told, size_t n,
                      int64_t now_us, struct pulih_arena *arena, struct pulih_plan *ret)
{
    *ret = (struct pulih_plan){.count[PULIH_PLAN_declined].most = policy->offers_max};
    ret->versions = pulih_arena_get(arena, n * sizeof *ret->versions);
    for (size_t i = 0; i < n; i++) {
        add_version(ret, &told[i]);
        take_kind(policy, ret, &told[i]);
        count(ret, told[i].m);
        take_step(ret, &told[i]);
    }
    pulih_clocks_read(policy, told, n, now_us, arena, ret->clocks);
    date_steps(policy, ret, now_us);
    return ret->n > 0;
}
