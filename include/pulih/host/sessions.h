/* Sessions of a door, found by the peer that sent a frame.
 *
 * Owns.     The sessions; a door's own session struct begins with struct pulih_session.
 */
#ifndef PULIH_HOST_SESSIONS_H
#define PULIH_HOST_SESSIONS_H

#include "pulih/base/bus.h"
#include "pulih/base/bytes.h"
#include "pulih/host/gate.h"

struct pulih_session {
    struct pulih_bus_peer peer;
    struct pulih_id id;
    char client[65]; /* the name it gave itself */
    char key[PULIH_KEY_TEXT + 1];
    char user[PULIH_CLIENT_NAME_MAX + 1]; /* the name that the gate has for its key; "": the gate is open */
    uint64_t used;                        /* items so far, counted from the session's start */
    uint64_t limit;                       /* credit: `used` may not go beyond */
    int64_t seen_us;                      /* last sign of life, monotonic */
    int64_t spoke_us;                     /* when we last sent something */
};

struct pulih_sessions {
    size_t session_bytes;
    size_t max;
    struct pulih_session **slots; /* open addressing, at most half full */
    size_t n_slots;
    size_t n;
    int lines; /* that may be logged now, see pulih_sessions_may_tell */
    int64_t next_line_us;
    unsigned untold;
};

void pulih_sessions_init(struct pulih_sessions *s, size_t session_bytes, size_t max);
void pulih_sessions_free(struct pulih_sessions *s);
/* NULL when there is none. */
struct pulih_session *pulih_session_find(const struct pulih_sessions *s, const struct pulih_bus_peer *peer);
/* That of a message's sender. One that somebody with another key left under the same peer ends. */
struct pulih_session *pulih_session_heard(struct pulih_sessions *s, const struct pulih_bus_msg *msg);
/* A new zeroed session in the place of an old one of this peer; NULL: there are `max` already. */
struct pulih_session *pulih_session_add(struct pulih_sessions *s, const struct pulih_bus_peer *peer,
                                        int64_t now_us);
/* Whose session it is: what the gate says of the key; `key` may be NULL. */
void pulih_session_name(struct pulih_session *session, const char *key, const char *user);
/* One whose key the gate does not know any more, NULL if there is none. */
struct pulih_session *pulih_session_unlisted(const struct pulih_sessions *s, const struct pulih_gate *gate);
void pulih_session_drop(struct pulih_sessions *s, struct pulih_session *session);
/* The sessions one by one: start with *at = 0; NULL at the end. Dropping the one just given is allowed, but
 * may hide another one until the next round. */
struct pulih_session *pulih_session_next(const struct pulih_sessions *s, size_t *at);
/* Whether it is worth a line of the log, at a monotonic time, that a session began or went silent. Whoever
 * reaches an open door may open sessions without end and must not fill the log: a hundred lines at a time,
 * and one a second. How many were left out is logged before the next one. */
bool pulih_sessions_may_tell(struct pulih_sessions *s, int64_t now_us);

#endif
