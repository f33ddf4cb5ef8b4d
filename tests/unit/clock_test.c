#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "pulih/base/clock.h"

static void wall_time_is_that_of_libc_and_monotonic_time_never_falls(void **state)
{
    (void)state;
    time_t before = time(NULL);
    int64_t us = pulih_wall_us();

    assert_in_range(us / 1000000, before, before + 2);
    int64_t last = pulih_mono_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = pulih_mono_us();
        assert_true(now >= last);
        last = now;
    }
}

static void prints_and_reads_back(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {1, "1970-01-01T00:00:00.000001Z"},
        {INT64_C(1795305600000000), "2026-11-22T00:00:00.000000Z"},
        {INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
        {INT64_C(951868800000000), "2000-03-01T00:00:00.000000Z"},
        {INT64_C(-2203891200000000), "1900-03-01T00:00:00.000000Z"},
        {INT64_C(-2203977600000000), "1900-02-28T00:00:00.000000Z"},
        {INT64_C(1735689599999999), "2024-12-31T23:59:59.999999Z"},
        {INT64_C(-62167219200000000), "0000-01-01T00:00:00.000000Z"},
        {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
    };
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        char out[28];
        int64_t back = 0;
        pulih_time_print(cases[i].us, out);
        assert_string_equal(out, cases[i].text);
        assert_true(pulih_time_parse(pulih_view_of(out), &back));
        assert_true(back == cases[i].us);
    }
}

static void a_time_outside_prints_as_the_nearest_inside(void **state)
{
    char out[28];

    (void)state;
    pulih_time_print(INT64_MIN, out);
    assert_string_equal(out, "0000-01-01T00:00:00.000000Z");
    pulih_time_print(INT64_MAX, out);
    assert_string_equal(out, "9999-12-31T23:59:59.999999Z");
}

/* Every day of 800 years, and both sides of every midnight, against libc. */
static void agrees_with_libc_on_every_day(void **state)
{
    (void)state;
    for (int64_t day = -146097; day < 146097; day++) {
        for (int64_t off = -1; off <= 0; off++) {
            time_t s = (time_t)(day * 86400 + off);
            struct tm tm;
            char want[32], got[28];
            assert_non_null(gmtime_r(&s, &tm));
            assert_int_equal(strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.000000Z", &tm), 27);
            pulih_time_print((int64_t)s * 1000000, got);
            assert_string_equal(got, want);
            int64_t back;
            assert_true(pulih_time_parse(pulih_view_of(got), &back));
            assert_true(back == (int64_t)s * 1000000);
        }
    }
}

static void reads_all_that_rfc_3339_allows(void **state)
{
    static const struct {
        const char *text, *same_as;
    } cases[] = {
        {"2026-11-22T07:00:00+07:00", "2026-11-22T00:00:00.000000Z"},
        {"2026-11-21T18:30:00-05:30", "2026-11-22T00:00:00.000000Z"},
        {"2026-11-22t00:00:00z", "2026-11-22T00:00:00.000000Z"},
        {"2026-11-22 00:00:00Z", "2026-11-22T00:00:00.000000Z"},
        {"2026-11-22T00:00:00-00:00", "2026-11-22T00:00:00.000000Z"},
        {"2026-11-22T00:00:00.5Z", "2026-11-22T00:00:00.500000Z"},
        {"2026-11-22T00:00:00.123456999999999999Z", "2026-11-22T00:00:00.123456Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
        {"2016-12-31T23:59:60.75Z", "2017-01-01T00:00:00.000000Z"},
        {"2017-01-01T06:59:60+07:00", "2017-01-01T00:00:00.000000Z"},
        {"2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000000Z"},
    };
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        char out[28];
        int64_t us;
        assert_true(pulih_time_parse(pulih_view_of(cases[i].text), &us));
        pulih_time_print(us, out);
        assert_string_equal(out, cases[i].same_as);
    }
}

static void refuses_everything_else(void **state)
{
    static const char *const cases[] = {
        "",
        "now",
        "1795305600000000",
        "2026-11-22",
        "2026-11-22T00:00:00",
        "2026-11-22T00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T00:60:00Z",
        "2026-11-22T00:00:61Z",
        "2026-11-22T00:00:00.Z",
        "2026-11-22T00:00:00,5Z",
        "2026-11-22T00:00:00Z ",
        " 2026-11-22T00:00:00Z",
        "2026-11-22T00:00:00+0700",
        "2026-11-22T00:00:00+07",
        "2026-11-22T00:00:00+24:00",
        "2026-11-22T00:00:00+07:60",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "26-11-22T00:00:00Z",
        "-026-11-22T00:00:00Z",
        "+2026-11-22T00:00:00Z",
        "2026-1-22T00:00:00Z",
        "2026-11-22_00:00:00Z",
        "\xd9\xa2\xd9\xa0-11-22T00:00:00Z",
    };
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        int64_t us = 42;
        if (pulih_time_parse(pulih_view_of(cases[i]), &us))
            fail_msg("taken: %s", cases[i]);
        assert_true(us == 42);
    }
}

static void no_prefix_of_a_time_is_a_time(void **state)
{
    struct pulih_view whole = PULIH_VIEW("2026-11-22T00:00:00.123+07:00");
    int64_t us;

    (void)state;
    for (size_t len = 0; len < whole.len; len++)
        assert_false(pulih_time_parse((struct pulih_view){whole.at, len}, &us));
    assert_false(pulih_time_parse((struct pulih_view){NULL, 0}, &us));
    assert_true(pulih_time_parse(whole, &us));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_time_is_that_of_libc_and_monotonic_time_never_falls),
        cmocka_unit_test(prints_and_reads_back),
        cmocka_unit_test(a_time_outside_prints_as_the_nearest_inside),
        cmocka_unit_test(agrees_with_libc_on_every_day),
        cmocka_unit_test(reads_all_that_rfc_3339_allows),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(no_prefix_of_a_time_is_a_time),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
