/* Letters to posts of the ladder: warnings, pages, reprimands, the hand-over above the last rung. */
#include "services/followup/handlers.h"

static struct pulih_view level_text(struct pulih_step *step, uint64_t level)
{
    pulih_buf_empty(step->scratch);
    pulih_buf_addf(step->scratch, "%d", (int)level);
    return pulih_arena_copy(step->arena, pulih_view_of_buf(step->scratch));
}

/* Each on a new line, lowest first: "1. Kepala Regu Layanan (K101): tidak menerima teguran, Senin, ..." */
static struct pulih_view below_text(struct pulih_step *step, const struct pulih_list *below)
{
    int language = step->policy->language;
    struct pulih_view at = below->raw;
    struct pulih_silent_post silent;

    pulih_buf_empty(step->scratch);
    while (pulih_list_next(PULIH_M_silent_post, &at, &silent)) {
        pulih_buf_addf(step->scratch, "\n%d. %.*s", (int)silent.level, PULIH_VIEW_ARG(silent.post));
        if (silent.person.at)
            pulih_buf_addf(step->scratch, " (%.*s)", PULIH_VIEW_ARG(silent.person));
        pulih_buf_addf(step->scratch, ": %s",
                       pulih_word_label(PULIH_WORDS_silence, silent.silence, language));
        if (!PULIH_HAS(&silent, silent_post, told_at))
            continue;
        pulih_buf_addf(step->scratch, ", ");
        pulih_calendar_print(step->policy->calendar, silent.told_at, language, step->scratch);
    }
    return pulih_arena_copy(step->arena, pulih_view_of_buf(step->scratch));
}

static void write_to_post(struct pulih_step *step, int kind, const struct pulih_slots *slots,
                          struct pulih_view post)
{
    followup_announce(step, kind, followup_letter(step, kind, slots, post), post);
}

void followup_page(struct pulih_step *step, const struct pulih_planned *msg)
{
    struct pulih_paged paged = {0};
    struct pulih_slots slots = {0};

    if (!PULIH_HAS(msg, planned, page_post))
        return;
    slots.at_us[PULIH_SLOT_due] = step->item->row.due_at;
    slots.at_us[PULIH_SLOT_acknowledge] = msg->page_by;
    slots.value[PULIH_SLOT_level] = level_text(step, msg->page_level);
    slots.value[PULIH_SLOT_person] = msg->page_person;
    PULIH_SET(&paged, paged, level, msg->page_level);
    PULIH_SET(&paged, paged, post, msg->page_post);
    if (msg->page_person.at)
        PULIH_SET(&paged, paged, person, msg->page_person);
    PULIH_SET(&paged, paged, acknowledge_by, msg->page_by);
    PULIH_SET(&paged, paged, letter, followup_letter(step, PULIH_letter_page, &slots, msg->page_post));
    pulih_step_event(step, PULIH_M_paged, &paged);
}

enum pulih_verdict followup_on_warned(struct pulih_step *step)
{
    struct pulih_warned msg;
    struct pulih_slots slots = {0};

    if (!pulih_step_read(step, PULIH_M_warned, &msg))
        return pulih_step_never(step, "the stored warning cannot be read");
    slots.at_us[PULIH_SLOT_due] = msg.due_at;
    slots.value[PULIH_SLOT_level] = level_text(step, msg.level);
    slots.value[PULIH_SLOT_person] = msg.person;
    slots.value[PULIH_SLOT_reason] =
        pulih_view_of(pulih_word_label(PULIH_WORDS_deadline, msg.deadline, step->policy->language));
    write_to_post(step, PULIH_letter_warning, &slots, msg.post);
    return PULIH_DONE;
}

enum pulih_verdict followup_on_reprimanded(struct pulih_step *step)
{
    struct pulih_reprimanded msg;
    struct pulih_slots slots = {0};

    if (!pulih_step_read(step, PULIH_M_reprimanded, &msg))
        return pulih_step_never(step, "the stored reprimand cannot be read");
    slots.at_us[PULIH_SLOT_missed] = msg.missed_at;
    slots.at_us[PULIH_SLOT_due] = msg.due_at;
    if (msg.acknowledge_by)
        slots.at_us[PULIH_SLOT_acknowledge] = msg.acknowledge_by;
    slots.value[PULIH_SLOT_level] = level_text(step, msg.level);
    slots.value[PULIH_SLOT_person] = msg.person;
    slots.value[PULIH_SLOT_unanswered] = below_text(step, &msg.below);
    slots.value[PULIH_SLOT_reason] =
        pulih_view_of(pulih_word_label(PULIH_WORDS_deadline, msg.deadline, step->policy->language));
    write_to_post(step, PULIH_letter_reprimand, &slots, msg.post);
    return PULIH_DONE;
}

/* A person inside takes the complaint on, and another decides whether the draft goes out. */
enum pulih_verdict followup_on_ladder_ended(struct pulih_step *step)
{
    const struct pulih_policy *policy = step->policy;
    struct pulih_ladder_ended msg;
    struct pulih_slots slots = {0};

    if (!pulih_step_read(step, PULIH_M_ladder_ended, &msg))
        return pulih_step_never(step, "the stored end of the ladder cannot be read");
    slots.value[PULIH_SLOT_level] = level_text(step, msg.level);
    slots.value[PULIH_SLOT_unanswered] = below_text(step, &msg.below);
    write_to_post(step, PULIH_letter_handover, &slots, msg.post);
    if (!policy->notice_post.at)
        return PULIH_DONE;
    slots.value[PULIH_SLOT_recipient] = policy->notice_recipient;
    slots.at_us[PULIH_SLOT_due] = step->item->row.due_at;
    write_to_post(step, PULIH_letter_external_notice, &slots, policy->notice_post);
    return PULIH_DONE;
}
