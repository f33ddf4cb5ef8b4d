/* host:port and [ipv6]:port taken apart; for bus.c, http.c and resolve.c. */
#ifndef PULIH_BASE_ADDRESS_H
#define PULIH_BASE_ADDRESS_H

#include <netdb.h>
#include <stdbool.h>
#include <sys/socket.h>

struct pulih_address {
    char host[254]; /* a name, or an address without brackets */
    char port[6];
};

/* False for anything else; the host is not looked at further. */
bool pulih_address_split(const char *text, struct pulih_address *ret);
/* Behind tcp://, NULL if the endpoint has another start. */
const char *pulih_address_of_endpoint(const char *endpoint);
/* The address of an IP literal, NULL for a name. Frees with freeaddrinfo. */
struct addrinfo *pulih_address_literal(const struct pulih_address *a);

#endif
