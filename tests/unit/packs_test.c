/* Packs: what each of those that come with pulih makes due, worked out by hand; that nothing is in force which
 * nobody confirmed; and what is wrong with a pack, by file and line. */
#include <glob.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/msg.h"
#include "pulih/base/clock.h"
#include "pulih/base/must.h"
#include "pulih/core/clocks.h"
#include "tests/lib/policy_files.h"
#include "tests/lib/told.h"

/* --- policies ------------------------------------------------------------------------------------------- */

#define WEEK(hours)                                                                                          \
    "week = { monday = [ " hours " ]; tuesday = [ " hours " ]; wednesday = [ " hours " ];"                   \
    " thursday = [ " hours " ]; friday = [ " hours " ]; };"

/* Of the holidays of 2026 these matter here: Wed 18 March joint leave, Thu 19 Nyepi, Fri 20 joint leave, Sat 21 and
 * Sun 22 Idul Fitri, Mon 23 and Tue 24 joint leave, Fri 3 April Good Friday. */
#define JAKARTA(joint_leave)                                                                                 \
    "calendar = { zone = \"Asia/Jakarta\"; " WEEK(                                                           \
        "\"08:00-12:00\", \"13:00-17:00\"") " holiday_files = [ "                                            \
                                            "\"%s/deploy/policies/holidays-id-2026.ics\" ]; joint_leave = "  \
                                            "\"" joint_leave "\"; holidays = []; };\n"
#define LONDON                                                                                               \
    "calendar = { zone = \"Europe/London\"; " WEEK(                                                          \
        "\"09:00-17:00\"") " holidays = [ \"2026-12-25\", \"2026-12-28\", \"2027-01-01\" ]; };\n"
#define ELSEWHERE(zone) "calendar = { zone = \"" zone "\"; " WEEK("\"09:00-17:00\"") " holidays = []; };\n"

static char root[PATH_MAX];

static struct pulih_pack read_pack(const char *path, struct pulih_arena *texts)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_pack pack;

    if (!pulih_pack_load(path, texts, &pack, &why))
        fail_msg("%s", pulih_buf_text(&why));
    return pack;
}

/* Appends a row of `packs` that confirms the file as it is. */
static void confirm(const char *path, struct pulih_buf *out)
{
    PULIH_AUTO(pulih_arena_free) struct pulih_arena texts = {0};
    struct pulih_pack pack = read_pack(path, &texts);

    pulih_buf_addf(out,
                   "{ file = \"%s\"; confirmed = { by = \"K601\"; on = \"2026-11-22\"; digest = \"%s\"; }; }",
                   path, pack.digest);
}

/* The good policy with this calendar and these rows of `packs`. */
static struct pulih_policy *policy_of(const struct policy_folder *f, const char *calendar, const char *rows)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    const char *hole = strstr(calendar, "%s");

    if (hole)
        pulih_buf_addf(&text, "%.*s%s%s", (int)(hole - calendar), calendar, root, hole + 2);
    else
        pulih_buf_addf(&text, "%s", calendar);
    pulih_buf_addf(&text, "packs = ( %s );\n", rows);
    put_changed_policy(f, GOOD_CALENDAR, pulih_buf_text(&text));
    return load_policy(f);
}

static struct pulih_policy *policy_with_pack(const struct policy_folder *f, const char *calendar,
                                             const char *pack)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf row = {0};
    char path[PATH_MAX + 100];

    snprintf(path, sizeof path, "%s/deploy/policies/packs/%s.cfg", root, pack);
    confirm(path, &row);
    return policy_of(f, calendar, pulih_buf_text(&row));
}

/* --- stories -------------------------------------------------------------------------------------------- */

enum { STORY_MAX = 6, BODY_MAX = 120 };

/* What happened, in order; the complaint comes first, spoken or not. `what` is a milestone's number, or one of: */
enum { NOTHING = 0, WRITTEN = 100, SPOKEN, PUT_IN_WRITING, ACKNOWLEDGED, EXTENDED, CLOSED };
#define REACHED(name) PULIH_milestone_##name

struct happening {
    int what;
    const char *at;
    const char *since; /* of a milestone: when it was reached, if not then */
    uint16_t clock;    /* of an extension, as the next */
    const char *by;
};

static void add_complaint(struct told *s, const struct happening *h)
{
    struct pulih_complaint msg = {0};

    PULIH_SET(&msg, complaint, channel, h->what == SPOKEN ? PULIH_channel_phone : PULIH_channel_email);
    told_add(s, h->at, PULIH_M_complaint, PULIH_STATE_received, &msg);
}

static void add_extension(struct told *s, const struct happening *h)
{
    struct pulih_planned msg = {0};

    PULIH_SET(&msg, planned, cause, PULIH_plan_cause_extension);
    PULIH_SET(&msg, planned, clock, h->clock);
    PULIH_SET(&msg, planned, by, pulih_view_of(h->by));
    PULIH_SET(&msg, planned, due_at, told_instant(h->at));
    PULIH_SET(&msg, planned, promise, 1);
    PULIH_SET(&msg, planned, post, PULIH_VIEW("Post 1"));
    PULIH_SET(&msg, planned, policy, PULIH_VIEW("test"));
    told_add(s, h->at, PULIH_M_planned, PULIH_STATE_acknowledged, &msg);
}

static void add_milestone(struct told *s, const struct happening *h)
{
    struct pulih_milestone msg = {0};

    PULIH_SET(&msg, milestone, milestone, (uint16_t)h->what);
    PULIH_SET(&msg, milestone, actor, PULIH_VIEW("A-1"));
    if (h->since)
        PULIH_SET(&msg, milestone, at, told_instant(h->since));
    told_add(s, h->at, PULIH_M_milestone, PULIH_STATE_acknowledged, &msg);
}

static void add(struct told *s, const struct happening *h)
{
    struct pulih_put_in_writing written = {0};
    struct pulih_acknowledged acknowledged = {0};
    struct pulih_closed closed = {0};

    PULIH_SET(&written, put_in_writing, actor, PULIH_VIEW("A-1"));
    if (h->what == WRITTEN || h->what == SPOKEN)
        add_complaint(s, h);
    else if (h->what == PUT_IN_WRITING)
        told_add(s, h->at, PULIH_M_put_in_writing, PULIH_STATE_acknowledged, &written);
    else if (h->what == ACKNOWLEDGED)
        told_add(s, h->at, PULIH_M_acknowledged, PULIH_STATE_acknowledged, &acknowledged);
    else if (h->what == CLOSED)
        told_add(s, h->at, PULIH_M_closed, PULIH_STATE_closed, &closed);
    else if (h->what == EXTENDED)
        add_extension(s, h);
    else
        add_milestone(s, h);
}

/* --- worked examples ------------------------------------------------------------------------------------ */

struct expected {
    uint16_t clock;
    const char *due; /* of one that runs or is met; NULL: it did not start */
    bool met;
};

#define AT(what, at)                                                                                         \
    {                                                                                                        \
        what, at, NULL, 0, NULL                                                                              \
    }
#define LATE(what, at, since)                                                                                \
    {                                                                                                        \
        what, at, since, 0, NULL                                                                             \
    }
#define EXTENSION(at, of, by)                                                                                \
    {                                                                                                        \
        EXTENDED, at, NULL, PULIH_deadline_##of, by                                                          \
    }
#define DUE(of, at)                                                                                          \
    {                                                                                                        \
        PULIH_deadline_##of, at, false                                                                       \
    }
#define MET(of, at)                                                                                          \
    {                                                                                                        \
        PULIH_deadline_##of, at, true                                                                        \
    }
#define UNSTARTED(of)                                                                                        \
    {                                                                                                        \
        PULIH_deadline_##of, NULL, false                                                                     \
    }

static const struct example {
    const char *name, *pack, *calendar;
    struct happening story[STORY_MAX];
    struct expected expected[3];
} examples[] = {
    // clang-format off
    /* Fri 13 (1), Mon 16 (2), Tue 17 (3), Wed 25 (4), Thu 26 March (5). */
    {"verbal, over Nyepi and Idul Fitri", "id.ojk.pojk22_2023", JAKARTA("closed"),
     {AT(SPOKEN, "2026-03-12T10:00:00+07:00")},
     {DUE(regulator, "2026-03-26T17:00:00+07:00")}},
    /* The same with joint leave as working days: Fri 13, Mon 16, Tue 17, Wed 18 (4), Fri 20 March (5). */
    {"verbal, where joint leave is worked", "id.ojk.pojk22_2023", JAKARTA("open"),
     {AT(SPOKEN, "2026-03-12T10:00:00+07:00")},
     {DUE(regulator, "2026-03-20T17:00:00+07:00")}},
    /* Received on Saturday: Mon 16 (1), Tue 17 (2), Wed 25 (3), Thu 26 (4), Fri 27 March (5). */
    {"verbal, received on a Saturday", "id.ojk.pojk22_2023", JAKARTA("closed"),
     {AT(SPOKEN, "2026-03-14T09:00:00+07:00")},
     {DUE(regulator, "2026-03-27T17:00:00+07:00")}},
    /* 13, 16, 17, 25, 26 (5), 27, 30, 31 March, 1 (9), 2 April (10), the day before Good Friday. */
    {"written", "id.ojk.pojk22_2023", JAKARTA("closed"),
     {AT(WRITTEN, "2026-03-12T10:00:00+07:00")},
     {DUE(regulator, "2026-04-02T17:00:00+07:00")}},
    {"verbal, put in writing on its last day: the time of a written one from receipt", "id.ojk.pojk22_2023",
     JAKARTA("closed"),
     {AT(SPOKEN, "2026-03-12T10:00:00+07:00"), AT(PUT_IN_WRITING, "2026-03-26T11:00:00+07:00")},
     {DUE(regulator, "2026-04-02T17:00:00+07:00")}},
    /* From Tue 17 March: 25 (1), 26, 27, 30, 31 (5), 1, 2 (7), 6, 7, 8 April (10). The second time gives nothing. */
    {"written, the file complete later, and said twice", "id.ojk.pojk22_2023", JAKARTA("closed"),
     {AT(WRITTEN, "2026-03-12T10:00:00+07:00"), AT(REACHED(documents_complete), "2026-03-17T15:00:00+07:00"),
      AT(REACHED(documents_complete), "2026-03-30T09:00:00+07:00")},
     {DUE(regulator, "2026-04-08T17:00:00+07:00")}},
    {"verbal, documents give no more time", "id.ojk.pojk22_2023", JAKARTA("closed"),
     {AT(SPOKEN, "2026-03-12T10:00:00+07:00"), AT(REACHED(documents_complete), "2026-03-17T15:00:00+07:00")},
     {DUE(regulator, "2026-03-26T17:00:00+07:00")}},
    /* From Thu 2 April: Mon 6 (1) to Fri 10 (5), Mon 13 (6) to Fri 17 April (10). */
    {"written, extended", "id.ojk.pojk22_2023", JAKARTA("closed"),
     {AT(WRITTEN, "2026-03-12T10:00:00+07:00"),
      EXTENSION("2026-04-01T10:00:00+07:00", regulator, "10 working_days")},
     {DUE(regulator, "2026-04-17T17:00:00+07:00")}},
    /* The ten days of above to 2 April, then Mon 6 (11) to Fri 10 (15), Mon 13 (16) to Fri 17 April (20). */
    {"written, before POJK 22/2023", "id.ojk.pojk18_2018", JAKARTA("closed"),
     {AT(WRITTEN, "2026-03-12T10:00:00+07:00")},
     {DUE(regulator, "2026-04-17T17:00:00+07:00")}},
    {"verbal, before POJK 22/2023", "id.ojk.pojk18_2018", JAKARTA("closed"),
     {AT(SPOKEN, "2026-03-12T10:00:00+07:00")},
     {DUE(regulator, "2026-03-26T17:00:00+07:00")}},
    /* Mon 16 (1), Tue 17 (2), Wed 25 March (3). */
    {"a report is verified", "id.sp4n.lapor", JAKARTA("closed"),
     {AT(WRITTEN, "2026-03-13T16:59:00+07:00")},
     {DUE(acknowledgement, "2026-03-25T17:00:00+07:00")}},
    /* Asked on Fri 20 March, a holiday: 72 hours of the clock later is Mon 23 March, another one. */
    {"access to data, over Idul Fitri", "id.pdp", JAKARTA("closed"),
     {AT(WRITTEN, "2026-03-20T23:30:00+07:00"), AT(REACHED(data_requested), "2026-03-20T23:30:00+07:00")},
     {DUE(data_access, "2026-03-23T23:30:00+07:00"), UNSTARTED(data_stop),
      UNSTARTED(data_breach)}},
    {"consent is withdrawn, and a breach is known since yesterday", "id.pdp", JAKARTA("closed"),
     {AT(WRITTEN, "2026-03-20T08:00:00+07:00"), AT(REACHED(consent_withdrawn), "2026-03-20T08:00:00+07:00"),
      LATE(REACHED(breach_found), "2026-03-20T09:00:00+07:00", "2026-03-19T21:00:00+07:00"),
      AT(REACHED(processing_stopped), "2026-03-21T10:00:00+07:00")},
     {MET(data_stop, "2026-03-23T08:00:00+07:00"),
      DUE(data_breach, "2026-03-22T21:00:00+07:00")}},
    {"a request on the day before the law", "id.pdp", JAKARTA("closed"),
     {AT(WRITTEN, "2022-10-16T22:00:00+07:00"), AT(REACHED(data_requested), "2022-10-16T23:59:00+07:00")},
     {UNSTARTED(data_access)}},
    {"a request on the first day of the law", "id.pdp", JAKARTA("closed"),
     {AT(WRITTEN, "2022-10-16T22:00:00+07:00"), AT(REACHED(data_requested), "2022-10-17T00:00:00+07:00")},
     {DUE(data_access, "2022-10-20T00:00:00+07:00")}},
    /* Saturday 19 December: Mon 21, Tue 22, Wed 23 (3). Eight weeks are 56 days: 13 February, a Saturday, too. */
    {"received on a Saturday", "uk.fca.disp", LONDON,
     {AT(WRITTEN, "2026-12-19T11:00:00Z")},
     {DUE(early, "2026-12-23T17:00:00Z"), DUE(regulator, "2027-02-13T11:00:00Z")}},
    /* Tue 22 (1), Wed 23 (2), Thu 24 (3), the day before Christmas; with a day less it would be over it. */
    {"resolved before Christmas", "uk.fca.disp", LONDON,
     {AT(WRITTEN, "2026-12-21T18:00:00Z"), AT(CLOSED, "2026-12-24T16:00:00Z")},
     {MET(early, "2026-12-24T17:00:00Z"),
      MET(regulator, "2027-02-15T18:00:00Z")}},
    /* Clocks go forward on 28 March: 11:00 on 19 April is 10:00 UTC. */
    {"eight weeks over the change of clocks", "uk.fca.disp", LONDON,
     {AT(WRITTEN, "2027-02-22T11:00:00Z")},
     {DUE(regulator, "2027-04-19T11:00:00+01:00")}},
    {"a holding reply meets eight weeks, and the complaint stays open", "uk.fca.disp", LONDON,
     {AT(WRITTEN, "2026-12-19T11:00:00Z"), AT(REACHED(holding_reply), "2027-02-12T11:00:00Z")},
     {MET(regulator, "2027-02-13T11:00:00Z")}},
    /* 21, 22, 23, 24 December (4), 29, 30, 31 (7), 4 to 8 January (12), 11, 12, 13 (15), 14, 15 (17), 18 to 22 (22), 25
     * to 29 (27), 1 to 5 February (32), 8, 9, 10 (35). */
    {"payment services, over Christmas and New Year", "uk.fca.psd_emd", LONDON,
     {AT(WRITTEN, "2026-12-18T15:00:00Z")},
     {DUE(regulator, "2027-01-13T17:00:00Z"), DUE(final, "2027-02-10T17:00:00Z")}},
    {"payment services, a holding reply leaves the final one", "uk.fca.psd_emd", LONDON,
     {AT(WRITTEN, "2026-12-18T15:00:00Z"), AT(REACHED(holding_reply), "2027-01-13T12:00:00Z")},
     {MET(regulator, "2027-01-13T17:00:00Z"), DUE(final, "2027-02-10T17:00:00Z")}},
    {"payment services, a final response meets both", "uk.fca.psd_emd", LONDON,
     {AT(WRITTEN, "2026-12-18T15:00:00Z"), AT(REACHED(final_response), "2027-01-13T12:00:00Z")},
     {MET(regulator, "2027-01-13T17:00:00Z"),
      MET(final, "2027-02-10T17:00:00Z")}},
    /* Sent on Sunday 1 March, told on the 3rd; clocks go forward on the 8th. 16 March, and 30 April. */
    {"the portal's day counts, not ours", "us.cfpb.portal", ELSEWHERE("America/New_York"),
     {AT(WRITTEN, "2026-03-03T09:00:00-05:00"),
      LATE(REACHED(sent_to_portal), "2026-03-03T09:05:00-05:00", "2026-03-01T14:00:00-05:00")},
     {DUE(regulator, "2026-03-16T14:00:00-04:00"), DUE(final, "2026-04-30T14:00:00-04:00")}},
    {"in progress on the portal", "us.cfpb.portal", ELSEWHERE("America/New_York"),
     {AT(WRITTEN, "2026-03-01T14:00:00-05:00"), AT(REACHED(sent_to_portal), "2026-03-01T14:00:00-05:00"),
      AT(REACHED(holding_reply), "2026-03-15T10:00:00-04:00")},
     {MET(regulator, "2026-03-16T14:00:00-04:00"),
      DUE(final, "2026-04-30T14:00:00-04:00")}},
    {"what comes by no portal", "us.cfpb.portal", ELSEWHERE("America/New_York"),
     {AT(WRITTEN, "2026-03-01T14:00:00-05:00")},
     {UNSTARTED(regulator), UNSTARTED(final)}},
    /* The day before Good Friday; clocks go back on 5 April. 30 days: Saturday 2 May. */
    {"over Easter", "au.asic.rg271", ELSEWHERE("Australia/Sydney"),
     {AT(SPOKEN, "2026-04-02T16:00:00+11:00")},
     {DUE(acknowledgement, "2026-04-03T16:00:00+11:00"),
      DUE(regulator, "2026-05-02T16:00:00+10:00")}},
    /* 28 days to 30 April, 17 more. */
    {"superannuation", "au.asic.rg271_super", ELSEWHERE("Australia/Sydney"),
     {AT(WRITTEN, "2026-04-02T16:00:00+11:00"), AT(ACKNOWLEDGED, "2026-04-02T16:01:00+11:00")},
     {MET(acknowledgement, "2026-04-03T16:00:00+11:00"),
      DUE(regulator, "2026-05-17T16:00:00+10:00")}},
    {"received on the last day of RG 165", "au.asic.rg271", ELSEWHERE("Australia/Sydney"),
     {AT(WRITTEN, "2021-10-04T23:59:59+11:00")},
     {UNSTARTED(regulator), UNSTARTED(acknowledgement)}},
    {"received on the first day of RG 271", "au.asic.rg271", ELSEWHERE("Australia/Sydney"),
     {AT(WRITTEN, "2021-10-05T00:00:00+11:00")},
     {DUE(regulator, "2021-11-04T00:00:00+11:00")}},
    /* 11 days to 31 January and 9 more; ten after that. Holidays do not matter. */
    {"to the internal ombudsman by day 20", "in.rbi.io", ELSEWHERE("Asia/Kolkata"),
     {AT(WRITTEN, "2026-01-20T11:00:00+05:30")},
     {DUE(forward, "2026-02-09T11:00:00+05:30"), DUE(regulator, "2026-02-19T11:00:00+05:30")}},
    {"with the internal ombudsman", "in.rbi.io", ELSEWHERE("Asia/Kolkata"),
     {AT(WRITTEN, "2026-01-20T11:00:00+05:30"), AT(REACHED(forwarded), "2026-02-08T17:00:00+05:30")},
     {MET(forward, "2026-02-09T11:00:00+05:30"),
      DUE(regulator, "2026-02-19T11:00:00+05:30")}},
    /* There is no 31 February. */
    {"a request on 31 January", "gdpr.dsr", ELSEWHERE("Europe/Dublin"),
     {AT(WRITTEN, "2026-01-31T10:00:00Z"), AT(REACHED(data_requested), "2026-01-31T10:00:00Z")},
     {DUE(data_access, "2026-02-28T10:00:00Z")}},
    /* Two months behind 28 February, in summer time by then. */
    {"a complex request", "gdpr.dsr", ELSEWHERE("Europe/Dublin"),
     {AT(WRITTEN, "2026-01-31T10:00:00Z"), AT(REACHED(data_requested), "2026-01-31T10:00:00Z"),
      EXTENSION("2026-02-20T10:00:00Z", data_access, "2 months")},
     {DUE(data_access, "2026-04-28T10:00:00+01:00")}},
    /* Mon 16 (1); Tue 17 (2), Wed 25 (3), Thu 26 (4), Fri 27 March (5). */
    {"no regulator", "company", JAKARTA("closed"),
     {AT(WRITTEN, "2026-03-13T15:00:00+07:00")},
     {DUE(acknowledgement, "2026-03-16T17:00:00+07:00"),
      DUE(first_response, "2026-03-27T17:00:00+07:00")}},
    // clang-format on
};

static void check_clock(const struct example *x, const struct pulih_clock_reading *r,
                        const struct expected *e)
{
    char due[28];

    assert_non_null(r);
    if (!e->due) {
        if (r->n)
            fail_msg("%s, %s: %s starts", x->pack, x->name,
                     pulih_word_of(PULIH_WORDS_deadline, e->clock)->word);
        return;
    }
    assert_true(r->covered && r->n > 0);
    pulih_time_print(r->now.due_us, due);
    if (r->now.due_us != told_instant(e->due))
        fail_msg("%s, %s: %s is due %s, not %s", x->pack, x->name,
                 pulih_word_of(PULIH_WORDS_deadline, e->clock)->word, due, e->due);
    if (r->now.state != (e->met ? PULIH_CLOCK_met : PULIH_CLOCK_running))
        fail_msg("%s, %s: %s is in state %d", x->pack, x->name,
                 pulih_word_of(PULIH_WORDS_deadline, e->clock)->word, (int)r->now.state);
    assert_int_equal(r->now.missed_us, 0);
}

static void check_example(const struct policy_folder *f, const struct example *x)
{
    struct pulih_policy *p = policy_with_pack(f, x->calendar, x->pack);
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];
    PULIH_AUTO(pulih_arena_free) struct pulih_arena arena = {0};
    PULIH_AUTO(told_free) struct told s = {0};

    for (size_t i = 0; i < STORY_MAX && x->story[i].at; i++)
        add(&s, &x->story[i]);
    pulih_clocks_read(p, s.event, s.n, s.event[s.n - 1].at_us, &arena, all);
    for (size_t i = 0; i < PULIH_COUNT(x->expected) && x->expected[i].clock; i++)
        check_clock(x, pulih_clocks_find(all, p->n_clocks, x->expected[i].clock), &x->expected[i]);
    pulih_policy_free(p);
}

static void worked_examples(void **state)
{
    for (size_t i = 0; i < PULIH_COUNT(examples); i++)
        check_example(*state, &examples[i]);
}

/* --- which there are ------------------------------------------------------------------------------------ */

/* Each has an example above, both languages of a signpost, and a source for each figure. */
static void every_pack_is_whole_and_has_an_example(void **state)
{
    static const char *const all[] = {
        "company",       "id.ojk.pojk22_2023",  "id.ojk.pojk18_2018", "id.sp4n.lapor",
        "id.pdp",        "uk.fca.disp",         "uk.fca.psd_emd",     "us.cfpb.portal",
        "au.asic.rg271", "au.asic.rg271_super", "in.rbi.io",          "gdpr.dsr"};
    char path[PATH_MAX + 100];
    glob_t found_files;
    (void)state;

    for (size_t i = 0; i < PULIH_COUNT(all); i++) {
        PULIH_AUTO(pulih_arena_free) struct pulih_arena texts = {0};
        bool found = false;
        snprintf(path, sizeof path, "%s/deploy/policies/packs/%s.cfg", root, all[i]);
        struct pulih_pack pack = read_pack(path, &texts);
        assert_true(pulih_view_is(pack.name, all[i]));
        assert_true(pack.n_clocks > 0);
        for (size_t k = 0; k < pack.n_clocks; k++)
            assert_true(pack.clocks[k].source.len > 0);
        for (size_t k = 0; k < pack.n_figures; k++)
            assert_true(pack.figures[k].source.len > 0);
        assert_true(!pack.signpost[PULIH_language_id].at == !pack.signpost_source.at);
        for (size_t k = 0; k < PULIH_COUNT(examples); k++)
            found |= strcmp(examples[k].pack, all[i]) == 0;
        assert_true(found);
    }
    snprintf(path, sizeof path, "%s/deploy/policies/packs/*.cfg", root);
    assert_int_equal(glob(path, 0, NULL, &found_files), 0);
    assert_int_equal(found_files.gl_pathc, PULIH_COUNT(all));
    globfree(&found_files);
}

/* --- confirming ----------------------------------------------------------------------------------------- */

#define PACK(name, clocks)                                                                                   \
    "name = \"" name "\"; title = \"t\"; authority = \"a\";\nclocks = (\n" clocks "\n);\n"
#define REGULATOR(within, more) "{ name = \"regulator\"; within = \"" within "\"; source = \"s\"; " more " }"

static void put_pack(const struct policy_folder *f, const char *file, const char *text)
{
    put_policy_file(f, file, text, strlen(text));
}

static void an_unconfirmed_pack_does_nothing(void **state)
{
    const struct policy_folder *f = *state;

    put_pack(f, "part.cfg", PACK("p", REGULATOR("1 hour", "")));
    struct pulih_policy *p = policy_of(f, GOOD_CALENDAR, "{ file = \"part.cfg\"; }");
    assert_int_equal(p->n_packs, 1);
    assert_int_equal(pulih_pack_state(&p->packs[0], 20260101), PULIH_PACK_unconfirmed);
    assert_null(pulih_policy_clock(p, PULIH_deadline_regulator));
    assert_false(pulih_policy_heeds(p, PULIH_CLOCK_MILESTONE(PULIH_milestone_final_response)));
    pulih_policy_free(p);
}

static void a_confirmed_pack_is_a_part_of_the_policy(void **state)
{
    const struct policy_folder *f = *state;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf row = {0};
    char path[128];

    put_pack(f, "part.cfg", PACK("p", REGULATOR("1 hour", "met_by = [ \"holding_reply\" ];")));
    snprintf(path, sizeof path, "%s/part.cfg", f->path);
    confirm(path, &row);
    struct pulih_policy *p = policy_of(f, GOOD_CALENDAR, pulih_buf_text(&row));
    const struct pulih_clock_rule *rule = pulih_policy_clock(p, PULIH_deadline_regulator);
    assert_non_null(rule);
    assert_true(pulih_view_is(rule->pack, "p"));
    assert_ptr_equal(rule->calendar.calendar, p->calendar);
    assert_true(pulih_view_is(p->packs[0].confirmed_by, "K601"));
    assert_int_equal(p->packs[0].confirmed_on, 20261122);
    assert_true(pulih_policy_heeds(p, PULIH_CLOCK_MILESTONE(PULIH_milestone_holding_reply)));
    assert_false(pulih_policy_heeds(p, PULIH_CLOCK_MILESTONE(PULIH_milestone_final_response)));
    char version[sizeof p->version];
    memcpy(version, p->version, sizeof version);
    pulih_policy_free(p);
    /* A comment more is another policy, though nobody needs to confirm a pack that is not in force. */
    put_pack(f, "part.cfg", "# read\n" PACK("p", REGULATOR("1 hour", "")));
    p = policy_of(f, GOOD_CALENDAR, "{ file = \"part.cfg\"; }");
    assert_string_not_equal(version, p->version);
    pulih_policy_free(p);
}

static void check_fault(const struct policy_folder *f, const char *rows, const char *file, int line,
                        const char *fault)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0}, text = {0}, expected = {0};
    int first;

    pulih_buf_addf(&text, "%spacks = ( %s );\n", GOOD_CALENDAR, rows);
    first = put_changed_policy(f, GOOD_CALENDAR, pulih_buf_text(&text));
    for (const char *at = GOOD_CALENDAR; *at; at++)
        first += *at == '\n';
    pulih_buf_addf(&expected, "%s/%s:%d: %s", f->path, file, line ? line : first, fault);
    struct pulih_policy *p = pulih_policy_load(f->main, &why);
    assert_null(p);
    if (strncmp(pulih_buf_text(&why), pulih_buf_text(&expected), expected.len) != 0)
        fail_msg("%s\ninstead of\n%s", pulih_buf_text(&why), pulih_buf_text(&expected));
}

static void a_changed_pack_must_be_confirmed_anew(void **state)
{
    const struct policy_folder *f = *state;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf row = {0};
    char path[128];

    put_pack(f, "part.cfg", PACK("p", REGULATOR("10 working_days", "")));
    snprintf(path, sizeof path, "%s/part.cfg", f->path);
    confirm(path, &row);
    pulih_policy_free(policy_of(f, GOOD_CALENDAR, pulih_buf_text(&row)));
    put_pack(f, "part.cfg", PACK("p", REGULATOR("20 working_days", "")));
    PULIH_AUTO(pulih_arena_free) struct pulih_arena texts = {0};
    struct pulih_pack pack = read_pack(path, &texts);
    char fault[300];
    snprintf(
        fault, sizeof fault,
        "packs[0].confirmed.digest: the file has digest %s: it is not the text that K601 confirmed; read it "
        "with pulihctl pack show, and confirm it anew\n",
        pack.digest);
    check_fault(f, pulih_buf_text(&row), "policy.cfg", 0, fault);
}

/* --- periods -------------------------------------------------------------------------------------------- */

static int64_t due_of(const struct pulih_policy *p, const char *received)
{
    struct happening complaint = {WRITTEN, received, NULL, 0, NULL};
    struct pulih_clock_reading all[PULIH_CLOCKS_MAX];
    PULIH_AUTO(pulih_arena_free) struct pulih_arena arena = {0};
    PULIH_AUTO(told_free) struct told s = {0};

    add(&s, &complaint);
    pulih_clocks_read(p, s.event, s.n, s.event[0].at_us, &arena, all);
    const struct pulih_clock_reading *r = pulih_clocks_find(all, p->n_clocks, PULIH_deadline_regulator);
    return r->n ? r->now.due_us : 0;
}

/* One rule ends and the next begins: what came in before goes by the old one for good. */
static void each_complaint_goes_by_the_figures_of_its_day(void **state)
{
    const struct policy_folder *f = *state;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf rows = {0};
    char path[128];

    put_pack(f, "part.cfg",
             PACK("old", REGULATOR("20 hours", "from = \"2018-01-01\"; until = \"2026-05-31\";")));
    put_pack(f, "deeper.cfg",
             PACK("new", REGULATOR("10 hours", "from = \"2026-06-01\"; until = \"2026-06-30\";")));
    snprintf(path, sizeof path, "%s/part.cfg", f->path);
    confirm(path, &rows);
    pulih_buf_addf(&rows, ", ");
    snprintf(path, sizeof path, "%s/deeper.cfg", f->path);
    confirm(path, &rows);
    /* Asia/Makassar is eight hours ahead. */
    struct pulih_policy *p = policy_of(f, GOOD_CALENDAR, pulih_buf_text(&rows));
    assert_int_equal(due_of(p, "2017-12-31T23:59:59+08:00"), 0);
    assert_int_equal(due_of(p, "2018-01-01T00:00:00+08:00"), told_instant("2018-01-01T20:00:00+08:00"));
    assert_int_equal(due_of(p, "2026-05-31T23:59:59+08:00"), told_instant("2026-06-01T19:59:59+08:00"));
    assert_int_equal(due_of(p, "2026-06-01T00:00:00+08:00"), told_instant("2026-06-01T10:00:00+08:00"));
    assert_int_equal(due_of(p, "2026-06-30T23:59:59+08:00"), told_instant("2026-07-01T09:59:59+08:00"));
    assert_int_equal(due_of(p, "2026-07-01T00:00:00+08:00"), 0);
    assert_int_equal(pulih_pack_state(&p->packs[1], 20260531), PULIH_PACK_future);
    assert_int_equal(pulih_pack_state(&p->packs[1], 20260601), PULIH_PACK_in_force);
    assert_int_equal(pulih_pack_state(&p->packs[1], 20260630), PULIH_PACK_in_force);
    assert_int_equal(pulih_pack_state(&p->packs[1], 20260701), PULIH_PACK_expired);
    pulih_policy_free(p);
}

/* --- faults --------------------------------------------------------------------------------------------- */

static void faults_of_a_pack_are_told_by_its_own_file_and_line(void **state)
{
    static const struct {
        const char *text;
        int line;
        const char *fault;
    } rows[] = {
        {PACK("p", "\n{ name = \"regulator\"; within = \"10 banana\"; source = \"s\"; }"), 4,
         "clocks[0].within: expected a duration"},
        {PACK("p", "{ name = \"regulator\"; within = \"1 hour\"; }"), 3, "clocks[0]: source is missing"},
        {PACK("p", "{ name = \"resolution\"; source = \"s\"; }"), 3,
         "clocks[0].name: this clock is the company's own and no pack's; take regulator"},
        {PACK("p", REGULATOR("1 hour", "from = \"2026-02-30\";")), 3, "clocks[0].from: expected a date"},
        {PACK("p", REGULATOR("1 hour", "from = \"2026-02-01\"; until = \"2026-01-01\";")), 3,
         "clocks[0].until: expected the last day, which is not before the first"},
        {PACK("p", REGULATOR("1 hour", "met_by = [ \"holding_replay\" ];")), 3,
         "clocks[0].met_by[0]: expected complaint, an event"},
        {PACK("p", REGULATOR("1 hour", "calendar = \"x\";")), 3, "clocks[0].calendar: unknown name"},
        {PACK("p", REGULATOR("1 hour", "")) "figures = ( { what = \"w\"; } );\n", 5,
         "figures[0]: source is missing"},
        {PACK("p", REGULATOR("1 hour", "")) "signpost = { id = \"s\"; source = \"s\"; };\n", 5,
         "signpost: en is missing"},
        {PACK("p", REGULATOR("1 hour", "")) "\n @include \"deeper.cfg\"\n", 6,
         "a pack is one file and includes no other"},
        {"title = \"t\"; authority = \"a\"; clocks = ( );\n", 1, "name is missing"},
        {"name = ;\n", 1, "syntax error"},
    };

    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        put_pack(*state, "part.cfg", rows[i].text);
        check_fault(*state, "{ file = \"part.cfg\"; }", "part.cfg", rows[i].line, rows[i].fault);
    }
}

static void faults_of_a_row_are_told_by_the_policy(void **state)
{
    static const struct {
        const char *rows, *fault;
    } cases[] = {
        {"{ confirmed = { by = \"K\"; }; }", "packs[0]: file is missing"},
        {"{ file = \"part.cfg\"; confirmed = { on = \"2026-01-01\"; digest = \"x\"; }; }",
         "packs[0].confirmed: by is missing"},
        {"{ file = \"part.cfg\"; confirmed = { by = \"K\"; on = \"yesterday\"; digest = \"x\"; }; }",
         "packs[0].confirmed.on: expected a date"},
        {"{ file = \"part.cfg\"; confirmed = { by = \"K\"; on = \"2026-01-01\"; digest = \"x\"; }; }",
         "packs[0].confirmed.digest: the file has digest "},
        {"{ file = \"part.cfg\"; calendar = \"defualt\"; }", "packs[0].calendar: unknown calendar"},
        {"{ file = \"part.cfg\"; }, { file = \"part.cfg\"; }", "packs[1]: pack p is given twice"},
    };

    put_pack(*state, "part.cfg", PACK("p", REGULATOR("1 hour", "")));
    for (size_t i = 0; i < PULIH_COUNT(cases); i++)
        check_fault(*state, cases[i].rows, "policy.cfg", 0, cases[i].fault);
    check_fault(*state, "{ file = \"missing.cfg\"; }", "policy.cfg", 0, "packs[0].file: /");
    check_fault(*state, "{ file = \"/\"; }", "policy.cfg", 0, "packs[0].file: /: ");
}

static void two_packs_with_the_same_clock_at_the_same_time_are_refused(void **state)
{
    const struct policy_folder *f = *state;
    PULIH_AUTO(pulih_buf_free) struct pulih_buf rows = {0};
    char path[128];

    put_pack(f, "part.cfg", PACK("one", REGULATOR("20 hours", "until = \"2026-06-01\";")));
    put_pack(f, "deeper.cfg", PACK("two", REGULATOR("10 hours", "from = \"2026-06-01\";")));
    snprintf(path, sizeof path, "%s/part.cfg", f->path);
    confirm(path, &rows);
    pulih_buf_addf(&rows, ", ");
    snprintf(path, sizeof path, "%s/deeper.cfg", f->path);
    confirm(path, &rows);
    check_fault(f, pulih_buf_text(&rows), "policy.cfg", 0,
                "packs[1]: clock regulator of pack two is one of pack one already\n");
    pulih_buf_addf(&rows, " ); clocks = ( { name = \"regulator\"; within = \"1 hour\"; }");
    check_fault(f, pulih_buf_text(&rows), "policy.cfg", 0,
                "packs[0]: clock regulator of pack one stands in clocks already: leave it out there\n");
}

/* --- signposts ------------------------------------------------------------------------------------------ */

static void check_signpost(const struct pulih_policy *p, const char *received, int language, const char *part)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};

    pulih_policy_signpost(p, told_instant(received), language, &out);
    if (part ? !strstr(pulih_buf_text(&out), part) : out.len > 0)
        fail_msg("\"%s\" instead of %s", pulih_buf_text(&out), part ? part : "nothing");
}

static void letters_point_to_where_the_pack_does(void **state)
{
    struct pulih_policy *p = policy_with_pack(*state, JAKARTA("closed"), "id.ojk.pojk22_2023");

    check_signpost(p, "2026-03-12T10:00:00+07:00", PULIH_language_id, "dapat Anda ajukan kepada Lembaga");
    check_signpost(p, "2026-03-12T10:00:00+07:00", PULIH_language_en, "you may take the dispute to LAPS SJK");
    pulih_policy_free(p);
    p = policy_with_pack(*state, ELSEWHERE("Australia/Sydney"), "au.asic.rg271");
    check_signpost(p, "2021-10-05T00:00:00+11:00", PULIH_language_en, "(AFCA)");
    check_signpost(p, "2021-10-04T23:59:00+11:00", PULIH_language_en, NULL);
    pulih_policy_free(p);
    /* What is not about every complaint points nowhere by itself. */
    p = policy_with_pack(*state, ELSEWHERE("Europe/Dublin"), "gdpr.dsr");
    check_signpost(p, "2026-03-12T10:00:00Z", PULIH_language_en, NULL);
    pulih_policy_free(p);
    p = policy_of(*state, GOOD_CALENDAR, "");
    check_signpost(p, "2026-03-12T10:00:00Z", PULIH_language_en, NULL);
    pulih_policy_free(p);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_policy_folder, remove_policy_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(worked_examples),
        cmocka_unit_test(every_pack_is_whole_and_has_an_example),
        IN_FOLDER(an_unconfirmed_pack_does_nothing),
        IN_FOLDER(a_confirmed_pack_is_a_part_of_the_policy),
        IN_FOLDER(a_changed_pack_must_be_confirmed_anew),
        IN_FOLDER(each_complaint_goes_by_the_figures_of_its_day),
        IN_FOLDER(faults_of_a_pack_are_told_by_its_own_file_and_line),
        IN_FOLDER(faults_of_a_row_are_told_by_the_policy),
        IN_FOLDER(two_packs_with_the_same_clock_at_the_same_time_are_refused),
        IN_FOLDER(letters_point_to_where_the_pack_does),
    };

    if (!getcwd(root, sizeof root))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
