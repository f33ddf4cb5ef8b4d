/* The features that a single word brings into any text, and those of pairs, as hashes. */
#ifndef PULIH_CORE_WORD_FEATURES_H
#define PULIH_CORE_WORD_FEATURES_H

#include "services/common/core/text.h"

enum {
    PULIH_WORD_PIECES_MAX = 3 * (PULIH_WORD_MAX_BYTES + 2),
    PULIH_TIMES_MAX = 255, /* what comes more often in a text counts as often as this */
};

struct pulih_word_features {
    uint64_t key;  /* for pairs */
    uint32_t word; /* the word as a whole */
    size_t n_pieces;
    uint32_t pieces[PULIH_WORD_PIECES_MAX];
};

/* `word` is folded, of 1 to PULIH_WORD_MAX_BYTES. */
void pulih_word_features(struct pulih_view word, struct pulih_word_features *ret);
/* By the keys of a word and of the one before it in the sentence. */
uint32_t pulih_pair_feature(uint64_t before, uint64_t key);
/* 1 + ln(times): a word said ten times does not count ten times. */
float pulih_damped(unsigned times);

#endif
