/* The ledger of promises: every date that is told becomes an entry, and every entry ends as the chronology says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/done.h"
#include "pulih/core/ledger.h"

enum { TOLD_MAX = 40, BODY_MAX = 400 };

#define HOUR      INT64_C(3600000000)
#define AT(hours) (INT64_C(1795572000000000) + (hours)*HOUR)

/* A chronology that is written as it is said. */
struct told {
    struct pulih_told event[TOLD_MAX];
    char body[TOLD_MAX][BODY_MAX];
    size_t n;
    struct pulih_arena arena;
    struct pulih_ledger ledger;
};

static void say(struct told *t, int64_t at_us, enum pulih_m m, const void *msg)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};

    assert_true(t->n < TOLD_MAX);
    if (msg) {
        pulih_msg_encode(m, msg, PULIH_CLASS_OPEN, &body);
        assert_true(body.len <= BODY_MAX);
        memcpy(t->body[t->n], body.at, body.len);
    }
    t->event[t->n] = (struct pulih_told){
        .version = (int32_t)t->n + 1,
        .m = m,
        .at_us = at_us,
        .body = {msg ? t->body[t->n] : NULL, body.len},
    };
    t->n++;
}

static void say_complaint(struct told *t, int64_t customers_us)
{
    struct pulih_complaint msg = {0};

    PULIH_SET(&msg, complaint, channel, PULIH_channel_phone);
    if (customers_us)
        PULIH_SET(&msg, complaint, customer_deadline, customers_us);
    say(t, AT(0), PULIH_M_complaint, &msg);
}

static void say_acknowledged(struct told *t, int64_t at_us, int64_t due_us)
{
    struct pulih_acknowledged msg = {0};

    PULIH_SET(&msg, acknowledged, language, PULIH_language_id);
    PULIH_SET(&msg, acknowledged, category, PULIH_category_mechanical);
    PULIH_SET(&msg, acknowledged, department, PULIH_VIEW("product"));
    PULIH_SET(&msg, acknowledged, tier, PULIH_tier_normal);
    PULIH_SET(&msg, acknowledged, due_at, due_us);
    PULIH_SET(&msg, acknowledged, letter, 1);
    say(t, at_us, PULIH_M_acknowledged, &msg);
}

static void say_planned(struct told *t, int64_t at_us, uint16_t cause, uint16_t extension, uint64_t message)
{
    struct pulih_planned msg = {0};

    PULIH_SET(&msg, planned, due_at, AT(1));
    PULIH_SET(&msg, planned, promise, 2);
    PULIH_SET(&msg, planned, post, PULIH_VIEW("Post"));
    PULIH_SET(&msg, planned, policy, PULIH_VIEW("p"));
    PULIH_SET(&msg, planned, cause, cause);
    if (extension)
        PULIH_SET(&msg, planned, extension, extension);
    if (message)
        PULIH_SET(&msg, planned, message, message);
    say(t, at_us, PULIH_M_planned, &msg);
}

static void say_informed(struct told *t, int64_t at_us, int64_t due_us)
{
    struct pulih_informed msg = {0};

    PULIH_SET(&msg, informed, category, PULIH_category_mechanical);
    PULIH_SET(&msg, informed, department, PULIH_VIEW("product"));
    PULIH_SET(&msg, informed, tier, PULIH_tier_normal);
    PULIH_SET(&msg, informed, due_at, due_us);
    PULIH_SET(&msg, informed, letter, 7);
    say(t, at_us, PULIH_M_informed, &msg);
}

static void say_carried_out(struct told *t, int64_t at_us, int64_t answer_by)
{
    struct pulih_carried_out msg = {0};

    PULIH_SET(&msg, carried_out, offer, 1);
    PULIH_SET(&msg, carried_out, answer_by, answer_by);
    PULIH_SET(&msg, carried_out, letter, 4);
    say(t, at_us, PULIH_M_carried_out, &msg);
}

static void say_letter(struct told *t, int64_t at_us, uint16_t kind, uint64_t number)
{
    struct pulih_letter_written msg = {0};

    PULIH_SET(&msg, letter_written, letter, kind);
    PULIH_SET(&msg, letter_written, number, number);
    say(t, at_us, PULIH_M_letter_written, &msg);
}

static void read_at(struct told *t, int64_t plan_due_us, int64_t now_us)
{
    pulih_ledger_read(t->event, t->n, plan_due_us, now_us, &t->arena, &t->ledger);
}

static const struct pulih_ledger_entry *entry(const struct told *t, size_t i)
{
    assert_true(i < t->ledger.n);
    return &t->ledger.entry[i];
}

static void expect(const struct told *t, size_t i, uint16_t deadline, uint16_t state, int64_t ended_us)
{
    const struct pulih_ledger_entry *e = entry(t, i);

    assert_int_equal(e->deadline, deadline);
    assert_int_equal(e->state, state);
    assert_int_equal(e->ended_us, ended_us);
}

/* --- what is told -------------------------------------------------------------------------------------- */

static void the_receipt_promises_a_plan(void **state)
{
    struct told t = {0};

    (void)state;
    say_complaint(&t, 0);
    read_at(&t, AT(4), AT(1));
    assert_int_equal(t.ledger.n, 1);
    expect(&t, 0, PULIH_deadline_plan, PULIH_standing_open, 0);
    assert_true(entry(&t, 0)->receipt);
    assert_int_equal(entry(&t, 0)->to, PULIH_party_customer);
    assert_int_equal(entry(&t, 0)->by, PULIH_party_company);
    assert_int_equal(entry(&t, 0)->due_us, AT(4));
    assert_int_equal(entry(&t, 0)->told_us, AT(0));
    read_at(&t, AT(4), AT(4) + 1);
    expect(&t, 0, PULIH_deadline_plan, PULIH_standing_broken, AT(4));
    read_at(&t, 0, AT(5)); /* not known */
    assert_int_equal(t.ledger.n, 0);
    pulih_arena_free(&t.arena);
}

static void promises_are_kept_to_the_last_moment(void **state)
{
    static const struct {
        int64_t done_us;
        uint16_t standing;
    } rows[] = {{AT(24), PULIH_standing_kept}, {AT(24) + 1, PULIH_standing_broken}};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct told t = {0};
        say_complaint(&t, 0);
        say_acknowledged(&t, AT(1), AT(24));
        say_carried_out(&t, rows[i].done_us, AT(60));
        read_at(&t, AT(4), AT(50));
        assert_int_equal(t.ledger.n, 3);
        expect(&t, 0, PULIH_deadline_plan, PULIH_standing_kept, AT(1));
        expect(&t, 1, PULIH_deadline_resolution, rows[i].standing, AT(24));
        assert_int_equal(entry(&t, 1)->done_us, rows[i].done_us);
        assert_int_equal(entry(&t, 1)->letter, 1);
        expect(&t, 2, PULIH_deadline_silence, PULIH_standing_open, 0);
        assert_int_equal(entry(&t, 2)->by, PULIH_party_customer);
        pulih_arena_free(&t.arena);
    }
}

/* What is told next to the same party takes its place; why is said, and who consented. */
static void another_date_takes_its_place(void **state)
{
    static const struct {
        uint16_t cause, extension;
        uint64_t consent;
        uint16_t standing;
    } rows[] = {
        {PULIH_plan_cause_correction, 0, 0, PULIH_standing_superseded},
        {PULIH_plan_cause_extension, PULIH_extension_external, 0, PULIH_standing_superseded},
        {PULIH_plan_cause_policy, 0, 0, PULIH_standing_superseded},
        {PULIH_plan_cause_agreement, PULIH_extension_documents, 3, PULIH_standing_renegotiated},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct told t = {0};
        say_complaint(&t, 0);
        say_acknowledged(&t, AT(1), AT(24));
        say_planned(&t, AT(10), rows[i].cause, rows[i].extension, rows[i].consent);
        say_informed(&t, AT(11), AT(48));
        read_at(&t, AT(4), AT(12));
        assert_int_equal(t.ledger.n, 3);
        expect(&t, 1, PULIH_deadline_resolution, rows[i].standing, AT(11));
        assert_int_equal(entry(&t, 1)->cause, rows[i].cause);
        assert_int_equal(entry(&t, 1)->extension, rows[i].extension);
        assert_int_equal(entry(&t, 1)->consent, rows[i].consent);
        expect(&t, 2, PULIH_deadline_resolution, PULIH_standing_open, 0);
        assert_int_equal(entry(&t, 2)->due_us, AT(48));
        assert_int_equal(entry(&t, 2)->letter, 7);
        pulih_arena_free(&t.arena);
    }
}

/* No agreement mends what was broken before it. */
static void a_broken_promise_stays_broken(void **state)
{
    struct told t = {0};

    (void)state;
    say_complaint(&t, 0);
    say_acknowledged(&t, AT(1), AT(24));
    say_planned(&t, AT(25), PULIH_plan_cause_agreement, PULIH_extension_documents, 3);
    say_informed(&t, AT(25), AT(48));
    say_carried_out(&t, AT(40), AT(60));
    read_at(&t, AT(4), AT(41));
    expect(&t, 1, PULIH_deadline_resolution, PULIH_standing_broken, AT(24));
    assert_true(entry(&t, 1)->replaced);
    assert_int_equal(entry(&t, 1)->done_us, 0);
    assert_int_equal(entry(&t, 1)->cause, 0);
    expect(&t, 2, PULIH_deadline_resolution, PULIH_standing_kept, AT(40));
    pulih_arena_free(&t.arena);
}

/* Who is asked whether all is well and says no has not got what was promised. */
static void an_obstacle_undoes_what_was_kept(void **state)
{
    struct pulih_obstacle_found obstacle = {0};
    struct told t = {0};

    (void)state;
    say_complaint(&t, 0);
    say_acknowledged(&t, AT(1), AT(24));
    say_carried_out(&t, AT(10), AT(60));
    PULIH_SET(&obstacle, obstacle_found, letter, 5);
    say(&t, AT(12), PULIH_M_obstacle_found, &obstacle);
    read_at(&t, AT(4), AT(13));
    expect(&t, 1, PULIH_deadline_resolution, PULIH_standing_open, 0);
    assert_int_equal(entry(&t, 1)->done_us, 0);
    expect(&t, 2, PULIH_deadline_silence, PULIH_standing_kept, AT(12));
    read_at(&t, AT(4), AT(25));
    expect(&t, 1, PULIH_deadline_resolution, PULIH_standing_broken, AT(24));
    say_carried_out(&t, AT(20), AT(60));
    read_at(&t, AT(4), AT(25));
    expect(&t, 1, PULIH_deadline_resolution, PULIH_standing_kept, AT(20));
    pulih_arena_free(&t.arena);
}

/* What is withdrawn is owed no more; it was not kept by that. */
static void closing_ends_what_is_open(void **state)
{
    struct pulih_closed closed = {0};
    struct told t = {0};

    (void)state;
    PULIH_SET(&closed, closed, closure, PULIH_closure_withdrawn);
    say_complaint(&t, AT(20));
    say_acknowledged(&t, AT(5), AT(24));
    say(&t, AT(22), PULIH_M_closed, &closed);
    read_at(&t, AT(4), AT(100));
    assert_int_equal(t.ledger.n, 3);
    expect(&t, 0, PULIH_deadline_plan, PULIH_standing_broken, AT(4));
    assert_int_equal(entry(&t, 0)->done_us, AT(5));
    expect(&t, 1, PULIH_deadline_customer, PULIH_standing_passed, AT(20));
    expect(&t, 2, PULIH_deadline_resolution, PULIH_standing_superseded, AT(22));
    pulih_arena_free(&t.arena);
}

/* The customer's date is one of its own: no plan of ours replaces it, and what was past is none. */
static void the_customers_own_date_stands_beside_ours(void **state)
{
    struct told t = {0}, past = {0};

    (void)state;
    say_complaint(&t, AT(20));
    say_acknowledged(&t, AT(1), AT(24));
    say_planned(&t, AT(10), PULIH_plan_cause_agreement, PULIH_extension_documents, 3);
    say_informed(&t, AT(11), AT(48));
    read_at(&t, 0, AT(12));
    assert_int_equal(t.ledger.n, 3);
    expect(&t, 0, PULIH_deadline_customer, PULIH_standing_open, 0);
    assert_int_equal(entry(&t, 0)->to, PULIH_party_company);
    assert_int_equal(entry(&t, 0)->by, PULIH_party_company);
    read_at(&t, 0, AT(21));
    expect(&t, 0, PULIH_deadline_customer, PULIH_standing_passed, AT(20)); /* we promised nothing */
    say_complaint(&past, AT(0) - 1);
    read_at(&past, 0, AT(1));
    assert_int_equal(past.ledger.n, 0);
    pulih_arena_free(&t.arena);
    pulih_arena_free(&past.arena);
}

/* A post is told two dates by one letter, which another event announces. */
static void posts_are_told_dates_too(void **state)
{
    struct pulih_reprimanded reprimanded = {0};
    struct pulih_taken_on taken_on = {0};
    struct told t = {0};

    (void)state;
    PULIH_SET(&reprimanded, reprimanded, level, 1);
    PULIH_SET(&reprimanded, reprimanded, post, PULIH_VIEW("Kepala Regu Layanan"));
    PULIH_SET(&reprimanded, reprimanded, person, PULIH_VIEW("K201"));
    PULIH_SET(&reprimanded, reprimanded, deadline, PULIH_deadline_resolution);
    PULIH_SET(&reprimanded, reprimanded, missed_at, AT(24));
    PULIH_SET(&reprimanded, reprimanded, acknowledge_by, AT(26));
    PULIH_SET(&reprimanded, reprimanded, due_at, AT(30));
    PULIH_SET(&taken_on, taken_on, level, 1);
    PULIH_SET(&taken_on, taken_on, actor, PULIH_VIEW("K201"));
    PULIH_SET(&taken_on, taken_on, due_at, AT(30));
    say_complaint(&t, 0);
    say(&t, AT(25), PULIH_M_reprimanded, &reprimanded);
    say_letter(&t, AT(25), PULIH_letter_page, 8);
    say_letter(&t, AT(25), PULIH_letter_reprimand, 9);
    say(&t, AT(26), PULIH_M_taken_on, &taken_on);
    read_at(&t, 0, AT(29));
    assert_int_equal(t.ledger.n, 2);
    expect(&t, 0, PULIH_deadline_acknowledge, PULIH_standing_kept, AT(26));
    expect(&t, 1, PULIH_deadline_reprimand, PULIH_standing_open, 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(entry(&t, i)->letter, 9);
        assert_int_equal(entry(&t, i)->to, PULIH_party_post);
        assert_true(pulih_view_is(entry(&t, i)->post, "Kepala Regu Layanan"));
        assert_true(pulih_view_is(entry(&t, i)->person, "K201"));
    }
    read_at(&t, 0, AT(31));
    expect(&t, 1, PULIH_deadline_reprimand, PULIH_standing_broken, AT(30));
    pulih_arena_free(&t.arena);
}

/* What meets a clock keeps the date that a post was warned of, and no other does. */
static void what_meets_a_clock_keeps_its_date(void **state)
{
    static const struct {
        uint16_t deadline, contact, milestone;
        int64_t reached_us;
        int64_t kept_us; /* 0: not */
    } rows[] = {
        {PULIH_deadline_update, PULIH_contact_told, 0, 0, AT(6)},
        {PULIH_deadline_update, PULIH_contact_asked, 0, 0, 0},
        {PULIH_deadline_resolution, PULIH_contact_told, 0, 0, 0},
        {PULIH_deadline_final, 0, PULIH_milestone_final_response, 0, AT(6)},
        {PULIH_deadline_final, 0, PULIH_milestone_final_response, AT(4), AT(4)},
        {PULIH_deadline_final, 0, PULIH_milestone_holding_reply, 0, 0},
        {PULIH_deadline_forward, 0, PULIH_milestone_final_response, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct pulih_warned warned = {0};
        struct pulih_contact contact = {0};
        struct pulih_milestone milestone = {0};
        struct told t = {0};
        PULIH_SET(&warned, warned, deadline, rows[i].deadline);
        PULIH_SET(&warned, warned, due_at, AT(8));
        PULIH_SET(&warned, warned, level, 0);
        PULIH_SET(&warned, warned, post, PULIH_VIEW("Kepala Regu Layanan"));
        PULIH_SET(&contact, contact, contact, rows[i].contact);
        PULIH_SET(&milestone, milestone, milestone, rows[i].milestone);
        PULIH_SET(&milestone, milestone, actor, PULIH_VIEW("A-1"));
        if (rows[i].reached_us)
            PULIH_SET(&milestone, milestone, at, rows[i].reached_us);
        say_complaint(&t, 0);
        say(&t, AT(5), PULIH_M_warned, &warned);
        if (rows[i].contact)
            say(&t, AT(6), PULIH_M_contact, &contact);
        else
            say(&t, AT(6), PULIH_M_milestone, &milestone);
        read_at(&t, 0, AT(7));
        assert_int_equal(t.ledger.n, 1);
        expect(&t, 0, rows[i].deadline, rows[i].kept_us ? PULIH_standing_kept : PULIH_standing_open,
               rows[i].kept_us);
        pulih_arena_free(&t.arena);
    }
}

/* What an obstacle may undo meets no clock: that one runs until the complaint is closed. */
static void what_may_be_undone_meets_no_clock(void **state)
{
    uint16_t met_by[PULIH_CLOCK_EVENTS_MAX];

    (void)state;
    for (unsigned deadline = 0; deadline < UINT8_MAX; deadline++) {
        size_t n = pulih_met_by((uint16_t)deadline, met_by);
        if (pulih_is_undone_by((uint16_t)deadline, PULIH_M_obstacle_found))
            assert_int_equal(n, 0);
        for (size_t i = 0; i < n; i++)
            assert_true(pulih_is_done_by((uint16_t)deadline, met_by[i]));
    }
    assert_int_equal(pulih_met_by(PULIH_deadline_resolution, met_by), 0);
    assert_int_equal(pulih_met_by(PULIH_deadline_update, met_by), 11);
    assert_int_equal(pulih_met_by(PULIH_deadline_data_stop, met_by), 1);
    assert_int_equal(met_by[0], PULIH_CLOCK_MILESTONE(PULIH_milestone_processing_stopped));
}

/* An event whose body is not there, or is of a later version, tells no date. */
static void what_cannot_be_read_tells_nothing(void **state)
{
    struct told t = {0};

    (void)state;
    say_complaint(&t, 0);
    say(&t, AT(1), PULIH_M_acknowledged, NULL);
    t.event[t.n++] = (struct pulih_told){.version = 3, .m = PULIH_M_N, .at_us = AT(2)};
    read_at(&t, AT(4), AT(5));
    assert_int_equal(t.ledger.n, 1);
    expect(&t, 0, PULIH_deadline_plan, PULIH_standing_kept, AT(1));
    pulih_ledger_read(NULL, 0, AT(4), AT(5), &t.arena, &t.ledger);
    assert_int_equal(t.ledger.n, 0);
    pulih_arena_free(&t.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_receipt_promises_a_plan),
        cmocka_unit_test(promises_are_kept_to_the_last_moment),
        cmocka_unit_test(another_date_takes_its_place),
        cmocka_unit_test(a_broken_promise_stays_broken),
        cmocka_unit_test(an_obstacle_undoes_what_was_kept),
        cmocka_unit_test(closing_ends_what_is_open),
        cmocka_unit_test(the_customers_own_date_stands_beside_ours),
        cmocka_unit_test(posts_are_told_dates_too),
        cmocka_unit_test(what_meets_a_clock_keeps_its_date),
        cmocka_unit_test(what_may_be_undone_meets_no_clock),
        cmocka_unit_test(what_cannot_be_read_tells_nothing),
    };

    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
