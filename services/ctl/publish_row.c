/* Rows to messages: --map, --set, and ids that are the same whenever the same file is published. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/must.h"
#include "pulih/base/near.h"
#include "services/ctl/publish.h"

/* Ids start with this time where the row says none, so that they stand together: 2020-01-01. Anything that
 * changes with the place of a row in the file would publish it twice once a line is put before it. */
static const int64_t NO_TIME_US = INT64_C(1577836800000000);

/* --- options ----------------------------------------------------------------------------------------- */

static char *copy_text(struct pulih_ctl_recipe *r, const char *text)
{
    size_t len = strlen(text) + 1;

    return memcpy(pulih_arena_get(&r->texts, len), text, len);
}

static bool add_rename(const struct pulih_ctl *ctl, struct pulih_ctl_recipe *r, const char *pair)
{
    char *theirs = copy_text(r, pair);
    char *ours = strchr(theirs, '=');

    if (!ours || ours == theirs) {
        pulih_ctl_usage(ctl, "--map wants THEIRS=OURS, got %s", pair);
        return false;
    }
    *ours++ = 0;
    r->renames = pulih_room(r->renames, r->n_renames, &r->cap_renames, sizeof *r->renames);
    r->renames[r->n_renames++] = (struct pulih_rename){theirs, *ours ? ours : NULL};
    return true;
}

static bool read_renames(const struct pulih_ctl *ctl, struct pulih_ctl_recipe *r)
{
    size_t at = 0;
    bool ok = true;

    for (const char *list; ok && (list = pulih_ctl_next_option(ctl, "map", &at));) {
        char *rest, *copy = copy_text(r, list);
        for (char *pair = strtok_r(copy, ",", &rest); ok && pair; pair = strtok_r(NULL, ",", &rest))
            ok = add_rename(ctl, r, pair);
    }
    return ok;
}

static bool read_sets(const struct pulih_ctl *ctl, struct pulih_ctl_recipe *r)
{
    size_t cap = 0;
    size_t at = 0;

    for (const char *pair; (pair = pulih_ctl_next_option(ctl, "set", &at));) {
        char *name = copy_text(r, pair);
        char *equals = strchr(name, '=');
        if (!equals || equals == name) {
            pulih_ctl_usage(ctl, "--set wants FIELD=VALUE, got %s", pair);
            return false;
        }
        *equals = 0;
        r->sets = pulih_room(r->sets, r->n_sets, &cap, sizeof *r->sets);
        r->sets[r->n_sets++] = (struct pulih_ctl_set){name, equals + 1};
    }
    return true;
}

static bool is_envelope(const char *name)
{
    return strcmp(name, "id") == 0 || strcmp(name, "complaint") == 0 || strcmp(name, "type") == 0 ||
           strcmp(name, "occurred_at") == 0;
}

bool pulih_ctl_recipe_read(const struct pulih_ctl *ctl, struct pulih_ctl_recipe *r)
{
    struct pulih_error error;

    r->client = pulih_ctl_option(ctl, "client") ? pulih_ctl_option(ctl, "client") : "pulihctl";
    r->type = pulih_ctl_option(ctl, "type") ? pulih_ctl_option(ctl, "type") : "complaint";
    r->body = pulih_body_new();
    if (pulih_body_start(r->body, r->type, &error) < 0) {
        pulih_ctl_usage(ctl, "--%s", error.text);
        return false;
    }
    return read_renames(ctl, r) && read_sets(ctl, r);
}

void pulih_ctl_recipe_free(struct pulih_ctl_recipe *r)
{
    pulih_arena_free(&r->texts);
    free(r->renames);
    free(r->sets);
    free(r->seen);
    pulih_buf_free(&r->content);
    pulih_body_free(r->body);
}

/* --- the head of a table ----------------------------------------------------------------------------- */

static const char *our_name(const struct pulih_ctl_recipe *r, const char *theirs)
{
    for (size_t i = 0; i < r->n_renames; i++)
        if (strcmp(r->renames[i].theirs, theirs) == 0)
            return r->renames[i].ours;
    return theirs;
}

/* The field of our messages that a name comes nearest to, or NULL. */
static const char *nearest_field(const char *name, const char *type)
{
    const struct pulih_message *m = pulih_message(pulih_message_by_name(pulih_view_of(type)));
    const char *names[64 + 4] = {"id", "complaint", "type", "occurred_at"};

    for (size_t i = 0; i < m->n_fields; i++)
        names[4 + i] = m->fields[i].name;
    return pulih_nearest(name, names, 4 + m->n_fields);
}

/* A column that no message of a file with mixed types could mean. */
static bool means_nothing(const char *name)
{
    for (int m = 0; m < PULIH_M_N; m++) {
        const struct pulih_message *message = pulih_message((enum pulih_m)m);
        for (size_t i = 0; message->role == PULIH_ROLE_IN && i < message->n_fields; i++)
            if (strcmp(message->fields[i].name, name) == 0)
                return false;
    }
    return !is_envelope(name);
}

static bool has_column(const struct pulih_ctl_source *s, const char *name)
{
    for (size_t i = 0; i < s->n_names; i++)
        if (strcmp(s->names[i], name) == 0)
            return true;
    return false;
}

bool pulih_ctl_recipe_check(const struct pulih_ctl *ctl, const struct pulih_ctl_recipe *r,
                            const struct pulih_ctl_source *s)
{
    bool ok = true;

    for (size_t i = 0; i < s->n_names; i++) {
        const char *theirs = s->names[i];
        const char *ours = our_name(r, theirs);
        if (!ours || !means_nothing(ours))
            continue;
        const char *nearest = nearest_field(ours, r->type);
        pulih_ctl_failed(ctl, "column %s is no field of a %s; --map %s=%s%s", theirs, r->type, theirs,
                         nearest ? nearest : "", nearest ? " perhaps?" : " leaves it out");
        ok = false;
    }
    for (size_t i = 0; i < r->n_renames && s->n_names > 0; i++) {
        if (has_column(s, r->renames[i].theirs))
            continue;
        const char *nearest = pulih_nearest(r->renames[i].theirs, s->names, s->n_names);
        pulih_ctl_failed(ctl, "--map: the file has no column %s%s%s", r->renames[i].theirs,
                         nearest ? "; did you mean " : "", nearest ? nearest : "");
        ok = false;
    }
    return ok;
}

/* --- ids --------------------------------------------------------------------------------------------- */

/* How many rows with this hash came before. */
static uint32_t count_equal(struct pulih_ctl_recipe *r, uint64_t hash)
{
    if (2 * r->n_seen >= r->cap_seen) {
        struct pulih_ctl_seen *old = r->seen;
        size_t old_cap = r->cap_seen;
        r->cap_seen = old_cap ? 2 * old_cap : 4096;
        r->seen = calloc(r->cap_seen, sizeof *r->seen);
        if (!r->seen)
            pulih_out_of_memory();
        for (size_t i = 0; i < old_cap; i++) {
            size_t at = old[i].hash % r->cap_seen;
            while (old[i].hash && r->seen[at].hash)
                at = (at + 1) % r->cap_seen;
            if (old[i].hash)
                r->seen[at] = old[i];
        }
        free(old);
    }
    size_t at = hash % r->cap_seen;
    while (r->seen[at].hash && r->seen[at].hash != hash)
        at = (at + 1) % r->cap_seen;
    r->n_seen += r->seen[at].hash == 0;
    r->seen[at].hash = hash;
    return r->seen[at].times++;
}

/* What the row says, without its quotes and its empty cells. */
static void add_content(struct pulih_buf *content, const struct pulih_ctl_source *s)
{
    if (s->n_names == 0)
        pulih_buf_add(content, s->text, s->text_len);
    for (size_t i = 0; i < s->n_names && i < s->n_cells; i++) {
        const char *cell = pulih_ctl_source_cell(s, i);
        if (!*cell)
            continue;
        pulih_buf_add(content, s->names[i], strlen(s->names[i]) + 1);
        pulih_buf_add(content, cell, strlen(cell) + 1);
    }
}

struct pulih_uuid pulih_ctl_recipe_id(struct pulih_ctl_recipe *r, const struct pulih_ctl_source *s)
{
    uint64_t hash;

    pulih_buf_empty(&r->content);
    add_content(&r->content, s);
    struct pulih_uuid digest = pulih_uuid_of_key(0, "", r->content.at, r->content.len);
    memcpy(&hash, digest.b + 8, sizeof hash);
    pulih_buf_add_be32(&r->content, count_equal(r, hash | 1));
    return pulih_uuid_of_key(NO_TIME_US, r->client, r->content.at, r->content.len);
}

/* The row's own time makes a better start of the id than none: ids of one time then stand together. */
static struct pulih_uuid at_time(struct pulih_uuid id, int64_t us)
{
    uint64_t ms = (uint64_t)us / 1000;

    for (int i = 0; i < 6; i++)
        id.b[i] = (unsigned char)(ms >> (8 * (5 - i)));
    return id;
}

/* --- messages ---------------------------------------------------------------------------------------- */

static bool put_cell(struct pulih_ctl_recipe *r, struct pulih_envelope *e, const char *name, const char *text,
                     struct pulih_error *error)
{
    int is_member = pulih_envelope_set(e, name, text, error);

    return is_member ? is_member > 0 : pulih_body_set(r->body, name, text, error) == 0;
}

static bool put_cells(struct pulih_ctl_recipe *r, const struct pulih_ctl_source *s, struct pulih_envelope *e,
                      struct pulih_error *error)
{
    for (size_t i = 0; i < s->n_names; i++) {
        const char *ours = our_name(r, s->names[i]);
        const char *cell = pulih_ctl_source_cell(s, i);
        if (ours && *cell && strcmp(ours, "type") == 0 && pulih_envelope_set(e, ours, cell, error) < 0)
            return false;
    }
    if (pulih_body_start(r->body, e->type, error) < 0)
        return false;
    for (size_t i = 0; i < s->n_names; i++) {
        const char *ours = our_name(r, s->names[i]);
        const char *cell = pulih_ctl_source_cell(s, i);
        if (ours && *cell && !put_cell(r, e, ours, cell, error))
            return false;
    }
    return true;
}

static bool is_set(const struct pulih_ctl_recipe *r, const struct pulih_envelope *e, const char *name)
{
    return (strcmp(name, "complaint") == 0 && e->has_complaint) || (strcmp(name, "id") == 0 && e->has_id) ||
           (strcmp(name, "occurred_at") == 0 && e->occurred_us >= 0) || strcmp(name, "type") == 0 ||
           pulih_body_has(r->body, name) == 1;
}

static bool put_sets(struct pulih_ctl_recipe *r, struct pulih_envelope *e, struct pulih_error *error)
{
    for (size_t i = 0; i < r->n_sets; i++)
        if (!is_set(r, e, r->sets[i].name) && !put_cell(r, e, r->sets[i].name, r->sets[i].value, error))
            return false;
    return true;
}

bool pulih_ctl_recipe_message(struct pulih_ctl_recipe *r, const struct pulih_ctl_source *s,
                              struct pulih_envelope *envelope, struct pulih_outgoing *ret,
                              struct pulih_error *error)
{
    struct pulih_envelope *e = envelope;
    struct pulih_uuid id = ret->id;
    bool ok;

    *e = (struct pulih_envelope){.occurred_us = -1};
    pulih_envelope_set(e, "type", r->type, NULL);
    if (s->format == PULIH_CTL_JSONL)
        ok = pulih_body_start_json(r->body, r->type, s->text, s->text_len, r->renames, r->n_renames, e,
                                   error) == 0;
    else
        ok = put_cells(r, s, e, error);
    if (!ok || !put_sets(r, e, error) || pulih_body_end(r->body, &ret->body, &ret->body_len, error) < 0)
        return false;
    if (!e->has_id)
        e->id = e->occurred_us >= 0 ? at_time(id, e->occurred_us) : id;
    ret->id = e->id;
    ret->type = e->type;
    ret->complaint = e->has_complaint ? &e->complaint : NULL;
    ret->occurred_us = e->occurred_us >= 0 ? e->occurred_us : pulih_now_us();
    return true;
}
