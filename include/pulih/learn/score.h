/* How good guesses are: accuracy; precision, recall and F1 by label; confusions; coverage with accuracy. */
#ifndef PULIH_LEARN_SCORE_H
#define PULIH_LEARN_SCORE_H

#include <stddef.h>
#include <stdint.h>

enum { PULIH_SCORE_STEPS = 101 };

struct pulih_score {
    size_t n_labels;
    size_t n, right;
    uint32_t *confusion; /* [true label * n_labels + guessed label] */
    /* By confidence in hundredths, 0 to 100. */
    uint32_t at[PULIH_SCORE_STEPS], right_at[PULIH_SCORE_STEPS];
};

struct pulih_score_class {
    size_t support, guessed, right;
    double precision, recall, f1; /* 0 where there is nothing to divide by */
};

struct pulih_score_part {
    double coverage, accuracy; /* of what has at least a confidence; accuracy 0 when that is nothing */
    size_t n;
};

void pulih_score_start(struct pulih_score *score, size_t n_labels);
void pulih_score_add(struct pulih_score *score, size_t truth, size_t guess, double confidence);
void pulih_score_free(struct pulih_score *score);

double pulih_score_accuracy(const struct pulih_score *score);
struct pulih_score_class pulih_score_class(const struct pulih_score *score, size_t label);
/* Mean F1 of the labels that are true or guessed somewhere. */
double pulih_score_macro_f1(const struct pulih_score *score);
struct pulih_score_part pulih_score_part(const struct pulih_score *score, unsigned least_confidence);

#endif
