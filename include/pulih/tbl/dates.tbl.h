/* The dates that people are told, and what they are about.
 * DATE(event, field, deadline, to, by, letter)
 *   event, field  where the date stands
 *   deadline      word of list deadline: what is due; unknown: the event names it
 *   to, by        words of list party: who is told, and who must do it
 *   letter        kind of the letter that tells it, where another event announces that; unknown: the event does
 * DONE(deadline, event)         what was due is done: the date is kept, and a clock of that name met
 * REACHED(deadline, milestone)  the same, by a message milestone
 * UNDONE(deadline, event)       it was not done after all; a clock of that name runs until the complaint is closed
 * What does `update` is a word of ours to the customer. Of contacts those count by which the customer is told
 * something. */
// clang-format off
DATE(complaint, customer_deadline, customer, company, company, unknown)
DATE(acknowledged, due_at, resolution, customer, company, unknown)
DATE(informed, due_at, resolution, customer, company, unknown)
DATE(clock_resumed, due_at, resolution, customer, company, resumed)
DATE(offered, answer_by, silence, customer, customer, unknown)
DATE(offer_accepted, execute_by, execution, customer, company, unknown)
DATE(carried_out, answer_by, silence, customer, customer, unknown)
DATE(approval_asked, due_at, approval, post, post, unknown)
DATE(paged, acknowledge_by, acknowledge, post, post, unknown)
DATE(reprimanded, acknowledge_by, acknowledge, post, post, reprimand)
DATE(reprimanded, due_at, reprimand, post, post, reprimand)
DATE(warned, due_at, unknown, post, post, warning)

DONE(plan, acknowledged)
DONE(acknowledgement, acknowledged)
DONE(resolution, carried_out)
DONE(execution, carried_out)
DONE(customer, carried_out)
DONE(first_response, offered)
DONE(regulator, carried_out)
DONE(silence, offer_accepted)
DONE(silence, offer_declined)
DONE(silence, verified)
DONE(silence, obstacle_found)
DONE(approval, offered)
DONE(approval, offer_refused)
DONE(acknowledge, taken_on)
DONE(acknowledge, reprimand_met)
DONE(acknowledge, calmed)
DONE(reprimand, reprimand_met)
DONE(reprimand, calmed)
DONE(update, acknowledged)
DONE(update, informed)
DONE(update, offered)
DONE(update, offer_accepted)
DONE(update, offer_declined)
DONE(update, carried_out)
DONE(update, obstacle_found)
DONE(update, clock_paused)
DONE(update, clock_resumed)
DONE(update, taken_up_again)
DONE(update, contact)

REACHED(final, final_response)
REACHED(forward, forwarded)
REACHED(data_access, data_answered)
REACHED(data_stop, processing_stopped)
REACHED(data_breach, breach_notified)

UNDONE(resolution, obstacle_found)
UNDONE(execution, obstacle_found)
UNDONE(customer, obstacle_found)
UNDONE(regulator, obstacle_found)
// clang-format on
#undef DATE
#undef DONE
#undef REACHED
#undef UNDONE
