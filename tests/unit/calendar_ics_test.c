/* iCalendar files: what is read, and what is refused with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/core/calendar_ics.h"

#define HEAD      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n"
#define TAIL      "END:VCALENDAR\r\n"
#define EVENT(of) HEAD "BEGIN:VEVENT\r\n" of "END:VEVENT\r\n" TAIL
#define CHRISTMAS "DTSTART;VALUE=DATE:20261225\r\n"

/* The days of a file as text: "20261225 Natal", with ? behind what is provisional and + behind joint leave. */
static const char *days_of(const char *text, struct pulih_buf *out)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_arena texts = {0};
    struct pulih_ics ics = {0};
    bool good = pulih_ics_read(pulih_view_of(text), "f.ics", &texts, &ics, &why);

    pulih_buf_empty(out);
    for (size_t i = 0; good && i < ics.n; i++)
        pulih_buf_addf(out, "%s%d%s%s%s%.*s", i ? ", " : "", (int)ics.day[i].date,
                       ics.day[i].provisional ? "?" : "", ics.day[i].joint_leave ? "+" : "",
                       ics.day[i].name.len ? " " : "", PULIH_VIEW_ARG(ics.day[i].name));
    assert_int_equal(good, why.len == 0);
    if (!good)
        pulih_buf_add_view(out, pulih_view_of_buf(&why));
    free(ics.day);
    pulih_arena_free(&texts);
    return pulih_buf_text(out);
}

struct sample {
    const char *file, *expected;
};

static void check(const struct sample *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf out = {0};
        const char *got = days_of(rows[i].file, &out);
        if (strncmp(got, rows[i].expected, strlen(rows[i].expected)) != 0)
            fail_msg("row %zu: expected %s\ngot %s", i, rows[i].expected, got);
    }
}

static void reads_whole_days(void **state)
{
    static const struct sample rows[] = {
        {EVENT(CHRISTMAS), "20261225"},
        {EVENT(CHRISTMAS "SUMMARY:Natal\r\n"), "20261225 Natal"},
        {EVENT(CHRISTMAS "SUMMARY;LANGUAGE=id:Natal\r\n"), "20261225 Natal"},
        {EVENT(CHRISTMAS "SUMMARY:Natal\\, hari 1\\; \\\\ \\nkedua\r\n"),
         "20261225 Natal, hari 1; \\  kedua"},
        {EVENT(CHRISTMAS "SUMMARY:Kelahiran \r\n Yesus\r\n\t Kristus\r\n"),
         "20261225 Kelahiran Yesus Kristus"},
        {EVENT("DTSTART;VAL\r\n UE=DATE:2026\r\n 1225\r\n"), "20261225"},
        {EVENT(CHRISTMAS "DTEND;VALUE=DATE:20261226\r\n"), "20261225"},
        {EVENT(CHRISTMAS "DTEND;VALUE=DATE:20261228\r\n"), "20261225, 20261226, 20261227"},
        {EVENT("DTSTART;VALUE=DATE:20271231\r\nDTEND;VALUE=DATE:20280102\r\n"), "20271231, 20280101"},
        {EVENT("DTSTART;VALUE=DATE:20280228\r\nDURATION:P3D\r\n"), "20280228, 20280229, 20280301"},
        {EVENT(CHRISTMAS "DURATION:P1W\r\n"),
         "20261225, 20261226, 20261227, 20261228, 20261229, 20261230, 20261231"},
        {EVENT(CHRISTMAS "STATUS:CONFIRMED\r\n"), "20261225"},
        {EVENT(CHRISTMAS "STATUS:tentative\r\n"), "20261225?"},
        {EVENT(CHRISTMAS "CATEGORIES:Libur Nasional\r\n"), "20261225"},
        {EVENT(CHRISTMAS "CATEGORIES:CUTI BERSAMA\r\n"), "20261225+"},
        {EVENT(CHRISTMAS "CATEGORIES:HOLIDAY,JOINT LEAVE\r\n"), "20261225+"},
        {EVENT("begin:valarm\r\nTRIGGER:-P1D\r\nDTSTART:nonsense\r\nEND:VALARM\r\n" CHRISTMAS), "20261225"},
        {EVENT(CHRISTMAS "UID:1@x\r\nDTSTAMP:20260101T000000Z\r\nTRANSP:TRANSPARENT\r\nX-A;B=\"c:;d\":e\r\n"),
         "20261225"},
        {HEAD "CALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\nX-WR-CALNAME:Libur\r\nBEGIN:VTIMEZONE\r\nTZID:x\r\n"
              "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
              "BEGIN:VEVENT\r\n" CHRISTMAS "END:VEVENT\r\n" TAIL,
         "20261225"},
        {"\xef\xbb\xbf" EVENT(CHRISTMAS), "20261225"},
        {EVENT(CHRISTMAS) EVENT("DTSTART;VALUE=DATE:20270101\r\n"), "20261225, 20270101"},
        {"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nEND:VEVENT\nEND:VCALENDAR",
         "20261225"},
    };

    (void)state;
    check(rows, sizeof rows / sizeof rows[0]);
}

static void repeats_every_year(void **state)
{
    static const struct sample rows[] = {
        {EVENT("DTSTART;VALUE=DATE:20480817\r\nRRULE:FREQ=YEARLY\r\n"), "20480817, 20490817, 20500817"},
        {EVENT("DTSTART;VALUE=DATE:19700817\r\nRRULE:FREQ=YEARLY;UNTIL=20010817\r\n"), "20000817, 20010817"},
        {EVENT("DTSTART;VALUE=DATE:20260817\r\nRRULE:FREQ=YEARLY;UNTIL=20270816\r\n"), "20260817"},
        {EVENT("DTSTART;VALUE=DATE:20260817\r\nRRULE:FREQ=YEARLY;COUNT=2\r\n"), "20260817, 20270817"},
        {EVENT("DTSTART;VALUE=DATE:20260817\r\nRRULE:INTERVAL=5;FREQ=YEARLY;COUNT=3\r\n"),
         "20260817, 20310817, 20360817"},
        {EVENT("DTSTART;VALUE=DATE:20280229\r\nRRULE:FREQ=YEARLY;COUNT=3\r\n"),
         "20280229, 20320229, 20360229"},
        {EVENT("DTSTART;VALUE=DATE:20491231\r\nDURATION:P2D\r\nRRULE:FREQ=YEARLY\r\n"),
         "20491231, 20500101, 20501231"},
        {EVENT("DTSTART;VALUE=DATE:20480817\r\nRRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20490817\r\n"),
         "20480817, 20500817"},
        {EVENT("DTSTART;VALUE=DATE:20480817\r\nRRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20480817,20490817\r\n"),
         "20500817"},
    };

    (void)state;
    check(rows, sizeof rows / sizeof rows[0]);
}

static void refuses_what_it_does_not_understand(void **state)
{
    static const struct sample rows[] = {
        {"", "f.ics:1: the file holds no day off from 2000 to 2050"},
        {"hello", "f.ics:1: expected a line such as SUMMARY"},
        {"BEGIN:VEVENT\r\n", "f.ics:1: expected BEGIN:VCALENDAR: this is no iCalendar file"},
        {HEAD TAIL, "f.ics:4: the file holds no day off"},
        {HEAD, "f.ics:3: the file ends within VCALENDAR"},
        {HEAD "BEGIN:VEVENT\r\n" CHRISTMAS, "f.ics:5: the file ends within VEVENT"},
        {EVENT(CHRISTMAS) "\r\n", "f.ics:8: expected a line such as SUMMARY"},
        {EVENT("SUMMARY:Natal\r\n"), "f.ics:4: event without DTSTART"},
        {EVENT("DTSTART:20261225\r\n"), "f.ics:5: DTSTART: expected ;VALUE=DATE and nothing else"},
        {EVENT("DTSTART;TZID=Asia/Jakarta:20261225T000000\r\n"), "f.ics:5: DTSTART: expected ;VALUE=DATE"},
        {EVENT("DTSTART;VALUE=DATE:20261225T000000Z\r\n"),
         "f.ics:5: DTSTART: expected a date such as 20261225"},
        {EVENT("DTSTART;VALUE=DATE:20260229\r\n"),
         "f.ics:5: DTSTART: expected a date such as 20261225, not 20260229"},
        {EVENT("DTSTART;VALUE=DATE:2026-12-25\r\n"), "f.ics:5: DTSTART: expected a date"},
        {EVENT(CHRISTMAS CHRISTMAS), "f.ics:6: DTSTART stands twice in the event"},
        {EVENT(CHRISTMAS "DTEND;VALUE=DATE:20261225\r\n"), "f.ics:4: event of 0 days"},
        {EVENT(CHRISTMAS "DTEND;VALUE=DATE:20261224\r\n"), "f.ics:4: event of -1 days"},
        {EVENT(CHRISTMAS "DTEND;VALUE=DATE:20281225\r\n"), "f.ics:4: event of 731 days"},
        {EVENT(CHRISTMAS "DTEND;VALUE=DATE:20261226\r\nDURATION:P1D\r\n"), "f.ics:4: event with both"},
        {EVENT(CHRISTMAS "DURATION:PT24H\r\n"), "f.ics:6: DURATION: expected days or weeks"},
        {EVENT(CHRISTMAS "DURATION:P0D\r\n"), "f.ics:6: DURATION: expected days or weeks"},
        {EVENT(CHRISTMAS "STATUS:MAYBE\r\n"), "f.ics:6: STATUS: expected CONFIRMED"},
        {EVENT(CHRISTMAS "STATUS:CANCELLED\r\n"), "f.ics:8: the file holds no day off"},
        {EVENT(CHRISTMAS "RDATE;VALUE=DATE:20271225\r\n"), "f.ics:6: RDATE is not understood"},
        {EVENT(CHRISTMAS "RECURRENCE-ID;VALUE=DATE:20261225\r\n"),
         "f.ics:6: RECURRENCE-ID is not understood"},
        {EVENT(CHRISTMAS "RRULE:FREQ=MONTHLY\r\n"), "f.ics:6: RRULE: expected FREQ=YEARLY, once"},
        {EVENT(CHRISTMAS "RRULE:FREQ=YEARLY;BYDAY=4TH;BYMONTH=11\r\n"),
         "f.ics:6: RRULE: BYDAY is not understood"},
        {EVENT(CHRISTMAS "RRULE:COUNT=2\r\n"), "f.ics:6: RRULE: FREQ=YEARLY is missing"},
        {EVENT(CHRISTMAS "RRULE:\r\n"), "f.ics:6: RRULE: FREQ=YEARLY is missing"},
        {EVENT(CHRISTMAS "RRULE:FREQ=YEARLY;COUNT=0\r\n"),
         "f.ics:6: RRULE: expected COUNT=a number of times"},
        {EVENT(CHRISTMAS "RRULE:FREQ=YEARLY;COUNT=2;COUNT=3\r\n"), "f.ics:6: RRULE: expected COUNT="},
        {EVENT(CHRISTMAS "RRULE:FREQ=YEARLY;COUNT=2;UNTIL=20301231\r\n"), "f.ics:6: RRULE: COUNT and UNTIL"},
        {EVENT(CHRISTMAS "RRULE:FREQ=YEARLY;UNTIL=20301231T000000Z\r\n"), "f.ics:6: RRULE: expected UNTIL="},
        {EVENT(CHRISTMAS "EXDATE:20261225\r\n"), "f.ics:6: EXDATE: expected ;VALUE=DATE"},
        {EVENT(CHRISTMAS "EXDATE;VALUE=DATE:20261225,x\r\n"), "f.ics:6: EXDATE: expected a date"},
        {EVENT(CHRISTMAS "SUMMARY:a\\b\r\n"), "f.ics:6: unknown escape"},
        {EVENT(CHRISTMAS "SUMMARY:a\\\r\n"), "f.ics:6: unknown escape"},
        {EVENT(CHRISTMAS "SUMMARY:a\001\r\n"), "f.ics:6: control sign in the line"},
        {EVENT(CHRISTMAS "SUMMARY\r\n"), "f.ics:6: expected a line such as"},
        {EVENT(CHRISTMAS "SUMMARY;A=\"b:c\r\n"), "f.ics:6: SUMMARY;A=\"b:c: no : before its value"},
        {EVENT(CHRISTMAS "SUM MARY:a\r\n"), "f.ics:6: expected a line such as"},
        {EVENT(CHRISTMAS "WOBBLE:1\r\n"), "f.ics:6: WOBBLE is not understood"},
        {EVENT(CHRISTMAS "BEGIN:VEVENT\r\n"), "f.ics:6: BEGIN is not understood"},
        {EVENT(CHRISTMAS "BEGIN:VALARM\r\nEND:VEVENT\r\n"), "f.ics:7: expected END:VALARM"},
        {HEAD "BEGIN:VTODO\r\n", "f.ics:4: expected BEGIN:VEVENT"},
        {HEAD "METHOD:CANCEL\r\n", "f.ics:4: expected METHOD:PUBLISH"},
        {HEAD "CALSCALE:HIJRI\r\n", "f.ics:4: expected CALSCALE:GREGORIAN"},
        {"BEGIN:VCALENDAR\r\nVERSION:1.0\r\n", "f.ics:2: expected VERSION:2.0"},
        {HEAD "SUMMARY:x\r\n", "f.ics:4: SUMMARY is not understood"},
        {EVENT("DTSTART;VALUE=DATE:19991225\r\n"), "f.ics:7: the file holds no day off from 2000 to 2050"},
        /* Folds count as lines of the file; a fault stands where its line begins. */
        {EVENT(CHRISTMAS "SUMMARY:a\r\n b\r\n c\r\nSTATUS:x\r\n"), "f.ics:9: STATUS"},
    };

    (void)state;
    check(rows, sizeof rows / sizeof rows[0]);
}

/* Zammad #390: a feed of holidays told days on which people work, and nobody worked by the calendar. */
static void does_not_count_observances(void **state)
{
    static const struct sample rows[] = {
        {EVENT("DTSTART;VALUE=DATE:20261111\r\nSUMMARY:St. Martin\r\nCATEGORIES:Observance\r\n"),
         "f.ics:7: CATEGORIES: is \"Observance\" a day off? Expected LIBUR NASIONAL"},
        {EVENT(CHRISTMAS "CATEGORIES:HOLIDAY,Observance\r\n"), "f.ics:6: CATEGORIES: is \"Observance\""},
    };

    (void)state;
    check(rows, sizeof rows / sizeof rows[0]);
}

static void bounds_what_it_takes(void **state)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf file = {0}, out = {0};

    (void)state;
    pulih_buf_addf(&file, HEAD);
    for (int i = 0; i < 60; i++)
        pulih_buf_addf(&file,
                       "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260101\r\nDURATION:P365D\r\nEND:VEVENT\r\n");
    assert_non_null(strstr(days_of(pulih_buf_text(&file), &out), ": more than 20000 days in the file"));
    pulih_buf_empty(&file);
    pulih_buf_addf(&file, HEAD "BEGIN:VEVENT\r\n" CHRISTMAS "SUMMARY:%0*d\r\n", 201, 0);
    assert_string_equal(days_of(pulih_buf_text(&file), &out), "f.ics:6: name of more than 200 bytes\n");
    pulih_buf_empty(&file);
    pulih_buf_addf(&file, HEAD "BEGIN:VEVENT\r\n" CHRISTMAS "DESCRIPTION:%0*d\r\n", 8192, 0);
    assert_string_equal(days_of(pulih_buf_text(&file), &out), "f.ics:6: line of more than 8192 bytes\n");
    pulih_buf_empty(&file);
    pulih_buf_addf(&file, HEAD);
    for (int i = 0; i < 9; i++)
        pulih_buf_addf(&file, "BEGIN:VTIMEZONE\r\n");
    assert_string_equal(days_of(pulih_buf_text(&file), &out),
                        "f.ics:12: too many parts within each other, or a part with a long name\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_days),
        cmocka_unit_test(repeats_every_year),
        cmocka_unit_test(refuses_what_it_does_not_understand),
        cmocka_unit_test(does_not_count_observances),
        cmocka_unit_test(bounds_what_it_takes),
    };
    return cmocka_run_group_tests_name("calendar_ics", tests, NULL, NULL);
}
