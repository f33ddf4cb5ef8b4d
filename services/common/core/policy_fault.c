#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* getline */
#endif
#include "services/common/core/policy_fault.h"

#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pulih_policy_path(const char *file, const char *main_path, struct pulih_buf *out)
{
    const char *slash = strrchr(main_path, '/');

    if (!file)
        file = main_path;
    if (slash && file[0] != '/' && strcmp(file, main_path) != 0)
        pulih_buf_add(out, main_path, (size_t)(slash - main_path) + 1);
    pulih_buf_addf(out, "%s", file);
}

/* The library dates an element of a list by the sign that follows it, which may stand on a later line. So its
 * text is looked for, from there up to where the list begins. */
static unsigned line_of_element(const config_setting_t *at, const char *path)
{
    const char *text = config_setting_get_string(at);
    const config_setting_t *list = config_setting_parent(at);
    unsigned last = config_setting_source_line(at), found = last, n = 0;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf quoted = {0};
    FILE *f = text && list ? fopen(path, "rbe") : NULL;
    size_t room = 0;
    char *line = NULL;

    pulih_buf_addf(&quoted, "\"%s\"", text ? text : "");
    while (f && n < last && getline(&line, &room, f) > 0)
        if (++n >= config_setting_source_line(list) && strstr(line, quoted.at))
            found = n;
    free(line);
    if (f)
        fclose(f);
    return found;
}

void pulih_policy_fault(struct pulih_buf *why, const config_setting_t *at, const char *main_path,
                        const char *format, ...)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf path = {0};
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pulih_policy_path(at ? config_setting_source_file(at) : NULL, main_path, &path);
    unsigned line = at ? config_setting_source_line(at) : 0;
    if (at && !config_setting_name(at))
        line = line_of_element(at, pulih_buf_text(&path));
    pulih_buf_addf(why, "%s:%u: %s\n", pulih_buf_text(&path), line ? line : 1, text);
}
