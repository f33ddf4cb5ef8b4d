#include <stdlib.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"
#include "services/common/core/model_impl.h"

enum { WAY_MAX = 4096 };

_Static_assert(PULIH_MODEL_ROWS_MAX <= 1 << PULIH_REFERENCE_ROW_BITS, "a reference holds any row");
_Static_assert(PULIH_MODELS_MAX <= 1 << (PULIH_REFERENCE_LAST_BIT - PULIH_REFERENCE_ROW_BITS),
               "a reference holds any model");

/* Hashes that were chosen to meet in one place are refused; honest ones never come near the limit. */
static bool put(struct pulih_model_index *index, uint32_t hash, size_t first)
{
    size_t at = pulih_model_home(index, hash), way = 0;

    for (; index->places[at].first; at = (at + 1) & (index->n_places - 1))
        if (++way == WAY_MAX)
            return false;
    index->places[at] = (struct pulih_model_place){hash, (uint32_t)first + 1};
    at = pulih_model_bit(index, hash);
    index->bits[at / 32] |= UINT32_C(1) << at % 32;
    return true;
}

/* Rows of each model ascend by hash, so `next` of each leads through all of them. */
static bool find_least(const struct pulih_model_index *index, const size_t next[], uint32_t *ret)
{
    bool found = false;

    for (size_t m = 0; m < index->n_models; m++) {
        const struct pulih_model *model = index->models[m];

        if (next[m] < model->about.n_rows && (!found || model->hashes[next[m]] < *ret)) {
            *ret = model->hashes[next[m]];
            found = true;
        }
    }
    return found;
}

static bool fill(struct pulih_model_index *index)
{
    size_t next[PULIH_MODELS_MAX] = {0}, n = 0;
    uint32_t hash = 0;

    while (find_least(index, next, &hash)) {
        size_t first = n;

        for (size_t m = 0; m < index->n_models; m++)
            if (next[m] < index->models[m]->about.n_rows && index->models[m]->hashes[next[m]] == hash)
                index->references[n++] = (uint32_t)(m << PULIH_REFERENCE_ROW_BITS | next[m]++);
        index->references[n - 1] |= UINT32_C(1) << PULIH_REFERENCE_LAST_BIT;
        if (!put(index, hash, first))
            return false;
    }
    return true;
}

struct pulih_model_index *pulih_model_index_new(const struct pulih_model *const models[], size_t n)
{
    struct pulih_model_index *index = pulih_zeroed(1, sizeof *index);
    size_t rows = 0;

    pulih_must(n > 0 && n <= PULIH_MODELS_MAX);
    index->n_models = n;
    for (size_t m = 0; m < n; m++) {
        index->models[m] = models[m];
        rows += models[m]->about.n_rows;
    }
    for (index->n_places = 64; index->n_places < rows + rows / 3;)
        index->n_places *= 2;
    index->places = pulih_zeroed(index->n_places, sizeof *index->places);
    index->bits = pulih_zeroed(PULIH_MODEL_BITS * index->n_places / 32, sizeof *index->bits);
    index->references = pulih_zeroed(rows + 1, sizeof *index->references);
    if (fill(index))
        return index;
    pulih_model_index_free(index);
    return NULL;
}

void pulih_model_index_free(struct pulih_model_index *index)
{
    if (!index)
        return;
    free(index->places);
    free(index->bits);
    free(index->references);
    free(index);
}
