/* Tables as READ COMMITTED sees them: every row has a committed version and at most one uncommitted one, whose writer
 * holds its lock. Statements see what was committed when they began, and wait for locks; a circle of waits ends with
 * 40P01, a long one with 55P03. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"
#include "tests/sim/server.h"
#include "tests/sim/sim.h"

static const int64_t LOCK_TIMEOUT_US = 3 * 1000 * 1000;

struct sim_rows sim_tables[SIM_TABLES];

void *sim_keep(const void *bytes, size_t len)
{
    void *kept = malloc(len ? len : 1);

    pulih_must(kept);
    return len ? memcpy(kept, bytes, len) : kept;
}

const void *sim_see(const struct sim_row *row, const struct sim_tx *tx)
{
    return tx && row->writer == tx ? row->becomes : row->is;
}

struct sim_tx *sim_tx_begin(void)
{
    struct sim_tx *tx = calloc(1, sizeof *tx);

    pulih_must(tx);
    return tx;
}

static struct sim_row *add_row(int table)
{
    struct sim_rows *rows = &sim_tables[table];
    struct sim_row *row = calloc(1, sizeof *row);

    pulih_must(row);
    rows->at = pulih_room(rows->at, rows->n, &rows->cap, sizeof(struct sim_row *));
    rows->at[rows->n++] = row;
    row->table = table;
    return row;
}

/* --- locks ----------------------------------------------------------------------------------------------------- */

static void touch(struct sim_tx *tx, struct sim_row *row)
{
    if (sim_server.read_only)
        sim_sql_error(tx, "25006", "cannot execute this in a read-only transaction");
    tx->touched = pulih_room(tx->touched, tx->n, &tx->cap, sizeof(struct sim_row *));
    tx->touched[tx->n++] = row;
    row->locker = tx;
}

bool sim_locked_by_other(const struct sim_tx *tx, const struct sim_row *row)
{
    return row->locker && row->locker != tx;
}

static bool is_unlocked(void *what)
{
    return !((struct sim_row *)what)->locker;
}

static void check_circle(struct sim_tx *tx)
{
    for (const struct sim_tx *t = tx; t->waits_for && t->waits_for->locker; t = t->waits_for->locker)
        if (t->waits_for->locker == tx)
            sim_sql_error(tx, "40P01", "deadlock detected");
}

void sim_lock(struct sim_tx *tx, struct sim_row *row)
{
    int64_t until_us = sim_now() + LOCK_TIMEOUT_US;

    while (sim_locked_by_other(tx, row)) {
        tx->waits_for = row;
        check_circle(tx);
        bool unlocked = sim_wait(is_unlocked, row, until_us);
        tx->waits_for = NULL;
        if (!unlocked && sim_now() >= until_us)
            sim_sql_error(tx, "55P03", "canceling statement due to lock timeout");
    }
    if (!row->locker)
        touch(tx, row);
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

void sim_put(struct sim_tx *tx, int table, const void *row, size_t len)
{
    struct sim_row *new = add_row(table);

    touch(tx, new);
    new->writer = tx;
    new->becomes = sim_keep(row, len);
}

void sim_change(struct sim_tx *tx, struct sim_row *row, const void *version, size_t len)
{
    pulih_must(row->locker == tx);
    row->writer = tx;
    row->becomes = sim_keep(version, len);
}

void sim_delete(struct sim_tx *tx, struct sim_row *row)
{
    pulih_must(row->locker == tx);
    row->writer = tx;
    row->becomes = NULL;
}

/* --- the end of a transaction ------------------------------------------------------------------------------------- */

static void drop_gone(int table)
{
    struct sim_rows *rows = &sim_tables[table];
    size_t kept = 0;

    for (size_t i = 0; i < rows->n; i++)
        if (!rows->at[i]->gone)
            rows->at[kept++] = rows->at[i];
    rows->n = kept;
}

static void let_go(struct sim_tx *tx)
{
    bool gone[SIM_TABLES] = {false};

    for (size_t i = 0; i < tx->n; i++) {
        struct sim_row *row = tx->touched[i];
        row->writer = NULL;
        row->locker = NULL;
        row->becomes = NULL;
        row->gone = !row->is;
        gone[row->table] |= row->gone;
    }
    for (int t = 0; t < SIM_TABLES; t++)
        if (gone[t])
            drop_gone(t);
    tx->n = 0;
}

void sim_tx_commit(struct sim_tx *tx)
{
    for (size_t i = 0; i < tx->n; i++) {
        struct sim_row *row = tx->touched[i];
        if (row->writer != tx)
            continue;
        row->is = row->becomes;
        row->changes++;
    }
    sim_oracle_commit();
    let_go(tx);
}

void sim_tx_rollback(struct sim_tx *tx)
{
    let_go(tx);
}

/* --- the first rows ------------------------------------------------------------------------------------------------ */

void sim_store_make(void)
{
    int64_t one = 1;

    add_row(SIM_T_number_block)->is = sim_keep(&one, sizeof one);
    for (int16_t stream = 0; stream < 64; stream++)
        add_row(SIM_T_feed_head)->is =
            sim_keep(&(struct sim_head){.stream = stream}, sizeof(struct sim_head));
}
