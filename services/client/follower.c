/* Following the feed: batches are queued as they come and handed out item by item.
 *
 * A stream has two places: `received` is where the next batch must begin, and what a new session asks for;
 * `given` is what the caller has seen. Between them lies the queue, which the credit keeps short. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "services/client/link.h"

enum { WINDOW = 4000, STREAMS_MAX = 1024, WORK_US = 100000, PLACES_REFUSED_MAX = 3 };

struct batch {
    struct batch *next;
    struct pulih_bus_msg *msg;
    struct pulih_view at; /* the items that are left */
    uint16_t stream;
    uint64_t to;
};

struct stream {
    uint64_t received, given;
    bool known;
    bool assumed; /* from the heads: the first batch may begin earlier */
};

enum letter_state { LETTER_NONE, LETTER_WANTED, LETTER_ASKED, LETTER_CAME, LETTER_REFUSED };

struct pulih_follower {
    struct pulih_link *link;
    char client[65];
    enum pulih_start start;
    struct stream streams[STREAMS_MAX];
    size_t n_streams;
    struct batch *first, *last;
    uint64_t queued;         /* items in the queue */
    uint64_t session_items;  /* received in this session */
    uint64_t session_credit; /* last said */
    int64_t worked_us;
    struct pulih_error fatal; /* code 0: none; what every call returns once the queue is empty */
    int places_refused;       /* sessions in a row that ended so */
    enum letter_state letter_state;
    struct pulih_letter_get letter_get;
    int letters_late; /* answers that nobody waits for any more; they come first */
    struct pulih_buf letter_texts;
    struct pulih_letter_text letter;
    char refusal[300];
    char reference[33], type[33], state[17];
};

/* --- greeting ---------------------------------------------------------------------------------------- */

static void greet(void *arg, struct pulih_buf *frame)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf list = {0};
    struct pulih_follower *f = arg;
    struct pulih_subscribe subscribe = {.has = 0};
    uint32_t n = 0;

    for (size_t i = 0; i < f->n_streams; i++) {
        struct pulih_position position = {.has = 0};
        if (!f->streams[i].known)
            continue;
        PULIH_SET(&position, position, stream, i);
        PULIH_SET(&position, position, seq, f->streams[i].received);
        pulih_list_add(&list, PULIH_M_position, &position);
        n++;
    }
    f->session_items = 0;
    f->session_credit = WINDOW > f->queued ? WINDOW - f->queued : 0;
    PULIH_SET(&subscribe, subscribe, protocol, PULIH_PROTOCOL);
    PULIH_SET(&subscribe, subscribe, client, pulih_view_of(f->client));
    if (n > 0)
        PULIH_SET(&subscribe, subscribe, positions, pulih_list_of(&list, n));
    PULIH_SET(&subscribe, subscribe, from_now, f->start == PULIH_FROM_NOW);
    PULIH_SET(&subscribe, subscribe, credit, f->session_credit);
    pulih_frame_encode(PULIH_M_subscribe, &subscribe, frame);
}

static void opened(void *arg, const struct pulih_welcome *welcome)
{
    struct pulih_follower *f = arg;

    if (welcome->streams > f->n_streams)
        f->n_streams = welcome->streams < STREAMS_MAX ? welcome->streams : STREAMS_MAX;
    for (size_t i = 0; i < f->n_streams && f->start == PULIH_FROM_START; i++)
        f->streams[i].known = true;
}

static void closed(void *arg)
{
    struct pulih_follower *f = arg;

    f->letters_late = 0;
    if (f->letter_state == LETTER_ASKED)
        f->letter_state = LETTER_WANTED;
}

/* --- the feed ---------------------------------------------------------------------------------------- */

static struct stream *stream_at(struct pulih_follower *f, uint64_t stream)
{
    if (stream >= STREAMS_MAX)
        return NULL;
    if (stream >= f->n_streams)
        f->n_streams = stream + 1;
    return &f->streams[stream];
}

/* Is this batch the next of its stream? */
static bool fits(const struct pulih_follower *f, const struct stream *s, const struct pulih_events *events)
{
    if (events->to < events->from)
        return false;
    if (!s->known)
        return f->start == PULIH_FROM_NOW || events->from == 0;
    return events->from == s->received || (s->assumed && events->from < s->received);
}

static bool on_events(struct pulih_follower *f, const struct pulih_events *events, struct pulih_bus_msg *msg)
{
    struct stream *s = stream_at(f, events->stream);
    struct batch *b = calloc(1, sizeof *b);

    if (!b)
        pulih_out_of_memory();
    if (!s || !fits(f, s, events)) {
        free(b);
        pulih_link_close(f->link, "left something out of the feed");
        return false;
    }
    if (!s->known || s->assumed)
        s->given = events->from;
    s->known = true;
    s->assumed = false;
    s->received = events->to;
    f->places_refused = 0;
    *b = (struct batch){
        .msg = msg, .at = events->items.raw, .stream = (uint16_t)events->stream, .to = events->to};
    *(f->last ? &f->last->next : &f->first) = b;
    f->last = b;
    f->queued += events->items.n;
    f->session_items += events->items.n;
    return true;
}

/* Tells streams that start now where that was, in case the session ends before their first item. */
static void on_heads(struct pulih_follower *f, const struct pulih_heads *heads)
{
    struct pulih_position position;

    for (struct pulih_view at = heads->heads.raw; pulih_list_next(PULIH_M_position, &at, &position);) {
        struct stream *s = stream_at(f, position.stream);
        if (s && !s->known && f->start == PULIH_FROM_NOW)
            *s = (struct stream){position.seq, position.seq, true, true};
    }
}

static void on_too_old(struct pulih_follower *f, const struct pulih_too_old *too_old)
{
    pulih_error_set(&f->fatal, PULIH_E_TOO_OLD, "stream %llu is kept from place %llu on only",
                    (unsigned long long)too_old->stream, (unsigned long long)too_old->oldest);
    pulih_link_close(f->link, f->fatal.text);
}

static void drop_batch(struct pulih_follower *f)
{
    struct batch *b = f->first;

    f->first = b->next;
    if (!f->first)
        f->last = NULL;
    pulih_bus_msg_free(b->msg);
    free(b);
}

static void raise_credit(struct pulih_follower *f)
{
    struct pulih_credit credit = {.has = 0};
    uint64_t limit = f->session_items + WINDOW - (f->queued < WINDOW ? f->queued : WINDOW);

    if (limit < f->session_credit + WINDOW / 2 || !pulih_link_is_open(f->link))
        return;
    PULIH_SET(&credit, credit, limit, limit);
    if (pulih_link_say(f->link, PULIH_M_credit, &credit))
        f->session_credit = limit;
}

/* False: the queue is empty. */
static bool next_in_queue(struct pulih_follower *f, struct pulih_feed_item *ret, uint16_t *ret_stream)
{
    while (f->first) {
        struct batch *b = f->first;
        struct stream *s = &f->streams[b->stream];
        while (pulih_list_next(PULIH_M_feed_item, &b->at, ret)) {
            f->queued--;
            if (ret->seq <= s->given)
                continue;
            s->given = ret->seq;
            *ret_stream = b->stream;
            return true;
        }
        s->given = b->to;
        drop_batch(f);
    }
    return false;
}

/* --- letters ----------------------------------------------------------------------------------------- */

static void keep_letter(struct pulih_follower *f, const struct pulih_letter *l)
{
    const struct pulih_word *kind = pulih_word_of(PULIH_WORDS_letter, l->letter);
    const struct pulih_word *language = pulih_word_of(PULIH_WORDS_language, l->language);
    const struct pulih_word *channel = pulih_word_of(PULIH_WORDS_channel, l->channel);
    const struct {
        const char **to;
        struct pulih_view text;
    } texts[] = {{&f->letter.post, l->post},      {&f->letter.subject, l->subject},
                 {&f->letter.text, l->text},      {&f->letter.name, l->name},
                 {&f->letter.phone, l->phone},    {&f->letter.email, l->email},
                 {&f->letter.address, l->address}};
    size_t len = 0;

    for (size_t i = 0; i < PULIH_COUNT(texts); i++)
        len += texts[i].text.len + 1;
    pulih_buf_empty(&f->letter_texts);
    char *at = pulih_buf_grow(&f->letter_texts, len);
    for (size_t i = 0; i < PULIH_COUNT(texts); i++) {
        pulih_text_keep(at, texts[i].text.len + 1, texts[i].text);
        *texts[i].to = at;
        at += texts[i].text.len + 1;
    }
    f->letter.number = (unsigned)l->number;
    f->letter.letter = kind->word;
    f->letter.language = language->word;
    f->letter.channel = channel->word;
    f->letter_state = LETTER_CAME;
}

static void on_letter(struct pulih_follower *f, const struct pulih_letter *letter)
{
    if (f->letters_late > 0)
        f->letters_late--;
    else if (f->letter_state == LETTER_ASKED && letter->number == f->letter_get.number &&
             pulih_id_compare(&letter->complaint, &f->letter_get.complaint) == 0)
        keep_letter(f, letter);
}

static void on_no_letter(struct pulih_follower *f, const struct pulih_nack *nack)
{
    if (f->letters_late > 0)
        f->letters_late--;
    else if (f->letter_state == LETTER_ASKED) {
        f->letter_state = LETTER_REFUSED;
        pulih_text_keep(f->refusal, sizeof f->refusal, nack->rule);
    }
}

/* A replica that looked at the feed a moment ago may not know our last items yet, so one refusal of our
 * places proves nothing. */
static void on_nack(struct pulih_follower *f, const struct pulih_nack *nack)
{
    if (nack->refusal == PULIH_refusal_no_such_letter) {
        on_no_letter(f, nack);
        return;
    }
    if (nack->refusal == PULIH_refusal_bad_field && ++f->places_refused >= PLACES_REFUSED_MAX)
        pulih_error_set(&f->fatal, PULIH_E_DENIED, "%.*s: %.*s", PULIH_VIEW_ARG(nack->field),
                        PULIH_VIEW_ARG(nack->rule));
    pulih_link_close(f->link, pulih_word_label(PULIH_WORDS_refusal, nack->refusal, PULIH_language_en));
}

/* --- what the link tells us -------------------------------------------------------------------------- */

static bool take(void *arg, enum pulih_m m, struct pulih_view body, struct pulih_bus_msg *msg)
{
    struct pulih_follower *f = arg;
    struct pulih_fault fault;
    union {
        struct pulih_events events;
        struct pulih_heads heads;
        struct pulih_too_old too_old;
        struct pulih_letter letter;
        struct pulih_nack nack;
    } u;

    if (m != PULIH_M_events && m != PULIH_M_heads && m != PULIH_M_too_old && m != PULIH_M_letter &&
        m != PULIH_M_nack)
        return false;
    if (!pulih_msg_decode(m, body, &u, &fault)) {
        pulih_link_close(f->link, "sent something that cannot be read");
        return false;
    }
    if (m == PULIH_M_events)
        return on_events(f, &u.events, msg);
    if (m == PULIH_M_heads)
        on_heads(f, &u.heads);
    else if (m == PULIH_M_too_old)
        on_too_old(f, &u.too_old);
    else if (m == PULIH_M_letter)
        on_letter(f, &u.letter);
    else
        on_nack(f, &u.nack);
    return false;
}

/* --- pulih.h ----------------------------------------------------------------------------------------- */

static bool keep_places(struct pulih_follower *f, const struct pulih_place *places, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct stream *s = stream_at(f, places[i].stream);
        if (!s)
            return false;
        *s = (struct stream){.received = places[i].seq, .given = places[i].seq, .known = true};
    }
    return true;
}

struct pulih_follower *pulih_follower_open(const char *endpoint, const char *client, enum pulih_start start,
                                           const struct pulih_place *places, size_t n_places,
                                           struct pulih_error *error)
{
    return pulih_follower_open_keys(endpoint, client, start, places, n_places, NULL, error);
}

struct pulih_follower *pulih_follower_open_keys(const char *endpoint, const char *client,
                                                enum pulih_start start, const struct pulih_place *places,
                                                size_t n_places, const struct pulih_keys *keys,
                                                struct pulih_error *error)
{
    struct pulih_follower *f = calloc(1, sizeof *f);
    const struct pulih_link_user user = {f, greet, opened, take, closed};

    if (!f)
        pulih_out_of_memory();
    f->start = start;
    if (!*client || strlen(client) >= sizeof f->client)
        pulih_error_set(error, PULIH_E_INVALID, "the client's name must have 1 to 64 bytes");
    else if (!keep_places(f, places, n_places))
        pulih_error_set(error, PULIH_E_INVALID, "there are at most %d streams", STREAMS_MAX);
    else
        f->link = pulih_link_new(endpoint, keys, &user, error);
    if (!f->link) {
        free(f);
        return NULL;
    }
    pulih_text_keep(f->client, sizeof f->client, pulih_view_of(client));
    return f;
}

void pulih_follower_close(struct pulih_follower *f)
{
    if (!f)
        return;
    while (f->first)
        drop_batch(f);
    pulih_link_free(f->link);
    pulih_buf_free(&f->letter_texts);
    free(f);
}

static void fill_item(struct pulih_follower *f, const struct pulih_feed_item *item, uint16_t stream,
                      struct pulih_feed_event *ret)
{
    pulih_text_keep(f->reference, sizeof f->reference, item->reference);
    pulih_text_keep(f->type, sizeof f->type, item->type);
    pulih_text_keep(f->state, sizeof f->state, item->state);
    *ret = (struct pulih_feed_event){.stream = stream,
                                     .seq = item->seq,
                                     .complaint = pulih_uuid_of(&item->complaint),
                                     .reference = f->reference,
                                     .version = (uint32_t)item->version,
                                     .type = f->type,
                                     .state = f->state,
                                     .at_us = item->at,
                                     .body = item->body.at,
                                     .body_len = item->body.len};
}

static void work(struct pulih_follower *f)
{
    pulih_link_work(f->link);
    f->worked_us = pulih_mono_us();
}

int pulih_follower_next(struct pulih_follower *f, int timeout_ms, struct pulih_feed_event *ret,
                        struct pulih_error *error)
{
    int64_t until_us = pulih_mono_us() + (int64_t)timeout_ms * 1000;

    for (;;) {
        struct pulih_feed_item item;
        uint16_t stream;
        raise_credit(f);
        if (pulih_mono_us() - f->worked_us > WORK_US)
            work(f);
        if (next_in_queue(f, &item, &stream)) {
            fill_item(f, &item, stream, ret);
            return 1;
        }
        if (f->fatal.code)
            return pulih_error_set(error, f->fatal.code, "%s", f->fatal.text);
        work(f);
        if (pulih_link_was_denied(f->link))
            return pulih_error_set(error, PULIH_E_DENIED, "%s", pulih_link_why(f->link));
        int64_t left_us = until_us - pulih_mono_us();
        if (f->first || f->fatal.code)
            continue;
        if (timeout_ms >= 0 && left_us <= 0)
            return 0;
        pulih_link_rest(f->link, timeout_ms < 0 ? -1 : (int)(left_us / 1000) + 1, false);
    }
}

size_t pulih_follower_places(const struct pulih_follower *f, struct pulih_place *ret, size_t n)
{
    size_t known = 0;

    for (size_t i = 0; i < f->n_streams; i++) {
        if (!f->streams[i].known)
            continue;
        if (known < n)
            ret[known] = (struct pulih_place){(uint16_t)i, f->streams[i].given};
        known++;
    }
    return known;
}

/* Asked again for the letter that was not there in time, we go on waiting for it. */
static void want_letter(struct pulih_follower *f, const struct pulih_id *complaint, unsigned number)
{
    if (f->letter_state != LETTER_NONE && f->letter_get.number == number &&
        pulih_id_compare(&f->letter_get.complaint, complaint) == 0)
        return;
    f->letters_late += f->letter_state == LETTER_ASKED;
    f->letter_state = LETTER_WANTED;
    PULIH_SET(&f->letter_get, letter_get, complaint, *complaint);
    PULIH_SET(&f->letter_get, letter_get, number, number);
}

/* False: the time is over, or nobody will speak with us. */
static bool await_letter(struct pulih_follower *f, int timeout_ms, bool *ret_denied)
{
    int64_t until_us = pulih_mono_us() + (int64_t)timeout_ms * 1000;

    for (;;) {
        work(f);
        if (f->letter_state == LETTER_CAME || f->letter_state == LETTER_REFUSED)
            return true;
        *ret_denied = pulih_link_was_denied(f->link);
        if (f->letter_state == LETTER_WANTED && pulih_link_is_open(f->link) &&
            pulih_link_say(f->link, PULIH_M_letter_get, &f->letter_get))
            f->letter_state = LETTER_ASKED;
        int64_t left_us = until_us - pulih_mono_us();
        if (left_us <= 0 || *ret_denied)
            return false;
        pulih_link_rest(f->link, (int)(left_us / 1000) + 1, false);
    }
}

int pulih_follower_letter(struct pulih_follower *f, const struct pulih_uuid *complaint, unsigned number,
                          int timeout_ms, struct pulih_letter_text *ret, struct pulih_error *error)
{
    struct pulih_id id = pulih_id_of(complaint);
    bool denied = false;

    if (number > INT16_MAX)
        return pulih_error_set(error, PULIH_E_NOT_FOUND, "no letter has such a number");
    want_letter(f, &id, number);
    if (!await_letter(f, timeout_ms, &denied)) {
        if (denied)
            return pulih_error_set(error, PULIH_E_DENIED, "%s", pulih_link_why(f->link));
        return pulih_error_set(error, PULIH_E_TIMEOUT, "no answer within %d ms%s%s", timeout_ms,
                               *pulih_link_why(f->link) ? ": " : "", pulih_link_why(f->link));
    }
    bool came = f->letter_state == LETTER_CAME;
    f->letter_state = LETTER_NONE;
    if (!came)
        return pulih_error_set(error, PULIH_E_NOT_FOUND, "%s", f->refusal);
    *ret = f->letter;
    return 0;
}

const char *pulih_follower_why(const struct pulih_follower *f)
{
    return pulih_link_why(f->link);
}
