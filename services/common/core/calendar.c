/* Asking a compiled calendar about its open intervals. */
#include <stdlib.h>

#include "services/common/core/calendar_impl.h"

enum { DAY_S = 86400 };
#define US INT64_C(1000000)

bool pulih_calendar_covers(int64_t at_us)
{
    return at_us >= PULIH_CALENDAR_FIRST_US && at_us < PULIH_CALENDAR_END_US;
}

size_t pulih_calendar_open_before(const struct pulih_calendar *c, int64_t at_us)
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
    size_t i = pulih_calendar_open_before(c, at_us);

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
    size_t i = pulih_calendar_open_before(c, at_us);
    return i < c->n_open && at_us < c->open[i].close_us;
}

bool pulih_calendar_next_open(const struct pulih_calendar *c, int64_t at_us, int64_t end_us,
                              struct pulih_interval *ret)
{
    size_t i = pulih_calendar_open_before(c, at_us);

    if (i == c->n_open)
        i = 0;
    else if (at_us >= c->open[i].close_us)
        i++;
    if (i == c->n_open || c->open[i].open_us >= end_us || at_us >= end_us)
        return false;
    ret->from_us = c->open[i].open_us > at_us ? c->open[i].open_us : at_us;
    ret->to_us = c->open[i].close_us < end_us ? c->open[i].close_us : end_us;
    return true;
}

/* Nothing to wait for: the instant itself if it lies in working time, whose last instant counts. */
static bool next_working(const struct pulih_calendar *c, int64_t from_us, int64_t *ret_us)
{
    size_t i = pulih_calendar_open_before(c, from_us);
    struct pulih_interval next;

    if (i < c->n_open && from_us <= c->open[i].close_us) {
        *ret_us = from_us;
        return true;
    }
    if (!pulih_calendar_next_open(c, from_us, PULIH_CALENDAR_END_US, &next))
        return false;
    *ret_us = next.from_us;
    return true;
}

bool pulih_calendar_add_working_us(const struct pulih_calendar *c, int64_t from_us, int64_t working_us,
                                   int64_t *ret_us)
{
    const struct pulih_open *last = &c->open[c->n_open - 1];
    int64_t target_us = worked_us(c, from_us);
    size_t low = 0, high = c->n_open;

    if (!pulih_calendar_covers(from_us))
        return false;
    if (working_us <= 0)
        return next_working(c, from_us, ret_us);
    if (__builtin_add_overflow(target_us, working_us, &target_us) ||
        target_us > last->before_us + last->close_us - last->open_us)
        return false;
    while (high - low > 1) { /* last interval with less than target_us before it */
        size_t middle = low + (high - low) / 2;
        if (c->open[middle].before_us < target_us)
            low = middle;
        else
            high = middle;
    }
    *ret_us = c->open[low].open_us + target_us - c->open[low].before_us;
    return true;
}

/* --- dates ---------------------------------------------------------------------------------------------- */

bool pulih_calendar_is_date(int32_t date)
{
    int64_t days;

    return pulih_days_of(date, &days);
}

int32_t pulih_calendar_date(const struct pulih_calendar *c, int64_t at_us, int64_t *ret_day_us)
{
    int64_t at_s = at_us / US - (at_us % US < 0);
    int64_t local_s = at_s + pulih_zone_at(&c->zone, at_s)->offset_s;
    int64_t day = local_s / DAY_S - (local_s % DAY_S < 0);

    *ret_day_us = (local_s - day * DAY_S) * US + at_us - at_s * US;
    return pulih_date_of(day);
}

enum pulih_local pulih_calendar_instant(const struct pulih_calendar *c, int32_t date, int64_t day_us,
                                        int64_t *ret_us)
{
    int64_t days = 0;

    pulih_days_of(date, &days);
    int64_t local_s = days * DAY_S + day_us / US, at_s = pulih_zone_instant(&c->zone, local_s);
    const struct pulih_zone_span *span = pulih_zone_at(&c->zone, at_s), *end = c->zone.span + c->zone.n;
    *ret_us = at_s * US + day_us % US;
    if (at_s + span->offset_s != local_s)
        return PULIH_LOCAL_skipped;
    if (span + 1 < end && local_s - span[1].offset_s >= span[1].from_s)
        return PULIH_LOCAL_twice;
    return PULIH_LOCAL_once;
}

/* --- special days --------------------------------------------------------------------------------------- */

static int compare_dates(const void *a, const void *b)
{
    const int32_t *date = a;
    const struct pulih_special_day *special = b;
    return (*date > special->date) - (*date < special->date);
}

const struct pulih_special_day *pulih_calendar_special(const struct pulih_calendar *c, int32_t date)
{
    return c->n_special ? bsearch(&date, c->special, c->n_special, sizeof *c->special, compare_dates) : NULL;
}

bool pulih_calendar_knows_year(const struct pulih_calendar *c, int year)
{
    for (size_t i = 0; i < c->n_special; i++)
        if (c->special[i].date / 10000 == year)
            return true;
    return false;
}

const char *pulih_calendar_zone(const struct pulih_calendar *c)
{
    return c->zone_name;
}
