/* The statements of the daemons, by name, over the model of the store. What each does in SQL stands in the .sql files;
 * what PostgreSQL makes of it under concurrency stands here: what is read is as it was when the statement began, what
 * is locked or changed is waited for, and then the newest version counts. */
#include <string.h>

#include "pulih/base/bytes.h"
#include "tests/sim/statements.h"

static const struct {
    const char *name;
    sim_statement_f *execute;
} statements[] = {
    {"schema_version", sim_schema_version},
    {"seen", sim_seen},
    {"drop_manifests", sim_drop_manifests},
    {"lock_manifests", sim_lock_manifests},
    {"lock_due", sim_lock_due},
    {"bump_manifests", sim_bump_manifests},
    {"unbump_manifests", sim_unbump_manifests},
    {"oldest_pending", sim_oldest_pending},
    {"lock_complaints", sim_lock_complaints},
    {"load_work", sim_load_work},
    {"load_story", sim_load_story},
    {"move_complaints", sim_move_complaints},
    {"put_complaint", sim_put_complaint},
    {"lock_heads", sim_lock_heads},
    {"put_feed", sim_put_feed},
    {"take_numbers", sim_take_numbers},
    {"known_complaints", sim_known_complaints},
    {"known_messages", sim_known_messages},
    {"model_axes", sim_no_rows},
    {"look_ahead", sim_look_ahead},
    {"claim_deadlines", sim_claim_deadlines},
    {"erase_hints", sim_erase_hints},
    {"put_calendar", sim_no_rows},
    {"load_calendars", sim_no_rows},
    {"apply_policy", sim_no_rows},
    {"take_policy", sim_no_rows},
    {"claim_unlinked", sim_claim_unlinked},
    {"drop_unlinked", sim_drop_unlinked},
    {"read_stories", sim_read_stories},
    {"find_similar", sim_find_similar},
    {"count_history", sim_count_history},
    {"suggest_links", sim_suggest_links},
    {"prune_traces", sim_prune_traces},
    {"heads", sim_heads},
    {"read_feed", sim_read_feed},
    {"read_letter", sim_read_letter},
};

/* Rows of a table that nothing else hangs on. */
static bool execute_insert(struct sim_tx *tx, const char *name, const struct sim_params *p)
{
    if (strncmp(name, "put_", 4) != 0)
        return false;
    for (int t = 0; t < PULIH_T_N; t++)
        if (strcmp(pulih_tables[t].name, name + 4) == 0) {
            sim_insert_all(tx, t, p->at[0],
                           t == PULIH_T_dead || t == PULIH_T_trace      ? SIM_PASS_OVER
                           : t == PULIH_T_deadline || t == PULIH_T_link ? SIM_REPLACE
                                                                        : SIM_REFUSE);
            return true;
        }
    return false;
}

void sim_execute(struct sim_tx *tx, const char *name, const struct sim_params *p, struct pg_result *out)
{
    for (size_t i = 0; i < PULIH_COUNT(statements); i++)
        if (strcmp(name, statements[i].name) == 0) {
            statements[i].execute(tx, p, out);
            return;
        }
    if (!execute_insert(tx, name, p))
        sim_fail("the model of the store does not know the statement %s", name);
}
