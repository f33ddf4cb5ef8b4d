/* Calendars of a policy: named groups of zone, week and special days. */
#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/core/policy_calendar.h"

static const char *const day_names[7] = {"monday", "tuesday",  "wednesday", "thursday",
                                         "friday", "saturday", "sunday"};

/* --- hours ---------------------------------------------------------------------------------------------- */

int pulih_policy_digits(const char *at, size_t digits)
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
    int hour = pulih_policy_digits(at, 2), minute = at[2] == ':' ? pulih_policy_digits(at + 3, 2) : -1;
    bool good = hour >= 0 && minute >= 0 && minute < 60 && hour * 60 + minute <= 1440;

    return good ? hour * 60 + minute : -1;
}

static void read_slot(struct pulih_policy_reader *r, const config_setting_t *at, struct pulih_hours *hours)
{
    const char *text = config_setting_get_string(at);
    bool shaped = text && strlen(text) == strlen("08:00-12:00") && text[5] == '-';
    int open_min = shaped ? minutes_at(text) : -1, close_min = shaped ? minutes_at(text + 6) : -1;
    uint16_t i = hours->n;

    if (open_min < 0 || close_min < 0) {
        pulih_policy_wrong(r, at, "expected opening hours such as \"08:00-12:00\", up to 24:00");
    } else if (open_min >= close_min) {
        pulih_policy_wrong(r, at,
                           "expected a time of closing after that of opening; a night shift is two days");
    } else if (i > 0 && open_min < hours->slot[i - 1].close_min) {
        pulih_policy_wrong(r, at, "expected hours that begin when those before have ended");
    } else {
        hours->slot[i].open_min = (uint16_t)open_min;
        hours->slot[i].close_min = (uint16_t)close_min;
        hours->n++;
    }
}

void pulih_policy_read_hours(struct pulih_policy_reader *r, const config_setting_t *slots,
                             struct pulih_hours *hours)
{
    if (!pulih_policy_elements(r, slots, 0, PULIH_SLOTS_MAX))
        return;
    for (int i = 0; i < config_setting_length(slots); i++)
        read_slot(r, config_setting_get_elem(slots, (unsigned)i), hours);
}

static void read_week(struct pulih_calendar_draft *d, config_setting_t *at)
{
    struct pulih_policy_reader *r = d->reader;
    size_t n = 0, before = r->why->len;

    pulih_policy_group(r, at, day_names, 7);
    for (int day = 0; day < 7; day++) {
        config_setting_t *slots = config_setting_get_member(at, day_names[day]);
        if (slots)
            pulih_policy_read_hours(r, slots, &d->spec.day[day]);
        n += d->spec.day[day].n;
    }
    if (n == 0 && r->why->len == before)
        pulih_policy_wrong(r, at, "expected at least one day with opening hours");
}

static void read_always(struct pulih_calendar_draft *d, config_setting_t *at)
{
    bool always = false;

    if (!pulih_policy_boolean(d->reader, at, &always))
        return;
    if (!always)
        pulih_policy_wrong(d->reader, at, "expected true, or no such line");
    for (int day = 0; day < 7; day++)
        d->spec.day[day] = (struct pulih_hours){1, {{0, 1440}}};
}

/* --- the group ------------------------------------------------------------------------------------------ */

static void read_zone(struct pulih_calendar_draft *d, config_setting_t *at)
{
    struct pulih_view name = pulih_policy_text(d->reader, at, PULIH_ZONE_MAX_BYTES, false);

    snprintf(d->zone, sizeof d->zone, "%.*s", PULIH_VIEW_ARG(name));
    d->spec.zone = d->zone;
}

/* In the order of reading: joint_leave before the files that it is about. */
static const struct {
    const char *name;
    void (*read)(struct pulih_calendar_draft *d, config_setting_t *at);
    bool must, must_unless_always; /* be there */
} rows[] = {
    {"zone", read_zone, true, true},
    {"always", read_always, false, false},
    {"week", read_week, false, true},
    {"holidays", pulih_policy_read_holidays, false, true},
    {"joint_leave", pulih_policy_read_joint_leave, false, false},
    {"holiday_files", pulih_policy_read_holiday_files, false, false},
    {"days", pulih_policy_read_days, false, false},
};

static void read_rows(struct pulih_calendar_draft *d, config_setting_t *at)
{
    bool always = config_setting_get_member(at, "always");

    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        config_setting_t *member = config_setting_get_member(at, rows[i].name);
        bool must = always ? rows[i].must : rows[i].must_unless_always;
        if (member && always && rows[i].must_unless_always && !rows[i].must)
            pulih_policy_wrong(d->reader, member, "leave it out: this calendar is open always");
        else if (member)
            rows[i].read(d, member);
        else if (must)
            pulih_policy_wrong(d->reader, at, "%s is missing", rows[i].name);
    }
}

static struct pulih_calendar *compile(struct pulih_calendar_draft *d, config_setting_t *at)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    pulih_policy_merge_days(d);
    struct pulih_calendar *calendar = pulih_calendar_new(&d->spec, &why);
    if (!calendar)
        pulih_policy_wrong(d->reader, config_setting_get_member(at, "zone"), "%s", pulih_buf_text(&why));
    return calendar;
}

static void read_calendar(struct pulih_policy_reader *r, config_setting_t *at, const char *name)
{
    const char *names[PULIH_COUNT(rows)];
    struct pulih_calendar_draft d = {.reader = r};
    struct pulih_policy *p = r->policy;
    size_t before = r->why->len;

    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        names[i] = rows[i].name;
    pulih_policy_group(r, at, names, PULIH_COUNT(rows));
    if (config_setting_is_group(at))
        read_rows(&d, at);
    struct pulih_calendar *calendar = r->why->len == before ? compile(&d, at) : NULL;
    if (calendar)
        p->calendars[p->n_calendars++] =
            (struct pulih_named_calendar){pulih_arena_copy(r->texts, pulih_view_of(name)), calendar};
    free(d.special);
}

void pulih_policy_read_calendars(struct pulih_policy_reader *r, config_setting_t *at)
{
    if (!config_setting_is_group(at)) {
        pulih_policy_wrong(r, at, "expected a group { name = { ... }; ... }");
        return;
    }
    if (config_setting_length(at) >= PULIH_CALENDARS_MAX)
        pulih_policy_wrong(r, at, "expected at most %d calendars", PULIH_CALENDARS_MAX - 1);
    for (int i = 0; i < config_setting_length(at) && i < PULIH_CALENDARS_MAX - 1; i++) {
        config_setting_t *member = config_setting_get_elem(at, (unsigned)i);
        if (strcmp(config_setting_name(member), "default") == 0)
            pulih_policy_wrong(r, member,
                               "default is what a calendar of its own is called: take another name");
        else
            read_calendar(r, member, config_setting_name(member));
    }
}

static void choose(struct pulih_policy_reader *r, config_setting_t *at, const char *name)
{
    config_setting_t *all = config_setting_get_member(config_setting_parent(at), "calendars");
    const char *names[PULIH_CALENDARS_MAX];
    size_t n = 0;

    r->policy->calendar = pulih_policy_calendar(r->policy, pulih_view_of(name));
    if (r->policy->calendar || (all && config_setting_get_member(all, name)))
        return; /* there, or its faults are told */
    for (; all && config_setting_is_group(all) && n < PULIH_CALENDARS_MAX &&
           (int)n < config_setting_length(all);
         n++)
        names[n] = config_setting_name(config_setting_get_elem(all, (unsigned)n));
    if (n)
        pulih_policy_unknown(r, at, "calendar", name, names, n);
    else
        pulih_policy_wrong(r, at, "there are no calendars to choose from: expected a group { zone = ... }");
}

/* The one that deadlines are counted in: a calendar of its own, or the name of one of `calendars`. */
void pulih_policy_read_calendar(struct pulih_policy_reader *r, config_setting_t *at)
{
    const char *name = config_setting_get_string(at);

    if (name)
        choose(r, at, name);
    else
        read_calendar(r, at, "default");
    if (!name)
        r->policy->calendar = pulih_policy_calendar(r->policy, PULIH_VIEW("default"));
}
