#include "services/common/core/calendar_ics_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LINE_MAX_BYTES = 8192 };

bool pulih_ics_wrong(struct pulih_ics_source *s, const char *format, ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pulih_buf_addf(s->why, "%s:%u: %s\n", s->path, s->line, text);
    return false;
}

struct pulih_view pulih_ics_take(struct pulih_view *text, char sign)
{
    const char *end = text->len ? memchr(text->at, sign, text->len) : NULL;
    struct pulih_view taken = {text->at, end ? (size_t)(end - text->at) : text->len};
    size_t gone = taken.len + (end != NULL);

    *text = (struct pulih_view){text->at + gone, text->len - gone};
    return taken;
}

bool pulih_ics_same(struct pulih_view text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.at, word, text.len) == 0;
}

bool pulih_ics_is(const struct pulih_ics_source *s, const char *name)
{
    return pulih_ics_same(s->name, name);
}

bool pulih_ics_has_value(const struct pulih_ics_source *s, const char *value)
{
    return pulih_ics_same(s->value, value);
}

/* Lines end with CR LF; files that went through an editor, with LF. */
static struct pulih_view take_physical(struct pulih_ics_source *s)
{
    struct pulih_view line = pulih_ics_take(&s->rest, '\n');

    s->next_line++;
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

static bool is_plain(struct pulih_view line)
{
    for (size_t i = 0; i < line.len; i++)
        if (((uint8_t)line.at[i] < ' ' && line.at[i] != '\t') || line.at[i] == 0x7f)
            return false;
    return true;
}

/* A line that begins with a blank goes on where the one before ended. */
static bool unfold(struct pulih_ics_source *s)
{
    pulih_buf_empty(&s->unfolded);
    s->line = s->next_line;
    for (struct pulih_view part = take_physical(s);; part = take_physical(s)) {
        if (!is_plain(part))
            return pulih_ics_wrong(s, "control sign in the line");
        if (s->unfolded.len + part.len > LINE_MAX_BYTES)
            return pulih_ics_wrong(s, "line of more than %d bytes", LINE_MAX_BYTES);
        pulih_buf_add_view(&s->unfolded, part);
        if (s->rest.len == 0 || (*s->rest.at != ' ' && *s->rest.at != '\t'))
            return true;
        s->rest = (struct pulih_view){s->rest.at + 1, s->rest.len - 1};
    }
}

static size_t name_length(struct pulih_view text)
{
    size_t len = 0;

    while (len < text.len &&
           memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-", text.at[len], 63))
        len++;
    return len;
}

/* NAME;PARAMETER=value;OTHER="quo:ted":VALUE */
static bool take_apart(struct pulih_ics_source *s)
{
    struct pulih_view line = pulih_view_of_buf(&s->unfolded);
    size_t at = name_length(line);
    bool quoted = false;

    s->name = (struct pulih_view){line.at, at};
    if (at == 0 || at == line.len || (line.at[at] != ';' && line.at[at] != ':'))
        return pulih_ics_wrong(s, "expected a line such as SUMMARY:Idul Fitri");
    while (at < line.len && (quoted || line.at[at] != ':'))
        quoted ^= line.at[at++] == '"';
    if (at == line.len)
        return pulih_ics_wrong(s, "%.40s: no : before its value", pulih_buf_text(&s->unfolded));
    s->params = (struct pulih_view){line.at + s->name.len, at - s->name.len};
    s->value = (struct pulih_view){line.at + at + 1, line.len - at - 1};
    return true;
}

bool pulih_ics_next(struct pulih_ics_source *s)
{
    if (s->rest.len == 0) {
        s->line = s->next_line > 1 ? s->next_line - 1 : 1;
        return false;
    }
    return unfold(s) && take_apart(s);
}
