/* The tally: what forced and vetoed votes, thresholds and the language do to a result, by rules made for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/core/rules_load.h"
#include "services/common/core/tally.h"
#include "tests/lib/shipped.h"

// clang-format off
#define VOTE(word, axis_and_value, weight, more) \
    "{ id = \"" word "\"; any = [\"" word "\"]; axis = " axis_and_value "; weight = " #weight "; " more "}"

static const char small_rules[] = "rules = ("
    VOTE("one",       "\"department\"; value = \"delivery\"",  1,  "") ","
    VOTE("two",       "\"department\"; value = \"delivery\"",  2,  "") ","
    VOTE("four",      "\"department\"; value = \"delivery\"",  4,  "") ","
    VOTE("nine",      "\"department\"; value = \"delivery\"",  9,  "") ","
    VOTE("minus",     "\"department\"; value = \"delivery\"",  -3, "") ","
    VOTE("veto",      "\"department\"; value = \"delivery\"",  1,  "veto = true; ") ","
    VOTE("other",     "\"department\"; value = \"payment\"",   4,  "") ","
    VOTE("force",     "\"department\"; value = \"price\"",     1,  "force = true; ") ","
    VOTE("vetoprice", "\"department\"; value = \"price\"",     1,  "veto = true; ") ","
    VOTE("only",      "\"department\"; value = \"technical\"", 4,  "language = \"id\"; ") ","
    VOTE("english",   "\"language\"; value = \"en\"",          4,  "") ","
    VOTE("indonesia", "\"language\"; value = \"id\"",          4,  "") ","
    VOTE("hot",       "\"anger\"",                             70, "times = 3; ") ","
    VOTE("cold",      "\"anger\"",                             -50, "") ","
    VOTE("danger",    "\"gravity\"; value = \"safety\"",       4,  "") ","
    VOTE("risky",     "\"gravity\"; value = \"safety\"",       1,  "") ","
    VOTE("bribe",     "\"gravity\"; value = \"corruption\"",   1,  "") ","
    VOTE("leaning",   "\"motive\"; value = \"vent\"",          1,  "") ","
    VOTE("others",    "\"motive\"; value = \"altruistic\"",    2,  "") ");";
// clang-format on

static const struct {
    const char *story;
    enum pulih_axis axis;
    uint16_t value, best, confidence;
} tallies[] = {
    {"one", PULIH_AXIS_department, 0, PULIH_department_delivery, 25},
    {"two", PULIH_AXIS_department, PULIH_department_delivery, PULIH_department_delivery, 50},
    {"one two", PULIH_AXIS_department, PULIH_department_delivery, PULIH_department_delivery, 75},
    {"nine", PULIH_AXIS_department, PULIH_department_delivery, PULIH_department_delivery, 100},
    {"four other", PULIH_AXIS_department, PULIH_department_delivery, PULIH_department_delivery, 50},
    {"one four other", PULIH_AXIS_department, PULIH_department_delivery, PULIH_department_delivery, 55},
    {"two other", PULIH_AXIS_department, PULIH_department_payment, PULIH_department_payment, 66},
    {"four minus", PULIH_AXIS_department, 0, PULIH_department_delivery, 25},
    {"two minus", PULIH_AXIS_department, 0, 0, 0},
    {"minus other", PULIH_AXIS_department, PULIH_department_payment, PULIH_department_payment, 100},
    {"nine force", PULIH_AXIS_department, PULIH_department_price, PULIH_department_price, 100},
    {"nine veto", PULIH_AXIS_department, 0, 0, 0},
    {"nine veto other", PULIH_AXIS_department, PULIH_department_payment, PULIH_department_payment, 100},
    {"force vetoprice", PULIH_AXIS_department, PULIH_department_price, PULIH_department_price, 100},
    {"only", PULIH_AXIS_department, PULIH_department_technical, PULIH_department_technical, 100},
    {"only indonesia", PULIH_AXIS_department, PULIH_department_technical, PULIH_department_technical, 100},
    {"only english", PULIH_AXIS_department, 0, 0, 0},
    {"only english indonesia", PULIH_AXIS_department, PULIH_department_technical, PULIH_department_technical,
     100},
    {"hot", PULIH_AXIS_anger, 70, 70, 100},
    {"hot hot", PULIH_AXIS_anger, 100, 100, 100},
    {"hot cold", PULIH_AXIS_anger, 20, 20, 100},
    {"cold", PULIH_AXIS_anger, 0, 0, 100},
    {"LOUD WORDS", PULIH_AXIS_anger, 16, 16, 100},
    {"LOUD", PULIH_AXIS_anger, 0, 0, 0},
    {"LOUD LOUD LOUD LOUD LOUD LOUD", PULIH_AXIS_anger, 32, 32, 100},
    {"well!!!", PULIH_AXIS_anger, 18, 18, 100},
    {"well!", PULIH_AXIS_anger, 0, 0, 0},
    {"leaning", PULIH_AXIS_motive, 0, 1u << (PULIH_motive_vent - 1), 25},
    {"others", PULIH_AXIS_motive, 1u << (PULIH_motive_altruistic - 1), 1u << (PULIH_motive_altruistic - 1),
     50},
    {"leaning others", PULIH_AXIS_motive, 1u << (PULIH_motive_altruistic - 1),
     1u << (PULIH_motive_altruistic - 1) | 1u << (PULIH_motive_vent - 1), 50},
    {"hot", PULIH_AXIS_motive, 1u << (PULIH_motive_vent - 1), 1u << (PULIH_motive_vent - 1), 100},
    {"nine", PULIH_AXIS_category, PULIH_category_service_related, PULIH_category_service_related, 50},
    {"nine", PULIH_AXIS_reason, PULIH_reason_delivery, PULIH_reason_delivery, 50},
    {"one", PULIH_AXIS_category, PULIH_category_unusual, 0, 0},
};

static void tallies_votes(void **state)
{
    struct pulih_policy policy = policy_with(small_rules);

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(tallies); i++) {
        struct pulih_classification c = classify(&policy, tallies[i].story);
        enum pulih_axis axis = tallies[i].axis;

        if (c.value[axis] != tallies[i].value || c.best[axis] != tallies[i].best ||
            c.confidence[axis] != tallies[i].confidence)
            fail_msg("\"%s\": %s is %d, best %d, confidence %d, not %d, %d, %d", tallies[i].story,
                     pulih_axes[axis].name, c.value[axis], c.best[axis], c.confidence[axis], tallies[i].value,
                     tallies[i].best, tallies[i].confidence);
        check_evidence(&c, strlen(tallies[i].story));
    }
    pulih_rules_free(policy.rules);
}

static void believes_the_stated_language(void **state)
{
    struct pulih_policy policy = policy_with(small_rules);
    struct pulih_classify_facts facts = {.story = PULIH_VIEW("only english"), .language = PULIH_language_id};
    struct pulih_classification c;

    (void)state;
    pulih_classify(&policy, &facts, &c);
    assert_int_equal(c.value[PULIH_AXIS_department], PULIH_department_technical);
    pulih_rules_free(policy.rules);
}

/* Danger settles the tier; what kind of complaint it is stays open. */
static void is_unsure_when_one_of_three_is_open(void **state)
{
    struct pulih_policy policy = policy_with(small_rules);
    struct pulih_classification c;

    (void)state;
    assert_false(classify(&policy, "nine danger").unsure);
    assert_true(classify(&policy, "nine risky").unsure);
    assert_false(classify(&policy, "nine bribe").unsure);
    policy.threshold[PULIH_AXIS_category] = 60;
    c = classify(&policy, "nine danger");
    assert_true(c.unsure);
    assert_int_equal(c.value[PULIH_AXIS_department], PULIH_department_delivery);
    assert_int_equal(c.value[PULIH_AXIS_tier], PULIH_tier_important);
    assert_int_equal(c.value[PULIH_AXIS_category], PULIH_category_unusual);
    assert_int_equal(c.best[PULIH_AXIS_category], PULIH_category_service_related);
    pulih_rules_free(policy.rules);
}

static void abstains_below_the_threshold(void **state)
{
    struct pulih_policy policy = policy_with(small_rules);

    (void)state;
    for (unsigned threshold = 0; threshold <= 100; threshold++) {
        struct pulih_classification c;

        memset(policy.threshold, (int)threshold, sizeof policy.threshold);
        c = classify(&policy, "one two"); /* department 75, category 50 by hint, when there is a department */
        assert_int_equal(c.value[PULIH_AXIS_department], threshold <= 75 ? PULIH_department_delivery : 0);
        assert_int_equal(c.unsure, threshold > 50);
    }
    pulih_rules_free(policy.rules);
}

/* A model gives a little to what it hardly believes in; a danger at 1 in 10 must not call a person. */
static void less_than_a_point_is_no_guess(void **state)
{
    static const struct {
        int hundredths;
        uint16_t best, confidence;
    } rows[] = {{30, 0, 0}, {99, 0, 0}, {100, 1, 25}, {199, 1, 49}};
    struct pulih_tally tally;
    struct pulih_classification c = {0};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        pulih_tally_start(&tally);
        pulih_tally_cast(&tally, (struct pulih_vote){.axis = PULIH_AXIS_gravity,
                                                     .value = PULIH_gravity_safety,
                                                     .hundredths = rows[i].hundredths});
        pulih_tally_decide(&tally, PULIH_AXIS_gravity, 50, &c);
        assert_int_equal(c.value[PULIH_AXIS_gravity], 0);
        assert_int_equal(c.best[PULIH_AXIS_gravity], rows[i].best);
        assert_int_equal(c.confidence[PULIH_AXIS_gravity], rows[i].confidence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tallies_votes),
        cmocka_unit_test(believes_the_stated_language),
        cmocka_unit_test(is_unsure_when_one_of_three_is_open),
        cmocka_unit_test(abstains_below_the_threshold),
        cmocka_unit_test(less_than_a_point_is_no_guess),
    };

    return cmocka_run_group_tests_name("tally", tests, load_shipped, free_shipped);
}
