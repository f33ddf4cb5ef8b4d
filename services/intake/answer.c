/* Receipts, refusals, credit. */
#include <stdio.h>
#include <stdlib.h>

#include "pulih/base/clock.h"
#include "pulih/base/point.h"
#include "services/intake/door.h"

enum { SHARE_LEAST = 8, ACKS_PER_FRAME = 200, BUSY_RETRY_MS = 200 };
static const double CREDIT_SECONDS = 0.1;

/* --- sending -------------------------------------------------------------------------------------------- */

/* A frame that cannot go is as good as lost: the client sends its message again and gets a duplicate's
 * receipt. */
void intake_send(struct door *d, const struct pulih_bus_peer *to, enum pulih_m m, const void *msg)
{
    pulih_buf_empty(&d->frame);
    pulih_frame_encode(m, msg, &d->frame);
    enum pulih_bus_sent sent = pulih_bus_send(d->socket, to, pulih_view_of_buf(&d->frame));
    struct pulih_session *session = sent == PULIH_BUS_GONE ? pulih_session_find(&d->sessions, to) : NULL;
    if (session)
        pulih_session_drop(&d->sessions, session);
}

/* The same message may do in a while; all other refusals are final. */
static bool may_come_again(uint16_t refusal)
{
    return refusal == PULIH_refusal_busy || refusal == PULIH_refusal_over_credit;
}

void intake_refuse(struct door *d, const struct pulih_bus_peer *to, const struct pulih_id *id,
                   const struct pulih_fault *fault)
{
    struct pulih_nack nack = pulih_nack_of(fault);

    if (id)
        PULIH_SET(&nack, nack, id, *id);
    if (may_come_again(fault->refusal))
        PULIH_SET(&nack, nack, retry_after_ms, BUSY_RETRY_MS);
    pulih_count(&d->host->metrics, PULIH_METRIC_refused_total, 1);
    intake_send(d, to, PULIH_M_nack, &nack);
}

void intake_refuse_for(struct door *d, const struct pulih_bus_peer *to, const struct pulih_id *id,
                       uint16_t refusal, const char *field, const char *rule)
{
    struct pulih_fault fault = pulih_fault_of(refusal, field, rule);

    intake_refuse(d, to, id, &fault);
}

/* --- credit --------------------------------------------------------------------------------------------- */

bool intake_open_for_work(const struct door *d)
{
    return !d->host->stopping && pulih_metric(&d->host->metrics, PULIH_METRIC_up);
}

uint64_t intake_share_of_window(const struct door *d, const struct publisher *p)
{
    uint64_t share = d->window / (p->publishes ? d->n_publishing : d->sessions.n);

    return share < SHARE_LEAST ? SHARE_LEAST : share;
}

/* Raises a session's limit when a good part of its share has been answered. */
void intake_grant(struct door *d, struct publisher *p)
{
    uint64_t share = intake_share_of_window(d, p);
    uint64_t limit = p->answered + share;
    struct pulih_credit credit = {0};

    if (!intake_open_for_work(d) || limit < p->s.limit + (share + 3) / 4)
        return;
    p->s.limit = limit;
    PULIH_SET(&credit, credit, limit, limit);
    intake_send(d, &p->s.peer, PULIH_M_credit, &credit);
}

uint64_t intake_bounded_window(const struct door *d, double window)
{
    double most = (double)d->host->conf.intake_credit_items;

    if (window < CREDIT_LEAST)
        window = CREDIT_LEAST;
    return (uint64_t)(window < most ? window : most);
}

/* Credit is worth what the worker does in CREDIT_SECONDS, within the configured bounds. */
static void learn_rate(struct door *d, size_t items, int64_t took_us)
{
    double rate = (double)items * 1e6 / (double)(took_us > 100 ? took_us : 100);

    d->items_per_s = d->items_per_s > 0 ? 0.8 * d->items_per_s + 0.2 * rate : rate;
    double window = d->items_per_s * CREDIT_SECONDS;
    /* Twice the batch, so that one is gathered while the other is stored. */
    if (window < 2.0 * (double)items)
        window = 2.0 * (double)items;
    d->window = intake_bounded_window(d, window);
    pulih_gauge(&d->host->metrics, PULIH_METRIC_credit, (int64_t)d->window);
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
    intake_send(d, to, PULIH_M_acks, &acks);
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
            const struct pulih_fault fault =
                m[i].fault ? *m[i].fault : pulih_fault_of(m[i].refusal, "", rule_of(m[i].refusal));
            intake_refuse(d, &m->from, &m[i].id, &fault);
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
        intake_grant(d, p);
    return i;
}

void intake_answer(struct door *d, struct intake_batch *b)
{
    learn_rate(d, b->n, pulih_mono_us() - b->given_us);
    qsort(b->messages, b->n, sizeof *b->messages, by_session);
    for (size_t i = 0; i < b->n;)
        i += answer_session(d, b->messages + i, b->n - i);
    PULIH_POINT(intake_answered);
}
