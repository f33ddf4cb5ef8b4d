/* Parameters and results of statements: values in PostgreSQL's binary form, rows of the tables. */
#include <string.h>

#include "pulih/base/must.h"
#include "tests/sim/statements.h"

/* --- parameters ------------------------------------------------------------------------------------------ */

int64_t sim_int_of(struct pulih_view v)
{
    switch (v.len) {
    case 2:
        return (int16_t)pulih_be16(v.at);
    case 4:
        return (int32_t)pulih_be32(v.at);
    default:
        pulih_must(v.len == 8);
        return (int64_t)pulih_be64(v.at);
    }
}

struct pulih_id sim_id_of(struct pulih_view v)
{
    struct pulih_id id;

    pulih_must(v.len == sizeof id.b);
    memcpy(id.b, v.at, sizeof id.b);
    return id;
}

struct sim_array sim_array_of(struct pulih_view v)
{
    struct sim_array a = {{v.at + 12, v.len - 12}, 0};

    if (pulih_be32(v.at) == 0)
        return a;
    a.n = pulih_be32(v.at + 12);
    a.at = (struct pulih_view){v.at + 20, v.len - 20};
    return a;
}

struct pulih_view sim_next_value(struct pulih_view *at)
{
    uint32_t len = pulih_be32(at->at);
    struct pulih_view v = {len == UINT32_MAX ? NULL : at->at + 4, len == UINT32_MAX ? 0 : len};

    at->at += 4 + v.len;
    at->len -= 4 + v.len;
    return v;
}

static void set_column(void *row, const struct pulih_column *column, struct pulih_view v)
{
    void *at = (char *)row + column->offset;

    switch (column->kind) {
    case PULIH_COL_uuid:
    case PULIH_COL_may_uuid:
        if (v.at)
            *(struct pulih_id *)at = sim_id_of(v);
        return;
    case PULIH_COL_int2:
        *(int16_t *)at = (int16_t)sim_int_of(v);
        return;
    case PULIH_COL_int4:
        *(int32_t *)at = (int32_t)sim_int_of(v);
        return;
    case PULIH_COL_int8:
        *(int64_t *)at = sim_int_of(v);
        return;
    case PULIH_COL_time:
    case PULIH_COL_may_time:
        *(int64_t *)at = v.at ? sim_int_of(v) + SIM_EPOCH_US : 0;
        return;
    case PULIH_COL_hash:
        pulih_must(v.len == PULIH_HASH_BYTES);
        memcpy(at, v.at, v.len);
        return;
    case PULIH_COL_bytes:
    case PULIH_COL_text:
        *(struct pulih_view *)at = v.at ? (struct pulih_view){sim_keep(v.at, v.len), v.len} : v;
        return;
    }
}

/* The next row of an array of rows; columns behind those of the table are left for the caller. */
struct pulih_view sim_next_row(struct sim_array *a, int table, void *ret)
{
    const struct pulih_table_row *t = &pulih_tables[table];
    struct pulih_view row = sim_next_value(&a->at);

    memset(ret, 0, t->row_bytes);
    row.at += 4, row.len -= 4;
    for (size_t i = 0; i < t->n_columns; i++) {
        row.at += 4, row.len -= 4;
        set_column(ret, &t->columns[i], sim_next_value(&row));
    }
    return row;
}

/* --- results --------------------------------------------------------------------------------------------- */

void sim_put_id(struct pg_result *r, const struct pulih_id *id)
{
    sim_result_bytes(r, (struct pulih_view){sim_keep(id->b, sizeof id->b), sizeof id->b});
}

void sim_put_row(struct pg_result *r, int table, const void *row)
{
    const struct pulih_table_row *t = &pulih_tables[table];

    sim_result_row(r);
    for (size_t i = 0; i < t->n_columns; i++) {
        const void *at = (const char *)row + t->columns[i].offset;
        switch (t->columns[i].kind) {
        case PULIH_COL_uuid:
        case PULIH_COL_may_uuid:
            sim_put_id(r, at);
            break;
        case PULIH_COL_int2:
            sim_result_int(r, *(const int16_t *)at, 2);
            break;
        case PULIH_COL_int4:
            sim_result_int(r, *(const int32_t *)at, 4);
            break;
        case PULIH_COL_int8:
            sim_result_int(r, *(const int64_t *)at, 8);
            break;
        case PULIH_COL_time:
            sim_result_time(r, *(const int64_t *)at);
            break;
        case PULIH_COL_may_time:
            if (*(const int64_t *)at)
                sim_result_time(r, *(const int64_t *)at);
            else
                sim_result_null(r);
            break;
        case PULIH_COL_hash:
            sim_result_bytes(r, (struct pulih_view){at, PULIH_HASH_BYTES});
            break;
        case PULIH_COL_bytes:
        case PULIH_COL_text:
            sim_result_bytes(r, *(const struct pulih_view *)at);
            break;
        }
    }
}

void sim_put_view(struct pg_result *out, const struct pulih_view *v)
{
    sim_result_bytes(out, v ? *v : (struct pulih_view){0});
}
