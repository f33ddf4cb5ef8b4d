/* Durations: units, rules for the first day, and what they come to. */
#include <string.h>

#include "pulih/base/must.h"
#include "services/common/core/calendar_impl.h"

enum { DAY_S = 86400 };
#define US     INT64_C(1000000)
#define DAY_US (DAY_S * US)

typedef bool add_f(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d, int64_t *ret_us);

/* --- time ----------------------------------------------------------------------------------------------- */

static bool add_wall(int64_t from_us, int64_t amount_us, int64_t *ret_us)
{
    return !__builtin_add_overflow(from_us, amount_us, ret_us);
}

/* Amounts have 32 bits, units less than 40. */
static bool add_seconds(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                        int64_t *ret_us)
{
    (void)c;
    return add_wall(from_us, d.amount * US, ret_us);
}

static bool add_minutes(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                        int64_t *ret_us)
{
    (void)c;
    return add_wall(from_us, d.amount * 60 * US, ret_us);
}

static bool add_hours(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                      int64_t *ret_us)
{
    (void)c;
    return add_wall(from_us, d.amount * 3600 * US, ret_us);
}

static bool add_working_minutes(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                                int64_t *ret_us)
{
    return pulih_calendar_add_working_us(c, from_us, d.amount * 60 * US, ret_us);
}

static bool add_working_hours(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                              int64_t *ret_us)
{
    return pulih_calendar_add_working_us(c, from_us, d.amount * 3600 * US, ret_us);
}

/* --- days ----------------------------------------------------------------------------------------------- */

/* Days since 1970 by the clocks, and how far into the day. */
static int64_t local_day(const struct pulih_calendar *c, int64_t at_us, int64_t *ret_day_us)
{
    int64_t days = 0;

    pulih_days_of(pulih_calendar_date(c, at_us, ret_day_us), &days);
    return days;
}

/* Place of the first open day after `day`; n_days if there is none. */
static size_t open_day_after(const struct pulih_calendar *c, int64_t day)
{
    size_t low = 0, high = c->n_days;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->day[middle].day <= day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Place of the open day that something is received on: today while it is not over, else the next one. */
static size_t day_of_receipt(const struct pulih_calendar *c, int64_t today, int64_t from_us)
{
    size_t i = open_day_after(c, today - 1);

    while (i < c->n_days && c->day[i].close_us <= from_us)
        i++;
    return i;
}

/* As late on an open day as it was on the day of receipt, or as soon after that as it is open. */
static int64_t same_time(const struct pulih_calendar *c, size_t i, int64_t day_us)
{
    struct pulih_interval open;
    int64_t at_us;

    pulih_calendar_instant(c, pulih_date_of(c->day[i].day), day_us, &at_us);
    return pulih_calendar_next_open(c, at_us, c->day[i].close_us, &open) ? open.from_us : c->day[i].close_us;
}

static bool add_open_days(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                          int64_t *ret_us)
{
    int64_t day_us, today = local_day(c, from_us, &day_us);
    size_t receipt = day_of_receipt(c, today, from_us), after = open_day_after(c, today);
    size_t amount = (size_t)d.amount, i = d.first_day == PULIH_FIRST_next_day      ? after + amount - 1
                                          : d.first_day == PULIH_FIRST_receipt_day ? receipt + amount - 1
                                                                                   : receipt + amount;
    if (i >= c->n_days)
        return false;
    if (d.first_day == PULIH_FIRST_same_time && c->day[receipt].day != today)
        day_us = 0; /* received as that day begins */
    *ret_us = d.first_day == PULIH_FIRST_same_time ? same_time(c, i, day_us) : c->day[i].close_us;
    return true;
}

static int64_t days_later(int64_t day, int64_t amount)
{
    return day + amount;
}

static int64_t weeks_later(int64_t day, int64_t amount)
{
    return day + 7 * amount;
}

static int64_t months_later(int64_t day, int64_t amount)
{
    int32_t date = pulih_date_of(day);
    int64_t month = date / 10000 * 12 + date / 100 % 100 - 1 + amount, ret = 0;
    int32_t first = (int32_t)(month / 12 * 10000 + (month % 12 + 1) * 100);

    for (int32_t of_month = date % 100; of_month > 0; of_month--) /* 31 April is the 30th */
        if (pulih_days_of(first + of_month, &ret))
            return ret;
    return INT32_MAX; /* a year of five digits */
}

static bool at_time(const struct pulih_calendar *c, int64_t day, int64_t day_us, int64_t *ret_us)
{
    if (day > PULIH_CALENDAR_END_US / DAY_US)
        return false;
    pulih_calendar_instant(c, pulih_date_of(day), day_us, ret_us);
    return true;
}

/* The instant after which it is that day no more. Where clocks go back over midnight the day's last hour
 * comes twice; where they go back to midnight, the next day has begun before. */
static bool day_end(const struct pulih_calendar *c, int64_t day, int64_t *ret_us)
{
    const struct pulih_zone_span *end = c->zone.span + c->zone.n;
    int64_t local_s = (day + 1) * DAY_S, at_s = pulih_zone_instant(&c->zone, local_s);
    const struct pulih_zone_span *next = pulih_zone_at(&c->zone, at_s) + 1;

    if (next < end && local_s - next->offset_s > next->from_s)
        at_s = local_s - next->offset_s;
    *ret_us = at_s * US;
    return day <= PULIH_CALENDAR_END_US / DAY_US;
}

static bool add_dates(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                      int64_t (*later)(int64_t day, int64_t amount), int64_t *ret_us)
{
    int64_t day_us, today = local_day(c, from_us, &day_us);
    size_t receipt = day_of_receipt(c, today, from_us);

    if (d.first_day == PULIH_FIRST_same_time)
        return at_time(c, later(today, d.amount), day_us, ret_us);
    if (d.first_day == PULIH_FIRST_receipt_day)
        return day_end(c, later(today, d.amount) - 1, ret_us);
    if (d.first_day == PULIH_FIRST_next_day)
        return day_end(c, later(today, d.amount), ret_us);
    return receipt < c->n_days && day_end(c, later(c->day[receipt].day, d.amount), ret_us);
}

static bool add_calendar_days(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                              int64_t *ret_us)
{
    return add_dates(c, from_us, d, days_later, ret_us);
}

static bool add_weeks(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                      int64_t *ret_us)
{
    return add_dates(c, from_us, d, weeks_later, ret_us);
}

static bool add_months(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                       int64_t *ret_us)
{
    return add_dates(c, from_us, d, months_later, ret_us);
}

/* --- units and rules ------------------------------------------------------------------------------------ */

/* All there is to a unit. A new one is a row here and a word in the header. */
static const struct {
    const char *name;
    add_f *add;
    bool working;
    enum pulih_first_day first_day; /* its standard rule; none below a day */
} units[PULIH_UNIT_N] = {
    [PULIH_UNIT_second] = {"second", add_seconds, false, 0},
    [PULIH_UNIT_minute] = {"minute", add_minutes, false, 0},
    [PULIH_UNIT_hour] = {"hour", add_hours, false, 0},
    [PULIH_UNIT_calendar_day] = {"calendar_day", add_calendar_days, false, PULIH_FIRST_same_time},
    [PULIH_UNIT_week] = {"week", add_weeks, false, PULIH_FIRST_same_time},
    [PULIH_UNIT_month] = {"month", add_months, false, PULIH_FIRST_same_time},
    [PULIH_UNIT_working_minute] = {"working_minute", add_working_minutes, true, 0},
    [PULIH_UNIT_working_hour] = {"working_hour", add_working_hours, true, 0},
    [PULIH_UNIT_working_day] = {"working_day", add_open_days, true, PULIH_FIRST_next_day},
    [PULIH_UNIT_business_day] = {"business_day", add_open_days, true, PULIH_FIRST_next_opening},
};

static const char *const rules[PULIH_FIRST_N] = {
    [PULIH_FIRST_standard] = "standard",         [PULIH_FIRST_same_time] = "same_time",
    [PULIH_FIRST_receipt_day] = "receipt_day",   [PULIH_FIRST_next_day] = "next_day",
    [PULIH_FIRST_next_opening] = "next_opening",
};

bool pulih_unit_is_working(enum pulih_unit unit)
{
    return units[unit].working;
}

bool pulih_unit_has_days(enum pulih_unit unit)
{
    return units[unit].first_day != PULIH_FIRST_standard;
}

const char *pulih_unit_name(enum pulih_unit unit)
{
    return units[unit].name;
}

const char *pulih_first_day_name(enum pulih_first_day rule)
{
    return rules[rule];
}

bool pulih_calendar_add(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                        int64_t *ret_us)
{
    int64_t to_us;

    pulih_must(d.unit < PULIH_UNIT_N && d.amount > 0 && d.first_day < PULIH_FIRST_N);
    if (d.first_day == PULIH_FIRST_standard)
        d.first_day = units[d.unit].first_day;
    if (!pulih_calendar_covers(from_us) || !units[d.unit].add(c, from_us, d, &to_us) ||
        !pulih_calendar_covers(to_us))
        return false;
    *ret_us = to_us;
    return true;
}

/* --- text ----------------------------------------------------------------------------------------------- */

static bool parse_rule(struct pulih_view text, struct pulih_duration *d)
{
    for (int rule = PULIH_FIRST_standard + 1; rule < PULIH_FIRST_N; rule++) {
        if (!pulih_view_is(text, rules[rule]))
            continue;
        d->first_day = (enum pulih_first_day)rule;
        return pulih_unit_has_days(d->unit);
    }
    return false;
}

static bool parse_unit(struct pulih_view text, struct pulih_duration *d)
{
    if (text.len > 0 && text.at[text.len - 1] == 's')
        text.len--;
    for (int unit = 0; unit < PULIH_UNIT_N; unit++) {
        if (!pulih_view_is(text, units[unit].name))
            continue;
        d->unit = (enum pulih_unit)unit;
        return true;
    }
    return false;
}

bool pulih_duration_parse(struct pulih_view text, struct pulih_duration *ret)
{
    struct pulih_duration d = {0};
    size_t i = 0;

    for (; i < text.len && i < 7 && text.at[i] >= '0' && text.at[i] <= '9'; i++)
        d.amount = d.amount * 10 + (text.at[i] - '0');
    if (i == 0 || d.amount == 0 || i == text.len || text.at[i] != ' ')
        return false;
    struct pulih_view unit = {text.at + i + 1, text.len - i - 1}, rule = {0};
    const char *comma = memchr(unit.at, ',', unit.len);
    if (comma) {
        rule = (struct pulih_view){comma + 1, unit.len - (size_t)(comma + 1 - unit.at)};
        unit.len = (size_t)(comma - unit.at);
        if (rule.len == 0 || *rule.at != ' ')
            return false;
        rule = (struct pulih_view){rule.at + 1, rule.len - 1};
    }
    if (!parse_unit(unit, &d) || (comma && !parse_rule(rule, &d)))
        return false;
    *ret = d;
    return true;
}

void pulih_duration_print(struct pulih_duration d, struct pulih_buf *out)
{
    pulih_buf_addf(out, "%d %s%s", (int)d.amount, units[d.unit].name, d.amount == 1 ? "" : "s");
    if (d.first_day != PULIH_FIRST_standard)
        pulih_buf_addf(out, ", %s", rules[d.first_day]);
}
