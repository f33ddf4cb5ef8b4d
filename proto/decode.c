/* Bytes to structs: walks the top-level map in its own order, one reader per kind of field.
 *
 * msgpack-c reads the scalars. It is never handed an array or a map: it would allocate for them. */
#include <string.h>

#include <msgpack.h>

#include "proto/fault.h"
#include "proto/msg.h"
#include "proto/shape.h"
#include "pulih/base/must.h"

static bool decode_map(const struct pulih_message *m, struct pulih_view *at, int classes, void *ret,
                       struct pulih_fault *fault);

static struct pulih_view after(struct pulih_view at, size_t len)
{
    return (struct pulih_view){at.at + len, at.len - len};
}

/* Reads a whole value that is neither array nor map; those come back as nil. The zone is there so that
 * msgpack-c does not make one: a scalar takes nothing from it, text stays where it is. */
static msgpack_object read_scalar(struct pulih_view value)
{
    msgpack_zone zone = {0};
    msgpack_object o = {0};
    size_t at = 0;
    uint8_t b = (uint8_t)value.at[0];

    if ((b < 0x80 || b >= 0xa0) && (b < 0xdc || b >= 0xe0))
        pulih_must(msgpack_unpack(value.at, value.len, &at, &zone, &o) == MSGPACK_UNPACK_SUCCESS);
    return o;
}

/* The last `len` bytes of a value. (msgpack-c's own pointer is NULL when there are none, and that would mean
 * an absent field.) */
static struct pulih_view tail(struct pulih_view value, size_t len)
{
    return (struct pulih_view){value.at + value.len - len, len};
}

static bool read_u64(const struct pulih_field *f, struct pulih_view value, void *slot,
                     struct pulih_fault *fault)
{
    msgpack_object o = read_scalar(value);

    if (o.type != MSGPACK_OBJECT_POSITIVE_INTEGER || o.via.u64 > f->max)
        return pulih_fault_field(
            fault, f, value, "must be a whole number from 0 to %llu, got %s", (unsigned long long)f->max,
            o.type == MSGPACK_OBJECT_POSITIVE_INTEGER ? "a greater one" : pulih_fault_kind(value));
    *(uint64_t *)slot = o.via.u64;
    return true;
}

static bool read_i64(const struct pulih_field *f, struct pulih_view value, void *slot,
                     struct pulih_fault *fault)
{
    msgpack_object o = read_scalar(value);
    uint64_t max = f->max < INT64_MAX ? f->max : INT64_MAX;

    if (o.type == MSGPACK_OBJECT_NEGATIVE_INTEGER ||
        (o.type == MSGPACK_OBJECT_POSITIVE_INTEGER && o.via.u64 <= max)) {
        *(int64_t *)slot = o.via.i64;
        return true;
    }
    return pulih_fault_field(
        fault, f, value, "must be a whole number of at most %llu, got %s", (unsigned long long)max,
        o.type == MSGPACK_OBJECT_POSITIVE_INTEGER ? "a greater one" : pulih_fault_kind(value));
}

static bool read_time(const struct pulih_field *f, struct pulih_view value, void *slot,
                      struct pulih_fault *fault)
{
    msgpack_object o = read_scalar(value);

    if (o.type != MSGPACK_OBJECT_POSITIVE_INTEGER || o.via.u64 > PULIH_TIME_MAX_US)
        return pulih_fault_field(
            fault, f, value, "must be microseconds since 1970, before the year 10000, got %s",
            o.type == MSGPACK_OBJECT_POSITIVE_INTEGER ? "a later time" : pulih_fault_kind(value));
    *(int64_t *)slot = o.via.i64;
    return true;
}

static bool read_boolean(const struct pulih_field *f, struct pulih_view value, void *slot,
                         struct pulih_fault *fault)
{
    msgpack_object o = read_scalar(value);

    if (o.type != MSGPACK_OBJECT_BOOLEAN)
        return pulih_fault_field(fault, f, value, "must be true or false, got %s", pulih_fault_kind(value));
    *(bool *)slot = o.via.boolean;
    return true;
}

static bool read_str(const struct pulih_field *f, struct pulih_view value, void *slot,
                     struct pulih_fault *fault)
{
    msgpack_object o = read_scalar(value);
    struct pulih_view text;

    if (o.type != MSGPACK_OBJECT_STR)
        return pulih_fault_field(fault, f, value, "must be text, got %s", pulih_fault_kind(value));
    text = tail(value, o.via.str.size);
    if (o.via.str.size > f->max)
        return pulih_fault_field(fault, f, value, "must be at most %llu bytes, got %lu",
                                 (unsigned long long)f->max, (unsigned long)o.via.str.size);
    if (memchr(text.at, 0, text.len))
        return pulih_fault_field(fault, f, value, "must not hold the character U+0000");
    *(struct pulih_view *)slot = text;
    return true;
}

static bool read_bin(const struct pulih_field *f, struct pulih_view value, void *slot,
                     struct pulih_fault *fault)
{
    msgpack_object o = read_scalar(value);

    if (o.type != MSGPACK_OBJECT_BIN)
        return pulih_fault_field(fault, f, value, "must be binary, got %s", pulih_fault_kind(value));
    if (o.via.bin.size > f->max)
        return pulih_fault_field(fault, f, value, "must be at most %llu bytes, got %lu",
                                 (unsigned long long)f->max, (unsigned long)o.via.bin.size);
    *(struct pulih_view *)slot = tail(value, o.via.bin.size);
    return true;
}

static bool read_id(const struct pulih_field *f, struct pulih_view value, void *slot,
                    struct pulih_fault *fault)
{
    msgpack_object o = read_scalar(value);
    struct pulih_id *id = slot;

    if (o.type != MSGPACK_OBJECT_BIN)
        return pulih_fault_field(fault, f, value, "must be 16 bytes of binary, got %s",
                                 pulih_fault_kind(value));
    if (o.via.bin.size != sizeof id->b)
        return pulih_fault_field(fault, f, value, "must be 16 bytes of binary, got %lu",
                                 (unsigned long)o.via.bin.size);
    memcpy(id->b, o.via.bin.ptr, sizeof id->b);
    return true;
}

/* As many words as fit; the last ones of a long list give way to "...". */
static bool fault_word(const struct pulih_field *f, struct pulih_view value, struct pulih_fault *fault)
{
    size_t n;
    const struct pulih_word *words = pulih_words((enum pulih_words)f->of, &n);
    char allowed[sizeof fault->rule - 32];
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        size_t word_len = strlen(words[i].word);
        if (len + word_len + 8 > sizeof allowed) {
            memcpy(allowed + len, ", ...", 5);
            len += 5;
            break;
        }
        if (i > 0) {
            memcpy(allowed + len, ", ", 2);
            len += 2;
        }
        memcpy(allowed + len, words[i].word, word_len);
        len += word_len;
    }
    return pulih_fault_field(fault, f, value, "must be one of: %.*s", (int)len, allowed);
}

static bool read_word(const struct pulih_field *f, struct pulih_view value, void *slot,
                      struct pulih_fault *fault)
{
    msgpack_object o = read_scalar(value);
    int number;

    if (o.type != MSGPACK_OBJECT_STR)
        return pulih_fault_field(fault, f, value, "must be a word as text, got %s", pulih_fault_kind(value));
    number = pulih_word_number((enum pulih_words)f->of, tail(value, o.via.str.size));
    if (number < 0)
        return fault_word(f, value, fault);
    *(uint16_t *)slot = (uint16_t)number;
    return true;
}

static bool read_raw(const struct pulih_field *f, struct pulih_view value, void *slot,
                     struct pulih_fault *fault)
{
    if (pulih_shape_head(value).shape != PULIH_SHAPE_MAP)
        return pulih_fault_field(fault, f, value, "must be a map, got %s", pulih_fault_kind(value));
    if (value.len > f->max)
        return pulih_fault_field(fault, f, value, "must be at most %llu bytes, got %zu",
                                 (unsigned long long)f->max, value.len);
    *(struct pulih_view *)slot = value;
    return true;
}

static bool read_list(const struct pulih_field *f, struct pulih_view value, void *slot,
                      struct pulih_fault *fault)
{
    struct pulih_head head = pulih_shape_head(value);
    const struct pulih_message *part_of = pulih_message((enum pulih_m)f->of);
    struct pulih_list *list = slot;
    struct pulih_view at;

    if (head.shape != PULIH_SHAPE_ARRAY)
        return pulih_fault_field(fault, f, value, "must be an array, got %s", pulih_fault_kind(value));
    if (head.n > f->max)
        return pulih_fault_field(fault, f, value, "must be at most %llu elements, got %lu",
                                 (unsigned long long)f->max, (unsigned long)head.n);
    list->raw = at = after(value, head.len);
    list->n = head.n;
    for (uint32_t i = 0; i < list->n; i++) {
        union pulih_any part;
        memset(&part, 0, part_of->struct_bytes);
        if (!decode_map(part_of, &at, PULIH_CLASS_ALL, &part, fault))
            return pulih_fault_in_list(fault, f, i);
    }
    return true;
}

static bool (*const read_kind[])(const struct pulih_field *, struct pulih_view, void *,
                                 struct pulih_fault *) = {
    [PULIH_KIND_u64] = read_u64,   [PULIH_KIND_i64] = read_i64,   [PULIH_KIND_time] = read_time,
    [PULIH_KIND_str] = read_str,   [PULIH_KIND_bin] = read_bin,   [PULIH_KIND_boolean] = read_boolean,
    [PULIH_KIND_id] = read_id,     [PULIH_KIND_word] = read_word, [PULIH_KIND_raw] = read_raw,
    [PULIH_KIND_list] = read_list,
};

/* Field of that name, or NULL. Senders mostly keep the order of the table, so the search starts after the
 * field found last (*next) and goes round once. */
static const struct pulih_field *find_field(const struct pulih_message *m, struct pulih_view name,
                                            size_t *next)
{
    for (size_t n = 0; n < m->n_fields; n++) {
        size_t i = *next + n < m->n_fields ? *next + n : *next + n - m->n_fields;
        const struct pulih_field *f = &m->fields[i];

        if (f->name_len == name.len && memcmp(f->name, name.at, name.len) == 0) {
            *next = i + 1;
            return f;
        }
    }
    return NULL;
}

static bool check_needs(const struct pulih_message *m, int classes, uint64_t has, struct pulih_fault *fault)
{
    if ((has & m->needs) == m->needs)
        return true;
    for (size_t i = 0; i < m->n_fields; i++) {
        const struct pulih_field *f = &m->fields[i];
        if (f->need && ((int)f->class & classes) && !(has >> i & 1))
            return pulih_fault_field(fault, f, (struct pulih_view){0}, "is needed");
    }
    return true;
}

static struct pulih_view take_value(struct pulih_view *at)
{
    struct pulih_view value = {at->at, pulih_shape_skip(*at)};

    *at = after(*at, value.len);
    return value;
}

/* Reads the name and the value at *at and moves past them. A name that is not in the table is skipped. */
static bool decode_pair(const struct pulih_message *m, struct pulih_view *at, size_t *next, void *ret,
                        struct pulih_fault *fault)
{
    struct pulih_head head = pulih_shape_head(*at);
    struct pulih_view name = take_value(at);
    struct pulih_view value = take_value(at);
    const struct pulih_field *f;
    uint64_t *has = ret;
    uint64_t bit;

    if (head.shape != PULIH_SHAPE_STR)
        return pulih_fault_whole(fault, PULIH_refusal_bad_field, "a field's name must be text, got %s",
                                 pulih_fault_kind(name));
    f = find_field(m, after(name, head.len), next);
    if (!f)
        return true;
    bit = UINT64_C(1) << (f - m->fields);
    if (*has & bit)
        return pulih_fault_field(fault, f, value, "may come only once");
    *has |= bit;
    return read_kind[f->kind](f, value, (char *)ret + f->offset, fault);
}

/* Adds the fields of the map at *at to *ret and moves past it. */
static bool decode_map(const struct pulih_message *m, struct pulih_view *at, int classes, void *ret,
                       struct pulih_fault *fault)
{
    struct pulih_head head = pulih_shape_head(*at);
    size_t next = 0;

    if (head.shape != PULIH_SHAPE_MAP)
        return pulih_fault_whole(fault, PULIH_refusal_bad_field, "must be a map, got %s",
                                 pulih_fault_kind(*at));
    *at = after(*at, head.len);
    for (uint32_t i = 0; i < head.n; i++)
        if (!decode_pair(m, at, &next, ret, fault))
            return false;
    return check_needs(m, classes, *(const uint64_t *)ret, fault);
}

bool pulih_msg_decode_part(enum pulih_m m, struct pulih_view bytes, int classes, void *ret,
                           struct pulih_fault *fault)
{
    const char *broken = pulih_shape_check(bytes);

    if (broken)
        return pulih_fault_whole(fault, PULIH_refusal_bad_frame, "%s", broken);
    return decode_map(pulih_message(m), &bytes, classes, ret, fault);
}

bool pulih_msg_decode(enum pulih_m m, struct pulih_view bytes, void *ret, struct pulih_fault *fault)
{
    memset(ret, 0, pulih_message(m)->struct_bytes);
    return pulih_msg_decode_part(m, bytes, PULIH_CLASS_ALL, ret, fault);
}

bool pulih_list_next(enum pulih_m of, struct pulih_view *at, void *ret)
{
    struct pulih_fault fault;

    if (at->len == 0)
        return false;
    memset(ret, 0, pulih_message(of)->struct_bytes);
    pulih_must(decode_map(pulih_message(of), at, PULIH_CLASS_ALL, ret, &fault));
    return true;
}

/* Takes the whole number at *at; -1 if something else stands there. */
static int64_t take_number(struct pulih_view *at)
{
    msgpack_object o = read_scalar(take_value(at));

    return o.type == MSGPACK_OBJECT_POSITIVE_INTEGER && o.via.u64 <= INT64_MAX ? o.via.i64 : -1;
}

static bool fault_too_big(struct pulih_fault *fault, struct pulih_view frame, size_t max_bytes)
{
    return pulih_fault_whole(fault, PULIH_refusal_too_big, "a frame must be at most %zu bytes, got %zu",
                             max_bytes, frame.len);
}

bool pulih_frame_open(struct pulih_view frame, enum pulih_m *ret_m, struct pulih_view *ret_body,
                      struct pulih_fault *fault)
{
    const char *broken;
    struct pulih_view at = frame;
    struct pulih_head head;

    if (frame.len > PULIH_HINT_MAX_BYTES)
        return fault_too_big(fault, frame, PULIH_FRAME_MAX_BYTES);
    if ((broken = pulih_shape_check(frame)))
        return pulih_fault_whole(fault, PULIH_refusal_bad_frame, "%s", broken);
    head = pulih_shape_head(at);
    if (head.shape != PULIH_SHAPE_ARRAY || head.n != 3)
        return pulih_fault_whole(fault, PULIH_refusal_bad_frame,
                                 "a frame must be an array of three: protocol, type, body");
    at = after(at, head.len);
    if (take_number(&at) != PULIH_PROTOCOL)
        return pulih_fault_whole(fault, PULIH_refusal_bad_protocol, "the protocol must be %d",
                                 PULIH_PROTOCOL);
    *ret_m = pulih_message_by_wire((uint64_t)take_number(&at));
    if (*ret_m == PULIH_M_N)
        return pulih_fault_whole(fault, PULIH_refusal_unknown_type,
                                 "the type must be a known message's number");
    if (frame.len > pulih_message(*ret_m)->frame_max_bytes)
        return fault_too_big(fault, frame, pulih_message(*ret_m)->frame_max_bytes);
    *ret_body = at;
    return true;
}
