/* What processes have used, from /proc. */
#ifndef PULIH_TESTS_PROCS_H
#define PULIH_TESTS_PROCS_H

#include <stddef.h>
#include <sys/types.h>

/* CPU time in microseconds, of user and system, of these processes and of their children, living or gone.
 * Clock ticks are 10 ms. */
double procs_cpu_us(const pid_t *pids, size_t n);
/* CPU time of all cores since the start of this machine, and the part of it that its host gave to others. */
void procs_machine_us(double *ret_all_us, double *ret_stolen_us);
/* The most memory that it ever held, in KiB, and its name; 0 and "" when there is no such process. */
long procs_peak_kib(pid_t pid, char ret_name[16]);

#endif
