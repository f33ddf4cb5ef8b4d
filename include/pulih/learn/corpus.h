/* Labelled texts from files of lines `label<TAB>text`.
 *
 * Owns.     The bytes of the files, to which its views point.
 * Fails.    With every fault of a file, a line each, "file:line: what is wrong and what to do", up to
 *           PULIH_CORPUS_FAULTS_MAX of them.
 */
#ifndef PULIH_LEARN_CORPUS_H
#define PULIH_LEARN_CORPUS_H

#include <stdbool.h>
#include <stdint.h>

#include "pulih/base/bytes.h"
#include "pulih/core/model.h"

enum { PULIH_CORPUS_FAULTS_MAX = 20, PULIH_CORPUS_LABELS_MAX = 1000 };

struct pulih_example {
    uint32_t label;
    struct pulih_view text;
};

/* All zero is an empty corpus. */
struct pulih_corpus {
    size_t n, cap;
    struct pulih_example *examples;
    size_t n_labels, labels_cap;
    struct pulih_view *labels; /* in the order in which they came */
    size_t n_files, files_cap;
    struct pulih_buf *files;
};

/* Adds the texts of a file. */
bool pulih_corpus_read(struct pulih_corpus *corpus, const char *path, struct pulih_buf *why);
/* Adds one text; the corpus points to both, and the caller keeps them. */
void pulih_corpus_add(struct pulih_corpus *corpus, struct pulih_view label, struct pulih_view text);
/* The number of a label; it is added where it is new. */
uint32_t pulih_corpus_label(struct pulih_corpus *corpus, struct pulih_view label);
void pulih_corpus_free(struct pulih_corpus *corpus);

#endif
