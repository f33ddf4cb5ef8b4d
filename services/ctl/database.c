#include <stdlib.h>
#include <string.h>

#include "pulih/core/life.h"
#include "pulih/core/reference.h"
#include "pulih/core/store.h"
#include "pulih/host/conf.h"
#include "services/ctl/ctl.h"

const struct pulih_statement pulih_ctl_statements[PULIH_CTL_SQL_N] = {
#define SQL(name, n, params, text) {#name, n, params, text},
#include "gen/ctl.sql.h"
};

/* Appends how to connect. False: the configuration cannot be read, which was told. */
static bool find_conninfo(const struct pulih_ctl *ctl, struct pulih_buf *ret)
{
    const char *given = pulih_ctl_option(ctl, "database");
    const char *path = pulih_ctl_option(ctl, "config");
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_conf conf = {0};

    if (!given && !path)
        given = getenv("PULIH_DATABASE");
    if (given || !path) {
        pulih_buf_addf(ret, "%s", given ? given : "");
        return true;
    }
    bool ok = pulih_host_conf_load(path, PULIH_STAGE_intake, &conf, &why);
    if (ok)
        pulih_buf_addf(ret, "%s", conf.pulih_database);
    else
        pulih_ctl_failed(ctl, "%s", pulih_buf_text(&why));
    pulih_host_conf_free(&conf);
    return ok;
}

/* What is missing when a statement does not fit the tables. */
static bool lacks_tables(const struct pulih_db *db)
{
    static const char *const states[] = {"42P01", "42703", "3F000", "42883"};

    for (size_t i = 0; i < PULIH_COUNT(states); i++)
        if (strcmp(pulih_db_sqlstate(db), states[i]) == 0)
            return true;
    return false;
}

static struct pulih_db *connect_with(const struct pulih_ctl *ctl, bool core,
                                     const struct pulih_statement *own, size_t n)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf conninfo = {0};

    if (!find_conninfo(ctl, &conninfo))
        return NULL;
    struct pulih_db *db = pulih_db_new(pulih_buf_text(&conninfo), "", "pulihctl");
    if (core) {
        pulih_db_add(db, pulih_core_statements, PULIH_SQL_N);
        pulih_db_add_types(db, pulih_core_types, PULIH_TYPE_N);
    }
    if (n > 0)
        pulih_db_add(db, own, n);
    if (pulih_db_connect(db) == PULIH_DB_DONE)
        return db;
    pulih_ctl_failed(ctl, "%s%s", pulih_db_why(db),
                     lacks_tables(db) ? "; run pulihctl migrate first, or a pulihctl that fits this database"
                                      : "");
    pulih_db_free(db);
    return NULL;
}

struct pulih_db *pulih_ctl_connect_some(const struct pulih_ctl *ctl, enum pulih_ctl_statement first, size_t n)
{
    return connect_with(ctl, false, pulih_ctl_statements + first, n);
}

struct pulih_db *pulih_ctl_connect_core(const struct pulih_ctl *ctl)
{
    return connect_with(ctl, true, pulih_ctl_statements, PULIH_CTL_SQL_N);
}

struct pulih_db *pulih_ctl_connect(const struct pulih_ctl *ctl)
{
    return pulih_ctl_connect_some(ctl, (enum pulih_ctl_statement)0, PULIH_CTL_SQL_N);
}

bool pulih_ctl_run(const struct pulih_ctl *ctl, struct pulih_db *db)
{
    if (pulih_db_run(db) == PULIH_DB_DONE)
        return true;
    pulih_ctl_failed(ctl, "%s", pulih_db_why(db));
    return false;
}

struct pulih_params *pulih_ctl_key_of(struct pulih_db *db, const struct pulih_id *id)
{
    struct pulih_params *p = pulih_db_params(db);

    pulih_params_id(p, id);
    pulih_params_int2(p, pulih_shard(id));
    return p;
}

static bool find_number(const struct pulih_ctl *ctl, struct pulih_db *db, int64_t number, const char *text,
                        struct pulih_id *ret)
{
    pulih_params_int8(pulih_db_params(db), number);
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_find_number);

    if (!pulih_ctl_run(ctl, db))
        return false;
    if (pulih_db_rows(db, call) == 0) {
        pulih_ctl_failed(ctl, "there is no complaint %s", text);
        return false;
    }
    *ret = pulih_db_id(db, call, 0, 0);
    return true;
}

bool pulih_ctl_find(const struct pulih_ctl *ctl, struct pulih_db **db, const char *text, struct pulih_id *ret)
{
    int64_t number;

    if (pulih_id_parse(pulih_view_of(text), ret))
        return true;
    const char *wrong = pulih_reference_parse(pulih_view_of(text), &number);
    if (wrong) {
        pulih_ctl_failed(ctl, "%s is neither a reference (%s) nor a UUID", text, wrong);
        return false;
    }
    if (!*db)
        *db = pulih_ctl_connect(ctl);
    return *db && find_number(ctl, *db, number, text, ret);
}

void pulih_ctl_add_open_states(struct pulih_params *p)
{
    static const int open[] = {PULIH_STATE_received,     PULIH_STATE_classified, PULIH_STATE_planned,
                               PULIH_STATE_acknowledged, PULIH_STATE_approving,  PULIH_STATE_offered,
                               PULIH_STATE_accepted,     PULIH_STATE_parked};

    pulih_params_array(p, PULIH_OID_INT2, PULIH_COUNT(open));
    for (size_t i = 0; i < PULIH_COUNT(open); i++)
        pulih_params_int2(p, (int16_t)open[i]);
    pulih_params_end(p);
}
