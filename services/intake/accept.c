/* Acceptance: messages to rows, one transaction per batch.
 *
 * Fast path: only new complaints, none known. One round trip; the count of inserted complaints proves that
 * none was known. Slow path: look up, lock, sort out, write. Both may be repeated after an unknown outcome:
 * what was stored is then a duplicate.
 */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "pulih/base/must.h"
#include "pulih/core/reference.h"
#include "services/intake/intake.h"

enum { SALT_BYTES = 16, DIGEST_BYTES = 32, NUMBERS_PER_BLOCK = 1024, ROLE_CUSTOMER = 1 };

const struct pulih_statement intake_statements[INTAKE_SQL_N] = {
#define SQL(name, n, params, text) {#name, n, params, text},
#include "gen/intake.sql.h"
#undef SQL
};

/* Numbers for new complaints, taken from the database in blocks; what a crash leaves unused stays unused.
 * Only the worker's thread touches them. */
static struct {
    int64_t next;
    int64_t end;
} numbers;

void intake_batch_empty(struct intake_batch *b)
{
    pulih_batch_empty(&b->batch);
    b->n = 0;
    b->n_new = 0;
    b->bytes = 0;
}

void intake_batch_free(struct intake_batch *b)
{
    pulih_batch_free(&b->batch);
    free(b->messages);
}

/* --- preparing ------------------------------------------------------------------------------------------ */

static int by_complaint(const void *left, const void *right)
{
    const struct intake_message *a = left, *b = right;
    int order = pulih_id_compare(&a->complaint, &b->complaint);

    if (order)
        return order;
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

static struct pulih_view digest_of(struct pulih_arena *arena, const struct intake_message *m,
                                   struct pulih_view salt)
{
    crypto_generichash_state hash;
    unsigned char *out = pulih_arena_get(arena, DIGEST_BYTES);
    const char *type = pulih_message(m->type)->name;

    crypto_generichash_init(&hash, (const unsigned char *)salt.at, salt.len, DIGEST_BYTES);
    crypto_generichash_update(&hash, (const unsigned char *)type, strlen(type) + 1);
    crypto_generichash_update(&hash, (const unsigned char *)m->raw.at, m->raw.len);
    crypto_generichash_final(&hash, out, DIGEST_BYTES);
    return (struct pulih_view){(const char *)out, DIGEST_BYTES};
}

/* Sorts, salts and digests; done once, however often the batch is tried. */
static void prepare(struct intake_batch *b)
{
    char *salts = pulih_arena_get(&b->batch.arena, b->n * SALT_BYTES);

    randombytes_buf(salts, b->n * SALT_BYTES);
    qsort(b->messages, b->n, sizeof *b->messages, by_complaint);
    for (size_t i = 0; i < b->n; i++) {
        struct intake_message *m = &b->messages[i];
        m->salt = (struct pulih_view){salts + i * SALT_BYTES, SALT_BYTES};
        m->digest = digest_of(&b->batch.arena, m, m->salt);
    }
}

static enum pulih_db_end ensure_numbers(struct pulih_worker *w, size_t how_many)
{
    struct pulih_db *db = pulih_worker_db(w);

    if (numbers.end - numbers.next >= (int64_t)how_many)
        return PULIH_DB_DONE;
    int64_t block = (int64_t)how_many > NUMBERS_PER_BLOCK ? (int64_t)how_many : NUMBERS_PER_BLOCK;
    pulih_params_int8(pulih_db_params(db), block);
    size_t call = pulih_db_call(db, pulih_worker_own(w) + INTAKE_SQL_take_numbers);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE) {
        numbers.next = pulih_db_int(db, call, 0, 0);
        numbers.end = numbers.next + block;
    }
    return end;
}

static void start_over(struct intake_batch *b)
{
    pulih_rows_empty(&b->batch.rows);
    b->batch.n = 0;
    b->n_new = 0;
    for (size_t i = 0; i < b->n; i++) {
        b->messages[i].item = SIZE_MAX;
        b->messages[i].duplicate = false;
        b->messages[i].refusal = 0;
    }
}

/* --- rows ----------------------------------------------------------------------------------------------- */

static struct pulih_view encode(struct intake_batch *b, const struct intake_message *m, int class)
{
    struct pulih_buf *scratch = &b->batch.scratch;

    pulih_buf_empty(scratch);
    if (pulih_msg_encode(m->type, m->body, class, scratch) == 0 && class != PULIH_CLASS_OPEN)
        return (struct pulih_view){0};
    return pulih_arena_copy(&b->batch.arena, pulih_view_of_buf(scratch));
}

static struct pulih_row_event event_of(struct intake_batch *b, const struct intake_message *m, int64_t now_us)
{
    return (struct pulih_row_event){
        .type = (int16_t)pulih_message(m->type)->wire,
        .message = m->id,
        .occurred_at = m->occurred_at,
        .recorded_at = now_us,
        .body = encode(b, m, PULIH_CLASS_OPEN),
        .digest = m->digest,
    };
}

/* What people wrote goes beside the event. The salt goes with it, or with nothing: a digest whose salt is
 * erased tells nothing any more. */
static struct pulih_view add_content(struct intake_batch *b, const struct intake_message *m,
                                     const struct pulih_row_complaint *row)
{
    struct pulih_row_content *content = PULIH_ADD(&b->batch.rows, content);
    struct pulih_view text = encode(b, m, PULIH_CLASS_TEXT);

    content->complaint = row->id;
    content->shard = row->shard;
    content->version = row->version;
    content->salt = m->salt;
    content->body = text.at ? text : PULIH_VIEW("\x80"); /* an empty map */
    return text;
}

static void add_person(struct intake_batch *b, const struct intake_message *m,
                       const struct pulih_row_complaint *row)
{
    struct pulih_view body = encode(b, m, PULIH_CLASS_PERSON);

    if (!body.at)
        return;
    struct pulih_row_person *person = PULIH_ADD(&b->batch.rows, person);
    person->complaint = row->id;
    person->shard = row->shard;
    person->role = ROLE_CUSTOMER;
    person->body = body;
}

static void add_promise(struct pulih_worker *w, struct intake_batch *b, struct pulih_row_complaint *row,
                        int64_t now_us)
{
    const struct pulih_policy *policy = pulih_worker_policy(w);
    struct pulih_row_promise *promise = PULIH_ADD(&b->batch.rows, promise);

    promise->complaint = row->id;
    promise->shard = row->shard;
    promise->n = ++row->promises;
    promise->kind = PULIH_promise_plan;
    promise->version = row->version;
    promise->due_at = pulih_calendar_add(policy->calendar, now_us, policy->plan_within);
    promise->told_at = now_us;
}

static struct pulih_item *add_item(struct intake_batch *b)
{
    struct pulih_batch *batch = &b->batch;

    batch->items = pulih_room(batch->items, batch->n, &batch->cap, sizeof *batch->items);
    batch->items[batch->n] = (struct pulih_item){0};
    return &batch->items[batch->n++];
}

static void add_complaint(struct pulih_worker *w, struct intake_batch *b, struct intake_message *m,
                          int64_t now_us)
{
    struct pulih_complaint *msg = m->body;
    struct pulih_item *item = add_item(b);
    struct pulih_row_complaint *row = &item->row;
    struct pulih_row_event *event;

    PULIH_SET(msg, complaint, source, pulih_view_of(m->client));
    m->item = b->batch.n - 1;
    b->n_new++;
    row->id = m->complaint;
    row->shard = pulih_shard(&m->complaint);
    row->number = numbers.next++;
    row->received_at = now_us;
    row->language = (int16_t)msg->language;
    row->channel = (int16_t)(msg->preferred_channel ? msg->preferred_channel : msg->channel);
    row->holder = PULIH_STAGE_classification;
    event = PULIH_ADD(&b->batch.rows, event);
    *event = event_of(b, m, now_us);
    pulih_chain(row, event, pulih_life_after(PULIH_STATE_none, PULIH_M_complaint));
    item->to = PULIH_STAGE_classification;
    item->to_type = PULIH_M_complaint;
    item->to_version = row->version;
    item->to_body = event->body;
    item->to_text = add_content(b, m, row);
    add_person(b, m, row);
    add_promise(w, b, row, now_us);
}

static void post_message(struct intake_batch *b, struct intake_message *m, int64_t now_us)
{
    struct pulih_item *item = &b->batch.items[m->item];
    struct pulih_row_event event = event_of(b, m, now_us);

    if (pulih_mail_post(&item->row, &b->batch.rows, &event)) {
        item->to = pulih_message(m->type)->to;
        item->to_type = m->type;
        item->to_version = item->row.version;
    }
    add_content(b, m, &item->row);
}

/* --- receipts ------------------------------------------------------------------------------------------- */

static struct pulih_view print_receipt(struct pulih_worker *w, struct intake_batch *b, const char *reference,
                                       int64_t due_us, int language)
{
    const struct pulih_policy *policy = pulih_worker_policy(w);
    struct pulih_buf *scratch = &b->batch.scratch;
    struct pulih_slots slots = {0};

    if (language != PULIH_language_id && language != PULIH_language_en)
        language = policy->language;
    pulih_buf_empty(scratch);
    pulih_calendar_print(policy->calendar, due_us, language, scratch);
    slots.value[PULIH_SLOT_due] = pulih_arena_copy(&b->batch.arena, pulih_view_of_buf(scratch));
    slots.value[PULIH_SLOT_reference] = pulih_view_of(reference);
    slots.value[PULIH_SLOT_company] = policy->company;
    pulih_buf_empty(scratch);
    pulih_template_fill(policy->receipt[language], &slots, scratch);
    return pulih_arena_copy(&b->batch.arena, pulih_view_of_buf(scratch));
}

/* `due_us` 0: no promise goes with it (later messages). */
static void make_ack(struct pulih_worker *w, struct intake_batch *b, struct intake_message *m, int64_t number,
                     int64_t due_us, int language)
{
    char reference[PULIH_REFERENCE_BYTES];

    pulih_reference_print(number, reference);
    m->ack = (struct pulih_ack){0};
    PULIH_SET(&m->ack, ack, id, m->id);
    PULIH_SET(&m->ack, ack, complaint, m->complaint);
    PULIH_SET(&m->ack, ack, result, m->duplicate ? PULIH_result_duplicate : PULIH_result_stored);
    PULIH_SET(&m->ack, ack, reference, pulih_arena_copy(&b->batch.arena, pulih_view_of(reference)));
    if (due_us) {
        PULIH_SET(&m->ack, ack, promised_at, due_us);
        PULIH_SET(&m->ack, ack, receipt, print_receipt(w, b, reference, due_us, language));
    }
}

/* --- fast path ------------------------------------------------------------------------------------------ */

static bool all_new(const struct intake_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (b->messages[i].type != PULIH_M_complaint ||
            (i && pulih_id_compare(&b->messages[i - 1].complaint, &b->messages[i].complaint) == 0))
            return false;
    return true;
}

static void put_complaints(struct pulih_worker *w, struct intake_batch *b)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct pulih_params *p = pulih_db_params(db);

    pulih_params_rows(p, pulih_db_type(db, PULIH_T_complaint), b->n_new);
    for (size_t i = 0; i < b->n_new; i++) {
        pulih_params_row(p, pulih_tables[PULIH_T_complaint].n_columns);
        pulih_row_bind(PULIH_T_complaint, &b->batch.items[i].row, p);
    }
    pulih_params_end(p);
    pulih_params_int8(p, (int64_t)b->n_new);
    pulih_db_call(db, pulih_worker_own(w) + INTAKE_SQL_put_complaint);
}

/* Writes everything decided, behind what is queued, and commits. */
static enum pulih_db_end commit(struct pulih_worker *w, struct intake_batch *b, int64_t now_us)
{
    struct pulih_db *db = pulih_worker_db(w);

    pulih_batch_hand_on(&b->batch, now_us);
    if (b->n_new)
        put_complaints(w, b);
    pulih_store_move(db, b->batch.items + b->n_new, b->batch.n - b->n_new);
    pulih_store_put(db, &b->batch.rows);
    pulih_db_commit(db);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE)
        pulih_batch_hint(&b->batch, w);
    return end;
}

static enum pulih_db_end accept_new(struct pulih_worker *w, struct intake_batch *b)
{
    int64_t now_us = pulih_worker_now(w);

    start_over(b);
    for (size_t i = 0; i < b->n; i++) {
        struct intake_message *m = &b->messages[i];
        add_complaint(w, b, m, now_us);
        make_ack(w, b, m, b->batch.items[m->item].row.number, PULIH_ROWS(&b->batch.rows, promise)[i].due_at,
                 b->batch.items[m->item].row.language);
    }
    pulih_db_begin(pulih_worker_db(w));
    return commit(w, b, now_us);
}

/* --- slow path ------------------------------------------------------------------------------------------ */

/* What the database knows of a message that came before. */
struct known {
    bool found;
    bool same;
    int64_t number;
    int64_t due_us;
    int language;
};

static bool same_digest(struct intake_batch *b, const struct intake_message *m, struct pulih_view stored,
                        struct pulih_view salt)
{
    /* Content that was erased took its salt with it; then the id alone must do. */
    return !salt.at || pulih_view_same(stored, digest_of(&b->batch.arena, m, salt));
}

static size_t ask_complaints(struct pulih_worker *w, struct intake_batch *b)
{
    struct pulih_params *p = pulih_db_params(pulih_worker_db(w));

    pulih_params_array(p, PULIH_OID_UUID, b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_params_id(p, &b->messages[i].complaint);
    pulih_params_array(p, PULIH_OID_INT2, b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_params_int2(p, pulih_shard(&b->messages[i].complaint));
    return pulih_db_call(pulih_worker_db(w), pulih_worker_own(w) + INTAKE_SQL_known_complaints);
}

static size_t ask_messages(struct pulih_worker *w, struct intake_batch *b)
{
    struct pulih_params *p = pulih_db_params(pulih_worker_db(w));

    pulih_params_array(p, PULIH_OID_UUID, b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_params_id(p, &b->messages[i].complaint);
    pulih_params_array(p, PULIH_OID_INT2, b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_params_int2(p, pulih_shard(&b->messages[i].complaint));
    pulih_params_array(p, PULIH_OID_UUID, b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_params_id(p, &b->messages[i].id);
    return pulih_db_call(pulih_worker_db(w), pulih_worker_own(w) + INTAKE_SQL_known_messages);
}

/* Locks the complaints that later messages are about; rows come sorted, one per complaint. */
static size_t ask_rows(struct pulih_worker *w, struct intake_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct intake_message *m = &b->messages[i];
        struct pulih_batch *batch = &b->batch;
        if (m->type == PULIH_M_complaint)
            continue;
        if (batch->n == 0 || pulih_id_compare(&batch->items[batch->n - 1].row.id, &m->complaint) != 0) {
            struct pulih_item *item = add_item(b);
            item->row.id = m->complaint;
            item->row.shard = pulih_shard(&m->complaint);
        }
    }
    return pulih_store_lock(pulih_worker_db(w), b->batch.items, b->batch.n);
}

static void take_known(struct pulih_worker *w, struct intake_batch *b, size_t complaints, size_t messages,
                       struct known *known)
{
    struct pulih_db *db = pulih_worker_db(w);

    for (size_t i = 0; i < pulih_db_rows(db, complaints); i++) {
        size_t n = (size_t)pulih_db_int(db, complaints, i, 0) - 1;
        struct intake_message *m = &b->messages[n];
        known[n].number = pulih_db_int(db, complaints, i, 1);
        known[n].due_us = pulih_db_time(db, complaints, i, 4);
        known[n].language = (int)pulih_db_int(db, complaints, i, 5);
        if (m->type != PULIH_M_complaint)
            continue;
        known[n].found = true;
        known[n].same =
            same_digest(b, m, pulih_db_view(db, complaints, i, 2), pulih_db_view(db, complaints, i, 3));
    }
    for (size_t i = 0; i < pulih_db_rows(db, messages); i++) {
        size_t n = (size_t)pulih_db_int(db, messages, i, 0) - 1;
        if (b->messages[n].type == PULIH_M_complaint)
            continue;
        known[n].found = true;
        known[n].same = same_digest(b, &b->messages[n], pulih_db_view(db, messages, i, 1),
                                    pulih_db_view(db, messages, i, 2));
    }
}

/* The locked rows, sorted, kept in the arena: items are made from them as messages need them. */
static struct pulih_row_complaint *take_rows(struct pulih_worker *w, struct intake_batch *b, size_t call,
                                             size_t *ret_n)
{
    struct pulih_db *db = pulih_worker_db(w);
    size_t n = pulih_db_rows(db, call);
    struct pulih_row_complaint *rows = pulih_arena_get(&b->batch.arena, (n + 1) * sizeof *rows);

    for (size_t i = 0; i < n; i++)
        pulih_store_read_complaint(db, call, i, &rows[i]);
    *ret_n = n;
    return rows;
}

/* A second message with the same id within the batch is a duplicate of the first, or conflicts with it. */
static bool seen_in_batch(struct intake_batch *b, size_t at, struct known *known)
{
    struct intake_message *m = &b->messages[at];

    for (size_t i = at; i-- > 0 && pulih_id_compare(&b->messages[i].complaint, &m->complaint) == 0;) {
        const struct intake_message *before = &b->messages[i];
        if (pulih_id_compare(&before->id, &m->id) != 0 || before->refusal)
            continue;
        known[at] = known[i];
        known[at].found = true;
        known[at].same = before->type == m->type && pulih_view_same(before->raw, m->raw);
        return true;
    }
    return false;
}

/* The item of a complaint that a message is about: one of this batch, or a locked row. */
static size_t item_for(struct intake_batch *b, const struct intake_message *m,
                       struct pulih_row_complaint *rows, size_t n_rows)
{
    for (size_t i = 0; i < b->batch.n; i++)
        if (pulih_id_compare(&b->batch.items[i].row.id, &m->complaint) == 0)
            return i;
    for (size_t i = 0; i < n_rows; i++)
        if (pulih_id_compare(&rows[i].id, &m->complaint) == 0) {
            struct pulih_item *item = add_item(b);
            item->row = rows[i];
            item->was_version = rows[i].version;
            item->was_holder = rows[i].holder;
            return b->batch.n - 1;
        }
    return SIZE_MAX;
}

static void decide(struct pulih_worker *w, struct intake_batch *b, size_t at, struct known *known,
                   struct pulih_row_complaint *rows, size_t n_rows, int64_t now_us)
{
    struct intake_message *m = &b->messages[at];
    bool is_new = m->type == PULIH_M_complaint;
    struct known *k = &known[at];

    if (k->found || seen_in_batch(b, at, known)) {
        m->duplicate = k->same;
        m->refusal = k->same ? 0 : PULIH_refusal_conflict;
    } else if (is_new) {
        add_complaint(w, b, m, now_us);
        const struct pulih_rowset *promises = &b->batch.rows.of[PULIH_T_promise];
        k->number = b->batch.items[m->item].row.number;
        k->language = b->batch.items[m->item].row.language;
        k->due_us = PULIH_ROWS(&b->batch.rows, promise)[promises->n - 1].due_at;
    } else {
        m->item = item_for(b, m, rows, n_rows);
        if (m->item == SIZE_MAX) {
            m->refusal = PULIH_refusal_unknown_complaint;
            return;
        }
        k->number = b->batch.items[m->item].row.number;
        post_message(b, m, now_us);
    }
    if (!m->refusal)
        make_ack(w, b, m, k->number, is_new ? k->due_us : 0, k->language);
}

/* New complaints are decided first, so that their items stand in front. */
static void decide_all(struct pulih_worker *w, struct intake_batch *b, struct known *known,
                       struct pulih_row_complaint *rows, size_t n_rows)
{
    int64_t now_us = pulih_worker_now(w);

    start_over(b);
    for (int later = 0; later < 2; later++)
        for (size_t i = 0; i < b->n; i++)
            if ((b->messages[i].type != PULIH_M_complaint) == later)
                decide(w, b, i, known, rows, n_rows, now_us);
}

/* A batch of nothing but duplicates writes all the same: its commit waits for the standby, and only then do
 * we say again that the messages are stored. */
static void leave_trace(struct pulih_worker *w)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct pulih_params *p = pulih_db_params(db);

    pulih_params_id(p, pulih_worker_id(w));
    pulih_params_int2(p, PULIH_STAGE_intake);
    pulih_params_text(p, PULIH_VIEW("intake"));
    pulih_params_time(p, pulih_worker_now(w));
    pulih_params_int8(p, 1);
    pulih_db_call(db, PULIH_SQL_seen);
}

static enum pulih_db_end accept_any(struct pulih_worker *w, struct intake_batch *b)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct known *known = pulih_arena_get(&b->batch.arena, b->n * sizeof *known);
    size_t n_rows;

    start_over(b);
    pulih_db_begin(db);
    size_t locked = ask_rows(w, b);
    size_t complaints = ask_complaints(w, b);
    size_t messages = ask_messages(w, b);
    enum pulih_db_end end = pulih_db_run(db);
    if (end != PULIH_DB_DONE)
        return end;
    take_known(w, b, complaints, messages, known);
    struct pulih_row_complaint *rows = take_rows(w, b, locked, &n_rows);
    decide_all(w, b, known, rows, n_rows);
    if (b->batch.n == 0)
        leave_trace(w);
    pulih_count(pulih_worker_metrics(w), PULIH_METRIC_slow_batches_total, 1);
    return commit(w, b, pulih_worker_now(w));
}

/* --- the job -------------------------------------------------------------------------------------------- */

static void count_accepted(struct pulih_worker *w, const struct intake_batch *b)
{
    struct pulih_metrics *metrics = pulih_worker_metrics(w);

    pulih_count(metrics, PULIH_METRIC_batches_total, 1);
    pulih_count(metrics, PULIH_METRIC_items_total, (int64_t)b->n);
    pulih_gauge(metrics, PULIH_METRIC_batch_items, (int64_t)b->n);
    for (size_t i = 0; i < b->n; i++)
        pulih_count(metrics,
                    b->messages[i].refusal     ? PULIH_METRIC_refused_total
                    : b->messages[i].duplicate ? PULIH_METRIC_duplicates_total
                                               : PULIH_METRIC_stored_total,
                    1);
}

/* The database refuses a value of the batch: halves are tried, until the culprit is alone and is refused. */
static enum pulih_db_end accept_halves(struct pulih_worker *w, struct intake_batch *b)
{
    struct intake_message *all = b->messages;
    size_t n = b->n;
    enum pulih_db_end end = PULIH_DB_DONE;

    if (n == 1) {
        all->refusal = PULIH_refusal_not_allowed;
        return PULIH_DB_DONE;
    }
    for (int half = 0; half < 2 && end == PULIH_DB_DONE; half++) {
        b->messages = half ? all + n / 2 : all;
        b->n = half ? n - n / 2 : n / 2;
        end = accept_any(w, b);
        if (end == PULIH_DB_DATA)
            end = accept_halves(w, b);
    }
    b->messages = all;
    b->n = n;
    return end;
}

enum pulih_db_end intake_accept(struct pulih_worker *w, void *job, int attempt)
{
    struct intake_batch *b = job;
    enum pulih_db_end end;

    if (attempt == 0)
        prepare(b);
    end = ensure_numbers(w, b->n);
    if (end != PULIH_DB_DONE)
        return end;
    end = PULIH_DB_MISMATCH;
    if (attempt == 0 && all_new(b))
        end = accept_new(w, b);
    if (end == PULIH_DB_MISMATCH)
        end = accept_any(w, b);
    if (end == PULIH_DB_DATA)
        end = accept_halves(w, b);
    if (end == PULIH_DB_DONE)
        count_accepted(w, b);
    return end;
}
