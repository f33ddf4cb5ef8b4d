#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "pulih/base/bus.h"
#include "pulih/base/clock.h"
#include "pulih/base/curve.h"

static struct pulih_buf why;
static char folder[] = "curve-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    static const char *const files[] = {"pair.key", "link.key", "mode.key", "k", "l", "pipe", "list"};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(files); i++)
        unlink(files[i]);
    return chdir("..") == 0 ? rmdir(folder) : -1;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void assert_why(const char *wanted)
{
    if (!strstr(pulih_buf_text(&why), wanted))
        fail_msg("want \"%s\" in: %s", wanted, pulih_buf_text(&why));
    pulih_buf_empty(&why);
}

/* --- files ------------------------------------------------------------------------------------------- */

static void a_pair_survives_its_file(void **state)
{
    struct pulih_key_pair made, read, other;
    struct stat info;

    (void)state;
    pulih_key_pair_new(&made);
    pulih_key_pair_new(&other);
    assert_string_not_equal(made.secret.text, other.secret.text);
    umask(0);
    assert_true(pulih_key_pair_save("pair.key", &made, &why));
    assert_int_equal(stat("pair.key", &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_true(pulih_key_pair_load("pair.key", &read, &why));
    assert_string_equal(read.public.text, made.public.text);
    assert_string_equal(read.secret.text, made.secret.text);

    assert_false(pulih_key_pair_save("pair.key", &other, &why));
    assert_why("pair.key: File exists; a key is never overwritten");
    assert_true(pulih_key_pair_load("pair.key", &read, &why));
    assert_string_equal(read.secret.text, made.secret.text);
    assert_int_equal(symlink("nowhere", "link.key"), 0);
    assert_false(pulih_key_pair_save("link.key", &other, &why));
    assert_int_equal(access("nowhere", F_OK), -1);
    pulih_buf_empty(&why);
    assert_false(pulih_key_pair_save("no/folder.key", &other, &why));
    assert_why("no/folder.key: No such file");
}

static void a_secret_that_others_may_read_is_refused(void **state)
{
    static const struct {
        mode_t mode;
        bool good;
    } rows[] = {{0600, true},  {0400, true},  {0640, true},  {0440, true},
                {0604, false}, {0644, false}, {0660, false}, {0601, false}};
    struct pulih_key_pair pair;

    (void)state;
    pulih_key_pair_new(&pair);
    assert_true(pulih_key_pair_save("mode.key", &pair, &why));
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        assert_int_equal(chmod("mode.key", rows[i].mode), 0);
        assert_int_equal(pulih_key_pair_load("mode.key", &pair, &why), rows[i].good);
        if (!rows[i].good)
            assert_why("may be at most 0640: use chmod");
    }
}

#define PUBLIC "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define SECRET "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

static void key_files_say_what_is_wrong_and_never_the_key(void **state)
{
    static const struct {
        const char *text, *wanted; /* NULL: good */
    } rows[] = {
        {"curve\n  public-key = \"" PUBLIC "\"\n  secret-key = \"" SECRET "\"\n", NULL},
        {"# a comment\r\n\r\n secret-key=\"" SECRET "\"\r\n", NULL},
        {"metadata\ncurve\n\tsecret-key\t=\t\"" SECRET "\"", NULL},
        {"", "k: holds no secret-key"},
        {"curve\n public-key = \"" PUBLIC "\"\n", "k: holds no secret-key"},
        {SECRET "\n", "k:1: want public-key"},
        {"\n\nsecret-key = \"" SECRET "\n", "k:3: want public-key"},
        {"secret-key " SECRET "\n", "k:1: want public-key"},
        {"secret-key =\n", "k:1: want public-key"},
        {"secret-key = \"\n", "k:1: want public-key"},
        {"secret-key = \"\"\n", "k:1: secret-key is no key: want 40 signs of Z85, got 0 bytes"},
        {"secret-key = \"" SECRET "x\"\n", "k:1: secret-key is no key: want 40 signs of Z85, got 41 bytes"},
        {"#\nsecret-key = \"D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%c'\"\n", "k:2: secret-key is no key"},
        {"secret-key = \"####################~###################\"\n", "k:1: secret-key is no key"},
        {"secret-key = \"" SECRET "\"\nsecret-key = \"" SECRET "\"\n", "k:2: secret-key is given twice"},
        {"secret-key = \"" SECRET "\"\npublic-key = \"" SECRET "\"\n", "k: public-key is not that of"},
        {"secret-key = \"" SECRET "\"\nname = \"x\"\n", "k:2: want public-key"},
    };
    struct pulih_key_pair pair;

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        write_file("k", rows[i].text, 0600);
        bool ok = pulih_key_pair_load("k", &pair, &why);
        if (ok != !rows[i].wanted)
            fail_msg("row %zu: %s", i, pulih_buf_text(&why));
        assert_null(strstr(pulih_buf_text(&why), "IlAW"));
        if (ok)
            assert_string_equal(pair.public.text, PUBLIC);
        else
            assert_why(rows[i].wanted);
        unlink("k");
    }
    assert_false(pulih_key_pair_load("k", &pair, &why));
    assert_why("k: No such file");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_false(pulih_key_pair_load("pipe", &pair, &why));
    assert_why("pipe: not a regular file");
    assert_false(pulih_key_pair_load(".", &pair, &why));
    assert_why(".: not a regular file");
}

#define K1 "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define K2 "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

static void lists_say_every_fault(void **state)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"a " K1 "\nb " K2 "\n", NULL},
        {"  # one\r\n\r\n\ta-1.x_y@z \t " K1 " \r\nb " K2, NULL},
        {"", "l: names no client"},
        {"# only\n", "l: names no client"},
        {"a\n", "l:1: a has no public key: want 40 signs of Z85, got 0 bytes"},
        {"\na " K1 "x\n", "l:2: a has no public key: want 40 signs of Z85, got 41 bytes"},
        {"a rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf~\n", "l:1: a has no public key"},
        {"a " K1 " b\n", "l:1: a: want a name and a public key, got more"},
        {K1 " a\n", "l:1: a name has 1 to 64 letters, digits, or . _ - @"},
        {"a/b " K1 "\n", "l:1: a name has"},
        {"b " K1 "\n# x\nc " K2 "\nb " K2 "\n", "l:4: the name b stands in line 1 already"},
        {"b " K1 "\na " K1 "\n", "l:2: a has the key of b in line 1"},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        write_file("l", rows[i].text, 0664);
        struct pulih_clients *c = pulih_clients_load("l", &why);
        if (!!c != !rows[i].wanted)
            fail_msg("row %zu: %s", i, pulih_buf_text(&why));
        if (c) {
            assert_int_equal(pulih_clients_count(c), 2);
            assert_string_equal(pulih_clients_name(c, K2), "b");
            assert_non_null(pulih_clients_name(c, K1));
            assert_null(pulih_clients_name(c, SECRET));
            assert_null(pulih_clients_name(c, ""));
        } else {
            assert_why(rows[i].wanted);
        }
        pulih_clients_free(c);
    }
    write_file("l", "a\nb\n" K1 "\n", 0644);
    assert_null(pulih_clients_load("l", &why));
    assert_non_null(strstr(pulih_buf_text(&why), "l:1:"));
    assert_non_null(strstr(pulih_buf_text(&why), "l:2:"));
    assert_why("l:3:");
    assert_int_equal(chmod("l", 0666), 0);
    assert_null(pulih_clients_load("l", &why));
    assert_why("may be at most 0664");
    assert_null(pulih_clients_load("none", &why));
    assert_why("none: No such file");
    pulih_clients_free(NULL);
}

/* --- the guard --------------------------------------------------------------------------------------- */

static struct {
    struct pulih_bus *bus;
    struct pulih_key_pair server, known, stranger;
    struct pulih_clients *clients;
    struct pulih_guard *guard;
    struct pulih_bus_socket *router;
    pthread_mutex_t lock; /* held: the guard answers nobody */
    bool dies;            /* the guard's thread ends with the next question */
    int let_in, away[PULIH_AWAY_N];
    char last_key[41];
} s;

static void on_let_in(void *arg, const char *key)
{
    (void)arg;
    pthread_mutex_lock(&s.lock);
    s.let_in++;
    snprintf(s.last_key, sizeof s.last_key, "%s", key);
    bool dies = s.dies;
    pthread_mutex_unlock(&s.lock);
    if (dies)
        pthread_exit(NULL);
}

static void on_turned_away(void *arg, enum pulih_turned_away reason, const char *key)
{
    (void)arg;
    pthread_mutex_lock(&s.lock);
    s.away[reason]++;
    snprintf(s.last_key, sizeof s.last_key, "%s", key ? key : "");
    pthread_mutex_unlock(&s.lock);
}

static int read_locked(const int *what)
{
    pthread_mutex_lock(&s.lock);
    int value = *what;
    pthread_mutex_unlock(&s.lock);
    return value;
}

static void wait_for(const int *what, int least)
{
    int64_t until = pulih_mono_us() + 10000000;

    while (read_locked(what) < least && pulih_mono_us() < until)
        pulih_bus_poll(NULL, 0, 2);
    assert_true(read_locked(what) >= least);
}

static struct pulih_clients *list_of(const char *name, const struct pulih_key_pair *pair)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};

    pulih_buf_addf(&text, "%s %s\n", name, pair->public.text);
    write_file("list", pulih_buf_text(&text), 0644);
    struct pulih_clients *c = pulih_clients_load("list", &why);
    assert_non_null(c);
    return c;
}

static struct pulih_bus_socket *open_router(struct pulih_guard *guard, enum pulih_guarded who)
{
    const struct pulih_bus_opts opts = {
        .max_frame_bytes = 1 << 20, .receive_messages = 1000, .guard = guard, .who = who};
    struct pulih_bus_socket *router = pulih_bus_router(s.bus, "tcp://127.0.0.1:0", &opts, &why);

    if (!router)
        fail_msg("%s", pulih_buf_text(&why));
    return router;
}

static int start_guard(void **state)
{
    static const struct pulih_guard_watcher watcher = {.let_in = on_let_in, .turned_away = on_turned_away};

    (void)state;
    memset(&s, 0, sizeof s);
    pthread_mutex_init(&s.lock, NULL);
    s.bus = pulih_bus_new(1);
    pulih_key_pair_new(&s.server);
    pulih_key_pair_new(&s.known);
    pulih_key_pair_new(&s.stranger);
    s.clients = list_of("known", &s.known);
    s.guard = pulih_guard_start(s.bus, &s.server, s.clients, &watcher, &why);
    assert_non_null(s.guard);
    s.router = open_router(s.guard, PULIH_GUARD_CLIENTS);
    return 0;
}

static int stop_guard(void **state)
{
    (void)state;
    alarm(20); /* a test that failed leaves sockets open, and then this waits for ever */
    pulih_bus_socket_free(s.router);
    pulih_guard_stop(s.guard);
    pulih_clients_free(s.clients);
    pulih_bus_free(s.bus);
    alarm(0);
    pulih_buf_free(&why);
    return 0;
}

/* `own` NULL: without CURVE. Says x. */
static struct pulih_bus_socket *call(const struct pulih_bus_socket *router, const struct pulih_key_pair *own,
                                     const struct pulih_key *key)
{
    struct pulih_curve_caller curve;
    struct pulih_bus_opts opts = {.max_frame_bytes = 1 << 20, .curve = own ? &curve : NULL};
    char endpoint[64];

    if (own)
        curve = (struct pulih_curve_caller){.router = *key, .own = *own};
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", pulih_bus_port(router));
    struct pulih_bus_socket *dealer = pulih_bus_dealer(s.bus, endpoint, &opts, &why);
    assert_non_null(dealer);
    pulih_bus_send(dealer, NULL, PULIH_VIEW("x")); /* which may be too late already */
    return dealer;
}

static struct pulih_bus_msg *wait_msg(struct pulih_bus_socket *router)
{
    struct pulih_bus_item item = {.socket = router, .wanted = PULIH_BUS_IN};
    int64_t until = pulih_mono_us() + 5000000;
    struct pulih_bus_msg *msg = pulih_bus_receive(router);

    while (!msg && pulih_mono_us() < until) {
        pulih_bus_poll(&item, 1, 100);
        msg = pulih_bus_receive(router);
    }
    assert_non_null(msg);
    return msg;
}

static void assert_comes_in(const struct pulih_key_pair *own)
{
    struct pulih_bus_socket *dealer = call(s.router, own, &s.server.public);
    struct pulih_bus_msg *msg = wait_msg(s.router);

    assert_true(pulih_view_is(msg->body, "x"));
    assert_string_equal(msg->key, own->public.text);
    pulih_bus_msg_free(msg);
    assert_int_equal(pulih_bus_end(dealer), PULIH_BUS_ALIVE);
    pulih_bus_socket_free(dealer);
}

static void assert_ends(struct pulih_bus_socket *router, const struct pulih_key_pair *own,
                        const struct pulih_key *key, enum pulih_bus_end end)
{
    struct pulih_bus_socket *dealer = call(router, own, key);
    int64_t until = pulih_mono_us() + 10000000;

    while (!pulih_bus_gone(dealer) && pulih_mono_us() < until)
        pulih_bus_poll(NULL, 0, 2);
    assert_int_equal(pulih_bus_end(dealer), end);
    assert_null(pulih_bus_receive(router));
    pulih_bus_socket_free(dealer);
}

static void a_known_client_comes_in_and_others_learn_why_not(void **state)
{
    (void)state;
    assert_comes_in(&s.known);
    assert_int_equal(read_locked(&s.let_in), 1);
    assert_string_equal(s.last_key, s.known.public.text);

    assert_ends(s.router, &s.stranger, &s.server.public, PULIH_BUS_STRANGER);
    wait_for(&s.away[PULIH_AWAY_UNKNOWN], 1);
    assert_string_equal(s.last_key, s.stranger.public.text);

    assert_ends(s.router, NULL, NULL, PULIH_BUS_MECHANISM);
    wait_for(&s.away[PULIH_AWAY_PLAIN], 1);

    assert_ends(s.router, &s.known, &s.stranger.public, PULIH_BUS_UNSHAKEN);
    wait_for(&s.away[PULIH_AWAY_UNREADABLE], 1);
    assert_comes_in(&s.known);
    assert_int_equal(read_locked(&s.away[PULIH_AWAY_UNKNOWN]), 1);
}

static void a_new_list_counts_at_once(void **state)
{
    struct pulih_clients *old = s.clients;

    (void)state;
    assert_comes_in(&s.known);
    s.clients = list_of("known", &s.stranger);
    pulih_guard_set_clients(s.guard, s.clients);
    pulih_clients_free(old);
    assert_ends(s.router, &s.known, &s.server.public, PULIH_BUS_STRANGER);
    assert_comes_in(&s.stranger);
}

static void without_a_list_nobody_comes_in(void **state)
{
    (void)state;
    pulih_guard_set_clients(s.guard, NULL);
    assert_ends(s.router, &s.known, &s.server.public, PULIH_BUS_STRANGER);
    assert_ends(s.router, &s.server, &s.server.public, PULIH_BUS_STRANGER);
}

static void one_socket_for_clients_and_one_for_its_own(void **state)
{
    struct pulih_bus_socket *own = open_router(s.guard, PULIH_GUARD_OWN);

    (void)state;
    assert_ends(own, &s.known, &s.server.public, PULIH_BUS_STRANGER);
    assert_ends(s.router, &s.server, &s.server.public, PULIH_BUS_STRANGER);
    struct pulih_bus_socket *dealer = call(own, &s.server, &s.server.public);
    struct pulih_bus_msg *msg = wait_msg(own);
    assert_string_equal(msg->key, s.server.public.text);
    pulih_bus_msg_free(msg);
    pulih_bus_socket_free(dealer);
    pulih_bus_socket_free(own);
}

/* Whoever asks waits; after the handshake's five seconds it is thrown out. */
static void a_guard_that_does_not_answer_lets_nobody_in(void **state)
{
    (void)state;
    pthread_mutex_lock(&s.lock);
    struct pulih_bus_socket *known = call(s.router, &s.known, &s.server.public);
    struct pulih_bus_socket *stranger = call(s.router, &s.stranger, &s.server.public);
    struct pulih_bus_item item = {.socket = s.router, .wanted = PULIH_BUS_IN};
    int64_t until = pulih_mono_us() + 20000000;
    while (!(pulih_bus_gone(known) && pulih_bus_gone(stranger)) && pulih_mono_us() < until)
        assert_int_equal(pulih_bus_poll(&item, 1, 50), 0);
    assert_true(pulih_bus_gone(known) && pulih_bus_gone(stranger));
    assert_null(pulih_bus_receive(s.router));
    pulih_bus_socket_free(known);
    pulih_bus_socket_free(stranger);
    pthread_mutex_unlock(&s.lock);
    assert_comes_in(&s.known);
}

static void a_guard_that_is_gone_lets_nobody_in(void **state)
{
    const struct pulih_key_pair *const callers[] = {&s.known, &s.known, &s.stranger, &s.server, NULL};
    struct pulih_bus_socket *before = call(s.router, &s.known, &s.server.public), *dealers[5];
    int64_t until = pulih_mono_us() + 20000000;

    (void)state;
    pulih_bus_msg_free(wait_msg(s.router));
    pthread_mutex_lock(&s.lock);
    s.dies = true;
    pthread_mutex_unlock(&s.lock);
    for (size_t i = 0; i < PULIH_COUNT(dealers); i++)
        dealers[i] = call(s.router, callers[i], &s.server.public);
    for (size_t i = 0; i < PULIH_COUNT(dealers); i++) {
        while (!pulih_bus_gone(dealers[i]) && pulih_mono_us() < until)
            pulih_bus_poll(NULL, 0, 2);
        assert_true(pulih_bus_gone(dealers[i]));
        pulih_bus_socket_free(dealers[i]);
    }
    assert_null(pulih_bus_receive(s.router));
    assert_int_equal(pulih_bus_send(before, NULL, PULIH_VIEW("y")), PULIH_BUS_SENT);
    struct pulih_bus_msg *msg = wait_msg(s.router);
    assert_true(pulih_view_is(msg->body, "y"));
    pulih_bus_msg_free(msg);
    pulih_bus_socket_free(before);
}

static void there_is_one_guard_for_a_bus(void **state)
{
    static const struct pulih_guard_watcher watcher = {.let_in = on_let_in, .turned_away = on_turned_away};

    (void)state;
    assert_null(pulih_guard_start(s.bus, &s.server, s.clients, &watcher, &why));
    assert_why("no guard for the doors");
    assert_comes_in(&s.known);
    pulih_guard_stop(NULL);
}

static void a_caller_with_keys_learns_that_the_router_has_none(void **state)
{
    struct pulih_bus_socket *plain = open_router(NULL, PULIH_GUARD_CLIENTS);

    (void)state;
    assert_ends(plain, &s.known, &s.server.public, PULIH_BUS_MECHANISM);
    struct pulih_bus_socket *dealer = call(plain, NULL, NULL);
    struct pulih_bus_msg *msg = wait_msg(plain);
    assert_null(msg->key);
    pulih_bus_msg_free(msg);
    pulih_bus_socket_free(dealer);
    pulih_bus_socket_free(plain);
}

/* A peer by hand, to do what the library would not. */
static int raw_connect(const struct pulih_bus_socket *router)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(pulih_bus_port(router))};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void raw_write(int fd, const void *from, size_t len)
{
    assert_int_equal(send(fd, from, len, MSG_NOSIGNAL), len);
}

/* Reads until the other side closes. */
static void raw_read_end(int fd)
{
    char bytes[256];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
        continue;
    assert_true(n == 0 || errno == ECONNRESET);
    close(fd);
}

/* What a peer says of itself in the clear is not the name that a guard gave it. */
static void nobody_names_himself(void **state)
{
    static const uint8_t greeting[64] = {0xff, [9] = 0x7f, 3, 0, 'N', 'U', 'L', 'L'};
    static const uint8_t ready[] = "\x04\x2c\5READY\x0bSocket-Type\0\0\0\6DEALER\x07User-Id\0\0\0\4boss";
    static const uint8_t message[] = "\x00\x01x";
    struct pulih_bus_socket *plain = open_router(NULL, PULIH_GUARD_CLIENTS);
    uint8_t theirs[64];

    (void)state;
    assert_int_equal(ready[1], sizeof ready - 1 - 2);
    int fd = raw_connect(plain);
    raw_write(fd, greeting, sizeof greeting);
    assert_int_equal(recv(fd, theirs, sizeof theirs, MSG_WAITALL), sizeof theirs);
    raw_write(fd, ready, sizeof ready - 1);
    raw_write(fd, message, sizeof message - 1);
    struct pulih_bus_msg *msg = wait_msg(plain);
    assert_true(pulih_view_is(msg->body, "x"));
    assert_null(msg->key);
    pulih_bus_msg_free(msg);
    close(fd);
    pulih_bus_socket_free(plain);
}

/* Greetings of other mechanisms, and what is none: thrown out, and counted. */
static void raw_peers_are_thrown_out(void **state)
{
    static const struct {
        const char *mechanism;
        int minor;
    } rows[] = {{"NULL", 0}, {"PLAIN", 0}, {"GSSAPI", 0}, {"CURVF", 0}, {"", 0}, {"NULL", 1}};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        uint8_t greeting[64] = {0xff, [9] = 0x7f, 3, (uint8_t)rows[i].minor};
        memcpy(greeting + 12, rows[i].mechanism, strlen(rows[i].mechanism));
        int fd = raw_connect(s.router);
        raw_write(fd, greeting, sizeof greeting);
        raw_read_end(fd);
        wait_for(&s.away[PULIH_AWAY_PLAIN], (int)i + 1);
    }
    static const char *const garbage[] = {"GET / HTTP/1.0\r\n\r\n", "\x01\x00\x00\x02x", "\xff"};
    for (size_t i = 0; i < PULIH_COUNT(garbage); i++) {
        int fd = raw_connect(s.router);
        raw_write(fd, garbage[i], i == 1 ? 5 : strlen(garbage[i]));
        shutdown(fd, SHUT_WR);
        raw_read_end(fd);
    }
    wait_for(&s.away[PULIH_AWAY_UNREADABLE], 1); /* what is no ZeroMQ at all goes unseen */
    assert_null(pulih_bus_receive(s.router));
    assert_comes_in(&s.known);
}

/* The right greeting, and then commands or messages that CURVE does not know. */
static void what_comes_before_the_handshake_is_no_message(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {{"\x00\x01x", 3},
                {"\x01\x00\x00\x01x", 5},
                {"\x04\x06\5READY", 8},
                {"\x04\x0a\x08INITIATE", 12},
                {"\x04\x08\7MESSAGE", 10}};
    uint8_t greeting[64] = {0xff, [9] = 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E'};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        int fd = raw_connect(s.router);
        raw_write(fd, greeting, sizeof greeting);
        raw_write(fd, rows[i].bytes, rows[i].len);
        raw_read_end(fd);
        wait_for(&s.away[PULIH_AWAY_UNREADABLE], (int)i + 1);
        assert_null(pulih_bus_receive(s.router));
    }
    assert_comes_in(&s.known);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_survives_its_file),
        cmocka_unit_test(a_secret_that_others_may_read_is_refused),
        cmocka_unit_test(key_files_say_what_is_wrong_and_never_the_key),
        cmocka_unit_test(lists_say_every_fault),
#define GUARD(f) cmocka_unit_test_setup_teardown(f, start_guard, stop_guard)
        GUARD(a_known_client_comes_in_and_others_learn_why_not),
        GUARD(a_new_list_counts_at_once),
        GUARD(without_a_list_nobody_comes_in),
        GUARD(one_socket_for_clients_and_one_for_its_own),
        GUARD(a_guard_that_does_not_answer_lets_nobody_in),
        GUARD(a_guard_that_is_gone_lets_nobody_in),
        GUARD(there_is_one_guard_for_a_bus),
        GUARD(a_caller_with_keys_learns_that_the_router_has_none),
        GUARD(nobody_names_himself),
        GUARD(raw_peers_are_thrown_out),
        GUARD(what_comes_before_the_handshake_is_no_message),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
