/* JSON to msgpack: values keep their kind, but where JSON has none for it (times, binary, ids) a text stands
 * for it. The table's rules are left to the decoder, so both ways into pulih are judged by the same code. */
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "pulih/base/must.h"
#include "services/client/client.h"

static _Atomic(json_malloc_t) real_malloc;

static void *malloc_or_end(size_t n)
{
    void *at = atomic_load(&real_malloc)(n);

    if (!at)
        pulih_out_of_memory();
    return at;
}

/* jansson 2.14 leaves signs out of a text when it lacks memory for it, and goes on. The program we are part
 * of may use jansson, too, with an allocator of its own: that stays what is asked. */
static void end_when_memory_is_short(void)
{
    json_malloc_t theirs;
    json_free_t free_theirs;

    json_get_alloc_funcs(&theirs, &free_theirs);
    if (theirs == malloc_or_end)
        return;
    atomic_store(&real_malloc, theirs);
    json_set_alloc_funcs(malloc_or_end, free_theirs);
}

static void drop_json(json_t **value)
{
    json_decref(*value);
}

static json_t *load(struct pulih_view text, const struct pulih_field *f, struct pulih_fault *fault)
{
    json_error_t why;

    end_when_memory_is_short();
    json_t *value = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

    if (!value)
        pulih_fault_at(fault, f, NULL, "must be JSON, but at byte %d: %s", why.position, why.text);
    return value;
}

/* --- without a table: what stands in maps of kind raw ------------------------------------------------ */

static void put_plain(const json_t *value, struct pulih_buf *out);

static void put_plain_object(const json_t *object, struct pulih_buf *out)
{
    const char *name;
    json_t *value;

    pulih_pack_map(out, json_object_size(object));
    /* The iterator's interface is not const, though it changes nothing. */
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        pulih_pack_str(out, pulih_view_of(name));
        put_plain(value, out);
    }
}

static void put_plain(const json_t *value, struct pulih_buf *out)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_plain_object(value, out);
        return;
    case JSON_ARRAY:
        pulih_pack_array(out, json_array_size(value));
        for (size_t i = 0; i < json_array_size(value); i++)
            put_plain(json_array_get(value, i), out);
        return;
    case JSON_STRING:
        pulih_pack_str(out, (struct pulih_view){json_string_value(value), json_string_length(value)});
        return;
    case JSON_INTEGER:
        pulih_pack_int(out, json_integer_value(value));
        return;
    case JSON_REAL:
        pulih_pack_double(out, json_real_value(value));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        pulih_pack_bool(out, json_is_true(value));
        return;
    case JSON_NULL:
        pulih_pack_nil(out);
        return;
    }
}

/* --- by the table ------------------------------------------------------------------------------------ */

static bool put_value(const struct pulih_field *f, const json_t *value, struct pulih_buf *out,
                      struct pulih_fault *fault);

static bool put_element(const struct pulih_field *list, const json_t *element, struct pulih_buf *out,
                        struct pulih_fault *fault)
{
    enum pulih_m part = (enum pulih_m)list->of;
    size_t n = 0;
    const char *name;
    json_t *value;

    if (!json_is_object(element)) {
        put_plain(element, out);
        return true;
    }
    json_object_foreach((json_t *)(uintptr_t)element, name, value) n += !json_is_null(value);
    pulih_pack_map(out, n);
    json_object_foreach((json_t *)(uintptr_t)element, name, value)
    {
        const struct pulih_field *f = pulih_field_of(part, name, fault);
        if (!f)
            return false;
        if (json_is_null(value))
            continue;
        pulih_pack_str(out, (struct pulih_view){f->name, f->name_len});
        if (!put_value(f, value, out, fault))
            return false;
    }
    return true;
}

static bool put_list(const struct pulih_field *f, const json_t *list, struct pulih_buf *out,
                     struct pulih_fault *fault)
{
    pulih_pack_array(out, json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (put_element(f, json_array_get(list, i), out, fault))
            continue;
        char field[sizeof fault->field + 64];
        snprintf(field, sizeof field, "%s[%zu].%s", f->name, i, fault->field);
        pulih_text_keep(fault->field, sizeof fault->field, pulih_view_of(field));
        return false;
    }
    return true;
}

static bool put_value(const struct pulih_field *f, const json_t *value, struct pulih_buf *out,
                      struct pulih_fault *fault)
{
    bool known = false;

    if (f->kind == PULIH_KIND_list && json_is_array(value))
        return put_list(f, value, out, fault);
    if (json_is_string(value) && pulih_value_of_json_text(f, json_string_value(value), out, fault, &known))
        return true;
    if (known)
        return false;
    put_plain(value, out);
    return true;
}

bool pulih_value_of_json(const struct pulih_field *f, struct pulih_view json, struct pulih_buf *out,
                         struct pulih_fault *fault)
{
    PULIH_AUTO(drop_json) json_t *value = load(json, f, fault);

    return value && put_value(f, value, out, fault);
}

static bool put_member(struct pulih_body *b, const char *name, const json_t *value, struct pulih_fault *fault)
{
    if (json_is_null(value))
        return pulih_field_of(b->m, name, fault);
    const struct pulih_field *f = pulih_body_field(b, name, fault);
    return f && put_value(f, value, &b->pairs, fault);
}

static json_t *load_object(struct pulih_view json, struct pulih_fault *fault)
{
    json_t *object = load(json, NULL, fault);

    if (!object || json_is_object(object))
        return object;
    json_decref(object);
    pulih_fault_at(fault, NULL, NULL, "must be a JSON object");
    return NULL;
}

bool pulih_body_members(struct pulih_body *b, struct pulih_view json, struct pulih_fault *fault)
{
    PULIH_AUTO(drop_json) json_t *object = load_object(json, fault);
    const char *name;
    json_t *value;

    if (!object)
        return false;
    json_object_foreach(object, name, value)
    {
        if (!put_member(b, name, value, fault))
            return false;
    }
    return true;
}

/* --- whole messages ---------------------------------------------------------------------------------- */

static const char *rename_member(const char *name, const struct pulih_rename *renames, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(renames[i].theirs, name) == 0)
            return renames[i].ours;
    return name;
}

/* 1: a member of the envelope, done; 0: it is none. */
static int take_envelope(struct pulih_envelope *e, const char *name, const json_t *value,
                         struct pulih_error *error)
{
    static const char *const names[] = {"type", "id", "complaint", "occurred_at"};

    for (size_t i = 0; i < PULIH_COUNT(names); i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        if (json_is_null(value))
            return 1;
        if (i != 3 || !json_is_integer(value) || json_integer_value(value) < 0)
            return pulih_envelope_set(e, name, json_is_string(value) ? json_string_value(value) : "", error);
        e->occurred_us = json_integer_value(value);
        return 1;
    }
    return 0;
}

/* The envelope first: the type decides what the other names mean. */
static int take_all(struct pulih_body *b, json_t *object, const struct pulih_rename *renames, size_t n,
                    struct pulih_envelope *ret, struct pulih_error *error)
{
    struct pulih_fault fault;
    const char *name;
    json_t *value;
    int e = 0;

    json_object_foreach(object, name, value)
    {
        const char *ours = rename_member(name, renames, n);
        if (ours && (e = take_envelope(ret, ours, value, error)) < 0)
            return e;
    }
    if ((e = pulih_body_start(b, ret->type, error)) < 0)
        return e;
    json_object_foreach(object, name, value)
    {
        const char *ours = rename_member(name, renames, n);
        struct pulih_envelope again;
        if (!ours || take_envelope(&again, ours, value, NULL) == 1)
            continue;
        if (!put_member(b, ours, value, &fault))
            return pulih_error_of_fault(error, &fault);
    }
    return 0;
}

int pulih_body_whole(struct pulih_body *b, struct pulih_view json, const struct pulih_rename *renames,
                     size_t n, struct pulih_envelope *ret, struct pulih_error *error)
{
    struct pulih_fault fault;
    PULIH_AUTO(drop_json) json_t *object = load_object(json, &fault);

    return object ? take_all(b, object, renames, n, ret, error) : pulih_error_of_fault(error, &fault);
}
