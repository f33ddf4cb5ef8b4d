/* What customers are recognised by; what a pair of complaints has in common, and which pairs are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/classification/alike.h"

static const uint8_t key[PULIH_MARK_KEY_BYTES] = {1, 2, 3}, other_key[PULIH_MARK_KEY_BYTES] = {4, 5, 6};

struct customer {
    const char *ref, *email, *phone, *end;
    int kind;
};

static size_t marks_of(const uint8_t *with, const struct customer *c, struct pulih_mark ret[PULIH_MARKS_MAX])
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf packed = {0};
    struct pulih_complaint msg = {.customer_kind = (uint16_t)c->kind};

    if (c->ref)
        msg.customer_ref = pulih_view_of(c->ref);
    if (c->email)
        msg.email = pulih_view_of(c->email);
    if (c->phone)
        msg.phone = pulih_view_of(c->phone);
    if (c->end)
        msg.end_customer_ref = pulih_view_of(c->end);
    pulih_marks_pack(with, &msg, &packed);
    assert_int_equal(packed.len % PULIH_MARK_BYTES, 0);
    return pulih_marks_unpack(pulih_view_of_buf(&packed), ret);
}

static void customers_are_recognised(void **state)
{
    enum { PLAIN = PULIH_customer_kind_external, BETWEEN = PULIH_customer_kind_intermediary };
    static const struct {
        struct customer a, b;
        size_t n, same; /* marks of a; of them, those that b has */
    } rows[] = {
        {{"C-1", "a@x.id", "0812 345 6789", NULL, PLAIN},
         {"c-1", "A@X.ID", "+62-812-345-6789", NULL, 0},
         3,
         3},
        {{"C-1", NULL, NULL, NULL, PLAIN}, {"C-2", NULL, NULL, NULL, PLAIN}, 1, 0},
        {{NULL, NULL, "(021) 555-01234", NULL, PLAIN}, {NULL, NULL, "62 21 555 01234", NULL, PLAIN}, 1, 1},
        {{NULL, NULL, "0812 345 6789", NULL, PLAIN}, {NULL, NULL, "0812 345 6780", NULL, PLAIN}, 1, 0},
        /* typed to fill the field, or a company's short number */
        {{"", "none", "0000000000", NULL, PLAIN}, {"", "none", "0000000000", NULL, PLAIN}, 0, 0},
        {{NULL, NULL, "147", NULL, PLAIN}, {NULL, NULL, "147", NULL, PLAIN}, 0, 0},
        {{NULL, NULL, NULL, NULL, PLAIN}, {NULL, NULL, NULL, NULL, PLAIN}, 0, 0},
        /* a number of one kind is none of another */
        {{"628123456789", NULL, NULL, NULL, PLAIN}, {NULL, NULL, "628123456789", NULL, PLAIN}, 1, 0},
        /* who stands between is not the customer */
        {{"D-1", "d@x.id", "08123456789", "E-1", BETWEEN},
         {"D-1", "d@x.id", "08123456789", "E-2", BETWEEN},
         1,
         0},
        {{"D-1", "d@x.id", NULL, "E-1", BETWEEN}, {"d-1", NULL, NULL, "e-1", BETWEEN}, 1, 1},
        {{"D-1", "d@x.id", "08123456789", NULL, BETWEEN}, {"D-1", NULL, NULL, NULL, BETWEEN}, 0, 0},
        {{"D-1", NULL, NULL, "E-1", BETWEEN}, {"D-1E-1", NULL, NULL, NULL, PLAIN}, 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pulih_mark a[PULIH_MARKS_MAX], b[PULIH_MARKS_MAX], far[PULIH_MARKS_MAX];
        size_t n = marks_of(key, &rows[i].a, a), m = marks_of(key, &rows[i].b, b), same = 0, told = 0;
        size_t n_far = marks_of(other_key, &rows[i].a, far);
        for (size_t k = 0; k < n; k++) {
            for (size_t l = 0; l < m; l++)
                same += a[k].kind == b[l].kind && a[k].digest == b[l].digest;
            for (size_t l = 0; l < n_far; l++)
                told += a[k].digest == far[l].digest;
        }
        if (n != rows[i].n || same != rows[i].same || told)
            fail_msg("row %zu: %zu marks, %zu in common, %zu without the key", i, n, same, told);
    }
}

static void marks_of_no_known_kind_are_passed_over(void **state)
{
    struct pulih_mark found[PULIH_MARKS_MAX];

    (void)state;
    assert_int_equal(pulih_marks_unpack((struct pulih_view){0}, found), 0);
    assert_int_equal(pulih_marks_unpack(PULIH_VIEW("\1abcdefgh"), found), 1);
    assert_int_equal(found[0].digest, 0x6162636465666768);
    assert_int_equal(pulih_marks_unpack(PULIH_VIEW("\1abcdefg"), found), 0);
    assert_int_equal(pulih_marks_unpack(PULIH_VIEW("\0abcdefgh\4abcdefgh\xff"
                                                   "abcdefgh\3abcdefgh"),
                                        found),
                     1);
    assert_int_equal(pulih_marks_unpack(PULIH_VIEW("\1aaaaaaaa\1bbbbbbbb\1cccccccc\1dddddddd"), found), 3);
}

/* --- pairs ------------------------------------------------------------------------------------------------ */

static const char long_text[] =
    "mesin cuci bocor sejak hari pertama teknisi berjanji datang tetapi tidak muncul";
static const char like_it[] =
    "halo mesin cuci bocor sejak hari pertama teknisi berjanji datang tetapi tidak muncul";
static const char another[] =
    "tagihan listrik bulan ini naik padahal rumah kosong selama liburan sekolah kemarin";

static struct alike_story a_story(uint8_t id, const char *text, int64_t customer, int32_t tenant)
{
    struct alike_story s = {.id = {{id}}, .shard = id, .number = id, .tenant = tenant};

    pulih_likeness_read(pulih_view_of(text), &s.text);
    if (customer)
        s.marks[s.n_marks++] = (struct pulih_mark){PULIH_MARK_phone, customer};
    return s;
}

static void pairs_are_judged(void **state)
{
    static const struct {
        const char *a, *b;
        int64_t customer_a, customer_b;
        int32_t tenant_b;
        int likeness, least;
    } rows[] = {
        {long_text, long_text, 0, 0, 0, PULIH_likeness_same_text, 100},
        {long_text, like_it, 0, 0, 0, PULIH_likeness_similar_text, 80},
        {long_text, another, 0, 0, 0, PULIH_likeness_unknown, 0},
        {long_text, another, 7, 7, 0, PULIH_likeness_same_customer, 90},
        {long_text, like_it, 7, 7, 0, PULIH_likeness_repeated, 80},
        {long_text, long_text, 7, 8, 0, PULIH_likeness_same_text, 100},
        {"barang rusak", "barang rusak", 0, 0, 0, PULIH_likeness_unknown, 0},
        {"barang rusak", "Barang rusak!", 7, 7, 0, PULIH_likeness_repeated, 100},
        {"barang rusak", "barang hilang", 7, 7, 0, PULIH_likeness_same_customer, 90},
        {"", "", 7, 7, 0, PULIH_likeness_same_customer, 90}, /* erased texts */
        {"", long_text, 0, 0, 0, PULIH_likeness_unknown, 0},
        {long_text, long_text, 7, 7, 1, PULIH_likeness_unknown, 0}, /* of two tenants */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct alike_story a = a_story(1, rows[i].a, rows[i].customer_a, 0),
                           b = a_story(2, rows[i].b, rows[i].customer_b, rows[i].tenant_b);
        struct alike_pair pair = {.self = 0, .other = b.id, .other_shard = b.shard};
        alike_judge(&pair, &a, &b);
        if (pair.likeness != rows[i].likeness || (pair.likeness && pair.score < rows[i].least))
            fail_msg("row %zu: %d with %d", i, pair.likeness, pair.score);
    }
}

static void nothing_is_alike_to_what_is_not_there(void **state)
{
    struct alike_story a = a_story(1, long_text, 7, 0), b = a_story(2, long_text, 7, 0);
    struct alike_pair pair = {.other = b.id};

    (void)state;
    b.number = 0;
    alike_judge(&pair, &a, &b);
    assert_int_equal(pair.likeness, PULIH_likeness_unknown);
}

static struct alike_pair a_pair(size_t self, uint8_t other, int likeness, int score)
{
    return (struct alike_pair){
        .self = self, .other = {{other}}, .other_shard = other, .likeness = likeness, .score = score};
}

static void the_best_pairs_are_told(void **state)
{
    struct alike_story stories[] = {a_story(10, "", 0, 0), a_story(20, "", 0, 0), a_story(30, "", 0, 0)};
    struct alike_pair pairs[] = {
        a_pair(0, 1, PULIH_likeness_same_customer, 90), a_pair(0, 2, PULIH_likeness_unknown, 0),
        a_pair(0, 3, PULIH_likeness_similar_text, 60),  a_pair(0, 4, PULIH_likeness_repeated, 61),
        a_pair(0, 5, PULIH_likeness_same_text, 100),    a_pair(0, 5, PULIH_likeness_same_text, 100),
        a_pair(1, 30, PULIH_likeness_same_text, 100),   a_pair(2, 20, PULIH_likeness_same_text, 100),
    };

    (void)state;
    size_t n = alike_distinct(pairs, sizeof pairs / sizeof *pairs);
    assert_int_equal(n, 7);
    n = alike_best(pairs, n, stories);
    assert_int_equal(n, 4); /* three of the first, one of the other two */
    static const uint8_t links[][2] = {{10, 1}, {10, 4}, {10, 5}, {30, 20}};
    for (size_t i = 0; i < n; i++) {
        struct pulih_row_link link;
        alike_link(&pairs[i], stories, &link);
        assert_int_equal(link.complaint.b[0], links[i][0]);
        assert_int_equal(link.shard, links[i][0]);
        assert_int_equal(link.other.b[0], links[i][1]);
    }
    assert_int_equal(alike_distinct(NULL, 0), 0);
    assert_int_equal(alike_best(NULL, 0, stories), 0);
}

static void short_texts_and_strangers_have_no_keys(void **state)
{
    int64_t keys[ALIKE_KEYS_MAX];
    struct alike_story short_one = a_story(1, "barang rusak", 0, 0), full = a_story(2, long_text, 7, 0);

    (void)state;
    assert_int_equal(alike_keys(&short_one, keys), 0);
    assert_int_equal(alike_keys(&full, keys), 1 + PULIH_LIKENESS_BANDS);
    assert_int_equal(keys[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(customers_are_recognised), cmocka_unit_test(marks_of_no_known_kind_are_passed_over),
        cmocka_unit_test(pairs_are_judged),         cmocka_unit_test(nothing_is_alike_to_what_is_not_there),
        cmocka_unit_test(the_best_pairs_are_told),  cmocka_unit_test(short_texts_and_strangers_have_no_keys),
    };

    return cmocka_run_group_tests_name("alike", tests, NULL, NULL);
}
