#include "services/classification/history.h"

#include <string.h>

#include "pulih/core/classify.h"
#include "services/classification/similar.h"

enum { CERTAIN = 100, WEIGHT = 4 };
static const int64_t US_PER_DAY = INT64_C(86400) * 1000000;
static const char rule[] = "fact-history";

/* --- counting ------------------------------------------------------------------------------------------- */

/* Which stories have something that their customer is recognised by, once for each such mark. */
static void choose(struct history *h, const struct alike_story *stories, size_t n)
{
    h->n_asked = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0;
             h->conf->links_hyperactive_complaints && stories[i].number && k < stories[i].n_marks; k++)
            h->asked[h->n_asked++] = i;
}

static const struct pulih_mark *mark_of(const struct history *h, const struct alike_story *stories, size_t i)
{
    size_t k = 0;

    while (i > k && h->asked[i - k - 1] == h->asked[i])
        k++;
    return &stories[h->asked[i]].marks[k];
}

size_t history_ask(struct history *h, struct pulih_worker *w, const struct alike_story *stories, size_t n)
{
    struct pulih_params *p = pulih_db_params(pulih_worker_db(w));

    choose(h, stories, n);
    pulih_params_array(p, PULIH_OID_INT8, h->n_asked);
    for (size_t i = 0; i < h->n_asked; i++)
        pulih_params_int8(p, mark_of(h, stories, i)->digest);
    pulih_params_array(p, PULIH_OID_INT2, h->n_asked);
    for (size_t i = 0; i < h->n_asked; i++)
        pulih_params_int2(p, (int16_t)((uint64_t)mark_of(h, stories, i)->digest % 64));
    pulih_params_array(p, PULIH_OID_INT4, h->n_asked);
    for (size_t i = 0; i < h->n_asked; i++)
        pulih_params_int4(p, stories[h->asked[i]].tenant);
    pulih_params_array(p, PULIH_OID_TIMESTAMPTZ, h->n_asked);
    for (size_t i = 0; i < h->n_asked; i++)
        pulih_params_time(p, stories[h->asked[i]].received_at - h->conf->links_hyperactive_days * US_PER_DAY);
    pulih_params_array(p, PULIH_OID_TIMESTAMPTZ, h->n_asked);
    for (size_t i = 0; i < h->n_asked; i++)
        pulih_params_time(p, stories[h->asked[i]].received_at);
    pulih_params_end(p);
    pulih_params_int8(p, h->conf->links_hyperactive_complaints);
    return pulih_db_call(pulih_worker_db(w), pulih_worker_own(w) + CLASSIFICATION_SQL_count_history);
}

void history_take(struct history *h, struct pulih_db *db, size_t call)
{
    for (size_t row = 0; row < pulih_db_rows(db, call); row++) {
        uint64_t *most = &h->complaints[h->asked[pulih_db_int(db, call, row, 0) - 1]];
        uint64_t n = (uint64_t)pulih_db_int(db, call, row, 1);
        *most = n > *most ? n : *most;
    }
}

bool history_is_hyperactive(const struct history *h, size_t story)
{
    return h->conf->links_hyperactive_complaints &&
           h->complaints[story] >= (uint64_t)h->conf->links_hyperactive_complaints;
}

/* --- telling -------------------------------------------------------------------------------------------- */

static struct pulih_view encode_reason(struct pulih_batch *b)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf list = {0};
    struct pulih_reasons reasons = {0};
    struct pulih_vote vote = {0};

    PULIH_SET(&vote, vote, axis, pulih_view_of(pulih_axes[PULIH_AXIS_complainer].name));
    PULIH_SET(&vote, vote, value, PULIH_complainer_hyperactive);
    PULIH_SET(&vote, vote, weight, WEIGHT);
    PULIH_SET(&vote, vote, rule, pulih_view_of(rule));
    PULIH_SET(&vote, vote, at, 0);
    PULIH_SET(&vote, vote, len, 0);
    pulih_list_add(&list, PULIH_M_vote, &vote);
    PULIH_SET(&reasons, reasons, items, pulih_list_of(&list, 1));
    pulih_buf_empty(&b->scratch);
    pulih_msg_encode(PULIH_M_reasons, &reasons, PULIH_CLASS_ALL, &b->scratch);
    return pulih_arena_copy(&b->arena, pulih_view_of_buf(&b->scratch));
}

static void add_judgement(struct pulih_item *item, struct pulih_batch *b, const char *policy)
{
    struct pulih_row_classification *row = PULIH_ADD(&b->rows, classification);
    char confidence[PULIH_AXIS_N] = {[PULIH_AXIS_complainer] = CERTAIN};

    row->complaint = item->row.id;
    row->shard = item->row.shard;
    row->version = item->row.version;
    row->complainer = PULIH_complainer_hyperactive;
    row->confidence = pulih_arena_copy(&b->arena, (struct pulih_view){confidence, sizeof confidence});
    row->evidence = encode_reason(b);
    row->policy = pulih_view_of(policy);
}

bool history_tell(const struct history *h, size_t story, struct pulih_item *item, struct pulih_batch *b,
                  int64_t now_us)
{
    struct pulih_history_found found = {0};
    struct pulih_row_event event = {
        .type = PULIH_WIRE_history_found, .occurred_at = now_us, .recorded_at = now_us};

    PULIH_SET(&found, history_found, complainer, PULIH_complainer_hyperactive);
    PULIH_SET(&found, history_found, complaints, h->complaints[story]);
    PULIH_SET(&found, history_found, days, (uint64_t)h->conf->links_hyperactive_days);
    pulih_buf_empty(&b->scratch);
    pulih_msg_encode(PULIH_M_history_found, &found, PULIH_CLASS_OPEN, &b->scratch);
    event.body = pulih_arena_copy(&b->arena, pulih_view_of_buf(&b->scratch));
    bool at_rest = pulih_mail_post(&item->row, &b->rows, &event);
    add_judgement(item, b, h->policy);
    return at_rest;
}
