/* Learning: features of texts, files of texts, scores, and a model from its texts to its judgement and back
 * through bytes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "pulih/base/file.h"
#include "pulih/core/features.h"
#include "pulih/core/models.h"
#include "pulih/learn/score.h"
#include "pulih/learn/train.h"
#include "services/common/learn/balance.h"

/* --- features -------------------------------------------------------------------------------------------- */

static struct pulih_features *features_of(const char *text, size_t len)
{
    static struct pulih_features features;

    pulih_features_of((struct pulih_view){text, len}, &features);
    return &features;
}

static const struct pulih_feature *first_of(const struct pulih_features *f, enum pulih_feature_kind kind)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->items[i].kind == kind)
            return &f->items[i];
    return NULL;
}

static void features_fold_case_accents_and_digits(void **state)
{
    static const char *const alike[][2] = {
        {"Kurir TERLAMBAT", "kurir terlambat"},
        {"kopi caf\xc3\xa9", "KOPI CAFE"},
        {"kode 123", "kode 987"},
        {"lamaaaa sekali", "lama sekali"},
    };
    (void)state;

    for (size_t i = 0; i < PULIH_COUNT(alike); i++) {
        struct pulih_features one = *features_of(alike[i][0], strlen(alike[i][0]));
        struct pulih_features *other = features_of(alike[i][1], strlen(alike[i][1]));

        assert_int_equal(one.n, other->n);
        for (size_t k = 0; k < one.n; k++)
            assert_int_equal(one.items[k].hash, other->items[k].hash);
    }
}

static void features_say_where_they_stand(void **state)
{
    static const char text[] = "Maaf. Kurir lama, kurir lama";
    (void)state;
    struct pulih_features *f = features_of(text, strlen(text));
    const struct pulih_feature *pair = first_of(f, PULIH_FEATURE_pair);
    size_t twice = 0;

    assert_int_equal(pair->at, 12); /* no pair goes over the end of a sentence */
    assert_int_equal(pair->len, 4);
    for (size_t i = 0; i < f->n; i++)
        twice += f->items[i].kind == PULIH_FEATURE_word && f->items[i].times == 2;
    assert_int_equal(twice, 2);
}

static void features_have_length_one(void **state)
{
    static const char text[] = "paket belum sampai, paket belum dikirim";
    (void)state;
    struct pulih_features *f = features_of(text, strlen(text));
    float said = 0, spelt = 0;

    for (size_t i = 0; i < f->n; i++) {
        float value = f->items[i].value;
        *(f->items[i].kind == PULIH_FEATURE_piece ? &spelt : &said) += value * value;
    }
    assert_true(fabsf(said - 1) < 1e-4f && fabsf(spelt - 1) < 1e-4f);
    assert_int_equal(features_of("", 0)->n, 0);
}

/* A mebibyte of anything costs no more than its length says: the time of an ordinary text of that length. */
static void hostile_texts_are_read_like_others(void **state)
{
    enum { LEN = 1024 * 1024 };
    static const char *const units[] = {"a",
                                        "\xf0\x9f\x98\xa1",
                                        "\xd8\xa7\xd9\x84\xe2\x80\xae",
                                        "\xff\xc0\x80",
                                        "z\xcc\x81\xcc\x82",
                                        "\xef\xb7\xba",
                                        " ",
                                        "0",
                                        "kata lain "};
    char *text = malloc(LEN + 32);
    (void)state;

    for (size_t u = 0; u < PULIH_COUNT(units); u++) {
        size_t len = strlen(units[u]);
        clock_t start = clock();

        for (size_t at = 0; at < LEN; at += len)
            memcpy(text + at, units[u], len);
        assert_true(features_of(text, LEN)->n <= PULIH_FEATURES_MAX);
        assert_true(clock() - start < CLOCKS_PER_SEC / 2);
    }
    free(text);
}

/* --- corpora --------------------------------------------------------------------------------------------- */

static char path[] = "learn_test.XXXXXX";

static void put(const char *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static void corpus_reads_lines(void **state)
{
    static const char file[] = "\xef\xbb\xbfgood\tone\ttab more\r\n\nbad\ttwo\ngood\tthree";
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus c = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    (void)state;

    put(file, strlen(file));
    assert_true(pulih_corpus_read(&c, path, &why));
    assert_int_equal(c.n, 3);
    assert_int_equal(c.n_labels, 2);
    assert_true(pulih_view_is(c.examples[0].text, "one\ttab more"));
    assert_int_equal(c.examples[2].label, c.examples[0].label);
    assert_int_equal(why.len, 0);
}

static void corpus_tells_what_is_wrong(void **state)
{
    static const struct {
        const char *file, *fault;
    } rows[] = {
        {"good\tone\nno tab here\n", ":2: no tab"},
        {"\ttext\n", ":1: the label before the tab is empty"},
        {"good\t\n", ":1: there is no text"},
        {"good\t\xff\xfe\n", ":1: not UTF-8"},
        {"\n\n", ": no line in it"},
        {"a\tb\nx\n\ny\n", ":4: no tab"},
    };
    (void)state;

    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        PULIH_AUTO(pulih_corpus_free) struct pulih_corpus c = {0};
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

        put(rows[i].file, strlen(rows[i].file));
        assert_false(pulih_corpus_read(&c, path, &why));
        assert_non_null(strstr(pulih_buf_text(&why), rows[i].fault));
    }
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus none = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    assert_false(pulih_corpus_read(&none, "no/such/file", &why));
    assert_non_null(strstr(pulih_buf_text(&why), "no/such/file: No such file"));
}

/* --- scores ---------------------------------------------------------------------------------------------- */

static void scores_are_counted(void **state)
{
    static const struct {
        size_t truth, guess;
        double confidence;
    } rows[] = {{0, 0, 0.9}, {0, 0, 0.8}, {0, 1, 0.3}, {1, 1, 0.95}, {2, 1, 0.2}, {1, 1, 1.0}};
    struct pulih_score s;
    (void)state;

    pulih_score_start(&s, 4);
    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        pulih_score_add(&s, rows[i].truth, rows[i].guess, rows[i].confidence);
    assert_true(fabs(pulih_score_accuracy(&s) - 4.0 / 6) < 1e-9);
    assert_true(fabs(pulih_score_class(&s, 0).f1 - 0.8) < 1e-9);
    assert_true(fabs(pulih_score_class(&s, 1).precision - 0.5) < 1e-9);
    assert_true(pulih_score_class(&s, 2).recall == 0);
    /* The fourth label neither is nor is guessed: it does not count. */
    assert_true(fabs(pulih_score_macro_f1(&s) - (0.8 + 2.0 / 3 + 0) / 3) < 1e-9);
    assert_int_equal(pulih_score_part(&s, 80).n, 4);
    assert_true(pulih_score_part(&s, 80).accuracy == 1);
    assert_true(pulih_score_part(&s, 0).coverage == 1);
    pulih_score_free(&s);
}

/* --- models ---------------------------------------------------------------------------------------------- */

enum { EACH = 30 };

static const char *const things[] = {"mirror", "lamp", "table", "chair", "radio", "clock"};
static const struct {
    const char *label, *about;
} kinds[] = {
    {"delivery", "the courier brought my %s late, the parcel is not here"},
    {"payment", "the refund for the %s is not in my account, money was taken"},
    {"product", "this %s is broken and scratched, poor quality"},
};

static void make_corpus(size_t n_kinds, struct pulih_corpus *ret)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf file = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    for (size_t i = 0; i < EACH * n_kinds; i++) {
        pulih_buf_addf(&file, "%s\t%zu ", kinds[i % n_kinds].label, i);
        char text[200];
        const char *about = kinds[i % n_kinds].about, *hole = strstr(about, "%s");
        snprintf(text, sizeof text, "%.*s%s%s", (int)(hole - about), about,
                 things[i / n_kinds % PULIH_COUNT(things)], hole + 2);
        pulih_buf_addf(&file, "%s\n", text);
    }
    put(file.at, file.len);
    assert_true(pulih_corpus_read(ret, path, &why));
}

static void train(size_t n_kinds, struct pulih_buf *bytes)
{
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus c = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    make_corpus(n_kinds, &c);
    assert_true(pulih_train(&(const struct pulih_training){.axis = "department", .texts = &c, .dev = &c},
                            bytes, &why));
}

static const char *judge(const struct pulih_model *model, const char *text, float *probability)
{
    static char name[PULIH_LABEL_MAX_BYTES + 1];
    struct pulih_judgement j;

    pulih_model_judge(model, pulih_view_of(text), &j);
    struct pulih_view label = pulih_model_about(model)->labels[j.best];

    *probability = j.probability[j.best];
    snprintf(name, sizeof name, "%.*s", PULIH_VIEW_ARG(label));
    return name;
}

static void a_model_learns(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    (void)state;

    for (size_t n = 2; n <= PULIH_COUNT(kinds); n++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
        float p;

        train(n, &bytes);
        struct pulih_model *model = pulih_model_load(pulih_view_of_buf(&bytes), &why);
        assert_non_null(model);
        const struct pulih_model_about *about = pulih_model_about(model);
        assert_int_equal(about->n_labels, n);
        assert_int_equal(about->texts, EACH * n);
        assert_int_equal(about->dev_texts, EACH * n);
        assert_int_equal(about->dev_accuracy, 1000000);
        assert_string_equal(judge(model, "my courier is late again", &p), "delivery");
        assert_true(p > 0.6f);
        assert_string_equal(judge(model, "where is the refund, I want my money", &p), "payment");
        assert_true(p > 0.6f);
        pulih_model_free(model);
    }
}

/* Of one label against all others, by a model that favours it `favour` times. */
static double odds_of_payment(size_t n_kinds, uint32_t favour)
{
    static const char text[] = "my courier, the refund and a table";
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus c = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_training training = {.axis = "department", .texts = &c};
    struct pulih_judgement j;

    make_corpus(n_kinds, &c);
    if (favour) {
        training.favoured = PULIH_VIEW("payment");
        training.favour = favour;
    }
    assert_true(pulih_train(&training, &bytes, &why));
    struct pulih_model *model = pulih_model_load(pulih_view_of_buf(&bytes), &why);
    assert_non_null(model);
    pulih_model_judge(model, pulih_view_of(text), &j);
    pulih_model_free(model);
    return (double)j.probability[1] / (1 - (double)j.probability[1]);
}

static void a_favoured_label_has_better_odds(void **state)
{
    (void)state;

    for (size_t n = 2; n <= PULIH_COUNT(kinds); n++) {
        double before = odds_of_payment(n, 0);

        assert_true(fabs(odds_of_payment(n, 1) / before - 1) < 1e-3);
        assert_true(fabs(odds_of_payment(n, 8) / before - 8) < 1e-2);
    }
}

static void a_model_gives_reasons(void **state)
{
    static const char text[] = "Hello, the refund of my money please";
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_model_reason reasons[2];
    (void)state;

    train(3, &bytes);
    struct pulih_model *model = pulih_model_load(pulih_view_of_buf(&bytes), &why);
    struct pulih_judgement j;
    pulih_model_judge(model, pulih_view_of(text), &j);
    assert_int_equal(j.best, 1);
    assert_int_equal(pulih_model_reasons(model, pulih_view_of(text), reasons, 2), 2);
    assert_true(reasons[0].weight >= reasons[1].weight);
    for (size_t i = 0; i < 2; i++)
        assert_true(strncmp(text + reasons[i].at, "refund", 6) == 0 ||
                    strncmp(text + reasons[i].at, "money", 5) == 0);
    pulih_model_free(model);
}

static void training_is_the_same_twice(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf one = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf other = {0};
    (void)state;

    train(3, &one);
    train(3, &other);
    assert_int_equal(one.len, other.len);
    assert_memory_equal(one.at, other.at, one.len);
}

static void damaged_models_are_refused(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
    (void)state;

    train(2, &bytes);
    for (size_t i = 0; i < bytes.len; i += i < 200 ? 1 : 97) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

        assert_null(pulih_model_load((struct pulih_view){bytes.at, i}, &why));
        bytes.at[i] ^= 4;
        assert_null(pulih_model_load(pulih_view_of_buf(&bytes), &why));
        bytes.at[i] ^= 4;
        assert_true(why.len > 0 && why.at[why.len - 1] == '\n');
    }
}

/* Whoever writes a model can write its digest, too: what lies behind is looked at all the same. */
static void forged_models_are_refused_or_used(void **state)
{
    static const size_t digest_at = 8 + 4, covered_at = 8 + 4 + PULIH_MODEL_DIGEST;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
    size_t refused = 0, used = 0;
    (void)state;

    train(2, &bytes);
    for (size_t i = covered_at; i < bytes.len; i += i < covered_at + 400 ? 1 : 97) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

        bytes.at[i] ^= (char)0x80;
        crypto_generichash((unsigned char *)bytes.at + digest_at, PULIH_MODEL_DIGEST,
                           (const unsigned char *)bytes.at + covered_at, bytes.len - covered_at, NULL, 0);
        struct pulih_model *model = pulih_model_load(pulih_view_of_buf(&bytes), &why);
        assert_true(model || (why.len > 0 && why.at[why.len - 1] == '\n'));
        refused += !model;
        used += model != NULL;
        pulih_model_free(model);
        bytes.at[i] ^= (char)0x80;
    }
    assert_true(refused > 50 && used > 50);
}

static void training_refuses(void **state)
{
    static const struct {
        const char *axis, *file, *favoured, *fault;
    } rows[] = {
        {"department", "good\tone\ngood\ttwo\n", "", "one label"},
        {"De-partment", "good\tone\nbad\ttwo\n", "", "an axis has"},
        {"", "good\tone\nbad\ttwo\n", "", "an axis has"},
        {"department", "good\tone\nbad\ttwo\n", "goo", "no text has the label goo"},
    };
    (void)state;

    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        PULIH_AUTO(pulih_corpus_free) struct pulih_corpus c = {0};
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};

        put(rows[i].file, strlen(rows[i].file));
        assert_true(pulih_corpus_read(&c, path, &why));
        const struct pulih_training training = {
            .axis = rows[i].axis, .texts = &c, .favoured = pulih_view_of(rows[i].favoured), .favour = 2};
        assert_false(pulih_train(&training, &bytes, &why));
        assert_non_null(strstr(pulih_buf_text(&why), rows[i].fault));
        assert_int_equal(bytes.len, 0);
    }
}

/* One text of a label, labels without a common word, texts without a word at all: a model comes out of it. */
static void odd_sets_are_learned(void **state)
{
    static const char *const files[] = {
        "a\tone\nb\ttwo\n",
        "a\t!!!\nb\t???\n",
        "a\tx\nb\ty\nc\tz\nc\tz\nc\tz\nc\tz z\nc\tz\nc\tz\n",
    };
    (void)state;

    for (size_t i = 0; i < PULIH_COUNT(files); i++) {
        PULIH_AUTO(pulih_corpus_free) struct pulih_corpus c = {0};
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
        float p;

        put(files[i], strlen(files[i]));
        assert_true(pulih_corpus_read(&c, path, &why));
        assert_true(pulih_train(&(const struct pulih_training){.axis = "x", .texts = &c}, &bytes, &why));
        struct pulih_model *model = pulih_model_load(pulih_view_of_buf(&bytes), &why);
        assert_non_null(model);
        judge(model, "z", &p);
        assert_true(p >= 0 && p <= 1);
        pulih_model_free(model);
    }
}

/* --- balance --------------------------------------------------------------------------------------------- */

enum { BALANCED = 60, RARE = 12 };

/* Three labels; the last one, with RARE texts, is told well from the others and scored `low` too low. */
static void make_scores(float low, float scores[BALANCED][3], uint32_t truth[BALANCED])
{
    for (size_t i = 0; i < BALANCED; i++) {
        truth[i] = i < RARE ? 2 : i % 2;
        for (uint32_t k = 0; k < 3; k++)
            scores[i][k] = k == truth[i] ? 0.5f : -0.5f;
        scores[i][2] -= low;
        if (truth[i] == 2)
            scores[i][i % 2] = 0.3f;
    }
}

static size_t found_rare(float scores[BALANCED][3], const float offsets[3])
{
    size_t n = 0;

    for (size_t i = 0; i < RARE; i++)
        n += scores[i][2] + offsets[2] > scores[i][i % 2] + offsets[i % 2];
    return n;
}

static void balance_gives_a_rare_label_its_share(void **state)
{
    static float scores[BALANCED][3];
    static uint32_t truth[BALANCED];
    uint8_t fold[BALANCED] = {0};
    struct pulih_held_out h = {
        .scores = &scores[0][0], .truth = truth, .n = BALANCED, .n_labels = 3, .fold = fold, .without = -1};
    float offsets[3], none[3] = {0};
    (void)state;

    make_scores(0.3f, scores, truth);
    assert_int_equal(found_rare(scores, none), 0);
    pulih_balance(&h, offsets);
    assert_int_equal(found_rare(scores, offsets), RARE);
    make_scores(0, scores, truth); /* nothing to mend: nothing is moved */
    pulih_balance(&h, offsets);
    assert_memory_equal(offsets, none, sizeof none);
    make_scores(0.3f, scores, truth); /* what is held out has no part in it */
    for (size_t i = 0; i < RARE; i++)
        fold[i] = 1;
    h.without = 1;
    pulih_balance(&h, offsets);
    assert_int_equal(found_rare(scores, offsets), 0);
}

/* --- votes ----------------------------------------------------------------------------------------------- */

static void models_are_tied_to_axes(void **state)
{
    static const struct {
        const char *axis, *file, *fault;
    } rows[] = {
        {"department", "delivery\tone\npayment\ttwo\n", NULL},
        {"anger", "0\tone\n60\ttwo\n", NULL},
        {"department", "delivery\tone\nnowhere\ttwo\n",
         "its label nowhere is no word of the axis department"},
        {"anger", "0\tone\n101\ttwo\n", "its label 101 is no number from 0 to 100"},
        {"weather", "delivery\tone\npayment\ttwo\n", "there is no axis weather"},
        {"tier", "simple\tone\nnormal\ttwo\n", "follows from the others"},
    };
    (void)state;

    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        PULIH_AUTO(pulih_corpus_free) struct pulih_corpus c = {0};
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
        PULIH_AUTO(pulih_models_free) struct pulih_models models = {0};

        put(rows[i].file, strlen(rows[i].file));
        assert_true(pulih_corpus_read(&c, path, &why));
        assert_true(
            pulih_train(&(const struct pulih_training){.axis = rows[i].axis, .texts = &c}, &bytes, &why));
        struct pulih_model *model = pulih_model_load(pulih_view_of_buf(&bytes), &why);
        assert_int_equal(pulih_models_add(&models, model, NULL, &why), !rows[i].fault);
        assert_int_equal(models.n, !rows[i].fault);
        if (rows[i].fault)
            assert_non_null(strstr(pulih_buf_text(&why), rows[i].fault));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_fold_case_accents_and_digits),
        cmocka_unit_test(features_say_where_they_stand),
        cmocka_unit_test(features_have_length_one),
        cmocka_unit_test(hostile_texts_are_read_like_others),
        cmocka_unit_test(corpus_reads_lines),
        cmocka_unit_test(corpus_tells_what_is_wrong),
        cmocka_unit_test(scores_are_counted),
        cmocka_unit_test(a_model_learns),
        cmocka_unit_test(a_favoured_label_has_better_odds),
        cmocka_unit_test(a_model_gives_reasons),
        cmocka_unit_test(training_is_the_same_twice),
        cmocka_unit_test(damaged_models_are_refused),
        cmocka_unit_test(forged_models_are_refused_or_used),
        cmocka_unit_test(training_refuses),
        cmocka_unit_test(odd_sets_are_learned),
        cmocka_unit_test(balance_gives_a_rare_label_its_share),
        cmocka_unit_test(models_are_tied_to_axes),
    };
    int fd = mkstemp(path);

    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (fd < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove(path);
    return failed;
}
