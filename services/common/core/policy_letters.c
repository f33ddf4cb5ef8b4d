/* The letters by kind and language, and the receipt. What a letter must say stands in letters.tbl.h. */
#include <libconfig.h>
#include <string.h>

#include "services/common/core/policy_read.h"

enum { SUBJECT_MAX_BYTES = 200, TEXT_MAX_BYTES = 6000, RECEIPT_MAX_BYTES = 400 };

#define BIT(slot) (UINT32_C(1) << PULIH_SLOT_##slot)

/* What each kind of letter demands, and whom it goes to. */
static const struct letter_row {
    int kind;
    const char *to;
    const char *demands; /* "reference, due" */
} letter_rows[] = {
#define LETTER(kind, to, ...) {PULIH_letter_##kind, #to, #__VA_ARGS__},
#define FILLED(...)
#define ASKED(...)
#include "pulih/tbl/letters.tbl.h"
};

/* What a policy may demand of a letter, beside what every letter has. */
static const struct demandable {
    int kind;
    const char *slots;
} demandables[] = {
#define LETTER(...)
#define FILLED(kind, ...) {PULIH_letter_##kind, #__VA_ARGS__},
#define ASKED(kind, ...)  {PULIH_letter_##kind, #__VA_ARGS__},
#include "pulih/tbl/letters.tbl.h"
};

static const char *const languages[] = {"id", "en"};

static void report_template(struct pulih_policy_reader *r, const config_setting_t *at, const char *fault,
                            struct pulih_view where)
{
    const char *names[PULIH_SLOT_N];
    char name[40];

    for (int i = 0; i < PULIH_SLOT_N; i++)
        names[i] = pulih_slot_name((enum pulih_slot)i);
    size_t len = where.len < sizeof name - 1 ? where.len : sizeof name - 1;
    memcpy(name, where.at, len);
    name[len] = 0;
    if (strcmp(fault, "unknown slot") == 0)
        pulih_policy_unknown(r, at, "slot", name, names, PULIH_SLOT_N);
    else
        pulih_policy_wrong(r, at, "%s: \"%s\"", fault, name);
}

/* Whether "reference, due" names the slot. */
static bool names_slot(const char *list, int slot)
{
    const char *name = pulih_slot_name((enum pulih_slot)slot);
    size_t len = strlen(name);

    while (list && (strncmp(list, name, len) != 0 || (list[len] != ',' && list[len] != 0)))
        list = strchr(list, ' ') ? strchr(list, ' ') + 1 : NULL;
    return list;
}

/* Reports a slot of `refused` that is used, and a slot of `demands` that is not. */
static void check_slots(struct pulih_policy_reader *r, const config_setting_t *at, uint32_t used,
                        uint32_t refused, const char *demands)
{
    for (int i = 0; i < PULIH_SLOT_N; i++) {
        const char *name = pulih_slot_name((enum pulih_slot)i);
        if (used & refused & UINT32_C(1) << i)
            pulih_policy_wrong(r, at, "{{%s}} may not stand here", name);
        if (names_slot(demands, i) && !(used & UINT32_C(1) << i))
            pulih_policy_wrong(r, at, "{{%s}} must stand in it", name);
    }
}

static struct pulih_view read_template(struct pulih_policy_reader *r, const config_setting_t *at, size_t most,
                                       bool lines, uint32_t refused, const char *demands)
{
    struct pulih_view text = pulih_policy_text(r, at, most, lines), where;
    uint32_t used;

    if (!text.at)
        return text;
    const char *fault = pulih_template_check(text, &used, &where);
    if (fault)
        report_template(r, at, fault, where);
    else
        check_slots(r, at, used, refused, demands);
    return text;
}

/* A post has no business with the customer's name; a subject is one line, and some slots may be many. */
static void read_letter(struct pulih_policy_reader *r, config_setting_t *at, const struct letter_row *row,
                        struct pulih_template *ret)
{
    static const char *const names[] = {"subject", "text"};
    uint32_t refused = strcmp(row->to, "post") == 0 ? BIT(name) : 0;

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *subject = pulih_policy_member(r, at, "subject");
    config_setting_t *text = pulih_policy_member(r, at, "text");
    if (subject)
        ret->subject =
            read_template(r, subject, SUBJECT_MAX_BYTES, false,
                          refused | BIT(solution) | BIT(argument) | BIT(unanswered) | BIT(signpost), NULL);
    if (text)
        ret->text = read_template(r, text, TEXT_MAX_BYTES, true, refused, row->demands);
}

/* Slots that are known whenever a letter of the kind is written, or can be asked for. */
static bool is_demandable(int kind, int slot)
{
    const uint32_t always = BIT(reference) | BIT(department) | BIT(category) | BIT(company) | BIT(post);

    if (always & UINT32_C(1) << slot)
        return true;
    for (size_t i = 0; i < PULIH_COUNT(demandables); i++)
        if (demandables[i].kind == kind && names_slot(demandables[i].slots, slot))
            return true;
    return false;
}

/* A slot by its name; -1, reported, if there is none. */
static int read_slot(struct pulih_policy_reader *r, const config_setting_t *at)
{
    const char *names[PULIH_SLOT_N], *name = config_setting_get_string(at);

    for (int i = 0; i < PULIH_SLOT_N; i++) {
        names[i] = pulih_slot_name((enum pulih_slot)i);
        if (name && strcmp(name, names[i]) == 0)
            return i;
    }
    if (name)
        pulih_policy_unknown(r, at, "slot", name, names, PULIH_SLOT_N);
    else
        pulih_policy_wrong(r, at, "expected the name of a slot, such as \"due\"");
    return -1;
}

static bool is_used(const struct pulih_template *template, int slot)
{
    struct pulih_view where;
    uint32_t used;

    return !template->text.at || pulih_template_check(template->text, &used, &where) ||
           used & UINT32_C(1) << slot;
}

void pulih_policy_read_demands(struct pulih_policy_reader *r, const config_setting_t *at, int kind)
{
    const char *letter = pulih_word_of(PULIH_WORDS_letter, (uint16_t)kind)->word;

    if (!pulih_policy_elements(r, at, 0, PULIH_SLOT_N))
        return;
    for (int i = 0; i < config_setting_length(at); i++) {
        const config_setting_t *element = config_setting_get_elem(at, (unsigned)i);
        int slot = read_slot(r, element);
        if (slot < 0)
            continue;
        const char *name = pulih_slot_name((enum pulih_slot)slot);
        r->policy->demands[kind] |= UINT32_C(1) << slot;
        if (!is_demandable(kind, slot)) {
            pulih_policy_wrong(r, element, "{{%s}} is not always known in this letter (%s)", name, letter);
            continue;
        }
        for (size_t k = 0; k < PULIH_COUNT(languages); k++) {
            int language = pulih_word_number(PULIH_WORDS_language, pulih_view_of(languages[k]));
            if (!is_used(&r->policy->letter[kind][language], slot))
                pulih_policy_wrong(r, element, "{{%s}} must stand in the text of %s.%s, where it is demanded",
                                   name, letter, languages[k]);
        }
    }
}

/* Who asks for language `unknown` gets the policy's own. */
static void read_kind(struct pulih_policy_reader *r, config_setting_t *at, const struct letter_row *row)
{
    static const char *const names[] = {"id", "en", "demands"};
    struct pulih_template *by_language = r->policy->letter[row->kind];

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    for (size_t i = 0; i < PULIH_COUNT(languages); i++) {
        int language = pulih_word_number(PULIH_WORDS_language, pulih_view_of(languages[i]));
        config_setting_t *member = pulih_policy_member(r, at, languages[i]);
        if (member)
            read_letter(r, member, row, &by_language[language]);
    }
    config_setting_t *demands = config_setting_get_member(at, "demands");
    if (demands)
        pulih_policy_read_demands(r, demands, row->kind);
    by_language[PULIH_language_unknown] = by_language[r->policy->language];
}

void pulih_policy_read_letters(struct pulih_policy_reader *r, config_setting_t *at)
{
    const char *names[PULIH_POLICY_WORDS_MAX];

    pulih_policy_group(r, at, names, pulih_policy_words(PULIH_WORDS_letter, false, names));
    if (!config_setting_is_group(at))
        return;
    for (size_t i = 0; i < PULIH_COUNT(letter_rows); i++) {
        const char *name = pulih_word_of(PULIH_WORDS_letter, (uint16_t)letter_rows[i].kind)->word;
        config_setting_t *member = pulih_policy_member(r, at, name);
        if (member)
            read_kind(r, member, &letter_rows[i]);
    }
}

void pulih_policy_read_both(struct pulih_policy_reader *r, config_setting_t *at, size_t most,
                            uint32_t refused, const char *demands, struct pulih_view *by_language)
{
    pulih_policy_group(r, at, languages, PULIH_COUNT(languages));
    if (!config_setting_is_group(at))
        return;
    for (size_t i = 0; i < PULIH_COUNT(languages); i++) {
        int language = pulih_word_number(PULIH_WORDS_language, pulih_view_of(languages[i]));
        config_setting_t *member = pulih_policy_member(r, at, languages[i]);
        if (member)
            by_language[language] = read_template(r, member, most, true, refused, demands);
    }
    by_language[PULIH_language_unknown] = by_language[r->policy->language];
}

void pulih_policy_read_receipt(struct pulih_policy_reader *r, config_setting_t *at)
{
    const uint32_t refused = ~(BIT(reference) | BIT(due) | BIT(company));

    pulih_policy_read_both(r, at, RECEIPT_MAX_BYTES, refused, "reference, due", r->policy->receipt);
}
