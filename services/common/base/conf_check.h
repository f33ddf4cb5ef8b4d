/* What the configuration library does not check, or not well enough; for conf.c alone. */
#ifndef PULIH_BASE_CONF_CHECK_H
#define PULIH_BASE_CONF_CHECK_H

#include "pulih/base/conf.h"

/* Looks at the text of `path` and of what it includes, before the library does. The library cuts whole
 * numbers to 32 bits in silence, and ends the process when an include is a directory. False: faults are
 * in *why, a line each. */
bool pulih_conf_check_source(const char *path, struct pulih_buf *why);
/* The same for a text without includes. */
bool pulih_conf_check_text(const char *text, struct pulih_buf *why);

/* What the library has read, with all that is in it. It does not look whether it had the memory for a name or
 * a text, and leaves it out in silence: then this ends the process. */
struct config_setting_t;
void pulih_conf_must_be_whole(const struct config_setting_t *setting);

/* Directory part of a path, "." if there is none. */
struct pulih_view pulih_conf_directory(const char *path);

/* Whether two names of groups, either of which may be NULL, are the same. */
bool pulih_conf_same_group(const char *a, const char *b);

/* The row of the group whose name is most like an unknown one; else one of another group with that very name;
 * else NULL. `group` is NULL at the top. */
const struct pulih_conf_row *pulih_conf_nearest(const struct pulih_conf_file *file, const char *group,
                                                const char *name);
/* The same for the name of a group. */
const char *pulih_conf_nearest_group(const struct pulih_conf_file *file, const char *name);

#endif
