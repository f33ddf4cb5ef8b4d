/* What is worked out for single words, kept for those that were met lately. The words of real texts are
 * mostly the same few thousand.
 *
 * Does.     Finds what is kept of many words of a text at once, and works out what is not. Notes lie side by
 *           side in the order in which their words were met first, so that those of common words are near
 *           each other. When it is full, it starts over with the next text; words that find no room till
 *           then are not kept.
 * Promises. What is kept of a word depends on its letters alone. Nothing is allocated after it was made. Each
 *           word takes as long as any other, however they were chosen.
 * Threads.  One at a time has the use of it; others go without meanwhile, which is only slower.
 */
#ifndef PULIH_CORE_MEMO_H
#define PULIH_CORE_MEMO_H

#include <stddef.h>

#include "services/common/core/text.h"

enum {
    PULIH_MEMO_WORD_MAX_BYTES = 16, /* longer words are not kept */
    PULIH_LINE_BYTES = 64,          /* of the processor's caches */
};

struct pulih_memo;

/* What a memo is about. */
struct pulih_memo_kind {
    /* Works out a word, which is folded; returns the bytes of *ret in use. */
    size_t (*make)(const void *owner, struct pulih_view word, void *ret);
    const void *owner;
    size_t note_max_bytes; /* of *ret */
    size_t words_max;      /* that are kept */
    size_t cap_bytes;      /* for all that is kept */
    size_t fetch_bytes;    /* of a note, that are wanted soon after it was found */
};

struct pulih_memo *pulih_memo_new(const struct pulih_memo_kind *kind);
/* Takes NULL. */
void pulih_memo_free(struct pulih_memo *memo);

/* The notes of the words of a text, which is to stay as it is meanwhile; none is found yet. NULL: there is no
 * memo, or another thread has the use of it; there is nothing to close then. */
const void *const *pulih_memo_open(struct pulih_memo *memo, const struct pulih_text *text);
/* Finds the notes of the first `n` words, NULL of one that is not kept; returns how many words were looked
 * for. Notes stand until the memo is closed, and are aligned as pointers are. */
size_t pulih_memo_find(struct pulih_memo *memo, size_t n);
void pulih_memo_close(struct pulih_memo *memo);

#endif
