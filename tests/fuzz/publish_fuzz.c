/* Any sequence of frames, receipts, lost connections and time at the publish door. It answers no event before
 * a session is open, takes no event beyond the credit it gave, gives no more than is configured, and answers
 * each event that it heard in a session that lasts once.
 * Link: -Wl,--wrap=pulih_mono_us,--wrap=pulih_wall_us */
#include "tests/fuzz/fake.h"

#include "pulih/base/log.h"
#include "services/intake/door.h"

enum { CREDIT_ITEMS = 100, SESSIONS = 3, IDS = 256, BATCH_ITEMS = 20 };

/* What a client knows. */
static struct {
    bool open;
    struct pulih_id session;
    uint64_t limit, answered;
    uint8_t owed[IDS]; /* answers to events of this session, by the last byte of the id */
} client[FAKE_PEERS];

static struct pulih_host host;
static bool lossless; /* no frame was lost, and no session ended by silence */

/* --- what clients hear ---------------------------------------------------------------------------------- */

static void on_welcome(size_t peer, const struct pulih_welcome *welcome)
{
    memset(&client[peer], 0, sizeof client[peer]);
    client[peer].open = true;
    client[peer].session = welcome->session;
    client[peer].limit = welcome->credit;
}

static void on_answer(size_t peer, const struct pulih_id *id)
{
    uint8_t n = id->b[15];

    if (!client[peer].owed[n])
        return; /* of an older session, or of no session: see on_nack */
    client[peer].owed[n]--;
    client[peer].answered++;
}

static void on_nack(size_t peer, const struct pulih_nack *nack)
{
    pulih_must(pulih_word_of(PULIH_WORDS_refusal, nack->refusal));
    if (nack->refusal == PULIH_refusal_no_session) {
        pulih_must(!lossless || !client[peer].open);
        memset(&client[peer], 0, sizeof client[peer]);
    } else if (PULIH_HAS(nack, nack, id))
        on_answer(peer, &nack->id);
}

static void on_acks(size_t peer, const struct pulih_acks *acks)
{
    struct pulih_ack ack;

    pulih_must(acks->items.n > 0 && (client[peer].open || !lossless));
    for (struct pulih_view at = acks->items.raw; pulih_list_next(PULIH_M_ack, &at, &ack);) {
        /* Else it is a receipt for what was never sent, or a second one. */
        pulih_must(client[peer].owed[ack.id.b[15]] || !lossless);
        on_answer(peer, &ack.id);
    }
}

static void on_credit(size_t peer, const struct pulih_credit *credit)
{
    pulih_must((client[peer].open && credit->limit > client[peer].limit) || !lossless);
    client[peer].limit = credit->limit;
}

void on_sent(size_t peer, enum pulih_m m, const union pulih_any *msg)
{
    if (m == PULIH_M_welcome)
        on_welcome(peer, (const struct pulih_welcome *)msg);
    else if (m == PULIH_M_nack)
        on_nack(peer, (const struct pulih_nack *)msg);
    else if (m == PULIH_M_acks)
        on_acks(peer, (const struct pulih_acks *)msg);
    else if (m == PULIH_M_credit)
        on_credit(peer, (const struct pulih_credit *)msg);
    else
        pulih_must(m == PULIH_M_pong || m == PULIH_M_ping || m == PULIH_M_drain);
}

/* An event whose id can be read is owed an answer from now on. */
void on_heard(size_t peer, struct pulih_view frame)
{
    struct pulih_fault fault;
    struct pulih_event event = {0};
    struct pulih_view body;
    enum pulih_m m;

    if (!client[peer].open || !pulih_frame_open(frame, &m, &body, &fault) || m != PULIH_M_event)
        return;
    if (!pulih_msg_decode(m, body, &event, &fault) && !PULIH_HAS(&event, event, id))
        return;
    client[peer].owed[event.id.b[15]]++;
    pulih_must(client[peer].owed[event.id.b[15]]);
}

/* --- what clients say ----------------------------------------------------------------------------------- */

static void say_hello(size_t peer, uint8_t how)
{
    struct pulih_hello hello = {0};

    PULIH_SET(&hello, hello, protocol, how & 16 ? 2 : PULIH_PROTOCOL);
    PULIH_SET(&hello, hello, client, PULIH_VIEW("fuzzer"));
    fake_say(peer, PULIH_M_hello, &hello);
}

static void say_event(size_t peer, struct input *in)
{
    static const char *const types[] = {"complaint", "note", "withdrawn", "closed", "nothing"};
    uint8_t id = take_byte(in), how = take_byte(in);
    struct pulih_event event = {0};
    struct pulih_complaint complaint = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};

    PULIH_SET(&complaint, complaint, story, PULIH_VIEW("The parcel is late."));
    PULIH_SET(&complaint, complaint, channel, PULIH_channel_web);
    pulih_msg_encode(PULIH_M_complaint, &complaint, PULIH_CLASS_ALL, &body);
    PULIH_SET(&event, event, id, ((struct pulih_id){.b = {1, [15] = id}}));
    PULIH_SET(&event, event, type, pulih_view_of(types[how % PULIH_COUNT(types)]));
    PULIH_SET(&event, event, occurred_at, 1);
    if (how & 64)
        PULIH_SET(&event, event, complaint, ((struct pulih_id){.b = {1, [15] = (uint8_t)(id ^ (how >> 7))}}));
    PULIH_SET(&event, event, body, how & 32 ? take_view(in, 20) : pulih_view_of_buf(&body));
    if (!event.body.len || pulih_shape_check(event.body))
        PULIH_SET(&event, event, body, PULIH_VIEW("\x80"));
    fake_say(peer, PULIH_M_event, &event);
}

/* --- the worker ----------------------------------------------------------------------------------------- */

static void decide(struct intake_message *m, uint8_t how)
{
    m->refusal = how % 4 == 1 ? PULIH_refusal_conflict : how % 4 == 2 ? PULIH_refusal_unknown_complaint : 0;
    PULIH_SET(&m->ack, ack, id, m->id);
    PULIH_SET(&m->ack, ack, complaint, m->complaint);
    PULIH_SET(&m->ack, ack, result, how & 8 ? PULIH_result_duplicate : PULIH_result_stored);
    PULIH_SET(&m->ack, ack, reference, PULIH_VIEW("PL-0000-0000-0"));
}

/* Messages of a session are never more than its credit. */
static void check_credit(const struct intake_batch *b)
{
    for (size_t peer = 0; peer < FAKE_PEERS; peer++)
        pulih_must(client[peer].limit <= client[peer].answered + CREDIT_ITEMS || !lossless);
    pulih_must(b->n <= BATCH_ITEMS);
}

static void finish_job(struct input *in, void *door, bool done)
{
    struct intake_batch *b = fake_worker.job;

    if (!b)
        return;
    check_credit(b);
    for (size_t i = 0; i < b->n; i++)
        decide(&b->messages[i], take_byte(in));
    memset(&fake_worker, 0, sizeof fake_worker);
    intake_door.done(door, b, done);
}

/* --- a run ---------------------------------------------------------------------------------------------- */

static void act(struct input *in, void *door)
{
    uint8_t op = take_byte(in);
    size_t peer = (op >> 4) % FAKE_PEERS;

    switch (op % 12) {
    case 0:
        say_hello(peer, take_byte(in));
        break;
    case 1:
    case 2:
    case 3:
        say_event(peer, in);
        break;
    case 4:
        fake_arrive(peer, take_view(in, take_size(in)), op & 128);
        break;
    case 5:
        finish_job(in, door, true);
        break;
    case 6:
        fake_now_us += (op & 128 ? 2000000 : 100000);
        for (size_t all = 0; all < FAKE_PEERS; all++) /* clients that are there give a sign of life */
            fake_say(all, PULIH_M_ping, &(struct pulih_ping){0});
        break;
    case 7:
        fake_now_us += (op & 128 ? 16000000 : 7000000);
        lossless = false;
        break;
    case 8:
        pulih_gauge(&host.metrics, PULIH_METRIC_up, op & 128 ? 1 : 0);
        break;
    case 9:
        fake_bus.gone[peer] = true;
        memset(&client[peer], 0, sizeof client[peer]);
        break;
    case 10:
        fake_say(peer, op & 128 ? PULIH_M_ping : PULIH_M_pong, &(struct pulih_ping){0});
        break;
    case 11:
        fake_bus.full = op & 128;
        lossless = false;
        break;
    }
}

/* With time and a willing worker nothing is owed to anybody. */
static void settle(void *door)
{
    struct input nothing = {NULL, 0};

    for (int i = 0; i < 2 * FAKE_QUEUE; i++) {
        intake_door.turn(door);
        finish_job(&nothing, door, true);
    }
    for (size_t peer = 0; peer < FAKE_PEERS && lossless; peer++)
        for (size_t id = 0; id < IDS && client[peer].open; id++)
            pulih_must(client[peer].owed[id] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char endpoint[] = "tcp://127.0.0.1:*";
    struct input in = {bytes, len};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    lossless = true;
    pulih_log_setup("fuzz", PULIH_LOG_error, false);
    memset(client, 0, sizeof client);
    host = (struct pulih_host){.conf = {.intake_publish = endpoint,
                                        .intake_sessions_max = SESSIONS,
                                        .intake_credit_items = CREDIT_ITEMS,
                                        .daemon_batch_items = BATCH_ITEMS}};
    pulih_gauge(&host.metrics, PULIH_METRIC_up, 1);
    fake_now_us = 1000000;
    void *door = intake_door.open(&host, &why);
    while (in.len) {
        act(&in, door);
        if (fake_bus.n > FAKE_QUEUE / 2 || take_byte(&in) & 1)
            intake_door.turn(door);
    }
    fake_bus.full = false;
    settle(door);
    host.stopping = true;
    settle(door);
    memset(&fake_worker, 0, sizeof fake_worker);
    intake_door.close(door);
    fake_bus_empty();
    return 0;
}
