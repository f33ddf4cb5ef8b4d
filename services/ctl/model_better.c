/* Whether a candidate is better than what judges now, on corrections from which neither learned. */
#include <string.h>

#include "services/ctl/judge.h"
#include "services/ctl/model.h"

enum { HELD_OUT_LEAST = 30, LOOKED_ON_LEAST = 30 };

static const char *const by_force = "to do it all the same: --reason TEXT --force";

/* Right is what people said; a guess below the policy's threshold is one, too. */
static int32_t count_right(const struct pulih_policy *policy, const struct pulih_models *models,
                           enum pulih_axis axis, const struct pulih_corpus *held)
{
    int32_t right = 0;

    for (size_t i = 0; i < held->n; i++) {
        struct pulih_classification c;
        pulih_classify_axis(
            policy, &(const struct pulih_classify_facts){.story = held->examples[i].text, .models = models},
            axis, &c);
        right += pulih_view_is(held->labels[held->examples[i].label],
                               pulih_ctl_word((enum pulih_words)pulih_axes[axis].words, c.best[axis]));
    }
    return right;
}

/* With the version that is live in `models`, where one is. False: it was told what is wrong. */
static bool put_live(const struct pulih_ctl *ctl, struct pulih_db *db, const struct pulih_ctl_version *v,
                     struct pulih_models *ret_version, struct pulih_models *models)
{
    struct pulih_ctl_version live;
    char text[16];

    if (!v->axis_live)
        return true;
    snprintf(text, sizeof text, "%d", (int)v->axis_live);
    if (!pulih_ctl_version_find(ctl, db, text, &live) || !pulih_ctl_version_load(ctl, db, &live, ret_version))
        return false;
    pulih_models_put(models, &ret_version->at[0]);
    return true;
}

static void tell_comparison(const struct pulih_ctl_version *v, const struct pulih_ctl_comparison *c)
{
    char live[32] = "the policy alone";

    if (v->axis_live)
        snprintf(live, sizeof live, "version %d", (int)v->axis_live);
    fprintf(stderr,
            "on the newest %d corrections of %s, held out: right with version %d in %d, with %s in %d\n",
            (int)c->held_out, v->axis, (int)v->version, (int)c->right, live, (int)c->live_right);
}

static bool count_looked_on(const struct pulih_ctl *ctl, struct pulih_db *db, int32_t version, int32_t *ret)
{
    pulih_params_int4(pulih_db_params(db), version);
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_looked_on);

    if (!pulih_ctl_run(ctl, db))
        return false;
    *ret = (int32_t)pulih_db_int(db, call, 0, 0);
    return true;
}

static bool join(const struct pulih_ctl *ctl, struct pulih_models *models)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    if (pulih_models_join(models, &why))
        return true;
    pulih_ctl_failed(ctl, "it does not go with the other models: %.*s",
                     (int)strcspn(pulih_buf_text(&why), "\n"), pulih_buf_text(&why));
    return false;
}

static bool compare(const struct pulih_ctl *ctl, struct pulih_db *db, const struct pulih_ctl_version *v,
                    const struct pulih_voting_model *candidate, const struct pulih_policy *policy,
                    struct pulih_ctl_comparison *ret)
{
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus older = {0};
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus newer = {0};
    PULIH_AUTO(pulih_models_free) struct pulih_models version = {0};
    PULIH_AUTO(pulih_models_give_back) struct pulih_models live = {0};
    PULIH_AUTO(pulih_models_give_back) struct pulih_models with = {0};

    pulih_models_borrow(&live, &policy->models);
    if (!count_looked_on(ctl, db, v->version, &ret->looked_on) ||
        !pulih_ctl_corrections(ctl, db, candidate->axis, &older, &newer) ||
        !put_live(ctl, db, v, &version, &live))
        return false;
    pulih_models_borrow(&with, &live);
    pulih_models_put(&with, candidate);
    if (!join(ctl, &live) || !join(ctl, &with))
        return false;
    ret->held_out = (int32_t)newer.n;
    ret->live_right = count_right(policy, &live, candidate->axis, &newer);
    ret->right = count_right(policy, &with, candidate->axis, &newer);
    tell_comparison(v, ret);
    return true;
}

bool pulih_ctl_compare(const struct pulih_ctl *ctl, struct pulih_db *db, const struct pulih_ctl_version *v,
                       const struct pulih_voting_model *candidate, struct pulih_ctl_comparison *ret)
{
    struct pulih_policy *policy = pulih_ctl_policy(ctl);
    bool ok = policy && compare(ctl, db, v, candidate, policy, ret);

    pulih_policy_free(policy);
    return ok;
}

bool pulih_ctl_is_better(const struct pulih_ctl *ctl, const struct pulih_ctl_version *v,
                         const struct pulih_ctl_comparison *c)
{
    if (c->looked_on < LOOKED_ON_LEAST)
        pulih_ctl_failed(ctl,
                         "version %d has looked on at %d complaints, %d more are needed: pulihctl model "
                         "shadow %d; %s",
                         (int)v->version, (int)c->looked_on, LOOKED_ON_LEAST - (int)c->looked_on,
                         (int)v->version, by_force);
    else if (c->held_out < HELD_OUT_LEAST)
        pulih_ctl_failed(ctl, "too few corrections to tell: %d were held out, %d more are needed; %s",
                         (int)c->held_out, HELD_OUT_LEAST - (int)c->held_out, by_force);
    else if (c->right <= c->live_right)
        pulih_ctl_failed(ctl, "it is no better than what is live; %s", by_force);
    else
        return true;
    return false;
}
