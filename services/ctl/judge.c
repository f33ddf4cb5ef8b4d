#include "services/ctl/judge.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pulih/base/near.h"
#include "pulih/host/conf.h"

/* Where the standard policy lies, seen from the program: in the sources, and installed. */
static const char *const standard_policies[] = {
    "/../../deploy/policies/default.cfg",
    "/../share/pulih/policies/default.cfg",
};

static bool find_standard(struct pulih_buf *ret)
{
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);

    if (len <= 0)
        return false;
    program[len] = 0;
    *strrchr(program, '/') = 0;
    for (size_t i = 0; i < PULIH_COUNT(standard_policies); i++) {
        pulih_buf_empty(ret);
        pulih_buf_addf(ret, "%s%s", program, standard_policies[i]);
        if (access(pulih_buf_text(ret), R_OK) == 0)
            return true;
    }
    return false;
}

static bool find_configured(const char *config, struct pulih_buf *ret)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_conf conf = {0};
    bool ok = pulih_host_conf_load(config, PULIH_STAGE_intake, &conf, &why);

    if (ok)
        pulih_buf_addf(ret, "%s", conf.pulih_policy);
    pulih_host_conf_free(&conf);
    return ok;
}

bool pulih_ctl_policy_path(const struct pulih_ctl *ctl, struct pulih_buf *ret)
{
    const char *path = pulih_ctl_takes(ctl, "policy") ? pulih_ctl_option(ctl, "policy") : NULL;
    const char *config = pulih_ctl_takes(ctl, "config") ? pulih_ctl_option(ctl, "config") : NULL;

    if (!path && config && find_configured(config, ret))
        return true;
    if (!path)
        path = getenv("PULIH_POLICY");
    if (!path)
        return find_standard(ret);
    pulih_buf_addf(ret, "%s", path);
    return true;
}

struct pulih_policy *pulih_ctl_policy(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf path = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    if (!pulih_ctl_policy_path(ctl, &path)) {
        pulih_ctl_failed(ctl, "the standard policy is not there; name one with --policy FILE");
        return NULL;
    }
    struct pulih_policy *policy = pulih_policy_load(pulih_buf_text(&path), &why);
    if (!policy)
        pulih_ctl_failed(ctl, "this policy has faults:\n%s", pulih_buf_text(&why));
    return policy;
}

bool pulih_ctl_find_axis(const struct pulih_ctl *ctl, const char *name, bool any, enum pulih_axis *ret)
{
    const char *names[PULIH_AXIS_N];
    int axis = pulih_axis_named(pulih_view_of(name));
    size_t n = 0;

    if (axis >= 0 && (any || pulih_axes[axis].kind == PULIH_AXIS_IS_one)) {
        *ret = (enum pulih_axis)axis;
        return true;
    }
    for (int a = 0; a < PULIH_AXIS_N; a++)
        if (any || pulih_axes[a].kind == PULIH_AXIS_IS_one)
            names[n++] = pulih_axes[a].name;
    const char *nearest = pulih_nearest(name, names, n);
    pulih_ctl_usage(ctl, "--axis wants an axis%s, got %s; %s%s", any ? "" : " with one word", name,
                    nearest ? "did you mean " : "they are in pulih-policy(5), such as ",
                    nearest ? nearest : "department");
    return false;
}

static int open_model(const struct pulih_ctl *ctl, const char *path, struct pulih_judge *ret)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    ret->model = pulih_model_load_file(path, &why);
    if (!ret->model)
        return pulih_ctl_failed(ctl, "%.*s", (int)strcspn(pulih_buf_text(&why), "\n"), pulih_buf_text(&why));
    return PULIH_CTL_OK;
}

int pulih_ctl_judge_open(const struct pulih_ctl *ctl, struct pulih_judge *ret)
{
    const char *model = pulih_ctl_option(ctl, "model"), *axis = pulih_ctl_option(ctl, "axis");

    if (!model == !axis)
        return pulih_ctl_usage(
            ctl, "want --model FILE for one model, or --axis AXIS for rules and models together");
    if (model)
        return open_model(ctl, model, ret);
    if (!pulih_ctl_find_axis(ctl, axis, ret->any_axis, &ret->axis))
        return PULIH_CTL_USAGE;
    ret->policy = pulih_ctl_policy(ctl);
    return ret->policy ? PULIH_CTL_OK : PULIH_CTL_FAILED;
}

void pulih_ctl_judge_close(struct pulih_judge *judge)
{
    pulih_model_free(judge->model);
    pulih_policy_free(judge->policy);
}
