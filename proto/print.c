/* Messages as JSON, for people and for comparison with other decoders. */
#include <math.h>
#include <string.h>

#include <msgpack.h>

#include "proto/msg.h"
#include "proto/shape.h"
#include "pulih/base/clock.h"
#include "pulih/base/must.h"

static void add_literal(struct pulih_buf *out, const char *text)
{
    pulih_buf_add(out, text, strlen(text));
}

static void add_text(struct pulih_buf *out, struct pulih_view text)
{
    size_t from = 0;

    pulih_buf_add_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.at[i];

        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        pulih_buf_add(out, text.at + from, i - from);
        if (c == '"' || c == '\\')
            pulih_buf_addf(out, "\\%c", c);
        else if (c == '\n')
            add_literal(out, "\\n");
        else
            pulih_buf_addf(out, "\\u%04x", c);
        from = i + 1;
    }
    if (from < text.len)
        pulih_buf_add(out, text.at + from, text.len - from);
    pulih_buf_add_byte(out, '"');
}

static void add_hex(struct pulih_buf *out, struct pulih_view bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *p = pulih_buf_grow(out, 2 * bytes.len + 2);

    *p++ = '"';
    for (size_t i = 0; i < bytes.len; i++) {
        *p++ = digits[(uint8_t)bytes.at[i] >> 4];
        *p++ = digits[(uint8_t)bytes.at[i] & 15];
    }
    *p = '"';
}

static void add_id(struct pulih_buf *out, const struct pulih_id *id)
{
    char text[37];

    pulih_id_print(id, text);
    pulih_buf_addf(out, "\"%s\"", text);
}

static void add_time(struct pulih_buf *out, int64_t time_us)
{
    char text[28];

    pulih_time_print(time_us, text);
    pulih_buf_addf(out, "\"%s\"", text);
}

static void add_double(struct pulih_buf *out, double v)
{
    /* JSON has no infinities and no NaN. */
    if (isfinite(v))
        pulih_buf_addf(out, "%.17g", v);
    else
        add_literal(out, "null");
}

static void add_scalar(struct pulih_buf *out, struct pulih_view value)
{
    msgpack_zone zone = {0}; /* see read_scalar in decode.c */
    msgpack_object o;
    size_t at = 0;

    pulih_must(msgpack_unpack(value.at, value.len, &at, &zone, &o) == MSGPACK_UNPACK_SUCCESS);
    if (o.type == MSGPACK_OBJECT_BOOLEAN)
        add_literal(out, o.via.boolean ? "true" : "false");
    else if (o.type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        pulih_buf_addf(out, "%llu", (unsigned long long)o.via.u64);
    else if (o.type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        pulih_buf_addf(out, "%lld", (long long)o.via.i64);
    else if (o.type == MSGPACK_OBJECT_FLOAT32 || o.type == MSGPACK_OBJECT_FLOAT64)
        add_double(out, o.via.f64);
    else if (o.type == MSGPACK_OBJECT_STR)
        add_text(out, (struct pulih_view){o.via.str.ptr, o.via.str.size});
    else if (o.type == MSGPACK_OBJECT_BIN)
        add_hex(out, (struct pulih_view){o.via.bin.ptr, o.via.bin.size});
    else
        add_literal(out, "null");
}

static struct pulih_view take_value(struct pulih_view *at)
{
    struct pulih_view value = {at->at, pulih_shape_skip(*at)};

    *at = (struct pulih_view){at->at + value.len, at->len - value.len};
    return value;
}

/* JSON's keys are text: another key is printed and then quoted. */
static void add_key(struct pulih_buf *out, struct pulih_view key)
{
    struct pulih_buf text = {0};

    if (pulih_shape_head(key).shape == PULIH_SHAPE_STR) {
        add_scalar(out, key);
        return;
    }
    pulih_raw_print(key, &text);
    add_text(out, pulih_view_of_buf(&text));
    pulih_buf_free(&text);
}

/* Recursion ends: well-shaped bytes nest at most PULIH_DEPTH_MAX deep. */
void pulih_raw_print(struct pulih_view raw, struct pulih_buf *out)
{
    struct pulih_head head = pulih_shape_head(raw);
    bool map = head.shape == PULIH_SHAPE_MAP;
    struct pulih_view at;

    if (!map && head.shape != PULIH_SHAPE_ARRAY) {
        add_scalar(out, raw);
        return;
    }
    at = (struct pulih_view){raw.at + head.len, raw.len - head.len};
    pulih_buf_add_byte(out, map ? '{' : '[');
    for (uint32_t i = 0; i < head.n; i++) {
        if (i > 0)
            add_literal(out, ", ");
        if (map) {
            add_key(out, take_value(&at));
            add_literal(out, ": ");
        }
        pulih_raw_print(take_value(&at), out);
    }
    pulih_buf_add_byte(out, map ? '}' : ']');
}

static void add_list(struct pulih_buf *out, enum pulih_m of, const struct pulih_list *list, int classes)
{
    struct pulih_view at = list->raw;
    union pulih_any part;
    const char *comma = "";

    pulih_buf_add_byte(out, '[');
    for (; pulih_list_next(of, &at, &part); comma = ", ") {
        add_literal(out, comma);
        pulih_msg_print(of, &part, classes, out);
    }
    pulih_buf_add_byte(out, ']');
}

static void add_word(struct pulih_buf *out, enum pulih_words list, uint16_t number)
{
    const struct pulih_word *word = pulih_word_of(list, number);

    pulih_must(word);
    add_text(out, pulih_view_of(word->word));
}

static void add_field(struct pulih_buf *out, const struct pulih_field *f, const void *slot, int classes)
{
    switch (f->kind) {
    case PULIH_KIND_u64:
        pulih_buf_addf(out, "%llu", (unsigned long long)*(const uint64_t *)slot);
        break;
    case PULIH_KIND_i64:
        pulih_buf_addf(out, "%lld", (long long)*(const int64_t *)slot);
        break;
    case PULIH_KIND_time:
        add_time(out, *(const int64_t *)slot);
        break;
    case PULIH_KIND_boolean:
        add_literal(out, *(const bool *)slot ? "true" : "false");
        break;
    case PULIH_KIND_str:
        add_text(out, *(const struct pulih_view *)slot);
        break;
    case PULIH_KIND_bin:
        add_hex(out, *(const struct pulih_view *)slot);
        break;
    case PULIH_KIND_id:
        add_id(out, slot);
        break;
    case PULIH_KIND_word:
        add_word(out, (enum pulih_words)f->of, *(const uint16_t *)slot);
        break;
    case PULIH_KIND_raw:
        pulih_raw_print(*(const struct pulih_view *)slot, out);
        break;
    case PULIH_KIND_list:
        add_list(out, (enum pulih_m)f->of, slot, classes);
        break;
    }
}

void pulih_msg_print(enum pulih_m m, const void *msg, int classes, struct pulih_buf *out)
{
    const struct pulih_message *message = pulih_message(m);
    uint64_t has = *(const uint64_t *)msg;
    const char *comma = "";

    pulih_buf_add_byte(out, '{');
    for (size_t i = 0; i < message->n_fields; i++) {
        const struct pulih_field *f = &message->fields[i];

        if (!(has >> i & 1) || !((int)f->class & classes))
            continue;
        pulih_buf_addf(out, "%s\"%s\": ", comma, f->name);
        add_field(out, f, (const char *)msg + f->offset, classes);
        comma = ", ";
    }
    pulih_buf_add_byte(out, '}');
}
