/* pulihctl pack: a regulator's figures, read by people before they confirm them. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/msg.h"
#include "pulih/base/clock.h"
#include "pulih/core/policy.h"
#include "services/ctl/clocks.h"

enum { DATE_BYTES = 16 };

/* --- dates ---------------------------------------------------------------------------------------------- */

static const char *print_date(int32_t date, char out[DATE_BYTES])
{
    snprintf(out, DATE_BYTES, "%04d-%02d-%02d", (int)(date / 10000 % 10000), (int)(date / 100 % 100),
             (int)(date % 100));
    return out;
}

/* Today by UTC, for whoever fills in a row. */
static int32_t today(void)
{
    time_t now_s = (time_t)(pulih_wall_us() / 1000000);
    struct tm day;

    gmtime_r(&now_s, &day);
    return (day.tm_year + 1900) * 10000 + (day.tm_mon + 1) * 100 + day.tm_mday;
}

static void add_period(struct pulih_buf *out, struct pulih_period period)
{
    char from[DATE_BYTES], until[DATE_BYTES];

    pulih_buf_addf(out, "    in force      %s%s%s\n",
                   period.from ? print_date(period.from, from) : "since a day that was not read",
                   period.until ? " until " : "", period.until ? print_date(period.until, until) : "");
}

/* --- a clock -------------------------------------------------------------------------------------------- */

static const char *event_name(uint16_t event)
{
    if (event >= PULIH_CLOCK_MILESTONE(0))
        return pulih_word_of(PULIH_WORDS_milestone, event & 0x7fff)->word;
    return pulih_message((enum pulih_m)event)->name;
}

static void add_time(struct pulih_buf *out, const char *label, struct pulih_duration d)
{
    if (!d.amount)
        return;
    pulih_buf_addf(out, "    %-13s ", label);
    pulih_ctl_add_duration(out, d, PULIH_language_en);
    pulih_buf_addf(out, "\n");
}

static void add_extension(struct pulih_buf *out, const struct pulih_clock_rule *rule)
{
    bool any = false;

    if (!rule->extensions)
        return;
    pulih_buf_addf(out, "    extension     %d x ", rule->extensions);
    pulih_ctl_add_duration(out, rule->extend_by, PULIH_language_en);
    for (uint16_t i = 0; i < 32; i++)
        if (rule->extend_reasons >> i & 1) {
            pulih_buf_addf(out, "%s%s", any ? ", " : " for ", pulih_ctl_word(PULIH_WORDS_extension, i));
            any = true;
        }
    pulih_buf_addf(out, ", asked for before it passes\n");
}

static void add_clock(struct pulih_buf *out, const struct pulih_clock_rule *rule)
{
    pulih_buf_addf(out, "  %s (%s)\n", pulih_ctl_word(PULIH_WORDS_deadline, rule->name),
                   pulih_word_label(PULIH_WORDS_deadline, rule->name, PULIH_language_en));
    add_time(out, "within", rule->within[PULIH_tier_normal]);
    add_time(out, "spoken", rule->spoken[PULIH_tier_normal]);
    add_extension(out, rule);
    pulih_buf_addf(out, "    starts with   %s\n", event_name(rule->starts));
    if (rule->anew)
        pulih_buf_addf(out, "    starts anew   %s\n", event_name(rule->anew));
    pulih_buf_addf(out, "    met by        closed");
    for (size_t i = 0; i < rule->n_met_by; i++)
        pulih_buf_addf(out, ", %s", event_name(rule->met_by[i]));
    pulih_buf_addf(out, "\n    when passed   %s\n", rule->reprimands ? "the ladder climbs" : "is told");
    add_period(out, rule->period);
    pulih_buf_addf(out, "    source        %.*s\n", PULIH_VIEW_ARG(rule->source));
}

/* --- a pack --------------------------------------------------------------------------------------------- */

static void add_figures(struct pulih_buf *out, const struct pulih_pack *pack)
{
    if (pack->n_figures)
        pulih_buf_addf(out, "\nTold here, not counted by pulih\n");
    for (size_t i = 0; i < pack->n_figures; i++) {
        const struct pulih_pack_figure *f = &pack->figures[i];
        pulih_buf_addf(out, "  %.*s\n", PULIH_VIEW_ARG(f->what));
        add_period(out, f->period);
        pulih_buf_addf(out, "    source        %.*s\n", PULIH_VIEW_ARG(f->source));
    }
}

static void add_signpost(struct pulih_buf *out, const struct pulih_pack *pack)
{
    pulih_buf_addf(out, "\nSignpost, as {{signpost}} in letters\n");
    if (!pack->signpost_source.at) {
        pulih_buf_addf(out, "  none was read\n");
        return;
    }
    for (uint16_t i = PULIH_language_id; i < PULIH_LANGUAGES; i++)
        pulih_buf_addf(out, "  %s  %.*s\n", pulih_ctl_word(PULIH_WORDS_language, i),
                       PULIH_VIEW_ARG(pack->signpost[i]));
    add_period(out, pack->signpost_period);
    pulih_buf_addf(out, "    source        %.*s\n", PULIH_VIEW_ARG(pack->signpost_source));
}

static void add_pack(struct pulih_buf *out, const struct pulih_pack *pack)
{
    char date[DATE_BYTES];

    pulih_buf_addf(out, "%.*s: %.*s\n%.*s\n", PULIH_VIEW_ARG(pack->name), PULIH_VIEW_ARG(pack->title),
                   PULIH_VIEW_ARG(pack->authority));
    pulih_buf_addf(out, "\nClocks\n");
    for (size_t i = 0; i < pack->n_clocks; i++)
        add_clock(out, &pack->clocks[i]);
    add_figures(out, pack);
    add_signpost(out, pack);
    pulih_buf_addf(out,
                   "\nIt does nothing until a policy names it and somebody who is answerable confirms it:\n"
                   "  packs = ( { file = \"%.*s\";\n"
                   "    confirmed = { by = \"...\"; on = \"%s\"; digest = \"%s\"; }; } );\n",
                   PULIH_VIEW_ARG(pack->file), print_date(today(), date), pack->digest);
}

static bool read_pack(const char *path, struct pulih_arena *texts, struct pulih_pack *ret)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    bool good = pulih_pack_load(path, texts, ret, &why);

    if (!good)
        fputs(pulih_buf_text(&why), stderr);
    return good;
}

static int show(const char *path)
{
    PULIH_AUTO(pulih_arena_free) struct pulih_arena texts = {0};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
    struct pulih_pack pack;

    if (!read_pack(path, &texts, &pack))
        return PULIH_CTL_FAILED;
    add_pack(&out, &pack);
    pulih_ctl_write(&out);
    return PULIH_CTL_OK;
}

static int list(const struct pulih_ctl *ctl)
{
    static const char *const columns[] = {"pack", "clocks", "digest", "title"};
    PULIH_AUTO(pulih_arena_free) struct pulih_arena texts = {0};
    struct pulih_ctl_table table = {.columns = columns, .n_columns = PULIH_COUNT(columns)};
    bool good = true;

    for (int i = 1; i < ctl->n_args; i++) {
        struct pulih_pack pack;
        if (!read_pack(ctl->args[i], &texts, &pack)) {
            good = false;
            continue;
        }
        pulih_ctl_cell(&table, pack.name);
        pulih_ctl_cell_int(&table, (int64_t)pack.n_clocks);
        pulih_ctl_cell(&table, pulih_view_of(pack.digest));
        pulih_ctl_cell(&table, pack.title);
    }
    pulih_ctl_table_end(&table);
    return good ? PULIH_CTL_OK : PULIH_CTL_FAILED;
}

int pulih_ctl_pack(const struct pulih_ctl *ctl)
{
    if (strcmp(ctl->args[0], "list") == 0)
        return list(ctl);
    if (ctl->n_args == 2 && strcmp(ctl->args[0], "show") == 0)
        return show(ctl->args[1]);
    return pulih_ctl_usage(ctl, "want list FILE ..., or show FILE");
}

void pulih_ctl_list_packs(const struct pulih_policy *policy)
{
    static const char *const states[] = {
        [PULIH_PACK_unconfirmed] = "not confirmed, so it does nothing; read it with pulihctl pack show",
        [PULIH_PACK_future] = "not in force yet: no clock of it starts before its day",
        [PULIH_PACK_in_force] = "in force",
        [PULIH_PACK_expired] = "no longer in force: no clock of it starts any more",
    };
    char date[DATE_BYTES];
    int64_t day_us;
    int32_t now = pulih_calendar_date(policy->calendar, pulih_wall_us(), &day_us);

    for (size_t i = 0; i < policy->n_packs; i++) {
        const struct pulih_pack *pack = &policy->packs[i];
        printf("  pack %.*s: ", PULIH_VIEW_ARG(pack->name));
        if (pack->confirmed_by.at)
            printf("confirmed by %.*s on %s, ", PULIH_VIEW_ARG(pack->confirmed_by),
                   print_date(pack->confirmed_on, date));
        printf("%s\n", states[pulih_pack_state(pack, now)]);
    }
}
