#include "pulih/core/drift.h"

#include <math.h>

static const double PSEUDO = 0.5, THOUSAND = 1000, MILLION = 1e6;

struct pulih_drift pulih_drift_of(const struct pulih_drift_use *uses, size_t n)
{
    double first = 0, recent = 0;
    struct pulih_drift ret = {0};

    for (size_t i = 0; i < n; i++) {
        first += (double)uses[i].first_n;
        recent += (double)uses[i].recent_n / THOUSAND;
        ret.first += (double)uses[i].first_confidence;
        ret.recent += (double)uses[i].recent_confidence / THOUSAND;
    }
    ret.first = first > 0 ? ret.first / first : 0;
    ret.recent = recent > 0 ? ret.recent / recent : 0;
    ret.known = first >= PULIH_DRIFT_FIRST;
    for (size_t i = 0; ret.known && i < n; i++) {
        double was = ((double)uses[i].first_n + PSEUDO) / (first + PSEUDO * (double)n);
        double is = ((double)uses[i].recent_n / THOUSAND + PSEUDO) / (recent + PSEUDO * (double)n);
        ret.index += (is - was) * log(is / was);
    }
    return ret;
}

int64_t pulih_drift_keep(int64_t n)
{
    return llrint(exp(-(double)n / PULIH_DRIFT_RECENT) * MILLION);
}
