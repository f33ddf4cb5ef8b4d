/* Who answers for what: posts by department, the ladder, authority. */
#include <libconfig.h>

#include "services/common/core/policy_read.h"

enum { RUNGS_MIN = 3, POST_MAX_BYTES = 64, ROLE_MAX_BYTES = 32 };
#define AMOUNT_MAX INT64_C(9000000000000000) /* of messages.tbl.h, in minor units */

void pulih_policy_read_answerable(struct pulih_policy_reader *r, config_setting_t *at)
{
    const char *names[PULIH_POLICY_WORDS_MAX];
    size_t n = pulih_policy_words(PULIH_WORDS_department, true, names);

    pulih_policy_group(r, at, names, n);
    if (!config_setting_is_group(at))
        return;
    for (size_t i = 0; i < n; i++) {
        int department = pulih_word_number(PULIH_WORDS_department, pulih_view_of(names[i]));
        config_setting_t *member = pulih_policy_member(r, at, names[i]);
        if (member)
            r->policy->answerable[department] = pulih_policy_text(r, member, POST_MAX_BYTES, false);
    }
}

static void read_rung(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_rung *ret)
{
    static const char *const names[] = {"post", "answer_within"};

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *post = pulih_policy_member(r, at, "post");
    config_setting_t *answer_within = pulih_policy_member(r, at, "answer_within");
    if (post)
        ret->post = pulih_policy_text(r, post, POST_MAX_BYTES, false);
    if (answer_within)
        pulih_policy_duration(r, answer_within, &ret->answer_within);
    for (const struct pulih_rung *lower = r->policy->ladder; post && ret->post.at && lower < ret; lower++)
        if (pulih_view_same(lower->post, ret->post))
            pulih_policy_wrong(r, post, "this post stands lower on the ladder already");
}

void pulih_policy_read_ladder(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_policy *p = r->policy;

    if (!pulih_policy_elements(r, at, RUNGS_MIN, PULIH_RUNGS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_rung(r, config_setting_get_elem(at, (unsigned)i), &p->ladder[p->n_rungs++]);
}

static void read_authority(struct pulih_policy_reader *r, config_setting_t *at, int64_t minor_per_unit,
                           struct pulih_authority *ret)
{
    static const char *const names[] = {"role", "limit"};
    int64_t limit;

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *role = pulih_policy_member(r, at, "role");
    config_setting_t *units = pulih_policy_member(r, at, "limit");
    if (role)
        ret->role = pulih_policy_text(r, role, ROLE_MAX_BYTES, false);
    if (units && pulih_policy_integer(r, units, 0, AMOUNT_MAX / minor_per_unit, &limit))
        ret->limit_minor = (uint64_t)(limit * minor_per_unit);
    if (role && ret->role.at && pulih_policy_role(r->policy, ret->role) < (int)(ret - r->policy->authority))
        pulih_policy_wrong(r, role, "this role is given twice");
}

void pulih_policy_read_authority(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_policy *p = r->policy;
    int64_t minor_per_unit = 1;

    for (int i = 0; i < pulih_currency_decimals(p->currency); i++)
        minor_per_unit *= 10;
    if (!pulih_policy_elements(r, at, 1, PULIH_ROLES_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++) {
        struct pulih_authority *next = &p->authority[p->n_authority++];
        read_authority(r, config_setting_get_elem(at, (unsigned)i), minor_per_unit, next);
    }
}
