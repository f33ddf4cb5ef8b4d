/* Statements of intake, escalation and the feed. */
#include <string.h>

#include "pulih/base/must.h"
#include "tests/sim/statements.h"

void sim_take_numbers(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_row *row = sim_tables[SIM_T_number_block].at[0];

    sim_lock(tx, row);
    int64_t first = *(const int64_t *)sim_see(row, tx), next = first + sim_int_of(p->at[0]);
    sim_change(tx, row, &next, sizeof next);
    sim_result_row(out);
    sim_result_int(out, first, 8);
    sim_result_bytes(out, PULIH_VIEW("the key of marks"));
}

void sim_known_complaints(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array ids = sim_array_of(p->at[0]);

    for (size_t i = 0; i < ids.n; i++) {
        struct pulih_id id = sim_id_of(sim_next_value(&ids.at));
        struct sim_row *row = sim_find_complaint(tx, &id), *promise;
        const struct pulih_row_event *e = sim_find_event(tx, &id, 1);
        const struct pulih_row_content *t = sim_find_content(tx, &id, 1);
        int64_t due_us = 0;
        if (!row || !e)
            continue;
        SIM_EACH_ROW (promise, PULIH_T_promise) {
            const struct pulih_row_promise *q = sim_see(promise, tx);
            if (sim_is_of(q, &id) && q->n == 1)
                due_us = q->due_at;
        }
        const struct pulih_row_complaint *c = sim_see(row, tx);
        sim_result_row(out);
        sim_result_int(out, (int64_t)i + 1, 8);
        sim_result_int(out, c->number, 8);
        sim_result_bytes(out, e->digest);
        sim_put_view(out, t ? &t->salt : NULL);
        sim_result_time(out, due_us);
        sim_result_int(out, c->language, 2);
    }
}

void sim_known_messages(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array ids = sim_array_of(p->at[0]), messages = sim_array_of(p->at[2]);
    struct sim_row *row;

    for (size_t i = 0; i < ids.n; i++) {
        struct pulih_id id = sim_id_of(sim_next_value(&ids.at)),
                        message = sim_id_of(sim_next_value(&messages.at));
        SIM_EACH_ROW (row, PULIH_T_event) {
            const struct pulih_row_event *e = sim_see(row, tx);
            if (!sim_is_of(e, &id) || e->version == 1 || pulih_id_compare(&e->message, &message) != 0)
                continue;
            const struct pulih_row_content *t = sim_find_content(tx, &id, e->version);
            sim_result_row(out);
            sim_result_int(out, (int64_t)i + 1, 8);
            sim_result_bytes(out, e->digest);
            sim_put_view(out, t ? &t->salt : NULL);
        }
    }
}

/* There is one policy here, and it is always looked through. */
void sim_look_ahead(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    int64_t before = sim_int_of(p->at[0]) + SIM_EPOCH_US, first = 0;
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_deadline) {
        const struct pulih_row_deadline *d = sim_see(row, tx);
        if (d && d->due_at <= before && (!first || d->due_at < first))
            first = d->due_at;
    }
    sim_result_row(out);
    if (first)
        sim_result_time(out, first);
    else
        sim_result_null(out);
    sim_result_int(out, 0, 8);
}

void sim_claim_deadlines(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    int64_t before = sim_int_of(p->at[0]) + SIM_EPOCH_US, most = sim_int_of(p->at[1]);

    for (int64_t n = 0; n < most; n++) {
        struct sim_row *row, *first = NULL;
        SIM_EACH_ROW (row, PULIH_T_deadline) {
            const struct pulih_row_deadline *d = sim_see(row, tx);
            if (d && d->due_at <= before && !sim_locked_by_other(tx, row) &&
                (!first || d->due_at < ((const struct pulih_row_deadline *)sim_see(first, tx))->due_at))
                first = row;
        }
        if (!first)
            return;
        sim_lock(tx, first);
        sim_put_row(out, PULIH_T_deadline, sim_see(first, tx));
        sim_delete(tx, first);
    }
}

void sim_erase_hints(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array ids = sim_array_of(p->at[0]), armed = sim_array_of(p->at[2]);
    struct sim_row *row;

    for (size_t i = 0; i < ids.n; i++) {
        struct pulih_id id = sim_id_of(sim_next_value(&ids.at));
        int32_t last = (int32_t)sim_int_of(sim_next_value(&armed.at));
        SIM_EACH_ROW (row, PULIH_T_content) {
            const struct pulih_row_content *c = sim_see(row, tx);
            if (!sim_is_of(c, &id) || c->version > last ||
                sim_find_event(tx, &id, c->version)->type != sim_int_of(p->at[3]) ||
                !sim_lock_by_ctid(tx, row, row->changes))
                continue;
            sim_delete(tx, row);
            sim_result_row(out);
            sim_result_int(out, 1, 4);
        }
    }
}

/* Models are for tests of their own: here the database has none. */
void sim_no_rows(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    (void)tx, (void)p, (void)out;
}

void sim_heads(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_row *row;

    (void)p;
    SIM_EACH_ROW (row, SIM_T_feed_head) {
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

    SIM_EACH_ROW (row, PULIH_T_feed) {
        const struct pulih_row_feed *f = sim_see(row, tx);
        if (f && f->stream == stream && f->seq == seq)
            return f;
    }
    return NULL;
}

void sim_read_feed(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct sim_array streams = sim_array_of(p->at[0]), after = sim_array_of(p->at[1]),
                     most = sim_array_of(p->at[2]);

    for (size_t i = 0; i < streams.n; i++) {
        int64_t stream = sim_int_of(sim_next_value(&streams.at)), seq = sim_int_of(sim_next_value(&after.at));
        int64_t left = sim_int_of(sim_next_value(&most.at));
        for (const struct pulih_row_feed *f; left-- > 0 && (f = find_feed(tx, stream, ++seq));) {
            sim_result_row(out);
            sim_result_int(out, (int64_t)i + 1, 8);
            sim_result_int(out, f->seq, 8);
            sim_put_id(out, &f->complaint);
            sim_result_int(out, f->number, 8);
            sim_result_int(out, f->version, 4);
            sim_result_int(out, f->type, 2);
            sim_result_int(out, f->state, 2);
            sim_result_time(out, f->at);
            sim_result_bytes(out, f->body);
        }
    }
}

void sim_read_letter(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out)
{
    struct pulih_id id = sim_id_of(p->at[0]);
    const struct pulih_row_person *person = NULL;
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_person) {
        const struct pulih_row_person *q = sim_see(row, tx);
        if (sim_is_of(q, &id) && q->role == 1)
            person = q;
    }
    SIM_EACH_ROW (row, PULIH_T_letter) {
        const struct pulih_row_letter *l = sim_see(row, tx);
        if (!sim_is_of(l, &id) || l->n != sim_int_of(p->at[2]))
            continue;
        sim_result_row(out);
        sim_result_int(out, l->kind, 2);
        sim_result_int(out, l->language, 2);
        sim_result_int(out, l->channel, 2);
        sim_result_bytes(out, l->post);
        sim_result_bytes(out, l->subject);
        sim_result_bytes(out, l->body);
        sim_put_view(out, person ? &person->body : NULL);
    }
}
