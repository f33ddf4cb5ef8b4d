/* Messages as rows and receipts. */
#include <string.h>

#include <sodium.h>

#include "pulih/base/must.h"
#include "pulih/core/reference.h"
#include "services/intake/accept.h"

enum { DIGEST_BYTES = 32, ROLE_CUSTOMER = 1 };

struct pulih_view intake_digest(struct pulih_arena *arena, const struct intake_message *m,
                                struct pulih_view salt)
{
    crypto_generichash_state hash;
    unsigned char *out = pulih_arena_get(arena, DIGEST_BYTES);
    const char *type = pulih_message(m->type)->name;

    crypto_generichash_init(&hash, (const unsigned char *)salt.at, salt.len, DIGEST_BYTES);
    crypto_generichash_update(&hash, (const unsigned char *)type, strlen(type) + 1);
    crypto_generichash_update(&hash, (const unsigned char *)m->raw.at, m->raw.len);
    crypto_generichash_final(&hash, out, DIGEST_BYTES);
    return (struct pulih_view){(const char *)out, DIGEST_BYTES};
}

static struct pulih_view encode(struct intake_batch *b, const struct intake_message *m, int class)
{
    struct pulih_buf *scratch = &b->batch.scratch;

    pulih_buf_empty(scratch);
    if (pulih_msg_encode(m->type, m->body, class, scratch) == 0 && class != PULIH_CLASS_OPEN)
        return (struct pulih_view){0};
    return pulih_arena_copy(&b->batch.arena, pulih_view_of_buf(scratch));
}

static struct pulih_row_event event_of(struct intake_batch *b, const struct intake_message *m, int64_t now_us)
{
    return (struct pulih_row_event){
        .type = (int16_t)pulih_message(m->type)->wire,
        .message = m->id,
        .occurred_at = m->occurred_at,
        .recorded_at = now_us,
        .body = encode(b, m, PULIH_CLASS_OPEN),
        .digest = m->digest,
    };
}

/* What people wrote goes beside the event. The salt goes with it, or with nothing: a digest whose salt is
 * erased tells nothing any more. */
static struct pulih_view add_content(struct intake_batch *b, const struct intake_message *m,
                                     const struct pulih_row_complaint *row)
{
    struct pulih_row_content *content = PULIH_ADD(&b->batch.rows, content);
    struct pulih_view text = encode(b, m, PULIH_CLASS_TEXT);

    content->complaint = row->id;
    content->shard = row->shard;
    content->version = row->version;
    content->salt = m->salt;
    content->body = text.at ? text : PULIH_VIEW("\x80"); /* an empty map */
    return text;
}

static void add_person(struct intake_batch *b, const struct intake_message *m,
                       const struct pulih_row_complaint *row)
{
    struct pulih_view body = encode(b, m, PULIH_CLASS_PERSON);
    struct pulih_buf *scratch = &b->batch.scratch;

    if (!body.at)
        return;
    pulih_buf_empty(scratch);
    if (b->compares)
        pulih_marks_pack(b->numbers->mark_key, m->body, scratch);
    struct pulih_row_person *person = PULIH_ADD(&b->batch.rows, person);
    person->complaint = row->id;
    person->shard = row->shard;
    person->role = ROLE_CUSTOMER;
    person->body = body;
    if (scratch->len)
        person->marks = pulih_arena_copy(&b->batch.arena, pulih_view_of_buf(scratch));
}

static int64_t add_promise(struct pulih_worker *w, struct intake_batch *b, struct pulih_row_complaint *row,
                           int64_t now_us)
{
    const struct pulih_policy *policy = pulih_worker_policy(w);
    struct pulih_row_promise *promise = PULIH_ADD(&b->batch.rows, promise);

    promise->complaint = row->id;
    promise->shard = row->shard;
    promise->n = ++row->promises;
    promise->kind = PULIH_promise_plan;
    promise->version = row->version;
    pulih_must(pulih_calendar_add(policy->calendar, now_us, policy->plan_within, &promise->due_at));
    promise->told_at = now_us;
    return promise->due_at;
}

struct pulih_item *intake_add_item(struct intake_batch *b)
{
    struct pulih_batch *batch = &b->batch;

    batch->items = pulih_room(batch->items, batch->n, &batch->cap, sizeof *batch->items);
    batch->items[batch->n] = (struct pulih_item){0};
    return &batch->items[batch->n++];
}

int64_t intake_add_complaint(struct pulih_worker *w, struct intake_batch *b, struct intake_message *m,
                             int64_t number, int64_t now_us)
{
    struct pulih_complaint *msg = m->body;
    struct pulih_item *item = intake_add_item(b);
    struct pulih_row_complaint *row = &item->row;
    struct pulih_row_event *event;

    PULIH_SET(msg, complaint, source, pulih_view_of(m->client));
    m->item = b->batch.n - 1;
    b->n_new++;
    row->id = m->complaint;
    row->shard = pulih_shard(&m->complaint);
    row->number = number;
    row->received_at = now_us;
    row->language = (int16_t)msg->language;
    row->channel = (int16_t)(msg->preferred_channel ? msg->preferred_channel : msg->channel);
    row->holder = PULIH_STAGE_classification;
    event = PULIH_ADD(&b->batch.rows, event);
    *event = event_of(b, m, now_us);
    pulih_chain(row, event, pulih_life_after(PULIH_STATE_none, PULIH_M_complaint));
    item->to = PULIH_STAGE_classification;
    item->to_type = PULIH_M_complaint;
    item->to_version = row->version;
    item->to_body = event->body;
    item->to_text = add_content(b, m, row);
    add_person(b, m, row);
    return add_promise(w, b, row, now_us);
}

void intake_post_message(struct intake_batch *b, struct intake_message *m, int64_t now_us)
{
    struct pulih_item *item = &b->batch.items[m->item];
    struct pulih_row_event event = event_of(b, m, now_us);

    if (pulih_mail_post(&item->row, &b->batch.rows, &event)) {
        item->to = pulih_message(m->type)->to;
        item->to_type = m->type;
        item->to_version = item->row.version;
    }
    add_content(b, m, &item->row);
}

static struct pulih_view print_receipt(struct pulih_worker *w, struct intake_batch *b, const char *reference,
                                       int64_t due_us, int language)
{
    const struct pulih_policy *policy = pulih_worker_policy(w);
    struct pulih_buf *scratch = &b->batch.scratch;
    struct pulih_slots slots = {0};

    if (language != PULIH_language_id && language != PULIH_language_en)
        language = policy->language;
    pulih_buf_empty(scratch);
    pulih_calendar_print(policy->calendar, due_us, language, scratch);
    slots.value[PULIH_SLOT_due] = pulih_arena_copy(&b->batch.arena, pulih_view_of_buf(scratch));
    slots.value[PULIH_SLOT_reference] = pulih_view_of(reference);
    slots.value[PULIH_SLOT_company] = policy->company;
    pulih_buf_empty(scratch);
    pulih_template_fill(policy->receipt[language], &slots, scratch);
    return pulih_arena_copy(&b->batch.arena, pulih_view_of_buf(scratch));
}

void intake_make_ack(struct pulih_worker *w, struct intake_batch *b, struct intake_message *m, int64_t number,
                     int64_t due_us, int language)
{
    char reference[PULIH_REFERENCE_BYTES];

    pulih_reference_print(number, reference);
    m->ack = (struct pulih_ack){0};
    PULIH_SET(&m->ack, ack, id, m->id);
    PULIH_SET(&m->ack, ack, complaint, m->complaint);
    PULIH_SET(&m->ack, ack, result, m->duplicate ? PULIH_result_duplicate : PULIH_result_stored);
    PULIH_SET(&m->ack, ack, reference, pulih_arena_copy(&b->batch.arena, pulih_view_of(reference)));
    if (due_us) {
        PULIH_SET(&m->ack, ack, promised_at, due_us);
        PULIH_SET(&m->ack, ack, receipt, print_receipt(w, b, reference, due_us, language));
    }
}
