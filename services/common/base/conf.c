#include "pulih/base/conf.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"
#include "services/common/base/conf_check.h"

/* One run over one file. `why` grows with every fault. */
struct reader {
    const struct pulih_conf_file *file;
    struct pulih_view directory;
    const char *path;
    char *ret;
    struct pulih_buf *why;
};

static const char *type_name(const config_setting_t *s)
{
    switch (config_setting_type(s)) {
    case CONFIG_TYPE_GROUP:
        return "a group";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return "a whole number";
    case CONFIG_TYPE_FLOAT:
        return "a number with a fraction";
    case CONFIG_TYPE_STRING:
        return "text";
    case CONFIG_TYPE_BOOL:
        return "true or false";
    default:
        return "a list";
    }
}

/* Starts the line of a fault: "file:line: group.name: ". */
static void begin_fault(struct reader *r, const config_setting_t *s, const char *group, const char *name)
{
    const char *path = s ? config_setting_source_file(s) : NULL;
    unsigned line = s ? config_setting_source_line(s) : 0;

    if (path && strcmp(path, r->path) != 0) /* of an include: the library knows only what was written */
        pulih_buf_addf(r->why, "%.*s/", PULIH_VIEW_ARG(r->directory));
    pulih_buf_addf(r->why, "%s:", path ? path : r->path);
    if (line > 0)
        pulih_buf_addf(r->why, "%u:", line);
    pulih_buf_addf(r->why, " %s%s%s: ", group ? group : "", group ? "." : "", name);
}

static void add_type_fault(struct reader *r, const config_setting_t *s, const struct pulih_conf_row *row,
                           const char *expected)
{
    begin_fault(r, s, row->group, row->name);
    pulih_buf_addf(r->why, "expected %s, got %s\n", expected, type_name(s));
}

static void add_range_fault(struct reader *r, const config_setting_t *s, const struct pulih_conf_row *row,
                            const char *what, int64_t got)
{
    begin_fault(r, s, row->group, row->name);
    pulih_buf_addf(r->why, "expected %lld to %lld%s, got %lld\n", (long long)row->min, (long long)row->max,
                   what, (long long)got);
}

static bool is_inside(const struct pulih_conf_row *row, int64_t value)
{
    return value >= row->min && value <= row->max;
}

static void take_integer(struct reader *r, const config_setting_t *s, const struct pulih_conf_row *row,
                         int64_t *to)
{
    int type = config_setting_type(s);

    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
        add_type_fault(r, s, row, "a whole number");
        return;
    }
    int64_t value = config_setting_get_int64(s);
    if (!is_inside(row, value))
        add_range_fault(r, s, row, "", value);
    else if (to)
        *to = value;
}

static void take_boolean(struct reader *r, const config_setting_t *s, const struct pulih_conf_row *row,
                         bool *to)
{
    if (config_setting_type(s) != CONFIG_TYPE_BOOL)
        add_type_fault(r, s, row, "true or false");
    else if (to)
        *to = config_setting_get_bool(s);
}

static char *copy_text(const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        pulih_out_of_memory();
    return copy;
}

static void take_text(struct reader *r, const config_setting_t *s, const struct pulih_conf_row *row,
                      char **to)
{
    if (config_setting_type(s) != CONFIG_TYPE_STRING) {
        add_type_fault(r, s, row, "text");
        return;
    }
    const char *text = config_setting_get_string(s);
    int64_t len = (int64_t)strlen(text);
    if (!is_inside(row, len))
        add_range_fault(r, s, row, " bytes", len);
    else if (to)
        *to = copy_text(text);
}

static bool is_word_of(const char *words, const char *text)
{
    size_t len = strlen(text);

    for (const char *at = words; *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, text, n) == 0)
            return true;
        at += n;
    }
    return false;
}

static void take_word(struct reader *r, const config_setting_t *s, const struct pulih_conf_row *row,
                      char **to)
{
    if (config_setting_type(s) != CONFIG_TYPE_STRING) {
        add_type_fault(r, s, row, "text");
        return;
    }
    const char *text = config_setting_get_string(s);
    if (is_word_of(row->unit, text)) {
        if (to)
            *to = copy_text(text);
        return;
    }
    begin_fault(r, s, row->group, row->name);
    pulih_buf_addf(r->why, "expected one of: %s; got \"%s\"\n", row->unit, text);
}

static void take_texts(struct reader *r, const config_setting_t *s, const struct pulih_conf_row *row,
                       struct pulih_conf_texts *to)
{
    if (!config_setting_is_array(s) && !config_setting_is_list(s)) {
        add_type_fault(r, s, row, "a list of texts");
        return;
    }
    int n = config_setting_length(s);
    pulih_must(row->max <= PULIH_CONF_TEXTS_MAX);
    if (!is_inside(row, n)) {
        add_range_fault(r, s, row, " texts", n);
        return;
    }
    for (int i = 0; i < n; i++) {
        const config_setting_t *element = config_setting_get_elem(s, (unsigned)i);
        const char *text = config_setting_get_string(element);
        if (!text || !*text) {
            begin_fault(r, element, row->group, row->name);
            pulih_buf_addf(r->why, "expected a list of texts, got %s in it\n",
                           text ? "an empty one" : type_name(element));
        } else if (to) {
            to->at[to->n++] = copy_text(text);
        }
    }
}

static void *place_of(char *conf, const struct pulih_conf_row *row)
{
    return row->offset == PULIH_CONF_ELSEWHERE ? NULL : conf + row->offset;
}

static void take_value(struct reader *r, const config_setting_t *s, const struct pulih_conf_row *row)
{
    void *to = place_of(r->ret, row);

    switch (row->kind) {
    case PULIH_CONF_integer:
        take_integer(r, s, row, to);
        break;
    case PULIH_CONF_boolean:
        take_boolean(r, s, row, to);
        break;
    case PULIH_CONF_text:
        take_text(r, s, row, to);
        break;
    case PULIH_CONF_texts:
        take_texts(r, s, row, to);
        break;
    case PULIH_CONF_word:
        take_word(r, s, row, to);
        break;
    }
}

/* A default takes the way of a value from the file. One that does not fit its own row is a bug. */
static void take_default(struct reader *r, const struct pulih_conf_row *row)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    PULIH_AUTO(config_destroy) config_t config;
    size_t faults_before = r->why->len;

    pulih_buf_addf(&text, "standard = %s;", row->standard);
    config_init(&config);
    pulih_must(pulih_conf_check_text(pulih_buf_text(&text), r->why));
    pulih_must(config_read_string(&config, pulih_buf_text(&text)));
    pulih_conf_must_be_whole(config_root_setting(&config));
    take_value(r, config_lookup(&config, "standard"), row);
    pulih_must(r->why->len == faults_before);
}

static void take_row(struct reader *r, const config_setting_t *root, const struct pulih_conf_row *row)
{
    const config_setting_t *in = row->group ? config_setting_get_member(root, row->group) : root;
    const config_setting_t *s = in ? config_setting_get_member(in, row->name) : NULL;

    if (s) {
        take_value(r, s, row);
    } else if (row->offset == PULIH_CONF_ELSEWHERE) {
        return;
    } else if (row->standard) {
        take_default(r, row);
    } else {
        begin_fault(r, in == root ? NULL : in, row->group, row->name);
        pulih_buf_addf(r->why, "missing, and there is no default (%s)\n", row->doc);
    }
}

static bool is_row(const struct pulih_conf_file *file, const char *group, const char *name)
{
    for (size_t i = 0; i < file->n_rows; i++)
        if (pulih_conf_same_group(group, file->rows[i].group) && strcmp(name, file->rows[i].name) == 0)
            return true;
    return false;
}

static bool is_group(const struct pulih_conf_file *file, const char *name)
{
    for (size_t i = 0; i < file->n_rows; i++)
        if (pulih_conf_same_group(name, file->rows[i].group))
            return true;
    return false;
}

static void add_unknown(struct reader *r, const config_setting_t *s, const char *group)
{
    const char *name = config_setting_name(s);
    const struct pulih_conf_row *row = pulih_conf_nearest(r->file, group, name);
    const char *like = group || row ? NULL : pulih_conf_nearest_group(r->file, name);

    begin_fault(r, s, group, name);
    pulih_buf_addf(r->why, "unknown");
    if (row)
        pulih_buf_addf(r->why, "; did you mean %s%s%s?", row->group ? row->group : "", row->group ? "." : "",
                       row->name);
    else if (like)
        pulih_buf_addf(r->why, "; did you mean %s?", like);
    pulih_buf_addf(r->why, "\n");
}

/* Looks at every name on the top level, and below those that are groups. */
static void check_names(struct reader *r, const config_setting_t *in, const char *group)
{
    for (int i = 0; i < config_setting_length(in); i++) {
        const config_setting_t *s = config_setting_get_elem(in, (unsigned)i);
        const char *name = config_setting_name(s);
        if (is_row(r->file, group, name))
            continue;
        if (group || !is_group(r->file, name)) {
            add_unknown(r, s, group);
        } else if (config_setting_is_group(s)) {
            check_names(r, s, name);
        } else {
            begin_fault(r, s, NULL, name);
            pulih_buf_addf(r->why, "expected a group, got %s\n", type_name(s));
        }
    }
}

static void forget(const struct pulih_conf_row *row, void *at)
{
    switch (row->kind) {
    case PULIH_CONF_integer:
        *(int64_t *)at = 0;
        break;
    case PULIH_CONF_boolean:
        *(bool *)at = false;
        break;
    case PULIH_CONF_text:
    case PULIH_CONF_word:
        *(char **)at = NULL;
        break;
    case PULIH_CONF_texts:
        *(struct pulih_conf_texts *)at = (struct pulih_conf_texts){0};
        break;
    }
}

static bool read_file(const struct reader *r, config_t *config)
{
    char *directory = strndup(r->directory.at, r->directory.len);

    config_init(config);
    if (!directory)
        pulih_out_of_memory();
    config_set_include_dir(config, directory);
    free(directory);
    return config_read_file(config, r->path);
}

bool pulih_conf_gives(const char *path, const char *setting)
{
    PULIH_AUTO(config_destroy) config_t config;

    config_init(&config);
    return config_read_file(&config, path) && config_lookup(&config, setting);
}

static bool read_settings(struct reader *r)
{
    PULIH_AUTO(config_destroy) config_t config;

    if (!read_file(r, &config)) {
        const char *path = config_error_file(&config);
        pulih_buf_addf(r->why, "%s:%d: %s\n", path ? path : r->path, config_error_line(&config),
                       config_error_text(&config));
        return false;
    }
    const config_setting_t *root = config_root_setting(&config);
    pulih_conf_must_be_whole(root);
    check_names(r, root, NULL);
    for (size_t i = 0; i < r->file->n_rows; i++)
        take_row(r, root, &r->file->rows[i]);
    return r->why->len == 0;
}

bool pulih_conf_load(const char *path, const struct pulih_conf_file *file, void *ret, struct pulih_buf *why)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf faults = {0};
    struct reader r = {file, pulih_conf_directory(path), path, ret, &faults};

    for (size_t i = 0; i < file->n_rows; i++) {
        void *at = place_of(ret, &file->rows[i]);
        if (at)
            forget(&file->rows[i], at);
    }
    if (pulih_conf_check_source(path, &faults) && read_settings(&r))
        return true;
    pulih_conf_free(file, ret);
    pulih_buf_add_view(why, pulih_view_of_buf(&faults));
    return false;
}

void pulih_conf_where(const char *path, const char *group, const char *name, struct pulih_buf *out)
{
    PULIH_AUTO(config_destroy) config_t config;
    struct reader r = {.directory = pulih_conf_directory(path), .path = path, .why = out};
    const config_setting_t *in = NULL;

    if (read_file(&r, &config))
        in = group ? config_lookup(&config, group) : config_root_setting(&config);
    begin_fault(&r, in ? config_setting_get_member(in, name) : NULL, group, name);
}

void pulih_conf_free(const struct pulih_conf_file *file, void *conf)
{
    for (size_t i = 0; i < file->n_rows; i++) {
        const struct pulih_conf_row *row = &file->rows[i];
        void *at = place_of(conf, row);
        if (at && (row->kind == PULIH_CONF_text || row->kind == PULIH_CONF_word))
            free(*(char **)at);
        for (size_t j = 0; at && row->kind == PULIH_CONF_texts && j < ((struct pulih_conf_texts *)at)->n; j++)
            free(((struct pulih_conf_texts *)at)->at[j]);
        if (at)
            forget(row, at);
    }
}
