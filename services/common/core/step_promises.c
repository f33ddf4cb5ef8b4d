/* A step and what customers were promised: new dates, and how many that were due are done. */
#include "pulih/core/done.h"
#include "pulih/core/step.h"

int16_t pulih_step_promise(struct pulih_step *step, int kind, int64_t due_us)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_row_promise *promise = PULIH_ADD(step->rows, promise);

    promise->complaint = row->id;
    promise->shard = row->shard;
    promise->n = ++row->promises;
    promise->kind = (int16_t)kind;
    promise->version = row->version;
    promise->due_at = due_us;
    promise->told_at = step->now_us;
    return promise->n;
}

static void settle(struct pulih_item *item, bool in_time)
{
    if (in_time)
        item->kept++;
    else
        item->broken++;
}

/* By when the receipt said that steps and deadline would be known. */
static bool is_planned_in_time(const struct pulih_step *step)
{
    int64_t due_us;

    return pulih_calendar_add(step->policy->calendar, step->item->row.received_at, step->policy->plan_within,
                              &due_us) &&
           step->now_us <= due_us;
}

void pulih_step_settle(struct pulih_step *step)
{
    const struct pulih_row_event *events = PULIH_ROWS(step->rows, event);
    struct pulih_item *item = step->item;

    for (size_t i = step->first_event; i < step->rows->of[PULIH_T_event].n; i++) {
        enum pulih_m m = pulih_message_by_wire((uint64_t)events[i].type);
        if (pulih_is_done_by(PULIH_deadline_plan, (uint16_t)m))
            settle(item, is_planned_in_time(step));
        if (pulih_is_done_by(PULIH_deadline_resolution, (uint16_t)m))
            settle(item, step->now_us <= item->row.due_at);
    }
}
