#include <string.h>

#include "services/common/base/conf_check.h"

enum { TEXT_COLUMNS = 96 };

/* Prints a comment, broken between words. */
static void add_comment(struct pulih_buf *out, const char *indent, const char *text)
{
    while (*text) {
        size_t len = strlen(text);
        if (len > TEXT_COLUMNS) {
            len = TEXT_COLUMNS;
            while (len > 0 && text[len] != ' ')
                len--;
            len = len > 0 ? len : strcspn(text, " "); /* one word wider than a line stays whole */
        }
        pulih_buf_addf(out, "%s# %.*s\n", indent, (int)len, text);
        text += len;
        text += strspn(text, " ");
    }
}

static void add_range(struct pulih_buf *out, const struct pulih_conf_row *row)
{
    long long min = row->min, max = row->max;

    switch (row->kind) {
    case PULIH_CONF_integer:
        pulih_buf_addf(out, "whole number, %lld to %lld", min, max);
        break;
    case PULIH_CONF_boolean:
        pulih_buf_addf(out, "true or false");
        break;
    case PULIH_CONF_text:
        pulih_buf_addf(out, "text, %lld to %lld bytes", min, max);
        break;
    case PULIH_CONF_texts:
        pulih_buf_addf(out, "list of texts, %lld to %lld", min, max);
        break;
    case PULIH_CONF_word:
        pulih_buf_addf(out, "one of: %s", row->unit);
        break;
    }
    if (row->kind != PULIH_CONF_word && row->unit && *row->unit)
        pulih_buf_addf(out, "; unit: %s", row->unit);
    pulih_buf_addf(out, row->standard ? "; default %s" : "; must be given", row->standard);
}

static void add_row(struct pulih_buf *out, const struct pulih_conf_row *row)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf range = {0};
    const char *indent = row->group ? "    " : "";

    add_comment(out, indent, row->doc);
    add_range(&range, row);
    add_comment(out, indent, pulih_buf_text(&range));
    if (row->standard)
        pulih_buf_addf(out, "%s%s = %s;\n\n", indent, row->name, row->standard);
    else
        pulih_buf_addf(out, "%s# %s = ;\n\n", indent, row->name);
}

static bool is_first_of_group(const struct pulih_conf_file *file, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pulih_conf_same_group(file->rows[i].group, file->rows[n].group))
            return false;
    return true;
}

void pulih_conf_print_example(const struct pulih_conf_file *file, struct pulih_buf *out)
{
    for (size_t i = 0; i < file->n_rows; i++) {
        const char *group = file->rows[i].group;
        if (!is_first_of_group(file, i))
            continue;
        if (group)
            pulih_buf_addf(out, "%s = {\n", group);
        for (size_t j = i; j < file->n_rows; j++)
            if (pulih_conf_same_group(group, file->rows[j].group))
                add_row(out, &file->rows[j]);
        if (group) {
            out->len--; /* no empty line before the bracket */
            pulih_buf_addf(out, "};\n\n");
        }
    }
    if (out->len > 0)
        out->len--;
}
