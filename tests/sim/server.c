/* The server's side of a connection: a process that takes one request after the other, as PostgreSQL does in pipeline
 * mode; and what may befall it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"
#include "tests/sim/server.h"

static const int64_t IDLE_IN_TRANSACTION_US = 10 * 1000 * 1000;

struct sim_server sim_server;
static struct sim_process server = {.name = "postgres"};

int64_t sim_server_now(void)
{
    return sim_true() + sim_server.skew_us;
}

void sim_sql_error(struct sim_tx *tx, const char *sqlstate, const char *text)
{
    tx->sqlstate = sqlstate;
    tx->text = text;
    tx->is_failing = true;
    setcontext(&tx->on_error);
    abort();
}

/* --- answering ------------------------------------------------------------------------------------------------- */

static struct pg_result *answer(struct pg_conn *c, ExecStatusType status)
{
    struct pg_result *r = calloc(1, sizeof *r);

    pulih_must(r);
    r->status = status;
    r->at_us = sim_now() + sim_between(20, 300);
    if (c->answers && c->answers_last->at_us > r->at_us)
        r->at_us = c->answers_last->at_us;
    *(c->answers ? &c->answers_last->next : &c->answers) = r;
    c->answers_last = r;
    sim_alarm(r->at_us);
    return r;
}

static void answer_tag(struct pg_conn *c, const char *tag)
{
    answer(c, PGRES_COMMAND_OK)->tag = tag;
}

static void end_tx(struct pg_conn *c)
{
    if (c->tx)
        sim_tx_rollback(c->tx);
    c->tx = NULL;
}

/* The session ends; what the client has not heard yet it never will. */
static void hang_up(struct pg_conn *c)
{
    struct pg_result **last = &c->answers;

    end_tx(c);
    while (*last && (*last)->at_us <= sim_now())
        last = &(*last)->next;
    *last = NULL;
    c->server_gone = true;
    c->server_gone_us = sim_now() + sim_between(20, 3000);
    sim_alarm(c->server_gone_us);
    sim_trace("session of %s ends", c->name);
}

/* --- requests -------------------------------------------------------------------------------------------------- */

static void fail(struct pg_conn *c)
{
    struct pg_result *r = answer(c, PGRES_FATAL_ERROR);

    snprintf(r->sqlstate, sizeof r->sqlstate, "%s", c->tx->sqlstate);
    snprintf(r->text, sizeof r->text, "%s", c->tx->text);
    sim_trace("%s: error %s %s", c->name, r->sqlstate, r->text);
    sim_tx_rollback(c->tx);
    c->tx->failed = true;
}

/* False: the session ended. */
static bool commit(struct pg_conn *c)
{
    if (c->tx->failed) {
        answer_tag(c, "ROLLBACK");
        end_tx(c);
        return true;
    }
    sim_sleep(sim_between(50, 2000)); /* to the disk */
    if (sim_chance(sim_server.cut_before)) {
        sim_trace("%s: COMMIT does not arrive", c->name);
        return false;
    }
    sim_tx_commit(c->tx);
    sim_trace("%s: committed", c->name);
    c->tx = NULL;
    if (sim_chance(sim_server.cut_after)) {
        sim_trace("%s: nobody hears of it", c->name);
        return false;
    }
    struct pg_result *r = answer(c, PGRES_COMMAND_OK);
    r->tag = "COMMIT";
    r->warns = sim_chance(sim_server.warned);
    return true;
}

static void run_statement(struct pg_conn *c, const struct sim_request *r)
{
    struct pg_result *out;

    c->tx->is_failing = false;
    pulih_must(getcontext(&c->tx->on_error) == 0);
    if (c->tx->is_failing) { /* sim_sql_error leads here */
        c->tx->waits_for = NULL;
        fail(c);
        return;
    }
    if (c->tx->failed)
        sim_sql_error(c->tx, "25P02", "current transaction is aborted");
    sim_trace("%s: %s", c->name, r->name);
    out = calloc(1, sizeof *out);
    pulih_must(out);
    sim_execute(c->tx, r->name, &r->params, out);
    struct pg_result *told = answer(c, PGRES_TUPLES_OK);
    told->cells = out->cells;
    told->n_cells = out->n_cells;
    told->n_rows = out->n_rows;
    free(out);
}

static bool run_text(struct pg_conn *c, const struct sim_request *r)
{
    if (strcmp(r->name, "BEGIN") == 0) {
        c->tx->is_explicit = true;
        answer_tag(c, "BEGIN");
    } else if (strcmp(r->name, "ROLLBACK") == 0) {
        answer_tag(c, "ROLLBACK");
        end_tx(c);
    } else if (strcmp(r->name, "COMMIT") == 0) {
        return commit(c);
    } else {
        struct pg_result *told = answer(c, PGRES_TUPLES_OK); /* the oid of a type: any number does */
        sim_result_row(told);
        sim_result_int(told, 100000, 8);
    }
    return true;
}

/* Statements outside of BEGIN and COMMIT are one transaction up to here. False: the session ended. */
static bool sync_up(struct pg_conn *c)
{
    if (c->tx && !c->tx->is_explicit) {
        if (!c->tx->failed)
            sim_tx_commit(c->tx);
        end_tx(c);
    }
    answer(c, PGRES_PIPELINE_SYNC)->state = !c->tx          ? PQTRANS_IDLE
                                            : c->tx->failed ? PQTRANS_INERROR
                                                            : PQTRANS_INTRANS;
    return !sim_chance(sim_server.cut);
}

static bool was_asked(void *what)
{
    const struct pg_conn *c = what;

    return c->asked || c->client_gone;
}

static struct sim_request *next_request(struct pg_conn *c)
{
    struct sim_request *r = c->asked;

    if (r)
        c->asked = r->next;
    return r;
}

/* False: the session ended. */
static bool take(struct pg_conn *c, const struct sim_request *r, bool *skip)
{
    if (r->ask == SIM_ASK_sync) {
        *skip = false;
        return sync_up(c);
    }
    if (*skip) {
        answer(c, PGRES_PIPELINE_ABORTED);
        return true;
    }
    if (r->ask == SIM_ASK_prepare) {
        answer_tag(c, "PREPARE");
        return true;
    }
    if (!c->tx)
        c->tx = sim_tx_begin();
    sim_sleep(sim_chance(sim_server.slow) ? sim_between(1000, 4000000) : sim_between(5, 200));
    bool goes_on = true;
    if (r->ask == SIM_ASK_text)
        goes_on = run_text(c, r);
    else
        run_statement(c, r);
    *skip = c->tx && c->tx->failed;
    return goes_on;
}

static void serve(void *arg)
{
    struct pg_conn *c = arg;
    bool skip = false, goes_on = true;

    while (goes_on) {
        int64_t until_us = c->tx && c->tx->is_explicit ? sim_now() + IDLE_IN_TRANSACTION_US : INT64_MAX;
        sim_wait(was_asked, c, until_us);
        const struct sim_request *r = next_request(c);
        goes_on = r && take(c, r, &skip);
    }
    hang_up(c);
}

static void wait_for_ever(void *arg)
{
    (void)arg;
    for (;;)
        sim_sleep(INT64_C(1) << 60);
}

static void be_there(void)
{
    if (!server.alive && !sim_server.down)
        sim_spawn(&server, "postmaster", wait_for_ever, NULL);
}

void sim_serve(struct pg_conn *c)
{
    be_there();
    sim_spawn(&server, c->name, serve, c);
}

/* --- what may befall it ------------------------------------------------------------------------------------------ */

void sim_server_crash(int64_t for_us)
{
    sim_trace("PostgreSQL crashes, for %lld ms", (long long)(for_us / 1000));
    sim_kill(&server, 9);
    sim_server.down = true;
    for (struct pg_conn *c = sim_connections(); c; c = c->next)
        if (!c->server_gone)
            hang_up(c);
}

void sim_server_terminate(void)
{
    uint64_t n = 0;
    struct pg_conn *which = NULL;

    for (struct pg_conn *c = sim_connections(); c; c = c->next)
        if (c->ok && !c->server_gone && sim_below(++n) == 0)
            which = c;
    if (which)
        sim_unspawn(which);
    if (which)
        hang_up(which);
}
