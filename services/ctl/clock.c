/* pulihctl clock: deadlines and working time by the calendars of a policy; no database, no daemon. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/base/near.h"
#include "services/ctl/clock.h"

#define US     INT64_C(1000000)
#define DAY_US (86400 * US)

static void free_policy(struct pulih_ctl_clock *d)
{
    pulih_policy_free(d->policy);
}

/* --- calendars ------------------------------------------------------------------------------------------ */

static bool load_policy(struct pulih_ctl_clock *d)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    const char *path = pulih_ctl_option(d->ctl, "policy");

    if (!path) {
        pulih_ctl_usage(d->ctl, "--policy is missing: the file with the calendars");
        return false;
    }
    d->policy = pulih_policy_load(path, &why);
    if (!d->policy)
        fputs(pulih_buf_text(&why), stderr);
    return d->policy;
}

static int unknown_calendar(const struct pulih_ctl_clock *d, const char *name)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf all = {0};
    const char *names[PULIH_CALENDARS_MAX];

    for (size_t i = 0; i < d->policy->n_calendars; i++) {
        names[i] = d->policy->calendars[i].name.at; /* ends with a zero */
        pulih_buf_addf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    const char *nearest = pulih_nearest(name, names, d->policy->n_calendars);
    if (nearest)
        return pulih_ctl_usage(d->ctl, "there is no calendar %s; did you mean %s?", name, nearest);
    return pulih_ctl_usage(d->ctl, "there is no calendar %s, only %s", name, pulih_buf_text(&all));
}

/* The one named, or the policy's own. */
static bool choose_calendar(struct pulih_ctl_clock *d, const char *name)
{
    for (size_t i = 0; i < d->policy->n_calendars; i++) {
        const struct pulih_named_calendar *one = &d->policy->calendars[i];
        if (name ? !pulih_view_is(one->name, name) : one->calendar != d->policy->calendar)
            continue;
        d->calendar = one->calendar;
        d->name = one->name;
    }
    if (!d->calendar)
        unknown_calendar(d, name);
    return d->calendar;
}

/* --- times ---------------------------------------------------------------------------------------------- */

static void note(const struct pulih_ctl_clock *d, const char *text)
{
    fprintf(stderr, "pulihctl %s: note: %s\n", d->ctl->command->name, text);
}

/* 2026-11-23, 2026-11-23T09:00 or 2026-11-23T09:00:00, by the clocks of the calendar's zone. */
static bool read_local(const struct pulih_ctl_clock *d, const char *option, const char *text, int64_t *ret_us)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf whole = {0}, told = {0};
    size_t len = strlen(text);
    char iso[28];
    int64_t local_us;

    pulih_buf_addf(&whole, "%s%s", text, len == 10 ? "T00:00:00Z" : len == 16 ? ":00Z" : "Z");
    if (!pulih_time_parse(pulih_view_of_buf(&whole), &local_us)) {
        pulih_ctl_usage(d->ctl,
                        "--%s wants a time such as 2026-01-31T09:00:00+07:00, or 2026-01-31T09:00 in %s, "
                        "got %s",
                        option, pulih_calendar_zone(d->calendar), text);
        return false;
    }
    pulih_time_print(local_us, iso);
    int32_t date = (int32_t)(strtol(iso, NULL, 10) * 10000 + strtol(iso + 5, NULL, 10) * 100 +
                             strtol(iso + 8, NULL, 10));
    switch (pulih_calendar_instant(d->calendar, date, (local_us % DAY_US + DAY_US) % DAY_US, ret_us)) {
    case PULIH_LOCAL_skipped:
        pulih_ctl_usage(d->ctl, "--%s %s: clocks skip this time in %s; give it with an offset", option, text,
                        pulih_calendar_zone(d->calendar));
        return false;
    case PULIH_LOCAL_twice:
        pulih_buf_addf(&told, "--%s %s comes twice in %s; taken as the first, ", option, text,
                       pulih_calendar_zone(d->calendar));
        pulih_calendar_print_iso(d->calendar, *ret_us, &told);
        note(d, pulih_buf_text(&told));
        return true;
    case PULIH_LOCAL_once:
        return true;
    }
    return false;
}

static bool read_time(const struct pulih_ctl_clock *d, const char *option, int64_t *ret_us)
{
    const char *text = pulih_ctl_option(d->ctl, option);

    if (!text) {
        pulih_ctl_usage(d->ctl, "--%s is missing: a time such as 2026-01-31T09:00:00+07:00", option);
        return false;
    }
    if (!pulih_time_parse(pulih_view_of(text), ret_us) && !read_local(d, option, text, ret_us))
        return false;
    if (*ret_us >= PULIH_CALENDAR_FIRST_US && *ret_us < PULIH_CALENDAR_END_US)
        return true;
    pulih_ctl_usage(d->ctl, "--%s %s lies outside of the years that calendars cover, 2000 to 2050", option,
                    text);
    return false;
}

/* 2026-11-30T10:00:00Z, with a fraction if it has one. */
static void add_utc(struct pulih_buf *out, int64_t at_us)
{
    char iso[28];

    pulih_time_print(at_us, iso);
    pulih_buf_addf(out, "%.*sZ", at_us % US ? 26 : 19, iso);
}

static void json_iso(const struct pulih_ctl_clock *d, struct pulih_buf *out, const char *name, int64_t at_us)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf iso = {0};

    pulih_calendar_print_iso(d->calendar, at_us, &iso);
    pulih_ctl_json_text(out, name, pulih_view_of_buf(&iso));
}

static void json_head(const struct pulih_ctl_clock *d, struct pulih_buf *out, const char *what,
                      int64_t from_us)
{
    pulih_ctl_json_start(out, "what", what);
    pulih_ctl_json_text(out, "calendar", d->name);
    pulih_ctl_json_word(out, "zone", pulih_calendar_zone(d->calendar));
    pulih_ctl_json_word(out, "policy", d->policy->version);
    json_iso(d, out, "from", from_us);
}

/* --- what a date rests on ------------------------------------------------------------------------------- */

void pulih_ctl_tell_doubts(const struct pulih_ctl_clock *d, int64_t from_us, int64_t to_us)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf told = {0};
    int unknown_year = 0;

    for (int64_t at_us = from_us; at_us < to_us + DAY_US; at_us += DAY_US) {
        int64_t day_us;
        int32_t date = pulih_calendar_date(d->calendar, at_us < to_us ? at_us : to_us, &day_us);
        const struct pulih_special_day *day = pulih_calendar_special(d->calendar, date);
        if (date / 10000 != unknown_year && !pulih_calendar_knows_year(d->calendar, date / 10000)) {
            unknown_year = date / 10000;
            pulih_buf_empty(&told);
            pulih_buf_addf(&told, "no holidays of %d are in the calendar", unknown_year);
            note(d, pulih_buf_text(&told));
        }
        if (!day || !day->provisional)
            continue;
        pulih_buf_empty(&told);
        pulih_buf_addf(&told, "%04d-%02d-%02d is provisional: ", (int)date / 10000, (int)date / 100 % 100,
                       (int)date % 100);
        pulih_ctl_add_text(&told, day->name, -1);
        note(d, pulih_buf_text(&told));
    }
}

/* --- add ------------------------------------------------------------------------------------------------ */

static bool read_duration(const struct pulih_ctl_clock *d, struct pulih_duration *ret)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf whole = {0};
    const char *text = pulih_ctl_option(d->ctl, "for"), *rule = pulih_ctl_option(d->ctl, "first-day");

    if (!text)
        pulih_ctl_usage(d->ctl, "--for is missing: a duration such as '3 working_days'");
    else if (!pulih_duration_parse(pulih_view_of(text), ret))
        pulih_ctl_usage(d->ctl,
                        "--for wants a number and one of minutes, hours, working_minutes, working_hours, "
                        "calendar_days, working_days, business_days, weeks, months, got %s",
                        text);
    else if (rule && ret->first_day != PULIH_FIRST_standard)
        pulih_ctl_usage(d->ctl, "--first-day and the rule in --for exclude each other");
    else if (rule && !pulih_unit_has_days(ret->unit))
        pulih_ctl_usage(d->ctl, "--first-day is for days, weeks and months, not for %ss",
                        pulih_unit_name(ret->unit));
    else if (!rule)
        return true;
    else {
        pulih_buf_addf(&whole, "%s, %s", text, rule);
        if (pulih_duration_parse(pulih_view_of_buf(&whole), ret))
            return true;
        pulih_ctl_usage(d->ctl, "--first-day wants same_time, receipt_day, next_day or next_opening, got %s",
                        rule);
    }
    return false;
}

static void print_instant(const struct pulih_ctl_clock *d, int64_t from_us, struct pulih_duration duration,
                          int64_t to_us)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0}, length = {0};

    pulih_duration_print(duration, &length);
    if (d->json) {
        json_head(d, &out, "instant", from_us);
        pulih_ctl_json_text(&out, "for", pulih_view_of_buf(&length));
        pulih_ctl_json_time(&out, "at", to_us);
        json_iso(d, &out, "local", to_us);
        pulih_ctl_json_end(&out);
    } else {
        add_utc(&out, to_us);
        pulih_buf_addf(&out, "\n");
        pulih_calendar_print_iso(d->calendar, to_us, &out);
        pulih_buf_addf(&out, "  ");
        pulih_calendar_print(d->calendar, to_us, d->policy->language, &out);
        pulih_buf_addf(&out, " (%s)\nfrom ", pulih_calendar_zone(d->calendar));
        pulih_calendar_print_iso(d->calendar, from_us, &out);
        pulih_buf_addf(&out, " for %s in calendar %.*s\n", pulih_buf_text(&length), PULIH_VIEW_ARG(d->name));
    }
    pulih_ctl_write(&out);
}

static int clock_add(const struct pulih_ctl_clock *d)
{
    struct pulih_duration duration;
    int64_t from_us, to_us;

    if (!read_time(d, "from", &from_us) || !read_duration(d, &duration))
        return PULIH_CTL_USAGE;
    if (!pulih_calendar_add(d->calendar, from_us, duration, &to_us))
        return pulih_ctl_failed(d->ctl, "this ends after 2050, where calendars end");
    print_instant(d, from_us, duration, to_us);
    pulih_ctl_tell_doubts(d, from_us, to_us);
    return PULIH_CTL_OK;
}

/* --- between -------------------------------------------------------------------------------------------- */

void pulih_ctl_add_length(struct pulih_buf *out, int64_t us, bool iso)
{
    int64_t hours = us / (3600 * US), minutes = us / (60 * US) % 60, seconds = us / US % 60, rest = us % US;
    size_t before = out->len;
    char fraction[16] = "";

    if (rest) {
        snprintf(fraction, sizeof fraction, ".%06d", (int)rest);
        for (size_t end = 6; fraction[end] == '0'; end--)
            fraction[end] = 0;
    }
    if (iso)
        pulih_buf_addf(out, "PT");
    if (hours)
        pulih_buf_addf(out, iso ? "%lldH" : "%lld h ", (long long)hours);
    if (minutes)
        pulih_buf_addf(out, iso ? "%lldM" : "%lld min ", (long long)minutes);
    if (seconds || rest || us == 0)
        pulih_buf_addf(out, iso ? "%lld%sS" : "%lld%s s ", (long long)seconds, fraction);
    if (!iso && out->len > before)
        out->len--; /* the last blank */
}

static int clock_between(const struct pulih_ctl_clock *d)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0}, iso = {0};
    int64_t from_us, to_us;

    if (!read_time(d, "from", &from_us) || !read_time(d, "to", &to_us))
        return PULIH_CTL_USAGE;
    if (to_us < from_us)
        return pulih_ctl_usage(d->ctl, "--to lies before --from");
    int64_t working_us = pulih_calendar_between(d->calendar, from_us, to_us);
    pulih_ctl_add_length(&iso, working_us, true);
    if (d->json) {
        json_head(d, &out, "working_time", from_us);
        json_iso(d, &out, "to", to_us);
        pulih_ctl_json_int(&out, "us", working_us);
        pulih_ctl_json_text(&out, "duration", pulih_view_of_buf(&iso));
        pulih_ctl_json_end(&out);
    } else {
        pulih_buf_addf(&out, "%lld", (long long)(working_us / US));
        if (working_us % US)
            pulih_buf_addf(&out, ".%06d", (int)(working_us % US));
        pulih_buf_addf(&out, "\n");
        pulih_ctl_add_length(&out, working_us, false);
        pulih_buf_addf(&out, "\n%s\nfrom ", pulih_buf_text(&iso));
        pulih_calendar_print_iso(d->calendar, from_us, &out);
        pulih_buf_addf(&out, " to ");
        pulih_calendar_print_iso(d->calendar, to_us, &out);
        pulih_buf_addf(&out, " in calendar %.*s (%s)\n", PULIH_VIEW_ARG(d->name),
                       pulih_calendar_zone(d->calendar));
    }
    pulih_ctl_write(&out);
    pulih_ctl_tell_doubts(d, from_us, to_us);
    return PULIH_CTL_OK;
}

/* --- the command ---------------------------------------------------------------------------------------- */

int pulih_ctl_clock(const struct pulih_ctl *ctl)
{
    static const struct {
        const char *name;
        int most_args;
        int (*run)(const struct pulih_ctl_clock *d);
    } all[] = {{"add", 1, clock_add}, {"between", 1, clock_between}, {"show", 2, pulih_ctl_clock_show}};
    PULIH_AUTO(free_policy) struct pulih_ctl_clock d = {.ctl = ctl, .json = pulih_ctl_option(ctl, "json")};
    const char *calendar = ctl->n_args > 1 ? ctl->args[1] : pulih_ctl_option(ctl, "calendar");

    for (size_t i = 0; i < PULIH_COUNT(all); i++) {
        if (strcmp(ctl->args[0], all[i].name) != 0 || ctl->n_args > all[i].most_args)
            continue;
        if (!load_policy(&d))
            return pulih_ctl_option(ctl, "policy") ? PULIH_CTL_FAILED : PULIH_CTL_USAGE;
        return choose_calendar(&d, calendar) ? all[i].run(&d) : PULIH_CTL_USAGE;
    }
    return pulih_ctl_usage(ctl, "want add, between, or show [CALENDAR]");
}
