/* Models as versions: what a batch of complaints has to do with them. */
#include "services/classification/learning.h"

#include <stdlib.h>

#include "pulih/base/clock.h"
#include "pulih/base/log.h"
#include "pulih/base/must.h"

static const int64_t LOOK_US = 1000 * 1000;
/* No batch is judged by what was seen longer ago. Switches are stamped five seconds ahead (pulihctl), so
 * nobody judges without knowing of one whose moment has come. */
static const int64_t STALE_US = 3 * 1000 * 1000;
static const int64_t TELL_US = 10 * 1000 * 1000;

static void *open_learning(void)
{
    struct learning *l = calloc(1, sizeof *l);

    if (!l)
        pulih_out_of_memory();
    l->looked_us = INT64_MIN / 2;
    return l;
}

static void close_learning(void *state)
{
    struct learning *l = state;

    pulih_models_give_back(&l->models);
    versions_free(l);
    for (size_t i = 0; i < SHADOW_WAITING_MAX; i++)
        pulih_buf_free(&l->waiting[i].story);
    free(l);
}

/* At first, and after standing still, all that counts is loaded before anything is judged. */
static enum pulih_db_end get_ready(struct pulih_worker *w, struct learning *l)
{
    enum pulih_db_end end = versions_look(w, l);

    for (bool more = true; more && end == PULIH_DB_DONE;)
        end = versions_load(w, l, &more);
    l->ready = end == PULIH_DB_DONE;
    return end;
}

static enum pulih_db_end prepare(struct pulih_worker *w, void *state)
{
    struct learning *l = state;

    l->ready = l->ready && pulih_mono_us() - l->looked_us <= STALE_US;
    return l->ready ? PULIH_DB_DONE : get_ready(w, l);
}

/* The policy's models, but versions on their axes. What does not go together is the policy's alone. */
static void mix(struct learning *l, const struct pulih_policy *policy)
{
    struct pulih_buf why PULIH_AUTO(pulih_buf_free) = {0};

    l->mixed_serial = policy->serial;
    pulih_models_give_back(&l->models);
    pulih_models_borrow(&l->models, &policy->models);
    for (int a = 0; a < PULIH_AXIS_N; a++)
        if (l->axes[a].judging)
            pulih_models_put(&l->models, versions_find(l, l->axes[a].judging, (enum pulih_axis)a));
    if (!pulih_models_join(&l->models, &why))
        pulih_log(PULIH_LOG_error, "versions do not go with the policy's models, which judge alone", "why",
                  "%s", pulih_buf_text(&why), NULL);
}

static const struct pulih_models *models(struct pulih_worker *w, void *state, int64_t now_us)
{
    const struct pulih_policy *policy = pulih_worker_policy(w);
    struct learning *l = state;

    versions_settle(l, pulih_worker_metrics(w), now_us);
    if (l->tied_serial != policy->serial) {
        versions_tie_again(l, &policy->vocabulary);
        l->tied_serial = policy->serial;
    }
    if (l->mixed_serial != policy->serial)
        mix(l, policy);
    return l->models.index ? &l->models : &policy->models;
}

/* Judgements stand in the order of the complaints that were judged; corrections have an actor. */
static void committed(struct pulih_worker *w, void *state, const struct pulih_batch *b)
{
    struct pulih_row_classification *rows = PULIH_ROWS(&b->rows, classification);
    size_t n = b->rows.of[PULIH_T_classification].n, row = 0;

    for (size_t i = 0; i < b->n && row < n; i++) {
        const struct pulih_item *item = &b->items[i];
        if (pulih_id_compare(&item->row.id, &rows[row].complaint) != 0)
            continue;
        if (!rows[row].actor.at) {
            drift_count(state, &rows[row]);
            shadow_note(state, pulih_worker_metrics(w), item, &rows[row]);
        }
        row++;
    }
}

static enum pulih_db_end tell(struct pulih_worker *w, struct learning *l)
{
    enum pulih_db_end end = versions_say(w, l);

    if (end != PULIH_DB_DONE || (pulih_mono_us() - l->told_us < TELL_US && l->n_pairs < PAIRS_MAX))
        return end;
    end = drift_tell(w, l);
    if (end == PULIH_DB_DONE)
        end = shadow_tell(w, l);
    if (end == PULIH_DB_DONE) {
        l->told_us = pulih_mono_us();
        pulih_buf_empty(&l->said); /* a crash of the database may have undone it */
    }
    return end;
}

/* How long until there is something to do again. */
static int64_t rest_us(struct pulih_worker *w, const struct learning *l)
{
    int64_t now_us = pulih_worker_now(w), next_us = versions_next_us(l, now_us);
    int64_t look_us = l->looked_us + LOOK_US - pulih_mono_us();

    if (next_us != INT64_MAX && next_us - now_us < look_us)
        look_us = next_us - now_us;
    return look_us > 0 ? look_us : 0;
}

/* Parts of models and slices of the shadow go between the batches. */
static enum pulih_db_end beat(struct pulih_worker *w, void *state, int64_t *ret_wait_us)
{
    struct learning *l = state;
    enum pulih_db_end end = PULIH_DB_DONE;
    bool more = false;

    if (pulih_mono_us() - l->looked_us >= LOOK_US)
        end = versions_look(w, l);
    if (end == PULIH_DB_DONE)
        end = versions_load(w, l, &more);
    l->ready = l->ready || (end == PULIH_DB_DONE && !more);
    if (end == PULIH_DB_DONE) {
        versions_settle(l, pulih_worker_metrics(w), pulih_worker_now(w));
        shadow_judge(l, pulih_worker_metrics(w), pulih_worker_policy(w));
        end = tell(w, l);
    }
    *ret_wait_us = more || l->n_waiting ? 0 : rest_us(w, l);
    return end;
}

const struct pulih_learning classification_learning = {
    .open = open_learning,
    .prepare = prepare,
    .models = models,
    .committed = committed,
    .beat = beat,
    .close = close_learning,
};
