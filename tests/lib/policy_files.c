#include "tests/lib/policy_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BOTH(kind, slots)                                                                                    \
    "  " kind " = {\n"                                                                                       \
    "    id = { subject = \"s " kind " id\"; text = \"t " kind " id " slots "\"; };\n"                       \
    "    en = { subject = \"s " kind " en\"; text = \"t " kind " en " slots "\"; };\n"                       \
    "  };\n"

static const char good_text[] =
    "version = \"test 1\";\n"
    "company = \"PT Uji\";\n"
    "currency = \"USD\";\n"
    "language = \"en\";\n" GOOD_CALENDAR "plan_within = \"4 working_hours\";\n"
    "resolve_within = {\n"
    "  simple = \"1 working_day\";\n"
    "  normal = \"3 working_days\";\n"
    "  complex = \"10 working_days\";\n"
    "  important = \"8 hours\";\n"
    "};\n"
    "warn_before = {\n"
    "  normal = \"4 working_hours\"; important = \"30 minutes\";\n"
    "};\n"
    "answer_within = \"2 calendar_days\";\n"
    "verify_within = \"90 minutes\";\n"
    "close_on_silence = {\n"
    "  offer = true;\n"
    "  verification = false;\n"
    "};\n"
    "pause_reasons = [ \"documents\", \"third_party\" ];\n"
    "offers_max = 3;\n"
    "posts = (\n"
    "  { post = \"Post 0\"; holder = \"P0\"; },\n"
    "  { post = \"Post 1\"; holder = \"P1\"; }, { post = \"Post 2\"; holder = \"P2\"; },\n"
    "  { post = \"Post 3\"; holder = \"P3\"; }, { post = \"Post 4\"; holder = \"P4\"; },\n"
    "  { post = \"Post 5\"; holder = \"P5\"; }, { post = \"Post 6\"; holder = \"P6\"; },\n"
    "  { post = \"Post 7\"; holder = \"P7\"; },\n"
    "  { post = \"Rung 1\"; holder = \"R1\"; stand_ins = [ \"R1a\", \"R1b\" ]; },\n"
    "  { post = \"Rung 2\"; holder = \"R2\"; },\n"
    "  { post = \"Rung 3\"; holder = \"R3\"; stand_ins = [ \"R2\" ]; }\n"
    ");\n"
    "absences = (\n"
    "  { person = \"R2\"; from = \"2026-12-01\"; until = \"2026-12-31\"; }\n"
    ");\n"
    "answerable = {\n"
    "  unknown = \"Post 0\"; product = \"Post 1\"; price = \"Post 2\"; service = \"Post 3\";\n"
    "  delivery = \"Post 4\"; payment = \"Post 5\"; technical = \"Post 6\";\n"
    "  other = \"Post 7\";\n"
    "};\n"
    "ladder = (\n"
    "  { post = \"Rung 1\"; acknowledge_within = \"1 working_hour\"; answer_within = \"4 working_hours\"; "
    "},\n"
    "  { post = \"Rung 2\"; acknowledge_within = \"2 working_hours\"; answer_within = \"1 working_day\"; },\n"
    "  { post = \"Rung 3\"; acknowledge_within = \"1 hour\"; answer_within = \"2 hours\"; }\n"
    ");\n"
    "ladders = (\n"
    "  { department = \"payment\"; tier = [ \"complex\", \"important\" ]; page = true; rungs = (\n"
    "    { post = \"Rung 3\"; acknowledge_within = \"10 minutes\"; answer_within = \"20 minutes\"; } ); },\n"
    "  { tenant = [ 7, 8 ]; rungs = (\n"
    "    { post = \"Rung 2\"; acknowledge_within = \"3 hours\"; answer_within = \"5 hours\"; },\n"
    "    { post = \"Rung 3\"; acknowledge_within = \"3 hours\"; answer_within = \"5 hours\"; } ); }\n"
    ");\n"
    "external_notice = {\n"
    "  recipient = \"Pengawas\"; post = \"Post 7\";\n"
    "};\n"
    "authority = (\n"
    "  { role = \"agent\"; limit = 250; },\n"
    "  { role = \"manager\"; limit = 90000000000000L; }\n"
    ");\n"
    "approvals = (\n"
    "  { gravity = [ \"corruption\" ]; tier = \"complex\"; four_eyes = true;\n"
    "    posts = [ \"Rung 3\" ]; decide_within = \"1 hour\"; },\n"
    "  { above = 1000; posts = [ \"Rung 2\", \"Rung 3\" ]; decide_within = \"2 working_hours\"; }\n"
    ");\n"
    "four_eyes = [ \"corruption\", \"legal_threat\" ];\n"
    "forwards = (\n"
    "  { on = \"third_party\"; text = true; post = \"Post 7\"; },\n"
    "  { on = \"rejected\"; by = \"20 calendar_days\"; post = \"Rung 3\"; },\n"
    "  { on = \"ignored\"; after = 3; within = \"2 working_hours\"; }\n"
    ");\n"
    "transfers_max = 2;\n"
    "thresholds = {\n"
    "  category = 60;\n"
    "  anger = 0;\n"
    "};\n"
    "tiers = (\n"
    "  { tier = \"important\"; gravity = \"safety\"; },\n"
    "  { tier = \"complex\"; size = [ \"big\" ]; anger = 80; },\n"
    "  { tier = \"normal\"; }\n"
    ");\n"
    "priority = {\n"
    "  floor = { simple = 20; normal = 40; complex = 60; important = 90; };\n"
    "  anger = 10;\n"
    "  earlier_contacts = 5;\n"
    "  raise = (\n"
    "    { by = 5; customer_kind = \"intermediary\"; },\n"
    "    { by = 7; customer_deadline = true; }\n"
    "  );\n"
    "};\n"
    "receipt = {\n"
    "  id = \"terima {{reference}} {{due}} {{company}}\";\n"
    "  en = \"receipt {{reference}} {{due}}\";\n"
    "};\n"
    "letters = {\n" BOTH("acknowledgement", "{{reference}} {{due}}") BOTH(
        "update", "{{reference}} {{due}}") BOTH("offer", "{{reference}} {{solution}} {{due}}")
        BOTH("alternative", "{{reference}} {{solution}} {{due}}") BOTH("next_steps", "{{reference}}") BOTH(
            "execution", "{{reference}}") BOTH("verification", "{{reference}} {{due}}")
            BOTH("thanks", "{{reference}}") BOTH("closing", "{{reference}}") BOTH(
                "reopening", "{{reference}}") BOTH("reprimand", "{{reference}} {{post}} {{missed}} {{due}}")
                BOTH("handover", "{{reference}} {{post}}") BOTH(
                    "approval_request",
                    "{{reference}} {{post}} {{solution}}") BOTH("warning", "{{reference}} {{post}} {{due}}")
                    BOTH("page", "{{reference}} {{post}} {{due}}") BOTH(
                        "external_notice", "{{reference}} {{post}} {{recipient}} {{unanswered}}")
                        BOTH("paused", "{{reference}} {{reason}}") BOTH(
                            "resumed",
                            "{{reference}} {{due}}") "};\n"
                                                     "rules = (\n"
                                                     "  { id = \"late\"; axis = \"department\"; value = "
                                                     "\"delivery\"; weight = 3; any = [ \"terlambat*\" ]; }\n"
                                                     ");\n";

int make_policy_folder(void **state)
{
    struct policy_folder *f = calloc(1, sizeof *f);

    snprintf(f->path, sizeof f->path, "/tmp/pulih-policy-XXXXXX");
    if (!mkdtemp(f->path))
        return 1;
    snprintf(f->main, sizeof f->main, "%s/policy.cfg", f->path);
    *state = f;
    return 0;
}

int remove_policy_folder(void **state)
{
    static const char *const names[] = {"policy.cfg", "part.cfg", "deeper.cfg"};
    struct policy_folder *f = *state;
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", f->path, names[i]);
        unlink(path);
    }
    int failed = rmdir(f->path);
    free(f);
    return failed;
}

void put_policy_file(const struct policy_folder *f, const char *name, const char *text, size_t len)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", f->path, name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, len, out), len);
    assert_int_equal(fclose(out), 0);
}

int put_changed_policy(const struct policy_folder *f, const char *find, const char *put)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf text = {0};
    const char *at = strstr(good_text, find);
    int line = 1;

    if (!at)
        fail_msg("\"%s\" is not in the good policy", find);
    for (const char *p = good_text; p < at; p++)
        line += *p == '\n';
    pulih_buf_addf(&text, "%.*s%s%s", (int)(at - good_text), good_text, put, at + strlen(find));
    put_policy_file(f, "policy.cfg", text.at, text.len);
    return line;
}

struct pulih_policy *load_policy(const struct policy_folder *f)
{
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    struct pulih_policy *p = pulih_policy_load(f->main, &why);

    if (!p)
        fail_msg("%s", pulih_buf_text(&why));
    assert_int_equal(why.len, 0);
    return p;
}
