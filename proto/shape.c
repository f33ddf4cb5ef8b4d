#include "proto/shape.h"

_Static_assert(PULIH_DEPTH_MAX == 8, "the depth stands in a text below");

static const char cut_short[] = "must hold all the bytes it announces";
static const char left_over[] = "must end where its value ends";
static const char too_deep[] = "must not nest deeper than 8";
static const char not_utf8[] = "text must be UTF-8";
static const char no_ext[] = "must not hold extension types";
static const char no_c1[] = "must not hold the byte 0xc1";

/* Heads 0xc0 to 0xdf: what follows, and how many bytes of length or count do. A scalar's `size_bytes` is its
 * payload itself. */
static const struct {
    enum pulih_shape shape;
    uint8_t size_bytes;
    const char *refused;
} heads[32] = {
    {PULIH_SHAPE_SCALAR, 0, NULL},   /* c0 nil */
    {PULIH_SHAPE_SCALAR, 0, no_c1},  /* c1 */
    {PULIH_SHAPE_SCALAR, 0, NULL},   /* c2 false */
    {PULIH_SHAPE_SCALAR, 0, NULL},   /* c3 true */
    {PULIH_SHAPE_BIN, 1, NULL},      /* c4 bin 8 */
    {PULIH_SHAPE_BIN, 2, NULL},      /* c5 bin 16 */
    {PULIH_SHAPE_BIN, 4, NULL},      /* c6 bin 32 */
    {PULIH_SHAPE_SCALAR, 0, no_ext}, /* c7 ext 8 */
    {PULIH_SHAPE_SCALAR, 0, no_ext}, /* c8 ext 16 */
    {PULIH_SHAPE_SCALAR, 0, no_ext}, /* c9 ext 32 */
    {PULIH_SHAPE_SCALAR, 4, NULL},   /* ca float */
    {PULIH_SHAPE_SCALAR, 8, NULL},   /* cb double */
    {PULIH_SHAPE_SCALAR, 1, NULL},   /* cc uint 8 */
    {PULIH_SHAPE_SCALAR, 2, NULL},   /* cd uint 16 */
    {PULIH_SHAPE_SCALAR, 4, NULL},   /* ce uint 32 */
    {PULIH_SHAPE_SCALAR, 8, NULL},   /* cf uint 64 */
    {PULIH_SHAPE_SCALAR, 1, NULL},   /* d0 int 8 */
    {PULIH_SHAPE_SCALAR, 2, NULL},   /* d1 int 16 */
    {PULIH_SHAPE_SCALAR, 4, NULL},   /* d2 int 32 */
    {PULIH_SHAPE_SCALAR, 8, NULL},   /* d3 int 64 */
    {PULIH_SHAPE_SCALAR, 0, no_ext}, /* d4 fixext 1 */
    {PULIH_SHAPE_SCALAR, 0, no_ext}, /* d5 fixext 2 */
    {PULIH_SHAPE_SCALAR, 0, no_ext}, /* d6 fixext 4 */
    {PULIH_SHAPE_SCALAR, 0, no_ext}, /* d7 fixext 8 */
    {PULIH_SHAPE_SCALAR, 0, no_ext}, /* d8 fixext 16 */
    {PULIH_SHAPE_STR, 1, NULL},      /* d9 str 8 */
    {PULIH_SHAPE_STR, 2, NULL},      /* da str 16 */
    {PULIH_SHAPE_STR, 4, NULL},      /* db str 32 */
    {PULIH_SHAPE_ARRAY, 2, NULL},    /* dc array 16 */
    {PULIH_SHAPE_ARRAY, 4, NULL},    /* dd array 32 */
    {PULIH_SHAPE_MAP, 2, NULL},      /* de map 16 */
    {PULIH_SHAPE_MAP, 4, NULL},      /* df map 32 */
};

static uint32_t get_size(const uint8_t *p, size_t len)
{
    switch (len) {
    case 1:
        return p[0];
    case 2:
        return pulih_be16(p);
    default:
        return pulih_be32(p);
    }
}

/* Reads the head at p, which has at least one byte. NULL, or the rule it breaks. */
static inline const char *read_head(const uint8_t *p, const uint8_t *end, struct pulih_head *ret)
{
    uint8_t b = *p;

    if (b < 0x80 || b >= 0xe0) {
        *ret = (struct pulih_head){PULIH_SHAPE_SCALAR, 0, 1};
    } else if (b >= 0xc0) {
        size_t size_bytes = heads[b - 0xc0].size_bytes;
        if (heads[b - 0xc0].refused)
            return heads[b - 0xc0].refused;
        *ret = (struct pulih_head){heads[b - 0xc0].shape, (uint32_t)size_bytes, 1};
        if (ret->shape == PULIH_SHAPE_SCALAR)
            return NULL;
        if ((size_t)(end - p) <= size_bytes)
            return cut_short;
        ret->n = get_size(p + 1, size_bytes);
        ret->len += size_bytes;
    } else if (b >= 0xa0) {
        *ret = (struct pulih_head){PULIH_SHAPE_STR, b & 31u, 1};
    } else {
        *ret = (struct pulih_head){b >= 0x90 ? PULIH_SHAPE_ARRAY : PULIH_SHAPE_MAP, b & 15u, 1};
    }
    return NULL;
}

/* Goes up to a container that still wants values; false: all have come. */
static bool wants_more(const uint64_t *left, size_t *depth)
{
    while (left[*depth] == 0) {
        if (*depth == 0)
            return false;
        (*depth)--;
    }
    return true;
}

const char *pulih_shape_check(struct pulih_view bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.at;
    const uint8_t *end = p + bytes.len;
    uint64_t left[PULIH_DEPTH_MAX + 1]; /* values still to come, by depth */
    size_t depth = 0;

    left[0] = 1;
    while (wants_more(left, &depth)) {
        struct pulih_head head;
        const char *broken;

        left[depth]--;
        if (p == end)
            return cut_short;
        if ((broken = read_head(p, end, &head)))
            return broken;
        p += head.len;
        if ((size_t)(end - p) < head.n)
            return cut_short; /* also right for counts: each element takes a byte */
        if (head.shape == PULIH_SHAPE_ARRAY || head.shape == PULIH_SHAPE_MAP) {
            if (depth == PULIH_DEPTH_MAX)
                return too_deep;
            left[++depth] = head.shape == PULIH_SHAPE_MAP ? 2 * (uint64_t)head.n : head.n;
            continue;
        }
        if (head.shape == PULIH_SHAPE_STR && !pulih_is_utf8((struct pulih_view){(const char *)p, head.n}))
            return not_utf8;
        p += head.n;
    }
    return p == end ? NULL : left_over;
}

struct pulih_head pulih_shape_head(struct pulih_view bytes)
{
    struct pulih_head head = {PULIH_SHAPE_SCALAR, 0, 0};
    const uint8_t *p = (const uint8_t *)bytes.at;

    if (bytes.len)
        (void)read_head(p, p + bytes.len, &head);
    return head;
}

size_t pulih_shape_skip(struct pulih_view bytes)
{
    const uint8_t *start = (const uint8_t *)bytes.at;
    const uint8_t *p = start;
    const uint8_t *end = start + bytes.len;

    for (uint64_t left = 1; left > 0 && p < end; left--) {
        struct pulih_head head;

        if (read_head(p, end, &head))
            break;
        p += head.len;
        if (head.shape == PULIH_SHAPE_MAP)
            left += 2 * (uint64_t)head.n;
        else if (head.shape == PULIH_SHAPE_ARRAY)
            left += head.n;
        else
            p += head.n;
    }
    return (size_t)(p - start);
}
