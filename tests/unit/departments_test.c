/* Departments of a policy's own: read, voted for by rules and models, in ladders and tiers; and dropped again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/ladder.h"
#include "pulih/learn/train.h"
#include "tests/lib/policy_files.h"

enum { WARRANTY = 8, BRANCHES = 31 };

#define OWN                                                                                                  \
    "departments = (\n"                                                                                      \
    "  { name = \"warranty\"; number = 8; id = \"garansi\"; en = \"warranty claims\"; post = \"Rung 1\"; "   \
    "},\n"                                                                                                   \
    "  { name = \"branches_2\"; number = 31; id = \"kantor cabang\"; en = \"branches\"; post = \"Rung 2\"; " \
    "}\n"                                                                                                    \
    ");\n"

/* The good policy with departments of its own in front, and one more place changed. */
static struct pulih_policy *load_with_own(const struct policy_folder *f, const char *find, const char *put)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    char rest[32768] = {0};

    put_changed_policy(f, find, put);
    FILE *in = fopen(f->main, "rb");
    assert_non_null(in);
    assert_true(fread(rest, 1, sizeof rest - 1, in) > 0);
    fclose(in);
    pulih_buf_addf(&text, "%s%s", OWN, rest);
    put_policy_file(f, "policy.cfg", text.at, text.len);
    return load_policy(f);
}

static void words_and_numbers(void **state)
{
    struct pulih_policy *p = load_with_own(*state, "", "");
    const struct pulih_word *words[PULIH_VOCABULARY_MAX];
    PULIH_AUTO(pulih_buf_free) struct pulih_buf all = {0};
    const struct pulih_vocabulary *v = &p->vocabulary;
    const enum pulih_words list = PULIH_WORDS_department;

    assert_int_equal(pulih_vocabulary_words(v, list, words), 10);
    assert_string_equal(words[9]->word, "branches_2");
    assert_int_equal(pulih_vocabulary_words(NULL, list, words), 8);
    assert_int_equal(pulih_vocabulary_words(v, PULIH_WORDS_tier, words), 5);
    assert_int_equal(pulih_vocabulary_number(v, list, PULIH_VIEW("warranty")), WARRANTY);
    assert_int_equal(pulih_vocabulary_number(v, list, PULIH_VIEW("delivery")), PULIH_department_delivery);
    assert_int_equal(pulih_vocabulary_number(v, list, PULIH_VIEW("Warranty")), -1);
    assert_int_equal(pulih_vocabulary_number(v, PULIH_WORDS_tier, PULIH_VIEW("warranty")), -1);
    assert_int_equal(pulih_vocabulary_number(NULL, list, PULIH_VIEW("warranty")), -1);
    assert_string_equal(pulih_vocabulary_text(v, list, BRANCHES), "branches_2");
    assert_string_equal(pulih_vocabulary_text(v, list, 9), "9");
    assert_string_equal(pulih_vocabulary_text(NULL, list, BRANCHES), "31");
    assert_string_equal(pulih_vocabulary_text(v, list, 999), "?");
    assert_string_equal(pulih_vocabulary_department_label(v, WARRANTY, PULIH_language_id), "garansi");
    assert_string_equal(pulih_vocabulary_department_label(v, WARRANTY, PULIH_language_en), "warranty claims");
    assert_string_equal(pulih_vocabulary_department_label(v, PULIH_department_price, PULIH_language_id),
                        "harga");
    assert_string_equal(pulih_vocabulary_department_label(v, 9, PULIH_language_en), "customer care");
    pulih_vocabulary_add(v, list, &all);
    assert_string_equal(pulih_buf_text(&all), "product, price, service, delivery, payment, technical, other, "
                                              "warranty, branches_2");
    pulih_policy_free(p);
}

static void posts_answer_for_them(void **state)
{
    struct pulih_policy *p = load_with_own(*state, "", "");

    assert_true(pulih_view_is(p->answerable[WARRANTY], "Rung 1"));
    assert_true(pulih_view_is(p->answerable[BRANCHES], "Rung 2"));
    assert_true(pulih_view_is(p->answerable[PULIH_department_other], "Post 7"));
    for (int number = WARRANTY + 1; number < BRANCHES; number++) /* of departments that were dropped */
        assert_true(pulih_view_is(p->answerable[number], "Post 0"));
    pulih_policy_free(p);
}

static void they_have_ladders(void **state)
{
    struct pulih_policy *p =
        load_with_own(*state, "department = \"payment\"; tier = [ \"complex\", \"important\" ]",
                      "department = [ \"branches_2\", \"warranty\" ]");
    struct pulih_row_complaint row = {.department = BRANCHES};

    assert_int_equal(p->ladders[0].departments, 1u << WARRANTY | 1u << BRANCHES);
    assert_ptr_equal(pulih_ladder_of(p, &row), &p->ladders[0]);
    row.department = PULIH_department_payment;
    assert_ptr_equal(pulih_ladder_of(p, &row), &p->ladder);
    pulih_policy_free(p);
}

static struct pulih_classification classify(const struct pulih_policy *p, const char *story)
{
    struct pulih_classification c;

    pulih_classify(p, &(const struct pulih_classify_facts){.story = pulih_view_of(story)}, &c);
    return c;
}

static void rules_vote_for_them(void **state)
{
    struct pulih_policy *p =
        load_with_own(*state, "{ id = \"late\"; axis = \"department\"; value = \"delivery\"; weight = 3;",
                      "{ id = \"own\"; axis = \"department\"; value = \"branches_2\"; weight = 3;");
    struct pulih_classification c = classify(p, "Antre terlambat dibuka.");

    assert_int_equal(c.value[PULIH_AXIS_department], BRANCHES);
    assert_int_equal(c.confidence[PULIH_AXIS_department], 75);
    size_t own = 0;
    while (own < c.n_evidence && strcmp(c.evidence[own].rule, "own") != 0)
        own++;
    assert_true(own < c.n_evidence);
    assert_int_equal(c.evidence[own].value, BRANCHES);
    pulih_policy_free(p);
}

static void tiers_go_by_them(void **state)
{
    struct pulih_policy *p =
        load_with_own(*state, "tier = \"important\"; gravity = \"safety\";",
                      "tier = \"important\"; department = [ \"delivery\", \"branches_2\" ];");
    struct pulih_classification c = classify(p, "Antre terlambat dibuka.");

    assert_int_equal(p->tiers[0].when.any[PULIH_AXIS_department],
                     1u << PULIH_department_delivery | 1u << BRANCHES);
    assert_int_equal(c.value[PULIH_AXIS_tier], PULIH_tier_important);
    pulih_policy_free(p);
}

/* --- models ------------------------------------------------------------------------------------------------ */

static void add(struct pulih_corpus *corpus, const char *label, const char *text)
{
    for (int i = 0; i < 8; i++) {
        corpus->examples = realloc(corpus->examples, (corpus->n + 1) * sizeof *corpus->examples);
        corpus->examples[corpus->n++] =
            (struct pulih_example){pulih_corpus_label(corpus, pulih_view_of(label)), pulih_view_of(text)};
    }
}

static struct pulih_model *a_model(void)
{
    struct pulih_corpus corpus = {0};
    struct pulih_buf bytes PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_buf why PULIH_AUTO(pulih_buf_free) = {0};

    add(&corpus, "warranty", "garansi ditolak padahal kartunya ada");
    add(&corpus, "delivery", "kurir tidak datang juga hari ini");
    assert_true(
        pulih_train(&(const struct pulih_training){.axis = "department", .texts = &corpus}, &bytes, &why));
    pulih_corpus_free(&corpus);
    return pulih_model_load(pulih_view_of_buf(&bytes), &why);
}

static void models_vote_for_them(void **state)
{
    struct pulih_policy *p = load_with_own(*state, "", "");
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_view lost = {0};
    const char *story = "garansi saya ditolak, kartunya ada";

    assert_false(pulih_models_add(&p->models, a_model(), NULL, &why));
    assert_string_equal(
        pulih_buf_text(&why),
        "its label warranty is no word of the axis department, which are product, price, service, "
        "delivery, payment, technical, other\n");
    assert_true(pulih_models_add(&p->models, a_model(), &p->vocabulary, &why));
    assert_true(pulih_models_join(&p->models, &why));
    assert_int_equal(classify(p, story).best[PULIH_AXIS_department], WARRANTY);
    /* What a policy drops has no vote any more; what it takes back has one again. */
    assert_int_equal(pulih_models_tie_again(&p->models.at[0], NULL, &lost), 1);
    assert_true(pulih_view_is(lost, "warranty"));
    assert_int_not_equal(classify(p, story).best[PULIH_AXIS_department], WARRANTY);
    assert_int_equal(classify(p, "kurir tidak datang hari ini").best[PULIH_AXIS_department],
                     PULIH_department_delivery);
    assert_int_equal(pulih_models_tie_again(&p->models.at[0], &p->vocabulary, &lost), 0);
    assert_int_equal(classify(p, story).best[PULIH_AXIS_department], WARRANTY);
    pulih_policy_free(p);
}

/* --- words alone ------------------------------------------------------------------------------------------- */

static void words_are_read_from_a_policy_with_other_faults(void **state)
{
    const struct policy_folder *f = *state;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    pulih_policy_free(load_with_own(f, "", ""));
    struct pulih_policy *p = pulih_policy_load_words(f->main, &why);
    assert_non_null(p);
    assert_int_equal(p->vocabulary.n, 2);
    assert_null(p->rules);
    pulih_policy_free(p);
    put_changed_policy(f, "offers_max = 3;", "offers_max = 0; departments = ( { name = \"x\"; } );");
    assert_null(pulih_policy_load_words(f->main, &why));
    assert_non_null(strstr(pulih_buf_text(&why), "departments[0]: number is missing"));
    assert_null(strstr(pulih_buf_text(&why), "offers_max"));
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_policy_folder, remove_policy_folder)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(words_and_numbers),
        WITH_FOLDER(posts_answer_for_them),
        WITH_FOLDER(they_have_ladders),
        WITH_FOLDER(rules_vote_for_them),
        WITH_FOLDER(tiers_go_by_them),
        WITH_FOLDER(models_vote_for_them),
        WITH_FOLDER(words_are_read_from_a_policy_with_other_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
