/* Runs worlds, each in a process of its own: sim [--seconds N] [--first SEED] [--seed SEED] [--failures N] [--jobs N]
 * POLICY
 *
 * Prints a line for each schedule that failed, with the command that repeats it, and at the end what was done.
 * With --seed it runs that one and prints all that happens. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "pulih/base/must.h"
#include "pulih/core/policy.h"
#include "tests/sim/sim.h"

enum { JOBS_MAX = 64 };

struct options {
    uint64_t first, seed;
    int seconds, jobs, failures; /* ends after so many */
    bool one, digest;
};

/* What a world tells the one who started it. */
struct told {
    uint64_t steps, digest;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void live(uint64_t seed, struct told *told)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sim_world(seed);
    told->steps = sim_steps();
    told->digest = sim_digest();
    fflush(stdout);
    _exit(0);
}

struct job {
    pid_t pid;
    uint64_t seed;
};

static void begin(struct job *job, uint64_t seed, struct told *told)
{
    fflush(stdout);
    job->seed = seed;
    job->pid = fork();
    pulih_must(job->pid >= 0);
    if (job->pid == 0)
        live(seed, told);
}

/* Waits for any; false: it failed. */
static struct job *end(struct job *jobs, int n, bool *ret_good)
{
    int status;
    pid_t pid = wait(&status);

    for (int i = 0; i < n; i++) {
        if (jobs[i].pid != pid)
            continue;
        *ret_good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (WIFSIGNALED(status))
            printf("FAILED: died by signal %d\n", WTERMSIG(status));
        if (!*ret_good)
            printf("seed %llu: to see it again: make sim SEED=%llu\n", (unsigned long long)jobs[i].seed,
                   (unsigned long long)jobs[i].seed);
        return &jobs[i];
    }
    return NULL;
}

static int run_many(const struct options *o, struct told *told)
{
    struct job jobs[JOBS_MAX] = {{0}};
    double began_s = now_s();
    unsigned long long schedules = 0, events = 0;
    uint64_t seed = o->first;
    int failures = 0, running = 0;

    for (int i = 0; i < o->jobs; i++, running++)
        begin(&jobs[i], seed++, &told[i]);
    while (running) {
        bool good = true;
        struct job *job = end(jobs, o->jobs, &good);
        if (!job)
            continue;
        schedules++;
        failures += !good;
        events += good ? told[job - jobs].steps : 0;
        if (now_s() - began_s < o->seconds && failures < o->failures)
            begin(job, seed++, &told[job - jobs]);
        else
            running--;
    }
    printf("schedules=%llu events=%llu seconds=%.1f failures=%d\n", schedules, events, now_s() - began_s,
           failures);
    return failures ? 1 : 0;
}

static int run_one(const struct options *o, struct told *told)
{
    struct job job;
    bool good = true;

    begin(&job, o->seed, told);
    end(&job, 1, &good);
    if (good)
        printf("seed %llu: good, events=%llu digest=%016llx\n", (unsigned long long)o->seed,
               (unsigned long long)told->steps, (unsigned long long)told->digest);
    return good ? 0 : 1;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    static const struct option options[] = {{"seconds", required_argument, NULL, 's'},
                                            {"first", required_argument, NULL, 'f'},
                                            {"seed", required_argument, NULL, 'S'},
                                            {"digest", required_argument, NULL, 'd'},
                                            {"jobs", required_argument, NULL, 'j'},
                                            {"failures", required_argument, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 's')
            o->seconds = (int)strtol(optarg, NULL, 10);
        else if (c == 'f')
            o->first = strtoull(optarg, NULL, 10);
        else if (c == 'n')
            o->failures = (int)strtol(optarg, NULL, 10);
        else if (c == 'j')
            o->jobs = (int)strtol(optarg, NULL, 10);
        else if (c == 'S' || c == 'd') {
            o->one = true;
            sim_traced = c == 'S';
            o->seed = strtoull(optarg, NULL, 10);
        } else
            return false;
    }
    return optind == argc - 1 && o->jobs > 0 && o->jobs <= JOBS_MAX;
}

/* Configurations in a folder of their own, and the policy. */
static void prepare(char *folder, const char *policy)
{
    char *full = realpath(policy, NULL);
    struct pulih_buf why = {0};

    pulih_must(full && mkdtemp(folder));
    sim_world_prepare(folder, full);
    if (!pulih_policy_load(full, &why)) {
        fprintf(stderr, "%s\n", pulih_buf_text(&why));
        exit(2);
    }
    free(full);
}

int main(int argc, char **argv)
{
    struct options o = {.first = 1, .seconds = 15, .failures = 5, .jobs = (int)sysconf(_SC_NPROCESSORS_ONLN)};
    char folder[300];
    const char *tmp = getenv("TMPDIR");

    if (!read_options(argc, argv, &o)) {
        fprintf(stderr, "usage: sim [--seconds N] [--first SEED] [--seed SEED] [--digest SEED] [--failures "
                        "N] [--jobs N] POLICY\n");
        return 2;
    }
    pulih_must(sodium_init() >= 0);
    snprintf(folder, sizeof folder, "%s/pulih-sim.XXXXXX", tmp ? tmp : "/tmp");
    prepare(folder, argv[optind]);
    struct told *told =
        mmap(NULL, JOBS_MAX * sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pulih_must(told != MAP_FAILED);
    int status = o.one ? run_one(&o, told) : run_many(&o, told);
    sim_world_clean();
    return status;
}
