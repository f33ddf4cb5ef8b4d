#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/base/bytes.h"

static void views_compare_by_bytes(void **state)
{
    static const struct {
        struct pulih_view a, b;
        bool same;
    } cases[] = {
        {{"abc", 3}, {"abc", 3}, true},   {{"abc", 3}, {"abd", 3}, false},  {{"abc", 3}, {"ab", 2}, false},
        {{"abc", 2}, {"abd", 2}, true},   {{NULL, 0}, {NULL, 0}, true},     {{NULL, 0}, {"", 0}, true},
        {{NULL, 0}, {"a", 1}, false},     {{"a\0b", 3}, {"a\0b", 3}, true}, {{"a\0b", 3}, {"a\0c", 3}, false},
        {{"\xff", 1}, {"\xff", 1}, true}, {{"", 0}, {"x", 1}, false},
    };
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        assert_int_equal(pulih_view_same(cases[i].a, cases[i].b), cases[i].same);
        assert_int_equal(pulih_view_same(cases[i].b, cases[i].a), cases[i].same);
    }
    assert_true(pulih_view_is(PULIH_VIEW("abc"), "abc"));
    assert_false(pulih_view_is(PULIH_VIEW("abc"), "abcd"));
    assert_false(pulih_view_is(PULIH_VIEW("abcd"), "abc"));
    assert_false(pulih_view_is(PULIH_VIEW("abc\0"), "abc"));
}

static void views_of_texts(void **state)
{
    struct pulih_view v = pulih_view_of("four");

    (void)state;
    assert_int_equal(v.len, 4);
    v = pulih_view_of(NULL);
    assert_null(v.at);
    assert_int_equal(v.len, 0);
    assert_int_equal(PULIH_VIEW("a\0b").len, 3);
    char out[8];
    snprintf(out, sizeof out, "%.*s", PULIH_VIEW_ARG(((struct pulih_view){"abcdef", 3})));
    assert_string_equal(out, "abc");
}

static void ids_print_and_parse(void **state)
{
    static const struct {
        const char *text, *printed;
    } cases[] = {
        {"00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-000000000000"},
        {"0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506", "0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506"},
        {"0192F3A4-B5C6-7D8E-9FA0-B1C2D3E4F506", "0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506"},
        {"0192f3a4b5c67d8e9fa0b1c2d3e4f506", "0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506"},
        {"ffffffff-ffff-ffff-ffff-ffffffffffff", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
    };
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        struct pulih_id id;
        char out[37];
        assert_true(pulih_id_parse(pulih_view_of(cases[i].text), &id));
        pulih_id_print(&id, out);
        assert_string_equal(out, cases[i].printed);
    }
}

static void what_is_no_id_is_refused_and_writes_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "-",
        "0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f50",
        "0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f5066",
        "0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f50g",
        "0192f3a4 b5c6 7d8e 9fa0 b1c2d3e4f506",
        "{0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506}",
        " 0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506",
        "-0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506",
        "0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506 ",
        "019-2f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506",
        "0192f3a4-b5c6-7d8e-9fa0-b1c2d3e4f506-",
        "0192f3a4--b5c6-7d8e-9fa0b1c2d3e4f506",
        "0192-f3a4-b5c6-7d8e-9fa0-b1c2-d3e4-f506",
        "0192f3a4-b5c67d8e9fa0b1c2d3e4f506",
        "----------------------------------------",
    };
    struct pulih_id id, before;

    (void)state;
    memset(&id, 0x5a, sizeof id);
    before = id;
    for (size_t i = 0; i < PULIH_COUNT(bad); i++) {
        if (pulih_id_parse(pulih_view_of(bad[i]), &id))
            fail_msg("taken: %s", bad[i]);
        assert_memory_equal(&id, &before, sizeof id);
    }
    assert_false(pulih_id_parse((struct pulih_view){NULL, 0}, &id));
}

static void ids_compare_as_bytes(void **state)
{
    struct pulih_id a = {{0}}, b = {{0}};

    (void)state;
    assert_true(pulih_id_is_zero(&a));
    assert_int_equal(pulih_id_compare(&a, &b), 0);
    b.b[15] = 1;
    assert_false(pulih_id_is_zero(&b));
    assert_true(pulih_id_compare(&a, &b) < 0);
    a.b[0] = 0x80; /* not a sign */
    assert_true(pulih_id_compare(&a, &b) > 0);
}

static void new_ids_are_uuid_7_in_the_order_of_time(void **state)
{
    int64_t now_us = INT64_C(1795305600123999);
    struct pulih_id last = {{0}}, a, b;
    char out[37];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct pulih_id id = pulih_id_new(now_us + i * INT64_C(1000));
        assert_true(pulih_id_compare(&last, &id) < 0);
        assert_int_equal(id.b[6] >> 4, 7);
        assert_int_equal(id.b[8] >> 6, 2);
        last = id;
    }
    a = pulih_id_new(now_us);
    b = pulih_id_new(now_us);
    assert_true(pulih_id_compare(&a, &b) != 0);
    assert_memory_equal(&a, &b, 6);
    pulih_id_print(&a, out);
    assert_memory_equal(out, "01a2008d-747b-7", 15); /* 1795305600123 ms */
}

static void big_endian_numbers_come_back(void **state)
{
    static const uint8_t bytes[] = {0xfe, 0xdc, 0xfe, 0xdc, 0xba, 0x98, 0xfe,
                                    0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
    struct pulih_buf b = {0};

    (void)state;
    pulih_buf_add_be16(&b, 0xfedc);
    pulih_buf_add_be32(&b, 0xfedcba98);
    pulih_buf_add_be64(&b, 0xfedcba9876543210);
    assert_int_equal(b.len, sizeof bytes);
    assert_memory_equal(b.at, bytes, sizeof bytes);
    assert_int_equal(pulih_be16(b.at), 0xfedc);
    assert_int_equal(pulih_be32(b.at + 2), 0xfedcba98);
    assert_true(pulih_be64(b.at + 6) == 0xfedcba9876543210);
    pulih_buf_free(&b);
}

/* Against a plain array, with pieces of all sizes. */
static void a_buffer_holds_what_was_added(void **state)
{
    static char want[300000];
    struct pulih_buf b = {0};
    size_t len = 0;

    (void)state;
    for (size_t i = 0; len + 1500 < sizeof want; i++) {
        char piece[1500];
        size_t n = i * i % 1500;
        for (size_t j = 0; j < n; j++)
            piece[j] = (char)(i * 31 + j);
        pulih_buf_add(&b, piece, n);
        memcpy(want + len, piece, n);
        len += n;
        assert_true(b.len == len && b.cap_bytes >= b.len);
    }
    assert_memory_equal(b.at, want, len);
    struct pulih_view v = pulih_view_of_buf(&b);
    assert_true(v.at == b.at && v.len == len);
    pulih_buf_free(&b);
    assert_null(b.at);
    assert_true(b.len == 0 && b.cap_bytes == 0);
    pulih_buf_free(&b);
}

static void an_emptied_buffer_keeps_its_memory(void **state)
{
    struct pulih_buf b = {0};

    (void)state;
    for (int i = 0; i < 1000; i++)
        pulih_buf_add_byte(&b, (uint8_t)i);
    const char *at = b.at;
    size_t cap = b.cap_bytes;
    pulih_buf_empty(&b);
    assert_int_equal(b.len, 0);
    for (int i = 0; i < 1000; i++)
        pulih_buf_add_byte(&b, (uint8_t)(i + 1));
    assert_true(b.at == at && b.cap_bytes == cap);
    assert_int_equal((uint8_t)b.at[999], 1000 & 0xff);
    pulih_buf_free(&b);
}

static void nothing_added_is_nothing(void **state)
{
    struct pulih_buf b = {0};

    (void)state;
    pulih_buf_add(&b, NULL, 0);
    pulih_buf_add_view(&b, (struct pulih_view){NULL, 0});
    assert_int_equal(b.len, 0);
    assert_string_equal(pulih_buf_text(&b), "");
    assert_int_equal(b.len, 0);
    pulih_buf_free(&b);
}

static void text_ends_with_a_zero_that_does_not_count(void **state)
{
    struct pulih_buf b = {0};

    (void)state;
    for (size_t n = 0; n < 1030; n++) { /* over the ends of the memory, too */
        assert_int_equal(strlen(pulih_buf_text(&b)), n);
        assert_int_equal(b.len, n);
        pulih_buf_add_byte(&b, 'x');
    }
    pulih_buf_free(&b);
}

static void formats_of_all_lengths(void **state)
{
    struct pulih_buf b = {0};
    char *want = malloc(600 * 600);
    size_t len = 0;

    (void)state;
    for (int n = 0; n < 600; n++) {
        pulih_buf_addf(&b, "%0*d|", n, n);
        len += (size_t)snprintf(want + len, 602, "%0*d|", n, n);
        assert_int_equal(b.len, len);
    }
    assert_memory_equal(b.at, want, len);
    pulih_buf_addf(&b, "%s", "");
    assert_int_equal(b.len, len);
    free(want);
    pulih_buf_free(&b);
}

static void grown_room_is_the_callers(void **state)
{
    struct pulih_buf b = {0};

    (void)state;
    pulih_buf_add(&b, "head", 4);
    char *at = pulih_buf_grow(&b, 5000);
    memset(at, 'x', 5000);
    assert_int_equal(b.len, 5004);
    assert_memory_equal(b.at, "headxx", 6);
    assert_ptr_equal(at, b.at + 4);
    pulih_buf_free(&b);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_by_bytes),
        cmocka_unit_test(views_of_texts),
        cmocka_unit_test(ids_print_and_parse),
        cmocka_unit_test(what_is_no_id_is_refused_and_writes_nothing),
        cmocka_unit_test(ids_compare_as_bytes),
        cmocka_unit_test(new_ids_are_uuid_7_in_the_order_of_time),
        cmocka_unit_test(big_endian_numbers_come_back),
        cmocka_unit_test(a_buffer_holds_what_was_added),
        cmocka_unit_test(an_emptied_buffer_keeps_its_memory),
        cmocka_unit_test(nothing_added_is_nothing),
        cmocka_unit_test(text_ends_with_a_zero_that_does_not_count),
        cmocka_unit_test(formats_of_all_lengths),
        cmocka_unit_test(grown_room_is_the_callers),
    };
    return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
