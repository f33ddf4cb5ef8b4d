/* Who is listened to at the hint port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pulih/host/hinters.h"

enum { MOST = 64 };

/* A batch that was done, as far as hinters look at it. */
struct done {
    struct pulih_batch batch;
    struct pulih_bus_msg msgs[MOST];
    struct pulih_bus_msg *frames[MOST];
    struct pulih_hinted hinted[MOST];
};

static struct pulih_bus_peer peer_of(uint32_t n)
{
    return (struct pulih_bus_peer){.len = 5, .id = {0, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

static void add(struct done *d, uint32_t peer, bool found)
{
    size_t i = d->batch.n_frames++;

    assert_true(i < MOST);
    d->msgs[i].peer = peer_of(peer);
    d->frames[i] = &d->msgs[i];
    d->hinted[i].found = found;
    d->batch.frames = d->frames;
    d->batch.hinted = d->hinted;
}

static void learn(struct pulih_hinters *h, uint32_t peer, bool found, int64_t now_us)
{
    struct done d = {.batch = {.n_frames = 0}};

    add(&d, peer, found);
    pulih_hinters_learn(h, &d.batch, now_us);
}

static bool may(struct pulih_hinters *h, uint32_t peer, int64_t now_us)
{
    struct pulih_bus_peer p = peer_of(peer);

    return pulih_hinter_may(h, &p, now_us);
}

static void strangers_are_heard_until_they_waste_time(void **state)
{
    struct pulih_hinters h;
    int wasted = 0;

    (void)state;
    pulih_hinters_init(&h, 0);
    for (uint32_t n = 0; n < 1000; n++) {
        assert_true(may(&h, n, 0));
        learn(&h, n, true, 0);
    }
    while (may(&h, 5000, 0)) {
        learn(&h, 5000, false, 0);
        assert_true(++wasted < 10);
    }
    assert_true(wasted >= 2);
    assert_false(may(&h, 5001, 0)); /* another stranger is no better */
    assert_true(may(&h, 999, 0));   /* who hinted truly is still heard */
    pulih_hinters_free(&h);
}

static void tries_come_back_slowly(void **state)
{
    struct pulih_hinters h;
    int wasted = 0;

    (void)state;
    pulih_hinters_init(&h, 0);
    for (int64_t now_us = 0; now_us < 10000000; now_us += 1000)
        if (may(&h, 1, now_us)) {
            learn(&h, 1, false, now_us);
            wasted++;
        }
    assert_in_range(wasted, 45, 60); /* five a second, and a few in the beginning */
    pulih_hinters_free(&h);
}

static void a_batch_of_many_strangers_is_one_try(void **state)
{
    struct pulih_hinters h;
    struct done d = {.batch = {.n_frames = 0}};

    (void)state;
    pulih_hinters_init(&h, 0);
    for (uint32_t n = 0; n < MOST; n++)
        add(&d, n, n % 2);
    pulih_hinters_learn(&h, &d.batch, 0);
    assert_true(may(&h, 5000, 0));
    while (may(&h, 5000, 0))
        learn(&h, 5000, false, 0);
    assert_true(may(&h, 1, 0));
    assert_false(may(&h, 2, 0));
    pulih_hinters_free(&h);
}

static void many_items_for_nothing_are_many_tries(void **state)
{
    struct pulih_hinters h;
    struct done d = {.batch = {.n_frames = 0}};

    (void)state;
    pulih_hinters_init(&h, 0);
    add(&d, 1, false);
    d.hinted[0].n = 10000;
    pulih_hinters_learn(&h, &d.batch, 0);
    for (int64_t now_us = 0; now_us < 15000000; now_us += 1000)
        assert_false(may(&h, 2, now_us));
    for (int64_t now_us = 15000000; now_us < 25000000; now_us += 1000)
        (void)may(&h, 2, now_us);
    assert_true(may(&h, 2, 25000000));
    pulih_hinters_free(&h);
}

static void what_is_no_hint_is_a_try(void **state)
{
    struct pulih_hinters h;
    struct pulih_bus_peer stranger = peer_of(1), known = peer_of(2);
    int heard = 0;

    (void)state;
    pulih_hinters_init(&h, 0);
    learn(&h, 2, true, 0);
    for (; may(&h, 1, 0); heard++)
        pulih_hinter_blame(&h, &stranger);
    assert_in_range(heard, 2, 10);
    pulih_hinter_blame(&h, &known);
    assert_true(may(&h, 2, 0));
    pulih_hinters_free(&h);
}

static void who_is_late_now_and_then_stays_known(void **state)
{
    struct pulih_hinters h;
    int late = 0;

    (void)state;
    pulih_hinters_init(&h, 0);
    for (int i = 0; i < 1000; i++)
        learn(&h, 1, i % 10 == 0, 0);
    while (may(&h, 2, 0))
        learn(&h, 2, false, 0);
    assert_true(may(&h, 1, 0));
    while (may(&h, 1, 0)) {
        learn(&h, 1, false, 0);
        assert_true(++late < 100);
    }
    assert_true(late > 10);
    pulih_hinters_free(&h);
}

static void the_known_that_are_silent_make_room(void **state)
{
    struct pulih_hinters h;

    (void)state;
    pulih_hinters_init(&h, 0);
    for (uint32_t n = 0; n < 10000; n++)
        learn(&h, n, true, n);
    while (may(&h, 20000, 0))
        learn(&h, 20000, false, 0);
    assert_true(may(&h, 9999, 0) && may(&h, 9999 - 200, 0));
    assert_false(may(&h, 0, 0));
    assert_int_equal(h.known.n, h.known.max);
    pulih_hinters_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_are_heard_until_they_waste_time),
        cmocka_unit_test(tries_come_back_slowly),
        cmocka_unit_test(a_batch_of_many_strangers_is_one_try),
        cmocka_unit_test(many_items_for_nothing_are_many_tries),
        cmocka_unit_test(what_is_no_hint_is_a_try),
        cmocka_unit_test(who_is_late_now_and_then_stays_known),
        cmocka_unit_test(the_known_that_are_silent_make_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
