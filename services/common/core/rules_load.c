#include "services/common/core/rules_load.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"
#include "pulih/core/vocabulary.h"
#include "services/common/core/memo.h"
#include "services/common/core/policy_fault.h"
#include "services/common/core/rules.h"
#include "services/common/core/rules_phrases.h"

enum { WEIGHT_MAX = 100, TIMES_MAX = 100 };

#define FAULT(l, at, ...) pulih_policy_fault((l)->why, (at), (l)->path, __VA_ARGS__)

static const char *const rule_keys[] = {"id",    "axis",     "value", "weight", "also",
                                        "any",   "near",     "not",   "within", "negation",
                                        "times", "language", "force", "veto",   NULL};
static const char *const vote_keys[] = {"axis", "value", "weight", NULL};
static const char *const negation_words[] = {"ignore", "drop", "need", NULL};

static int index_of(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

/* "a, b, c", for what was expected. */
static void list_words(const char *const *words, struct pulih_buf *out)
{
    for (size_t i = 0; words[i]; i++)
        pulih_buf_addf(out, "%s%s", i ? ", " : "", words[i]);
}

static void check_keys(struct pulih_rules_loader *l, config_setting_t *group, const char *const *keys)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf known = {0};

    list_words(keys, &known);
    for (int i = 0; i < config_setting_length(group); i++) {
        config_setting_t *member = config_setting_get_elem(group, (unsigned)i);

        if (index_of(keys, config_setting_name(member)) < 0)
            FAULT(l, member, "%s: no such key, expected one of %s", config_setting_name(member),
                  pulih_buf_text(&known));
    }
}

/* --- members of a group -------------------------------------------------------------------------- */

/* NULL when it is absent or no text; both are a fault if it must be given, the second always. */
static const char *text_of(struct pulih_rules_loader *l, config_setting_t *group, const char *key, bool must)
{
    config_setting_t *member = config_setting_get_member(group, key);

    if (member && config_setting_type(member) == CONFIG_TYPE_STRING)
        return config_setting_get_string(member);
    if (member)
        FAULT(l, member, "%s: expected a text in quotes", key);
    else if (must)
        FAULT(l, group, "%s: missing", key);
    return NULL;
}

static int integer_of(struct pulih_rules_loader *l, config_setting_t *group, const char *key, int least,
                      int most, int standard)
{
    config_setting_t *member = config_setting_get_member(group, key);
    int value;

    if (!member)
        return standard;
    value = config_setting_get_int(member);
    if (config_setting_type(member) == CONFIG_TYPE_INT && value >= least && value <= most)
        return value;
    FAULT(l, member, "%s: expected an integer from %d to %d", key, least, most);
    return standard;
}

static bool boolean_of(struct pulih_rules_loader *l, config_setting_t *group, const char *key)
{
    config_setting_t *member = config_setting_get_member(group, key);

    if (!member)
        return false;
    if (config_setting_type(member) == CONFIG_TYPE_BOOL)
        return config_setting_get_bool(member);
    FAULT(l, member, "%s: expected true or false", key);
    return false;
}

/* Index of the word that a member holds, 0 when it is absent. */
static int word_of(struct pulih_rules_loader *l, config_setting_t *group, const char *key,
                   const char *const *words)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf known = {0};
    const char *word = text_of(l, group, key, false);
    int i = word ? index_of(words, word) : 0;

    if (i >= 0)
        return i;
    list_words(words, &known);
    FAULT(l, config_setting_get_member(group, key), "%s: \"%s\" is not known, expected one of %s", key, word,
          pulih_buf_text(&known));
    return 0;
}

/* --- votes --------------------------------------------------------------------------------------- */

static int read_axis(struct pulih_rules_loader *l, config_setting_t *group)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf known = {0};
    const char *name = text_of(l, group, "axis", true);
    int axis = name ? pulih_axis_named(pulih_view_of(name)) : -1;

    if (!name || (axis >= 0 && !pulih_axis_is_derived(axis)))
        return axis;
    if (axis >= 0) {
        FAULT(l, config_setting_get_member(group, "axis"),
              "axis: %s follows from the other axes and takes no rules", name);
        return -1;
    }
    for (int i = 0; i < PULIH_AXIS_N; i++)
        if (!pulih_axis_is_derived(i))
            pulih_buf_addf(&known, "%s%s", i ? ", " : "", pulih_axes[i].name);
    FAULT(l, config_setting_get_member(group, "axis"), "axis: \"%s\" is not known, expected one of %s", name,
          pulih_buf_text(&known));
    return -1;
}

static int find_word(struct pulih_rules_loader *l, config_setting_t *at, int axis, const char *name)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf known = {0};
    const enum pulih_words list = (enum pulih_words)pulih_axes[axis].words;
    int number = pulih_vocabulary_number(l->known, list, pulih_view_of(name));

    if (number > 0)
        return number;
    pulih_vocabulary_add(l->known, list, &known);
    FAULT(l, at, "value: \"%s\" is no %s, expected one of %s", name, pulih_axes[axis].name,
          pulih_buf_text(&known));
    return 0;
}

static void read_vote(struct pulih_rules_loader *l, config_setting_t *group, struct pulih_rule *rule)
{
    int axis = read_axis(l, group);
    int weight = integer_of(l, group, "weight", -WEIGHT_MAX, WEIGHT_MAX, 0);
    bool score = axis >= 0 && pulih_axes[axis].kind == PULIH_AXIS_IS_score;
    config_setting_t *value_at = config_setting_get_member(group, "value");
    const char *value = text_of(l, group, "value", axis >= 0 && !score);
    int word = 0;

    if (weight == 0)
        FAULT(l, group, "weight: expected an integer from %d to %d, not 0", -WEIGHT_MAX, WEIGHT_MAX);
    if (score && value_at)
        FAULT(l, value_at, "value: %s is a score and takes none", pulih_axes[axis].name);
    else if (axis >= 0 && value)
        word = find_word(l, value_at, axis, value);
    if (axis >= 0)
        rule->votes[rule->n_votes++] = (struct pulih_rule_vote){
            .axis = (uint8_t)axis, .value = (uint16_t)word, .weight = (int16_t)weight};
}

static void read_votes(struct pulih_rules_loader *l, config_setting_t *group, struct pulih_rule *rule)
{
    config_setting_t *also = config_setting_get_member(group, "also");
    int n = also ? config_setting_length(also) : 0;

    read_vote(l, group, rule);
    if (also && (config_setting_type(also) != CONFIG_TYPE_LIST || n >= PULIH_RULE_VOTES_MAX)) {
        FAULT(l, also, "also: expected a list of up to %d groups", PULIH_RULE_VOTES_MAX - 1);
        return;
    }
    for (int i = 0; i < n; i++) {
        config_setting_t *vote = config_setting_get_elem(also, (unsigned)i);

        if (config_setting_type(vote) != CONFIG_TYPE_GROUP) {
            FAULT(l, vote, "also: expected a group { axis, value, weight }");
            continue;
        }
        check_keys(l, vote, vote_keys);
        read_vote(l, vote, rule);
    }
}

/* --- a rule -------------------------------------------------------------------------------------- */

static void read_id(struct pulih_rules_loader *l, config_setting_t *group, struct pulih_rule *rule)
{
    const char *id = text_of(l, group, "id", true);
    config_setting_t *at = config_setting_get_member(group, "id");

    if (!id)
        return;
    if (!*id || strlen(id) >= sizeof rule->id ||
        id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0') {
        FAULT(l, at, "id: \"%s\": expected 1 to %zu small letters, digits and dashes", id,
              sizeof rule->id - 1);
        return;
    }
    for (size_t i = 0; i < l->rules->n_rules; i++)
        if (strcmp(l->rules->rules[i].id, id) == 0)
            FAULT(l, at, "id: \"%s\" names another rule already, expected one of its own", id);
    memcpy(rule->id, id, strlen(id));
}

static uint16_t read_language(struct pulih_rules_loader *l, config_setting_t *group)
{
    config_setting_t *at = config_setting_get_member(group, "language");
    const char *name = text_of(l, group, "language", false);

    return name ? (uint16_t)find_word(l, at, PULIH_AXIS_language, name) : 0;
}

static void read_rule(struct pulih_rules_loader *l, config_setting_t *group)
{
    struct pulih_rule rule = {0};

    check_keys(l, group, rule_keys);
    read_id(l, group, &rule);
    read_votes(l, group, &rule);
    rule.language = read_language(l, group);
    rule.negation = (uint8_t)word_of(l, group, "negation", negation_words);
    rule.within = (uint8_t)integer_of(l, group, "within", 0, PULIH_WITHIN_MAX, PULIH_WITHIN);
    rule.times = (uint16_t)integer_of(l, group, "times", 1, TIMES_MAX, 1);
    rule.force = boolean_of(l, group, "force");
    rule.veto = boolean_of(l, group, "veto");
    if (rule.force && rule.veto)
        FAULT(l, group, "expected force or veto, not both");
    if (!pulih_rules_read_phrases(l, group, "any", PULIH_PHRASE_any))
        FAULT(l, group, "any: missing");
    rule.has_near = pulih_rules_read_phrases(l, group, "near", PULIH_PHRASE_near);
    rule.has_not = pulih_rules_read_phrases(l, group, "not", PULIH_PHRASE_not);
    if (!rule.has_near && !rule.has_not && config_setting_get_member(group, "within"))
        FAULT(l, group, "within: expected only beside near or not");
    l->rules->rules = pulih_room(l->rules->rules, l->rules->n_rules, &l->rules->rules_cap, sizeof rule);
    l->rules->rules[l->rules->n_rules++] = rule;
}

static void read_rules(struct pulih_rules_loader *l, config_setting_t *rules)
{
    int n = rules ? config_setting_length(rules) : 0;

    if (!rules || config_setting_type(rules) != CONFIG_TYPE_LIST || n == 0 || n > PULIH_RULES_MAX) {
        FAULT(l, rules, "rules: expected a list of 1 to %d groups, ( { id = ... }, ... )", PULIH_RULES_MAX);
        return;
    }
    for (int i = 0; i < n; i++) {
        config_setting_t *group = config_setting_get_elem(rules, (unsigned)i);

        if (config_setting_type(group) == CONFIG_TYPE_GROUP)
            read_rule(l, group);
        else
            FAULT(l, group, "rules: expected a group { id = ...; axis = ...; ... }");
    }
}

struct pulih_rules *pulih_rules_load(config_setting_t *rules, const char *main_path,
                                     const struct pulih_vocabulary *known, struct pulih_buf *why)
{
    struct pulih_rules_loader *l = calloc(1, sizeof *l);
    struct pulih_rules *loaded = calloc(1, sizeof *loaded);
    size_t faults_before = why->len;

    if (!l || !loaded)
        pulih_out_of_memory();
    l->rules = loaded;
    l->path = main_path;
    l->known = known;
    l->why = why;
    if (rules)
        l->lists = config_setting_get_member(config_setting_parent(rules), "lists");
    read_rules(l, rules);
    if (rules)
        pulih_rules_read_spellings(l, config_setting_get_member(config_setting_parent(rules), "spellings"));
    free(l);
    if (why->len != faults_before) {
        pulih_rules_free(loaded);
        return NULL;
    }
    pulih_rules_compile(loaded);
    return loaded;
}

void pulih_rules_free(struct pulih_rules *rules)
{
    if (!rules)
        return;
    free(rules->rules);
    free(rules->rule_words);
    free(rules->standards);
    free(rules->phrases);
    free(rules->seconds);
    free(rules->slots);
    pulih_memo_free(rules->memo);
    free(rules->bits);
    pulih_buf_free(&rules->words);
    free(rules);
}
