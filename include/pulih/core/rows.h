/* Rows of the tables as structs, and a batch's rows as parameters of one statement per table.
 *
 * Does.     Structs, descriptors and binding come from include/pulih/tbl/rows.tbl.h.
 * Owns.     struct pulih_rows owns its arrays; views inside rows belong to the batch's arena.
 */
#ifndef PULIH_CORE_ROWS_H
#define PULIH_CORE_ROWS_H

#include "pulih/base/bytes.h"
#include "pulih/base/params.h"

#define PULIH_COLTYPE_uuid     struct pulih_id
#define PULIH_COLTYPE_may_uuid struct pulih_id
#define PULIH_COLTYPE_int2     int16_t
#define PULIH_COLTYPE_int4     int32_t
#define PULIH_COLTYPE_int8     int64_t
#define PULIH_COLTYPE_time     int64_t
#define PULIH_COLTYPE_may_time int64_t
#define PULIH_COLTYPE_bytes    struct pulih_view
#define PULIH_COLTYPE_text     struct pulih_view
#define PULIH_COLTYPE_hash     struct pulih_hash

enum { PULIH_HASH_BYTES = 32 };

struct pulih_hash {
    uint8_t b[PULIH_HASH_BYTES];
};

/* struct pulih_row_complaint and so on. */
#define TABLE(t)           struct pulih_row_##t {
#define COL(t, kind, name) PULIH_COLTYPE_##kind name;
#define END(t)                                                                                               \
    }                                                                                                        \
    ;
#include "pulih/tbl/rows.tbl.h"

enum pulih_table {
#define TABLE(t) PULIH_T_##t,
#define COL(...)
#define END(t)
#include "pulih/tbl/rows.tbl.h"
    PULIH_T_N
};

enum pulih_colkind {
    PULIH_COL_uuid,
    PULIH_COL_may_uuid,
    PULIH_COL_int2,
    PULIH_COL_int4,
    PULIH_COL_int8,
    PULIH_COL_time,
    PULIH_COL_may_time,
    PULIH_COL_bytes,
    PULIH_COL_text,
    PULIH_COL_hash,
};

struct pulih_column {
    const char *name;
    enum pulih_colkind kind;
    size_t offset;
};

struct pulih_table_row {
    const char *name;
    const struct pulih_column *columns;
    size_t n_columns;
    size_t row_bytes;
};

extern const struct pulih_table_row pulih_tables[PULIH_T_N];

/* The rows of one table that a batch writes. */
struct pulih_rowset {
    void *at;
    size_t n;
    size_t cap;
};

/* All rows of a batch, by table. */
struct pulih_rows {
    struct pulih_rowset of[PULIH_T_N];
};

/* A new zeroed row; the pointer is good until the next row of the same table is added. */
void *pulih_rows_add(struct pulih_rows *rows, enum pulih_table table);
#define PULIH_ADD(rows, table)  ((struct pulih_row_##table *)pulih_rows_add(rows, PULIH_T_##table))
#define PULIH_ROWS(rows, table) ((struct pulih_row_##table *)(rows)->of[PULIH_T_##table].at)
void pulih_rows_empty(struct pulih_rows *rows);
void pulih_rows_free(struct pulih_rows *rows);

/* Adds the values of one row to an open row of parameters. */
void pulih_row_bind(enum pulih_table table, const void *row, struct pulih_params *p);
/* Adds one parameter: an array of n rows of the table's type. */
void pulih_rows_bind(enum pulih_table table, uint32_t type_oid, const void *rows, size_t n,
                     struct pulih_params *p);

/* A complaint's row as bytes for a hint, and back. False: the bytes are not of that shape. */
void pulih_row_pack(const struct pulih_row_complaint *row, struct pulih_buf *out);
bool pulih_row_unpack(struct pulih_view packed, struct pulih_row_complaint *ret);
/* Whether steps can be run on a row that somebody else packed: words, counters and times are within bounds,
 * and far enough from them to be counted up and added to. */
bool pulih_row_is_sound(const struct pulih_row_complaint *row);
/* Fingerprint of the packed form; daemons of another version have another one. */
uint32_t pulih_row_layout(void);

#endif
