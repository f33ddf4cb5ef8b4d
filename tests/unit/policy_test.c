/* Policies: what a good one gives, its version, and the policy that is shipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "pulih/base/clock.h"
#include "pulih/core/ladder.h"
#include "tests/lib/calendars.h"
#include "tests/lib/policy_files.h"

static struct pulih_policy *load_changed(const struct policy_folder *f, const char *find, const char *put)
{
    put_changed_policy(f, find, put);
    return load_policy(f);
}

/* --- a good policy ---------------------------------------------------------------------------------- */

static void assert_view(struct pulih_view v, const char *expected)
{
    if (!pulih_view_is(v, expected))
        fail_msg("\"%.*s\" is not \"%s\"", PULIH_VIEW_ARG(v), expected);
}

static void assert_duration(struct pulih_duration d, int32_t amount, enum pulih_unit unit)
{
    assert_int_equal(d.amount, amount);
    assert_int_equal(d.unit, unit);
}

static void reads_a_good_policy(void **state)
{
    struct pulih_policy *p = load_changed(*state, "", "");

    assert_int_equal(strlen(p->version), strlen("test 1 01234567"));
    assert_memory_equal(p->version, "test 1 ", 7);
    assert_view(p->company, "PT Uji");
    assert_view(p->currency, "USD");
    assert_int_equal(p->language, PULIH_language_en);
    assert_duration(p->plan_within, 4, PULIH_UNIT_working_hour);
    assert_duration(p->resolve_within[PULIH_tier_simple], 1, PULIH_UNIT_working_day);
    assert_duration(p->resolve_within[PULIH_tier_normal], 3, PULIH_UNIT_working_day);
    assert_duration(p->resolve_within[PULIH_tier_complex], 10, PULIH_UNIT_working_day);
    assert_duration(p->resolve_within[PULIH_tier_important], 8, PULIH_UNIT_hour);
    assert_duration(p->resolve_within[PULIH_tier_unknown], 3, PULIH_UNIT_working_day);
    assert_duration(p->answer_within, 2, PULIH_UNIT_calendar_day);
    assert_duration(p->verify_within, 90, PULIH_UNIT_minute);
    assert_true(p->close_on_silence[0]);
    assert_false(p->close_on_silence[1]);
    assert_int_equal(p->pause_reasons, 1 << PULIH_pause_documents | 1 << PULIH_pause_third_party);
    assert_int_equal(p->offers_max, 3);
    assert_non_null(p->rules);
    pulih_policy_free(p);
}

static void reads_people(void **state)
{
    struct pulih_policy *p = load_changed(*state, "", "");

    for (int i = 0; i < 8; i++) {
        char post[16];
        snprintf(post, sizeof post, "Post %d", i);
        assert_view(p->answerable[i], post);
    }
    assert_int_equal(p->ladder.n, 3);
    assert_view(p->ladder.rung[0].post, "Rung 1");
    assert_duration(p->ladder.rung[0].answer_within, 4, PULIH_UNIT_working_hour);
    assert_view(p->ladder.rung[2].post, "Rung 3");
    assert_duration(p->ladder.rung[2].answer_within, 2, PULIH_UNIT_hour);
    assert_duration(p->ladder.rung[2].acknowledge_within, 1, PULIH_UNIT_hour);
    assert_false(p->ladder.page);
    assert_int_equal(p->n_authority, 2);
    assert_int_equal(pulih_policy_role(p, PULIH_VIEW("agent")), 0);
    assert_int_equal(pulih_policy_role(p, PULIH_VIEW("manager")), 1);
    assert_int_equal(pulih_policy_role(p, PULIH_VIEW("Manager")), -1);
    assert_int_equal(pulih_policy_role(p, PULIH_VIEW("")), -1);
    assert_int_equal(p->authority[0].limit_minor, 25000); /* cents */
    assert_int_equal(p->authority[1].limit_minor, 9000000000000000);
    assert_int_equal(p->threshold[PULIH_AXIS_category], 60);
    assert_int_equal(p->threshold[PULIH_AXIS_anger], 0);
    assert_int_equal(p->threshold[PULIH_AXIS_tier], 50);
    pulih_policy_free(p);
}

static void reads_posts_and_absences(void **state)
{
    struct pulih_policy *p = load_changed(*state, "", "");
    const struct pulih_post *post = pulih_post_find(p, PULIH_VIEW("Rung 1"));
    int64_t from_us = 0, until_us = 0;

    assert_int_equal(p->n_posts, 11);
    assert_non_null(post);
    assert_int_equal(post->n_persons, 3);
    assert_view(post->person[0], "R1");
    assert_view(post->person[2], "R1b");
    assert_null(pulih_post_find(p, PULIH_VIEW("rung 1")));
    assert_int_equal(p->n_absences, 1);
    assert_view(p->absences[0].person, "R2");
    assert_true(pulih_time_parse(PULIH_VIEW("2026-12-01T00:00:00+08:00"), &from_us));
    assert_true(pulih_time_parse(PULIH_VIEW("2027-01-01T00:00:00+08:00"), &until_us));
    assert_int_equal(p->absences[0].from_us, from_us);
    assert_int_equal(p->absences[0].until_us, until_us);
    assert_view(p->notice_post, "Post 7");
    assert_view(p->notice_recipient, "Pengawas");
    pulih_policy_free(p);
}

static void reads_ladders(void **state)
{
    struct pulih_policy *p = load_changed(*state, "", "");

    assert_int_equal(p->n_ladders, 2);
    assert_true(p->ladders[0].page);
    assert_int_equal(p->ladders[0].departments, 1 << PULIH_department_payment);
    assert_int_equal(p->ladders[0].tiers, 1 << PULIH_tier_complex | 1 << PULIH_tier_important);
    assert_int_equal(p->ladders[0].n, 1);
    assert_int_equal(p->ladders[1].n_tenants, 2);
    assert_int_equal(p->ladders[1].tenants[1], 8);
    assert_view(p->ladders[1].rung[0].post, "Rung 2");
    assert_duration(p->ladders[1].rung[0].acknowledge_within, 3, PULIH_UNIT_hour);
    assert_duration(p->warn_before[PULIH_tier_normal], 4, PULIH_UNIT_working_hour);
    assert_duration(p->warn_before[PULIH_tier_unknown], 4, PULIH_UNIT_working_hour);
    assert_int_equal(p->warn_before[PULIH_tier_simple].amount, 0);
    pulih_policy_free(p);
}

static void reads_approvals(void **state)
{
    struct pulih_policy *p = load_changed(*state, "", "");
    struct pulih_row_complaint row = {.tier = PULIH_tier_complex,
                                      .gravity = 1 << (PULIH_gravity_corruption - 1)};

    assert_int_equal(p->n_approvals, 2);
    assert_int_equal(p->approvals[0].gravities, row.gravity);
    assert_int_equal(p->approvals[0].tiers, 1 << PULIH_tier_complex);
    assert_true(p->approvals[0].has_four_eyes && p->approvals[0].four_eyes);
    assert_int_equal(p->approvals[1].above_minor, 100000); /* cents */
    assert_int_equal(p->approvals[1].n_posts, 2);
    assert_view(p->approvals[1].post[1], "Rung 3");
    assert_duration(p->approvals[1].decide_within, 2, PULIH_UNIT_working_hour);
    assert_int_equal(p->transfers_max, 2);
    assert_int_equal(p->four_eyes,
                     1 << (PULIH_gravity_corruption - 1) | 1 << (PULIH_gravity_legal_threat - 1));
    assert_ptr_equal(pulih_approval_of(p, &row, 0, PULIH_VIEW("")), &p->approvals[0]);
    row.gravity = 0;
    assert_null(pulih_approval_of(p, &row, 0, PULIH_VIEW("")));
    assert_null(pulih_approval_of(p, &row, 100000, PULIH_VIEW("USD")));
    assert_ptr_equal(pulih_approval_of(p, &row, 100001, PULIH_VIEW("USD")), &p->approvals[1]);
    assert_ptr_equal(pulih_approval_of(p, &row, 1, PULIH_VIEW("IDR")), &p->approvals[1]);
    pulih_policy_free(p);
}

static void reads_forwards(void **state)
{
    struct pulih_policy *p = load_changed(*state, "", "");
    const struct pulih_forward *rows = p->forwards;

    assert_int_equal(p->n_forwards, 3);
    assert_int_equal(rows[0].on, PULIH_deadline_third_party);
    assert_view(rows[0].post, "Post 7");
    assert_true(rows[0].text && !rows[1].text);
    assert_int_equal(rows[0].by.amount + rows[0].within.amount, 0);
    assert_int_equal(rows[1].on, PULIH_deadline_rejected);
    assert_duration(rows[1].by, 20, PULIH_UNIT_calendar_day);
    assert_int_equal(rows[1].after, 1);
    assert_int_equal(rows[2].on, PULIH_deadline_ignored);
    assert_int_equal(rows[2].after, 3);
    assert_duration(rows[2].within, 2, PULIH_UNIT_working_hour);
    assert_null(rows[2].post.at);
    pulih_policy_free(p);
}

/* As it was before policies could say so. */
static void four_eyes_have_a_standard(void **state)
{
    struct pulih_policy *p = load_changed(*state, "four_eyes = [ \"corruption\", \"legal_threat\" ];", "");

    assert_int_equal(p->four_eyes,
                     1 << (PULIH_gravity_corruption - 1) | 1 << (PULIH_gravity_maladministration - 1) |
                         1 << (PULIH_gravity_discrimination - 1) | 1 << (PULIH_gravity_partiality - 1));
    pulih_policy_free(p);
    p = load_changed(*state, "[ \"corruption\", \"legal_threat\" ]", "[ ]");
    assert_int_equal(p->four_eyes, 0);
    pulih_policy_free(p);
}

static void reads_whole_rupiah(void **state)
{
    struct pulih_policy *p = load_changed(*state, "\"USD\"", "\"IDR\"");

    assert_int_equal(p->authority[0].limit_minor, 250);
    pulih_policy_free(p);
}

static void reads_the_calendar(void **state)
{
    static const struct {
        const char *at;
        bool open;
    } rows[] = {
        {"2026-11-16T08:00:00+08:00", true},  {"2026-11-16T07:59:59+08:00", false},
        {"2026-11-16T12:00:00+08:00", false}, {"2026-11-16T13:00:00+08:00", true},
        {"2026-11-22T23:59:59+08:00", true},  {"2026-11-23T08:00:00+08:00", false},
        {"2026-12-28T08:00:00+08:00", false}, {"2026-11-17T08:00:00+08:00", false},
    };
    struct pulih_policy *p = load_changed(*state, "", "");

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t us = 0;
        assert_true(pulih_time_parse(pulih_view_of(rows[i].at), &us));
        if (pulih_calendar_open_at(p->calendar, us) != rows[i].open)
            fail_msg("at %s", rows[i].at);
    }
    pulih_policy_free(p);
}

static void reads_letters(void **state)
{
    struct pulih_policy *p = load_changed(*state, "", "");

    assert_view(p->receipt[PULIH_language_id], "terima {{reference}} {{due}} {{company}}");
    assert_view(p->receipt[PULIH_language_en], "receipt {{reference}} {{due}}");
    assert_view(p->receipt[PULIH_language_unknown], "receipt {{reference}} {{due}}");
    for (int kind = 1; kind < PULIH_LETTERS; kind++) {
        const char *name = pulih_word_of(PULIH_WORDS_letter, (uint16_t)kind)->word;
        char expected[64];
        snprintf(expected, sizeof expected, "s %s id", name);
        assert_view(p->letter[kind][PULIH_language_id].subject, expected);
        snprintf(expected, sizeof expected, "s %s en", name);
        assert_view(p->letter[kind][PULIH_language_en].subject, expected);
        assert_view(p->letter[kind][PULIH_language_unknown].subject, expected);
        snprintf(expected, sizeof expected, "t %s en ", name);
        assert_int_equal(strncmp(p->letter[kind][PULIH_language_en].text.at, expected, strlen(expected)), 0);
    }
    pulih_policy_free(p);
}

static void reads_what_letters_must_say(void **state)
{
    struct pulih_policy *p =
        load_changed(*state, "  update = {", "  update = { demands = [ \"due\", \"reference\" ];");

    assert_int_equal(p->demands[PULIH_letter_update], 1u << PULIH_SLOT_due | 1u << PULIH_SLOT_reference);
    assert_int_equal(p->demands[PULIH_letter_offer], 0);
    pulih_policy_free(p);
}

static void does_without_what_may_be_absent(void **state)
{
    static const struct {
        const char *find, *put;
    } rows[] = {
        {"thresholds = {\n  category = 60;\n  anger = 0;\n};\n", ""},
        {"[ \"documents\", \"third_party\" ]", "[ ]"},
        {"\n    \"2026-12-28\",\n    \"2026-11-23\"\n  ", ""},
        {"[ \"00:00-24:00\" ]", "[ ]"},
        {"offer = true;", "offer = false;"},
        {"limit = 250;", "limit = 0;"},
        {"\"PT Uji\"", "\"Pos\xc3\xa9idon \xe2\x80\x93 Tbk\""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        pulih_policy_free(load_changed(*state, rows[i].find, rows[i].put));
}

/* --- the version -------------------------------------------------------------------------------------- */

static void version_of(const struct policy_folder *f, char ret[33])
{
    struct pulih_policy *p = load_policy(f);

    memcpy(ret, p->version, 33);
    pulih_policy_free(p);
}

/* Any byte of any file counts, comments too; nothing else does. */
static void version_follows_every_byte(void **state)
{
    const struct policy_folder *f = *state;
    char first[33], again[33], changed[33], in_part[33];

    put_changed_policy(f, "company = \"PT Uji\";", "@include \"part.cfg\"");
    put_policy_file(f, "part.cfg", "company = \"A\"; # a\n", 19);
    version_of(f, first);
    version_of(f, again);
    assert_string_equal(first, again);
    put_policy_file(f, "part.cfg", "company = \"A\"; # b\n", 19);
    version_of(f, in_part);
    assert_string_not_equal(first, in_part);
    put_changed_policy(f, "company = \"PT Uji\";", "@include \"part.cfg\" ");
    version_of(f, changed);
    assert_string_not_equal(in_part, changed);
}

/* The digest is what `b2sum -l 256` prints for the files one after the other. */
static void version_is_a_blake2b_of_the_files(void **state)
{
    static const char part[] = "company = \"A\";\n";
    const struct policy_folder *f = *state;
    unsigned char digest[32];
    char expected[33], got[33], bytes[16384];

    put_changed_policy(f, "company = \"PT Uji\";", "@include \"part.cfg\"");
    put_policy_file(f, "part.cfg", part, sizeof part - 1);
    FILE *main = fopen(f->main, "rb");
    assert_non_null(main);
    size_t len = fread(bytes, 1, sizeof bytes - sizeof part, main);
    fclose(main);
    memcpy(bytes + len, part, sizeof part - 1);
    crypto_generichash(digest, sizeof digest, (unsigned char *)bytes, len + sizeof part - 1, NULL, 0);
    snprintf(expected, sizeof expected, "test 1 %02x%02x%02x%02x", digest[0], digest[1], digest[2],
             digest[3]);
    version_of(f, got);
    assert_string_equal(got, expected);
}

/* --- the policy that is shipped ------------------------------------------------------------------------- */

static struct pulih_policy *load_shipped(void)
{
    static const struct policy_folder f = {.main = "deploy/policies/default.cfg"};
    return load_policy(&f);
}

static void ships_a_policy_for_indonesia(void **state)
{
    struct pulih_policy *p = load_shipped();
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    int64_t at_us = 0;

    (void)state;
    assert_true(pulih_time_parse(PULIH_VIEW("2026-12-24T16:00:00+07:00"), &at_us));
    pulih_calendar_print(p->calendar, due(p->calendar, at_us, p->resolve_within[PULIH_tier_simple]),
                         p->language, &text);
    assert_string_equal(pulih_buf_text(&text), "Senin, 28 Desember 2026 pukul 17.00 WIB");
    assert_int_equal(p->ladder.n, 4);
    assert_view(p->ladder.rung[3].post, "Direktur Operasional");
    assert_true(pulih_policy_role(p, PULIH_VIEW("agent")) >= 0);
    pulih_policy_free(p);
}

/* The decree for 2026 has 17 days of libur nasional and 8 of cuti bersama (see the file). */
static void ships_the_holidays_of_indonesia(void **state)
{
    static const int expected[2][PULIH_DAY_N][2] = {
        {[PULIH_DAY_holiday] = {17, 0}, [PULIH_DAY_joint_leave] = {8, 0}},
        {[PULIH_DAY_holiday] = {5, 3}}}; /* decreed, provisional */
    struct pulih_policy *p = load_shipped();
    int found[2][PULIH_DAY_N][2] = {0};

    (void)state;
    for (int32_t date = 20260101; date <= 20271231; date++) {
        const struct pulih_special_day *day = pulih_calendar_special(p->calendar, date);
        if (!day)
            continue;
        assert_true(day->name.len > 5 && !day->as_usual && day->hours.n == 0);
        found[date / 10000 - 2026][day->kind][day->provisional]++;
    }
    assert_memory_equal(found, expected, sizeof found);
    assert_view(pulih_calendar_special(p->calendar, 20260322)->name, "Idul Fitri 1447 Hijriah");
    assert_view(pulih_calendar_special(p->calendar, 20270326)->name, "Wafat Yesus Kristus");
    assert_false(pulih_calendar_knows_year(p->calendar, 2028));
    pulih_policy_free(p);
}

static const struct {
    int kind;
    const char *demands;
} demanded[] = {
#define LETTER(kind, to, ...) {PULIH_letter_##kind, #__VA_ARGS__},
#define FILLED(...)
#define ASKED(...)
#include "pulih/tbl/letters.tbl.h"
};

static bool is_demanded(int kind, int slot)
{
    for (size_t i = 0; i < sizeof demanded / sizeof demanded[0]; i++)
        if (demanded[i].kind == kind)
            return strstr(demanded[i].demands, pulih_slot_name((enum pulih_slot)slot)) != NULL;
    return false;
}

/* Fills all slots, or only those which the kind demands and those which every letter has. */
static void fill(struct pulih_slots *slots, int kind, bool all)
{
    static const char *const examples[PULIH_SLOT_N] = {
        [PULIH_SLOT_reference] = "PL-BFK5-ZACS-M",
        [PULIH_SLOT_department] = "pelayanan",
        [PULIH_SLOT_category] = "proses layanan",
        [PULIH_SLOT_company] = "PT Contoh Sejahtera",
        [PULIH_SLOT_post] = "Manajer Layanan Pelanggan",
        [PULIH_SLOT_due] = "Senin, 23 November 2026 pukul 17.00 WIB",
        [PULIH_SLOT_solution] = "SOLUTION",
        [PULIH_SLOT_argument] = "ARGUMENT",
        [PULIH_SLOT_amount] = "Rp150.000",
        [PULIH_SLOT_missed] = "Jumat, 20 November 2026 pukul 17.00 WIB",
        [PULIH_SLOT_level] = "2",
        [PULIH_SLOT_reason] = "REASON",
        [PULIH_SLOT_person] = "K301",
        [PULIH_SLOT_acknowledge] = "Senin, 23 November 2026 pukul 10.00 WIB",
        [PULIH_SLOT_unanswered] = "\n1. Kepala Regu Layanan (K201): tidak menerima teguran",
        [PULIH_SLOT_execution] = "Rabu, 25 November 2026 pukul 17.00 WIB",
        [PULIH_SLOT_recipient] = "Otoritas pengawas",
    };

    for (int i = 0; i < PULIH_SLOT_N; i++) {
        bool always = i == PULIH_SLOT_reference || i == PULIH_SLOT_department || i == PULIH_SLOT_category ||
                      i == PULIH_SLOT_company || i == PULIH_SLOT_post;
        bool given = all || always || is_demanded(kind, i);
        slots->value[i] = given ? pulih_view_of(examples[i]) : (struct pulih_view){0};
    }
}

static void check_letter(int kind, const struct pulih_template *t, bool all)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf stored = {0}, handed_out = {0};
    const char *name = pulih_word_of(PULIH_WORDS_letter, (uint16_t)kind)->word;
    struct pulih_slots slots;

    fill(&slots, kind, all);
    pulih_template_fill(t->subject, &slots, &stored);
    pulih_buf_addf(&stored, "\n\n");
    pulih_template_fill(t->text, &slots, &stored);
    pulih_letter_address(pulih_view_of_buf(&stored), PULIH_VIEW(""), PULIH_language_id, &handed_out);
    const char *text = pulih_buf_text(&handed_out);
    static const char *const never[] = {"{{", "}}", "\n\n\n", " \n", "  ", ": \n", "..", " ."};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        if (strstr(text, never[i]))
            fail_msg("%s holds \"%s\":\n%s", name, never[i], text);
    assert_true(handed_out.len > 200 && handed_out.len < 3000);
    if (getenv("PULIH_SHOW_LETTERS"))
        print_message("--- %s\n%s\n", name, text);
}

/* Set PULIH_SHOW_LETTERS=1 to read them. */
static void ships_letters_that_read_well(void **state)
{
    struct pulih_policy *p = load_shipped();

    (void)state;
    for (int kind = 1; kind < PULIH_LETTERS; kind++) {
        for (int language = PULIH_language_id; language <= PULIH_language_en; language++) {
            check_letter(kind, &p->letter[kind][language], true);
            check_letter(kind, &p->letter[kind][language], false);
        }
    }
    pulih_policy_free(p);
}

/* The date promised stands in the closing of the acknowledgement: its last paragraph but the greeting. */
static void acknowledges_with_the_deadline_at_the_end(void **state)
{
    static const char *const words[][3] = {
        [PULIH_language_id] = {"Terima kasih", "mohon maaf", "Langkah"},
        [PULIH_language_en] = {"Thank you", "sorry", "steps"},
    };
    struct pulih_policy *p = load_shipped();

    (void)state;
    for (int language = PULIH_language_id; language <= PULIH_language_en; language++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf copy = {0};
        pulih_buf_add_view(&copy, p->letter[PULIH_letter_acknowledgement][language].text);
        const char *text = pulih_buf_text(&copy), *greeting = text, *closing = text;
        for (const char *at = text; (at = strstr(at, "\n\n")); at += 2) {
            closing = greeting;
            greeting = at;
        }
        assert_non_null(strstr(closing, "{{due}}"));
        assert_null(strstr(greeting, "{{due}}"));
        for (int i = 0; i < 3; i++)
            assert_non_null(strstr(text, words[language][i]));
    }
    pulih_policy_free(p);
}

static void ships_a_short_receipt(void **state)
{
    struct pulih_policy *p = load_shipped();
    struct pulih_slots slots;

    (void)state;
    fill(&slots, PULIH_letter_acknowledgement, true);
    for (int language = 0; language < PULIH_LANGUAGES; language++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
        pulih_template_fill(p->receipt[language], &slots, &out);
        assert_true(out.len > 100 && out.len < 500);
        assert_non_null(strstr(pulih_buf_text(&out), "PL-BFK5-ZACS-M"));
        assert_non_null(strstr(out.at, language == PULIH_language_en ? "sorry" : "mohon maaf"));
    }
    pulih_policy_free(p);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_policy_folder, remove_policy_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(reads_a_good_policy),
        IN_A_FOLDER(reads_people),
        IN_A_FOLDER(reads_posts_and_absences),
        IN_A_FOLDER(reads_ladders),
        IN_A_FOLDER(reads_approvals),
        IN_A_FOLDER(reads_forwards),
        IN_A_FOLDER(four_eyes_have_a_standard),
        IN_A_FOLDER(reads_whole_rupiah),
        IN_A_FOLDER(reads_the_calendar),
        IN_A_FOLDER(reads_letters),
        IN_A_FOLDER(reads_what_letters_must_say),
        IN_A_FOLDER(does_without_what_may_be_absent),
        IN_A_FOLDER(version_follows_every_byte),
        IN_A_FOLDER(version_is_a_blake2b_of_the_files),
        cmocka_unit_test(ships_a_policy_for_indonesia),
        cmocka_unit_test(ships_the_holidays_of_indonesia),
        cmocka_unit_test(ships_letters_that_read_well),
        cmocka_unit_test(acknowledges_with_the_deadline_at_the_end),
        cmocka_unit_test(ships_a_short_receipt),
    };
    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
