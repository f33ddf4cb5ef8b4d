/* Messages and raw values as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/msg.h"

static void assert_prints(struct pulih_buf *out, const char *expected)
{
    assert_string_equal(pulih_buf_text(out), expected);
    pulih_buf_free(out);
}

static void raw_values(void **state)
{
    static const struct {
        struct pulih_view raw;
        const char *json;
    } cases[] = {
        {{"\xc0", 1}, "null"},
        {{"\xc2", 1}, "false"},
        {{"\xc3", 1}, "true"},
        {{"\x00", 1}, "0"},
        {{"\x7f", 1}, "127"},
        {{"\xff", 1}, "-1"},
        {{"\xd3\x80\0\0\0\0\0\0\0", 9}, "-9223372036854775808"},
        {{"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9}, "18446744073709551615"},
        {{"\xcb\x3f\xf8\0\0\0\0\0\0", 9}, "1.5"},
        {{"\xca\x3f\x00\0\0", 5}, "0.5"},
        {{"\xcb\x7f\xf0\0\0\0\0\0\0", 9}, "null"},
        {{"\xcb\x7f\xf8\0\0\0\0\0\0", 9}, "null"},
        {{"\xa0", 1}, "\"\""},
        {{"\xa8\"\\/\n\t\x01\x7fz", 9}, "\"\\\"\\\\/\\n\\u0009\\u0001\\u007fz\""},
        {{"\xa3\xe2\x82\xac", 4}, "\"\xe2\x82\xac\""},
        {{"\xa3"
          "a\0b",
          4},
         "\"a\\u0000b\""},
        {{"\xc4\x00", 2}, "\"\""},
        {{"\xc4\x03\x00\xab\xff", 5}, "\"00abff\""},
        {{"\x90", 1}, "[]"},
        {{"\x80", 1}, "{}"},
        {{"\x93\x01\x90\xa1x", 5}, "[1, [], \"x\"]"},
        {{"\x82\xa1k\x91\x01\x05\xc0", 7}, "{\"k\": [1], \"5\": null}"},
        {{"\x81\x92\x01\xa1\"\x01", 6}, "{\"[1, \\\"\\\\\\\"\\\"]\": 1}"},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        struct pulih_buf out = {0};

        pulih_raw_print(cases[i].raw, &out);
        assert_prints(&out, cases[i].json);
    }
}

static void every_kind_of_field(void **state)
{
    struct pulih_buf out = {0}, list = {0};
    struct pulih_event event = {0};
    struct pulih_letter letter = {0};
    struct pulih_hint_item item = {0};
    struct pulih_verification_answered answer = {0};
    struct pulih_heads heads = {0};
    struct pulih_position position = {0};

    (void)state;
    pulih_msg_print(PULIH_M_ping, &(struct pulih_ping){0}, PULIH_CLASS_ALL, &out);
    assert_prints(&out, "{}");

    for (size_t i = 0; i < sizeof event.id.b; i++)
        event.id.b[i] = (uint8_t)(i * 17);
    PULIH_SET(&event, event, id, event.id);
    PULIH_SET(&event, event, type, PULIH_VIEW("note"));
    PULIH_SET(&event, event, occurred_at, INT64_C(1767225600000042));
    PULIH_SET(&event, event, body, PULIH_VIEW("\x81\xa4text\xa2hi"));
    pulih_msg_print(PULIH_M_event, &event, PULIH_CLASS_ALL, &out);
    assert_prints(&out, "{\"id\": \"00112233-4455-6677-8899-aabbccddeeff\", \"type\": \"note\", "
                        "\"occurred_at\": \"2026-01-01T00:00:00.000042Z\", \"body\": {\"text\": \"hi\"}}");

    PULIH_SET(&letter, letter, number, 3);
    PULIH_SET(&letter, letter, language, PULIH_language_id);
    PULIH_SET(&letter, letter, subject, PULIH_VIEW("Perihal \"tagihan\""));
    PULIH_SET(&letter, letter, name, PULIH_VIEW("Siti"));
    pulih_msg_print(PULIH_M_letter, &letter, PULIH_CLASS_ALL, &out);
    assert_prints(&out, "{\"number\": 3, \"language\": \"id\", \"subject\": \"Perihal \\\"tagihan\\\"\", "
                        "\"name\": \"Siti\"}");
    pulih_msg_print(PULIH_M_letter, &letter, PULIH_CLASS_OPEN, &out);
    assert_prints(&out, "{\"number\": 3, \"language\": \"id\"}");
    pulih_msg_print(PULIH_M_letter, &letter, PULIH_CLASS_PERSON, &out);
    assert_prints(&out, "{\"name\": \"Siti\"}");

    PULIH_SET(&item, hint_item, row, PULIH_VIEW("\x01\xff"));
    pulih_msg_print(PULIH_M_hint_item, &item, PULIH_CLASS_ALL, &out);
    assert_prints(&out, "{\"row\": \"01ff\"}");

    PULIH_SET(&answer, verification_answered, satisfied, false);
    pulih_msg_print(PULIH_M_verification_answered, &answer, PULIH_CLASS_ALL, &out);
    assert_prints(&out, "{\"satisfied\": false}");

    for (uint64_t i = 1; i <= 2; i++) {
        PULIH_SET(&position, position, stream, i);
        PULIH_SET(&position, position, seq, UINT64_MAX);
        pulih_list_add(&list, PULIH_M_position, &position);
    }
    PULIH_SET(&heads, heads, heads, pulih_list_of(&list, 2));
    pulih_msg_print(PULIH_M_heads, &heads, PULIH_CLASS_ALL, &out);
    assert_prints(&out, "{\"heads\": [{\"stream\": 1, \"seq\": 18446744073709551615}, "
                        "{\"stream\": 2, \"seq\": 18446744073709551615}]}");
    pulih_buf_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_values),
        cmocka_unit_test(every_kind_of_field),
    };
    return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
