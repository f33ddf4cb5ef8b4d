#include "pulih/base/db.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"

enum { CALLS_MAX = 32, TABLES_MAX = 4, TYPES_MAX = 16, TIMEOUT_MS = 30000 };

/* PostgreSQL counts microseconds from 2000-01-01. */
static const int64_t EPOCH_US = INT64_C(946684800000000);

/* Kept plans on the keys only: see core.sql. Locks of a lost client must not outlive it by long. */
static const char SESSION[] =
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off"
    " -c enable_mergejoin=off -c TimeZone=UTC -c idle_in_transaction_session_timeout=10s"
    " -c lock_timeout=3s -c statement_timeout=25s";

struct table {
    const struct pulih_statement *statements;
    size_t n;
};

struct pulih_db {
    char *conninfo;
    char *user;
    char *program;
    PGconn *conn; /* NULL: down */
    int timeout_ms;
    struct table tables[TABLES_MAX];
    size_t n_tables;
    const char *const *type_names;
    size_t n_types;
    uint32_t types[TYPES_MAX];
    struct pulih_params params;
    PGresult *results[CALLS_MAX];
    size_t n_calls;
    size_t commit_call; /* index, or CALLS_MAX */
    bool send_failed;
    bool warned; /* the server warned: a commit may not be where it should be */
    char sqlstate[6];
    char why[400];
};

static char *copy_text(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        pulih_out_of_memory();
    return copy;
}

struct pulih_db *pulih_db_new(const char *conninfo, const char *user, const char *program)
{
    struct pulih_db *db = calloc(1, sizeof *db);

    if (!db)
        pulih_out_of_memory();
    db->conninfo = copy_text(conninfo);
    db->user = copy_text(user);
    db->program = copy_text(program);
    db->timeout_ms = TIMEOUT_MS;
    db->commit_call = CALLS_MAX;
    return db;
}

size_t pulih_db_add(struct pulih_db *db, const struct pulih_statement *statements, size_t n)
{
    size_t first = 0;

    pulih_must(db->n_tables < TABLES_MAX);
    for (size_t i = 0; i < db->n_tables; i++)
        first += db->tables[i].n;
    db->tables[db->n_tables++] = (struct table){statements, n};
    return first;
}

void pulih_db_add_types(struct pulih_db *db, const char *const *names, size_t n)
{
    pulih_must(n <= TYPES_MAX);
    db->type_names = names;
    db->n_types = n;
}

uint32_t pulih_db_type(const struct pulih_db *db, size_t i)
{
    pulih_must(i < db->n_types);
    return db->types[i];
}

static const struct pulih_statement *statement_at(const struct pulih_db *db, size_t index)
{
    for (size_t i = 0; i < db->n_tables; i++) {
        if (index < db->tables[i].n)
            return &db->tables[i].statements[index];
        index -= db->tables[i].n;
    }
    pulih_must(!"a statement of the tables");
    return NULL;
}

void pulih_db_set_timeout(struct pulih_db *db, int timeout_ms)
{
    db->timeout_ms = timeout_ms;
}

static void clear_results(struct pulih_db *db)
{
    for (size_t i = 0; i < db->n_calls; i++) {
        PQclear(db->results[i]);
        db->results[i] = NULL;
    }
    db->n_calls = 0;
    db->commit_call = CALLS_MAX;
    db->send_failed = false;
    db->warned = false;
}

void pulih_db_free(struct pulih_db *db)
{
    if (!db)
        return;
    pulih_db_disconnect(db);
    pulih_params_free(&db->params);
    free(db->conninfo);
    free(db->user);
    free(db->program);
    free(db);
}

void pulih_db_disconnect(struct pulih_db *db)
{
    clear_results(db);
    if (db->conn)
        PQfinish(db->conn);
    db->conn = NULL;
}

bool pulih_db_is_up(const struct pulih_db *db)
{
    return db->conn && PQstatus(db->conn) == CONNECTION_OK;
}

/* --- what an error means ---------------------------------------------------------------------------- */

static const struct {
    const char *prefix;
    enum pulih_db_end end;
} verdicts[] = {
    {"PU001", PULIH_DB_MISMATCH}, {"22", PULIH_DB_DATA},  {"23", PULIH_DB_DATA},
    {"08", PULIH_DB_RETRY},       {"57", PULIH_DB_RETRY}, {"25006", PULIH_DB_RETRY},
    {"25P03", PULIH_DB_RETRY},    {"40", PULIH_DB_RETRY}, {"55P03", PULIH_DB_RETRY},
    {"53", PULIH_DB_RETRY},       {"58", PULIH_DB_RETRY}, {"XX", PULIH_DB_RETRY},
};

static enum pulih_db_end verdict_of(const char *sqlstate)
{
    for (size_t i = 0; i < PULIH_COUNT(verdicts); i++)
        if (strncmp(sqlstate, verdicts[i].prefix, strlen(verdicts[i].prefix)) == 0)
            return verdicts[i].end;
    return PULIH_DB_BROKEN;
}

static void keep_why(struct pulih_db *db, const char *where, const char *text)
{
    snprintf(db->why, sizeof db->why, "%s%s%s", where, *where ? ": " : "", text);
    for (char *p = db->why; *p; p++)
        if (*p == '\n' || *p == '\r')
            *p = *(p + 1) ? ' ' : 0;
}

/* The connection is of no more use. */
static enum pulih_db_end lose(struct pulih_db *db, const char *why)
{
    db->sqlstate[0] = 0;
    keep_why(db, "", why);
    pulih_db_disconnect(db);
    return PULIH_DB_RETRY;
}

static enum pulih_db_end fail(struct pulih_db *db, const char *where, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (!state)
        return lose(db, PQresultErrorMessage(result));
    snprintf(db->sqlstate, sizeof db->sqlstate, "%s", state);
    keep_why(db, where, text ? text : "");
    return verdict_of(state);
}

static void on_notice(void *arg, const PGresult *notice)
{
    struct pulih_db *db = arg;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity && strcmp(severity, "WARNING") == 0)
        db->warned = true;
}

/* --- one round trip ----------------------------------------------------------------------------------- */

/* Waits until the server said something or took what we have to say. False: time is over or it is gone. */
static bool wait_for_server(struct pulih_db *db, int64_t until_us)
{
    int flushed = PQflush(db->conn);
    struct pollfd fd = {.fd = PQsocket(db->conn), .events = POLLIN};
    int left_ms = db->timeout_ms ? (int)((until_us - pulih_mono_us()) / 1000) : -1;

    if (flushed < 0 || fd.fd < 0)
        return false;
    if (flushed > 0)
        fd.events |= POLLOUT;
    if (db->timeout_ms && left_ms <= 0)
        return false;
    if (poll(&fd, 1, left_ms) < 0 && errno != EINTR)
        return false;
    return !(fd.revents & (POLLIN | POLLHUP | POLLERR)) || PQconsumeInput(db->conn);
}

/* The next result; NULL with *lost false is the end of one call. */
static PGresult *next_result(struct pulih_db *db, int64_t until_us, bool *lost)
{
    while (PQisBusy(db->conn))
        if (!wait_for_server(db, until_us)) {
            *lost = true;
            return NULL;
        }
    return PQgetResult(db->conn);
}

static const char *call_name(const struct pulih_db *db, size_t call)
{
    return call == db->commit_call ? "commit" : "statement";
}

/* Takes the results of all calls up to the sync. */
static enum pulih_db_end take_results(struct pulih_db *db)
{
    int64_t until_us = pulih_mono_us() + (int64_t)db->timeout_ms * 1000;
    enum pulih_db_end end = PULIH_DB_DONE;
    bool lost = false;

    for (size_t call = 0; !lost;) {
        PGresult *result = next_result(db, until_us, &lost);
        if (lost)
            return lose(db, pulih_mono_us() >= until_us && db->timeout_ms ? "the server does not answer"
                                                                          : PQerrorMessage(db->conn));
        if (!result) {
            call++;
            continue;
        }
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return end;
        }
        if (status == PGRES_FATAL_ERROR && end == PULIH_DB_DONE) {
            end = fail(db, call_name(db, call), result);
            if (!db->conn) {
                PQclear(result);
                return end;
            }
        }
        if (call < db->n_calls && !db->results[call])
            db->results[call] = result;
        else
            PQclear(result);
    }
    return end;
}

/* PostgreSQL answers COMMIT with success and the tag ROLLBACK when the transaction had failed before. */
static bool committed(const struct pulih_db *db)
{
    const PGresult *result = db->results[db->commit_call];
    /* PQcmdStatus takes a pointer to non-const, but reads only. */
    return result && strcmp(PQcmdStatus((PGresult *)(uintptr_t)result), "COMMIT") == 0;
}

enum pulih_db_end pulih_db_run(struct pulih_db *db)
{
    if (!db->conn)
        return PULIH_DB_RETRY;
    if (db->send_failed || !PQpipelineSync(db->conn))
        return lose(db, PQerrorMessage(db->conn));
    enum pulih_db_end end = take_results(db);
    if (end == PULIH_DB_DONE && db->commit_call < CALLS_MAX && (db->warned || !committed(db)))
        return lose(db, "the outcome of the commit is not known");
    if (end != PULIH_DB_DONE && db->conn && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
        pulih_db_rollback(db);
    return end;
}

static void queue_text(struct pulih_db *db, const char *text)
{
    pulih_must(db->n_calls < CALLS_MAX);
    db->results[db->n_calls++] = NULL;
    if (!db->conn || !PQsendQueryParams(db->conn, text, 0, NULL, NULL, NULL, NULL, 1))
        db->send_failed = true;
}

void pulih_db_rollback(struct pulih_db *db)
{
    char sqlstate[sizeof db->sqlstate];
    char why[sizeof db->why];

    if (!db->conn)
        return;
    memcpy(sqlstate, db->sqlstate, sizeof sqlstate);
    memcpy(why, db->why, sizeof why);
    clear_results(db);
    queue_text(db, "ROLLBACK");
    if (db->send_failed || !PQpipelineSync(db->conn) || take_results(db) != PULIH_DB_DONE)
        pulih_db_disconnect(db);
    memcpy(db->sqlstate, sqlstate, sizeof sqlstate);
    memcpy(db->why, why, sizeof why);
}

/* --- connecting --------------------------------------------------------------------------------------- */

static enum pulih_db_end prepare_all(struct pulih_db *db)
{
    int64_t until_us = pulih_mono_us() + (int64_t)TIMEOUT_MS * 1000;
    enum pulih_db_end end = PULIH_DB_DONE;
    bool lost = false;

    for (size_t t = 0; t < db->n_tables; t++)
        for (size_t i = 0; i < db->tables[t].n; i++) {
            const struct pulih_statement *s = &db->tables[t].statements[i];
            if (!PQsendPrepare(db->conn, s->name, s->text, 0, NULL))
                return lose(db, PQerrorMessage(db->conn));
        }
    if (!PQpipelineSync(db->conn))
        return lose(db, PQerrorMessage(db->conn));
    for (size_t i = 0;;) {
        PGresult *result = next_result(db, until_us, &lost);
        if (lost)
            return lose(db, PQerrorMessage(db->conn));
        ExecStatusType status = result ? PQresultStatus(result) : PGRES_EMPTY_QUERY;
        if (!result)
            i++;
        else if (status == PGRES_FATAL_ERROR && end == PULIH_DB_DONE)
            end = fail(db, statement_at(db, i)->name, result);
        PQclear(result);
        if (status == PGRES_PIPELINE_SYNC || !db->conn)
            return end;
    }
}

static enum pulih_db_end ask_types(struct pulih_db *db)
{
    for (size_t i = 0; i < db->n_types; i++) {
        const char *value = db->type_names[i];
        const int length = (int)strlen(value), format = 1;
        pulih_must(db->n_calls < CALLS_MAX);
        db->results[db->n_calls++] = NULL;
        if (!PQsendQueryParams(db->conn, "SELECT $1::text::regtype::oid::int8", 1, NULL, &value, &length,
                               &format, 1))
            db->send_failed = true;
    }
    enum pulih_db_end end = pulih_db_run(db);
    for (size_t i = 0; end == PULIH_DB_DONE && i < db->n_types; i++)
        db->types[i] = (uint32_t)pulih_db_int(db, i, 0, 0);
    return end;
}

static PGconn *open_connection(const struct pulih_db *db)
{
    /* What comes later wins: the operator's string over our defaults, our session over both. */
    const char *const keys[] = {"user",
                                "target_session_attrs",
                                "connect_timeout",
                                "keepalives_idle",
                                "keepalives_interval",
                                "keepalives_count",
                                "tcp_user_timeout",
                                "application_name",
                                "dbname",
                                "options",
                                NULL};
    const char *const values[] = {db->user, "read-write", "5",          "5",     "2", "3",
                                  "5000",   db->program,  db->conninfo, SESSION, NULL};

    if (*db->user)
        return PQconnectdbParams(keys, values, 1);
    return PQconnectdbParams(keys + 1, values + 1, 1);
}

enum pulih_db_end pulih_db_connect(struct pulih_db *db)
{
    pulih_db_disconnect(db);
    PGconn *conn = open_connection(db);
    if (!conn)
        pulih_out_of_memory();
    db->conn = conn;
    if (PQstatus(conn) != CONNECTION_OK)
        return lose(db, PQerrorMessage(conn));
    PQsetNoticeReceiver(conn, on_notice, db);
    if (PQsetnonblocking(conn, 1) != 0 || !PQenterPipelineMode(conn))
        return lose(db, PQerrorMessage(conn));
    enum pulih_db_end end = prepare_all(db);
    if (end == PULIH_DB_DONE && db->n_types)
        end = ask_types(db);
    if (end != PULIH_DB_DONE)
        pulih_db_disconnect(db);
    return end;
}

/* --- queueing ----------------------------------------------------------------------------------------- */

/* A run's results live until the next run is begun: the first thing queued after a run clears them. */
static void start_run(struct pulih_db *db)
{
    if (db->n_calls && (db->results[0] || !db->conn))
        clear_results(db);
}

struct pulih_params *pulih_db_params(struct pulih_db *db)
{
    pulih_params_clear(&db->params);
    return &db->params;
}

size_t pulih_db_call(struct pulih_db *db, size_t statement)
{
    const struct pulih_statement *s = statement_at(db, statement);
    const char *values[PULIH_PARAMS_MAX];
    int lengths[PULIH_PARAMS_MAX];
    int formats[PULIH_PARAMS_MAX];

    start_run(db);
    pulih_params_end(&db->params);
    pulih_must((int)db->params.n == s->n_params && db->n_calls < CALLS_MAX);
    for (size_t i = 0; i < db->params.n; i++) {
        values[i] = db->params.null[i] ? NULL : db->params.bytes.at + db->params.at[i];
        lengths[i] = (int)(db->params.at[i + 1] - db->params.at[i]);
        formats[i] = 1;
    }
    db->results[db->n_calls] = NULL;
    if (!db->conn || !PQsendQueryPrepared(db->conn, s->name, s->n_params, values, lengths, formats, 1))
        db->send_failed = true;
    pulih_params_clear(&db->params);
    return db->n_calls++;
}

void pulih_db_begin(struct pulih_db *db)
{
    start_run(db);
    queue_text(db, "BEGIN");
}

void pulih_db_commit(struct pulih_db *db)
{
    start_run(db);
    db->commit_call = db->n_calls;
    queue_text(db, "COMMIT");
}

enum pulih_db_end pulih_db_script(struct pulih_db *db, const char *text)
{
    int64_t until_us = pulih_mono_us() + (int64_t)db->timeout_ms * 1000;
    enum pulih_db_end end = PULIH_DB_DONE;
    bool lost = false;

    clear_results(db);
    if (!db->conn)
        return PULIH_DB_RETRY;
    if (!PQexitPipelineMode(db->conn) || !PQsendQuery(db->conn, text))
        return lose(db, PQerrorMessage(db->conn));
    for (PGresult *result; (result = next_result(db, until_us, &lost)); PQclear(result))
        if (PQresultStatus(result) == PGRES_FATAL_ERROR && end == PULIH_DB_DONE)
            end = fail(db, "script", result);
    if (lost)
        return lose(db, PQerrorMessage(db->conn));
    if (db->conn && !PQenterPipelineMode(db->conn))
        return lose(db, PQerrorMessage(db->conn));
    return end;
}

/* --- results ------------------------------------------------------------------------------------------ */

static const PGresult *result_of(const struct pulih_db *db, size_t call)
{
    pulih_must(call < db->n_calls && db->results[call]);
    return db->results[call];
}

size_t pulih_db_rows(const struct pulih_db *db, size_t call)
{
    return (size_t)PQntuples(result_of(db, call));
}

bool pulih_db_null(const struct pulih_db *db, size_t call, size_t row, size_t col)
{
    return PQgetisnull(result_of(db, call), (int)row, (int)col);
}

struct pulih_view pulih_db_view(const struct pulih_db *db, size_t call, size_t row, size_t col)
{
    const PGresult *result = result_of(db, call);

    if (PQgetisnull(result, (int)row, (int)col))
        return (struct pulih_view){0};
    return (struct pulih_view){PQgetvalue(result, (int)row, (int)col),
                               (size_t)PQgetlength(result, (int)row, (int)col)};
}

int64_t pulih_db_int(const struct pulih_db *db, size_t call, size_t row, size_t col)
{
    struct pulih_view v = pulih_db_view(db, call, row, col);

    switch (v.len) {
    case 1:
        return v.at[0];
    case 2:
        return (int16_t)pulih_be16(v.at);
    case 4:
        return (int32_t)pulih_be32(v.at);
    case 8:
        return (int64_t)pulih_be64(v.at);
    default:
        return 0; /* NULL */
    }
}

int64_t pulih_db_time(const struct pulih_db *db, size_t call, size_t row, size_t col)
{
    return pulih_db_null(db, call, row, col) ? 0 : pulih_db_int(db, call, row, col) + EPOCH_US;
}

struct pulih_id pulih_db_id(const struct pulih_db *db, size_t call, size_t row, size_t col)
{
    struct pulih_view v = pulih_db_view(db, call, row, col);
    struct pulih_id id = {{0}};

    if (v.len == sizeof id.b)
        memcpy(id.b, v.at, sizeof id.b);
    return id;
}

const char *pulih_db_why(const struct pulih_db *db)
{
    return db->why;
}

const char *pulih_db_sqlstate(const struct pulih_db *db)
{
    return db->sqlstate;
}

/* --- for tests ---------------------------------------------------------------------------------------- */

static const struct {
    Oid oid;
    const char *name;
} type_names[] = {
    {16, "bool"},          {17, "bytea"},
    {20, "int8"},          {21, "int2"},
    {23, "int4"},          {25, "text"},
    {1184, "timestamptz"}, {2950, "uuid"},
    {1001, "bytea[]"},     {1016, "int8[]"},
    {1005, "int2[]"},      {1007, "int4[]"},
    {1009, "text[]"},      {1185, "timestamptz[]"},
    {2951, "uuid[]"},      {2278, "void"},
};

static const char *type_name(Oid oid)
{
    for (size_t i = 0; i < PULIH_COUNT(type_names); i++)
        if (type_names[i].oid == oid)
            return type_names[i].name;
    return "another type";
}

bool pulih_db_describe(struct pulih_db *db, size_t statement, struct pulih_buf *out)
{
    clear_results(db);
    db->results[0] = NULL;
    db->n_calls = 1;
    if (!db->conn || !PQsendDescribePrepared(db->conn, statement_at(db, statement)->name))
        return false;
    if (pulih_db_run(db) != PULIH_DB_DONE)
        return false;
    const PGresult *result = result_of(db, 0);
    for (int i = 0; i < PQnparams(result); i++)
        pulih_buf_addf(out, "%s%s", i ? ", " : "", type_name(PQparamtype(result, i)));
    for (int i = 0; i < PQnfields(result); i++)
        pulih_buf_addf(out, "%s%s", i ? ", " : " -> ", type_name(PQftype(result, i)));
    return true;
}
