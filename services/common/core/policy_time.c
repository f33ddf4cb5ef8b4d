/* Durations by tier: deadlines and warnings. */
#include <libconfig.h>

#include "services/common/core/policy_read.h"

void pulih_policy_read_by_tier(struct pulih_policy_reader *r, config_setting_t *at,
                               struct pulih_duration *ret)
{
    const char *names[PULIH_POLICY_WORDS_MAX];
    size_t n = pulih_policy_words(PULIH_WORDS_tier, false, names);

    pulih_policy_group(r, at, names, n);
    if (!config_setting_is_group(at))
        return;
    for (size_t i = 0; i < n; i++) {
        int tier = pulih_word_number(PULIH_WORDS_tier, pulih_view_of(names[i]));
        config_setting_t *member = pulih_policy_member(r, at, names[i]);
        if (member)
            pulih_policy_duration(r, member, &ret[tier]);
    }
    ret[PULIH_tier_unknown] = ret[PULIH_tier_normal];
}

void pulih_policy_read_resolve_within(struct pulih_policy_reader *r, config_setting_t *at)
{
    pulih_policy_read_by_tier(r, at, r->policy->resolve_within);
}

/* Counted backwards from a deadline, which only spans of a fixed length can be. */
static void read_warning(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_duration *ret)
{
    if (!pulih_policy_duration(r, at, ret) || !pulih_unit_has_days(ret->unit))
        return;
    pulih_policy_wrong(r, at, "expected seconds, minutes, hours, working_minutes or working_hours");
}

void pulih_policy_read_warn_before(struct pulih_policy_reader *r, config_setting_t *at)
{
    const char *names[PULIH_POLICY_WORDS_MAX];
    size_t n = pulih_policy_words(PULIH_WORDS_tier, false, names);

    if (!pulih_policy_group(r, at, names, n))
        return;
    for (size_t i = 0; i < n; i++) {
        int tier = pulih_word_number(PULIH_WORDS_tier, pulih_view_of(names[i]));
        config_setting_t *member = config_setting_get_member(at, names[i]);
        if (member)
            read_warning(r, member, &r->policy->warn_before[tier]);
    }
    r->policy->warn_before[PULIH_tier_unknown] = r->policy->warn_before[PULIH_tier_normal];
}
