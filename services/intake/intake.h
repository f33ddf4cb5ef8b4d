/* Intake: what the door (network thread) and the acceptance (worker) share. */
#ifndef PULIH_INTAKE_H
#define PULIH_INTAKE_H

#include "pulih/core/marks.h"
#include "pulih/host/service.h"

enum intake_statement {
#define SQL(name, n, params, text) INTAKE_SQL_##name,
#include "gen/intake.sql.h"
#undef SQL
    INTAKE_SQL_N
};

extern const struct pulih_statement intake_statements[INTAKE_SQL_N];

/* A message as the door took it, and what the worker decided. */
struct intake_message {
    struct pulih_bus_peer from;
    struct pulih_id session;
    struct pulih_id id;
    struct pulih_id complaint;
    enum pulih_m type;
    int64_t occurred_at;
    struct pulih_view raw;    /* the body as received: what the digest covers */
    void *body;               /* struct pulih_<type> in the batch's arena; views into raw */
    const char *client;       /* in the batch's arena */
    size_t arrival;           /* order within the batch */
    struct pulih_view digest; /* set by the worker, as the five below */
    struct pulih_view salt;
    int64_t number; /* given in this attempt; 0: none yet */
    size_t item;    /* index in batch.items of its complaint; SIZE_MAX: none */
    bool duplicate;
    uint16_t refusal;                /* PULIH_refusal_*; 0: accepted */
    const struct pulih_fault *fault; /* of a refusal that names a field, in the batch's arena; else NULL */
    struct pulih_ack ack;            /* views in the batch's arena */
};

/* Numbers for new complaints, taken from the database in blocks; what a crash leaves unused stays unused.
 * Only the worker's thread touches them. */
struct intake_numbers {
    int64_t next;
    int64_t end;
    unsigned session;                       /* a server that took over may not know of an older block */
    uint8_t mark_key[PULIH_MARK_KEY_BYTES]; /* read with each block */
};

/* One job of the worker. batch.items: complaints, the n_new new ones first. */
struct intake_batch {
    struct pulih_batch batch;
    struct pulih_stage_setup stage;
    struct intake_message *messages;
    size_t n, cap;
    size_t n_new;
    struct intake_numbers *numbers; /* shared by all batches */
    bool compares;                  /* new complaints are put down for comparison */
    size_t bytes;                   /* of the frames kept */
    int64_t given_us;
};

void intake_batch_empty(struct intake_batch *b);
void intake_batch_free(struct intake_batch *b);

/* pulih_job_f: stores the batch and decides every message. */
enum pulih_db_end intake_accept(struct pulih_worker *w, void *job, int attempt);

extern const struct pulih_door intake_door;

#endif
