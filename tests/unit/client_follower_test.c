/* Following the feed: no gap and no repetition reaches the caller, whatever the daemon sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih.h"
#include "pulih/base/clock.h"
#include "tests/lib/client_door.h"

enum { PATIENCE_US = 10000000 };

struct following {
    struct client_door door;
    struct pulih_follower *f;
    struct pulih_feed_event event; /* the last */
    uint64_t n_events;
    int last; /* what pulih_follower_next said last */
    struct pulih_error error;
};

static void turn(struct following *t)
{
    t->last = pulih_follower_next(t->f, 5, &t->event, &t->error);
    t->n_events += t->last > 0;
    turn_client_door(&t->door);
}

#define TURN_UNTIL(t, condition)                                                                             \
    do {                                                                                                     \
        int64_t until_us = pulih_mono_us() + PATIENCE_US;                                                    \
        while (!(condition)) {                                                                               \
            turn(t);                                                                                         \
            if (pulih_mono_us() > until_us)                                                                  \
                fail_msg("never: %s", #condition);                                                           \
        }                                                                                                    \
    } while (0)

static int set_up(void **state)
{
    struct following *t = calloc(1, sizeof *t);

    open_client_door(&t->door);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct following *t = *state;

    pulih_follower_close(t->f);
    close_client_door(&t->door);
    free(t);
    return 0;
}

static void follow(struct following *t, enum pulih_start start, const struct pulih_place *places, size_t n)
{
    t->f = pulih_follower_open(t->door.endpoint, "test", start, places, n, &t->error);
    assert_non_null(t->f);
}

/* Waits for the next session and welcomes it; returns the place it asked for in a stream, -1 for none. */
static int64_t welcome(struct following *t, uint64_t stream)
{
    struct pulih_subscribe subscribe;
    struct pulih_position position;
    size_t before = t->door.sessions;
    int64_t seq = -1;

    TURN_UNTIL(t, t->door.sessions > before);
    heard(&t->door, t->door.n_heard - 1, PULIH_M_subscribe, &subscribe);
    for (struct pulih_view at = subscribe.positions.raw; pulih_list_next(PULIH_M_position, &at, &position);)
        if (position.stream == stream)
            seq = (int64_t)position.seq;
    forget_heard(&t->door);
    say_welcome(&t->door, subscribe.credit);
    return seq;
}

/* Items from + 1 to `to` of a stream. */
static void say_events(struct following *t, uint64_t stream, uint64_t from, uint64_t to)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf list = {0};
    struct pulih_events events = {.has = 0};

    for (uint64_t seq = from + 1; seq <= to; seq++) {
        struct pulih_feed_item item = {.has = 0};
        PULIH_SET(&item, feed_item, seq, seq);
        PULIH_SET(&item, feed_item, complaint, ((struct pulih_id){{[15] = 9}}));
        PULIH_SET(&item, feed_item, reference, PULIH_VIEW("PL-1"));
        PULIH_SET(&item, feed_item, version, 4);
        PULIH_SET(&item, feed_item, type, PULIH_VIEW("verified"));
        PULIH_SET(&item, feed_item, state, PULIH_VIEW("verified"));
        PULIH_SET(&item, feed_item, at, 1000000);
        PULIH_SET(&item, feed_item, body, PULIH_VIEW("\x81\xa5score\x09"));
        pulih_list_add(&list, PULIH_M_feed_item, &item);
    }
    PULIH_SET(&events, events, stream, stream);
    PULIH_SET(&events, events, from, from);
    PULIH_SET(&events, events, to, to);
    PULIH_SET(&events, events, items, pulih_list_of(&list, (uint32_t)(to - from)));
    say(&t->door, PULIH_M_events, &events);
}

static uint64_t place_of(const struct following *t, uint16_t stream)
{
    struct pulih_place places[8];
    size_t n = pulih_follower_places(t->f, places, 8);

    for (size_t i = 0; i < n && i < 8; i++)
        if (places[i].stream == stream)
            return places[i].seq;
    return UINT64_MAX;
}

/* --- the ordinary way -------------------------------------------------------------------------------- */

static void items_come_one_by_one_and_move_the_place(void **state)
{
    struct following *t = *state;

    follow(t, PULIH_FROM_START, NULL, 0);
    assert_int_equal(welcome(t, 1), -1);
    say_events(t, 1, 0, 3);
    TURN_UNTIL(t, t->n_events == 1);
    assert_int_equal(t->event.stream, 1);
    assert_int_equal(t->event.seq, 1);
    assert_string_equal(t->event.reference, "PL-1");
    assert_string_equal(t->event.type, "verified");
    assert_int_equal(t->event.version, 4);
    assert_int_equal(place_of(t, 1), 1);
    assert_int_equal(place_of(t, 2), 0);
    char *json = pulih_feed_event_to_json(&t->event);
    assert_string_equal(json,
                        "{\"stream\":1,\"seq\":1,\"complaint\":\"00000000-0000-0000-0000-000000000009\","
                        "\"reference\":\"PL-1\",\"version\":4,\"type\":\"verified\",\"state\":\"verified\","
                        "\"at\":\"1970-01-01T00:00:01.000000Z\",\"body\":{\"score\": 9}}");
    free(json);
    TURN_UNTIL(t, t->n_events == 3);
    assert_int_equal(place_of(t, 1), 3);
}

static void a_range_without_items_moves_the_place(void **state)
{
    static const struct pulih_place from = {2, 5};
    struct following *t = *state;
    struct pulih_events events = {.has = 0};

    follow(t, PULIH_FROM_START, &from, 1);
    assert_int_equal(welcome(t, 2), 5);
    PULIH_SET(&events, events, stream, 2);
    PULIH_SET(&events, events, from, 5);
    PULIH_SET(&events, events, to, 8);
    PULIH_SET(&events, events, items, (struct pulih_list){.n = 0});
    say(&t->door, PULIH_M_events, &events);
    say_events(t, 2, 8, 9);
    TURN_UNTIL(t, t->n_events == 1);
    assert_int_equal(t->event.seq, 9);
}

static void credit_follows_what_was_taken(void **state)
{
    struct following *t = *state;
    struct pulih_credit credit = {.has = 0};
    uint64_t at = 0;

    follow(t, PULIH_FROM_START, NULL, 0);
    welcome(t, 0);
    for (; at < 4000; at += 500)
        say_events(t, 0, at, at + 500);
    TURN_UNTIL(t, t->n_events == 1000);
    assert_int_equal(t->door.n_heard, 0); /* most of it still waits with us */
    TURN_UNTIL(t, t->n_events == 4000);
    TURN_UNTIL(t, t->door.n_heard > 0);
    for (size_t i = 0; i < t->door.n_heard; i++)
        heard(&t->door, i, PULIH_M_credit, &credit);
    assert_true(credit.limit >= 6000 && credit.limit <= 8000);
}

/* --- what is not in order ---------------------------------------------------------------------------- */

static void a_gap_leads_to_a_new_subscription_from_the_last_item(void **state)
{
    struct following *t = *state;

    follow(t, PULIH_FROM_START, NULL, 0);
    welcome(t, 1);
    say_events(t, 1, 0, 3);
    say_events(t, 1, 4, 6);
    assert_int_equal(welcome(t, 1), 3);
    say_events(t, 1, 3, 6);
    TURN_UNTIL(t, t->n_events == 6);
    assert_int_equal(t->event.seq, 6);
}

static void a_repetition_is_not_given_again(void **state)
{
    struct following *t = *state;

    follow(t, PULIH_FROM_START, NULL, 0);
    welcome(t, 1);
    say_events(t, 1, 0, 3);
    TURN_UNTIL(t, t->n_events == 3);
    say_events(t, 1, 0, 3);
    assert_int_equal(welcome(t, 1), 3);
    say_events(t, 1, 3, 4);
    TURN_UNTIL(t, t->n_events == 4);
    assert_int_equal(t->event.seq, 4);
}

static void from_now_takes_what_comes_first_as_its_place(void **state)
{
    struct following *t = *state;

    follow(t, PULIH_FROM_NOW, NULL, 0);
    assert_int_equal(welcome(t, 1), -1);
    say_events(t, 1, 70, 71);
    TURN_UNTIL(t, t->n_events == 1);
    assert_int_equal(t->event.seq, 71);
    assert_int_equal(place_of(t, 1), 71);
    assert_int_equal(place_of(t, 2), UINT64_MAX);
}

static void from_now_remembers_where_now_was(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf list = {0};
    struct following *t = *state;
    struct pulih_position position = {.has = 0};
    struct pulih_heads heads = {.has = 0};

    follow(t, PULIH_FROM_NOW, NULL, 0);
    welcome(t, 1);
    PULIH_SET(&position, position, stream, 1);
    PULIH_SET(&position, position, seq, 70);
    pulih_list_add(&list, PULIH_M_position, &position);
    PULIH_SET(&heads, heads, heads, pulih_list_of(&list, 1));
    say(&t->door, PULIH_M_heads, &heads);
    TURN_UNTIL(t, place_of(t, 1) == 70);
    say_nack(&t->door, NULL, PULIH_refusal_no_session, 0);
    assert_int_equal(welcome(t, 1), 70);
    say_events(t, 1, 70, 71);
    TURN_UNTIL(t, t->n_events == 1);
}

static void what_is_no_longer_kept_is_told(void **state)
{
    static const struct pulih_place from = {1, 5};
    struct following *t = *state;
    struct pulih_too_old too_old = {.has = 0};

    follow(t, PULIH_FROM_START, &from, 1);
    welcome(t, 1);
    say_events(t, 2, 0, 1);
    PULIH_SET(&too_old, too_old, stream, 1);
    PULIH_SET(&too_old, too_old, oldest, 90);
    say(&t->door, PULIH_M_too_old, &too_old);
    TURN_UNTIL(t, t->last < 0);
    assert_int_equal(t->n_events, 1);
    assert_int_equal(t->last, PULIH_E_TOO_OLD);
    assert_non_null(strstr(t->error.text, "90"));
    turn(t);
    assert_int_equal(t->last, PULIH_E_TOO_OLD);
}

static void a_place_of_another_feed_is_told(void **state)
{
    static const struct pulih_place from = {1, 5000};
    struct following *t = *state;

    follow(t, PULIH_FROM_START, &from, 1);
    for (int i = 0; i < 3; i++) {
        welcome(t, 1);
        say_nack(&t->door, NULL, PULIH_refusal_bad_field, 0);
    }
    TURN_UNTIL(t, t->last < 0);
    assert_int_equal(t->last, PULIH_E_DENIED);
}

/* --- letters ----------------------------------------------------------------------------------------- */

static int fetch(struct following *t, unsigned number, int timeout_ms, struct pulih_letter_text *ret)
{
    static const struct pulih_uuid complaint = {{[15] = 9}};

    return pulih_follower_letter(t->f, &complaint, number, timeout_ms, ret, &t->error);
}

static void say_letter(struct following *t, uint8_t complaint, uint64_t number)
{
    struct pulih_letter letter = {.has = 0};

    PULIH_SET(&letter, letter, complaint, ((struct pulih_id){{[15] = complaint}}));
    PULIH_SET(&letter, letter, number, number);
    PULIH_SET(&letter, letter, letter, PULIH_letter_offer);
    PULIH_SET(&letter, letter, language, PULIH_language_id);
    PULIH_SET(&letter, letter, channel, PULIH_channel_email);
    PULIH_SET(&letter, letter, subject, PULIH_VIEW("Hal"));
    PULIH_SET(&letter, letter, text, PULIH_VIEW("Yth. Ibu"));
    PULIH_SET(&letter, letter, email, PULIH_VIEW("a@b.c"));
    say(&t->door, PULIH_M_letter, &letter);
}

static void a_letter_is_fetched(void **state)
{
    struct following *t = *state;
    struct pulih_letter_text letter;

    follow(t, PULIH_FROM_NOW, NULL, 0);
    welcome(t, 0);
    assert_int_equal(fetch(t, 3, 100, &letter), PULIH_E_TIMEOUT);
    TURN_UNTIL(t, t->door.n_heard == 1);
    say_letter(t, 9, 2); /* not the one */
    say_letter(t, 8, 3); /* nor this */
    say_letter(t, 9, 3);
    assert_int_equal(fetch(t, 3, 5000, &letter), 0);
    assert_int_equal(letter.number, 3);
    assert_string_equal(letter.letter, "offer");
    assert_string_equal(letter.language, "id");
    assert_string_equal(letter.channel, "email");
    assert_string_equal(letter.subject, "Hal");
    assert_string_equal(letter.text, "Yth. Ibu");
    assert_string_equal(letter.email, "a@b.c");
    assert_string_equal(letter.post, "");
}

static void a_letter_that_is_not_there_is_not_found(void **state)
{
    struct following *t = *state;
    struct pulih_letter_text letter;

    follow(t, PULIH_FROM_NOW, NULL, 0);
    welcome(t, 0);
    assert_int_equal(fetch(t, 3, 100, &letter), PULIH_E_TIMEOUT);
    TURN_UNTIL(t, t->door.n_heard == 1);
    say_nack(&t->door, NULL, PULIH_refusal_no_such_letter, 0);
    assert_int_equal(fetch(t, 3, 5000, &letter), PULIH_E_NOT_FOUND);
    assert_string_equal(t->error.text, "a rule");
    assert_int_equal(fetch(t, 40000, 5000, &letter), PULIH_E_NOT_FOUND);
}

int main(void)
{
#define WITH_DOOR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DOOR(items_come_one_by_one_and_move_the_place),
        WITH_DOOR(a_range_without_items_moves_the_place),
        WITH_DOOR(credit_follows_what_was_taken),
        WITH_DOOR(a_gap_leads_to_a_new_subscription_from_the_last_item),
        WITH_DOOR(a_repetition_is_not_given_again),
        WITH_DOOR(from_now_takes_what_comes_first_as_its_place),
        WITH_DOOR(from_now_remembers_where_now_was),
        WITH_DOOR(what_is_no_longer_kept_is_told),
        WITH_DOOR(a_place_of_another_feed_is_told),
        WITH_DOOR(a_letter_is_fetched),
        WITH_DOOR(a_letter_that_is_not_there_is_not_found),
    };

    return cmocka_run_group_tests_name("client_follower", tests, NULL, NULL);
}
