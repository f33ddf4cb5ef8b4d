/* With what phrases of the rules a single word may begin. Used by rules_match.c alone. */
#ifndef PULIH_CORE_RULES_WORDS_H
#define PULIH_CORE_RULES_WORDS_H

#include "services/common/core/rules.h"

enum {
    /* Beginnings of a word, the word, and the word without its last letter; the same of its standard word. */
    PULIH_RULE_STARTS_MAX = 2 * (PULIH_WORD_MAX_BYTES + 2),
};

/* Phrases that begin in one way: rules->phrases from `first` on. */
struct pulih_rule_starts {
    uint32_t first, n;
    uint32_t seconds; /* of these, as bits */
};

struct pulih_rule_words {
    size_t n;
    struct pulih_rule_starts at[];
};

struct pulih_memo *pulih_rules_memo_new(const struct pulih_rules *rules);
/* Works out a word that is not kept; *ret has room for PULIH_RULE_STARTS_MAX. */
void pulih_rules_start(const struct pulih_rules *rules, struct pulih_view word, struct pulih_rule_words *ret);

#endif
