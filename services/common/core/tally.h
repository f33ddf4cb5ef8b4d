/* Counts votes and decides an axis, or abstains.
 *
 * A vote weighs whole points and hundredths; both count.
 *
 * One word   The sums of its words compete. Confidence = share of the best word among all that spoke for
 *            some word x strength, which is its sum, at most PULIH_ENOUGH, against PULIH_ENOUGH:
 *            100 * best / all * min(best, ENOUGH) / ENOUGH. A forced word has 100.
 * Many       Each word stands alone: confidence = 100 * min(sum, ENOUGH) / ENOUGH. The axis has that of the
 *            strongest word. Less than a point is not even a guess.
 * Score      The sum, held between 0 and 100. It never abstains: confidence is 100 when anything was cast.
 *
 * What is below the policy's threshold is only the best guess. Equal sums: the smaller number wins.
 */
#ifndef PULIH_CORE_TALLY_H
#define PULIH_CORE_TALLY_H

#include "pulih/core/classify.h"

enum {
    PULIH_ENOUGH = 4,      /* weight that settles a word nobody else claims */
    PULIH_POINT = 100,     /* hundredths in a weight of 1 */
    PULIH_VALUES_MAX = 32, /* words of an axis; masks hold the first 16 */
    PULIH_VOTES_MAX = 320, /* votes that can be named as evidence; later ones count all the same */
};

struct pulih_vote {
    uint8_t axis;
    uint16_t value;
    int weight;
    int hundredths; /* of a point, beside the weight: models weigh finely */
    bool force, veto;
    const char *rule;
    uint16_t at, len; /* bytes of the story; 0, 0: not from the story */
};

struct pulih_tally {
    int sum[PULIH_AXIS_N][PULIH_VALUES_MAX];                                 /* hundredths of a point */
    uint32_t cast[PULIH_AXIS_N], forced[PULIH_AXIS_N], vetoed[PULIH_AXIS_N]; /* bit n: word n */
    size_t n_votes;
    struct pulih_vote votes[PULIH_VOTES_MAX];
};

/* All but `votes`, which is filled as far as n_votes says. */
void pulih_tally_start(struct pulih_tally *tally);
void pulih_tally_cast(struct pulih_tally *tally, struct pulih_vote vote);
/* Fills value, best and confidence of the axis. */
void pulih_tally_decide(const struct pulih_tally *tally, enum pulih_axis axis, uint8_t threshold,
                        struct pulih_classification *ret);
/* Fills the evidence from the votes for what was decided or guessed best: of each axis the strongest, then
 * the others, both by weight. `axes`: bit n for axis n, the others are left out. */
void pulih_tally_explain(const struct pulih_tally *tally, uint32_t axes, struct pulih_classification *ret);

#endif
