/* Training: from labelled texts to the bytes of a model.
 *
 * Does.     Support vector machines, one against the rest; the cost is chosen and probabilities calibrated on
 *           texts held out in turn. Small labels weigh more, by the square root of their share.
 * Promises. The same texts in the same order give the same bytes.
 * Fails.    With a line in *why: fewer than two labels, more than PULIH_LABELS_MAX, no name for an axis, or a
 *           favoured label that no text has.
 */
#ifndef PULIH_LEARN_TRAIN_H
#define PULIH_LEARN_TRAIN_H

#include "pulih/learn/corpus.h"

struct pulih_training {
    const char *axis;
    const struct pulih_corpus *texts;
    const struct pulih_corpus *dev; /* scored, not learned from; may be NULL */
    uint32_t rows_max;              /* features kept at most, the weightiest; 0: all */
    /* A label that is worse to miss than to give in vain, so many times as bad: its odds are multiplied by
     * that once probabilities were calibrated. Scores held out in turn are those before. Empty: none. */
    struct pulih_view favoured;
    uint32_t favour;
};

/* Appends the model's bytes. */
bool pulih_train(const struct pulih_training *training, struct pulih_buf *ret, struct pulih_buf *why);

#endif
