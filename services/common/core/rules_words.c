#include "services/common/core/rules_words.h"

#include "services/common/core/memo.h"
#include "services/common/core/rules_table.h"

enum { KEPT_WORDS = 65536, KEPT_BYTES = 4 * 1024 * 1024 };

/* What is being worked out. */
struct making {
    const struct pulih_rules *rules;
    struct pulih_rule_words *words;
    uint16_t standard; /* 1 + number of the word that this one is a spelling of, or 0 */
};

/* False: no phrase begins so. */
static bool add_form(struct making *m, uint32_t hash, struct pulih_view form, bool prefix)
{
    if (!pulih_rules_may_have(m->rules, hash, prefix))
        return false;
    const struct pulih_rule_slot *slot = pulih_rules_slot(m->rules, hash, form.at, form.len, prefix);
    if (!slot->n)
        return false;
    m->words->at[m->words->n++] = (struct pulih_rule_starts){slot->first, slot->n, slot->seconds};
    if (slot->standard)
        m->standard = slot->standard;
    return true;
}

/* Exact forms may be written with a doubled last letter ("lamaa"); beginnings take any ending anyway. */
static void add_forms(struct making *m, struct pulih_view word)
{
    uint64_t lengths = m->rules->prefix_lengths;
    uint32_t hash = pulih_rules_hash, shorter = pulih_rules_hash;

    for (size_t i = 0; i < word.len; i++) {
        shorter = hash;
        hash = pulih_rules_hash_byte(hash, word.at[i]);
        if (lengths >> (i + 1) & 1)
            add_form(m, hash, (struct pulih_view){word.at, i + 1}, true);
    }
    if (!add_form(m, hash, word, false) && word.len >= 4 && word.at[word.len - 1] == word.at[word.len - 2])
        add_form(m, shorter, (struct pulih_view){word.at, word.len - 1}, false);
}

void pulih_rules_start(const struct pulih_rules *rules, struct pulih_view word, struct pulih_rule_words *ret)
{
    struct making m = {.rules = rules, .words = ret};

    ret->n = 0;
    add_forms(&m, word);
    if (m.standard)
        add_forms(&m, pulih_rules_standard(rules, m.standard - 1u));
}

static size_t make(const void *owner, struct pulih_view word, void *ret)
{
    struct pulih_rule_words *words = ret;

    pulih_rules_start(owner, word, words);
    return sizeof *words + words->n * sizeof *words->at;
}

struct pulih_memo *pulih_rules_memo_new(const struct pulih_rules *rules)
{
    return pulih_memo_new(&(const struct pulih_memo_kind){
        .make = make,
        .owner = rules,
        .note_max_bytes =
            sizeof(struct pulih_rule_words) + PULIH_RULE_STARTS_MAX * sizeof(struct pulih_rule_starts),
        .words_max = KEPT_WORDS,
        .cap_bytes = KEPT_BYTES,
        .fetch_bytes = sizeof(struct pulih_rule_words) + sizeof(struct pulih_rule_starts),
    });
}
