/* Tier and priority: which rows hold decides the one, floors and raises make the other. */
#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#include "services/common/core/policy_read.h"

enum { KEYS_MAX = PULIH_AXIS_N + 4 };

static const char customer_kind[] = "customer_kind", customer_deadline[] = "customer_deadline";

/* --- conditions ---------------------------------------------------------------------------------------- */

static void read_axis(struct pulih_policy_reader *r, config_setting_t *at, int axis,
                      struct pulih_condition *ret)
{
    int64_t least = 0;

    ret->axes |= 1u << axis;
    if (pulih_axes[axis].kind != PULIH_AXIS_IS_score)
        ret->any[axis] = pulih_policy_word_bits(r, at, (enum pulih_words)pulih_axes[axis].words);
    else if (pulih_policy_integer(r, at, 1, 100, &least))
        ret->any[axis] = (uint32_t)least;
}

/* What must hold, besides the member `own` that says what follows. */
static void read_condition(struct pulih_policy_reader *r, config_setting_t *at, const char *own,
                           struct pulih_condition *ret)
{
    const char *names[KEYS_MAX] = {own, customer_kind, customer_deadline};
    size_t n = 3;

    for (int axis = 0; axis < PULIH_AXIS_N; axis++)
        if (!pulih_axis_is_derived(axis))
            names[n++] = pulih_axes[axis].name;
    pulih_policy_group(r, at, names, n);
    if (!config_setting_is_group(at))
        return;
    for (int axis = 0; axis < PULIH_AXIS_N; axis++) {
        config_setting_t *member = config_setting_get_member(at, pulih_axes[axis].name);
        if (member && !pulih_axis_is_derived(axis))
            read_axis(r, member, axis, ret);
    }
    config_setting_t *kind = config_setting_get_member(at, customer_kind);
    config_setting_t *deadline = config_setting_get_member(at, customer_deadline);
    if (kind)
        ret->customer_kinds = pulih_policy_word_bits(r, kind, PULIH_WORDS_customer_kind);
    if (deadline)
        pulih_policy_boolean(r, deadline, &ret->customer_deadline);
}

static bool is_empty(const struct pulih_condition *c)
{
    return !c->axes && !c->customer_kinds && !c->customer_deadline;
}

/* --- settings ---------------------------------------------------------------------------------------- */

static void read_tier(struct pulih_policy_reader *r, config_setting_t *at, size_t i)
{
    struct pulih_tier_row *row = &r->policy->tiers[i];

    read_condition(r, at, "tier", &row->when);
    config_setting_t *tier = config_setting_is_group(at) ? pulih_policy_member(r, at, "tier") : NULL;
    int word = tier ? pulih_policy_word(r, tier, PULIH_WORDS_tier) : -1;
    if (word == PULIH_tier_unknown)
        pulih_policy_wrong(r, tier, "expected one of simple, normal, complex, important");
    else if (word > 0)
        row->tier = (uint16_t)word;
    snprintf(row->rule, sizeof row->rule, "tiers[%zu]", i);
}

void pulih_policy_read_tiers(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_policy *p = r->policy;

    if (!pulih_policy_elements(r, at, 1, PULIH_TIER_ROWS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_tier(r, config_setting_get_elem(at, (unsigned)i), p->n_tiers++);
    for (size_t i = 0; i < p->n_tiers; i++) {
        config_setting_t *row = config_setting_get_elem(at, (unsigned)i);
        if (i + 1 == p->n_tiers && !is_empty(&p->tiers[i].when))
            pulih_policy_wrong(r, row,
                               "expected no condition in the last row, so that every complaint has a tier");
        if (i + 1 < p->n_tiers && is_empty(&p->tiers[i].when))
            pulih_policy_wrong(r, row, "expected a condition; the rows after it would never be looked at");
    }
}

static void read_percent(struct pulih_policy_reader *r, config_setting_t *group, const char *name,
                         uint8_t *ret)
{
    config_setting_t *member = pulih_policy_member(r, group, name);
    int64_t value;

    if (member && pulih_policy_integer(r, member, 0, 100, &value))
        *ret = (uint8_t)value;
}

static void read_floor(struct pulih_policy_reader *r, config_setting_t *at)
{
    const char *names[PULIH_POLICY_WORDS_MAX];
    size_t n = pulih_policy_words(PULIH_WORDS_tier, false, names);
    uint8_t *floor = r->policy->priority_floor;

    if (!pulih_policy_group(r, at, names, n))
        return;
    for (size_t i = 0; i < n; i++)
        read_percent(r, at, names[i], &floor[pulih_word_number(PULIH_WORDS_tier, pulih_view_of(names[i]))]);
    floor[PULIH_tier_unknown] = floor[PULIH_tier_normal];
}

static void read_raise(struct pulih_policy_reader *r, config_setting_t *at, size_t i)
{
    struct pulih_raise *row = &r->policy->raises[i];
    size_t before = r->why->len;
    int64_t by;

    read_condition(r, at, "by", &row->when);
    config_setting_t *member = config_setting_is_group(at) ? pulih_policy_member(r, at, "by") : NULL;
    if (member && pulih_policy_integer(r, member, 1, 100, &by))
        row->by = (uint8_t)by;
    if (r->why->len == before && is_empty(&row->when))
        pulih_policy_wrong(r, at, "expected a condition; what holds for all belongs into the floor");
    snprintf(row->rule, sizeof row->rule, "priority.raise[%zu]", i);
}

void pulih_policy_read_priority(struct pulih_policy_reader *r, config_setting_t *at)
{
    static const char *const names[] = {"floor", "anger", "earlier_contacts", "raise"};
    struct pulih_policy *p = r->policy;

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *floor = pulih_policy_member(r, at, "floor");
    config_setting_t *raise = pulih_policy_member(r, at, "raise");
    if (floor)
        read_floor(r, floor);
    read_percent(r, at, "anger", &p->priority_anger);
    read_percent(r, at, "earlier_contacts", &p->priority_contacts);
    if (!raise || !pulih_policy_elements(r, raise, 0, PULIH_RAISES_MAX))
        return;
    for (int i = 0; i < config_setting_length(raise); i++)
        read_raise(r, config_setting_get_elem(raise, (unsigned)i), p->n_raises++);
}
