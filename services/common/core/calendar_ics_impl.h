/* Reading an iCalendar file: its lines, unfolded and taken apart, and its events. */
#ifndef PULIH_CORE_CALENDAR_ICS_IMPL_H
#define PULIH_CORE_CALENDAR_ICS_IMPL_H

#include "services/common/core/calendar_ics.h"

/* --- lines (calendar_ics_line.c) --- */

/* A file being read. */
struct pulih_ics_source {
    struct pulih_view rest;
    const char *path;
    unsigned next_line; /* number of the line at `rest`, from 1 */
    unsigned line;      /* where the current one began */
    struct pulih_buf unfolded;
    struct pulih_view name, params, value; /* of the current line; params with a ; before each */
    struct pulih_buf *why;
};

/* Appends "path:line: text" and gives false, so that it can be returned. */
bool pulih_ics_wrong(struct pulih_ics_source *s, const char *format, ...) PULIH_PRINTF(2, 3);
/* Goes on to the next line. False: the end, or a fault that was told. */
bool pulih_ics_next(struct pulih_ics_source *s);
/* Name and value of the current line, whatever the case. */
bool pulih_ics_is(const struct pulih_ics_source *s, const char *name);
bool pulih_ics_has_value(const struct pulih_ics_source *s, const char *value);
/* The same for any text. */
bool pulih_ics_same(struct pulih_view text, const char *word);
/* Takes what stands before the next `sign` off the front, and the sign; all of it if there is none. */
struct pulih_view pulih_ics_take(struct pulih_view *text, char sign);

/* --- events (calendar_ics_event.c) --- */

enum { PULIH_ICS_EXCEPTIONS_MAX = 64 };

/* An event as its lines say. Days are days since 1970. */
struct pulih_ics_event {
    unsigned line;
    unsigned seen; /* bit n: property n came */
    int64_t start, end;
    int64_t length; /* in days */
    bool yearly;
    int64_t interval, count, until; /* count: 0 is without end */
    int64_t except[PULIH_ICS_EXCEPTIONS_MAX];
    size_t n_except;
    bool cancelled, tentative, joint_leave;
    struct pulih_view name;
};

struct pulih_ics_reader {
    struct pulih_ics_source source;
    struct pulih_arena *texts;
    struct pulih_ics *ret;
    struct pulih_ics_event event;
};

void pulih_ics_event_begin(struct pulih_ics_reader *r);
/* Takes the current line into the event. *ret_known: whether events have such a property. False: a fault. */
bool pulih_ics_event_property(struct pulih_ics_reader *r, bool *ret_known);
/* Adds the event's days. */
bool pulih_ics_event_end(struct pulih_ics_reader *r);

#endif
