/* The plan: when a complaint's clocks are due, and what moves them. */
#include "pulih/core/ladder.h"
#include "services/escalation/handlers.h"

static const int64_t US_PER_S = 1000000;

/* --- planning ------------------------------------------------------------------------------------------- */

/* Says what the resolution's due date is from now on, and promises it to the customer. */
static void put_plan(struct pulih_step *step, struct pulih_planned planned, int64_t due_us)
{
    struct pulih_row_complaint *row = &step->item->row;

    row->due_at = due_us;
    PULIH_SET(&planned, planned, due_at, due_us);
    PULIH_SET(&planned, planned, promise, (uint64_t)row->promises + 1);
    PULIH_SET(&planned, planned, post, step->policy->answerable[row->department]);
    PULIH_SET(&planned, planned, policy, pulih_view_of(step->policy->version));
    pulih_step_event(step, PULIH_M_planned, &planned);
    pulih_step_promise(step, PULIH_promise_resolution, due_us);
}

/* The ladder follows a new plan while nobody must act; what a post was told keeps its deadline. */
static void watch_plan(struct pulih_step *step, bool was_armed)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];

    if (row->ended || pulih_ladder_waits_for_post(row))
        return;
    pulih_step_clocks(step, all);
    const struct pulih_clock_reading *next = pulih_clocks_next(all, step->policy->n_clocks);
    if (was_armed && next && next->now.due_us < row->due_at)
        pulih_step_arm(step, next->rule->name, next->now.due_us);
    else
        pulih_step_arm(step, PULIH_deadline_resolution, row->due_at);
    if (!was_armed)
        pulih_step_stand(step); /* paused, or it is the customer's turn */
}

/* The customer's own date is no promise of ours: where it is not for the ladder to wait for, whoever must
 * meet it is reminded once. */
static void watch_customers_date(struct pulih_step *step)
{
    const struct pulih_clock_rule *rule = pulih_policy_clock(step->policy, PULIH_deadline_customer);
    struct pulih_clock_reading reading;
    const struct pulih_told *story;
    int64_t due_us, at_us;

    if (!rule || rule->reprimands)
        return;
    size_t n = pulih_step_story(step, &story);
    pulih_clock_read(rule, story, n, step->now_us, step->arena, &reading);
    if (pulih_clock_due(&reading, step->now_us, &due_us) &&
        pulih_reminder_at(step->policy, step->item->row.tier, step->now_us, due_us, &at_us))
        pulih_step_await_reminder(step, at_us);
}

/* What is passed on too often climbs at once, unless a post must act already. */
static bool climbs_at_once(const struct pulih_step *step)
{
    const struct pulih_row_complaint *row = &step->item->row;
    int most = step->policy->transfers_max;

    return most && row->transfers > most && !row->ended && !pulih_ladder_waits_for_post(row);
}

enum pulih_verdict escalation_on_classified(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_planned planned = {0};
    bool first = row->state == PULIH_STATE_classified;
    bool was_armed = first || row->ladder_armed;

    if (!pulih_step_may(step, PULIH_M_planned))
        return pulih_step_never(step, "the complaint is not in a state to be planned");
    if (!first)
        PULIH_SET(&planned, planned, cause, PULIH_plan_cause_correction);
    int64_t due_us = pulih_step_clock_due(step, PULIH_deadline_resolution);
    int64_t page_by = was_armed ? escalation_page(step, &planned) : 0;
    put_plan(step, planned, due_us);
    if (page_by)
        pulih_step_arm(step, PULIH_deadline_acknowledge, page_by);
    else
        watch_plan(step, was_armed);
    if (first)
        watch_customers_date(step);
    if (was_armed && climbs_at_once(step))
        pulih_step_arm(step, PULIH_deadline_transfers, step->now_us);
    return PULIH_DONE;
}

/* --- pause and resume ----------------------------------------------------------------------------------- */

enum pulih_verdict escalation_on_paused(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_clock_paused paused = {0};
    struct pulih_paused msg;

    if (!pulih_step_read(step, PULIH_M_paused, &msg))
        return pulih_step_never(step, "the stored pause cannot be read");
    if (!pulih_step_may(step, PULIH_M_clock_paused))
        return pulih_step_refuse(step, "move");
    if (row->clock || row->ended)
        return pulih_step_refuse(step, "running_clock");
    if (!(step->policy->pause_reasons >> msg.pause & 1))
        return pulih_step_refuse(step, "allowed_reason");
    pulih_step_stand(step);
    row->clock = 1;
    PULIH_SET(&paused, clock_paused, pause, msg.pause);
    PULIH_SET(&paused, clock_paused, left_s, (uint64_t)(row->ladder_left_us / US_PER_S));
    pulih_step_event(step, PULIH_M_clock_paused, &paused);
    return PULIH_DONE;
}

enum pulih_verdict escalation_on_resumed(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_clock_resumed resumed = {0};

    if (!pulih_step_may(step, PULIH_M_clock_resumed))
        return pulih_step_refuse(step, "move");
    if (!row->clock)
        return pulih_step_refuse(step, "standing_clock");
    row->clock = 0;
    bool climbs = pulih_ladder_waits_for_post(row);
    bool other = !climbs && row->ladder_kind != PULIH_deadline_resolution;
    int64_t due_us =
        other ? pulih_step_clock_due(step, PULIH_deadline_resolution) : pulih_step_due_left(step);
    PULIH_SET(&resumed, clock_resumed, due_at, due_us);
    PULIH_SET(&resumed, clock_resumed, promise, (uint64_t)row->promises + 1);
    pulih_step_event(step, PULIH_M_clock_resumed, &resumed);
    if (!climbs)
        row->due_at = due_us;
    pulih_step_promise(step, PULIH_promise_resolution, due_us);
    pulih_step_run_on(step);
    return PULIH_DONE;
}

/* --- extension, conversion, another policy -------------------------------------------------------------- */

/* A plan that was made anew while the clock stands changes what is left of it. */
static void plan_anew(struct pulih_step *step, const struct pulih_planned *planned, int64_t due_us)
{
    bool was_armed = step->item->row.ladder_armed;

    put_plan(step, *planned, due_us);
    watch_plan(step, was_armed);
}

/* What the policy lacks for this extension; NULL: nothing. */
static const char *missing(const struct pulih_step *step, const struct pulih_clock_reading *r,
                           const struct pulih_extended *msg)
{
    int64_t due_us;

    if (!r || !r->rule->extensions)
        return "extensible_clock";
    if (!(r->rule->extend_reasons >> msg->extension & 1))
        return "allowed_reason";
    if (r->extended >= r->rule->extensions)
        return "extension_left";
    if (!pulih_clock_due(r, step->now_us, &due_us) || r->now.missed_us)
        return "running_deadline"; /* notice must be given before it passes */
    return NULL;
}

static bool extended_due(const struct pulih_step *step, const struct pulih_clock_reading *r, int64_t *ret_us)
{
    int64_t due_us;

    return pulih_clock_due(r, step->now_us, &due_us) &&
           pulih_calendar_add(r->rule->calendar.calendar, due_us, r->rule->extend_by, ret_us);
}

enum pulih_verdict escalation_on_extended(struct pulih_step *step)
{
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];
    struct pulih_planned planned = {0};
    struct pulih_extended msg;
    int64_t due_us = step->item->row.due_at;

    if (!pulih_step_read(step, PULIH_M_extended, &msg))
        return pulih_step_never(step, "the stored extension cannot be read");
    if (!pulih_step_may(step, PULIH_M_informed))
        return pulih_step_refuse(step, "move");
    uint16_t name = PULIH_HAS(&msg, extended, clock) ? msg.clock : PULIH_deadline_resolution;
    pulih_step_clocks(step, all);
    const struct pulih_clock_reading *r = pulih_clocks_find(all, step->policy->n_clocks, name);
    const char *need = missing(step, r, &msg);
    if (need)
        return pulih_step_refuse(step, need);
    if (name == PULIH_deadline_resolution && !extended_due(step, r, &due_us))
        return pulih_step_refuse(step, "calendar");
    pulih_buf_empty(step->scratch);
    pulih_duration_print(r->rule->extend_by, step->scratch);
    PULIH_SET(&planned, planned, cause, PULIH_plan_cause_extension);
    PULIH_SET(&planned, planned, clock, name);
    PULIH_SET(&planned, planned, extension, msg.extension);
    PULIH_SET(&planned, planned, by, pulih_arena_copy(step->arena, pulih_view_of_buf(step->scratch)));
    plan_anew(step, &planned, due_us);
    return PULIH_DONE;
}

/* What the date lacks that the customer agreed to; NULL: nothing. No agreement moves the regulator's. */
static const char *missing_of_date(struct pulih_step *step, int64_t due_us)
{
    const struct pulih_row_complaint *row = &step->item->row;
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];
    int64_t regulator_us;

    if (row->clock)
        return "running_clock";
    if (due_us <= step->now_us ||
        due_us > pulih_step_due(step, step->now_us, step->policy->resolve_within[row->tier]))
        return "date_in_time";
    if (due_us == row->due_at)
        return "other_deadline";
    pulih_step_clocks(step, all);
    const struct pulih_clock_reading *r =
        pulih_clocks_find(all, step->policy->n_clocks, PULIH_deadline_regulator);
    if (r && pulih_clock_due(r, step->now_us, &regulator_us) && due_us > regulator_us)
        return "regulator_deadline";
    return NULL;
}

enum pulih_verdict escalation_on_renegotiated(struct pulih_step *step)
{
    struct pulih_planned planned = {0};
    struct pulih_renegotiated msg;

    if (!pulih_step_read(step, PULIH_M_renegotiated, &msg))
        return pulih_step_never(step, "the stored agreement cannot be read");
    if (!pulih_step_may(step, PULIH_M_informed))
        return pulih_step_refuse(step, "move");
    const char *need = missing_of_date(step, msg.due_at);
    if (need)
        return pulih_step_refuse(step, need);
    PULIH_SET(&planned, planned, cause, PULIH_plan_cause_agreement);
    PULIH_SET(&planned, planned, clock, PULIH_deadline_resolution);
    PULIH_SET(&planned, planned, extension, msg.extension);
    PULIH_SET(&planned, planned, message, (uint64_t)step->item->version);
    plan_anew(step, &planned, msg.due_at);
    return PULIH_DONE;
}

bool escalation_is_outdated(const struct pulih_policy *policy, const struct pulih_row_complaint *row,
                            const struct pulih_clock_reading *all, int64_t now_us)
{
    const struct pulih_clock_reading *next = pulih_clocks_next(all, policy->n_clocks);
    int64_t due_us;

    if (!pulih_clock_due(pulih_clocks_find(all, policy->n_clocks, PULIH_deadline_resolution), now_us,
                         &due_us))
        return false;
    bool waits = row->ladder_armed && !pulih_ladder_waits_for_post(row);
    return due_us != row->due_at || (waits && next && next->now.due_us != row->ladder_due);
}

static enum pulih_verdict replan(struct pulih_step *step, uint16_t cause)
{
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];
    struct pulih_planned planned = {0};

    if (!pulih_step_may(step, PULIH_M_informed))
        return pulih_step_refuse(step, "move");
    pulih_step_clocks(step, all);
    if (!escalation_is_outdated(step->policy, &step->item->row, all, step->now_us))
        return pulih_step_refuse(step, "other_deadline");
    PULIH_SET(&planned, planned, cause, cause);
    plan_anew(step, &planned, pulih_step_clock_due(step, PULIH_deadline_resolution));
    return PULIH_DONE;
}

enum pulih_verdict escalation_on_put_in_writing(struct pulih_step *step)
{
    return replan(step, PULIH_plan_cause_conversion);
}

enum pulih_verdict escalation_on_plan_outdated(struct pulih_step *step)
{
    return replan(step, PULIH_plan_cause_policy);
}
