/* The rule that closes a zone file: a POSIX TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3", which says how
 * summer time goes on in all years to come. RFC 8536 lets hours run from -167 to 167 and names stand in <>.
 */
#include "services/common/core/calendar_zone.h"

#include <string.h>

enum { FIRST_YEAR = 1999, LAST_YEAR = 2051 };

/* The day of a change: M (week of month), J (day of year without leap days, from 1) or N (from 0). */
struct change {
    char kind;
    int64_t month, week, day; /* only `day` in J and N */
    int64_t time_s;           /* after local midnight; may be negative or beyond a day */
};

struct rule {
    struct pulih_view standard_name, summer_name;
    int64_t standard_s, summer_s; /* east of Greenwich, other than in the text */
    struct change to_summer, to_standard;
};

static bool take(struct pulih_view *t, char sign)
{
    if (t->len == 0 || *t->at != sign)
        return false;
    *t = (struct pulih_view){t->at + 1, t->len - 1};
    return true;
}

static bool take_number(struct pulih_view *t, int64_t most, int64_t *ret)
{
    size_t digits = 0;

    for (*ret = 0; t->len > 0 && *t->at >= '0' && *t->at <= '9' && digits < 4; digits++) {
        *ret = *ret * 10 + (*t->at - '0');
        *t = (struct pulih_view){t->at + 1, t->len - 1};
    }
    return digits > 0 && *ret <= most;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool take_name(struct pulih_view *t, struct pulih_view *ret)
{
    bool quoted = take(t, '<');

    *ret = (struct pulih_view){t->at, 0};
    while (t->len > 0 && (quoted ? *t->at != '>' : is_letter(*t->at))) {
        ret->len++;
        *t = (struct pulih_view){t->at + 1, t->len - 1};
    }
    return ret->len >= 3 && (!quoted || take(t, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct pulih_view *t, int64_t *ret_s)
{
    int64_t hour, minute = 0, second = 0;
    bool minus = take(t, '-');

    if (!minus)
        take(t, '+');
    if (!take_number(t, 167, &hour))
        return false;
    if (take(t, ':') && !take_number(t, 59, &minute))
        return false;
    if (take(t, ':') && !take_number(t, 59, &second))
        return false;
    *ret_s = (hour * 3600 + minute * 60 + second) * (minus ? -1 : 1);
    return true;
}

static bool take_day(struct pulih_view *t, struct change *ret)
{
    if (take(t, 'M')) {
        ret->kind = 'M';
        return take_number(t, 12, &ret->month) && ret->month >= 1 && take(t, '.') &&
               take_number(t, 5, &ret->week) && ret->week >= 1 && take(t, '.') &&
               take_number(t, 6, &ret->day);
    }
    ret->kind = take(t, 'J') ? 'J' : 'N';
    return take_number(t, 365, &ret->day) && (ret->kind == 'N' || ret->day >= 1);
}

static bool take_change(struct pulih_view *t, struct change *ret)
{
    ret->time_s = 2 * 3600;
    return take(t, ',') && take_day(t, ret) && (!take(t, '/') || take_time(t, &ret->time_s));
}

/* A rule without summer time leaves summer_name empty. */
static bool read_rule(struct pulih_view t, struct rule *ret)
{
    if (!take_name(&t, &ret->standard_name) || !take_time(&t, &ret->standard_s))
        return false;
    ret->standard_s = -ret->standard_s;
    if (t.len == 0)
        return true;
    if (!take_name(&t, &ret->summer_name))
        return false;
    ret->summer_s = -ret->standard_s - 3600;
    if (t.len > 0 && *t.at != ',' && !take_time(&t, &ret->summer_s))
        return false;
    ret->summer_s = -ret->summer_s;
    return take_change(&t, &ret->to_summer) && take_change(&t, &ret->to_standard) && t.len == 0;
}

static int64_t days_of(int32_t year, int64_t month)
{
    int64_t days = 0;

    pulih_days_of(year * 10000 + (int32_t)month * 100 + 1, &days);
    return days;
}

/* Day of the change in a year, in days since 1970. Weekdays count from Sunday; 1970-01-01 was a Thursday. */
static int64_t day_of_change(const struct change *c, int32_t year)
{
    int64_t first = days_of(year, c->kind == 'M' ? c->month : 1);
    bool leap = days_of(year + 1, 1) - days_of(year, 1) == 366;

    if (c->kind == 'J')
        return first + c->day - 1 + (leap && c->day >= 60);
    if (c->kind == 'N')
        return first + c->day;
    int64_t end = c->month < 12 ? days_of(year, c->month + 1) : days_of(year + 1, 1);
    int64_t day = first + (c->day - (first + 4) % 7 + 7) % 7 + (c->week - 1) * 7;
    return day < end ? day : day - 7;
}

static void add_year(struct pulih_zone *z, const struct rule *r, int32_t year)
{
    int64_t summer_s = day_of_change(&r->to_summer, year) * 86400 + r->to_summer.time_s - r->standard_s;
    int64_t standard_s = day_of_change(&r->to_standard, year) * 86400 + r->to_standard.time_s - r->summer_s;

    if (summer_s < standard_s)
        pulih_zone_add(z, summer_s, (int32_t)r->summer_s, r->summer_name);
    pulih_zone_add(z, standard_s, (int32_t)r->standard_s, r->standard_name);
    if (summer_s > standard_s)
        pulih_zone_add(z, summer_s, (int32_t)r->summer_s, r->summer_name);
}

bool pulih_zone_extend(struct pulih_zone *z, struct pulih_view text)
{
    struct rule rule = {0};

    if (text.len == 0)
        return true;
    if (!read_rule(text, &rule))
        return false;
    for (int32_t year = FIRST_YEAR; rule.summer_name.len > 0 && year <= LAST_YEAR; year++)
        add_year(z, &rule, year);
    return true;
}
