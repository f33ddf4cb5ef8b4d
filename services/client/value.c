/* What a text means for a field of a kind: one reader per kind. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "services/client/client.h"

typedef bool value_f(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                     struct pulih_fault *fault);

static bool put_u64(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                    struct pulih_fault *fault)
{
    char *end;

    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno)
        return pulih_fault_at(fault, f, text, "must be a whole number from 0 to %llu",
                              (unsigned long long)f->max);
    pulih_pack_uint(out, v);
    return true;
}

static bool put_i64(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                    struct pulih_fault *fault)
{
    char *end;

    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (!*text || *text == ' ' || *end || errno)
        return pulih_fault_at(fault, f, text, "must be a whole number");
    pulih_pack_int(out, v);
    return true;
}

static bool put_time(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                     struct pulih_fault *fault)
{
    int64_t us;

    if (!pulih_time_parse(pulih_view_of(text), &us) || us < 0)
        return pulih_fault_at(fault, f, text, "must be a time such as 2026-01-31T23:59:59Z or ...+07:00");
    pulih_pack_int(out, us);
    return true;
}

static bool put_boolean(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                        struct pulih_fault *fault)
{
    bool is_true = strcmp(text, "true") == 0;

    if (!is_true && strcmp(text, "false") != 0)
        return pulih_fault_at(fault, f, text, "must be true or false");
    pulih_pack_bool(out, is_true);
    return true;
}

static bool put_str(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                    struct pulih_fault *fault)
{
    (void)f, (void)fault;
    pulih_pack_str(out, pulih_view_of(text));
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool put_bin(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                    struct pulih_fault *fault)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
    size_t len = strlen(text);

    for (size_t i = 0; i + 1 < len; i += 2) {
        int high = hex_digit(text[i]);
        int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return pulih_fault_at(fault, f, text, "must be binary, written as hex digits");
        pulih_buf_add_byte(&bytes, (uint8_t)(high << 4 | low));
    }
    if (len % 2)
        return pulih_fault_at(fault, f, text, "must be binary, written as pairs of hex digits");
    pulih_pack_bin(out, bytes.at, bytes.len);
    return true;
}

static bool put_id(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                   struct pulih_fault *fault)
{
    struct pulih_id id;

    if (!pulih_id_parse(pulih_view_of(text), &id))
        return pulih_fault_at(fault, f, text, "must be a UUID");
    pulih_pack_bin(out, id.b, sizeof id.b);
    return true;
}

static bool put_json(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                     struct pulih_fault *fault)
{
    return pulih_value_of_json(f, pulih_view_of(text), out, fault);
}

static value_f *const put_kind[] = {
    [PULIH_KIND_u64] = put_u64,   [PULIH_KIND_i64] = put_i64,  [PULIH_KIND_time] = put_time,
    [PULIH_KIND_str] = put_str,   [PULIH_KIND_bin] = put_bin,  [PULIH_KIND_boolean] = put_boolean,
    [PULIH_KIND_id] = put_id,     [PULIH_KIND_word] = put_str, [PULIH_KIND_raw] = put_json,
    [PULIH_KIND_list] = put_json,
};

bool pulih_value_of_text(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                         struct pulih_fault *fault)
{
    return put_kind[f->kind](f, text, out, fault);
}

bool pulih_value_of_json_text(const struct pulih_field *f, const char *text, struct pulih_buf *out,
                              struct pulih_fault *fault, bool *known)
{
    *known = f->kind == PULIH_KIND_time || f->kind == PULIH_KIND_bin || f->kind == PULIH_KIND_id;
    return *known && put_kind[f->kind](f, text, out, fault);
}
