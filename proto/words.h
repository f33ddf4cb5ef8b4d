/* Closed lists of words (include/pulih/tbl/words.tbl.h): numbers to store, words to send, labels to read. */
#ifndef PULIH_PROTO_WORDS_H
#define PULIH_PROTO_WORDS_H

#include "pulih/base/bytes.h"

enum pulih_words {
#define WORDS(list, doc) PULIH_WORDS_##list,
#define WORD(list, word, number, id, en)
#define ENDWORDS(list)
#include "pulih/tbl/words.tbl.h"
    PULIH_WORDS_N
};

enum {
#define WORDS(list, doc)
#define WORD(list, word, number, id, en) PULIH_##list##_##word = (number),
#define ENDWORDS(list)
#include "pulih/tbl/words.tbl.h"
};

struct pulih_word {
    const char *word;
    uint16_t number;
    const char *label[3]; /* by language: [PULIH_language_id], [PULIH_language_en]; [0] is the English one */
};

/* The list's name, e.g. "channel"; its doc; its words in the order of the table (*ret_n of them). */
const char *pulih_words_name(enum pulih_words list);
const char *pulih_words_doc(enum pulih_words list);
const struct pulih_word *pulih_words(enum pulih_words list, size_t *ret_n);

/* The word for a number, or NULL when the list has no such number. */
const struct pulih_word *pulih_word_of(enum pulih_words list, uint16_t number);
/* The number for a word, or -1. */
int pulih_word_number(enum pulih_words list, struct pulih_view word);
/* Label in a language (PULIH_language_*); English for an unknown language, "?" for an unknown number. */
const char *pulih_word_label(enum pulih_words list, uint16_t number, int language);

#endif
