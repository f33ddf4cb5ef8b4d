#include "pulih/core/ladder.h"

static bool is_for_tenant(const struct pulih_ladder *ladder, int32_t tenant)
{
    for (size_t i = 0; i < ladder->n_tenants; i++)
        if (ladder->tenants[i] == tenant)
            return true;
    return ladder->n_tenants == 0;
}

static bool is_for(const struct pulih_ladder *ladder, const struct pulih_row_complaint *row)
{
    return (!ladder->departments || ladder->departments >> row->department & 1) &&
           (!ladder->tiers || ladder->tiers >> row->tier & 1) && is_for_tenant(ladder, row->tenant);
}

const struct pulih_ladder *pulih_ladder_of(const struct pulih_policy *p,
                                           const struct pulih_row_complaint *row)
{
    for (size_t i = 0; i < p->n_ladders; i++)
        if (is_for(&p->ladders[i], row))
            return &p->ladders[i];
    return &p->ladder;
}

const struct pulih_post *pulih_post_find(const struct pulih_policy *p, struct pulih_view name)
{
    for (size_t i = 0; i < p->n_posts; i++)
        if (pulih_view_same(p->posts[i].name, name))
            return &p->posts[i];
    return NULL;
}

bool pulih_post_has(const struct pulih_post *post, struct pulih_view person)
{
    for (size_t i = 0; i < post->n_persons; i++)
        if (pulih_view_same(post->person[i], person))
            return true;
    return false;
}

static bool is_away(const struct pulih_policy *p, struct pulih_view person, int64_t at_us)
{
    for (size_t i = 0; i < p->n_absences; i++) {
        const struct pulih_absence *a = &p->absences[i];
        if (at_us >= a->from_us && at_us < a->until_us && pulih_view_same(a->person, person))
            return true;
    }
    return false;
}

struct pulih_view pulih_post_person(const struct pulih_policy *p, const struct pulih_post *post,
                                    int64_t at_us, struct pulih_view but)
{
    for (size_t i = 0; i < post->n_persons; i++)
        if (!pulih_view_same(post->person[i], but) && !is_away(p, post->person[i], at_us))
            return post->person[i];
    return (struct pulih_view){0};
}

size_t pulih_ladder_next(const struct pulih_policy *p, const struct pulih_ladder *ladder, size_t level,
                         int64_t at_us, struct pulih_view *ret_person)
{
    static const struct pulih_view nobody;

    for (size_t i = level; i < ladder->n; i++) {
        const struct pulih_post *post = pulih_post_find(p, ladder->rung[i].post);
        *ret_person = post ? pulih_post_person(p, post, at_us, nobody) : nobody;
        if (ret_person->at)
            return i + 1;
    }
    return 0;
}

/* --- approvals -------------------------------------------------------------------------------------- */

static bool is_above(const struct pulih_policy *p, const struct pulih_approval *a, uint64_t amount,
                     struct pulih_view currency)
{
    return !a->has_above ||
           (amount > 0 && (!pulih_view_same(currency, p->currency) || amount > a->above_minor));
}

const struct pulih_approval *pulih_approval_of(const struct pulih_policy *p,
                                               const struct pulih_row_complaint *row, uint64_t amount,
                                               struct pulih_view currency)
{
    for (size_t i = 0; i < p->n_approvals; i++) {
        const struct pulih_approval *a = &p->approvals[i];
        if ((!a->tiers || a->tiers >> row->tier & 1) &&
            (!a->gravities || a->gravities & (uint16_t)row->gravity) && is_above(p, a, amount, currency))
            return a;
    }
    return NULL;
}

bool pulih_needs_four_eyes(const struct pulih_policy *p, const struct pulih_approval *approval, int gravity)
{
    if (approval && approval->has_four_eyes)
        return approval->four_eyes;
    return p->four_eyes & (uint32_t)gravity;
}

/* --- waiting -------------------------------------------------------------------------------------------- */

bool pulih_ladder_waits_for_post(const struct pulih_row_complaint *row)
{
    return row->ladder_kind == PULIH_deadline_acknowledge || row->ladder_kind == PULIH_deadline_reprimand;
}

bool pulih_is_of_ladder(int kind)
{
    return kind != PULIH_deadline_silence && kind != PULIH_deadline_approval &&
           kind != PULIH_deadline_forwarding && kind != PULIH_deadline_reminder &&
           kind != PULIH_deadline_consumer;
}

bool pulih_deadline_counts(const struct pulih_row_complaint *row, const struct pulih_row_deadline *deadline)
{
    if (deadline->kind == PULIH_deadline_silence)
        return row->silence_armed == deadline->armed;
    if (deadline->kind == PULIH_deadline_approval)
        return row->approval_armed == deadline->armed;
    if (deadline->kind == PULIH_deadline_forwarding || deadline->kind == PULIH_deadline_reminder)
        return row->state != PULIH_STATE_closed;
    if (deadline->kind == PULIH_deadline_consumer)
        return false;
    return row->ladder_armed == deadline->armed;
}

/* --- warnings ------------------------------------------------------------------------------------------- */

bool pulih_is_round_the_clock(const struct pulih_policy *p, int tier)
{
    return !pulih_unit_is_working(p->resolve_within[tier].unit);
}

static int64_t length_us(struct pulih_duration d)
{
    static const int64_t of_one[PULIH_UNIT_N] = {
        [PULIH_UNIT_second] = 1000000,          [PULIH_UNIT_minute] = 60000000,
        [PULIH_UNIT_hour] = 3600000000,         [PULIH_UNIT_working_minute] = 60000000,
        [PULIH_UNIT_working_hour] = 3600000000,
    };

    return d.amount * of_one[d.unit];
}

/* The instant itself if somebody works then; else the next opening before the deadline, or else the last
 * moment before it at which somebody worked. */
static bool in_working_time(const struct pulih_calendar *c, int64_t now_us, int64_t at_us, int64_t due_us,
                            int64_t *ret_us)
{
    struct pulih_interval open;

    if (pulih_calendar_next_open(c, at_us, due_us, &open)) {
        *ret_us = open.from_us > at_us ? open.from_us : at_us;
        return true;
    }
    int64_t worked_us = pulih_calendar_between(c, now_us, at_us);
    return worked_us > 0 && pulih_calendar_add_working_us(c, now_us, worked_us, ret_us);
}

bool pulih_warning_at(const struct pulih_policy *p, int tier, int64_t now_us, int64_t due_us, int64_t *ret_us)
{
    struct pulih_duration before = p->warn_before[tier];
    int64_t at_us = due_us - length_us(before);

    if (before.amount == 0)
        return false;
    if (pulih_unit_is_working(before.unit)) {
        int64_t left_us = pulih_calendar_between(p->calendar, now_us, due_us) - length_us(before);
        return left_us > 0 && pulih_calendar_add_working_us(p->calendar, now_us, left_us, ret_us);
    }
    if (at_us <= now_us)
        return false;
    *ret_us = at_us;
    return pulih_is_round_the_clock(p, tier) || in_working_time(p->calendar, now_us, at_us, due_us, ret_us);
}

bool pulih_reminder_at(const struct pulih_policy *p, int tier, int64_t now_us, int64_t due_us,
                       int64_t *ret_us)
{
    struct pulih_interval open = {now_us, due_us};

    if (p->warn_before[tier].amount == 0 || due_us <= now_us)
        return false;
    if (pulih_warning_at(p, tier, now_us, due_us, ret_us))
        return true;
    if (!pulih_is_round_the_clock(p, tier) && !pulih_calendar_next_open(p->calendar, now_us, due_us, &open))
        return false;
    *ret_us = open.from_us > now_us ? open.from_us : now_us;
    return true;
}
