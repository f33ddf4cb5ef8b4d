/* The table in which the first words of phrases stand: filled by rules.c, asked by rules_match.c. */
#ifndef PULIH_CORE_RULES_TABLE_H
#define PULIH_CORE_RULES_TABLE_H

#include <string.h>

#include "services/common/core/rules.h"

enum {
    PULIH_RULE_BITS = 4,    /* for each slot */
    PULIH_RULES_SIFTED = 8, /* phrases of a slot that are sifted at once */
};

/* What stands in rules->seconds where it does not tell how a second word begins. */
enum {
    PULIH_NO_SECOND,  /* the phrase has one word */
    PULIH_ANY_SECOND, /* others may stand before the second word, or next to nothing is known of it */
    PULIH_SECONDS,    /* how many of these there are */
};

enum { PULIH_SECOND_BYTES = 3 /* of a second word are looked at */ };

/* Tells most words that begin in another way. */
static inline uint8_t pulih_rules_second(struct pulih_view word)
{
    uint32_t begins = 0;

    for (size_t i = 0; i < word.len && i < PULIH_SECOND_BYTES; i++)
        begins = begins << 8 | (unsigned char)word.at[i];
    begins = begins * UINT32_C(2654435769) >> 24;
    return (uint8_t)(begins < PULIH_SECONDS ? begins + PULIH_SECONDS : begins);
}

static inline uint32_t pulih_rules_second_bit(uint8_t second)
{
    return UINT32_C(1) << second % 32;
}

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

static inline struct pulih_view pulih_rules_standard(const struct pulih_rules *rules, size_t number)
{
    const struct pulih_rule_word *word = &rules->standards[number];

    return (struct pulih_view){rules->words.at + word->text, word->len};
}

#endif
