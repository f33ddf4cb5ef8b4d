/* Time zones: every zone of the system against the C library, closing rules against known zones, and files
 * that are no zones. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "services/common/core/calendar_zone.h"

static void load(const char *name, struct pulih_zone *z)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    if (!pulih_zone_load(name, z, &why))
        fail_msg("%s", pulih_buf_text(&why));
}

static void assert_same_time(const char *name, const struct pulih_zone *z, int64_t at_s)
{
    const struct pulih_zone_span *span = pulih_zone_at(z, at_s);
    time_t t = (time_t)at_s;
    struct tm tm;

    localtime_r(&t, &tm);
    if (tm.tm_gmtoff != span->offset_s || strncmp(tm.tm_zone, span->abbreviation, 7) != 0)
        fail_msg("%s at %lld: %d %s, not %ld %s", name, (long long)at_s, (int)span->offset_s,
                 span->abbreviation, tm.tm_gmtoff, tm.tm_zone);
}

/* Each change of clocks, a second before it, and every thirty days in between. */
static void compare_zone(const char *name)
{
    struct pulih_zone z = {0};

    load(name, &z);
    setenv("TZ", name, 1);
    tzset();
    for (int64_t t = PULIH_CALENDAR_FIRST_S; t < PULIH_CALENDAR_END_S; t += 2592000)
        assert_same_time(name, &z, t);
    for (size_t i = 1; i < z.n && z.span[i].from_s < PULIH_CALENDAR_END_S; i++) {
        if (z.span[i].from_s < PULIH_CALENDAR_FIRST_S)
            continue;
        assert_same_time(name, &z, z.span[i].from_s);
        assert_same_time(name, &z, z.span[i].from_s - 1);
    }
    pulih_zone_free(&z);
}

static void agrees_with_the_c_library(void **state)
{
    static const char *const folders[] = {"Africa", "America", "Antarctica", "Asia",    "Atlantic",
                                          "Europe", "Etc",     "Indian",     "Pacific", "Australia"};
    int n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[64], name[300];
        snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", folders[i]);
        DIR *folder = opendir(path);
        assert_non_null(folder);
        for (struct dirent *e; (e = readdir(folder)); n++) {
            snprintf(name, sizeof name, "%s/%s", folders[i], e->d_name);
            if (e->d_name[0] != '.' && (e->d_type == DT_REG || e->d_type == DT_LNK))
                compare_zone(name);
        }
        closedir(folder);
    }
    unsetenv("TZ");
    assert_true(n > 200);
}

/* A zone that has nothing but its rule must be the same as the zone the rule stands for, from 2040 on. */
static void extends_by_rules(void **state)
{
    static const struct {
        const char *rule, *zone;
    } rows[] = {
        {"CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin"},
        {"CET-1CEST-2,M3.5.0/2,M10.5.0/3:00:00", "Europe/Berlin"},
        {"EST5EDT,M3.2.0,M11.1.0", "America/New_York"},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", "Europe/Dublin"},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "America/Nuuk"},
        {"IST-2IDT,M3.4.4/26,M10.5.0", "Asia/Jerusalem"},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "Australia/Lord_Howe"},
        {"NST3:30NDT,M3.2.0,M11.1.0", "America/St_Johns"},
        {"<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", "Pacific/Chatham"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pulih_zone ruled = {0}, zone = {0};
        pulih_zone_add(&ruled, INT64_MIN, 0, PULIH_VIEW("LMT"));
        assert_true(pulih_zone_extend(&ruled, pulih_view_of(rows[i].rule)));
        load(rows[i].zone, &zone);
        for (int64_t t = 2208988800 + 864000; t < PULIH_CALENDAR_END_S; t += 3600) { /* from 2040 */
            const struct pulih_zone_span *a = pulih_zone_at(&ruled, t), *b = pulih_zone_at(&zone, t);
            if (a->offset_s != b->offset_s || strcmp(a->abbreviation, b->abbreviation) != 0)
                fail_msg("%s at %lld: %d %s", rows[i].rule, (long long)t, (int)a->offset_s, a->abbreviation);
        }
        pulih_zone_free(&ruled);
        pulih_zone_free(&zone);
    }
}

/* Days counted without leap days (J60 is always 1 March) and with them (59 is 29 February or 1 March). */
static void reads_days_of_the_year(void **state)
{
    static const struct {
        const char *rule;
        int32_t year;
        int32_t day; /* yyyymmdd of the change to summer time */
    } rows[] = {
        {"AAA0BBB,J60/0,J300/0", 2024, 20240301}, {"AAA0BBB,J60/0,J300/0", 2025, 20250301},
        {"AAA0BBB,J59/0,J300/0", 2024, 20240228}, {"AAA0BBB,J365/0,J1/0", 2024, 20241231},
        {"AAA0BBB,59/0,300/0", 2024, 20240229},   {"AAA0BBB,59/0,300/0", 2025, 20250301},
        {"AAA0BBB,0/0,300/0", 2025, 20250101},    {"AAA0BBB,J80/24,J264/24", 2025, 20250322},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pulih_zone z = {0};
        int64_t day = 0;
        pulih_zone_add(&z, INT64_MIN, 0, PULIH_VIEW("AAA"));
        assert_true(pulih_zone_extend(&z, pulih_view_of(rows[i].rule)));
        assert_true(pulih_days_of(rows[i].day, &day));
        assert_string_equal(pulih_zone_at(&z, day * 86400)->abbreviation, "BBB");
        assert_string_equal(pulih_zone_at(&z, day * 86400 - 1)->abbreviation, "AAA");
        pulih_zone_free(&z);
    }
}

static void refuses_bad_rules(void **state)
{
    static const char *const rows[] = {
        "X",
        "CE-1",
        "CET",
        "CET-",
        "CET-1CEST",
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M0.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5,M10.5.0",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0/,M10.5.0",
        "CET-1CEST,M3.5.0/2:60,M10.5.0",
        "CET-1CEST,J0,J300",
        "CET-1CEST,J366,J300",
        "CET-1CEST,366,300",
        "CET-1CEST,Q,J300",
        "CET-1CEST,M3.5.0,M10.5.0x",
        "<+03-3",
        "<+3>-3",
        "CET-1:x",
        "CET-1CE,M3.5.0,M10.5.0",
        "CET-1CEST-x,J1,J2",
        "CET-99999",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pulih_zone z = {0};
        pulih_zone_add(&z, INT64_MIN, 0, PULIH_VIEW("UTC"));
        if (pulih_zone_extend(&z, pulih_view_of(rows[i])))
            fail_msg("rule \"%s\" read", rows[i]);
        pulih_zone_free(&z);
    }
}

static void finds_the_instant_of_a_local_time(void **state)
{
    static const struct {
        int32_t day;
        int64_t minute, offset_min;
    } rows[] = {
        {20260328, 150, 60},  {20260329, 119, 60},  {20260329, 120, 60}, /* skipped: read as before the gap */
        {20260329, 179, 60},  {20260329, 180, 120}, {20261025, 119, 120},
        {20261025, 120, 120}, /* the first */
        {20261025, 179, 120}, {20261025, 180, 60},
    };
    struct pulih_zone z = {0};

    (void)state;
    load("Europe/Berlin", &z);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t day = 0;
        assert_true(pulih_days_of(rows[i].day, &day));
        int64_t local_s = day * 86400 + rows[i].minute * 60;
        assert_int_equal(pulih_zone_instant(&z, local_s), local_s - rows[i].offset_min * 60);
    }
    pulih_zone_free(&z);
}

static void knows_which_dates_there_are(void **state)
{
    static const struct {
        int32_t date;
        int64_t days; /* -1: none */
    } rows[] = {
        {19700101, 0},  {19700102, 1},   {20000229, 11016}, {20261122, 20779}, {21000228, 47540},
        {21000229, -1}, {20260229, -1},  {20260431, -1},    {20261301, -1},    {20260100, -1},
        {20260001, -1}, {-20260101, -1}, {202601011, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t days = -1;
        assert_int_equal(pulih_days_of(rows[i].date, &days), rows[i].days >= 0);
        assert_int_equal(days, rows[i].days);
    }
}

/* The system's file of one zone. */
static void read_bytes(const char *name, struct pulih_buf *bytes)
{
    char path[80];

    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    void *at = pulih_buf_grow(bytes, 65536);
    bytes->len = fread(at, 1, 65536, f);
    fclose(f);
    assert_true(bytes->len > 100);
}

static void refuses_what_is_no_zone_file(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};

    (void)state;
    read_bytes("Europe/Berlin", &bytes);
    for (size_t len = 0; len < bytes.len; len++) { /* cut anywhere, from memory of just that size */
        struct pulih_zone z = {0};
        char *cut = malloc(len ? len : 1);
        memcpy(cut, bytes.at, len);
        assert_non_null(pulih_zone_read((struct pulih_view){cut, len}, &z));
        pulih_zone_free(&z);
        free(cut);
    }
}

static void survives_broken_zone_files(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
    uint64_t random = 7;
    int refused = 0;

    (void)state;
    read_bytes("America/New_York", &bytes);
    for (int n = 0; n < 20000; n++) {
        struct pulih_zone z = {0};
        char *broken = malloc(bytes.len);
        memcpy(broken, bytes.at, bytes.len);
        for (int i = 0; i < 3; i++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            size_t at = (random >> 40) % (i == 0 ? 100 : bytes.len);
            broken[at] = (char)(random >> 33);
        }
        refused += pulih_zone_read((struct pulih_view){broken, bytes.len}, &z) != NULL;
        if (z.n > 0)
            (void)pulih_zone_instant(&z, 1795348800);
        pulih_zone_free(&z);
        free(broken);
    }
    assert_true(refused > 1000 && refused < 20000);
}

/* A file of version 2 with an empty old block, `type` rows and a rule. */
static void put_zone(struct pulih_buf *out, uint32_t leaps, uint32_t types, const char *rule)
{
    for (int block = 0; block < 2; block++) {
        uint32_t n_types = block ? types : 0, n_leaps = block ? leaps : 0;
        pulih_buf_add(out, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
        pulih_buf_add_be32(out, 0);
        pulih_buf_add_be32(out, 0);
        pulih_buf_add_be32(out, n_leaps);
        pulih_buf_add_be32(out, 0);
        pulih_buf_add_be32(out, n_types);
        pulih_buf_add_be32(out, n_types * 4);
        for (uint32_t i = 0; i < n_types; i++)
            pulih_buf_add(out, "\0\0\x0e\x10\0\0", 6);
        for (uint32_t i = 0; i < n_types; i++)
            pulih_buf_add(out, "CET", 4);
        for (uint32_t i = 0; i < n_leaps * 3; i++)
            pulih_buf_add_be32(out, 0);
    }
    pulih_buf_addf(out, "\n%s\n", rule);
}

static void reads_files_that_are_mostly_rule(void **state)
{
    static const struct {
        uint32_t leaps, types;
        const char *rule, *fault;
    } rows[] = {
        {0, 1, "CET-1CEST,M3.5.0,M10.5.0/3", NULL},
        {0, 1, "", NULL},
        {0, 1, "nonsense", "zone file with a rule that cannot be read"},
        {0, 0, "CET-1", "zone file with a time of no type"},
        {1, 1, "CET-1", "zone that counts leap seconds"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
        struct pulih_zone z = {0};
        put_zone(&bytes, rows[i].leaps, rows[i].types, rows[i].rule);
        const char *fault = pulih_zone_read(pulih_view_of_buf(&bytes), &z);
        if (rows[i].fault) {
            assert_non_null(fault);
            assert_string_equal(fault, rows[i].fault);
        } else {
            assert_null(fault);
            assert_int_equal(pulih_zone_at(&z, 1768435200)->offset_s, 3600); /* January 2026 */
            assert_int_equal(pulih_zone_at(&z, 1784073600)->offset_s, rows[i].rule[0] ? 7200 : 3600);
        }
        pulih_zone_free(&z);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(extends_by_rules),
        cmocka_unit_test(reads_days_of_the_year),
        cmocka_unit_test(refuses_bad_rules),
        cmocka_unit_test(finds_the_instant_of_a_local_time),
        cmocka_unit_test(knows_which_dates_there_are),
        cmocka_unit_test(refuses_what_is_no_zone_file),
        cmocka_unit_test(survives_broken_zone_files),
        cmocka_unit_test(reads_files_that_are_mostly_rule),
    };
    return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
