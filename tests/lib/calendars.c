#include "tests/lib/calendars.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pulih/base/clock.h"

const uint16_t office_hours[2][2] = {{8 * 60, 12 * 60}, {13 * 60, 17 * 60}};
const uint16_t all_hours[1][2] = {{0, 1440}};
const uint16_t night_hours[2][2] = {{0, 4 * 60}, {22 * 60, 1440}};

int64_t time_of(const char *text)
{
    int64_t us = 0;

    if (!pulih_time_parse(pulih_view_of(text), &us))
        fail_msg("bad time in the test: %s", text);
    return us;
}

struct pulih_duration duration_of(const char *text)
{
    struct pulih_duration d = {0};

    if (!pulih_duration_parse(pulih_view_of(text), &d))
        fail_msg("bad duration in the test: %s", text);
    return d;
}

void open_days(struct pulih_calendar_spec *spec, int first, int last, const uint16_t slots[][2], uint16_t n)
{
    for (int d = first; d <= last; d++) {
        spec->day[d].n = n;
        for (int i = 0; i < n; i++) {
            spec->day[d].slot[i].open_min = slots[i][0];
            spec->day[d].slot[i].close_min = slots[i][1];
        }
    }
}

void close_days(struct pulih_calendar_spec *spec, const int32_t *dates, size_t n,
                struct pulih_special_day *room)
{
    for (size_t i = 0; i < n; i++)
        room[i] = (struct pulih_special_day){.date = dates[i], .kind = PULIH_DAY_holiday};
    spec->special = room;
    spec->n_special = n;
}

struct pulih_calendar *compile(const struct pulih_calendar_spec *spec)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_calendar *c = pulih_calendar_new(spec, &why);

    if (!c)
        fail_msg("%s", pulih_buf_text(&why));
    assert_int_equal(why.len, 0);
    return c;
}

int64_t due(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d)
{
    int64_t due_us = 0;

    assert_true(pulih_calendar_add(c, from_us, d, &due_us));
    return due_us;
}

int64_t due_working(const struct pulih_calendar *c, int64_t from_us, int64_t working_us)
{
    int64_t due_us = 0;

    assert_true(pulih_calendar_add_working_us(c, from_us, working_us, &due_us));
    return due_us;
}

void assert_examples(const struct pulih_calendar *c, const struct example *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char got[28] = "nothing";
        int64_t to_us = 0;
        bool found = pulih_calendar_add(c, time_of(rows[i].from), duration_of(rows[i].duration), &to_us);
        if (found)
            pulih_time_print(to_us, got);
        if (found != (rows[i].to != NULL) || (found && to_us != time_of(rows[i].to)))
            fail_msg("%s + %s = %s, not %s", rows[i].from, rows[i].duration, got,
                     rows[i].to ? rows[i].to : "nothing");
    }
}
