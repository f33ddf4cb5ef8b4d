/* The letters and what each must say.
 * LETTER(kind, to, demanded slots...)
 *   kind  a word of list letter, `receipt` excepted, which is the text of the acknowledgement of receipt
 *   to    customer or post
 * FILLED(kind, slots...)  what the letter always has, beside what every letter has
 * ASKED(kind, slots...)   what it has if somebody said it: a policy that demands it has the message refused
 *                         that does not say it */
LETTER(acknowledgement, customer, reference, due)
LETTER(update, customer, reference, due)
LETTER(offer, customer, reference, solution, due)
LETTER(alternative, customer, reference, solution, due)
LETTER(next_steps, customer, reference)
LETTER(execution, customer, reference)
LETTER(verification, customer, reference, due)
LETTER(thanks, customer, reference)
LETTER(closing, customer, reference)
LETTER(reopening, customer, reference)
LETTER(reprimand, post, reference, post, missed, due)
LETTER(handover, post, reference, post)
LETTER(approval_request, post, reference, post, solution)
LETTER(paused, customer, reference, reason)
LETTER(resumed, customer, reference, due)
LETTER(warning, post, reference, post, due)
LETTER(external_notice, post, reference, post, recipient, unanswered)
LETTER(page, post, reference, post, due)

FILLED(acknowledgement, due)
FILLED(update, due, reason)
FILLED(offer, solution, due)
FILLED(alternative, solution, due)
FILLED(execution, solution)
FILLED(verification, due)
FILLED(closing, reason)
FILLED(reprimand, missed, due, level, person, reason)
FILLED(handover, level)
FILLED(approval_request, solution)
FILLED(paused, reason)
FILLED(resumed, due)
FILLED(warning, due, level, reason)
FILLED(external_notice, level, recipient, due)
FILLED(page, due, acknowledge, level)

ASKED(offer, argument, amount, execution)
ASKED(alternative, argument, amount, execution)
#undef LETTER
#undef FILLED
#undef ASKED
