#include "services/classification/learning.h"

#include <stdio.h>

#include "pulih/base/clock.h"
#include "pulih/base/log.h"

static const int64_t RETRY_US = 60 * 1000 * 1000; /* an operator may have repaired what cannot be used */

/* --- what counts ---------------------------------------------------------------------------------------- */

static int32_t target_of(const struct axis_versions *a, int64_t now_us)
{
    return now_us < a->at_us ? a->before : a->live;
}

static bool is_wanted(const struct learning *l, int32_t version)
{
    for (int i = 0; i < PULIH_AXIS_N; i++) {
        const struct axis_versions *a = &l->axes[i];
        if (a->known &&
            (version == a->before || version == a->live || version == a->shadow || version == a->judging))
            return true;
    }
    return false;
}

static void drop_unwanted(struct learning *l)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->n_held; i++)
        if (is_wanted(l, l->held[i].version))
            l->held[kept++] = l->held[i];
        else
            pulih_model_free(l->held[i].voter.model);
    l->n_held = kept;
    if (l->loading && !is_wanted(l, l->loading))
        l->loading = 0;
}

enum pulih_db_end versions_look(struct pulih_worker *w, struct learning *l)
{
    struct pulih_db *db = pulih_worker_db(w);

    pulih_db_params(db);
    size_t call = pulih_db_call(db, classification_statement(w, CLASSIFICATION_SQL_model_axes));
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    for (size_t i = 0; i < pulih_db_rows(db, call); i++) {
        int axis = pulih_axis_named(pulih_db_view(db, call, i, 0));
        if (axis < 0)
            continue; /* of a newer program */
        struct axis_versions *a = &l->axes[axis];
        a->known = true;
        a->before = (int32_t)pulih_db_int(db, call, i, 1);
        a->live = (int32_t)pulih_db_int(db, call, i, 2);
        a->at_us = pulih_db_time(db, call, i, 3);
        a->shadow = (int32_t)pulih_db_int(db, call, i, 4);
    }
    l->looked_us = pulih_mono_us();
    drop_unwanted(l);
    return PULIH_DB_DONE;
}

int64_t versions_next_us(const struct learning *l, int64_t now_us)
{
    int64_t next_us = INT64_MAX;

    for (int i = 0; i < PULIH_AXIS_N; i++)
        if (l->axes[i].known && l->axes[i].at_us > now_us && l->axes[i].at_us < next_us)
            next_us = l->axes[i].at_us;
    return next_us;
}

/* --- loading -------------------------------------------------------------------------------------------- */

static struct held *find_held(struct learning *l, int32_t version)
{
    for (size_t i = 0; i < l->n_held; i++)
        if (l->held[i].version == version)
            return &l->held[i];
    return NULL;
}

const struct pulih_voting_model *versions_find(const struct learning *l, int32_t version,
                                               enum pulih_axis axis)
{
    for (size_t i = 0; i < l->n_held; i++)
        if (l->held[i].version == version)
            return l->held[i].voter.model && l->held[i].voter.axis == axis ? &l->held[i].voter : NULL;
    return NULL;
}

static bool is_missing(struct learning *l, int32_t version)
{
    const struct held *h = find_held(l, version);

    return version && (!h || (!h->voter.model && pulih_mono_us() >= h->retry_us));
}

/* The next version to load, those that judge first; 0: all are there. */
static int32_t next_missing(struct learning *l)
{
    for (int i = 0; i < PULIH_AXIS_N; i++) {
        const struct axis_versions *a = &l->axes[i];
        if (is_missing(l, a->live))
            return a->live;
        if (a->live != a->judging && is_missing(l, a->before))
            return a->before;
    }
    for (int i = 0; i < PULIH_AXIS_N; i++)
        if (is_missing(l, l->axes[i].shadow))
            return l->axes[i].shadow;
    return 0;
}

/* Takes the model over; NULL: it cannot be used, for the time being. */
static void hold(struct learning *l, const struct pulih_voting_model *voter)
{
    struct held *h = find_held(l, l->loading);

    if (!h && l->n_held < HELD_MAX)
        h = &l->held[l->n_held++];
    if (h)
        *h = (struct held){.version = l->loading, .retry_us = pulih_mono_us() + RETRY_US};
    if (h && voter)
        h->voter = *voter;
    else if (voter)
        pulih_model_free(voter->model);
    l->loading = 0;
}

static void refuse(struct learning *l, const char *why)
{
    pulih_log(PULIH_LOG_error, "model cannot be used", "version", "%d", (int)l->loading, "why", "%s", why,
              NULL);
    hold(l, NULL);
}

static void finish(struct learning *l, const struct pulih_vocabulary *known)
{
    struct pulih_buf why PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_models one = {0};
    struct pulih_model *model = pulih_model_load(pulih_view_of_buf(&l->bytes), &why);

    pulih_buf_free(&l->bytes);
    if (!model || !pulih_models_add(&one, model, known, &why)) {
        why.len -= why.len > 0;
        refuse(l, pulih_buf_text(&why));
        return;
    }
    pulih_log(PULIH_LOG_info, "model loaded", "version", "%d", (int)l->loading, "name", "%s",
              pulih_model_about(model)->name, NULL);
    hold(l, &one.at[0]);
}

void versions_tie_again(struct learning *l, const struct pulih_vocabulary *known)
{
    for (size_t i = 0; i < l->n_held; i++) {
        struct held *h = &l->held[i];
        struct pulih_view first = {0};
        size_t lost = h->voter.model ? pulih_models_tie_again(&h->voter, known, &first) : 0;
        char word[PULIH_DEPARTMENT_MAX_BYTES + 1];
        if (!h->voter.model)
            h->retry_us = 0; /* the new policy may have the words that it lacked */
        snprintf(word, sizeof word, "%.*s", PULIH_VIEW_ARG(first));
        if (lost && is_wanted(l, h->version))
            pulih_log(PULIH_LOG_warning, "model knows words that the policy does not; they have no vote",
                      "version", "%d", (int)h->version, "words", "%zu", lost, "first", "%s", word, NULL);
    }
}

enum pulih_db_end versions_load(struct pulih_worker *w, struct learning *l, bool *ret_more)
{
    struct pulih_db *db = pulih_worker_db(w);

    if (!l->loading) {
        l->loading = next_missing(l);
        l->loaded_chunks = 0;
        pulih_buf_empty(&l->bytes);
    }
    *ret_more = l->loading;
    if (!l->loading)
        return PULIH_DB_DONE;
    struct pulih_params *p = pulih_db_params(db);
    pulih_params_int4(p, l->loading);
    pulih_params_int4(p, l->loaded_chunks);
    size_t call = pulih_db_call(db, classification_statement(w, CLASSIFICATION_SQL_read_model_chunk));
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    if (pulih_db_rows(db, call) == 0 || pulih_db_null(db, call, 0, 1)) {
        refuse(l, "a part of it is missing in the database; export it elsewhere, or import the file anew");
        return PULIH_DB_DONE;
    }
    pulih_buf_add_view(&l->bytes, pulih_db_view(db, call, 0, 1));
    if (++l->loaded_chunks >= pulih_db_int(db, call, 0, 0))
        finish(l, &pulih_worker_policy(w)->vocabulary);
    return PULIH_DB_DONE;
}

void versions_free(struct learning *l)
{
    for (size_t i = 0; i < l->n_held; i++)
        pulih_model_free(l->held[i].voter.model);
    pulih_buf_free(&l->bytes);
    pulih_buf_free(&l->said);
}

/* --- switching ------------------------------------------------------------------------------------------ */

static void tell_late(struct axis_versions *a, const char *axis, int32_t target)
{
    if (a->told_late == target)
        return;
    a->told_late = target;
    pulih_log(PULIH_LOG_error, "model is not there in time, the one before goes on", "axis", "%s", axis,
              "version", "%d", (int)target, "goes_on", "%d", (int)a->judging, NULL);
}

static void settle_axis(struct learning *l, enum pulih_axis axis, struct pulih_metrics *metrics,
                        int64_t now_us)
{
    struct axis_versions *a = &l->axes[axis];
    int32_t target = target_of(a, now_us);

    if (target != a->judging && (!target || versions_find(l, target, axis))) {
        a->judging = target;
        a->told_late = 0;
        l->mixed_serial = 0;
        pulih_log(PULIH_LOG_info, "model in force", "axis", "%s", pulih_axes[axis].name, "version", "%d",
                  (int)target, NULL);
    }
    if (target != a->judging && l->ready)
        tell_late(a, pulih_axes[axis].name, target);
    pulih_gauge_axis(metrics, PULIH_AXIS_METRIC_model_version, axis, a->judging);
    pulih_gauge_axis(metrics, PULIH_AXIS_METRIC_model_late, axis, target != a->judging);
    pulih_gauge_axis(metrics, PULIH_AXIS_METRIC_shadow_version, axis, a->shadow);
}

void versions_settle(struct learning *l, struct pulih_metrics *metrics, int64_t now_us)
{
    for (int a = 0; a < PULIH_AXIS_N; a++)
        if (l->axes[a].known)
            settle_axis(l, (enum pulih_axis)a, metrics, now_us);
}

enum pulih_db_end versions_say(struct pulih_worker *w, struct learning *l)
{
    struct pulih_buf now PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_db *db = pulih_worker_db(w);

    for (int a = 0; a < PULIH_AXIS_N; a++)
        if (l->axes[a].known)
            pulih_buf_addf(&now, "%s%s=%d", now.len ? " " : "", pulih_axes[a].name, (int)l->axes[a].judging);
    if (pulih_view_same(pulih_view_of_buf(&now), pulih_view_of_buf(&l->said)))
        return PULIH_DB_DONE;
    struct pulih_params *p = pulih_db_params(db);
    pulih_params_id(p, pulih_worker_id(w));
    pulih_params_text(p, pulih_view_of_buf(&now));
    size_t call = pulih_db_call(db, classification_statement(w, CLASSIFICATION_SQL_say_models));
    enum pulih_db_end end = pulih_db_run(db);
    /* The row is made by the worker, mostly before; else the next look says it. */
    if (end == PULIH_DB_DONE && pulih_db_rows(db, call)) {
        pulih_buf_empty(&l->said);
        pulih_buf_add_view(&l->said, pulih_view_of_buf(&now));
    }
    return end;
}
