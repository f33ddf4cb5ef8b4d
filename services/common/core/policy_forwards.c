/* What takes a complaint to a named post, or up the ladder, beside its clocks: rows of `forwards`. */
#include <libconfig.h>

#include "services/common/core/policy_read.h"

enum { AFTER_MAX = 100 };

static void read_on(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_forward *row)
{
    int on = pulih_policy_word(r, at, PULIH_WORDS_deadline);

    if (on == PULIH_deadline_third_party || on == PULIH_deadline_rejected || on == PULIH_deadline_ignored)
        row->on = (uint16_t)on;
    else if (on >= 0)
        pulih_policy_wrong(r, at, "expected third_party, rejected or ignored");
}

static void read_after(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_forward *row)
{
    int64_t after;

    if (row->on && row->on != PULIH_deadline_ignored)
        pulih_policy_wrong(r, at, "leave it out: it counts how often a customer is ignored");
    else if (pulih_policy_integer(r, at, 1, AFTER_MAX, &after))
        row->after = (uint16_t)after;
}

static void read_text(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_forward *row)
{
    if (row->on && row->on != PULIH_deadline_third_party)
        pulih_policy_wrong(r, at, "leave it out: only a third party is found in the text");
    else
        pulih_policy_boolean(r, at, &row->text);
}

static void read_row(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_forward *row)
{
    static const char *const names[] = {"on", "text", "after", "by", "within", "post"};

    if (!pulih_policy_group(r, at, names, PULIH_COUNT(names)))
        return;
    config_setting_t *on = pulih_policy_member(r, at, "on");
    config_setting_t *text = config_setting_get_member(at, "text");
    config_setting_t *after = config_setting_get_member(at, "after");
    config_setting_t *by = config_setting_get_member(at, "by");
    config_setting_t *within = config_setting_get_member(at, "within");
    config_setting_t *post = config_setting_get_member(at, "post");
    row->after = 1;
    if (on)
        read_on(r, on, row);
    if (text)
        read_text(r, text, row);
    if (after)
        read_after(r, after, row);
    if (by && within)
        pulih_policy_wrong(r, within, "leave it out: the row says by when already");
    if (by)
        pulih_policy_duration(r, by, &row->by);
    else if (within)
        pulih_policy_duration(r, within, &row->within);
    if (post)
        row->post = pulih_policy_post(r, post);
}

void pulih_policy_read_forwards(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_policy *p = r->policy;

    if (!pulih_policy_elements(r, at, 0, PULIH_FORWARDS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_row(r, config_setting_get_elem(at, (unsigned)i), &p->forwards[p->n_forwards++]);
}
