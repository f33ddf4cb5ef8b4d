/* A complaint's clocks: from its chronology to what each of the policy's clocks says, as a pure function.
 *
 * Does.     Finds in the chronology what started, stopped, extended, converted and met a clock, and has the
 *           countdown reckon with it.
 * Promises. Nothing is kept between calls: a chronology that grew, or another policy, is the same call.
 * Owns.     Nothing; what it finds lives in the caller's arena.
 */
#ifndef PULIH_CORE_CLOCKS_H
#define PULIH_CORE_CLOCKS_H

#include "proto/msg.h"
#include "pulih/base/arena.h"
#include "pulih/core/countdown.h"
#include "pulih/core/life.h"
#include "pulih/core/policy.h"

/* An event of a chronology, as clocks see it. Those of the same complaint stand in order of version. */
struct pulih_told {
    int32_t version;
    enum pulih_m m;
    int state;              /* after it */
    int64_t at_us;          /* when it was recorded */
    struct pulih_view body; /* fields of class OPEN; may be absent */
};

/* Reads the open fields of an event that is a message `m`. False: it is another one, or cannot be read; *ret
 * holds nothing then. */
bool pulih_told_read(const struct pulih_told *e, enum pulih_m m, void *ret);

/* What clocks and promises take an event for: PULIH_M_*, or PULIH_CLOCK_MILESTONE of a milestone; PULIH_M_N
 * for a contact by which the customer is told nothing. *ret_at_us: when it was, which of a milestone may be
 * earlier than somebody said so. */
uint16_t pulih_told_event(const struct pulih_told *e, int64_t *ret_at_us);

/* What became of one clock. */
struct pulih_clock_reading {
    const struct pulih_clock_rule *rule;
    struct pulih_clock_event *event; /* n of them, in order; 0: it did not start */
    uint32_t *told;                  /* event[i] is due to told[i] of the chronology */
    size_t n;
    uint16_t extended;  /* times */
    int64_t settled_us; /* when a post last answered for the complaint, knowing what was missed; 0: never */
    bool covered;       /* false: no calendar covers it, and `now` says nothing */
    struct pulih_countdown now;
};

/* Whether a mail message (see pulih_life_is_mail) matters to clocks or forwards; every other event may. */
bool pulih_clocks_heed(enum pulih_m m);

/* Whether what comes in by this channel is spoken, not written. */
bool pulih_channel_is_spoken(uint16_t channel);

/* Reads one clock; `now_us` decides what is missed. */
void pulih_clock_read(const struct pulih_clock_rule *rule, const struct pulih_told *told, size_t n,
                      int64_t now_us, struct pulih_arena *arena, struct pulih_clock_reading *ret);
/* Reads all clocks of a policy, in its order. */
void pulih_clocks_read(const struct pulih_policy *policy, const struct pulih_told *told, size_t n,
                       int64_t now_us, struct pulih_arena *arena,
                       struct pulih_clock_reading ret[PULIH_CLOCKS_MAX]);
/* When it is due; of one that stands, when it would be if it ran on at `now_us`. False: it did not start, is
 * met, or no calendar covers it. */
bool pulih_clock_due(const struct pulih_clock_reading *r, int64_t now_us, int64_t *ret_us);
/* The clock of that name, of several the one that started; NULL if the policy has none. */
const struct pulih_clock_reading *pulih_clocks_find(const struct pulih_clock_reading *all, size_t n,
                                                    uint16_t name);
/* Whether a clock that starts at that instant goes by the rule. */
bool pulih_clock_in_force(const struct pulih_clock_rule *rule, int64_t start_us);
/* The clock that the ladder waits for while it waits for no post: of those that run and reprimand, and were
 * not missed before a post answered, the one that is due first. NULL: none. */
const struct pulih_clock_reading *pulih_clocks_next(const struct pulih_clock_reading *all, size_t n);

#endif
