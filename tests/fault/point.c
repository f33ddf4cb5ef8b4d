/* What happens at a point: linked into all programs of a build with POINTS=1, and into no other. */
#include "pulih/base/point.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_long passes; /* of the point that the environment names */

void pulih_point_pass(const char *name)
{
    const char *wanted = getenv("PULIH_POINT");
    size_t len = strlen(name);
    char *how;

    if (!wanted || strncmp(wanted, name, len) != 0 || wanted[len] != ':')
        return;
    if (atomic_fetch_add(&passes, 1) + 1 == strtol(wanted + len + 1, &how, 10))
        raise(strcmp(how, ":freeze") == 0 ? SIGSTOP : SIGKILL);
}
