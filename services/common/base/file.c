#include "pulih/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 16 * 1024 };

static bool check_kind(int fd, unsigned forbidden, struct pulih_buf *why)
{
    struct stat info;

    if (fstat(fd, &info) < 0)
        pulih_buf_addf(why, "%s", strerror(errno));
    else if (!S_ISREG(info.st_mode))
        pulih_buf_addf(why, "not a regular file");
    else if (info.st_mode & forbidden)
        pulih_buf_addf(why, "its mode is %04o, may be at most %04o: use chmod", info.st_mode & 07777,
                       0666 & ~forbidden);
    else
        return true;
    return false;
}

bool pulih_file_read(const char *path, unsigned forbidden, struct pulih_buf *text, struct pulih_buf *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = fd >= 0;
    ssize_t n = 1;

    if (!ok)
        pulih_buf_addf(why, "%s", strerror(errno));
    else
        ok = check_kind(fd, forbidden, why);
    while (ok && n > 0) {
        size_t len = text->len;
        n = read(fd, pulih_buf_grow(text, PIECE_BYTES), PIECE_BYTES);
        text->len = len + (n > 0 ? (size_t)n : 0);
    }
    if (n < 0)
        pulih_buf_addf(why, "%s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok && n == 0;
}
