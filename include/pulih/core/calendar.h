/* Working time: what a duration from an instant comes to, and how much of it lies between two instants.
 *
 * Does.     Compiles zone, weekly slots and special days once to sorted open intervals with prefix sums, so
 *           adding and measuring are binary searches.
 * Promises. A result in working units lies in working time (its last instant counts). An hour that clocks
 *           skip is not open, one that they repeat is open twice. Reads the zone's file while it is compiled;
 *           pure from then on, so threads share it.
 * Fails.    Covers 2000 to 2050. What starts or would end outside has no result, rather than a wrong one.
 */
#ifndef PULIH_CORE_CALENDAR_H
#define PULIH_CORE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "pulih/base/bytes.h"

/* What calendars cover: 2000-01-01 to 2051-01-01 UTC. */
#define PULIH_CALENDAR_FIRST_US INT64_C(946684800000000)
#define PULIH_CALENDAR_END_US   INT64_C(2556144000000000)

struct pulih_calendar;

enum { PULIH_SLOTS_MAX = 4 };

/* When a day is open: n slots in order, none if it is closed. */
struct pulih_hours {
    uint16_t n;
    struct {
        uint16_t open_min;  /* minutes after local midnight */
        uint16_t close_min; /* up to 1440; greater than open_min */
    } slot[PULIH_SLOTS_MAX];
};

enum pulih_day_kind {
    PULIH_DAY_ordinary, /* as the week has it */
    PULIH_DAY_holiday,
    PULIH_DAY_joint_leave, /* cuti bersama */
    PULIH_DAY_one_off,     /* opened, closed or with other hours just this once */
    PULIH_DAY_N
};

/* A date that is not as the week has it, or has a name. */
struct pulih_special_day {
    int32_t date; /* yyyymmdd */
    enum pulih_day_kind kind;
    bool as_usual;            /* the week's hours hold; it has but a name */
    bool provisional;         /* expected, not decreed */
    struct pulih_hours hours; /* unless as_usual */
    struct pulih_view name;   /* absent if it has none */
};

/* What a calendar is compiled from. */
struct pulih_calendar_spec {
    const char *zone;                        /* IANA name, e.g. Asia/Jakarta */
    struct pulih_hours day[7];               /* 0 is Monday */
    const struct pulih_special_day *special; /* sorted by date, each date once */
    size_t n_special;
};

/* NULL with a reason appended to *why, without a newline: unknown zone, no open slot at all, slots that
 * overlap or stand out of order, no such date. */
struct pulih_calendar *pulih_calendar_new(const struct pulih_calendar_spec *spec, struct pulih_buf *why);
void pulih_calendar_free(struct pulih_calendar *c);

/* --- versions ------------------------------------------------------------------------------------------- */

/* Appends what a calendar was compiled from, as lines of text; equal texts are equal calendars. */
void pulih_calendar_write(const struct pulih_calendar *c, struct pulih_buf *out);
/* Compiles it again; NULL as pulih_calendar_new, or when it is no such text. */
struct pulih_calendar *pulih_calendar_read(struct pulih_view text, struct pulih_buf *why);
/* Up to `until_us` the hours and special days of `before` hold: what was used stays used when a calendar is
 * edited. The day in which it lies has the hours of both, each for its part. */
void pulih_calendar_keep_past(struct pulih_calendar *c, const struct pulih_calendar *before,
                              int64_t until_us);

/* --- durations ------------------------------------------------------------------------------------------ */

enum pulih_unit {
    PULIH_UNIT_second, /* of the wall, also at night; for training and demonstrations */
    PULIH_UNIT_minute, /* the same, as the one below */
    PULIH_UNIT_hour,
    PULIH_UNIT_calendar_day, /* of the local date, whether or not anybody works; as the two below */
    PULIH_UNIT_week,
    PULIH_UNIT_month,          /* same day of a later month, or that month's last day */
    PULIH_UNIT_working_minute, /* counted while the calendar is open; as the one below */
    PULIH_UNIT_working_hour,
    PULIH_UNIT_working_day,  /* days with an open slot; ends when the last slot closes */
    PULIH_UNIT_business_day, /* the same with another standard rule */
    PULIH_UNIT_N
};

/* Which day is the first, for units from a day on. An open day is one with an open slot. But for next_day,
 * what is received after the last slot of an open day, or on another day, is received on the next one. */
enum pulih_first_day {
    PULIH_FIRST_standard,     /* that of the unit */
    PULIH_FIRST_same_time,    /* n days later at the same local time: calendar_day, week, month */
    PULIH_FIRST_receipt_day,  /* the day of receipt is day 1 */
    PULIH_FIRST_next_day,     /* the (open) day after the date of receipt is day 1: working_day */
    PULIH_FIRST_next_opening, /* the (open) day after the open day of receipt is day 1: business_day */
    PULIH_FIRST_N
};

struct pulih_duration {
    int32_t amount;
    enum pulih_unit unit;
    enum pulih_first_day first_day;
};

/* Reads "8 working_hours", "3 working_days", "30 minutes", "1 calendar_day", singular or plural, amounts of 1
 * to 9999999; from a day on, a rule may follow: "3 business_days, next_day". */
bool pulih_duration_parse(struct pulih_view text, struct pulih_duration *ret);
/* Appends the same: amount, unit, and the rule if it is given. */
void pulih_duration_print(struct pulih_duration d, struct pulih_buf *out);
/* Whether the unit counts in open time or open days. */
bool pulih_unit_is_working(enum pulih_unit unit);
/* Whether a rule for the first day makes sense: from a day on. */
bool pulih_unit_has_days(enum pulih_unit unit);
const char *pulih_unit_name(enum pulih_unit unit);
const char *pulih_first_day_name(enum pulih_first_day rule);

/* Instant at which `d`, which is at least 1 of its unit, from `from_us` has passed; always after from_us.
 * False: it starts or would end outside of what the calendar covers. */
bool pulih_calendar_add(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d,
                        int64_t *ret_us);
/* The same for a working time in microseconds, e.g. what a pause left over. 0 or less: `from_us` itself if it
 * lies in working time, else the next opening. */
bool pulih_calendar_add_working_us(const struct pulih_calendar *c, int64_t from_us, int64_t working_us,
                                   int64_t *ret_us);
/* Working microseconds between two instants; 0 if `to_us` is not after `from_us`. Outside of what the
 * calendar covers nothing is open. */
int64_t pulih_calendar_between(const struct pulih_calendar *c, int64_t from_us, int64_t to_us);
bool pulih_calendar_open_at(const struct pulih_calendar *c, int64_t at_us);

/* --- looking at it -------------------------------------------------------------------------------------- */

struct pulih_interval {
    int64_t from_us, to_us;
};

/* The open interval at `at_us` or the next one, cut to what lies before `end_us`. False: there is none. */
bool pulih_calendar_next_open(const struct pulih_calendar *c, int64_t at_us, int64_t end_us,
                              struct pulih_interval *ret);
/* The special day of a date as yyyymmdd, or NULL. */
const struct pulih_special_day *pulih_calendar_special(const struct pulih_calendar *c, int32_t date);
/* Whether any holiday, joint leave or one-off day of that year is known. */
bool pulih_calendar_knows_year(const struct pulih_calendar *c, int year);
const char *pulih_calendar_zone(const struct pulih_calendar *c);

/* Whether there is such a day, as yyyymmdd. */
bool pulih_calendar_is_date(int32_t date);
/* Local date as yyyymmdd, and microseconds after its midnight by the clocks. */
int32_t pulih_calendar_date(const struct pulih_calendar *c, int64_t at_us, int64_t *ret_day_us);
enum pulih_local { PULIH_LOCAL_once, PULIH_LOCAL_skipped, PULIH_LOCAL_twice };
/* The instant at which local clocks show a date and time: the first of two, and as much after a gap as the
 * time lies in it. The date exists; `day_us` is less than a day, or a day for the end of it. */
enum pulih_local pulih_calendar_instant(const struct pulih_calendar *c, int32_t date, int64_t day_us,
                                        int64_t *ret_us);

/* Appends the instant as people read it in the calendar's zone and the language (PULIH_language_*):
 * "Senin, 23 November 2026 pukul 17.00 WIB" or "Monday, 23 November 2026, 17:00 WIB". A zone whose
 * abbreviation has no letters prints as UTC-03. */
void pulih_calendar_print(const struct pulih_calendar *c, int64_t at_us, int language, struct pulih_buf *out);
/* Appends the local time with its offset: 2026-11-23T17:00:00+07:00, with a fraction if it has one. */
void pulih_calendar_print_iso(const struct pulih_calendar *c, int64_t at_us, struct pulih_buf *out);

#endif
