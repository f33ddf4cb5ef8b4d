#include "pulih/core/life.h"

#include "pulih/base/must.h"

const struct pulih_state_row pulih_states[PULIH_STATE_N] = {
#define STATE(name, number, kind, doc) [number] = {#name, PULIH_STATE_IS_##kind, doc},
#define MOVE(...)
#define OVER(...)
#include "pulih/tbl/life.tbl.h"
};

struct move {
    const char *because; /* NULL: no such move */
    int to;
};

/* Two rows for one pair of state and step do not compile (-Woverride-init). */
static const struct move moves[PULIH_STATE_N][PULIH_M_N] = {
#define STATE(...)
#define MOVE(from, step, to_state, why) [PULIH_STATE_##from][PULIH_M_##step] = {why, PULIH_STATE_##to_state},
#define OVER(...)
#include "pulih/tbl/life.tbl.h"
};

bool pulih_life_is_mail(enum pulih_m m)
{
    enum pulih_role role = pulih_message(m)->role;

    return m != PULIH_M_complaint && (role == PULIH_ROLE_IN || role == PULIH_ROLE_TICK);
}

static const struct move *find_move(int state, enum pulih_m step)
{
    pulih_must(state >= 0 && state < PULIH_STATE_N && step < PULIH_M_N);
    const struct move *move = &moves[state][step];
    return move->because ? move : NULL;
}

int pulih_life_after(int state, enum pulih_m step)
{
    if (pulih_life_is_mail(step))
        return state;
    const struct move *move = find_move(state, step);
    return move ? move->to : -1;
}

const char *pulih_life_because(int state, enum pulih_m step)
{
    const struct move *move = find_move(state, step);

    return move ? move->because : NULL;
}
