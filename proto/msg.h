/* Messages as structs and as bytes: one engine over the rows of messages.tbl.h.
 *
 * Does.     Encodes, decodes, checks and prints every message; splits one into its privacy classes.
 * Promises. Bytes are shape-checked before msgpack-c sees them. Decoding copies nothing: strings, raw values
 *           and lists are views into the caller's bytes, which must outlive the struct. Nothing allocates
 *           in a steady state.
 * Fails.    With the field, the rule and the value at fault in a struct pulih_fault.
 */
#ifndef PULIH_PROTO_MSG_H
#define PULIH_PROTO_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/words.h"
#include "pulih/base/bytes.h"

enum {
    PULIH_PROTOCOL = 1,
    PULIH_FRAME_MAX_BYTES = 256 * 1024,
    PULIH_HINT_MAX_BYTES = 4 * 1024 * 1024, /* hints stay between our own daemons */
    PULIH_DEPTH_MAX = 8,
};

#define PULIH_TIME_MAX_US INT64_C(253402300799999999) /* 9999-12-31 23:59:59.999999 UTC */

/* A list that was checked but not unpacked: see pulih_list_next. */
struct pulih_list {
    struct pulih_view raw; /* the elements, one msgpack map after the other, without the array's head */
    uint32_t n;
};

#define PULIH_CTYPE_u64     uint64_t
#define PULIH_CTYPE_i64     int64_t
#define PULIH_CTYPE_time    int64_t
#define PULIH_CTYPE_boolean bool
#define PULIH_CTYPE_str     struct pulih_view
#define PULIH_CTYPE_bin     struct pulih_view
#define PULIH_CTYPE_id      struct pulih_id
#define PULIH_CTYPE_word    uint16_t
#define PULIH_CTYPE_raw     struct pulih_view
#define PULIH_CTYPE_list    struct pulih_list

/* struct pulih_complaint and so on: one per message. `has` has bit i set when field i (in the order of the
 * table) is present; use PULIH_HAS and PULIH_SET. An absent field is all zero. */
#define MSG(m, ...)                                                                                          \
    struct pulih_##m {                                                                                       \
        uint64_t has;
#define FIELD(m, kind, name, ...) PULIH_CTYPE_##kind name;
#define END(m)                                                                                               \
    }                                                                                                        \
    ;
#include "proto/messages.tbl.h"

/* Room for any message. */
union pulih_any {
    uint64_t has;
#define MSG(m, ...) struct pulih_##m m;
#define FIELD(...)
#define END(m)
#include "proto/messages.tbl.h"
};

/* PULIH_M_complaint and so on: index of the message's rows. */
enum pulih_m {
#define MSG(m, ...) PULIH_M_##m,
#define FIELD(...)
#define END(m)
#include "proto/messages.tbl.h"
    PULIH_M_N
};

/* PULIH_WIRE_complaint and so on: number on the wire and in event.type. */
enum pulih_wire {
#define MSG(m, wire, ...) PULIH_WIRE_##m = (wire),
#define FIELD(...)
#define END(m)
#include "proto/messages.tbl.h"
};

/* PULIH_F_complaint_story and so on: index of the field within its message. */
#define MSG(m, ...)               enum {
#define FIELD(m, kind, name, ...) PULIH_F_##m##_##name,
#define END(m)                                                                                               \
    PULIH_F_##m##_N                                                                                          \
    }                                                                                                        \
    ;
#include "proto/messages.tbl.h"

#define PULIH_HAS(msg, m, name) (((msg)->has >> PULIH_F_##m##_##name) & 1)
#define PULIH_SET(msg, m, name, value)                                                                       \
    ((msg)->has |= UINT64_C(1) << PULIH_F_##m##_##name, (msg)->name = (value))

enum pulih_kind {
    PULIH_KIND_u64,
    PULIH_KIND_i64,
    PULIH_KIND_time,
    PULIH_KIND_boolean,
    PULIH_KIND_str,
    PULIH_KIND_bin,
    PULIH_KIND_id,
    PULIH_KIND_word,
    PULIH_KIND_raw,
    PULIH_KIND_list,
};

enum pulih_class { PULIH_CLASS_OPEN = 1, PULIH_CLASS_TEXT = 2, PULIH_CLASS_PERSON = 4, PULIH_CLASS_ALL = 7 };
enum pulih_role { PULIH_ROLE_DOOR, PULIH_ROLE_PART, PULIH_ROLE_IN, PULIH_ROLE_TICK, PULIH_ROLE_STEP };

/* Stages as messages name them; the numbers of services.tbl.h, so they fit the `holder` column. */
enum pulih_stage {
    PULIH_STAGE_none = 0,
#define SERVICE(name, number, ...) PULIH_STAGE_##name = (number),
#include "pulih/tbl/services.tbl.h"
    PULIH_STAGE_any = 255
};

struct pulih_field {
    const char *name;
    size_t name_len;
    enum pulih_kind kind;
    size_t offset;
    uint64_t max; /* see messages.tbl.h */
    int of;       /* word: enum pulih_words; list: enum pulih_m */
    bool need;
    enum pulih_class class;
    const char *doc;
};

struct pulih_message {
    const char *name;
    size_t name_len;
    uint16_t wire;
    enum pulih_role role;
    enum pulih_stage from;
    enum pulih_stage to;
    bool shown; /* published on the feed */
    const char *doc;
    const struct pulih_field *fields;
    size_t n_fields;
    uint64_t needs; /* bit i: field i is NEED */
    size_t struct_bytes;
    size_t frame_max_bytes;
};

/* Why bytes are no message. Texts are short, zero-terminated, English, and hold no personal data: `value`
 * is empty for fields of class TEXT and PERSON. */
struct pulih_fault {
    uint16_t refusal; /* PULIH_refusal_* */
    char field[80];
    char rule[200];
    char value[80];
};

/* A fault that no reader found: what a door refuses by its own rules. Texts that are too long are cut. */
struct pulih_fault pulih_fault_of(uint16_t refusal, const char *field, const char *rule);
/* The refusal that tells of a fault, with views into it. Id and retry_after_ms are the caller's to set. */
struct pulih_nack pulih_nack_of(const struct pulih_fault *fault);

const struct pulih_message *pulih_message(enum pulih_m m);
/* PULIH_M_N when there is none. */
enum pulih_m pulih_message_by_wire(uint64_t wire);
enum pulih_m pulih_message_by_name(struct pulih_view name);

/* Reads a map into the struct of message m. False: *ret is undefined, *fault says why. */
bool pulih_msg_decode(enum pulih_m m, struct pulih_view bytes, void *ret, struct pulih_fault *fault);
/* Reads a map that pulih_msg_encode wrote for some classes: adds its fields to *ret, which the caller zeroed
 * before the first part. NEED is asked only of fields whose class is in `classes`. */
bool pulih_msg_decode_part(enum pulih_m m, struct pulih_view bytes, int classes, void *ret,
                           struct pulih_fault *fault);
/* Appends the fields whose class is in `classes` (PULIH_CLASS_ALL: all) as a map and returns how many
 * there were. Fields are written in the order of the table; words by name. A message that would not
 * decode again is a bug. */
size_t pulih_msg_encode(enum pulih_m m, const void *msg, int classes, struct pulih_buf *out);
/* Appends one line of JSON without the line's end: {"name": value, ...}. Ids as UUIDs, other binary values as
 * hex, times as "2026-01-31T23:59:59.000000Z", words by name, raw values as JSON. */
void pulih_msg_print(enum pulih_m m, const void *msg, int classes, struct pulih_buf *out);

/* A frame is the array [PULIH_PROTOCOL, wire, body]. */
bool pulih_frame_open(struct pulih_view frame, enum pulih_m *ret_m, struct pulih_view *ret_body,
                      struct pulih_fault *fault);
void pulih_frame_encode(enum pulih_m m, const void *msg, struct pulih_buf *out);

/* Lists. Reading: *at starts as list->raw and moves on; false at the end. Writing: empty buffer, then
 * pulih_list_add for each element, then pulih_list_of the buffer. */
bool pulih_list_next(enum pulih_m of, struct pulih_view *at, void *ret);
void pulih_list_add(struct pulih_buf *b, enum pulih_m of, const void *element);
struct pulih_list pulih_list_of(const struct pulih_buf *b, uint32_t n);

/* Appends any well-shaped msgpack value as JSON. */
void pulih_raw_print(struct pulih_view raw, struct pulih_buf *out);

#endif
