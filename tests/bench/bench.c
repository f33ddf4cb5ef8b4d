/* The whole chain beside plain COPY of the same final rows, in the same run, on the same PostgreSQL.
 *
 * Does.     Rounds of: complaints through the chain at full speed, then their rows by COPY. Then a light load
 *           for latencies. Checks afterwards that every complaint is there, once, with all its events.
 * Prints.   Medians as key=value, see tests/bench/README.md.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "pulih.h"
#include "pulih/base/arena.h"
#include "pulih/base/bytes.h"
#include "pulih/base/clock.h"
#include "tests/lib/yard.h"

enum { BODIES_MAX = 256, ROUNDS_MAX = 15, LIGHT_PER_S = 200 };

static struct {
    const char *database, *publish, *feed, *samples;
    int complaints, rounds, light_s;
} opt = {.complaints = 100000, .rounds = 3, .light_s = 10};

static struct {
    void *at;
    size_t len;
} bodies[BODIES_MAX];
static size_t n_bodies;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

/* --- the database's side -------------------------------------------------------------------------------- */

static double ask(PGconn *conn, const char *sql)
{
    PGresult *r = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0);

    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        die(sql, PQerrorMessage(conn));
    double value = strtod(PQgetvalue(r, 0, 0), NULL);
    PQclear(r);
    return value;
}

static void ask_text(PGconn *conn, const char *sql, char *out, size_t cap)
{
    PGresult *r = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0);

    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        die(sql, PQerrorMessage(conn));
    snprintf(out, cap, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
}

/* One item per complaint is published by the last step, in the transaction that ends the chain. */
static double published(PGconn *conn)
{
    return ask(conn, "SELECT sum(last) FROM pulih.feed_head");
}

/* --- load ----------------------------------------------------------------------------------------------- */

static void read_bodies(void)
{
    FILE *f = fopen(opt.samples, "r");
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    struct pulih_error error;

    if (!f)
        die("samples", opt.samples);
    while (n_bodies < BODIES_MAX && (len = getline(&line, &cap, f)) > 0)
        if (pulih_json_to_body("complaint", line, (size_t)len, &bodies[n_bodies].at, &bodies[n_bodies].len,
                               &error) == 0)
            n_bodies++;
        else
            die("sample", error.text);
    free(line);
    fclose(f);
}

struct sent {
    int64_t at_us;
    int64_t receipt_us;
    int64_t done_us;
    struct pulih_uuid id;
};

struct load {
    struct sent *sent;
    size_t n_answered;
    size_t n_refused;
};

static void on_answer(void *arg, const struct pulih_answer *answer)
{
    struct load *load = arg;

    load->sent[answer->tag].receipt_us = pulih_mono_us() - load->sent[answer->tag].at_us;
    load->n_answered++;
    load->n_refused += answer->outcome != PULIH_STORED;
}

static void publish_one(struct pulih_publisher *p, struct load *load, size_t i)
{
    struct pulih_error error;
    struct pulih_outgoing out = {
        .id = pulih_uuid_new(),
        .type = "complaint",
        .occurred_us = pulih_now_us(),
        .body = bodies[i % n_bodies].at,
        .body_len = bodies[i % n_bodies].len,
        .tag = i,
    };

    load->sent[i].at_us = pulih_mono_us();
    load->sent[i].id = out.id;
    while (pulih_publish(p, &out, &error) == PULIH_E_FULL)
        pulih_publisher_wait(p, 100, on_answer, load, &error);
}

/* Everything at once; returns complaints per second from the first send to the last commit of follow-up. */
static double run_chain(PGconn *conn)
{
    struct pulih_error error;
    struct load load = {.sent = calloc((size_t)opt.complaints, sizeof *load.sent)};
    struct pulih_publisher *p = pulih_publisher_open(opt.publish, "bench", &error);
    double before = published(conn);
    int64_t started_us = pulih_mono_us();

    if (!p || !load.sent)
        die("publisher", p ? "no memory" : error.text);
    for (int i = 0; i < opt.complaints; i++)
        publish_one(p, &load, (size_t)i);
    while (pulih_publisher_unanswered(p))
        pulih_publisher_wait(p, 100, on_answer, &load, &error);
    while (published(conn) < before + opt.complaints)
        pulih_publisher_wait(p, 5, on_answer, &load, &error);
    double took_s = (double)(pulih_mono_us() - started_us) / 1e6;
    pulih_publisher_close(p);
    if (load.n_refused)
        die("chain", "messages were refused");
    free(load.sent);
    return opt.complaints / took_s;
}

/* --- latency -------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double percentile(double *values, size_t n, double p)
{
    qsort(values, n, sizeof *values, by_value);
    return n ? values[(size_t)((double)(n - 1) * p)] : 0;
}

/* Complaints come in the order of their ids' time, so the one looked for is mostly close to the last. */
static void note_done(struct load *load, size_t n, const struct pulih_uuid *id)
{
    for (size_t i = n; i-- > 0;)
        if (memcmp(load->sent[i].id.b, id->b, sizeof id->b) == 0) {
            load->sent[i].done_us = pulih_mono_us() - load->sent[i].at_us;
            return;
        }
}

static void run_light(void)
{
    size_t n = (size_t)opt.light_s * LIGHT_PER_S, sent = 0, done = 0;
    struct pulih_error error;
    struct load load = {.sent = calloc(n, sizeof *load.sent)};
    struct pulih_publisher *p = pulih_publisher_open(opt.publish, "bench", &error);
    struct pulih_follower *f = pulih_follower_open(opt.feed, "bench", PULIH_FROM_NOW, NULL, 0, &error);
    struct pulih_feed_event event;
    double *receipts = calloc(n, sizeof *receipts), *chains = calloc(n, sizeof *chains);
    int64_t started_us = pulih_mono_us() + 500000;

    if (!p || !f || !load.sent || !receipts || !chains)
        die("light load", error.text);
    while (done < n || load.n_answered < n) {
        int64_t due_us = started_us + (int64_t)sent * 1000000 / LIGHT_PER_S;
        int wait_ms = sent == n ? 1 : due_us > pulih_mono_us() ? 1 : 0;
        if (sent < n && pulih_mono_us() >= due_us)
            publish_one(p, &load, sent++);
        pulih_publisher_wait(p, 0, on_answer, &load, &error);
        for (int got = 1; got == 1 && (got = pulih_follower_next(f, wait_ms, &event, &error)) == 1;
             wait_ms = 0)
            if (strcmp(event.type, "acknowledged") == 0) {
                note_done(&load, sent, &event.complaint);
                done++;
            }
        if (pulih_mono_us() - started_us > (opt.light_s + 30) * INT64_C(1000000))
            die("light load", "not done in time");
    }
    for (size_t i = 0; i < n; i++) {
        receipts[i] = (double)load.sent[i].receipt_us / 1e3;
        chains[i] = (double)load.sent[i].done_us / 1e3;
    }
    printf("receipt_p50_ms=%.2f receipt_p99_ms=%.2f chain_p50_ms=%.2f chain_p99_ms=%.2f\n",
           percentile(receipts, n, 0.5), percentile(receipts, n, 0.99), percentile(chains, n, 0.5),
           percentile(chains, n, 0.99));
    pulih_publisher_close(p);
    pulih_follower_close(f);
    free(load.sent);
    free(receipts);
    free(chains);
}

/* --- the whole ------------------------------------------------------------------------------------------ */

static void check_rows(PGconn *conn)
{
    if (ask(conn, "SELECT count(*) FROM pulih.complaint WHERE state <> 4 OR version <> 4 OR holder <> 0") !=
        0)
        die("check", "a complaint did not reach its state");
    if (ask(conn, "SELECT count(*) FROM pulih.event") !=
        4 * ask(conn, "SELECT count(*) FROM pulih.complaint"))
        die("check", "events are missing or doubled");
    if (ask(conn, "SELECT count(*) FROM pulih.feed") != published(conn))
        die("check", "the feed has a gap");
    if (ask(conn, "SELECT count(*) FROM pulih.pending") != 0)
        die("check", "work is left");
}

static void run_rounds(PGconn *conn)
{
    double chain[ROUNDS_MAX], copy[ROUNDS_MAX], copy2[ROUNDS_MAX];
    char since[64];
    int complaints = opt.complaints;

    opt.complaints = complaints / 2;
    fprintf(stderr, "warming up with %d complaints\n", opt.complaints);
    run_chain(conn);
    opt.complaints = complaints;
    for (int r = 0; r < opt.rounds; r++) {
        ask_text(conn, "SELECT clock_timestamp()", since, sizeof since);
        chain[r] = run_chain(conn);
        struct yard *y = yard_read(opt.database, since);
        if (yard_complaints(y) != (size_t)opt.complaints)
            die("check", "complaints are missing or doubled");
        copy[r] = opt.complaints / yard_write(y, opt.database, 1);
        yard_clear(opt.database);
        copy2[r] = opt.complaints / yard_write(y, opt.database, 2);
        yard_free(y);
        fprintf(stderr,
                "round %d of %d: chain %.0f/s, copy %.0f/s, copy on two connections %.0f/s, ratio %.2f\n",
                r + 1, opt.rounds, chain[r], copy[r], copy2[r], chain[r] / copy[r]);
    }
    size_t n = (size_t)opt.rounds;
    double ratios[ROUNDS_MAX];
    for (size_t r = 0; r < n; r++)
        ratios[r] = chain[r] / copy[r];
    printf("copy_per_s=%.0f copy2_per_s=%.0f chain_per_s=%.0f ratio=%.2f\n", percentile(copy, n, 0.5),
           percentile(copy2, n, 0.5), percentile(chain, n, 0.5), percentile(ratios, n, 0.5));
}

static void read_options(int argc, char **argv)
{
    static const struct option options[] = {
        {"database", required_argument, NULL, 'd'},   {"publish", required_argument, NULL, 'p'},
        {"feed", required_argument, NULL, 'f'},       {"samples", required_argument, NULL, 's'},
        {"complaints", required_argument, NULL, 'n'}, {"rounds", required_argument, NULL, 'r'},
        {"light", required_argument, NULL, 'l'},      {NULL, 0, NULL, 0}};

    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case 'd':
            opt.database = optarg;
            break;
        case 'p':
            opt.publish = optarg;
            break;
        case 'f':
            opt.feed = optarg;
            break;
        case 's':
            opt.samples = optarg;
            break;
        case 'n':
            opt.complaints = (int)strtol(optarg, NULL, 10);
            break;
        case 'r':
            opt.rounds = (int)strtol(optarg, NULL, 10);
            break;
        case 'l':
            opt.light_s = (int)strtol(optarg, NULL, 10);
            break;
        default:
            exit(2);
        }
    }
    if (!opt.database || !opt.publish || !opt.feed || !opt.samples || opt.rounds < 1 ||
        opt.rounds > ROUNDS_MAX)
        die("usage", "bench --database D --publish P --feed F --samples FILE [--complaints N] [--rounds R]");
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    read_bodies();
    PGconn *conn = PQconnectdb(opt.database);
    if (PQstatus(conn) != CONNECTION_OK)
        die("connect", PQerrorMessage(conn));
    run_rounds(conn);
    run_light();
    check_rows(conn);
    PQfinish(conn);
    for (size_t i = 0; i < n_bodies; i++)
        free(bodies[i].at);
    return 0;
}
