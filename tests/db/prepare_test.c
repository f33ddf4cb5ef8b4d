/* Every statement is one that PostgreSQL prepares, with the parameters it declares; and every table has the
 * columns that the sources say it has, in their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/store.h"
#include "tests/lib/database.h"
#include "tests/lib/desk.h"

#define SQL(name, n, params, text) {#name, n, params, text},
static const struct pulih_statement core[] = {
#include "gen/core.sql.h"
};
#define SQL(name, n, params, text) {#name, n, params, text},
static const struct pulih_statement intake[] = {
#include "gen/intake.sql.h"
};
#define SQL(name, n, params, text) {#name, n, params, text},
static const struct pulih_statement classification[] = {
#include "gen/classification.sql.h"
};
#define SQL(name, n, params, text) {#name, n, params, text},
static const struct pulih_statement escalation[] = {
#include "gen/escalation.sql.h"
};
#define SQL(name, n, params, text) {#name, n, params, text},
static const struct pulih_statement feed[] = {
#include "gen/feed.sql.h"
};
#define SQL(name, n, params, text) {#name, n, params, text},
static const struct pulih_statement ctl[] = {
#include "gen/ctl.sql.h"
};

static const struct {
    const char *name;
    const struct pulih_statement *statements;
    size_t n;
} files[] = {
    {"core.sql", core, PULIH_COUNT(core)},
    {"intake.sql", intake, PULIH_COUNT(intake)},
    {"classification.sql", classification, PULIH_COUNT(classification)},
    {"escalation.sql", escalation, PULIH_COUNT(escalation)},
    {"feed.sql", feed, PULIH_COUNT(feed)},
    {"ctl.sql", ctl, PULIH_COUNT(ctl)},
};

static struct pulih_db *connect_with(const struct pulih_statement *statements, size_t n)
{
    struct pulih_db *db = database_open();

    pulih_db_add(db, statements, n);
    pulih_db_add_types(db, pulih_core_types, PULIH_TYPE_N);
    database_connect(db);
    return db;
}

static void statements_prepare(void **state)
{
    (void)state;
    for (size_t f = 0; f < PULIH_COUNT(files); f++) {
        assert_true(files[f].n > 0);
        pulih_db_free(connect_with(files[f].statements, files[f].n));
    }
}

/* "uuid[] id, int2 shard" is "uuid[], int2" without the names. Row types of ours are not among the known. */
static void add_declared_types(const char *params, struct pulih_buf *out)
{
    while (*params) {
        size_t type = strcspn(params, " ");
        if (strncmp(params, "pulih.", 6) == 0)
            pulih_buf_addf(out, "another type");
        else
            pulih_buf_add(out, params, type);
        params += type + strcspn(params + type, ",");
        if (*params == ',') {
            pulih_buf_addf(out, ", ");
            params += 1 + strspn(params + 1, " ");
        }
    }
}

static void expect_declared(struct pulih_db *db, size_t i, const struct pulih_statement *s)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf declared = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf described = {0};

    pulih_buf_addf(&described, "%s", "");
    if (!pulih_db_describe(db, i, &described))
        fail_msg("%s: %s", s->name, pulih_db_why(db));
    add_declared_types(s->params, &declared);
    const char *found = pulih_buf_text(&described), *arrow = strstr(found, " -> ");
    size_t len = arrow ? (size_t)(arrow - found) : strlen(found);
    if (declared.len != len || memcmp(declared.at ? declared.at : "", found, len) != 0)
        fail_msg("%s declares (%s), is (%.*s)", s->name, pulih_buf_text(&declared), (int)len, found);
    /* What C reads must be of a type that it can read. */
    if (arrow && strstr(arrow, "another type"))
        fail_msg("%s returns%s", s->name, arrow);
}

static void parameters_are_of_the_declared_types(void **state)
{
    (void)state;
    for (size_t f = 0; f < PULIH_COUNT(files); f++) {
        struct pulih_db *db = connect_with(files[f].statements, files[f].n);
        for (size_t i = 0; i < files[f].n; i++)
            expect_declared(db, i, &files[f].statements[i]);
        pulih_db_free(db);
    }
}

static void row_types_have_oids(void **state)
{
    struct pulih_db *db = connect_with(core, PULIH_COUNT(core));

    (void)state;
    for (size_t i = 0; i < PULIH_TYPE_N; i++) {
        assert_int_not_equal(pulih_db_type(db, i), 0);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(pulih_db_type(db, i), pulih_db_type(db, j));
    }
    pulih_db_free(db);
}

/* --- columns ------------------------------------------------------------------------------------------------- */

static const struct pulih_statement own[] = {
    {"columns", 1, "text table",
     "SELECT column_name::text, udt_name::text, is_nullable = 'YES' FROM information_schema.columns "
     "WHERE table_schema = 'pulih' AND table_name = $1::text ORDER BY ordinal_position"},
    {"tables", 0, "",
     "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'pulih' ORDER BY "
     "table_name"},
};

static const char *type_of(enum pulih_colkind kind)
{
    static const char *const types[] = {
        [PULIH_COL_uuid] = "uuid",   [PULIH_COL_may_uuid] = "uuid",
        [PULIH_COL_int2] = "int2",   [PULIH_COL_int4] = "int4",
        [PULIH_COL_int8] = "int8",   [PULIH_COL_time] = "timestamptz",
        [PULIH_COL_bytes] = "bytea", [PULIH_COL_may_time] = "timestamptz",
        [PULIH_COL_text] = "text",   [PULIH_COL_hash] = "bytea",
    };

    return types[kind];
}

static size_t ask_columns(struct pulih_db *db, const char *table)
{
    pulih_params_text(pulih_db_params(db), pulih_view_of(table));
    size_t call = pulih_db_call(db, 0);
    database_run(db, PULIH_DB_DONE);
    return call;
}

static void expect_columns(struct pulih_db *db, size_t call, const struct pulih_table_row *t)
{
    for (size_t c = 0; c < t->n_columns; c++) {
        struct pulih_view name = pulih_db_view(db, call, c, 0), type = pulih_db_view(db, call, c, 1);
        bool null = pulih_db_int(db, call, c, 2);
        enum pulih_colkind kind = t->columns[c].kind;
        if (!pulih_view_is(name, t->columns[c].name))
            fail_msg("%s: column %zu is %.*s, wanted %s", t->name, c + 1, PULIH_VIEW_ARG(name),
                     t->columns[c].name);
        if (!pulih_view_is(type, type_of(kind)))
            fail_msg("%s.%s: is %.*s, wanted %s", t->name, t->columns[c].name, PULIH_VIEW_ARG(type),
                     type_of(kind));
        if (null != desk_may_be_null(t, &t->columns[c]))
            fail_msg("%s.%s: NULL is %s", t->name, t->columns[c].name, null ? "allowed" : "refused");
    }
}

/* `SELECT c.*` and rows as parameters both go by the order of columns. */
static void columns_stand_in_the_order_of_the_rows(void **state)
{
    struct pulih_db *db = connect_with(own, PULIH_COUNT(own));

    (void)state;
    for (size_t t = 0; t < PULIH_T_N; t++) {
        size_t call = ask_columns(db, pulih_tables[t].name);
        assert_int_equal(pulih_db_rows(db, call), pulih_tables[t].n_columns);
        expect_columns(db, call, &pulih_tables[t]);
    }
    pulih_db_free(db);
}

static void a_move_is_a_complaint_and_what_it_was(void **state)
{
    struct pulih_db *db = connect_with(own, PULIH_COUNT(own));
    size_t n = pulih_tables[PULIH_T_complaint].n_columns;

    (void)state;
    size_t call = ask_columns(db, "complaint_move");
    assert_int_equal(pulih_db_rows(db, call), n + 2);
    for (size_t c = 0; c < n; c++)
        assert_true(
            pulih_view_is(pulih_db_view(db, call, c, 0), pulih_tables[PULIH_T_complaint].columns[c].name));
    assert_true(pulih_view_is(pulih_db_view(db, call, n, 0), "was_version"));
    assert_true(pulih_view_is(pulih_db_view(db, call, n, 1), "int4"));
    assert_true(pulih_view_is(pulih_db_view(db, call, n + 1, 0), "was_holder"));
    assert_true(pulih_view_is(pulih_db_view(db, call, n + 1, 1), "int2"));
    pulih_db_free(db);
}

/* A table that no row describes is one that nobody writes by rows: these. */
static void every_table_is_known(void **state)
{
    static const char *const others[] = {
        "calendar",   "complaint_move", "feed_head",        "mark_key",     "model",
        "model_axis", "model_chunk",    "model_difference", "model_number", "model_switch",
        "model_use",  "number_block",   "policy",           "replica",      "schema_version"};
    struct pulih_db *db = connect_with(own, PULIH_COUNT(own));

    (void)state;
    pulih_db_params(db);
    size_t call = pulih_db_call(db, 1);
    database_run(db, PULIH_DB_DONE);
    assert_int_equal(pulih_db_rows(db, call), PULIH_T_N + PULIH_COUNT(others));
    for (size_t i = 0; i < pulih_db_rows(db, call); i++) {
        struct pulih_view name = pulih_db_view(db, call, i, 0);
        bool known = false;
        for (size_t t = 0; t < PULIH_T_N; t++)
            known |= pulih_view_is(name, pulih_tables[t].name);
        for (size_t o = 0; o < PULIH_COUNT(others); o++)
            known |= pulih_view_is(name, others[o]);
        if (!known)
            fail_msg("%.*s is not described", PULIH_VIEW_ARG(name));
    }
    pulih_db_free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_prepare),
        cmocka_unit_test(parameters_are_of_the_declared_types),
        cmocka_unit_test(row_types_have_oids),
        cmocka_unit_test(columns_stand_in_the_order_of_the_rows),
        cmocka_unit_test(a_move_is_a_complaint_and_what_it_was),
        cmocka_unit_test(every_table_is_known),
    };

    return cmocka_run_group_tests_name("prepare", tests, database_make, database_drop);
}
