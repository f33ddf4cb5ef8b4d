#include "pulih/core/countdown.h"

#define DAY_US INT64_C(86400000000)

/* A countdown being reckoned. */
struct clock {
    const struct pulih_calendar *c;
    struct pulih_duration duration; /* that of the start, or what it was converted to */
    struct pulih_countdown now;
};

/* --- time that is left ---------------------------------------------------------------------------------- */

static int64_t left_at(const struct clock *k, int64_t at_us, int64_t due_us)
{
    if (pulih_unit_is_working(k->duration.unit))
        return pulih_calendar_between(k->c, at_us, due_us);
    return due_us > at_us ? due_us - at_us : 0;
}

static bool due_after(const struct clock *k, int64_t at_us, int64_t left_us, int64_t *ret_us)
{
    if (pulih_unit_is_working(k->duration.unit))
        return pulih_calendar_add_working_us(k->c, at_us, left_us, ret_us);
    *ret_us = at_us + left_us;
    return *ret_us < PULIH_CALENDAR_END_US;
}

/* --- events --------------------------------------------------------------------------------------------- */

static void note_missed(struct clock *k, int64_t at_us)
{
    if (k->now.state == PULIH_CLOCK_running && at_us > k->now.due_us && !k->now.missed_us)
        k->now.missed_us = k->now.due_us;
}

static bool on_start(struct clock *k, const struct pulih_clock_event *e)
{
    k->now.due_us = e->due_us;
    return e->due_us || pulih_calendar_add(k->c, e->at_us, k->duration, &k->now.due_us);
}

static bool on_pause(struct clock *k, const struct pulih_clock_event *e)
{
    k->now.left_us = left_at(k, e->at_us, k->now.due_us);
    k->now.due_us = 0;
    return true;
}

static bool on_resume(struct clock *k, const struct pulih_clock_event *e)
{
    return due_after(k, e->at_us, k->now.left_us, &k->now.due_us);
}

/* Of a clock that stands: what it would have if it ran on now. */
static bool on_extend(struct clock *k, const struct pulih_clock_event *e)
{
    int64_t due_us = k->now.due_us;

    if (k->now.state == PULIH_CLOCK_running)
        return pulih_calendar_add(k->c, due_us, e->duration, &k->now.due_us);
    if (!due_after(k, e->at_us, k->now.left_us, &due_us) ||
        !pulih_calendar_add(k->c, due_us, e->duration, &due_us))
        return false;
    k->now.left_us = left_at(k, e->at_us, due_us);
    return true;
}

static bool on_set(struct clock *k, const struct pulih_clock_event *e)
{
    if (k->now.state == PULIH_CLOCK_running)
        k->now.due_us = e->due_us;
    else
        k->now.left_us = left_at(k, e->at_us, e->due_us);
    return true;
}

static bool on_meet(struct clock *k, const struct pulih_clock_event *e)
{
    if (k->now.state == PULIH_CLOCK_running)
        k->now.left_us = left_at(k, e->at_us, k->now.due_us);
    return true;
}

#define IN(state) (1u << PULIH_CLOCK_##state)

/* Where an event is possible, what it does, and where it leads; 0: nowhere. A conversion is reckoned by
 * starting over. */
static const struct {
    unsigned in;
    bool (*take)(struct clock *k, const struct pulih_clock_event *e);
    enum pulih_clock_state to;
} steps[PULIH_CLOCK_N] = {
    [PULIH_CLOCK_start] = {IN(unstarted), on_start, PULIH_CLOCK_running},
    [PULIH_CLOCK_pause] = {IN(running), on_pause, PULIH_CLOCK_paused},
    [PULIH_CLOCK_resume] = {IN(paused), on_resume, PULIH_CLOCK_running},
    [PULIH_CLOCK_extend] = {IN(running) | IN(paused), on_extend, 0},
    [PULIH_CLOCK_convert] = {IN(running) | IN(paused), NULL, 0},
    [PULIH_CLOCK_set] = {IN(running) | IN(paused), on_set, 0},
    [PULIH_CLOCK_meet] = {IN(running) | IN(paused), on_meet, PULIH_CLOCK_met},
    [PULIH_CLOCK_reopen] = {IN(met), on_resume, PULIH_CLOCK_running},
};

static enum pulih_clock_state state_after(enum pulih_clock_state state, enum pulih_clock_event_kind kind)
{
    return steps[kind].to ? steps[kind].to : state;
}

/* The events up to `n` with one duration for the start; conversions are passed over. What passes before
 * events[noted] was another duration's to miss. */
static bool replay(struct clock *k, const struct pulih_clock_event *events, size_t noted, size_t n,
                   size_t *ret_fault)
{
    k->now = (struct pulih_countdown){.missed_us = k->now.missed_us};
    for (size_t i = 0; i < n; i++) {
        const struct pulih_clock_event *e = &events[i];
        *ret_fault = i;
        if (e->kind >= PULIH_CLOCK_N || !(steps[e->kind].in >> k->now.state & 1) ||
            (i > 0 && e->at_us < e[-1].at_us))
            return false;
        if (i >= noted)
            note_missed(k, e->at_us);
        if (steps[e->kind].take && !steps[e->kind].take(k, e))
            return false;
        k->now.state = state_after(k->now.state, e->kind);
    }
    return true;
}

/* Up to each conversion with the duration that held until then. */
static bool reckon(struct clock *k, const struct pulih_clock_event *events, size_t n, size_t *ret_fault)
{
    size_t noted = 0;

    *ret_fault = 0;
    if (n > 0)
        k->duration = events[0].duration; /* the start's: nothing else can be first */
    for (size_t i = 0; i <= n; i++) {
        if (i < n && events[i].kind != PULIH_CLOCK_convert)
            continue;
        if (!replay(k, events, noted, i, ret_fault))
            return false;
        if (i == n)
            break;
        *ret_fault = i;
        if (!(steps[PULIH_CLOCK_convert].in >> k->now.state & 1))
            return false;
        note_missed(k, events[i].at_us);
        k->duration = events[i].duration;
        noted = i + 1;
    }
    return true;
}

bool pulih_countdown_reckon(const struct pulih_calendar *c, const struct pulih_clock_event *events, size_t n,
                            int64_t until_us, struct pulih_countdown *ret, size_t *ret_fault)
{
    struct clock k = {.c = c};

    if (!reckon(&k, events, n, ret_fault))
        return false;
    note_missed(&k, until_us);
    *ret = k.now;
    return true;
}

/* --- explaining ----------------------------------------------------------------------------------------- */

struct explainer {
    const struct pulih_calendar *c;
    bool working;
    pulih_tell_span_f *tell;
    void *of;
};

static void tell(const struct explainer *x, int64_t from_us, int64_t to_us, enum pulih_span_kind kind,
                 const struct pulih_special_day *day)
{
    const struct pulih_span span = {from_us, to_us, kind, day};

    if (from_us < to_us)
        x->tell(x->of, &span);
}

/* Closed time, day by day, with what the day is. */
static void tell_closed(const struct explainer *x, int64_t from_us, int64_t to_us)
{
    while (from_us < to_us) {
        int64_t day_us, end_us;
        int32_t date = pulih_calendar_date(x->c, from_us, &day_us);
        const struct pulih_special_day *day = pulih_calendar_special(x->c, date);
        pulih_calendar_instant(x->c, date, DAY_US, &end_us);
        if (end_us <= from_us || end_us > to_us)
            end_us = to_us;
        bool special = day && !day->as_usual;
        tell(x, from_us, end_us, special ? PULIH_SPAN_special : PULIH_SPAN_closed, special ? day : NULL);
        from_us = end_us;
    }
}

static void tell_running(const struct explainer *x, int64_t from_us, int64_t to_us)
{
    struct pulih_interval open;

    if (!x->working) {
        tell(x, from_us, to_us, PULIH_SPAN_counted, NULL);
        return;
    }
    for (; pulih_calendar_next_open(x->c, from_us, to_us, &open); from_us = open.to_us) {
        tell_closed(x, from_us, open.from_us);
        tell(x, open.from_us, open.to_us, PULIH_SPAN_counted, NULL);
    }
    tell_closed(x, from_us, to_us);
}

bool pulih_countdown_explain(const struct pulih_calendar *c, const struct pulih_clock_event *events, size_t n,
                             int64_t until_us, pulih_tell_span_f *tell_span, void *of)
{
    struct clock k = {.c = c};
    size_t fault;

    if (!reckon(&k, events, n, &fault))
        return false;
    const struct explainer x = {c, pulih_unit_is_working(k.duration.unit), tell_span, of};
    enum pulih_clock_state state = PULIH_CLOCK_unstarted;
    for (size_t i = 0; i < n; i++) {
        int64_t to_us = i + 1 < n ? events[i + 1].at_us : until_us;
        state = state_after(state, events[i].kind);
        if (i + 1 == n && state == PULIH_CLOCK_running)
            to_us = k.now.due_us;
        if (state == PULIH_CLOCK_running)
            tell_running(&x, events[i].at_us, to_us);
        else
            tell(&x, events[i].at_us, to_us, state == PULIH_CLOCK_paused ? PULIH_SPAN_paused : PULIH_SPAN_met,
                 NULL);
    }
    return true;
}
