/* pulih-followup: letters, offers, consent, execution, verification, thanks, closing; the feed. */
#include "pulih/host/service.h"
#include "services/followup/door.h"
#include "services/followup/handlers.h"

static const struct pulih_handler handlers[] = {
    {PULIH_M_planned, followup_on_planned, true},
    {PULIH_M_note, followup_on_note, false},
    {PULIH_M_gist_confirmed, followup_on_note, false},
    {PULIH_M_letter_delivered, followup_on_letter_delivered, false},
    {PULIH_M_offer_made, followup_on_offer_made, false},
    {PULIH_M_approved, followup_on_approved, false},
    {PULIH_M_refused, followup_on_refused, false},
    {PULIH_M_approval_passed, followup_on_approval_passed, false},
    {PULIH_M_offer_answered, followup_on_offer_answered, false},
    {PULIH_M_executed, followup_on_executed, false},
    {PULIH_M_verification_answered, followup_on_verification_answered, false},
    {PULIH_M_linked, followup_on_linked, false},
    {PULIH_M_unlinked, followup_on_unlinked, false},
    {PULIH_M_similar_found, followup_on_note, false},
    {PULIH_M_history_found, followup_on_note, false},
    {PULIH_M_silence_passed, followup_on_silence_passed, false},
    {PULIH_M_withdrawn, followup_on_withdrawn, false},
    {PULIH_M_reopened, followup_on_reopened, false},
    {PULIH_M_clock_paused, followup_on_clock_paused, false},
    {PULIH_M_clock_resumed, followup_on_clock_resumed, false},
    {PULIH_M_warned, followup_on_warned, false},
    {PULIH_M_taken_on, followup_on_note, false},
    {PULIH_M_reprimand_met, followup_on_reprimand_met, false},
    {PULIH_M_calmed, followup_on_calmed, false},
    {PULIH_M_reprimanded, followup_on_reprimanded, false},
    {PULIH_M_ladder_ended, followup_on_ladder_ended, false},
    {PULIH_M_message_refused, followup_on_note, false},
    {PULIH_M_parked, followup_on_note, false},
};

int main(int argc, char **argv)
{
    return pulih_service_main(argc, argv,
                              &(const struct pulih_service){
                                  .stage = PULIH_STAGE_followup,
                                  .handlers = handlers,
                                  .n_handlers = PULIH_COUNT(handlers),
                                  .door = &followup_door,
                              });
}
