/* A text as a learned model sees it: words, pairs of words and pieces of words, as numbers.
 *
 * Does.     Takes the words of a text (case, accents and drawn-out letters are folded), from each the pieces
 *           of 3 to 5 bytes, the gaps beside it included, and from neighbours in a sentence the pair.
 *           Every feature is a hash of 32 bits; two that share one count as one. Digits look alike.
 * Promises. Pure, any bytes are fine, nothing is allocated. Time grows with the length of the text, up to
 *           PULIH_FEATURES_MAX different features; words that come later are not looked at.
 */
#ifndef PULIH_CORE_FEATURES_H
#define PULIH_CORE_FEATURES_H

#include "pulih/base/bytes.h"

enum {
    PULIH_FEATURES_MAX = 8192,
    PULIH_FEATURES_VERSION = 1, /* another one makes other features: models of the old one are refused */
};

enum pulih_feature_kind { PULIH_FEATURE_word, PULIH_FEATURE_pair, PULIH_FEATURE_piece };

struct pulih_feature {
    uint32_t hash;
    uint16_t at, len; /* bytes of the text: the word where it came first */
    uint8_t times;    /* how often, at most 255 */
    uint8_t kind;     /* enum pulih_feature_kind */
    float value;      /* 1 + ln(times); words with pairs, and pieces, are scaled to length 1 */
};

/* About 160 KiB: made for the stack, filled only as far as the text goes. */
struct pulih_features {
    size_t n;
    struct pulih_feature items[PULIH_FEATURES_MAX];
    uint16_t table[2 * PULIH_FEATURES_MAX]; /* by hash: index into items + 1 */
};

void pulih_features_of(struct pulih_view utf8, struct pulih_features *ret);

#endif
