/* The life of a complaint: the table as the daemons look it up, against the rows read one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/life.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct {
    const char *name;
    int number;
    enum pulih_state_kind kind;
    const char *doc;
} states[] = {
#define STATE(name, number, kind, doc) {#name, number, PULIH_STATE_IS_##kind, doc},
#define MOVE(...)
#define OVER(...)
#include "pulih/tbl/life.tbl.h"
};

static const struct {
    int from;
    enum pulih_m step;
    int to;
    const char *because;
} moves[] = {
#define STATE(...)
#define MOVE(from, step, to, because) {PULIH_STATE_##from, PULIH_M_##step, PULIH_STATE_##to, because},
#define OVER(...)
#include "pulih/tbl/life.tbl.h"
};

static const struct {
    const char *overlay;
    const char *from;
    enum pulih_m step;
    const char *to;
    const char *because;
} overs[] = {
#define STATE(...)
#define MOVE(...)
#define OVER(overlay, from, step, to, because) {#overlay, #from, PULIH_M_##step, #to, because},
#include "pulih/tbl/life.tbl.h"
};

/* Index of the row, or COUNT(moves). */
static size_t row_of(int from, enum pulih_m step)
{
    for (size_t i = 0; i < COUNT(moves); i++)
        if (moves[i].from == from && moves[i].step == step)
            return i;
    return COUNT(moves);
}

static void names_every_state(void **state)
{
    (void)state;
    assert_int_equal(COUNT(states), PULIH_STATE_N);
    for (size_t i = 0; i < COUNT(states); i++) {
        const struct pulih_state_row *row = &pulih_states[states[i].number];
        assert_string_equal(row->name, states[i].name);
        assert_int_equal(row->kind, states[i].kind);
        assert_string_equal(row->doc, states[i].doc);
    }
}

static void leads_where_the_rows_say(void **state)
{
    (void)state;
    assert_true(COUNT(moves) > 50);
    for (size_t i = 0; i < COUNT(moves); i++) {
        int after = pulih_life_after(moves[i].from, moves[i].step);
        const char *because = pulih_life_because(moves[i].from, moves[i].step);
        if (after != moves[i].to || !because || strcmp(because, moves[i].because) != 0)
            fail_msg("%s in %s leads to %d because \"%s\"", pulih_message(moves[i].step)->name,
                     pulih_states[moves[i].from].name, after, because ? because : "(none)");
    }
}

static void refuses_what_is_no_row(void **state)
{
    size_t refused = 0;

    (void)state;
    for (int from = 0; from < PULIH_STATE_N; from++)
        for (int m = 0; m < PULIH_M_N; m++) {
            enum pulih_m step = (enum pulih_m)m;
            if (pulih_life_is_mail(step) || row_of(from, step) < COUNT(moves))
                continue;
            if (pulih_life_after(from, step) != -1 || pulih_life_because(from, step))
                fail_msg("%s in %s is no row", pulih_message(step)->name, pulih_states[from].name);
            refused++;
        }
    assert_true(refused > COUNT(moves));
}

/* The CHECK of the chronology and the look-up of the next message go by the numbers 33 to 63, and 31. */
static void mail_is_what_its_number_says(void **state)
{
    size_t n = 0;

    (void)state;
    for (int m = 0; m < PULIH_M_N; m++) {
        const struct pulih_message *row = pulih_message((enum pulih_m)m);
        bool by_role = m != PULIH_M_complaint && (row->role == PULIH_ROLE_IN || row->role == PULIH_ROLE_TICK);
        bool by_number = row->wire == 31 || (row->wire >= 33 && row->wire <= 63);
        bool is_mail = pulih_life_is_mail((enum pulih_m)m);
        if (is_mail != by_role || is_mail != by_number)
            fail_msg("%s, number %d: mail %d", row->name, row->wire, is_mail);
        n += is_mail;
    }
    assert_true(n >= 16);
}

static void mail_waits_in_every_state(void **state)
{
    (void)state;
    for (int from = 0; from < PULIH_STATE_N; from++)
        for (int m = 0; m < PULIH_M_N; m++) {
            if (!pulih_life_is_mail((enum pulih_m)m))
                continue;
            assert_int_equal(pulih_life_after(from, (enum pulih_m)m), from);
            assert_null(pulih_life_because(from, (enum pulih_m)m));
        }
}

/* A mail message has an owner that is a stage; a step has a stage that writes it. */
static void messages_have_owners(void **state)
{
    (void)state;
    for (int m = 0; m < PULIH_M_N; m++) {
        const struct pulih_message *row = pulih_message((enum pulih_m)m);
        if (pulih_life_is_mail((enum pulih_m)m) &&
            (row->to < PULIH_STAGE_classification || row->to > PULIH_STAGE_followup))
            fail_msg("%s goes to %d", row->name, row->to);
        if (row->role == PULIH_ROLE_STEP && (row->from == PULIH_STAGE_none || row->from == row->to))
            fail_msg("%s comes from %d", row->name, row->from);
    }
}

/* What a stage writes goes on to a later one, so that no message runs in a circle; at rest only the last one
 * lets go. */
static void steps_run_downhill(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(moves); i++) {
        const struct pulih_message *row = pulih_message(moves[i].step);
        if (row->from != PULIH_STAGE_any && row->to != PULIH_STAGE_none && row->to <= row->from &&
            moves[i].step != PULIH_M_complaint)
            fail_msg("%s goes back", row->name);
        if (row->to == PULIH_STAGE_none && row->from != PULIH_STAGE_followup)
            fail_msg("%s is nobody's", row->name);
    }
}

/* Wherever a message may wait for its owner, the owner must be able to say no. */
static void says_no_wherever_it_rests(void **state)
{
    (void)state;
    for (int from = 0; from < PULIH_STATE_N; from++) {
        int after = pulih_life_after(from, PULIH_M_message_refused);
        if (pulih_states[from].kind == PULIH_STATE_IS_passing)
            assert_int_equal(after, -1);
        else
            assert_int_equal(after, from);
    }
}

static void nothing_is_written_before_the_complaint(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(moves); i++) {
        assert_int_not_equal(moves[i].to, PULIH_STATE_none);
        assert_int_equal(moves[i].from == PULIH_STATE_none, moves[i].step == PULIH_M_complaint);
    }
}

/* What the clock and the ladder do beside the life is allowed by the life in some state, and changes none. */
static void overlays_run_beside_the_life(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(overs); i++) {
        size_t found = 0;
        for (int from = 0; from < PULIH_STATE_N; from++)
            found += pulih_life_after(from, overs[i].step) >= 0;
        if (!found)
            fail_msg("%s %s: no state allows %s", overs[i].overlay, overs[i].from,
                     pulih_message(overs[i].step)->name);
        for (size_t j = 0; j < i; j++)
            if (strcmp(overs[j].overlay, overs[i].overlay) == 0 &&
                strcmp(overs[j].from, overs[i].from) == 0 && overs[j].step == overs[i].step)
                fail_msg("%s %s: two rows for one step", overs[i].overlay, overs[i].from);
        assert_int_not_equal(strlen(overs[i].because), 0);
        assert_int_not_equal(strlen(overs[i].to), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_state),
        cmocka_unit_test(leads_where_the_rows_say),
        cmocka_unit_test(refuses_what_is_no_row),
        cmocka_unit_test(mail_is_what_its_number_says),
        cmocka_unit_test(mail_waits_in_every_state),
        cmocka_unit_test(messages_have_owners),
        cmocka_unit_test(steps_run_downhill),
        cmocka_unit_test(says_no_wherever_it_rests),
        cmocka_unit_test(nothing_is_written_before_the_complaint),
        cmocka_unit_test(overlays_run_beside_the_life),
    };

    return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
