#include <endian.h>

#include "services/common/core/memo.h"
#include "services/common/core/rules_table.h"
#include "services/common/core/rules_words.h"

enum {
    HITS_MAX = 4096, /* phrases of rules with conditions that are remembered in one text */
    /* words from the beginning of one phrase to that of another, beyond which they are no neighbours */
    REACH_MAX = PULIH_WITHIN_MAX + PULIH_PHRASE_WORDS_MAX * (1 + PULIH_GAP),
    NO_HIT = UINT16_MAX,
    AHEAD = 6, /* words */
};

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

/* What a phrase may have for a second, by the word after the one looked at: no second, any, how it begins,
 * how its standard word begins. */
struct next {
    uint8_t any, word, standard;
    uint32_t seconds; /* bits of these, and that of no second */
};

static const struct next end_of_sentence = {PULIH_NO_SECOND, PULIH_NO_SECOND, PULIH_NO_SECOND,
                                            UINT32_C(1) << PULIH_NO_SECOND};

struct pass {
    const struct pulih_rules *rules;
    struct pulih_text *text;
    struct next next;
    uint64_t met[(PULIH_RULES_MAX + 63) / 64]; /* bit n: meetings[n] is filled */
    size_t n_hits;
    struct hit hits[HITS_MAX];
    struct meeting meetings[PULIH_RULES_MAX];
    /* Of a word that is not kept: */
    _Alignas(struct pulih_rule_words) unsigned char unkept[sizeof(struct pulih_rule_words) +
                                                           PULIH_RULE_STARTS_MAX *
                                                               sizeof(struct pulih_rule_starts)];
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
    return token->standard ? pulih_rules_standard(rules, token->standard - 1u) : (struct pulih_view){0};
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

static struct meeting *meeting_of(struct pass *p, size_t rule)
{
    uint64_t *word = &p->met[rule / 64], bit = UINT64_C(1) << rule % 64;

    if (!(*word & bit))
        p->meetings[rule] = (struct meeting){.first_hit = NO_HIT};
    *word |= bit;
    return &p->meetings[rule];
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
    m = meeting_of(p, phrase->rule);
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

/* A bit for each byte that is `c`, and perhaps for some more above such a one. */
static uint64_t same_bytes(uint64_t eight, uint8_t c)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t differ = eight ^ c * ones;

    return (differ - ones) & ~differ & ones << 7;
}

/* A bit in the byte of each phrase from number `first` on that may be met here. */
static uint64_t sift(const struct pass *p, size_t first, size_t n)
{
    uint64_t eight, may;

    memcpy(&eight, p->rules->seconds + first, sizeof eight);
    eight = le64toh(eight);
    may = same_bytes(eight, PULIH_NO_SECOND) | same_bytes(eight, p->next.any) |
          same_bytes(eight, p->next.word) | same_bytes(eight, p->next.standard);
    return n < PULIH_RULES_SIFTED ? may & ((UINT64_C(1) << 8 * n) - 1) : may;
}

static void note_starts(struct pass *p, const struct pulih_rule_starts *starts, size_t at)
{
    if (!(starts->seconds & p->next.seconds))
        return;
    for (size_t i = 0; i < starts->n; i += PULIH_RULES_SIFTED)
        for (uint64_t may = sift(p, starts->first + i, starts->n - i); may; may &= may - 1) {
            const struct pulih_rule_phrase *phrase =
                &p->rules->phrases[starts->first + i + (size_t)__builtin_ctzll(may) / 8];
            size_t end = phrase_end(p, phrase, at);

            if (end)
                note_phrase(p, phrase, at, end);
        }
}

/* What the word `token` lets phrases of the word before it have for a second. */
static struct next next_of(const struct pulih_rules *rules, const struct pulih_text *text,
                           const struct pulih_token *token)
{
    struct next next = end_of_sentence;

    if (token->starts)
        return next;
    next.any = PULIH_ANY_SECOND;
    next.word = pulih_rules_second(pulih_token_word(text, token));
    next.standard = token->standard ? pulih_rules_second(standard_of(rules, token)) : next.word;
    next.seconds |= pulih_rules_second_bit(next.any) | pulih_rules_second_bit(next.word) |
                    pulih_rules_second_bit(next.standard);
    return next;
}

/* Has what is read of phrases on the way to the cache. */
static void fetch(const struct pulih_rules *rules, const struct pulih_rule_words *words)
{
    for (size_t i = 0; words && i < words->n; i++) {
        __builtin_prefetch(rules->seconds + words->at[i].first);
        __builtin_prefetch(rules->phrases + words->at[i].first);
    }
}

static const struct pulih_rule_words *words_of(struct pass *p, const void *const *kept, size_t at)
{
    if (kept && kept[at])
        return kept[at];
    pulih_rules_start(p->rules, pulih_token_word(p->text, &p->text->tokens[at]), (void *)p->unkept);
    return (const void *)p->unkept;
}

static void note_tokens(struct pass *p)
{
    const void *const *kept = pulih_memo_open(p->rules->memo, p->text);

    if (kept)
        pulih_memo_find(p->rules->memo, p->text->n_tokens);
    for (size_t at = p->text->n_tokens; at-- > 0;) {
        const struct pulih_rule_words *words = words_of(p, kept, at);

        if (kept && at >= AHEAD)
            fetch(p->rules, kept[at - AHEAD]);
        for (size_t i = 0; i < words->n; i++)
            note_starts(p, &words->at[i], at);
        p->next = next_of(p->rules, p->text, &p->text->tokens[at]);
    }
    if (kept)
        pulih_memo_close(p->rules->memo);
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
    PULIH_UNSET struct pass p;
    size_t n_met = 0;

    p.rules = rules;
    p.text = text;
    p.next = end_of_sentence;
    p.n_hits = 0;
    memset(p.met, 0, sizeof p.met);
    note_tokens(&p);
    for (size_t word = 0; word < PULIH_COUNT(p.met); word++)
        for (uint64_t rest = p.met[word]; rest; rest &= rest - 1) {
            size_t rule = 64 * word + (size_t)__builtin_ctzll(rest);

            if (p.meetings[rule].first_hit != NO_HIT)
                try_conditions(&p, &rules->rules[rule], &p.meetings[rule]);
            if (p.meetings[rule].times)
                met[n_met++] = met_of(&p, rule);
        }
    return n_met;
}
