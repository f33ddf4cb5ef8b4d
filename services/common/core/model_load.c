#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/file.h"
#include "pulih/core/features.h"
#include "services/common/core/model_impl.h"

enum { MAGIC_BYTES = 8, HEAD_BYTES = MAGIC_BYTES + 4 + PULIH_MODEL_DIGEST };

/* What is left to read, and the first thing that was wrong with it. */
struct reader {
    struct pulih_view rest;
    const char *fault;
};

static bool wrong(struct reader *r, const char *fault)
{
    if (!r->fault)
        r->fault = fault;
    return false;
}

static const char *take(struct reader *r, size_t len)
{
    const char *at = r->rest.at;

    if (r->fault || r->rest.len < len) {
        wrong(r, "it ends too early");
        return NULL;
    }
    r->rest = (struct pulih_view){at + len, r->rest.len - len};
    return at;
}

static uint32_t take_u32(struct reader *r)
{
    const char *at = take(r, 4);

    return at ? pulih_be32(at) : 0;
}

static float take_float(struct reader *r)
{
    uint32_t bits = take_u32(r);
    float value;

    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value) || fabsf(value) > 1e6f) {
        wrong(r, "a number in it is none");
        return 0;
    }
    return value;
}

static struct pulih_view take_text(struct reader *r, size_t most)
{
    const char *len = take(r, 2);
    size_t n = len ? pulih_be16(len) : 0;
    const char *at = take(r, n);

    if (!at || n == 0 || n > most) {
        wrong(r, "a name in it is empty or too long");
        return PULIH_VIEW("");
    }
    return (struct pulih_view){at, n};
}

static bool is_name(struct pulih_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!((text.at[i] >= 'a' && text.at[i] <= 'z') || (text.at[i] >= '0' && text.at[i] <= '9') ||
              text.at[i] == '_'))
            return false;
    return true;
}

static int compare(struct pulih_view a, struct pulih_view b)
{
    int order = memcmp(a.at, b.at, a.len < b.len ? a.len : b.len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Labels ascend, so none comes twice. */
static void read_labels(struct reader *r, struct pulih_model *m)
{
    size_t n = take_u32(r), at = 0;

    if (n < 2 || n > PULIH_LABELS_MAX) {
        wrong(r, "its number of labels is not 2 to 400");
        return;
    }
    m->labels = pulih_zeroed(n, sizeof *m->labels);
    m->about.labels = m->labels;
    m->about.n_labels = n;
    m->n_weights = n == 2 ? 1 : n;
    for (size_t i = 0; i < n; i++) {
        m->labels[i] = take_text(r, PULIH_LABEL_MAX_BYTES);
        if (i > 0 && compare(m->labels[i - 1], m->labels[i]) >= 0)
            wrong(r, "its labels are not in order");
        pulih_buf_add_view(&m->texts, m->labels[i]);
    }
    for (size_t i = 0; i < n; at += m->labels[i++].len)
        m->labels[i].at = m->texts.at + at;
}

static void read_about(struct reader *r, struct pulih_model *m)
{
    struct pulih_model_about *about = &m->about;

    if (take_u32(r) != PULIH_FEATURES_VERSION)
        wrong(r, "it was made for other features; train it again");
    struct pulih_view axis = take_text(r, PULIH_AXIS_MAX_BYTES);
    if (!is_name(axis))
        wrong(r, "its axis is no name");
    m->axis = pulih_zeroed(axis.len + 1, 1);
    memcpy(m->axis, axis.at, axis.len);
    about->axis = m->axis;
    read_labels(r, m);
    const char *set = take(r, sizeof about->set);
    if (set)
        memcpy(about->set, set, sizeof about->set);
    uint32_t *const numbers[] = {&about->texts,       &about->cost_millis, &about->accuracy,
                                 &about->macro_f1,    &about->dev_texts,   &about->dev_accuracy,
                                 &about->dev_macro_f1};
    for (size_t i = 0; i < PULIH_COUNT(numbers); i++)
        *numbers[i] = take_u32(r);
}

static void read_offsets(struct reader *r, struct pulih_model *m)
{
    m->temperature = take_float(r);
    if (!(m->temperature > 0))
        wrong(r, "its temperature is not above 0");
    m->offsets = pulih_zeroed(m->n_weights, sizeof *m->offsets);
    for (size_t k = 0; k < m->n_weights; k++)
        m->offsets[k] = take_float(r);
}

static bool is_scale(uint16_t upper_half)
{
    uint32_t bits = (uint32_t)upper_half << 16;
    float scale;

    memcpy(&scale, &bits, sizeof scale);
    return isfinite(scale) && fabsf(scale) <= 1e6f;
}

/* A row is its hash, its scale and its weights; hashes ascend. */
static void read_row(struct reader *r, size_t n_weights, struct pulih_model_row *rows, size_t i)
{
    const char *at = take(r, 4 + 2 + n_weights);

    rows[i] =
        (struct pulih_model_row){.hash = pulih_be32(at), .scale = pulih_be16(at + 4), .weights = at + 6};
    if (i > 0 && rows[i].hash <= rows[i - 1].hash)
        wrong(r, "its rows are not in order");
    if (!is_scale(rows[i].scale))
        wrong(r, "a number in it is none");
}

/* Rows are no more than there are bytes for, so memory stays within a few times the file. */
static void read_rows(struct reader *r, struct pulih_model *m)
{
    size_t n = take_u32(r), row_bytes = 4 + 2 + m->n_weights;

    if (r->fault || n > PULIH_MODEL_ROWS_MAX || n * m->n_weights > PULIH_MODEL_WEIGHTS_MAX ||
        r->rest.len != n * row_bytes) {
        wrong(r, "its rows are too many, too few, or cut off");
        return;
    }
    struct pulih_model_row *rows = pulih_zeroed(n + 1, sizeof *rows);
    for (size_t i = 0; i < n && !r->fault; i++)
        read_row(r, m->n_weights, rows, i);
    m->about.n_rows = n;
    if (!r->fault)
        m->index = pulih_model_index_new((const struct pulih_model *const[]){m}, 1, rows, n);
    if (!r->fault && !m->index)
        wrong(r, "too many of its rows meet in one place");
    free(rows);
}

static void check_head(struct reader *r, struct pulih_view bytes, struct pulih_model_about *about)
{
    unsigned char digest[PULIH_MODEL_DIGEST];
    const char *head = take(r, HEAD_BYTES);

    if (!head || memcmp(head, "PULIHMDL", MAGIC_BYTES) != 0) {
        r->fault = "it is no model of pulih";
        return;
    }
    if (pulih_be32(head + MAGIC_BYTES) != PULIH_MODEL_FORMAT)
        wrong(r, "it has a format that this version does not know");
    crypto_generichash(digest, sizeof digest, (const unsigned char *)bytes.at + HEAD_BYTES,
                       bytes.len - HEAD_BYTES, NULL, 0);
    if (memcmp(digest, head + MAGIC_BYTES + 4, sizeof digest) != 0)
        wrong(r, "it is damaged: its digest does not hold");
    memcpy(about->digest, digest, sizeof digest);
    about->bytes = bytes.len;
}

struct pulih_model *pulih_model_load(struct pulih_view bytes, struct pulih_buf *why)
{
    struct reader r = {.rest = bytes};
    struct pulih_model *m = pulih_zeroed(1, sizeof *m);

    check_head(&r, bytes, &m->about);
    if (!r.fault)
        read_about(&r, m);
    if (!r.fault)
        read_offsets(&r, m);
    if (!r.fault)
        read_rows(&r, m);
    if (r.fault) {
        pulih_buf_addf(why, "%s\n", r.fault);
        pulih_model_free(m);
        return NULL;
    }
    const uint8_t *d = m->about.digest;
    snprintf(m->about.name, sizeof m->about.name, "%.14s-%02x%02x%02x%02x", m->axis, d[0], d[1], d[2], d[3]);
    return m;
}

struct pulih_model *pulih_model_load_file(const char *path, struct pulih_buf *why)
{
    struct pulih_buf bytes PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_buf fault PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_model *model = NULL;

    if (!pulih_file_read(path, 0, &bytes, &fault))
        pulih_buf_addf(&fault, "\n");
    else
        model = pulih_model_load(pulih_view_of_buf(&bytes), &fault);
    if (!model)
        pulih_buf_addf(why, "%s: %s", path, pulih_buf_text(&fault));
    return model;
}

void pulih_model_free(struct pulih_model *m)
{
    if (!m)
        return;
    free(m->axis);
    free(m->labels);
    free(m->offsets);
    pulih_model_index_free(m->index);
    pulih_buf_free(&m->texts);
    free(m);
}
