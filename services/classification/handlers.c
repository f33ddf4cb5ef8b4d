#include "services/classification/handlers.h"

#include "pulih/core/classify.h"

/* How much of the evidence is kept: the strongest of each axis, and of the others as fit. */
enum { EVIDENCE_KEPT = 20, CERTAIN = 100 };

int16_t classification_value(const struct pulih_row_classification *row, enum pulih_axis axis)
{
    const int16_t values[PULIH_AXIS_N] = {
#define AXIS(name, ...) row->name,
#include "pulih/tbl/axes.tbl.h"
    };

    return values[axis];
}

static struct pulih_row_classification *add_row(struct pulih_step *step, const uint16_t value[PULIH_AXIS_N],
                                                const uint8_t confidence[PULIH_AXIS_N])
{
    struct pulih_row_classification *row = PULIH_ADD(step->rows, classification);

    row->complaint = step->item->row.id;
    row->shard = step->item->row.shard;
    row->version = step->item->row.version + 1; /* of the event that follows */
#define AXIS(name, ...) row->name = (int16_t)value[PULIH_AXIS_##name];
#include "pulih/tbl/axes.tbl.h"
    row->confidence =
        pulih_arena_copy(step->arena, (struct pulih_view){(const char *)confidence, PULIH_AXIS_N});
    row->policy = pulih_view_of(step->policy->version);
    return row;
}

static const struct pulih_models *models_of(const struct pulih_step *step)
{
    return step->models ? step->models : &step->policy->models;
}

/* Of all that judged, also those whose votes are not among the evidence kept; absent when there were none. */
static struct pulih_view names_of(struct pulih_step *step, const struct pulih_models *models)
{
    pulih_buf_empty(step->scratch);
    for (size_t i = 0; i < models->n; i++)
        pulih_buf_addf(step->scratch, "%s%s", i ? " " : "", pulih_model_about(models->at[i].model)->name);
    return models->n ? pulih_arena_copy(step->arena, pulih_view_of_buf(step->scratch))
                     : (struct pulih_view){0};
}

static struct pulih_view encode_reasons(struct pulih_step *step, const struct pulih_classification *c)
{
    struct pulih_buf list PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_reasons reasons = {0};
    uint32_t n = c->n_evidence < EVIDENCE_KEPT ? c->n_evidence : EVIDENCE_KEPT;

    for (uint32_t i = 0; i < n; i++) {
        const struct pulih_evidence *from = &c->evidence[i];
        struct pulih_vote vote = {0};
        PULIH_SET(&vote, vote, axis, pulih_view_of(pulih_axes[from->axis].name));
        PULIH_SET(&vote, vote, value, from->value);
        PULIH_SET(&vote, vote, weight, from->weight);
        PULIH_SET(&vote, vote, rule, pulih_view_of(from->rule));
        PULIH_SET(&vote, vote, at, from->at);
        PULIH_SET(&vote, vote, len, from->len);
        pulih_list_add(&list, PULIH_M_vote, &vote);
    }
    PULIH_SET(&reasons, reasons, items, pulih_list_of(&list, n));
    pulih_buf_empty(step->scratch);
    pulih_msg_encode(PULIH_M_reasons, &reasons, PULIH_CLASS_ALL, step->scratch);
    return pulih_arena_copy(step->arena, pulih_view_of_buf(step->scratch));
}

/* What later steps go by stands in the complaint's own row, too. */
static enum pulih_verdict conclude(struct pulih_step *step, struct pulih_classified classified)
{
    struct pulih_row_complaint *row = &step->item->row;

    PULIH_SET(&classified, classified, language, (uint16_t)row->language);
    PULIH_SET(&classified, classified, category, (uint16_t)row->category);
    PULIH_SET(&classified, classified, department, pulih_step_department(step));
    PULIH_SET(&classified, classified, tier, (uint16_t)row->tier);
    PULIH_SET(&classified, classified, unsure, row->unsure);
    PULIH_SET(&classified, classified, policy, pulih_view_of(step->policy->version));
    pulih_step_event(step, PULIH_M_classified, &classified);
    return PULIH_DONE;
}

enum pulih_verdict classification_on_complaint(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_classification c;
    struct pulih_complaint msg;

    if (!pulih_step_may(step, PULIH_M_classified))
        return pulih_step_never(step, "the complaint is not in a state to be classified");
    if (!pulih_step_read(step, PULIH_M_complaint, &msg))
        return pulih_step_never(step, "the stored complaint cannot be read");
    pulih_classify(step->policy,
                   &(const struct pulih_classify_facts){
                       .story = msg.story,
                       .expected_outcome = msg.expected_outcome,
                       .language = msg.language,
                       .reporter = msg.reporter,
                       .customer_kind = msg.customer_kind,
                       .channel = msg.channel,
                       .claimed_amount = msg.claimed_amount,
                       .earlier_contacts = msg.earlier_contacts,
                       .has_customer_deadline = PULIH_HAS(&msg, complaint, customer_deadline),
                       .models = step->models,
                   },
                   &c);
    row->language = (int16_t)c.value[PULIH_AXIS_language];
    row->category = (int16_t)c.value[PULIH_AXIS_category];
    row->department = (int16_t)c.value[PULIH_AXIS_department];
    row->tier = (int16_t)c.value[PULIH_AXIS_tier];
    row->gravity = (int16_t)c.value[PULIH_AXIS_gravity];
    row->unsure = c.unsure;
    struct pulih_row_classification *added = add_row(step, c.value, c.confidence);
    added->evidence = encode_reasons(step, &c);
    added->models = names_of(step, models_of(step));
    struct pulih_classified classified = {0};
    PULIH_SET(&classified, classified, by_person, false);
    if (PULIH_HAS(&msg, complaint, customer_deadline))
        PULIH_SET(&classified, classified, customer_deadline, msg.customer_deadline);
    PULIH_SET(&classified, classified, spoken, pulih_channel_is_spoken(msg.channel));
    if (c.value[PULIH_AXIS_response_mode] == PULIH_response_mode_third_party)
        PULIH_SET(&classified, classified, third_party, true);
    return conclude(step, classified);
}

/* A person's word is certain; axes not mentioned stay as they were and are 0 in the new row. */
static void take_axis(uint16_t given, enum pulih_axis axis, int16_t *column, uint16_t value[],
                      uint8_t confidence[])
{
    if (!given)
        return;
    value[axis] = given;
    confidence[axis] = CERTAIN;
    if (column)
        *column = (int16_t)given;
}

enum pulih_verdict classification_on_reclassified(struct pulih_step *step)
{
    struct pulih_row_complaint *row = &step->item->row;
    struct pulih_reclassified msg;
    uint16_t value[PULIH_AXIS_N] = {0};
    uint8_t confidence[PULIH_AXIS_N] = {0};

    if (!pulih_step_may(step, PULIH_M_classified))
        return pulih_step_refuse(step, "open_complaint");
    if (!pulih_step_read(step, PULIH_M_reclassified, &msg))
        return pulih_step_never(step, "the stored correction cannot be read");
    int department = msg.department.at ? pulih_vocabulary_number(&step->policy->vocabulary,
                                                                 PULIH_WORDS_department, msg.department)
                                       : PULIH_department_unknown;
    if (department < 0)
        return pulih_step_refuse(step, "known_department");
    take_axis(msg.language, PULIH_AXIS_language, &row->language, value, confidence);
    take_axis(msg.category, PULIH_AXIS_category, &row->category, value, confidence);
    if (department && row->department && department != row->department && row->transfers < INT16_MAX / 2)
        row->transfers++;
    take_axis((uint16_t)department, PULIH_AXIS_department, &row->department, value, confidence);
    take_axis(msg.tier, PULIH_AXIS_tier, &row->tier, value, confidence);
    take_axis(msg.reason, PULIH_AXIS_reason, NULL, value, confidence);
    take_axis(msg.sub_reason, PULIH_AXIS_sub_reason, NULL, value, confidence);
    take_axis(msg.root_cause, PULIH_AXIS_root_cause, NULL, value, confidence);
    take_axis(msg.size, PULIH_AXIS_size, NULL, value, confidence);
    row->unsure = 0;
    struct pulih_row_classification *added = add_row(step, value, confidence);
    added->evidence = PULIH_VIEW("");
    added->actor = msg.actor;
    struct pulih_classified classified = {0};
    PULIH_SET(&classified, classified, by_person, true);
    return conclude(step, classified);
}
