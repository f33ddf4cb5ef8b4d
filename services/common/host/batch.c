/* Batches: gathering hints, handing on manifests, sending hints. */
#include <stdlib.h>

#include "pulih/base/must.h"
#include "pulih/base/point.h"
#include "pulih/host/stage.h"

enum { HINT_MAX_BYTES = 4 * 1024 * 1024, GATHER_BYTES = HINT_MAX_BYTES };

static bool knows(const struct pulih_batch *b, const struct pulih_hint *hint)
{
    for (size_t i = 0; i < b->n_manifests; i++)
        if (b->manifests[i].batch == (int64_t)hint->batch && b->manifests[i].next_at == hint->next_at)
            return true;
    return false;
}

bool pulih_batch_has_room(const struct pulih_batch *b, size_t items_most)
{
    return b->n_hinted < items_most && b->hinted_bytes < GATHER_BYTES;
}

static bool read_hint(const struct pulih_bus_msg *frame, struct pulih_hint *ret)
{
    struct pulih_fault fault;
    struct pulih_view body;
    enum pulih_m m;

    return !frame->malformed && pulih_frame_open(frame->body, &m, &body, &fault) && m == PULIH_M_hint &&
           pulih_msg_decode(m, body, ret, &fault);
}

bool pulih_batch_add(struct pulih_batch *b, struct pulih_bus_msg *frame, struct pulih_metrics *metrics)
{
    struct pulih_hint hint;
    bool readable = read_hint(frame, &hint);

    if (!readable || hint.layout != pulih_row_layout() || hint.items.n == 0 || knows(b, &hint)) {
        pulih_bus_msg_free(frame);
        return readable;
    }
    pulih_count(metrics, PULIH_METRIC_hints_in_total, 1);
    b->frames = pulih_room(b->frames, b->n_frames, &b->cap_frames, sizeof(struct pulih_bus_msg *));
    b->hinted = pulih_room(b->hinted, b->n_frames, &b->cap_hinted, sizeof *b->hinted);
    b->hinted[b->n_frames] =
        (struct pulih_hinted){.next_at = hint.next_at, .batch = (int64_t)hint.batch, .n = hint.items.n};
    b->frames[b->n_frames++] = frame;
    b->manifests = pulih_room(b->manifests, b->n_manifests, &b->cap_manifests, sizeof *b->manifests);
    b->hints = pulih_room(b->hints, b->n_manifests, &b->cap_hints, sizeof *b->hints);
    b->manifests[b->n_manifests] =
        (struct pulih_manifest){.next_at = hint.next_at, .batch = (int64_t)hint.batch, .n = hint.items.n};
    b->hints[b->n_manifests++] = hint.items;
    b->n_hinted += hint.items.n;
    b->hinted_bytes += frame->body.len;
    PULIH_POINT(hint_received);
    return true;
}

void pulih_batch_empty(struct pulih_batch *b)
{
    for (size_t i = 0; i < b->n_frames; i++)
        pulih_bus_msg_free(b->frames[i]);
    b->n_frames = 0;
    b->n_manifests = 0;
    b->n_hinted = 0;
    b->hinted_bytes = 0;
    b->n = 0;
    pulih_rows_empty(&b->rows);
    pulih_arena_reset(&b->arena);
}

void pulih_batch_free(struct pulih_batch *b)
{
    pulih_batch_empty(b);
    pulih_rows_free(&b->rows);
    pulih_arena_free(&b->arena);
    pulih_buf_free(&b->scratch);
    for (size_t i = 0; i < PULIH_COUNT(b->out); i++)
        pulih_buf_free(&b->out[i]);
    free(b->frames);
    free(b->hinted);
    free(b->manifests);
    free(b->hints);
    free(b->items);
    *b = (struct pulih_batch){0};
}

static bool goes_to(const struct pulih_item *item, size_t stage)
{
    return item->verdict == PULIH_DONE && item->to == (enum pulih_stage)stage;
}

void pulih_batch_hand_on(struct pulih_batch *b, int64_t now_us)
{
    for (size_t stage = 0; stage < PULIH_COUNT(b->out); stage++)
        pulih_buf_empty(&b->out[stage]);
    for (size_t i = 0; i < b->n; i++) {
        const struct pulih_item *item = &b->items[i];
        if (item->verdict == PULIH_DONE && item->to != PULIH_STAGE_none)
            pulih_manifest_put(&b->out[item->to], &item->row.id, item->to_version);
    }
    for (size_t stage = 0; stage < PULIH_COUNT(b->out); stage++)
        if (b->out[stage].len)
            pulih_store_manifest(&b->rows, (enum pulih_stage)stage, now_us, 0,
                                 pulih_view_of_buf(&b->out[stage]));
}

static void put_hint_item(struct pulih_batch *b, const struct pulih_item *item, struct pulih_buf *list)
{
    struct pulih_hint_item out = {0};

    pulih_buf_empty(&b->scratch);
    pulih_row_pack(&item->row, &b->scratch);
    PULIH_SET(&out, hint_item, row, pulih_view_of_buf(&b->scratch));
    PULIH_SET(&out, hint_item, version, (uint64_t)item->to_version);
    PULIH_SET(&out, hint_item, type, pulih_message(item->to_type)->wire);
    PULIH_SET(&out, hint_item, body, item->to_body.at ? item->to_body : PULIH_VIEW(""));
    if (item->to_text.at)
        PULIH_SET(&out, hint_item, text, item->to_text);
    pulih_list_add(list, PULIH_M_hint_item, &out);
}

static void send_hint(struct pulih_batch *b, const struct pulih_row_pending *pending, struct pulih_worker *w)
{
    struct pulih_hint hint = {0};
    struct pulih_buf list PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_buf frame PULIH_AUTO(pulih_buf_free) = {0};

    for (size_t i = 0; i < b->n; i++)
        if (goes_to(&b->items[i], (size_t)pending->stage))
            put_hint_item(b, &b->items[i], &list);
    PULIH_SET(&hint, hint, layout, pulih_row_layout());
    PULIH_SET(&hint, hint, batch, (uint64_t)pending->batch);
    PULIH_SET(&hint, hint, next_at, pending->next_at);
    PULIH_SET(&hint, hint, items, pulih_list_of(&list, (uint32_t)pending->n));
    pulih_frame_encode(PULIH_M_hint, &hint, &frame);
    if (frame.len <= HINT_MAX_BYTES)
        pulih_worker_hint(w, (enum pulih_stage)pending->stage, pulih_view_of_buf(&frame));
    else
        pulih_count(pulih_worker_metrics(w), PULIH_METRIC_hints_dropped_total, 1);
}

void pulih_batch_hint(struct pulih_batch *b, struct pulih_worker *w)
{
    const struct pulih_rowset *set = &b->rows.of[PULIH_T_pending];

    for (size_t i = 0; i < set->n; i++)
        send_hint(b, &PULIH_ROWS(&b->rows, pending)[i], w);
}
