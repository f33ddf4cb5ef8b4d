/* A corpus as numbers: for each text its features and what they count, the rare ones left out. */
#ifndef PULIH_LEARN_VECTORS_H
#define PULIH_LEARN_VECTORS_H

#include "pulih/learn/corpus.h"

struct pulih_cell {
    uint32_t column;
    float value;
};

struct pulih_vectors {
    size_t n;     /* texts */
    size_t *from; /* cells of text i: from[i] to from[i + 1] */
    struct pulih_cell *cells;
    size_t n_columns;
    uint32_t *hash; /* of each column, ascending */
    float *rarity;  /* sqrt(ln((1 + texts) / (1 + texts with it)) + 1); values are multiplied by it already */
};

void pulih_vectors_make(const struct pulih_corpus *corpus, struct pulih_vectors *ret);
void pulih_vectors_free(struct pulih_vectors *vectors);

#endif
