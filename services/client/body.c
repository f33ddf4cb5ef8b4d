/* Bodies: fields are written as they come, and the decoder that the daemons use judges the whole. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "pulih/base/near.h"
#include "services/client/client.h"

struct pulih_body *pulih_body_new(void)
{
    struct pulih_body *b = calloc(1, sizeof *b);

    if (!b)
        pulih_out_of_memory();
    b->m = PULIH_M_N;
    return b;
}

void pulih_body_free(struct pulih_body *b)
{
    if (!b)
        return;
    pulih_buf_free(&b->pairs);
    pulih_buf_free(&b->bytes);
    pulih_buf_free(&b->room);
    free(b);
}

/* Names the types that clients may send. */
static int fail_type(const char *type, struct pulih_error *error)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf names = {0};
    struct pulih_fault fault;

    for (int m = 0; m < PULIH_M_N; m++)
        if (pulih_message((enum pulih_m)m)->role == PULIH_ROLE_IN)
            pulih_buf_addf(&names, "%s%s", names.len ? ", " : "", pulih_message((enum pulih_m)m)->name);
    pulih_fault_at(&fault, NULL, NULL, "must be one of: %s", pulih_buf_text(&names));
    pulih_text_keep(fault.field, sizeof fault.field, PULIH_VIEW("type"));
    pulih_text_keep(fault.value, sizeof fault.value, pulih_view_of(type));
    return pulih_error_of_fault(error, &fault);
}

int pulih_body_start(struct pulih_body *b, const char *type, struct pulih_error *error)
{
    b->has = 0;
    pulih_buf_empty(&b->pairs);
    b->m = pulih_message_by_name(pulih_view_of(type));
    if (b->m != PULIH_M_N && pulih_message(b->m)->role == PULIH_ROLE_IN)
        return 0;
    b->m = PULIH_M_N;
    return fail_type(type, error);
}

/* --- fields ------------------------------------------------------------------------------------------ */

static void fault_unknown(const struct pulih_message *message, const char *name, struct pulih_fault *fault)
{
    const char *names[64];

    for (size_t i = 0; i < message->n_fields; i++)
        names[i] = message->fields[i].name;
    const char *nearest = pulih_nearest(name, names, message->n_fields);
    pulih_fault_at(fault, NULL, NULL, "is not a field of %s%s%s", message->name,
                   nearest ? "; did you mean " : "", nearest ? nearest : "");
    pulih_text_keep(fault->field, sizeof fault->field, pulih_view_of(name));
}

const struct pulih_field *pulih_field_of(enum pulih_m m, const char *name, struct pulih_fault *fault)
{
    const struct pulih_message *message = pulih_message(m);

    for (size_t i = 0; i < message->n_fields; i++)
        if (strcmp(message->fields[i].name, name) == 0)
            return &message->fields[i];
    fault_unknown(message, name, fault);
    return NULL;
}

const struct pulih_field *pulih_body_field(struct pulih_body *b, const char *name, struct pulih_fault *fault)
{
    const struct pulih_field *f = pulih_field_of(b->m, name, fault);

    if (!f)
        return NULL;
    uint64_t bit = UINT64_C(1) << (f - pulih_message(b->m)->fields);
    if (b->has & bit) {
        pulih_fault_at(fault, f, NULL, "may come only once");
        return NULL;
    }
    b->has |= bit;
    pulih_pack_str(&b->pairs, (struct pulih_view){f->name, f->name_len});
    return f;
}

int pulih_body_set(struct pulih_body *b, const char *field, const char *text, struct pulih_error *error)
{
    struct pulih_fault fault;

    pulih_must(b->m != PULIH_M_N);
    const struct pulih_field *f = pulih_body_field(b, field, &fault);
    if (!f || !pulih_value_of_text(f, text, &b->pairs, &fault))
        return pulih_error_of_fault(error, &fault);
    return 0;
}

int pulih_body_set_json(struct pulih_body *b, const char *json, size_t len, struct pulih_error *error)
{
    struct pulih_fault fault;

    pulih_must(b->m != PULIH_M_N);
    if (!pulih_body_members(b, (struct pulih_view){json, len}, &fault))
        return pulih_error_of_fault(error, &fault);
    return 0;
}

int pulih_body_has(const struct pulih_body *b, const char *field)
{
    struct pulih_fault fault;

    pulih_must(b->m != PULIH_M_N);
    const struct pulih_field *f = pulih_field_of(b->m, field, &fault);
    return f ? (int)(b->has >> (f - pulih_message(b->m)->fields) & 1) : PULIH_E_INVALID;
}

int pulih_body_end(struct pulih_body *b, const void **ret, size_t *ret_len, struct pulih_error *error)
{
    struct pulih_fault fault;

    pulih_must(b->m != PULIH_M_N);
    pulih_buf_empty(&b->bytes);
    pulih_pack_map(&b->bytes, (size_t)__builtin_popcountll(b->has));
    pulih_buf_add_view(&b->bytes, pulih_view_of_buf(&b->pairs));
    pulih_buf_empty(&b->room);
    void *message = pulih_buf_grow(&b->room, pulih_message(b->m)->struct_bytes);
    if (!pulih_msg_decode(b->m, pulih_view_of_buf(&b->bytes), message, &fault))
        return pulih_error_of_fault(error, &fault);
    *ret = b->bytes.at;
    *ret_len = b->bytes.len;
    return 0;
}

/* --- whole messages ---------------------------------------------------------------------------------- */

static int fail_member(const char *name, const char *rule, const char *text, struct pulih_error *error)
{
    struct pulih_fault fault;

    pulih_fault_at(&fault, NULL, NULL, "%s", rule);
    pulih_text_keep(fault.field, sizeof fault.field, pulih_view_of(name));
    pulih_text_keep(fault.value, sizeof fault.value, pulih_view_of(text));
    return pulih_error_of_fault(error, &fault);
}

static int set_uuid(const char *name, const char *text, struct pulih_uuid *id, int *has,
                    struct pulih_error *error)
{
    if (pulih_uuid_parse(text, id) < 0)
        return fail_member(name, "must be a UUID", text, error);
    *has = 1;
    return 1;
}

int pulih_envelope_set(struct pulih_envelope *e, const char *name, const char *text,
                       struct pulih_error *error)
{
    if (strcmp(name, "id") == 0)
        return set_uuid(name, text, &e->id, &e->has_id, error);
    if (strcmp(name, "complaint") == 0)
        return set_uuid(name, text, &e->complaint, &e->has_complaint, error);
    if (strcmp(name, "occurred_at") == 0) {
        if (!pulih_time_parse(pulih_view_of(text), &e->occurred_us) || e->occurred_us < 0)
            return fail_member(name, "must be a time such as 2026-01-31T23:59:59Z or ...+07:00", text, error);
        return 1;
    }
    if (strcmp(name, "type") != 0)
        return 0;
    if (strlen(text) >= sizeof e->type)
        return fail_type(text, error);
    pulih_text_keep(e->type, sizeof e->type, pulih_view_of(text));
    return 1;
}

int pulih_body_start_json(struct pulih_body *b, const char *type, const char *json, size_t len,
                          const struct pulih_rename *renames, size_t n_renames, struct pulih_envelope *ret,
                          struct pulih_error *error)
{
    *ret = (struct pulih_envelope){.occurred_us = -1};
    int e = pulih_envelope_set(ret, "type", type, error);

    return e < 0 ? e : pulih_body_whole(b, (struct pulih_view){json, len}, renames, n_renames, ret, error);
}

/* --- in one call ------------------------------------------------------------------------------------- */

static void free_body(struct pulih_body **b)
{
    pulih_body_free(*b);
}

int pulih_json_to_body(const char *type, const char *json, size_t len, void **ret, size_t *ret_len,
                       struct pulih_error *error)
{
    PULIH_AUTO(free_body) struct pulih_body *b = pulih_body_new();
    const void *bytes;
    int e = pulih_body_start(b, type, error);

    if (e == 0)
        e = pulih_body_set_json(b, json, len, error);
    if (e == 0)
        e = pulih_body_end(b, &bytes, ret_len, error);
    if (e == 0) {
        *ret = b->bytes.at; /* taken over; the struct is freed without it */
        b->bytes = (struct pulih_buf){0};
    }
    return e;
}

char *pulih_body_to_json(const char *type, const void *body, size_t len, struct pulih_error *error)
{
    enum pulih_m m = pulih_message_by_name(pulih_view_of(type));
    PULIH_AUTO(pulih_buf_free) struct pulih_buf room = {0};
    struct pulih_buf out = {0};
    struct pulih_fault fault;

    if (m == PULIH_M_N) {
        pulih_error_set(error, PULIH_E_INVALID, "there is no message %s", type);
        return NULL;
    }
    void *message = pulih_buf_grow(&room, pulih_message(m)->struct_bytes);
    if (!pulih_msg_decode(m, (struct pulih_view){body, len}, message, &fault)) {
        pulih_error_of_fault(error, &fault);
        return NULL;
    }
    pulih_msg_print(m, message, PULIH_CLASS_ALL, &out);
    pulih_buf_add_byte(&out, 0);
    return out.at;
}
