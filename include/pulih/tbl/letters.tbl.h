/* The letters and what each must say. LETTER(kind, to, demanded slots...)
 * kind: a word of list letter, `receipt` excepted, which is the text of the acknowledgement of receipt.
 * to: customer or post. */
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
#undef LETTER
