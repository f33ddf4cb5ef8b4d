#include "pulih/base/resolve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"
#include "services/common/base/address.h"

enum { STOP_MS = 100 };

/* One endpoint; has a thread of its own unless it is an IP literal. */
struct name {
    struct pulih_resolver *r;
    struct pulih_address address;
    struct pulih_endpoint_set found;
};

/* A look-up cannot be ended from outside and may outlive pulih_resolver_stop; so everything here belongs to
 * all threads and the caller together, and goes with the last of them. */
struct pulih_resolver {
    pthread_mutex_t lock; /* for all that follows */
    pthread_cond_t moved; /* when stopping is set, or one of the users left */
    size_t n_users;
    bool stopping;
    bool changed;
    int fd;
    int interval_ms;
    struct pulih_endpoint_set all;
    size_t n;
    struct name names[];
};

static void add_endpoint(struct pulih_endpoint_set *set, const struct addrinfo *a)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    struct pulih_endpoint e = {0};

    if (getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    int len = snprintf(e.text, sizeof e.text, a->ai_family == AF_INET6 ? "tcp://[%s]:%s" : "tcp://%s:%s",
                       host, port);
    if (len < 0 || (size_t)len >= sizeof e.text)
        return;
    set->at = pulih_room(set->at, set->n, &set->cap, sizeof *set->at);
    set->at[set->n++] = e;
}

static int compare_endpoints(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct pulih_endpoint));
}

static void sort_out(struct pulih_endpoint_set *set)
{
    size_t kept = 0;

    if (set->n > 0)
        qsort(set->at, set->n, sizeof *set->at, compare_endpoints);
    for (size_t i = 0; i < set->n; i++)
        if (i == 0 || compare_endpoints(&set->at[i], &set->at[kept - 1]) != 0)
            set->at[kept++] = set->at[i];
    set->n = kept;
}

static void add_all(struct pulih_endpoint_set *to, const struct pulih_endpoint_set *from)
{
    for (size_t i = 0; i < from->n; i++) {
        to->at = pulih_room(to->at, to->n, &to->cap, sizeof *to->at);
        to->at[to->n++] = from->at[i];
    }
}

static bool same_set(const struct pulih_endpoint_set *a, const struct pulih_endpoint_set *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->at, b->at, a->n * sizeof *a->at) == 0);
}

/* Puts the addresses of all names together and tells if that made a difference. Under the lock. */
static void publish(struct pulih_resolver *r)
{
    struct pulih_endpoint_set all = {0};
    const uint64_t one = 1;

    for (size_t i = 0; i < r->n; i++)
        add_all(&all, &r->names[i].found);
    sort_out(&all);
    if (same_set(&all, &r->all)) {
        pulih_endpoint_set_free(&all);
        return;
    }
    pulih_endpoint_set_free(&r->all);
    r->all = all;
    r->changed = true;
    pulih_must(write(r->fd, &one, sizeof one) == (ssize_t)sizeof one);
}

static bool add_list(struct pulih_endpoint_set *set, struct addrinfo *list)
{
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
            add_endpoint(set, a);
    if (list)
        freeaddrinfo(list);
    return set->n > 0;
}

/* False when nothing was found, for whatever reason. */
static bool look_up(const struct pulih_address *address, struct pulih_endpoint_set *ret)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;

    return getaddrinfo(address->host, address->port, &hints, &list) == 0 && add_list(ret, list);
}

static struct timespec in_ms(int64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_nsec -= 1000000000;
        t.tv_sec++;
    }
    return t;
}

static void free_resolver(struct pulih_resolver *r)
{
    for (size_t i = 0; i < r->n; i++)
        pulih_endpoint_set_free(&r->names[i].found);
    pulih_endpoint_set_free(&r->all);
    if (r->fd >= 0)
        close(r->fd);
    pthread_cond_destroy(&r->moved);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

/* Takes the lock from the caller. */
static void leave(struct pulih_resolver *r)
{
    bool last = --r->n_users == 0;

    pthread_cond_broadcast(&r->moved);
    pthread_mutex_unlock(&r->lock);
    if (last)
        free_resolver(r);
}

static void *follow_name(void *arg)
{
    struct name *name = arg;
    struct pulih_resolver *r = name->r;

    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        struct pulih_endpoint_set found = {0};
        pthread_mutex_unlock(&r->lock);
        bool ok = look_up(&name->address, &found);
        pthread_mutex_lock(&r->lock);
        if (ok && !r->stopping) {
            struct pulih_endpoint_set before = name->found;
            name->found = found;
            found = before;
            publish(r);
        }
        pulih_endpoint_set_free(&found);
        struct timespec next = in_ms(r->interval_ms);
        while (!r->stopping && pthread_cond_timedwait(&r->moved, &r->lock, &next) != ETIMEDOUT)
            ;
    }
    leave(r);
    return NULL;
}

/* Its thread takes no signals: they belong to the loop of the daemon. Under the lock. */
static bool start_thread(struct name *name)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_create(&thread, &attr, follow_name, name) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    name->r->n_users += ok;
    return ok;
}

static struct pulih_resolver *new_resolver(size_t n, int interval_ms)
{
    struct pulih_resolver *r = calloc(1, sizeof *r + n * sizeof r->names[0]);
    pthread_condattr_t attr;

    if (!r)
        pulih_out_of_memory();
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&r->moved, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&r->lock, NULL);
    r->n_users = 1;
    r->n = n;
    r->interval_ms = interval_ms > 0 ? interval_ms : PULIH_RESOLVE_MS;
    r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return r;
}

static bool set_name(struct name *name, struct pulih_resolver *r, const char *endpoint)
{
    const char *text = pulih_address_of_endpoint(endpoint);

    name->r = r;
    return text && pulih_address_split(text, &name->address) && strtol(name->address.port, NULL, 10) > 0;
}

/* Under the lock. */
static bool start_all(struct pulih_resolver *r, const char *const *endpoints, struct pulih_buf *why)
{
    if (r->fd < 0) {
        pulih_buf_addf(why, "eventfd: %s", strerror(errno));
        return false;
    }
    for (size_t i = 0; i < r->n; i++) {
        if (!set_name(&r->names[i], r, endpoints[i])) {
            pulih_buf_addf(why, "%s: expected tcp://name:port", endpoints[i]);
            return false;
        }
    }
    for (size_t i = 0; i < r->n; i++) {
        struct addrinfo *literal = pulih_address_literal(&r->names[i].address);
        if (!add_list(&r->names[i].found, literal) && !start_thread(&r->names[i])) {
            pulih_buf_addf(why, "%s: no thread to look it up", endpoints[i]);
            return false;
        }
    }
    publish(r);
    return true;
}

struct pulih_resolver *pulih_resolver_start(const char *const *endpoints, size_t n, int interval_ms,
                                            struct pulih_buf *why)
{
    struct pulih_resolver *r = new_resolver(n, interval_ms);

    pthread_mutex_lock(&r->lock);
    bool ok = start_all(r, endpoints, why);
    pthread_mutex_unlock(&r->lock);
    if (ok)
        return r;
    pulih_resolver_stop(r);
    return NULL;
}

int pulih_resolver_fd(const struct pulih_resolver *r)
{
    return r->fd;
}

bool pulih_resolver_take(struct pulih_resolver *r, struct pulih_endpoint_set *set)
{
    uint64_t count;

    pthread_mutex_lock(&r->lock);
    bool changed = r->changed;
    if (changed) {
        set->n = 0;
        add_all(set, &r->all);
        r->changed = false;
        pulih_must(read(r->fd, &count, sizeof count) == (ssize_t)sizeof count);
    }
    pthread_mutex_unlock(&r->lock);
    return changed;
}

void pulih_resolver_stop(struct pulih_resolver *r)
{
    struct timespec end = in_ms(STOP_MS);

    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->moved);
    while (r->n_users > 1 && pthread_cond_timedwait(&r->moved, &r->lock, &end) != ETIMEDOUT)
        ;
    leave(r);
}

void pulih_endpoint_set_free(struct pulih_endpoint_set *set)
{
    free(set->at);
    *set = (struct pulih_endpoint_set){0};
}
