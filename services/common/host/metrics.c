#include "pulih/host/metrics.h"

struct row {
    const char *name;
    const char *type;
    const char *doc;
};

static const struct row rows[PULIH_METRIC_N] = {
#define METRIC(name, type, doc) {#name, #type, doc},
#include "pulih/tbl/metrics.tbl.h"
};

static const struct row axis_rows[PULIH_AXIS_METRIC_N] = {
#define METRIC(name, type, doc) {#name, #type, doc},
#include "pulih/tbl/axis_metrics.tbl.h"
};

static void print_head(const struct row *row, struct pulih_buf *out)
{
    pulih_buf_addf(out, "# HELP pulih_%s %s\n# TYPE pulih_%s %s\n", row->name, row->doc, row->name,
                   row->type);
}

static bool shows(const struct pulih_metrics *m, int axis)
{
    return atomic_load_explicit(&m->axis_shown[axis], memory_order_relaxed);
}

static void print_axes(const struct pulih_metrics *m, size_t i, const char *stage, struct pulih_buf *out)
{
    bool headed = false;

    for (int axis = 0; axis < PULIH_AXIS_N; axis++) {
        if (!shows(m, axis))
            continue;
        if (!headed)
            print_head(&axis_rows[i], out);
        headed = true;
        pulih_buf_addf(out, "pulih_%s{stage=\"%s\",axis=\"%s\"} %lld\n", axis_rows[i].name, stage,
                       pulih_axes[axis].name,
                       (long long)atomic_load_explicit(&m->axis[i][axis], memory_order_relaxed));
    }
}

void pulih_metrics_print(const struct pulih_metrics *m, const char *stage, struct pulih_buf *out)
{
    for (size_t i = 0; i < PULIH_METRIC_N; i++) {
        print_head(&rows[i], out);
        pulih_buf_addf(out, "pulih_%s{stage=\"%s\"} %lld\n", rows[i].name, stage,
                       (long long)pulih_metric(m, (enum pulih_metric)i));
    }
    for (size_t i = 0; i < PULIH_AXIS_METRIC_N; i++)
        print_axes(m, i, stage, out);
}
