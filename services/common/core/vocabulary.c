#include "pulih/core/vocabulary.h"

#include "pulih/base/must.h"

size_t pulih_vocabulary_words(const struct pulih_vocabulary *v, enum pulih_words list,
                              const struct pulih_word *ret[PULIH_VOCABULARY_MAX])
{
    size_t n;
    const struct pulih_word *words = pulih_words(list, &n);
    size_t own = v && list == PULIH_WORDS_department ? v->n : 0;

    pulih_must(n + own <= PULIH_VOCABULARY_MAX);
    for (size_t i = 0; i < n; i++)
        ret[i] = &words[i];
    for (size_t i = 0; i < own; i++)
        ret[n + i] = &v->departments[i];
    return n + own;
}

const struct pulih_word *pulih_vocabulary_word(const struct pulih_vocabulary *v, enum pulih_words list,
                                               uint16_t number)
{
    const struct pulih_word *word = pulih_word_of(list, number);

    for (size_t i = 0; !word && v && list == PULIH_WORDS_department && i < v->n; i++)
        if (v->departments[i].number == number)
            return &v->departments[i];
    return word;
}

int pulih_vocabulary_number(const struct pulih_vocabulary *v, enum pulih_words list, struct pulih_view word)
{
    int number = pulih_word_number(list, word);

    for (size_t i = 0; number < 0 && v && list == PULIH_WORDS_department && i < v->n; i++)
        if (pulih_view_is(word, v->departments[i].word))
            return v->departments[i].number;
    return number;
}

const char *pulih_vocabulary_text(const struct pulih_vocabulary *v, enum pulih_words list, uint16_t number)
{
    static const char digits[][3] = {"0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",  "10",
                                     "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21",
                                     "22", "23", "24", "25", "26", "27", "28", "29", "30", "31"};
    const struct pulih_word *word = pulih_vocabulary_word(v, list, number);

    if (word)
        return word->word;
    return number < PULIH_COUNT(digits) ? digits[number] : "?";
}

const char *pulih_vocabulary_department_label(const struct pulih_vocabulary *v, int16_t number, int language)
{
    const struct pulih_word *word = pulih_vocabulary_word(v, PULIH_WORDS_department, (uint16_t)number);

    if (!word)
        return pulih_word_label(PULIH_WORDS_department, PULIH_department_unknown, language);
    return word->label[language == PULIH_language_id ? PULIH_language_id : PULIH_language_en];
}

void pulih_vocabulary_add(const struct pulih_vocabulary *v, enum pulih_words list, struct pulih_buf *out)
{
    const struct pulih_word *words[PULIH_VOCABULARY_MAX];
    size_t n = pulih_vocabulary_words(v, list, words), before = out->len;

    for (size_t i = 0; i < n; i++)
        if (words[i]->number)
            pulih_buf_addf(out, "%s%s", out->len > before ? ", " : "", words[i]->word);
}
