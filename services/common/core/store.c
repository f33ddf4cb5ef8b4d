#include "pulih/core/store.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "pulih/base/must.h"

const struct pulih_statement pulih_core_statements[PULIH_SQL_N] = {
#define SQL(name, n, params, text) {#name, n, params, text},
#include "gen/core.sql.h"
#undef SQL
};

const char *const pulih_core_types[PULIH_TYPE_N] = {
#define TABLE(t) "pulih." #t,
#define COL(...)
#define END(t)
#include "pulih/tbl/rows.tbl.h"
    [PULIH_TYPE_complaint_move] = "pulih.complaint_move",
};

/* --- manifests ------------------------------------------------------------------------------------------ */

void pulih_manifest_put(struct pulih_buf *out, const struct pulih_id *complaint, int32_t version)
{
    pulih_buf_add(out, complaint->b, sizeof complaint->b);
    pulih_buf_add_be32(out, (uint32_t)version);
}

void pulih_manifest_get(const struct pulih_manifest *m, size_t i, struct pulih_id *ret_complaint,
                        int32_t *ret_version)
{
    const char *at = m->items.at + i * PULIH_MANIFEST_ITEM_BYTES;

    pulih_must(i < m->n);
    memcpy(ret_complaint->b, at, sizeof ret_complaint->b);
    *ret_version = (int32_t)pulih_be32(at + sizeof ret_complaint->b);
}

struct pulih_row_pending *pulih_store_manifest(struct pulih_rows *rows, enum pulih_stage stage,
                                               int64_t next_at, int16_t attempts, struct pulih_view items)
{
    struct pulih_row_pending *pending = PULIH_ADD(rows, pending);

    pending->stage = (int16_t)stage;
    pending->next_at = next_at;
    randombytes_buf(&pending->batch, sizeof pending->batch);
    pending->attempts = attempts;
    pending->n = (int32_t)(items.len / PULIH_MANIFEST_ITEM_BYTES);
    pending->items = items;
    return pending;
}

size_t pulih_store_call_keys(struct pulih_db *db, enum pulih_core_statement s, enum pulih_stage stage,
                             const struct pulih_manifest *m, size_t n)
{
    struct pulih_params *p = pulih_db_params(db);

    pulih_params_int2(p, (int16_t)stage);
    pulih_params_array(p, PULIH_OID_TIMESTAMPTZ, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_time(p, m[i].next_at);
    pulih_params_array(p, PULIH_OID_INT8, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int8(p, m[i].batch);
    pulih_params_end(p);
    if (s == PULIH_SQL_drop_manifests)
        pulih_params_int8(p, (int64_t)n);
    return pulih_db_call(db, s);
}

void pulih_store_drop(struct pulih_db *db, enum pulih_stage stage, const struct pulih_manifest *m, size_t n)
{
    if (n)
        pulih_store_call_keys(db, PULIH_SQL_drop_manifests, stage, m, n);
}

void pulih_store_read_manifest(struct pulih_db *db, size_t call, size_t i, struct pulih_arena *arena,
                               struct pulih_manifest *ret)
{
    ret->next_at = pulih_db_time(db, call, i, 0);
    ret->batch = pulih_db_int(db, call, i, 1);
    ret->attempts = (int16_t)pulih_db_int(db, call, i, 2);
    ret->items = pulih_arena_copy(arena, pulih_db_view(db, call, i, 3));
    ret->n = (uint32_t)(ret->items.len / PULIH_MANIFEST_ITEM_BYTES);
}

/* --- writing -------------------------------------------------------------------------------------------- */

static size_t count_done(const struct pulih_item *items, size_t n)
{
    size_t done = 0;

    for (size_t i = 0; i < n; i++)
        done += items[i].verdict == PULIH_DONE;
    return done;
}

void pulih_store_move(struct pulih_db *db, const struct pulih_item *items, size_t n)
{
    size_t done = count_done(items, n);
    struct pulih_params *p = pulih_db_params(db);

    if (!done)
        return;
    /* Items that were not done stand behind the others: see settle in host/stage.c. */
    pulih_params_rows(p, pulih_db_type(db, PULIH_TYPE_complaint_move), done);
    for (size_t i = 0; i < done; i++) {
        pulih_params_row(p, pulih_tables[PULIH_T_complaint].n_columns + 2);
        pulih_row_bind(PULIH_T_complaint, &items[i].row, p);
        pulih_params_int4(p, items[i].was_version);
        pulih_params_int2(p, items[i].was_holder);
    }
    pulih_params_end(p);
    pulih_params_int8(p, (int64_t)done);
    pulih_db_call(db, PULIH_SQL_move_complaints);
}

/* The order of the insert statements; complaints and the feed have forms of their own. */
static const struct {
    enum pulih_table table;
    enum pulih_core_statement statement;
} inserts[] = {
    {PULIH_T_event, PULIH_SQL_put_event},       {PULIH_T_person, PULIH_SQL_put_person},
    {PULIH_T_content, PULIH_SQL_put_content},   {PULIH_T_classification, PULIH_SQL_put_classification},
    {PULIH_T_deadline, PULIH_SQL_put_deadline}, {PULIH_T_promise, PULIH_SQL_put_promise},
    {PULIH_T_offer, PULIH_SQL_put_offer},       {PULIH_T_letter, PULIH_SQL_put_letter},
    {PULIH_T_link, PULIH_SQL_put_link},         {PULIH_T_unlinked, PULIH_SQL_put_unlinked},
    {PULIH_T_pending, PULIH_SQL_put_pending},   {PULIH_T_dead, PULIH_SQL_put_dead},
};

/* Numbers the feed rows within their streams and says how many each stream gets. */
static void put_feed(struct pulih_db *db, struct pulih_row_feed *feed, size_t n)
{
    int32_t count[64] = {0};
    size_t heads = 0;
    struct pulih_params *p = pulih_db_params(db);

    for (size_t i = 0; i < n; i++)
        feed[i].seq = ++count[feed[i].stream];
    for (size_t s = 0; s < PULIH_COUNT(count); s++)
        heads += count[s] > 0;
    pulih_params_array(p, PULIH_OID_INT2, heads);
    for (size_t s = 0; s < PULIH_COUNT(count); s++)
        if (count[s])
            pulih_params_int2(p, (int16_t)s);
    pulih_db_call(db, PULIH_SQL_lock_heads);
    p = pulih_db_params(db);
    pulih_rows_bind(PULIH_T_feed, pulih_db_type(db, PULIH_T_feed), feed, n, p);
    pulih_params_array(p, PULIH_OID_INT2, heads);
    for (size_t s = 0; s < PULIH_COUNT(count); s++)
        if (count[s])
            pulih_params_int2(p, (int16_t)s);
    pulih_params_array(p, PULIH_OID_INT8, heads);
    for (size_t s = 0; s < PULIH_COUNT(count); s++)
        if (count[s])
            pulih_params_int8(p, count[s]);
    pulih_db_call(db, PULIH_SQL_put_feed);
}

void pulih_store_put(struct pulih_db *db, struct pulih_rows *rows)
{
    for (size_t i = 0; i < PULIH_COUNT(inserts); i++) {
        const struct pulih_rowset *set = &rows->of[inserts[i].table];
        if (!set->n)
            continue;
        pulih_rows_bind(inserts[i].table, pulih_db_type(db, inserts[i].table), set->at, set->n,
                        pulih_db_params(db));
        pulih_db_call(db, inserts[i].statement);
    }
    if (rows->of[PULIH_T_feed].n)
        put_feed(db, PULIH_ROWS(rows, feed), rows->of[PULIH_T_feed].n);
}

/* --- reading -------------------------------------------------------------------------------------------- */

static void put_item_keys(struct pulih_params *p, const struct pulih_item *items, size_t n)
{
    pulih_params_array(p, PULIH_OID_UUID, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_id(p, &items[i].row.id);
    pulih_params_array(p, PULIH_OID_INT2, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int2(p, items[i].row.shard);
}

size_t pulih_store_lock(struct pulih_db *db, const struct pulih_item *items, size_t n)
{
    put_item_keys(pulih_db_params(db), items, n);
    return pulih_db_call(db, PULIH_SQL_lock_complaints);
}

static void read_value(struct pulih_db *db, size_t call, size_t row, size_t col, enum pulih_colkind kind,
                       void *at)
{
    switch (kind) {
    case PULIH_COL_uuid:
    case PULIH_COL_may_uuid:
        *(struct pulih_id *)at = pulih_db_id(db, call, row, col);
        return;
    case PULIH_COL_int2:
        *(int16_t *)at = (int16_t)pulih_db_int(db, call, row, col);
        return;
    case PULIH_COL_int4:
        *(int32_t *)at = (int32_t)pulih_db_int(db, call, row, col);
        return;
    case PULIH_COL_int8:
        *(int64_t *)at = pulih_db_int(db, call, row, col);
        return;
    case PULIH_COL_time:
    case PULIH_COL_may_time:
        *(int64_t *)at = pulih_db_time(db, call, row, col);
        return;
    case PULIH_COL_hash: {
        struct pulih_view v = pulih_db_view(db, call, row, col);
        memcpy(at, v.at, v.len < PULIH_HASH_BYTES ? v.len : PULIH_HASH_BYTES);
        return;
    }
    case PULIH_COL_bytes:
    case PULIH_COL_text:
        *(struct pulih_view *)at = pulih_db_view(db, call, row, col);
        return;
    }
}

void pulih_store_read_complaint(struct pulih_db *db, size_t call, size_t i, struct pulih_row_complaint *ret)
{
    const struct pulih_table_row *t = &pulih_tables[PULIH_T_complaint];

    *ret = (struct pulih_row_complaint){0};
    for (size_t c = 0; c < t->n_columns; c++)
        read_value(db, call, i, c, t->columns[c].kind, (char *)ret + t->columns[c].offset);
}

size_t pulih_store_load(struct pulih_db *db, const struct pulih_item *items, size_t n)
{
    struct pulih_params *p = pulih_db_params(db);

    put_item_keys(p, items, n);
    pulih_params_array(p, PULIH_OID_INT4, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int4(p, items[i].version);
    pulih_params_array(p, PULIH_OID_INT4, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int4(p, items[i].row.cursor);
    return pulih_db_call(db, PULIH_SQL_load_work);
}

/* Columns of load_work. */
enum {
    W_n,
    W_type,
    W_body,
    W_prior,
    W_text,
    W_offer,
    W_offer_version,
    W_remedy,
    W_amount,
    W_currency,
    W_role,
    W_actor,
    W_offer_text,
    W_mail_version,
    W_mail_type,
    W_told_type,
    W_told_at,
    W_told
};

static struct pulih_view keep(struct pulih_db *db, size_t call, size_t row, size_t col,
                              struct pulih_arena *arena)
{
    return pulih_arena_copy(arena, pulih_db_view(db, call, row, col));
}

void pulih_store_read_work(struct pulih_db *db, size_t call, struct pulih_arena *arena,
                           struct pulih_item *items)
{
    for (size_t i = 0; i < pulih_db_rows(db, call); i++) {
        struct pulih_item *item = &items[pulih_db_int(db, call, i, W_n) - 1];
        item->type = pulih_message_by_wire((uint64_t)pulih_db_int(db, call, i, W_type));
        item->body = keep(db, call, i, W_body, arena);
        item->text = keep(db, call, i, W_text, arena);
        item->loaded = true;
        item->offer.complaint = item->row.id;
        item->offer.n = (int16_t)pulih_db_int(db, call, i, W_offer);
        item->offer.version = (int32_t)pulih_db_int(db, call, i, W_offer_version);
        item->offer.remedy = (int16_t)pulih_db_int(db, call, i, W_remedy);
        item->offer.amount = pulih_db_int(db, call, i, W_amount);
        item->offer.currency = keep(db, call, i, W_currency, arena);
        item->offer.role = keep(db, call, i, W_role, arena);
        item->offer.actor = keep(db, call, i, W_actor, arena);
        item->offer_text = keep(db, call, i, W_offer_text, arena);
        item->next_mail.version = (int32_t)pulih_db_int(db, call, i, W_mail_version);
        item->next_mail.type = (int16_t)pulih_db_int(db, call, i, W_mail_type);
        item->told.type = (int16_t)pulih_db_int(db, call, i, W_told_type);
        item->told.at_us = pulih_db_time(db, call, i, W_told_at);
        item->told.body = keep(db, call, i, W_told, arena);
    }
}

/* --- chronologies --------------------------------------------------------------------------------------- */

static void put_heeded_mail(struct pulih_params *p)
{
    size_t n = 0;

    for (int m = 0; m < PULIH_M_N; m++)
        n += pulih_clocks_heed((enum pulih_m)m);
    pulih_params_array(p, PULIH_OID_INT2, n);
    for (int m = 0; m < PULIH_M_N; m++)
        if (pulih_clocks_heed((enum pulih_m)m))
            pulih_params_int2(p, (int16_t)pulih_message((enum pulih_m)m)->wire);
}

size_t pulih_store_load_story(struct pulih_db *db, const struct pulih_item *items, size_t n,
                              const bool *wants)
{
    struct pulih_params *p = pulih_db_params(db);
    size_t wanted = 0;

    for (size_t i = 0; i < n; i++)
        wanted += wants[i];
    pulih_params_array(p, PULIH_OID_INT8, wanted);
    for (size_t i = 0; i < n; i++)
        if (wants[i])
            pulih_params_int8(p, (int64_t)i);
    pulih_params_array(p, PULIH_OID_UUID, wanted);
    for (size_t i = 0; i < n; i++)
        if (wants[i])
            pulih_params_id(p, &items[i].row.id);
    pulih_params_array(p, PULIH_OID_INT2, wanted);
    for (size_t i = 0; i < n; i++)
        if (wants[i])
            pulih_params_int2(p, items[i].row.shard);
    put_heeded_mail(p);
    return pulih_db_call(db, PULIH_SQL_load_story);
}

/* Columns of load_story. */
enum { S_n, S_version, S_type, S_state, S_at, S_body };

/* The rows of one complaint follow each other. */
void pulih_store_read_story(struct pulih_db *db, size_t call, struct pulih_arena *arena,
                            struct pulih_item *items)
{
    size_t n = pulih_db_rows(db, call);
    struct pulih_told *story = pulih_arena_get(arena, n * sizeof *story);

    for (size_t i = 0; i < n; i++) {
        struct pulih_item *item = &items[pulih_db_int(db, call, i, S_n)];
        story[i] = (struct pulih_told){
            .version = (int32_t)pulih_db_int(db, call, i, S_version),
            .m = pulih_message_by_wire((uint64_t)pulih_db_int(db, call, i, S_type)),
            .state = (int)pulih_db_int(db, call, i, S_state),
            .at_us = pulih_db_time(db, call, i, S_at),
            .body = keep(db, call, i, S_body, arena),
        };
        if (!item->n_story)
            item->story = &story[i];
        item->n_story++;
    }
}

/* --- calendars ------------------------------------------------------------------------------------------ */

void pulih_store_put_calendars(struct pulih_db *db, const struct pulih_policy *policy, int64_t now_us)
{
    for (size_t i = 0; i < policy->n_calendars; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
        pulih_calendar_write(policy->calendars[i].calendar, &text);
        struct pulih_params *p = pulih_db_params(db);
        pulih_params_text(p, policy->calendars[i].name);
        pulih_params_time(p, now_us);
        pulih_params_text(p, pulih_view_of_buf(&text));
        pulih_db_call(db, PULIH_SQL_put_calendar);
    }
}

size_t pulih_store_load_calendars(struct pulih_db *db)
{
    pulih_db_params(db);
    return pulih_db_call(db, PULIH_SQL_load_calendars);
}

void pulih_store_keep_past(struct pulih_db *db, size_t call, struct pulih_policy *policy, int64_t now_us)
{
    size_t n = pulih_db_rows(db, call);
    struct pulih_calendar_version *versions = pulih_zeroed(n, sizeof *versions);

    for (size_t i = 0; i < n; i++)
        versions[i] = (struct pulih_calendar_version){
            .name = pulih_db_view(db, call, i, 0),
            .since_us = pulih_db_time(db, call, i, 1),
            .text = pulih_db_view(db, call, i, 2),
        };
    pulih_policy_keep_past(policy, versions, n, now_us);
    free(versions);
}
