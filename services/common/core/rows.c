#include "pulih/core/rows.h"

#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"
#include "pulih/core/life.h"
#include "pulih/core/reference.h"
#include "pulih/core/vocabulary.h"

#define TABLE(t)           static const struct pulih_column t##_columns[] = {
#define COL(t, kind, name) {#name, PULIH_COL_##kind, offsetof(struct pulih_row_##t, name)},
#define END(t)                                                                                               \
    }                                                                                                        \
    ;
#include "pulih/tbl/rows.tbl.h"

const struct pulih_table_row pulih_tables[PULIH_T_N] = {
#define TABLE(t) {#t, t##_columns, PULIH_COUNT(t##_columns), sizeof(struct pulih_row_##t)},
#define COL(...)
#define END(t)
#include "pulih/tbl/rows.tbl.h"
};

void *pulih_rows_add(struct pulih_rows *rows, enum pulih_table table)
{
    struct pulih_rowset *set = &rows->of[table];
    size_t row_bytes = pulih_tables[table].row_bytes;

    set->at = pulih_room(set->at, set->n, &set->cap, row_bytes);
    return memset((char *)set->at + row_bytes * set->n++, 0, row_bytes);
}

void pulih_rows_empty(struct pulih_rows *rows)
{
    for (size_t t = 0; t < PULIH_T_N; t++)
        rows->of[t].n = 0;
}

void pulih_rows_free(struct pulih_rows *rows)
{
    for (size_t t = 0; t < PULIH_T_N; t++)
        free(rows->of[t].at);
    *rows = (struct pulih_rows){0};
}

static void bind_value(enum pulih_colkind kind, const void *at, struct pulih_params *p)
{
    switch (kind) {
    case PULIH_COL_may_uuid:
        if (pulih_id_is_zero(at))
            pulih_params_null_column(p, PULIH_OID_UUID);
        else
            pulih_params_id(p, at);
        return;
    case PULIH_COL_uuid:
        pulih_params_id(p, at);
        return;
    case PULIH_COL_int2:
        pulih_params_int2(p, *(const int16_t *)at);
        return;
    case PULIH_COL_int4:
        pulih_params_int4(p, *(const int32_t *)at);
        return;
    case PULIH_COL_int8:
        pulih_params_int8(p, *(const int64_t *)at);
        return;
    case PULIH_COL_may_time:
        if (*(const int64_t *)at == 0)
            pulih_params_null_column(p, PULIH_OID_TIMESTAMPTZ);
        else
            pulih_params_time(p, *(const int64_t *)at);
        return;
    case PULIH_COL_time:
        pulih_params_time(p, *(const int64_t *)at);
        return;
    case PULIH_COL_bytes:
        pulih_params_bytes(p, *(const struct pulih_view *)at);
        return;
    case PULIH_COL_text:
        pulih_params_text(p, *(const struct pulih_view *)at);
        return;
    case PULIH_COL_hash:
        pulih_params_bytes(p, (struct pulih_view){at, PULIH_HASH_BYTES});
        return;
    }
}

void pulih_row_bind(enum pulih_table table, const void *row, struct pulih_params *p)
{
    const struct pulih_table_row *t = &pulih_tables[table];

    for (size_t c = 0; c < t->n_columns; c++)
        bind_value(t->columns[c].kind, (const char *)row + t->columns[c].offset, p);
}

void pulih_rows_bind(enum pulih_table table, uint32_t type_oid, const void *rows, size_t n,
                     struct pulih_params *p)
{
    const struct pulih_table_row *t = &pulih_tables[table];

    pulih_params_rows(p, type_oid, n);
    for (size_t i = 0; i < n; i++) {
        pulih_params_row(p, t->n_columns);
        pulih_row_bind(table, (const char *)rows + i * t->row_bytes, p);
    }
    pulih_params_end(p);
}

/* --- packed rows: big-endian, in the order of the columns, nothing between ----------------------------- */

static size_t packed_bytes(enum pulih_colkind kind)
{
    switch (kind) {
    case PULIH_COL_uuid:
    case PULIH_COL_may_uuid:
        return 16;
    case PULIH_COL_int2:
        return 2;
    case PULIH_COL_int4:
        return 4;
    case PULIH_COL_int8:
    case PULIH_COL_time:
    case PULIH_COL_may_time:
        return 8;
    case PULIH_COL_hash:
        return PULIH_HASH_BYTES;
    case PULIH_COL_bytes:
    case PULIH_COL_text:
        break;
    }
    pulih_must(!"a column of fixed size");
    return 0;
}

static void pack_value(enum pulih_colkind kind, const void *at, struct pulih_buf *out)
{
    size_t len = packed_bytes(kind);

    if (len == 2)
        pulih_buf_add_be16(out, (uint16_t) * (const int16_t *)at);
    else if (len == 4)
        pulih_buf_add_be32(out, (uint32_t) * (const int32_t *)at);
    else if (len == 8)
        pulih_buf_add_be64(out, (uint64_t) * (const int64_t *)at);
    else
        pulih_buf_add(out, at, len);
}

static void unpack_value(enum pulih_colkind kind, const char *from, void *at)
{
    size_t len = packed_bytes(kind);

    if (len == 2)
        *(int16_t *)at = (int16_t)pulih_be16(from);
    else if (len == 4)
        *(int32_t *)at = (int32_t)pulih_be32(from);
    else if (len == 8)
        *(int64_t *)at = (int64_t)pulih_be64(from);
    else
        memcpy(at, from, len);
}

void pulih_row_pack(const struct pulih_row_complaint *row, struct pulih_buf *out)
{
    for (size_t c = 0; c < PULIH_COUNT(complaint_columns); c++)
        pack_value(complaint_columns[c].kind, (const char *)row + complaint_columns[c].offset, out);
}

bool pulih_row_unpack(struct pulih_view packed, struct pulih_row_complaint *ret)
{
    size_t at = 0;

    *ret = (struct pulih_row_complaint){0};
    for (size_t c = 0; c < PULIH_COUNT(complaint_columns); c++) {
        size_t len = packed_bytes(complaint_columns[c].kind);
        if (packed.len - at < len)
            return false;
        unpack_value(complaint_columns[c].kind, packed.at + at, (char *)ret + complaint_columns[c].offset);
        at += len;
    }
    return at == packed.len;
}

static int64_t last_word(enum pulih_words list)
{
    size_t n;
    const struct pulih_word *words = pulih_words(list, &n);

    return words[n - 1].number;
}

bool pulih_row_is_sound(const struct pulih_row_complaint *row)
{
    const int64_t counter = INT16_MAX / 2, time = PULIH_TIME_MAX_US / 2;
    const struct {
        int64_t value, most;
    } columns[] = {
        {row->number, PULIH_REFERENCE_MAX},
        {row->received_at, time},
        {row->state, PULIH_STATE_N - 1},
        {row->version, INT32_MAX / 2},
        {row->holder, PULIH_STAGE_followup},
        {row->cursor, row->version},
        {row->waiting, row->version},
        {row->language, last_word(PULIH_WORDS_language)},
        {row->channel, last_word(PULIH_WORDS_channel)},
        {row->category, last_word(PULIH_WORDS_category)},
        {row->department, PULIH_DEPARTMENT_LAST},
        {row->tier, last_word(PULIH_WORDS_tier)},
        {row->gravity, INT16_MAX},
        {row->unsure, 1},
        {row->clock, 1},
        {row->level, counter},
        {row->ended, 1},
        {row->ladder_kind, last_word(PULIH_WORDS_deadline)},
        {row->ladder_armed, row->version},
        {row->ladder_left_us, time},
        {row->ladder_due, time},
        {row->silence_armed, row->version},
        {row->due_at, time},
        {row->offers, counter},
        {row->letters, counter},
        {row->promises, counter},
        {row->declined, counter},
        {row->reopened, counter},
        {row->updated_at, time},
        {row->approval_armed, row->version},
        {row->approval_level, counter},
        {row->transfers, counter},
    };

    for (size_t i = 0; i < PULIH_COUNT(columns); i++)
        if (columns[i].value < 0 || columns[i].value > columns[i].most)
            return false;
    return row->shard == pulih_shard(&row->id);
}

uint32_t pulih_row_layout(void)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t c = 0; c < PULIH_COUNT(complaint_columns); c++) {
        for (const char *p = complaint_columns[c].name; *p; p++)
            hash = (hash ^ (uint8_t)*p) * 16777619u;
        hash = (hash ^ (uint32_t)complaint_columns[c].kind) * 16777619u;
    }
    return hash;
}
