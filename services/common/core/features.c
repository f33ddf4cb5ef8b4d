#include "pulih/core/features.h"

#include <math.h>
#include <string.h>

#include "services/common/core/text.h"

enum { PIECE_MIN_BYTES = 3, PIECE_MAX_BYTES = 5, TABLE_MIN = 64, TIMES_MAX = 255 };

/* A place farther from where it belongs is not looked for, so that chosen words cannot make it slow. */
enum { WAY_MAX = 64 };

/* 1 + ln(n): a word said ten times does not count ten times. */
static float damped(unsigned times)
{
    static const float rows[] = {0.0f,      1.0f,      1.693147f, 2.098612f, 2.386294f,
                                 2.609438f, 2.791759f, 2.945910f, 3.079442f};

    return times < PULIH_COUNT(rows) ? rows[times] : 1.0f + logf((float)times);
}

static uint32_t mix(uint64_t key)
{
    key *= UINT64_C(0x9e3779b97f4a7c15);
    key ^= key >> 32;
    key *= UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(key >> 32);
}

struct pass {
    struct pulih_features *to;
    uint32_t mask; /* of the part of the table in use */
    const struct pulih_token *token;
    uint16_t nth;
};

/* A table of four places per feature that may come, as far as there is room; only that much is cleared. */
static void start(struct pass *p, const struct pulih_text *text, struct pulih_features *to)
{
    size_t may_come = 2 * text->n_tokens + 3 * (text->n_bytes + text->n_tokens);
    uint32_t places = TABLE_MIN;

    while (places < may_come + may_come / 2 && places < PULIH_COUNT(to->table))
        places *= 2;
    p->to = to;
    p->mask = places - 1;
    to->n = 0;
    memset(to->table, 0, places * sizeof *to->table);
}

static void add(struct pass *p, uint32_t hash, enum pulih_feature_kind kind)
{
    struct pulih_features *to = p->to;
    uint32_t at = hash & p->mask, way = 0;

    for (; to->table[at]; at = (at + 1) & p->mask) {
        struct pulih_feature *known = &to->items[to->table[at] - 1];

        if (known->hash == hash) {
            known->times = (uint8_t)(known->times + (known->times < TIMES_MAX));
            return;
        }
        if (++way == WAY_MAX)
            return;
    }
    if (to->n == PULIH_FEATURES_MAX)
        return;
    to->items[to->n++] = (struct pulih_feature){.hash = hash,
                                                .at = p->token->at,
                                                .len = p->token->len,
                                                .token = p->nth,
                                                .times = 1,
                                                .kind = (uint8_t)kind};
    to->table[at] = (uint16_t)to->n;
}

static unsigned char plain(char c)
{
    return c >= '0' && c <= '9' ? '0' : (unsigned char)c;
}

/* Adds the pieces that end with the byte which came last into the window. */
static void add_pieces(struct pass *p, uint64_t window, size_t have)
{
    for (unsigned n = PIECE_MIN_BYTES; n <= PIECE_MAX_BYTES && n <= have; n++) {
        uint64_t key = (window & ((UINT64_C(1) << 8 * n) - 1)) | (uint64_t)n << 56;

        add(p, mix(key), PULIH_FEATURE_piece);
    }
}

/* Adds the word and its pieces; returns the word's own key. */
static uint64_t add_word(struct pass *p, struct pulih_view word)
{
    uint64_t key = UINT64_C(14695981039346656037), window = ' ';

    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = plain(word.at[i]);

        key = (key ^ c) * UINT64_C(1099511628211);
        window = window << 8 | c;
        add_pieces(p, window, i + 2);
    }
    add_pieces(p, window << 8 | ' ', word.len + 2);
    add(p, mix(key), PULIH_FEATURE_word);
    return key;
}

/* Words and pairs stand for what is said, pieces for how it is spelt; each of both parts has length 1. */
static void weigh(struct pulih_features *to)
{
    float said = 0, spelt = 0;

    for (size_t i = 0; i < to->n; i++) {
        float value = to->items[i].value = damped(to->items[i].times);

        if (to->items[i].kind == PULIH_FEATURE_piece)
            spelt += value * value;
        else
            said += value * value;
    }
    said = said > 0 ? 1 / sqrtf(said) : 0;
    spelt = spelt > 0 ? 1 / sqrtf(spelt) : 0;
    for (size_t i = 0; i < to->n; i++)
        to->items[i].value *= to->items[i].kind == PULIH_FEATURE_piece ? spelt : said;
}

void pulih_features_read(const struct pulih_text *text, struct pulih_features *ret)
{
    struct pass p;
    uint64_t before = 0;

    start(&p, text, ret);
    for (size_t i = 0; i < text->n_tokens && ret->n < PULIH_FEATURES_MAX; i++) {
        const struct pulih_token *token = &text->tokens[i];

        p.token = token;
        p.nth = (uint16_t)i;
        uint64_t key = add_word(&p, pulih_token_word(text, token));
        if (i > 0 && !token->starts)
            add(&p, mix(before * 31 + key), PULIH_FEATURE_pair);
        before = key;
    }
    weigh(ret);
}

void pulih_features_of(struct pulih_view utf8, struct pulih_features *ret)
{
    PULIH_UNSET struct pulih_text text;

    pulih_text_read(utf8, &text);
    pulih_features_read(&text, ret);
}
