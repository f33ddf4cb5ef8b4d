#include "pulih/host/peers.h"

#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "pulih/base/resolve.h"

enum { HINT_FRAME_BYTES = 5 * 1024 * 1024 };
static const int64_t RETRY_FIRST_US = 200 * 1000;
static const int64_t RETRY_MOST_US = 5 * 1000 * 1000;
static const int64_t TICK_US = 200 * 1000;

struct peer {
    struct pulih_endpoint endpoint;
    struct pulih_bus_socket *socket; /* NULL: waits for retry_at_us */
    int64_t retry_at_us;
    int64_t retry_us;
};

struct pulih_peers {
    struct pulih_bus *bus;
    const struct pulih_curve_caller *curve;
    struct pulih_metrics *metrics;
    struct pulih_resolver *resolver;
    struct pulih_endpoint_set set;
    struct peer *peers;
    size_t n, cap;
    size_t turn;
    int64_t tick_at_us;
};

struct pulih_peers *pulih_peers_start(struct pulih_bus *bus, const struct pulih_conf_texts *endpoints,
                                      const struct pulih_curve_caller *curve, struct pulih_metrics *metrics,
                                      struct pulih_buf *why)
{
    struct pulih_resolver *resolver =
        pulih_resolver_start((const char *const *)endpoints->at, endpoints->n, 0, why);
    struct pulih_peers *p;

    if (!resolver)
        return NULL;
    p = calloc(1, sizeof *p);
    if (!p)
        pulih_out_of_memory();
    *p = (struct pulih_peers){.bus = bus, .curve = curve, .metrics = metrics, .resolver = resolver};
    return p;
}

int pulih_peers_fd(const struct pulih_peers *p)
{
    return pulih_resolver_fd(p->resolver);
}

static void connect_peer(struct pulih_peers *p, struct peer *peer)
{
    struct pulih_bus_opts opts = {.max_frame_bytes = HINT_FRAME_BYTES, .curve = p->curve};
    struct pulih_buf why PULIH_AUTO(pulih_buf_free) = {0};

    peer->socket = pulih_bus_dealer(p->bus, peer->endpoint.text, &opts, &why);
}

/* Waits a little longer after each failure, not in step with others. */
static void disconnect_peer(struct peer *peer)
{
    pulih_bus_socket_free(peer->socket);
    peer->socket = NULL;
    peer->retry_us = peer->retry_us ? peer->retry_us * 2 : RETRY_FIRST_US;
    if (peer->retry_us > RETRY_MOST_US)
        peer->retry_us = RETRY_MOST_US;
    peer->retry_at_us = pulih_mono_us() + peer->retry_us / 2 + pulih_mono_us() % (peer->retry_us / 2);
}

static bool in_set(const struct pulih_endpoint_set *set, const struct pulih_endpoint *endpoint)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->at[i].text, endpoint->text) == 0)
            return true;
    return false;
}

static bool has_peer(const struct pulih_peers *p, const struct pulih_endpoint *endpoint)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->peers[i].endpoint.text, endpoint->text) == 0)
            return true;
    return false;
}

static void follow_set(struct pulih_peers *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->n; i++) {
        if (in_set(&p->set, &p->peers[i].endpoint))
            p->peers[kept++] = p->peers[i];
        else
            pulih_bus_socket_free(p->peers[i].socket);
    }
    p->n = kept;
    for (size_t i = 0; i < p->set.n; i++) {
        if (has_peer(p, &p->set.at[i]))
            continue;
        p->peers = pulih_room(p->peers, p->n, &p->cap, sizeof *p->peers);
        p->peers[p->n] = (struct peer){.endpoint = p->set.at[i]};
        connect_peer(p, &p->peers[p->n++]);
    }
}

void pulih_peers_tick(struct pulih_peers *p)
{
    int64_t now_us = pulih_mono_us();

    if (pulih_resolver_take(p->resolver, &p->set))
        follow_set(p);
    if (now_us < p->tick_at_us)
        return;
    p->tick_at_us = now_us + TICK_US;
    for (size_t i = 0; i < p->n; i++) {
        struct peer *peer = &p->peers[i];
        if (peer->socket && pulih_bus_gone(peer->socket))
            disconnect_peer(peer);
        else if (!peer->socket && now_us >= peer->retry_at_us)
            connect_peer(p, peer);
    }
}

size_t pulih_peers_count(const struct pulih_peers *p)
{
    return p->n;
}

void pulih_peers_send(struct pulih_peers *p, struct pulih_view frame)
{
    for (size_t tried = 0; tried < p->n; tried++) {
        struct peer *peer = &p->peers[p->turn++ % p->n];
        if (!peer->socket)
            continue;
        enum pulih_bus_sent sent = pulih_bus_send(peer->socket, NULL, frame);
        if (sent == PULIH_BUS_SENT) {
            peer->retry_us = 0;
            pulih_count(p->metrics, PULIH_METRIC_hints_out_total, 1);
            return;
        }
        if (sent == PULIH_BUS_GONE)
            disconnect_peer(peer);
    }
    pulih_count(p->metrics, PULIH_METRIC_hints_dropped_total, 1);
}

void pulih_peers_stop(struct pulih_peers *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++)
        pulih_bus_socket_free(p->peers[i].socket);
    pulih_resolver_stop(p->resolver);
    pulih_endpoint_set_free(&p->set);
    free(p->peers);
    free(p);
}
