/* A thread that owns a database connection and does one job at a time.
 *
 * Does.     Runs jobs handed over by the network thread, and beats of its own between them. A job that cannot
 *           be done now (connection, lock, shutdown) is tried again, with a new connection if need be, until
 *           it is done or the daemon stops.
 * Owns.     Its connection and its policy. A job belongs to the worker from give to take.
 * Promises. A worker is never waited for but in pulih_worker_stop.
 */
#ifndef PULIH_HOST_WORKER_H
#define PULIH_HOST_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/msg.h"
#include "pulih/base/db.h"
#include "pulih/core/policy.h"
#include "pulih/host/metrics.h"

struct pulih_worker;

/* Tries once. `attempt` counts these calls from 0, not the waits for a database before them; PULIH_DB_DONE
 * ends the job. */
typedef enum pulih_db_end pulih_job_f(struct pulih_worker *w, void *job, int attempt);
/* Runs when due and sets how long to wait for the next time. */
typedef enum pulih_db_end pulih_beat_f(struct pulih_worker *w, void *arg, int64_t *ret_wait_us);

enum { PULIH_BEATS_MAX = 4 };

struct pulih_beat {
    pulih_beat_f *run;
    void *arg;
};

struct pulih_worker_setup {
    const char *name; /* for the log */
    enum pulih_stage stage;
    const char *database; /* conninfo */
    const char *user;
    const struct pulih_statement *statements; /* after the core's own */
    size_t n_statements;
    pulih_job_f *work;
    struct pulih_beat beats[PULIH_BEATS_MAX];
    size_t n_beats;
    bool commits_asynchronously; /* see pulih_db_commit_asynchronously */
    struct pulih_metrics *metrics;
    struct pulih_policy *policy; /* taken over; may be NULL */
};

struct pulih_worker *pulih_worker_start(const struct pulih_worker_setup *setup);
/* Readable when a job is done or hints wait. */
int pulih_worker_fd(const struct pulih_worker *w);
/* Hands a job over; false: the worker is busy. */
bool pulih_worker_give(struct pulih_worker *w, void *job);
/* The job that is done, or NULL. *ret_done false: it was given up because the daemon stops. */
void *pulih_worker_take(struct pulih_worker *w, bool *ret_done);
bool pulih_worker_busy(struct pulih_worker *w);
/* Takes the policy over; it counts from the next job on. */
void pulih_worker_set_policy(struct pulih_worker *w, struct pulih_policy *policy);
/* Ends the thread after its job, or in the middle of a retry. A job not taken yet can still be taken. */
void pulih_worker_stop(struct pulih_worker *w);
void pulih_worker_free(struct pulih_worker *w);

/* Hints that go out when a commit is known; called by the worker, taken by the network thread. */
void pulih_worker_hint(struct pulih_worker *w, enum pulih_stage to, struct pulih_view frame);
/* Moves all waiting hints to `each`. */
void pulih_worker_take_hints(struct pulih_worker *w,
                             void (*each)(void *arg, enum pulih_stage to, struct pulih_view frame),
                             void *arg);

/* --- for jobs ------------------------------------------------------------------------------------------- */

struct pulih_db *pulih_worker_db(struct pulih_worker *w);
const struct pulih_policy *pulih_worker_policy(const struct pulih_worker *w);
/* Whether it was taken over since somebody said false there; for the worker's beats. */
bool *pulih_worker_policy_is_new(struct pulih_worker *w);
struct pulih_metrics *pulih_worker_metrics(const struct pulih_worker *w);
enum pulih_stage pulih_worker_stage(const struct pulih_worker *w);
/* Index of the first statement of setup.statements. */
size_t pulih_worker_own(const struct pulih_worker *w);
/* The database's time, as far as this machine's monotonic clock follows it since the last look. */
int64_t pulih_worker_now(const struct pulih_worker *w);
/* The database's clock said so in a round trip that was sent at `sent_us` of pulih_mono_us and ended now. */
void pulih_worker_saw_time(struct pulih_worker *w, int64_t sent_us, int64_t database_us);
const struct pulih_id *pulih_worker_id(const struct pulih_worker *w);

#endif
