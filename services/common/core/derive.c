#include "services/common/core/derive.h"

#include "pulih/base/must.h"

/* Earlier ones may vote on later ones. */
static const enum pulih_axis order[] = {
    PULIH_AXIS_language,   PULIH_AXIS_gravity,    PULIH_AXIS_request_type,  PULIH_AXIS_anger,
    PULIH_AXIS_department, PULIH_AXIS_sub_reason, PULIH_AXIS_reason,        PULIH_AXIS_root_cause,
    PULIH_AXIS_category,   PULIH_AXIS_size,       PULIH_AXIS_motive,        PULIH_AXIS_expression,
    PULIH_AXIS_formality,  PULIH_AXIS_complainer, PULIH_AXIS_response_mode, PULIH_AXIS_unmet_need,
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

/* In the order of the axes that they come from. */
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
    WORD_HINT(sub_reason,   unhelpful,             reason,     poor_service,    2),
    WORD_HINT(sub_reason,   long_wait,             reason,     poor_service,    2),
    WORD_HINT(sub_reason,   unresolved,            reason,     poor_service,    2),
    WORD_HINT(sub_reason,   late,                  reason,     delivery,        2),
    WORD_HINT(sub_reason,   off_schedule,          reason,     delivery,        2),
    WORD_HINT(sub_reason,   damaged,               reason,     delivery,        2),
    WORD_HINT(sub_reason,   poor_quality,          reason,     quality,         2),
    WORD_HINT(sub_reason,   workmanship,           reason,     quality,         2),
    WORD_HINT(sub_reason,   failed,                reason,     quality,         2),
    WORD_HINT(sub_reason,   complicated,           reason,     refund,          2),
    WORD_HINT(sub_reason,   refused,               reason,     refund,          2),
    WORD_HINT(sub_reason,   wrong_charge,          reason,     billing,         2),
    WORD_HINT(sub_reason,   not_credited,          reason,     billing,         2),
    WORD_HINT(reason,       empathy,               category,   attitudinal,     2),
    WORD_HINT(reason,       empathy,               unmet_need, understood,      3),
    WORD_HINT(reason,       personalisation,       unmet_need, appreciated,     2),
    WORD_HINT(root_cause,   rude_unhelpful,        category,   attitudinal,     3),
    WORD_HINT(root_cause,   rude_unhelpful,        unmet_need, respected,       3),
    WORD_HINT(root_cause,   ignored_waiting,       unmet_need, important,       2),
    WORD_HINT(root_cause,   not_listened,          unmet_need, understood,      3),
};

// clang-format on

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

/* *next: the first hint of this axis or a later one; becomes that of a later one. */
static void give_hints(enum pulih_axis from, const struct pulih_classification *c, struct pulih_tally *tally,
                       size_t *next)
{
    for (; *next < PULIH_COUNT(hints) && hints[*next].from == from; ++*next)
        if (c->value[from] && hint_holds(&hints[*next], c))
            pulih_tally_cast(tally, (struct pulih_vote){.axis = (uint8_t)hints[*next].to,
                                                        .value = hints[*next].value,
                                                        .weight = hints[*next].weight,
                                                        .rule = pulih_axes[from].name});
}

/* Does a value stand among the words, or reach the least? Bit n stands for word n, in a mask bit n - 1. */
static bool is_any(enum pulih_axis axis, uint16_t value, uint32_t any)
{
    switch (pulih_axes[axis].kind) {
    case PULIH_AXIS_IS_one:
        return any >> value & 1;
    case PULIH_AXIS_IS_many:
        return (uint32_t)value << 1 & any;
    case PULIH_AXIS_IS_score:
        return value >= any;
    }
    return false;
}

/* *ret_confidence: of the least certain of the axes asked. */
static bool condition_holds(const struct pulih_condition *when, const struct pulih_classify_facts *facts,
                            const struct pulih_classification *c, uint8_t *ret_confidence)
{
    uint16_t kind = facts->customer_kind ? facts->customer_kind : PULIH_customer_kind_external;

    if ((when->customer_kinds && !(when->customer_kinds >> kind & 1)) ||
        (when->customer_deadline && !facts->has_customer_deadline))
        return false;
    for (uint32_t rest = when->axes; rest; rest &= rest - 1) {
        const enum pulih_axis axis = (enum pulih_axis)__builtin_ctz(rest);

        if (!is_any(axis, c->value[axis], when->any[axis]))
            return false;
        if (c->confidence[axis] < *ret_confidence)
            *ret_confidence = c->confidence[axis];
    }
    return true;
}

/* Names as evidence what tier or priority follow from. */
static void name_reason(struct pulih_tally *tally, enum pulih_axis axis, uint16_t value, int weight,
                        const char *rule)
{
    pulih_tally_cast(
        tally, (struct pulih_vote){.axis = (uint8_t)axis, .value = value, .weight = weight, .rule = rule});
}

/* What no axis settles is as sure as the category. */
static void decide_tier(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                        struct pulih_tally *tally, struct pulih_classification *c)
{
    const enum pulih_axis tier = PULIH_AXIS_tier;

    for (size_t i = 0; i < policy->n_tiers; i++) {
        const struct pulih_tier_row *row = &policy->tiers[i];
        uint8_t confidence = row->when.axes ? 100 : c->confidence[PULIH_AXIS_category];

        if (!condition_holds(&row->when, facts, c, &confidence))
            continue;
        c->best[tier] = row->tier;
        c->confidence[tier] = confidence;
        c->value[tier] = confidence >= policy->threshold[tier] ? row->tier : 0;
        name_reason(tally, tier, row->tier, PULIH_ENOUGH, row->rule);
        return;
    }
}

/* Nothing lowers a priority. Only tier important reaches its floor and more. */
static void decide_priority(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                            struct pulih_tally *tally, struct pulih_classification *c)
{
    const enum pulih_axis axis = PULIH_AXIS_priority;
    uint16_t tier = c->best[PULIH_AXIS_tier];
    int floor = policy->priority_floor[tier], important = policy->priority_floor[PULIH_tier_important];
    int most = tier == PULIH_tier_important || important == 0 ? 100 : important - 1;
    int priority = floor + c->value[PULIH_AXIS_anger] * policy->priority_anger / 100;

    name_reason(tally, axis, 0, floor, "priority.floor");
    for (size_t i = 0; i < policy->n_raises; i++) {
        const struct pulih_raise *row = &policy->raises[i];
        uint8_t confidence = 100;

        if (!condition_holds(&row->when, facts, c, &confidence))
            continue;
        priority += row->by;
        name_reason(tally, axis, 0, row->by, row->rule);
    }
    priority += facts->earlier_contacts < policy->priority_contacts ? (int)facts->earlier_contacts
                                                                    : policy->priority_contacts;
    if (most < floor)
        most = floor;
    c->best[axis] = c->value[axis] = (uint16_t)(priority < most ? priority : most);
    c->confidence[axis] = c->confidence[PULIH_AXIS_tier];
}

/* Something leans to danger, and not enough to say so. */
static bool may_be_danger(const struct pulih_classification *c)
{
    uint16_t bit = 1u << (PULIH_gravity_safety - 1);

    return c->best[PULIH_AXIS_gravity] & ~c->value[PULIH_AXIS_gravity] & bit;
}

/* A closer reason of another reason than was decided says nothing. */
static void drop_stray_sub_reason(struct pulih_classification *c)
{
    const enum pulih_axis sub = PULIH_AXIS_sub_reason;

    for (size_t i = 0; i < PULIH_COUNT(hints); i++)
        if (hints[i].from == sub && hints[i].when == c->value[sub] &&
            hints[i].value != c->value[PULIH_AXIS_reason])
            c->value[sub] = 0;
}

void pulih_derive(const struct pulih_policy *policy, const struct pulih_classify_facts *facts,
                  struct pulih_tally *tally, struct pulih_classification *ret)
{
    size_t hint = 0;

    for (size_t i = 0; i < PULIH_COUNT(order); i++) {
        pulih_tally_decide(tally, order[i], policy->threshold[order[i]], ret);
        give_hints(order[i], ret, tally, &hint);
    }
    pulih_must(hint == PULIH_COUNT(hints));
    drop_stray_sub_reason(ret);
    decide_tier(policy, facts, tally, ret);
    decide_priority(policy, facts, tally, ret);
    ret->unsure = !ret->value[PULIH_AXIS_category] || !ret->value[PULIH_AXIS_department] ||
                  !ret->value[PULIH_AXIS_tier] || may_be_danger(ret);
    if (!ret->value[PULIH_AXIS_category])
        ret->value[PULIH_AXIS_category] = PULIH_category_unusual;
}
