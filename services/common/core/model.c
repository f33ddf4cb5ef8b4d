#include <math.h>
#include <string.h>

#include "services/common/core/model_impl.h"

enum { TOGETHER = 32, TOKENS_LOOKED_AT = 512 };

const struct pulih_model_about *pulih_model_about(const struct pulih_model *model)
{
    return &model->about;
}

/* The features that the model knows, with their places. A model is larger than the nearest caches, so places
 * are fetched many at a time, and so are the rows that they lead to. */
static void find_places(const struct pulih_model *m, const struct pulih_features *features,
                        struct pulih_judgement *ret)
{
    ret->n = 0;
    for (size_t start = 0; start < features->n; start += TOGETHER) {
        size_t end = start + TOGETHER < features->n ? start + TOGETHER : features->n;

        for (size_t i = start; i < end; i++)
            __builtin_prefetch(&m->places[pulih_model_home(m, features->items[i].hash)]);
        for (size_t i = start; i < end; i++) {
            uint32_t hash = features->items[i].hash;
            size_t at = pulih_model_home(m, hash);

            while (m->places[at].row && m->places[at].hash != hash)
                at = (at + 1) & (m->n_places - 1);
            if (!m->places[at].row)
                continue;
            __builtin_prefetch(m->weights + (m->places[at].row - 1) * m->stride);
            ret->feature[ret->n] = (uint16_t)i;
            ret->place[ret->n++] = (uint32_t)at;
        }
    }
}

static const int8_t *row_of(const struct pulih_model *m, const struct pulih_model_place *place)
{
    return m->weights + (place->row - 1) * m->stride;
}

/* Scores of the labels; with two labels of the second alone. */
static void add_up(const struct pulih_model *m, const struct pulih_features *features,
                   const struct pulih_judgement *j, float *scores)
{
    memcpy(scores, m->offsets, m->stride * sizeof *scores);
    for (size_t i = 0; i < j->n; i++) {
        const struct pulih_model_place *place = &m->places[j->place[i]];
        const int8_t *weights = row_of(m, place);
        float by = features->items[j->feature[i]].value * place->scale;

        if (m->stride == 1)
            scores[0] += by * (float)weights[0];
        for (size_t k = 0; m->stride > 1 && k < m->stride; k += PULIH_MODEL_LANE)
            for (size_t lane = 0; lane < PULIH_MODEL_LANE; lane++)
                scores[k + lane] += by * (float)weights[k + lane];
    }
}

void pulih_model_judge(const struct pulih_model *m, const struct pulih_features *features,
                       struct pulih_judgement *ret)
{
    PULIH_UNSET float scores[PULIH_LABELS_MAX + PULIH_MODEL_LANE], sum = 0;
    size_t n = m->about.n_labels, best = 0;

    find_places(m, features, ret);
    add_up(m, features, ret, scores);
    if (n == 2) {
        scores[1] = scores[0];
        scores[0] = -scores[0];
    }
    for (size_t k = 1; k < n; k++)
        if (scores[k] > scores[best])
            best = k;
    for (size_t k = 0; k < n; k++)
        sum += ret->probability[k] = expf(m->temperature * (scores[k] - scores[best]));
    for (size_t k = 0; k < n; k++)
        ret->probability[k] /= sum;
    ret->best = best;
}

/* --- reasons ----------------------------------------------------------------------------------------- */

/* What a row says for a label, against what it says for the labels on the whole. */
static float for_label(const struct pulih_model *m, const struct pulih_model_place *place, size_t label)
{
    const int8_t *weights = row_of(m, place);
    int all = 0;

    if (m->about.n_labels == 2)
        return place->scale * (float)(label == 1 ? weights[0] : -weights[0]);
    for (size_t k = 0; k < m->n_weights; k++)
        all += weights[k];
    return place->scale * ((float)weights[label] - (float)all / (float)m->n_weights);
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

size_t pulih_model_reasons(const struct pulih_model *m, const struct pulih_features *features,
                           const struct pulih_judgement *j, struct pulih_model_reason *reasons, size_t most)
{
    PULIH_UNSET struct pulih_model_reason of_token[TOKENS_LOOKED_AT];
    size_t n = 0, tokens = 0;

    for (size_t i = 0; i < j->n; i++) {
        const struct pulih_feature *f = &features->items[j->feature[i]];

        if (f->token >= TOKENS_LOOKED_AT)
            continue;
        for (; tokens <= f->token; tokens++)
            of_token[tokens].weight = 0;
        of_token[f->token].at = f->at;
        of_token[f->token].len = f->len;
        of_token[f->token].weight += f->value * for_label(m, &m->places[j->place[i]], j->best);
    }
    for (size_t i = 0; i < tokens; i++)
        if (of_token[i].weight > 0)
            n = insert(reasons, n, most, of_token[i]);
    return n;
}
