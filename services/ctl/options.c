#include "services/ctl/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"
#include "pulih/base/near.h"

#define ON(command) (UINT32_C(1) << PULIH_CTL_##command)
#define ON_ALL      UINT32_MAX
#define ON_DATABASE                                                                                          \
    (ON(migrate) | ON(send) | ON(link) | ON(unlink) | ON(show) | ON(promises) | ON(list) | ON(queue) |       \
     ON(letter) | ON(stats) | ON(dead) | ON(model) | ON(train) | ON(evaluate) | ON(explain) | ON(whatif) |   \
     ON(plan))
#define ON_DOOR  (ON(publish) | ON(send) | ON(link) | ON(unlink) | ON(feed) | ON(letter))
#define ARGS_ANY PULIH_CTL_ARGS_ANY

static const struct pulih_ctl_command commands[PULIH_CTL_N] = {
#define COMMAND(name, args, least, most, doc) {#name, args, least, most, doc, pulih_ctl_##name},
#define OPTION(...)
#include "services/ctl/commands.tbl.h"
};

static const struct pulih_ctl_option options[] = {
#define COMMAND(...)
#define OPTION(name, value, where, doc) {#name, value, where, doc},
#include "services/ctl/commands.tbl.h"
};

const struct pulih_ctl_command *pulih_ctl_command(const char *name)
{
    for (size_t i = 0; i < PULIH_CTL_N; i++)
        if (strcmp(pulih_ctl_name(&commands[i]), name) == 0)
            return &commands[i];
    return NULL;
}

const char *pulih_ctl_name(const struct pulih_ctl_command *command)
{
    static char name[32];

    snprintf(name, sizeof name, "%s", command->name);
    for (char *sign = name; *sign; sign++)
        if (*sign == '_')
            *sign = '-';
    return name;
}

static bool has_option(const struct pulih_ctl_command *command, const struct pulih_ctl_option *option)
{
    return option->commands >> (command - commands) & 1;
}

static const struct pulih_ctl_option *find_option(const struct pulih_ctl_command *command, const char *name,
                                                  size_t len)
{
    for (size_t i = 0; i < PULIH_COUNT(options); i++)
        if (has_option(command, &options[i]) && strlen(options[i].name) == len &&
            strncmp(options[i].name, name, len) == 0)
            return &options[i];
    return NULL;
}

bool pulih_ctl_takes(const struct pulih_ctl *ctl, const char *name)
{
    return find_option(ctl->command, name, strlen(name));
}

/* --- help -------------------------------------------------------------------------------------------- */

/* A left column of 26 and text broken at blanks. */
static void print_row(FILE *to, const char *left, const char *text)
{
    enum { LEFT = 26, WIDTH = 100 - LEFT };

    fprintf(to, "  %-*s", LEFT - 2, left);
    if (strlen(left) > LEFT - 3)
        fprintf(to, "\n%*s", LEFT, "");
    while (strlen(text) > WIDTH) {
        int len = WIDTH;
        while (len > 1 && text[len] != ' ')
            len--;
        fprintf(to, "%.*s\n%*s", len, text, LEFT, "");
        text += len + (text[len] == ' ');
    }
    fprintf(to, "%s\n", text);
}

static void help_command(const struct pulih_ctl_command *command, FILE *to)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf left = {0};

    fprintf(to, "usage: pulihctl %s [OPTION ...]%s%s\n%s\n\n", pulih_ctl_name(command),
            *command->args ? " " : "", command->args, command->doc);
    for (size_t i = 0; i < PULIH_COUNT(options); i++) {
        if (!has_option(command, &options[i]))
            continue;
        pulih_buf_empty(&left);
        pulih_buf_addf(&left, "--%s%s%s", options[i].name, options[i].value ? " " : "",
                       options[i].value ? options[i].value : "");
        print_row(to, pulih_buf_text(&left), options[i].doc);
    }
}

void pulih_ctl_help(const struct pulih_ctl_command *command, FILE *to)
{
    if (command) {
        help_command(command, to);
        return;
    }
    fprintf(to, "usage: pulihctl COMMAND ...\nThe operator's and supervisor's tool of pulih.\n\n");
    for (size_t i = 0; i < PULIH_CTL_N; i++)
        print_row(to, pulih_ctl_name(&commands[i]), commands[i].doc);
    fprintf(to,
            "\npulihctl COMMAND --help explains one. REF is a reference as printed on a letter, or a UUID.\n"
            "Exit codes: 0 done, 1 failed or nothing found, 2 wrong usage.\n");
}

/* --- complaints -------------------------------------------------------------------------------------- */

static void PULIH_PRINTF(2, 0) tell(const struct pulih_ctl *ctl, const char *format, va_list args)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf line = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf safe = {0};
    char text[2000];

    vsnprintf(text, sizeof text, format, args);
    pulih_ctl_add_text(&safe, pulih_view_of(text), -1);
    pulih_buf_addf(&line, "pulihctl %s: %s\n", pulih_ctl_name(ctl->command), pulih_buf_text(&safe));
    fputs(pulih_buf_text(&line), stderr);
}

int pulih_ctl_usage(const struct pulih_ctl *ctl, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(ctl, format, args);
    va_end(args);
    fprintf(stderr, "Try: pulihctl %s --help\n", pulih_ctl_name(ctl->command));
    return PULIH_CTL_USAGE;
}

int pulih_ctl_failed(const struct pulih_ctl *ctl, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(ctl, format, args);
    va_end(args);
    return PULIH_CTL_FAILED;
}

/* --- reading the command line ------------------------------------------------------------------------ */

static int unknown_option(const struct pulih_ctl *ctl, const char *text, size_t len)
{
    const char *names[PULIH_COUNT(options)];
    char name[64];
    size_t n = 0;

    snprintf(name, sizeof name, "%.*s", (int)len, text);
    for (size_t i = 0; i < PULIH_COUNT(options); i++)
        if (has_option(ctl->command, &options[i]))
            names[n++] = options[i].name;
    const char *nearest = pulih_nearest(name, names, n);
    if (nearest)
        return pulih_ctl_usage(ctl, "there is no option --%s; did you mean --%s?", name, nearest);
    return pulih_ctl_usage(ctl, "there is no option --%s", name);
}

/* Reads the option at argv[*at] and moves *at to its last word. */
static bool read_option(struct pulih_ctl *ctl, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct pulih_ctl_option *option = find_option(ctl->command, name, len);
    const char *value = equals ? equals + 1 : "";

    if (!option) {
        unknown_option(ctl, name, len);
        return false;
    }
    if (option->value && !equals) {
        if (++*at == argc) {
            pulih_ctl_usage(ctl, "--%s wants a value: %s", option->name, option->value);
            return false;
        }
        value = argv[*at];
    }
    if (!option->value && equals) {
        pulih_ctl_usage(ctl, "--%s takes no value", option->name);
        return false;
    }
    ctl->given[ctl->n_given++] = (struct pulih_ctl_given){option, value};
    return true;
}

bool pulih_ctl_read(struct pulih_ctl *ctl, int argc, char **argv)
{
    bool options_ended = false;

    ctl->given = calloc((size_t)argc + 1, sizeof *ctl->given);
    ctl->args = calloc((size_t)argc + 1, sizeof *ctl->args);
    if (!ctl->given || !ctl->args)
        pulih_out_of_memory();
    for (int i = 0; i < argc; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0)
            options_ended = true;
        else if (!options_ended && strcmp(argv[i], "-h") == 0)
            ctl->given[ctl->n_given++] = (struct pulih_ctl_given){find_option(ctl->command, "help", 4), ""};
        else if (options_ended || strncmp(argv[i], "--", 2) != 0)
            ctl->args[ctl->n_args++] = argv[i];
        else if (!read_option(ctl, argc, argv, &i))
            return false;
    }
    if (pulih_ctl_option(ctl, "help"))
        return true;
    if (ctl->n_args >= ctl->command->least && ctl->n_args <= ctl->command->most)
        return true;
    pulih_ctl_usage(ctl, *ctl->command->args ? "want %s" : "want options only%s", ctl->command->args);
    return false;
}

void pulih_ctl_end(struct pulih_ctl *ctl)
{
    free(ctl->given);
    free(ctl->args);
}

const char *pulih_ctl_next_option(const struct pulih_ctl *ctl, const char *name, size_t *at)
{
    pulih_must(find_option(ctl->command, name, strlen(name)));
    while (*at < ctl->n_given) {
        const struct pulih_ctl_given *given = &ctl->given[(*at)++];
        if (strcmp(given->option->name, name) == 0)
            return given->value;
    }
    return NULL;
}

const char *pulih_ctl_option(const struct pulih_ctl *ctl, const char *name)
{
    const char *last = NULL;
    size_t at = 0;

    for (const char *value; (value = pulih_ctl_next_option(ctl, name, &at));)
        last = value;
    return last;
}

bool pulih_ctl_number(const struct pulih_ctl *ctl, const char *name, int64_t least, int64_t most,
                      int64_t standard, int64_t *ret)
{
    const char *text = pulih_ctl_option(ctl, name);
    char *end;

    *ret = standard;
    if (!text)
        return true;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    if (*text && !*end && !errno && *ret >= least && *ret <= most)
        return true;
    pulih_ctl_usage(ctl, "--%s wants a whole number from %lld to %lld, got %s", name, (long long)least,
                    (long long)most, text);
    return false;
}

bool pulih_ctl_since(const struct pulih_ctl *ctl, int64_t *ret_us)
{
    const char *text = pulih_ctl_option(ctl, "since");

    if (!text || pulih_ctl_read_time(text, ret_us))
        return true;
    pulih_ctl_usage(ctl, "--since wants 2026-01-31 or 2026-01-31T23:59:59Z, got %s", text);
    return false;
}
