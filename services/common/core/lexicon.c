#include "services/common/core/lexicon.h"

#include <string.h>

_Static_assert(PULIH_WORD_PIECES_MAX <= UINT8_MAX, "they are counted in a byte");

enum {
    PIECES_USUAL = 12,
    TOGETHER = 64, /* words: of a text that is too rich in different ones, not all are asked for */
};

static size_t make(const void *owner, struct pulih_view spelling, void *note)
{
    const struct pulih_model_index *index = owner;
    struct pulih_lexicon_word *ret = note;
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
        pulih_model_index_add(index, pieces[i], 1, sum + index->n_lanes, 1, known);
    pulih_model_index_add(index, ret->id, 1, sum, 1, known);
    memcpy(ret->lanes, sum, 2 * index->n_lanes * sizeof *sum);
    for (size_t m = 0; m < index->n_models; m++)
        ret->known[m] = (uint8_t)known[m];
    return (size_t)((char *)(pieces + features.n_pieces) - (char *)note);
}

static size_t bytes_of(const struct pulih_model_index *index, size_t n_pieces)
{
    return sizeof(struct pulih_lexicon_word) + 2 * index->n_lanes * sizeof(float) +
           n_pieces * sizeof(uint32_t);
}

struct pulih_memo *pulih_lexicon_new(const struct pulih_model_index *index)
{
    return pulih_memo_new(&(const struct pulih_memo_kind){
        .make = make,
        .owner = index,
        .note_max_bytes = bytes_of(index, PULIH_WORD_PIECES_MAX),
        .words_max = PULIH_LEXICON_WORDS,
        .cap_bytes = PULIH_LEXICON_BYTES,
        .fetch_bytes = bytes_of(index, PIECES_USUAL),
    });
}

void pulih_lexicon_open(struct pulih_lexicon_reader *r, const struct pulih_model_index *index,
                        const struct pulih_text *text)
{
    r->index = index;
    r->text = text;
    r->kept = pulih_memo_open(index->lexicon, text);
    r->n_found = 0;
}

const struct pulih_lexicon_word *pulih_lexicon_get(struct pulih_lexicon_reader *r, size_t nth)
{
    if (r->kept && nth >= r->n_found)
        r->n_found = pulih_memo_find(r->index->lexicon, nth + TOGETHER);
    if (r->kept && r->kept[nth])
        return r->kept[nth];
    make(r->index, pulih_token_word(r->text, &r->text->tokens[nth]), r->unkept);
    return (const void *)r->unkept;
}

void pulih_lexicon_close(struct pulih_lexicon_reader *r)
{
    if (r->kept)
        pulih_memo_close(r->index->lexicon);
}
