/* What evaluate, explain and bench-classify judge with: one model, or rules and models of a policy. */
#ifndef PULIH_CTL_JUDGE_H
#define PULIH_CTL_JUDGE_H

#include "pulih/core/model.h"
#include "pulih/core/policy.h"
#include "services/ctl/ctl.h"

struct pulih_judge {
    struct pulih_model *model; /* or, with a policy: */
    struct pulih_policy *policy;
    enum pulih_axis axis;
    bool any_axis; /* set before opening: those with several words and scores will do, too */
};

/* By the options --model, or --axis and --policy. Not PULIH_CTL_OK: it was told what is wrong. */
int pulih_ctl_judge_open(const struct pulih_ctl *ctl, struct pulih_judge *ret);
/* Appends the path of the policy that --policy, the configuration of --config or PULIH_POLICY names, else of
 * the one that comes with the program. False: there is none. */
bool pulih_ctl_policy_path(const struct pulih_ctl *ctl, struct pulih_buf *ret);
/* That policy. NULL: it was told why not. */
struct pulih_policy *pulih_ctl_policy(const struct pulih_ctl *ctl);
/* An axis that has one word, or any. False: it was told what is wrong. */
bool pulih_ctl_find_axis(const struct pulih_ctl *ctl, const char *name, bool any, enum pulih_axis *ret);
void pulih_ctl_judge_close(struct pulih_judge *judge);

#endif
