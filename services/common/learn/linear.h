/* The one place where the library of linear models is called. */
#ifndef PULIH_LEARN_LINEAR_H
#define PULIH_LEARN_LINEAR_H

#include "services/common/learn/vectors.h"

/* Weights of all labels of a feature stand side by side; the last row is the offset. With two labels there is
 * one weight, for the second against the first. */
struct pulih_linear {
    size_t n_columns, n_weights;
    float *weights; /* [(n_columns + 1) * n_weights] */
};

struct pulih_lesson {
    const struct pulih_vectors *vectors;
    const uint32_t *labels; /* of each text, below n_labels */
    size_t n_labels;
    const uint8_t *fold; /* of each text */
    int without;         /* texts of this fold are not learned from; -1: all are */
    double cost;         /* C */
};

void pulih_linear_fit(const struct pulih_lesson *lesson, struct pulih_linear *ret);
/* Fills n_labels scores of a text; with two labels they are opposite. */
void pulih_linear_score(const struct pulih_linear *linear, const struct pulih_vectors *vectors, size_t text,
                        size_t n_labels, float *scores);
void pulih_linear_free(struct pulih_linear *linear);

#endif
