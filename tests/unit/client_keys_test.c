/* libpulih at a door that speaks CURVE. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "pulih.h"
#include "pulih/base/bus.h"
#include "pulih/base/clock.h"

static struct {
    struct pulih_bus *bus;
    struct pulih_key_pair server, client;
    struct pulih_clients *clients;
    struct pulih_guard *guard;
    struct pulih_bus_socket *door;
    char endpoint[64];
} t;

static struct pulih_error error;
static struct pulih_buf why;
static char folder[] = "keys-XXXXXX";

static void ignore(void *arg, const char *key)
{
    (void)arg, (void)key;
}

static void ignore_away(void *arg, enum pulih_turned_away reason, const char *key)
{
    (void)arg, (void)reason, (void)key;
}

static struct pulih_clients *list_of(const struct pulih_key_pair *pair)
{
    FILE *f = fopen("list", "w");

    assert_non_null(f);
    assert_true(fprintf(f, "somebody %s\n", pair->public.text) > 0);
    assert_int_equal(fclose(f), 0);
    struct pulih_clients *c = pulih_clients_load("list", &why);
    assert_non_null(c);
    return c;
}

static int set_up(void **state)
{
    static const struct pulih_guard_watcher watcher = {.let_in = ignore, .turned_away = ignore_away};
    struct pulih_bus_opts opts = {.max_frame_bytes = 1 << 20, .who = PULIH_GUARD_CLIENTS};

    (void)state;
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    t.bus = pulih_bus_new(1);
    pulih_key_pair_new(&t.server);
    pulih_key_pair_new(&t.client);
    assert_true(pulih_key_pair_save("client.key", &t.client, &why));
    t.clients = list_of(&t.client);
    opts.guard = t.guard = pulih_guard_start(t.bus, &t.server, t.clients, &watcher, &why);
    t.door = pulih_bus_router(t.bus, "tcp://127.0.0.1:0", &opts, &why);
    assert_non_null(t.door);
    snprintf(t.endpoint, sizeof t.endpoint, "tcp://127.0.0.1:%u", pulih_bus_port(t.door));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    alarm(20);
    pulih_bus_socket_free(t.door);
    pulih_guard_stop(t.guard);
    pulih_clients_free(t.clients);
    pulih_bus_free(t.bus);
    alarm(0);
    unlink("client.key");
    unlink("list");
    pulih_buf_free(&why);
    unsetenv("PULIH_KEY_FILE");
    unsetenv("PULIH_SERVER_KEY");
    int failed = chdir("..") || rmdir(folder);
    memcpy(folder, "keys-XXXXXX", sizeof folder);
    return failed;
}

static struct pulih_publisher *open_publisher(const struct pulih_keys *keys)
{
    struct pulih_publisher *p = keys ? pulih_publisher_open_keys(t.endpoint, "test", keys, &error)
                                     : pulih_publisher_open(t.endpoint, "test", &error);

    if (!p)
        fail_msg("%s", error.text);
    return p;
}

/* Works until a hello came, from the key that it must come from; or returns what denied it. */
static int work_until_heard_or_denied(struct pulih_publisher *p)
{
    int64_t until = pulih_mono_us() + 30000000;

    while (pulih_mono_us() < until) {
        int e = pulih_publisher_wait(p, 5, NULL, NULL, &error);
        if (e < 0)
            return e;
        struct pulih_bus_msg *msg = pulih_bus_receive(t.door);
        if (!msg)
            continue;
        assert_string_equal(msg->key, t.client.public.text);
        pulih_bus_msg_free(msg);
        return 0;
    }
    fail_msg("neither heard nor denied: %s", pulih_publisher_why(p));
    return 0;
}

static void keys_come_from_the_caller(void **state)
{
    const struct pulih_keys keys = {"client.key", t.server.public.text};
    struct pulih_publisher *p = open_publisher(&keys);

    (void)state;
    assert_int_equal(work_until_heard_or_denied(p), 0);
    pulih_publisher_close(p);
    struct pulih_follower *f =
        pulih_follower_open_keys(t.endpoint, "test", PULIH_FROM_START, NULL, 0, &keys, &error);
    assert_non_null(f);
    struct pulih_bus_msg *msg = NULL;
    struct pulih_feed_event event;
    for (int64_t until = pulih_mono_us() + 10000000; !msg && pulih_mono_us() < until;) {
        assert_int_equal(pulih_follower_next(f, 5, &event, &error), 0);
        msg = pulih_bus_receive(t.door);
    }
    assert_non_null(msg);
    assert_string_equal(msg->key, t.client.public.text);
    pulih_bus_msg_free(msg);
    pulih_follower_close(f);
}

static void keys_come_from_the_environment(void **state)
{
    const struct pulih_keys none = {NULL, NULL};

    (void)state;
    setenv("PULIH_KEY_FILE", "client.key", 1);
    setenv("PULIH_SERVER_KEY", t.server.public.text, 1);
    struct pulih_publisher *p = open_publisher(NULL);
    assert_int_equal(work_until_heard_or_denied(p), 0);
    pulih_publisher_close(p);
    p = open_publisher(&none);
    assert_int_equal(work_until_heard_or_denied(p), PULIH_E_DENIED);
    assert_non_null(strstr(error.text, "it speaks CURVE"));
    pulih_publisher_close(p);
}

/* A door that speaks CURVE only may close before the part of its greeting that says so is out. */
static void who_leaves_before_it_says_what_it_speaks_is_a_denial(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), e = 0, came = 0;

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 5), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    snprintf(t.endpoint, sizeof t.endpoint, "tcp://127.0.0.1:%u", ntohs(address.sin_port));
    struct pulih_publisher *p = open_publisher(NULL);
    for (int64_t until = pulih_mono_us() + 30000000; e == 0 && pulih_mono_us() < until;) {
        int peer = accept(listener, NULL, NULL);
        if (peer >= 0) {
            assert_int_equal(send(peer, "\xff\0\0\0\0\0\0\0\1\x7f", 10, MSG_NOSIGNAL), 10);
            close(peer);
            came++;
        }
        e = pulih_publisher_wait(p, 5, NULL, NULL, &error);
    }
    assert_int_equal(e, PULIH_E_DENIED);
    assert_true(came >= 5);
    assert_non_null(strstr(error.text, "if it speaks CURVE, a key file and its public key are needed"));
    pulih_publisher_close(p);
    close(listener);
}

/* Denied, but not for ever: the list may have been mended. */
static void who_is_denied_may_come_later(void **state)
{
    const struct pulih_keys keys = {"client.key", t.server.public.text};
    struct pulih_clients *others = list_of(&t.server);
    struct pulih_publisher *p = open_publisher(&keys);
    struct pulih_letter_text letter;

    (void)state;
    pulih_guard_set_clients(t.guard, others);
    assert_int_equal(work_until_heard_or_denied(p), PULIH_E_DENIED);
    assert_non_null(strstr(error.text, "it does not know our key"));
    struct pulih_follower *f =
        pulih_follower_open_keys(t.endpoint, "test", PULIH_FROM_START, NULL, 0, &keys, &error);
    assert_int_equal(pulih_follower_letter(f, &(struct pulih_uuid){{1}}, 1, 10000, &letter, &error),
                     PULIH_E_DENIED);
    pulih_follower_close(f);
    pulih_guard_set_clients(t.guard, t.clients);
    pulih_clients_free(others);
    assert_int_equal(work_until_heard_or_denied(p), 0);
    pulih_publisher_close(p);
}

static void keys_that_cannot_be_used_are_told_at_once(void **state)
{
    const struct {
        const char *file, *server, *wanted;
    } rows[] = {
        {"client.key", NULL, "the key is missing (PULIH_SERVER_KEY)"},
        {"client.key", "", "the key is missing (PULIH_SERVER_KEY)"},
        {NULL, t.server.public.text, "the file is missing (PULIH_KEY_FILE)"},
        {"client.key", "short", "must be 40 signs of Z85, got 5 bytes"},
        {"none.key", t.server.public.text, "none.key: No such file"},
        {"list", t.server.public.text, "list: its mode is"},
    };

    (void)state;
    assert_int_equal(chmod("list", 0644), 0);
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        const struct pulih_keys keys = {rows[i].file, rows[i].server};
        assert_null(pulih_publisher_open_keys(t.endpoint, "test", &keys, &error));
        assert_int_equal(error.code, PULIH_E_INVALID);
        if (!strstr(error.text, rows[i].wanted))
            fail_msg("want \"%s\" in: %s", rows[i].wanted, error.text);
        assert_null(pulih_follower_open_keys(t.endpoint, "test", PULIH_FROM_NOW, NULL, 0, &keys, &error));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define DOOR(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
        DOOR(keys_come_from_the_caller),
        DOOR(keys_come_from_the_environment),
        DOOR(who_leaves_before_it_says_what_it_speaks_is_a_denial),
        DOOR(who_is_denied_may_come_later),
        DOOR(keys_that_cannot_be_used_are_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
