/* The replicas of other stages: found by name, again and again, and sent hints in turn.
 *
 * Promises. Never blocks; a hint that cannot go is dropped and counted, the poll finds its manifest.
 */
#ifndef PULIH_HOST_PEERS_H
#define PULIH_HOST_PEERS_H

#include "proto/msg.h"
#include "pulih/base/bus.h"
#include "pulih/base/conf.h"
#include "pulih/host/metrics.h"

struct pulih_peers;

/* `curve` NULL: in the clear. NULL with a line in *why: a malformed endpoint. */
struct pulih_peers *pulih_peers_start(struct pulih_bus *bus, const struct pulih_conf_texts *endpoints,
                                      const struct pulih_curve_caller *curve, struct pulih_metrics *metrics,
                                      struct pulih_buf *why);
int pulih_peers_fd(const struct pulih_peers *p);
/* Takes new addresses over and connects again where a connection ended. Cheap: call it each turn. */
void pulih_peers_tick(struct pulih_peers *p);
size_t pulih_peers_count(const struct pulih_peers *p);
void pulih_peers_send(struct pulih_peers *p, struct pulih_view frame);
void pulih_peers_stop(struct pulih_peers *p);

#endif
