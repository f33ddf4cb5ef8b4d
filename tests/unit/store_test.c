/* What the store does without a database: manifests, and the table of statements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/store.h"

static struct pulih_id id_of(size_t n)
{
    struct pulih_id id = {{0}};

    for (size_t i = 0; i < sizeof id.b; i++)
        id.b[i] = (uint8_t)(n * 31 + i);
    return id;
}

static void reads_what_it_put(void **state)
{
    static const int32_t versions[] = {1, 2, 255, 256, 65536, 0x01020304, INT32_MAX};
    enum { N = sizeof versions / sizeof versions[0] };
    PULIH_AUTO(pulih_buf_free) struct pulih_buf items = {0};

    (void)state;
    for (size_t i = 0; i < N; i++) {
        struct pulih_id id = id_of(i);
        pulih_manifest_put(&items, &id, versions[i]);
        assert_int_equal(items.len, (i + 1) * PULIH_MANIFEST_ITEM_BYTES);
    }
    struct pulih_manifest m = {.n = N, .items = pulih_view_of_buf(&items)};
    for (size_t i = N; i-- > 0;) {
        struct pulih_id expected = id_of(i), id;
        int32_t version;
        pulih_manifest_get(&m, i, &id, &version);
        assert_int_equal(pulih_id_compare(&id, &expected), 0);
        assert_int_equal(version, versions[i]);
    }
}

/* `pulihctl dead retry` makes such items in SQL: uuid_send(complaint) || int4send(version). */
static void an_item_has_one_form_for_ever(void **state)
{
    static const uint8_t expected[PULIH_MANIFEST_ITEM_BYTES] = {0,  1,  2,  3,  4,  5,  6, 7, 8, 9,
                                                                10, 11, 12, 13, 14, 15, 1, 2, 3, 4};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf items = {0};
    struct pulih_id id = id_of(0);

    (void)state;
    pulih_manifest_put(&items, &id, 0x01020304);
    assert_int_equal(items.len, sizeof expected);
    assert_memory_equal(items.at, expected, sizeof expected);
}

static void a_manifest_is_a_row(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf items = {0};
    struct pulih_rows rows = {0};
    int64_t batches[100];

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        struct pulih_id id = id_of(i);
        pulih_manifest_put(&items, &id, 1);
    }
    for (size_t i = 0; i < 100; i++) {
        const struct pulih_row_pending *row =
            pulih_store_manifest(&rows, PULIH_STAGE_escalation, 1234567, 2, pulih_view_of_buf(&items));
        assert_int_equal(row->stage, PULIH_STAGE_escalation);
        assert_int_equal(row->next_at, 1234567);
        assert_int_equal(row->attempts, 2);
        assert_int_equal(row->n, 7);
        assert_true(pulih_view_same(row->items, pulih_view_of_buf(&items)));
        batches[i] = row->batch;
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(batches[j],
                                 batches[i]); /* the same time and stage: batch tells them apart */
    }
    assert_int_equal(rows.of[PULIH_T_pending].n, 100);
    pulih_rows_free(&rows);
}

/* Parameters declared beside the name, those counted, and those the text uses. */
static void check_statement(const struct pulih_statement *s)
{
    int declared = s->params[0] != 0, used = 0;

    for (const char *p = s->params; *p; p++)
        declared += *p == ',';
    for (const char *p = strchr(s->text, '$'); p; p = strchr(p + 1, '$')) {
        int number = (int)strtol(p + 1, NULL, 10);
        used = number > used ? number : used;
    }
    if (declared != s->n_params || used != s->n_params)
        fail_msg("%s: %d parameters, declares %d, uses %d", s->name, s->n_params, declared, used);
    assert_true(s->n_params <= PULIH_PARAMS_MAX);
}

static void statements_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_SQL_N; i++) {
        check_statement(&pulih_core_statements[i]);
        assert_null(strchr(pulih_core_statements[i].text, ';'));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(pulih_core_statements[i].name, pulih_core_statements[j].name);
    }
    assert_string_equal(pulih_core_statements[PULIH_SQL_move_complaints].name, "move_complaints");
}

/* Every table that a batch writes has a type of its own, by its number. */
static void types_stand_in_the_order_of_tables(void **state)
{
    (void)state;
    for (size_t t = 0; t < PULIH_T_N; t++) {
        char expected[60];
        assert_non_null(pulih_core_types[t]);
        snprintf(expected, sizeof expected, "pulih.%s", pulih_tables[t].name);
        assert_string_equal(pulih_core_types[t], expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_put),
        cmocka_unit_test(an_item_has_one_form_for_ever),
        cmocka_unit_test(a_manifest_is_a_row),
        cmocka_unit_test(statements_are_whole),
        cmocka_unit_test(types_stand_in_the_order_of_tables),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
