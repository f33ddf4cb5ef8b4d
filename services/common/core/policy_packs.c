/* Packs: a regulator's figures as data. Each is a file of its own, and in force once somebody of the company
 * has confirmed just that text. */
#include <libconfig.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/file.h"
#include "pulih/base/must.h"
#include "services/common/base/conf_check.h"
#include "services/common/core/policy_fault.h"
#include "services/common/core/policy_read.h"

enum {
    FILE_MAX_BYTES = 500,
    NAME_MAX_BYTES = 40,
    TITLE_MAX_BYTES = 200,
    FIGURE_MAX_BYTES = 600,
    SIGNPOST_MAX_BYTES = 1000,
    BY_MAX_BYTES = 64
};

/* --- a pack's own file ---------------------------------------------------------------------------------- */

static void read_clocks(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_pack *ret)
{
    if (!pulih_policy_elements(r, at, 0, PULIH_PACK_CLOCKS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        if (pulih_policy_read_pack_clock(r, config_setting_get_elem(at, (unsigned)i),
                                         &ret->clocks[ret->n_clocks]))
            ret->clocks[ret->n_clocks++].pack = ret->name;
}

static void read_figure(struct pulih_policy_reader *r, config_setting_t *row, struct pulih_pack_figure *ret)
{
    static const char *const names[] = {"what", "source", "from", "until"};

    if (!pulih_policy_group(r, row, names, PULIH_COUNT(names)))
        return;
    config_setting_t *what = pulih_policy_member(r, row, "what"),
                     *source = pulih_policy_member(r, row, "source");
    if (what)
        ret->what = pulih_policy_text(r, what, FIGURE_MAX_BYTES, false);
    if (source)
        ret->source = pulih_policy_text(r, source, FIGURE_MAX_BYTES, false);
    pulih_policy_read_period(r, row, &ret->period);
}

static void read_figures(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_pack *ret)
{
    if (!pulih_policy_elements(r, at, 0, PULIH_PACK_FIGURES_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_figure(r, config_setting_get_elem(at, (unsigned)i), &ret->figures[ret->n_figures++]);
}

static void read_signpost(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_pack *ret)
{
    static const char *const names[] = {"id", "en", "source", "from", "until"};

    if (!pulih_policy_group(r, at, names, PULIH_COUNT(names)))
        return;
    config_setting_t *id = pulih_policy_member(r, at, "id"), *en = pulih_policy_member(r, at, "en"),
                     *source = pulih_policy_member(r, at, "source");
    if (id)
        ret->signpost[PULIH_language_id] = pulih_policy_text(r, id, SIGNPOST_MAX_BYTES, false);
    if (en)
        ret->signpost[PULIH_language_en] = pulih_policy_text(r, en, SIGNPOST_MAX_BYTES, false);
    if (source)
        ret->signpost_source = pulih_policy_text(r, source, FIGURE_MAX_BYTES, false);
    pulih_policy_read_period(r, at, &ret->signpost_period);
}

/* A text that is demanded. */
static struct pulih_view read_text(struct pulih_policy_reader *r, config_setting_t *group, const char *name,
                                   size_t most)
{
    config_setting_t *at = pulih_policy_member(r, group, name);

    return at ? pulih_policy_text(r, at, most, false) : (struct pulih_view){0};
}

static void read_pack(struct pulih_policy_reader *r, config_setting_t *root, struct pulih_pack *ret)
{
    static const char *const names[] = {"name", "title", "authority", "clocks", "figures", "signpost"};
    config_setting_t *at;

    pulih_policy_group(r, root, names, PULIH_COUNT(names));
    ret->name = read_text(r, root, "name", NAME_MAX_BYTES);
    ret->title = read_text(r, root, "title", TITLE_MAX_BYTES);
    ret->authority = read_text(r, root, "authority", TITLE_MAX_BYTES);
    if ((at = pulih_policy_member(r, root, "clocks")))
        read_clocks(r, at, ret);
    if ((at = config_setting_get_member(root, "figures")))
        read_figures(r, at, ret);
    if ((at = config_setting_get_member(root, "signpost")))
        read_signpost(r, at, ret);
}

/* What is confirmed is one file: nothing may come in from beside it. */
static bool check_whole(struct pulih_policy_reader *r, const char *text)
{
    unsigned line = 1;

    for (const char *at = text; at; line++) {
        if (strncmp(at + strspn(at, " \t"), "@include", 8) == 0) {
            pulih_buf_addf(r->why, "%s:%u: a pack is one file and includes no other\n", r->path, line);
            return false;
        }
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    return true;
}

static void digest(const struct pulih_buf *text, char ret[2 * PULIH_PACK_DIGEST_BYTES + 1])
{
    unsigned char hash[crypto_generichash_BYTES];

    crypto_generichash(hash, sizeof hash, (const unsigned char *)text->at, text->len, NULL, 0);
    sodium_bin2hex(ret, 2 * PULIH_PACK_DIGEST_BYTES + 1, hash, PULIH_PACK_DIGEST_BYTES);
}

/* The reader's path is the pack's file. What is digested is what is read. */
static void load(struct pulih_policy_reader *r, struct pulih_buf *text, struct pulih_pack *ret)
{
    config_t config;

    digest(text, ret->digest);
    if (!check_whole(r, pulih_buf_text(text)) || !pulih_conf_check_source(r->path, r->why))
        return;
    config_init(&config);
    if (!config_read_string(&config, pulih_buf_text(text))) {
        pulih_buf_addf(r->why, "%s:%d: %s\n", r->path, config_error_line(&config),
                       config_error_text(&config));
    } else {
        pulih_conf_must_be_whole(config_root_setting(&config));
        read_pack(r, config_root_setting(&config), ret);
    }
    config_destroy(&config);
}

bool pulih_pack_load(const char *path, struct pulih_arena *texts, struct pulih_pack *ret,
                     struct pulih_buf *why)
{
    struct pulih_policy *blank = pulih_zeroed(1, sizeof *blank);
    struct pulih_policy_reader r = {blank, texts, path, why, {0}};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0}, reason = {0};
    size_t before = why->len;

    *ret = (struct pulih_pack){0};
    if (pulih_file_read(path, 0, &text, &reason))
        load(&r, &text, ret);
    else
        pulih_buf_addf(why, "%s:1: %s\n", path, pulih_buf_text(&reason));
    ret->file = pulih_arena_copy(texts, pulih_view_of(path));
    free(blank);
    return why->len == before;
}

/* --- rows of a policy ----------------------------------------------------------------------------------- */

/* Whoever confirms a pack confirms a text; another one is to be read again. */
static void read_confirmed(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_pack *ret)
{
    static const char *const names[] = {"by", "on", "digest"};

    if (!pulih_policy_group(r, at, names, PULIH_COUNT(names)))
        return;
    config_setting_t *on = pulih_policy_member(r, at, "on"), *text = pulih_policy_member(r, at, "digest");
    struct pulih_view by = read_text(r, at, "by", BY_MAX_BYTES);
    const char *given = text ? config_setting_get_string(text) : NULL;
    if (!by.at || !on || !text || !pulih_policy_read_date(r, on, &ret->confirmed_on))
        return;
    if (!given || strcmp(given, ret->digest) != 0)
        pulih_policy_wrong(r, text,
                           "the file has digest %s: it is not the text that %.*s confirmed; read it with "
                           "pulihctl pack show, and confirm it anew",
                           ret->digest, PULIH_VIEW_ARG(by));
    else
        ret->confirmed_by = by;
}

static bool overlap(struct pulih_period a, struct pulih_period b)
{
    return (!a.until || b.from <= a.until) && (!b.until || a.from <= b.until);
}

static void add_clock(struct pulih_policy_reader *r, config_setting_t *row,
                      const struct pulih_clock_rule *rule)
{
    const char *name = pulih_word_of(PULIH_WORDS_deadline, rule->name)->word;
    struct pulih_policy *p = r->policy;

    for (size_t i = 0; i < p->n_clocks; i++) {
        const struct pulih_clock_rule *other = &p->clocks[i];
        if (other->name != rule->name || !overlap(other->period, rule->period))
            continue;
        if (other->pack.at)
            pulih_policy_wrong(r, row, "clock %s of pack %.*s is one of pack %.*s already", name,
                               PULIH_VIEW_ARG(rule->pack), PULIH_VIEW_ARG(other->pack));
        else
            pulih_policy_wrong(r, row, "clock %s of pack %.*s stands in clocks already: leave it out there",
                               name, PULIH_VIEW_ARG(rule->pack));
        return;
    }
    if (p->n_clocks == PULIH_CLOCKS_MAX - 1) /* one is the resolution's */
        pulih_policy_wrong(r, row, "expected at most %d clocks in all", PULIH_CLOCKS_MAX);
    else
        p->clocks[p->n_clocks++] = *rule;
}

static void put_in_force(struct pulih_policy_reader *r, config_setting_t *row, struct pulih_pack *pack,
                         struct pulih_named_calendar calendar)
{
    for (size_t i = 0; i < pack->n_clocks; i++) {
        pack->clocks[i].calendar = calendar;
        if (pack->confirmed_by.at)
            add_clock(r, row, &pack->clocks[i]);
    }
}

static bool is_given(const struct pulih_policy *p, struct pulih_view name)
{
    for (size_t i = 0; i < p->n_packs; i++)
        if (pulih_view_same(p->packs[i].name, name))
            return true;
    return false;
}

static void read_row(struct pulih_policy_reader *r, config_setting_t *row, struct pulih_pack *ret)
{
    static const char *const names[] = {"file", "calendar", "confirmed"};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf path = {0}, text = {0}, why = {0};
    struct pulih_named_calendar calendar = pulih_policy_standard_calendar(r->policy);
    struct pulih_policy_reader inner = *r;
    size_t before = r->why->len;

    if (!pulih_policy_group(r, row, names, PULIH_COUNT(names)))
        return;
    config_setting_t *file = pulih_policy_member(r, row, "file"),
                     *counts = config_setting_get_member(row, "calendar"),
                     *confirmed = config_setting_get_member(row, "confirmed");
    if (file)
        ret->file = pulih_policy_text(r, file, FILE_MAX_BYTES, false);
    if (!ret->file.at || (counts && !pulih_policy_read_calendar_name(r, counts, &calendar)))
        return;
    pulih_policy_path(config_setting_get_string(file), r->path, &path);
    inner.path = pulih_buf_text(&path);
    if (pulih_file_read(inner.path, 0, &text, &why))
        load(&inner, &text, ret);
    else
        pulih_policy_wrong(r, file, "%s: %s", inner.path, pulih_buf_text(&why));
    if (r->why->len > before)
        return;
    pulih_policy_read_file(r, pulih_view_of(inner.path));
    if (is_given(r->policy, ret->name))
        pulih_policy_wrong(r, row, "pack %.*s is given twice", PULIH_VIEW_ARG(ret->name));
    if (confirmed)
        read_confirmed(r, confirmed, ret);
    put_in_force(r, row, ret, calendar);
}

void pulih_policy_read_packs(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_policy *p = r->policy;

    if (!pulih_policy_elements(r, at, 0, PULIH_PACKS_MAX))
        return;
    p->packs = pulih_arena_get(r->texts, PULIH_PACKS_MAX * sizeof *p->packs);
    for (int i = 0; i < config_setting_length(at); i++, p->n_packs++)
        read_row(r, config_setting_get_elem(at, (unsigned)i), &p->packs[p->n_packs]);
}
