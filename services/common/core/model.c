#include <math.h>
#include <string.h>

#include "services/common/core/model_impl.h"

/* Four weights at once: what the compiler makes of it is a handful of instructions on any machine. */
typedef int8_t bytes __attribute__((vector_size(16)));
typedef int32_t whole_numbers __attribute__((vector_size(16)));
typedef float numbers __attribute__((vector_size(16)));

_Static_assert(sizeof(numbers) == PULIH_MODEL_LANE * sizeof(float), "a lane is a vector");

const struct pulih_model_about *pulih_model_about(const struct pulih_model *model)
{
    return &model->about;
}

/* --- judging ----------------------------------------------------------------------------------------- */

/* The features that may be known, by the index's bits; their places are on the way into the cache then. */
static size_t sift(const struct pulih_model_index *index, const struct pulih_features *features,
                   uint16_t ret[PULIH_FEATURES_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < features->n; i++) {
        uint32_t hash = features->items[i].hash;

        __builtin_prefetch(&index->places[pulih_model_home(index, hash)]);
        ret[n] = (uint16_t)i;
        n += pulih_model_may_know(index, hash);
    }
    return n;
}

static void find(const struct pulih_model_index *index, const struct pulih_features *features,
                 struct pulih_model_finds *ret)
{
    PULIH_UNSET uint16_t sifted[PULIH_FEATURES_MAX];
    size_t n = sift(index, features, sifted);

    ret->n = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t hash = features->items[sifted[i]].hash;
        const struct pulih_model_place *place = pulih_model_place(index, hash);

        if (!place->first)
            continue;
        ret->at[ret->n].first = place->first - 1;
        ret->at[ret->n++].feature = sifted[i];
        __builtin_prefetch(&index->references[place->first - 1]);
    }
}

/* Adds the row's share to as many scores. */
static void add_row(const struct pulih_model_row *row, float value, size_t stride, float *scores)
{
    const float by = value * row->scale;

    for (size_t k = 0; k < stride; k += PULIH_MODEL_LANE) {
        int32_t four;
        numbers sum;

        memcpy(&four, row->weights + k, sizeof four);
        memcpy(&sum, scores + k, sizeof sum);
        /* Each byte is spread over a whole number; the shift leaves its upper copy. */
        bytes b = (bytes)(whole_numbers){four};
        b = __builtin_shufflevector(b, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        b = __builtin_shufflevector(b, b, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7);
        sum += by * __builtin_convertvector((whole_numbers)b >> 24, numbers);
        memcpy(scores + k, &sum, sizeof sum);
    }
}

static void add_up(const struct pulih_model_index *index, const struct pulih_features *features,
                   const struct pulih_model_finds *finds, struct pulih_judgement ret[])
{
    for (size_t i = 0; i < finds->n; i++) {
        const uint32_t *reference = &index->references[finds->at[i].first];
        float value = features->items[finds->at[i].feature].value;
        bool last;

        do {
            size_t m = pulih_reference_model(*reference);
            const struct pulih_model *model = index->models[m];

            add_row(pulih_model_row(model, pulih_reference_row(*reference)), value, model->stride,
                    ret[m].probability);
            ret[m].n++;
            last = pulih_reference_is_last(*reference++);
        } while (!last);
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

/* What a row says for a label, against what it says for the labels on the whole. */
static float for_label(const struct pulih_model *m, const struct pulih_model_row *row, size_t label)
{
    if (m->about.n_labels == 2)
        return row->scale * (float)(label == 1 ? row->weights[0] : -row->weights[0]);
    return row->scale * ((float)row->weights[label] - row->mean);
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

void pulih_model_index_weigh(const struct pulih_model_index *index, const struct pulih_features *features,
                             const struct pulih_model_finds *finds, const struct pulih_judgement judgements[],
                             struct pulih_model_tokens *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < finds->n; i++) {
        const uint32_t *reference = &index->references[finds->at[i].first];
        const struct pulih_feature *f = &features->items[finds->at[i].feature];
        bool last;

        for (; ret->n <= f->token && ret->n < PULIH_MODEL_TOKENS_MAX; ret->n++)
            for (size_t m = 0; m < index->n_models; m++)
                ret->weight[ret->n][m] = 0;
        if (f->token >= PULIH_MODEL_TOKENS_MAX)
            break;
        ret->feature[f->token] = finds->at[i].feature;
        do {
            size_t m = pulih_reference_model(*reference);
            const struct pulih_model_row *row =
                pulih_model_row(index->models[m], pulih_reference_row(*reference));

            ret->weight[f->token][m] += f->value * for_label(index->models[m], row, judgements[m].best);
            last = pulih_reference_is_last(*reference++);
        } while (!last);
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
