/* Rows: descriptors beside the structs, the packed form of hints, and rows as PostgreSQL's binary arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/msg.h"
#include "pulih/core/life.h"
#include "pulih/core/reference.h"
#include "pulih/core/rows.h"

static const int64_t EPOCH_US = 946684800000000; /* of PostgreSQL */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static size_t value_bytes(enum pulih_colkind kind)
{
    static const size_t bytes[] = {
        [PULIH_COL_uuid] = 16,    [PULIH_COL_may_uuid] = 16,
        [PULIH_COL_int2] = 2,     [PULIH_COL_int4] = 4,
        [PULIH_COL_int8] = 8,     [PULIH_COL_time] = 8,
        [PULIH_COL_may_time] = 8, [PULIH_COL_bytes] = 0,
        [PULIH_COL_text] = 0,     [PULIH_COL_hash] = PULIH_HASH_BYTES,
    };

    return bytes[kind];
}

static bool is_text(enum pulih_colkind kind)
{
    return kind == PULIH_COL_bytes || kind == PULIH_COL_text;
}

/* A row of random values; texts are views into `pool` or absent, and every fourth value is all zero. */
static void fill_random(enum pulih_table t, void *row, const char pool[256], uint64_t *seed)
{
    const struct pulih_table_row *table = &pulih_tables[t];

    memset(row, 0, table->row_bytes);
    for (size_t c = 0; c < table->n_columns; c++) {
        char *at = (char *)row + table->columns[c].offset;
        uint64_t r = next_random(seed);
        if (r % 4 == 0)
            continue;
        if (is_text(table->columns[c].kind)) {
            *(struct pulih_view *)(void *)at = (struct pulih_view){pool + (r >> 8) % 128, (r >> 16) % 128};
            continue;
        }
        for (size_t i = 0; i < value_bytes(table->columns[c].kind); i++)
            at[i] = (char)next_random(seed);
    }
}

/* --- descriptors ------------------------------------------------------------------------------------------ */

static void describes_every_column(void **state)
{
    static const struct {
        enum pulih_table table;
        const char *name;
        enum pulih_colkind kind;
        size_t offset, bytes;
    } columns[] = {
#define TABLE(t)
#define COL(t, kind, name)                                                                                   \
    {PULIH_T_##t, #name, PULIH_COL_##kind, offsetof(struct pulih_row_##t, name),                             \
     sizeof(((struct pulih_row_##t *)0)->name)},
#define END(t)
#include "pulih/tbl/rows.tbl.h"
    };
    static const char *const names[] = {
#define TABLE(t) #t,
#define COL(...)
#define END(t)
#include "pulih/tbl/rows.tbl.h"
    };
    size_t at[PULIH_T_N] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        const struct pulih_table_row *table = &pulih_tables[columns[i].table];
        const struct pulih_column *column = &table->columns[at[columns[i].table]++];
        assert_string_equal(column->name, columns[i].name);
        assert_int_equal(column->kind, columns[i].kind);
        assert_int_equal(column->offset, columns[i].offset);
        if (!is_text(column->kind))
            assert_int_equal(columns[i].bytes, value_bytes(column->kind));
    }
    for (size_t t = 0; t < PULIH_T_N; t++) {
        assert_string_equal(pulih_tables[t].name, names[t]);
        assert_int_equal(pulih_tables[t].n_columns, at[t]);
    }
}

/* --- rows of a batch -------------------------------------------------------------------------------------- */

static void adds_zeroed_rows(void **state)
{
    struct pulih_rows rows = {0};

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t t = 0; t < PULIH_T_N; t++)
            for (size_t i = 0; i < 100; i++) {
                unsigned char *row = pulih_rows_add(&rows, (enum pulih_table)t);
                for (size_t b = 0; b < pulih_tables[t].row_bytes; b++)
                    assert_int_equal(row[b], 0);
                memset(row, 0xa5, pulih_tables[t].row_bytes); /* the next round finds it dirty */
                assert_int_equal(rows.of[t].n, i + 1);
            }
        pulih_rows_empty(&rows);
        for (size_t t = 0; t < PULIH_T_N; t++)
            assert_int_equal(rows.of[t].n, 0);
    }
    pulih_rows_free(&rows);
    assert_null(rows.of[0].at);
}

static void keeps_rows_in_order(void **state)
{
    struct pulih_rows rows = {0};

    (void)state;
    for (int32_t i = 0; i < 1000; i++) {
        PULIH_ADD(&rows, event)->version = i;
        PULIH_ADD(&rows, letter)->version = -i;
    }
    for (int32_t i = 0; i < 1000; i++) {
        assert_int_equal(PULIH_ROWS(&rows, event)[i].version, i);
        assert_int_equal(PULIH_ROWS(&rows, letter)[i].version, -i);
    }
    pulih_rows_free(&rows);
}

/* --- the packed form -------------------------------------------------------------------------------------- */

static bool same_complaint(const struct pulih_row_complaint *a, const struct pulih_row_complaint *b)
{
    const struct pulih_table_row *table = &pulih_tables[PULIH_T_complaint];

    for (size_t c = 0; c < table->n_columns; c++)
        if (memcmp((const char *)a + table->columns[c].offset, (const char *)b + table->columns[c].offset,
                   value_bytes(table->columns[c].kind)) != 0)
            return false;
    return true;
}

static size_t packed_bytes(void)
{
    const struct pulih_table_row *table = &pulih_tables[PULIH_T_complaint];
    size_t n = 0;

    for (size_t c = 0; c < table->n_columns; c++)
        n += value_bytes(table->columns[c].kind);
    return n;
}

static void packs_and_unpacks(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf packed = {0};
    uint64_t seed = 88172645463325252;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct pulih_row_complaint row, back;
        fill_random(PULIH_T_complaint, &row, NULL, &seed);
        memset(&back, 0x5a, sizeof back);
        pulih_buf_empty(&packed);
        pulih_row_pack(&row, &packed);
        assert_int_equal(packed.len, packed_bytes());
        assert_true(pulih_row_unpack(pulih_view_of_buf(&packed), &back));
        assert_true(same_complaint(&row, &back));
    }
}

/* Both ends of a hint may be machines of another kind. */
static void packs_big_endian_in_the_order_of_the_table(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf packed = {0};
    struct pulih_row_complaint row = {.shard = 0x0102,
                                      .tenant = 0x03040506,
                                      .number = 0x0708090a0b0c0d0e,
                                      .received_at = 0x1112131415161718,
                                      .approval_armed = 0x191a1b1c,
                                      .approval_level = 0x1d1e,
                                      .transfers = 0x1f20};
    static const uint8_t expected[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
                                       0x0c, 0x0d, 0x0e, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18};
    static const uint8_t last[] = {0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20};

    (void)state;
    memset(row.id.b, 0xee, sizeof row.id.b);
    memset(row.hash.b, 0xdd, sizeof row.hash.b);
    pulih_row_pack(&row, &packed);
    assert_memory_equal(packed.at, row.id.b, sizeof row.id.b);
    assert_memory_equal(packed.at + sizeof row.id.b, expected, sizeof expected);
    assert_memory_equal(packed.at + packed.len - sizeof last - sizeof row.hash.b, row.hash.b,
                        sizeof row.hash.b);
    assert_memory_equal(packed.at + packed.len - sizeof last, last, sizeof last);
}

static void refuses_another_length(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf packed = {0};
    struct pulih_row_complaint row = {.version = 3}, back;

    (void)state;
    pulih_row_pack(&row, &packed);
    size_t len = packed.len;
    for (size_t cut = 0; cut < len; cut++) {
        /* In memory of its own, so that a sanitizer sees what is read behind it. */
        char *copy = malloc(cut + 1);
        memcpy(copy, packed.at, cut);
        assert_false(pulih_row_unpack((struct pulih_view){copy, cut}, &back));
        free(copy);
    }
    pulih_buf_add_byte(&packed, 0);
    assert_false(pulih_row_unpack(pulih_view_of_buf(&packed), &back));
    assert_true(pulih_row_unpack((struct pulih_view){packed.at, len}, &back));
}

/* Steps take words of a row for indexes, print its number and add to its times. */
static void tells_rows_that_steps_can_run_on(void **state)
{
    struct pulih_row_complaint good = {.number = PULIH_REFERENCE_MAX,
                                       .state = PULIH_STATE_parked,
                                       .version = 9,
                                       .holder = PULIH_STAGE_followup,
                                       .language = PULIH_language_en,
                                       .department = PULIH_department_delivery,
                                       .tier = PULIH_tier_important,
                                       .level = 8};
    const struct pulih_table_row *table = &pulih_tables[PULIH_T_complaint];
    size_t tried = 0;

    (void)state;
    good.shard = pulih_shard(&good.id);
    assert_true(pulih_row_is_sound(&good));
    for (size_t c = 0; c < table->n_columns; c++) {
        const struct pulih_column *column = &table->columns[c];
        struct pulih_row_complaint low = good, high = good;
        size_t len = value_bytes(column->kind);
        if (len > 8 || strcmp(column->name, "tenant") == 0)
            continue;
        memset((char *)&low + column->offset, 0xff, len); /* -1 */
        memset((char *)&high + column->offset, 0xff, len - 1);
        ((char *)&high)[column->offset + len - 1] = 0x7f; /* the greatest there is, on this machine */
        if (pulih_row_is_sound(&low))
            fail_msg("%s -1 passes", column->name);
        if (pulih_row_is_sound(&high) && strcmp(column->name, "gravity") != 0)
            fail_msg("%s at its greatest passes", column->name);
        tried++;
    }
    assert_int_equal(tried, table->n_columns - 3); /* id, tenant, hash */
    good.id.b[15] ^= 1;
    assert_false(pulih_row_is_sound(&good)); /* another shard */
}

static void a_hint_has_room_for_a_row(void **state)
{
    const struct pulih_field *field = &pulih_message(PULIH_M_hint_item)->fields[PULIH_F_hint_item_row];

    (void)state;
    assert_true(packed_bytes() <= field->max);
    assert_int_equal(pulih_row_layout(), pulih_row_layout());
    assert_true(pulih_row_layout() <= pulih_message(PULIH_M_hint)->fields[PULIH_F_hint_layout].max);
}

/* --- parameters ------------------------------------------------------------------------------------------- */

/* Reads what the server would read. */
struct reader {
    const char *at, *end;
};

static uint32_t read_u32(struct reader *r)
{
    assert_true(r->end - r->at >= 4);
    r->at += 4;
    return pulih_be32(r->at - 4);
}

static struct pulih_view read_bytes(struct reader *r, size_t len)
{
    assert_true((size_t)(r->end - r->at) >= len);
    r->at += len;
    return (struct pulih_view){r->at - len, len};
}

static uint32_t oid_of(enum pulih_colkind kind)
{
    static const uint32_t oids[] = {
        [PULIH_COL_uuid] = 2950,     [PULIH_COL_may_uuid] = 2950, [PULIH_COL_int2] = 21,
        [PULIH_COL_int4] = 23,       [PULIH_COL_int8] = 20,       [PULIH_COL_time] = 1184,
        [PULIH_COL_may_time] = 1184, [PULIH_COL_bytes] = 17,      [PULIH_COL_text] = 25,
        [PULIH_COL_hash] = 17,
    };

    return oids[kind];
}

static bool all_zero(const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i])
            return false;
    return true;
}

/* The value as the server must get it, or absent for NULL. */
static struct pulih_view wire_value(enum pulih_colkind kind, const char *at, char room[8])
{
    size_t len = value_bytes(kind);
    uint64_t number = 0;

    if (is_text(kind))
        return *(const struct pulih_view *)(const void *)at;
    if ((kind == PULIH_COL_may_uuid || kind == PULIH_COL_may_time) && all_zero(at, len))
        return (struct pulih_view){0};
    if (len > 8)
        return (struct pulih_view){at, len};
    memcpy(&number, at, len); /* little-endian machines only, as all that we test on */
    if (kind == PULIH_COL_time || kind == PULIH_COL_may_time)
        number -= (uint64_t)EPOCH_US;
    for (size_t i = 0; i < len; i++)
        room[i] = (char)(number >> (8 * (len - 1 - i)));
    return (struct pulih_view){room, len};
}

static void check_row(struct reader *r, enum pulih_table t, const char *row)
{
    const struct pulih_table_row *table = &pulih_tables[t];
    uint32_t row_len = read_u32(r);
    const char *end = r->at + row_len;

    assert_int_equal(read_u32(r), table->n_columns);
    for (size_t c = 0; c < table->n_columns; c++) {
        enum pulih_colkind kind = table->columns[c].kind;
        char room[8];
        struct pulih_view expected = wire_value(kind, row + table->columns[c].offset, room);
        assert_int_equal(read_u32(r), oid_of(kind));
        uint32_t len = read_u32(r);
        if (!expected.at) {
            assert_int_equal(len, UINT32_MAX);
            continue;
        }
        assert_int_equal(len, expected.len);
        if (!pulih_view_same(read_bytes(r, len), expected))
            fail_msg("%s.%s", table->name, table->columns[c].name);
    }
    assert_ptr_equal(r->at, end);
}

static void binds_tables(void **state)
{
    static const size_t counts[] = {0, 1, 2, 50};
    uint64_t seed = 1181783497276652981;
    struct pulih_params p = {0};
    char pool[256];

    (void)state;
    for (size_t i = 0; i < sizeof pool; i++)
        pool[i] = (char)i;
    for (size_t t = 0; t < PULIH_T_N; t++)
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
            size_t n = counts[k], row_bytes = pulih_tables[t].row_bytes;
            char *rows = calloc(n + 1, row_bytes);
            for (size_t i = 0; i < n; i++)
                fill_random((enum pulih_table)t, rows + i * row_bytes, pool, &seed);
            pulih_params_clear(&p);
            pulih_rows_bind((enum pulih_table)t, 4711, rows, n, &p);
            pulih_params_int8(&p, 5); /* scalars may follow */
            assert_int_equal(p.n, 2);
            struct reader r = {p.bytes.at + p.at[0], p.bytes.at + p.at[1]};
            assert_int_equal(read_u32(&r), n > 0); /* dimensions */
            read_u32(&r);                          /* may hold NULL */
            assert_int_equal(read_u32(&r), 4711);
            if (n) {
                assert_int_equal(read_u32(&r), n);
                assert_int_equal(read_u32(&r), 1); /* first index */
            }
            for (size_t i = 0; i < n; i++)
                check_row(&r, (enum pulih_table)t, rows + i * row_bytes);
            assert_ptr_equal(r.at, r.end);
            assert_int_equal(pulih_be64(p.bytes.at + p.at[1]), 5);
            free(rows);
        }
    pulih_params_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_every_column),
        cmocka_unit_test(adds_zeroed_rows),
        cmocka_unit_test(keeps_rows_in_order),
        cmocka_unit_test(packs_and_unpacks),
        cmocka_unit_test(tells_rows_that_steps_can_run_on),
        cmocka_unit_test(packs_big_endian_in_the_order_of_the_table),
        cmocka_unit_test(refuses_another_length),
        cmocka_unit_test(a_hint_has_room_for_a_row),
        cmocka_unit_test(binds_tables),
    };

    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
