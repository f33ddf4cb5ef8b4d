/* The one skeleton of all daemons. A daemon's main is tables and one call of pulih_service_main.
 *
 * Does.     Configuration, policy, log, signals, sockets, health, metrics; gathers hints into batches, gives
 *           them to the worker, sends what comes back; drains on SIGTERM, reads policy and clients again on
 *           SIGHUP.
 * Promises. The network thread never waits for the database.
 */
#ifndef PULIH_HOST_SERVICE_H
#define PULIH_HOST_SERVICE_H

#include "pulih/base/bus.h"
#include "pulih/host/conf.h"
#include "pulih/host/gate.h"
#include "pulih/host/metrics.h"
#include "pulih/host/stage.h"
#include "pulih/host/worker.h"

/* What a door sees of its daemon. */
struct pulih_host {
    const struct pulih_service *service;
    struct pulih_conf conf;
    struct pulih_bus *bus;
    struct pulih_gate gate;
    struct pulih_worker *worker;
    struct pulih_metrics metrics;
    bool stopping;
    int64_t stopping_since_us;
};

enum { PULIH_DOOR_ITEMS_MAX = 4 };

/* So long a door that stops stays open after the last that it took or sent, where sessions are left: a client
 * whose socket does not connect again drops what it has not read when the connection ends. */
#define PULIH_DOOR_QUIET_US (INT64_C(250) * 1000)

/* Sockets of a daemon that others call: the publish door, the feed door. All on the network thread. */
struct pulih_door {
    const char *setting; /* in the daemon's group: where it listens */
    /* NULL with a line in *why. */
    void *(*open)(struct pulih_host *h, struct pulih_buf *why);
    /* Fills what it waits for, returns how many; called before each poll. */
    size_t (*waits)(void *door, struct pulih_bus_item items[PULIH_DOOR_ITEMS_MAX]);
    /* Does what can be done now; returns the monotonic time at which it wants its next turn at the latest. */
    int64_t (*turn)(void *door);
    /* A job it gave to the worker came back. May be NULL. */
    void (*done)(void *door, void *job, bool done);
    /* Another list of clients is in force: sessions of those who are not on it end. */
    void (*clients_changed)(void *door);
    /* True when nothing of it is under way; asked while the daemon stops. */
    bool (*drained)(void *door);
    void (*close)(void *door);
};

struct pulih_service {
    enum pulih_stage stage;
    const struct pulih_handler *handlers; /* none: the daemon takes no hints */
    size_t n_handlers;
    const struct pulih_statement *statements;
    size_t n_statements;
    pulih_job_f *work;                     /* NULL: pulih_stage_work */
    pulih_beat_f *beat;                    /* NULL: none besides the poll; arg is struct pulih_host */
    const struct pulih_door *door;         /* may be NULL */
    const struct pulih_learning *learning; /* may be NULL */
};

int pulih_service_main(int argc, char **argv, const struct pulih_service *service);

#endif
