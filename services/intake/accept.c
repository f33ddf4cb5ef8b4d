/* Acceptance: messages to rows, one transaction per batch.
 *
 * Fast path: only new complaints, none known. One round trip; the count of inserted complaints proves that
 * none was known. Slow path: look up, lock, sort out, write. Both may be repeated after an unknown outcome:
 * what was stored is then a duplicate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "pulih/base/clock.h"
#include "pulih/base/log.h"
#include "pulih/base/must.h"
#include "pulih/base/point.h"
#include "pulih/core/dated.h"
#include "pulih/core/reference.h"
#include "services/intake/accept.h"

enum { SALT_BYTES = 16, NUMBERS_PER_BLOCK = 1024, COMPARED_AT_ONCE = 64 };

const struct pulih_statement intake_statements[INTAKE_SQL_N] = {
#define SQL(name, n, params, text) {#name, n, params, text},
#include "gen/intake.sql.h"
#undef SQL
};

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

/* Sorts, salts and digests; done once, however often the batch is tried. */
static void prepare(struct intake_batch *b)
{
    char *salts = pulih_arena_get(&b->batch.arena, b->n * SALT_BYTES);

    randombytes_buf(salts, b->n * SALT_BYTES);
    qsort(b->messages, b->n, sizeof *b->messages, by_complaint);
    for (size_t i = 0; i < b->n; i++) {
        struct intake_message *m = &b->messages[i];
        m->salt = (struct pulih_view){salts + i * SALT_BYTES, SALT_BYTES};
        m->digest = intake_digest(&b->batch.arena, m, m->salt);
    }
}

static enum pulih_db_end ensure_numbers(struct pulih_worker *w, struct intake_numbers *numbers,
                                        size_t how_many)
{
    struct pulih_db *db = pulih_worker_db(w);

    if (numbers->session == pulih_db_session(db) && numbers->end - numbers->next >= (int64_t)how_many)
        return PULIH_DB_DONE;
    int64_t block = (int64_t)how_many > NUMBERS_PER_BLOCK ? (int64_t)how_many : NUMBERS_PER_BLOCK;
    /* With a COMMIT that is looked at: numbers that a standby does not know of could be given out twice. */
    pulih_db_begin(db);
    pulih_params_int8(pulih_db_params(db), block);
    size_t call = pulih_db_call(db, pulih_worker_own(w) + INTAKE_SQL_take_numbers);
    pulih_db_commit(db);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE) {
        numbers->next = pulih_db_int(db, call, 0, 0);
        numbers->end = numbers->next + block;
        numbers->session = pulih_db_session(db);
        struct pulih_view key = pulih_db_view(db, call, 0, 1);
        pulih_must(key.len == sizeof numbers->mark_key);
        memcpy(numbers->mark_key, key.at, key.len);
        PULIH_POINT(numbers_taken);
    }
    return end;
}

/* The one that it keeps however often the batch is tried over: the block holds no more than one for each. */
static int64_t number_for(struct intake_batch *b, struct intake_message *m)
{
    if (!m->number)
        m->number = b->numbers->next++;
    return m->number;
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
        b->messages[i].fault = NULL;
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

/* Classification compares them later, in portions that do not keep its worker for long. */
static void put_down_new(struct intake_batch *b, int64_t now_us)
{
    for (size_t at = 0; b->compares && at < b->n_new; at += COMPARED_AT_ONCE) {
        size_t n = b->n_new - at < COMPARED_AT_ONCE ? b->n_new - at : COMPARED_AT_ONCE;
        struct pulih_row_unlinked *unlinked = PULIH_ADD(&b->batch.rows, unlinked);
        char *items = pulih_arena_get(&b->batch.arena, n * sizeof(struct pulih_id));
        for (size_t i = 0; i < n; i++)
            memcpy(items + i * sizeof(struct pulih_id), b->batch.items[at + i].row.id.b,
                   sizeof(struct pulih_id));
        unlinked->at = now_us;
        randombytes_buf(&unlinked->batch, sizeof unlinked->batch);
        unlinked->items = (struct pulih_view){items, n * sizeof(struct pulih_id)};
    }
}

/* Writes everything decided, behind what is queued, and commits. */
static enum pulih_db_end commit(struct pulih_worker *w, struct intake_batch *b, int64_t now_us)
{
    struct pulih_db *db = pulih_worker_db(w);

    pulih_batch_hand_on(&b->batch, now_us);
    put_down_new(b, now_us);
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
        int64_t due_us = intake_add_complaint(w, b, m, number_for(b, m), now_us);
        const struct pulih_row_complaint *row = &b->batch.items[m->item].row;
        intake_make_ack(w, b, m, row->number, due_us, row->language);
    }
    pulih_db_begin(pulih_worker_db(w));
    return commit(w, b, now_us);
}

/* --- slow path ------------------------------------------------------------------------------------------ */

/* Refuses a message for a rule that the decoder does not know. */
static struct pulih_fault *refuse_field(struct intake_batch *b, struct intake_message *m, const char *field,
                                        const char *rule)
{
    struct pulih_fault *fault = pulih_arena_get(&b->batch.arena, sizeof *fault);

    *fault = pulih_fault_of(PULIH_refusal_bad_field, field, rule);
    m->refusal = fault->refusal;
    m->fault = fault;
    return fault;
}

/* Departments are the policy's. False: it is none, and refused. */
static bool check_department(struct pulih_worker *w, struct intake_batch *b, struct intake_message *m)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf rule = {0};
    const struct pulih_vocabulary *known = &pulih_worker_policy(w)->vocabulary;
    const struct pulih_reclassified *msg = m->body;

    if (m->type != PULIH_M_reclassified || !msg->department.at ||
        pulih_vocabulary_number(known, PULIH_WORDS_department, msg->department) >= 0)
        return true;
    pulih_buf_addf(&rule, "must be one of: ");
    pulih_vocabulary_add(known, PULIH_WORDS_department, &rule);
    struct pulih_fault *fault = refuse_field(b, m, "department", pulih_buf_text(&rule));
    snprintf(fault->value, sizeof fault->value, "%.*s", PULIH_VIEW_ARG(msg->department));
    return false;
}

/* What stands in these words goes into a letter as it is, and a letter has its dates from typed fields alone.
 * False: a date is promised there, and refused. */
static bool check_promises(struct pulih_worker *w, struct intake_batch *b, struct intake_message *m,
                           int64_t now_us)
{
    const struct pulih_offer_made *msg = m->body;
    int64_t day_us;

    if (m->type != PULIH_M_offer_made)
        return true;
    int32_t today = pulih_calendar_date(pulih_worker_policy(w)->calendar, now_us, &day_us);
    const char *field = pulih_promises_date(msg->solution, today)   ? "solution"
                        : pulih_promises_date(msg->argument, today) ? "argument"
                                                                    : NULL;
    if (field)
        refuse_field(
            b, m, field,
            "must not promise a date or time: execute_by says by when, and the letter tells it; a date "
            "that is past needs its year, a voucher is valid until its date");
    return !field;
}

static void decide(struct pulih_worker *w, struct intake_batch *b, size_t at, struct intake_known *known,
                   struct pulih_row_complaint *rows, size_t n_rows, int64_t now_us)
{
    struct intake_message *m = &b->messages[at];
    bool is_new = m->type == PULIH_M_complaint;
    struct intake_known *k = &known[at];

    if (k->found || intake_seen_in_batch(b, at, known)) {
        m->duplicate = k->same;
        m->refusal = k->same ? 0 : PULIH_refusal_conflict;
    } else if (is_new) {
        k->number = number_for(b, m);
        k->due_us = intake_add_complaint(w, b, m, k->number, now_us);
        k->language = b->batch.items[m->item].row.language;
    } else if (check_department(w, b, m) && check_promises(w, b, m, now_us)) {
        m->item = intake_item_for(b, m, rows, n_rows);
        if (m->item == SIZE_MAX) {
            m->refusal = PULIH_refusal_unknown_complaint;
            return;
        }
        k->number = b->batch.items[m->item].row.number;
        intake_post_message(b, m, now_us);
    }
    if (!m->refusal)
        intake_make_ack(w, b, m, k->number, is_new ? k->due_us : 0, k->language);
}

/* New complaints are decided first, so that their items stand in front. */
static void decide_all(struct pulih_worker *w, struct intake_batch *b, struct intake_known *known,
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

    PULIH_POINT(intake_duplicates);
    pulih_params_id(p, pulih_worker_id(w));
    pulih_params_int2(p, PULIH_STAGE_intake);
    pulih_params_text(p, PULIH_VIEW("intake"));
    pulih_params_time(p, pulih_worker_now(w));
    pulih_params_int8(p, 1);
    pulih_db_call(db, PULIH_SQL_seen);
}

/* False: refusals alone. They promise nothing, so nobody has to wait for the disk because of them. */
static bool acknowledges(const struct intake_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (!b->messages[i].refusal)
            return true;
    return false;
}

static enum pulih_db_end accept_any(struct pulih_worker *w, struct intake_batch *b)
{
    struct pulih_db *db = pulih_worker_db(w);
    struct intake_known *known = pulih_arena_get(&b->batch.arena, b->n * sizeof *known);
    struct pulih_row_complaint *rows;
    size_t n_rows;

    start_over(b);
    pulih_db_begin(db);
    enum pulih_db_end end = intake_look_up(w, b, known, &rows, &n_rows);
    if (end != PULIH_DB_DONE)
        return end;
    PULIH_POINT(intake_looked_up);
    decide_all(w, b, known, rows, n_rows);
    if (b->batch.n == 0 && acknowledges(b))
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
    pulih_count(metrics, PULIH_METRIC_commit_microseconds_total, pulih_mono_us() - b->given_us);
    for (size_t i = 0; i < b->n; i++)
        pulih_count(metrics,
                    b->messages[i].refusal     ? PULIH_METRIC_refused_total
                    : b->messages[i].duplicate ? PULIH_METRIC_duplicates_total
                                               : PULIH_METRIC_stored_total,
                    1);
}

static void log_refused(struct pulih_worker *w, const struct intake_message *m)
{
    struct pulih_db *db = pulih_worker_db(w);
    char id[37];

    pulih_id_print(&m->id, id);
    pulih_log(PULIH_LOG_warning, "message refused by the database", "id", "%s", id, "type", "%s",
              pulih_message(m->type)->name, "client", "%s", m->client, "sqlstate", "%s",
              pulih_db_sqlstate(db), "why", "%s", pulih_db_why(db), NULL);
}

/* The database refuses a value of the batch: halves are tried, until the culprit is alone and is refused. */
static enum pulih_db_end accept_halves(struct pulih_worker *w, struct intake_batch *b)
{
    struct intake_message *all = b->messages;
    size_t n = b->n;
    enum pulih_db_end end = PULIH_DB_DONE;

    PULIH_POINT(intake_halving);
    if (n == 1) {
        log_refused(w, all);
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
    for (size_t i = 0; i < b->n; i++)
        b->messages[i].number = 0;
    PULIH_POINT(intake_begun);
    end = ensure_numbers(w, b->numbers, b->n);
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
