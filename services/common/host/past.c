#include "services/common/host/service_impl.h"

enum pulih_db_end pulih_host_take_past(struct pulih_db *db, enum pulih_stage stage,
                                       struct pulih_policy *policy, int64_t now_us)
{
    if (stage < PULIH_STAGE_escalation || !policy)
        return PULIH_DB_DONE;
    pulih_db_begin(db);
    pulih_store_put_calendars(db, policy, now_us);
    size_t call = pulih_store_load_calendars(db);
    pulih_db_commit(db);
    enum pulih_db_end end = pulih_db_run(db);
    if (end == PULIH_DB_DONE)
        pulih_store_keep_past(db, call, policy, now_us);
    else
        pulih_db_rollback(db);
    return end;
}
