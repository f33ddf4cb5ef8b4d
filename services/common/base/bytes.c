#include "pulih/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "pulih/base/must.h"

struct pulih_view pulih_view_of(const char *zero_terminated)
{
    return (struct pulih_view){zero_terminated, zero_terminated ? strlen(zero_terminated) : 0};
}

struct pulih_view pulih_view_of_buf(const struct pulih_buf *b)
{
    return (struct pulih_view){b->at, b->len};
}

bool pulih_view_same(struct pulih_view a, struct pulih_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool pulih_view_is(struct pulih_view a, const char *zero_terminated)
{
    return pulih_view_same(a, pulih_view_of(zero_terminated));
}

int pulih_id_compare(const struct pulih_id *a, const struct pulih_id *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

bool pulih_id_is_zero(const struct pulih_id *id)
{
    static const struct pulih_id zero;
    return pulih_id_compare(id, &zero) == 0;
}

void pulih_id_print(const struct pulih_id *id, char out[37])
{
    static const char hex[] = "0123456789abcdef";
    char *p = out;

    for (size_t i = 0; i < sizeof id->b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = hex[id->b[i] >> 4];
        *p++ = hex[id->b[i] & 15];
    }
    *p = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool pulih_id_parse(struct pulih_view text, struct pulih_id *ret)
{
    struct pulih_id id = {{0}};
    bool dashes = text.len == 36;
    size_t digits = 0;

    if (text.len != 32 && !dashes)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool dash = dashes && (i == 8 || i == 13 || i == 18 || i == 23);
        int digit = hex_digit(text.at[i]);
        if (dash ? text.at[i] != '-' : digit < 0)
            return false;
        if (dash)
            continue;
        id.b[digits / 2] = (uint8_t)(id.b[digits / 2] << 4 | digit);
        digits++;
    }
    *ret = id;
    return true;
}

struct pulih_id pulih_id_new(int64_t now_us)
{
    struct pulih_id id;
    uint64_t now_ms = (uint64_t)now_us / 1000;

    randombytes_buf(id.b, sizeof id.b);
    for (int i = 0; i < 6; i++)
        id.b[i] = (uint8_t)(now_ms >> (40 - 8 * i));
    id.b[6] = (uint8_t)(0x70 | (id.b[6] & 0x0f));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}

void *pulih_buf_grow(struct pulih_buf *b, size_t len)
{
    if (b->cap_bytes - b->len < len) {
        size_t cap = b->cap_bytes ? b->cap_bytes : 256;
        while (cap - b->len < len)
            cap *= 2;
        b->at = realloc(b->at, cap);
        if (!b->at)
            pulih_out_of_memory();
        b->cap_bytes = cap;
    }
    b->len += len;
    return b->at + b->len - len;
}

void pulih_buf_add(struct pulih_buf *b, const void *bytes, size_t len)
{
    if (len)
        memcpy(pulih_buf_grow(b, len), bytes, len);
}

void pulih_buf_add_view(struct pulih_buf *b, struct pulih_view v)
{
    pulih_buf_add(b, v.at, v.len);
}

void pulih_buf_add_byte(struct pulih_buf *b, uint8_t byte)
{
    *(uint8_t *)pulih_buf_grow(b, 1) = byte;
}

static void put_be(struct pulih_buf *b, uint64_t v, size_t len)
{
    uint8_t *p = pulih_buf_grow(b, len);

    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
}

void pulih_buf_add_be16(struct pulih_buf *b, uint16_t v)
{
    put_be(b, v, 2);
}

void pulih_buf_add_be32(struct pulih_buf *b, uint32_t v)
{
    put_be(b, v, 4);
}

void pulih_buf_add_be64(struct pulih_buf *b, uint64_t v)
{
    put_be(b, v, 8);
}

void pulih_buf_addf(struct pulih_buf *b, const char *format, ...)
{
    va_list measure, print;

    va_start(measure, format);
    va_copy(print, measure);
    int len = vsnprintf(NULL, 0, format, measure);
    va_end(measure);
    pulih_must(len >= 0);
    char *at = pulih_buf_grow(b, (size_t)len + 1);
    vsnprintf(at, (size_t)len + 1, format, print);
    va_end(print);
    b->len--;
}

const char *pulih_buf_text(struct pulih_buf *b)
{
    pulih_buf_add_byte(b, 0);
    b->len--;
    return b->at;
}

void pulih_buf_empty(struct pulih_buf *b)
{
    b->len = 0;
}

void pulih_buf_free(struct pulih_buf *b)
{
    free(b->at);
    *b = (struct pulih_buf){0};
}

static uint64_t get_be(const void *at, size_t len)
{
    const uint8_t *p = at;
    uint64_t v = 0;

    for (size_t i = 0; i < len; i++)
        v = v << 8 | p[i];
    return v;
}

uint16_t pulih_be16(const void *at)
{
    return (uint16_t)get_be(at, 2);
}

uint32_t pulih_be32(const void *at)
{
    return (uint32_t)get_be(at, 4);
}

uint64_t pulih_be64(const void *at)
{
    return get_be(at, 8);
}
