/* Publishing: messages wait, are sent within the credit, and are forgotten when they are answered.
 *
 *   publish -> waiting -> sent -> answered        by order of publishing within each list;
 *                 ^        |                      a new session and a "later, please" lead back
 *                 +--------+
 */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "services/client/link.h"

enum { UNANSWERED_MAX = 10000, BUCKETS = 16384, RETRY_MS = 100 };

struct entry {
    struct entry *next, *before; /* in its list */
    struct entry *chain;         /* in its bucket */
    struct pulih_id id;
    struct pulih_id complaint;
    uint64_t tag;
    uint64_t order; /* of publishing */
    int64_t not_before_us;
    bool sent;
    size_t frame_len;
    char frame[];
};

struct list {
    struct entry *first, *last;
};

struct pulih_publisher {
    struct pulih_link *link;
    char client[65];
    struct list waiting, sent;
    struct entry *buckets[BUCKETS]; /* all unanswered, by id */
    size_t unanswered;
    uint64_t published; /* messages ever, for the order */
    uint64_t credit;    /* of this session, absolute */
    uint64_t used;
    uint64_t item_max_bytes;
    struct pulih_buf frame;
    bool waits; /* in pulih_publisher_wait: only there may be answered, what follows is the caller's */
    pulih_on_answer on_answer;
    void *arg;
    int answered;
};

/* --- the lists --------------------------------------------------------------------------------------- */

static void list_remove(struct list *l, struct entry *e)
{
    *(e->before ? &e->before->next : &l->first) = e->next;
    *(e->next ? &e->next->before : &l->last) = e->before;
}

/* Keeps the order of publishing; most belong at the end. */
static void list_insert(struct list *l, struct entry *e)
{
    struct entry *before = l->last;

    while (before && before->order > e->order)
        before = before->before;
    e->before = before;
    e->next = before ? before->next : l->first;
    *(e->before ? &e->before->next : &l->first) = e;
    *(e->next ? &e->next->before : &l->last) = e;
}

static struct entry **bucket_of(struct pulih_publisher *p, const struct pulih_id *id)
{
    uint32_t hash;

    memcpy(&hash, id->b + sizeof id->b - sizeof hash, sizeof hash); /* ids end in random or digest bits */
    return &p->buckets[hash % BUCKETS];
}

static struct entry *find(struct pulih_publisher *p, const struct pulih_id *id)
{
    struct entry *e = *bucket_of(p, id);

    while (e && pulih_id_compare(&e->id, id) != 0)
        e = e->chain;
    return e;
}

static void forget(struct pulih_publisher *p, struct entry *e)
{
    struct entry **link = bucket_of(p, &e->id);

    while (*link != e)
        link = &(*link)->chain;
    *link = e->chain;
    list_remove(e->sent ? &p->sent : &p->waiting, e);
    p->unanswered--;
    free(e);
}

/* To be sent again, in its place among the others. */
static void take_back(struct pulih_publisher *p, struct entry *e)
{
    pulih_must(e->sent);
    list_remove(&p->sent, e);
    e->sent = false;
    list_insert(&p->waiting, e);
}

/* --- sending ----------------------------------------------------------------------------------------- */

static void answer(struct pulih_publisher *p, struct entry *e, const struct pulih_answer *a)
{
    p->answered++;
    forget(p, e);
    if (p->on_answer)
        p->on_answer(p->arg, a);
}

static struct pulih_answer answer_for(const struct entry *e, enum pulih_outcome outcome)
{
    return (struct pulih_answer){.outcome = outcome,
                                 .id = pulih_uuid_of(&e->id),
                                 .complaint = pulih_uuid_of(&e->complaint),
                                 .tag = e->tag,
                                 .reference = "",
                                 .receipt = "",
                                 .refusal = "",
                                 .field = "",
                                 .rule = "",
                                 .value = ""};
}

static void refuse_too_big(struct pulih_publisher *p, struct entry *e)
{
    struct pulih_answer a = answer_for(e, PULIH_REFUSED);

    a.refusal = "too_big";
    a.rule = "the daemon takes no message of this size";
    answer(p, e, &a);
}

/* Sends what credit, order and the socket allow. */
static void send_waiting(struct pulih_publisher *p)
{
    int64_t now_us = p->waiting.first ? pulih_mono_us() : 0;

    while (p->waiting.first && p->used < p->credit && pulih_link_is_open(p->link)) {
        struct entry *e = p->waiting.first;
        if (e->not_before_us > now_us)
            return;
        if (e->frame_len > p->item_max_bytes) {
            if (!p->waits)
                return;
            refuse_too_big(p, e);
            continue;
        }
        if (!pulih_link_send(p->link, (struct pulih_view){e->frame, e->frame_len}))
            return;
        p->used++;
        list_remove(&p->waiting, e);
        e->sent = true;
        list_insert(&p->sent, e);
    }
}

/* --- what the link tells us -------------------------------------------------------------------------- */

static void greet(void *arg, struct pulih_buf *frame)
{
    struct pulih_publisher *p = arg;
    struct pulih_hello hello = {.has = 0};

    PULIH_SET(&hello, hello, protocol, PULIH_PROTOCOL);
    PULIH_SET(&hello, hello, client, pulih_view_of(p->client));
    pulih_frame_encode(PULIH_M_hello, &hello, frame);
}

static void opened(void *arg, const struct pulih_welcome *welcome)
{
    struct pulih_publisher *p = arg;

    p->credit = welcome->credit;
    p->used = 0;
    p->item_max_bytes = welcome->item_max_bytes;
}

static void closed(void *arg)
{
    struct pulih_publisher *p = arg;

    p->credit = p->used = 0;
    while (p->sent.last)
        take_back(p, p->sent.last);
}

static void on_ack(struct pulih_publisher *p, const struct pulih_ack *ack)
{
    char reference[33], receipt[2001];
    struct entry *e = find(p, &ack->id);

    if (!e || !e->sent)
        return;
    struct pulih_answer a =
        answer_for(e, ack->result == PULIH_result_duplicate ? PULIH_DUPLICATE : PULIH_STORED);
    pulih_text_keep(reference, sizeof reference, ack->reference);
    pulih_text_keep(receipt, sizeof receipt, ack->receipt);
    a.complaint = pulih_uuid_of(&ack->complaint);
    a.reference = reference;
    a.receipt = receipt;
    a.promised_us = ack->promised_at;
    answer(p, e, &a);
}

static void on_acks(struct pulih_publisher *p, struct pulih_view body)
{
    struct pulih_fault fault;
    struct pulih_acks acks;
    struct pulih_ack ack;

    if (!pulih_msg_decode(PULIH_M_acks, body, &acks, &fault)) {
        pulih_link_close(p->link, "sent receipts that cannot be read");
        return;
    }
    for (struct pulih_view at = acks.items.raw; pulih_list_next(PULIH_M_ack, &at, &ack);)
        on_ack(p, &ack);
}

/* A message about a complaint that is unknown only because an earlier message of ours still has to be sent.
 */
static bool waits_for_another(const struct pulih_publisher *p, const struct entry *e)
{
    const struct list *const lists[] = {&p->sent, &p->waiting};

    for (size_t i = 0; i < PULIH_COUNT(lists); i++)
        for (const struct entry *other = lists[i]->first; other && other->order < e->order;
             other = other->next)
            if (pulih_id_compare(&other->complaint, &e->complaint) == 0)
                return true;
    return false;
}

static void retry(struct pulih_publisher *p, struct entry *e, uint64_t after_ms)
{
    take_back(p, e);
    e->not_before_us = pulih_mono_us() + (int64_t)after_ms * 1000;
}

static void refuse(struct pulih_publisher *p, struct entry *e, const struct pulih_nack *nack)
{
    char field[81], rule[201], value[81];
    const struct pulih_word *word = pulih_word_of(PULIH_WORDS_refusal, nack->refusal);
    struct pulih_answer a = answer_for(e, PULIH_REFUSED);

    pulih_text_keep(field, sizeof field, nack->field);
    pulih_text_keep(rule, sizeof rule, nack->rule);
    pulih_text_keep(value, sizeof value, nack->value);
    a.refusal = word ? word->word : "unknown";
    a.field = field;
    a.rule = rule;
    a.value = value;
    answer(p, e, &a);
}

static void on_nack(struct pulih_publisher *p, struct pulih_view body)
{
    struct pulih_fault fault;
    struct pulih_nack nack;

    if (!pulih_msg_decode(PULIH_M_nack, body, &nack, &fault)) {
        pulih_link_close(p->link, "sent a refusal that cannot be read");
        return;
    }
    if (nack.refusal == PULIH_refusal_no_session || !PULIH_HAS(&nack, nack, id)) {
        pulih_link_close(p->link, pulih_word_label(PULIH_WORDS_refusal, nack.refusal, PULIH_language_en));
        return;
    }
    struct entry *e = find(p, &nack.id);
    if (!e || !e->sent)
        return;
    if (PULIH_HAS(&nack, nack, retry_after_ms))
        retry(p, e, nack.retry_after_ms);
    else if (nack.refusal == PULIH_refusal_unknown_complaint && waits_for_another(p, e))
        retry(p, e, RETRY_MS);
    else
        refuse(p, e, &nack);
}

static bool take(void *arg, enum pulih_m m, struct pulih_view body, struct pulih_bus_msg *msg)
{
    struct pulih_publisher *p = arg;
    struct pulih_credit credit;
    struct pulih_fault fault;

    (void)msg;
    if (m == PULIH_M_acks)
        on_acks(p, body);
    else if (m == PULIH_M_nack)
        on_nack(p, body);
    else if (m == PULIH_M_credit && pulih_msg_decode(m, body, &credit, &fault) && credit.limit > p->credit)
        p->credit = credit.limit;
    return false;
}

/* --- pulih.h ----------------------------------------------------------------------------------------- */

struct pulih_publisher *pulih_publisher_open(const char *endpoint, const char *client,
                                             struct pulih_error *error)
{
    return pulih_publisher_open_keys(endpoint, client, NULL, error);
}

struct pulih_publisher *pulih_publisher_open_keys(const char *endpoint, const char *client,
                                                  const struct pulih_keys *keys, struct pulih_error *error)
{
    struct pulih_publisher *p = calloc(1, sizeof *p);
    const struct pulih_link_user user = {p, greet, opened, take, closed};

    if (!p)
        pulih_out_of_memory();
    if (!*client || strlen(client) >= sizeof p->client)
        pulih_error_set(error, PULIH_E_INVALID, "the client's name must have 1 to 64 bytes");
    else
        p->link = pulih_link_new(endpoint, keys, &user, error);
    if (!p->link) {
        free(p);
        return NULL;
    }
    pulih_text_keep(p->client, sizeof p->client, pulih_view_of(client));
    return p;
}

void pulih_publisher_close(struct pulih_publisher *p)
{
    if (!p)
        return;
    while (p->sent.first)
        forget(p, p->sent.first);
    while (p->waiting.first)
        forget(p, p->waiting.first);
    pulih_link_free(p->link);
    pulih_buf_free(&p->frame);
    free(p);
}

/* Writes the frame into p->frame. */
static bool make_frame(struct pulih_publisher *p, const struct pulih_outgoing *o, struct pulih_fault *fault)
{
    struct pulih_event event = {.has = 0};
    struct pulih_event read;
    struct pulih_view body;
    enum pulih_m m;

    PULIH_SET(&event, event, id, pulih_id_of(&o->id));
    PULIH_SET(&event, event, type, pulih_view_of(o->type));
    PULIH_SET(&event, event, occurred_at, o->occurred_us);
    PULIH_SET(&event, event, body, ((struct pulih_view){o->body, o->body_len}));
    if (o->complaint)
        PULIH_SET(&event, event, complaint, pulih_id_of(o->complaint));
    pulih_buf_empty(&p->frame);
    pulih_frame_encode(PULIH_M_event, &event, &p->frame);
    return pulih_frame_open(pulih_view_of_buf(&p->frame), &m, &body, fault) &&
           pulih_msg_decode(m, body, &read, fault);
}

static bool check_outgoing(struct pulih_publisher *p, const struct pulih_outgoing *o,
                           struct pulih_fault *fault)
{
    enum pulih_m m = pulih_message_by_name(pulih_view_of(o->type));

    if (m == PULIH_M_N || pulih_message(m)->role != PULIH_ROLE_IN)
        return pulih_fault_at(fault, NULL, NULL, "no message of type %.32s may be published", o->type);
    if (o->occurred_us < 0 || o->occurred_us > PULIH_TIME_MAX_US)
        return pulih_fault_at(fault, NULL, NULL, "occurred_us must lie between 1970 and 9999");
    if (m != PULIH_M_complaint && !o->complaint)
        return pulih_fault_at(fault, NULL, NULL, "a %s must say which complaint it is about", o->type);
    if (o->body_len == 0 || o->body_len > pulih_message(PULIH_M_event)->fields[PULIH_F_event_body].max)
        return pulih_fault_at(
            fault, NULL, NULL, "the body must have 1 to %llu bytes, got %zu",
            (unsigned long long)pulih_message(PULIH_M_event)->fields[PULIH_F_event_body].max, o->body_len);
    pulih_buf_empty(&p->frame);
    void *room = pulih_buf_grow(&p->frame, pulih_message(m)->struct_bytes);
    return pulih_msg_decode(m, (struct pulih_view){o->body, o->body_len}, room, fault) &&
           make_frame(p, o, fault);
}

static void put(struct pulih_publisher *p, const struct pulih_outgoing *o)
{
    struct entry *e = malloc(sizeof *e + p->frame.len);

    if (!e)
        pulih_out_of_memory();
    *e = (struct entry){.id = pulih_id_of(&o->id),
                        .complaint = pulih_id_of(o->complaint ? o->complaint : &o->id),
                        .tag = o->tag,
                        .order = p->published++,
                        .frame_len = p->frame.len};
    memcpy(e->frame, p->frame.at, p->frame.len);
    struct entry **bucket = bucket_of(p, &e->id);
    e->chain = *bucket;
    *bucket = e;
    list_insert(&p->waiting, e);
    p->unanswered++;
}

int pulih_publish(struct pulih_publisher *p, const struct pulih_outgoing *message, struct pulih_error *error)
{
    struct pulih_fault fault;

    if (p->unanswered >= UNANSWERED_MAX)
        return pulih_error_set(error, PULIH_E_FULL, "%d messages are not answered yet%s%s", UNANSWERED_MAX,
                               *pulih_link_why(p->link) ? ": " : "", pulih_link_why(p->link));
    if (!check_outgoing(p, message, &fault))
        return pulih_error_of_fault(error, &fault);
    put(p, message);
    send_waiting(p);
    return 0;
}

static void work(struct pulih_publisher *p)
{
    pulih_link_work(p->link);
    if (pulih_link_is_draining(p->link) && !p->sent.first)
        pulih_link_close(p->link, "stops");
    send_waiting(p);
}

static int wait_for_answers(struct pulih_publisher *p, int timeout_ms, struct pulih_error *error)
{
    int64_t until_us = pulih_mono_us() + (int64_t)timeout_ms * 1000;

    for (;;) {
        work(p);
        if (pulih_link_was_denied(p->link))
            return pulih_error_set(error, PULIH_E_DENIED, "%s", pulih_link_why(p->link));
        int64_t left_us = until_us - pulih_mono_us();
        if (p->answered > 0 || (timeout_ms >= 0 && left_us <= 0))
            return p->answered;
        bool sending = pulih_link_is_open(p->link) && p->waiting.first && p->used < p->credit &&
                       p->waiting.first->not_before_us == 0;
        pulih_link_rest(p->link, timeout_ms < 0 ? -1 : (int)(left_us / 1000) + 1, sending);
    }
}

int pulih_publisher_wait(struct pulih_publisher *p, int timeout_ms, pulih_on_answer on_answer, void *arg,
                         struct pulih_error *error)
{
    p->on_answer = on_answer;
    p->arg = arg;
    p->answered = 0;
    p->waits = true;
    int answered = wait_for_answers(p, timeout_ms, error);
    p->waits = false;
    return answered;
}

size_t pulih_publisher_unanswered(const struct pulih_publisher *p)
{
    return p->unanswered;
}

const char *pulih_publisher_why(const struct pulih_publisher *p)
{
    return pulih_link_why(p->link);
}
