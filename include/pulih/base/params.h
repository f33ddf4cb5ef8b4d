/* Parameters of a statement in PostgreSQL's binary form: scalars, and arrays that unnest turns into rows.
 *
 * Owns.     Its bytes; emptied for the next statement it allocates nothing more.
 */
#ifndef PULIH_BASE_PARAMS_H
#define PULIH_BASE_PARAMS_H

#include "pulih/base/bytes.h"

enum { PULIH_PARAMS_MAX = 48 };

/* Type oids of PostgreSQL's pg_type; fixed since ever. */
enum pulih_oid {
    PULIH_OID_BYTEA = 17,
    PULIH_OID_INT8 = 20,
    PULIH_OID_INT2 = 21,
    PULIH_OID_INT4 = 23,
    PULIH_OID_TEXT = 25,
    PULIH_OID_TIMESTAMPTZ = 1184,
    PULIH_OID_UUID = 2950,
};

struct pulih_params {
    struct pulih_buf bytes;
    size_t at[PULIH_PARAMS_MAX + 1]; /* where parameter i starts; at[n] is the end while none is open */
    bool null[PULIH_PARAMS_MAX];
    size_t n;
    enum { PULIH_PARAMS_SCALAR, PULIH_PARAMS_ARRAY, PULIH_PARAMS_ROWS } open; /* what values go into */
    size_t row_at; /* where the open row's length stands */
};

void pulih_params_clear(struct pulih_params *p);
/* Starts an array of exactly n values; the values follow. */
void pulih_params_array(struct pulih_params *p, enum pulih_oid of, size_t n);

/* Starts an array of exactly n rows of a composite type, whose oid the server tells (pulih_db_type); unnest
 * makes a table of it, as fast as COPY and half the cost of an array for each column. Then for each row:
 * pulih_params_row and its values. */
void pulih_params_rows(struct pulih_params *p, uint32_t type_oid, size_t n);
void pulih_params_row(struct pulih_params *p, size_t n_columns);

/* One value: the next column of the open row, the next element of the open array, or a scalar parameter of
 * its own. */
void pulih_params_int2(struct pulih_params *p, int16_t v);
void pulih_params_int4(struct pulih_params *p, int32_t v);
void pulih_params_int8(struct pulih_params *p, int64_t v);
/* Microseconds since 1970 UTC. */
void pulih_params_time(struct pulih_params *p, int64_t us);
void pulih_params_id(struct pulih_params *p, const struct pulih_id *id);
/* An absent view is NULL. */
void pulih_params_bytes(struct pulih_params *p, struct pulih_view v);
void pulih_params_text(struct pulih_params *p, struct pulih_view v);
/* For a scalar or an element; a column must say of which type. */
void pulih_params_null(struct pulih_params *p);
void pulih_params_null_column(struct pulih_params *p, enum pulih_oid of);
/* Ends the open array, so that scalars may follow. */
void pulih_params_end(struct pulih_params *p);
void pulih_params_free(struct pulih_params *p);

#endif
