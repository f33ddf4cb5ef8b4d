#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "pulih/base/clock.h"
#include "pulih/base/notify.h"

static char directory[] = P_tmpdir "/pulih-notify-XXXXXX";
static char path[64];
static int manager = -1; /* the socket of the service manager */

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/socket", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

/* Listens on a path, or with @ on an abstract name. */
static void listen_on(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    memcpy(at.sun_path, name, strlen(name));
    if (*name == '@')
        at.sun_path[0] = 0;
    manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&at,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                     0);
    setenv("NOTIFY_SOCKET", name, 1);
}

static int forget_manager(void **state)
{
    (void)state;
    if (manager >= 0)
        close(manager);
    manager = -1;
    unlink(path);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return 0;
}

/* The next datagram, "" when there is none. */
static const char *heard(void)
{
    static char text[4096];
    ssize_t n = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);

    text[n > 0 ? n : 0] = 0;
    return text;
}

static void says_everything(const char *name)
{
    listen_on(name);
    setenv("WATCHDOG_USEC", "30000000", 1);
    struct pulih_notify *n = pulih_notify_new();
    assert_string_equal(heard(), "");
    pulih_notify_ready(n);
    assert_string_equal(heard(), "READY=1");
    pulih_notify_status(n, "3 batches\nREADY=1\t\x7f done");
    assert_string_equal(heard(), "STATUS=3 batches READY=1   done");
    pulih_notify_watchdog(n);
    assert_string_equal(heard(), "WATCHDOG=1");
    long long us = 0;
    int64_t before = pulih_mono_us();
    pulih_notify_reloading(n);
    assert_int_equal(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%lld", &us), 1);
    assert_in_range(us, before, pulih_mono_us());
    pulih_notify_stopping(n);
    assert_string_equal(heard(), "STOPPING=1");
    assert_string_equal(heard(), "");
    pulih_notify_free(n);
}

static void by_path(void **state)
{
    (void)state;
    says_everything(path);
}

static void by_abstract_name(void **state)
{
    char name[64];

    (void)state;
    snprintf(name, sizeof name, "@pulih-notify-test-%d", (int)getpid());
    says_everything(name);
}

/* A path that is as long as a path can be. */
static void by_the_longest_name(void **state)
{
    struct sockaddr_un at;
    char name[sizeof at.sun_path + 1];

    (void)state;
    snprintf(name, sizeof name, "@%0*d", (int)sizeof at.sun_path - 2, (int)getpid());
    says_everything(name);
}

static void silent_without_a_manager(void **state)
{
    static const char *const names[] = {NULL, "", "@", "/", "relative", "vsock:2:1234", "/no/such/socket"};
    char long_name[200];

    (void)state;
    memset(long_name, 'x', sizeof long_name);
    long_name[0] = '/';
    long_name[sizeof long_name - 1] = 0;
    for (size_t i = 0; i <= sizeof names / sizeof *names; i++) {
        const char *name = i < sizeof names / sizeof *names ? names[i] : long_name;
        if (name)
            setenv("NOTIFY_SOCKET", name, 1);
        struct pulih_notify *n = pulih_notify_new();
        assert_non_null(n);
        pulih_notify_ready(n);
        pulih_notify_reloading(n);
        pulih_notify_status(n, "x");
        pulih_notify_watchdog(n);
        pulih_notify_stopping(n);
        pulih_notify_free(n);
    }
    pulih_notify_free(NULL);
}

static void the_watchdog_is_for_us_or_for_nobody(void **state)
{
    char us[16];
    const struct {
        const char *usec, *pid;
        int64_t want;
    } cases[] = {
        {NULL, NULL, 0},
        {"30000000", NULL, 30000000},
        {"30000000", us, 30000000},
        {"30000000", "1", 0},
        {"30000000", "", 0},
        {"30000000", "x", 0},
        {"0", NULL, 0},
        {"-5", NULL, 0},
        {"", NULL, 0},
        {"5s", NULL, 0},
    };
    (void)state;
    snprintf(us, sizeof us, "%d", (int)getpid());
    listen_on(path);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        if (cases[i].usec)
            setenv("WATCHDOG_USEC", cases[i].usec, 1);
        if (cases[i].pid)
            setenv("WATCHDOG_PID", cases[i].pid, 1);
        struct pulih_notify *n = pulih_notify_new();
        assert_true(pulih_notify_watchdog_us(n) == cases[i].want);
        pulih_notify_watchdog(n);
        assert_string_equal(heard(), cases[i].want ? "WATCHDOG=1" : "");
        pulih_notify_free(n);
    }
    unsetenv("NOTIFY_SOCKET"); /* nobody to pat */
    setenv("WATCHDOG_USEC", "30000000", 1);
    unsetenv("WATCHDOG_PID");
    struct pulih_notify *n = pulih_notify_new();
    assert_true(pulih_notify_watchdog_us(n) == 0);
    pulih_notify_free(n);
}

static void a_manager_that_does_not_read_blocks_nobody(void **state)
{
    int64_t start = pulih_mono_us();

    (void)state;
    listen_on(path);
    struct pulih_notify *n = pulih_notify_new();
    for (int i = 0; i < 20000; i++)
        pulih_notify_status(n, "again");
    assert_true(pulih_mono_us() - start < 5000000);
    assert_string_equal(heard(), "STATUS=again");
    pulih_notify_free(n);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(by_path, forget_manager),
        cmocka_unit_test_teardown(by_abstract_name, forget_manager),
        cmocka_unit_test_teardown(by_the_longest_name, forget_manager),
        cmocka_unit_test_teardown(silent_without_a_manager, forget_manager),
        cmocka_unit_test_teardown(the_watchdog_is_for_us_or_for_nobody, forget_manager),
        cmocka_unit_test_teardown(a_manager_that_does_not_read_blocks_nobody, forget_manager),
    };
    return cmocka_run_group_tests_name("notify", tests, make_directory, remove_directory);
}
