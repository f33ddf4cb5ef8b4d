/* A complaint's chronology from the database, as clocks see it. */
#ifndef PULIH_CTL_STORY_H
#define PULIH_CTL_STORY_H

#include "pulih/core/clocks.h"
#include "pulih/core/reference.h"
#include "services/ctl/ctl.h"

struct pulih_ctl_story {
    struct pulih_db *db;
    struct pulih_arena arena; /* holds the chronology */
    struct pulih_id id;
    char reference[PULIH_REFERENCE_BYTES];
    const struct pulih_told *told;
    size_t n;
    int64_t now_us; /* the database's, and not before the last event */
};

/* The policy's calendars get the past that they had in this database, and count themselves from then, or from
 * now, on. False: it was told why not. */
bool pulih_ctl_keep_past(const struct pulih_ctl *ctl, struct pulih_db *db, struct pulih_policy *policy);

/* Finds the complaint by reference or UUID and reads it. False: it was told why not. The caller ends it in
 * any case. */
bool pulih_ctl_story_find(const struct pulih_ctl *ctl, const char *text, struct pulih_ctl_story *ret);
void pulih_ctl_story_end(struct pulih_ctl_story *story);

#endif
