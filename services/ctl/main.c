/* pulihctl: the operator's and supervisor's tool. The commands are rows of commands.tbl.h. */
#include <locale.h>
#include <string.h>

#include "services/ctl/ctl.h"

static int run(struct pulih_ctl *ctl, int argc, char **argv)
{
    if (!pulih_ctl_read(ctl, argc, argv))
        return PULIH_CTL_USAGE;
    if (pulih_ctl_option(ctl, "help")) {
        pulih_ctl_help(ctl->command, stdout);
        return PULIH_CTL_OK;
    }
    pulih_ctl_words_start(ctl);
    return ctl->command->run(ctl);
}

int main(int argc, char **argv)
{
    PULIH_AUTO(pulih_ctl_end) struct pulih_ctl ctl = {0};
    const char *name = argc > 1 ? argv[1] : "";
    int code;

    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        pulih_ctl_help(argc > 2 ? pulih_ctl_command(argv[2]) : NULL, stdout);
        return PULIH_CTL_OK;
    }
    ctl.command = pulih_ctl_command(strcmp(name, "--version") == 0 ? "version" : name);
    if (!ctl.command) {
        pulih_ctl_help(NULL, stderr);
        return PULIH_CTL_USAGE;
    }
    code = run(&ctl, argc - 2, argv + 2);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("pulihctl: standard output is full or closed\n", stderr);
        return PULIH_CTL_FAILED;
    }
    return code;
}
