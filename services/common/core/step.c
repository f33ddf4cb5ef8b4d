#include "pulih/core/step.h"

#include <string.h>

#include "proto/shape.h"
#include "pulih/base/must.h"
#include "pulih/core/ladder.h"

/* --- running a handler ---------------------------------------------------------------------------------- */

static const struct pulih_handler *find_handler(const struct pulih_handler *handlers, size_t n,
                                                enum pulih_m on)
{
    for (size_t i = 0; i < n; i++)
        if (handlers[i].on == on)
            return &handlers[i];
    return NULL;
}

static void pass_to(struct pulih_item *item, enum pulih_m type, int32_t version)
{
    item->to = pulih_message(type)->to;
    item->to_type = type;
    item->to_version = version;
    item->row.holder = (int16_t)item->to;
}

/* The last stage lets go: the next message of the mailbox has its turn, or the complaint rests. */
static void release(struct pulih_item *item)
{
    struct pulih_row_complaint *row = &item->row;

    item->to = PULIH_STAGE_none;
    row->holder = PULIH_STAGE_none;
    if (row->waiting == 0)
        return;
    pulih_must(item->loaded && item->next_mail.version > 0);
    row->waiting--;
    row->cursor = item->next_mail.version;
    pass_to(item, pulih_message_by_wire((uint64_t)item->next_mail.type), item->next_mail.version);
}

/* The stages before the last hand on what they wrote last. */
static void hand_on(struct pulih_step *step)
{
    const struct pulih_rowset *events = &step->rows->of[PULIH_T_event];
    const struct pulih_row_event *last = PULIH_ROWS(step->rows, event) + events->n - 1;

    pulih_must(events->n > 0 && pulih_id_compare(&last->complaint, &step->item->row.id) == 0);
    pass_to(step->item, pulih_message_by_wire((uint64_t)last->type), last->version);
    pulih_must(step->item->to > step->stage);
    step->item->to_body = last->body;
}

/* The chronology grew: what it makes due next? */
static void watch(struct pulih_step *step)
{
    pulih_step_watch(step);
    pulih_step_watch_forwards(step, 0);
}

void pulih_step_run(struct pulih_step *step, const struct pulih_handler *handlers, size_t n)
{
    struct pulih_item *item = step->item;
    const struct pulih_handler *handler = find_handler(handlers, n, item->type);
    struct pulih_row_complaint before = item->row;
    size_t marks[PULIH_T_N];

    for (size_t t = 0; t < PULIH_T_N; t++)
        marks[t] = step->rows->of[t].n;
    step->first_event = marks[PULIH_T_event];
    step->first_deadline = marks[PULIH_T_deadline];
    step->read_us = item->row.updated_at;
    if (step->stage == PULIH_STAGE_followup && pulih_message(item->type)->shown)
        pulih_step_publish(step, item->type, item->version, item->row.state, item->body);
    item->reason = NULL;
    item->kept = item->broken = 0;
    item->verdict = handler ? handler->handle(step) : pulih_step_never(step, "no handler for this type here");
    if (item->reason)
        item->verdict = PULIH_NEVER;
    if (item->verdict == PULIH_DONE) {
        if (handler->by & PULIH_BY_STORY)
            watch(step);
        pulih_step_settle(step);
        if (step->stage == PULIH_STAGE_followup)
            release(item);
        else
            hand_on(step);
        return;
    }
    item->row = before;
    for (size_t t = 0; t < PULIH_T_N; t++)
        step->rows->of[t].n = marks[t];
}

/* --- reading -------------------------------------------------------------------------------------------- */

/* Body and text were split by class when they were stored; together they are the message again. */
bool pulih_step_read(struct pulih_step *step, enum pulih_m m, void *ret)
{
    const struct pulih_item *item = step->item;
    struct pulih_fault fault;

    memset(ret, 0, pulih_message(m)->struct_bytes);
    return pulih_msg_decode_part(m, item->body, PULIH_CLASS_OPEN, ret, &fault) &&
           (!item->text.len || pulih_msg_decode_part(m, item->text, PULIH_CLASS_TEXT, ret, &fault));
}

/* The text at *at, which moves on behind it; absent if it is no text. */
static struct pulih_view next_text(struct pulih_view map, size_t *at)
{
    struct pulih_view rest = {map.at + *at, map.len - *at};
    struct pulih_head head = pulih_shape_head(rest);

    *at += pulih_shape_skip(rest);
    if (head.shape != PULIH_SHAPE_STR)
        return (struct pulih_view){0};
    return (struct pulih_view){rest.at + head.len, head.n};
}

struct pulih_view pulih_map_text(struct pulih_view map, const char *name)
{
    struct pulih_head head = map.len ? pulih_shape_head(map) : (struct pulih_head){0};
    size_t at = head.len;

    for (uint32_t i = 0; i < head.n; i++) {
        bool found = pulih_view_is(next_text(map, &at), name);
        struct pulih_view value = next_text(map, &at);
        if (found)
            return value;
    }
    return (struct pulih_view){0};
}

struct pulih_view pulih_step_department(const struct pulih_step *step)
{
    return pulih_view_of(pulih_vocabulary_text(&step->policy->vocabulary, PULIH_WORDS_department,
                                               (uint16_t)step->item->row.department));
}

int pulih_step_language(const struct pulih_step *step)
{
    int language = step->item->row.language;

    return language == PULIH_language_unknown ? step->policy->language : language;
}

/* --- writing -------------------------------------------------------------------------------------------- */

bool pulih_step_may(const struct pulih_step *step, enum pulih_m m)
{
    return pulih_life_after(step->item->row.state, m) >= 0;
}

void pulih_step_event(struct pulih_step *step, enum pulih_m m, const void *msg)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_row_event *event = PULIH_ADD(step->rows, event);

    pulih_must(pulih_step_may(step, m));
    pulih_buf_empty(step->scratch);
    pulih_msg_encode(m, msg, PULIH_CLASS_OPEN, step->scratch);
    event->type = (int16_t)pulih_message(m)->wire;
    event->occurred_at = step->now_us;
    event->recorded_at = step->now_us;
    event->body = pulih_arena_copy(step->arena, pulih_view_of_buf(step->scratch));
    pulih_chain(row, event, pulih_life_after(row->state, m));
    if (step->stage == PULIH_STAGE_followup && pulih_message(m)->shown)
        pulih_step_publish(step, m, event->version, event->state, event->body);
}

void pulih_step_publish(struct pulih_step *step, enum pulih_m m, int32_t version, int state,
                        struct pulih_view body)
{
    const struct pulih_row_complaint *row = &step->item->row;
    struct pulih_row_feed *feed = PULIH_ADD(step->rows, feed);

    feed->stream = row->shard;
    feed->complaint = row->id;
    feed->number = row->number;
    feed->version = version;
    feed->type = (int16_t)pulih_message(m)->wire;
    feed->state = (int16_t)state;
    feed->at = step->now_us;
    feed->body = body;
}

enum pulih_verdict pulih_step_refuse(struct pulih_step *step, const char *need)
{
    struct pulih_message_refused refused = {0};
    const struct pulih_item *item = step->item;

    PULIH_SET(&refused, message_refused, type, pulih_view_of(pulih_message(item->type)->name));
    PULIH_SET(&refused, message_refused, version, (uint64_t)item->version);
    PULIH_SET(&refused, message_refused, state, pulih_view_of(pulih_states[item->row.state].name));
    PULIH_SET(&refused, message_refused, need, pulih_view_of(need));
    pulih_step_event(step, PULIH_M_message_refused, &refused);
    return PULIH_DONE;
}

enum pulih_verdict pulih_step_never(struct pulih_step *step, const char *reason)
{
    step->item->reason = reason;
    return PULIH_NEVER;
}

/* --- deadlines ------------------------------------------------------------------------------------------ */

static void add_deadline(struct pulih_step *step, int kind, int64_t due_us)
{
    const struct pulih_row_complaint *row = &step->item->row;
    struct pulih_row_deadline *deadline = PULIH_ADD(step->rows, deadline);

    deadline->due_at = due_us;
    deadline->complaint = row->id;
    deadline->kind = (int16_t)kind;
    deadline->shard = row->shard;
    deadline->armed = row->version;
}

/* Its number of `armed` is that of the deadline, so it is moot together with it. */
static void add_warning(struct pulih_step *step, int64_t due_us)
{
    int64_t at_us;

    if (pulih_warning_at(step->policy, step->item->row.tier, step->now_us, due_us, &at_us))
        add_deadline(step, PULIH_deadline_warning, at_us);
}

/* A step that arms the ladder once more takes back what it armed before. */
static void take_back(struct pulih_step *step)
{
    struct pulih_row_deadline *rows = PULIH_ROWS(step->rows, deadline);
    size_t kept = step->first_deadline;

    for (size_t i = kept; i < step->rows->of[PULIH_T_deadline].n; i++)
        if (!pulih_is_of_ladder(rows[i].kind))
            rows[kept++] = rows[i];
    step->rows->of[PULIH_T_deadline].n = kept;
}

void pulih_step_arm(struct pulih_step *step, int deadline, int64_t due_us)
{
    struct pulih_row_complaint *row = &step->item->row;

    row->ladder_kind = (int16_t)deadline;
    row->ladder_armed = row->version;
    row->ladder_due = due_us;
    row->ladder_left_us = 0;
    take_back(step);
    add_deadline(step, deadline, due_us);
    if (deadline != PULIH_deadline_acknowledge)
        add_warning(step, due_us);
}

static int64_t in_calendar(struct pulih_step *step, bool found, int64_t due_us)
{
    if (found)
        return due_us;
    pulih_step_never(step, "a deadline would lie outside of the calendar");
    return step->now_us;
}

int64_t pulih_step_due(struct pulih_step *step, int64_t from_us, struct pulih_duration d)
{
    int64_t due_us = 0;
    bool found = pulih_calendar_add(step->policy->calendar, from_us, d, &due_us);

    return in_calendar(step, found, due_us);
}

/* Tiers with deadlines in hours of the wall are watched round the clock; their left time is such, too. */
static bool round_the_clock(const struct pulih_step *step)
{
    return pulih_is_round_the_clock(step->policy, step->item->row.tier);
}

void pulih_step_stand(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;

    if (!row->ladder_armed)
        return;
    if (round_the_clock(step))
        row->ladder_left_us = row->ladder_due > step->now_us ? row->ladder_due - step->now_us : 0;
    else
        row->ladder_left_us = pulih_calendar_between(step->policy->calendar, step->now_us, row->ladder_due);
    row->ladder_armed = 0;
    row->ladder_due = 0;
}

void pulih_step_run_on(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;

    if (row->ladder_armed || row->ladder_kind == PULIH_deadline_unknown || row->clock || row->ended)
        return;
    pulih_step_arm(step, row->ladder_kind, pulih_step_due_left(step));
}

int64_t pulih_step_due_left(struct pulih_step *step)
{
    int64_t left_us = step->item->row.ladder_left_us, due_us = 0;

    if (round_the_clock(step))
        return step->now_us + left_us;
    bool found = pulih_calendar_add_working_us(step->policy->calendar, step->now_us, left_us, &due_us);
    return in_calendar(step, found, due_us);
}

void pulih_step_await_answer(struct pulih_step *step, int64_t until_us)
{
    step->item->row.silence_armed = step->item->row.version;
    add_deadline(step, PULIH_deadline_silence, until_us);
}

void pulih_step_answered(struct pulih_step *step)
{
    step->item->row.silence_armed = 0;
}

void pulih_step_await_decision(struct pulih_step *step, int64_t until_us)
{
    step->item->row.approval_armed = step->item->row.version;
    add_deadline(step, PULIH_deadline_approval, until_us);
}

void pulih_step_decided(struct pulih_step *step)
{
    step->item->row.approval_armed = 0;
    step->item->row.approval_level = 0;
}

void pulih_step_await_forward(struct pulih_step *step, int64_t due_us)
{
    add_deadline(step, PULIH_deadline_forwarding, due_us);
}

void pulih_step_await_reminder(struct pulih_step *step, int64_t at_us)
{
    add_deadline(step, PULIH_deadline_reminder, at_us);
}
