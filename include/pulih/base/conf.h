/* Configuration from a libconfig file into a struct, driven by rows.
 *
 * Does.     Reads the file and what it includes (@include, relative to the file's directory); fills the
 *           struct with what is there, and with defaults where the file is silent.
 * Fails.    With every fault found, a line each: "file:line: group.name: expected 1 to 1000, got 0". An
 *           unknown name is a fault, with the nearest known one named. So is a whole number that the
 *           library would cut to 32 bits without a word: it wants an L behind it.
 */
#ifndef PULIH_BASE_CONF_H
#define PULIH_BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pulih/base/bytes.h"

enum pulih_conf_kind {
    PULIH_CONF_integer, /* int64_t, min to max */
    PULIH_CONF_boolean, /* bool */
    PULIH_CONF_text,    /* char *, min to max bytes */
    PULIH_CONF_texts,   /* struct pulih_conf_texts, min to max of them, none of them empty */
    PULIH_CONF_word,    /* char *, one of the words of `unit`, which a space divides */
};

enum { PULIH_CONF_TEXTS_MAX = 16 };

struct pulih_conf_texts {
    size_t n;
    char *at[PULIH_CONF_TEXTS_MAX];
};

struct pulih_conf_row {
    const char *group; /* NULL: top level */
    const char *name;
    enum pulih_conf_kind kind;
    int64_t min, max;
    const char *standard; /* default, as written in the file, with its quotes: 100, true, "x", ["x", "y"], [];
                           * NULL: must be given */
    const char *unit;     /* for the documentation */
    const char *doc;
    size_t offset;
};

struct pulih_conf_file {
    const struct pulih_conf_row *rows;
    size_t n_rows;
};

/* Reads `path` into the struct `ret`; what was in it is overwritten. Groups of other daemons, which this
 * struct does not hold, are checked all the same: all rows are given, and those with offset
 * PULIH_CONF_ELSEWHERE are checked where the file has them, and needed by nobody here. False: faults are in
 * *why, and *ret holds nothing. */
#define PULIH_CONF_ELSEWHERE SIZE_MAX
bool pulih_conf_load(const char *path, const struct pulih_conf_file *file, void *ret, struct pulih_buf *why);
/* Begins the line of a fault that was found later, in what a setting names: "file:line: group.name: ".
 * Without the line where the file does not give that setting. */
void pulih_conf_where(const char *path, const char *group, const char *name, struct pulih_buf *out);
/* Frees texts; takes a struct that is half filled or all zero. */
void pulih_conf_free(const struct pulih_conf_file *file, void *conf);
/* Whether a file can be read and gives this setting at its top: tells one kind of file from another. */
bool pulih_conf_gives(const char *path, const char *setting);
/* Appends a commented example file: every row with its text, unit, range and default. It loads as it is when
 * no row must be given; those that must are commented out. */
void pulih_conf_print_example(const struct pulih_conf_file *file, struct pulih_buf *out);

#endif
