/* pulihctl model: learned models as versions in the database. Here: finding one, import and export. */
#include "services/ctl/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/file.h"
#include "pulih/base/point.h"

enum { CHUNK_BYTES = 1024 * 1024 };

struct pulih_view pulih_ctl_who(void)
{
    const char *who = getenv("USER");

    return pulih_view_of(who && *who ? who : "operator");
}

/* --- a version ------------------------------------------------------------------------------------------ */

enum {
    V_version,
    V_axis,
    V_name,
    V_texts,
    V_accuracy,
    V_macro_f1,
    V_dev_texts,
    V_dev_accuracy,
    V_dev_macro_f1,
    V_labels,
    V_chunks,
    V_bytes,
    V_imported_at,
    V_actor,
    V_digest,
    V_set,
    V_state,
    V_live_from,
    V_axis_live,
    V_axis_shadow,
    V_axis_switches,
    V_axis_judging
};

static void copy_text(const struct pulih_db *db, size_t call, size_t row, size_t col, char *ret, size_t room)
{
    snprintf(ret, room, "%.*s", PULIH_VIEW_ARG(pulih_db_view(db, call, row, col)));
}

static void copy_bytes(const struct pulih_db *db, size_t call, size_t row, size_t col, uint8_t *ret,
                       size_t room)
{
    struct pulih_view v = pulih_db_view(db, call, row, col);

    memcpy(ret, v.at, v.len < room ? v.len : room);
}

void pulih_ctl_version_read(const struct pulih_db *db, size_t call, size_t row, struct pulih_ctl_version *ret)
{
    const struct {
        int32_t *at;
        size_t column;
    } numbers[] = {{&ret->version, V_version},
                   {&ret->texts, V_texts},
                   {&ret->accuracy, V_accuracy},
                   {&ret->macro_f1, V_macro_f1},
                   {&ret->dev_texts, V_dev_texts},
                   {&ret->dev_accuracy, V_dev_accuracy},
                   {&ret->dev_macro_f1, V_dev_macro_f1},
                   {&ret->labels, V_labels},
                   {&ret->chunks, V_chunks},
                   {&ret->axis_live, V_axis_live},
                   {&ret->axis_shadow, V_axis_shadow},
                   {&ret->axis_switches, V_axis_switches},
                   {&ret->axis_judging, V_axis_judging}};

    *ret = (struct pulih_ctl_version){0};
    for (size_t i = 0; i < PULIH_COUNT(numbers); i++)
        *numbers[i].at = (int32_t)pulih_db_int(db, call, row, numbers[i].column);
    ret->bytes = pulih_db_int(db, call, row, V_bytes);
    ret->imported_us = pulih_db_time(db, call, row, V_imported_at);
    if (!pulih_db_null(db, call, row, V_live_from))
        ret->live_from_us = pulih_db_time(db, call, row, V_live_from);
    copy_text(db, call, row, V_axis, ret->axis, sizeof ret->axis);
    copy_text(db, call, row, V_name, ret->name, sizeof ret->name);
    copy_text(db, call, row, V_state, ret->state, sizeof ret->state);
    copy_text(db, call, row, V_actor, ret->actor, sizeof ret->actor);
    copy_bytes(db, call, row, V_digest, ret->digest, sizeof ret->digest);
    copy_bytes(db, call, row, V_set, ret->set, sizeof ret->set);
}

bool pulih_ctl_version_find(const struct pulih_ctl *ctl, struct pulih_db *db, const char *text,
                            struct pulih_ctl_version *ret)
{
    char *end;

    errno = 0;
    long version = strtol(text, &end, 10);
    if (errno || *end || end == text || version < 1 || version > INT32_MAX) {
        pulih_ctl_usage(ctl, "want the number of a version, as in pulihctl model list; got %s", text);
        return false;
    }
    pulih_params_int4(pulih_db_params(db), (int32_t)version);
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_models);
    if (!pulih_ctl_run(ctl, db))
        return false;
    if (pulih_db_rows(db, call) == 0) {
        pulih_ctl_failed(ctl, "there is no version %ld; see pulihctl model list", version);
        return false;
    }
    pulih_ctl_version_read(db, call, 0, ret);
    return true;
}

bool pulih_ctl_version_bytes(const struct pulih_ctl *ctl, struct pulih_db *db,
                             const struct pulih_ctl_version *version, struct pulih_buf *ret)
{
    for (int32_t n = 0; n < version->chunks; n++) {
        struct pulih_params *p = pulih_db_params(db);
        pulih_params_int4(p, version->version);
        pulih_params_int4(p, n);
        size_t call = pulih_db_call(db, PULIH_CTL_SQL_read_model_chunk);
        if (!pulih_ctl_run(ctl, db))
            return false;
        if (pulih_db_rows(db, call) == 0) {
            pulih_ctl_failed(ctl, "version %d lacks its part %d of %d; restore it, or import the file anew",
                             (int)version->version, (int)n + 1, (int)version->chunks);
            return false;
        }
        pulih_buf_add_view(ret, pulih_db_view(db, call, 0, 0));
    }
    return true;
}

static bool load(struct pulih_view bytes, struct pulih_models *ret, struct pulih_buf *why)
{
    struct pulih_model *model = pulih_model_load(bytes, why);

    return model && pulih_models_add(ret, model, pulih_ctl_vocabulary(), why);
}

bool pulih_ctl_version_load(const struct pulih_ctl *ctl, struct pulih_db *db,
                            const struct pulih_ctl_version *version, struct pulih_models *ret)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    if (!pulih_ctl_version_bytes(ctl, db, version, &bytes))
        return false;
    if (load(pulih_view_of_buf(&bytes), ret, &why))
        return true;
    pulih_ctl_failed(ctl, "version %d cannot be used: %.*s", (int)version->version,
                     (int)strcspn(pulih_buf_text(&why), "\n"), pulih_buf_text(&why));
    return false;
}

/* --- import --------------------------------------------------------------------------------------------- */

static void queue_head(struct pulih_db *db, int32_t version, const struct pulih_model_about *about)
{
    const uint32_t numbers[] = {about->texts,
                                about->accuracy,
                                about->macro_f1,
                                about->dev_texts,
                                about->dev_accuracy,
                                about->dev_macro_f1,
                                (uint32_t)about->n_labels,
                                (uint32_t)((about->bytes + CHUNK_BYTES - 1) / CHUNK_BYTES)};
    struct pulih_params *p = pulih_db_params(db);

    pulih_params_text(p, pulih_view_of(about->axis));
    pulih_db_call(db, PULIH_CTL_SQL_put_model_axis);
    p = pulih_db_params(db);
    pulih_params_int4(p, version);
    pulih_params_text(p, pulih_view_of(about->axis));
    pulih_params_text(p, pulih_view_of(about->name));
    pulih_params_bytes(p, (struct pulih_view){(const char *)about->digest, sizeof about->digest});
    pulih_params_bytes(p, (struct pulih_view){(const char *)about->set, sizeof about->set});
    pulih_params_array(p, PULIH_OID_INT4, PULIH_COUNT(numbers));
    for (size_t i = 0; i < PULIH_COUNT(numbers); i++)
        pulih_params_int4(p, numbers[i] < INT32_MAX ? (int32_t)numbers[i] : INT32_MAX);
    pulih_params_end(p);
    pulih_params_int8(p, (int64_t)about->bytes);
    pulih_params_text(p, pulih_ctl_who());
    pulih_db_call(db, PULIH_CTL_SQL_put_model);
}

/* In the open transaction, a part at a time. */
static bool put_parts(const struct pulih_ctl *ctl, struct pulih_db *db, int32_t version,
                      struct pulih_view bytes)
{
    for (int32_t n = 0; bytes.len; n++) {
        size_t len = bytes.len < CHUNK_BYTES ? bytes.len : CHUNK_BYTES;
        struct pulih_params *p = pulih_db_params(db);
        pulih_params_int4(p, version);
        pulih_params_int4(p, n);
        pulih_params_bytes(p, (struct pulih_view){bytes.at, len});
        pulih_db_call(db, PULIH_CTL_SQL_put_model_chunk);
        bytes = (struct pulih_view){bytes.at + len, bytes.len - len};
        if (!pulih_ctl_run(ctl, db))
            return false;
    }
    PULIH_POINT(model_stored);
    pulih_db_commit(db);
    return pulih_ctl_run(ctl, db);
}

/* 0: it is not known; -1: the database failed, which was told. */
static int32_t known_version(const struct pulih_ctl *ctl, struct pulih_db *db,
                             const struct pulih_model_about *about)
{
    pulih_params_bytes(pulih_db_params(db),
                       (struct pulih_view){(const char *)about->digest, sizeof about->digest});
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_known_model);

    if (!pulih_ctl_run(ctl, db))
        return -1;
    return pulih_db_rows(db, call) ? (int32_t)pulih_db_int(db, call, 0, 0) : 0;
}

static int tell_import(const struct pulih_ctl *ctl, int32_t version, const char *name, bool is_new)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};

    if (pulih_ctl_option(ctl, "json")) {
        pulih_ctl_json_start(&out, "what", "imported");
        pulih_ctl_json_int(&out, "version", version);
        pulih_ctl_json_word(&out, "name", name);
        pulih_buf_addf(&out, ",\"new\":%s", is_new ? "true" : "false");
        pulih_ctl_json_end(&out);
    } else {
        pulih_buf_addf(&out, is_new ? "version %d: %s\n" : "version %d is this model already: %s\n",
                       (int)version, name);
    }
    pulih_ctl_write(&out);
    return PULIH_CTL_OK;
}

static int import(const struct pulih_ctl *ctl, struct pulih_db *db, struct pulih_view bytes,
                  const struct pulih_model_about *about)
{
    int32_t version = known_version(ctl, db, about);

    if (version)
        return version < 0 ? PULIH_CTL_FAILED : tell_import(ctl, version, about->name, false);
    pulih_db_begin(db);
    pulih_db_params(db);
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_take_model_number);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    version = (int32_t)pulih_db_int(db, call, 0, 0);
    queue_head(db, version, about);
    return put_parts(ctl, db, version, bytes) ? tell_import(ctl, version, about->name, true)
                                              : PULIH_CTL_FAILED;
}

int pulih_ctl_model_import(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    const char *path = ctl->args[1];
    PULIH_AUTO(pulih_models_free) struct pulih_models one = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};

    if (pulih_file_read(path, 0, &bytes, &why) && load(pulih_view_of_buf(&bytes), &one, &why))
        return import(ctl, db, pulih_view_of_buf(&bytes), pulih_model_about(one.at[0].model));
    return pulih_ctl_failed(ctl, "%s: %.*s", path, (int)strcspn(pulih_buf_text(&why), "\n"),
                            pulih_buf_text(&why));
}

/* --- export --------------------------------------------------------------------------------------------- */

int pulih_ctl_model_export(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    const char *path = pulih_ctl_option(ctl, "out");
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};
    struct pulih_ctl_version version;

    if (!path)
        return pulih_ctl_usage(ctl, "--out FILE is missing: where the model goes");
    if (!pulih_ctl_version_find(ctl, db, ctl->args[1], &version) ||
        !pulih_ctl_version_bytes(ctl, db, &version, &bytes))
        return PULIH_CTL_FAILED;
    int code = pulih_ctl_save(ctl, path, &bytes);
    if (code == PULIH_CTL_OK)
        printf("%s: version %d, %s\n", path, (int)version.version, version.name);
    return code;
}

/* --- the command ---------------------------------------------------------------------------------------- */

int pulih_ctl_model(const struct pulih_ctl *ctl)
{
    static const struct {
        const char *name;
        int n_args;
        pulih_ctl_verb_f *run;
    } verbs[] = {{"import", 2, pulih_ctl_model_import},     {"list", 1, pulih_ctl_model_list},
                 {"show", 2, pulih_ctl_model_show},         {"shadow", 2, pulih_ctl_model_shadow},
                 {"retire", 2, pulih_ctl_model_retire},     {"promote", 2, pulih_ctl_model_promote},
                 {"rollback", 2, pulih_ctl_model_rollback}, {"compare", 2, pulih_ctl_model_compare},
                 {"export", 2, pulih_ctl_model_export}};

    for (size_t i = 0; i < PULIH_COUNT(verbs); i++) {
        if (strcmp(ctl->args[0], verbs[i].name) != 0 || ctl->n_args != verbs[i].n_args)
            continue;
        PULIH_AUTO(pulih_ctl_disconnect) struct pulih_db *db = pulih_ctl_connect(ctl);
        return db ? verbs[i].run(ctl, db) : PULIH_CTL_FAILED;
    }
    return pulih_ctl_usage(ctl, "want %s", ctl->command->args);
}
