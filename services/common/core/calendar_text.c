/* Instants as people read them. */
#include "proto/words.h"
#include "pulih/base/clock.h"
#include "services/common/core/calendar_impl.h"

static const char *const weekday_names[7][2] = {
    {"Senin", "Monday"}, {"Selasa", "Tuesday"}, {"Rabu", "Wednesday"}, {"Kamis", "Thursday"},
    {"Jumat", "Friday"}, {"Sabtu", "Saturday"}, {"Minggu", "Sunday"},
};

static const char *const month_names[12][2] = {
    {"Januari", "January"}, {"Februari", "February"}, {"Maret", "March"},
    {"April", "April"},     {"Mei", "May"},           {"Juni", "June"},
    {"Juli", "July"},       {"Agustus", "August"},    {"September", "September"},
    {"Oktober", "October"}, {"November", "November"}, {"Desember", "December"},
};

static int two_digits(const char *at)
{
    return (at[0] - '0') * 10 + at[1] - '0';
}

void pulih_calendar_print(const struct pulih_calendar *c, int64_t at_us, int language, struct pulih_buf *out)
{
    int64_t at_s = at_us / 1000000 - (at_us % 1000000 < 0);
    const struct pulih_zone_span *span = pulih_zone_at(&c->zone, at_s);
    int64_t local_s = at_s + span->offset_s;
    int64_t day = local_s / 86400 - (local_s % 86400 < 0);
    int english = language != PULIH_language_id;
    char iso[28]; /* 2026-11-23T17:00:00.000000Z */

    pulih_time_print(local_s * 1000000, iso);
    const char *weekday = weekday_names[(day % 7 + 10) % 7][english];
    const char *month = month_names[two_digits(iso + 5) - 1][english];
    bool numeric = span->abbreviation[0] == '+' || span->abbreviation[0] == '-'; /* zones without letters */
    pulih_buf_addf(out, "%s, %d %s %.4s%s%.2s%c%.2s %s%s", weekday, two_digits(iso + 8), month, iso,
                   english ? ", " : " pukul ", iso + 11, english ? ':' : '.', iso + 14, numeric ? "UTC" : "",
                   span->abbreviation);
}

void pulih_calendar_print_iso(const struct pulih_calendar *c, int64_t at_us, struct pulih_buf *out)
{
    int64_t at_s = at_us / 1000000 - (at_us % 1000000 < 0),
            offset_s = pulih_zone_at(&c->zone, at_s)->offset_s;
    int64_t offset_min = offset_s / 60;
    char iso[28];

    pulih_time_print(at_us + offset_min * 60000000, iso);
    int digits = at_us % 1000000 ? 26 : 19;
    pulih_buf_addf(out, "%.*s%c%02d:%02d", digits, iso, offset_min < 0 ? '-' : '+',
                   (int)(offset_min < 0 ? -offset_min : offset_min) / 60,
                   (int)(offset_min < 0 ? -offset_min : offset_min) % 60);
}
