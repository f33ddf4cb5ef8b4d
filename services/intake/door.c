/* The publish door: sessions, credit, checks, receipts. Runs on the network thread.
 *
 * Promises. A receipt goes out after COMMIT only. A message that cannot be read or breaks a rule is refused
 *           with field, rule and value, and costs nobody else anything. Credit bounds what is on its way to
 *           about a tenth of a second of the database's work, and is not raised while the database is away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/base/log.h"
#include "pulih/base/must.h"
#include "pulih/host/sessions.h"
#include "services/intake/intake.h"

enum {
    BATCH_BYTES = 1024 * 1024,
    CREDIT_LEAST = 64,
    SHARE_LEAST = 8,
    ACKS_PER_FRAME = 200,
    BUSY_RETRY_MS = 200
};
static const int64_t SILENCE_US = 15 * 1000 * 1000;
static const int64_t SWEEP_US = 1000 * 1000;
static const double CREDIT_SECONDS = 0.1;

struct publisher {
    struct pulih_session s;
    uint64_t answered; /* receipts and refusals of this session */
};

struct door {
    struct pulih_host *host;
    struct pulih_bus_socket *socket;
    struct pulih_sessions sessions;
    struct intake_batch batches[2]; /* one is gathered while the worker has the other */
    struct intake_batch *gather;
    double items_per_s; /* of the worker while it works */
    uint64_t window;    /* credit for all sessions together */
    int64_t sweep_at_us;
    bool told_drain;
    struct pulih_buf frame;
    struct pulih_buf list;
};

/* --- sending -------------------------------------------------------------------------------------------- */

/* A frame that cannot go is as good as lost: the client sends its message again and gets a duplicate's
 * receipt. */
static void send_to(struct door *d, const struct pulih_bus_peer *to, enum pulih_m m, const void *msg)
{
    pulih_buf_empty(&d->frame);
    pulih_frame_encode(m, msg, &d->frame);
    enum pulih_bus_sent sent = pulih_bus_send(d->socket, to, pulih_view_of_buf(&d->frame));
    struct pulih_session *session = sent == PULIH_BUS_GONE ? pulih_session_find(&d->sessions, to) : NULL;
    if (session)
        pulih_session_drop(&d->sessions, session);
}

static void refuse(struct door *d, const struct pulih_bus_peer *to, const struct pulih_id *id,
                   const struct pulih_fault *fault, uint64_t retry_after_ms)
{
    struct pulih_nack nack = {0};

    if (id)
        PULIH_SET(&nack, nack, id, *id);
    PULIH_SET(&nack, nack, refusal, fault->refusal);
    if (*fault->field)
        PULIH_SET(&nack, nack, field, pulih_view_of(fault->field));
    if (*fault->rule)
        PULIH_SET(&nack, nack, rule, pulih_view_of(fault->rule));
    if (*fault->value)
        PULIH_SET(&nack, nack, value, pulih_view_of(fault->value));
    if (retry_after_ms)
        PULIH_SET(&nack, nack, retry_after_ms, retry_after_ms);
    pulih_count(&d->host->metrics, PULIH_METRIC_refused_total, 1);
    send_to(d, to, PULIH_M_nack, &nack);
}

static void refuse_for(struct door *d, const struct pulih_bus_peer *to, const struct pulih_id *id,
                       uint16_t refusal, const char *field, const char *rule)
{
    struct pulih_fault fault = {.refusal = refusal};
    bool again = refusal == PULIH_refusal_busy || refusal == PULIH_refusal_over_credit;

    snprintf(fault.field, sizeof fault.field, "%s", field);
    snprintf(fault.rule, sizeof fault.rule, "%s", rule);
    refuse(d, to, id, &fault, again ? BUSY_RETRY_MS : 0);
}

/* --- credit --------------------------------------------------------------------------------------------- */

static bool open_for_work(const struct door *d)
{
    return !d->host->stopping && pulih_metric(&d->host->metrics, PULIH_METRIC_up);
}

static uint64_t share_of_window(const struct door *d)
{
    uint64_t share = d->window / (d->sessions.n ? d->sessions.n : 1);

    return share < SHARE_LEAST ? SHARE_LEAST : share;
}

/* Raises a session's limit when a good part of its share has been answered. */
static void grant(struct door *d, struct publisher *p)
{
    uint64_t share = share_of_window(d);
    uint64_t limit = p->answered + share;
    struct pulih_credit credit = {0};

    if (!open_for_work(d) || limit < p->s.limit + (share + 3) / 4)
        return;
    p->s.limit = limit;
    PULIH_SET(&credit, credit, limit, limit);
    send_to(d, &p->s.peer, PULIH_M_credit, &credit);
}

/* Credit is worth what the worker does in CREDIT_SECONDS, within the configured bounds. */
static void learn_rate(struct door *d, size_t items, int64_t took_us)
{
    double rate = (double)items * 1e6 / (double)(took_us > 100 ? took_us : 100);
    double most = (double)d->host->conf.intake_credit_items;

    d->items_per_s = d->items_per_s > 0 ? 0.8 * d->items_per_s + 0.2 * rate : rate;
    double window = d->items_per_s * CREDIT_SECONDS;
    /* Twice the batch, so that one is gathered while the other is stored. */
    if (window < 2.0 * (double)items)
        window = 2.0 * (double)items;
    d->window = window > most ? (uint64_t)most : window < CREDIT_LEAST ? CREDIT_LEAST : (uint64_t)window;
    pulih_gauge(&d->host->metrics, PULIH_METRIC_credit, (int64_t)d->window);
}

/* --- receiving ------------------------------------------------------------------------------------------ */

static void on_hello(struct door *d, const struct pulih_bus_peer *from, struct pulih_view body)
{
    struct pulih_fault fault;
    struct pulih_hello hello;
    struct pulih_welcome welcome = {0};

    if (!pulih_msg_decode(PULIH_M_hello, body, &hello, &fault)) {
        refuse(d, from, NULL, &fault, 0);
        return;
    }
    if (hello.protocol != PULIH_PROTOCOL) {
        refuse_for(d, from, NULL, PULIH_refusal_bad_protocol, "protocol", "this daemon speaks protocol 1");
        return;
    }
    struct publisher *p =
        d->host->stopping ? NULL : (struct publisher *)pulih_session_add(&d->sessions, from, pulih_wall_us());
    if (!p) {
        refuse_for(d, from, NULL, PULIH_refusal_busy, "",
                   "no more sessions now; another replica may have room");
        return;
    }
    memcpy(p->s.client, hello.client.at, hello.client.len);
    p->s.seen_us = pulih_mono_us();
    p->s.limit = open_for_work(d) ? share_of_window(d) : 0;
    PULIH_SET(&welcome, welcome, session, p->s.id);
    PULIH_SET(&welcome, welcome, credit, p->s.limit);
    PULIH_SET(&welcome, welcome, item_max_bytes, PULIH_FRAME_MAX_BYTES);
    PULIH_SET(&welcome, welcome, server_time, pulih_worker_now(d->host->worker));
    send_to(d, from, PULIH_M_welcome, &welcome);
    pulih_log(PULIH_LOG_info, "publisher came", "client", "%s", p->s.client, NULL);
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

/* Decodes the event's body into the batch's arena and queues it; refuses it otherwise. */
static bool take_event(struct door *d, struct publisher *p, const struct pulih_event *event)
{
    struct pulih_arena *arena = &d->gather->batch.arena;
    enum pulih_m m = pulih_message_by_name(event->type);
    struct pulih_fault fault;
    struct pulih_id complaint;
    const char *rule;

    if (m == PULIH_M_N || pulih_message(m)->role != PULIH_ROLE_IN) {
        refuse_for(d, &p->s.peer, &event->id, PULIH_refusal_unknown_type, "type",
                   "no message of this name may be published");
        return false;
    }
    if (!find_complaint(event, m, &complaint, &rule)) {
        refuse_for(d, &p->s.peer, &event->id, PULIH_refusal_bad_field, "complaint", rule);
        return false;
    }
    void *body = pulih_arena_get(arena, pulih_message(m)->struct_bytes);
    if (!pulih_msg_decode(m, event->body, body, &fault)) {
        refuse(d, &p->s.peer, &event->id, &fault, 0);
        return false;
    }
    struct intake_batch *b = d->gather;
    b->messages = pulih_room(b->messages, b->n, &b->cap, sizeof *b->messages);
    b->messages[b->n] = (struct intake_message){
        .from = p->s.peer,
        .session = p->s.id,
        .id = event->id,
        .complaint = complaint,
        .type = m,
        .occurred_at = event->occurred_at,
        .raw = event->body,
        .body = body,
        .client = pulih_arena_copy(arena, pulih_view_of(p->s.client)).at,
        .arrival = b->n,
        .item = SIZE_MAX,
    };
    b->n++;
    return true;
}

/* True: the frame was taken into the batch. */
static bool on_event(struct door *d, struct publisher *p, const struct pulih_bus_peer *from,
                     struct pulih_view body)
{
    struct pulih_fault fault;
    struct pulih_event event = {0};

    if (!pulih_msg_decode(PULIH_M_event, body, &event, &fault)) {
        refuse(d, from, PULIH_HAS(&event, event, id) ? &event.id : NULL, &fault, 0);
        if (p)
            p->answered++, p->s.used++;
        return false;
    }
    if (!p) {
        refuse_for(d, from, &event.id, PULIH_refusal_no_session, "", "send hello first");
        return false;
    }
    if (p->s.used >= p->s.limit) {
        refuse_for(d, from, &event.id, PULIH_refusal_over_credit, "", "wait for credit");
        return false;
    }
    p->s.used++;
    bool taken = take_event(d, p, &event);
    if (!taken)
        p->answered++;
    return taken;
}

/* True: the frame belongs to the batch now. */
static bool on_frame(struct door *d, struct pulih_bus_msg *msg)
{
    struct publisher *p = (struct publisher *)pulih_session_find(&d->sessions, &msg->peer);
    struct pulih_fault fault;
    struct pulih_view body;
    enum pulih_m m;

    pulih_count(&d->host->metrics, PULIH_METRIC_received_total, 1);
    if (p)
        p->s.seen_us = pulih_mono_us();
    if (msg->malformed) {
        refuse_for(d, &msg->peer, NULL, PULIH_refusal_bad_frame, "", "one frame per message");
        return false;
    }
    if (!pulih_frame_open(msg->body, &m, &body, &fault)) {
        refuse(d, &msg->peer, NULL, &fault, 0);
        return false;
    }
    if (m == PULIH_M_event)
        return on_event(d, p, &msg->peer, body);
    if (m == PULIH_M_hello)
        on_hello(d, &msg->peer, body);
    else if (m == PULIH_M_ping)
        send_to(d, &msg->peer, PULIH_M_pong, &(struct pulih_pong){0});
    else if (m != PULIH_M_pong)
        refuse_for(d, &msg->peer, NULL, PULIH_refusal_unknown_type, "",
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

    batch->frames = pulih_room(batch->frames, batch->n_frames, &batch->cap_frames, sizeof *batch->frames);
    batch->frames[batch->n_frames++] = msg;
    b->bytes += msg->body.len;
}

static void receive(struct door *d)
{
    struct pulih_bus_msg *msg;

    while (has_room(d) && (msg = pulih_bus_receive(d->socket))) {
        if (on_frame(d, msg))
            keep_frame(d->gather, msg);
        else
            pulih_bus_msg_free(msg);
    }
}

static void give(struct door *d)
{
    if (!d->gather->n)
        return;
    d->gather->given_us = pulih_mono_us();
    if (pulih_worker_give(d->host->worker, d->gather))
        d->gather = d->gather == &d->batches[0] ? &d->batches[1] : &d->batches[0];
}

/* --- answering ------------------------------------------------------------------------------------------ */

static const char *rule_of(uint16_t refusal)
{
    switch (refusal) {
    case PULIH_refusal_conflict:
        return "this id was used before with another type or body";
    case PULIH_refusal_unknown_complaint:
        return "no such complaint; it may still be on its way";
    default:
        return "the database refuses it";
    }
}

static struct publisher *session_of(struct door *d, const struct intake_message *m)
{
    struct publisher *p = (struct publisher *)pulih_session_find(&d->sessions, &m->from);

    return p && pulih_id_compare(&p->s.id, &m->session) == 0 ? p : NULL;
}

static void send_acks(struct door *d, const struct pulih_bus_peer *to, uint32_t n)
{
    struct pulih_acks acks = {0};

    if (!n)
        return;
    PULIH_SET(&acks, acks, items, pulih_list_of(&d->list, n));
    send_to(d, to, PULIH_M_acks, &acks);
    pulih_buf_empty(&d->list);
}

static int by_session(const void *left, const void *right)
{
    const struct intake_message *a = left, *b = right;
    int order = pulih_id_compare(&a->session, &b->session);

    if (order)
        return order;
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

/* Answers the messages of one session, in the order in which they came. */
static size_t answer_session(struct door *d, struct intake_message *m, size_t n)
{
    struct publisher *p = session_of(d, m);
    uint32_t acks = 0;
    size_t i = 0;

    pulih_buf_empty(&d->list);
    for (; i < n && pulih_id_compare(&m[i].session, &m->session) == 0; i++) {
        if (!p)
            continue; /* it will ask again in its next session */
        p->answered++;
        if (m[i].refusal) {
            refuse_for(d, &m->from, &m[i].id, m[i].refusal, "", rule_of(m[i].refusal));
            p = session_of(d, m);
            continue;
        }
        pulih_list_add(&d->list, PULIH_M_ack, &m[i].ack);
        if (++acks == ACKS_PER_FRAME) {
            send_acks(d, &m->from, acks);
            acks = 0;
            p = session_of(d, m);
        }
    }
    if (p)
        send_acks(d, &m->from, acks);
    p = session_of(d, m);
    if (p)
        grant(d, p);
    return i;
}

static void job_done(void *door, void *job, bool done)
{
    struct door *d = door;
    struct intake_batch *b = job;

    if (done) {
        learn_rate(d, b->n, pulih_mono_us() - b->given_us);
        qsort(b->messages, b->n, sizeof *b->messages, by_session);
        for (size_t i = 0; i < b->n;)
            i += answer_session(d, b->messages + i, b->n - i);
    }
    intake_batch_empty(b);
}

/* --- turns ---------------------------------------------------------------------------------------------- */

/* Once a second: sessions that went silent end, credit that was held back is given, a stop is told. */
static void sweep(struct door *d)
{
    struct pulih_session *s;
    int64_t now_us = pulih_mono_us();

    if (now_us < d->sweep_at_us)
        return;
    d->sweep_at_us = now_us + SWEEP_US;
    for (size_t at = 0; (s = pulih_session_next(&d->sessions, &at));) {
        if (now_us - s->seen_us > SILENCE_US) {
            pulih_log(PULIH_LOG_info, "publisher went silent", "client", "%s", s->client, NULL);
            pulih_session_drop(&d->sessions, s);
        } else {
            grant(d, (struct publisher *)s);
        }
    }
    pulih_gauge(&d->host->metrics, PULIH_METRIC_sessions, (int64_t)d->sessions.n);
}

static void tell_drain(struct door *d)
{
    struct pulih_session *s;

    if (!d->host->stopping || d->told_drain)
        return;
    d->told_drain = true;
    for (size_t at = 0; (s = pulih_session_next(&d->sessions, &at));)
        send_to(d, &s->peer, PULIH_M_drain, &(struct pulih_drain){0});
}

static int64_t turn(void *door)
{
    struct door *d = door;

    tell_drain(d);
    receive(d);
    give(d);
    sweep(d);
    return d->sweep_at_us;
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

static bool drained(void *door)
{
    struct door *d = door;

    return d->gather->n == 0 && d->told_drain;
}

static void *open_door(struct pulih_host *h, struct pulih_buf *why)
{
    static struct door d;
    struct pulih_bus_opts opts = {
        .max_frame_bytes = 4 * PULIH_FRAME_MAX_BYTES,
        .receive_messages = 1000,
        .linger_ms = 2000,
    };

    d = (struct door){.host = h, .gather = &d.batches[0], .window = CREDIT_LEAST};
    for (int i = 0; i < 2; i++) {
        d.batches[i].stage.id = PULIH_STAGE_intake;
        d.batches[i].batch.stage = &d.batches[i].stage;
    }
    d.socket = pulih_bus_router(h->bus, h->conf.intake_publish, &opts, why);
    if (!d.socket)
        return NULL;
    pulih_sessions_init(&d.sessions, sizeof(struct publisher), (size_t)h->conf.intake_sessions_max);
    pulih_log(PULIH_LOG_info, "publish door open", "port", "%d", (int)pulih_bus_port(d.socket), NULL);
    return &d;
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
}

const struct pulih_door intake_door = {
    .open = open_door,
    .waits = waits,
    .turn = turn,
    .done = job_done,
    .drained = drained,
    .close = close_door,
};
