/* Inside of the publish door: sessions and frames (door.c), receipts, refusals and credit (answer.c). */
#ifndef PULIH_INTAKE_DOOR_H
#define PULIH_INTAKE_DOOR_H

#include "pulih/host/sessions.h"
#include "services/intake/intake.h"

enum { CREDIT_LEAST = 64 };

struct publisher {
    struct pulih_session s;
    uint64_t answered; /* receipts and refusals of this session */
    bool publishes;    /* a message of it was taken since the sweep before the last one */
    bool published;    /* since the last one */
};

struct door {
    struct pulih_host *host;
    struct pulih_bus_socket *socket;
    struct pulih_sessions sessions;
    struct intake_batch batches[2]; /* one is gathered while the worker has the other */
    struct intake_numbers numbers;
    struct intake_batch *gather;
    double items_per_s;  /* of the worker while it works */
    uint64_t window;     /* credit for all sessions together */
    size_t n_publishing; /* sessions among which it is shared */
    bool more;           /* the last turn ended before the socket was empty */
    int64_t sweep_at_us;
    bool told_drain;
    int64_t moved_at_us; /* a message was taken or receipts went out */
    struct pulih_buf frame;
    struct pulih_buf list;
};

void intake_send(struct door *d, const struct pulih_bus_peer *to, enum pulih_m m, const void *msg);
/* Refuses a message, by a fault of the decoder or in words; `id` NULL: it could not be read. */
void intake_refuse(struct door *d, const struct pulih_bus_peer *to, const struct pulih_id *id,
                   const struct pulih_fault *fault);
void intake_refuse_for(struct door *d, const struct pulih_bus_peer *to, const struct pulih_id *id,
                       uint16_t refusal, const char *field, const char *rule);

/* No work is taken on while the daemon stops or the database is away. */
bool intake_open_for_work(const struct door *d);
/* At least CREDIT_LEAST, but what is configured is never exceeded. */
uint64_t intake_bounded_window(const struct door *d, double window);
/* Those who publish share the window among themselves: sessions that are merely there, were it a thousand,
 * take nothing from them. Who does not publish gets what it could have if all did. */
uint64_t intake_share_of_window(const struct door *d, const struct publisher *p);
/* Raises a session's limit when a good part of its share has been answered. */
void intake_grant(struct door *d, struct publisher *p);
/* A job came back: receipts and refusals for all its messages. */
void intake_answer(struct door *d, struct intake_batch *b);

#endif
