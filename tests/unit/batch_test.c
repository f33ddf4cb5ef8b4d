/* Batches without a database: work handed on as manifests, manifests sent as hints, hints gathered again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/base/clock.h"
#include "pulih/base/log.h"
#include "pulih/core/reference.h"
#include "pulih/host/stage.h"

/* A worker that has no database, and a pair of sockets: hints travel as between daemons. */
struct fixture {
    struct pulih_metrics metrics;
    struct pulih_worker *worker;
    struct pulih_bus *bus;
    struct pulih_bus_socket *router, *dealer;
};

static int open_fixture(void **state)
{
    static const struct pulih_bus_opts opts = {.max_frame_bytes = 5 << 20, .receive_messages = 1000};
    struct fixture *f = calloc(1, sizeof *f);
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    char endpoint[60];

    pulih_log_setup("batch_test", PULIH_LOG_error, false); /* the lost database is no news */
    f->worker = pulih_worker_start(&(const struct pulih_worker_setup){.name = "test",
                                                                      .stage = PULIH_STAGE_escalation,
                                                                      .database = "host=/nowhere dbname=none",
                                                                      .user = "",
                                                                      .metrics = &f->metrics});
    f->bus = pulih_bus_new(1);
    f->router = pulih_bus_router(f->bus, "tcp://127.0.0.1:0", &opts, &why);
    assert_non_null(f->router);
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", pulih_bus_port(f->router));
    f->dealer = pulih_bus_dealer(f->bus, endpoint, &opts, &why);
    assert_non_null(f->dealer);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    pulih_worker_stop(f->worker);
    pulih_worker_free(f->worker);
    pulih_bus_socket_free(f->router);
    pulih_bus_socket_free(f->dealer);
    pulih_bus_free(f->bus);
    free(f);
    return 0;
}

static struct pulih_bus_msg *carry(struct fixture *f, struct pulih_view frame)
{
    struct pulih_bus_item item = {.socket = f->router, .wanted = PULIH_BUS_IN};
    int64_t until_us = pulih_mono_us() + 10000000;
    struct pulih_bus_msg *msg = NULL;

    assert_int_equal(pulih_bus_send(f->dealer, NULL, frame), PULIH_BUS_SENT);
    while (!msg && pulih_mono_us() < until_us) {
        pulih_bus_poll(&item, 1, 100);
        msg = pulih_bus_receive(f->router);
    }
    assert_non_null(msg);
    return msg;
}

/* --- handing on ---------------------------------------------------------------------------------------------- */

static struct pulih_item *add_item(struct pulih_batch *b, uint8_t n)
{
    b->items = pulih_room(b->items, b->n, &b->cap, sizeof *b->items);
    struct pulih_item *item = &b->items[b->n++];
    *item = (struct pulih_item){.row = {.id = {{1, 2, 3, n}}, .number = n, .state = PULIH_STATE_planned}};
    item->row.shard = pulih_shard(&item->row.id);
    return item;
}

static struct pulih_item *add_work(struct pulih_batch *b, uint8_t n, enum pulih_m m, int32_t version)
{
    struct pulih_item *item = add_item(b, n);

    item->to = pulih_message(m)->to;
    item->to_type = m;
    item->to_version = version;
    return item;
}

static const struct pulih_row_pending *manifest_for(const struct pulih_batch *b, enum pulih_stage stage)
{
    for (size_t i = 0; i < b->rows.of[PULIH_T_pending].n; i++)
        if (PULIH_ROWS(&b->rows, pending)[i].stage == (int16_t)stage)
            return &PULIH_ROWS(&b->rows, pending)[i];
    return NULL;
}

static void expect_names(const struct pulih_row_pending *row, const uint8_t *numbers, const int32_t *versions,
                         uint32_t n)
{
    assert_non_null(row);
    struct pulih_manifest m = {.items = row->items, .n = (uint32_t)row->n};

    assert_int_equal(m.n, n);
    assert_int_equal(m.items.len, n * PULIH_MANIFEST_ITEM_BYTES);
    for (uint32_t i = 0; i < n; i++) {
        struct pulih_id id;
        int32_t version;
        pulih_manifest_get(&m, i, &id, &version);
        assert_int_equal(id.b[3], numbers[i]);
        assert_int_equal(version, versions[i]);
    }
}

/* One manifest for each stage that has work, in the order of the items; nothing for those at rest or given up. */
static void hands_work_on_by_stage(void **state)
{
    struct pulih_batch b = {0};

    (void)state;
    add_work(&b, 1, PULIH_M_planned, 11);
    add_work(&b, 2, PULIH_M_classified, 12);
    add_item(&b, 3); /* at rest */
    add_work(&b, 4, PULIH_M_planned, 14);
    add_work(&b, 5, PULIH_M_planned, 15)->verdict = PULIH_NEVER;
    add_work(&b, 6, PULIH_M_reclassified, 16);
    add_work(&b, 7, PULIH_M_note, 17);
    for (int round = 1; round <= 2; round++) { /* a batch may be tried again */
        pulih_rows_empty(&b.rows);
        pulih_batch_hand_on(&b, 123456789);
        assert_int_equal(b.rows.of[PULIH_T_pending].n, 3);
        expect_names(manifest_for(&b, PULIH_STAGE_followup), (const uint8_t[]){1, 4, 7},
                     (const int32_t[]){11, 14, 17}, 3);
        expect_names(manifest_for(&b, PULIH_STAGE_escalation), (const uint8_t[]){2}, (const int32_t[]){12},
                     1);
        expect_names(manifest_for(&b, PULIH_STAGE_classification), (const uint8_t[]){6},
                     (const int32_t[]){16}, 1);
        assert_null(manifest_for(&b, PULIH_STAGE_intake));
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(PULIH_ROWS(&b.rows, pending)[i].next_at, 123456789);
            assert_int_equal(PULIH_ROWS(&b.rows, pending)[i].attempts, 0);
        }
    }
    pulih_batch_free(&b);
}

static void hands_on_nothing_when_all_rest(void **state)
{
    struct pulih_batch b = {0};

    (void)state;
    pulih_batch_hand_on(&b, 1);
    assert_int_equal(b.rows.of[PULIH_T_pending].n, 0);
    add_item(&b, 1);
    pulih_batch_hand_on(&b, 1);
    assert_int_equal(b.rows.of[PULIH_T_pending].n, 0);
    pulih_batch_free(&b);
}

/* --- hints ------------------------------------------------------------------------------------------------------ */

/* What the worker wants to be sent. */
struct outbox {
    struct pulih_buf frame[8]; /* by stage */
    int n;
};

static void take_hint(void *arg, enum pulih_stage to, struct pulih_view frame)
{
    struct outbox *out = arg;

    assert_int_equal(out->frame[to].len, 0);
    pulih_buf_add_view(&out->frame[to], frame);
    out->n++;
}

static void free_outbox(struct outbox *out)
{
    for (size_t i = 0; i < PULIH_COUNT(out->frame); i++)
        pulih_buf_free(&out->frame[i]);
}

static void hint(struct fixture *f, struct pulih_batch *b, struct outbox *out)
{
    pulih_batch_hand_on(b, 1790000000000000);
    pulih_batch_hint(b, f->worker);
    pulih_worker_take_hints(f->worker, take_hint, out);
}

static void expect_item(const struct pulih_hint_item *got, const struct pulih_item *item)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf row = {0};

    pulih_row_pack(&item->row, &row);
    assert_true(pulih_view_same(got->row, pulih_view_of_buf(&row)));
    assert_int_equal(got->version, item->to_version);
    assert_int_equal(got->type, pulih_message(item->to_type)->wire);
    assert_int_equal(got->body.len, item->to_body.len);
    assert_int_equal(memcmp(got->body.at, item->to_body.len ? item->to_body.at : "", item->to_body.len), 0);
    assert_int_equal(PULIH_HAS(got, hint_item, text), item->to_text.at != NULL);
    assert_true(pulih_view_same(got->text, item->to_text));
}

/* What one daemon hints is what another one gathers: the manifest's key, rows, bodies and texts. */
static void a_hint_arrives_as_it_was_meant(void **state)
{
    struct fixture *f = *state;
    struct pulih_batch from = {0}, to = {0};
    PULIH_AUTO(free_outbox) struct outbox out = {0};
    struct pulih_hint_item item;

    add_work(&from, 1, PULIH_M_planned, 11)->to_body = PULIH_VIEW("\x81\xa1x\x01");
    add_work(&from, 2, PULIH_M_classified, 12)->to_body = PULIH_VIEW("\x80");
    struct pulih_item *third = add_work(&from, 3, PULIH_M_planned, 13);
    third->to_body = PULIH_VIEW("\x80");
    third->to_text = PULIH_VIEW("\x81\xa5story\xa1x");
    add_work(&from, 4, PULIH_M_note, 14); /* mail: its body is left to the database */
    hint(f, &from, &out);
    assert_int_equal(out.n, 2);
    struct pulih_view frame = pulih_view_of_buf(&out.frame[PULIH_STAGE_followup]);
    int64_t before = pulih_metric(&f->metrics, PULIH_METRIC_hints_in_total);
    pulih_batch_add(&to, carry(f, frame), &f->metrics);
    assert_int_equal(pulih_metric(&f->metrics, PULIH_METRIC_hints_in_total), before + 1);
    const struct pulih_row_pending *row = manifest_for(&from, PULIH_STAGE_followup);
    assert_int_equal(to.n_manifests, 1);
    assert_int_equal(to.manifests[0].next_at, row->next_at);
    assert_int_equal(to.manifests[0].batch, row->batch);
    assert_int_equal(to.manifests[0].n, 3);
    assert_int_equal(to.n_hinted, 3);
    static const size_t which[] = {0, 2, 3};
    struct pulih_view at = to.hints[0].raw;
    for (size_t i = 0; i < PULIH_COUNT(which); i++) {
        assert_true(pulih_list_next(PULIH_M_hint_item, &at, &item));
        expect_item(&item, &from.items[which[i]]);
    }
    assert_false(pulih_list_next(PULIH_M_hint_item, &at, &item));
    pulih_batch_free(&from);
    pulih_batch_free(&to);
}

static void gathers_hints_and_drops_what_came_before(void **state)
{
    enum { HINTS = 40 };
    struct fixture *f = *state;
    struct pulih_batch to = {0};
    struct outbox *out = calloc(HINTS, sizeof *out);
    struct pulih_batch *from = calloc(HINTS, sizeof *from);

    for (size_t i = 0; i < HINTS; i++) {
        add_work(&from[i], (uint8_t)i, PULIH_M_planned, 1);
        hint(f, &from[i], &out[i]);
        struct pulih_view frame = pulih_view_of_buf(&out[i].frame[PULIH_STAGE_followup]);
        pulih_batch_add(&to, carry(f, frame), &f->metrics);
        pulih_batch_add(&to, carry(f, frame), &f->metrics); /* doubled */
        pulih_batch_add(&to, carry(f, pulih_view_of_buf(&out[0].frame[PULIH_STAGE_followup])), &f->metrics);
    }
    assert_int_equal(to.n_manifests, HINTS);
    assert_int_equal(to.n_frames, HINTS);
    assert_int_equal(to.n_hinted, HINTS);
    for (size_t i = 0; i < HINTS; i++) {
        struct pulih_hint_item item;
        struct pulih_view at = to.hints[i].raw;
        assert_int_equal(to.manifests[i].batch, PULIH_ROWS(&from[i].rows, pending)->batch);
        assert_true(pulih_list_next(PULIH_M_hint_item, &at, &item));
        expect_item(&item, &from[i].items[0]);
    }
    pulih_batch_empty(&to);
    assert_int_equal(to.n_manifests + to.n_frames + to.n_hinted + to.n, 0);
    pulih_batch_add(&to, carry(f, pulih_view_of_buf(&out[3].frame[PULIH_STAGE_followup])), &f->metrics);
    assert_int_equal(to.n_manifests, 1); /* emptied, it knows nothing of before */
    pulih_batch_free(&to);
    for (size_t i = 0; i < HINTS; i++) {
        pulih_batch_free(&from[i]);
        free_outbox(&out[i]);
    }
    free(from);
    free(out);
}

/* Frames of another version, of another kind, or broken: left to the poll. */
static void drops_frames_it_cannot_use(void **state)
{
    struct fixture *f = *state;
    struct pulih_batch to = {0};
    struct pulih_hint good = {0}, other;
    struct pulih_ping ping = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf frame = {0}, list = {0};
    struct pulih_hint_item item = {0};

    PULIH_SET(&item, hint_item, row, PULIH_VIEW("row"));
    PULIH_SET(&item, hint_item, body, PULIH_VIEW("body"));
    PULIH_SET(&item, hint_item, version, 1);
    PULIH_SET(&item, hint_item, type, 1);
    pulih_list_add(&list, PULIH_M_hint_item, &item);
    PULIH_SET(&good, hint, layout, pulih_row_layout());
    PULIH_SET(&good, hint, batch, 5);
    PULIH_SET(&good, hint, next_at, 6);
    PULIH_SET(&good, hint, items, (struct pulih_list){0});
    pulih_frame_encode(PULIH_M_hint, &good, &frame); /* names nothing */
    pulih_batch_add(&to, carry(f, pulih_view_of_buf(&frame)), &f->metrics);
    pulih_buf_empty(&frame);
    PULIH_SET(&good, hint, items, pulih_list_of(&list, 1));
    other = good;
    other.layout ^= 1;
    pulih_frame_encode(PULIH_M_hint, &other, &frame);
    pulih_batch_add(&to, carry(f, pulih_view_of_buf(&frame)), &f->metrics);
    pulih_buf_empty(&frame);
    pulih_frame_encode(PULIH_M_ping, &ping, &frame);
    pulih_batch_add(&to, carry(f, pulih_view_of_buf(&frame)), &f->metrics);
    pulih_batch_add(&to, carry(f, PULIH_VIEW("\xdf\xff\xff\xff\xff")), &f->metrics);
    pulih_batch_add(&to, carry(f, PULIH_VIEW("")), &f->metrics);
    pulih_buf_empty(&frame);
    pulih_frame_encode(PULIH_M_hint, &good, &frame);
    for (size_t cut = 0; cut < frame.len; cut++)
        pulih_batch_add(&to, carry(f, (struct pulih_view){frame.at, cut}), &f->metrics);
    assert_int_equal(to.n_manifests, 0);
    assert_int_equal(to.n_frames, 0);
    pulih_batch_add(&to, carry(f, pulih_view_of_buf(&frame)), &f->metrics);
    assert_int_equal(to.n_manifests, 1);
    pulih_batch_free(&to);
}

/* A hint that would be too large for a peer's socket is not sent: its manifest is there. */
static void leaves_very_large_hints_to_the_poll(void **state)
{
    enum { ITEMS = 100, TEXT_BYTES = 60000 };
    struct fixture *f = *state;
    struct pulih_batch from = {0};
    PULIH_AUTO(free_outbox) struct outbox out = {0};
    char *text = calloc(1, TEXT_BYTES);
    int64_t before = pulih_metric(&f->metrics, PULIH_METRIC_hints_dropped_total);

    for (uint8_t i = 0; i < ITEMS; i++) {
        struct pulih_item *item = add_work(&from, i, PULIH_M_planned, 1);
        item->to_body = PULIH_VIEW("\x80");
        item->to_text = (struct pulih_view){text, TEXT_BYTES};
    }
    hint(f, &from, &out);
    assert_int_equal(out.n, 0);
    assert_int_equal(pulih_metric(&f->metrics, PULIH_METRIC_hints_dropped_total), before + 1);
    assert_int_equal(manifest_for(&from, PULIH_STAGE_followup)->n, ITEMS);
    pulih_batch_free(&from);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_work_on_by_stage),
        cmocka_unit_test(hands_on_nothing_when_all_rest),
        cmocka_unit_test(a_hint_arrives_as_it_was_meant),
        cmocka_unit_test(gathers_hints_and_drops_what_came_before),
        cmocka_unit_test(drops_frames_it_cannot_use),
        cmocka_unit_test(leaves_very_large_hints_to_the_poll),
    };

    return cmocka_run_group_tests_name("batch", tests, open_fixture, close_fixture);
}
