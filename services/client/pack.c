#include <string.h>

#include "services/client/client.h"

/* A head of one byte and a big-endian number of 1, 2, 4 or 8 bytes. */
static void add_head(struct pulih_buf *out, uint8_t head, uint64_t v, int bytes)
{
    pulih_buf_add_byte(out, head);
    for (int i = bytes - 1; i >= 0; i--)
        pulih_buf_add_byte(out, (uint8_t)(v >> (8 * i)));
}

void pulih_pack_nil(struct pulih_buf *out)
{
    pulih_buf_add_byte(out, 0xc0);
}

void pulih_pack_bool(struct pulih_buf *out, bool v)
{
    pulih_buf_add_byte(out, v ? 0xc3 : 0xc2);
}

void pulih_pack_uint(struct pulih_buf *out, uint64_t v)
{
    if (v < 0x80)
        pulih_buf_add_byte(out, (uint8_t)v);
    else if (v <= UINT8_MAX)
        add_head(out, 0xcc, v, 1);
    else if (v <= UINT16_MAX)
        add_head(out, 0xcd, v, 2);
    else if (v <= UINT32_MAX)
        add_head(out, 0xce, v, 4);
    else
        add_head(out, 0xcf, v, 8);
}

void pulih_pack_int(struct pulih_buf *out, int64_t v)
{
    if (v >= 0)
        pulih_pack_uint(out, (uint64_t)v);
    else if (v >= -32)
        pulih_buf_add_byte(out, (uint8_t)v);
    else
        add_head(out, 0xd3, (uint64_t)v, 8);
}

void pulih_pack_double(struct pulih_buf *out, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    add_head(out, 0xcb, bits, 8);
}

void pulih_pack_str(struct pulih_buf *out, struct pulih_view v)
{
    if (v.len < 32)
        pulih_buf_add_byte(out, (uint8_t)(0xa0 | v.len));
    else if (v.len <= UINT8_MAX)
        add_head(out, 0xd9, v.len, 1);
    else if (v.len <= UINT16_MAX)
        add_head(out, 0xda, v.len, 2);
    else
        add_head(out, 0xdb, v.len, 4);
    pulih_buf_add(out, v.at, v.len);
}

void pulih_pack_bin(struct pulih_buf *out, const void *at, size_t len)
{
    if (len <= UINT8_MAX)
        add_head(out, 0xc4, len, 1);
    else if (len <= UINT16_MAX)
        add_head(out, 0xc5, len, 2);
    else
        add_head(out, 0xc6, len, 4);
    pulih_buf_add(out, at, len);
}

void pulih_pack_array(struct pulih_buf *out, size_t n)
{
    if (n < 16)
        pulih_buf_add_byte(out, (uint8_t)(0x90 | n));
    else if (n <= UINT16_MAX)
        add_head(out, 0xdc, n, 2);
    else
        add_head(out, 0xdd, n, 4);
}

void pulih_pack_map(struct pulih_buf *out, size_t n)
{
    if (n < 16)
        pulih_buf_add_byte(out, (uint8_t)(0x80 | n));
    else if (n <= UINT16_MAX)
        add_head(out, 0xde, n, 2);
    else
        add_head(out, 0xdf, n, 4);
}
