#include "pulih/host/hinters.h"

/* A sender that hinted truly may be late now and then: the poll, or another replica, was faster. */
enum { KNOWN_MOST = 256, IDLE_MOST = 32, TRIES_MOST = 5 };
static const int64_t TRY_US = 200 * 1000;

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

void pulih_hinters_learn(struct pulih_hinters *h, const struct pulih_batch *b, int64_t now_us)
{
    bool spoilt = false;

    for (size_t i = 0; i < b->n_frames; i++)
        if (b->hinted[i].found)
            praise(h, &b->frames[i]->peer, now_us);
    for (size_t i = 0; i < b->n_frames; i++)
        if (!b->hinted[i].found && blame(h, &b->frames[i]->peer))
            spoilt = true;
    if (spoilt && h->tries > 0)
        h->tries--;
}
