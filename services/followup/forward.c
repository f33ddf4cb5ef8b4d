/* What the policy's `forwards` owe: a letter to the named post, or the ladder climbs. */
#include "pulih/core/forward.h"
#include "pulih/core/ladder.h"
#include "services/followup/handlers.h"

/* The post reads why; who fills it is told by name, if somebody is there. */
static void tell_post(struct pulih_step *step, const struct pulih_forward *rule)
{
    static const struct pulih_view nobody;
    const struct pulih_post *post = pulih_post_find(step->policy, rule->post);
    struct pulih_letter_written written = {0};
    struct pulih_slots slots = {0};

    if (post)
        slots.value[PULIH_SLOT_person] = pulih_post_person(step->policy, post, step->now_us, nobody);
    slots.value[PULIH_SLOT_reason] =
        pulih_view_of(pulih_word_label(PULIH_WORDS_deadline, rule->on, step->policy->language));
    slots.at_us[PULIH_SLOT_due] = step->item->row.due_at;
    PULIH_SET(&written, letter_written, letter, PULIH_letter_handover);
    PULIH_SET(&written, letter_written, number,
              followup_letter(step, PULIH_letter_handover, &slots, rule->post));
    PULIH_SET(&written, letter_written, post, rule->post);
    PULIH_SET(&written, letter_written, because, rule->on);
    pulih_step_event(step, PULIH_M_letter_written, &written);
}

/* Not while the clock stands, nor while a post must act already. */
static void climb(struct pulih_step *step, const struct pulih_forward *rule)
{
    const struct pulih_row_complaint *row = &step->item->row;

    if (row->ladder_armed && !row->ended && !pulih_ladder_waits_for_post(row))
        pulih_step_arm(step, rule->on, step->now_us);
}

enum pulih_verdict followup_on_forward_passed(struct pulih_step *step)
{
    struct pulih_owed owed[PULIH_FORWARDS_MAX];
    struct pulih_forward_passed msg;

    if (!pulih_step_read(step, PULIH_M_forward_passed, &msg))
        return pulih_step_never(step, "the stored date of a forward cannot be read");
    if (!pulih_step_may(step, PULIH_M_informed))
        return pulih_step_refuse(step, "open_complaint");
    const struct pulih_told *story;
    size_t n_story = pulih_step_story(step, &story);
    int64_t done_us = pulih_forwarded_until(story, n_story, step->item->version);
    size_t n = pulih_step_owed(step, owed);
    for (size_t i = 0; i < n; i++) {
        if (owed[i].due_us <= done_us || owed[i].due_us > msg.due_at)
            continue;
        if (owed[i].rule->post.at)
            tell_post(step, owed[i].rule);
        else
            climb(step, owed[i].rule);
    }
    pulih_step_watch_forwards(step, msg.due_at);
    return PULIH_DONE;
}

/* The customer asks again, is told how it stands, or a third party takes part: what that leads to stands in
 * the policy's `forwards`; see pulih_step_run. */
enum pulih_verdict followup_on_contact(struct pulih_step *step)
{
    return pulih_step_may(step, PULIH_M_informed) ? PULIH_DONE : pulih_step_refuse(step, "open_complaint");
}
