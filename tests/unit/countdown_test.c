/* Countdowns: the faults that users of other systems complain about, one test each, and properties of random
 * histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/countdown.h"
#include "tests/lib/calendars.h"

#define US      INT64_C(1000000)
#define HOUR_US (3600 * US)

enum { EVENTS_MAX = 12 };

/* Monday to Friday, 8-12 and 13-17 in Jakarta; 2026-12-24 to 27 are off. */
static struct pulih_calendar *jakarta(void)
{
    static const int32_t holidays[] = {20261224, 20261225};
    struct pulih_calendar_spec spec = {.zone = "Asia/Jakarta"};
    struct pulih_special_day room[2];

    open_days(&spec, 0, 4, office_hours, 2);
    close_days(&spec, holidays, 2, room);
    return compile(&spec);
}

struct history {
    struct pulih_clock_event event[EVENTS_MAX];
    size_t n;
};

static void add(struct history *h, enum pulih_clock_event_kind kind, int64_t at_us, const char *duration)
{
    assert_true(h->n < EVENTS_MAX);
    h->event[h->n++] =
        (struct pulih_clock_event){.at_us = at_us,
                                   .kind = kind,
                                   .duration = duration ? duration_of(duration) : (struct pulih_duration){0}};
}

/* Local times of Jakarta. */
static int64_t at(const char *local)
{
    char text[40];

    snprintf(text, sizeof text, "%s:00+07:00", local);
    return time_of(text);
}

static struct pulih_countdown reckon(const struct pulih_calendar *c, const struct history *h,
                                     int64_t until_us)
{
    struct pulih_countdown ret;
    size_t fault;

    if (!pulih_countdown_reckon(c, h->event, h->n, until_us, &ret, &fault))
        fail_msg("event %zu is refused", fault);
    return ret;
}

struct row {
    enum pulih_clock_event_kind kind;
    const char *at, *duration;
};

/* Due instant of a history in Jakarta. */
static void assert_due(const struct row *rows, size_t n, const char *due)
{
    struct pulih_calendar *c = jakarta();
    struct history h = {0};

    for (size_t i = 0; i < n; i++)
        add(&h, rows[i].kind, at(rows[i].at), rows[i].duration);
    assert_int_equal(reckon(c, &h, 0).due_us, at(due));
    pulih_calendar_free(c);
}

#define DUE(due, ...)                                                                                        \
    assert_due((const struct row[]){__VA_ARGS__},                                                            \
               sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row), due)

/* --- what users of others complain about ---------------------------------------------------------------- */

/* Chatwoot PR#13392; osTicket #1168, #2131, #4969; FreeScout #3756; GLPI #15429, #687 */
static void hours_and_holidays_count(void **state)
{
    (void)state;
    DUE("2026-12-28T10:00", {PULIH_CLOCK_start, "2026-12-23T15:00", "4 working_hours"});
    DUE("2026-12-29T17:00", {PULIH_CLOCK_start, "2026-12-23T15:00", "2 working_days"});
    DUE("2026-11-30T12:00", {PULIH_CLOCK_start, "2026-11-28T10:00", "4 working_hours"});
}

/* Chatwoot #14009; frappe/helpdesk #2212. See calendar_random_test for the property. */
static void lunch_breaks_stop_the_clock(void **state)
{
    (void)state;
    DUE("2026-11-23T13:30", {PULIH_CLOCK_start, "2026-11-23T11:00", "90 working_minutes"});
}

/* GLPI #6902, #15605, #14148, #24481: pauses are lost when the level or the priority changes. */
static void a_conversion_keeps_all_pauses(void **state)
{
    (void)state;
    DUE("2026-11-25T09:00", {PULIH_CLOCK_start, "2026-11-23T09:00", "4 working_hours"},
        {PULIH_CLOCK_pause, "2026-11-23T11:00", NULL}, {PULIH_CLOCK_resume, "2026-11-24T14:00", NULL},
        {PULIH_CLOCK_convert, "2026-11-24T15:00", "6 working_hours"});
    DUE("2026-11-24T16:00", {PULIH_CLOCK_start, "2026-11-23T09:00", "8 working_hours"},
        {PULIH_CLOCK_pause, "2026-11-23T11:00", NULL}, {PULIH_CLOCK_resume, "2026-11-24T14:00", NULL},
        {PULIH_CLOCK_convert, "2026-11-24T15:00", "4 working_hours"});
}

/* frappe/helpdesk PR#2449, #2075, #1675: time on hold is added to the creation time, wrong over holidays. */
static void a_pause_over_holidays_takes_working_time_alone(void **state)
{
    (void)state;
    DUE("2026-12-28T11:00", {PULIH_CLOCK_start, "2026-12-23T14:00", "4 working_hours"},
        {PULIH_CLOCK_pause, "2026-12-23T16:00", NULL}, {PULIH_CLOCK_resume, "2026-12-28T09:00", NULL});
    DUE("2026-12-28T10:00", {PULIH_CLOCK_start, "2026-12-23T15:00", "4 working_hours"},
        {PULIH_CLOCK_pause, "2026-12-24T09:00", NULL}, {PULIH_CLOCK_resume, "2026-12-27T21:00", NULL});
}

/* Zammad #534: a changed calendar does not count. ServiceNow: changing one under running clocks is unsafe. */
static void a_changed_calendar_is_reckoned_from_the_same_history(void **state)
{
    static const int32_t monday[] = {20261130};
    struct pulih_calendar_spec spec = {.zone = "Asia/Jakarta"};
    struct pulih_special_day room[1];
    struct history h = {0};

    (void)state;
    open_days(&spec, 0, 4, office_hours, 2);
    close_days(&spec, monday, 1, room);
    struct pulih_calendar *before = jakarta(), *after = compile(&spec);
    add(&h, PULIH_CLOCK_start, at("2026-11-26T10:00"), "16 working_hours");
    assert_int_equal(reckon(before, &h, 0).due_us, at("2026-11-30T10:00"));
    assert_int_equal(reckon(after, &h, 0).due_us, at("2026-12-01T10:00"));
    assert_int_equal(reckon(before, &h, 0).due_us, at("2026-11-30T10:00")); /* nothing was kept */
    pulih_calendar_free(before);
    pulih_calendar_free(after);
}

/* Zammad #188; osTicket PR#5206; frappe #3465; breeze #6689 */
static void reopening_grants_no_time(void **state)
{
    (void)state;
    DUE("2026-12-01T09:00", {PULIH_CLOCK_start, "2026-11-23T09:00", "4 working_hours"},
        {PULIH_CLOCK_meet, "2026-11-23T11:00", NULL}, {PULIH_CLOCK_reopen, "2026-11-30T16:00", NULL});
    DUE("2026-11-30T16:00", {PULIH_CLOCK_start, "2026-11-23T09:00", "1 working_hour"},
        {PULIH_CLOCK_meet, "2026-11-24T11:00", NULL}, {PULIH_CLOCK_reopen, "2026-11-30T16:00", NULL});
}

/* Zammad #3140, #5177: it escalates although somebody answered. */
static void what_is_met_in_time_is_not_missed(void **state)
{
    struct pulih_calendar *c = jakarta();
    struct history h = {0};

    (void)state;
    add(&h, PULIH_CLOCK_start, at("2026-11-23T09:00"), "4 working_hours");
    add(&h, PULIH_CLOCK_meet, at("2026-11-23T13:59"), NULL);
    struct pulih_countdown met = reckon(c, &h, at("2030-01-01T00:00"));
    assert_true(met.state == PULIH_CLOCK_met && met.missed_us == 0 && met.left_us == 60 * US);
    pulih_calendar_free(c);
}

/* osTicket's clearOverdue() forgets that a date was missed; here it stays, whatever is done about it later. */
static void what_was_missed_stays_missed(void **state)
{
    struct pulih_calendar *c = jakarta();
    struct history h = {0};

    (void)state;
    add(&h, PULIH_CLOCK_start, at("2026-11-23T09:00"), "1 working_hour");
    assert_int_equal(reckon(c, &h, at("2026-11-23T10:00")).missed_us, 0);
    assert_int_equal(reckon(c, &h, at("2026-11-23T10:01")).missed_us, at("2026-11-23T10:00"));
    add(&h, PULIH_CLOCK_extend, at("2026-11-23T11:00"), "2 working_days");
    add(&h, PULIH_CLOCK_convert, at("2026-11-23T11:30"), "10 working_days");
    add(&h, PULIH_CLOCK_meet, at("2026-11-24T11:00"), NULL);
    add(&h, PULIH_CLOCK_reopen, at("2026-11-25T11:00"), NULL);
    assert_int_equal(reckon(c, &h, at("2026-11-25T12:00")).missed_us, at("2026-11-23T10:00"));
    pulih_calendar_free(c);
}

/* A shorter duration is missed when it comes to count, not at some time before that nobody knew of. */
static void a_shorter_duration_misses_nothing_in_the_past(void **state)
{
    struct pulih_calendar *c = jakarta();
    struct history h = {0};

    (void)state;
    add(&h, PULIH_CLOCK_start, at("2026-11-23T09:00"), "10 working_days");
    add(&h, PULIH_CLOCK_pause, at("2026-11-23T14:00"), NULL);
    add(&h, PULIH_CLOCK_convert, at("2026-11-24T09:00"), "1 working_hour");
    assert_int_equal(reckon(c, &h, at("2026-11-24T10:00")).missed_us, 0);
    assert_int_equal(reckon(c, &h, at("2026-11-24T10:00")).left_us, 0);
    pulih_calendar_free(c);
}

/* GLPI #5319, PR#15357, PR#22678: the second level fires at 00:00 instead of 10:00; #2765 */
static void each_level_of_a_ladder_is_due_at_its_own_hour(void **state)
{
    static const char *const due_at[] = {"2026-11-27T10:00", "2026-11-27T15:00", "2026-11-30T10:00"};
    struct pulih_calendar *c = jakarta();
    int64_t at_us = at("2026-11-26T15:00");

    (void)state;
    for (size_t level = 0; level < 3; level++) {
        at_us = due(c, at_us, duration_of("4 working_hours"));
        assert_int_equal(at_us, at(due_at[level]));
    }
    pulih_calendar_free(c);
}

/* Zammad #4432, #2157: reminders at midnight and on weekends. */
static void nothing_in_working_time_is_due_at_night(void **state)
{
    static const char *const durations[] = {"7 working_minutes", "5 working_hours", "2 working_days",
                                            "1 business_day", "1 working_day, same_time"};
    struct pulih_calendar *c = jakarta();

    (void)state;
    for (int64_t from_us = at("2026-11-20T00:00"); from_us < at("2026-11-30T00:00"); from_us += 17 * 60 * US)
        for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
            int64_t due_us = due(c, from_us, duration_of(durations[i])), day_us;
            pulih_calendar_date(c, due_us, &day_us);
            assert_true(day_us >= 8 * HOUR_US && day_us <= 17 * HOUR_US);
            assert_true(pulih_calendar_open_at(c, due_us - 1) || pulih_calendar_open_at(c, due_us));
        }
    pulih_calendar_free(c);
}

/* grafana/oncall #3261; azure-devops-docs #8675; redmine_recurring_tasks #65; billetsys PR#175 */
static void a_change_of_clocks_moves_no_local_hour(void **state)
{
    static const struct example rows[] = {
        {"2026-03-27T16:00:00+01:00", "2 working_hours", "2026-03-30T09:00:00+02:00"},
        {"2026-10-23T16:00:00+02:00", "2 working_hours", "2026-10-26T09:00:00+01:00"},
        {"2026-03-28T10:00:00+01:00", "1 calendar_day", "2026-03-29T10:00:00+02:00"},
        {"2026-10-24T10:00:00+02:00", "1 week", "2026-10-31T10:00:00+01:00"},
        {"2026-03-27T10:00:00+01:00", "1 working_day, same_time", "2026-03-30T10:00:00+02:00"},
        {"2026-03-28T10:00:00+01:00", "1 calendar_day, next_day", "2026-03-30T00:00:00+02:00"},
        {"2026-10-24T10:00:00+02:00", "1 calendar_day, next_day", "2026-10-26T00:00:00+01:00"},
    };
    struct pulih_calendar_spec spec = {.zone = "Europe/Berlin"};

    (void)state;
    open_days(&spec, 0, 4, office_hours, 2);
    struct pulih_calendar *c = compile(&spec);
    assert_examples(c, rows, sizeof rows / sizeof rows[0]);
    pulih_calendar_free(c);
}

/* --- rules for the first day ---------------------------------------------------------------------------- */

/* The wording of rules: DISP 1.5 counts from the business day of receipt, POJK 22/2023 in working days. */
static void first_days_follow_their_rules(void **state)
{
    static const struct example rows[] = {
        /* Monday morning, at lunch, and after hours. */
        {"2026-11-23T09:00:00+07:00", "3 business_days", "2026-11-26T17:00:00+07:00"},
        {"2026-11-23T06:00:00+07:00", "3 business_days", "2026-11-26T17:00:00+07:00"},
        {"2026-11-23T17:00:00+07:00", "3 business_days", "2026-11-27T17:00:00+07:00"},
        {"2026-11-23T17:00:00+07:00", "3 working_days", "2026-11-26T17:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "3 working_days, receipt_day", "2026-11-25T17:00:00+07:00"},
        {"2026-11-23T18:00:00+07:00", "3 working_days, receipt_day", "2026-11-26T17:00:00+07:00"},
        {"2026-11-23T12:30:00+07:00", "1 working_day, same_time", "2026-11-24T13:00:00+07:00"},
        {"2026-11-23T18:30:00+07:00", "1 working_day, same_time", "2026-11-25T08:00:00+07:00"},
        /* Saturday: received on Monday, or on no day that counts. */
        {"2026-11-28T10:00:00+07:00", "3 business_days", "2026-12-03T17:00:00+07:00"},
        {"2026-11-28T10:00:00+07:00", "3 working_days", "2026-12-02T17:00:00+07:00"},
        {"2026-11-28T10:00:00+07:00", "1 business_day, receipt_day", "2026-11-30T17:00:00+07:00"},
        {"2026-11-28T10:00:00+07:00", "1 working_day, same_time", "2026-12-01T08:00:00+07:00"},
        /* Dates. */
        {"2026-11-23T09:00:00+07:00", "30 calendar_days", "2026-12-23T09:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "30 calendar_days, next_day", "2026-12-24T00:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "30 calendar_days, receipt_day", "2026-12-23T00:00:00+07:00"},
        {"2026-11-28T09:00:00+07:00", "1 calendar_day, next_opening", "2026-12-02T00:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "8 weeks", "2027-01-18T09:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "1 week, next_day", "2026-12-01T00:00:00+07:00"},
        {"2027-01-31T09:00:00+07:00", "1 month", "2027-02-28T09:00:00+07:00"},
        {"2028-01-31T09:00:00+07:00", "1 month", "2028-02-29T09:00:00+07:00"},
        {"2028-02-29T09:00:00+07:00", "12 months", "2029-02-28T09:00:00+07:00"},
        {"2026-12-31T09:00:00+07:00", "2 months, next_day", "2027-03-01T00:00:00+07:00"},
        {"2026-12-31T23:59:59+07:00", "1 calendar_day", "2027-01-01T23:59:59+07:00"},
    };
    struct pulih_calendar *c = jakarta();

    (void)state;
    assert_examples(c, rows, sizeof rows / sizeof rows[0]);
    pulih_calendar_free(c);
}

/* --- histories that cannot be --------------------------------------------------------------------------- */

static void refuses_what_cannot_have_happened(void **state)
{
    static const struct {
        struct row rows[4];
        size_t n, fault;
    } cases[] = {
        {{{PULIH_CLOCK_pause, "2026-11-23T09:00", NULL}}, 1, 0},
        {{{PULIH_CLOCK_convert, "2026-11-23T09:00", "1 hour"}}, 1, 0},
        {{{PULIH_CLOCK_start, "2026-11-23T09:00", "1 hour"},
          {PULIH_CLOCK_start, "2026-11-23T09:00", "1 hour"}},
         2,
         1},
        {{{PULIH_CLOCK_start, "2026-11-23T09:00", "1 hour"}, {PULIH_CLOCK_resume, "2026-11-23T09:00", NULL}},
         2,
         1},
        {{{PULIH_CLOCK_start, "2026-11-23T09:00", "1 hour"}, {PULIH_CLOCK_pause, "2026-11-23T08:00", NULL}},
         2,
         1},
        {{{PULIH_CLOCK_start, "2026-11-23T09:00", "1 hour"}, {PULIH_CLOCK_reopen, "2026-11-23T09:30", NULL}},
         2,
         1},
        {{{PULIH_CLOCK_start, "2026-11-23T09:00", "1 hour"},
          {PULIH_CLOCK_meet, "2026-11-23T09:30", NULL},
          {PULIH_CLOCK_extend, "2026-11-23T09:40", "1 hour"}},
         3,
         2},
        {{{PULIH_CLOCK_start, "2026-11-23T09:00", "1 hour"},
          {PULIH_CLOCK_meet, "2026-11-23T09:30", NULL},
          {PULIH_CLOCK_convert, "2026-11-23T09:40", "1 hour"}},
         3,
         2},
        {{{PULIH_CLOCK_start, "2050-12-30T16:00", "2 working_hours"}}, 1, 0},
        {{{PULIH_CLOCK_start, "2050-12-30T16:00", "1 working_hour"},
          {PULIH_CLOCK_extend, "2050-12-30T16:10", "1 week"}},
         2,
         1},
    };
    struct pulih_calendar *c = jakarta();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pulih_countdown ret;
        struct history h = {0};
        size_t fault = 99;
        for (size_t e = 0; e < cases[i].n; e++)
            add(&h, cases[i].rows[e].kind, at(cases[i].rows[e].at), cases[i].rows[e].duration);
        assert_false(pulih_countdown_reckon(c, h.event, h.n, 0, &ret, &fault));
        assert_int_equal(fault, cases[i].fault);
        assert_false(pulih_countdown_explain(c, h.event, h.n, 0, NULL, NULL));
    }
    pulih_calendar_free(c);
}

/* --- explaining ----------------------------------------------------------------------------------------- */

struct told {
    int64_t next_us; /* where the last span ended */
    int64_t sum_us[PULIH_SPAN_met + 1];
    size_t n;
    bool named;
};

static void take_span(void *of, const struct pulih_span *span)
{
    struct told *told = of;

    assert_true(span->from_us < span->to_us);
    if (told->n++)
        assert_int_equal(span->from_us, told->next_us);
    assert_int_equal(span->day != NULL, span->kind == PULIH_SPAN_special);
    told->named |= span->day && span->day->date == 20261225;
    told->next_us = span->to_us;
    told->sum_us[span->kind] += span->to_us - span->from_us;
}

static void tells_what_counted_and_why_the_rest_did_not(void **state)
{
    struct pulih_calendar *c = jakarta();
    struct history h = {0};
    struct told told = {0};

    (void)state;
    add(&h, PULIH_CLOCK_start, at("2026-12-23T15:00"), "6 working_hours");
    add(&h, PULIH_CLOCK_pause, at("2026-12-28T09:00"), NULL);
    add(&h, PULIH_CLOCK_resume, at("2026-12-28T11:00"), NULL);
    assert_true(pulih_countdown_explain(c, h.event, h.n, 0, take_span, &told));
    assert_int_equal(told.sum_us[PULIH_SPAN_counted], 6 * HOUR_US);
    assert_int_equal(told.sum_us[PULIH_SPAN_paused], 2 * HOUR_US);
    assert_int_equal(told.sum_us[PULIH_SPAN_special], 48 * HOUR_US);
    assert_int_equal(told.sum_us[PULIH_SPAN_closed], (7 + 48 + 8 + 1) * HOUR_US);
    assert_true(told.named);
    assert_int_equal(told.next_us, at("2026-12-28T15:00"));
    pulih_calendar_free(c);
}

/* --- properties ----------------------------------------------------------------------------------------- */

static uint64_t random_state = 78;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)((random_state >> 33) % n);
}

/* Possible events at random times, with extensions but no conversions; the sum of what was granted. */
static int64_t random_history(const struct pulih_calendar *c, struct history *h)
{
    enum pulih_clock_event_kind last = PULIH_CLOCK_start;
    int64_t at_us = at("2026-11-20T00:00") + below(30 * 86400) * US, granted = 1 + below(60);
    char text[32];

    h->n = 0;
    snprintf(text, sizeof text, "%d working_hours", (int)granted);
    add(h, PULIH_CLOCK_start, at_us, text);
    for (uint32_t i = below(9); i > 0; i--) {
        struct pulih_countdown now = reckon(c, h, 0);
        int64_t limit_us = now.state == PULIH_CLOCK_running ? now.due_us - at_us : 5 * 86400 * US;
        at_us += limit_us > 0 ? (int64_t)below((uint32_t)(limit_us / US) + 1) * US : 0;
        if (now.state == PULIH_CLOCK_running)
            last = below(2) ? PULIH_CLOCK_pause : below(2) ? PULIH_CLOCK_meet : PULIH_CLOCK_extend;
        else
            last = now.state == PULIH_CLOCK_met ? PULIH_CLOCK_reopen
                   : below(3)                   ? PULIH_CLOCK_resume
                                                : PULIH_CLOCK_extend;
        if (last == PULIH_CLOCK_extend)
            granted += 3;
        add(h, last, at_us, last == PULIH_CLOCK_extend ? "3 working_hours" : NULL);
    }
    return granted * HOUR_US;
}

/* What one more event does, worked out from the state before it alone. */
static void assert_one_more(const struct pulih_calendar *c, const struct history *h)
{
    struct history before = *h;
    const struct pulih_clock_event *e = &h->event[h->n - 1];

    before.n--;
    struct pulih_countdown was = reckon(c, &before, e->at_us), is = reckon(c, h, e->at_us);
    assert_int_equal(was.missed_us, is.missed_us);
    if (e->kind == PULIH_CLOCK_resume || e->kind == PULIH_CLOCK_reopen)
        assert_int_equal(is.due_us, due_working(c, e->at_us, was.left_us));
    if (e->kind == PULIH_CLOCK_pause || (e->kind == PULIH_CLOCK_meet && was.state == PULIH_CLOCK_running))
        assert_int_equal(is.left_us, pulih_calendar_between(c, e->at_us, was.due_us));
    if (e->kind == PULIH_CLOCK_extend && was.state == PULIH_CLOCK_running)
        assert_int_equal(is.due_us, due(c, was.due_us, e->duration));
    if (e->kind == PULIH_CLOCK_extend && was.state == PULIH_CLOCK_paused)
        assert_int_equal(is.left_us, was.left_us + 3 * HOUR_US);
}

/* However often it is paused, met and reopened: what counts until it is due is what was granted, and the spans
 * lie end to end from the start to the due instant. */
static void pauses_change_nothing_but_when(void **state)
{
    struct pulih_calendar *c = jakarta();

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct history h;
        struct told told = {0};
        int64_t granted_us = random_history(c, &h);
        if (h.n > 1)
            assert_one_more(c, &h);
        struct pulih_countdown now = reckon(c, &h, 0);
        assert_true(pulih_countdown_explain(c, h.event, h.n, h.event[h.n - 1].at_us, take_span, &told));
        int64_t left_us = now.state == PULIH_CLOCK_running ? 0 : now.left_us;
        assert_int_equal(told.sum_us[PULIH_SPAN_counted] + left_us, granted_us);
        if (now.state == PULIH_CLOCK_running)
            assert_int_equal(told.next_us, now.due_us);
    }
    pulih_calendar_free(c);
}

/* A pause of no length changes nothing; a conversion is a start with another duration. */
static void what_takes_no_time_changes_nothing(void **state)
{
    struct pulih_calendar *c = jakarta();

    (void)state;
    for (int i = 0; i < 5000; i++) {
        struct history h = {0}, other = {0};
        int64_t start_us = at("2026-11-20T00:00") + below(30 * 86400) * US;
        add(&h, PULIH_CLOCK_start, start_us, "9 working_days");
        int64_t due_us = reckon(c, &h, 0).due_us,
                at_us = start_us + below((uint32_t)((due_us - start_us) / US)) * US;
        add(&h, PULIH_CLOCK_pause, at_us, NULL);
        add(&h, PULIH_CLOCK_resume, at_us, NULL);
        assert_int_equal(reckon(c, &h, 0).due_us, due_us);
        other = h;
        other.event[0].duration = duration_of("14 working_hours");
        add(&h, PULIH_CLOCK_convert, at_us, "14 working_hours");
        assert_int_equal(reckon(c, &h, 0).due_us, reckon(c, &other, 0).due_us);
    }
    pulih_calendar_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_and_holidays_count),
        cmocka_unit_test(lunch_breaks_stop_the_clock),
        cmocka_unit_test(a_conversion_keeps_all_pauses),
        cmocka_unit_test(a_pause_over_holidays_takes_working_time_alone),
        cmocka_unit_test(a_changed_calendar_is_reckoned_from_the_same_history),
        cmocka_unit_test(reopening_grants_no_time),
        cmocka_unit_test(what_is_met_in_time_is_not_missed),
        cmocka_unit_test(what_was_missed_stays_missed),
        cmocka_unit_test(a_shorter_duration_misses_nothing_in_the_past),
        cmocka_unit_test(each_level_of_a_ladder_is_due_at_its_own_hour),
        cmocka_unit_test(nothing_in_working_time_is_due_at_night),
        cmocka_unit_test(a_change_of_clocks_moves_no_local_hour),
        cmocka_unit_test(first_days_follow_their_rules),
        cmocka_unit_test(refuses_what_cannot_have_happened),
        cmocka_unit_test(tells_what_counted_and_why_the_rest_did_not),
        cmocka_unit_test(pauses_change_nothing_but_when),
        cmocka_unit_test(what_takes_no_time_changes_nothing),
    };
    return cmocka_run_group_tests_name("countdown", tests, NULL, NULL);
}
