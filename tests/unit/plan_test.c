/* Handling plans: versions, yardsticks and dated steps, from chronologies by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/base/clock.h"
#include "pulih/core/plan.h"
#include "tests/lib/policy_files.h"
#include "tests/lib/told.h"

static void add_planned(struct told *s, const char *at, uint16_t cause, const char *due)
{
    struct pulih_planned msg = {0};

    PULIH_SET(&msg, planned, due_at, told_instant(due));
    PULIH_SET(&msg, planned, promise, 1);
    PULIH_SET(&msg, planned, post, PULIH_VIEW("Post 3"));
    PULIH_SET(&msg, planned, policy, PULIH_VIEW("test 1 00000000"));
    if (cause)
        PULIH_SET(&msg, planned, cause, cause);
    if (cause == PULIH_plan_cause_extension) {
        PULIH_SET(&msg, planned, clock, PULIH_deadline_resolution);
        PULIH_SET(&msg, planned, by, PULIH_VIEW("2 hours"));
    }
    told_add(s, at, PULIH_M_planned, cause ? PULIH_STATE_acknowledged : PULIH_STATE_planned, &msg);
}

/* A complaint of tier important, which has eight hours day and night. */
static void begin(struct told *s)
{
    struct pulih_complaint complaint = {0};
    struct pulih_classified classified = {0};

    PULIH_SET(&complaint, complaint, channel, PULIH_channel_email);
    PULIH_SET(&classified, classified, language, PULIH_language_en);
    PULIH_SET(&classified, classified, tier, PULIH_tier_important);
    PULIH_SET(&classified, classified, policy, PULIH_VIEW("test 1 00000000"));
    PULIH_SET(&classified, classified, category, PULIH_category_mechanical);
    PULIH_SET(&classified, classified, department, PULIH_VIEW("service"));
    told_add(s, "2026-12-01T08:00:00Z", PULIH_M_complaint, PULIH_STATE_received, &complaint);
    told_add(s, "2026-12-01T08:00:01Z", PULIH_M_classified, PULIH_STATE_classified, &classified);
}

static struct pulih_plan draft(const struct pulih_policy *p, const struct told *s, const char *now,
                               struct pulih_arena *arena)
{
    struct pulih_plan plan;

    assert_true(pulih_plan_draft(p, s->event, s->n, told_instant(now), arena, &plan));
    return plan;
}

static struct pulih_policy *a_policy(const struct policy_folder *f)
{
    put_changed_policy(f, "offers_max = 3;",
                       "offers_max = 1;\nclocks = ( { name = \"first_response\"; within = \"3 hours\"; } );");
    return load_policy(f);
}

static void check_step(const struct pulih_plan *plan, size_t i, enum pulih_m event, const char *due,
                       const char *done)
{
    assert_int_equal(plan->step[i].event, event);
    assert_int_equal(plan->step[i].due_us, due ? told_instant(due) : 0);
    assert_int_equal(plan->step[i].done_us, done ? told_instant(done) : 0);
}

static void a_plan_is_drafted_with_dates_and_versions(void **state)
{
    struct pulih_policy *p = a_policy(*state);
    PULIH_AUTO(pulih_arena_free) struct pulih_arena arena = {0};
    PULIH_AUTO(told_free) struct told s = {0};
    struct pulih_plan plan;

    begin(&s);
    assert_false(pulih_plan_draft(p, s.event, s.n, s.event[1].at_us, &arena, &plan));
    add_planned(&s, "2026-12-01T08:00:02Z", 0, "2026-12-01T16:00:00Z");
    told_add(&s, "2026-12-01T08:00:03Z", PULIH_M_acknowledged, PULIH_STATE_acknowledged, NULL);
    add_planned(&s, "2026-12-01T09:00:00Z", PULIH_plan_cause_extension, "2026-12-01T18:00:00Z");
    plan = draft(p, &s, "2026-12-01T09:30:00Z", &arena);
    assert_int_equal(plan.n, 2);
    assert_int_equal(plan.versions[0].cause, PULIH_plan_cause_unknown);
    assert_int_equal(plan.versions[0].due_us, told_instant("2026-12-01T16:00:00Z"));
    assert_int_equal(plan.versions[1].cause, PULIH_plan_cause_extension);
    assert_int_equal(plan.versions[1].due_us, told_instant("2026-12-01T18:00:00Z"));
    assert_true(pulih_view_is(plan.post, "Post 3"));
    assert_int_equal(plan.department, PULIH_department_service);
    assert_int_equal(plan.category, PULIH_category_mechanical);
    /* No clock for the acknowledgement: with the whole. Extended by two hours: eight and two. */
    check_step(&plan, 0, PULIH_M_acknowledged, "2026-12-01T18:00:00Z", "2026-12-01T08:00:03Z");
    check_step(&plan, 1, PULIH_M_offered, "2026-12-01T11:00:00Z", NULL);
    check_step(&plan, 2, PULIH_M_carried_out, "2026-12-01T18:00:00Z", NULL);
    check_step(&plan, 3, PULIH_M_verified, NULL, NULL);
    check_step(&plan, 4, PULIH_M_closed, "2026-12-01T18:00:00Z", NULL);
    pulih_policy_free(p);
}

static void yardsticks_measure_what_happened(void **state)
{
    struct pulih_policy *p = a_policy(*state);
    PULIH_AUTO(pulih_arena_free) struct pulih_arena arena = {0};
    PULIH_AUTO(told_free) struct told s = {0};

    begin(&s);
    add_planned(&s, "2026-12-01T08:00:02Z", 0, "2026-12-01T16:00:00Z");
    told_add(&s, "2026-12-01T08:00:03Z", PULIH_M_acknowledged, PULIH_STATE_acknowledged, NULL);
    struct pulih_plan plan = draft(p, &s, "2026-12-01T12:00:00Z", &arena);
    const struct pulih_clock_reading *r =
        pulih_clocks_find(plan.clocks, p->n_clocks, PULIH_deadline_first_response);
    assert_int_equal(r->now.missed_us, told_instant("2026-12-01T11:00:00Z"));
    assert_int_equal(plan.count[PULIH_PLAN_reprimands].count, 0);
    assert_int_equal(plan.count[PULIH_PLAN_declined].most, 1);
    told_add(&s, "2026-12-01T12:00:00Z", PULIH_M_reprimanded, PULIH_STATE_acknowledged, NULL);
    told_add(&s, "2026-12-01T13:00:00Z", PULIH_M_offered, PULIH_STATE_offered, NULL);
    told_add(&s, "2026-12-01T13:10:00Z", PULIH_M_offer_declined, PULIH_STATE_acknowledged, NULL);
    plan = draft(p, &s, "2026-12-01T13:20:00Z", &arena);
    assert_int_equal(plan.count[PULIH_PLAN_reprimands].count, 1);
    assert_int_equal(plan.count[PULIH_PLAN_declined].count, 1);
    assert_int_equal(plan.count[PULIH_PLAN_reopened].count, 0);
    /* What was declined is owed again. */
    assert_int_equal(plan.step[1].done_us, 0);
    pulih_policy_free(p);
}

/* The good policy gives the customer 90 minutes to say whether all is well. */
static void what_is_not_well_is_to_be_done_again(void **state)
{
    struct pulih_policy *p = a_policy(*state);
    PULIH_AUTO(pulih_arena_free) struct pulih_arena arena = {0};
    PULIH_AUTO(told_free) struct told s = {0};

    begin(&s);
    add_planned(&s, "2026-12-01T08:00:02Z", 0, "2026-12-01T16:00:00Z");
    told_add(&s, "2026-12-01T08:00:03Z", PULIH_M_acknowledged, PULIH_STATE_acknowledged, NULL);
    told_add(&s, "2026-12-01T09:00:00Z", PULIH_M_offered, PULIH_STATE_offered, NULL);
    told_add(&s, "2026-12-01T09:10:00Z", PULIH_M_offer_accepted, PULIH_STATE_accepted, NULL);
    told_add(&s, "2026-12-01T10:00:00Z", PULIH_M_carried_out, PULIH_STATE_verifying, NULL);
    struct pulih_plan plan = draft(p, &s, "2026-12-01T10:00:00Z", &arena);
    /* Ten minutes of it were the customer's turn. */
    check_step(&plan, 2, PULIH_M_carried_out, "2026-12-01T16:10:00Z", "2026-12-01T10:00:00Z");
    check_step(&plan, 3, PULIH_M_verified, "2026-12-01T11:30:00Z", NULL);
    told_add(&s, "2026-12-01T10:30:00Z", PULIH_M_obstacle_found, PULIH_STATE_acknowledged, NULL);
    plan = draft(p, &s, "2026-12-01T10:30:00Z", &arena);
    for (size_t i = 1; i < PULIH_PLAN_STEPS; i++)
        assert_int_equal(plan.step[i].done_us, 0);
    assert_int_equal(plan.step[3].due_us, 0);
    assert_int_equal(plan.step[0].done_us, told_instant("2026-12-01T08:00:03Z"));
    pulih_policy_free(p);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_policy_folder, remove_policy_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_plan_is_drafted_with_dates_and_versions),
        IN_FOLDER(yardsticks_measure_what_happened),
        IN_FOLDER(what_is_not_well_is_to_be_done_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
