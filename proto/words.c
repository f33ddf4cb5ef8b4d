#include "proto/words.h"

#include "pulih/base/must.h"

#define WORDS(list, doc)                   static const struct pulih_word list##_words[] = {
#define WORD(list, name, nr, in_id, in_en) {#name, nr, {in_en, in_id, in_en}},
#define ENDWORDS(list)                                                                                       \
    }                                                                                                        \
    ;
#include "pulih/tbl/words.tbl.h"

static const struct {
    const char *name;
    const char *doc;
    const struct pulih_word *words;
    size_t n;
} lists[] = {
#define WORDS(list, doc) {#list, doc, list##_words, PULIH_COUNT(list##_words)},
#define WORD(list, name, nr, in_id, in_en)
#define ENDWORDS(list)
#include "pulih/tbl/words.tbl.h"
};

const char *pulih_words_name(enum pulih_words list)
{
    pulih_must(list < PULIH_WORDS_N);
    return lists[list].name;
}

const char *pulih_words_doc(enum pulih_words list)
{
    pulih_must(list < PULIH_WORDS_N);
    return lists[list].doc;
}

const struct pulih_word *pulih_words(enum pulih_words list, size_t *ret_n)
{
    pulih_must(list < PULIH_WORDS_N);
    *ret_n = lists[list].n;
    return lists[list].words;
}

const struct pulih_word *pulih_word_of(enum pulih_words list, uint16_t number)
{
    size_t n;
    const struct pulih_word *words = pulih_words(list, &n);

    for (size_t i = 0; i < n; i++)
        if (words[i].number == number)
            return &words[i];
    return NULL;
}

int pulih_word_number(enum pulih_words list, struct pulih_view word)
{
    size_t n;
    const struct pulih_word *words = pulih_words(list, &n);

    for (size_t i = 0; i < n; i++)
        if (pulih_view_is(word, words[i].word))
            return words[i].number;
    return -1;
}

const char *pulih_word_label(enum pulih_words list, uint16_t number, int language)
{
    const struct pulih_word *word = pulih_word_of(list, number);

    if (!word)
        return "?";
    return word->label[language == PULIH_language_id ? PULIH_language_id : PULIH_language_en];
}
