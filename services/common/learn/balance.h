/* Offsets between labels. A linear model that learned each label against all others gives rare ones too
 * little and vague ones too much; on texts that it did not learn from, that can be seen and made good. */
#ifndef PULIH_LEARN_BALANCE_H
#define PULIH_LEARN_BALANCE_H

#include <stddef.h>
#include <stdint.h>

/* Scores of texts that were held out, `n_labels` of each, and their labels. */
struct pulih_held_out {
    const float *scores;
    const uint32_t *truth;
    size_t n, n_labels;
    const uint8_t *fold; /* of each text; those of fold `without` are left out, -1 is none */
    int without;
};

/* Fills what is to be added to the score of each label, so that accuracy and macro-F1 together are best. */
void pulih_balance(const struct pulih_held_out *held_out, float *offsets);

#endif
