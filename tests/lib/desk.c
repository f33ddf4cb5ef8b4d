#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "tests/lib/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/reference.h"
#include "tests/lib/calendars.h"

unsigned desk_taken[PULIH_STATE_N][PULIH_M_N];

static const struct pulih_id complaint_id = {
    {1, 0x9a, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, 16}};
enum { NUMBER = 4711 };

/* --- a complaint in a state ------------------------------------------------------------------------------ */

/* Read once, shared by all desks of the program; each has a copy of the struct. */
static const struct pulih_policy *shipped_policy(void)
{
    static struct pulih_policy *shipped;

    if (!shipped) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        shipped = pulih_policy_load("deploy/policies/default.cfg", &why);
        if (!shipped)
            fail_msg("%s", pulih_buf_text(&why));
    }
    return shipped;
}

static void set_new(struct desk *d)
{
    d->row = (struct pulih_row_complaint){
        .id = complaint_id,
        .shard = pulih_shard(&complaint_id),
        .number = NUMBER,
        .received_at = d->now_us - 17 * DESK_HOUR, /* the day before, at 16:00 */
        .state = PULIH_STATE_received,
        .version = 1,
        .channel = PULIH_channel_whatsapp,
        .promises = 1,
        .updated_at = d->now_us - DESK_HOUR,
    };
    memset(d->row.hash.b, 0x5a, sizeof d->row.hash.b);
}

static void set_classified(struct desk *d)
{
    d->row.version = 2;
    d->row.language = PULIH_language_id;
    d->row.category = PULIH_category_mechanical;
    d->row.department = PULIH_department_delivery;
    d->row.tier = PULIH_tier_normal;
}

static void set_planned(struct desk *d)
{
    d->row.version = 3;
    d->row.due_at = due(d->policy->calendar, d->row.received_at, d->policy->resolve_within[d->row.tier]);
    d->row.promises = 2;
    d->row.ladder_kind = PULIH_deadline_resolution;
    d->row.ladder_armed = 3;
    d->row.ladder_due = d->row.due_at;
}

static void set_offer(struct desk *d)
{
    static const char text[] = "\x82\xa8solution\xb1"
                               "Barang kami ganti\xa8"
                               "argument\xae"
                               "Sesuai garansi";

    d->row.version = 7;
    d->row.offers = 1;
    d->offer = (struct pulih_row_offer){
        .complaint = d->row.id,
        .shard = d->row.shard,
        .n = 1,
        .version = 5,
        .remedy = PULIH_remedy_replacement,
        .amount = 200000,
        .currency = PULIH_VIEW("IDR"),
        .role = PULIH_VIEW("agent"),
        .actor = PULIH_VIEW("A17"),
    };
    d->offer_text_len = sizeof text - 1;
    memcpy(d->offer_text, text, d->offer_text_len);
}

/* It is the customer's turn, or nobody's: the ladder stands. */
static void set_standing(struct desk *d)
{
    d->row.ladder_left_us = pulih_calendar_between(d->policy->calendar, d->now_us, d->row.ladder_due);
    d->row.ladder_armed = 0;
    d->row.ladder_due = 0;
}

void desk_set(struct desk *d, int state)
{
    bool open = state >= PULIH_STATE_acknowledged && state <= PULIH_STATE_closed;

    set_new(d);
    d->offer = (struct pulih_row_offer){0};
    d->offer_text_len = 0;
    d->told = (struct pulih_post_told){0};
    if (state >= PULIH_STATE_classified && state != PULIH_STATE_parked)
        set_classified(d);
    if (state >= PULIH_STATE_planned && state != PULIH_STATE_parked)
        set_planned(d);
    if (open) {
        d->row.version = 4;
        d->row.letters = 1;
    }
    if (open && state != PULIH_STATE_acknowledged)
        set_offer(d);
    if (state == PULIH_STATE_offered || state == PULIH_STATE_verifying || state == PULIH_STATE_closed)
        set_standing(d);
    if (state == PULIH_STATE_offered || state == PULIH_STATE_verifying)
        d->row.silence_armed = d->row.version;
    d->row.state = (int16_t)state;
    d->before = d->row;
}

struct desk *desk_open(enum pulih_stage stage, const struct pulih_handler *handlers, size_t n_handlers,
                       int state)
{
    struct desk *d = calloc(1, sizeof *d);

    *d = (struct desk){.stage = stage, .handlers = handlers, .n_handlers = n_handlers, .now_us = DESK_NOW_US};
    d->policy = malloc(sizeof *d->policy);
    memcpy(d->policy, shipped_policy(), sizeof *d->policy);
    desk_set(d, state);
    return d;
}

void desk_close(struct desk *d)
{
    free(d->policy);
    pulih_rows_free(&d->rows);
    pulih_arena_free(&d->arena);
    free(d);
}

/* --- what must hold of every step ------------------------------------------------------------------------ */

static void check_events(const struct desk *d)
{
    const struct pulih_row_event *events = PULIH_ROWS(&d->rows, event);
    struct pulih_hash hash = d->before.hash;
    int16_t state = d->before.state;
    int64_t recorded_at = d->before.updated_at;

    for (size_t i = 0; i < d->rows.of[PULIH_T_event].n; i++) {
        const struct pulih_row_event *e = &events[i];
        enum pulih_m m = pulih_message_by_wire((uint64_t)e->type);
        struct pulih_hash expected = pulih_chain_hash(&hash, e);
        assert_int_equal(pulih_id_compare(&e->complaint, &d->row.id), 0);
        assert_int_equal(e->shard, d->row.shard);
        assert_int_equal(e->version, d->before.version + 1 + (int32_t)i);
        assert_int_equal(e->prior, state);
        assert_int_equal(e->state, pulih_life_after(state, m));
        assert_true(pulih_id_is_zero(&e->message));
        assert_true(e->recorded_at >= recorded_at);
        assert_memory_equal(&e->hash, &expected, sizeof expected);
        assert_true(pulih_message(m)->from == d->stage || pulih_message(m)->from == PULIH_STAGE_any);
        desk_taken[state][m]++;
        hash = e->hash;
        state = e->state;
        recorded_at = e->recorded_at;
    }
    assert_int_equal(d->row.version, d->before.version + (int32_t)d->rows.of[PULIH_T_event].n);
    assert_int_equal(d->row.state, state);
    assert_memory_equal(&d->row.hash, &hash, sizeof hash);
}

/* The number of the letter that an event announces; 0: none. */
static uint64_t announced(const struct pulih_row_event *e)
{
    enum pulih_m m = pulih_message_by_wire((uint64_t)e->type);
    const char *name = m == PULIH_M_letter_written ? "number" : "letter";
    const struct pulih_message *row = pulih_message(m);
    union pulih_any msg;
    struct pulih_fault fault;

    memset(&msg, 0, sizeof msg);
    assert_true(pulih_msg_decode_part(m, e->body, PULIH_CLASS_OPEN, &msg, &fault));
    for (size_t i = 0; i < row->n_fields; i++)
        if (strcmp(row->fields[i].name, name) == 0 && row->fields[i].kind == PULIH_KIND_u64)
            return *(const uint64_t *)(const void *)((const char *)&msg + row->fields[i].offset);
    return 0;
}

static bool is_announced(const struct desk *d, const struct pulih_row_letter *letter)
{
    const struct pulih_row_event *events = PULIH_ROWS(&d->rows, event);

    for (size_t i = 0; i < d->rows.of[PULIH_T_event].n; i++)
        if (announced(&events[i]) == (uint64_t)letter->n)
            return events[i].version == letter->version;
    return false;
}

/* Nothing is left to be filled in but the name, in letters to customers. */
static void check_slots(const struct pulih_row_letter *letter, struct pulih_view text)
{
    for (size_t i = 0; i + 2 <= text.len; i++) {
        if (memcmp(text.at + i, "{{", 2) != 0)
            continue;
        assert_true(text.len - i >= 8);
        assert_memory_equal(text.at + i, "{{name}}", 8);
        assert_null(letter->post.at);
    }
}

static void check_letter(const struct desk *d, const struct pulih_row_letter *letter)
{
    char reference[PULIH_REFERENCE_BYTES];
    int known = d->row.language ? d->row.language : d->policy->language;

    assert_int_equal(pulih_id_compare(&letter->complaint, &d->row.id), 0);
    assert_int_equal(letter->shard, d->row.shard);
    assert_int_equal(letter->language, letter->post.at ? d->policy->language : known);
    assert_int_equal(letter->channel, d->row.channel);
    assert_true(is_announced(d, letter));
    pulih_reference_print(d->row.number, reference);
    assert_true(desk_says(letter->body, reference));
    assert_true(desk_says(letter->subject, reference));
    assert_int_equal(desk_says(letter->body, "{{name}}"), !letter->post.at);
    if (letter->post.at) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf post = {0};
        pulih_buf_add_view(&post, letter->post);
        assert_true(desk_says(letter->body, pulih_buf_text(&post)));
    }
    check_slots(letter, letter->body);
    check_slots(letter, letter->subject);
}

static void check_numbers(const struct desk *d)
{
    const struct pulih_row_letter *letters = PULIH_ROWS(&d->rows, letter);
    const struct pulih_row_promise *promises = PULIH_ROWS(&d->rows, promise);
    const struct pulih_row_offer *offers = PULIH_ROWS(&d->rows, offer);

    for (size_t i = 0; i < d->rows.of[PULIH_T_letter].n; i++) {
        assert_int_equal(letters[i].n, d->before.letters + 1 + (int)i);
        check_letter(d, &letters[i]);
    }
    for (size_t i = 0; i < d->rows.of[PULIH_T_promise].n; i++) {
        assert_int_equal(promises[i].n, d->before.promises + 1 + (int)i);
        assert_int_equal(promises[i].told_at, d->now_us);
        assert_true(promises[i].version > d->before.version && promises[i].version <= d->row.version);
    }
    for (size_t i = 0; i < d->rows.of[PULIH_T_offer].n; i++) {
        assert_int_equal(offers[i].n, d->before.offers + 1 + (int)i);
        assert_int_equal(offers[i].version, d->item.version);
    }
    assert_int_equal(d->row.letters, d->before.letters + (int)d->rows.of[PULIH_T_letter].n);
    assert_int_equal(d->row.promises, d->before.promises + (int)d->rows.of[PULIH_T_promise].n);
    assert_int_equal(d->row.offers, d->before.offers + (int)d->rows.of[PULIH_T_offer].n);
}

/* Each deadline counts, or the ladder stands; and what counts has a row, now or since earlier. */
static void check_deadlines(const struct desk *d)
{
    const struct pulih_row_deadline *deadlines = PULIH_ROWS(&d->rows, deadline);

    for (size_t i = 0; i < d->rows.of[PULIH_T_deadline].n; i++) {
        const struct pulih_row_deadline *one = &deadlines[i];
        assert_int_equal(pulih_id_compare(&one->complaint, &d->row.id), 0);
        assert_int_equal(one->shard, d->row.shard);
        if (one->kind == PULIH_deadline_consumer) { /* of this hint, or of those before it */
            assert_int_equal(one->armed, one->due_at > d->now_us ? d->item.version : d->item.version - 1);
            continue;
        }
        assert_true(one->armed >= d->before.version && one->armed <= d->row.version);
        if (one->kind == PULIH_deadline_silence)
            assert_int_equal(one->armed, d->row.silence_armed);
        else if (one->kind == PULIH_deadline_approval)
            assert_int_equal(one->armed, d->row.approval_armed);
        else if (one->kind == PULIH_deadline_forwarding || one->kind == PULIH_deadline_reminder)
            assert_int_equal(one->armed, d->row.version);
        else if (one->kind == PULIH_deadline_warning)
            assert_true(d->row.ladder_armed == 0 ||
                        (d->row.ladder_armed == one->armed && d->row.ladder_due >= one->due_at));
        else
            assert_true(d->row.ladder_armed == 0 ||
                        (d->row.ladder_armed == one->armed && d->row.ladder_due == one->due_at &&
                         d->row.ladder_kind == one->kind));
    }
    if (d->row.ladder_armed && d->row.ladder_armed != d->before.ladder_armed)
        assert_true(d->rows.of[PULIH_T_deadline].n > 0);
    if (d->row.silence_armed && d->row.silence_armed != d->before.silence_armed)
        assert_true(d->rows.of[PULIH_T_deadline].n > 0);
}

/* An open complaint never just lies there: a timer runs, the clock stands and can be resumed, or the ladder has
 * ended with a person. */
static void check_watched(const struct desk *d)
{
    const struct pulih_row_complaint *row = &d->row;
    bool open = row->state >= PULIH_STATE_acknowledged && row->state <= PULIH_STATE_verifying;
    bool paused = row->clock && pulih_life_after(row->state, PULIH_M_clock_resumed) >= 0;

    if (open && !row->ladder_armed && !row->silence_armed && !paused && !row->ended)
        fail_msg("nobody watches a complaint that is %s", pulih_states[row->state].name);
    if (row->silence_armed)
        assert_true(row->state == PULIH_STATE_offered || row->state == PULIH_STATE_verifying);
    if (row->state == PULIH_STATE_closed)
        assert_true(!row->ladder_armed && !row->silence_armed && !row->clock);
}

/* Follow-up publishes what is SHOWN, in order, and nobody else publishes anything. */
static void check_feed(const struct desk *d)
{
    const struct pulih_row_event *events = PULIH_ROWS(&d->rows, event);
    const struct pulih_row_feed *feed = PULIH_ROWS(&d->rows, feed);
    size_t n = 0;

    if (d->stage == PULIH_STAGE_followup && pulih_message(d->item.type)->shown) {
        assert_true(d->rows.of[PULIH_T_feed].n > n);
        assert_int_equal(feed[n].version, d->item.version);
        assert_int_equal(feed[n++].type, pulih_message(d->item.type)->wire);
    }
    for (size_t i = 0; d->stage == PULIH_STAGE_followup && i < d->rows.of[PULIH_T_event].n; i++) {
        if (!pulih_message(pulih_message_by_wire((uint64_t)events[i].type))->shown)
            continue;
        assert_true(d->rows.of[PULIH_T_feed].n > n);
        assert_int_equal(feed[n].version, events[i].version);
        assert_int_equal(feed[n].type, events[i].type);
        assert_int_equal(feed[n].state, events[i].state);
        assert_true(pulih_view_same(feed[n++].body, events[i].body));
    }
    assert_int_equal(d->rows.of[PULIH_T_feed].n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(feed[i].stream, d->row.shard);
        assert_int_equal(feed[i].number, NUMBER);
        assert_int_equal(feed[i].at, d->now_us);
    }
}

/* The stages before the last hand on what they wrote; the last one takes the next message, or lets go. */
static void check_next(const struct desk *d)
{
    size_t n = d->rows.of[PULIH_T_event].n;

    assert_int_equal(d->row.holder, d->item.to);
    if (d->stage != PULIH_STAGE_followup) {
        assert_true(n > 0);
        const struct pulih_row_event *last = &PULIH_ROWS(&d->rows, event)[n - 1];
        assert_int_equal(pulih_message(d->item.to_type)->wire, last->type);
        assert_int_equal(d->item.to, pulih_message(d->item.to_type)->to);
        assert_true(d->item.to > d->stage);
        assert_int_equal(d->item.to_version, last->version);
        assert_true(pulih_view_same(d->item.to_body, last->body));
        assert_int_equal(d->row.waiting, d->before.waiting);
    } else if (d->before.waiting) {
        assert_int_equal(d->item.to, pulih_message(d->item.to_type)->to);
        assert_int_equal(d->row.waiting, d->before.waiting - 1);
        assert_int_equal(d->row.cursor, d->item.to_version);
    } else {
        assert_int_equal(d->item.to, PULIH_STAGE_none);
    }
}

bool desk_may_be_null(const struct pulih_table_row *table, const struct pulih_column *column)
{
    static const struct {
        const char *table, *column;
    } texts[] = {{"event", "digest"},   {"classification", "actor"}, {"classification", "models"},
                 {"offer", "currency"}, {"letter", "post"},          {"person", "marks"},
                 {"link", "actor"}};

    if (column->kind == PULIH_COL_may_uuid || column->kind == PULIH_COL_may_time)
        return true;
    for (size_t i = 0; i < PULIH_COUNT(texts); i++)
        if (strcmp(table->name, texts[i].table) == 0 && strcmp(column->name, texts[i].column) == 0)
            return true;
    return false;
}

/* PostgreSQL would refuse a NULL elsewhere, and the item would end in `dead`. */
static void check_nulls(const struct desk *d)
{
    for (size_t t = 0; t < PULIH_T_N; t++)
        for (size_t c = 0; c < pulih_tables[t].n_columns; c++) {
            const struct pulih_column *column = &pulih_tables[t].columns[c];
            bool is_text = column->kind == PULIH_COL_bytes || column->kind == PULIH_COL_text;
            for (size_t i = 0; is_text && i < d->rows.of[t].n; i++) {
                const char *row = (const char *)d->rows.of[t].at + i * pulih_tables[t].row_bytes;
                const struct pulih_view *v = (const struct pulih_view *)(const void *)(row + column->offset);
                if (!v->at && !desk_may_be_null(&pulih_tables[t], column))
                    fail_msg("%s.%s is NULL", pulih_tables[t].name, column->name);
            }
        }
}

static void check_done(const struct desk *d)
{
    check_nulls(d);
    check_events(d);
    check_numbers(d);
    check_deadlines(d);
    check_watched(d);
    check_feed(d);
    check_next(d);
    assert_int_equal(d->rows.of[PULIH_T_person].n + d->rows.of[PULIH_T_content].n +
                         d->rows.of[PULIH_T_pending].n + d->rows.of[PULIH_T_dead].n +
                         d->rows.of[PULIH_T_complaint].n,
                     0);
}

/* --- running --------------------------------------------------------------------------------------------- */

static void keep_offer(struct desk *d)
{
    size_t n = d->rows.of[PULIH_T_offer].n;

    if (n == 0)
        return;
    d->offer = PULIH_ROWS(&d->rows, offer)[n - 1];
    d->offer_text_len = d->item.text.len;
    assert_true(d->offer_text_len <= sizeof d->offer_text);
    memcpy(d->offer_text, d->item.text.at, d->offer_text_len);
}

/* What a post was told, for the messages about the ladder that follow. */
static void keep_told(struct desk *d)
{
    const struct pulih_row_event *events = PULIH_ROWS(&d->rows, event);

    for (size_t i = 0; i < d->rows.of[PULIH_T_event].n; i++) {
        if (events[i].type != PULIH_WIRE_reprimanded && events[i].type != PULIH_WIRE_paged)
            continue;
        assert_true(events[i].body.len <= sizeof d->told_body);
        memcpy(d->told_body, events[i].body.at, events[i].body.len);
        d->told = (struct pulih_post_told){
            events[i].type, events[i].recorded_at, {d->told_body, events[i].body.len}};
    }
}

/* Views of the last offer must outlive the arena in which it was made. */
static void renew_arena(struct desk *d)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf kept = {0};
    struct pulih_view *const views[] = {&d->offer.currency, &d->offer.role, &d->offer.actor};
    size_t at = 0;

    for (size_t i = 0; i < PULIH_COUNT(views); i++)
        pulih_buf_add_view(&kept, *views[i]);
    pulih_arena_reset(&d->arena);
    struct pulih_view copy = pulih_arena_copy(&d->arena, pulih_view_of_buf(&kept));
    for (size_t i = 0; i < PULIH_COUNT(views); i++) {
        if (views[i]->at)
            views[i]->at = copy.at + at;
        at += views[i]->len;
    }
}

static enum pulih_verdict run(struct desk *d, enum pulih_m m, int32_t version, struct pulih_view body,
                              struct pulih_view text)
{
    struct pulih_buf scratch = {0};
    struct pulih_row_complaint expected = d->row;
    struct pulih_step step = {
        .stage = d->stage,
        .policy = d->policy,
        .now_us = d->now_us,
        .arena = &d->arena,
        .rows = &d->rows,
        .item = &d->item,
        .scratch = &scratch,
    };

    d->item = (struct pulih_item){
        .row = d->row,
        .was_version = d->row.version,
        .was_holder = d->row.holder,
        .version = version,
        .type = m,
        .body = pulih_arena_copy(&d->arena, body),
        .text = text.at ? pulih_arena_copy(&d->arena, text) : text,
        .loaded = !d->hinted,
        .story = d->story,
        .n_story = d->n_story,
    };
    if (!d->hinted) {
        d->item.offer = d->offer;
        d->item.offer_text = (struct pulih_view){d->offer_text_len ? d->offer_text : NULL, d->offer_text_len};
        d->item.told = d->told;
        d->item.next_mail = d->row.waiting ? d->next_mail : (struct pulih_mail){0};
    }
    d->before = d->row;
    pulih_buf_addf(&scratch, "left by somebody before");
    pulih_step_run(&step, d->handlers, d->n_handlers);
    pulih_buf_free(&scratch);
    d->row = d->item.row;
    if (d->item.verdict == PULIH_NEVER) {
        assert_memory_equal(&d->row, &expected, sizeof expected);
        for (size_t t = 0; t < PULIH_T_N; t++)
            assert_int_equal(d->rows.of[t].n, 0);
        assert_non_null(d->item.reason);
    } else {
        check_done(d);
        keep_offer(d);
        keep_told(d);
    }
    return d->item.verdict;
}

enum pulih_verdict desk_bytes(struct desk *d, enum pulih_m m, struct pulih_view body, struct pulih_view text)
{
    if (pulih_life_is_mail(m)) {
        struct pulih_row_event event = {
            .type = (int16_t)pulih_message(m)->wire, .recorded_at = d->now_us, .body = body};
        d->row.holder = PULIH_STAGE_none; /* the stages behind are done with the step before */
        assert_true(pulih_mail_post(&d->row, &d->rows, &event));
    }
    d->row.holder = (int16_t)d->stage; /* also of messages that are another's, which it must give up */
    pulih_rows_empty(&d->rows);
    renew_arena(d);
    return run(d, m, d->row.version, body, text);
}

static enum pulih_verdict send(struct desk *d, enum pulih_m m, const void *msg)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    struct pulih_view none = {0};

    pulih_msg_encode(m, msg, PULIH_CLASS_OPEN, &body);
    size_t n = pulih_msg_encode(m, msg, PULIH_CLASS_TEXT, &text);
    return desk_bytes(d, m, pulih_view_of_buf(&body), n ? pulih_view_of_buf(&text) : none);
}

enum pulih_verdict desk_mail(struct desk *d, enum pulih_m m, const void *msg)
{
    assert_true(pulih_life_is_mail(m));
    return send(d, m, msg);
}

enum pulih_verdict desk_event(struct desk *d, enum pulih_m m, const void *msg)
{
    assert_false(pulih_life_is_mail(m));
    return send(d, m, msg);
}

/* --- looking --------------------------------------------------------------------------------------------- */

size_t desk_count(const struct desk *d, enum pulih_table table)
{
    return d->rows.of[table].n;
}

void desk_expect_event(const struct desk *d, size_t i, enum pulih_m m, int state, void *ret)
{
    struct pulih_fault fault;
    union pulih_any msg;

    if (i >= desk_count(d, PULIH_T_event))
        fail_msg("no %s: only %zu events", pulih_message(m)->name, desk_count(d, PULIH_T_event));
    const struct pulih_row_event *event = &PULIH_ROWS(&d->rows, event)[i];
    assert_string_equal(pulih_message(pulih_message_by_wire((uint64_t)event->type))->name,
                        pulih_message(m)->name);
    assert_string_equal(pulih_states[event->state].name, pulih_states[state].name);
    if (!pulih_msg_decode(m, event->body, &msg, &fault))
        fail_msg("%s.%s: %s", pulih_message(m)->name, fault.field, fault.rule);
    if (ret)
        memcpy(ret, &msg, pulih_message(m)->struct_bytes);
}

void desk_expect_refused(const struct desk *d, const char *need)
{
    struct pulih_row_complaint rest = d->row;
    struct pulih_message_refused refused;

    desk_expect_event(d, 0, PULIH_M_message_refused, d->before.state, &refused);
    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    if (!pulih_view_is(refused.need, need))
        fail_msg("refused for want of %.*s", PULIH_VIEW_ARG(refused.need));
    assert_true(pulih_view_is(refused.type, pulih_message(d->item.type)->name));
    assert_true(pulih_view_is(refused.state, pulih_states[d->before.state].name));
    assert_int_equal(refused.version, d->item.version);
    rest.version = d->before.version;
    rest.hash = d->before.hash;
    rest.updated_at = d->before.updated_at;
    rest.holder = d->before.holder;
    assert_memory_equal(&rest, &d->before, sizeof rest);
    for (size_t t = 0; t < PULIH_T_N; t++)
        if (t != PULIH_T_event && t != PULIH_T_feed)
            assert_int_equal(d->rows.of[t].n, 0);
}

void desk_expect_never(const struct desk *d, const char *reason)
{
    assert_int_equal(d->item.verdict, PULIH_NEVER);
    assert_string_equal(d->item.reason, reason);
}

const struct pulih_row_letter *desk_letter(const struct desk *d, int kind, const char *post)
{
    const struct pulih_row_letter *letter = PULIH_ROWS(&d->rows, letter);

    assert_int_equal(desk_count(d, PULIH_T_letter), 1);
    assert_int_equal(letter->kind, kind);
    assert_int_equal(!letter->post.at, !post);
    if (post)
        assert_true(pulih_view_is(letter->post, post));
    return letter;
}

bool desk_says(struct pulih_view text, const char *part)
{
    return text.len > 0 && memmem(text.at, text.len, part, strlen(part)) != NULL;
}

bool desk_says_date(const struct desk *d, const struct pulih_row_letter *letter, int64_t at_us)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf date = {0};

    pulih_calendar_print(d->policy->calendar, at_us, letter->language, &date);
    return desk_says(letter->body, pulih_buf_text(&date));
}

const struct pulih_row_deadline *desk_deadline(const struct desk *d, int kind)
{
    const struct pulih_row_deadline *deadline = PULIH_ROWS(&d->rows, deadline);
    size_t warnings = desk_warning(d) ? 1 : 0;

    assert_int_equal(desk_count(d, PULIH_T_deadline), 1 + warnings);
    assert_int_equal(deadline->kind, kind);
    assert_int_equal(deadline->armed,
                     kind == PULIH_deadline_silence ? d->row.silence_armed : d->row.ladder_armed);
    assert_int_not_equal(deadline->armed, 0);
    return deadline;
}

const struct pulih_row_deadline *desk_warning(const struct desk *d)
{
    const struct pulih_row_deadline *deadlines = PULIH_ROWS(&d->rows, deadline);

    for (size_t i = 0; i < desk_count(d, PULIH_T_deadline); i++)
        if (deadlines[i].kind == PULIH_deadline_warning)
            return &deadlines[i];
    return NULL;
}

void desk_expect_all_taken(enum pulih_stage stage, enum pulih_m too)
{
    static const struct {
        int from;
        enum pulih_m step;
    } moves[] = {
#define STATE(...)
#define MOVE(from, step, ...) {PULIH_STATE_##from, PULIH_M_##step},
#define OVER(...)
#include "pulih/tbl/life.tbl.h"
    };
    size_t missed = 0;

    for (size_t i = 0; i < PULIH_COUNT(moves); i++) {
        bool ours = moves[i].step == too ||
                    (pulih_message(moves[i].step)->from == stage && moves[i].step != PULIH_M_complaint);
        if (!ours || desk_taken[moves[i].from][moves[i].step])
            continue;
        print_message("no test takes %s in %s\n", pulih_message(moves[i].step)->name,
                      pulih_states[moves[i].from].name);
        missed++;
    }
    assert_int_equal(missed, 0);
}
