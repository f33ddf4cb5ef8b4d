/* Templates, addresses and amounts. The shipped letters themselves are tested with the policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/words.h"
#include "pulih/core/letter.h"

#define BIT(slot) (UINT32_C(1) << PULIH_SLOT_##slot)

static void checks_templates(void **state)
{
    static const struct {
        const char *text;
        const char *fault; /* NULL: none */
        const char *at;
        uint32_t used;
    } rows[] = {
        {"", NULL, "", 0},
        {"no slot at all", NULL, "", 0},
        {"{ single } braces { are } text", NULL, "", 0},
        {"{{name}}", NULL, "", BIT(name)},
        {"{{name}}, {{reference}} and {{name}}", NULL, "", BIT(name) | BIT(reference)},
        {"{{department}}{{category}}", NULL, "", BIT(department) | BIT(category)},
        {"{{due}} {{solution}} {{argument}} {{amount}}", NULL, "",
         BIT(due) | BIT(solution) | BIT(argument) | BIT(amount)},
        {"{{post}} {{missed}} {{level}} {{reason}} {{company}}", NULL, "",
         BIT(post) | BIT(missed) | BIT(level) | BIT(reason) | BIT(company)},
        {"{{refrence}}", "unknown slot", "refrence", 0},
        {"{{}}", "unknown slot", "", 0},
        {"{{ due }}", "unknown slot", " due ", 0},
        {"{{Due}}", "unknown slot", "Due", 0},
        {"{{{due}}}", "unknown slot", "{due", 0},
        {"{{due", "slot without its }}", "{{due", 0},
        {"{{due} and {{", "slot without its }}", "{{due} and {{", 0},
        {"{{due}} and {{", "slot without its }}", "{{", BIT(due)},
        {"{due}} is late", "}} without a slot", "}} is late", 0},
        {"{{due}} }} {{name}}", "}} without a slot", "}} {{name}}", BIT(due)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t used = ~UINT32_C(0);
        struct pulih_view at = {0};
        const char *fault = pulih_template_check(pulih_view_of(rows[i].text), &used, &at);
        if (!rows[i].fault != !fault || (fault && strcmp(fault, rows[i].fault) != 0))
            fail_msg("\"%s\": %s", rows[i].text, fault ? fault : "no fault");
        if (used != rows[i].used || !pulih_view_is(at, rows[i].at))
            fail_msg("\"%s\": used %x, at \"%.*s\"", rows[i].text, used, PULIH_VIEW_ARG(at));
    }
}

static void names_each_slot(void **state)
{
    (void)state;
    for (int i = 0; i < PULIH_SLOT_N; i++) {
        char text[64];
        uint32_t used;
        struct pulih_view at;
        snprintf(text, sizeof text, "{{%s}}", pulih_slot_name((enum pulih_slot)i));
        assert_null(pulih_template_check(pulih_view_of(text), &used, &at));
        assert_int_equal(used, UINT32_C(1) << i);
    }
}

static void assert_filled(const char *text, const struct pulih_slots *slots, const char *expected)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};

    pulih_buf_addf(&out, ">");
    pulih_template_fill(pulih_view_of(text), slots, &out);
    assert_string_equal(pulih_buf_text(&out) + 1, expected);
}

static void fills_slots(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""},
        {"plain\n", "plain\n"},
        {"{{reference}}", "PL-1"},
        {"a {{reference}} b {{due}} c", "a PL-1 b Senin c"},
        {"{{reference}}{{due}}", "PL-1Senin"},
        {"Yth. {{name}}, {{reference}}", "Yth. {{name}}, PL-1"},
        {"{{solution}}", "two\nlines, {{due}} is no slot here"},
        {"{{what}} {{", "{{what}} {{"},
        {"{{due}", "{{due}"},
    };
    struct pulih_slots slots = {0};

    (void)state;
    slots.value[PULIH_SLOT_name] = PULIH_VIEW("never rendered");
    slots.value[PULIH_SLOT_reference] = PULIH_VIEW("PL-1");
    slots.value[PULIH_SLOT_due] = PULIH_VIEW("Senin");
    slots.value[PULIH_SLOT_solution] = PULIH_VIEW("two\nlines, {{due}} is no slot here");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_filled(rows[i].text, &slots, rows[i].expected);
}

static void leaves_out_lines_that_say_nothing(void **state)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"one\nWorth: {{amount}}\ntwo\n", "one\ntwo\n"},
        {"Worth: {{amount}}", ""},
        {"one\n{{amount}} {{argument}}\n", "one\n"},
        {"one\n{{amount}} {{due}}\n", "one\n Senin\n"},
        {"{{name}} {{amount}}\n", "{{name}} \n"},
        {"\n\n", "\n\n"},
        {"one\n\n{{amount}}\n\ntwo\n", "one\n\ntwo\n"},
        {"one\n{{amount}}\n\ntwo\n", "one\n\ntwo\n"},
        {"one\n\n{{amount}}\n{{argument}}\n\ntwo\n", "one\n\ntwo\n"},
        {"one\n\n{{amount}}\ntwo\n", "one\n\ntwo\n"},
        {"{{amount}}\n\n{{argument}}", ""},
        {"one\n\n{{amount}}", "one\n\n"},
    };
    struct pulih_slots slots = {0};

    (void)state;
    slots.value[PULIH_SLOT_due] = PULIH_VIEW("Senin");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_filled(rows[i].text, &slots, rows[i].expected);
}

static void addresses_letters(void **state)
{
    static const struct {
        const char *stored, *name;
        int language;
        const char *expected;
    } rows[] = {
        {"Yth. {{name}},", "Siti Rahayu", PULIH_language_id, "Yth. Siti Rahayu,"},
        {"Yth. {{name}},", "", PULIH_language_id, "Yth. Bapak/Ibu,"},
        {"Dear {{name}},", "", PULIH_language_en, "Dear Sir or Madam,"},
        {"Dear {{name}},", "", PULIH_language_unknown, "Dear Sir or Madam,"},
        {"{{name}} and {{name}}", "A", PULIH_language_en, "A and A"},
        {"{{due}} {{name}} {{x}}", "A", PULIH_language_en, "{{due}} A {{x}}"},
        {"of {{ 5 and {{name}}}}", "A", PULIH_language_en, "of {{ 5 and A}}"},
        {"{{name", "A", PULIH_language_en, "{{name"},
        {"no name", "A", PULIH_language_en, "no name"},
        {"", "A", PULIH_language_en, ""},
        {"Dear {{name}}", "A\r\nBcc: b\x7f", PULIH_language_en, "Dear A  Bcc: b "},
        {"Dear {{name}}", "Jos\xc3\xa9 {{name}}", PULIH_language_en, "Dear Jos\xc3\xa9 {{name}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
        pulih_letter_address(pulih_view_of(rows[i].stored), pulih_view_of(rows[i].name), rows[i].language,
                             &out);
        assert_string_equal(pulih_buf_text(&out), rows[i].expected);
    }
}

static void prints_amounts(void **state)
{
    static const struct {
        uint64_t minor;
        const char *currency;
        int language;
        const char *expected;
    } rows[] = {
        {0, "IDR", PULIH_language_id, "Rp0"},
        {999, "IDR", PULIH_language_id, "Rp999"},
        {1000, "IDR", PULIH_language_id, "Rp1.000"},
        {150000, "IDR", PULIH_language_id, "Rp150.000"},
        {150000, "IDR", PULIH_language_en, "IDR 150,000"},
        {150000, "IDR", PULIH_language_unknown, "IDR 150,000"},
        {1000001, "IDR", PULIH_language_id, "Rp1.000.001"},
        {9000000000000000, "IDR", PULIH_language_id, "Rp9.000.000.000.000.000"},
        {UINT64_MAX, "IDR", PULIH_language_en, "IDR 18,446,744,073,709,551,615"},
        {150050, "USD", PULIH_language_id, "USD 1.500,50"},
        {150050, "USD", PULIH_language_en, "USD 1,500.50"},
        {150000, "USD", PULIH_language_en, "USD 1,500"},
        {5, "USD", PULIH_language_en, "USD 0.05"},
        {1205, "KWD", PULIH_language_en, "KWD 1.205"},
        {1205, "JPY", PULIH_language_en, "JPY 1,205"},
        {1205, "", PULIH_language_en, "12.05"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
        pulih_amount_print(rows[i].minor, pulih_view_of(rows[i].currency), rows[i].language, &out);
        assert_string_equal(pulih_buf_text(&out), rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_templates),  cmocka_unit_test(names_each_slot),
        cmocka_unit_test(fills_slots),       cmocka_unit_test(leaves_out_lines_that_say_nothing),
        cmocka_unit_test(addresses_letters), cmocka_unit_test(prints_amounts),
    };
    return cmocka_run_group_tests_name("letter", tests, NULL, NULL);
}
