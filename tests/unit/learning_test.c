/* Versions of models as a replica of classification has them: switching at a moment, and what looks on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/msg.h"
#include "pulih/base/must.h"
#include "pulih/host/metrics.h"
#include "pulih/learn/train.h"
#include "services/classification/learning.h"

static const enum pulih_axis AXIS = PULIH_AXIS_department;
enum { AT = 1000 };

static int64_t gauge(const struct pulih_metrics *m, enum pulih_axis_metric which)
{
    return m->axis[which][AXIS];
}

static struct learning *new_learning(void)
{
    struct learning *l = classification_learning.open();

    l->axes[AXIS].known = true;
    l->ready = true;
    return l;
}

/* --- switching -------------------------------------------------------------------------------------------- */

/* Held as far as switching looks at it. */
static void pretend_to_hold(struct learning *l, int32_t version, enum pulih_axis axis)
{
    static char model;

    l->held[l->n_held++] = (struct held){
        .version = version, .voter = {.model = (struct pulih_model *)(void *)&model, .axis = axis}};
}

static void end(struct learning *l)
{
    l->n_held = 0;
    classification_learning.close(l);
}

static void switches_at_the_moment_and_not_before(void **state)
{
    struct learning *l = new_learning();
    struct pulih_metrics m = {0};

    (void)state;
    l->axes[AXIS] = (struct axis_versions){.known = true, .before = 1, .live = 2, .at_us = AT};
    pretend_to_hold(l, 1, AXIS);
    pretend_to_hold(l, 2, AXIS);
    versions_settle(l, &m, AT - 1);
    assert_int_equal(l->axes[AXIS].judging, 1);
    l->mixed_serial = 7;
    versions_settle(l, &m, AT - 1);
    assert_int_equal(l->mixed_serial, 7);
    assert_int_equal(versions_next_us(l, AT - 1), AT);
    versions_settle(l, &m, AT);
    assert_int_equal(l->axes[AXIS].judging, 2);
    assert_int_equal(l->mixed_serial, 0); /* the old one may go: what is made of it must, too */
    assert_int_equal(versions_next_us(l, AT), INT64_MAX);
    assert_int_equal(gauge(&m, PULIH_AXIS_METRIC_model_version), 2);
    assert_int_equal(gauge(&m, PULIH_AXIS_METRIC_model_late), 0);
    end(l);
}

static void the_one_before_goes_on_until_the_new_one_is_there(void **state)
{
    struct learning *l = new_learning();
    struct pulih_metrics m = {0};

    (void)state;
    l->axes[AXIS] = (struct axis_versions){.known = true, .before = 1, .live = 2, .at_us = AT, .judging = 1};
    pretend_to_hold(l, 1, AXIS);
    versions_settle(l, &m, AT);
    assert_int_equal(l->axes[AXIS].judging, 1);
    assert_int_equal(gauge(&m, PULIH_AXIS_METRIC_model_late), 1);
    pretend_to_hold(l, 2, PULIH_AXIS_category); /* of another axis: not it */
    versions_settle(l, &m, AT + 1);
    assert_int_equal(l->axes[AXIS].judging, 1);
    l->held[1].voter.axis = AXIS;
    versions_settle(l, &m, AT + 2);
    assert_int_equal(l->axes[AXIS].judging, 2);
    assert_int_equal(gauge(&m, PULIH_AXIS_METRIC_model_late), 0);
    end(l);
}

static void version_0_needs_nothing(void **state)
{
    struct learning *l = new_learning();
    struct pulih_metrics m = {0};

    (void)state;
    l->axes[AXIS] = (struct axis_versions){.known = true, .before = 1, .at_us = AT, .judging = 1};
    pretend_to_hold(l, 1, AXIS);
    versions_settle(l, &m, AT);
    assert_int_equal(l->axes[AXIS].judging, 0);
    end(l);
}

static void a_version_votes_in_the_place_of_all_others_on_its_axis(void **state)
{
    static char file, other, version;
    struct pulih_models models = {.n = PULIH_MODELS_MAX};
    const struct pulih_voting_model voter = {.model = (struct pulih_model *)(void *)&version, .axis = AXIS};

    (void)state;
    for (size_t i = 0; i < models.n; i++)
        models.at[i].model = (struct pulih_model *)(void *)&other;
    models.at[0].axis = models.at[9].axis = AXIS;
    models.at[0].model = models.at[9].model = (struct pulih_model *)(void *)&file;
    pulih_models_put(&models, &voter);
    assert_int_equal(models.n, PULIH_MODELS_MAX - 1);
    for (size_t i = 0; i + 1 < models.n; i++)
        assert_ptr_equal(models.at[i].model, &other);
    assert_ptr_equal(models.at[models.n - 1].model, &version);
    models = (struct pulih_models){.n = PULIH_MODELS_MAX};
    pulih_models_put(&models, &voter); /* beside as many as a policy may have */
    assert_int_equal(models.n, PULIH_MODELS_MAX + 1);
}

/* --- looking on ------------------------------------------------------------------------------------------- */

/* A model for which each of two words is one department. */
static struct pulih_voting_model taught(const char *kurir, const char *tagihan)
{
    struct pulih_corpus corpus = {0};
    struct pulih_buf bytes PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_buf why PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_models one = {0};

    for (int i = 0; i < 16; i++) {
        const char *label = i % 2 ? kurir : tagihan;
        corpus.examples = realloc(corpus.examples, (corpus.n + 1) * sizeof *corpus.examples);
        corpus.examples[corpus.n++] =
            (struct pulih_example){pulih_corpus_label(&corpus, pulih_view_of(label)),
                                   pulih_view_of(i % 2 ? "kurir tidak datang" : "tagihan tidak benar")};
    }
    bool ok =
        pulih_train(&(const struct pulih_training){.axis = "department", .texts = &corpus}, &bytes, &why);
    pulih_must(ok);
    ok = pulih_models_add(&one, pulih_model_load(pulih_view_of_buf(&bytes), &why), NULL, &why);
    pulih_must(ok);
    pulih_corpus_free(&corpus);
    return one.at[0];
}

static void note(struct learning *l, struct pulih_metrics *m, int64_t number, const char *story)
{
    struct pulih_buf text PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_complaint msg = {0};
    struct pulih_item item = {.row = {.number = number}};
    struct pulih_row_classification row = {.department = PULIH_department_service};

    PULIH_SET(&msg, complaint, story, pulih_view_of(story));
    pulih_msg_encode(PULIH_M_complaint, &msg, PULIH_CLASS_TEXT, &text);
    item.text = pulih_view_of_buf(&text);
    shadow_note(l, m, &item, &row);
}

static struct learning *with_shadow(bool live)
{
    struct learning *l = new_learning();

    l->axes[AXIS].shadow = 2;
    l->held[l->n_held++] = (struct held){.version = 2, .voter = taught("payment", "product")};
    if (live) {
        l->axes[AXIS].live = l->axes[AXIS].judging = 1;
        l->held[l->n_held++] = (struct held){.version = 1, .voter = taught("delivery", "product")};
    }
    return l;
}

static void judge_all(struct learning *l, struct pulih_metrics *m)
{
    struct pulih_policy policy = {0};

    while (l->n_waiting)
        shadow_judge(l, m, &policy);
}

static const struct pair *pair_of(const struct learning *l, uint16_t live, uint16_t shadow)
{
    for (size_t i = 0; i < l->n_pairs; i++)
        if (l->pairs[i].live_word == live && l->pairs[i].shadow_word == shadow)
            return &l->pairs[i];
    fail_msg("no pair %d %d", live, shadow);
    return NULL;
}

static void pairs_are_counted_with_their_last_example(void **state)
{
    struct learning *l = with_shadow(true);
    struct pulih_metrics m = {0};

    (void)state;
    note(l, &m, 11, "kurir tidak datang");
    judge_all(l, &m);
    note(l, &m, 12, "tagihan tidak benar");
    judge_all(l, &m);
    note(l, &m, 13, "kurir tidak datang");
    judge_all(l, &m);
    assert_int_equal(l->n_pairs, 2);
    const struct pair *differs = pair_of(l, PULIH_department_delivery, PULIH_department_payment);
    assert_int_equal(differs->n, 2);
    assert_int_equal(differs->example, 13);
    assert_int_equal(differs->live, 1);
    assert_int_equal(differs->shadow, 2);
    assert_int_equal(pair_of(l, PULIH_department_product, PULIH_department_product)->n, 1);
    assert_int_equal(gauge(&m, PULIH_AXIS_METRIC_shadow_judged_total), 3);
    assert_int_equal(gauge(&m, PULIH_AXIS_METRIC_shadow_differs_total), 2);
    classification_learning.close(l);
}

static void without_a_live_model_the_decision_is_compared(void **state)
{
    struct learning *l = with_shadow(false);
    struct pulih_metrics m = {0};

    (void)state;
    note(l, &m, 11, "kurir tidak datang");
    judge_all(l, &m);
    assert_int_equal(pair_of(l, PULIH_department_service, PULIH_department_payment)->live, 0);
    classification_learning.close(l);
}

static void what_does_not_fit_is_skipped_and_counted(void **state)
{
    struct learning *l = with_shadow(true);
    struct pulih_metrics m = {0};

    (void)state;
    for (int i = 0; i < SHADOW_WAITING_MAX + 5; i++)
        note(l, &m, i, "kurir tidak datang");
    assert_int_equal(l->n_waiting, SHADOW_WAITING_MAX);
    assert_int_equal(gauge(&m, PULIH_AXIS_METRIC_shadow_skipped_total), 5);
    judge_all(l, &m);
    assert_int_equal(gauge(&m, PULIH_AXIS_METRIC_shadow_judged_total), SHADOW_WAITING_MAX);
    l->axes[AXIS].shadow = 0;
    note(l, &m, 1, "kurir tidak datang");
    assert_int_equal(l->n_waiting, 0);
    classification_learning.close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(switches_at_the_moment_and_not_before),
        cmocka_unit_test(the_one_before_goes_on_until_the_new_one_is_there),
        cmocka_unit_test(version_0_needs_nothing),
        cmocka_unit_test(a_version_votes_in_the_place_of_all_others_on_its_axis),
        cmocka_unit_test(pairs_are_counted_with_their_last_example),
        cmocka_unit_test(without_a_live_model_the_decision_is_compared),
        cmocka_unit_test(what_does_not_fit_is_skipped_and_counted),
    };

    return cmocka_run_group_tests_name("learning", tests, NULL, NULL);
}
