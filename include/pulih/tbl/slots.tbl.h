/* What a letter template may say: {{slot}}. A template that lacks a slot its letter kind demands is refused
 * with the policy (letters.tbl.h says which).
 * SLOT(name, doc) */
SLOT(name, "customer's name, or a polite address; filled in when the letter is fetched, never stored")
SLOT(reference, "reference of the complaint")
SLOT(department, "department that deals with it, in the letter's language")
SLOT(category, "category, in the letter's language")
SLOT(due, "deadline or date promised, as people read it")
SLOT(solution, "what is offered, in the words of the offer")
SLOT(argument, "why it is fair, in the words of the offer")
SLOT(amount, "amount offered, with its currency; empty when there is none")
SLOT(post, "post a letter inside the company is addressed to, or that is answerable")
SLOT(missed, "deadline that passed, as people read it")
SLOT(level, "rung of the ladder")
SLOT(reason, "reason, in the letter's language")
SLOT(company, "name of the company, from the policy")
SLOT(person, "code of the person who fills the post")
SLOT(acknowledge, "when a reprimand must be acknowledged, as people read it")
SLOT(unanswered, "lower posts that did not answer, each on a new line")
SLOT(recipient, "whom an external notice is for")
#undef SLOT
