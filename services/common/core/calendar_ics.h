/* Days off from an iCalendar file (RFC 5545), read strictly.
 *
 * Does.     Takes events of whole days: DTSTART and DTEND with VALUE=DATE or DURATION in days, RRULE with
 *           FREQ=YEARLY, EXDATE, STATUS, CATEGORIES, SUMMARY. Skips what cannot move a day: descriptions,
 *           alarms, time zones, X-names.
 * Promises. What it does not understand it refuses: a date that is left out becomes a wrong deadline.
 * Fails.    At the first fault, with "path:line: reason".
 */
#ifndef PULIH_CORE_CALENDAR_ICS_H
#define PULIH_CORE_CALENDAR_ICS_H

#include "pulih/base/arena.h"
#include "pulih/base/bytes.h"

struct pulih_ics_day {
    int32_t date;     /* yyyymmdd, from 2000 to 2050 */
    bool joint_leave; /* CATEGORIES:CUTI BERSAMA or JOINT LEAVE */
    bool provisional; /* STATUS:TENTATIVE */
    struct pulih_view name;
};

/* All zero is an empty list. The caller frees `day`. */
struct pulih_ics {
    struct pulih_ics_day *day; /* in the order of the file; a date may come more than once */
    size_t n, cap;
};

enum { PULIH_ICS_DAYS_MAX = 20000, PULIH_ICS_NAME_MAX_BYTES = 200 };

/* Names are kept in `texts`. False: a line of reason is appended to *why. */
bool pulih_ics_read(struct pulih_view text, const char *path, struct pulih_arena *texts,
                    struct pulih_ics *ret, struct pulih_buf *why);

#endif
