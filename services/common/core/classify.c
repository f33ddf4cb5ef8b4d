/* The voters, and the call that asks them all. */
#include "pulih/core/classify.h"

#include <math.h>

#include "pulih/base/must.h"
#include "pulih/core/policy.h"
#include "services/common/core/derive.h"
#include "services/common/core/model_impl.h"
#include "services/common/core/rules.h"
#include "services/common/core/tally.h"
#include "services/common/core/text.h"

enum { PULIH_WORDS_0 = -1 }; /* the column `words` of a score */

const struct pulih_axis_row pulih_axes[PULIH_AXIS_N] = {
#define AXIS(name, kind, words, doc) {#name, PULIH_AXIS_IS_##kind, PULIH_WORDS_##words, doc},
#include "pulih/tbl/axes.tbl.h"
};

int pulih_axis_named(struct pulih_view name)
{
    for (int axis = 0; axis < PULIH_AXIS_N; axis++)
        if (pulih_view_is(name, pulih_axes[axis].name))
            return axis;
    return -1;
}

bool pulih_axis_is_derived(int axis)
{
    return axis == PULIH_AXIS_tier || axis == PULIH_AXIS_priority;
}

/* What the voters share about one complaint. */
struct hearing {
    const struct pulih_policy *policy;
    const struct pulih_classify_facts *facts;
    const struct pulih_models *models;
    struct pulih_tally *tally;
    size_t n_met;
    struct pulih_met met[PULIH_RULES_MAX]; /* rules that the story met */
    struct pulih_text text;                /* the story */
    /* Where there are models: */
    struct pulih_judgement judgements[PULIH_MODELS_MAX]; /* of each model */
    struct pulih_model_tokens tokens;                    /* what the words say for the best of each */
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

static const uint32_t language_axis = 1u << PULIH_AXIS_language;

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

static void vote_by_wish(struct hearing *h)
{
    read_and_match(h, h->facts->expected_outcome);
    cast_rules(h, wish_axes, false);
}

static void vote_by_rules(struct hearing *h)
{
    cast_rules(h, ~language_axis, true);
}

/* --- learned models ------------------------------------------------------------------------------ */

/* The points that a model gives away, or takes: fewer than what settles a word, so that rules which are sure
 * win. A model that knows next to nothing of a text says nothing. */
enum { MODEL_POINTS = 3, REASONS = 3, KNOWN_LEAST = 3 };

struct verdict {
    size_t number; /* of the model */
    const struct pulih_voting_model *voter;
    const char *name;
    const struct pulih_judgement *judgement;
};

/* Each of the words in the text which spoke most for the best label has its share of the points. */
static void cast_reasons(struct hearing *h, const struct verdict *v, uint16_t value, int hundredths)
{
    struct pulih_model_reason reasons[REASONS];
    size_t n = pulih_model_index_reasons(&h->text, &h->tokens, v->number, reasons, REASONS);
    struct pulih_vote vote = {.axis = (uint8_t)v->voter->axis, .value = value, .rule = v->name};
    float all = 0;
    int left = hundredths;

    for (size_t i = 0; i < n; i++)
        all += reasons[i].weight;
    for (size_t i = 0; i < n; i++, left -= vote.hundredths) {
        vote.hundredths = i + 1 == n ? left : (int)((float)hundredths * reasons[i].weight / all);
        vote.at = reasons[i].at;
        vote.len = reasons[i].len;
        pulih_tally_cast(h->tally, vote);
    }
    if (n == 0) {
        vote.hundredths = left;
        pulih_tally_cast(h->tally, vote);
    }
}

static void cast_score(struct hearing *h, const struct verdict *v, size_t n_labels)
{
    float mean = 0;

    for (size_t k = 0; k < n_labels; k++)
        mean += v->judgement->probability[k] * (float)v->voter->value[k];
    if (lrintf(mean * PULIH_POINT) > 0)
        cast_reasons(h, v, 0, (int)lrintf(mean * PULIH_POINT));
}

/* Where one word is chosen, each has its share of the points. Where each stands alone, its log-odds are so
 * many points, for it or against: a rule that a model is sure against is still a guess for a person. */
static int points_of(const struct verdict *v, float probability)
{
    static const float sure = 0.999f;
    float points = MODEL_POINTS * probability;

    if (pulih_axes[v->voter->axis].kind == PULIH_AXIS_IS_many) {
        probability = fminf(fmaxf(probability, 1 - sure), sure);
        points = fminf(fmaxf(logf(probability / (1 - probability)), -MODEL_POINTS), MODEL_POINTS);
    }
    return (int)lrintf(points * PULIH_POINT);
}

/* The best word names its reasons; for a language that is all words. */
static void cast_words(struct hearing *h, const struct verdict *v, size_t n_labels)
{
    for (size_t k = 0; k < n_labels; k++) {
        int hundredths = points_of(v, v->judgement->probability[k]);

        if (!v->voter->value[k] || !hundredths)
            continue;
        if (hundredths > 0 && k == v->judgement->best && v->voter->axis != PULIH_AXIS_language)
            cast_reasons(h, v, v->voter->value[k], hundredths);
        else
            pulih_tally_cast(h->tally, (struct pulih_vote){.axis = (uint8_t)v->voter->axis,
                                                           .value = v->voter->value[k],
                                                           .hundredths = hundredths,
                                                           .rule = v->name});
    }
}

static void cast_models(struct hearing *h, uint32_t axes)
{
    for (size_t i = 0; i < h->models->n; i++) {
        const struct pulih_voting_model *voter = &h->models->at[i];
        const struct pulih_model_about *about = pulih_model_about(voter->model);
        const struct verdict v = {i, voter, about->name, &h->judgements[i]};

        if (!(axes >> voter->axis & 1) || v.judgement->n < KNOWN_LEAST)
            continue;
        if (pulih_axes[voter->axis].kind == PULIH_AXIS_IS_score)
            cast_score(h, &v, about->n_labels);
        else
            cast_words(h, &v, about->n_labels);
    }
}

static void vote_by_models(struct hearing *h)
{
    cast_models(h, ~language_axis);
}

/* Reads the story for those who vote after it. */
static void vote_on_language(struct hearing *h)
{
    read_and_match(h, h->facts->story);
    if (h->models->n)
        pulih_model_index_judge(h->models->index, &h->text, h->judgements, &h->tokens);
    cast_models(h, language_axis);
    cast_rules(h, language_axis, true);
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

/* Another way to judge is one more line. Language comes before the rules, as some hold in one only. */
static void (*const voters[])(struct hearing *h) = {
    vote_by_wish, vote_on_language, vote_by_rules, vote_by_models, vote_by_facts, vote_by_style,
};

static void classify(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                     uint32_t explained, struct pulih_classification *ret)
{
    PULIH_UNSET struct pulih_tally tally;
    PULIH_UNSET struct hearing hearing;

    pulih_must(policy->rules);
    hearing.policy = policy;
    hearing.facts = facts;
    hearing.models = facts->models ? facts->models : &policy->models;
    hearing.tally = &tally;
    pulih_tally_start(&tally);
    for (size_t i = 0; i < PULIH_COUNT(voters); i++)
        voters[i](&hearing);
    *ret = (struct pulih_classification){0};
    pulih_derive(policy, facts, &tally, ret);
    pulih_tally_explain(&tally, explained, ret);
}

void pulih_classify(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                    struct pulih_classification *ret)
{
    classify(policy, facts, UINT32_MAX, ret);
}

void pulih_classify_axis(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                         enum pulih_axis axis, struct pulih_classification *ret)
{
    classify(policy, facts, 1u << axis, ret);
}
