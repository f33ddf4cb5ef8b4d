#include "pulih/core/features.h"

#include <math.h>
#include <string.h>

#include "services/common/core/word_features.h"

enum { PIECE_MIN_BYTES = 3, PIECE_MAX_BYTES = 5, PIECES_PER_BYTE = 3, TABLE_MIN = 64 };

/* A place farther from where it belongs is not looked for, so that chosen words cannot make it slow. */
enum { WAY_MAX = 64 };

float pulih_damped(unsigned times)
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

static unsigned char plain(char c)
{
    return c >= '0' && c <= '9' ? '0' : (unsigned char)c;
}

/* Those that end with the byte which came last into the window. All are made, and the next ones put over
 * those that reach before the word. */
static void make_pieces(uint64_t window, size_t have, struct pulih_word_features *ret)
{
    for (unsigned n = PIECE_MIN_BYTES; n <= PIECE_MAX_BYTES; n++) {
        uint64_t key = (window & ((UINT64_C(1) << 8 * n) - 1)) | (uint64_t)n << 56;

        ret->pieces[ret->n_pieces + n - PIECE_MIN_BYTES] = mix(key);
    }
    ret->n_pieces += have < PIECE_MIN_BYTES   ? 0
                     : have < PIECE_MAX_BYTES ? have - PIECE_MIN_BYTES + 1
                                              : PIECES_PER_BYTE;
}

void pulih_word_features(struct pulih_view word, struct pulih_word_features *ret)
{
    uint64_t key = UINT64_C(14695981039346656037), window = ' ';

    ret->n_pieces = 0;
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = plain(word.at[i]);

        key = (key ^ c) * UINT64_C(1099511628211);
        window = window << 8 | c;
        make_pieces(window, i + 2, ret);
    }
    make_pieces(window << 8 | ' ', word.len + 2, ret);
    ret->word = mix(key);
    ret->key = key;
}

uint32_t pulih_pair_feature(uint64_t before, uint64_t key)
{
    return mix(before * 31 + key);
}

/* A table of four places per feature that may come, as far as there is room; only that much is cleared.
 * Returns the mask of its places. */
static uint32_t start(const struct pulih_text *text, struct pulih_features *ret)
{
    size_t may_come = 2 * text->n_tokens + 3 * (text->n_bytes + text->n_tokens);
    uint32_t places = TABLE_MIN;

    while (places < may_come + may_come / 2 && places < PULIH_COUNT(ret->table))
        places *= 2;
    ret->n = 0;
    memset(ret->table, 0, places * sizeof *ret->table);
    return places - 1;
}

/* The place of a hash, or the free one where it belongs; mask + 1 when that is too far away. */
static uint32_t place_of(const struct pulih_features *f, uint32_t mask, uint32_t hash)
{
    uint32_t at = hash & mask, way = 0;

    for (; f->table[at] && f->items[f->table[at] - 1].hash != hash; at = (at + 1) & mask)
        if (++way == WAY_MAX)
            return mask + 1;
    return at;
}

static void add(uint32_t hash, enum pulih_feature_kind kind, const struct pulih_token *token, uint32_t mask,
                struct pulih_features *ret)
{
    uint32_t at = place_of(ret, mask, hash);

    if (at > mask)
        return;
    if (ret->table[at]) {
        struct pulih_feature *known = &ret->items[ret->table[at] - 1];
        known->times = (uint8_t)(known->times + (known->times < PULIH_TIMES_MAX));
    } else {
        ret->items[ret->n++] = (struct pulih_feature){
            .hash = hash, .at = token->at, .len = token->len, .times = 1, .kind = (uint8_t)kind};
        ret->table[at] = (uint16_t)ret->n;
    }
}

/* Words and pairs stand for what is said, pieces for how it is spelt; each of both parts has length 1. */
static void weigh(struct pulih_features *to)
{
    float said = 0, spelt = 0;

    for (size_t i = 0; i < to->n; i++) {
        float value = to->items[i].value = pulih_damped(to->items[i].times);
        bool piece = to->items[i].kind == PULIH_FEATURE_piece;

        spelt += piece ? value * value : 0;
        said += piece ? 0 : value * value;
    }
    said = said > 0 ? 1 / sqrtf(said) : 0;
    spelt = spelt > 0 ? 1 / sqrtf(spelt) : 0;
    for (size_t i = 0; i < to->n; i++)
        to->items[i].value *= to->items[i].kind == PULIH_FEATURE_piece ? spelt : said;
}

static void read_words(const struct pulih_text *text, struct pulih_features *ret)
{
    PULIH_UNSET struct pulih_word_features word;
    uint32_t mask = start(text, ret);
    uint64_t before = 0;

    for (size_t i = 0; i < text->n_tokens; i++, before = word.key) {
        const struct pulih_token *token = &text->tokens[i];

        pulih_word_features(pulih_token_word(text, token), &word);
        if (ret->n + word.n_pieces + 2 > PULIH_FEATURES_MAX)
            return;
        for (size_t k = 0; k < word.n_pieces; k++)
            add(word.pieces[k], PULIH_FEATURE_piece, token, mask, ret);
        add(word.word, PULIH_FEATURE_word, token, mask, ret);
        if (i > 0 && !token->starts)
            add(pulih_pair_feature(before, word.key), PULIH_FEATURE_pair, token, mask, ret);
    }
}

void pulih_features_of(struct pulih_view utf8, struct pulih_features *ret)
{
    PULIH_UNSET struct pulih_text text;

    pulih_text_read(utf8, &text);
    read_words(&text, ret);
    weigh(ret);
}
