/* Publishers and followers: libpulih as its users have it, in processes that die and come back. A publisher remembers
 * what it wanted to say and which answers it got; a follower keeps its places together with what it saw. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/msg.h"
#include "pulih.h"
#include "pulih/base/must.h"
#include "tests/sim/sim.h"

enum { PUBLISHERS_MAX = 3, FOLLOWERS_MAX = 2, STREAMS = 64, LOG_MAX = 20000 };

static const char INTAKES[] = "tcp://10.0.1.0:7400,tcp://10.0.1.1:7400,tcp://10.0.1.2:7400";
static const char FEEDS[] = "tcp://10.0.4.0:7410,tcp://10.0.4.1:7410,tcp://10.0.4.2:7410";

struct publisher {
    struct sim_process process;
    unsigned bit;
    bool done;
};

struct follower {
    struct sim_process process;
    struct pulih_place places[STREAMS]; /* as kept, together with the first n_kept of what was seen */
    size_t n_places, n_kept;
    uint64_t last[STREAMS], last_kept[STREAMS];
};

struct sim_message *sim_messages;
size_t sim_n_messages;
static size_t cap_messages;
static struct publisher publishers[PUBLISHERS_MAX];
static struct follower followers[FOLLOWERS_MAX];
static size_t n_publishers, n_followers;
static bool slow;

/* --- what is said ------------------------------------------------------------------------------------------------ */

static struct pulih_view encode(enum pulih_m m, const void *msg)
{
    struct pulih_buf out = {0};

    pulih_msg_encode(m, msg, PULIH_CLASS_ALL, &out);
    return pulih_view_of_buf(&out);
}

static struct pulih_view complaint_body(void)
{
    static const char *const stories[] = {
        "Barang yang saya terima rusak dan kurirnya kasar.",
        "I was charged twice for one order and nobody answers my calls.",
        "Kompor gas yang saya beli bocor dan hampir meledak, anak saya terluka.",
        "Pesanan saya terlambat dua minggu.",
        "x",
    };
    struct pulih_complaint c = {0};

    PULIH_SET(&c, complaint, story, pulih_view_of(stories[sim_below(PULIH_COUNT(stories))]));
    PULIH_SET(&c, complaint, channel, (uint16_t)PULIH_channel_email);
    if (sim_chance(500))
        PULIH_SET(&c, complaint, name, PULIH_VIEW("Sari"));
    return encode(PULIH_M_complaint, &c);
}

static struct pulih_view offer_body(void)
{
    struct pulih_offer_made o = {0};
    static const uint64_t amounts[] = {0, 10000000, 90000000, 400000000};

    PULIH_SET(&o, offer_made, remedy, (uint16_t)PULIH_remedy_refund);
    PULIH_SET(&o, offer_made, solution, PULIH_VIEW("Uang kembali."));
    PULIH_SET(&o, offer_made, amount, amounts[sim_below(PULIH_COUNT(amounts))]);
    PULIH_SET(&o, offer_made, currency, PULIH_VIEW("IDR"));
    PULIH_SET(&o, offer_made, role, PULIH_VIEW("agent"));
    PULIH_SET(&o, offer_made, actor, PULIH_VIEW("a7"));
    return encode(PULIH_M_offer_made, &o);
}

static struct pulih_view later_body(enum pulih_m m)
{
    union pulih_any any;

    memset(&any, 0, sizeof any);
    switch ((int)m) {
    case PULIH_M_offer_made:
        return offer_body();
    case PULIH_M_note:
        PULIH_SET(&any.note, note, text, PULIH_VIEW("asked again"));
        break;
    case PULIH_M_consumer_noted:
        PULIH_SET(&any.consumer_noted, consumer_noted, consumer, (uint16_t)PULIH_consumer_haughty);
        PULIH_SET(&any.consumer_noted, consumer_noted, actor, PULIH_VIEW("a7"));
        break;
    case PULIH_M_offer_answered:
        PULIH_SET(&any.offer_answered, offer_answered, answer,
                  (uint16_t)(sim_chance(700) ? PULIH_answer_accepted : PULIH_answer_declined));
        break;
    case PULIH_M_approved:
        PULIH_SET(&any.approved, approved, actor, PULIH_VIEW("m1"));
        PULIH_SET(&any.approved, approved, role, PULIH_VIEW("director"));
        break;
    case PULIH_M_verification_answered:
        PULIH_SET(&any.verification_answered, verification_answered, satisfied, sim_chance(700));
        break;
    case PULIH_M_reclassified:
        PULIH_SET(&any.reclassified, reclassified, tier, (uint16_t)PULIH_tier_simple);
        PULIH_SET(&any.reclassified, reclassified, actor, PULIH_VIEW("m1"));
        break;
    case PULIH_M_paused:
        PULIH_SET(&any.paused, paused, pause, (uint16_t)PULIH_pause_documents);
        PULIH_SET(&any.paused, paused, actor, PULIH_VIEW("a7"));
        break;
    case PULIH_M_resumed:
        PULIH_SET(&any.resumed, resumed, actor, PULIH_VIEW("a7"));
        break;
    case PULIH_M_letter_delivered:
        PULIH_SET(&any.letter_delivered, letter_delivered, letter, 1);
        PULIH_SET(&any.letter_delivered, letter_delivered, delivery, (uint16_t)PULIH_delivery_delivered);
        break;
    default: /* executed, withdrawn, reopened: every field may be absent */
        break;
    }
    return encode(m, &any);
}

static void say(enum pulih_m m, const struct pulih_id *complaint, unsigned clients)
{
    struct pulih_id id = pulih_id_new(sim_true());

    sim_messages = pulih_room(sim_messages, sim_n_messages, &cap_messages, sizeof *sim_messages);
    sim_messages[sim_n_messages++] = (struct sim_message){
        .id = id,
        .complaint = complaint ? *complaint : id,
        .type = m,
        .body = complaint ? later_body(m) : complaint_body(),
        .occurred_us = sim_true(),
        .clients = clients,
    };
}

/* Roughly the way of a complaint that goes well, with other things between. */
static enum pulih_m later_message(void)
{
    static const enum pulih_m all[] = {
        PULIH_M_note,           PULIH_M_offer_made,     PULIH_M_offer_made,
        PULIH_M_offer_answered, PULIH_M_executed,       PULIH_M_offer_answered,
        PULIH_M_executed,       PULIH_M_approved,       PULIH_M_reclassified,
        PULIH_M_paused,         PULIH_M_resumed,        PULIH_M_note,
        PULIH_M_withdrawn,      PULIH_M_reopened,       PULIH_M_letter_delivered,
        PULIH_M_consumer_noted, PULIH_M_consumer_noted, PULIH_M_verification_answered};

    return all[sim_below(PULIH_COUNT(all))];
}

static void think_of_messages(unsigned client)
{
    size_t first = sim_n_messages, complaints = 1 + sim_below(4), later = sim_below(12);
    unsigned both = n_publishers > 1 && sim_chance(200) ? 1U << ((client + 1) % n_publishers) : 0;

    for (size_t i = 0; i < complaints; i++)
        say(PULIH_M_complaint, NULL, 1U << client | both);
    for (size_t i = 0; i < later; i++) {
        struct pulih_id about = sim_messages[first + sim_below(complaints)].id;
        say(later_message(), &about, 1U << client);
    }
}

/* --- publishers ---------------------------------------------------------------------------------------------------- */

static void on_answer(void *arg, const struct pulih_answer *a)
{
    struct publisher *p = arg;
    struct sim_message *m = &sim_messages[a->tag];

    if (a->outcome == PULIH_REFUSED)
        sim_fail("%s was refused: %s %s", pulih_message(m->type)->name, a->refusal, a->rule);
    if (*m->reference && strcmp(m->reference, a->reference) != 0)
        sim_fail("receipts %s and %s for one message", m->reference, a->reference);
    if (m->promised_us && m->promised_us != a->promised_us)
        sim_fail("receipts for one message promise different times");
    snprintf(m->reference, sizeof m->reference, "%s", a->reference);
    m->promised_us = a->promised_us;
    m->answered |= p->bit;
    sim_trace("receipt %s for %s", a->reference, pulih_message(m->type)->name);
}

static void publish(struct publisher *p, struct pulih_publisher *to, size_t i)
{
    struct sim_message *m = &sim_messages[i];
    struct pulih_uuid complaint;
    struct pulih_error error;
    struct pulih_outgoing out = {.type = pulih_message(m->type)->name,
                                 .complaint = &complaint,
                                 .occurred_us = m->occurred_us,
                                 .body = m->body.at,
                                 .body_len = m->body.len,
                                 .tag = i};

    memcpy(out.id.b, m->id.b, sizeof out.id.b);
    memcpy(complaint.b, m->complaint.b, sizeof complaint.b);
    m->published |= p->bit;
    if (pulih_publish(to, &out, &error) != 0)
        sim_fail("publish: %s", error.text);
}

static void run_publisher(void *arg)
{
    struct publisher *p = arg;
    struct pulih_error error;
    struct pulih_publisher *to = pulih_publisher_open(INTAKES, p->process.name, &error);

    for (size_t i = 0; i < sim_n_messages; i++)
        if (sim_messages[i].published & ~sim_messages[i].answered & p->bit)
            publish(p, to, i);
    for (size_t i = 0; i < sim_n_messages || pulih_publisher_unanswered(to);) {
        for (; i < sim_n_messages && sim_chance(700); i++)
            if (sim_messages[i].clients & ~sim_messages[i].published & p->bit)
                publish(p, to, i);
        if (pulih_publisher_wait(to, (int)sim_between(0, 400), on_answer, p, &error) < 0)
            sim_fail("publisher: %s", error.text);
        if (sim_chance(30))
            sim_sleep(sim_between(0, 2000000));
    }
    p->done = true;
    pulih_publisher_close(to);
}

/* --- followers ------------------------------------------------------------------------------------------------------ */

static void keep(struct follower *f, const struct pulih_follower *from)
{
    f->n_places = pulih_follower_places(from, f->places, STREAMS);
    memcpy(f->last_kept, f->last, sizeof f->last);
}

/* What the feed says must stand there, and nothing may be left out. */
static void check_event(struct follower *f, const struct pulih_feed_event *e)
{
    struct pulih_id complaint;
    const struct pulih_row_feed *found = NULL;

    if (e->seq != ++f->last[e->stream])
        sim_fail("%s got item %llu of stream %u after %llu", f->process.name, (unsigned long long)e->seq,
                 e->stream, (unsigned long long)f->last[e->stream] - 1);
    for (size_t i = 0; i < sim_tables[PULIH_T_feed].n; i++) {
        const struct pulih_row_feed *row = sim_see(sim_tables[PULIH_T_feed].at[i], NULL);
        if (row && row->stream == e->stream && (uint64_t)row->seq == e->seq)
            found = row;
    }
    memcpy(complaint.b, e->complaint.b, sizeof complaint.b);
    if (!found || (uint32_t)found->version != e->version ||
        pulih_id_compare(&found->complaint, &complaint) != 0 || found->body.len != e->body_len)
        sim_fail("item %llu of stream %u is not as it was committed", (unsigned long long)e->seq, e->stream);
}

static void fetch_letter(struct pulih_follower *from, const struct pulih_feed_event *e)
{
    struct pulih_letter_text letter;
    struct pulih_error error;
    struct pulih_uuid complaint = e->complaint;
    int got = pulih_follower_letter(from, &complaint, 1, 3000, &letter, &error);

    if (got != 0 && got != PULIH_E_TIMEOUT)
        sim_fail("letter: %s", error.text);
    if (got == 0 && !*letter.text)
        sim_fail("a letter without text");
}

static void run_follower(void *arg)
{
    struct follower *f = arg;
    struct pulih_error error;
    struct pulih_feed_event event;

    memcpy(f->last, f->last_kept, sizeof f->last);
    struct pulih_follower *from =
        pulih_follower_open(FEEDS, f->process.name, PULIH_FROM_START, f->places, f->n_places, &error);
    for (;;) {
        int got = pulih_follower_next(from, 200, &event, &error);
        if (got < 0)
            sim_fail("follower: %s", error.text);
        if (got == 0)
            continue;
        check_event(f, &event);
        if (strcmp(event.type, "acknowledged") == 0 && sim_chance(300))
            fetch_letter(from, &event);
        if (sim_chance(500))
            keep(f, from);
        if (slow && sim_chance(200))
            sim_sleep(sim_between(0, 3000000));
    }
}

/* --- lives ---------------------------------------------------------------------------------------------------------- */

void sim_clients_make(void)
{
    n_publishers = 1 + sim_below(PUBLISHERS_MAX);
    n_followers = 1 + sim_below(FOLLOWERS_MAX);
    for (unsigned i = 0; i < n_publishers; i++)
        think_of_messages(i);
    for (unsigned i = 0; i < n_publishers; i++) {
        publishers[i].bit = 1U << i;
        snprintf(publishers[i].process.name, sizeof publishers[i].process.name, "platform-%u", i);
    }
    for (size_t i = 0; i < n_followers; i++)
        snprintf(followers[i].process.name, sizeof followers[i].process.name, "subscriber-%zu", i);
    sim_clients_tend();
}

void sim_clients_tend(void)
{
    for (size_t i = 0; i < n_publishers; i++)
        if (!publishers[i].process.alive && !publishers[i].done)
            sim_spawn(&publishers[i].process, "main", run_publisher, &publishers[i]);
    for (size_t i = 0; i < n_followers; i++)
        if (!followers[i].process.alive)
            sim_spawn(&followers[i].process, "main", run_follower, &followers[i]);
}

struct sim_process *sim_clients_any(void)
{
    size_t i = sim_below(n_publishers + n_followers);

    return i < n_publishers ? &publishers[i].process : &followers[i - n_publishers].process;
}

void sim_clients_slow(bool on)
{
    slow = on;
}

const char *sim_clients_restless(void)
{
    for (size_t i = 0; i < n_publishers; i++)
        if (!publishers[i].done)
            return "a message has no receipt";
    for (size_t i = 0; i < sim_tables[SIM_T_feed_head].n; i++) {
        const struct sim_head *head = sim_see(sim_tables[SIM_T_feed_head].at[i], NULL);
        for (size_t k = 0; k < n_followers; k++)
            if (followers[k].last[head->stream] != (uint64_t)head->last)
                return "a subscriber has not got the whole feed";
    }
    return NULL;
}
