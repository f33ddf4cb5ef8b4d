/* Brings the tables up to date: numbered migrations, forward only, each in a transaction of its own.
 *
 * Promises. Several at once are harmless: the first thing a migration writes is its row of schema_version,
 *           and whoever comes second waits for that row, finds it and goes on. A table that is locked is
 *           waited for 2 seconds at a time, so that nobody queues behind us for long.
 * Fails.    With everything of the migration undone; the earlier ones stay.
 */
#include <stdlib.h>
#include <string.h>

#include "pulih.h"
#include "pulih/base/clock.h"
#include "pulih/base/point.h"
#include "services/ctl/ctl.h"

enum { TRIES_MAX = 60 };

static const struct migration {
    int32_t version;
    const char *name;
    const char *text;
} migrations[] = {
#define MIGRATION(version, name, text) {version, name, text},
#include "gen/migrations.h"
};

enum { LAST = PULIH_COUNT(migrations) };

/* Programs that know fewer migrations than this cannot work with the new tables. A migration that only adds
 * names an earlier one: `-- min code: 3`. */
static int32_t min_code_of(const struct migration *m)
{
    static const char mark[] = "\n-- min code: ";
    const char *found = strstr(m->text, mark);

    return found ? (int32_t)strtol(found + sizeof mark - 1, NULL, 10) : m->version;
}

static bool is_state(const struct pulih_db *db, const char *sqlstate)
{
    return strcmp(pulih_db_sqlstate(db), sqlstate) == 0;
}

/* IF NOT EXISTS still fails when two make the same thing at the same moment. */
static bool made_by_another(const struct pulih_db *db)
{
    return is_state(db, "23505") || is_state(db, "42P06") || is_state(db, "42P07") || is_state(db, "42710") ||
           is_state(db, "XX000");
}

static bool make(const struct pulih_ctl *ctl, struct pulih_db *db, enum pulih_ctl_statement what)
{
    enum pulih_db_end end = PULIH_DB_RETRY;

    for (int i = 0; i < TRIES_MAX && end != PULIH_DB_DONE; i++) {
        end = pulih_db_script(db, pulih_ctl_statements[what].text);
        if (end != PULIH_DB_DONE && !made_by_another(db))
            break;
    }
    if (end != PULIH_DB_DONE)
        pulih_ctl_failed(ctl, "%s", pulih_db_why(db));
    return end == PULIH_DB_DONE;
}

static bool make_versions(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(pulih_ctl_disconnect)
    struct pulih_db *db = pulih_ctl_connect_some(ctl, PULIH_CTL_SQL_make_schema, 0);

    return db && make(ctl, db, PULIH_CTL_SQL_make_schema) && make(ctl, db, PULIH_CTL_SQL_make_versions);
}

static enum pulih_db_end apply(struct pulih_db *db, size_t base, const struct migration *m)
{
    pulih_db_begin(db);
    pulih_db_params(db);
    pulih_db_call(db, PULIH_CTL_SQL_be_patient - base);
    struct pulih_params *p = pulih_db_params(db);
    pulih_params_int4(p, m->version);
    pulih_params_text(p, pulih_view_of(m->name));
    pulih_params_int4(p, min_code_of(m));
    pulih_db_call(db, PULIH_CTL_SQL_put_version - base);
    enum pulih_db_end end = pulih_db_run(db);
    PULIH_POINT(migration_begun);
    if (end == PULIH_DB_DONE)
        end = pulih_db_script(db, m->text);
    PULIH_POINT(migration_applied);
    if (end != PULIH_DB_DONE) {
        pulih_db_rollback(db);
        return end;
    }
    pulih_db_commit(db);
    return pulih_db_run(db);
}

/* Done here, or by another in the meantime. */
static bool migrate_once(const struct pulih_ctl *ctl, struct pulih_db *db, size_t base,
                         const struct migration *m)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        int64_t start_us = pulih_mono_us();
        if (apply(db, base, m) == PULIH_DB_DONE) {
            PULIH_POINT(migration_done);
            printf("%s: done in %lld ms\n", m->name, (long long)((pulih_mono_us() - start_us) / 1000));
            return true;
        }
        if (is_state(db, "23505")) {
            printf("%s: another one did it\n", m->name);
            return true;
        }
        if (!is_state(db, "55P03") && !is_state(db, "40P01"))
            break;
        printf("%s: waiting for a lock\n", m->name);
        fflush(stdout);
    }
    pulih_ctl_failed(ctl, "%s: %s", m->name, pulih_db_why(db));
    return false;
}

/* The version the tables have, or -1. */
static int64_t read_version(const struct pulih_ctl *ctl, struct pulih_db *db, size_t base)
{
    pulih_db_params(db);
    size_t call = pulih_db_call(db, PULIH_CTL_SQL_versions - base);

    return pulih_ctl_run(ctl, db) ? pulih_db_int(db, call, 0, 0) : -1;
}

int pulih_ctl_migrate(const struct pulih_ctl *ctl)
{
    static const size_t base = PULIH_CTL_SQL_be_patient;

    if (!make_versions(ctl))
        return PULIH_CTL_FAILED;
    PULIH_AUTO(pulih_ctl_disconnect)
    struct pulih_db *db = pulih_ctl_connect_some(ctl, PULIH_CTL_SQL_be_patient, 3);
    if (!db)
        return PULIH_CTL_FAILED;
    pulih_db_set_timeout(db, 0);
    for (int64_t before = -1;;) {
        int64_t version = read_version(ctl, db, base);
        if (version > LAST)
            return pulih_ctl_failed(ctl, "the tables are of version %lld; this program knows them up to %d",
                                    (long long)version, LAST);
        if (version == LAST)
            break;
        if (version < 0)
            return PULIH_CTL_FAILED;
        if (version == before)
            return pulih_ctl_failed(ctl, "%s", pulih_db_why(db));
        before = version;
        if (!migrate_once(ctl, db, base, &migrations[version]))
            return PULIH_CTL_FAILED;
    }
    printf("the tables are of version %d\n", LAST);
    return PULIH_CTL_OK;
}

int pulih_ctl_version(const struct pulih_ctl *ctl)
{
    printf("pulihctl " PULIH_VERSION "\nprotocol %d\ntables %d\n", PULIH_PROTOCOL, LAST);
    return (void)ctl, PULIH_CTL_OK;
}
