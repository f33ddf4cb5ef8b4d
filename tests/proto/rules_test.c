/* Each rule of each field broken in turn: the fault names the field, the rule and, where it may, the value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/msg.h"
#include "proto/shape.h"
#include "tests/lib/random_message.h"

/* --- every field of every message ----------------------------------------------------------------- */

/* A good value for a field, as msgpack. */
static void add_good_value(struct random_source *r, enum pulih_m m, size_t i, struct pulih_buf *out)
{
    const struct pulih_message *message = pulih_message(m);
    struct pulih_buf one = {0};
    union pulih_any msg;
    struct pulih_view at;

    do
        random_message(r, m, &msg);
    while (!(msg.has >> i & 1));
    msg.has = UINT64_C(1) << i;
    pulih_msg_encode(m, &msg, (int)message->fields[i].class, &one);
    at = pulih_view_of_buf(&one);
    at.len = pulih_shape_skip((struct pulih_view){at.at + 1, at.len - 1}) + 1;
    pulih_buf_add(out, one.at + at.len, one.len - at.len);
    pulih_buf_free(&one);
}

/* How a body is broken, in one field of it. */
enum breakage { AS_IT_IS, MISSING, TWICE, NIL, MAP_OF_ONE, TOO_MUCH, WITH_ZERO };

/* Text or binary of `len` bytes. */
static void add_bytes(struct pulih_buf *out, uint8_t head, uint64_t len, char filler)
{
    pulih_buf_add_byte(out, head);
    pulih_buf_add_be32(out, (uint32_t)len);
    memset(pulih_buf_grow(out, len), filler, len);
}

static void add_too_much(const struct pulih_field *f, struct pulih_buf *out)
{
    if (f->kind == PULIH_KIND_str || f->kind == PULIH_KIND_bin) {
        add_bytes(out, f->kind == PULIH_KIND_str ? 0xdb : 0xc6, f->max + 1, 'x');
    } else if (f->kind == PULIH_KIND_raw) {
        pulih_buf_add(out, "\x81\xa1x", 3);
        add_bytes(out, 0xc6, f->max - 7, 0);
    } else if (f->kind == PULIH_KIND_list) {
        pulih_buf_add_byte(out, 0xdd);
        pulih_buf_add_be32(out, (uint32_t)f->max + 1);
        memset(pulih_buf_grow(out, f->max + 1), 0xc0, f->max + 1);
    } else if (f->kind == PULIH_KIND_id) {
        pulih_buf_add(out, "\xc4\x11 0123456789abcdef", 19);
    } else if (f->kind == PULIH_KIND_word) {
        pulih_buf_add(out, "\xa7nothing", 8);
    } else {
        pulih_buf_add_byte(out, 0xcf);
        pulih_buf_add_be64(out, f->kind == PULIH_KIND_time ? PULIH_TIME_MAX_US + 1 : f->max + 1);
    }
}

static void add_pair(struct random_source *r, enum pulih_m m, size_t i, enum breakage how,
                     struct pulih_buf *out)
{
    const struct pulih_field *f = &pulih_message(m)->fields[i];

    pulih_buf_add_byte(out, (uint8_t)(0xa0 + f->name_len));
    pulih_buf_add(out, f->name, f->name_len);
    switch (how) {
    case NIL:
        pulih_buf_add_byte(out, 0xc0);
        break;
    case MAP_OF_ONE:
        pulih_buf_add(out, "\x81\xa1x\x01", 4);
        break;
    case TOO_MUCH:
        add_too_much(f, out);
        break;
    case WITH_ZERO:
        pulih_buf_add(out,
                      "\xa3"
                      "a\0b",
                      4);
        break;
    case AS_IT_IS:
    case MISSING:
    case TWICE:
        add_good_value(r, m, i, out);
        break;
    }
}

/* A body of message m with all its fields, broken at field `at`. */
static void add_body(struct random_source *r, enum pulih_m m, size_t at, enum breakage how,
                     struct pulih_buf *out)
{
    size_t n = pulih_message(m)->n_fields;

    pulih_buf_add_byte(out, 0xde);
    pulih_buf_add_be16(out, (uint16_t)(n - (how == MISSING) + (how == TWICE)));
    for (size_t i = 0; i < n; i++)
        if (i != at || how != MISSING)
            add_pair(r, m, i, i == at ? how : AS_IT_IS, out);
    if (how == TWICE)
        add_pair(r, m, at, how, out);
}

/* 1: this breakage breaks a rule of this field; 0: it must pass; -1: it means nothing here. */
static int breaks(const struct pulih_field *f, enum breakage how)
{
    switch (how) {
    case AS_IT_IS:
        return 0;
    case MISSING:
        return f->need;
    case MAP_OF_ONE:
        return f->kind != PULIH_KIND_raw;
    case TOO_MUCH:
        return f->kind == PULIH_KIND_boolean || (f->kind == PULIH_KIND_u64 && f->max == UINT64_MAX) ? -1 : 1;
    case WITH_ZERO:
        return f->kind == PULIH_KIND_str ? 1 : -1;
    case TWICE:
    case NIL:
        break;
    }
    return 1;
}

static const char *const rule_of[] = {
    [MISSING] = "is needed", [TWICE] = "may come only once",
    [NIL] = ", got nil",     [MAP_OF_ONE] = ", got a map",
    [TOO_MUCH] = "must be ", [WITH_ZERO] = "must not hold the character U+0000",
};

static void break_field(struct random_source *r, enum pulih_m m, size_t i, enum breakage how)
{
    const struct pulih_field *f = &pulih_message(m)->fields[i];
    struct pulih_fault fault;
    struct pulih_buf body = {0};
    union pulih_any got;

    memset(&fault, 'x', sizeof fault);
    pulih_arena_reset(&r->arena);
    add_body(r, m, i, how, &body);
    if (pulih_msg_decode(m, pulih_view_of_buf(&body), &got, &fault) == (breaks(f, how) == 1))
        fail_msg("%s.%s: breakage %d", pulih_message(m)->name, f->name, how);
    pulih_buf_free(&body);
    if (breaks(f, how) == 0)
        return;
    assert_int_equal(fault.refusal, PULIH_refusal_bad_field);
    assert_string_equal(fault.field, f->name);
    if (!strstr(fault.rule, rule_of[how]))
        fail_msg("%s.%s, breakage %d: %s", pulih_message(m)->name, f->name, how, fault.rule);
    if (f->class != PULIH_CLASS_OPEN || how == MISSING)
        assert_string_equal(fault.value, "");
    else if (how == NIL && f->kind != PULIH_KIND_raw)
        assert_string_equal(fault.value, "null");
    else if (how == TOO_MUCH && f->kind == PULIH_KIND_word)
        assert_string_equal(fault.value, "nothing");
}

static void every_rule_of_every_field(void **state)
{
    struct random_source r = {.state = 7, .text_max = 20};

    (void)state;
    for (size_t m = 0; m < PULIH_M_N; m++)
        for (size_t i = 0; i < pulih_message((enum pulih_m)m)->n_fields; i++)
            for (int how = AS_IT_IS; how <= WITH_ZERO; how++)
                if (breaks(&pulih_message((enum pulih_m)m)->fields[i], (enum breakage)how) >= 0)
                    break_field(&r, (enum pulih_m)m, i, (enum breakage)how);
    pulih_arena_free(&r.arena);
}

/* --- the exact words ------------------------------------------------------------------------------ */

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (literal), sizeof(literal) - 1                                                                       \
    }

static const struct {
    enum pulih_m m;
    struct pulih_view body;
    const char *field, *rule, *value;
} cases[] = {
    {PULIH_M_ping, BYTES("\x90"), "", "must be a map, got an array", ""},
    {PULIH_M_ping, BYTES("\xc0"), "", "must be a map, got nil", ""},
    {PULIH_M_ping, BYTES("\x81\x01\x02"), "", "a field's name must be text, got a number", ""},
    {PULIH_M_verified, BYTES("\x81\xa5score\x0b"), "score",
     "must be a whole number from 0 to 10, got a greater one", "11"},
    {PULIH_M_verified, BYTES("\x81\xa5score\xff"), "score",
     "must be a whole number from 0 to 10, got a negative number", "-1"},
    {PULIH_M_verified, BYTES("\x81\xa5score\xcb\x40\x14\0\0\0\0\0\0"), "score",
     "must be a whole number from 0 to 10, got a fraction", "5"},
    {PULIH_M_verified, BYTES("\x81\xa5score\xc3"), "score",
     "must be a whole number from 0 to 10, got true or false", "true"},
    {PULIH_M_verified, BYTES("\x81\xa5score\x01\xc0"), "", "must end where its value ends", ""},
    {PULIH_M_verified, BYTES("\x81\xa5score\xa3ten"), "score",
     "must be a whole number from 0 to 10, got text", "ten"},
    {PULIH_M_verified, BYTES("\x81\xa5score\xc4\x02\x01\xff"), "score",
     "must be a whole number from 0 to 10, got binary", "\"01ff\""},
    {PULIH_M_credit, BYTES("\x80"), "limit", "is needed", ""},
    {PULIH_M_resumed,
     BYTES("\x82\xa5"
           "actor\xa1"
           "a\xa5"
           "actor\xa1"
           "b"),
     "actor", "may come only once", "b"},
    {PULIH_M_planned,
     BYTES("\x81\xa6"
           "due_at\xcf\x03\x84\x44\x0c\xcc\x73\x60\x00"),
     "due_at", "must be microseconds since 1970, before the year 10000, got a later time",
     "253402300800000000"},
    {PULIH_M_planned,
     BYTES("\x81\xa6"
           "due_at\xff"),
     "due_at", "must be microseconds since 1970, before the year 10000, got a negative number", "-1"},
    {PULIH_M_letter_get,
     BYTES("\x81\xa9"
           "complaint\xc4\x02hi"),
     "complaint", "must be 16 bytes of binary, got 2", "\"6869\""},
    {PULIH_M_letter_get,
     BYTES("\x81\xa9"
           "complaint\xa1x"),
     "complaint", "must be 16 bytes of binary, got text", "x"},
    {PULIH_M_offer_answered,
     BYTES("\x81\xa6"
           "answer\xa5maybe"),
     "answer", "must be one of: unknown, accepted, declined", "maybe"},
    {PULIH_M_offer_answered,
     BYTES("\x81\xa6"
           "answer\x01"),
     "answer", "must be a word as text, got a number", "1"},
    {PULIH_M_complaint, BYTES("\x81\xa5story\x01"), "story", "must be text, got a number", ""},
    {PULIH_M_complaint, BYTES("\x81\xa4name\x01"), "name", "must be text, got a number", ""},
    {PULIH_M_complaint,
     BYTES("\x81\xa8"
           "currency\xa4Rupi"),
     "currency", "must be at most 3 bytes, got 4", "Rupi"},
    {PULIH_M_complaint,
     BYTES("\x81\xab"
           "attachments\x80"),
     "attachments", "must be an array, got a map", ""},
    {PULIH_M_complaint,
     BYTES("\x81\xab"
           "attachments\x93\x81\xa3ref\xa1x\x81\xa3ref\xa1y\x82\xa3ref\xa1z\xa5media\x01"),
     "attachments[2].media", "must be text, got a number", ""},
    {PULIH_M_complaint,
     BYTES("\x81\xab"
           "attachments\x92\x81\xa3ref\xa1x\x80"),
     "attachments[1].ref", "is needed", ""},
    {PULIH_M_complaint,
     BYTES("\x81\xab"
           "attachments\x91\x01"),
     "attachments[0]", "must be a map, got a number", ""},
    {PULIH_M_heads, BYTES("\x81\xa5heads\x91\x82\xa3seq\x01\xa6stream\xce\0\x01\0\0"), "heads[0].stream",
     "must be a whole number from 0 to 65535, got a greater one", "65536"},
    {PULIH_M_event,
     BYTES("\x81\xa4"
           "body\xa6secret"),
     "body", "must be a map, got text", ""},
    {PULIH_M_hello,
     BYTES("\x81\xa6"
           "client\xa3"
           "a\0b"),
     "client", "must not hold the character U+0000", "a\0b"},
};

static void faults_say_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        struct pulih_fault fault;
        union pulih_any got;

        if (pulih_msg_decode(cases[i].m, cases[i].body, &got, &fault))
            fail_msg("case %zu was taken", i);
        if (strcmp(fault.field, cases[i].field) || strcmp(fault.rule, cases[i].rule) ||
            strcmp(fault.value, cases[i].value))
            fail_msg("case %zu: [%s] [%s] [%s]", i, fault.field, fault.rule, fault.value);
    }
}

/* A list of words that does not fit into the rule ends in "...". */
static void a_long_list_of_words_is_cut(void **state)
{
    size_t cut = 0;

    (void)state;
    for (size_t m = 0; m < PULIH_M_N; m++) {
        const struct pulih_message *message = pulih_message((enum pulih_m)m);
        for (size_t i = 0; i < message->n_fields; i++) {
            const struct pulih_field *f = &message->fields[i];
            struct pulih_buf bad = {0};
            struct pulih_fault fault;
            union pulih_any got;

            if (f->kind != PULIH_KIND_word)
                continue;
            pulih_buf_addf(&bad, "%c%c%s%cx", 0x81, (int)(0xa0 + f->name_len), f->name, 0xa1);
            assert_false(pulih_msg_decode((enum pulih_m)m, pulih_view_of_buf(&bad), &got, &fault));
            assert_string_equal(fault.field, f->name);
            assert_non_null(strstr(fault.rule, "must be one of: unknown, "));
            if (strstr(fault.rule, ", ..."))
                cut++;
            assert_true(strlen(fault.rule) < sizeof fault.rule - 1);
            pulih_buf_free(&bad);
        }
    }
    assert_true(cut > 0);
}

/* The value is cut to its room, and never inside a character. */
static void a_long_value_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        struct pulih_buf body = {0};
        struct pulih_fault fault;
        union pulih_any got;

        pulih_buf_add(&body,
                      "\x81\xa6"
                      "client\xd9",
                      9);
        pulih_buf_add_byte(&body, (uint8_t)(shift + 90));
        memset(pulih_buf_grow(&body, shift), 'a', shift);
        for (int i = 0; i < 30; i++)
            pulih_buf_add(&body, "\xe2\x82\xac", 3);
        assert_false(pulih_msg_decode(PULIH_M_hello, pulih_view_of_buf(&body), &got, &fault));
        assert_string_equal(fault.rule, shift == 0   ? "must be at most 64 bytes, got 90"
                                        : shift == 1 ? "must be at most 64 bytes, got 91"
                                                     : "must be at most 64 bytes, got 92");
        assert_int_equal(strlen(fault.value), (sizeof fault.value - 1 - shift) / 3 * 3 + shift);
        pulih_buf_free(&body);
    }
}

static void unknown_names_are_skipped(void **state)
{
    static const struct pulih_view body = BYTES("\x84\xa3new\x92\xc0\x81\x01\x02\xa1x\xcb\0\0\0\0\0\0\0\0"
                                                "\xa5limit\x05\xa6limits\xa1y");
    struct pulih_credit got;
    struct pulih_fault fault;

    (void)state;
    assert_true(pulih_msg_decode(PULIH_M_credit, body, &got, &fault));
    assert_int_equal(got.limit, 5);
    assert_int_equal(got.has, 1);
}

static void numbers_may_come_in_any_width(void **state)
{
    static const struct pulih_view bodies[] = {
        BYTES("\x81\xa5limit\x05"),
        BYTES("\x81\xa5limit\xcc\x05"),
        BYTES("\x81\xa5limit\xcd\0\x05"),
        BYTES("\x81\xa5limit\xce\0\0\0\x05"),
        BYTES("\x81\xa5limit\xcf\0\0\0\0\0\0\0\x05"),
        BYTES("\x81\xa5limit\xd0\x05"),
        BYTES("\x81\xa5limit\xd1\0\x05"),
        BYTES("\x81\xa5limit\xd2\0\0\0\x05"),
        BYTES("\x81\xa5limit\xd3\0\0\0\0\0\0\0\x05"),
        BYTES("\xdf\0\0\0\x01\xd9\x05limit\x05"),
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(bodies); i++) {
        struct pulih_credit got;
        struct pulih_fault fault;

        if (!pulih_msg_decode(PULIH_M_credit, bodies[i], &got, &fault) || got.limit != 5)
            fail_msg("width %zu: %s", i, fault.rule);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_of_every_field),
        cmocka_unit_test(faults_say_what_is_wrong),
        cmocka_unit_test(a_long_list_of_words_is_cut),
        cmocka_unit_test(a_long_value_is_cut_between_characters),
        cmocka_unit_test(unknown_names_are_skipped),
        cmocka_unit_test(numbers_may_come_in_any_width),
    };
    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
