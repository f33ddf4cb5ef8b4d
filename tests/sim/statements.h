/* The statements of the daemons over the model of the store: values.c, rows.c; core.c, services.c and links.c hold what
 * each statement does, statements.c finds them by name. */
#ifndef PULIH_SIM_STATEMENTS_H
#define PULIH_SIM_STATEMENTS_H

#include "pulih/core/store.h"
#include "tests/sim/server.h"

/* PostgreSQL counts microseconds from 2000 on. */
static const int64_t SIM_EPOCH_US = INT64_C(946684800000000);

/* --- values.c -------------------------------------------------------------------------------------------- */

/* An array in binary form; its elements one by one. */
struct sim_array {
    struct pulih_view at;
    size_t n;
};

int64_t sim_int_of(struct pulih_view v);
struct pulih_id sim_id_of(struct pulih_view v);
struct sim_array sim_array_of(struct pulih_view v);
struct pulih_view sim_next_value(struct pulih_view *at);
/* The next row of an array of rows; columns behind those of the table are left for the caller. */
struct pulih_view sim_next_row(struct sim_array *a, int table, void *ret);
void sim_put_id(struct pg_result *r, const struct pulih_id *id);
void sim_put_row(struct pg_result *r, int table, const void *row);
void sim_put_view(struct pg_result *out, const struct pulih_view *v);

/* --- rows.c ---------------------------------------------------------------------------------------------- */

#define SIM_EACH_ROW(row, table)                                                                             \
    for (size_t i_ = 0; i_ < sim_tables[table].n && ((row) = sim_tables[table].at[i_], true); i_++)

bool sim_is_of(const void *row, const struct pulih_id *complaint);
struct sim_row *sim_find_complaint(struct sim_tx *tx, const struct pulih_id *id);
const struct pulih_row_event *sim_find_event(struct sim_tx *tx, const struct pulih_id *complaint,
                                             int32_t version);
const struct pulih_row_content *sim_find_content(struct sim_tx *tx, const struct pulih_id *complaint,
                                                 int32_t version);
struct sim_row *sim_find_manifest(struct sim_tx *tx, int16_t stage, int64_t next_at, int64_t batch);
void sim_expect(struct sim_tx *tx, struct pg_result *out, int64_t got, int64_t wanted);
/* Changes by ctid: a row that somebody else changed while we waited for it is left alone, but for old servers. */
bool sim_lock_by_ctid(struct sim_tx *tx, struct sim_row *row, unsigned changes);

/* The row that has a unique key in common with this one; waits for who is about to write such a row. */
struct sim_row *sim_find_same(struct sim_tx *tx, int table, const void *new);

enum sim_on_conflict { SIM_REFUSE, SIM_PASS_OVER, SIM_REPLACE };

/* Returns how many were inserted. */
int64_t sim_insert_all(struct sim_tx *tx, int table, struct pulih_view rows,
                       enum sim_on_conflict on_conflict);

/* --- core.c, services.c, links.c ---------------------------------------------------------------------------------- */

typedef void sim_statement_f(struct sim_tx *tx, const struct sim_params *p, struct pg_result *out);
sim_statement_f sim_schema_version, sim_seen, sim_drop_manifests, sim_lock_manifests, sim_lock_due,
    sim_bump_manifests, sim_unbump_manifests, sim_oldest_pending, sim_lock_complaints, sim_load_work,
    sim_load_story, sim_move_complaints, sim_put_complaint, sim_lock_heads, sim_put_feed, sim_take_numbers,
    sim_known_complaints, sim_known_messages, sim_look_ahead, sim_claim_deadlines, sim_erase_hints,
    sim_no_rows, sim_heads, sim_read_feed, sim_read_letter, sim_claim_unlinked, sim_drop_unlinked,
    sim_read_stories, sim_find_similar, sim_count_history, sim_suggest_links, sim_prune_traces;

#endif
