/* Prints what is made from the tables of proto, and frames for a foreign peer to compare.
 *
 * Does.     `print <command>` writes to standard output; without a command it lists them.
 * Fails.    With status 2 on an unknown command, 1 when standard output cannot be written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/print.h"

static const char *const stage_names[256] = {
#define SERVICE(name, number, ...) [number] = #name,
#include "pulih/tbl/services.tbl.h"
    [PULIH_STAGE_none] = "none",
    [PULIH_STAGE_any] = "any",
};

static const char *class_name(enum pulih_class class)
{
    return class == PULIH_CLASS_OPEN ? "open" : class == PULIH_CLASS_TEXT ? "text" : "person";
}

static const char *const role_names[] = {
    [PULIH_ROLE_DOOR] = "door", [PULIH_ROLE_PART] = "part", [PULIH_ROLE_IN] = "in",
    [PULIH_ROLE_TICK] = "tick", [PULIH_ROLE_STEP] = "step",
};

/* --- schema-json ----------------------------------------------------------------------------------- */

static const char *const kind_names[] = {
    [PULIH_KIND_u64] = "u64",   [PULIH_KIND_i64] = "i64",   [PULIH_KIND_time] = "time",
    [PULIH_KIND_str] = "str",   [PULIH_KIND_bin] = "bin",   [PULIH_KIND_boolean] = "boolean",
    [PULIH_KIND_id] = "id",     [PULIH_KIND_word] = "word", [PULIH_KIND_raw] = "raw",
    [PULIH_KIND_list] = "list",
};

static void print_schema_field(struct pulih_buf *out, const struct pulih_field *f)
{
    pulih_buf_addf(
        out, "{\"name\": \"%s\", \"kind\": \"%s\", \"max\": %llu, \"need\": %s, \"class\": \"%s\", ", f->name,
        kind_names[f->kind], (unsigned long long)f->max, f->need ? "true" : "false", class_name(f->class));
    if (f->kind == PULIH_KIND_word)
        pulih_buf_addf(out, "\"of\": \"%s\", ", pulih_words_name((enum pulih_words)f->of));
    if (f->kind == PULIH_KIND_list)
        pulih_buf_addf(out, "\"of\": \"%s\", ", pulih_message((enum pulih_m)f->of)->name);
    pulih_buf_addf(out, "\"doc\": ");
    print_quoted(out, f->doc);
    pulih_buf_addf(out, "}");
}

static void print_schema_message(struct pulih_buf *out, const struct pulih_message *m)
{
    pulih_buf_addf(out,
                   "{\"name\": \"%s\", \"type\": %d, \"role\": \"%s\", \"from\": \"%s\", \"to\": \"%s\", ",
                   m->name, m->wire, role_names[m->role], stage_names[m->from], stage_names[m->to]);
    pulih_buf_addf(out, "\"shown\": %s, \"frame_max_bytes\": %zu, \"doc\": ", m->shown ? "true" : "false",
                   m->frame_max_bytes);
    print_quoted(out, m->doc);
    pulih_buf_addf(out, ", \"fields\": [");
    for (size_t i = 0; i < m->n_fields; i++) {
        pulih_buf_addf(out, "%s\n    ", i ? "," : "");
        print_schema_field(out, &m->fields[i]);
    }
    pulih_buf_addf(out, "]}");
}

static void print_schema_json(struct pulih_buf *out)
{
    pulih_buf_addf(out, "{\"protocol\": %d, \"words\": {", PULIH_PROTOCOL);
    for (size_t list = 0; list < PULIH_WORDS_N; list++) {
        size_t n;
        const struct pulih_word *words = pulih_words((enum pulih_words)list, &n);

        pulih_buf_addf(out, "%s\n  \"%s\": {", list ? "," : "", pulih_words_name((enum pulih_words)list));
        for (size_t i = 0; i < n; i++)
            pulih_buf_addf(out, "%s\"%s\": %u", i ? ", " : "", words[i].word, words[i].number);
        pulih_buf_addf(out, "}");
    }
    pulih_buf_addf(out, "},\n\"messages\": [");
    for (size_t m = 0; m < PULIH_M_N; m++) {
        pulih_buf_addf(out, "%s\n  ", m ? "," : "");
        print_schema_message(out, pulih_message((enum pulih_m)m));
    }
    pulih_buf_addf(out, "]}\n");
}

/* --- frames: standard input holds a frame in hex per line ------------------------------------------ */

static bool read_hex(const char *line, struct pulih_buf *ret)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = strcspn(line, "\r\n");

    pulih_buf_empty(ret);
    for (size_t i = 0; i + 1 < len; i += 2) {
        const char *high = strchr(digits, line[i]), *low = strchr(digits, line[i + 1]);

        if (!high || !low)
            return false;
        pulih_buf_add_byte(ret, (uint8_t)((high - digits) << 4 | (low - digits)));
    }
    return len % 2 == 0;
}

static void print_hex(struct pulih_buf *out, const struct pulih_buf *bytes)
{
    for (size_t i = 0; i < bytes->len; i++)
        pulih_buf_addf(out, "%02x", (uint8_t)bytes->at[i]);
}

/* One line of JSON: {"message":, "body":, "again": the frame as we encode it}, or {"refusal":, ...}. */
static void print_frame(struct pulih_buf *out, struct pulih_view frame)
{
    struct pulih_buf again = {0};
    struct pulih_fault fault;
    struct pulih_view body;
    union pulih_any msg;
    enum pulih_m m;

    if (pulih_frame_open(frame, &m, &body, &fault) && pulih_msg_decode(m, body, &msg, &fault)) {
        pulih_buf_addf(out, "{\"message\": \"%s\", \"body\": ", pulih_message(m)->name);
        pulih_msg_print(m, &msg, PULIH_CLASS_ALL, out);
        pulih_frame_encode(m, &msg, &again);
        pulih_buf_addf(out, ", \"again\": \"");
        print_hex(out, &again);
        pulih_buf_addf(out, "\"}\n");
    } else {
        pulih_buf_addf(out, "{\"refusal\": \"%s\", \"field\": ",
                       pulih_word_of(PULIH_WORDS_refusal, fault.refusal)->word);
        print_quoted(out, fault.field);
        pulih_buf_addf(out, ", \"rule\": ");
        print_quoted(out, fault.rule);
        pulih_buf_addf(out, ", \"value\": ");
        print_quoted(out, fault.value);
        pulih_buf_addf(out, "}\n");
    }
    pulih_buf_free(&again);
}

static void print_frames(struct pulih_buf *out)
{
    struct pulih_buf frame = {0};
    char *line = NULL;
    size_t cap = 0;

    while (getline(&line, &cap, stdin) > 0) {
        if (read_hex(line, &frame))
            print_frame(out, pulih_view_of_buf(&frame));
        else
            pulih_buf_addf(out, "{\"refusal\": \"no hex\"}\n");
    }
    free(line);
    pulih_buf_free(&frame);
}

/* --------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*print)(struct pulih_buf *out);
    const char *doc;
} commands[] = {
    {"asyncapi", print_asyncapi, "the doors as an AsyncAPI document"},
    {"schema-json", print_schema_json, "messages and words as JSON"},
    {"frames", print_frames, "reads frames in hex, prints each as JSON and encoded again"},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < PULIH_COUNT(commands); i++) {
        struct pulih_buf out = {0};
        bool written;

        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        commands[i].print(&out);
        written = fwrite(out.at, 1, out.len, stdout) == out.len && fflush(stdout) == 0;
        pulih_buf_free(&out);
        return written ? 0 : 1;
    }
    fprintf(stderr, "usage: print <command>\n");
    for (size_t i = 0; i < PULIH_COUNT(commands); i++)
        fprintf(stderr, "  %-12s %s\n", commands[i].name, commands[i].doc);
    return 2;
}
