#include <string.h>
#include <strings.h>

#include "services/common/core/calendar_ics_impl.h"

enum { DEPTH_MAX = 8 };

static bool is_among(const struct pulih_ics_source *s, const char *const *names, size_t n)
{
    if (s->name.len > 2 && strncasecmp(s->name.at, "X-", 2) == 0)
        return true;
    for (size_t i = 0; i < n; i++)
        if (pulih_ics_is(s, names[i]))
            return true;
    return false;
}

/* A name that ends the file too early is told at the file's last line. */
static bool next(struct pulih_ics_reader *r, const char *within)
{
    size_t before = r->source.why->len;

    if (pulih_ics_next(&r->source))
        return true;
    return r->source.why->len == before && pulih_ics_wrong(&r->source, "the file ends within %s", within);
}

/* Alarms and time zones move no date. */
static bool skip_component(struct pulih_ics_reader *r, int depth)
{
    char name[40];

    if (depth == DEPTH_MAX || r->source.value.len >= sizeof name)
        return pulih_ics_wrong(&r->source, "too many parts within each other, or a part with a long name");
    memcpy(name, r->source.value.at, r->source.value.len);
    name[r->source.value.len] = 0;
    while (next(r, name)) {
        if (pulih_ics_is(&r->source, "END"))
            return pulih_ics_has_value(&r->source, name) ||
                   pulih_ics_wrong(&r->source, "expected END:%s", name);
        if (pulih_ics_is(&r->source, "BEGIN") && !skip_component(r, depth + 1))
            return false;
    }
    return false;
}

static bool not_understood(struct pulih_ics_reader *r)
{
    size_t len = r->source.name.len < 60 ? r->source.name.len : 60;

    return pulih_ics_wrong(&r->source, "%.*s is not understood", (int)len, r->source.name.at);
}

static bool read_property(struct pulih_ics_reader *r)
{
    static const char *const ignored[] = {"UID",      "DTSTAMP",  "CREATED", "LAST-MODIFIED", "DESCRIPTION",
                                          "SEQUENCE", "CLASS",    "URL",     "COMMENT",       "LOCATION",
                                          "TRANSP",   "PRIORITY", "ATTACH",  "CONTACT",       "RELATED-TO",
                                          "GEO",      "COLOR",    "IMAGE",   "ORGANIZER",     "RESOURCES"};

    bool known;

    if (!pulih_ics_event_property(r, &known))
        return false;
    return known || is_among(&r->source, ignored, PULIH_COUNT(ignored)) || not_understood(r);
}

static bool read_event(struct pulih_ics_reader *r)
{
    pulih_ics_event_begin(r);
    while (next(r, "VEVENT")) {
        if (pulih_ics_is(&r->source, "END") && pulih_ics_has_value(&r->source, "VEVENT"))
            return pulih_ics_event_end(r);
        if (pulih_ics_is(&r->source, "BEGIN") && pulih_ics_has_value(&r->source, "VALARM")) {
            if (!skip_component(r, 0))
                return false;
        } else if (!read_property(r)) {
            return false;
        }
    }
    return false;
}

static bool read_component(struct pulih_ics_reader *r)
{
    if (pulih_ics_has_value(&r->source, "VEVENT"))
        return read_event(r);
    if (pulih_ics_has_value(&r->source, "VTIMEZONE"))
        return skip_component(r, 0);
    return pulih_ics_wrong(&r->source, "expected BEGIN:VEVENT");
}

/* Of the calendar as a whole: what would change the meaning of its events. */
static bool read_head(struct pulih_ics_reader *r)
{
    static const struct {
        const char *name, *value;
    } must_be[] = {{"VERSION", "2.0"}, {"CALSCALE", "GREGORIAN"}, {"METHOD", "PUBLISH"}};
    static const char *const ignored[] = {"PRODID",        "NAME",       "COLOR", "REFRESH-INTERVAL",
                                          "SOURCE",        "UID",        "URL",   "DESCRIPTION",
                                          "LAST-MODIFIED", "CATEGORIES", "IMAGE"};

    for (size_t i = 0; i < PULIH_COUNT(must_be); i++)
        if (pulih_ics_is(&r->source, must_be[i].name))
            return pulih_ics_has_value(&r->source, must_be[i].value) ||
                   pulih_ics_wrong(&r->source, "expected %s:%s", must_be[i].name, must_be[i].value);
    return is_among(&r->source, ignored, PULIH_COUNT(ignored)) || not_understood(r);
}

static bool read_calendar(struct pulih_ics_reader *r)
{
    while (next(r, "VCALENDAR")) {
        if (pulih_ics_is(&r->source, "END") && pulih_ics_has_value(&r->source, "VCALENDAR"))
            return true;
        if (!(pulih_ics_is(&r->source, "BEGIN") ? read_component(r) : read_head(r)))
            return false;
    }
    return false;
}

static bool read_file(struct pulih_ics_reader *r)
{
    size_t before = r->source.why->len, first = r->ret->n;

    while (pulih_ics_next(&r->source)) {
        if (!pulih_ics_is(&r->source, "BEGIN") || !pulih_ics_has_value(&r->source, "VCALENDAR"))
            return pulih_ics_wrong(&r->source, "expected BEGIN:VCALENDAR: this is no iCalendar file");
        if (!read_calendar(r))
            return false;
    }
    if (r->source.why->len > before)
        return false;
    return r->ret->n > first || pulih_ics_wrong(&r->source, "the file holds no day off from 2000 to 2050");
}

bool pulih_ics_read(struct pulih_view text, const char *path, struct pulih_arena *texts,
                    struct pulih_ics *ret, struct pulih_buf *why)
{
    struct pulih_ics_reader r = {
        .source = {.rest = text, .path = path, .next_line = 1, .why = why}, .texts = texts, .ret = ret};

    if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
        r.source.rest =
            (struct pulih_view){text.at + 3, text.len - 3}; /* the mark that some editors put there */
    bool good = read_file(&r);
    pulih_buf_free(&r.source.unfolded);
    return good;
}
