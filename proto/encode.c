/* Structs to bytes: one writer per kind of field, all through msgpack-c's packer into a growing buffer. */
#include <string.h>

#include <msgpack.h>

#include "proto/msg.h"
#include "pulih/base/must.h"

static int add_bytes(void *buf, const char *bytes, size_t len)
{
    pulih_buf_add(buf, bytes, len);
    return 0;
}

static void write_u64(msgpack_packer *pk, const struct pulih_field *f, const void *slot)
{
    uint64_t v = *(const uint64_t *)slot;

    pulih_must(v <= f->max);
    msgpack_pack_uint64(pk, v);
}

static void write_i64(msgpack_packer *pk, const struct pulih_field *f, const void *slot)
{
    int64_t v = *(const int64_t *)slot;

    pulih_must(v < 0 || (uint64_t)v <= f->max);
    msgpack_pack_int64(pk, v);
}

static void write_time(msgpack_packer *pk, const struct pulih_field *f, const void *slot)
{
    int64_t v = *(const int64_t *)slot;

    (void)f;
    pulih_must(v >= 0 && v <= PULIH_TIME_MAX_US);
    msgpack_pack_uint64(pk, (uint64_t)v);
}

static void write_boolean(msgpack_packer *pk, const struct pulih_field *f, const void *slot)
{
    (void)f;
    if (*(const bool *)slot)
        msgpack_pack_true(pk);
    else
        msgpack_pack_false(pk);
}

static void write_str(msgpack_packer *pk, const struct pulih_field *f, const void *slot)
{
    const struct pulih_view *v = slot;

    pulih_must(v->len <= f->max);
    msgpack_pack_str_with_body(pk, v->at, v->len);
}

static void write_bin(msgpack_packer *pk, const struct pulih_field *f, const void *slot)
{
    const struct pulih_view *v = slot;

    pulih_must(v->len <= f->max);
    msgpack_pack_bin_with_body(pk, v->at, v->len);
}

static void write_id(msgpack_packer *pk, const struct pulih_field *f, const void *slot)
{
    const struct pulih_id *id = slot;

    (void)f;
    msgpack_pack_bin_with_body(pk, id->b, sizeof id->b);
}

static void write_word(msgpack_packer *pk, const struct pulih_field *f, const void *slot)
{
    const struct pulih_word *word = pulih_word_of((enum pulih_words)f->of, *(const uint16_t *)slot);

    pulih_must(word);
    msgpack_pack_str_with_body(pk, word->word, strlen(word->word));
}

static void write_raw(msgpack_packer *pk, const struct pulih_field *f, const void *slot)
{
    const struct pulih_view *v = slot;

    pulih_must(v->len > 0 && v->len <= f->max);
    add_bytes(pk->data, v->at, v->len);
}

static void write_list(msgpack_packer *pk, const struct pulih_field *f, const void *slot)
{
    const struct pulih_list *list = slot;

    pulih_must(list->n <= f->max);
    msgpack_pack_array(pk, list->n);
    add_bytes(pk->data, list->raw.at, list->raw.len);
}

static void (*const write_kind[])(msgpack_packer *, const struct pulih_field *, const void *) = {
    [PULIH_KIND_u64] = write_u64,   [PULIH_KIND_i64] = write_i64,   [PULIH_KIND_time] = write_time,
    [PULIH_KIND_str] = write_str,   [PULIH_KIND_bin] = write_bin,   [PULIH_KIND_boolean] = write_boolean,
    [PULIH_KIND_id] = write_id,     [PULIH_KIND_word] = write_word, [PULIH_KIND_raw] = write_raw,
    [PULIH_KIND_list] = write_list,
};

/* Bits of the fields that are present and of a class asked for. */
static uint64_t fields_to_write(const struct pulih_message *m, uint64_t has, int classes)
{
    uint64_t bits = 0;

    pulih_must(m->n_fields == 64 || has >> m->n_fields == 0);
    if (classes == PULIH_CLASS_ALL) {
        pulih_must((has & m->needs) == m->needs);
        return has;
    }
    for (size_t i = 0; i < m->n_fields; i++)
        if ((int)m->fields[i].class & classes)
            bits |= has & UINT64_C(1) << i;
    return bits;
}

size_t pulih_msg_encode(enum pulih_m m, const void *msg, int classes, struct pulih_buf *out)
{
    const struct pulih_message *message = pulih_message(m);
    uint64_t bits = fields_to_write(message, *(const uint64_t *)msg, classes);
    size_t n = (size_t)__builtin_popcountll(bits);
    msgpack_packer pk;

    msgpack_packer_init(&pk, out, add_bytes);
    msgpack_pack_map(&pk, n);
    for (; bits; bits &= bits - 1) {
        const struct pulih_field *f = &message->fields[__builtin_ctzll(bits)];
        msgpack_pack_str_with_body(&pk, f->name, f->name_len);
        write_kind[f->kind](&pk, f, (const char *)msg + f->offset);
    }
    return n;
}

void pulih_frame_encode(enum pulih_m m, const void *msg, struct pulih_buf *out)
{
    msgpack_packer pk;

    msgpack_packer_init(&pk, out, add_bytes);
    msgpack_pack_array(&pk, 3);
    msgpack_pack_uint8(&pk, PULIH_PROTOCOL);
    msgpack_pack_uint16(&pk, pulih_message(m)->wire);
    pulih_msg_encode(m, msg, PULIH_CLASS_ALL, out);
}

void pulih_list_add(struct pulih_buf *b, enum pulih_m of, const void *element)
{
    pulih_msg_encode(of, element, PULIH_CLASS_ALL, b);
}

struct pulih_list pulih_list_of(const struct pulih_buf *b, uint32_t n)
{
    return (struct pulih_list){pulih_view_of_buf(b), n};
}
