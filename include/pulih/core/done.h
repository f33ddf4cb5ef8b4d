/* What does what is due: the rows of dates.tbl.h, for clocks, promises and forwards alike. An event is
 * PULIH_M_* or PULIH_CLOCK_MILESTONE, as of pulih_told_event. */
#ifndef PULIH_CORE_DONE_H
#define PULIH_CORE_DONE_H

#include "pulih/core/policy.h"

/* Whether this event says that what was due (PULIH_deadline_*) is done. */
bool pulih_is_done_by(uint16_t deadline, uint16_t event);
/* Whether it says that it was not done after all. */
bool pulih_is_undone_by(uint16_t deadline, uint16_t event);
/* What meets a clock of that name whose row does not say; returns how many. What may be undone again is met
 * by nothing: it runs until the complaint is closed. */
size_t pulih_met_by(uint16_t deadline, uint16_t ret[PULIH_CLOCK_EVENTS_MAX]);

#endif
