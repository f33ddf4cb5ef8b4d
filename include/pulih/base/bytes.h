/* Views, ids and growing buffers: how bytes travel through pulih.
 *
 * Does.     A view points at bytes that somebody else owns. A buffer owns its bytes and keeps its memory
 *           when it is emptied, so a steady state allocates nothing.
 * Fails.    Only for want of memory, which aborts.
 */
#ifndef PULIH_BASE_BYTES_H
#define PULIH_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pulih/base/own.h"

/* Bytes owned elsewhere; text is UTF-8 without a terminating zero. `at` is NULL when the value is absent. */
struct pulih_view {
    const char *at;
    size_t len;
};

/* 16 bytes that name a complaint or a message; made by the sender, best time-ordered (UUIDv7). */
struct pulih_id {
    uint8_t b[16];
};

struct pulih_buf {
    char *at;
    size_t len;
    size_t cap_bytes;
};

#define PULIH_VIEW(literal) ((struct pulih_view){(literal), sizeof(literal) - 1})
#define PULIH_VIEW_ARG(v)   (int)(v).len, (v).at /* for "%.*s" */

struct pulih_view pulih_view_of(const char *zero_terminated);
struct pulih_view pulih_view_of_buf(const struct pulih_buf *b);
bool pulih_view_same(struct pulih_view a, struct pulih_view b);
bool pulih_view_is(struct pulih_view a, const char *zero_terminated);
/* Well-formed by RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
bool pulih_is_utf8(struct pulih_view text);

int pulih_id_compare(const struct pulih_id *a, const struct pulih_id *b);
bool pulih_id_is_zero(const struct pulih_id *id);
/* Writes the 36 characters and the terminating zero of the usual UUID form. */
void pulih_id_print(const struct pulih_id *id, char out[37]);
/* Reads the usual UUID form, dashes optional. False if it is anything else. */
bool pulih_id_parse(struct pulih_view text, struct pulih_id *ret);
/* A new UUIDv7: milliseconds of `now_us`, then random bits. */
struct pulih_id pulih_id_new(int64_t now_us);

/* Appends; the memory moves, so keep offsets and not pointers across calls. */
void pulih_buf_add(struct pulih_buf *b, const void *bytes, size_t len);
void pulih_buf_add_view(struct pulih_buf *b, struct pulih_view v);
void pulih_buf_add_byte(struct pulih_buf *b, uint8_t byte);
void pulih_buf_add_be16(struct pulih_buf *b, uint16_t v);
void pulih_buf_add_be32(struct pulih_buf *b, uint32_t v);
void pulih_buf_add_be64(struct pulih_buf *b, uint64_t v);
void pulih_buf_addf(struct pulih_buf *b, const char *format, ...) PULIH_PRINTF(2, 3);
/* Makes room for `len` more bytes and returns where they start; the caller fills them. */
void *pulih_buf_grow(struct pulih_buf *b, size_t len);
/* Zero-terminated text of the buffer; the zero is not counted in len. */
const char *pulih_buf_text(struct pulih_buf *b);
void pulih_buf_empty(struct pulih_buf *b);
void pulih_buf_free(struct pulih_buf *b);

uint16_t pulih_be16(const void *at);
uint32_t pulih_be32(const void *at);
uint64_t pulih_be64(const void *at);

#endif
