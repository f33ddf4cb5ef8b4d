/* A learned model: from the features of a text to a probability for each of its labels.
 *
 * Does.     Reads a model from bytes, wherever they came from; judges texts with it.
 * Owns.     All it points to. Read-only after loading, so threads share it.
 * Promises. The bytes are believed in nothing: every length, count and number is checked before it is used,
 *           and a digest over all of them must hold. Judging is pure and allocates nothing.
 * Fails.    Loading: NULL and a line in *why.
 *
 * The file is big-endian:
 *   "PULIHMDL", u32 format, digest (32 bytes, BLAKE2b of all that follows),
 *   u32 version of the features, texts axis and each label (u16 length, bytes), u32 counts before
 *   lists, what it was made from and how good it is (see pulih_model_about), temperature, offsets and rows:
 *   the hashes ascending, a scale of 16 bits (upper half of a float) for each, and its weights, a byte each.
 */
#ifndef PULIH_CORE_MODEL_H
#define PULIH_CORE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "pulih/base/bytes.h"

enum {
    PULIH_LABELS_MAX = 400,
    PULIH_LABEL_MAX_BYTES = 200,
    PULIH_AXIS_MAX_BYTES = 40,
    PULIH_MODEL_FORMAT = 1,
    PULIH_MODEL_ROWS_MAX = 4 * 1000 * 1000,
    PULIH_MODEL_WEIGHTS_MAX = 256 * 1000 * 1000, /* bytes */
    PULIH_MODEL_DIGEST = 32,
    PULIH_MODEL_SET = 16,
};

struct pulih_model;

/* What a model says of itself. Shares are in millionths. */
struct pulih_model_about {
    char name[24]; /* axis and the beginning of the digest: department-3f9a2c11 */
    const char *axis;
    size_t n_labels;
    const struct pulih_view *labels; /* ascending */
    size_t n_rows;
    size_t bytes; /* of the file */
    uint8_t digest[PULIH_MODEL_DIGEST];
    uint32_t texts;                                 /* it was trained on */
    uint8_t set[PULIH_MODEL_SET];                   /* fingerprint of those and their labels */
    uint32_t cost_millis;                           /* the C it was trained with, in thousandths */
    uint32_t accuracy, macro_f1;                    /* on texts held out in turn */
    uint32_t dev_texts, dev_accuracy, dev_macro_f1; /* on a set of its own; 0 when there was none */
};

struct pulih_model *pulih_model_load(struct pulih_view bytes, struct pulih_buf *why);
/* The same from a file; the reason names it. */
struct pulih_model *pulih_model_load_file(const char *path, struct pulih_buf *why);
/* Takes NULL. */
void pulih_model_free(struct pulih_model *model);
const struct pulih_model_about *pulih_model_about(const struct pulih_model *model);

/* What a model makes of a text. */
struct pulih_judgement {
    size_t best;                         /* label */
    size_t n;                            /* features of the text that the model knows */
    float probability[PULIH_LABELS_MAX]; /* of each label; they sum to 1 */
};

void pulih_model_judge(const struct pulih_model *model, struct pulih_view utf8, struct pulih_judgement *ret);

/* What in the text spoke for a label, and how much against the average of the labels. */
struct pulih_model_reason {
    uint16_t at, len; /* bytes of the text */
    float weight;
};

/* The words of a text that spoke most for its best label, strongest first, each where it comes first; returns
 * how many, at most `most`. */
size_t pulih_model_reasons(const struct pulih_model *model, struct pulih_view utf8,
                           struct pulih_model_reason *reasons, size_t most);

#endif
