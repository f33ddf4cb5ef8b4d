/* Any hinted row with any message: a row that is sound can be worked on, by each stage that works by hint, and
 * what is written about it can be read. Runs from the top of the source tree. */
#include <string.h>

#include "pulih/base/must.h"
#include "pulih/core/ledger.h"
#include "pulih/core/reference.h"
#include "pulih/core/step.h"
#include "services/classification/handlers.h"
#include "services/escalation/handlers.h"
#include "services/followup/handlers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct {
    enum pulih_stage stage;
    enum pulih_state state;
    struct pulih_handler handler;
} stages[] = {
    {PULIH_STAGE_classification,
     PULIH_STATE_received,
     {PULIH_M_complaint, classification_on_complaint, PULIH_BY_HINT}},
    {PULIH_STAGE_escalation,
     PULIH_STATE_classified,
     {PULIH_M_classified, escalation_on_classified, PULIH_BY_HINT}},
    {PULIH_STAGE_followup, PULIH_STATE_planned, {PULIH_M_planned, followup_on_planned, PULIH_BY_HINT}},
};

static const struct pulih_policy *policy(void)
{
    static struct pulih_policy *loaded;
    struct pulih_buf why = {0};

    if (!loaded)
        loaded = pulih_policy_load("deploy/policies/default.cfg", &why);
    pulih_must(loaded);
    return loaded;
}

/* What goes into the database must have its fields in order. */
static void check_rows(const struct pulih_rows *rows)
{
    for (size_t i = 0; i < rows->of[PULIH_T_event].n; i++) {
        const struct pulih_row_event *event = &PULIH_ROWS(rows, event)[i];
        enum pulih_m m = pulih_message_by_wire((uint64_t)event->type);
        union pulih_any msg;
        struct pulih_fault fault;

        memset(&msg, 0, sizeof msg);
        pulih_must(m < PULIH_M_N && pulih_msg_decode_part(m, event->body, PULIH_CLASS_OPEN, &msg, &fault));
        pulih_must(event->state >= 0 && event->state < PULIH_STATE_N);
    }
    for (size_t i = 0; i < rows->of[PULIH_T_feed].n; i++)
        pulih_must(PULIH_ROWS(rows, feed)[i].stream >= 0 && PULIH_ROWS(rows, feed)[i].stream < 64);
}

/* Whatever dates the step told, each stands in the ledger with its parties and an end that fits it. */
static void check_ledger(const struct pulih_rows *rows, int64_t now_us, struct pulih_arena *arena)
{
    size_t n = rows->of[PULIH_T_event].n;
    struct pulih_told *told = pulih_arena_get(arena, n * sizeof *told);
    struct pulih_ledger ledger;

    for (size_t i = 0; i < n; i++) {
        const struct pulih_row_event *event = &PULIH_ROWS(rows, event)[i];
        told[i] = (struct pulih_told){
            .version = event->version,
            .m = pulih_message_by_wire((uint64_t)event->type),
            .state = event->state,
            .at_us = event->recorded_at,
            .body = event->body,
        };
    }
    pulih_ledger_read(told, n, 0, now_us, arena, &ledger);
    for (size_t i = 0; i < ledger.n; i++) {
        const struct pulih_ledger_entry *e = &ledger.entry[i];
        pulih_must(e->to && e->by);
        pulih_must(e->state >= PULIH_standing_open && e->state <= PULIH_standing_superseded);
        pulih_must(e->due_us <= 0 || (e->state == PULIH_standing_open) == (e->ended_us == 0));
    }
}

static void work(const struct pulih_row_complaint *row, size_t which, struct pulih_view body)
{
    struct pulih_item item = {.row = *row, .type = stages[which].handler.on, .version = 1, .body = body};
    struct pulih_arena arena = {0};
    struct pulih_rows rows = {0};
    struct pulih_buf scratch = {0};
    struct pulih_step step = {.stage = stages[which].stage,
                              .policy = policy(),
                              .now_us = 1795348800000000,
                              .arena = &arena,
                              .rows = &rows,
                              .item = &item,
                              .scratch = &scratch};

    pulih_step_run(&step, &stages[which].handler, 1);
    pulih_must(item.verdict == PULIH_DONE || item.reason);
    if (item.verdict == PULIH_DONE) {
        check_rows(&rows);
        check_ledger(&rows, step.now_us, &arena);
    }
    pulih_rows_free(&rows);
    pulih_arena_free(&arena);
    pulih_buf_free(&scratch);
}

/* The stage, how many changes to an ordinary packed row, each a place and a byte; the rest is the message. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct pulih_row_complaint row = {.id = {{1}}, .number = 7, .version = 3, .language = 1, .tier = 1};
    PULIH_AUTO(pulih_buf_free) struct pulih_buf packed = {0};
    size_t which, changes;

    if (len < 2)
        return 0;
    which = bytes[0] % PULIH_COUNT(stages);
    changes = bytes[1] < (len - 2) / 2 ? bytes[1] : (len - 2) / 2;
    row.shard = pulih_shard(&row.id);
    row.state = (int16_t)stages[which].state;
    row.holder = (int16_t)stages[which].stage;
    row.received_at = 1795348800000000;
    pulih_row_pack(&row, &packed);
    for (size_t i = 0; i < changes; i++)
        packed.at[bytes[2 + 2 * i] % packed.len] = (char)bytes[3 + 2 * i];
    struct pulih_view body = {(const char *)bytes + 2 + 2 * changes, len - 2 - 2 * changes};
    pulih_must(pulih_row_unpack(pulih_view_of_buf(&packed), &row));
    /* While messages wait, follow-up reads before it works. */
    if (pulih_row_is_sound(&row) && !(stages[which].stage == PULIH_STAGE_followup && row.waiting))
        work(&row, which, body);
    return 0;
}
