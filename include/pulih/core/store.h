/* Rows to and from PostgreSQL: the statements of core.sql as functions over a batch.
 *
 * Does.     Queues one statement per table; reads locked complaints, manifests and what steps need to know.
 * Promises. Nothing here commits or decides: the host does.
 */
#ifndef PULIH_CORE_STORE_H
#define PULIH_CORE_STORE_H

#include "pulih/base/db.h"
#include "pulih/core/step.h"

enum pulih_core_statement {
#define SQL(name, n, params, text) PULIH_SQL_##name,
#include "gen/core.sql.h"
#undef SQL
    PULIH_SQL_N
};

extern const struct pulih_statement pulih_core_statements[PULIH_SQL_N];

/* Row types whose oids a connection must know: those of the tables, by their numbers, and one more. */
enum { PULIH_TYPE_complaint_move = PULIH_T_N, PULIH_TYPE_N };
extern const char *const pulih_core_types[PULIH_TYPE_N];

/* PULIH_MIGRATIONS: how many migrations this program knows; the schema it was made for. */
enum pulih_migration {
#define MIGRATION(n, name, ...) PULIH_MIGRATION_##n,
#include "gen/migrations.h"
#undef MIGRATION
    PULIH_MIGRATIONS
};

/* A manifest: the key of a pending row and the work it names. */
struct pulih_manifest {
    int64_t next_at;
    int64_t batch;
    int16_t attempts;
    uint32_t n;              /* items */
    struct pulih_view items; /* n times complaint (16 bytes), version (4 bytes, big-endian) */
};

enum { PULIH_MANIFEST_ITEM_BYTES = 20 };

/* One item of a manifest. */
void pulih_manifest_put(struct pulih_buf *out, const struct pulih_id *complaint, int32_t version);
void pulih_manifest_get(const struct pulih_manifest *m, size_t i, struct pulih_id *ret_complaint,
                        int32_t *ret_version);

/* Adds a row of table pending with a random batch number and returns it. `items` must outlive the rows. */
struct pulih_row_pending *pulih_store_manifest(struct pulih_rows *rows, enum pulih_stage stage,
                                               int64_t next_at, int16_t attempts, struct pulih_view items);

/* Queues: update of the complaints of all items that were done (in the order of the array, which is sorted).
 */
void pulih_store_move(struct pulih_db *db, const struct pulih_item *items, size_t n);
/* Queues: insert of all rows but complaints, one statement per table; the feed last. */
void pulih_store_put(struct pulih_db *db, struct pulih_rows *rows);
/* Queues: delete of the manifests, which must all be there. */
void pulih_store_drop(struct pulih_db *db, enum pulih_stage stage, const struct pulih_manifest *m, size_t n);

/* Queues statements that take keys of manifests: to lock, count or uncount them. Returns the call. */
size_t pulih_store_call_keys(struct pulih_db *db, enum pulih_core_statement s, enum pulih_stage stage,
                             const struct pulih_manifest *m, size_t n);
/* Reads row i of lock_manifests or lock_due; its items are copied into the arena. */
void pulih_store_read_manifest(struct pulih_db *db, size_t call, size_t i, struct pulih_arena *arena,
                               struct pulih_manifest *ret);
/* Queues lock_complaints for items sorted by id; returns the call. */
size_t pulih_store_lock(struct pulih_db *db, const struct pulih_item *items, size_t n);
/* Reads row i of lock_complaints. */
void pulih_store_read_complaint(struct pulih_db *db, size_t call, size_t i, struct pulih_row_complaint *ret);
/* Queues load_work for items whose rows are locked; returns the call. */
size_t pulih_store_load(struct pulih_db *db, const struct pulih_item *items, size_t n);
/* Takes the results of load_work into the items; those it does not find keep type PULIH_M_N. */
void pulih_store_read_work(struct pulih_db *db, size_t call, struct pulih_arena *arena,
                           struct pulih_item *items);
/* Queues: the policy's calendars count from now on, as far as they are not those that count already. */
void pulih_store_put_calendars(struct pulih_db *db, const struct pulih_policy *policy, int64_t now_us);
/* Queues load_calendars; returns the call. */
size_t pulih_store_load_calendars(struct pulih_db *db);
/* Takes its results into the policy's calendars: see pulih_policy_keep_past. */
void pulih_store_keep_past(struct pulih_db *db, size_t call, struct pulih_policy *policy, int64_t now_us);

/* Queues load_story for those of the items that `wants` names; returns the call. */
size_t pulih_store_load_story(struct pulih_db *db, const struct pulih_item *items, size_t n,
                              const bool *wants);
/* Takes its results into the items. */
void pulih_store_read_story(struct pulih_db *db, size_t call, struct pulih_arena *arena,
                            struct pulih_item *items);

#endif
