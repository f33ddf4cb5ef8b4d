/* The words of the lists as a policy has them: those of words.tbl.h and, of departments, its own beside them.
 *
 * Does.     Numbers to words and back. Functions take NULL for the closed lists alone.
 * Promises. A number that is stored stays what it is: a policy that drops a department leaves complaints that
 *           have its number, and those have no word then.
 */
#ifndef PULIH_CORE_VOCABULARY_H
#define PULIH_CORE_VOCABULARY_H

#include "proto/words.h"

enum {
    PULIH_DEPARTMENT_OWN_FIRST = 8, /* the least number that a policy may give to a department */
    PULIH_DEPARTMENT_LAST = 31,     /* and the greatest: departments are bits of 32 */
    PULIH_DEPARTMENTS_OWN_MAX = PULIH_DEPARTMENT_LAST - PULIH_DEPARTMENT_OWN_FIRST + 1,
    PULIH_DEPARTMENT_MAX_BYTES = 24, /* of its word, as in messages */
    PULIH_VOCABULARY_MAX = 32        /* words of a list */
};

/* All zero has no departments of its own. The texts are the policy's. */
struct pulih_vocabulary {
    size_t n;
    struct pulih_word departments[PULIH_DEPARTMENTS_OWN_MAX];
};

/* All words of a list; returns how many. */
size_t pulih_vocabulary_words(const struct pulih_vocabulary *v, enum pulih_words list,
                              const struct pulih_word *ret[PULIH_VOCABULARY_MAX]);
/* NULL: no word has this number. */
const struct pulih_word *pulih_vocabulary_word(const struct pulih_vocabulary *v, enum pulih_words list,
                                               uint16_t number);
/* -1: there is no such word. */
int pulih_vocabulary_number(const struct pulih_vocabulary *v, enum pulih_words list, struct pulih_view word);
/* The word of a number; where it has none, the number in digits. Lives as long as the policy. */
const char *pulih_vocabulary_text(const struct pulih_vocabulary *v, enum pulih_words list, uint16_t number);
/* The label of a department, or that of `unknown` where it has no word. */
const char *pulih_vocabulary_department_label(const struct pulih_vocabulary *v, int16_t number, int language);
/* Appends the words of a list with ", " between them, without `unknown`. */
void pulih_vocabulary_add(const struct pulih_vocabulary *v, enum pulih_words list, struct pulih_buf *out);

#endif
