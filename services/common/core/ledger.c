#include "pulih/core/ledger.h"

#include <string.h>

#include "pulih/core/done.h"

static const struct date {
    enum pulih_m event;
    const char *field;
    uint16_t deadline, to, by, letter;
} dates[] = {
#define DATE(event, field, deadline, to, by, letter)                                                         \
    {PULIH_M_##event,  #field,           PULIH_deadline_##deadline,                                          \
     PULIH_party_##to, PULIH_party_##by, PULIH_letter_##letter},
#define DONE(...)
#define REACHED(...)
#define UNDONE(...)
#include "pulih/tbl/dates.tbl.h"
};

/* The ledger while the chronology is gone through. */
struct reader {
    struct pulih_ledger *out;
    uint16_t *announced_by; /* beside each entry: kind of the letter that is still awaited; 0: none */
    uint16_t cause, extension;
    int32_t consent;
};

/* --- reading events ------------------------------------------------------------------------------------- */

static bool decode(const struct pulih_told *e, union pulih_any *ret)
{
    return e->m < PULIH_M_N && pulih_told_read(e, e->m, ret);
}

/* The field of that name; NULL if there is none, or it is absent. */
static const void *member(const union pulih_any *msg, enum pulih_m m, const char *name)
{
    const struct pulih_message *row = pulih_message(m);

    for (size_t i = 0; i < row->n_fields; i++)
        if (msg->has >> i & 1 && strcmp(row->fields[i].name, name) == 0)
            return (const char *)msg + row->fields[i].offset;
    return NULL;
}

static uint64_t number(const union pulih_any *msg, enum pulih_m m, const char *name)
{
    const uint64_t *at = member(msg, m, name);

    return at ? *at : 0;
}

static struct pulih_view text(const union pulih_any *msg, enum pulih_m m, const char *name)
{
    const struct pulih_view *at = member(msg, m, name);

    return at ? *at : (struct pulih_view){0};
}

/* --- what becomes of an entry --------------------------------------------------------------------------- */

static bool is_open(const struct pulih_ledger_entry *e)
{
    return e->state == PULIH_standing_open;
}

static void end(struct pulih_ledger_entry *e, uint16_t state, int64_t at_us)
{
    e->state = state;
    e->ended_us = at_us;
}

/* Who misses the customer's own date breaks no word: none was given. */
static uint16_t too_late(const struct pulih_ledger_entry *e)
{
    return e->deadline == PULIH_deadline_customer ? PULIH_standing_passed : PULIH_standing_broken;
}

/* A date that passed is broken, whatever came later. */
static void end_unless_broken(struct pulih_ledger_entry *e, uint16_t state, int64_t at_us)
{
    if (at_us <= e->due_us)
        end(e, state, at_us);
    else
        end(e, too_late(e), e->due_us);
}

static void do_or_undo(struct pulih_ledger_entry *e, uint16_t event, int64_t at_us)
{
    if (pulih_is_done_by(e->deadline, event) && is_open(e)) {
        end_unless_broken(e, PULIH_standing_kept, at_us);
        e->done_us = at_us;
    } else if (pulih_is_undone_by(e->deadline, event) && e->done_us) {
        e->done_us = 0;
        if (e->state == PULIH_standing_kept)
            end(e, PULIH_standing_open, 0);
    }
}

/* --- what the chronology says --------------------------------------------------------------------------- */

/* Why the date that is told next is another one. */
static void take_cause(struct reader *r, const struct pulih_told *e, const union pulih_any *msg)
{
    if (e->m == PULIH_M_planned) {
        r->cause = msg->planned.cause;
        r->extension = msg->planned.extension;
        r->consent = (int32_t)msg->planned.message;
        return;
    }
    if (e->m != PULIH_M_clock_resumed && e->m != PULIH_M_reprimand_met && e->m != PULIH_M_calmed)
        return;
    r->cause = e->m == PULIH_M_clock_resumed   ? PULIH_plan_cause_pause
               : e->m == PULIH_M_reprimand_met ? PULIH_plan_cause_answer
                                               : PULIH_plan_cause_handed_back;
    r->extension = 0;
    r->consent = 0;
}

/* Another date for the same thing, told to the same party. */
static void replace(struct reader *r, const struct pulih_ledger_entry *by)
{
    bool agreed = r->cause == PULIH_plan_cause_agreement;

    for (size_t i = 0; i < r->out->n; i++) {
        struct pulih_ledger_entry *e = &r->out->entry[i];
        if (!is_open(e) || e->deadline != by->deadline || e->to != by->to)
            continue;
        end_unless_broken(e, agreed ? PULIH_standing_renegotiated : PULIH_standing_superseded, by->told_us);
        e->replaced = true;
        if (by->deadline != PULIH_deadline_resolution || e->state == PULIH_standing_broken)
            continue;
        e->cause = r->cause;
        e->extension = r->extension;
        e->consent = r->consent;
    }
}

static void add(struct reader *r, const struct pulih_ledger_entry *entry, uint16_t awaited)
{
    replace(r, entry);
    r->announced_by[r->out->n] = awaited;
    r->out->entry[r->out->n++] = *entry;
}

static void tell(struct reader *r, const struct date *date, const struct pulih_told *e,
                 const union pulih_any *msg)
{
    const int64_t *due_us = member(msg, e->m, date->field);
    const uint16_t *named = member(msg, e->m, "deadline");

    if (!due_us || (date->to == PULIH_party_company && *due_us <= e->at_us))
        return; /* none was told, or the customer named one that was past */
    add(r,
        &(struct pulih_ledger_entry){
            .deadline = date->deadline || !named ? date->deadline : *named,
            .to = date->to,
            .by = date->by,
            .post = text(msg, e->m, "post"),
            .person = text(msg, e->m, "person"),
            .due_us = *due_us,
            .told_us = e->at_us,
            .version = e->version,
            .receipt = e->m == PULIH_M_complaint,
            .letter = (uint16_t)number(msg, e->m, "letter"),
            .state = PULIH_standing_open,
        },
        date->letter);
}

/* A letter that another event announces than the one that told the date. */
static void announce(struct reader *r, const struct pulih_letter_written *msg)
{
    for (size_t i = 0; i < r->out->n; i++)
        if (r->announced_by[i] && r->announced_by[i] == msg->letter) {
            r->out->entry[i].letter = (uint16_t)msg->number;
            r->announced_by[i] = 0;
        }
}

static void take_event(struct reader *r, const struct pulih_told *e)
{
    union pulih_any msg;
    bool read = decode(e, &msg);
    int64_t at_us;
    uint16_t event = pulih_told_event(e, &at_us);

    for (size_t i = 0; i < r->out->n; i++)
        do_or_undo(&r->out->entry[i], event, at_us);
    if (e->m == PULIH_M_closed)
        for (size_t i = 0; i < r->out->n; i++)
            if (is_open(&r->out->entry[i]))
                end_unless_broken(&r->out->entry[i], PULIH_standing_superseded, e->at_us);
    if (!read)
        return;
    take_cause(r, e, &msg);
    if (e->m == PULIH_M_letter_written)
        announce(r, &msg.letter_written);
    for (size_t i = 0; i < PULIH_COUNT(dates); i++)
        if (dates[i].event == e->m)
            tell(r, &dates[i], e, &msg);
}

/* The receipt is given before anything else is said. */
static void take_receipt(struct reader *r, const struct pulih_told *first, int64_t plan_due_us)
{
    add(r,
        &(struct pulih_ledger_entry){
            .deadline = PULIH_deadline_plan,
            .to = PULIH_party_customer,
            .by = PULIH_party_company,
            .due_us = plan_due_us,
            .told_us = first->at_us,
            .version = first->version,
            .receipt = true,
            .state = PULIH_standing_open,
        },
        0);
}

/* By one event: a reprimand names two dates. */
enum { TOLD_MAX = 2 };

void pulih_ledger_read(const struct pulih_told *told, size_t n, int64_t plan_due_us, int64_t now_us,
                       struct pulih_arena *arena, struct pulih_ledger *ret)
{
    struct reader r = {.out = ret};
    size_t most = TOLD_MAX * n + 1;

    *ret = (struct pulih_ledger){.entry = pulih_arena_get(arena, most * sizeof *ret->entry)};
    r.announced_by = pulih_arena_get(arena, most * sizeof *r.announced_by);
    if (n && plan_due_us)
        take_receipt(&r, &told[0], plan_due_us);
    for (size_t i = 0; i < n; i++)
        take_event(&r, &told[i]);
    for (size_t i = 0; i < ret->n; i++)
        if (is_open(&ret->entry[i]) && ret->entry[i].due_us < now_us)
            end(&ret->entry[i], too_late(&ret->entry[i]), ret->entry[i].due_us);
}
