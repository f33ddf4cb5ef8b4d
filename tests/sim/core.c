/* Statements of core.sql, which every daemon uses. */
#include <string.h>

#include "pulih/base/must.h"
#include "tests/sim/statements.h"

void sim_schema_version(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    (void)tx, (void)p;
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
    struct sim_array times = sim_array_of(p->at[1]), batches = sim_array_of(p->at[2]);

    ret->n = 0;
    for (size_t i = 0; i < times.n; i++) {
        int64_t next_at = sim_int_of(sim_next_value(&times.at)) + SIM_EPOCH_US,
                batch = sim_int_of(sim_next_value(&batches.at));
        struct sim_row *row = sim_find_manifest(tx, (int16_t)sim_int_of(p->at[0]), next_at, batch);
        if (!row)
            continue;
        pulih_must(ret->n < PULIH_COUNT(ret->rows));
        ret->rows[ret->n] = row;
        ret->changes[ret->n++] = row->changes;
    }
}

void sim_drop_manifests(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct manifests m;
    int64_t n = 0;

    find_manifests(tx, p, &m);
    for (size_t i = 0; i < m.n; i++)
        if (sim_lock_by_ctid(tx, m.rows[i], m.changes[i])) {
            sim_delete(tx, m.rows[i]);
            n++;
        }
    sim_expect(tx, out, n, sim_int_of(p->at[3]));
}

static void put_manifest(struct pg_result *out, const struct pulih_row_pending *m)
{
    sim_result_row(out);
    sim_result_time(out, m->next_at);
    sim_result_int(out, m->batch, 8);
    sim_result_int(out, m->attempts, 2);
    sim_result_bytes(out, m->items);
}

void sim_lock_manifests(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct manifests m;

    find_manifests(tx, p, &m);
    for (size_t i = 0; i < m.n; i++)
        if (!sim_locked_by_other(tx, m.rows[i])) {
            sim_lock(tx, m.rows[i]);
            put_manifest(out, sim_see(m.rows[i], tx));
        }
}

void sim_lock_due(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    int64_t before = sim_int_of(p->at[1]) + SIM_EPOCH_US, most = sim_int_of(p->at[2]);

    for (int64_t n = 0; n < most; n++) {
        struct sim_row *row, *first = NULL;
        SIM_EACH_ROW (row, PULIH_T_pending) {
            const struct pulih_row_pending *m = sim_see(row, tx), *best = first ? sim_see(first, tx) : NULL;
            if (!m || m->stage != sim_int_of(p->at[0]) || m->next_at > before || row->locker)
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

static void bump(struct sim_tx *tx, const struct sim_params *p, int by)
{
    struct manifests m;

    find_manifests(tx, p, &m);
    for (size_t i = 0; i < m.n; i++) {
        if (!sim_lock_by_ctid(tx, m.rows[i], m.changes[i]))
            continue;
        struct pulih_row_pending row = *(const struct pulih_row_pending *)sim_see(m.rows[i], tx);
        row.attempts = (int16_t)(row.attempts + by < 0 ? 0 : row.attempts + by);
        sim_change(tx, m.rows[i], &row, sizeof row);
    }
}

void sim_oldest_pending(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_row *row;
    const struct pulih_row_pending *oldest = NULL;

    SIM_EACH_ROW (row, PULIH_T_pending) {
        const struct pulih_row_pending *m = sim_see(row, tx);
        if (m && m->stage == sim_int_of(p->at[0]) && (!oldest || m->next_at < oldest->next_at))
            oldest = m;
    }
    sim_result_row(out);
    if (oldest)
        sim_result_time(out, oldest->next_at);
    else
        sim_result_null(out);
    sim_result_time(out, sim_server_now());
}

void sim_lock_complaints(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array ids = sim_array_of(p->at[0]);

    for (size_t i = 0; i < ids.n; i++) {
        struct pulih_id id = sim_id_of(sim_next_value(&ids.at));
        struct sim_row *row = sim_find_complaint(tx, &id);
        if (!row)
            continue;
        sim_lock(tx, row);
        sim_put_row(out, PULIH_T_complaint, sim_see(row, tx));
    }
}

static const struct pulih_row_offer *last_offer(struct sim_tx *tx, const struct pulih_id *complaint)
{
    const struct pulih_row_offer *last = NULL;
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_offer) {
        const struct pulih_row_offer *o = sim_see(row, tx);
        if (sim_is_of(o, complaint) && (!last || o->n > last->n))
            last = o;
    }
    return last;
}

static bool is_mail(const struct pulih_row_event *e)
{
    return pulih_life_is_mail(pulih_message_by_wire((uint64_t)e->type));
}

/* The next message of the mailbox. */
static const struct pulih_row_event *next_mail(struct sim_tx *tx, const struct pulih_id *complaint,
                                               int32_t cursor)
{
    const struct pulih_row_event *next = NULL;
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_event) {
        const struct pulih_row_event *e = sim_see(row, tx);
        if (sim_is_of(e, complaint) && e->version > cursor && is_mail(e) &&
            (!next || e->version < next->version))
            next = e;
    }
    return next;
}

/* The last page or reprimand before a message about the ladder. */
static const struct pulih_row_event *told_before(struct sim_tx *tx, const struct pulih_row_event *mail)
{
    const struct pulih_row_event *last = NULL;
    struct sim_row *row;

    if (mail->type < 53 || mail->type > 56)
        return NULL;
    SIM_EACH_ROW (row, PULIH_T_event) {
        const struct pulih_row_event *e = sim_see(row, tx);
        if (sim_is_of(e, &mail->complaint) && e->version < mail->version &&
            (e->type == 81 || e->type == 100) && (!last || e->version > last->version))
            last = e;
    }
    return last;
}

static void put_work(struct sim_tx *tx, const struct pulih_row_event *e, int64_t n, int32_t cursor,
                     struct pg_result *out)
{
    const struct pulih_row_content *c = sim_find_content(tx, &e->complaint, e->version);
    const struct pulih_row_offer *o = last_offer(tx, &e->complaint);
    const struct pulih_row_content *said = o ? sim_find_content(tx, &e->complaint, o->version) : NULL;
    const struct pulih_row_event *mail = next_mail(tx, &e->complaint, cursor);
    const struct pulih_row_event *told = told_before(tx, e);

    sim_result_row(out);
    sim_result_int(out, n, 8);
    sim_result_int(out, e->type, 2);
    sim_result_bytes(out, e->body);
    sim_result_int(out, e->prior, 2);
    sim_put_view(out, c ? &c->body : NULL);
    sim_result_int(out, o ? o->n : 0, 2); /* NULL reads as 0 */
    sim_result_int(out, o ? o->version : 0, 4);
    sim_result_int(out, o ? o->remedy : 0, 2);
    sim_result_int(out, o ? o->amount : 0, 8);
    sim_put_view(out, o ? &o->currency : NULL);
    sim_put_view(out, o ? &o->role : NULL);
    sim_put_view(out, o ? &o->actor : NULL);
    sim_put_view(out, said ? &said->body : NULL);
    sim_result_int(out, mail ? mail->version : 0, 4);
    sim_result_int(out, mail ? mail->type : 0, 2);
    sim_result_int(out, told ? told->type : 0, 2);
    if (told)
        sim_result_time(out, told->recorded_at);
    else
        sim_result_null(out);
    sim_put_view(out, told ? &told->body : NULL);
}

void sim_load_work(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array ids = sim_array_of(p->at[0]), versions = sim_array_of(p->at[2]),
                     cursors = sim_array_of(p->at[3]);

    for (size_t i = 0; i < ids.n; i++) {
        struct pulih_id id = sim_id_of(sim_next_value(&ids.at));
        int32_t version = (int32_t)sim_int_of(sim_next_value(&versions.at)),
                cursor = (int32_t)sim_int_of(sim_next_value(&cursors.at));
        const struct pulih_row_event *e = sim_find_event(tx, &id, version);
        if (e)
            put_work(tx, e, (int64_t)i + 1, cursor, out);
    }
}

static bool is_heeded(const struct pulih_row_event *e)
{
    return !is_mail(e) || pulih_clocks_heed(pulih_message_by_wire((uint64_t)e->type));
}

void sim_load_story(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array numbers = sim_array_of(p->at[0]), ids = sim_array_of(p->at[1]);

    for (size_t i = 0; i < ids.n; i++) {
        int64_t n = sim_int_of(sim_next_value(&numbers.at));
        struct pulih_id id = sim_id_of(sim_next_value(&ids.at));
        const struct pulih_row_event *e;
        for (int32_t version = 1; (e = sim_find_event(tx, &id, version)); version++) {
            if (!is_heeded(e))
                continue;
            sim_result_row(out);
            sim_result_int(out, n, 8);
            sim_result_int(out, e->version, 4);
            sim_result_int(out, e->type, 2);
            sim_result_int(out, e->state, 2);
            sim_result_int(out, e->recorded_at - SIM_EPOCH_US, 8);
            sim_result_bytes(out, e->body);
        }
    }
}

static bool is_as_told(struct sim_tx *tx, const struct sim_row *row, int32_t version, int16_t holder)
{
    const struct pulih_row_complaint *is = sim_see(row, tx);

    return is->version == version && is->holder == holder;
}

/* The version proves that the row is as it was read; it is asked for again when one had to wait for the row. */
void sim_move_complaints(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array a = sim_array_of(p->at[0]);
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
        struct pulih_view more = sim_next_row(&a, PULIH_T_complaint, &found[n].to);
        more.at += 4;
        found[n].was_version = (int32_t)sim_int_of(sim_next_value(&more));
        more.at += 4;
        found[n].was_holder = (int16_t)sim_int_of(sim_next_value(&more));
        found[n].row = sim_find_complaint(tx, &found[n].to.id);
        if (!found[n].row || !is_as_told(tx, found[n].row, found[n].was_version, found[n].was_holder))
            continue;
        found[n].changes = found[n].row->changes;
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        if (!sim_lock_by_ctid(tx, found[i].row, found[i].changes) ||
            !is_as_told(tx, found[i].row, found[i].was_version, found[i].was_holder))
            continue;
        sim_change(tx, found[i].row, &found[i].to, sizeof found[i].to);
        moved++;
    }
    sim_expect(tx, out, moved, sim_int_of(p->at[1]));
}

void sim_lock_heads(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array streams = sim_array_of(p->at[0]);
    struct sim_row *row;

    (void)out;
    for (size_t i = 0; i < streams.n; i++) {
        int64_t stream = sim_int_of(sim_next_value(&streams.at));
        SIM_EACH_ROW (row, SIM_T_feed_head)
            if (((const struct sim_head *)sim_see(row, tx))->stream == stream)
                sim_lock(tx, row);
    }
}

void sim_put_feed(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array rows = sim_array_of(p->at[0]), heads = sim_array_of(p->at[1]),
                     counts = sim_array_of(p->at[2]);
    int64_t before[64] = {0};
    struct sim_row *row;

    (void)out;
    for (size_t i = 0; i < heads.n; i++) {
        int64_t stream = sim_int_of(sim_next_value(&heads.at)),
                count = sim_int_of(sim_next_value(&counts.at));
        SIM_EACH_ROW (row, SIM_T_feed_head) {
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
        sim_next_row(&rows, PULIH_T_feed, &feed);
        feed.seq += before[feed.stream];
        if (sim_find_same(tx, PULIH_T_feed, &feed))
            sim_sql_error(tx, "23505", "duplicate key value violates unique constraint");
        sim_put(tx, PULIH_T_feed, &feed, sizeof feed);
    }
}

void sim_bump_manifests(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    (void)out;
    bump(tx, p, 1);
}

void sim_unbump_manifests(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    (void)out;
    bump(tx, p, -1);
}

void sim_put_complaint(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    sim_expect(tx, out, sim_insert_all(tx, PULIH_T_complaint, p->at[0], SIM_PASS_OVER), sim_int_of(p->at[1]));
}

/* Nothing decides by it. */
void sim_seen(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    (void)p, (void)out;
    if (sim_server.read_only)
        sim_sql_error(tx, "25006", "cannot execute INSERT in a read-only transaction");
}
