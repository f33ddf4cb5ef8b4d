/* The chronology's chain: the hash covers every column, and mail waits in it until its owner is free. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/step.h"

static const struct pulih_id complaint_id = {
    {0x01, 0x93, 0x50, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, 16}};

/* Numbers that count up, as ids and hashes. */
static void count_up(uint8_t *at, size_t len, uint8_t from)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(from + i);
}

static struct pulih_row_event some_event(void)
{
    static uint8_t digest[32];
    struct pulih_row_event event = {
        .shard = 17,
        .version = 3,
        .type = 0x24,
        .prior = 4,
        .state = 4,
        .occurred_at = 1790000000000001,
        .recorded_at = 1790000000000002,
        .body = PULIH_VIEW("\x81\xa1"
                           "a\x01"),
        .digest = {(const char *)digest, sizeof digest},
    };

    count_up(digest, sizeof digest, 50);
    count_up(event.complaint.b, sizeof event.complaint.b, 100);
    count_up(event.message.b, sizeof event.message.b, 200);
    return event;
}

static struct pulih_hash some_hash(void)
{
    struct pulih_hash hash;

    count_up(hash.b, sizeof hash.b, 0);
    return hash;
}

static bool same_hash(const struct pulih_hash *a, const struct pulih_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* Reckoned by another implementation: BLAKE2b of 32 bytes over hash before, complaint, shard, version, type,
 * prior, state, message, times, and body and digest with their lengths; numbers big-endian. Stored chains are
 * checked against it for ever. */
static void has_one_form_for_ever(void **state)
{
    static const char expected[] = "442667db911c5a02913e092ce97199686a6e95a27279d95bebad2b0ef6a689e1";
    struct pulih_row_event event = some_event();
    struct pulih_hash before = some_hash();
    struct pulih_hash hash = pulih_chain_hash(&before, &event);
    char hex[2 * sizeof hash.b + 1];

    (void)state;
    for (size_t i = 0; i < sizeof hash.b; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash.b[i]);
    assert_string_equal(hex, expected);
}

/* Changes one byte of one column; for texts, of the text. */
static void spoil(struct pulih_row_event *event, const struct pulih_column *column, char spoilt[64])
{
    char *at = (char *)event + column->offset;

    if (column->kind == PULIH_COL_bytes || column->kind == PULIH_COL_text) {
        struct pulih_view *view = (struct pulih_view *)(void *)at;
        assert_in_range(view->len, 1, 64);
        memcpy(spoilt, view->at, view->len);
        spoilt[view->len - 1] ^= 1;
        view->at = spoilt;
    } else {
        *at ^= 1;
    }
}

static void covers_every_column(void **state)
{
    const struct pulih_table_row *table = &pulih_tables[PULIH_T_event];
    struct pulih_row_event event = some_event();
    struct pulih_hash before = some_hash(), good = pulih_chain_hash(&before, &event);

    (void)state;
    for (size_t c = 0; c < table->n_columns; c++) {
        struct pulih_row_event changed = some_event();
        char spoilt[64];
        spoil(&changed, &table->columns[c], spoilt);
        struct pulih_hash hash = pulih_chain_hash(&before, &changed);
        bool is_hash = strcmp(table->columns[c].name, "hash") == 0;
        if (same_hash(&hash, &good) != is_hash)
            fail_msg("column %s", table->columns[c].name);
    }
}

static void covers_the_event_before(void **state)
{
    struct pulih_row_event event = some_event();
    struct pulih_hash before = some_hash(), good = pulih_chain_hash(&before, &event);

    (void)state;
    for (size_t i = 0; i < sizeof before.b; i++) {
        before.b[i] ^= 0x80;
        struct pulih_hash hash = pulih_chain_hash(&before, &event);
        assert_false(same_hash(&hash, &good));
        before.b[i] ^= 0x80;
    }
}

/* A byte that moves from one column to the next one is another event. */
static void keeps_columns_apart(void **state)
{
    struct pulih_row_event one = some_event(), two = some_event();
    struct pulih_hash before = some_hash();

    (void)state;
    one.body = PULIH_VIEW("ab");
    one.digest = PULIH_VIEW("c");
    two.body = PULIH_VIEW("a");
    two.digest = PULIH_VIEW("bc");
    struct pulih_hash a = pulih_chain_hash(&before, &one), b = pulih_chain_hash(&before, &two);
    assert_false(same_hash(&a, &b));
}

static struct pulih_row_complaint some_row(void)
{
    return (struct pulih_row_complaint){
        .id = complaint_id,
        .shard = 33,
        .state = PULIH_STATE_acknowledged,
        .version = 4,
        .updated_at = 1000,
        .cursor = 2,
        .hash = some_hash(),
    };
}

static void chains_events(void **state)
{
    static const struct {
        int16_t type;
        int after;
    } steps[] = {
        {PULIH_WIRE_offered, PULIH_STATE_offered},
        {PULIH_WIRE_offer_accepted, PULIH_STATE_accepted},
        {PULIH_WIRE_carried_out, PULIH_STATE_verifying},
    };
    struct pulih_row_complaint row = some_row();

    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct pulih_row_event event = {.type = steps[i].type, .recorded_at = 2000 + (int64_t)i};
        struct pulih_row_complaint before = row;
        pulih_chain(&row, &event, steps[i].after);
        assert_int_equal(pulih_id_compare(&event.complaint, &complaint_id), 0);
        assert_int_equal(event.shard, 33);
        assert_int_equal(event.version, before.version + 1);
        assert_int_equal(event.prior, before.state);
        assert_int_equal(event.state, steps[i].after);
        struct pulih_hash hash = pulih_chain_hash(&before.hash, &event);
        assert_true(same_hash(&hash, &event.hash));
        assert_true(same_hash(&hash, &row.hash));
        assert_int_equal(row.version, event.version);
        assert_int_equal(row.state, steps[i].after);
        assert_int_equal(row.updated_at, 2000 + (int64_t)i);
    }
}

static void time_never_runs_backwards(void **state)
{
    static const struct {
        int64_t clock, recorded;
    } rows[] = {{1000, 1000}, {999, 1000}, {-5, 1000}, {1001, 1001}, {1000, 1001}, {5000, 5000}};
    struct pulih_row_complaint row = some_row();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pulih_row_event event = {
            .type = PULIH_WIRE_informed, .occurred_at = 7, .recorded_at = rows[i].clock};
        pulih_chain(&row, &event, row.state);
        assert_int_equal(event.recorded_at, rows[i].recorded);
        assert_int_equal(row.updated_at, rows[i].recorded);
        assert_int_equal(event.occurred_at, 7); /* what a client says is kept as it says it */
    }
}

static struct pulih_row_event mail_of(enum pulih_m m)
{
    return (struct pulih_row_event){
        .type = (int16_t)pulih_message(m)->wire,
        .occurred_at = 500,
        .recorded_at = 2000,
        .body = PULIH_VIEW("\x80"),
    };
}

/* What posting leaves alone: all but version, cursor, waiting, holder, hash and the time. */
static void assert_rest_same(const struct pulih_row_complaint *before, struct pulih_row_complaint after)
{
    after.version = before->version;
    after.cursor = before->cursor;
    after.waiting = before->waiting;
    after.holder = before->holder;
    after.hash = before->hash;
    after.updated_at = before->updated_at;
    assert_memory_equal(before, &after, sizeof after);
}

static void mail_wakes_who_rests(void **state)
{
    struct pulih_rows rows = {0};

    (void)state;
    for (int m = 0; m < PULIH_M_N; m++) {
        if (!pulih_life_is_mail((enum pulih_m)m))
            continue;
        struct pulih_row_complaint row = some_row(), before = row;
        struct pulih_row_event event = mail_of((enum pulih_m)m);
        pulih_rows_empty(&rows);
        assert_true(pulih_mail_post(&row, &rows, &event));
        assert_int_equal(row.holder, pulih_message((enum pulih_m)m)->to);
        assert_int_equal(row.version, 5);
        assert_int_equal(row.cursor, 5);
        assert_int_equal(row.waiting, 0);
        assert_rest_same(&before, row);
        assert_int_equal(rows.of[PULIH_T_event].n, 1);
        const struct pulih_row_event *posted = PULIH_ROWS(&rows, event);
        assert_int_equal(posted->version, 5);
        assert_int_equal(posted->prior, PULIH_STATE_acknowledged);
        assert_int_equal(posted->state, PULIH_STATE_acknowledged);
        assert_true(same_hash(&posted->hash, &row.hash));
    }
    pulih_rows_free(&rows);
}

static void mail_waits_for_who_works(void **state)
{
    struct pulih_rows rows = {0};

    (void)state;
    for (int holder = PULIH_STAGE_classification; holder <= PULIH_STAGE_followup; holder++) {
        struct pulih_row_complaint row = some_row(), before;
        struct pulih_row_event event = mail_of(PULIH_M_note);
        row.holder = (int16_t)holder;
        before = row;
        pulih_rows_empty(&rows);
        for (int n = 1; n <= 3; n++) {
            assert_false(pulih_mail_post(&row, &rows, &event));
            assert_int_equal(row.holder, holder);
            assert_int_equal(row.cursor, 2);
            assert_int_equal(row.waiting, n);
            assert_int_equal(row.version, 4 + n);
            assert_rest_same(&before, row);
        }
        assert_int_equal(rows.of[PULIH_T_event].n, 3);
    }
    pulih_rows_free(&rows);
}

/* An operator gives a message up: before the acknowledgement the complaint is parked, later it stays as it is. */
static void gives_up_what_no_stage_can_do(void **state)
{
    static const struct {
        int from, to;
    } rows[] = {
#define STATE(...)
#define MOVE(from, step, to, because)                                                                        \
    {PULIH_M_##step == PULIH_M_parked ? PULIH_STATE_##from : -1, PULIH_STATE_##to},
#define OVER(...)
#include "pulih/tbl/life.tbl.h"
    };
    struct pulih_arena arena = {0};
    struct pulih_rows written = {0};
    int n = 0;

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct pulih_row_complaint row = some_row(), before;
        struct pulih_view actor = i % 2 ? PULIH_VIEW("ops7") : (struct pulih_view){0};
        struct pulih_parked parked;
        struct pulih_fault fault;
        if (rows[i].from < 0)
            continue;
        n++;
        row.state = (int16_t)rows[i].from;
        row.holder = PULIH_STAGE_escalation;
        row.waiting = 2;
        before = row;
        pulih_rows_empty(&written);
        assert_int_equal(pulih_mail_give_up(&row, &written, &arena, 3, actor, 9000), 5);
        assert_int_equal(row.state, rows[i].to);
        assert_int_equal(row.holder, PULIH_STAGE_followup);
        assert_int_equal(row.waiting, 2);
        assert_int_equal(row.cursor, before.cursor);
        assert_int_equal(written.of[PULIH_T_event].n, 1);
        const struct pulih_row_event *event = PULIH_ROWS(&written, event);
        assert_int_equal(event->type, PULIH_WIRE_parked);
        assert_int_equal(event->version, 5);
        assert_int_equal(event->prior, before.state);
        assert_int_equal(event->state, rows[i].to);
        assert_int_equal(event->recorded_at, 9000);
        struct pulih_hash hash = pulih_chain_hash(&before.hash, event);
        assert_true(same_hash(&hash, &event->hash));
        assert_true(pulih_msg_decode(PULIH_M_parked, event->body, &parked, &fault));
        assert_int_equal(parked.version, 3);
        assert_true(pulih_view_same(parked.actor, actor));
        assert_int_equal(PULIH_HAS(&parked, parked, actor), actor.at != NULL);
    }
    assert_true(n >= 10);
    pulih_rows_free(&written);
    pulih_arena_free(&arena);
}

/* Mail stays in its place in the chain, whatever the state is: it is never what moves a complaint. */
static void mail_moves_nothing(void **state)
{
    struct pulih_rows rows = {0};

    (void)state;
    for (int at = 0; at < PULIH_STATE_N; at++) {
        struct pulih_row_complaint row = some_row();
        struct pulih_row_event event = mail_of(PULIH_M_withdrawn);
        row.state = (int16_t)at;
        pulih_mail_post(&row, &rows, &event);
        assert_int_equal(row.state, at);
    }
    pulih_rows_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_one_form_for_ever),
        cmocka_unit_test(covers_every_column),
        cmocka_unit_test(covers_the_event_before),
        cmocka_unit_test(keeps_columns_apart),
        cmocka_unit_test(chains_events),
        cmocka_unit_test(time_never_runs_backwards),
        cmocka_unit_test(mail_wakes_who_rests),
        cmocka_unit_test(mail_waits_for_who_works),
        cmocka_unit_test(gives_up_what_no_stage_can_do),
        cmocka_unit_test(mail_moves_nothing),
    };

    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
