/* The statements of core at work: what is written comes back, what does not fit ends the transaction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/reference.h"
#include "pulih/core/store.h"
#include "services/intake/intake.h"
#include "tests/lib/database.h"

/* Statements of this test, behind those of core and intake. */
enum { TEST_count_feed, TEST_armed, TEST_pending, TEST_dead, TEST_N };
static const struct pulih_statement own[TEST_N] = {
    {"count_feed", 1, "int2 stream",
     "SELECT f.seq, h.last FROM pulih.feed f JOIN pulih.feed_head h USING (stream) WHERE f.stream = $1::int2 "
     "ORDER "
     "BY f.seq"},
    {"armed", 1, "uuid complaint", "SELECT armed FROM pulih.deadline WHERE complaint = $1::uuid"},
    {"pending", 1, "int2 stage",
     "SELECT next_at, batch, attempts, n, items FROM pulih.pending WHERE stage = $1::int2 ORDER BY next_at, "
     "batch"},
    {"dead", 1, "uuid complaint", "SELECT reason FROM pulih.dead WHERE complaint = $1::uuid"},
};
enum { OWN = PULIH_SQL_N + (int)INTAKE_SQL_N };

struct fixture {
    struct pulih_db *db;
    struct pulih_rows rows;
    struct pulih_arena arena;
    uint64_t seed;
};

static int open_fixture(void **state)
{
    static uint64_t opened; /* complaints of two tests differ, too: they share a database */
    struct fixture *f = calloc(1, sizeof *f);

    f->seed = 88172645463325252 + opened++;
    f->db = database_open();
    pulih_db_add(f->db, pulih_core_statements, PULIH_SQL_N);
    pulih_db_add(f->db, intake_statements, INTAKE_SQL_N);
    pulih_db_add(f->db, own, TEST_N);
    pulih_db_add_types(f->db, pulih_core_types, PULIH_TYPE_N);
    database_connect(f->db);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    pulih_db_free(f->db);
    pulih_rows_free(&f->rows);
    pulih_arena_free(&f->arena);
    free(f);
    return 0;
}

static uint64_t next_random(struct fixture *f)
{
    f->seed ^= f->seed << 13;
    f->seed ^= f->seed >> 7;
    f->seed ^= f->seed << 17;
    return f->seed;
}

/* Ids sort by n, so that rows come back in the order in which they were asked for. */
static struct pulih_id id_of(struct fixture *f, uint8_t n)
{
    struct pulih_id id = {{0x01, n}};
    uint64_t r = next_random(f);

    memcpy(id.b + 8, &r, sizeof r);
    return id;
}

/* Any values that fit the columns. */
static struct pulih_row_complaint random_complaint(struct fixture *f, uint8_t n)
{
    const struct pulih_table_row *t = &pulih_tables[PULIH_T_complaint];
    struct pulih_row_complaint row = {0};

    for (size_t c = 0; c < t->n_columns; c++) {
        char *at = (char *)&row + t->columns[c].offset;
        uint64_t r = next_random(f);
        enum pulih_colkind kind = t->columns[c].kind;
        if (kind == PULIH_COL_int2)
            *(int16_t *)(void *)at = (int16_t)r;
        else if (kind == PULIH_COL_int4)
            *(int32_t *)(void *)at = (int32_t)r;
        else if (kind == PULIH_COL_int8)
            *(int64_t *)(void *)at = (int64_t)r;
        else if (kind == PULIH_COL_time || (kind == PULIH_COL_may_time && r & 1))
            *(int64_t *)(void *)at = (int64_t)(r % UINT64_C(4000000000000000));
        else if (kind == PULIH_COL_hash)
            memset(at, (int)(r & 255), PULIH_HASH_BYTES);
    }
    row.id = id_of(f, n);
    row.shard = pulih_shard(&row.id);
    return row;
}

static void put_complaints(struct fixture *f, const struct pulih_row_complaint *rows, size_t n,
                           enum pulih_db_end expected)
{
    struct pulih_params *p;

    pulih_db_begin(f->db);
    p = pulih_db_params(f->db);
    pulih_rows_bind(PULIH_T_complaint, pulih_db_type(f->db, PULIH_T_complaint), rows, n, p);
    pulih_params_int8(p, (int64_t)n);
    pulih_db_call(f->db, PULIH_SQL_N + (size_t)INTAKE_SQL_put_complaint);
    pulih_db_commit(f->db);
    database_run(f->db, expected);
}

static bool same_complaint(const struct pulih_row_complaint *a, const struct pulih_row_complaint *b)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf left = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf right = {0};

    pulih_row_pack(a, &left);
    pulih_row_pack(b, &right);
    return pulih_view_same(pulih_view_of_buf(&left), pulih_view_of_buf(&right));
}

static struct pulih_row_complaint read_back(struct fixture *f, const struct pulih_row_complaint *row)
{
    struct pulih_item item = {.row = {.id = row->id, .shard = row->shard}};
    struct pulih_row_complaint found;

    size_t call = pulih_store_lock(f->db, &item, 1);
    database_run(f->db, PULIH_DB_DONE);
    assert_int_equal(pulih_db_rows(f->db, call), 1);
    pulih_store_read_complaint(f->db, call, 0, &found);
    return found;
}

/* --- complaints ------------------------------------------------------------------------------------------------ */

static void complaints_come_back_as_they_were(void **state)
{
    enum { N = 50 };
    struct fixture *f = *state;
    struct pulih_row_complaint rows[N], found;
    struct pulih_item items[N + 1] = {0};

    for (uint8_t i = 0; i < N; i++) {
        rows[i] = random_complaint(f, i);
        items[i + (i >= 7)].row = rows[i];
    }
    items[7].row.id = id_of(f, 7); /* is not there */
    put_complaints(f, rows, N, PULIH_DB_DONE);
    size_t call = pulih_store_lock(f->db, items, N + 1);
    database_run(f->db, PULIH_DB_DONE);
    assert_int_equal(pulih_db_rows(f->db, call), N);
    for (size_t i = 0; i < N; i++) {
        pulih_store_read_complaint(f->db, call, i, &found);
        assert_true(same_complaint(&found, &rows[i]));
    }
}

static void a_complaint_is_stored_once(void **state)
{
    struct fixture *f = *state;
    struct pulih_row_complaint rows[2] = {random_complaint(f, 100), random_complaint(f, 101)}, other;

    put_complaints(f, rows, 1, PULIH_DB_DONE);
    other = rows[0];
    other.version++;
    put_complaints(f, &other, 1, PULIH_DB_MISMATCH);
    rows[0] = other;
    put_complaints(f, rows, 2, PULIH_DB_MISMATCH); /* the new one beside it is not stored, either */
    struct pulih_item item = {.row = rows[1]};
    size_t call = pulih_store_lock(f->db, &item, 1);
    database_run(f->db, PULIH_DB_DONE);
    assert_int_equal(pulih_db_rows(f->db, call), 0);
}

static enum pulih_db_end move(struct fixture *f, const struct pulih_item *items, size_t n)
{
    pulih_db_begin(f->db);
    pulih_store_move(f->db, items, n);
    pulih_db_commit(f->db);
    return pulih_db_run(f->db);
}

/* All columns but the fixed ones are taken over. */
static void a_move_writes_what_moves(void **state)
{
    struct fixture *f = *state;
    struct pulih_item item = {0};

    for (uint8_t i = 0; i < 20; i++) {
        struct pulih_row_complaint before = random_complaint(f, 110), after = random_complaint(f, 110);
        put_complaints(f, &before, 1, PULIH_DB_DONE);
        after.id = before.id;
        after.shard = before.shard;
        item = (struct pulih_item){.row = after, .was_version = before.version, .was_holder = before.holder};
        assert_int_equal(move(f, &item, 1), PULIH_DB_DONE);
        after.tenant = before.tenant;
        after.number = before.number;
        after.received_at = before.received_at;
        struct pulih_row_complaint found = read_back(f, &before);
        assert_true(same_complaint(&found, &after));
    }
}

/* Version and holder prove that nobody else moved it; if one of many fails, none is moved. */
static void a_stale_move_ends_the_transaction(void **state)
{
    struct fixture *f = *state;
    struct pulih_row_complaint rows[3];
    struct pulih_item items[3] = {0};

    for (uint8_t i = 0; i < 3; i++)
        rows[i] = random_complaint(f, (uint8_t)(130 + i));
    put_complaints(f, rows, 3, PULIH_DB_DONE);
    for (int fault = 0; fault < 3; fault++) {
        for (size_t i = 0; i < 3; i++) {
            items[i] = (struct pulih_item){
                .row = rows[i], .was_version = rows[i].version, .was_holder = rows[i].holder};
            items[i].row.state = 12;
        }
        items[1].was_version += fault == 0;
        items[1].was_holder = (int16_t)(items[1].was_holder ^ (fault == 1));
        items[1].row.id.b[15] ^= fault == 2;
        assert_int_equal(move(f, items, 3), PULIH_DB_MISMATCH);
        for (size_t i = 0; i < 3; i++) {
            struct pulih_row_complaint found = read_back(f, &rows[i]);
            assert_true(same_complaint(&found, &rows[i]));
        }
    }
}

/* What was given up stands behind the others and is left as it is. */
static void items_given_up_are_not_moved(void **state)
{
    struct fixture *f = *state;
    struct pulih_row_complaint rows[2] = {random_complaint(f, 140), random_complaint(f, 141)};
    struct pulih_item items[2] = {0};

    put_complaints(f, rows, 2, PULIH_DB_DONE);
    for (size_t i = 0; i < 2; i++)
        items[i] =
            (struct pulih_item){.row = rows[i], .was_version = rows[i].version, .was_holder = rows[i].holder};
    items[0].row.level = 77;
    items[1].row.level = 77;
    items[1].verdict = PULIH_NEVER;
    assert_int_equal(move(f, items, 2), PULIH_DB_DONE);
    assert_int_equal(read_back(f, &rows[0]).level, 77);
    struct pulih_row_complaint found = read_back(f, &rows[1]);
    assert_true(same_complaint(&found, &rows[1]));
}

/* --- manifests --------------------------------------------------------------------------------------------------- */

static struct pulih_view items_of(struct fixture *f, uint8_t n)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf items = {0};

    for (uint8_t i = 0; i < n; i++) {
        struct pulih_id id = id_of(f, i);
        pulih_manifest_put(&items, &id, i + 1);
    }
    return pulih_arena_copy(&f->arena, pulih_view_of_buf(&items));
}

/* Stores manifests of stage 2 at 1, 2, 3 ... seconds. */
static void put_manifests(struct fixture *f, struct pulih_manifest *m, size_t n)
{
    pulih_rows_empty(&f->rows);
    for (size_t i = 0; i < n; i++) {
        struct pulih_view items = items_of(f, (uint8_t)(i + 1));
        const struct pulih_row_pending *row =
            pulih_store_manifest(&f->rows, PULIH_STAGE_classification, (int64_t)(i + 1) * 1000000, 0, items);
        m[i] = (struct pulih_manifest){
            .next_at = row->next_at, .batch = row->batch, .n = (uint32_t)row->n, .items = items};
    }
    pulih_db_begin(f->db);
    pulih_store_put(f->db, &f->rows);
    pulih_db_commit(f->db);
    database_run(f->db, PULIH_DB_DONE);
}

static size_t count_manifests(struct fixture *f)
{
    pulih_params_int2(pulih_db_params(f->db), PULIH_STAGE_classification);
    size_t call = pulih_db_call(f->db, OWN + TEST_pending);
    database_run(f->db, PULIH_DB_DONE);
    return pulih_db_rows(f->db, call);
}

static void drop(struct fixture *f, const struct pulih_manifest *m, size_t n, enum pulih_db_end expected)
{
    pulih_db_begin(f->db);
    pulih_store_drop(f->db, PULIH_STAGE_classification, m, n);
    pulih_db_commit(f->db);
    database_run(f->db, expected);
}

static void manifests_are_found_by_their_keys(void **state)
{
    enum { N = 6 };
    struct fixture *f = *state;
    struct pulih_manifest m[N], found;

    put_manifests(f, m, N);
    struct pulih_manifest asked[3] = {m[4], m[1], m[2]};
    asked[2].batch++; /* is not there */
    size_t call =
        pulih_store_call_keys(f->db, PULIH_SQL_lock_manifests, PULIH_STAGE_classification, asked, 3);
    database_run(f->db, PULIH_DB_DONE);
    assert_int_equal(pulih_db_rows(f->db, call), 2);
    for (size_t i = 0; i < 2; i++) {
        pulih_store_read_manifest(f->db, call, i, &f->arena, &found);
        assert_int_equal(found.next_at, asked[i].next_at);
        assert_int_equal(found.batch, asked[i].batch);
        assert_int_equal(found.attempts, 0);
        assert_int_equal(found.n, asked[i].n);
        assert_true(pulih_view_same(found.items, asked[i].items));
    }
    /* The same keys of another stage are others. */
    call = pulih_store_call_keys(f->db, PULIH_SQL_lock_manifests, PULIH_STAGE_followup, asked, 3);
    database_run(f->db, PULIH_DB_DONE);
    assert_int_equal(pulih_db_rows(f->db, call), 0);
    drop(f, m, N, PULIH_DB_DONE);
    assert_int_equal(count_manifests(f), 0);
}

static void all_manifests_go_or_none(void **state)
{
    struct fixture *f = *state;
    struct pulih_manifest m[3];

    put_manifests(f, m, 3);
    struct pulih_manifest wrong[3] = {m[0], m[1], m[2]};
    wrong[1].next_at++;
    drop(f, wrong, 3, PULIH_DB_MISMATCH);
    assert_int_equal(count_manifests(f), 3);
    drop(f, m, 2, PULIH_DB_DONE);
    drop(f, m, 3, PULIH_DB_MISMATCH); /* two were done by somebody else */
    assert_int_equal(count_manifests(f), 1);
    drop(f, m + 2, 1, PULIH_DB_DONE);
    drop(f, m + 2, 1, PULIH_DB_MISMATCH);
}

static void due_manifests_come_oldest_first(void **state)
{
    static const struct {
        int64_t before_us, most;
        size_t n;
    } rows[] = {{999999, 10, 0}, {1000000, 10, 1}, {3500000, 10, 3}, {3500000, 2, 2}, {99000000, 10, 5}};
    struct fixture *f = *state;
    struct pulih_manifest m[5], found;

    put_manifests(f, m, 5);
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct pulih_params *p = pulih_db_params(f->db);
        pulih_params_int2(p, PULIH_STAGE_classification);
        pulih_params_time(p, rows[i].before_us);
        pulih_params_int8(p, rows[i].most);
        size_t call = pulih_db_call(f->db, PULIH_SQL_lock_due);
        database_run(f->db, PULIH_DB_DONE);
        assert_int_equal(pulih_db_rows(f->db, call), rows[i].n);
        for (size_t k = 0; k < rows[i].n; k++) {
            pulih_store_read_manifest(f->db, call, k, &f->arena, &found);
            assert_int_equal(found.batch, m[k].batch);
        }
    }
    drop(f, m, 5, PULIH_DB_DONE);
}

static void tries_are_counted(void **state)
{
    struct fixture *f = *state;
    struct pulih_manifest m[3], found;

    put_manifests(f, m, 3);
    for (int16_t tries = 1; tries <= 3; tries++) {
        pulih_store_call_keys(f->db, PULIH_SQL_bump_manifests, PULIH_STAGE_classification, m + 1, 1);
        database_run(f->db, PULIH_DB_DONE);
        size_t call =
            pulih_store_call_keys(f->db, PULIH_SQL_lock_manifests, PULIH_STAGE_classification, m, 3);
        database_run(f->db, PULIH_DB_DONE);
        for (size_t i = 0; i < 3; i++) {
            pulih_store_read_manifest(f->db, call, i, &f->arena, &found);
            assert_int_equal(found.attempts, i == 1 ? tries : 0);
        }
    }
    drop(f, m, 3, PULIH_DB_DONE);
}

/* --- what a step needs to know ------------------------------------------------------------------------------------ */

static void add_event(struct fixture *f, const struct pulih_id *id, int32_t version, int type, int state)
{
    struct pulih_row_event *e = PULIH_ADD(&f->rows, event);

    *e = (struct pulih_row_event){.complaint = *id,
                                  .shard = pulih_shard(id),
                                  .version = version,
                                  .type = (int16_t)type,
                                  .prior = (int16_t)state,
                                  .state = (int16_t)state,
                                  .body = PULIH_VIEW("body")};
}

static void add_text(struct fixture *f, const struct pulih_id *id, int32_t version, struct pulih_view text)
{
    *PULIH_ADD(&f->rows, content) = (struct pulih_row_content){.complaint = *id,
                                                               .shard = pulih_shard(id),
                                                               .version = version,
                                                               .salt = PULIH_VIEW("salt"),
                                                               .body = text};
}

static void add_offer(struct fixture *f, const struct pulih_id *id, int16_t n, int32_t version)
{
    *PULIH_ADD(&f->rows, offer) =
        (struct pulih_row_offer){.complaint = *id,
                                 .shard = pulih_shard(id),
                                 .n = n,
                                 .version = version,
                                 .remedy = n,
                                 .amount = 1000 + n,
                                 .currency = n == 2 ? PULIH_VIEW("IDR") : (struct pulih_view){0},
                                 .role = PULIH_VIEW("agent"),
                                 .actor = PULIH_VIEW("A1")};
}

/* One complaint with offers, texts and mail; one with an event only; one that is not there. */
static void work_is_loaded_with_what_belongs_to_it(void **state)
{
    enum { S = PULIH_STATE_acknowledged };
    struct fixture *f = *state;
    struct pulih_id rich = id_of(f, 1), poor = id_of(f, 2), gone = id_of(f, 3);
    struct pulih_item items[3] = {0};

    pulih_rows_empty(&f->rows);
    add_event(f, &rich, 3, PULIH_WIRE_note, S);           /* taken already: before the cursor */
    add_event(f, &rich, 4, PULIH_WIRE_offer_made, S);     /* the work */
    add_event(f, &rich, 5, PULIH_WIRE_letter_written, S); /* no mail */
    add_event(f, &rich, 6, PULIH_WIRE_silence_passed, S); /* waits */
    add_event(f, &rich, 7, PULIH_WIRE_note, S);           /* waits behind it */
    add_event(f, &poor, 1, PULIH_WIRE_informed, S);
    add_text(f, &rich, 2, PULIH_VIEW("second offer"));
    add_text(f, &rich, 4, PULIH_VIEW("text"));
    add_offer(f, &rich, 1, 1);
    add_offer(f, &rich, 2, 2);
    pulih_store_put(f->db, &f->rows);
    database_run(f->db, PULIH_DB_DONE);
    items[0].row = (struct pulih_row_complaint){.id = rich, .shard = pulih_shard(&rich), .cursor = 4};
    items[0].version = 4;
    items[1].row = (struct pulih_row_complaint){.id = gone, .shard = pulih_shard(&gone)};
    items[1].version = 1;
    items[2].row = (struct pulih_row_complaint){.id = poor, .shard = pulih_shard(&poor), .cursor = 1};
    items[2].version = 1;
    for (size_t i = 0; i < 3; i++)
        items[i].type = PULIH_M_N;
    size_t call = pulih_store_load(f->db, items, 3);
    database_run(f->db, PULIH_DB_DONE);
    pulih_store_read_work(f->db, call, &f->arena, items);
    assert_int_equal(items[0].type, PULIH_M_offer_made);
    assert_true(items[0].loaded);
    assert_true(pulih_view_is(items[0].body, "body"));
    assert_true(pulih_view_is(items[0].text, "text"));
    assert_int_equal(items[0].offer.n, 2);
    assert_int_equal(items[0].offer.version, 2);
    assert_int_equal(items[0].offer.remedy, 2);
    assert_int_equal(items[0].offer.amount, 1002);
    assert_true(pulih_view_is(items[0].offer.currency, "IDR"));
    assert_true(pulih_view_is(items[0].offer.role, "agent"));
    assert_true(pulih_view_is(items[0].offer.actor, "A1"));
    assert_true(pulih_view_is(items[0].offer_text, "second offer"));
    assert_int_equal(items[0].next_mail.version, 6);
    assert_int_equal(items[0].next_mail.type, PULIH_WIRE_silence_passed);
    assert_int_equal(items[1].type, PULIH_M_N);
    assert_false(items[1].loaded);
    assert_int_equal(items[2].type, PULIH_M_informed);
    assert_null(items[2].text.at);
    assert_int_equal(items[2].offer.n, 0);
    assert_null(items[2].offer_text.at);
    assert_int_equal(items[2].next_mail.version, 0);
}

/* --- the feed, deadlines, the dead ---------------------------------------------------------------------------------- */

static void add_feed(struct fixture *f, int16_t stream)
{
    *PULIH_ADD(&f->rows, feed) = (struct pulih_row_feed){
        .stream = stream, .version = 1, .type = PULIH_WIRE_note, .state = 4, .body = PULIH_VIEW("\x80")};
}

/* No number is left out, none comes twice, whichever streams a batch touches. */
static void feed_numbers_have_no_gaps(void **state)
{
    struct fixture *f = *state;
    size_t n[64] = {0};

    for (int batch = 0; batch < 20; batch++) {
        bool fails = batch % 5 == 4;
        pulih_rows_empty(&f->rows);
        for (int i = 0; i < 30; i++) {
            int16_t stream = (int16_t)(next_random(f) % (batch % 2 ? 64 : 3));
            add_feed(f, stream);
            n[stream] += !fails;
        }
        pulih_db_begin(f->db);
        pulih_store_put(f->db, &f->rows);
        if (fails) { /* what is rolled back takes its numbers with it */
            database_run(f->db, PULIH_DB_DONE);
            pulih_db_rollback(f->db);
            continue;
        }
        pulih_db_commit(f->db);
        database_run(f->db, PULIH_DB_DONE);
    }
    for (int16_t stream = 0; stream < 64; stream++) {
        pulih_params_int2(pulih_db_params(f->db), stream);
        size_t call = pulih_db_call(f->db, OWN + TEST_count_feed);
        database_run(f->db, PULIH_DB_DONE);
        assert_int_equal(pulih_db_rows(f->db, call), n[stream]);
        for (size_t i = 0; i < n[stream]; i++) {
            assert_int_equal(pulih_db_int(f->db, call, i, 0), i + 1);
            assert_int_equal(pulih_db_int(f->db, call, i, 1), n[stream]);
        }
    }
}

/* Two that fall on one moment: the later one counts. */
static void a_deadline_of_the_same_moment_is_armed_anew(void **state)
{
    struct fixture *f = *state;
    struct pulih_id id = id_of(f, 9);

    for (int32_t armed = 3; armed <= 5; armed++) {
        pulih_rows_empty(&f->rows);
        *PULIH_ADD(&f->rows, deadline) = (struct pulih_row_deadline){
            .due_at = 5000000, .complaint = id, .kind = 1, .shard = pulih_shard(&id), .armed = armed};
        pulih_store_put(f->db, &f->rows);
        database_run(f->db, PULIH_DB_DONE);
        pulih_params_id(pulih_db_params(f->db), &id);
        size_t call = pulih_db_call(f->db, OWN + TEST_armed);
        database_run(f->db, PULIH_DB_DONE);
        assert_int_equal(pulih_db_rows(f->db, call), 1);
        assert_int_equal(pulih_db_int(f->db, call, 0, 0), armed);
    }
}

/* A message that fails again after a retry is in `dead` once, with its first reason. */
static void the_dead_are_buried_once(void **state)
{
    static const char *const reasons[] = {"first", "second"};
    struct fixture *f = *state;
    struct pulih_id id = id_of(f, 10);

    for (size_t i = 0; i < 2; i++) {
        pulih_rows_empty(&f->rows);
        *PULIH_ADD(&f->rows, dead) = (struct pulih_row_dead){.complaint = id,
                                                             .shard = pulih_shard(&id),
                                                             .stage = 2,
                                                             .version = 3,
                                                             .reason = pulih_view_of(reasons[i])};
        pulih_store_put(f->db, &f->rows);
        database_run(f->db, PULIH_DB_DONE);
    }
    pulih_params_id(pulih_db_params(f->db), &id);
    size_t call = pulih_db_call(f->db, OWN + TEST_dead);
    database_run(f->db, PULIH_DB_DONE);
    assert_int_equal(pulih_db_rows(f->db, call), 1);
    assert_true(pulih_view_is(pulih_db_view(f->db, call, 0, 0), "first"));
}

static void an_event_is_written_once(void **state)
{
    struct fixture *f = *state;
    struct pulih_id id = id_of(f, 11);

    pulih_rows_empty(&f->rows);
    add_event(f, &id, 1, PULIH_WIRE_note, PULIH_STATE_acknowledged);
    pulih_store_put(f->db, &f->rows);
    database_run(f->db, PULIH_DB_DONE);
    pulih_store_put(f->db, &f->rows);
    database_run(f->db, PULIH_DB_DATA);
}

/* An illegal move is a value that the database refuses: nothing that retrying would cure. */
static void an_illegal_move_is_refused(void **state)
{
    struct fixture *f = *state;
    struct pulih_id id = id_of(f, 12);

    pulih_rows_empty(&f->rows);
    add_event(f, &id, 1, PULIH_WIRE_offered, PULIH_STATE_closed);
    pulih_store_put(f->db, &f->rows);
    database_run(f->db, PULIH_DB_DATA);
    assert_string_equal(pulih_db_sqlstate(f->db), "23514");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)
        WITH_FIXTURE(complaints_come_back_as_they_were),
        WITH_FIXTURE(a_complaint_is_stored_once),
        WITH_FIXTURE(a_move_writes_what_moves),
        WITH_FIXTURE(a_stale_move_ends_the_transaction),
        WITH_FIXTURE(items_given_up_are_not_moved),
        WITH_FIXTURE(manifests_are_found_by_their_keys),
        WITH_FIXTURE(all_manifests_go_or_none),
        WITH_FIXTURE(due_manifests_come_oldest_first),
        WITH_FIXTURE(tries_are_counted),
        WITH_FIXTURE(work_is_loaded_with_what_belongs_to_it),
        WITH_FIXTURE(feed_numbers_have_no_gaps),
        WITH_FIXTURE(a_deadline_of_the_same_moment_is_armed_anew),
        WITH_FIXTURE(the_dead_are_buried_once),
        WITH_FIXTURE(an_event_is_written_once),
        WITH_FIXTURE(an_illegal_move_is_refused),
    };

    return cmocka_run_group_tests_name("store", tests, database_make, database_drop);
}
