#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pulih/base/clock.h"
#include "pulih/base/http.h"

static atomic_int calls;
static atomic_bool signals_are_blocked;
static pthread_t main_thread;

static int answer(void *arg, const char *path, struct pulih_buf *body)
{
    sigset_t mask;

    /* No assert_ here: this is not the thread of the test. */
    if (body->len > 0 || pthread_equal(pthread_self(), main_thread))
        return 500;
    calls++;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    signals_are_blocked = sigismember(&mask, SIGTERM) == 1;
    if (strcmp(path, "/healthz") == 0) {
        pulih_buf_addf(body, "ok %s\n", (const char *)arg);
        return 200;
    }
    if (strcmp(path, "/readyz") == 0) {
        pulih_buf_addf(body, "draining\n");
        return 503;
    }
    if (strcmp(path, "/empty") == 0)
        return 204;
    if (strcmp(path, "/big") == 0) {
        for (int i = 0; i < 100000; i++)
            pulih_buf_addf(body, "line %06d\n", i);
        return 200;
    }
    pulih_buf_addf(body, "no %s\n", path);
    return 404;
}

static struct pulih_http *http;

static int start_http(void **state)
{
    struct pulih_buf why = {0};
    static char arg[] = "argument";

    (void)state;
    main_thread = pthread_self();
    http = pulih_http_start("127.0.0.1:0", answer, arg, &why);
    return http && pulih_http_port(http) > 0 ? 0 : -1;
}

static int stop_http(void **state)
{
    (void)state;
    pulih_http_stop(http);
    return 0;
}

static int open_connection(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(pulih_http_port(http))};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that comes until the server closes. */
static void hear(int fd, struct pulih_buf *all)
{
    ssize_t n;

    do {
        char piece[4096];
        n = recv(fd, piece, sizeof piece, 0);
        if (n > 0)
            pulih_buf_add(all, piece, (size_t)n);
    } while (n > 0);
    assert_true(n == 0 || errno == ECONNRESET);
    pulih_buf_text(all);
}

/* The answer to one request on a connection of its own; the caller frees it. */
static struct pulih_buf ask(const char *request)
{
    struct pulih_buf all = {0};
    int fd = open_connection();

    say(fd, request);
    hear(fd, &all);
    close(fd);
    return all;
}

static const char *body_of(const struct pulih_buf *all)
{
    const char *end = strstr(all->at, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

static void get_is_answered_by_the_callback(void **state)
{
    static const struct {
        const char *path, *status, *body;
    } cases[] = {
        {"/healthz", "HTTP/1.1 200 OK\r\n", "ok argument\n"},
        {"/healthz?verbose=1&x", "HTTP/1.1 200 OK\r\n", "ok argument\n"},
        {"/%68ealthz", "HTTP/1.1 200 OK\r\n", "ok argument\n"},
        {"/readyz", "HTTP/1.1 503 Service Unavailable\r\n", "draining\n"},
        {"/empty", "HTTP/1.1 204 No Content\r\n", ""},
        {"/", "HTTP/1.1 404 Not Found\r\n", "no /\n"},
        {"/../etc/passwd", "HTTP/1.1 404 Not Found\r\n", "no /../etc/passwd\n"},
    };
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(cases); i++) {
        char request[200];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                 cases[i].path);
        struct pulih_buf all = ask(request);
        assert_memory_equal(all.at, cases[i].status, strlen(cases[i].status));
        assert_non_null(strstr(all.at, "\r\nContent-Type: text/plain; version=0.0.4\r\n"));
        assert_string_equal(body_of(&all), cases[i].body);
        pulih_buf_free(&all);
    }
    assert_true(signals_are_blocked);
}

static void head_has_the_length_and_no_body(void **state)
{
    (void)state;
    struct pulih_buf all = ask("HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_memory_equal(all.at, "HTTP/1.1 200 OK\r\n", 17);
    assert_non_null(strstr(all.at, "\r\nContent-Length: 12\r\n"));
    assert_string_equal(body_of(&all), "");
    pulih_buf_free(&all);
}

static void other_methods_get_405_and_are_not_listened_to(void **state)
{
    static const char *const requests[] = {
        "POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n",
        "PUT /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        "DELETE /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "get /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "XYZZY /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    };
    int before = calls;

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(requests); i++) {
        int64_t start = pulih_mono_us();
        struct pulih_buf all = ask(requests[i]);
        assert_memory_equal(all.at, "HTTP/1.1 405 Method Not Allowed\r\n", 33);
        assert_non_null(strstr(all.at, "\r\nAllow: GET, HEAD\r\n"));
        assert_true(pulih_mono_us() - start < 2000000);
        pulih_buf_free(&all);
    }
    assert_int_equal(calls, before);
}

static void a_get_with_an_endless_body_is_answered_and_closed(void **state)
{
    int64_t start = pulih_mono_us();

    (void)state;
    struct pulih_buf all = ask("GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nbytes");
    assert_memory_equal(all.at, "HTTP/1.1 200 OK\r\n", 17);
    assert_true(pulih_mono_us() - start < 2000000);
    pulih_buf_free(&all);
}

static void a_connection_serves_one_request(void **state)
{
    struct pulih_buf all = {0};
    int fd = open_connection(), found = 0;

    (void)state;
    say(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    hear(fd, &all);
    for (const char *p = all.at; (p = strstr(p, "HTTP/1.1 ")); p++)
        found++;
    assert_int_equal(found, 1);
    assert_non_null(strstr(all.at, "\r\nConnection: close\r\n"));
    close(fd);
    pulih_buf_free(&all);
}

static void a_long_answer_arrives_whole(void **state)
{
    (void)state;
    struct pulih_buf all = ask("GET /big HTTP/1.0\r\n\r\n");
    const char *body = body_of(&all);
    assert_int_equal(strlen(body), 1200000);
    assert_memory_equal(body, "line 000000\n", 12);
    assert_string_equal(body + 1199988, "line 099999\n");
    pulih_buf_free(&all);
}

static void garbage_is_refused(void **state)
{
    static const char *const requests[] = {"\r\n\r\n\r\n\r\n", "GET\r\n\r\n",
                                           "\x16\x03\x01\x02\x01\x01\xfc\x03\x03\r\n\r\n",
                                           "GET /healthz HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n",
                                           "GET /healthz HTTP/1.1\r\nContent-Length: -1\r\nHost: x\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(requests); i++) {
        struct pulih_buf all = {0};
        int fd = open_connection();
        say(fd, requests[i]);
        shutdown(fd, SHUT_WR);
        hear(fd, &all);
        assert_null(strstr(all.at, "200 OK"));
        pulih_buf_free(&all);
        close(fd);
    }
    /* A head without end. */
    int fd = open_connection();
    char piece[1024];
    memset(piece, 'a', sizeof piece);
    say(fd, "GET /");
    ssize_t n = 1;
    size_t sent = 0;
    for (; n > 0 && sent < 100 << 20; sent += sizeof piece)
        n = send(fd, piece, sizeof piece, MSG_NOSIGNAL);
    assert_true(n < 0);
    close(fd);
}

static void the_silent_are_thrown_out_and_the_next_are_served(void **state)
{
    int silent[40];
    int64_t start = pulih_mono_us();

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(silent); i++) {
        silent[i] = open_connection();
        if (i % 2)
            say(silent[i], "GET /healthz HTTP/1.1\r\nHo");
    }
    struct pulih_buf all = ask("GET /healthz HTTP/1.0\r\n\r\n"); /* waits for one of the 32 places */
    assert_memory_equal(all.at, "HTTP/1.", 7);
    assert_string_equal(body_of(&all), "ok argument\n");
    assert_in_range(pulih_mono_us() - start, 3000000, 9000000);
    pulih_buf_free(&all);
    hear(silent[0], &all);
    assert_int_equal(all.len, 0);
    for (size_t i = 0; i < PULIH_COUNT(silent); i++)
        close(silent[i]);
    pulih_buf_free(&all);
}

static void bad_addresses_say_why(void **state)
{
    static const char *const bad[] = {"",
                                      "9401",
                                      ":9401",
                                      "localhost:9401",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "::1:9401",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:x",
                                      "[::1]",
                                      "[::1]9401",
                                      "tcp://127.0.0.1:1",
                                      "1.2.3:80x",
                                      "127.0.0.1:9401 "};
    struct pulih_buf why = {0}, want = {0};
    char taken[32];

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(bad); i++) {
        pulih_buf_empty(&why);
        pulih_buf_empty(&want);
        assert_null(pulih_http_start(bad[i], answer, NULL, &why));
        pulih_buf_addf(&want, "%s: expected IP:port or [IPv6]:port", bad[i]);
        assert_string_equal(pulih_buf_text(&why), pulih_buf_text(&want));
    }
    snprintf(taken, sizeof taken, "127.0.0.1:%u", pulih_http_port(http));
    pulih_buf_empty(&why);
    assert_null(pulih_http_start(taken, answer, NULL, &why));
    assert_non_null(strstr(pulih_buf_text(&why), ": Address already in use"));
    pulih_buf_free(&why);
    pulih_buf_free(&want);
}

static void ipv6_works_where_the_system_has_it(void **state)
{
    static char arg[] = "six";
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct pulih_buf why = {0}, all = {0};

    (void)state;
    struct pulih_http *six = pulih_http_start("[::1]:0", answer, arg, &why);
    pulih_buf_free(&why);
    if (!six)
        skip();
    to.sin6_port = htons(pulih_http_port(six));
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    say(fd, "GET /healthz HTTP/1.0\r\n\r\n");
    hear(fd, &all);
    assert_string_equal(body_of(&all), "ok six\n");
    pulih_buf_free(&all);
    close(fd);
    pulih_http_stop(six);
}

static void stop_closes_everything_at_once(void **state)
{
    static char arg[] = "again";
    struct pulih_buf why = {0};
    char address[32];

    (void)state;
    int fd = open_connection();
    say(fd, "GET /he");
    snprintf(address, sizeof address, "127.0.0.1:%u", pulih_http_port(http));
    int64_t start = pulih_mono_us();
    pulih_http_stop(http);
    assert_true(pulih_mono_us() - start < 1000000);
    char byte;
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
    http = pulih_http_start(address, answer, arg, &why); /* the port is free again */
    assert_non_null(http);
    struct pulih_buf all = ask("GET /healthz HTTP/1.0\r\n\r\n");
    assert_string_equal(body_of(&all), "ok again\n");
    pulih_buf_free(&all);
    pulih_http_stop(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_is_answered_by_the_callback),
        cmocka_unit_test(head_has_the_length_and_no_body),
        cmocka_unit_test(other_methods_get_405_and_are_not_listened_to),
        cmocka_unit_test(a_get_with_an_endless_body_is_answered_and_closed),
        cmocka_unit_test(a_connection_serves_one_request),
        cmocka_unit_test(a_long_answer_arrives_whole),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(the_silent_are_thrown_out_and_the_next_are_served),
        cmocka_unit_test(bad_addresses_say_why),
        cmocka_unit_test(ipv6_works_where_the_system_has_it),
        cmocka_unit_test(stop_closes_everything_at_once),
    };
    return cmocka_run_group_tests_name("http", tests, start_http, stop_http);
}
