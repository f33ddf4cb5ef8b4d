/* Who may come to the doors and hint ports of a daemon: keys from files, told to the guard of its bus.
 *
 * Promises. Without curve.secret_key the gate is open: everybody comes in, and nobody has a name. With it
 *           nobody is heard whose key is not on the list as it was read last.
 * Fails.    Loading: false with faults in *why. A list that is faulty when it is read again leaves the one
 *           before in force.
 */
#ifndef PULIH_HOST_GATE_H
#define PULIH_HOST_GATE_H

#include "pulih/base/bus.h"
#include "pulih/base/curve.h"
#include "pulih/host/conf.h"
#include "pulih/host/metrics.h"

struct pulih_gate {
    const char *clients_path; /* in the configuration */
    struct pulih_curve_caller own;
    struct pulih_clients *clients; /* NULL: the daemon has no door */
    struct pulih_guard *guard;     /* NULL: open, or not guarded yet */
    struct pulih_metrics *metrics;
    int64_t told_us[PULIH_AWAY_N]; /* of the guard's thread, as the next */
    uint32_t untold[PULIH_AWAY_N];
};

/* Reads the keys, and for a daemon with a door the clients. Keeps a pointer into *conf. */
bool pulih_gate_load(struct pulih_gate *g, const struct pulih_conf *conf, const char *conf_path,
                     bool has_door, struct pulih_buf *why);
/* Sets up the guard, where there are keys. Before any socket of the bus is made. */
bool pulih_gate_guard(struct pulih_gate *g, struct pulih_bus *bus, struct pulih_metrics *metrics,
                      struct pulih_buf *why);
/* After all sockets of the bus; fine for a gate that is all zero. */
void pulih_gate_free(struct pulih_gate *g);

/* A door for clients, guarded where there are keys. `waiting_max`: messages of one client that may wait.
 * NULL: it cannot be listened at, and *why says why not. */
struct pulih_bus_socket *pulih_gate_door(const struct pulih_gate *g, struct pulih_bus *bus,
                                         const char *listen, int waiting_max, struct pulih_buf *why);

/* Reads the clients again, and logs what became of it. True: another list is in force. */
bool pulih_gate_reload(struct pulih_gate *g);
/* The name of a client by its key: "" while the gate is open, NULL for one who is not on the list. */
const char *pulih_gate_name(const struct pulih_gate *g, const char *key);
/* What one hears who is not. */
extern const char pulih_gate_unlisted[];
/* For dealers to other daemons; NULL while the gate is open. */
const struct pulih_curve_caller *pulih_gate_caller(const struct pulih_gate *g);

#endif
