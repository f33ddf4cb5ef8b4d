/* A countdown: when something is due, as a pure function of what happened to its clock.
 *
 * Does.     Reckons a due instant from events: started, paused, resumed, extended, converted, set, met,
 *           reopened. Explains it span by span.
 * Promises. What was used stays used: a pause adds to the due instant just what it took from it, a
 *           conversion keeps all pauses, extensions and dates that were set, reopening gives back no more
 *           than was left. Nothing is kept between calls, so reckoning again, or with another calendar,
 *           is the same call.
 * Fails.    With the place of the first event that cannot be, or whose due instant no calendar covers.
 */
#ifndef PULIH_CORE_COUNTDOWN_H
#define PULIH_CORE_COUNTDOWN_H

#include "pulih/core/calendar.h"

enum pulih_clock_event_kind {
    PULIH_CLOCK_start,   /* once, first: due after `duration` */
    PULIH_CLOCK_pause,   /* time stands */
    PULIH_CLOCK_resume,  /* runs on with what was left */
    PULIH_CLOCK_extend,  /* due `duration` after the due instant */
    PULIH_CLOCK_convert, /* as if `duration` had been the start's, e.g. from verbal to written */
    PULIH_CLOCK_set,     /* due at `due_us` from now on */
    PULIH_CLOCK_meet,    /* done: time stands until it is reopened */
    PULIH_CLOCK_reopen,  /* runs on with what was left */
    PULIH_CLOCK_N
};

struct pulih_clock_event {
    int64_t at_us; /* not before the event in front of it */
    enum pulih_clock_event_kind kind;
    struct pulih_duration duration; /* of start, extend, convert */
    /* Of start: a date that was set instead of a duration, which is then 0 seconds; 0: none. Of set: that
     * date. */
    int64_t due_us;
};

enum pulih_clock_state {
    PULIH_CLOCK_unstarted,
    PULIH_CLOCK_running,
    PULIH_CLOCK_paused,
    PULIH_CLOCK_met,
};

struct pulih_countdown {
    enum pulih_clock_state state;
    int64_t due_us;    /* while it runs; of a met one, when it was due; 0 while it is paused */
    int64_t left_us;   /* while it stands: working time, or time of the wall for units of the wall */
    int64_t missed_us; /* the first due instant that passed while it ran, whatever came later; 0: none */
};

/* False: events[*ret_fault] is not possible there. `until_us` is now: what passed by then is missed. */
bool pulih_countdown_reckon(const struct pulih_calendar *c, const struct pulih_clock_event *events, size_t n,
                            int64_t until_us, struct pulih_countdown *ret, size_t *ret_fault);

enum pulih_span_kind {
    PULIH_SPAN_counted,
    PULIH_SPAN_closed,  /* after hours, or a day on which the week is closed */
    PULIH_SPAN_special, /* a holiday, joint leave or one-off day */
    PULIH_SPAN_paused,
    PULIH_SPAN_met,
};

struct pulih_span {
    int64_t from_us, to_us;
    enum pulih_span_kind kind;
    const struct pulih_special_day *day; /* of special */
};

typedef void pulih_tell_span_f(void *of, const struct pulih_span *span);

/* Tells each span from the start to the due instant, or to `until_us` while the clock stands, in order and
 * without gaps. Closed spans end with the local day. False as above, and nothing is told. */
bool pulih_countdown_explain(const struct pulih_calendar *c, const struct pulih_clock_event *events, size_t n,
                             int64_t until_us, pulih_tell_span_f *tell, void *of);

#endif
