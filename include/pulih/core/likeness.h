/* How alike two texts are, by their words and not by what they mean; and the keys by which they find each
 * other.
 *
 * Does.     Reads a text into a fingerprint of fixed size. Words count as the rules see them: case, accents,
 *           punctuation and drawn-out letters make no difference. Words with digits (order numbers, amounts,
 *           dates), pictographs and words of one or two letters are passed over. What is compared is the set
 *           of words and of pairs of neighbours, so a greeting or a sentence more costs little.
 * Promises. Pure, nothing allocated, any bytes are fine, no language is known here. Time grows with the
 *           length of the text and with nothing else. Two texts of the same set get the same fingerprint in
 *           every version of the program: keys are stored.
 * Source.   MinHash and its bands: Broder, On the resemblance and containment of documents, 1997.
 */
#ifndef PULIH_CORE_LIKENESS_H
#define PULIH_CORE_LIKENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "pulih/base/bytes.h"

enum {
    PULIH_LIKENESS_HASHES = 64,
    PULIH_LIKENESS_BANDS = 4,
    /* Shorter texts are written by everybody: they have no keys, and are alike only when they are equal. */
    PULIH_LIKENESS_WORDS_LEAST = 8,
    /* From this percentage on texts count as similar. Texts of different people about the same kind of matter
     * stay below 50, and are mostly below 10; copies with a few words changed are above 60. */
    PULIH_LIKENESS_SIMILAR = 60,
};

struct pulih_likeness {
    uint32_t words;    /* different ones, about; 0: there is no text */
    uint64_t sequence; /* equal for the same words in the same order */
    uint32_t least[PULIH_LIKENESS_HASHES];
};

void pulih_likeness_read(struct pulih_view utf8, struct pulih_likeness *ret);
/* Whether the text is long enough to have keys. */
bool pulih_likeness_tells(const struct pulih_likeness *l);
/* Key of a band, 0 to PULIH_LIKENESS_BANDS - 1. Texts that have 80 percent in common share one with a
 * probability of 0.94, those with 60 percent with 0.62, those with 10 percent with 0.004. */
int64_t pulih_likeness_key(const struct pulih_likeness *l, int band);
/* What two texts have in common, 0 to 100; 100 for the same words in the same order only. Texts that are too
 * short to tell: 100 or 0. */
int pulih_likeness_percent(const struct pulih_likeness *a, const struct pulih_likeness *b);

#endif
