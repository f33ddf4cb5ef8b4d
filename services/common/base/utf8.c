#include <string.h>

#include "pulih/base/bytes.h"

/* Length of the character at p if it is well-formed, else 0. `left` is at least 1. */
static size_t utf8_char(const uint8_t *p, size_t left)
{
    size_t len;
    uint8_t low = 0x80, high = 0xbf; /* bounds of the second byte: no overlong forms, no surrogates */

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (left < len || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool pulih_is_utf8(struct pulih_view text)
{
    const uint8_t *p = (const uint8_t *)text.at;
    size_t i = 0;

    while (i < text.len) {
        uint64_t eight;
        size_t step;

        /* Most text is ASCII: eight bytes at a time. */
        while (text.len - i >= sizeof eight) {
            memcpy(&eight, p + i, sizeof eight);
            if (eight & UINT64_C(0x8080808080808080))
                break;
            i += sizeof eight;
        }
        if (i == text.len)
            break;
        step = utf8_char(p + i, text.len - i);
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}
