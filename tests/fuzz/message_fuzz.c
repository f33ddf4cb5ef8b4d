/* Any bytes as a frame, and as the body of every message: what decodes must encode, decode again and encode
 * to the same bytes. A refusal must say why. */
#include <stdint.h>
#include <string.h>

#include "proto/msg.h"
#include "pulih/base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_fault(const struct pulih_fault *fault)
{
    pulih_must(pulih_word_of(PULIH_WORDS_refusal, fault->refusal));
    pulih_must(fault->rule[0]);
    pulih_must(memchr(fault->field, 0, sizeof fault->field) && memchr(fault->rule, 0, sizeof fault->rule) &&
               memchr(fault->value, 0, sizeof fault->value));
}

static void try_body(enum pulih_m m, struct pulih_view body)
{
    struct pulih_buf once = {0}, twice = {0}, json = {0};
    struct pulih_fault fault;
    union pulih_any msg;

    if (!pulih_msg_decode(m, body, &msg, &fault)) {
        check_fault(&fault);
        return;
    }
    pulih_msg_print(m, &msg, PULIH_CLASS_ALL, &json);
    pulih_msg_encode(m, &msg, PULIH_CLASS_ALL, &once);
    pulih_must(pulih_msg_decode(m, pulih_view_of_buf(&once), &msg, &fault));
    pulih_msg_encode(m, &msg, PULIH_CLASS_ALL, &twice);
    pulih_must(pulih_view_same(pulih_view_of_buf(&once), pulih_view_of_buf(&twice)));
    pulih_buf_free(&once);
    pulih_buf_free(&twice);
    pulih_buf_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct pulih_view view = {(const char *)bytes, len};
    struct pulih_fault fault;
    struct pulih_view body;
    enum pulih_m m;

    if (pulih_frame_open(view, &m, &body, &fault))
        try_body(m, body);
    else
        check_fault(&fault);
    for (size_t i = 0; i < PULIH_M_N; i++)
        try_body((enum pulih_m)i, view);
    return 0;
}
