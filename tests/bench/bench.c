/* The whole chain beside plain COPY of the same final rows, in the same run, on the same PostgreSQL.
 *
 * Does.     Rounds of: complaints through the chain at full speed, then their rows by COPY. Then a light load
 *           and one of half the speed, for latencies. Checks every complaint and every row that it wrote.
 * Prints.   Medians as key=value, see tests/bench/README.md.
 */
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "pulih/base/bytes.h"
#include "pulih/base/clock.h"
#include "tests/lib/drive.h"
#include "tests/lib/procs.h"
#include "tests/lib/yard.h"

enum { ROUNDS_MAX = 15, DAEMONS_MAX = 16, PLACES_MAX = 256, LIGHT_PER_S = 200 };

static struct {
    const char *database, *publish, *feed, *samples;
    int complaints, rounds, latency_s;
    pid_t pids[DAEMONS_MAX + 2]; /* the daemons, PostgreSQL, this program */
    size_t n_daemons;
} opt = {.complaints = 100000, .rounds = 3, .latency_s = 10};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

/* --- the database --------------------------------------------------------------------------------------- */

static PGresult *query(PGconn *conn, const char *sql)
{
    PGresult *r = PQexecParams(conn, sql, 0, NULL, NULL, NULL, NULL, 0);

    if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
        die(sql, PQerrorMessage(conn));
    return r;
}

static double ask(PGconn *conn, const char *sql)
{
    PGresult *r = query(conn, sql);
    double value = strtod(PQgetvalue(r, 0, 0), NULL);

    PQclear(r);
    return value;
}

/* Every receipt stands behind a row of the queue, which the last step of the chain ends. */
static bool is_quiet(void *conn)
{
    return ask(conn, "SELECT count(*) FROM pulih.pending") == 0;
}

/* --- checks --------------------------------------------------------------------------------------------- */

/* What must be 0. `sent` holds the ids of all that was published since the check before. For an important
 * complaint a post is paged beside what all have, and one that happens to be like another is linked with it
 * (similar_found, 58 in event.type). */
static const struct {
    const char *sql, *means;
} checks[] = {
    {"SELECT count(*) FROM sent LEFT JOIN pulih.complaint c ON c.id = sent.id "
     "WHERE (c.state = 4 AND c.holder = 0 AND c.waiting = 0 AND c.version = 4 + (c.tier = 4)::int4 "
     "+ (SELECT count(*) FROM pulih.event e WHERE e.complaint = c.id AND e.type = 58)) IS NOT true",
     "complaints are missing or did not reach their state"},
    {"SELECT count(*) FROM (SELECT FROM sent JOIN pulih.complaint c USING (id) LEFT JOIN pulih.event e "
     "ON e.complaint = c.id GROUP BY c.id, c.version HAVING array_agg(e.version ORDER BY e.version) "
     "IS DISTINCT FROM ARRAY(SELECT generate_series(1, c.version))) x",
     "chronologies with a gap, or an event too many"},
    {"SELECT count(*) FROM (SELECT FROM sent JOIN pulih.complaint c USING (id) LEFT JOIN pulih.feed f "
     "ON f.complaint = c.id GROUP BY c.id, c.version HAVING count(f.seq) <> c.version - 3) x",
     "complaints that are not on the feed once, or twice where a post was paged"},
    {"SELECT count(*) FROM (SELECT FROM sent LEFT JOIN pulih.deadline d ON d.complaint = sent.id "
     "GROUP BY sent.id HAVING count(d.complaint) = 0) x",
     "complaints without a deadline"},
    {"SELECT (SELECT count(*) FROM pulih.feed) - (SELECT sum(last) FROM pulih.feed_head)",
     "the feed has a gap"},
    {"SELECT count(*) FROM pulih.pending", "work is left"},
    {"SELECT count(*) FROM pulih.dead", "work was given up"},
};

static void check_all(PGconn *conn)
{
    for (size_t i = 0; i < PULIH_COUNT(checks); i++)
        if (ask(conn, checks[i].sql) != 0)
            die("check", checks[i].means);
    PQclear(query(conn, "TRUNCATE sent"));
}

static void note_sent(PGconn *conn, const struct drive *d)
{
    char line[40];

    PQclear(PQexec(conn, "COPY sent FROM STDIN"));
    for (size_t i = 0; i < d->n; i++) {
        pulih_uuid_print(&d->sent[i].id, line);
        line[36] = '\n';
        if (PQputCopyData(conn, line, 37) != 1)
            die("check", PQerrorMessage(conn));
    }
    if (PQputCopyEnd(conn, NULL) != 1)
        die("check", PQerrorMessage(conn));
    for (PGresult *r; (r = PQgetResult(conn)); PQclear(r))
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            die("check", PQerrorMessage(conn));
    PQclear(query(conn, "ANALYZE sent"));
}

/* --- throughput ----------------------------------------------------------------------------------------- */

/* What a round of the chain gave, per complaint; with the rows by COPY beside it. */
enum figure { CHAIN_PER_S, CPU_US, WAL_BYTES, COPY_PER_S, COPY2_PER_S, RATIO, RATIO2, FIGURES };

static double cpu_us(void)
{
    return procs_cpu_us(opt.pids, opt.n_daemons + 2);
}

static double wal_bytes(PGconn *conn)
{
    return ask(conn, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn");
}

static void run_chain(PGconn *conn, int n, double figures[FIGURES])
{
    struct drive d;
    double cpu_before = cpu_us(), wal_before = wal_bytes(conn);

    drive_start(&d, opt.publish, opt.feed, (size_t)n);
    int64_t started_us = pulih_mono_us();
    drive_flat_out(&d, is_quiet, conn);
    figures[CHAIN_PER_S] = n / ((double)(pulih_mono_us() - started_us) / 1e6);
    figures[CPU_US] = (cpu_us() - cpu_before) / n;
    figures[WAL_BYTES] = (wal_bytes(conn) - wal_before) / n;
    note_sent(conn, &d);
    check_all(conn);
    drive_end(&d);
}

static void run_round(PGconn *conn, double figures[FIGURES])
{
    PGresult *since = query(conn, "SELECT clock_timestamp()");

    run_chain(conn, opt.complaints, figures);
    struct yard *y = yard_read(opt.database, PQgetvalue(since, 0, 0));
    PQclear(since);
    if (yard_complaints(y) != (size_t)opt.complaints)
        die("check", "complaints are missing or doubled");
    figures[COPY_PER_S] = opt.complaints / yard_write(y, opt.database, 1);
    yard_compare(opt.database);
    yard_clear(opt.database);
    figures[COPY2_PER_S] = opt.complaints / yard_write(y, opt.database, 2);
    yard_free(y);
    figures[RATIO] = figures[CHAIN_PER_S] / figures[COPY_PER_S];
    figures[RATIO2] = figures[CHAIN_PER_S] / figures[COPY2_PER_S];
}

static double median(double rounds[][FIGURES], enum figure f)
{
    double values[ROUNDS_MAX];

    for (int r = 0; r < opt.rounds; r++)
        values[r] = rounds[r][f];
    return drive_percentile(values, (size_t)opt.rounds, 0.5);
}

/* Tells the most that each daemon held until now; returns the most of all, in MiB. */
static double tell_memory(void)
{
    double most_mib = 0;
    char name[16];

    for (size_t i = 0; i < opt.n_daemons; i++) {
        double mib = (double)procs_peak_kib(opt.pids[i], name) / 1024;
        most_mib = mib > most_mib ? mib : most_mib;
        fprintf(stderr, "%s%s %.1f MiB", i ? ", " : "  most memory: ", name, mib);
    }
    fprintf(stderr, "\n");
    return most_mib;
}

/* Returns complaints per second. */
static double run_rounds(PGconn *conn)
{
    double rounds[ROUNDS_MAX][FIGURES];

    fprintf(stderr, "warming up with %d complaints\n", opt.complaints / 2);
    run_chain(conn, opt.complaints / 2, rounds[0]);
    tell_memory();
    for (int r = 0; r < opt.rounds; r++) {
        run_round(conn, rounds[r]);
        fprintf(stderr,
                "round %d of %d: chain %.0f/s, copy %.0f/s, copy on two connections %.0f/s, ratio %.2f\n",
                r + 1, opt.rounds, rounds[r][CHAIN_PER_S], rounds[r][COPY_PER_S], rounds[r][COPY2_PER_S],
                rounds[r][RATIO]);
        tell_memory();
    }
    printf(
        "copy_per_s=%.0f copy2_per_s=%.0f chain_per_s=%.0f ratio=%.2f ratio2=%.2f cpu_us_per_complaint=%.0f "
        "wal_bytes_per_complaint=%.0f ",
        median(rounds, COPY_PER_S), median(rounds, COPY2_PER_S), median(rounds, CHAIN_PER_S),
        median(rounds, RATIO), median(rounds, RATIO2), median(rounds, CPU_US), median(rounds, WAL_BYTES));
    return median(rounds, CHAIN_PER_S);
}

/* --- latency -------------------------------------------------------------------------------------------- */

static size_t read_places(PGconn *conn, struct pulih_place *places)
{
    PGresult *r = query(conn, "SELECT stream, last FROM pulih.feed_head ORDER BY stream");
    size_t n = (size_t)PQntuples(r);

    if (n > PLACES_MAX)
        die("feed", "more streams than expected");
    for (size_t i = 0; i < n; i++)
        places[i] = (struct pulih_place){(uint16_t)strtoul(PQgetvalue(r, (int)i, 0), NULL, 10),
                                         strtoull(PQgetvalue(r, (int)i, 1), NULL, 10)};
    PQclear(r);
    return n;
}

/* What a lone commit costs: one row, one connection of its own, at the light load's rate. A receipt waits for one
 * commit, an acknowledged complaint for four, one after the other. */
struct commits {
    pthread_t thread;
    atomic_bool over;
    size_t n, most;
    double *took_ms;
};

static void *keep_committing(void *arg)
{
    struct commits *c = arg;
    PGconn *conn = PQconnectdb(opt.database);

    if (PQstatus(conn) != CONNECTION_OK)
        die("connect", PQerrorMessage(conn));
    PQclear(query(conn, "CREATE TABLE commits (at timestamptz)"));
    for (int64_t started_us = pulih_mono_us(); c->n < c->most && !c->over; c->n++) {
        int64_t due_us = started_us + (int64_t)c->n * 1000000 / LIGHT_PER_S,
                left_us = due_us - pulih_mono_us();
        if (left_us > 0)
            poll(NULL, 0, (int)(left_us / 1000));
        /* Those that had to wait for one that took long have waited, too. */
        int64_t from_us = left_us > 0 ? pulih_mono_us() : due_us;
        PQclear(query(conn, "INSERT INTO commits VALUES (clock_timestamp())"));
        c->took_ms[c->n] = (double)(pulih_mono_us() - from_us) / 1e3;
    }
    PQclear(query(conn, "DROP TABLE commits"));
    PQfinish(conn);
    return NULL;
}

static void commits_start(struct commits *c)
{
    *c = (struct commits){.most = (size_t)opt.latency_s * LIGHT_PER_S};
    c->took_ms = calloc(c->most, sizeof *c->took_ms);
    if (!c->took_ms || pthread_create(&c->thread, NULL, keep_committing, c) != 0)
        die("commits", "no memory or no thread");
}

/* Waits until all are done; with `over` set before, for the one under way. */
static void commits_end(struct commits *c, const char *prefix)
{
    pthread_join(c->thread, NULL);
    double p50_ms = drive_percentile(c->took_ms, c->n, 0.5),
           p99_ms = drive_percentile(c->took_ms, c->n, 0.99);
    printf("%scommit_p50_ms=%.2f %scommit_p99_ms=%.2f ", prefix, p50_ms, prefix, p99_ms);
    free(c->took_ms);
}

static void run_latency(PGconn *conn, const char *prefix, double per_s)
{
    struct pulih_place places[PLACES_MAX];
    size_t n_places = read_places(conn, places);
    double all_us[2], stolen_us[2];
    struct drive d;

    fprintf(stderr, "%d s at %.0f/s\n", opt.latency_s, per_s);
    drive_start(&d, opt.publish, opt.feed, (size_t)(opt.latency_s * per_s));
    procs_machine_us(&all_us[0], &stolen_us[0]);
    drive_at_rate(&d, per_s, places, n_places);
    procs_machine_us(&all_us[1], &stolen_us[1]);
    printf("%sreceipt_p50_ms=%.2f %sreceipt_p99_ms=%.2f %schain_p50_ms=%.2f %schain_p99_ms=%.2f ", prefix,
           drive_receipt_ms(&d, 0.5), prefix, drive_receipt_ms(&d, 0.99), prefix, drive_chain_ms(&d, 0.5),
           prefix, drive_chain_ms(&d, 0.99));
    printf("%ssteal_percent=%.1f ", prefix, 100 * (stolen_us[1] - stolen_us[0]) / (all_us[1] - all_us[0]));
    while (!is_quiet(conn))
        poll(NULL, 0, 1); /* a subscriber knows of each complaint before the last page is written */
    note_sent(conn, &d);
    check_all(conn);
    drive_end(&d);
}

static void run_latencies(PGconn *conn, double chain_per_s)
{
    struct commits commits;

    commits_start(&commits);
    commits_end(&commits, "");
    run_latency(conn, "", LIGHT_PER_S);
    commits_start(&commits);
    run_latency(conn, "half_", chain_per_s / 2);
    commits.over = true;
    commits_end(&commits, "half_");
}

/* --- the whole ------------------------------------------------------------------------------------------ */

static void read_pids(char *text)
{
    for (char *save, *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
        if (opt.n_daemons < DAEMONS_MAX)
            opt.pids[opt.n_daemons++] = (pid_t)strtol(word, NULL, 10);
}

static void read_options(int argc, char **argv)
{
    static const struct option options[] = {{"database", required_argument, NULL, 'd'},
                                            {"publish", required_argument, NULL, 'p'},
                                            {"feed", required_argument, NULL, 'f'},
                                            {"samples", required_argument, NULL, 's'},
                                            {"complaints", required_argument, NULL, 'n'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"latency", required_argument, NULL, 'l'},
                                            {"daemons", required_argument, NULL, 'D'},
                                            {NULL, 0, NULL, 0}};

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
            opt.latency_s = (int)strtol(optarg, NULL, 10);
            break;
        case 'D':
            read_pids(optarg);
            break;
        default:
            exit(2);
        }
    }
    if (!opt.database || !opt.publish || !opt.feed || !opt.samples || opt.complaints < 2 || opt.rounds < 1 ||
        opt.rounds > ROUNDS_MAX)
        die("usage", "bench --database D --publish P --feed F --samples FILE --daemons PIDS [--complaints N] "
                     "[--rounds R] [--latency SECONDS]");
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    drive_read_samples(opt.samples);
    PGconn *conn = PQconnectdb(opt.database);
    if (PQstatus(conn) != CONNECTION_OK)
        die("connect", PQerrorMessage(conn));
    PQclear(query(conn, "CREATE TEMP TABLE sent (id uuid PRIMARY KEY)"));
    opt.pids[opt.n_daemons] =
        (pid_t)ask(conn, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)");
    opt.pids[opt.n_daemons + 1] = getpid();
    run_latencies(conn, run_rounds(conn));
    printf("daemon_peak_mib=%.1f\n", tell_memory());
    PQfinish(conn);
    drive_free_samples();
    return 0;
}
