#include "services/classification/learning.h"

#include <math.h>

#include "services/classification/handlers.h"

static struct use *use_of(struct learning *l, enum pulih_axis axis, int32_t version)
{
    for (size_t i = 0; i < l->n_uses; i++)
        if (l->uses[i].axis == axis && l->uses[i].version == version)
            return &l->uses[i];
    if (l->n_uses == USES_MAX)
        return NULL;
    l->uses[l->n_uses] = (struct use){.axis = axis, .version = version};
    return &l->uses[l->n_uses++];
}

/* Of axes with one word each: masks and scores have no distribution over words. */
void drift_count(struct learning *l, const struct pulih_row_classification *row)
{
    for (int i = 0; i < PULIH_AXIS_N; i++) {
        enum pulih_axis axis = (enum pulih_axis)i;
        if (!l->axes[i].known || pulih_axes[i].kind != PULIH_AXIS_IS_one)
            continue;
        int16_t value = classification_value(row, axis);
        struct use *use = use_of(l, axis, l->axes[i].judging);
        if (!use || value >= PULIH_DRIFT_VALUES_MAX)
            continue;
        use->n[value]++;
        use->confidence[value] += (uint8_t)row->confidence.at[i];
    }
}

static void bind_words(struct pulih_params *p, const struct use *use, const struct pulih_vocabulary *known,
                       int64_t *ret_all)
{
    const struct pulih_word *words[PULIH_VOCABULARY_MAX];
    size_t n = pulih_vocabulary_words(known, (enum pulih_words)pulih_axes[use->axis].words, words);

    pulih_params_array(p, PULIH_OID_INT2, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int2(p, (int16_t)words[i]->number);
    pulih_params_array(p, PULIH_OID_INT8, n);
    for (size_t i = 0; i < n; i++) {
        pulih_params_int8(p, use->n[words[i]->number]);
        *ret_all += use->n[words[i]->number];
    }
    pulih_params_array(p, PULIH_OID_INT8, n);
    for (size_t i = 0; i < n; i++)
        pulih_params_int8(p, use->confidence[words[i]->number]);
    pulih_params_end(p);
}

/* All words, so that those which did not come fade, too. */
static size_t queue_use(struct pulih_worker *w, const struct use *use)
{
    struct pulih_params *p = pulih_db_params(pulih_worker_db(w));
    int64_t all = 0;

    pulih_params_text(p, pulih_view_of(pulih_axes[use->axis].name));
    pulih_params_int4(p, use->version);
    bind_words(p, use, &pulih_worker_policy(w)->vocabulary, &all);
    pulih_params_int8(p, pulih_drift_keep(all));
    pulih_params_int8(p, PULIH_DRIFT_FIRST);
    return pulih_db_call(pulih_worker_db(w), classification_statement(w, CLASSIFICATION_SQL_use_model));
}

static void show(struct pulih_worker *w, const struct learning *l, const struct use *use, size_t call)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct pulih_metrics *metrics = pulih_worker_metrics(w);
    struct pulih_drift_use uses[PULIH_DRIFT_VALUES_MAX];
    size_t n = 0;

    if (use->version != l->axes[use->axis].judging)
        return;
    for (size_t i = 0; i < pulih_db_rows(db, call) && n < PULIH_DRIFT_VALUES_MAX; i++)
        uses[n++] = (struct pulih_drift_use){pulih_db_int(db, call, i, 0), pulih_db_int(db, call, i, 1),
                                             pulih_db_int(db, call, i, 2), pulih_db_int(db, call, i, 3)};
    struct pulih_drift drift = pulih_drift_of(uses, n);
    pulih_gauge_axis(metrics, PULIH_AXIS_METRIC_model_drift_thousandths, use->axis,
                     llrint(drift.index * 1000));
    pulih_gauge_axis(metrics, PULIH_AXIS_METRIC_model_confidence_first, use->axis, llrint(drift.first));
    pulih_gauge_axis(metrics, PULIH_AXIS_METRIC_model_confidence, use->axis, llrint(drift.recent));
}

enum pulih_db_end drift_tell(struct pulih_worker *w, struct learning *l)
{
    struct pulih_db *db = pulih_worker_db(w);
    size_t calls[USES_MAX];

    if (!l->n_uses)
        return PULIH_DB_DONE;
    pulih_db_begin(db);
    for (size_t i = 0; i < l->n_uses; i++)
        calls[i] = queue_use(w, &l->uses[i]);
    pulih_db_commit(db);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    for (size_t i = 0; i < l->n_uses; i++)
        show(w, l, &l->uses[i], calls[i]);
    l->n_uses = 0;
    return PULIH_DB_DONE;
}
