/* The calendar and the deadlines by tier. */
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/core/calendar_zone.h"
#include "services/common/core/policy_read.h"

enum { HOLIDAYS_MAX = 2000, ZONE_MAX_BYTES = 64, FIRST_DATE = 20000101, LAST_DATE = 20501231 };

static const char *const day_names[7] = {"monday", "tuesday",  "wednesday", "thursday",
                                         "friday", "saturday", "sunday"};

static int number_at(const char *at, size_t digits)
{
    int value = 0;

    for (size_t i = 0; i < digits; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

/* "08:00" to 480, up to "24:00"; -1 for anything else. */
static int minutes_at(const char *at)
{
    int hour = number_at(at, 2), minute = at[2] == ':' ? number_at(at + 3, 2) : -1;
    bool good = hour >= 0 && minute >= 0 && minute < 60 && hour * 60 + minute <= 1440;

    return good ? hour * 60 + minute : -1;
}

static void read_slot(struct pulih_policy_reader *r, const config_setting_t *at, int day, uint16_t after_min,
                      struct pulih_calendar_spec *spec)
{
    const char *text = config_setting_get_string(at);
    bool shaped = text && strlen(text) == strlen("08:00-12:00") && text[5] == '-';
    int open_min = shaped ? minutes_at(text) : -1, close_min = shaped ? minutes_at(text + 6) : -1;
    uint16_t i = spec->day[day].n;

    if (open_min < 0 || close_min < 0) {
        pulih_policy_wrong(r, at, "expected opening hours such as \"08:00-12:00\", up to 24:00");
    } else if (open_min >= close_min) {
        pulih_policy_wrong(r, at,
                           "expected a time of closing after that of opening; a night shift is two days");
    } else if (open_min < after_min) {
        pulih_policy_wrong(r, at, "expected hours that begin when those before have ended");
    } else {
        spec->day[day].slot[i].open_min = (uint16_t)open_min;
        spec->day[day].slot[i].close_min = (uint16_t)close_min;
        spec->day[day].n++;
    }
}

static void read_week(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_calendar_spec *spec)
{
    size_t n = 0, before = r->why->len;

    pulih_policy_group(r, at, day_names, 7);
    for (int day = 0; day < 7; day++) {
        config_setting_t *slots = config_setting_get_member(at, day_names[day]);
        if (!slots || !pulih_policy_elements(r, slots, 0, PULIH_SLOTS_MAX))
            continue;
        for (int i = 0; i < config_setting_length(slots); i++) {
            uint16_t last = spec->day[day].n;
            uint16_t after_min = last ? spec->day[day].slot[last - 1].close_min : 0;
            read_slot(r, config_setting_get_elem(slots, (unsigned)i), day, after_min, spec);
        }
        n += spec->day[day].n;
    }
    if (n == 0 && r->why->len == before)
        pulih_policy_wrong(r, at, "expected at least one day with opening hours");
}

/* "2026-12-25" to 20261225, or -1. */
static int32_t date_of(const char *text)
{
    int64_t days;

    if (!text || strlen(text) != strlen("2026-12-25") || text[4] != '-' || text[7] != '-')
        return -1;
    int year = number_at(text, 4), month = number_at(text + 5, 2), day = number_at(text + 8, 2);
    if (year < 0 || month < 0 || day < 0)
        return -1;
    int32_t date = year * 10000 + month * 100 + day;
    return date >= FIRST_DATE && date <= LAST_DATE && pulih_days_of(date, &days) ? date : -1;
}

static int compare_dates(const void *a, const void *b)
{
    const int32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void read_holidays(struct pulih_policy_reader *r, const config_setting_t *at,
                          struct pulih_calendar_spec *spec, int32_t *dates)
{
    size_t n = 0;

    if (!pulih_policy_elements(r, at, 0, HOLIDAYS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++) {
        const config_setting_t *elem = config_setting_get_elem(at, (unsigned)i);
        int32_t date = date_of(config_setting_get_string(elem));
        bool twice = false;
        for (size_t j = 0; j < n; j++)
            twice |= dates[j] == date;
        if (date < 0)
            pulih_policy_wrong(r, elem, "expected a date from 2000 to 2050 such as \"2026-12-25\"");
        else if (twice)
            pulih_policy_wrong(r, elem, "this date is given twice");
        else
            dates[n++] = date;
    }
    qsort(dates, n, sizeof *dates, compare_dates);
    spec->holidays = dates;
    spec->n_holidays = n;
}

static void compile(struct pulih_policy_reader *r, const config_setting_t *zone,
                    const struct pulih_calendar_spec *spec)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    r->policy->calendar = pulih_calendar_new(spec, &why);
    if (!r->policy->calendar)
        pulih_policy_wrong(r, zone, "%s", pulih_buf_text(&why));
}

void pulih_policy_read_calendar(struct pulih_policy_reader *r, config_setting_t *at)
{
    static const char *const names[] = {"zone", "week", "holidays"};
    int32_t dates[HOLIDAYS_MAX];
    struct pulih_calendar_spec spec = {0};
    struct pulih_view name = {0};
    size_t before = r->why->len;

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *zone = pulih_policy_member(r, at, "zone");
    config_setting_t *week = pulih_policy_member(r, at, "week");
    config_setting_t *holidays = pulih_policy_member(r, at, "holidays");
    if (zone)
        name = pulih_policy_text(r, zone, ZONE_MAX_BYTES, false);
    if (week)
        read_week(r, week, &spec);
    if (holidays)
        read_holidays(r, holidays, &spec, dates);
    if (r->why->len > before)
        return;
    char zone_name[ZONE_MAX_BYTES + 1];
    snprintf(zone_name, sizeof zone_name, "%.*s", PULIH_VIEW_ARG(name));
    spec.zone = zone_name;
    compile(r, zone, &spec);
}

void pulih_policy_read_resolve_within(struct pulih_policy_reader *r, config_setting_t *at)
{
    const char *names[PULIH_POLICY_WORDS_MAX];
    size_t n = pulih_policy_words(PULIH_WORDS_tier, false, names);

    pulih_policy_group(r, at, names, n);
    if (!config_setting_is_group(at))
        return;
    for (size_t i = 0; i < n; i++) {
        int tier = pulih_word_number(PULIH_WORDS_tier, pulih_view_of(names[i]));
        config_setting_t *member = pulih_policy_member(r, at, names[i]);
        if (member)
            pulih_policy_duration(r, member, &r->policy->resolve_within[tier]);
    }
    r->policy->resolve_within[PULIH_tier_unknown] = r->policy->resolve_within[PULIH_tier_normal];
}
