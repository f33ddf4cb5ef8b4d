/* A stage at work: batches of hinted or polled manifests, each in one transaction.
 *
 * Does.     Fast path: a hint carries rows and messages, so the transaction writes only, and proves by
 *           version that the rows were fresh. Slow path: lock, read, then the same. Poll: whatever no hint
 *           brought. A batch the database refuses is halved until the culprit stands alone in `dead`.
 * Promises. A manifest is deleted in the transaction that does its work, or that passes it on. A manifest
 *           that a daemon may have died of is counted before it is tried again, and done alone; a try that
 *           failed without a death is not held against it.
 */
#ifndef PULIH_HOST_STAGE_H
#define PULIH_HOST_STAGE_H

#include "pulih/base/bus.h"
#include "pulih/core/store.h"
#include "pulih/host/worker.h"

/* A hint as it came, and whether the work that it names was there. */
struct pulih_hinted {
    int64_t next_at;
    int64_t batch;
    uint32_t n; /* items */
    bool found;
};

/* What the network thread gathers and the worker does. */
struct pulih_batch {
    struct pulih_stage_setup *stage;
    struct pulih_bus_msg **frames; /* hints; they own the bytes that items view */
    size_t n_frames, cap_frames;
    struct pulih_hinted *hinted; /* beside each frame, in batches of hints */
    size_t cap_hinted;
    struct pulih_manifest *manifests;
    struct pulih_list *hints; /* beside each manifest: its items as hinted */
    size_t n_manifests, cap_manifests, cap_hints;
    size_t n_hinted;     /* items of all hints */
    size_t hinted_bytes; /* of their frames */
    struct pulih_item *items;
    size_t n, cap;
    struct pulih_rows rows;
    struct pulih_arena arena;
    struct pulih_buf scratch;
    struct pulih_buf out[8]; /* manifests handed on, by stage */
};

enum { PULIH_LOCK_MOST = 64 };

/* Models that the steps of a stage judge by beside those of the policy, and what is learned from what they
 * did. All is called on the worker's thread. */
struct pulih_learning {
    void *(*open)(void);
    /* Before a batch: finds out what counts. Anything but PULIH_DB_DONE: it cannot be worked on yet. */
    enum pulih_db_end (*prepare)(struct pulih_worker *w, void *state);
    /* Those that count at the time of a batch; valid until the next call. */
    const struct pulih_models *(*models)(struct pulih_worker *w, void *state, int64_t now_us);
    /* A batch is committed, and its hints are on their way. */
    void (*committed)(struct pulih_worker *w, void *state, const struct pulih_batch *b);
    pulih_beat_f *beat; /* arg: state */
    void (*close)(void *state);
};

struct pulih_stage_setup {
    enum pulih_stage id;
    const struct pulih_handler *handlers;
    size_t n_handlers;
    const struct pulih_learning *learning; /* may be NULL */
    void *learned;                         /* its state */
    int64_t batch_items;
    int64_t poll_us;
    int64_t grace_us;
    int64_t hinted_us; /* since the last poll: the newest work that was done by hint; 0: none. Worker's own */
    int64_t hint_age_us; /* how old work is when its hint is taken up, smoothed */
    int64_t most;        /* manifests to lock in the next poll */
    unsigned idle;       /* polls in a row that saw no sign of work, as far as that matters */
    struct pulih_batch poll;
    struct pulih_manifest
        counted[PULIH_LOCK_MOST]; /* keys of manifests whose last try was counted and failed */
    size_t n_counted;
};

/* Whether hints may be added to a batch of so many items. */
bool pulih_batch_has_room(const struct pulih_batch *b, size_t items_most);
/* Takes a frame from the hint socket into the batch; frees it if it is of no use. False: it was no hint. */
bool pulih_batch_add(struct pulih_batch *b, struct pulih_bus_msg *frame, struct pulih_metrics *metrics);
void pulih_batch_empty(struct pulih_batch *b);
void pulih_batch_free(struct pulih_batch *b);

/* pulih_job_f for batches, pulih_beat_f for the poll (arg: struct pulih_stage_setup). */
enum pulih_db_end pulih_stage_work(struct pulih_worker *w, void *job, int attempt);
enum pulih_db_end pulih_stage_poll(struct pulih_worker *w, void *arg, int64_t *ret_wait_us);

/* For whoever posts mail: adds manifests for the items that are handed on; sends their hints when the commit
 * is known. Items with `to` none are passed over. */
void pulih_batch_hand_on(struct pulih_batch *b, int64_t now_us);
void pulih_batch_hint(struct pulih_batch *b, struct pulih_worker *w);

#endif
