/* Any bytes as a key file, and as a list of clients: refused with whole lines that name the file and hold no
 * key, or what they give can be found again. */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pulih/base/curve.h"
#include "pulih/base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_report(struct pulih_buf *why, const char *path)
{
    const char *line = pulih_buf_text(why);

    pulih_must(why->len > 0 && line[why->len - 1] == '\n' && strlen(line) == why->len);
    for (; *line; line = strchr(line, '\n') + 1)
        pulih_must(strncmp(line, path, strlen(path)) == 0 && line[strlen(path)] == ':');
    pulih_buf_empty(why);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_key_pair pair;
    struct pulih_key key;
    char path[40];
    int fd = memfd_create("keys", MFD_CLOEXEC);

    pulih_must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && fchmod(fd, S_IRUSR) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (pulih_key_pair_load(path, &pair, &why))
        pulih_must(pulih_key_read(pulih_view_of(pair.public.text), &key) &&
                   pulih_key_read(pulih_view_of(pair.secret.text), &key));
    else
        check_report(&why, path);
    struct pulih_clients *clients = pulih_clients_load(path, &why);
    if (clients)
        pulih_must(pulih_clients_count(clients) > 0 && !pulih_clients_name(clients, ""));
    else
        check_report(&why, path);
    pulih_clients_free(clients);
    close(fd);
    return 0;
}
