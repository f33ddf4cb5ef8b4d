/* What a compiled calendar is made of. */
#ifndef PULIH_CORE_CALENDAR_IMPL_H
#define PULIH_CORE_CALENDAR_IMPL_H

#include "pulih/core/calendar.h"
#include "services/common/core/calendar_zone.h"

/* Open from open_us up to close_us; the calendar was open for before_us before that. */
struct pulih_open {
    int64_t open_us, close_us, before_us;
};

/* A local day (since 1970) with an open slot, and when its last one closes. */
struct pulih_open_day {
    int64_t day, close_us;
};

struct pulih_calendar {
    struct pulih_zone zone;
    struct pulih_open *open; /* by time; intervals never touch */
    size_t n_open;
    struct pulih_open_day *day; /* by day */
    size_t n_days;
};

#endif
