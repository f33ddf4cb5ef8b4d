/* A small HTTP server for health and metrics, on a thread of its own.
 *
 * Does.     Answers GET and HEAD by calling back; everything else gets 405. Answers are text/plain in the
 *           Prometheus text format (version 0.0.4).
 * Promises. At most 32 connections, the next ones wait; one request on each, which is closed after 5 seconds
 *           of silence. No body of a request is ever read. `answer` is not called after pulih_http_stop
 *           returned.
 * Fails.    pulih_http_start with NULL and a line in *why: bad address, port taken.
 */
#ifndef PULIH_BASE_HTTP_H
#define PULIH_BASE_HTTP_H

#include <stdint.h>

#include "pulih/base/bytes.h"

struct pulih_http;

/* Returns the status code, 404 for an unknown path, and appends the answer to the empty *body. `path` has
 * no query. Runs on the server's thread: what it reads must be safe to read there. */
typedef int pulih_http_f(void *arg, const char *path, struct pulih_buf *body);

/* `address` is IP:port, "0.0.0.0:9401" or "[::1]:9401"; port 0 lets the kernel choose. */
struct pulih_http *pulih_http_start(const char *address, pulih_http_f *answer, void *arg,
                                    struct pulih_buf *why);
uint16_t pulih_http_port(const struct pulih_http *http);
/* Closes all connections and waits for the thread. Takes NULL. */
void pulih_http_stop(struct pulih_http *http);

#endif
