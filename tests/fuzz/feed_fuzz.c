/* Any sequence of frames, reads, lost connections and time at the feed door. A subscriber hears nothing of the
 * feed before it subscribed, gets every range of a stream once and in order, never more items than its credit,
 * and one answer for each letter it asked for.
 * Link: -Wl,--wrap=pulih_mono_us,--wrap=pulih_wall_us */
#include "tests/fuzz/fake.h"

#include "pulih/base/log.h"
#include "services/followup/door.h"

enum { SUBSCRIBERS = 3 };

/* What a subscriber knows. */
static struct {
    bool open;
    uint64_t limit, items;
    uint64_t at[FEED_STREAMS];
    bool known[FEED_STREAMS]; /* at is where the stream stands */
    uint64_t letters;         /* asked for and not answered */
} client[FAKE_PEERS];

static struct pulih_host host;
static uint64_t heads[FEED_STREAMS];
static bool lossless;

/* --- what subscribers hear and say ---------------------------------------------------------------------- */

static void on_events(size_t peer, const struct pulih_events *events)
{
    pulih_must(client[peer].open || !lossless);
    pulih_must(events->stream < FEED_STREAMS && events->from < events->to);
    pulih_must(!client[peer].known[events->stream] || client[peer].at[events->stream] == events->from);
    client[peer].at[events->stream] = events->to;
    client[peer].known[events->stream] = true;
    client[peer].items += events->items.n;
    pulih_must(client[peer].items <= client[peer].limit || !lossless);
}

void on_sent(size_t peer, enum pulih_m m, const union pulih_any *msg)
{
    if (m == PULIH_M_events)
        on_events(peer, (const struct pulih_events *)msg);
    else if (m == PULIH_M_welcome)
        client[peer].open = true;
    else if (m == PULIH_M_letter)
        pulih_must(client[peer].letters-- > 0);
    else
        pulih_must(m == PULIH_M_nack || m == PULIH_M_pong || m == PULIH_M_drain || m == PULIH_M_heads ||
                   m == PULIH_M_too_old);
}

static void on_subscribe(size_t peer, const struct pulih_subscribe *msg)
{
    struct pulih_position position;
    uint64_t letters = client[peer].letters; /* are answered in whatever session */

    memset(&client[peer], 0, sizeof client[peer]);
    client[peer].letters = letters;
    client[peer].limit = msg->credit;
    for (size_t s = 0; s < FEED_STREAMS; s++)
        client[peer].known[s] = !msg->from_now;
    for (struct pulih_view at = msg->positions.raw; pulih_list_next(PULIH_M_position, &at, &position);)
        if (position.stream < FEED_STREAMS) {
            client[peer].at[position.stream] = position.seq;
            client[peer].known[position.stream] = true;
        }
}

void on_heard(size_t peer, struct pulih_view frame)
{
    union pulih_any msg;
    struct pulih_fault fault;
    struct pulih_view body;
    enum pulih_m m;

    if (!pulih_frame_open(frame, &m, &body, &fault) || !pulih_msg_decode(m, body, &msg, &fault))
        return;
    if (m == PULIH_M_subscribe && ((struct pulih_subscribe *)&msg)->protocol == PULIH_PROTOCOL)
        on_subscribe(peer, (const struct pulih_subscribe *)&msg);
    else if (m == PULIH_M_credit && ((struct pulih_credit *)&msg)->limit > client[peer].limit)
        client[peer].limit = ((struct pulih_credit *)&msg)->limit;
    else if (m == PULIH_M_letter_get)
        client[peer].letters++;
}

static void say_subscribe(struct input *in, size_t peer)
{
    struct pulih_subscribe subscribe = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf list = {0};
    uint8_t how = take_byte(in);
    uint32_t n = how % 4;

    for (uint32_t i = 0; i < n; i++) {
        struct pulih_position position = {0};
        PULIH_SET(&position, position, stream, take_byte(in) % (FEED_STREAMS + 1));
        PULIH_SET(&position, position, seq, take_byte(in));
        pulih_list_add(&list, PULIH_M_position, &position);
    }
    PULIH_SET(&subscribe, subscribe, protocol, PULIH_PROTOCOL);
    PULIH_SET(&subscribe, subscribe, client, PULIH_VIEW("fuzzer"));
    PULIH_SET(&subscribe, subscribe, credit, take_byte(in) * (how & 16 ? 100u : 1u));
    if (n)
        PULIH_SET(&subscribe, subscribe, positions, pulih_list_of(&list, n));
    if (how & 32)
        PULIH_SET(&subscribe, subscribe, from_now, true);
    fake_say(peer, PULIH_M_subscribe, &subscribe);
}

static void say_credit(size_t peer, uint8_t more)
{
    struct pulih_credit credit = {0};

    PULIH_SET(&credit, credit, limit, client[peer].limit + more);
    fake_say(peer, PULIH_M_credit, &credit);
}

static void say_letter_get(size_t peer, uint8_t number)
{
    struct pulih_letter_get get = {0};

    PULIH_SET(&get, letter_get, complaint, ((struct pulih_id){.b = {1}}));
    PULIH_SET(&get, letter_get, number, number);
    fake_say(peer, PULIH_M_letter_get, &get);
}

/* --- the reader ----------------------------------------------------------------------------------------- */

static void add_frame(struct feed_job *job, enum pulih_m m, const void *msg, size_t *ret_at, size_t *ret_len)
{
    *ret_at = job->bytes.len;
    pulih_frame_encode(m, msg, &job->bytes);
    *ret_len = job->bytes.len - *ret_at;
}

static void put_items(struct feed_job *job, uint32_t n, uint64_t after)
{
    pulih_buf_empty(&job->list);
    for (uint32_t i = 0; i < n; i++) {
        struct pulih_feed_item item = {0};
        PULIH_SET(&item, feed_item, seq, after + 1 + i);
        PULIH_SET(&item, feed_item, complaint, ((struct pulih_id){.b = {1}}));
        PULIH_SET(&item, feed_item, reference, PULIH_VIEW("PL-0000-0000-0"));
        PULIH_SET(&item, feed_item, version, 1);
        PULIH_SET(&item, feed_item, type, PULIH_VIEW("note"));
        PULIH_SET(&item, feed_item, state, PULIH_VIEW("acknowledged"));
        PULIH_SET(&item, feed_item, at, 1);
        PULIH_SET(&item, feed_item, body, PULIH_VIEW("\x80"));
        pulih_list_add(&job->list, PULIH_M_feed_item, &item);
    }
}

static void find_range(struct feed_job *job, struct feed_request *r, uint8_t how)
{
    struct pulih_events events = {0};
    struct pulih_too_old too_old = {0};

    pulih_must(r->most > 0 && r->after < r->head && r->stream < FEED_STREAMS);
    r->n = how % 8 == 7 ? 0 : 1 + how % r->most;
    r->last = r->after + r->n;
    PULIH_SET(&too_old, too_old, stream, r->stream);
    PULIH_SET(&too_old, too_old, oldest, r->after + 1);
    if (!r->n) {
        add_frame(job, PULIH_M_too_old, &too_old, &r->at, &r->len);
        return;
    }
    put_items(job, r->n, r->after);
    PULIH_SET(&events, events, stream, r->stream);
    PULIH_SET(&events, events, from, r->after);
    PULIH_SET(&events, events, to, r->last);
    PULIH_SET(&events, events, items, pulih_list_of(&job->list, r->n));
    add_frame(job, PULIH_M_events, &events, &r->at, &r->len);
}

static void find_letter(struct feed_job *job, struct letter_request *r)
{
    struct pulih_letter letter = {0};

    PULIH_SET(&letter, letter, complaint, r->complaint);
    PULIH_SET(&letter, letter, number, r->number);
    PULIH_SET(&letter, letter, letter, 1);
    PULIH_SET(&letter, letter, language, 1);
    PULIH_SET(&letter, letter, channel, 1);
    PULIH_SET(&letter, letter, subject, PULIH_VIEW("A letter"));
    PULIH_SET(&letter, letter, text, PULIH_VIEW("Dear customer,"));
    add_frame(job, PULIH_M_letter, &letter, &r->at, &r->len);
}

static void finish_job(struct input *in)
{
    struct feed_job *job = fake_worker.job;

    if (!job || fake_worker.is_done)
        return;
    pulih_buf_empty(&job->bytes);
    for (size_t i = 0; i < job->n; i++)
        find_range(job, &job->requests[i], take_byte(in));
    for (size_t i = 0; i < job->n_letters; i++)
        find_letter(job, &job->letters[i]);
    memcpy(job->heads, heads, sizeof heads);
    job->heads_known = true;
    fake_worker.is_done = true;
}

/* --- a run ---------------------------------------------------------------------------------------------- */

static void act(struct input *in)
{
    uint8_t op = take_byte(in);
    size_t peer = (op >> 4) % FAKE_PEERS;

    switch (op % 10) {
    case 0:
    case 1:
        say_subscribe(in, peer);
        break;
    case 2:
        say_credit(peer, take_byte(in));
        break;
    case 3:
        say_letter_get(peer, take_byte(in));
        break;
    case 4:
        fake_arrive(peer, take_view(in, take_size(in)), op & 128);
        break;
    case 5:
        finish_job(in);
        break;
    case 6:
        fake_now_us += op & 128 ? 16000000 : 200000;
        break;
    case 7:
        heads[take_byte(in) % FEED_STREAMS] += take_byte(in);
        break;
    case 8:
        fake_bus.gone[peer] = true;
        break;
    case 9:
        fake_bus.full = op & 128;
        lossless = false;
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static char endpoint[] = "tcp://127.0.0.1:*", none[] = "";
    struct input in = {bytes, len};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    pulih_log_setup("fuzz", PULIH_LOG_error, false);
    memset(client, 0, sizeof client);
    memset(heads, 0, sizeof heads);
    lossless = true;
    host = (struct pulih_host){.conf = {.followup_feed = endpoint,
                                        .followup_subscribers_max = SUBSCRIBERS,
                                        .followup_feed_poll_ms = 20,
                                        .daemon_user = none}};
    fake_now_us = 1000000;
    void *door = followup_door.open(&host, &why);
    while (in.len) {
        act(&in);
        if (fake_bus.n > FAKE_QUEUE / 2 || take_byte(&in) & 1)
            followup_door.turn(door);
        while (fake_bus.n > FAKE_QUEUE / 2) { /* letters wait for the reader */
            finish_job(&in);
            followup_door.turn(door);
        }
    }
    host.stopping = true;
    followup_door.turn(door);
    memset(&fake_worker, 0, sizeof fake_worker);
    followup_door.close(door);
    fake_bus_empty();
    return 0;
}
