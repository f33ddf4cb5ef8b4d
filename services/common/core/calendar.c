/* Asking a compiled calendar. */
#include "pulih/base/must.h"
#include "services/common/core/calendar_impl.h"

enum { DAY_S = 86400 };
#define US INT64_C(1000000)

/* Last interval that opened at or before the instant; n_open if there is none. */
static size_t open_before(const struct pulih_calendar *c, int64_t at_us)
{
    size_t low = 0, high = c->n_open;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->open[middle].open_us <= at_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? low - 1 : c->n_open;
}

/* Working time from the calendar's first instant on. */
static int64_t worked_us(const struct pulih_calendar *c, int64_t at_us)
{
    size_t i = open_before(c, at_us);

    if (i == c->n_open)
        return 0;
    int64_t until_us = at_us < c->open[i].close_us ? at_us : c->open[i].close_us;
    return c->open[i].before_us + until_us - c->open[i].open_us;
}

int64_t pulih_calendar_between(const struct pulih_calendar *c, int64_t from_us, int64_t to_us)
{
    return to_us > from_us ? worked_us(c, to_us) - worked_us(c, from_us) : 0;
}

bool pulih_calendar_open_at(const struct pulih_calendar *c, int64_t at_us)
{
    size_t i = open_before(c, at_us);
    return i < c->n_open && at_us < c->open[i].close_us;
}

/* Nothing to wait for: the instant itself if it lies in working time, else the next opening. */
static int64_t next_working(const struct pulih_calendar *c, int64_t from_us)
{
    size_t i = open_before(c, from_us);

    if (i == c->n_open)
        return c->open[0].open_us;
    if (from_us <= c->open[i].close_us)
        return from_us;
    return i + 1 < c->n_open ? c->open[i + 1].open_us : c->open[i].close_us;
}

int64_t pulih_calendar_add_working_us(const struct pulih_calendar *c, int64_t from_us, int64_t working_us)
{
    const struct pulih_open *last = &c->open[c->n_open - 1];
    int64_t target_us = worked_us(c, from_us);
    size_t low = 0, high = c->n_open;

    if (working_us <= 0)
        return next_working(c, from_us);
    if (__builtin_add_overflow(target_us, working_us, &target_us) ||
        target_us >= last->before_us + last->close_us - last->open_us)
        return last->close_us;
    while (high - low > 1) { /* last interval with less than target_us before it */
        size_t middle = low + (high - low) / 2;
        if (c->open[middle].before_us < target_us)
            low = middle;
        else
            high = middle;
    }
    return c->open[low].open_us + target_us - c->open[low].before_us;
}

/* Seconds since 1970 that clocks show, as if they were UTC. */
static int64_t local_s(const struct pulih_calendar *c, int64_t at_us)
{
    int64_t at_s = at_us / US - (at_us % US < 0);
    return at_s + pulih_zone_at(&c->zone, at_s)->offset_s;
}

static int64_t add_us(int64_t from_us, int64_t amount, int64_t unit_us)
{
    int64_t sum_us = amount * unit_us; /* amounts have 32 bits, units less than 40 */

    if (__builtin_add_overflow(from_us, sum_us, &sum_us))
        return from_us < 0 ? INT64_MIN : INT64_MAX;
    return sum_us;
}

static int64_t add_seconds(const struct pulih_calendar *c, int64_t from_us, int64_t amount)
{
    (void)c;
    return add_us(from_us, amount, US);
}

static int64_t add_minutes(const struct pulih_calendar *c, int64_t from_us, int64_t amount)
{
    (void)c;
    return add_us(from_us, amount, 60 * US);
}

static int64_t add_hours(const struct pulih_calendar *c, int64_t from_us, int64_t amount)
{
    (void)c;
    return add_us(from_us, amount, 3600 * US);
}

static int64_t add_calendar_days(const struct pulih_calendar *c, int64_t from_us, int64_t amount)
{
    int64_t fraction_us = (from_us % US + US) % US;
    int64_t then_s = local_s(c, from_us) + amount * DAY_S;

    return pulih_zone_instant(&c->zone, then_s) * US + fraction_us;
}

static int64_t add_working_minutes(const struct pulih_calendar *c, int64_t from_us, int64_t amount)
{
    return pulih_calendar_add_working_us(c, from_us, amount * 60 * US);
}

static int64_t add_working_hours(const struct pulih_calendar *c, int64_t from_us, int64_t amount)
{
    return pulih_calendar_add_working_us(c, from_us, amount * 3600 * US);
}

static int64_t add_working_days(const struct pulih_calendar *c, int64_t from_us, int64_t amount)
{
    int64_t s = local_s(c, from_us), today = s / DAY_S - (s % DAY_S < 0);
    size_t low = 0, high = c->n_days;

    while (low < high) { /* first open day after today */
        size_t middle = low + (high - low) / 2;
        if (c->day[middle].day <= today)
            low = middle + 1;
        else
            high = middle;
    }
    size_t left = c->n_days - low, skip = (size_t)amount - 1;
    return c->day[skip < left ? low + skip : c->n_days - 1].close_us;
}

/* All there is to a unit. A new one is a row here and a word in the header. */
static const struct {
    const char *name;
    int64_t (*add)(const struct pulih_calendar *c, int64_t from_us, int64_t amount);
} units[PULIH_UNIT_N] = {
    [PULIH_UNIT_second] = {"second", add_seconds},
    [PULIH_UNIT_minute] = {"minute", add_minutes},
    [PULIH_UNIT_hour] = {"hour", add_hours},
    [PULIH_UNIT_calendar_day] = {"calendar_day", add_calendar_days},
    [PULIH_UNIT_working_minute] = {"working_minute", add_working_minutes},
    [PULIH_UNIT_working_hour] = {"working_hour", add_working_hours},
    [PULIH_UNIT_working_day] = {"working_day", add_working_days},
};

int64_t pulih_calendar_add(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d)
{
    pulih_must(d.unit < PULIH_UNIT_N && d.amount > 0);
    return units[d.unit].add(c, from_us, d.amount);
}

bool pulih_duration_parse(struct pulih_view text, struct pulih_duration *ret)
{
    int32_t amount = 0;
    size_t i = 0;

    for (; i < text.len && i < 7 && text.at[i] >= '0' && text.at[i] <= '9'; i++)
        amount = amount * 10 + (text.at[i] - '0');
    if (i == 0 || amount == 0 || i == text.len || text.at[i] != ' ')
        return false;
    struct pulih_view unit = {text.at + i + 1, text.len - i - 1};
    if (unit.len > 0 && unit.at[unit.len - 1] == 's')
        unit.len--;
    for (int u = 0; u < PULIH_UNIT_N; u++) {
        if (!pulih_view_is(unit, units[u].name))
            continue;
        *ret = (struct pulih_duration){amount, (enum pulih_unit)u};
        return true;
    }
    return false;
}
