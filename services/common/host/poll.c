/* The poll: finds work that no hint brought, and counts tries of what daemons may have died of. */
#include "services/common/host/stage_impl.h"

#include "pulih/base/clock.h"
#include "pulih/base/point.h"

/* Work older than this may have killed a daemon: it is counted before it is tried. So is work from the
 * future, whose age nobody knows. */
static const int64_t SUSPECT_US = 5 * 1000 * 1000;
/* While hints keep coming, only hints that are surely lost are looked for: those of work so much older than
 * what the last ones brought. However long their queue is, the poll does not take what stands in it. */
static const int64_t BUSY_GRACE_US = 1000 * 1000;
enum { ALONE_ATTEMPTS = 5, HINT_AGES = 3 };
/* Where neither hints nor the poll bring work, each look is twice as far from the one before, up to that many
 * doublings. */
enum { IDLE_DOUBLINGS_MAX = 3 };

/* From the locked manifests, those that make one batch: a prefix in the order of age, within the cap; one
 * that was tried before goes alone. */
static void choose(struct pulih_batch *b)
{
    size_t n = 0, items = 0;

    while (n < b->n_manifests) {
        const struct pulih_manifest *m = &b->manifests[n];
        bool alone = m->attempts > 0;
        if (n && (alone || items + m->n > (size_t)b->stage->batch_items))
            break;
        items += m->n;
        n++;
        if (alone)
            break;
    }
    b->stage->most = items ? (int64_t)((size_t)b->stage->batch_items * n / items) + 1 : PULIH_LOCK_MOST;
    if (b->stage->most > PULIH_LOCK_MOST)
        b->stage->most = PULIH_LOCK_MOST;
    b->n_manifests = n;
}

static enum pulih_db_end lock_due(struct pulih_worker *w, struct pulih_batch *b, int64_t before_us)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct pulih_params *p;

    pulih_db_begin(db);
    p = pulih_db_params(db);
    pulih_params_int2(p, (int16_t)b->stage->id);
    pulih_params_time(p, before_us);
    pulih_params_int8(p, b->stage->most);
    size_t call = pulih_db_call(db, PULIH_SQL_lock_due);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    for (size_t i = 0; i < pulih_db_rows(db, call); i++) {
        b->manifests = pulih_room(b->manifests, b->n_manifests, &b->cap_manifests, sizeof *b->manifests);
        pulih_store_read_manifest(db, call, i, &b->arena, &b->manifests[b->n_manifests++]);
    }
    choose(b);
    return PULIH_DB_DONE;
}

/* Counts a try before it is made, so that a daemon that dies of it leaves a trace. */
static enum pulih_db_end count_try(struct pulih_worker *w, struct pulih_batch *b)
{
    struct pulih_db *db = pulih_worker_db(w);

    pulih_store_call_keys(db, PULIH_SQL_bump_manifests, b->stage->id, b->manifests, b->n_manifests);
    pulih_db_commit(db);
    return pulih_db_run(db);
}

/* A failure that the daemon outlives is no death: the count is taken back as soon as the database lets us. */
static enum pulih_db_end take_back(struct pulih_worker *w, struct pulih_stage_setup *stage)
{
    struct pulih_db *db = pulih_worker_db(w);

    if (!stage->n_counted)
        return PULIH_DB_DONE;
    pulih_store_call_keys(db, PULIH_SQL_unbump_manifests, stage->id, stage->counted, stage->n_counted);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE)
        stage->n_counted = 0;
    return end;
}

static void remember_counted(struct pulih_stage_setup *stage, const struct pulih_batch *b)
{
    stage->n_counted = b->n_manifests;
    for (size_t i = 0; i < b->n_manifests; i++)
        stage->counted[i] =
            (struct pulih_manifest){.next_at = b->manifests[i].next_at, .batch = b->manifests[i].batch};
}

static enum pulih_db_end work_counted(struct pulih_worker *w, struct pulih_batch *b)
{
    enum pulih_db_end end = count_try(w, b);

    if (end != PULIH_DB_DONE)
        return end;
    remember_counted(b->stage, b);
    PULIH_POINT(try_counted);
    end = pulih_stage_work_by_reading(w, b);
    if (end == PULIH_DB_DONE)
        b->stage->n_counted = 0;
    return end;
}

static enum pulih_db_end work_due(struct pulih_worker *w, struct pulih_batch *b, int64_t before_us,
                                  bool *ret_found)
{
    enum pulih_db_end end = lock_due(w, b, before_us);

    *ret_found = end == PULIH_DB_DONE && b->n_manifests > 0;
    if (!*ret_found) {
        pulih_db_rollback(pulih_worker_db(w));
        return end;
    }
    PULIH_POINT(poll_found);
    pulih_count(pulih_worker_metrics(w), PULIH_METRIC_poll_found_total, (int64_t)b->n_manifests);
    const struct pulih_manifest *first = &b->manifests[0];
    if (first->attempts >= ALONE_ATTEMPTS)
        return pulih_stage_halve_locked(w, b, "daemons died of it again and again");
    int64_t now_us = pulih_worker_now(w);
    bool is_young = first->next_at > now_us - SUSPECT_US && first->next_at < now_us + BUSY_GRACE_US;
    if (is_young) {
        end = pulih_stage_work_locked(w, b);
        return end == PULIH_DB_DATA ? pulih_stage_isolate(w, b) : end;
    }
    return work_counted(w, b);
}

/* When the oldest manifest was written; 0: there is none. */
static enum pulih_db_end look(struct pulih_worker *w, const struct pulih_stage_setup *stage,
                              int64_t *ret_oldest_us)
{
    struct pulih_db *db = pulih_worker_db(w);
    int64_t sent_us = pulih_mono_us();

    pulih_params_int2(pulih_db_params(db), (int16_t)stage->id);
    size_t call = pulih_db_call(db, PULIH_SQL_oldest_pending);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    pulih_worker_saw_time(w, sent_us, pulih_db_time(db, call, 0, 1));
    *ret_oldest_us = pulih_db_time(db, call, 0, 0);
    int64_t age_us = *ret_oldest_us ? pulih_worker_now(w) - *ret_oldest_us : 0;
    pulih_gauge(pulih_worker_metrics(w), PULIH_METRIC_pending_oldest_microseconds, age_us > 0 ? age_us : 0);
    return PULIH_DB_DONE;
}

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Work is as old as its transaction when others see it: where commits are slow, its hint may still come. */
static int64_t grace_of(struct pulih_worker *w, const struct pulih_stage_setup *stage)
{
    int64_t late_us = HINT_AGES * stage->hint_age_us;
    int64_t grace_us = longer(stage->grace_us, late_us < BUSY_GRACE_US ? late_us : BUSY_GRACE_US);

    return stage->hinted_us ? longer(grace_us, pulih_worker_now(w) - stage->hinted_us + BUSY_GRACE_US)
                            : grace_us;
}

/* Work is due up to this time; 0: nothing is. What comes from the future was written while a clock was wrong:
 * nobody waits for that time. */
static int64_t due_until(int64_t oldest_us, int64_t now_us, int64_t grace_us)
{
    if (!oldest_us)
        return 0;
    if (oldest_us >= now_us + BUSY_GRACE_US)
        return oldest_us;
    return oldest_us <= now_us - grace_us ? now_us - grace_us : 0;
}

/* How long until the next look. A little unevenness keeps replicas from asking in step. */
static int64_t pause_us(struct pulih_stage_setup *stage, bool busy)
{
    if (busy)
        stage->idle = 0;
    else if (stage->idle < IDLE_DOUBLINGS_MAX)
        stage->idle++;
    int64_t poll_us = stage->poll_us << stage->idle;
    return poll_us - poll_us / 8 + pulih_mono_us() % (poll_us / 4 + 1);
}

enum pulih_db_end pulih_stage_poll(struct pulih_worker *w, void *arg, int64_t *ret_wait_us)
{
    struct pulih_stage_setup *stage = arg;
    int64_t oldest_us = 0;
    bool found = false;
    enum pulih_db_end end = look(w, stage, &oldest_us);
    int64_t until_us = due_until(oldest_us, pulih_worker_now(w), grace_of(w, stage));
    bool busy = oldest_us || stage->hinted_us;

    stage->hinted_us = 0;
    stage->poll.stage = stage;
    if (end == PULIH_DB_DONE)
        end = take_back(w, stage);
    if (end == PULIH_DB_DONE && until_us)
        end = pulih_stage_prepare(w, stage);
    if (end == PULIH_DB_DONE && until_us) {
        pulih_batch_empty(&stage->poll);
        end = work_due(w, &stage->poll, until_us, &found);
    }
    *ret_wait_us = found ? 0 : pause_us(stage, busy);
    return end == PULIH_DB_MISMATCH ? PULIH_DB_DONE : end;
}
