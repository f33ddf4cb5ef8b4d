/* The timer: due deadlines become messages in the mailboxes of their complaints. */
#ifndef PULIH_ESCALATION_TIMER_H
#define PULIH_ESCALATION_TIMER_H

#include "pulih/host/stage.h"
#include "pulih/host/worker.h"

enum escalation_statement {
#define SQL(name, n, params, text) ESCALATION_SQL_##name,
#include "gen/escalation.sql.h"
#undef SQL
    ESCALATION_SQL_N
};

extern const struct pulih_statement escalation_statements[ESCALATION_SQL_N];

/* Reads the rows that pulih_store_lock locked into the items; a complaint that is not there keeps
 * version 0. */
void escalation_take_rows(struct pulih_db *db, size_t call, struct pulih_batch *b);

/* pulih_beat_f; arg is struct pulih_host. Any replica may fire any deadline; a deadline is deleted in the
 * transaction that posts it, so it fires once however many replicas look. */
enum pulih_db_end escalation_timer(struct pulih_worker *w, void *arg, int64_t *ret_wait_us);

/* The same for a policy that came into force (replan.c): looks through live complaints, so many at a time,
 * and posts plan_outdated to those whose deadlines it moves. *ret_more: some are left for the next call. */
enum pulih_db_end escalation_replan(struct pulih_worker *w, int64_t most, bool *ret_more);

#endif
