#include <math.h>
#include <string.h>

#include "services/common/core/lexicon.h"
#include "services/common/core/repeats.h"

const struct pulih_model_about *pulih_model_about(const struct pulih_model *model)
{
    return &model->about;
}

/* --- adding up --------------------------------------------------------------------------------------- */

/* One of the two parts of a text: words with pairs, or pieces. */
struct part {
    struct pulih_repeats repeats;
    float scale; /* of the part, so that it has length 1 */
    float lanes[PULIH_LANES_MAX];
};

/* A text, added up. */
struct sum {
    struct pulih_lexicon_reader words;
    struct part said, spelt;
    int32_t known[PULIH_MODELS_MAX];  /* features, by each model */
    size_t n_tokens;                  /* that were looked at */
    uint16_t place[PULIH_TOKENS_MAX]; /* of each among what is said; none where it came before */
    uint32_t pair[PULIH_TOKENS_MAX];  /* of each with the one before: its hash, then its identity */
};

static void start_part(struct part *part, size_t may_come, size_t n_lanes)
{
    pulih_repeats_start(&part->repeats, may_come);
    memset(part->lanes, 0, (n_lanes + PULIH_LANE) * sizeof *part->lanes);
}

static void add_lanes(float *to, const float *from, size_t n)
{
    for (size_t k = 0; k < n; k += PULIH_LANE)
        pulih_lanes_put(to + k, pulih_lanes_get(to + k) + pulih_lanes_get(from + k));
}

static void add_word(struct sum *s, const struct pulih_lexicon_word *word, size_t nth)
{
    const struct pulih_model_index *index = s->words.index;

    add_lanes(s->said.lanes, word->lanes, index->n_lanes);
    add_lanes(s->spelt.lanes, word->lanes + index->n_lanes, index->n_lanes);
    for (size_t m = 0; m < index->n_models; m++)
        s->known[m] += word->known[m];
    pulih_repeats_count(&s->spelt.repeats, pulih_lexicon_pieces(index, word), word->n_pieces);
    s->place[nth] = pulih_repeats_count_one(&s->said.repeats, word->id);
}

static size_t n_different(const struct sum *s)
{
    return s->said.repeats.n - s->said.repeats.n_again + s->spelt.repeats.n - s->spelt.repeats.n_again;
}

/* Each word may bring a pair, too. */
static void add_words(struct sum *s)
{
    const struct pulih_text *text = s->words.text;
    uint64_t before = 0;
    size_t nth = 0;

    for (; nth < text->n_tokens; nth++) {
        const struct pulih_lexicon_word *word = pulih_lexicon_get(&s->words, nth);

        if (n_different(s) + nth + 1 + word->n_pieces + 1 > PULIH_FEATURES_MAX)
            break;
        add_word(s, word, nth);
        s->pair[nth] = pulih_pair_feature(before, word->key);
        pulih_model_index_expect(s->words.index, s->pair[nth]);
        before = word->key;
    }
    s->n_tokens = nth;
}

/* No pair goes over the end of a sentence: the first word of one has none. */
static void add_pairs(struct sum *s)
{
    const struct pulih_token *tokens = s->words.text->tokens;

    for (size_t i = 0; i < s->n_tokens; i += PULIH_TOGETHER_MAX)
        pulih_model_index_identify(
            s->words.index, s->pair + i,
            s->n_tokens - i < PULIH_TOGETHER_MAX ? s->n_tokens - i : PULIH_TOGETHER_MAX, s->pair + i);
    for (size_t i = 1; i < s->n_tokens; i++)
        if (!tokens[i].starts) {
            pulih_model_index_add(s->words.index, s->pair[i], 1, s->said.lanes, 1, s->known);
            pulih_repeats_count_one(&s->said.repeats, s->pair[i]);
        }
}

/* What came `times` was added as often, and counts less. */
static void damp(struct sum *s, struct part *part)
{
    const struct pulih_repeats *r = &part->repeats;
    float square = (float)r->n;

    for (size_t i = 0; i < r->n_repeated; i++)
        pulih_model_index_fetch(s->words.index, r->ids[r->repeated[i]]);
    for (size_t i = 0; i < r->n_repeated; i++) {
        const uint32_t id = r->ids[r->repeated[i]];
        const unsigned times = r->again[r->repeated[i]] + 1u;
        const float value = pulih_damped(times < PULIH_TIMES_MAX ? times : PULIH_TIMES_MAX);

        square += value * value - (float)times;
        pulih_model_index_add(s->words.index, id, value - (float)times, part->lanes, 1 - (int32_t)times,
                              s->known);
    }
    part->scale = square > 0 ? 1 / sqrtf(square) : 0;
}

static void add_up(const struct pulih_model_index *index, const struct pulih_text *text, struct sum *s)
{
    pulih_lexicon_open(&s->words, index, text);
    start_part(&s->said, 2 * text->n_tokens, index->n_lanes);
    start_part(&s->spelt, 3 * text->n_bytes, index->n_lanes);
    memset(s->known, 0, sizeof s->known);
    add_words(s);
    add_pairs(s);
    damp(s, &s->said);
    damp(s, &s->spelt);
}

/* --- judging ----------------------------------------------------------------------------------------- */

/* From scores to probabilities, in place. */
static void finish(const struct pulih_model *m, struct pulih_judgement *ret)
{
    float *scores = ret->probability, sum = 0;
    size_t n = m->about.n_labels, best = 0;

    if (n == 2) {
        scores[1] = scores[0];
        scores[0] = -scores[0];
    }
    for (size_t k = 1; k < n; k++)
        if (scores[k] > scores[best])
            best = k;
    float most = scores[best];
    for (size_t k = 0; k < n; k++)
        sum += scores[k] = expf(m->temperature * (scores[k] - most));
    for (size_t k = 0; k < n; k++)
        scores[k] /= sum;
    ret->best = best;
}

static void judge(const struct sum *s, struct pulih_judgement ret[])
{
    const struct pulih_model_index *index = s->words.index;

    for (size_t m = 0; m < index->n_models; m++) {
        const struct pulih_model *model = index->models[m];
        const float *said = s->said.lanes + index->lane[m], *spelt = s->spelt.lanes + index->lane[m];

        ret[m].n = (size_t)s->known[m];
        for (size_t k = 0; k < model->n_weights; k++)
            ret[m].probability[k] = model->offsets[k] + s->said.scale * said[k] + s->spelt.scale * spelt[k];
        finish(model, &ret[m]);
    }
}

/* --- reasons ----------------------------------------------------------------------------------------- */

/* What the lanes of each model say for its best label, against what they say for its labels on the whole, is
 * the sum of their products with these. */
static void take_lens(const struct pulih_model_index *index, const struct pulih_judgement judgements[],
                      float *ret)
{
    memset(ret, 0, index->n_lanes * sizeof *ret);
    for (size_t m = 0; m < index->n_models; m++) {
        const size_t n = index->models[m]->n_weights, best = judgements[m].best;
        float *of_model = ret + index->lane[m];

        if (n == 1)
            *of_model = best ? 1 : -1;
        for (size_t k = 0; n > 1 && k < n; k++)
            of_model[k] = (float)(k == best) - 1 / (float)n;
    }
}

/* Lanes of a word as they count in the text, seen through the lens. */
static void weigh_word(const struct sum *s, const struct pulih_lexicon_word *word, float times,
                       const float *lens, float *ret)
{
    const size_t n = s->words.index->n_lanes;
    const float by_said = s->said.scale * times, by_spelt = s->spelt.scale * times;

    for (size_t k = 0; k < n; k += PULIH_LANE) {
        pulih_lanes said = pulih_lanes_get(word->lanes + k), spelt = pulih_lanes_get(word->lanes + n + k);

        pulih_lanes_put(ret + k, (by_said * said + by_spelt * spelt) * pulih_lanes_get(lens + k));
    }
}

static void add_products(const struct pulih_model_index *index, const float *lanes, float ret[])
{
    for (size_t m = 0; m < index->n_models; m++)
        for (size_t k = 0; k < index->models[m]->n_weights; k++)
            ret[m] += lanes[index->lane[m] + k];
}

static void weigh_pair(const struct sum *s, uint32_t id, const float *lens, float ret[])
{
    const struct pulih_model_index *index = s->words.index;
    PULIH_UNSET float lanes[PULIH_LANES_MAX];
    int32_t known[PULIH_MODELS_MAX] = {0};

    if (id & PULIH_ID_UNKNOWN)
        return;
    memset(lanes, 0, (index->n_lanes + PULIH_LANE) * sizeof *lanes);
    pulih_model_index_add(index, id, s->said.scale, lanes, 1, known);
    for (size_t k = 0; k < index->n_lanes; k++)
        lanes[k] *= lens[k];
    add_products(index, lanes, ret);
}

static void weigh(struct sum *s, const struct pulih_judgement judgements[], struct pulih_model_tokens *ret)
{
    const struct pulih_model_index *index = s->words.index;
    PULIH_UNSET float lens[PULIH_LANES_MAX], lanes[PULIH_LANES_MAX];

    take_lens(index, judgements, lens);
    ret->n = s->n_tokens < PULIH_REASON_TOKENS_MAX ? s->n_tokens : PULIH_REASON_TOKENS_MAX;
    for (size_t i = 0; i < ret->n; i++) {
        memset(ret->weight[i], 0, index->n_models * sizeof(float));
        if (s->place[i] == PULIH_NO_PLACE)
            continue;
        weigh_word(s, pulih_lexicon_get(&s->words, i), pulih_damped(s->said.repeats.again[s->place[i]] + 1u),
                   lens, lanes);
        add_products(index, lanes, ret->weight[i]);
        if (i > 0 && !s->words.text->tokens[i].starts)
            weigh_pair(s, s->pair[i], lens, ret->weight[i]);
    }
}

void pulih_model_index_judge(const struct pulih_model_index *index, const struct pulih_text *text,
                             struct pulih_judgement ret[], struct pulih_model_tokens *tokens)
{
    PULIH_UNSET struct sum sum;

    add_up(index, text, &sum);
    judge(&sum, ret);
    if (tokens)
        weigh(&sum, ret, tokens);
    pulih_lexicon_close(&sum.words);
}

void pulih_model_judge(const struct pulih_model *m, struct pulih_view utf8, struct pulih_judgement *ret)
{
    PULIH_UNSET struct pulih_text text;

    pulih_text_read(utf8, &text);
    pulih_model_index_judge(m->index, &text, ret, NULL);
}

static size_t insert(struct pulih_model_reason *reasons, size_t n, size_t most, struct pulih_model_reason one)
{
    size_t at = n < most ? n : most;

    while (at > 0 && reasons[at - 1].weight < one.weight)
        at--;
    if (at == most)
        return n;
    n += n < most;
    memmove(&reasons[at + 1], &reasons[at], (n - 1 - at) * sizeof *reasons);
    reasons[at] = one;
    return n;
}

size_t pulih_model_index_reasons(const struct pulih_text *text, const struct pulih_model_tokens *tokens,
                                 size_t model, struct pulih_model_reason *reasons, size_t most)
{
    size_t n = 0;

    for (size_t i = 0; i < tokens->n; i++) {
        float weight = tokens->weight[i][model];

        if (weight > 0 && (n < most || weight > reasons[n - 1].weight)) {
            const struct pulih_token *token = &text->tokens[i];
            n = insert(reasons, n, most, (struct pulih_model_reason){token->at, token->len, weight});
        }
    }
    return n;
}

size_t pulih_model_reasons(const struct pulih_model *m, struct pulih_view utf8,
                           struct pulih_model_reason *reasons, size_t most)
{
    PULIH_UNSET struct pulih_text text;
    PULIH_UNSET struct pulih_model_tokens tokens;
    PULIH_UNSET struct pulih_judgement judgement;

    pulih_text_read(utf8, &text);
    pulih_model_index_judge(m->index, &text, &judgement, &tokens);
    return pulih_model_index_reasons(&text, &tokens, 0, reasons, most);
}
