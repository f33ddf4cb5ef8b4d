/* What was used of a clock stays used when a calendar is edited: each version counts for its own time. */
#include "pulih/core/policy.h"

/* Versions of one name in their order. A text that cannot be read any more, as of a zone that is gone, is
 * passed over. */
static void keep_past(struct pulih_calendar *own, struct pulih_view text,
                      const struct pulih_calendar_version *v, size_t n, int64_t now_us)
{
    bool known = n && pulih_view_same(v[n - 1].text, text);
    struct pulih_calendar *past = NULL;

    for (size_t i = 0; i + known < n; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        struct pulih_calendar *c = pulih_calendar_read(v[i].text, &why);
        if (c && past)
            pulih_calendar_keep_past(c, past, v[i].since_us);
        if (c) {
            pulih_calendar_free(past);
            past = c;
        }
    }
    if (past)
        pulih_calendar_keep_past(own, past, known ? v[n - 1].since_us : now_us);
    pulih_calendar_free(past);
}

void pulih_policy_keep_past(struct pulih_policy *p, const struct pulih_calendar_version *versions, size_t n,
                            int64_t now_us)
{
    for (size_t i = 0; i < p->n_calendars; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
        size_t first = 0, end;
        while (first < n && !pulih_view_same(versions[first].name, p->calendars[i].name))
            first++;
        for (end = first; end < n && pulih_view_same(versions[end].name, p->calendars[i].name);)
            end++;
        pulih_calendar_write(p->calendars[i].calendar, &text);
        keep_past(p->calendars[i].calendar, pulih_view_of_buf(&text), versions + first, end - first, now_us);
    }
}
