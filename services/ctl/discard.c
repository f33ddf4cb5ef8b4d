/* pulihctl dead discard: gives up a message that no stage could do, so that the complaint goes on. */
#include <stdio.h>
#include <stdlib.h>

#include "pulih/base/clock.h"
#include "pulih/core/reference.h"
#include "pulih/core/store.h"
#include "services/ctl/ctl.h"

enum { T_stage, T_version };

/* The row of `dead` that the complaint waits for; its manifest is gone, and only it holds the complaint. */
struct stuck {
    struct pulih_item item;
    struct pulih_rows rows;
    struct pulih_arena arena;
    struct pulih_buf manifest;
};

static void free_stuck(struct stuck *s)
{
    pulih_rows_free(&s->rows);
    pulih_arena_free(&s->arena);
    pulih_buf_free(&s->manifest);
}

/* Locks the complaint and takes its dead message. 1: it was there; 0: not; -1: the database failed. */
static int take(const struct pulih_ctl *ctl, struct pulih_db *db, struct stuck *s)
{
    pulih_db_begin(db);
    size_t locked = pulih_store_lock(db, &s->item, 1);
    pulih_ctl_key_of(db, &s->item.row.id);
    size_t taken = pulih_db_call(db, PULIH_SQL_N + PULIH_CTL_SQL_take_dead);

    if (!pulih_ctl_run(ctl, db))
        return -1;
    if (pulih_db_rows(db, locked) == 0 || pulih_db_rows(db, taken) == 0)
        return 0;
    pulih_store_read_complaint(db, locked, 0, &s->item.row);
    s->item.was_version = s->item.row.version;
    s->item.was_holder = s->item.row.holder;
    s->item.version = (int32_t)pulih_db_int(db, taken, 0, T_version);
    /* Held by another stage: somebody retried it meanwhile, and there is nothing to give up. */
    return s->item.row.holder == pulih_db_int(db, taken, 0, T_stage);
}

static bool give_up(const struct pulih_ctl *ctl, struct pulih_db *db, struct stuck *s)
{
    const char *who = getenv("USER");
    int64_t now_us = pulih_wall_us();
    int32_t parked = pulih_mail_give_up(&s->item.row, &s->rows, &s->arena, s->item.version,
                                        pulih_view_of(who && *who ? who : "operator"), now_us);

    pulih_manifest_put(&s->manifest, &s->item.row.id, parked);
    pulih_store_manifest(&s->rows, PULIH_STAGE_followup, now_us, 0, pulih_view_of_buf(&s->manifest));
    pulih_store_move(db, &s->item, 1);
    pulih_store_put(db, &s->rows);
    pulih_db_commit(db);
    return pulih_ctl_run(ctl, db);
}

int pulih_ctl_discard(const struct pulih_ctl *ctl, const struct pulih_id *id)
{
    PULIH_AUTO(pulih_ctl_disconnect) struct pulih_db *db = pulih_ctl_connect_core(ctl);
    PULIH_AUTO(free_stuck) struct stuck s = {.item = {.row = {.id = *id, .shard = pulih_shard(id)}}};

    if (!db)
        return PULIH_CTL_FAILED;
    int found = take(ctl, db, &s);
    if (found < 0)
        return PULIH_CTL_FAILED;
    if (!found) {
        pulih_db_rollback(db);
        return pulih_ctl_failed(ctl, "%s has no dead messages", ctl->args[1]);
    }
    if (!give_up(ctl, db, &s))
        return PULIH_CTL_FAILED;
    printf("message %d is given up; the complaint goes on%s\n", (int)s.item.version,
           s.item.row.state == PULIH_STATE_parked ? " when a person classifies it (send reclassified)" : "");
    return PULIH_CTL_OK;
}
