/* The statements of the daemons, by name, over the model of the store. What each does in SQL stands in the .sql files;
 * what PostgreSQL makes of it under concurrency stands here: what is read is as it was when the statement began, what
 * is locked or changed is waited for, and then the newest version counts. */
#include <string.h>

#include "pulih/base/must.h"
#include "pulih/core/life.h"
#include "pulih/core/store.h"
#include "tests/sim/server.h"

static const int64_t EPOCH_US = INT64_C(946684800000000);

/* --- parameters -------------------------------------------------------------------------------------------------- */

static int64_t int_of(struct pulih_view v)
{
    switch (v.len) {
    case 2:
        return (int16_t)pulih_be16(v.at);
    case 4:
        return (int32_t)pulih_be32(v.at);
    default:
        pulih_must(v.len == 8);
        return (int64_t)pulih_be64(v.at);
    }
}

static struct pulih_id id_of(struct pulih_view v)
{
    struct pulih_id id;

    pulih_must(v.len == sizeof id.b);
    memcpy(id.b, v.at, sizeof id.b);
    return id;
}

/* An array in binary form; its elements one by one. */
struct array {
    struct pulih_view at;
    size_t n;
};

static struct array array_of(struct pulih_view v)
{
    struct array a = {{v.at + 12, v.len - 12}, 0};

    if (pulih_be32(v.at) == 0)
        return a;
    a.n = pulih_be32(v.at + 12);
    a.at = (struct pulih_view){v.at + 20, v.len - 20};
    return a;
}

static struct pulih_view next_value(struct pulih_view *at)
{
    uint32_t len = pulih_be32(at->at);
    struct pulih_view v = {len == UINT32_MAX ? NULL : at->at + 4, len == UINT32_MAX ? 0 : len};

    at->at += 4 + v.len;
    at->len -= 4 + v.len;
    return v;
}

static void set_column(void *row, const struct pulih_column *column, struct pulih_view v)
{
    void *at = (char *)row + column->offset;

    switch (column->kind) {
    case PULIH_COL_uuid:
    case PULIH_COL_may_uuid:
        if (v.at)
            *(struct pulih_id *)at = id_of(v);
        return;
    case PULIH_COL_int2:
        *(int16_t *)at = (int16_t)int_of(v);
        return;
    case PULIH_COL_int4:
        *(int32_t *)at = (int32_t)int_of(v);
        return;
    case PULIH_COL_int8:
        *(int64_t *)at = int_of(v);
        return;
    case PULIH_COL_time:
    case PULIH_COL_may_time:
        *(int64_t *)at = v.at ? int_of(v) + EPOCH_US : 0;
        return;
    case PULIH_COL_hash:
        pulih_must(v.len == PULIH_HASH_BYTES);
        memcpy(at, v.at, v.len);
        return;
    case PULIH_COL_bytes:
    case PULIH_COL_text:
        *(struct pulih_view *)at = v.at ? (struct pulih_view){sim_keep(v.at, v.len), v.len} : v;
        return;
    }
}

/* The next row of an array of rows; columns behind those of the table are left for the caller. */
static struct pulih_view next_row(struct array *a, int table, void *ret)
{
    const struct pulih_table_row *t = &pulih_tables[table];
    struct pulih_view row = next_value(&a->at);

    memset(ret, 0, t->row_bytes);
    row.at += 4, row.len -= 4;
    for (size_t i = 0; i < t->n_columns; i++) {
        row.at += 4, row.len -= 4;
        set_column(ret, &t->columns[i], next_value(&row));
    }
    return row;
}

/* --- results ----------------------------------------------------------------------------------------------------- */

static void put_id(struct pg_result *r, const struct pulih_id *id)
{
    sim_result_bytes(r, (struct pulih_view){sim_keep(id->b, sizeof id->b), sizeof id->b});
}

static void put_row(struct pg_result *r, int table, const void *row)
{
    const struct pulih_table_row *t = &pulih_tables[table];

    sim_result_row(r);
    for (size_t i = 0; i < t->n_columns; i++) {
        const void *at = (const char *)row + t->columns[i].offset;
        switch (t->columns[i].kind) {
        case PULIH_COL_uuid:
        case PULIH_COL_may_uuid:
            put_id(r, at);
            break;
        case PULIH_COL_int2:
            sim_result_int(r, *(const int16_t *)at, 2);
            break;
        case PULIH_COL_int4:
            sim_result_int(r, *(const int32_t *)at, 4);
            break;
        case PULIH_COL_int8:
            sim_result_int(r, *(const int64_t *)at, 8);
            break;
        case PULIH_COL_time:
            sim_result_time(r, *(const int64_t *)at);
            break;
        case PULIH_COL_may_time:
            if (*(const int64_t *)at)
                sim_result_time(r, *(const int64_t *)at);
            else
                sim_result_null(r);
            break;
        case PULIH_COL_hash:
            sim_result_bytes(r, (struct pulih_view){at, PULIH_HASH_BYTES});
            break;
        case PULIH_COL_bytes:
        case PULIH_COL_text:
            sim_result_bytes(r, *(const struct pulih_view *)at);
            break;
        }
    }
}

/* --- finding rows ------------------------------------------------------------------------------------------------- */

#define EACH(row, table)                                                                                     \
    (size_t i_ = 0; i_ < sim_tables[table].n && ((row) = sim_tables[table].at[i_], true); i_++)

/* Every table of a complaint begins with these. */
struct keyed {
    struct pulih_id complaint;
    int16_t shard;
};

static bool is_of(const void *row, const struct pulih_id *complaint)
{
    return row && pulih_id_compare(&((const struct keyed *)row)->complaint, complaint) == 0;
}

static struct sim_row *find_complaint(struct sim_tx *tx, const struct pulih_id *id)
{
    struct sim_row *row;

    for
        EACH(row, PULIH_T_complaint)
    if (is_of(sim_see(row, tx), id))
        return row;
    return NULL;
}

static const struct pulih_row_event *find_event(struct sim_tx *tx, const struct pulih_id *complaint,
                                                int32_t version)
{
    struct sim_row *row;

    for
        EACH(row, PULIH_T_event)
        {
            const struct pulih_row_event *e = sim_see(row, tx);
            if (is_of(e, complaint) && e->version == version)
                return e;
        }
    return NULL;
}

static const struct pulih_row_content *find_content(struct sim_tx *tx, const struct pulih_id *complaint,
                                                    int32_t version)
{
    struct sim_row *row;

    for
        EACH(row, PULIH_T_content)
        {
            const struct pulih_row_content *c = sim_see(row, tx);
            if (is_of(c, complaint) && c->version == version)
                return c;
        }
    return NULL;
}

static struct sim_row *find_manifest(struct sim_tx *tx, int16_t stage, int64_t next_at, int64_t batch)
{
    struct sim_row *row;

    for
        EACH(row, PULIH_T_pending)
        {
            const struct pulih_row_pending *p = sim_see(row, tx);
            if (p && p->stage == stage && p->next_at == next_at && p->batch == batch)
                return row;
        }
    return NULL;
}

static void expect(struct sim_tx *tx, struct pg_result *out, int64_t got, int64_t wanted)
{
    if (got != wanted)
        sim_sql_error(tx, "PU001", "pulih: other rows than expected");
    sim_result_row(out);
    sim_result_null(out);
}

/* Changes by ctid: a row that somebody else changed while we waited for it is left alone, but for old servers. */
static bool lock_by_ctid(struct sim_tx *tx, struct sim_row *row, unsigned changes)
{
    sim_lock(tx, row);
    return sim_see(row, tx) && (sim_server.loose_tid || row->changes == changes);
}

/* --- inserts ------------------------------------------------------------------------------------------------------- */

static bool same(const void *a, const void *b, size_t len)
{
    return memcmp(a, b, len) == 0;
}

/* Do two rows share a unique key? */
static bool same_key(int table, const void *left, const void *right)
{
#define KEY(type, field)                                                                                     \
    same(&((const type *)left)->field, &((const type *)right)->field, sizeof((const type *)left)->field)
    if (table != PULIH_T_deadline && table != PULIH_T_feed && table != PULIH_T_pending &&
        !KEY(struct pulih_row_event, complaint))
        return false;
    switch (table) {
    case PULIH_T_complaint:
        return true;
    case PULIH_T_event: {
        static const struct pulih_id none;
        const struct pulih_row_event *e = left;
        bool by_message = e->version > 1 && pulih_id_compare(&e->message, &none) != 0 &&
                          ((const struct pulih_row_event *)right)->version > 1;
        return KEY(struct pulih_row_event, version) || (by_message && KEY(struct pulih_row_event, message));
    }
    case PULIH_T_person:
        return KEY(struct pulih_row_person, role);
    case PULIH_T_content:
        return KEY(struct pulih_row_content, version);
    case PULIH_T_classification:
        return KEY(struct pulih_row_classification, version);
    case PULIH_T_promise:
        return KEY(struct pulih_row_promise, n);
    case PULIH_T_offer:
        return KEY(struct pulih_row_offer, n);
    case PULIH_T_letter:
        return KEY(struct pulih_row_letter, n);
    case PULIH_T_deadline:
        return KEY(struct pulih_row_deadline, due_at) && KEY(struct pulih_row_deadline, complaint) &&
               KEY(struct pulih_row_deadline, kind);
    case PULIH_T_feed:
        return KEY(struct pulih_row_feed, stream) && KEY(struct pulih_row_feed, seq);
    case PULIH_T_pending:
        return KEY(struct pulih_row_pending, stage) && KEY(struct pulih_row_pending, next_at) &&
               KEY(struct pulih_row_pending, batch);
    case PULIH_T_dead:
        return KEY(struct pulih_row_dead, stage) && KEY(struct pulih_row_dead, version);
    default:
        return false;
    }
#undef KEY
}

/* A row with the same key, that is there or that somebody is about to insert: then we wait for what becomes of it. */
static struct sim_row *find_same(struct sim_tx *tx, int table, const void *new)
{
    for (;;) {
        struct sim_row *row, *found = NULL;
        for
            EACH(row, table)
            {
                const void *there =
                    row->writer && row->writer != tx ? (row->is ? row->is : row->becomes) : sim_see(row, tx);
                if (there && same_key(table, new, there)) {
                    found = row;
                    break;
                }
            }
        if (!found || !found->writer || found->writer == tx)
            return found;
        sim_lock(tx, found);
        if (!sim_see(found, tx))
            continue;
        return found;
    }
}

/* What PostgreSQL refuses for reasons of its own: an illegal move, and the value that this world made bad. */
static void check(struct sim_tx *tx, int table, const void *row)
{
    static const int where[] = {
        [PULIH_STAGE_classification] = PULIH_T_classification,
        [PULIH_STAGE_escalation] = PULIH_T_deadline,
        [PULIH_STAGE_followup] = PULIH_T_letter,
    };
    const struct pulih_id *complaint = table == PULIH_T_deadline
                                           ? &((const struct pulih_row_deadline *)row)->complaint
                                           : &((const struct keyed *)row)->complaint;

    if (table == PULIH_T_event) {
        const struct pulih_row_event *e = row;
        enum pulih_m m = pulih_message_by_wire((uint64_t)e->type);
        if (m == PULIH_M_N || e->prior < 0 || e->prior >= PULIH_STATE_N ||
            pulih_life_after(e->prior, m) != e->state)
            sim_fail("illegal move from %d by %d to %d", e->prior, e->type, e->state);
    }
    if (sim_poison.stage && !sim_poison.kills && where[sim_poison.stage] == table &&
        pulih_id_compare(complaint, &sim_poison.complaint) == 0)
        sim_sql_error(tx, "22021", "invalid byte sequence for encoding");
}

enum on_conflict { REFUSE, PASS_OVER, REPLACE };

/* Returns how many were inserted. */
static int64_t insert_all(struct sim_tx *tx, int table, struct pulih_view rows, enum on_conflict on_conflict)
{
    struct array a = array_of(rows);
    char row[1024];
    int64_t n = 0;

    pulih_must(pulih_tables[table].row_bytes <= sizeof row);
    for (size_t i = 0; i < a.n; i++) {
        next_row(&a, table, row);
        struct sim_row *other = find_same(tx, table, row);
        if (!other) {
            check(tx, table, row);
            sim_put(tx, table, row, pulih_tables[table].row_bytes);
            n++;
        } else if (on_conflict == REFUSE) {
            sim_sql_error(tx, "23505", "duplicate key value violates unique constraint");
        } else if (on_conflict == REPLACE) {
            sim_lock(tx, other);
            sim_change(tx, other, row, pulih_tables[table].row_bytes);
        }
    }
    return n;
}

/* --- of the core ---------------------------------------------------------------------------------------------------- */

static void schema_version(struct pg_result *out)
{
    sim_result_row(out);
    sim_result_int(out, PULIH_MIGRATIONS, 4);
    sim_result_int(out, 1, 4);
    sim_result_time(out, sim_server_now());
    sim_result_bytes(out, (struct pulih_view){sim_server.read_only ? "\1" : "\0", 1});
}

struct manifests {
    struct sim_row *rows[1024];
    unsigned changes[1024];
    size_t n;
};

/* Those of the keys that are there when the statement begins. */
static void find_manifests(struct sim_tx *tx, const struct sim_params *p, struct manifests *ret)
{
    struct array times = array_of(p->at[1]), batches = array_of(p->at[2]);

    ret->n = 0;
    for (size_t i = 0; i < times.n; i++) {
        int64_t next_at = int_of(next_value(&times.at)) + EPOCH_US, batch = int_of(next_value(&batches.at));
        struct sim_row *row = find_manifest(tx, (int16_t)int_of(p->at[0]), next_at, batch);
        if (!row)
            continue;
        pulih_must(ret->n < PULIH_COUNT(ret->rows));
        ret->rows[ret->n] = row;
        ret->changes[ret->n++] = row->changes;
    }
}

static void drop_manifests(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct manifests m;
    int64_t n = 0;

    find_manifests(tx, p, &m);
    for (size_t i = 0; i < m.n; i++)
        if (lock_by_ctid(tx, m.rows[i], m.changes[i])) {
            sim_delete(tx, m.rows[i]);
            n++;
        }
    expect(tx, out, n, int_of(p->at[3]));
}

static void put_manifest(struct pg_result *out, const struct pulih_row_pending *m)
{
    sim_result_row(out);
    sim_result_time(out, m->next_at);
    sim_result_int(out, m->batch, 8);
    sim_result_int(out, m->attempts, 2);
    sim_result_bytes(out, m->items);
}

static void lock_manifests(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct manifests m;

    find_manifests(tx, p, &m);
    for (size_t i = 0; i < m.n; i++)
        if (!sim_locked_by_other(tx, m.rows[i])) {
            sim_lock(tx, m.rows[i]);
            put_manifest(out, sim_see(m.rows[i], tx));
        }
}

static void lock_due(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    int64_t before = int_of(p->at[1]) + EPOCH_US, most = int_of(p->at[2]);

    for (int64_t n = 0; n < most; n++) {
        struct sim_row *row, *first = NULL;
        for
            EACH(row, PULIH_T_pending)
            {
                const struct pulih_row_pending *m = sim_see(row, tx),
                                               *best = first ? sim_see(first, tx) : NULL;
                if (!m || m->stage != int_of(p->at[0]) || m->next_at > before || row->locker)
                    continue;
                if (!best || m->next_at < best->next_at ||
                    (m->next_at == best->next_at && m->batch < best->batch))
                    first = row;
            }
        if (!first)
            return;
        sim_lock(tx, first);
        put_manifest(out, sim_see(first, tx));
    }
}

static void bump_manifests(struct sim_tx *tx, const struct sim_params *p, int by)
{
    struct manifests m;

    find_manifests(tx, p, &m);
    for (size_t i = 0; i < m.n; i++) {
        if (!lock_by_ctid(tx, m.rows[i], m.changes[i]))
            continue;
        struct pulih_row_pending row = *(const struct pulih_row_pending *)sim_see(m.rows[i], tx);
        row.attempts = (int16_t)(row.attempts + by < 0 ? 0 : row.attempts + by);
        sim_change(tx, m.rows[i], &row, sizeof row);
    }
}

static void oldest_pending(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_row *row;
    const struct pulih_row_pending *oldest = NULL;

    for
        EACH(row, PULIH_T_pending)
        {
            const struct pulih_row_pending *m = sim_see(row, tx);
            if (m && m->stage == int_of(p->at[0]) && (!oldest || m->next_at < oldest->next_at))
                oldest = m;
        }
    sim_result_row(out);
    if (oldest)
        sim_result_time(out, oldest->next_at);
    else
        sim_result_null(out);
    sim_result_time(out, sim_server_now());
}

static void lock_complaints(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct array ids = array_of(p->at[0]);

    for (size_t i = 0; i < ids.n; i++) {
        struct pulih_id id = id_of(next_value(&ids.at));
        struct sim_row *row = find_complaint(tx, &id);
        if (!row)
            continue;
        sim_lock(tx, row);
        put_row(out, PULIH_T_complaint, sim_see(row, tx));
    }
}

static const struct pulih_row_offer *last_offer(struct sim_tx *tx, const struct pulih_id *complaint)
{
    const struct pulih_row_offer *last = NULL;
    struct sim_row *row;

    for
        EACH(row, PULIH_T_offer)
        {
            const struct pulih_row_offer *o = sim_see(row, tx);
            if (is_of(o, complaint) && (!last || o->n > last->n))
                last = o;
        }
    return last;
}

/* The next message of the mailbox. */
static const struct pulih_row_event *next_mail(struct sim_tx *tx, const struct pulih_id *complaint,
                                               int32_t cursor)
{
    const struct pulih_row_event *next = NULL;
    struct sim_row *row;

    for
        EACH(row, PULIH_T_event)
        {
            const struct pulih_row_event *e = sim_see(row, tx);
            if (is_of(e, complaint) && e->version > cursor && e->type >= 33 && e->type <= 63 &&
                (!next || e->version < next->version))
                next = e;
        }
    return next;
}

static void put_view(struct pg_result *out, const struct pulih_view *v)
{
    sim_result_bytes(out, v ? *v : (struct pulih_view){0});
}

static void put_work(struct sim_tx *tx, const struct pulih_row_event *e, int64_t n, int32_t cursor,
                     struct pg_result *out)
{
    const struct pulih_row_content *c = find_content(tx, &e->complaint, e->version);
    const struct pulih_row_offer *o = last_offer(tx, &e->complaint);
    const struct pulih_row_content *said = o ? find_content(tx, &e->complaint, o->version) : NULL;
    const struct pulih_row_event *mail = next_mail(tx, &e->complaint, cursor);

    sim_result_row(out);
    sim_result_int(out, n, 8);
    sim_result_int(out, e->type, 2);
    sim_result_bytes(out, e->body);
    sim_result_int(out, e->prior, 2);
    put_view(out, c ? &c->body : NULL);
    sim_result_int(out, o ? o->n : 0, 2); /* NULL reads as 0 */
    sim_result_int(out, o ? o->version : 0, 4);
    sim_result_int(out, o ? o->remedy : 0, 2);
    sim_result_int(out, o ? o->amount : 0, 8);
    put_view(out, o ? &o->currency : NULL);
    put_view(out, o ? &o->role : NULL);
    put_view(out, o ? &o->actor : NULL);
    put_view(out, said ? &said->body : NULL);
    sim_result_int(out, mail ? mail->version : 0, 4);
    sim_result_int(out, mail ? mail->type : 0, 2);
}

static void load_work(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct array ids = array_of(p->at[0]), versions = array_of(p->at[2]), cursors = array_of(p->at[3]);

    for (size_t i = 0; i < ids.n; i++) {
        struct pulih_id id = id_of(next_value(&ids.at));
        int32_t version = (int32_t)int_of(next_value(&versions.at)),
                cursor = (int32_t)int_of(next_value(&cursors.at));
        const struct pulih_row_event *e = find_event(tx, &id, version);
        if (e)
            put_work(tx, e, (int64_t)i + 1, cursor, out);
    }
}

static bool is_as_told(struct sim_tx *tx, const struct sim_row *row, int32_t version, int16_t holder)
{
    const struct pulih_row_complaint *is = sim_see(row, tx);

    return is->version == version && is->holder == holder;
}

/* The version proves that the row is as it was read; it is asked for again when one had to wait for the row. */
static void move_complaints(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct array a = array_of(p->at[0]);
    struct {
        struct sim_row *row;
        unsigned changes;
        struct pulih_row_complaint to;
        int32_t was_version;
        int16_t was_holder;
    } found[1024];
    size_t n = 0;
    int64_t moved = 0;

    for (size_t i = 0; i < a.n; i++) {
        pulih_must(n < PULIH_COUNT(found));
        struct pulih_view more = next_row(&a, PULIH_T_complaint, &found[n].to);
        more.at += 4;
        found[n].was_version = (int32_t)int_of(next_value(&more));
        more.at += 4;
        found[n].was_holder = (int16_t)int_of(next_value(&more));
        found[n].row = find_complaint(tx, &found[n].to.id);
        if (!found[n].row || !is_as_told(tx, found[n].row, found[n].was_version, found[n].was_holder))
            continue;
        found[n].changes = found[n].row->changes;
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        if (!lock_by_ctid(tx, found[i].row, found[i].changes) ||
            !is_as_told(tx, found[i].row, found[i].was_version, found[i].was_holder))
            continue;
        sim_change(tx, found[i].row, &found[i].to, sizeof found[i].to);
        moved++;
    }
    expect(tx, out, moved, int_of(p->at[1]));
}

static void lock_heads(struct sim_tx *tx, const struct sim_params *p)
{
    struct array streams = array_of(p->at[0]);
    struct sim_row *row;

    for (size_t i = 0; i < streams.n; i++) {
        int64_t stream = int_of(next_value(&streams.at));
        for
            EACH(row, SIM_T_feed_head)
        if (((const struct sim_head *)sim_see(row, tx))->stream == stream)
            sim_lock(tx, row);
    }
}

static void put_feed(struct sim_tx *tx, const struct sim_params *p)
{
    struct array rows = array_of(p->at[0]), heads = array_of(p->at[1]), counts = array_of(p->at[2]);
    int64_t before[64] = {0};
    struct sim_row *row;

    for (size_t i = 0; i < heads.n; i++) {
        int64_t stream = int_of(next_value(&heads.at)), count = int_of(next_value(&counts.at));
        for
            EACH(row, SIM_T_feed_head)
            {
                struct sim_head head = *(const struct sim_head *)sim_see(row, tx);
                if (head.stream != stream)
                    continue;
                sim_lock(tx, row);
                head = *(const struct sim_head *)sim_see(row, tx);
                before[stream] = head.last;
                head.last += count;
                sim_change(tx, row, &head, sizeof head);
            }
    }
    for (size_t i = 0; i < rows.n; i++) {
        struct pulih_row_feed feed;
        next_row(&rows, PULIH_T_feed, &feed);
        feed.seq += before[feed.stream];
        if (find_same(tx, PULIH_T_feed, &feed))
            sim_sql_error(tx, "23505", "duplicate key value violates unique constraint");
        sim_put(tx, PULIH_T_feed, &feed, sizeof feed);
    }
}

/* --- of the daemons -------------------------------------------------------------------------------------------------- */

static void take_numbers(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_row *row = sim_tables[SIM_T_number_block].at[0];

    sim_lock(tx, row);
    int64_t first = *(const int64_t *)sim_see(row, tx), next = first + int_of(p->at[0]);
    sim_change(tx, row, &next, sizeof next);
    sim_result_row(out);
    sim_result_int(out, first, 8);
}

static void known_complaints(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct array ids = array_of(p->at[0]);

    for (size_t i = 0; i < ids.n; i++) {
        struct pulih_id id = id_of(next_value(&ids.at));
        struct sim_row *row = find_complaint(tx, &id), *promise;
        const struct pulih_row_event *e = find_event(tx, &id, 1);
        const struct pulih_row_content *t = find_content(tx, &id, 1);
        int64_t due_us = 0;
        if (!row || !e)
            continue;
        for
            EACH(promise, PULIH_T_promise)
            {
                const struct pulih_row_promise *q = sim_see(promise, tx);
                if (is_of(q, &id) && q->n == 1)
                    due_us = q->due_at;
            }
        const struct pulih_row_complaint *c = sim_see(row, tx);
        sim_result_row(out);
        sim_result_int(out, (int64_t)i + 1, 8);
        sim_result_int(out, c->number, 8);
        sim_result_bytes(out, e->digest);
        put_view(out, t ? &t->salt : NULL);
        sim_result_time(out, due_us);
        sim_result_int(out, c->language, 2);
    }
}

static void known_messages(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct array ids = array_of(p->at[0]), messages = array_of(p->at[2]);
    struct sim_row *row;

    for (size_t i = 0; i < ids.n; i++) {
        struct pulih_id id = id_of(next_value(&ids.at)), message = id_of(next_value(&messages.at));
        for
            EACH(row, PULIH_T_event)
            {
                const struct pulih_row_event *e = sim_see(row, tx);
                if (!is_of(e, &id) || e->version == 1 || pulih_id_compare(&e->message, &message) != 0)
                    continue;
                const struct pulih_row_content *t = find_content(tx, &id, e->version);
                sim_result_row(out);
                sim_result_int(out, (int64_t)i + 1, 8);
                sim_result_bytes(out, e->digest);
                put_view(out, t ? &t->salt : NULL);
            }
    }
}

static void claim_deadlines(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    int64_t before = int_of(p->at[0]) + EPOCH_US, most = int_of(p->at[1]);

    for (int64_t n = 0; n < most; n++) {
        struct sim_row *row, *first = NULL;
        for
            EACH(row, PULIH_T_deadline)
            {
                const struct pulih_row_deadline *d = sim_see(row, tx);
                if (d && d->due_at <= before && !sim_locked_by_other(tx, row) &&
                    (!first || d->due_at < ((const struct pulih_row_deadline *)sim_see(first, tx))->due_at))
                    first = row;
            }
        if (!first)
            return;
        sim_lock(tx, first);
        put_row(out, PULIH_T_deadline, sim_see(first, tx));
        sim_delete(tx, first);
    }
}

static void heads(struct sim_tx *tx, struct pg_result *out)
{
    struct sim_row *row;

    for
        EACH(row, SIM_T_feed_head)
        {
            const struct sim_head *h = sim_see(row, tx);
            sim_result_row(out);
            sim_result_int(out, h->stream, 2);
            sim_result_int(out, h->last, 8);
            sim_result_bytes(out, (struct pulih_view){sim_server.warned ? "\1" : "\0", 1});
        }
}

static const struct pulih_row_feed *find_feed(struct sim_tx *tx, int64_t stream, int64_t seq)
{
    struct sim_row *row;

    for
        EACH(row, PULIH_T_feed)
        {
            const struct pulih_row_feed *f = sim_see(row, tx);
            if (f && f->stream == stream && f->seq == seq)
                return f;
        }
    return NULL;
}

static void read_feed(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct array streams = array_of(p->at[0]), after = array_of(p->at[1]), most = array_of(p->at[2]);

    for (size_t i = 0; i < streams.n; i++) {
        int64_t stream = int_of(next_value(&streams.at)), seq = int_of(next_value(&after.at));
        int64_t left = int_of(next_value(&most.at));
        for (const struct pulih_row_feed *f; left-- > 0 && (f = find_feed(tx, stream, ++seq));) {
            sim_result_row(out);
            sim_result_int(out, (int64_t)i + 1, 8);
            sim_result_int(out, f->seq, 8);
            put_id(out, &f->complaint);
            sim_result_int(out, f->number, 8);
            sim_result_int(out, f->version, 4);
            sim_result_int(out, f->type, 2);
            sim_result_int(out, f->state, 2);
            sim_result_time(out, f->at);
            sim_result_bytes(out, f->body);
        }
    }
}

static void read_letter(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct pulih_id id = id_of(p->at[0]);
    const struct pulih_row_person *person = NULL;
    struct sim_row *row;

    for
        EACH(row, PULIH_T_person)
        {
            const struct pulih_row_person *q = sim_see(row, tx);
            if (is_of(q, &id) && q->role == 1)
                person = q;
        }
    for
        EACH(row, PULIH_T_letter)
        {
            const struct pulih_row_letter *l = sim_see(row, tx);
            if (!is_of(l, &id) || l->n != int_of(p->at[2]))
                continue;
            sim_result_row(out);
            sim_result_int(out, l->kind, 2);
            sim_result_int(out, l->language, 2);
            sim_result_int(out, l->channel, 2);
            sim_result_bytes(out, l->post);
            sim_result_bytes(out, l->subject);
            sim_result_bytes(out, l->body);
            put_view(out, person ? &person->body : NULL);
        }
}

/* --- by name ----------------------------------------------------------------------------------------------------------- */

static bool execute_insert(struct sim_tx *tx, const char *name, const struct sim_params *p)
{
    if (strncmp(name, "put_", 4) != 0)
        return false;
    for (int t = 0; t < PULIH_T_N; t++)
        if (strcmp(pulih_tables[t].name, name + 4) == 0 && t != PULIH_T_feed && t != PULIH_T_complaint) {
            insert_all(tx, t, p->at[0],
                       t == PULIH_T_dead       ? PASS_OVER
                       : t == PULIH_T_deadline ? REPLACE
                                               : REFUSE);
            return true;
        }
    return false;
}

void sim_execute(struct sim_tx *tx, const char *name, const struct sim_params *p, struct pg_result *out)
{
    if (strcmp(name, "schema_version") == 0)
        schema_version(out);
    else if (strcmp(name, "seen") == 0) {
        if (sim_server.read_only)
            sim_sql_error(tx, "25006", "cannot execute INSERT in a read-only transaction");
    } else if (strcmp(name, "drop_manifests") == 0)
        drop_manifests(tx, p, out);
    else if (strcmp(name, "lock_manifests") == 0)
        lock_manifests(tx, p, out);
    else if (strcmp(name, "lock_due") == 0)
        lock_due(tx, p, out);
    else if (strcmp(name, "bump_manifests") == 0)
        bump_manifests(tx, p, 1);
    else if (strcmp(name, "unbump_manifests") == 0)
        bump_manifests(tx, p, -1);
    else if (strcmp(name, "oldest_pending") == 0)
        oldest_pending(tx, p, out);
    else if (strcmp(name, "lock_complaints") == 0)
        lock_complaints(tx, p, out);
    else if (strcmp(name, "load_work") == 0)
        load_work(tx, p, out);
    else if (strcmp(name, "move_complaints") == 0)
        move_complaints(tx, p, out);
    else if (strcmp(name, "put_complaint") == 0)
        expect(tx, out, insert_all(tx, PULIH_T_complaint, p->at[0], PASS_OVER), int_of(p->at[1]));
    else if (strcmp(name, "lock_heads") == 0)
        lock_heads(tx, p);
    else if (strcmp(name, "put_feed") == 0)
        put_feed(tx, p);
    else if (strcmp(name, "take_numbers") == 0)
        take_numbers(tx, p, out);
    else if (strcmp(name, "known_complaints") == 0)
        known_complaints(tx, p, out);
    else if (strcmp(name, "known_messages") == 0)
        known_messages(tx, p, out);
    else if (strcmp(name, "claim_deadlines") == 0)
        claim_deadlines(tx, p, out);
    else if (strcmp(name, "heads") == 0)
        heads(tx, out);
    else if (strcmp(name, "read_feed") == 0)
        read_feed(tx, p, out);
    else if (strcmp(name, "read_letter") == 0)
        read_letter(tx, p, out);
    else if (!execute_insert(tx, name, p))
        sim_fail("the model of the store does not know the statement %s", name);
}
