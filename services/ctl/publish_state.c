#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "services/ctl/publish.h"

/* The digest of n + 1 ids is made of that of n. */
static void add_id(unsigned char digest[16], const struct pulih_uuid *id)
{
    unsigned char both[32];

    memcpy(both, digest, 16);
    memcpy(both + 16, id->b, 16);
    crypto_generichash(digest, 16, both, sizeof both, NULL, 0);
}

/* Reads the lines that pulih_ctl_state_write wrote. */
static bool read_lines(FILE *file, struct pulih_ctl_state *s)
{
    static const char head[] = "pulihctl publish 1\nrows ";
    static const char middle[] = "\ndigest ";
    char text[160], *end;
    size_t len = fread(text, 1, sizeof text - 1, file);

    text[len] = 0;
    if (strncmp(text, head, sizeof head - 1) != 0)
        return false;
    s->skip = strtoull(text + sizeof head - 1, &end, 10);
    return strncmp(end, middle, sizeof middle - 1) == 0 &&
           sodium_hex2bin(s->wanted, sizeof s->wanted, end + sizeof middle - 1, 2 * sizeof s->wanted, NULL,
                          NULL, NULL) == 0;
}

bool pulih_ctl_state_read(const struct pulih_ctl *ctl, struct pulih_ctl_state *s, const char *path)
{
    s->path = path;
    FILE *file = path ? fopen(path, "re") : NULL;
    if (!path || (!file && errno == ENOENT))
        return true;
    if (!file) {
        pulih_ctl_failed(ctl, "%s: %s", path, strerror(errno));
        return false;
    }
    bool ok = read_lines(file, s);
    fclose(file);
    if (!ok)
        pulih_ctl_failed(ctl, "%s: is no state of pulihctl publish", path);
    return ok;
}

int pulih_ctl_state_row(struct pulih_ctl_state *s, const struct pulih_uuid *id)
{
    uint64_t row = s->read++;

    if (!s->path)
        return 0;
    if (row >= s->skip) {
        if (row - s->rows < PULIH_CTL_STATE_ROWS) {
            s->window[row % PULIH_CTL_STATE_ROWS].id = *id;
            s->window[row % PULIH_CTL_STATE_ROWS].stored = false;
        }
        return 0;
    }
    add_id(s->digest, id);
    s->rows++;
    return s->rows == s->skip && memcmp(s->digest, s->wanted, sizeof s->digest) != 0 ? -1 : 1;
}

void pulih_ctl_state_stored(struct pulih_ctl_state *s, uint64_t row)
{
    if (!s->path || row - s->rows >= PULIH_CTL_STATE_ROWS)
        return;
    s->window[row % PULIH_CTL_STATE_ROWS].stored = true;
    while (s->rows < s->read && s->window[s->rows % PULIH_CTL_STATE_ROWS].stored) {
        add_id(s->digest, &s->window[s->rows % PULIH_CTL_STATE_ROWS].id);
        s->window[s->rows++ % PULIH_CTL_STATE_ROWS].stored = false;
    }
}

bool pulih_ctl_state_write(const struct pulih_ctl *ctl, const struct pulih_ctl_state *s)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf beside = {0};
    char hex[33];

    if (!s->path)
        return true;
    pulih_buf_addf(&beside, "%s.new", s->path);
    FILE *file = fopen(pulih_buf_text(&beside), "we");
    bool ok = file;
    sodium_bin2hex(hex, sizeof hex, s->digest, sizeof s->digest);
    if (file) {
        fprintf(file, "pulihctl publish 1\nrows %llu\ndigest %s\n", (unsigned long long)s->rows, hex);
        ok = fflush(file) == 0 && !ferror(file);
        ok = fclose(file) == 0 && ok;
    }
    if (!ok || rename(pulih_buf_text(&beside), s->path) != 0) {
        pulih_ctl_failed(ctl, "%s: %s", s->path, strerror(errno));
        return false;
    }
    return true;
}
