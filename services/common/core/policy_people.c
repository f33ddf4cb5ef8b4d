/* Who answers for what: posts by department, ladders, authority. */
#include <libconfig.h>

#include "services/common/core/policy_read.h"

enum { RUNGS_MIN = 3, ROLE_MAX_BYTES = 32, RECIPIENT_MAX_BYTES = 200 };

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
            r->policy->answerable[department] = pulih_policy_post(r, member);
    }
    for (int department = PULIH_DEPARTMENT_OWN_FIRST; department <= PULIH_DEPARTMENT_LAST; department++)
        if (!r->policy->answerable[department].at)
            r->policy->answerable[department] = r->policy->answerable[PULIH_department_unknown];
}

/* A post twice would have the climb go in a circle. */
static void read_rung(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_ladder *ladder)
{
    static const char *const names[] = {"post", "acknowledge_within", "answer_within"};
    struct pulih_rung *rung = &ladder->rung[ladder->n++];

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *post = pulih_policy_member(r, at, "post");
    config_setting_t *acknowledge_within = pulih_policy_member(r, at, "acknowledge_within");
    config_setting_t *answer_within = pulih_policy_member(r, at, "answer_within");
    if (post)
        rung->post = pulih_policy_post(r, post);
    if (acknowledge_within)
        pulih_policy_duration(r, acknowledge_within, &rung->acknowledge_within);
    if (answer_within)
        pulih_policy_duration(r, answer_within, &rung->answer_within);
    for (const struct pulih_rung *lower = ladder->rung; rung->post.at && lower < rung; lower++)
        if (pulih_view_same(lower->post, rung->post))
            pulih_policy_wrong(r, post, "this post stands lower on the ladder already");
}

static void read_rungs(struct pulih_policy_reader *r, config_setting_t *at, size_t least,
                       struct pulih_ladder *ladder)
{
    if (!pulih_policy_elements(r, at, least, PULIH_RUNGS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_rung(r, config_setting_get_elem(at, (unsigned)i), ladder);
}

void pulih_policy_read_ladder(struct pulih_policy_reader *r, config_setting_t *at)
{
    read_rungs(r, at, RUNGS_MIN, &r->policy->ladder);
}

static void read_tenants(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_ladder *ladder)
{
    int64_t tenant;

    if (!pulih_policy_elements(r, at, 1, PULIH_TENANTS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        if (pulih_policy_integer(r, config_setting_get_elem(at, (unsigned)i), 0, INT32_MAX, &tenant))
            ladder->tenants[ladder->n_tenants++] = (int32_t)tenant;
}

static void read_one_ladder(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_ladder *ladder)
{
    static const char *const names[] = {"department", "tier", "tenant", "page", "rungs"};
    size_t before = r->why->len;

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *department = config_setting_get_member(at, "department");
    config_setting_t *tier = config_setting_get_member(at, "tier");
    config_setting_t *tenant = config_setting_get_member(at, "tenant");
    config_setting_t *page = config_setting_get_member(at, "page");
    config_setting_t *rungs = pulih_policy_member(r, at, "rungs");
    if (department)
        ladder->departments = pulih_policy_word_bits(r, department, PULIH_WORDS_department);
    if (tier)
        ladder->tiers = pulih_policy_word_bits(r, tier, PULIH_WORDS_tier);
    if (tenant)
        read_tenants(r, tenant, ladder);
    if (page)
        pulih_policy_boolean(r, page, &ladder->page);
    if (rungs)
        read_rungs(r, rungs, 1, ladder);
    if (r->why->len == before && !ladder->departments && !ladder->tiers && !ladder->n_tenants)
        pulih_policy_wrong(r, at, "expected department, tier or tenant; what holds for all is `ladder`");
}

void pulih_policy_read_ladders(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_policy *p = r->policy;

    if (!pulih_policy_elements(r, at, 0, PULIH_LADDERS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_one_ladder(r, config_setting_get_elem(at, (unsigned)i), &p->ladders[p->n_ladders++]);
}

void pulih_policy_read_external_notice(struct pulih_policy_reader *r, config_setting_t *at)
{
    static const char *const names[] = {"recipient", "post"};

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *recipient = pulih_policy_member(r, at, "recipient");
    config_setting_t *post = pulih_policy_member(r, at, "post");
    if (recipient)
        r->policy->notice_recipient = pulih_policy_text(r, recipient, RECIPIENT_MAX_BYTES, false);
    if (post)
        r->policy->notice_post = pulih_policy_post(r, post);
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
    if (units && pulih_policy_integer(r, units, 0, PULIH_POLICY_AMOUNT_MAX / minor_per_unit, &limit))
        ret->limit_minor = (uint64_t)(limit * minor_per_unit);
    if (role && ret->role.at && pulih_policy_role(r->policy, ret->role) < (int)(ret - r->policy->authority))
        pulih_policy_wrong(r, role, "this role is given twice");
}

int64_t pulih_policy_minor_per_unit(const struct pulih_policy_reader *r)
{
    int64_t minor_per_unit = 1;

    for (int i = 0; i < pulih_currency_decimals(r->policy->currency); i++)
        minor_per_unit *= 10;
    return minor_per_unit;
}

void pulih_policy_read_authority(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_policy *p = r->policy;
    int64_t minor_per_unit = pulih_policy_minor_per_unit(r);

    if (!pulih_policy_elements(r, at, 1, PULIH_ROLES_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++) {
        struct pulih_authority *next = &p->authority[p->n_authority++];
        read_authority(r, config_setting_get_elem(at, (unsigned)i), minor_per_unit, next);
    }
}
