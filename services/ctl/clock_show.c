/* pulihctl clock show: a month of a calendar as a table. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "services/ctl/clock.h"

#define US     INT64_C(1000000)
#define DAY_US (86400 * US)

static void add_minute(const struct pulih_ctl_clock *d, struct pulih_buf *out, int64_t at_us)
{
    int64_t day_us;

    pulih_calendar_date(d->calendar, at_us, &day_us);
    pulih_buf_addf(out, "%02d:%02d", (int)(day_us / (3600 * US)), (int)(day_us / (60 * US) % 60));
}

/* "08:00-12:00 13:00-17:00"; an hour that comes twice is seen in the sum alone. */
static void add_slots(const struct pulih_ctl_clock *d, struct pulih_buf *out, int64_t from_us, int64_t end_us)
{
    struct pulih_interval open;

    for (int64_t at_us = from_us; pulih_calendar_next_open(d->calendar, at_us, end_us, &open);
         at_us = open.to_us) {
        pulih_buf_addf(out, "%s", out->len ? " " : "");
        add_minute(d, out, open.from_us);
        pulih_buf_addf(out, "-");
        if (open.to_us == end_us)
            pulih_buf_addf(out, "24:00");
        else
            add_minute(d, out, open.to_us);
    }
}

static void add_note(struct pulih_buf *out, const struct pulih_special_day *day)
{
    static const char *const kinds[PULIH_DAY_N] = {[PULIH_DAY_holiday] = "holiday",
                                                   [PULIH_DAY_joint_leave] = "joint leave",
                                                   [PULIH_DAY_one_off] = "one-off"};

    if (!day)
        return;
    pulih_buf_addf(out, "%s%s", kinds[day->kind], day->provisional ? ", provisional" : "");
    if (day->name.len)
        pulih_buf_addf(out, ": %.*s", PULIH_VIEW_ARG(day->name));
}

/* One row; returns its working time. */
static int64_t show_day(const struct pulih_ctl_clock *d, struct pulih_ctl_table *t, int32_t date)
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun",
                                       "Mon", "Tue", "Wed"}; /* 1970-01-01 first */
    PULIH_AUTO(pulih_buf_free) struct pulih_buf cell = {0};
    int64_t from_us, end_us, utc_us = 0;

    pulih_calendar_instant(d->calendar, date, 0, &from_us);
    pulih_calendar_instant(d->calendar, date, DAY_US, &end_us);
    int64_t working_us = pulih_calendar_between(d->calendar, from_us, end_us);
    pulih_buf_addf(&cell, "%04d-%02d-%02d", (int)date / 10000, (int)date / 100 % 100, (int)date % 100);
    pulih_ctl_cell(t, pulih_view_of_buf(&cell));
    pulih_buf_addf(&cell, "T00:00:00Z");
    pulih_time_parse(pulih_view_of_buf(&cell), &utc_us);
    pulih_ctl_cell(t, pulih_view_of(days[utc_us / DAY_US % 7]));
    pulih_buf_empty(&cell);
    add_slots(d, &cell, from_us, end_us);
    pulih_ctl_cell(t, pulih_view_of(pulih_buf_text(&cell)));
    pulih_buf_empty(&cell);
    pulih_ctl_add_length(&cell, working_us, d->json);
    pulih_ctl_cell(t, working_us || d->json ? pulih_view_of_buf(&cell) : PULIH_VIEW(""));
    pulih_buf_empty(&cell);
    add_note(&cell, pulih_calendar_special(d->calendar, date));
    pulih_ctl_cell(t, pulih_view_of(pulih_buf_text(&cell)));
    return working_us;
}

/* 2026-11 to 20261101 */
static bool read_month(const struct pulih_ctl_clock *d, int32_t *ret_first)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf day = {0};
    const char *text = pulih_ctl_option(d->ctl, "month");
    int64_t us;

    pulih_buf_addf(&day, "%s-01T00:00:00Z", text ? text : "");
    if (text && strlen(text) == 7 && pulih_time_parse(pulih_view_of_buf(&day), &us) &&
        us >= PULIH_CALENDAR_FIRST_US && us < PULIH_CALENDAR_END_US) {
        *ret_first = (int32_t)(strtol(text, NULL, 10) * 10000 + strtol(text + 5, NULL, 10) * 100 + 1);
        return true;
    }
    pulih_ctl_usage(d->ctl, "--month wants a month from 2000-01 to 2050-12%s%s", text ? ", got " : "",
                    text ? text : "");
    return false;
}

int pulih_ctl_clock_show(const struct pulih_ctl_clock *d)
{
    static const char *const columns[] = {"date", "day", "open", "working", "note"};
    struct pulih_ctl_table t = {columns, PULIH_COUNT(columns), "day", d->json, {0}, NULL, 0, 0, 0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf sum = {0};
    int64_t working_us = 0, at_us;
    int32_t first, date, open_days = 0;

    if (!read_month(d, &first))
        return PULIH_CTL_USAGE;
    for (date = first; pulih_calendar_is_date(date); date++) {
        int64_t day_us = show_day(d, &t, date);
        working_us += day_us;
        open_days += day_us > 0;
    }
    pulih_ctl_table_end(&t);
    if (!d->json) {
        pulih_ctl_add_length(&sum, working_us, false);
        printf("%d open days, %s, in calendar %.*s (%s)\n", (int)open_days, pulih_buf_text(&sum),
               PULIH_VIEW_ARG(d->name), pulih_calendar_zone(d->calendar));
    }
    pulih_calendar_instant(d->calendar, first, 0, &at_us);
    if (!pulih_calendar_knows_year(d->calendar, first / 10000))
        pulih_ctl_tell_doubts(d, at_us, at_us);
    return PULIH_CTL_OK;
}
