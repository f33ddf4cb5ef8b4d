/* A daemon from its configuration to its end (service.c), started by the command line (command.c). */
#ifndef PULIH_HOST_SERVICE_IMPL_H
#define PULIH_HOST_SERVICE_IMPL_H

#include <stdbool.h>

#include "pulih/host/service.h"

/* Returns the exit code. `check_only`: says whether configuration, keys and policy are in order, and ends. */
int pulih_service_serve(const struct pulih_service *service, const char *conf_path, bool check_only);

/* Stages that reckon with what was used of a clock go by the calendars of the time: the policy's count from
 * now on, as far as they are new, and have the past that they had. Nothing to do for the others (past.c). */
enum pulih_db_end pulih_host_take_past(struct pulih_db *db, enum pulih_stage stage,
                                       struct pulih_policy *policy, int64_t now_us);
/* Logs the departments of its own that the policy before had, and this one has not: complaints keep their
 * numbers (dropped.c). */
void pulih_host_tell_dropped(const struct pulih_policy *before, const struct pulih_policy *now);

#endif
