/* pulihctl whatif: what another policy would change for the complaints that live. */
#include <stdlib.h>

#include "pulih/base/must.h"
#include "pulih/core/ladder.h"
#include "services/ctl/clocks.h"
#include "services/ctl/judge.h"
#include "services/ctl/live.h"
#include "services/ctl/story.h"

struct whatif {
    const struct pulih_policy *policy;
    struct pulih_ctl_live live;
    int64_t looked_at, changed;
    struct pulih_ctl_table table;
};

/* What counts now, and what would by the policy. */
struct change {
    int64_t was_us, is_us; /* 0: nothing runs */
    int clock;             /* which one it is about */
    int was_level, is_level;
};

/* --- comparing ------------------------------------------------------------------------------------------ */

/* The rung on the policy's ladder: the next one at once, if what it waits for would have passed. */
static int level_after(const struct whatif *w, const struct pulih_row_complaint *row,
                       const struct pulih_clock_reading *next)
{
    const struct pulih_ladder *ladder = pulih_ladder_of(w->policy, row);
    struct pulih_view person;

    if ((size_t)row->level > ladder->n)
        return (int)ladder->n;
    if (!row->ladder_armed || pulih_ladder_waits_for_post(row) || !next || next->now.due_us > w->live.now_us)
        return row->level;
    size_t level = pulih_ladder_next(w->policy, ladder, (size_t)row->level, w->live.now_us, &person);
    return level ? (int)level : row->level;
}

/* A clock that stands has no date: what was left when it came to stand, or when it was planned anew since, is
 * compared. */
static bool leaves_other(const struct pulih_item *item, const struct pulih_clock_reading *r)
{
    const struct pulih_calendar *c = r->rule->calendar.calendar;
    int64_t from_us = r->event[r->n - 1].at_us, until_us = item->row.due_at;

    for (size_t i = 0; i < item->n_story; i++)
        if (item->story[i].m == PULIH_M_planned && item->story[i].at_us > from_us)
            from_us = item->story[i].at_us;
    int64_t left_us = pulih_unit_is_working(r->event[0].duration.unit)
                          ? pulih_calendar_between(c, from_us, until_us)
                          : until_us - from_us;
    return r->now.left_us != (left_us > 0 ? left_us : 0);
}

static bool compare(struct whatif *w, const struct pulih_item *item, struct change *ret)
{
    const struct pulih_row_complaint *row = &item->row;
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];
    const struct pulih_clock_reading *resolution = all;

    pulih_clocks_read(w->policy, item->story, item->n_story, w->live.now_us, &w->live.arena, all);
    while (resolution->rule->name != PULIH_deadline_resolution)
        resolution++;
    const struct pulih_clock_reading *next = pulih_clocks_next(all, w->policy->n_clocks);
    bool waits = row->ladder_armed && !pulih_ladder_waits_for_post(row) && next;
    *ret = (struct change){.clock = PULIH_deadline_resolution,
                           .was_us = row->due_at,
                           .is_us = resolution->now.due_us,
                           .was_level = row->level,
                           .is_level = level_after(w, row, next)};
    if (ret->was_level != ret->is_level)
        return true;
    if (resolution->now.state == PULIH_CLOCK_running && ret->was_us != ret->is_us)
        return true;
    if (resolution->now.state == PULIH_CLOCK_paused)
        return leaves_other(item, resolution);
    if (!waits || row->ladder_due <= w->live.now_us || next->now.due_us == row->ladder_due)
        return false;
    ret->clock = next->rule->name;
    ret->was_us = row->ladder_due;
    ret->is_us = next->now.due_us;
    return true;
}

static void print_change(struct whatif *w, const struct pulih_row_complaint *row, const struct change *c)
{
    pulih_ctl_cell_reference(&w->table, row->number);
    pulih_ctl_cell_word(&w->table, PULIH_WORDS_deadline, c->clock);
    pulih_ctl_cell_time(&w->table, c->was_us);
    pulih_ctl_cell_time(&w->table, c->is_us);
    pulih_ctl_cell_int(&w->table, c->was_level);
    pulih_ctl_cell_int(&w->table, c->is_level);
}

static bool look_at_all(struct whatif *w)
{
    static const int16_t over[] = {PULIH_STATE_received, PULIH_STATE_classified, PULIH_STATE_closed,
                                   PULIH_STATE_parked};
    struct pulih_ctl_live *live = &w->live;

    do {
        if (!pulih_ctl_live_next(live, over, PULIH_COUNT(over)))
            return false;
        for (size_t i = 0; i < live->n; i++) {
            struct change c;
            w->looked_at++;
            if (!compare(w, &live->items[i], &c))
                continue;
            w->changed++;
            print_change(w, &live->items[i].row, &c);
        }
    } while (live->n);
    return true;
}

static void end_whatif(struct whatif **w)
{
    pulih_ctl_live_end(&(*w)->live);
    free(*w);
}

int pulih_ctl_whatif(const struct pulih_ctl *ctl)
{
    static const char *const columns[] = {"reference", "clock",    "due now",
                                          "due then",  "rung now", "rung then"};
    static const char *const members[] = {"reference", "clock",    "due_now",
                                          "due_then",  "rung_now", "rung_then"};
    PULIH_AUTO(pulih_ctl_judge_close) struct pulih_judge judge = {0};
    PULIH_AUTO(end_whatif) struct whatif *w = pulih_zeroed(1, sizeof *w);

    if (!pulih_ctl_option(ctl, "policy"))
        return pulih_ctl_usage(ctl, "--policy is missing: the file with the policy that may be applied");
    judge.policy = pulih_ctl_policy(ctl);
    w->policy = judge.policy;
    w->live.ctl = ctl;
    w->live.db = judge.policy ? pulih_ctl_connect_core(ctl) : NULL;
    if (!w->live.db || !pulih_ctl_keep_past(ctl, w->live.db, judge.policy))
        return PULIH_CTL_FAILED;
    bool json = pulih_ctl_option(ctl, "json");
    w->table = (struct pulih_ctl_table){.columns = json ? members : columns,
                                        .n_columns = PULIH_COUNT(columns),
                                        .what = "change",
                                        .json = json};
    bool done = look_at_all(w);
    pulih_ctl_table_end(&w->table);
    if (done)
        fprintf(stderr, "pulihctl whatif: %lld of %lld live complaints would change by policy %s\n",
                (long long)w->changed, (long long)w->looked_at, judge.policy->version);
    return done ? PULIH_CTL_OK : PULIH_CTL_FAILED;
}
