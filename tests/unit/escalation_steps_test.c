/* Steps of escalation: the plan, the ladder, pause and resumption. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/ladder.h"
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
    return desk_open(PULIH_STAGE_escalation, escalation_handlers, PULIH_COUNT(escalation_handlers), state);
}

static int64_t working_us(const struct desk *d, int64_t from_us, int64_t to_us)
{
    return pulih_calendar_between(d->policy->calendar, from_us, to_us);
}

/* --- the plan ------------------------------------------------------------------------------------------------ */

/* customers_us: the date that the customer set; 0: none. */
static struct pulih_classified classified_as(const struct desk *d, int64_t customers_us)
{
    struct pulih_classified msg = {0};

    if (customers_us)
        PULIH_SET(&msg, classified, customer_deadline, customers_us);
    PULIH_SET(&msg, classified, language, (uint16_t)d->row.language);
    PULIH_SET(&msg, classified, category, (uint16_t)d->row.category);
    PULIH_SET(&msg, classified, department,
              pulih_view_of(pulih_vocabulary_text(&d->policy->vocabulary, PULIH_WORDS_department,
                                                  (uint16_t)d->row.department)));
    PULIH_SET(&msg, classified, tier, (uint16_t)d->row.tier);
    PULIH_SET(&msg, classified, policy, pulih_view_of(d->policy->version));
    return msg;
}

static enum pulih_verdict plan(struct desk *d)
{
    struct pulih_classified msg = classified_as(d, 0);

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

/* The ladder of the tier pages its first post at once, whatever the hour. */
static void expect_page(const struct desk *d)
{
    const struct pulih_ladder *ladder = &d->policy->ladders[0];
    const struct pulih_row_deadline *deadline = desk_deadline(d, PULIH_deadline_acknowledge);
    struct pulih_planned msg;

    desk_expect_event(d, 0, PULIH_M_planned, d->row.state, &msg);
    assert_int_equal(msg.page_level, 1);
    assert_true(pulih_view_same(msg.page_post, ladder->rung[0].post));
    assert_true(pulih_view_is(msg.page_person, "K301"));
    assert_int_equal(msg.page_by, d->now_us + 15 * DESK_MINUTE);
    assert_int_equal(deadline->due_at, msg.page_by);
    assert_int_equal(d->row.ladder_due, msg.page_by);
    assert_int_equal(d->row.level, 1);
}

static void expect_watched(const struct desk *d, int64_t due_us)
{
    const struct pulih_row_deadline *deadline = desk_deadline(d, PULIH_deadline_resolution);

    assert_int_equal(deadline->due_at, due_us);
    assert_int_equal(deadline->armed, d->row.version);
    assert_int_equal(d->row.ladder_due, due_us);
    assert_int_equal(d->row.ladder_kind, PULIH_deadline_resolution);
    assert_int_equal(d->row.level, 0);
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
            if (tiers[i].tier == PULIH_tier_important)
                expect_page(d);
            else
                expect_watched(d, tiers[i].due_us);
            desk_close(d);
        }
}

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

/* Where the ladder's clock runs, it follows the new plan. */
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
    const struct pulih_rung *rung = &d->policy->ladder.rung[level - 1];
    int at = d->row.state, kind = d->row.ladder_kind;
    int64_t missed_us = d->row.ladder_due;
    struct pulih_reprimanded msg;

    d->now_us = missed_us + DESK_MINUTE;
    int64_t due_us = due(d->policy->calendar, d->now_us, rung->answer_within);
    int64_t acknowledge_by = due(d->policy->calendar, d->now_us, rung->acknowledge_within);
    assert_int_equal(pass_deadline(d, kind, missed_us, d->row.ladder_armed), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_reprimanded, at, &msg);
    assert_int_equal(msg.level, level);
    assert_true(pulih_view_same(msg.post, rung->post));
    assert_int_equal(msg.deadline, kind);
    assert_int_equal(msg.missed_at, missed_us);
    assert_int_equal(msg.due_at, due_us);
    assert_int_equal(msg.acknowledge_by, acknowledge_by);
    assert_true(pulih_view_same(msg.person, pulih_post_find(d->policy, rung->post)->person[0]));
    assert_int_equal(msg.below.n, level - 1);
    assert_int_equal(d->row.level, level);
    assert_int_equal(d->row.ladder_kind, PULIH_deadline_acknowledge);
    assert_int_equal(d->row.ladder_due, acknowledge_by);
    assert_int_equal(desk_deadline(d, PULIH_deadline_acknowledge)->due_at, acknowledge_by);
    assert_int_equal(d->item.to, PULIH_STAGE_followup);
}

static void end_of_the_ladder(struct desk *d)
{
    struct pulih_ladder_ended msg;
    int at = d->row.state;

    d->now_us = d->row.ladder_due + DESK_MINUTE;
    assert_int_equal(pass_deadline(d, PULIH_deadline_acknowledge, d->row.ladder_due, d->row.ladder_armed),
                     PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_ladder_ended, at, &msg);
    assert_int_equal(msg.level, d->policy->ladder.n);
    assert_int_equal(msg.below.n, d->policy->ladder.n);
    assert_true(pulih_view_same(msg.post, d->policy->ladder.rung[d->policy->ladder.n - 1].post));
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
    assert_int_equal(d->row.ended, 1);
    assert_int_equal(d->row.ladder_armed, 0);
    assert_int_equal(d->row.ladder_due, 0);
    assert_int_equal(d->row.level, (int)d->policy->ladder.n);
}

static void climbs_rung_by_rung_and_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++) {
        struct desk *d = open_armed(open_states[i]);
        int32_t armed = 0;
        int64_t due_us = 0;
        assert_true(d->policy->ladder.n >= 3);
        for (size_t level = 1; level <= d->policy->ladder.n; level++) {
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
    d->policy->ladder.n = 3;
    d->policy->ladder.rung[3] = (struct pulih_rung){0};
    assert_int_equal(pass_deadline(d, PULIH_deadline_acknowledge, d->row.ladder_due, d->row.ladder_armed),
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

/* --- who is told --------------------------------------------------------------------------------------------- */

/* The next deadline of the ladder passes, as late as the clock says. */
static void let_pass(struct desk *d, struct pulih_reprimanded *ret)
{
    d->now_us = d->row.ladder_due + DESK_MINUTE;
    assert_int_equal(pass_deadline(d, d->row.ladder_kind, d->row.ladder_due, d->row.ladder_armed),
                     PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_reprimanded, d->row.state, ret);
}

static void send_away(struct desk *d, const char *person, int64_t from_us, int64_t until_us)
{
    d->policy->absences[d->policy->n_absences++] =
        (struct pulih_absence){pulih_view_of(person), from_us, until_us};
}

/* The holder, the stand-ins in their order, and nobody from the first instant of the last one's absence. */
static void tells_the_first_who_is_there(void **state)
{
    static const char *const persons[] = {"K201", "K202", "K203"};

    (void)state;
    for (size_t away = 0; away <= PULIH_COUNT(persons); away++) {
        struct desk *d = open_armed(PULIH_STATE_acknowledged);
        struct pulih_reprimanded msg;
        for (size_t i = 0; i < away; i++)
            send_away(d, persons[i], d->row.ladder_due + DESK_MINUTE, INT64_MAX);
        send_away(d, "K201", DESK_NOW_US, d->row.ladder_due + DESK_MINUTE); /* is back by then */
        let_pass(d, &msg);
        if (away < PULIH_COUNT(persons)) {
            assert_int_equal(msg.level, 1);
            assert_true(pulih_view_is(msg.person, persons[away]));
            assert_int_equal(msg.below.n, 0);
        } else {
            assert_int_equal(msg.level, 2);
            assert_true(pulih_view_is(msg.person, "K301"));
            assert_int_equal(msg.below.n, 1);
        }
        desk_close(d);
    }
}

/* What the reprimand says of the i-th post below. */
static void expect_below(const struct pulih_reprimanded *msg, size_t i, uint64_t level, uint16_t silence,
                         const char *person, int64_t told_at)
{
    struct pulih_view at = msg->below.raw;
    struct pulih_silent_post silent;

    for (size_t n = 0; n <= i; n++)
        assert_true(pulih_list_next(PULIH_M_silent_post, &at, &silent));
    assert_int_equal(silent.level, level);
    assert_int_equal(silent.silence, silence);
    assert_int_equal(!silent.person.at, !person);
    if (person)
        assert_true(pulih_view_is(silent.person, person));
    assert_int_equal(silent.told_at, told_at);
}

static enum pulih_verdict acknowledge(struct desk *d, const char *actor)
{
    struct pulih_reprimand_acknowledged msg = {0};

    PULIH_SET(&msg, reprimand_acknowledged, actor, pulih_view_of(actor));
    return desk_mail(d, PULIH_M_reprimand_acknowledged, &msg);
}

static enum pulih_verdict answer(struct desk *d, const char *actor, int64_t due_us)
{
    struct pulih_reprimand_answered msg = {0};

    PULIH_SET(&msg, reprimand_answered, due_at, due_us);
    PULIH_SET(&msg, reprimand_answered, answer, PULIH_VIEW("Kurir kami ganti."));
    PULIH_SET(&msg, reprimand_answered, actor, pulih_view_of(actor));
    return desk_mail(d, PULIH_M_reprimand_answered, &msg);
}

static enum pulih_verdict deescalate(struct desk *d, const char *actor)
{
    struct pulih_deescalated msg = {0};

    PULIH_SET(&msg, deescalated, why, PULIH_VIEW("Regu dapat melanjutkan."));
    PULIH_SET(&msg, deescalated, actor, pulih_view_of(actor));
    return desk_mail(d, PULIH_M_deescalated, &msg);
}

/* One did not acknowledge, one acknowledged and did nothing, on one rung nobody was: the highest reads it all. */
static void carries_those_who_were_silent(void **state)
{
    struct desk *d = open_armed(PULIH_STATE_acknowledged);
    struct pulih_reprimanded msg;

    (void)state;
    let_pass(d, &msg);
    int64_t first_us = d->now_us;
    let_pass(d, &msg);
    int64_t second_us = d->now_us;
    assert_int_equal(msg.below.n, 1);
    expect_below(&msg, 0, 1, PULIH_silence_acknowledge, "K201", first_us);
    assert_int_equal(acknowledge(d, "K302"), PULIH_DONE); /* the stand-in, though the holder was told */
    send_away(d, "K401", 0, INT64_MAX);
    send_away(d, "K402", 0, INT64_MAX);
    let_pass(d, &msg);
    assert_int_equal(msg.level, 4);
    assert_int_equal(msg.deadline, PULIH_deadline_reprimand);
    assert_int_equal(msg.below.n, 3);
    expect_below(&msg, 0, 1, PULIH_silence_acknowledge, "K201", first_us);
    expect_below(&msg, 1, 2, PULIH_silence_answer, "K301", second_us);
    expect_below(&msg, 2, 3, PULIH_silence_nobody, NULL, 0);
    desk_close(d);
}

static void climbs_the_ladder_that_is_meant_for_it(void **state)
{
    static const struct {
        uint32_t departments, tiers;
        int32_t tenant;
        bool holds;
    } rows[] = {
        {0, 0, 5, true},
        {0, 0, 6, false},
        {1 << PULIH_department_delivery, 0, 0, true},
        {1 << PULIH_department_payment, 0, 0, false},
        {0, 1 << PULIH_tier_normal, 0, true},
        {1 << PULIH_department_delivery, 1 << PULIH_tier_complex, 0, false},
        {1 << PULIH_department_delivery | 1 << PULIH_department_other, 1 << PULIH_tier_normal, 5, true},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_armed(PULIH_STATE_acknowledged);
        struct pulih_ladder *own = &d->policy->ladders[0];
        struct pulih_reprimanded msg;
        d->row.tenant = 5;
        *own = (struct pulih_ladder){.departments = rows[i].departments, .tiers = rows[i].tiers, .n = 1};
        if (rows[i].tenant)
            own->tenants[own->n_tenants++] = rows[i].tenant;
        own->rung[0] = d->policy->ladder.rung[3];
        let_pass(d, &msg);
        assert_true(pulih_view_is(msg.post, rows[i].holds ? "Direktur Operasional" : "Kepala Regu Layanan"));
        assert_int_equal(msg.level, 1);
        desk_close(d);
    }
}

/* Nobody fills any post: it ends at once, and the highest post may still take it on. */
static void a_ladder_without_anybody_ends_at_once(void **state)
{
    static const char *const persons[] = {"K201", "K202", "K203", "K301", "K302",
                                          "K401", "K402", "K501", "K502"};
    struct desk *d = open_armed(PULIH_STATE_acknowledged);
    struct pulih_ladder_ended msg;

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(persons); i++)
        send_away(d, persons[i], 0, INT64_MAX);
    d->now_us = d->row.ladder_due;
    assert_int_equal(pass_deadline(d, PULIH_deadline_resolution, d->row.ladder_due, d->row.ladder_armed),
                     PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_ladder_ended, PULIH_STATE_acknowledged, &msg);
    assert_int_equal(msg.level, 0);
    assert_int_equal(msg.below.n, 4);
    assert_int_equal(answer(d, "K301", d->now_us + DESK_HOUR), PULIH_DONE);
    desk_expect_refused(d, "named_post");
    assert_int_equal(answer(d, "K501", d->now_us + DESK_HOUR), PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_reprimand_met, PULIH_STATE_acknowledged, NULL);
    assert_int_equal(d->row.ended, 0);
    desk_close(d);
}

/* --- what stops the climb ------------------------------------------------------------------------------------ */

/* Acknowledged in time, the reprimand's own date counts; whoever fills the post or a higher one may do so. */
static void an_acknowledged_reprimand_waits_for_its_answer(void **state)
{
    static const char *const may[] = {"K201", "K203", "K302", "K401", "K502"};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states) * PULIH_COUNT(may); i++) {
        struct desk *d = open_armed(open_states[i % PULIH_COUNT(open_states)]);
        struct pulih_reprimanded reprimanded;
        struct pulih_taken_on msg;
        let_pass(d, &reprimanded);
        int32_t armed = d->row.ladder_armed;
        int64_t acknowledge_by = d->row.ladder_due;
        assert_int_equal(acknowledge(d, may[i / PULIH_COUNT(open_states)]), PULIH_DONE);
        desk_expect_event(d, 0, PULIH_M_taken_on, d->row.state, &msg);
        assert_int_equal(msg.level, 1);
        assert_int_equal(msg.due_at, reprimanded.due_at);
        assert_int_equal(desk_deadline(d, PULIH_deadline_reprimand)->due_at, reprimanded.due_at);
        assert_int_equal(d->row.level, 1);
        assert_int_equal(pass_deadline(d, PULIH_deadline_acknowledge, acknowledge_by, armed), PULIH_DONE);
        desk_expect_refused(d, "running_deadline");
        assert_int_equal(acknowledge(d, "K201"), PULIH_DONE);
        desk_expect_refused(d, "open_reprimand");
        let_pass(d, &reprimanded);
        assert_int_equal(reprimanded.level, 2);
        desk_close(d);
    }
}

/* A pause used up the time to act: it is given anew. */
static void an_acknowledgement_after_a_pause_has_time_to_act(void **state)
{
    struct desk *d = open_armed(PULIH_STATE_acknowledged);
    struct pulih_reprimanded reprimanded;
    struct pulih_taken_on msg;

    (void)state;
    let_pass(d, &reprimanded);
    assert_int_equal(pause_for(d, PULIH_pause_documents), PULIH_DONE);
    assert_int_equal(acknowledge(d, "K201"), PULIH_DONE);
    desk_expect_refused(d, "running_clock");
    d->now_us = reprimanded.due_at + DESK_DAY;
    assert_int_equal(resume(d), PULIH_DONE);
    assert_int_equal(acknowledge(d, "K201"), PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_taken_on, PULIH_STATE_acknowledged, &msg);
    assert_int_equal(msg.due_at,
                     due(d->policy->calendar, d->now_us, d->policy->ladder.rung[0].answer_within));
    desk_close(d);
}

/* Every deadline that was ever armed passes once more: nothing comes of any but the one that counts. */
static void expect_calm(struct desk *d, int32_t last_armed)
{
    int64_t now_us = d->now_us;

    for (int32_t armed = 1; armed <= last_armed; armed++)
        for (int kind = PULIH_deadline_resolution; kind <= PULIH_deadline_warning; kind++) {
            if (armed == d->row.ladder_armed || kind == PULIH_deadline_silence ||
                !pulih_word_of(PULIH_WORDS_deadline, (uint16_t)kind))
                continue;
            assert_int_equal(pass_deadline(d, kind, now_us, armed), PULIH_DONE);
            desk_expect_refused(d, "running_deadline");
        }
}

static void an_answer_stops_the_climb_until_its_date(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++)
        for (int acknowledged = 0; acknowledged < 2; acknowledged++) {
            struct desk *d = open_armed(open_states[i]);
            struct pulih_reprimanded reprimanded;
            struct pulih_reprimand_met msg;
            let_pass(d, &reprimanded);
            let_pass(d, &reprimanded);
            if (acknowledged)
                assert_int_equal(acknowledge(d, "K301"), PULIH_DONE);
            int64_t due_us = d->now_us + 6 * DESK_HOUR;
            assert_int_equal(answer(d, "K301", due_us), PULIH_DONE);
            desk_expect_event(d, 0, PULIH_M_reprimand_met, d->row.state, &msg);
            assert_int_equal(msg.level, 2);
            assert_int_equal(msg.due_at, due_us);
            assert_int_equal(msg.promise, d->row.promises);
            assert_int_equal(PULIH_ROWS(&d->rows, promise)->due_at, due_us);
            assert_int_equal(d->row.due_at, due_us);
            assert_int_equal(desk_deadline(d, PULIH_deadline_resolution)->due_at, due_us);
            expect_calm(d, d->row.version);
            assert_int_equal(d->row.level, 2);
            assert_int_equal(answer(d, "K301", due_us), PULIH_DONE);
            desk_expect_refused(d, "open_reprimand");
            let_pass(
                d, &reprimanded); /* the new date is missed, too: the one above is told, and of nobody else */
            assert_int_equal(reprimanded.level, 3);
            assert_int_equal(reprimanded.deadline, PULIH_deadline_resolution);
            assert_int_equal(reprimanded.below.n, 0);
            desk_close(d);
        }
}

static void an_answer_names_a_date_in_time(void **state)
{
    struct desk *d = open_armed(PULIH_STATE_acknowledged);
    struct pulih_reprimanded reprimanded;

    (void)state;
    let_pass(d, &reprimanded);
    int64_t latest_us = due(d->policy->calendar, d->now_us, d->policy->resolve_within[PULIH_tier_normal]);
    assert_int_equal(answer(d, "K201", d->now_us), PULIH_DONE);
    desk_expect_refused(d, "date_in_time");
    assert_int_equal(answer(d, "K201", latest_us + 1), PULIH_DONE);
    desk_expect_refused(d, "date_in_time");
    assert_int_equal(answer(d, "K201", latest_us), PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_reprimand_met, PULIH_STATE_acknowledged, NULL);
    desk_close(d);
}

static void only_the_named_post_or_one_above_answers(void **state)
{
    static const char *const others[] = {"K201", "K203", "K110", "A17", "k301", "K301 ", ""};
    struct desk *d = open_armed(PULIH_STATE_acknowledged);
    struct pulih_reprimanded reprimanded;

    (void)state;
    assert_int_equal(acknowledge(d, "K201"), PULIH_DONE);
    desk_expect_refused(d, "open_reprimand");
    assert_int_equal(deescalate(d, "K501"), PULIH_DONE);
    desk_expect_refused(d, "open_reprimand");
    let_pass(d, &reprimanded);
    let_pass(d, &reprimanded);
    for (size_t i = 0; i < PULIH_COUNT(others); i++) {
        assert_int_equal(acknowledge(d, others[i]), PULIH_DONE);
        desk_expect_refused(d, "named_post");
        assert_int_equal(answer(d, others[i], d->now_us + DESK_HOUR), PULIH_DONE);
        desk_expect_refused(d, "named_post");
        assert_int_equal(deescalate(d, others[i]), PULIH_DONE);
        desk_expect_refused(d, "named_post");
    }
    desk_close(d);
}

/* From any rung, and from above the last one; the next missed deadline begins at the first rung again. */
static void a_post_hands_it_back_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++)
        for (int16_t level = 1; level <= 5; level++) {
            struct desk *d = open_armed(open_states[i]);
            struct pulih_reprimanded reprimanded;
            struct pulih_calmed msg;
            d->row.silence_armed = 0; /* the customer's silence is what climbed */
            for (int16_t n = 1; n <= level && n < 5; n++)
                climb_one_rung(d, n);
            if (level == 5)
                end_of_the_ladder(d);
            int64_t due_us =
                due(d->policy->calendar, d->now_us, d->policy->resolve_within[PULIH_tier_normal]);
            assert_int_equal(deescalate(d, "K501"), PULIH_DONE);
            desk_expect_event(d, 0, PULIH_M_calmed, d->row.state, &msg);
            assert_int_equal(msg.level, level < 5 ? level : 4);
            assert_int_equal(msg.due_at, due_us);
            assert_int_equal(msg.promise, d->row.promises);
            assert_int_equal(d->row.level, 0);
            assert_int_equal(d->row.ended, 0);
            assert_int_equal(d->row.due_at, due_us);
            assert_int_equal(desk_deadline(d, PULIH_deadline_resolution)->due_at, due_us);
            expect_calm(d, d->row.version);
            let_pass(d, &reprimanded);
            assert_int_equal(reprimanded.level, 1);
            assert_int_equal(reprimanded.below.n, 0);
            desk_close(d);
        }
}

/* It waits for the customer, who was paged about before: the clock goes on standing. */
static void handing_back_leaves_the_customers_turn(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_offered);
    struct pulih_calmed msg;

    (void)state;
    d->row.level = 1;
    d->row.due_at = d->now_us + DESK_DAY;
    d->told = (struct pulih_post_told){PULIH_WIRE_reprimanded, d->now_us, {d->told_body, 0}};
    struct pulih_reprimanded reprimanded = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    PULIH_SET(&reprimanded, reprimanded, level, 1);
    PULIH_SET(&reprimanded, reprimanded, post, d->policy->ladder.rung[0].post);
    PULIH_SET(&reprimanded, reprimanded, deadline, PULIH_deadline_resolution);
    PULIH_SET(&reprimanded, reprimanded, missed_at, d->now_us);
    PULIH_SET(&reprimanded, reprimanded, due_at, d->now_us);
    pulih_msg_encode(PULIH_M_reprimanded, &reprimanded, PULIH_CLASS_ALL, &body);
    memcpy(d->told_body, body.at, body.len);
    d->told.body.len = body.len;
    assert_int_equal(deescalate(d, "K202"), PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_calmed, PULIH_STATE_offered, &msg);
    assert_false(PULIH_HAS(&msg, calmed, promise)); /* the date is the old one */
    assert_int_equal(msg.due_at, d->before.due_at);
    assert_int_equal(d->row.ladder_armed, 0);
    assert_int_equal(d->row.ladder_left_us, working_us(d, d->now_us, d->row.due_at));
    assert_int_equal(d->row.silence_armed, d->before.silence_armed);
    desk_close(d);
}

/* --- other reasons to climb ---------------------------------------------------------------------------------- */

/* From the fourth change of department on; not while the clock stands. */
static void what_is_passed_on_too_often_climbs_at_once(void **state)
{
    (void)state;
    for (int16_t transfers = 0; transfers < 6; transfers++)
        for (int standing = 0; standing < 2; standing++) {
            struct desk *d = open_desk(standing ? PULIH_STATE_offered : PULIH_STATE_acknowledged);
            struct pulih_reprimanded msg;
            d->row.transfers = transfers;
            assert_int_equal(plan(d), PULIH_DONE);
            bool climbs = transfers > 3 && !standing;
            assert_int_equal(d->row.ladder_kind,
                             climbs ? PULIH_deadline_transfers : PULIH_deadline_resolution);
            if (climbs) {
                assert_int_equal(d->row.ladder_due, d->now_us);
                let_pass(d, &msg);
                assert_int_equal(msg.deadline, PULIH_deadline_transfers);
                assert_int_equal(msg.level, 1);
            }
            desk_close(d);
        }
}

/* --- pages --------------------------------------------------------------------------------------------------- */

/* As follow-up tells it after the plan. */
static void tell_page(struct desk *d)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    struct pulih_paged paged = {0};

    PULIH_SET(&paged, paged, level, 1);
    PULIH_SET(&paged, paged, post, d->policy->ladders[0].rung[0].post);
    PULIH_SET(&paged, paged, person, PULIH_VIEW("K301"));
    PULIH_SET(&paged, paged, acknowledge_by, d->row.ladder_due);
    PULIH_SET(&paged, paged, letter, 2);
    pulih_msg_encode(PULIH_M_paged, &paged, PULIH_CLASS_ALL, &body);
    memcpy(d->told_body, body.at, body.len);
    d->told = (struct pulih_post_told){PULIH_WIRE_paged, d->now_us, {d->told_body, body.len}};
}

/* Received now, by night: planned, paged, and in the state that follow-up makes of it. */
static struct desk *open_paged(void)
{
    struct desk *d = open_desk(PULIH_STATE_classified);

    d->now_us = DESK_NOW_US + 14 * DESK_HOUR; /* 23:00 */
    d->row.received_at = d->now_us;
    d->row.tier = PULIH_tier_important;
    assert_int_equal(plan(d), PULIH_DONE);
    expect_page(d);
    d->row.state = PULIH_STATE_acknowledged;
    tell_page(d);
    return d;
}

/* Fifteen minutes later, at 23:15, the next post is told: the lowest one of the standard ladder never is. */
static void a_page_that_nobody_acknowledges_climbs_by_night(void **state)
{
    struct desk *d = open_paged();
    struct pulih_reprimanded msg;
    int64_t paged_us = d->now_us;

    (void)state;
    let_pass(d, &msg);
    assert_int_equal(msg.level, 2);
    assert_true(pulih_view_is(msg.post, "Kepala Divisi"));
    assert_int_equal(msg.deadline, PULIH_deadline_acknowledge);
    assert_int_equal(msg.acknowledge_by, d->now_us + 15 * DESK_MINUTE);
    assert_int_equal(msg.below.n, 1);
    expect_below(&msg, 0, 1, PULIH_silence_acknowledge, "K301", paged_us);
    desk_close(d);
}

static void an_acknowledged_page_has_the_plans_own_date(void **state)
{
    struct desk *d = open_paged();
    struct pulih_reprimanded msg;

    (void)state;
    assert_int_equal(acknowledge(d, "K302"), PULIH_DONE);
    assert_int_equal(desk_deadline(d, PULIH_deadline_resolution)->due_at, d->row.due_at);
    assert_int_equal(desk_warning(d)->due_at, d->row.due_at - DESK_HOUR); /* by night as well */
    let_pass(d, &msg);
    assert_int_equal(msg.level, 2);
    assert_int_equal(msg.deadline, PULIH_deadline_resolution);
    assert_int_equal(msg.below.n, 0);
    desk_close(d);
}

/* A correction to an urgent tier pages, once; not while the clock stands or it is the customer's turn. */
static void a_correction_pages_once(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);

    (void)state;
    d->row.tier = PULIH_tier_important;
    assert_int_equal(plan(d), PULIH_DONE);
    expect_page(d);
    assert_int_equal(plan(d), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
    assert_int_equal(d->row.level, 1);
    desk_set(d, PULIH_STATE_offered);
    d->row.tier = PULIH_tier_important;
    assert_int_equal(plan(d), PULIH_DONE);
    assert_int_equal(d->row.level, 0);
    assert_int_equal(d->row.ladder_armed, 0);
    desk_close(d);
}

/* --- warnings ------------------------------------------------------------------------------------------------ */

static void warns_in_working_time(void **state)
{
    static const struct {
        int tier;
        const char *before;
        int64_t received_us, warning_us; /* from DESK_NOW_US, Wednesday 09:00; 0: none */
    } rows[] = {
        {PULIH_tier_normal, "4 working_hours", 0, 5 * DESK_DAY + 3 * DESK_HOUR}, /* due Monday 17:00: 12:00 */
        {PULIH_tier_normal, "30 working_minutes", 0, 5 * DESK_DAY + 7 * DESK_HOUR + 30 * DESK_MINUTE},
        {PULIH_tier_normal, "12 hours", 0,
         4 * DESK_DAY + 23 * DESK_HOUR}, /* 05:00: Monday 08:00, when it opens */
        {PULIH_tier_normal, "48 hours", 0, 4 * DESK_DAY + 23 * DESK_HOUR}, /* Saturday: the same */
        {PULIH_tier_normal, "200 hours", 0, 0},
        {PULIH_tier_normal, "100 working_hours", 0, 0},
        {PULIH_tier_important, "1 hour", 14 * DESK_HOUR, 0}, /* its page has the clock */
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(PULIH_STATE_classified);
        assert_true(
            pulih_duration_parse(pulih_view_of(rows[i].before), &d->policy->warn_before[rows[i].tier]));
        d->now_us = d->row.received_at = DESK_NOW_US + rows[i].received_us;
        d->row.tier = (int16_t)rows[i].tier;
        assert_int_equal(plan(d), PULIH_DONE);
        const struct pulih_row_deadline *warning = desk_warning(d);
        assert_int_equal(warning ? warning->due_at - DESK_NOW_US : 0, rows[i].warning_us);
        desk_close(d);
    }
}

/* Somebody promised a date by night: the last moment at which anybody works before it. */
static void warns_of_a_date_by_night_before_the_office_closes(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    int64_t at_us = 0;

    (void)state;
    assert_true(pulih_duration_parse(PULIH_VIEW("4 hours"), &d->policy->warn_before[PULIH_tier_normal]));
    assert_true(
        pulih_warning_at(d->policy, PULIH_tier_normal, d->now_us, d->now_us + 14 * DESK_HOUR, &at_us));
    assert_int_equal(at_us, d->now_us + 8 * DESK_HOUR);
    assert_false(pulih_warning_at(d->policy, PULIH_tier_normal, d->now_us + 9 * DESK_HOUR,
                                  d->now_us + 14 * DESK_HOUR, &at_us));
    desk_close(d);
}

static void no_tier_without_a_setting_is_warned(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_classified);

    (void)state;
    d->policy->warn_before[PULIH_tier_normal] = (struct pulih_duration){0};
    assert_int_equal(plan(d), PULIH_DONE);
    assert_null(desk_warning(d));
    desk_close(d);
}

static void expect_warned(struct desk *d, uint64_t level, const char *post, const char *person)
{
    struct pulih_row_complaint before = d->row;
    struct pulih_warned msg;

    assert_int_equal(pass_deadline(d, PULIH_deadline_warning, d->now_us, d->row.ladder_armed), PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_warned, d->row.state, &msg);
    assert_int_equal(msg.level, level);
    assert_true(pulih_view_is(msg.post, post));
    assert_true(pulih_view_is(msg.person, person));
    assert_int_equal(msg.deadline, before.ladder_kind);
    assert_int_equal(msg.due_at, before.ladder_due);
    assert_int_equal(d->row.ladder_armed, before.ladder_armed); /* the deadline itself runs on */
    assert_int_equal(d->row.ladder_due, before.ladder_due);
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
}

static void warns_whoever_must_meet_the_deadline(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++) {
        struct desk *d = open_armed(open_states[i]);
        struct pulih_reprimanded msg;
        expect_warned(d, 0, "Kepala Bagian Pengiriman", "K150");
        send_away(d, "K150", 0, INT64_MAX);
        expect_warned(d, 0, "Kepala Bagian Pengiriman", "K151");
        send_away(d, "K151", 0, INT64_MAX);
        expect_warned(d, 1, "Kepala Regu Layanan", "K201"); /* nobody is there: the next higher post */
        let_pass(d, &msg);
        assert_int_equal(acknowledge(d, "K201"), PULIH_DONE);
        expect_warned(d, 1, "Kepala Regu Layanan", "K201");
        send_away(d, "K201", 0, INT64_MAX);
        expect_warned(d, 1, "Kepala Regu Layanan", "K202");
        desk_close(d);
    }
}

/* --- the customer's own date --------------------------------------------------------------------------------- */

static const struct pulih_row_deadline *reminder_of(const struct desk *d)
{
    const struct pulih_row_deadline *deadlines = PULIH_ROWS(&d->rows, deadline);

    for (size_t i = 0; i < desk_count(d, PULIH_T_deadline); i++)
        if (deadlines[i].kind == PULIH_deadline_reminder)
            return &deadlines[i];
    return NULL;
}

/* As a warning or, where that is past, as soon as somebody works; the ladder does not wait for it. */
static void the_customers_own_date_is_reminded_of(void **state)
{
    enum { NONE = -1 };
    static const struct {
        int tier;
        const char *before;
        int64_t received_us, customers_us, reminder_us; /* from DESK_NOW_US, Wednesday 09:00 */
    } rows[] = {
        {PULIH_tier_normal, "4 working_hours", 0, 2 * DESK_DAY + 8 * DESK_HOUR, 2 * DESK_DAY + 3 * DESK_HOUR},
        {PULIH_tier_normal, "4 working_hours", 0, 13 * DESK_HOUR, 3 * DESK_HOUR},        /* 22:00: 12:00 */
        {PULIH_tier_normal, "4 working_hours", 0, 2 * DESK_HOUR, 0},                     /* at once */
        {PULIH_tier_normal, "4 working_hours", 9 * DESK_HOUR, DESK_DAY, 23 * DESK_HOUR}, /* when it opens */
        {PULIH_tier_normal, "4 working_hours", 9 * DESK_HOUR, 14 * DESK_HOUR, NONE},     /* nobody works */
        {PULIH_tier_normal, "4 working_hours", 0, -DESK_HOUR, NONE},
        {PULIH_tier_normal, NULL, 0, DESK_DAY, NONE}, /* the policy wants no warnings */
        {PULIH_tier_important, "1 hour", 14 * DESK_HOUR, 17 * DESK_HOUR, 16 * DESK_HOUR},
        {PULIH_tier_important, "1 hour", 14 * DESK_HOUR, 14 * DESK_HOUR + DESK_MINUTE, 14 * DESK_HOUR},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(PULIH_STATE_classified);
        struct pulih_duration *before = &d->policy->warn_before[rows[i].tier];
        *before = (struct pulih_duration){0};
        assert_true(!rows[i].before || pulih_duration_parse(pulih_view_of(rows[i].before), before));
        d->now_us = d->row.received_at = DESK_NOW_US + rows[i].received_us;
        d->row.tier = (int16_t)rows[i].tier;
        struct pulih_classified msg = classified_as(d, DESK_NOW_US + rows[i].customers_us);
        assert_int_equal(desk_event(d, PULIH_M_classified, &msg), PULIH_DONE);
        const struct pulih_row_deadline *reminder = reminder_of(d);
        assert_int_equal(reminder ? reminder->due_at - DESK_NOW_US : NONE, rows[i].reminder_us);
        assert_int_not_equal(d->row.ladder_kind, PULIH_deadline_customer);
        desk_close(d);
    }
}

/* The chronology of a complaint whose customer set a date. */
static void tell_of_date(struct desk *d, struct pulih_told told[2], struct pulih_buf *body,
                         int64_t customers_us)
{
    struct pulih_classified msg = classified_as(d, customers_us);

    pulih_msg_encode(PULIH_M_classified, &msg, PULIH_CLASS_OPEN, body);
    told[0] = (struct pulih_told){
        .version = 1, .m = PULIH_M_complaint, .state = PULIH_STATE_received, .at_us = d->row.received_at};
    told[1] = (struct pulih_told){.version = 2,
                                  .m = PULIH_M_classified,
                                  .state = PULIH_STATE_classified,
                                  .at_us = d->row.received_at,
                                  .body = pulih_view_of_buf(body)};
    d->story = told;
    d->n_story = 2;
}

/* While it can still be met, and by the ladder alone where the policy has that wait for it. */
static void a_reminder_warns_and_reprimands_nobody(void **state)
{
    static const struct {
        int state;
        int64_t customers_us; /* from now */
        bool reprimands, warned;
    } rows[] = {
        {PULIH_STATE_acknowledged, DESK_HOUR, false, true}, {PULIH_STATE_approving, DESK_HOUR, false, true},
        {PULIH_STATE_offered, DESK_HOUR, false, true},      {PULIH_STATE_accepted, DESK_HOUR, false, true},
        {PULIH_STATE_verifying, DESK_HOUR, false, false}, /* it was done */
        {PULIH_STATE_closed, DESK_HOUR, false, false},      {PULIH_STATE_parked, DESK_HOUR, false, false},
        {PULIH_STATE_acknowledged, 0, false, false}, /* it passed */
        {PULIH_STATE_acknowledged, DESK_HOUR, true, false},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
        struct desk *d = open_desk(rows[i].state);
        struct pulih_told told[2];
        struct pulih_warned msg;
        for (size_t k = 0; k < d->policy->n_clocks; k++)
            if (d->policy->clocks[k].name == PULIH_deadline_customer)
                d->policy->clocks[k].reprimands = rows[i].reprimands;
        tell_of_date(d, told, &body, d->now_us + rows[i].customers_us);
        int32_t armed = d->row.ladder_armed;
        assert_int_equal(pass_deadline(d, PULIH_deadline_reminder, d->now_us, 3), PULIH_DONE);
        assert_int_equal(d->row.level, d->before.level);
        if (!rows[i].warned) {
            desk_expect_refused(d, "running_deadline");
        } else {
            desk_expect_event(d, 0, PULIH_M_warned, rows[i].state, &msg);
            assert_int_equal(msg.deadline, PULIH_deadline_customer);
            assert_int_equal(msg.due_at, d->now_us + DESK_HOUR);
            assert_true(pulih_view_is(msg.post, "Kepala Bagian Pengiriman"));
            assert_int_equal(d->row.ladder_armed, armed); /* what it waits for is still to come */
        }
        desk_close(d);
    }
}

/* --- pause and resumption ------------------------------------------------------------------------------------ */

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
    climb_one_rung(d, 1); /* Friday 17:01, so until Monday 09:00 */
    int64_t due_us = d->row.ladder_due;
    assert_int_equal(due_us, DESK_NOW_US + 5 * DESK_DAY);
    d->now_us = due_us - DESK_HOUR;
    expect_paused(d, PULIH_pause_documents, DESK_HOUR);
    d->now_us = due_us;
    expect_resumed(d, due_us + DESK_HOUR);
    assert_int_equal(d->row.ladder_kind, PULIH_deadline_acknowledge);
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
        {PULIH_M_reprimand_acknowledged, {"\x80", 1}, "the stored acknowledgement cannot be read"},
        {PULIH_M_reprimand_answered, {"\x80", 1}, "the stored answer cannot be read"},
        {PULIH_M_deescalated, {"\x80", 1}, "the stored de-escalation cannot be read"},
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
        cmocka_unit_test(tells_the_first_who_is_there),
        cmocka_unit_test(carries_those_who_were_silent),
        cmocka_unit_test(climbs_the_ladder_that_is_meant_for_it),
        cmocka_unit_test(a_ladder_without_anybody_ends_at_once),
        cmocka_unit_test(an_acknowledged_reprimand_waits_for_its_answer),
        cmocka_unit_test(an_acknowledgement_after_a_pause_has_time_to_act),
        cmocka_unit_test(an_answer_stops_the_climb_until_its_date),
        cmocka_unit_test(an_answer_names_a_date_in_time),
        cmocka_unit_test(only_the_named_post_or_one_above_answers),
        cmocka_unit_test(a_post_hands_it_back_down),
        cmocka_unit_test(handing_back_leaves_the_customers_turn),
        cmocka_unit_test(what_is_passed_on_too_often_climbs_at_once),
        cmocka_unit_test(a_page_that_nobody_acknowledges_climbs_by_night),
        cmocka_unit_test(an_acknowledged_page_has_the_plans_own_date),
        cmocka_unit_test(a_correction_pages_once),
        cmocka_unit_test(warns_in_working_time),
        cmocka_unit_test(warns_of_a_date_by_night_before_the_office_closes),
        cmocka_unit_test(no_tier_without_a_setting_is_warned),
        cmocka_unit_test(warns_whoever_must_meet_the_deadline),
        cmocka_unit_test(the_customers_own_date_is_reminded_of),
        cmocka_unit_test(a_reminder_warns_and_reprimands_nobody),
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
