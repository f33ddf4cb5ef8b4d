#include "pulih/core/forward.h"

#include "pulih/core/done.h"

/* One row while the chronology is gone through. */
struct seeker {
    const struct pulih_forward *rule;
    const struct pulih_told *occasion; /* NULL: it did not arise, or is over */
    unsigned times;
};

static uint16_t contact_of(const struct pulih_told *e)
{
    struct pulih_contact msg;

    return pulih_told_read(e, PULIH_M_contact, &msg) ? msg.contact : PULIH_contact_unknown;
}

/* The customer is then no longer left waiting. */
static bool is_word_of_ours(const struct pulih_told *e)
{
    int64_t at_us;

    return pulih_is_done_by(PULIH_deadline_update, pulih_told_event(e, &at_us));
}

/* From here on the complaint calls for nothing that came before. */
static bool is_settled(enum pulih_m m)
{
    return m == PULIH_M_closed || m == PULIH_M_taken_up_again || m == PULIH_M_offer_accepted;
}

static bool names_third_party(const struct pulih_forward *rule, const struct pulih_told *e)
{
    struct pulih_classified classified;

    if (pulih_told_read(e, PULIH_M_classified, &classified))
        return rule->text && classified.third_party;
    return contact_of(e) == PULIH_contact_third_party;
}

/* An offer that gives nothing but an explanation rejects the complaint, until another one gives more. */
static void seek_rejection(struct seeker *s, const struct pulih_told *e)
{
    struct pulih_offered offered;

    if (!pulih_told_read(e, PULIH_M_offered, &offered))
        return;
    if (offered.remedy != PULIH_remedy_explanation || offered.amount)
        s->occasion = NULL;
    else if (!s->occasion)
        s->occasion = e;
}

static void seek_neglect(struct seeker *s, const struct pulih_told *e)
{
    if (is_word_of_ours(e)) {
        s->occasion = NULL;
        s->times = 0;
    } else if (contact_of(e) == PULIH_contact_asked && ++s->times == s->rule->after) {
        s->occasion = e;
    }
}

static void seek(struct seeker *s, const struct pulih_told *e)
{
    if (is_settled(e->m)) {
        s->occasion = NULL;
        s->times = 0;
    }
    if (s->rule->on == PULIH_deadline_ignored)
        seek_neglect(s, e);
    else if (s->rule->on == PULIH_deadline_rejected)
        seek_rejection(s, e);
    else if (!s->occasion && names_third_party(s->rule, e))
        s->occasion = e;
}

/* Where the calendar does not reach, at once: too early is better than never. */
static int64_t due_of(const struct pulih_policy *policy, const struct seeker *s, int64_t received_us)
{
    const struct pulih_forward *rule = s->rule;
    int64_t at_us = s->occasion->at_us, due_us = at_us;

    if (rule->by.amount)
        pulih_calendar_add(policy->calendar, received_us, rule->by, &due_us);
    else if (rule->within.amount)
        pulih_calendar_add(policy->calendar, at_us, rule->within, &due_us);
    return due_us > at_us ? due_us : at_us;
}

size_t pulih_forwards_owed(const struct pulih_policy *policy, int64_t received_us,
                           const struct pulih_told *told, size_t n, struct pulih_owed ret[PULIH_FORWARDS_MAX])
{
    size_t owed = 0;

    for (size_t r = 0; r < policy->n_forwards; r++) {
        struct seeker s = {.rule = &policy->forwards[r]};
        for (size_t i = 0; i < n; i++)
            seek(&s, &told[i]);
        if (s.occasion)
            ret[owed++] = (struct pulih_owed){
                .rule = s.rule,
                .version = s.occasion->version,
                .due_us = due_of(policy, &s, received_us),
            };
    }
    return owed;
}

int64_t pulih_forwarded_until(const struct pulih_told *told, size_t n, int32_t version)
{
    struct pulih_forward_passed msg;
    int64_t until_us = 0;

    for (size_t i = 0; i < n; i++)
        if (told[i].version < version && pulih_told_read(&told[i], PULIH_M_forward_passed, &msg) &&
            msg.due_at > until_us)
            until_us = msg.due_at;
    return until_us;
}
