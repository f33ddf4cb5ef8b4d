#include "services/common/core/lexicon.h"

#include <endian.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"

enum {
    PIECES_PER_BYTE = 3,
    PIECES_KEPT_MAX = PIECES_PER_BYTE * PULIH_LEXICON_WORD_MAX_BYTES,
    AHEAD = 32, /* words */
};

/* Two words to a set; of these the one that was asked for last stays when another comes. */
struct pulih_lexicon {
    atomic_flag in_use;
    size_t n_sets;     /* a power of two */
    uint8_t *last;     /* of each set: which of the two */
    size_t pieces_at;  /* in a word */
    size_t word_bytes; /* a number of whole lines */
    void *block;       /* in which the words lie */
    char *words;       /* from the beginning of a line */
};

_Static_assert(PULIH_WORD_PIECES_MAX <= UINT8_MAX, "they are counted in a byte");
_Static_assert(PULIH_LEXICON_WORD_MAX_BYTES <= 16, "it is spelt by two numbers");

static size_t lines(size_t bytes)
{
    return (bytes + PULIH_LINE_BYTES - 1) / PULIH_LINE_BYTES * PULIH_LINE_BYTES;
}

struct pulih_lexicon *pulih_lexicon_new(const struct pulih_model_index *index)
{
    struct pulih_lexicon *lexicon = pulih_zeroed(1, sizeof *lexicon);
    size_t n = PULIH_LEXICON_WORDS;

    lexicon->pieces_at = sizeof(struct pulih_lexicon_word) + 2 * index->n_lanes * sizeof(float);
    lexicon->word_bytes = lines(lexicon->pieces_at + PIECES_KEPT_MAX * sizeof(uint32_t));
    while (n > 2 && n * lexicon->word_bytes > PULIH_LEXICON_BYTES)
        n /= 2;
    atomic_flag_clear(&lexicon->in_use);
    lexicon->n_sets = n / 2;
    lexicon->last = pulih_zeroed(lexicon->n_sets, 1);
    lexicon->block = pulih_zeroed(n * lexicon->word_bytes + PULIH_LINE_BYTES, 1);
    lexicon->words = (char *)lexicon->block + (lines((uintptr_t)lexicon->block) - (uintptr_t)lexicon->block);
    return lexicon;
}

void pulih_lexicon_free(struct pulih_lexicon *lexicon)
{
    if (!lexicon)
        return;
    free(lexicon->last);
    free(lexicon->block);
    free(lexicon);
}

/* --- adding up --------------------------------------------------------------------------------------- */

static void make(const struct pulih_model_index *index, struct pulih_view spelling,
                 struct pulih_lexicon_word *ret)
{
    PULIH_UNSET struct pulih_word_features features;
    PULIH_UNSET float sum[2 * PULIH_LANES_MAX];
    uint32_t *pieces = (void *)(ret->lanes + 2 * index->n_lanes);
    int32_t known[PULIH_MODELS_MAX] = {0};

    pulih_word_features(spelling, &features);
    ret->key = features.key;
    ret->n_pieces = (uint8_t)features.n_pieces;
    pulih_model_index_identify(index, &features.word, 1, &ret->id);
    pulih_model_index_identify(index, features.pieces, features.n_pieces, pieces);
    memset(sum, 0, (2 * index->n_lanes + PULIH_LANE) * sizeof *sum);
    for (size_t i = 0; i < features.n_pieces; i++)
        pulih_model_index_add(index, pieces[i], 1, sum + index->n_lanes, known);
    pulih_model_index_add(index, ret->id, 1, sum, known);
    memcpy(ret->lanes, sum, 2 * index->n_lanes * sizeof *sum);
    for (size_t m = 0; m < index->n_models; m++)
        ret->known[m] = (uint8_t)known[m];
}

/* --- keeping ----------------------------------------------------------------------------------------- */

static struct pulih_lexicon_word *word_at(const struct pulih_lexicon *lexicon, size_t place)
{
    return (void *)(lexicon->words + place * lexicon->word_bytes);
}

static bool is_kept(const struct pulih_token *token)
{
    return token->word_len <= PULIH_LEXICON_WORD_MAX_BYTES;
}

static uint64_t eight_of(const char *at, size_t len)
{
    uint64_t eight;

    memcpy(&eight, at, sizeof eight);
    return len >= 8 ? eight : eight & htole64((UINT64_C(1) << 8 * len) - 1);
}

/* Of one that is kept. Behind each word `words` goes on at least as far as a word may be long. */
static void spell(const struct pulih_text *text, const struct pulih_token *token, uint64_t ret[2])
{
    const char *word = text->words + token->word;
    size_t len = token->word_len;

    ret[0] = eight_of(word, len);
    ret[1] = len > 8 ? eight_of(word + 8, len - 8) : 0;
}

static uint32_t set_of(const struct pulih_lexicon *lexicon, const uint64_t spelling[2])
{
    uint64_t mixed =
        (spelling[0] ^ spelling[1] * UINT64_C(0xd6e8feb86659fd93)) * UINT64_C(0x9e3779b97f4a7c15);

    mixed ^= mixed >> 32;
    return (uint32_t)((mixed * UINT64_C(0xd6e8feb86659fd93)) >> 32) & (uint32_t)(lexicon->n_sets - 1);
}

static bool is_spelt(const struct pulih_lexicon_word *word, const uint64_t spelling[2])
{
    return word->spelling[0] == spelling[0] && word->spelling[1] == spelling[1];
}

/* --- reading ----------------------------------------------------------------------------------------- */

static void fetch(const struct pulih_lexicon_reader *r, size_t nth)
{
    const struct pulih_lexicon *lexicon = r->lexicon;
    size_t set = r->sets[nth];
    const char *word = (const void *)word_at(lexicon, 2 * set + lexicon->last[set]);
    size_t bytes = lexicon->pieces_at + PIECES_PER_BYTE * sizeof(uint32_t) * r->text->tokens[nth].word_len;

    for (size_t at = 0; at < bytes; at += PULIH_LINE_BYTES)
        __builtin_prefetch(word + at);
}

void pulih_lexicon_open(struct pulih_lexicon_reader *r, const struct pulih_model_index *index,
                        const struct pulih_text *text)
{
    struct pulih_lexicon *lexicon = index->lexicon;

    r->index = index;
    r->text = text;
    r->lexicon = lexicon && !atomic_flag_test_and_set(&lexicon->in_use) ? lexicon : NULL;
    for (size_t i = 0; r->lexicon && i < text->n_tokens; i++) {
        uint64_t spelling[2] = {0};

        if (is_kept(&text->tokens[i]))
            spell(text, &text->tokens[i], spelling);
        r->sets[i] = set_of(lexicon, spelling);
        if (i < AHEAD)
            fetch(r, i);
    }
}

const struct pulih_lexicon_word *pulih_lexicon_get(struct pulih_lexicon_reader *r, size_t nth)
{
    struct pulih_lexicon *lexicon = r->lexicon;
    const struct pulih_token *token = &r->text->tokens[nth];
    uint64_t spelling[2];

    if (lexicon && nth + AHEAD < r->text->n_tokens)
        fetch(r, nth + AHEAD);
    if (!lexicon || !is_kept(token)) {
        make(r->index, pulih_token_word(r->text, token), (void *)r->unkept);
        return (const void *)r->unkept;
    }
    spell(r->text, token, spelling);
    const uint32_t set = r->sets[nth];
    size_t place = 2 * (size_t)set + lexicon->last[set];
    if (is_spelt(word_at(lexicon, place), spelling))
        return word_at(lexicon, place);
    lexicon->last[set] ^= 1;
    struct pulih_lexicon_word *word = word_at(lexicon, place ^ 1);
    if (is_spelt(word, spelling))
        return word;
    memcpy(word->spelling, spelling, sizeof spelling);
    make(r->index, pulih_token_word(r->text, token), word);
    return word;
}

void pulih_lexicon_close(struct pulih_lexicon_reader *r)
{
    if (r->lexicon)
        atomic_flag_clear(&r->lexicon->in_use);
}
