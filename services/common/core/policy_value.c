/* Single values of a policy file, each checked for kind and bounds. */
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pulih/base/must.h"
#include "pulih/base/near.h"
#include "services/common/core/policy_fault.h"
#include "services/common/core/policy_read.h"

/* 2046-01-01. A duration that ends within the calendar from here does so from every instant before. */
#define LAST_START_US INT64_C(2398377600000000)

/* The way to a setting from the top, like letters.offer.id or ladder[2]. The top itself has no name. */
static void add_name(const config_setting_t *s, struct pulih_buf *out)
{
    const config_setting_t *parent = config_setting_parent(s);

    if (!parent)
        return;
    add_name(parent, out);
    if (config_setting_name(s))
        pulih_buf_addf(out, "%s%s", out->len ? "." : "", config_setting_name(s));
    else
        pulih_buf_addf(out, "[%d]", config_setting_index(s));
}

void pulih_policy_wrong(struct pulih_policy_reader *r, const config_setting_t *at, const char *format, ...)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf name = {0};
    char text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_name(at, &name);
    pulih_policy_fault(r->why, at, r->path, "%s%s%s", pulih_buf_text(&name), name.len ? ": " : "", text);
}

void pulih_policy_unknown(struct pulih_policy_reader *r, const config_setting_t *at, const char *what,
                          const char *name, const char *const *known, size_t n)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf all = {0};
    const char *nearest = pulih_nearest(name, known, n);

    for (size_t i = 0; i < n; i++)
        pulih_buf_addf(&all, "%s%s", i ? ", " : "", known[i]);
    if (nearest)
        pulih_policy_wrong(r, at, "unknown %s \"%.60s\"; did you mean %s?", what, name, nearest);
    else
        pulih_policy_wrong(r, at, "unknown %s \"%.60s\"; expected one of %s", what, name,
                           pulih_buf_text(&all));
}

static bool is_among(const char *name, const char *const *known, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

bool pulih_policy_group(struct pulih_policy_reader *r, const config_setting_t *at, const char *const *known,
                        size_t n)
{
    bool good = config_setting_is_group(at);

    if (!good) {
        pulih_policy_wrong(r, at, "expected a group { ... }");
        return false;
    }
    for (int i = 0; i < config_setting_length(at); i++) {
        const config_setting_t *member = config_setting_get_elem(at, (unsigned)i);
        const char *name = config_setting_name(member);
        if (is_among(name, known, n))
            continue;
        pulih_policy_unknown(r, member, "name", name, known, n);
        good = false;
    }
    return good;
}

config_setting_t *pulih_policy_member(struct pulih_policy_reader *r, config_setting_t *group,
                                      const char *name)
{
    config_setting_t *member = config_setting_get_member(group, name);

    if (!member)
        pulih_policy_wrong(r, group, "%s is missing", name);
    return member;
}

bool pulih_policy_elements(struct pulih_policy_reader *r, const config_setting_t *at, size_t least,
                           size_t most)
{
    if (!config_setting_is_array(at) && !config_setting_is_list(at)) {
        pulih_policy_wrong(r, at, "expected a list ( ..., ... ) or [ ..., ... ]");
        return false;
    }
    size_t n = (size_t)config_setting_length(at);
    if (n < least || n > most)
        pulih_policy_wrong(r, at, "expected %zu to %zu elements, not %zu", least, most, n);
    return n >= least && n <= most;
}

static bool has_control_sign(struct pulih_view text, bool lines)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = (uint8_t)text.at[i];
        if ((byte < ' ' && !(lines && byte == '\n')) || byte == 0x7f)
            return true;
    }
    return false;
}

struct pulih_view pulih_policy_text(struct pulih_policy_reader *r, const config_setting_t *at, size_t most,
                                    bool lines)
{
    struct pulih_view none = {0};

    if (config_setting_type(at) != CONFIG_TYPE_STRING) {
        pulih_policy_wrong(r, at, "expected a text in double quotes");
        return none;
    }
    struct pulih_view text = pulih_view_of(config_setting_get_string(at));
    if (text.len == 0 || text.len > most)
        pulih_policy_wrong(r, at, "expected a text of 1 to %zu bytes, not %zu", most, text.len);
    else if (!pulih_is_utf8(text))
        pulih_policy_wrong(r, at, "expected UTF-8");
    else if (has_control_sign(text, lines))
        pulih_policy_wrong(r, at,
                           lines ? "expected a text without control signs such as tab or \\r"
                                 : "expected a text in one line, without control signs");
    else
        return pulih_arena_copy(r->texts, text);
    return none;
}

bool pulih_policy_duration(struct pulih_policy_reader *r, const config_setting_t *at,
                           struct pulih_duration *ret)
{
    struct pulih_view text = pulih_view_of(config_setting_get_string(at));

    if (!text.at || !pulih_duration_parse(text, ret)) {
        pulih_policy_wrong(
            r, at,
            "expected a duration of at least 1, such as \"4 working_hours\", in seconds, minutes, hours, "
            "calendar_days, weeks, months, working_minutes, working_hours, working_days or business_days");
        return false;
    }
    int64_t due_us;
    if (!r->policy->calendar || pulih_calendar_add(r->policy->calendar, LAST_START_US, *ret, &due_us))
        return true;
    pulih_policy_wrong(r, at, "expected a duration of at most five years; calendars end with 2050");
    return false;
}

bool pulih_policy_integer(struct pulih_policy_reader *r, const config_setting_t *at, int64_t least,
                          int64_t most, int64_t *ret)
{
    int type = config_setting_type(at);
    int64_t value = config_setting_get_int64(at);

    if ((type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64) && value >= least && value <= most) {
        *ret = value;
        return true;
    }
    pulih_policy_wrong(r, at, "expected a whole number from %lld to %lld", (long long)least, (long long)most);
    return false;
}

bool pulih_policy_boolean(struct pulih_policy_reader *r, const config_setting_t *at, bool *ret)
{
    if (config_setting_type(at) == CONFIG_TYPE_BOOL) {
        *ret = config_setting_get_bool(at);
        return true;
    }
    pulih_policy_wrong(r, at, "expected true or false");
    return false;
}

size_t pulih_policy_words(enum pulih_words list, bool with_unknown, const char *names[PULIH_POLICY_WORDS_MAX])
{
    size_t n, n_names = 0;
    const struct pulih_word *words = pulih_words(list, &n);

    pulih_must(n <= PULIH_POLICY_WORDS_MAX);
    for (size_t i = 0; i < n; i++)
        if (with_unknown || words[i].number != 0)
            names[n_names++] = words[i].word;
    return n_names;
}

int pulih_policy_word(struct pulih_policy_reader *r, const config_setting_t *at, enum pulih_words list)
{
    const struct pulih_vocabulary *known = &r->policy->vocabulary;
    const struct pulih_word *words[PULIH_VOCABULARY_MAX];
    const char *names[PULIH_VOCABULARY_MAX], *word = config_setting_get_string(at);
    int number = word ? pulih_vocabulary_number(known, list, pulih_view_of(word)) : -1;
    size_t n = number < 0 ? pulih_vocabulary_words(known, list, words) : 0;

    for (size_t i = 0; i < n; i++)
        names[i] = words[i]->word;
    if (!word)
        pulih_policy_wrong(r, at, "expected a text in double quotes");
    else if (number < 0)
        pulih_policy_unknown(r, at, pulih_words_name(list), word, names, n);
    return number;
}

static uint32_t word_bit(struct pulih_policy_reader *r, const config_setting_t *at, enum pulih_words list)
{
    int word = pulih_policy_word(r, at, list);

    return word < 0 ? 0 : UINT32_C(1) << word;
}

uint32_t pulih_policy_word_list(struct pulih_policy_reader *r, const config_setting_t *at,
                                enum pulih_words list, size_t least)
{
    uint32_t bits = 0;

    if (!pulih_policy_elements(r, at, least, PULIH_POLICY_WORDS_MAX))
        return 0;
    for (int i = 0; i < config_setting_length(at); i++)
        bits |= word_bit(r, config_setting_get_elem(at, (unsigned)i), list);
    return bits;
}

uint32_t pulih_policy_word_bits(struct pulih_policy_reader *r, const config_setting_t *at,
                                enum pulih_words list)
{
    return config_setting_type(at) == CONFIG_TYPE_STRING ? word_bit(r, at, list)
                                                         : pulih_policy_word_list(r, at, list, 1);
}
