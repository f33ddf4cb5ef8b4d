#include "tests/lib/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pulih/base/clock.h"

int64_t told_instant(const char *text)
{
    int64_t us;

    if (!pulih_time_parse(pulih_view_of(text), &us))
        fail_msg("%s is no time", text);
    return us;
}

void told_add(struct told *t, const char *at, enum pulih_m m, int state, const void *msg)
{
    struct pulih_buf *body = &t->body[t->n];

    assert_true(t->n < TOLD_MAX);
    if (msg)
        pulih_msg_encode(m, msg, PULIH_CLASS_OPEN, body);
    t->event[t->n] =
        (struct pulih_told){(int32_t)t->n + 1, m, state, told_instant(at), pulih_view_of_buf(body)};
    t->n++;
}

void told_free(struct told *t)
{
    for (size_t i = 0; i < t->n; i++)
        pulih_buf_free(&t->body[i]);
}
