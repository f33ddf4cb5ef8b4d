#include "pulih/core/marks.h"

#include <string.h>

#include <sodium.h>

/* Of a telephone number the last digits count: with and without a country's prefix it is the same. */
enum { PHONE_DIGITS = 9, PHONE_DIGITS_LEAST = 7, TEXT_MAX = 256 };

/* A text in its plain form; 0 bytes: it identifies nobody. */
struct plain {
    char at[2 * TEXT_MAX];
    size_t len;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Small letters, without blanks. */
static void add_text(struct plain *out, struct pulih_view text)
{
    for (size_t i = 0; i < text.len && i < TEXT_MAX - 1; i++)
        if ((unsigned char)text.at[i] > ' ')
            out->at[out->len++] = small(text.at[i]);
}

static void add_phone(struct plain *out, struct pulih_view text)
{
    bool differ = false;

    for (size_t i = text.len; i-- > 0 && out->len < PHONE_DIGITS;)
        if (is_digit(text.at[i])) {
            differ |= out->len && out->at[0] != text.at[i];
            out->at[out->len++] = text.at[i];
        }
    if (out->len < PHONE_DIGITS_LEAST || !differ)
        out->len = 0; /* a short number of a company, or one that somebody typed to fill the field */
}

static void add_email(struct plain *out, struct pulih_view text)
{
    add_text(out, text);
    if (!memchr(out->at, '@', out->len))
        out->len = 0;
}

static void pack(const uint8_t key[PULIH_MARK_KEY_BYTES], enum pulih_mark_kind kind, struct plain *plain,
                 struct pulih_buf *out)
{
    unsigned char digest[crypto_shorthash_BYTES];

    if (!plain->len)
        return;
    plain->at[plain->len++] =
        (char)kind; /* a telephone number is not the same as an equal customer's number */
    crypto_shorthash(digest, (const unsigned char *)plain->at, plain->len, key);
    pulih_buf_add_byte(out, (uint8_t)kind);
    pulih_buf_add(out, digest, sizeof digest);
}

void pulih_marks_pack(const uint8_t key[PULIH_MARK_KEY_BYTES], const struct pulih_complaint *msg,
                      struct pulih_buf *out)
{
    bool intermediary = msg->customer_kind == PULIH_customer_kind_intermediary;
    struct plain ref = {.len = 0}, email = {.len = 0}, phone = {.len = 0};

    if (intermediary && !msg->end_customer_ref.len)
        return;
    add_text(&ref, msg->customer_ref);
    if (intermediary) {
        ref.at[ref.len++] = '\n';
        add_text(&ref, msg->end_customer_ref);
    } else {
        add_email(&email, msg->email);
        add_phone(&phone, msg->phone);
    }
    pack(key, PULIH_MARK_customer_ref, &ref, out);
    pack(key, PULIH_MARK_email, &email, out);
    pack(key, PULIH_MARK_phone, &phone, out);
}

size_t pulih_marks_unpack(struct pulih_view packed, struct pulih_mark ret[PULIH_MARKS_MAX])
{
    size_t n = 0;

    for (; packed.len >= PULIH_MARK_BYTES && n < PULIH_MARKS_MAX; packed.len -= PULIH_MARK_BYTES) {
        int kind = (unsigned char)packed.at[0];
        if (kind >= PULIH_MARK_customer_ref && kind <= PULIH_MARK_phone)
            ret[n++] = (struct pulih_mark){(enum pulih_mark_kind)kind, (int64_t)pulih_be64(packed.at + 1)};
        packed.at += PULIH_MARK_BYTES;
    }
    return n;
}

int pulih_mark_percent(enum pulih_mark_kind kind)
{
    static const int percent[] = {
        [PULIH_MARK_customer_ref] = 100, [PULIH_MARK_email] = 95, [PULIH_MARK_phone] = 90};

    return percent[kind];
}
