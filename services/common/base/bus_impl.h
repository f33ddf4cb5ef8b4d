/* What the bus and its guard share; for bus.c and curve_guard.c alone. */
#ifndef PULIH_BASE_BUS_IMPL_H
#define PULIH_BASE_BUS_IMPL_H

#include "pulih/base/bus.h"
#include "pulih/base/curve.h"

void *pulih_bus_context(struct pulih_bus *bus);
/* A socket that receives these events of another one. Before anything can happen to that one, else the
 * library's threads would wait for us. NULL: errno says why. */
void *pulih_bus_watch(struct pulih_bus *bus, void *socket, int events);

/* Makes a router speak CURVE with those alone whom the guard lets in. Before it is bound. False: errno. */
bool pulih_guard_protect(struct pulih_guard *g, void *socket, enum pulih_guarded who);

#endif
