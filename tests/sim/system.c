/* What daemons ask of the system, by --wrap: clocks, threads, descriptors, signals, names; and what the simulation has
 * no use for: HTTP, name servers. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "pulih/base/clock.h"
#include "pulih/base/http.h"
#include "pulih/base/must.h"
#include "pulih/base/resolve.h"
#include "pulih/core/policy.h"
#include "pulih/core/step.h"
#include "tests/sim/sim.h"

#define WRAP(type, name, ...)                                                                                \
    type __real_##name(__VA_ARGS__);                                                                         \
    type __wrap_##name(__VA_ARGS__);                                                                         \
    type __wrap_##name(__VA_ARGS__)

/* --- clocks -------------------------------------------------------------------------------------------------- */

WRAP(int64_t, pulih_mono_us, void)
{
    return sim_now();
}

WRAP(int64_t, pulih_wall_us, void)
{
    return sim_true() + sim_self()->skew_us;
}

/* --- descriptors --------------------------------------------------------------------------------------------- */

enum { FD_FIRST = 10000, FDS_MAX = 100000 };

struct fd {
    struct sim_process *process;
    unsigned life; /* of the process */
    sim_ready_f *ready;
    void *what;
    uint64_t count; /* of an eventfd; of signals */
    int signals[4];
    bool is_signals;
};

static struct fd *fds[FDS_MAX];
static size_t n_fds;

static struct fd *fd_of(int fd)
{
    return fd >= FD_FIRST && (size_t)(fd - FD_FIRST) < n_fds ? fds[fd - FD_FIRST] : NULL;
}

static bool has_count(void *what)
{
    return ((struct fd *)what)->count > 0;
}

int sim_fd_new(sim_ready_f *ready, void *what)
{
    struct fd *fd = calloc(1, sizeof *fd);

    pulih_must(fd && n_fds < FDS_MAX);
    *fd = (struct fd){.process = sim_self(),
                      .life = sim_self()->life,
                      .ready = ready ? ready : has_count,
                      .what = ready ? what : fd};
    fds[n_fds++] = fd;
    return FD_FIRST + (int)n_fds - 1;
}

bool sim_fd_ready(int fd)
{
    struct fd *f = fd_of(fd);

    return f && f->ready(f->what);
}

WRAP(int, eventfd, unsigned count, int flags)
{
    (void)count, (void)flags;
    return sim_fd_new(NULL, NULL);
}

WRAP(int, signalfd, int fd, const sigset_t *set, int flags)
{
    (void)set, (void)flags;
    fd = sim_fd_new(NULL, NULL);
    fd_of(fd)->is_signals = true;
    return fd;
}

void sim_signal(struct sim_process *p, int signal)
{
    if (!p->alive)
        return;
    for (size_t i = n_fds; i-- > 0;)
        if (fds[i]->process == p && fds[i]->is_signals && fds[i]->life == p->life) {
            if (fds[i]->count < 4)
                fds[i]->signals[fds[i]->count++] = signal;
            return;
        }
    sim_kill(p, signal); /* it does not listen yet */
}

WRAP(ssize_t, read, int fd, void *at, size_t len)
{
    struct fd *f = fd_of(fd);

    if (!f)
        return __real_read(fd, at, len);
    if (!f->count) {
        errno = EAGAIN;
        return -1;
    }
    if (f->is_signals) {
        struct signalfd_siginfo info = {.ssi_signo = (uint32_t)f->signals[--f->count]};
        memcpy(at, &info, sizeof info);
        return (ssize_t)sizeof info;
    }
    memcpy(at, &f->count, sizeof f->count);
    f->count = 0;
    return (ssize_t)sizeof f->count;
}

WRAP(ssize_t, write, int fd, const void *at, size_t len)
{
    struct fd *f = fd_of(fd);

    if (f)
        f->count++;
    else if (fd == STDERR_FILENO)
        sim_trace("%.*s", (int)len - 1, (const char *)at); /* a line of the log */
    else
        return __real_write(fd, at, len);
    return (ssize_t)len;
}

WRAP(int, close, int fd)
{
    return fd_of(fd) ? 0 : __real_close(fd);
}

static bool fd_is_ready(void *what)
{
    return sim_fd_ready(*(int *)what);
}

/* Of one descriptor: db.c waits so for the server. */
WRAP(int, poll, struct pollfd *at, nfds_t n, int timeout_ms)
{
    if (!fd_of(at->fd))
        return __real_poll(at, n, timeout_ms);
    bool ready =
        sim_wait(fd_is_ready, &at->fd, timeout_ms < 0 ? INT64_MAX : sim_now() + timeout_ms * INT64_C(1000));
    at->revents = ready ? POLLIN : 0;
    return ready;
}

/* --- signals ------------------------------------------------------------------------------------------------- */

WRAP(int, sigprocmask, int how, const sigset_t *set, sigset_t *old)
{
    (void)how, (void)set, (void)old;
    return 0;
}

static void ring(void *seconds)
{
    sim_sleep((int64_t)(uintptr_t)seconds * 1000000);
    sim_die(SIGALRM);
}

WRAP(unsigned, alarm, unsigned seconds)
{
    sim_spawn(sim_self(), "alarm", ring, (void *)(uintptr_t)seconds);
    return 0;
}

/* --- threads. The first word of a mutex is who has it, of a condition how often it was signalled. ------------- */

struct thread {
    void *(*run)(void *);
    void *arg;
    bool done;
};

static void run_thread(void *arg)
{
    struct thread *t = arg;

    t->run(t->arg);
    t->done = true;
}

WRAP(int, pthread_create, pthread_t *ret, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    struct thread *t = calloc(1, sizeof *t);

    (void)attr;
    pulih_must(t);
    *t = (struct thread){.run = run, .arg = arg};
    *ret = (pthread_t)t;
    sim_spawn(sim_self(), "worker", run_thread, t);
    return 0;
}

static bool thread_is_done(void *what)
{
    return ((struct thread *)what)->done;
}

WRAP(int, pthread_join, pthread_t thread, void **ret)
{
    (void)ret;
    sim_wait(thread_is_done, (void *)thread, INT64_MAX);
    return 0;
}

static bool is_free(void *what)
{
    return !*(uint64_t *)what;
}

WRAP(int, pthread_mutex_init, pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
    (void)attr;
    memset(m, 0, sizeof *m);
    return 0;
}

WRAP(int, pthread_mutex_lock, pthread_mutex_t *m)
{
    sim_yield();
    while (!is_free(m))
        sim_wait(is_free, m, INT64_MAX);
    *(uint64_t *)m = 1;
    return 0;
}

WRAP(int, pthread_mutex_unlock, pthread_mutex_t *m)
{
    *(uint64_t *)m = 0;
    return 0;
}

WRAP(int, pthread_cond_init, pthread_cond_t *c, const pthread_condattr_t *attr)
{
    (void)attr;
    memset(c, 0, sizeof *c);
    return 0;
}

WRAP(int, pthread_cond_signal, pthread_cond_t *c)
{
    ++*(uint64_t *)c;
    return 0;
}

struct cond_wait {
    const uint64_t *signals;
    uint64_t seen;
};

static bool was_signalled(void *what)
{
    const struct cond_wait *w = what;

    return *w->signals != w->seen;
}

WRAP(int, pthread_cond_timedwait, pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
    struct cond_wait w = {(uint64_t *)c, *(uint64_t *)c};

    __wrap_pthread_mutex_unlock(m);
    bool signalled = sim_wait(was_signalled, &w, until->tv_sec * INT64_C(1000000) + until->tv_nsec / 1000);
    __wrap_pthread_mutex_lock(m);
    return signalled ? 0 : ETIMEDOUT;
}

/* --- names, health ------------------------------------------------------------------------------------------- */

WRAP(pid_t, getpid, void)
{
    return 1;
}

struct pulih_resolver {
    struct pulih_endpoint_set set;
    bool taken;
    int fd;
};

static bool never(void *what)
{
    (void)what;
    return false;
}

struct pulih_resolver *pulih_resolver_start(const char *const *endpoints, size_t n, int interval_ms,
                                            struct pulih_buf *why)
{
    struct pulih_resolver *r = calloc(1, sizeof *r);

    (void)interval_ms, (void)why;
    pulih_must(r);
    r->fd = sim_fd_new(never, NULL);
    for (size_t i = 0; i < n; i++) {
        r->set.at = pulih_room(r->set.at, r->set.n, &r->set.cap, sizeof *r->set.at);
        snprintf(r->set.at[r->set.n++].text, sizeof r->set.at->text, "%s", endpoints[i]);
    }
    return r;
}

int pulih_resolver_fd(const struct pulih_resolver *r)
{
    return r->fd;
}

bool pulih_resolver_take(struct pulih_resolver *r, struct pulih_endpoint_set *set)
{
    if (r->taken)
        return false;
    *set = r->set;
    r->taken = true;
    return true;
}

void pulih_resolver_stop(struct pulih_resolver *r)
{
    free(r);
}

void pulih_endpoint_set_free(struct pulih_endpoint_set *set)
{
    free(set->at);
}

struct pulih_http *pulih_http_start(const char *address, pulih_http_f *answer, void *arg,
                                    struct pulih_buf *why)
{
    static char any;

    (void)address, (void)answer, (void)arg, (void)why;
    return (struct pulih_http *)&any;
}

uint16_t pulih_http_port(const struct pulih_http *http)
{
    (void)http;
    return 0;
}

void pulih_http_stop(struct pulih_http *http)
{
    (void)http;
}

/* --- the policy is read once: it never changes, and is the dearest part of a start ----------------------------- */

WRAP(struct pulih_policy *, pulih_policy_load, const char *path, struct pulih_buf *why)
{
    static struct pulih_policy *kept;

    if (!kept)
        kept = __real_pulih_policy_load(path, why);
    return kept;
}

WRAP(void, pulih_policy_free, struct pulih_policy *policy)
{
    (void)policy;
}

/* --- a complaint of which daemons die ---------------------------------------------------------------------------- */

WRAP(void, pulih_step_run, struct pulih_step *step, const struct pulih_handler *handlers, size_t n)
{
    if (sim_poison.kills && sim_poison.stage == (int16_t)step->stage &&
        pulih_id_compare(&step->item->row.id, &sim_poison.complaint) == 0)
        sim_die(SIGSEGV);
    __real_pulih_step_run(step, handlers, n);
}
