#include "services/classification/learning.h"

#include "pulih/base/clock.h"
#include "services/classification/handlers.h"

static const int64_t SLICE_US = 1000;

/* --- noting --------------------------------------------------------------------------------------------- */

static bool has_words(int axis)
{
    return pulih_axes[axis].kind == PULIH_AXIS_IS_one;
}

static bool looks_on(const struct learning *l, int axis)
{
    return l->axes[axis].shadow && has_words(axis) &&
           versions_find(l, l->axes[axis].shadow, (enum pulih_axis)axis);
}

static bool any_looks_on(const struct learning *l)
{
    for (int a = 0; a < PULIH_AXIS_N; a++)
        if (looks_on(l, a))
            return true;
    return false;
}

static void skip(struct learning *l, struct pulih_metrics *metrics)
{
    for (int a = 0; a < PULIH_AXIS_N; a++)
        if (looks_on(l, a))
            pulih_count_axis(metrics, PULIH_AXIS_METRIC_shadow_skipped_total, (enum pulih_axis)a, 1);
}

void shadow_note(struct learning *l, struct pulih_metrics *metrics, const struct pulih_item *item,
                 const struct pulih_row_classification *row)
{
    if (!any_looks_on(l))
        return;
    if (l->n_waiting == SHADOW_WAITING_MAX) {
        skip(l, metrics);
        return;
    }
    struct waiting *waiting = &l->waiting[l->n_waiting++];
    waiting->number = item->row.number;
    for (int a = 0; a < PULIH_AXIS_N; a++)
        waiting->decided[a] = classification_value(row, (enum pulih_axis)a);
    pulih_buf_empty(&waiting->story);
    pulih_buf_add_view(&waiting->story, pulih_map_text(item->text, "story"));
}

/* --- judging -------------------------------------------------------------------------------------------- */

static uint16_t word_by(struct learning *l, const struct pulih_voting_model *voter,
                        const struct waiting *waiting)
{
    pulih_model_judge(voter->model, pulih_view_of_buf(&waiting->story), &l->judgement);
    return voter->value[l->judgement.best];
}

/* The model that judges: the version in force, else the policy's; NULL: there are rules alone. */
static const struct pulih_voting_model *live_of(const struct learning *l, enum pulih_axis axis,
                                                const struct pulih_policy *policy)
{
    if (l->axes[axis].judging)
        return versions_find(l, l->axes[axis].judging, axis);
    for (size_t i = 0; i < policy->models.n; i++)
        if (policy->models.at[i].axis == axis)
            return &policy->models.at[i];
    return NULL;
}

static void count_pair(struct learning *l, const struct pair *found)
{
    for (size_t i = 0; i < l->n_pairs; i++) {
        struct pair *p = &l->pairs[i];
        if (p->axis == found->axis && p->shadow == found->shadow && p->live == found->live &&
            p->live_word == found->live_word && p->shadow_word == found->shadow_word) {
            p->n++;
            p->example = found->example;
            return;
        }
    }
    if (l->n_pairs < PAIRS_MAX)
        l->pairs[l->n_pairs++] = *found;
}

static void judge_axis(struct learning *l, const struct waiting *waiting, enum pulih_axis axis,
                       struct pulih_metrics *metrics, const struct pulih_policy *policy)
{
    const struct pulih_voting_model *shadow = versions_find(l, l->axes[axis].shadow, axis);
    const struct pulih_voting_model *live = live_of(l, axis, policy);
    struct pair pair = {.axis = axis,
                        .shadow = l->axes[axis].shadow,
                        .live = l->axes[axis].judging,
                        .n = 1,
                        .example = waiting->number};

    pair.shadow_word = word_by(l, shadow, waiting);
    pair.live_word = live ? word_by(l, live, waiting) : (uint16_t)waiting->decided[axis];
    pulih_count_axis(metrics, PULIH_AXIS_METRIC_shadow_judged_total, axis, 1);
    pulih_count_axis(metrics, PULIH_AXIS_METRIC_shadow_differs_total, axis,
                     pair.live_word != pair.shadow_word);
    count_pair(l, &pair);
}

void shadow_judge(struct learning *l, struct pulih_metrics *metrics, const struct pulih_policy *policy)
{
    int64_t until_us = pulih_mono_us() + SLICE_US;

    while (l->n_waiting) {
        struct waiting *waiting = &l->waiting[--l->n_waiting];
        for (int a = 0; a < PULIH_AXIS_N && waiting->story.len; a++)
            if (looks_on(l, a))
                judge_axis(l, waiting, (enum pulih_axis)a, metrics, policy);
        pulih_buf_empty(&waiting->story);
        if (pulih_mono_us() >= until_us)
            return;
    }
}

/* --- telling -------------------------------------------------------------------------------------------- */

static struct pulih_view word_of(const struct pulih_worker *w, const struct pair *p, uint16_t number)
{
    return pulih_view_of(pulih_vocabulary_text(&pulih_worker_policy(w)->vocabulary,
                                               (enum pulih_words)pulih_axes[p->axis].words, number));
}

/* Pairs of the same two versions stand in one statement. */
static bool is_same(const struct pair *a, const struct pair *b)
{
    return a->shadow == b->shadow && a->live == b->live;
}

static bool was_told(const struct learning *l, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (is_same(&l->pairs[k], &l->pairs[i]))
            return true;
    return false;
}

static void queue_pairs(struct pulih_worker *w, const struct learning *l, const struct pair *first)
{
    struct pulih_params *p = pulih_db_params(pulih_worker_db(w));
    const struct pair *same[PAIRS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < l->n_pairs; i++)
        if (is_same(&l->pairs[i], first))
            same[n++] = &l->pairs[i];
    pulih_params_int4(p, first->shadow);
    pulih_params_int4(p, first->live);
    pulih_params_array(p, PULIH_OID_TEXT, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_text(p, word_of(w, same[i], same[i]->live_word));
    pulih_params_array(p, PULIH_OID_TEXT, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_text(p, word_of(w, same[i], same[i]->shadow_word));
    pulih_params_array(p, PULIH_OID_INT8, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int8(p, same[i]->n);
    pulih_params_array(p, PULIH_OID_INT8, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int8(p, same[i]->example);
    pulih_params_end(p);
    pulih_db_call(pulih_worker_db(w), classification_statement(w, CLASSIFICATION_SQL_count_differences));
}

enum pulih_db_end shadow_tell(struct pulih_worker *w, struct learning *l)
{
    struct pulih_db *db = pulih_worker_db(w);

    if (!l->n_pairs)
        return PULIH_DB_DONE;
    pulih_db_begin(db);
    for (size_t i = 0; i < l->n_pairs; i++)
        if (!was_told(l, i))
            queue_pairs(w, l, &l->pairs[i]);
    pulih_db_commit(db);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE)
        l->n_pairs = 0;
    return end;
}
