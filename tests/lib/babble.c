#include "tests/lib/babble.h"

#include <string.h>

#include "pulih/base/clock.h"
#include "pulih/core/rows.h"

enum { KINDS = 8 };

const char *const babble_doors[BABBLE_DOORS] = {
    [BABBLE_publish] = "publish", [BABBLE_feed] = "feed", [BABBLE_hints] = "hints"};

/* What is said at each, mostly. */
static const enum pulih_m kinds[BABBLE_DOORS][KINDS] = {
    [BABBLE_publish] = {PULIH_M_event, PULIH_M_event, PULIH_M_event, PULIH_M_ping, PULIH_M_hello,
                        PULIH_M_letter_get, PULIH_M_acks, PULIH_M_hint},
    [BABBLE_feed] = {PULIH_M_credit, PULIH_M_credit, PULIH_M_letter_get, PULIH_M_letter_get,
                     PULIH_M_subscribe, PULIH_M_ping, PULIH_M_event, PULIH_M_hint},
    [BABBLE_hints] = {PULIH_M_hint, PULIH_M_hint, PULIH_M_hint, PULIH_M_hint, PULIH_M_hint, PULIH_M_hello,
                      PULIH_M_event, PULIH_M_ping},
};

static void put_hello(struct babble *b)
{
    struct pulih_hello hello = {0};
    struct pulih_subscribe subscribe = {0};

    PULIH_SET(&hello, hello, protocol, PULIH_PROTOCOL);
    PULIH_SET(&hello, hello, client, PULIH_VIEW("flood"));
    PULIH_SET(&subscribe, subscribe, protocol, PULIH_PROTOCOL);
    PULIH_SET(&subscribe, subscribe, client, PULIH_VIEW("flood"));
    PULIH_SET(&subscribe, subscribe, credit, 10);
    PULIH_SET(&subscribe, subscribe, from_now, true);
    if (b->door == BABBLE_feed)
        pulih_frame_encode(PULIH_M_subscribe, &subscribe, &b->body);
    else
        pulih_frame_encode(PULIH_M_hello, &hello, &b->body);
}

/* An event whose body breaks a rule: one in order is work for the database, and no mutation. */
static void put_event(struct babble *b)
{
    static const enum pulih_m types[] = {PULIH_M_complaint, PULIH_M_note, PULIH_M_offer_made, PULIH_M_closed,
                                         PULIH_M_offer_answered};
    static const struct pulih_view bodies[] = {
        {"\x80", 1}, {"\x81\xa5story\x01", 8}, {"\x81\xa4text\xa0", 7}};
    struct pulih_event event = {0};
    enum pulih_m m = types[random_below(&b->random, PULIH_COUNT(types))];

    PULIH_SET(&event, event, id, pulih_id_new(pulih_wall_us()));
    PULIH_SET(&event, event, type, pulih_view_of(pulih_message(m)->name));
    PULIH_SET(&event, event, occurred_at, 1);
    if (m != PULIH_M_complaint)
        PULIH_SET(&event, event, complaint, pulih_id_new(pulih_wall_us()));
    PULIH_SET(&event, event, body, bodies[random_below(&b->random, PULIH_COUNT(bodies))]);
    pulih_frame_encode(PULIH_M_event, &event, &b->body);
}

static void put_any(struct babble *b)
{
    enum pulih_m m = kinds[b->door][random_below(&b->random, KINDS)];
    union pulih_any msg;

    if (m == PULIH_M_event) {
        put_event(b);
        return;
    }
    random_message(&b->random, m, &msg);
    if (m == PULIH_M_hint && random_below(&b->random, 2)) /* else it is of another version, and not read */
        msg.hint.layout = pulih_row_layout();
    pulih_frame_encode(m, &msg, &b->body);
}

static void flip_bits(struct babble *b)
{
    for (uint64_t n = 1 + random_below(&b->random, 8); n; n--)
        b->body.at[random_below(&b->random, b->body.len)] ^= (char)(1 << random_below(&b->random, 8));
}

static void double_it(struct babble *b)
{
    char *copy = memcpy(pulih_arena_get(&b->random.arena, b->body.len), b->body.at, b->body.len);

    pulih_buf_add(&b->body, copy, b->body.len);
}

static void nest(struct babble *b)
{
    size_t depth = 1 + random_below(&b->random, random_below(&b->random, 100) ? 20 : 10000);

    pulih_buf_empty(&b->body);
    memset(pulih_buf_grow(&b->body, depth), 0x91, depth); /* arrays of one */
}

static void mutate(struct babble *b)
{
    uint64_t how = random_below(&b->random, 8);

    if (!b->body.len || how < 2)
        return;
    if (how == 2)
        b->body.len = random_below(&b->random, b->body.len);
    else if (how == 3)
        double_it(b);
    else if (how == 4)
        nest(b);
    else
        flip_bits(b);
}

void babble_hello(struct babble *b)
{
    pulih_buf_empty(&b->body);
    put_hello(b);
}

void babble(struct babble *b)
{
    pulih_buf_empty(&b->body);
    pulih_arena_reset(&b->random.arena);
    if (random_below(&b->random, 50) == 0)
        put_hello(b);
    else
        put_any(b);
    mutate(b);
}
