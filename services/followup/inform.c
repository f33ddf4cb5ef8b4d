/* What the stages before decided becomes a letter. */
#include "services/followup/handlers.h"

static const struct pulih_view nobody;

enum pulih_verdict followup_on_note(struct pulih_step *step)
{
    (void)step; /* published as it is, see pulih_step_run */
    return PULIH_DONE;
}

/* What agents noted up to this version is to be erased then. */
static void erase_noted(struct pulih_step *step, int32_t version, int64_t at_us)
{
    const struct pulih_row_complaint *row = &step->item->row;
    struct pulih_row_deadline *end = PULIH_ADD(step->rows, deadline);

    end->complaint = row->id;
    end->shard = row->shard;
    end->kind = PULIH_deadline_consumer;
    end->armed = version;
    end->due_at = at_us;
}

/* Nothing goes by the hint, so it is not even read. It takes the place of those before at once. */
enum pulih_verdict followup_on_consumer_noted(struct pulih_step *step)
{
    int32_t version = step->item->version;

    erase_noted(step, version - 1, step->now_us);
    erase_noted(step, version, pulih_step_due(step, step->now_us, step->policy->consumer_for));
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

/* Clocks read it from the chronology, and the ladder follows them: see pulih_step_watch. */
enum pulih_verdict followup_on_milestone(struct pulih_step *step)
{
    struct pulih_milestone msg;

    if (!pulih_step_read(step, PULIH_M_milestone, &msg))
        return pulih_step_never(step, "the stored milestone cannot be read");
    if (!pulih_step_may(step, PULIH_M_informed))
        return pulih_step_refuse(step, "open_complaint");
    if (!pulih_policy_heeds(step->policy, PULIH_CLOCK_MILESTONE(msg.milestone)))
        return pulih_step_refuse(step, "clock");
    if (PULIH_HAS(&msg, milestone, at) && (msg.at > step->now_us || msg.at < PULIH_CALENDAR_FIRST_US))
        return pulih_step_refuse(step, "date_in_time");
    return PULIH_DONE;
}

/* The customer is told the date that holds now, and why it is another one. */
static enum pulih_verdict inform(struct pulih_step *step, const char *reason)
{
    const struct pulih_row_complaint *row = &step->item->row;
    struct pulih_slots slots = {0};
    struct pulih_informed informed = {0};

    if (!pulih_step_may(step, PULIH_M_informed))
        return pulih_step_never(step, "the complaint is not in a state to be told a plan");
    slots.at_us[PULIH_SLOT_due] = row->due_at;
    slots.value[PULIH_SLOT_reason] = pulih_view_of(reason);
    PULIH_SET(&informed, informed, category, (uint16_t)row->category);
    PULIH_SET(&informed, informed, department, pulih_step_department(step));
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

    slots.at_us[PULIH_SLOT_due] = row->due_at;
    PULIH_SET(&acknowledged, acknowledged, language, (uint16_t)pulih_step_language(step));
    PULIH_SET(&acknowledged, acknowledged, category, (uint16_t)row->category);
    PULIH_SET(&acknowledged, acknowledged, department, pulih_step_department(step));
    PULIH_SET(&acknowledged, acknowledged, tier, (uint16_t)row->tier);
    PULIH_SET(&acknowledged, acknowledged, due_at, row->due_at);
    PULIH_SET(&acknowledged, acknowledged, letter,
              followup_letter(step, PULIH_letter_acknowledgement, &slots, nobody));
    pulih_step_event(step, PULIH_M_acknowledged, &acknowledged);
}

static const char *cause_label(const struct pulih_step *step, uint16_t cause)
{
    return pulih_word_label(PULIH_WORDS_plan_cause, cause, pulih_step_language(step));
}

/* The reason that somebody gave, else what set the plan anew. */
static const char *reason_of(const struct pulih_step *step, const struct pulih_planned *msg)
{
    if (PULIH_HAS(msg, planned, extension) && msg->extension != PULIH_extension_unknown)
        return pulih_word_label(PULIH_WORDS_extension, msg->extension, pulih_step_language(step));
    return cause_label(step, msg->cause);
}

/* The first plan is the acknowledgement; a later one follows what set it anew. */
enum pulih_verdict followup_on_planned(struct pulih_step *step)
{
    enum pulih_verdict verdict = PULIH_DONE;
    struct pulih_planned msg;

    if (!pulih_step_read(step, PULIH_M_planned, &msg))
        return pulih_step_never(step, "the stored plan cannot be read");
    if (pulih_step_may(step, PULIH_M_acknowledged))
        acknowledge(step);
    else
        verdict = inform(step, reason_of(step, &msg));
    if (verdict == PULIH_DONE)
        followup_page(step, &msg);
    return verdict;
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
    slots.at_us[PULIH_SLOT_due] = msg.due_at;
    uint64_t letter = followup_letter(step, PULIH_letter_resumed, &slots, nobody);
    followup_announce(step, PULIH_letter_resumed, letter, nobody);
    return PULIH_DONE;
}

enum pulih_verdict followup_on_reprimand_met(struct pulih_step *step)
{
    return inform(step, cause_label(step, PULIH_plan_cause_answer));
}

enum pulih_verdict followup_on_calmed(struct pulih_step *step)
{
    struct pulih_calmed msg;

    if (!pulih_step_read(step, PULIH_M_calmed, &msg))
        return pulih_step_never(step, "the stored de-escalation cannot be read");
    return PULIH_HAS(&msg, calmed, promise) ? inform(step, cause_label(step, PULIH_plan_cause_handed_back))
                                            : PULIH_DONE;
}
