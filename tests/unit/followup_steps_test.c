/* Steps of follow-up: letters, offers, approval, consent, execution, verification, silence, the end and a new
 * beginning; and whose turn is next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pulih/core/ladder.h"
#include "pulih/core/reference.h"
#include "tests/lib/calendars.h"
#include "tests/lib/desk.h"

/* The handlers as the daemon has them. */
int daemon_main(int argc, char **argv);
#define main daemon_main
#include "services/followup/main.c"
#undef main

static const int open_states[] = {PULIH_STATE_acknowledged, PULIH_STATE_approving, PULIH_STATE_offered,
                                  PULIH_STATE_accepted, PULIH_STATE_verifying};
static const int resting[] = {PULIH_STATE_acknowledged, PULIH_STATE_approving, PULIH_STATE_offered,
                              PULIH_STATE_accepted,     PULIH_STATE_verifying, PULIH_STATE_closed,
                              PULIH_STATE_parked};

static struct desk *open_desk(int state)
{
    return desk_open(PULIH_STAGE_followup, followup_handlers, PULIH_COUNT(followup_handlers), state);
}

static int64_t add_to_now(const struct desk *d, struct pulih_duration duration)
{
    return due(d->policy->calendar, d->now_us, duration);
}

static int64_t run_on_due(const struct desk *d)
{
    return due_working(d->policy->calendar, d->now_us, d->before.ladder_left_us);
}

/* The ladder runs again with what was left of it. */
static void expect_runs_on(const struct desk *d, int64_t left_us)
{
    int64_t due_us = due_working(d->policy->calendar, d->now_us, left_us);

    assert_int_equal(d->row.ladder_due, due_us);
    assert_int_equal(desk_deadline(d, d->row.ladder_kind)->due_at, due_us);
    assert_int_equal(d->row.ladder_left_us, 0);
}

/* --- what the stages before decided ------------------------------------------------------------------------ */

static enum pulih_verdict planned(struct desk *d)
{
    struct pulih_planned msg = {0};

    PULIH_SET(&msg, planned, due_at, d->row.due_at);
    PULIH_SET(&msg, planned, promise, (uint64_t)d->row.promises);
    PULIH_SET(&msg, planned, post, PULIH_VIEW("Post"));
    PULIH_SET(&msg, planned, policy, PULIH_VIEW("p"));
    return desk_event(d, PULIH_M_planned, &msg);
}

static void acknowledges_the_first_plan(void **state)
{
    static const struct {
        int language, letter;
        const char *category, *department;
    } rows[] = {
        {PULIH_language_id, PULIH_language_id, "mekanis", "pengiriman"},
        {PULIH_language_en, PULIH_language_en, "mechanical", "delivery"},
        {PULIH_language_unknown, PULIH_language_id, "mekanis", "pengiriman"}, /* that of the policy */
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        for (int hinted = 0; hinted < 2; hinted++) {
            struct desk *d = open_desk(PULIH_STATE_planned);
            struct pulih_acknowledged msg;
            d->row.language = (int16_t)rows[i].language;
            d->hinted = hinted;
            assert_int_equal(planned(d), PULIH_DONE);
            assert_int_equal(desk_count(d, PULIH_T_event), 1);
            desk_expect_event(d, 0, PULIH_M_acknowledged, PULIH_STATE_acknowledged, &msg);
            assert_int_equal(msg.language, rows[i].letter);
            assert_int_equal(msg.category, d->row.category);
            assert_true(pulih_view_is(msg.department, "delivery"));
            assert_int_equal(msg.tier, d->row.tier);
            assert_int_equal(msg.due_at, d->row.due_at);
            assert_int_equal(msg.letter, 1);
            const struct pulih_row_letter *letter = desk_letter(d, PULIH_letter_acknowledgement, NULL);
            assert_int_equal(letter->language, rows[i].letter);
            assert_true(desk_says_date(d, letter, d->row.due_at));
            assert_true(desk_says(letter->body, rows[i].category));
            assert_true(desk_says(letter->body, rows[i].department));
            assert_int_equal(d->row.ladder_armed, d->before.ladder_armed);
            desk_close(d);
        }
}

/* A letter never shows a number: what the policy dropped is customer care again. */
static void tells_departments_of_its_own(void **state)
{
    struct pulih_word own = {"warranty", 9, {"warranty", "garansi resmi", "warranty claims"}};
    static const struct {
        size_t known;
        int language;
        const char *word, *label;
    } rows[] = {
        {1, PULIH_language_id, "warranty", "garansi resmi"},
        {1, PULIH_language_en, "warranty", "warranty claims"},
        {0, PULIH_language_id, "9", "layanan pelanggan"},
        {0, PULIH_language_en, "9", "customer care"},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(PULIH_STATE_planned);
        struct pulih_acknowledged msg;
        d->policy->vocabulary = (struct pulih_vocabulary){rows[i].known, {own}};
        d->row.department = 9;
        d->row.language = (int16_t)rows[i].language;
        assert_int_equal(planned(d), PULIH_DONE);
        desk_expect_event(d, 0, PULIH_M_acknowledged, PULIH_STATE_acknowledged, &msg);
        assert_true(pulih_view_is(msg.department, rows[i].word));
        assert_true(desk_says(desk_letter(d, PULIH_letter_acknowledgement, NULL)->body, rows[i].label));
        desk_close(d);
    }
}

/* In any state: what was noted before ends now, the hint when the policy says, and nothing else happens. No clock
 * and no ladder goes by these deadlines. */
static void a_hint_is_kept_until_the_policy_says(void **state)
{
    struct pulih_consumer_noted msg = {0};

    (void)state;
    PULIH_SET(&msg, consumer_noted, consumer, PULIH_consumer_haughty);
    PULIH_SET(&msg, consumer_noted, actor, PULIH_VIEW("A-7"));
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++) {
        struct desk *d = open_desk(open_states[i]);
        assert_int_equal(desk_mail(d, PULIH_M_consumer_noted, &msg), PULIH_DONE);
        assert_int_equal(desk_count(d, PULIH_T_event), 0);
        assert_int_equal(desk_count(d, PULIH_T_letter), 0);
        assert_int_equal(desk_count(d, PULIH_T_feed), 0);
        assert_int_equal(desk_count(d, PULIH_T_deadline), 2);
        struct pulih_row_deadline *ends = PULIH_ROWS(&d->rows, deadline);
        assert_int_equal(ends[0].armed, d->item.version - 1);
        assert_int_equal(ends[0].due_at, DESK_NOW_US);
        assert_int_equal(ends[1].armed, d->item.version);
        assert_int_equal(ends[1].due_at, DESK_NOW_US + 30 * DESK_DAY);
        for (int e = 0; e < 2; e++) {
            assert_int_equal(ends[e].kind, PULIH_deadline_consumer);
            assert_false(pulih_is_of_ladder(ends[e].kind));
            ends[e].armed = d->row.ladder_armed;
            assert_false(pulih_deadline_counts(&d->row, &ends[e]));
        }
        assert_int_equal(d->row.ladder_armed, d->before.ladder_armed);
        desk_close(d);
    }
}

static void tells_a_new_plan(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++) {
        struct desk *d = open_desk(open_states[i]);
        struct pulih_informed msg;
        assert_int_equal(planned(d), PULIH_DONE);
        assert_int_equal(desk_count(d, PULIH_T_event), 1);
        desk_expect_event(d, 0, PULIH_M_informed, open_states[i], &msg);
        assert_int_equal(msg.category, d->row.category);
        assert_true(pulih_view_is(msg.department, "delivery"));
        assert_int_equal(msg.tier, d->row.tier);
        assert_int_equal(msg.due_at, d->row.due_at);
        assert_true(desk_says_date(d, desk_letter(d, PULIH_letter_update, NULL), d->row.due_at));
        desk_close(d);
    }
}

/* The reason that somebody gave, else what set the plan anew. */
static void tells_why_the_plan_is_a_new_one(void **state)
{
    static const struct {
        uint16_t cause, extension;
        const char *id, *en;
    } rows[] = {
        {PULIH_plan_cause_correction, 0, "koreksi klasifikasi", "the classification was corrected"},
        {PULIH_plan_cause_policy, 0, "kebijakan atau kalender berubah", "policy or calendar changed"},
        {PULIH_plan_cause_extension, PULIH_extension_offices, "komunikasi antarkantor",
         "communication between offices"},
        {PULIH_plan_cause_agreement, PULIH_extension_unknown, "kesepakatan dengan pelanggan",
         "agreed with the customer"},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        for (int language = PULIH_language_id; language <= PULIH_language_en; language++) {
            struct desk *d = open_desk(PULIH_STATE_acknowledged);
            struct pulih_planned msg = {0};
            d->row.language = (int16_t)language;
            PULIH_SET(&msg, planned, due_at, d->row.due_at);
            PULIH_SET(&msg, planned, promise, (uint64_t)d->row.promises);
            PULIH_SET(&msg, planned, post, PULIH_VIEW("Post"));
            PULIH_SET(&msg, planned, policy, PULIH_VIEW("p"));
            PULIH_SET(&msg, planned, cause, rows[i].cause);
            if (rows[i].cause >= PULIH_plan_cause_extension && rows[i].cause != PULIH_plan_cause_policy)
                PULIH_SET(&msg, planned, extension, rows[i].extension);
            assert_int_equal(desk_event(d, PULIH_M_planned, &msg), PULIH_DONE);
            assert_true(desk_says(desk_letter(d, PULIH_letter_update, NULL)->body,
                                  language == PULIH_language_en ? rows[i].en : rows[i].id));
            desk_close(d);
        }
}

static void tells_plans_at_their_time_only(void **state)
{
    static const int states[] = {PULIH_STATE_received, PULIH_STATE_classified, PULIH_STATE_verified,
                                 PULIH_STATE_thanked,  PULIH_STATE_closed,     PULIH_STATE_parked};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(states); i++) {
        struct desk *d = open_desk(states[i]);
        planned(d);
        desk_expect_never(d, "the complaint is not in a state to be told a plan");
        desk_close(d);
    }
}

/* A letter that another stage's event calls for. */
static void expect_announced(const struct desk *d, int kind, const char *post)
{
    struct pulih_letter_written msg;

    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_letter_written, d->before.state, &msg);
    assert_int_equal(msg.letter, kind);
    assert_int_equal(msg.number, d->row.letters);
    assert_int_equal(PULIH_HAS(&msg, letter_written, post), post != NULL);
    if (post)
        assert_true(pulih_view_is(msg.post, post));
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
}

static void tells_of_a_pause_and_its_end(void **state)
{
    static const int states[] = {PULIH_STATE_acknowledged, PULIH_STATE_approving, PULIH_STATE_accepted};
    static const struct {
        int reason;
        const char *id, *en;
    } reasons[] = {
        {PULIH_pause_documents, "menunggu dokumen pelanggan", "waiting for the customer's documents"},
        {PULIH_pause_third_party, "menunggu pihak ketiga", "waiting for a third party"},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(states); i++)
        for (int language = PULIH_language_id; language <= PULIH_language_en; language++) {
            struct desk *d = open_desk(states[i]);
            struct pulih_clock_paused paused = {0};
            struct pulih_clock_resumed resumed = {0};
            d->row.language = (int16_t)language;
            for (size_t k = 0; k < PULIH_COUNT(reasons); k++) {
                PULIH_SET(&paused, clock_paused, pause, (uint16_t)reasons[k].reason);
                PULIH_SET(&paused, clock_paused, left_s, 100);
                assert_int_equal(desk_event(d, PULIH_M_clock_paused, &paused), PULIH_DONE);
                expect_announced(d, PULIH_letter_paused, NULL);
                assert_true(desk_says(desk_letter(d, PULIH_letter_paused, NULL)->body,
                                      language == PULIH_language_en ? reasons[k].en : reasons[k].id));
            }
            PULIH_SET(&resumed, clock_resumed, due_at, d->now_us + 3 * DESK_DAY);
            PULIH_SET(&resumed, clock_resumed, promise, 3);
            assert_int_equal(desk_event(d, PULIH_M_clock_resumed, &resumed), PULIH_DONE);
            expect_announced(d, PULIH_letter_resumed, NULL);
            assert_true(
                desk_says_date(d, desk_letter(d, PULIH_letter_resumed, NULL), d->now_us + 3 * DESK_DAY));
            desk_close(d);
        }
}

/* To the post, in the company's language whatever the customer's is. */
static void writes_to_posts(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(resting); i++) {
        struct desk *d = open_desk(resting[i]);
        struct pulih_reprimanded reprimanded = {0};
        struct pulih_ladder_ended ended = {0};
        d->row.language = PULIH_language_en;
        PULIH_SET(&reprimanded, reprimanded, level, 37);
        PULIH_SET(&reprimanded, reprimanded, post, PULIH_VIEW("Kepala Divisi"));
        PULIH_SET(&reprimanded, reprimanded, deadline, PULIH_deadline_reprimand);
        PULIH_SET(&reprimanded, reprimanded, missed_at, d->now_us - DESK_DAY);
        PULIH_SET(&reprimanded, reprimanded, due_at, d->now_us + DESK_DAY);
        assert_int_equal(desk_event(d, PULIH_M_reprimanded, &reprimanded), PULIH_DONE);
        expect_announced(d, PULIH_letter_reprimand, "Kepala Divisi");
        const struct pulih_row_letter *letter = desk_letter(d, PULIH_letter_reprimand, "Kepala Divisi");
        assert_int_equal(letter->language, PULIH_language_id);
        assert_true(desk_says_date(d, letter, d->now_us - DESK_DAY));
        assert_true(desk_says_date(d, letter, d->now_us + DESK_DAY));
        assert_true(desk_says(letter->body, "37"));
        assert_true(desk_says(letter->body, "tenggat jawaban teguran"));
        assert_false(desk_says(letter->body, "jabatan berikut")); /* nobody stands below it */
        PULIH_SET(&ended, ladder_ended, level, 4);
        PULIH_SET(&ended, ladder_ended, post, PULIH_VIEW("Direktur Operasional"));
        d->policy->notice_post = (struct pulih_view){0};
        assert_int_equal(desk_event(d, PULIH_M_ladder_ended, &ended), PULIH_DONE);
        expect_announced(d, PULIH_letter_handover, "Direktur Operasional");
        assert_int_equal(desk_letter(d, PULIH_letter_handover, "Direktur Operasional")->language,
                         PULIH_language_id);
        desk_close(d);
    }
}

/* Two posts that were silent, and one where nobody was, as escalation writes them. */
static struct pulih_list silent_ones(struct desk *d, struct pulih_buf *buf)
{
    static const struct {
        const char *post, *person;
        uint16_t silence;
    } rows[] = {{"Kepala Regu Layanan", "K201", PULIH_silence_acknowledge},
                {"Manajer Layanan Pelanggan", "K302", PULIH_silence_answer},
                {"Kepala Divisi", NULL, PULIH_silence_nobody}};

    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct pulih_silent_post silent = {0};
        PULIH_SET(&silent, silent_post, level, i + 1);
        PULIH_SET(&silent, silent_post, post, pulih_view_of(rows[i].post));
        PULIH_SET(&silent, silent_post, silence, rows[i].silence);
        if (rows[i].person) {
            PULIH_SET(&silent, silent_post, person, pulih_view_of(rows[i].person));
            PULIH_SET(&silent, silent_post, told_at, d->now_us - DESK_DAY);
        }
        pulih_list_add(buf, PULIH_M_silent_post, &silent);
    }
    return pulih_list_of(buf, PULIH_COUNT(rows));
}

static const char silent_text[] =
    "\n1. Kepala Regu Layanan (K201): tidak menerima teguran, Selasa, 24 November 2026 pukul 09.00 WIB"
    "\n2. Manajer Layanan Pelanggan (K302): tidak menjawab teguran, Selasa, 24 November 2026 pukul 09.00 WIB"
    "\n3. Kepala Divisi: tidak ada pejabat yang bertugas\n";

static void a_reprimand_names_person_dates_and_those_who_were_silent(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    PULIH_AUTO(pulih_buf_free) struct pulih_buf below = {0};
    struct pulih_reprimanded msg = {0};

    (void)state;
    PULIH_SET(&msg, reprimanded, level, 4);
    PULIH_SET(&msg, reprimanded, post, PULIH_VIEW("Direktur Operasional"));
    PULIH_SET(&msg, reprimanded, deadline, PULIH_deadline_acknowledge);
    PULIH_SET(&msg, reprimanded, missed_at, d->now_us - DESK_DAY);
    PULIH_SET(&msg, reprimanded, due_at, d->now_us + 2 * DESK_DAY);
    PULIH_SET(&msg, reprimanded, person, PULIH_VIEW("K502"));
    PULIH_SET(&msg, reprimanded, acknowledge_by, d->now_us + DESK_HOUR);
    PULIH_SET(&msg, reprimanded, below, silent_ones(d, &below));
    assert_int_equal(desk_event(d, PULIH_M_reprimanded, &msg), PULIH_DONE);
    const struct pulih_row_letter *letter = desk_letter(d, PULIH_letter_reprimand, "Direktur Operasional");
    assert_true(desk_says(letter->body, "u.p. K502"));
    assert_true(desk_says(letter->body, silent_text));
    assert_true(desk_says_date(d, letter, d->now_us + DESK_HOUR));
    assert_true(desk_says_date(d, letter, d->now_us + 2 * DESK_DAY));
    desk_close(d);
}

/* The hand-over to a person inside, and a draft for another, who decides whether it goes out. */
static void the_end_of_the_ladder_drafts_an_external_notice(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++) {
        struct desk *d = open_desk(open_states[i]);
        PULIH_AUTO(pulih_buf_free) struct pulih_buf below = {0};
        struct pulih_ladder_ended msg = {0};
        struct pulih_letter_written written;
        PULIH_SET(&msg, ladder_ended, level, 4);
        PULIH_SET(&msg, ladder_ended, post, PULIH_VIEW("Direktur Operasional"));
        PULIH_SET(&msg, ladder_ended, below, silent_ones(d, &below));
        assert_int_equal(desk_event(d, PULIH_M_ladder_ended, &msg), PULIH_DONE);
        assert_int_equal(desk_count(d, PULIH_T_letter), 2);
        const struct pulih_row_letter *letters = PULIH_ROWS(&d->rows, letter);
        assert_int_equal(letters[0].kind, PULIH_letter_handover);
        assert_true(desk_says(letters[0].body, silent_text));
        assert_int_equal(letters[1].kind, PULIH_letter_external_notice);
        assert_true(pulih_view_is(letters[1].post, "Kepala Kepatuhan"));
        assert_true(desk_says(letters[1].body, "RANCANGAN, BELUM DIKIRIM"));
        assert_true(desk_says(letters[1].body, "Otoritas pengawas yang berwenang"));
        assert_true(desk_says(letters[1].body, silent_text));
        assert_true(desk_says_date(d, &letters[1], d->row.due_at));
        desk_expect_event(d, 1, PULIH_M_letter_written, open_states[i], &written);
        assert_int_equal(written.letter, PULIH_letter_external_notice);
        assert_true(pulih_view_is(written.post, "Kepala Kepatuhan"));
        desk_close(d);
    }
}

static void warns_a_post(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    struct pulih_warned msg = {0};

    (void)state;
    PULIH_SET(&msg, warned, deadline, PULIH_deadline_resolution);
    PULIH_SET(&msg, warned, due_at, d->now_us + DESK_HOUR);
    PULIH_SET(&msg, warned, level, 0);
    PULIH_SET(&msg, warned, post, PULIH_VIEW("Kepala Bagian Pengiriman"));
    PULIH_SET(&msg, warned, person, PULIH_VIEW("K151"));
    assert_int_equal(desk_event(d, PULIH_M_warned, &msg), PULIH_DONE);
    expect_announced(d, PULIH_letter_warning, "Kepala Bagian Pengiriman");
    const struct pulih_row_letter *letter = desk_letter(d, PULIH_letter_warning, "Kepala Bagian Pengiriman");
    assert_true(desk_says(letter->body, "u.p. K151"));
    assert_true(desk_says(letter->body, "tenggat penyelesaian"));
    assert_true(desk_says_date(d, letter, d->now_us + DESK_HOUR));
    desk_close(d);
}

/* Beside what the customer is told, whatever the hour. */
static void pages_the_post_that_the_plan_names(void **state)
{
    (void)state;
    for (size_t i = 0; i <= PULIH_COUNT(open_states); i++) {
        bool first = i == PULIH_COUNT(open_states);
        int after = first ? PULIH_STATE_acknowledged : open_states[i];
        struct desk *d = open_desk(first ? PULIH_STATE_planned : open_states[i]);
        struct pulih_planned msg = {0};
        struct pulih_paged paged;
        PULIH_SET(&msg, planned, due_at, d->row.due_at);
        PULIH_SET(&msg, planned, promise, (uint64_t)d->row.promises);
        PULIH_SET(&msg, planned, post, PULIH_VIEW("Kepala Bagian Pengiriman"));
        PULIH_SET(&msg, planned, policy, PULIH_VIEW("p"));
        PULIH_SET(&msg, planned, page_level, 1);
        PULIH_SET(&msg, planned, page_post, PULIH_VIEW("Manajer Layanan Pelanggan"));
        PULIH_SET(&msg, planned, page_person, PULIH_VIEW("K302"));
        PULIH_SET(&msg, planned, page_by, d->now_us + 15 * DESK_MINUTE);
        assert_int_equal(desk_event(d, PULIH_M_planned, &msg), PULIH_DONE);
        assert_int_equal(desk_count(d, PULIH_T_event), 2);
        desk_expect_event(d, 1, PULIH_M_paged, after, &paged);
        assert_true(pulih_view_is(paged.post, "Manajer Layanan Pelanggan"));
        assert_true(pulih_view_is(paged.person, "K302"));
        assert_int_equal(paged.acknowledge_by, d->now_us + 15 * DESK_MINUTE);
        const struct pulih_row_letter *letter = &PULIH_ROWS(&d->rows, letter)[1];
        assert_int_equal(letter->kind, PULIH_letter_page);
        assert_int_equal(letter->n, paged.letter);
        assert_true(desk_says_date(d, letter, d->now_us + 15 * DESK_MINUTE));
        assert_true(desk_says(letter->body, "u.p. K302"));
        desk_close(d);
    }
}

static void expect_only_published(const struct desk *d)
{
    assert_int_equal(d->item.verdict, PULIH_DONE);
    for (size_t t = 0; t < PULIH_T_N; t++)
        assert_int_equal(desk_count(d, (enum pulih_table)t), t == PULIH_T_feed);
}

/* The customer is told a new date, and nothing when it is the old one. */
static void tells_the_date_of_an_answer(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    struct pulih_reprimand_met met = {0};
    struct pulih_calmed calmed = {0};

    (void)state;
    d->row.due_at = d->now_us + 3 * DESK_HOUR;
    PULIH_SET(&met, reprimand_met, level, 2);
    PULIH_SET(&met, reprimand_met, actor, PULIH_VIEW("K301"));
    PULIH_SET(&met, reprimand_met, due_at, d->row.due_at);
    PULIH_SET(&met, reprimand_met, promise, 3);
    assert_int_equal(desk_event(d, PULIH_M_reprimand_met, &met), PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_informed, PULIH_STATE_acknowledged, NULL);
    assert_true(desk_says_date(d, desk_letter(d, PULIH_letter_update, NULL), d->row.due_at));
    PULIH_SET(&calmed, calmed, level, 2);
    PULIH_SET(&calmed, calmed, actor, PULIH_VIEW("K301"));
    PULIH_SET(&calmed, calmed, due_at, d->row.due_at);
    assert_int_equal(desk_event(d, PULIH_M_calmed, &calmed), PULIH_DONE);
    expect_only_published(d);
    PULIH_SET(&calmed, calmed, promise, 4);
    assert_int_equal(desk_event(d, PULIH_M_calmed, &calmed), PULIH_DONE);
    assert_true(desk_says_date(d, desk_letter(d, PULIH_letter_update, NULL), d->row.due_at));
    desk_close(d);
}

/* --- what is only published --------------------------------------------------------------------------------- */

static void publishes_notes_and_what_was_said_elsewhere(void **state)
{
    struct pulih_note note = {0};
    struct pulih_gist_confirmed gist = {0};
    struct pulih_message_refused refused = {0};
    struct pulih_parked parked = {0};

    (void)state;
    PULIH_SET(&note, note, text, PULIH_VIEW("She called again."));
    PULIH_SET(&gist, gist_confirmed, gist, PULIH_VIEW("Parcel late"));
    PULIH_SET(&refused, message_refused, type, PULIH_VIEW("paused"));
    PULIH_SET(&refused, message_refused, version, 3);
    PULIH_SET(&refused, message_refused, state, PULIH_VIEW("offered"));
    PULIH_SET(&refused, message_refused, need, PULIH_VIEW("move"));
    PULIH_SET(&parked, parked, version, 3);
    for (size_t i = 0; i < PULIH_COUNT(resting); i++) {
        struct desk *d = open_desk(resting[i]);
        desk_mail(d, PULIH_M_note, &note);
        expect_only_published(d);
        desk_mail(d, PULIH_M_gist_confirmed, &gist);
        expect_only_published(d);
        desk_event(d, PULIH_M_message_refused, &refused);
        expect_only_published(d);
        desk_event(d, PULIH_M_parked, &parked);
        expect_only_published(d);
        /* What people wrote goes nowhere. */
        assert_false(desk_says(PULIH_ROWS(&d->rows, feed)->body, "Parcel"));
        desk_close(d);
    }
}

static void takes_reports_of_letters_it_wrote(void **state)
{
    static const struct {
        uint64_t letter;
        bool known;
    } rows[] = {{0, false}, {1, true}, {2, true}, {3, false}, {32767, false}};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(PULIH_STATE_acknowledged);
        struct pulih_letter_delivered msg = {0};
        d->row.letters = 2;
        PULIH_SET(&msg, letter_delivered, letter, rows[i].letter);
        PULIH_SET(&msg, letter_delivered, delivery, PULIH_delivery_read);
        assert_int_equal(desk_mail(d, PULIH_M_letter_delivered, &msg), PULIH_DONE);
        if (rows[i].known)
            expect_only_published(d);
        else
            desk_expect_refused(d, "known_letter");
        desk_close(d);
    }
}

/* Whichever of the two brings it, the link is the same row; the complaint itself stays as it is. */
static void links_are_of_two_complaints(void **state)
{
    struct pulih_id others[] = {{{0}}, {{0}}};
    memset(others[1].b, 0xff, sizeof others[1].b);

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(resting); i++)
        for (size_t k = 0; k < PULIH_COUNT(others); k++) {
            struct desk *d = open_desk(resting[i]);
            struct pulih_linked linked = {0};
            struct pulih_unlinked unlinked = {0};
            PULIH_SET(&linked, linked, other, others[k]);
            PULIH_SET(&linked, linked, why, PULIH_VIEW("The same Parcel"));
            PULIH_SET(&linked, linked, actor, PULIH_VIEW("a"));
            PULIH_SET(&unlinked, unlinked, other, others[k]);
            PULIH_SET(&unlinked, unlinked, actor, PULIH_VIEW("b"));
            for (int undo = 0; undo < 2; undo++) {
                assert_int_equal(undo ? desk_mail(d, PULIH_M_unlinked, &unlinked)
                                      : desk_mail(d, PULIH_M_linked, &linked),
                                 PULIH_DONE);
                assert_int_equal(desk_count(d, PULIH_T_link), 1);
                const struct pulih_row_link *link = PULIH_ROWS(&d->rows, link);
                assert_true(pulih_id_compare(&link->complaint, &link->other) > 0);
                assert_memory_equal(k ? &link->complaint : &link->other, &others[k], sizeof others[k]);
                assert_int_equal(link->shard, pulih_shard(&link->complaint));
                assert_int_equal(link->state, undo ? PULIH_link_rejected : PULIH_link_confirmed);
                assert_true(pulih_view_is(link->actor, undo ? "b" : "a"));
                assert_int_equal(link->decided_at, d->now_us);
                assert_int_equal(desk_count(d, PULIH_T_event), 0);
                assert_int_equal(desk_count(d, PULIH_T_feed), 1);
                assert_false(desk_says(PULIH_ROWS(&d->rows, feed)->body, "Parcel"));
            }
            desk_close(d);
        }
}

static void a_complaint_is_not_linked_to_itself(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    struct pulih_linked msg = {0};

    (void)state;
    PULIH_SET(&msg, linked, other, d->row.id);
    PULIH_SET(&msg, linked, actor, PULIH_VIEW("a"));
    assert_int_equal(desk_mail(d, PULIH_M_linked, &msg), PULIH_DONE);
    desk_expect_refused(d, "other_complaint");
    assert_int_equal(desk_count(d, PULIH_T_link), 0);
    desk_close(d);
}

/* --- offers -------------------------------------------------------------------------------------------------- */

static struct pulih_offer_made offer_of(uint64_t amount, const char *currency, const char *role)
{
    struct pulih_offer_made msg = {0};

    PULIH_SET(&msg, offer_made, remedy, PULIH_remedy_refund);
    PULIH_SET(&msg, offer_made, solution, PULIH_VIEW("We pay it back"));
    PULIH_SET(&msg, offer_made, argument, PULIH_VIEW("It was our fault"));
    if (amount)
        PULIH_SET(&msg, offer_made, amount, amount);
    if (currency)
        PULIH_SET(&msg, offer_made, currency, pulih_view_of(currency));
    PULIH_SET(&msg, offer_made, role, pulih_view_of(role));
    PULIH_SET(&msg, offer_made, actor, PULIH_VIEW("A1"));
    return msg;
}

static void expect_offer_row(const struct desk *d, const struct pulih_offer_made *msg)
{
    const struct pulih_row_offer *offer = PULIH_ROWS(&d->rows, offer);

    assert_int_equal(desk_count(d, PULIH_T_offer), 1);
    assert_int_equal(pulih_id_compare(&offer->complaint, &d->row.id), 0);
    assert_int_equal(offer->shard, d->row.shard);
    assert_int_equal(offer->remedy, msg->remedy);
    assert_int_equal(offer->amount, msg->amount);
    assert_true(pulih_view_same(offer->currency, msg->currency));
    assert_true(pulih_view_same(offer->role, msg->role));
    assert_true(pulih_view_same(offer->actor, msg->actor));
}

/* The customer has it, the ladder stands, and an answer is awaited. */
static void expect_offered(const struct desk *d, uint64_t n, uint64_t amount, int kind)
{
    int64_t answer_by = add_to_now(d, d->policy->answer_within);
    struct pulih_offered msg;

    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_offered, PULIH_STATE_offered, &msg);
    assert_int_equal(msg.offer, n);
    assert_int_equal(msg.amount, amount);
    assert_int_equal(PULIH_HAS(&msg, offered, amount), amount > 0);
    assert_int_equal(PULIH_HAS(&msg, offered, currency), amount > 0);
    assert_int_equal(msg.answer_by, answer_by);
    assert_int_equal(msg.letter, d->row.letters);
    const struct pulih_row_letter *letter = desk_letter(d, kind, NULL);
    assert_true(desk_says_date(d, letter, answer_by));
    assert_int_equal(d->row.ladder_armed, 0);
    assert_int_equal(d->row.silence_armed, d->row.version);
    assert_int_equal(desk_deadline(d, PULIH_deadline_silence)->due_at, answer_by);
}

/* A superior has it; the ladder runs. */
static void expect_asked(const struct desk *d, uint64_t n, const char *post)
{
    struct pulih_approval_asked msg;

    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_approval_asked, PULIH_STATE_approving, &msg);
    assert_int_equal(msg.offer, n);
    assert_true(pulih_view_is(msg.post, post));
    assert_int_equal(msg.letter, d->row.letters);
    assert_true(desk_says(desk_letter(d, PULIH_letter_approval_request, post)->body, "We pay it back"));
    assert_int_not_equal(d->row.ladder_armed, 0);
    assert_int_equal(d->row.silence_armed, 0);
}

/* The shipped policy has a row for it. */
static bool is_beyond(const struct pulih_offer_made *msg)
{
    return msg->amount && (msg->amount > 25000000 || !pulih_view_is(msg->currency, "IDR"));
}

static void offers_within_authority_and_asks_beyond(void **state)
{
    static const struct {
        uint64_t amount;
        const char *currency, *role;
        int gravity;
        bool alone;
    } rows[] = {
        {0, NULL, "agent", 0, true},
        {1, "IDR", "agent", 0, true},
        {250000, "IDR", "agent", 0, true},
        {250001, "IDR", "agent", 0, false},
        {1000000, "IDR", "supervisor", 0, true},
        {1000001, "IDR", "supervisor", 0, false},
        {100000000, "IDR", "director", 0, true},
        {9000000000000000, "IDR", "director", 0, false},
        {1, "USD", "director", 0, false}, /* limits say nothing about dollars */
        {1, "idr", "agent", 0, false},
        {0, NULL, "director", PULIH_gravity_corruption, false}, /* four eyes */
        {0, NULL, "director", PULIH_gravity_maladministration, false},
        {0, NULL, "director", PULIH_gravity_discrimination, false},
        {0, NULL, "director", PULIH_gravity_partiality, false},
        {0, NULL, "agent", PULIH_gravity_safety, true},
        {0, NULL, "agent", PULIH_gravity_legal_threat, true},
    };
    static const int states[] = {PULIH_STATE_acknowledged, PULIH_STATE_approving, PULIH_STATE_offered};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        for (size_t k = 0; k < PULIH_COUNT(states); k++) {
            struct desk *d = open_desk(states[k]);
            struct pulih_offer_made msg = offer_of(rows[i].amount, rows[i].currency, rows[i].role);
            uint64_t n = (uint64_t)d->row.offers + 1;
            if (rows[i].gravity)
                d->row.gravity = (int16_t)(1 << (rows[i].gravity - 1));
            assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
            expect_offer_row(d, &msg);
            if (rows[i].alone)
                expect_offered(d, n, rows[i].amount,
                               states[k] == PULIH_STATE_offered ? PULIH_letter_alternative
                                                                : PULIH_letter_offer);
            else
                expect_asked(d, n, is_beyond(&msg) ? "Kepala Divisi" : "Kepala Regu Layanan");
            desk_close(d);
        }
}

static void an_offer_says_what_it_gives(void **state)
{
    static const struct {
        uint64_t amount;
        int language;
        const char *says;
    } rows[] = {
        {200000, PULIH_language_id, "Rp200.000"},
        {200000, PULIH_language_en, "IDR 200,000"},
        {0, PULIH_language_id, NULL},
        {0, PULIH_language_en, NULL},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++)
        for (int beyond = 0; beyond < 2; beyond++) {
            struct desk *d = open_desk(PULIH_STATE_acknowledged);
            struct pulih_offer_made msg = offer_of(rows[i].amount, rows[i].amount ? "IDR" : NULL, "agent");
            d->row.language = (int16_t)rows[i].language;
            d->row.gravity = beyond ? 1 << (PULIH_gravity_corruption - 1) : 0;
            assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
            const struct pulih_row_letter *letter =
                beyond ? desk_letter(d, PULIH_letter_approval_request, "Kepala Regu Layanan")
                       : desk_letter(d, PULIH_letter_offer, NULL);
            const char *says = beyond && rows[i].says ? "Rp200.000" : rows[i].says;
            assert_true(desk_says(letter->body, "We pay it back"));
            assert_true(desk_says(letter->body, "It was our fault"));
            assert_int_equal(desk_says(letter->body, "200"), rows[i].amount > 0);
            if (says)
                assert_true(desk_says(letter->body, says));
            desk_close(d);
        }
}

/* The ladder keeps what is left while the customer thinks, and gives it back when a superior must. */
static void an_offer_stops_the_ladder_and_a_question_starts_it(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    struct pulih_offer_made small = offer_of(1, "IDR", "agent"), big = offer_of(300000, "IDR", "agent");

    (void)state;
    d->now_us += DESK_HOUR;
    assert_int_equal(desk_mail(d, PULIH_M_offer_made, &small), PULIH_DONE);
    assert_int_equal(d->row.ladder_left_us, 22 * DESK_HOUR); /* of 23 */
    d->now_us += DESK_DAY;
    assert_int_equal(desk_mail(d, PULIH_M_offer_made, &big), PULIH_DONE);
    expect_asked(d, 2, "Kepala Regu Layanan");
    expect_runs_on(d, 22 * DESK_HOUR);
    int64_t due_us = d->row.ladder_due;
    assert_int_equal(desk_mail(d, PULIH_M_offer_made, &big), PULIH_DONE); /* takes the other's place */
    expect_asked(d, 3, "Kepala Regu Layanan");
    assert_int_equal(d->row.ladder_due, due_us);
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
    desk_close(d);
}

static void refuses_offers_that_lack_something(void **state)
{
    static const struct {
        int state;
        uint64_t amount;
        const char *currency, *role, *need;
    } rows[] = {
        {PULIH_STATE_acknowledged, 1, "IDR", "janitor", "known_role"},
        {PULIH_STATE_acknowledged, 1, "IDR", "Agent", "known_role"},
        {PULIH_STATE_acknowledged, 1, NULL, "agent", "currency"},
        {PULIH_STATE_accepted, 1, "IDR", "agent", "move"},
        {PULIH_STATE_verifying, 1, "IDR", "agent", "move"},
        {PULIH_STATE_closed, 1, "IDR", "agent", "move"},
        {PULIH_STATE_parked, 1, "IDR", "agent", "move"},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(rows[i].state);
        struct pulih_offer_made msg = offer_of(rows[i].amount, rows[i].currency, rows[i].role);
        assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
        desk_expect_refused(d, rows[i].need);
        desk_close(d);
    }
}

/* What the policy demands of the letter, the one who proposes must say. */
static void refuses_an_offer_whose_letter_would_lack_what_is_demanded(void **state)
{
    static const struct {
        int state;
        int kind; /* of the letter that must say it */
        uint32_t demands;
        bool argument;
        uint64_t amount;
        const char *need; /* NULL: offered */
    } rows[] = {
        {PULIH_STATE_acknowledged, PULIH_letter_offer, 1u << PULIH_SLOT_argument, false, 1, "argument"},
        {PULIH_STATE_acknowledged, PULIH_letter_offer, 1u << PULIH_SLOT_argument, true, 1, NULL},
        {PULIH_STATE_acknowledged, PULIH_letter_offer, 1u << PULIH_SLOT_amount, true, 0, "amount"},
        {PULIH_STATE_acknowledged, PULIH_letter_offer, 1u << PULIH_SLOT_amount, false, 1, NULL},
        {PULIH_STATE_acknowledged, PULIH_letter_alternative, 1u << PULIH_SLOT_argument, false, 1, NULL},
        {PULIH_STATE_offered, PULIH_letter_alternative, 1u << PULIH_SLOT_argument, false, 1, "argument"},
        {PULIH_STATE_acknowledged, PULIH_letter_offer, 1u << PULIH_SLOT_due, false, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(rows[i].state);
        struct pulih_offer_made msg = offer_of(rows[i].amount, rows[i].amount ? "IDR" : NULL, "agent");
        d->policy->demands[rows[i].kind] = rows[i].demands;
        if (!rows[i].argument) {
            msg.has &= ~(UINT64_C(1) << PULIH_F_offer_made_argument);
            msg.argument = (struct pulih_view){0};
        }
        assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
        if (rows[i].need)
            desk_expect_refused(d, rows[i].need);
        else
            assert_int_equal(d->row.state, PULIH_STATE_offered);
        desk_close(d);
    }
}

/* A chronology of one event, by which the offer was told last. */
static void tell_of(struct desk *d, struct pulih_told *told, struct pulih_buf *body, enum pulih_m m,
                    const void *msg)
{
    pulih_msg_encode(m, msg, PULIH_CLASS_OPEN, body);
    *told = (struct pulih_told){
        .version = d->row.version,
        .m = m,
        .state = d->row.state,
        .at_us = d->row.updated_at,
        .body = pulih_view_of_buf(body),
    };
    d->story = told;
    d->n_story = 1;
}

/* Said with the offer, told with it, and promised with the consent. */
static void an_offer_may_say_by_when_it_is_carried_out(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    struct pulih_offer_made msg = offer_of(1, "IDR", "agent");
    struct pulih_offer_answered yes = {0};
    struct pulih_offer_accepted accepted;
    struct pulih_offered offered;
    struct pulih_told told;
    int64_t by_us = d->row.due_at - DESK_HOUR;

    (void)state;
    PULIH_SET(&msg, offer_made, execute_by, by_us);
    assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_offered, PULIH_STATE_offered, &offered);
    assert_int_equal(offered.execute_by, by_us);
    assert_true(desk_says_date(d, desk_letter(d, PULIH_letter_offer, NULL), by_us));
    tell_of(d, &told, &body, PULIH_M_offered, &offered);
    for (int late = 0; late < 2; late++) {
        desk_set(d, PULIH_STATE_offered);
        if (late)
            d->now_us = by_us;
        PULIH_SET(&yes, offer_answered, answer, PULIH_answer_accepted);
        assert_int_equal(desk_mail(d, PULIH_M_offer_answered, &yes), PULIH_DONE);
        desk_expect_event(d, 0, PULIH_M_offer_accepted, PULIH_STATE_accepted, &accepted);
        const struct pulih_row_letter *letter = desk_letter(d, PULIH_letter_execution, NULL);
        assert_int_equal(accepted.execute_by, late ? 0 : by_us);
        assert_int_equal(desk_says_date(d, letter, by_us), !late);
        assert_true(desk_says(letter->body, "Rp200.000"));
        assert_int_equal(desk_count(d, PULIH_T_promise), !late);
        if (!late) {
            const struct pulih_row_promise *promise = PULIH_ROWS(&d->rows, promise);
            assert_int_equal(promise->kind, PULIH_promise_execution);
            assert_int_equal(promise->due_at, by_us);
        }
    }
    desk_close(d);
}

/* It is asked for approval with the offer, and approved with it. */
static void a_superior_approves_the_date_too(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf body = {0};
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    struct pulih_offer_made msg = offer_of(400000, "IDR", "agent");
    struct pulih_approved yes = {0};
    struct pulih_approval_asked asked;
    struct pulih_offered offered;
    struct pulih_told told;
    int64_t by_us = d->row.due_at;

    (void)state;
    PULIH_SET(&msg, offer_made, execute_by, by_us);
    assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
    desk_expect_event(d, 0, PULIH_M_approval_asked, PULIH_STATE_approving, &asked);
    assert_int_equal(asked.execute_by, by_us);
    PULIH_SET(&yes, approved, actor, PULIH_VIEW("B2"));
    PULIH_SET(&yes, approved, role, PULIH_VIEW("supervisor"));
    tell_of(d, &told, &body, PULIH_M_approval_asked, &asked);
    for (int late = 0; late < 2; late++) {
        desk_set(d, PULIH_STATE_approving);
        if (late)
            d->now_us = by_us;
        assert_int_equal(desk_mail(d, PULIH_M_approved, &yes), PULIH_DONE);
        if (late) {
            desk_expect_refused(d, "date_in_time");
        } else {
            desk_expect_event(d, 0, PULIH_M_offered, PULIH_STATE_offered, &offered);
            assert_int_equal(offered.execute_by, by_us);
        }
    }
    desk_close(d);
}

static void refuses_dates_that_nobody_could_keep(void **state)
{
    static const struct {
        int64_t from_due_us, now_from_due_us;
        const char *need; /* NULL: offered */
    } rows[] = {
        {1, -DESK_HOUR, "date_in_time"},          /* later than the resolution was promised */
        {-DESK_HOUR, -DESK_HOUR, "date_in_time"}, /* now */
        {-DESK_HOUR + 1, -DESK_HOUR, NULL},       {0, -DESK_HOUR, NULL},
        {2 * DESK_DAY, DESK_HOUR, NULL}, /* that promise is broken already */
        {DESK_HOUR, DESK_HOUR, "date_in_time"},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(PULIH_STATE_acknowledged);
        struct pulih_offer_made msg = offer_of(1, "IDR", "agent");
        d->now_us = d->row.due_at + rows[i].now_from_due_us;
        PULIH_SET(&msg, offer_made, execute_by, d->row.due_at + rows[i].from_due_us);
        assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
        if (rows[i].need)
            desk_expect_refused(d, rows[i].need);
        else
            desk_expect_event(d, 0, PULIH_M_offered, PULIH_STATE_offered, NULL);
        desk_close(d);
    }
}

/* A stricter policy came into force while the offer waited. */
static void approves_no_letter_that_lacks_what_is_demanded(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_approving);
    struct pulih_approved msg = {0};

    (void)state;
    d->offer.amount = 0;
    d->policy->demands[PULIH_letter_offer] = 1u << PULIH_SLOT_amount;
    PULIH_SET(&msg, approved, actor, PULIH_VIEW("B2"));
    PULIH_SET(&msg, approved, role, PULIH_VIEW("supervisor"));
    assert_int_equal(desk_mail(d, PULIH_M_approved, &msg), PULIH_DONE);
    desk_expect_refused(d, "amount");
    desk_close(d);
}

/* What no policy can demand, as it is not always known, is not written without. */
static void writes_no_letter_without_what_is_demanded(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_verifying);
    struct pulih_verification_answered msg = {0};

    (void)state;
    d->policy->demands[PULIH_letter_thanks] = 1u << PULIH_SLOT_due;
    PULIH_SET(&msg, verification_answered, satisfied, true);
    desk_mail(d, PULIH_M_verification_answered, &msg);
    desk_expect_never(d, "the letter lacks what the policy demands of it");
    desk_close(d);
}

/* --- approval ------------------------------------------------------------------------------------------------ */

static enum pulih_verdict approve(struct desk *d, const char *actor, const char *role, uint64_t offer)
{
    struct pulih_approved msg = {0};

    PULIH_SET(&msg, approved, actor, pulih_view_of(actor));
    PULIH_SET(&msg, approved, role, pulih_view_of(role));
    if (offer)
        PULIH_SET(&msg, approved, offer, offer);
    return desk_mail(d, PULIH_M_approved, &msg);
}

/* In `approving` of a desk, offer 1 by A17, an agent, waits. */
static void approves_what_the_role_covers(void **state)
{
    static const struct {
        int64_t amount;
        const char *currency, *actor, *role;
        uint64_t offer;
        const char *need; /* NULL: approved */
    } rows[] = {
        {200000, "IDR", "B2", "agent", 0, NULL},
        {200000, "IDR", "B2", "agent", 1, NULL},
        {1000000, "IDR", "B2", "supervisor", 0, NULL},
        {1000001, "IDR", "B2", "supervisor", 0, "authority"},
        {1000001, "IDR", "B2", "manager", 0, NULL},
        {200000, "IDR", "A17", "director", 0, "other_person"},
        {200000, "IDR", "A17", "agent", 1, "other_person"},
        {200000, "IDR", "B2", "janitor", 0, "known_role"},
        {200000, "IDR", "B2", "director", 2, "waiting_offer"},
        {200000, "IDR", "B2", "director", 32767, "waiting_offer"},
        {1, "USD", "K401", "manager", 0, "authority"},
        {1, "USD", "K402", "director", 0, NULL}, /* the role that may give most */
        {1, "USD", "B2", "director", 0, "named_post"},
        {25000001, "IDR", "B2", "director", 0, "named_post"},
        {25000001, "IDR", "K301", "director", 0, "named_post"},
        {25000001, "IDR", "K401", "manager", 0, "authority"},
        {25000001, "IDR", "K401", "director", 0, NULL},
        {25000001, "IDR", "K502", "director", 0, NULL}, /* of the post that would be asked next */
        {0, NULL, "B2", "agent", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(PULIH_STATE_approving);
        d->offer.amount = rows[i].amount;
        d->offer.currency = rows[i].currency ? pulih_view_of(rows[i].currency) : (struct pulih_view){0};
        assert_int_equal(approve(d, rows[i].actor, rows[i].role, rows[i].offer), PULIH_DONE);
        if (rows[i].need) {
            desk_expect_refused(d, rows[i].need);
        } else {
            expect_offered(d, 1, (uint64_t)rows[i].amount, PULIH_letter_offer);
            assert_int_equal(desk_count(d, PULIH_T_offer), 0);
            const struct pulih_row_letter *letter = desk_letter(d, PULIH_letter_offer, NULL);
            assert_true(desk_says(letter->body, "Barang kami ganti")); /* as it was proposed */
            assert_true(desk_says(letter->body, "Sesuai garansi"));
        }
        desk_close(d);
    }
}

static enum pulih_verdict refuse(struct desk *d, uint64_t offer)
{
    struct pulih_refused msg = {0};

    PULIH_SET(&msg, refused, actor, PULIH_VIEW("B2"));
    PULIH_SET(&msg, refused, why, PULIH_VIEW("Too much."));
    if (offer)
        PULIH_SET(&msg, refused, offer, offer);
    return desk_mail(d, PULIH_M_refused, &msg);
}

static void a_superior_may_refuse(void **state)
{
    (void)state;
    for (uint64_t offer = 0; offer < 2; offer++) {
        struct desk *d = open_desk(PULIH_STATE_approving);
        struct pulih_offer_refused msg;
        assert_int_equal(refuse(d, offer), PULIH_DONE);
        assert_int_equal(desk_count(d, PULIH_T_event), 1);
        desk_expect_event(d, 0, PULIH_M_offer_refused, PULIH_STATE_acknowledged, &msg);
        assert_int_equal(msg.offer, 1);
        assert_int_equal(desk_count(d, PULIH_T_letter), 0); /* the customer never saw it */
        assert_int_equal(d->row.ladder_armed, d->before.ladder_armed);
        assert_int_equal(d->row.declined, 0);
        struct pulih_offer_made another = offer_of(1, "IDR", "agent");
        assert_int_equal(desk_mail(d, PULIH_M_offer_made, &another), PULIH_DONE);
        expect_offered(d, 2, 1, PULIH_letter_offer); /* so the next one is the first to them */
        desk_close(d);
    }
    struct desk *d = open_desk(PULIH_STATE_approving);
    assert_int_equal(refuse(d, 2), PULIH_DONE);
    desk_expect_refused(d, "waiting_offer");
    desk_close(d);
}

static void nobody_decides_what_does_not_wait(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(resting); i++) {
        if (resting[i] == PULIH_STATE_approving)
            continue;
        struct desk *d = open_desk(resting[i]);
        assert_int_equal(approve(d, "B2", "director", 1), PULIH_DONE);
        desk_expect_refused(d, "move");
        assert_int_equal(refuse(d, 1), PULIH_DONE);
        desk_expect_refused(d, "move");
        desk_close(d);
    }
    struct desk *d = open_desk(PULIH_STATE_approving);
    d->offer = (struct pulih_row_offer){0}; /* none at all */
    assert_int_equal(approve(d, "B2", "director", 0), PULIH_DONE);
    desk_expect_refused(d, "waiting_offer");
    desk_close(d);
}

static enum pulih_verdict answer(struct desk *d, int said, int objection, uint64_t offer)
{
    struct pulih_offer_answered msg = {0};

    PULIH_SET(&msg, offer_answered, answer, (uint16_t)said);
    if (objection)
        PULIH_SET(&msg, offer_answered, objection, (uint16_t)objection);
    if (offer)
        PULIH_SET(&msg, offer_answered, offer, offer);
    return desk_mail(d, PULIH_M_offer_answered, &msg);
}

/* A large offer by this person waits for the first post of its row. */
static struct desk *open_large(const char *proposer)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    struct pulih_offer_made msg = offer_of(30000000, "IDR", "agent");

    PULIH_SET(&msg, offer_made, actor, pulih_view_of(proposer));
    assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
    assert_int_equal(d->row.state, PULIH_STATE_approving);
    return d;
}

static const struct pulih_row_deadline *decision_deadline(const struct desk *d)
{
    const struct pulih_row_deadline *deadlines = PULIH_ROWS(&d->rows, deadline);

    for (size_t i = 0; i < desk_count(d, PULIH_T_deadline); i++)
        if (deadlines[i].kind == PULIH_deadline_approval)
            return &deadlines[i];
    fail_msg("no clock of an approval");
    return NULL;
}

static enum pulih_verdict pass_decision(struct desk *d, int32_t armed)
{
    struct pulih_approval_passed msg = {0};

    PULIH_SET(&msg, approval_passed, due_at, d->now_us);
    PULIH_SET(&msg, approval_passed, armed, (uint64_t)armed);
    return desk_mail(d, PULIH_M_approval_passed, &msg);
}

static void expect_decider(const struct desk *d, const char *post, const char *person)
{
    struct pulih_approval_asked msg;

    desk_expect_event(d, 0, PULIH_M_approval_asked, PULIH_STATE_approving, &msg);
    assert_true(pulih_view_is(msg.post, post));
    assert_true(pulih_view_is(msg.person, person));
    assert_int_equal(msg.due_at, decision_deadline(d)->due_at);
    assert_int_equal(decision_deadline(d)->armed, d->row.version);
}

/* Never the one who proposed it, nor who is away; the next post where nobody is left. */
static void asks_somebody_else_who_is_there(void **state)
{
    struct desk *d = open_large("A17");

    (void)state;
    expect_decider(d, "Kepala Divisi", "K401");
    assert_int_equal(decision_deadline(d)->due_at, DESK_NOW_US + 5 * DESK_HOUR); /* lunch lies between */
    desk_close(d);
    d = open_large("K401");
    expect_decider(d, "Kepala Divisi", "K402");
    assert_int_equal(approve(d, "K401", "director", 0), PULIH_DONE);
    desk_expect_refused(d, "other_person");
    d->policy->absences[d->policy->n_absences++] = (struct pulih_absence){PULIH_VIEW("K402"), 0, INT64_MAX};
    struct pulih_offer_made msg = offer_of(30000000, "IDR", "agent");
    PULIH_SET(&msg, offer_made, actor, PULIH_VIEW("K401"));
    assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
    expect_decider(d, "Direktur Operasional", "K501");
    desk_close(d);
}

/* Silence asks the next post, then the ladder climbs; a decision makes what was armed moot. */
static void silence_asks_the_next_post_and_then_the_ladder(void **state)
{
    struct desk *d = open_large("A17");
    int32_t first = d->row.approval_armed;

    (void)state;
    d->now_us = decision_deadline(d)->due_at + DESK_MINUTE;
    assert_int_equal(pass_decision(d, first), PULIH_DONE);
    expect_decider(d, "Direktur Operasional", "K501");
    assert_int_equal(pass_decision(d, first), PULIH_DONE);
    desk_expect_refused(d, "running_deadline");
    assert_int_equal(approve(d, "K401", "director", 0), PULIH_DONE); /* it went past that post */
    desk_expect_refused(d, "named_post");
    assert_int_equal(pass_decision(d, d->row.approval_armed), PULIH_DONE);
    assert_int_equal(d->row.approval_armed, 0);
    assert_int_equal(d->row.state, PULIH_STATE_approving);
    assert_int_equal(desk_deadline(d, PULIH_deadline_undecided)->due_at, d->now_us);
    assert_int_equal(approve(d, "K501", "director", 0), PULIH_DONE); /* late, and still possible */
    assert_int_equal(d->row.state, PULIH_STATE_offered);
    desk_close(d);
}

/* What was decided stays decided, and what waits cannot be got round. */
static void an_approval_is_neither_changed_nor_got_round(void **state)
{
    struct desk *d = open_large("A17");
    struct pulih_executed executed = {0};
    int32_t armed = d->row.approval_armed;

    (void)state;
    PULIH_SET(&executed, executed, actor, PULIH_VIEW("A17"));
    assert_int_equal(desk_mail(d, PULIH_M_executed, &executed), PULIH_DONE);
    desk_expect_refused(d, "move");
    assert_int_equal(answer(d, PULIH_answer_accepted, 0, 0), PULIH_DONE);
    desk_expect_refused(d, "move");
    assert_int_equal(refuse(d, 0), PULIH_DONE); /* B2 is of no post that is asked */
    desk_expect_refused(d, "named_post");
    assert_int_equal(approve(d, "K402", "director", 0), PULIH_DONE);
    assert_int_equal(d->row.state, PULIH_STATE_offered);
    assert_int_equal(d->row.approval_armed, 0);
    assert_int_equal(approve(d, "K501", "director", 0), PULIH_DONE);
    desk_expect_refused(d, "move");
    assert_int_equal(refuse(d, 0), PULIH_DONE);
    desk_expect_refused(d, "move");
    assert_int_equal(pass_decision(d, armed), PULIH_DONE);
    desk_expect_refused(d, "running_deadline");
    desk_close(d);
    d = open_large("A17"); /* withdrawn and taken up again, the offer must be proposed and approved anew */
    struct pulih_withdrawn withdrawn = {0};
    struct pulih_reopened reopened = {0};
    assert_int_equal(desk_mail(d, PULIH_M_withdrawn, &withdrawn), PULIH_DONE);
    assert_int_equal(d->row.state, PULIH_STATE_closed);
    assert_int_equal(d->row.approval_armed, 0);
    assert_int_equal(desk_mail(d, PULIH_M_reopened, &reopened), PULIH_DONE);
    assert_int_equal(desk_mail(d, PULIH_M_executed, &executed), PULIH_DONE);
    desk_expect_refused(d, "move");
    assert_int_equal(answer(d, PULIH_answer_accepted, 0, 0), PULIH_DONE);
    desk_expect_refused(d, "move");
    assert_int_equal(approve(d, "K402", "director", 0), PULIH_DONE);
    desk_expect_refused(d, "move");
    desk_close(d);
}

/* Each offer is approved for itself, and by a decision on just that one. */
static void an_approval_is_of_one_offer(void **state)
{
    struct desk *d = open_large("A17");
    struct pulih_offer_made again = offer_of(30000000, "IDR", "agent");

    (void)state;
    assert_int_equal(approve(d, "K402", "director", 1), PULIH_DONE);
    assert_int_equal(answer(d, PULIH_answer_declined, 0, 1), PULIH_DONE);
    assert_int_equal(d->row.state, PULIH_STATE_acknowledged);
    PULIH_SET(&again, offer_made, actor, PULIH_VIEW("A17"));
    assert_int_equal(desk_mail(d, PULIH_M_offer_made, &again), PULIH_DONE);
    assert_int_equal(d->row.state, PULIH_STATE_approving);
    assert_int_equal(approve(d, "K402", "director", 1), PULIH_DONE);
    desk_expect_refused(d, "waiting_offer");
    assert_int_equal(answer(d, PULIH_answer_accepted, 0, 2), PULIH_DONE);
    desk_expect_refused(d, "move");
    assert_int_equal(approve(d, "K402", "director", 2), PULIH_DONE);
    assert_int_equal(d->row.state, PULIH_STATE_offered);
    desk_close(d);
}

/* Rows by tier and gravity; one that is always meant asks whatever the proposer may give away. */
static void the_first_row_that_holds_decides_who_is_asked(void **state)
{
    static const struct {
        struct pulih_approval row;
        bool asked;
    } rows[] = {
        {{.has_four_eyes = true, .four_eyes = true}, true},
        {{.has_four_eyes = true}, false}, /* within authority */
        {{.has_four_eyes = true, .four_eyes = true, .tiers = 1 << PULIH_tier_normal}, true},
        {{.has_four_eyes = true, .four_eyes = true, .tiers = 1 << PULIH_tier_complex}, false},
        {{.has_four_eyes = true, .four_eyes = true, .gravities = 1 << (PULIH_gravity_safety - 1)}, true},
        {{.has_four_eyes = true, .four_eyes = true, .gravities = 1 << (PULIH_gravity_legal_threat - 1)},
         false},
        {{.has_four_eyes = true, .four_eyes = true, .has_above = true, .above_minor = 99}, true},
        {{.has_four_eyes = true, .four_eyes = true, .has_above = true, .above_minor = 100}, false},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(PULIH_STATE_acknowledged);
        struct pulih_offer_made msg = offer_of(100, "IDR", "agent");
        struct pulih_approval *row = &d->policy->approvals[0];
        struct pulih_view post = row->post[1];
        struct pulih_duration within = row->decide_within;
        *row = rows[i].row;
        row->post[row->n_posts++] = post;
        row->decide_within = within;
        d->row.gravity = 1 << (PULIH_gravity_safety - 1);
        assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
        if (rows[i].asked)
            expect_decider(d, "Direktur Operasional", "K501");
        else
            assert_int_equal(d->row.state, PULIH_STATE_offered);
        desk_close(d);
    }
}

/* What the policy says of four eyes counts; a row that is meant for the offer goes before its list. */
static void four_eyes_are_the_policys(void **state)
{
    static const int corruption = 1 << (PULIH_gravity_corruption - 1),
                     safety = 1 << (PULIH_gravity_safety - 1);
    static const struct {
        uint32_t list;
        struct pulih_approval row;
        int gravity;
        bool asked;
    } rows[] = {
        {corruption, {.has_above = true, .above_minor = 1000}, corruption, true},
        {corruption, {.has_above = true, .above_minor = 1000}, safety, false},
        {corruption | safety, {.has_above = true, .above_minor = 1000}, safety, true},
        {0, {.has_above = true, .above_minor = 1000}, corruption, false},
        {corruption, {.has_four_eyes = true}, corruption, false},
        {corruption, {.gravities = 0}, corruption, true},
        {0, {.has_four_eyes = true, .four_eyes = true}, 0, true},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(PULIH_STATE_acknowledged);
        struct pulih_offer_made msg = offer_of(100, "IDR", "agent");
        struct pulih_approval row = d->policy->approvals[0];
        struct pulih_approval *to = &d->policy->approvals[0];
        *to = rows[i].row;
        to->post[0] = row.post[0];
        to->n_posts = 1;
        to->decide_within = row.decide_within;
        d->policy->four_eyes = rows[i].list;
        d->row.gravity = (int16_t)rows[i].gravity;
        assert_int_equal(desk_mail(d, PULIH_M_offer_made, &msg), PULIH_DONE);
        assert_int_equal(d->row.state, rows[i].asked ? PULIH_STATE_approving : PULIH_STATE_offered);
        desk_close(d);
    }
}

/* --- the customer's answer ------------------------------------------------------------------------------------ */

static void consent_leads_to_execution(void **state)
{
    (void)state;
    for (uint64_t offer = 0; offer < 2; offer++) {
        struct desk *d = open_desk(PULIH_STATE_offered);
        struct pulih_offer_accepted msg;
        d->now_us += DESK_DAY;
        assert_int_equal(answer(d, PULIH_answer_accepted, 0, offer), PULIH_DONE);
        assert_int_equal(desk_count(d, PULIH_T_event), 1);
        desk_expect_event(d, 0, PULIH_M_offer_accepted, PULIH_STATE_accepted, &msg);
        assert_int_equal(msg.offer, 1);
        assert_int_equal(msg.letter, d->row.letters);
        assert_true(desk_says(desk_letter(d, PULIH_letter_execution, NULL)->body, "Barang kami ganti"));
        expect_runs_on(d, d->before.ladder_left_us);
        assert_int_equal(d->row.silence_armed, 0);
        desk_close(d);
    }
}

static void a_declined_offer_leaves_an_alternative_owed(void **state)
{
    (void)state;
    for (int objection = 0; objection < 4; objection++) {
        struct desk *d = open_desk(PULIH_STATE_offered);
        struct pulih_offer_declined msg;
        assert_int_equal(answer(d, PULIH_answer_declined, objection, 1), PULIH_DONE);
        assert_int_equal(desk_count(d, PULIH_T_event), 1);
        desk_expect_event(d, 0, PULIH_M_offer_declined, PULIH_STATE_acknowledged, &msg);
        assert_int_equal(msg.offer, 1);
        assert_int_equal(msg.objection, objection);
        assert_int_equal(PULIH_HAS(&msg, offer_declined, objection), objection > 0);
        desk_letter(d, PULIH_letter_next_steps, NULL);
        expect_runs_on(d, d->before.ladder_left_us);
        assert_int_equal(d->row.silence_armed, 0);
        assert_int_equal(d->row.declined, 1);
        struct pulih_offer_made another = offer_of(1, "IDR", "agent");
        assert_int_equal(desk_mail(d, PULIH_M_offer_made, &another), PULIH_DONE);
        expect_offered(d, 2, 1, PULIH_letter_alternative);
        desk_close(d);
    }
}

/* After so many, the next post must look at it, at once. */
static void too_many_declined_offers_climb(void **state)
{
    (void)state;
    for (uint16_t most = 1; most <= 4; most++) {
        struct desk *d = open_desk(PULIH_STATE_offered);
        d->policy->offers_max = most;
        for (int16_t n = 1; n <= most; n++) {
            int64_t due_us = n == most ? d->now_us : run_on_due(d);
            assert_int_equal(answer(d, PULIH_answer_declined, 0, 0), PULIH_DONE);
            assert_int_equal(d->row.declined, n);
            assert_int_equal(desk_deadline(d, PULIH_deadline_resolution)->due_at, due_us);
            assert_int_equal(d->row.ladder_due, due_us);
            struct pulih_offer_made another = offer_of(1, "IDR", "agent");
            assert_int_equal(desk_mail(d, PULIH_M_offer_made, &another), PULIH_DONE);
            d->before = d->row;
        }
        desk_close(d);
    }
}

/* Unless a person has it already, or the clock stands for a reason. */
static void a_standing_or_ended_ladder_does_not_climb(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_offered);

    (void)state;
    d->policy->offers_max = 1;
    d->row.ended = 1;
    assert_int_equal(answer(d, PULIH_answer_declined, 0, 0), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
    desk_set(d, PULIH_STATE_offered);
    d->row.clock = 1;
    assert_int_equal(answer(d, PULIH_answer_declined, 0, 0), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
    assert_int_equal(d->row.ladder_left_us, d->before.ladder_left_us);
    desk_set(d, PULIH_STATE_offered);
    d->row.clock = 1;
    assert_int_equal(answer(d, PULIH_answer_accepted, 0, 0), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
    desk_close(d);
}

static void refuses_answers_that_fit_no_offer(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_offered);

    (void)state;
    assert_int_equal(answer(d, PULIH_answer_accepted, 0, 2), PULIH_DONE);
    desk_expect_refused(d, "open_offer");
    assert_int_equal(answer(d, PULIH_answer_unknown, 0, 1), PULIH_DONE);
    desk_expect_refused(d, "answer");
    for (size_t i = 0; i < PULIH_COUNT(resting); i++) {
        if (resting[i] == PULIH_STATE_offered)
            continue;
        desk_set(d, resting[i]);
        assert_int_equal(answer(d, PULIH_answer_accepted, 0, 0), PULIH_DONE);
        desk_expect_refused(d, "move");
    }
    desk_close(d);
}

/* --- execution and verification -------------------------------------------------------------------------------- */

static enum pulih_verdict execute(struct desk *d)
{
    struct pulih_executed msg = {0};

    PULIH_SET(&msg, executed, detail, PULIH_VIEW("Sent a new one."));
    return desk_mail(d, PULIH_M_executed, &msg);
}

static void execution_asks_whether_all_is_well(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_accepted);
    int64_t left_us = pulih_calendar_between(d->policy->calendar, d->now_us, d->row.ladder_due);
    int64_t answer_by = add_to_now(d, d->policy->verify_within);
    struct pulih_carried_out msg;

    (void)state;
    assert_int_equal(execute(d), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_carried_out, PULIH_STATE_verifying, &msg);
    assert_int_equal(msg.offer, 1);
    assert_int_equal(msg.answer_by, answer_by);
    assert_true(desk_says_date(d, desk_letter(d, PULIH_letter_verification, NULL), answer_by));
    assert_int_equal(desk_deadline(d, PULIH_deadline_silence)->due_at, answer_by);
    assert_int_equal(d->row.ladder_armed, 0);
    assert_int_equal(d->row.ladder_left_us, left_us);
    for (size_t i = 0; i < PULIH_COUNT(resting); i++) {
        if (resting[i] == PULIH_STATE_accepted)
            continue;
        desk_set(d, resting[i]);
        assert_int_equal(execute(d), PULIH_DONE);
        desk_expect_refused(d, "move");
    }
    desk_close(d);
}

static enum pulih_verdict verify(struct desk *d, bool satisfied, int score)
{
    struct pulih_verification_answered msg = {0};

    PULIH_SET(&msg, verification_answered, satisfied, satisfied);
    if (score >= 0)
        PULIH_SET(&msg, verification_answered, score, (uint64_t)score);
    return desk_mail(d, PULIH_M_verification_answered, &msg);
}

/* Nothing counts any more; what is left of the ladder's time is kept. */
static void expect_over(const struct desk *d, size_t event, int closure, uint64_t letter)
{
    struct pulih_closed msg;

    desk_expect_event(d, event, PULIH_M_closed, PULIH_STATE_closed, &msg);
    assert_int_equal(desk_count(d, PULIH_T_event), event + 1);
    assert_int_equal(msg.closure, closure);
    assert_int_equal(msg.letter, letter);
    assert_int_equal(PULIH_HAS(&msg, closed, letter), letter > 0);
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
    assert_int_equal(d->row.ladder_armed, 0);
    assert_int_equal(d->row.silence_armed, 0);
    assert_int_equal(d->row.clock, 0);
}

static void satisfaction_is_thanked_and_closes(void **state)
{
    (void)state;
    for (int score = -1; score <= 10; score++) {
        struct desk *d = open_desk(PULIH_STATE_verifying);
        struct pulih_verified verified;
        struct pulih_thanked thanked;
        assert_int_equal(verify(d, true, score), PULIH_DONE);
        desk_expect_event(d, 0, PULIH_M_verified, PULIH_STATE_verified, &verified);
        assert_int_equal(PULIH_HAS(&verified, verified, score), score >= 0);
        assert_int_equal(verified.score, score < 0 ? 0 : score);
        desk_expect_event(d, 1, PULIH_M_thanked, PULIH_STATE_thanked, &thanked);
        assert_int_equal(thanked.letter, d->row.letters);
        desk_letter(d, PULIH_letter_thanks, NULL);
        expect_over(d, 2, PULIH_closure_resolved, 0);
        assert_int_equal(d->row.ladder_left_us, d->before.ladder_left_us);
        desk_close(d);
    }
}

static void an_obstacle_goes_on(void **state)
{
    (void)state;
    for (int score = -1; score <= 10; score++) {
        struct desk *d = open_desk(PULIH_STATE_verifying);
        struct pulih_obstacle_found msg;
        d->now_us += DESK_DAY;
        assert_int_equal(verify(d, false, score), PULIH_DONE);
        assert_int_equal(desk_count(d, PULIH_T_event), 1);
        desk_expect_event(d, 0, PULIH_M_obstacle_found, PULIH_STATE_acknowledged, &msg);
        assert_int_equal(PULIH_HAS(&msg, obstacle_found, score), score >= 0);
        assert_int_equal(msg.letter, d->row.letters);
        desk_letter(d, PULIH_letter_next_steps, NULL);
        expect_runs_on(d, d->before.ladder_left_us);
        desk_close(d);
    }
    for (size_t i = 0; i < PULIH_COUNT(resting); i++) {
        struct desk *d = open_desk(resting[i]);
        assert_int_equal(verify(d, i % 2, 5), PULIH_DONE);
        if (resting[i] != PULIH_STATE_verifying)
            desk_expect_refused(d, "move");
        desk_close(d);
    }
}

/* --- silence ----------------------------------------------------------------------------------------------------- */

static enum pulih_verdict pass_silence(struct desk *d, int32_t armed)
{
    struct pulih_silence_passed msg = {0};

    PULIH_SET(&msg, silence_passed, due_at, d->now_us);
    PULIH_SET(&msg, silence_passed, armed, (uint64_t)armed);
    return desk_mail(d, PULIH_M_silence_passed, &msg);
}

static void silence_closes_or_climbs_by_policy(void **state)
{
    (void)state;
    for (int verifying = 0; verifying < 2; verifying++)
        for (int closes = 0; closes < 2; closes++) {
            struct desk *d = open_desk(verifying ? PULIH_STATE_verifying : PULIH_STATE_offered);
            d->policy->close_on_silence[verifying] = closes;
            d->policy->close_on_silence[!verifying] = !closes;
            assert_int_equal(pass_silence(d, d->row.silence_armed), PULIH_DONE);
            assert_int_equal(d->row.silence_armed, 0);
            if (closes) {
                expect_over(d, 0, PULIH_closure_silence, (uint64_t)d->row.letters);
                desk_letter(d, PULIH_letter_closing, NULL);
            } else {
                assert_int_equal(desk_count(d, PULIH_T_event), 0);
                assert_int_equal(desk_count(d, PULIH_T_letter), 0);
                assert_int_equal(desk_deadline(d, PULIH_deadline_resolution)->due_at, d->now_us);
                assert_int_equal(d->row.state, d->before.state);
            }
            desk_close(d);
        }
}

/* A pause that was asked for before the offer cannot be ended while the offer is open; silence ends it. */
static void silence_climbs_though_the_clock_stands(void **state)
{
    static const int states[] = {PULIH_STATE_offered, PULIH_STATE_verifying};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(states); i++) {
        struct desk *d = open_desk(states[i]);
        d->policy->close_on_silence[i] = false;
        d->row.clock = 1;
        assert_int_equal(pass_silence(d, d->row.silence_armed), PULIH_DONE);
        assert_int_equal(d->row.clock, 0);
        assert_int_equal(desk_deadline(d, PULIH_deadline_resolution)->due_at, d->now_us);
        desk_close(d);
    }
}

/* Where nobody is left above, silence makes no timer; the person who has it was told. */
static void silence_climbs_no_ladder_that_ended(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_offered);

    (void)state;
    d->row.ended = 1;
    assert_int_equal(pass_silence(d, d->row.silence_armed), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_deadline), 0);
    assert_int_equal(d->row.silence_armed, 0);
    desk_close(d);
}

static void a_silence_that_was_broken_is_moot(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(resting); i++) {
        struct desk *d = open_desk(resting[i]);
        assert_int_equal(pass_silence(d, 3), PULIH_DONE);
        desk_expect_refused(d, "running_deadline");
        desk_close(d);
    }
}

/* --- the end and a new beginning ---------------------------------------------------------------------------------- */

static enum pulih_verdict withdraw(struct desk *d)
{
    struct pulih_withdrawn msg = {0};

    PULIH_SET(&msg, withdrawn, words, PULIH_VIEW("Never mind."));
    return desk_mail(d, PULIH_M_withdrawn, &msg);
}

static enum pulih_verdict reopen(struct desk *d)
{
    struct pulih_reopened msg = {0};

    return desk_mail(d, PULIH_M_reopened, &msg);
}

static void a_withdrawn_complaint_is_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(open_states); i++) {
        struct desk *d = open_desk(open_states[i]);
        bool runs = d->row.ladder_armed;
        d->now_us += DESK_HOUR;
        assert_int_equal(withdraw(d), PULIH_DONE);
        expect_over(d, 0, PULIH_closure_withdrawn, (uint64_t)d->row.letters);
        desk_letter(d, PULIH_letter_closing, NULL);
        assert_int_equal(d->row.ladder_left_us, runs ? 22 * DESK_HOUR : d->before.ladder_left_us);
        assert_int_equal(withdraw(d), PULIH_DONE);
        desk_expect_refused(d, "open_complaint");
        desk_close(d);
    }
    struct desk *d = open_desk(PULIH_STATE_parked);
    assert_int_equal(withdraw(d), PULIH_DONE);
    desk_expect_refused(d, "open_complaint");
    desk_close(d);
}

static void expect_reopened(struct desk *d, uint64_t times)
{
    struct pulih_taken_up_again msg;

    assert_int_equal(reopen(d), PULIH_DONE);
    assert_int_equal(desk_count(d, PULIH_T_event), 1);
    desk_expect_event(d, 0, PULIH_M_taken_up_again, PULIH_STATE_acknowledged, &msg);
    assert_int_equal(msg.times, times);
    assert_int_equal(msg.letter, d->row.letters);
    desk_letter(d, PULIH_letter_reopening, NULL);
    assert_int_equal(d->row.level, 0);
    assert_int_equal(d->row.ended, 0);
    assert_int_equal(d->row.declined, 0);
    assert_int_equal(d->row.ladder_kind, PULIH_deadline_resolution);
}

/* A new cycle of the ladder, but no new time: months between closing and reopening change nothing, either. */
static void reopening_grants_no_time(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);
    int64_t left_us = 23 * DESK_HOUR;

    (void)state;
    for (uint64_t times = 1; times <= 3; times++) {
        d->now_us += DESK_HOUR; /* of work each time: from 09:00 to 10:00 */
        left_us -= DESK_HOUR;
        assert_int_equal(withdraw(d), PULIH_DONE);
        d->now_us += 28 * DESK_DAY - DESK_HOUR;
        expect_reopened(d, times);
        expect_runs_on(d, left_us);
    }
    desk_close(d);
}

static void reopening_starts_at_the_first_rung(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_closed);

    (void)state;
    d->row.level = 4;
    d->row.ended = 1;
    d->row.declined = 2;
    d->row.ladder_kind = PULIH_deadline_reprimand;
    d->row.ladder_left_us = 0;
    expect_reopened(d, 1);
    expect_runs_on(d, 0); /* no time was left: the first post hears of it at once */
    assert_int_equal(d->row.ladder_due, d->now_us);
    for (size_t i = 0; i < PULIH_COUNT(resting); i++) {
        if (resting[i] == PULIH_STATE_closed)
            continue;
        desk_set(d, resting[i]);
        assert_int_equal(reopen(d), PULIH_DONE);
        desk_expect_refused(d, "closed_complaint");
    }
    desk_close(d);
}

/* A pause ends with the complaint: the clock of the reopened one runs. */
static void reopening_runs_though_it_was_paused(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_acknowledged);

    (void)state;
    d->row.clock = 1;
    d->row.ladder_armed = 0;
    d->row.ladder_due = 0;
    d->row.ladder_left_us = 5 * DESK_HOUR;
    assert_int_equal(withdraw(d), PULIH_DONE);
    d->now_us += DESK_DAY;
    expect_reopened(d, 1);
    expect_runs_on(d, 5 * DESK_HOUR);
    desk_close(d);
}

/* --- whose turn is next -------------------------------------------------------------------------------------------- */

static void takes_the_next_message_of_the_mailbox(void **state)
{
    static const enum pulih_m next[] = {PULIH_M_note, PULIH_M_reclassified, PULIH_M_paused,
                                        PULIH_M_deadline_passed, PULIH_M_silence_passed};

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(next); i++)
        for (int waiting = 1; waiting <= 2; waiting++) {
            struct desk *d = open_desk(PULIH_STATE_planned);
            d->row.version = 3 + waiting; /* they came while escalation worked */
            d->row.waiting = waiting;
            d->next_mail = (struct pulih_mail){.version = 4, .type = (int16_t)pulih_message(next[i])->wire};
            assert_int_equal(planned(d), PULIH_DONE);
            assert_int_equal(d->item.to_type, next[i]);
            assert_int_equal(d->item.to, pulih_message(next[i])->to);
            assert_int_equal(d->item.to_version, 4);
            assert_int_equal(d->row.cursor, 4);
            assert_int_equal(d->row.waiting, waiting - 1);
            desk_close(d);
        }
}

static void gives_up_what_it_cannot_read(void **state)
{
    static const struct {
        int state;
        enum pulih_m m;
        const char *reason;
    } rows[] = {
        {PULIH_STATE_acknowledged, PULIH_M_letter_delivered, "the stored report cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_clock_paused, "the stored pause cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_clock_resumed, "the stored resumption cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_reprimanded, "the stored reprimand cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_ladder_ended, "the stored end of the ladder cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_warned, "the stored warning cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_planned, "the stored plan cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_calmed, "the stored de-escalation cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_offer_made, "the stored offer cannot be read"},
        {PULIH_STATE_approving, PULIH_M_approved, "the stored approval cannot be read"},
        {PULIH_STATE_approving, PULIH_M_approval_passed, "the stored deadline of an approval cannot be read"},
        {PULIH_STATE_approving, PULIH_M_refused, "the stored refusal cannot be read"},
        {PULIH_STATE_offered, PULIH_M_offer_answered, "the stored answer cannot be read"},
        {PULIH_STATE_verifying, PULIH_M_verification_answered, "the stored answer cannot be read"},
        {PULIH_STATE_offered, PULIH_M_silence_passed, "the stored silence cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_linked, "the stored link cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_unlinked, "the stored end of a link cannot be read"},
        {PULIH_STATE_acknowledged, PULIH_M_paused, "no handler for this type here"},
    };

    (void)state;
    for (size_t i = 0; i < PULIH_COUNT(rows); i++) {
        struct desk *d = open_desk(rows[i].state);
        struct pulih_view broken = PULIH_VIEW("\x93\x01\x02");
        desk_bytes(d, rows[i].m, broken, (struct pulih_view){0});
        desk_expect_never(d, rows[i].reason);
        desk_close(d);
    }
}

/* An item that is given up takes nothing of the others with it. */
static void giving_one_up_leaves_the_others(void **state)
{
    struct desk *d = open_desk(PULIH_STATE_offered);
    struct pulih_rows rows = {0};
    struct pulih_arena arena = {0};
    struct pulih_buf scratch = {0};
    struct pulih_item items[3];
    struct pulih_step step = {.stage = PULIH_STAGE_followup,
                              .policy = d->policy,
                              .now_us = d->now_us,
                              .arena = &arena,
                              .rows = &rows,
                              .scratch = &scratch};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        items[i] =
            (struct pulih_item){.row = d->row, .version = 8, .type = PULIH_M_withdrawn, .loaded = true};
        items[i].row.id.b[15] = (uint8_t)i;
        items[i].row.holder = PULIH_STAGE_followup;
        items[i].body = i == 1 ? PULIH_VIEW("\xc1") : PULIH_VIEW("\x80");
        if (i == 1)
            items[i].type = PULIH_M_letter_delivered;
        step.item = &items[i];
        pulih_step_run(&step, followup_handlers, PULIH_COUNT(followup_handlers));
    }
    assert_int_equal(items[1].verdict, PULIH_NEVER);
    assert_int_equal(rows.of[PULIH_T_event].n, 2);
    assert_int_equal(rows.of[PULIH_T_letter].n, 2);
    assert_int_equal(rows.of[PULIH_T_feed].n, 2);
    assert_int_equal(PULIH_ROWS(&rows, event)[0].complaint.b[15], 0);
    assert_int_equal(PULIH_ROWS(&rows, event)[1].complaint.b[15], 2);
    pulih_rows_free(&rows);
    pulih_arena_free(&arena);
    pulih_buf_free(&scratch);
    desk_close(d);
}

static void takes_every_row_of_the_life(void **state)
{
    (void)state;
    desk_expect_all_taken(PULIH_STAGE_followup, PULIH_M_message_refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledges_the_first_plan),
        cmocka_unit_test(tells_departments_of_its_own),
        cmocka_unit_test(a_hint_is_kept_until_the_policy_says),
        cmocka_unit_test(tells_a_new_plan),
        cmocka_unit_test(tells_why_the_plan_is_a_new_one),
        cmocka_unit_test(tells_plans_at_their_time_only),
        cmocka_unit_test(tells_of_a_pause_and_its_end),
        cmocka_unit_test(writes_to_posts),
        cmocka_unit_test(a_reprimand_names_person_dates_and_those_who_were_silent),
        cmocka_unit_test(the_end_of_the_ladder_drafts_an_external_notice),
        cmocka_unit_test(warns_a_post),
        cmocka_unit_test(pages_the_post_that_the_plan_names),
        cmocka_unit_test(tells_the_date_of_an_answer),
        cmocka_unit_test(publishes_notes_and_what_was_said_elsewhere),
        cmocka_unit_test(takes_reports_of_letters_it_wrote),
        cmocka_unit_test(links_are_of_two_complaints),
        cmocka_unit_test(a_complaint_is_not_linked_to_itself),
        cmocka_unit_test(offers_within_authority_and_asks_beyond),
        cmocka_unit_test(an_offer_says_what_it_gives),
        cmocka_unit_test(an_offer_stops_the_ladder_and_a_question_starts_it),
        cmocka_unit_test(refuses_offers_that_lack_something),
        cmocka_unit_test(refuses_an_offer_whose_letter_would_lack_what_is_demanded),
        cmocka_unit_test(an_offer_may_say_by_when_it_is_carried_out),
        cmocka_unit_test(a_superior_approves_the_date_too),
        cmocka_unit_test(refuses_dates_that_nobody_could_keep),
        cmocka_unit_test(approves_no_letter_that_lacks_what_is_demanded),
        cmocka_unit_test(writes_no_letter_without_what_is_demanded),
        cmocka_unit_test(approves_what_the_role_covers),
        cmocka_unit_test(asks_somebody_else_who_is_there),
        cmocka_unit_test(silence_asks_the_next_post_and_then_the_ladder),
        cmocka_unit_test(an_approval_is_neither_changed_nor_got_round),
        cmocka_unit_test(an_approval_is_of_one_offer),
        cmocka_unit_test(the_first_row_that_holds_decides_who_is_asked),
        cmocka_unit_test(four_eyes_are_the_policys),
        cmocka_unit_test(a_superior_may_refuse),
        cmocka_unit_test(nobody_decides_what_does_not_wait),
        cmocka_unit_test(consent_leads_to_execution),
        cmocka_unit_test(a_declined_offer_leaves_an_alternative_owed),
        cmocka_unit_test(too_many_declined_offers_climb),
        cmocka_unit_test(a_standing_or_ended_ladder_does_not_climb),
        cmocka_unit_test(refuses_answers_that_fit_no_offer),
        cmocka_unit_test(execution_asks_whether_all_is_well),
        cmocka_unit_test(satisfaction_is_thanked_and_closes),
        cmocka_unit_test(an_obstacle_goes_on),
        cmocka_unit_test(silence_closes_or_climbs_by_policy),
        cmocka_unit_test(silence_climbs_though_the_clock_stands),
        cmocka_unit_test(silence_climbs_no_ladder_that_ended),
        cmocka_unit_test(a_silence_that_was_broken_is_moot),
        cmocka_unit_test(a_withdrawn_complaint_is_closed),
        cmocka_unit_test(reopening_grants_no_time),
        cmocka_unit_test(reopening_starts_at_the_first_rung),
        cmocka_unit_test(reopening_runs_though_it_was_paused),
        cmocka_unit_test(takes_the_next_message_of_the_mailbox),
        cmocka_unit_test(gives_up_what_it_cannot_read),
        cmocka_unit_test(giving_one_up_leaves_the_others),
        cmocka_unit_test(takes_every_row_of_the_life), /* last: counts what the others did */
    };

    return cmocka_run_group_tests_name("follow-up steps", tests, NULL, NULL);
}
