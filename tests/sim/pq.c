/* libpq, as far as services/common/base/db*.c use it, in front of the model of the server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"
#include "tests/sim/server.h"

static struct pg_conn *connections;

struct pg_conn *sim_connections(void)
{
    return connections;
}

/* --- connecting ------------------------------------------------------------------------------------------------ */

static bool has_answer(void *what)
{
    const struct pg_conn *c = what;

    return (c->answers && c->answers->at_us <= sim_now()) ||
           (c->server_gone && c->server_gone_us <= sim_now());
}

PGconn *PQconnectdbParams(const char *const *keys, const char *const *values, int expand)
{
    struct pg_conn *c = calloc(1, sizeof *c);

    (void)expand;
    pulih_must(c);
    for (; *keys; keys++, values++)
        if (strcmp(*keys, "application_name") == 0)
            snprintf(c->name, sizeof c->name, "%.*s", (int)strcspn(*values, "@"), *values);
    c->client = sim_self();
    c->fd = sim_fd_new(has_answer, c);
    c->next = connections;
    connections = c;
    sim_sleep(sim_between(200, 3000));
    c->ok = !sim_server.down && !sim_server.read_only;
    if (c->ok)
        sim_serve(c);
    return c;
}

void PQfinish(PGconn *c)
{
    c->ok = false;
    c->client_gone = true;
}

void sim_server_kill(struct sim_process *p)
{
    for (struct pg_conn *c = connections; c; c = c->next)
        if (c->client == p && !c->client_gone) {
            /* What had not left yet never comes; what had is done, though nobody hears of it. */
            if (c->asked && sim_chance(500))
                c->asked = NULL;
            c->client_gone = true;
        }
}

ConnStatusType PQstatus(const PGconn *c)
{
    return c->ok ? CONNECTION_OK : CONNECTION_BAD;
}

char *PQerrorMessage(const PGconn *c)
{
    static char gone[] = "server closed the connection unexpectedly", none[] = "";

    return c->ok ? none : gone;
}

PQnoticeReceiver PQsetNoticeReceiver(PGconn *c, PQnoticeReceiver receiver, void *arg)
{
    c->on_notice = receiver;
    c->on_notice_arg = arg;
    return NULL;
}

int PQsetnonblocking(PGconn *c, int on)
{
    (void)c, (void)on;
    return 0;
}

int PQenterPipelineMode(PGconn *c)
{
    (void)c;
    return 1;
}

int PQsocket(const PGconn *c)
{
    return c->ok ? c->fd : -1;
}

int PQflush(PGconn *c)
{
    (void)c;
    return 0;
}

PGTransactionStatusType PQtransactionStatus(const PGconn *c)
{
    return c->ok ? c->state : PQTRANS_UNKNOWN;
}

/* --- asking ---------------------------------------------------------------------------------------------------- */

static int queue(struct pg_conn *c, enum sim_ask ask, const char *name, int n, const char *const *values,
                 const int *lengths)
{
    struct sim_request *r = calloc(1, sizeof *r);

    pulih_must(r);
    if (!c->ok)
        return 0;
    r->ask = ask;
    r->params.n = (size_t)n;
    snprintf(r->name, sizeof r->name, "%s", name);
    for (int i = 0; i < n; i++)
        if (values[i])
            r->params.at[i] =
                (struct pulih_view){sim_keep(values[i], (size_t)lengths[i]), (size_t)lengths[i]};
    *(c->queued ? &c->queued_last->next : &c->queued) = r;
    c->queued_last = r;
    return 1;
}

int PQsendPrepare(PGconn *c, const char *name, const char *query, int n, const Oid *types)
{
    (void)query, (void)n, (void)types;
    return queue(c, SIM_ASK_prepare, name, 0, NULL, NULL);
}

int PQsendQueryPrepared(PGconn *c, const char *name, int n, const char *const *values, const int *lengths,
                        const int *formats, int format)
{
    (void)formats, (void)format;
    return queue(c, SIM_ASK_statement, name, n, values, lengths);
}

int PQsendQueryParams(PGconn *c, const char *text, int n, const Oid *types, const char *const *values,
                      const int *lengths, const int *formats, int format)
{
    (void)types, (void)formats, (void)format;
    return queue(c, SIM_ASK_text, text, n, values, lengths);
}

int PQpipelineSync(PGconn *c)
{
    if (!queue(c, SIM_ASK_sync, "", 0, NULL, NULL))
        return 0;
    *(c->asked ? &c->asked_last->next : &c->asked) = c->queued;
    c->asked_last = c->queued_last;
    c->queued = NULL;
    return 1;
}

/* --- hearing ----------------------------------------------------------------------------------------------------- */

int PQconsumeInput(PGconn *c)
{
    bool more = c->answers && c->answers->at_us <= sim_now();

    if (!more && c->server_gone && c->server_gone_us <= sim_now())
        c->ok = false;
    return c->ok;
}

int PQisBusy(PGconn *c)
{
    return !c->between && !(c->answers && c->answers->at_us <= sim_now());
}

PGresult *PQgetResult(PGconn *c)
{
    struct pg_result *r = c->answers;

    if (c->between) {
        c->between = false;
        return NULL;
    }
    if (!r || r->at_us > sim_now())
        return NULL;
    c->answers = r->next;
    c->between = r->status != PGRES_PIPELINE_SYNC;
    if (r->status == PGRES_PIPELINE_SYNC)
        c->state = r->state;
    if (r->warns)
        c->on_notice(c->on_notice_arg, r);
    return r;
}

void PQclear(PGresult *r)
{
    if (r)
        free(r->cells);
    free(r);
}

ExecStatusType PQresultStatus(const PGresult *r)
{
    return r->status;
}

char *PQresultErrorField(const PGresult *r, int field)
{
    static char warning[] = "WARNING";

    if (field == PG_DIAG_SEVERITY_NONLOCALIZED)
        return warning;
    const char *text = field == PG_DIAG_SQLSTATE ? r->sqlstate : r->text;
    return (char *)(uintptr_t)text;
}

char *PQresultErrorMessage(const PGresult *r)
{
    return (char *)(uintptr_t)r->text;
}

char *PQcmdStatus(PGresult *r)
{
    return (char *)(uintptr_t)(r->tag ? r->tag : "");
}

int PQntuples(const PGresult *r)
{
    return (int)r->n_rows;
}

static const struct sim_cell *cell(const PGresult *r, int row, int col)
{
    return &r->cells[(size_t)row * (r->n_cells / r->n_rows) + (size_t)col];
}

int PQgetisnull(const PGresult *r, int row, int col)
{
    return cell(r, row, col)->null;
}

char *PQgetvalue(const PGresult *r, int row, int col)
{
    return (char *)(uintptr_t)cell(r, row, col)->bytes.at;
}

int PQgetlength(const PGresult *r, int row, int col)
{
    return (int)cell(r, row, col)->bytes.len;
}

/* --- results, filled by statements --------------------------------------------------------------------------------- */

static struct sim_cell *add_cell(struct pg_result *r)
{
    r->cells = pulih_room(r->cells, r->n_cells, &r->cap_cells, sizeof *r->cells);
    return memset(&r->cells[r->n_cells++], 0, sizeof *r->cells);
}

void sim_result_row(struct pg_result *r)
{
    r->n_rows++;
}

void sim_result_null(struct pg_result *r)
{
    add_cell(r)->null = true;
}

void sim_result_bytes(struct pg_result *r, struct pulih_view v)
{
    struct sim_cell *c = add_cell(r);

    c->null = !v.at;
    c->bytes = v;
}

void sim_result_int(struct pg_result *r, int64_t v, int bytes)
{
    char be[8];

    for (int i = 0; i < bytes; i++)
        be[i] = (char)((uint64_t)v >> (8 * (bytes - 1 - i)));
    add_cell(r)->bytes = (struct pulih_view){sim_keep(be, (size_t)bytes), (size_t)bytes};
}

void sim_result_time(struct pg_result *r, int64_t us)
{
    sim_result_int(r, us - INT64_C(946684800000000), 8);
}
