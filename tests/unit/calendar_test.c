/* Calendars: worked examples, what is refused, and properties of random calendars against a slow count,
 * minute by minute, that asks the C library for local time. */
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
#include "pulih/core/calendar.h"

#define US INT64_C(1000000)

static int64_t at(const char *text)
{
    int64_t us = 0;

    if (!pulih_time_parse(pulih_view_of(text), &us))
        fail_msg("bad time in the test: %s", text);
    return us;
}

static struct pulih_duration duration(const char *text)
{
    struct pulih_duration d = {0};

    if (!pulih_duration_parse(pulih_view_of(text), &d))
        fail_msg("bad duration in the test: %s", text);
    return d;
}

static void open_days(struct pulih_calendar_spec *spec, int first, int last, const uint16_t slots[][2],
                      uint16_t n)
{
    for (int d = first; d <= last; d++) {
        spec->day[d].n = n;
        for (int i = 0; i < n; i++) {
            spec->day[d].slot[i].open_min = slots[i][0];
            spec->day[d].slot[i].close_min = slots[i][1];
        }
    }
}

static const uint16_t office[][2] = {{8 * 60, 12 * 60}, {13 * 60, 17 * 60}};
static const uint16_t always[][2] = {{0, 1440}};
static const uint16_t nights[][2] = {{0, 4 * 60}, {22 * 60, 1440}};

static struct pulih_calendar *compile(const struct pulih_calendar_spec *spec)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_calendar *c = pulih_calendar_new(spec, &why);

    if (!c)
        fail_msg("%s", pulih_buf_text(&why));
    assert_int_equal(why.len, 0);
    return c;
}

/* Jakarta, Monday to Friday, 8-12 and 13-17, some holidays. */
static struct pulih_calendar *jakarta(void)
{
    static const int32_t holidays[] = {20260817, 20261225, 20270101};
    struct pulih_calendar_spec spec = {.zone = "Asia/Jakarta", .holidays = holidays, .n_holidays = 3};

    open_days(&spec, 0, 4, office, 2);
    return compile(&spec);
}

struct example {
    const char *from, *duration, *to;
};

static void assert_examples(const struct pulih_calendar *c, const struct example *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char got[28];
        int64_t to_us = pulih_calendar_add(c, at(rows[i].from), duration(rows[i].duration));
        pulih_time_print(to_us, got);
        if (to_us != at(rows[i].to))
            fail_msg("%s + %s = %s, not %s", rows[i].from, rows[i].duration, got, rows[i].to);
    }
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
    open_days(&spec, 0, 6, always, 1);
    struct pulih_calendar *c = compile(&spec);
    assert_examples(c, rows, sizeof rows / sizeof rows[0]);
    assert_true(pulih_calendar_open_at(c, at("2026-11-29T00:00:00+07:00")));
    assert_int_equal(pulih_calendar_between(c, at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z")),
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
    open_days(&spec, 0, 6, nights, 2);
    struct pulih_calendar *c = compile(&spec);
    assert_examples(c, rows, sizeof rows / sizeof rows[0]);
    assert_int_equal(
        pulih_calendar_between(c, at("2026-03-29T00:00:00+01:00"), at("2026-03-29T12:00:00+02:00")),
        3 * 3600 * US);
    assert_int_equal(
        pulih_calendar_between(c, at("2026-10-25T00:00:00+02:00"), at("2026-10-25T12:00:00+01:00")),
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
        assert_int_equal(pulih_calendar_between(c, at(rows[i].from), at(rows[i].to)),
                         rows[i].minutes * 60 * US);
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++)
        assert_int_equal(pulih_calendar_open_at(c, at(instants[i].at)), instants[i].open);
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
        {"1990-01-01T00:00:00Z", 0, "2000-01-03T08:00:00+07:00"},
        {"1990-01-01T00:00:00Z", 3600 * US, "2000-01-03T09:00:00+07:00"},
    };
    struct pulih_calendar *c = jakarta();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(pulih_calendar_add_working_us(c, at(rows[i].from), rows[i].left_us), at(rows[i].to));
    pulih_calendar_free(c);
}

/* Past the last year there is no working time left: results stay at its last instant. */
static void ends_with_its_last_year(void **state)
{
    static const struct example rows[] = {
        {"2050-12-30T16:00:00+07:00", "2 working_hours", "2050-12-30T17:00:00+07:00"},
        {"2050-12-30T16:00:00+07:00", "9999999 working_hours", "2050-12-30T17:00:00+07:00"},
        {"2050-12-29T16:00:00+07:00", "5 working_days", "2050-12-30T17:00:00+07:00"},
        {"2050-12-29T16:00:00+07:00", "9999999 working_days", "2050-12-30T17:00:00+07:00"},
        {"2060-01-01T16:00:00+07:00", "1 working_day", "2050-12-30T17:00:00+07:00"},
        {"2060-01-01T16:00:00+07:00", "1 calendar_day", "2060-01-02T16:00:00+07:00"},
        {"1980-01-01T16:00:00+07:00", "1 working_day", "2000-01-03T17:00:00+07:00"},
    };
    struct pulih_calendar *c = jakarta();

    (void)state;
    assert_examples(c, rows, sizeof rows / sizeof rows[0]); /* 2050-12-31 is a Saturday */
    assert_int_equal(pulih_calendar_add_working_us(c, at("2060-01-01T00:00:00Z"), 0),
                     at("2050-12-30T17:00:00+07:00"));
    assert_int_equal(pulih_calendar_add_working_us(c, at("2020-01-01T00:00:00Z"), INT64_MAX),
                     at("2050-12-30T17:00:00+07:00"));
    assert_int_equal(pulih_calendar_add(c, INT64_MAX - 5, duration("1 hour")), INT64_MAX);
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
        open_days(&spec, 0, 6, always, 1);
        struct pulih_calendar *c = compile(&spec);
        pulih_calendar_print(c, at(rows[i].at), rows[i].language, &out);
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
        {"Asia/Jakrta", office, 2, NULL,
         "unknown time zone \"Asia/Jakrta\": a name of the tz database is expected,"},
        {"", office, 2, NULL, "unknown time zone"},
        {"/etc/passwd", office, 2, NULL, "unknown time zone"},
        {"../../../etc/passwd", office, 2, NULL, "unknown time zone"},
        {"Asia", office, 2, NULL, "unknown time zone"},
        {"WIB-7", office, 2, NULL, "unknown time zone"},
        {"Asia/Jakarta\n", office, 2, NULL, "unknown time zone"},
        {"zone1970.tab", office, 2, NULL, "unknown time zone"},
        {"leapseconds", office, 2, NULL, "time zone \"leapseconds\" cannot be read: no zone file"},
        {"Asia/Jakarta", office, 0, NULL, "no open slot in the whole week"},
        {"Asia/Jakarta", overlap, 2, NULL, "slots of a day must follow each other and not overlap"},
        {"Asia/Jakarta", order, 2, NULL, "slots of a day must follow each other and not overlap"},
        {"Asia/Jakarta", backwards, 1, NULL, "a slot must close after it opens"},
        {"Asia/Jakarta", empty, 1, NULL, "a slot must close after it opens"},
        {"Asia/Jakarta", late, 1, NULL, "a slot must close after it opens, at 24:00 at the latest"},
        {"Asia/Jakarta", office, 2, no_date, "no such date: 20260230"},
        {"Asia/Jakarta", office, 2, negative, "no such date: -20260101"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        struct pulih_calendar_spec spec = {
            .zone = rows[i].zone, .holidays = rows[i].holidays, .n_holidays = rows[i].holidays != NULL};
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
    spec.holidays = holidays;
    spec.n_holidays = n;
    open_days(&spec, 0, 0, office, 2);
    assert_null(pulih_calendar_new(&spec, &why));
    assert_string_equal(pulih_buf_text(&why), "every open slot falls on a holiday");
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

/* --- properties ----------------------------------------------------------------------------------- */

enum { WINDOW_MIN = 28 * 1440, CALENDARS = 120, CASES = 850 };

static uint64_t random_state = 20261122;

static uint32_t below(uint32_t n)
{
    random_state = random_state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)((random_state >> 33) % n);
}

/* Four weeks, minute by minute: is it open, and which local date is it. */
struct slow {
    int64_t start_s;
    bool open[WINDOW_MIN];
    int32_t date[WINDOW_MIN];
};

static bool in_slot(const struct pulih_calendar_spec *spec, const struct tm *tm)
{
    int minute = tm->tm_hour * 60 + tm->tm_min, weekday = (tm->tm_wday + 6) % 7;

    for (int i = 0; i < spec->day[weekday].n; i++)
        if (minute >= spec->day[weekday].slot[i].open_min && minute < spec->day[weekday].slot[i].close_min)
            return true;
    return false;
}

static void look_slowly(const struct pulih_calendar_spec *spec, int64_t start_s, struct slow *ret)
{
    setenv("TZ", spec->zone, 1);
    tzset();
    ret->start_s = start_s;
    for (int m = 0; m < WINDOW_MIN; m++) {
        time_t t = (time_t)(start_s + m * 60);
        struct tm tm;
        localtime_r(&t, &tm);
        ret->date[m] = (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
        ret->open[m] = in_slot(spec, &tm);
    }
}

/* Makes two dates of the window holidays of both. */
static void add_holidays(struct pulih_calendar_spec *spec, struct slow *slow, int32_t holidays[2])
{
    holidays[0] = slow->date[below(WINDOW_MIN / 2)];
    holidays[1] = slow->date[WINDOW_MIN / 2 + below(WINDOW_MIN / 2)];
    spec->holidays = holidays;
    spec->n_holidays = 2;
    for (int m = 0; m < WINDOW_MIN; m++)
        if (slow->date[m] == holidays[0] || slow->date[m] == holidays[1])
            slow->open[m] = false;
}

/* A random week: days of up to four slots, some with none; sometimes around the clock. */
static void random_week(struct pulih_calendar_spec *spec)
{
    memset(spec->day, 0, sizeof spec->day);
    for (int d = 0; d < 7; d++) {
        uint32_t minute = below(600), n = below(5);
        if (below(8) == 0) {
            open_days(spec, d, d, always, 1);
            continue;
        }
        for (uint32_t i = 0; i < n && minute < 1380; i++) {
            uint32_t close = minute + 1 + below(400);
            close = close > 1440 ? 1440 : close;
            spec->day[d].slot[i].open_min = (uint16_t)minute;
            spec->day[d].slot[i].close_min = (uint16_t)close;
            spec->day[d].n++;
            minute = close + below(200);
        }
    }
    if (spec->day[2].n == 0)
        open_days(spec, 2, 2, office, 2);
}

/* Three windows of four begin at most twenty days before clocks change in most zones that do. */
static int64_t random_start(void)
{
    static const int day_of_year[] = {67, 70, 85, 91, 244, 267, 274, 298, 305};
    int64_t year = below(48), day = day_of_year[below(9)] - 1 - (int64_t)below(20);

    if (below(4) == 0)
        day = below(330);
    return INT64_C(946684800) + (year * 36525 / 100 + day) * 86400 + below(1440) * 60;
}

static const char *const zones[] = {
    "Asia/Jakarta",      "Asia/Makassar",    "Asia/Jayapura",
    "Europe/Berlin",     "Europe/London",    "Europe/Dublin",
    "America/New_York",  "America/St_Johns", "Australia/Lord_Howe",
    "Asia/Kathmandu",    "Pacific/Apia",     "America/Sao_Paulo",
    "Africa/Casablanca", "Asia/Gaza",        "America/Havana",
    "America/Asuncion",  "Pacific/Chatham",  "UTC",
};

/* What the calendar says about one instant and duration, against the slow count. */
struct check {
    const struct pulih_calendar *c;
    const struct slow *slow;
    int64_t from_us;
    size_t from_min; /* in the window */
    int64_t into_us; /* within the minute */
};

static int64_t slow_between(const struct slow *s, int64_t from_us, int64_t to_us)
{
    int64_t sum_us = 0, zero_us = s->start_s * US, minute_us = 60 * US;

    for (int64_t m = (from_us - zero_us) / minute_us; m * minute_us + zero_us < to_us; m++) {
        int64_t begin_us = zero_us + m * minute_us, end_us = begin_us + minute_us;
        if (begin_us < from_us)
            begin_us = from_us;
        if (end_us > to_us)
            end_us = to_us;
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
    int64_t expected_us, got_us = pulih_calendar_add_working_us(k->c, k->from_us, working_us);

    assert_int_equal(pulih_calendar_between(k->c, k->from_us, got_us), working_us);
    assert_true(
        pulih_calendar_open_at(k->c, got_us - 1)); /* lies in working time, its last instant counting */
    assert_true(pulih_calendar_add_working_us(k->c, k->from_us, working_us + 1) > got_us);
    assert_true(pulih_calendar_add_working_us(k->c, k->from_us + 1, working_us) >= got_us);
    if (slow_add(k, working_us, &expected_us))
        assert_int_equal(got_us, expected_us);
}

static void check_working_days(const struct check *k, int32_t days)
{
    const struct slow *s = k->slow;
    int64_t expected_us = 0,
            got_us =
                pulih_calendar_add(k->c, k->from_us, (struct pulih_duration){days, PULIH_UNIT_working_day});
    int32_t last = s->date[k->from_min], n = 0;

    for (size_t m = k->from_min; m < WINDOW_MIN; m++) {
        if (!s->open[m] || s->date[m] <= s->date[k->from_min])
            continue;
        if (s->date[m] > last && ++n > days)
            break;
        last = s->date[m] > last ? s->date[m] : last;
        if (n == days && s->date[m] == last)
            expected_us = (s->start_s + (int64_t)m * 60 + 60) * US;
    }
    if (n > days)
        assert_int_equal(got_us, expected_us);
}

static void check_instants(const struct check *k, int64_t later_us)
{
    int64_t to_us = k->from_us + later_us;

    assert_int_equal(pulih_calendar_open_at(k->c, k->from_us), k->slow->open[k->from_min]);
    if (to_us < (k->slow->start_s + WINDOW_MIN * 60) * US)
        assert_int_equal(pulih_calendar_between(k->c, k->from_us, to_us),
                         slow_between(k->slow, k->from_us, to_us));
    for (int unit = 0; unit < PULIH_UNIT_N; unit++) { /* every unit: forward, and more is later */
        struct pulih_duration d = {1 + (int32_t)below(30), (enum pulih_unit)unit};
        int64_t first_us = pulih_calendar_add(k->c, k->from_us, d);
        d.amount++;
        assert_true(first_us > k->from_us && pulih_calendar_add(k->c, k->from_us, d) > first_us);
    }
}

static void agrees_with_a_slow_count(void **state)
{
    struct slow *slow = malloc(sizeof *slow);
    int32_t holidays[2];

    (void)state;
    for (int n = 0; n < CALENDARS; n++) {
        struct pulih_calendar_spec spec = {.zone = zones[below(sizeof zones / sizeof zones[0])]};
        int64_t start_s = random_start();
        random_week(&spec);
        look_slowly(&spec, start_s, slow);
        add_holidays(&spec, slow, holidays);
        struct pulih_calendar *c = compile(&spec);
        for (int i = 0; i < CASES; i++) {
            struct check k = {.c = c, .slow = slow, .from_min = below(WINDOW_MIN / 2)};
            k.into_us = below(2) ? 0 : (int64_t)below(60 * 1000000);
            k.from_us = (start_s + (int64_t)k.from_min * 60) * US + k.into_us;
            check_working_time(&k, 2 + (int64_t)below(2500) * 60 * US +
                                       (below(2) ? -1 : (int64_t)below(60000000)));
            check_working_days(&k, 1 + (int32_t)below(6));
            check_instants(&k, (int64_t)below(5 * 86400) * US + below(1000000));
        }
        pulih_calendar_free(c);
    }
    free(slow);
    unsetenv("TZ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_in_office_hours),
        cmocka_unit_test(adds_around_the_clock),
        cmocka_unit_test(adds_over_changes_of_clocks),
        cmocka_unit_test(measures_and_knows_what_is_open),
        cmocka_unit_test(adds_what_a_pause_left_over),
        cmocka_unit_test(ends_with_its_last_year),
        cmocka_unit_test(prints_instants),
        cmocka_unit_test(refuses_bad_calendars),
        cmocka_unit_test(refuses_a_calendar_that_is_all_holidays),
        cmocka_unit_test(reads_durations),
        cmocka_unit_test(agrees_with_a_slow_count),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
