/* Compiling a calendar: zone, week and special days become sorted open intervals. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"
#include "services/common/core/calendar_impl.h"

enum { DAY_S = 86400, DAY_MIN = 1440 };
#define US INT64_C(1000000)

/* What is needed while a calendar grows. Days are days since 1970. */
struct compiler {
    const struct pulih_calendar_spec *spec;
    struct pulih_calendar *c;
    size_t cap_open, cap_days;
    int64_t *special_day; /* of each special day */
    size_t at;            /* first one not before the day that was last looked at */
};

static bool check_hours(const struct pulih_hours *hours, struct pulih_buf *why)
{
    for (int i = 0; i < hours->n; i++) {
        uint16_t open = hours->slot[i].open_min, close = hours->slot[i].close_min;
        if (open >= close || close > DAY_MIN) {
            pulih_buf_addf(why, "a slot must close after it opens, at 24:00 at the latest");
            return false;
        }
        if (i > 0 && open < hours->slot[i - 1].close_min) {
            pulih_buf_addf(why, "slots of a day must follow each other and not overlap");
            return false;
        }
    }
    return true;
}

static bool check_slots(const struct pulih_calendar_spec *spec, struct pulih_buf *why)
{
    size_t n = 0;

    for (int d = 0; d < 7; d++) {
        if (!check_hours(&spec->day[d], why))
            return false;
        n += spec->day[d].n;
    }
    if (n == 0)
        pulih_buf_addf(why, "no open slot in the whole week");
    return n > 0;
}

static bool read_special(struct compiler *k, struct pulih_buf *why)
{
    const struct pulih_calendar_spec *spec = k->spec;

    k->special_day = pulih_zeroed(spec->n_special, sizeof *k->special_day);
    for (size_t i = 0; i < spec->n_special; i++) {
        if (!pulih_days_of(spec->special[i].date, &k->special_day[i])) {
            pulih_buf_addf(why, "no such date: %08d", (int)spec->special[i].date);
            return false;
        }
        if (!check_hours(&spec->special[i].hours, why))
            return false;
        pulih_must(i == 0 || k->special_day[i - 1] < k->special_day[i]);
    }
    return true;
}

/* Appends an open interval; one that goes on where the last ended becomes part of it. */
static void add_open(struct compiler *k, int64_t day, int64_t open_us, int64_t close_us)
{
    struct pulih_calendar *c = k->c;

    if (c->n_open > 0 && c->open[c->n_open - 1].close_us == open_us) {
        c->open[c->n_open - 1].close_us = close_us;
    } else {
        c->open = pulih_room(c->open, c->n_open, &k->cap_open, sizeof *c->open);
        c->open[c->n_open++] = (struct pulih_open){open_us, close_us, 0};
    }
    c->day = pulih_room(c->day, c->n_days, &k->cap_days, sizeof *c->day);
    c->day[c->n_days++] = (struct pulih_open_day){day, close_us};
}

/* Days come in order, but for a step back where clocks go back over midnight or a new span begins. */
static const struct pulih_hours *hours_of(struct compiler *k, int64_t day)
{
    const struct pulih_calendar_spec *spec = k->spec;

    while (k->at > 0 && k->special_day[k->at - 1] >= day)
        k->at--;
    while (k->at < spec->n_special && k->special_day[k->at] < day)
        k->at++;
    if (k->at < spec->n_special && k->special_day[k->at] == day && !spec->special[k->at].as_usual)
        return &spec->special[k->at].hours;
    return &spec->day[(day + 3) % 7]; /* 1970-01-01 was a Thursday */
}

/* The slots of one local day as far as they lie in [from_s, to_s), where clocks run offset_s ahead. */
static void add_day(struct compiler *k, int64_t day, int64_t offset_s, int64_t from_s, int64_t to_s)
{
    const struct pulih_hours *hours = hours_of(k, day);

    for (int i = 0; i < hours->n; i++) {
        int64_t midnight_s = day * DAY_S - offset_s;
        int64_t open_s = midnight_s + hours->slot[i].open_min * 60;
        int64_t close_s = midnight_s + hours->slot[i].close_min * 60;
        open_s = open_s > from_s ? open_s : from_s;
        close_s = close_s < to_s ? close_s : to_s;
        if (open_s < close_s)
            add_open(k, day, open_s * US, close_s * US);
    }
}

/* Span by span, so that an hour which clocks skip is not open and one which they repeat is open twice. */
static void add_spans(struct compiler *k)
{
    const struct pulih_zone *z = &k->c->zone;

    for (size_t i = 0; i < z->n; i++) {
        int64_t from_s = z->span[i].from_s, offset_s = z->span[i].offset_s;
        int64_t to_s = i + 1 < z->n ? z->span[i + 1].from_s : PULIH_CALENDAR_END_S;
        from_s = from_s > PULIH_CALENDAR_FIRST_S ? from_s : PULIH_CALENDAR_FIRST_S;
        to_s = to_s < PULIH_CALENDAR_END_S ? to_s : PULIH_CALENDAR_END_S;
        for (int64_t day = (from_s + offset_s) / DAY_S; day * DAY_S < to_s + offset_s; day++)
            add_day(k, day, offset_s, from_s, to_s);
    }
}

static int compare_days(const void *a, const void *b)
{
    const struct pulih_open_day *x = a, *y = b;
    return (x->day > y->day) - (x->day < y->day);
}

/* One row per open day, with the end of its last slot. Days can come out of order and more than once where
 * clocks go back over midnight. */
static void order_days(struct pulih_calendar *c)
{
    size_t n = 0;

    qsort(c->day, c->n_days, sizeof *c->day, compare_days);
    for (size_t i = 0; i < c->n_days; i++) {
        if (n == 0 || c->day[n - 1].day != c->day[i].day)
            c->day[n++] = c->day[i];
        else if (c->day[n - 1].close_us < c->day[i].close_us)
            c->day[n - 1].close_us = c->day[i].close_us;
    }
    c->n_days = n;
}

void pulih_calendar_sum_up(struct pulih_calendar *c)
{
    c->open[0].before_us = 0;
    for (size_t i = 1; i < c->n_open; i++)
        c->open[i].before_us = c->open[i - 1].before_us + c->open[i - 1].close_us - c->open[i - 1].open_us;
}

static void keep_special(struct compiler *k)
{
    struct pulih_calendar *c = k->c;

    memcpy(c->week, k->spec->day, sizeof c->week);
    c->n_special = k->spec->n_special;
    c->special = pulih_arena_get(&c->texts, c->n_special * sizeof *c->special);
    for (size_t i = 0; i < c->n_special; i++) {
        c->special[i] = k->spec->special[i];
        c->special[i].name = pulih_arena_copy(&c->texts, c->special[i].name);
    }
}

struct pulih_calendar *pulih_calendar_new(const struct pulih_calendar_spec *spec, struct pulih_buf *why)
{
    struct compiler k = {.spec = spec};

    if (!check_slots(spec, why))
        return NULL;
    k.c = pulih_zeroed(1, sizeof *k.c);
    bool good = pulih_zone_load(spec->zone, &k.c->zone, why) && read_special(&k, why);
    if (good)
        add_spans(&k);
    if (good && k.c->n_open == 0) {
        pulih_buf_addf(why, "every open slot falls on a holiday");
        good = false;
    }
    free(k.special_day);
    if (!good) {
        pulih_calendar_free(k.c);
        return NULL;
    }
    k.c->zone_name = pulih_arena_copy(&k.c->texts, pulih_view_of(spec->zone)).at; /* ends with a zero */
    keep_special(&k);
    order_days(k.c);
    pulih_calendar_sum_up(k.c);
    return k.c;
}

void pulih_calendar_free(struct pulih_calendar *c)
{
    if (!c)
        return;
    pulih_zone_free(&c->zone);
    pulih_arena_free(&c->texts);
    free(c->open);
    free(c->day);
    free(c);
}
