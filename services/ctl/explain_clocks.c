/* pulihctl explain REF: each interval of each clock, whether it counts, and why. */
#include <stdlib.h>
#include <string.h>

#include "pulih/base/clock.h"
#include "services/ctl/clocks.h"
#include "services/ctl/judge.h"
#include "services/ctl/story.h"

struct explaining {
    struct pulih_ctl_story story;
    struct pulih_buf out;
    const struct pulih_clock_reading *clock;
    const struct pulih_calendar *calendar; /* the clock's */
    int language;
    bool json, said_now;
    struct pulih_span held; /* not yet printed, while what follows may belong to it; to_us 0: none */
    int64_t counted_us, coming_us, stood_us; /* used, still to be counted, not counted */
};

static const char *text(const struct explaining *x, struct pulih_both b)
{
    return pulih_both_in(b, x->language);
}

/* --- why ------------------------------------------------------------------------------------------------ */

static const struct pulih_told *cause_at(const struct explaining *x, int64_t at_us,
                                         enum pulih_clock_event_kind kind)
{
    const struct pulih_clock_reading *r = x->clock;

    for (size_t i = 0; i < r->n; i++)
        if (r->event[i].at_us == at_us && r->event[i].kind == kind)
            return &x->story.told[r->told[i]];
    return NULL;
}

static const char *pause_reason(const struct explaining *x, const struct pulih_span *span)
{
    const struct pulih_told *told = cause_at(x, span->from_us, PULIH_CLOCK_pause);
    struct pulih_clock_paused msg = {0};
    struct pulih_fault fault;

    if (told && told->m == PULIH_M_clock_paused &&
        pulih_msg_decode_part(told->m, told->body, PULIH_CLASS_OPEN, &msg, &fault))
        return pulih_word_label(PULIH_WORDS_pause, msg.pause, x->language);
    if (told && told->state == PULIH_STATE_verifying)
        return text(x, (struct pulih_both){"pelanggan ditanya apakah semuanya sudah beres",
                                           "the customer is asked whether all is well"});
    return text(x,
                (struct pulih_both){"tawaran menunggu jawaban pelanggan", "an offer waits for the customer"});
}

/* Why a span counts or not, with the name of the day where it has one. */
static void add_why(const struct explaining *x, const struct pulih_span *span, struct pulih_buf *out)
{
    bool working = pulih_unit_is_working(x->clock->event[0].duration.unit);

    switch (span->kind) {
    case PULIH_SPAN_counted:
        pulih_buf_addf(out, "%s",
                       working ? text(x, (struct pulih_both){"jam kerja", "working hours"})
                               : text(x, (struct pulih_both){"siang dan malam", "day and night"}));
        return;
    case PULIH_SPAN_closed:
        pulih_buf_addf(out, "%s",
                       text(x, (struct pulih_both){"di luar jam kerja", "outside of working hours"}));
        return;
    case PULIH_SPAN_special:
        pulih_buf_addf(out, "%s", text(x, (struct pulih_both){"hari libur", "holiday"}));
        if (span->day && span->day->name.len) {
            pulih_buf_addf(out, ": ");
            pulih_ctl_add_text(out, span->day->name, -1);
        }
        return;
    case PULIH_SPAN_paused:
        pulih_buf_addf(out, "%s", pause_reason(x, span));
        return;
    case PULIH_SPAN_met:
        pulih_buf_addf(out, "%s", text(x, (struct pulih_both){"sudah ditutup", "it was closed"}));
        return;
    }
}

/* --- spans ---------------------------------------------------------------------------------------------- */

static void print_span(struct explaining *x, const struct pulih_span *span)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0}, from = {0}, to = {0}, length = {0};
    bool counts = span->kind == PULIH_SPAN_counted;

    add_why(x, span, &why);
    if (x->json) {
        pulih_ctl_json_start(&x->out, "what", "interval");
        pulih_ctl_json_word(&x->out, "clock", pulih_ctl_word(PULIH_WORDS_deadline, x->clock->rule->name));
        pulih_ctl_json_time(&x->out, "from", span->from_us);
        pulih_ctl_json_time(&x->out, "to", span->to_us);
        pulih_ctl_json_int(&x->out, "us", span->to_us - span->from_us);
        pulih_ctl_json_int(&x->out, "counts", counts);
        pulih_ctl_json_text(&x->out, "why", pulih_view_of_buf(&why));
        pulih_ctl_json_end(&x->out);
        return;
    }
    pulih_ctl_add_local(&from, x->calendar, span->from_us, x->language);
    pulih_ctl_add_local(&to, x->calendar, span->to_us, x->language);
    pulih_ctl_add_span(&length, span->to_us - span->from_us, x->language);
    pulih_buf_addf(&x->out, "  %s %-23s - %-23s %-22s %s\n", counts ? "+" : " ", pulih_buf_text(&from),
                   pulih_buf_text(&to), pulih_buf_text(&length), pulih_buf_text(&why));
}

static void print_held(struct explaining *x)
{
    if (x->held.to_us > x->held.from_us)
        print_span(x, &x->held);
    x->held = (struct pulih_span){0};
}

/* A night is one interval, although a new day begins in it. */
static void hold_span(struct explaining *x, const struct pulih_span *span)
{
    if (span->kind == PULIH_SPAN_closed && x->held.kind == span->kind && x->held.to_us == span->from_us) {
        x->held.to_us = span->to_us;
        return;
    }
    print_held(x);
    x->held = *span;
}

static void say_now(struct explaining *x)
{
    print_held(x);
    if (!x->json)
        pulih_buf_addf(&x->out, "    --- %s ---\n", text(x, (struct pulih_both){"sekarang", "now"}));
    x->said_now = true;
}

static void tell_span(void *of, const struct pulih_span *span)
{
    struct explaining *x = of;
    struct pulih_span part = *span;
    int64_t now_us = x->story.now_us;

    if (span->kind == PULIH_SPAN_met && span->to_us == now_us)
        return; /* it is over */
    if (span->from_us < now_us && span->to_us > now_us) {
        part.to_us = now_us;
        tell_span(of, &part);
        part.from_us = now_us;
        part.to_us = span->to_us;
        part.kind = span->kind;
    }
    if (part.from_us >= now_us && !x->said_now)
        say_now(x);
    int64_t us = part.to_us - part.from_us;
    if (part.kind != PULIH_SPAN_counted)
        x->stood_us += us;
    else if (part.from_us >= now_us)
        x->coming_us += us;
    else
        x->counted_us += us;
    hold_span(x, &part);
}

static void tell_spans(struct explaining *x)
{
    pulih_countdown_explain(x->calendar, x->clock->event, x->clock->n, x->story.now_us, tell_span, x);
    print_held(x);
}

/* --- a clock -------------------------------------------------------------------------------------------- */

static struct pulih_both state_text(const struct pulih_clock_reading *r)
{
    static const struct pulih_both states[] = {
        [PULIH_CLOCK_unstarted] = {"belum mulai", "not started"},
        [PULIH_CLOCK_running] = {"berjalan", "running"},
        [PULIH_CLOCK_paused] = {"berhenti sementara", "standing"},
        [PULIH_CLOCK_met] = {"terpenuhi", "met"},
    };

    return states[r->now.state];
}

static void add_instant(struct explaining *x, struct pulih_both label, int64_t at_us)
{
    if (!at_us)
        return;
    pulih_buf_addf(&x->out, "  %s ", text(x, label));
    pulih_calendar_print(x->calendar, at_us, x->language, &x->out);
    pulih_buf_addf(&x->out, "\n");
}

static void add_what_happened(struct explaining *x, size_t i)
{
    static const struct pulih_both labels[PULIH_CLOCK_N] = {
        [PULIH_CLOCK_start] = {"mulai, tenggat", "starts, due within"},
        [PULIH_CLOCK_extend] = {"diperpanjang", "extended by"},
        [PULIH_CLOCK_convert] = {"sejak ini tenggatnya", "from here on due within"},
        [PULIH_CLOCK_set] = {"sejak ini jatuh tempo", "from here on due"},
        [PULIH_CLOCK_meet] = {"terpenuhi", "met"},
        [PULIH_CLOCK_reopen] = {"dibuka lagi dengan sisa waktu", "taken up again with what was left"},
    };
    const struct pulih_clock_event *e = &x->clock->event[i];

    if (!labels[e->kind].id)
        return; /* told by its interval */
    pulih_buf_addf(&x->out, "  ");
    pulih_ctl_add_local(&x->out, x->calendar, e->at_us, x->language);
    pulih_buf_addf(&x->out, "  %s", text(x, labels[e->kind]));
    if (e->duration.amount) {
        pulih_buf_addf(&x->out, " ");
        pulih_ctl_add_duration(&x->out, e->duration, x->language);
    } else if (e->due_us) {
        pulih_buf_addf(&x->out, " ");
        pulih_ctl_add_local(&x->out, x->calendar, e->due_us, x->language);
    }
    pulih_buf_addf(&x->out, " (%s)\n", pulih_message(x->story.told[x->clock->told[i]].m)->name);
}

static void add_sum(struct explaining *x, struct pulih_both label, int64_t us)
{
    pulih_buf_addf(&x->out, "  %s ", text(x, label));
    pulih_ctl_add_span(&x->out, us, x->language);
    pulih_buf_addf(&x->out, "\n");
}

static void print_clock(struct explaining *x)
{
    const struct pulih_clock_reading *r = x->clock;

    pulih_buf_addf(&x->out, "\n%s: %s\n", pulih_word_label(PULIH_WORDS_deadline, r->rule->name, x->language),
                   text(x, state_text(r)));
    if (r->n == 0)
        return;
    pulih_buf_addf(&x->out, "  %s %.*s (%s)\n", text(x, (struct pulih_both){"kalender", "calendar"}),
                   PULIH_VIEW_ARG(r->rule->calendar.name), pulih_calendar_zone(x->calendar));
    if (r->rule->pack.at)
        pulih_buf_addf(&x->out, "  %s %.*s\n", text(x, (struct pulih_both){"paket", "pack"}),
                       PULIH_VIEW_ARG(r->rule->pack));
    for (size_t i = 0; i < r->n; i++)
        add_what_happened(x, i);
    pulih_buf_addf(&x->out, "\n");
    tell_spans(x);
    pulih_buf_addf(&x->out, "\n");
    add_sum(x, (struct pulih_both){"terhitung     ", "counted       "}, x->counted_us);
    add_sum(x, (struct pulih_both){"tidak dihitung", "not counted   "}, x->stood_us);
    if (r->now.state == PULIH_CLOCK_running)
        add_sum(x, (struct pulih_both){"masih ada     ", "still left    "}, x->coming_us);
    else
        add_sum(x, (struct pulih_both){"masih ada     ", "still left    "}, r->now.left_us);
    add_instant(x, (struct pulih_both){"jatuh tempo   ", "due           "}, r->now.due_us);
    add_instant(x, (struct pulih_both){"terlewat      ", "missed        "}, r->now.missed_us);
}

static void print_clock_json(struct explaining *x)
{
    static const char *const states[] = {"unstarted", "running", "paused", "met"};
    const struct pulih_clock_reading *r = x->clock;

    if (r->n)
        tell_spans(x);
    pulih_ctl_json_start(&x->out, "what", "clock");
    pulih_ctl_json_word(&x->out, "clock", pulih_ctl_word(PULIH_WORDS_deadline, r->rule->name));
    pulih_ctl_json_word(&x->out, "state", states[r->now.state]);
    pulih_ctl_json_text(&x->out, "calendar", r->rule->calendar.name);
    pulih_ctl_json_text(&x->out, "pack", r->rule->pack);
    pulih_ctl_json_time(&x->out, "due_at", r->now.due_us);
    pulih_ctl_json_time(&x->out, "missed_at", r->now.missed_us);
    pulih_ctl_json_int(&x->out, "counted_us", x->counted_us);
    pulih_ctl_json_int(&x->out, "not_counted_us", x->stood_us);
    pulih_ctl_json_int(&x->out, "left_us",
                       r->now.state == PULIH_CLOCK_running ? x->coming_us : r->now.left_us);
    pulih_ctl_json_int(&x->out, "extended", r->extended);
    pulih_ctl_json_end(&x->out);
}

static void explain_all(struct explaining *x, const struct pulih_policy *policy)
{
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];

    pulih_clocks_read(policy, x->story.told, x->story.n, x->story.now_us, &x->story.arena, all);
    if (!x->json)
        pulih_buf_addf(&x->out, "%s, %s %s\n", x->story.reference,
                       text(x, (struct pulih_both){"menurut kebijakan", "by policy"}), policy->version);
    for (size_t i = 0; i < policy->n_clocks; i++) {
        x->clock = &all[i];
        x->calendar = all[i].rule->calendar.calendar;
        x->said_now = false;
        x->counted_us = x->coming_us = x->stood_us = 0;
        if (x->json)
            print_clock_json(x);
        else if (all[i].n || all[i].rule->name == PULIH_deadline_resolution)
            print_clock(x);
    }
    pulih_ctl_write(&x->out);
}

static void end_explaining(struct explaining *x)
{
    pulih_ctl_story_end(&x->story);
    pulih_buf_free(&x->out);
}

int pulih_ctl_explain_clocks(const struct pulih_ctl *ctl)
{
    PULIH_AUTO(end_explaining) struct explaining x = {.json = pulih_ctl_option(ctl, "json")};
    PULIH_AUTO(pulih_ctl_judge_close) struct pulih_judge judge = {.policy = pulih_ctl_policy(ctl)};

    if (!judge.policy)
        return PULIH_CTL_FAILED;
    if (!pulih_ctl_choose_language(ctl, judge.policy->language, &x.language))
        return PULIH_CTL_USAGE;
    if (!pulih_ctl_story_find(ctl, ctl->args[0], &x.story) ||
        !pulih_ctl_keep_past(ctl, x.story.db, judge.policy))
        return PULIH_CTL_FAILED;
    explain_all(&x, judge.policy);
    return PULIH_CTL_OK;
}
