#include "services/common/base/conf_check.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pulih/base/file.h"
#include "pulih/base/near.h"

enum { DEPTH_MAX = 10 /* of the library */ };

/* A place in a text. Moves only by advance(), which counts lines. */
struct scan {
    const char *at;
    const char *path;
    unsigned line;
    int depth;
    struct pulih_view directory; /* of the outermost file: includes are relative to it */
    struct pulih_buf *why;
};

static void advance(struct scan *s, size_t n)
{
    for (; n > 0 && *s->at; n--) {
        if (*s->at == '\n')
            s->line++;
        s->at++;
    }
}

static void skip_string(struct scan *s)
{
    advance(s, 1);
    while (*s->at && *s->at != '"')
        advance(s, *s->at == '\\' ? 2 : 1);
    advance(s, 1);
}

static bool skip_comment(struct scan *s)
{
    if (*s->at == '#' || strncmp(s->at, "//", 2) == 0) {
        advance(s, strcspn(s->at, "\n"));
        return true;
    }
    if (strncmp(s->at, "/*", 2) == 0) {
        const char *end = strstr(s->at + 2, "*/");
        advance(s, end ? (size_t)(end + 2 - s->at) : strlen(s->at));
        return true;
    }
    return false;
}

/* A whole number without L becomes an int, one with L a long long; either is cut in silence. */
static bool check_number(struct scan *s)
{
    const char *start = s->at;
    char *end;

    errno = 0;
    long long value = strtoll(start, &end, strncasecmp(start, "0x", 2) == 0 ? 16 : 10);
    bool fits_long = errno != ERANGE, fits_int = value >= INT_MIN && value <= INT_MAX;
    bool is_fraction = *end && strchr(".eE", *end);

    advance(s, (size_t)(end - start));
    advance(s, strspn(s->at, "0123456789.eE+-L"));
    if (is_fraction || (fits_long && (*end == 'L' || fits_int)))
        return true;
    pulih_buf_addf(s->why, "%s:%u: %.*s is too large%s\n", s->path, s->line, (int)(end - start), start,
                   fits_long ? " for 32 bits: put an L behind it" : "");
    return false;
}

static bool check_text(struct scan *s);

/* With s->at on @include. */
static bool check_include(struct scan *s)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf path = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf fault = {0};
    unsigned line = s->line;

    advance(s, strlen("@include"));
    advance(s, strspn(s->at, " \t"));
    if (*s->at != '"')
        return true; /* the library will say that this is no syntax */
    pulih_buf_addf(&path, "%.*s/%.*s", PULIH_VIEW_ARG(s->directory), (int)strcspn(s->at + 1, "\"\n"),
                   s->at + 1);
    if (s->at[1] == '/')
        pulih_buf_addf(&fault, "the path must be relative to the directory of the main file");
    else if (s->depth == DEPTH_MAX)
        pulih_buf_addf(&fault, "too many files within each other");
    else
        pulih_file_read(pulih_buf_text(&path), 0, &text, &fault);
    skip_string(s);
    if (fault.len) {
        pulih_buf_addf(s->why, "%s:%u: include of %s: %s\n", s->path, line, pulih_buf_text(&path),
                       pulih_buf_text(&fault));
        return false;
    }
    struct scan inner = {pulih_buf_text(&text), pulih_buf_text(&path), 1, s->depth + 1, s->directory, s->why};
    return check_text(&inner);
}

static bool check_text(struct scan *s)
{
    bool fine = true;

    while (*s->at) {
        if (skip_comment(s))
            continue;
        if (*s->at == '"')
            skip_string(s);
        else if (isalpha((unsigned char)*s->at) || *s->at == '*')
            advance(s, strspn(s->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*"));
        else if (isdigit((unsigned char)*s->at) || *s->at == '-')
            fine &= check_number(s);
        else if (strncmp(s->at, "@include", strlen("@include")) == 0)
            fine &= check_include(s);
        else
            advance(s, 1);
    }
    return fine;
}

struct pulih_view pulih_conf_directory(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return PULIH_VIEW(".");
    return slash == path ? PULIH_VIEW("/") : (struct pulih_view){path, (size_t)(slash - path)};
}

bool pulih_conf_check_source(const char *path, struct pulih_buf *why)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf fault = {0};

    if (!pulih_file_read(path, 0, &text, &fault)) {
        pulih_buf_addf(why, "%s: %s\n", path, pulih_buf_text(&fault));
        return false;
    }
    struct scan s = {pulih_buf_text(&text), path, 1, 1, pulih_conf_directory(path), why};
    return check_text(&s);
}

bool pulih_conf_check_text(const char *text, struct pulih_buf *why)
{
    struct scan s = {text, "default", 1, DEPTH_MAX, PULIH_VIEW("."), why};

    return check_text(&s);
}

bool pulih_conf_same_group(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

const struct pulih_conf_row *pulih_conf_nearest(const struct pulih_conf_file *file, const char *group,
                                                const char *name)
{
    const struct pulih_conf_row *nearest = NULL;
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < file->n_rows; i++) {
        const struct pulih_conf_row *row = &file->rows[i];
        if (pulih_conf_same_group(group, row->group) && pulih_is_nearer(name, row->name, &best))
            nearest = row;
    }
    for (size_t i = 0; !nearest && i < file->n_rows; i++)
        if (strcmp(file->rows[i].name, name) == 0)
            nearest = &file->rows[i];
    return nearest;
}

const char *pulih_conf_nearest_group(const struct pulih_conf_file *file, const char *name)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < file->n_rows; i++)
        if (file->rows[i].group && pulih_is_nearer(name, file->rows[i].group, &best))
            nearest = file->rows[i].group;
    return nearest;
}
