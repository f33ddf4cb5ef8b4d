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

/* Reports a slot of `refused` that is used, and a slot of `demands` that is not. */
static void check_slots(struct pulih_policy_reader *r, const config_setting_t *at, uint32_t used,
                        uint32_t refused, const char *demands)
{
    for (int i = 0; i < PULIH_SLOT_N; i++) {
        const char *name = pulih_slot_name((enum pulih_slot)i), *demand = demands;
        size_t len = strlen(name);
        if (used & refused & UINT32_C(1) << i)
            pulih_policy_wrong(r, at, "{{%s}} may not stand here", name);
        while (demand && (strncmp(demand, name, len) != 0 || (demand[len] != ',' && demand[len] != 0)))
            demand = strchr(demand, ' ') ? strchr(demand, ' ') + 1 : NULL;
        if (demand && !(used & UINT32_C(1) << i))
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
        ret->subject = read_template(r, subject, SUBJECT_MAX_BYTES, false,
                                     refused | BIT(solution) | BIT(argument) | BIT(unanswered), NULL);
    if (text)
        ret->text = read_template(r, text, TEXT_MAX_BYTES, true, refused, row->demands);
}

/* Who asks for language `unknown` gets the policy's own. */
static void read_kind(struct pulih_policy_reader *r, config_setting_t *at, const struct letter_row *row)
{
    struct pulih_template *by_language = r->policy->letter[row->kind];

    pulih_policy_group(r, at, languages, PULIH_COUNT(languages));
    if (!config_setting_is_group(at))
        return;
    for (size_t i = 0; i < PULIH_COUNT(languages); i++) {
        int language = pulih_word_number(PULIH_WORDS_language, pulih_view_of(languages[i]));
        config_setting_t *member = pulih_policy_member(r, at, languages[i]);
        if (member)
            read_letter(r, member, row, &by_language[language]);
    }
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

void pulih_policy_read_receipt(struct pulih_policy_reader *r, config_setting_t *at)
{
    const uint32_t refused = ~(BIT(reference) | BIT(due) | BIT(company));
    struct pulih_view *by_language = r->policy->receipt;

    pulih_policy_group(r, at, languages, PULIH_COUNT(languages));
    if (!config_setting_is_group(at))
        return;
    for (size_t i = 0; i < PULIH_COUNT(languages); i++) {
        int language = pulih_word_number(PULIH_WORDS_language, pulih_view_of(languages[i]));
        config_setting_t *member = pulih_policy_member(r, at, languages[i]);
        if (member)
            by_language[language] =
                read_template(r, member, RECEIPT_MAX_BYTES, true, refused, "reference, due");
    }
    by_language[PULIH_language_unknown] = by_language[r->policy->language];
}
