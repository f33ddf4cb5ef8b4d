#include "pulih/learn/score.h"
#include "pulih/base/arena.h"

#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"

void pulih_score_start(struct pulih_score *score, size_t n_labels)
{
    *score = (struct pulih_score){.n_labels = n_labels};
    score->confusion = pulih_zeroed(n_labels * n_labels, sizeof *score->confusion);
}

void pulih_score_add(struct pulih_score *score, size_t truth, size_t guess, double confidence)
{
    size_t step = confidence > 0 ? (size_t)(confidence * (PULIH_SCORE_STEPS - 1)) : 0;

    pulih_must(truth < score->n_labels && guess < score->n_labels);
    if (step >= PULIH_SCORE_STEPS)
        step = PULIH_SCORE_STEPS - 1;
    score->n++;
    score->right += truth == guess;
    score->confusion[truth * score->n_labels + guess]++;
    score->at[step]++;
    score->right_at[step] += truth == guess;
}

void pulih_score_free(struct pulih_score *score)
{
    free(score->confusion);
    *score = (struct pulih_score){0};
}

static double share(size_t part, size_t all)
{
    return all ? (double)part / (double)all : 0;
}

double pulih_score_accuracy(const struct pulih_score *score)
{
    return share(score->right, score->n);
}

struct pulih_score_class pulih_score_class(const struct pulih_score *score, size_t label)
{
    struct pulih_score_class ret = {.right = score->confusion[label * score->n_labels + label]};

    for (size_t i = 0; i < score->n_labels; i++) {
        ret.support += score->confusion[label * score->n_labels + i];
        ret.guessed += score->confusion[i * score->n_labels + label];
    }
    ret.precision = share(ret.right, ret.guessed);
    ret.recall = share(ret.right, ret.support);
    ret.f1 = share(2 * ret.right, ret.support + ret.guessed);
    return ret;
}

double pulih_score_macro_f1(const struct pulih_score *score)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < score->n_labels; i++) {
        struct pulih_score_class one = pulih_score_class(score, i);

        sum += one.f1;
        n += one.support || one.guessed;
    }
    return n ? sum / (double)n : 0;
}

struct pulih_score_part pulih_score_part(const struct pulih_score *score, unsigned least_confidence)
{
    size_t n = 0, right = 0;

    for (size_t step = least_confidence; step < PULIH_SCORE_STEPS; step++) {
        n += score->at[step];
        right += score->right_at[step];
    }
    return (struct pulih_score_part){.coverage = share(n, score->n), .accuracy = share(right, n), .n = n};
}
