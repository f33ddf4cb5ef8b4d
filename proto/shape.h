/* Is this one whole msgpack value, and nothing else? Asked before any other code looks at foreign bytes.
 *
 * Promises. Reads each byte at most once, allocates nothing, recurses nowhere. Every length and count that
 *           the bytes claim is really there; nesting is at most PULIH_DEPTH_MAX; strings are valid UTF-8;
 *           ext types and the unused byte 0xc1 are refused.
 */
#ifndef PULIH_PROTO_SHAPE_H
#define PULIH_PROTO_SHAPE_H

#include "proto/msg.h"

/* NULL if well-shaped, else the rule that is broken (a static English text). */
const char *pulih_shape_check(struct pulih_view bytes);
/* Bytes of the first value in well-shaped bytes. */
size_t pulih_shape_skip(struct pulih_view bytes);

enum pulih_shape { PULIH_SHAPE_SCALAR, PULIH_SHAPE_STR, PULIH_SHAPE_BIN, PULIH_SHAPE_ARRAY, PULIH_SHAPE_MAP };

struct pulih_head {
    enum pulih_shape shape;
    uint32_t n; /* str, bin: bytes; array: elements; map: pairs; scalar: bytes after the head */
    size_t len; /* of the head itself */
};

/* What the first value in well-shaped bytes is. */
struct pulih_head pulih_shape_head(struct pulih_view bytes);

#endif
