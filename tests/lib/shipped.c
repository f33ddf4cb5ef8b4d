#include "tests/lib/shipped.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libconfig.h>

#include "services/common/core/rules_load.h"

static const char policy_path[] = "deploy/policies/default.cfg";

enum { THRESHOLD = 50 };

static const struct pulih_authority authority[] = {{{"agent", 5}, 50000}, {{"manager", 7}, 5000000}};

static struct pulih_policy *shipped;

int load_shipped(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    shipped = pulih_policy_load(policy_path, &why);
    if (!shipped)
        fail_msg("%s", pulih_buf_text(&why));
    memset(shipped->threshold, THRESHOLD, sizeof shipped->threshold);
    memcpy(shipped->authority, authority, sizeof authority);
    shipped->n_authority = PULIH_COUNT(authority);
    *state = shipped;
    return 0;
}

int free_shipped(void **state)
{
    pulih_policy_free(*state);
    return 0;
}

struct pulih_policy policy_with(const char *rules)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_policy policy = *shipped;
    config_t conf;

    policy.models = (struct pulih_models){0};
    config_init(&conf);
    if (!config_read_string(&conf, rules))
        fail_msg("line %d: %s in %s", config_error_line(&conf), config_error_text(&conf), rules);
    policy.rules = pulih_rules_load(config_lookup(&conf, "rules"), "test.cfg", NULL, &why);
    if (!policy.rules)
        fail_msg("%s", pulih_buf_text(&why));
    config_destroy(&conf);
    return policy;
}

struct pulih_classification classify(const struct pulih_policy *policy, const char *story)
{
    struct pulih_classification c;

    pulih_classify(policy, &(const struct pulih_classify_facts){.story = pulih_view_of(story)}, &c);
    return c;
}

static int rank(const struct pulih_evidence *e)
{
    if (pulih_axes[e->axis].kind == PULIH_AXIS_IS_score)
        return e->weight;
    return e->weight * 25;
}

void check_evidence(const struct pulih_classification *c, size_t story_len)
{
    uint32_t seen = 0;
    bool leading = true; /* first those that are the strongest of their axis */

    assert_true(c->n_evidence <= PULIH_EVIDENCE_MAX);
    for (size_t i = 0; i < c->n_evidence; i++) {
        const struct pulih_evidence *e = &c->evidence[i];

        assert_true(e->axis < PULIH_AXIS_N);
        assert_true(e->weight > 0);
        assert_true(e->rule[0] && memchr(e->rule, 0, sizeof e->rule));
        assert_true((size_t)e->at + e->len <= story_len);
        bool first = !(seen >> e->axis & 1);
        seen |= 1u << e->axis;
        assert_true(leading || !first);
        if (i && leading == first)
            assert_true(rank(&c->evidence[i - 1]) >= rank(e));
        leading = first;
    }
}
