/* PostgreSQL: one connection, prepared statements, pipelined round trips.
 *
 * Does.     Queues statements and runs them in one round trip; results are binary. Statements come from
 *           tables made of .sql files; C never builds SQL.
 * Promises. After a run that did not end with PULIH_DB_DONE no transaction is open. A commit that was not
 *           surely done and flushed (also: warned about) is not reported as done.
 * Fails.    With a verdict that says what to do; pulih_db_why says why, for the log. Messages of the server
 *           may quote values: pulih_db_why holds only primary message and SQLSTATE, never detail lines.
 */
#ifndef PULIH_BASE_DB_H
#define PULIH_BASE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pulih/base/bytes.h"
#include "pulih/base/params.h"

struct pulih_db;

/* A row of a generated table (gen/<name>.sql.h). */
struct pulih_statement {
    const char *name;
    int n_params;
    const char *params; /* "uuid[] id, int2 shard": as written beside the name */
    const char *text;
};

enum pulih_db_end {
    PULIH_DB_DONE,
    PULIH_DB_MISMATCH, /* a statement touched other rows than expected: read, sort out, try again */
    PULIH_DB_DATA,     /* a value the database refuses (classes 22, 23): retrying will not help */
    PULIH_DB_RETRY,    /* connection, lock, shutdown, read-only, disk full, unknown outcome: the same again */
    PULIH_DB_BROKEN,   /* wrong schema, missing right: an operator must act; the same again later */
};

/* `conninfo` is a libpq string or URI; `user` and `program` hold where it does not say otherwise. */
struct pulih_db *pulih_db_new(const char *conninfo, const char *user, const char *program);
/* Adds statements before the first connect; returns the index of the first. The table must outlive db. */
size_t pulih_db_add(struct pulih_db *db, const struct pulih_statement *statements, size_t n);
/* Row types whose oids are asked for at each connect, e.g. {"pulih.event"}; the array must outlive db. */
void pulih_db_add_types(struct pulih_db *db, const char *const *names, size_t n);
/* Oid of type i; 0 while there is no connection. */
uint32_t pulih_db_type(const struct pulih_db *db, size_t i);
/* Longest wait for an answer in a run; 0: for ever. Standard is 30 s. */
void pulih_db_set_timeout(struct pulih_db *db, int timeout_ms);
/* From the next connect on COMMIT is answered before it is on disk (PostgreSQL's asynchronous commit). A
 * crash of the server may undo it, and then all that came later and did not wait either. */
void pulih_db_commit_asynchronously(struct pulih_db *db);
void pulih_db_free(struct pulih_db *db);

/* Connects to a writable server and prepares all statements. Blocks up to some seconds. */
enum pulih_db_end pulih_db_connect(struct pulih_db *db);
bool pulih_db_is_up(const struct pulih_db *db);
/* The same, but finds out whether the server has closed the connection since. Asks nothing and never waits;
 * only between runs. */
bool pulih_db_check(struct pulih_db *db);
/* How many connections there were so far: a server met anew may know less than the one before. */
unsigned pulih_db_session(const struct pulih_db *db);
void pulih_db_disconnect(struct pulih_db *db);

/* Queueing. pulih_db_params clears and returns the parameters for the next call. */
struct pulih_params *pulih_db_params(struct pulih_db *db);
size_t pulih_db_call(struct pulih_db *db, size_t statement); /* returns the call's index in this run */
void pulih_db_begin(struct pulih_db *db);
void pulih_db_commit(struct pulih_db *db);
/* One round trip for all that is queued. */
enum pulih_db_end pulih_db_run(struct pulih_db *db);
/* Ends an open transaction without a trace. */
void pulih_db_rollback(struct pulih_db *db);

/* Runs a text of several statements (migrations), in the open transaction if there is one; pulih_db_rollback
 * after a failure is then up to the caller. */
enum pulih_db_end pulih_db_script(struct pulih_db *db, const char *text);

/* Results of the last run, valid until the next call is queued. Columns and rows count from 0. */
size_t pulih_db_rows(const struct pulih_db *db, size_t call);
bool pulih_db_null(const struct pulih_db *db, size_t call, size_t row, size_t col);
int64_t pulih_db_int(const struct pulih_db *db, size_t call, size_t row,
                     size_t col); /* int2, int4, int8, bool */
int64_t pulih_db_time(const struct pulih_db *db, size_t call, size_t row, size_t col);
struct pulih_view pulih_db_view(const struct pulih_db *db, size_t call, size_t row, size_t col);
struct pulih_id pulih_db_id(const struct pulih_db *db, size_t call, size_t row, size_t col);

/* Why the last operation did not end with PULIH_DB_DONE, one line; and its SQLSTATE, or "". */
const char *pulih_db_why(const struct pulih_db *db);
const char *pulih_db_sqlstate(const struct pulih_db *db);
/* Types of a statement's parameters and result columns as the server sees them, for tests:
 * "uuid[], int2 -> int8". False: see pulih_db_why. */
bool pulih_db_describe(struct pulih_db *db, size_t statement, struct pulih_buf *out);

#endif
