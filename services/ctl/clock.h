/* pulihctl clock: what its subcommands share. */
#ifndef PULIH_CTL_CLOCK_H
#define PULIH_CTL_CLOCK_H

#include "pulih/core/policy.h"
#include "services/ctl/ctl.h"

/* What all three subcommands start from. */
/* What all three subcommands start from. */
struct pulih_ctl_clock {
    const struct pulih_ctl *ctl;
    struct pulih_policy *policy;
    const struct pulih_calendar *calendar;
    struct pulih_view name; /* of the calendar */
    bool json;
};

/* Notes on standard error where holidays between the instants are not sure, or not there. */
void pulih_ctl_tell_doubts(const struct pulih_ctl_clock *d, int64_t from_us, int64_t to_us);
/* Appends 3725.5 s as "1 h 2 min 5.5 s" or as PT1H2M5.5S. */
void pulih_ctl_add_length(struct pulih_buf *out, int64_t us, bool iso);
int pulih_ctl_clock_show(const struct pulih_ctl_clock *d);

#endif
