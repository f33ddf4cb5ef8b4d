#include "proto/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/shape.h"

/* Copies what fits, without cutting a character in two. */
static void copy_text(char *to, size_t cap_bytes, const char *from, size_t len)
{
    if (len >= cap_bytes) {
        len = cap_bytes - 1;
        while (len > 0 && ((uint8_t)from[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(to, from, len);
    to[len] = 0;
}

static void copy_value(struct pulih_fault *fault, struct pulih_view value)
{
    struct pulih_buf json = {0};
    struct pulih_head head = pulih_shape_head(value);

    /* Long text is cut before it is printed, and a container is not worth printing. */
    if (head.shape == PULIH_SHAPE_ARRAY || head.shape == PULIH_SHAPE_MAP)
        return;
    if (head.shape == PULIH_SHAPE_STR) {
        copy_text(fault->value, sizeof fault->value, value.at + head.len, head.n);
        return;
    }
    if (head.shape == PULIH_SHAPE_BIN && head.n > sizeof fault->value)
        return;
    pulih_raw_print(value, &json);
    copy_text(fault->value, sizeof fault->value, json.at, json.len);
    pulih_buf_free(&json);
}

struct pulih_fault pulih_fault_of(uint16_t refusal, const char *field, const char *rule)
{
    struct pulih_fault fault = {.refusal = refusal};

    snprintf(fault.field, sizeof fault.field, "%s", field);
    snprintf(fault.rule, sizeof fault.rule, "%s", rule);
    return fault;
}

struct pulih_nack pulih_nack_of(const struct pulih_fault *fault)
{
    struct pulih_nack nack = {0};

    PULIH_SET(&nack, nack, refusal, fault->refusal);
    if (*fault->field)
        PULIH_SET(&nack, nack, field, pulih_view_of(fault->field));
    if (*fault->rule)
        PULIH_SET(&nack, nack, rule, pulih_view_of(fault->rule));
    if (*fault->value)
        PULIH_SET(&nack, nack, value, pulih_view_of(fault->value));
    return nack;
}

bool pulih_fault_whole(struct pulih_fault *fault, uint16_t refusal, const char *format, ...)
{
    va_list args;

    fault->refusal = refusal;
    fault->field[0] = 0;
    fault->value[0] = 0;
    va_start(args, format);
    vsnprintf(fault->rule, sizeof fault->rule, format, args);
    va_end(args);
    return false;
}

bool pulih_fault_field(struct pulih_fault *fault, const struct pulih_field *f, struct pulih_view value,
                       const char *format, ...)
{
    va_list args;

    fault->refusal = PULIH_refusal_bad_field;
    snprintf(fault->field, sizeof fault->field, "%s", f->name);
    fault->value[0] = 0;
    va_start(args, format);
    vsnprintf(fault->rule, sizeof fault->rule, format, args);
    va_end(args);
    if (value.len > 0 && f->class == PULIH_CLASS_OPEN && f->kind != PULIH_KIND_raw)
        copy_value(fault, value);
    return false;
}

bool pulih_fault_in_list(struct pulih_fault *fault, const struct pulih_field *list, uint32_t index)
{
    char inner[48];

    copy_text(inner, sizeof inner, fault->field, strlen(fault->field));
    snprintf(fault->field, sizeof fault->field, "%.16s[%u]%s%s", list->name, index, inner[0] ? "." : "",
             inner);
    fault->refusal = PULIH_refusal_bad_field;
    if (list->class != PULIH_CLASS_OPEN)
        fault->value[0] = 0;
    return false;
}

const char *pulih_fault_kind(struct pulih_view value)
{
    uint8_t b = value.len ? (uint8_t)value.at[0] : 0xc0;

    switch (pulih_shape_head(value).shape) {
    case PULIH_SHAPE_STR:
        return "text";
    case PULIH_SHAPE_BIN:
        return "binary";
    case PULIH_SHAPE_ARRAY:
        return "an array";
    case PULIH_SHAPE_MAP:
        return "a map";
    case PULIH_SHAPE_SCALAR:
        break;
    }
    if (b == 0xc0)
        return "nil";
    if (b == 0xc2 || b == 0xc3)
        return "true or false";
    if (b == 0xca || b == 0xcb)
        return "a fraction";
    return b >= 0xe0 || (b >= 0xd0 && b <= 0xd3) ? "a negative number" : "a number";
}
