/* The part of pulihctl stats that reads chronologies. */
#ifndef PULIH_CTL_STATS_H
#define PULIH_CTL_STATS_H

#include "services/ctl/ctl.h"

/* Prints how many promises to customers were kept, by department, of complaints received since then. Returns
 * the exit code, and has told what is wrong. */
int pulih_ctl_stats_promises(const struct pulih_ctl *ctl, int64_t since_us);

#endif
