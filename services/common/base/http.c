#include "pulih/base/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pulih/base/must.h"
#include "services/common/base/address.h"

enum { CONNECTIONS_MAX = 32, SILENCE_S = 5, BACKLOG = 64 };

struct pulih_http {
    struct MHD_Daemon *daemon;
    pulih_http_f *answer;
    void *arg;
    struct pulih_buf body; /* only the server's thread touches it */
    uint16_t port;
};

static enum MHD_Result send_answer(struct MHD_Connection *c, unsigned status, struct pulih_buf *body)
{
    pulih_buf_text(body); /* the library wants bytes, even if there are none */
    struct MHD_Response *r = MHD_create_response_from_buffer(body->len, body->at, MHD_RESPMEM_MUST_COPY);
    if (!r)
        pulih_out_of_memory();
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; version=0.0.4");
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return result;
}

/* Answers as soon as the head of the request is there: a body is not waited for, whatever the method. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *path, const char *method,
                                  const char *version, const char *upload, size_t *upload_len, void **state)
{
    struct pulih_http *http = arg;
    unsigned status = MHD_HTTP_METHOD_NOT_ALLOWED;

    (void)version;
    (void)upload;
    (void)upload_len;
    (void)state;
    pulih_buf_empty(&http->body);
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
        status = (unsigned)http->answer(http->arg, path, &http->body);
    else
        pulih_buf_addf(&http->body, "only GET and HEAD\n");
    pulih_must(status >= 200 && status < 600);
    return send_answer(c, status, &http->body);
}

/* A listening socket on the address, or -1 with errno. */
static int open_listener(const struct addrinfo *at)
{
    int on = 1, fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, at->ai_addr, at->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int fault = errno;
        close(fd);
        errno = fault;
        return -1;
    }
    return fd;
}

static int listen_on(const char *address, struct pulih_buf *why)
{
    struct pulih_address parts;
    struct addrinfo *at = pulih_address_split(address, &parts) ? pulih_address_literal(&parts) : NULL;

    if (!at) {
        pulih_buf_addf(why, "%s: expected IP:port or [IPv6]:port", address);
        return -1;
    }
    int fd = open_listener(at);
    if (fd < 0)
        pulih_buf_addf(why, "%s: %s", address, strerror(errno));
    freeaddrinfo(at);
    return fd;
}

static uint16_t port_of(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } at = {0};
    socklen_t len = sizeof at;

    pulih_must(getsockname(fd, &at.any, &len) == 0);
    return ntohs(at.any.sa_family == AF_INET6 ? at.in6.sin6_port : at.in.sin_port);
}

/* The server's thread takes no signals: they belong to the loop of the daemon. */
static struct MHD_Daemon *start_daemon(struct pulih_http *http, int fd)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, http,
                         MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

struct pulih_http *pulih_http_start(const char *address, pulih_http_f *answer, void *arg,
                                    struct pulih_buf *why)
{
    int fd = listen_on(address, why);
    if (fd < 0)
        return NULL;
    struct pulih_http *http = calloc(1, sizeof *http);
    if (!http)
        pulih_out_of_memory();
    http->answer = answer;
    http->arg = arg;
    http->port = port_of(fd);
    http->daemon = start_daemon(http, fd);
    if (!http->daemon) {
        pulih_buf_addf(why, "%s: the HTTP server does not start", address);
        close(fd);
        free(http);
        return NULL;
    }
    return http;
}

uint16_t pulih_http_port(const struct pulih_http *http)
{
    return http->port;
}

void pulih_http_stop(struct pulih_http *http)
{
    if (!http)
        return;
    MHD_stop_daemon(http->daemon);
    pulih_buf_free(&http->body);
    free(http);
}
