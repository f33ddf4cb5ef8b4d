/* A door for tests of libpulih, in the same process and thread: the test says what it answers. */
#ifndef PULIH_TEST_CLIENT_DOOR_H
#define PULIH_TEST_CLIENT_DOOR_H

#include "proto/msg.h"
#include "pulih/base/bus.h"

enum { DOOR_HEARD_MAX = 64 };

struct client_door {
    struct pulih_bus *bus;
    struct pulih_bus_socket *socket;
    char endpoint[64];
    struct pulih_bus_peer peer; /* who spoke last */
    struct pulih_buf frame;
    /* What came and was not taken yet, pings excepted. */
    struct {
        enum pulih_m m;
        struct pulih_buf body;
    } heard[DOOR_HEARD_MAX];
    size_t n_heard;
    size_t sessions; /* hello or subscribe so far */
};

void open_client_door(struct client_door *d);
void close_client_door(struct client_door *d);
/* Takes in what has come. */
void turn_client_door(struct client_door *d);
void say(struct client_door *d, enum pulih_m m, const void *message);
/* Decodes heard[i], which must be an m, into the struct. */
void heard(struct client_door *d, size_t i, enum pulih_m m, void *ret);
void forget_heard(struct client_door *d);
void say_welcome(struct client_door *d, uint64_t credit);
void say_nack(struct client_door *d, const struct pulih_id *id, uint16_t refusal, uint64_t retry_after_ms);

#endif
