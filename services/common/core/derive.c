#include "services/common/core/derive.h"

/* Earlier ones may vote on later ones. */
static const enum pulih_axis order[] = {
    PULIH_AXIS_language,   PULIH_AXIS_gravity,       PULIH_AXIS_request_type, PULIH_AXIS_anger,
    PULIH_AXIS_department, PULIH_AXIS_reason,        PULIH_AXIS_root_cause,   PULIH_AXIS_category,
    PULIH_AXIS_size,       PULIH_AXIS_motive,        PULIH_AXIS_expression,   PULIH_AXIS_formality,
    PULIH_AXIS_complainer, PULIH_AXIS_response_mode, PULIH_AXIS_unmet_need,
};

/* What one axis says about another. A rule about the other one outweighs it easily. */
struct hint {
    enum pulih_axis from;
    uint16_t when; /* the word; scores: at least this */
    enum pulih_axis to;
    uint16_t value;
    int weight;
};

// clang-format off
#define WORD_HINT(from, when, to, value, weight) \
    {PULIH_AXIS_##from, PULIH_##from##_##when, PULIH_AXIS_##to, PULIH_##to##_##value, weight}
#define SCORE_HINT(from, least, to, value, weight) \
    {PULIH_AXIS_##from, least, PULIH_AXIS_##to, PULIH_##to##_##value, weight}

static const struct hint hints[] = {
    WORD_HINT(gravity,      safety,                size,       big,             4),
    WORD_HINT(gravity,      corruption,            size,       big,             4),
    WORD_HINT(gravity,      maladministration,     size,       big,             4),
    WORD_HINT(gravity,      discrimination,        size,       big,             4),
    WORD_HINT(gravity,      partiality,            size,       big,             4),
    WORD_HINT(gravity,      legal_threat,          size,       big,             3),
    WORD_HINT(gravity,      corruption,            department, service,         2),
    WORD_HINT(gravity,      maladministration,     department, service,         2),
    WORD_HINT(gravity,      discrimination,        department, service,         2),
    WORD_HINT(gravity,      partiality,            department, service,         2),
    WORD_HINT(gravity,      discrimination,        unmet_need, accepted,        3),
    WORD_HINT(request_type, form,                  size,       quick_kill,      3),
    WORD_HINT(request_type, application_answer,    size,       quick_kill,      3),
    WORD_HINT(request_type, apology,               size,       quick_kill,      3),
    WORD_HINT(request_type, refund,                size,       quick_kill,      2),
    WORD_HINT(request_type, call_back,             size,       quick_kill,      3),
    WORD_HINT(request_type, letter_reply,          size,       quick_kill,      3),
    SCORE_HINT(anger,       50,                    motive,     vent,            4),
    SCORE_HINT(anger,       50,                    expression, annoyance,       2),
    WORD_HINT(department,   product,               reason,     quality,         2),
    WORD_HINT(department,   service,               reason,     poor_service,    2),
    WORD_HINT(department,   delivery,              reason,     delivery,        2),
    WORD_HINT(department,   product,               category,   mechanical,      2),
    WORD_HINT(department,   technical,             category,   mechanical,      2),
    WORD_HINT(department,   price,                 category,   service_related, 2),
    WORD_HINT(department,   service,               category,   service_related, 2),
    WORD_HINT(department,   delivery,              category,   service_related, 2),
    WORD_HINT(department,   payment,               category,   service_related, 2),
    WORD_HINT(department,   other,                 category,   unusual,         2),
    WORD_HINT(reason,       empathy,               category,   attitudinal,     2),
    WORD_HINT(reason,       empathy,               unmet_need, understood,      3),
    WORD_HINT(reason,       personalisation,       unmet_need, appreciated,     2),
    WORD_HINT(root_cause,   rude_unhelpful,        category,   attitudinal,     3),
    WORD_HINT(root_cause,   rude_unhelpful,        unmet_need, respected,       3),
    WORD_HINT(root_cause,   ignored_waiting,       unmet_need, important,       2),
    WORD_HINT(root_cause,   not_listened,          unmet_need, understood,      3),
};

/* First match wins; an empty column matches. */
static const struct {
    uint16_t gravity; /* any of these bits */
    uint16_t size;
    bool simple_request;
    uint16_t tier;
    enum pulih_axis because; /* whose confidence the tier has */
} tiers[] = {
#define GRAVE(word) (1u << (PULIH_gravity_##word - 1))
    {GRAVE(safety), 0, false, PULIH_tier_important, PULIH_AXIS_gravity},
    {GRAVE(corruption) | GRAVE(maladministration) | GRAVE(discrimination) | GRAVE(partiality) |
     GRAVE(legal_threat), 0, false, PULIH_tier_complex, PULIH_AXIS_gravity},
    {0, PULIH_size_big, false, PULIH_tier_complex, PULIH_AXIS_size},
    {0, 0, true, PULIH_tier_simple, PULIH_AXIS_request_type},
    {0, 0, false, PULIH_tier_normal, PULIH_AXIS_category},
};
// clang-format on

/* Priorities: a tier's floor; other terms add to it, but only safety reaches IMPORTANT_FLOOR and more. */
enum {
    IMPORTANT_FLOOR = 90,
    PER_GRAVITY = 5,
    THIRD_PARTY = 8,
    DEADLINE = 5,
    INTERMEDIARY = 5,
    CONTACTS_MAX = 10
};
static const int tier_floor[] = {[PULIH_tier_unknown] = 40,
                                 [PULIH_tier_simple] = 20,
                                 [PULIH_tier_normal] = 40,
                                 [PULIH_tier_complex] = 60,
                                 [PULIH_tier_important] = IMPORTANT_FLOOR};

static bool hint_holds(const struct hint *hint, const struct pulih_classification *c)
{
    uint16_t value = c->value[hint->from];

    switch (pulih_axes[hint->from].kind) {
    case PULIH_AXIS_IS_one:
        return value == hint->when;
    case PULIH_AXIS_IS_many:
        return value >> (hint->when - 1) & 1;
    case PULIH_AXIS_IS_score:
        return value >= hint->when;
    }
    return false;
}

static void give_hints(enum pulih_axis from, const struct pulih_classification *c, struct pulih_tally *tally)
{
    for (size_t i = 0; i < PULIH_COUNT(hints); i++)
        if (hints[i].from == from && hint_holds(&hints[i], c))
            pulih_tally_cast(tally, (struct pulih_vote){.axis = (uint8_t)hints[i].to,
                                                        .value = hints[i].value,
                                                        .weight = hints[i].weight,
                                                        .rule = pulih_axes[from].name});
}

static void decide_tier(uint8_t threshold, struct pulih_classification *c)
{
    const enum pulih_axis tier = PULIH_AXIS_tier;
    size_t i = 0;

    while ((tiers[i].gravity && !(tiers[i].gravity & c->value[PULIH_AXIS_gravity])) ||
           (tiers[i].size && tiers[i].size != c->value[PULIH_AXIS_size]) ||
           (tiers[i].simple_request && !c->value[PULIH_AXIS_request_type]))
        i++;
    c->best[tier] = tiers[i].tier;
    c->confidence[tier] = c->confidence[tiers[i].because];
    c->value[tier] = c->confidence[tier] >= threshold ? tiers[i].tier : 0;
}

static int bits(unsigned mask)
{
    return __builtin_popcount(mask);
}

/* Who the customer is may raise the priority and never lowers it. */
static int priority_of(const struct pulih_classify_facts *facts, const struct pulih_classification *c)
{
    uint16_t tier = c->best[PULIH_AXIS_tier];
    int priority =
        tier_floor[tier] + c->value[PULIH_AXIS_anger] / 10 + PER_GRAVITY * bits(c->value[PULIH_AXIS_gravity]);
    int most = tier == PULIH_tier_important ? 100 : IMPORTANT_FLOOR - 1;

    if (c->value[PULIH_AXIS_response_mode] == PULIH_response_mode_third_party)
        priority += THIRD_PARTY;
    if (facts->has_customer_deadline)
        priority += DEADLINE;
    if (facts->customer_kind == PULIH_customer_kind_intermediary)
        priority += INTERMEDIARY;
    priority += facts->earlier_contacts < CONTACTS_MAX ? (int)facts->earlier_contacts : CONTACTS_MAX;
    return priority < most ? priority : most;
}

/* Something leans to danger, and not enough to say so. */
static bool may_be_danger(const struct pulih_classification *c)
{
    uint16_t bit = 1u << (PULIH_gravity_safety - 1);

    return c->best[PULIH_AXIS_gravity] & ~c->value[PULIH_AXIS_gravity] & bit;
}

void pulih_derive(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                  struct pulih_tally *tally, struct pulih_classification *ret)
{
    for (size_t i = 0; i < PULIH_COUNT(order); i++) {
        pulih_tally_decide(tally, order[i], policy->threshold[order[i]], ret);
        give_hints(order[i], ret, tally);
    }
    decide_tier(policy->threshold[PULIH_AXIS_tier], ret);
    ret->best[PULIH_AXIS_priority] = ret->value[PULIH_AXIS_priority] = (uint16_t)priority_of(facts, ret);
    ret->confidence[PULIH_AXIS_priority] = ret->confidence[PULIH_AXIS_tier];
    ret->unsure = !ret->value[PULIH_AXIS_category] || !ret->value[PULIH_AXIS_department] ||
                  !ret->value[PULIH_AXIS_tier] || may_be_danger(ret);
    if (!ret->value[PULIH_AXIS_category])
        ret->value[PULIH_AXIS_category] = PULIH_category_unusual;
}
