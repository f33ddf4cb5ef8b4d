/* Models as versions in the database, as one replica has them: what each source beside this one looks after.
 *
 * versions.c  which versions count, loading them, switching at the moment that the database names
 * drift.c     how axes are decided under a version
 * shadow.c    what a version that looks on would have said
 *
 * All of it on the worker's thread.
 */
#ifndef PULIH_CLASSIFICATION_LEARNING_H
#define PULIH_CLASSIFICATION_LEARNING_H

#include "pulih/core/drift.h"
#include "pulih/core/models.h"
#include "pulih/host/stage.h"
#include "services/classification/statements.h"

extern const struct pulih_learning classification_learning;

enum { HELD_MAX = 4 * PULIH_AXIS_N, USES_MAX = 2 * PULIH_AXIS_N, SHADOW_WAITING_MAX = 32, PAIRS_MAX = 256 };

/* What the database says of an axis; versions of 0: none. */
struct axis_versions {
    bool known; /* it has a row */
    int32_t before, live, shadow;
    int64_t at_us;   /* before until then, from then on live */
    int32_t judging; /* in force here */
    int32_t told_late;
};

/* A version in memory, or one that cannot be used. */
struct held {
    int32_t version;
    struct pulih_voting_model voter; /* model NULL: not usable */
    int64_t retry_us;                /* then: when to try again, monotonic */
};

/* Judgements of an axis under a version, not told to the database yet. */
struct use {
    enum pulih_axis axis;
    int32_t version;
    int64_t n[PULIH_DRIFT_VALUES_MAX], confidence[PULIH_DRIFT_VALUES_MAX];
};

/* A complaint that the shadows have not judged yet. */
struct waiting {
    int64_t number;
    int16_t decided[PULIH_AXIS_N];
    struct pulih_buf story;
};

/* How often a shadow said one word where the live model said another, or the same. */
struct pair {
    enum pulih_axis axis;
    int32_t shadow, live;
    uint16_t live_word, shadow_word;
    int64_t n;
    int64_t example; /* number of the last such complaint */
};

struct learning {
    struct axis_versions axes[PULIH_AXIS_N];
    struct held held[HELD_MAX];
    size_t n_held;
    int32_t loading; /* version that is being read; 0: none */
    int32_t loaded_chunks;
    struct pulih_buf bytes;     /* of it, so far */
    bool ready;                 /* what was live at the first look is loaded, as far as it can be */
    int64_t looked_us;          /* monotonic */
    int64_t told_us;            /* counts were told to the database, monotonic */
    struct pulih_models models; /* that count now; those of the policy and of `held`, owned there */
    uint64_t tied_serial;       /* of the policy whose words `held` goes by */
    uint64_t mixed_serial;      /* of the policy that they were made with; 0: a version was switched since */
    struct pulih_buf said;      /* what the row of this replica says */
    struct use uses[USES_MAX];
    size_t n_uses;
    struct waiting waiting[SHADOW_WAITING_MAX];
    size_t n_waiting;
    struct pair pairs[PAIRS_MAX];
    size_t n_pairs;
    struct pulih_judgement judgement; /* of the complaint that a shadow judges */
};

/* The statement's index on this worker's connection. */
static inline size_t classification_statement(const struct pulih_worker *w, enum classification_statement s)
{
    return pulih_worker_own(w) + s;
}

/* --- versions.c ----------------------------------------------------------------------------------------- */

/* Reads what counts. */
enum pulih_db_end versions_look(struct pulih_worker *w, struct learning *l);
/* Reads a part of a version that is wanted and not there; *ret_more: there is more to read. */
enum pulih_db_end versions_load(struct pulih_worker *w, struct learning *l, bool *ret_more);
/* Switches where the moment has come and the version is there. */
void versions_settle(struct learning *l, struct pulih_metrics *metrics, int64_t now_us);
/* When the next switch is to be made; INT64_MAX: none is ahead. */
int64_t versions_next_us(const struct learning *l, int64_t now_us);
/* Puts what judges here into the row of this replica, where that has changed. */
enum pulih_db_end versions_say(struct pulih_worker *w, struct learning *l);
/* The model of a version, NULL where it is not loaded or of another axis. */
const struct pulih_voting_model *versions_find(const struct learning *l, int32_t version,
                                               enum pulih_axis axis);
/* Another policy is in force: what is loaded goes by its words. */
void versions_tie_again(struct learning *l, const struct pulih_vocabulary *known);
void versions_free(struct learning *l);

/* --- drift.c -------------------------------------------------------------------------------------------- */

void drift_count(struct learning *l, const struct pulih_row_classification *row);
/* Adds the counts to those of the database, and shows what they say on the whole. */
enum pulih_db_end drift_tell(struct pulih_worker *w, struct learning *l);

/* --- shadow.c ------------------------------------------------------------------------------------------- */

/* Notes a complaint for the shadows; when as many wait as there is room for, it is skipped. */
void shadow_note(struct learning *l, struct pulih_metrics *metrics, const struct pulih_item *item,
                 const struct pulih_row_classification *row);
/* Has the shadows judge for about a millisecond, at least one complaint. */
void shadow_judge(struct learning *l, struct pulih_metrics *metrics, const struct pulih_policy *policy);
enum pulih_db_end shadow_tell(struct pulih_worker *w, struct learning *l);

#endif
