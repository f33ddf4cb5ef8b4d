#include "pulih/base/bus.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "pulih/base/must.h"
#include "services/common/base/address.h"
#include "services/common/base/bus_impl.h"

enum { SOCKETS_MAX = 8192, WAITING_MAX = 1000, POLL_ON_STACK = 16 };

struct pulih_bus {
    void *context;
    atomic_ulong n_monitors; /* makes their names; closed ones keep theirs for a while */
};

struct pulih_bus_socket {
    void *socket;
    void *monitor; /* of a dealer: tells when the connection is over */
    enum pulih_bus_end end;
    bool guarded;
    uint16_t port;
};

struct owned_msg {
    struct pulih_bus_msg msg;
    zmq_msg_t frame; /* stays where it is: short bodies live inside */
};

struct option {
    int name, value;
};

/* What all sockets have in common. Not here, because it makes the library abort when a receiver is slow:
 * heartbeats of the transport. */
static const struct option common_options[] = {
    {ZMQ_SNDHWM, WAITING_MAX},    {ZMQ_IPV6, 1},
    {ZMQ_HANDSHAKE_IVL, 5000},    {ZMQ_TCP_MAXRT, 5000}, /* unacknowledged bytes end the connection */
    {ZMQ_TCP_KEEPALIVE, 1},       {ZMQ_TCP_KEEPALIVE_IDLE, 10},
    {ZMQ_TCP_KEEPALIVE_INTVL, 5}, {ZMQ_TCP_KEEPALIVE_CNT, 3},
};

static const struct option router_options[] = {
    {ZMQ_ROUTER_MANDATORY, 1}, /* say when a peer is gone */
    {ZMQ_ROUTER_HANDOVER, 0},  /* nobody takes over the id of another */
    {ZMQ_BACKLOG, 1024},
};

/* Never reconnecting rules out old messages in a new session, and answers to somebody else's. */
static const struct option dealer_options[] = {
    {ZMQ_RECONNECT_IVL, -1},
    {ZMQ_CONNECT_TIMEOUT, 3000},
    {ZMQ_RCVHWM, 0}, /* bounded by the credit that the session gave */
};

struct pulih_bus *pulih_bus_new(int io_threads)
{
    struct pulih_bus *bus = calloc(1, sizeof *bus);

    if (!bus)
        pulih_out_of_memory();
    bus->context = zmq_ctx_new();
    if (!bus->context)
        pulih_out_of_memory();
    pulih_must(zmq_ctx_set(bus->context, ZMQ_IO_THREADS, io_threads) == 0);
    pulih_must(zmq_ctx_set(bus->context, ZMQ_MAX_SOCKETS, SOCKETS_MAX) == 0);
    return bus;
}

void pulih_bus_free(struct pulih_bus *bus)
{
    if (!bus)
        return;
    while (zmq_ctx_term(bus->context) < 0)
        pulih_must(errno == EINTR);
    free(bus);
}

void *pulih_bus_context(struct pulih_bus *bus)
{
    return bus->context;
}

static void set_options(void *socket, const struct option *options, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pulih_must(zmq_setsockopt(socket, options[i].name, &options[i].value, sizeof(int)) == 0);
}

static void add_why(struct pulih_buf *why, const char *endpoint)
{
    pulih_buf_addf(why, "%s: %s", endpoint, zmq_strerror(errno));
}

/* A socket with the common options, NULL when there are no more. */
static struct pulih_bus_socket *new_socket(struct pulih_bus *bus, int type, const struct pulih_bus_opts *opts)
{
    const struct option linger = {ZMQ_LINGER, opts->linger_ms};
    struct pulih_bus_socket *s = calloc(1, sizeof *s);

    if (!s)
        pulih_out_of_memory();
    s->socket = zmq_socket(bus->context, type);
    if (!s->socket) {
        free(s);
        return NULL;
    }
    set_options(s->socket, common_options, PULIH_COUNT(common_options));
    set_options(s->socket, &linger, 1);
    pulih_must(zmq_setsockopt(s->socket, ZMQ_MAXMSGSIZE, &opts->max_frame_bytes, sizeof(int64_t)) == 0);
    return s;
}

static uint16_t bound_port(void *socket)
{
    char endpoint[256];
    size_t len = sizeof endpoint;

    pulih_must(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &len) == 0);
    const char *colon = strrchr(endpoint, ':');
    return colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
}

struct pulih_bus_socket *pulih_bus_router(struct pulih_bus *bus, const char *endpoint,
                                          const struct pulih_bus_opts *opts, struct pulih_buf *why)
{
    const struct option receive = {ZMQ_RCVHWM, opts->receive_messages};
    struct pulih_bus_socket *s = new_socket(bus, ZMQ_ROUTER, opts);

    if (!s) {
        add_why(why, endpoint);
        return NULL;
    }
    set_options(s->socket, router_options, PULIH_COUNT(router_options));
    set_options(s->socket, &receive, 1);
    s->guarded = opts->guard && pulih_guard_protect(opts->guard, s->socket, opts->who);
    if ((opts->guard && !s->guarded) || zmq_bind(s->socket, endpoint) < 0) {
        add_why(why, endpoint);
        pulih_bus_socket_free(s);
        return NULL;
    }
    s->port = bound_port(s->socket);
    return s;
}

uint16_t pulih_bus_port(const struct pulih_bus_socket *router)
{
    return router->port;
}

/* A monitor stalls the library's threads when its events pile up or it is closed too early. Here nothing
 * piles up, as its queue has no limit. */
void *pulih_bus_watch(struct pulih_bus *bus, void *socket, int events)
{
    static const struct option options[] = {{ZMQ_RCVHWM, 0}, {ZMQ_LINGER, 0}};
    char name[64];

    snprintf(name, sizeof name, "inproc://events-%lu", atomic_fetch_add(&bus->n_monitors, 1));
    if (zmq_socket_monitor(socket, name, events) < 0)
        return NULL;
    void *monitor = zmq_socket(bus->context, ZMQ_PAIR);
    if (!monitor)
        return NULL;
    set_options(monitor, options, PULIH_COUNT(options));
    if (zmq_connect(monitor, name) == 0)
        return monitor;
    pulih_must(zmq_close(monitor) == 0);
    return NULL;
}

/* It is told only of ends, and a dealer has one. */
static bool watch_end(struct pulih_bus *bus, struct pulih_bus_socket *s)
{
    const int ends = ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

    s->monitor = pulih_bus_watch(bus, s->socket, ends);
    return s->monitor;
}

static void set_curve(void *socket, const struct pulih_curve_caller *curve)
{
    const struct {
        int name;
        const struct pulih_key *key;
    } keys[] = {{ZMQ_CURVE_SERVERKEY, &curve->router},
                {ZMQ_CURVE_PUBLICKEY, &curve->own.public},
                {ZMQ_CURVE_SECRETKEY, &curve->own.secret}};

    for (size_t i = 0; i < PULIH_COUNT(keys); i++)
        pulih_must(zmq_setsockopt(socket, keys[i].name, keys[i].key->text, sizeof keys[i].key->text) == 0);
}

static bool is_literal(const char *endpoint)
{
    const char *text = pulih_address_of_endpoint(endpoint);
    struct pulih_address address;
    struct addrinfo *found = NULL;

    if (text && pulih_address_split(text, &address))
        found = pulih_address_literal(&address);
    if (!found)
        return false;
    freeaddrinfo(found);
    return true;
}

struct pulih_bus_socket *pulih_bus_dealer(struct pulih_bus *bus, const char *endpoint,
                                          const struct pulih_bus_opts *opts, struct pulih_buf *why)
{
    if (!is_literal(endpoint)) {
        pulih_buf_addf(why, "%s: expected tcp://IP:port or tcp://[IPv6]:port", endpoint);
        return NULL;
    }
    struct pulih_bus_socket *s = new_socket(bus, ZMQ_DEALER, opts);
    if (!s) {
        add_why(why, endpoint);
        return NULL;
    }
    set_options(s->socket, dealer_options, PULIH_COUNT(dealer_options));
    if (opts->curve)
        set_curve(s->socket, opts->curve);
    if (!watch_end(bus, s) || zmq_connect(s->socket, endpoint) < 0) {
        add_why(why, endpoint);
        pulih_bus_socket_free(s);
        return NULL;
    }
    return s;
}

static enum pulih_bus_end end_of(uint16_t event, uint32_t value)
{
    enum { UNKNOWN_KEY = 400 };

    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return value == UNKNOWN_KEY ? PULIH_BUS_STRANGER : PULIH_BUS_LOST;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH ? PULIH_BUS_MECHANISM : PULIH_BUS_UNSHAKEN;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return PULIH_BUS_UNSHAKEN;
    default:
        return PULIH_BUS_LOST;
    }
}

/* The first event tells most. It has two frames; the first of them is enough. */
enum pulih_bus_end pulih_bus_end(struct pulih_bus_socket *dealer)
{
    uint8_t event[6];
    uint16_t number;
    uint32_t value;

    if (dealer->end != PULIH_BUS_ALIVE || !dealer->monitor ||
        zmq_recv(dealer->monitor, event, sizeof event, ZMQ_DONTWAIT) < 0)
        return dealer->end;
    memcpy(&number, event, sizeof number);
    memcpy(&value, event + sizeof number, sizeof value);
    dealer->end = end_of(number, value);
    return dealer->end;
}

bool pulih_bus_gone(struct pulih_bus_socket *dealer)
{
    return pulih_bus_end(dealer) != PULIH_BUS_ALIVE;
}

/* The order matters: an event for a monitor that was closed before would stall the library's threads. */
void pulih_bus_socket_free(struct pulih_bus_socket *s)
{
    if (!s)
        return;
    if (s->monitor || s->guarded)
        pulih_must(zmq_socket_monitor(s->socket, NULL, 0) == 0);
    if (s->monitor)
        pulih_must(zmq_close(s->monitor) == 0);
    pulih_must(zmq_close(s->socket) == 0);
    free(s);
}

/* The next frame into `frame`, which is initialised then; false when there is none. */
static bool receive_frame(void *socket, zmq_msg_t *frame)
{
    pulih_must(zmq_msg_init(frame) == 0);
    while (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0) {
        if (errno == EINTR)
            continue;
        pulih_must(errno == EAGAIN);
        zmq_msg_close(frame);
        return false;
    }
    return true;
}

/* Takes away what follows the body. Parts of a message come together, so there is nothing to wait for. */
static bool drop_rest(void *socket, bool more)
{
    bool dropped = more;

    while (more) {
        zmq_msg_t frame;
        pulih_must(receive_frame(socket, &frame));
        more = zmq_msg_more(&frame);
        zmq_msg_close(&frame);
    }
    return dropped;
}

/* False for an id that is longer than ours. */
static bool take_peer(zmq_msg_t *frame, struct pulih_bus_peer *ret)
{
    size_t len = zmq_msg_size(frame);

    *ret = (struct pulih_bus_peer){0};
    if (len > PULIH_BUS_PEER_MAX)
        return false;
    ret->len = (uint8_t)len;
    memcpy(ret->id, zmq_msg_data(frame), len);
    return true;
}

struct pulih_bus_msg *pulih_bus_receive(struct pulih_bus_socket *s)
{
    struct pulih_bus_peer peer = {0};
    bool known = true;
    zmq_msg_t frame;

    if (!receive_frame(s->socket, &frame))
        return NULL;
    if (!s->monitor) { /* a router: the first frame is the peer */
        known = take_peer(&frame, &peer);
        zmq_msg_close(&frame);
        pulih_must(receive_frame(s->socket, &frame));
    }
    struct owned_msg *m = malloc(sizeof *m);
    if (!m)
        pulih_out_of_memory();
    pulih_must(zmq_msg_init(&m->frame) == 0 && zmq_msg_move(&m->frame, &frame) == 0);
    m->msg = (struct pulih_bus_msg){.peer = peer};
    m->msg.malformed = drop_rest(s->socket, zmq_msg_more(&m->frame)) || !known;
    if (!m->msg.malformed)
        m->msg.body = (struct pulih_view){zmq_msg_data(&m->frame), zmq_msg_size(&m->frame)};
    /* Without a guard a peer may write there what it likes. */
    if (s->guarded)
        m->msg.key = zmq_msg_gets(&m->frame, "User-Id");
    return &m->msg;
}

void pulih_bus_msg_free(struct pulih_bus_msg *msg)
{
    struct owned_msg *m = (struct owned_msg *)msg;

    if (!m)
        return;
    pulih_must(zmq_msg_close(&m->frame) == 0);
    free(m);
}

static bool send_frame(void *socket, const void *bytes, size_t len, int flags)
{
    while (zmq_send(socket, bytes, len, ZMQ_DONTWAIT | flags) < 0) {
        if (errno != EINTR)
            return false;
    }
    return true;
}

enum pulih_bus_sent pulih_bus_send(struct pulih_bus_socket *s, const struct pulih_bus_peer *to,
                                   struct pulih_view body)
{
    pulih_must(!to == !!s->monitor);
    if (!to && pulih_bus_gone(s))
        return PULIH_BUS_GONE;
    if (to && !send_frame(s->socket, to->id, to->len, ZMQ_SNDMORE)) {
        pulih_must(errno == EAGAIN || errno == EHOSTUNREACH);
        return errno == EAGAIN ? PULIH_BUS_FULL : PULIH_BUS_GONE;
    }
    if (send_frame(s->socket, body.at, body.len, 0))
        return PULIH_BUS_SENT;
    pulih_must(errno == EAGAIN && !to);
    return pulih_bus_gone(s) ? PULIH_BUS_GONE : PULIH_BUS_FULL;
}

static zmq_pollitem_t to_pollitem(const struct pulih_bus_item *item)
{
    zmq_pollitem_t poll = {.socket = item->socket ? item->socket->socket : NULL, .fd = item->fd};

    if (item->wanted & PULIH_BUS_IN)
        poll.events |= ZMQ_POLLIN;
    if (item->wanted & PULIH_BUS_OUT)
        poll.events |= ZMQ_POLLOUT;
    return poll;
}

static int ready_of(const zmq_pollitem_t *poll)
{
    return (poll->revents & ZMQ_POLLIN ? PULIH_BUS_IN : 0) |
           (poll->revents & ZMQ_POLLOUT ? PULIH_BUS_OUT : 0) |
           (poll->revents & ZMQ_POLLERR ? PULIH_BUS_ERROR : 0);
}

size_t pulih_bus_poll(struct pulih_bus_item *items, size_t n, int timeout_ms)
{
    zmq_pollitem_t on_stack[POLL_ON_STACK], *polls = on_stack;

    if (n > POLL_ON_STACK)
        polls = malloc(n * sizeof *polls);
    if (!polls)
        pulih_out_of_memory();
    for (size_t i = 0; i < n; i++)
        polls[i] = to_pollitem(&items[i]);
    int ready = zmq_poll(polls, (int)n, timeout_ms);
    pulih_must(ready >= 0 || errno == EINTR);
    for (size_t i = 0; i < n; i++)
        items[i].ready = ready > 0 ? ready_of(&polls[i]) : 0;
    if (polls != on_stack)
        free(polls);
    return ready > 0 ? (size_t)ready : 0;
}
