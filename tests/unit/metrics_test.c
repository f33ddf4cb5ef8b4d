/* Metrics: every row of the table is printed in Prometheus' text format; threads may count at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/host/metrics.h"

static const struct {
    const char *name, *type, *doc;
} rows[] = {
#define METRIC(name, type, doc) {#name, #type, doc},
#include "pulih/tbl/metrics.tbl.h"
#define METRIC(name, type, doc) {#name, #type, doc},
#include "pulih/tbl/axis_metrics.tbl.h"
};
enum { ROWS = PULIH_METRIC_N + PULIH_AXIS_METRIC_N };

static void prints_every_row(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
    struct pulih_metrics m = {0};

    (void)state;
    for (int i = 0; i < PULIH_METRIC_N; i++)
        pulih_gauge(&m, (enum pulih_metric)i, 1000 + i);
    pulih_metrics_print(&m, "intake", &out);
    const char *text = pulih_buf_text(&out);
    size_t len = 0;
    for (size_t i = 0; i < PULIH_METRIC_N; i++) {
        char expected[500];
        int n = snprintf(expected, sizeof expected,
                         "# HELP pulih_%s %s\n# TYPE pulih_%s %s\npulih_%s{stage=\"intake\"} %zu\n",
                         rows[i].name, rows[i].doc, rows[i].name, rows[i].type, rows[i].name, 1000 + i);
        if (!strstr(text, expected))
            fail_msg("%s is not printed as it should be", rows[i].name);
        len += (size_t)n;
    }
    assert_int_equal(out.len, len); /* and nothing else */
}

/* What is told by axis: of those axes alone that were heard of. */
static void prints_axes_that_have_something_to_tell(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
    struct pulih_metrics m = {0};

    (void)state;
    pulih_gauge_axis(&m, PULIH_AXIS_METRIC_model_version, PULIH_AXIS_department, 7);
    pulih_count_axis(&m, PULIH_AXIS_METRIC_shadow_judged_total, PULIH_AXIS_department, 2);
    pulih_count_axis(&m, PULIH_AXIS_METRIC_shadow_judged_total, PULIH_AXIS_department, 3);
    pulih_metrics_print(&m, "x", &out);
    const char *text = pulih_buf_text(&out);
    assert_non_null(strstr(text, "# TYPE pulih_model_version gauge\n"
                                 "pulih_model_version{stage=\"x\",axis=\"department\"} 7\n"));
    assert_non_null(strstr(text, "\npulih_shadow_judged_total{stage=\"x\",axis=\"department\"} 5\n"));
    assert_null(strstr(text, "axis=\"category\""));
}

/* Rules of the format: counters end with _total, gauges do not; a HELP line has no line break. */
static void rows_keep_the_rules_of_the_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        size_t len = strlen(rows[i].name);
        bool total = len > 6 && strcmp(rows[i].name + len - 6, "_total") == 0;
        bool counter = strcmp(rows[i].type, "counter") == 0;
        if (!counter && strcmp(rows[i].type, "gauge") != 0)
            fail_msg("%s: type %s", rows[i].name, rows[i].type);
        if (counter != total)
            fail_msg("%s is a %s", rows[i].name, rows[i].type);
        if (rows[i].name[strspn(rows[i].name, "abcdefghijklmnopqrstuvwxyz_")] || strpbrk(rows[i].doc, "\n\\"))
            fail_msg("%s", rows[i].name);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(rows[i].name, rows[j].name);
    }
}

static void prints_values_of_any_size(void **state)
{
    static const struct {
        int64_t value;
        const char *line;
    } values[] = {
        {0, "pulih_sessions{stage=\"x\"} 0\n"},
        {-3, "pulih_sessions{stage=\"x\"} -3\n"},
        {INT64_MAX, "pulih_sessions{stage=\"x\"} 9223372036854775807\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
        struct pulih_metrics m = {0};
        pulih_gauge(&m, PULIH_METRIC_sessions, values[i].value);
        pulih_metrics_print(&m, "x", &out);
        assert_non_null(strstr(pulih_buf_text(&out), values[i].line));
    }
}

enum { THREADS = 4, TIMES = 100000 };

static void *count_many(void *arg)
{
    for (int i = 0; i < TIMES; i++)
        pulih_count(arg, PULIH_METRIC_items_total, 3);
    return NULL;
}

static void loses_no_count(void **state)
{
    struct pulih_metrics m = {0};
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, &m), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(pulih_metric(&m, PULIH_METRIC_items_total), 3 * THREADS * TIMES);
    assert_int_equal(pulih_metric(&m, PULIH_METRIC_batches_total), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_every_row),
        cmocka_unit_test(prints_axes_that_have_something_to_tell),
        cmocka_unit_test(rows_keep_the_rules_of_the_format),
        cmocka_unit_test(prints_values_of_any_size),
        cmocka_unit_test(loses_no_count),
    };

    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
