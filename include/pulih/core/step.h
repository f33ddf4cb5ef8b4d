/* A step: one piece of work on one complaint, from facts to rows. Pure: no clock, no I/O.
 *
 * Does.     A handler reads the facts of its item and appends events, letters, deadlines and so on. What it
 *           may do is in life.tbl.h; what it does is rows, which the host writes in one transaction.
 * Promises. pulih_step_event is the only writer of a complaint's state, version and hash.
 * Fails.    A handler that cannot make sense of its item returns PULIH_NEVER with a reason; the item is then
 *           parked in `dead` and nothing of the step is kept.
 */
#ifndef PULIH_CORE_STEP_H
#define PULIH_CORE_STEP_H

#include "proto/msg.h"
#include "pulih/base/arena.h"
#include "pulih/core/clocks.h"
#include "pulih/core/forward.h"
#include "pulih/core/life.h"
#include "pulih/core/policy.h"
#include "pulih/core/rows.h"

enum pulih_verdict { PULIH_DONE, PULIH_NEVER };

/* A message of a complaint's mailbox. */
struct pulih_mail {
    int32_t version; /* 0: none */
    int16_t type;
};

/* What a post of the ladder was told last. */
struct pulih_post_told {
    int16_t type; /* wire number: reprimanded or paged; 0: nothing */
    int64_t at_us;
    struct pulih_view body;
};

/* One piece of work. Everything but `row` is as read; the step changes `row`. */
struct pulih_item {
    struct pulih_row_complaint row; /* first, so that rows bind straight from items */
    int32_t was_version;            /* of the row as read: proves at COMMIT that nobody else moved it */
    int16_t was_holder;
    size_t manifest; /* index in the batch */
    int32_t version; /* the event to work on */
    enum pulih_m type;
    struct pulih_view body;
    struct pulih_view text;       /* its content, absent if it has none */
    bool loaded;                  /* the four below are known: read from the database, not hinted */
    struct pulih_row_offer offer; /* the last offer; n is 0 when there is none */
    struct pulih_view offer_text; /* its content */
    struct pulih_mail next_mail;
    struct pulih_post_told told;    /* the last page or reprimand, where the ladder needs it */
    const struct pulih_told *story; /* the chronology as clocks see it, for handlers by PULIH_BY_STORY */
    size_t n_story;                 /* 0: not read */
    uint16_t kept, broken;          /* promises to the customer that the step settled, in time or late */
    enum pulih_verdict verdict;
    const char *reason;  /* NEVER: why */
    enum pulih_stage to; /* who works on it next; none: at rest */
    int32_t to_version;
    enum pulih_m to_type;
    struct pulih_view to_body;
    struct pulih_view to_text;
};

struct pulih_step {
    enum pulih_stage stage;
    const struct pulih_policy *policy;
    const struct pulih_models *models; /* that judge; NULL: the policy's */
    int64_t now_us;
    struct pulih_arena *arena;
    struct pulih_rows *rows;
    struct pulih_item *item;
    size_t first_event, first_deadline; /* among the rows: of this step */
    int64_t read_us;                    /* when the last event before this step was recorded */
    struct pulih_buf *scratch;          /* emptied by whoever uses it */
};

typedef enum pulih_verdict pulih_handler_f(struct pulih_step *step);

/* What a handler needs to know, beside its message; 0: what load_work reads. */
enum {
    PULIH_BY_HINT = 1, /* the row, body and text of a hint are enough */
    /* It reckons with clocks, and is told the chronology. With BY_HINT a hint is enough in a complaint's
     * first chain, of which it tells all. */
    PULIH_BY_STORY = 2,
};

/* Version of the last event by hint of a complaint's first chain: complaint, classified, planned. */
enum { PULIH_FIRST_CHAIN = 3 };

struct pulih_handler {
    enum pulih_m on;
    pulih_handler_f *handle;
    unsigned by;
};

/* Runs a handler over an item: takes the message from the mailbox, decides who is next. */
void pulih_step_run(struct pulih_step *step, const struct pulih_handler *handlers, size_t n);

/* --- for handlers -------------------------------------------------------------------------------------- */

/* Decodes body and text of the item's message into one struct. */
bool pulih_step_read(struct pulih_step *step, enum pulih_m m, void *ret);
/* Whether life.tbl.h has a row for this step in the present state. */
bool pulih_step_may(const struct pulih_step *step, enum pulih_m m);
/* Appends an event. It must be allowed. The message's fields of class OPEN go into the chronology. */
void pulih_step_event(struct pulih_step *step, enum pulih_m m, const void *msg);
/* Refuses the item's message: appends message_refused with what was missing. */
enum pulih_verdict pulih_step_refuse(struct pulih_step *step, const char *need);
enum pulih_verdict pulih_step_never(struct pulih_step *step, const char *reason);
/* Publishes an event of the chronology. Done by the host for SHOWN events of follow-up. */
void pulih_step_publish(struct pulih_step *step, enum pulih_m m, int32_t version, int state,
                        struct pulih_view body);

/* The word of the complaint's department, as messages have it. */
struct pulih_view pulih_step_department(const struct pulih_step *step);
/* Language the customer is written in: known, or the policy's. */
int pulih_step_language(const struct pulih_step *step);

/* --- deadlines: the ladder's clock and the customer's silence ------------------------------------------- */

/* The chronology as far as clocks and forwards heed it, with what this step appended; returns how many. */
size_t pulih_step_story(const struct pulih_step *step, const struct pulih_told **ret);
/* Reads all clocks of the policy, with what this step appended; n is that of the policy. */
void pulih_step_clocks(struct pulih_step *step, struct pulih_clock_reading ret[PULIH_CLOCKS_MAX]);
/* When a clock is due, or would be if it ran on now; fails like pulih_step_due where the calendar ends or the
 * clock is met. */
int64_t pulih_step_clock_due(struct pulih_step *step, uint16_t name);
/* Arms the ladder for the clock that is due first, if it runs and waits for no post. Done by pulih_step_run
 * after handlers by PULIH_BY_STORY. */
void pulih_step_watch(struct pulih_step *step);

/* When `d` from `from_us` ends in the policy's calendar. Where the calendar has no such instant, the step
 * ends with PULIH_NEVER, whatever the handler goes on to return. */
int64_t pulih_step_due(struct pulih_step *step, int64_t from_us, struct pulih_duration d);

/* Arms the ladder for `due_us`; the deadline becomes a row at once, with that of its warning where the policy
 * wants one; older ones become moot. */
void pulih_step_arm(struct pulih_step *step, int deadline, int64_t due_us);
/* Stops it and keeps the working time that is left. */
void pulih_step_stand(struct pulih_step *step);
/* Lets it run again with what was left; nothing if it runs, or was never armed. */
void pulih_step_run_on(struct pulih_step *step);
/* When the deadline that stands will be due if it runs on now; fails like pulih_step_due. */
int64_t pulih_step_due_left(struct pulih_step *step);
void pulih_step_await_answer(struct pulih_step *step, int64_t until_us);
void pulih_step_answered(struct pulih_step *step);
/* The clock of an approval, which runs beside the ladder's. */
void pulih_step_await_decision(struct pulih_step *step, int64_t until_us);
void pulih_step_decided(struct pulih_step *step);

/* What the policy's `forwards` owe by the chronology, with what this step appended; returns how many. */
size_t pulih_step_owed(struct pulih_step *step, struct pulih_owed ret[PULIH_FORWARDS_MAX]);
/* Arms the next of them that is due after that instant; 0: of those whose occasion is this step. The latter
 * is done by pulih_step_run after handlers by PULIH_BY_STORY. */
void pulih_step_watch_forwards(struct pulih_step *step, int64_t after_us);
/* Its deadline runs beside all others; closing makes it moot. */
void pulih_step_await_forward(struct pulih_step *step, int64_t due_us);

/* Of the customer's own date; it runs beside all others, and closing makes it moot. */
void pulih_step_await_reminder(struct pulih_step *step, int64_t at_us);

/* A date told to a customer; returns the promise's number. */
int16_t pulih_step_promise(struct pulih_step *step, int kind, int64_t due_us);
/* Counts the promises that the step's events settle. Done by pulih_step_run. */
void pulih_step_settle(struct pulih_step *step);

/* --- what happens outside of steps ---------------------------------------------------------------------- */

/* Appends an event that a client or a timer brings to a complaint's mailbox; the row is locked or new.
 * Returns true when the complaint was at rest, so that the message must be handed to its owner. */
bool pulih_mail_post(struct pulih_row_complaint *row, struct pulih_rows *rows,
                     const struct pulih_row_event *event);

/* The text of a field in a stored map, e.g. of an offer's content; absent when there is none. */
struct pulih_view pulih_map_text(struct pulih_view map, const char *name);

/* An operator gives up the message `version` that no stage could do: appends `parked`, which follow-up will
 * publish before it takes the next message. The row is locked and held by the stage that failed. Returns the
 * event's version, which must be handed to follow-up. */
int32_t pulih_mail_give_up(struct pulih_row_complaint *row, struct pulih_rows *rows,
                           struct pulih_arena *arena, int32_t version, struct pulih_view actor,
                           int64_t now_us);

/* Fills state, version and hash of the complaint, and prior, state, version, hash of the event. */
void pulih_chain(struct pulih_row_complaint *row, struct pulih_row_event *event, int state_after);
/* The hash an event must have, given the one before. */
struct pulih_hash pulih_chain_hash(const struct pulih_hash *before, const struct pulih_row_event *event);

#endif
