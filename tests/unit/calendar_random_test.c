/* Properties of random calendars in random zones: a slow count, minute by minute, that asks the C library for
 * local time, comes to the same; adding and measuring are each other's inverse; more is later; and split slots
 * are one slot with a gap in it. CALENDARS times CASES, which is a million. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/lib/calendars.h"

#define US        INT64_C(1000000)
#define MINUTE_US (60 * US)

enum { WINDOW_DAYS = 64, WINDOW_MIN = WINDOW_DAYS * 1440, CALENDARS = 250, CASES = 4000, SPECIAL = 6 };

static uint64_t random_state = 20261122;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)((random_state >> 33) % n);
}

/* Two months, minute by minute: is it open, and what do clocks show. */
struct slow {
    int64_t start_s;
    bool open[WINDOW_MIN];
    int32_t date[WINDOW_MIN];
    int16_t minute[WINDOW_MIN]; /* of the local day */
    int weekday[WINDOW_MIN];    /* 0 is Monday */
};

/* What the calendar says about one instant, against the slow count. */
struct check {
    const struct pulih_calendar *c;
    const struct slow *slow;
    int64_t from_us;
    size_t from_min; /* in the window */
};

/* --- random calendars ----------------------------------------------------------------------------------- */

static const char *const zones[] = {
    "Asia/Jakarta",      "Asia/Makassar",    "Asia/Jayapura",
    "Europe/Berlin",     "Europe/London",    "Europe/Dublin",
    "America/New_York",  "America/St_Johns", "Australia/Lord_Howe",
    "Asia/Kathmandu",    "Pacific/Apia",     "America/Sao_Paulo",
    "Africa/Casablanca", "Asia/Gaza",        "America/Havana",
    "America/Asuncion",  "Pacific/Chatham",  "UTC",
};

/* Up to four slots; sometimes none, sometimes around the clock. */
static struct pulih_hours random_hours(void)
{
    struct pulih_hours hours = {0};
    uint32_t minute = below(600), n = below(5);

    if (below(8) == 0)
        return (struct pulih_hours){1, {{0, 1440}}};
    for (uint32_t i = 0; i < n && minute < 1380; i++) {
        uint32_t close = minute + 1 + below(400);
        close = close > 1440 ? 1440 : close;
        hours.slot[i].open_min = (uint16_t)minute;
        hours.slot[i].close_min = (uint16_t)close;
        hours.n++;
        minute = close + below(200);
    }
    return hours;
}

/* Three windows of four begin at most forty days before clocks change in most zones that do, or before a leap
 * day or the end of a year. */
static int64_t random_start(void)
{
    static const int day_of_year[] = {59, 67, 85, 91, 267, 274, 298, 305, 365};
    int64_t year = below(48), day = day_of_year[below(9)] - 1 - (int64_t)below(40);

    if (below(4) == 0)
        day = below(300);
    return INT64_C(946684800) + ((year * 1461 + 3) / 4 + (day > 0 ? day : 0)) * 86400 + below(1440) * 60;
}

static void look_slowly(const char *zone, struct slow *s)
{
    setenv("TZ", zone, 1);
    tzset();
    for (int m = 0; m < WINDOW_MIN; m++) {
        time_t t = (time_t)(s->start_s + (int64_t)m * 60);
        struct tm tm;
        localtime_r(&t, &tm);
        s->date[m] = (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
        s->minute[m] = (int16_t)(tm.tm_hour * 60 + tm.tm_min);
        s->weekday[m] = (tm.tm_wday + 6) % 7;
    }
}

static int compare_special(const void *a, const void *b)
{
    const struct pulih_special_day *x = a, *y = b;
    return (x->date > y->date) - (x->date < y->date);
}

/* Holidays and days with other hours, on dates of the window, each once. */
static void random_special(struct pulih_calendar_spec *spec, const struct slow *s,
                           struct pulih_special_day room[SPECIAL])
{
    size_t n = 0;

    for (int i = 0; i < SPECIAL; i++) {
        struct pulih_special_day day = {.date = s->date[below(WINDOW_MIN)], .kind = PULIH_DAY_holiday};
        bool known = false;
        for (size_t j = 0; j < n; j++)
            known |= room[j].date == day.date;
        if (below(3) == 0) {
            day.kind = PULIH_DAY_one_off;
            day.hours = random_hours();
        }
        day.as_usual = below(6) == 0;
        if (!known)
            room[n++] = day;
    }
    qsort(room, n, sizeof *room, compare_special);
    spec->special = room;
    spec->n_special = n;
}

static const struct pulih_hours *hours_of(const struct pulih_calendar_spec *spec, const struct slow *s, int m)
{
    for (size_t i = 0; i < spec->n_special; i++)
        if (spec->special[i].date == s->date[m] && !spec->special[i].as_usual)
            return &spec->special[i].hours;
    return &spec->day[s->weekday[m]];
}

static void open_slowly(const struct pulih_calendar_spec *spec, struct slow *s)
{
    for (int m = 0; m < WINDOW_MIN; m++) {
        const struct pulih_hours *hours = hours_of(spec, s, m);
        s->open[m] = false;
        for (int i = 0; i < hours->n; i++)
            s->open[m] |= s->minute[m] >= hours->slot[i].open_min && s->minute[m] < hours->slot[i].close_min;
    }
}

/* --- time ----------------------------------------------------------------------------------------------- */

static int64_t slow_between(const struct slow *s, int64_t from_us, int64_t to_us)
{
    int64_t sum_us = 0, zero_us = s->start_s * US;

    for (int64_t m = (from_us - zero_us) / MINUTE_US; m * MINUTE_US + zero_us < to_us; m++) {
        int64_t begin_us = zero_us + m * MINUTE_US, end_us = begin_us + MINUTE_US;
        begin_us = begin_us < from_us ? from_us : begin_us;
        end_us = end_us > to_us ? to_us : end_us;
        if (s->open[m])
            sum_us += end_us - begin_us;
    }
    return sum_us;
}

/* Counts down minute by minute; false if the window ends first. */
static bool slow_add(const struct check *k, int64_t left_us, int64_t *ret_us)
{
    int64_t at_us = k->from_us;

    for (size_t m = k->from_min; m < WINDOW_MIN; m++) {
        int64_t end_us = (k->slow->start_s + (int64_t)m * 60 + 60) * US;
        if (k->slow->open[m] && left_us <= end_us - at_us) {
            *ret_us = at_us + left_us;
            return true;
        }
        if (k->slow->open[m])
            left_us -= end_us - at_us;
        at_us = end_us;
    }
    return false;
}

static void check_working_time(const struct check *k, int64_t working_us)
{
    int64_t expected_us, got_us = due_working(k->c, k->from_us, working_us);

    assert_int_equal(pulih_calendar_between(k->c, k->from_us, got_us), working_us);
    assert_true(pulih_calendar_open_at(k->c, got_us - 1)); /* in working time, its last instant counting */
    assert_true(due_working(k->c, k->from_us, working_us + 1) > got_us);
    assert_true(due_working(k->c, k->from_us + 1, working_us) >= got_us);
    if (slow_add(k, working_us, &expected_us))
        assert_int_equal(got_us, expected_us);
}

static void check_instants(const struct check *k, int64_t later_us)
{
    int64_t to_us = k->from_us + later_us, working_us;

    assert_int_equal(pulih_calendar_open_at(k->c, k->from_us), k->slow->open[k->from_min]);
    if (to_us >= (k->slow->start_s + WINDOW_MIN * 60) * US)
        return;
    working_us = slow_between(k->slow, k->from_us, to_us);
    assert_int_equal(pulih_calendar_between(k->c, k->from_us, to_us), working_us);
    if (working_us > 0 && pulih_calendar_open_at(k->c, to_us - 1))
        assert_int_equal(due_working(k->c, k->from_us, working_us), to_us);
}

/* Every unit and rule: forward, in working time where the unit is, and more is later. Where a whole date was
 * skipped, one date more can come to the same. */
static void check_order(const struct check *k)
{
    struct pulih_duration d = {.amount = 1 + (int32_t)below(30),
                               .unit = (enum pulih_unit)below(PULIH_UNIT_N)};

    if (pulih_unit_has_days(d.unit))
        d.first_day = (enum pulih_first_day)below(PULIH_FIRST_N);
    int64_t first_us = due(k->c, k->from_us, d), later_us;
    d.amount++;
    later_us = due(k->c, k->from_us, d);
    assert_true(first_us > k->from_us && later_us >= first_us);
    if (pulih_unit_is_working(d.unit)) {
        assert_true(later_us > first_us);
        assert_true(pulih_calendar_open_at(k->c, first_us) || pulih_calendar_open_at(k->c, first_us - 1));
    }
}

/* --- days ----------------------------------------------------------------------------------------------- */

enum { UNKNOWN = -1 };

/* When the n-th open date after `date` closes; its minute in the window. n = 0: that date. */
static int64_t slow_close(const struct slow *s, int32_t date, int32_t n)
{
    int64_t close = UNKNOWN;
    int32_t last = date;

    for (int m = 0; m < WINDOW_MIN; m++) {
        if (!s->open[m] || s->date[m] < date)
            continue;
        if (s->date[m] > last && n-- == 0)
            return close;
        last = s->date[m] > last ? s->date[m] : last;
        if (n == 0 && s->date[m] == last)
            close = m + 1;
    }
    return UNKNOWN;
}

/* The open date of receipt: the first one that closes after the instant. 0: not in the window. */
static int32_t slow_receipt(const struct check *k)
{
    const struct slow *s = k->slow;

    for (size_t m = k->from_min; m < WINDOW_MIN; m++)
        if (s->open[m] && s->date[m] >= s->date[k->from_min])
            return s->date[m];
    return 0;
}

static int32_t later_date(int32_t date, enum pulih_unit unit, int32_t n)
{
    struct tm tm = {.tm_year = date / 10000 - 1900, .tm_mon = date / 100 % 100 - 1, .tm_mday = date % 100};

    if (unit == PULIH_UNIT_month) {
        struct tm next = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon + n + 1, .tm_mday = 0};
        timegm(&next); /* the last day of that month */
        tm.tm_mon += n;
        tm.tm_mday = tm.tm_mday > next.tm_mday ? next.tm_mday : tm.tm_mday;
    } else {
        tm.tm_mday += unit == PULIH_UNIT_week ? 7 * n : n;
    }
    timegm(&tm);
    return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

/* Minute in the window that follows the last one of a date, or of those before it. */
static int64_t slow_end(const struct slow *s, int32_t date)
{
    int64_t end = UNKNOWN;

    if (s->date[WINDOW_MIN - 1] <= date + 1)
        return UNKNOWN;
    for (int m = 0; m < WINDOW_MIN; m++)
        end = s->date[m] <= date ? m + 1 : end;
    return end;
}

/* Minute at which clocks first show date and time, or as much after a gap as the time lies in it. */
static int64_t slow_time(const struct check *k, int32_t date, int minute)
{
    const struct slow *s = k->slow;

    for (size_t m = k->from_min + 1; m < WINDOW_MIN; m++) {
        if (s->date[m] < date || (s->date[m] == date && s->minute[m] < minute))
            continue;
        if (s->date[m] == date && s->minute[m] == minute)
            return (int64_t)m;
        int32_t before = s->date[m - 1] < date ? minute + 1440 - s->minute[m - 1] : minute - s->minute[m - 1];
        return (int64_t)m - 1 + before;
    }
    return UNKNOWN;
}

static int64_t slow_dates(const struct check *k, struct pulih_duration d)
{
    int32_t today = k->slow->date[k->from_min], receipt = slow_receipt(k);

    if (d.first_day == PULIH_FIRST_same_time)
        return slow_time(k, later_date(today, d.unit, d.amount), k->slow->minute[k->from_min]);
    if (d.first_day == PULIH_FIRST_receipt_day)
        return slow_end(k->slow,
                        later_date(later_date(today, d.unit, d.amount), PULIH_UNIT_calendar_day, -1));
    if (d.first_day == PULIH_FIRST_next_day)
        return slow_end(k->slow, later_date(today, d.unit, d.amount));
    return receipt ? slow_end(k->slow, later_date(receipt, d.unit, d.amount)) : UNKNOWN;
}

static int64_t slow_open_days(const struct check *k, struct pulih_duration d)
{
    int32_t today = k->slow->date[k->from_min], receipt = slow_receipt(k);

    if (d.first_day == PULIH_FIRST_next_day)
        return slow_close(k->slow, today, d.amount);
    if (!receipt)
        return UNKNOWN;
    return slow_close(k->slow, receipt, d.first_day == PULIH_FIRST_receipt_day ? d.amount - 1 : d.amount);
}

/* Clocks that go back over midnight make a date come twice; then "the" day of receipt is two spans, and what
 * the window shows of one is not the whole. */
static bool goes_back_over_midnight(const struct slow *s)
{
    for (int m = 1; m < WINDOW_MIN; m++)
        if (s->date[m] < s->date[m - 1])
            return true;
    return false;
}

static void check_days(const struct check *k)
{
    static const enum pulih_unit date_units[] = {PULIH_UNIT_calendar_day, PULIH_UNIT_week, PULIH_UNIT_month};
    struct pulih_duration d = {.amount = 1 + (int32_t)below(12)};
    bool dates = below(2);
    int64_t minute;

    d.first_day = (enum pulih_first_day)(dates ? 1 + below(4) : PULIH_FIRST_receipt_day + below(3));
    d.unit = dates ? date_units[below(3)] : PULIH_UNIT_working_day;
    if (dates && d.unit != PULIH_UNIT_calendar_day)
        d.amount = 1;
    minute = dates ? slow_dates(k, d) : slow_open_days(k, d);
    if (minute == UNKNOWN)
        return;
    int64_t into_us =
        d.first_day == PULIH_FIRST_same_time ? (k->from_us - k->slow->start_s * US) % MINUTE_US : 0;
    int64_t expected_us = (k->slow->start_s + minute * 60) * US + into_us, got_us = due(k->c, k->from_us, d);
    if (got_us == expected_us)
        return;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    pulih_calendar_print_iso(k->c, k->from_us, &text);
    pulih_buf_addf(&text, " %s + ", pulih_calendar_zone(k->c));
    pulih_duration_print(d, &text);
    pulih_buf_addf(&text, " = ");
    pulih_calendar_print_iso(k->c, got_us, &text);
    pulih_buf_addf(&text, ", not ");
    pulih_calendar_print_iso(k->c, expected_us, &text);
    fail_msg("%s", pulih_buf_text(&text));
}

static void agrees_with_a_slow_count(void **state)
{
    struct slow *slow = malloc(sizeof *slow);
    struct pulih_special_day special[SPECIAL];

    (void)state;
    for (int n = 0; n < CALENDARS; n++) {
        struct pulih_calendar_spec spec = {.zone = zones[below(sizeof zones / sizeof zones[0])]};
        slow->start_s = random_start();
        for (int d = 0; d < 7; d++)
            spec.day[d] = random_hours();
        if (spec.day[2].n == 0)
            open_days(&spec, 2, 2, office_hours, 2);
        look_slowly(spec.zone, slow);
        random_special(&spec, slow, special);
        open_slowly(&spec, slow);
        struct pulih_calendar *c = compile(&spec);
        bool plain = !goes_back_over_midnight(slow);
        for (int i = 0; i < CASES; i++) {
            struct check k = {.c = c, .slow = slow, .from_min = below(WINDOW_MIN / 2)};
            k.from_us = (slow->start_s + (int64_t)k.from_min * 60) * US;
            k.from_us += below(2) ? 0 : (int64_t)below(60 * 1000000);
            check_working_time(&k, 2 + (int64_t)below(i % 8 ? 250 : 2500) * MINUTE_US +
                                       (below(2) ? -1 : (int64_t)below(60000000)));
            check_instants(&k, (int64_t)below(i % 8 ? 43200 : 5 * 86400) * US + below(1000000));
            check_order(&k);
            if (plain && i % 64 == 0)
                check_days(&k);
        }
        pulih_calendar_free(c);
    }
    free(slow);
    unsetenv("TZ");
}

/* --- split slots ---------------------------------------------------------------------------------------- */

/* Chatwoot #14009 and frappe/helpdesk #2212 cannot have a lunch break. With one, every instant of work after
 * it is later by its length, and nothing else changes. */
static void split_slots_are_one_slot_with_a_gap(void **state)
{
    (void)state;
    for (int n = 0; n < 60; n++) {
        uint16_t open = (uint16_t)below(480), first = (uint16_t)(1 + below(300)),
                 gap = (uint16_t)(1 + below(300)), second = (uint16_t)(1 + below(300));
        const uint16_t whole[][2] = {{open, (uint16_t)(open + first + second)}};
        const uint16_t split[][2] = {
            {open, (uint16_t)(open + first)},
            {(uint16_t)(open + first + gap), (uint16_t)(open + first + gap + second)}};
        struct pulih_calendar_spec one = {.zone = "Asia/Makassar"}, two = {.zone = "Asia/Makassar"};
        int last = (int)below(7);
        open_days(&one, 0, last, whole, 1);
        open_days(&two, 0, last, split, 2);
        struct pulih_calendar *a = compile(&one), *b = compile(&two);
        for (int i = 0; i < 1000; i++) {
            int64_t base_us = time_of("2026-11-23T00:00:00+08:00"), day_us = 1440 * MINUTE_US;
            int64_t from_us = base_us + open * MINUTE_US; /* a Monday at opening */
            int64_t working_us =
                1 + (int64_t)below(40 * (uint32_t)(first + second)) * MINUTE_US + below(60000000);
            int64_t in_one_us = due_working(a, from_us, working_us),
                    in_two_us = due_working(b, from_us, working_us);
            int64_t after_us = (in_one_us - base_us) % day_us - open * MINUTE_US;
            int64_t shift_us = after_us > first * MINUTE_US ? gap * MINUTE_US : 0;
            assert_int_equal(in_two_us, in_one_us + shift_us);
        }
        pulih_calendar_free(a);
        pulih_calendar_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_slow_count),
        cmocka_unit_test(split_slots_are_one_slot_with_a_gap),
    };
    return cmocka_run_group_tests_name("calendar_random", tests, NULL, NULL);
}
