/* full.so, loaded before PostgreSQL: a disk that is full. No file under the folder that the symbolic link
 * PULIH_FULL points to can grow; what has its place already can be written again. No link, or a broken one:
 * there is room everywhere. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Whether bytes up to `end` would make the file grow where there is no room. */
static bool is_full(int fd, off_t end)
{
    const char *link = getenv("PULIH_FULL");
    char folder[PATH_MAX], name[32], path[PATH_MAX];
    struct stat st;
    int errno_before = errno;
    ssize_t n = link ? readlink(link, folder, sizeof folder) : -1;
    bool full = n > 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && end > st.st_size;

    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    full = full && readlink(name, path, sizeof path) > n && memcmp(path, folder, (size_t)n) == 0 &&
           path[n] == '/';
    errno = full ? ENOSPC : errno_before;
    return full;
}

static off_t length(const struct iovec *parts, int n)
{
    off_t sum = 0;

    for (int i = 0; i < n; i++)
        sum += (off_t)parts[i].iov_len;
    return sum;
}

#pragma GCC diagnostic ignored "-Wpedantic" /* functions as plain addresses, as dlsym has them */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define REAL(returns, name, ...) ((returns(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *from, size_t n)
{
    off_t at = lseek(fd, 0, SEEK_CUR);

    return is_full(fd, at + (off_t)n) ? -1 : REAL(ssize_t, write, int, const void *, size_t)(fd, from, n);
}

ssize_t pwrite(int fd, const void *from, size_t n, off_t at)
{
    return is_full(fd, at + (off_t)n)
               ? -1
               : REAL(ssize_t, pwrite, int, const void *, size_t, off_t)(fd, from, n, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
    return is_full(fd, at + length(parts, n))
               ? -1
               : REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t)(fd, parts, n, at);
}

int posix_fallocate(int fd, off_t at, off_t n)
{
    return is_full(fd, at + n) ? ENOSPC : REAL(int, posix_fallocate, int, off_t, off_t)(fd, at, n);
}
