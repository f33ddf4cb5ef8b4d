#include "services/common/core/rules_phrases.h"

#include <libconfig.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "services/common/core/policy_fault.h"

enum { PHRASE_MAX_BYTES = 200, FAMILY_MIN_BYTES = 3, FORM_MAX_BYTES = PULIH_WORD_MAX_BYTES };

#define FAULT(l, at, ...) pulih_policy_fault((l)->why, (at), (l)->path, __VA_ARGS__)

/* --- families of Indonesian words ------------------------------------------------------------------ */

/* Beginnings that leave the word as it is. */
static const char *const plain_beginnings[] = {"", "di", "ter", "ke", "ber", "nge", "menge", "penge"};

/* Beginnings with a nasal, by the first letter; after some the letter itself falls away: kirim, mengirim. */
static const struct {
    const char *letters;
    bool drops;
    const char *beginnings[3];
} nasal_beginnings[] = {
    {"k", true, {"meng", "peng", "ng"}},     {"p", true, {"mem", "pem", "m"}},
    {"t", true, {"men", "pen", "n"}},        {"s", true, {"meny", "peny", "ny"}},
    {"c", true, {"menc", "penc", "ny"}},     {"bfv", false, {"mem", "pem", "nge"}},
    {"djz", false, {"men", "pen", "n"}},     {"aeioughx", false, {"meng", "peng", "ng"}},
    {"lmnrwyq", false, {"me", "pe", "nge"}},
};

/* A phrase whose word number `family` stands for more than one form. */
struct family {
    struct pulih_rule_word words[PULIH_PHRASE_WORDS_MAX];
    size_t n_words, family;
    enum pulih_phrase_role role;
};

static void add_form(struct pulih_rules_loader *l, struct family *f, const char *beginning,
                     struct pulih_view stem)
{
    struct pulih_rule_word *word = &f->words[f->family];

    word->text = (uint32_t)l->rules->words.len;
    word->len = (uint8_t)(strlen(beginning) + stem.len);
    word->prefix = true;
    pulih_buf_add(&l->rules->words, beginning, strlen(beginning));
    pulih_buf_add_view(&l->rules->words, stem);
    pulih_rules_add_phrase(l->rules, (uint16_t)l->rules->n_rules, f->role, f->words, f->n_words);
}

static void add_family(struct pulih_rules_loader *l, struct family *f)
{
    struct pulih_view word = pulih_token_word(&l->text, &l->text.tokens[f->family]);

    for (size_t i = 0; i < PULIH_COUNT(plain_beginnings); i++)
        add_form(l, f, plain_beginnings[i], word);
    for (size_t row = 0; row < PULIH_COUNT(nasal_beginnings); row++) {
        size_t drops = nasal_beginnings[row].drops;

        for (size_t i = 0; i < 3 && strchr(nasal_beginnings[row].letters, *word.at); i++)
            add_form(l, f, nasal_beginnings[row].beginnings[i],
                     (struct pulih_view){word.at + drops, word.len - drops});
    }
}

/* --- phrases ----------------------------------------------------------------------------------------- */

static bool has_gap_before(const struct pulih_rules_loader *l, const char *phrase, size_t word)
{
    const struct pulih_token *last = &l->text.tokens[word - 1];

    return strncmp(phrase + last->at + last->len + strspn(phrase + last->at + last->len, "* "), "...", 3) ==
           0;
}

/* The words of l->text as words of a rule. Returns the number of the one that stands for a family, or how
 * many there are. */
static size_t take_words(struct pulih_rules_loader *l, const char *phrase, struct pulih_rule_word *ret)
{
    size_t family = l->text.n_tokens;

    for (size_t i = 0; i < l->text.n_tokens; i++) {
        const struct pulih_token *t = &l->text.tokens[i];

        ret[i] = (struct pulih_rule_word){.text = (uint32_t)l->rules->words.len,
                                          .len = t->word_len,
                                          .prefix = phrase[t->at + t->len] == '*',
                                          .gap = i && has_gap_before(l, phrase, i)};
        pulih_buf_add_view(&l->rules->words, pulih_token_word(&l->text, t));
        if (t->at && phrase[t->at - 1] == '~')
            family = i;
    }
    return family;
}

/* Cuts a text of 1 to `most` words into l->text; NULL is reported. */
static const char *cut(struct pulih_rules_loader *l, config_setting_t *at, size_t most)
{
    const char *text = config_setting_get_string(at);

    if (!text || strlen(text) > PHRASE_MAX_BYTES) {
        FAULT(l, at, "expected a phrase of up to %d bytes", PHRASE_MAX_BYTES);
        return NULL;
    }
    pulih_text_read(pulih_view_of(text), &l->text);
    if (l->text.n_tokens > 0 && l->text.n_tokens <= most)
        return text;
    FAULT(l, at, "\"%s\": expected 1 to %zu words", text, most);
    return NULL;
}

static bool is_family(const struct pulih_rules_loader *l, const char *phrase, size_t family)
{
    struct pulih_view word = pulih_token_word(&l->text, &l->text.tokens[family]);
    const char *tilde = strchr(phrase, '~');
    bool letters = word.len >= FAMILY_MIN_BYTES && word.len + strlen("menge") <= FORM_MAX_BYTES;

    for (size_t i = 0; i < word.len; i++)
        letters = letters && word.at[i] >= 'a' && word.at[i] <= 'z';
    return letters && !strchr(tilde + 1, '~');
}

static void read_phrase(struct pulih_rules_loader *l, config_setting_t *at, enum pulih_phrase_role role)
{
    const char *phrase = cut(l, at, PULIH_PHRASE_WORDS_MAX);
    struct family f = {.role = role, .n_words = l->text.n_tokens};

    if (!phrase)
        return;
    if (l->rules->n_phrases >= PULIH_PHRASES_MAX) {
        FAULT(l, at, "expected up to %d phrases in all rules", PULIH_PHRASES_MAX);
        return;
    }
    f.family = take_words(l, phrase, f.words);
    if (f.family == f.n_words)
        pulih_rules_add_phrase(l->rules, (uint16_t)l->rules->n_rules, role, f.words, f.n_words);
    else if (is_family(l, phrase, f.family))
        add_family(l, &f);
    else
        FAULT(l, at, "\"%s\": expected one ~ before a word of %d to %zu letters a to z", phrase,
              FAMILY_MIN_BYTES, FORM_MAX_BYTES - strlen("menge"));
}

/* All phrases of a list that rules name. */
static void read_list(struct pulih_rules_loader *l, config_setting_t *at, const char *name,
                      enum pulih_phrase_role role)
{
    config_setting_t *list = l->lists ? config_setting_get_member(l->lists, name) : NULL;

    if (!list || config_setting_type(list) != CONFIG_TYPE_ARRAY) {
        FAULT(l, at, "\"@%s\": no such array in lists = { ... };", name);
        return;
    }
    for (int i = 0; i < config_setting_length(list); i++)
        read_phrase(l, config_setting_get_elem(list, (unsigned)i), role);
}

bool pulih_rules_read_phrases(struct pulih_rules_loader *l, config_setting_t *rule, const char *key,
                              enum pulih_phrase_role role)
{
    config_setting_t *member = config_setting_get_member(rule, key);
    int n = member ? config_setting_length(member) : 0;

    if (!member)
        return false;
    if (config_setting_type(member) != CONFIG_TYPE_ARRAY || n == 0) {
        FAULT(l, member, "%s: expected an array of phrases, [\"...\", \"...\"]", key);
        return true;
    }
    for (int i = 0; i < n; i++) {
        config_setting_t *at = config_setting_get_elem(member, (unsigned)i);
        const char *text = config_setting_get_string(at);

        if (text && *text == '@')
            read_list(l, at, text + 1, role);
        else
            read_phrase(l, at, role);
    }
    return true;
}

/* --- spellings --------------------------------------------------------------------------------------- */

static bool take_word(struct pulih_rules_loader *l, config_setting_t *at, struct pulih_rule_word *ret)
{
    const char *text = cut(l, at, 1);

    if (text)
        take_words(l, text, ret);
    return text;
}

static void read_row(struct pulih_rules_loader *l, config_setting_t *row)
{
    struct pulih_rules *rules = l->rules;
    struct pulih_rule_word word;
    int n = config_setting_length(row);

    if (config_setting_type(row) != CONFIG_TYPE_ARRAY || n < 2) {
        FAULT(l, row, "spellings: expected [\"standard\", \"spelling\", ...]");
        return;
    }
    if (!take_word(l, config_setting_get_elem(row, 0), &word))
        return;
    rules->standards =
        pulih_room(rules->standards, rules->n_standards, &rules->standards_cap, sizeof *rules->standards);
    rules->standards[rules->n_standards++] = word;
    for (int i = 1; i < n; i++) {
        config_setting_t *at = config_setting_get_elem(row, (unsigned)i);

        if (take_word(l, at, &word) &&
            !pulih_rules_add_spelling(rules, (uint16_t)(rules->n_standards - 1), &word))
            FAULT(l, at, "spellings: \"%s\" stands for a word already", config_setting_get_string(at));
    }
}

void pulih_rules_read_spellings(struct pulih_rules_loader *l, config_setting_t *spellings)
{
    int n = spellings ? config_setting_length(spellings) : 0;

    if (!spellings)
        return;
    if (config_setting_type(spellings) != CONFIG_TYPE_LIST || n > PULIH_SPELLINGS_MAX) {
        FAULT(l, spellings, "spellings: expected a list of up to %d arrays, ( [ \"tidak\", \"gk\" ], ... )",
              PULIH_SPELLINGS_MAX);
        return;
    }
    for (int i = 0; i < n; i++)
        read_row(l, config_setting_get_elem(spellings, (unsigned)i));
}
