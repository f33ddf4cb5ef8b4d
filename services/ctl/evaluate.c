/* pulihctl evaluate: how good a model, or the whole classifier, is on labelled texts. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/learn/corpus.h"
#include "pulih/learn/score.h"
#include "services/ctl/judge.h"
#include "services/ctl/model.h"

enum { CONFUSIONS_SHOWN = 10, COVERAGE_STEP = 10, JSON_DIGITS = 6 };

struct evaluation {
    struct pulih_judge judge;
    struct pulih_corpus corpus; /* its labels are those of the texts, then those that may be guessed */
    uint32_t *guesses;          /* corpus label for each label of the model, or word of the axis */
    struct pulih_score score;
};

struct guess {
    size_t label; /* of the model, or word */
    double confidence;
};

/* --- judging ------------------------------------------------------------------------------------------- */

static struct guess guess(struct evaluation *e, struct pulih_view text)
{
    struct pulih_judge *judge = &e->judge;
    PULIH_UNSET struct pulih_judgement j;
    struct pulih_classification c;

    if (judge->policy) {
        pulih_classify(judge->policy, &(const struct pulih_classify_facts){.story = text}, &c);
        return (struct guess){c.best[judge->axis], c.confidence[judge->axis] / 100.0};
    }
    pulih_model_judge(judge->model, text, &j);
    return (struct guess){j.best, (double)j.probability[j.best]};
}

/* Numbers what may be guessed among the labels of the texts. */
static void name_guesses(struct evaluation *e)
{
    const struct pulih_judge *judge = &e->judge;

    if (judge->model) {
        const struct pulih_model_about *about = pulih_model_about(judge->model);
        e->guesses = pulih_zeroed(about->n_labels, sizeof *e->guesses);
        for (size_t i = 0; i < about->n_labels; i++)
            e->guesses[i] = pulih_corpus_label(&e->corpus, about->labels[i]);
    } else {
        const struct pulih_word *words[PULIH_VOCABULARY_MAX];
        size_t n = pulih_vocabulary_words(&judge->policy->vocabulary,
                                          (enum pulih_words)pulih_axes[judge->axis].words, words);
        e->guesses = pulih_zeroed(PULIH_VOCABULARY_MAX, sizeof *e->guesses);
        for (size_t i = 0; i < n; i++)
            e->guesses[words[i]->number] = pulih_corpus_label(&e->corpus, pulih_view_of(words[i]->word));
    }
}

/* A label that is no word of the axis could only be missed. */
static bool labels_fit(const struct pulih_ctl *ctl, const struct evaluation *e)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf known = {0};
    enum pulih_axis axis = e->judge.axis;
    const enum pulih_words words = (enum pulih_words)pulih_axes[axis].words;

    for (size_t i = 0; e->judge.policy && i < e->corpus.n_labels; i++)
        if (pulih_vocabulary_number(&e->judge.policy->vocabulary, words, e->corpus.labels[i]) < 0) {
            pulih_vocabulary_add(&e->judge.policy->vocabulary, words, &known);
            pulih_ctl_failed(
                ctl,
                "%.*s, a label of these texts, is no word of the axis %s, which are %s; rename it, "
                "or judge with a --model of these labels",
                PULIH_VIEW_ARG(e->corpus.labels[i]), pulih_axes[axis].name, pulih_buf_text(&known));
            return false;
        }
    return true;
}

static void judge_all(struct evaluation *e)
{
    name_guesses(e);
    pulih_score_start(&e->score, e->corpus.n_labels);
    for (size_t i = 0; i < e->corpus.n; i++) {
        struct guess g = guess(e, e->corpus.examples[i].text);
        pulih_score_add(&e->score, e->corpus.examples[i].label, e->guesses[g.label], g.confidence);
    }
}

/* --- for machines -------------------------------------------------------------------------------------- */

static json_t *text_of(struct pulih_view text)
{
    return json_stringn(text.at, text.len);
}

static json_t *classes_json(const struct evaluation *e)
{
    json_t *list = json_array();

    for (size_t i = 0; i < e->score.n_labels; i++) {
        struct pulih_score_class c = pulih_score_class(&e->score, i);
        if (c.support || c.guessed)
            json_array_append_new(list, json_pack("{so sf sf sf sI}", "label", text_of(e->corpus.labels[i]),
                                                  "precision", c.precision, "recall", c.recall, "f1", c.f1,
                                                  "support", (json_int_t)c.support));
    }
    return list;
}

static json_t *coverage_json(const struct pulih_score *score)
{
    json_t *list = json_array();

    for (unsigned least = 0; least < PULIH_SCORE_STEPS; least += COVERAGE_STEP) {
        struct pulih_score_part p = pulih_score_part(score, least);
        json_array_append_new(list, json_pack("{sf sf sf}", "confidence", least / 100.0, "coverage",
                                              p.coverage, "accuracy", p.accuracy));
    }
    return list;
}

static size_t classes_met(const struct pulih_score *score)
{
    size_t n = 0;

    for (size_t i = 0; i < score->n_labels; i++)
        n += pulih_score_class(score, i).support > 0;
    return n;
}

static void print_json(const struct evaluation *e)
{
    json_t *all = json_pack("{sf sf sI sI so so}", "accuracy", pulih_score_accuracy(&e->score), "macro_f1",
                            pulih_score_macro_f1(&e->score), "n", (json_int_t)e->score.n, "classes",
                            (json_int_t)classes_met(&e->score), "per_class", classes_json(e), "coverage",
                            coverage_json(&e->score));

    if (e->judge.policy) {
        struct pulih_score_part p = pulih_score_part(&e->score, e->judge.policy->threshold[e->judge.axis]);
        json_object_set_new(all, "accepted",
                            json_pack("{sf sf}", "coverage", p.coverage, "accuracy", p.accuracy));
    }
    json_dumpf(all, stdout, JSON_REAL_PRECISION(JSON_DIGITS));
    putchar('\n');
    json_decref(all);
}

/* --- for people ---------------------------------------------------------------------------------------- */

static void add_share(struct pulih_ctl_table *t, double share)
{
    char text[16];

    snprintf(text, sizeof text, "%.3f", share);
    pulih_ctl_cell(t, pulih_view_of(text));
}

static void print_classes(const struct evaluation *e)
{
    static const char *const columns[] = {"label", "precision", "recall", "f1", "texts"};
    struct pulih_ctl_table t = {.columns = columns, .n_columns = PULIH_COUNT(columns)};

    for (size_t i = 0; i < e->score.n_labels; i++) {
        struct pulih_score_class c = pulih_score_class(&e->score, i);
        if (!c.support && !c.guessed)
            continue;
        pulih_ctl_cell(&t, e->corpus.labels[i]);
        add_share(&t, c.precision);
        add_share(&t, c.recall);
        add_share(&t, c.f1);
        pulih_ctl_cell_int(&t, (int64_t)c.support);
    }
    pulih_ctl_table_end(&t);
}

/* The most frequent confusion that is rarer than `before`, or as frequent and behind it; n_labels^2: none. */
static size_t next_confusion(const struct pulih_score *score, size_t before)
{
    size_t n = score->n_labels * score->n_labels, best = n;
    const uint32_t *times = score->confusion;

    for (size_t i = 0; i < n; i++) {
        bool wrong = i / score->n_labels != i % score->n_labels && times[i] > 0;
        bool later = before == n || times[i] < times[before] || (times[i] == times[before] && i > before);
        if (wrong && later && (best == n || times[i] > times[best]))
            best = i;
    }
    return best;
}

static void print_confusions(const struct evaluation *e)
{
    static const char *const columns[] = {"is", "taken for", "texts"};
    struct pulih_ctl_table t = {.columns = columns, .n_columns = PULIH_COUNT(columns)};
    size_t n = e->score.n_labels, at = n * n;

    for (int i = 0; i < CONFUSIONS_SHOWN && (at = next_confusion(&e->score, at)) < n * n; i++) {
        pulih_ctl_cell(&t, e->corpus.labels[at / n]);
        pulih_ctl_cell(&t, e->corpus.labels[at % n]);
        pulih_ctl_cell_int(&t, e->score.confusion[at]);
    }
    pulih_ctl_table_end(&t);
}

static void print_coverage(const struct evaluation *e)
{
    static const char *const columns[] = {"confidence from", "coverage", "accuracy", "texts"};
    struct pulih_ctl_table t = {.columns = columns, .n_columns = PULIH_COUNT(columns)};

    for (unsigned least = 0; least < PULIH_SCORE_STEPS; least += COVERAGE_STEP) {
        struct pulih_score_part p = pulih_score_part(&e->score, least);
        add_share(&t, least / 100.0);
        add_share(&t, p.coverage);
        add_share(&t, p.accuracy);
        pulih_ctl_cell_int(&t, (int64_t)p.n);
    }
    pulih_ctl_table_end(&t);
}

static void print_report(const struct evaluation *e)
{
    const struct pulih_judge *judge = &e->judge;

    printf("accuracy %.3f, macro-F1 %.3f, %zu texts, %zu labels\n", pulih_score_accuracy(&e->score),
           pulih_score_macro_f1(&e->score), e->score.n, classes_met(&e->score));
    if (judge->policy) {
        struct pulih_score_part p = pulih_score_part(&e->score, judge->policy->threshold[judge->axis]);
        printf("accepted at the policy's threshold of %d: %.3f of them, accuracy %.3f\n",
               judge->policy->threshold[judge->axis], p.coverage, p.accuracy);
    }
    printf("\nLABELS\n");
    print_classes(e);
    printf("\nMOST FREQUENT CONFUSIONS\n");
    print_confusions(e);
    printf("\nCOVERAGE\n");
    print_coverage(e);
}

static void end(struct evaluation *e)
{
    pulih_ctl_judge_close(&e->judge);
    pulih_corpus_free(&e->corpus);
    pulih_score_free(&e->score);
    free(e->guesses);
}

/* Of corrections only those that training holds out. */
static bool read_texts(const struct pulih_ctl *ctl, struct evaluation *e)
{
    PULIH_AUTO(pulih_corpus_free) struct pulih_corpus older = {0};
    const char *axis =
        e->judge.model ? pulih_model_about(e->judge.model)->axis : pulih_axes[e->judge.axis].name;

    if (!pulih_ctl_option(ctl, "corrections"))
        return pulih_ctl_read_texts(ctl, "tsv", &e->corpus);
    if (pulih_ctl_option(ctl, "tsv")) {
        pulih_ctl_usage(ctl, "either --tsv or --corrections");
        return false;
    }
    return pulih_ctl_read_corrections(ctl, axis, &older, &e->corpus);
}

int pulih_ctl_evaluate(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(end) struct evaluation e = {0};
    int code = pulih_ctl_judge_open(ctl, &e.judge);

    if (code != PULIH_CTL_OK)
        return code;
    if (!read_texts(ctl, &e) || !labels_fit(ctl, &e))
        return PULIH_CTL_FAILED;
    judge_all(&e);
    if (pulih_ctl_option(ctl, "json"))
        print_json(&e);
    else
        print_report(&e);
    return PULIH_CTL_OK;
}
