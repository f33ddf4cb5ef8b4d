/* The feed door: subscribers, their positions and credit (network thread), and the reader's jobs. */
#ifndef PULIH_FOLLOWUP_DOOR_H
#define PULIH_FOLLOWUP_DOOR_H

#include "pulih/host/service.h"
#include "pulih/host/sessions.h"

enum { FEED_STREAMS = 64, FEED_LETTERS_MAX = 16 };

enum feed_statement {
#define SQL(name, n, params, text) FEED_SQL_##name,
#include "gen/feed.sql.h"
#undef SQL
    FEED_SQL_N
};

extern const struct pulih_statement feed_statements[FEED_SQL_N];

/* A range of a stream that a subscriber waits for, and the frame that answers it. */
struct feed_request {
    struct pulih_bus_peer to;
    struct pulih_id session;
    uint16_t stream;
    uint64_t after;
    uint64_t head; /* of the stream, greater than `after` */
    uint32_t most;
    uint32_t n;     /* items found */
    uint64_t last;  /* number of the last one */
    size_t at, len; /* the frame in job.bytes; len 0: none */
};

struct letter_request {
    struct pulih_bus_peer to;
    struct pulih_id complaint;
    uint16_t number;
    size_t at, len;
};

/* A job of the reader: always the heads, and whatever is asked for. */
struct feed_job {
    struct feed_request *requests;
    size_t n, cap;
    struct letter_request letters[FEED_LETTERS_MAX];
    size_t n_letters;
    bool heads_known;
    uint64_t heads[FEED_STREAMS];
    struct pulih_buf bytes;
    struct pulih_buf list;
    struct pulih_buf scratch;
};

/* pulih_job_f of the reader. */
enum pulih_db_end feed_read(struct pulih_worker *w, void *job, int attempt);

struct subscriber {
    struct pulih_session s;
    uint64_t position[FEED_STREAMS];
    bool named[FEED_STREAMS]; /* position was given */
    bool from_now;            /* unnamed streams start at the head, once that is known */
    bool settled;             /* positions were compared with heads read since it came */
    uint64_t came_at;         /* door.jobs then */
};

struct door {
    struct pulih_host *host;
    struct pulih_bus_socket *socket;
    struct pulih_worker *reader;
    struct pulih_metrics reader_metrics;
    struct pulih_sessions sessions;
    struct feed_job job;
    uint64_t jobs; /* given to the reader so far */
    struct letter_request letters[FEED_LETTERS_MAX];
    size_t n_letters;
    bool heads_known;
    uint64_t heads[FEED_STREAMS];
    int64_t read_at_us;   /* next look at the heads */
    int64_t batches_seen; /* of our own worker: its commits ring the bell */
    int64_t heads_at_us;
    int64_t closes_at_us; /* the drain is told; 0: not yet */
    struct pulih_buf frame;
    struct pulih_buf list;
};

/* --- answer.c ------------------------------------------------------------------------------------------- */

/* False: it could not be sent now. A session whose peer is gone is gone then, too. */
bool feed_send_bytes(struct door *d, const struct pulih_bus_peer *to, struct pulih_view bytes);
void feed_send(struct door *d, const struct pulih_bus_peer *to, enum pulih_m m, const void *msg);
void feed_refuse(struct door *d, const struct pulih_bus_peer *to, const struct pulih_fault *fault);
void feed_refuse_for(struct door *d, const struct pulih_bus_peer *to, uint16_t refusal, const char *field,
                     const char *rule);
/* Refuses what a session asked for and ends it; it may be gone with the refusal. */
void feed_refuse_session(struct door *d, const struct pulih_session *session, uint16_t refusal,
                         const char *field, const char *rule);

extern const struct pulih_door followup_door;

#endif
