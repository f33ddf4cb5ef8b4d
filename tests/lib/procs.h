/* What processes have used, from /proc. */
#ifndef PULIH_TESTS_PROCS_H
#define PULIH_TESTS_PROCS_H

#include <stddef.h>
#include <sys/types.h>

/* CPU time in microseconds, of user and system, of these processes and of their children, living or gone.
 * Clock ticks are 10 ms. */
double procs_cpu_us(const pid_t *pids, size_t n);
/* The most memory that it ever held, in KiB; 0 when there is no such process. */
long procs_peak_kib(pid_t pid);

#endif
