#include "services/escalation/timer.h"

#include <stdlib.h>

#include "pulih/base/must.h"
#include "pulih/base/point.h"
#include "pulih/core/ladder.h"
#include "pulih/host/service.h"

const struct pulih_statement escalation_statements[ESCALATION_SQL_N] = {
#define SQL(name, n, params, text) {#name, n, params, text},
#include "gen/escalation.sql.h"
#undef SQL
};

/* Due deadlines as claimed, sorted by complaint; batch.items has one item per complaint. */
struct due {
    struct pulih_row_deadline *at;
    size_t n, cap;
};

/* Of one complaint the earlier first, so that a warning comes before what it warns of. */
static int by_complaint(const void *a, const void *b)
{
    const struct pulih_row_deadline *one = a, *other = b;
    int order = pulih_id_compare(&one->complaint, &other->complaint);

    return order ? order : (one->due_at > other->due_at) - (one->due_at < other->due_at);
}

/* What there is to do, in one round trip outside of a transaction: that is all that idling costs. */
struct prospect {
    int64_t next_us; /* the first deadline up to a horizon; 0: none */
    bool replan;
};

static enum pulih_db_end look(struct pulih_worker *w, int64_t until_us, struct prospect *ret)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct pulih_params *p = pulih_db_params(db);

    pulih_params_time(p, until_us);
    pulih_params_text(p, pulih_view_of(pulih_worker_policy(w)->version));
    size_t call = pulih_db_call(db, pulih_worker_own(w) + ESCALATION_SQL_look_ahead);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    ret->next_us = pulih_db_time(db, call, 0, 0);
    ret->replan = pulih_db_int(db, call, 0, 1) > 0 || *pulih_worker_policy_is_new(w);
    return end;
}

static enum pulih_db_end claim(struct pulih_worker *w, int64_t most, struct due *due)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct pulih_params *p;

    pulih_db_begin(db);
    p = pulih_db_params(db);
    pulih_params_time(p, pulih_worker_now(w));
    pulih_params_int8(p, most);
    size_t call = pulih_db_call(db, pulih_worker_own(w) + ESCALATION_SQL_claim_deadlines);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    for (size_t i = 0; i < pulih_db_rows(db, call); i++) {
        due->at = pulih_room(due->at, due->n, &due->cap, sizeof *due->at);
        due->at[due->n++] = (struct pulih_row_deadline){
            .due_at = pulih_db_time(db, call, i, 0),
            .complaint = pulih_db_id(db, call, i, 1),
            .kind = (int16_t)pulih_db_int(db, call, i, 2),
            .shard = (int16_t)pulih_db_int(db, call, i, 3),
            .armed = (int32_t)pulih_db_int(db, call, i, 4),
        };
    }
    if (due->n)
        qsort(due->at, due->n, sizeof *due->at, by_complaint);
    return PULIH_DB_DONE;
}

static bool is_hint(const struct pulih_row_deadline *deadline)
{
    return deadline->kind == PULIH_deadline_consumer;
}

static size_t count_hints(const struct due *due)
{
    size_t n = 0;

    for (size_t i = 0; i < due->n; i++)
        n += is_hint(&due->at[i]);
    return n;
}

/* What agents noted up to the version that is named goes, with the salt of its digest; the chronology keeps
 * that there was something. Returns the call, a row for each that is erased; SIZE_MAX: no hint's time has
 * come. */
static size_t erase_hints(struct pulih_worker *w, const struct due *due)
{
    size_t n = count_hints(due);

    if (!n)
        return SIZE_MAX;
    struct pulih_params *p = pulih_db_params(pulih_worker_db(w));
    pulih_params_array(p, PULIH_OID_UUID, n);
    for (size_t i = 0; i < due->n; i++)
        if (is_hint(&due->at[i]))
            pulih_params_id(p, &due->at[i].complaint);
    pulih_params_array(p, PULIH_OID_INT2, n);
    for (size_t i = 0; i < due->n; i++)
        if (is_hint(&due->at[i]))
            pulih_params_int2(p, due->at[i].shard);
    pulih_params_array(p, PULIH_OID_INT4, n);
    for (size_t i = 0; i < due->n; i++)
        if (is_hint(&due->at[i]))
            pulih_params_int4(p, due->at[i].armed);
    pulih_params_end(p);
    pulih_params_int2(p, PULIH_WIRE_consumer_noted);
    return pulih_db_call(pulih_worker_db(w), pulih_worker_own(w) + ESCALATION_SQL_erase_hints);
}

static void encode_body(const struct pulih_row_deadline *deadline, enum pulih_m m, struct pulih_buf *out)
{
    struct pulih_deadline_passed passed = {0};
    struct pulih_silence_passed silence = {0};
    struct pulih_approval_passed approval = {0};
    struct pulih_forward_passed forward = {0};

    if (m == PULIH_M_forward_passed) {
        PULIH_SET(&forward, forward_passed, due_at, deadline->due_at);
        pulih_msg_encode(m, &forward, PULIH_CLASS_OPEN, out);
        return;
    }
    if (m == PULIH_M_silence_passed) {
        PULIH_SET(&silence, silence_passed, due_at, deadline->due_at);
        PULIH_SET(&silence, silence_passed, armed, (uint64_t)deadline->armed);
        pulih_msg_encode(m, &silence, PULIH_CLASS_OPEN, out);
        return;
    }
    if (m == PULIH_M_approval_passed) {
        PULIH_SET(&approval, approval_passed, due_at, deadline->due_at);
        PULIH_SET(&approval, approval_passed, armed, (uint64_t)deadline->armed);
        pulih_msg_encode(m, &approval, PULIH_CLASS_OPEN, out);
        return;
    }
    PULIH_SET(&passed, deadline_passed, deadline, (uint16_t)deadline->kind);
    PULIH_SET(&passed, deadline_passed, due_at, deadline->due_at);
    PULIH_SET(&passed, deadline_passed, armed, (uint64_t)deadline->armed);
    pulih_msg_encode(m, &passed, PULIH_CLASS_OPEN, out);
}

static enum pulih_m message_of(int kind)
{
    switch (kind) {
    case PULIH_deadline_silence:
        return PULIH_M_silence_passed;
    case PULIH_deadline_approval:
        return PULIH_M_approval_passed;
    case PULIH_deadline_forwarding:
        return PULIH_M_forward_passed;
    default:
        return PULIH_M_deadline_passed;
    }
}

static void fire(struct pulih_batch *b, struct pulih_item *item, const struct pulih_row_deadline *deadline,
                 int64_t now_us)
{
    enum pulih_m m = message_of(deadline->kind);
    struct pulih_row_event event = {
        .type = (int16_t)pulih_message(m)->wire,
        .occurred_at = deadline->due_at,
        .recorded_at = now_us,
    };

    pulih_buf_empty(&b->scratch);
    encode_body(deadline, m, &b->scratch);
    event.body = pulih_arena_copy(&b->arena, pulih_view_of_buf(&b->scratch));
    if (!pulih_mail_post(&item->row, &b->rows, &event))
        return;
    item->to = pulih_message(m)->to;
    item->to_type = m;
    item->to_version = item->row.version;
}

static struct pulih_item *item_of(struct pulih_batch *b, const struct pulih_row_deadline *deadline)
{
    if (b->n && pulih_id_compare(&b->items[b->n - 1].row.id, &deadline->complaint) == 0)
        return &b->items[b->n - 1];
    b->items = pulih_room(b->items, b->n, &b->cap, sizeof *b->items);
    b->items[b->n] = (struct pulih_item){.row = {.id = deadline->complaint, .shard = deadline->shard}};
    return &b->items[b->n++];
}

void escalation_take_rows(struct pulih_db *db, size_t call, struct pulih_batch *b)
{
    size_t row = 0, rows = pulih_db_rows(db, call);

    for (size_t i = 0; i < b->n && row < rows; i++) {
        struct pulih_row_complaint found;
        pulih_store_read_complaint(db, call, row, &found);
        if (pulih_id_compare(&found.id, &b->items[i].row.id) != 0)
            continue;
        row++;
        b->items[i].row = found;
        b->items[i].was_version = found.version;
        b->items[i].was_holder = found.holder;
    }
}

static void fire_all(struct pulih_worker *w, struct pulih_batch *b, const struct due *due)
{
    size_t at = 0, kept = 0, fired = 0;
    int64_t now_us = pulih_worker_now(w);

    for (size_t i = 0; i < b->n; i++) {
        struct pulih_item *item = &b->items[i];
        for (; at < due->n && pulih_id_compare(&due->at[at].complaint, &item->row.id) == 0; at++)
            if (pulih_deadline_counts(&item->row, &due->at[at])) {
                fire(b, item, &due->at[at], now_us);
                fired++;
            }
        if (item->row.version > item->was_version)
            b->items[kept++] = *item;
    }
    b->n = kept;
    pulih_count(pulih_worker_metrics(w), PULIH_METRIC_deadlines_fired_total, (int64_t)fired);
    pulih_count(pulih_worker_metrics(w), PULIH_METRIC_deadlines_moot_total,
                (int64_t)(due->n - fired - count_hints(due)));
    pulih_batch_hand_on(b, now_us);
}

static enum pulih_db_end post(struct pulih_worker *w, struct pulih_batch *b, const struct due *due)
{
    struct pulih_db *db = pulih_worker_db(w);
    enum pulih_db_end end;

    for (size_t i = 0; i < due->n; i++)
        item_of(b, &due->at[i]);
    size_t call = pulih_store_lock(db, b->items, b->n);
    end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    PULIH_POINT(timer_claimed);
    escalation_take_rows(db, call, b);
    fire_all(w, b, due);
    size_t erased = erase_hints(w, due);
    pulih_store_move(db, b->items, b->n);
    pulih_store_put(db, &b->rows);
    PULIH_POINT(timer_posted);
    pulih_db_commit(db);
    end = pulih_db_run(db);
    PULIH_POINT(timer_fired);
    if (end != PULIH_DB_DONE)
        return end;
    if (erased != SIZE_MAX)
        pulih_count(pulih_worker_metrics(w), PULIH_METRIC_hints_erased_total,
                    (int64_t)pulih_db_rows(db, erased));
    pulih_batch_hint(b, w);
    return end;
}

static void free_due(struct due *due)
{
    free(due->at);
}

static enum pulih_db_end fire_due(struct pulih_worker *w, int64_t most, size_t *ret_fired)
{
    struct pulih_batch batch PULIH_AUTO(pulih_batch_free) = {0};
    struct due due PULIH_AUTO(free_due) = {0};
    enum pulih_db_end end = claim(w, most, &due);

    if (end == PULIH_DB_DONE && due.n)
        end = post(w, &batch, &due);
    else if (end == PULIH_DB_DONE)
        pulih_db_rollback(pulih_worker_db(w)); /* another replica has them */
    *ret_fired = due.n;
    return end;
}

enum pulih_db_end escalation_timer(struct pulih_worker *w, void *arg, int64_t *ret_wait_us)
{
    const struct pulih_host *h = arg;
    int64_t most = h->conf.escalation_timer_items, every_us = h->conf.escalation_timer_ms * 1000;
    int64_t now_us = pulih_worker_now(w);
    struct prospect p = {0};
    size_t fired = 0;
    bool more = false;
    enum pulih_db_end end = look(w, now_us + every_us, &p);
    bool is_due = p.next_us && p.next_us <= now_us;

    if (end == PULIH_DB_DONE && is_due)
        end = fire_due(w, most, &fired);
    if (end == PULIH_DB_DONE && p.replan && !fired)
        end = escalation_replan(w, most, &more);
    *ret_wait_us = every_us;
    if (more || fired == (size_t)most)
        *ret_wait_us = 0; /* as many as fit were there: there may be more */
    else if (p.next_us && !is_due)
        *ret_wait_us = p.next_us - now_us;
    return end;
}
