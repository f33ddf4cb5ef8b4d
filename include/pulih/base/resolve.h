/* Names to addresses, again and again, on a thread of its own.
 *
 * Does.     Looks up every endpoint tcp://name-or-ip:port each interval and keeps the sorted set of all A and
 *           AAAA addresses as endpoints with IP literals, each once.
 * Promises. Nothing here blocks the caller, whatever the name server does. A look-up that fails keeps the
 *           addresses which that name had.
 * Fails.    pulih_resolver_start with NULL and a line in *why on a malformed endpoint. A name without
 *           addresses is no failure: it may get some.
 */
#ifndef PULIH_BASE_RESOLVE_H
#define PULIH_BASE_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "pulih/base/bytes.h"

struct pulih_resolver;

struct pulih_endpoint {
    char text[88]; /* tcp://192.0.2.7:7400 or tcp://[2001:db8::7]:7400 */
};

/* All zero is an empty set. */
struct pulih_endpoint_set {
    struct pulih_endpoint *at;
    size_t n;
    size_t cap;
};

enum { PULIH_RESOLVE_MS = 2000 };

/* `interval_ms` 0 means PULIH_RESOLVE_MS. Copies the endpoints. */
struct pulih_resolver *pulih_resolver_start(const char *const *endpoints, size_t n, int interval_ms,
                                            struct pulih_buf *why);
/* Becomes readable when the set changed; pulih_resolver_take makes it quiet again. */
int pulih_resolver_fd(const struct pulih_resolver *r);
/* True: the set changed since the last call and *set was replaced. */
bool pulih_resolver_take(struct pulih_resolver *r, struct pulih_endpoint_set *set);
/* Returns within 100 ms even if a look-up hangs; what that one needs goes when it ends. Takes NULL. */
void pulih_resolver_stop(struct pulih_resolver *r);

void pulih_endpoint_set_free(struct pulih_endpoint_set *set);

#endif
