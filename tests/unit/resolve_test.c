#define _GNU_SOURCE 1 /* RTLD_NEXT */

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "pulih/base/clock.h"
#include "pulih/base/resolve.h"

/* What the look-up of "fake" and "other" finds, set by the tests: words, or "fail". NULL: it hangs. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t unhung = PTHREAD_COND_INITIALIZER;
static const char *answers[2];
static atomic_int hanging;
static atomic_int lookups;
static atomic_bool signals_are_open;

typedef int getaddrinfo_f(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static getaddrinfo_f *libc_getaddrinfo(void)
{
    union {
        void *object;
        getaddrinfo_f *function;
    } found = {dlsym(RTLD_NEXT, "getaddrinfo")};

    return found.function;
}

static void set_answers(const char *fake, const char *other)
{
    pthread_mutex_lock(&lock);
    answers[0] = fake;
    answers[1] = other;
    pthread_cond_broadcast(&unhung);
    pthread_mutex_unlock(&lock);
}

static void take_answer(int which, char ret[256])
{
    pthread_mutex_lock(&lock);
    hanging++;
    while (!answers[which])
        pthread_cond_wait(&unhung, &lock);
    hanging--;
    snprintf(ret, 256, "%s", answers[which]);
    pthread_mutex_unlock(&lock);
}

/* Stands in front of libc's: literals and real names go there. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **ret)
{
    int which = host && strcmp(host, "fake") == 0 ? 0 : host && strcmp(host, "other") == 0 ? 1 : -1;
    struct addrinfo **end = ret;
    char words[256], *save = NULL;
    sigset_t mask;

    if (which < 0 || (hints->ai_flags & AI_NUMERICHOST))
        return libc_getaddrinfo()(host, port, hints, ret);
    lookups++;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (!sigismember(&mask, SIGTERM))
        signals_are_open = true;
    take_answer(which, words);
    if (strcmp(words, "fail") == 0)
        return EAI_AGAIN;
    for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        if (libc_getaddrinfo()(word, port, hints, end) != 0)
            return EAI_FAIL;
        end = &(*end)->ai_next;
    }
    return 0;
}

enum { FAST_MS = 10 };

static struct pulih_resolver *start(const char *const *endpoints, size_t n)
{
    struct pulih_buf why = {0};
    struct pulih_resolver *r = pulih_resolver_start(endpoints, n, FAST_MS, &why);

    if (!r)
        fail_msg("%s", pulih_buf_text(&why));
    pulih_buf_free(&why);
    return r;
}

static bool is_readable(int fd, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, timeout_ms) == 1;
}

/* Waits for a change and compares it with endpoints, one a line. */
static void assert_next(struct pulih_resolver *r, const char *want)
{
    struct pulih_endpoint_set set = {0};
    struct pulih_buf got = {0};

    assert_true(is_readable(pulih_resolver_fd(r), 5000));
    assert_true(pulih_resolver_take(r, &set));
    for (size_t i = 0; i < set.n; i++)
        pulih_buf_addf(&got, "%s\n", set.at[i].text);
    assert_string_equal(pulih_buf_text(&got), want);
    assert_false(is_readable(pulih_resolver_fd(r), 0));
    assert_false(pulih_resolver_take(r, &set));
    pulih_buf_free(&got);
    pulih_endpoint_set_free(&set);
}

/* Waits until some look-ups more are through. */
static void wait_lookups(int n)
{
    int until = lookups + n;

    for (int i = 0; i < 5000 && lookups < until; i++)
        poll(NULL, 0, 1);
    assert_true(lookups >= until);
}

static void literals_are_there_at_once(void **state)
{
    static const char *const endpoints[] = {"tcp://192.0.2.9:7402", "tcp://[2001:db8::7]:7402",
                                            "tcp://192.0.2.10:7402", "tcp://192.0.2.9:07402",
                                            "tcp://[2001:0db8:0::0007]:7402"};

    (void)state;
    struct pulih_resolver *r = start(endpoints, PULIH_COUNT(endpoints));
    assert_true(is_readable(pulih_resolver_fd(r), 0));
    assert_next(r, "tcp://192.0.2.10:7402\ntcp://192.0.2.9:7402\ntcp://[2001:db8::7]:7402\n");
    assert_false(is_readable(pulih_resolver_fd(r), 5 * FAST_MS)); /* never again */
    pulih_resolver_stop(r);
}

static void a_real_name_is_found(void **state)
{
    static const char *const endpoints[] = {"tcp://localhost:7401"};
    struct pulih_endpoint_set set = {0};
    bool found = false;

    (void)state;
    struct pulih_resolver *r = start(endpoints, 1);
    assert_true(is_readable(pulih_resolver_fd(r), 5000));
    assert_true(pulih_resolver_take(r, &set));
    for (size_t i = 0; i < set.n; i++)
        found |= strcmp(set.at[i].text, "tcp://127.0.0.1:7401") == 0 ||
                 strcmp(set.at[i].text, "tcp://[::1]:7401") == 0;
    assert_true(found);
    pulih_endpoint_set_free(&set);
    pulih_resolver_stop(r);
}

static void changes_are_told_and_nothing_else(void **state)
{
    static const char *const endpoints[] = {"tcp://fake:7402"};

    (void)state;
    set_answers("192.0.2.2 192.0.2.1 2001:db8::1 192.0.2.2", "");
    struct pulih_resolver *r = start(endpoints, 1);
    assert_next(r, "tcp://192.0.2.1:7402\ntcp://192.0.2.2:7402\ntcp://[2001:db8::1]:7402\n");
    set_answers("2001:db8::1 192.0.2.1 192.0.2.2", ""); /* another order is no change */
    wait_lookups(3);
    assert_false(is_readable(pulih_resolver_fd(r), 0));
    set_answers("192.0.2.3", "");
    assert_next(r, "tcp://192.0.2.3:7402\n");
    set_answers("192.0.2.3 192.0.2.4", "");
    assert_next(r, "tcp://192.0.2.3:7402\ntcp://192.0.2.4:7402\n");
    pulih_resolver_stop(r);
    assert_false(signals_are_open);
}

static void a_failure_keeps_what_the_name_had(void **state)
{
    static const char *const endpoints[] = {"tcp://fake:1", "tcp://other:2", "tcp://192.0.2.7:3"};

    (void)state;
    set_answers("fail", NULL);
    struct pulih_resolver *r = start(endpoints, PULIH_COUNT(endpoints));
    assert_next(r, "tcp://192.0.2.7:3\n");
    set_answers("fail", "192.0.2.2");
    assert_next(r, "tcp://192.0.2.2:2\ntcp://192.0.2.7:3\n");
    set_answers("192.0.2.1", "fail");
    assert_next(r, "tcp://192.0.2.1:1\ntcp://192.0.2.2:2\ntcp://192.0.2.7:3\n");
    set_answers("fail", "fail");
    wait_lookups(4);
    assert_false(is_readable(pulih_resolver_fd(r), 0));
    set_answers("", "192.0.2.3"); /* an empty answer is a failure, too */
    assert_next(r, "tcp://192.0.2.1:1\ntcp://192.0.2.3:2\ntcp://192.0.2.7:3\n");
    pulih_resolver_stop(r);
}

static void one_name_that_hangs_does_not_hold_up_the_others(void **state)
{
    static const char *const endpoints[] = {"tcp://fake:1", "tcp://other:2"};

    (void)state;
    set_answers(NULL, "192.0.2.2");
    struct pulih_resolver *r = start(endpoints, PULIH_COUNT(endpoints));
    assert_next(r, "tcp://192.0.2.2:2\n");
    set_answers(NULL, "192.0.2.3");
    assert_next(r, "tcp://192.0.2.3:2\n");
    set_answers("192.0.2.1", "192.0.2.3");
    assert_next(r, "tcp://192.0.2.1:1\ntcp://192.0.2.3:2\n");
    pulih_resolver_stop(r);
}

static void stop_waits_for_threads_but_not_for_a_look_up_that_hangs(void **state)
{
    static const char *const endpoints[] = {"tcp://fake:1", "tcp://other:2"};

    (void)state;
    set_answers("192.0.2.1", "192.0.2.2");
    struct pulih_buf why = {0};
    struct pulih_resolver *r = pulih_resolver_start(endpoints, 2, 3600 * 1000, &why);
    wait_lookups(0);
    int64_t begin = pulih_mono_us();
    pulih_resolver_stop(r); /* both sleep, or are about to */
    assert_true(pulih_mono_us() - begin < 90000);

    set_answers(NULL, NULL);
    r = start(endpoints, 2);
    for (int i = 0; i < 5000 && hanging < 2; i++)
        poll(NULL, 0, 1);
    assert_int_equal(hanging, 2);
    begin = pulih_mono_us();
    pulih_resolver_stop(r);
    assert_in_range(pulih_mono_us() - begin, 90000, 250000);
    set_answers("192.0.2.1", "fail"); /* now they end, and take the rest with them */
    for (int i = 0; i < 5000 && hanging > 0; i++)
        poll(NULL, 0, 1);
    poll(NULL, 0, 50);
    pulih_buf_free(&why);
}

static void starting_and_stopping_at_any_moment(void **state)
{
    static const char *const endpoints[] = {"tcp://fake:1", "tcp://other:2", "tcp://192.0.2.7:3"};

    (void)state;
    set_answers("192.0.2.1", "192.0.2.2");
    for (int i = 0; i < 300; i++) {
        struct pulih_resolver *r = start(endpoints, PULIH_COUNT(endpoints));
        if (i % 3 == 0)
            poll(NULL, 0, i % 7);
        set_answers(i % 2 ? "192.0.2.1" : "192.0.2.8 192.0.2.9", "192.0.2.2");
        pulih_resolver_stop(r);
    }
    pulih_resolver_stop(NULL);
}

static void nothing_to_resolve(void **state)
{
    struct pulih_endpoint_set set = {0};

    (void)state;
    struct pulih_resolver *r = start(NULL, 0);
    assert_false(pulih_resolver_take(r, &set));
    assert_false(is_readable(pulih_resolver_fd(r), 0));
    pulih_resolver_stop(r);
}

static void malformed_endpoints_say_why(void **state)
{
    static const char *const bad[] = {"",
                                      "fake",
                                      "fake:1",
                                      "tcp://fake",
                                      "tcp://fake:",
                                      "tcp://:1",
                                      "tcp://fake:0",
                                      "tcp://fake:65536",
                                      "tcp://fake:1x",
                                      "tcp://[::1",
                                      "udp://fake:1",
                                      "tcp://::1:5",
                                      "tcp://[]:1"};
    struct pulih_buf why = {0}, want = {0};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(bad); i++) {
        const char *const endpoints[] = {"tcp://192.0.2.7:3", bad[i]};
        pulih_buf_empty(&why);
        pulih_buf_empty(&want);
        assert_null(pulih_resolver_start(endpoints, 2, 0, &why));
        pulih_buf_addf(&want, "%s: expected tcp://name:port", bad[i]);
        assert_string_equal(pulih_buf_text(&why), pulih_buf_text(&want));
    }
    pulih_buf_free(&why);
    pulih_buf_free(&want);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_there_at_once),
        cmocka_unit_test(a_real_name_is_found),
        cmocka_unit_test(changes_are_told_and_nothing_else),
        cmocka_unit_test(a_failure_keeps_what_the_name_had),
        cmocka_unit_test(one_name_that_hangs_does_not_hold_up_the_others),
        cmocka_unit_test(stop_waits_for_threads_but_not_for_a_look_up_that_hangs),
        cmocka_unit_test(starting_and_stopping_at_any_moment),
        cmocka_unit_test(nothing_to_resolve),
        cmocka_unit_test(malformed_endpoints_say_why),
    };
    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
