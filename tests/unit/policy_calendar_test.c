/* Calendars of a policy: what may stand in one, what its days come to, and faults with their lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/calendars.h"
#include "tests/lib/policy_files.h"

#define OFFICE             "zone = \"Asia/Jakarta\"; week = { friday = [ \"08:00-12:00\", \"13:00-17:00\" ]; };"
#define CHOSEN             "calendar = \"office\";\ncalendars = {\n  office = { " OFFICE
#define ICS_OF(date, more) "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:" date "\r\n" more "END:VEVENT\r\n"
#define ICS(of)            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" of "END:VCALENDAR\r\n"

/* Puts text in the place of the good policy's calendar; NULL with the report in *why. */
static struct pulih_policy *load(const struct policy_folder *f, const char *calendars, struct pulih_buf *why)
{
    put_changed_policy(f, GOOD_CALENDAR, calendars);
    return pulih_policy_load(f->main, why);
}

static struct pulih_policy *load_good(const struct policy_folder *f, const char *calendars)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_policy *p = load(f, calendars, &why);

    if (!p)
        fail_msg("%s", pulih_buf_text(&why));
    return p;
}

static void put_ics(const struct policy_folder *f, const char *text)
{
    put_policy_file(f, "part.cfg", text, strlen(text));
}

static void has_several_calendars(void **state)
{
    struct pulih_policy *p =
        load_good(*state, CHOSEN " holidays = [];  };\n"
                                 "  hotline = { zone = \"Asia/Jayapura\"; always = true; };\n};\n");
    const struct pulih_calendar *hotline = pulih_policy_calendar(p, PULIH_VIEW("hotline"));
    int64_t friday_us = time_of("2026-11-27T16:30:00+07:00");

    assert_int_equal(p->n_calendars, 2);
    assert_ptr_equal(p->calendar, pulih_policy_calendar(p, PULIH_VIEW("office")));
    assert_null(pulih_policy_calendar(p, PULIH_VIEW("default")));
    assert_int_equal(due(p->calendar, friday_us, duration_of("1 working_hour")),
                     time_of("2026-12-04T08:30:00+07:00"));
    assert_int_equal(due(hotline, friday_us, duration_of("1 working_hour")),
                     time_of("2026-11-27T17:30:00+07:00"));
    assert_string_equal(pulih_calendar_zone(hotline), "Asia/Jayapura");
    pulih_policy_free(p);
}

static void keeps_a_calendar_of_its_own_beside_others(void **state)
{
    struct pulih_policy *p =
        load_good(*state, "calendars = { hotline = { zone = \"UTC\"; always = true; }; };\n"
                          "calendar = { " OFFICE " holidays = []; };\n");

    assert_int_equal(p->n_calendars, 2);
    assert_ptr_equal(p->calendar, pulih_policy_calendar(p, PULIH_VIEW("default")));
    pulih_policy_free(p);
}

/* Open hours of a date as minutes, and what the calendar says of it. */
struct day {
    int32_t date;
    int minutes;
    enum pulih_day_kind kind;
    const char *name;
};

static void check_days(const struct pulih_calendar *c, const struct day *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct pulih_special_day *special = pulih_calendar_special(c, rows[i].date);
        int64_t from_us, to_us;
        pulih_calendar_instant(c, rows[i].date, 0, &from_us);
        pulih_calendar_instant(c, rows[i].date, INT64_C(86400000000), &to_us);
        if (pulih_calendar_between(c, from_us, to_us) != rows[i].minutes * INT64_C(60000000) ||
            (special ? special->kind : PULIH_DAY_ordinary) != rows[i].kind)
            fail_msg("%d: %lld minutes", (int)rows[i].date,
                     (long long)pulih_calendar_between(c, from_us, to_us) / 60000000);
        assert_int_equal(special != NULL, rows[i].name != NULL);
        if (special && !pulih_view_is(special->name, rows[i].name))
            fail_msg("%d: %.*s", (int)rows[i].date, PULIH_VIEW_ARG(special->name));
    }
}

/* One-off days go before holidays, holidays before joint leave, what is sure before what is not. */
static void merges_days_from_all_sources(void **state)
{
    static const struct day rows[] = {
        {20261120, 480, PULIH_DAY_ordinary, NULL},     {20261127, 0, PULIH_DAY_holiday, "Founding"},
        {20261204, 0, PULIH_DAY_joint_leave, "Leave"}, {20261211, 0, PULIH_DAY_holiday, "Feast; Leave"},
        {20261218, 240, PULIH_DAY_one_off, "Feast"},   {20261219, 60, PULIH_DAY_one_off, "Stocktaking"},
        {20261225, 0, PULIH_DAY_holiday, "Natal"},     {20270101, 0, PULIH_DAY_one_off, ""},
    };
    static const char calendar[] =
        "calendar = { " OFFICE " holidays = [ \"2026-11-27 Founding\", \"2026-12-25\" ];\n"
        "  joint_leave = \"closed\"; holiday_files = [ \"part.cfg\" ];\n"
        "  days = ( { date = \"2026-12-18\"; open = [ \"08:00-12:00\" ]; },\n"
        "    { date = \"2026-12-19\"; open = [ \"23:00-24:00\" ]; name = \"Stocktaking\"; },\n"
        "    { date = \"2027-01-01\"; open = [ ]; } );\n};\n";
    put_ics(*state, ICS(ICS_OF("20261204", "CATEGORIES:CUTI BERSAMA\r\nSUMMARY:Leave\r\n")
                            ICS_OF("20261211", "CATEGORIES:CUTI BERSAMA\r\nSUMMARY:Leave\r\n") ICS_OF(
                                "20261211", "SUMMARY:Feast\r\n") ICS_OF("20261218", "SUMMARY:Feast\r\n")
                                ICS_OF("20261225", "SUMMARY:Natal\r\nSTATUS:TENTATIVE\r\n")));
    struct pulih_policy *p = load_good(*state, calendar);

    check_days(p->calendar, rows, sizeof rows / sizeof rows[0]);
    assert_false(pulih_calendar_special(p->calendar, 20261225)->provisional);
    pulih_policy_free(p);
}

static void works_on_joint_leave_where_the_company_does(void **state)
{
    static const struct day rows[] = {{20261204, 480, PULIH_DAY_joint_leave, "Leave"}};

    put_ics(*state, ICS(ICS_OF("20261204", "CATEGORIES:CUTI BERSAMA\r\nSUMMARY:Leave\r\n")));
    struct pulih_policy *p =
        load_good(*state, "calendar = { " OFFICE " holidays = [];\n"
                          "  joint_leave = \"open\"; holiday_files = [ \"part.cfg\" ]; };\n");
    check_days(p->calendar, rows, 1);
    pulih_policy_free(p);
}

static const struct {
    const char *calendars, *file; /* file: of holidays */
    const char *expected;         /* behind the folder's path */
} faulty[] = {
    {"calendar = \"office\";\n", "", "policy.cfg:5: calendar: there are no calendars to choose from"},
    {"calendar = \"ofice\";\ncalendars = { office = { " OFFICE " holidays = []; }; };\n", "",
     "policy.cfg:5: calendar: unknown calendar \"ofice\"; did you mean office?"},
    {"calendar = 5;\n", "", "policy.cfg:5: calendar: expected a group { ... }"},
    {"calendars = 5;\ncalendar = { " OFFICE " holidays = []; };\n", "",
     "policy.cfg:5: calendars: expected a group"},
    {CHOSEN " };\n};\n", "", "policy.cfg:7: calendars.office: holidays is missing"},
    {"calendar = \"office\";\ncalendars = {\n  office = 3;\n};\n", "",
     "policy.cfg:7: calendars.office: expected a group { ... }"},
    {CHOSEN " holidays = []; };\n  default = { };\n};\n", "",
     "policy.cfg:8: calendars.default: default is what"},
    {CHOSEN " holidays = []; always = true; };\n};\n", "",
     "policy.cfg:7: calendars.office.week: leave it out"},
    {"calendar = {\n  zone = \"UTC\";\n  always = false;\n};\n", "",
     "policy.cfg:7: calendar.always: expected true"},
    {"calendar = {\n  zone = \"UTC\";\n  always = 1;\n};\n", "",
     "policy.cfg:7: calendar.always: expected true or false"},
    {"calendar = {\n  always = true;\n};\n", "", "policy.cfg:5: calendar: zone is missing"},
    {"calendar = {\n  zone = \"UTZ\";\n  always = true;\n};\n", "",
     "policy.cfg:6: calendar.zone: unknown time zone"},
    {"calendar = { " OFFICE "\n  holidays = [ \"2026-12-25Natal\" ];\n};\n", "",
     "policy.cfg:6: calendar.holidays[0]: expected a date from 2000 to 2050"},
    {"calendar = { " OFFICE "\n  holidays = [ \"2026-12-25 A\", \"2026-12-25 B\" ];\n};\n", "",
     "policy.cfg:6: calendar.holidays[1]: this date is given twice"},
    {"calendar = { " OFFICE " holidays = [];\n  joint_leave = \"shut\"; };\n", "",
     "policy.cfg:6: calendar.joint_leave: expected \"open\" or \"closed\""},
    {"calendar = { " OFFICE " holidays = [];\n  holiday_files = \"part.cfg\"; };\n", "",
     "policy.cfg:6: calendar.holiday_files: expected a list"},
    {"calendar = { " OFFICE " holidays = [];\n  holiday_files = [ 5 ]; };\n", "",
     "policy.cfg:6: calendar.holiday_files[0]: expected the name of an iCalendar file"},
    {"calendar = { " OFFICE " holidays = [];\n  holiday_files = [ \"none.ics\" ]; };\n", "",
     "policy.cfg:6: calendar.holiday_files[0]: "},
    {"calendar = { " OFFICE " holidays = [];\n  holiday_files = [ \".\" ]; };\n", "",
     "policy.cfg:6: calendar.holiday_files[0]: "},
    {"calendar = { " OFFICE " holidays = [];\n  holiday_files = [ \"part.cfg\" ]; };\n", "\xff",
     "policy.cfg:6: calendar.holiday_files[0]: "},
    {"calendar = { " OFFICE " holidays = [];\n  holiday_files = [ \"part.cfg\" ]; };\n",
     ICS(ICS_OF("20260229", "")), "part.cfg:4: DTSTART: expected a date"},
    {"calendar = { " OFFICE " holidays = [];\n  holiday_files = [ \"part.cfg\" ]; };\n",
     ICS(ICS_OF("20261224", "CATEGORIES:CUTI BERSAMA\r\n")),
     "policy.cfg:6: calendar.holiday_files[0]: there is joint leave in it (20261224): say joint_leave"},
    {"calendar = { " OFFICE " holidays = [];\n  days = [ \"2026-12-24\" ]; };\n", "",
     "policy.cfg:6: calendar.days[0]: expected a group"},
    {"calendar = { " OFFICE " holidays = [];\n  days = ( { date = \"2026-12-24\"; } ); };\n", "",
     "policy.cfg:6: calendar.days[0]: open is missing"},
    {"calendar = { " OFFICE " holidays = [];\n  days = ( { open = []; } ); };\n", "",
     "policy.cfg:6: calendar.days[0]: date is missing"},
    {"calendar = { " OFFICE " holidays = [];\n  days = ( { date = \"24.12.2026\"; open = []; } ); };\n", "",
     "policy.cfg:6: calendar.days[0].date: expected a date"},
    {"calendar = { " OFFICE
     " holidays = [];\n  days = ( { date = \"2026-12-24\"; open = [ \"9-12\" ]; } ); };\n",
     "", "policy.cfg:6: calendar.days[0].open[0]: expected opening hours"},
    {"calendar = { " OFFICE " holidays = [];\n  days = ( { date = \"2026-12-24\"; open = []; },\n"
     "{ date = \"2026-12-24\"; open = []; } ); };\n",
     "", "policy.cfg:7: calendar.days[1].date: this date is given twice"},
};

static void reports_faults_with_file_and_line(void **state)
{
    for (size_t i = 0; i < PULIH_COUNT(faulty); i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        PULIH_AUTO(pulih_buf_free) struct pulih_buf start = {0};
        const struct policy_folder *f = *state;
        put_ics(f, faulty[i].file);
        assert_null(load(f, faulty[i].calendars, &why));
        pulih_buf_addf(&start, "%s/%s", f->path, faulty[i].expected);
        if (strncmp(pulih_buf_text(&why), pulih_buf_text(&start), start.len) != 0)
            fail_msg("row %zu: expected %s\ngot %s", i, pulih_buf_text(&start), pulih_buf_text(&why));
    }
}

/* A deadline that the calendar does not reach is found when the policy is read, not when a customer waits. */
static void refuses_durations_beyond_the_calendar(void **state)
{
    static const struct {
        const char *duration;
        bool good;
    } rows[] = {
        {"59 months", true},          {"61 months", false},
        {"1800 calendar_days", true}, {"9999 weeks", false},
        {"2000 working_days", false}, {"30 business_days, next_day", true},
        {"9999999 minutes", false},   {"9999999 working_minutes", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
        pulih_buf_addf(&text, "plan_within = \"%s\"", rows[i].duration);
        put_changed_policy(*state, "plan_within = \"4 working_hours\"", pulih_buf_text(&text));
        struct pulih_policy *p = pulih_policy_load(((struct policy_folder *)*state)->main, &why);
        assert_int_equal(p != NULL, rows[i].good);
        if (!p)
            assert_non_null(
                strstr(pulih_buf_text(&why), ":17: plan_within: expected a duration of at most five"));
        pulih_policy_free(p);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_policy_folder, remove_policy_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(has_several_calendars),
        IN_FOLDER(keeps_a_calendar_of_its_own_beside_others),
        IN_FOLDER(merges_days_from_all_sources),
        IN_FOLDER(works_on_joint_leave_where_the_company_does),
        IN_FOLDER(reports_faults_with_file_and_line),
        IN_FOLDER(refuses_durations_beyond_the_calendar),
    };
    return cmocka_run_group_tests_name("policy_calendar", tests, NULL, NULL);
}
