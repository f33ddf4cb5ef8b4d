/* Stored messages, put together from what is open, what people wrote and who they are. */
#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/core/life.h"
#include "services/ctl/ctl.h"

/* --- reading ----------------------------------------------------------------------------------------- */

static void start(struct pulih_ctl_message *msg, enum pulih_m m)
{
    msg->m = m;
    pulih_buf_empty(&msg->room);
    if (m == PULIH_M_N)
        return;
    size_t len = pulih_message(m)->struct_bytes;
    memset(pulih_buf_grow(&msg->room, len), 0, len);
}

/* A part that cannot be read makes the whole unreadable: better nothing than half. */
static void add_part(struct pulih_ctl_message *msg, struct pulih_view part, int class)
{
    struct pulih_fault fault;

    if (msg->m != PULIH_M_N && part.len > 0 &&
        !pulih_msg_decode_part(msg->m, part, class, msg->room.at, &fault))
        msg->m = PULIH_M_N;
}

void pulih_ctl_message_read(struct pulih_ctl_message *ret, int64_t wire, struct pulih_view open,
                            struct pulih_view text)
{
    start(ret, wire < 0 ? PULIH_M_N : pulih_message_by_wire((uint64_t)wire));
    add_part(ret, open, PULIH_CLASS_OPEN);
    add_part(ret, text, PULIH_CLASS_TEXT);
}

void pulih_ctl_message_read_person(struct pulih_ctl_message *ret, struct pulih_view person)
{
    start(ret, PULIH_M_complaint);
    add_part(ret, person, PULIH_CLASS_PERSON);
}

void pulih_ctl_message_free(struct pulih_ctl_message *msg)
{
    pulih_buf_free(&msg->room);
}

const char *pulih_ctl_type_name(int64_t wire)
{
    enum pulih_m m = wire < 0 ? PULIH_M_N : pulih_message_by_wire((uint64_t)wire);

    return m == PULIH_M_N ? "?" : pulih_message(m)->name;
}

/* --- for people -------------------------------------------------------------------------------------- */

static void add_elements(struct pulih_buf *out, const struct pulih_field *f, const struct pulih_list *list)
{
    union {
#define MSG(m, ...) struct pulih_##m m;
#define FIELD(...)
#define END(m)
#include "proto/messages.tbl.h"
    } part;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};

    for (struct pulih_view at = list->raw; pulih_list_next((enum pulih_m)f->of, &at, &part);) {
        if (text.len > 0)
            pulih_buf_add_view(&text, PULIH_VIEW(", "));
        pulih_msg_print((enum pulih_m)f->of, &part, PULIH_CLASS_ALL, &text);
    }
    pulih_ctl_add_text(out, pulih_view_of_buf(&text), -1);
}

static void add_hex(struct pulih_buf *out, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        pulih_buf_addf(out, "%02x", ((const unsigned char *)bytes)[i]);
}

static void add_value(struct pulih_buf *out, const struct pulih_field *f, const void *slot, int indent)
{
    const struct pulih_view *view = slot;
    char id[37];

    switch (f->kind) {
    case PULIH_KIND_u64:
        pulih_buf_addf(out, "%llu", (unsigned long long)*(const uint64_t *)slot);
        return;
    case PULIH_KIND_i64:
        pulih_buf_addf(out, "%lld", (long long)*(const int64_t *)slot);
        return;
    case PULIH_KIND_time:
        pulih_ctl_add_time(out, *(const int64_t *)slot);
        return;
    case PULIH_KIND_boolean:
        pulih_buf_addf(out, "%s", *(const bool *)slot ? "yes" : "no");
        return;
    case PULIH_KIND_str:
        pulih_ctl_add_text(out, *view, indent);
        return;
    case PULIH_KIND_bin:
        add_hex(out, view->at, view->len);
        return;
    case PULIH_KIND_id:
        pulih_id_print(slot, id);
        pulih_buf_addf(out, "%s", id);
        return;
    case PULIH_KIND_word:
        pulih_buf_addf(out, "%s", pulih_ctl_word((enum pulih_words)f->of, *(const uint16_t *)slot));
        return;
    case PULIH_KIND_raw:
        pulih_raw_print(*view, out);
        return;
    case PULIH_KIND_list:
        add_elements(out, f, slot);
        return;
    }
}

void pulih_ctl_add_fields(struct pulih_buf *out, const struct pulih_ctl_message *msg, int classes, int indent)
{
    if (msg->m == PULIH_M_N) {
        pulih_buf_addf(out, "%*sthis program cannot read it\n", indent, "");
        return;
    }
    const struct pulih_message *m = pulih_message(msg->m);
    uint64_t has = *(const uint64_t *)(const void *)msg->room.at;
    for (size_t i = 0; i < m->n_fields; i++) {
        const struct pulih_field *f = &m->fields[i];
        if (!(has >> i & 1) || !((int)f->class & classes))
            continue;
        pulih_buf_addf(out, "%*s%s: ", indent, "", f->name);
        add_value(out, f, msg->room.at + f->offset, indent + 4);
        pulih_buf_add_byte(out, '\n');
    }
}

void pulih_ctl_add_fields_json(struct pulih_buf *out, const struct pulih_ctl_message *msg, int classes)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf json = {0};

    if (msg->m == PULIH_M_N)
        pulih_buf_add_view(&json, PULIH_VIEW("null"));
    else
        pulih_msg_print(msg->m, msg->room.at, classes, &json);
    pulih_ctl_add_text(out, pulih_view_of_buf(&json), -1); /* its escapes are those of JSON */
}

/* --- who --------------------------------------------------------------------------------------------- */

static struct pulih_view text_of(const struct pulih_ctl_message *msg, const char *name)
{
    const struct pulih_message *m = pulih_message(msg->m);

    for (size_t i = 0; i < m->n_fields; i++)
        if (strcmp(m->fields[i].name, name) == 0 && m->fields[i].kind == PULIH_KIND_str) {
            struct pulih_view v;
            memcpy(&v, msg->room.at + m->fields[i].offset, sizeof v);
            return v;
        }
    return (struct pulih_view){0};
}

const char *pulih_ctl_state_name(int64_t state)
{
    return state >= 0 && state < PULIH_STATE_N ? pulih_states[state].name : "?";
}

const char *pulih_ctl_stage_name(int64_t stage)
{
    static const char *const names[] = {
#define SERVICE(name, number, ...) [number] = #name,
#include "pulih/tbl/services.tbl.h"
    };

    return stage > 0 && stage < (int64_t)PULIH_COUNT(names) ? names[stage] : "";
}

struct pulih_view pulih_ctl_message_who(const struct pulih_ctl_message *msg)
{
    static const char *const names[] = {"actor", "agent", "source"};

    if (msg->m == PULIH_M_N)
        return PULIH_VIEW("?");
    for (size_t i = 0; i < PULIH_COUNT(names); i++) {
        struct pulih_view who = text_of(msg, names[i]);
        if (who.len > 0)
            return who;
    }
    if (pulih_message(msg->m)->role == PULIH_ROLE_IN)
        return PULIH_VIEW("customer");
    return pulih_view_of(pulih_ctl_stage_name(pulih_message(msg->m)->from));
}
