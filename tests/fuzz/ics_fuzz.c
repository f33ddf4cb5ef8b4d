/* Any bytes as an iCalendar file: it is refused with one line that names it, or its days are dates with names
 * in one line. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/must.h"
#include "services/common/core/calendar_ics.h"
#include "services/common/core/calendar_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_days(const struct pulih_ics *ics)
{
    int64_t days;

    pulih_must(ics->n > 0 && ics->n <= PULIH_ICS_DAYS_MAX);
    for (size_t i = 0; i < ics->n; i++) {
        const struct pulih_ics_day *day = &ics->day[i];
        pulih_must(day->date >= 20000101 && day->date <= 20501231 && pulih_days_of(day->date, &days));
        pulih_must(day->name.len <= PULIH_ICS_NAME_MAX_BYTES && pulih_date_of(days) == day->date);
        for (size_t at = 0; at < day->name.len; at++)
            pulih_must((uint8_t)day->name.at[at] >= ' ' || day->name.at[at] == '\t');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_arena texts = {0};
    struct pulih_ics ics = {0};

    if (pulih_ics_read((struct pulih_view){(const char *)bytes, len}, "file", &texts, &ics, &why)) {
        pulih_must(why.len == 0);
        check_days(&ics);
    } else {
        const char *line = pulih_buf_text(&why);
        pulih_must(strlen(line) == why.len && strncmp(line, "file:", 5) == 0);
        pulih_must(strtoul(line + 5, NULL, 10) >= 1 && strchr(line, '\n') == line + why.len - 1);
    }
    free(ics.day);
    pulih_arena_free(&texts);
    return 0;
}
