/* Any sequence of frames, lost connections and time at libpulih. The publisher sends no event before it is
 * welcome nor beyond its credit, and answers each message once; the follower gives the events of a stream once
 * and in order.
 * Link: -Wl,--wrap=pulih_mono_us,--wrap=pulih_wall_us */
#include "tests/fuzz/fake.h"

#include "pulih.h"

enum { IDS = 256 };

static bool greeted, welcome;
static uint64_t credit, sent;
static uint8_t open_messages[IDS]; /* published and not answered, by tag */
static uint64_t given[1 << 16];    /* last event of a stream */

/* --- what the client says ------------------------------------------------------------------------------- */

void on_sent(size_t peer, enum pulih_m m, const union pulih_any *msg)
{
    if (m == PULIH_M_hello || m == PULIH_M_subscribe) {
        greeted = true;
        welcome = false;
        credit = sent = 0;
    } else if (m == PULIH_M_event) {
        pulih_must(welcome && ++sent <= credit);
    }
    pulih_must(greeted);
}

/* What the door said that counts: only the first welcome of a session does. */
void on_heard(size_t peer, struct pulih_view frame)
{
    union pulih_any msg;
    struct pulih_fault fault;
    struct pulih_view body;
    enum pulih_m m;

    if (!pulih_frame_open(frame, &m, &body, &fault) || !pulih_msg_decode(m, body, &msg, &fault))
        return;
    if (m == PULIH_M_welcome && !welcome) {
        welcome = true;
        credit = ((struct pulih_welcome *)&msg)->credit;
    } else if (m == PULIH_M_credit && welcome && ((struct pulih_credit *)&msg)->limit > credit) {
        credit = ((struct pulih_credit *)&msg)->limit;
    }
}

/* --- what the door says --------------------------------------------------------------------------------- */

static struct pulih_id id_of(uint8_t n)
{
    return (struct pulih_id){.b = {1, [15] = n}};
}

static void say_welcome(struct input *in)
{
    struct pulih_welcome msg = {0};

    PULIH_SET(&msg, welcome, session, id_of(0));
    PULIH_SET(&msg, welcome, credit, take_byte(in));
    PULIH_SET(&msg, welcome, item_max_bytes, take_byte(in) & 1 ? 50 : PULIH_FRAME_MAX_BYTES);
    PULIH_SET(&msg, welcome, server_time, 1);
    PULIH_SET(&msg, welcome, streams, take_byte(in));
    fake_say(0, PULIH_M_welcome, &msg);
}

static void say_acks(struct input *in)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf list = {0};
    struct pulih_acks msg = {0};
    uint32_t n = take_byte(in) % 4;

    for (uint32_t i = 0; i < n; i++) {
        struct pulih_ack ack = {0};
        PULIH_SET(&ack, ack, id, id_of(take_byte(in)));
        PULIH_SET(&ack, ack, complaint, id_of(1));
        PULIH_SET(&ack, ack, result, PULIH_result_stored);
        PULIH_SET(&ack, ack, reference, PULIH_VIEW("PL-0000-0000-0"));
        pulih_list_add(&list, PULIH_M_ack, &ack);
    }
    PULIH_SET(&msg, acks, items, pulih_list_of(&list, n));
    fake_say(0, PULIH_M_acks, &msg);
}

static void say_nack(struct input *in)
{
    uint8_t how = take_byte(in);
    struct pulih_nack msg = {0};

    PULIH_SET(&msg, nack, refusal, how % 14);
    if (how & 64)
        PULIH_SET(&msg, nack, id, id_of(take_byte(in)));
    if (how & 128)
        PULIH_SET(&msg, nack, retry_after_ms, take_byte(in));
    fake_say(0, PULIH_M_nack, &msg);
}

static void say_credit(struct input *in)
{
    struct pulih_credit msg = {0};

    PULIH_SET(&msg, credit, limit, take_byte(in));
    fake_say(0, PULIH_M_credit, &msg);
}

static void say_events(struct input *in)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf list = {0};
    struct pulih_events msg = {0};
    uint64_t from = take_byte(in), n = take_byte(in) % 8;

    for (uint32_t i = 0; i < n; i++) {
        struct pulih_feed_item item = {0};
        PULIH_SET(&item, feed_item, seq, from + 1 + i);
        PULIH_SET(&item, feed_item, complaint, id_of(1));
        PULIH_SET(&item, feed_item, reference, PULIH_VIEW("PL-0000-0000-0"));
        PULIH_SET(&item, feed_item, version, 1);
        PULIH_SET(&item, feed_item, type, PULIH_VIEW("note"));
        PULIH_SET(&item, feed_item, state, PULIH_VIEW("acknowledged"));
        PULIH_SET(&item, feed_item, at, 1);
        PULIH_SET(&item, feed_item, body, PULIH_VIEW("\x80"));
        pulih_list_add(&list, PULIH_M_feed_item, &item);
    }
    PULIH_SET(&msg, events, stream, take_byte(in) % 3);
    PULIH_SET(&msg, events, from, from);
    PULIH_SET(&msg, events, to, from + n);
    PULIH_SET(&msg, events, items, pulih_list_of(&list, (uint32_t)n));
    fake_say(0, PULIH_M_events, &msg);
}

static void act(struct input *in)
{
    uint8_t op = take_byte(in);

    switch (op % 10) {
    case 0:
        say_welcome(in);
        break;
    case 1:
        say_acks(in);
        break;
    case 2:
        say_nack(in);
        break;
    case 3:
        say_credit(in);
        break;
    case 4:
        say_events(in);
        break;
    case 5:
        fake_arrive(0, take_view(in, take_size(in)), op & 128);
        break;
    case 6:
        fake_say(0,
                 op & 64    ? PULIH_M_drain
                 : op & 128 ? PULIH_M_ping
                            : PULIH_M_pong,
                 &(struct pulih_ping){0});
        break;
    case 7:
        fake_bus.gone[0] = true;
        break;
    case 8:
        fake_now_us += op & 128 ? 6000000 : 300000;
        break;
    case 9:
        fake_bus.full = op & 128;
        break;
    }
}

/* --- publisher ------------------------------------------------------------------------------------------ */

static void on_answer(void *arg, const struct pulih_answer *a)
{
    pulih_must(a->tag < IDS && open_messages[a->tag]);
    open_messages[a->tag]--;
    pulih_must(a->reference && a->receipt && a->refusal && a->field && a->rule && a->value);
}

static void publish(struct pulih_publisher *p, uint8_t n)
{
    static const struct pulih_uuid about = {{1, [15] = 1}};
    struct pulih_id id = id_of(n);
    struct pulih_outgoing o = {.type = n % 2 ? "note" : "withdrawn", .complaint = &about, .tag = n};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    struct pulih_note note = {0};
    struct pulih_error error;

    PULIH_SET(&note, note, text, PULIH_VIEW("x"));
    if (n % 2)
        pulih_msg_encode(PULIH_M_note, &note, PULIH_CLASS_ALL, &body);
    else
        pulih_buf_add_byte(&body, 0x80);
    memcpy(o.id.b, id.b, sizeof id.b);
    o.body = body.at;
    o.body_len = body.len;
    if (open_messages[n] < UINT8_MAX && pulih_publish(p, &o, &error) == 0)
        open_messages[n]++;
}

static void run_publisher(struct input *in)
{
    struct pulih_error error;
    struct pulih_publisher *p = pulih_publisher_open("tcp://127.0.0.1:7400", "fuzzer", &error);
    size_t unanswered = 0;

    pulih_must(p);
    while (in->len) {
        act(in);
        if (take_byte(in) & 1)
            publish(p, take_byte(in));
        pulih_publisher_wait(p, 0, on_answer, NULL, &error);
    }
    for (size_t i = 0; i < IDS; i++)
        unanswered += open_messages[i];
    pulih_must(unanswered == pulih_publisher_unanswered(p));
    pulih_publisher_close(p);
}

/* --- follower ------------------------------------------------------------------------------------------- */

static void run_follower(struct input *in, enum pulih_start start)
{
    struct pulih_error error;
    struct pulih_follower *f = pulih_follower_open("tcp://127.0.0.1:7410", "fuzzer", start, NULL, 0, &error);
    const struct pulih_uuid about = {{1}};
    struct pulih_letter_text letter;
    struct pulih_feed_event e;

    pulih_must(f);
    while (in->len) {
        act(in);
        if (in->len % 4 == 0)
            pulih_follower_letter(f, &about, 1, 0, &letter, &error);
        while (pulih_follower_next(f, 0, &e, &error) > 0) {
            pulih_must(e.seq > given[e.stream]);
            given[e.stream] = e.seq;
        }
    }
    pulih_follower_close(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct input in = {bytes, len};
    uint8_t who = take_byte(&in);

    fake_now_us = 1000000;
    greeted = welcome = false;
    credit = sent = 0;
    memset(open_messages, 0, sizeof open_messages);
    memset(given, 0, sizeof given);
    if (who & 1)
        run_publisher(&in);
    else
        run_follower(&in, who & 2 ? PULIH_FROM_NOW : PULIH_FROM_START);
    fake_bus_empty();
    return 0;
}
