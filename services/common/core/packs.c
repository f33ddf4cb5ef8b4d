/* What packs come to: which are in force, and what they tell customers. */
#include "proto/msg.h"
#include "pulih/core/policy.h"

bool pulih_period_holds(struct pulih_period period, int32_t date)
{
    return date >= period.from && (!period.until || date <= period.until);
}

enum pulih_pack_state pulih_pack_state(const struct pulih_pack *pack, int32_t date)
{
    bool past = false;

    if (!pack->confirmed_by.at)
        return PULIH_PACK_unconfirmed;
    for (size_t i = 0; i < pack->n_clocks; i++) {
        if (pulih_period_holds(pack->clocks[i].period, date))
            return PULIH_PACK_in_force;
        past |= pack->clocks[i].period.from <= date;
    }
    if (pack->n_clocks == 0)
        return PULIH_PACK_in_force;
    return past ? PULIH_PACK_expired : PULIH_PACK_future;
}

bool pulih_policy_heeds(const struct pulih_policy *p, uint16_t event)
{
    for (size_t i = 0; i < p->n_clocks; i++) {
        const struct pulih_clock_rule *rule = &p->clocks[i];
        if (rule->starts == event || rule->anew == event)
            return true;
        for (size_t k = 0; k < rule->n_met_by; k++)
            if (rule->met_by[k] == event)
                return true;
    }
    return false;
}

/* Whether it has a clock for every complaint that comes in on that day. */
static bool is_for_all(const struct pulih_pack *pack, int32_t date)
{
    for (size_t i = 0; i < pack->n_clocks; i++)
        if (pack->clocks[i].starts == PULIH_M_complaint && pulih_period_holds(pack->clocks[i].period, date))
            return true;
    return false;
}

void pulih_policy_signpost(const struct pulih_policy *p, int64_t received_us, int language,
                           struct pulih_buf *out)
{
    size_t before = out->len;

    for (size_t i = 0; i < p->n_packs; i++) {
        const struct pulih_pack *pack = &p->packs[i];
        int64_t day_us;
        if (!pack->confirmed_by.at || !pack->signpost[language].at)
            continue;
        int32_t date = pulih_calendar_date(p->calendar, received_us, &day_us);
        if (!is_for_all(pack, date) || !pulih_period_holds(pack->signpost_period, date))
            continue;
        pulih_buf_addf(out, "%s%.*s", out->len > before ? "\n\n" : "",
                       PULIH_VIEW_ARG(pack->signpost[language]));
    }
}
