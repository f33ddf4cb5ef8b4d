/* Steps of follow-up; see pulih/core/step.h for their contract. */
#ifndef PULIH_FOLLOWUP_HANDLERS_H
#define PULIH_FOLLOWUP_HANDLERS_H

#include "pulih/core/step.h"

/* What is only published: notes, a confirmed gist, refusals. */
pulih_handler_f followup_on_note;
/* An agent's hint: kept until another one or the policy ends it, published never. */
pulih_handler_f followup_on_consumer_noted;
pulih_handler_f followup_on_letter_delivered;
pulih_handler_f followup_on_milestone;
/* From the stages before (inform.c). */
pulih_handler_f followup_on_planned;
pulih_handler_f followup_on_clock_paused;
pulih_handler_f followup_on_clock_resumed;
pulih_handler_f followup_on_reprimand_met;
pulih_handler_f followup_on_calmed;
/* To posts of the ladder (posts.c). */
pulih_handler_f followup_on_warned;
pulih_handler_f followup_on_reprimanded;
pulih_handler_f followup_on_ladder_ended;
/* What takes it to a post beside the ladder (forward.c). */
pulih_handler_f followup_on_contact;
pulih_handler_f followup_on_forward_passed;
/* Offer, approval, consent (offers.c). */
pulih_handler_f followup_on_offer_made;
pulih_handler_f followup_on_approved;
pulih_handler_f followup_on_refused;
pulih_handler_f followup_on_approval_passed;
pulih_handler_f followup_on_offer_answered;
/* Execution, verification, the end and a new beginning (closing.c). */
pulih_handler_f followup_on_executed;
pulih_handler_f followup_on_verification_answered;
pulih_handler_f followup_on_silence_passed;
pulih_handler_f followup_on_withdrawn;
pulih_handler_f followup_on_reopened;

/* A person links two complaints, or says that nothing does (links.c). */
pulih_handler_f followup_on_linked;
pulih_handler_f followup_on_unlinked;

/* Pages the post that the plan names, if it names one. */
void followup_page(struct pulih_step *step, const struct pulih_planned *msg);

/* Writes a letter to the customer, or to `post` if that is not absent; returns its number. The event that
 * announces it must be appended next. Slots for reference, company, department, category and post are
 * filled here; others come in `slots` (NULL: none), dates as instants. Where the letter lacks what the policy
 * demands, the step ends with PULIH_NEVER, whatever the handler goes on to return. */
uint64_t followup_letter(struct pulih_step *step, int kind, const struct pulih_slots *slots,
                         struct pulih_view post);
/* The letter that tells how work goes on, with the date that was promised while it lies ahead. */
uint64_t followup_next_steps(struct pulih_step *step);
/* Appends letter_written for a letter that no other event announces. */
void followup_announce(struct pulih_step *step, int kind, uint64_t number, struct pulih_view post);

#endif
