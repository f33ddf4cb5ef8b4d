/* The shipped policy against sets of texts: of those that are meant, so many of a hundred must be found (recall),
 * and of those found, so many must be meant (precision). The halves named test were not looked at when rules and
 * models were made; those named dev were. Those named blind were judged once before anything was mended by them;
 * what they scored then is told in deploy/models/README.md. The model has learned from all that are named safety,
 * so these only keep a change from losing what is known. A line is axis, word, yes or no, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/policy.h"

static const char policy_path[] = "deploy/policies/default.cfg";

/* What a set says of one word of one axis; word "" stands for all words of an axis that has one. */
static const struct yardstick {
    const char *path;
    const char *axis, *word;
    int recall_percent, precision_percent;
    int least_yes, least_no;
} yardsticks[] = {
    {"tests/samples/judging/safety.dev.tsv", "gravity", "safety", 97, 95, 700, 950},
    {"tests/samples/judging/safety.learn.tsv", "gravity", "safety", 97, 93, 850, 1700},
    {"tests/samples/judging/safety.test.tsv", "gravity", "safety", 97, 93, 250, 550},
    {"tests/samples/judging/safety.blind1.tsv", "gravity", "safety", 97, 93, 60, 120},
    {"tests/samples/judging/safety.blind2.tsv", "gravity", "safety", 97, 92, 80, 280},
    {"tests/samples/judging/safety.blind3.tsv", "gravity", "safety", 97, 88, 60, 110},
    {"tests/samples/judging/safety.blind4.tsv", "gravity", "safety", 97, 90, 60, 120},
    {"tests/samples/judging/safety.blind5.tsv", "gravity", "safety", 97, 94, 300, 300},
    {"tests/samples/judging/safety.blind6.tsv", "gravity", "safety", 97, 94, 250, 280},
    {"tests/samples/judging/danger.blind7.tsv", "gravity", "safety", 95, 80, 150, 400},
    {"tests/samples/judging/danger.blind8.tsv", "gravity", "safety", 95, 80, 150, 400},
    {"tests/samples/judging/gravity.dev.tsv", "gravity", "corruption", 90, 80, 8, 7},
    {"tests/samples/judging/gravity.dev.tsv", "gravity", "maladministration", 90, 80, 8, 7},
    {"tests/samples/judging/gravity.dev.tsv", "gravity", "discrimination", 90, 80, 8, 7},
    {"tests/samples/judging/gravity.dev.tsv", "gravity", "partiality", 90, 80, 7, 7},
    {"tests/samples/judging/gravity.dev.tsv", "gravity", "legal_threat", 90, 80, 8, 7},
    {"tests/samples/judging/gravity.dev.tsv", "response_mode", "third_party", 90, 80, 8, 7},
    {"tests/samples/judging/gravity.test.tsv", "gravity", "corruption", 80, 80, 8, 7},
    {"tests/samples/judging/gravity.test.tsv", "gravity", "maladministration", 80, 80, 8, 7},
    {"tests/samples/judging/gravity.test.tsv", "gravity", "discrimination", 80, 80, 8, 7},
    {"tests/samples/judging/gravity.test.tsv", "gravity", "partiality", 80, 80, 7, 7},
    {"tests/samples/judging/gravity.test.tsv", "gravity", "legal_threat", 80, 80, 8, 7},
    {"tests/samples/judging/gravity.test.tsv", "response_mode", "third_party", 80, 80, 8, 7},
    {"tests/samples/judging/department.dev.tsv", "department", "", 70, 90, 140, 0},
    {"tests/samples/judging/department.test.tsv", "department", "", 60, 85, 140, 0},
};

struct score {
    int yes, no;           /* lines */
    int found, also_found; /* of those that say yes; of the others, or with another word */
};

static bool holds(const struct pulih_classification *c, int axis, int word)
{
    if (pulih_axes[axis].kind == PULIH_AXIS_IS_many)
        return c->value[axis] >> (word - 1) & 1;
    return c->value[axis] == word;
}

static void judge(const struct pulih_policy *policy, const struct yardstick *y, char *line,
                  struct score *score)
{
    char *rest = line;
    const char *name = strsep(&rest, "\t"), *word = strsep(&rest, "\t"), *wanted = strsep(&rest, "\t");
    const char *text = strsep(&rest, "\n");
    struct pulih_classification c;

    if (!text)
        fail_msg("%s: four columns expected: %s", y->path, line);
    if (strcmp(name, y->axis) != 0 || (*y->word && strcmp(word, y->word) != 0))
        return;
    int axis = pulih_axis_named(pulih_view_of(name));
    if (axis < 0)
        fail_msg("no axis \"%s\"", name);
    int number = pulih_word_number((enum pulih_words)pulih_axes[axis].words, pulih_view_of(word));
    bool yes = strcmp(wanted, "yes") == 0;

    if (number <= 0 || (!yes && strcmp(wanted, "no") != 0))
        fail_msg("%s: no %s \"%s\", or neither yes nor no: %s", y->path, name, word, text);
    pulih_classify(policy, &(const struct pulih_classify_facts){.story = pulih_view_of(text)}, &c);
    score->yes += yes;
    score->no += !yes;
    if (yes && holds(&c, axis, number))
        score->found++;
    else if (yes ? !*y->word && c.value[axis] : holds(&c, axis, number))
        score->also_found++;
    else
        return;
    if (!yes || !holds(&c, axis, number))
        print_message("        %s is not %s: %s\n", name, word, text);
}

static struct score measure(const struct pulih_policy *policy, const struct yardstick *y)
{
    struct score score = {0};
    FILE *f = fopen(y->path, "re");
    char *line = NULL;
    size_t cap = 0;

    if (!f)
        fail_msg("cannot read %s", y->path);
    while (getline(&line, &cap, f) > 0)
        judge(policy, y, line, &score);
    free(line);
    fclose(f);
    return score;
}

static void finds_what_is_meant_and_little_else(void **state)
{
    int short_of = 0;

    for (size_t i = 0; i < PULIH_COUNT(yardsticks); i++) {
        const struct yardstick *y = &yardsticks[i];
        struct score s = measure(*state, y);
        int spoken = s.found + s.also_found;
        bool good = s.yes >= y->least_yes && s.no >= y->least_no &&
                    100 * s.found >= y->recall_percent * s.yes &&
                    100 * s.found >= y->precision_percent * spoken;

        print_message("%s %s %s: %d of %d found, %d of %d right\n", y->path, y->axis, y->word, s.found, s.yes,
                      s.found, spoken);
        short_of += !good;
    }
    assert_int_equal(short_of, 0);
}

static int load_policy(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    *state = pulih_policy_load(policy_path, &why);
    if (!*state)
        fail_msg("%s", pulih_buf_text(&why));
    return 0;
}

static int free_policy(void **state)
{
    pulih_policy_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_meant_and_little_else),
    };

    return cmocka_run_group_tests_name("judging", tests, load_policy, free_policy);
}
