/* failing.so, loaded before a program: makes the n-th call of a function fail, and moves the wall clock.
 *
 * Does.     The file that PULIH_FAILING names is a page shared with the test: 64-bit words, first how many
 *           microseconds the clock is moved, then four for each row of calls.tbl.h: calls so far; which call
 *           fails, 0 for none; its errno; whether only the first call from each place counts. A place is a
 *           chain of callers. The test may change them while the program runs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum call {
#define CALL(returns, name, ...) CALL_##name,
#define OWN(name, ...)           CALL_##name,
#include "tests/fault/calls.tbl.h"
    CALL_N
};

enum { PLACES = 65536, DEPTH = 16 };

struct count {
    _Atomic int64_t calls, fails, error, by_place;
};

struct page {
    _Atomic int64_t moved_us;
    struct count of[CALL_N];
};

static struct page nothing, *page = &nothing;

__attribute__((constructor)) static void open_page(void)
{
    const char *path = getenv("PULIH_FAILING");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (fd >= 0)
        close(fd);
    if (at != MAP_FAILED)
        page = at;
}

/* Whether the calls came by another chain of callers before. The hash of one is as good as itself. */
static bool is_known_place(void)
{
    static _Atomic uint64_t known[PLACES];
    static _Thread_local bool inside; /* to look at the callers may take memory */
    void *callers[DEPTH];
    uint64_t hash = 1;

    if (inside)
        return true;
    inside = true;
    for (int i = 0, n = backtrace(callers, DEPTH); i < n; i++)
        hash = (hash ^ (uintptr_t)callers[i]) * UINT64_C(0x9e3779b97f4a7c15);
    inside = false;
    for (uint64_t at = hash >> 32, tries = 0; tries < PLACES; at++, tries++) {
        uint64_t there = 0;
        if (atomic_compare_exchange_strong(&known[at % PLACES], &there, hash))
            return false;
        if (there == hash)
            return true;
    }
    return true;
}

static bool fails(enum call call)
{
    struct count *c = &page->of[call];

    if (c->by_place && is_known_place())
        return false;
    if (atomic_fetch_add(&c->calls, 1) + 1 != c->fails)
        return false;
    if (c->error)
        errno = (int)c->error;
    return true;
}

#pragma GCC diagnostic ignored "-Wpedantic" /* functions as plain addresses, as dlsym has them */

/* The allocator's own names: looking a function up may allocate. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *at, size_t n);

static void *find(enum call call, const char *name)
{
    switch ((int)call) {
    case CALL_malloc:
        return (void *)__libc_malloc;
    case CALL_calloc:
        return (void *)__libc_calloc;
    case CALL_realloc:
        return (void *)__libc_realloc;
    default:
        return dlsym(RTLD_NEXT, name);
    }
}

#ifndef __clang__
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"
#endif
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define CALL(returns, name, parameters, arguments, failed, ...)                                              \
    returns name parameters                                                                                  \
    {                                                                                                        \
        static returns(*_Atomic real) parameters;                                                            \
        if (!real)                                                                                           \
            real = (returns(*) parameters)find(CALL_##name, #name);                                          \
        return fails(CALL_##name) ? (failed) : real arguments;                                               \
    }
#define OWN(...)
#include "tests/fault/calls.tbl.h"

/* --- those that can only fail in a certain way ---------------------------------------------------------- */

/* The memory for a result is missing: libpq gives one that says so in its place. */
void *PQgetResult(void *c)
{
    void *(*real)(void *) = (void *(*)(void *))dlsym(RTLD_NEXT, "PQgetResult");
    void *(*empty)(void *, int) = (void *(*)(void *, int))dlsym(RTLD_NEXT, "PQmakeEmptyPGresult");
    void (*clear)(void *) = (void (*)(void *))dlsym(RTLD_NEXT, "PQclear");
    void *result = real(c);

    if (!result || !fails(CALL_PQgetResult))
        return result;
    clear(result);
    return empty(c, 7); /* PGRES_FATAL_ERROR */
}

/* A message of several frames goes whole or not at all; only a router, which names its peer, has no way to it. */
int zmq_send(void *s, const void *bytes, size_t n, int flags)
{
    int (*real)(void *, const void *, size_t, int) =
        (int (*)(void *, const void *, size_t, int))dlsym(RTLD_NEXT, "zmq_send");
    static _Thread_local bool inside;
    bool first = !inside;

    inside = flags & 2; /* ZMQ_SNDMORE */
    if (first && fails(CALL_zmq_send)) {
        inside = false;
        if (errno == EHOSTUNREACH && !(flags & 2))
            errno = EAGAIN;
        return -1;
    }
    return real(s, bytes, n, flags);
}

int zmq_msg_recv(void *message, void *s, int flags)
{
    int (*real)(void *, void *, int) = (int (*)(void *, void *, int))dlsym(RTLD_NEXT, "zmq_msg_recv");
    int (*more)(const void *) = (int (*)(const void *))dlsym(RTLD_NEXT, "zmq_msg_more");
    static _Thread_local bool inside;

    if (!inside && fails(CALL_zmq_msg_recv))
        return -1;
    int n = real(message, s, flags);
    inside = n >= 0 && more(message);
    return n;
}

/* Who is told that a connection was reset finds it at an end from then on. */
static bool resets(int fd, enum call call)
{
    if (!fails(call))
        return false;
    if (errno == ECONNRESET) {
        ((int (*)(int, int))dlsym(RTLD_NEXT, "shutdown"))(fd, 2); /* SHUT_RDWR; its header knows accept4 */
        errno = ECONNRESET;
    }
    return true;
}

ssize_t recv(int fd, void *to, size_t n, int flags)
{
    ssize_t (*real)(int, void *, size_t, int) =
        (ssize_t(*)(int, void *, size_t, int))dlsym(RTLD_NEXT, "recv");

    return resets(fd, CALL_recv) ? -1 : real(fd, to, n, flags);
}

ssize_t send(int fd, const void *from, size_t n, int flags)
{
    ssize_t (*real)(int, const void *, size_t, int) =
        (ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");

    return resets(fd, CALL_send) ? -1 : real(fd, from, n, flags);
}

/* --- the clock ------------------------------------------------------------------------------------------ */

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    static int (*_Atomic real)(clockid_t, struct timespec *);

    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int e = real(clock, ret);
    if (e == 0 && clock == CLOCK_REALTIME) {
        int64_t us = ret->tv_sec * INT64_C(1000000) + ret->tv_nsec / 1000 + page->moved_us;
        *ret =
            (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 + ret->tv_nsec % 1000};
    }
    return e;
}

int gettimeofday(struct timeval *ret, void *zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}
