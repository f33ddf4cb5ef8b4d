#include "pulih/base/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pulih/base/bytes.h"
#include "pulih/base/clock.h"
#include "pulih/base/must.h"

struct pulih_notify {
    int fd; /* -1: nobody listens */
    struct sockaddr_un to;
    socklen_t to_len;
    int64_t watchdog_us;
};

/* An abstract name is written with @ and starts with a zero. False for what is no local socket. */
static bool set_address(struct pulih_notify *n, const char *path)
{
    size_t len = path ? strlen(path) : 0;

    if (len < 2 || len >= sizeof n->to.sun_path || (*path != '/' && *path != '@'))
        return false;
    n->to.sun_family = AF_UNIX;
    memcpy(n->to.sun_path, path, len);
    if (*path == '@')
        n->to.sun_path[0] = 0;
    n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return true;
}

/* A positive number, 0 for anything else. */
static int64_t read_number(const char *text)
{
    char *end = NULL;
    long long value = text ? strtoll(text, &end, 10) : 0;

    return end && end != text && *end == 0 && value > 0 ? value : 0;
}

/* The watchdog is meant for one process; its children inherit the variables all the same. */
static int64_t read_watchdog(void)
{
    const char *pid = getenv("WATCHDOG_PID");

    if (pid && read_number(pid) != getpid())
        return 0;
    return read_number(getenv("WATCHDOG_USEC"));
}

struct pulih_notify *pulih_notify_new(void)
{
    struct pulih_notify *n = calloc(1, sizeof *n);

    if (!n)
        pulih_out_of_memory();
    n->fd = -1;
    if (!set_address(n, getenv("NOTIFY_SOCKET")))
        return n;
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    n->watchdog_us = read_watchdog();
    return n;
}

void pulih_notify_free(struct pulih_notify *n)
{
    if (!n)
        return;
    if (n->fd >= 0)
        close(n->fd);
    free(n);
}

static void tell(struct pulih_notify *n, const char *text)
{
    if (n->fd >= 0)
        sendto(n->fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&n->to, n->to_len);
}

void pulih_notify_ready(struct pulih_notify *n)
{
    tell(n, "READY=1");
}

void pulih_notify_stopping(struct pulih_notify *n)
{
    tell(n, "STOPPING=1");
}

void pulih_notify_reloading(struct pulih_notify *n)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};

    pulih_buf_addf(&text, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)pulih_mono_us());
    tell(n, pulih_buf_text(&text));
}

void pulih_notify_status(struct pulih_notify *n, const char *status)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};

    pulih_buf_addf(&text, "STATUS=%s", status);
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 0x7f)
            text.at[i] = ' ';
    tell(n, pulih_buf_text(&text));
}

void pulih_notify_watchdog(struct pulih_notify *n)
{
    if (n->watchdog_us > 0)
        tell(n, "WATCHDOG=1");
}

int64_t pulih_notify_watchdog_us(const struct pulih_notify *n)
{
    return n->watchdog_us;
}
