/* pulihctl model list, show and compare. */
#include <stdlib.h>
#include <string.h>

#include "pulih/core/drift.h"
#include "pulih/core/reference.h"
#include "services/ctl/model.h"

static struct pulih_view add_share(char text[16], int32_t millionths)
{
    snprintf(text, 16, "%.3f", millionths / 1e6);
    return pulih_view_of(text);
}

static void cell_share(struct pulih_ctl_table *t, int32_t millionths, bool known)
{
    char text[16];

    pulih_ctl_cell(t, known     ? add_share(text, millionths)
                      : t->json ? (struct pulih_view){0}
                                : PULIH_VIEW(""));
}

/* --- drift ---------------------------------------------------------------------------------------------- */

enum { U_axis, U_version, U_value, U_first_n, U_first_confidence, U_recent_n, U_recent_confidence };

static struct pulih_drift drift_of(const struct pulih_db *db, size_t call, const struct pulih_ctl_version *v)
{
    struct pulih_drift_use uses[PULIH_DRIFT_VALUES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < pulih_db_rows(db, call) && n < PULIH_DRIFT_VALUES_MAX; i++)
        if (pulih_view_is(pulih_db_view(db, call, i, U_axis), v->axis) &&
            pulih_db_int(db, call, i, U_version) == v->version)
            uses[n++] = (struct pulih_drift_use){
                pulih_db_int(db, call, i, U_first_n), pulih_db_int(db, call, i, U_first_confidence),
                pulih_db_int(db, call, i, U_recent_n), pulih_db_int(db, call, i, U_recent_confidence)};
    return pulih_drift_of(uses, n);
}

static void cell_drift(struct pulih_ctl_table *t, const struct pulih_drift *drift)
{
    char text[40];

    snprintf(text, sizeof text, "%.3f", drift->index);
    pulih_ctl_cell(t, drift->known ? pulih_view_of(text) : t->json ? (struct pulih_view){0} : PULIH_VIEW(""));
    pulih_ctl_cell_int(t, (int64_t)(drift->first + 0.5));
    pulih_ctl_cell_int(t, (int64_t)(drift->recent + 0.5));
}

/* --- list ----------------------------------------------------------------------------------------------- */

static void list_row(struct pulih_ctl_table *t, const struct pulih_ctl_version *v,
                     const struct pulih_drift *drift)
{
    pulih_ctl_cell_int(t, v->version);
    pulih_ctl_cell(t, pulih_view_of(v->axis));
    pulih_ctl_cell(t, pulih_view_of(v->state));
    pulih_ctl_cell(t, pulih_view_of(v->name));
    pulih_ctl_cell_int(t, v->texts);
    cell_share(t, v->accuracy, true);
    cell_share(t, v->dev_accuracy, v->dev_texts > 0);
    cell_drift(t, drift);
    pulih_ctl_cell_time(t, v->live_from_us);
    pulih_ctl_cell_time(t, v->imported_us);
    pulih_ctl_cell(t, pulih_view_of(v->actor));
}

int pulih_ctl_model_list(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    static const char *const columns[] = {"version",
                                          "axis",
                                          "state",
                                          "name",
                                          "texts",
                                          "accuracy",
                                          "dev_accuracy",
                                          "drift",
                                          "confidence_first",
                                          "confidence",
                                          "live_from",
                                          "imported_at",
                                          "by"};
    struct pulih_ctl_table t = {.columns = columns,
                                .n_columns = PULIH_COUNT(columns),
                                .what = "model",
                                .json = pulih_ctl_option(ctl, "json")};

    pulih_params_null(pulih_db_params(db));
    size_t models = pulih_db_call(db, PULIH_CTL_SQL_models);
    pulih_db_params(db);
    size_t uses = pulih_db_call(db, PULIH_CTL_SQL_model_uses);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    size_t n = pulih_db_rows(db, models);
    for (size_t i = 0; i < n; i++) {
        struct pulih_ctl_version v;
        pulih_ctl_version_read(db, models, i, &v);
        struct pulih_drift drift = drift_of(db, uses, &v);
        list_row(&t, &v, &drift);
    }
    pulih_ctl_table_end(&t);
    return n ? PULIH_CTL_OK : PULIH_CTL_FAILED;
}

/* --- show ----------------------------------------------------------------------------------------------- */

static void add_hex(struct pulih_buf *out, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pulih_buf_addf(out, "%02x", bytes[i]);
}

static void show_card(const struct pulih_ctl_version *v)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};

    pulih_buf_addf(&out, "version %d  %s  %s\n", (int)v->version, v->name, v->state);
    pulih_buf_addf(&out, "  axis         %s, %d labels\n", v->axis, (int)v->labels);
    pulih_buf_addf(&out, "  trained on   %d texts, set ", (int)v->texts);
    add_hex(&out, v->set, sizeof v->set);
    pulih_buf_addf(&out, "\n  in turn      accuracy %.3f, macro-F1 %.3f\n", v->accuracy / 1e6,
                   v->macro_f1 / 1e6);
    if (v->dev_texts)
        pulih_buf_addf(&out, "  held out     accuracy %.3f, macro-F1 %.3f, on %d texts\n",
                       v->dev_accuracy / 1e6, v->dev_macro_f1 / 1e6, (int)v->dev_texts);
    pulih_buf_addf(&out, "  size         %lld bytes\n  digest       ", (long long)v->bytes);
    add_hex(&out, v->digest, sizeof v->digest);
    pulih_buf_addf(&out, "\n  imported     ");
    pulih_ctl_add_time(&out, v->imported_us);
    pulih_buf_addf(&out, " by ");
    pulih_ctl_add_text(&out, pulih_view_of(v->actor), -1);
    pulih_buf_addf(&out, "\n\nSWITCHES of %s\n", v->axis);
    pulih_ctl_write(&out);
}

static void show_card_json(const struct pulih_ctl_version *v)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf hex = {0};
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"version", v->version},
                   {"labels", v->labels},
                   {"texts", v->texts},
                   {"accuracy_millionths", v->accuracy},
                   {"macro_f1_millionths", v->macro_f1},
                   {"dev_texts", v->dev_texts},
                   {"dev_accuracy_millionths", v->dev_accuracy},
                   {"dev_macro_f1_millionths", v->dev_macro_f1},
                   {"bytes", v->bytes}};

    pulih_ctl_json_start(&out, "what", "model");
    pulih_ctl_json_word(&out, "axis", v->axis);
    pulih_ctl_json_word(&out, "name", v->name);
    pulih_ctl_json_word(&out, "state", v->state);
    for (size_t i = 0; i < PULIH_COUNT(numbers); i++)
        pulih_ctl_json_int(&out, numbers[i].name, numbers[i].value);
    add_hex(&hex, v->digest, sizeof v->digest);
    pulih_ctl_json_text(&out, "digest", pulih_view_of_buf(&hex));
    pulih_buf_empty(&hex);
    add_hex(&hex, v->set, sizeof v->set);
    pulih_ctl_json_text(&out, "training_set", pulih_view_of_buf(&hex));
    pulih_ctl_json_time(&out, "live_from", v->live_from_us);
    pulih_ctl_json_time(&out, "imported_at", v->imported_us);
    pulih_ctl_json_word(&out, "by", v->actor);
    pulih_ctl_json_end(&out);
    pulih_ctl_write(&out);
}

enum {
    S_n,
    S_kind,
    S_from,
    S_to,
    S_decided_at,
    S_at,
    S_actor,
    S_forced,
    S_reason,
    S_looked_on,
    S_held_out,
    S_right_from,
    S_right_to
};

static void show_switches(const struct pulih_db *db, size_t call, bool json)
{
    static const char *const columns[] = {"n",          "kind",     "from",   "to",        "decided_at",
                                          "at",         "by",       "forced", "looked_on", "held_out",
                                          "right_from", "right_to", "reason"};
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .what = "switch", .json = json};

    for (size_t i = 0; i < pulih_db_rows(db, call); i++) {
        pulih_ctl_cell_int(&t, pulih_db_int(db, call, i, S_n));
        pulih_ctl_cell(&t, pulih_db_view(db, call, i, S_kind));
        pulih_ctl_cell_int(&t, pulih_db_int(db, call, i, S_from));
        pulih_ctl_cell_int(&t, pulih_db_int(db, call, i, S_to));
        pulih_ctl_cell_time(&t, pulih_db_time(db, call, i, S_decided_at));
        pulih_ctl_cell_time(&t, pulih_db_time(db, call, i, S_at));
        pulih_ctl_cell(&t, pulih_db_view(db, call, i, S_actor));
        pulih_ctl_cell(&t, pulih_view_of(pulih_db_int(db, call, i, S_forced) ? "yes" : "no"));
        pulih_ctl_cell_int(&t, pulih_db_int(db, call, i, S_looked_on));
        pulih_ctl_cell_int(&t, pulih_db_int(db, call, i, S_held_out));
        pulih_ctl_cell_int(&t, pulih_db_int(db, call, i, S_right_from));
        pulih_ctl_cell_int(&t, pulih_db_int(db, call, i, S_right_to));
        pulih_ctl_cell(&t, pulih_db_view(db, call, i, S_reason));
    }
    pulih_ctl_table_end(&t);
}

int pulih_ctl_model_show(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    struct pulih_ctl_version v;
    bool json = pulih_ctl_option(ctl, "json");

    if (!pulih_ctl_version_find(ctl, db, ctl->args[1], &v))
        return PULIH_CTL_FAILED;
    pulih_params_text(pulih_db_params(db), pulih_view_of(v.axis));
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_model_switches);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    (json ? show_card_json : show_card)(&v);
    show_switches(db, call, json);
    return PULIH_CTL_OK;
}

/* --- compare -------------------------------------------------------------------------------------------- */

enum { D_live, D_live_label, D_shadow_label, D_n, D_examples };

/* Numbers with blanks between, as references. */
static void add_references(struct pulih_buf *out, struct pulih_view numbers)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    char reference[PULIH_REFERENCE_BYTES], *end;

    pulih_buf_add_view(&text, numbers);
    for (const char *at = pulih_buf_text(&text); *at; at = end) {
        int64_t number = strtoll(at, &end, 10);
        if (end == at)
            return;
        pulih_reference_print(number, reference);
        pulih_buf_addf(out, "%s%s", out->len ? " " : "", reference);
    }
}

int pulih_ctl_model_compare(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    static const char *const columns[] = {"live", "live_label", "shadow_label", "complaints", "examples"};
    bool json = pulih_ctl_option(ctl, "json");
    struct pulih_ctl_table t = {
        .columns = columns, .n_columns = PULIH_COUNT(columns), .what = "pair", .json = json};
    struct pulih_ctl_version v;
    int64_t all = 0, same = 0;

    if (!pulih_ctl_version_find(ctl, db, ctl->args[1], &v))
        return PULIH_CTL_FAILED;
    pulih_params_int4(pulih_db_params(db), v.version);
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_model_differences);
    if (!pulih_ctl_run(ctl, db))
        return PULIH_CTL_FAILED;
    for (size_t i = 0; i < pulih_db_rows(db, call); i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf examples = {0};
        struct pulih_view live = pulih_db_view(db, call, i, D_live_label),
                          shadow = pulih_db_view(db, call, i, D_shadow_label);
        int64_t n = pulih_db_int(db, call, i, D_n);
        add_references(&examples, pulih_db_view(db, call, i, D_examples));
        all += n;
        same += pulih_view_same(live, shadow) ? n : 0;
        pulih_ctl_cell_int(&t, pulih_db_int(db, call, i, D_live));
        pulih_ctl_cell(&t, live);
        pulih_ctl_cell(&t, shadow);
        pulih_ctl_cell_int(&t, n);
        pulih_ctl_cell(&t, examples.len ? pulih_view_of_buf(&examples) : PULIH_VIEW(""));
    }
    if (!json && all)
        printf("version %d and the live model agree on %lld of %lld complaints, %.1f %%\n\n", (int)v.version,
               (long long)same, (long long)all, 100.0 * (double)same / (double)all);
    pulih_ctl_table_end(&t);
    return all ? PULIH_CTL_OK
               : pulih_ctl_failed(ctl, "version %d has looked on at no complaint yet", (int)v.version);
}
