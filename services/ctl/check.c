/* pulihctl check: configuration and policy files, before a daemon reads them. */
#include <string.h>

#include "pulih/base/conf.h"
#include "pulih/core/policy.h"
#include "pulih/host/conf.h"
#include "pulih/host/gate.h"
#include "services/ctl/ctl.h"

static bool check_policy(const char *path)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_policy *policy = pulih_policy_load(path, &why);

    if (policy) {
        printf("%s: a good policy, version %s\n", path, policy->version);
        pulih_ctl_list_packs(policy);
    } else {
        printf("%s", pulih_buf_text(&why));
    }
    pulih_policy_free(policy);
    return policy;
}

static bool check_keys(const struct pulih_conf *conf, const char *path)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_gate gate = {0};
    bool ok = pulih_gate_load(&gate, conf, path, true, &why);

    if (!ok)
        printf("%s", pulih_buf_text(&why));
    else if (gate.clients)
        printf("%s: a good key, and %zu clients\n", path, pulih_clients_count(gate.clients));
    pulih_gate_free(&gate);
    return ok;
}

/* The configuration, and the keys and the policy that it names. */
static bool check_config(const char *path)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_conf conf = {0};
    bool ok = pulih_host_conf_load(path, PULIH_STAGE_intake, &conf, &why);

    if (ok)
        printf("%s: a good configuration\n", path);
    else
        printf("%s", pulih_buf_text(&why));
    if (ok) {
        bool keys = check_keys(&conf, path);
        ok = check_policy(conf.pulih_policy) && keys;
    }
    pulih_host_conf_free(&conf);
    return ok;
}

static bool begins_with_pulih(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strncmp(slash ? slash + 1 : path, "pulih", 5) == 0;
}

/* What says neither, or cannot be read, goes by its name. */
static bool is_config(const char *path)
{
    return pulih_conf_gives(path, "database") ||
           (!pulih_conf_gives(path, "version") && begins_with_pulih(path));
}

int pulih_ctl_check(const struct pulih_ctl *ctl)
{
    const char *as = pulih_ctl_option(ctl, "as");
    bool ok = true;

    if (as && strcmp(as, "config") != 0 && strcmp(as, "policy") != 0)
        return pulih_ctl_usage(ctl, "--as wants config or policy, got %s", as);
    for (int i = 0; i < ctl->n_args; i++) {
        bool config = as ? strcmp(as, "config") == 0 : is_config(ctl->args[i]);
        ok = (config ? check_config(ctl->args[i]) : check_policy(ctl->args[i])) && ok;
    }
    return ok ? PULIH_CTL_OK : PULIH_CTL_FAILED;
}
