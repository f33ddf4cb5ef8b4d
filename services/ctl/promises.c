/* pulihctl promises: the ledger of one complaint, or what is due and broken of all that live. */
#include <stdlib.h>

#include "pulih/base/must.h"
#include "pulih/core/store.h"
#include "services/ctl/clocks.h"
#include "services/ctl/ledger.h"
#include "services/ctl/live.h"
#include "services/ctl/story.h"

static const int64_t US_PER_HOUR = INT64_C(3600000000);

enum { WITHIN_HOURS = 24, WITHIN_MAX_HOURS = 24 * 366, LIMIT = 50 };

/* --- of one complaint ----------------------------------------------------------------------------------- */

static int show_one(const struct pulih_ctl *ctl, int language)
{
    PULIH_AUTO(pulih_ctl_story_end) struct pulih_ctl_story story = {0};
    struct pulih_ctl_ledger l = {0};
    struct pulih_ledger ledger;

    if (!pulih_ctl_story_find(ctl, ctl->args[0], &story))
        return PULIH_CTL_FAILED;
    pulih_ctl_key_of(story.db, &story.id);
    size_t promises = pulih_db_call(story.db, PULIH_SQL_N + PULIH_CTL_SQL_promises);
    pulih_ctl_key_of(story.db, &story.id);
    l.letters = pulih_db_call(story.db, PULIH_SQL_N + PULIH_CTL_SQL_letters);
    l.db = story.db;
    if (!pulih_ctl_run(ctl, story.db))
        return PULIH_CTL_FAILED;
    pulih_ledger_read(story.told, story.n, pulih_ctl_plan_due(story.db, promises), story.now_us, &story.arena,
                      &ledger);
    pulih_ctl_ledger_start(&l, language, pulih_ctl_option(ctl, "json"));
    for (size_t i = 0; i < ledger.n; i++)
        pulih_ctl_ledger_row(&l, &ledger.entry[i]);
    pulih_ctl_ledger_end(&l);
    return PULIH_CTL_OK;
}

/* --- of all that live ----------------------------------------------------------------------------------- */

/* An entry that somebody should look after. */
struct due {
    int64_t number; /* of the complaint */
    struct pulih_ledger_entry entry;
};

struct looking {
    struct pulih_ctl_live live;
    struct pulih_arena texts; /* what entries that were found view */
    struct due *due;
    size_t n, cap;
    int64_t within_us;
};

static bool is_due(const struct looking *look, const struct pulih_ledger_entry *e)
{
    if (e->state == PULIH_standing_open)
        return e->due_us <= look->live.now_us + look->within_us;
    bool late = e->state == PULIH_standing_broken || e->state == PULIH_standing_passed;
    return late && !e->done_us && !e->replaced;
}

static void look_at(struct looking *look, size_t i)
{
    const struct pulih_item *item = &look->live.items[i];
    struct pulih_ledger ledger;

    pulih_ledger_read(item->story, item->n_story, look->live.plan_due[i], look->live.now_us,
                      &look->live.arena, &ledger);
    for (size_t k = 0; k < ledger.n; k++) {
        if (!is_due(look, &ledger.entry[k]))
            continue;
        look->due = pulih_room(look->due, look->n, &look->cap, sizeof *look->due);
        struct due *due = &look->due[look->n++];
        *due = (struct due){item->row.number, ledger.entry[k]};
        due->entry.post = pulih_arena_copy(&look->texts, due->entry.post);
        due->entry.person = pulih_arena_copy(&look->texts, due->entry.person);
    }
}

static int by_date(const void *a, const void *b)
{
    const struct due *one = a, *other = b;

    if (one->entry.due_us != other->entry.due_us)
        return one->entry.due_us < other->entry.due_us ? -1 : 1;
    return (one->number > other->number) - (one->number < other->number);
}

static bool look_at_all(struct looking *look)
{
    static const int16_t over[] = {PULIH_STATE_closed};

    do {
        if (!pulih_ctl_live_next(&look->live, over, PULIH_COUNT(over)))
            return false;
        for (size_t i = 0; i < look->live.n; i++)
            look_at(look, i);
    } while (look->live.n);
    if (look->n)
        qsort(look->due, look->n, sizeof *look->due, by_date);
    return true;
}

static const char *word(enum pulih_words list, uint16_t number, int language)
{
    return language == PULIH_language_unknown ? pulih_ctl_word(list, number)
                                              : pulih_word_label(list, number, language);
}

/* How long is left, or how late it is. */
static void cell_distance(struct pulih_ctl_table *t, int64_t us, int language)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    bool indonesian = language == PULIH_language_id;

    if (t->json) {
        pulih_ctl_cell_int(t, us);
        return;
    }
    pulih_ctl_add_span(&text, us < 0 ? -us : us, language);
    pulih_buf_addf(&text, "%s", us >= 0 ? "" : indonesian ? " terlambat" : " late");
    pulih_ctl_cell(t, pulih_view_of_buf(&text));
}

static void print_due(const struct looking *look, struct pulih_ctl_table *t, const struct due *due,
                      int language)
{
    const struct pulih_ledger_entry *e = &due->entry;

    pulih_ctl_cell_reference(t, due->number);
    pulih_ctl_cell(t, pulih_view_of(word(PULIH_WORDS_deadline, e->deadline, language)));
    pulih_ctl_cell(t, pulih_view_of(word(PULIH_WORDS_party, e->by, language)));
    pulih_ctl_cell(t, e->post.at ? e->post : pulih_view_of(word(PULIH_WORDS_party, e->to, language)));
    pulih_ctl_cell_time(t, e->due_us);
    pulih_ctl_cell(t, pulih_view_of(word(PULIH_WORDS_standing, e->state, language)));
    cell_distance(t, e->due_us - look->live.now_us, language);
}

static void end_looking(struct looking **look)
{
    pulih_ctl_live_end(&(*look)->live);
    pulih_arena_free(&(*look)->texts);
    free((*look)->due);
    free(*look);
}

static int list_due(const struct pulih_ctl *ctl, int language)
{
    static const char *const english[] = {"reference", "due", "by", "told to", "due_at", "state", "left"};
    static const char *const indonesian[] = {"nomor",       "perihal", "oleh", "kepada",
                                             "jatuh tempo", "status",  "sisa"};
    static const char *const members[] = {"reference", "deadline", "by", "to", "due_at", "state", "left_us"};
    PULIH_AUTO(end_looking) struct looking *look = pulih_zeroed(1, sizeof *look);
    bool json = pulih_ctl_option(ctl, "json");
    struct pulih_ctl_table t = {.columns = json                            ? members
                                           : language == PULIH_language_id ? indonesian
                                                                           : english,
                                .n_columns = PULIH_COUNT(english),
                                .what = "promise",
                                .json = json};
    int64_t hours, limit;

    if (!pulih_ctl_number(ctl, "within", 0, WITHIN_MAX_HOURS, WITHIN_HOURS, &hours) ||
        !pulih_ctl_number(ctl, "limit", 1, INT32_MAX, LIMIT, &limit))
        return PULIH_CTL_USAGE;
    look->within_us = hours * US_PER_HOUR;
    look->live.ctl = ctl;
    look->live.db = pulih_ctl_connect_core(ctl);
    if (!look->live.db || !look_at_all(look))
        return PULIH_CTL_FAILED;
    for (size_t i = 0; i < look->n && i < (size_t)limit; i++)
        print_due(look, &t, &look->due[i], json ? PULIH_language_unknown : language);
    pulih_ctl_table_end(&t);
    if (look->n > (size_t)limit)
        fprintf(stderr, "pulihctl promises: %zu of %zu shown; see --limit\n", (size_t)limit, look->n);
    return PULIH_CTL_OK;
}

int pulih_ctl_promises(const struct pulih_ctl *ctl)
{
    int language;

    if (!pulih_ctl_choose_language(ctl, PULIH_language_unknown, &language))
        return PULIH_CTL_USAGE;
    if (ctl->n_args && pulih_ctl_option(ctl, "due"))
        return pulih_ctl_usage(ctl, "--due is about all complaints: leave REF out");
    return ctl->n_args ? show_one(ctl, language) : list_due(ctl, language);
}
