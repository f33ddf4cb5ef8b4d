#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"
#include "services/common/core/model_impl.h"

enum { BUCKET_BITS_LEAST = 5, RECORDS_IN_BUCKET_MAX = 4096 };

_Static_assert(PULIH_MODELS_MAX == 1 << (PULIH_ROW_SUM_SHIFT - PULIH_ROW_MODEL_SHIFT),
               "a row has room for it");
_Static_assert(-INT8_MIN *PULIH_ROW_SUMMED_MAX <= PULIH_ROW_SUM_ZERO, "a sum is not negative then");
_Static_assert(INT8_MAX *PULIH_ROW_SUMMED_MAX + PULIH_ROW_SUM_ZERO < 1 << (31 - PULIH_ROW_SUM_SHIFT),
               "it fits");

static int compare(const void *a, const void *b)
{
    const struct pulih_model_row *x = a, *y = b;
    uint32_t at_x = pulih_index_spread(x->hash), at_y = pulih_index_spread(y->hash);

    if (at_x != at_y)
        return at_x < at_y ? -1 : 1;
    return (x->model > y->model) - (x->model < y->model);
}

static uint32_t *put_row(const struct pulih_model_index *index, const struct pulih_model_row *row,
                         uint32_t *words)
{
    const size_t n = index->models[row->model]->n_weights;
    const int8_t *weights = row->weights;
    int sum = PULIH_ROW_SUM_ZERO;

    for (size_t k = 0; n <= PULIH_ROW_SUMMED_MAX && k < n; k++)
        sum += weights[k];
    *words =
        row->scale | (uint32_t)row->model << PULIH_ROW_MODEL_SHIFT | (uint32_t)sum << PULIH_ROW_SUM_SHIFT;
    memcpy(words + 1, weights, n);
    return words + index->row_words[row->model];
}

/* Hashes that were chosen to meet in one bucket are refused; honest ones never come near the limit. */
static bool fill(struct pulih_model_index *index, const struct pulih_model_row *rows, size_t n_rows)
{
    size_t bucket = 0, in_bucket = 0;
    uint32_t *words = index->records;

    for (size_t i = 0; i < n_rows;) {
        uint32_t hash = rows[i].hash, *last = NULL;

        for (; bucket < pulih_index_bucket(index, hash); in_bucket = 0)
            index->starts[++bucket] = (uint32_t)(words - index->records);
        if (++in_bucket > RECORDS_IN_BUCKET_MAX)
            return false;
        index->bits[pulih_index_bit(index, hash) / 32] |= UINT32_C(1) << pulih_index_bit(index, hash) % 32;
        *words++ = hash;
        for (; i < n_rows && rows[i].hash == hash; i++) {
            last = words;
            words = put_row(index, &rows[i], words);
        }
        *last |= PULIH_ROW_LAST;
    }
    while (bucket < (size_t)1 << index->bucket_bits)
        index->starts[++bucket] = (uint32_t)(words - index->records);
    return true;
}

struct pulih_model_index *pulih_model_index_new(const struct pulih_model *const models[], size_t n,
                                                struct pulih_model_row *rows, size_t n_rows)
{
    struct pulih_model_index *index = pulih_zeroed(1, sizeof *index);
    size_t words = 0, buckets;

    pulih_must(n > 0 && n <= PULIH_MODELS_MAX);
    index->n_models = n;
    memcpy(index->models, models, n * sizeof(const struct pulih_model *));
    for (size_t m = 0; m < n; m++)
        index->row_words[m] = (uint32_t)(1 + models[m]->stride / sizeof *index->records);
    for (size_t i = 0; i < n_rows; i++)
        words += 1 + index->row_words[rows[i].model];
    for (index->bucket_bits = BUCKET_BITS_LEAST; n_rows >> index->bucket_bits > 0;)
        index->bucket_bits++;
    buckets = (size_t)1 << index->bucket_bits;
    index->starts = pulih_zeroed(buckets + 1, sizeof *index->starts);
    index->bits = pulih_zeroed(buckets * PULIH_INDEX_BITS / 32, sizeof *index->bits);
    index->records = pulih_zeroed(words + 1, sizeof *index->records);
    qsort(rows, n_rows, sizeof *rows, compare);
    if (fill(index, rows, n_rows))
        return index;
    pulih_model_index_free(index);
    return NULL;
}

/* Adds the rows of a model, read from its own index; returns how many there are then. */
static size_t collect(const struct pulih_model *model, uint16_t number, struct pulih_model_row *rows,
                      size_t n)
{
    const struct pulih_model_index *own = model->index;
    const uint32_t *word = own->records;

    for (size_t i = 0; i < model->about.n_rows; i++) {
        rows[n++] = (struct pulih_model_row){
            .hash = word[0], .scale = (uint16_t)word[1], .model = number, .weights = word + 2};
        word = pulih_row_next(own, word + 1);
    }
    return n;
}

struct pulih_model_index *pulih_model_index_join(const struct pulih_model *const models[], size_t n)
{
    struct pulih_model_row *rows;
    struct pulih_model_index *index;
    size_t n_rows = 0;

    for (size_t m = 0; m < n; m++)
        n_rows += models[m]->about.n_rows;
    rows = pulih_zeroed(n_rows + 1, sizeof *rows);
    n_rows = 0;
    for (size_t m = 0; m < n; m++)
        n_rows = collect(models[m], (uint16_t)m, rows, n_rows);
    index = pulih_model_index_new(models, n, rows, n_rows);
    free(rows);
    return index;
}

void pulih_model_index_free(struct pulih_model_index *index)
{
    if (!index)
        return;
    free(index->starts);
    free(index->bits);
    free(index->records);
    free(index);
}
