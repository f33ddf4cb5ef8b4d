/* A time zone as a row of spans, each with one offset and one abbreviation.
 *
 * Does.     Reads the system's tzdata files itself and works their closing rule out to the end of the
 *           calendar. The C library knows one zone at a time, kept in the environment, which threads share.
 * Owns.     Its spans.
 * Fails.    With a line in *why: no such zone, or a file that is no zone.
 */
#ifndef PULIH_CORE_CALENDAR_ZONE_H
#define PULIH_CORE_CALENDAR_ZONE_H

#include "pulih/core/calendar.h"

/* What calendars cover, in seconds since 1970. */
#define PULIH_CALENDAR_FIRST_S (PULIH_CALENDAR_FIRST_US / 1000000)
#define PULIH_CALENDAR_END_S   (PULIH_CALENDAR_END_US / 1000000)

struct pulih_zone_span {
    int64_t from_s; /* lasts to the next span's from_s; INT64_MIN in the first */
    int32_t offset_s;
    char abbreviation[8];
};

/* All zero is an empty zone, ready for the functions that read one. */
struct pulih_zone {
    struct pulih_zone_span *span;
    size_t n, cap;
};

bool pulih_zone_load(const char *name, struct pulih_zone *ret, struct pulih_buf *why);
/* Reads the bytes of a tzdata file (RFC 8536, version 2 or later). NULL, or what is wrong with them. */
const char *pulih_zone_read(struct pulih_view tzif, struct pulih_zone *ret);
void pulih_zone_free(struct pulih_zone *z);

/* Appends the spans that a closing rule like "CET-1CEST,M3.5.0,M10.5.0/3" makes up to the end of the
 * calendar. False: the rule cannot be read. */
bool pulih_zone_extend(struct pulih_zone *z, struct pulih_view rule);
/* Appends a span that begins where the others have ended. Earlier ones, and one that changes nothing, are
 * left out. */
void pulih_zone_add(struct pulih_zone *z, int64_t from_s, int32_t offset_s, struct pulih_view abbreviation);

const struct pulih_zone_span *pulih_zone_at(const struct pulih_zone *z, int64_t at_s);
/* The instant at which clocks show `local_s` (seconds since 1970 as if they were UTC): the first one if there
 * are two, and as much after the gap as local_s is in it if there is none. */
int64_t pulih_zone_instant(const struct pulih_zone *z, int64_t local_s);

/* Days since 1970 of a date as yyyymmdd; false if there is no such date. */
bool pulih_days_of(int32_t yyyymmdd, int64_t *ret_days);
/* The other way round, for days of the years 0 to 9999. */
int32_t pulih_date_of(int64_t days);

#endif
