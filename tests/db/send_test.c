/* A statement that the library does not take: what stood around it is not committed without it.
 *
 * Link: -Wl,--wrap=PQsendQueryPrepared -Wl,--wrap=PQsendQueryParams
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/lib/database.h"

enum { PUT, COUNT, N };
static const struct pulih_statement own[N] = {
    {"put", 1, "int8 n", "INSERT INTO pulih.number_spent SELECT $1::int8"},
    {"count", 0, "", "SELECT count(*) FROM pulih.number_spent"},
};

static int fails_at; /* which call from now on; 0: none */

struct pg_conn;
int __real_PQsendQueryPrepared(struct pg_conn *c, const char *name, int n, const char *const *values,
                               const int *lengths, const int *formats, int format);
int __wrap_PQsendQueryPrepared(struct pg_conn *c, const char *name, int n, const char *const *values,
                               const int *lengths, const int *formats, int format);
int __real_PQsendQueryParams(struct pg_conn *c, const char *text, int n, const unsigned *types,
                             const char *const *values, const int *lengths, const int *formats, int format);
int __wrap_PQsendQueryParams(struct pg_conn *c, const char *text, int n, const unsigned *types,
                             const char *const *values, const int *lengths, const int *formats, int format);

int __wrap_PQsendQueryPrepared(struct pg_conn *c, const char *name, int n, const char *const *values,
                               const int *lengths, const int *formats, int format)
{
    if (fails_at && --fails_at == 0)
        return 0;
    return __real_PQsendQueryPrepared(c, name, n, values, lengths, formats, format);
}

int __wrap_PQsendQueryParams(struct pg_conn *c, const char *text, int n, const unsigned *types,
                             const char *const *values, const int *lengths, const int *formats, int format)
{
    if (fails_at && --fails_at == 0)
        return 0;
    return __real_PQsendQueryParams(c, text, n, types, values, lengths, formats, format);
}

static void put(struct pulih_db *db, int64_t n)
{
    pulih_params_int8(pulih_db_params(db), n);
    pulih_db_call(db, PUT);
}

static int64_t count(struct pulih_db *db)
{
    pulih_db_params(db);
    size_t call = pulih_db_call(db, COUNT);

    database_run(db, PULIH_DB_DONE);
    return pulih_db_int(db, call, 0, 0);
}

static struct pulih_db *connect_with_table(void)
{
    struct pulih_db *maker = database_open(), *db = database_open();

    database_connect(maker);
    assert_int_equal(
        pulih_db_script(maker,
                        "DROP TABLE IF EXISTS pulih.number_spent; CREATE TABLE pulih.number_spent (n int8)"),
        PULIH_DB_DONE);
    pulih_db_free(maker);
    pulih_db_add(db, own, N);
    database_connect(db);
    return db;
}

/* BEGIN, three statements, COMMIT: whichever of them does not go, nothing of all is there. */
static void nothing_is_committed_without_a_part(void **state)
{
    (void)state;
    struct pulih_db *db = connect_with_table();

    for (int part = 1; part <= 5; part++) {
        fails_at = part;
        pulih_db_begin(db);
        for (int64_t n = 1; n <= 3; n++)
            put(db, n);
        pulih_db_commit(db);
        assert_int_equal(fails_at, 0);
        database_run(db, PULIH_DB_RETRY);
        database_connect(db);
        assert_int_equal(count(db), 0);
    }
    pulih_db_begin(db);
    for (int64_t n = 1; n <= 3; n++)
        put(db, n);
    pulih_db_commit(db);
    database_run(db, PULIH_DB_DONE);
    assert_int_equal(count(db), 3);
    pulih_db_free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_committed_without_a_part),
    };

    return cmocka_run_group_tests_name("send", tests, database_make, database_drop);
}
