/* The compiled rules of a policy, and the one pass that meets them in a text.
 *
 *   token ──hash──► bit ──► slot: a word or the beginning of one ──► phrases that start so ──► rule
 *
 * Does.     Every phrase of every rule hangs on its first word. For each word of the text the exact form and
 *           the beginnings of the lengths in use are looked up in one hash table, or were lately and are
 *           kept; each phrase found there is compared with the words that follow. A word that is another
 *           spelling of a standard word (gk: tidak) is taken for both. Conditions (near, not, negation) are
 *           tried afterwards, and only for rules that were met.
 * Promises. Time grows with the length of the text and the phrases met, not with the number of rules.
 */
#ifndef PULIH_CORE_RULES_H
#define PULIH_CORE_RULES_H

#include "pulih/core/classify.h"
#include "services/common/core/text.h"

enum {
    PULIH_RULES_MAX = 1000,
    PULIH_RULE_VOTES_MAX = 6,
    PULIH_PHRASE_WORDS_MAX = 6,
    PULIH_GAP = 3, /* words that "..." in a phrase may stand for, at most */
    PULIH_PHRASES_MAX = 20000,
    PULIH_WITHIN_MAX = 20,
    PULIH_WITHIN = 5,         /* words between a rule's word and its `near` or `not`, when not said */
    PULIH_NEGATION_REACH = 3, /* words over which a negation acts */
    PULIH_SPELLINGS_MAX = 2000,
};

enum pulih_negation {
    PULIH_NEGATION_ignore, /* counts, negated or not */
    PULIH_NEGATION_drop,   /* does not count when negated: "tidak rusak" */
    PULIH_NEGATION_need,   /* counts only when negated: "kurang ramah" */
};

struct pulih_rule_vote {
    uint8_t axis;
    uint16_t value; /* 0 for scores */
    int16_t weight;
};

struct pulih_rule {
    char id[24];
    uint8_t n_votes;
    struct pulih_rule_vote votes[PULIH_RULE_VOTES_MAX];
    uint8_t negation; /* enum pulih_negation */
    uint8_t within;
    uint16_t language; /* only for texts in it; 0: any */
    uint16_t times;    /* how many occurrences count */
    bool force, veto;
    bool has_near, has_not;
};

enum pulih_phrase_role {
    PULIH_PHRASE_any,
    PULIH_PHRASE_near,
    PULIH_PHRASE_not,
    PULIH_PHRASE_negator,
    PULIH_PHRASE_spelling, /* another way to write the standard word number `rule` */
};

struct pulih_rule_word {
    uint32_t text; /* in rules->words */
    uint8_t len;
    bool prefix; /* the beginning of a word: written with a trailing * */
    bool gap;    /* up to PULIH_GAP other words may stand before it */
};

struct pulih_rule_phrase {
    uint16_t rule;
    uint8_t role;
    uint8_t n_words;
    uint32_t first; /* in rules->rule_words */
};

struct pulih_rule_slot {
    uint32_t hash;
    struct pulih_rule_word word; /* len 0: free */
    uint32_t first, n;           /* in rules->phrases */
    uint32_t seconds;            /* of these, as bits */
    uint16_t standard;           /* 1 + number of the word it is a spelling of, or 0 */
};

struct pulih_rules {
    size_t n_rules, rules_cap;
    struct pulih_rule *rules;
    size_t n_words, words_cap;
    struct pulih_rule_word *rule_words;
    size_t n_standards, standards_cap;
    struct pulih_rule_word *standards; /* words that have other spellings */
    size_t n_phrases, phrases_cap;
    struct pulih_rule_phrase *phrases; /* after compiling: in the order of slots */
    uint8_t *seconds; /* of each phrase there how its second word begins; see rules_table.h */
    size_t n_slots;   /* a power of two, more than the words in it */
    struct pulih_rule_slot *slots;
    uint32_t *bits;          /* by hash: most words that begin no phrase are told by a bit that is not set */
    uint64_t prefix_lengths; /* bit n: some prefix has n bytes */
    struct pulih_buf words;  /* letters of all words */
    struct pulih_memo *memo; /* with what phrases words begin, see rules_words.h */
};

/* A rule that a text met: how often, and where first. */
struct pulih_met {
    uint16_t rule;
    uint16_t times;
    uint16_t at, len; /* bytes of the text */
};

/* Adds a phrase of `n` words. Text of the words lies in rules->words. */
void pulih_rules_add_phrase(struct pulih_rules *rules, uint16_t rule, enum pulih_phrase_role role,
                            const struct pulih_rule_word *words, size_t n);
/* Adds another spelling of rules->standards[standard]. False: it is one already, of this word or another. */
bool pulih_rules_add_spelling(struct pulih_rules *rules, uint16_t standard,
                              const struct pulih_rule_word *word);
/* Adds the words that negate, sorts phrases and fills the table: once, after the last rule. */
void pulih_rules_compile(struct pulih_rules *rules);

/* Fills `met`, a rule once, in the order of rules; returns how many. Marks negations and standard words in
 * `text`. */
size_t pulih_rules_match(const struct pulih_rules *rules, struct pulih_text *text,
                         struct pulih_met met[PULIH_RULES_MAX]);

#endif
