/* Rows of the model of the store: found, counted, locked by ctid, inserted. */
#include <string.h>

#include "pulih/base/must.h"
#include "pulih/core/life.h"
#include "tests/sim/statements.h"

/* --- finding --------------------------------------------------------------------------------------------- */

/* Every table of a complaint begins with these. */
struct keyed {
    struct pulih_id complaint;
    int16_t shard;
};

bool sim_is_of(const void *row, const struct pulih_id *complaint)
{
    return row && pulih_id_compare(&((const struct keyed *)row)->complaint, complaint) == 0;
}

struct sim_row *sim_find_complaint(struct sim_tx *tx, const struct pulih_id *id)
{
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_complaint)
        if (sim_is_of(sim_see(row, tx), id))
            return row;
    return NULL;
}

const struct pulih_row_event *sim_find_event(struct sim_tx *tx, const struct pulih_id *complaint,
                                             int32_t version)
{
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_event) {
        const struct pulih_row_event *e = sim_see(row, tx);
        if (sim_is_of(e, complaint) && e->version == version)
            return e;
    }
    return NULL;
}

const struct pulih_row_content *sim_find_content(struct sim_tx *tx, const struct pulih_id *complaint,
                                                 int32_t version)
{
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_content) {
        const struct pulih_row_content *c = sim_see(row, tx);
        if (sim_is_of(c, complaint) && c->version == version)
            return c;
    }
    return NULL;
}

struct sim_row *sim_find_manifest(struct sim_tx *tx, int16_t stage, int64_t next_at, int64_t batch)
{
    struct sim_row *row;

    SIM_EACH_ROW (row, PULIH_T_pending) {
        const struct pulih_row_pending *p = sim_see(row, tx);
        if (p && p->stage == stage && p->next_at == next_at && p->batch == batch)
            return row;
    }
    return NULL;
}

void sim_expect(struct sim_tx *tx, struct pg_result *out, int64_t got, int64_t wanted)
{
    if (got != wanted)
        sim_sql_error(tx, "PU001", "pulih: other rows than expected");
    sim_result_row(out);
    sim_result_null(out);
}

/* Changes by ctid: a row that somebody else changed while we waited for it is left alone, but for old servers. */
bool sim_lock_by_ctid(struct sim_tx *tx, struct sim_row *row, unsigned changes)
{
    sim_lock(tx, row);
    return sim_see(row, tx) && (sim_server.loose_tid || row->changes == changes);
}

/* --- inserting ------------------------------------------------------------------------------------------- */

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
        table != PULIH_T_unlinked && !KEY(struct pulih_row_event, complaint))
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
    case PULIH_T_unlinked:
        return KEY(struct pulih_row_unlinked, at) && KEY(struct pulih_row_unlinked, batch);
    case PULIH_T_trace:
        return KEY(struct pulih_row_trace, key) && KEY(struct pulih_row_trace, tenant);
    case PULIH_T_link:
        return KEY(struct pulih_row_link, other);
    case PULIH_T_dead:
        return KEY(struct pulih_row_dead, stage) && KEY(struct pulih_row_dead, version);
    default:
        return false;
    }
#undef KEY
}

/* A row with the same key, that is there or that somebody is about to insert: then we wait for what becomes of it. */
struct sim_row *sim_find_same(struct sim_tx *tx, int table, const void *new)
{
    for (;;) {
        struct sim_row *row, *found = NULL;
        SIM_EACH_ROW (row, table) {
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
    if (table == PULIH_T_content && !((const struct pulih_row_content *)row)->salt.at)
        sim_fail("a message without its salt");
    if (sim_poison.stage && !sim_poison.kills && where[sim_poison.stage] == table &&
        pulih_id_compare(complaint, &sim_poison.complaint) == 0)
        sim_sql_error(tx, "22021", "invalid byte sequence for encoding");
}

/* Returns how many were inserted. */
int64_t sim_insert_all(struct sim_tx *tx, int table, struct pulih_view rows, enum sim_on_conflict on_conflict)
{
    struct sim_array a = sim_array_of(rows);
    char row[1024];
    int64_t n = 0;

    pulih_must(pulih_tables[table].row_bytes <= sizeof row);
    for (size_t i = 0; i < a.n; i++) {
        sim_next_row(&a, table, row);
        struct sim_row *other = sim_find_same(tx, table, row);
        if (!other) {
            check(tx, table, row);
            sim_put(tx, table, row, pulih_tables[table].row_bytes);
            n++;
        } else if (on_conflict == SIM_REFUSE) {
            sim_sql_error(tx, "23505", "duplicate key value violates unique constraint");
        } else if (on_conflict == SIM_REPLACE) {
            sim_lock(tx, other);
            sim_change(tx, other, row, pulih_tables[table].row_bytes);
        }
    }
    return n;
}
