/* What climbs, and what stops it: from every rung, for every reason, and beside the ladder by `forwards`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/ladder.h"
#include "tests/lib/calendars.h"
#include "tests/lib/desk.h"

/* The handlers as the daemons have them. */
int escalation_main(int argc, char **argv);
int followup_main(int argc, char **argv);
#define main escalation_main
#include "services/escalation/main.c"
#undef main
#define main followup_main
#include "services/followup/main.c"
#undef main

enum { STORY_MAX = 100, BODY_MAX = 1000, DEADLINES_MAX = 100 };

/* A complaint that is led along by both stages, its chronology, and every deadline that was ever armed. */
struct tale {
    struct desk *d;
    struct pulih_told story[STORY_MAX];
    char bodies[STORY_MAX][BODY_MAX];
    size_t n;
    struct pulih_row_deadline armed[DEADLINES_MAX];
    size_t n_armed;
};

static void note_event(struct tale *t, enum pulih_m m, int32_t version, int state, struct pulih_view body)
{
    assert_true(t->n < STORY_MAX && body.len <= BODY_MAX);
    if (body.len)
        memcpy(t->bodies[t->n], body.at, body.len);
    t->story[t->n] = (struct pulih_told){version, m, state, t->d->now_us, {t->bodies[t->n], body.len}};
    t->n++;
}

static void note_step(struct tale *t)
{
    const struct pulih_row_event *events = PULIH_ROWS(&t->d->rows, event);
    const struct pulih_row_deadline *deadlines = PULIH_ROWS(&t->d->rows, deadline);

    for (size_t i = 0; i < desk_count(t->d, PULIH_T_event); i++)
        note_event(t, pulih_message_by_wire((uint64_t)events[i].type), events[i].version, events[i].state,
                   events[i].body);
    for (size_t i = 0; i < desk_count(t->d, PULIH_T_deadline); i++) {
        assert_true(t->n_armed < DEADLINES_MAX);
        t->armed[t->n_armed++] = deadlines[i];
    }
}

/* Mail stands in the chronology before its step, as far as clocks and forwards heed it. */
static void say(struct tale *t, enum pulih_m m, const void *msg)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    bool escalation = pulih_message(m)->to == PULIH_STAGE_escalation, mail = pulih_life_is_mail(m);
    struct desk *d = t->d;

    d->stage = escalation ? PULIH_STAGE_escalation : PULIH_STAGE_followup;
    d->handlers = escalation ? escalation_handlers : followup_handlers;
    d->n_handlers = escalation ? PULIH_COUNT(escalation_handlers) : PULIH_COUNT(followup_handlers);
    if (!mail || pulih_clocks_heed(m)) {
        pulih_msg_encode(m, msg, PULIH_CLASS_OPEN, &body);
        note_event(t, m, d->row.version + mail, d->row.state, pulih_view_of_buf(&body));
    }
    d->story = t->story;
    d->n_story = t->n;
    assert_int_equal(mail ? desk_mail(d, m, msg) : desk_event(d, m, msg), PULIH_DONE);
    note_step(t);
}

static struct tale *tell(void)
{
    struct tale *t = calloc(1, sizeof *t);

    t->d = desk_open(PULIH_STAGE_escalation, escalation_handlers, PULIH_COUNT(escalation_handlers),
                     PULIH_STATE_acknowledged);
    t->d->policy->n_forwards = 0;
    note_event(t, PULIH_M_complaint, 1, PULIH_STATE_received, (struct pulih_view){0});
    t->story[0].at_us = t->d->row.received_at;
    note_event(t, PULIH_M_acknowledged, 4, PULIH_STATE_acknowledged, (struct pulih_view){0});
    return t;
}

static void leave(struct tale *t)
{
    desk_close(t->d);
    free(t);
}

/* --- the climb and its stops -------------------------------------------------------------------------------- */

static void pass(struct tale *t, const struct pulih_row_deadline *deadline)
{
    struct pulih_deadline_passed msg = {0};

    PULIH_SET(&msg, deadline_passed, deadline, (uint16_t)deadline->kind);
    PULIH_SET(&msg, deadline_passed, due_at, deadline->due_at);
    PULIH_SET(&msg, deadline_passed, armed, (uint64_t)deadline->armed);
    say(t, PULIH_M_deadline_passed, &msg);
}

/* What the ladder waits for passes. */
static void pass_next(struct tale *t)
{
    const struct pulih_row_complaint *row = &t->d->row;
    struct pulih_row_deadline next = {
        .due_at = row->ladder_due, .kind = row->ladder_kind, .armed = row->ladder_armed};

    if (t->d->now_us < row->ladder_due)
        t->d->now_us = row->ladder_due;
    pass(t, &next);
}

static void take_on(struct tale *t)
{
    struct pulih_reprimand_acknowledged msg = {0};

    PULIH_SET(&msg, reprimand_acknowledged, actor, PULIH_VIEW("K501"));
    say(t, PULIH_M_reprimand_acknowledged, &msg);
}

static void answer(struct tale *t)
{
    struct pulih_reprimand_answered msg = {0};

    PULIH_SET(&msg, reprimand_answered, due_at, t->d->now_us + DESK_HOUR);
    PULIH_SET(&msg, reprimand_answered, answer, PULIH_VIEW("Teknisi berangkat sekarang."));
    PULIH_SET(&msg, reprimand_answered, actor, PULIH_VIEW("K501"));
    say(t, PULIH_M_reprimand_answered, &msg);
    desk_expect_event(t->d, 0, PULIH_M_reprimand_met, t->d->row.state, NULL);
}

static void hand_down(struct tale *t)
{
    struct pulih_deescalated msg = {0};

    PULIH_SET(&msg, deescalated, why, PULIH_VIEW("Regu dapat melanjutkan."));
    PULIH_SET(&msg, deescalated, actor, PULIH_VIEW("K501"));
    say(t, PULIH_M_deescalated, &msg);
    desk_expect_event(t->d, 0, PULIH_M_calmed, t->d->row.state, NULL);
}

static void withdraw(struct tale *t)
{
    struct pulih_withdrawn msg = {0};

    say(t, PULIH_M_withdrawn, &msg);
    assert_int_equal(t->d->row.state, PULIH_STATE_closed);
}

/* Each thing that may lead to the first rung. */
static const int reasons[] = {PULIH_deadline_resolution, PULIH_deadline_first_response,
                              PULIH_deadline_update,     PULIH_deadline_regulator,
                              PULIH_deadline_customer,   PULIH_deadline_transfers,
                              PULIH_deadline_undecided,  PULIH_deadline_third_party,
                              PULIH_deadline_rejected,   PULIH_deadline_ignored};
static void (*const stops[])(struct tale *) = {answer, hand_down, withdraw};

/* Armed for this reason, then nobody does anything until that rung; above the last one the ladder ends. */
static struct tale *climb_to(int reason, size_t rung, bool taken_on)
{
    struct tale *t = tell();
    struct pulih_row_complaint *row = &t->d->row;

    row->ladder_kind = (int16_t)reason;
    t->armed[t->n_armed++] = (struct pulih_row_deadline){
        .due_at = row->ladder_due, .kind = row->ladder_kind, .armed = row->ladder_armed};
    for (size_t i = 0; i < rung; i++)
        pass_next(t);
    assert_int_equal(row->ended, rung > t->d->policy->ladder.n);
    assert_int_equal(row->level, row->ended ? (int)t->d->policy->ladder.n : (int)rung);
    if (taken_on)
        take_on(t);
    return t;
}

/* None of the deadlines up to then makes the timer post anything, and if it did no step would climb. */
static void expect_moot(struct tale *t, size_t n_armed)
{
    struct pulih_row_complaint before = t->d->row;

    t->d->now_us += 90 * DESK_DAY;
    for (size_t i = 0; i < n_armed; i++) {
        assert_false(pulih_deadline_counts(&t->d->row, &t->armed[i]));
        pass(t, &t->armed[i]);
        desk_expect_refused(t->d, "running_deadline");
    }
    assert_int_equal(t->d->row.level, before.level);
    assert_int_equal(t->d->row.ended, before.ended);
    assert_int_equal(t->d->row.ladder_armed, before.ladder_armed);
    assert_int_equal(t->d->row.ladder_due, before.ladder_due);
}

static void answering_handing_down_and_closing_stop_the_climb_from_every_rung(void **state)
{
    size_t seen = 0;

    (void)state;
    for (size_t r = 0; r < PULIH_COUNT(reasons); r++)
        for (size_t s = 0; s < PULIH_COUNT(stops); s++)
            for (size_t rung = 1; rung <= 5; rung++)
                for (int taken_on = 0; taken_on < (rung <= 4 ? 2 : 1); taken_on++) {
                    struct tale *t = climb_to(reasons[r], rung, taken_on);
                    size_t n_armed = t->n_armed;
                    stops[s](t);
                    for (size_t i = n_armed; i < t->n_armed; i++) /* a new date, and the warning of it */
                        assert_true(t->armed[i].due_at > t->d->now_us &&
                                    t->armed[i].due_at <= t->d->row.ladder_due);
                    assert_true(stops[s] == withdraw || !t->d->row.ended);
                    expect_moot(t, stops[s] == withdraw ? t->n_armed : n_armed);
                    leave(t);
                    seen++;
                }
    assert_int_equal(seen, 10 * 3 * 9);
}

/* What was answered or handed down climbs again when its own date is missed, from where it stands. */
static void a_new_date_that_is_missed_climbs_by_one(void **state)
{
    (void)state;
    for (size_t rung = 1; rung <= 4; rung++)
        for (size_t s = 0; s < 2; s++) {
            struct tale *t = climb_to(PULIH_deadline_update, rung, false);
            stops[s](t);
            int16_t level = t->d->row.level;
            assert_int_equal(level, stops[s] == answer ? (int)rung : 0);
            pass_next(t);
            if (level < 4)
                assert_int_equal(t->d->row.level, level + 1);
            else
                assert_int_equal(t->d->row.ended, 1);
            leave(t);
        }
}

/* A closed complaint that is taken up again has the time that was left, on the first rung. */
static void closing_and_taking_up_again_revives_no_old_deadline(void **state)
{
    struct pulih_reopened msg = {0};

    (void)state;
    for (size_t rung = 1; rung <= 5; rung++) {
        struct tale *t = climb_to(PULIH_deadline_resolution, rung, false);
        withdraw(t);
        size_t n_armed = t->n_armed;
        say(t, PULIH_M_reopened, &msg);
        for (size_t i = 0; i < n_armed; i++)
            assert_false(pulih_deadline_counts(&t->d->row, &t->armed[i]));
        leave(t);
    }
}

/* --- forwards ------------------------------------------------------------------------------------------------ */

static void add_forward(struct tale *t, uint16_t on, uint16_t after, const char *by, const char *within,
                        const char *post)
{
    t->d->policy->forwards[t->d->policy->n_forwards++] = (struct pulih_forward){
        .on = on,
        .after = after,
        .by = by ? duration_of(by) : (struct pulih_duration){0},
        .within = within ? duration_of(within) : (struct pulih_duration){0},
        .post = post ? pulih_view_of(post) : (struct pulih_view){0},
    };
}

static void contact(struct tale *t, uint16_t contact)
{
    struct pulih_contact msg = {0};

    PULIH_SET(&msg, contact, contact, contact);
    say(t, PULIH_M_contact, &msg);
}

static void offer(struct tale *t, uint16_t remedy)
{
    struct pulih_offer_made msg = {0};

    PULIH_SET(&msg, offer_made, remedy, remedy);
    PULIH_SET(&msg, offer_made, solution, PULIH_VIEW("Penjelasan atas kejadian ini."));
    PULIH_SET(&msg, offer_made, role, PULIH_VIEW("agent"));
    PULIH_SET(&msg, offer_made, actor, PULIH_VIEW("A17"));
    say(t, PULIH_M_offer_made, &msg);
}

static void consent(struct tale *t, uint16_t answer)
{
    struct pulih_offer_answered msg = {0};

    PULIH_SET(&msg, offer_answered, answer, answer);
    say(t, PULIH_M_offer_answered, &msg);
}

/* The deadline of a forward that the last step armed; NULL: none. */
static const struct pulih_row_deadline *forward_of(const struct tale *t)
{
    const struct pulih_row_deadline *rows = PULIH_ROWS(&t->d->rows, deadline);

    for (size_t i = 0; i < desk_count(t->d, PULIH_T_deadline); i++)
        if (rows[i].kind == PULIH_deadline_forwarding)
            return &rows[i];
    return NULL;
}

static void pass_forward(struct tale *t, int64_t due_us)
{
    struct pulih_forward_passed msg = {0};

    if (t->d->now_us < due_us)
        t->d->now_us = due_us;
    PULIH_SET(&msg, forward_passed, due_at, due_us);
    say(t, PULIH_M_forward_passed, &msg);
}

static void expect_told(const struct tale *t, size_t i, const char *post, uint16_t because,
                        const char *reason)
{
    const struct pulih_row_letter *letter = &PULIH_ROWS(&t->d->rows, letter)[i];
    struct pulih_letter_written msg;

    desk_expect_event(t->d, i, PULIH_M_letter_written, t->d->row.state, &msg);
    assert_int_equal(msg.letter, PULIH_letter_handover);
    assert_true(pulih_view_is(msg.post, post));
    assert_int_equal(msg.because, because);
    assert_true(desk_says(letter->body, reason));
    assert_true(desk_says_date(t->d, letter, t->d->row.due_at));
}

static const char *const OMBUDSMAN = "Kepala Kepatuhan";

/* Said by a message or by the text itself; once, however often it is said. */
static void a_third_party_goes_to_its_handler_at_once(void **state)
{
    struct pulih_classified classified = {0};

    (void)state;
    for (int by_text = 0; by_text < 2; by_text++) {
        struct tale *t = tell();
        add_forward(t, PULIH_deadline_third_party, 1, NULL, NULL, OMBUDSMAN);
        t->d->policy->forwards[0].text = by_text;
        PULIH_SET(&classified, classified, language, PULIH_language_id);
        PULIH_SET(&classified, classified, category, (uint16_t)t->d->row.category);
        PULIH_SET(&classified, classified, department,
                  pulih_view_of(
                      pulih_vocabulary_text(NULL, PULIH_WORDS_department, (uint16_t)t->d->row.department)));
        PULIH_SET(&classified, classified, tier, (uint16_t)t->d->row.tier);
        PULIH_SET(&classified, classified, policy, PULIH_VIEW("p"));
        PULIH_SET(&classified, classified, third_party, true);
        if (by_text)
            say(t, PULIH_M_classified, &classified);
        else
            contact(t, PULIH_contact_third_party);
        const struct pulih_row_deadline *forward = forward_of(t);
        assert_non_null(forward);
        assert_int_equal(forward->due_at, t->d->now_us);
        int64_t due_us = forward->due_at;
        pass_forward(t, due_us);
        assert_int_equal(desk_count(t->d, PULIH_T_event), 1);
        expect_told(t, 0, OMBUDSMAN, PULIH_deadline_third_party, "pihak ketiga terlibat");
        pass_forward(t, due_us);
        assert_int_equal(desk_count(t->d, PULIH_T_letter), 0);
        t->d->now_us += DESK_HOUR;
        contact(t, PULIH_contact_third_party);
        assert_null(forward_of(t));
        leave(t);
    }
}

/* By row without a post; not while the clock stands, nor while a post must act already. */
static void a_third_party_climbs_by_policy(void **state)
{
    (void)state;
    for (int at = 0; at < 3; at++) {
        struct tale *t = at == 2 ? climb_to(PULIH_deadline_resolution, 1, false) : tell();
        add_forward(t, PULIH_deadline_third_party, 1, NULL, NULL, NULL);
        if (at == 1)
            offer(t, PULIH_remedy_repair);
        contact(t, PULIH_contact_third_party);
        int64_t due_us = forward_of(t)->due_at;
        int16_t kind = t->d->row.ladder_kind;
        pass_forward(t, due_us);
        if (at == 0) {
            assert_int_equal(t->d->row.ladder_due, t->d->now_us);
            assert_int_equal(t->d->row.ladder_kind, PULIH_deadline_third_party);
            pass_next(t);
            struct pulih_reprimanded msg;
            desk_expect_event(t->d, 0, PULIH_M_reprimanded, PULIH_STATE_acknowledged, &msg);
            assert_int_equal(msg.deadline, PULIH_deadline_third_party);
        } else {
            assert_int_equal(t->d->row.ladder_kind, kind);
        }
        leave(t);
    }
}

/* Rejected: nothing but an explanation is offered. By day 20 after receipt it goes to the named post. */
static void what_is_rejected_goes_to_a_named_post_by_day_n(void **state)
{
    struct tale *t = tell();
    int64_t day_20_us = due(t->d->policy->calendar, t->d->row.received_at, duration_of("20 calendar_days"));

    (void)state;
    add_forward(t, PULIH_deadline_rejected, 1, "20 calendar_days", NULL, OMBUDSMAN);
    offer(t, PULIH_remedy_explanation);
    assert_int_equal(forward_of(t)->due_at, day_20_us);
    consent(t, PULIH_answer_declined);
    pass_forward(t, day_20_us);
    expect_told(t, 0, OMBUDSMAN, PULIH_deadline_rejected, "keluhan ditolak");
    leave(t);
}

/* Until then something better was offered, consented to, or the complaint was withdrawn. */
static void what_is_settled_by_then_goes_nowhere(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct tale *t = tell();
        add_forward(t, PULIH_deadline_rejected, 1, "20 calendar_days", NULL, OMBUDSMAN);
        offer(t, PULIH_remedy_explanation);
        struct pulih_row_deadline forward = *forward_of(t);
        assert_true(pulih_deadline_counts(&t->d->row, &forward));
        if (how == 0)
            offer(t, PULIH_remedy_repair);
        else if (how == 1)
            consent(t, PULIH_answer_accepted);
        else
            withdraw(t);
        assert_int_equal(pulih_deadline_counts(&t->d->row, &forward), how < 2);
        pass_forward(t, forward.due_at);
        assert_int_equal(desk_count(t->d, PULIH_T_letter), 0);
        if (how == 2)
            desk_expect_refused(t->d, "open_complaint");
        leave(t);
    }
}

/* Rejected after that day: at once. */
static void what_is_rejected_late_goes_at_once(void **state)
{
    struct tale *t = tell();

    (void)state;
    add_forward(t, PULIH_deadline_rejected, 1, "20 calendar_days", NULL, OMBUDSMAN);
    t->d->now_us += 30 * DESK_DAY;
    offer(t, PULIH_remedy_explanation);
    assert_int_equal(forward_of(t)->due_at, t->d->now_us);
    leave(t);
}

/* The third question without a word of ours; a word counts from the beginning again. */
static void who_asks_again_and_again_is_ignored(void **state)
{
    struct tale *t = tell();

    (void)state;
    add_forward(t, PULIH_deadline_ignored, 3, NULL, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        contact(t, PULIH_contact_asked);
        assert_null(forward_of(t));
    }
    contact(t, PULIH_contact_told);
    for (int i = 0; i < 3; i++) {
        t->d->now_us += DESK_MINUTE;
        contact(t, PULIH_contact_asked);
        assert_int_equal(forward_of(t) != NULL, i == 2);
    }
    pass_forward(t, forward_of(t)->due_at);
    assert_int_equal(t->d->row.ladder_kind, PULIH_deadline_ignored);
    pass_next(t);
    assert_int_equal(t->d->row.level, 1);
    leave(t);
}

/* A question waits for so much working time; a word before that is an answer. */
static void who_waits_in_vain_is_ignored(void **state)
{
    (void)state;
    for (int answered = 0; answered < 2; answered++) {
        struct tale *t = tell();
        add_forward(t, PULIH_deadline_ignored, 1, NULL, "4 working_hours", NULL);
        contact(t, PULIH_contact_asked);
        int64_t due_us = forward_of(t)->due_at;
        assert_int_equal(due_us, due(t->d->policy->calendar, t->d->now_us, duration_of("4 working_hours")));
        t->d->now_us += DESK_HOUR;
        contact(t, answered ? PULIH_contact_told : PULIH_contact_asked);
        assert_null(forward_of(t));
        pass_forward(t, due_us);
        assert_int_equal(t->d->row.ladder_kind,
                         answered ? PULIH_deadline_resolution : PULIH_deadline_ignored);
        leave(t);
    }
}

/* Several rows of one occasion: each at its time, and each once. */
static void each_row_goes_at_its_own_time(void **state)
{
    struct tale *t = tell();

    (void)state;
    add_forward(t, PULIH_deadline_third_party, 1, NULL, NULL, OMBUDSMAN);
    add_forward(t, PULIH_deadline_third_party, 1, NULL, "2 hours", "Kepala Divisi");
    contact(t, PULIH_contact_third_party);
    int64_t first_us = forward_of(t)->due_at;
    pass_forward(t, first_us);
    assert_int_equal(desk_count(t->d, PULIH_T_letter), 1);
    expect_told(t, 0, OMBUDSMAN, PULIH_deadline_third_party, "pihak ketiga");
    assert_int_equal(forward_of(t)->due_at, first_us + 2 * DESK_HOUR);
    pass_forward(t, forward_of(t)->due_at);
    assert_int_equal(desk_count(t->d, PULIH_T_letter), 1);
    expect_told(t, 0, "Kepala Divisi", PULIH_deadline_third_party, "pihak ketiga");
    assert_null(forward_of(t));
    leave(t);
}

static void a_text_that_names_a_third_party_suffices_by_policy_only(void **state)
{
    struct tale *t = tell();
    struct pulih_told *e = &t->story[t->n];
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    struct pulih_classified msg = {0};
    struct pulih_owed owed[PULIH_FORWARDS_MAX];

    (void)state;
    PULIH_SET(&msg, classified, language, PULIH_language_id);
    PULIH_SET(&msg, classified, category, PULIH_category_mechanical);
    PULIH_SET(&msg, classified, department, PULIH_VIEW("delivery"));
    PULIH_SET(&msg, classified, tier, PULIH_tier_normal);
    PULIH_SET(&msg, classified, third_party, true);
    PULIH_SET(&msg, classified, policy, PULIH_VIEW("p"));
    pulih_msg_encode(PULIH_M_classified, &msg, PULIH_CLASS_OPEN, &body);
    *e = (struct pulih_told){5, PULIH_M_classified, PULIH_STATE_acknowledged, t->d->now_us,
                             pulih_view_of_buf(&body)};
    add_forward(t, PULIH_deadline_third_party, 1, NULL, NULL, OMBUDSMAN);
    for (int text = 0; text < 2; text++) {
        t->d->policy->forwards[0].text = text;
        assert_int_equal(pulih_forwards_owed(t->d->policy, t->d->row.received_at, t->story, t->n + 1, owed),
                         text);
    }
    leave(t);
}

static void a_closed_complaint_takes_no_contact(void **state)
{
    struct tale *t = tell();

    (void)state;
    add_forward(t, PULIH_deadline_third_party, 1, NULL, NULL, OMBUDSMAN);
    withdraw(t);
    contact(t, PULIH_contact_third_party);
    desk_expect_refused(t->d, "open_complaint");
    assert_null(forward_of(t));
    leave(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answering_handing_down_and_closing_stop_the_climb_from_every_rung),
        cmocka_unit_test(a_new_date_that_is_missed_climbs_by_one),
        cmocka_unit_test(closing_and_taking_up_again_revives_no_old_deadline),
        cmocka_unit_test(a_third_party_goes_to_its_handler_at_once),
        cmocka_unit_test(a_third_party_climbs_by_policy),
        cmocka_unit_test(what_is_rejected_goes_to_a_named_post_by_day_n),
        cmocka_unit_test(what_is_settled_by_then_goes_nowhere),
        cmocka_unit_test(what_is_rejected_late_goes_at_once),
        cmocka_unit_test(who_asks_again_and_again_is_ignored),
        cmocka_unit_test(who_waits_in_vain_is_ignored),
        cmocka_unit_test(each_row_goes_at_its_own_time),
        cmocka_unit_test(a_text_that_names_a_third_party_suffices_by_policy_only),
        cmocka_unit_test(a_closed_complaint_takes_no_contact),
    };

    return cmocka_run_group_tests_name("climb", tests, NULL, NULL);
}
