#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pulih/base/bus.h"
#include "pulih/base/clock.h"

static const struct pulih_bus_opts opts = {
    .max_frame_bytes = 1 << 20, .receive_messages = 1000, .linger_ms = 0};

static struct pulih_bus *bus;
static struct pulih_buf why;

static int start_bus(void **state)
{
    (void)state;
    bus = pulih_bus_new(1);
    return 0;
}

static int stop_bus(void **state)
{
    (void)state;
    alarm(20); /* a test that failed leaves sockets open, and then this waits for ever */
    pulih_bus_free(bus);
    alarm(0);
    pulih_buf_free(&why);
    return 0;
}

static struct pulih_bus_socket *open_router(const char *endpoint)
{
    struct pulih_bus_socket *s = pulih_bus_router(bus, endpoint, &opts, &why);

    if (!s)
        fail_msg("%s", pulih_buf_text(&why));
    assert_true(pulih_bus_port(s) > 0);
    return s;
}

static struct pulih_bus_socket *open_dealer(const char *host, uint16_t port)
{
    char endpoint[100];

    snprintf(endpoint, sizeof endpoint, "tcp://%s:%u", host, port);
    struct pulih_bus_socket *s = pulih_bus_dealer(bus, endpoint, &opts, &why);
    if (!s)
        fail_msg("%s", pulih_buf_text(&why));
    return s;
}

/* The next message within 5 s. */
static struct pulih_bus_msg *wait_msg(struct pulih_bus_socket *s)
{
    struct pulih_bus_item item = {.socket = s, .wanted = PULIH_BUS_IN};
    int64_t until = pulih_mono_us() + 5000000;
    struct pulih_bus_msg *msg = pulih_bus_receive(s);

    while (!msg && pulih_mono_us() < until) {
        pulih_bus_poll(&item, 1, 100);
        msg = pulih_bus_receive(s);
    }
    assert_non_null(msg);
    return msg;
}

static void assert_gone_within(struct pulih_bus_socket *dealer, int64_t ms)
{
    int64_t until = pulih_mono_us() + ms * 1000;

    while (!pulih_bus_gone(dealer) && pulih_mono_us() < until)
        pulih_bus_poll(NULL, 0, 2);
    assert_true(pulih_bus_gone(dealer));
    assert_int_equal(pulih_bus_send(dealer, NULL, PULIH_VIEW("x")), PULIH_BUS_GONE);
}

static void assert_body(const struct pulih_bus_msg *msg, const char *text)
{
    assert_false(msg->malformed);
    assert_true(pulih_view_is(msg->body, text));
}

/* A peer by hand, to do what the library would not. */
static int raw_connect(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = 5};
    int small = 4096, fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void raw_read(int fd, void *to, size_t len)
{
    assert_int_equal(recv(fd, to, len, MSG_WAITALL), len);
}

static void raw_write(int fd, const void *from, size_t len)
{
    assert_int_equal(send(fd, from, len, MSG_NOSIGNAL), len);
}

/* Greeting and READY of ZMTP 3.0 without security, as a dealer with the given routing id. */
static void raw_shake_hands(int fd, const char *id)
{
    uint8_t greeting[64] = {0xff, [9] = 0x7f, 3, 0, 'N', 'U', 'L', 'L'}, theirs[64], head[2], body[255];
    uint8_t ready[300] = "\x04\0\5READY\x0bSocket-Type\0\0\0\6DEALER\x08Identity\0\0\0";
    size_t n = 2 + 6 + 12 + 4 + 6 + 9 + 3, id_len = strlen(id);

    ready[n++] = (uint8_t)id_len;
    memcpy(ready + n, id, id_len);
    n += id_len;
    if (n - 2 > 255)
        fail();
    ready[1] = (uint8_t)(n - 2);
    raw_write(fd, greeting, sizeof greeting);
    raw_write(fd, ready, n);
    raw_read(fd, theirs, sizeof theirs);
    raw_read(fd, head, sizeof head);
    assert_int_equal(head[0], 4);
    raw_read(fd, body, head[1]);
}

static void a_message_goes_there_and_back(void **state)
{
    static const char *const routers[] = {"tcp://127.0.0.1:0", "tcp://127.0.0.1:*", "tcp://*:*",
                                          "tcp://0.0.0.0:0", "tcp://[::]:0"};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(routers); i++) {
        struct pulih_bus_socket *router = open_router(routers[i]);
        struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", pulih_bus_port(router));
        assert_null(pulih_bus_receive(router));
        assert_int_equal(pulih_bus_send(dealer, NULL, PULIH_VIEW("hello")), PULIH_BUS_SENT);
        struct pulih_bus_msg *asked = wait_msg(router);
        assert_body(asked, "hello");
        assert_true(asked->peer.len > 0);
        assert_int_equal(pulih_bus_send(router, &asked->peer, PULIH_VIEW("welcome")), PULIH_BUS_SENT);
        struct pulih_bus_msg *answer = wait_msg(dealer);
        assert_body(answer, "welcome");
        assert_int_equal(answer->peer.len, 0);
        pulih_bus_msg_free(asked);
        pulih_bus_msg_free(answer);
        pulih_bus_socket_free(dealer);
        pulih_bus_socket_free(router);
    }
}

static void ipv6_works_where_the_system_has_it(void **state)
{
    (void)state;
    struct pulih_bus_socket *router = pulih_bus_router(bus, "tcp://[::1]:0", &opts, &why);
    if (!router)
        skip();
    struct pulih_bus_socket *dealer = open_dealer("[::1]", pulih_bus_port(router));
    assert_int_equal(pulih_bus_send(dealer, NULL, PULIH_VIEW("six")), PULIH_BUS_SENT);
    struct pulih_bus_msg *msg = wait_msg(router);
    assert_body(msg, "six");
    pulih_bus_msg_free(msg);
    pulih_bus_socket_free(dealer);
    pulih_bus_socket_free(router);
}

static void bodies_of_all_sizes_arrive_whole_and_in_order(void **state)
{
    static const size_t sizes[] = {0, 1, 29, 30, 33, 34, 255, 256, 8191, 8192, 100000, 1 << 20};
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", pulih_bus_port(router));
    struct pulih_bus_msg *msgs[PULIH_COUNT(sizes)];
    char *bytes = malloc(1 << 20);

    (void)state;
    for (size_t i = 0; i < 1 << 20; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    for (size_t i = 0; i < PULIH_COUNT(sizes); i++)
        assert_int_equal(pulih_bus_send(dealer, NULL, (struct pulih_view){bytes, sizes[i]}), PULIH_BUS_SENT);
    for (size_t i = 0; i < PULIH_COUNT(sizes); i++)
        msgs[i] = wait_msg(router);
    for (size_t i = 0; i < PULIH_COUNT(sizes); i++) { /* views stay valid while later messages come */
        assert_false(msgs[i]->malformed);
        assert_int_equal(msgs[i]->body.len, sizes[i]);
        assert_non_null(msgs[i]->body.at);
        assert_memory_equal(msgs[i]->body.at, bytes, sizes[i]);
        assert_memory_equal(&msgs[i]->peer, &msgs[0]->peer, sizeof msgs[0]->peer);
    }
    for (size_t i = 0; i < PULIH_COUNT(sizes); i++)
        pulih_bus_msg_free(msgs[i]);
    free(bytes);
    pulih_bus_socket_free(dealer);
    pulih_bus_socket_free(router);
}

static void two_peers_are_told_apart(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    struct pulih_bus_socket *a = open_dealer("127.0.0.1", pulih_bus_port(router));
    struct pulih_bus_socket *b = open_dealer("127.0.0.1", pulih_bus_port(router));

    (void)state;
    assert_int_equal(pulih_bus_send(a, NULL, PULIH_VIEW("a")), PULIH_BUS_SENT);
    assert_int_equal(pulih_bus_send(b, NULL, PULIH_VIEW("b")), PULIH_BUS_SENT);
    for (int i = 0; i < 2; i++) {
        struct pulih_bus_msg *msg = wait_msg(router);
        assert_int_equal(pulih_bus_send(router, &msg->peer, msg->body), PULIH_BUS_SENT);
        pulih_bus_msg_free(msg);
    }
    struct pulih_bus_msg *to_a = wait_msg(a), *to_b = wait_msg(b);
    assert_body(to_a, "a");
    assert_body(to_b, "b");
    pulih_bus_msg_free(to_a);
    pulih_bus_msg_free(to_b);
    pulih_bus_socket_free(a);
    pulih_bus_socket_free(b);
    pulih_bus_socket_free(router);
}

static void a_router_knows_that_a_peer_is_gone(void **state)
{
    const struct pulih_bus_peer stranger = {.len = 5, .id = {0, 1, 2, 3, 4}}, nobody = {0};
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", pulih_bus_port(router));

    (void)state;
    assert_int_equal(pulih_bus_send(router, &stranger, PULIH_VIEW("x")), PULIH_BUS_GONE);
    assert_int_equal(pulih_bus_send(router, &nobody, PULIH_VIEW("x")), PULIH_BUS_GONE);
    assert_int_equal(pulih_bus_send(dealer, NULL, PULIH_VIEW("hello")), PULIH_BUS_SENT);
    struct pulih_bus_msg *msg = wait_msg(router);
    pulih_bus_socket_free(dealer);
    enum pulih_bus_sent sent = PULIH_BUS_SENT;
    for (int i = 0; i < 2000 && sent == PULIH_BUS_SENT; i++) {
        pulih_bus_poll(NULL, 0, 2);
        sent = pulih_bus_send(router, &msg->peer, PULIH_VIEW("x"));
    }
    assert_int_equal(sent, PULIH_BUS_GONE);
    pulih_bus_msg_free(msg);
    pulih_bus_socket_free(router);
}

static void a_dealer_knows_that_the_router_is_gone(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    uint16_t port = pulih_bus_port(router);
    struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", port);

    (void)state;
    assert_int_equal(pulih_bus_send(dealer, NULL, PULIH_VIEW("hello")), PULIH_BUS_SENT);
    pulih_bus_msg_free(wait_msg(router));
    assert_false(pulih_bus_gone(dealer));
    pulih_bus_socket_free(router);
    assert_gone_within(dealer, 2000);
    assert_null(pulih_bus_receive(dealer));

    /* A new router at the same place hears nothing of the old dealer. */
    char endpoint[64];
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", port);
    router = open_router(endpoint);
    struct pulih_bus_item item = {.socket = router, .wanted = PULIH_BUS_IN};
    assert_int_equal(pulih_bus_poll(&item, 1, 300), 0);
    struct pulih_bus_socket *second = open_dealer("127.0.0.1", port);
    assert_int_equal(pulih_bus_send(second, NULL, PULIH_VIEW("again")), PULIH_BUS_SENT);
    struct pulih_bus_msg *msg = wait_msg(router);
    assert_body(msg, "again");
    pulih_bus_msg_free(msg);
    pulih_bus_socket_free(second);
    pulih_bus_socket_free(dealer);
    pulih_bus_socket_free(router);
}

static void a_refused_dealer_is_gone(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    uint16_t port = pulih_bus_port(router);

    (void)state;
    pulih_bus_socket_free(router);
    pulih_bus_poll(NULL, 0, 100); /* closing is not at once */
    struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", port);
    assert_gone_within(dealer, 2000);
    pulih_bus_socket_free(dealer);
}

/* A listener with a full backlog does not answer a SYN. */
static void a_silent_address_is_gone_after_three_seconds(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fill[4];

    (void)state;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    for (size_t i = 0; i < PULIH_COUNT(fill); i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fill[i], (struct sockaddr *)&at, sizeof at);
    }
    int64_t start = pulih_mono_us();
    struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", ntohs(at.sin_port));
    assert_gone_within(dealer, 5000);
    assert_in_range(pulih_mono_us() - start, 2500000, 4500000);
    pulih_bus_socket_free(dealer);
    for (size_t i = 0; i < PULIH_COUNT(fill); i++)
        close(fill[i]);
    close(listener);
}

static void a_router_says_full_and_keeps_serving_others(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", pulih_bus_port(router));
    int lazy = raw_connect(pulih_bus_port(router));
    struct pulih_bus_item item = {.socket = router, .wanted = PULIH_BUS_IN};
    char body[16384] = {0};
    int sent = 0;

    (void)state;
    raw_shake_hands(lazy, "lazy");
    raw_write(lazy, "\0\5hello", 7);
    struct pulih_bus_msg *hello = wait_msg(router);
    assert_body(hello, "hello");
    assert_int_equal(hello->peer.len, 4);
    assert_memory_equal(hello->peer.id, "lazy", 4);

    enum pulih_bus_sent result = PULIH_BUS_SENT;
    for (; sent < 10000 && result == PULIH_BUS_SENT; sent++)
        result = pulih_bus_send(router, &hello->peer, (struct pulih_view){body, sizeof body});
    assert_int_equal(result, PULIH_BUS_FULL);
    assert_in_range(sent, 1000, 2500);

    assert_int_equal(pulih_bus_send(dealer, NULL, PULIH_VIEW("me")), PULIH_BUS_SENT);
    struct pulih_bus_msg *msg = wait_msg(router);
    assert_int_equal(pulih_bus_send(router, &msg->peer, PULIH_VIEW("you")), PULIH_BUS_SENT);
    pulih_bus_msg_free(msg);
    msg = wait_msg(dealer);
    assert_body(msg, "you");
    pulih_bus_msg_free(msg);

    close(lazy);
    for (int i = 0; i < 1000 && result == PULIH_BUS_FULL; i++) {
        pulih_bus_poll(&item, 1, 2); /* receiving is what lets it notice */
        result = pulih_bus_send(router, &hello->peer, PULIH_VIEW("x"));
    }
    assert_int_equal(result, PULIH_BUS_GONE);
    pulih_bus_msg_free(hello);
    pulih_bus_socket_free(dealer);
    pulih_bus_socket_free(router);
}

/* A listener that takes connections and never speaks. */
static void a_dealer_says_full_and_later_gone(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), sent = 0;

    (void)state;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", ntohs(at.sin_port));
    enum pulih_bus_sent result = PULIH_BUS_SENT;
    for (; sent < 5000 && result == PULIH_BUS_SENT; sent++)
        result = pulih_bus_send(dealer, NULL, PULIH_VIEW("x"));
    assert_int_equal(result, PULIH_BUS_FULL);
    assert_int_equal(sent, 1001);
    assert_false(pulih_bus_gone(dealer));
    int connection = accept(listener, NULL, NULL);
    close(connection);
    assert_gone_within(dealer, 2000);
    struct pulih_bus_item item = {.fd = listener, .wanted = PULIH_BUS_IN};
    assert_int_equal(pulih_bus_poll(&item, 1, 500), 0); /* it does not come back */
    pulih_bus_socket_free(dealer);
    close(listener);
}

static void several_frames_are_dropped_and_reported(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    int fd = raw_connect(pulih_bus_port(router));

    (void)state;
    raw_shake_hands(fd, "");
    raw_write(fd, "\1\3one\1\3two\0\5three", 17);
    raw_write(fd, "\1\0\0\5three", 9);
    raw_write(fd, "\0\0", 2);
    raw_write(fd, "\0\4good", 6);
    for (int i = 0; i < 2; i++) {
        struct pulih_bus_msg *bad = wait_msg(router);
        assert_true(bad->malformed);
        assert_null(bad->body.at);
        assert_int_equal(bad->body.len, 0);
        assert_int_equal(bad->peer.len, 5);
        assert_int_equal(pulih_bus_send(router, &bad->peer, PULIH_VIEW("no")), PULIH_BUS_SENT);
        pulih_bus_msg_free(bad);
    }
    struct pulih_bus_msg *msg = wait_msg(router);
    assert_body(msg, "");
    pulih_bus_msg_free(msg);
    msg = wait_msg(router);
    assert_body(msg, "good");
    pulih_bus_msg_free(msg);
    char answers[8];
    raw_read(fd, answers, sizeof answers);
    assert_memory_equal(answers, "\0\2no\0\2no", 8);
    close(fd);
    pulih_bus_socket_free(router);
}

static void routing_ids_up_to_63_bytes(void **state)
{
    static const size_t lengths[] = {1, 63, 64, 200};
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(lengths); i++) {
        char id[256] = "";
        bool fits = lengths[i] <= PULIH_BUS_PEER_MAX;
        int fd = raw_connect(pulih_bus_port(router));
        memset(id, 'i', lengths[i]);
        raw_shake_hands(fd, id);
        raw_write(fd, "\0\5hello", 7);
        struct pulih_bus_msg *msg = wait_msg(router);
        assert_int_equal(msg->malformed, !fits);
        assert_int_equal(msg->peer.len, fits ? lengths[i] : 0);
        assert_int_equal(pulih_bus_send(router, &msg->peer, PULIH_VIEW("x")),
                         fits ? PULIH_BUS_SENT : PULIH_BUS_GONE);
        pulih_bus_msg_free(msg);
        close(fd);
    }
    pulih_bus_socket_free(router);
}

/* Nobody can take over the id of another, or make the router answer to the wrong one. */
static void a_second_peer_with_the_same_id_is_not_heard(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    int first = raw_connect(pulih_bus_port(router)), second;

    (void)state;
    raw_shake_hands(first, "same");
    raw_write(first,
              "\0\1"
              "1",
              3);
    struct pulih_bus_msg *msg = wait_msg(router);
    second = raw_connect(pulih_bus_port(router));
    raw_shake_hands(second, "same");
    raw_write(second,
              "\0\1"
              "2",
              3);
    struct pulih_bus_item item = {.socket = router, .wanted = PULIH_BUS_IN};
    pulih_bus_poll(&item, 1, 300);
    assert_null(pulih_bus_receive(router));
    assert_int_equal(pulih_bus_send(router, &msg->peer, PULIH_VIEW("x")), PULIH_BUS_SENT);
    char answer[3];
    raw_read(first, answer, sizeof answer);
    assert_memory_equal(answer, "\0\1x", 3);
    pulih_bus_msg_free(msg);
    close(first);
    close(second);
    pulih_bus_socket_free(router);
}

static void a_frame_that_is_too_long_ends_the_connection(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", pulih_bus_port(router));
    size_t len = (1 << 20) + 1;
    char *bytes = calloc(1, len);

    (void)state;
    assert_int_equal(pulih_bus_send(dealer, NULL, (struct pulih_view){bytes, len}), PULIH_BUS_SENT);
    assert_gone_within(dealer, 3000);
    assert_null(pulih_bus_receive(router));
    free(bytes);
    pulih_bus_socket_free(dealer);

    int fd = raw_connect(pulih_bus_port(router)); /* claims 2^62 bytes */
    raw_shake_hands(fd, "");
    raw_write(fd, "\2\x40\0\0\0\0\0\0\0", 9);
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);
    assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
    close(fd);
    pulih_bus_socket_free(router);
}

static void garbage_and_silence_are_thrown_out(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    int loud = raw_connect(pulih_bus_port(router)), mute = raw_connect(pulih_bus_port(router));
    struct timeval patience = {.tv_sec = 10};
    int64_t start = pulih_mono_us();
    char bytes[256];
    ssize_t n;

    (void)state;
    setsockopt(mute, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    memset(bytes, 'G', sizeof bytes);
    raw_write(loud, bytes, sizeof bytes);
    while ((n = recv(loud, bytes, sizeof bytes, 0)) > 0)
        ;
    assert_true(n == 0 || errno == ECONNRESET);
    while ((n = recv(mute, bytes, sizeof bytes, 0)) > 0)
        ;
    assert_true(n == 0 || errno == ECONNRESET);
    assert_in_range(pulih_mono_us() - start, 4000000, 7000000);
    assert_null(pulih_bus_receive(router));
    close(loud);
    close(mute);
    pulih_bus_socket_free(router);
}

static void what_cannot_be_bound_or_called_says_why(void **state)
{
    static const char *const not_literal[] = {"",
                                              "tcp://",
                                              "tcp://localhost:7400",
                                              "127.0.0.1:7400",
                                              "tcp://127.0.0.1",
                                              "tcp://127.0.0.1:",
                                              "tcp://127.0.0.1:70000",
                                              "tcp://127.0.0.1:7400x",
                                              "tcp://[::1:7400",
                                              "tcp://::1:7400",
                                              "ipc:///x",
                                              "tcp://[localhost]:1",
                                              "tcp://1.2.3.4/24:1"};
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    struct pulih_buf fault = {0}, want = {0};
    char endpoint[64];

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(not_literal); i++) {
        pulih_buf_empty(&fault);
        pulih_buf_empty(&want);
        assert_null(pulih_bus_dealer(bus, not_literal[i], &opts, &fault));
        pulih_buf_addf(&want, "%s: expected tcp://IP:port or tcp://[IPv6]:port", not_literal[i]);
        assert_string_equal(pulih_buf_text(&fault), pulih_buf_text(&want));
    }
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", pulih_bus_port(router));
    pulih_buf_empty(&fault);
    assert_null(pulih_bus_router(bus, endpoint, &opts, &fault));
    assert_non_null(strstr(pulih_buf_text(&fault), ": Address already in use"));
    pulih_buf_empty(&fault);
    assert_null(pulih_bus_router(bus, "nonsense", &opts, &fault));
    assert_string_equal(pulih_buf_text(&fault), "nonsense: Invalid argument");
    pulih_buf_free(&fault);
    pulih_buf_free(&want);
    pulih_bus_socket_free(router);
}

static void poll_sees_sockets_and_descriptors(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", pulih_bus_port(router));
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    struct pulih_bus_item items[20];
    for (size_t i = 0; i < 20; i++) /* more than fit on its stack */
        items[i] = (struct pulih_bus_item){.fd = ends[0], .wanted = i == 0 ? PULIH_BUS_IN : 0};
    items[18] = (struct pulih_bus_item){.socket = router, .wanted = PULIH_BUS_IN};
    items[19] = (struct pulih_bus_item){.socket = dealer, .wanted = PULIH_BUS_IN | PULIH_BUS_OUT};
    assert_int_equal(pulih_bus_poll(items, 20, 0), 1);
    assert_int_equal(items[19].ready, PULIH_BUS_OUT);
    items[19].wanted = PULIH_BUS_IN;

    int64_t start = pulih_mono_us();
    assert_int_equal(pulih_bus_poll(items, 20, 50), 0);
    assert_true(pulih_mono_us() - start >= 49000);
    assert_int_equal(items[19].ready, 0);

    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(pulih_bus_poll(items, 20, 1000), 1);
    assert_int_equal(items[0].ready, PULIH_BUS_IN);
    assert_int_equal(items[18].ready, 0);

    assert_int_equal(pulih_bus_send(dealer, NULL, PULIH_VIEW("x")), PULIH_BUS_SENT);
    pulih_bus_msg_free(wait_msg(router));
    assert_int_equal(pulih_bus_send(dealer, NULL, PULIH_VIEW("y")), PULIH_BUS_SENT);
    items[0].wanted = 0;
    assert_int_equal(pulih_bus_poll(items, 20, 2000), 1);
    assert_int_equal(items[18].ready, PULIH_BUS_IN);
    close(ends[1]);
    assert_true(pulih_bus_poll(items, 1, 0) == 1 && items[0].ready & PULIH_BUS_ERROR);
    close(ends[0]);
    pulih_bus_socket_free(dealer);
    pulih_bus_socket_free(router);
}

static void *free_msg(void *msg)
{
    pulih_bus_msg_free(msg);
    return NULL;
}

static void another_thread_may_free_a_message(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", pulih_bus_port(router));
    char body[1000] = {1};
    pthread_t threads[50];

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(threads); i++)
        assert_int_equal(pulih_bus_send(dealer, NULL, (struct pulih_view){body, sizeof body}),
                         PULIH_BUS_SENT);
    for (size_t i = 0; i < PULIH_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, free_msg, wait_msg(router)), 0);
    for (size_t i = 0; i < PULIH_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    pulih_bus_msg_free(NULL);
    pulih_bus_socket_free(dealer);
    pulih_bus_socket_free(router);
}

/* Sockets come and go for as long as a daemon lives; nothing may pile up. */
static void many_dealers_one_after_the_other(void **state)
{
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct pulih_bus_socket *dealer = open_dealer("127.0.0.1", pulih_bus_port(router));
        if (i % 100 == 0) {
            assert_int_equal(pulih_bus_send(dealer, NULL, PULIH_VIEW("x")), PULIH_BUS_SENT);
            pulih_bus_msg_free(wait_msg(router));
        }
        pulih_bus_socket_free(dealer);
    }
    pulih_bus_socket_free(NULL);
    pulih_bus_socket_free(router);
}

static void lingering_messages_leave_before_the_context(void **state)
{
    const struct pulih_bus_opts patient = {.max_frame_bytes = 1 << 20, .linger_ms = 2000};
    struct pulih_bus_socket *router = open_router("tcp://127.0.0.1:0");
    struct pulih_bus *other = pulih_bus_new(1);
    char endpoint[64];

    (void)state;
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", pulih_bus_port(router));
    struct pulih_bus_socket *dealer = pulih_bus_dealer(other, endpoint, &patient, &why);
    assert_non_null(dealer);
    for (int i = 0; i < 500; i++)
        assert_int_equal(pulih_bus_send(dealer, NULL, PULIH_VIEW("receipt")), PULIH_BUS_SENT);
    pulih_bus_socket_free(dealer);
    pulih_bus_free(other);
    for (int i = 0; i < 500; i++)
        pulih_bus_msg_free(wait_msg(router));
    pulih_bus_socket_free(router);
    pulih_bus_free(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_there_and_back),
        cmocka_unit_test(ipv6_works_where_the_system_has_it),
        cmocka_unit_test(bodies_of_all_sizes_arrive_whole_and_in_order),
        cmocka_unit_test(two_peers_are_told_apart),
        cmocka_unit_test(a_router_knows_that_a_peer_is_gone),
        cmocka_unit_test(a_dealer_knows_that_the_router_is_gone),
        cmocka_unit_test(a_refused_dealer_is_gone),
        cmocka_unit_test(a_silent_address_is_gone_after_three_seconds),
        cmocka_unit_test(a_router_says_full_and_keeps_serving_others),
        cmocka_unit_test(a_dealer_says_full_and_later_gone),
        cmocka_unit_test(several_frames_are_dropped_and_reported),
        cmocka_unit_test(routing_ids_up_to_63_bytes),
        cmocka_unit_test(a_second_peer_with_the_same_id_is_not_heard),
        cmocka_unit_test(a_frame_that_is_too_long_ends_the_connection),
        cmocka_unit_test(garbage_and_silence_are_thrown_out),
        cmocka_unit_test(what_cannot_be_bound_or_called_says_why),
        cmocka_unit_test(poll_sees_sockets_and_descriptors),
        cmocka_unit_test(another_thread_may_free_a_message),
        cmocka_unit_test(many_dealers_one_after_the_other),
        cmocka_unit_test(lingering_messages_leave_before_the_context),
    };
    return cmocka_run_group_tests_name("bus", tests, start_bus, stop_bus);
}
