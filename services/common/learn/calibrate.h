/* From scores to probabilities: the one factor that makes them fit what came true. */
#ifndef PULIH_LEARN_CALIBRATE_H
#define PULIH_LEARN_CALIBRATE_H

#include <stddef.h>
#include <stdint.h>

/* Scores of texts that were not learned from, n_labels each, and the labels that are true. Returns the factor
 * under which softmax(factor * scores) has the least log loss. */
float pulih_calibrate(const float *scores, const uint32_t *truth, size_t n, size_t n_labels);

#endif
