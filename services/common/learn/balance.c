#include "services/common/learn/balance.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "pulih/base/arena.h"

/* Steps to either side, and how much of the best one is taken: what is best here is too far elsewhere. */
enum { STEPS = 12, ROUNDS = 2 };
static const float STEP = 0.04f, TAKEN = 0.5f;

struct counts {
    size_t texts, guessed, right; /* of a label */
};

struct search {
    const struct pulih_held_out *held_out;
    float *offsets;
    struct counts *now; /* of each label */
    size_t *rival;      /* of each text: the best of the other labels */
    float *lead;        /* of the label that is moved over the rival, before it is moved */
};

static bool is_in(const struct pulih_held_out *h, size_t text)
{
    return h->fold[text] != h->without;
}

static size_t best_but(const struct search *s, size_t text, size_t label)
{
    const float *scores = s->held_out->scores + text * s->held_out->n_labels;
    size_t best = label ? 0 : 1;

    for (size_t k = best + 1; k < s->held_out->n_labels; k++)
        if (k != label && scores[k] + s->offsets[k] > scores[best] + s->offsets[best])
            best = k;
    return best;
}

/* Looks who stands against the label in each text. */
static void find_rivals(struct search *s, size_t label)
{
    const struct pulih_held_out *h = s->held_out;

    for (size_t i = 0; i < h->n; i++) {
        const float *scores = h->scores + i * h->n_labels;
        size_t rival = s->rival[i] = best_but(s, i, label);

        s->lead[i] = scores[label] - scores[rival] - s->offsets[rival];
    }
}

static double judge(struct search *s, size_t label, float offset)
{
    const struct pulih_held_out *h = s->held_out;
    double f1 = 0;
    size_t n = 0, right = 0, spoken_of = 0;

    for (size_t k = 0; k < h->n_labels; k++)
        s->now[k] = (struct counts){0};
    for (size_t i = 0; i < h->n; i++) {
        size_t guess = s->lead[i] + offset > 0 ? label : s->rival[i];
        if (!is_in(h, i))
            continue;
        n++;
        right += guess == h->truth[i];
        s->now[h->truth[i]].texts++;
        s->now[guess].guessed++;
        s->now[guess].right += guess == h->truth[i];
    }
    for (size_t k = 0; k < h->n_labels; k++)
        if (s->now[k].texts + s->now[k].guessed) {
            f1 += 2.0 * (double)s->now[k].right / (double)(s->now[k].texts + s->now[k].guessed);
            spoken_of++;
        }
    return n ? (double)right / (double)n + f1 / (double)spoken_of : 0;
}

static void move(struct search *s, size_t label)
{
    float start = s->offsets[label], best_at = start;

    find_rivals(s, label);
    double best = judge(s, label, start);
    for (int step = -STEPS; step <= STEPS; step++) {
        float at = start + STEP * (float)step;
        double now = judge(s, label, at);

        if (now > best + 1e-9 || (now > best - 1e-9 && fabsf(at - start) < fabsf(best_at - start))) {
            best = now > best ? now : best;
            best_at = at;
        }
    }
    s->offsets[label] = start + TAKEN * (best_at - start);
}

void pulih_balance(const struct pulih_held_out *held_out, float *offsets)
{
    struct search s = {.held_out = held_out,
                       .offsets = offsets,
                       .now = pulih_zeroed(held_out->n_labels, sizeof *s.now),
                       .rival = pulih_zeroed(held_out->n, sizeof *s.rival),
                       .lead = pulih_zeroed(held_out->n, sizeof *s.lead)};

    for (size_t k = 0; k < held_out->n_labels; k++)
        offsets[k] = 0;
    for (int round = 0; round < ROUNDS; round++)
        for (size_t k = 0; k < held_out->n_labels; k++)
            move(&s, k);
    free(s.now);
    free(s.rival);
    free(s.lead);
}
