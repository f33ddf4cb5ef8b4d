#include "tests/lib/database.h"

#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

extern char **environ;

static struct {
    char server[300]; /* conninfo but for the database's name */
    char name[40];
    char conninfo[400];
} own;

static void find_server(void)
{
    const char *link = getenv("PULIH_TEST_PG");
    char *folder = link ? realpath(link, NULL) : NULL;
    char path[300];
    int port = 0;

    if (!folder) {
        printf("1..0 # SKIP PULIH_TEST_PG names no PostgreSQL\n");
        exit(0);
    }
    snprintf(path, sizeof path, "%s/port", folder);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &port), 1);
    fclose(file);
    snprintf(own.server, sizeof own.server, "host=%s port=%d user=postgres connect_timeout=10", folder, port);
    free(folder);
}

static void run_at_server(const char *sql)
{
    char conninfo[sizeof own.server + 20];

    snprintf(conninfo, sizeof conninfo, "%s dbname=postgres", own.server);
    struct pulih_db *db = pulih_db_new(conninfo, "", "test");
    database_connect(db);
    if (pulih_db_script(db, sql) != PULIH_DB_DONE)
        fail_msg("%s: %s", sql, pulih_db_why(db));
    pulih_db_free(db);
}

static void migrate(void)
{
    const char *build = getenv("BUILD");
    char program[300];
    char *arguments[] = {program, (char[]){"migrate"}, (char[]){"--database"}, own.conninfo, NULL};
    pid_t pid;
    int status;

    snprintf(program, sizeof program, "%s/pulihctl", build ? build : "build/release");
    assert_int_equal(posix_spawn(&pid, program, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int database_make(void **state)
{
    char sql[100];

    (void)state;
    find_server();
    snprintf(own.name, sizeof own.name, "c%d", (int)getpid());
    snprintf(own.conninfo, sizeof own.conninfo, "%s dbname=%s", own.server, own.name);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE template0", own.name);
    run_at_server(sql);
    migrate();
    return 0;
}

int database_drop(void **state)
{
    char sql[100];

    (void)state;
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s WITH (FORCE)", own.name);
    run_at_server(sql);
    return 0;
}

const char *database_conninfo(void)
{
    return own.conninfo;
}

struct pulih_db *database_open(void)
{
    return pulih_db_new(own.conninfo, "", "test");
}

void database_connect(struct pulih_db *db)
{
    if (pulih_db_connect(db) != PULIH_DB_DONE)
        fail_msg("%s %s", pulih_db_sqlstate(db), pulih_db_why(db));
}

void database_run(struct pulih_db *db, enum pulih_db_end expected)
{
    enum pulih_db_end end = pulih_db_run(db);

    if (end != expected)
        fail_msg("ended with %d: %s %s", (int)end, pulih_db_sqlstate(db), pulih_db_why(db));
}
