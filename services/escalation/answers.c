/* What a post says: it acknowledges, it answers, or it hands the complaint back down. Each stops the climb
 * until a new date, by arming a deadline that makes those before it moot. */
#include "pulih/core/ladder.h"
#include "services/escalation/handlers.h"

/* Whether the person fills the post of the rung that was told last, or one above it. Who is away may answer
 * all the same. */
static bool is_of_rung_or_above(const struct pulih_step *step, const struct escalation_told *told,
                                struct pulih_view actor)
{
    const struct pulih_policy *policy = step->policy;
    const struct pulih_ladder *ladder = pulih_ladder_of(policy, &step->item->row);
    const struct pulih_post *post = pulih_post_find(policy, told->post);

    if (pulih_view_same(told->person, actor) || (post && pulih_post_has(post, actor)))
        return true;
    for (size_t i = (size_t)told->level; i < ladder->n; i++) {
        post = pulih_post_find(policy, ladder->rung[i].post);
        if (post && pulih_post_has(post, actor))
            return true;
    }
    return false;
}

/* Who was told in this cycle; on a ladder that ended without anybody there, the highest post was. */
static bool find_told(const struct pulih_step *step, struct escalation_told *ret)
{
    const struct pulih_row_complaint *row = &step->item->row;
    const struct pulih_ladder *ladder = pulih_ladder_of(step->policy, row);

    if (row->level)
        return escalation_told(step, ret);
    *ret = (struct escalation_told){.level = ladder->n, .post = ladder->rung[ladder->n - 1].post};
    return row->ended;
}

/* What is needed of any answer: NULL, or what is missing. */
static const char *missing(const struct pulih_step *step, struct pulih_view actor,
                           struct escalation_told *ret)
{
    if (step->item->row.clock)
        return "running_clock";
    if (!find_told(step, ret))
        return "open_reprimand";
    return is_of_rung_or_above(step, ret, actor) ? NULL : "named_post";
}

/* By when who was told must act: as told, unless pauses used that up. */
static int64_t act_by(struct pulih_step *step, const struct escalation_told *told)
{
    const struct pulih_ladder *ladder = pulih_ladder_of(step->policy, &step->item->row);
    size_t level = told->level < ladder->n ? (size_t)told->level : ladder->n;

    if (told->due_us > step->now_us || step->item->told.type == PULIH_WIRE_paged)
        return told->due_us;
    return pulih_step_due(step, step->now_us, ladder->rung[level - 1].answer_within);
}

/* A page is done with when it is acknowledged: from then on the plan's own date counts. */
enum pulih_verdict escalation_on_reprimand_acknowledged(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_reprimand_acknowledged msg;
    struct pulih_taken_on taken_on = {0};
    struct escalation_told told;

    if (!pulih_step_may(step, PULIH_M_taken_on))
        return pulih_step_refuse(step, "move");
    if (!pulih_step_read(step, PULIH_M_reprimand_acknowledged, &msg))
        return pulih_step_never(step, "the stored acknowledgement cannot be read");
    const char *need = missing(step, msg.actor, &told);
    if (!need && (row->ladder_kind != PULIH_deadline_acknowledge || !row->ladder_armed))
        need = "open_reprimand";
    if (need)
        return pulih_step_refuse(step, need);
    bool page = step->item->told.type == PULIH_WIRE_paged;
    int64_t due_us = act_by(step, &told);
    PULIH_SET(&taken_on, taken_on, level, told.level);
    PULIH_SET(&taken_on, taken_on, actor, msg.actor);
    PULIH_SET(&taken_on, taken_on, due_at, due_us);
    pulih_step_event(step, PULIH_M_taken_on, &taken_on);
    pulih_step_arm(step, page ? PULIH_deadline_resolution : PULIH_deadline_reprimand, due_us);
    return PULIH_DONE;
}

/* The promise that is made with a new date, which the plan takes on. */
static uint64_t promise(struct pulih_step *step, int64_t due_us)
{
    step->item->row.due_at = due_us;
    return (uint64_t)pulih_step_promise(step, PULIH_promise_resolution, due_us);
}

enum pulih_verdict escalation_on_reprimand_answered(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_reprimand_answered msg;
    struct pulih_reprimand_met met = {0};
    struct escalation_told told;

    if (!pulih_step_may(step, PULIH_M_reprimand_met))
        return pulih_step_refuse(step, "move");
    if (!pulih_step_read(step, PULIH_M_reprimand_answered, &msg))
        return pulih_step_never(step, "the stored answer cannot be read");
    const char *need = missing(step, msg.actor, &told);
    bool open = row->ended || row->ladder_kind == PULIH_deadline_acknowledge ||
                row->ladder_kind == PULIH_deadline_reprimand;
    if (!need && !open)
        need = "open_reprimand";
    int64_t latest_us = pulih_step_due(step, step->now_us, step->policy->resolve_within[row->tier]);
    if (!need && (msg.due_at <= step->now_us || msg.due_at > latest_us))
        need = "date_in_time";
    if (need)
        return pulih_step_refuse(step, need);
    PULIH_SET(&met, reprimand_met, level, (uint64_t)row->level);
    PULIH_SET(&met, reprimand_met, actor, msg.actor);
    PULIH_SET(&met, reprimand_met, due_at, msg.due_at);
    PULIH_SET(&met, reprimand_met, promise, (uint64_t)row->promises + 1);
    pulih_step_event(step, PULIH_M_reprimand_met, &met);
    promise(step, msg.due_at);
    row->ended = 0;
    pulih_step_arm(step, PULIH_deadline_resolution, msg.due_at);
    return PULIH_DONE;
}

enum pulih_verdict escalation_on_deescalated(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_deescalated msg;
    struct pulih_calmed calmed = {0};
    struct escalation_told told;

    if (!pulih_step_may(step, PULIH_M_calmed))
        return pulih_step_refuse(step, "move");
    if (!pulih_step_read(step, PULIH_M_deescalated, &msg))
        return pulih_step_never(step, "the stored de-escalation cannot be read");
    const char *need = missing(step, msg.actor, &told);
    if (need)
        return pulih_step_refuse(step, need);
    bool anew = row->due_at <= step->now_us;
    int64_t due_us =
        anew ? pulih_step_due(step, step->now_us, step->policy->resolve_within[row->tier]) : row->due_at;
    PULIH_SET(&calmed, calmed, level, (uint64_t)row->level);
    PULIH_SET(&calmed, calmed, actor, msg.actor);
    PULIH_SET(&calmed, calmed, due_at, due_us);
    if (anew)
        PULIH_SET(&calmed, calmed, promise, (uint64_t)row->promises + 1);
    pulih_step_event(step, PULIH_M_calmed, &calmed);
    if (anew)
        promise(step, due_us);
    row->level = 0;
    row->ended = 0;
    pulih_step_arm(step, PULIH_deadline_resolution, due_us);
    if (row->silence_armed)
        pulih_step_stand(step); /* it is the customer's turn */
    return PULIH_DONE;
}
