/* CURVE, the encryption of ZeroMQ: keys, lists of clients, and the guard that says who may come in.
 *
 * Owns.     A guard belongs to a bus and outlives its guarded routers; it has a thread of its own.
 * Promises. Fail-closed: what a guarded router hands out comes from somebody whose key the guard found.
 *           Without a guard that answers, nobody comes in. A router that is not guarded says nobody's name.
 * Fails.    Reading files: false or NULL, with a line in *why for each fault: "file:line: what".
 */
#ifndef PULIH_BASE_CURVE_H
#define PULIH_BASE_CURVE_H

#include <stdbool.h>
#include <stddef.h>

#include "pulih/base/bytes.h"

struct pulih_bus;

enum { PULIH_KEY_TEXT = 40, PULIH_CLIENT_NAME_MAX = 64 };

/* A key of 32 bytes as text: 40 signs of Z85, which has neither blanks nor quotes, and a zero. */
struct pulih_key {
    char text[PULIH_KEY_TEXT + 1];
};

struct pulih_key_pair {
    struct pulih_key public;
    struct pulih_key secret;
};

/* What a caller needs at a guarded router. */
struct pulih_curve_caller {
    struct pulih_key router; /* its public key */
    struct pulih_key_pair own;
};

/* --- keys in files ----------------------------------------------------------------------------------- */

/* False: this is no key. */
bool pulih_key_read(struct pulih_view text, struct pulih_key *ret);

void pulih_key_pair_new(struct pulih_key_pair *ret);
/* Overwrites the secret. */
void pulih_key_pair_forget(struct pulih_key_pair *pair);
/* Reads a file as pulih_key_pair_save writes it, which is also that of czmq and pyzmq. Others than owner and
 * group must have no right to it, and the group none to write. */
bool pulih_key_pair_load(const char *path, struct pulih_key_pair *ret, struct pulih_buf *why);
/* Makes a file that only its owner may read. One that is there is never overwritten. */
bool pulih_key_pair_save(const char *path, const struct pulih_key_pair *pair, struct pulih_buf *why);

/* --- who may come ------------------------------------------------------------------------------------ */

struct pulih_clients;

/* 1 to 64 letters, digits, and . _ - @ */
bool pulih_client_name_fits(struct pulih_view name);
/* Reads a list: on each line a name and a public key; lines that begin with #
 * are comments. Names and keys may come once only, and there must be one. Others must not have the right to
 * write. */
struct pulih_clients *pulih_clients_load(const char *path, struct pulih_buf *why);
/* Takes NULL. */
void pulih_clients_free(struct pulih_clients *c);
size_t pulih_clients_count(const struct pulih_clients *c);
/* The name of the client with this key, NULL if there is none. */
const char *pulih_clients_name(const struct pulih_clients *c, const char *key);

/* --- the guard --------------------------------------------------------------------------------------- */

struct pulih_guard;

/* Whom a guarded router lets in. */
enum pulih_guarded {
    PULIH_GUARD_CLIENTS, /* those on the list */
    PULIH_GUARD_OWN,     /* those who have the guard's own key */
};

enum pulih_turned_away {
    PULIH_AWAY_UNKNOWN, /* the key is not on the list */
    PULIH_AWAY_PLAIN,   /* speaks without CURVE */
    PULIH_AWAY_UNREADABLE /* another server's key, no ZeroMQ, or gone before the end of the handshake */,
    PULIH_AWAY_N
};

/* Both are called on the guard's thread, and hold up all handshakes while they last. */
struct pulih_guard_watcher {
    void *arg;
    void (*let_in)(void *arg, const char *key);
    /* `key` is NULL where it is not known. One who was turned away for an unknown key is told once. */
    void (*turned_away)(void *arg, enum pulih_turned_away why, const char *key);
};

/* Before any guarded router is made. `clients` may be NULL: nobody is on the list. NULL: see why. */
struct pulih_guard *pulih_guard_start(struct pulih_bus *bus, const struct pulih_key_pair *pair,
                                      const struct pulih_clients *clients,
                                      const struct pulih_guard_watcher *watcher, struct pulih_buf *why);
/* From now on this list counts; the one before may be freed. Those who came in before stay connected. */
void pulih_guard_set_clients(struct pulih_guard *g, const struct pulih_clients *clients);
/* Nobody comes in any more. After the routers were freed; takes NULL. */
void pulih_guard_stop(struct pulih_guard *g);

#endif
