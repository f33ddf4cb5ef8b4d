/* What the feed door says by itself: frames, refusals. */
#include "services/followup/door.h"

bool feed_send_bytes(struct door *d, const struct pulih_bus_peer *to, struct pulih_view bytes)
{
    enum pulih_bus_sent sent = pulih_bus_send(d->socket, to, bytes);
    struct pulih_session *session = sent == PULIH_BUS_GONE ? pulih_session_find(&d->sessions, to) : NULL;

    if (session)
        pulih_session_drop(&d->sessions, session);
    return sent == PULIH_BUS_SENT;
}

void feed_send(struct door *d, const struct pulih_bus_peer *to, enum pulih_m m, const void *msg)
{
    pulih_buf_empty(&d->frame);
    pulih_frame_encode(m, msg, &d->frame);
    feed_send_bytes(d, to, pulih_view_of_buf(&d->frame));
}

void feed_refuse(struct door *d, const struct pulih_bus_peer *to, const struct pulih_fault *fault)
{
    struct pulih_nack nack = pulih_nack_of(fault);

    pulih_count(&d->host->metrics, PULIH_METRIC_refused_total, 1);
    feed_send(d, to, PULIH_M_nack, &nack);
}

void feed_refuse_for(struct door *d, const struct pulih_bus_peer *to, uint16_t refusal, const char *field,
                     const char *rule)
{
    struct pulih_fault fault = pulih_fault_of(refusal, field, rule);

    feed_refuse(d, to, &fault);
}

void feed_refuse_session(struct door *d, const struct pulih_session *session, uint16_t refusal,
                         const char *field, const char *rule)
{
    struct pulih_bus_peer peer = session->peer;

    feed_refuse_for(d, &peer, refusal, field, rule);
    struct pulih_session *left = pulih_session_find(&d->sessions, &peer);
    if (left)
        pulih_session_drop(&d->sessions, left);
}
