/* Calendars: worked examples, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "proto/words.h"
#include "pulih/base/clock.h"
#include "tests/lib/calendars.h"

#define US INT64_C(1000000)

/* Jakarta, Monday to Friday, 8-12 and 13-17, some holidays. */
static struct pulih_calendar *jakarta(void)
{
    static const int32_t holidays[] = {20260817, 20261225, 20270101};
    struct pulih_calendar_spec spec = {.zone = "Asia/Jakarta"};
    struct pulih_special_day room[3];

    open_days(&spec, 0, 4, office_hours, 2);
    close_days(&spec, holidays, 3, room);
    return compile(&spec);
}

static void adds_in_office_hours(void **state)
{
    /* 2026-11-23 is a Monday. */
    static const struct example rows[] = {
        {"2026-11-23T09:00:00+07:00", "30 minutes", "2026-11-23T09:30:00+07:00"},
        {"2026-11-23T23:50:00+07:00", "30 minutes", "2026-11-24T00:20:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "8 hours", "2026-11-23T17:00:00+07:00"},
        {"2026-11-27T18:00:00+07:00", "24 hours", "2026-11-28T18:00:00+07:00"},
        {"2026-11-23T09:15:07.5+07:00", "3 calendar_days", "2026-11-26T09:15:07.5+07:00"},
        {"2026-11-23T09:00:00+07:00", "60 working_minutes", "2026-11-23T10:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "3 working_hours", "2026-11-23T12:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "4 working_hours", "2026-11-23T14:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "7 working_hours", "2026-11-23T17:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "8 working_hours", "2026-11-24T09:00:00+07:00"},
        {"2026-11-23T12:30:00+07:00", "1 working_minute", "2026-11-23T13:01:00+07:00"},
        {"2026-11-23T12:00:00+07:00", "1 working_hour", "2026-11-23T14:00:00+07:00"},
        {"2026-11-23T17:00:00+07:00", "1 working_minute", "2026-11-24T08:01:00+07:00"},
        {"2026-11-23T05:00:00+07:00", "1 working_minute", "2026-11-23T08:01:00+07:00"},
        {"2026-11-27T16:59:59.5+07:00", "1 working_minute", "2026-11-30T08:00:59.5+07:00"},
        {"2026-11-28T10:00:00+07:00", "40 working_hours", "2026-12-04T17:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", "1 working_day", "2026-11-24T17:00:00+07:00"},
        {"2026-11-23T00:00:00+07:00", "1 working_day", "2026-11-24T17:00:00+07:00"},
        {"2026-11-23T23:59:59+07:00", "1 working_day", "2026-11-24T17:00:00+07:00"},
        {"2026-11-22T12:00:00+07:00", "1 working_day", "2026-11-23T17:00:00+07:00"},
        {"2026-11-27T10:00:00+07:00", "3 working_days", "2026-12-02T17:00:00+07:00"},
        {"2026-12-24T10:00:00+07:00", "1 working_day", "2026-12-28T17:00:00+07:00"},
        {"2026-12-24T10:00:00+07:00", "10 working_days", "2027-01-11T17:00:00+07:00"},
        {"2026-12-25T10:00:00+07:00", "1 working_hour", "2026-12-28T09:00:00+07:00"},
        {"2026-08-14T16:00:00+07:00", "2 working_hours", "2026-08-18T09:00:00+07:00"},
    };
    struct pulih_calendar *c = jakarta();

    (void)state;
    assert_examples(c, rows, sizeof rows / sizeof rows[0]);
    pulih_calendar_free(c);
}

static void adds_around_the_clock(void **state)
{
    static const struct example rows[] = {
        {"2026-11-28T23:30:00+07:00", "60 working_minutes", "2026-11-29T00:30:00+07:00"},
        {"2026-11-28T23:30:00+07:00", "1 working_day", "2026-11-30T00:00:00+07:00"},
        {"2026-11-28T23:30:00.25+07:00", "100 working_hours", "2026-12-03T03:30:00.25+07:00"},
    };
    struct pulih_calendar_spec spec = {.zone = "Asia/Jakarta"};

    (void)state;
    open_days(&spec, 0, 6, all_hours, 1);
    struct pulih_calendar *c = compile(&spec);
    assert_examples(c, rows, sizeof rows / sizeof rows[0]);
    assert_true(pulih_calendar_open_at(c, time_of("2026-11-29T00:00:00+07:00")));
    assert_int_equal(
        pulih_calendar_between(c, time_of("2026-11-01T00:00:00Z"), time_of("2026-12-01T00:00:00Z")),
        30 * 86400 * US);
    pulih_calendar_free(c);
}

/* Berlin 2026: clocks skip 02:00-03:00 on 29 March and repeat 02:00-03:00 on 25 October, both Sundays. */
static void adds_over_changes_of_clocks(void **state)
{
    static const struct example rows[] = {
        {"2026-03-28T23:00:00+01:00", "2 working_hours", "2026-03-29T01:00:00+01:00"},
        {"2026-03-28T23:00:00+01:00", "4 working_hours", "2026-03-29T04:00:00+02:00"},
        {"2026-10-24T23:00:00+02:00", "6 working_hours", "2026-10-25T04:00:00+01:00"},
        {"2026-03-28T02:30:00+01:00", "1 calendar_day", "2026-03-29T03:30:00+02:00"},
        {"2026-03-28T12:00:00+01:00", "1 calendar_day", "2026-03-29T12:00:00+02:00"},
        {"2026-10-24T02:30:00+02:00", "1 calendar_day", "2026-10-25T02:30:00+02:00"},
        {"2026-10-24T12:00:00+02:00", "1 calendar_day", "2026-10-25T12:00:00+01:00"},
        {"2026-10-25T02:30:00+01:00", "1 calendar_day", "2026-10-26T02:30:00+01:00"},
        {"2026-03-28T12:00:00+01:00", "24 hours", "2026-03-29T13:00:00+02:00"},
        {"2026-03-28T12:00:00+01:00", "1 working_day", "2026-03-30T00:00:00+02:00"},
        {"2049-03-27T23:00:00+01:00", "4 working_hours", "2049-03-28T04:00:00+02:00"},
    };
    struct pulih_calendar_spec spec = {.zone = "Europe/Berlin"};

    (void)state;
    open_days(&spec, 0, 6, night_hours, 2);
    struct pulih_calendar *c = compile(&spec);
    assert_examples(c, rows, sizeof rows / sizeof rows[0]);
    assert_int_equal(
        pulih_calendar_between(c, time_of("2026-03-29T00:00:00+01:00"), time_of("2026-03-29T12:00:00+02:00")),
        3 * 3600 * US);
    assert_int_equal(
        pulih_calendar_between(c, time_of("2026-10-25T00:00:00+02:00"), time_of("2026-10-25T12:00:00+01:00")),
        5 * 3600 * US);
    pulih_calendar_free(c);
}

static void measures_and_knows_what_is_open(void **state)
{
    static const struct {
        const char *from, *to;
        int64_t minutes;
    } rows[] = {
        {"2026-11-23T08:00:00+07:00", "2026-11-23T17:00:00+07:00", 480},
        {"2026-11-23T08:00:00+07:00", "2026-11-23T17:00:00.000001+07:00", 480},
        {"2026-11-23T07:00:00+07:00", "2026-11-23T08:00:00+07:00", 0},
        {"2026-11-23T11:00:00+07:00", "2026-11-23T14:00:00+07:00", 120},
        {"2026-11-23T11:00:00+07:00", "2026-11-23T11:00:00+07:00", 0},
        {"2026-11-23T14:00:00+07:00", "2026-11-23T11:00:00+07:00", 0},
        {"2026-11-21T00:00:00+07:00", "2026-11-23T00:00:00+07:00", 0},
        {"2026-11-23T00:00:00+07:00", "2026-11-30T00:00:00+07:00", 5 * 480},
        {"2026-12-24T00:00:00+07:00", "2026-12-26T00:00:00+07:00", 480},
        {"1970-01-01T00:00:00Z", "2000-01-01T00:00:00Z", 0},
        {"2051-01-01T00:00:00Z", "2060-01-01T00:00:00Z", 0},
    };
    static const struct {
        const char *at;
        bool open;
    } instants[] = {
        {"2026-11-23T08:00:00+07:00", true},  {"2026-11-23T07:59:59.999999+07:00", false},
        {"2026-11-23T12:00:00+07:00", false}, {"2026-11-23T11:59:59.999999+07:00", true},
        {"2026-11-23T17:00:00+07:00", false}, {"2026-12-25T09:00:00+07:00", false},
        {"2026-11-22T09:00:00+07:00", false}, {"1999-11-22T09:00:00+07:00", false},
    };
    struct pulih_calendar *c = jakarta();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(pulih_calendar_between(c, time_of(rows[i].from), time_of(rows[i].to)),
                         rows[i].minutes * 60 * US);
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++)
        assert_int_equal(pulih_calendar_open_at(c, time_of(instants[i].at)), instants[i].open);
    pulih_calendar_free(c);
}

static void adds_what_a_pause_left_over(void **state)
{
    static const struct {
        const char *from;
        int64_t left_us;
        const char *to;
    } rows[] = {
        {"2026-11-23T09:00:00+07:00", 1, "2026-11-23T09:00:00.000001+07:00"},
        {"2026-11-23T09:00:00+07:00", 0, "2026-11-23T09:00:00+07:00"},
        {"2026-11-23T09:00:00+07:00", -5, "2026-11-23T09:00:00+07:00"},
        {"2026-11-23T17:00:00+07:00", 0, "2026-11-23T17:00:00+07:00"},
        {"2026-11-23T18:00:00+07:00", 0, "2026-11-24T08:00:00+07:00"},
        {"2026-11-23T18:00:00+07:00", 1, "2026-11-24T08:00:00.000001+07:00"},
    };
    struct pulih_calendar *c = jakarta();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(due_working(c, time_of(rows[i].from), rows[i].left_us), time_of(rows[i].to));
    pulih_calendar_free(c);
}

/* A date that nobody can know is no date: there is no result, rather than the last instant that is known. */
static void has_no_result_outside_of_its_years(void **state)
{
    static const struct example rows[] = {
        {"2050-12-30T15:00:00+07:00", "2 working_hours", "2050-12-30T17:00:00+07:00"},
        {"2050-12-30T16:00:00+07:00", "2 working_hours", NULL}, /* 2050-12-31 is a Saturday */
        {"2050-12-30T16:00:00+07:00", "9999999 working_hours", NULL},
        {"2050-12-29T16:00:00+07:00", "1 working_day", "2050-12-30T17:00:00+07:00"},
        {"2050-12-29T16:00:00+07:00", "2 working_days", NULL},
        {"2050-12-29T16:00:00+07:00", "9999999 business_days", NULL},
        {"2050-12-29T16:00:00+07:00", "2 calendar_days", "2050-12-31T16:00:00+07:00"},
        {"2050-12-29T16:00:00+07:00", "3 calendar_days", NULL},
        {"2050-12-29T16:00:00+07:00", "9999999 calendar_days", NULL},
        {"2050-12-29T16:00:00+07:00", "1 week", NULL},
        {"2050-12-29T16:00:00+07:00", "9999999 months", NULL},
        {"2050-12-29T16:00:00+07:00", "9999999 hours", NULL},
        {"2060-01-01T16:00:00+07:00", "1 working_day", NULL},
        {"2060-01-01T16:00:00+07:00", "1 calendar_day", NULL},
        {"2060-01-01T16:00:00+07:00", "1 second", NULL},
        {"1999-12-31T16:00:00Z", "1 second", NULL},
        {"1980-01-01T16:00:00+07:00", "1 working_day", NULL},
        {"2000-01-01T00:00:00Z", "1 working_hour", "2000-01-03T09:00:00+07:00"},
    };
    struct pulih_calendar *c = jakarta();
    int64_t due_us;

    (void)state;
    assert_examples(c, rows, sizeof rows / sizeof rows[0]);
    assert_false(pulih_calendar_add_working_us(c, time_of("2060-01-01T00:00:00Z"), 0, &due_us));
    assert_false(pulih_calendar_add_working_us(c, time_of("1990-01-01T00:00:00Z"), 0, &due_us));
    assert_false(pulih_calendar_add_working_us(c, time_of("2050-12-30T20:00:00+07:00"), 0, &due_us));
    assert_false(pulih_calendar_add_working_us(c, time_of("2020-01-01T00:00:00Z"), INT64_MAX, &due_us));
    assert_false(pulih_calendar_add(c, INT64_MAX - 5, duration_of("1 hour"), &due_us));
    assert_false(pulih_calendar_add(c, INT64_MIN, duration_of("1 hour"), &due_us));
    pulih_calendar_free(c);
}

static void prints_instants(void **state)
{
    static const struct {
        const char *zone, *at;
        int language;
        const char *expected;
    } rows[] = {
        {"Asia/Jakarta", "2026-11-23T17:00:00+07:00", PULIH_language_id,
         "Senin, 23 November 2026 pukul 17.00 WIB"},
        {"Asia/Jakarta", "2026-11-23T17:00:00+07:00", PULIH_language_en,
         "Monday, 23 November 2026, 17:00 WIB"},
        {"Asia/Jakarta", "2026-11-23T17:00:00+07:00", PULIH_language_unknown,
         "Monday, 23 November 2026, 17:00 WIB"},
        {"Asia/Makassar", "2026-03-01T00:05:59.9+08:00", PULIH_language_id,
         "Minggu, 1 Maret 2026 pukul 00.05 WITA"},
        {"Asia/Jayapura", "2026-08-15T08:30:00+09:00", PULIH_language_id,
         "Sabtu, 15 Agustus 2026 pukul 08.30 WIT"},
        {"Europe/Berlin", "2026-07-01T12:00:00+02:00", PULIH_language_en,
         "Wednesday, 1 July 2026, 12:00 CEST"},
        {"Europe/Berlin", "2026-01-01T12:00:00+01:00", PULIH_language_en,
         "Thursday, 1 January 2026, 12:00 CET"},
        {"America/Sao_Paulo", "2026-05-05T12:00:00-03:00", PULIH_language_id,
         "Selasa, 5 Mei 2026 pukul 12.00 UTC-03"},
        {"Asia/Jakarta", "1969-12-31T23:59:59.5+07:00", PULIH_language_id,
         "Rabu, 31 Desember 1969 pukul 23.59 WIB"},
        {"UTC", "2026-02-06T00:00:00Z", PULIH_language_id, "Jumat, 6 Februari 2026 pukul 00.00 UTC"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
        struct pulih_calendar_spec spec = {.zone = rows[i].zone};
        open_days(&spec, 0, 6, all_hours, 1);
        struct pulih_calendar *c = compile(&spec);
        pulih_calendar_print(c, time_of(rows[i].at), rows[i].language, &out);
        assert_string_equal(pulih_buf_text(&out), rows[i].expected);
        pulih_calendar_free(c);
    }
}

static void refuses_bad_calendars(void **state)
{
    static const uint16_t overlap[][2] = {{480, 720}, {700, 1020}};
    static const uint16_t order[][2] = {{780, 1020}, {480, 720}};
    static const uint16_t backwards[][2] = {{720, 480}};
    static const uint16_t empty[][2] = {{480, 480}};
    static const uint16_t late[][2] = {{480, 1441}};
    static const int32_t no_date[] = {20260230}, negative[] = {-20260101};
    static const struct {
        const char *zone;
        const uint16_t (*slots)[2];
        uint16_t n;
        const int32_t *holidays;
        const char *fault;
    } rows[] = {
        {"Asia/Jakrta", office_hours, 2, NULL,
         "unknown time zone \"Asia/Jakrta\": a name of the tz database is expected,"},
        {"", office_hours, 2, NULL, "unknown time zone"},
        {"/etc/passwd", office_hours, 2, NULL, "unknown time zone"},
        {"../../../etc/passwd", office_hours, 2, NULL, "unknown time zone"},
        {"Asia", office_hours, 2, NULL, "unknown time zone"},
        {"WIB-7", office_hours, 2, NULL, "unknown time zone"},
        {"Asia/Jakarta\n", office_hours, 2, NULL, "unknown time zone"},
        {"zone1970.tab", office_hours, 2, NULL, "unknown time zone"},
        {"leapseconds", office_hours, 2, NULL, "time zone \"leapseconds\" cannot be read: no zone file"},
        {"Asia/Jakarta", office_hours, 0, NULL, "no open slot in the whole week"},
        {"Asia/Jakarta", overlap, 2, NULL, "slots of a day must follow each other and not overlap"},
        {"Asia/Jakarta", order, 2, NULL, "slots of a day must follow each other and not overlap"},
        {"Asia/Jakarta", backwards, 1, NULL, "a slot must close after it opens"},
        {"Asia/Jakarta", empty, 1, NULL, "a slot must close after it opens"},
        {"Asia/Jakarta", late, 1, NULL, "a slot must close after it opens, at 24:00 at the latest"},
        {"Asia/Jakarta", office_hours, 2, no_date, "no such date: 20260230"},
        {"Asia/Jakarta", office_hours, 2, negative, "no such date: -20260101"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        struct pulih_calendar_spec spec = {.zone = rows[i].zone};
        struct pulih_special_day room[1];
        if (rows[i].holidays)
            close_days(&spec, rows[i].holidays, 1, room);
        open_days(&spec, 2, 2, rows[i].slots, rows[i].n);
        assert_null(pulih_calendar_new(&spec, &why));
        if (strncmp(pulih_buf_text(&why), rows[i].fault, strlen(rows[i].fault)) != 0)
            fail_msg("row %zu: %s", i, pulih_buf_text(&why));
    }
}

static void refuses_a_calendar_that_is_all_holidays(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_calendar_spec spec = {.zone = "Asia/Jakarta"};
    int32_t *holidays = calloc(51 * 372, sizeof *holidays);
    size_t n = 0;

    (void)state;
    for (int32_t y = 2000; y <= 2051; y++)
        for (int32_t m = 1; m <= 12; m++)
            for (int32_t d = 1; d <= 31; d++) {
                char text[24];
                int64_t us;
                snprintf(text, sizeof text, "%d-%02d-%02dT12:00:00Z", (int)y, (int)m, (int)d);
                if (pulih_time_parse(pulih_view_of(text), &us) && us / US / 86400 % 7 == 4 && n < 51 * 372)
                    holidays[n++] = y * 10000 + m * 100 + d; /* all Mondays */
            }
    struct pulih_special_day *room = calloc(n, sizeof *room);
    close_days(&spec, holidays, n, room);
    open_days(&spec, 0, 0, office_hours, 2);
    assert_null(pulih_calendar_new(&spec, &why));
    assert_string_equal(pulih_buf_text(&why), "every open slot falls on a holiday");
    free(room);
    free(holidays);
}

static void reads_durations(void **state)
{
    static const struct {
        const char *text;
        int32_t amount; /* 0: refused */
        enum pulih_unit unit;
    } rows[] = {
        {"8 working_hours", 8, PULIH_UNIT_working_hour},
        {"1 working_hour", 1, PULIH_UNIT_working_hour},
        {"3 working_days", 3, PULIH_UNIT_working_day},
        {"15 working_minutes", 15, PULIH_UNIT_working_minute},
        {"5 seconds", 5, PULIH_UNIT_second},
        {"30 minutes", 30, PULIH_UNIT_minute},
        {"1 minute", 1, PULIH_UNIT_minute},
        {"24 hours", 24, PULIH_UNIT_hour},
        {"1 calendar_day", 1, PULIH_UNIT_calendar_day},
        {"9999999 calendar_days", 9999999, PULIH_UNIT_calendar_day},
        {"10000000 calendar_days", 0, 0},
        {"0 minutes", 0, 0},
        {"-1 minutes", 0, 0},
        {"minutes", 0, 0},
        {"1", 0, 0},
        {"1 ", 0, 0},
        {"1 s", 0, 0},
        {"1 minutess", 0, 0},
        {"1  minute", 0, 0},
        {" 1 minute", 0, 0},
        {"1minute", 0, 0},
        {"1.5 hours", 0, 0},
        {"1 working days", 0, 0},
        {"1 day", 0, 0},
        {"1 Hour", 0, 0},
        {"2 weeks", 2, PULIH_UNIT_week},
        {"1 month", 1, PULIH_UNIT_month},
        {"3 business_days", 3, PULIH_UNIT_business_day},
        {"3 business_days,next_day", 0, 0},
        {"3 business_days, ", 0, 0},
        {"3 business_days,", 0, 0},
        {"3 business_days, standard", 0, 0},
        {"3 business_days, next_day ", 0, 0},
        {"3 hours, next_day", 0, 0},
        {"3 working_hours, same_time", 0, 0},
        {"", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pulih_duration d = {0};
        bool good = pulih_duration_parse(pulih_view_of(rows[i].text), &d);
        if (good != (rows[i].amount > 0) || d.amount != rows[i].amount || (good && d.unit != rows[i].unit))
            fail_msg("\"%s\": %d, %d %d", rows[i].text, good, (int)d.amount, (int)d.unit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_in_office_hours),
        cmocka_unit_test(adds_around_the_clock),
        cmocka_unit_test(adds_over_changes_of_clocks),
        cmocka_unit_test(measures_and_knows_what_is_open),
        cmocka_unit_test(adds_what_a_pause_left_over),
        cmocka_unit_test(has_no_result_outside_of_its_years),
        cmocka_unit_test(prints_instants),
        cmocka_unit_test(refuses_bad_calendars),
        cmocka_unit_test(refuses_a_calendar_that_is_all_holidays),
        cmocka_unit_test(reads_durations),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
