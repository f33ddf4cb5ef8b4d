/* pulihctl show: what its parts share. */
#ifndef PULIH_CTL_SHOW_H
#define PULIH_CTL_SHOW_H

#include "pulih/core/rows.h"
#include "services/ctl/ctl.h"

/* Columns of statement chronology. */
enum {
    C_version,
    C_type,
    C_prior,
    C_state,
    C_message,
    C_occurred_at,
    C_recorded_at,
    C_body,
    C_digest,
    C_hash,
    C_text
};

struct pulih_ctl_showing {
    const struct pulih_ctl *ctl;
    struct pulih_db *db;
    struct pulih_id id;
    bool json;
    int classes;
    int64_t now_us;
    struct pulih_row_complaint row;
    size_t card, /* calls */
        consumer, chronology, people, classifications, promises, letters, links, dead;
    struct pulih_ctl_message message;
    struct pulih_buf out;
};

/* Words of a mask, with blanks between them. */
void pulih_ctl_add_mask(struct pulih_buf *out, enum pulih_words list, unsigned mask);
void pulih_ctl_show_people(struct pulih_ctl_showing *s);
void pulih_ctl_show_classification(struct pulih_ctl_showing *s);
void pulih_ctl_show_chronology(struct pulih_ctl_showing *s);
void pulih_ctl_show_letters(struct pulih_ctl_showing *s);
/* Complaints that are alike, as suggested or as a person decided. */
void pulih_ctl_show_links(struct pulih_ctl_showing *s);
/* Computes every hash of the chronology anew and says whether it is intact, or at which event it breaks;
 * false: it breaks. */
bool pulih_ctl_show_chain(struct pulih_ctl_showing *s);

#endif
