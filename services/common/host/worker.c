#include "pulih/host/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "pulih/base/arena.h"
#include "pulih/base/clock.h"
#include "pulih/base/log.h"
#include "pulih/base/must.h"
#include "pulih/base/point.h"
#include "pulih/core/store.h"
#include "services/common/host/service_impl.h"

static const int64_t BACKOFF_FIRST_US = 50 * 1000;
static const int64_t BACKOFF_MOST_US = 5 * 1000 * 1000;
static const int64_t SEEN_EVERY_US = 10 * 1000 * 1000;
static const int64_t CHECK_EVERY_US = 1000 * 1000; /* whether the server is there and takes writes */

struct hint {
    enum pulih_stage to;
    size_t at;
    size_t len;
};

struct pulih_worker {
    struct pulih_worker_setup setup;
    struct pulih_db *db;
    size_t own;
    struct pulih_id id;
    char name[64];
    int64_t started_us;
    int64_t skew_us; /* database clock minus our monotonic one, which never jumps */
    int64_t backoff_us;
    int64_t beat_due_us[PULIH_BEATS_MAX];
    int64_t seen_due_us;
    int64_t look_due_us;
    bool in_job; /* its end tells the network thread of the hints, too */
    pthread_t thread;
    int fd;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t wake;
    void *job;
    bool job_is_done; /* it waits to be taken */
    bool job_was_done;
    bool stopping;
    struct pulih_policy *policy;
    struct pulih_policy *next_policy;
    bool lacks_past;    /* its calendars do not know their earlier versions yet */
    bool policy_is_new; /* nobody asked for it yet; the worker's own */
    struct hint *hints;
    size_t n_hints, cap_hints;
    struct pulih_buf hint_bytes;
};

/* --- what jobs ask for ---------------------------------------------------------------------------------- */

struct pulih_db *pulih_worker_db(struct pulih_worker *w)
{
    return w->db;
}

const struct pulih_policy *pulih_worker_policy(const struct pulih_worker *w)
{
    return w->policy;
}

bool *pulih_worker_policy_is_new(struct pulih_worker *w)
{
    return &w->policy_is_new;
}

struct pulih_metrics *pulih_worker_metrics(const struct pulih_worker *w)
{
    return w->setup.metrics;
}

enum pulih_stage pulih_worker_stage(const struct pulih_worker *w)
{
    return w->setup.stage;
}

size_t pulih_worker_own(const struct pulih_worker *w)
{
    return w->own;
}

const struct pulih_id *pulih_worker_id(const struct pulih_worker *w)
{
    return &w->id;
}

int64_t pulih_worker_now(const struct pulih_worker *w)
{
    return pulih_mono_us() + w->skew_us;
}

void pulih_worker_saw_time(struct pulih_worker *w, int64_t sent_us, int64_t database_us)
{
    int64_t ended_us = pulih_mono_us();
    bool possible = database_us >= sent_us + w->skew_us && database_us <= ended_us + w->skew_us;

    /* What lies within the round trip tells nothing; only a clock that is surely off is followed. */
    if (!possible)
        w->skew_us = database_us - (sent_us + ended_us) / 2;
}

/* --- waiting -------------------------------------------------------------------------------------------- */

static void tell_network(struct pulih_worker *w)
{
    uint64_t one = 1;
    ssize_t written = write(w->fd, &one, sizeof one);

    pulih_must(written == (ssize_t)sizeof one || errno == EAGAIN);
}

static void wait_locked(struct pulih_worker *w, int64_t until_mono_us)
{
    struct timespec until = {.tv_sec = until_mono_us / 1000000, .tv_nsec = (until_mono_us % 1000000) * 1000};

    pthread_cond_timedwait(&w->wake, &w->lock, &until);
}

static bool is_stopping(struct pulih_worker *w)
{
    pthread_mutex_lock(&w->lock);
    bool stopping = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return stopping;
}

static int64_t next_backoff_us(const struct pulih_worker *w)
{
    int64_t next_us = w->backoff_us ? w->backoff_us * 2 : BACKOFF_FIRST_US;

    return next_us < BACKOFF_MOST_US ? next_us : BACKOFF_MOST_US;
}

/* Waits out the backoff, or until the daemon stops. */
static void back_off(struct pulih_worker *w)
{
    w->backoff_us = next_backoff_us(w);
    int64_t until_us = pulih_mono_us() + w->backoff_us;
    pthread_mutex_lock(&w->lock);
    while (!w->stopping && pulih_mono_us() < until_us)
        wait_locked(w, until_us);
    pthread_mutex_unlock(&w->lock);
}

/* --- the connection ------------------------------------------------------------------------------------- */

/* This program understands a database that is as new as its own migrations and not too new for it. */
static enum pulih_db_end check_schema(struct pulih_worker *w)
{
    int64_t sent_us = pulih_mono_us();

    pulih_db_params(w->db);
    size_t call = pulih_db_call(w->db, PULIH_SQL_schema_version);
    enum pulih_db_end end = pulih_db_run(w->db);

    if (end != PULIH_DB_DONE)
        return end;
    int64_t version = pulih_db_int(w->db, call, 0, 0);
    int64_t min_code = pulih_db_int(w->db, call, 0, 1);
    pulih_worker_saw_time(w, sent_us, pulih_db_time(w->db, call, 0, 2));
    if (pulih_db_int(w->db, call, 0, 3)) {
        pulih_log(PULIH_LOG_warning, "database is read-only, waiting", "worker", "%s", w->setup.name, NULL);
        pulih_db_disconnect(w->db);
        return PULIH_DB_RETRY;
    }
    if (version >= PULIH_MIGRATIONS && min_code <= PULIH_MIGRATIONS)
        return PULIH_DB_DONE;
    pulih_log(PULIH_LOG_error,
              version < PULIH_MIGRATIONS ? "database is older than this program: run pulihctl migrate"
                                         : "database is newer than this program: update it",
              "database_schema", "%lld", (long long)version, "program_schema", "%d", PULIH_MIGRATIONS, NULL);
    pulih_db_disconnect(w->db);
    return PULIH_DB_BROKEN;
}

static void log_failure(struct pulih_worker *w, enum pulih_db_end end, const char *event)
{
    bool broken = end == PULIH_DB_BROKEN;

    pulih_count(w->setup.metrics, broken ? PULIH_METRIC_database_errors_total : PULIH_METRIC_retries_total,
                1);
    pulih_log(broken ? PULIH_LOG_error : PULIH_LOG_warning, event, "worker", "%s", w->setup.name, "sqlstate",
              "%s", pulih_db_sqlstate(w->db), "why", "%s", pulih_db_why(w->db), "retry_in_ms", "%lld",
              (long long)(next_backoff_us(w) / 1000), NULL);
}

static enum pulih_db_end take_past(struct pulih_worker *w)
{
    enum pulih_db_end end = PULIH_DB_DONE;

    if (w->lacks_past)
        end = pulih_host_take_past(w->db, w->setup.stage, w->policy, pulih_worker_now(w));
    w->lacks_past = end != PULIH_DB_DONE;
    return end;
}

/* True: connected, prepared, right schema, able to work at once. */
static bool be_up(struct pulih_worker *w)
{
    if (pulih_db_is_up(w->db) && take_past(w) == PULIH_DB_DONE)
        return true;
    pulih_gauge(w->setup.metrics, PULIH_METRIC_up, 0);
    enum pulih_db_end end = pulih_db_connect(w->db);
    if (end == PULIH_DB_DONE)
        end = check_schema(w);
    if (end == PULIH_DB_DONE)
        end = take_past(w);
    if (end == PULIH_DB_DONE) {
        pulih_log(PULIH_LOG_info, "database ready", "worker", "%s", w->setup.name, NULL);
        pulih_gauge(w->setup.metrics, PULIH_METRIC_up, 1);
        w->seen_due_us = 0;
        PULIH_POINT(session_opened);
        return true;
    }
    pulih_db_disconnect(w->db);
    log_failure(w, end,
                pulih_db_sqlstate(w->db)[0] == '4' && pulih_db_sqlstate(w->db)[1] == '2'
                    ? "database lacks the schema: run pulihctl migrate"
                    : "database not available, waiting");
    back_off(w);
    return false;
}

/* So that readiness tells the truth, and a database that went away is noticed before somebody sends work. */
static void look_after_session(struct pulih_worker *w)
{
    if (pulih_mono_us() < w->look_due_us)
        return;
    w->look_due_us = pulih_mono_us() + CHECK_EVERY_US;
    if (check_schema(w) != PULIH_DB_DONE)
        pulih_gauge(w->setup.metrics, PULIH_METRIC_up, 0);
}

static void say_seen(struct pulih_worker *w)
{
    if (!pulih_db_is_up(w->db) || pulih_mono_us() < w->seen_due_us)
        return;
    struct pulih_params *p = pulih_db_params(w->db);
    pulih_params_id(p, &w->id);
    pulih_params_int2(p, (int16_t)w->setup.stage);
    pulih_params_text(p, pulih_view_of(w->name));
    pulih_params_time(p, pulih_worker_now(w));
    pulih_params_int8(p, 0);
    pulih_db_call(w->db, PULIH_SQL_seen);
    pulih_db_run(w->db);
    w->seen_due_us = pulih_mono_us() + SEEN_EVERY_US;
}

/* --- the thread ----------------------------------------------------------------------------------------- */

static bool do_job(struct pulih_worker *w, void *job)
{
    for (int attempt = 0;;) {
        if (!be_up(w)) {
            if (is_stopping(w))
                return false;
            continue;
        }
        enum pulih_db_end end = w->setup.work(w, job, attempt++);
        if (end == PULIH_DB_DONE) {
            w->backoff_us = 0;
            return true;
        }
        log_failure(w, end, "batch not committed, trying again");
        if (is_stopping(w))
            return false;
        back_off(w);
    }
}

static int64_t run_beats(struct pulih_worker *w)
{
    int64_t next_us = pulih_mono_us() + CHECK_EVERY_US;

    for (size_t i = 0; i < w->setup.n_beats; i++) {
        if (pulih_mono_us() >= w->beat_due_us[i]) {
            int64_t wait_us = 0;
            enum pulih_db_end end = w->setup.beats[i].run(w, w->setup.beats[i].arg, &wait_us);
            if (end != PULIH_DB_DONE) {
                log_failure(w, end, "beat not done, trying again");
                back_off(w);
            } else {
                w->backoff_us = 0;
            }
            w->beat_due_us[i] = pulih_mono_us() + wait_us;
        }
        if (w->beat_due_us[i] < next_us)
            next_us = w->beat_due_us[i];
    }
    return next_us;
}

static void swap_policy_locked(struct pulih_worker *w)
{
    if (!w->next_policy)
        return;
    pulih_host_tell_dropped(w->policy, w->next_policy);
    pulih_policy_free(w->policy);
    w->policy = w->next_policy;
    w->next_policy = NULL;
    w->policy_is_new = true;
    w->lacks_past = true;
    pulih_count(w->setup.metrics, PULIH_METRIC_policy_reloads_total, 1);
    pulih_log(PULIH_LOG_info, "policy in force", "worker", "%s", w->setup.name, "version", "%s",
              w->policy->version, NULL);
    PULIH_POINT(policy_swapped);
}

/* Waits for a job until the next beat is due; NULL: none came. */
static void *next_job(struct pulih_worker *w, int64_t until_us, bool *stop)
{
    pthread_mutex_lock(&w->lock);
    while (!w->stopping && (!w->job || w->job_is_done) && !w->next_policy && pulih_mono_us() < until_us)
        wait_locked(w, until_us);
    swap_policy_locked(w);
    void *job = w->job_is_done ? NULL : w->job;
    *stop = w->stopping && !job;
    pthread_mutex_unlock(&w->lock);
    return job;
}

static void job_done(struct pulih_worker *w, bool done)
{
    pthread_mutex_lock(&w->lock);
    w->job_is_done = true;
    w->job_was_done = done;
    pthread_mutex_unlock(&w->lock);
    tell_network(w);
}

static void *run(void *arg)
{
    struct pulih_worker *w = arg;
    int64_t next_us = 0;

    for (bool stop = false; !stop;) {
        void *job = next_job(w, next_us, &stop);
        w->in_job = job;
        if (job)
            job_done(w, do_job(w, job));
        w->in_job = false;
        if (!stop && ((pulih_db_check(w->db) && !w->lacks_past) || be_up(w))) {
            look_after_session(w);
            say_seen(w);
            next_us = run_beats(w);
        }
    }
    return NULL;
}

struct pulih_worker *pulih_worker_start(const struct pulih_worker_setup *setup)
{
    struct pulih_worker *w = calloc(1, sizeof *w);
    pthread_condattr_t attr;
    char host[32] = "";

    if (!w)
        pulih_out_of_memory();
    w->setup = *setup;
    w->policy = setup->policy;
    w->policy_is_new = true;
    w->lacks_past = true;
    w->started_us = pulih_wall_us();
    w->skew_us = w->started_us - pulih_mono_us();
    w->id = pulih_id_new(w->started_us);
    gethostname(host, sizeof host - 1);
    snprintf(w->name, sizeof w->name, "%s@%s:%d", setup->name, host, (int)getpid());
    w->db = pulih_db_new(setup->database, setup->user, w->name);
    if (setup->commits_asynchronously)
        pulih_db_commit_asynchronously(w->db);
    pulih_db_add(w->db, pulih_core_statements, PULIH_SQL_N);
    pulih_db_add_types(w->db, pulih_core_types, PULIH_TYPE_N);
    w->own = pulih_db_add(w->db, setup->statements, setup->n_statements);
    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pulih_must(w->fd >= 0);
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attr);
    pthread_condattr_destroy(&attr);
    pulih_must(pthread_create(&w->thread, NULL, run, w) == 0);
    return w;
}

/* --- the network thread's side -------------------------------------------------------------------------- */

int pulih_worker_fd(const struct pulih_worker *w)
{
    return w->fd;
}

bool pulih_worker_give(struct pulih_worker *w, void *job)
{
    pthread_mutex_lock(&w->lock);
    bool free_now = !w->job;
    if (free_now) {
        w->job = job;
        w->job_is_done = false;
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    return free_now;
}

void *pulih_worker_take(struct pulih_worker *w, bool *ret_done)
{
    void *job = NULL;

    pthread_mutex_lock(&w->lock);
    if (w->job_is_done) {
        job = w->job;
        *ret_done = w->job_was_done;
        w->job = NULL;
        w->job_is_done = false;
    }
    pthread_mutex_unlock(&w->lock);
    return job;
}

bool pulih_worker_busy(struct pulih_worker *w)
{
    pthread_mutex_lock(&w->lock);
    bool busy = w->job != NULL;
    pthread_mutex_unlock(&w->lock);
    return busy;
}

void pulih_worker_set_policy(struct pulih_worker *w, struct pulih_policy *policy)
{
    pthread_mutex_lock(&w->lock);
    pulih_policy_free(w->next_policy);
    w->next_policy = policy;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void pulih_worker_stop(struct pulih_worker *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
}

void pulih_worker_free(struct pulih_worker *w)
{
    if (!w)
        return;
    pulih_db_free(w->db);
    pulih_policy_free(w->policy);
    pulih_policy_free(w->next_policy);
    pulih_buf_free(&w->hint_bytes);
    free(w->hints);
    close(w->fd);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

void pulih_worker_hint(struct pulih_worker *w, enum pulih_stage to, struct pulih_view frame)
{
    pthread_mutex_lock(&w->lock);
    w->hints = pulih_room(w->hints, w->n_hints, &w->cap_hints, sizeof *w->hints);
    w->hints[w->n_hints++] = (struct hint){to, w->hint_bytes.len, frame.len};
    pulih_buf_add_view(&w->hint_bytes, frame);
    pthread_mutex_unlock(&w->lock);
    if (!w->in_job)
        tell_network(w);
}

void pulih_worker_take_hints(struct pulih_worker *w,
                             void (*each)(void *arg, enum pulih_stage to, struct pulih_view frame), void *arg)
{
    uint64_t count;
    ssize_t got = read(w->fd, &count, sizeof count); /* makes the fd quiet again */

    pulih_must(got == (ssize_t)sizeof count || errno == EAGAIN);
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->n_hints; i++)
        each(arg, w->hints[i].to, (struct pulih_view){w->hint_bytes.at + w->hints[i].at, w->hints[i].len});
    w->n_hints = 0;
    pulih_buf_empty(&w->hint_bytes);
    pthread_mutex_unlock(&w->lock);
}
