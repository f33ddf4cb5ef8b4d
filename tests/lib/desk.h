/* A desk at which one complaint is worked on: steps of a daemon are run over it, and looked at.
 *
 * Does.     Posts a message as intake or the timer would, runs the daemon's handler, and checks after each step
 *           what must hold of any step: the chain, numbers, letters, deadlines, the feed, who is next. A step
 *           that is given up must leave nothing behind.
 * Promises. Nothing that a step made points into the scratch buffer: that is freed before anybody looks.
 *           Rows live until the next step.
 * Fails.    By failing the cmocka test.
 */
#ifndef PULIH_TEST_DESK_H
#define PULIH_TEST_DESK_H

#include "pulih/core/step.h"

enum { DESK_OFFER_TEXT_MAX = 300, DESK_TOLD_MAX = 4000 };

struct desk {
    enum pulih_stage stage;
    const struct pulih_handler *handlers;
    size_t n_handlers;
    struct pulih_policy *policy; /* the shipped one; tests may change it, each has its own */
    int64_t now_us;
    struct pulih_row_complaint row; /* as the table would hold it */
    struct pulih_row_offer offer;   /* the last one; n is 0 when there is none */
    char offer_text[DESK_OFFER_TEXT_MAX];
    size_t offer_text_len;
    struct pulih_post_told told; /* the last page or reprimand; type is 0 when there is none */
    char told_body[DESK_TOLD_MAX];
    struct pulih_mail next_mail; /* what waits behind, when row.waiting says so */
    const struct pulih_told
        *story; /* n_story of them: the chronology, as far as the next steps are told it */
    size_t n_story;
    bool hinted; /* the next steps know no more than a hint tells */
    /* Of the last step. */
    struct pulih_item item;
    struct pulih_rows rows;
    struct pulih_arena arena;
    struct pulih_row_complaint before; /* the row as the step found it */
};

/* Wednesday, 25 November 2026, 09:00 in Jakarta: an hour after opening, seven left. */
#define DESK_NOW_US INT64_C(1795572000000000)
#define DESK_MINUTE INT64_C(60000000)
#define DESK_HOUR   (60 * DESK_MINUTE)
#define DESK_DAY    (24 * DESK_HOUR)

/* A desk with a complaint in `state`, as it would be there: planned and due in two working days from `acknowledged`
 * on, an open offer from `approving` on, waiting for the customer in `offered` and `verifying`, and so on. */
struct desk *desk_open(enum pulih_stage stage, const struct pulih_handler *handlers, size_t n_handlers,
                       int state);
/* The same complaint in another state, from scratch. */
void desk_set(struct desk *d, int state);
void desk_close(struct desk *d);

/* Posts a mail message and runs its step; returns the verdict. */
enum pulih_verdict desk_mail(struct desk *d, enum pulih_m m, const void *msg);
/* Runs the step that an event of an earlier stage calls for; the row is as that stage left it. */
enum pulih_verdict desk_event(struct desk *d, enum pulih_m m, const void *msg);
/* The same with bytes instead of a message. */
enum pulih_verdict desk_bytes(struct desk *d, enum pulih_m m, struct pulih_view body, struct pulih_view text);

/* Looks at what the last step wrote. */
size_t desk_count(const struct desk *d, enum pulih_table table);
/* Event i is of this type and leads to this state; decodes it into *ret if that is not NULL. */
void desk_expect_event(const struct desk *d, size_t i, enum pulih_m m, int state, void *ret);
/* The last step wrote exactly one event, a refusal for want of this, and changed nothing but the chain. */
void desk_expect_refused(const struct desk *d, const char *need);
/* The last step was given up for this reason and wrote nothing. */
void desk_expect_never(const struct desk *d, const char *reason);
/* The only letter of the last step, of this kind; `post` NULL: to the customer. */
const struct pulih_row_letter *desk_letter(const struct desk *d, int kind, const char *post);
bool desk_says(struct pulih_view text, const char *part);
/* The instant as it stands in a letter. */
bool desk_says_date(const struct desk *d, const struct pulih_row_letter *letter, int64_t at_us);
/* The only deadline of the last step besides a warning, of this kind; it is the one that counts now. */
const struct pulih_row_deadline *desk_deadline(const struct desk *d, int kind);

/* The warning of the last step, or NULL. */
const struct pulih_row_deadline *desk_warning(const struct desk *d);

/* Whether the column may be NULL in PostgreSQL, so that a row may leave it absent or zero. */
bool desk_may_be_null(const struct pulih_table_row *table, const struct pulih_column *column);

/* How often each row of the life was taken by all steps so far, over all desks. */
extern unsigned desk_taken[PULIH_STATE_N][PULIH_M_N];
/* Fails when a row whose step this stage writes was not taken; `too` is one more step that counts. */
void desk_expect_all_taken(enum pulih_stage stage, enum pulih_m too);

#endif
