#include "pulih/base/clock.h"

#include <stddef.h>
#include <time.h>

enum { US_PER_S = 1000000, S_PER_DAY = 86400, DAYS_PER_ERA = 146097 };

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z */
#define FIRST_US INT64_C(-62167219200000000)
#define LAST_US  INT64_C(253402300799999999)

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t); /* fails only for a clock that does not exist */
    return (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

int64_t pulih_wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t pulih_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of a date in the years 0 to 9999. Years are counted from March, so that the leap day
 * is the last of its year and the lengths of months follow one line. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year + 400 : year + 399;
    int64_t era = y / 400, of_era = y % 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

    return (era - 1) * DAYS_PER_ERA + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719468;
}

static int days_in_month(int64_t year, int64_t month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* The other way round: the year is guessed from the mean length and put right. */
static void date_of_days(int64_t days, int64_t *year, int64_t *month)
{
    *year = (days + 719528) * 400 / DAYS_PER_ERA;
    while (*year < 9999 && days_of_date(*year + 1, 1, 1) <= days)
        ++*year;
    while (days_of_date(*year, 1, 1) > days)
        --*year;
    *month = 1;
    while (*month < 12 && days_of_date(*year, *month + 1, 1) <= days)
        ++*month;
}

/* Writes `digits` digits and then `sign`. */
static char *put_digits(char *at, int64_t value, int digits, char sign)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    at[digits] = sign;
    return at + digits + 1;
}

void pulih_time_print(int64_t us, char out[28])
{
    int64_t inside = us < FIRST_US ? FIRST_US : us > LAST_US ? LAST_US : us;
    int64_t since = inside - FIRST_US; /* not negative, so that / and % do what one thinks */
    int64_t days = since / US_PER_S / S_PER_DAY + days_of_date(0, 1, 1);
    int64_t second = since / US_PER_S % S_PER_DAY;
    int64_t year, month;

    date_of_days(days, &year, &month);
    out = put_digits(out, year, 4, '-');
    out = put_digits(out, month, 2, '-');
    out = put_digits(out, days - days_of_date(year, month, 1) + 1, 2, 'T');
    out = put_digits(out, second / 3600, 2, ':');
    out = put_digits(out, second / 60 % 60, 2, ':');
    out = put_digits(out, second % 60, 2, '.');
    out = put_digits(out, since % US_PER_S, 6, 'Z');
    *out = 0;
}

/* Takes one sign out of `allowed` from the front. */
static bool take_sign(struct pulih_view *text, const char *allowed, char *ret)
{
    for (; text->len > 0 && *allowed; allowed++) {
        if (*text->at != *allowed)
            continue;
        *ret = *allowed;
        *text = (struct pulih_view){text->at + 1, text->len - 1};
        return true;
    }
    return false;
}

static bool take_number(struct pulih_view *text, int digits, int64_t most, int64_t *ret)
{
    char digit;

    *ret = 0;
    for (int i = 0; i < digits; i++) {
        if (!take_sign(text, "0123456789", &digit))
            return false;
        *ret = *ret * 10 + (digit - '0');
    }
    return *ret <= most;
}

static bool take_date(struct pulih_view *text, int64_t *ret_days)
{
    int64_t year, month, day;
    char sign;

    if (!take_number(text, 4, 9999, &year) || !take_sign(text, "-", &sign) ||
        !take_number(text, 2, 12, &month) || !take_sign(text, "-", &sign) || !take_number(text, 2, 31, &day))
        return false;
    if (month < 1 || day < 1 || day > days_in_month(year, month))
        return false;
    *ret_days = days_of_date(year, month, day);
    return true;
}

/* 23:59:60 is a leap second and may come at any hour, for clocks with an offset. */
static bool take_clock(struct pulih_view *text, int64_t *ret_us)
{
    int64_t hour, minute, second, scale = US_PER_S / 10;
    char sign;

    if (!take_number(text, 2, 23, &hour) || !take_sign(text, ":", &sign) ||
        !take_number(text, 2, 59, &minute) || !take_sign(text, ":", &sign) ||
        !take_number(text, 2, 60, &second))
        return false;
    *ret_us = ((hour * 60 + minute) * 60 + second) * US_PER_S;
    if (!take_sign(text, ".", &sign))
        return true;
    if (!take_sign(text, "0123456789", &sign))
        return false;
    do {
        if (second < 60)
            *ret_us += (sign - '0') * scale;
        scale /= 10;
    } while (take_sign(text, "0123456789", &sign));
    return true;
}

static bool take_offset(struct pulih_view *text, int64_t *ret_us)
{
    int64_t hour, minute;
    char sign, colon;

    *ret_us = 0;
    if (take_sign(text, "Zz", &sign))
        return true;
    if (!take_sign(text, "+-", &sign) || !take_number(text, 2, 23, &hour) || !take_sign(text, ":", &colon) ||
        !take_number(text, 2, 59, &minute))
        return false;
    *ret_us = (hour * 60 + minute) * 60 * US_PER_S * (sign == '-' ? -1 : 1);
    return true;
}

bool pulih_time_parse(struct pulih_view text, int64_t *ret_us)
{
    int64_t days, clock_us, offset_us;
    char sign;

    if (!take_date(&text, &days) || !take_sign(&text, "Tt ", &sign) || !take_clock(&text, &clock_us) ||
        !take_offset(&text, &offset_us) || text.len > 0)
        return false;
    *ret_us = days * S_PER_DAY * US_PER_S + clock_us - offset_us;
    return true;
}
