/* A step and its complaint's clocks: the chronology as read or hinted, and what the step added. */
#include <string.h>

#include "pulih/base/must.h"
#include "pulih/core/ladder.h"
#include "pulih/core/step.h"

/* All that a hint tells of a complaint's first chain. */
static size_t tell_first(const struct pulih_step *step, struct pulih_told *out)
{
    const struct pulih_item *item = step->item;

    out[0] = (struct pulih_told){
        .version = 1,
        .m = PULIH_M_complaint,
        .state = PULIH_STATE_received,
        .at_us = item->row.received_at,
    };
    out[1] = (struct pulih_told){
        .version = item->version,
        .m = item->type,
        .state = PULIH_STATE_classified,
        .at_us = step->read_us,
        .body = item->body,
    };
    return 2;
}

size_t pulih_step_story(const struct pulih_step *step, const struct pulih_told **ret)
{
    const struct pulih_rowset *set = &step->rows->of[PULIH_T_event];
    const struct pulih_row_event *added = PULIH_ROWS(step->rows, event);
    const struct pulih_item *item = step->item;
    size_t n = 0;
    struct pulih_told *out =
        pulih_arena_get(step->arena, (item->n_story + 2 + set->n - step->first_event) * sizeof *out);

    if (item->n_story) {
        memcpy(out, item->story, item->n_story * sizeof *out);
        n = item->n_story;
    } else {
        n = tell_first(step, out);
    }
    for (size_t i = step->first_event; i < set->n; i++)
        out[n++] = (struct pulih_told){
            .version = added[i].version,
            .m = pulih_message_by_wire((uint64_t)added[i].type),
            .state = added[i].state,
            .at_us = added[i].recorded_at,
            .body = added[i].body,
        };
    *ret = out;
    return n;
}

void pulih_step_clocks(struct pulih_step *step, struct pulih_clock_reading ret[PULIH_CLOCKS_MAX])
{
    const struct pulih_told *story;
    size_t n = pulih_step_story(step, &story);

    pulih_clocks_read(step->policy, story, n, step->now_us, step->arena, ret);
}

/* Never before the last event: clocks of machines differ, and a chronology does not run backwards. */
static int64_t story_now_us(const struct pulih_step *step)
{
    int64_t last_us = step->item->row.updated_at;

    return step->now_us > last_us ? step->now_us : last_us;
}

int64_t pulih_step_clock_due(struct pulih_step *step, uint16_t name)
{
    struct pulih_clock_reading reading;
    const struct pulih_told *story;
    size_t n = pulih_step_story(step, &story);
    int64_t due_us;

    pulih_clock_read(pulih_policy_clock(step->policy, name), story, n, step->now_us, step->arena, &reading);
    if (pulih_clock_due(&reading, story_now_us(step), &due_us))
        return due_us;
    pulih_step_never(step, "a deadline would lie outside of the calendar");
    return step->now_us;
}

/* The ladder was told to climb at once, or what it waits for passed and the timer will say so. */
static bool is_due(const struct pulih_step *step, const struct pulih_clock_reading *all)
{
    const struct pulih_row_complaint *row = &step->item->row;

    if (row->ladder_due > step->now_us)
        return false;
    const struct pulih_clock_reading *armed =
        pulih_clocks_find(all, step->policy->n_clocks, (uint16_t)row->ladder_kind);
    if (!armed || row->ladder_kind == PULIH_deadline_resolution)
        return true;
    return armed->now.state == PULIH_CLOCK_running && armed->now.due_us <= step->now_us;
}

/* A hint tells enough of clocks that start just now. */
static void watch_started(struct pulih_step *step)
{
    const struct pulih_rowset *set = &step->rows->of[PULIH_T_event];
    const struct pulih_row_complaint *row = &step->item->row;
    int64_t due_us;

    for (size_t i = step->first_event; i < set->n; i++)
        for (size_t k = 0; k < step->policy->n_clocks; k++) {
            const struct pulih_row_event *added = &PULIH_ROWS(step->rows, event)[i];
            const struct pulih_clock_rule *rule = &step->policy->clocks[k];
            if (rule->reprimands && rule->starts == pulih_message_by_wire((uint64_t)added->type) &&
                pulih_clock_in_force(rule, added->recorded_at) &&
                pulih_calendar_add(rule->calendar.calendar, added->recorded_at, rule->within[row->tier],
                                   &due_us) &&
                due_us < row->ladder_due)
                pulih_step_arm(step, rule->name, due_us);
        }
}

static bool waits_for(const struct pulih_row_complaint *row, const struct pulih_clock_reading *r)
{
    return r->rule->name == row->ladder_kind && r->now.due_us == row->ladder_due;
}

/* What clients say, and clocks heed, stands in the chronology before a step works on it. */
static bool was_told(const struct pulih_item *item)
{
    return item->type == PULIH_M_milestone || item->type == PULIH_M_contact;
}

/* As they were before the message that the step works on. */
static void read_before(struct pulih_step *step, struct pulih_clock_reading *ret)
{
    const struct pulih_item *item = step->item;
    struct pulih_told *story = pulih_arena_get(step->arena, (item->n_story + 1) * sizeof *story);
    size_t n = 0;

    for (size_t i = 0; i < item->n_story; i++)
        if (!was_told(item) || item->story[i].version != item->version)
            story[n++] = item->story[i];
    pulih_clocks_read(step->policy, story, n, step->now_us, step->arena, ret);
}

void pulih_step_watch(struct pulih_step *step)
{
    const struct pulih_row_complaint *row = &step->item->row;
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX], before[PULIH_CLOCKS_MAX];
    size_t n = step->policy->n_clocks;

    if (row->ended || !row->ladder_armed || pulih_ladder_waits_for_post(row))
        return;
    if (!step->item->n_story) {
        watch_started(step);
        return;
    }
    read_before(step, before);
    pulih_step_clocks(step, all);
    const struct pulih_clock_reading *next = pulih_clocks_next(all, n), *was = pulih_clocks_next(before, n);
    if (!next || is_due(step, all) || waits_for(row, next))
        return;
    /* What this step did not move is for the one to judge who armed it: perhaps by a newer policy. */
    bool by_other = row->ladder_armed <= step->item->was_version;
    if (by_other && was && was->rule == next->rule && was->now.due_us == next->now.due_us)
        return;
    pulih_step_arm(step, next->rule->name, next->now.due_us);
}
