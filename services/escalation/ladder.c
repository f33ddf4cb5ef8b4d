/* The climb: warnings, pages, reprimands, and the end of the ladder. */
#include "pulih/core/ladder.h"

#include "services/escalation/handlers.h"

bool escalation_told(const struct pulih_step *step, struct escalation_told *ret)
{
    const struct pulih_post_told *told = &step->item->told;
    struct pulih_reprimanded reprimanded;
    struct pulih_paged paged;
    struct pulih_fault fault;

    *ret = (struct escalation_told){.at_us = told->at_us};
    if (told->type == PULIH_WIRE_paged && pulih_msg_decode(PULIH_M_paged, told->body, &paged, &fault)) {
        ret->level = paged.level;
        ret->post = paged.post;
        ret->person = paged.person;
        ret->due_us = step->item->row.due_at;
        return true;
    }
    if (told->type != PULIH_WIRE_reprimanded ||
        !pulih_msg_decode(PULIH_M_reprimanded, told->body, &reprimanded, &fault))
        return false;
    ret->level = reprimanded.level;
    ret->post = reprimanded.post;
    ret->person = reprimanded.person;
    ret->due_us = reprimanded.due_at;
    ret->below = reprimanded.below;
    return true;
}

/* --- who did not answer --------------------------------------------------------------------------------- */

static void add_silent(struct pulih_buf *out, uint64_t level, struct pulih_view post, uint16_t silence,
                       const struct escalation_told *told)
{
    struct pulih_silent_post silent = {0};

    PULIH_SET(&silent, silent_post, level, level);
    PULIH_SET(&silent, silent_post, post, post);
    PULIH_SET(&silent, silent_post, silence, silence);
    if (told && told->person.at)
        PULIH_SET(&silent, silent_post, person, told->person);
    if (told)
        PULIH_SET(&silent, silent_post, told_at, told->at_us);
    pulih_list_add(out, PULIH_M_silent_post, &silent);
}

/* The chain of reprimands that nobody answered, and the rungs up to `below` on which nobody was there. */
static struct pulih_list silent_posts(struct pulih_step *step, const struct pulih_ladder *ladder,
                                      size_t below)
{
    const struct pulih_row_complaint *row = &step->item->row;
    bool acknowledge = row->ladder_kind == PULIH_deadline_acknowledge;
    struct escalation_told told;
    struct pulih_list list;
    uint32_t n = 0;

    pulih_buf_empty(step->scratch);
    if ((acknowledge || row->ladder_kind == PULIH_deadline_reprimand) && escalation_told(step, &told)) {
        pulih_buf_add_view(step->scratch, told.below.raw);
        add_silent(step->scratch, told.level, told.post,
                   acknowledge ? PULIH_silence_acknowledge : PULIH_silence_answer, &told);
        n = told.below.n + 1;
    }
    for (size_t i = (size_t)row->level; i < below && i < ladder->n; i++, n++)
        add_silent(step->scratch, i + 1, ladder->rung[i].post, PULIH_silence_nobody, NULL);
    list = pulih_list_of(step->scratch, n);
    list.raw = pulih_arena_copy(step->arena, list.raw);
    return list;
}

/* --- up ------------------------------------------------------------------------------------------------- */

static void reprimand(struct pulih_step *step, const struct pulih_ladder *ladder, size_t level,
                      struct pulih_view person, const struct pulih_deadline_passed *msg)
{
    struct pulih_row_complaint *row = &step->item->row;
    const struct pulih_rung *rung = &ladder->rung[level - 1];
    int64_t due_us = pulih_step_due(step, step->now_us, rung->answer_within);
    int64_t acknowledge_by = pulih_step_due(step, step->now_us, rung->acknowledge_within);
    struct pulih_list below = silent_posts(step, ladder, level - 1);
    struct pulih_reprimanded reprimanded = {0};

    if (acknowledge_by > due_us)
        acknowledge_by = due_us;
    row->level = (int16_t)level;
    PULIH_SET(&reprimanded, reprimanded, level, level);
    PULIH_SET(&reprimanded, reprimanded, post, rung->post);
    PULIH_SET(&reprimanded, reprimanded, deadline, msg->deadline);
    PULIH_SET(&reprimanded, reprimanded, missed_at, msg->due_at);
    PULIH_SET(&reprimanded, reprimanded, due_at, due_us);
    PULIH_SET(&reprimanded, reprimanded, person, person);
    PULIH_SET(&reprimanded, reprimanded, acknowledge_by, acknowledge_by);
    if (below.n)
        PULIH_SET(&reprimanded, reprimanded, below, below);
    pulih_step_event(step, PULIH_M_reprimanded, &reprimanded);
    pulih_step_arm(step, PULIH_deadline_acknowledge, acknowledge_by);
}

/* Above the last rung no timer helps: a person must take it on. */
static void end_ladder(struct pulih_step *step, const struct pulih_ladder *ladder)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_list below = silent_posts(step, ladder, ladder->n);
    struct pulih_ladder_ended ended = {0};

    row->ended = 1;
    row->ladder_armed = 0;
    row->ladder_due = 0;
    PULIH_SET(&ended, ladder_ended, level, (uint64_t)row->level);
    PULIH_SET(&ended, ladder_ended, post, ladder->rung[ladder->n - 1].post);
    if (below.n)
        PULIH_SET(&ended, ladder_ended, below, below);
    pulih_step_event(step, PULIH_M_ladder_ended, &ended);
}

/* A policy with fewer rungs than before ends the ladder early. */
static void climb(struct pulih_step *step, const struct pulih_deadline_passed *msg)
{
    const struct pulih_ladder *ladder = pulih_ladder_of(step->policy, &step->item->row);
    struct pulih_view person;
    size_t level =
        pulih_ladder_next(step->policy, ladder, (size_t)step->item->row.level, step->now_us, &person);

    if (level)
        reprimand(step, ladder, level, person, msg);
    else
        end_ladder(step, ladder);
}

int64_t escalation_page(struct pulih_step *step, struct pulih_planned *planned)
{
    struct pulih_row_complaint *row = &step->item->row;
    const struct pulih_ladder *ladder = pulih_ladder_of(step->policy, row);
    struct pulih_view person;

    if (!ladder->page || row->level || row->ended || row->clock)
        return 0;
    size_t level = pulih_ladder_next(step->policy, ladder, 0, step->now_us, &person);
    if (!level)
        return 0;
    const struct pulih_rung *rung = &ladder->rung[level - 1];
    int64_t by_us = pulih_step_due(step, step->now_us, rung->acknowledge_within);
    row->level = (int16_t)level;
    PULIH_SET(planned, planned, page_level, level);
    PULIH_SET(planned, planned, page_post, rung->post);
    PULIH_SET(planned, planned, page_person, person);
    PULIH_SET(planned, planned, page_by, by_us);
    return by_us;
}

/* --- warnings ------------------------------------------------------------------------------------------- */

/* Who must meet the deadline: whoever was told last, or the answerable post; where nobody is there, the next
 * higher one. */
static void find_warned(struct pulih_step *step, struct pulih_warned *warned)
{
    const struct pulih_row_complaint *row = &step->item->row;
    const struct pulih_policy *policy = step->policy;
    const struct pulih_ladder *ladder = pulih_ladder_of(policy, row);
    struct pulih_view name = policy->answerable[row->department], person = {0};
    struct escalation_told told;
    size_t level = 0;

    if (row->level && escalation_told(step, &told)) {
        level = told.level;
        name = told.post;
    }
    const struct pulih_post *post = pulih_post_find(policy, name);
    if (post)
        person = pulih_post_person(policy, post, step->now_us, person);
    size_t next = person.at ? 0 : pulih_ladder_next(policy, ladder, level, step->now_us, &person);
    if (next) {
        level = next;
        name = ladder->rung[next - 1].post;
    }
    PULIH_SET(warned, warned, level, level);
    PULIH_SET(warned, warned, post, name);
    if (person.at)
        PULIH_SET(warned, warned, person, person);
}

static void warn(struct pulih_step *step, int deadline, int64_t due_us)
{
    struct pulih_warned warned = {0};

    PULIH_SET(&warned, warned, deadline, (uint16_t)deadline);
    PULIH_SET(&warned, warned, due_at, due_us);
    find_warned(step, &warned);
    pulih_step_event(step, PULIH_M_warned, &warned);
}

/* Unless it is done, or passed meanwhile, or another policy has the ladder wait for it. */
static enum pulih_verdict remind(struct pulih_step *step)
{
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];
    int64_t due_us;

    pulih_step_clocks(step, all);
    const struct pulih_clock_reading *r =
        pulih_clocks_find(all, step->policy->n_clocks, PULIH_deadline_customer);
    if (!r || r->rule->reprimands || !pulih_clock_due(r, step->now_us, &due_us) || due_us <= step->now_us ||
        step->item->row.state == PULIH_STATE_verifying || !pulih_step_may(step, PULIH_M_warned))
        return pulih_step_refuse(step, "running_deadline");
    warn(step, PULIH_deadline_customer, due_us);
    return PULIH_DONE;
}

enum pulih_verdict escalation_on_deadline_passed(struct pulih_step *step)
{
    const struct pulih_row_complaint *row = &step->item->row;
    struct pulih_deadline_passed msg;

    if (!pulih_step_read(step, PULIH_M_deadline_passed, &msg))
        return pulih_step_never(step, "the stored deadline cannot be read");
    if (msg.deadline == PULIH_deadline_reminder)
        return remind(step);
    /* Between the timer and this step somebody may have answered. */
    if ((int64_t)msg.armed != row->ladder_armed || !pulih_step_may(step, PULIH_M_reprimanded))
        return pulih_step_refuse(step, "running_deadline");
    if (msg.deadline == PULIH_deadline_warning)
        warn(step, row->ladder_kind, row->ladder_due);
    else
        climb(step, &msg);
    return PULIH_DONE;
}
