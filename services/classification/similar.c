/* Two transactions: the first writes the keys of new complaints, the second looks for others that have them.
 * Of two complaints that come at once, at two replicas, one commits its keys first; the other looks after it
 * has committed its own, and finds the first. Both may: the link's key lets one pass. What dies in between is
 * done again: keys are written once however often it is tried, and the portion is still named. */
#include "services/classification/similar.h"

#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "pulih/base/point.h"
#include "pulih/core/reference.h"
#include "services/classification/history.h"

enum {
    ITEMS_MOST = 64,      /* in a portion: intake puts no more into a row */
    OTHERS_PER_KEY = 3,   /* the next older ones, and as many younger; thousands of one text make a chain */
    PRUNED_AT_ONCE = 512, /* more than a portion writes */
    PAUSE_PER_WORK = 19,
};
static const int64_t LOOK_EVERY_US = 250 * 1000, US_PER_MS = 1000, US_PER_DAY = INT64_C(86400) * 1000000,
                     FUTURE_US = 1000 * 1000;

/* A portion of the work. Everything lies in the batch's arena. */
struct portion {
    struct pulih_worker *w;
    struct pulih_batch *batch;
    struct pulih_row_unlinked rows[ITEMS_MOST]; /* without items */
    size_t n_rows;
    struct alike_story *stories;
    size_t n;
    struct alike_pair *pairs;
    size_t n_pairs;
    struct history history;
};

static size_t call(struct portion *p, enum classification_statement s)
{
    return pulih_db_call(pulih_worker_db(p->w), pulih_worker_own(p->w) + s);
}

/* --- what is due ---------------------------------------------------------------------------------------- */

/* What comes from the future was written while a clock was wrong: nobody waits for that time. */
static bool is_due(int64_t at_us, int64_t now_us, int64_t after_us)
{
    return at_us <= now_us - after_us || at_us > now_us + FUTURE_US;
}

/* Takes the items of claimed rows as far as they make a portion; the others are let go with the keys. */
static void take_claimed(struct portion *p, size_t claimed, int64_t after_us)
{
    struct pulih_db *db = pulih_worker_db(p->w);
    int64_t now_us = pulih_worker_now(p->w), oldest_us = now_us;
    struct pulih_id id;

    if (pulih_db_rows(db, claimed))
        oldest_us = pulih_db_time(db, claimed, 0, 0);
    pulih_gauge(pulih_worker_metrics(p->w), PULIH_METRIC_uncompared_oldest_microseconds,
                oldest_us < now_us ? now_us - oldest_us : 0);
    p->stories = pulih_arena_get(&p->batch->arena, ITEMS_MOST * sizeof *p->stories);
    for (size_t i = 0; i < pulih_db_rows(db, claimed); i++) {
        struct pulih_view items = pulih_db_view(db, claimed, i, 2);
        size_t n = items.len / sizeof id;
        int64_t at_us = pulih_db_time(db, claimed, i, 0);
        if (!is_due(at_us, now_us, after_us))
            continue;
        if (p->n + n > ITEMS_MOST)
            break;
        p->rows[p->n_rows].at = at_us;
        p->rows[p->n_rows++].batch = pulih_db_int(db, claimed, i, 1);
        for (size_t k = 0; k < n; k++) {
            struct alike_story *story = &p->stories[p->n++];
            memcpy(story->id.b, items.at + k * sizeof id, sizeof id);
            story->shard = pulih_shard(&story->id);
        }
    }
}

static enum pulih_db_end claim(struct portion *p, const struct pulih_conf *conf)
{
    struct pulih_db *db = pulih_worker_db(p->w);
    int64_t now_us = pulih_worker_now(p->w);

    pulih_db_begin(db);
    struct pulih_params *params = pulih_db_params(db);
    pulih_params_time(params, now_us - conf->links_days * US_PER_DAY);
    pulih_params_int8(params, PRUNED_AT_ONCE);
    call(p, CLASSIFICATION_SQL_prune_traces);
    pulih_params_int8(pulih_db_params(db), ITEMS_MOST);
    size_t claimed = call(p, CLASSIFICATION_SQL_claim_unlinked);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE)
        take_claimed(p, claimed, conf->links_after_ms * US_PER_MS);
    return end;
}

/* --- the first transaction: keys ------------------------------------------------------------------------ */

static enum pulih_db_end read_stories(struct portion *p, struct alike_story *stories, size_t n)
{
    struct pulih_db *db = pulih_worker_db(p->w);
    struct pulih_params *params = pulih_db_params(db);

    pulih_params_array(params, PULIH_OID_UUID, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_id(params, &stories[i].id);
    pulih_params_array(params, PULIH_OID_INT2, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int2(params, stories[i].shard);
    size_t read = call(p, CLASSIFICATION_SQL_read_stories);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    for (size_t i = 0; i < pulih_db_rows(db, read); i++) {
        struct alike_story *story = &stories[pulih_db_int(db, read, i, 0) - 1];
        story->tenant = (int32_t)pulih_db_int(db, read, i, 1);
        story->number = pulih_db_int(db, read, i, 2);
        story->received_at = pulih_db_time(db, read, i, 3);
        alike_read(story, pulih_db_view(db, read, i, 4), pulih_db_view(db, read, i, 5));
    }
    return PULIH_DB_DONE;
}

/* A row for each key of each story. */
static void add_traces(struct portion *p)
{
    int64_t keys[ALIKE_KEYS_MAX];

    for (size_t i = 0; i < p->n; i++) {
        const struct alike_story *story = &p->stories[i];
        size_t n = story->number ? alike_keys(story, keys) : 0;
        for (size_t k = 0; k < n; k++) {
            struct pulih_row_trace *trace = PULIH_ADD(&p->batch->rows, trace);
            *trace = (struct pulih_row_trace){.complaint = story->id,
                                              .shard = story->shard,
                                              .key = keys[k],
                                              .slot = (int16_t)((uint64_t)keys[k] % 64),
                                              .tenant = story->tenant,
                                              .at = story->received_at};
        }
    }
}

static enum pulih_db_end write_keys(struct portion *p)
{
    struct pulih_db *db = pulih_worker_db(p->w);
    const struct pulih_rowset *traces = &p->batch->rows.of[PULIH_T_trace];
    enum pulih_db_end end = p->n ? read_stories(p, p->stories, p->n) : PULIH_DB_DONE;

    if (end != PULIH_DB_DONE)
        return end;
    add_traces(p);
    if (traces->n) {
        pulih_rows_bind(PULIH_T_trace, pulih_db_type(db, PULIH_T_trace), traces->at, traces->n,
                        pulih_db_params(db));
        call(p, CLASSIFICATION_SQL_put_trace);
    }
    pulih_db_commit(db);
    return pulih_db_run(db);
}

/* --- the second transaction: who else has them ---------------------------------------------------------- */

static size_t queue_drop(struct portion *p)
{
    struct pulih_params *params = pulih_db_params(pulih_worker_db(p->w));

    pulih_params_array(params, PULIH_OID_TIMESTAMPTZ, p->n_rows);
    for (size_t i = 0; i < p->n_rows; i++)
        pulih_params_time(params, p->rows[i].at);
    pulih_params_array(params, PULIH_OID_INT8, p->n_rows);
    for (size_t i = 0; i < p->n_rows; i++)
        pulih_params_int8(params, p->rows[i].batch);
    pulih_params_end(params);
    return call(p, CLASSIFICATION_SQL_drop_unlinked);
}

static size_t queue_find(struct portion *p)
{
    const struct pulih_row_trace *traces = PULIH_ROWS(&p->batch->rows, trace);
    size_t n = p->batch->rows.of[PULIH_T_trace].n;
    struct pulih_params *params = pulih_db_params(pulih_worker_db(p->w));

    pulih_params_array(params, PULIH_OID_INT8, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int8(params, traces[i].key);
    pulih_params_array(params, PULIH_OID_INT2, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int2(params, traces[i].slot);
    pulih_params_array(params, PULIH_OID_INT4, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int4(params, traces[i].tenant);
    pulih_params_array(params, PULIH_OID_UUID, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_id(params, &traces[i].complaint);
    pulih_params_end(params);
    pulih_params_int8(params, OTHERS_PER_KEY);
    return call(p, CLASSIFICATION_SQL_find_similar);
}

static size_t story_of(const struct portion *p, const struct pulih_id *id)
{
    size_t i = 0;

    while (pulih_id_compare(&p->stories[i].id, id) != 0)
        i++;
    return i;
}

static void take_found(struct portion *p, size_t found)
{
    struct pulih_db *db = pulih_worker_db(p->w);
    const struct pulih_row_trace *traces = PULIH_ROWS(&p->batch->rows, trace);
    size_t n = pulih_db_rows(db, found);

    p->pairs = pulih_arena_get(&p->batch->arena, n * sizeof *p->pairs);
    for (size_t i = 0; i < n; i++) {
        const struct pulih_row_trace *trace = &traces[pulih_db_int(db, found, i, 0) - 1];
        p->pairs[i] = (struct alike_pair){.self = story_of(p, &trace->complaint),
                                          .other = pulih_db_id(db, found, i, 1),
                                          .other_shard = (int16_t)pulih_db_int(db, found, i, 2)};
    }
    p->n_pairs = alike_distinct(p->pairs, n);
}

/* Having a key in common is a reason to look: now the texts themselves are compared. */
static enum pulih_db_end judge(struct portion *p)
{
    struct alike_story *others = pulih_arena_get(&p->batch->arena, p->n_pairs * sizeof *others);

    for (size_t i = 0; i < p->n_pairs; i++) {
        others[i].id = p->pairs[i].other;
        others[i].shard = p->pairs[i].other_shard;
    }
    enum pulih_db_end end = read_stories(p, others, p->n_pairs);
    for (size_t i = 0; end == PULIH_DB_DONE && i < p->n_pairs; i++)
        alike_judge(&p->pairs[i], &p->stories[p->pairs[i].self], &others[i]);
    if (end == PULIH_DB_DONE)
        p->n_pairs = alike_best(p->pairs, p->n_pairs, p->stories);
    return end;
}

/* --- suggestions ---------------------------------------------------------------------------------------- */

static int by_complaint(const void *a, const void *b)
{
    return pulih_id_compare(&((const struct pulih_item *)a)->row.id, &((const struct pulih_item *)b)->row.id);
}

static void add_items(struct portion *p)
{
    struct pulih_batch *b = p->batch;
    bool *has = pulih_arena_get(&b->arena, p->n * sizeof *has);

    for (size_t i = 0; i < p->n; i++)
        has[i] = history_is_hyperactive(&p->history, i);
    for (size_t i = 0; i < p->n_pairs; i++)
        has[p->pairs[i].self] = true;
    for (size_t i = 0; i < p->n; i++) {
        if (!has[i])
            continue;
        b->items = pulih_room(b->items, b->n, &b->cap, sizeof *b->items);
        b->items[b->n++] = (struct pulih_item){.row = {.id = p->stories[i].id, .shard = p->stories[i].shard}};
    }
    qsort(b->items, b->n, sizeof *b->items, by_complaint);
}

static size_t queue_suggest(struct portion *p)
{
    struct pulih_db *db = pulih_worker_db(p->w);
    struct pulih_rowset *links = &p->batch->rows.of[PULIH_T_link];

    for (size_t i = 0; i < p->n_pairs; i++) {
        struct pulih_row_link *link = PULIH_ADD(&p->batch->rows, link);
        alike_link(&p->pairs[i], p->stories, link);
        link->likeness = (int16_t)p->pairs[i].likeness;
        link->score = (int16_t)p->pairs[i].score;
        link->state = PULIH_link_suggested;
        link->suggested_at = pulih_worker_now(p->w);
    }
    pulih_rows_bind(PULIH_T_link, pulih_db_type(db, PULIH_T_link), links->at, links->n, pulih_db_params(db));
    links->n = 0; /* written by this statement, and not with the other rows */
    return call(p, CLASSIFICATION_SQL_suggest_links);
}

static bool is_new(struct portion *p, size_t suggested, const struct alike_pair *pair)
{
    struct pulih_db *db = pulih_worker_db(p->w);
    struct pulih_row_link link;

    alike_link(pair, p->stories, &link);
    for (size_t i = 0; i < pulih_db_rows(db, suggested); i++) {
        struct pulih_id complaint = pulih_db_id(db, suggested, i, 0),
                        other = pulih_db_id(db, suggested, i, 1);
        if (pulih_id_compare(&complaint, &link.complaint) == 0 && pulih_id_compare(&other, &link.other) == 0)
            return true;
    }
    return false;
}

/* The complaint was at rest: who owns its newest message takes it. */
static void hand_over(struct pulih_item *item, enum pulih_m m)
{
    item->to = pulih_message(m)->to;
    item->to_type = m;
    item->to_version = item->row.version;
}

static void post(struct portion *p, struct pulih_item *item, const struct alike_pair *pair)
{
    struct pulih_batch *b = p->batch;
    struct pulih_similar_found found = {0};
    char reference[PULIH_REFERENCE_BYTES];
    int64_t now_us = pulih_worker_now(p->w);
    struct pulih_row_event event = {
        .type = PULIH_WIRE_similar_found, .occurred_at = now_us, .recorded_at = now_us};

    pulih_reference_print(pair->other_number, reference);
    PULIH_SET(&found, similar_found, other, pair->other);
    PULIH_SET(&found, similar_found, reference, pulih_view_of(reference));
    PULIH_SET(&found, similar_found, likeness, (uint16_t)pair->likeness);
    PULIH_SET(&found, similar_found, score, (uint64_t)pair->score);
    pulih_buf_empty(&b->scratch);
    pulih_msg_encode(PULIH_M_similar_found, &found, PULIH_CLASS_OPEN, &b->scratch);
    event.body = pulih_arena_copy(&b->arena, pulih_view_of_buf(&b->scratch));
    if (pulih_mail_post(&item->row, &b->rows, &event))
        hand_over(item, PULIH_M_similar_found);
}

/* Reads the locked rows and tells each complaint what is new; those that hear nothing are left out. */
static void tell(struct portion *p, size_t suggested, size_t locked)
{
    struct pulih_db *db = pulih_worker_db(p->w);
    struct pulih_batch *b = p->batch;
    size_t row = 0, kept = 0;

    for (size_t i = 0; i < b->n && row < pulih_db_rows(db, locked); i++) {
        struct pulih_item *item = &b->items[i];
        struct pulih_id id = item->row.id;
        pulih_store_read_complaint(db, locked, row, &item->row);
        if (pulih_id_compare(&item->row.id, &id) != 0)
            continue;
        row++;
        item->was_version = item->row.version;
        item->was_holder = item->row.holder;
        for (size_t k = 0; k < p->n_pairs; k++)
            if (pulih_id_compare(&p->stories[p->pairs[k].self].id, &id) == 0 &&
                is_new(p, suggested, &p->pairs[k]))
                post(p, item, &p->pairs[k]);
        size_t story = story_of(p, &id);
        if (history_is_hyperactive(&p->history, story) &&
            history_tell(&p->history, story, item, b, pulih_worker_now(p->w)))
            hand_over(item, PULIH_M_history_found);
        if (item->row.version > item->was_version)
            b->items[kept++] = *item;
    }
    b->n = kept;
}

static enum pulih_db_end suggest(struct portion *p)
{
    struct pulih_db *db = pulih_worker_db(p->w);

    add_items(p);
    /* Complaints first, as everywhere. */
    size_t locked = pulih_store_lock(db, p->batch->items, p->batch->n), suggested = queue_suggest(p);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    pulih_count(pulih_worker_metrics(p->w), PULIH_METRIC_suggested_total,
                (int64_t)pulih_db_rows(db, suggested));
    tell(p, suggested, locked);
    pulih_batch_hand_on(p->batch, pulih_worker_now(p->w));
    return PULIH_DB_DONE;
}

static bool has_hyperactive(const struct portion *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (history_is_hyperactive(&p->history, i))
            return true;
    return false;
}

static enum pulih_db_end link_alike(struct portion *p)
{
    struct pulih_db *db = pulih_worker_db(p->w);
    enum pulih_db_end end;

    pulih_db_begin(db);
    size_t dropped = queue_drop(p), found = queue_find(p),
           counted = history_ask(&p->history, p->w, p->stories, p->n);
    end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    if (pulih_db_rows(db, dropped) != p->n_rows) { /* another replica was faster */
        pulih_db_rollback(db);
        return PULIH_DB_DONE;
    }
    take_found(p, found);
    history_take(&p->history, db, counted);
    pulih_rows_empty(&p->batch->rows); /* the keys are written */
    if (p->n_pairs)
        end = judge(p);
    if (end == PULIH_DB_DONE && (p->n_pairs || has_hyperactive(p)))
        end = suggest(p);
    if (end != PULIH_DB_DONE)
        return end;
    pulih_store_move(db, p->batch->items, p->batch->n);
    pulih_store_put(db, &p->batch->rows);
    pulih_db_commit(db);
    end = pulih_db_run(db);
    if (end == PULIH_DB_DONE) {
        pulih_count(pulih_worker_metrics(p->w), PULIH_METRIC_compared_total, (int64_t)p->n);
        pulih_batch_hint(p->batch, p->w);
    }
    return end;
}

/* --- the beat ------------------------------------------------------------------------------------------- */

enum pulih_db_end classification_compare(struct pulih_worker *w, void *arg, int64_t *ret_wait_us)
{
    const struct pulih_host *h = arg;
    struct pulih_batch batch PULIH_AUTO(pulih_batch_free) = {0};
    struct portion p = {
        .w = w, .batch = &batch, .history = {.conf = &h->conf, .policy = pulih_worker_policy(w)->version}};
    int64_t started_us = pulih_mono_us();

    *ret_wait_us = LOOK_EVERY_US;
    if (!h->conf.links_days)
        return PULIH_DB_DONE;
    enum pulih_db_end end = claim(&p, &h->conf);
    if (end != PULIH_DB_DONE)
        return end;
    end = write_keys(&p);
    if (end == PULIH_DB_DONE && p.n)
        end = link_alike(&p);
    if (p.n)
        *ret_wait_us = PAUSE_PER_WORK * (pulih_mono_us() - started_us);
    return end;
}
