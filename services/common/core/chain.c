/* The chronology: every event is chained to the one before, and mail waits in it until its owner is free. */
#include <sodium.h>

#include "pulih/base/must.h"
#include "pulih/core/step.h"

static void add_be(crypto_generichash_state *hash, uint64_t v, size_t len)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
    crypto_generichash_update(hash, bytes, len);
}

static void add_view(crypto_generichash_state *hash, struct pulih_view v)
{
    add_be(hash, v.len, 4);
    crypto_generichash_update(hash, (const unsigned char *)v.at, v.len);
}

/* BLAKE2b-256 over the hash before and every column but the hash, in the order of the table. */
struct pulih_hash pulih_chain_hash(const struct pulih_hash *before, const struct pulih_row_event *event)
{
    crypto_generichash_state hash;
    struct pulih_hash out;

    crypto_generichash_init(&hash, NULL, 0, sizeof out.b);
    crypto_generichash_update(&hash, before->b, sizeof before->b);
    crypto_generichash_update(&hash, event->complaint.b, sizeof event->complaint.b);
    add_be(&hash, (uint64_t)event->shard, 2);
    add_be(&hash, (uint64_t)event->version, 4);
    add_be(&hash, (uint64_t)event->type, 2);
    add_be(&hash, (uint64_t)event->prior, 2);
    add_be(&hash, (uint64_t)event->state, 2);
    crypto_generichash_update(&hash, event->message.b, sizeof event->message.b);
    add_be(&hash, (uint64_t)event->occurred_at, 8);
    add_be(&hash, (uint64_t)event->recorded_at, 8);
    add_view(&hash, event->body);
    add_view(&hash, event->digest);
    crypto_generichash_final(&hash, out.b, sizeof out.b);
    return out;
}

void pulih_chain(struct pulih_row_complaint *row, struct pulih_row_event *event, int state_after)
{
    /* Clocks of several machines never agree quite; a chronology that runs backwards would confuse people. */
    if (event->recorded_at < row->updated_at)
        event->recorded_at = row->updated_at;
    event->complaint = row->id;
    event->shard = row->shard;
    event->version = ++row->version;
    event->prior = row->state;
    event->state = (int16_t)state_after;
    event->hash = pulih_chain_hash(&row->hash, event);
    row->state = event->state;
    row->hash = event->hash;
    row->updated_at = event->recorded_at;
}

bool pulih_mail_post(struct pulih_row_complaint *row, struct pulih_rows *rows,
                     const struct pulih_row_event *event)
{
    struct pulih_row_event *posted = PULIH_ADD(rows, event);
    enum pulih_m m = pulih_message_by_wire((uint64_t)event->type);

    pulih_must(m < PULIH_M_N && pulih_life_is_mail(m));
    *posted = *event;
    pulih_chain(row, posted, row->state);
    if (row->holder != PULIH_STAGE_none) {
        row->waiting++;
        return false;
    }
    row->holder = (int16_t)pulih_message(m)->to;
    row->cursor = row->version;
    return true;
}

int32_t pulih_mail_give_up(struct pulih_row_complaint *row, struct pulih_rows *rows,
                           struct pulih_arena *arena, int32_t version, struct pulih_view actor,
                           int64_t now_us)
{
    struct pulih_buf body PULIH_AUTO(pulih_buf_free) = {0};
    struct pulih_row_event *event = PULIH_ADD(rows, event);
    struct pulih_parked parked = {0};

    PULIH_SET(&parked, parked, version, (uint64_t)version);
    if (actor.at)
        PULIH_SET(&parked, parked, actor, actor);
    pulih_msg_encode(PULIH_M_parked, &parked, PULIH_CLASS_OPEN, &body);
    event->type = PULIH_WIRE_parked;
    event->occurred_at = now_us;
    event->recorded_at = now_us;
    event->body = pulih_arena_copy(arena, pulih_view_of_buf(&body));
    pulih_chain(row, event, pulih_life_after(row->state, PULIH_M_parked));
    row->holder = (int16_t)pulih_message(PULIH_M_parked)->to;
    return row->version;
}
