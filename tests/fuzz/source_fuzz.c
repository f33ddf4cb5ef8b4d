/* Any bytes as a file of rows for pulihctl publish: each row is refused with a reason, or is a message that a
 * door can read; the same file gives the same ids. */
#include <stdio.h>
#include <string.h>

#include "pulih/base/must.h"
#include "services/ctl/publish.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_message(const struct pulih_outgoing *o)
{
    enum pulih_m m = pulih_message_by_name(pulih_view_of(o->type));
    struct pulih_view body = {o->body, o->body_len};
    union pulih_any msg;
    struct pulih_fault fault;

    pulih_must(m < PULIH_M_N && pulih_msg_decode(m, body, &msg, &fault));
}

/* A digest of all ids. */
static uint64_t read_all(const uint8_t *bytes, size_t len, enum pulih_ctl_format format)
{
    static struct pulih_rename renames[] = {{"cerita", "story"}, {"kanal", "channel"}, {"catatan", NULL}};
    struct pulih_ctl_recipe r = {.client = "fuzzer",
                                 .type = "complaint",
                                 .renames = renames,
                                 .n_renames = PULIH_COUNT(renames),
                                 .body = pulih_body_new()};
    struct pulih_ctl_source s;
    struct pulih_error error;
    uint64_t digest = 0;
    FILE *file = fmemopen((void *)(uintptr_t)bytes, len, "r");
    int got = 0;

    pulih_must(file);
    if (!pulih_ctl_source_open(&s, file, format))
        pulih_must(s.why[0]);
    else
        while ((got = pulih_ctl_source_next(&s)) != 0) {
            struct pulih_envelope envelope;
            struct pulih_outgoing o = {.tag = 0};
            pulih_must(got > 0 || s.why[0]);
            pulih_must(s.line > 0 && s.next_line > s.line);
            if (got < 0)
                continue;
            o.id = pulih_ctl_recipe_id(&r, &s);
            if (pulih_ctl_recipe_message(&r, &s, &envelope, &o, &error))
                check_message(&o);
            else
                pulih_must(error.text[0]);
            digest = digest * 31 + pulih_be64(o.id.b + 8);
        }
    pulih_ctl_source_close(&s);
    r.renames = NULL;
    pulih_ctl_recipe_free(&r);
    return digest;
}

/* The first byte says which format. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 2)
        return 0;
    enum pulih_ctl_format format = (enum pulih_ctl_format)(bytes[0] % 3);
    pulih_must(read_all(bytes + 1, len - 1, format) == read_all(bytes + 1, len - 1, format));
    return 0;
}
