/* A step and what its complaint owes to posts beside the ladder's clocks. */
#include "pulih/core/forward.h"
#include "pulih/core/step.h"

size_t pulih_step_owed(struct pulih_step *step, struct pulih_owed ret[PULIH_FORWARDS_MAX])
{
    const struct pulih_told *story;
    size_t n = pulih_step_story(step, &story);

    return pulih_forwards_owed(step->policy, step->item->row.received_at, story, n, ret);
}

void pulih_step_watch_forwards(struct pulih_step *step, int64_t after_us)
{
    const struct pulih_item *item = step->item;
    struct pulih_owed owed[PULIH_FORWARDS_MAX];
    bool calls = step->policy->n_forwards && item->row.state != PULIH_STATE_closed;
    size_t n = calls ? pulih_step_owed(step, owed) : 0;
    int64_t next_us = INT64_MAX;

    for (size_t i = 0; i < n; i++) {
        bool is_new = owed[i].version > item->was_version || owed[i].version == item->version;
        if ((after_us ? owed[i].due_us > after_us : is_new) && owed[i].due_us < next_us)
            next_us = owed[i].due_us;
    }
    if (next_us < INT64_MAX)
        pulih_step_await_forward(step, next_us);
}
