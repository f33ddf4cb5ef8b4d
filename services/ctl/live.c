#include "services/ctl/live.h"

#include "pulih/core/store.h"

static size_t call_live(struct pulih_ctl_live *l, const int16_t *over, size_t n_over)
{
    struct pulih_params *p = pulih_db_params(l->db);

    pulih_params_id(p, &l->after);
    pulih_params_array(p, PULIH_OID_INT2, n_over);
    for (size_t i = 0; i < n_over; i++)
        pulih_params_int2(p, over[i]);
    pulih_params_end(p);
    pulih_params_time(p, l->since_us);
    pulih_params_int8(p, PULIH_CTL_LIVE_PAGE);
    return pulih_db_call(l->db, PULIH_SQL_N + PULIH_CTL_SQL_live);
}

static size_t call_plans(struct pulih_ctl_live *l)
{
    struct pulih_params *p = pulih_db_params(l->db);

    pulih_params_array(p, PULIH_OID_UUID, l->n);
    for (size_t i = 0; i < l->n; i++)
        pulih_params_id(p, &l->items[i].row.id);
    pulih_params_array(p, PULIH_OID_INT2, l->n);
    for (size_t i = 0; i < l->n; i++)
        pulih_params_int2(p, l->items[i].row.shard);
    return pulih_db_call(l->db, PULIH_SQL_N + PULIH_CTL_SQL_plans_promised);
}

/* What happened to those of the page. */
static bool read_stories(struct pulih_ctl_live *l)
{
    bool wants[PULIH_CTL_LIVE_PAGE];

    for (size_t i = 0; i < l->n; i++)
        wants[i] = true;
    size_t story = pulih_store_load_story(l->db, l->items, l->n, wants);
    size_t plans = call_plans(l);
    if (!pulih_ctl_run(l->ctl, l->db))
        return false;
    pulih_store_read_story(l->db, story, &l->arena, l->items);
    for (size_t i = 0; i < pulih_db_rows(l->db, plans); i++)
        l->plan_due[pulih_db_int(l->db, plans, i, 0) - 1] = pulih_db_time(l->db, plans, i, 1);
    return true;
}

bool pulih_ctl_live_next(struct pulih_ctl_live *l, const int16_t *over, size_t n_over)
{
    pulih_arena_reset(&l->arena);
    l->n = 0;
    if (l->done)
        return true;
    size_t live = call_live(l, over, n_over);
    pulih_db_params(l->db);
    size_t version = pulih_db_call(l->db, PULIH_SQL_schema_version);
    if (!pulih_ctl_run(l->ctl, l->db))
        return false;
    l->n = pulih_db_rows(l->db, live);
    l->now_us = pulih_db_time(l->db, version, 0, 2);
    l->done = l->n < PULIH_CTL_LIVE_PAGE;
    for (size_t i = 0; i < l->n; i++) {
        l->items[i] = (struct pulih_item){0};
        l->plan_due[i] = 0;
        pulih_store_read_complaint(l->db, live, i, &l->items[i].row);
    }
    if (l->n == 0)
        return true;
    l->after = l->items[l->n - 1].row.id;
    return read_stories(l);
}

void pulih_ctl_live_end(struct pulih_ctl_live *l)
{
    pulih_db_free(l->db);
    pulih_arena_free(&l->arena);
}
