/* Letters: a template of the policy, filled, as a row. */
#include "pulih/base/must.h"
#include "pulih/core/reference.h"
#include "services/followup/handlers.h"

static int letter_language(const struct pulih_step *step, struct pulih_view post)
{
    return post.at ? step->policy->language : pulih_step_language(step);
}

/* Dates come as instants alone, so that none is told that the ledger does not know. */
static void print_dates(struct pulih_step *step, int language, struct pulih_slots *slots)
{
    for (int i = 0; i < PULIH_SLOT_N; i++) {
        if (!pulih_slot_is_date((enum pulih_slot)i))
            continue;
        pulih_must(!slots->value[i].at);
        if (!slots->at_us[i])
            continue;
        pulih_buf_empty(step->scratch);
        pulih_calendar_print(step->policy->calendar, slots->at_us[i], language, step->scratch);
        slots->value[i] = pulih_arena_copy(step->arena, pulih_view_of_buf(step->scratch));
    }
}

static bool says_what_is_demanded(uint32_t demands, const struct pulih_slots *slots)
{
    for (int i = 0; i < PULIH_SLOT_N; i++)
        if (demands >> i & 1 && !slots->value[i].len)
            return false;
    return true;
}

static struct pulih_view fill(struct pulih_step *step, struct pulih_view text,
                              const struct pulih_slots *slots)
{
    pulih_buf_empty(step->scratch);
    pulih_template_fill(text, slots, step->scratch);
    return pulih_arena_copy(step->arena, pulih_view_of_buf(step->scratch));
}

static struct pulih_view signpost(struct pulih_step *step, int language)
{
    pulih_buf_empty(step->scratch);
    pulih_policy_signpost(step->policy, step->item->row.received_at, language, step->scratch);
    return pulih_arena_copy(step->arena, pulih_view_of_buf(step->scratch));
}

uint64_t followup_letter(struct pulih_step *step, int kind, const struct pulih_slots *given,
                         struct pulih_view post)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_row_letter *letter = PULIH_ADD(step->rows, letter);
    struct pulih_slots slots = given ? *given : (struct pulih_slots){0};
    char reference[PULIH_REFERENCE_BYTES];
    int language = letter_language(step, post);
    const struct pulih_template *template = &step->policy->letter[kind][language];

    pulih_reference_print(row->number, reference);
    slots.value[PULIH_SLOT_reference] = pulih_view_of(reference);
    slots.value[PULIH_SLOT_company] = step->policy->company;
    slots.value[PULIH_SLOT_department] = pulih_view_of(
        pulih_vocabulary_department_label(&step->policy->vocabulary, row->department, language));
    slots.value[PULIH_SLOT_category] =
        pulih_view_of(pulih_word_label(PULIH_WORDS_category, (uint16_t)row->category, language));
    slots.value[PULIH_SLOT_signpost] = signpost(step, language);
    slots.value[PULIH_SLOT_post] = post.at ? post : step->policy->answerable[row->department];
    print_dates(step, language, &slots);
    if (!says_what_is_demanded(step->policy->demands[kind], &slots))
        pulih_step_never(step, "the letter lacks what the policy demands of it");
    letter->complaint = row->id;
    letter->shard = row->shard;
    letter->n = ++row->letters;
    letter->version = row->version + 1;
    letter->kind = (int16_t)kind;
    letter->language = (int16_t)language;
    letter->channel = row->channel;
    letter->post = post;
    letter->subject = fill(step, template->subject, &slots);
    letter->body = fill(step, template->text, &slots);
    return (uint64_t)letter->n;
}

uint64_t followup_next_steps(struct pulih_step *step)
{
    int64_t due_us = step->item->row.due_at;
    struct pulih_slots slots = {0};

    slots.at_us[PULIH_SLOT_due] = due_us > step->now_us ? due_us : 0;
    return followup_letter(step, PULIH_letter_next_steps, &slots, (struct pulih_view){0});
}

void followup_announce(struct pulih_step *step, int kind, uint64_t number, struct pulih_view post)
{
    struct pulih_letter_written written = {0};

    PULIH_SET(&written, letter_written, letter, (uint16_t)kind);
    PULIH_SET(&written, letter_written, number, number);
    if (post.at)
        PULIH_SET(&written, letter_written, post, post);
    pulih_step_event(step, PULIH_M_letter_written, &written);
}
