#include <string.h>

#include "services/common/core/calendar_ics_impl.h"
#include "services/common/core/calendar_zone.h"

enum { LAST_YEAR = 2050, EVENT_DAYS_MAX = 366 };

/* --- values --------------------------------------------------------------------------------------------- */

/* At most six digits, up to the end of the text. */
static bool number_of(struct pulih_view text, int64_t *ret)
{
    *ret = 0;
    if (text.len == 0 || text.len > 6)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *ret = *ret * 10 + (text.at[i] - '0');
    }
    return true;
}

static bool date_of(struct pulih_view text, int64_t *ret_days)
{
    int64_t year = 0, day = 0;

    return text.len == 8 && number_of((struct pulih_view){text.at, 4}, &year) &&
           number_of((struct pulih_view){text.at + 4, 4}, &day) &&
           pulih_days_of((int32_t)(year * 10000 + day), ret_days);
}

static bool is_date_value(struct pulih_ics_reader *r)
{
    if (pulih_ics_same(r->source.params, ";VALUE=DATE"))
        return true;
    return pulih_ics_wrong(&r->source,
                           "%.*s: expected ;VALUE=DATE and nothing else before the date: whole days",
                           PULIH_VIEW_ARG(r->source.name));
}

static bool wrong_date(struct pulih_ics_reader *r, struct pulih_view text)
{
    return pulih_ics_wrong(&r->source, "%.*s: expected a date such as 20261225, not %.*s",
                           PULIH_VIEW_ARG(r->source.name), (int)(text.len < 40 ? text.len : 40), text.at);
}

static bool read_date(struct pulih_ics_reader *r, int64_t *ret_days)
{
    return is_date_value(r) && (date_of(r->source.value, ret_days) || wrong_date(r, r->source.value));
}

/* Takes the escapes of a text off; ends of lines become blanks. */
static bool read_text(struct pulih_ics_reader *r, struct pulih_view *ret)
{
    struct pulih_view value = r->source.value;
    char *out = pulih_arena_get(r->texts, value.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < value.len; i++, n++) {
        out[n] = value.at[i];
        if (value.at[i] != '\\')
            continue;
        if (++i == value.len || !strchr("\\;,nN", value.at[i]))
            return pulih_ics_wrong(&r->source, "unknown escape: after \\ may stand \\ ; , or n");
        out[n] = value.at[i] == 'n' || value.at[i] == 'N' ? ' ' : value.at[i];
    }
    if (n > PULIH_ICS_NAME_MAX_BYTES)
        return pulih_ics_wrong(&r->source, "name of more than %d bytes", PULIH_ICS_NAME_MAX_BYTES);
    *ret = (struct pulih_view){out, n};
    return true;
}

/* --- properties of an event ----------------------------------------------------------------------------- */

static bool read_start(struct pulih_ics_reader *r)
{
    return read_date(r, &r->event.start);
}

static bool read_end(struct pulih_ics_reader *r)
{
    return read_date(r, &r->event.end);
}

/* P1D or P2W */
static bool read_duration(struct pulih_ics_reader *r)
{
    struct pulih_view text = r->source.value;
    char unit = text.len ? text.at[text.len - 1] : 0;

    if (text.len < 3 || *text.at != 'P' || (unit != 'D' && unit != 'W') ||
        !number_of((struct pulih_view){text.at + 1, text.len - 2}, &r->event.length) || r->event.length == 0)
        return pulih_ics_wrong(&r->source, "DURATION: expected days or weeks, such as P1D");
    r->event.length *= unit == 'W' ? 7 : 1;
    return true;
}

static bool read_except(struct pulih_ics_reader *r)
{
    struct pulih_view rest = r->source.value;

    if (!is_date_value(r))
        return false;
    while (rest.len) {
        struct pulih_view one = pulih_ics_take(&rest, ',');
        if (r->event.n_except == PULIH_ICS_EXCEPTIONS_MAX)
            return pulih_ics_wrong(&r->source, "EXDATE: more than %d dates", PULIH_ICS_EXCEPTIONS_MAX);
        if (!date_of(one, &r->event.except[r->event.n_except++]))
            return wrong_date(r, one);
    }
    return true;
}

static bool read_status(struct pulih_ics_reader *r)
{
    r->event.tentative = pulih_ics_has_value(&r->source, "TENTATIVE");
    r->event.cancelled = pulih_ics_has_value(&r->source, "CANCELLED");
    return r->event.tentative || r->event.cancelled || pulih_ics_has_value(&r->source, "CONFIRMED") ||
           pulih_ics_wrong(&r->source, "STATUS: expected CONFIRMED, TENTATIVE or CANCELLED");
}

/* A feed may hold days on which people work, such as observances; so what an event is must be known. */
static bool read_categories(struct pulih_ics_reader *r)
{
    static const struct {
        const char *name;
        bool joint_leave;
    } known[] = {{"LIBUR NASIONAL", false}, {"PUBLIC HOLIDAY", false}, {"HOLIDAY", false},
                 {"HOLIDAYS", false},       {"CUTI BERSAMA", true},    {"JOINT LEAVE", true}};
    struct pulih_view rest = r->source.value;

    while (rest.len) {
        struct pulih_view one = pulih_ics_take(&rest, ',');
        size_t i = 0;
        while (i < PULIH_COUNT(known) && !pulih_ics_same(one, known[i].name))
            i++;
        if (i == PULIH_COUNT(known))
            return pulih_ics_wrong(&r->source,
                                   "CATEGORIES: is \"%.*s\" a day off? Expected LIBUR NASIONAL, PUBLIC "
                                   "HOLIDAY, HOLIDAY, CUTI BERSAMA or JOINT LEAVE",
                                   (int)(one.len < 60 ? one.len : 60), one.at);
        r->event.joint_leave |= known[i].joint_leave;
    }
    return true;
}

static bool read_summary(struct pulih_ics_reader *r)
{
    return read_text(r, &r->event.name);
}

/* --- the rule of what comes every year ------------------------------------------------------------------ */

static bool read_interval(struct pulih_ics_reader *r, struct pulih_view value)
{
    return number_of(value, &r->event.interval) && r->event.interval > 0;
}

static bool read_count(struct pulih_ics_reader *r, struct pulih_view value)
{
    return number_of(value, &r->event.count) && r->event.count > 0;
}

static bool read_until(struct pulih_ics_reader *r, struct pulih_view value)
{
    return date_of(value, &r->event.until);
}

static bool read_frequency(struct pulih_ics_reader *r, struct pulih_view value)
{
    r->event.yearly = pulih_ics_same(value, "YEARLY");
    return r->event.yearly;
}

static const struct {
    const char *name, *expected;
    bool (*read)(struct pulih_ics_reader *r, struct pulih_view value);
} rule_parts[] = {
    {"FREQ", "YEARLY", read_frequency},
    {"INTERVAL", "a number of years", read_interval},
    {"COUNT", "a number of times", read_count},
    {"UNTIL", "a date such as 20301231", read_until},
};

static bool read_rule(struct pulih_ics_reader *r)
{
    struct pulih_view rest = r->source.value;
    unsigned seen = 0;

    while (rest.len) {
        struct pulih_view value = pulih_ics_take(&rest, ';'), name = pulih_ics_take(&value, '=');
        size_t i = 0;
        while (i < PULIH_COUNT(rule_parts) && !pulih_ics_same(name, rule_parts[i].name))
            i++;
        if (i == PULIH_COUNT(rule_parts))
            return pulih_ics_wrong(
                &r->source, "RRULE: %.*s is not understood; write the dates out as events of their own",
                (int)(name.len < 40 ? name.len : 40), name.at);
        if (seen >> i & 1 || !rule_parts[i].read(r, value))
            return pulih_ics_wrong(&r->source, "RRULE: expected %s=%s, once", rule_parts[i].name,
                                   rule_parts[i].expected);
        seen |= 1u << i;
    }
    if (!(seen & 1))
        return pulih_ics_wrong(&r->source, "RRULE: FREQ=YEARLY is missing");
    return !(seen & 4 && seen & 8) ||
           pulih_ics_wrong(&r->source, "RRULE: COUNT and UNTIL exclude each other");
}

/* --- from events to days -------------------------------------------------------------------------------- */

static bool add_days(struct pulih_ics_reader *r, int64_t start)
{
    const struct pulih_ics_event *e = &r->event;

    for (size_t i = 0; i < e->n_except; i++)
        if (e->except[i] == start)
            return true;
    for (int64_t day = start; day < start + e->length; day++) {
        int32_t date = pulih_date_of(day);
        if (date < 20000101 || date / 10000 > LAST_YEAR)
            continue;
        if (r->ret->n == PULIH_ICS_DAYS_MAX)
            return pulih_ics_wrong(&r->source, "more than %d days in the file", PULIH_ICS_DAYS_MAX);
        r->ret->day = pulih_room(r->ret->day, r->ret->n, &r->ret->cap, sizeof *r->ret->day);
        r->ret->day[r->ret->n++] = (struct pulih_ics_day){date, e->joint_leave, e->tentative, e->name};
    }
    return true;
}

/* 29 February comes in leap years alone (RFC 5545, 3.3.10: what is no date is left out and not counted). */
static bool add_every_year(struct pulih_ics_reader *r)
{
    const struct pulih_ics_event *e = &r->event;
    int32_t first = pulih_date_of(e->start);
    int64_t left = e->count, start;

    for (int64_t year = first / 10000; year <= LAST_YEAR; year += e->interval) {
        if (!pulih_days_of((int32_t)(year * 10000 + first % 10000), &start))
            continue;
        if (start > e->until || (e->count && left-- == 0))
            break;
        if (!add_days(r, start))
            return false;
    }
    return true;
}

enum { START, END, DURATION, EXDATE, RRULE, STATUS, CATEGORIES, SUMMARY, N_READ };

static const struct {
    const char *name;
    bool (*read)(struct pulih_ics_reader *r);
    bool many; /* may come several times */
} properties[N_READ] = {
    [START] = {"DTSTART", read_start, false},
    [END] = {"DTEND", read_end, false},
    [DURATION] = {"DURATION", read_duration, false},
    [EXDATE] = {"EXDATE", read_except, true},
    [RRULE] = {"RRULE", read_rule, false},
    [STATUS] = {"STATUS", read_status, false},
    [CATEGORIES] = {"CATEGORIES", read_categories, true},
    [SUMMARY] = {"SUMMARY", read_summary, false},
};

static bool has(const struct pulih_ics_event *e, int property)
{
    return e->seen >> property & 1;
}

bool pulih_ics_event_end(struct pulih_ics_reader *r)
{
    struct pulih_ics_event *e = &r->event;

    r->source.line = e->line;
    if (!has(e, START))
        return pulih_ics_wrong(&r->source, "event without DTSTART");
    if (has(e, END) && has(e, DURATION))
        return pulih_ics_wrong(&r->source, "event with both DTEND and DURATION");
    if (has(e, END))
        e->length = e->end - e->start;
    if (e->length < 1 || e->length > EVENT_DAYS_MAX)
        return pulih_ics_wrong(&r->source,
                               "event of %lld days: DTEND is the day after the last, at most %d on",
                               (long long)e->length, EVENT_DAYS_MAX);
    if (e->cancelled)
        return true;
    return e->yearly ? add_every_year(r) : add_days(r, e->start);
}

void pulih_ics_event_begin(struct pulih_ics_reader *r)
{
    r->event =
        (struct pulih_ics_event){.line = r->source.line, .length = 1, .interval = 1, .until = INT64_MAX};
}

bool pulih_ics_event_property(struct pulih_ics_reader *r, bool *ret_known)
{
    *ret_known = true;
    for (size_t i = 0; i < N_READ; i++) {
        if (!pulih_ics_is(&r->source, properties[i].name))
            continue;
        if (has(&r->event, (int)i) && !properties[i].many)
            return pulih_ics_wrong(&r->source, "%s stands twice in the event", properties[i].name);
        r->event.seen |= 1u << i;
        return properties[i].read(r);
    }
    *ret_known = false;
    return true;
}
