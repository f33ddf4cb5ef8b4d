#include "services/common/core/rules.h"

#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"

enum {
    HITS_MAX = 4096, /* phrases of rules with conditions that are remembered in one text */
    /* words from the beginning of one phrase to that of another, beyond which they are no neighbours */
    REACH_MAX = PULIH_WITHIN_MAX + PULIH_PHRASE_WORDS_MAX * (1 + PULIH_GAP),
    NO_RULE = UINT16_MAX,
    NO_HIT = UINT16_MAX,
};

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

/* FNV-1a, a byte at a time so that the hashes of all beginnings of a word come on the way to its own. */
static const uint32_t hash_start = 2166136261u;

static uint32_t hash_byte(uint32_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 16777619u;
}

static uint32_t hash_word(const char *text, size_t len)
{
    uint32_t hash = hash_start;

    for (size_t i = 0; i < len; i++)
        hash = hash_byte(hash, text[i]);
    return hash;
}

/* The slot of a word, or the free one where it belongs. */
static struct pulih_rule_slot *slot_of(const struct pulih_rules *rules, uint32_t hash, const char *text,
                                       size_t len, bool prefix)
{
    size_t mask = rules->n_slots - 1;

    for (size_t i = (hash ^ (hash >> 15)) & mask;; i = (i + 1) & mask) {
        struct pulih_rule_slot *slot = &rules->slots[i];

        if (!slot->word.len || (slot->hash == hash && slot->word.len == len && slot->word.prefix == prefix &&
                                memcmp(rules->words.at + slot->word.text, text, len) == 0))
            return slot;
    }
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
    struct pulih_rule_slot *slot = slot_of(rules, hash, text, word->len, word->prefix);

    slot->hash = hash;
    slot->word = *word;
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

void pulih_rules_compile(struct pulih_rules *rules)
{
    struct pulih_rule_phrase *sorted;
    uint32_t first = 0;

    add_negators(rules);
    for (rules->n_slots = 64; rules->n_slots < 2 * rules->n_phrases;)
        rules->n_slots *= 2;
    rules->slots = calloc(rules->n_slots, sizeof *rules->slots);
    sorted = calloc(rules->n_phrases, sizeof *sorted);
    if (!rules->slots || !sorted)
        pulih_out_of_memory();
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
    for (size_t i = 0; i < rules->n_phrases; i++) {
        struct pulih_rule_slot *slot = home_of(rules, &rules->phrases[i]);

        sorted[slot->first + slot->n++] = rules->phrases[i];
    }
    free(rules->phrases);
    rules->phrases = sorted;
}

/* --- the pass ------------------------------------------------------------------------------------ */

/* The pass runs from the end of the text, so that it knows of all words after one whether they are spellings
 * of others. */

/* Where a phrase of a rule with conditions stands: words from `from` up to but not including `to`. */
struct hit {
    uint16_t from, to;
    uint16_t next; /* hit of the same rule, or NO_HIT */
    uint8_t role;
};

/* What the pass knows of a rule. */
struct meeting {
    uint16_t times;
    uint16_t from, to;  /* first occurrence that counts */
    uint16_t last;      /* where the one counted last stands */
    uint16_t first_hit; /* rules with conditions: the first hit in the text */
};

struct pass {
    const struct pulih_rules *rules;
    struct pulih_text *text;
    size_t n_hits;
    struct hit hits[HITS_MAX];
    struct meeting meetings[PULIH_RULES_MAX];
};

static bool has_conditions(const struct pulih_rule *rule)
{
    return rule->has_near || rule->has_not || rule->negation != PULIH_NEGATION_ignore;
}

static bool is_word(const struct pulih_rules *rules, const struct pulih_rule_word *word,
                    struct pulih_view form)
{
    bool doubled = form.len >= 4 && form.at[form.len - 1] == form.at[form.len - 2];

    if (form.len < word->len || memcmp(rules->words.at + word->text, form.at, word->len) != 0)
        return false;
    return word->prefix || form.len == word->len || (doubled && form.len == (size_t)word->len + 1);
}

/* The standard word that a token is a spelling of; empty when it is none. */
static struct pulih_view standard_of(const struct pulih_rules *rules, const struct pulih_token *token)
{
    const struct pulih_rule_word *word;

    if (!token->standard)
        return (struct pulih_view){0};
    word = &rules->standards[token->standard - 1];
    return (struct pulih_view){rules->words.at + word->text, word->len};
}

static bool fits(const struct pass *p, const struct pulih_rule_word *word, const struct pulih_token *token)
{
    return is_word(p->rules, word, pulih_token_word(p->text, token)) ||
           (token->standard && is_word(p->rules, word, standard_of(p->rules, token)));
}

/* Do the words after the first stand there too, in the same sentence? Returns where the phrase ends, or 0. */
static size_t phrase_end(const struct pass *p, const struct pulih_rule_phrase *phrase, size_t at)
{
    const struct pulih_rule_word *words = &p->rules->rule_words[phrase->first];
    const struct pulih_text *text = p->text;
    size_t next = at + 1;

    for (size_t i = 1; i < phrase->n_words; i++) {
        size_t last = next + (words[i].gap ? PULIH_GAP : 0);

        while (next < text->n_tokens && !text->tokens[next].starts && next < last &&
               !fits(p, &words[i], &text->tokens[next]))
            next++;
        if (next >= text->n_tokens || text->tokens[next].starts || !fits(p, &words[i], &text->tokens[next]))
            return 0;
        next++;
    }
    return next;
}

/* What several phrases of a rule meet at one place counts once. */
static void count(struct meeting *m, const struct pulih_rule *rule, size_t from, size_t to)
{
    if (m->times && m->last == from)
        return;
    m->last = (uint16_t)from;
    if (m->times == 0 || from < m->from) {
        m->from = (uint16_t)from;
        m->to = (uint16_t)to;
    }
    if (m->times < rule->times)
        m->times++;
}

static void note_phrase(struct pass *p, const struct pulih_rule_phrase *phrase, size_t at, size_t end)
{
    struct meeting *m;

    if (phrase->role == PULIH_PHRASE_negator) {
        p->text->tokens[at].negates = true;
        return;
    }
    if (phrase->role == PULIH_PHRASE_spelling) {
        p->text->tokens[at].standard = (uint16_t)(phrase->rule + 1);
        return;
    }
    m = &p->meetings[phrase->rule];
    if (!has_conditions(&p->rules->rules[phrase->rule])) {
        count(m, &p->rules->rules[phrase->rule], at, end);
        return;
    }
    if (p->n_hits == HITS_MAX)
        return;
    p->hits[p->n_hits] =
        (struct hit){.from = (uint16_t)at, .to = (uint16_t)end, .next = m->first_hit, .role = phrase->role};
    m->first_hit = (uint16_t)p->n_hits++;
}

static bool note_slot(struct pass *p, uint32_t hash, const char *word, size_t len, bool prefix, size_t at)
{
    const struct pulih_rule_slot *slot = slot_of(p->rules, hash, word, len, prefix);

    if (!slot->word.len)
        return false;
    for (uint32_t i = slot->first; i < slot->first + slot->n; i++) {
        size_t end = phrase_end(p, &p->rules->phrases[i], at);
        if (end)
            note_phrase(p, &p->rules->phrases[i], at, end);
    }
    return true;
}

/* Exact forms may be written with a doubled last letter ("lamaa"); beginnings take any ending anyway. */
static void note_form(struct pass *p, struct pulih_view word, size_t at)
{
    uint64_t lengths = p->rules->prefix_lengths;
    uint32_t hash = hash_start, shorter = hash_start;

    for (size_t i = 0; i < word.len; i++) {
        shorter = hash;
        hash = hash_byte(hash, word.at[i]);
        if (lengths >> (i + 1) & 1)
            note_slot(p, hash, word.at, i + 1, true, at);
    }
    if (!note_slot(p, hash, word.at, word.len, false, at) && word.len >= 4 &&
        word.at[word.len - 1] == word.at[word.len - 2])
        note_slot(p, shorter, word.at, word.len - 1, false, at);
}

static void note_token(struct pass *p, size_t at)
{
    const struct pulih_token *token = &p->text->tokens[at];

    note_form(p, pulih_token_word(p->text, token), at);
    if (token->standard)
        note_form(p, standard_of(p->rules, token), at);
}

/* --- conditions ---------------------------------------------------------------------------------- */

static bool is_negated(const struct pulih_text *text, const struct hit *hit)
{
    for (size_t at = hit->from, n = 0; at > 0 && n < PULIH_NEGATION_REACH && !text->tokens[at].starts; n++)
        if (text->tokens[--at].negates)
            return true;
    return false;
}

/* Words from one hit to the other, or more than PULIH_WITHIN_MAX when a sentence ends between them. */
static size_t words_between(const struct pulih_text *text, const struct hit *a, const struct hit *b)
{
    const struct hit *left = a->from <= b->from ? a : b, *right = left == a ? b : a;
    size_t n = right->from > left->to ? (size_t)(right->from - left->to) : 0;

    if (n > PULIH_WITHIN_MAX)
        return n;
    for (size_t at = (size_t)left->from + 1; at <= right->from; at++)
        if (text->tokens[at].starts)
            return PULIH_WITHIN_MAX + 1;
    return n;
}

/* Hits of a rule stand in the order of the text, so what is too far behind one is too far behind the next:
 * *near_by moves along with them. */
static bool has_neighbour(const struct pass *p, const struct pulih_rule *rule, const struct hit *hit,
                          uint16_t *near_by, enum pulih_phrase_role role)
{
    uint16_t i = *near_by;

    while (p->hits[i].from < hit->from && hit->from - p->hits[i].from > REACH_MAX)
        i = p->hits[i].next;
    for (*near_by = i; i != NO_HIT && p->hits[i].from <= hit->to + REACH_MAX; i = p->hits[i].next)
        if (p->hits[i].role == role && words_between(p->text, hit, &p->hits[i]) <= rule->within)
            return true;
    return false;
}

static bool holds(const struct pass *p, const struct pulih_rule *rule, const struct hit *hit,
                  uint16_t *near_by)
{
    if (rule->negation != PULIH_NEGATION_ignore &&
        is_negated(p->text, hit) != (rule->negation == PULIH_NEGATION_need))
        return false;
    if (rule->has_near && !has_neighbour(p, rule, hit, near_by, PULIH_PHRASE_near))
        return false;
    return !rule->has_not || !has_neighbour(p, rule, hit, near_by, PULIH_PHRASE_not);
}

static void try_conditions(const struct pass *p, const struct pulih_rule *rule, struct meeting *m)
{
    uint16_t near_by = m->first_hit;

    for (uint16_t i = m->first_hit; i != NO_HIT; i = p->hits[i].next)
        if (p->hits[i].role == PULIH_PHRASE_any && holds(p, rule, &p->hits[i], &near_by))
            count(m, rule, p->hits[i].from, p->hits[i].to);
}

static struct pulih_met met_of(const struct pass *p, size_t rule)
{
    const struct meeting *m = &p->meetings[rule];
    const struct pulih_token *first = &p->text->tokens[m->from], *last = &p->text->tokens[m->to - 1];

    return (struct pulih_met){.rule = (uint16_t)rule,
                              .times = m->times,
                              .at = first->at,
                              .len = (uint16_t)(last->at + last->len - first->at)};
}

size_t pulih_rules_match(const struct pulih_rules *rules, struct pulih_text *text,
                         struct pulih_met met[PULIH_RULES_MAX])
{
    struct pass p;
    size_t n_met = 0;

    p.rules = rules;
    p.text = text;
    p.n_hits = 0;
    for (size_t i = 0; i < rules->n_rules; i++)
        p.meetings[i] = (struct meeting){.first_hit = NO_HIT};
    for (size_t at = text->n_tokens; at > 0;)
        note_token(&p, --at);
    for (size_t i = 0; i < rules->n_rules; i++) {
        if (p.meetings[i].first_hit != NO_HIT)
            try_conditions(&p, &rules->rules[i], &p.meetings[i]);
        if (p.meetings[i].times)
            met[n_met++] = met_of(&p, i);
    }
    return n_met;
}
