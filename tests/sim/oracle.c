/* What must hold: of every commit, of every receipt, and of the whole history when the world has come to rest. */
#include <stdlib.h>
#include <string.h>

#include "pulih/core/ladder.h"
#include "pulih/core/life.h"
#include "pulih/core/reference.h"
#include "pulih/core/store.h"
#include "tests/sim/sim.h"

#define EACH(row, table)                                                                                     \
    size_t i_##row = 0;                                                                                      \
    i_##row < sim_tables[table].n && ((row) = sim_see(sim_tables[table].at[i_##row], NULL), true);           \
    i_##row++

struct sim_poison sim_poison;

static const char *print(const struct pulih_id *id)
{
    static char text[37];

    pulih_id_print(id, text);
    return text;
}

/* --- the hand-over, after each commit ------------------------------------------------------------------------------ */

static const struct pulih_row_dead *in_dead(const struct pulih_id *complaint)
{
    const struct pulih_row_dead *d;

    for (EACH(d, PULIH_T_dead))
        if (d && pulih_id_compare(&d->complaint, complaint) == 0)
            return d;
    return NULL;
}

/* How many manifests name work on the complaint: at its holder, and elsewhere. */
static void count_named(const struct pulih_row_complaint *c, int *ret_here, int *ret_elsewhere)
{
    const struct pulih_row_pending *p;

    *ret_here = *ret_elsewhere = 0;
    for (EACH(p, PULIH_T_pending)) {
        struct pulih_manifest m;
        struct pulih_id id;
        int32_t version;
        if (!p)
            continue;
        m = (struct pulih_manifest){.n = (uint32_t)p->n, .items = p->items};
        for (size_t i = 0; i < m.n; i++) {
            pulih_manifest_get(&m, i, &id, &version);
            if (pulih_id_compare(&id, &c->id) == 0)
                ++*(p->stage == c->holder ? ret_here : ret_elsewhere);
        }
    }
}

/* Work is named by one manifest, or lies in dead; who rests is named by none. */
void sim_oracle_commit(void)
{
    const struct pulih_row_complaint *c;

    for (EACH(c, PULIH_T_complaint)) {
        int here, elsewhere;
        if (!c)
            continue;
        count_named(c, &here, &elsewhere);
        if (elsewhere || here + (in_dead(&c->id) != NULL) != (c->holder != 0))
            sim_fail("%s, held by %d, is named by %d manifests there, %d elsewhere and %s in dead",
                     print(&c->id), c->holder, here, elsewhere, in_dead(&c->id) ? "is" : "is not");
        if (!c->holder && c->waiting)
            sim_fail("%s rests, and %d messages wait", print(&c->id), c->waiting);
    }
}

/* --- receipts ---------------------------------------------------------------------------------------------------------- */

static const struct pulih_row_event *event_of(const struct pulih_id *message)
{
    const struct pulih_row_event *e;

    for (EACH(e, PULIH_T_event))
        if (e && pulih_id_compare(&e->message, message) == 0)
            return e;
    return NULL;
}

void sim_oracle_receipt(const struct pulih_id *message)
{
    if (!event_of(message))
        sim_fail("a receipt leaves for %s, which is not committed", print(message));
}

static const struct pulih_row_complaint *complaint_of(const struct pulih_id *id)
{
    const struct pulih_row_complaint *c;

    for (EACH(c, PULIH_T_complaint))
        if (c && pulih_id_compare(&c->id, id) == 0)
            return c;
    return NULL;
}

static int64_t promised_us(const struct pulih_id *complaint)
{
    const struct pulih_row_promise *p;

    for (EACH(p, PULIH_T_promise))
        if (p && p->n == 1 && pulih_id_compare(&p->complaint, complaint) == 0)
            return p->due_at;
    return 0;
}

static void check_message(const struct sim_message *m)
{
    const struct pulih_row_event *e = event_of(&m->id);
    const struct pulih_row_complaint *c = complaint_of(&m->complaint);
    char reference[PULIH_REFERENCE_BYTES];

    if (m->answered != m->clients)
        sim_fail("%s %s has no receipt", pulih_message(m->type)->name, print(&m->id));
    if (!e || !c)
        sim_fail("%s %s has a receipt, but is not there", pulih_message(m->type)->name, print(&m->id));
    if (pulih_id_compare(&e->complaint, &m->complaint) != 0 || e->type != pulih_message(m->type)->wire)
        sim_fail("%s is stored as something else", print(&m->id));
    pulih_reference_print(c->number, reference);
    if (strcmp(reference, m->reference) != 0)
        sim_fail("the receipt says %s, the complaint is %s", m->reference, reference);
    if (m->type == PULIH_M_complaint && m->promised_us != promised_us(&m->complaint))
        sim_fail("the receipt of %s promises another time than is stored", reference);
}

/* What one client said about one complaint is stored in the order in which it said it. */
static void check_order(void)
{
    for (size_t i = 0; i < sim_n_messages; i++)
        for (size_t k = i + 1; k < sim_n_messages; k++) {
            const struct sim_message *a = &sim_messages[i], *b = &sim_messages[k];
            if (!(a->clients & b->clients) || pulih_id_compare(&a->complaint, &b->complaint) != 0)
                continue;
            if (event_of(&a->id)->version >= event_of(&b->id)->version)
                sim_fail("%s was said before %s, but is stored behind it", pulih_message(a->type)->name,
                         pulih_message(b->type)->name);
        }
}

/* --- chronologies -------------------------------------------------------------------------------------------------------- */

struct story {
    const struct pulih_row_complaint *row;
    const struct pulih_row_event *events[2048];
    int32_t n;
};

static int by_version(const void *a, const void *b)
{
    const struct pulih_row_event *const *l = a, *const *r = b;

    return ((*l)->version > (*r)->version) - ((*l)->version < (*r)->version);
}

static void read_story(const struct pulih_row_complaint *row, struct story *ret)
{
    const struct pulih_row_event *e;

    ret->row = row;
    ret->n = 0;
    for (EACH(e, PULIH_T_event))
        if (e && pulih_id_compare(&e->complaint, &row->id) == 0)
            ret->events[ret->n++] = e;
    qsort(ret->events, (size_t)ret->n, sizeof *ret->events, by_version);
}

/* Gapless, chained, each move a row of life.tbl.h, and the complaint as its last event left it. */
static void check_chain(const struct story *s)
{
    struct pulih_hash hash = {{0}};
    int state = 0;

    for (int32_t i = 0; i < s->n; i++) {
        const struct pulih_row_event *e = s->events[i];
        enum pulih_m m = pulih_message_by_wire((uint64_t)e->type);
        if (e->version != i + 1 || e->prior != state || pulih_life_after(state, m) != e->state)
            sim_fail("%s: event %d (%s) leads from %d to %d", print(&s->row->id), e->version,
                     pulih_message(m)->name, e->prior, e->state);
        if (i && e->recorded_at < s->events[i - 1]->recorded_at)
            sim_fail("%s: time runs backwards at event %d", print(&s->row->id), e->version);
        hash = pulih_chain_hash(&hash, e);
        if (memcmp(&hash, &e->hash, sizeof hash) != 0)
            sim_fail("%s: the hash of event %d is wrong", print(&s->row->id), e->version);
        state = e->state;
    }
    if (s->row->version != s->n || s->row->state != state || memcmp(&s->row->hash, &hash, sizeof hash) != 0)
        sim_fail("%s is not as its last event left it", print(&s->row->id));
}

/* A timer fires once, a message is refused once. */
static void check_once(const struct story *s)
{
    for (int32_t i = 0; i < s->n; i++)
        for (int32_t k = i + 1; k < s->n; k++) {
            const struct pulih_row_event *a = s->events[i], *b = s->events[k];
            static const struct pulih_id none;
            bool says_once = a->type == PULIH_WIRE_deadline_passed || a->type == PULIH_WIRE_silence_passed ||
                             a->type == PULIH_WIRE_message_refused;
            if (pulih_id_compare(&a->message, &none) != 0 && pulih_id_compare(&a->message, &b->message) == 0)
                sim_fail("%s holds a message twice", print(&s->row->id));
            if (says_once && a->type == b->type && pulih_view_same(a->body, b->body))
                sim_fail("%s: %s twice", print(&s->row->id),
                         pulih_message(pulih_message_by_wire((uint64_t)a->type))->name);
        }
}

static int32_t count_numbered(enum pulih_table table, const struct pulih_id *complaint)
{
    int32_t n = 0;
    const struct pulih_row_letter *row; /* promise and offer begin in the same way: complaint, shard, n */

    for (EACH(row, table))
        n += row && pulih_id_compare(&row->complaint, complaint) == 0;
    return n;
}

/* What is armed will fire: its deadline is there. */
static void check_armed(const struct pulih_row_complaint *c)
{
    const struct pulih_row_deadline *d;
    bool ladder = !c->ladder_armed, silence = !c->silence_armed;

    for (EACH(d, PULIH_T_deadline))
        if (d && pulih_id_compare(&d->complaint, &c->id) == 0) {
            ladder |= pulih_is_of_ladder(d->kind) && d->armed == c->ladder_armed;
            silence |= d->kind == PULIH_deadline_silence && d->armed == c->silence_armed;
        }
    if (!ladder || !silence)
        sim_fail("%s in state %s waits for a deadline that is not there", print(&c->id),
                 pulih_states[c->state].name);
}

static bool is_content_of(const struct pulih_row_event *e)
{
    const struct pulih_row_content *c;

    for (EACH(c, PULIH_T_content))
        if (c && c->version == e->version && pulih_id_compare(&c->complaint, &e->complaint) == 0)
            return true;
    return false;
}

static bool ends(const struct pulih_row_event *hint)
{
    const struct pulih_row_deadline *d;

    for (EACH(d, PULIH_T_deadline))
        if (d && d->kind == PULIH_deadline_consumer && d->armed == hint->version &&
            pulih_id_compare(&d->complaint, &hint->complaint) == 0)
            return true;
    return false;
}

/* Of what agents noted the last is there until its time is over, and nothing else. Notes behind a message that is
 * dead were not taken up yet. */
static void check_hints(const struct story *s)
{
    int32_t taken = in_dead(&s->row->id) ? s->row->cursor - 1 : s->row->cursor;
    bool last = true;

    for (int32_t i = s->n - 1; i >= 0; i--) {
        const struct pulih_row_event *e = s->events[i];
        if (e->type != PULIH_WIRE_consumer_noted || e->version > taken)
            continue;
        if (is_content_of(e) != (last && ends(e)))
            sim_fail("%s: the hint of event %d is %s", print(&s->row->id), e->version,
                     is_content_of(e) ? "still there" : "gone");
        last = false;
    }
}

/* --- the feed -------------------------------------------------------------------------------------------------------------- */

static int times_shown(const struct pulih_row_event *e)
{
    const struct pulih_row_feed *f;
    int n = 0;

    for (EACH(f, PULIH_T_feed))
        n += f && f->version == e->version && pulih_id_compare(&f->complaint, &e->complaint) == 0;
    return n;
}

static void check_shown(const struct story *s)
{
    bool dead = in_dead(&s->row->id);

    for (int32_t i = 0; i < s->n; i++) {
        const struct pulih_row_event *e = s->events[i];
        enum pulih_m m = pulih_message_by_wire((uint64_t)e->type);
        int shown = times_shown(e);
        bool waits = dead && pulih_life_is_mail(m) && e->version >= s->row->cursor;
        if (shown != pulih_message(m)->shown && !(waits && shown == 0))
            sim_fail("%s: event %d (%s) stands %d times in the feed", print(&s->row->id), e->version,
                     pulih_message(m)->name, shown);
    }
}

static void check_heads(void)
{
    int64_t count[64] = {0};
    const struct pulih_row_feed *f;
    const struct sim_head *h;

    for (EACH(f, PULIH_T_feed))
        if (f)
            count[f->stream]++;
    for (EACH(h, SIM_T_feed_head))
        if (h->last != count[h->stream])
            sim_fail("stream %d holds %lld items, its head is %lld", h->stream, (long long)count[h->stream],
                     (long long)h->last);
}

/* --- at the end -------------------------------------------------------------------------------------------------------------- */

static void check_dead(void)
{
    const struct pulih_row_dead *d;
    bool found = false;

    for (EACH(d, PULIH_T_dead)) {
        if (!d)
            continue;
        if (!sim_poison.stage || d->stage != sim_poison.stage ||
            pulih_id_compare(&d->complaint, &sim_poison.complaint) != 0)
            sim_fail("%s lies in dead: %.*s", print(&d->complaint), PULIH_VIEW_ARG(d->reason));
        found = true;
    }
    if (sim_poison.stage && !found)
        sim_fail("%s should lie in dead", print(&sim_poison.complaint));
}

/* --- what is alike ----------------------------------------------------------------------------------------------- */

/* Bytes; shorter texts of these clients are not compared. */
enum { STORY_TELLS = 50 };

static bool is_linked(const struct pulih_id *complaint)
{
    const struct pulih_row_link *l;

    for (EACH(l, PULIH_T_link))
        if (l &&
            (pulih_id_compare(&l->complaint, complaint) == 0 || pulih_id_compare(&l->other, complaint) == 0))
            return true;
    return false;
}

/* Whoever said the same as somebody else is linked, and each link was told once. */
static void check_links(void)
{
    const struct pulih_row_content *a, *b;
    const struct pulih_row_event *e;
    const struct pulih_row_link *l;
    size_t links = 0, told = 0;

    for (EACH(l, PULIH_T_link))
        links += l != NULL;
    for (EACH(e, PULIH_T_event))
        told += e && e->type == PULIH_WIRE_similar_found;
    if (links != told)
        sim_fail("%zu links, told %zu times", links, told);
    for (EACH(a, PULIH_T_content)) {
        if (!a || a->version != 1 || a->body.len < STORY_TELLS || is_linked(&a->complaint))
            continue;
        for (EACH(b, PULIH_T_content))
            if (b && b != a && b->version == 1 && pulih_view_same(a->body, b->body))
                sim_fail("%s says what another one says, and is not linked", print(&a->complaint));
    }
}

void sim_oracle_end(void)
{
    static struct story s;
    const struct pulih_row_complaint *c, *other;

    for (size_t i = 0; i < sim_n_messages; i++)
        check_message(&sim_messages[i]);
    check_order();
    for (EACH(c, PULIH_T_complaint)) {
        if (!c)
            continue;
        read_story(c, &s);
        check_chain(&s);
        check_once(&s);
        check_shown(&s);
        check_hints(&s);
        if (!in_dead(&c->id))
            check_armed(c);
        if (count_numbered(PULIH_T_letter, &c->id) != c->letters ||
            count_numbered(PULIH_T_promise, &c->id) != c->promises ||
            count_numbered(PULIH_T_offer, &c->id) != c->offers)
            sim_fail("%s: letters, promises or offers are not as many as it says", print(&c->id));
        for (EACH(other, PULIH_T_complaint))
            if (other && other != c && other->number == c->number)
                sim_fail("two complaints have the number %lld", (long long)c->number);
    }
    check_heads();
    check_dead();
    check_links();
}

const char *sim_oracle_restless(void)
{
    const struct pulih_row_complaint *c;
    const struct pulih_row_deadline *d;
    const struct pulih_row_pending *p;
    const struct pulih_row_unlinked *u;

    for (EACH(p, PULIH_T_pending))
        if (p)
            return "a manifest is left";
    for (EACH(u, PULIH_T_unlinked))
        if (u)
            return "a complaint is not compared";
    for (EACH(c, PULIH_T_complaint))
        if (c && c->holder && !in_dead(&c->id))
            return "a complaint is held";
    for (EACH(d, PULIH_T_deadline))
        if (d && d->due_at <= sim_server_now())
            return "a deadline is due";
    return NULL;
}
