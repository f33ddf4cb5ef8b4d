/* A session at one of the daemons' doors, begun again whenever it ends.
 *
 * Does.     Finds the daemons' addresses, connects, greets, keeps the session alive with ping and pong, and
 *           goes elsewhere when one drains, is silent for 4 s, or does not welcome us within 5 s.
 * Promises. Every session has a connection of its own, so nothing of an old session shows up in a new one.
 *           Attempts are spread in time, so that a thousand clients do not come back at once.
 */
#ifndef PULIH_CLIENT_LINK_H
#define PULIH_CLIENT_LINK_H

#include "pulih/base/bus.h"
#include "services/client/client.h"

struct pulih_link;

/* Who uses the door, and what it wants to be told. */
struct pulih_link_user {
    void *arg;
    void (*greet)(void *arg, struct pulih_buf *frame); /* appends the first frame of a session */
    void (*opened)(void *arg, const struct pulih_welcome *welcome);
    /* A message that is not the link's own business. True: the message is kept, and freed by the user. */
    bool (*take)(void *arg, enum pulih_m m, struct pulih_view body, struct pulih_bus_msg *msg);
    void (*closed)(void *arg);
};

/* `endpoints` have commas between them. `keys` as in pulih.h. */
struct pulih_link *pulih_link_new(const char *endpoints, const struct pulih_keys *keys,
                                  const struct pulih_link_user *user, struct pulih_error *error);
void pulih_link_free(struct pulih_link *l);

/* Takes what has come and does what is due. Never waits. */
void pulih_link_work(struct pulih_link *l);
/* Waits until there may be work, at most `timeout_ms` (-1: no limit, but some time the link wants to work).
 * `sending`: also until more can be sent. */
void pulih_link_rest(struct pulih_link *l, int timeout_ms, bool sending);

/* There is a session, and the daemon does not drain. */
bool pulih_link_is_open(const struct pulih_link *l);
bool pulih_link_is_draining(const struct pulih_link *l);
/* False: it could not be sent now. */
bool pulih_link_send(struct pulih_link *l, struct pulih_view frame);
bool pulih_link_say(struct pulih_link *l, enum pulih_m m, const void *message);
/* Ends the session; another one follows. */
void pulih_link_close(struct pulih_link *l, const char *why);

/* Why there is no session, "" when there is one. */
const char *pulih_link_why(const struct pulih_link *l);
/* True, once, after the daemon refused to have a session with us. */
bool pulih_link_was_denied(struct pulih_link *l);

/* --- keys.c ------------------------------------------------------------------------------------------ */

/* `keys` NULL: those of the environment. What is taken stays empty where there are none. False: see error. */
bool pulih_keys_take(const struct pulih_keys *keys, struct pulih_curve_caller *ret,
                     struct pulih_error *error);

#endif
