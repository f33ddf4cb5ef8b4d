#include "pulih/learn/corpus.h"

#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/file.h"

struct reading {
    struct pulih_corpus *corpus;
    const char *path;
    struct pulih_buf *why;
    size_t line;
    size_t faults;
};

static void fault(struct reading *r, const char *what)
{
    if (++r->faults <= PULIH_CORPUS_FAULTS_MAX)
        pulih_buf_addf(r->why, "%s:%zu: %s\n", r->path, r->line, what);
}

uint32_t pulih_corpus_label(struct pulih_corpus *corpus, struct pulih_view label)
{
    for (size_t i = 0; i < corpus->n_labels; i++)
        if (pulih_view_same(corpus->labels[i], label))
            return (uint32_t)i;
    corpus->labels =
        pulih_room(corpus->labels, corpus->n_labels, &corpus->labels_cap, sizeof *corpus->labels);
    corpus->labels[corpus->n_labels] = label;
    return (uint32_t)corpus->n_labels++;
}

void pulih_corpus_add(struct pulih_corpus *c, struct pulih_view label, struct pulih_view text)
{
    c->examples = pulih_room(c->examples, c->n, &c->cap, sizeof *c->examples);
    c->examples[c->n++] = (struct pulih_example){pulih_corpus_label(c, label), text};
}

static void read_pair(struct reading *r, struct pulih_view label, struct pulih_view text)
{
    struct pulih_corpus *c = r->corpus;

    if (label.len == 0)
        fault(r, "the label before the tab is empty; write one, or take the line out");
    else if (label.len > PULIH_LABEL_MAX_BYTES)
        fault(r, "the label before the tab has more than 200 bytes; is the text in the first column?");
    else if (text.len == 0)
        fault(r, "there is no text behind the tab; write it, or take the line out");
    else if (!pulih_is_utf8(label) || !pulih_is_utf8(text))
        fault(r, "not UTF-8; convert the file, for instance with iconv -t UTF-8");
    else if (c->n_labels == PULIH_CORPUS_LABELS_MAX)
        fault(r, "more than 1000 different labels; is the text in the first column?");
    else
        pulih_corpus_add(c, label, text);
}

/* Tabs in the text are part of it; empty lines are nothing. */
static void read_line(struct reading *r, struct pulih_view line)
{
    const char *tab;

    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    if (!line.len)
        return;
    tab = memchr(line.at, '\t', line.len);
    if (!tab) {
        fault(r, "no tab; a line is a label, a tab and a text");
        return;
    }
    size_t len = (size_t)(tab - line.at);
    read_pair(r, (struct pulih_view){line.at, len}, (struct pulih_view){tab + 1, line.len - len - 1});
}

static void read_lines(struct reading *r, struct pulih_view all)
{
    static const char mark[] = "\xef\xbb\xbf"; /* what some editors put at the start of UTF-8 */

    if (all.len >= 3 && memcmp(all.at, mark, 3) == 0)
        all = (struct pulih_view){all.at + 3, all.len - 3};
    while (all.len) {
        const char *end = memchr(all.at, '\n', all.len);
        size_t len = end ? (size_t)(end - all.at) : all.len;
        size_t step = end ? len + 1 : len;

        r->line++;
        read_line(r, (struct pulih_view){all.at, len});
        all = (struct pulih_view){all.at + step, all.len - step};
    }
}

bool pulih_corpus_read(struct pulih_corpus *corpus, const char *path, struct pulih_buf *why)
{
    struct reading r = {.corpus = corpus, .path = path, .why = why};
    struct pulih_buf file = {0};
    size_t before = corpus->n;

    pulih_buf_addf(why, "%s: ", path);
    if (!pulih_file_read(path, 0, &file, why)) {
        pulih_buf_addf(why, "\n");
        pulih_buf_free(&file);
        return false;
    }
    why->len -= strlen(path) + 2;
    corpus->files = pulih_room(corpus->files, corpus->n_files, &corpus->files_cap, sizeof *corpus->files);
    corpus->files[corpus->n_files++] = file;
    read_lines(&r, pulih_view_of_buf(&file));
    if (r.faults > PULIH_CORPUS_FAULTS_MAX)
        pulih_buf_addf(why, "%s: and %zu more faults\n", path, r.faults - PULIH_CORPUS_FAULTS_MAX);
    if (!r.faults && corpus->n == before) {
        pulih_buf_addf(why, "%s: no line in it; a line is a label, a tab and a text\n", path);
        return false;
    }
    return !r.faults;
}

void pulih_corpus_free(struct pulih_corpus *corpus)
{
    for (size_t i = 0; i < corpus->n_files; i++)
        pulih_buf_free(&corpus->files[i]);
    free(corpus->files);
    free(corpus->labels);
    free(corpus->examples);
    *corpus = (struct pulih_corpus){0};
}
