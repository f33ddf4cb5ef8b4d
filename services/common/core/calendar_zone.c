#include "services/common/core/calendar_zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulih/base/arena.h"
#include "pulih/base/clock.h"

enum { HEADER_BYTES = 44, TYPE_BYTES = 6, FILE_MAX_BYTES = 1 << 20, NAME_MAX_BYTES = 64 };

/* What the header of a data block counts, in the order in which the counts stand. */
struct tzif_counts {
    uint64_t is_ut, is_standard, leaps, times, types, signs;
};

bool pulih_days_of(int32_t yyyymmdd, int64_t *ret_days)
{
    char text[40];
    int64_t us;

    if (yyyymmdd < 0)
        return false;
    snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", (int)(yyyymmdd / 10000),
             (int)(yyyymmdd / 100 % 100), (int)(yyyymmdd % 100));
    if (!pulih_time_parse(pulih_view_of(text), &us))
        return false;
    *ret_days = us / 86400000000; /* dates before 1970 begin a day too, so nothing is rounded */
    return true;
}

int32_t pulih_date_of(int64_t days)
{
    char iso[28];

    pulih_time_print(days * 86400000000, iso);
    return (int32_t)(strtol(iso, NULL, 10) * 10000 + strtol(iso + 5, NULL, 10) * 100 +
                     strtol(iso + 8, NULL, 10));
}

void pulih_zone_add(struct pulih_zone *z, int64_t from_s, int32_t offset_s, struct pulih_view abbreviation)
{
    struct pulih_zone_span *last = z->n ? &z->span[z->n - 1] : NULL;
    struct pulih_zone_span span = {.from_s = from_s, .offset_s = offset_s};

    if (abbreviation.len >= sizeof span.abbreviation)
        abbreviation.len = sizeof span.abbreviation - 1;
    memcpy(span.abbreviation, abbreviation.at, abbreviation.len);
    if (last && from_s <= last->from_s)
        return;
    if (last && last->offset_s == offset_s && strcmp(last->abbreviation, span.abbreviation) == 0)
        return;
    z->span = pulih_room(z->span, z->n, &z->cap, sizeof *z->span);
    z->span[z->n++] = span;
}

static struct tzif_counts read_counts(const char *header)
{
    const char *at = header + 20;

    return (struct tzif_counts){pulih_be32(at),      pulih_be32(at + 4),  pulih_be32(at + 8),
                                pulih_be32(at + 12), pulih_be32(at + 16), pulih_be32(at + 20)};
}

static uint64_t block_bytes(const struct tzif_counts *n, uint64_t time_bytes)
{
    return n->times * (time_bytes + 1) + n->types * TYPE_BYTES + n->signs + n->leaps * (time_bytes + 4) +
           n->is_standard + n->is_ut;
}

static bool is_header(struct pulih_view bytes)
{
    return bytes.len >= HEADER_BYTES && memcmp(bytes.at, "TZif", 4) == 0 && bytes.at[4] >= '2';
}

static struct pulih_view skip(struct pulih_view bytes, uint64_t len)
{
    return (struct pulih_view){bytes.at + len, bytes.len - len};
}

/* Adds the span of one local time type: four bytes of offset, one of summer time, one place in `signs`. */
static bool add_type(struct pulih_zone *z, int64_t from_s, const char *types, uint64_t type,
                     const struct tzif_counts *n)
{
    const char *signs = types + n->types * TYPE_BYTES, *row = types + type * TYPE_BYTES;

    if (type >= n->types || (uint8_t)row[5] >= n->signs)
        return false;
    const char *name = signs + (uint8_t)row[5];
    size_t room = (size_t)(signs + n->signs - name);
    pulih_zone_add(z, from_s, (int32_t)pulih_be32(row), (struct pulih_view){name, strnlen(name, room)});
    return true;
}

/* The block of version 2: times of eight bytes, their types, the types' rows, the abbreviations. What ended
 * before the calendar begins becomes its first span. */
static bool read_block(struct pulih_view bytes, const struct tzif_counts *n, struct pulih_zone *z)
{
    const char *type_of = bytes.at + n->times * 8, *types = type_of + n->times;
    uint64_t first = 0;

    while (first < n->times && (int64_t)pulih_be64(bytes.at + first * 8) <= PULIH_CALENDAR_FIRST_S)
        first++;
    if (!add_type(z, INT64_MIN, types, first ? (uint8_t)type_of[first - 1] : 0, n))
        return false;
    for (uint64_t i = first; i < n->times; i++)
        if (!add_type(z, (int64_t)pulih_be64(bytes.at + i * 8), types, (uint8_t)type_of[i], n))
            return false;
    return true;
}

const char *pulih_zone_read(struct pulih_view tzif, struct pulih_zone *ret)
{
    struct tzif_counts n;

    if (!is_header(tzif))
        return "no zone file of version 2 or later";
    n = read_counts(tzif.at);
    if (block_bytes(&n, 4) > tzif.len - HEADER_BYTES)
        return "zone file cut short";
    tzif = skip(tzif, HEADER_BYTES + block_bytes(&n, 4)); /* the old block: times of 32 bits */
    if (!is_header(tzif))
        return "no zone file of version 2 or later";
    n = read_counts(tzif.at);
    if (block_bytes(&n, 8) > tzif.len - HEADER_BYTES)
        return "zone file cut short";
    if (n.leaps > 0)
        return "zone that counts leap seconds";
    if (!read_block(skip(tzif, HEADER_BYTES), &n, ret))
        return "zone file with a time of no type";
    tzif = skip(tzif, HEADER_BYTES + block_bytes(&n, 8));
    if (tzif.len < 2 || tzif.at[0] != '\n' || tzif.at[tzif.len - 1] != '\n')
        return "zone file cut short";
    if (!pulih_zone_extend(ret, (struct pulih_view){tzif.at + 1, tzif.len - 2}))
        return "zone file with a rule that cannot be read";
    return NULL;
}

/* A name is a path below the zone folder, and must stay there. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= NAME_MAX_BYTES && name[0] != '/' && !strstr(name, "..") &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-") == len;
}

static bool read_file(const char *name, struct pulih_buf *bytes)
{
    char path[sizeof "/usr/share/zoneinfo/" + NAME_MAX_BYTES];

    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    FILE *f = fopen(path, "rbe");
    if (!f)
        return false;
    void *at = pulih_buf_grow(bytes, FILE_MAX_BYTES);
    bytes->len = fread(at, 1, FILE_MAX_BYTES, f); /* 0 for a folder */
    fclose(f);
    return bytes->len > 0;
}

bool pulih_zone_load(const char *name, struct pulih_zone *ret, struct pulih_buf *why)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf bytes = {0};

    if (!is_name(name) || !read_file(name, &bytes)) {
        pulih_buf_addf(
            why, "unknown time zone \"%s\": a name of the tz database is expected, such as Asia/Jakarta",
            name);
        return false;
    }
    const char *fault = pulih_zone_read(pulih_view_of_buf(&bytes), ret);
    if (fault) {
        pulih_zone_free(ret);
        pulih_buf_addf(why, "time zone \"%s\" cannot be read: %s", name, fault);
    }
    return !fault;
}

void pulih_zone_free(struct pulih_zone *z)
{
    free(z->span);
    *z = (struct pulih_zone){0};
}

/* Last span that began at or before the instant. */
static size_t span_at(const struct pulih_zone *z, int64_t at_s)
{
    size_t low = 0, high = z->n;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (z->span[middle].from_s <= at_s)
            low = middle;
        else
            high = middle;
    }
    return low;
}

const struct pulih_zone_span *pulih_zone_at(const struct pulih_zone *z, int64_t at_s)
{
    return &z->span[span_at(z, at_s)];
}

/* Offsets differ from UTC by less than two days, so spans that could show local_s lie around it. */
int64_t pulih_zone_instant(const struct pulih_zone *z, int64_t local_s)
{
    size_t first = span_at(z, local_s - 2 * 86400), last = span_at(z, local_s + 2 * 86400);

    for (size_t i = first; i < last; i++) {
        int64_t at_s = local_s - z->span[i].offset_s;
        if (at_s < z->span[i + 1].from_s)
            return at_s;
        if (local_s < z->span[i + 1].from_s + z->span[i + 1].offset_s)
            return at_s; /* in the gap: read with the offset before it */
    }
    return local_s - z->span[last].offset_s;
}
