#include "services/ctl/story.h"

#include "pulih/core/store.h"

bool pulih_ctl_keep_past(const struct pulih_ctl *ctl, struct pulih_db *db, struct pulih_policy *policy)
{
    size_t version = pulih_db_call(db, PULIH_SQL_schema_version);
    size_t calendars = pulih_store_load_calendars(db);

    if (!pulih_ctl_run(ctl, db))
        return false;
    pulih_store_keep_past(db, calendars, policy, pulih_db_time(db, version, 0, 2));
    return true;
}

static void take(struct pulih_ctl_story *ret, const struct pulih_item *item)
{
    ret->told = item->story;
    ret->n = item->n_story;
    if (ret->n && ret->told[ret->n - 1].at_us > ret->now_us)
        ret->now_us = ret->told[ret->n - 1].at_us;
}

bool pulih_ctl_story_find(const struct pulih_ctl *ctl, const char *text, struct pulih_ctl_story *ret)
{
    struct pulih_db *db PULIH_AUTO(pulih_ctl_disconnect) = NULL;
    struct pulih_item item = {0};
    const bool wanted = true;

    if (!pulih_ctl_find(ctl, &db, text, &item.row.id))
        return false;
    ret->db = pulih_ctl_connect_core(ctl);
    if (!ret->db)
        return false;
    ret->id = item.row.id;
    item.row.shard = pulih_shard(&item.row.id);
    pulih_ctl_key_of(ret->db, &item.row.id);
    size_t row = pulih_db_call(ret->db, PULIH_SQL_N + PULIH_CTL_SQL_card);
    pulih_db_params(ret->db);
    size_t version = pulih_db_call(ret->db, PULIH_SQL_schema_version);
    size_t story = pulih_store_load_story(ret->db, &item, 1, &wanted);
    if (!pulih_ctl_run(ctl, ret->db))
        return false;
    if (pulih_db_rows(ret->db, row) == 0) {
        pulih_ctl_failed(ctl, "there is no complaint %s", text);
        return false;
    }
    pulih_store_read_complaint(ret->db, row, 0, &item.row);
    pulih_reference_print(item.row.number, ret->reference);
    ret->now_us = pulih_db_time(ret->db, version, 0, 2);
    pulih_store_read_story(ret->db, story, &ret->arena, &item);
    take(ret, &item);
    return true;
}

void pulih_ctl_story_end(struct pulih_ctl_story *story)
{
    pulih_db_free(story->db);
    pulih_arena_free(&story->arena);
}
