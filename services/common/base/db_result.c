/* Results of a run, as values; what the server knows of a statement. */
#include "services/common/base/db_impl.h"

#include <string.h>

#include <libpq-fe.h>

#include "pulih/base/must.h"

/* PostgreSQL counts microseconds from 2000-01-01. */
static const int64_t EPOCH_US = INT64_C(946684800000000);

const PGresult *pulih_db_result(const struct pulih_db *db, size_t call)
{
    pulih_must(call < db->n_calls && db->results[call]);
    return db->results[call];
}

size_t pulih_db_rows(const struct pulih_db *db, size_t call)
{
    return (size_t)PQntuples(pulih_db_result(db, call));
}

bool pulih_db_null(const struct pulih_db *db, size_t call, size_t row, size_t col)
{
    return PQgetisnull(pulih_db_result(db, call), (int)row, (int)col);
}

struct pulih_view pulih_db_view(const struct pulih_db *db, size_t call, size_t row, size_t col)
{
    const PGresult *result = pulih_db_result(db, call);

    if (PQgetisnull(result, (int)row, (int)col))
        return (struct pulih_view){0};
    return (struct pulih_view){PQgetvalue(result, (int)row, (int)col),
                               (size_t)PQgetlength(result, (int)row, (int)col)};
}

int64_t pulih_db_int(const struct pulih_db *db, size_t call, size_t row, size_t col)
{
    struct pulih_view v = pulih_db_view(db, call, row, col);

    switch (v.len) {
    case 1:
        return v.at[0];
    case 2:
        return (int16_t)pulih_be16(v.at);
    case 4:
        return (int32_t)pulih_be32(v.at);
    case 8:
        return (int64_t)pulih_be64(v.at);
    default:
        return 0; /* NULL */
    }
}

int64_t pulih_db_time(const struct pulih_db *db, size_t call, size_t row, size_t col)
{
    return pulih_db_null(db, call, row, col) ? 0 : pulih_db_int(db, call, row, col) + EPOCH_US;
}

struct pulih_id pulih_db_id(const struct pulih_db *db, size_t call, size_t row, size_t col)
{
    struct pulih_view v = pulih_db_view(db, call, row, col);
    struct pulih_id id = {{0}};

    if (v.len == sizeof id.b)
        memcpy(id.b, v.at, sizeof id.b);
    return id;
}

const char *pulih_db_why(const struct pulih_db *db)
{
    return db->why;
}

const char *pulih_db_sqlstate(const struct pulih_db *db)
{
    return db->sqlstate;
}

/* --- for tests ---------------------------------------------------------------------------------------- */

static const struct {
    Oid oid;
    const char *name;
} type_names[] = {
    {16, "bool"},          {17, "bytea"},
    {20, "int8"},          {21, "int2"},
    {23, "int4"},          {25, "text"},
    {1184, "timestamptz"}, {2950, "uuid"},
    {1001, "bytea[]"},     {1016, "int8[]"},
    {1005, "int2[]"},      {1007, "int4[]"},
    {1009, "text[]"},      {1185, "timestamptz[]"},
    {2951, "uuid[]"},      {2278, "void"},
};

static const char *type_name(Oid oid)
{
    for (size_t i = 0; i < PULIH_COUNT(type_names); i++)
        if (type_names[i].oid == oid)
            return type_names[i].name;
    return "another type";
}

bool pulih_db_describe(struct pulih_db *db, size_t statement, struct pulih_buf *out)
{
    pulih_db_clear(db);
    db->results[0] = NULL;
    db->n_calls = 1;
    if (!db->conn || !PQsendDescribePrepared(db->conn, pulih_db_statement(db, statement)->name))
        return false;
    if (pulih_db_run(db) != PULIH_DB_DONE)
        return false;
    const PGresult *result = pulih_db_result(db, 0);
    for (int i = 0; i < PQnparams(result); i++)
        pulih_buf_addf(out, "%s%s", i ? ", " : "", type_name(PQparamtype(result, i)));
    for (int i = 0; i < PQnfields(result); i++)
        pulih_buf_addf(out, "%s%s", i ? ", " : " -> ", type_name(PQftype(result, i)));
    return true;
}
