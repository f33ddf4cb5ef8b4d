#include "pulih/base/params.h"

#include <string.h>

#include "pulih/base/must.h"

/* PostgreSQL counts microseconds from 2000-01-01. */
static const int64_t EPOCH_US = INT64_C(946684800000000);

void pulih_params_clear(struct pulih_params *p)
{
    pulih_buf_empty(&p->bytes);
    p->n = 0;
    p->open = PULIH_PARAMS_SCALAR;
}

static void next_param(struct pulih_params *p)
{
    pulih_must(p->n < PULIH_PARAMS_MAX);
    p->at[p->n] = p->bytes.len;
    p->null[p->n] = false;
    p->at[++p->n] = p->bytes.len;
}

static void open_array(struct pulih_params *p, uint32_t of, size_t n)
{
    pulih_params_end(p);
    next_param(p);
    pulih_buf_add_be32(&p->bytes, n ? 1 : 0); /* dimensions */
    pulih_buf_add_be32(&p->bytes, 1);         /* may hold NULL */
    pulih_buf_add_be32(&p->bytes, of);
    if (n) {
        pulih_buf_add_be32(&p->bytes, (uint32_t)n);
        pulih_buf_add_be32(&p->bytes, 1); /* lower bound */
    }
}

void pulih_params_array(struct pulih_params *p, enum pulih_oid of, size_t n)
{
    open_array(p, of, n);
    p->open = PULIH_PARAMS_ARRAY;
}

void pulih_params_rows(struct pulih_params *p, uint32_t type_oid, size_t n)
{
    open_array(p, type_oid, n);
    p->open = PULIH_PARAMS_ROWS;
    p->row_at = 0;
}

/* The length of a row is known when the next one starts. */
static void close_row(struct pulih_params *p)
{
    if (p->open != PULIH_PARAMS_ROWS || !p->row_at)
        return;
    uint32_t len = (uint32_t)(p->bytes.len - p->row_at - 4);
    for (int i = 0; i < 4; i++)
        p->bytes.at[p->row_at + (size_t)i] = (char)(len >> (24 - 8 * i));
}

void pulih_params_row(struct pulih_params *p, size_t n_columns)
{
    pulih_must(p->open == PULIH_PARAMS_ROWS);
    close_row(p);
    p->row_at = p->bytes.len;
    pulih_buf_add_be32(&p->bytes, 0);
    pulih_buf_add_be32(&p->bytes, (uint32_t)n_columns);
}

void pulih_params_end(struct pulih_params *p)
{
    close_row(p);
    if (p->open != PULIH_PARAMS_SCALAR)
        p->at[p->n] = p->bytes.len;
    p->open = PULIH_PARAMS_SCALAR;
}

/* Makes room for one value of `len` bytes and returns where it goes. */
static uint8_t *open_value(struct pulih_params *p, enum pulih_oid oid, size_t len)
{
    uint8_t *at;

    if (p->open == PULIH_PARAMS_SCALAR) {
        next_param(p);
        at = pulih_buf_grow(&p->bytes, len);
        p->at[p->n] = p->bytes.len;
        return at;
    }
    if (p->open == PULIH_PARAMS_ROWS)
        pulih_buf_add_be32(&p->bytes, oid);
    pulih_buf_add_be32(&p->bytes, (uint32_t)len);
    return pulih_buf_grow(&p->bytes, len);
}

static void put_be(uint8_t *at, uint64_t v, size_t len)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
}

void pulih_params_int2(struct pulih_params *p, int16_t v)
{
    put_be(open_value(p, PULIH_OID_INT2, 2), (uint64_t)v, 2);
}

void pulih_params_int4(struct pulih_params *p, int32_t v)
{
    put_be(open_value(p, PULIH_OID_INT4, 4), (uint64_t)v, 4);
}

void pulih_params_int8(struct pulih_params *p, int64_t v)
{
    put_be(open_value(p, PULIH_OID_INT8, 8), (uint64_t)v, 8);
}

void pulih_params_time(struct pulih_params *p, int64_t us)
{
    put_be(open_value(p, PULIH_OID_TIMESTAMPTZ, 8), (uint64_t)(us - EPOCH_US), 8);
}

void pulih_params_id(struct pulih_params *p, const struct pulih_id *id)
{
    memcpy(open_value(p, PULIH_OID_UUID, sizeof id->b), id->b, sizeof id->b);
}

static void put_view(struct pulih_params *p, enum pulih_oid oid, struct pulih_view v)
{
    if (!v.at && p->open == PULIH_PARAMS_ROWS)
        pulih_params_null_column(p, oid);
    else if (!v.at)
        pulih_params_null(p);
    else if (v.len)
        memcpy(open_value(p, oid, v.len), v.at, v.len);
    else
        open_value(p, oid, 0);
}

void pulih_params_bytes(struct pulih_params *p, struct pulih_view v)
{
    put_view(p, PULIH_OID_BYTEA, v);
}

void pulih_params_text(struct pulih_params *p, struct pulih_view v)
{
    put_view(p, PULIH_OID_TEXT, v);
}

void pulih_params_null(struct pulih_params *p)
{
    pulih_must(p->open != PULIH_PARAMS_ROWS);
    if (p->open == PULIH_PARAMS_ARRAY) {
        pulih_buf_add_be32(&p->bytes, UINT32_MAX); /* length -1 */
        return;
    }
    next_param(p);
    p->null[p->n - 1] = true;
}

void pulih_params_null_column(struct pulih_params *p, enum pulih_oid of)
{
    pulih_must(p->open == PULIH_PARAMS_ROWS);
    pulih_buf_add_be32(&p->bytes, of);
    pulih_buf_add_be32(&p->bytes, UINT32_MAX);
}

void pulih_params_free(struct pulih_params *p)
{
    pulih_buf_free(&p->bytes);
    *p = (struct pulih_params){0};
}
