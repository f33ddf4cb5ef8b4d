/* Sessions of a door: found, added and dropped by the thousand, beside a list that does the same slowly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/host/sessions.h"

enum { PEERS = 3000 };

/* A door's own session. */
struct visitor {
    struct pulih_session session;
    uint32_t number;
    uint8_t rest[100];
};

static struct pulih_bus_peer peer_of(uint32_t number)
{
    struct pulih_bus_peer peer = {.len = 5};

    memcpy(peer.id + 1, &number, sizeof number);
    return peer;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static struct visitor *find(const struct pulih_sessions *s, uint32_t number)
{
    struct pulih_bus_peer peer = peer_of(number);

    return (struct visitor *)pulih_session_find(s, &peer);
}

static struct visitor *add(struct pulih_sessions *s, uint32_t number)
{
    struct pulih_bus_peer peer = peer_of(number);
    struct visitor *v = (struct visitor *)pulih_session_add(s, &peer, 1790000000000000);

    if (v)
        v->number = number;
    return v;
}

static void assert_holds(const struct pulih_sessions *s, const bool *there, size_t n_peers)
{
    size_t n = 0;

    for (uint32_t i = 0; i < n_peers; i++) {
        const struct visitor *v = find(s, i);
        if (!v != !there[i])
            fail_msg("peer %u: %s", i, v ? "is still there" : "is lost");
        if (v)
            assert_int_equal(v->number, i);
        n += there[i];
    }
    assert_int_equal(s->n, n);
}

static void finds_thousands(void **state)
{
    struct pulih_sessions s;
    bool there[PEERS] = {false};

    (void)state;
    pulih_sessions_init(&s, sizeof(struct visitor), PEERS);
    for (uint32_t i = 0; i < PEERS; i++) {
        assert_null(find(&s, i));
        assert_non_null(add(&s, i));
        there[i] = true;
    }
    assert_holds(&s, there, PEERS);
    for (uint32_t i = 0; i < PEERS; i += 3) {
        pulih_session_drop(&s, &find(&s, i)->session);
        there[i] = false;
    }
    assert_holds(&s, there, PEERS);
    pulih_sessions_free(&s);
}

/* Few places and many comings and goings: those behind a gap must move up, also over the end of the table. */
static void closes_gaps(void **state)
{
    enum { CROWD = 24 };
    uint32_t seed = 2463534242;

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct pulih_sessions s;
        bool there[CROWD] = {false};
        pulih_sessions_init(&s, sizeof(struct visitor), 8);
        for (int i = 0; i < 100; i++) {
            uint32_t number = next_random(&seed) % CROWD;
            if (there[number]) {
                pulih_session_drop(&s, &find(&s, number)->session);
                there[number] = false;
            } else {
                there[number] = add(&s, number) != NULL;
                assert_true(there[number] || s.n == 8);
            }
            assert_holds(&s, there, CROWD);
        }
        pulih_sessions_free(&s);
    }
}

static void refuses_more_than_it_may(void **state)
{
    static const size_t most[] = {1, 2, 8, 9, 100};

    (void)state;
    for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
        struct pulih_sessions s;
        pulih_sessions_init(&s, sizeof(struct visitor), most[i]);
        for (uint32_t n = 0; n < most[i]; n++)
            assert_non_null(add(&s, n));
        assert_null(add(&s, 1000));
        assert_non_null(find(&s, 0));
        pulih_session_drop(&s, &find(&s, 0)->session);
        assert_non_null(add(&s, 1000));
        assert_null(add(&s, 0));
        pulih_sessions_free(&s);
    }
}

static void a_new_session_takes_the_place_of_the_old(void **state)
{
    struct pulih_sessions s;

    (void)state;
    pulih_sessions_init(&s, sizeof(struct visitor), 1);
    struct visitor *first = add(&s, 7);
    struct pulih_id id = first->session.id;
    first->session.used = 10;
    memset(first->rest, 'x', sizeof first->rest);
    struct visitor *second = add(&s, 7); /* though there is place for one only */
    assert_non_null(second);
    assert_int_equal(s.n, 1);
    assert_ptr_equal(find(&s, 7), second);
    assert_int_not_equal(pulih_id_compare(&second->session.id, &id), 0);
    assert_int_equal(second->session.used, 0);
    for (size_t i = 0; i < sizeof second->rest; i++)
        assert_int_equal(second->rest[i], 0);
    pulih_sessions_free(&s);
}

static void tells_peers_apart(void **state)
{
    static const struct pulih_bus_peer peers[] = {{.len = 0},
                                                  {.len = 1},
                                                  {.len = 2},
                                                  {.len = 1, .id = {1}},
                                                  {.len = 2, .id = {0, 1}},
                                                  {.len = PULIH_BUS_PEER_MAX}};
    enum { N = sizeof peers / sizeof peers[0] };
    struct pulih_session *session[N];
    struct pulih_sessions s;

    (void)state;
    pulih_sessions_init(&s, sizeof(struct pulih_session), N);
    for (size_t i = 0; i < N; i++)
        session[i] = pulih_session_add(&s, &peers[i], 1);
    for (size_t i = 0; i < N; i++) {
        assert_ptr_equal(pulih_session_find(&s, &peers[i]), session[i]);
        assert_memory_equal(&session[i]->peer, &peers[i], sizeof peers[i]);
    }
    pulih_sessions_free(&s);
}

static void gives_each_once(void **state)
{
    struct pulih_sessions s;
    bool seen[500] = {false};
    size_t at = 0, n = 0;

    (void)state;
    pulih_sessions_init(&s, sizeof(struct visitor), 500);
    assert_null(pulih_session_next(&s, &at));
    for (uint32_t i = 0; i < 500; i++)
        add(&s, i);
    at = 0;
    for (struct pulih_session *one; (one = pulih_session_next(&s, &at)); n++) {
        uint32_t number = ((struct visitor *)one)->number;
        assert_false(seen[number]);
        seen[number] = true;
    }
    assert_int_equal(n, 500);
    pulih_sessions_free(&s);
}

/* Dropping while walking may hide one until the next round, but ends, and frees nothing twice. */
static void can_be_emptied_while_walking(void **state)
{
    struct pulih_sessions s;
    int rounds = 0;

    (void)state;
    pulih_sessions_init(&s, sizeof(struct visitor), 1000);
    for (uint32_t i = 0; i < 1000; i++)
        add(&s, i);
    for (; s.n > 0; rounds++) {
        size_t at = 0;
        for (struct pulih_session *one; (one = pulih_session_next(&s, &at));)
            pulih_session_drop(&s, one);
        assert_true(rounds < 100);
    }
    assert_non_null(add(&s, 5));
    pulih_sessions_free(&s);
}

static size_t told(struct pulih_sessions *s, size_t times, int64_t now_us)
{
    size_t n = 0;

    for (size_t i = 0; i < times; i++)
        n += pulih_sessions_may_tell(s, now_us);
    return n;
}

static void sessions_without_end_do_not_fill_the_log(void **state)
{
    struct pulih_sessions s;

    (void)state;
    pulih_sessions_init(&s, sizeof(struct visitor), 10);
    assert_int_equal(told(&s, 1000, 5000000), 100);
    assert_int_equal(s.untold, 900);
    assert_int_equal(told(&s, 10, 5999999), 0);
    assert_int_equal(told(&s, 10, 6000000), 1);
    assert_int_equal(s.untold, 9);
    assert_int_equal(told(&s, 10, 9000000), 3);
    assert_int_equal(told(&s, 1000, INT64_MAX / 2), 100); /* not more, however long it was quiet */
    pulih_sessions_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_thousands),
        cmocka_unit_test(closes_gaps),
        cmocka_unit_test(refuses_more_than_it_may),
        cmocka_unit_test(a_new_session_takes_the_place_of_the_old),
        cmocka_unit_test(tells_peers_apart),
        cmocka_unit_test(gives_each_once),
        cmocka_unit_test(can_be_emptied_while_walking),
        cmocka_unit_test(sessions_without_end_do_not_fill_the_log),
    };

    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
