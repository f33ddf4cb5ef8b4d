/* The message engine over all rows: round trips, cuts, order, class split, frames. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/msg.h"
#include "proto/shape.h"
#include "tests/lib/random_message.h"

enum { ROUND_TRIPS = 20000, CUT_ROUNDS = 5 };

/* What a test works with; emptied by teardown. */
struct bench {
    struct random_source random;
    struct pulih_buf a, b, c, d;
    struct pulih_fault fault;
};

static int setup(void **state)
{
    struct bench *t = calloc(1, sizeof *t);

    if (!t)
        return -1;
    t->random.state = 20240117;
    t->random.text_max = 400;
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct bench *t = *state;

    pulih_buf_free(&t->a);
    pulih_buf_free(&t->b);
    pulih_buf_free(&t->c);
    pulih_buf_free(&t->d);
    pulih_arena_free(&t->random.arena);
    free(t);
    return 0;
}

static void empty_all(struct bench *t)
{
    pulih_arena_reset(&t->random.arena);
    pulih_buf_empty(&t->a);
    pulih_buf_empty(&t->b);
    pulih_buf_empty(&t->c);
    pulih_buf_empty(&t->d);
}

static void assert_same_bytes(const struct pulih_buf *a, const struct pulih_buf *b)
{
    assert_int_equal(a->len, b->len);
    if (a->len)
        assert_memory_equal(a->at, b->at, a->len);
}

static void assert_decodes(struct bench *t, enum pulih_m m, struct pulih_view body, void *ret)
{
    if (!pulih_msg_decode(m, body, ret, &t->fault))
        fail_msg("%s.%s: %s (%s)", pulih_message(m)->name, t->fault.field, t->fault.rule, t->fault.value);
}

static void what_was_encoded_decodes_to_the_same(void **state)
{
    struct bench *t = *state;

    for (size_t i = 0; i < ROUND_TRIPS; i++) {
        enum pulih_m m = (enum pulih_m)(i % PULIH_M_N), opened;
        union pulih_any sent, got;
        struct pulih_view body;

        empty_all(t);
        random_message(&t->random, m, &sent);
        pulih_frame_encode(m, &sent, &t->a);
        assert_true(pulih_frame_open(pulih_view_of_buf(&t->a), &opened, &body, &t->fault));
        assert_int_equal(opened, m);
        assert_decodes(t, m, body, &got);
        assert_int_equal(got.has, sent.has);
        pulih_frame_encode(m, &got, &t->b);
        assert_same_bytes(&t->a, &t->b);
        pulih_msg_print(m, &sent, PULIH_CLASS_ALL, &t->c);
        pulih_msg_print(m, &got, PULIH_CLASS_ALL, &t->d);
        assert_same_bytes(&t->c, &t->d);
    }
}

/* Cuts are copied into memory of their exact size, so that the address sanitizer sees a read beyond. */
static bool cut_is_refused(struct bench *t, enum pulih_m m, const char *bytes, size_t len, bool frame)
{
    char *copy = malloc(len ? len : 1);
    struct pulih_view cut = {copy, len}, body;
    union pulih_any got;
    enum pulih_m opened;
    bool ok;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    ok = frame ? pulih_frame_open(cut, &opened, &body, &t->fault) : pulih_msg_decode(m, cut, &got, &t->fault);
    free(copy);
    return !ok && t->fault.refusal == PULIH_refusal_bad_frame;
}

static void every_cut_is_refused(void **state)
{
    struct bench *t = *state;

    t->random.text_max = 40;
    for (size_t i = 0; i < CUT_ROUNDS * PULIH_M_N; i++) {
        enum pulih_m m = (enum pulih_m)(i % PULIH_M_N);
        union pulih_any sent;

        empty_all(t);
        random_message(&t->random, m, &sent);
        pulih_frame_encode(m, &sent, &t->a);
        pulih_msg_encode(m, &sent, PULIH_CLASS_ALL, &t->b);
        for (size_t len = 0; len < t->a.len && len < 3000; len++)
            if (!cut_is_refused(t, m, t->a.at, len, true))
                fail_msg("a frame of %s cut to %zu bytes was taken", pulih_message(m)->name, len);
        for (size_t len = 0; len < t->b.len && len < 3000; len++)
            if (!cut_is_refused(t, m, t->b.at, len, false))
                fail_msg("a body of %s cut to %zu bytes was taken", pulih_message(m)->name, len);
    }
}

static void a_byte_too_many_is_refused(void **state)
{
    struct bench *t = *state;

    for (size_t i = 0; i < PULIH_M_N; i++) {
        union pulih_any sent;

        empty_all(t);
        random_message(&t->random, (enum pulih_m)i, &sent);
        pulih_frame_encode((enum pulih_m)i, &sent, &t->a);
        pulih_buf_add_byte(&t->a, 0xc0);
        assert_true(cut_is_refused(t, (enum pulih_m)i, t->a.at, t->a.len, true));
    }
}

/* Writes the pairs of the map `from` in the order last to first. */
static void reverse_map(struct pulih_view from, struct pulih_buf *to)
{
    struct pulih_head head = pulih_shape_head(from);
    struct pulih_view pairs[64];

    assert_in_range(head.n, 0, PULIH_COUNT(pairs));
    pulih_buf_add(to, from.at, head.len);
    from = (struct pulih_view){from.at + head.len, from.len - head.len};
    for (size_t i = 0; i < head.n; i++) {
        size_t len = pulih_shape_skip(from);

        len += pulih_shape_skip((struct pulih_view){from.at + len, from.len - len});
        pairs[i] = (struct pulih_view){from.at, len};
        from = (struct pulih_view){from.at + len, from.len - len};
    }
    for (size_t i = head.n; i > 0; i--)
        pulih_buf_add_view(to, pairs[i - 1]);
}

static void fields_may_come_in_any_order(void **state)
{
    struct bench *t = *state;

    for (size_t i = 0; i < 20 * PULIH_M_N; i++) {
        enum pulih_m m = (enum pulih_m)(i % PULIH_M_N);
        union pulih_any sent, got;

        empty_all(t);
        random_message(&t->random, m, &sent);
        pulih_msg_encode(m, &sent, PULIH_CLASS_ALL, &t->a);
        reverse_map(pulih_view_of_buf(&t->a), &t->b);
        assert_decodes(t, m, pulih_view_of_buf(&t->b), &got);
        pulih_msg_encode(m, &got, PULIH_CLASS_ALL, &t->c);
        assert_same_bytes(&t->a, &t->c);
    }
}

static void a_split_by_class_comes_together_again(void **state)
{
    static const int classes[] = {PULIH_CLASS_OPEN, PULIH_CLASS_TEXT, PULIH_CLASS_PERSON};
    struct bench *t = *state;

    for (size_t i = 0; i < 50 * PULIH_M_N; i++) {
        enum pulih_m m = (enum pulih_m)(i % PULIH_M_N);
        union pulih_any sent, got;
        struct pulih_buf parts[3] = {0};
        size_t n = 0;

        empty_all(t);
        memset(&got, 0, sizeof got);
        random_message(&t->random, m, &sent);
        for (size_t c = 0; c < 3; c++) {
            n += pulih_msg_encode(m, &sent, classes[c], &parts[c]);
            if (!pulih_msg_decode_part(m, pulih_view_of_buf(&parts[c]), classes[c], &got, &t->fault))
                fail_msg("%s.%s: %s", pulih_message(m)->name, t->fault.field, t->fault.rule);
        }
        assert_int_equal(n, pulih_msg_encode(m, &sent, PULIH_CLASS_ALL, &t->a));
        assert_int_equal(n, __builtin_popcountll(sent.has));
        pulih_msg_encode(m, &got, PULIH_CLASS_ALL, &t->b);
        assert_same_bytes(&t->a, &t->b);
        for (size_t c = 0; c < 3; c++)
            pulih_buf_free(&parts[c]);
    }
}

static void each_class_holds_its_own_fields_only(void **state)
{
    struct bench *t = *state;
    struct pulih_complaint sent = {0}, got = {0};

    PULIH_SET(&sent, complaint, story, PULIH_VIEW("a story"));
    PULIH_SET(&sent, complaint, channel, PULIH_channel_chat);
    PULIH_SET(&sent, complaint, name, PULIH_VIEW("Siti"));
    assert_int_equal(pulih_msg_encode(PULIH_M_complaint, &sent, PULIH_CLASS_OPEN, &t->a), 1);
    assert_true(pulih_msg_decode_part(PULIH_M_complaint, pulih_view_of_buf(&t->a), PULIH_CLASS_OPEN, &got,
                                      &t->fault));
    assert_int_equal(got.has, UINT64_C(1) << PULIH_F_complaint_channel);
    assert_int_equal(pulih_msg_encode(PULIH_M_complaint, &sent, PULIH_CLASS_TEXT | PULIH_CLASS_PERSON, &t->b),
                     2);
    assert_int_equal(pulih_msg_encode(PULIH_M_ping, &(struct pulih_ping){0}, PULIH_CLASS_TEXT, &t->c), 0);
    assert_int_equal(t->c.len, 1);
    /* A part alone is no message, and a field must not come from two parts. */
    assert_false(pulih_msg_decode(PULIH_M_complaint, pulih_view_of_buf(&t->a), &got, &t->fault));
    assert_string_equal(t->fault.field, "story");
    assert_true(PULIH_HAS(&got, complaint, channel));
    assert_false(pulih_msg_decode_part(PULIH_M_complaint, pulih_view_of_buf(&t->a), PULIH_CLASS_OPEN, &got,
                                       &t->fault));
    assert_string_equal(t->fault.field, "channel");
}

static void lists_are_walked(void **state)
{
    struct bench *t = *state;
    struct pulih_heads sent = {0}, got;
    struct pulih_position p = {0};
    struct pulih_view at;

    for (uint64_t i = 0; i < 300; i++) {
        PULIH_SET(&p, position, stream, i);
        PULIH_SET(&p, position, seq, i * i);
        pulih_list_add(&t->a, PULIH_M_position, &p);
    }
    PULIH_SET(&sent, heads, heads, pulih_list_of(&t->a, 300));
    pulih_msg_encode(PULIH_M_heads, &sent, PULIH_CLASS_ALL, &t->b);
    assert_decodes(t, PULIH_M_heads, pulih_view_of_buf(&t->b), &got);
    assert_int_equal(got.heads.n, 300);
    at = got.heads.raw;
    for (uint64_t i = 0; i < 300; i++) {
        assert_true(pulih_list_next(PULIH_M_position, &at, &p));
        assert_int_equal(p.stream, i);
        assert_int_equal(p.seq, i * i);
    }
    assert_false(pulih_list_next(PULIH_M_position, &at, &p));
}

static void an_empty_value_is_not_an_absent_one(void **state)
{
    struct bench *t = *state;
    struct pulih_complaint sent = {0}, got;

    PULIH_SET(&sent, complaint, story, PULIH_VIEW(""));
    PULIH_SET(&sent, complaint, channel, 0);
    pulih_msg_encode(PULIH_M_complaint, &sent, PULIH_CLASS_ALL, &t->a);
    assert_decodes(t, PULIH_M_complaint, pulih_view_of_buf(&t->a), &got);
    assert_non_null(got.story.at);
    assert_int_equal(got.story.len, 0);
    assert_null(got.name.at);
    assert_false(PULIH_HAS(&got, complaint, name));
}

static void frames(void **state)
{
    static const struct {
        struct pulih_view bytes;
        uint16_t refusal;
    } cases[] = {
        {{"\x93\x01\x07\x80", 4}, 0},
        {{"\xdc\x00\x03\xcd\x00\x01\xce\x00\x00\x00\x07\x80", 12}, 0},
        {{"\x93\x01\x07", 3}, PULIH_refusal_bad_frame},
        {{"\x92\x01\x07", 3}, PULIH_refusal_bad_frame},
        {{"\x94\x01\x07\x80\x80", 5}, PULIH_refusal_bad_frame},
        {{"\x83\x01\x07\x01\x07\x01\x07", 7}, PULIH_refusal_bad_frame},
        {{"", 0}, PULIH_refusal_bad_frame},
        {{"\xc0", 1}, PULIH_refusal_bad_frame},
        {{"\x93\x02\x07\x80", 4}, PULIH_refusal_bad_protocol},
        {{"\x93\xc0\x07\x80", 4}, PULIH_refusal_bad_protocol},
        {{"\x93\x80\x07\x80", 4}, PULIH_refusal_bad_protocol},
        {{"\x93\xff\x07\x80", 4}, PULIH_refusal_bad_protocol},
        {{"\x93\x01\x00\x80", 4}, PULIH_refusal_unknown_type},
        {{"\x93\x01\x7f\x80", 4}, PULIH_refusal_unknown_type},
        {{"\x93\x01\xa1x\x80", 5}, PULIH_refusal_unknown_type},
        {{"\x93\x01\x91\x07\x80", 5}, PULIH_refusal_unknown_type},
        {{"\x93\x01\xe0\x80", 4}, PULIH_refusal_unknown_type},
        {{"\x93\x01\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x80", 12}, PULIH_refusal_unknown_type},
    };
    struct bench *t = *state;

    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        struct pulih_view body;
        enum pulih_m m;
        bool ok = pulih_frame_open(cases[i].bytes, &m, &body, &t->fault);

        if (ok != (cases[i].refusal == 0) || (!ok && t->fault.refusal != cases[i].refusal))
            fail_msg("frame %zu: opened %d, refusal %d (%s)", i, ok, t->fault.refusal, t->fault.rule);
        if (ok)
            assert_int_equal(m, PULIH_M_ping);
    }
}

/* A frame of message m of exactly `len` bytes; the body is a map with one long unknown field. */
static uint16_t refusal_of_size(struct bench *t, enum pulih_m m, uint32_t len)
{
    struct pulih_view body;
    enum pulih_m opened;

    empty_all(t);
    pulih_buf_add(&t->a, "\x93\x01", 2);
    pulih_buf_add_byte(&t->a, (uint8_t)pulih_message(m)->wire);
    pulih_buf_add(&t->a, "\x81\xa1x\xc6", 4);
    pulih_buf_add_be32(&t->a, len - 11);
    memset(pulih_buf_grow(&t->a, len - 11), 0, len - 11);
    assert_int_equal(t->a.len, len);
    return pulih_frame_open(pulih_view_of_buf(&t->a), &opened, &body, &t->fault) ? 0 : t->fault.refusal;
}

static void frames_have_a_greatest_size(void **state)
{
    struct bench *t = *state;

    assert_int_equal(refusal_of_size(t, PULIH_M_event, PULIH_FRAME_MAX_BYTES), 0);
    assert_int_equal(refusal_of_size(t, PULIH_M_event, PULIH_FRAME_MAX_BYTES + 1), PULIH_refusal_too_big);
    assert_string_equal(t->fault.rule, "a frame must be at most 262144 bytes, got 262145");
    assert_int_equal(refusal_of_size(t, PULIH_M_hint, PULIH_FRAME_MAX_BYTES + 1), 0);
    assert_int_equal(refusal_of_size(t, PULIH_M_hint, PULIH_HINT_MAX_BYTES), 0);
    assert_int_equal(refusal_of_size(t, PULIH_M_hint, PULIH_HINT_MAX_BYTES + 1), PULIH_refusal_too_big);
}

static void messages_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_M_N; i++) {
        const struct pulih_message *m = pulih_message((enum pulih_m)i);

        assert_int_equal(pulih_message_by_wire(m->wire), i);
        assert_int_equal(pulih_message_by_name(pulih_view_of(m->name)), i);
        for (size_t f = 0; f < m->n_fields; f++)
            if (m->fields[f].kind == PULIH_KIND_list)
                assert_int_equal(pulih_message((enum pulih_m)m->fields[f].of)->role, PULIH_ROLE_PART);
    }
    assert_int_equal(pulih_message_by_wire(0), PULIH_M_N);
    assert_int_equal(pulih_message_by_wire(UINT64_MAX), PULIH_M_N);
    assert_int_equal(pulih_message_by_name(PULIH_VIEW("")), PULIH_M_N);
    assert_int_equal(pulih_message_by_name(PULIH_VIEW("complain")), PULIH_M_N);
    assert_int_equal(pulih_message_by_name(PULIH_VIEW("complaints")), PULIH_M_N);
    assert_int_equal(pulih_message(PULIH_M_planned)->from, PULIH_STAGE_escalation);
    assert_int_equal(pulih_message(PULIH_M_planned)->to, PULIH_STAGE_followup);
}

/* Encoding what would not decode is a bug, and bugs abort. */
static bool encoding_aborts(enum pulih_m m, const void *msg)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct pulih_buf out = {0};
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        pulih_msg_encode(m, msg, PULIH_CLASS_ALL, &out);
        _exit(0);
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void encoding_a_broken_message_is_a_bug(void **state)
{
    struct pulih_verified score = {0};
    struct pulih_closed closed = {0};
    struct pulih_parked parked = {0};

    (void)state;
    PULIH_SET(&score, verified, score, 10);
    assert_false(encoding_aborts(PULIH_M_verified, &score));
    PULIH_SET(&score, verified, score, 11);
    assert_true(encoding_aborts(PULIH_M_verified, &score));
    assert_true(encoding_aborts(PULIH_M_closed, &closed));
    PULIH_SET(&closed, closed, closure, 9999);
    assert_true(encoding_aborts(PULIH_M_closed, &closed));
    parked.has = UINT64_C(1) << PULIH_F_parked_N;
    assert_true(encoding_aborts(PULIH_M_parked, &parked));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_encoded_decodes_to_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(every_cut_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_byte_too_many_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_may_come_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_split_by_class_comes_together_again, setup, teardown),
        cmocka_unit_test_setup_teardown(each_class_holds_its_own_fields_only, setup, teardown),
        cmocka_unit_test_setup_teardown(lists_are_walked, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_value_is_not_an_absent_one, setup, teardown),
        cmocka_unit_test_setup_teardown(frames, setup, teardown),
        cmocka_unit_test_setup_teardown(frames_have_a_greatest_size, setup, teardown),
        cmocka_unit_test(messages_are_found),
        cmocka_unit_test(encoding_a_broken_message_is_a_bug),
    };
    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
