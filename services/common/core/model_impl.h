/* Models in memory: made by model_load.c, found by model_index.c, asked about words by lexicon.c, used by
 * model.c. */
#ifndef PULIH_CORE_MODEL_IMPL_H
#define PULIH_CORE_MODEL_IMPL_H

#include "pulih/core/models.h"
#include "services/common/core/text.h"

struct pulih_memo;

enum {
    PULIH_LANE = 4, /* weights are padded to a multiple, and summed so many at a time */
    PULIH_LANES_MAX = PULIH_MODELS_MAX * PULIH_MODEL_WORDS_MAX + 2 * PULIH_LANE,
    PULIH_TOGETHER_MAX = 255,      /* features that are looked up at once */
    PULIH_REASON_TOKENS_MAX = 512, /* words of a text that may be reasons */
};

struct pulih_model {
    struct pulih_model_about about;
    char *axis;
    struct pulih_view *labels; /* into `texts` */
    struct pulih_buf texts;
    size_t n_weights; /* one with two labels, of the second; else one for each */
    float temperature;
    float *offsets;                  /* n_weights of them */
    struct pulih_model_index *index; /* of this model alone: it holds the rows */
};

/* The rows of some models by the hash of their feature, so that a feature is looked up once for all of them:
 *
 *   hash ──► bit: may some model know it? ──► bucket ──► record: hash, rows of the models that do
 *
 * All of a record lies side by side, as what is read is much more than the nearest caches hold. A row is a
 * word and the weights. The word has from below: the upper half of the row's scale, a float; the number of
 * the model; PULIH_ROW_LAST.
 *
 * The weights of all models are summed beside each other, in lanes: those of model m from lane[m] on. */
struct pulih_model_index {
    size_t n_models;
    const struct pulih_model *models[PULIH_MODELS_MAX];
    uint32_t row_words[PULIH_MODELS_MAX]; /* of each model */
    size_t lane[PULIH_MODELS_MAX];
    size_t n_lanes; /* a multiple of PULIH_LANE; what is over stays 0 */
    unsigned bucket_bits;
    uint32_t *starts;           /* where in `records` a bucket starts; one more tells the end */
    uint32_t *bits;             /* PULIH_INDEX_BITS for each bucket; a few are set that belong to no record */
    uint32_t *records;          /* words */
    struct pulih_memo *lexicon; /* what is said of words, see lexicon.h; NULL: they are not kept */
};

enum {
    PULIH_INDEX_BITS_SHIFT = 3,
    PULIH_INDEX_BITS = 1 << PULIH_INDEX_BITS_SHIFT,
    PULIH_ROW_MODEL_SHIFT = 16,
};

#define PULIH_ROW_LAST UINT32_C(0x80000000)

/* A feature by its identity: where its first row stands in `records`, never 0. One that no model knows has
 * this bit, and below it bits of its hash. */
#define PULIH_ID_UNKNOWN UINT32_C(0x80000000)

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

/* Weights of PULIH_LANE lanes. What the compiler makes of it is a handful of instructions on any machine. */
typedef float pulih_lanes __attribute__((vector_size(4 * PULIH_LANE)));

/* The same in memory, wherever it lies. */
typedef float pulih_stored_lanes __attribute__((vector_size(4 * PULIH_LANE), aligned(4), may_alias));

static inline pulih_lanes pulih_lanes_get(const float *lanes)
{
    return *(const pulih_stored_lanes *)lanes;
}

static inline void pulih_lanes_put(float *lanes, pulih_lanes values)
{
    *(pulih_stored_lanes *)lanes = values;
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

/* The identities of features, at most PULIH_TOGETHER_MAX; they may take the place of the hashes. */
void pulih_model_index_identify(const struct pulih_model_index *index, const uint32_t *hashes, size_t n,
                                uint32_t *ret_ids);
/* Has what tells whether a feature may be known on the way to the cache. */
static inline void pulih_model_index_expect(const struct pulih_model_index *index, uint32_t hash)
{
    __builtin_prefetch(&index->bits[pulih_index_bit(index, hash) / 32]);
}

/* Has the rows of a feature on the way to the cache. */
static inline void pulih_model_index_fetch(const struct pulih_model_index *index, uint32_t id)
{
    if (!(id & PULIH_ID_UNKNOWN))
        __builtin_prefetch(&index->records[id]);
}

/* Adds the rows of a feature, times `by`, to the lanes, behind which there is room for PULIH_LANE more, and
 * `count` to known[m] where model m has one. Of a feature that is not known it adds nothing. */
void pulih_model_index_add(const struct pulih_model_index *index, uint32_t id, float by, float *lanes,
                           int32_t count, int32_t known[PULIH_MODELS_MAX]);

/* What each word of a text says for the best label of each model, where the text has it first. */
struct pulih_model_tokens {
    size_t n;
    float weight[PULIH_REASON_TOKENS_MAX][PULIH_MODELS_MAX];
};

/* Fills a judgement for each model of the index, in their order, and `tokens` unless it is NULL. */
void pulih_model_index_judge(const struct pulih_model_index *index, const struct pulih_text *text,
                             struct pulih_judgement ret[], struct pulih_model_tokens *tokens);
/* As pulih_model_reasons, for model number `model` of the index. */
size_t pulih_model_index_reasons(const struct pulih_text *text, const struct pulih_model_tokens *tokens,
                                 size_t model, struct pulih_model_reason *reasons, size_t most);

#endif
