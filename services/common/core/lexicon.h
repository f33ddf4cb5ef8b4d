/* What the models of an index say of single words, kept for those that were met lately.
 *
 * Does.     A word brings the same pieces into every text, so what the models make of them is added up once
 *           for the word, and texts are added up from their words. The words of real texts are mostly the
 *           same few thousand.
 * Promises. What is said of a word does not depend on what was met before: it is added up in the same way,
 *           kept or not. Bounded by PULIH_LEXICON_BYTES; nothing is allocated after it was made.
 * Threads.  One at a time has the use of what is kept; others go without meanwhile, which is only slower.
 */
#ifndef PULIH_CORE_LEXICON_H
#define PULIH_CORE_LEXICON_H

#include "services/common/core/memo.h"
#include "services/common/core/model_impl.h"
#include "services/common/core/word_features.h"

enum {
    PULIH_LEXICON_BYTES = 14 * 1024 * 1024,
    PULIH_LEXICON_WORDS = 65536,
};

/* All of a word lies side by side: what takes time is to reach it. */
struct pulih_lexicon_word {
    uint64_t key; /* for pairs */
    uint32_t id;  /* of the word as a whole */
    uint8_t n_pieces;
    uint8_t known[PULIH_MODELS_MAX]; /* how many of its features, by each model */
    float lanes[]; /* of the word as a whole, as many of its pieces, and the pieces behind them */
};

/* The identities of its pieces. */
static inline const uint32_t *pulih_lexicon_pieces(const struct pulih_model_index *index,
                                                   const struct pulih_lexicon_word *word)
{
    return (const void *)(word->lanes + 2 * index->n_lanes);
}

struct pulih_memo *pulih_lexicon_new(const struct pulih_model_index *index);

/* The words of one text. About 15 KiB: made for the stack. */
struct pulih_lexicon_reader {
    const struct pulih_model_index *index;
    const struct pulih_text *text;
    const void *const *kept; /* words of the text; NULL: another thread has the use of the lexicon */
    size_t n_found;          /* of these */
    /* One that is not kept: */
    _Alignas(PULIH_LINE_BYTES) unsigned char unkept[sizeof(struct pulih_lexicon_word) +
                                                    2 * PULIH_LANES_MAX * sizeof(float) +
                                                    PULIH_WORD_PIECES_MAX * sizeof(uint32_t)];
};

void pulih_lexicon_open(struct pulih_lexicon_reader *r, const struct pulih_model_index *index,
                        const struct pulih_text *text);
/* Of `nth`, the number of a word, what is returned stands until the next is asked for. */
const struct pulih_lexicon_word *pulih_lexicon_get(struct pulih_lexicon_reader *r, size_t nth);
void pulih_lexicon_close(struct pulih_lexicon_reader *r);

#endif
