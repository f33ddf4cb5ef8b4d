/* Calendars for tests, and calls that fail the test where there is no result. */
#ifndef PULIH_TEST_CALENDARS_H
#define PULIH_TEST_CALENDARS_H

#include "pulih/core/calendar.h"

/* Jakarta, Berlin and so on by the hours of an office, around the clock, or at night. */
extern const uint16_t office_hours[2][2], all_hours[1][2], night_hours[2][2];

int64_t time_of(const char *text);
struct pulih_duration duration_of(const char *text);

/* Opens the days from `first` to `last`, 0 is Monday. */
void open_days(struct pulih_calendar_spec *spec, int first, int last, const uint16_t slots[][2], uint16_t n);
/* Puts holidays into `room`, which stays the caller's, and into the spec. */
void close_days(struct pulih_calendar_spec *spec, const int32_t *dates, size_t n,
                struct pulih_special_day *room);
struct pulih_calendar *compile(const struct pulih_calendar_spec *spec);

int64_t due(const struct pulih_calendar *c, int64_t from_us, struct pulih_duration d);
int64_t due_working(const struct pulih_calendar *c, int64_t from_us, int64_t working_us);

struct example {
    const char *from, *duration, *to; /* to: NULL where there is no result */
};

void assert_examples(const struct pulih_calendar *c, const struct example *rows, size_t n);

#endif
