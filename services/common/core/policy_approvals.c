/* Who decides on offers: rows by amount, tier and gravity. */
#include <libconfig.h>

#include "services/common/core/policy_read.h"

static void read_posts(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_approval *row)
{
    if (!pulih_policy_elements(r, at, 1, PULIH_RUNGS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++) {
        config_setting_t *element = config_setting_get_elem(at, (unsigned)i);
        struct pulih_view post = pulih_policy_post(r, element);
        for (size_t lower = 0; post.at && lower < row->n_posts; lower++)
            if (pulih_view_same(row->post[lower], post))
                pulih_policy_wrong(r, element, "this post is asked before already");
        row->post[row->n_posts++] = post;
    }
}

static void read_above(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_approval *row)
{
    int64_t minor_per_unit = pulih_policy_minor_per_unit(r), above;

    row->has_above = pulih_policy_integer(r, at, 0, PULIH_POLICY_AMOUNT_MAX / minor_per_unit, &above);
    if (row->has_above)
        row->above_minor = (uint64_t)(above * minor_per_unit);
}

static void read_row(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_approval *row)
{
    static const char *const names[] = {"tier", "gravity", "above", "four_eyes", "posts", "decide_within"};

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *tier = config_setting_get_member(at, "tier");
    config_setting_t *gravity = config_setting_get_member(at, "gravity");
    config_setting_t *above = config_setting_get_member(at, "above");
    config_setting_t *four_eyes = config_setting_get_member(at, "four_eyes");
    config_setting_t *posts = pulih_policy_member(r, at, "posts");
    config_setting_t *decide_within = pulih_policy_member(r, at, "decide_within");
    if (tier)
        row->tiers = pulih_policy_word_bits(r, tier, PULIH_WORDS_tier);
    if (gravity)
        row->gravities = pulih_policy_word_bits(r, gravity, PULIH_WORDS_gravity) >> 1;
    if (above)
        read_above(r, above, row);
    if (four_eyes)
        row->has_four_eyes = pulih_policy_boolean(r, four_eyes, &row->four_eyes);
    if (posts)
        read_posts(r, posts, row);
    if (decide_within)
        pulih_policy_duration(r, decide_within, &row->decide_within);
}

void pulih_policy_read_approvals(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_policy *p = r->policy;

    if (!pulih_policy_elements(r, at, 0, PULIH_APPROVALS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_row(r, config_setting_get_elem(at, (unsigned)i), &p->approvals[p->n_approvals++]);
}

/* Bit n - 1 of a complaint's gravity is word n. */
#define GRAVITY(word) (UINT32_C(1) << (PULIH_gravity_##word - 1))

void pulih_policy_read_four_eyes(struct pulih_policy_reader *r, config_setting_t *at)
{
    r->policy->four_eyes = pulih_policy_word_list(r, at, PULIH_WORDS_gravity, 0) >> 1;
}

void pulih_policy_set_four_eyes(struct pulih_policy *p)
{
    p->four_eyes =
        GRAVITY(corruption) | GRAVITY(maladministration) | GRAVITY(discrimination) | GRAVITY(partiality);
}

void pulih_policy_read_transfers_max(struct pulih_policy_reader *r, config_setting_t *at)
{
    int64_t most;

    if (pulih_policy_integer(r, at, 1, 100, &most))
        r->policy->transfers_max = (uint16_t)most;
}
