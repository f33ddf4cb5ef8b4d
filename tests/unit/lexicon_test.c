/* Texts are added up from their words, of which those met lately are kept: it comes to the same as adding up their
 * features, and nothing that was judged before changes it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/features.h"
#include "pulih/core/policy.h"
#include "services/common/core/lexicon.h"
#include "tests/lib/shipped.h"

static const char texts_path[] = "tests/samples/judging/safety.dev.tsv";

enum { TEXTS = 400 };

/* What comes before the text of a line is as good a text. */
static struct pulih_buf texts[TEXTS];

static void read_texts(void)
{
    static const char *const odd[] = {
        "",
        "a",
        "!!! ??",
        "banana banana ananas banana. banana ananas",
        "kata kata kata kata kata kata kata kata kata kata 12345 67890 12345",
        "sebuahkatayangpanjangnyalebihdariempatbelasbita sebuahkatayangpanjangnyalebihdariempatbelasbita",
        "empatbelasbita limabelasbitaaa caf\xc3\xa9 \xf0\x9f\x98\xa1 \xf0\x9f\x98\xa1 don't don't",
    };
    FILE *f = fopen(texts_path, "re");
    char *line = NULL;
    size_t cap = 0, n = 0;

    assert_non_null(f);
    for (; n < PULIH_COUNT(odd); n++)
        pulih_buf_add_view(&texts[n], pulih_view_of(odd[n]));
    while (n < TEXTS - 1 && getline(&line, &cap, f) > 0)
        pulih_buf_add_view(&texts[n++], pulih_view_of(line));
    assert_int_equal(n, TEXTS - 1);
    for (size_t i = PULIH_COUNT(odd); i < n; i++)
        pulih_buf_add_view(&texts[n], pulih_view_of_buf(&texts[i]));
    free(line);
    fclose(f);
}

/* All that is said of a text. */
struct said {
    struct pulih_text text;
    struct pulih_judgement judgements[PULIH_MODELS_MAX];
    struct pulih_model_tokens tokens;
};

static void judge(const struct pulih_model_index *index, struct pulih_view utf8, struct said *ret)
{
    memset(ret, 0, sizeof *ret);
    pulih_text_read(utf8, &ret->text);
    pulih_model_index_judge(index, &ret->text, ret->judgements, &ret->tokens);
}

static const struct pulih_model_index *index_of(const struct pulih_policy *policy)
{
    assert_non_null(policy->models.index);
    assert_non_null(policy->models.index->lexicon);
    return policy->models.index;
}

/* --- the same as by features --------------------------------------------------------------------------- */

static float score_by_features(const struct pulih_model_index *index, const struct pulih_features *f,
                               size_t lane, size_t m, size_t *ret_n)
{
    static float lanes[PULIH_LANES_MAX];
    int32_t known[PULIH_MODELS_MAX] = {0};

    memset(lanes, 0, sizeof lanes);
    for (size_t i = 0; i < f->n; i++) {
        uint32_t id;

        pulih_model_index_identify(index, &f->items[i].hash, 1, &id);
        pulih_model_index_add(index, id, f->items[i].value, lanes, 1, known);
    }
    *ret_n = (size_t)known[m];
    return index->models[m]->offsets[lane] + lanes[index->lane[m] + lane];
}

/* Labels' probabilities are to each other as the scores say. */
static void check_model(const struct pulih_model_index *index, size_t m, const struct said *said,
                        const struct pulih_features *f)
{
    const struct pulih_judgement *j = &said->judgements[m];
    const struct pulih_model *model = index->models[m];
    size_t n;

    for (size_t k = 1; k < model->about.n_labels; k++) {
        bool two = model->n_weights == 1;
        float last = two ? -score_by_features(index, f, 0, m, &n) : score_by_features(index, f, k - 1, m, &n);
        float score = two ? -last : score_by_features(index, f, k, m, &n);
        float expected = model->temperature * (score - last);

        assert_int_equal(j->n, n);
        assert_true(fabsf(logf(j->probability[k]) - logf(j->probability[k - 1]) - expected) < 0.002f);
    }
}

static void adds_up_to_the_features(void **state)
{
    static struct pulih_features features;
    static struct said said;
    const struct pulih_model_index *index = index_of(*state);

    for (size_t i = 0; i < TEXTS - 1; i++) {
        pulih_features_of(pulih_view_of_buf(&texts[i]), &features);
        judge(index, pulih_view_of_buf(&texts[i]), &said);
        for (size_t m = 0; m < index->n_models; m++)
            check_model(index, m, &said, &features);
    }
}

/* --- whatever was judged before ------------------------------------------------------------------------ */

/* Words that no text has, more than are kept. */
static void fill(const struct pulih_model_index *index)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf words = {0};
    static struct said said;

    for (uint32_t i = 0; i < 2 * PULIH_LEXICON_WORDS; i++) {
        uint32_t letters = i * UINT32_C(2654435769);

        for (int n = 0; n < 8; n++, letters >>= 4)
            pulih_buf_addf(&words, "%c", 'a' + (int)(letters & 15));
        pulih_buf_addf(&words, " ");
        if (words.len < 20000)
            continue;
        judge(index, pulih_view_of_buf(&words), &said);
        pulih_buf_empty(&words);
    }
}

static void check_same(const struct said *a, const struct said *b, size_t n_models)
{
    assert_memory_equal(a->judgements, b->judgements, n_models * sizeof *a->judgements);
    assert_int_equal(a->tokens.n, b->tokens.n);
    assert_memory_equal(a->tokens.weight, b->tokens.weight, a->tokens.n * sizeof *a->tokens.weight);
}

/* Nothing kept; some kept; all kept; others kept. */
static void says_the_same_whatever_came_before(void **state)
{
    static struct pulih_lexicon_reader other;
    static struct pulih_text none;
    static struct said alone[TEXTS], said;
    const struct pulih_model_index *index = index_of(*state);

    pulih_lexicon_open(&other, index, &none);
    assert_non_null(other.kept);
    for (size_t i = 0; i < TEXTS; i++)
        judge(index, pulih_view_of_buf(&texts[i]), &alone[i]);
    pulih_lexicon_close(&other);
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < TEXTS; i++) {
            size_t k = round % 2 ? TEXTS - 1 - i : i;

            judge(index, pulih_view_of_buf(&texts[k]), &said);
            check_same(&said, &alone[k], index->n_models);
        }
        if (round == 1)
            fill(index);
    }
}

/* The use of what is kept is given back; whoever comes meanwhile gets along without. */
static void one_at_a_time_has_the_use(void **state)
{
    static struct pulih_lexicon_reader one, other;
    static struct pulih_text none;
    const struct pulih_model_index *index = index_of(*state);

    pulih_lexicon_open(&one, index, &none);
    pulih_lexicon_open(&other, index, &none);
    assert_non_null(one.kept);
    assert_null(other.kept);
    pulih_lexicon_close(&other);
    pulih_lexicon_open(&other, index, &none);
    assert_null(other.kept);
    pulih_lexicon_close(&one);
    pulih_lexicon_open(&one, index, &none);
    assert_non_null(one.kept);
    pulih_lexicon_close(&one);
}

static int set_up(void **state)
{
    read_texts();
    return load_shipped(state);
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < TEXTS; i++)
        pulih_buf_free(&texts[i]);
    return free_shipped(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_up_to_the_features),
        cmocka_unit_test(says_the_same_whatever_came_before),
        cmocka_unit_test(one_at_a_time_has_the_use),
    };

    return cmocka_run_group_tests_name("lexicon", tests, set_up, tear_down);
}
