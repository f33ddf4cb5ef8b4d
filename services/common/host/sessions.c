#include "pulih/host/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/log.h"
#include "pulih/base/must.h"

enum { LINES_MOST = 100 };
static const int64_t LINE_US = 1000 * 1000;

static size_t home_of(const struct pulih_sessions *s, const struct pulih_bus_peer *peer)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < peer->len; i++)
        hash = (hash ^ peer->id[i]) * 16777619u;
    return hash & (s->n_slots - 1);
}

static bool same_peer(const struct pulih_bus_peer *a, const struct pulih_bus_peer *b)
{
    return a->len == b->len && memcmp(a->id, b->id, a->len) == 0;
}

void pulih_sessions_init(struct pulih_sessions *s, size_t session_bytes, size_t max)
{
    *s = (struct pulih_sessions){
        .session_bytes = session_bytes, .max = max, .n_slots = 16, .lines = LINES_MOST};
    while (s->n_slots < 2 * max)
        s->n_slots *= 2;
    s->slots = calloc(s->n_slots, sizeof(struct pulih_session *));
    if (!s->slots)
        pulih_out_of_memory();
}

void pulih_sessions_free(struct pulih_sessions *s)
{
    for (size_t i = 0; i < s->n_slots; i++)
        free(s->slots[i]);
    free(s->slots);
    *s = (struct pulih_sessions){0};
}

static size_t slot_of(const struct pulih_sessions *s, const struct pulih_bus_peer *peer)
{
    size_t i = home_of(s, peer);

    while (s->slots[i] && !same_peer(&s->slots[i]->peer, peer))
        i = (i + 1) & (s->n_slots - 1);
    return i;
}

struct pulih_session *pulih_session_find(const struct pulih_sessions *s, const struct pulih_bus_peer *peer)
{
    return s->slots[slot_of(s, peer)];
}

/* A peer's id is of its own choice, and free again once its connection has ended. */
struct pulih_session *pulih_session_heard(struct pulih_sessions *s, const struct pulih_bus_msg *msg)
{
    struct pulih_session *session = pulih_session_find(s, &msg->peer);

    if (!session || strcmp(session->key, msg->key ? msg->key : "") == 0)
        return session;
    pulih_session_drop(s, session);
    return NULL;
}

struct pulih_session *pulih_session_add(struct pulih_sessions *s, const struct pulih_bus_peer *peer,
                                        int64_t now_us)
{
    struct pulih_session *old = pulih_session_find(s, peer);

    if (old)
        pulih_session_drop(s, old);
    if (s->n == s->max)
        return NULL;
    struct pulih_session *session = calloc(1, s->session_bytes);
    if (!session)
        pulih_out_of_memory();
    session->peer = *peer;
    session->id = pulih_id_new(now_us);
    s->slots[slot_of(s, peer)] = session;
    s->n++;
    return session;
}

void pulih_session_name(struct pulih_session *session, const char *key, const char *user)
{
    snprintf(session->key, sizeof session->key, "%s", key ? key : "");
    snprintf(session->user, sizeof session->user, "%s", user);
}

struct pulih_session *pulih_session_unlisted(const struct pulih_sessions *s, const struct pulih_gate *gate)
{
    struct pulih_session *session;

    for (size_t at = 0; (session = pulih_session_next(s, &at));)
        if (!pulih_gate_name(gate, session->key))
            return session;
    return NULL;
}

/* Takes the session out and moves those behind it up, so that no search ends too early. */
void pulih_session_drop(struct pulih_sessions *s, struct pulih_session *session)
{
    size_t hole = slot_of(s, &session->peer);

    free(session);
    s->slots[hole] = NULL;
    s->n--;
    for (size_t i = (hole + 1) & (s->n_slots - 1); s->slots[i]; i = (i + 1) & (s->n_slots - 1)) {
        struct pulih_session *moving = s->slots[i];
        s->slots[i] = NULL;
        s->slots[slot_of(s, &moving->peer)] = moving;
    }
}

struct pulih_session *pulih_session_next(const struct pulih_sessions *s, size_t *at)
{
    while (*at < s->n_slots) {
        struct pulih_session *session = s->slots[(*at)++];
        if (session)
            return session;
    }
    return NULL;
}

static void add_lines(struct pulih_sessions *s, int64_t now_us)
{
    int64_t more = (now_us - s->next_line_us) / LINE_US + 1;

    if (now_us < s->next_line_us)
        return;
    s->next_line_us = now_us + LINE_US;
    s->lines = more < LINES_MOST - s->lines ? s->lines + (int)more : LINES_MOST;
}

bool pulih_sessions_may_tell(struct pulih_sessions *s, int64_t now_us)
{
    add_lines(s, now_us);
    if (!s->lines) {
        s->untold++;
        return false;
    }
    s->lines--;
    if (s->untold)
        pulih_log(PULIH_LOG_warning, "sessions begin and end too fast for the log", "untold", "%u", s->untold,
                  NULL);
    s->untold = 0;
    return true;
}
