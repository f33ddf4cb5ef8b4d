/* Any text as a template, any bytes as what fills it: a template that passes the check leaves no slot open, and
 * a stored letter leaves no {{name}} behind. */
#include <stdint.h>
#include <string.h>

#include "proto/words.h"
#include "pulih/base/must.h"
#include "pulih/core/letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static bool holds(struct pulih_buf *b, const char *text)
{
    return strstr(pulih_buf_text(b), text) != NULL;
}

/* Every slot but the name with `value`; every second one with nothing if `sparse`. */
static struct pulih_slots slots_of(struct pulih_view value, bool sparse)
{
    struct pulih_slots slots = {0};

    for (int i = 0; i < PULIH_SLOT_N; i++)
        if (!sparse || i % 2)
            slots.value[i] = value;
    return slots;
}

static void render(struct pulih_view text, const struct pulih_slots *slots, struct pulih_view name,
                   bool checked)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf stored = {0}, out = {0};
    bool plain = !memchr(name.at, '{', name.len) && !memchr(name.at, 0, name.len);

    pulih_template_fill(text, slots, &stored);
    pulih_letter_address(pulih_view_of_buf(&stored), name, PULIH_language_id, &out);
    if (checked && plain && !memchr(text.at, 0, text.len)) {
        pulih_must(!holds(&out, "{{name}}"));
        pulih_must(!holds(&out, "{{due}}"));
        pulih_must(!holds(&out, "{{company}}"));
    }
}

/* The first byte says how many of the next ones are the value and the name; the rest is the template. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf amount = {0};
    uint32_t used;
    struct pulih_view at;

    if (len == 0 || bytes[0] >= len)
        return 0;
    struct pulih_view value = {(const char *)bytes + 1, bytes[0]};
    struct pulih_view text = {value.at + value.len, len - 1 - value.len};
    bool checked = pulih_template_check(text, &used, &at) == NULL;
    pulih_must(at.at >= text.at && at.at + at.len <= text.at + text.len);
    struct pulih_slots all = slots_of(value, false), some = slots_of(value, true);
    render(text, &all, value, checked);
    render(text, &some, value, checked);
    pulih_amount_print(len * 0x9e3779b97f4a7c15, value, bytes[0] % 3, &amount);
    return 0;
}
