#include "pulih/learn/train.h"
#include "pulih/base/arena.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"
#include "pulih/learn/score.h"
#include "services/common/learn/balance.h"
#include "services/common/learn/calibrate.h"
#include "services/common/learn/linear.h"
#include "services/common/learn/model_write.h"

/* Costs that are tried, the cheapest first, until a dearer one is no better. */
static const double costs[] = {0.05, 0.15, 0.5};
enum { FOLDS = 4, MILLION = 1000 * 1000 };

struct work {
    const struct pulih_training *training;
    struct pulih_vectors vectors;
    size_t n_labels;
    struct pulih_view *names; /* ascending */
    uint32_t *labels;         /* of each text, by the order of names */
    uint8_t *folds;
    float *held_out, *best_held_out; /* scores by models that did not learn from the text */
    struct pulih_model_about about;
    double cost;
    float *offsets; /* of each label */
    float temperature;
};

/* --- labels and folds ---------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
    const struct pulih_view *one = a, *other = b;
    int order = memcmp(one->at, other->at, one->len < other->len ? one->len : other->len);

    return order ? order : (one->len > other->len) - (one->len < other->len);
}

static size_t place_of(const struct work *w, struct pulih_view name)
{
    struct pulih_view *found = bsearch(&name, w->names, w->n_labels, sizeof name, by_bytes);

    return found ? (size_t)(found - w->names) : w->n_labels;
}

/* Texts of a label go to the folds in turn, so that each fold has its share of them. */
static void name_labels(struct work *w)
{
    const struct pulih_corpus *c = w->training->texts;
    uint32_t *seen = pulih_zeroed(c->n_labels, sizeof *seen);

    w->n_labels = c->n_labels;
    w->names = pulih_zeroed(c->n_labels, sizeof *w->names);
    memcpy(w->names, c->labels, c->n_labels * sizeof *w->names);
    qsort(w->names, w->n_labels, sizeof *w->names, by_bytes);
    w->labels = pulih_zeroed(c->n, sizeof *w->labels);
    w->folds = pulih_zeroed(c->n, sizeof *w->folds);
    for (size_t i = 0; i < c->n; i++) {
        uint32_t label = c->examples[i].label;

        w->labels[i] = (uint32_t)place_of(w, c->labels[label]);
        w->folds[i] = (uint8_t)((seen[label]++ + label) % FOLDS);
    }
    free(seen);
}

/* --- texts held out ------------------------------------------------------------------------------------- */

static void hold_out(struct work *w, double cost)
{
    for (int fold = 0; fold < FOLDS; fold++) {
        struct pulih_linear linear;
        const struct pulih_lesson lesson = {.vectors = &w->vectors,
                                            .labels = w->labels,
                                            .n_labels = w->n_labels,
                                            .fold = w->folds,
                                            .without = fold,
                                            .cost = cost};

        pulih_linear_fit(&lesson, &linear);
        for (size_t i = 0; i < w->vectors.n; i++)
            if (w->folds[i] == fold)
                pulih_linear_score(&linear, &w->vectors, i, w->n_labels, w->held_out + i * w->n_labels);
        pulih_linear_free(&linear);
    }
}

static size_t best_of(const float *scores, size_t n)
{
    size_t best = 0;

    for (size_t k = 1; k < n; k++)
        if (scores[k] > scores[best])
            best = k;
    return best;
}

static uint32_t millionths(double share)
{
    return (uint32_t)lrint(share * MILLION);
}

/* What counts: how many are right, and how well the small labels do. */
static double judge_held_out(const struct work *w, struct pulih_model_about *about)
{
    struct pulih_score score;

    pulih_score_start(&score, w->n_labels);
    for (size_t i = 0; i < w->vectors.n; i++)
        pulih_score_add(&score, w->labels[i], best_of(w->held_out + i * w->n_labels, w->n_labels), 0);
    double accuracy = pulih_score_accuracy(&score), macro_f1 = pulih_score_macro_f1(&score);
    about->accuracy = millionths(accuracy);
    about->macro_f1 = millionths(macro_f1);
    pulih_score_free(&score);
    return accuracy + macro_f1;
}

/* --- offsets -------------------------------------------------------------------------------------------- */

static void add_offsets(const struct work *w, const float *offsets, float *scores)
{
    for (size_t k = 0; k < w->n_labels; k++)
        scores[k] += offsets[k];
}

/* Fills w->held_out with the best scores, each fold with offsets that the others gave it. */
static void balance_folds(struct work *w, struct pulih_held_out *scores)
{
    memcpy(w->held_out, w->best_held_out, w->vectors.n * w->n_labels * sizeof *w->held_out);
    for (scores->without = 0; scores->without < FOLDS; scores->without++) {
        pulih_balance(scores, w->offsets);
        for (size_t i = 0; i < w->vectors.n; i++)
            if (w->folds[i] == scores->without)
                add_offsets(w, w->offsets, w->held_out + i * w->n_labels);
    }
}

/* Accuracy and macro-F1 together; less is chance. */
static const double GAIN_LEAST = 0.02;

/* Labels get offsets if that proves good on texts that had no part in them. */
static void choose_offsets(struct work *w)
{
    struct pulih_held_out scores = {.scores = w->best_held_out,
                                    .truth = w->labels,
                                    .n = w->vectors.n,
                                    .n_labels = w->n_labels,
                                    .fold = w->folds};
    struct pulih_model_about without = w->about;

    w->offsets = pulih_zeroed(w->n_labels, sizeof *w->offsets);
    balance_folds(w, &scores);
    double now = judge_held_out(w, &w->about);
    if ((now - GAIN_LEAST) * MILLION < (double)without.accuracy + (double)without.macro_f1) {
        w->about = without;
        memset(w->offsets, 0, w->n_labels * sizeof *w->offsets);
        return;
    }
    scores.without = -1;
    pulih_balance(&scores, w->offsets);
    memcpy(w->best_held_out, w->held_out, w->vectors.n * w->n_labels * sizeof *w->held_out);
}

/* Odds grow by a factor where scores grow by its logarithm. */
static void favour(struct work *w)
{
    const struct pulih_training *t = w->training;

    if (t->favoured.len)
        w->offsets[place_of(w, t->favoured)] += logf((float)t->favour) / w->temperature;
}

static void choose_cost(struct work *w)
{
    size_t bytes = w->vectors.n * w->n_labels * sizeof *w->held_out;
    double best = -1;

    w->held_out = pulih_zeroed(bytes, 1);
    w->best_held_out = pulih_zeroed(bytes, 1);
    for (size_t i = 0; i < PULIH_COUNT(costs); i++) {
        struct pulih_model_about about = w->about;

        hold_out(w, costs[i]);
        double now = judge_held_out(w, &about);
        if (now <= best)
            break;
        best = now;
        w->cost = costs[i];
        w->about = about;
        memcpy(w->best_held_out, w->held_out, bytes);
    }
    w->about.cost_millis = (uint32_t)lrint(w->cost * 1000);
    choose_offsets(w);
    w->temperature = pulih_calibrate(w->best_held_out, w->labels, w->vectors.n, w->n_labels);
    favour(w);
}

/* --- the model ------------------------------------------------------------------------------------------ */

static void fingerprint(const struct pulih_corpus *c, uint8_t set[PULIH_MODEL_SET])
{
    crypto_generichash_state hash;

    crypto_generichash_init(&hash, NULL, 0, PULIH_MODEL_SET);
    for (size_t i = 0; i < c->n; i++) {
        const struct pulih_view parts[] = {c->labels[c->examples[i].label], PULIH_VIEW("\t"),
                                           c->examples[i].text, PULIH_VIEW("\n")};
        for (size_t k = 0; k < PULIH_COUNT(parts); k++)
            crypto_generichash_update(&hash, (const unsigned char *)parts[k].at, parts[k].len);
    }
    crypto_generichash_final(&hash, set, PULIH_MODEL_SET);
}

/* What the finished model makes of texts of their own; a label that it does not have is always missed. */
static void judge_dev(const struct work *w, struct pulih_view bytes, struct pulih_model_about *about)
{
    const struct pulih_corpus *dev = w->training->dev;
    struct pulih_buf why PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_model *model = pulih_model_load(bytes, &why);
    PULIH_UNSET struct pulih_judgement judgement;
    struct pulih_score score;

    pulih_must(model);
    pulih_score_start(&score, w->n_labels + dev->n_labels);
    for (size_t i = 0; i < dev->n; i++) {
        size_t label = dev->examples[i].label, truth = place_of(w, dev->labels[label]);

        pulih_model_judge(model, dev->examples[i].text, &judgement);
        pulih_score_add(&score, truth < w->n_labels ? truth : w->n_labels + label, judgement.best, 0);
    }
    about->dev_texts = (uint32_t)dev->n;
    about->dev_accuracy = millionths(pulih_score_accuracy(&score));
    about->dev_macro_f1 = millionths(pulih_score_macro_f1(&score));
    pulih_score_free(&score);
    pulih_model_free(model);
}

/* Of two labels there is one score, which speaks for the second and against the first. */
static void shift(struct pulih_linear *linear, const float *offsets, size_t n_labels)
{
    float *last = linear->weights + linear->n_columns * linear->n_weights;

    if (n_labels == 2)
        last[0] += (offsets[1] - offsets[0]) / 2;
    for (size_t k = 0; k < n_labels && n_labels > 2; k++)
        last[k] += offsets[k];
}

static void make_model(struct work *w, struct pulih_buf *ret)
{
    struct pulih_linear linear;
    const struct pulih_lesson lesson = {.vectors = &w->vectors,
                                        .labels = w->labels,
                                        .n_labels = w->n_labels,
                                        .fold = w->folds,
                                        .without = -1,
                                        .cost = w->cost};
    size_t before = ret->len;

    pulih_linear_fit(&lesson, &linear);
    shift(&linear, w->offsets, w->n_labels);
    pulih_model_write(&w->about, &w->vectors, &linear, w->temperature, w->training->rows_max, ret);
    if (w->training->dev) {
        judge_dev(w, (struct pulih_view){ret->at + before, ret->len - before}, &w->about);
        ret->len = before;
        pulih_model_write(&w->about, &w->vectors, &linear, w->temperature, w->training->rows_max, ret);
    }
    pulih_linear_free(&linear);
}

static bool has_label(const struct pulih_corpus *c, struct pulih_view label)
{
    for (size_t i = 0; i < c->n_labels; i++)
        if (pulih_view_same(c->labels[i], label))
            return true;
    return false;
}

static bool check(const struct pulih_training *t, struct pulih_buf *why)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t len = strlen(t->axis);

    if (len == 0 || len > PULIH_AXIS_MAX_BYTES || strspn(t->axis, letters) != len)
        pulih_buf_addf(why, "an axis has up to %d small letters, digits and _, such as department; got %s\n",
                       PULIH_AXIS_MAX_BYTES, t->axis);
    else if (t->texts->n_labels < 2)
        pulih_buf_addf(why, "all texts have one label; a model needs two or more to choose from\n");
    else if (t->texts->n_labels > PULIH_LABELS_MAX)
        pulih_buf_addf(why, "%zu labels, at most %d can be learned; is the text in the first column?\n",
                       t->texts->n_labels, PULIH_LABELS_MAX);
    else if (t->favoured.len && !has_label(t->texts, t->favoured))
        pulih_buf_addf(why, "no text has the label %.*s that is to be favoured\n",
                       PULIH_VIEW_ARG(t->favoured));
    else
        return true;
    return false;
}

bool pulih_train(const struct pulih_training *training, struct pulih_buf *ret, struct pulih_buf *why)
{
    struct work w = {.training = training, .about = {.axis = training->axis}};

    if (!check(training, why))
        return false;
    name_labels(&w);
    w.about.labels = w.names;
    w.about.n_labels = w.n_labels;
    w.about.texts = (uint32_t)training->texts->n;
    fingerprint(training->texts, w.about.set);
    pulih_vectors_make(training->texts, &w.vectors);
    choose_cost(&w);
    make_model(&w, ret);
    pulih_vectors_free(&w.vectors);
    free(w.names);
    free(w.labels);
    free(w.folds);
    free(w.held_out);
    free(w.best_held_out);
    free(w.offsets);
    return true;
}
