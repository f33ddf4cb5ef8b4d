/* The simulated world: one process holds daemons, clients, a network and a store; a seed decides what happens when.
 *
 * Owns.     All is made for one schedule in a process of its own and never given back: the end of the process does.
 * Promises. The same program and seed give the same schedule, to the last step: sim_digest tells it.
 */
#ifndef PULIH_SIM_H
#define PULIH_SIM_H

#include "proto/msg.h"
#include "pulih/base/arena.h"
#include "pulih/base/bytes.h"
#include "pulih/core/rows.h"

/* --- chance.c ------------------------------------------------------------------------------------------- */

/* Chance of the world; what the product draws (ids, salts, batch numbers) comes from a stream of its own. */
void sim_seed(uint64_t seed);
uint64_t sim_below(uint64_t n); /* 0 to n - 1 */
int64_t sim_between(int64_t least, int64_t most);
bool sim_chance(unsigned per_thousand);

/* --- fiber.c: processes, their threads, time ------------------------------------------------------------- */

struct sim_process {
    char name[32];
    bool alive;
    int64_t frozen_until_us;
    int64_t skew_us; /* its wall clock, against the true time */
    unsigned life;   /* how many times it was started */
    void (*ended)(struct sim_process *p, int status);
    void *arg;
};

typedef bool sim_ready_f(void *what);

int64_t sim_now(void);     /* microseconds since the world began */
int64_t sim_true(void);    /* the same as wall time */
void sim_jump(int64_t us); /* everybody's wall clock */
struct sim_process *sim_self(void);

/* A thread of p; the first one is its main thread, with whose end the process ends. */
void sim_spawn(struct sim_process *p, const char *name, void (*run)(void *arg), void *arg);
/* Ends the thread that runs with this argument. */
void sim_unspawn(const void *arg);
/* Ends it between two steps of its threads, as SIGKILL does. */
void sim_kill(struct sim_process *p, int status);
void sim_die(int status) __attribute__((noreturn)); /* the same, from within */
void sim_freeze(struct sim_process *p, int64_t us);

/* Waits until it is ready, or the time has come; true: it is ready. */
bool sim_wait(sim_ready_f *ready, void *what, int64_t until_us);
void sim_sleep(int64_t us);
/* A place where others may come between. */
void sim_yield(void);
/* Time does not leap over this moment. */
void sim_alarm(int64_t at_us);
/* Lets one thread take a step, or time pass. */
void sim_step(void);
uint64_t sim_steps(void);
uint64_t sim_digest(void);

extern bool sim_traced;
void sim_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The schedule failed: says why and ends the process with 1. */
void sim_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* --- system.c: what the daemons ask the system for -------------------------------------------------------- */

int sim_fd_new(sim_ready_f *ready, void *what);
bool sim_fd_ready(int fd);
void sim_signal(struct sim_process *p, int signal);

/* --- bus.c: the network ----------------------------------------------------------------------------------- */

struct sim_network {
    unsigned hint_loss, hint_twice; /* per thousand messages */
    unsigned slow;                  /* per thousand: takes up to two seconds */
    unsigned breaks;                /* per thousand: the connection ends with it */
};

extern struct sim_network sim_network;
void sim_network_kill(struct sim_process *p);
/* Ends a connection of the process, or of anybody. */
void sim_network_cut(const struct sim_process *p);

/* --- pq.c and server.c: PostgreSQL as the daemons meet it -------------------------------------------------- */

struct sim_server {
    bool down;
    bool read_only;
    bool loose_tid; /* a row that was changed while one waited for it is not compared again: 15.0 to 15.14 */
    unsigned cut_before; /* per thousand commits: does not arrive */
    unsigned cut_after;  /* ... : was done, but nobody hears of it */
    unsigned cut;        /* per thousand round trips: the session ends within it */
    unsigned warned;     /* per thousand commits: was done here, but the wait for the standby was cancelled */
    unsigned slow;       /* per thousand statements: takes up to four seconds */
    int64_t skew_us;
};

extern struct sim_server sim_server;
void sim_server_crash(int64_t for_us);
void sim_server_kill(struct sim_process *p); /* its client died */
void sim_server_terminate(void);             /* some session, by an administrator */
int64_t sim_server_now(void);

/* --- store.c: tables with versions and locks --------------------------------------------------------------- */

struct sim_tx;

struct sim_row {
    const void *is;      /* as committed; NULL: not there */
    const void *becomes; /* as the writer left it; NULL: deleted */
    struct sim_tx *writer;
    struct sim_tx *locker;
    unsigned changes; /* how often it was committed */
    int table;
    bool gone;
};

struct sim_rows {
    struct sim_row **at;
    size_t n, cap;
};

enum { SIM_T_number_block = PULIH_T_N, SIM_T_feed_head, SIM_TABLES };

struct sim_head {
    int16_t stream;
    int64_t last;
};

extern struct sim_rows sim_tables[SIM_TABLES];

void sim_store_make(void);
struct sim_tx *sim_tx_begin(void);
void sim_tx_commit(struct sim_tx *tx);
void sim_tx_rollback(struct sim_tx *tx);
/* As this transaction sees it; tx NULL: as committed. NULL: it is not there. */
const void *sim_see(const struct sim_row *row, const struct sim_tx *tx);
/* Waits for the lock; then the newest version counts. */
void sim_lock(struct sim_tx *tx, struct sim_row *row);
bool sim_locked_by_other(const struct sim_tx *tx, const struct sim_row *row);
void sim_put(struct sim_tx *tx, int table, const void *row, size_t len);
void sim_change(struct sim_tx *tx, struct sim_row *row, const void *version, size_t len);
void sim_delete(struct sim_tx *tx, struct sim_row *row);
/* Ends the statement with an error. */
void sim_sql_error(struct sim_tx *tx, const char *sqlstate, const char *text) __attribute__((noreturn));
void *sim_keep(const void *bytes, size_t len);

/* --- statements.c: core.c, services.c, over rows.c and values.c */

struct sim_params {
    size_t n;
    struct pulih_view at[PULIH_PARAMS_MAX];
};
struct pg_result;
void sim_execute(struct sim_tx *tx, const char *statement, const struct sim_params *params,
                 struct pg_result *out);
/* Values of a result, column by column. */
void sim_result_row(struct pg_result *r);
void sim_result_null(struct pg_result *r);
void sim_result_bytes(struct pg_result *r, struct pulih_view v); /* absent: NULL */
void sim_result_int(struct pg_result *r, int64_t v, int bytes);
void sim_result_time(struct pg_result *r, int64_t us);

/* --- oracle.c: what must hold -------------------------------------------------------------------------------- */

struct sim_message {
    struct pulih_id id, complaint;
    enum pulih_m type;
    struct pulih_view body;
    int64_t occurred_us;
    unsigned clients, published, answered; /* a bit for each publisher */
    char reference[33];
    int64_t promised_us;
};

extern struct sim_message *sim_messages; /* in the order in which their clients say them */
extern size_t sim_n_messages;

/* A complaint that the database refuses at a stage, or of which the stage's daemons die. */
struct sim_poison {
    int16_t stage; /* 0: none */
    bool kills;
    struct pulih_id complaint;
};
extern struct sim_poison sim_poison;

/* After each commit; before a receipt leaves; at the end. Each fails the schedule when something does not hold. */
void sim_oracle_commit(void);
void sim_oracle_receipt(const struct pulih_id *message);
void sim_oracle_end(void);
/* What is still to be done; NULL: nothing. */
const char *sim_oracle_restless(void);

/* --- client.c, world.c --------------------------------------------------------------------------------------- */

void sim_clients_make(void);
/* Starts those that died. */
void sim_clients_tend(void);
struct sim_process *sim_clients_any(void);
void sim_clients_slow(bool on);
const char *sim_clients_restless(void);

/* Writes what daemons read; once, before the first world. And takes it away again. */
void sim_world_prepare(const char *folder, const char *policy);
void sim_world_clean(void);
/* The life of one world. */
void sim_world(uint64_t seed);

#endif
