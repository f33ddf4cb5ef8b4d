/* What comes more than once in a text.
 *
 * Promises. Nothing is allocated. Each takes as long as any other, however they were chosen: what is too far
 *           from its place counts as new each time.
 */
#ifndef PULIH_CORE_REPEATS_H
#define PULIH_CORE_REPEATS_H

#include "pulih/core/features.h"
#include "services/common/core/word_features.h"

enum { PULIH_REPEATS_PLACES = 2 * PULIH_FEATURES_MAX, PULIH_NO_PLACE = UINT16_MAX };

/* About 112 KiB: made for the stack, filled only as far as the text goes. */
struct pulih_repeats {
    unsigned shift;                        /* of a spread identity: leaves its place */
    size_t n;                              /* that came, all counted */
    size_t n_again;                        /* of these, that had come before */
    size_t n_repeated;                     /* of those that came more than once, each counted once: */
    uint16_t repeated[PULIH_FEATURES_MAX]; /* their places */
    uint32_t ids[PULIH_REPEATS_PLACES];    /* 0: free */
    uint16_t again[PULIH_REPEATS_PLACES];  /* how often after the first time */
};

/* At most `may_come` are going to be different; more than PULIH_FEATURES_MAX must not be. */
void pulih_repeats_start(struct pulih_repeats *r, size_t may_come);
/* Counts the identities of a word's pieces, which are not 0: at most PULIH_WORD_PIECES_MAX. */
void pulih_repeats_count(struct pulih_repeats *r, const uint32_t *ids, size_t n);
/* Counts one. Returns its place, or PULIH_NO_PLACE when it has come before or there is no place for it. */
uint16_t pulih_repeats_count_one(struct pulih_repeats *r, uint32_t id);

#endif
