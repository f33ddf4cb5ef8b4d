/* Versions of a calendar: as text, and one whose past is that of another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"
#include "services/common/core/calendar_impl.h"

#define DAY_US INT64_C(86400000000)

/* --- as text -------------------------------------------------------------------------------------------- */

/* "480-720,780-1020": minutes after midnight; "-" for a closed day. */
static void write_hours(const struct pulih_hours *hours, struct pulih_buf *out)
{
    for (int i = 0; i < hours->n; i++)
        pulih_buf_addf(out, "%s%u-%u", i ? "," : "", hours->slot[i].open_min, hours->slot[i].close_min);
    if (hours->n == 0)
        pulih_buf_addf(out, "-");
}

void pulih_calendar_write(const struct pulih_calendar *c, struct pulih_buf *out)
{
    pulih_buf_addf(out, "zone %s\n", c->zone_name);
    for (int day = 0; day < 7; day++) {
        pulih_buf_addf(out, "day ");
        write_hours(&c->week[day], out);
        pulih_buf_addf(out, "\n");
    }
    for (size_t i = 0; i < c->n_special; i++) {
        const struct pulih_special_day *s = &c->special[i];
        pulih_buf_addf(out, "special %08d %d %d %d ", (int)s->date, (int)s->kind, s->as_usual,
                       s->provisional);
        write_hours(&s->hours, out);
        pulih_buf_addf(out, " %.*s\n", PULIH_VIEW_ARG(s->name));
    }
}

static bool read_hours(const char *text, struct pulih_hours *ret)
{
    unsigned open_min, close_min;
    int len;

    ret->n = 0;
    if (strcmp(text, "-") == 0)
        return true;
    for (; sscanf(text, "%4u-%4u%n", &open_min, &close_min, &len) == 2; text += len + 1) {
        if (ret->n == PULIH_SLOTS_MAX || close_min > UINT16_MAX || open_min > UINT16_MAX)
            return false;
        ret->slot[ret->n].open_min = (uint16_t)open_min;
        ret->slot[ret->n++].close_min = (uint16_t)close_min;
        if (text[len] != ',')
            return text[len] == 0;
    }
    return false;
}

/* A calendar while its text is read. */
struct reading {
    struct pulih_calendar_spec spec;
    char zone[65];
    struct pulih_special_day *special;
    size_t n, cap;
    int days;
};

static bool read_special(struct reading *r, const char *line)
{
    int date, kind, as_usual, provisional, len = 0;
    struct pulih_special_day day = {0};
    char hours[64];

    if (sscanf(line, "special %8d %1d %1d %1d %63s %n", &date, &kind, &as_usual, &provisional, hours, &len) <
            5 ||
        kind < 0 || kind >= PULIH_DAY_N || !read_hours(hours, &day.hours) || !pulih_calendar_is_date(date) ||
        (r->n && r->special[r->n - 1].date >= date))
        return false;
    day.date = date;
    day.kind = (enum pulih_day_kind)kind;
    day.as_usual = as_usual;
    day.provisional = provisional;
    day.name = pulih_view_of(len ? line + len : "");
    r->special = pulih_room(r->special, r->n, &r->cap, sizeof *r->special);
    r->special[r->n++] = day;
    return true;
}

static bool read_line(struct reading *r, const char *line)
{
    char hours[64];

    if (sscanf(line, "zone %64s", r->zone) == 1)
        return true;
    if (sscanf(line, "day %63s", hours) == 1)
        return r->days < 7 && read_hours(hours, &r->spec.day[r->days++]);
    return read_special(r, line);
}

struct pulih_calendar *pulih_calendar_read(struct pulih_view text, struct pulih_buf *why)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf copy = {0};
    struct pulih_calendar *c = NULL;
    struct reading r = {0};
    bool good = true;
    char *rest, *line;

    pulih_buf_add_view(&copy, text);
    pulih_buf_add_byte(&copy, 0);
    for (line = strtok_r(copy.at, "\n", &rest); line && good; line = strtok_r(NULL, "\n", &rest))
        good = read_line(&r, line);
    r.spec.zone = r.zone;
    r.spec.special = r.special;
    r.spec.n_special = r.n;
    if (good && r.days == 7)
        c = pulih_calendar_new(&r.spec, why);
    else
        pulih_buf_addf(why, "no stored calendar");
    free(r.special);
    return c;
}

/* --- another past --------------------------------------------------------------------------------------- */

static void keep_open(struct pulih_calendar *c, const struct pulih_calendar *before, int64_t until_us)
{
    struct pulih_open *open = pulih_zeroed(before->n_open + c->n_open, sizeof *open);
    size_t n = 0;

    for (size_t i = 0; i < before->n_open && before->open[i].open_us < until_us; i++) {
        open[n] = before->open[i];
        if (open[n].close_us > until_us)
            open[n].close_us = until_us;
        n++;
    }
    for (size_t i = 0; i < c->n_open; i++) {
        struct pulih_open next = c->open[i];
        if (next.close_us <= until_us)
            continue;
        if (next.open_us < until_us)
            next.open_us = until_us;
        if (n && open[n - 1].close_us == next.open_us)
            open[n - 1].close_us = next.close_us;
        else
            open[n++] = next;
    }
    free(c->open);
    c->open = open;
    c->n_open = n;
    pulih_calendar_sum_up(c);
}

/* The day of the change is open if either part of it is. */
static void keep_days(struct pulih_calendar *c, const struct pulih_calendar *before, int64_t until_us)
{
    struct pulih_open_day *day = pulih_zeroed(before->n_days + c->n_days, sizeof *day);
    int64_t day_us, end_us, today;
    int32_t date = pulih_calendar_date(c, until_us, &day_us);
    size_t n = 0;

    pulih_days_of(date, &today);
    pulih_calendar_instant(c, date, DAY_US, &end_us);
    for (size_t i = 0; i < before->n_days && before->day[i].day < today; i++)
        day[n++] = before->day[i];
    size_t last = pulih_calendar_open_before(c, end_us - 1);
    if (last < c->n_open && c->open[last].close_us > until_us - day_us)
        day[n++] =
            (struct pulih_open_day){today, c->open[last].close_us < end_us ? c->open[last].close_us : end_us};
    for (size_t i = 0; i < c->n_days; i++)
        if (c->day[i].day > today)
            day[n++] = c->day[i];
    free(c->day);
    c->day = day;
    c->n_days = n;
}

static void keep_special(struct pulih_calendar *c, const struct pulih_calendar *before, int64_t until_us)
{
    struct pulih_special_day *special =
        pulih_arena_get(&c->texts, (before->n_special + c->n_special) * sizeof *special);
    int64_t day_us;
    int32_t today = pulih_calendar_date(c, until_us, &day_us);
    size_t n = 0;

    for (size_t i = 0; i < before->n_special && before->special[i].date < today; i++) {
        special[n] = before->special[i];
        special[n].name = pulih_arena_copy(&c->texts, special[n].name);
        n++;
    }
    for (size_t i = 0; i < c->n_special; i++)
        if (c->special[i].date >= today)
            special[n++] = c->special[i];
    c->special = special;
    c->n_special = n;
}

void pulih_calendar_keep_past(struct pulih_calendar *c, const struct pulih_calendar *before, int64_t until_us)
{
    keep_open(c, before, until_us);
    keep_days(c, before, until_us);
    keep_special(c, before, until_us);
}
