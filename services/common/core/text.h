/* A text as the rules see it: words in small letters, each with its place in the original.
 *
 * Does.     Cuts UTF-8 into words (runs of letters, digits and inner apostrophes; a pictograph is a word of
 *           its own), folds case, accents and look-alike signs, and shortens drawn-out letters: a letter
 *           written three times or more counts once ("bangeeet" is "banget"). A 2 behind three letters or
 *           more doubles the word in Indonesian and is dropped ("muter2" is "muter").
 * Promises. Any bytes are fine: what is no UTF-8 separates words. Nothing is allocated. What lies beyond
 *           PULIH_TOKENS_MAX words, 64 KiB of text or 32 KiB of folded words is not looked at.
 */
#ifndef PULIH_CORE_TEXT_H
#define PULIH_CORE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "pulih/base/bytes.h"

enum {
    PULIH_TOKENS_MAX = 4000,
    PULIH_WORD_MAX_BYTES = 40, /* of the folded form; the rest of a longer word is dropped */
    PULIH_WORDS_MAX_BYTES = 32768,
};

struct pulih_token {
    uint16_t at, len; /* bytes of the original */
    uint16_t word;    /* where the folded form starts in words[] */
    uint8_t word_len;
    bool starts;       /* first word of a sentence: phrases and neighbourhoods end before it */
    bool negates;      /* set by the rules' matcher */
    uint16_t standard; /* set by the rules' matcher: 1 + number of the word it is a spelling of, or 0 */
};

/* About 72 KiB: made for the stack, filled only as far as the text goes. */
struct pulih_text {
    size_t n_tokens;
    size_t n_bytes;      /* of words[] in use */
    size_t shouted;      /* words of four letters or more, all capitals */
    size_t exclamations; /* ! signs */
    struct pulih_token tokens[PULIH_TOKENS_MAX];
    char words[PULIH_WORDS_MAX_BYTES];
};

void pulih_text_read(struct pulih_view utf8, struct pulih_text *ret);

/* The folded form of a token. */
static inline struct pulih_view pulih_token_word(const struct pulih_text *text, const struct pulih_token *t)
{
    return (struct pulih_view){text->words + t->word, t->word_len};
}

#endif
