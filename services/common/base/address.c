#include "services/common/base/address.h"

#include <stdlib.h>
#include <string.h>

static bool copy_part(const char *from, size_t len, char *to, size_t cap_bytes)
{
    if (len == 0 || len >= cap_bytes)
        return false;
    memcpy(to, from, len);
    to[len] = 0;
    return true;
}

bool pulih_address_split(const char *text, struct pulih_address *ret)
{
    bool bracket = *text == '[';
    const char *host = bracket ? text + 1 : text;
    size_t host_len = strcspn(host, bracket ? "]/[" : ":]/["), skip = host_len + (bracket ? 1 : 0);

    if ((bracket && host[host_len] != ']') || host[skip] != ':')
        return false;
    const char *port = host + skip + 1;
    size_t port_len = strspn(port, "0123456789");
    return port[port_len] == 0 && copy_part(host, host_len, ret->host, sizeof ret->host) &&
           copy_part(port, port_len, ret->port, sizeof ret->port) && strtol(ret->port, NULL, 10) <= 65535;
}

const char *pulih_address_of_endpoint(const char *endpoint)
{
    static const char start[] = "tcp://";

    return strncmp(endpoint, start, sizeof start - 1) == 0 ? endpoint + sizeof start - 1 : NULL;
}

struct addrinfo *pulih_address_literal(const struct pulih_address *a)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    return getaddrinfo(a->host, a->port, &hints, &found) == 0 ? found : NULL;
}
