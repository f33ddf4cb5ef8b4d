#include "services/client/link.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "pulih/base/resolve.h"

enum {
    ENDPOINTS_MAX = 16,
    WELCOME_US = 5000000,
    PING_US = 1000000,
    DEAD_US = 4000000,
    DRAIN_US = 5000000,
    UNSHAKEN_MOST = 5,
    PAUSE_FIRST_US = 50000,
    PAUSE_DOUBLINGS = 5,
    REST_MAX_MS = 100, /* the end of a connection wakes nobody: look at it now and then */
};

enum state { AWAY, GREETING, OPEN, DRAINING };

struct pulih_link {
    struct pulih_link_user user;
    struct pulih_bus *bus;
    struct pulih_curve_caller curve; /* empty: in the clear */
    struct pulih_resolver *resolver;
    struct pulih_endpoint_set endpoints;
    uint32_t turn; /* which endpoint is next */
    enum state state;
    struct pulih_bus_socket *socket; /* NULL while away */
    int64_t until_us;                /* of the state, but for OPEN */
    int64_t heard_us, said_us, pinged_us, worked_us;
    int failures; /* sessions in a row that were not opened */
    int unshaken; /* how often in a row a peer left during the handshake */
    bool denied;
    struct pulih_buf frame;
    char peer[sizeof(struct pulih_endpoint)];
    char why[300];
};

/* --- making and freeing ------------------------------------------------------------------------------ */

/* Starts the look-ups of all endpoints in the text. */
static struct pulih_resolver *start_resolver(const char *endpoints, struct pulih_buf *why)
{
    const char *list[ENDPOINTS_MAX];
    size_t n = 0;
    char *rest, *copy = strdup(endpoints);

    if (!copy)
        pulih_out_of_memory();
    for (char *one = strtok_r(copy, ", ", &rest); one && n < ENDPOINTS_MAX; one = strtok_r(NULL, ", ", &rest))
        list[n++] = one;
    struct pulih_resolver *r = NULL;
    if (n > 0)
        r = pulih_resolver_start(list, n, 0, why);
    else
        pulih_buf_addf(why, "no endpoint is given; want tcp://name-or-ip:port");
    free(copy);
    return r;
}

struct pulih_link *pulih_link_new(const char *endpoints, const struct pulih_keys *keys,
                                  const struct pulih_link_user *user, struct pulih_error *error)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_curve_caller curve;

    if (!pulih_keys_take(keys, &curve, error))
        return NULL;
    struct pulih_resolver *resolver = start_resolver(endpoints, &why);
    if (!resolver) {
        pulih_error_set(error, PULIH_E_INVALID, "%s", pulih_buf_text(&why));
        return NULL;
    }
    struct pulih_link *l = calloc(1, sizeof *l);
    if (!l)
        pulih_out_of_memory();
    l->user = *user;
    l->curve = curve;
    l->resolver = resolver;
    l->bus = pulih_bus_new(1);
    l->turn = randombytes_random();
    snprintf(l->why, sizeof l->why, "looking for the address of %s", endpoints);
    return l;
}

void pulih_link_free(struct pulih_link *l)
{
    if (!l)
        return;
    pulih_bus_socket_free(l->socket);
    pulih_bus_free(l->bus);
    pulih_resolver_stop(l->resolver);
    pulih_endpoint_set_free(&l->endpoints);
    pulih_buf_free(&l->frame);
    pulih_key_pair_forget(&l->curve.own);
    free(l);
}

/* --- starting and ending a session ------------------------------------------------------------------- */

static void pause_until_next(struct pulih_link *l, int64_t now_us)
{
    int doublings = l->failures < PAUSE_DOUBLINGS ? l->failures : PAUSE_DOUBLINGS;
    uint32_t pause_us = (uint32_t)PAUSE_FIRST_US << doublings;

    l->until_us = now_us + pause_us / 2 + randombytes_uniform(pause_us);
}

void pulih_link_close(struct pulih_link *l, const char *why)
{
    bool was_open = l->state == OPEN || l->state == DRAINING;

    if (l->state == AWAY)
        return;
    pulih_bus_socket_free(l->socket);
    l->socket = NULL;
    l->state = AWAY;
    pause_until_next(l, pulih_mono_us());
    l->failures = was_open ? 0 : l->failures + 1;
    l->turn++;
    snprintf(l->why, sizeof l->why, "%s: %s", l->peer, why);
    if (was_open)
        l->user.closed(l->user.arg);
}

static void start(struct pulih_link *l, int64_t now_us)
{
    const struct pulih_bus_opts opts = {.max_frame_bytes = PULIH_HINT_MAX_BYTES,
                                        .curve = *l->curve.router.text ? &l->curve : NULL};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    const char *endpoint = l->endpoints.at[l->turn % l->endpoints.n].text;

    snprintf(l->peer, sizeof l->peer, "%s", endpoint);
    l->socket = pulih_bus_dealer(l->bus, endpoint, &opts, &why);
    if (!l->socket) {
        snprintf(l->why, sizeof l->why, "%s", pulih_buf_text(&why));
        l->failures++;
        l->turn++;
        pause_until_next(l, now_us);
        return;
    }
    l->state = GREETING;
    l->until_us = now_us + WELCOME_US;
    l->heard_us = now_us;
    pulih_buf_empty(&l->frame);
    l->user.greet(l->user.arg, &l->frame);
    pulih_link_send(l, pulih_view_of_buf(&l->frame));
}

/* --- speaking ---------------------------------------------------------------------------------------- */

bool pulih_link_send(struct pulih_link *l, struct pulih_view frame)
{
    enum pulih_bus_sent sent = l->socket ? pulih_bus_send(l->socket, NULL, frame) : PULIH_BUS_FULL;

    if (sent == PULIH_BUS_SENT)
        l->said_us = l->worked_us;
    return sent == PULIH_BUS_SENT;
}

bool pulih_link_say(struct pulih_link *l, enum pulih_m m, const void *message)
{
    pulih_buf_empty(&l->frame);
    pulih_frame_encode(m, message, &l->frame);
    return pulih_link_send(l, pulih_view_of_buf(&l->frame));
}

static void say_empty(struct pulih_link *l, enum pulih_m m)
{
    pulih_link_say(l, m, &(struct pulih_ping){.has = 0});
}

/* --- listening --------------------------------------------------------------------------------------- */

static void on_welcome(struct pulih_link *l, struct pulih_view body)
{
    struct pulih_welcome welcome;
    struct pulih_fault fault;

    if (l->state != GREETING || !pulih_msg_decode(PULIH_M_welcome, body, &welcome, &fault))
        return;
    l->state = OPEN;
    l->failures = 0;
    l->unshaken = 0;
    l->why[0] = 0;
    l->user.opened(l->user.arg, &welcome);
}

/* Before the welcome: we are not wanted, for the moment or ever. */
static void on_nack_greeting(struct pulih_link *l, struct pulih_view body)
{
    struct pulih_nack nack;
    struct pulih_fault fault;
    char why[sizeof fault.rule + 40];

    if (!pulih_msg_decode(PULIH_M_nack, body, &nack, &fault))
        return;
    snprintf(why, sizeof why, "%s: %.*s",
             pulih_word_label(PULIH_WORDS_refusal, nack.refusal, PULIH_language_en),
             PULIH_VIEW_ARG(nack.rule));
    l->denied = !PULIH_HAS(&nack, nack, retry_after_ms) && nack.refusal != PULIH_refusal_busy;
    pulih_link_close(l, why);
}

/* False: the message is none of the link's business. */
static bool listen(struct pulih_link *l, enum pulih_m m, struct pulih_view body)
{
    if (m == PULIH_M_welcome)
        on_welcome(l, body);
    else if (m == PULIH_M_nack && l->state == GREETING)
        on_nack_greeting(l, body);
    else if (m == PULIH_M_ping)
        say_empty(l, PULIH_M_pong);
    else if (m == PULIH_M_drain && l->state == OPEN) {
        l->state = DRAINING;
        l->until_us = l->worked_us + DRAIN_US;
    } else
        return m == PULIH_M_pong || m == PULIH_M_drain || l->state == GREETING;
    return true;
}

static void receive(struct pulih_link *l)
{
    struct pulih_bus_msg *msg;

    while (l->socket && (msg = pulih_bus_receive(l->socket))) {
        struct pulih_fault fault;
        struct pulih_view body;
        enum pulih_m m;
        bool keep = false;

        l->heard_us = l->worked_us;
        if (msg->malformed || !pulih_frame_open(msg->body, &m, &body, &fault))
            pulih_link_close(l, "sent something that is no message");
        else if (!listen(l, m, body))
            keep = l->user.take(l->user.arg, m, body, msg);
        if (!keep)
            pulih_bus_msg_free(msg);
    }
}

/* --- ends -------------------------------------------------------------------------------------------- */

/* Why there is no session, as far as a socket can tell, and what to do about it. */
static const char *why_not(bool curve, enum pulih_bus_end end)
{
    switch (end) {
    case PULIH_BUS_MECHANISM:
        return curve ? "it speaks without CURVE: use no keys, or have curve.secret_key set there"
                     : "it speaks CURVE only: a key file and its public key are needed (PULIH_KEY_FILE, "
                       "PULIH_SERVER_KEY)";
    case PULIH_BUS_STRANGER:
        return "it does not know our key: have it put on the list that curve.clients names there, and the "
               "daemon reload (SIGHUP)";
    case PULIH_BUS_UNSHAKEN:
        return curve ? "it left during the handshake: does it speak CURVE, and is the server's public key "
                       "the right one?"
                     : "it left during the handshake: if it speaks CURVE, a key file and its public key are "
                       "needed (PULIH_KEY_FILE, PULIH_SERVER_KEY)";
    case PULIH_BUS_ALIVE:
    case PULIH_BUS_LOST:
        break;
    }
    return "no connection";
}

/* What only a person can mend is a denial; a later try finds out whether somebody did. A peer that speaks
 * CURVE only may leave before it has said so: the library closes with the rest of its greeting unsent. */
static void on_end(struct pulih_link *l)
{
    enum pulih_bus_end end = pulih_bus_end(l->socket);

    if (l->state != GREETING) {
        pulih_link_close(l, "the connection ended");
        return;
    }
    l->unshaken = end == PULIH_BUS_UNSHAKEN ? l->unshaken + 1 : 0;
    l->denied = end == PULIH_BUS_MECHANISM || end == PULIH_BUS_STRANGER ||
                (l->unshaken >= UNSHAKEN_MOST && !*l->curve.router.text);
    pulih_link_close(l, why_not(*l->curve.router.text, end));
}

/* --- time -------------------------------------------------------------------------------------------- */

static void check_times(struct pulih_link *l, int64_t now_us)
{
    if (pulih_bus_gone(l->socket))
        on_end(l);
    else if (l->state == GREETING && now_us >= l->until_us)
        pulih_link_close(l, "no welcome within 5 s");
    else if (l->state == DRAINING && now_us >= l->until_us)
        pulih_link_close(l, "stops");
    else if (l->state != GREETING && now_us - l->heard_us >= DEAD_US)
        pulih_link_close(l, "silent for 4 s");
    else if (l->state != GREETING && now_us - l->pinged_us >= PING_US &&
             (now_us - l->said_us >= PING_US || now_us - l->heard_us >= PING_US)) {
        l->pinged_us = now_us;
        say_empty(l, PULIH_M_ping);
    }
}

void pulih_link_work(struct pulih_link *l)
{
    int64_t now_us = pulih_mono_us();

    /* While nobody called us we asked for no sign of life either. */
    if (now_us - l->worked_us > PING_US)
        l->heard_us += now_us - l->worked_us;
    l->worked_us = now_us;
    pulih_resolver_take(l->resolver, &l->endpoints);
    if (l->state == AWAY && l->endpoints.n > 0 && now_us >= l->until_us)
        start(l, now_us);
    receive(l);
    if (l->socket)
        check_times(l, now_us);
}

void pulih_link_rest(struct pulih_link *l, int timeout_ms, bool sending)
{
    int64_t left_ms = REST_MAX_MS;
    struct pulih_bus_item items[2] = {
        {.fd = pulih_resolver_fd(l->resolver), .wanted = PULIH_BUS_IN},
        {.socket = l->socket, .wanted = PULIH_BUS_IN | (sending ? PULIH_BUS_OUT : 0)},
    };

    if (l->state == AWAY && l->endpoints.n > 0)
        left_ms = (l->until_us - pulih_mono_us()) / 1000 + 1;
    if (left_ms > REST_MAX_MS)
        left_ms = REST_MAX_MS;
    if (timeout_ms >= 0 && left_ms > timeout_ms)
        left_ms = timeout_ms;
    pulih_bus_poll(items, l->socket ? 2 : 1, left_ms > 0 ? (int)left_ms : 0);
}

/* --- asking about it --------------------------------------------------------------------------------- */

bool pulih_link_is_open(const struct pulih_link *l)
{
    return l->state == OPEN;
}

bool pulih_link_is_draining(const struct pulih_link *l)
{
    return l->state == DRAINING;
}

const char *pulih_link_why(const struct pulih_link *l)
{
    return l->why;
}

bool pulih_link_was_denied(struct pulih_link *l)
{
    bool denied = l->denied;

    l->denied = false;
    return denied;
}
