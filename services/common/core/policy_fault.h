/* How the readers of a policy report a fault: one line each, "file:line: what was expected". */
#ifndef PULIH_CORE_POLICY_FAULT_H
#define PULIH_CORE_POLICY_FAULT_H

#include "pulih/base/bytes.h"

struct config_setting_t;

/* Appends one line. `at` is the setting at fault and names file and line, also inside an @include; NULL
 * stands for the whole file at `main_path`, which is reported as its line 1. Texts over 500 bytes are cut. */
void pulih_policy_fault(struct pulih_buf *why, const struct config_setting_t *at, const char *main_path,
                        const char *format, ...) PULIH_PRINTF(4, 5);

/* Appends the path of a file as the library names it: an @include is relative to the main file's folder. */
void pulih_policy_path(const char *file, const char *main_path, struct pulih_buf *out);

#endif
