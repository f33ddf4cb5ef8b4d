/* The ledger of promises: every date that anybody was told about a complaint, by which letter, and what
 * became of it; read from the chronology, as a pure function.
 *
 * Does.     Follows each date from the letter that told it to the event that kept it, or to the date that
 *           took its place. Which events tell dates and which keep them stands in dates.tbl.h.
 * Promises. Nothing is kept between calls, so the ledger cannot disagree with what happened.
 * Owns.     Nothing; what it finds lives in the caller's arena, and views the chronology's bodies.
 */
#ifndef PULIH_CORE_LEDGER_H
#define PULIH_CORE_LEDGER_H

#include "pulih/core/clocks.h"

/* A date that somebody was told. */
struct pulih_ledger_entry {
    uint16_t deadline;              /* PULIH_deadline_*: what is due */
    uint16_t to, by;                /* PULIH_party_*: who was told, and who must do it */
    struct pulih_view post, person; /* where a post was told; may be absent */
    int64_t due_us, told_us;
    int32_t version;    /* of the event that told it; 1 with `receipt`: the receipt did */
    bool receipt;       /* told by the receipt, or by the customer; by no letter of ours */
    uint16_t letter;    /* number of the letter; 0: the receipt, or not written yet */
    uint16_t state;     /* PULIH_standing_* */
    int64_t ended_us;   /* when it was kept, broken or replaced; 0: open */
    int64_t done_us;    /* when it was done, in time or not; 0: it was not */
    bool replaced;      /* another date took its place, in time or not */
    uint16_t cause;     /* PULIH_plan_cause_*: why another date took its place */
    uint16_t extension; /* PULIH_extension_*, where that was the cause */
    int32_t consent;    /* version of the message with the customer's consent; 0: none */
};

struct pulih_ledger {
    struct pulih_ledger_entry *entry; /* n, in the order in which they were told */
    size_t n;
};

/* Reads the ledger of a complaint. The receipt's date stands in table promise: `plan_due_us`, 0 if it is not
 * known. `now_us` decides what is broken. */
void pulih_ledger_read(const struct pulih_told *told, size_t n, int64_t plan_due_us, int64_t now_us,
                       struct pulih_arena *arena, struct pulih_ledger *ret);

#endif
