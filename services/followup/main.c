/* pulih-followup: letters, offers, consent, execution, verification, thanks, closing; the feed. */
#include "pulih/host/service.h"
#include "services/followup/door.h"
#include "services/followup/handlers.h"

static const struct pulih_handler followup_handlers[] = {
    {PULIH_M_planned, followup_on_planned, PULIH_BY_HINT | PULIH_BY_STORY},
    {PULIH_M_note, followup_on_note, 0},
    {PULIH_M_consumer_noted, followup_on_consumer_noted, 0},
    {PULIH_M_milestone, followup_on_milestone, PULIH_BY_STORY},
    {PULIH_M_gist_confirmed, followup_on_note, 0},
    {PULIH_M_letter_delivered, followup_on_letter_delivered, 0},
    {PULIH_M_offer_made, followup_on_offer_made, PULIH_BY_STORY},
    {PULIH_M_approved, followup_on_approved, PULIH_BY_STORY},
    {PULIH_M_refused, followup_on_refused, 0},
    {PULIH_M_approval_passed, followup_on_approval_passed, PULIH_BY_STORY},
    {PULIH_M_offer_answered, followup_on_offer_answered, PULIH_BY_STORY},
    {PULIH_M_executed, followup_on_executed, PULIH_BY_STORY},
    {PULIH_M_verification_answered, followup_on_verification_answered, PULIH_BY_STORY},
    {PULIH_M_contact, followup_on_contact, PULIH_BY_STORY},
    {PULIH_M_forward_passed, followup_on_forward_passed, PULIH_BY_STORY},
    {PULIH_M_linked, followup_on_linked, 0},
    {PULIH_M_unlinked, followup_on_unlinked, 0},
    {PULIH_M_similar_found, followup_on_note, 0},
    {PULIH_M_history_found, followup_on_note, 0},
    {PULIH_M_silence_passed, followup_on_silence_passed, PULIH_BY_STORY},
    {PULIH_M_withdrawn, followup_on_withdrawn, 0},
    {PULIH_M_reopened, followup_on_reopened, PULIH_BY_STORY},
    {PULIH_M_clock_paused, followup_on_clock_paused, 0},
    {PULIH_M_clock_resumed, followup_on_clock_resumed, PULIH_BY_STORY},
    {PULIH_M_warned, followup_on_warned, 0},
    {PULIH_M_taken_on, followup_on_note, 0},
    {PULIH_M_reprimand_met, followup_on_reprimand_met, 0},
    {PULIH_M_calmed, followup_on_calmed, 0},
    {PULIH_M_reprimanded, followup_on_reprimanded, 0},
    {PULIH_M_ladder_ended, followup_on_ladder_ended, 0},
    {PULIH_M_message_refused, followup_on_note, 0},
    {PULIH_M_parked, followup_on_note, 0},
};

int main(int argc, char **argv)
{
    return pulih_service_main(argc, argv,
                              &(const struct pulih_service){
                                  .stage = PULIH_STAGE_followup,
                                  .handlers = followup_handlers,
                                  .n_handlers = PULIH_COUNT(followup_handlers),
                                  .door = &followup_door,
                              });
}
