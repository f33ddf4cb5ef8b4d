#include "pulih/host/gate.h"

#include <string.h>

#include "proto/msg.h"
#include "pulih/base/clock.h"
#include "pulih/base/log.h"

enum { FINGERPRINT = 10 };
static const int64_t TELL_EVERY_US = 10 * 1000 * 1000;

/* --- loading ----------------------------------------------------------------------------------------- */

static void blame(const char *conf_path, const char *name, const char *what, struct pulih_buf *why)
{
    pulih_conf_where(conf_path, "curve", name, why);
    pulih_buf_addf(why, "%s\n", what);
}

bool pulih_gate_load(struct pulih_gate *g, const struct pulih_conf *conf, const char *conf_path,
                     bool has_door, struct pulih_buf *why)
{
    bool ok = true;

    *g = (struct pulih_gate){.clients_path = conf->curve_clients};
    if (!*conf->curve_secret_key && *conf->curve_clients) {
        blame(conf_path, "clients", "says who may come in, but without secret_key nobody is asked", why);
        return false;
    }
    if (!*conf->curve_secret_key)
        return true;
    if (!pulih_key_pair_load(conf->curve_secret_key, &g->own.own, why)) {
        blame(conf_path, "secret_key", "names a file that cannot be used", why);
        ok = false;
    }
    g->own.router = g->own.own.public;
    if (!*conf->curve_clients) {
        blame(conf_path, "secret_key", "needs curve.clients beside it: who may come in?", why);
        ok = false;
    } else if (has_door && !(g->clients = pulih_clients_load(conf->curve_clients, why))) {
        blame(conf_path, "clients", "names a file that cannot be used", why);
        ok = false;
    }
    return ok;
}

void pulih_gate_free(struct pulih_gate *g)
{
    pulih_guard_stop(g->guard);
    pulih_clients_free(g->clients);
    pulih_key_pair_forget(&g->own.own);
    *g = (struct pulih_gate){0};
}

/* --- what the guard sees: on its own thread ---------------------------------------------------------- */

static void on_let_in(void *arg, const char *key)
{
    struct pulih_gate *g = arg;

    (void)key;
    pulih_count(g->metrics, PULIH_METRIC_let_in_total, 1);
}

/* A line for each reason now and then, however many there are: strangers must not fill the log. */
static void on_turned_away(void *arg, enum pulih_turned_away why, const char *key)
{
    static const char *const reasons[PULIH_AWAY_N] = {
        [PULIH_AWAY_UNKNOWN] = "its key is not on the list",
        [PULIH_AWAY_PLAIN] = "it speaks without CURVE",
        [PULIH_AWAY_UNREADABLE] = "it left, or has not our public key",
    };
    struct pulih_gate *g = arg;
    int64_t now_us = pulih_mono_us();

    pulih_count(g->metrics, PULIH_METRIC_turned_away_total, 1);
    g->untold[why]++;
    if (g->told_us[why] && now_us - g->told_us[why] < TELL_EVERY_US)
        return;
    pulih_log(PULIH_LOG_warning, "turned away", "why", "%s", reasons[why], "key", "%v",
              (struct pulih_view){key, key ? FINGERPRINT : 0}, "times", "%u", g->untold[why], NULL);
    g->told_us[why] = now_us;
    g->untold[why] = 0;
}

bool pulih_gate_guard(struct pulih_gate *g, struct pulih_bus *bus, struct pulih_metrics *metrics,
                      struct pulih_buf *why)
{
    const struct pulih_guard_watcher watcher = {g, on_let_in, on_turned_away};

    g->metrics = metrics;
    if (!*g->own.router.text)
        return true;
    g->guard = pulih_guard_start(bus, &g->own.own, g->clients, &watcher, why);
    if (g->guard)
        pulih_log(PULIH_LOG_info, "CURVE in force", "public_key", "%s", g->own.router.text, "clients", "%zu",
                  g->clients ? pulih_clients_count(g->clients) : 0, NULL);
    return g->guard;
}

struct pulih_bus_socket *pulih_gate_door(const struct pulih_gate *g, struct pulih_bus *bus,
                                         const char *listen, int waiting_max, struct pulih_buf *why)
{
    const struct pulih_bus_opts opts = {
        .max_frame_bytes = 4 * PULIH_FRAME_MAX_BYTES, /* a little too long is refused, and not cut off */
        .receive_messages = waiting_max,
        .linger_ms = 2000,
        .guard = g->guard,
        .who = PULIH_GUARD_CLIENTS,
    };

    return pulih_bus_router(bus, listen, &opts, why);
}

/* --- asking ------------------------------------------------------------------------------------------ */

const char pulih_gate_unlisted[] = "this key is not on the list of clients any more";

bool pulih_gate_reload(struct pulih_gate *g)
{
    struct pulih_buf why PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_clients *before = g->clients, *clients;

    if (!before)
        return false;
    clients = pulih_clients_load(g->clients_path, &why);
    if (!clients) {
        pulih_log(PULIH_LOG_error, "new list of clients refused, the old one stays in force", "faults", "%s",
                  pulih_buf_text(&why), NULL);
        return false;
    }
    g->clients = clients;
    pulih_guard_set_clients(g->guard, clients);
    pulih_clients_free(before);
    pulih_log(PULIH_LOG_info, "list of clients in force", "clients", "%zu", pulih_clients_count(clients),
              NULL);
    return true;
}

const char *pulih_gate_name(const struct pulih_gate *g, const char *key)
{
    if (!g->clients)
        return "";
    return key ? pulih_clients_name(g->clients, key) : NULL;
}

const struct pulih_curve_caller *pulih_gate_caller(const struct pulih_gate *g)
{
    return g->guard ? &g->own : NULL;
}
