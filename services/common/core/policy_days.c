/* Special days of a policy's calendar: holidays, files of holidays, one-off days. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include <libconfig.h>
#include <string.h>

#include "pulih/base/file.h"
#include "services/common/core/calendar_ics.h"
#include "services/common/core/calendar_zone.h"
#include "services/common/core/policy_calendar.h"
#include "services/common/core/policy_fault.h"

enum {
    DATES_MAX = 2000,
    FILES_MAX = 64,
    FILE_MAX_BYTES = 1 << 20,
    FIRST_DATE = 20000101,
    LAST_DATE = 20501231
};

int32_t pulih_policy_date(const char *text)
{
    int64_t days;

    if (!text || strlen(text) < PULIH_DATE_LEN || text[4] != '-' || text[7] != '-')
        return -1;
    int year = pulih_policy_digits(text, 4), month = pulih_policy_digits(text + 5, 2),
        day = pulih_policy_digits(text + 8, 2);
    if (year < 0 || month < 0 || day < 0)
        return -1;
    int32_t date = year * 10000 + month * 100 + day;
    return date >= FIRST_DATE && date <= LAST_DATE && pulih_days_of(date, &days) ? date : -1;
}

bool pulih_policy_read_date(struct pulih_policy_reader *r, const config_setting_t *at, int32_t *ret)
{
    const char *text = config_setting_get_string(at);
    int32_t date = text && strlen(text) == PULIH_DATE_LEN ? pulih_policy_date(text) : -1;

    if (date < 0)
        pulih_policy_wrong(r, at, "expected a date from 2000 to 2050 such as \"2026-12-25\"");
    else
        *ret = date;
    return date >= 0;
}

static struct pulih_special_day *add_special(struct pulih_calendar_draft *d, int32_t date,
                                             enum pulih_day_kind kind)
{
    d->special = pulih_room(d->special, d->n, &d->cap, sizeof *d->special);
    d->special[d->n] = (struct pulih_special_day){.date = date, .kind = kind};
    return &d->special[d->n++];
}

static bool is_given(const struct pulih_calendar_draft *d, size_t first, int32_t date)
{
    for (size_t i = first; i < d->n; i++)
        if (d->special[i].date == date)
            return true;
    return false;
}

/* "2026-12-25" or "2026-12-25 Kelahiran Yesus Kristus" */
static void read_holiday(struct pulih_calendar_draft *d, const config_setting_t *at, size_t first)
{
    struct pulih_policy_reader *r = d->reader;
    const char *text = config_setting_get_string(at);
    int32_t date = pulih_policy_date(text);

    if (date < 0 || (text[PULIH_DATE_LEN] && text[PULIH_DATE_LEN] != ' ')) {
        pulih_policy_wrong(
            r, at, "expected a date from 2000 to 2050 such as \"2026-12-25\", with a name or without");
    } else if (is_given(d, first, date)) {
        pulih_policy_wrong(r, at, "this date is given twice");
    } else {
        struct pulih_view whole =
            pulih_policy_text(r, at, PULIH_DATE_LEN + 1 + PULIH_ICS_NAME_MAX_BYTES, false);
        struct pulih_special_day *special = add_special(d, date, PULIH_DAY_holiday);
        if (whole.len > PULIH_DATE_LEN + 1)
            special->name =
                (struct pulih_view){whole.at + PULIH_DATE_LEN + 1, whole.len - PULIH_DATE_LEN - 1};
    }
}

void pulih_policy_read_holidays(struct pulih_calendar_draft *d, config_setting_t *at)
{
    size_t first = d->n;

    if (!pulih_policy_elements(d->reader, at, 0, DATES_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_holiday(d, config_setting_get_elem(at, (unsigned)i), first);
}

static void read_one_off(struct pulih_calendar_draft *d, config_setting_t *at, size_t first)
{
    static const char *const names[] = {"date", "open", "name"};
    struct pulih_policy_reader *r = d->reader;
    struct pulih_special_day day = {.kind = PULIH_DAY_one_off};
    size_t before = r->why->len;

    if (!pulih_policy_group(r, at, names, PULIH_COUNT(names)))
        return;
    config_setting_t *date = pulih_policy_member(r, at, "date");
    config_setting_t *open = pulih_policy_member(r, at, "open");
    config_setting_t *name = config_setting_get_member(at, "name");
    if (date) {
        const char *text = config_setting_get_string(date);
        day.date = text && strlen(text) == PULIH_DATE_LEN ? pulih_policy_date(text) : -1;
        if (day.date < 0)
            pulih_policy_wrong(r, date, "expected a date from 2000 to 2050 such as \"2026-12-25\"");
        else if (is_given(d, first, day.date))
            pulih_policy_wrong(r, date, "this date is given twice");
    }
    if (open)
        pulih_policy_read_hours(r, open, &day.hours);
    if (name)
        day.name = pulih_policy_text(r, name, PULIH_ICS_NAME_MAX_BYTES, false);
    if (r->why->len == before)
        *add_special(d, day.date, day.kind) = day;
}

void pulih_policy_read_days(struct pulih_calendar_draft *d, config_setting_t *at)
{
    size_t first = d->n;

    if (!pulih_policy_elements(d->reader, at, 0, DATES_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_one_off(d, config_setting_get_elem(at, (unsigned)i), first);
}

/* --- files of holidays ---------------------------------------------------------------------------------- */

void pulih_policy_read_joint_leave(struct pulih_calendar_draft *d, config_setting_t *at)
{
    const char *text = config_setting_get_string(at);

    d->joint_leave_works = text && strcmp(text, "open") == 0;
    if (!text || (strcmp(text, "open") != 0 && strcmp(text, "closed") != 0))
        pulih_policy_wrong(d->reader, at, "expected \"open\" or \"closed\"");
}

/* Whether joint leave is working time is for the company and its regulator to say, not for a default. */
static void add_file_days(struct pulih_calendar_draft *d, const config_setting_t *at,
                          const struct pulih_ics *ics)
{
    bool decided = config_setting_get_member(config_setting_parent(config_setting_parent(at)), "joint_leave");

    for (size_t i = 0; i < ics->n; i++) {
        const struct pulih_ics_day *day = &ics->day[i];
        if (day->joint_leave && !decided) {
            pulih_policy_wrong(d->reader, at,
                               "there is joint leave in it (%08d): say joint_leave = \"closed\" or \"open\"",
                               (int)day->date);
            decided = true;
        }
        struct pulih_special_day *special =
            add_special(d, day->date, day->joint_leave ? PULIH_DAY_joint_leave : PULIH_DAY_holiday);
        special->as_usual = day->joint_leave && d->joint_leave_works;
        special->provisional = day->provisional;
        special->name = day->name;
    }
}

static void read_file(struct pulih_calendar_draft *d, const config_setting_t *at)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf path = {0}, text = {0}, fault = {0};
    struct pulih_policy_reader *r = d->reader;
    struct pulih_ics ics = {0};
    const char *name = config_setting_get_string(at);

    if (!name || !*name) {
        pulih_policy_wrong(r, at, "expected the name of an iCalendar file");
        return;
    }
    pulih_policy_path(name, r->path, &path);
    if (!pulih_file_read(pulih_buf_text(&path), 0, &text, &fault))
        pulih_policy_wrong(r, at, "%s: %s", pulih_buf_text(&path), pulih_buf_text(&fault));
    else if (text.len > FILE_MAX_BYTES)
        pulih_policy_wrong(r, at, "%s: more than %d bytes", pulih_buf_text(&path), FILE_MAX_BYTES);
    else if (!pulih_is_utf8(pulih_view_of_buf(&text)))
        pulih_policy_wrong(r, at, "%s: expected UTF-8", pulih_buf_text(&path));
    else if (pulih_ics_read(pulih_view_of_buf(&text), pulih_buf_text(&path), r->texts, &ics, r->why))
        add_file_days(d, at, &ics);
    pulih_policy_read_file(r, pulih_view_of_buf(&path));
    free(ics.day);
}

void pulih_policy_read_holiday_files(struct pulih_calendar_draft *d, config_setting_t *at)
{
    if (!pulih_policy_elements(d->reader, at, 0, FILES_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_file(d, config_setting_get_elem(at, (unsigned)i));
}

/* --- one row per date ----------------------------------------------------------------------------------- */

/* By date; of one date the kind that counts comes first. */
static int compare_special(const void *a, const void *b)
{
    static const int rank[PULIH_DAY_N] = {
        [PULIH_DAY_one_off] = 0, [PULIH_DAY_holiday] = 1, [PULIH_DAY_joint_leave] = 2};
    const struct pulih_special_day *x = a, *y = b;
    int by_date = (x->date > y->date) - (x->date < y->date);

    if (by_date)
        return by_date;
    return rank[x->kind] != rank[y->kind] ? rank[x->kind] - rank[y->kind] : x->provisional - y->provisional;
}

static bool names_hold(struct pulih_view names, struct pulih_view name)
{
    return name.len == 0 || (names.len && memmem(names.at, names.len, name.at, name.len));
}

/* Two feasts on one day: both are named. A one-off day that has a name of its own keeps that. */
static void join_names(struct pulih_calendar_draft *d, struct pulih_special_day *kept,
                       const struct pulih_special_day *other)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf both = {0};

    if (names_hold(kept->name, other->name) || (kept->kind == PULIH_DAY_one_off && kept->name.len))
        return;
    pulih_buf_addf(&both, "%.*s%s%.*s", PULIH_VIEW_ARG(kept->name), kept->name.len ? "; " : "",
                   PULIH_VIEW_ARG(other->name));
    kept->name = pulih_arena_copy(d->reader->texts, pulih_view_of_buf(&both));
}

void pulih_policy_merge_days(struct pulih_calendar_draft *d)
{
    size_t n = 0;

    if (d->n)
        qsort(d->special, d->n, sizeof *d->special, compare_special);
    for (size_t i = 0; i < d->n; i++) {
        if (n && d->special[n - 1].date == d->special[i].date)
            join_names(d, &d->special[n - 1], &d->special[i]);
        else
            d->special[n++] = d->special[i];
    }
    d->spec.special = d->special;
    d->spec.n_special = n;
}
