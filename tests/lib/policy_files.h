/* A small whole policy in a folder of its own, and that policy with one place of it changed. */
#ifndef PULIH_TEST_POLICY_FILES_H
#define PULIH_TEST_POLICY_FILES_H

#include "pulih/core/policy.h"

/* What the good policy says of its calendar. */
#define GOOD_CALENDAR                                                                                        \
    "calendar = {\n"                                                                                         \
    "  zone = \"Asia/Makassar\";\n"                                                                          \
    "  week = {\n"                                                                                           \
    "    monday = [ \"08:00-12:00\",\n"                                                                      \
    "      \"13:00-17:00\" ];\n"                                                                             \
    "    sunday = [ \"00:00-24:00\" ];\n"                                                                    \
    "  };\n"                                                                                                 \
    "  holidays = [\n"                                                                                       \
    "    \"2026-12-28\",\n"                                                                                  \
    "    \"2026-11-23\"\n"                                                                                   \
    "  ];\n"                                                                                                 \
    "};\n"

struct policy_folder {
    char path[64];
    char main[80];
};

/* For cmocka_unit_test_setup_teardown: *state is a struct policy_folder. */
int make_policy_folder(void **state);
int remove_policy_folder(void **state);

/* Writes policy.cfg, part.cfg or deeper.cfg, which are removed with the folder. */
void put_policy_file(const struct policy_folder *f, const char *name, const char *text, size_t len);
/* Writes the good policy with the first `find` replaced; returns the line where it stood. */
int put_changed_policy(const struct policy_folder *f, const char *find, const char *put);
/* Loads the folder's policy; a fault fails the test. */
struct pulih_policy *load_policy(const struct policy_folder *f);

#endif
