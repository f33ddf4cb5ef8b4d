/* The table in which the first words of phrases stand: filled by rules.c, asked by rules_match.c. */
#ifndef PULIH_CORE_RULES_TABLE_H
#define PULIH_CORE_RULES_TABLE_H

#include <string.h>

#include "services/common/core/rules.h"

enum {
    PULIH_RULE_BITS = 4,    /* for each slot */
    PULIH_RULES_SIFTED = 8, /* phrases of a slot that are sifted at once */
};

/* What stands in rules->seconds where it is no letter. */
enum {
    PULIH_NO_SECOND = 1,  /* the phrase has one word */
    PULIH_ANY_SECOND = 2, /* others may stand before the second word */
};

/* FNV-1a, a byte at a time so that the hashes of all beginnings of a word come on the way to its own. */
static const uint32_t pulih_rules_hash = 2166136261u;

static inline uint32_t pulih_rules_hash_byte(uint32_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 16777619u;
}

static inline uint32_t pulih_rules_spread(uint32_t hash)
{
    return hash ^ hash >> 15;
}

static inline size_t pulih_rules_bit(const struct pulih_rules *rules, uint32_t hash, bool prefix)
{
    return ((size_t)pulih_rules_spread(hash) << 1 | prefix) & (PULIH_RULE_BITS * rules->n_slots - 1);
}

/* False for most words that have no slot. */
static inline bool pulih_rules_may_have(const struct pulih_rules *rules, uint32_t hash, bool prefix)
{
    size_t bit = pulih_rules_bit(rules, hash, prefix);

    return rules->bits[bit / 32] >> bit % 32 & 1;
}

/* Where the slot of a word is, unless another took the place. */
static inline const struct pulih_rule_slot *pulih_rules_home(const struct pulih_rules *rules, uint32_t hash)
{
    return &rules->slots[pulih_rules_spread(hash) & (rules->n_slots - 1)];
}

/* The slot of a word, or the free one where it belongs. */
static inline struct pulih_rule_slot *pulih_rules_slot(const struct pulih_rules *rules, uint32_t hash,
                                                       const char *text, size_t len, bool prefix)
{
    size_t mask = rules->n_slots - 1;

    for (size_t i = pulih_rules_spread(hash) & mask;; i = (i + 1) & mask) {
        struct pulih_rule_slot *slot = &rules->slots[i];

        if (!slot->word.len || (slot->hash == hash && slot->word.len == len && slot->word.prefix == prefix &&
                                memcmp(rules->words.at + slot->word.text, text, len) == 0))
            return slot;
    }
}

#endif
