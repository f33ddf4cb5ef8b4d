/* Offers: within authority to the customer, beyond it to a superior; consent, or an alternative. */
#include "pulih/core/ladder.h"
#include "services/followup/handlers.h"

static const struct pulih_view nobody;

/* An offer as it goes to the customer, from the message or from the table. */
struct terms {
    int16_t n;
    uint16_t remedy;
    uint64_t amount;
    struct pulih_view currency;
    struct pulih_view solution;
    struct pulih_view argument;
    struct pulih_view proposer;
    int64_t execute_by; /* 0: it was not said */
};

static bool covers(const struct pulih_policy *policy, int role, uint64_t amount, struct pulih_view currency)
{
    if (amount == 0)
        return true;
    return pulih_view_same(currency, policy->currency) && amount <= policy->authority[role].limit_minor;
}

/* A limit says nothing about another currency: then the role that may give most decides. */
static bool may_approve(const struct pulih_policy *policy, int role, uint64_t amount,
                        struct pulih_view currency)
{
    if (amount == 0 || pulih_view_same(currency, policy->currency))
        return covers(policy, role, amount, currency);
    for (size_t i = 0; i < policy->n_authority; i++)
        if (policy->authority[i].limit_minor > policy->authority[role].limit_minor)
            return false;
    return true;
}

static struct pulih_slots slots_of(struct pulih_step *step, const struct terms *t, int language)
{
    struct pulih_slots slots = {0};

    slots.value[PULIH_SLOT_solution] = t->solution;
    slots.value[PULIH_SLOT_argument] = t->argument;
    slots.at_us[PULIH_SLOT_execution] = t->execute_by;
    if (t->amount) {
        pulih_buf_empty(step->scratch);
        pulih_amount_print(t->amount, t->currency, language, step->scratch);
        slots.value[PULIH_SLOT_amount] = pulih_arena_copy(step->arena, pulih_view_of_buf(step->scratch));
    }
    return slots;
}

/* An offer that a superior refused, or that waited for one, was never told to the customer. */
static int letter_kind(const struct pulih_step *step)
{
    bool knows_another = step->item->row.state == PULIH_STATE_offered || step->item->row.declined > 0;

    return knows_another ? PULIH_letter_alternative : PULIH_letter_offer;
}

/* What the policy demands of the letter that tells the offer, and nobody said; NULL: nothing. */
static const char *unsaid(const struct pulih_step *step, const struct terms *t)
{
    uint32_t demands = step->policy->demands[letter_kind(step)];

    if (demands >> PULIH_SLOT_argument & 1 && !t->argument.len)
        return "argument";
    if (demands >> PULIH_SLOT_execution & 1 && !t->execute_by)
        return "execute_by";
    return demands >> PULIH_SLOT_amount & 1 && !t->amount ? "amount" : NULL;
}

/* Nothing is promised for the past, nor for later than the resolution was. */
static bool is_in_time(const struct pulih_step *step, const struct terms *t)
{
    int64_t due_us = step->item->row.due_at;

    return !t->execute_by ||
           (t->execute_by > step->now_us && (due_us <= step->now_us || t->execute_by <= due_us));
}

/* What keeps the offer from being told; NULL: nothing. */
static const char *missing(const struct pulih_step *step, const struct terms *t)
{
    return is_in_time(step, t) ? unsaid(step, t) : "date_in_time";
}

static enum pulih_verdict tell_customer(struct pulih_step *step, const struct terms *t)
{
    struct pulih_offered offered = {0};
    struct pulih_slots slots = slots_of(step, t, pulih_step_language(step));
    int64_t answer_by = pulih_step_due(step, step->now_us, step->policy->answer_within);

    if (missing(step, t))
        return pulih_step_refuse(step, missing(step, t));
    slots.at_us[PULIH_SLOT_due] = answer_by;
    PULIH_SET(&offered, offered, offer, (uint64_t)t->n);
    PULIH_SET(&offered, offered, remedy, t->remedy);
    if (t->amount) {
        PULIH_SET(&offered, offered, amount, t->amount);
        PULIH_SET(&offered, offered, currency, t->currency);
    }
    PULIH_SET(&offered, offered, answer_by, answer_by);
    if (t->execute_by)
        PULIH_SET(&offered, offered, execute_by, t->execute_by);
    PULIH_SET(&offered, offered, letter, followup_letter(step, letter_kind(step), &slots, nobody));
    pulih_step_event(step, PULIH_M_offered, &offered);
    pulih_step_decided(step);
    pulih_step_stand(step); /* it is the customer's turn */
    pulih_step_await_answer(step, answer_by);
    return PULIH_DONE;
}

/* Who decides: the post of the policy's row, from `level` on, where somebody is there who did not propose
 * the offer; the highest if nobody is. Without a row the first post of the ladder, which has no clock of its
 * own. */
static struct pulih_view find_superior(struct pulih_step *step, const struct pulih_approval *row,
                                       size_t level, struct pulih_view proposer,
                                       struct pulih_view *ret_person)
{
    const struct pulih_ladder *ladder = pulih_ladder_of(step->policy, &step->item->row);

    *ret_person = nobody;
    if (!row)
        return ladder->rung[0].post;
    for (; level < row->n_posts && !ret_person->at; level++) {
        const struct pulih_post *post = pulih_post_find(step->policy, row->post[level]);
        if (post)
            *ret_person = pulih_post_person(step->policy, post, step->now_us, proposer);
    }
    step->item->row.approval_level = (int16_t)(level - 1);
    return row->post[level - 1];
}

static enum pulih_verdict ask_superior(struct pulih_step *step, const struct terms *t, size_t level)
{
    const struct pulih_approval *row =
        pulih_approval_of(step->policy, &step->item->row, t->amount, t->currency);
    struct pulih_approval_asked asked = {0};
    struct pulih_slots slots = slots_of(step, t, step->policy->language);
    struct pulih_view person, post = find_superior(step, row, level, t->proposer, &person);
    int64_t due_us = row ? pulih_step_due(step, step->now_us, row->decide_within) : 0;

    PULIH_SET(&asked, approval_asked, offer, (uint64_t)t->n);
    PULIH_SET(&asked, approval_asked, post, post);
    if (person.at)
        PULIH_SET(&asked, approval_asked, person, person);
    if (row)
        PULIH_SET(&asked, approval_asked, due_at, due_us);
    if (t->execute_by)
        PULIH_SET(&asked, approval_asked, execute_by, t->execute_by);
    slots.value[PULIH_SLOT_person] = person;
    if (row)
        slots.at_us[PULIH_SLOT_due] = due_us;
    PULIH_SET(&asked, approval_asked, letter,
              followup_letter(step, PULIH_letter_approval_request, &slots, post));
    pulih_step_event(step, PULIH_M_approval_asked, &asked);
    pulih_step_answered(step); /* an open offer is no longer open */
    pulih_step_run_on(step);
    if (row)
        pulih_step_await_decision(step, due_us);
    return PULIH_DONE;
}

static void add_offer(struct pulih_step *step, const struct pulih_offer_made *msg)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_row_offer *offer = PULIH_ADD(step->rows, offer);

    offer->complaint = row->id;
    offer->shard = row->shard;
    offer->n = ++row->offers;
    offer->version = step->item->version;
    offer->remedy = (int16_t)msg->remedy;
    offer->amount = (int64_t)msg->amount;
    offer->currency = msg->currency;
    offer->role = msg->role;
    offer->actor = msg->actor;
}

enum pulih_verdict followup_on_offer_made(struct pulih_step *step)
{
    struct pulih_offer_made msg;

    if (!pulih_step_may(step, PULIH_M_offered) || !pulih_step_may(step, PULIH_M_approval_asked))
        return pulih_step_refuse(step, "move");
    if (!pulih_step_read(step, PULIH_M_offer_made, &msg))
        return pulih_step_never(step, "the stored offer cannot be read");
    int role = pulih_policy_role(step->policy, msg.role);
    if (role < 0)
        return pulih_step_refuse(step, "known_role");
    if (msg.amount && !msg.currency.at)
        return pulih_step_refuse(step, "currency");
    struct terms t = {
        .n = (int16_t)(step->item->row.offers + 1),
        .remedy = msg.remedy,
        .amount = msg.amount,
        .currency = msg.currency,
        .solution = msg.solution,
        .argument = msg.argument,
        .proposer = msg.actor,
        .execute_by = msg.execute_by,
    };
    if (missing(step, &t))
        return pulih_step_refuse(step, missing(step, &t));
    add_offer(step, &msg);
    const struct pulih_approval *row =
        pulih_approval_of(step->policy, &step->item->row, msg.amount, msg.currency);
    bool alone = covers(step->policy, role, msg.amount, msg.currency) &&
                 !pulih_needs_four_eyes(step->policy, row, step->item->row.gravity);
    pulih_step_decided(step); /* what waited is replaced */
    return alone ? tell_customer(step, &t) : ask_superior(step, &t, 0);
}

/* Whether a message names the offer that is open; absent means just that one. */
static bool names_last(const struct pulih_step *step, bool given, uint64_t offer)
{
    return step->item->offer.n > 0 && (!given || offer == (uint64_t)step->item->offer.n);
}

/* By when the open offer will be carried out, as it was last said to a superior or the customer. */
static int64_t execute_by(const struct pulih_step *step)
{
    const struct pulih_item *item = step->item;

    for (size_t i = item->n_story; i-- > 0;) {
        const struct pulih_told *e = &item->story[i];
        union pulih_any msg = {0};
        struct pulih_fault fault;
        if ((e->m != PULIH_M_offered && e->m != PULIH_M_approval_asked) ||
            !pulih_msg_decode_part(e->m, e->body, PULIH_CLASS_OPEN, &msg, &fault))
            continue;
        return e->m == PULIH_M_offered ? msg.offered.execute_by : msg.approval_asked.execute_by;
    }
    return 0;
}

/* The terms that were stored when it was proposed: what is approved is what was asked for. */
static struct terms stored_terms(const struct pulih_step *step)
{
    const struct pulih_row_offer *offer = &step->item->offer;

    return (struct terms){
        .n = offer->n,
        .remedy = (uint16_t)offer->remedy,
        .amount = (uint64_t)offer->amount,
        .currency = offer->currency,
        .solution = pulih_map_text(step->item->offer_text, "solution"),
        .argument = pulih_map_text(step->item->offer_text, "argument"),
        .proposer = offer->actor,
        .execute_by = execute_by(step),
    };
}

/* Where the policy has a row, persons of the post that is asked, or of one that would be asked after it. */
static bool may_decide(const struct pulih_step *step, struct pulih_view actor)
{
    const struct pulih_row_offer *offer = &step->item->offer;
    const struct pulih_approval *row =
        pulih_approval_of(step->policy, &step->item->row, (uint64_t)offer->amount, offer->currency);

    for (size_t i = (size_t)step->item->row.approval_level; row && i < row->n_posts; i++) {
        const struct pulih_post *post = pulih_post_find(step->policy, row->post[i]);
        if (post && pulih_post_has(post, actor))
            return true;
    }
    return !row;
}

enum pulih_verdict followup_on_approved(struct pulih_step *step)
{
    const struct pulih_row_offer *offer = &step->item->offer;
    struct pulih_approved msg;

    if (step->item->row.state != PULIH_STATE_approving)
        return pulih_step_refuse(step, "move");
    if (!pulih_step_read(step, PULIH_M_approved, &msg))
        return pulih_step_never(step, "the stored approval cannot be read");
    if (!names_last(step, PULIH_HAS(&msg, approved, offer), msg.offer))
        return pulih_step_refuse(step, "waiting_offer");
    if (pulih_view_same(msg.actor, offer->actor))
        return pulih_step_refuse(step, "other_person");
    if (!may_decide(step, msg.actor))
        return pulih_step_refuse(step, "named_post");
    int role = pulih_policy_role(step->policy, msg.role);
    if (role < 0)
        return pulih_step_refuse(step, "known_role");
    if (!may_approve(step->policy, role, (uint64_t)offer->amount, offer->currency))
        return pulih_step_refuse(step, "authority");
    struct terms t = stored_terms(step);
    return tell_customer(step, &t);
}

enum pulih_verdict followup_on_refused(struct pulih_step *step)
{
    struct pulih_refused msg;
    struct pulih_offer_refused refused = {0};

    if (!pulih_step_may(step, PULIH_M_offer_refused))
        return pulih_step_refuse(step, "move");
    if (!pulih_step_read(step, PULIH_M_refused, &msg))
        return pulih_step_never(step, "the stored refusal cannot be read");
    if (!names_last(step, PULIH_HAS(&msg, refused, offer), msg.offer))
        return pulih_step_refuse(step, "waiting_offer");
    if (!may_decide(step, msg.actor))
        return pulih_step_refuse(step, "named_post");
    PULIH_SET(&refused, offer_refused, offer, (uint64_t)step->item->offer.n);
    pulih_step_event(step, PULIH_M_offer_refused, &refused);
    pulih_step_decided(step);
    return PULIH_DONE;
}

/* Silence asks the next one; after the last one the ladder has it, at once. */
enum pulih_verdict followup_on_approval_passed(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_approval_passed msg;

    if (!pulih_step_read(step, PULIH_M_approval_passed, &msg))
        return pulih_step_never(step, "the stored deadline of an approval cannot be read");
    if ((int64_t)msg.armed != row->approval_armed || row->state != PULIH_STATE_approving)
        return pulih_step_refuse(step, "running_deadline");
    struct terms t = stored_terms(step);
    const struct pulih_approval *approval = pulih_approval_of(step->policy, row, t.amount, t.currency);
    size_t next = (size_t)row->approval_level + 1;
    if (approval && next < approval->n_posts)
        return ask_superior(step, &t, next);
    row->approval_armed = 0;
    if (!row->ended && !row->clock)
        pulih_step_arm(step, PULIH_deadline_undecided, step->now_us);
    return PULIH_DONE;
}

static void accept(struct pulih_step *step)
{
    struct pulih_offer_accepted accepted = {0};
    struct terms t = stored_terms(step);
    struct pulih_slots slots = slots_of(step, &t, pulih_step_language(step));

    if (t.execute_by <= step->now_us)
        t.execute_by = 0; /* the answer came later than that */
    slots.at_us[PULIH_SLOT_due] = t.execute_by;
    PULIH_SET(&accepted, offer_accepted, offer, (uint64_t)t.n);
    if (t.execute_by)
        PULIH_SET(&accepted, offer_accepted, execute_by, t.execute_by);
    PULIH_SET(&accepted, offer_accepted, letter,
              followup_letter(step, PULIH_letter_execution, &slots, nobody));
    pulih_step_event(step, PULIH_M_offer_accepted, &accepted);
    if (t.execute_by)
        pulih_step_promise(step, PULIH_promise_execution, t.execute_by);
    pulih_step_answered(step);
    pulih_step_run_on(step);
}

/* After so many refusals the next post must look at it, at once. */
static void decline(struct pulih_step *step, uint16_t objection)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_offer_declined declined = {0};

    row->declined++;
    PULIH_SET(&declined, offer_declined, offer, (uint64_t)step->item->offer.n);
    if (objection)
        PULIH_SET(&declined, offer_declined, objection, objection);
    PULIH_SET(&declined, offer_declined, letter, followup_next_steps(step));
    pulih_step_event(step, PULIH_M_offer_declined, &declined);
    pulih_step_answered(step);
    if (row->declined >= (int16_t)step->policy->offers_max && !row->ended && !row->clock)
        pulih_step_arm(step, PULIH_deadline_resolution, step->now_us);
    else
        pulih_step_run_on(step);
}

enum pulih_verdict followup_on_offer_answered(struct pulih_step *step)
{
    struct pulih_offer_answered msg;

    if (step->item->row.state != PULIH_STATE_offered)
        return pulih_step_refuse(step, "move");
    if (!pulih_step_read(step, PULIH_M_offer_answered, &msg))
        return pulih_step_never(step, "the stored answer cannot be read");
    if (!names_last(step, PULIH_HAS(&msg, offer_answered, offer), msg.offer))
        return pulih_step_refuse(step, "open_offer");
    if (msg.answer == PULIH_answer_unknown)
        return pulih_step_refuse(step, "answer");
    if (msg.answer == PULIH_answer_accepted)
        accept(step);
    else
        decline(step, msg.objection);
    return PULIH_DONE;
}
