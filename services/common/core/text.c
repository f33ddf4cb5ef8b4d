#include "services/common/core/text.h"

#include <utf8proc.h>

enum {
    DECOMPOSED_MAX = 18, /* the longest compatibility decomposition in Unicode */
    SHOUTED_LETTERS = 4, /* shorter words in capitals are mostly abbreviations */
    LETTERS_TO_DOUBLE = 3,
};

/* The word being read. */
struct reader {
    struct pulih_text *text;
    size_t start;   /* in the original */
    size_t end;     /* there, behind the last letter or digit */
    size_t word;    /* in words[] */
    size_t len;     /* folded bytes so far; 0: between words */
    char drawn_out; /* letter whose repetitions are being dropped, or 0 */
    size_t letters, capitals;
    bool sentence_ended;
};

static bool is_full(const struct pulih_text *text)
{
    return text->n_tokens == PULIH_TOKENS_MAX || text->n_bytes + PULIH_WORD_MAX_BYTES > PULIH_WORDS_MAX_BYTES;
}

static bool is_doubled(const struct reader *r)
{
    const char *word = r->text->words + r->word;

    return r->letters >= LETTERS_TO_DOUBLE && r->len > LETTERS_TO_DOUBLE && word[r->len - 1] == '2' &&
           word[r->len - 2] >= 'a';
}

static void end_word(struct reader *r)
{
    struct pulih_text *text = r->text;
    struct pulih_token *t = &text->tokens[text->n_tokens];

    if (!r->len)
        return;
    while (text->words[r->word + r->len - 1] == '\'')
        r->len--;
    if (is_doubled(r))
        r->len--;
    *t = (struct pulih_token){.at = (uint16_t)r->start,
                              .len = (uint16_t)(r->end - r->start),
                              .word = (uint16_t)r->word,
                              .word_len = (uint8_t)r->len,
                              .starts = r->sentence_ended};
    text->n_tokens++;
    text->n_bytes += r->len;
    if (r->letters >= SHOUTED_LETTERS && r->capitals == r->letters)
        text->shouted++;
    *r = (struct reader){.text = text};
}

/* A letter or digit stands in the original from `at` to `end`. */
static void cover(struct reader *r, size_t at, size_t end)
{
    if (!r->len) {
        r->start = at;
        r->word = r->text->n_bytes;
    }
    r->end = end;
}

static void add_byte(struct reader *r, char c)
{
    if (r->len < PULIH_WORD_MAX_BYTES)
        r->text->words[r->word + r->len++] = c;
}

static void add_letter(struct reader *r, char c)
{
    const char *word = r->text->words + r->word;
    size_t n = r->len;

    r->letters++;
    if (r->drawn_out == c)
        return;
    r->drawn_out = 0;
    if (n >= 2 && word[n - 1] == c && word[n - 2] == c) {
        r->len--;
        r->drawn_out = c;
        return;
    }
    add_byte(r, c);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (char)(c | 0x20) >= 'a' && (char)(c | 0x20) <= 'z';
}

/* Small letters and digits stand for themselves, capitals for their small letter; all else is 0. */
static const char folded[256] = {
#define LETTER(small, capital) [small] = small, [capital] = small
    LETTER('a', 'A'), LETTER('b', 'B'), LETTER('c', 'C'), LETTER('d', 'D'), LETTER('e', 'E'),
    LETTER('f', 'F'), LETTER('g', 'G'), LETTER('h', 'H'), LETTER('i', 'I'), LETTER('j', 'J'),
    LETTER('k', 'K'), LETTER('l', 'L'), LETTER('m', 'M'), LETTER('n', 'N'), LETTER('o', 'O'),
    LETTER('p', 'P'), LETTER('q', 'Q'), LETTER('r', 'R'), LETTER('s', 'S'), LETTER('t', 'T'),
    LETTER('u', 'U'), LETTER('v', 'V'), LETTER('w', 'W'), LETTER('x', 'X'), LETTER('y', 'Y'),
    LETTER('z', 'Z'), ['0'] = '0',      ['1'] = '1',      ['2'] = '2',      ['3'] = '3',
    ['4'] = '4',      ['5'] = '5',      ['6'] = '6',      ['7'] = '7',      ['8'] = '8',
    ['9'] = '9',
#undef LETTER
};

/* Most of all texts: ASCII letters and digits from `at` on, at least one. Does what read_ascii does with
 * each; returns where the first other sign stands. What it counts is kept off memory, which letters might
 * overwrite for all that the compiler knows. */
static size_t read_run(struct reader *r, struct pulih_view utf8, size_t at)
{
    cover(r, at, at + 1);
    char *word = r->text->words + r->word, drawn_out = r->drawn_out;
    size_t n = r->len, letters = r->letters, capitals = r->capitals;
    for (char c; at < utf8.len && (c = folded[(unsigned char)utf8.at[at]]); at++) {
        if (c >= 'a') {
            letters++;
            capitals += c != utf8.at[at];
            if (drawn_out == c)
                continue;
            drawn_out = 0;
            if (n >= 2 && word[n - 1] == c && word[n - 2] == c) {
                drawn_out = word[--n];
                continue;
            }
        }
        if (n < PULIH_WORD_MAX_BYTES)
            word[n++] = c;
    }
    r->len = n;
    r->letters = letters;
    r->capitals = capitals;
    r->drawn_out = drawn_out;
    r->end = at;
    return at;
}

/* An ASCII sign, perhaps folded from another one; it stands in the original from `at` to `end`. */
static void read_ascii(struct reader *r, char c, size_t at, size_t end)
{
    bool capital = c >= 'A' && c <= 'Z';
    bool letter = is_letter(c);

    if (letter || is_digit(c)) {
        cover(r, at, end);
        if (capital)
            r->capitals++;
        if (letter)
            add_letter(r, (char)(c | 0x20));
        else
            add_byte(r, c);
        return;
    }
    if (c == '\'' && r->len) {
        add_byte(r, c);
        return;
    }
    end_word(r);
    if (c == '!')
        r->text->exclamations++;
    if (c == '.' || c == '!' || c == '?' || c == ';' || c == '\n')
        r->sentence_ended = true;
}

static void add_code_point(struct reader *r, int32_t code_point)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t n = utf8proc_encode_char(code_point, bytes);

    if (r->len + (size_t)n > PULIH_WORD_MAX_BYTES)
        return;
    for (utf8proc_ssize_t i = 0; i < n; i++)
        add_byte(r, (char)bytes[i]);
}

/* The same for one that is not ASCII. */
static void read_folded(struct reader *r, int32_t code_point, size_t at, size_t end)
{
    utf8proc_category_t kind = utf8proc_category(code_point);
    bool letter = kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_NO;

    if (!letter)
        end_word(r);
    if ((!letter && kind != UTF8PROC_CATEGORY_SO) || is_full(r->text))
        return;
    cover(r, at, end);
    add_code_point(r, code_point);
    if (!letter)
        end_word(r);
}

static bool is_apostrophe(int32_t code_point)
{
    return code_point == 0x2019 || code_point == 0x2018 || code_point == 0x02bc;
}

/* A sign of several bytes. Returns how many; one for a byte that is no UTF-8. */
static size_t read_wide(struct reader *r, const char *bytes, size_t len, size_t at)
{
    const utf8proc_option_t fold =
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK | UTF8PROC_IGNORE;
    utf8proc_int32_t code_point, parts[DECOMPOSED_MAX];
    int boundary = 0;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)bytes, (utf8proc_ssize_t)len, &code_point);

    if (n <= 0) {
        end_word(r);
        return 1;
    }
    if (is_apostrophe(code_point)) {
        if (r->len)
            add_byte(r, '\'');
        return (size_t)n;
    }
    utf8proc_ssize_t n_parts = utf8proc_decompose_char(code_point, parts, DECOMPOSED_MAX, fold, &boundary);
    for (utf8proc_ssize_t i = 0; i < n_parts && i < DECOMPOSED_MAX && !is_full(r->text); i++) {
        if (parts[i] < 0x80)
            read_ascii(r, (char)parts[i], at, at + (size_t)n);
        else
            read_folded(r, parts[i], at, at + (size_t)n);
    }
    return (size_t)n;
}

/* A point before a digit, as in 15.000, ends no sentence. */
static bool is_in_number(struct pulih_view utf8, size_t at)
{
    return utf8.at[at] == '.' && at + 1 < utf8.len && utf8.at[at + 1] >= '0' && utf8.at[at + 1] <= '9';
}

void pulih_text_read(struct pulih_view utf8, struct pulih_text *ret)
{
    struct reader r = {.text = ret, .sentence_ended = true};
    size_t len = utf8.len < UINT16_MAX ? utf8.len : UINT16_MAX;
    size_t at = 0;

    ret->n_tokens = ret->n_bytes = ret->shouted = ret->exclamations = 0;
    while (at < len && !is_full(ret)) {
        if (folded[(unsigned char)utf8.at[at]]) {
            at = read_run(&r, (struct pulih_view){utf8.at, len}, at);
        } else if ((unsigned char)utf8.at[at] < 0x80) {
            const char *c = is_in_number(utf8, at) ? "," : utf8.at + at;
            read_ascii(&r, *c, at, at + 1);
            at++;
        } else {
            at += read_wide(&r, utf8.at + at, len - at, at);
        }
    }
    end_word(&r);
}
