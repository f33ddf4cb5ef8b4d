#include "pulih/base/near.h"

#include <stdint.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance, a row of his matrix at a time. */
static size_t distance(const char *a, const char *b)
{
    size_t len = strlen(b), row[NAME_MAX_BYTES + 1];

    if (len > NAME_MAX_BYTES)
        return SIZE_MAX;
    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= len; j++) {
            size_t above = row[j];
            row[j] = least_of(row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[len];
}

bool pulih_is_nearer(const char *unknown, const char *known, size_t *best)
{
    size_t d = distance(unknown, known);

    if (d > 1 + strlen(known) / 4 || d >= *best)
        return false;
    *best = d;
    return true;
}

const char *pulih_nearest(const char *unknown, const char *const *known, size_t n)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < n; i++)
        if (pulih_is_nearer(unknown, known[i], &best))
            nearest = known[i];
    return nearest;
}
