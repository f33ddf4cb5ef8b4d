/* Hostile bytes: bombs, false claims, deep nests, bad text. All are refused, and at the price of reading
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/shape.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (literal), sizeof(literal) - 1                                                                       \
    }

static const char cut_short[] = "must hold all the bytes it announces";
static const char left_over[] = "must end where its value ends";
static const char too_deep[] = "must not nest deeper than 8";
static const char not_utf8[] = "text must be UTF-8";
static const char no_ext[] = "must not hold extension types";
static const char no_c1[] = "must not hold the byte 0xc1";

struct shape_case {
    struct pulih_view bytes;
    const char *broken; /* NULL: well-shaped */
};

/* Checked in memory of the exact size, so that the address sanitizer sees a read beyond it. */
static void check_cases(const struct shape_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = cases[i].bytes.len;
        char *copy = malloc(len ? len : 1);
        const char *broken;

        assert_non_null(copy);
        memcpy(copy, cases[i].bytes.at, len);
        broken = pulih_shape_check((struct pulih_view){copy, len});
        if (!broken && cases[i].broken == NULL)
            assert_int_equal(pulih_shape_skip((struct pulih_view){copy, len}), len);
        free(copy);
        if ((broken == NULL) != (cases[i].broken == NULL) || (broken && strcmp(broken, cases[i].broken) != 0))
            fail_msg("case %zu: %s", i, broken ? broken : "taken");
    }
}

static void every_kind_of_head(void **state)
{
    static const struct shape_case cases[] = {
        {BYTES("\x00"), NULL},
        {BYTES("\x7f"), NULL},
        {BYTES("\xff"), NULL},
        {BYTES("\xe0"), NULL},
        {BYTES("\xc0"), NULL},
        {BYTES("\xc2"), NULL},
        {BYTES("\xc3"), NULL},
        {BYTES("\x80"), NULL},
        {BYTES("\x90"), NULL},
        {BYTES("\xa0"), NULL},
        {BYTES("\x82\x01\x02\x03\x04"), NULL},
        {BYTES("\x92\x01\x02"), NULL},
        {BYTES("\xa2hi"), NULL},
        {BYTES("\xc4\x02\xff\xfe"), NULL},
        {BYTES("\xc5\x00\x02\xff\xfe"), NULL},
        {BYTES("\xc6\x00\x00\x00\x02\xff\xfe"), NULL},
        {BYTES("\xca\x00\x00\x00\x00"), NULL},
        {BYTES("\xcb\x00\x00\x00\x00\x00\x00\x00\x00"), NULL},
        {BYTES("\xcc\x00"), NULL},
        {BYTES("\xcd\x00\x00"), NULL},
        {BYTES("\xce\x00\x00\x00\x00"), NULL},
        {BYTES("\xcf\x00\x00\x00\x00\x00\x00\x00\x00"), NULL},
        {BYTES("\xd0\x00"), NULL},
        {BYTES("\xd1\x00\x00"), NULL},
        {BYTES("\xd2\x00\x00\x00\x00"), NULL},
        {BYTES("\xd3\x00\x00\x00\x00\x00\x00\x00\x00"), NULL},
        {BYTES("\xd9\x02hi"), NULL},
        {BYTES("\xda\x00\x02hi"), NULL},
        {BYTES("\xdb\x00\x00\x00\x02hi"), NULL},
        {BYTES("\xdc\x00\x01\x01"), NULL},
        {BYTES("\xdd\x00\x00\x00\x01\x01"), NULL},
        {BYTES("\xde\x00\x01\x01\x02"), NULL},
        {BYTES("\xdf\x00\x00\x00\x01\x01\x02"), NULL},
        {BYTES("\xc1"), no_c1},
        {BYTES("\xc7\x01\x05\x00"), no_ext},
        {BYTES("\xc8\x00\x01\x05\x00"), no_ext},
        {BYTES("\xc9\x00\x00\x00\x01\x05\x00"), no_ext},
        {BYTES("\xd4\x05\x00"), no_ext},
        {BYTES("\xd5\x05\x00\x00"), no_ext},
        {BYTES("\xd6\xff\x00\x00\x00\x00"), no_ext},
        {BYTES("\xd7\xff\x00\x00\x00\x00\x00\x00\x00\x00"), no_ext},
        {BYTES("\xd8\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), no_ext},
        {BYTES("\x91\xc7"), no_ext},
        {BYTES("\x81\xa1x\xc1"), no_c1},
    };

    (void)state;
    check_cases(cases, PULIH_COUNT(cases));
}

static void false_claims(void **state)
{
    static const struct shape_case cases[] = {
        {BYTES(""), cut_short},
        /* Five bytes that make a decoder ask for 274 GB. */
        {BYTES("\xdf\xdf\xdf\xdf\x0a"), cut_short},
        {BYTES("\xdf\xff\xff\xff\xff"), cut_short},
        {BYTES("\xdd\xff\xff\xff\xff\x00"), cut_short},
        {BYTES("\xdd\x40\x00\x00\x00\xc0\xc0\xc0"), cut_short},
        /* Text and binary of 1 GiB. */
        {BYTES("\xdb\x40\x00\x00\x00hi"), cut_short},
        {BYTES("\xc6\x40\x00\x00\x00hi"), cut_short},
        {BYTES("\x93\x01\x07\xc6\x40\x00\x00\x00"), cut_short},
        /* Each count alone is smaller than what is left, all together are not. */
        {BYTES("\x94\x93\x92\x01\x01\x01\x01"), cut_short},
        {BYTES("\x82\x01\x82\x01\x02\x03\x04\x05"), cut_short},
        {BYTES("\xdc\x00\x04\xdc\x00\x03\xdc\x00\x02\x01\x01\x01\x01"), cut_short},
        /* A count as great as the bytes left, but for pairs. */
        {BYTES("\x84\x01\x02\x03\x04"), cut_short},
        /* Heads cut in the middle. */
        {BYTES("\xcc"), cut_short},
        {BYTES("\xcf\x00\x00\x00\x00\x00\x00\x00"), cut_short},
        {BYTES("\xca\x00\x00\x00"), cut_short},
        {BYTES("\xd9"), cut_short},
        {BYTES("\xda\x00"), cut_short},
        {BYTES("\xdb\x00\x00\x00"), cut_short},
        {BYTES("\xc4"), cut_short},
        {BYTES("\xdc\x00"), cut_short},
        {BYTES("\xde"), cut_short},
        {BYTES("\xa3hi"), cut_short},
        {BYTES("\x91"), cut_short},
        {BYTES("\x81\x01"), cut_short},
        /* More than one value. */
        {BYTES("\x00\x00"), left_over},
        {BYTES("\x80\xc0"), left_over},
        {BYTES("\xa2hix"), left_over},
        {BYTES("\x92\x01\x02\x03"), left_over},
    };

    (void)state;
    check_cases(cases, PULIH_COUNT(cases));
}

static void nests(void **state)
{
    static const struct shape_case cases[] = {
        {BYTES("\x91\x91\x91\x91\x91\x91\x91\x91\x01"), NULL},
        {BYTES("\x91\x91\x91\x91\x91\x91\x91\x90"), NULL},
        {BYTES("\x81\x01\x81\x01\x81\x01\x81\x01\x81\x01\x81\x01\x81\x01\x81\x01\x01"), NULL},
        {BYTES("\x91\x91\x91\x91\x91\x91\x91\x91\x90"), too_deep},
        {BYTES("\x91\x91\x91\x91\x91\x91\x91\x91\x80"), too_deep},
        {BYTES("\x81\x81\x81\x81\x81\x81\x81\x81\x81\x01"), too_deep},
        /* A container that has ended does not count. */
        {BYTES("\x9a\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90"), NULL},
        {BYTES("\x92\x91\x91\x91\x91\x91\x91\x90\x91\x91\x91\x91\x91\x91\x90"), NULL},
    };
    enum { DEEP = 1000000 };
    char *deep = malloc(DEEP);

    (void)state;
    check_cases(cases, PULIH_COUNT(cases));
    assert_non_null(deep);
    memset(deep, 0x91, DEEP);
    assert_string_equal(pulih_shape_check((struct pulih_view){deep, DEEP}), too_deep);
    free(deep);
}

static void text_is_utf8(void **state)
{
    static const struct shape_case cases[] = {
        {BYTES("\xa1\x00"), NULL}, /* a shape, though no message's text may hold it */
        {BYTES("\xa2\xc2\x80"), NULL},
        {BYTES("\xa2\xdf\xbf"), NULL},
        {BYTES("\xa3\xe0\xa0\x80"), NULL},
        {BYTES("\xa3\xed\x9f\xbf"), NULL},
        {BYTES("\xa3\xee\x80\x80"), NULL},
        {BYTES("\xa3\xef\xbf\xbf"), NULL},
        {BYTES("\xa4\xf0\x90\x80\x80"), NULL},
        {BYTES("\xa4\xf4\x8f\xbf\xbf"), NULL},
        {BYTES("\xae"
               "selamat \xe2\x82\xacpagi"),
         left_over},
        {BYTES("\xaf"
               "selamat \xe2\x82\xacpagi"),
         NULL},
        {BYTES("\xa1\x80"), not_utf8},
        {BYTES("\xa1\xc3"), not_utf8},
        {BYTES("\xa1\xff"), not_utf8},
        {BYTES("\xa1\xfe"), not_utf8},
        {BYTES("\xa2\xc0\x80"), not_utf8},         /* overlong */
        {BYTES("\xa2\xc1\xbf"), not_utf8},         /* overlong */
        {BYTES("\xa3\xe0\x9f\xbf"), not_utf8},     /* overlong */
        {BYTES("\xa4\xf0\x8f\xbf\xbf"), not_utf8}, /* overlong */
        {BYTES("\xa3\xed\xa0\x80"), not_utf8},     /* surrogate */
        {BYTES("\xa3\xed\xbf\xbf"), not_utf8},     /* surrogate */
        {BYTES("\xa4\xf4\x90\x80\x80"), not_utf8}, /* beyond U+10FFFF */
        {BYTES("\xa4\xf5\x80\x80\x80"), not_utf8},
        {BYTES("\xa2\xe2\x82"), not_utf8}, /* cut character */
        {BYTES("\xa3\xf0\x9f\x98"), not_utf8},
        {BYTES("\xa3\xe2\x82\x41"), not_utf8},
        {BYTES("\xa4\xf0\x9f\x41\x80"), not_utf8},
        {BYTES("\xa2\xc3\x28"), not_utf8},
        /* The text ends, but the character goes on in the next value. */
        {BYTES("\x92\xa1\xe2\xa2\x82\xac"), not_utf8},
        {BYTES("\x81\xa1\xff\x01"), not_utf8},
    };

    (void)state;
    check_cases(cases, PULIH_COUNT(cases));
}

/* One bad byte at any place of a text, before and after the part that is read eight bytes at a time. */
static void a_bad_byte_anywhere(void **state)
{
    (void)state;
    for (size_t len = 1; len < 32; len++)
        for (size_t at = 0; at < len; at++) {
            char bytes[33] = {(char)(0xa0 + len)};

            memset(bytes + 1, 'a', len);
            assert_null(pulih_shape_check((struct pulih_view){bytes, len + 1}));
            bytes[1 + at] = (char)0x80;
            assert_string_equal(pulih_shape_check((struct pulih_view){bytes, len + 1}), not_utf8);
        }
}

static void heads_are_told(void **state)
{
    static const struct {
        struct pulih_view bytes;
        struct pulih_head head;
    } cases[] = {
        {BYTES("\x05"), {PULIH_SHAPE_SCALAR, 0, 1}},
        {BYTES("\xcd\x01\x02"), {PULIH_SHAPE_SCALAR, 2, 1}},
        {BYTES("\xa2hi"), {PULIH_SHAPE_STR, 2, 1}},
        {BYTES("\xd9\x02hi"), {PULIH_SHAPE_STR, 2, 2}},
        {BYTES("\xc5\x00\x01x"), {PULIH_SHAPE_BIN, 1, 3}},
        {BYTES("\xdd\x00\x00\x00\x00"), {PULIH_SHAPE_ARRAY, 0, 5}},
        {BYTES("\x81\x01\x02"), {PULIH_SHAPE_MAP, 1, 1}},
        {BYTES("\xde\x00\x00"), {PULIH_SHAPE_MAP, 0, 3}},
        {BYTES(""), {PULIH_SHAPE_SCALAR, 0, 0}},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        struct pulih_head head = pulih_shape_head(cases[i].bytes);

        assert_int_equal(head.shape, cases[i].head.shape);
        assert_int_equal(head.n, cases[i].head.n);
        assert_int_equal(head.len, cases[i].head.len);
    }
}

static void skip_takes_the_first_value(void **state)
{
    static const struct pulih_view bytes = BYTES("\x92\x81\xa1k\x91\xc3\xcd\x01\x02\xa2hi\x05");

    (void)state;
    assert_int_equal(pulih_shape_skip(bytes), 9);
    assert_int_equal(pulih_shape_skip((struct pulih_view){bytes.at + 9, bytes.len - 9}), 3);
    assert_int_equal(pulih_shape_skip((struct pulih_view){bytes.at + 12, 1}), 1);
    assert_int_equal(pulih_shape_skip((struct pulih_view){bytes.at, 0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_head),
        cmocka_unit_test(false_claims),
        cmocka_unit_test(nests),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(a_bad_byte_anywhere),
        cmocka_unit_test(heads_are_told),
        cmocka_unit_test(skip_takes_the_first_value),
    };
    return cmocka_run_group_tests_name("shape", tests, NULL, NULL);
}
