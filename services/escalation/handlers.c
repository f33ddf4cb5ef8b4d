#include "services/escalation/handlers.h"

static const int64_t US_PER_S = 1000000;

/* --- the plan ------------------------------------------------------------------------------------------- */

static bool passed_on_too_often(const struct pulih_step *step)
{
    int most = step->policy->transfers_max;

    return most && step->item->row.transfers > most;
}

/* The clock follows a new plan while nobody has been told; what a post was told keeps its deadline. */
static void watch_plan(struct pulih_step *step, bool was_armed)
{
    struct pulih_row_complaint *row = &step->item->row;
    bool told =
        row->ladder_kind == PULIH_deadline_acknowledge || row->ladder_kind == PULIH_deadline_reprimand;

    if (row->ended || told)
        return;
    if (was_armed && passed_on_too_often(step))
        pulih_step_arm(step, PULIH_deadline_transfers, step->now_us);
    else
        pulih_step_arm(step, PULIH_deadline_resolution, row->due_at);
    if (!was_armed)
        pulih_step_stand(step); /* paused, or it is the customer's turn */
}

enum pulih_verdict escalation_on_classified(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    const struct pulih_policy *policy = step->policy;
    struct pulih_planned planned = {0};
    bool first = row->state == PULIH_STATE_classified;
    bool was_armed = first || row->ladder_armed;

    if (!pulih_step_may(step, PULIH_M_planned))
        return pulih_step_never(step, "the complaint is not in a state to be planned");
    row->due_at = pulih_step_due(step, row->received_at, policy->resolve_within[row->tier]);
    PULIH_SET(&planned, planned, due_at, row->due_at);
    PULIH_SET(&planned, planned, promise, (uint64_t)row->promises + 1);
    PULIH_SET(&planned, planned, post, policy->answerable[row->department]);
    PULIH_SET(&planned, planned, policy, pulih_view_of(policy->version));
    int64_t page_by = was_armed ? escalation_page(step, &planned) : 0;
    pulih_step_event(step, PULIH_M_planned, &planned);
    pulih_step_promise(step, PULIH_promise_resolution, row->due_at);
    if (page_by)
        pulih_step_arm(step, PULIH_deadline_acknowledge, page_by);
    else
        watch_plan(step, was_armed);
    return PULIH_DONE;
}

/* --- pause and resume ----------------------------------------------------------------------------------- */

enum pulih_verdict escalation_on_paused(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_clock_paused paused = {0};
    struct pulih_paused msg;

    if (!pulih_step_read(step, PULIH_M_paused, &msg))
        return pulih_step_never(step, "the stored pause cannot be read");
    if (!pulih_step_may(step, PULIH_M_clock_paused))
        return pulih_step_refuse(step, "move");
    if (row->clock || row->ended)
        return pulih_step_refuse(step, "running_clock");
    if (!(step->policy->pause_reasons >> msg.pause & 1))
        return pulih_step_refuse(step, "allowed_reason");
    pulih_step_stand(step);
    row->clock = 1;
    PULIH_SET(&paused, clock_paused, pause, msg.pause);
    PULIH_SET(&paused, clock_paused, left_s, (uint64_t)(row->ladder_left_us / US_PER_S));
    pulih_step_event(step, PULIH_M_clock_paused, &paused);
    return PULIH_DONE;
}

enum pulih_verdict escalation_on_resumed(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_clock_resumed resumed = {0};

    if (!pulih_step_may(step, PULIH_M_clock_resumed))
        return pulih_step_refuse(step, "move");
    if (!row->clock)
        return pulih_step_refuse(step, "standing_clock");
    row->clock = 0;
    int64_t due_us = pulih_step_due_left(step);
    PULIH_SET(&resumed, clock_resumed, due_at, due_us);
    PULIH_SET(&resumed, clock_resumed, promise, (uint64_t)row->promises + 1);
    pulih_step_event(step, PULIH_M_clock_resumed, &resumed);
    if (row->ladder_kind == PULIH_deadline_resolution)
        row->due_at = due_us;
    pulih_step_promise(step, PULIH_promise_resolution, due_us);
    pulih_step_run_on(step);
    return PULIH_DONE;
}
