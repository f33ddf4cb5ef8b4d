/* Execution, verification, thanks, closing; silence, withdrawal, reopening. */
#include "services/followup/handlers.h"

static const struct pulih_view nobody;

enum pulih_verdict followup_on_executed(struct pulih_step *step)
{
    struct pulih_carried_out done = {0};
    struct pulih_slots slots = {0};
    int64_t answer_by = pulih_step_due(step, step->now_us, step->policy->verify_within);

    if (!pulih_step_may(step, PULIH_M_carried_out))
        return pulih_step_refuse(step, "move");
    slots.at_us[PULIH_SLOT_due] = answer_by;
    PULIH_SET(&done, carried_out, offer, (uint64_t)step->item->offer.n);
    PULIH_SET(&done, carried_out, answer_by, answer_by);
    PULIH_SET(&done, carried_out, letter, followup_letter(step, PULIH_letter_verification, &slots, nobody));
    pulih_step_event(step, PULIH_M_carried_out, &done);
    pulih_step_stand(step); /* it is the customer's turn */
    pulih_step_await_answer(step, answer_by);
    return PULIH_DONE;
}

static uint64_t closing_letter(struct pulih_step *step, uint16_t closure)
{
    struct pulih_slots slots = {0};

    slots.value[PULIH_SLOT_reason] =
        pulih_view_of(pulih_word_label(PULIH_WORDS_closure, closure, pulih_step_language(step)));
    return followup_letter(step, PULIH_letter_closing, &slots, nobody);
}

/* `letter`: number of the letter that says so, 0 if another one did. */
static void close_complaint(struct pulih_step *step, uint16_t closure, uint64_t letter)
{
    struct pulih_closed closed = {0};

    PULIH_SET(&closed, closed, closure, closure);
    if (letter)
        PULIH_SET(&closed, closed, letter, letter);
    pulih_step_event(step, PULIH_M_closed, &closed);
    pulih_step_answered(step);
    pulih_step_decided(step);
    pulih_step_stand(step); /* what time is left counts again if it is reopened */
    step->item->row.clock = 0;
}

static void thank_and_close(struct pulih_step *step, const struct pulih_verification_answered *msg)
{
    struct pulih_verified verified = {0};
    struct pulih_thanked thanked = {0};

    if (PULIH_HAS(msg, verification_answered, score))
        PULIH_SET(&verified, verified, score, msg->score);
    pulih_step_event(step, PULIH_M_verified, &verified);
    PULIH_SET(&thanked, thanked, letter, followup_letter(step, PULIH_letter_thanks, NULL, nobody));
    pulih_step_event(step, PULIH_M_thanked, &thanked);
    close_complaint(step, PULIH_closure_resolved, 0);
}

static void work_goes_on(struct pulih_step *step, const struct pulih_verification_answered *msg)
{
    struct pulih_obstacle_found obstacle = {0};

    if (PULIH_HAS(msg, verification_answered, score))
        PULIH_SET(&obstacle, obstacle_found, score, msg->score);
    PULIH_SET(&obstacle, obstacle_found, letter, followup_next_steps(step));
    pulih_step_event(step, PULIH_M_obstacle_found, &obstacle);
    pulih_step_answered(step);
    pulih_step_run_on(step);
}

enum pulih_verdict followup_on_verification_answered(struct pulih_step *step)
{
    struct pulih_verification_answered msg;

    if (!pulih_step_may(step, PULIH_M_verified))
        return pulih_step_refuse(step, "move");
    if (!pulih_step_read(step, PULIH_M_verification_answered, &msg))
        return pulih_step_never(step, "the stored answer cannot be read");
    if (msg.satisfied)
        thank_and_close(step, &msg);
    else
        work_goes_on(step, &msg);
    return PULIH_DONE;
}

/* Silence closes, or the next post must find out why, as the policy wants it. */
enum pulih_verdict followup_on_silence_passed(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_silence_passed msg;
    bool offered = row->state == PULIH_STATE_offered;

    if (!pulih_step_read(step, PULIH_M_silence_passed, &msg))
        return pulih_step_never(step, "the stored silence cannot be read");
    if ((int64_t)msg.armed != row->silence_armed || (!offered && row->state != PULIH_STATE_verifying))
        return pulih_step_refuse(step, "running_deadline");
    pulih_step_answered(step);
    if (step->policy->close_on_silence[offered ? 0 : 1]) {
        close_complaint(step, PULIH_closure_silence, closing_letter(step, PULIH_closure_silence));
    } else if (!row->ended) {
        row->clock = 0; /* while it is the customer's turn nobody can resume it */
        pulih_step_arm(step, PULIH_deadline_resolution, step->now_us);
    }
    return PULIH_DONE;
}

enum pulih_verdict followup_on_withdrawn(struct pulih_step *step)
{
    if (!pulih_step_may(step, PULIH_M_closed))
        return pulih_step_refuse(step, "open_complaint");
    close_complaint(step, PULIH_closure_withdrawn, closing_letter(step, PULIH_closure_withdrawn));
    return PULIH_DONE;
}

/* A new cycle of the ladder, but no new time: the deadline goes on with what was left. */
enum pulih_verdict followup_on_reopened(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_taken_up_again again = {0};

    if (!pulih_step_may(step, PULIH_M_taken_up_again))
        return pulih_step_refuse(step, "closed_complaint");
    row->reopened++;
    row->declined = 0;
    row->level = 0;
    row->ended = 0;
    if (row->ladder_kind)
        row->ladder_kind = PULIH_deadline_resolution;
    PULIH_SET(&again, taken_up_again, times, (uint64_t)row->reopened);
    PULIH_SET(&again, taken_up_again, letter, followup_letter(step, PULIH_letter_reopening, NULL, nobody));
    pulih_step_event(step, PULIH_M_taken_up_again, &again);
    pulih_step_run_on(step);
    return PULIH_DONE;
}
