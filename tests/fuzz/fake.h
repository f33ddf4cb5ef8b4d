/* What the doors and libpulih stand on, played by a fuzzer: the bus, the worker, the resolver, the clock. The
 * fuzzer's program is linked before the libraries, so that its definitions stand in for theirs.
 *
 * Use.      A fuzzer includes this once and defines on_sent and on_heard; a line ` * Link:` wraps the clock.
 * Promises. What is received lies in memory of its own, so that a sanitizer sees what is read behind it.
 */
#ifndef PULIH_TESTS_FAKE_H
#define PULIH_TESTS_FAKE_H

#include <stdlib.h>
#include <string.h>

#include "proto/msg.h"
#include "proto/shape.h"
#include "pulih/base/bus.h"
#include "pulih/base/curve.h"
#include "pulih/base/must.h"
#include "pulih/base/resolve.h"
#include "pulih/host/worker.h"

/* Who plays a part needs not hear everything, and not each fuzzer plays all. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* --- the input ------------------------------------------------------------------------------------------ */

struct input {
    const uint8_t *at;
    size_t len;
};

static uint8_t take_byte(struct input *in)
{
    if (!in->len)
        return 0;
    in->len--;
    return *in->at++;
}

static struct pulih_view take_view(struct input *in, size_t len)
{
    struct pulih_view v = {(const char *)in->at, len < in->len ? len : in->len};

    in->at += v.len;
    in->len -= v.len;
    return v;
}

static size_t take_size(struct input *in)
{
    size_t high = take_byte(in);

    return high << 8 | take_byte(in);
}

/* --- the clock ------------------------------------------------------------------------------------------ */

int64_t __wrap_pulih_mono_us(void);
int64_t __wrap_pulih_wall_us(void);

static int64_t fake_now_us;

int64_t __wrap_pulih_mono_us(void)
{
    return fake_now_us;
}

int64_t __wrap_pulih_wall_us(void)
{
    return INT64_C(1795348800000000) + fake_now_us;
}

/* --- the bus -------------------------------------------------------------------------------------------- */

enum { FAKE_PEERS = 4, FAKE_QUEUE = 64 };

struct fake_bus_msg {
    struct pulih_bus_msg msg; /* first */
    char *bytes;
};

static struct {
    struct fake_bus_msg *queue[FAKE_QUEUE];
    size_t first, n;
    bool gone[FAKE_PEERS];
    bool full;
    size_t alive; /* messages that were made and not freed */
} fake_bus;

/* A message that the tested side sends and that arrives, and a frame that it takes in. */
void on_sent(size_t peer, enum pulih_m m, const union pulih_any *msg);
void on_heard(size_t peer, struct pulih_view frame);

static struct pulih_bus_peer fake_peer(size_t n)
{
    return (struct pulih_bus_peer){.len = 5, .id = {0, 0, 0, 7, (uint8_t)n}};
}

static void fake_arrive(size_t peer, struct pulih_view body, bool malformed)
{
    struct fake_bus_msg *m = calloc(1, sizeof *m);

    pulih_must(m && fake_bus.n < FAKE_QUEUE);
    m->bytes = malloc(body.len ? body.len : 1);
    pulih_must(m->bytes);
    memcpy(m->bytes, body.at, body.len);
    m->msg = (struct pulih_bus_msg){.peer = fake_peer(peer), .malformed = malformed};
    if (!malformed)
        m->msg.body = (struct pulih_view){m->bytes, body.len};
    fake_bus.queue[(fake_bus.first + fake_bus.n++) % FAKE_QUEUE] = m;
    fake_bus.alive++;
}

static void fake_say(size_t peer, enum pulih_m m, const void *message)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf frame = {0};

    pulih_frame_encode(m, message, &frame);
    fake_arrive(peer, pulih_view_of_buf(&frame), false);
}

struct pulih_bus_msg *pulih_bus_receive(struct pulih_bus_socket *s)
{
    if (!fake_bus.n)
        return NULL;
    struct fake_bus_msg *m = fake_bus.queue[fake_bus.first];
    fake_bus.first = (fake_bus.first + 1) % FAKE_QUEUE;
    fake_bus.n--;
    on_heard(m->msg.peer.id[4], m->msg.body);
    return &m->msg;
}

void pulih_bus_msg_free(struct pulih_bus_msg *msg)
{
    struct fake_bus_msg *m = (struct fake_bus_msg *)msg;

    if (!m)
        return;
    fake_bus.alive--;
    free(m->bytes);
    free(m);
}

static void fake_drop_queue(void)
{
    for (; fake_bus.n; fake_bus.n--, fake_bus.first = (fake_bus.first + 1) % FAKE_QUEUE)
        pulih_bus_msg_free(&fake_bus.queue[fake_bus.first]->msg);
}

static void fake_bus_empty(void)
{
    fake_drop_queue();
    pulih_must(!fake_bus.alive);
    memset(&fake_bus, 0, sizeof fake_bus);
}

enum pulih_bus_sent pulih_bus_send(struct pulih_bus_socket *s, const struct pulih_bus_peer *to,
                                   struct pulih_view body)
{
    size_t peer = to ? to->id[4] : 0;
    union pulih_any msg;
    struct pulih_fault fault;
    enum pulih_m m;

    pulih_must(peer < FAKE_PEERS);
    if (fake_bus.gone[peer])
        return PULIH_BUS_GONE;
    if (fake_bus.full)
        return PULIH_BUS_FULL;
    pulih_must(pulih_frame_open(body, &m, &body, &fault) && pulih_msg_decode(m, body, &msg, &fault));
    on_sent(peer, m, &msg);
    return PULIH_BUS_SENT;
}

static char fake_socket;

struct pulih_bus *pulih_bus_new(int io_threads)
{
    return (struct pulih_bus *)&fake_socket;
}

void pulih_bus_free(struct pulih_bus *bus)
{
}

struct pulih_bus_socket *pulih_bus_router(struct pulih_bus *bus, const char *endpoint,
                                          const struct pulih_bus_opts *opts, struct pulih_buf *why)
{
    return (struct pulih_bus_socket *)&fake_socket;
}

struct pulih_bus_socket *pulih_bus_dealer(struct pulih_bus *bus, const char *endpoint,
                                          const struct pulih_bus_opts *opts, struct pulih_buf *why)
{
    fake_bus.full = false; /* a new connection has room */
    return pulih_bus_router(bus, endpoint, opts, why);
}

uint16_t pulih_bus_port(const struct pulih_bus_socket *router)
{
    return 7400;
}

bool pulih_bus_gone(struct pulih_bus_socket *dealer)
{
    return fake_bus.gone[0];
}

/* A connection takes with it what was on its way. */
void pulih_bus_socket_free(struct pulih_bus_socket *s)
{
    fake_drop_queue();
    fake_bus.gone[0] = false;
}

enum pulih_bus_end pulih_bus_end(struct pulih_bus_socket *dealer)
{
    return fake_bus.gone[0] ? PULIH_BUS_LOST : PULIH_BUS_ALIVE;
}

size_t pulih_bus_poll(struct pulih_bus_item *items, size_t n, int timeout_ms)
{
    fake_now_us += timeout_ms > 0 ? timeout_ms * 1000 : 100000;
    return 0;
}

/* --- the worker ----------------------------------------------------------------------------------------- */

static struct {
    void *job;
    bool is_done;
} fake_worker;

struct pulih_worker *pulih_worker_start(const struct pulih_worker_setup *setup)
{
    return (struct pulih_worker *)&fake_socket;
}

bool pulih_worker_give(struct pulih_worker *w, void *job)
{
    if (fake_worker.job)
        return false;
    fake_worker.job = job;
    fake_worker.is_done = false;
    return true;
}

void *pulih_worker_take(struct pulih_worker *w, bool *ret_done)
{
    void *job = fake_worker.is_done ? fake_worker.job : NULL;

    if (job)
        memset(&fake_worker, 0, sizeof fake_worker);
    *ret_done = job != NULL;
    return job;
}

bool pulih_worker_busy(struct pulih_worker *w)
{
    return fake_worker.job != NULL;
}

int pulih_worker_fd(const struct pulih_worker *w)
{
    return -1;
}

int64_t pulih_worker_now(const struct pulih_worker *w)
{
    return __wrap_pulih_wall_us();
}

void pulih_worker_take_hints(struct pulih_worker *w,
                             void (*each)(void *arg, enum pulih_stage to, struct pulih_view frame), void *arg)
{
}

void pulih_worker_stop(struct pulih_worker *w)
{
}

void pulih_worker_free(struct pulih_worker *w)
{
}

/* What only jobs ask for, and a guard: neither is here. */
#define NOT_HERE(type, name, ...)                                                                            \
    type name(__VA_ARGS__)                                                                                   \
    {                                                                                                        \
        abort();                                                                                             \
    }
// clang-format off
NOT_HERE(struct pulih_db *, pulih_worker_db, struct pulih_worker *w)
NOT_HERE(const struct pulih_policy *, pulih_worker_policy, const struct pulih_worker *w)
NOT_HERE(struct pulih_metrics *, pulih_worker_metrics, const struct pulih_worker *w)
NOT_HERE(enum pulih_stage, pulih_worker_stage, const struct pulih_worker *w)
NOT_HERE(size_t, pulih_worker_own, const struct pulih_worker *w)
NOT_HERE(const struct pulih_id *, pulih_worker_id, const struct pulih_worker *w)
NOT_HERE(void, pulih_worker_saw_time, struct pulih_worker *w, int64_t sent_us, int64_t database_us)
NOT_HERE(void, pulih_worker_hint, struct pulih_worker *w, enum pulih_stage to, struct pulih_view frame)
NOT_HERE(void, pulih_guard_set_clients, struct pulih_guard *g, const struct pulih_clients *clients)
NOT_HERE(void, pulih_guard_stop, struct pulih_guard *g)
NOT_HERE(struct pulih_guard *, pulih_guard_start, struct pulih_bus *bus, const struct pulih_key_pair *pair,
         const struct pulih_clients *clients, const struct pulih_guard_watcher *watcher, struct pulih_buf *why)
// clang-format on

/* --- the resolver --------------------------------------------------------------------------------------- */

static bool fake_resolved;

struct pulih_resolver *pulih_resolver_start(const char *const *endpoints, size_t n, int interval_ms,
                                            struct pulih_buf *why)
{
    fake_resolved = false;
    return (struct pulih_resolver *)&fake_socket;
}

int pulih_resolver_fd(const struct pulih_resolver *r)
{
    return -1;
}

bool pulih_resolver_take(struct pulih_resolver *r, struct pulih_endpoint_set *set)
{
    if (fake_resolved)
        return false;
    set->at = calloc(1, sizeof *set->at);
    pulih_must(set->at);
    memcpy(set->at->text, "tcp://127.0.0.1:7400", 21);
    set->n = set->cap = 1;
    fake_resolved = true;
    return true;
}

void pulih_resolver_stop(struct pulih_resolver *r)
{
}

void pulih_endpoint_set_free(struct pulih_endpoint_set *set)
{
    free(set->at);
}

#endif
