/* What the stages before decided becomes a letter. */
#include "services/followup/handlers.h"

static const struct pulih_view nobody;

enum pulih_verdict followup_on_note(struct pulih_step *step)
{
    (void)step; /* published as it is, see pulih_step_run */
    return PULIH_DONE;
}

enum pulih_verdict followup_on_letter_delivered(struct pulih_step *step)
{
    struct pulih_letter_delivered msg;

    if (!pulih_step_read(step, PULIH_M_letter_delivered, &msg))
        return pulih_step_never(step, "the stored report cannot be read");
    if (msg.letter == 0 || msg.letter > (uint64_t)step->item->row.letters)
        return pulih_step_refuse(step, "known_letter");
    return PULIH_DONE;
}

/* The customer is told the date that holds now. */
static enum pulih_verdict inform(struct pulih_step *step)
{
    const struct pulih_row_complaint *row = &step->item->row;
    struct pulih_slots slots = {0};
    struct pulih_informed informed = {0};

    if (!pulih_step_may(step, PULIH_M_informed))
        return pulih_step_never(step, "the complaint is not in a state to be told a plan");
    slots.value[PULIH_SLOT_due] = followup_date(step, row->due_at, false);
    PULIH_SET(&informed, informed, category, (uint16_t)row->category);
    PULIH_SET(&informed, informed, department, (uint16_t)row->department);
    PULIH_SET(&informed, informed, tier, (uint16_t)row->tier);
    PULIH_SET(&informed, informed, due_at, row->due_at);
    PULIH_SET(&informed, informed, letter, followup_letter(step, PULIH_letter_update, &slots, nobody));
    pulih_step_event(step, PULIH_M_informed, &informed);
    return PULIH_DONE;
}

static void acknowledge(struct pulih_step *step)
{
    const struct pulih_row_complaint *row = &step->item->row;
    struct pulih_slots slots = {0};
    struct pulih_acknowledged acknowledged = {0};

    slots.value[PULIH_SLOT_due] = followup_date(step, row->due_at, false);
    PULIH_SET(&acknowledged, acknowledged, language, (uint16_t)pulih_step_language(step));
    PULIH_SET(&acknowledged, acknowledged, category, (uint16_t)row->category);
    PULIH_SET(&acknowledged, acknowledged, department, (uint16_t)row->department);
    PULIH_SET(&acknowledged, acknowledged, tier, (uint16_t)row->tier);
    PULIH_SET(&acknowledged, acknowledged, due_at, row->due_at);
    PULIH_SET(&acknowledged, acknowledged, letter,
              followup_letter(step, PULIH_letter_acknowledgement, &slots, nobody));
    pulih_step_event(step, PULIH_M_acknowledged, &acknowledged);
}

/* The first plan is the acknowledgement; a later one follows a corrected classification. */
enum pulih_verdict followup_on_planned(struct pulih_step *step)
{
    enum pulih_verdict verdict = PULIH_DONE;

    if (pulih_step_may(step, PULIH_M_acknowledged))
        acknowledge(step);
    else
        verdict = inform(step);
    return verdict == PULIH_DONE ? followup_page(step) : verdict;
}

enum pulih_verdict followup_on_clock_paused(struct pulih_step *step)
{
    struct pulih_clock_paused msg;
    struct pulih_slots slots = {0};

    if (!pulih_step_read(step, PULIH_M_clock_paused, &msg))
        return pulih_step_never(step, "the stored pause cannot be read");
    slots.value[PULIH_SLOT_reason] =
        pulih_view_of(pulih_word_label(PULIH_WORDS_pause, msg.pause, pulih_step_language(step)));
    uint64_t letter = followup_letter(step, PULIH_letter_paused, &slots, nobody);
    followup_announce(step, PULIH_letter_paused, letter, nobody);
    return PULIH_DONE;
}

enum pulih_verdict followup_on_clock_resumed(struct pulih_step *step)
{
    struct pulih_clock_resumed msg;
    struct pulih_slots slots = {0};

    if (!pulih_step_read(step, PULIH_M_clock_resumed, &msg))
        return pulih_step_never(step, "the stored resumption cannot be read");
    slots.value[PULIH_SLOT_due] = followup_date(step, msg.due_at, false);
    uint64_t letter = followup_letter(step, PULIH_letter_resumed, &slots, nobody);
    followup_announce(step, PULIH_letter_resumed, letter, nobody);
    return PULIH_DONE;
}

enum pulih_verdict followup_on_reprimand_met(struct pulih_step *step)
{
    return inform(step);
}

enum pulih_verdict followup_on_calmed(struct pulih_step *step)
{
    struct pulih_calmed msg;

    if (!pulih_step_read(step, PULIH_M_calmed, &msg))
        return pulih_step_never(step, "the stored de-escalation cannot be read");
    return PULIH_HAS(&msg, calmed, promise) ? inform(step) : PULIH_DONE;
}
