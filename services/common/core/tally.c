#include "services/common/core/tally.h"

#include <stddef.h>
#include <string.h>

#include "pulih/base/must.h"

/* What settles a word, in the unit of the sums. */
enum { SETTLED = PULIH_ENOUGH * PULIH_POINT };

static int hundredths_of(const struct pulih_vote *vote)
{
    return vote->weight * PULIH_POINT + vote->hundredths;
}

void pulih_tally_start(struct pulih_tally *tally)
{
    memset(tally, 0, offsetof(struct pulih_tally, votes));
}

void pulih_tally_cast(struct pulih_tally *tally, struct pulih_vote vote)
{
    uint32_t bit;

    pulih_must(vote.axis < PULIH_AXIS_N && vote.value < PULIH_VALUES_MAX);
    bit = UINT32_C(1) << vote.value;
    if (vote.veto) {
        tally->vetoed[vote.axis] |= bit;
        return;
    }
    if (vote.force)
        tally->forced[vote.axis] |= bit;
    tally->sum[vote.axis][vote.value] += hundredths_of(&vote);
    tally->cast[vote.axis] |= bit;
    if (tally->n_votes < PULIH_VOTES_MAX)
        tally->votes[tally->n_votes++] = vote;
}

static bool is_forced(const struct pulih_tally *tally, int axis, size_t word)
{
    return tally->forced[axis] >> word & 1;
}

/* What speaks for a word, nothing when it was ruled out. */
static int support(const struct pulih_tally *tally, int axis, size_t word)
{
    int sum = tally->sum[axis][word];

    if (tally->vetoed[axis] >> word & 1 && !is_forced(tally, axis, word))
        return 0;
    if (is_forced(tally, axis, word) && sum < SETTLED)
        return SETTLED;
    return sum > 0 ? sum : 0;
}

static int strength(int sum)
{
    return sum < SETTLED ? sum : SETTLED;
}

/* Those that have votes, the smallest number first; 0 is no word. */
static uint32_t words_of(const struct pulih_tally *tally, int axis)
{
    return tally->cast[axis] & ~UINT32_C(1);
}

static void decide_one(const struct pulih_tally *tally, int axis, uint8_t threshold,
                       struct pulih_classification *ret)
{
    size_t best = 0;
    bool best_forced = false;
    int64_t all = 0, most = 0, confidence = 0;

    for (uint32_t rest = words_of(tally, axis); rest; rest &= rest - 1) {
        const size_t word = (size_t)__builtin_ctz(rest);
        const bool forced = is_forced(tally, axis, word);
        const int sum = support(tally, axis, word);

        all += sum;
        if (sum > 0 && (best == 0 || forced > best_forced || (forced == best_forced && sum > most))) {
            best = word;
            best_forced = forced;
            most = sum;
        }
    }
    if (best)
        confidence = best_forced ? 100 : INT64_C(100) * most * strength((int)most) / all / SETTLED;
    ret->best[axis] = (uint16_t)best;
    ret->value[axis] = confidence >= threshold ? (uint16_t)best : 0;
    ret->confidence[axis] = (uint8_t)confidence;
}

/* What one point comes to. A model leaves a little to each word, however unlikely. */
enum { GUESS = 100 / PULIH_ENOUGH, MASK = 0x1fffe /* words 1 to 16: the bits of a value */ };

static void decide_many(const struct pulih_tally *tally, int axis, uint8_t threshold,
                        struct pulih_classification *ret)
{
    int most = 0;

    ret->best[axis] = ret->value[axis] = 0;
    for (uint32_t rest = words_of(tally, axis) & MASK; rest; rest &= rest - 1) {
        const size_t word = (size_t)__builtin_ctz(rest);
        int confidence = 100 * strength(support(tally, axis, word)) / SETTLED;
        uint16_t bit = (uint16_t)(1u << (word - 1));

        if (confidence < GUESS)
            continue;
        ret->best[axis] |= bit;
        if (confidence >= threshold)
            ret->value[axis] |= bit;
        most = confidence > most ? confidence : most;
    }
    ret->confidence[axis] = (uint8_t)most;
}

static void decide_score(const struct pulih_tally *tally, int axis, struct pulih_classification *ret)
{
    int sum = tally->sum[axis][0] / PULIH_POINT;

    ret->value[axis] = ret->best[axis] = (uint16_t)(sum < 0 ? 0 : sum > 100 ? 100 : sum);
    ret->confidence[axis] = tally->cast[axis] ? 100 : 0;
}

void pulih_tally_decide(const struct pulih_tally *tally, enum pulih_axis axis, uint8_t threshold,
                        struct pulih_classification *ret)
{
    switch (pulih_axes[axis].kind) {
    case PULIH_AXIS_IS_one:
        decide_one(tally, (int)axis, threshold, ret);
        break;
    case PULIH_AXIS_IS_many:
        decide_many(tally, (int)axis, threshold, ret);
        break;
    case PULIH_AXIS_IS_score:
        decide_score(tally, (int)axis, ret);
        break;
    }
}

/* Did the vote speak for what its axis came to? */
static bool is_for(const struct pulih_vote *vote, const struct pulih_classification *c)
{
    if (hundredths_of(vote) <= 0)
        return false;
    if (pulih_axes[vote->axis].kind == PULIH_AXIS_IS_many)
        return c->best[vote->axis] >> (vote->value - 1) & 1;
    return pulih_axes[vote->axis].kind == PULIH_AXIS_IS_score || c->best[vote->axis] == vote->value;
}

/* Of a vote that speaks for something; the least that can be shown is 1. */
static int whole(const struct pulih_vote *vote)
{
    int rounded = (hundredths_of(vote) + PULIH_POINT / 2) / PULIH_POINT;

    return rounded > 1 ? rounded : 1;
}

/* Weights of scores and of words made comparable. */
static int rank(uint8_t axis, int weight)
{
    return pulih_axes[axis].kind == PULIH_AXIS_IS_score ? weight : weight * 100 / PULIH_ENOUGH;
}

/* The strongest votes so far, and how they rank. */
struct chosen {
    size_t n;
    const struct pulih_vote *votes[PULIH_EVIDENCE_MAX];
    int ranks[PULIH_EVIDENCE_MAX];
};

/* Sorts it in behind the first `before`, which stay where they are. */
static void choose(struct chosen *c, const struct pulih_vote *vote, size_t before)
{
    const int ranks = rank(vote->axis, whole(vote));
    size_t at = c->n;

    if (at == PULIH_EVIDENCE_MAX && (before == at || c->ranks[at - 1] >= ranks))
        return;
    if (c->n < PULIH_EVIDENCE_MAX)
        c->n++;
    else
        at--;
    for (; at > before && c->ranks[at - 1] < ranks; at--) {
        c->votes[at] = c->votes[at - 1];
        c->ranks[at] = c->ranks[at - 1];
    }
    c->votes[at] = vote;
    c->ranks[at] = ranks;
}

static void add_evidence(struct pulih_classification *c, const struct pulih_vote *vote)
{
    struct pulih_evidence *e = &c->evidence[c->n_evidence++];

    *e = (struct pulih_evidence){.axis = vote->axis,
                                 .value = vote->value,
                                 .weight = (int16_t)whole(vote),
                                 .at = vote->at,
                                 .len = vote->len};
    memcpy(e->rule, vote->rule, strnlen(vote->rule, sizeof e->rule - 1));
}

/* Of each axis the strongest vote for what it came to, or NULL. */
static void find_strongest(const struct pulih_tally *tally, uint32_t axes,
                           const struct pulih_classification *c, const struct pulih_vote *ret[PULIH_AXIS_N])
{
    for (size_t i = 0; i < tally->n_votes; i++) {
        const struct pulih_vote *vote = &tally->votes[i], **best = &ret[vote->axis];

        if (axes >> vote->axis & 1 && is_for(vote, c) &&
            (!*best || hundredths_of(vote) > hundredths_of(*best)))
            *best = vote;
    }
}

void pulih_tally_explain(const struct pulih_tally *tally, uint32_t axes, struct pulih_classification *ret)
{
    const struct pulih_vote *strongest[PULIH_AXIS_N] = {0};
    PULIH_UNSET struct chosen chosen;
    size_t leading;

    find_strongest(tally, axes, ret, strongest);
    chosen.n = 0;
    for (size_t axis = 0; axis < PULIH_AXIS_N; axis++)
        if (strongest[axis])
            choose(&chosen, strongest[axis], 0);
    leading = chosen.n;
    for (size_t i = 0; i < tally->n_votes; i++)
        if (axes >> tally->votes[i].axis & 1 && is_for(&tally->votes[i], ret) &&
            strongest[tally->votes[i].axis] != &tally->votes[i])
            choose(&chosen, &tally->votes[i], leading);
    ret->n_evidence = 0;
    for (size_t i = 0; i < chosen.n; i++)
        add_evidence(ret, chosen.votes[i]);
}
