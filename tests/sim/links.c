/* Statements of classification: new complaints against those before. */
#include <string.h>

#include "pulih/base/must.h"
#include "tests/sim/statements.h"

void sim_claim_unlinked(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    int64_t most = sim_int_of(p->at[0]);

    for (int64_t n = 0; n < most; n++) {
        struct sim_row *row, *first = NULL;
        SIM_EACH_ROW (row, PULIH_T_unlinked) {
            const struct pulih_row_unlinked *u = sim_see(row, tx);
            if (u && !row->locker &&
                (!first || u->at < ((const struct pulih_row_unlinked *)sim_see(first, tx))->at))
                first = row;
        }
        if (!first)
            return;
        sim_lock(tx, first);
        sim_put_row(out, PULIH_T_unlinked, sim_see(first, tx));
    }
}

static struct sim_row *find_unlinked(struct sim_tx *tx, int64_t at, int64_t batch)
{
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_unlinked) {
        const struct pulih_row_unlinked *u = sim_see(row, tx);
        if (u && u->at == at && u->batch == batch)
            return row;
    }
    return NULL;
}

void sim_drop_unlinked(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array times = sim_array_of(p->at[0]), batches = sim_array_of(p->at[1]);
    struct sim_row *rows[64];
    unsigned changes[64];
    int64_t batch_of[64];
    size_t n = 0;

    for (size_t i = 0; i < times.n; i++) {
        int64_t at = sim_int_of(sim_next_value(&times.at)) + SIM_EPOCH_US,
                batch = sim_int_of(sim_next_value(&batches.at));
        struct sim_row *row = find_unlinked(tx, at, batch);
        if (!row)
            continue;
        pulih_must(n < PULIH_COUNT(rows));
        rows[n] = row;
        changes[n] = row->changes;
        batch_of[n++] = batch;
    }
    for (size_t i = 0; i < n; i++)
        if (sim_lock_by_ctid(tx, rows[i], changes[i])) {
            sim_delete(tx, rows[i]);
            sim_result_row(out);
            sim_result_int(out, batch_of[i], 8);
        }
}

void sim_read_stories(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array ids = sim_array_of(p->at[0]);

    for (size_t i = 0; i < ids.n; i++) {
        struct pulih_id id = sim_id_of(sim_next_value(&ids.at));
        struct sim_row *row = sim_find_complaint(tx, &id), *person;
        const struct pulih_row_content *t = sim_find_content(tx, &id, 1);
        const struct pulih_view *marks = NULL;
        if (!row)
            continue;
        SIM_EACH_ROW (person, PULIH_T_person) {
            const struct pulih_row_person *q = sim_see(person, tx);
            if (sim_is_of(q, &id) && q->role == 1)
                marks = &q->marks;
        }
        const struct pulih_row_complaint *c = sim_see(row, tx);
        sim_result_row(out);
        sim_result_int(out, (int64_t)i + 1, 8);
        sim_result_int(out, c->tenant, 4);
        sim_result_int(out, c->number, 8);
        sim_result_time(out, c->received_at);
        sim_put_view(out, t ? &t->body : NULL);
        sim_put_view(out, marks);
    }
}

/* The id next to `at` that has the key, below it (-1) or above (1); NULL: none. */
static const struct pulih_row_trace *next_with(struct sim_tx *tx, int64_t key, int64_t tenant, int way,
                                               const struct pulih_id *at)
{
    const struct pulih_row_trace *best = NULL;
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_trace) {
        const struct pulih_row_trace *t = sim_see(row, tx);
        if (t && t->key == key && t->tenant == tenant && way * pulih_id_compare(&t->complaint, at) > 0 &&
            (!best || way * pulih_id_compare(&t->complaint, &best->complaint) < 0))
            best = t;
    }
    return best;
}

void sim_find_similar(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array keys = sim_array_of(p->at[0]), tenants = sim_array_of(p->at[2]),
                     ids = sim_array_of(p->at[3]);

    for (size_t i = 0; i < keys.n; i++) {
        int64_t key = sim_int_of(sim_next_value(&keys.at)), tenant = sim_int_of(sim_next_value(&tenants.at));
        struct pulih_id self = sim_id_of(sim_next_value(&ids.at));
        for (int way = -1; way <= 1; way += 2) {
            const struct pulih_row_trace *t = next_with(tx, key, tenant, way, &self);
            for (int64_t left = sim_int_of(p->at[4]); left > 0 && t; left--) {
                sim_result_row(out);
                sim_result_int(out, (int64_t)i + 1, 8);
                sim_put_id(out, &t->complaint);
                sim_result_int(out, t->shard, 2);
                t = next_with(tx, key, tenant, way, &t->complaint);
            }
        }
    }
}

void sim_count_history(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array keys = sim_array_of(p->at[0]), tenants = sim_array_of(p->at[2]),
                     since = sim_array_of(p->at[3]), until = sim_array_of(p->at[4]);
    int64_t most = sim_int_of(p->at[5]);

    for (size_t i = 0; i < keys.n; i++) {
        int64_t key = sim_int_of(sim_next_value(&keys.at)), tenant = sim_int_of(sim_next_value(&tenants.at)),
                from = sim_int_of(sim_next_value(&since.at)) + SIM_EPOCH_US,
                to = sim_int_of(sim_next_value(&until.at)) + SIM_EPOCH_US, n = 0;
        struct sim_row *row;
        SIM_EACH_ROW (row, PULIH_T_trace) {
            const struct pulih_row_trace *t = sim_see(row, tx);
            n += t && t->key == key && t->tenant == tenant && t->at >= from && t->at <= to && n < most;
        }
        sim_result_row(out);
        sim_result_int(out, (int64_t)i + 1, 8);
        sim_result_int(out, n, 8);
    }
}

void sim_suggest_links(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array a = sim_array_of(p->at[0]);
    struct pulih_row_link link;

    for (size_t i = 0; i < a.n; i++) {
        sim_next_row(&a, PULIH_T_link, &link);
        if (sim_find_same(tx, PULIH_T_link, &link))
            continue;
        sim_put(tx, PULIH_T_link, &link, sizeof link);
        sim_result_row(out);
        sim_put_id(out, &link.complaint);
        sim_put_id(out, &link.other);
    }
}

void sim_prune_traces(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    int64_t before = sim_int_of(p->at[0]) + SIM_EPOCH_US;
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_trace) {
        const struct pulih_row_trace *t = sim_see(row, tx);
        if (!t || t->at >= before || sim_locked_by_other(tx, row))
            continue;
        sim_lock(tx, row);
        sim_result_row(out);
        sim_result_int(out, t->slot, 2);
        sim_delete(tx, row);
    }
}
