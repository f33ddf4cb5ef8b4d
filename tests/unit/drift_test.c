/* Drift: the population stability index and mean confidences, against numbers worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pulih/base/bytes.h"
#include "pulih/core/drift.h"

enum { VALUES = 3 };

static const struct {
    struct pulih_drift_use uses[VALUES];
    bool known;
    double index, first, recent;
} rows[] = {
    /* Nothing yet, and too little to tell. */
    {{{0}}, false, 0, 0, 0},
    {{{999, 89910, 999000, 44955000}}, false, 0, 90, 45},
    /* The same shares. */
    {{{500, 40000, 500000, 40000000}, {500, 40000, 500000, 40000000}, {0}}, true, 0, 80, 80},
    /* 0.5 0.5 to 0.25 0.75: (0.25 - 0.5) ln 0.5 + (0.75 - 0.5) ln 1.5 = 0.2747, less a little for the half added. */
    {{{500, 50000, 250000, 25000000}, {500, 50000, 750000, 37500000}, {0}}, true, 0.2739, 100, 62.5},
    /* A value that never came before is far, and not infinitely so. */
    {{{1000, 0, 0, 0}, {0, 0, 1000000, 0}, {0}}, true, 15.1800, 0, 0},
    /* Of ten times as many, and of a tenth: shares count. */
    {{{9000, 900000, 90000, 9000000}, {1000, 100000, 10000, 1000000}, {0}}, true, 0.0226, 100, 100},
};

static void follows_the_formula(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct pulih_drift drift = pulih_drift_of(rows[i].uses, VALUES);
        if (drift.known != rows[i].known || fabs(drift.index - rows[i].index) > 0.0005 ||
            fabs(drift.first - rows[i].first) > 0.01 || fabs(drift.recent - rows[i].recent) > 0.01)
            fail_msg("row %zu: %d %f %f %f", i, drift.known, drift.index, drift.first, drift.recent);
    }
}

static void recent_counts_fade(void **state)
{
    (void)state;
    assert_int_equal(pulih_drift_keep(0), 1000000);
    assert_int_equal(pulih_drift_keep(PULIH_DRIFT_RECENT), 367879);
    assert_int_equal(pulih_drift_keep(1000 * PULIH_DRIFT_RECENT), 0);
    for (int64_t n = 0; n < 5000; n += 7)
        assert_true(pulih_drift_keep(n) >= pulih_drift_keep(n + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_formula),
        cmocka_unit_test(recent_counts_fade),
    };

    return cmocka_run_group_tests_name("drift", tests, NULL, NULL);
}
