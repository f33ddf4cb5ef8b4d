#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "pulih/core/letter.h"

#include <string.h>

#include "proto/words.h"

enum slot_kind { SLOT_IS_text, SLOT_IS_date };

static const char *const slot_names[PULIH_SLOT_N] = {
#define SLOT(name, ...) #name,
#include "pulih/tbl/slots.tbl.h"
};

static const enum slot_kind slot_kinds[PULIH_SLOT_N] = {
#define SLOT(name, kind, ...) SLOT_IS_##kind,
#include "pulih/tbl/slots.tbl.h"
};

/* Currencies whose minor unit in use is not the hundredth. ISO 4217 still gives the rupiah two decimals, but
 * nobody quotes, books or pays sen. */
static const struct {
    const char code[4];
    int decimals;
} odd_currencies[] = {
    {"BHD", 3}, {"CLP", 0}, {"IDR", 0}, {"IQD", 3}, {"ISK", 0}, {"JOD", 3}, {"JPY", 0},
    {"KRW", 0}, {"KWD", 3}, {"LYD", 3}, {"OMR", 3}, {"TND", 3}, {"VND", 0},
};

/* One {{...}} in a text: where it stands with its braces, and the name between them. */
struct hole {
    size_t at, len;
    struct pulih_view name;
};

static const char *find(struct pulih_view text, size_t from, const char *two)
{
    return from < text.len ? memmem(text.at + from, text.len - from, two, 2) : NULL;
}

/* The next whole {{...}} from `from` on; its name may be no slot's. */
static bool next_hole(struct pulih_view text, size_t from, struct hole *ret)
{
    const char *open = find(text, from, "{{");
    const char *close = open ? find(text, (size_t)(open - text.at) + 2, "}}") : NULL;

    if (!close)
        return false;
    ret->at = (size_t)(open - text.at);
    ret->len = (size_t)(close - open) + 2;
    ret->name = (struct pulih_view){open + 2, (size_t)(close - open) - 2};
    return true;
}

static int slot_of(struct pulih_view name)
{
    for (int i = 0; i < PULIH_SLOT_N; i++)
        if (pulih_view_is(name, slot_names[i]))
            return i;
    return -1;
}

const char *pulih_slot_name(enum pulih_slot slot)
{
    return slot_names[slot];
}

bool pulih_slot_is_date(enum pulih_slot slot)
{
    return slot_kinds[slot] == SLOT_IS_date;
}

static struct pulih_view rest(struct pulih_view text, const char *at)
{
    return (struct pulih_view){at, text.len - (size_t)(at - text.at)};
}

const char *pulih_template_check(struct pulih_view text, uint32_t *ret_used, struct pulih_view *ret_at)
{
    size_t from = 0;

    *ret_used = 0;
    *ret_at = (struct pulih_view){text.at, 0};
    for (;;) {
        const char *open = find(text, from, "{{"), *close = find(text, from, "}}");
        struct hole hole;
        if (close && (!open || close < open)) {
            *ret_at = rest(text, close);
            return "}} without a slot";
        }
        if (!open)
            return NULL;
        if (!next_hole(text, from, &hole)) {
            *ret_at = rest(text, open);
            return "slot without its }}";
        }
        int slot = slot_of(hole.name);
        if (slot < 0) {
            *ret_at = hole.name;
            return "unknown slot";
        }
        *ret_used |= UINT32_C(1) << slot;
        from = hole.at + hole.len;
    }
}

/* Appends one line with its slots filled; true if it says anything besides empty slots. */
static bool fill_line(struct pulih_view line, const struct pulih_slots *slots, struct pulih_buf *out)
{
    size_t from = 0, n_holes = 0, n_filled = 0;
    struct hole hole;

    for (; next_hole(line, from, &hole); from = hole.at + hole.len) {
        int slot = slot_of(hole.name);
        bool stays = slot < 0 || slot == PULIH_SLOT_name;
        struct pulih_view as_it_is = {line.at + hole.at, hole.len};
        struct pulih_view value = stays ? as_it_is : slots->value[slot];
        pulih_buf_add(out, line.at + from, hole.at - from);
        pulih_buf_add_view(out, value);
        n_holes++;
        n_filled += value.len > 0;
    }
    pulih_buf_add(out, line.at + from, line.len - from);
    return n_holes == 0 || n_filled > 0;
}

/* Whether what comes next begins a paragraph. */
static bool at_paragraph(const struct pulih_buf *out, size_t start)
{
    return out->len == start || (out->len - start >= 2 && memcmp(out->at + out->len - 2, "\n\n", 2) == 0);
}

void pulih_template_fill(struct pulih_view text, const struct pulih_slots *slots, struct pulih_buf *out)
{
    size_t start = out->len;

    while (text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        struct pulih_view line = {text.at, end ? (size_t)(end - text.at) + 1 : text.len};
        size_t before = out->len;
        if (!fill_line(line, slots, out)) {
            out->len = before;
            if (line.len < text.len && text.at[line.len] == '\n' && at_paragraph(out, start))
                line.len++; /* a paragraph goes with the empty line behind it */
        }
        text = rest(text, text.at + line.len);
    }
}

static void add_name(struct pulih_view name, int language, struct pulih_buf *out)
{
    if (name.len == 0)
        name = language == PULIH_language_id ? PULIH_VIEW("Bapak/Ibu") : PULIH_VIEW("Sir or Madam");
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = (uint8_t)name.at[i];
        pulih_buf_add_byte(out, byte < ' ' || byte == 0x7f ? ' ' : byte);
    }
}

/* Looks for {{name}} alone, since what people wrote into the letter may hold braces of its own. */
void pulih_letter_address(struct pulih_view stored, struct pulih_view name, int language,
                          struct pulih_buf *out)
{
    static const char hole[] = "{{name}}";
    const char *at;

    while (stored.len > 0 && (at = memmem(stored.at, stored.len, hole, sizeof hole - 1))) {
        pulih_buf_add(out, stored.at, (size_t)(at - stored.at));
        add_name(name, language, out);
        stored = rest(stored, at + sizeof hole - 1);
    }
    pulih_buf_add_view(out, stored);
}

int pulih_currency_decimals(struct pulih_view currency)
{
    for (size_t i = 0; i < PULIH_COUNT(odd_currencies); i++)
        if (pulih_view_is(currency, odd_currencies[i].code))
            return odd_currencies[i].decimals;
    return 2;
}

/* The digits in groups of three. */
static void add_grouped(uint64_t v, char separator, struct pulih_buf *out)
{
    if (v < 1000) {
        pulih_buf_addf(out, "%llu", (unsigned long long)v);
        return;
    }
    add_grouped(v / 1000, separator, out);
    pulih_buf_addf(out, "%c%03llu", separator, (unsigned long long)(v % 1000));
}

void pulih_amount_print(uint64_t minor, struct pulih_view currency, int language, struct pulih_buf *out)
{
    bool indonesian = language == PULIH_language_id;
    int decimals = pulih_currency_decimals(currency);
    uint64_t unit = 1;

    for (int i = 0; i < decimals; i++)
        unit *= 10;
    if (indonesian && pulih_view_is(currency, "IDR"))
        pulih_buf_addf(out, "Rp");
    else if (currency.len > 0)
        pulih_buf_addf(out, "%.*s ", PULIH_VIEW_ARG(currency));
    add_grouped(minor / unit, indonesian ? '.' : ',', out);
    if (minor % unit > 0)
        pulih_buf_addf(out, "%c%0*llu", indonesian ? ',' : '.', decimals, (unsigned long long)(minor % unit));
}
