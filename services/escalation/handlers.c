#include "services/escalation/handlers.h"

static const int64_t US_PER_S = 1000000;

/* --- the plan ------------------------------------------------------------------------------------------- */

/* The ladder's clock follows a new plan while it is calm; a reprimand that runs keeps its own deadline. */
static void watch_plan(struct pulih_step *step, bool was_armed)
{
    struct pulih_row_complaint *row = &step->item->row;

    if (row->level || row->ended)
        return;
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
    pulih_step_event(step, PULIH_M_planned, &planned);
    pulih_step_promise(step, PULIH_promise_resolution, row->due_at);
    watch_plan(step, was_armed);
    return PULIH_DONE;
}

/* --- the ladder ----------------------------------------------------------------------------------------- */

static void reprimand(struct pulih_step *step, const struct pulih_deadline_passed *msg)
{
    struct pulih_row_complaint *row = &step->item->row;
    const struct pulih_rung *rung = &step->policy->ladder[row->level];
    int64_t due_us = pulih_step_due(step, step->now_us, rung->answer_within);
    struct pulih_reprimanded reprimanded = {0};

    row->level++;
    PULIH_SET(&reprimanded, reprimanded, level, (uint64_t)row->level);
    PULIH_SET(&reprimanded, reprimanded, post, rung->post);
    PULIH_SET(&reprimanded, reprimanded, deadline, msg->deadline);
    PULIH_SET(&reprimanded, reprimanded, missed_at, msg->due_at);
    PULIH_SET(&reprimanded, reprimanded, due_at, due_us);
    pulih_step_event(step, PULIH_M_reprimanded, &reprimanded);
    pulih_step_arm(step, PULIH_deadline_reprimand, due_us);
}

/* Above the last rung no timer helps: a person must take it on. */
static void end_ladder(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_ladder_ended ended = {0};

    row->ended = 1;
    row->ladder_armed = 0;
    row->ladder_due = 0;
    PULIH_SET(&ended, ladder_ended, level, (uint64_t)row->level);
    PULIH_SET(&ended, ladder_ended, post, step->policy->ladder[step->policy->n_rungs - 1].post);
    pulih_step_event(step, PULIH_M_ladder_ended, &ended);
}

enum pulih_verdict escalation_on_deadline_passed(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_deadline_passed msg;

    if (!pulih_step_read(step, PULIH_M_deadline_passed, &msg))
        return pulih_step_never(step, "the stored deadline cannot be read");
    /* Between the timer and this step somebody may have answered. */
    if ((int64_t)msg.armed != row->ladder_armed || !pulih_step_may(step, PULIH_M_reprimanded))
        return pulih_step_refuse(step, "running_deadline");
    /* A policy with fewer rungs than before ends the ladder early. */
    if ((size_t)row->level < step->policy->n_rungs)
        reprimand(step, &msg);
    else
        end_ladder(step);
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
