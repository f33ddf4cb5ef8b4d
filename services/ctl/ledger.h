/* The ledger of promises as pulihctl shows it. */
#ifndef PULIH_CTL_LEDGER_H
#define PULIH_CTL_LEDGER_H

#include "pulih/core/ledger.h"
#include "services/ctl/ctl.h"

/* How entries are told, one row each. */
struct pulih_ctl_ledger {
    struct pulih_ctl_table table;
    int language;          /* PULIH_language_*; unknown: words as on the wire */
    struct pulih_db *db;   /* with the complaint's letters */
    size_t letters;        /* call of statement letters */
    struct pulih_buf cell; /* scratch */
};

/* Starts a table in this language, or JSON. */
void pulih_ctl_ledger_start(struct pulih_ctl_ledger *l, int language, bool json);
void pulih_ctl_ledger_row(struct pulih_ctl_ledger *l, const struct pulih_ledger_entry *e);
void pulih_ctl_ledger_end(struct pulih_ctl_ledger *l);

/* When a row of statement promises is due that the receipt told; 0: there is none. */
int64_t pulih_ctl_plan_due(struct pulih_db *db, size_t promises);

#endif
