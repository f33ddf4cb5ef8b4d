/* A chronology by hand, with times as people write them, such as "2026-12-01T08:00:00Z". */
#ifndef PULIH_TEST_TOLD_H
#define PULIH_TEST_TOLD_H

#include "pulih/core/clocks.h"

enum { TOLD_MAX = 40 };

/* All zero is empty. */
struct told {
    struct pulih_told event[TOLD_MAX];
    struct pulih_buf body[TOLD_MAX];
    size_t n;
};

/* Fails the test where the text is no time. */
int64_t told_instant(const char *text);
/* The next version. NULL for `msg`: its body is absent. */
void told_add(struct told *t, const char *at, enum pulih_m m, int state, const void *msg);
void told_free(struct told *t);

#endif
