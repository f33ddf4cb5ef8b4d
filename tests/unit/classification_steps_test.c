/* Steps of classification: from a complaint to its kind, and a person's correction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/classify.h"
#include "tests/lib/desk.h"

/* The handlers as the daemon has them. */
int daemon_main(int argc, char **argv);
#define main daemon_main
#include "services/classification/main.c"
#undef main

static struct desk *open_desk(int state)
{
    return desk_open(PULIH_STAGE_classification, classification_handlers,
                     PULIH_COUNT(classification_handlers), state);
}

static struct pulih_complaint complaint_of(const char *story)
{
    struct pulih_complaint msg = {0};

    PULIH_SET(&msg, complaint, story, pulih_view_of(story));
    PULIH_SET(&msg, complaint, channel, PULIH_channel_email);
    return msg;
}

static int16_t axis_value(const struct pulih_row_classification *row, int axis)
{
    const struct pulih_table_row *table = &pulih_tables[PULIH_T_classification];

    for (size_t c = 0; c < table->n_columns; c++)
        if (strcmp(table->columns[c].name, pulih_axes[axis].name) == 0)
            return *(const int16_t *)(const void *)((const char *)row + table->columns[c].offset);
    fail_msg("no column %s", pulih_axes[axis].name);
    return -1;
}

/* --- a new complaint -------------------------------------------------------------------------------------- */

static void expect_event_of_row(const struct desk *d, bool by_person)
{
    struct pulih_classified msg;
    int after = pulih_life_after(d->before.state, PULIH_M_classified);

    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_classified, after, &msg);
    assert_int_equal(msg.language, d->row.language);
    assert_int_equal(msg.category, d->row.category);
    assert_true(
        pulih_view_is(msg.department, pulih_vocabulary_text(&d->policy->vocabulary, PULIH_WORDS_department,
                                                            (uint16_t)d->row.department)));
    assert_int_equal(msg.tier, d->row.tier);
    assert_int_equal(msg.unsure, d->row.unsure);
    assert_int_equal(msg.by_person, by_person);
    assert_true(pulih_view_is(msg.policy, d->policy->version));
}

static const struct pulih_row_classification *the_row(const struct desk *d)
{
    const struct pulih_row_classification *row = PULIH_ROWS(&d->rows, classification);

    assert_int_equal(desk_count(d, PULIH_T_classification), 1);
    assert_int_equal(pulih_id_compare(&row->complaint, &d->row.id), 0);
    assert_int_equal(row->shard, d->row.shard);
    assert_int_equal(row->version, d->row.version); /* of the event that tells it */
    assert_int_equal(row->confidence.len, PULIH_AXIS_N);
    assert_true(pulih_view_is(row->policy, d->policy->version));
    return row;
}

static void expect_reasons(const struct pulih_row_classification *row, const struct pulih_classification *c)
{
    struct pulih_reasons reasons;
    struct pulih_fault fault;
    struct pulih_vote vote;
    uint32_t n = 0;

    assert_true(pulih_msg_decode(PULIH_M_reasons, row->evidence, &reasons, &fault));
    assert_int_equal(reasons.items.n, c->n_evidence < 20 ? c->n_evidence : 20);
    for (struct pulih_view at = reasons.items.raw; pulih_list_next(PULIH_M_vote, &at, &vote); n++) {
        assert_true(pulih_view_is(vote.axis, pulih_axes[c->evidence[n].axis].name));
        assert_int_equal(vote.value, c->evidence[n].value);
        assert_int_equal(vote.weight, c->evidence[n].weight);
        assert_true(pulih_view_is(vote.rule, c->evidence[n].rule));
        assert_int_equal(vote.at, c->evidence[n].at);
        assert_int_equal(vote.len, c->evidence[n].len);
    }
    assert_int_equal(n, reasons.items.n);
}

/* What the step writes is what the policy's rules say of text and facts, all of it. */
static void expect_as_classified(struct desk *d, const struct pulih_complaint *msg)
{
    struct pulih_classification c;
    struct pulih_classify_facts facts = {
        .story = msg->story,
        .expected_outcome = msg->expected_outcome,
        .language = msg->language,
        .reporter = msg->reporter,
        .customer_kind = msg->customer_kind,
        .channel = msg->channel,
        .claimed_amount = msg->claimed_amount,
        .earlier_contacts = msg->earlier_contacts,
        .has_customer_deadline = PULIH_HAS(msg, complaint, customer_deadline),
    };

    pulih_classify(d->policy, &facts, &c);
    assert_int_equal(desk_event(d, PULIH_M_complaint, msg), PULIH_DONE);
    expect_event_of_row(d, false);
    const struct pulih_row_classification *row = the_row(d);
    for (int a = 0; a < PULIH_AXIS_N; a++) {
        if (axis_value(row, a) != c.value[a] || (uint8_t)row->confidence.at[a] != c.confidence[a])
            fail_msg("axis %s: %d", pulih_axes[a].name, axis_value(row, a));
    }
    expect_reasons(row, &c);
    assert_null(row->actor.at);
    assert_int_equal(d->row.language, c.value[PULIH_AXIS_language]);
    assert_int_equal(d->row.category, c.value[PULIH_AXIS_category]);
    assert_int_equal(d->row.department, c.value[PULIH_AXIS_department]);
    assert_int_equal(d->row.tier, c.value[PULIH_AXIS_tier]);
    assert_int_equal(d->row.gravity, c.value[PULIH_AXIS_gravity]);
    assert_int_equal(d->row.unsure, c.unsure);
}

static void classifies_complaints(void **state)
{
    static const struct {
        const char *story;
        const char *wish;
        uint16_t language;
        uint64_t claimed_amount, earlier_contacts;
        bool has_deadline;
    } rows[] = {
        {"Paket saya terlambat dua minggu dan kurirnya tidak bisa dihubungi. Saya sangat kecewa!", NULL, 0, 0,
         0, false},
        {"My parcel is two weeks late and nobody answers the phone.", "I want my money back.", 0, 350000, 3,
         false},
        {"Petugas meminta uang suap supaya permohonan saya diproses.", NULL, PULIH_language_id, 0, 0, true},
        {"The heater caught fire and my child was nearly hurt.", NULL, PULIH_language_en, 0, 0, false},
        {"Saya ditagih dua kali untuk transaksi yang sama.", "Kembalikan uang saya", 0, 90000000000, 100000,
         true},
        {"???", NULL, 0, 0, 0, false},
        {"", NULL, 0, 0, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(PULIH_STATE_received);
        struct pulih_complaint msg = complaint_of(rows[i].story);
        if (rows[i].wish)
            PULIH_SET(&msg, complaint, expected_outcome, pulih_view_of(rows[i].wish));
        if (rows[i].language)
            PULIH_SET(&msg, complaint, language, rows[i].language);
        if (rows[i].claimed_amount)
            PULIH_SET(&msg, complaint, claimed_amount, rows[i].claimed_amount);
        if (rows[i].earlier_contacts)
            PULIH_SET(&msg, complaint, earlier_contacts, rows[i].earlier_contacts);
        if (rows[i].has_deadline)
            PULIH_SET(&msg, complaint, customer_deadline, d->now_us + DESK_DAY);
        expect_as_classified(d, &msg);
        desk_close(d);
    }
}

/* The rules say something about a plain text, or the test above compares nothing with nothing. */
static void finds_what_is_plain(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_received);
    struct pulih_complaint msg =
        complaint_of("Paket saya terlambat dua minggu, padahal sudah saya bayar. Tolong segera dikirim.");

    (void)state;
    assert_int_equal(desk_event(d, PULIH_M_complaint, &msg), PULIH_DONE);
    assert_int_equal(d->row.language, PULIH_language_id);
    assert_int_equal(d->row.department, PULIH_department_delivery);
    assert_int_equal(d->item.to, PULIH_STAGE_escalation);
    assert_true(the_row(d)->evidence.len > 10);
    desk_close(d);
}

static void asks_a_person_when_unsure(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_received);
    struct pulih_complaint msg = complaint_of("qwertz");
    struct pulih_classified classified;

    (void)state;
    assert_int_equal(desk_event(d, PULIH_M_complaint, &msg), PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_classified, PULIH_STATE_classified, &classified);
    assert_int_equal(d->row.unsure, 1);
    assert_true(classified.unsure);
    desk_close(d);
}

/* Erased content is no reason to stop: what is open is classified, and a person is asked. */
static void classifies_without_its_text(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_received);
    struct pulih_complaint msg = complaint_of("gone");
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};

    (void)state;
    pulih_msg_encode(PULIH_M_complaint, &msg, PULIH_CLASS_OPEN, &body);
    assert_int_equal(desk_bytes(d, PULIH_M_complaint, pulih_view_of_buf(&body), (struct pulih_view){0}),
                     PULIH_DONE);
    assert_int_equal(d->row.unsure, 1);
    desk_close(d);
}

static void gives_up_what_it_cannot_read(void **state)
{
    static const struct {
        enum pulih_m m;
        struct pulih_view body, text;
        const char *reason;
    } rows[] = {
        {PULIH_M_complaint, {"", 0}, {0}, "the stored complaint cannot be read"},
        {PULIH_M_complaint, {"\x81", 1}, {0}, "the stored complaint cannot be read"},
        {PULIH_M_complaint, {"\x80", 1}, {0}, "the stored complaint cannot be read"}, /* channel is missing */
        {PULIH_M_complaint,
         {"\x81\xa7"
          "channel\xa5"
          "email",
          15},
         {"\xc1", 1},
         "the stored complaint cannot be read"},
        {PULIH_M_reclassified, {"\x90", 1}, {0}, "the stored correction cannot be read"},
        {PULIH_M_reclassified, {"\x80", 1}, {0}, "the stored correction cannot be read"},
        {PULIH_M_planned, {"\x80", 1}, {0}, "no handler for this type here"},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d =
            open_desk(rows[i].m == PULIH_M_reclassified ? PULIH_STATE_acknowledged : PULIH_STATE_received);
        desk_bytes(d, rows[i].m, rows[i].body, rows[i].text);
        desk_expect_never(d, rows[i].reason);
        desk_close(d);
    }
}

static void classifies_at_its_time_only(void **state)
{
    static const int states[] = {PULIH_STATE_none,     PULIH_STATE_classified, PULIH_STATE_planned,
                                 PULIH_STATE_verified, PULIH_STATE_thanked,    PULIH_STATE_closed};
    struct pulih_complaint msg = complaint_of("x");

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(states); i++) {
        struct desk *d = open_desk(states[i]);
        desk_event(d, PULIH_M_complaint, &msg);
        desk_expect_never(d, "the complaint is not in a state to be classified");
        desk_close(d);
    }
}

/* --- a person's correction --------------------------------------------------------------------------------- */

/* Sets one axis of a correction; the words' numbers stand in the order of the fields. */
static struct pulih_reclassified correction_of(size_t which)
{
    struct pulih_reclassified msg = {0};

    PULIH_SET(&msg, reclassified, actor, PULIH_VIEW("B2"));
    PULIH_SET(&msg, reclassified, why, PULIH_VIEW("read it"));
    switch (which) {
    case 0:
        PULIH_SET(&msg, reclassified, category, PULIH_category_unusual);
        break;
    case 1:
        PULIH_SET(&msg, reclassified, department, PULIH_VIEW("payment"));
        break;
    case 2:
        PULIH_SET(&msg, reclassified, reason, PULIH_reason_billing);
        break;
    case 3:
        PULIH_SET(&msg, reclassified, root_cause, PULIH_root_cause_no_owner);
        break;
    case 4:
        PULIH_SET(&msg, reclassified, size, PULIH_size_big);
        break;
    case 5:
        PULIH_SET(&msg, reclassified, tier, PULIH_tier_complex);
        break;
    case 6:
        PULIH_SET(&msg, reclassified, language, PULIH_language_en);
        break;
    case 7:
        PULIH_SET(&msg, reclassified, sub_reason, PULIH_sub_reason_wrong_charge);
        break;
    default: /* nothing */
        break;
    }
    return msg;
}

static const struct {
    enum pulih_axis axis;
    uint16_t value;
    size_t column; /* in the complaint's row; 0: has none */
} corrections[] = {
    {PULIH_AXIS_category, PULIH_category_unusual, offsetof(struct pulih_row_complaint, category)},
    {PULIH_AXIS_department, PULIH_department_payment, offsetof(struct pulih_row_complaint, department)},
    {PULIH_AXIS_reason, PULIH_reason_billing, 0},
    {PULIH_AXIS_root_cause, PULIH_root_cause_no_owner, 0},
    {PULIH_AXIS_size, PULIH_size_big, 0},
    {PULIH_AXIS_tier, PULIH_tier_complex, offsetof(struct pulih_row_complaint, tier)},
    {PULIH_AXIS_language, PULIH_language_en, offsetof(struct pulih_row_complaint, language)},
    {PULIH_AXIS_sub_reason, PULIH_sub_reason_wrong_charge, 0},
};

static void corrects_one_axis_and_leaves_the_others(void **state)
{
    (void)state;
    for (size_t i = 0; i <= PULIH_COUNT(corrections); i++) {
        struct desk *d = open_desk(PULIH_STATE_acknowledged);
        struct pulih_reclassified msg = correction_of(i);
        struct pulih_row_complaint expected = d->row;
        bool any = i < PULIH_COUNT(corrections);
        expected.gravity = d->row.gravity = 1 << (PULIH_gravity_safety - 1);
        d->row.unsure = 1;
        if (any && corrections[i].column)
            memcpy((char *)&expected + corrections[i].column, &corrections[i].value, sizeof(int16_t));
        assert_int_equal(desk_mail(d, PULIH_M_reclassified, &msg), PULIH_DONE);
        expect_event_of_row(d, true);
        const struct pulih_row_classification *row = the_row(d);
        for (int a = 0; a < PULIH_AXIS_N; a++) {
            bool given = any && a == (int)corrections[i].axis;
            assert_int_equal(axis_value(row, a), given ? corrections[i].value : 0);
            assert_int_equal((uint8_t)row->confidence.at[a], given ? 100 : 0);
        }
        assert_true(pulih_view_is(row->actor, "B2"));
        assert_int_equal(row->evidence.len, 0);
        assert_non_null(row->evidence.at); /* empty, and no NULL: the column must not be */
        assert_int_equal(d->row.language, expected.language);
        assert_int_equal(d->row.category, expected.category);
        assert_int_equal(d->row.department, expected.department);
        assert_int_equal(d->row.tier, expected.tier);
        assert_int_equal(d->row.gravity, expected.gravity);
        assert_int_equal(d->row.unsure, 0);
        desk_close(d);
    }
}

static void corrects_to_a_department_of_the_policy_alone(void **state)
{
    struct pulih_word own = {"warranty", 9, {"warranty", "garansi", "warranty"}};
    struct pulih_reclassified msg = {0};

    (void)state;
    PULIH_SET(&msg, reclassified, actor, PULIH_VIEW("B2"));
    PULIH_SET(&msg, reclassified, tier, PULIH_tier_simple);
    PULIH_SET(&msg, reclassified, department, PULIH_VIEW("warranty"));
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    assert_int_equal(desk_mail(d, PULIH_M_reclassified, &msg), PULIH_DONE);
    desk_expect_refused(d, "known_department");
    d->policy->vocabulary = (struct pulih_vocabulary){1, {own}};
    assert_int_equal(desk_mail(d, PULIH_M_reclassified, &msg), PULIH_DONE);
    expect_event_of_row(d, true);
    assert_int_equal(d->row.department, 9);
    assert_int_equal(the_row(d)->department, 9);
    /* A policy that drops it leaves the number where it stands, and events tell that. */
    d->policy->vocabulary.n = 0;
    msg = (struct pulih_reclassified){0};
    PULIH_SET(&msg, reclassified, actor, PULIH_VIEW("B2"));
    PULIH_SET(&msg, reclassified, tier, PULIH_tier_complex);
    d->row.state = PULIH_STATE_acknowledged;
    assert_int_equal(desk_mail(d, PULIH_M_reclassified, &msg), PULIH_DONE);
    expect_event_of_row(d, true);
    assert_int_equal(d->row.department, 9);
    desk_close(d);
}

static void corrects_in_every_open_state(void **state)
{
    static const int states[] = {PULIH_STATE_acknowledged, PULIH_STATE_approving, PULIH_STATE_offered,
                                 PULIH_STATE_accepted,     PULIH_STATE_verifying, PULIH_STATE_parked};
    struct pulih_reclassified msg = correction_of(1);

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(states); i++) {
        struct desk *d = open_desk(states[i]);
        assert_int_equal(desk_mail(d, PULIH_M_reclassified, &msg), PULIH_DONE);
        expect_event_of_row(d, true);
        assert_int_equal(d->row.state, states[i] == PULIH_STATE_parked ? PULIH_STATE_classified : states[i]);
        assert_int_equal(d->row.department, PULIH_department_payment);
        assert_int_equal(d->item.to, PULIH_STAGE_escalation);
        desk_close(d);
    }
}

static void corrects_nothing_that_is_closed(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_closed);
    struct pulih_reclassified msg = correction_of(5);

    (void)state;
    assert_int_equal(desk_mail(d, PULIH_M_reclassified, &msg), PULIH_DONE);
    desk_expect_refused(d, "open_complaint");
    assert_int_equal(d->item.to, PULIH_STAGE_followup); /* which publishes the refusal */
    desk_close(d);
}

static void takes_every_row_of_the_life(void **state)
{
    (void)state;
    desk_expect_all_taken(PULIH_STAGE_classification, PULIH_M_N);
    assert_true(desk_taken[PULIH_STATE_closed][PULIH_M_message_refused] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classifies_complaints),
        cmocka_unit_test(finds_what_is_plain),
        cmocka_unit_test(asks_a_person_when_unsure),
        cmocka_unit_test(classifies_without_its_text),
        cmocka_unit_test(gives_up_what_it_cannot_read),
        cmocka_unit_test(classifies_at_its_time_only),
        cmocka_unit_test(corrects_one_axis_and_leaves_the_others),
        cmocka_unit_test(corrects_to_a_department_of_the_policy_alone),
        cmocka_unit_test(corrects_in_every_open_state),
        cmocka_unit_test(corrects_nothing_that_is_closed),
        cmocka_unit_test(takes_every_row_of_the_life), /* last: counts what the others did */
    };

    return cmocka_run_group_tests_name("classification steps", tests, NULL, NULL);
}
