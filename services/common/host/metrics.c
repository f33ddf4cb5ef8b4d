#include "pulih/host/metrics.h"

static const struct {
    const char *name;
    const char *type;
    const char *doc;
} rows[PULIH_METRIC_N] = {
#define METRIC(name, type, doc) {#name, #type, doc},
#include "pulih/tbl/metrics.tbl.h"
};

void pulih_metrics_print(const struct pulih_metrics *m, const char *stage, struct pulih_buf *out)
{
    for (size_t i = 0; i < PULIH_METRIC_N; i++)
        pulih_buf_addf(out, "# HELP pulih_%s %s\n# TYPE pulih_%s %s\npulih_%s{stage=\"%s\"} %lld\n",
                       rows[i].name, rows[i].doc, rows[i].name, rows[i].type, rows[i].name, stage,
                       (long long)pulih_metric(m, (enum pulih_metric)i));
}
