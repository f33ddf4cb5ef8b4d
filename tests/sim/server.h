/* What pq.c (the client's side) and server.c (the server's side of a connection) share. */
#ifndef PULIH_SIM_SERVER_H
#define PULIH_SIM_SERVER_H

#include <ucontext.h>

#include <libpq-fe.h>

#include "tests/sim/sim.h"

struct sim_tx {
    struct sim_row **touched; /* written or locked */
    size_t n, cap;
    struct sim_row *waits_for;
    bool is_explicit, failed;
    ucontext_t on_error; /* where a statement that fails goes on */
    bool is_failing;
    const char *sqlstate, *text;
};

enum sim_ask { SIM_ASK_prepare, SIM_ASK_text, SIM_ASK_statement, SIM_ASK_sync };

struct sim_request {
    struct sim_request *next;
    enum sim_ask ask;
    char name[64]; /* of the statement, or the text */
    struct sim_params params;
};

struct sim_cell {
    bool null;
    struct pulih_view bytes;
};

struct pg_result {
    struct pg_result *next;
    int64_t at_us; /* when it comes */
    ExecStatusType status;
    PGTransactionStatusType state; /* with a sync */
    char sqlstate[6];
    char text[100];
    const char *tag;
    struct sim_cell *cells;
    size_t n_cells, cap_cells, n_rows;
    bool warns;
};

struct pg_conn {
    struct pg_conn *next;
    struct sim_process *client;
    char name[64];
    int fd;
    bool ok;          /* as the client knows it */
    bool client_gone; /* the server reads no more */
    bool server_gone; /* the client reads no more, once it has read what came */
    int64_t server_gone_us;
    PGTransactionStatusType state;
    PQnoticeReceiver on_notice;
    void *on_notice_arg;
    struct sim_request *asked, *asked_last;   /* sent */
    struct sim_request *queued, *queued_last; /* until the next sync */
    struct pg_result *answers, *answers_last;
    bool between; /* the NULL behind a result comes next */
    int asking;   /* results of one call */
    struct sim_tx *tx;
};

/* The server's side of a new connection. */
void sim_serve(struct pg_conn *c);
struct pg_conn *sim_connections(void);

#endif
