/* Working time: what a duration from an instant comes to, and how much of it lies between two instants.
 *
 * Does.     Compiles zone, weekly slots and holidays once to sorted open intervals with prefix sums, so
 *           adding and measuring are binary searches.
 * Promises. A result of adding working time lies in working time (its last instant counts). An hour that
 *           clocks skip is not open, one that they repeat is open twice. Reads the zone's file while it is
 *           compiled; pure from then on, so threads share it.
 * Fails.    Never after compiling. It covers 2000 to 2050: before, nothing is open; a result of working time
 *           that would lie beyond is the last working instant.
 */
#ifndef PULIH_CORE_CALENDAR_H
#define PULIH_CORE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "pulih/base/bytes.h"

enum pulih_unit {
    PULIH_UNIT_second, /* of the wall, also at night; for training and demonstrations */
    PULIH_UNIT_minute, /* the same, as the two below */
    PULIH_UNIT_hour,
    PULIH_UNIT_calendar_day,   /* same local time, that many days later */
    PULIH_UNIT_working_minute, /* counted while the calendar is open */
    PULIH_UNIT_working_hour,
    PULIH_UNIT_working_day, /* end of the n-th open day after the day of the start */
    PULIH_UNIT_N
};

struct pulih_duration {
    int32_t amount;
    enum pulih_unit unit;
};

struct pulih_calendar;

enum { PULIH_SLOTS_MAX = 4 };

/* What a calendar is compiled from. */
struct pulih_calendar_spec {
    const char *zone; /* IANA name, e.g. Asia/Jakarta */
    struct {
        uint16_t n;
        struct {
            uint16_t open_min;  /* minutes after local midnight */
            uint16_t close_min; /* up to 1440; greater than open_min */
        } slot[PULIH_SLOTS_MAX];
    } day[7];                /* 0 is Monday */
    const int32_t *holidays; /* days as yyyymmdd, sorted */
    size_t n_holidays;
};

/* NULL with a reason appended to *why, without a newline: unknown zone, no open slot at all, slots that
 * overlap or stand out of order, no such date. */
struct pulih_calendar *pulih_calendar_new(const struct pulih_calendar_spec *spec, struct pulih_buf *why);
void pulih_calendar_free(struct pulih_calendar *c);

/* Instant at which `d`, which is at least 1 of its unit, from `from_us` has passed. */
int64_t pulih_calendar_add(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d);
/* The same for a working time in microseconds, e.g. what a pause left over. 0 or less: `from_us` itself if it
 * lies in working time, else the next opening. */
int64_t pulih_calendar_add_working_us(const struct pulih_calendar *c, int64_t from_us, int64_t working_us);
/* Working microseconds between two instants; 0 if `to_us` is not after `from_us`. */
int64_t pulih_calendar_between(const struct pulih_calendar *c, int64_t from_us, int64_t to_us);
bool pulih_calendar_open_at(const struct pulih_calendar *c, int64_t at_us);

/* Appends the instant as people read it in the calendar's zone and the language (PULIH_language_*):
 * "Senin, 23 November 2026 pukul 17.00 WIB" or "Monday, 23 November 2026, 17:00 WIB". A zone whose
 * abbreviation has no letters prints as UTC-03. */
void pulih_calendar_print(const struct pulih_calendar *c, int64_t at_us, int language, struct pulih_buf *out);

/* Reads "8 working_hours", "3 working_days", "30 minutes", "5 seconds", "1 calendar_day", singular or plural;
 * amounts of 1 to 9999999. */
bool pulih_duration_parse(struct pulih_view text, struct pulih_duration *ret);

#endif
