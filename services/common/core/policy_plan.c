/* What a handling plan says of itself: `plan`. */
#include <libconfig.h>

#include "services/common/core/policy_read.h"

enum { PART_MAX_BYTES = 2000 };

#define BIT(slot) (UINT32_C(1) << PULIH_SLOT_##slot)

void pulih_policy_read_plan(struct pulih_policy_reader *r, config_setting_t *at)
{
    static const char *const parts[PULIH_PLAN_TEXTS] = {"purpose", "scope", "definitions"};
    const uint32_t refused =
        ~(BIT(reference) | BIT(category) | BIT(department) | BIT(post) | BIT(company) | BIT(due));

    if (!pulih_policy_group(r, at, parts, PULIH_PLAN_TEXTS))
        return;
    for (size_t i = 0; i < PULIH_PLAN_TEXTS; i++) {
        config_setting_t *part = pulih_policy_member(r, at, parts[i]);
        if (part)
            pulih_policy_read_both(r, part, PART_MAX_BYTES, refused, NULL, r->policy->plan[i]);
    }
}
