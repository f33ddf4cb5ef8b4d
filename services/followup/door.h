/* The feed door: subscribers, their positions and credit (network thread), and the reader's jobs. */
#ifndef PULIH_FOLLOWUP_DOOR_H
#define PULIH_FOLLOWUP_DOOR_H

#include "pulih/host/service.h"

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

extern const struct pulih_door followup_door;

#endif
