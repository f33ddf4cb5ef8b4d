/* Sockets for single-frame messages: ROUTER where we are called, DEALER where we call.
 *
 * Does.     Wraps the one messaging library, with the one set of options that is known to be safe.
 * Owns.     A socket belongs to the thread that made it; a message may be read and freed by any thread.
 * Promises. Nothing blocks but pulih_bus_poll. Nothing here is durable: a message that was sent may vanish
 *           with its connection, so every promise must rest on a committed row. A dealer never reconnects:
 *           after the end of its connection it is gone, and the caller frees it and makes a new one.
 * Fails.    Making a socket: NULL and a line in *why. A misused socket is a bug and aborts.
 */
#ifndef PULIH_BASE_BUS_H
#define PULIH_BASE_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pulih/base/bytes.h"
#include "pulih/base/curve.h"

struct pulih_bus; /* the context: one in a process */
struct pulih_bus_socket;

enum { PULIH_BUS_PEER_MAX = 63 };

/* Who sent a message to a router, and where the answer goes. Bytes behind `len` are zero, so two peers
 * compare with memcmp. An id is used again only after a restart of the router. */
struct pulih_bus_peer {
    uint8_t len;
    uint8_t id[PULIH_BUS_PEER_MAX];
};

struct pulih_bus_msg {
    struct pulih_bus_peer peer; /* on a dealer: len 0 */
    struct pulih_view body;     /* valid until pulih_bus_msg_free */
    bool malformed;             /* several frames, or a peer id too long: body is absent */
    const char *key;            /* of the sender, from a guarded router; else NULL. Valid as the body is */
};

struct pulih_bus_opts {
    int64_t max_frame_bytes; /* a longer frame ends the connection */
    int receive_messages;    /* router: how many may wait per peer before TCP pushes back; 0: no limit */
    int linger_ms;           /* how long the context waits at the end for unsent messages */

    /* Router: speaks CURVE, with those alone whom the guard lets in. NULL: with everybody, in the clear. */
    struct pulih_guard *guard;
    enum pulih_guarded who;
    /* Dealer: speaks CURVE with these keys. NULL: in the clear. */
    const struct pulih_curve_caller *curve;
};

/* How a dealer's connection ended, as far as it is told. */
enum pulih_bus_end {
    PULIH_BUS_ALIVE,
    PULIH_BUS_LOST,      /* it was refused, or ended */
    PULIH_BUS_UNSHAKEN,  /* the other side left before the handshake was over, for instance because we took it
                          * for somebody with another key */
    PULIH_BUS_MECHANISM, /* one of both speaks CURVE and the other does not */
    PULIH_BUS_STRANGER,  /* the guard does not know our key */
};

enum pulih_bus_sent {
    PULIH_BUS_SENT, /* or waits for its turn, or for the dealer to be connected */
    PULIH_BUS_FULL, /* 1000 messages wait for this peer */
    PULIH_BUS_GONE, /* no connection, now or ever again */
};

enum { PULIH_BUS_IN = 1, PULIH_BUS_OUT = 2, PULIH_BUS_ERROR = 4 };

struct pulih_bus_item {
    struct pulih_bus_socket *socket; /* NULL: fd counts */
    int fd;
    int wanted; /* PULIH_BUS_IN | PULIH_BUS_OUT */
    int ready;  /* filled by pulih_bus_poll; PULIH_BUS_ERROR comes unwanted, and for descriptors alone */
};

struct pulih_bus *pulih_bus_new(int io_threads);
/* All sockets must be freed before. Waits for lingering messages. Takes NULL. */
void pulih_bus_free(struct pulih_bus *bus);

/* Binds, for instance to tcp://0.0.0.0:7400 or tcp://[::]:7400; port 0 or * lets the kernel choose. */
struct pulih_bus_socket *pulih_bus_router(struct pulih_bus *bus, const char *endpoint,
                                          const struct pulih_bus_opts *opts, struct pulih_buf *why);
uint16_t pulih_bus_port(const struct pulih_bus_socket *router);

/* Starts to connect, for instance to tcp://192.0.2.7:7400 or tcp://[2001:db8::7]:7400. No names: see
 * pulih/base/resolve.h. */
struct pulih_bus_socket *pulih_bus_dealer(struct pulih_bus *bus, const char *endpoint,
                                          const struct pulih_bus_opts *opts, struct pulih_buf *why);
/* The dealer's connection ended or was refused (3 s for a silent address). What had come but was not yet
 * received may be gone with it. A router notices the end of a peer only while it receives. */
bool pulih_bus_gone(struct pulih_bus_socket *dealer);
enum pulih_bus_end pulih_bus_end(struct pulih_bus_socket *dealer);

/* Takes NULL. */
void pulih_bus_socket_free(struct pulih_bus_socket *s);

/* The next message, NULL when there is none. */
struct pulih_bus_msg *pulih_bus_receive(struct pulih_bus_socket *s);
/* Takes NULL. */
void pulih_bus_msg_free(struct pulih_bus_msg *msg);

/* `to` is NULL on a dealer. Copies `body`. */
enum pulih_bus_sent pulih_bus_send(struct pulih_bus_socket *s, const struct pulih_bus_peer *to,
                                   struct pulih_view body);

/* Waits until one item is ready or the time is over; -1 waits for ever. Returns how many are ready; a signal
 * ends the wait with 0. */
size_t pulih_bus_poll(struct pulih_bus_item *items, size_t n, int timeout_ms);

#endif
