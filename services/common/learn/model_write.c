#include "services/common/learn/model_write.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/core/features.h"

enum { STEPS = 127 };
/* What is lighter than this against the weightiest feature changes no decision. */
static const float LEAST_SHARE = 0.004f;

static void add_float(struct pulih_buf *out, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    pulih_buf_add_be32(out, bits);
}

static void add_text(struct pulih_buf *out, struct pulih_view text)
{
    pulih_buf_add_be16(out, (uint16_t)text.len);
    pulih_buf_add_view(out, text);
}

/* The upper half of a float: a power of two and eight bits. */
static uint16_t upper_half(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0xffff) >> 16); /* up, so that no weight lies beyond the last step */
}

static float of_upper_half(uint16_t half)
{
    uint32_t bits = (uint32_t)half << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Weights count as often as a text has the feature, so rarity belongs to them here. */
static float weight_of(const struct pulih_vectors *v, const struct pulih_linear *linear, size_t column,
                       size_t k)
{
    return linear->weights[column * linear->n_weights + k] * v->rarity[column];
}

static float heaviest(const struct pulih_vectors *v, const struct pulih_linear *linear, size_t column)
{
    float most = 0;

    for (size_t k = 0; k < linear->n_weights; k++)
        most = fmaxf(most, fabsf(weight_of(v, linear, column, k)));
    return most;
}

static int descending(const void *a, const void *b)
{
    const float *one = a, *other = b;

    return (*one < *other) - (*one > *other);
}

/* The weight from which on a column is kept; `most` are those of the columns. */
static float least_kept(const float *most, size_t n, uint32_t rows_max)
{
    float *sorted = pulih_zeroed(n, sizeof *sorted), least = 0;

    memcpy(sorted, most, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, descending);
    if (n)
        least = sorted[0] * LEAST_SHARE;
    if (rows_max && n > rows_max && sorted[rows_max - 1] > least)
        least = sorted[rows_max - 1];
    free(sorted);
    return least;
}

static void add_weights(const struct pulih_vectors *v, const struct pulih_linear *linear, size_t column,
                        float scale, struct pulih_buf *out)
{
    for (size_t k = 0; k < linear->n_weights; k++)
        pulih_buf_add_byte(out, (uint8_t)(int8_t)lrintf(weight_of(v, linear, column, k) / scale));
}

static void add_rows(const struct pulih_vectors *v, const struct pulih_linear *linear, uint32_t rows_max,
                     struct pulih_buf *out)
{
    float *most = pulih_zeroed(v->n_columns, sizeof *most);
    uint32_t n = 0;

    for (size_t c = 0; c < v->n_columns; c++)
        most[c] = heaviest(v, linear, c);
    float least = least_kept(most, v->n_columns, rows_max);
    for (size_t c = 0; c < v->n_columns; c++)
        n += most[c] >= least && most[c] > 0;
    pulih_buf_add_be32(out, n);
    for (size_t c = 0; c < v->n_columns; c++)
        if (most[c] >= least && most[c] > 0) {
            uint16_t half = upper_half(most[c] / STEPS);

            pulih_buf_add_be32(out, v->hash[c]);
            pulih_buf_add_be16(out, half);
            add_weights(v, linear, c, of_upper_half(half), out);
        }
    free(most);
}

static void add_about(const struct pulih_model_about *about, struct pulih_buf *out)
{
    pulih_buf_add_be32(out, PULIH_FEATURES_VERSION);
    add_text(out, pulih_view_of(about->axis));
    pulih_buf_add_be32(out, (uint32_t)about->n_labels);
    for (size_t i = 0; i < about->n_labels; i++)
        add_text(out, about->labels[i]);
    pulih_buf_add(out, about->set, sizeof about->set);
    const uint32_t numbers[] = {about->texts,     about->cost_millis,  about->accuracy,    about->macro_f1,
                                about->dev_texts, about->dev_accuracy, about->dev_macro_f1};
    for (size_t i = 0; i < PULIH_COUNT(numbers); i++)
        pulih_buf_add_be32(out, numbers[i]);
}

void pulih_model_write(const struct pulih_model_about *about, const struct pulih_vectors *vectors,
                       const struct pulih_linear *linear, float temperature, uint32_t rows_max,
                       struct pulih_buf *ret)
{
    struct pulih_buf body PULIH_AUTO(pulih_buf_free) = {0};
    unsigned char digest[PULIH_MODEL_DIGEST];

    add_about(about, &body);
    add_float(&body, temperature);
    for (size_t k = 0; k < linear->n_weights; k++)
        add_float(&body, linear->weights[linear->n_columns * linear->n_weights + k]);
    add_rows(vectors, linear, rows_max, &body);
    crypto_generichash(digest, sizeof digest, (const unsigned char *)body.at, body.len, NULL, 0);
    pulih_buf_add_view(ret, PULIH_VIEW("PULIHMDL"));
    pulih_buf_add_be32(ret, PULIH_MODEL_FORMAT);
    pulih_buf_add(ret, digest, sizeof digest);
    pulih_buf_add_view(ret, pulih_view_of_buf(&body));
}
