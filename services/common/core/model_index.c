#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"
#include "services/common/core/lexicon.h"

enum { BUCKET_BITS_LEAST = 5, RECORDS_IN_BUCKET_MAX = 4096 };

typedef int8_t bytes __attribute__((vector_size(16)));
typedef int32_t whole_numbers __attribute__((vector_size(16)));

_Static_assert(PULIH_MODELS_MAX <= 1 << (31 - PULIH_ROW_MODEL_SHIFT), "a row has room for it");

/* --- making ------------------------------------------------------------------------------------------ */

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

    *words = row->scale | (uint32_t)row->model << PULIH_ROW_MODEL_SHIFT;
    memcpy(words + 1, row->weights, n);
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

static size_t padded(size_t n)
{
    return (n + PULIH_LANE - 1) / PULIH_LANE * PULIH_LANE;
}

/* The last vector of a model's weights reaches over those of the next, with nothing to add. */
static void lay_out(struct pulih_model_index *index)
{
    size_t n = 0;

    for (size_t m = 0; m < index->n_models; m++) {
        index->row_words[m] = (uint32_t)(1 + padded(index->models[m]->n_weights) / sizeof *index->records);
        index->lane[m] = n;
        n += index->models[m]->n_weights;
    }
    index->n_lanes = padded(n);
    pulih_must(index->n_lanes + PULIH_LANE <= PULIH_LANES_MAX);
}

struct pulih_model_index *pulih_model_index_new(const struct pulih_model *const models[], size_t n,
                                                struct pulih_model_row *rows, size_t n_rows)
{
    struct pulih_model_index *index = pulih_zeroed(1, sizeof *index);
    size_t words = 0, buckets;

    pulih_must(n > 0 && n <= PULIH_MODELS_MAX);
    index->n_models = n;
    memcpy(index->models, models, n * sizeof(const struct pulih_model *));
    lay_out(index);
    for (size_t i = 0; i < n_rows; i++)
        words += 1 + index->row_words[rows[i].model];
    for (index->bucket_bits = BUCKET_BITS_LEAST; n_rows >> index->bucket_bits > 0;)
        index->bucket_bits++;
    buckets = (size_t)1 << index->bucket_bits;
    pulih_must(words < PULIH_ID_UNKNOWN);
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
    if (index)
        index->lexicon = pulih_lexicon_new(index);
    free(rows);
    return index;
}

void pulih_model_index_free(struct pulih_model_index *index)
{
    if (!index)
        return;
    pulih_memo_free(index->lexicon);
    free(index->starts);
    free(index->bits);
    free(index->records);
    free(index);
}

/* --- asking ------------------------------------------------------------------------------------------ */

/* Which of the features may be known; what is read of these next is on its way to the cache then. */
static size_t sift(const struct pulih_model_index *index, const uint32_t *hashes, size_t n, uint8_t ret[])
{
    size_t n_sifted = 0;

    for (size_t i = 0; i < n; i++) {
        size_t bit = pulih_index_bit(index, hashes[i]);

        ret[n_sifted] = (uint8_t)i;
        n_sifted += index->bits[bit / 32] >> bit % 32 & 1;
    }
    for (size_t i = 0; i < n_sifted; i++)
        __builtin_prefetch(&index->starts[pulih_index_bucket(index, hashes[ret[i]])]);
    for (size_t i = 0; i < n_sifted; i++)
        __builtin_prefetch(&index->records[index->starts[pulih_index_bucket(index, hashes[ret[i]])]]);
    return n_sifted;
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

void pulih_model_index_identify(const struct pulih_model_index *index, const uint32_t *hashes, size_t n,
                                uint32_t *ret_ids)
{
    PULIH_UNSET uint8_t sifted[PULIH_TOGETHER_MAX + 1];

    pulih_must(n <= PULIH_TOGETHER_MAX);
    size_t n_sifted = sift(index, hashes, n, sifted), next = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t hash = hashes[i], *row = NULL;

        if (next < n_sifted && sifted[next] == i) {
            row = look_up(index, hash);
            next++;
        }
        ret_ids[i] = row ? (uint32_t)(row - index->records) : hash | PULIH_ID_UNKNOWN;
    }
}

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

static void add_row(const uint32_t *row, size_t n_weights, float by, float *lanes)
{
    const float scale = by * scale_of(*row);

    for (size_t k = 0; k < n_weights; k += PULIH_LANE)
        pulih_lanes_put(
            lanes + k, pulih_lanes_get(lanes + k) +
                           scale * __builtin_convertvector(four_of(pulih_row_weights(row) + k), pulih_lanes));
}

void pulih_model_index_add(const struct pulih_model_index *index, uint32_t id, float by, float *lanes,
                           int32_t count, int32_t known[PULIH_MODELS_MAX])
{
    if (id & PULIH_ID_UNKNOWN)
        return;
    for (const uint32_t *row = &index->records[id];; row = pulih_row_next(index, row)) {
        size_t m = pulih_row_model(*row);

        add_row(row, index->models[m]->n_weights, by, lanes + index->lane[m]);
        known[m] += count;
        if (*row & PULIH_ROW_LAST)
            return;
    }
}
