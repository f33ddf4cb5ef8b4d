/* pulihctl plan REF: the handling plan in its five parts, with yardsticks as they measure now. */
#include "pulih/core/plan.h"

#include "services/ctl/clocks.h"
#include "services/ctl/judge.h"
#include "services/ctl/story.h"

struct planning {
    struct pulih_ctl_story story;
    struct pulih_buf out, room;
    const struct pulih_policy *policy;
    struct pulih_plan plan;
    int language;
    bool json;
};

static const char *const part_names[PULIH_PLAN_TEXTS] = {"purpose", "scope", "definitions"};

static const char *text(const struct planning *p, struct pulih_both b)
{
    return pulih_both_in(b, p->language);
}

static struct pulih_view label(const struct planning *p, enum pulih_words list, uint16_t number)
{
    return pulih_view_of(pulih_word_label(list, number, p->language));
}

/* --- purpose, scope, definitions ------------------------------------------------------------------------ */

/* The policy's text with its slots filled; valid until the next call. */
static struct pulih_view part(struct planning *p, size_t i)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf due = {0};
    struct pulih_slots slots = {0};

    pulih_calendar_print(p->policy->calendar, p->plan.versions[p->plan.n - 1].due_us, p->language, &due);
    slots.value[PULIH_SLOT_reference] = pulih_view_of(p->story.reference);
    slots.value[PULIH_SLOT_category] = label(p, PULIH_WORDS_category, p->plan.category);
    slots.value[PULIH_SLOT_department] = pulih_view_of(
        pulih_vocabulary_department_label(&p->policy->vocabulary, (int16_t)p->plan.department, p->language));
    slots.value[PULIH_SLOT_post] = p->plan.post;
    slots.value[PULIH_SLOT_company] = p->policy->company;
    slots.value[PULIH_SLOT_due] = pulih_view_of_buf(&due);
    pulih_buf_empty(&p->room);
    pulih_template_fill(p->policy->plan[i][p->language], &slots, &p->room);
    return pulih_view_of_buf(&p->room);
}

/* --- yardsticks ----------------------------------------------------------------------------------------- */

enum state { OPEN, KEPT, MISSED };

static enum state state_of(const struct pulih_clock_reading *r)
{
    if (r->now.missed_us)
        return MISSED;
    return r->now.state == PULIH_CLOCK_met ? KEPT : OPEN;
}

static const char *print_state(const struct planning *p, enum state state)
{
    static const struct pulih_both states[] = {
        {"berjalan", "open"}, {"terpenuhi", "kept"}, {"terlewat", "missed"}};

    return p->json ? states[state].en : text(p, states[state]);
}

static void print_yardstick(struct planning *p, struct pulih_view metric, const char *target, int64_t due_us,
                            const char *measured, enum state state)
{
    if (p->json) {
        pulih_ctl_json_start(&p->out, "what", "yardstick");
        pulih_ctl_json_text(&p->out, "metric", metric);
        pulih_ctl_json_word(&p->out, "target", target);
        pulih_ctl_json_time(&p->out, "due_at", due_us);
        pulih_ctl_json_word(&p->out, "measured", measured);
        pulih_ctl_json_word(&p->out, "state", print_state(p, state));
        pulih_ctl_json_end(&p->out);
        return;
    }
    pulih_buf_addf(&p->out, "  %-10s %.*s: %s %s", print_state(p, state), PULIH_VIEW_ARG(metric),
                   text(p, (struct pulih_both){"paling banyak", "at most"}), target);
    if (due_us) {
        pulih_buf_addf(&p->out, ", %s ", text(p, (struct pulih_both){"sampai", "until"}));
        pulih_ctl_add_local(&p->out, p->policy->calendar, due_us, p->language);
    }
    pulih_buf_addf(&p->out, "; %s %s\n", text(p, (struct pulih_both){"sejauh ini", "so far"}), measured);
}

/* What was used up to now, or to the end; of a clock in working units working time. */
static void add_used(const struct planning *p, const struct pulih_clock_reading *r, struct pulih_buf *out)
{
    bool over = r->now.state == PULIH_CLOCK_met;
    int64_t until_us = over ? r->event[r->n - 1].at_us : p->story.now_us, from_us = r->event[0].at_us;

    if (pulih_unit_is_working(r->event[0].duration.unit))
        pulih_ctl_add_span(out, pulih_calendar_between(r->rule->calendar.calendar, from_us, until_us),
                           p->language);
    else
        pulih_ctl_add_span(out, until_us > from_us ? until_us - from_us : 0, p->language);
}

static void print_clock(struct planning *p, const struct pulih_clock_reading *r)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf target = {0}, used = {0};
    struct pulih_view metric = p->json ? pulih_view_of(pulih_ctl_word(PULIH_WORDS_deadline, r->rule->name))
                                       : label(p, PULIH_WORDS_deadline, r->rule->name);

    if (r->n == 0)
        return;
    if (r->event[0].duration.amount)
        pulih_ctl_add_duration(&target, r->event[0].duration, p->language);
    else
        pulih_buf_addf(&target, "%s",
                       text(p, (struct pulih_both){"tanggal pelanggan", "the customer's date"}));
    add_used(p, r, &used);
    print_yardstick(p, metric, pulih_buf_text(&target), r->now.due_us, pulih_buf_text(&used), state_of(r));
}

static void print_count(struct planning *p, enum pulih_plan_metric metric)
{
    static const char *const names[PULIH_PLAN_METRICS] = {
        [PULIH_PLAN_reprimands] = "reprimands",
        [PULIH_PLAN_declined] = "declined_offers",
        [PULIH_PLAN_reopened] = "reopened",
    };
    static const struct pulih_both labels[PULIH_PLAN_METRICS] = {
        [PULIH_PLAN_reprimands] = {"teguran resmi", "reprimands"},
        [PULIH_PLAN_declined] = {"tawaran yang ditolak pelanggan", "declined offers"},
        [PULIH_PLAN_reopened] = {"dibuka kembali", "reopened"},
    };
    const struct pulih_plan_count *c = &p->plan.count[metric];
    char most[16], measured[16];

    snprintf(most, sizeof most, "%u", c->most);
    snprintf(measured, sizeof measured, "%u", c->count);
    print_yardstick(p, pulih_view_of(p->json ? names[metric] : text(p, labels[metric])), most, 0, measured,
                    c->count > c->most ? MISSED : OPEN);
}

static void print_yardsticks(struct planning *p)
{
    for (size_t i = 0; i < p->policy->n_clocks; i++)
        print_clock(p, &p->plan.clocks[i]);
    for (int metric = 0; metric < PULIH_PLAN_METRICS; metric++)
        print_count(p, (enum pulih_plan_metric)metric);
}

/* --- steps and versions --------------------------------------------------------------------------------- */

static void add_date(struct planning *p, struct pulih_both what, int64_t at_us)
{
    if (!at_us)
        return;
    pulih_buf_addf(&p->out, ", %s ", text(p, what));
    pulih_ctl_add_local(&p->out, p->policy->calendar, at_us, p->language);
}

static void print_step(struct planning *p, size_t i)
{
    static const struct pulih_both labels[PULIH_PLAN_STEPS] = {
        {"pelanggan tahu langkah dan tenggatnya", "the customer knows steps and deadline"},
        {"penyelesaian ditawarkan", "a solution is offered"},
        {"yang disepakati dilaksanakan", "what was agreed is carried out"},
        {"pelanggan menyatakan semuanya beres", "the customer says that all is well"},
        {"keluhan ditutup", "the complaint is closed"},
    };
    const struct pulih_plan_step *step = &p->plan.step[i];

    if (p->json) {
        pulih_ctl_json_start(&p->out, "what", "step");
        pulih_ctl_json_word(&p->out, "step", pulih_message(step->event)->name);
        pulih_ctl_json_time(&p->out, "due_at", step->due_us);
        pulih_ctl_json_time(&p->out, "done_at", step->done_us);
        pulih_ctl_json_end(&p->out);
        return;
    }
    pulih_buf_addf(&p->out, "  %zu. %s", i + 1, text(p, labels[i]));
    add_date(p, (struct pulih_both){"paling lambat", "by"}, step->due_us);
    add_date(p, (struct pulih_both){"selesai", "done"}, step->done_us);
    pulih_buf_addf(&p->out, "\n");
}

static struct pulih_view cause(const struct planning *p, const struct pulih_plan_version *v)
{
    if (v->cause == PULIH_plan_cause_unknown)
        return pulih_view_of(text(p, (struct pulih_both){"rencana pertama", "first plan"}));
    return label(p, PULIH_WORDS_plan_cause, v->cause);
}

static void print_version(struct planning *p, size_t i)
{
    const struct pulih_plan_version *v = &p->plan.versions[i];
    struct pulih_view because = cause(p, v);

    if (p->json) {
        pulih_ctl_json_start(&p->out, "what", "version");
        pulih_ctl_json_int(&p->out, "version", (int64_t)i + 1);
        pulih_ctl_json_time(&p->out, "at", v->at_us);
        pulih_ctl_json_text(&p->out, "cause", because);
        pulih_ctl_json_time(&p->out, "due_at", v->due_us);
        pulih_ctl_json_text(&p->out, "policy", v->policy);
        pulih_ctl_json_end(&p->out);
        return;
    }
    pulih_buf_addf(&p->out, "  %zu  ", i + 1);
    pulih_ctl_add_local(&p->out, p->policy->calendar, v->at_us, p->language);
    pulih_buf_addf(&p->out, "  %.*s", PULIH_VIEW_ARG(because));
    add_date(p, (struct pulih_both){"jatuh tempo", "due"}, v->due_us);
    pulih_buf_addf(&p->out, " (%.*s)\n", PULIH_VIEW_ARG(v->policy));
}

/* --- the whole ------------------------------------------------------------------------------------------ */

static void print_json(struct planning *p)
{
    pulih_ctl_json_start(&p->out, "what", "plan");
    pulih_ctl_json_text(&p->out, "reference", pulih_view_of(p->story.reference));
    pulih_ctl_json_int(&p->out, "version", (int64_t)p->plan.n);
    pulih_ctl_json_text(&p->out, "post", p->plan.post);
    for (size_t i = 0; i < PULIH_PLAN_TEXTS; i++)
        pulih_ctl_json_text(&p->out, part_names[i], part(p, i));
    pulih_ctl_json_end(&p->out);
}

static void print_texts(struct planning *p)
{
    static const struct pulih_both heads[PULIH_PLAN_TEXTS] = {
        {"1. TUJUAN", "1. PURPOSE"}, {"2. RUANG LINGKUP", "2. SCOPE"}, {"3. DEFINISI", "3. DEFINITIONS"}};

    pulih_buf_addf(&p->out, "%s %s, %s %zu\n",
                   text(p, (struct pulih_both){"Rencana penanganan", "Handling plan"}), p->story.reference,
                   text(p, (struct pulih_both){"versi", "version"}), p->plan.n);
    for (size_t i = 0; i < PULIH_PLAN_TEXTS; i++) {
        pulih_buf_addf(&p->out, "\n%s\n  ", text(p, heads[i]));
        pulih_ctl_add_text(&p->out, part(p, i), 2);
        pulih_buf_addf(&p->out, "\n");
    }
}

static void add_head(struct planning *p, struct pulih_both head)
{
    if (!p->json)
        pulih_buf_addf(&p->out, "\n%s\n", text(p, head));
}

static void print_plan(struct planning *p)
{
    if (p->json)
        print_json(p);
    else
        print_texts(p);
    add_head(p, (struct pulih_both){"4. TOLOK UKUR", "4. YARDSTICKS"});
    print_yardsticks(p);
    add_head(p, (struct pulih_both){"5. LANGKAH", "5. STEPS"});
    for (size_t i = 0; i < PULIH_PLAN_STEPS; i++)
        print_step(p, i);
    add_head(p, (struct pulih_both){"VERSI", "VERSIONS"});
    for (size_t i = 0; i < p->plan.n; i++)
        print_version(p, i);
    pulih_ctl_write(&p->out);
}

static void end_planning(struct planning *p)
{
    pulih_ctl_story_end(&p->story);
    pulih_buf_free(&p->out);
    pulih_buf_free(&p->room);
}

int pulih_ctl_plan(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(end_planning) struct planning p = {.json = pulih_ctl_option(ctl, "json")};
    PULIH_AUTO(pulih_ctl_judge_close) struct pulih_judge judge = {.policy = pulih_ctl_policy(ctl)};

    if (!judge.policy)
        return PULIH_CTL_FAILED;
    p.policy = judge.policy;
    if (!pulih_ctl_choose_language(ctl, judge.policy->language, &p.language))
        return PULIH_CTL_USAGE;
    if (!judge.policy->plan[0][p.language].at)
        return pulih_ctl_failed(ctl, "the policy says no purpose, scope and definitions: give it `plan`");
    if (!pulih_ctl_story_find(ctl, ctl->args[0], &p.story) ||
        !pulih_ctl_keep_past(ctl, p.story.db, judge.policy))
        return PULIH_CTL_FAILED;
    if (!pulih_plan_draft(judge.policy, p.story.told, p.story.n, p.story.now_us, &p.story.arena, &p.plan))
        return pulih_ctl_failed(ctl, "%s is not planned yet", p.story.reference);
    print_plan(&p);
    return PULIH_CTL_OK;
}
