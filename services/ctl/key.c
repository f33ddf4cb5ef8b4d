/* pulihctl key: key pairs for doors that speak CURVE. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/curve.h"
#include "services/ctl/ctl.h"

struct pulih_keys *pulih_ctl_keys(const struct pulih_ctl *ctl, struct pulih_keys *room)
{
    const char *file = pulih_ctl_option(ctl, "key-file");
    const char *server = pulih_ctl_option(ctl, "server-key");

    if (!file && !server)
        return NULL;
    *room = (struct pulih_keys){file ? file : getenv("PULIH_KEY_FILE"),
                                server ? server : getenv("PULIH_SERVER_KEY")};
    return room;
}

/* A fault ends with its line. */
static int failed(const struct pulih_ctl *ctl, struct pulih_buf *why)
{
    return pulih_ctl_failed(ctl, "%.*s", (int)strcspn(pulih_buf_text(why), "\n"), pulih_buf_text(why));
}

static int make_key(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    PULIH_AUTO(pulih_key_pair_forget) struct pulih_key_pair pair;
    const char *path = pulih_ctl_option(ctl, "out"), *client = pulih_ctl_option(ctl, "client");

    path = path ? path : "pulih.key";
    client = client ? client : "pulihctl";
    if (!pulih_client_name_fits(pulih_view_of(client)))
        return pulih_ctl_usage(ctl, "--client wants 1 to %d letters, digits, or . _ - @",
                               PULIH_CLIENT_NAME_MAX);
    pulih_key_pair_new(&pair);
    if (!pulih_key_pair_save(path, &pair, &why))
        return failed(ctl, &why);
    fprintf(stderr,
            "%s holds the new pair: keep it to yourself. Its public key is\n%s\n"
            "and its line in the list that curve.clients names:\n",
            path, pair.public.text);
    printf("%s %s\n", client, pair.public.text);
    return PULIH_CTL_OK;
}

static int show_key(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    PULIH_AUTO(pulih_key_pair_forget) struct pulih_key_pair pair;

    if (!pulih_key_pair_load(ctl->args[1], &pair, &why))
        return failed(ctl, &why);
    printf("%s\n", pair.public.text);
    return PULIH_CTL_OK;
}

int pulih_ctl_key(const struct pulih_ctl *ctl)
{
    if (ctl->n_args == 1 && strcmp(ctl->args[0], "new") == 0)
        return make_key(ctl);
    if (ctl->n_args == 2 && strcmp(ctl->args[0], "show") == 0)
        return show_key(ctl);
    return pulih_ctl_usage(ctl, "want new, or show FILE");
}
