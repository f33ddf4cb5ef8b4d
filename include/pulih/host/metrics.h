/* Counters and gauges of a daemon; any thread may write, /metrics reads. */
#ifndef PULIH_HOST_METRICS_H
#define PULIH_HOST_METRICS_H

#include <stdatomic.h>

#include "pulih/base/bytes.h"
#include "pulih/core/classify.h"

enum pulih_metric {
#define METRIC(name, type, doc) PULIH_METRIC_##name,
#include "pulih/tbl/metrics.tbl.h"
    PULIH_METRIC_N
};

enum pulih_axis_metric {
#define METRIC(name, type, doc) PULIH_AXIS_METRIC_##name,
#include "pulih/tbl/axis_metrics.tbl.h"
    PULIH_AXIS_METRIC_N
};

struct pulih_metrics {
    _Atomic int64_t value[PULIH_METRIC_N];
    _Atomic bool axis_shown[PULIH_AXIS_N]; /* others have nothing to tell */
    _Atomic int64_t axis[PULIH_AXIS_METRIC_N][PULIH_AXIS_N];
};

static inline void pulih_count(struct pulih_metrics *m, enum pulih_metric which, int64_t by)
{
    atomic_fetch_add_explicit(&m->value[which], by, memory_order_relaxed);
}

static inline void pulih_gauge(struct pulih_metrics *m, enum pulih_metric which, int64_t value)
{
    atomic_store_explicit(&m->value[which], value, memory_order_relaxed);
}

static inline void pulih_count_axis(struct pulih_metrics *m, enum pulih_axis_metric which,
                                    enum pulih_axis axis, int64_t by)
{
    atomic_fetch_add_explicit(&m->axis[which][axis], by, memory_order_relaxed);
}

static inline void pulih_gauge_axis(struct pulih_metrics *m, enum pulih_axis_metric which,
                                    enum pulih_axis axis, int64_t value)
{
    atomic_store_explicit(&m->axis[which][axis], value, memory_order_relaxed);
    atomic_store_explicit(&m->axis_shown[axis], true, memory_order_relaxed);
}

static inline int64_t pulih_metric(const struct pulih_metrics *m, enum pulih_metric which)
{
    return atomic_load_explicit(&m->value[which], memory_order_relaxed);
}

/* Appends all in Prometheus' text format. */
void pulih_metrics_print(const struct pulih_metrics *m, const char *stage, struct pulih_buf *out);

#endif
