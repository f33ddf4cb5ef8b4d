/* Complaints that live, or all, page by page, with their chronologies. */
#ifndef PULIH_CTL_LIVE_H
#define PULIH_CTL_LIVE_H

#include "pulih/core/step.h"
#include "services/ctl/ctl.h"

enum { PULIH_CTL_LIVE_PAGE = 500 };

/* All zero but `ctl`, `db`, which has the statements of core in front, and `since_us` is the place before the
 * first. */
struct pulih_ctl_live {
    const struct pulih_ctl *ctl;
    struct pulih_db *db;
    int64_t since_us;         /* those received before are left out */
    struct pulih_arena arena; /* of the page at hand */
    struct pulih_item items[PULIH_CTL_LIVE_PAGE];
    int64_t plan_due[PULIH_CTL_LIVE_PAGE]; /* beside each item: what the receipt promised; 0: nothing */
    size_t n;
    int64_t now_us; /* the database's */
    struct pulih_id after;
    bool done;
};

/* Reads the next page of complaints that are in none of these states. False: it was told why not; at the end
 * n is 0. */
bool pulih_ctl_live_next(struct pulih_ctl_live *l, const int16_t *over, size_t n_over);
void pulih_ctl_live_end(struct pulih_ctl_live *l);

#endif
