/* Posts, the persons who fill them, and when those are away. */
#include <libconfig.h>
#include <stdio.h>
#include <string.h>

#include "pulih/base/near.h"
#include "pulih/core/ladder.h"
#include "services/common/core/policy_calendar.h"

enum { POST_MAX_BYTES = 64, PERSON_MAX_BYTES = 64 };

#define DAY_US INT64_C(86400000000)

/* --- posts ---------------------------------------------------------------------------------------------- */

static void add_person(struct pulih_policy_reader *r, const config_setting_t *at, struct pulih_post *post)
{
    struct pulih_view person = pulih_policy_text(r, at, PERSON_MAX_BYTES, false);

    if (!person.at)
        return;
    if (pulih_post_has(post, person))
        pulih_policy_wrong(r, at, "this person fills the post already");
    else
        post->person[post->n_persons++] = person;
}

static void read_post(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_post *ret)
{
    static const char *const names[] = {"post", "holder", "stand_ins"};

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *post = pulih_policy_member(r, at, "post");
    config_setting_t *holder = pulih_policy_member(r, at, "holder");
    config_setting_t *stand_ins = config_setting_get_member(at, "stand_ins");
    if (post)
        ret->name = pulih_policy_text(r, post, POST_MAX_BYTES, false);
    if (ret->name.at && pulih_post_find(r->policy, ret->name) != ret)
        pulih_policy_wrong(r, post, "this post is given twice");
    if (holder)
        add_person(r, holder, ret);
    if (!stand_ins || !pulih_policy_elements(r, stand_ins, 1, PULIH_PERSONS_MAX - 1))
        return;
    for (int i = 0; i < config_setting_length(stand_ins); i++)
        add_person(r, config_setting_get_elem(stand_ins, (unsigned)i), ret);
}

void pulih_policy_read_posts(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_policy *p = r->policy;

    if (!pulih_policy_elements(r, at, 1, PULIH_POSTS_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_post(r, config_setting_get_elem(at, (unsigned)i), &p->posts[p->n_posts++]);
}

struct pulih_view pulih_policy_post(struct pulih_policy_reader *r, const config_setting_t *at)
{
    struct pulih_view name = pulih_policy_text(r, at, POST_MAX_BYTES, false);
    char known[POST_MAX_BYTES + 1], nearest[POST_MAX_BYTES + 1] = "";
    size_t distance = SIZE_MAX;

    /* Without any post that much is reported already. */
    if (!name.at || r->policy->n_posts == 0 || pulih_post_find(r->policy, name))
        return name;
    for (size_t i = 0; i < r->policy->n_posts; i++) {
        snprintf(known, sizeof known, "%.*s", PULIH_VIEW_ARG(r->policy->posts[i].name));
        if (pulih_is_nearer(config_setting_get_string(at), known, &distance))
            snprintf(nearest, sizeof nearest, "%s", known);
    }
    pulih_policy_wrong(r, at, "\"%.*s\" does not stand in posts%s%s%s", PULIH_VIEW_ARG(name),
                       *nearest ? "; did you mean \"" : "", nearest, *nearest ? "\"?" : "");
    return name;
}

/* --- absences ------------------------------------------------------------------------------------------- */

static bool fills_a_post(const struct pulih_policy *p, struct pulih_view person)
{
    for (size_t i = 0; i < p->n_posts; i++)
        if (pulih_post_has(&p->posts[i], person))
            return true;
    return false;
}

/* The start of a date in the calendar that deadlines are counted in, or its end. */
static bool read_date(struct pulih_policy_reader *r, const config_setting_t *at, int64_t day_us,
                      int64_t *ret_us)
{
    int32_t date;

    if (!pulih_policy_read_date(r, at, &date))
        return false;
    if (r->policy->calendar)
        pulih_calendar_instant(r->policy->calendar, date, day_us, ret_us);
    return true;
}

static void read_absence(struct pulih_policy_reader *r, config_setting_t *at, struct pulih_absence *ret)
{
    static const char *const names[] = {"person", "from", "until"};

    pulih_policy_group(r, at, names, PULIH_COUNT(names));
    if (!config_setting_is_group(at))
        return;
    config_setting_t *person = pulih_policy_member(r, at, "person");
    config_setting_t *from = pulih_policy_member(r, at, "from");
    config_setting_t *until = pulih_policy_member(r, at, "until");
    if (person)
        ret->person = pulih_policy_text(r, person, PERSON_MAX_BYTES, false);
    if (ret->person.at && !fills_a_post(r->policy, ret->person))
        pulih_policy_wrong(r, person, "no post has this person");
    if (from && until && read_date(r, from, 0, &ret->from_us) &&
        read_date(r, until, DAY_US, &ret->until_us) && r->policy->calendar && ret->until_us <= ret->from_us)
        pulih_policy_wrong(r, until, "expected the last day of the absence, which is not before the first");
}

void pulih_policy_read_absences(struct pulih_policy_reader *r, config_setting_t *at)
{
    struct pulih_policy *p = r->policy;

    if (!pulih_policy_elements(r, at, 0, PULIH_ABSENCES_MAX))
        return;
    for (int i = 0; i < config_setting_length(at); i++)
        read_absence(r, config_setting_get_elem(at, (unsigned)i), &p->absences[p->n_absences++]);
}
