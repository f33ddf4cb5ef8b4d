#include "pulih/core/clocks.h"

#include <string.h>

#include "pulih/base/must.h"

/* One clock while its chronology is gone through. */
struct tracer {
    const struct pulih_clock_rule *rule;
    const struct pulih_told *told;
    size_t n;
    struct pulih_clock_reading *out;
    enum pulih_clock_state state;
    uint16_t event; /* what is looked at: PULIH_M_* or PULIH_CLOCK_MILESTONE */
    int64_t at_us;  /* and when that was */
    uint16_t tier;
    bool renewed;             /* got all its time again */
    bool spoken;              /* and not in writing yet */
    int64_t customers_date;   /* 0: none */
    bool paused, turn, ended; /* for a reason of ours; it is the customer's turn; above the last rung */
    int32_t asked;            /* version of the question that the customer owes an answer to; 0: none */
    struct pulih_duration duration;
};

bool pulih_told_read(const struct pulih_told *e, enum pulih_m m, void *ret)
{
    struct pulih_fault fault;

    if (e->m != m || !e->body.at)
        return false;
    memset(ret, 0, pulih_message(m)->struct_bytes);
    return pulih_msg_decode_part(m, e->body, PULIH_CLASS_OPEN, ret, &fault);
}

uint16_t pulih_told_event(const struct pulih_told *e, int64_t *ret_at_us)
{
    struct pulih_milestone milestone;
    struct pulih_contact contact;

    *ret_at_us = e->at_us;
    if (pulih_told_read(e, PULIH_M_milestone, &milestone)) {
        if (PULIH_HAS(&milestone, milestone, at) && milestone.at < e->at_us)
            *ret_at_us = milestone.at;
        return PULIH_CLOCK_MILESTONE(milestone.milestone);
    }
    if (e->m == PULIH_M_contact &&
        (!pulih_told_read(e, PULIH_M_contact, &contact) || contact.contact != PULIH_contact_told))
        return PULIH_M_N;
    return (uint16_t)e->m;
}

/* --- writing the countdown's events --------------------------------------------------------------------- */

static void emit(struct tracer *t, size_t i, enum pulih_clock_event_kind kind, struct pulih_duration duration)
{
    t->out->told[t->out->n] = (uint32_t)i;
    t->out->event[t->out->n++] = (struct pulih_clock_event){
        .at_us = t->at_us,
        .kind = kind,
        .duration = duration,
    };
}

static void emit_bare(struct tracer *t, size_t i, enum pulih_clock_event_kind kind,
                      enum pulih_clock_state state)
{
    emit(t, i, kind, (struct pulih_duration){0});
    t->state = state;
}

static bool is_open(const struct tracer *t)
{
    return t->state == PULIH_CLOCK_running || t->state == PULIH_CLOCK_paused;
}

static struct pulih_duration duration_of(const struct tracer *t)
{
    const struct pulih_duration *spoken = &t->rule->spoken[t->tier];

    return t->spoken && spoken->amount ? *spoken : t->rule->within[t->tier];
}

static bool same(struct pulih_duration a, struct pulih_duration b)
{
    return a.amount == b.amount && a.unit == b.unit && a.first_day == b.first_day;
}

/* --- what an event means -------------------------------------------------------------------------------- */

static bool is_met_by(const struct pulih_clock_rule *rule, uint16_t event)
{
    for (size_t i = 0; i < rule->n_met_by; i++)
        if (rule->met_by[i] == event)
            return true;
    return false;
}

/* Mail is stored when it comes; the handler may have found later that it was moot. */
static bool was_refused(const struct tracer *t, int32_t version)
{
    struct pulih_message_refused msg;

    for (size_t i = 0; i < t->n; i++)
        if (pulih_told_read(&t->told[i], PULIH_M_message_refused, &msg) && msg.version == (uint64_t)version)
            return true;
    return false;
}

/* Nothing that is told runs backwards. */
static void take_event(struct tracer *t, const struct pulih_told *e)
{
    int64_t last_us = t->out->n ? t->out->event[t->out->n - 1].at_us : INT64_MIN, at_us;

    t->event = (uint16_t)e->m;
    t->at_us = e->at_us;
    if (e->m == PULIH_M_milestone && was_refused(t, e->version))
        return;
    t->event = pulih_told_event(e, &at_us);
    if (at_us < t->at_us)
        t->at_us = at_us > last_us ? at_us : last_us;
}

static void take_complaint(struct tracer *t, const struct pulih_told *e)
{
    struct pulih_complaint msg;

    if (!pulih_told_read(e, PULIH_M_complaint, &msg))
        return;
    t->spoken = pulih_channel_is_spoken(msg.channel);
    t->customers_date = msg.customer_deadline;
}

static void take_classified(struct tracer *t, const struct pulih_told *e)
{
    struct pulih_classified msg;

    if (!pulih_told_read(e, PULIH_M_classified, &msg))
        return;
    t->tier = msg.tier;
    if (PULIH_HAS(&msg, classified, customer_deadline))
        t->customers_date = msg.customer_deadline;
    if (PULIH_HAS(&msg, classified, spoken))
        t->spoken = msg.spoken;
}

/* The first judgement holds from the start on; later ones convert. */
static void look_ahead(struct tracer *t)
{
    for (size_t i = 0; i < t->n; i++) {
        take_complaint(t, &t->told[i]);
        take_classified(t, &t->told[i]);
        if (t->told[i].m == PULIH_M_classified)
            return;
    }
}

static void take_pause(struct tracer *t, const struct pulih_told *e)
{
    struct pulih_clock_paused msg;

    if (pulih_told_read(e, PULIH_M_clock_paused, &msg))
        t->paused = t->rule->pauses >> msg.pause & 1;
}

/* Silence that does not close has the ladder climb; it ends a pause with that, and the customer's turn. */
static void take_silence(struct tracer *t, const struct pulih_told *e)
{
    struct pulih_silence_passed msg;

    if (pulih_told_read(e, PULIH_M_silence_passed, &msg) && (int64_t)msg.armed == t->asked && !t->ended &&
        !was_refused(t, e->version)) {
        t->paused = false;
        t->asked = 0;
    }
}

static void take_extension(struct tracer *t, size_t i)
{
    struct pulih_planned msg;
    struct pulih_duration by;

    if (!pulih_told_read(&t->told[i], PULIH_M_planned, &msg) || msg.cause != PULIH_plan_cause_extension ||
        msg.clock != t->rule->name || !is_open(t) || !pulih_duration_parse(msg.by, &by))
        return;
    emit(t, i, PULIH_CLOCK_extend, by);
    t->out->extended++;
}

/* A date that the customer agreed to counts from then on, and so does what a post names that answers a
 * reprimand; who hands a complaint back down names one if the one that counted has passed. */
static void take_date(struct tracer *t, size_t i)
{
    const struct pulih_told *e = &t->told[i];
    struct pulih_reprimand_met met;
    struct pulih_planned planned;
    struct pulih_calmed calmed;
    int64_t due_us = 0;

    if (pulih_told_read(e, PULIH_M_planned, &planned) && planned.cause == PULIH_plan_cause_agreement)
        due_us = planned.due_at;
    else if (pulih_told_read(e, PULIH_M_reprimand_met, &met))
        due_us = met.due_at;
    else if (pulih_told_read(e, PULIH_M_calmed, &calmed) && PULIH_HAS(&calmed, calmed, promise))
        due_us = calmed.due_at;
    if (e->m == PULIH_M_reprimand_met || e->m == PULIH_M_calmed)
        t->out->settled_us = e->at_us;
    if (!due_us || t->rule->name != PULIH_deadline_resolution || !is_open(t))
        return;
    emit(t, i, PULIH_CLOCK_set, (struct pulih_duration){0});
    t->out->event[t->out->n - 1].due_us = due_us;
}

/* What an event says about the complaint, whatever state the clock is in. */
static void take_facts(struct tracer *t, const struct pulih_told *e)
{
    take_classified(t, e);
    take_pause(t, e);
    take_silence(t, e);
    if (e->m == PULIH_M_put_in_writing && !was_refused(t, e->version))
        t->spoken = false;
    if (e->m == PULIH_M_clock_resumed || e->m == PULIH_M_closed)
        t->paused = false;
    if (e->m == PULIH_M_ladder_ended)
        t->ended = true;
    if (e->m == PULIH_M_taken_up_again || e->m == PULIH_M_reprimand_met || e->m == PULIH_M_calmed)
        t->ended = false;
    bool asks = e->state == PULIH_STATE_offered || e->state == PULIH_STATE_verifying;
    if (e->m == PULIH_M_offered || e->m == PULIH_M_carried_out)
        t->asked = e->version;
    else if (!asks || e->m == PULIH_M_reprimand_met)
        t->asked = 0; /* a post that names its date does not wait for the customer */
    t->turn = t->rule->customers_turn && t->asked;
}

static void start(struct tracer *t, size_t i)
{
    struct pulih_duration none = {0};

    t->duration = duration_of(t);
    if (!t->duration.amount && t->customers_date <= t->at_us)
        return; /* none was set, or one that was past */
    t->out->n = 0;
    t->out->extended = 0;
    emit(t, i, PULIH_CLOCK_start, t->duration.amount ? t->duration : none);
    t->out->event[0].due_us = t->duration.amount ? 0 : t->customers_date;
    t->state = PULIH_CLOCK_running;
}

static bool renews(struct tracer *t)
{
    if (!t->rule->anew || t->event != t->rule->anew || t->renewed || t->spoken || !is_open(t))
        return false;
    t->renewed = true;
    return true;
}

static void begin_and_end(struct tracer *t, size_t i)
{
    const struct pulih_clock_rule *rule = t->rule;
    bool meets = is_met_by(rule, t->event) && is_open(t);
    bool begins =
        t->event == rule->starts && t->state == PULIH_CLOCK_unstarted && pulih_clock_in_force(rule, t->at_us);

    if (begins || (meets && rule->repeats) || renews(t))
        start(t, i);
    else if ((meets || t->event == PULIH_M_closed) && is_open(t))
        emit_bare(t, i, PULIH_CLOCK_meet, PULIH_CLOCK_met);
    else if (t->event == PULIH_M_taken_up_again && t->state == PULIH_CLOCK_met &&
             t->told[t->out->told[t->out->n - 1]].m == PULIH_M_closed)
        emit_bare(t, i, PULIH_CLOCK_reopen, PULIH_CLOCK_running);
}

static void convert(struct tracer *t, size_t i)
{
    struct pulih_duration wanted = duration_of(t);

    if (!is_open(t) || !wanted.amount || same(wanted, t->duration))
        return;
    emit(t, i, PULIH_CLOCK_convert, wanted);
    t->duration = wanted;
}

static void stop_and_go(struct tracer *t, size_t i)
{
    bool stands = t->paused || t->turn;

    if (stands && t->state == PULIH_CLOCK_running)
        emit_bare(t, i, PULIH_CLOCK_pause, PULIH_CLOCK_paused);
    else if (!stands && t->state == PULIH_CLOCK_paused)
        emit_bare(t, i, PULIH_CLOCK_resume, PULIH_CLOCK_running);
}

/* --- reading -------------------------------------------------------------------------------------------- */

bool pulih_clocks_heed(enum pulih_m m)
{
    return m == PULIH_M_put_in_writing || m == PULIH_M_silence_passed || m == PULIH_M_milestone ||
           m == PULIH_M_contact || m == PULIH_M_forward_passed;
}

bool pulih_channel_is_spoken(uint16_t channel)
{
    return channel == PULIH_channel_phone || channel == PULIH_channel_branch;
}

bool pulih_clock_in_force(const struct pulih_clock_rule *rule, int64_t start_us)
{
    int64_t day_us;

    if (!rule->period.from && !rule->period.until)
        return true;
    return pulih_period_holds(rule->period, pulih_calendar_date(rule->calendar.calendar, start_us, &day_us));
}

/* By one event of the chronology: a start or an end, a conversion, an extension or a new date, a stop or a
 * go. */
enum { EMITTED_MAX = 3 };

void pulih_clock_read(const struct pulih_clock_rule *rule, const struct pulih_told *told, size_t n,
                      int64_t now_us, struct pulih_arena *arena, struct pulih_clock_reading *ret)
{
    struct tracer t = {.rule = rule, .told = told, .n = n, .out = ret};
    size_t fault;

    *ret = (struct pulih_clock_reading){.rule = rule};
    ret->event =
        pulih_arena_get(arena, (EMITTED_MAX * n + 1) * sizeof *ret->event); /* and one for a question */
    ret->told = pulih_arena_get(arena, EMITTED_MAX * n * sizeof *ret->told);
    look_ahead(&t);
    for (size_t i = 0; i < n; i++) {
        take_event(&t, &told[i]);
        take_facts(&t, &told[i]);
        begin_and_end(&t, i);
        convert(&t, i);
        take_extension(&t, i);
        take_date(&t, i);
        stop_and_go(&t, i);
    }
    ret->covered =
        pulih_countdown_reckon(rule->calendar.calendar, ret->event, ret->n, now_us, &ret->now, &fault);
}

void pulih_clocks_read(const struct pulih_policy *policy, const struct pulih_told *told, size_t n,
                       int64_t now_us, struct pulih_arena *arena,
                       struct pulih_clock_reading ret[PULIH_CLOCKS_MAX])
{
    for (size_t i = 0; i < policy->n_clocks; i++)
        pulih_clock_read(&policy->clocks[i], told, n, now_us, arena, &ret[i]);
}

bool pulih_clock_due(const struct pulih_clock_reading *r, int64_t now_us, int64_t *ret_us)
{
    struct pulih_countdown then = r->now;
    size_t fault;

    if (!r->covered || r->n == 0 || r->now.state == PULIH_CLOCK_met)
        return false;
    if (r->now.state == PULIH_CLOCK_paused) {
        r->event[r->n] = (struct pulih_clock_event){.at_us = now_us, .kind = PULIH_CLOCK_resume};
        if (!pulih_countdown_reckon(r->rule->calendar.calendar, r->event, r->n + 1, now_us, &then, &fault))
            return false;
    }
    *ret_us = then.due_us;
    return true;
}

const struct pulih_clock_reading *pulih_clocks_find(const struct pulih_clock_reading *all, size_t n,
                                                    uint16_t name)
{
    const struct pulih_clock_reading *found = NULL;

    for (size_t i = 0; i < n; i++)
        if (all[i].rule->name == name && (!found || all[i].n))
            found = &all[i];
    return found;
}

const struct pulih_clock_reading *pulih_clocks_next(const struct pulih_clock_reading *all, size_t n)
{
    const struct pulih_clock_reading *next = NULL;

    for (size_t i = 0; i < n; i++)
        if (all[i].covered && all[i].rule->reprimands && all[i].now.state == PULIH_CLOCK_running &&
            all[i].now.due_us > all[i].settled_us && (!next || all[i].now.due_us < next->now.due_us))
            next = &all[i];
    return next;
}
