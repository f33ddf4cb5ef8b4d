/* A model in memory: made by model_load.c, used by model.c. */
#ifndef PULIH_CORE_MODEL_IMPL_H
#define PULIH_CORE_MODEL_IMPL_H

#include "pulih/core/model.h"

enum { PULIH_MODEL_LANE = 4 }; /* several weights are padded to a multiple, and summed so many at a time */

struct pulih_model_place {
    uint32_t hash;
    uint32_t row; /* + 1; 0: free */
    float scale;  /* of the row's weights */
};

/* hash ──► place with its scale ──► row: the weights of all labels side by side. */
struct pulih_model {
    struct pulih_model_about about;
    char *axis;
    struct pulih_view *labels; /* into `texts` */
    struct pulih_buf texts;
    size_t n_weights; /* one with two labels, else one for each */
    size_t stride;    /* n_weights, padded if more than one */
    float temperature;
    float *offsets;  /* `stride` of them */
    size_t n_places; /* a power of two, more than the rows */
    struct pulih_model_place *places;
    int8_t *weights; /* [row * stride] */
};

static inline size_t pulih_model_home(const struct pulih_model *model, uint32_t hash)
{
    return (hash * UINT32_C(2654435769) >> 7) & (model->n_places - 1);
}

#endif
