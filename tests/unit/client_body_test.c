/* Bodies from text and JSON: what is taken, and the field, rule and value of what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih.h"

/* --- from JSON and back ------------------------------------------------------------------------------ */

static const struct {
    const char *json, *back;
} good[] = {
    {"{\"story\":\"x\",\"channel\":\"phone\"}", "{\"story\": \"x\", \"channel\": \"phone\"}"},
    {"{\"channel\":\"app\",\"story\":\"\\u00e9\\n\\\"\"}",
     "{\"story\": \"\xc3\xa9\\n\\\"\", \"channel\": \"app\"}"},
    {"{\"story\":\"x\",\"channel\":\"sms\",\"name\":null}", "{\"story\": \"x\", \"channel\": \"sms\"}"},
    {"{\"story\":\"x\",\"channel\":\"sms\",\"happened_at\":\"2026-01-31T10:00:00+07:00\"}",
     "{\"story\": \"x\", \"channel\": \"sms\", \"happened_at\": \"2026-01-31T03:00:00.000000Z\"}"},
    {"{\"story\":\"x\",\"channel\":\"sms\",\"happened_at\":1000000}",
     "{\"story\": \"x\", \"channel\": \"sms\", \"happened_at\": \"1970-01-01T00:00:01.000000Z\"}"},
    {"{\"story\":\"x\",\"channel\":\"sms\",\"wait_s\":86400,\"talk_over\":200,\"earlier_contacts\":70000}",
     "{\"story\": \"x\", \"channel\": \"sms\", \"wait_s\": 86400, \"talk_over\": 200, \"earlier_contacts\": "
     "70000}"},
    {"{\"story\":\"x\",\"channel\":\"sms\",\"claimed_amount\":9000000000000000}",
     "{\"story\": \"x\", \"channel\": \"sms\", \"claimed_amount\": 9000000000000000}"},
    {"{\"story\":\"x\",\"channel\":\"sms\",\"attachments\":[]}",
     "{\"story\": \"x\", \"channel\": \"sms\", \"attachments\": []}"},
    {"{\"story\":\"x\",\"channel\":\"sms\",\"attachments\":[{\"ref\":\"a\",\"digest\":\"00Ff\",\"name\":null}"
     ",{\"ref\":\"b\"}]}",
     "{\"story\": \"x\", \"channel\": \"sms\", \"attachments\": [{\"ref\": \"a\", \"digest\": \"00ff\"}, "
     "{\"ref\": \"b\"}]}"},
};

static void json_goes_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct pulih_error error = {.code = 0};
        void *body = NULL;
        size_t len = 0;
        if (pulih_json_to_body("complaint", good[i].json, strlen(good[i].json), &body, &len, &error) != 0)
            fail_msg("%s: %s", good[i].json, error.text);
        char *back = pulih_body_to_json("complaint", body, len, &error);
        assert_non_null(back);
        assert_string_equal(back, good[i].back);
        free(back);
        free(body);
    }
}

static const struct {
    const char *type, *json, *field, *rule, *value; /* rule: how it begins */
} bad[] = {
    {"complaint", "{\"story\":\"x\",\"chanel\":\"phone\"}", "chanel",
     "is not a field of complaint; did you mean channel", ""},
    {"complaint", "{\"story\":\"x\",\"zzz\":1}", "zzz", "is not a field of complaint", ""},
    {"complaint", "{\"story\":\"x\",\"zzz\":null}", "zzz", "is not a field of complaint", ""},
    {"complaint", "{\"channel\":\"phone\"}", "story", "is needed", ""},
    {"complaint", "{\"story\":\"x\",\"channel\":\"fax\"}", "channel", "must be one of: unknown, phone",
     "fax"},
    {"complaint", "{\"story\":5,\"channel\":\"phone\"}", "story", "must be text", ""},
    {"complaint", "{\"story\":\"x\",\"channel\":3}", "channel", "must be a word", "3"},
    {"complaint", "{\"story\":\"x\",\"channel\":\"sms\",\"wait_s\":-1}", "wait_s",
     "must be a whole number from 0", "-1"},
    {"complaint", "{\"story\":\"x\",\"channel\":\"sms\",\"wait_s\":86401}", "wait_s",
     "must be a whole number from 0", "86401"},
    {"complaint", "{\"story\":\"x\",\"channel\":\"sms\",\"wait_s\":1.5}", "wait_s",
     "must be a whole number from 0", "1.5"},
    {"complaint", "{\"story\":\"x\",\"channel\":\"sms\",\"happened_at\":\"today\"}", "happened_at",
     "must be a time", "today"},
    {"complaint", "{\"story\":\"x\",\"channel\":\"sms\",\"currency\":\"RUPIAH\"}", "currency",
     "must be at most 3 bytes", "RUPIAH"},
    {"complaint",
     "{\"story\":\"x\",\"channel\":\"sms\",\"attachments\":[{\"ref\":\"a\"},{\"ref\":\"b\",\"digest\":\"0g\"}"
     "]}",
     "attachments[1].digest", "must be binary", ""},
    {"complaint", "{\"story\":\"x\",\"channel\":\"sms\",\"attachments\":[{\"ref\":\"a\",\"nam\":\"b\"}]}",
     "attachments[0].nam", "is not a field of attachment; did you mean name", ""},
    {"complaint", "{\"story\":\"x\",\"channel\":\"sms\",\"attachments\":[{}]}", "attachments[0].ref",
     "is needed", ""},
    {"complaint", "{\"story\":\"x\",\"channel\":\"sms\",\"attachments\":[7]}", "attachments[0]",
     "must be a map", ""},
    {"complaint", "{\"story\":\"x\",\"channel\":\"sms\",\"attachments\":{}}", "attachments",
     "must be an array", ""},
    {"complaint", "{\"story\":\"x\",\"story\":\"y\"}", "", "must be JSON, but at byte", ""},
    {"complaint", "{\"story\":\"\\u0000\",\"channel\":\"sms\"}", "", "must be JSON, but at byte", ""},
    {"complaint", "{\"story\":\"\xff\",\"channel\":\"sms\"}", "", "must be JSON, but at byte", ""},
    {"complaint", "[]", "", "must be a JSON object", ""},
    {"complaint", "", "", "must be JSON", ""},
    {"verification_answered", "{\"satisfied\":\"yes\"}", "satisfied", "must be true or false", "yes"},
    {"acknowledged", "{}", "type", "must be one of: complaint, note", "acknowledged"},
    {"nonsense", "{}", "type", "must be one of: complaint, note", "nonsense"},
};

static void a_bad_body_is_refused_with_field_rule_and_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pulih_error error = {.code = 0};
        void *body = NULL;
        size_t len = 0;
        int e = pulih_json_to_body(bad[i].type, bad[i].json, strlen(bad[i].json), &body, &len, &error);
        if (e != PULIH_E_INVALID || error.code != e || strcmp(error.field, bad[i].field) != 0 ||
            strncmp(error.rule, bad[i].rule, strlen(bad[i].rule)) != 0 ||
            strcmp(error.value, bad[i].value) != 0)
            fail_msg("%s: %d, field \"%s\", rule \"%s\", value \"%s\"", bad[i].json, e, error.field,
                     error.rule, error.value);
        assert_null(body);
    }
}

/* --- from texts -------------------------------------------------------------------------------------- */

static void texts_mean_what_their_field_says(void **state)
{
    static const struct {
        const char *field, *text;
    } given[] = {{"story", "a = b"},
                 {"channel", "whatsapp"},
                 {"wait_s", "007"},
                 {"happened_at", "2026-01-31T23:59:59Z"},
                 {"attachments", "[{\"ref\":\"a\"}]"}};
    struct pulih_body *b = pulih_body_new();
    struct pulih_error error;
    const void *body;
    size_t len;

    (void)state;
    for (int round = 0; round < 2; round++) { /* a body is used again and again */
        assert_int_equal(pulih_body_start(b, "complaint", &error), 0);
        for (size_t i = 0; i < sizeof given / sizeof *given; i++)
            assert_int_equal(pulih_body_set(b, given[i].field, given[i].text, &error), 0);
        assert_int_equal(pulih_body_has(b, "wait_s"), 1);
        assert_int_equal(pulih_body_has(b, "name"), 0);
        assert_int_equal(pulih_body_has(b, "zzz"), PULIH_E_INVALID);
        assert_int_equal(pulih_body_end(b, &body, &len, &error), 0);
        char *json = pulih_body_to_json("complaint", body, len, &error);
        assert_string_equal(
            json, "{\"story\": \"a = b\", \"channel\": \"whatsapp\", \"happened_at\": "
                  "\"2026-01-31T23:59:59.000000Z\", \"attachments\": [{\"ref\": \"a\"}], \"wait_s\": 7}");
        free(json);
    }
    pulih_body_free(b);
}

static void a_bad_text_is_refused(void **state)
{
    static const struct {
        const char *field, *text, *rule;
    } given[] = {{"wait_s", "", "must be a whole number"},
                 {"wait_s", "1x", "must be a whole number"},
                 {"wait_s", "-1", "must be a whole number"},
                 {"wait_s", "99999999999999999999", "must be a whole number"},
                 {"happened_at", "2026-02-30T00:00:00Z", "must be a time"},
                 {"attachments", "nothing", "must be JSON"},
                 {"story", "again", "may come only once"},
                 {"stori", "x", "is not a field of complaint; did you mean story"}};
    struct pulih_body *b = pulih_body_new();

    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct pulih_error error = {.code = 0};
        assert_int_equal(pulih_body_start(b, "complaint", &error), 0);
        assert_int_equal(pulih_body_set(b, "story", "x", &error), 0);
        assert_int_equal(pulih_body_set(b, given[i].field, given[i].text, &error), PULIH_E_INVALID);
        assert_string_equal(error.field, given[i].field);
        if (strncmp(error.rule, given[i].rule, strlen(given[i].rule)) != 0)
            fail_msg("%s=%s: %s", given[i].field, given[i].text, error.rule);
    }
    pulih_body_free(b);
}

/* --- whole messages ---------------------------------------------------------------------------------- */

static void an_object_can_hold_a_whole_message(void **state)
{
    static const char json[] =
        "{\"kind\":\"note\",\"complaint\":\"018f0000-0000-7000-8000-000000000001\",\"secret\":1,"
        "\"occurred_at\":\"1970-01-01T00:00:02Z\",\"text\":\"x\",\"id\":\"018f0000-0000-7000-8000-"
        "000000000002\"}";
    static const struct pulih_rename renames[] = {{"kind", "type"}, {"secret", NULL}};
    struct pulih_body *b = pulih_body_new();
    struct pulih_envelope e;
    struct pulih_error error;
    const void *body;
    size_t len;

    (void)state;
    assert_int_equal(pulih_body_start_json(b, "complaint", json, strlen(json), renames, 2, &e, &error), 0);
    assert_string_equal(e.type, "note");
    assert_true(e.has_id && e.has_complaint);
    assert_int_equal(e.id.b[15], 2);
    assert_int_equal(e.complaint.b[15], 1);
    assert_int_equal(e.occurred_us, 2000000);
    assert_int_equal(pulih_body_end(b, &body, &len, &error), 0);
    pulih_body_free(b);
}

static void a_broken_envelope_is_refused(void **state)
{
    static const struct {
        const char *json, *field;
    } given[] = {{"{\"id\":\"17\"}", "id"},
                 {"{\"id\":17}", "id"},
                 {"{\"complaint\":\"\"}", "complaint"},
                 {"{\"occurred_at\":\"noon\"}", "occurred_at"},
                 {"{\"occurred_at\":-1}", "occurred_at"},
                 {"{\"type\":\"nonsense\"}", "type"},
                 {"{\"type\":\"a_name_that_is_longer_than_any_name_of_a_type\"}", "type"}};
    struct pulih_body *b = pulih_body_new();

    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct pulih_envelope e;
        struct pulih_error error = {.code = 0};
        assert_int_equal(
            pulih_body_start_json(b, "complaint", given[i].json, strlen(given[i].json), NULL, 0, &e, &error),
            PULIH_E_INVALID);
        assert_string_equal(error.field, given[i].field);
    }
    pulih_body_free(b);
}

/* --- ids --------------------------------------------------------------------------------------------- */

static void ids_of_keys_are_reproducible_and_differ(void **state)
{
    struct pulih_uuid a = pulih_uuid_of_key(1577836800000000, "crm", "17", 2);
    struct pulih_uuid same = pulih_uuid_of_key(1577836800000999, "crm", "17", 2);
    struct pulih_uuid key = pulih_uuid_of_key(1577836800000000, "crm", "18", 2);
    struct pulih_uuid client = pulih_uuid_of_key(1577836800000000, "crm1", "7", 1);
    struct pulih_uuid back;
    char text[37];

    (void)state;
    assert_memory_equal(&a, &same, sizeof a); /* the time counts in milliseconds */
    assert_memory_not_equal(&a, &key, sizeof a);
    assert_memory_not_equal(&a, &client, sizeof a);
    pulih_uuid_print(&a, text);
    assert_memory_equal(text, "016f5e66-e800-7", 15);
    assert_non_null(strchr("89ab", text[19]));
    assert_int_equal(pulih_uuid_parse(text, &back), 0);
    assert_memory_equal(&a, &back, sizeof a);
    assert_int_equal(pulih_uuid_parse("016f5e66", &back), PULIH_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_goes_there_and_back),
        cmocka_unit_test(a_bad_body_is_refused_with_field_rule_and_value),
        cmocka_unit_test(texts_mean_what_their_field_says),
        cmocka_unit_test(a_bad_text_is_refused),
        cmocka_unit_test(an_object_can_hold_a_whole_message),
        cmocka_unit_test(a_broken_envelope_is_refused),
        cmocka_unit_test(ids_of_keys_are_reproducible_and_differ),
    };

    return cmocka_run_group_tests_name("client_body", tests, NULL, NULL);
}
