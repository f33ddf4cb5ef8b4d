/* The timer: due deadlines become messages in the mailboxes of their complaints. */
#ifndef PULIH_ESCALATION_TIMER_H
#define PULIH_ESCALATION_TIMER_H

#include "pulih/host/worker.h"

enum escalation_statement {
#define SQL(name, n, params, text) ESCALATION_SQL_##name,
#include "gen/escalation.sql.h"
#undef SQL
    ESCALATION_SQL_N
};

extern const struct pulih_statement escalation_statements[ESCALATION_SQL_N];

/* pulih_beat_f; arg is struct pulih_host. Any replica may fire any deadline; a deadline is deleted in the
 * transaction that posts it, so it fires once however many replicas look. */
enum pulih_db_end escalation_timer(struct pulih_worker *w, void *arg, int64_t *ret_wait_us);

#endif
