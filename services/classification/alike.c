#include "services/classification/alike.h"

#include <stdlib.h>

#include "pulih/core/step.h"

void alike_read(struct alike_story *story, struct pulih_view content, struct pulih_view marks)
{
    pulih_likeness_read(pulih_map_text(content, "story"), &story->text);
    story->n_marks = pulih_marks_unpack(marks, story->marks);
}

size_t alike_keys(const struct alike_story *story, int64_t ret[ALIKE_KEYS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < story->n_marks; i++)
        ret[n++] = story->marks[i].digest;
    for (int band = 0; band < PULIH_LIKENESS_BANDS && pulih_likeness_tells(&story->text); band++)
        ret[n++] = pulih_likeness_key(&story->text, band);
    return n;
}

/* How sure it is that both are of one customer; 0: nothing says so. */
static int customer_percent(const struct alike_story *a, const struct alike_story *b)
{
    int best = 0;

    for (size_t i = 0; i < a->n_marks; i++)
        for (size_t k = 0; k < b->n_marks; k++) {
            int percent = pulih_mark_percent(a->marks[i].kind);
            if (a->marks[i].kind == b->marks[k].kind && a->marks[i].digest == b->marks[k].digest &&
                percent > best)
                best = percent;
        }
    return best;
}

void alike_judge(struct alike_pair *pair, const struct alike_story *self, const struct alike_story *other)
{
    int customer = customer_percent(self, other);
    int text = pulih_likeness_percent(&self->text, &other->text);

    pair->other_number = other->number;
    pair->likeness = PULIH_likeness_unknown;
    if (!self->number || !other->number || self->tenant != other->tenant)
        return;
    /* Short texts are everybody's: they count where the customer is the same. */
    if (!customer && !pulih_likeness_tells(&self->text))
        return;
    if (text >= PULIH_LIKENESS_SIMILAR)
        pair->likeness = customer      ? PULIH_likeness_repeated
                         : text == 100 ? PULIH_likeness_same_text
                                       : PULIH_likeness_similar_text;
    else if (customer)
        pair->likeness = PULIH_likeness_same_customer;
    pair->score = text >= PULIH_LIKENESS_SIMILAR ? text : customer;
}

/* --- choosing ------------------------------------------------------------------------------------------- */

static int by_story(const void *left, const void *right)
{
    const struct alike_pair *a = left, *b = right;

    if (a->self != b->self)
        return a->self < b->self ? -1 : 1;
    return pulih_id_compare(&a->other, &b->other);
}

size_t alike_distinct(struct alike_pair *pairs, size_t n)
{
    size_t kept = 0;

    if (n)
        qsort(pairs, n, sizeof *pairs, by_story);
    for (size_t i = 0; i < n; i++)
        if (!kept || by_story(&pairs[kept - 1], &pairs[i]) != 0)
            pairs[kept++] = pairs[i];
    return kept;
}

static bool is_older(const struct alike_pair *pair, const struct alike_story *stories)
{
    return pulih_id_compare(&pair->other, &stories[pair->self].id) < 0;
}

/* Repeats first, then what is surest, then what is older, so that of many alike each leads to the one before;
 * then what is youngest. */
static int by_worth(const void *left, const void *right, void *stories)
{
    const struct alike_pair *a = left, *b = right;
    bool a_repeats = a->likeness == PULIH_likeness_repeated,
         b_repeats = b->likeness == PULIH_likeness_repeated;

    if (a->self != b->self)
        return a->self < b->self ? -1 : 1;
    if (a_repeats != b_repeats)
        return a_repeats ? -1 : 1;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (is_older(a, stories) != is_older(b, stories))
        return is_older(a, stories) ? -1 : 1;
    return pulih_id_compare(&b->other, &a->other);
}

void alike_link(const struct alike_pair *pair, const struct alike_story *stories, struct pulih_row_link *ret)
{
    const struct alike_story *self = &stories[pair->self];
    bool self_first = pulih_id_compare(&self->id, &pair->other) > 0;

    ret->complaint = self_first ? self->id : pair->other;
    ret->shard = self_first ? self->shard : pair->other_shard;
    ret->other = self_first ? pair->other : self->id;
}

static int compare_links(const struct alike_pair *a, const struct alike_pair *b,
                         const struct alike_story *stories)
{
    struct pulih_row_link left, right;

    alike_link(a, stories, &left);
    alike_link(b, stories, &right);
    int order = pulih_id_compare(&left.complaint, &right.complaint);
    return order ? order : pulih_id_compare(&left.other, &right.other);
}

static int by_link(const void *left, const void *right, void *stories)
{
    return compare_links(left, right, stories);
}

size_t alike_best(struct alike_pair *pairs, size_t n, const struct alike_story *stories)
{
    size_t kept = 0, of_story = 0;

    if (n)
        qsort_r(pairs, n, sizeof *pairs, by_worth, (void *)(uintptr_t)stories);
    for (size_t i = 0; i < n; i++) {
        of_story = i && pairs[i].self == pairs[i - 1].self ? of_story : 0;
        if (pairs[i].likeness != PULIH_likeness_unknown && of_story++ < ALIKE_LINKS_MAX)
            pairs[kept++] = pairs[i];
    }
    n = kept;
    kept = 0;
    if (n)
        qsort_r(pairs, n, sizeof *pairs, by_link, (void *)(uintptr_t)stories);
    for (size_t i = 0; i < n; i++)
        if (!kept || compare_links(&pairs[kept - 1], &pairs[i], stories) != 0)
            pairs[kept++] = pairs[i];
    return kept;
}
