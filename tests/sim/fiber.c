/* Processes and their threads as coroutines; the scheduler; time.
 *
 * A thread runs until it waits. Which one goes on is drawn; when none can, time leaps to the next moment at which
 * something is due. So nothing but the seed decides the order of things. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "pulih/base/must.h"
#include "tests/sim/sim.h"

enum { STACK_BYTES = 1024 * 1024, FIBERS_MAX = 512 };
/* 2026-11-23 09:00 in Jakarta, a Monday. */
static const int64_t BEGAN_US = INT64_C(1795399200) * 1000000;

struct fiber {
    ucontext_t context;
    struct sim_process *process;
    char name[24];
    void (*run)(void *arg);
    void *arg;
    sim_ready_f *ready; /* NULL: only time */
    void *what;
    int64_t until_us;
    bool is_main;
};

static struct {
    struct fiber *fibers[FIBERS_MAX]; /* living ones, in the order in which they began */
    size_t n;
    struct fiber *current;
    ucontext_t scheduler;
    int64_t now_us, jump_us;
    int64_t *alarms; /* a heap */
    size_t n_alarms, cap_alarms;
    void *stacks[FIBERS_MAX];
    size_t n_stacks;
    uint64_t steps, digest;
} s;

bool sim_traced;

/* --- saying ------------------------------------------------------------------------------------------------- */

void sim_trace(const char *format, ...)
{
    va_list args;

    if (!sim_traced)
        return;
    printf("%12.6f %-16s %-14s ", (double)s.now_us / 1e6, s.current ? s.current->process->name : "world",
           s.current ? s.current->name : "");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

void sim_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    printf("FAILED at %.6f s, step %llu: ", (double)s.now_us / 1e6, (unsigned long long)s.steps);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
    _exit(1);
}

/* --- time ---------------------------------------------------------------------------------------------------- */

int64_t sim_now(void)
{
    return s.now_us;
}

int64_t sim_true(void)
{
    return BEGAN_US + s.jump_us + s.now_us;
}

void sim_jump(int64_t us)
{
    s.jump_us += us;
}

void sim_alarm(int64_t at_us)
{
    size_t i = s.n_alarms;

    s.alarms = pulih_room(s.alarms, s.n_alarms, &s.cap_alarms, sizeof *s.alarms);
    s.n_alarms++;
    for (; i && s.alarms[(i - 1) / 2] > at_us; i = (i - 1) / 2)
        s.alarms[i] = s.alarms[(i - 1) / 2];
    s.alarms[i] = at_us;
}

static void drop_alarm(void)
{
    int64_t last = s.alarms[--s.n_alarms];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < s.n_alarms; i = child) {
        if (child + 1 < s.n_alarms && s.alarms[child + 1] < s.alarms[child])
            child++;
        if (s.alarms[child] >= last)
            break;
        s.alarms[i] = s.alarms[child];
    }
    s.alarms[i] = last;
}

/* --- threads ------------------------------------------------------------------------------------------------- */

struct sim_process *sim_self(void)
{
    return s.current->process;
}

static void run(void)
{
    struct fiber *f = s.current;

    f->run(f->arg);
    if (f->is_main)
        sim_die(0);
    for (size_t i = 0; i < s.n; i++)
        if (s.fibers[i] == f)
            s.fibers[i]->process = NULL;
    setcontext(&s.scheduler);
}

/* A thread that is gone leaves its stack to the next one. */
static void sweep(void)
{
    size_t kept = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.fibers[i]->process) {
            s.fibers[kept++] = s.fibers[i];
        } else {
            s.stacks[s.n_stacks++] = s.fibers[i]->context.uc_stack.ss_sp;
            free(s.fibers[i]);
        }
    }
    s.n = kept;
}

static void *new_stack(void)
{
    if (s.n_stacks)
        return s.stacks[--s.n_stacks];
    void *at =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pulih_must(at != MAP_FAILED);
    return at;
}

void sim_spawn(struct sim_process *p, const char *name, void (*entry)(void *arg), void *arg)
{
    struct fiber *f = calloc(1, sizeof *f);

    pulih_must(f && s.n < FIBERS_MAX);
    f->process = p;
    f->run = entry;
    f->arg = arg;
    f->is_main = !p->alive;
    if (f->is_main)
        p->life++;
    p->alive = true;
    snprintf(f->name, sizeof f->name, "%s", name);
    pulih_must(getcontext(&f->context) == 0);
    f->context.uc_stack.ss_sp = new_stack();
    f->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&f->context, run, 0);
    s.fibers[s.n++] = f;
}

void sim_unspawn(const void *arg)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.fibers[i]->arg == arg)
            s.fibers[i]->process = NULL;
}

void sim_kill(struct sim_process *p, int status)
{
    if (!p->alive)
        return;
    sim_trace("%s ends (%d)", p->name, status);
    p->alive = false;
    p->frozen_until_us = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.fibers[i]->process == p)
            s.fibers[i]->process = NULL;
    sim_network_kill(p);
    sim_server_kill(p);
    if (p->ended)
        p->ended(p, status);
}

void sim_die(int status)
{
    sim_kill(s.current->process, status);
    setcontext(&s.scheduler);
    abort();
}

void sim_freeze(struct sim_process *p, int64_t us)
{
    sim_trace("%s stands still for %lld ms", p->name, (long long)(us / 1000));
    p->frozen_until_us = s.now_us + us;
    sim_alarm(p->frozen_until_us);
}

/* --- waiting ------------------------------------------------------------------------------------------------- */

bool sim_wait(sim_ready_f *ready, void *what, int64_t until_us)
{
    struct fiber *f = s.current;

    f->ready = ready;
    f->what = what;
    f->until_us = until_us;
    swapcontext(&f->context, &s.scheduler);
    return ready && ready(what);
}

void sim_sleep(int64_t us)
{
    sim_wait(NULL, NULL, s.now_us + us);
}

void sim_yield(void)
{
    if (s.current && sim_chance(60))
        sim_sleep(sim_chance(50) ? sim_between(0, 3000) : 0);
}

static bool can_run(const struct fiber *f)
{
    return f->process->frozen_until_us <= s.now_us &&
           (f->until_us <= s.now_us || (f->ready && f->ready(f->what)));
}

static void pass_time(void)
{
    int64_t next_us = INT64_MAX;

    while (s.n_alarms && s.alarms[0] <= s.now_us)
        drop_alarm();
    if (s.n_alarms)
        next_us = s.alarms[0];
    for (size_t i = 0; i < s.n; i++)
        if (s.fibers[i]->until_us > s.now_us && s.fibers[i]->until_us < next_us)
            next_us = s.fibers[i]->until_us;
    if (next_us == INT64_MAX)
        sim_fail("nothing can ever happen again");
    s.now_us = next_us;
}

void sim_step(void)
{
    struct fiber *can[FIBERS_MAX];
    size_t n = 0;

    sweep();
    for (size_t i = 0; i < s.n; i++)
        if (can_run(s.fibers[i]))
            can[n++] = s.fibers[i];
    if (!n) {
        pass_time();
        return;
    }
    s.current = can[sim_below(n)];
    s.steps++;
    s.now_us += sim_between(1, 20);
    s.digest =
        (s.digest ^ (uint64_t)s.now_us) * UINT64_C(1099511628211) ^ (uint64_t)(uint8_t)s.current->name[0];
    swapcontext(&s.scheduler, &s.current->context);
    s.current = NULL;
}

uint64_t sim_steps(void)
{
    return s.steps;
}

uint64_t sim_digest(void)
{
    return s.digest;
}
