#include "pulih/core/likeness.h"

#include <string.h>

#include "services/common/core/text.h"

enum { ROWS_PER_BAND = 3, LETTERS_LEAST = 3, SEEN_BITS = 1024, PICTOGRAPH = 0xf0 };

/* The finalizer of splitmix64: every bit of the result hangs on every bit of `v`. */
static uint64_t mix(uint64_t v)
{
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

static uint64_t hash_of(struct pulih_view word)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < word.len; i++)
        hash = (hash ^ (unsigned char)word.at[i]) * UINT64_C(0x100000001b3);
    return mix(hash);
}

static bool counts(struct pulih_view word)
{
    if (word.len < LETTERS_LEAST || (unsigned char)word.at[0] >= PICTOGRAPH)
        return false;
    for (size_t i = 0; i < word.len; i++)
        if (word.at[i] >= '0' && word.at[i] <= '9')
            return false;
    return true;
}

/* Each of the functions is the element times an odd number of its own, of which the upper half counts. */
static void add_element(struct pulih_likeness *l, const uint64_t factor[PULIH_LIKENESS_HASHES],
                        uint64_t element)
{
    for (int i = 0; i < PULIH_LIKENESS_HASHES; i++) {
        uint32_t hash = (uint32_t)(element * factor[i] >> 32);
        l->least[i] = hash < l->least[i] ? hash : l->least[i];
    }
}

static void count_word(struct pulih_likeness *l, uint64_t seen[SEEN_BITS / 64], uint64_t word)
{
    uint64_t *cell = &seen[word % SEEN_BITS / 64], bit = UINT64_C(1) << word % 64;

    l->words += !(*cell & bit);
    *cell |= bit;
}

void pulih_likeness_read(struct pulih_view utf8, struct pulih_likeness *ret)
{
    PULIH_UNSET struct pulih_text text;
    uint64_t factor[PULIH_LIKENESS_HASHES], seen[SEEN_BITS / 64] = {0}, before = 0;

    *ret = (struct pulih_likeness){0};
    memset(ret->least, 0xff, sizeof ret->least);
    for (uint64_t i = 0; i < PULIH_LIKENESS_HASHES; i++)
        factor[i] = mix(i + 1) | 1;
    pulih_text_read(utf8, &text);
    for (size_t i = 0; i < text.n_tokens; i++) {
        struct pulih_view word = pulih_token_word(&text, &text.tokens[i]);
        if (!counts(word))
            continue;
        uint64_t hash = hash_of(word);
        count_word(ret, seen, hash);
        add_element(ret, factor, hash);
        if (before)
            add_element(ret, factor, mix(before * 3 + hash));
        ret->sequence = mix(ret->sequence + hash);
        before = hash;
    }
}

bool pulih_likeness_tells(const struct pulih_likeness *l)
{
    return l->words >= PULIH_LIKENESS_WORDS_LEAST;
}

int64_t pulih_likeness_key(const struct pulih_likeness *l, int band)
{
    uint64_t key = (uint64_t)band + 1;

    for (int i = 0; i < ROWS_PER_BAND; i++)
        key = mix(key ^ l->least[band * ROWS_PER_BAND + i]);
    return (int64_t)key;
}

int pulih_likeness_percent(const struct pulih_likeness *a, const struct pulih_likeness *b)
{
    int same = 0;

    if (a->words && a->words == b->words && a->sequence == b->sequence)
        return 100;
    if (!pulih_likeness_tells(a) || !pulih_likeness_tells(b))
        return 0;
    for (int i = 0; i < PULIH_LIKENESS_HASHES; i++)
        same += a->least[i] == b->least[i];
    return same == PULIH_LIKENESS_HASHES ? 99 : same * 100 / PULIH_LIKENESS_HASHES;
}
