/* The life of a complaint: which step leads where (include/pulih/tbl/life.tbl.h). */
#ifndef PULIH_CORE_LIFE_H
#define PULIH_CORE_LIFE_H

#include <stdbool.h>

#include "proto/msg.h"

enum pulih_state {
#define STATE(name, number, kind, doc) PULIH_STATE_##name = (number),
#define MOVE(...)
#define OVER(...)
#include "pulih/tbl/life.tbl.h"
    PULIH_STATE_N
};

enum pulih_state_kind { PULIH_STATE_IS_passing, PULIH_STATE_IS_resting, PULIH_STATE_IS_final };

struct pulih_state_row {
    const char *name;
    enum pulih_state_kind kind;
    const char *doc;
};

extern const struct pulih_state_row pulih_states[PULIH_STATE_N];

/* State after `step`, or -1 when there is no such row. Messages of role IN and TICK (complaint excepted)
 * are recorded in every state and leave it as it is. */
int pulih_life_after(int state, enum pulih_m step);
/* Why the row stands there; NULL when there is none. */
const char *pulih_life_because(int state, enum pulih_m step);
/* Whether messages of this role are only recorded: they wait in the complaint's mailbox for their owner. */
bool pulih_life_is_mail(enum pulih_m m);

#endif
