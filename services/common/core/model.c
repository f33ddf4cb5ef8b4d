#include <math.h>
#include <string.h>

#include "services/common/core/model_impl.h"

enum { TOGETHER = 64 };

/* Four weights at once: what the compiler makes of it is a handful of instructions on any machine. */
typedef int8_t bytes __attribute__((vector_size(16)));
typedef int32_t whole_numbers __attribute__((vector_size(16)));
typedef float numbers __attribute__((vector_size(16)));

_Static_assert(sizeof(numbers) == PULIH_MODEL_LANE * sizeof(float), "a lane is a vector");

const struct pulih_model_about *pulih_model_about(const struct pulih_model *model)
{
    return &model->about;
}

/* --- rows -------------------------------------------------------------------------------------------- */

static float scale_of(uint32_t row)
{
    uint32_t bits = row << 16;
    float scale;

    memcpy(&scale, &bits, sizeof scale);
    return scale;
}

/* Each byte is spread over a whole number; the shift leaves its upper copy. */
static whole_numbers four_of(const int8_t *weights)
{
    int32_t four;

    memcpy(&four, weights, sizeof four);
    bytes b = (bytes)(whole_numbers){four};
    b = __builtin_shufflevector(b, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    b = __builtin_shufflevector(b, b, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7);
    return (whole_numbers)b >> 24;
}

static int sum_of(const uint32_t *row, size_t n_weights)
{
    const int8_t *weights = pulih_row_weights(row);
    int sum = 0;

    if (n_weights <= PULIH_ROW_SUMMED_MAX)
        return (int)((*row & ~PULIH_ROW_LAST) >> PULIH_ROW_SUM_SHIFT) - PULIH_ROW_SUM_ZERO;
    for (size_t k = 0; k < n_weights; k++)
        sum += weights[k];
    return sum;
}

/* --- judging ----------------------------------------------------------------------------------------- */

/* The features from `start` up to `end` that may be known; their records are on the way to the cache then. */
static size_t sift(const struct pulih_model_index *index, const struct pulih_features *features, size_t start,
                   size_t end, uint16_t ret[TOGETHER])
{
    size_t n = 0;

    for (size_t i = start; i < end; i++) {
        uint32_t hash = features->items[i].hash;
        size_t bit = pulih_index_bit(index, hash);

        __builtin_prefetch(&index->starts[pulih_index_bucket(index, hash)]);
        ret[n] = (uint16_t)i;
        n += index->bits[bit / 32] >> bit % 32 & 1;
    }
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(
            &index->records[index->starts[pulih_index_bucket(index, features->items[ret[i]].hash)]]);
    return n;
}

/* The first row of the record with this hash, or NULL. */
static const uint32_t *look_up(const struct pulih_model_index *index, uint32_t hash)
{
    const uint32_t *start = &index->starts[pulih_index_bucket(index, hash)];
    const uint32_t *end = &index->records[start[1]];

    for (const uint32_t *word = &index->records[start[0]]; word < end;) {
        if (*word++ == hash)
            return word;
        while (!(*word & PULIH_ROW_LAST))
            word = pulih_row_next(index, word);
        word = pulih_row_next(index, word);
    }
    return NULL;
}

static void find(const struct pulih_model_index *index, const struct pulih_features *features,
                 struct pulih_model_finds *ret)
{
    PULIH_UNSET uint16_t sifted[TOGETHER];

    ret->n = 0;
    for (size_t start = 0; start < features->n; start += TOGETHER) {
        size_t end = start + TOGETHER < features->n ? start + TOGETHER : features->n;
        size_t n = sift(index, features, start, end, sifted);

        for (size_t i = 0; i < n; i++) {
            const uint32_t *row = look_up(index, features->items[sifted[i]].hash);

            if (!row)
                continue;
            ret->at[ret->n].feature = sifted[i];
            ret->at[ret->n++].row = (uint32_t)(row - index->records);
        }
    }
}

/* Adds the row's share to the model's scores. */
static void add_row(const struct pulih_model *model, const uint32_t *row, float value,
                    struct pulih_judgement *ret)
{
    const float by = value * scale_of(*row);

    for (size_t k = 0; k < model->stride; k += PULIH_MODEL_LANE) {
        numbers sum;

        memcpy(&sum, ret->probability + k, sizeof sum);
        sum += by * __builtin_convertvector(four_of(pulih_row_weights(row) + k), numbers);
        memcpy(ret->probability + k, &sum, sizeof sum);
    }
    ret->n++;
}

static void add_up(const struct pulih_model_index *index, const struct pulih_features *features,
                   const struct pulih_model_finds *finds, struct pulih_judgement ret[])
{
    for (size_t i = 0; i < finds->n; i++) {
        float value = features->items[finds->at[i].feature].value;
        const uint32_t *row = &index->records[finds->at[i].row];

        for (;; row = pulih_row_next(index, row)) {
            size_t m = pulih_row_model(*row);

            add_row(index->models[m], row, value, &ret[m]);
            if (*row & PULIH_ROW_LAST)
                break;
        }
    }
}

/* From scores to probabilities, in place. */
static void finish(const struct pulih_model *m, struct pulih_judgement *ret)
{
    float *scores = ret->probability, sum = 0;
    size_t n = m->about.n_labels, best = 0;

    if (n == 2) {
        scores[1] = scores[0];
        scores[0] = -scores[0];
    }
    for (size_t k = 1; k < n; k++)
        if (scores[k] > scores[best])
            best = k;
    float most = scores[best];
    for (size_t k = 0; k < n; k++)
        sum += scores[k] = expf(m->temperature * (scores[k] - most));
    for (size_t k = 0; k < n; k++)
        scores[k] /= sum;
    ret->best = best;
}

void pulih_model_index_judge(const struct pulih_model_index *index, const struct pulih_features *features,
                             struct pulih_model_finds *finds, struct pulih_judgement ret[])
{
    find(index, features, finds);
    for (size_t m = 0; m < index->n_models; m++) {
        ret[m].n = 0;
        memcpy(ret[m].probability, index->models[m]->offsets, index->models[m]->stride * sizeof(float));
    }
    add_up(index, features, finds, ret);
    for (size_t m = 0; m < index->n_models; m++)
        finish(index->models[m], &ret[m]);
}

void pulih_model_judge(const struct pulih_model *m, const struct pulih_features *features,
                       struct pulih_judgement *ret)
{
    PULIH_UNSET struct pulih_model_finds finds;

    pulih_model_index_judge(m->index, features, &finds, ret);
}

/* --- reasons ----------------------------------------------------------------------------------------- */

/* How a model's rows are read for one of its labels. */
struct lens {
    size_t weight;    /* that of the label, or the only one */
    float sign;       /* of the only one for the first label: -1 */
    size_t n_weights; /* that the label's is compared with, or 0 */
};

/* What a row says for a label, against what it says for the labels on the whole. */
static float for_label(const struct lens *lens, const uint32_t *row)
{
    float weight = lens->sign * (float)pulih_row_weights(row)[lens->weight];

    if (lens->n_weights)
        weight -= (float)sum_of(row, lens->n_weights) / (float)lens->n_weights;
    return scale_of(*row) * weight;
}

static size_t insert(struct pulih_model_reason *reasons, size_t n, size_t most, struct pulih_model_reason one)
{
    size_t at = n < most ? n : most;

    while (at > 0 && reasons[at - 1].weight < one.weight)
        at--;
    if (at == most)
        return n;
    n += n < most;
    memmove(&reasons[at + 1], &reasons[at], (n - 1 - at) * sizeof *reasons);
    reasons[at] = one;
    return n;
}

static void take_lenses(const struct pulih_model_index *index, const struct pulih_judgement judgements[],
                        struct lens ret[])
{
    for (size_t m = 0; m < index->n_models; m++) {
        bool several = index->models[m]->about.n_labels > 2;
        size_t label = judgements[m].best;

        ret[m] = (struct lens){.weight = several ? label : 0,
                               .sign = several || label == 1 ? 1 : -1,
                               .n_weights = several ? index->models[m]->n_weights : 0};
    }
}

void pulih_model_index_weigh(const struct pulih_model_index *index, const struct pulih_features *features,
                             const struct pulih_model_finds *finds, const struct pulih_judgement judgements[],
                             struct pulih_model_tokens *ret)
{
    struct lens lenses[PULIH_MODELS_MAX];

    take_lenses(index, judgements, lenses);
    ret->n = 0;
    for (size_t i = 0; i < finds->n; i++) {
        const struct pulih_feature *f = &features->items[finds->at[i].feature];
        const uint32_t *row = &index->records[finds->at[i].row];

        if (f->token >= PULIH_MODEL_TOKENS_MAX)
            break;
        for (; ret->n <= f->token; ret->n++)
            memset(ret->weight[ret->n], 0, index->n_models * sizeof(float));
        ret->feature[f->token] = finds->at[i].feature;
        for (;; row = pulih_row_next(index, row)) {
            size_t m = pulih_row_model(*row);

            ret->weight[f->token][m] += f->value * for_label(&lenses[m], row);
            if (*row & PULIH_ROW_LAST)
                break;
        }
    }
}

size_t pulih_model_index_reasons(const struct pulih_features *features,
                                 const struct pulih_model_tokens *tokens, size_t model,
                                 struct pulih_model_reason *reasons, size_t most)
{
    size_t n = 0;

    for (size_t i = 0; i < tokens->n; i++) {
        float weight = tokens->weight[i][model];

        if (weight > 0 && (n < most || weight > reasons[n - 1].weight)) {
            const struct pulih_feature *f = &features->items[tokens->feature[i]];
            n = insert(reasons, n, most, (struct pulih_model_reason){f->at, f->len, weight});
        }
    }
    return n;
}

size_t pulih_model_reasons(const struct pulih_model *m, const struct pulih_features *features,
                           const struct pulih_judgement *j, struct pulih_model_reason *reasons, size_t most)
{
    PULIH_UNSET struct pulih_model_finds finds;
    PULIH_UNSET struct pulih_model_tokens tokens;

    find(m->index, features, &finds);
    pulih_model_index_weigh(m->index, features, &finds, j, &tokens);
    return pulih_model_index_reasons(features, &tokens, 0, reasons, most);
}
