/* The voters, and the call that asks them all. */
#include "pulih/core/classify.h"

#include "pulih/base/must.h"
#include "pulih/core/policy.h"
#include "services/common/core/derive.h"
#include "services/common/core/rules.h"
#include "services/common/core/tally.h"
#include "services/common/core/text.h"

enum { PULIH_WORDS_0 = -1 }; /* the column `words` of a score */

const struct pulih_axis_row pulih_axes[PULIH_AXIS_N] = {
#define AXIS(name, kind, words, doc) {#name, PULIH_AXIS_IS_##kind, PULIH_WORDS_##words, doc},
#include "pulih/tbl/axes.tbl.h"
};

/* What the voters share about one complaint. */
struct hearing {
    const struct pulih_policy *policy;
    const struct pulih_classify_facts *facts;
    struct pulih_tally *tally;
    size_t n_met;
    struct pulih_met met[PULIH_RULES_MAX]; /* rules that the story met */
    struct pulih_text text;                /* the story */
};

static void cast(struct hearing *h, enum pulih_axis axis, int value, int weight, const char *rule)
{
    pulih_tally_cast(
        h->tally,
        (struct pulih_vote){.axis = (uint8_t)axis, .value = (uint16_t)value, .weight = weight, .rule = rule});
}

/* --- rules --------------------------------------------------------------------------------------- */

/* Axes on which the wish ("expected outcome") speaks: it tells what the customer is after, not what went
 * wrong. */
static const uint32_t wish_axes = 1u << PULIH_AXIS_motive | 1u << PULIH_AXIS_request_type |
                                  1u << PULIH_AXIS_response_mode | 1u << PULIH_AXIS_gravity |
                                  1u << PULIH_AXIS_anger;

static void cast_rule(struct hearing *h, const struct pulih_met *met, uint32_t axes, bool in_story)
{
    const struct pulih_rule *rule = &h->policy->rules->rules[met->rule];

    for (size_t i = 0; i < rule->n_votes; i++) {
        const struct pulih_rule_vote *vote = &rule->votes[i];

        if (axes >> vote->axis & 1)
            pulih_tally_cast(h->tally, (struct pulih_vote){.axis = vote->axis,
                                                           .value = vote->value,
                                                           .weight = vote->weight * met->times,
                                                           .force = rule->force,
                                                           .veto = rule->veto,
                                                           .rule = rule->id,
                                                           .at = in_story ? met->at : 0,
                                                           .len = in_story ? met->len : 0});
    }
}

/* Language by the votes so far, for rules that hold in one language only; 0 when it is open. */
static uint16_t language_so_far(const struct hearing *h)
{
    const int *sum = h->tally->sum[PULIH_AXIS_language];

    if (h->facts->language)
        return h->facts->language;
    if (sum[PULIH_language_id] == sum[PULIH_language_en])
        return PULIH_language_unknown;
    return sum[PULIH_language_id] > sum[PULIH_language_en] ? PULIH_language_id : PULIH_language_en;
}

static void cast_rules(struct hearing *h, uint32_t axes, bool in_story)
{
    uint16_t language = language_so_far(h);

    for (size_t i = 0; i < h->n_met; i++) {
        const struct pulih_rule *rule = &h->policy->rules->rules[h->met[i].rule];

        if (!rule->language || !language || rule->language == language)
            cast_rule(h, &h->met[i], axes, in_story);
    }
}

static void read_and_match(struct hearing *h, struct pulih_view utf8)
{
    pulih_text_read(utf8, &h->text);
    h->n_met = pulih_rules_match(h->policy->rules, &h->text, h->met);
}

static void vote_by_rules(struct hearing *h)
{
    const uint32_t language = 1u << PULIH_AXIS_language;

    read_and_match(h, h->facts->expected_outcome);
    cast_rules(h, wish_axes, false);
    read_and_match(h, h->facts->story);
    cast_rules(h, language, true);
    cast_rules(h, ~language, true);
}

/* --- facts --------------------------------------------------------------------------------------- */

enum { MANY_CONTACTS = 3, HYPERACTIVE_CONTACTS = 6 };

static void vote_by_channel(struct hearing *h)
{
    static const struct {
        uint16_t channel, formality;
        int weight;
    } rows[] = {
        {PULIH_channel_letter, PULIH_formality_formal, 3},
        {PULIH_channel_email, PULIH_formality_formal, 1},
        {PULIH_channel_chat, PULIH_formality_informal, 1},
        {PULIH_channel_whatsapp, PULIH_formality_informal, 1},
        {PULIH_channel_social, PULIH_formality_informal, 1},
        {PULIH_channel_sms, PULIH_formality_informal, 1},
    };

    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        if (rows[i].channel == h->facts->channel)
            cast(h, PULIH_AXIS_formality, rows[i].formality, rows[i].weight, "fact-channel");
}

static void vote_by_contacts(struct hearing *h)
{
    uint64_t contacts = h->facts->earlier_contacts;

    if (contacts >= 2)
        cast(h, PULIH_AXIS_root_cause, PULIH_root_cause_not_listened, 2, "fact-contacts");
    if (contacts >= MANY_CONTACTS)
        cast(h, PULIH_AXIS_size, PULIH_size_big, 2, "fact-contacts");
    if (contacts >= HYPERACTIVE_CONTACTS)
        cast(h, PULIH_AXIS_complainer, PULIH_complainer_hyperactive, 4, "fact-contacts");
}

/* A claim that nobody may grant alone is a big problem; one beyond some limits may become one. */
static void vote_by_claim(struct hearing *h)
{
    size_t beyond = 0;

    if (!h->facts->claimed_amount)
        return;
    cast(h, PULIH_AXIS_motive, PULIH_motive_restitution, 4, "fact-claim");
    for (size_t i = 0; i < h->policy->n_authority; i++)
        beyond += h->facts->claimed_amount > h->policy->authority[i].limit_minor;
    if (beyond)
        cast(h, PULIH_AXIS_size, PULIH_size_big, beyond == h->policy->n_authority ? 4 : 1, "fact-claim");
}

static void vote_by_facts(struct hearing *h)
{
    const struct pulih_classify_facts *facts = h->facts;

    if (facts->language && facts->language < PULIH_VALUES_MAX)
        pulih_tally_cast(h->tally, (struct pulih_vote){.axis = PULIH_AXIS_language,
                                                       .value = facts->language,
                                                       .weight = PULIH_ENOUGH,
                                                       .force = true,
                                                       .rule = "fact-language"});
    if (facts->reporter == PULIH_reporter_on_behalf)
        cast(h, PULIH_AXIS_complainer, PULIH_complainer_inactive, 4, "fact-reporter");
    else
        cast(h, PULIH_AXIS_complainer, PULIH_complainer_active, 3, "fact-reporter");
    if (facts->has_customer_deadline)
        cast(h, PULIH_AXIS_expression, PULIH_expression_protest, 2, "fact-deadline");
    vote_by_channel(h);
    vote_by_contacts(h);
    vote_by_claim(h);
    /* Somebody came to us and is not content: so much is known of every complaint. */
    cast(h, PULIH_AXIS_response_mode, PULIH_response_mode_voice, 2, "fact-complaint");
    cast(h, PULIH_AXIS_expression, PULIH_expression_dissatisfaction, 1, "fact-complaint");
}

/* --- style --------------------------------------------------------------------------------------- */

/* Capitals and exclamation marks are loud, whatever the words say. */
static void vote_by_style(struct hearing *h)
{
    enum { EACH_SHOUT = 8, SHOUTS_MAX = 32, EACH_MARK = 6, MARKS_MAX = 24, TO_COUNT = 2 };
    int shouts = (int)(h->text.shouted < 100 ? h->text.shouted : 100) * EACH_SHOUT;
    int marks = (int)(h->text.exclamations < 100 ? h->text.exclamations : 100) * EACH_MARK;

    if (h->text.shouted >= TO_COUNT)
        cast(h, PULIH_AXIS_anger, 0, shouts < SHOUTS_MAX ? shouts : SHOUTS_MAX, "style-capitals");
    if (h->text.exclamations >= TO_COUNT)
        cast(h, PULIH_AXIS_anger, 0, marks < MARKS_MAX ? marks : MARKS_MAX, "style-exclamation");
}

/* Another way to judge, say a learned model, is one more line. Rules come first: they read the text. */
static void (*const voters[])(struct hearing *h) = {
    vote_by_rules,
    vote_by_facts,
    vote_by_style,
};

void pulih_classify(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                    struct pulih_classification *ret)
{
    struct pulih_tally tally;
    struct hearing hearing;

    pulih_must(policy->rules);
    hearing.policy = policy;
    hearing.facts = facts;
    hearing.tally = &tally;
    pulih_tally_start(&tally);
    for (size_t i = 0; i < PULIH_COUNT(voters); i++)
        voters[i](&hearing);
    *ret = (struct pulih_classification){0};
    pulih_derive(policy, facts, &tally, ret);
    pulih_tally_explain(&tally, ret);
}
