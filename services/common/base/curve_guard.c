/* The guard: answers the library's questions (ZAP) on a thread of its own.
 *
 * The library asks at inproc://zeromq.zap.01 of the context, and lets everybody in where nobody answers:
 * unless the router has a domain and insists on it. So both are set on each router, and the guard is bound
 * before any of them can be made. Handshakes that end before the question are seen by monitors. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <zmq.h>

#include "pulih/base/must.h"
#include "services/common/base/bus_impl.h"

enum { MONITORS_MAX = 4, KEY_BYTES = 32, FRAMES_MAX = 8 };

/* ZMQ_ZAP_ENFORCE_DOMAIN: the library has it, but its header shows it to drafts only. Where a library should
 * lack it, no guarded router can be made. */
enum { ZAP_ENFORCE_DOMAIN = 93 };

static const char *const domains[] = {[PULIH_GUARD_CLIENTS] = "clients", [PULIH_GUARD_OWN] = "own"};

struct pulih_guard {
    struct pulih_bus *bus;
    struct pulih_key_pair pair;
    struct pulih_guard_watcher watcher;
    void *questions;
    int wake_fd;
    pthread_t thread;
    pthread_mutex_t lock; /* for all that follows */
    const struct pulih_clients *clients;
    void *monitors[MONITORS_MAX];
    size_t n_monitors;
    bool stopping;
};

/* --- questions --------------------------------------------------------------------------------------- */

/* version, number, domain, address, routing id, mechanism, key */
struct question {
    size_t n;
    struct frame {
        size_t len;
        char at[256];
    } frames[FRAMES_MAX];
};

enum { VERSION, NUMBER, DOMAIN, MECHANISM = 5, KEY = 6, QUESTION_FRAMES = 7 };

/* False: there is none. Frames that are too many or too long make a question that nobody passes. */
static bool take_question(void *socket, struct question *q)
{
    bool more = true;

    *q = (struct question){.n = 0};
    while (more) {
        struct frame *f = &q->frames[q->n < FRAMES_MAX ? q->n : FRAMES_MAX - 1];
        size_t size = sizeof more;
        int len, is_more = 0;
        while ((len = zmq_recv(socket, f->at, sizeof f->at, ZMQ_DONTWAIT)) < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return false;
        f->len = (size_t)len;
        q->n++;
        size = sizeof is_more;
        pulih_must(zmq_getsockopt(socket, ZMQ_RCVMORE, &is_more, &size) == 0);
        more = is_more;
    }
    return true;
}

static bool frame_is(const struct question *q, int i, const char *text)
{
    return q->frames[i].len == strlen(text) && memcmp(q->frames[i].at, text, q->frames[i].len) == 0;
}

static bool is_welcome(struct pulih_guard *g, const struct question *q, const char *key)
{
    bool welcome = false;

    if (frame_is(q, DOMAIN, domains[PULIH_GUARD_OWN]))
        return strcmp(key, g->pair.public.text) == 0;
    if (!frame_is(q, DOMAIN, domains[PULIH_GUARD_CLIENTS]))
        return false;
    pthread_mutex_lock(&g->lock);
    welcome = g->clients && pulih_clients_name(g->clients, key);
    pthread_mutex_unlock(&g->lock);
    return welcome;
}

static void send_answer(void *socket, const struct frame *number, const char *status, const char *text,
                        const char *user)
{
    const struct frame *none = &(struct frame){.len = 0};
    const struct {
        const char *at;
        size_t len;
    } frames[] = {{"1.0", 3},           {number->at, number->len}, {status, strlen(status)},
                  {text, strlen(text)}, {user, strlen(user)},      {none->at, none->len}};

    for (size_t i = 0; i < PULIH_COUNT(frames); i++)
        while (zmq_send(socket, frames[i].at, frames[i].len, i + 1 < PULIH_COUNT(frames) ? ZMQ_SNDMORE : 0) <
               0)
            pulih_must(errno == EINTR);
}

/* Status 400 ends the caller's connection for good; a caller that was put on the list later must come again
 * by a connection of its own making, which ours do. */
static void answer(struct pulih_guard *g, const struct question *q)
{
    char key[PULIH_KEY_TEXT + 1] = "";

    if (q->n == QUESTION_FRAMES && frame_is(q, VERSION, "1.0") && frame_is(q, MECHANISM, "CURVE") &&
        q->frames[KEY].len == KEY_BYTES)
        pulih_must(zmq_z85_encode(key, (const uint8_t *)q->frames[KEY].at, KEY_BYTES));
    bool welcome = *key && is_welcome(g, q, key);
    if (welcome)
        g->watcher.let_in(g->watcher.arg, key);
    else
        g->watcher.turned_away(g->watcher.arg, PULIH_AWAY_UNKNOWN, *key ? key : NULL);
    send_answer(g->questions, &q->frames[NUMBER], welcome ? "200" : "400", welcome ? "OK" : "unknown key",
                welcome ? key : "");
}

/* --- handshakes that got no question ----------------------------------------------------------------- */

/* An event has two frames: number and value, and an address. */
static void take_events(struct pulih_guard *g, void *monitor)
{
    struct question q;

    while (take_question(monitor, &q)) {
        uint16_t event = 0;
        uint32_t value = 0;
        if (q.frames[0].len != sizeof event + sizeof value)
            continue;
        memcpy(&event, q.frames[0].at, sizeof event);
        memcpy(&value, q.frames[0].at + sizeof event, sizeof value);
        bool plain = event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL &&
                     value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH;
        g->watcher.turned_away(g->watcher.arg, plain ? PULIH_AWAY_PLAIN : PULIH_AWAY_UNREADABLE, NULL);
    }
}

/* --- the thread -------------------------------------------------------------------------------------- */

/* False: it is time to end. */
static bool look_around(struct pulih_guard *g, void *monitors[MONITORS_MAX], size_t *n)
{
    uint64_t count;

    pthread_mutex_lock(&g->lock);
    bool go_on = !g->stopping;
    *n = g->n_monitors;
    memcpy(monitors, g->monitors, sizeof g->monitors);
    pthread_mutex_unlock(&g->lock);
    (void)!read(g->wake_fd, &count, sizeof count);
    return go_on;
}

static void *stand_guard(void *arg)
{
    struct pulih_guard *g = arg;
    void *monitors[MONITORS_MAX];
    struct question q;
    size_t n;

    while (look_around(g, monitors, &n)) {
        zmq_pollitem_t items[2 + MONITORS_MAX] = {{.fd = g->wake_fd, .events = ZMQ_POLLIN},
                                                  {.socket = g->questions, .events = ZMQ_POLLIN}};
        for (size_t i = 0; i < n; i++)
            items[2 + i] = (zmq_pollitem_t){.socket = monitors[i], .events = ZMQ_POLLIN};
        pulih_must(zmq_poll(items, (int)n + 2, -1) >= 0 || errno == EINTR);
        while (take_question(g->questions, &q))
            answer(g, &q);
        for (size_t i = 0; i < n; i++)
            take_events(g, monitors[i]);
    }
    return NULL;
}

static void wake(struct pulih_guard *g)
{
    uint64_t one = 1;

    (void)!write(g->wake_fd, &one, sizeof one);
}

/* --- start and end ----------------------------------------------------------------------------------- */

static void *bind_questions(struct pulih_bus *bus)
{
    void *socket = zmq_socket(pulih_bus_context(bus), ZMQ_REP);
    int none = 0;

    if (!socket)
        return NULL;
    pulih_must(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none) == 0);
    if (zmq_bind(socket, "inproc://zeromq.zap.01") == 0)
        return socket;
    pulih_must(zmq_close(socket) == 0);
    return NULL;
}

static void free_guard(struct pulih_guard *g)
{
    for (size_t i = 0; i < g->n_monitors; i++)
        pulih_must(zmq_close(g->monitors[i]) == 0);
    if (g->questions)
        pulih_must(zmq_close(g->questions) == 0);
    if (g->wake_fd >= 0)
        close(g->wake_fd);
    pthread_mutex_destroy(&g->lock);
    pulih_key_pair_forget(&g->pair);
    free(g);
}

struct pulih_guard *pulih_guard_start(struct pulih_bus *bus, const struct pulih_key_pair *pair,
                                      const struct pulih_clients *clients,
                                      const struct pulih_guard_watcher *watcher, struct pulih_buf *why)
{
    struct pulih_guard *g = calloc(1, sizeof *g);

    if (!g)
        pulih_out_of_memory();
    *g = (struct pulih_guard){.bus = bus, .pair = *pair, .watcher = *watcher, .clients = clients};
    pthread_mutex_init(&g->lock, NULL);
    g->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    g->questions = g->wake_fd >= 0 ? bind_questions(bus) : NULL;
    int e = g->questions ? pthread_create(&g->thread, NULL, stand_guard, g) : zmq_errno();
    if (!e)
        return g;
    pulih_buf_addf(why, "no guard for the doors: %s", zmq_strerror(e));
    free_guard(g);
    return NULL;
}

void pulih_guard_set_clients(struct pulih_guard *g, const struct pulih_clients *clients)
{
    pthread_mutex_lock(&g->lock);
    g->clients = clients;
    pthread_mutex_unlock(&g->lock);
}

void pulih_guard_stop(struct pulih_guard *g)
{
    if (!g)
        return;
    pthread_mutex_lock(&g->lock);
    g->stopping = true;
    pthread_mutex_unlock(&g->lock);
    wake(g);
    pthread_join(g->thread, NULL);
    free_guard(g);
}

bool pulih_guard_protect(struct pulih_guard *g, void *socket, enum pulih_guarded who)
{
    const int events = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;
    const int yes = 1;
    const char *domain = domains[who];

    if (zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) < 0 ||
        zmq_setsockopt(socket, ZAP_ENFORCE_DOMAIN, &yes, sizeof yes) < 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes) < 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, g->pair.secret.text, PULIH_KEY_TEXT + 1) < 0)
        return false;
    void *monitor = pulih_bus_watch(g->bus, socket, events);
    if (!monitor)
        return false;
    pthread_mutex_lock(&g->lock);
    pulih_must(g->n_monitors < MONITORS_MAX);
    g->monitors[g->n_monitors++] = monitor;
    pthread_mutex_unlock(&g->lock);
    wake(g);
    return true;
}
