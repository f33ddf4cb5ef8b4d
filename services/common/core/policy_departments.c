/* Departments of the company's own, beside those of the standard list. */
#include <libconfig.h>
#include <string.h>

#include "services/common/core/policy_read.h"

enum { LABEL_MAX_BYTES = 60 };

static const char letters[] = "abcdefghijklmnopqrstuvwxyz", signs[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

static const char *read_name(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_view name = pulih_policy_text(r, at, PULIH_DEPARTMENT_MAX_BYTES, false);

    if (!name.at)
        return NULL;
    if (!strchr(letters, name.at[0]) || strspn(name.at, signs) != name.len)
        pulih_policy_wrong(r, at, "expected small letters, digits and _, a letter first, such as warranty");
    else if (pulih_vocabulary_number(&r->policy->vocabulary, PULIH_WORDS_department, name) >= 0)
        pulih_policy_wrong(r, at, "there is a department %s already", name.at);
    else
        return name.at;
    return NULL;
}

/* 0 on a fault. */
static uint16_t read_number(struct pulih_policy_reader *r, config_setting_t *at)
{
    int64_t number;

    if (!pulih_policy_integer(r, at, PULIH_DEPARTMENT_OWN_FIRST, PULIH_DEPARTMENT_LAST, &number))
        return 0;
    const struct pulih_word *other =
        pulih_vocabulary_word(&r->policy->vocabulary, PULIH_WORDS_department, (uint16_t)number);
    if (other)
        pulih_policy_wrong(r, at, "%d is the number of %s; give each department its own", (int)number,
                           other->word);
    return other ? 0 : (uint16_t)number;
}

static void read_department(struct pulih_policy_reader *r, config_setting_t *at)
{
    static const char *const names[] = {"name", "number", "id", "en", "post"};
    struct pulih_vocabulary *v = &r->policy->vocabulary;
    struct pulih_word word = {0};

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *name = pulih_policy_member(r, at, "name");
    config_setting_t *number = pulih_policy_member(r, at, "number");
    config_setting_t *id = pulih_policy_member(r, at, "id");
    config_setting_t *en = pulih_policy_member(r, at, "en");
    config_setting_t *post = pulih_policy_member(r, at, "post");
    if (name)
        word.word = read_name(r, name);
    if (number)
        word.number = read_number(r, number);
    if (id)
        word.label[PULIH_language_id] = pulih_policy_text(r, id, LABEL_MAX_BYTES, false).at;
    if (en)
        word.label[PULIH_language_en] = pulih_policy_text(r, en, LABEL_MAX_BYTES, false).at;
    word.label[PULIH_language_unknown] = word.label[PULIH_language_en];
    if (word.number && post)
        r->policy->answerable[word.number] = pulih_policy_post(r, post);
    if (word.word && word.number)
        v->departments[v->n++] = word;
}

void pulih_policy_read_departments(struct pulih_policy_reader *r, config_setting_t *at)
{
    if (!pulih_policy_elements(r, at, 0, PULIH_DEPARTMENTS_OWN_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_department(r, config_setting_get_elem(at, (unsigned)i));
}
