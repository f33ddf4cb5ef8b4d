#include "pulih/base/must.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void pulih_must_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "pulih: bug: %s is false at %s:%d\n", expression, file, line);
    abort();
}

_Noreturn void pulih_out_of_memory(void)
{
    fputs("pulih: out of memory\n", stderr);
    abort();
}
