#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/base/arena.h"

enum { PIECES = 2000 };

struct piece {
    uint8_t *at;
    size_t len;
};

/* A size for piece i of round r: mostly small, sometimes larger than a block. */
static size_t size_of_piece(size_t r, size_t i)
{
    size_t x = (r * 7919 + i * 104729) % 1000;

    return x == 0 ? 0 : x < 990 ? x : x < 998 ? x * 60 : x * 300;
}

static void take_pieces(struct pulih_arena *a, size_t round, struct piece *pieces)
{
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i].len = size_of_piece(round, i);
        pieces[i].at = pulih_arena_get(a, pieces[i].len);
        assert_non_null(pieces[i].at);
        assert_int_equal((uintptr_t)pieces[i].at % 16, 0);
        for (size_t j = 0; j < pieces[i].len; j++)
            if (pieces[i].at[j] != 0)
                fail_msg("byte %zu of piece %zu is not zero", j, i);
        memset(pieces[i].at, (int)(i % 255 + 1), pieces[i].len);
    }
}

static void assert_pieces(const struct piece *pieces)
{
    for (size_t i = 0; i < PIECES; i++)
        for (size_t j = 0; j < pieces[i].len; j++)
            if (pieces[i].at[j] != i % 255 + 1)
                fail_msg("byte %zu of piece %zu was overwritten", j, i);
}

static void memory_is_zeroed_aligned_and_nobody_elses(void **state)
{
    struct pulih_arena a = {0};
    struct piece *pieces = calloc(PIECES, sizeof *pieces);

    (void)state;
    for (size_t round = 0; round < 10; round++) {
        take_pieces(&a, round, pieces);
        assert_pieces(pieces);
        pulih_arena_reset(&a);
    }
    pulih_arena_free(&a);
    free(pieces);
}

/* After the first batch the heap stays as it is. */
static void a_steady_state_allocates_nothing(void **state)
{
    struct pulih_arena a = {0};
    size_t n_blocks[3];

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 5000; i++)
            pulih_arena_get(&a, i % 300);
        pulih_arena_get(&a, 1 << 20);
        for (size_t i = 0; i < 5000; i++)
            pulih_arena_get(&a, i % 300);
        pulih_arena_reset(&a);
        struct mallinfo2 info = mallinfo2();
        n_blocks[round] = info.uordblks + info.hblkhd;
    }
    assert_int_equal(n_blocks[1], n_blocks[0]);
    assert_int_equal(n_blocks[2], n_blocks[0]);
    pulih_arena_free(&a);
}

static void an_arena_works_again_after_reset_and_free(void **state)
{
    struct pulih_arena a = {0};

    (void)state;
    pulih_arena_reset(&a);
    pulih_arena_free(&a);
    void *first = pulih_arena_get(&a, 100);
    pulih_arena_reset(&a);
    assert_ptr_equal(pulih_arena_get(&a, 100), first);
    pulih_arena_free(&a);
    assert_non_null(pulih_arena_get(&a, 1));
    pulih_arena_free(&a);
}

static void copies_end_with_a_zero(void **state)
{
    struct pulih_arena a = {0};
    char text[] = "hello";

    (void)state;
    struct pulih_view copy = pulih_arena_copy(&a, (struct pulih_view){text, 4});
    text[0] = 'j';
    assert_int_equal(copy.len, 4);
    assert_string_equal(copy.at, "hell");
    copy = pulih_arena_copy(&a, (struct pulih_view){NULL, 0});
    assert_null(copy.at); /* absent stays absent */
    copy = pulih_arena_copy(&a, PULIH_VIEW(""));
    assert_non_null(copy.at);
    assert_string_equal(copy.at, "");
    pulih_arena_free(&a);
}

static void room_for_one_more(void **state)
{
    size_t cap = 0;
    int *items = NULL;

    (void)state;
    for (int n = 0; n < 10000; n++) {
        size_t before = cap;
        items = pulih_room(items, (size_t)n, &cap, sizeof *items);
        assert_true(cap > (size_t)n && cap >= before);
        items[n] = n;
    }
    for (int n = 0; n < 10000; n++)
        assert_int_equal(items[n], n);
    assert_true(cap < 40000);
    free(items);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_nobody_elses),
        cmocka_unit_test(a_steady_state_allocates_nothing),
        cmocka_unit_test(an_arena_works_again_after_reset_and_free),
        cmocka_unit_test(copies_end_with_a_zero),
        cmocka_unit_test(room_for_one_more),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
