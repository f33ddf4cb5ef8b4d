#include "services/common/core/model_impl.h"

#include "pulih/base/must.h"

enum { SCORE_MAX = 100 };

static int score_of(struct pulih_view label)
{
    int n = 0;

    if (label.len == 0 || label.len > 3)
        return -1;
    for (size_t i = 0; i < label.len; i++) {
        if (label.at[i] < '0' || label.at[i] > '9')
            return -1;
        n = 10 * n + (label.at[i] - '0');
    }
    return n <= SCORE_MAX ? n : -1;
}

static int value_of(const struct pulih_axis_row *axis, const struct pulih_vocabulary *known,
                    struct pulih_view label)
{
    return axis->kind == PULIH_AXIS_IS_score
               ? score_of(label)
               : pulih_vocabulary_number(known, (enum pulih_words)axis->words, label);
}

/* What a label may be, for the one who chose them. */
static void tell_label(const struct pulih_axis_row *axis, const struct pulih_vocabulary *known,
                       struct pulih_view label, struct pulih_buf *why)
{
    pulih_buf_addf(why, "its label %.*s is no %s of the axis %s", PULIH_VIEW_ARG(label),
                   axis->kind == PULIH_AXIS_IS_score ? "number from 0 to 100" : "word", axis->name);
    if (axis->kind != PULIH_AXIS_IS_score) {
        pulih_buf_addf(why, ", which are ");
        pulih_vocabulary_add(known, (enum pulih_words)axis->words, why);
    }
    pulih_buf_add_byte(why, '\n');
}

static bool tie_labels(struct pulih_voting_model *voter, const struct pulih_vocabulary *known,
                       struct pulih_buf *why)
{
    const struct pulih_model_about *about = pulih_model_about(voter->model);
    const struct pulih_axis_row *axis = &pulih_axes[voter->axis];

    for (size_t i = 0; i < about->n_labels; i++) {
        int value = value_of(axis, known, about->labels[i]);

        if (value < 0 || i == PULIH_MODEL_WORDS_MAX) {
            tell_label(axis, known, about->labels[i], why);
            return false;
        }
        voter->value[i] = (uint16_t)value;
    }
    return true;
}

static bool tie(struct pulih_models *models, struct pulih_model *model, const struct pulih_vocabulary *known,
                struct pulih_buf *why)
{
    const char *name = pulih_model_about(model)->axis;
    int axis = pulih_axis_named(pulih_view_of(name));

    if (pulih_axis_is_derived(axis))
        pulih_buf_addf(why, "nothing votes on the axis %s, which follows from the others\n", name);
    else if (axis < 0)
        pulih_buf_addf(why, "there is no axis %s; it can be used with pulihctl evaluate --model only\n",
                       name);
    else if (models->n >= PULIH_MODELS_MAX)
        pulih_buf_addf(why, "more than %d models\n", PULIH_MODELS_MAX);
    else {
        models->at[models->n] = (struct pulih_voting_model){.model = model, .axis = (enum pulih_axis)axis};
        return tie_labels(&models->at[models->n], known, why);
    }
    return false;
}

bool pulih_models_join(struct pulih_models *models, struct pulih_buf *why)
{
    const struct pulih_model *all[PULIH_MODELS_MAX];
    struct pulih_model_index *index = NULL;

    if (models->n > PULIH_MODELS_MAX) {
        pulih_buf_addf(why, "more than %d models\n", PULIH_MODELS_MAX);
        return false;
    }
    for (size_t i = 0; i < models->n; i++)
        all[i] = models->at[i].model;
    if (models->n)
        index = pulih_model_index_join(all, models->n);
    if (models->n && !index) {
        pulih_buf_addf(why, "too many of its rows meet those of other models in one place\n");
        return false;
    }
    pulih_model_index_free(models->index);
    models->index = index;
    return true;
}

size_t pulih_models_tie_again(struct pulih_voting_model *voter, const struct pulih_vocabulary *known,
                              struct pulih_view *ret_first)
{
    const struct pulih_model_about *about = pulih_model_about(voter->model);
    size_t lost = 0;

    for (size_t i = 0; i < about->n_labels; i++) {
        int value = value_of(&pulih_axes[voter->axis], known, about->labels[i]);

        if (value < 0 && lost++ == 0)
            *ret_first = about->labels[i];
        voter->value[i] = value < 0 ? 0 : (uint16_t)value;
    }
    return lost;
}

bool pulih_models_add(struct pulih_models *models, struct pulih_model *model,
                      const struct pulih_vocabulary *known, struct pulih_buf *why)
{
    bool tied = tie(models, model, known, why);

    if (tied)
        models->n++;
    else
        pulih_model_free(model);
    return tied;
}

void pulih_models_borrow(struct pulih_models *ret, const struct pulih_models *base)
{
    *ret = *base;
    ret->index = NULL;
}

void pulih_models_put(struct pulih_models *models, const struct pulih_voting_model *voter)
{
    size_t kept = 0;

    for (size_t i = 0; i < models->n; i++)
        if (models->at[i].axis != voter->axis)
            models->at[kept++] = models->at[i];
    pulih_must(kept < PULIH_COUNT(models->at));
    models->at[kept] = *voter;
    models->n = kept + 1;
}

void pulih_models_give_back(struct pulih_models *models)
{
    pulih_model_index_free(models->index);
    *models = (struct pulih_models){0};
}

void pulih_models_free(struct pulih_models *models)
{
    for (size_t i = 0; i < models->n; i++)
        pulih_model_free(models->at[i].model);
    pulih_model_index_free(models->index);
    *models = (struct pulih_models){0};
}
