/* The feed door: who follows which streams, how far, and with how much credit. Runs on the network thread.
 *
 * Promises. A subscriber gets every item of a stream once and in order, each frame naming the range it
 *           covers. A slow one costs nobody else anything: without credit nothing is read for it.
 */
#include "services/followup/door.h"

#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/clock.h"
#include "pulih/base/log.h"
#include "pulih/base/must.h"
#include "pulih/base/point.h"

enum {
    ITEMS_PER_FRAME = 200,
    REQUESTS_MAX = 256,
    FRAMES_PER_TURN = 100,
    WAITING_MAX = 100, /* subscribers say little */
};
static const int64_t SILENCE_US = 15 * 1000 * 1000, HEADS_US = 1000 * 1000;

/* --- receiving ------------------------------------------------------------------------------------------ */

static bool take_positions(struct door *d, struct subscriber *sub, const struct pulih_subscribe *msg)
{
    struct pulih_view at = msg->positions.raw;
    struct pulih_position position;

    while (pulih_list_next(PULIH_M_position, &at, &position)) {
        if (position.stream >= FEED_STREAMS) {
            feed_refuse_session(d, &sub->s, PULIH_refusal_bad_field, "positions", "streams are 0 to 63");
            return false;
        }
        sub->position[position.stream] = position.seq;
        sub->named[position.stream] = true;
    }
    return true;
}

static void welcome(struct door *d, const struct subscriber *sub)
{
    struct pulih_welcome msg = {0};

    PULIH_SET(&msg, welcome, session, sub->s.id);
    PULIH_SET(&msg, welcome, credit, sub->s.limit);
    PULIH_SET(&msg, welcome, item_max_bytes, PULIH_FRAME_MAX_BYTES);
    PULIH_SET(&msg, welcome, server_time, pulih_worker_now(d->host->worker));
    PULIH_SET(&msg, welcome, streams, FEED_STREAMS);
    if (pulih_sessions_may_tell(&d->sessions, sub->s.seen_us))
        pulih_log(PULIH_LOG_info, "subscriber came", "client", "%s", sub->s.client, "user", "%s", sub->s.user,
                  NULL);
    feed_send(d, &sub->s.peer, PULIH_M_welcome, &msg);
}

static void on_subscribe(struct door *d, const struct pulih_bus_msg *frame, const char *user,
                         struct pulih_view body)
{
    const struct pulih_bus_peer *from = &frame->peer;
    struct pulih_fault fault;
    struct pulih_subscribe msg;

    if (!pulih_msg_decode(PULIH_M_subscribe, body, &msg, &fault)) {
        feed_refuse(d, from, &fault);
        return;
    }
    if (msg.protocol != PULIH_PROTOCOL) {
        feed_refuse_for(d, from, PULIH_refusal_bad_protocol, "protocol", "this daemon speaks protocol 1");
        return;
    }
    struct subscriber *sub =
        d->host->stopping ? NULL
                          : (struct subscriber *)pulih_session_add(&d->sessions, from, pulih_wall_us());
    if (!sub) {
        feed_refuse_for(d, from, PULIH_refusal_busy, "",
                        "no more sessions now; another replica may have room");
        return;
    }
    memcpy(sub->s.client, msg.client.at, msg.client.len);
    pulih_session_name(&sub->s, frame->key, user);
    sub->s.seen_us = pulih_mono_us();
    sub->s.limit = msg.credit;
    sub->from_now = msg.from_now;
    sub->came_at = d->jobs;
    d->read_at_us = 0;
    if (take_positions(d, sub, &msg))
        welcome(d, sub);
}

static void on_credit(struct door *d, struct subscriber *sub, struct pulih_view body)
{
    struct pulih_fault fault;
    struct pulih_credit msg;

    if (!pulih_msg_decode(PULIH_M_credit, body, &msg, &fault))
        feed_refuse(d, &sub->s.peer, &fault);
    else if (msg.limit > sub->s.limit)
        sub->s.limit = msg.limit;
}

static void on_letter_get(struct door *d, const struct subscriber *sub, struct pulih_view body)
{
    struct pulih_fault fault;
    struct pulih_letter_get msg;

    if (!pulih_msg_decode(PULIH_M_letter_get, body, &msg, &fault)) {
        feed_refuse(d, &sub->s.peer, &fault);
        return;
    }
    pulih_must(d->n_letters < FEED_LETTERS_MAX); /* has_room */
    d->letters[d->n_letters++] = (struct letter_request){
        .to = sub->s.peer, .complaint = msg.complaint, .number = (uint16_t)msg.number};
}

/* Frames that only a subscriber may send. A ping is one: its session may have ended while it stood still, and
 * a pong would let it wait for ever. */
static void on_subscriber_frame(struct door *d, const struct pulih_bus_peer *from, enum pulih_m m,
                                struct pulih_view body)
{
    struct subscriber *sub = (struct subscriber *)pulih_session_find(&d->sessions, from);

    if (m != PULIH_M_credit && m != PULIH_M_letter_get && m != PULIH_M_ping) {
        feed_refuse_for(d, from, PULIH_refusal_unknown_type, "",
                        "subscribe, credit, letter_get and ping are heard here");
        return;
    }
    if (!sub) {
        feed_refuse_for(d, from, PULIH_refusal_no_session, "", "send subscribe first");
        return;
    }
    if (m == PULIH_M_ping)
        feed_send(d, from, PULIH_M_pong, &(struct pulih_pong){0});
    else if (m == PULIH_M_credit)
        on_credit(d, sub, body);
    else
        on_letter_get(d, sub, body);
}

static void on_frame(struct door *d, const struct pulih_bus_msg *msg)
{
    struct pulih_session *session = pulih_session_heard(&d->sessions, msg);
    const char *user = pulih_gate_name(&d->host->gate, msg->key);
    struct pulih_fault fault;
    struct pulih_view body;
    enum pulih_m m;

    pulih_count(&d->host->metrics, PULIH_METRIC_received_total, 1);
    if (session)
        session->seen_us = pulih_mono_us();
    if (!user) {
        feed_refuse_for(d, &msg->peer, PULIH_refusal_not_allowed, "", pulih_gate_unlisted);
        return;
    }
    if (msg->malformed) {
        feed_refuse_for(d, &msg->peer, PULIH_refusal_bad_frame, "", "one frame per message");
        return;
    }
    if (!pulih_frame_open(msg->body, &m, &body, &fault)) {
        feed_refuse(d, &msg->peer, &fault);
        return;
    }
    if (m == PULIH_M_subscribe)
        on_subscribe(d, msg, user, body);
    else if (m != PULIH_M_pong)
        on_subscriber_frame(d, &msg->peer, m, body);
}

static bool has_room(const struct door *d)
{
    return d->n_letters < FEED_LETTERS_MAX;
}

static void receive(struct door *d)
{
    struct pulih_bus_msg *msg;

    /* Bounded, so that a flood does not keep items and heads back. */
    for (int n = 0; n < FRAMES_PER_TURN && has_room(d) && (msg = pulih_bus_receive(d->socket)); n++) {
        on_frame(d, msg);
        pulih_bus_msg_free(msg);
    }
}

/* --- asking the reader ---------------------------------------------------------------------------------- */

static void ask_for(struct door *d, struct subscriber *sub)
{
    uint64_t left = sub->settled && sub->s.limit > sub->s.used ? sub->s.limit - sub->s.used : 0;

    for (uint16_t stream = 0; stream < FEED_STREAMS && left && d->job.n < REQUESTS_MAX; stream++) {
        if (sub->position[stream] >= d->heads[stream])
            continue;
        uint64_t most = d->heads[stream] - sub->position[stream];
        most = most > ITEMS_PER_FRAME ? ITEMS_PER_FRAME : most;
        most = most > left ? left : most;
        left -= most;
        d->job.requests = pulih_room(d->job.requests, d->job.n, &d->job.cap, sizeof *d->job.requests);
        d->job.requests[d->job.n++] = (struct feed_request){.to = sub->s.peer,
                                                            .session = sub->s.id,
                                                            .stream = stream,
                                                            .after = sub->position[stream],
                                                            .head = d->heads[stream],
                                                            .most = (uint32_t)most};
    }
}

static bool bell_rang(struct door *d)
{
    int64_t batches = pulih_metric(&d->host->metrics, PULIH_METRIC_batches_total);
    bool rang = batches != d->batches_seen;

    d->batches_seen = batches;
    return rang;
}

static void ask_reader(struct door *d)
{
    struct pulih_session *s;
    int64_t now_us = pulih_mono_us();

    if (pulih_worker_busy(d->reader))
        return;
    d->job.n = 0;
    for (size_t at = 0; (s = pulih_session_next(&d->sessions, &at));)
        ask_for(d, (struct subscriber *)s);
    bool look = d->sessions.n && (now_us >= d->read_at_us || bell_rang(d));
    if (!d->job.n && !d->n_letters && !look)
        return;
    memcpy(d->job.letters, d->letters, sizeof d->letters);
    d->job.n_letters = d->n_letters;
    d->n_letters = 0;
    if (pulih_worker_give(d->reader, &d->job)) {
        d->jobs++;
        d->read_at_us = now_us + d->host->conf.followup_feed_poll_ms * 1000;
    }
}

/* --- what the reader found ------------------------------------------------------------------------------ */

static struct subscriber *subscriber_of(struct door *d, const struct feed_request *r)
{
    struct subscriber *sub = (struct subscriber *)pulih_session_find(&d->sessions, &r->to);

    return sub && pulih_id_compare(&sub->s.id, &r->session) == 0 ? sub : NULL;
}

static void answer_request(struct door *d, const struct feed_request *r)
{
    struct subscriber *sub = subscriber_of(d, r);

    if (!sub || !r->len || !feed_send_bytes(d, &r->to, (struct pulih_view){d->job.bytes.at + r->at, r->len}))
        return; /* a full one is asked for again */
    if (!r->n) {
        pulih_session_drop(&d->sessions, &sub->s); /* told that its position is too old */
        return;
    }
    PULIH_POINT(feed_sent);
    sub->position[r->stream] = r->last;
    sub->s.used += r->n;
    pulih_count(&d->host->metrics, PULIH_METRIC_feed_items_total, r->n);
}

/* A position beyond the head never was: the subscriber comes from another database, or from its future.
 * Only heads read since it came can tell: another replica may have served it items newer than older heads. */
static void settle_positions(struct door *d, struct subscriber *sub)
{
    if (sub->settled || sub->came_at >= d->jobs)
        return;
    for (size_t stream = 0; stream < FEED_STREAMS; stream++) {
        if (sub->from_now && !sub->named[stream])
            sub->position[stream] = d->heads[stream];
        if (sub->position[stream] > d->heads[stream]) {
            feed_refuse_session(d, &sub->s, PULIH_refusal_bad_field, "positions",
                                "beyond the head: this feed never had that item; subscribe anew");
            return;
        }
    }
    sub->settled = true;
}

/* Whose session has ended since may not be allowed to read it any more. */
static void answer_letter(struct door *d, const struct letter_request *l)
{
    if (pulih_session_find(&d->sessions, &l->to))
        feed_send_bytes(d, &l->to, (struct pulih_view){d->job.bytes.at + l->at, l->len});
}

static void take_job(struct door *d)
{
    bool done = false;
    struct pulih_session *s;

    if (!pulih_worker_take(d->reader, &done) || !done)
        return;
    for (size_t i = 0; i < d->job.n; i++)
        answer_request(d, &d->job.requests[i]);
    for (size_t i = 0; i < d->job.n_letters; i++)
        answer_letter(d, &d->job.letters[i]);
    memcpy(d->heads, d->job.heads, sizeof d->heads);
    d->heads_known = true;
    for (size_t at = 0; (s = pulih_session_next(&d->sessions, &at));)
        settle_positions(d, (struct subscriber *)s);
}

/* --- turns ---------------------------------------------------------------------------------------------- */

static void send_heads(struct door *d)
{
    struct pulih_heads heads = {0};
    struct pulih_session *s;
    int64_t now_us = pulih_mono_us();

    if (now_us < d->heads_at_us || !d->heads_known)
        return;
    d->heads_at_us = now_us + HEADS_US;
    pulih_buf_empty(&d->list);
    for (uint64_t stream = 0; stream < FEED_STREAMS; stream++) {
        struct pulih_position position = {0};
        PULIH_SET(&position, position, stream, stream);
        PULIH_SET(&position, position, seq, d->heads[stream]);
        pulih_list_add(&d->list, PULIH_M_position, &position);
    }
    PULIH_SET(&heads, heads, heads, pulih_list_of(&d->list, FEED_STREAMS));
    for (size_t at = 0; (s = pulih_session_next(&d->sessions, &at));) {
        if (now_us - s->seen_us > SILENCE_US)
            pulih_session_drop(&d->sessions, s);
        else
            feed_send(d, &s->peer, PULIH_M_heads, &heads);
    }
    pulih_gauge(&d->host->metrics, PULIH_METRIC_sessions, (int64_t)d->sessions.n);
}

static void clients_changed(void *door)
{
    struct door *d = door;
    struct pulih_session *s;

    while ((s = pulih_session_unlisted(&d->sessions, &d->host->gate))) {
        pulih_log(PULIH_LOG_info, "session ended: not on the list any more", "client", "%s", s->client,
                  "user", "%s", s->user, NULL);
        feed_refuse_session(d, s, PULIH_refusal_not_allowed, "", pulih_gate_unlisted);
    }
}

static void tell_drain(struct door *d)
{
    struct pulih_session *s;

    if (!d->host->stopping || d->closes_at_us)
        return;
    d->closes_at_us = pulih_mono_us() + PULIH_DOOR_QUIET_US;
    for (size_t at = 0; (s = pulih_session_next(&d->sessions, &at));)
        feed_send(d, &s->peer, PULIH_M_drain, &(struct pulih_drain){0});
}

static void ignore_hint(void *arg, enum pulih_stage to, struct pulih_view frame)
{
    (void)arg, (void)to, (void)frame; /* the reader hands nothing on */
}

static int64_t turn(void *door)
{
    struct door *d = door;

    tell_drain(d);
    pulih_worker_take_hints(d->reader, ignore_hint, NULL);
    take_job(d);
    receive(d);
    ask_reader(d);
    send_heads(d);
    if (d->closes_at_us > pulih_mono_us())
        return d->closes_at_us;
    return d->sessions.n && !pulih_worker_busy(d->reader) ? d->read_at_us : pulih_mono_us() + HEADS_US;
}

static size_t waits(void *door, struct pulih_bus_item items[PULIH_DOOR_ITEMS_MAX])
{
    struct door *d = door;
    size_t n = 0;

    items[n++] = (struct pulih_bus_item){.fd = pulih_worker_fd(d->reader), .wanted = PULIH_BUS_IN};
    if (has_room(d))
        items[n++] = (struct pulih_bus_item){.socket = d->socket, .wanted = PULIH_BUS_IN};
    return n;
}

static bool drained(void *door)
{
    const struct door *d = door;

    return d->closes_at_us && (d->sessions.n == 0 || pulih_mono_us() >= d->closes_at_us);
}

static void start_reader(struct door *d)
{
    struct pulih_worker_setup setup = {
        .name = "followup-feed",
        .stage = PULIH_STAGE_followup,
        .database = d->host->conf.pulih_database,
        .user = *d->host->conf.daemon_user ? d->host->conf.daemon_user : "pulih_followup",
        .statements = feed_statements,
        .n_statements = FEED_SQL_N,
        .work = feed_read,
        .metrics = &d->reader_metrics,
    };

    d->reader = pulih_worker_start(&setup);
}

static void *open_door(struct pulih_host *h, struct pulih_buf *why)
{
    struct door *d = calloc(1, sizeof *d);

    if (!d)
        pulih_out_of_memory();
    d->host = h;
    d->socket = pulih_gate_door(&h->gate, h->bus, h->conf.followup_feed, WAITING_MAX, why);
    if (!d->socket) {
        free(d);
        return NULL;
    }
    pulih_sessions_init(&d->sessions, sizeof(struct subscriber), (size_t)h->conf.followup_subscribers_max);
    start_reader(d);
    pulih_log(PULIH_LOG_info, "feed door open", "port", "%d", (int)pulih_bus_port(d->socket), NULL);
    return d;
}

static void close_door(void *door)
{
    struct door *d = door;

    pulih_worker_stop(d->reader);
    pulih_worker_free(d->reader);
    pulih_bus_socket_free(d->socket);
    pulih_sessions_free(&d->sessions);
    pulih_buf_free(&d->frame);
    pulih_buf_free(&d->list);
    pulih_buf_free(&d->job.bytes);
    pulih_buf_free(&d->job.list);
    pulih_buf_free(&d->job.scratch);
    free(d->job.requests);
    free(d);
}

const struct pulih_door followup_door = {
    .setting = "feed",
    .open = open_door,
    .waits = waits,
    .turn = turn,
    .clients_changed = clients_changed,
    .drained = drained,
    .close = close_door,
};
