#include <stdlib.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"
#include "services/common/core/rules_table.h"
#include "services/common/core/rules_words.h"

enum { NO_RULE = UINT16_MAX };

static const char *const negators[] = {
    "tidak",  "tdk",     "tak",      "tidaklah", "gak",      "gk",       "ga",        "g",       "nggak",
    "ngga",   "nggk",    "enggak",   "engga",    "kagak",    "kaga",     "ndak",      "nda",     "ora",
    "bukan",  "bkn",     "bukanlah", "belum",    "blm",      "blom",     "blum",      "belom",   "kurang",
    "krg",    "tanpa",   "tiada",    "mustahil", "jauh",     "not",      "no",        "never",   "without",
    "nor",    "neither", "none",     "hardly",   "barely",   "lack",     "lacks",     "lacked",  "lacking",
    "cannot", "cant",    "can't",    "dont",     "don't",    "doesnt",   "doesn't",   "didnt",   "didn't",
    "isnt",   "isn't",   "arent",    "aren't",   "wasnt",    "wasn't",   "werent",    "weren't", "wont",
    "won't",  "couldnt", "couldn't", "wouldnt",  "wouldn't", "shouldnt", "shouldn't", "hasnt",   "hasn't",
    "havent", "haven't", "hadnt",    "hadn't",   "aint",     "ain't",    "nobody",    "nothing",
};

static uint32_t hash_word(const char *text, size_t len)
{
    uint32_t hash = pulih_rules_hash;

    for (size_t i = 0; i < len; i++)
        hash = pulih_rules_hash_byte(hash, text[i]);
    return hash;
}

void pulih_rules_add_phrase(struct pulih_rules *rules, uint16_t rule, enum pulih_phrase_role role,
                            const struct pulih_rule_word *words, size_t n)
{
    pulih_must(n > 0 && n <= PULIH_PHRASE_WORDS_MAX);
    rules->phrases =
        pulih_room(rules->phrases, rules->n_phrases, &rules->phrases_cap, sizeof *rules->phrases);
    rules->phrases[rules->n_phrases++] = (struct pulih_rule_phrase){
        .rule = rule, .role = (uint8_t)role, .n_words = (uint8_t)n, .first = (uint32_t)rules->n_words};
    for (size_t i = 0; i < n; i++) {
        rules->rule_words =
            pulih_room(rules->rule_words, rules->n_words, &rules->words_cap, sizeof *rules->rule_words);
        rules->rule_words[rules->n_words++] = words[i];
    }
}

static void add_negators(struct pulih_rules *rules)
{
    for (size_t i = 0; i < PULIH_COUNT(negators); i++) {
        struct pulih_rule_word word = {.text = (uint32_t)rules->words.len,
                                       .len = (uint8_t)strlen(negators[i])};

        pulih_buf_add(&rules->words, negators[i], word.len);
        pulih_rules_add_phrase(rules, NO_RULE, PULIH_PHRASE_negator, &word, 1);
    }
}

/* The slot of a phrase's first word; a free one is taken. */
static struct pulih_rule_slot *home_of(struct pulih_rules *rules, const struct pulih_rule_phrase *phrase)
{
    const struct pulih_rule_word *word = &rules->rule_words[phrase->first];
    const char *text = rules->words.at + word->text;
    uint32_t hash = hash_word(text, word->len);
    struct pulih_rule_slot *slot = pulih_rules_slot(rules, hash, text, word->len, word->prefix);

    size_t bit = pulih_rules_bit(rules, hash, word->prefix);

    slot->hash = hash;
    slot->word = *word;
    rules->bits[bit / 32] |= UINT32_C(1) << bit % 32;
    return slot;
}

bool pulih_rules_add_spelling(struct pulih_rules *rules, uint16_t standard,
                              const struct pulih_rule_word *word)
{
    const char *text = rules->words.at + word->text;

    for (size_t i = 0; i < rules->n_phrases; i++) {
        const struct pulih_rule_phrase *p = &rules->phrases[i];
        const struct pulih_rule_word *other = &rules->rule_words[p->first];

        if (p->role == PULIH_PHRASE_spelling && other->len == word->len &&
            memcmp(rules->words.at + other->text, text, word->len) == 0)
            return false;
    }
    pulih_rules_add_phrase(rules, standard, PULIH_PHRASE_spelling, word, 1);
    return true;
}

static uint8_t second_of(const struct pulih_rules *rules, const struct pulih_rule_phrase *phrase)
{
    const struct pulih_rule_word *words = &rules->rule_words[phrase->first];

    if (phrase->n_words == 1)
        return PULIH_NO_SECOND;
    if (words[1].gap || (words[1].prefix && words[1].len < PULIH_SECOND_BYTES))
        return PULIH_ANY_SECOND;
    return pulih_rules_second((struct pulih_view){rules->words.at + words[1].text, words[1].len});
}

static void put_phrase(struct pulih_rules *rules, struct pulih_rule_slot *slot,
                       const struct pulih_rule_phrase *phrase, struct pulih_rule_phrase *sorted)
{
    const uint8_t second = second_of(rules, phrase);
    const uint32_t at = slot->first + slot->n++;

    sorted[at] = *phrase;
    rules->seconds[at] = second;
    slot->seconds |= pulih_rules_second_bit(second);
    if (phrase->role == PULIH_PHRASE_spelling)
        slot->standard = (uint16_t)(phrase->rule + 1);
}

void pulih_rules_compile(struct pulih_rules *rules)
{
    struct pulih_rule_phrase *sorted;
    uint32_t first = 0;

    add_negators(rules);
    for (rules->n_slots = 64; rules->n_slots < rules->n_phrases + rules->n_phrases / 8;)
        rules->n_slots *= 2;
    rules->slots = pulih_zeroed(rules->n_slots, sizeof *rules->slots);
    rules->bits = pulih_zeroed(PULIH_RULE_BITS * rules->n_slots / 32, sizeof *rules->bits);
    rules->seconds = pulih_zeroed(rules->n_phrases + PULIH_RULES_SIFTED, 1);
    sorted = pulih_zeroed(rules->n_phrases, sizeof *sorted);
    for (size_t i = 0; i < rules->n_phrases; i++) {
        struct pulih_rule_slot *slot = home_of(rules, &rules->phrases[i]);

        slot->n++;
        if (slot->word.prefix)
            rules->prefix_lengths |= UINT64_C(1) << slot->word.len;
    }
    for (size_t i = 0; i < rules->n_slots; i++) {
        rules->slots[i].first = first;
        first += rules->slots[i].n;
        rules->slots[i].n = 0;
    }
    for (size_t i = 0; i < rules->n_phrases; i++)
        put_phrase(rules, home_of(rules, &rules->phrases[i]), &rules->phrases[i], sorted);
    free(rules->phrases);
    rules->phrases = sorted;
    rules->memo = pulih_rules_memo_new(rules);
}
