/* Versions of a calendar: as text and back, and one that keeps the past of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/calendars.h"

#define US      INT64_C(1000000)
#define HOUR_US (3600 * US)
#define DAY_US  (24 * HOUR_US)

/* Weekdays in Jakarta, with a feast and a day that is opened. */
static struct pulih_calendar *office(int last_day)
{
    static const struct pulih_special_day days[] = {
        {.date = 20261125, .kind = PULIH_DAY_holiday, .name = {"Hari raya; dua kata", 19}},
        {.date = 20261126, .kind = PULIH_DAY_joint_leave, .as_usual = true, .provisional = true},
        {.date = 20261128, .kind = PULIH_DAY_one_off, .hours = {1, {{600, 660}}}},
    };
    struct pulih_calendar_spec spec = {.zone = "Asia/Jakarta", .special = days, .n_special = 3};

    open_days(&spec, 0, last_day, office_hours, 2);
    return compile(&spec);
}

static struct pulih_calendar *always(void)
{
    struct pulih_calendar_spec spec = {.zone = "Asia/Jakarta"};

    open_days(&spec, 0, 6, all_hours, 1);
    return compile(&spec);
}

static int64_t between(const struct pulih_calendar *c, int64_t from_us, int64_t to_us)
{
    return pulih_calendar_between(c, from_us, to_us);
}

static void is_what_it_was_written_from(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0}, again = {0}, why = {0};
    struct pulih_calendar *c = office(4);
    int64_t from_us = time_of("2026-11-20T00:00:00+07:00");

    (void)state;
    pulih_calendar_write(c, &text);
    struct pulih_calendar *read = pulih_calendar_read(pulih_view_of_buf(&text), &why);
    assert_non_null(read);
    pulih_calendar_write(read, &again);
    assert_string_equal(pulih_buf_text(&text), pulih_buf_text(&again));
    for (int64_t at_us = from_us; at_us < from_us + 20 * DAY_US; at_us += 17 * 60 * US)
        assert_int_equal(between(c, from_us, at_us), between(read, from_us, at_us));
    const struct pulih_special_day *day = pulih_calendar_special(read, 20261125);
    assert_true(day && day->kind == PULIH_DAY_holiday && pulih_view_is(day->name, "Hari raya; dua kata"));
    pulih_calendar_free(c);
    pulih_calendar_free(read);
}

static void reads_nothing_else(void **state)
{
    static const char *const texts[] = {
        "",
        "zone Asia/Jakarta\n",
        "zone Asia/Jakarta\nday -\nday -\nday -\nday -\nday -\nday -\nday -\n",
        "zone Nowhere/Town\nday 480-720\nday -\nday -\nday -\nday -\nday -\nday -\n",
        "zone Asia/Jakarta\nday 720-480\nday -\nday -\nday -\nday -\nday -\nday -\n",
        "zone Asia/Jakarta\nday 480-720;\nday -\nday -\nday -\nday -\nday -\nday -\n",
        "zone Asia/Jakarta\nday 480-720\nday -\nday -\nday -\nday -\nday -\nday -\nday -\n",
        "zone Asia/Jakarta\nday 480-720\nday -\nday -\nday -\nday -\nday -\nday -\nspecial 20260231 1 0 0 - "
        "x\n",
        "zone Asia/Jakarta\nday 480-720\nday -\nday -\nday -\nday -\nday -\nday -\nspecial 20260201 9 0 0 - "
        "x\n",
        "zone Asia/Jakarta\nday 480-720\nday -\nday -\nday -\nday -\nday -\nday -\nrubbish\n",
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(texts); i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        assert_null(pulih_calendar_read(pulih_view_of(texts[i]), &why));
        assert_int_not_equal(why.len, 0);
    }
}

/* Whatever the instant of the change: before it the old hours count, after it the new ones, and all in all as many. */
static void each_version_counts_for_its_own_time(void **state)
{
    int64_t from_us = time_of("2026-11-20T00:00:00+07:00"), to_us = from_us + 14 * DAY_US;

    (void)state;
    for (int64_t until_us = from_us; until_us < to_us; until_us += 7 * HOUR_US + 13 * 60 * US) {
        struct pulih_calendar *before = office(4), *after = always(), *both = always();
        pulih_calendar_keep_past(both, before, until_us);
        for (int64_t at_us = from_us; at_us < to_us; at_us += 5 * HOUR_US + 41 * 60 * US) {
            int64_t cut_us = at_us < until_us ? at_us : until_us;
            int64_t expected = between(before, from_us, cut_us) + between(after, until_us, at_us), due_us;
            assert_int_equal(between(both, from_us, at_us), expected);
            if (expected > 0 && pulih_calendar_add_working_us(both, from_us, expected, &due_us))
                assert_int_equal(between(both, from_us, due_us), expected);
        }
        pulih_calendar_free(before);
        pulih_calendar_free(after);
        pulih_calendar_free(both);
    }
}

/* A day that becomes a holiday after it was worked on stays a working day; one that lies ahead does not. */
static void days_that_passed_stay_as_they_were(void **state)
{
    struct pulih_calendar *before = office(4), *after = office(1), *ahead = office(1);
    int64_t start_us = time_of("2026-11-20T09:00:00+07:00"); /* a Friday */
    struct pulih_duration days = duration_of("3 working_days");

    (void)state;
    pulih_calendar_keep_past(after, before, time_of("2026-11-28T12:00:00+07:00"));
    pulih_calendar_keep_past(ahead, before, time_of("2026-11-20T12:00:00+07:00"));
    assert_int_equal(due(before, start_us, days), time_of("2026-11-26T17:00:00+07:00"));
    assert_int_equal(due(after, start_us, days), time_of("2026-11-26T17:00:00+07:00"));
    assert_int_equal(due(ahead, start_us, days), time_of("2026-11-28T11:00:00+07:00"));
    assert_non_null(pulih_calendar_special(after, 20261125));
    pulih_calendar_free(before);
    pulih_calendar_free(after);
    pulih_calendar_free(ahead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_it_was_written_from),
        cmocka_unit_test(reads_nothing_else),
        cmocka_unit_test(each_version_counts_for_its_own_time),
        cmocka_unit_test(days_that_passed_stay_as_they_were),
    };

    return cmocka_run_group_tests_name("calendar past", tests, NULL, NULL);
}
