/* The rows of messages.tbl.h as tables, and how to find one. */
#include "proto/msg.h"

#include <string.h>

#include "pulih/base/must.h"

enum { is_NEED = 1, is_MAY = 0, is_SHOWN = 1, is_HIDDEN = 0 };

#define OF_u64(of)     0
#define OF_i64(of)     0
#define OF_time(of)    0
#define OF_boolean(of) 0
#define OF_str(of)     0
#define OF_bin(of)     0
#define OF_id(of)      0
#define OF_raw(of)     0
#define OF_word(of)    (int)PULIH_WORDS_##of
#define OF_list(of)    (int)PULIH_M_##of

#define MAX_BYTES(m) ((int)PULIH_M_##m == (int)PULIH_M_hint ? PULIH_HINT_MAX_BYTES : PULIH_FRAME_MAX_BYTES)

// clang-format off
/* One row more than there are fields, because C has no empty arrays and ping has no fields. */
#define MSG(m, ...) static const struct pulih_field m##_fields[] = {
#define FIELD(m, kind, name, max, of, need, class, doc) {                                                    \
    #name, sizeof #name - 1, PULIH_KIND_##kind, offsetof(struct pulih_##m, name), max, OF_##kind(of),        \
    is_##need, PULIH_CLASS_##class, doc},
#define END(m) {.name = NULL}};
#include "proto/messages.tbl.h"

static const struct pulih_message messages[] = {
#define MSG(m, wire, role, from, to, feed, doc)  {                                                           \
    #m, sizeof #m - 1, wire, PULIH_ROLE_##role, PULIH_STAGE_##from, PULIH_STAGE_##to, is_##feed, doc, m##_fields,           \
    PULIH_F_##m##_N, 0
#define FIELD(m, kind, name, max, of, need, ...) | (uint64_t)is_##need << PULIH_F_##m##_##name
#define END(m) , sizeof(struct pulih_##m), MAX_BYTES(m)},
#include "proto/messages.tbl.h"
};

/* By wire number; the compiler refuses a number that is used twice. 0: no such message. */
static const uint8_t by_wire[256] = {
#define MSG(m, wire, ...) [wire] = PULIH_M_##m + 1,
#define FIELD(...)
#define END(m)
#include "proto/messages.tbl.h"
};

/* `has` has a bit for each field, and the engine finds it at the start of each struct. */
#define MSG(m, ...) _Static_assert((int)PULIH_F_##m##_N <= 64 && offsetof(struct pulih_##m, has) == 0, #m);
#define FIELD(...)
#define END(m)
#include "proto/messages.tbl.h"
// clang-format on

const struct pulih_message *pulih_message(enum pulih_m m)
{
    pulih_must(m < PULIH_M_N);
    return &messages[m];
}

enum pulih_m pulih_message_by_wire(uint64_t wire)
{
    if (wire >= PULIH_COUNT(by_wire) || by_wire[wire] == 0)
        return PULIH_M_N;
    return (enum pulih_m)(by_wire[wire] - 1);
}

enum pulih_m pulih_message_by_name(struct pulih_view name)
{
    for (size_t m = 0; m < PULIH_M_N; m++)
        if (name.len == messages[m].name_len && memcmp(name.at, messages[m].name, name.len) == 0)
            return (enum pulih_m)m;
    return PULIH_M_N;
}
