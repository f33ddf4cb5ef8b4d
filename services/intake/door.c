/* The publish door: sessions, credit, checks, receipts. Runs on the network thread.
 *
 * Promises. A receipt goes out after COMMIT only. A message that cannot be read or breaks a rule is refused
 *           with field, rule and value, and costs nobody else anything. Credit bounds what is on its way to
 *           about a tenth of a second of the database's work, and is not raised while the database is away.
 */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/base/log.h"
#include "pulih/base/must.h"
#include "pulih/base/point.h"
#include "services/intake/door.h"

enum { BATCH_BYTES = 1024 * 1024, IDLE_FRAMES_PER_TURN = 100, WAITING_MAX = 1000 };
static const int64_t SILENCE_US = 15 * 1000 * 1000;
static const int64_t SWEEP_US = 1000 * 1000;

/* --- receiving ------------------------------------------------------------------------------------------ */

static void on_hello(struct door *d, const struct pulih_bus_msg *msg, const char *user,
                     struct pulih_view body)
{
    const struct pulih_bus_peer *from = &msg->peer;
    struct pulih_fault fault;
    struct pulih_hello hello;
    struct pulih_welcome welcome = {0};

    if (!pulih_msg_decode(PULIH_M_hello, body, &hello, &fault)) {
        intake_refuse(d, from, NULL, &fault);
        return;
    }
    if (hello.protocol != PULIH_PROTOCOL) {
        intake_refuse_for(d, from, NULL, PULIH_refusal_bad_protocol, "protocol",
                          "this daemon speaks protocol 1");
        return;
    }
    struct publisher *p =
        d->host->stopping ? NULL : (struct publisher *)pulih_session_add(&d->sessions, from, pulih_wall_us());
    if (!p) {
        intake_refuse_for(d, from, NULL, PULIH_refusal_busy, "",
                          "no more sessions now; another replica may have room");
        return;
    }
    memcpy(p->s.client, hello.client.at, hello.client.len);
    pulih_session_name(&p->s, msg->key, user);
    p->s.seen_us = pulih_mono_us();
    p->s.limit = intake_open_for_work(d) ? intake_share_of_window(d, p) : 0;
    PULIH_SET(&welcome, welcome, session, p->s.id);
    PULIH_SET(&welcome, welcome, credit, p->s.limit);
    PULIH_SET(&welcome, welcome, item_max_bytes, PULIH_FRAME_MAX_BYTES);
    PULIH_SET(&welcome, welcome, server_time, pulih_worker_now(d->host->worker));
    if (pulih_sessions_may_tell(&d->sessions, p->s.seen_us))
        pulih_log(PULIH_LOG_info, "publisher came", "client", "%s", p->s.client, "user", "%s", user, NULL);
    intake_send(d, from, PULIH_M_welcome, &welcome);
}

/* The complaint an event is about; false with a reason when it does not say so rightly. */
static bool find_complaint(const struct pulih_event *event, enum pulih_m m, struct pulih_id *ret,
                           const char **rule)
{
    bool given = PULIH_HAS(event, event, complaint);

    if (m == PULIH_M_complaint) {
        *rule = "a new complaint is named by the message's id";
        *ret = event->id;
        return !given || pulih_id_compare(&event->id, &event->complaint) == 0;
    }
    *rule = "must name the complaint, and not be the message's own id";
    *ret = event->complaint;
    return given && pulih_id_compare(&event->id, &event->complaint) != 0;
}

static void note_published(struct door *d, struct publisher *p)
{
    d->n_publishing += !p->publishes;
    p->publishes = true;
    p->published = true;
}

/* Decodes the event's body into the batch's arena and queues it; refuses it otherwise. */
static bool take_event(struct door *d, struct publisher *p, const struct pulih_event *event)
{
    struct pulih_arena *arena = &d->gather->batch.arena;
    enum pulih_m m = pulih_message_by_name(event->type);
    union pulih_any body;
    struct pulih_fault fault;
    struct pulih_id complaint;
    const char *rule;

    if (m == PULIH_M_N || pulih_message(m)->role != PULIH_ROLE_IN) {
        intake_refuse_for(d, &p->s.peer, &event->id, PULIH_refusal_unknown_type, "type",
                          "no message of this name may be published");
        return false;
    }
    if (!find_complaint(event, m, &complaint, &rule)) {
        intake_refuse_for(d, &p->s.peer, &event->id, PULIH_refusal_bad_field, "complaint", rule);
        return false;
    }
    /* Read aside first: what is refused must leave nothing behind in the batch. */
    if (!pulih_msg_decode(m, event->body, &body, &fault)) {
        intake_refuse(d, &p->s.peer, &event->id, &fault);
        return false;
    }
    struct intake_batch *b = d->gather;
    size_t len = pulih_message(m)->struct_bytes;
    void *kept = memcpy(pulih_arena_get(arena, len), &body, len);
    b->messages = pulih_room(b->messages, b->n, &b->cap, sizeof *b->messages);
    b->messages[b->n] = (struct intake_message){
        .from = p->s.peer,
        .session = p->s.id,
        .id = event->id,
        .complaint = complaint,
        .type = m,
        .occurred_at = event->occurred_at,
        .raw = event->body,
        .body = kept,
        .client = pulih_arena_copy(arena, pulih_view_of(p->s.client)).at,
        .arrival = b->n,
        .item = SIZE_MAX,
    };
    b->n++;
    note_published(d, p);
    PULIH_POINT(intake_received);
    return true;
}

/* A refused event gives its credit back. Its session may have ended with the refusal. */
static void give_back(struct door *d, const struct pulih_bus_peer *from)
{
    struct publisher *p = (struct publisher *)pulih_session_find(&d->sessions, from);

    if (!p)
        return;
    p->answered++;
    intake_grant(d, p);
}

/* True: the frame was taken into the batch. */
static bool on_event(struct door *d, struct publisher *p, const struct pulih_bus_peer *from,
                     struct pulih_view body)
{
    struct pulih_fault fault;
    struct pulih_event event = {0};
    bool readable = pulih_msg_decode(PULIH_M_event, body, &event, &fault);

    if (readable && !p) {
        intake_refuse_for(d, from, &event.id, PULIH_refusal_no_session, "", "send hello first");
        return false;
    }
    if (readable && p->s.used >= p->s.limit) {
        intake_refuse_for(d, from, &event.id, PULIH_refusal_over_credit, "", "wait for credit");
        return false;
    }
    if (p)
        p->s.used++;
    if (!readable)
        intake_refuse(d, from, PULIH_HAS(&event, event, id) ? &event.id : NULL, &fault);
    else if (take_event(d, p, &event))
        return true;
    give_back(d, from);
    return false;
}

/* True: the frame belongs to the batch now. */
static bool on_frame(struct door *d, struct pulih_bus_msg *msg)
{
    struct publisher *p = (struct publisher *)pulih_session_heard(&d->sessions, msg);
    const char *user = pulih_gate_name(&d->host->gate, msg->key);
    struct pulih_fault fault;
    struct pulih_view body;
    enum pulih_m m;

    pulih_count(&d->host->metrics, PULIH_METRIC_received_total, 1);
    if (!user) {
        intake_refuse_for(d, &msg->peer, NULL, PULIH_refusal_not_allowed, "", pulih_gate_unlisted);
        return false;
    }
    if (p)
        p->s.seen_us = pulih_mono_us();
    if (msg->malformed) {
        intake_refuse_for(d, &msg->peer, NULL, PULIH_refusal_bad_frame, "", "one frame per message");
        return false;
    }
    if (!pulih_frame_open(msg->body, &m, &body, &fault)) {
        intake_refuse(d, &msg->peer, NULL, &fault);
        return false;
    }
    if (m == PULIH_M_event)
        return on_event(d, p, &msg->peer, body);
    if (m == PULIH_M_hello)
        on_hello(d, msg, user, body);
    else if (m == PULIH_M_ping && p)
        intake_send(d, &msg->peer, PULIH_M_pong, &(struct pulih_pong){0});
    else if (m == PULIH_M_ping) /* its session ended: a pong would let it wait for ever */
        intake_refuse_for(d, &msg->peer, NULL, PULIH_refusal_no_session, "", "send hello first");
    else if (m != PULIH_M_pong)
        intake_refuse_for(d, &msg->peer, NULL, PULIH_refusal_unknown_type, "",
                          "hello, event and ping are heard here");
    return false;
}

static bool has_room(const struct door *d)
{
    return d->gather->n < (size_t)d->host->conf.daemon_batch_items && d->gather->bytes < BATCH_BYTES;
}

static void keep_frame(struct intake_batch *b, struct pulih_bus_msg *msg)
{
    struct pulih_batch *batch = &b->batch;

    batch->frames =
        pulih_room(batch->frames, batch->n_frames, &batch->cap_frames, sizeof(struct pulih_bus_msg *));
    batch->frames[batch->n_frames++] = msg;
    b->bytes += msg->body.len;
}

/* Bounded, so that a flood of what is refused does not keep receipts and heartbeats back. What is taken is
 * bounded by the batch. */
static void receive(struct door *d)
{
    struct pulih_bus_msg *msg;
    int idle = 0;

    while (idle < IDLE_FRAMES_PER_TURN && has_room(d) && (msg = pulih_bus_receive(d->socket))) {
        if (on_frame(d, msg)) {
            keep_frame(d->gather, msg);
            d->moved_at_us = pulih_mono_us();
        } else {
            pulih_bus_msg_free(msg);
            idle++;
        }
    }
    d->more = idle == IDLE_FRAMES_PER_TURN;
}

static void give(struct door *d)
{
    if (!d->gather->n)
        return;
    d->gather->given_us = pulih_mono_us();
    if (pulih_worker_give(d->host->worker, d->gather))
        d->gather = d->gather == &d->batches[0] ? &d->batches[1] : &d->batches[0];
}

static void job_done(void *door, void *job, bool done)
{
    struct door *d = door;

    if (done)
        intake_answer(door, job);
    intake_batch_empty(job);
    d->moved_at_us = pulih_mono_us();
}

/* --- turns ---------------------------------------------------------------------------------------------- */

/* A client that closed its connection is only noticed by sending to it; one that is there answers. */
static void look_after(struct door *d, struct publisher *p, int64_t now_us)
{
    struct pulih_bus_peer peer = p->s.peer;
    bool silent = now_us - p->s.seen_us > SWEEP_US;

    intake_grant(d, p);
    if (silent)
        intake_send(d, &peer, PULIH_M_ping, &(struct pulih_ping){0});
}

static void count_publishing(struct door *d)
{
    struct pulih_session *s;

    d->n_publishing = 0;
    for (size_t at = 0; (s = pulih_session_next(&d->sessions, &at));) {
        struct publisher *p = (struct publisher *)s;
        p->publishes = p->published;
        p->published = false;
        d->n_publishing += p->publishes;
    }
}

/* Once a second: sessions that went silent end, credit that was held back is given, a stop is told. */
static void sweep(struct door *d)
{
    struct pulih_session *s;
    int64_t now_us = pulih_mono_us();

    if (now_us < d->sweep_at_us)
        return;
    d->sweep_at_us = now_us + SWEEP_US;
    count_publishing(d);
    for (size_t at = 0; (s = pulih_session_next(&d->sessions, &at));) {
        if (now_us - s->seen_us > SILENCE_US) {
            if (pulih_sessions_may_tell(&d->sessions, now_us))
                pulih_log(PULIH_LOG_info, "publisher went silent", "client", "%s", s->client, "user", "%s",
                          s->user, NULL);
            pulih_session_drop(&d->sessions, s);
        } else {
            look_after(d, (struct publisher *)s, now_us);
        }
    }
    pulih_gauge(&d->host->metrics, PULIH_METRIC_sessions, (int64_t)d->sessions.n);
}

static void clients_changed(void *door)
{
    struct door *d = door;
    struct pulih_session *s;

    while ((s = pulih_session_unlisted(&d->sessions, &d->host->gate))) {
        struct pulih_bus_peer peer = s->peer;
        pulih_log(PULIH_LOG_info, "session ended: not on the list any more", "client", "%s", s->client,
                  "user", "%s", s->user, NULL);
        pulih_session_drop(&d->sessions, s);
        intake_refuse_for(d, &peer, NULL, PULIH_refusal_not_allowed, "", pulih_gate_unlisted);
    }
}

static void tell_drain(struct door *d)
{
    struct pulih_session *s;

    if (!d->host->stopping || d->told_drain)
        return;
    d->told_drain = true;
    d->moved_at_us = pulih_mono_us();
    for (size_t at = 0; (s = pulih_session_next(&d->sessions, &at));)
        intake_send(d, &s->peer, PULIH_M_drain, &(struct pulih_drain){0});
}

static int64_t turn(void *door)
{
    struct door *d = door;

    tell_drain(d);
    receive(d);
    give(d);
    sweep(d);
    if (d->more) /* a busy worker is no reason to let good messages wait behind refused ones */
        return 0;
    return d->told_drain ? pulih_mono_us() + PULIH_DOOR_QUIET_US / 4 : d->sweep_at_us;
}

static size_t waits(void *door, struct pulih_bus_item items[PULIH_DOOR_ITEMS_MAX])
{
    struct door *d = door;

    /* While the worker is busy a wake-up per message would eat a core; the loop looks in now and then. */
    if (pulih_worker_busy(d->host->worker) || !has_room(d))
        return 0;
    items[0] = (struct pulih_bus_item){.socket = d->socket, .wanted = PULIH_BUS_IN};
    return 1;
}

/* What was sent before the drain was heard is answered, too, and read: the door closes when nothing has come
 * or gone for a while. */
static bool drained(void *door)
{
    struct door *d = door;

    return d->told_drain && d->gather->n == 0 &&
           (d->sessions.n == 0 || pulih_mono_us() - d->moved_at_us > PULIH_DOOR_QUIET_US);
}

static void *open_door(struct pulih_host *h, struct pulih_buf *why)
{
    struct door *d = calloc(1, sizeof *d);

    if (!d)
        pulih_out_of_memory();
    d->host = h;
    d->gather = &d->batches[0];
    d->window = intake_bounded_window(d, CREDIT_LEAST);
    for (int i = 0; i < 2; i++) {
        d->batches[i].stage.id = PULIH_STAGE_intake;
        d->batches[i].batch.stage = &d->batches[i].stage;
        d->batches[i].numbers = &d->numbers;
        d->batches[i].compares = h->conf.links_days > 0;
    }
    d->socket = pulih_gate_door(&h->gate, h->bus, h->conf.intake_publish, WAITING_MAX, why);
    if (!d->socket) {
        free(d);
        return NULL;
    }
    pulih_sessions_init(&d->sessions, sizeof(struct publisher), (size_t)h->conf.intake_sessions_max);
    pulih_log(PULIH_LOG_info, "publish door open", "port", "%d", (int)pulih_bus_port(d->socket), NULL);
    return d;
}

static void close_door(void *door)
{
    struct door *d = door;

    pulih_bus_socket_free(d->socket);
    pulih_sessions_free(&d->sessions);
    intake_batch_free(&d->batches[0]);
    intake_batch_free(&d->batches[1]);
    pulih_buf_free(&d->frame);
    pulih_buf_free(&d->list);
    free(d);
}

const struct pulih_door intake_door = {
    .setting = "publish",
    .open = open_door,
    .waits = waits,
    .turn = turn,
    .done = job_done,
    .clients_changed = clients_changed,
    .drained = drained,
    .close = close_door,
};
