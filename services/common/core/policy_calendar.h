/* Reading a calendar of a policy: what policy_calendar.c and policy_days.c share. */
#ifndef PULIH_CORE_POLICY_CALENDAR_H
#define PULIH_CORE_POLICY_CALENDAR_H

#include <stdlib.h>

#include "services/common/core/policy_read.h"

enum { PULIH_ZONE_MAX_BYTES = 64, PULIH_DATE_LEN = 10 };

/* A calendar while its group is read: special days in the order of reading. */
struct pulih_calendar_draft {
    struct pulih_policy_reader *reader;
    struct pulih_calendar_spec spec;
    char zone[PULIH_ZONE_MAX_BYTES + 1];
    struct pulih_special_day *special; /* the caller frees it */
    size_t n, cap;
    bool joint_leave_works;
};

/* The date that a text begins with as yyyymmdd, or -1; NULL is none. */
int32_t pulih_policy_date(const char *text);
/* The number that so many digits make, or -1. */
int pulih_policy_digits(const char *at, size_t digits);
void pulih_policy_read_hours(struct pulih_policy_reader *r, const struct config_setting_t *slots,
                             struct pulih_hours *hours);

/* policy_days.c; joint_leave before the files that it is about. */
void pulih_policy_read_holidays(struct pulih_calendar_draft *d, struct config_setting_t *at);
void pulih_policy_read_joint_leave(struct pulih_calendar_draft *d, struct config_setting_t *at);
void pulih_policy_read_holiday_files(struct pulih_calendar_draft *d, struct config_setting_t *at);
void pulih_policy_read_days(struct pulih_calendar_draft *d, struct config_setting_t *at);
/* One row per date, sorted, into the spec. */
void pulih_policy_merge_days(struct pulih_calendar_draft *d);

#endif
