/* pulihctl model: what its parts share; commands that train and evaluate use the corrections, too. */
#ifndef PULIH_CTL_MODEL_H
#define PULIH_CTL_MODEL_H

#include "pulih/core/models.h"
#include "pulih/learn/corpus.h"
#include "services/ctl/ctl.h"

/* A version as the database has it. Shares are in millionths, as in struct pulih_model_about. */
struct pulih_ctl_version {
    int32_t version;
    char axis[PULIH_AXIS_MAX_BYTES + 1];
    char name[24];
    char state[12];
    int32_t texts, accuracy, macro_f1, dev_texts, dev_accuracy, dev_macro_f1, labels, chunks;
    int64_t bytes, imported_us;
    int64_t live_from_us; /* 0: it is not live */
    char actor[65];
    uint8_t digest[PULIH_MODEL_DIGEST], set[PULIH_MODEL_SET];
    int32_t axis_live, axis_shadow, axis_switches; /* of its axis; 0: none */
    int32_t axis_judging;                          /* live at this moment: another switch may be ahead */
};

/* Who does it, for the record: USER, or "operator". */
struct pulih_view pulih_ctl_who(void);

/* Reads a row of the statement `models`. */
void pulih_ctl_version_read(const struct pulih_db *db, size_t call, size_t row,
                            struct pulih_ctl_version *ret);
/* The version that a word of the command line names. False: it was told what is wrong. */
bool pulih_ctl_version_find(const struct pulih_ctl *ctl, struct pulih_db *db, const char *text,
                            struct pulih_ctl_version *ret);
/* Appends its bytes. False: it was told why not. */
bool pulih_ctl_version_bytes(const struct pulih_ctl *ctl, struct pulih_db *db,
                             const struct pulih_ctl_version *version, struct pulih_buf *ret);
/* The model itself, tied to its axis, as the only one in *ret. False: it was told why not. */
bool pulih_ctl_version_load(const struct pulih_ctl *ctl, struct pulih_db *db,
                            const struct pulih_ctl_version *version, struct pulih_models *ret);

/* --- corrections.c ----------------------------------------------------------------------------------- */

/* Adds what people corrected, in the order of time and with the last word on each complaint only: the newest
 * fifth to `newer`, which is to be held out, all else to `older`. As corrections only become more, nobody
 * learned from what is in the newest fifth later. Of an axis, where the text is not erased, of the tenant
 * that --tenant names. The corpora own the texts. False: it was told what is wrong. */
bool pulih_ctl_corrections(const struct pulih_ctl *ctl, struct pulih_db *db, enum pulih_axis axis,
                           struct pulih_corpus *older, struct pulih_corpus *newer);
/* The same with a connection of its own; also false when there are none. */
bool pulih_ctl_read_corrections(const struct pulih_ctl *ctl, const char *axis, struct pulih_corpus *older,
                                struct pulih_corpus *newer);

/* --- model_better.c ---------------------------------------------------------------------------------- */

/* What a candidate and what is live made of the corrections that were held out, each in turn beside the rules
 * and the other models of a policy; and on how many complaints the candidate has looked on. */
struct pulih_ctl_comparison {
    int32_t looked_on, held_out, right, live_right;
};

/* Compares, and tells the numbers. False: it was told what is wrong, and *ret is as far as it came. */
bool pulih_ctl_compare(const struct pulih_ctl *ctl, struct pulih_db *db, const struct pulih_ctl_version *v,
                       const struct pulih_voting_model *candidate, struct pulih_ctl_comparison *ret);
/* Whether it may go live. False: it was told why not. */
bool pulih_ctl_is_better(const struct pulih_ctl *ctl, const struct pulih_ctl_version *v,
                         const struct pulih_ctl_comparison *c);

/* --- the verbs --------------------------------------------------------------------------------------- */

typedef int pulih_ctl_verb_f(const struct pulih_ctl *ctl, struct pulih_db *db);
pulih_ctl_verb_f pulih_ctl_model_import, pulih_ctl_model_export;                          /* model.c */
pulih_ctl_verb_f pulih_ctl_model_list, pulih_ctl_model_show, pulih_ctl_model_compare;     /* model_show.c */
pulih_ctl_verb_f pulih_ctl_model_shadow, pulih_ctl_model_retire, pulih_ctl_model_promote, /* model_switch.c */
    pulih_ctl_model_rollback;

#endif
