/* Steps of escalation: the plan, the ladder, pause and resumption. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/calendars.h"
#include "tests/lib/desk.h"

/* The handlers as the daemon has them. */
int daemon_main(int argc, char **argv);
#define main daemon_main
#include "services/escalation/main.c"
#undef main

static const int open_states[] = {PULIH_STATE_acknowledged, PULIH_STATE_approving, PULIH_STATE_offered,
                                  PULIH_STATE_accepted, PULIH_STATE_verifying};
/* Where it is our turn, so that the clock runs. */
static const int our_turn[] = {PULIH_STATE_acknowledged, PULIH_STATE_approving, PULIH_STATE_accepted};

static struct desk *open_desk(int state)
{
    return desk_open(PULIH_STAGE_escalation, handlers, PULIH_COUNT(handlers), state);
}

static int64_t working_us(const struct desk *d, int64_t from_us, int64_t to_us)
{
    return pulih_calendar_between(d->policy->calendar, from_us, to_us);
}

/* --- the plan ------------------------------------------------------------------------------------------------ */

static enum pulih_verdict plan(struct desk *d)
{
    struct pulih_classified msg = {0};

    PULIH_SET(&msg, classified, language, (uint16_t)d->row.language);
    PULIH_SET(&msg, classified, category, (uint16_t)d->row.category);
    PULIH_SET(&msg, classified, department, (uint16_t)d->row.department);
    PULIH_SET(&msg, classified, tier, (uint16_t)d->row.tier);
    PULIH_SET(&msg, classified, policy, pulih_view_of(d->policy->version));
    return desk_event(d, PULIH_M_classified, &msg);
}

/* The event, the promise and the complaint's row tell one date. */
static void expect_planned(const struct desk *d, int after, int64_t due_us)
{
    const struct pulih_row_promise *promise = PULIH_ROWS(&d->rows, promise);
    struct pulih_planned msg;

    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_planned, after, &msg);
    assert_int_equal(msg.due_at, due_us);
    assert_int_equal(msg.promise, d->row.promises);
    assert_true(pulih_view_same(msg.post, d->policy->answerable[d->row.department]));
    assert_true(pulih_view_is(msg.policy, d->policy->version));
    assert_int_equal(desk_count(d, PULIH_T_promise), 1);
    assert_int_equal(promise->kind, PULIH_promise_resolution);
    assert_int_equal(promise->due_at, due_us);
    assert_int_equal(promise->version, d->row.version);
    assert_int_equal(d->row.due_at, due_us);
    assert_int_equal(d->item.to, PULIH_STAGE_followup);
}

static void plans_by_tier_and_department(void **state)
{
    static const struct {
        int tier;
        int64_t due_us; /* complaint of Tuesday 16:00; now is Wednesday 09:00 */
    } tiers[] = {
        {PULIH_tier_unknown, DESK_NOW_US + 2 * DESK_DAY + 8 * DESK_HOUR}, /* as normal: Friday 17:00 */
        {PULIH_tier_simple, DESK_NOW_US + 8 * DESK_HOUR},                 /* Wednesday 17:00 */
        {PULIH_tier_normal, DESK_NOW_US + 2 * DESK_DAY + 8 * DESK_HOUR},
        {PULIH_tier_complex, DESK_NOW_US + 13 * DESK_DAY + 8 * DESK_HOUR}, /* two weekends on */
        {PULIH_tier_important, DESK_NOW_US - 9 * DESK_HOUR},               /* by midnight: over already */
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(tiers); i++)
        for (int department = 0; department < 8; department++) {
            struct desk *d = open_desk(PULIH_STATE_classified);
            d->row.tier = (int16_t)tiers[i].tier;
            d->row.department = (int16_t)department;
            assert_int_equal(plan(d), PULIH_DONE);
            expect_planned(d, PULIH_STATE_planned, tiers[i].due_us);
            const struct pulih_row_deadline *deadline = desk_deadline(d, PULIH_deadline_resolution);
            assert_int_equal(deadline->due_at, tiers[i].due_us);
            assert_int_equal(deadline->armed, d->row.version);
            assert_int_equal(d->row.ladder_due, tiers[i].due_us);
            assert_int_equal(d->row.ladder_kind, PULIH_deadline_resolution);
            assert_int_equal(d->row.level, 0);
            desk_close(d);
        }
}

/* Where the ladder's clock runs, it follows the new plan. */
/* No date is better than a wrong one: an operator sees it among the dead and mends policy or data. */
static void a_deadline_outside_of_the_calendar_is_not_made_up(void **state)
{
    static const int64_t received_us[] = {PULIH_CALENDAR_FIRST_US - 1, PULIH_CALENDAR_END_US - DESK_HOUR,
                                          INT64_MAX};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(received_us); i++) {
        struct desk *d = open_desk(PULIH_STATE_classified);
        d->row.received_at = received_us[i];
        assert_int_equal(plan(d), PULIH_NEVER);
        desk_expect_never(d, "a deadline would lie outside of the calendar");
        desk_close(d);
    }
}

static void a_new_plan_moves_the_deadline(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(our_turn); i++) {
        struct desk *d = open_desk(our_turn[i]);
        int64_t old_us = d->row.due_at;
        d->row.tier = PULIH_tier_complex;
        assert_int_equal(plan(d), PULIH_DONE);
        expect_planned(d, our_turn[i], DESK_NOW_US + 13 * DESK_DAY + 8 * DESK_HOUR);
        assert_true(d->row.due_at > old_us);
        assert_int_equal(desk_deadline(d, PULIH_deadline_resolution)->due_at, d->row.due_at);
        assert_int_equal(d->row.ladder_due, d->row.due_at);
        desk_close(d);
    }
}

/* It is the customer's turn, or paused: the new plan is known, but its clock does not run. */
static void expect_new_plan_stands(struct desk *d)
{
    int at = d->row.state;
    int16_t clock = d->row.clock;

    d->row.tier = PULIH_tier_complex;
    assert_int_equal(plan(d), PULIH_DONE);
    expect_planned(d, at, DESK_NOW_US + 13 * DESK_DAY + 8 * DESK_HOUR);
    assert_int_equal(d->row.ladder_armed, 0);
    assert_int_equal(d->row.ladder_due, 0);
    assert_int_equal(d->row.ladder_left_us, working_us(d, d->now_us, d->row.due_at));
    assert_int_equal(d->row.ladder_kind, PULIH_deadline_resolution);
    assert_int_equal(d->row.clock, clock);
    assert_int_equal(d->row.silence_armed, d->before.silence_armed);
}

static void a_new_plan_leaves_a_standing_clock_standing(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_offered);

    (void)state;
    expect_new_plan_stands(d);
    desk_set(d, PULIH_STATE_verifying);
    expect_new_plan_stands(d);
    for (size_t i = 0; i < PULIH_COUNT(our_turn); i++) {
        desk_set(d, our_turn[i]);
        d->row.clock = 1;
        d->row.ladder_armed = 0;
        d->row.ladder_due = 0;
        d->row.ladder_left_us = 5 * DESK_HOUR;
        expect_new_plan_stands(d);
    }
    desk_close(d);
}

/* A reprimand that runs keeps its own deadline; one that has no higher post is a person's. */
static void a_new_plan_leaves_reprimands_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++)
        for (int16_t ended = 0; ended < 2; ended++) {
            struct desk *d = open_desk(open_states[i]);
            d->row.level = 2;
            d->row.ended = ended;
            d->row.ladder_kind = PULIH_deadline_reprimand;
            d->row.ladder_armed = ended ? 0 : 4;
            d->row.ladder_due = ended ? 0 : d->now_us + DESK_HOUR;
            struct pulih_row_complaint expected = d->row;
            d->row.tier = PULIH_tier_complex;
            assert_int_equal(plan(d), PULIH_DONE);
            assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
            assert_int_equal(d->row.ladder_armed, expected.ladder_armed);
            assert_int_equal(d->row.ladder_due, expected.ladder_due);
            assert_int_equal(d->row.ladder_kind, expected.ladder_kind);
            assert_int_equal(d->row.level, 2);
            desk_close(d);
        }
}

static void plans_at_its_time_only(void **state)
{
    static const int states[] = {PULIH_STATE_none,     PULIH_STATE_received, PULIH_STATE_planned,
                                 PULIH_STATE_verified, PULIH_STATE_thanked,  PULIH_STATE_closed,
                                 PULIH_STATE_parked};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(states); i++) {
        struct desk *d = open_desk(states[i]);
        plan(d);
        desk_expect_never(d, "the complaint is not in a state to be planned");
        desk_close(d);
    }
}

/* --- the ladder ---------------------------------------------------------------------------------------------- */

static enum pulih_verdict pass_deadline(struct desk *d, int deadline, int64_t due_us, int32_t armed)
{
    struct pulih_deadline_passed msg = {0};

    PULIH_SET(&msg, deadline_passed, deadline, (uint16_t)deadline);
    PULIH_SET(&msg, deadline_passed, due_at, due_us);
    PULIH_SET(&msg, deadline_passed, armed, (uint64_t)armed);
    return desk_mail(d, PULIH_M_deadline_passed, &msg);
}

/* The ladder runs in this state: by its own deadline, or, when it is the customer's turn, since a silence. */
static struct desk *open_armed(int at)
{
    struct desk *d = open_desk(at);

    d->row.ladder_armed = d->row.version;
    d->row.ladder_due = d->row.due_at;
    return d;
}

static void climb_one_rung(struct desk *d, int16_t level)
{
    const struct pulih_rung *rung = &d->policy->ladder[level - 1];
    int at = d->row.state, kind = d->row.ladder_kind;
    int64_t missed_us = d->row.ladder_due;
    struct pulih_reprimanded msg;

    d->now_us = missed_us + DESK_MINUTE;
    int64_t due_us = due(d->policy->calendar, d->now_us, rung->answer_within);
    assert_int_equal(pass_deadline(d, kind, missed_us, d->row.ladder_armed), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_reprimanded, at, &msg);
    assert_int_equal(msg.level, level);
    assert_true(pulih_view_same(msg.post, rung->post));
    assert_int_equal(msg.deadline, kind);
    assert_int_equal(msg.missed_at, missed_us);
    assert_int_equal(msg.due_at, due_us);
    assert_int_equal(d->row.level, level);
    assert_int_equal(d->row.ladder_kind, PULIH_deadline_reprimand);
    assert_int_equal(d->row.ladder_due, due_us);
    assert_int_equal(desk_deadline(d, PULIH_deadline_reprimand)->due_at, due_us);
    assert_int_equal(d->item.to, PULIH_STAGE_followup);
}

static void end_of_the_ladder(struct desk *d)
{
    struct pulih_ladder_ended msg;
    int at = d->row.state;

    d->now_us = d->row.ladder_due + DESK_MINUTE;
    assert_int_equal(pass_deadline(d, PULIH_deadline_reprimand, d->row.ladder_due, d->row.ladder_armed),
                     PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_ladder_ended, at, &msg);
    assert_int_equal(msg.level, d->policy->n_rungs);
    assert_true(pulih_view_same(msg.post, d->policy->ladder[d->policy->n_rungs - 1].post));
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
    assert_int_equal(d->row.ended, 1);
    assert_int_equal(d->row.ladder_armed, 0);
    assert_int_equal(d->row.ladder_due, 0);
    assert_int_equal(d->row.level, (int)d->policy->n_rungs);
}

static void climbs_rung_by_rung_and_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++) {
        struct desk *d = open_armed(open_states[i]);
        int32_t armed = 0;
        int64_t due_us = 0;
        assert_true(d->policy->n_rungs >= 3);
        for (size_t level = 1; level <= d->policy->n_rungs; level++) {
            climb_one_rung(d, (int16_t)level);
            armed = d->row.ladder_armed;
            due_us = d->row.ladder_due;
        }
        end_of_the_ladder(d);
        /* The last deadline again, as after a crash of the timer: nothing more happens. */
        assert_int_equal(pass_deadline(d, PULIH_deadline_reprimand, due_us, armed), PULIH_DONE);
        desk_expect_refused(d, "running_deadline");
        desk_close(d);
    }
}

/* A policy with fewer rungs came into force while the ladder was being climbed: what lies behind the last one
 * is empty in it. */
static void a_shorter_ladder_ends_early(void **state)
{
    struct desk *d = open_armed(PULIH_STATE_acknowledged);
    struct pulih_ladder_ended msg;

    (void)state;
    for (int16_t level = 1; level <= 4; level++)
        climb_one_rung(d, level);
    d->policy->n_rungs = 3;
    d->policy->ladder[3] = (struct pulih_rung){0};
    assert_int_equal(pass_deadline(d, PULIH_deadline_reprimand, d->row.ladder_due, d->row.ladder_armed),
                     PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_ladder_ended, PULIH_STATE_acknowledged, &msg);
    assert_int_equal(d->row.ended, 1);
    assert_true(msg.post.len > 0);
    desk_close(d);
}

/* Somebody answered, or armed another deadline, between the timer and this step. */
static void a_deadline_that_no_longer_counts_is_moot(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++) {
        struct desk *d = open_armed(open_states[i]);
        assert_int_equal(pass_deadline(d, PULIH_deadline_resolution, d->row.due_at, d->row.ladder_armed - 1),
                         PULIH_DONE);
        desk_expect_refused(d, "running_deadline");
        desk_close(d);
    }
}

static void nothing_climbs_that_stands_or_is_over(void **state)
{
    static const int states[] = {PULIH_STATE_offered, PULIH_STATE_verifying, PULIH_STATE_closed,
                                 PULIH_STATE_parked};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(states); i++) {
        struct desk *d = open_desk(states[i]);
        assert_int_equal(pass_deadline(d, PULIH_deadline_resolution, d->now_us, 3), PULIH_DONE);
        desk_expect_refused(d, "running_deadline");
        desk_close(d);
    }
}

/* An operator parked it after its plan: the deadline that was set then does not reprimand anybody. */
static void nothing_climbs_that_is_parked(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_planned);

    (void)state;
    d->row.state = PULIH_STATE_parked;
    assert_int_equal(pass_deadline(d, PULIH_deadline_resolution, d->row.ladder_due, d->row.ladder_armed),
                     PULIH_DONE);
    desk_expect_refused(d, "running_deadline");
    desk_close(d);
}

/* --- pause and resumption ------------------------------------------------------------------------------------ */

static enum pulih_verdict pause_for(struct desk *d, int reason)
{
    struct pulih_paused msg = {0};

    PULIH_SET(&msg, paused, pause, (uint16_t)reason);
    PULIH_SET(&msg, paused, actor, PULIH_VIEW("A17"));
    return desk_mail(d, PULIH_M_paused, &msg);
}

static enum pulih_verdict resume(struct desk *d)
{
    struct pulih_resumed msg = {0};

    PULIH_SET(&msg, resumed, actor, PULIH_VIEW("A17"));
    return desk_mail(d, PULIH_M_resumed, &msg);
}

static void expect_paused(struct desk *d, int reason, int64_t left_us)
{
    int at = d->row.state;
    struct pulih_clock_paused msg;

    assert_int_equal(pause_for(d, reason), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_clock_paused, at, &msg);
    assert_int_equal(msg.pause, reason);
    assert_int_equal(msg.left_s, left_us / 1000000);
    assert_int_equal(d->row.clock, 1);
    assert_int_equal(d->row.ladder_armed, 0);
    assert_int_equal(d->row.ladder_due, 0);
    assert_int_equal(d->row.ladder_left_us, left_us);
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
}

static void expect_resumed(struct desk *d, int64_t due_us)
{
    int at = d->row.state;
    struct pulih_clock_resumed msg;

    assert_int_equal(resume(d), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_clock_resumed, at, &msg);
    assert_int_equal(msg.due_at, due_us);
    assert_int_equal(msg.promise, d->row.promises);
    assert_int_equal(d->row.clock, 0);
    assert_int_equal(d->row.ladder_due, due_us);
    assert_int_equal(d->row.ladder_left_us, 0);
    assert_int_equal(desk_deadline(d, d->row.ladder_kind)->due_at, due_us);
    const struct pulih_row_promise *promise = PULIH_ROWS(&d->rows, promise);
    assert_int_equal(desk_count(d, PULIH_T_promise), 1);
    assert_int_equal(promise->due_at, due_us);
    assert_int_equal(promise->version, d->row.version);
}

/* Two days of pause move the deadline by two days of work, wherever weekends and nights lie. */
static void keeps_the_working_time_that_is_left(void **state)
{
    static const struct {
        int64_t pause_at, resume_at, left_us, due_us; /* after Wednesday 09:00 */
    } rows[] = {
        /* 3 h to lunch less one, 4 after, and two days of 8: to Friday 17:00 that is 23 h. */
        {0, 0, 23 * DESK_HOUR, 2 * DESK_DAY + 8 * DESK_HOUR},
        {0, DESK_HOUR, 23 * DESK_HOUR, 5 * DESK_DAY},                    /* Monday 09:00 */
        {0, 2 * DESK_DAY, 23 * DESK_HOUR, 6 * DESK_DAY + 8 * DESK_HOUR}, /* Tuesday 17:00 */
        {3 * DESK_HOUR + 30 * DESK_MINUTE, 3 * DESK_HOUR + 50 * DESK_MINUTE, 20 * DESK_HOUR,
         2 * DESK_DAY + 8 * DESK_HOUR}, /* over lunch: nothing is lost */
        {12 * DESK_HOUR, 3 * DESK_DAY, 16 * DESK_HOUR,
         6 * DESK_DAY + 8 * DESK_HOUR},                                /* by night; on Saturday */
        {2 * DESK_DAY + 8 * DESK_HOUR, 5 * DESK_DAY, 0, 5 * DESK_DAY}, /* at the last moment; on Monday */
        {2 * DESK_DAY + 8 * DESK_HOUR, 4 * DESK_DAY, 0,
         4 * DESK_DAY + 23 * DESK_HOUR}, /* on Sunday: Monday 08:00 */
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        for (size_t k = 0; k < PULIH_COUNT(our_turn); k++) {
            struct desk *d = open_desk(our_turn[k]);
            d->now_us = DESK_NOW_US + rows[i].pause_at;
            expect_paused(d, PULIH_pause_documents, rows[i].left_us);
            d->now_us = DESK_NOW_US + rows[i].resume_at;
            expect_resumed(d, DESK_NOW_US + rows[i].due_us);
            assert_int_equal(d->row.due_at, DESK_NOW_US + rows[i].due_us);
            desk_close(d);
        }
}

/* Many short pauses grant no time and take none. */
static void pauses_add_up_to_nothing(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    int64_t worked_us = 0, before_us = working_us(d, d->now_us, d->row.due_at);

    (void)state;
    for (int i = 0; i < 20; i++) {
        expect_paused(d, PULIH_pause_customer, before_us - worked_us);
        d->now_us += 7 * DESK_HOUR;
        assert_int_equal(resume(d), PULIH_DONE);
        int64_t until_us = d->now_us + 37 * DESK_MINUTE;
        worked_us += working_us(d, d->now_us, until_us);
        d->now_us = until_us;
    }
    assert_int_equal(working_us(d, d->now_us, d->row.due_at), before_us - worked_us);
    desk_close(d);
}

/* Safety and life: the clock does not stop at night, so what is left is time of the wall. */
static void keeps_the_time_of_the_wall_round_the_clock(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);

    (void)state;
    d->row.tier = PULIH_tier_important;
    d->row.ladder_due = d->row.due_at = d->now_us + 5 * DESK_HOUR;
    d->now_us += 2 * DESK_HOUR;
    expect_paused(d, PULIH_pause_third_party, 3 * DESK_HOUR);
    d->now_us += 10 * DESK_HOUR;                  /* 21:00 */
    expect_resumed(d, d->now_us + 3 * DESK_HOUR); /* midnight */
    d->now_us += 4 * DESK_HOUR;                   /* and too late */
    expect_paused(d, PULIH_pause_third_party, 0);
    desk_close(d);
}

/* The clock of a reprimand stands, too, and runs on with what was left of it. */
static void a_pause_stops_a_reprimand(void **state)
{
    struct desk *d = open_armed(PULIH_STATE_acknowledged);

    (void)state;
    climb_one_rung(d, 1); /* Friday 17:01, so until Monday 12:00 */
    int64_t due_us = d->row.ladder_due;
    assert_int_equal(due_us, DESK_NOW_US + 5 * DESK_DAY + 3 * DESK_HOUR);
    d->now_us = due_us - DESK_HOUR;
    expect_paused(d, PULIH_pause_documents, DESK_HOUR);
    d->now_us = due_us;
    expect_resumed(d, due_us + 2 * DESK_HOUR); /* lunch lies between */
    assert_int_equal(d->row.ladder_kind, PULIH_deadline_reprimand);
    climb_one_rung(d, 2);
    desk_close(d);
}

static void pauses_for_reasons_of_the_policy_only(void **state)
{
    static const int reasons[] = {PULIH_pause_unknown, PULIH_pause_documents, PULIH_pause_customer,
                                  PULIH_pause_third_party};

    (void)state;
    for (uint32_t allowed = 0; allowed < 16; allowed++)
        for (size_t i = 0; i < PULIH_COUNT(reasons); i++) {
            struct desk *d = open_desk(PULIH_STATE_acknowledged);
            d->policy->pause_reasons = allowed;
            assert_int_equal(pause_for(d, reasons[i]), PULIH_DONE);
            if (allowed >> reasons[i] & 1)
                assert_int_equal(d->row.clock, 1);
            else
                desk_expect_refused(d, "allowed_reason");
            desk_close(d);
        }
}

static void pauses_when_it_is_our_turn(void **state)
{
    static const int states[] = {PULIH_STATE_offered, PULIH_STATE_verifying, PULIH_STATE_closed,
                                 PULIH_STATE_parked};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(states); i++) {
        struct desk *d = open_desk(states[i]);
        assert_int_equal(pause_for(d, PULIH_pause_documents), PULIH_DONE);
        desk_expect_refused(d, "move");
        desk_close(d);
    }
}

static void pauses_once_and_resumes_once(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_accepted);

    (void)state;
    assert_int_equal(resume(d), PULIH_DONE);
    desk_expect_refused(d, "standing_clock");
    assert_int_equal(pause_for(d, PULIH_pause_customer), PULIH_DONE);
    assert_int_equal(d->row.clock, 1);
    assert_int_equal(pause_for(d, PULIH_pause_customer), PULIH_DONE);
    desk_expect_refused(d, "running_clock");
    assert_int_equal(resume(d), PULIH_DONE);
    assert_int_equal(d->row.clock, 0);
    assert_int_equal(resume(d), PULIH_DONE);
    desk_expect_refused(d, "standing_clock");
    desk_set(d, PULIH_STATE_closed);
    assert_int_equal(resume(d), PULIH_DONE);
    desk_expect_refused(d, "move");
    desk_close(d);
}

/* Above the last rung no clock runs, so none can stand, and nobody is promised a date when it runs on. */
static void pauses_nothing_above_the_last_rung(void **state)
{
    struct desk *d = open_armed(PULIH_STATE_acknowledged);

    (void)state;
    for (int16_t level = 1; level <= 4; level++)
        climb_one_rung(d, level);
    end_of_the_ladder(d);
    assert_int_equal(pause_for(d, PULIH_pause_documents), PULIH_DONE);
    desk_expect_refused(d, "running_clock");
    desk_close(d);
}

static void gives_up_what_it_cannot_read(void **state)
{
    static const struct {
        enum pulih_m m;
        struct pulih_view body;
        const char *reason;
    } rows[] = {
        {PULIH_M_deadline_passed, {"\x80", 1}, "the stored deadline cannot be read"},
        {PULIH_M_deadline_passed, {"", 0}, "the stored deadline cannot be read"},
        {PULIH_M_paused, {"\x80", 1}, "the stored pause cannot be read"},
        {PULIH_M_paused, {"\xc1", 1}, "the stored pause cannot be read"},
        {PULIH_M_planned, {"\x80", 1}, "no handler for this type here"},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(PULIH_STATE_acknowledged);
        desk_bytes(d, rows[i].m, rows[i].body, (struct pulih_view){0});
        desk_expect_never(d, rows[i].reason);
        desk_close(d);
    }
}

static void takes_every_row_of_the_life(void **state)
{
    (void)state;
    desk_expect_all_taken(PULIH_STAGE_escalation, PULIH_M_message_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_by_tier_and_department),
        cmocka_unit_test(a_deadline_outside_of_the_calendar_is_not_made_up),
        cmocka_unit_test(a_new_plan_moves_the_deadline),
        cmocka_unit_test(a_new_plan_leaves_a_standing_clock_standing),
        cmocka_unit_test(a_new_plan_leaves_reprimands_alone),
        cmocka_unit_test(plans_at_its_time_only),
        cmocka_unit_test(climbs_rung_by_rung_and_ends),
        cmocka_unit_test(a_shorter_ladder_ends_early),
        cmocka_unit_test(a_deadline_that_no_longer_counts_is_moot),
        cmocka_unit_test(nothing_climbs_that_stands_or_is_over),
        cmocka_unit_test(nothing_climbs_that_is_parked),
        cmocka_unit_test(keeps_the_working_time_that_is_left),
        cmocka_unit_test(pauses_add_up_to_nothing),
        cmocka_unit_test(keeps_the_time_of_the_wall_round_the_clock),
        cmocka_unit_test(a_pause_stops_a_reprimand),
        cmocka_unit_test(pauses_for_reasons_of_the_policy_only),
        cmocka_unit_test(pauses_when_it_is_our_turn),
        cmocka_unit_test(pauses_once_and_resumes_once),
        cmocka_unit_test(pauses_nothing_above_the_last_rung),
        cmocka_unit_test(gives_up_what_it_cannot_read),
        cmocka_unit_test(takes_every_row_of_the_life), /* last: counts what the others did */
    };

    return cmocka_run_group_tests_name("escalation steps", tests, NULL, NULL);
}
