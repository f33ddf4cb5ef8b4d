/* The guard of the doors: no keys are configured here. */
#include "pulih/base/curve.h"
#include "pulih/base/must.h"

struct pulih_guard *pulih_guard_start(struct pulih_bus *bus, const struct pulih_key_pair *pair,
                                      const struct pulih_clients *clients,
                                      const struct pulih_guard_watcher *watcher, struct pulih_buf *why)
{
    (void)bus, (void)pair, (void)clients, (void)watcher, (void)why;
    pulih_must(!"keys");
    return NULL;
}

void pulih_guard_set_clients(struct pulih_guard *g, const struct pulih_clients *clients)
{
    (void)clients;
    pulih_must(!g);
}

void pulih_guard_stop(struct pulih_guard *g)
{
    pulih_must(!g);
}
