#include "pulih/host/service.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "pulih/base/clock.h"
#include "pulih/base/http.h"
#include "pulih/base/log.h"
#include "pulih/base/must.h"
#include "pulih/base/notify.h"
#include "pulih/base/point.h"
#include "pulih/host/hinters.h"
#include "pulih/host/peers.h"
#include "services/common/host/service_impl.h"

enum {
    HINT_FRAME_BYTES = 5 * 1024 * 1024,
    HINTS_WAITING_MAX = 16, /* of one sender: a batch or two, as they may be long */
    STAGES = 5,
    TICK_MS = 200,
    BUSY_TICK_MS = 50,
    HARD_STOP_S = 25
};
static const int64_t ALIVE_US = 5 * 1000 * 1000, TRIM_US = 10 * 1000 * 1000;

/* The daemon as its own threads see it; doors see the part in front. */
struct daemon {
    struct pulih_host host;
    const char *conf_path;
    struct pulih_stage_setup stage;
    struct pulih_batch batches[2]; /* one is gathered while the worker has the other */
    struct pulih_batch *gather;
    struct pulih_bus_socket *hints;
    struct pulih_hinters hinters;
    struct pulih_peers *peers[STAGES]; /* by stage; NULL: none */
    struct pulih_http *http;
    struct pulih_notify *notify;
    void *door;
    int signal_fd;
    _Atomic int64_t turned_at_us;
    int64_t trim_at_us;
    bool announced;
};

/* --- health --------------------------------------------------------------------------------------------- */

static int answer_http(void *arg, const char *path, struct pulih_buf *body)
{
    struct daemon *d = arg;
    bool alive = pulih_mono_us() - d->turned_at_us < ALIVE_US;
    bool ready = alive && pulih_metric(&d->host.metrics, PULIH_METRIC_up) && !d->host.stopping;

    if (strcmp(path, "/healthz") == 0) {
        pulih_buf_addf(body, alive ? "alive\n" : "the network thread stands still\n");
        return alive ? 200 : 503;
    }
    if (strcmp(path, "/readyz") == 0) {
        pulih_buf_addf(body, ready ? "ready\n" : d->host.stopping ? "stopping\n" : "no database session\n");
        return ready ? 200 : 503;
    }
    if (strcmp(path, "/metrics") == 0) {
        pulih_metrics_print(&d->host.metrics, pulih_stage_name(d->host.service->stage), body);
        return 200;
    }
    return 404;
}

/* --- signals -------------------------------------------------------------------------------------------- */

static void reload(struct daemon *d)
{
    struct pulih_buf why PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_policy *policy;

    pulih_notify_reloading(d->notify);
    policy = pulih_policy_load(d->host.conf.pulih_policy, &why);
    PULIH_POINT(policy_read);
    if (policy)
        pulih_worker_set_policy(d->host.worker, policy);
    else
        pulih_log(PULIH_LOG_error, "new policy refused, the old one stays in force", "faults", "%s",
                  pulih_buf_text(&why), NULL);
    if (pulih_gate_reload(&d->host.gate))
        d->host.service->door->clients_changed(d->door);
    pulih_notify_ready(d->notify);
}

static void begin_stop(struct daemon *d)
{
    if (d->host.stopping)
        return;
    pulih_log(PULIH_LOG_info, "stopping: finishing what is under way", NULL);
    pulih_notify_stopping(d->notify);
    d->host.stopping = true;
    d->host.stopping_since_us = pulih_mono_us();
    PULIH_POINT(drain_begun);
    alarm(HARD_STOP_S); /* a database that does not answer must not keep us; state is safe at any moment */
}

static void take_signals(struct daemon *d)
{
    struct signalfd_siginfo info;

    while (read(d->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload(d);
        else
            begin_stop(d);
    }
}

/* All threads inherit the mask, so signals arrive at the descriptor only. */
static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pulih_must(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    sigset_t pipe_set;
    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    pulih_must(sigprocmask(SIG_BLOCK, &pipe_set, NULL) == 0);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* --- one turn of the loop ------------------------------------------------------------------------------- */

static void send_hint(void *arg, enum pulih_stage to, struct pulih_view frame)
{
    struct daemon *d = arg;

    if (d->peers[to])
        pulih_peers_send(d->peers[to], frame);
    PULIH_POINT(hint_sent);
}

/* Items for the batch; while the daemon stops they are left to the poll. */
static size_t hints_wanted(const struct daemon *d)
{
    return d->host.stopping ? 0 : (size_t)d->host.conf.daemon_batch_items;
}

static void gather_hints(struct daemon *d)
{
    pulih_hinters_receive(&d->hinters, d->hints, d->gather, hints_wanted(d), &d->host.metrics);
    if (d->gather->n_manifests && !d->host.stopping && pulih_worker_give(d->host.worker, d->gather))
        d->gather = d->gather == &d->batches[0] ? &d->batches[1] : &d->batches[0];
}

static void take_job(struct daemon *d)
{
    bool done = false;
    void *job = pulih_worker_take(d->host.worker, &done);

    if (!job)
        return;
    if (d->host.service->work) {
        d->host.service->door->done(d->door, job, done);
        return;
    }
    if (done)
        pulih_hinters_learn(&d->hinters, job, pulih_mono_us());
    pulih_batch_empty(job);
}

static void wait_for_work(struct daemon *d, int64_t door_due_us)
{
    struct pulih_bus_item items[4 + STAGES + PULIH_DOOR_ITEMS_MAX];
    size_t n = 0;
    bool busy = pulih_worker_busy(d->host.worker);
    int64_t wait_ms = busy ? BUSY_TICK_MS : TICK_MS;
    int64_t due_ms = (door_due_us - pulih_mono_us()) / 1000 + 1;

    items[n++] = (struct pulih_bus_item){.fd = d->signal_fd, .wanted = PULIH_BUS_IN};
    items[n++] = (struct pulih_bus_item){.fd = pulih_worker_fd(d->host.worker), .wanted = PULIH_BUS_IN};
    /* While the worker is busy nothing can be done with what comes; a wake-up per message would eat a core.
     */
    if (!busy && d->hints && pulih_batch_has_room(d->gather, hints_wanted(d)))
        items[n++] = (struct pulih_bus_item){.socket = d->hints, .wanted = PULIH_BUS_IN};
    for (size_t i = 0; i < STAGES; i++)
        if (d->peers[i])
            items[n++] = (struct pulih_bus_item){.fd = pulih_peers_fd(d->peers[i]), .wanted = PULIH_BUS_IN};
    if (d->door)
        n += d->host.service->door->waits(d->door, items + n);
    if (d->door && due_ms < wait_ms)
        wait_ms = due_ms > 0 ? due_ms : 0;
    pulih_bus_poll(items, n, (int)wait_ms);
}

static void tend_peers(struct daemon *d)
{
    size_t count = 0;

    for (size_t i = 0; i < STAGES; i++)
        if (d->peers[i]) {
            pulih_peers_tick(d->peers[i]);
            count += pulih_peers_count(d->peers[i]);
        }
    pulih_gauge(&d->host.metrics, PULIH_METRIC_peers, (int64_t)count);
}

/* What a burst of frames leaves free between blocks in use, the allocator keeps: four times of what is in use
 * was seen after a flood. It is given back, as a walk over it takes but a millisecond or two. */
static void give_memory_back(struct daemon *d)
{
    int64_t now_us = pulih_mono_us();

    if (now_us < d->trim_at_us)
        return;
    d->trim_at_us = now_us + TRIM_US;
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

static void announce_ready(struct daemon *d)
{
    if (d->announced || !pulih_metric(&d->host.metrics, PULIH_METRIC_up))
        return;
    d->announced = true;
    pulih_notify_ready(d->notify);
    pulih_log(PULIH_LOG_info, "ready", "http_port", "%d", (int)pulih_http_port(d->http), "hint_port", "%d",
              d->hints ? (int)pulih_bus_port(d->hints) : 0, NULL);
}

static bool drained(struct daemon *d)
{
    return d->host.stopping && !pulih_worker_busy(d->host.worker) &&
           (!d->door || d->host.service->door->drained(d->door));
}

static void loop(struct daemon *d)
{
    int64_t door_due_us = 0;

    while (!drained(d)) {
        wait_for_work(d, door_due_us);
        take_signals(d);
        take_job(d); /* receipts go out before the next stage wakes up and wants the processor */
        pulih_worker_take_hints(d->host.worker, send_hint, d);
        if (d->hints)
            gather_hints(d);
        if (d->door)
            door_due_us = d->host.service->door->turn(d->door);
        tend_peers(d);
        give_memory_back(d);
        announce_ready(d);
        d->turned_at_us = pulih_mono_us();
        pulih_notify_watchdog(d->notify);
        if (d->host.stopping &&
            pulih_mono_us() - d->host.stopping_since_us > (HARD_STOP_S - 5) * INT64_C(1000000))
            break;
    }
}

/* --- start and end -------------------------------------------------------------------------------------- */

static bool open_hints(struct daemon *d, struct pulih_buf *why)
{
    struct pulih_bus_opts opts = {.max_frame_bytes = HINT_FRAME_BYTES,
                                  .receive_messages = HINTS_WAITING_MAX,
                                  .guard = d->host.gate.guard,
                                  .who = PULIH_GUARD_OWN};
    struct pulih_buf standard PULIH_AUTO(pulih_buf_free) = {0};
    const char *listen = d->host.conf.daemon_listen;

    if (!d->host.service->n_handlers)
        return true;
    pulih_buf_addf(&standard, "tcp://*:%d", pulih_stage_hint_port(d->host.service->stage));
    d->hints = pulih_bus_router(d->host.bus, *listen ? listen : pulih_buf_text(&standard), &opts, why);
    return d->hints != NULL;
}

static bool open_peers(struct daemon *d, struct pulih_buf *why)
{
    const struct {
        enum pulih_stage stage;
        const struct pulih_conf_texts *endpoints;
    } all[] = {
        {PULIH_STAGE_classification, &d->host.conf.hints_classification},
        {PULIH_STAGE_escalation, &d->host.conf.hints_escalation},
        {PULIH_STAGE_followup, &d->host.conf.hints_followup},
    };

    for (size_t i = 0; i < PULIH_COUNT(all); i++) {
        d->peers[all[i].stage] = pulih_peers_start(d->host.bus, all[i].endpoints,
                                                   pulih_gate_caller(&d->host.gate), &d->host.metrics, why);
        if (!d->peers[all[i].stage])
            return false;
    }
    return true;
}

static void start_worker(struct daemon *d, struct pulih_policy *policy)
{
    const struct pulih_service *s = d->host.service;
    struct pulih_buf user PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_worker_setup setup = {
        .name = pulih_stage_name(s->stage),
        .stage = s->stage,
        .database = d->host.conf.pulih_database,
        .statements = s->statements,
        .n_statements = s->n_statements,
        .work = s->work ? s->work : pulih_stage_work,
        /* Who has no door tells nobody of its commits but the stages behind it. What these tell, at the feed,
         * waits for a commit of follow-up, which is in the log behind all that led to it. */
        .commits_asynchronously = !s->door,
        .metrics = &d->host.metrics,
        .policy = policy,
    };

    pulih_buf_addf(&user, "pulih_%s", setup.name);
    setup.user = *d->host.conf.daemon_user ? d->host.conf.daemon_user : pulih_buf_text(&user);
    if (s->n_handlers)
        setup.beats[setup.n_beats++] = (struct pulih_beat){pulih_stage_poll, &d->stage};
    if (s->beat)
        setup.beats[setup.n_beats++] = (struct pulih_beat){s->beat, &d->host};
    if (s->learning)
        setup.beats[setup.n_beats++] = (struct pulih_beat){s->learning->beat, d->stage.learned};
    d->host.worker = pulih_worker_start(&setup);
}

static void prepare_stage(struct daemon *d)
{
    d->stage = (struct pulih_stage_setup){
        .id = d->host.service->stage,
        .handlers = d->host.service->handlers,
        .n_handlers = d->host.service->n_handlers,
        .learning = d->host.service->learning,
        .learned = d->host.service->learning ? d->host.service->learning->open() : NULL,
        .batch_items = d->host.conf.daemon_batch_items,
        .poll_us = d->host.conf.daemon_poll_ms * 1000,
        .grace_us = d->host.conf.daemon_grace_ms * 1000,
        .most = 8,
    };
    d->batches[0].stage = &d->stage;
    d->batches[1].stage = &d->stage;
    d->gather = &d->batches[0];
}

static bool open_http(struct daemon *d, struct pulih_buf *why)
{
    struct pulih_buf standard PULIH_AUTO(pulih_buf_free) = {0};
    const char *address = d->host.conf.daemon_http;

    pulih_buf_addf(&standard, "0.0.0.0:%d", pulih_stage_http_port(d->host.service->stage));
    d->http = pulih_http_start(*address ? address : pulih_buf_text(&standard), answer_http, d, why);
    return d->http != NULL;
}

static bool open_door(struct daemon *d, struct pulih_buf *why)
{
    d->door = d->host.service->door->open(&d->host, why);
    return d->door;
}

/* What cannot be listened at is told with the setting to change: mostly somebody else has the port. */
static bool listen_at(struct daemon *d, const char *setting,
                      bool (*open)(struct daemon *, struct pulih_buf *), struct pulih_buf *why)
{
    struct pulih_buf fault PULIH_AUTO(pulih_buf_free) = {0};

    if (open(d, &fault))
        return true;
    pulih_conf_where(d->conf_path, pulih_stage_name(d->host.service->stage), setting, why);
    pulih_buf_add_view(why, pulih_view_of_buf(&fault));
    return false;
}

/* A session is an open file, and what a process gets at first is often too little for sessions_max. */
static void allow_open_files(void)
{
    struct rlimit files;

    pulih_must(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    pulih_must(setrlimit(RLIMIT_NOFILE, &files) == 0);
}

static bool start(struct daemon *d, struct pulih_policy *policy, struct pulih_buf *why)
{
    const struct pulih_door *door = d->host.service->door;

    allow_open_files();
    d->signal_fd = open_signals();
    d->notify = pulih_notify_new();
    d->host.bus = pulih_bus_new(d->host.service->door ? 2 : 1);
    d->turned_at_us = pulih_mono_us();
    prepare_stage(d);
    pulih_hinters_init(&d->hinters, d->turned_at_us);
    start_worker(d, policy);
    return pulih_gate_guard(&d->host.gate, d->host.bus, &d->host.metrics, why) && open_peers(d, why) &&
           listen_at(d, "listen", open_hints, why) && listen_at(d, "http", open_http, why) &&
           (!door || listen_at(d, door->setting, open_door, why));
}

static void stop(struct daemon *d)
{
    PULIH_POINT(drain_ended);
    pulih_http_stop(d->http);
    pulih_worker_stop(d->host.worker);
    take_job(d);
    pulih_worker_take_hints(d->host.worker, send_hint, d);
    if (d->door)
        d->host.service->door->close(d->door);
    for (size_t i = 0; i < STAGES; i++)
        pulih_peers_stop(d->peers[i]);
    pulih_batch_free(&d->batches[0]);
    pulih_batch_free(&d->batches[1]);
    pulih_batch_free(&d->stage.poll);
    pulih_bus_socket_free(d->hints);
    pulih_hinters_free(&d->hinters);
    pulih_worker_free(d->host.worker);
    if (d->stage.learning)
        d->stage.learning->close(d->stage.learned);
    pulih_gate_free(&d->host.gate);
    pulih_bus_free(d->host.bus);
    pulih_notify_free(d->notify);
    close(d->signal_fd);
}

static void set_up_log(const struct pulih_conf *conf, enum pulih_stage stage)
{
    static char program[32];
    enum pulih_log_level level;

    snprintf(program, sizeof program, "pulih-%s", pulih_stage_name(stage));
    pulih_must(pulih_log_level_parse(conf->log_level, &level)); /* its words stand in the table */
    pulih_log_setup(program, level, strcmp(conf->log_format, "json") == 0);
}

static int fail(const struct pulih_service *s, struct pulih_buf *why)
{
    fprintf(stderr, "pulih-%s: not started\n%s\n", pulih_stage_name(s->stage), pulih_buf_text(why));
    return 1;
}

static int serve(struct daemon *d, bool check_only)
{
    const struct pulih_service *s = d->host.service;
    struct pulih_buf why PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_policy *policy = NULL;

    if (!pulih_host_conf_load(d->conf_path, s->stage, &d->host.conf, &why))
        return fail(s, &why);
    set_up_log(&d->host.conf, s->stage);
    policy = pulih_policy_load(d->host.conf.pulih_policy, &why);
    if (!pulih_gate_load(&d->host.gate, &d->host.conf, d->conf_path, s->door, &why) || !policy) {
        pulih_policy_free(policy);
        return fail(s, &why);
    }
    if (check_only) {
        printf("%s: in order; policy %s\n", d->conf_path, policy->version);
        pulih_policy_free(policy);
        pulih_gate_free(&d->host.gate);
        pulih_host_conf_free(&d->host.conf);
        return 0;
    }
    bool ok = start(d, policy, &why);
    if (ok)
        loop(d);
    stop(d);
    pulih_host_conf_free(&d->host.conf);
    if (!ok)
        return fail(s, &why);
    pulih_log(PULIH_LOG_info, "stopped", NULL);
    return 0;
}

int pulih_service_serve(const struct pulih_service *service, const char *conf_path, bool check_only)
{
    struct daemon *d = calloc(1, sizeof *d);

    if (!d)
        pulih_out_of_memory();
    d->host.service = service;
    d->conf_path = conf_path;
    int status = serve(d, check_only);
    free(d);
    return status;
}
