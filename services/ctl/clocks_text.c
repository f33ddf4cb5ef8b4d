/* Texts, times, lengths and durations as people read them, in two languages. */
#include <time.h>

#include "services/ctl/clocks.h"

#define US     INT64_C(1000000)
#define DAY_US (86400 * US)

bool pulih_ctl_choose_language(const struct pulih_ctl *ctl, int standard, int *ret)
{
    const char *given = pulih_ctl_option(ctl, "language");

    *ret = given ? pulih_word_number(PULIH_WORDS_language, pulih_view_of(given)) : standard;
    if (!given || *ret == PULIH_language_id || *ret == PULIH_language_en)
        return true;
    pulih_ctl_usage(ctl, "--language wants id or en, got %s", given);
    return false;
}

const char *pulih_both_in(struct pulih_both text, int language)
{
    return language == PULIH_language_id ? text.id : text.en;
}

void pulih_ctl_add_span(struct pulih_buf *out, int64_t us, int language)
{
    static const char *const names[2][3] = {{"h", "min", "s"}, {"jam", "menit", "detik"}};
    const char *const *name = names[language == PULIH_language_id];
    int64_t parts[3] = {us / (3600 * US), us / (60 * US) % 60, us / US % 60};
    bool any = false;

    for (int i = 0; i < 3; i++)
        if (parts[i] || (i == 2 && !any)) {
            pulih_buf_addf(out, "%s%lld %s", any ? " " : "", (long long)parts[i], name[i]);
            any = true;
        }
}

void pulih_ctl_add_duration(struct pulih_buf *out, struct pulih_duration d, int language)
{
    static const struct pulih_both units[PULIH_UNIT_N] = {
        [PULIH_UNIT_second] = {"detik", "second"},
        [PULIH_UNIT_minute] = {"menit", "minute"},
        [PULIH_UNIT_hour] = {"jam", "hour"},
        [PULIH_UNIT_calendar_day] = {"hari kalender", "calendar day"},
        [PULIH_UNIT_week] = {"minggu", "week"},
        [PULIH_UNIT_month] = {"bulan", "month"},
        [PULIH_UNIT_working_minute] = {"menit kerja", "working minute"},
        [PULIH_UNIT_working_hour] = {"jam kerja", "working hour"},
        [PULIH_UNIT_working_day] = {"hari kerja", "working day"},
        [PULIH_UNIT_business_day] = {"hari bisnis", "business day"},
    };

    if (language == PULIH_language_id)
        pulih_buf_addf(out, "%d %s", (int)d.amount, units[d.unit].id);
    else
        pulih_buf_addf(out, "%d %s%s", (int)d.amount, units[d.unit].en, d.amount == 1 ? "" : "s");
}

void pulih_ctl_add_local(struct pulih_buf *out, const struct pulih_calendar *c, int64_t at_us, int language)
{
    static const char *const days[2][7] = {{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
                                           {"Min", "Sen", "Sel", "Rab", "Kam", "Jum", "Sab"}};
    int64_t day_us;
    int32_t date = pulih_calendar_date(c, at_us, &day_us);
    struct tm day = {.tm_year = date / 10000 - 1900, .tm_mon = date / 100 % 100 - 1, .tm_mday = date % 100};
    bool id = language == PULIH_language_id;
    char sign = id ? '.' : ':';
    int seconds = (int)(day_us / US % 60);

    timegm(&day);
    pulih_buf_addf(out, "%s %02d-%02d-%04d %02d%c%02d", days[id][day.tm_wday], (int)date % 100,
                   (int)date / 100 % 100, (int)date / 10000, (int)(day_us / (3600 * US)), sign,
                   (int)(day_us / (60 * US) % 60));
    if (seconds)
        pulih_buf_addf(out, "%c%02d", sign, seconds);
}
