/* Small files, read whole. */
#ifndef PULIH_BASE_FILE_H
#define PULIH_BASE_FILE_H

#include <stdbool.h>

#include "pulih/base/bytes.h"

/* Appends a whole regular file to `text`; a FIFO or a directory would hang or end the caller. `forbidden` are
 * bits of the mode that the file may not have, such as 027: others have no right, the group may read. False:
 * the reason is appended to `why`, without the path. */
bool pulih_file_read(const char *path, unsigned forbidden, struct pulih_buf *text, struct pulih_buf *why);

#endif
