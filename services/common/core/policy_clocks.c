/* Clocks of a complaint: rows of `clocks`, and what holds where a row says nothing. */
#include <libconfig.h>
#include <string.h>

#include "proto/msg.h"
#include "pulih/base/must.h"
#include "pulih/core/done.h"
#include "services/common/core/policy_read.h"

enum { EXTENSIONS_MAX = 10, SOURCE_MAX_BYTES = 600 };

#define REACHED(milestone) PULIH_CLOCK_MILESTONE(PULIH_milestone_##milestone)

/* What a clock of that name is where its row says nothing else; what meets it stands in dates.tbl.h. */
static const struct standard {
    uint16_t name;
    uint16_t starts;
    bool repeats, customers_turn, reprimands;
    bool pauses; /* for the policy's pause_reasons */
} standards[] = {
    {PULIH_deadline_resolution, PULIH_M_complaint, false, true, true, true},
    {PULIH_deadline_plan, PULIH_M_complaint, false, false, false, false},
    {PULIH_deadline_acknowledgement, PULIH_M_complaint, false, false, false, false},
    {PULIH_deadline_first_response, PULIH_M_complaint, false, false, true, true},
    {PULIH_deadline_update, PULIH_M_acknowledged, true, true, true, true},
    {PULIH_deadline_regulator, PULIH_M_complaint, false, false, true, false},
    {PULIH_deadline_customer, PULIH_M_complaint, false, false, false, false},
    {PULIH_deadline_early, PULIH_M_complaint, false, false, false, false},
    {PULIH_deadline_final, PULIH_M_complaint, false, false, true, false},
    {PULIH_deadline_forward, PULIH_M_complaint, false, false, true, false},
    {PULIH_deadline_data_access, REACHED(data_requested), false, false, true, false},
    {PULIH_deadline_data_stop, REACHED(consent_withdrawn), false, false, true, false},
    {PULIH_deadline_data_breach, REACHED(breach_found), false, false, true, false},
};

static const struct standard *standard_of(int name)
{
    for (size_t i = 0; i < PULIH_COUNT(standards); i++)
        if (standards[i].name == name)
            return &standards[i];
    return NULL;
}

struct pulih_named_calendar pulih_policy_standard_calendar(const struct pulih_policy *p)
{
    for (size_t i = 0; i < p->n_calendars; i++)
        if (p->calendars[i].calendar == p->calendar)
            return p->calendars[i];
    return (struct pulih_named_calendar){0};
}

static void set_standard(const struct pulih_policy *p, const struct standard *s, struct pulih_clock_rule *ret)
{
    *ret = (struct pulih_clock_rule){
        .name = s->name,
        .starts = s->starts,
        .repeats = s->repeats,
        .customers_turn = s->customers_turn,
        .reprimands = s->reprimands,
        .pauses = s->pauses ? p->pause_reasons : 0,
    };
    ret->n_met_by = pulih_met_by(s->name, ret->met_by);
    ret->calendar = pulih_policy_standard_calendar(p);
    for (int tier = 0; tier < PULIH_TIERS; tier++) {
        if (s->name == PULIH_deadline_resolution)
            ret->within[tier] = p->resolve_within[tier];
        if (s->name == PULIH_deadline_plan)
            ret->within[tier] = p->plan_within;
    }
}

/* --- a row ---------------------------------------------------------------------------------------------- */

bool pulih_policy_read_calendar_name(struct pulih_policy_reader *r, const config_setting_t *at,
                                     struct pulih_named_calendar *ret)
{
    const char *names[PULIH_CALENDARS_MAX], *name = config_setting_get_string(at);
    const struct pulih_policy *p = r->policy;

    for (size_t i = 0; i < p->n_calendars; i++) {
        names[i] = p->calendars[i].name.at; /* ends with a zero */
        if (name && strcmp(names[i], name) == 0) {
            *ret = p->calendars[i];
            return true;
        }
    }
    if (name)
        pulih_policy_unknown(r, at, "calendar", name, names, p->n_calendars);
    else
        pulih_policy_wrong(r, at, "expected the name of a calendar");
    return false;
}

static void read_durations(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_duration *ret)
{
    struct pulih_duration all;

    if (config_setting_is_group(at)) {
        pulih_policy_read_by_tier(r, at, ret);
    } else if (pulih_policy_duration(r, at, &all)) {
        for (int tier = 0; tier < PULIH_TIERS; tier++)
            ret[tier] = all;
    }
}

/* A step that the daemons write, the complaint itself, or a milestone. */
static uint16_t read_event(struct pulih_policy_reader *r, const config_setting_t *at)
{
    const char *name = config_setting_get_string(at);
    enum pulih_m m = name ? pulih_message_by_name(pulih_view_of(name)) : PULIH_M_N;
    int milestone = name ? pulih_word_number(PULIH_WORDS_milestone, pulih_view_of(name)) : -1;

    if (m < PULIH_M_N && (m == PULIH_M_complaint || pulih_message(m)->role == PULIH_ROLE_STEP))
        return (uint16_t)m;
    if (milestone > 0)
        return PULIH_CLOCK_MILESTONE((uint16_t)milestone);
    pulih_policy_wrong(r, at,
                       "expected complaint, an event of the chronology such as \"acknowledged\", or a "
                       "milestone such as \"final_response\"");
    return PULIH_M_complaint;
}

static void read_met_by(struct pulih_policy_reader *r, const config_setting_t *at,
                        struct pulih_clock_rule *ret)
{
    if (!pulih_policy_elements(r, at, 0, PULIH_CLOCK_EVENTS_MAX))
        return;
    ret->n_met_by = (size_t)config_setting_length(at);
    for (size_t i = 0; i < ret->n_met_by; i++)
        ret->met_by[i] = read_event(r, config_setting_get_elem(at, (unsigned)i));
}

static void read_extend(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_clock_rule *ret)
{
    static const char *const names[] = {"times", "by", "reasons"};
    int64_t times;

    if (!pulih_policy_group(r, at, names, PULIH_COUNT(names)))
        return;
    config_setting_t *many = pulih_policy_member(r, at, "times"), *by = pulih_policy_member(r, at, "by"),
                     *reasons = pulih_policy_member(r, at, "reasons");
    if (many && pulih_policy_integer(r, many, 1, EXTENSIONS_MAX, &times))
        ret->extensions = (uint16_t)times;
    if (by)
        pulih_policy_duration(r, by, &ret->extend_by);
    if (reasons)
        ret->extend_reasons = pulih_policy_word_list(r, reasons, PULIH_WORDS_extension, 0);
}

/* Where a clock's time stands: in a setting of its own, in `within`, or with the customer. */
static void read_within(struct pulih_policy_reader *r, config_setting_t *row, struct pulih_clock_rule *ret)
{
    config_setting_t *within = config_setting_get_member(row, "within");
    const char *elsewhere = ret->name == PULIH_deadline_resolution ? "stands in resolve_within"
                            : ret->name == PULIH_deadline_plan     ? "stands in plan_within"
                            : ret->name == PULIH_deadline_customer ? "is for the customer to say"
                                                                   : NULL;

    if (within && elsewhere)
        pulih_policy_wrong(r, within, "leave it out: the time of this clock %s", elsewhere);
    else if (within)
        read_durations(r, within, ret->within);
    else if (!elsewhere)
        pulih_policy_wrong(r, row, "within is missing");
}

static void read_members(struct pulih_policy_reader *r, config_setting_t *row, struct pulih_clock_rule *ret)
{
    config_setting_t *at;

    read_within(r, row, ret);
    if ((at = config_setting_get_member(row, "calendar")))
        pulih_policy_read_calendar_name(r, at, &ret->calendar);
    if ((at = config_setting_get_member(row, "starts")))
        ret->starts = read_event(r, at);
    if ((at = config_setting_get_member(row, "spoken")) && ret->starts != PULIH_M_complaint)
        pulih_policy_wrong(r, at, "leave it out: this clock does not start with the complaint");
    else if (at)
        read_durations(r, at, ret->spoken);
    if ((at = config_setting_get_member(row, "anew")))
        ret->anew = read_event(r, at);
    if ((at = config_setting_get_member(row, "met_by")))
        read_met_by(r, at, ret);
    if ((at = config_setting_get_member(row, "repeats")))
        pulih_policy_boolean(r, at, &ret->repeats);
    if ((at = config_setting_get_member(row, "customers_turn")))
        pulih_policy_boolean(r, at, &ret->customers_turn);
    if ((at = config_setting_get_member(row, "reprimands")))
        pulih_policy_boolean(r, at, &ret->reprimands);
    if ((at = config_setting_get_member(row, "pauses")))
        ret->pauses = pulih_policy_word_list(r, at, PULIH_WORDS_pause, 0);
    if ((at = config_setting_get_member(row, "extend")))
        read_extend(r, at, ret);
}

/* What every row may say; then what one of the policy itself may, and what one of a pack must or may. */
#define ROW_NAMES                                                                                            \
    "name", "within", "spoken", "starts", "anew", "met_by", "repeats", "customers_turn", "reprimands",       \
        "pauses", "extend"
static const char *const own_names[] = {ROW_NAMES, "calendar"};
static const char *const pack_names[] = {ROW_NAMES, "source", "from", "until"};

/* The clock's standard, or NULL, reported. */
static const struct standard *read_name(struct pulih_policy_reader *r, config_setting_t *row)
{
    config_setting_t *at = pulih_policy_member(r, row, "name");
    int name = at ? pulih_policy_word(r, at, PULIH_WORDS_deadline) : -1;
    const struct standard *s = standard_of(name);

    if (name >= 0 && !s)
        pulih_policy_wrong(r, at, "this deadline is no clock of `clocks`");
    return s;
}

static void read_row(struct pulih_policy_reader *r, config_setting_t *row)
{
    struct pulih_policy *p = r->policy;

    if (!pulih_policy_group(r, row, own_names, PULIH_COUNT(own_names)))
        return;
    const struct standard *s = read_name(r, row);
    if (s && pulih_policy_clock(p, s->name)) {
        pulih_policy_wrong(r, config_setting_get_member(row, "name"), "this clock is given twice");
    } else if (s) {
        struct pulih_clock_rule *rule = &p->clocks[p->n_clocks++];
        set_standard(p, s, rule);
        read_members(r, row, rule);
    }
}

bool pulih_policy_read_period(struct pulih_policy_reader *r, config_setting_t *group,
                              struct pulih_period *ret)
{
    config_setting_t *from = config_setting_get_member(group, "from"),
                     *until = config_setting_get_member(group, "until");

    if ((from && !pulih_policy_read_date(r, from, &ret->from)) ||
        (until && !pulih_policy_read_date(r, until, &ret->until)))
        return false;
    if (ret->until && ret->until < ret->from)
        pulih_policy_wrong(r, until, "expected the last day, which is not before the first");
    return !ret->until || ret->until >= ret->from;
}

bool pulih_policy_read_pack_clock(struct pulih_policy_reader *r, config_setting_t *row,
                                  struct pulih_clock_rule *ret)
{
    if (!pulih_policy_group(r, row, pack_names, PULIH_COUNT(pack_names)))
        return false;
    const struct standard *s = read_name(r, row);
    config_setting_t *source = pulih_policy_member(r, row, "source");
    if (!s)
        return false;
    set_standard(r->policy, s, ret);
    if (s->name == PULIH_deadline_resolution || s->name == PULIH_deadline_plan ||
        s->name == PULIH_deadline_customer)
        pulih_policy_wrong(r, config_setting_get_member(row, "name"),
                           "this clock is the company's own and no pack's; take regulator");
    else
        read_members(r, row, ret);
    if (source)
        ret->source = pulih_policy_text(r, source, SOURCE_MAX_BYTES, false);
    return pulih_policy_read_period(r, row, &ret->period);
}

void pulih_policy_read_clocks(struct pulih_policy_reader *r, config_setting_t *at)
{
    if (!pulih_policy_elements(r, at, 0, PULIH_CLOCKS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_row(r, config_setting_get_elem(at, (unsigned)i));
}

void pulih_policy_add_clocks(struct pulih_policy *p)
{
    if (!pulih_policy_clock(p, PULIH_deadline_resolution) && p->n_clocks < PULIH_CLOCKS_MAX)
        set_standard(p, standard_of(PULIH_deadline_resolution), &p->clocks[p->n_clocks++]);
}

const struct pulih_clock_rule *pulih_policy_clock(const struct pulih_policy *p, uint16_t name)
{
    for (size_t i = 0; i < p->n_clocks; i++)
        if (p->clocks[i].name == name)
            return &p->clocks[i];
    return NULL;
}
