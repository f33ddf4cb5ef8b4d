#include "services/ctl/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int fail(struct pulih_ctl_source *s, const char *why)
{
    snprintf(s->why, sizeof s->why, "%s", why);
    return -1;
}

/* --- cells ------------------------------------------------------------------------------------------- */

static void start_cell(struct pulih_ctl_source *s)
{
    s->starts = pulih_room(s->starts, s->n_cells, &s->cap_starts, sizeof *s->starts);
    s->starts[s->n_cells++] = s->cells.len;
}

/* The rest of a quoted cell, up to what follows the closing quote; EOF if there is none. */
static int read_quoted(struct pulih_ctl_source *s)
{
    int c;

    while ((c = getc_unlocked(s->file)) != EOF) {
        if (c == '"' && (c = getc_unlocked(s->file)) != '"')
            return c == EOF ? '\n' : c;
        s->next_line += c == '\n';
        pulih_buf_add_byte(&s->cells, (uint8_t)c);
    }
    return EOF;
}

/* Reads a cell and returns what ended it: the separator, '\n' or EOF. */
static int read_cell(struct pulih_ctl_source *s)
{
    size_t start = s->cells.len;
    bool quotes = s->format == PULIH_CTL_CSV;
    int c = getc_unlocked(s->file);

    start_cell(s);
    if (c == '"' && quotes && (c = read_quoted(s)) == EOF)
        fail(s, "a quote is opened and never closed");
    while (c != EOF && c != '\n' && c != s->separator) {
        pulih_buf_add_byte(&s->cells, (uint8_t)c);
        c = getc_unlocked(s->file);
    }
    if (c != s->separator && s->cells.len > start && s->cells.at[s->cells.len - 1] == '\r')
        s->cells.len--;
    if (s->cells.len > start && memchr(s->cells.at + start, 0, s->cells.len - start))
        fail(s, "holds a zero byte");
    pulih_buf_add_byte(&s->cells, 0);
    return c;
}

/* Reads a row of cells; false at the end of the file. */
static bool read_cells(struct pulih_ctl_source *s)
{
    int c;

    pulih_buf_empty(&s->cells);
    s->n_cells = 0;
    s->line = s->next_line;
    do
        c = read_cell(s);
    while (c != '\n' && c != EOF);
    s->next_line++;
    return c != EOF || s->n_cells > 1 || s->cells.len > 1;
}

static bool is_blank(const struct pulih_ctl_source *s)
{
    return s->n_cells == 1 && s->cells.at[0] == 0;
}

static int next_cells(struct pulih_ctl_source *s)
{
    do {
        s->why[0] = 0;
        if (!read_cells(s))
            return 0;
    } while (is_blank(s) && !s->why[0]);
    if (!s->why[0] && s->n_cells != s->n_names)
        snprintf(s->why, sizeof s->why, "has %zu cells, but the head has %zu", s->n_cells, s->n_names);
    return s->why[0] ? -1 : 1;
}

const char *pulih_ctl_source_cell(const struct pulih_ctl_source *s, size_t column)
{
    return s->cells.at + s->starts[column];
}

/* --- the head ---------------------------------------------------------------------------------------- */

/* Where a comma is the decimal sign, CSV comes with semicolons. */
static char find_separator(FILE *file)
{
    char head[4096];
    long start = ftell(file);
    size_t len = start < 0 ? 0 : fread(head, 1, sizeof head - 1, file);

    if (start < 0 || fseek(file, start, SEEK_SET) != 0)
        return ',';
    head[len] = 0;
    head[strcspn(head, "\r\n")] = 0;
    return !strchr(head, ',') && strchr(head, ';') ? ';' : ',';
}

static void skip_byte_order_mark(FILE *file)
{
    static const int mark[] = {0xef, 0xbb, 0xbf};
    int c = getc_unlocked(file);

    if (c != mark[0]) {
        ungetc(c, file);
        return;
    }
    for (size_t i = 1; i < PULIH_COUNT(mark); i++)
        if ((c = getc_unlocked(file)) != mark[i]) {
            ungetc(c, file);
            return;
        }
}

static bool check_names(struct pulih_ctl_source *s)
{
    for (size_t i = 0; i < s->n_names; i++) {
        if (!*s->names[i]) {
            snprintf(s->why, sizeof s->why, "column %zu has no name", i + 1);
            return false;
        }
        for (size_t j = 0; j < i; j++)
            if (strcmp(s->names[i], s->names[j]) == 0) {
                snprintf(s->why, sizeof s->why, "two columns have the name %.60s", s->names[i]);
                return false;
            }
    }
    return true;
}

static bool read_head(struct pulih_ctl_source *s)
{
    if (s->format == PULIH_CTL_CSV)
        s->separator = find_separator(s->file);
    if (!read_cells(s) && !s->why[0])
        fail(s, "is empty; want a line with the names of the columns");
    if (s->why[0])
        return false;
    s->names = pulih_arena_get(&s->arena, s->n_cells * sizeof *s->names);
    for (; s->n_names < s->n_cells; s->n_names++) {
        const char *cell = pulih_ctl_source_cell(s, s->n_names);
        size_t len = strlen(cell) + 1;
        s->names[s->n_names] = memcpy(pulih_arena_get(&s->arena, len), cell, len);
    }
    return check_names(s);
}

/* --- lines ------------------------------------------------------------------------------------------- */

static int next_line(struct pulih_ctl_source *s)
{
    ssize_t len;

    do {
        len = getline(&s->text, &s->text_cap, s->file);
        s->line = s->next_line++;
        while (len > 0 && strchr(" \t\r\n", s->text[len - 1]))
            len--;
    } while (len == 0);
    if (len < 0)
        return 0;
    s->text_len = (size_t)len;
    return 1;
}

bool pulih_ctl_source_open(struct pulih_ctl_source *s, FILE *file, enum pulih_ctl_format format)
{
    *s = (struct pulih_ctl_source){.file = file, .format = format, .separator = '\t', .next_line = 1};
    skip_byte_order_mark(file);
    return format == PULIH_CTL_JSONL || read_head(s);
}

int pulih_ctl_source_next(struct pulih_ctl_source *s)
{
    errno = 0;
    int row = s->format == PULIH_CTL_JSONL ? next_line(s) : next_cells(s);

    if (!ferror(s->file) && (row != 0 || feof(s->file)))
        return row;
    s->unread = errno ? errno : EIO; /* a row that breaks off is none */
    return 0;
}

void pulih_ctl_source_close(struct pulih_ctl_source *s)
{
    pulih_arena_free(&s->arena);
    free(s->text);
    free(s->starts);
    pulih_buf_free(&s->cells);
    if (s->file)
        fclose(s->file);
}
