/* What a hostile client says at a door: frames of the protocol with bits flipped, cut, doubled, nested, or with
 * fields that no sender would fill so. The same seed makes the same frames. */
#ifndef PULIH_TEST_BABBLE_H
#define PULIH_TEST_BABBLE_H

#include "tests/lib/random_message.h"

enum babble_door { BABBLE_publish, BABBLE_feed, BABBLE_hints, BABBLE_DOORS };

struct babble {
    enum babble_door door;
    struct random_source random;
    struct pulih_buf body; /* the frame */
};

extern const char *const babble_doors[BABBLE_DOORS];

/* Fills the body: now and then what opens a session, mostly something spoilt. */
void babble(struct babble *b);
/* Fills the body with what opens a session. */
void babble_hello(struct babble *b);

#endif
