#include "services/common/base/db_impl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "pulih/base/point.h"

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
    db->tables[db->n_tables++] = (struct pulih_db_table){statements, n};
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

const struct pulih_statement *pulih_db_statement(const struct pulih_db *db, size_t index)
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

void pulih_db_clear(struct pulih_db *db)
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

void pulih_db_commit_asynchronously(struct pulih_db *db)
{
    db->asynchronous = true;
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
    pulih_db_clear(db);
    if (db->conn)
        PQfinish(db->conn);
    db->conn = NULL;
}

unsigned pulih_db_session(const struct pulih_db *db)
{
    return db->sessions;
}

bool pulih_db_is_up(const struct pulih_db *db)
{
    return db->conn && PQstatus(db->conn) == CONNECTION_OK;
}

bool pulih_db_check(struct pulih_db *db)
{
    /* Twice, because the server's farewell stands before the end of the stream. */
    for (int i = 0; i < 2 && db->conn; i++)
        if (!PQconsumeInput(db->conn))
            pulih_db_lose(db, PQerrorMessage(db->conn));
    return db->conn;
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
    char *to = db->why;

    snprintf(db->why, sizeof db->why, "%s%s%s", where, *where ? ": " : "", text);
    for (const char *p = db->why; *p; p++)
        if ((unsigned char)*p > ' ')
            *to++ = *p;
        else if (to > db->why && to[-1] != ' ')
            *to++ = ' ';
    if (to > db->why && to[-1] == ' ')
        to--;
    *to = 0;
}

enum pulih_db_end pulih_db_lose(struct pulih_db *db, const char *why)
{
    db->sqlstate[0] = 0;
    keep_why(db, "", why);
    pulih_db_disconnect(db);
    return PULIH_DB_RETRY;
}

enum pulih_db_end pulih_db_fail(struct pulih_db *db, const char *where, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (!state)
        return pulih_db_lose(db, PQresultErrorMessage(result));
    snprintf(db->sqlstate, sizeof db->sqlstate, "%s", state);
    keep_why(db, where, text ? text : "");
    return verdict_of(state);
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

/* Where libpq lacks memory for an answer it keeps a word on that, throws the answer away and waits on. What
 * the server said stands there, too. */
static bool lacks_answer(const struct pulih_db *db)
{
    return strstr(PQerrorMessage(db->conn), "out of memory") != NULL;
}

PGresult *pulih_db_next(struct pulih_db *db, int64_t until_us, bool *lost)
{
    while (PQisBusy(db->conn))
        if (lacks_answer(db) || !wait_for_server(db, until_us)) {
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
        PGresult *result = pulih_db_next(db, until_us, &lost);
        if (lost)
            return pulih_db_lose(db, pulih_mono_us() >= until_us && db->timeout_ms
                                         ? "the server does not answer"
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
            end = pulih_db_fail(db, call_name(db, call), result);
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
        return pulih_db_lose(db, PQerrorMessage(db->conn));
    PULIH_POINT_IF(db->commit_call < CALLS_MAX, commit_sent);
    enum pulih_db_end end = take_results(db);
    if (end == PULIH_DB_DONE && db->commit_call < CALLS_MAX && (db->warned || !committed(db)))
        return pulih_db_lose(db, "the outcome of the commit is not known");
    /* A session that cannot write is of no use: the next one goes to a server that can. */
    if (end == PULIH_DB_RETRY && strcmp(db->sqlstate, "25006") == 0)
        pulih_db_disconnect(db);
    if (end != PULIH_DB_DONE && db->conn && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
        pulih_db_rollback(db);
    PULIH_POINT_IF(end == PULIH_DB_DONE && db->commit_call < CALLS_MAX, commit_done);
    return end;
}

/* What was queued goes out even when the connection is given up: no COMMIT may stand behind a gap. */
static bool may_send(const struct pulih_db *db)
{
    return db->conn && !db->send_failed;
}

static void queue_text(struct pulih_db *db, const char *text)
{
    pulih_must(db->n_calls < CALLS_MAX);
    db->results[db->n_calls++] = NULL;
    if (!may_send(db) || !PQsendQueryParams(db->conn, text, 0, NULL, NULL, NULL, NULL, 1))
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
    pulih_db_clear(db);
    queue_text(db, "ROLLBACK");
    if (db->send_failed || !PQpipelineSync(db->conn) || take_results(db) != PULIH_DB_DONE)
        pulih_db_disconnect(db);
    memcpy(db->sqlstate, sqlstate, sizeof sqlstate);
    memcpy(db->why, why, sizeof why);
}

/* --- queueing ----------------------------------------------------------------------------------------- */

/* A run's results live until the next run is begun: the first thing queued after a run clears them. */
static void start_run(struct pulih_db *db)
{
    if (db->n_calls && (db->results[0] || !db->conn))
        pulih_db_clear(db);
}

struct pulih_params *pulih_db_params(struct pulih_db *db)
{
    pulih_params_clear(&db->params);
    return &db->params;
}

size_t pulih_db_call(struct pulih_db *db, size_t statement)
{
    const struct pulih_statement *s = pulih_db_statement(db, statement);
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
    if (!may_send(db) || !PQsendQueryPrepared(db->conn, s->name, s->n_params, values, lengths, formats, 1))
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
    PULIH_POINT(before_commit);
    start_run(db);
    db->commit_call = db->n_calls;
    queue_text(db, "COMMIT");
}
