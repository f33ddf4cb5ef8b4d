#include "tests/lib/procs.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct stat_line {
    pid_t parent;
    double ticks;      /* its own */
    double gone_ticks; /* of children that ended */
};

/* The name stands in brackets and may hold anything; numbers begin behind the last one. */
static bool read_stat(pid_t pid, struct stat_line *ret)
{
    char path[64], line[1024];
    unsigned long user, system;
    long gone_user, gone_system;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    const char *rest = fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    fclose(f);
    if (!rest || sscanf(rest, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &ret->parent,
                        &user, &system, &gone_user, &gone_system) != 5)
        return false;
    ret->ticks = (double)(user + system);
    ret->gone_ticks = (double)(gone_user + gone_system);
    return true;
}

static bool is_among(pid_t pid, const pid_t *pids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

double procs_cpu_us(const pid_t *pids, size_t n)
{
    DIR *dir = opendir("/proc");
    double ticks = 0;

    for (struct dirent *e; dir && (e = readdir(dir));) {
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
        struct stat_line line;
        if (pid <= 0 || !read_stat(pid, &line))
            continue;
        if (is_among(pid, pids, n))
            ticks += line.ticks + line.gone_ticks;
        else if (is_among(line.parent, pids, n))
            ticks += line.ticks;
    }
    if (dir)
        closedir(dir);
    return ticks * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

void procs_machine_us(double *ret_all_us, double *ret_stolen_us)
{
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, KINDS };
    double ticks[KINDS] = {0}, us_per_tick = 1e6 / (double)sysconf(_SC_CLK_TCK);
    FILE *f = fopen("/proc/stat", "r");

    *ret_all_us = 0;
    if (f && fscanf(f, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &ticks[USER], &ticks[NICE], &ticks[SYSTEM],
                    &ticks[IDLE], &ticks[IOWAIT], &ticks[IRQ], &ticks[SOFTIRQ], &ticks[STEAL]) == KINDS)
        for (int i = 0; i < KINDS; i++)
            *ret_all_us += ticks[i] * us_per_tick;
    *ret_stolen_us = ticks[STEAL] * us_per_tick;
    if (f)
        fclose(f);
}

long procs_peak_kib(pid_t pid, char ret_name[16])
{
    char path[64], line[256];
    long kib = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    ret_name[0] = '\0';
    while (f && kib == 0 && fgets(line, sizeof line, f)) {
        sscanf(line, "Name: %15s", ret_name);
        sscanf(line, "VmHWM: %ld", &kib);
    }
    if (f)
        fclose(f);
    return kib;
}
