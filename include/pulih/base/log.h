/* One line per event on standard error: logfmt or JSON. Only the host and the tools log; libraries return.
 *
 * Promises. Values are quoted where needed; control signs never reach the terminal; lines of threads do not
 *           mix. Nobody waits for a reader: a line that finds no room is dropped, and the next one that finds
 *           some says in lines_lost how many were. No personal data: callers pass codes, numbers, references.
 */
#ifndef PULIH_BASE_LOG_H
#define PULIH_BASE_LOG_H

#include <stdbool.h>

#include "pulih/base/bytes.h"

enum pulih_log_level { PULIH_LOG_debug, PULIH_LOG_info, PULIH_LOG_warning, PULIH_LOG_error };

/* Once, before there are threads; keeps `program`. Until then: pulih, info, logfmt. */
void pulih_log_setup(const char *program, enum pulih_log_level least, bool json);
/* False for a name that is no level. */
bool pulih_log_level_parse(const char *name, enum pulih_log_level *ret);

/* pulih_log(PULIH_LOG_info, "batch committed", "items", "%zu", n, "stage", "%s", name, NULL)
 * An event, then triples of key, format, one argument of that format; ends with NULL.
 * A format is one conversion: %s (NULL prints as empty), %c, %d, %u, %x, each with z, l or ll where
 * the argument has that size (int64_t is cast to long long), %f and %g, with precision as in printf; and %v
 * for a struct pulih_view. Anything else is a bug. */
void pulih_log(enum pulih_log_level level, const char *event, ...) __attribute__((sentinel));

#endif
