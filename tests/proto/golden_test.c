/* The frames in proto/golden, made by another implementation (golden.py): all decode, and encode to the same
 * bytes. Runs in the project's root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/msg.h"

static void read_hex(const char *line, struct pulih_buf *ret)
{
    unsigned byte;

    pulih_buf_empty(ret);
    for (; sscanf(line, "%2x", &byte) == 1; line += 2)
        pulih_buf_add_byte(ret, (uint8_t)byte);
}

static void check_frame(enum pulih_m m, const struct pulih_buf *frame, struct pulih_buf *again)
{
    struct pulih_fault fault;
    struct pulih_view body;
    union pulih_any msg;
    enum pulih_m opened;

    if (!pulih_frame_open(pulih_view_of_buf(frame), &opened, &body, &fault) ||
        !pulih_msg_decode(opened, body, &msg, &fault))
        fail_msg("%s.%s: %s (%s)", pulih_message(m)->name, fault.field, fault.rule, fault.value);
    assert_int_equal(opened, m);
    pulih_buf_empty(again);
    pulih_frame_encode(m, &msg, again);
    assert_int_equal(frame->len, again->len);
    assert_memory_equal(frame->at, again->at, again->len);
}

static void each_message_has_golden_frames(void **state)
{
    struct pulih_buf frame = {0}, again = {0};
    char *line = NULL;
    size_t cap = 0;

    (void)state;
    for (size_t m = 0; m < PULIH_M_N; m++) {
        char path[100];
        size_t n = 0;
        FILE *file;

        snprintf(path, sizeof path, "proto/golden/%s.hex", pulih_message((enum pulih_m)m)->name);
        file = fopen(path, "r");
        if (!file)
            fail_msg("%s is missing", path);
        for (; getline(&line, &cap, file) > 0; n++) {
            read_hex(line, &frame);
            check_frame((enum pulih_m)m, &frame, &again);
        }
        fclose(file);
        assert_true(n > 0);
    }
    free(line);
    pulih_buf_free(&frame);
    pulih_buf_free(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_has_golden_frames),
    };
    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
