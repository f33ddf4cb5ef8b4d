/* The learned models that have a vote in classification.
 *
 * Does.     Ties each model to an axis and its labels to the words of that axis.
 * Owns.     The models. Read-only once filled, so threads share it; what is kept of the words met lately has
 *           one of them at a time, and changes no judgement.
 * Fails.    Adding: false and a line in *why, where a model does not fit; it is freed then, too.
 *
 * Labels are the words of the axis; `unknown` (`none`) takes its share of the probability, votes for nothing.
 * On an axis that is a score, labels are numbers from 0 to 100, and the vote is their mean.
 */
#ifndef PULIH_CORE_MODELS_H
#define PULIH_CORE_MODELS_H

#include "pulih/core/classify.h"
#include "pulih/core/model.h"
#include "pulih/core/vocabulary.h"

enum { PULIH_MODELS_MAX = 16, PULIH_MODEL_WORDS_MAX = 101 };

struct pulih_model_index;

struct pulih_voting_model {
    struct pulih_model *model;
    enum pulih_axis axis;
    uint16_t value[PULIH_MODEL_WORDS_MAX]; /* by label: the word's number, or the score */
};

/* All zero has no model. There is room for one of each axis beside those of a policy. */
struct pulih_models {
    size_t n;
    struct pulih_voting_model at[PULIH_MODELS_MAX + PULIH_AXIS_N];
    struct pulih_model_index *index; /* of the rows of all models, for what judges with them together */
};

/* `known`: the words that labels may be; NULL: the closed lists alone. */
bool pulih_models_add(struct pulih_models *models, struct pulih_model *model,
                      const struct pulih_vocabulary *known, struct pulih_buf *why);
/* Ties its labels to other words: a label that is none of them votes for nothing from then on. Returns how
 * many there are; with the first of them in *ret_first. */
size_t pulih_models_tie_again(struct pulih_voting_model *voter, const struct pulih_vocabulary *known,
                              struct pulih_view *ret_first);
/* Another set for the same policy: starts with the models of `base`, which stay their owners', and without an
 * index. */
void pulih_models_borrow(struct pulih_models *ret, const struct pulih_models *base);
/* Has a model vote in the place of all others on its axis. It stays its owner's. */
void pulih_models_put(struct pulih_models *models, const struct pulih_voting_model *voter);
/* Makes the index of what was added, or borrowed and put, anew: without it nothing judges. False with a line
 * in *why: they are too many, or do not fit together. */
bool pulih_models_join(struct pulih_models *models, struct pulih_buf *why);
/* Ends what borrowed: the models stay. */
void pulih_models_give_back(struct pulih_models *models);
void pulih_models_free(struct pulih_models *models);

#endif
