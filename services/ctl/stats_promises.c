/* pulihctl stats --promises: which promises to customers were kept, by department. */
#include <stdlib.h>

#include "pulih/base/must.h"
#include "pulih/core/ledger.h"
#include "services/ctl/ctl.h"
#include "services/ctl/live.h"
#include "services/ctl/stats.h"

/* Promises of one department, by what became of them (PULIH_standing_*). */
struct tally {
    int64_t of[PULIH_standing_passed + 1];
    int64_t n;
};

struct tallies {
    struct pulih_ctl_live live;
    struct tally of[PULIH_VOCABULARY_MAX], all;
};

static void add(struct tally *t, uint16_t standing)
{
    t->of[standing]++;
    t->n++;
}

/* What the company told the customer that it would do. */
static void count(struct tallies *t, size_t i)
{
    const struct pulih_item *item = &t->live.items[i];
    struct pulih_ledger ledger;

    pulih_ledger_read(item->story, item->n_story, t->live.plan_due[i], t->live.now_us, &t->live.arena,
                      &ledger);
    for (size_t k = 0; k < ledger.n; k++) {
        const struct pulih_ledger_entry *e = &ledger.entry[k];
        if (e->to != PULIH_party_customer || e->by != PULIH_party_company)
            continue;
        add(&t->of[item->row.department], e->state);
        add(&t->all, e->state);
    }
}

static bool count_all(struct tallies *t)
{
    do {
        if (!pulih_ctl_live_next(&t->live, NULL, 0))
            return false;
        for (size_t i = 0; i < t->live.n; i++)
            count(t, i);
    } while (t->live.n);
    return true;
}

/* In per cent; what was renegotiated, replaced or is open is neither kept nor broken. */
static void cell_rate(struct pulih_ctl_table *table, const struct tally *t)
{
    static const struct pulih_view none;
    int64_t kept = t->of[PULIH_standing_kept], settled = kept + t->of[PULIH_standing_broken];

    if (settled)
        pulih_ctl_cell_int(table, (200 * kept + settled) / (2 * settled));
    else
        pulih_ctl_cell(table, none);
}

static void print_tally(struct pulih_ctl_table *table, const char *by, const char *name,
                        const struct tally *t)
{
    static const int columns[] = {PULIH_standing_kept, PULIH_standing_broken, PULIH_standing_renegotiated,
                                  PULIH_standing_superseded, PULIH_standing_open};

    pulih_ctl_cell(table, pulih_view_of(by));
    pulih_ctl_cell(table, pulih_view_of(name));
    for (size_t i = 0; i < PULIH_COUNT(columns); i++)
        pulih_ctl_cell_int(table, t->of[columns[i]]);
    cell_rate(table, t);
}

static void end(struct tallies **t)
{
    pulih_ctl_live_end(&(*t)->live);
    free(*t);
}

int pulih_ctl_stats_promises(const struct pulih_ctl *ctl, int64_t since_us)
{
    static const char *const columns[] = {"by",           "name",       "kept", "broken",
                                          "renegotiated", "superseded", "open", "rate %"};
    static const char *const members[] = {"by",           "name",       "kept", "broken",
                                          "renegotiated", "superseded", "open", "rate_percent"};
    PULIH_AUTO(end) struct tallies *t = pulih_zeroed(1, sizeof *t);
    bool json = pulih_ctl_option(ctl, "json");
    struct pulih_ctl_table table = {.columns = json ? members : columns,
                                    .n_columns = PULIH_COUNT(columns),
                                    .what = "promises",
                                    .json = json};

    t->live.ctl = ctl;
    t->live.since_us = since_us;
    t->live.db = pulih_ctl_connect_core(ctl);
    if (!t->live.db || !count_all(t))
        return PULIH_CTL_FAILED;
    if (!json)
        printf("\nPROMISES to customers\n");
    for (int i = 0; i < PULIH_VOCABULARY_MAX; i++)
        if (t->of[i].n)
            print_tally(&table, "department", pulih_ctl_word(PULIH_WORDS_department, i), &t->of[i]);
    print_tally(&table, "all", "", &t->all);
    pulih_ctl_table_end(&table);
    return PULIH_CTL_OK;
}
