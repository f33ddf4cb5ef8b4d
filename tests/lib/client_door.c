#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/base/clock.h"
#include "tests/lib/client_door.h"

void open_client_door(struct client_door *d)
{
    static const struct pulih_bus_opts opts = {.max_frame_bytes = PULIH_FRAME_MAX_BYTES};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    memset(d, 0, sizeof *d);
    d->bus = pulih_bus_new(1);
    d->socket = pulih_bus_router(d->bus, "tcp://127.0.0.1:*", &opts, &why);
    assert_non_null(d->socket);
    snprintf(d->endpoint, sizeof d->endpoint, "tcp://127.0.0.1:%u", pulih_bus_port(d->socket));
}

void close_client_door(struct client_door *d)
{
    for (size_t i = 0; i < DOOR_HEARD_MAX; i++)
        pulih_buf_free(&d->heard[i].body);
    pulih_buf_free(&d->frame);
    pulih_bus_socket_free(d->socket);
    pulih_bus_free(d->bus);
}

static void take_in(struct client_door *d, const struct pulih_bus_msg *msg)
{
    struct pulih_fault fault;
    struct pulih_view body;
    enum pulih_m m;

    assert_true(pulih_frame_open(msg->body, &m, &body, &fault));
    d->peer = msg->peer;
    if (m == PULIH_M_ping) {
        say(d, PULIH_M_pong, &(struct pulih_pong){.has = 0});
        return;
    }
    d->sessions += m == PULIH_M_hello || m == PULIH_M_subscribe;
    assert_true(d->n_heard < DOOR_HEARD_MAX);
    d->heard[d->n_heard].m = m;
    pulih_buf_empty(&d->heard[d->n_heard].body);
    pulih_buf_add_view(&d->heard[d->n_heard++].body, body);
}

void turn_client_door(struct client_door *d)
{
    struct pulih_bus_msg *msg;

    while ((msg = pulih_bus_receive(d->socket))) {
        take_in(d, msg);
        pulih_bus_msg_free(msg);
    }
}

void say(struct client_door *d, enum pulih_m m, const void *message)
{
    pulih_buf_empty(&d->frame);
    pulih_frame_encode(m, message, &d->frame);
    (void)!pulih_bus_send(d->socket, &d->peer, pulih_view_of_buf(&d->frame));
}

void heard(struct client_door *d, size_t i, enum pulih_m m, void *ret)
{
    struct pulih_fault fault;

    assert_true(i < d->n_heard);
    assert_string_equal(pulih_message(d->heard[i].m)->name, pulih_message(m)->name);
    assert_true(pulih_msg_decode(m, pulih_view_of_buf(&d->heard[i].body), ret, &fault));
}

void forget_heard(struct client_door *d)
{
    d->n_heard = 0;
}

void say_welcome(struct client_door *d, uint64_t credit)
{
    struct pulih_welcome welcome = {.has = 0};

    PULIH_SET(&welcome, welcome, session, pulih_id_new(pulih_wall_us()));
    PULIH_SET(&welcome, welcome, credit, credit);
    PULIH_SET(&welcome, welcome, item_max_bytes, PULIH_FRAME_MAX_BYTES);
    PULIH_SET(&welcome, welcome, server_time, pulih_wall_us());
    PULIH_SET(&welcome, welcome, streams, 4);
    say(d, PULIH_M_welcome, &welcome);
}

void say_nack(struct client_door *d, const struct pulih_id *id, uint16_t refusal, uint64_t retry_after_ms)
{
    struct pulih_nack nack = {.has = 0};

    if (id)
        PULIH_SET(&nack, nack, id, *id);
    PULIH_SET(&nack, nack, refusal, refusal);
    PULIH_SET(&nack, nack, rule, PULIH_VIEW("a rule"));
    if (retry_after_ms)
        PULIH_SET(&nack, nack, retry_after_ms, retry_after_ms);
    say(d, PULIH_M_nack, &nack);
}
