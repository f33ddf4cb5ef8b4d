/* Connecting, preparing, scripts. */
#include "services/common/base/db_impl.h"

#include <string.h>

#include <libpq-fe.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"

/* Kept plans on the keys only: see core.sql. A plan that is switched off counts as dear, and what is dear
 * would be compiled, for half a second of CPU. Locks of a lost client must not outlive it by long. */
#define SESSION                                                                                              \
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off"                     \
    " -c enable_mergejoin=off -c jit=off -c TimeZone=UTC -c idle_in_transaction_session_timeout=10s"         \
    " -c lock_timeout=3s -c statement_timeout=25s"

static void on_notice(void *arg, const PGresult *notice)
{
    struct pulih_db *db = arg;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity && strcmp(severity, "WARNING") == 0)
        db->warned = true;
}

static enum pulih_db_end prepare_all(struct pulih_db *db)
{
    int64_t until_us = pulih_mono_us() + (int64_t)TIMEOUT_MS * 1000;
    enum pulih_db_end end = PULIH_DB_DONE;
    bool lost = false;

    for (size_t t = 0; t < db->n_tables; t++)
        for (size_t i = 0; i < db->tables[t].n; i++) {
            const struct pulih_statement *s = &db->tables[t].statements[i];
            if (!PQsendPrepare(db->conn, s->name, s->text, 0, NULL))
                return pulih_db_lose(db, PQerrorMessage(db->conn));
        }
    if (!PQpipelineSync(db->conn))
        return pulih_db_lose(db, PQerrorMessage(db->conn));
    for (size_t i = 0;;) {
        PGresult *result = pulih_db_next(db, until_us, &lost);
        if (lost)
            return pulih_db_lose(db, PQerrorMessage(db->conn));
        ExecStatusType status = result ? PQresultStatus(result) : PGRES_EMPTY_QUERY;
        if (!result)
            i++;
        else if (status == PGRES_FATAL_ERROR && end == PULIH_DB_DONE)
            end = pulih_db_fail(db, pulih_db_statement(db, i)->name, result);
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
    const char *session = db->asynchronous ? SESSION " -c synchronous_commit=off" : SESSION;
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
                                  "5000",   db->program,  db->conninfo, session, NULL};

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
        return pulih_db_lose(db, PQerrorMessage(conn));
    PQsetNoticeReceiver(conn, on_notice, db);
    if (PQsetnonblocking(conn, 1) != 0 || !PQenterPipelineMode(conn))
        return pulih_db_lose(db, PQerrorMessage(conn));
    enum pulih_db_end end = prepare_all(db);
    if (end == PULIH_DB_DONE && db->n_types)
        end = ask_types(db);
    if (end != PULIH_DB_DONE)
        pulih_db_disconnect(db);
    else
        db->sessions++;
    return end;
}

enum pulih_db_end pulih_db_script(struct pulih_db *db, const char *text)
{
    int64_t until_us = pulih_mono_us() + (int64_t)db->timeout_ms * 1000;
    enum pulih_db_end end = PULIH_DB_DONE;
    bool lost = false;

    pulih_db_clear(db);
    if (!db->conn)
        return PULIH_DB_RETRY;
    if (!PQexitPipelineMode(db->conn) || !PQsendQuery(db->conn, text))
        return pulih_db_lose(db, PQerrorMessage(db->conn));
    for (PGresult *result; (result = pulih_db_next(db, until_us, &lost)); PQclear(result))
        if (PQresultStatus(result) == PGRES_FATAL_ERROR && end == PULIH_DB_DONE)
            end = pulih_db_fail(db, "script", result);
    if (lost)
        return pulih_db_lose(db, PQerrorMessage(db->conn));
    if (db->conn && !PQenterPipelineMode(db->conn))
        return pulih_db_lose(db, PQerrorMessage(db->conn));
    return end;
}
