#include "tests/lib/yard.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "pulih/base/arena.h"
#include "pulih/base/bytes.h"
#include "pulih/base/clock.h"

enum { PER_COMMIT = 500, HEAD_BYTES = 19, ID_BYTES = 16 };

/* The tables that hold final rows; in which column the complaint's id stands; how the rows are found. */
static const struct {
    const char *name;
    int id_column;
} tables[] = {
    {"complaint", 0}, {"event", 0},   {"person", 0}, {"content", 0}, {"classification", 0},
    {"deadline", 1},  {"promise", 0}, {"letter", 0}, {"feed", 2},
};
enum { TABLES = PULIH_COUNT(tables) };

struct tuple {
    const char *at; /* in binary COPY form: count of columns, then length and bytes of each */
    size_t len;
    unsigned char id[ID_BYTES];
};

struct table {
    struct pulih_buf bytes;
    struct tuple *tuples;
    size_t n, cap;
};

struct yard {
    struct table table[TABLES];
};

static void fail(PGconn *conn, const char *what)
{
    fprintf(stderr, "bench: %s: %s\n", what, PQerrorMessage(conn));
    exit(1);
}

static PGconn *open_connection(const char *database)
{
    PGconn *conn = PQconnectdb(database);

    if (PQstatus(conn) != CONNECTION_OK)
        fail(conn, "connect");
    return conn;
}

static void run(PGconn *conn, const char *sql)
{
    if (!PQsendQuery(conn, sql))
        fail(conn, sql);
    for (PGresult *r; (r = PQgetResult(conn)); PQclear(r))
        if (PQresultStatus(r) == PGRES_FATAL_ERROR)
            fail(conn, sql);
}

/* --- reading -------------------------------------------------------------------------------------------- */

static void read_table(PGconn *conn, size_t t, const char *since, struct table *to)
{
    char sql[600];
    char *chunk;
    int len;

    snprintf(
        sql, sizeof sql,
        "COPY (SELECT t.* FROM pulih.%s t JOIN pulih.complaint k ON t.%s = k.id WHERE k.received_at >= '%s' "
        "ORDER BY k.id) TO STDOUT (FORMAT binary)",
        tables[t].name, t == 0 ? "id" : "complaint", since);
    if (!PQsendQuery(conn, sql))
        fail(conn, sql);
    PQclear(PQgetResult(conn));
    while ((len = PQgetCopyData(conn, &chunk, 0)) > 0) {
        pulih_buf_add(&to->bytes, chunk, (size_t)len);
        PQfreemem(chunk);
    }
    if (len == -2)
        fail(conn, sql);
    for (PGresult *r; (r = PQgetResult(conn)); PQclear(r))
        if (PQresultStatus(r) == PGRES_FATAL_ERROR)
            fail(conn, sql);
}

/* Finds the tuples: each is a count of columns, then for each a length and so many bytes. */
static void find_tuples(size_t t, struct table *table)
{
    size_t at = HEAD_BYTES;

    while (at + 2 <= table->bytes.len && pulih_be16(table->bytes.at + at) != UINT16_MAX) {
        size_t start = at;
        int columns = pulih_be16(table->bytes.at + at);
        struct tuple tuple = {0};
        at += 2;
        for (int c = 0; c < columns; c++) {
            int32_t len = (int32_t)pulih_be32(table->bytes.at + at);
            at += 4;
            if (c == tables[t].id_column)
                memcpy(tuple.id, table->bytes.at + at, ID_BYTES);
            at += len > 0 ? (size_t)len : 0;
        }
        tuple.at = table->bytes.at + start;
        tuple.len = at - start;
        table->tuples = pulih_room(table->tuples, table->n, &table->cap, sizeof *table->tuples);
        table->tuples[table->n++] = tuple;
    }
}

struct yard *yard_read(const char *database, const char *since)
{
    PGconn *conn = open_connection(database);
    struct yard *y = calloc(1, sizeof *y);
    char sql[200];

    if (!y)
        exit(1);
    run(conn, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS yard CASCADE; CREATE SCHEMA yard");
    for (size_t t = 0; t < TABLES; t++) {
        snprintf(sql, sizeof sql, "CREATE TABLE yard.%s (LIKE pulih.%s INCLUDING ALL)", tables[t].name,
                 tables[t].name);
        run(conn, sql);
        read_table(conn, t, since, &y->table[t]);
        find_tuples(t, &y->table[t]);
    }
    PQfinish(conn);
    return y;
}

void yard_free(struct yard *y)
{
    for (size_t t = 0; t < TABLES; t++) {
        pulih_buf_free(&y->table[t].bytes);
        free(y->table[t].tuples);
    }
    free(y);
}

size_t yard_complaints(const struct yard *y)
{
    return y->table[0].n;
}

void yard_compare(const char *database)
{
    PGconn *conn = open_connection(database);
    char sql[600];

    for (size_t t = 0; t < TABLES; t++) {
        const char *key = t == 0 ? "id" : "complaint";
        snprintf(sql, sizeof sql,
                 "WITH theirs AS (SELECT * FROM pulih.%s WHERE %s IN (SELECT id FROM yard.complaint)) "
                 "SELECT FROM ((TABLE theirs EXCEPT ALL TABLE yard.%s) UNION ALL "
                 "(TABLE yard.%s EXCEPT ALL TABLE theirs)) x LIMIT 1",
                 tables[t].name, key, tables[t].name, tables[t].name);
        PGresult *r = PQexec(conn, sql);
        if (PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) > 0)
            fail(conn, PQntuples(r) > 0 ? "the rows by COPY are not those of the chain" : sql);
        PQclear(r);
    }
    PQfinish(conn);
}

void yard_clear(const char *database)
{
    PGconn *conn = open_connection(database);
    char sql[100];

    for (size_t t = 0; t < TABLES; t++) {
        snprintf(sql, sizeof sql, "TRUNCATE yard.%s", tables[t].name);
        run(conn, sql);
    }
    PQfinish(conn);
}

/* --- writing -------------------------------------------------------------------------------------------- */

struct part {
    struct yard *yard;
    const char *database;
    size_t from, to; /* complaints */
};

/* Index of the first tuple whose complaint is not before `id`. */
static size_t lower_bound(const struct table *table, const unsigned char *id)
{
    size_t low = 0, high = table->n;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(table->tuples[middle].id, id, ID_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void copy_tuples(PGconn *conn, const char *name, const struct tuple *tuples, size_t n,
                        struct pulih_buf *buf)
{
    static const char head[HEAD_BYTES] = "PGCOPY\n\377\r\n";
    char sql[100];

    pulih_buf_empty(buf);
    pulih_buf_add(buf, head, sizeof head);
    for (size_t i = 0; i < n; i++)
        pulih_buf_add(buf, tuples[i].at, tuples[i].len);
    pulih_buf_add_be16(buf, UINT16_MAX);
    snprintf(sql, sizeof sql, "COPY yard.%s FROM STDIN (FORMAT binary)", name);
    if (!PQsendQuery(conn, sql))
        fail(conn, sql);
    PQclear(PQgetResult(conn));
    if (PQputCopyData(conn, buf->at, (int)buf->len) != 1 || PQputCopyEnd(conn, NULL) != 1)
        fail(conn, sql);
    for (PGresult *r; (r = PQgetResult(conn)); PQclear(r))
        if (PQresultStatus(r) == PGRES_FATAL_ERROR)
            fail(conn, sql);
}

static void *write_part(void *arg)
{
    struct part *part = arg;
    struct yard *y = part->yard;
    PGconn *conn = open_connection(part->database);
    struct pulih_buf buf = {0};

    for (size_t from = part->from; from < part->to; from += PER_COMMIT) {
        size_t to = from + PER_COMMIT < part->to ? from + PER_COMMIT : part->to;
        run(conn, "BEGIN");
        for (size_t t = 0; t < TABLES; t++) {
            const struct table *table = &y->table[t];
            size_t first = lower_bound(table, y->table[0].tuples[from].id);
            size_t end = to < y->table[0].n ? lower_bound(table, y->table[0].tuples[to].id) : table->n;
            if (end > first)
                copy_tuples(conn, tables[t].name, table->tuples + first, end - first, &buf);
        }
        run(conn, "COMMIT");
    }
    pulih_buf_free(&buf);
    PQfinish(conn);
    return NULL;
}

double yard_write(struct yard *y, const char *database, int connections)
{
    pthread_t threads[16];
    struct part parts[16];
    size_t n = yard_complaints(y);
    int64_t started_us = pulih_mono_us();

    for (int c = 0; c < connections; c++) {
        parts[c] = (struct part){y, database, n * (size_t)c / (size_t)connections,
                                 n * (size_t)(c + 1) / (size_t)connections};
        pthread_create(&threads[c], NULL, write_part, &parts[c]);
    }
    for (int c = 0; c < connections; c++)
        pthread_join(threads[c], NULL);
    return (double)(pulih_mono_us() - started_us) / 1e6;
}
