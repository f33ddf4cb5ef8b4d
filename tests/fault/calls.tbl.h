/* Calls that failing.so makes fail: see failing.c.
 * CALL(returns, name, (parameters), (arguments), what it returns when it fails, errors, what follows)
 *   errors:       values of errno, one case each; 0: the call sets none
 *   what follows: lives: the program goes on; ends: it may end, saying why, and the next start goes on */
// clang-format off
CALL(void *, malloc, (size_t n), (n), NULL, "ENOMEM", "ends")
CALL(void *, calloc, (size_t n, size_t size), (n, size), NULL, "ENOMEM", "ends")
CALL(void *, realloc, (void *at, size_t n), (at, n), NULL, "ENOMEM", "ends")
CALL(char *, strdup, (const char *text), (text), NULL, "ENOMEM", "ends")

CALL(void *, PQconnectdbParams, (const char *const *keys, const char *const *values, int expand), (keys, values, expand), NULL, "0", "ends")
CALL(int, PQsetnonblocking, (void *c, int on), (c, on), -1, "0", "lives")
CALL(int, PQenterPipelineMode, (void *c), (c), 0, "0", "lives")
CALL(int, PQsendPrepare, (void *c, const char *name, const char *text, int n, const unsigned *types), (c, name, text, n, types), 0, "0", "lives")
CALL(int, PQsendQueryParams, (void *c, const char *text, int n, const unsigned *types, const char *const *values, const int *lengths, const int *formats, int format), (c, text, n, types, values, lengths, formats, format), 0, "0", "lives")
CALL(int, PQsendQueryPrepared, (void *c, const char *name, int n, const char *const *values, const int *lengths, const int *formats, int format), (c, name, n, values, lengths, formats, format), 0, "0", "lives")
CALL(int, PQpipelineSync, (void *c), (c), 0, "0", "lives")
CALL(int, PQflush, (void *c), (c), -1, "0", "lives")
CALL(int, PQconsumeInput, (void *c), (c), 0, "0", "lives")

CALL(void *, zmq_socket, (void *context, int type), (context, type), NULL, "EMFILE", "ends")
CALL(int, zmq_bind, (void *s, const char *endpoint), (s, endpoint), -1, "EADDRINUSE", "ends")
CALL(int, zmq_connect, (void *s, const char *endpoint), (s, endpoint), -1, "EMFILE", "lives")
CALL(int, zmq_poll, (void *items, int n, long ms), (items, n, ms), -1, "EINTR", "lives")
CALL(int, zmq_recv, (void *s, void *to, size_t n, int flags), (s, to, n, flags), -1, "EINTR EAGAIN", "lives")

CALL(ssize_t, read, (int fd, void *to, size_t n), (fd, to, n), -1, "EINTR EAGAIN", "ends")
CALL(ssize_t, write, (int fd, const void *from, size_t n), (fd, from, n), -1, "EINTR ENOSPC", "ends")
CALL(int, poll, (void *fds, unsigned long n, int ms), (fds, n, ms), -1, "EINTR", "lives")
CALL(int, epoll_wait, (int fd, void *events, int n, int ms), (fd, events, n, ms), -1, "EINTR", "lives")
CALL(int, socket, (int domain, int type, int protocol), (domain, type, protocol), -1, "EMFILE", "ends")
CALL(int, accept4, (int fd, void *from, void *n, int flags), (fd, from, n, flags), -1, "EMFILE EINTR", "lives")
CALL(int, eventfd, (unsigned value, int flags), (value, flags), -1, "EMFILE", "ends")
CALL(int, pthread_create, (void *thread, const void *attr, void *(*run)(void *), void *arg), (thread, attr, run, arg), EAGAIN, "0", "ends")

/* Those that failing.c writes out, as they fail only in certain ways: OWN(name, errors, what follows) */
OWN(PQgetResult, "0", "lives")
OWN(zmq_send, "EAGAIN EHOSTUNREACH EINTR", "lives")
OWN(zmq_msg_recv, "EAGAIN EINTR", "lives")
OWN(recv, "EINTR ECONNRESET", "lives")
OWN(send, "EINTR ECONNRESET", "lives")
#undef CALL
#undef OWN
