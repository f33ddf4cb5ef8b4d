/* Text of others made safe for a terminal, JSON strings, and tables for people and machines. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pulih/base/arena.h"
#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "pulih/core/reference.h"
#include "services/ctl/ctl.h"

/* Reads one sign of UTF-8 and returns its bytes; 0 for bytes that are none. */
static size_t read_sign(const char *at, size_t len, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)at;
    size_t n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

    if (n == 0 || n > len)
        return 0;
    *ret = n == 1 ? *p : *p & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *ret = *ret << 6 | (p[i] & 0x3fu);
    }
    return *ret < least[n] || *ret > 0x10ffff || (*ret >= 0xd800 && *ret < 0xe000) ? 0 : n;
}

/* What moves a cursor, colours, ends a line or turns the direction of writing. */
static bool is_control(uint32_t sign)
{
    return sign < 0x20 || (sign >= 0x7f && sign < 0xa0) || sign == 0x61c || sign == 0x200e ||
           sign == 0x200f || (sign >= 0x2028 && sign < 0x202f) || (sign >= 0x2066 && sign < 0x206a);
}

void pulih_ctl_add_text(struct pulih_buf *out, struct pulih_view text, int indent)
{
    for (size_t i = 0, n; i < text.len; i += n ? n : 1) {
        uint32_t sign = 0xfffd;
        int next = i + 1 < text.len ? text.at[i + 1] : 0;
        n = read_sign(text.at + i, text.len - i, &sign);
        if (n == 0)
            pulih_buf_add_view(out, PULIH_VIEW("\xef\xbf\xbd"));
        else if (sign == '\n' && indent >= 0)
            pulih_buf_addf(out, "\n%*s", next == '\n' || next == '\r' ? 0 : indent, "");
        else if (sign == '\r' && indent >= 0 && next == '\n')
            continue;
        else if (is_control(sign))
            pulih_buf_addf(out, "\\u%04x", (unsigned)sign);
        else
            pulih_buf_add(out, text.at + i, n);
    }
}

void pulih_ctl_add_json(struct pulih_buf *out, struct pulih_view text)
{
    pulih_buf_add_byte(out, '"');
    for (size_t i = 0, n; i < text.len; i += n ? n : 1) {
        uint32_t sign = 0xfffd;
        n = read_sign(text.at + i, text.len - i, &sign);
        if (sign == '\n')
            pulih_buf_add_view(out, PULIH_VIEW("\\n"));
        else if (n == 0 || is_control(sign))
            pulih_buf_addf(out, "\\u%04x", (unsigned)sign);
        else if (sign == '"' || sign == '\\')
            pulih_buf_addf(out, "\\%c", (int)sign);
        else
            pulih_buf_add(out, text.at + i, n);
    }
    pulih_buf_add_byte(out, '"');
}

void pulih_ctl_add_time(struct pulih_buf *out, int64_t us)
{
    time_t seconds = (time_t)(us / 1000000);
    struct tm tm;
    char text[40];

    if (!localtime_r(&seconds, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S%z", &tm))
        pulih_time_print(us, text);
    size_t len = strlen(text);
    if (len > 2 && strcmp(text + len - 2, "00") == 0)
        len -= 2; /* +0700 is mostly +07 */
    pulih_buf_add(out, text, len);
}

void pulih_ctl_write(struct pulih_buf *out)
{
    fwrite(out->at, 1, out->len, stdout);
    pulih_buf_empty(out);
}

bool pulih_ctl_read_time(const char *text, int64_t *ret_us)
{
    struct tm tm = {.tm_isdst = -1};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    time_t seconds = end && !*end ? mktime(&tm) : -1;

    if (seconds < 0)
        return pulih_time_parse(pulih_view_of(text), ret_us);
    *ret_us = (int64_t)seconds * 1000000;
    return true;
}

/* --- JSON lines -------------------------------------------------------------------------------------- */

void pulih_ctl_json_text(struct pulih_buf *out, const char *name, struct pulih_view text)
{
    pulih_buf_addf(out, ",\"%s\":", name);
    if (text.at)
        pulih_ctl_add_json(out, text);
    else
        pulih_buf_add_view(out, PULIH_VIEW("null"));
}

void pulih_ctl_json_word(struct pulih_buf *out, const char *name, const char *text)
{
    pulih_ctl_json_text(out, name, pulih_view_of(text));
}

void pulih_ctl_json_int(struct pulih_buf *out, const char *name, int64_t v)
{
    pulih_buf_addf(out, ",\"%s\":%lld", name, (long long)v);
}

void pulih_ctl_json_time(struct pulih_buf *out, const char *name, int64_t us)
{
    char text[28];

    pulih_time_print(us, text);
    pulih_ctl_json_text(out, name, us ? pulih_view_of(text) : (struct pulih_view){0});
}

void pulih_ctl_json_start(struct pulih_buf *out, const char *name, const char *text)
{
    pulih_buf_addf(out, "{\"%s\":\"%s\"", name, text);
}

void pulih_ctl_json_end(struct pulih_buf *out)
{
    pulih_buf_add_view(out, PULIH_VIEW("}\n"));
}

/* --- tables ------------------------------------------------------------------------------------------ */

/* Signs in the cell; near enough to its width. */
static size_t width_of(const char *at, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)at[i] & 0xc0) != 0x80;
    return n;
}

static struct pulih_view cell_at(const struct pulih_ctl_table *t, size_t i)
{
    size_t start = i ? t->ends[i - 1] : 0;

    return (struct pulih_view){t->cells.at + start, t->ends[i] - start};
}

static void end_cell(struct pulih_ctl_table *t)
{
    t->at = t->at + 1 == t->n_columns ? 0 : t->at + 1;
    if (!t->json) {
        t->ends = pulih_room(t->ends, t->n_ends, &t->cap_ends, sizeof *t->ends);
        t->ends[t->n_ends++] = t->cells.len;
    } else if (t->at == 0) {
        pulih_buf_add_view(&t->cells, PULIH_VIEW("}\n"));
        pulih_ctl_write(&t->cells);
    }
}

static void add_name(struct pulih_ctl_table *t)
{
    if (t->at == 0 && t->what)
        pulih_buf_addf(&t->cells, "{\"what\":\"%s\"", t->what);
    pulih_buf_addf(&t->cells, "%s\"%s\":", t->at || t->what ? "," : "{", t->columns[t->at]);
}

/* In JSON: the name before the value. */
static void start_cell(struct pulih_ctl_table *t)
{
    if (t->json)
        add_name(t);
}

void pulih_ctl_cell(struct pulih_ctl_table *t, struct pulih_view text)
{
    start_cell(t);
    if (t->json && !text.at)
        pulih_buf_add_view(&t->cells, PULIH_VIEW("null"));
    else if (t->json)
        pulih_ctl_add_json(&t->cells, text);
    else
        pulih_ctl_add_text(&t->cells, text, -1);
    end_cell(t);
}

void pulih_ctl_cell_int(struct pulih_ctl_table *t, int64_t v)
{
    start_cell(t);
    pulih_buf_addf(&t->cells, "%lld", (long long)v);
    end_cell(t);
}

void pulih_ctl_cell_time(struct pulih_ctl_table *t, int64_t us)
{
    char text[28];

    start_cell(t);
    if (us && t->json) {
        pulih_time_print(us, text);
        pulih_buf_addf(&t->cells, "\"%s\"", text);
    } else if (us)
        pulih_ctl_add_time(&t->cells, us);
    else if (t->json)
        pulih_buf_add_view(&t->cells, PULIH_VIEW("null"));
    end_cell(t);
}

void pulih_ctl_cell_word(struct pulih_ctl_table *t, enum pulih_words list, int64_t number)
{
    pulih_ctl_cell(t, pulih_view_of(pulih_ctl_word(list, number)));
}

void pulih_ctl_cell_reference(struct pulih_ctl_table *t, int64_t number)
{
    char reference[PULIH_REFERENCE_BYTES];

    pulih_reference_print(number, reference);
    pulih_ctl_cell(t, pulih_view_of(reference));
}

static void print_aligned(const struct pulih_ctl_table *t, size_t *widths)
{
    for (size_t c = 0; c < t->n_columns; c++)
        widths[c] = strlen(t->columns[c]);
    for (size_t i = 0; i < t->n_ends; i++) {
        struct pulih_view cell = cell_at(t, i);
        size_t width = width_of(cell.at, cell.len);
        if (width > widths[i % t->n_columns])
            widths[i % t->n_columns] = width;
    }
    for (size_t c = 0; c < t->n_columns; c++)
        printf("%-*s%s", c + 1 < t->n_columns ? (int)widths[c] : 0, t->columns[c],
               c + 1 < t->n_columns ? "  " : "\n");
    for (size_t i = 0; i < t->n_ends; i++) {
        struct pulih_view cell = cell_at(t, i);
        size_t c = i % t->n_columns;
        bool last = c + 1 == t->n_columns;
        int blanks = last ? 0 : (int)(widths[c] - width_of(cell.at, cell.len)) + 2;
        printf("%.*s%*s%s", PULIH_VIEW_ARG(cell), blanks, "", last ? "\n" : "");
    }
}

void pulih_ctl_table_end(struct pulih_ctl_table *t)
{
    pulih_must(t->at == 0);
    if (t->n_ends > 0) {
        size_t *widths = calloc(t->n_columns, sizeof *widths);
        if (!widths)
            pulih_out_of_memory();
        print_aligned(t, widths);
        free(widths);
    }
    pulih_buf_free(&t->cells);
    free(t->ends);
    t->ends = NULL;
    t->n_ends = t->cap_ends = 0;
}
