/* Tells the service manager how the daemon is: the sd_notify protocol, without its library.
 *
 * Does.     Sends datagrams to $NOTIFY_SOCKET, a path or an abstract name (@...).
 * Promises. Silent where there is no such socket; never blocks; a lost datagram harms nothing.
 */
#ifndef PULIH_BASE_NOTIFY_H
#define PULIH_BASE_NOTIFY_H

#include <stdint.h>

struct pulih_notify;

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Never NULL. */
struct pulih_notify *pulih_notify_new(void);
/* Takes NULL. */
void pulih_notify_free(struct pulih_notify *n);

void pulih_notify_ready(struct pulih_notify *n);
void pulih_notify_stopping(struct pulih_notify *n);
/* Before a reload; after it comes pulih_notify_ready. */
void pulih_notify_reloading(struct pulih_notify *n);
/* One line for people; control signs become spaces. */
void pulih_notify_status(struct pulih_notify *n, const char *text);
void pulih_notify_watchdog(struct pulih_notify *n);
/* How long the manager waits for pulih_notify_watchdog before it acts, 0 when it does not; call it at least
 * twice as often. */
int64_t pulih_notify_watchdog_us(const struct pulih_notify *n);

#endif
