/* Errors, faults and ids. */
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "services/client/client.h"

int pulih_error_set(struct pulih_error *error, int code, const char *format, ...)
{
    va_list args;

    if (!error)
        return code;
    memset(error, 0, sizeof *error);
    error->code = code;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return code;
}

int pulih_error_of_fault(struct pulih_error *error, const struct pulih_fault *fault)
{
    const char *got = !*fault->value ? "" : strstr(fault->rule, ", got ") ? ": " : ", got ";

    pulih_error_set(error, PULIH_E_INVALID, "%s%s%s%s%s", fault->field, *fault->field ? " " : "", fault->rule,
                    got, fault->value);
    if (error) {
        memcpy(error->field, fault->field, sizeof error->field);
        memcpy(error->rule, fault->rule, sizeof error->rule);
        memcpy(error->value, fault->value, sizeof error->value);
    }
    return PULIH_E_INVALID;
}

bool pulih_fault_at(struct pulih_fault *fault, const struct pulih_field *field, const char *value,
                    const char *format, ...)
{
    va_list args;

    memset(fault, 0, sizeof *fault);
    fault->refusal = PULIH_refusal_bad_field;
    if (field)
        snprintf(fault->field, sizeof fault->field, "%s", field->name);
    if (field && value && field->class == PULIH_CLASS_OPEN)
        pulih_text_keep(fault->value, sizeof fault->value, pulih_view_of(value));
    va_start(args, format);
    vsnprintf(fault->rule, sizeof fault->rule, format, args);
    va_end(args);
    return false;
}

void pulih_text_keep(char *to, size_t size, struct pulih_view text)
{
    size_t len = text.len < size ? text.len : size - 1;

    while (len < text.len && len > 0 && ((unsigned char)text.at[len] & 0xc0) == 0x80)
        len--;
    if (len > 0)
        memcpy(to, text.at, len);
    to[len] = 0;
}

/* --- ids --------------------------------------------------------------------------------------------- */

struct pulih_id pulih_id_of(const struct pulih_uuid *uuid)
{
    struct pulih_id id;

    memcpy(id.b, uuid->b, sizeof id.b);
    return id;
}

struct pulih_uuid pulih_uuid_of(const struct pulih_id *id)
{
    struct pulih_uuid uuid;

    memcpy(uuid.b, id->b, sizeof uuid.b);
    return uuid;
}

int64_t pulih_now_us(void)
{
    return pulih_wall_us();
}

struct pulih_uuid pulih_uuid_new(void)
{
    struct pulih_id id = pulih_id_new(pulih_wall_us());

    return pulih_uuid_of(&id);
}

struct pulih_uuid pulih_uuid_of_key(int64_t time_us, const char *client, const void *key, size_t len)
{
    uint64_t ms = time_us > 0 ? (uint64_t)time_us / 1000 : 0;
    struct pulih_uuid id;
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, sizeof id.b);
    crypto_generichash_update(&state, (const unsigned char *)client, strlen(client) + 1);
    crypto_generichash_update(&state, key, len);
    crypto_generichash_final(&state, id.b, sizeof id.b);
    for (int i = 0; i < 6; i++)
        id.b[i] = (unsigned char)(ms >> (8 * (5 - i)));
    id.b[6] = (unsigned char)(0x70 | (id.b[6] & 0x0f));
    id.b[8] = (unsigned char)(0x80 | (id.b[8] & 0x3f));
    return id;
}

int pulih_uuid_parse(const char *text, struct pulih_uuid *ret)
{
    struct pulih_id id;

    if (!pulih_id_parse(pulih_view_of(text), &id))
        return PULIH_E_INVALID;
    *ret = pulih_uuid_of(&id);
    return 0;
}

void pulih_uuid_print(const struct pulih_uuid *id, char out[37])
{
    struct pulih_id bytes = pulih_id_of(id);

    pulih_id_print(&bytes, out);
}
