/* The network, behind the contract of pulih/base/bus.h: what is sent may come late, or end with its connection; the
 * order within a connection is kept. Hints may be lost one by one, and doubled, as if a replica had sent them so. */
#include "pulih/base/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/msg.h"
#include "pulih/base/must.h"
#include "tests/sim/sim.h"

enum { QUEUE_MAX = 1000, HANDSHAKE_US = 3000000 };

struct letter {
    struct letter *next;
    int64_t at_us;
    size_t len;
    char bytes[];
};

/* One direction of a connection. */
struct way {
    struct letter *first, *last;
    size_t n;
};

struct conn {
    struct conn *next, *next_opening, *next_peer; /* of all, of those not open yet, of the router's */
    struct pulih_bus_socket *dealer, *router;     /* NULL: closed, or not found yet */
    struct way up, down;
    char to[96];
    int64_t opens_us;
    bool open, broken;
    int64_t dealer_knows_us, router_knows_us; /* when they learn of the end */
    uint32_t id;
    bool hints;
    uint64_t used, credit; /* of the publisher or, for items, of the subscriber */
};

struct pulih_bus {
    int unused;
};

struct pulih_bus_socket {
    struct pulih_bus_socket *next;
    struct sim_process *process;
    bool is_router;
    char at[96];
    struct conn *conn;  /* of a dealer */
    struct conn *peers; /* of a router */
};

struct sim_network sim_network;
static struct conn *conns, *opening; /* newest first */
static struct pulih_bus_socket *routers;
static uint32_t n_conns;

/* --- ways ---------------------------------------------------------------------------------------------------- */

static int64_t delay_us(void)
{
    return sim_chance(sim_network.slow) ? sim_between(1000, 2000000) : sim_between(50, 800);
}

static void push(struct way *w, struct pulih_view body)
{
    struct letter *l = malloc(sizeof *l + body.len);

    pulih_must(l);
    *l = (struct letter){.at_us = sim_now() + delay_us(), .len = body.len};
    if (w->first && l->at_us < w->last->at_us)
        l->at_us = w->last->at_us;
    memcpy(l->bytes, body.at, body.len);
    *(w->first ? &w->last->next : &w->first) = l;
    w->last = l;
    w->n++;
    sim_alarm(l->at_us);
}

static struct letter *peek(const struct way *w)
{
    return w->first && w->first->at_us <= sim_now() ? w->first : NULL;
}

static struct letter *pop(struct way *w)
{
    struct letter *l = w->first;

    w->first = l->next;
    w->n--;
    return l;
}

/* What had not come is gone with the connection; half of the time what had come, too. */
static void spill(struct way *w)
{
    bool all = sim_chance(500);

    while (w->first && (all || w->first->at_us > sim_now()))
        free(pop(w));
}

/* --- connections ----------------------------------------------------------------------------------------------- */

static void end(struct conn *c, int64_t knows_us)
{
    if (c->broken)
        return;
    c->broken = true;
    c->dealer_knows_us = c->router_knows_us = knows_us;
    sim_alarm(knows_us);
}

static void cut(struct conn *c)
{
    if (c->broken)
        return;
    sim_trace("connection %u to %s ends", c->id, c->to);
    spill(&c->up);
    spill(&c->down);
    end(c, sim_now() + delay_us());
}

/* Closed in order: what was sent still comes. */
static void close_end(struct conn *c, bool linger)
{
    const struct letter *up = c->up.last, *down = c->down.last;
    int64_t at_us = sim_now() + 1;

    if (!linger)
        cut(c);
    if (c->up.first && up->at_us > at_us)
        at_us = up->at_us;
    if (c->down.first && down->at_us > at_us)
        at_us = down->at_us;
    end(c, at_us + delay_us());
}

static struct pulih_bus_socket *listener(const char *at)
{
    for (struct pulih_bus_socket *r = routers; r; r = r->next)
        if (strcmp(r->at, at) == 0 && r->process->alive)
            return r;
    return NULL;
}

static void open_conn(struct conn *c)
{
    c->router = listener(c->to);
    if (!c->router)
        end(c, sim_now());
    else if (c->router->process->frozen_until_us > sim_now())
        end(c, sim_now() + HANDSHAKE_US);
    else
        c->open = true;
    if (!c->open)
        return;
    c->next_peer = c->router->peers;
    c->router->peers = c;
}

/* Connections open, or not, when their time has come. */
static void settle(void)
{
    for (struct conn **at = &opening; *at;) {
        struct conn *c = *at;
        if (!c->broken && c->opens_us > sim_now()) {
            at = &c->next_opening;
            continue;
        }
        *at = c->next_opening;
        if (!c->broken)
            open_conn(c);
    }
}

static bool dealer_gone(struct conn *c)
{
    settle();
    return c->broken && c->dealer_knows_us <= sim_now();
}

/* Forgets connections without ends. */
static void sweep(void)
{
    for (struct conn **at = &conns; *at;)
        if ((*at)->dealer || (*at)->router)
            at = &(*at)->next;
        else
            *at = (*at)->next;
}

void sim_network_kill(struct sim_process *p)
{
    for (struct conn *c = conns; c; c = c->next) {
        bool d = c->dealer && c->dealer->process == p, r = c->router && c->router->process == p;
        if (!d && !r)
            continue;
        cut(c);
        c->dealer = d ? NULL : c->dealer;
        c->router = r ? NULL : c->router;
    }
    sweep();
    for (struct pulih_bus_socket **r = &routers; *r;)
        if ((*r)->process == p)
            *r = (*r)->next;
        else
            r = &(*r)->next;
}

void sim_network_cut(const struct sim_process *p)
{
    for (struct conn *c = conns; c; c = c->next)
        if (c->open && !c->broken && c->dealer && c->router &&
            (c->dealer->process == p || c->router->process == p) && sim_chance(500))
            cut(c);
}

/* --- sockets --------------------------------------------------------------------------------------------------- */

struct pulih_bus *pulih_bus_new(int io_threads)
{
    (void)io_threads;
    return calloc(1, sizeof(struct pulih_bus));
}

void pulih_bus_free(struct pulih_bus *bus)
{
    free(bus);
}

static struct pulih_bus_socket *new_socket(const char *at)
{
    struct pulih_bus_socket *s = calloc(1, sizeof *s);

    pulih_must(s);
    s->process = sim_self();
    snprintf(s->at, sizeof s->at, "%s", at);
    return s;
}

struct pulih_bus_socket *pulih_bus_router(struct pulih_bus *bus, const char *endpoint,
                                          const struct pulih_bus_opts *opts, struct pulih_buf *why)
{
    struct pulih_bus_socket *s = new_socket(endpoint);

    (void)bus, (void)opts, (void)why;
    s->is_router = true;
    s->next = routers;
    routers = s;
    return s;
}

uint16_t pulih_bus_port(const struct pulih_bus_socket *router)
{
    return (uint16_t)strtoul(strrchr(router->at, ':') + 1, NULL, 10);
}

struct pulih_bus_socket *pulih_bus_dealer(struct pulih_bus *bus, const char *endpoint,
                                          const struct pulih_bus_opts *opts, struct pulih_buf *why)
{
    struct pulih_bus_socket *s = new_socket(endpoint);
    struct conn *c = calloc(1, sizeof *c);

    (void)bus, (void)opts, (void)why;
    pulih_must(c);
    c->dealer = s;
    c->opens_us = sim_now() + delay_us();
    c->id = ++n_conns;
    c->hints = endpoint[strlen(endpoint) - 2] == '0'; /* ports 7402 to 7404, against 7400 and 7410 */
    c->hints = c->hints && endpoint[strlen(endpoint) - 1] != '0';
    c->next = conns;
    snprintf(c->to, sizeof c->to, "%s", endpoint);
    conns = c;
    s->conn = c;
    c->next_opening = opening;
    opening = c;
    sim_alarm(c->opens_us);
    return s;
}

bool pulih_bus_gone(struct pulih_bus_socket *dealer)
{
    return dealer_gone(dealer->conn);
}

enum pulih_bus_end pulih_bus_end(struct pulih_bus_socket *dealer)
{
    return pulih_bus_gone(dealer) ? PULIH_BUS_LOST : PULIH_BUS_ALIVE;
}

void pulih_bus_socket_free(struct pulih_bus_socket *s)
{
    if (!s)
        return;
    for (struct conn *c = conns; c; c = c->next) {
        if (c->dealer != s && c->router != s)
            continue;
        close_end(c, s->is_router);
        *(c->dealer == s ? &c->dealer : &c->router) = NULL;
    }
    sweep();
    for (struct pulih_bus_socket **r = &routers; *r; r = &(*r)->next)
        if (*r == s) {
            *r = s->next;
            break;
        }
    free(s);
}

/* --- receiving --------------------------------------------------------------------------------------------------- */

/* A connection from which something came; which one is drawn. */
static struct conn *find_conn(struct pulih_bus_socket *s, bool draw)
{
    struct conn *found = NULL;
    uint64_t n = 0;

    settle();
    if (!s->is_router)
        return peek(&s->conn->down) ? s->conn : NULL;
    for (struct conn **at = &s->peers; *at;) {
        struct conn *c = *at;
        if (c->broken && !c->up.first) {
            *at = c->next_peer;
            continue;
        }
        at = &c->next_peer;
        if (!peek(&c->up))
            continue;
        if (!draw)
            return c;
        if (sim_below(++n) == 0)
            found = c;
    }
    return found;
}

struct pulih_bus_msg *pulih_bus_receive(struct pulih_bus_socket *s)
{
    struct conn *c = find_conn(s, true);

    if (!c)
        return NULL;
    struct letter *l = pop(s->is_router ? &c->up : &c->down);
    struct pulih_bus_msg *msg = calloc(1, sizeof *msg);
    pulih_must(msg);
    msg->body = (struct pulih_view){l->bytes, l->len};
    if (s->is_router) {
        msg->peer.len = 5;
        memcpy(msg->peer.id + 1, &c->id, sizeof c->id);
    }
    return msg;
}

void pulih_bus_msg_free(struct pulih_bus_msg *msg)
{
    if (!msg)
        return;
    free((char *)(uintptr_t)msg->body.at - offsetof(struct letter, bytes));
    free(msg);
}

/* --- sending ----------------------------------------------------------------------------------------------------- */

static void check_acks(struct pulih_view body)
{
    struct pulih_fault fault;
    struct pulih_acks acks;
    struct pulih_ack ack;

    pulih_must(pulih_msg_decode(PULIH_M_acks, body, &acks, &fault));
    for (struct pulih_view at = acks.items.raw; pulih_list_next(PULIH_M_ack, &at, &ack);)
        sim_oracle_receipt(&ack.id);
}

static void raise_credit(struct conn *c, uint64_t limit)
{
    if (limit < c->credit)
        sim_fail("credit fell from %llu to %llu", (unsigned long long)c->credit, (unsigned long long)limit);
    c->credit = limit;
}

static void use_credit(struct conn *c, uint64_t items)
{
    c->used += items;
    if (c->used > c->credit)
        sim_fail("%llu items sent to %s, but the credit is %llu", (unsigned long long)c->used, c->to,
                 (unsigned long long)c->credit);
}

/* Looks over the shoulder of both doors: receipts and credit. A publisher's credit is what the door sent, an upper
 * bound of what it can know. */
static void look_at(struct conn *c, bool to_router, struct pulih_view frame)
{
    struct pulih_fault fault;
    struct pulih_view body;
    enum pulih_m m;
    union {
        struct pulih_welcome welcome;
        struct pulih_credit credit;
        struct pulih_subscribe subscribe;
        struct pulih_events events;
    } u;

    pulih_must(pulih_frame_open(frame, &m, &body, &fault));
    sim_trace("%s %u %s %s, %zu bytes", to_router ? "to" : "answers", c->id, c->to, pulih_message(m)->name,
              frame.len);
    if (m == PULIH_M_acks)
        check_acks(body);
    else if (m == PULIH_M_event)
        use_credit(c, 1);
    else if (m == PULIH_M_welcome && pulih_msg_decode(m, body, &u, &fault) &&
             !PULIH_HAS(&u.welcome, welcome, streams))
        raise_credit(c, u.welcome.credit);
    else if (m == PULIH_M_credit && pulih_msg_decode(m, body, &u, &fault))
        raise_credit(c, u.credit.limit);
    else if (m == PULIH_M_subscribe && pulih_msg_decode(m, body, &u, &fault))
        raise_credit(c, u.subscribe.credit);
    else if (m == PULIH_M_events && pulih_msg_decode(m, body, &u, &fault))
        use_credit(c, u.events.items.n);
}

static struct conn *conn_to(const struct pulih_bus_socket *s, const struct pulih_bus_peer *to)
{
    uint32_t id;

    if (!to)
        return s->conn;
    memcpy(&id, to->id + 1, sizeof id);
    for (struct conn *c = conns; c; c = c->next)
        if (c->id == id && c->router == s)
            return c;
    return NULL;
}

enum pulih_bus_sent pulih_bus_send(struct pulih_bus_socket *s, const struct pulih_bus_peer *to,
                                   struct pulih_view body)
{
    sim_yield();
    struct conn *c = conn_to(s, to);
    struct way *w = c ? (s->is_router ? &c->down : &c->up) : NULL;

    if (!c || (s->is_router ? c->broken && c->router_knows_us <= sim_now() : dealer_gone(c)))
        return PULIH_BUS_GONE;
    if (w->n >= QUEUE_MAX)
        return PULIH_BUS_FULL;
    look_at(c, !s->is_router, body);
    if (c->broken || (c->hints && sim_chance(sim_network.hint_loss)))
        return PULIH_BUS_SENT;
    push(w, body);
    if (c->hints && sim_chance(sim_network.hint_twice))
        push(w, body);
    if (sim_chance(sim_network.breaks))
        cut(c);
    return PULIH_BUS_SENT;
}

/* --- waiting ----------------------------------------------------------------------------------------------------- */

struct waiting {
    struct pulih_bus_item *items;
    size_t n;
};

static int ready_of(const struct pulih_bus_item *item)
{
    int ready = 0;

    if (!item->socket)
        return sim_fd_ready(item->fd) ? PULIH_BUS_IN : 0;
    if (find_conn(item->socket, false))
        ready = PULIH_BUS_IN;
    return (ready | PULIH_BUS_OUT) & item->wanted;
}

static bool any_ready(void *what)
{
    const struct waiting *w = what;

    for (size_t i = 0; i < w->n; i++)
        if (ready_of(&w->items[i]))
            return true;
    return false;
}

size_t pulih_bus_poll(struct pulih_bus_item *items, size_t n, int timeout_ms)
{
    struct waiting w = {items, n};
    size_t ready = 0;

    sim_wait(any_ready, &w, timeout_ms < 0 ? INT64_MAX : sim_now() + timeout_ms * INT64_C(1000));
    for (size_t i = 0; i < n; i++) {
        items[i].ready = ready_of(&items[i]);
        ready += items[i].ready != 0;
    }
    return ready;
}
