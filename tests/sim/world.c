/* One world: its daemons, what befalls them, and the peace after. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pulih/base/must.h"
#include "tests/sim/sim.h"

enum { STAGES = 4, REPLICAS_MAX = 3, PROFILES = 3 };
static const int64_t SECOND_US = 1000 * 1000;
static const int64_t PATIENCE_US = 180 * INT64_C(1000000);

int intake_main(int argc, char **argv);
int classification_main(int argc, char **argv);
int escalation_main(int argc, char **argv);
int followup_main(int argc, char **argv);

static int (*const mains[STAGES])(int, char **) = {intake_main, classification_main, escalation_main,
                                                   followup_main};
static const char *const names[STAGES] = {"intake", "classification", "escalation", "followup"};

struct daemon {
    struct sim_process process;
    int stage;
    char conf[300];
    int64_t starts_us;
    bool stopped; /* for good */
};

static struct daemon daemons[STAGES * REPLICAS_MAX];
static size_t n_daemons;
static bool quiet;
static const char *folder;

/* --- configurations ------------------------------------------------------------------------------------------------ */

static void conf_path(char *out, size_t len, int stage, int replica, int profile)
{
    snprintf(out, len, "%s/%s-%d-%d.cfg", folder, names[stage], replica, profile);
}

static void write_hints(FILE *f)
{
    for (int stage = 1; stage < STAGES; stage++)
        fprintf(
            f, "%s %s = [\"tcp://10.0.%d.0:740%d\", \"tcp://10.0.%d.1:740%d\", \"tcp://10.0.%d.2:740%d\"];\n",
            stage == 1 ? "hints = {" : "", names[stage], stage + 1, stage + 1, stage + 1, stage + 1,
            stage + 1, stage + 1);
    fprintf(f, "};\n");
}

static void write_conf(int stage, int replica, int profile, const char *policy)
{
    static const int polls[] = {200, 500, 100}, graces[] = {50, 400, 0}, items[] = {500, 3, 20};
    char path[300];

    conf_path(path, sizeof path, stage, replica, profile);
    FILE *f = fopen(path, "w");
    pulih_must(f);
    fprintf(f,
            "database = \"dbname=sim\";\npolicy = \"%s\";\nlog = { level = \"%s\"; };\nlinks = { after_ms = "
            "300; };\n",
            policy, sim_traced ? "debug" : "error");
    write_hints(f);
    fprintf(f,
            "%s = { listen = \"tcp://10.0.%d.%d:740%d\"; http = \"10.0.%d.%d:9400\"; poll_ms = %d; grace_ms "
            "= %d; "
            "batch_items = %d;",
            names[stage], stage + 1, replica, stage + 1, stage + 1, replica, polls[profile], graces[profile],
            items[profile]);
    if (stage == 0)
        fprintf(f, " publish = \"tcp://10.0.1.%d:7400\"; credit_items = %d;", replica,
                profile == 1 ? 8 : 4000);
    if (stage == 2)
        fprintf(f, " timer_ms = 400;");
    if (stage == 3)
        fprintf(f, " feed = \"tcp://10.0.4.%d:7410\"; feed_poll_ms = 300;", replica);
    fprintf(f, " };\n");
    fclose(f);
}

void sim_world_prepare(const char *where, const char *policy)
{
    folder = where;
    for (int stage = 0; stage < STAGES; stage++)
        for (int replica = 0; replica < REPLICAS_MAX; replica++)
            for (int profile = 0; profile < PROFILES; profile++)
                write_conf(stage, replica, profile, policy);
}

void sim_world_clean(void)
{
    char path[300];

    for (int i = 0; i < STAGES * REPLICAS_MAX * PROFILES; i++) {
        conf_path(path, sizeof path, i % STAGES, i / STAGES % REPLICAS_MAX, i / STAGES / REPLICAS_MAX);
        unlink(path);
    }
    rmdir(folder);
}

/* --- daemons --------------------------------------------------------------------------------------------------------- */

static void run_daemon(void *arg)
{
    struct daemon *d = arg;
    char name[] = "pulih", option[] = "--config";
    char *argv[] = {name, option, d->conf, NULL};

    optind = 0;
    int status = mains[d->stage](3, argv);
    if (status)
        sim_fail("%s ended with %d", d->process.name, status);
}

static void daemon_ended(struct sim_process *p, int status)
{
    struct daemon *d = p->arg;

    (void)status;
    d->starts_us =
        sim_now() + (quiet ? 200000 : sim_between(10000, sim_chance(100) ? 15 * SECOND_US : SECOND_US));
    sim_alarm(d->starts_us);
}

static void make_daemons(void)
{
    uint64_t calm = sim_below(3);

    for (int stage = 0; stage < STAGES; stage++) {
        int replicas = calm == 0 ? 1 + (int)sim_below(2) : 1 + (int)sim_below(REPLICAS_MAX);
        int profile = (int)sim_below(PROFILES);
        for (int r = 0; r < replicas; r++) {
            struct daemon *d = &daemons[n_daemons++];
            d->stage = stage;
            d->process.arg = d;
            d->process.ended = daemon_ended;
            d->starts_us = sim_between(0, SECOND_US);
            sim_alarm(d->starts_us);
            snprintf(d->process.name, sizeof d->process.name, "%s-%d", names[stage], r);
            conf_path(d->conf, sizeof d->conf, stage, r, profile);
        }
    }
}

static void tend_daemons(void)
{
    for (size_t i = 0; i < n_daemons; i++)
        if (!daemons[i].process.alive && !daemons[i].stopped && daemons[i].starts_us <= sim_now())
            sim_spawn(&daemons[i].process, "network", run_daemon, &daemons[i]);
}

/* --- what befalls them -------------------------------------------------------------------------------------------------- */

static struct sim_process *any_daemon(void)
{
    return &daemons[sim_below(n_daemons)].process;
}

static void kill_one(void)
{
    sim_kill(any_daemon(), SIGKILL);
}

static void kill_stage(void)
{
    int stage = (int)sim_below(STAGES);

    for (size_t i = 0; i < n_daemons; i++)
        if (daemons[i].stage == stage)
            sim_kill(&daemons[i].process, SIGKILL);
}

static void kill_all(void)
{
    for (size_t i = 0; i < n_daemons; i++)
        sim_kill(&daemons[i].process, SIGKILL);
}

static void freeze_one(void)
{
    sim_freeze(any_daemon(), sim_between(1000, sim_chance(300) ? 20 * SECOND_US : 2 * SECOND_US));
}

static void drain_one(void)
{
    struct sim_process *p = any_daemon();

    sim_trace("%s shall drain", p->name);
    sim_signal(p, SIGTERM);
}

static void reload_one(void)
{
    sim_signal(any_daemon(), SIGHUP);
}

static void kill_client(void)
{
    sim_kill(sim_clients_any(), SIGKILL);
}

static void freeze_client(void)
{
    sim_freeze(sim_clients_any(), sim_between(1000, 20 * SECOND_US));
}

static void cut_network(void)
{
    sim_network_cut(any_daemon());
}

static int64_t server_back_us, writable_us;

static void crash_server(void)
{
    server_back_us = sim_now() + sim_between(1000, sim_chance(300) ? 8 * SECOND_US : SECOND_US);
    sim_alarm(server_back_us);
    sim_server_crash(server_back_us - sim_now());
}

static void demote_server(void)
{
    sim_trace("PostgreSQL is read-only");
    sim_server.read_only = true;
    writable_us = sim_now() + sim_between(1000, 5 * SECOND_US);
    sim_alarm(writable_us);
}

static void set_a_clock(void)
{
    struct sim_process *p = any_daemon();
    bool servers = sim_chance(300);
    int64_t to_us = sim_between(-600, 600) * SECOND_US;

    sim_trace("the clock of %s is set %lld s off", servers ? "PostgreSQL" : p->name,
              (long long)(to_us / SECOND_US));
    *(servers ? &sim_server.skew_us : &p->skew_us) = to_us;
}

/* So that deadlines pass. */
static void leap(void)
{
    int64_t us = sim_between(1, sim_chance(300) ? 72 * 3600 : 30) * SECOND_US;

    sim_trace("%lld s pass at once", (long long)(us / SECOND_US));
    sim_jump(us);
}

static void (*const befalls[])(void) = {kill_one,
                                        kill_one,
                                        kill_one,
                                        kill_stage,
                                        kill_all,
                                        freeze_one,
                                        freeze_one,
                                        drain_one,
                                        drain_one,
                                        reload_one,
                                        kill_client,
                                        kill_client,
                                        freeze_client,
                                        cut_network,
                                        cut_network,
                                        crash_server,
                                        crash_server,
                                        demote_server,
                                        set_a_clock,
                                        leap,
                                        leap,
                                        sim_server_terminate,
                                        sim_server_terminate};

/* Half of the worlds are free of each kind of fault that goes on all the time. */
static unsigned some(unsigned most)
{
    return sim_chance(500) ? 1 + (unsigned)sim_below(most) : 0;
}

static void draw_faults(void)
{
    sim_network = (struct sim_network){.hint_loss = sim_chance(100) ? 1000 : some(500),
                                       .hint_twice = some(400),
                                       .slow = some(30),
                                       .breaks = some(10)};
    sim_server = (struct sim_server){.loose_tid = sim_chance(300),
                                     .cut_before = some(60),
                                     .cut_after = some(60),
                                     .cut = some(20),
                                     .warned = sim_chance(200) ? some(60) : 0,
                                     .slow = some(5)};
    sim_clients_slow(sim_chance(300));
}

static void draw_poison(void)
{
    size_t i = sim_below(sim_n_messages);

    if (!sim_chance(150))
        return;
    sim_poison.stage = (int16_t)sim_between(2, 4);
    sim_poison.kills = sim_chance(300);
    sim_poison.complaint = sim_messages[i].complaint;
    char id[37];
    pulih_id_print(&sim_poison.complaint, id);
    sim_trace("%s %s at stage %d", id, sim_poison.kills ? "kills" : "is refused by PostgreSQL",
              sim_poison.stage);
}

/* --- time --------------------------------------------------------------------------------------------------------------- */

static void tend(void)
{
    tend_daemons();
    if (sim_server.down && sim_now() >= server_back_us)
        sim_server.down = false;
    if (sim_server.read_only && sim_now() >= writable_us)
        sim_server.read_only = false;
    sim_clients_tend();
    sim_step();
}

static void be_troubled(void)
{
    int64_t us = sim_between(1, 12) * SECOND_US, until_us = sim_now() + us;
    uint64_t n = sim_below(16);

    for (uint64_t i = 0; i < n; i++) {
        int64_t at_us = sim_now() + sim_between(0, 2 * us / (int64_t)n);
        sim_alarm(at_us);
        while (sim_now() < at_us && sim_now() < until_us)
            tend();
        befalls[sim_below(PULIH_COUNT(befalls))]();
    }
    while (sim_now() < until_us)
        tend();
}

static void find_peace(void)
{
    quiet = true;
    sim_trace("from here on nothing befalls anybody");
    sim_network = (struct sim_network){0};
    sim_server.cut_before = sim_server.cut_after = sim_server.cut = sim_server.warned = sim_server.slow = 0;
    server_back_us = writable_us = sim_now();
    sim_clients_slow(false);
    for (size_t i = 0; i < n_daemons; i++)
        daemons[i].process.frozen_until_us = 0;
}

static void come_to_rest(void)
{
    int64_t until_us = sim_now() + PATIENCE_US, look_us = 0;
    const char *why = "";

    while (why) {
        if (sim_now() > until_us)
            sim_fail("no rest after %lld s: %s", (long long)(PATIENCE_US / SECOND_US), why);
        tend();
        if (sim_now() < look_us)
            continue;
        look_us = sim_now() + SECOND_US / 10;
        why = sim_oracle_restless();
        why = why ? why : sim_clients_restless();
    }
}

/* All stop in order, and nothing may go wrong then either. */
static void stop_all(void)
{
    int64_t until_us = sim_now() + 40 * SECOND_US;
    bool alive = true;

    for (size_t i = 0; i < n_daemons; i++) {
        daemons[i].stopped = true;
        sim_signal(&daemons[i].process, SIGTERM);
    }
    while (alive) {
        alive = false;
        for (size_t i = 0; i < n_daemons; i++)
            alive |= daemons[i].process.alive;
        if (sim_now() > until_us)
            sim_fail("a daemon does not stop");
        sim_step();
    }
}

void sim_world(uint64_t seed)
{
    sim_seed(seed);
    sim_store_make();
    make_daemons();
    sim_clients_make();
    draw_faults();
    draw_poison();
    be_troubled();
    find_peace();
    come_to_rest();
    sim_oracle_end();
    stop_all();
}
