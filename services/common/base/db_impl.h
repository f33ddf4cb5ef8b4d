/* Inside of pulih_db: what db.c, db_connect.c and db_result.c share. */
#ifndef PULIH_BASE_DB_IMPL_H
#define PULIH_BASE_DB_IMPL_H

#include "pulih/base/db.h"

enum { CALLS_MAX = 32, TABLES_MAX = 4, TYPES_MAX = 16, TIMEOUT_MS = 30000 };

struct pg_conn;
struct pg_result;

struct pulih_db_table {
    const struct pulih_statement *statements;
    size_t n;
};

struct pulih_db {
    char *conninfo;
    char *user;
    char *program;
    struct pg_conn *conn; /* NULL: down */
    unsigned sessions;
    int timeout_ms;
    bool asynchronous;
    struct pulih_db_table tables[TABLES_MAX];
    size_t n_tables;
    const char *const *type_names;
    size_t n_types;
    uint32_t types[TYPES_MAX];
    struct pulih_params params;
    struct pg_result *results[CALLS_MAX];
    size_t n_calls;
    size_t commit_call; /* index, or CALLS_MAX */
    bool send_failed;
    bool warned; /* the server warned: a commit may not be where it should be */
    char sqlstate[6];
    char why[400];
};

const struct pulih_statement *pulih_db_statement(const struct pulih_db *db, size_t index);
void pulih_db_clear(struct pulih_db *db);
/* Keeps what the server said and tells what it means. Gives the connection up if the server is gone. */
enum pulih_db_end pulih_db_fail(struct pulih_db *db, const char *where, const struct pg_result *result);
/* The connection is of no more use: gives it up. */
enum pulih_db_end pulih_db_lose(struct pulih_db *db, const char *why);
/* The next result; NULL with *lost false is the end of one call. */
struct pg_result *pulih_db_next(struct pulih_db *db, int64_t until_us, bool *lost);
/* The result of a call of the last run. */
const struct pg_result *pulih_db_result(const struct pulih_db *db, size_t call);

#endif
