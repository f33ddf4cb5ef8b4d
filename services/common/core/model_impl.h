/* Models in memory: made by model_load.c, found by model_index.c, used by model.c. */
#ifndef PULIH_CORE_MODEL_IMPL_H
#define PULIH_CORE_MODEL_IMPL_H

#include "pulih/core/models.h"

enum {
    PULIH_MODEL_LANE = 4,         /* weights are padded to a multiple, and summed so many at a time */
    PULIH_MODEL_TOKENS_MAX = 512, /* words of a text that may be reasons */
    PULIH_MODEL_BITS = 8,         /* of the index, for each of its places */
};

/* What a feature says: a weight for each label, the second alone where there are two. */
struct pulih_model_row {
    float scale; /* of the weights */
    float mean;  /* of the weights */
    int8_t weights[];
};

struct pulih_model {
    struct pulih_model_about about;
    char *axis;
    struct pulih_view *labels; /* into `texts` */
    struct pulih_buf texts;
    size_t n_weights; /* one with two labels, else one for each */
    size_t stride;    /* n_weights, padded */
    float temperature;
    float *offsets;   /* `stride` of them */
    uint32_t *hashes; /* of the rows, ascending */
    size_t row_bytes;
    void *rows;
    struct pulih_model_index *index; /* of this model alone */
};

static inline const struct pulih_model_row *pulih_model_row(const struct pulih_model *m, size_t row)
{
    return (const void *)((const char *)m->rows + row * m->row_bytes);
}

/* One hash table over the rows of some models, so that a feature is looked up once for all of them:
 *
 *   hash ──► bit: may some model know it? ──► place ──► references, one for each that does ──► row
 */
struct pulih_model_place {
    uint32_t hash;
    uint32_t first; /* of its references, + 1; 0: free */
};

struct pulih_model_index {
    size_t n_models;
    const struct pulih_model *models[PULIH_MODELS_MAX];
    size_t n_places; /* a power of two, more than there are hashes */
    struct pulih_model_place *places;
    uint32_t *bits; /* PULIH_MODEL_BITS for each place; of few hashes that nobody knows the bit is set */
    uint32_t *references;
};

/* A reference: the number of the model, its row, and whether it is the last of its feature. */
enum { PULIH_REFERENCE_ROW_BITS = 24, PULIH_REFERENCE_LAST_BIT = 31 };

static inline size_t pulih_reference_model(uint32_t reference)
{
    return (reference & ~(UINT32_C(1) << PULIH_REFERENCE_LAST_BIT)) >> PULIH_REFERENCE_ROW_BITS;
}

static inline size_t pulih_reference_row(uint32_t reference)
{
    return reference & ((UINT32_C(1) << PULIH_REFERENCE_ROW_BITS) - 1);
}

static inline bool pulih_reference_is_last(uint32_t reference)
{
    return reference >> PULIH_REFERENCE_LAST_BIT;
}

static inline uint32_t pulih_model_spread(uint32_t hash)
{
    return hash * UINT32_C(2654435769) >> 7;
}

static inline size_t pulih_model_home(const struct pulih_model_index *index, uint32_t hash)
{
    return pulih_model_spread(hash) & (index->n_places - 1);
}

static inline size_t pulih_model_bit(const struct pulih_model_index *index, uint32_t hash)
{
    return pulih_model_spread(hash) & (PULIH_MODEL_BITS * index->n_places - 1);
}

static inline bool pulih_model_may_know(const struct pulih_model_index *index, uint32_t hash)
{
    size_t bit = pulih_model_bit(index, hash);

    return index->bits[bit / 32] >> bit % 32 & 1;
}

/* The place of a hash, or the free one where it belongs. */
static inline const struct pulih_model_place *pulih_model_place(const struct pulih_model_index *index,
                                                                uint32_t hash)
{
    size_t at = pulih_model_home(index, hash);

    while (index->places[at].first && index->places[at].hash != hash)
        at = (at + 1) & (index->n_places - 1);
    return &index->places[at];
}

/* Over 1 to PULIH_MODELS_MAX models, which must outlive it. NULL: too many hashes meet in one place. */
struct pulih_model_index *pulih_model_index_new(const struct pulih_model *const models[], size_t n);
/* Takes NULL. */
void pulih_model_index_free(struct pulih_model_index *index);

/* The features of a text that are known to some model. About 64 KiB: made for the stack, filled only as far
 * as the text goes. */
struct pulih_model_finds {
    size_t n;
    struct {
        uint32_t first;   /* of the references */
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
