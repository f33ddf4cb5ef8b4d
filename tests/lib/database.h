/* A database of a C program's own, empty and migrated, on the run's PostgreSQL.
 *
 * Does.     Finds the server by PULIH_TEST_PG, as tests/lib/pulihtest.py does, and runs pulihctl migrate as an
 *           operator would. Without the variable the program ends with all its tests skipped: run it by
 *           tests/run.
 * Fails.    By failing the cmocka test.
 */
#ifndef PULIH_TEST_DATABASE_H
#define PULIH_TEST_DATABASE_H

#include "pulih/base/db.h"

/* For cmocka_run_group_tests: *state stays as it is. */
int database_make(void **state);
int database_drop(void **state);

/* How to connect to it, once it is made. */
const char *database_conninfo(void);
/* A connection with no statements of its own yet; freed by the caller. */
struct pulih_db *database_open(void);
/* Connects, or fails the test with the server's words. */
void database_connect(struct pulih_db *db);
/* Runs what is queued and expects this end. */
void database_run(struct pulih_db *db, enum pulih_db_end expected);

#endif
