/* Models in memory: made by model_load.c, found by model_index.c, used by model.c. */
#ifndef PULIH_CORE_MODEL_IMPL_H
#define PULIH_CORE_MODEL_IMPL_H

#include "pulih/core/models.h"

enum {
    PULIH_MODEL_LANE = 4,         /* weights are padded to a multiple, and summed so many at a time */
    PULIH_MODEL_TOKENS_MAX = 512, /* words of a text that may be reasons */
};

struct pulih_model {
    struct pulih_model_about about;
    char *axis;
    struct pulih_view *labels; /* into `texts` */
    struct pulih_buf texts;
    size_t n_weights; /* one with two labels, of the second; else one for each */
    size_t stride;    /* n_weights, padded */
    float temperature;
    float *offsets;                  /* `stride` of them */
    struct pulih_model_index *index; /* of this model alone: it holds the rows */
};

/* The rows of some models by the hash of their feature, so that a feature is looked up once for all of them:
 *
 *   hash ──► bit: may some model know it? ──► bucket ──► record: hash, rows of the models that do
 *
 * All of a record lies side by side, as what is read is much more than the nearest caches hold. A row is a
 * word and the weights. The word has from below: the upper half of the row's scale, a float; the number of
 * the model; the sum of the weights, if there are few enough for it to fit; PULIH_ROW_LAST. */
struct pulih_model_index {
    size_t n_models;
    const struct pulih_model *models[PULIH_MODELS_MAX];
    uint32_t row_words[PULIH_MODELS_MAX]; /* of each model */
    unsigned bucket_bits;
    uint32_t *starts;  /* where in `records` a bucket starts; one more tells the end */
    uint32_t *bits;    /* PULIH_INDEX_BITS for each bucket; a few are set that belong to no record */
    uint32_t *records; /* words */
};

enum {
    PULIH_INDEX_BITS_SHIFT = 3,
    PULIH_INDEX_BITS = 1 << PULIH_INDEX_BITS_SHIFT,
    PULIH_ROW_MODEL_SHIFT = 16,
    PULIH_ROW_SUM_SHIFT = 20,
    PULIH_ROW_SUM_ZERO = 1024, /* is added to the sum */
    PULIH_ROW_SUMMED_MAX = 8,  /* weights */
};

#define PULIH_ROW_LAST UINT32_C(0x80000000)

static inline size_t pulih_row_model(uint32_t row)
{
    return row >> PULIH_ROW_MODEL_SHIFT & (PULIH_MODELS_MAX - 1);
}

static inline const int8_t *pulih_row_weights(const uint32_t *row)
{
    return (const int8_t *)(row + 1);
}

/* The row behind this one, of the same record or the next. */
static inline const uint32_t *pulih_row_next(const struct pulih_model_index *index, const uint32_t *row)
{
    return row + index->row_words[pulih_row_model(*row)];
}

/* The upper bits of the product are the bucket's number; some more are that of the bit. */
static inline uint32_t pulih_index_spread(uint32_t hash)
{
    return hash * UINT32_C(2654435769);
}

static inline size_t pulih_index_bucket(const struct pulih_model_index *index, uint32_t hash)
{
    return pulih_index_spread(hash) >> (32 - index->bucket_bits);
}

static inline size_t pulih_index_bit(const struct pulih_model_index *index, uint32_t hash)
{
    return pulih_index_spread(hash) >> (32 - index->bucket_bits - PULIH_INDEX_BITS_SHIFT);
}

/* To make an index of: one row of one model. */
struct pulih_model_row {
    uint32_t hash;
    uint16_t scale; /* upper half of a float */
    uint16_t model;
    const void *weights;
};

/* Over 1 to PULIH_MODELS_MAX models, which must outlive it. Sorts `rows`, and copies what they point to.
 * NULL: too many hashes meet in one bucket. */
struct pulih_model_index *pulih_model_index_new(const struct pulih_model *const models[], size_t n,
                                                struct pulih_model_row *rows, size_t n_rows);
/* The same of the rows that the models hold themselves. */
struct pulih_model_index *pulih_model_index_join(const struct pulih_model *const models[], size_t n);
/* Takes NULL. */
void pulih_model_index_free(struct pulih_model_index *index);

/* The features of a text that are known to some model. About 64 KiB: made for the stack, filled only as far
 * as the text goes. */
struct pulih_model_finds {
    size_t n;
    struct {
        uint32_t row;     /* the first, in `records` */
        uint16_t feature; /* in the text */
    } at[PULIH_FEATURES_MAX];
};

/* Fills `finds`, and a judgement for each model of the index, in their order. */
void pulih_model_index_judge(const struct pulih_model_index *index, const struct pulih_features *features,
                             struct pulih_model_finds *finds, struct pulih_judgement ret[]);

/* What each word of a text says for the best label of each model. */
struct pulih_model_tokens {
    size_t n;
    uint16_t feature[PULIH_MODEL_TOKENS_MAX]; /* one of the word, where it is known at all */
    float weight[PULIH_MODEL_TOKENS_MAX][PULIH_MODELS_MAX];
};

void pulih_model_index_weigh(const struct pulih_model_index *index, const struct pulih_features *features,
                             const struct pulih_model_finds *finds, const struct pulih_judgement judgements[],
                             struct pulih_model_tokens *ret);
/* As pulih_model_reasons, for model number `model` of the index. */
size_t pulih_model_index_reasons(const struct pulih_features *features,
                                 const struct pulih_model_tokens *tokens, size_t model,
                                 struct pulih_model_reason *reasons, size_t most);

#endif
