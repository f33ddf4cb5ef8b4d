/* References: number -> fixed bijection -> eight signs of base 32 and a check sign.
 *
 * Promises. Every constant below is part of references that customers hold: none may ever change.
 *           tests/unit/reference_test.c keeps vectors of each.
 */
#include "pulih/core/reference.h"

#include <string.h>

#include "pulih/base/must.h"

enum { HALF_BITS = 20, HALF_MASK = (1 << HALF_BITS) - 1, ROUNDS = 4, SIGNS = 8, BODY = SIGNS + 1 };

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Multipliers of the four rounds: first 32 bits of the fractions of sqrt(2), sqrt(3), sqrt(5), sqrt(7), made
 * odd. */
static const uint32_t round_key[ROUNDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef373, 0xa54ff53b};

static uint32_t mix(uint32_t half, uint32_t key)
{
    uint32_t h = (half + 1) * key;

    h ^= h >> 15;
    h *= 0x2c1b3c6d;
    return (h ^ h >> 12) & HALF_MASK;
}

/* A Feistel network of two halves of 20 bits: a bijection whatever `mix` does. */
static uint64_t scatter(uint64_t number)
{
    uint32_t left = (uint32_t)(number >> HALF_BITS), right = number & HALF_MASK;

    for (int i = 0; i < ROUNDS; i++) {
        uint32_t next = left ^ mix(right, round_key[i]);
        left = right;
        right = next;
    }
    return (uint64_t)left << HALF_BITS | right;
}

static uint64_t gather(uint64_t scattered)
{
    uint32_t left = (uint32_t)(scattered >> HALF_BITS), right = scattered & HALF_MASK;

    for (int i = ROUNDS - 1; i >= 0; i--) {
        uint32_t before = right ^ mix(left, round_key[i]);
        right = left;
        left = before;
    }
    return (uint64_t)left << HALF_BITS | right;
}

/* Times x in GF(32) = GF(2)[x] / (x^5 + x^2 + 1), where x has order 31. */
static uint8_t times_x(uint8_t v)
{
    return (uint8_t)(v & 16 ? (v << 1 ^ 0x25) & 31 : v << 1);
}

/* Sum of sign i times x^(i+1), by Horner from the last sign. The check sign itself has weight x^0, so all
 * nine weights differ and none is 0: one wrong sign or one exchange of two signs never leaves the sum as it
 * was. */
static uint8_t check_sign(const uint8_t sign[SIGNS])
{
    uint8_t sum = 0;

    for (int i = SIGNS - 1; i >= 0; i--)
        sum = times_x(sum ^ sign[i]);
    return sum;
}

void pulih_reference_print(int64_t number, char out[PULIH_REFERENCE_BYTES])
{
    uint8_t sign[SIGNS];

    pulih_must(number >= 0 && number >> (2 * HALF_BITS) == 0);
    uint64_t scattered = scatter((uint64_t)number);
    for (int i = 0; i < SIGNS; i++)
        sign[i] = scattered >> (5 * (SIGNS - 1 - i)) & 31;

    memcpy(out, "PL-xxxx-xxxx-x", PULIH_REFERENCE_BYTES);
    for (int i = 0; i < SIGNS; i++)
        out[3 + i + i / 4] = alphabet[sign[i]];
    out[13] = alphabet[check_sign(sign)];
}

/* Value of a sign as people write it, or -1. */
static int sign_value(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        c = '0';
    if (c == 'I' || c == 'L')
        c = '1';
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

/* Collects the signs without spaces and dashes; their count, at most `max`, or -1 for a foreign sign. */
static int read_signs(struct pulih_view text, uint8_t *sign, int max)
{
    int n = 0;

    for (size_t i = 0; i < text.len && n < max; i++) {
        if (text.at[i] == ' ' || text.at[i] == '-' || text.at[i] == '\t')
            continue;
        int value = sign_value(text.at[i]);
        if (value < 0)
            return -1;
        sign[n++] = (uint8_t)value;
    }
    return n;
}

const char *pulih_reference_parse(struct pulih_view text, int64_t *ret_number)
{
    uint8_t sign[2 + BODY + 1]; /* prefix, body, and one more to notice that there are too many */
    const uint8_t *body = sign;
    uint64_t scattered = 0;

    int n = read_signs(text, sign, sizeof sign);
    if (n < 0)
        return "it has a sign that no reference has";
    if (n == 2 + BODY) {
        if (sign[0] != sign_value('P') || sign[1] != sign_value('L'))
            return "it does not begin with PL";
        body += 2;
    } else if (n != BODY) {
        return "it must have nine signs after PL";
    }
    if (check_sign(body) != body[SIGNS])
        return "its check sign does not fit: a sign is wrong";
    for (int i = 0; i < SIGNS; i++)
        scattered = scattered << 5 | body[i];
    *ret_number = (int64_t)gather(scattered);
    return NULL;
}

/* The top six bits of a multiplicative hash: ids that only count up, or share their time, still spread. */
int16_t pulih_shard(const struct pulih_id *id)
{
    uint64_t h = 0;

    for (size_t i = 0; i < sizeof id->b; i += 8) {
        h = (h ^ pulih_be64(id->b + i)) * 0x9e3779b97f4a7c15;
        h ^= h >> 32;
    }
    return (int16_t)(h * 0xd6e8feb86659fd93 >> 58);
}
