/* What a letter template may say: {{slot}}. A template that lacks a slot its letter kind demands is refused
 * with the policy (letters.tbl.h says which).
 * SLOT(name, kind, doc)
 *   kind  text or date; a date is given as an instant and printed for the reader, and never as a text */
SLOT(name, text, "customer's name, or a polite address; filled in when the letter is fetched, never stored")
SLOT(reference, text, "reference of the complaint")
SLOT(department, text, "department that deals with it, in the letter's language")
SLOT(category, text, "category, in the letter's language")
SLOT(due, date, "deadline or date promised, as people read it")
SLOT(solution, text, "what is offered, in the words of the offer")
SLOT(argument, text, "why it is fair, in the words of the offer")
SLOT(amount, text, "amount offered, with its currency; empty when there is none")
SLOT(post, text, "post a letter inside the company is addressed to, or that is answerable")
SLOT(missed, date, "deadline that passed, as people read it")
SLOT(level, text, "rung of the ladder")
SLOT(reason, text, "reason, in the letter's language")
SLOT(company, text, "name of the company, from the policy")
SLOT(person, text, "code of the person who fills the post")
SLOT(acknowledge, date, "when a reprimand must be acknowledged, as people read it")
SLOT(unanswered, text, "lower posts that did not answer, each on a new line")
SLOT(execution, date, "by when an offer will be carried out if the customer accepts, as people read it")
SLOT(recipient, text, "whom an external notice is for")
SLOT(signpost, text, "where the customer may go with the complaint, by the packs that are in force")
#undef SLOT
