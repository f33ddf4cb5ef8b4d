#include "services/common/learn/calibrate.h"

#include <math.h>

static double log_loss(const float *scores, const uint32_t *truth, size_t n, size_t n_labels, double factor)
{
    double loss = 0;

    for (size_t i = 0; i < n; i++) {
        const float *row = scores + i * n_labels;
        double sum = 0, top = (double)row[truth[i]];

        for (size_t k = 0; k < n_labels; k++)
            sum += exp(factor * ((double)row[k] - top));
        loss += log(sum);
    }
    return loss;
}

/* The loss has one valley over the logarithm of the factor; golden section walks down to its floor. */
float pulih_calibrate(const float *scores, const uint32_t *truth, size_t n, size_t n_labels)
{
    enum { STEPS = 24 };
    const double golden = 0.6180339887498949;
    double low = log(0.1), high = log(50);
    double a = high - golden * (high - low), b = low + golden * (high - low);
    double at_a = log_loss(scores, truth, n, n_labels, exp(a));
    double at_b = log_loss(scores, truth, n, n_labels, exp(b));

    for (int step = 0; step < STEPS; step++) {
        if (at_a < at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - golden * (high - low);
            at_a = log_loss(scores, truth, n, n_labels, exp(a));
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + golden * (high - low);
            at_b = log_loss(scores, truth, n, n_labels, exp(b));
        }
    }
    return (float)exp((low + high) / 2);
}
