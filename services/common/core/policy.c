#include "pulih/core/policy.h"

#include <errno.h>
#include <libconfig.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"
#include "services/common/base/conf_check.h"
#include "services/common/core/policy_fault.h"
#include "services/common/core/policy_read.h"
#include "services/common/core/rules_load.h"

enum { MODEL_PATH_MAX_BYTES = 500, CONSUMER_DAYS = 30 };
enum { VERSION_MAX_BYTES = 20, COMPANY_MAX_BYTES = 100, OFFERS_MAX = 100, THRESHOLD_STANDARD = 50 };

/* A policy and the memory of its texts. */
struct loaded {
    struct pulih_policy policy; /* first: a pointer to it is one to the whole */
    struct pulih_arena texts;
};

static const char *const axis_names[PULIH_AXIS_N] = {
#define AXIS(name, ...) #name,
#include "pulih/tbl/axes.tbl.h"
};

/* --- readers of the plain settings -------------------------------------------------------------------- */

static void read_version(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_view text = pulih_policy_text(r, at, VERSION_MAX_BYTES, false);

    snprintf(r->policy->version, sizeof r->policy->version, "%.*s", PULIH_VIEW_ARG(text));
}

static void read_company(struct pulih_policy_reader *r, config_setting_t *at)
{
    r->policy->company = pulih_policy_text(r, at, COMPANY_MAX_BYTES, false);
}

static void read_currency(struct pulih_policy_reader *r, config_setting_t *at)
{
    const char *text = config_setting_get_string(at);

    if (!text || strlen(text) != 3 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        pulih_policy_wrong(r, at, "expected a currency by its three capitals, such as \"IDR\"");
    else
        r->policy->currency = pulih_policy_text(r, at, 3, false);
}

static void read_language(struct pulih_policy_reader *r, config_setting_t *at)
{
    int language = pulih_policy_word(r, at, PULIH_WORDS_language);

    if (language == PULIH_language_unknown)
        pulih_policy_wrong(r, at, "expected id or en");
    else if (language > 0)
        r->policy->language = language;
}

static void read_plan_within(struct pulih_policy_reader *r, config_setting_t *at)
{
    pulih_policy_duration(r, at, &r->policy->plan_within);
}

static void read_answer_within(struct pulih_policy_reader *r, config_setting_t *at)
{
    pulih_policy_duration(r, at, &r->policy->answer_within);
}

static void read_verify_within(struct pulih_policy_reader *r, config_setting_t *at)
{
    pulih_policy_duration(r, at, &r->policy->verify_within);
}

static void read_consumer_for(struct pulih_policy_reader *r, config_setting_t *at)
{
    pulih_policy_duration(r, at, &r->policy->consumer_for);
}

static void read_close_on_silence(struct pulih_policy_reader *r, config_setting_t *at)
{
    static const char *const names[] = {"offer", "verification"};

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    for (size_t i = 0; i < PULIH_COUNT(names); i++) {
        config_setting_t *member = pulih_policy_member(r, at, names[i]);
        if (member)
            pulih_policy_boolean(r, member, &r->policy->close_on_silence[i]);
    }
}

static void read_pause_reasons(struct pulih_policy_reader *r, config_setting_t *at)
{
    r->policy->pause_reasons = pulih_policy_word_list(r, at, PULIH_WORDS_pause, 0);
}

static void read_offers_max(struct pulih_policy_reader *r, config_setting_t *at)
{
    int64_t value;

    if (pulih_policy_integer(r, at, 1, OFFERS_MAX, &value))
        r->policy->offers_max = (uint16_t)value;
}

static void read_thresholds(struct pulih_policy_reader *r, config_setting_t *at)
{
    int64_t value;

    pulih_policy_group(r, at, axis_names, PULIH_AXIS_N);
    for (int axis = 0; axis < PULIH_AXIS_N; axis++) {
        config_setting_t *member = config_setting_get_member(at, axis_names[axis]);
        if (member && pulih_policy_integer(r, member, 0, 100, &value))
            r->policy->threshold[axis] = (uint8_t)value;
    }
}

/* Lists and spellings are read with the rules, which go by them. */
static void read_with_rules(struct pulih_policy_reader *r, config_setting_t *at)
{
    (void)r;
    (void)at;
}

static void read_rules(struct pulih_policy_reader *r, config_setting_t *at)
{
    r->policy->rules = pulih_rules_load(at, r->path, &r->policy->vocabulary, r->why);
}

static void add_model(struct pulih_policy_reader *r, config_setting_t *at)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf path = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf fault = {0};

    if (!pulih_policy_text(r, at, MODEL_PATH_MAX_BYTES, false).at)
        return;
    pulih_policy_path(config_setting_get_string(at), r->path, &path);
    struct pulih_model *model = pulih_model_load_file(pulih_buf_text(&path), &fault);
    if (!model)
        pulih_policy_wrong(r, at, "%.*s", (int)fault.len - 1, pulih_buf_text(&fault));
    else if (!pulih_models_add(&r->policy->models, model, &r->policy->vocabulary, &fault))
        pulih_policy_wrong(r, at, "%s: %.*s", pulih_buf_text(&path), (int)fault.len - 1,
                           pulih_buf_text(&fault));
}

static void read_models(struct pulih_policy_reader *r, config_setting_t *at)
{
    if (!pulih_policy_elements(r, at, 0, PULIH_MODELS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        add_model(r, config_setting_get_elem(at, (unsigned)i));
    PULIH_AUTO(pulih_buf_free) struct pulih_buf fault = {0};
    if (!pulih_models_join(&r->policy->models, &fault))
        pulih_policy_wrong(r, at, "%.*s", (int)fault.len - 1, pulih_buf_text(&fault));
}

/* --- the whole --------------------------------------------------------------------------------------- */

/* Every top-level setting, in the order of reading: letters need the language, authority the currency. */
static const struct {
    const char *name;
    void (*read)(struct pulih_policy_reader *r, config_setting_t *at);
    bool must;
} rows[] = {
    {"version", read_version, true},
    {"company", read_company, true},
    {"currency", read_currency, true},
    {"language", read_language, true},
    {"calendars", pulih_policy_read_calendars, false},
    {"calendar", pulih_policy_read_calendar, true},
    {"plan_within", read_plan_within, true},
    {"resolve_within", pulih_policy_read_resolve_within, true},
    {"warn_before", pulih_policy_read_warn_before, false},
    {"answer_within", read_answer_within, true},
    {"verify_within", read_verify_within, true},
    {"consumer_for", read_consumer_for, false},
    {"close_on_silence", read_close_on_silence, true},
    {"pause_reasons", read_pause_reasons, true},
    {"offers_max", read_offers_max, true},
    {"clocks", pulih_policy_read_clocks, false},
    {"packs", pulih_policy_read_packs, false},
    {"posts", pulih_policy_read_posts, true},
    {"absences", pulih_policy_read_absences, false},
    {"departments", pulih_policy_read_departments, false},
    {"answerable", pulih_policy_read_answerable, true},
    {"ladders", pulih_policy_read_ladders, false},
    {"ladder", pulih_policy_read_ladder, true},
    {"external_notice", pulih_policy_read_external_notice, false},
    {"authority", pulih_policy_read_authority, true},
    {"approvals", pulih_policy_read_approvals, false},
    {"four_eyes", pulih_policy_read_four_eyes, false},
    {"forwards", pulih_policy_read_forwards, false},
    {"transfers_max", pulih_policy_read_transfers_max, false},
    {"thresholds", read_thresholds, false},
    {"tiers", pulih_policy_read_tiers, true},
    {"priority", pulih_policy_read_priority, true},
    {"letters", pulih_policy_read_letters, true},
    {"receipt", pulih_policy_read_receipt, true},
    {"plan", pulih_policy_read_plan, false},
    {"lists", read_with_rules, false},
    {"spellings", read_with_rules, false},
    {"rules", read_rules, true},
    {"models", read_models, false},
};

static void read_rows(struct pulih_policy_reader *r, config_setting_t *root)
{
    const char *names[PULIH_COUNT(rows)];

    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        names[i] = rows[i].name;
    pulih_policy_group(r, root, names, PULIH_COUNT(rows));
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        config_setting_t *at = config_setting_get_member(root, rows[i].name);
        if (at)
            rows[i].read(r, at);
        else if (rows[i].must)
            pulih_policy_wrong(r, root, "%s is missing", rows[i].name);
    }
}

static void read_words(struct pulih_policy_reader *r, config_setting_t *root)
{
    config_setting_t *posts = config_setting_get_member(root, "posts");
    config_setting_t *departments = config_setting_get_member(root, "departments");

    if (posts)
        pulih_policy_read_posts(r, posts);
    if (departments)
        pulih_policy_read_departments(r, departments);
}

/* False: it cannot be read, though it could a moment before. */
static bool hash_file(crypto_generichash_state *hash, const char *path)
{
    FILE *f = fopen(path, "rbe");
    unsigned char piece[4096];
    size_t n;

    while (f && (n = fread(piece, 1, sizeof piece, f)) > 0)
        crypto_generichash_update(hash, piece, n);
    bool read = f && !ferror(f);
    if (f)
        fclose(f);
    return read;
}

void pulih_policy_read_file(struct pulih_policy_reader *r, struct pulih_view path)
{
    for (size_t at = 0; at < r->files.len; at += strlen(r->files.at + at) + 1)
        if (pulih_view_is(path, r->files.at + at))
            return;
    pulih_buf_add_view(&r->files, path);
    pulih_buf_add_byte(&r->files, 0);
}

/* Completes the version with a digest of all files that were read, in the order in which they were, and of
 * the models. */
static void digest_files(struct pulih_policy_reader *r, const config_t *config)
{
    crypto_generichash_state hash;
    unsigned char digest[crypto_generichash_BYTES];
    char *version = r->policy->version;
    size_t len = strlen(version);

    crypto_generichash_init(&hash, NULL, 0, sizeof digest);
    for (unsigned i = 0; i < config->num_filenames; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf path = {0};
        pulih_policy_path(config->filenames[i], r->path, &path);
        if (!hash_file(&hash, pulih_buf_text(&path)))
            pulih_buf_addf(r->why, "%s: %s\n", pulih_buf_text(&path), strerror(errno));
    }
    for (size_t at = 0; at < r->files.len; at += strlen(r->files.at + at) + 1)
        if (!hash_file(&hash, r->files.at + at))
            pulih_buf_addf(r->why, "%s: %s\n", r->files.at + at, strerror(errno));
    for (size_t i = 0; i < r->policy->models.n; i++)
        crypto_generichash_update(&hash, pulih_model_about(r->policy->models.at[i].model)->digest,
                                  PULIH_MODEL_DIGEST);
    crypto_generichash_final(&hash, digest, sizeof digest);
    snprintf(version + len, sizeof r->policy->version - len, " %02x%02x%02x%02x", digest[0], digest[1],
             digest[2], digest[3]);
}

/* Faults of syntax; the library stops at the first. */
static bool parse(struct pulih_policy_reader *r, config_t *config)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf directory = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf file = {0};

    if (!pulih_conf_check_source(r->path, r->why))
        return false;
    pulih_buf_add_view(&directory, pulih_conf_directory(r->path));
    config_set_include_dir(config, pulih_buf_text(&directory));
    if (config_read_file(config, r->path))
        return true;
    pulih_policy_path(config_error_file(config), r->path, &file);
    pulih_buf_addf(r->why, "%s:%d: %s\n", pulih_buf_text(&file), config_error_line(config),
                   config_error_text(config));
    return false;
}

static atomic_uint_fast64_t serials;

static struct pulih_policy *load(const char *path,
                                 void (*read)(struct pulih_policy_reader *r, config_setting_t *root),
                                 struct pulih_buf *why)
{
    struct loaded *l = calloc(1, sizeof *l);
    size_t before = why->len;
    config_t config;

    if (!l)
        pulih_out_of_memory();
    struct pulih_policy_reader r = {&l->policy, &l->texts, path, why, {0}};
    l->policy.serial = atomic_fetch_add(&serials, 1) + 1;
    l->policy.language = PULIH_language_id;
    l->policy.consumer_for.amount = CONSUMER_DAYS;
    l->policy.consumer_for.unit = PULIH_UNIT_calendar_day;
    memset(l->policy.threshold, THRESHOLD_STANDARD, sizeof l->policy.threshold);
    pulih_policy_set_four_eyes(&l->policy);
    config_init(&config);
    if (parse(&r, &config)) {
        pulih_conf_must_be_whole(config_root_setting(&config));
        read(&r, config_root_setting(&config));
        pulih_policy_add_clocks(&l->policy);
        if (why->len == before)
            digest_files(&r, &config);
    }
    pulih_buf_free(&r.files);
    config_destroy(&config);
    if (why->len == before)
        return (struct pulih_policy *)l;
    pulih_policy_free(&l->policy);
    return NULL;
}

struct pulih_policy *pulih_policy_load(const char *path, struct pulih_buf *why)
{
    return load(path, read_rows, why);
}

struct pulih_policy *pulih_policy_load_words(const char *path, struct pulih_buf *why)
{
    return load(path, read_words, why);
}

void pulih_policy_free(struct pulih_policy *p)
{
    if (!p)
        return;
    struct loaded *l = (struct loaded *)p;
    for (size_t i = 0; i < p->n_calendars; i++)
        pulih_calendar_free(p->calendars[i].calendar);
    pulih_rules_free(p->rules);
    pulih_models_free(&p->models);
    pulih_arena_free(&l->texts);
    free(l);
}

struct pulih_calendar *pulih_policy_calendar(const struct pulih_policy *p, struct pulih_view name)
{
    for (size_t i = 0; i < p->n_calendars; i++)
        if (pulih_view_same(p->calendars[i].name, name))
            return p->calendars[i].calendar;
    return NULL;
}

int pulih_policy_role(const struct pulih_policy *p, struct pulih_view role)
{
    for (size_t i = 0; i < p->n_authority; i++)
        if (pulih_view_same(p->authority[i].role, role))
            return (int)i;
    return -1;
}
