#include "services/common/core/repeats.h"

#include <string.h>

enum { PLACE_BITS_LEAST = 6, PLACES_EACH = 3, WAY_MAX = 64 };

static uint32_t home_of(const struct pulih_repeats *r, uint32_t id)
{
    return id * UINT32_C(2654435769) >> r->shift;
}

void pulih_repeats_start(struct pulih_repeats *r, size_t may_come)
{
    unsigned bits = PLACE_BITS_LEAST;

    while ((size_t)1 << bits < PLACES_EACH * may_come && 1 << bits < PULIH_REPEATS_PLACES)
        bits++;
    r->shift = 32 - bits;
    r->n = r->n_again = r->n_repeated = 0;
    memset(r->ids, 0, sizeof *r->ids << bits);
    memset(r->again, 0, sizeof *r->again << bits);
}

uint16_t pulih_repeats_count_one(struct pulih_repeats *r, uint32_t id)
{
    const uint32_t mask = UINT32_MAX >> r->shift;
    uint32_t at = home_of(r, id), way = 0;

    r->n++;
    for (; r->ids[at] && r->ids[at] != id; at = (at + 1) & mask)
        if (++way == WAY_MAX)
            return PULIH_NO_PLACE;
    if (!r->ids[at]) {
        r->ids[at] = id;
        return (uint16_t)at;
    }
    r->n_again++;
    if (!r->again[at]++)
        r->repeated[r->n_repeated++] = (uint16_t)at;
    return PULIH_NO_PLACE;
}

/* Most are new and find their place free: that is seen without a branch; the others are looked at after. */
void pulih_repeats_count(struct pulih_repeats *r, const uint32_t *ids, size_t n)
{
    PULIH_UNSET uint32_t others[PULIH_WORD_PIECES_MAX];
    size_t n_others = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t *place = &r->ids[home_of(r, ids[i])], there = *place;

        others[n_others] = ids[i];
        n_others += there != 0;
        *place = there ? there : ids[i];
    }
    r->n += n - n_others;
    for (size_t i = 0; i < n_others; i++)
        pulih_repeats_count_one(r, others[i]);
}
