#include "pulih/core/done.h"

#include "proto/msg.h"

static const struct effect {
    uint16_t deadline, event;
    bool done;
} effects[] = {
#define DATE(...)
#define DONE(deadline, event) {PULIH_deadline_##deadline, PULIH_M_##event, true},
#define REACHED(deadline, milestone)                                                                         \
    {PULIH_deadline_##deadline, PULIH_CLOCK_MILESTONE(PULIH_milestone_##milestone), true},
#define UNDONE(deadline, event) {PULIH_deadline_##deadline, PULIH_M_##event, false},
#include "pulih/tbl/dates.tbl.h"
};

static bool has(uint16_t deadline, uint16_t event, bool done)
{
    for (size_t i = 0; i < PULIH_COUNT(effects); i++)
        if (effects[i].deadline == deadline && effects[i].event == event && effects[i].done == done)
            return true;
    return false;
}

bool pulih_is_done_by(uint16_t deadline, uint16_t event)
{
    return has(deadline, event, true);
}

bool pulih_is_undone_by(uint16_t deadline, uint16_t event)
{
    return has(deadline, event, false);
}

size_t pulih_met_by(uint16_t deadline, uint16_t ret[PULIH_CLOCK_EVENTS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < PULIH_COUNT(effects); i++) {
        if (effects[i].deadline != deadline)
            continue;
        if (!effects[i].done)
            return 0;
        if (n < PULIH_CLOCK_EVENTS_MAX)
            ret[n++] = effects[i].event;
    }
    return n;
}
