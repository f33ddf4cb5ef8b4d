/* Publishing through lost sessions, refusals and delays: everything is answered once, in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pulih.h"
#include "pulih/base/clock.h"
#include "tests/lib/client_door.h"

enum { ANSWERS_MAX = 32, PATIENCE_US = 10000000 };

struct publishing {
    struct client_door door;
    struct pulih_publisher *p;
    struct pulih_answer answers[ANSWERS_MAX]; /* their texts are gone, but for these */
    char refusals[ANSWERS_MAX][32];
    char references[ANSWERS_MAX][33];
    size_t n_answers;
    int last; /* what pulih_publisher_wait said last */
    struct pulih_error error;
};

static void on_answer(void *arg, const struct pulih_answer *a)
{
    struct publishing *t = arg;

    assert_true(t->n_answers < ANSWERS_MAX);
    snprintf(t->refusals[t->n_answers], sizeof t->refusals[0], "%s", a->refusal);
    snprintf(t->references[t->n_answers], sizeof t->references[0], "%s", a->reference);
    t->answers[t->n_answers++] = *a;
}

static void turn(struct publishing *t)
{
    t->last = pulih_publisher_wait(t->p, 5, on_answer, t, &t->error);
    turn_client_door(&t->door);
}

/* Turns until the condition holds; a condition that never does fails the test. */
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
    struct publishing *t = calloc(1, sizeof *t);

    open_client_door(&t->door);
    t->p = pulih_publisher_open(t->door.endpoint, "test", &t->error);
    assert_non_null(t->p);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct publishing *t = *state;

    pulih_publisher_close(t->p);
    close_client_door(&t->door);
    free(t);
    return 0;
}

static void open_session(struct publishing *t, uint64_t credit)
{
    size_t before = t->door.sessions;

    TURN_UNTIL(t, t->door.sessions > before);
    assert_int_equal(t->door.n_heard, 1);
    forget_heard(&t->door);
    say_welcome(&t->door, credit);
}

static struct pulih_uuid uuid_of(uint8_t n)
{
    return (struct pulih_uuid){{[15] = n}};
}

static int publish(struct publishing *t, uint8_t n, const char *type, uint8_t complaint,
                   const char *body_json)
{
    struct pulih_uuid about = uuid_of(complaint);
    struct pulih_outgoing o = {
        .id = uuid_of(n), .type = type, .complaint = complaint ? &about : NULL, .occurred_us = 1, .tag = n};
    void *body = NULL;

    assert_int_equal(pulih_json_to_body(type, body_json, strlen(body_json), &body, &o.body_len, &t->error),
                     0);
    o.body = body;
    int e = pulih_publish(t->p, &o, &t->error);
    free(body);
    return e;
}

static void publish_complaint(struct publishing *t, uint8_t n)
{
    assert_int_equal(publish(t, n, "complaint", 0, "{\"story\":\"x\",\"channel\":\"phone\"}"), 0);
}

static uint8_t heard_id(struct publishing *t, size_t i)
{
    struct pulih_event event;

    heard(&t->door, i, PULIH_M_event, &event);
    return event.id.b[15];
}

static void say_ack(struct publishing *t, uint8_t n, uint16_t result)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf list = {0};
    struct pulih_ack ack = {.has = 0};
    struct pulih_acks acks = {.has = 0};

    PULIH_SET(&ack, ack, id, ((struct pulih_id){{[15] = n}}));
    PULIH_SET(&ack, ack, complaint, ((struct pulih_id){{[15] = n}}));
    PULIH_SET(&ack, ack, result, result);
    PULIH_SET(&ack, ack, reference, PULIH_VIEW("PL-1"));
    PULIH_SET(&ack, ack, promised_at, 7);
    pulih_list_add(&list, PULIH_M_ack, &ack);
    PULIH_SET(&acks, acks, items, pulih_list_of(&list, 1));
    say(&t->door, PULIH_M_acks, &acks);
}

/* --- the ordinary way -------------------------------------------------------------------------------- */

static void messages_are_sent_within_credit_and_answered(void **state)
{
    struct publishing *t = *state;
    struct pulih_credit credit = {.has = 0};

    for (uint8_t n = 1; n <= 4; n++)
        publish_complaint(t, n);
    open_session(t, 2);
    TURN_UNTIL(t, t->door.n_heard == 2);
    for (int i = 0; i < 10; i++)
        turn(t);
    assert_int_equal(t->door.n_heard, 2); /* and no more */
    assert_int_equal(heard_id(t, 0), 1);
    assert_int_equal(heard_id(t, 1), 2);
    say_ack(t, 1, PULIH_result_stored);
    say_ack(t, 2, PULIH_result_duplicate);
    PULIH_SET(&credit, credit, limit, 4);
    say(&t->door, PULIH_M_credit, &credit);
    TURN_UNTIL(t, t->door.n_heard == 4 && t->n_answers == 2);
    assert_int_equal(pulih_publisher_unanswered(t->p), 2);
    assert_int_equal(t->answers[0].outcome, PULIH_STORED);
    assert_int_equal(t->answers[0].tag, 1);
    assert_int_equal(t->answers[0].promised_us, 7);
    assert_string_equal(t->references[0], "PL-1");
    assert_int_equal(t->answers[1].outcome, PULIH_DUPLICATE);
    assert_string_equal(pulih_publisher_why(t->p), "");
}

static void a_refusal_is_handed_over(void **state)
{
    struct publishing *t = *state;

    publish_complaint(t, 1);
    open_session(t, 10);
    TURN_UNTIL(t, t->door.n_heard == 1);
    say_nack(&t->door, &(struct pulih_id){{[15] = 1}}, PULIH_refusal_conflict, 0);
    TURN_UNTIL(t, t->n_answers == 1);
    assert_int_equal(t->answers[0].outcome, PULIH_REFUSED);
    assert_string_equal(t->refusals[0], "conflict");
    assert_int_equal(pulih_publisher_unanswered(t->p), 0);
}

/* --- again ------------------------------------------------------------------------------------------- */

static void what_is_unanswered_is_sent_again_in_order(void **state)
{
    struct publishing *t = *state;

    for (uint8_t n = 1; n <= 4; n++)
        publish_complaint(t, n);
    open_session(t, 3);
    TURN_UNTIL(t, t->door.n_heard == 3);
    say_ack(t, 2, PULIH_result_stored);
    TURN_UNTIL(t, t->n_answers == 1);
    say_nack(&t->door, NULL, PULIH_refusal_no_session, 0); /* this daemon knows nothing of us */
    forget_heard(&t->door);
    open_session(t, 10);
    TURN_UNTIL(t, t->door.n_heard == 3);
    assert_int_equal(heard_id(t, 0), 1);
    assert_int_equal(heard_id(t, 1), 3);
    assert_int_equal(heard_id(t, 2), 4);
}

static void later_means_later_and_in_its_place(void **state)
{
    struct publishing *t = *state;

    publish_complaint(t, 1);
    publish_complaint(t, 2);
    open_session(t, 10);
    TURN_UNTIL(t, t->door.n_heard == 2);
    int64_t start_us = pulih_mono_us();
    say_nack(&t->door, &(struct pulih_id){{[15] = 2}}, PULIH_refusal_busy, 100);
    say_nack(&t->door, &(struct pulih_id){{[15] = 1}}, PULIH_refusal_busy, 100);
    forget_heard(&t->door);
    TURN_UNTIL(t, t->door.n_heard == 2);
    assert_true(pulih_mono_us() - start_us >= 100000);
    assert_int_equal(heard_id(t, 0), 1);
    assert_int_equal(heard_id(t, 1), 2);
    assert_int_equal(t->n_answers, 0);
}

static void a_note_waits_for_its_complaint(void **state)
{
    struct publishing *t = *state;

    publish_complaint(t, 1);
    assert_int_equal(publish(t, 2, "note", 1, "{\"text\":\"x\"}"), 0);
    assert_int_equal(publish(t, 3, "note", 9, "{\"text\":\"x\"}"), 0);
    open_session(t, 10);
    TURN_UNTIL(t, t->door.n_heard == 3);
    say_nack(&t->door, &(struct pulih_id){{[15] = 1}}, PULIH_refusal_busy, 10);
    say_nack(&t->door, &(struct pulih_id){{[15] = 2}}, PULIH_refusal_unknown_complaint, 0);
    say_nack(&t->door, &(struct pulih_id){{[15] = 3}}, PULIH_refusal_unknown_complaint, 0);
    forget_heard(&t->door);
    TURN_UNTIL(t, t->door.n_heard == 2 && t->n_answers == 1);
    assert_int_equal(heard_id(t, 0), 1);
    assert_int_equal(heard_id(t, 1), 2);
    assert_int_equal(t->answers[0].tag, 3); /* nothing of ours could make that complaint known */
}

static void a_draining_daemon_gets_no_more(void **state)
{
    struct publishing *t = *state;

    publish_complaint(t, 1);
    open_session(t, 10);
    TURN_UNTIL(t, t->door.n_heard == 1);
    say(&t->door, PULIH_M_drain, &(struct pulih_drain){.has = 0});
    for (int i = 0; i < 5; i++)
        turn(t);
    publish_complaint(t, 2);
    for (int i = 0; i < 5; i++)
        turn(t);
    assert_int_equal(t->door.n_heard, 1);
    say_ack(t, 1, PULIH_result_stored);
    forget_heard(&t->door);
    open_session(t, 10);
    TURN_UNTIL(t, t->door.n_heard == 1);
    assert_int_equal(heard_id(t, 0), 2);
    assert_int_equal(t->n_answers, 1);
}

/* --- refusing to begin ------------------------------------------------------------------------------- */

static void a_session_can_be_denied(void **state)
{
    struct publishing *t = *state;

    publish_complaint(t, 1);
    TURN_UNTIL(t, t->door.sessions == 1);
    say_nack(&t->door, NULL, PULIH_refusal_bad_protocol, 0);
    TURN_UNTIL(t, t->last < 0);
    assert_int_equal(t->last, PULIH_E_DENIED);
    assert_non_null(strstr(t->error.text, "a rule"));
    TURN_UNTIL(t, t->door.sessions == 2); /* it may be mended: we ask again */
}

static void a_busy_daemon_is_asked_again(void **state)
{
    struct publishing *t = *state;

    TURN_UNTIL(t, t->door.sessions == 1);
    say_nack(&t->door, NULL, PULIH_refusal_busy, 0);
    TURN_UNTIL(t, t->door.sessions == 2);
    assert_int_equal(t->last, 0);
}

static void what_breaks_a_rule_is_not_taken(void **state)
{
    static const char empty_map[] = "\x80";
    struct publishing *t = *state;
    static char big[300000];
    struct pulih_outgoing good = {.type = "withdrawn", .body = empty_map, .body_len = 1};
    struct pulih_uuid about = uuid_of(9);
    struct pulih_outgoing o;

    good.complaint = &about;
    assert_int_equal(pulih_publish(t->p, &good, &t->error), 0);
    o = good, o.complaint = NULL;
    assert_int_equal(pulih_publish(t->p, &o, &t->error), PULIH_E_INVALID);
    o = good, o.type = "closed";
    assert_int_equal(pulih_publish(t->p, &o, &t->error), PULIH_E_INVALID);
    o = good, o.type = "note";
    assert_int_equal(pulih_publish(t->p, &o, &t->error), PULIH_E_INVALID);
    assert_string_equal(t->error.field, "text");
    o = good, o.occurred_us = -1;
    assert_int_equal(pulih_publish(t->p, &o, &t->error), PULIH_E_INVALID);
    o = good, o.occurred_us = INT64_MAX;
    assert_int_equal(pulih_publish(t->p, &o, &t->error), PULIH_E_INVALID);
    o = good, o.body_len = 0;
    assert_int_equal(pulih_publish(t->p, &o, &t->error), PULIH_E_INVALID);
    o = good, o.body = big, o.body_len = sizeof big;
    assert_int_equal(pulih_publish(t->p, &o, &t->error), PULIH_E_INVALID);
    assert_int_equal(pulih_publisher_unanswered(t->p), 1);
}

static void the_queue_has_an_end(void **state)
{
    struct publishing *t = *state;
    struct pulih_uuid about = uuid_of(9);
    struct pulih_outgoing o = {.type = "withdrawn", .complaint = &about, .body = "\x80", .body_len = 1};
    int e = 0;
    uint64_t n = 0;

    for (; e == 0; n++) {
        memcpy(o.id.b, &n, sizeof n);
        e = pulih_publish(t->p, &o, &t->error);
    }
    assert_int_equal(e, PULIH_E_FULL);
    assert_int_equal(n, 10001);
}

static void a_publisher_wants_an_endpoint_and_a_name(void **state)
{
    static const char *const wrong[][2] = {
        {"", "x"},
        {"localhost", "x"},
        {"tcp://", "x"},
        {"udp://127.0.0.1:1", "x"},
        {"tcp://127.0.0.1:1", ""},
        {"tcp://127.0.0.1:1", "a name of a client that is longer than the sixty-four bytes there are"}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct pulih_error error = {.code = 0};
        struct pulih_publisher *p = pulih_publisher_open(wrong[i][0], wrong[i][1], &error);
        if (p)
            fail_msg("%s %s was taken", wrong[i][0], wrong[i][1]);
        assert_int_equal(error.code, PULIH_E_INVALID);
        assert_true(strlen(error.text) > 0);
    }
}

/* Its callback and what it points at are gone by then. */
static void answers_nothing_outside_of_waiting(void **state)
{
    struct publishing *t = *state;
    struct pulih_welcome welcome = {.has = 0};

    TURN_UNTIL(t, t->door.sessions > 0);
    PULIH_SET(&welcome, welcome, session, pulih_id_new(pulih_wall_us()));
    PULIH_SET(&welcome, welcome, credit, 10);
    PULIH_SET(&welcome, welcome, item_max_bytes, 20);
    PULIH_SET(&welcome, welcome, server_time, pulih_wall_us());
    say(&t->door, PULIH_M_welcome, &welcome);
    publish_complaint(t, 1);
    TURN_UNTIL(t, t->n_answers == 1); /* too big for this door */
    publish_complaint(t, 2);
    assert_int_equal(t->n_answers, 1);
    assert_int_equal(pulih_publisher_unanswered(t->p), 1);
    TURN_UNTIL(t, t->n_answers == 2);
}

int main(void)
{
#define WITH_DOOR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DOOR(messages_are_sent_within_credit_and_answered),
        WITH_DOOR(a_refusal_is_handed_over),
        WITH_DOOR(what_is_unanswered_is_sent_again_in_order),
        WITH_DOOR(later_means_later_and_in_its_place),
        WITH_DOOR(a_note_waits_for_its_complaint),
        WITH_DOOR(a_draining_daemon_gets_no_more),
        WITH_DOOR(a_session_can_be_denied),
        WITH_DOOR(a_busy_daemon_is_asked_again),
        WITH_DOOR(what_breaks_a_rule_is_not_taken),
        WITH_DOOR(the_queue_has_an_end),
        cmocka_unit_test(a_publisher_wants_an_endpoint_and_a_name),
        WITH_DOOR(answers_nothing_outside_of_waiting),
    };

    return cmocka_run_group_tests_name("client_publisher", tests, NULL, NULL);
}
