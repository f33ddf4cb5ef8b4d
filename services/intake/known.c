/* What is known already: complaints, messages, rows that later messages are about. */
#include "pulih/core/reference.h"
#include "services/intake/accept.h"

static bool same_digest(struct intake_batch *b, const struct intake_message *m, struct pulih_view stored,
                        struct pulih_view salt)
{
    /* Content that was erased took its salt with it; then the id alone must do. */
    return !salt.at || pulih_view_same(stored, intake_digest(&b->batch.arena, m, salt));
}

static size_t ask_complaints(struct pulih_worker *w, struct intake_batch *b)
{
    struct pulih_params *p = pulih_db_params(pulih_worker_db(w));

    pulih_params_array(p, PULIH_OID_UUID, b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_params_id(p, &b->messages[i].complaint);
    pulih_params_array(p, PULIH_OID_INT2, b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_params_int2(p, pulih_shard(&b->messages[i].complaint));
    return pulih_db_call(pulih_worker_db(w), pulih_worker_own(w) + INTAKE_SQL_known_complaints);
}

static size_t ask_messages(struct pulih_worker *w, struct intake_batch *b)
{
    struct pulih_params *p = pulih_db_params(pulih_worker_db(w));

    pulih_params_array(p, PULIH_OID_UUID, b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_params_id(p, &b->messages[i].complaint);
    pulih_params_array(p, PULIH_OID_INT2, b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_params_int2(p, pulih_shard(&b->messages[i].complaint));
    pulih_params_array(p, PULIH_OID_UUID, b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_params_id(p, &b->messages[i].id);
    return pulih_db_call(pulih_worker_db(w), pulih_worker_own(w) + INTAKE_SQL_known_messages);
}

/* Locks the complaints that later messages are about; rows come sorted, one per complaint. */
static size_t ask_rows(struct pulih_worker *w, struct intake_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct intake_message *m = &b->messages[i];
        struct pulih_batch *batch = &b->batch;
        if (m->type == PULIH_M_complaint)
            continue;
        if (batch->n == 0 || pulih_id_compare(&batch->items[batch->n - 1].row.id, &m->complaint) != 0) {
            struct pulih_item *item = intake_add_item(b);
            item->row.id = m->complaint;
            item->row.shard = pulih_shard(&m->complaint);
        }
    }
    return pulih_store_lock(pulih_worker_db(w), b->batch.items, b->batch.n);
}

static void take_known(struct pulih_worker *w, struct intake_batch *b, size_t complaints, size_t messages,
                       struct intake_known *known)
{
    struct pulih_db *db = pulih_worker_db(w);

    for (size_t i = 0; i < pulih_db_rows(db, complaints); i++) {
        size_t n = (size_t)pulih_db_int(db, complaints, i, 0) - 1;
        struct intake_message *m = &b->messages[n];
        known[n].number = pulih_db_int(db, complaints, i, 1);
        known[n].due_us = pulih_db_time(db, complaints, i, 4);
        known[n].language = (int)pulih_db_int(db, complaints, i, 5);
        if (m->type != PULIH_M_complaint)
            continue;
        known[n].found = true;
        known[n].same =
            same_digest(b, m, pulih_db_view(db, complaints, i, 2), pulih_db_view(db, complaints, i, 3));
    }
    for (size_t i = 0; i < pulih_db_rows(db, messages); i++) {
        size_t n = (size_t)pulih_db_int(db, messages, i, 0) - 1;
        if (b->messages[n].type == PULIH_M_complaint)
            continue;
        known[n].found = true;
        known[n].same = same_digest(b, &b->messages[n], pulih_db_view(db, messages, i, 1),
                                    pulih_db_view(db, messages, i, 2));
    }
}

/* The locked rows, sorted, kept in the arena: items are made from them as messages need them. */
static struct pulih_row_complaint *take_rows(struct pulih_worker *w, struct intake_batch *b, size_t call,
                                             size_t *ret_n)
{
    struct pulih_db *db = pulih_worker_db(w);
    size_t n = pulih_db_rows(db, call);
    struct pulih_row_complaint *rows = pulih_arena_get(&b->batch.arena, (n + 1) * sizeof *rows);

    for (size_t i = 0; i < n; i++)
        pulih_store_read_complaint(db, call, i, &rows[i]);
    *ret_n = n;
    return rows;
}

bool intake_seen_in_batch(struct intake_batch *b, size_t at, struct intake_known *known)
{
    struct intake_message *m = &b->messages[at];

    for (size_t i = at; i-- > 0 && pulih_id_compare(&b->messages[i].complaint, &m->complaint) == 0;) {
        const struct intake_message *before = &b->messages[i];
        if (pulih_id_compare(&before->id, &m->id) != 0 || before->refusal)
            continue;
        known[at] = known[i];
        known[at].found = true;
        known[at].same = before->type == m->type && pulih_view_same(before->raw, m->raw);
        return true;
    }
    return false;
}

/* The item of a complaint that a message is about: one of this batch, or a locked row. */
size_t intake_item_for(struct intake_batch *b, const struct intake_message *m,
                       const struct pulih_row_complaint *rows, size_t n_rows)
{
    for (size_t i = 0; i < b->batch.n; i++)
        if (pulih_id_compare(&b->batch.items[i].row.id, &m->complaint) == 0)
            return i;
    for (size_t i = 0; i < n_rows; i++)
        if (pulih_id_compare(&rows[i].id, &m->complaint) == 0) {
            struct pulih_item *item = intake_add_item(b);
            item->row = rows[i];
            item->was_version = rows[i].version;
            item->was_holder = rows[i].holder;
            return b->batch.n - 1;
        }
    return SIZE_MAX;
}

enum pulih_db_end intake_look_up(struct pulih_worker *w, struct intake_batch *b, struct intake_known *known,
                                 struct pulih_row_complaint **ret_rows, size_t *ret_n_rows)
{
    size_t locked = ask_rows(w, b);
    size_t complaints = ask_complaints(w, b);
    size_t messages = ask_messages(w, b);
    enum pulih_db_end end = pulih_db_run(pulih_worker_db(w));

    if (end != PULIH_DB_DONE)
        return end;
    take_known(w, b, complaints, messages, known);
    *ret_rows = take_rows(w, b, locked, ret_n_rows);
    return PULIH_DB_DONE;
}
