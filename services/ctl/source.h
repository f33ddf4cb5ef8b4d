/* Rows of a file: JSON lines, or cells separated by commas, semicolons or tabs under a head of names.
 *
 * Fails.    On a broken row with a reason, and goes on with the next one.
 */
#ifndef PULIH_CTL_SOURCE_H
#define PULIH_CTL_SOURCE_H

#include <stdio.h>

#include "pulih/base/arena.h"

enum pulih_ctl_format { PULIH_CTL_JSONL, PULIH_CTL_CSV, PULIH_CTL_TSV };

struct pulih_ctl_source {
    FILE *file;
    enum pulih_ctl_format format;
    char separator;
    int64_t line;      /* where the present row starts, from 1 */
    int64_t next_line; /* where the next one does */
    char *text;        /* JSON lines: the row */
    size_t text_cap;
    size_t text_len;
    struct pulih_buf cells; /* else its cells, each with a zero behind it */
    size_t *starts;
    size_t n_cells, cap_starts;
    const char **names; /* of the columns; they live in the arena */
    size_t n_names;
    struct pulih_arena arena;
    char why[120];
    int unread; /* errno, when what comes next could not be read: the end is not that of the file */
};

/* False: the head is broken, see why. Takes the file over. */
bool pulih_ctl_source_open(struct pulih_ctl_source *s, FILE *file, enum pulih_ctl_format format);
/* 1: a row; 0: the end, but see unread; -1: a broken row, see why. */
int pulih_ctl_source_next(struct pulih_ctl_source *s);
const char *pulih_ctl_source_cell(const struct pulih_ctl_source *s, size_t column);
void pulih_ctl_source_close(struct pulih_ctl_source *s);

#endif
