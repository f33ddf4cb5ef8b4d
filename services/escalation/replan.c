/* A policy that comes into force moves deadlines of complaints that live: those are told so by mail, as of a
 * deadline that passes. Whoever of several replicas finds that work is left goes on where it was left. */
#include <stdlib.h>

#include "pulih/base/must.h"
#include "pulih/core/ladder.h"
#include "pulih/host/service.h"
#include "services/escalation/handlers.h"
#include "services/escalation/timer.h"

/* Where the look through the deadlines stands. */
struct place {
    int64_t due_us;
    struct pulih_id complaint;
};

static size_t own(const struct pulih_worker *w, enum escalation_statement s)
{
    return pulih_worker_own(w) + s;
}

static void put_version(struct pulih_worker *w, struct pulih_params *p)
{
    pulih_params_text(p, pulih_view_of(pulih_worker_policy(w)->version));
}

static void put_place(struct pulih_params *p, const struct place *place)
{
    pulih_params_time(p, place->due_us);
    pulih_params_id(p, &place->complaint);
}

static void take_place(struct pulih_db *db, size_t call, size_t row, struct place *ret)
{
    ret->due_us = pulih_db_time(db, call, row, 0);
    ret->complaint = pulih_db_id(db, call, row, 1);
}

/* Whoever takes over a policy says that it counts from now on. */
static enum pulih_db_end apply(struct pulih_worker *w)
{
    const struct pulih_id nobody = {0};
    struct pulih_db *db = pulih_worker_db(w);
    struct pulih_params *p;

    pulih_db_begin(db);
    p = pulih_db_params(db);
    put_version(w, p);
    pulih_params_time(p, pulih_worker_now(w));
    pulih_params_id(p, &nobody);
    pulih_db_call(db, own(w, ESCALATION_SQL_apply_policy));
    pulih_db_commit(db);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE)
        *pulih_worker_policy_is_new(w) = false;
    return end;
}

/* False: all is looked through, or another replica is at it. */
static enum pulih_db_end take(struct pulih_worker *w, bool *ret_taken, struct place *ret)
{
    struct pulih_db *db = pulih_worker_db(w);

    pulih_db_begin(db);
    put_version(w, pulih_db_params(db));
    size_t call = pulih_db_call(db, own(w, ESCALATION_SQL_take_policy));
    enum pulih_db_end end = pulih_db_run(db);
    *ret_taken = end == PULIH_DB_DONE && pulih_db_rows(db, call);
    if (!*ret_taken)
        return end;
    take_place(db, call, 0, ret);
    return end;
}

static int by_complaint(const void *a, const void *b)
{
    return pulih_id_compare(&((const struct pulih_item *)a)->row.id, &((const struct pulih_item *)b)->row.id);
}

/* Of a complaint's deadlines one is what its ladder waits for; the others are of other kinds, or moot. */
enum { SEEN_PER_FOUND = 8 };

/* One item for each complaint whose ladder waits for one of the next deadlines. *ret_done: there are no
 * more. */
static enum pulih_db_end find(struct pulih_worker *w, int64_t most, struct place *place,
                              struct pulih_batch *b, bool *ret_done)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct pulih_params *p = pulih_db_params(db);

    put_place(p, place);
    pulih_params_int8(p, SEEN_PER_FOUND * most);
    pulih_params_int8(p, most);
    size_t next = pulih_db_call(db, own(w, ESCALATION_SQL_next_deadlines));
    p = pulih_db_params(db);
    put_place(p, place);
    pulih_params_int8(p, SEEN_PER_FOUND * most);
    size_t last = pulih_db_call(db, own(w, ESCALATION_SQL_last_deadline));
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    size_t n = pulih_db_rows(db, next);
    for (size_t i = 0; i < n; i++) {
        take_place(db, next, i, place);
        if (b->n && pulih_id_compare(&b->items[b->n - 1].row.id, &place->complaint) == 0)
            continue; /* two fall due at once */
        b->items = pulih_room(b->items, b->n, &b->cap, sizeof *b->items);
        b->items[b->n++] = (struct pulih_item){
            .row = {.id = place->complaint, .shard = (int16_t)pulih_db_int(db, next, i, 2)}};
    }
    *ret_done = n < (size_t)most && !pulih_db_rows(db, last);
    if (n < (size_t)most && !*ret_done)
        take_place(db, last, 0, place);
    if (b->n)
        qsort(b->items, b->n, sizeof *b->items, by_complaint);
    return end;
}

/* Locks the complaints and reads their chronologies. */
static enum pulih_db_end read_items(struct pulih_worker *w, struct pulih_batch *b)
{
    struct pulih_db *db = pulih_worker_db(w);
    bool *wants = pulih_arena_get(&b->arena, b->n * sizeof *wants);
    size_t locked = pulih_store_lock(db, b->items, b->n);

    for (size_t i = 0; i < b->n; i++)
        wants[i] = true;
    size_t told = pulih_store_load_story(db, b->items, b->n, wants);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    escalation_take_rows(db, locked, b);
    pulih_store_read_story(db, told, &b->arena, b->items);
    return end;
}

/* Clocks that stand take the new policy when they run on; what a post was told keeps its deadline. */
static bool is_moved(struct pulih_worker *w, struct pulih_batch *b, const struct pulih_item *item,
                     int64_t now_us)
{
    const struct pulih_row_complaint *row = &item->row;
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];

    if (!row->ladder_armed || pulih_ladder_waits_for_post(row) || row->ladder_due <= now_us ||
        pulih_life_after(row->state, PULIH_M_informed) < 0)
        return false;
    pulih_clocks_read(pulih_worker_policy(w), item->story, item->n_story, now_us, &b->arena, all);
    return escalation_is_outdated(pulih_worker_policy(w), row, all, now_us);
}

static void post_all(struct pulih_worker *w, struct pulih_batch *b)
{
    int64_t now_us = pulih_worker_now(w);
    struct pulih_plan_outdated outdated = {0};
    size_t kept = 0;

    PULIH_SET(&outdated, plan_outdated, policy, pulih_view_of(pulih_worker_policy(w)->version));
    pulih_buf_empty(&b->scratch);
    pulih_msg_encode(PULIH_M_plan_outdated, &outdated, PULIH_CLASS_OPEN, &b->scratch);
    struct pulih_row_event event = {
        .type = PULIH_WIRE_plan_outdated,
        .occurred_at = now_us,
        .recorded_at = now_us,
        .body = pulih_arena_copy(&b->arena, pulih_view_of_buf(&b->scratch)),
    };
    for (size_t i = 0; i < b->n; i++) {
        struct pulih_item *item = &b->items[i];
        if (!is_moved(w, b, item, now_us))
            continue;
        if (pulih_mail_post(&item->row, &b->rows, &event)) {
            item->to = PULIH_STAGE_escalation;
            item->to_type = PULIH_M_plan_outdated;
            item->to_version = item->row.version;
        }
        b->items[kept++] = *item;
    }
    b->n = kept;
    pulih_batch_hand_on(b, now_us);
}

static enum pulih_db_end keep(struct pulih_worker *w, struct pulih_batch *b, const struct place *place,
                              bool done)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct pulih_params *p;

    pulih_store_move(db, b->items, b->n);
    pulih_store_put(db, &b->rows);
    p = pulih_db_params(db);
    put_place(p, place);
    pulih_params_int2(p, done);
    pulih_db_call(db, own(w, ESCALATION_SQL_keep_place));
    pulih_db_commit(db);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE)
        pulih_batch_hint(b, w);
    return end;
}

enum pulih_db_end escalation_replan(struct pulih_worker *w, int64_t most, bool *ret_more)
{
    struct pulih_batch b PULIH_AUTO(pulih_batch_free) = {0};
    enum pulih_db_end end = *pulih_worker_policy_is_new(w) ? apply(w) : PULIH_DB_DONE;
    bool taken = false, done = false;
    struct place place;

    *ret_more = false;
    if (end == PULIH_DB_DONE)
        end = take(w, &taken, &place);
    if (end == PULIH_DB_DONE && !taken)
        pulih_db_rollback(pulih_worker_db(w));
    if (end != PULIH_DB_DONE || !taken)
        return end;
    end = find(w, most, &place, &b, &done);
    if (end == PULIH_DB_DONE && b.n)
        end = read_items(w, &b);
    if (end != PULIH_DB_DONE)
        return end;
    *ret_more = !done;
    post_all(w, &b);
    return keep(w, &b, &place, done);
}
