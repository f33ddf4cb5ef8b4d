#include "pulih/host/hinters.h"

#include "pulih/base/clock.h"

/* A sender that hinted truly may be late now and then: the poll, or another replica, was faster. */
enum { KNOWN_MOST = 256, IDLE_MOST = 32, TRIES_MOST = 5, ITEMS_PER_TRY = 100 };
enum { HINTS_PER_TURN = 1000, BYTES_PER_TURN = 4 * 1024 * 1024 };
static const int64_t TRY_US = 200 * 1000, FULL_US = 200 * 1000;

struct hinter {
    struct pulih_session s;
    int idle; /* hints in a row that named nothing */
};

void pulih_hinters_init(struct pulih_hinters *h, int64_t now_us)
{
    *h = (struct pulih_hinters){.tries = TRIES_MOST, .next_try_us = now_us + TRY_US};
    pulih_sessions_init(&h->known, sizeof(struct hinter), KNOWN_MOST);
}

void pulih_hinters_free(struct pulih_hinters *h)
{
    pulih_sessions_free(&h->known);
}

static void add_tries(struct pulih_hinters *h, int64_t now_us)
{
    if (now_us < h->next_try_us)
        return;
    h->next_try_us = now_us + TRY_US;
    if (h->tries < TRIES_MOST)
        h->tries++;
}

bool pulih_hinter_may(struct pulih_hinters *h, const struct pulih_bus_peer *peer, int64_t now_us)
{
    add_tries(h, now_us);
    return h->tries > 0 || pulih_session_find(&h->known, peer);
}

/* A connection that ended is never told of: the one that is silent for longest makes room. */
static void forget_oldest(struct pulih_hinters *h)
{
    struct pulih_session *s, *oldest = NULL;

    for (size_t at = 0; (s = pulih_session_next(&h->known, &at));)
        if (!oldest || s->seen_us < oldest->seen_us)
            oldest = s;
    if (oldest)
        pulih_session_drop(&h->known, oldest);
}

static void praise(struct pulih_hinters *h, const struct pulih_bus_peer *peer, int64_t now_us)
{
    struct hinter *hinter = (struct hinter *)pulih_session_find(&h->known, peer);

    if (!hinter && h->known.n == h->known.max)
        forget_oldest(h);
    if (!hinter)
        hinter = (struct hinter *)pulih_session_add(&h->known, peer, 0);
    hinter->idle = 0;
    hinter->s.seen_us = now_us;
}

/* True: it is a stranger's. */
static bool blame(struct pulih_hinters *h, const struct pulih_bus_peer *peer)
{
    struct hinter *hinter = (struct hinter *)pulih_session_find(&h->known, peer);

    if (hinter && ++hinter->idle >= IDLE_MOST)
        pulih_session_drop(&h->known, &hinter->s);
    return !hinter;
}

void pulih_hinter_blame(struct pulih_hinters *h, const struct pulih_bus_peer *peer)
{
    if (blame(h, peer) && h->tries > 0)
        h->tries--;
}

void pulih_hinters_learn(struct pulih_hinters *h, const struct pulih_batch *b, int64_t now_us)
{
    bool spoilt = false;
    size_t wasted = 0; /* items: each ran through a step and a statement */

    for (size_t i = 0; i < b->n_frames; i++)
        if (b->hinted[i].found)
            praise(h, &b->frames[i]->peer, now_us);
    for (size_t i = 0; i < b->n_frames; i++)
        if (!b->hinted[i].found && blame(h, &b->frames[i]->peer)) {
            spoilt = true;
            wasted += b->hinted[i].n;
        }
    if (spoilt && h->tries > 0)
        h->tries -= 1 + (int)(wasted / ITEMS_PER_TRY);
}

static void ignore(struct pulih_bus_msg *frame, struct pulih_metrics *metrics)
{
    pulih_count(metrics, PULIH_METRIC_hints_ignored_total, 1);
    pulih_bus_msg_free(frame);
}

/* Returns how many bytes had to be read. */
static size_t take(struct pulih_hinters *h, struct pulih_batch *b, struct pulih_bus_msg *frame,
                   struct pulih_metrics *metrics, int64_t now_us)
{
    struct pulih_bus_peer from = frame->peer;
    size_t len = frame->body.len;

    if (!pulih_hinter_may(h, &from, now_us)) {
        ignore(frame, metrics);
        return 0;
    }
    if (!pulih_batch_add(b, frame, metrics))
        pulih_hinter_blame(h, &from);
    return len;
}

/* True: the batch has had no room for a while. */
static bool is_stuck(struct pulih_hinters *h, bool room, int64_t now_us)
{
    if (room)
        h->full_since_us = 0;
    else if (!h->full_since_us)
        h->full_since_us = now_us;
    return !room && now_us - h->full_since_us > FULL_US;
}

/* Bounded, so that a flood keeps nothing else of the turn back. */
void pulih_hinters_receive(struct pulih_hinters *h, struct pulih_bus_socket *port, struct pulih_batch *b,
                           size_t items_most, struct pulih_metrics *metrics)
{
    int64_t now_us = pulih_mono_us();
    bool stuck = is_stuck(h, pulih_batch_has_room(b, items_most), now_us);
    struct pulih_bus_msg *frame;
    size_t bytes = 0;

    for (int n = 0; n < HINTS_PER_TURN && bytes < BYTES_PER_TURN; n++) {
        bool room = pulih_batch_has_room(b, items_most);
        if ((!room && !stuck) || !(frame = pulih_bus_receive(port)))
            return;
        if (room)
            bytes += take(h, b, frame, metrics, now_us);
        else
            ignore(frame, metrics);
    }
}
