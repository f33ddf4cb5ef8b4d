/* Weights as the bytes of a model; see pulih/core/model.h for the file. */
#ifndef PULIH_LEARN_MODEL_WRITE_H
#define PULIH_LEARN_MODEL_WRITE_H

#include "pulih/core/model.h"
#include "services/common/learn/linear.h"

/* `about` gives axis, labels, set and scores; `temperature` is what scores are multiplied with. Columns whose
 * weights are all nearly nothing are left out, and so are the least weighty beyond `rows_max` (0: none).
 * Appends to `ret`. */
void pulih_model_write(const struct pulih_model_about *about, const struct pulih_vectors *vectors,
                       const struct pulih_linear *linear, float temperature, uint32_t rows_max,
                       struct pulih_buf *ret);

#endif
