/* References and shards: fixed vectors, and every kind of misreading that must be noticed or forgiven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/reference.h"

enum { SIGNS = 9 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const int sign_at[SIGNS] = {3, 4, 5, 6, 8, 9, 10, 11, 13};

/* A fixed sequence that visits all of the 40 bits. */
static int64_t sample(int n)
{
    return (int64_t)((uint64_t)n * 0x9e3779b97f4a7c15 >> 24);
}

static const char *parse(const char *text, int64_t *number)
{
    return pulih_reference_parse(pulih_view_of(text), number);
}

static void assert_read(const char *text, int64_t expected)
{
    int64_t number = -1;
    const char *fault = parse(text, &number);

    if (fault || number != expected)
        fail_msg("\"%s\": %s, number %lld, not %lld", text, fault ? fault : "read", (long long)number,
                 (long long)expected);
}

static void prints_the_fixed_vectors(void **state)
{
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = {
        {0, "PL-BFK5-ZACS-M"},
        {1, "PL-EHBX-2HZ0-7"},
        {2, "PL-V98K-95PR-P"},
        {3, "PL-M39C-8V8K-D"},
        {1000, "PL-0HC3-HK0J-G"},
        {123456789, "PL-YF7Y-60XT-Y"},
        {1048576, "PL-HE50-Z8EZ-8"},
        {549755813888, "PL-ZXQD-BK9Z-0"},
        {1099511627775, "PL-AT6C-BX61-C"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[PULIH_REFERENCE_BYTES];
        pulih_reference_print(rows[i].number, text);
        assert_string_equal(text, rows[i].text);
        assert_read(text, rows[i].number);
    }
}

static void reads_back_what_it_prints(void **state)
{
    char text[PULIH_REFERENCE_BYTES];

    (void)state;
    for (int n = 0; n < 200000; n++) {
        int64_t number = n < 100000 ? n : sample(n);
        pulih_reference_print(number, text);
        assert_int_equal(strlen(text), PULIH_REFERENCE_BYTES - 1);
        assert_read(text, number);
    }
}

static void notices_each_wrong_sign(void **state)
{
    char right[PULIH_REFERENCE_BYTES], text[PULIH_REFERENCE_BYTES];
    int64_t number;
    int noticed = 0;

    (void)state;
    for (int n = 0; n < 500; n++) {
        pulih_reference_print(sample(n), right);
        for (int i = 0; i < SIGNS; i++) {
            for (int s = 0; s < 32; s++) {
                memcpy(text, right, sizeof text);
                if (text[sign_at[i]] == alphabet[s])
                    continue;
                text[sign_at[i]] = alphabet[s];
                assert_non_null(parse(text, &number));
                noticed++;
            }
        }
    }
    assert_int_equal(noticed, 500 * SIGNS * 31);
}

/* Makes `text` a right reference by trying all signs at one place; exactly one of them fits. */
static void make_right(char *text, int place)
{
    char right = 0;
    int64_t number;

    for (int s = 0; s < 32; s++) {
        text[sign_at[place]] = alphabet[s];
        if (parse(text, &number) == NULL) {
            assert_int_equal(right, 0);
            right = alphabet[s];
        }
    }
    assert_int_not_equal(right, 0);
    text[sign_at[place]] = right;
}

static void assert_exchange_noticed(int i, int j, char at_i, char at_j)
{
    char text[] = "PL-7K3M-9QF2-0";
    int third = 0;
    int64_t number;

    while (third == i || third == j)
        third++;
    text[sign_at[i]] = at_i;
    text[sign_at[j]] = at_j;
    make_right(text, third);
    text[sign_at[i]] = at_j;
    text[sign_at[j]] = at_i;
    if (parse(text, &number) == NULL)
        fail_msg("exchange of signs %d and %d (%c and %c) not noticed", i, j, at_i, at_j);
}

static void notices_each_exchange_of_two_signs(void **state)
{
    (void)state;
    for (int i = 0; i < SIGNS; i++)
        for (int j = i + 1; j < SIGNS; j++)
            for (int a = 0; a < 32; a++)
                for (int b = 0; b < 32; b++)
                    if (a != b)
                        assert_exchange_noticed(i, j, alphabet[a], alphabet[b]);
}

static void forgives_how_people_write(void **state)
{
    static const char *const rows[] = {
        "PL-11MF-ASZZ-0", "pl-11mf-aszz-0",    "PL11MFASZZ0",      "11MF-ASZZ-0",
        "11MFASZZ0",      "  pl 11mf aszz 0 ", "PL-IIMF-ASZZ-O",   "PL-lLmf-aszz-o",
        "p1-i1mf-aszz-0", "1-1-M-F-A-S-Z-Z-0", "\tPL-11MF-ASZZ-0",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_read(rows[i], 214);
}

static void refuses_what_is_no_reference(void **state)
{
    const struct {
        struct pulih_view text;
        const char *fault;
    } rows[] = {
        {PULIH_VIEW(""), "it must have nine signs after PL"},
        {((struct pulih_view){NULL, 0}), "it must have nine signs after PL"},
        {PULIH_VIEW("PL"), "it must have nine signs after PL"},
        {PULIH_VIEW("PL-11MF-ASZZ"), "it must have nine signs after PL"},
        {PULIH_VIEW("PL-11MF-ASZZ-00"), "it must have nine signs after PL"},
        {PULIH_VIEW("11MF-ASZ-0"), "it must have nine signs after PL"},
        {PULIH_VIEW("PL-PL-11MF-ASZZ-0"), "it must have nine signs after PL"},
        {PULIH_VIEW("PK-11MF-ASZZ-0"), "it does not begin with PL"},
        {PULIH_VIEW("XL-11MF-ASZZ-0"), "it does not begin with PL"},
        {PULIH_VIEW("PL-11MU-ASZZ-0"), "it has a sign that no reference has"},
        {PULIH_VIEW("PL-11MF-ASZZ-*"), "it has a sign that no reference has"},
        {PULIH_VIEW("PL.11MF.ASZZ.0"), "it has a sign that no reference has"},
        {PULIH_VIEW("PL-11MF-ASZZ-0\0"), "it has a sign that no reference has"},
        {PULIH_VIEW("PL-11M\xc3\x89-ASZZ-0"), "it has a sign that no reference has"},
        {PULIH_VIEW("PL-11MF-ASZZ-1"), "its check sign does not fit: a sign is wrong"},
        {PULIH_VIEW("PL-1M1F-ASZZ-0"), "its check sign does not fit: a sign is wrong"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t number = -7;
        const char *fault = pulih_reference_parse(rows[i].text, &number);
        assert_non_null(fault);
        assert_string_equal(fault, rows[i].fault);
        assert_int_equal(number, -7);
    }
}

/* Neighbours share on average 1/32 of their signs; a plain counter would share nearly all of them. */
static void neighbours_look_unrelated(void **state)
{
    char a[PULIH_REFERENCE_BYTES], b[PULIH_REFERENCE_BYTES];
    int shared = 0;

    (void)state;
    for (int64_t n = 0; n < 20000; n++) {
        pulih_reference_print(n, a);
        pulih_reference_print(n + 1, b);
        for (int i = 0; i < SIGNS; i++)
            shared += a[sign_at[i]] == b[sign_at[i]];
    }
    assert_in_range(shared, 20000 * SIGNS / 40, 20000 * SIGNS / 25);
}

static void shards_stay_what_they_are(void **state)
{
    static const struct {
        const char *id;
        int16_t shard;
    } rows[] = {
        {"00000000-0000-0000-0000-000000000000", 0},  {"00000000-0000-0000-0000-000000000001", 5},
        {"ffffffff-ffff-ffff-ffff-ffffffffffff", 34}, {"01934b2f-1107-7000-8000-000000000000", 5},
        {"01934b2f-1107-7a3c-9d5e-6f708192a3b4", 17}, {"6ba7b810-9dad-11d1-80b4-00c04fd430c8", 23},
        {"fedcba98-7654-3210-0123-456789abcdef", 25},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct pulih_id id;
        assert_true(pulih_id_parse(pulih_view_of(rows[i].id), &id));
        assert_int_equal(pulih_shard(&id), rows[i].shard);
    }
}

/* Whatever single byte ids count in, no shard gets less than half or more than twice its part. */
static void shards_are_even(void **state)
{
    (void)state;
    for (int place = 0; place < 15; place++) {
        int count[64] = {0};
        struct pulih_id id = {{0x01, 0x93, 0x4b, 0x2f, 0x11, 0x07, 0x70, 0, 0x80}};
        for (int n = 0; n < 65536; n++) {
            id.b[place] = (uint8_t)(n >> 8);
            id.b[place + 1] = (uint8_t)n;
            int16_t shard = pulih_shard(&id);
            assert_in_range(shard, 0, 63);
            count[shard]++;
        }
        for (int s = 0; s < 64; s++)
            assert_in_range(count[s], 512, 2048);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_the_fixed_vectors),  cmocka_unit_test(reads_back_what_it_prints),
        cmocka_unit_test(notices_each_wrong_sign),   cmocka_unit_test(notices_each_exchange_of_two_signs),
        cmocka_unit_test(forgives_how_people_write), cmocka_unit_test(refuses_what_is_no_reference),
        cmocka_unit_test(neighbours_look_unrelated), cmocka_unit_test(shards_stay_what_they_are),
        cmocka_unit_test(shards_are_even),
    };
    return cmocka_run_group_tests_name("reference", tests, NULL, NULL);
}
