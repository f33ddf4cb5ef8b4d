#include "services/common/host/stage_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/base/log.h"
#include "pulih/base/must.h"
#include "pulih/base/point.h"
#include "pulih/core/reference.h"

/* --- running the steps ---------------------------------------------------------------------------------- */

static int by_complaint(const void *a, const void *b)
{
    return pulih_id_compare(&((const struct pulih_item *)a)->row.id, &((const struct pulih_item *)b)->row.id);
}

static struct pulih_item *add_item(struct pulih_batch *b)
{
    b->items = pulih_room(b->items, b->n, &b->cap, sizeof *b->items);
    return memset(&b->items[b->n++], 0, sizeof *b->items);
}

static void bury(struct pulih_batch *b, const struct pulih_item *item, enum pulih_stage stage, int64_t now_us)
{
    struct pulih_row_dead *dead = PULIH_ADD(&b->rows, dead);

    dead->complaint = item->row.id;
    dead->shard = pulih_shard(&item->row.id);
    dead->stage = (int16_t)stage;
    dead->version = item->version;
    dead->attempts = b->manifests[item->manifest].attempts;
    dead->reason = pulih_view_of(item->reason);
    dead->at = now_us;
}

static void log_dead(const struct pulih_item *item)
{
    char reference[PULIH_REFERENCE_BYTES] = "";
    char id[37];

    if (item->row.number)
        pulih_reference_print(item->row.number, reference);
    pulih_id_print(&item->row.id, id);
    pulih_log(PULIH_LOG_error, "parked in dead: see pulihctl dead", "complaint", "%s", reference, "id", "%s",
              id, "version", "%d", (int)item->version, "why", "%s", item->reason, NULL);
}

/* Items that are not done move behind the others, in order; they become rows of `dead`. */
static void settle(struct pulih_batch *b, int64_t now_us)
{
    size_t done = 0;

    for (size_t i = 0; i < b->n; i++) {
        if (b->items[i].verdict != PULIH_DONE)
            continue;
        if (i != done) {
            struct pulih_item item = b->items[i];
            memmove(&b->items[done + 1], &b->items[done], (i - done) * sizeof item);
            b->items[done] = item;
        }
        done++;
    }
    for (size_t i = done; i < b->n; i++)
        bury(b, &b->items[i], b->stage->id, now_us);
}

/* Once it is committed: a step that fails over a hint which names nothing buries nothing. */
static void tell_dead(struct pulih_worker *w, const struct pulih_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->items[i].verdict != PULIH_DONE) {
            log_dead(&b->items[i]);
            pulih_count(pulih_worker_metrics(w), PULIH_METRIC_dead_total, 1);
        }
}

static void run_steps(struct pulih_worker *w, struct pulih_batch *b)
{
    struct pulih_step step = {
        .stage = b->stage->id,
        .policy = pulih_worker_policy(w),
        .now_us = pulih_worker_now(w),
        .arena = &b->arena,
        .rows = &b->rows,
        .scratch = &b->scratch,
    };

    if (b->stage->learning)
        step.models = b->stage->learning->models(w, b->stage->learned, step.now_us);
    for (size_t i = 0; i < b->n; i++) {
        step.item = &b->items[i];
        if (step.item->verdict == PULIH_DONE)
            pulih_step_run(&step, b->stage->handlers, b->stage->n_handlers);
    }
    settle(b, step.now_us);
    pulih_batch_hand_on(b, step.now_us);
}

/* Everything the batch does, queued behind whatever is queued already. */
static enum pulih_db_end commit(struct pulih_worker *w, struct pulih_batch *b, const struct pulih_manifest *m,
                                size_t n_manifests)
{
    struct pulih_db *db = pulih_worker_db(w);

    pulih_store_drop(db, b->stage->id, m, n_manifests);
    pulih_store_move(db, b->items, b->n);
    pulih_store_put(db, &b->rows);
    pulih_db_commit(db);
    return pulih_db_run(db);
}

static void count_batch(struct pulih_worker *w, struct pulih_batch *b, int64_t started_us)
{
    struct pulih_metrics *metrics = pulih_worker_metrics(w);
    int64_t kept = 0, broken = 0;

    pulih_count(metrics, PULIH_METRIC_batches_total, 1);
    pulih_count(metrics, PULIH_METRIC_items_total, (int64_t)b->n);
    pulih_count(metrics, PULIH_METRIC_commit_microseconds_total, pulih_mono_us() - started_us);
    pulih_gauge(metrics, PULIH_METRIC_batch_items, (int64_t)b->n);
    for (size_t i = 0; i < b->n; i++) {
        kept += b->items[i].kept;
        broken += b->items[i].broken;
    }
    pulih_count(metrics, PULIH_METRIC_promises_kept_total, kept);
    pulih_count(metrics, PULIH_METRIC_promises_broken_total, broken);
    tell_dead(w, b);
}

/* The next stage first, then what can be learned. */
static void tell_done(struct pulih_worker *w, struct pulih_batch *b)
{
    pulih_batch_hint(b, w);
    if (b->stage->learning)
        b->stage->learning->committed(w, b->stage->learned, b);
}

enum pulih_db_end pulih_stage_prepare(struct pulih_worker *w, const struct pulih_stage_setup *stage)
{
    return stage->learning ? stage->learning->prepare(w, stage->learned) : PULIH_DB_DONE;
}

/* Most stand in the order in which they came. */
static void mark_found(struct pulih_batch *b, size_t n_manifests)
{
    for (size_t i = 0; i < n_manifests; i++)
        for (size_t k = 0; k < b->n_frames; k++) {
            struct pulih_hinted *hinted = &b->hinted[(i + k) % b->n_frames];
            if (hinted->batch != b->manifests[i].batch || hinted->next_at != b->manifests[i].next_at)
                continue;
            hinted->found = true;
            break;
        }
}

/* PULIH_BY_* of the type's handler. */
static unsigned handled_by(const struct pulih_batch *b, enum pulih_m type)
{
    for (size_t i = 0; i < b->stage->n_handlers; i++)
        if (b->stage->handlers[i].on == type)
            return b->stage->handlers[i].by;
    return 0;
}

/* --- fast path: all that is needed came with the hints ---------------------------------------------------
 */

static bool goes_by_hint(const struct pulih_batch *b, const struct pulih_item *item)
{
    if (b->stage->id == PULIH_STAGE_followup && item->row.waiting)
        return false;
    unsigned by = handled_by(b, item->type);
    return by & PULIH_BY_HINT && (!(by & PULIH_BY_STORY) || item->version <= PULIH_FIRST_CHAIN);
}

static bool unpack_item(struct pulih_batch *b, const struct pulih_hint_item *hint, size_t manifest)
{
    struct pulih_item *item = add_item(b);

    if (!pulih_row_unpack(hint->row, &item->row))
        return false;
    if (!pulih_row_is_sound(&item->row))
        return false;
    item->was_version = item->row.version;
    item->was_holder = item->row.holder;
    item->manifest = manifest;
    item->version = (int32_t)hint->version;
    item->type = pulih_message_by_wire(hint->type);
    item->body = hint->body;
    item->text = hint->text;
    return item->type < PULIH_M_N && goes_by_hint(b, item);
}

/* Items of the manifests that can go by hint; those manifests are moved to the front and counted. */
static size_t unpack_hints(struct pulih_batch *b)
{
    size_t fast = 0;

    for (size_t i = 0; i < b->n_manifests; i++) {
        struct pulih_list list = b->hints[i];
        struct pulih_hint_item hint;
        size_t mark = b->n;
        bool fit = true;
        while (fit && pulih_list_next(PULIH_M_hint_item, &list.raw, &hint))
            fit = unpack_item(b, &hint, fast);
        if (!fit) {
            b->n = mark;
            continue;
        }
        struct pulih_manifest m = b->manifests[i];
        b->manifests[i] = b->manifests[fast];
        b->hints[i] = b->hints[fast];
        b->manifests[fast++] = m;
    }
    return fast;
}

/* These were there: the poll may leave what is not much older to the hints. */
static void note_hinted(struct pulih_worker *w, struct pulih_batch *b, size_t n_manifests)
{
    struct pulih_stage_setup *stage = b->stage;
    int64_t now_us = pulih_worker_now(w);

    for (size_t i = 0; i < n_manifests; i++) {
        int64_t next_at = b->manifests[i].next_at;
        if (stage->hinted_us < next_at)
            stage->hinted_us = next_at;
        stage->hint_age_us += (now_us - next_at - stage->hint_age_us) / 4;
    }
}

static enum pulih_db_end work_by_hint(struct pulih_worker *w, struct pulih_batch *b)
{
    int64_t started_us = pulih_mono_us();
    size_t fast = unpack_hints(b);
    enum pulih_db_end end = PULIH_DB_DONE;

    if (fast) {
        qsort(b->items, b->n, sizeof *b->items, by_complaint);
        run_steps(w, b);
        pulih_db_begin(pulih_worker_db(w));
        end = commit(w, b, b->manifests, fast);
    }
    if (end == PULIH_DB_DONE && fast) {
        note_hinted(w, b, fast);
        count_batch(w, b, started_us);
        tell_done(w, b);
        mark_found(b, fast);
        memmove(b->manifests, b->manifests + fast, (b->n_manifests - fast) * sizeof *b->manifests);
        b->n_manifests -= fast;
    }
    return end;
}

/* --- slow path: lock, read, then the same ----------------------------------------------------------------
 */

static void start_over(struct pulih_batch *b)
{
    b->n = 0;
    pulih_rows_empty(&b->rows);
}

static void list_items(struct pulih_batch *b)
{
    for (size_t m = 0; m < b->n_manifests; m++)
        for (size_t i = 0; i < b->manifests[m].n; i++) {
            struct pulih_item *item = add_item(b);
            pulih_manifest_get(&b->manifests[m], i, &item->row.id, &item->version);
            item->row.shard = pulih_shard(&item->row.id);
            item->manifest = m;
            item->type = PULIH_M_N;
        }
    qsort(b->items, b->n, sizeof *b->items, by_complaint);
}

/* Takes the locked rows into the items. What another hand has moved on already is dropped. */
static void take_complaints(struct pulih_worker *w, struct pulih_batch *b, size_t call)
{
    struct pulih_db *db = pulih_worker_db(w);
    size_t row = 0, kept = 0, rows = pulih_db_rows(db, call);

    for (size_t i = 0; i < b->n; i++) {
        struct pulih_item *item = &b->items[i];
        struct pulih_row_complaint found = {0};
        if (row < rows)
            pulih_store_read_complaint(db, call, row, &found);
        if (pulih_id_compare(&found.id, &item->row.id) != 0) {
            item->verdict = PULIH_NEVER;
            item->reason = "the complaint is not there";
        } else {
            row++;
            item->row = found;
            item->was_version = found.version;
            item->was_holder = found.holder;
            if (found.holder != (int16_t)b->stage->id) {
                pulih_count(pulih_worker_metrics(w), PULIH_METRIC_stale_total, 1);
                continue;
            }
        }
        b->items[kept++] = *item;
    }
    b->n = kept;
}

/* Chronologies of those whose handlers reckon with clocks. */
static enum pulih_db_end read_stories(struct pulih_worker *w, struct pulih_batch *b)
{
    struct pulih_db *db = pulih_worker_db(w);
    bool *wants = pulih_arena_get(&b->arena, b->n * sizeof *wants);
    size_t wanted = 0;

    for (size_t i = 0; i < b->n; i++) {
        wants[i] = b->items[i].verdict == PULIH_DONE && handled_by(b, b->items[i].type) & PULIH_BY_STORY;
        wanted += wants[i];
    }
    if (!wanted)
        return PULIH_DB_DONE;
    size_t call = pulih_store_load_story(db, b->items, b->n, wants);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE)
        pulih_store_read_story(db, call, &b->arena, b->items);
    return end;
}

static enum pulih_db_end read_items(struct pulih_worker *w, struct pulih_batch *b)
{
    struct pulih_db *db = pulih_worker_db(w);
    size_t call = pulih_store_lock(db, b->items, b->n);
    enum pulih_db_end end = pulih_db_run(db);

    if (end != PULIH_DB_DONE)
        return end;
    PULIH_POINT(stage_locked);
    take_complaints(w, b, call);
    call = pulih_store_load(db, b->items, b->n);
    end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    PULIH_POINT(stage_read);
    pulih_store_read_work(db, call, &b->arena, b->items);
    for (size_t i = 0; i < b->n; i++)
        if (b->items[i].verdict == PULIH_DONE && b->items[i].type == PULIH_M_N) {
            b->items[i].verdict = PULIH_NEVER;
            b->items[i].reason = "the event is not there, or of an unknown type";
        }
    return read_stories(w, b);
}

enum pulih_db_end pulih_stage_work_locked(struct pulih_worker *w, struct pulih_batch *b)
{
    int64_t started_us = pulih_mono_us();
    enum pulih_db_end end;

    start_over(b);
    list_items(b);
    end = read_items(w, b);
    if (end != PULIH_DB_DONE)
        return end;
    run_steps(w, b);
    end = commit(w, b, b->manifests, b->n_manifests);
    if (end == PULIH_DB_DONE) {
        count_batch(w, b, started_us);
        pulih_count(pulih_worker_metrics(w), PULIH_METRIC_slow_batches_total, 1);
        tell_done(w, b);
    }
    return end;
}

/* Locks the batch's manifests by their keys; those that are gone or locked are somebody else's. */
static enum pulih_db_end lock_by_keys(struct pulih_worker *w, struct pulih_batch *b)
{
    struct pulih_db *db = pulih_worker_db(w);

    pulih_db_begin(db);
    size_t call =
        pulih_store_call_keys(db, PULIH_SQL_lock_manifests, b->stage->id, b->manifests, b->n_manifests);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    b->n_manifests = pulih_db_rows(db, call);
    for (size_t i = 0; i < b->n_manifests; i++)
        pulih_store_read_manifest(db, call, i, &b->arena, &b->manifests[i]);
    mark_found(b, b->n_manifests);
    return PULIH_DB_DONE;
}

/* --- poison: halving -------------------------------------------------------------------------------------
 */

enum pulih_db_end pulih_stage_halve_locked(struct pulih_worker *w, struct pulih_batch *b, const char *reason)
{
    struct pulih_db *db = pulih_worker_db(w);
    int64_t now_us = pulih_worker_now(w);

    PULIH_POINT(halving);
    start_over(b);
    list_items(b);
    for (size_t i = 0; i < PULIH_COUNT(b->out); i++)
        pulih_buf_empty(&b->out[i]);
    if (b->n == 1) {
        b->items[0].verdict = PULIH_NEVER;
        b->items[0].reason = reason;
        settle(b, now_us);
    } else {
        for (size_t i = 0; i < b->n; i++)
            pulih_manifest_put(&b->out[i < b->n / 2 ? 0 : 1], &b->items[i].row.id, b->items[i].version);
        pulih_store_manifest(&b->rows, b->stage->id, now_us, 1, pulih_view_of_buf(&b->out[0]));
        pulih_store_manifest(&b->rows, b->stage->id, now_us, 1, pulih_view_of_buf(&b->out[1]));
        pulih_count(pulih_worker_metrics(w), PULIH_METRIC_halved_total, 1);
    }
    pulih_store_drop(db, b->stage->id, b->manifests, b->n_manifests);
    pulih_store_put(db, &b->rows);
    pulih_db_commit(db);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE)
        tell_dead(w, b);
    return end;
}

enum pulih_db_end pulih_stage_isolate(struct pulih_worker *w, struct pulih_batch *b)
{
    char reason[300];

    snprintf(reason, sizeof reason, "the database refuses it: %s %s", pulih_db_sqlstate(pulih_worker_db(w)),
             pulih_db_why(pulih_worker_db(w)));
    pulih_log(PULIH_LOG_warning, "batch refused by the database, halving it", "items", "%zu", b->n, "why",
              "%s", reason, NULL);
    enum pulih_db_end end = lock_by_keys(w, b);
    if (end != PULIH_DB_DONE)
        return end;
    if (b->n_manifests)
        return pulih_stage_halve_locked(w, b, reason);
    pulih_db_rollback(pulih_worker_db(w));
    return PULIH_DB_DONE;
}

enum pulih_db_end pulih_stage_work_by_reading(struct pulih_worker *w, struct pulih_batch *b)
{
    enum pulih_db_end end = lock_by_keys(w, b);

    if (end != PULIH_DB_DONE)
        return end;
    if (b->n_manifests == 0) {
        pulih_db_rollback(pulih_worker_db(w));
        return PULIH_DB_DONE;
    }
    end = pulih_stage_work_locked(w, b);
    return end == PULIH_DB_DATA ? pulih_stage_isolate(w, b) : end;
}

enum pulih_db_end pulih_stage_work(struct pulih_worker *w, void *job, int attempt)
{
    struct pulih_batch *b = job;
    enum pulih_db_end end = pulih_stage_prepare(w, b->stage);

    if (end != PULIH_DB_DONE)
        return end;
    if (attempt == 0)
        end = work_by_hint(w, b);
    if (end == PULIH_DB_DATA)
        return pulih_stage_isolate(w, b);
    if (end != PULIH_DB_DONE && end != PULIH_DB_MISMATCH)
        return end;
    end = b->n_manifests ? pulih_stage_work_by_reading(w, b) : PULIH_DB_DONE;
    if (end == PULIH_DB_DONE)
        note_hinted(w, b, b->n_manifests);
    return end;
}
