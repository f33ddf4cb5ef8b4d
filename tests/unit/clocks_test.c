/* A complaint's clocks: what each name means, and that what the daemons keep from step to step is what the
 * chronology comes to, over random histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/clocks.h"
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

enum { STORY_MAX = 400, BODY_MAX = 240, HISTORIES = 300, STEPS = 40 };

/* A complaint that is led along by the steps of both stages, and what its chronology says. */
struct led {
    struct desk *d;
    struct pulih_told story[STORY_MAX];
    char bodies[STORY_MAX][BODY_MAX];
    size_t n;
    bool told; /* the steps are told the chronology */
    unsigned seed;
};

static void note_event(struct led *l, enum pulih_m m, int32_t version, int state, int64_t at_us,
                       struct pulih_view body)
{
    assert_true(l->n < STORY_MAX && body.len <= BODY_MAX);
    if (body.len)
        memcpy(l->bodies[l->n], body.at, body.len);
    l->story[l->n] = (struct pulih_told){version, m, state, at_us, {l->bodies[l->n], body.len}};
    l->n++;
}

static void note_step(struct led *l)
{
    const struct pulih_row_event *e = PULIH_ROWS(&l->d->rows, event);

    for (size_t i = 0; i < l->d->rows.of[PULIH_T_event].n; i++)
        note_event(l, pulih_message_by_wire((uint64_t)e[i].type), e[i].version, e[i].state, e[i].recorded_at,
                   e[i].body);
}

static void say(struct led *l, enum pulih_m m, const void *msg, bool mail)
{
    bool escalation = pulih_message(m)->to == PULIH_STAGE_escalation;
    struct desk *d = l->d;

    d->stage = escalation ? PULIH_STAGE_escalation : PULIH_STAGE_followup;
    d->handlers = escalation ? escalation_handlers : followup_handlers;
    d->n_handlers = escalation ? PULIH_COUNT(escalation_handlers) : PULIH_COUNT(followup_handlers);
    d->story = l->story;
    d->n_story = l->told ? l->n : 0;
    assert_int_equal(mail ? desk_mail(d, m, msg) : desk_event(d, m, msg), PULIH_DONE);
    note_step(l);
}

/* Classification says so; its event is in the chronology before the next stage works on it. */
static void classify(struct led *l, uint16_t tier, bool spoken)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    struct pulih_classified msg = {0};
    struct desk *d = l->d;
    bool first = d->row.state == PULIH_STATE_classified;

    PULIH_SET(&msg, classified, language, PULIH_language_id);
    PULIH_SET(&msg, classified, category, PULIH_category_mechanical);
    PULIH_SET(&msg, classified, department, PULIH_VIEW("product"));
    PULIH_SET(&msg, classified, tier, tier);
    PULIH_SET(&msg, classified, policy, PULIH_VIEW("p"));
    if (first)
        PULIH_SET(&msg, classified, spoken, spoken);
    d->row.tier = (int16_t)tier;
    pulih_msg_encode(PULIH_M_classified, &msg, PULIH_CLASS_OPEN, &body);
    note_event(l, PULIH_M_classified, d->row.version, d->row.state, d->now_us, pulih_view_of_buf(&body));
    say(l, PULIH_M_classified, &msg, false);
}

typedef void adapt_f(struct pulih_policy *p);

static struct led *lead(adapt_f *adapt, unsigned seed, bool told)
{
    struct led *l = calloc(1, sizeof *l);
    struct pulih_planned planned = {0};

    l->d = desk_open(PULIH_STAGE_escalation, escalation_handlers, PULIH_COUNT(escalation_handlers),
                     PULIH_STATE_classified);
    l->seed = seed;
    l->told = told;
    if (adapt)
        adapt(l->d->policy);
    l->d->policy->offers_max = 1000; /* or the ladder is told to climb at once */
    l->d->row.received_at = l->d->now_us;
    note_event(l, PULIH_M_complaint, 1, PULIH_STATE_received, l->d->now_us, (struct pulih_view){0});
    classify(l, PULIH_tier_complex, seed % 2);
    l->n--; /* planned, which is said below */
    PULIH_SET(&planned, planned, due_at, l->d->row.due_at);
    PULIH_SET(&planned, planned, promise, 1);
    PULIH_SET(&planned, planned, post, PULIH_VIEW("Post"));
    PULIH_SET(&planned, planned, policy, PULIH_VIEW("p"));
    note_step(l);
    say(l, PULIH_M_planned, &planned, false);
    assert_int_equal(l->d->row.state, PULIH_STATE_acknowledged);
    return l;
}

static void leave(struct led *l)
{
    desk_close(l->d);
    free(l);
}

static unsigned chance(struct led *l, unsigned n)
{
    l->seed = l->seed * 1103515245u + 12345u;
    return (l->seed >> 16) % n;
}

/* --- what happens --------------------------------------------------------------------------------------- */

static void do_pause(struct led *l)
{
    struct pulih_paused msg = {0};

    PULIH_SET(&msg, paused, pause, (uint16_t)(1 + chance(l, 3)));
    PULIH_SET(&msg, paused, actor, PULIH_VIEW("A-1"));
    say(l, PULIH_M_paused, &msg, true);
}

static void do_resume(struct led *l)
{
    struct pulih_resumed msg = {0};

    PULIH_SET(&msg, resumed, actor, PULIH_VIEW("A-1"));
    say(l, PULIH_M_resumed, &msg, true);
}

static void do_offer(struct led *l)
{
    struct pulih_offer_made msg = {0};

    PULIH_SET(&msg, offer_made, remedy, PULIH_remedy_repair);
    PULIH_SET(&msg, offer_made, solution, PULIH_VIEW("Kami perbaiki."));
    PULIH_SET(&msg, offer_made, amount, chance(l, 2) ? UINT64_C(100) : UINT64_C(900000000));
    PULIH_SET(&msg, offer_made, currency, PULIH_VIEW("IDR"));
    PULIH_SET(&msg, offer_made, role, l->d->policy->authority[0].role);
    PULIH_SET(&msg, offer_made, actor, PULIH_VIEW("A-1"));
    say(l, PULIH_M_offer_made, &msg, true);
}

static void do_answer(struct led *l)
{
    struct pulih_offer_answered msg = {0};

    PULIH_SET(&msg, offer_answered, answer,
              (uint16_t)(chance(l, 2) ? PULIH_answer_accepted : PULIH_answer_declined));
    say(l, PULIH_M_offer_answered, &msg, true);
}

static void do_execute(struct led *l)
{
    struct pulih_executed msg = {0};

    say(l, PULIH_M_executed, &msg, true);
}

static void do_verify(struct led *l)
{
    struct pulih_verification_answered msg = {0};

    PULIH_SET(&msg, verification_answered, satisfied, chance(l, 3) == 0);
    say(l, PULIH_M_verification_answered, &msg, true);
}

static void do_withdraw(struct led *l)
{
    struct pulih_withdrawn msg = {0};

    if (chance(l, 4) == 0)
        say(l, PULIH_M_withdrawn, &msg, true);
}

static void do_reopen(struct led *l)
{
    struct pulih_reopened msg = {0};

    say(l, PULIH_M_reopened, &msg, true);
}

/* These need the chronology. */
static void do_correct(struct led *l)
{
    if (l->told && pulih_life_after(l->d->row.state, PULIH_M_classified) >= 0)
        classify(l, chance(l, 2) ? PULIH_tier_complex : PULIH_tier_normal, false);
}

static void do_extend(struct led *l)
{
    struct pulih_extended msg = {0};

    PULIH_SET(&msg, extended, extension, (uint16_t)(1 + chance(l, 3)));
    PULIH_SET(&msg, extended, actor, PULIH_VIEW("A-1"));
    if (l->told)
        say(l, PULIH_M_extended, &msg, true);
}

static void agree_on(struct led *l, int64_t due_us)
{
    struct pulih_renegotiated msg = {0};

    PULIH_SET(&msg, renegotiated, due_at, due_us);
    PULIH_SET(&msg, renegotiated, extension, PULIH_extension_documents);
    PULIH_SET(&msg, renegotiated, words, PULIH_VIEW("Baik, saya setuju."));
    PULIH_SET(&msg, renegotiated, actor, PULIH_VIEW("A-1"));
    say(l, PULIH_M_renegotiated, &msg, true);
}

static void do_agree(struct led *l)
{
    if (l->told)
        agree_on(l, l->d->now_us + (1 + (int64_t)chance(l, 300)) * DESK_HOUR);
}

/* Some are refused, as no clock goes by them. It stands in the chronology when the step works on it. */
static void do_milestone(struct led *l)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    struct pulih_milestone msg = {0};

    if (!l->told)
        return;
    PULIH_SET(&msg, milestone, milestone, (uint16_t)(1 + chance(l, 4)));
    PULIH_SET(&msg, milestone, actor, PULIH_VIEW("A-1"));
    if (chance(l, 2))
        PULIH_SET(&msg, milestone, at, l->d->now_us - (int64_t)chance(l, 3000) * DESK_MINUTE);
    pulih_msg_encode(PULIH_M_milestone, &msg, PULIH_CLASS_OPEN, &body);
    note_event(l, PULIH_M_milestone, l->d->row.version + 1, l->d->row.state, l->d->now_us,
               pulih_view_of_buf(&body));
    say(l, PULIH_M_milestone, &msg, true);
}

static void (*const acts[])(struct led *) = {do_pause,   do_resume, do_resume, do_offer,    do_answer,
                                             do_execute, do_verify, do_reopen, do_withdraw, do_extend,
                                             do_correct, do_reopen, do_agree,  do_milestone};

/* --- what must hold ------------------------------------------------------------------------------------- */

static struct pulih_clock_reading read_clock(const struct led *l, uint16_t name)
{
    struct pulih_clock_reading r;

    pulih_clock_read(pulih_policy_clock(l->d->policy, name), l->story, l->n, l->d->now_us, &l->d->arena, &r);
    assert_true(r.covered);
    return r;
}

/* The row says of the resolution what the chronology comes to. */
static void check_resolution(const struct led *l)
{
    const struct pulih_row_complaint *row = &l->d->row;
    struct pulih_clock_reading r = read_clock(l, PULIH_deadline_resolution);

    assert_int_equal(row->ladder_kind, PULIH_deadline_resolution);
    if (row->ladder_armed) {
        assert_int_equal(r.now.state, PULIH_CLOCK_running);
        assert_int_equal(r.now.due_us, row->ladder_due);
    } else {
        assert_int_equal(r.now.state,
                         row->state == PULIH_STATE_closed ? PULIH_CLOCK_met : PULIH_CLOCK_paused);
        assert_int_equal(r.now.left_us, row->ladder_left_us);
    }
}

/* Of the clock that the ladder waits for. */
static void check_next(const struct led *l)
{
    const struct pulih_row_complaint *row = &l->d->row;
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];

    pulih_clocks_read(l->d->policy, l->story, l->n, l->d->now_us, &l->d->arena, all);
    const struct pulih_clock_reading *next = pulih_clocks_next(all, l->d->policy->n_clocks);
    if (!row->ladder_armed)
        return;
    assert_non_null(next);
    assert_int_equal(row->ladder_kind, next->rule->name);
    assert_int_equal(row->ladder_due, next->now.due_us);
}

/* Random histories up to the first deadline that passes. */
static void run_histories(adapt_f *adapt, bool told, void (*check)(const struct led *l))
{
    size_t steps = 0;

    for (unsigned seed = 1; seed <= HISTORIES; seed++) {
        struct led *l = lead(adapt, seed, told);
        check(l);
        for (int i = 0; i < STEPS; i++) {
            l->d->now_us += (int64_t)chance(l, 400) * DESK_MINUTE + (int64_t)chance(l, 60000000);
            if (l->d->row.ladder_armed && l->d->row.ladder_due <= l->d->now_us)
                break;
            acts[chance(l, PULIH_COUNT(acts))](l);
            check(l);
            steps++;
        }
        leave(l);
    }
    assert_true(steps > HISTORIES * 5);
}

static void what_is_kept_is_what_the_chronology_comes_to(void **state)
{
    (void)state;
    run_histories(NULL, false, check_resolution);
}

static void who_is_told_the_chronology_keeps_the_same(void **state)
{
    (void)state;
    run_histories(NULL, true, check_resolution);
}

static struct pulih_clock_rule *add_clock(struct pulih_policy *p, uint16_t name, const char *within)
{
    struct pulih_clock_rule *rule = &p->clocks[p->n_clocks++];

    *rule = *pulih_policy_clock(p, PULIH_deadline_resolution);
    rule->name = name;
    rule->extensions = 0;
    for (int tier = 0; tier < PULIH_TIERS; tier++)
        rule->within[tier] = duration_of(within);
    return rule;
}

static void with_many_clocks(struct pulih_policy *p)
{
    struct pulih_clock_rule *rule;

    for (size_t i = 0; i < p->n_clocks; i++)
        for (int tier = 0; tier < PULIH_TIERS; tier++)
            if (p->clocks[i].name == PULIH_deadline_resolution)
                p->clocks[i].spoken[tier] = duration_of("7 working_days");
    rule = add_clock(p, PULIH_deadline_update, "9 working_hours");
    rule->starts = PULIH_M_acknowledged;
    rule->repeats = true;
    rule->met_by[rule->n_met_by++] = PULIH_M_informed;
    rule->met_by[rule->n_met_by++] = PULIH_M_offered;
    rule->met_by[rule->n_met_by++] = PULIH_M_clock_resumed;
    rule = add_clock(p, PULIH_deadline_first_response, "3 working_days");
    rule->met_by[rule->n_met_by++] = PULIH_M_offered;
    rule = add_clock(p, PULIH_deadline_regulator, "6 calendar_days");
    rule->customers_turn = false;
    rule->pauses = 1u << PULIH_pause_documents;
    rule->anew = PULIH_CLOCK_MILESTONE(PULIH_milestone_documents_complete);
    rule->met_by[rule->n_met_by++] = PULIH_CLOCK_MILESTONE(PULIH_milestone_holding_reply);
    rule = add_clock(p, PULIH_deadline_final, "5 calendar_days");
    rule->customers_turn = false;
    rule->pauses = 0;
    rule->starts = PULIH_CLOCK_MILESTONE(PULIH_milestone_sent_to_portal);
}

/* Beside the first chain, of which a hint tells but little: the same clock is armed. */
static void the_ladder_waits_for_the_clock_that_is_due_first(void **state)
{
    (void)state;
    run_histories(with_many_clocks, true, check_next);
}

/* --- what reopening and pauses may not do --------------------------------------------------------------- */

/* What is left while it stands, or would be if it stood from now on. */
static int64_t left_us(const struct led *l)
{
    struct pulih_clock_reading r = read_clock(l, PULIH_deadline_resolution);

    if (r.now.state != PULIH_CLOCK_running)
        return r.now.left_us;
    return pulih_calendar_between(l->d->policy->calendar, l->d->now_us, r.now.due_us);
}

static void pass_time(struct led *l, int64_t us)
{
    l->d->now_us += us;
}

static void reopening_never_grants_time(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= HISTORIES; seed++) {
        struct led *l = lead(NULL, seed, true);
        struct pulih_withdrawn withdrawn = {0};
        for (int i = 0; i < 3; i++) {
            pass_time(l, (int64_t)chance(l, 900) * DESK_MINUTE);
            say(l, PULIH_M_withdrawn, &withdrawn, true);
            int64_t before_us = left_us(l);
            pass_time(l, (int64_t)chance(l, 9000) * DESK_MINUTE);
            do_reopen(l);
            assert_true(left_us(l) <= before_us);
            assert_true(left_us(l) > 0 || before_us == 0);
        }
        leave(l);
    }
}

static void a_pause_moves_the_due_date_by_just_its_working_time(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= HISTORIES; seed++) {
        struct led *l = lead(NULL, seed, true);
        pass_time(l, (int64_t)chance(l, 2000) * DESK_MINUTE);
        const struct pulih_calendar *c = l->d->policy->calendar;
        int64_t due_us = l->d->row.ladder_due, from_us = l->d->now_us;
        do_pause(l);
        pass_time(l, (int64_t)chance(l, 20000) * DESK_MINUTE);
        do_resume(l);
        int64_t paused_us = pulih_calendar_between(c, from_us, l->d->now_us);
        assert_int_equal(pulih_calendar_between(c, due_us, l->d->row.ladder_due), paused_us);
        leave(l);
    }
}

/* GLPI #6902, #15605: what was paused is lost when the tier changes. */
static void a_correction_keeps_pauses_and_extensions(void **state)
{
    struct led *l = lead(NULL, 2, true);
    struct pulih_extended extended = {0};
    const struct pulih_calendar *c = l->d->policy->calendar;

    (void)state;
    PULIH_SET(&extended, extended, extension, PULIH_extension_external);
    PULIH_SET(&extended, extended, actor, PULIH_VIEW("A-1"));
    int64_t due_us = l->d->row.ladder_due;
    do_pause(l);
    pass_time(l, DESK_DAY); /* a whole working day */
    do_resume(l);
    assert_int_equal(pulih_calendar_between(c, due_us, l->d->row.ladder_due), 8 * DESK_HOUR);
    say(l, PULIH_M_extended, &extended, true);
    assert_int_equal(pulih_calendar_between(c, due_us, l->d->row.ladder_due), 6 * 8 * DESK_HOUR);
    classify(l, PULIH_tier_normal, false);
    int64_t normal_us = due(c, l->d->row.received_at, l->d->policy->resolve_within[PULIH_tier_normal]);
    assert_int_equal(pulih_calendar_between(c, normal_us, l->d->row.ladder_due), 6 * 8 * DESK_HOUR);
    assert_int_equal(l->d->row.due_at, l->d->row.ladder_due);
    classify(l, PULIH_tier_complex, false);
    assert_int_equal(pulih_calendar_between(c, due_us, l->d->row.ladder_due), 6 * 8 * DESK_HOUR);
    leave(l);
}

/* --- the ladder ----------------------------------------------------------------------------------------- */

static void do_pass(struct led *l)
{
    struct pulih_deadline_passed msg = {0};
    const struct pulih_row_complaint *row = &l->d->row;

    l->d->now_us = row->ladder_due + DESK_MINUTE;
    PULIH_SET(&msg, deadline_passed, deadline, (uint16_t)row->ladder_kind);
    PULIH_SET(&msg, deadline_passed, due_at, row->ladder_due);
    PULIH_SET(&msg, deadline_passed, armed, (uint64_t)row->ladder_armed);
    say(l, PULIH_M_deadline_passed, &msg, true);
}

static void do_meet(struct led *l, int64_t due_us)
{
    struct pulih_reprimand_answered msg = {0};

    PULIH_SET(&msg, reprimand_answered, due_at, due_us);
    PULIH_SET(&msg, reprimand_answered, answer, PULIH_VIEW("Teknisi datang besok."));
    PULIH_SET(&msg, reprimand_answered, actor, PULIH_VIEW("K501")); /* of the highest post */
    say(l, PULIH_M_reprimand_answered, &msg, true);
}

static void do_hand_down(struct led *l)
{
    struct pulih_deescalated msg = {0};

    PULIH_SET(&msg, deescalated, why, PULIH_VIEW("Sudah ditangani."));
    PULIH_SET(&msg, deescalated, actor, PULIH_VIEW("K501")); /* of the highest post */
    say(l, PULIH_M_deescalated, &msg, true);
}

/* An update is missed; what the post names goes before the policy's date, and what it knows to be
 * missed climbs no more, but what comes before its date does. */
static void a_post_that_answers_names_the_date(void **state)
{
    struct led *l = lead(with_many_clocks, 2, true);
    const struct pulih_row_complaint *row = &l->d->row;

    (void)state;
    do_pass(l);
    assert_int_equal(row->level, 1);
    assert_int_equal(row->ladder_kind, PULIH_deadline_acknowledge);
    int64_t due_us = l->d->now_us + 8 * DESK_DAY;
    do_meet(l, due_us);
    assert_int_equal(row->due_at, due_us);
    assert_int_equal(read_clock(l, PULIH_deadline_resolution).now.due_us, due_us);
    assert_int_equal(row->ladder_kind, PULIH_deadline_first_response); /* the update was missed before */
    check_next(l);
    do_pause(l);
    pass_time(l, DESK_DAY);
    do_resume(l);
    assert_true(row->due_at > due_us);
    check_next(l);
    do_pass(l);
    assert_int_equal(row->level, 2);
    leave(l);
}

/* Who hands back down what is late names a new date; all that was missed was told. */
static void what_is_handed_back_down_counts_from_its_new_date(void **state)
{
    struct led *l = lead(with_many_clocks, 2, true);
    const struct pulih_row_complaint *row = &l->d->row;

    (void)state;
    int64_t late_us = row->due_at;
    do_pass(l);
    l->d->now_us = late_us + DESK_DAY;
    do_hand_down(l);
    assert_int_equal(row->level, 0);
    assert_int_equal(row->ladder_kind, PULIH_deadline_resolution);
    assert_int_equal(row->ladder_due, row->due_at);
    assert_true(row->due_at > l->d->now_us);
    assert_int_equal(read_clock(l, PULIH_deadline_resolution).now.due_us, row->due_at);
    assert_int_equal(read_clock(l, PULIH_deadline_resolution).now.missed_us, late_us);
    check_next(l);
    leave(l);
}

/* --- extension and conversion --------------------------------------------------------------------------- */

static void extends_as_far_as_the_policy_allows(void **state)
{
    static const struct {
        uint16_t extension, clock;
        const char *need;
    } rows[] = {
        {PULIH_extension_unknown, PULIH_deadline_resolution, "allowed_reason"},
        {PULIH_extension_external, PULIH_deadline_regulator, "extensible_clock"},
        {PULIH_extension_external, PULIH_deadline_plan, "extensible_clock"},
        {PULIH_extension_external, PULIH_deadline_resolution, NULL},
        {PULIH_extension_external, PULIH_deadline_resolution, "extension_left"},
    };
    struct led *l = lead(NULL, 2, true);

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct pulih_extended msg = {0};
        PULIH_SET(&msg, extended, extension, rows[i].extension);
        PULIH_SET(&msg, extended, clock, rows[i].clock);
        PULIH_SET(&msg, extended, actor, PULIH_VIEW("A-1"));
        int64_t due_us = l->d->row.due_at;
        say(l, PULIH_M_extended, &msg, true);
        if (rows[i].need)
            desk_expect_refused(l->d, rows[i].need);
        assert_int_equal(l->d->row.due_at != due_us, rows[i].need == NULL);
    }
    leave(l);
}

static void extends_before_it_passes_only(void **state)
{
    struct led *l = lead(NULL, 2, true);
    struct pulih_extended msg = {0};

    (void)state;
    PULIH_SET(&msg, extended, extension, PULIH_extension_external);
    PULIH_SET(&msg, extended, actor, PULIH_VIEW("A-1"));
    l->d->now_us = l->d->row.ladder_due + DESK_MINUTE;
    say(l, PULIH_M_extended, &msg, true);
    desk_expect_refused(l->d, "running_deadline");
    leave(l);
}

static void with_a_regulator(struct pulih_policy *p)
{
    add_clock(p, PULIH_deadline_regulator, "12 calendar_days");
}

/* Later than now, no later than the tier allows from now on, and never beyond the regulator's date. */
static void the_customer_may_agree_to_another_date(void **state)
{
    struct led *l = lead(with_a_regulator, 2, true);
    struct pulih_row_complaint *row = &l->d->row;
    struct pulih_planned planned;

    (void)state;
    int64_t latest_us =
        due(l->d->policy->calendar, l->d->now_us, l->d->policy->resolve_within[PULIH_tier_complex]);
    int64_t regulator_us = read_clock(l, PULIH_deadline_regulator).now.due_us;
    assert_true(regulator_us < latest_us);
    const struct {
        int64_t due_us;
        const char *need;
    } rows[] = {
        {l->d->now_us, "date_in_time"},
        {latest_us + 1, "date_in_time"},
        {row->due_at, "other_deadline"},
        {regulator_us + 1, "regulator_deadline"},
    };
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        agree_on(l, rows[i].due_us);
        desk_expect_refused(l->d, rows[i].need);
    }
    agree_on(l, regulator_us - DESK_HOUR);
    desk_expect_event(l->d, 0, PULIH_M_planned, PULIH_STATE_acknowledged, &planned);
    assert_int_equal(planned.due_at, regulator_us - DESK_HOUR);
    assert_int_equal(planned.cause, PULIH_plan_cause_agreement);
    assert_int_equal(planned.extension, PULIH_extension_documents);
    assert_int_equal(planned.message, l->d->item.version);
    assert_int_equal(planned.promise, row->promises);
    assert_int_equal(PULIH_ROWS(&l->d->rows, promise)->due_at, planned.due_at);
    assert_int_equal(row->due_at, planned.due_at);
    assert_int_equal(row->ladder_due, planned.due_at);
    check_next(l);
    do_pause(l);
    agree_on(l, l->d->now_us + DESK_DAY);
    desk_expect_refused(l->d, "running_clock");
    leave(l);
}

/* POJK 22/2023: five days for what was spoken, ten once it is in writing, both from the start on. */
static void what_was_spoken_counts_otherwise_until_it_is_in_writing(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    struct pulih_put_in_writing msg = {0};

    (void)state;
    for (unsigned spoken = 0; spoken < 2; spoken++) {
        struct led *l = lead(with_many_clocks, spoken, true);
        const struct pulih_policy *p = l->d->policy;
        int64_t written_us = due(p->calendar, l->d->row.received_at, p->resolve_within[PULIH_tier_complex]);
        int64_t spoken_us = due(p->calendar, l->d->row.received_at, duration_of("7 working_days"));
        assert_int_equal(l->d->row.due_at, spoken ? spoken_us : written_us);
        PULIH_SET(&msg, put_in_writing, actor, PULIH_VIEW("A-1"));
        pulih_buf_empty(&body);
        pulih_msg_encode(PULIH_M_put_in_writing, &msg, PULIH_CLASS_OPEN, &body);
        note_event(l, PULIH_M_put_in_writing, l->d->row.version + 1, l->d->row.state, l->d->now_us,
                   pulih_view_of_buf(&body));
        say(l, PULIH_M_put_in_writing, &msg, true);
        if (!spoken)
            desk_expect_refused(l->d, "other_deadline");
        assert_int_equal(l->d->row.due_at, written_us);
        leave(l);
    }
}

/* The date that the customer set counts as it is, day and night, whatever pauses. */
static void the_customers_own_date_is_a_clock(void **state)
{
    struct pulih_arena arena = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    struct pulih_complaint msg = {0};
    struct desk *d = desk_open(PULIH_STAGE_escalation, escalation_handlers, 1, PULIH_STATE_classified);
    struct pulih_clock_rule rule = {.name = PULIH_deadline_customer, .starts = PULIH_M_complaint};
    struct pulih_clock_reading r;

    (void)state;
    rule.calendar.calendar = d->policy->calendar;
    for (int later = 0; later < 2; later++) {
        pulih_buf_empty(&body);
        PULIH_SET(&msg, complaint, channel, PULIH_channel_email);
        PULIH_SET(&msg, complaint, customer_deadline, DESK_NOW_US + (later ? DESK_DAY : -DESK_DAY));
        pulih_msg_encode(PULIH_M_complaint, &msg, PULIH_CLASS_OPEN, &body);
        struct pulih_told told = {1, PULIH_M_complaint, PULIH_STATE_received, DESK_NOW_US,
                                  pulih_view_of_buf(&body)};
        pulih_clock_read(&rule, &told, 1, DESK_NOW_US + 2 * DESK_DAY, &arena, &r);
        assert_int_equal(r.n, later); /* a date that was past already is none */
        assert_int_equal(r.now.due_us, later ? DESK_NOW_US + DESK_DAY : 0);
        assert_int_equal(r.now.missed_us, r.now.due_us);
    }
    pulih_arena_free(&arena);
    desk_close(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_what_the_chronology_comes_to),
        cmocka_unit_test(who_is_told_the_chronology_keeps_the_same),
        cmocka_unit_test(the_ladder_waits_for_the_clock_that_is_due_first),
        cmocka_unit_test(reopening_never_grants_time),
        cmocka_unit_test(a_pause_moves_the_due_date_by_just_its_working_time),
        cmocka_unit_test(a_correction_keeps_pauses_and_extensions),
        cmocka_unit_test(a_post_that_answers_names_the_date),
        cmocka_unit_test(what_is_handed_back_down_counts_from_its_new_date),
        cmocka_unit_test(extends_as_far_as_the_policy_allows),
        cmocka_unit_test(extends_before_it_passes_only),
        cmocka_unit_test(the_customer_may_agree_to_another_date),
        cmocka_unit_test(what_was_spoken_counts_otherwise_until_it_is_in_writing),
        cmocka_unit_test(the_customers_own_date_is_a_clock),
    };

    return cmocka_run_group_tests_name("clocks", tests, NULL, NULL);
}
