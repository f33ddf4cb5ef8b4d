/* Faults of policies: broken text, and the line that must be reported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/policy_files.h"

#define TEN         "0123456789"
#define HUNDRED     TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define DURATION    "expected a duration of at least 1"
#define PART(text)  "{ id = \"" text "\"; en = \"" text "\"; }; "
#define ACK_ID_TEXT "t acknowledgement id {{reference}} {{due}}"

struct fault {
    const char *find, *put;
    int down; /* lines from where `find` stood to the line that is reported; WHOLE: line 1 */
    const char *text;
};

enum { WHOLE = 9999 };

static const struct fault plain_faults[] = {
    {"version = \"test 1\";", "", WHOLE, "version is missing"},
    {"\"test 1\"", "1", 0, "version: expected a text in double quotes"},
    {"\"test 1\"", "\"\"", 0, "version: expected a text of 1 to 20 bytes, not 0"},
    {"\"test 1\"", "\"" TEN TEN "1\"", 0, "version: expected a text of 1 to 20 bytes, not 21"},
    {"company = \"PT Uji\";", "", WHOLE, "company is missing"},
    {"company =", "\n\nzebra = 1; company =", 2,
     "zebra: unknown name \"zebra\"; expected one of version, company, "},
    {"\"PT Uji\"", "\"PT\\tUji\"", 0, "company: expected a text in one line, without control signs"},
    {"\"PT Uji\"", "\"PT\nUji\"", 0, "company: expected a text in one line, without control signs"},
    {"\"PT Uji\"", "\"PT\xe9Uji\"", 0, "company: expected UTF-8"},
    {"\"PT Uji\"", "\"PT \\xff\"", 0, "company: expected UTF-8"},
    {"\"PT Uji\"", "\"" HUNDRED "1\"", 0, "company: expected a text of 1 to 100 bytes, not 101"},
    {"\"PT Uji\"", "{ }", 0, "company: expected a text in double quotes"},
    {"currency = \"USD\";", "", WHOLE, "currency is missing"},
    {"\"USD\"", "\"usd\"", 0, "currency: expected a currency by its three capitals"},
    {"\"USD\"", "\"US\"", 0, "currency: expected a currency by its three capitals"},
    {"\"USD\"", "1", 0, "currency: expected a currency by its three capitals"},
    {"language = \"en\";", "", WHOLE, "language is missing"},
    {"\"en\"", "\"jv\"", 0, "language: unknown language \"jv\"; expected one of unknown, id, en"},
    {"\"en\"", "\"unknown\"", 0, "language: expected id or en"},
    {"\"en\"", "true", 0, "language: expected a text in double quotes"},
    {"offers_max = 3;", "", WHOLE, "offers_max is missing"},
    {"offers_max = 3;", "consumer_for = 30; offers_max = 3;", 0, "consumer_for: " DURATION},
    {"offers_max = 3;", "offers_max = 0;", 0, "offers_max: expected a whole number from 1 to 100"},
    {"offers_max = 3;", "offers_max = 101;", 0, "offers_max: expected a whole number from 1 to 100"},
    {"offers_max = 3;", "offers_max = 3.5;", 0, "offers_max: expected a whole number from 1 to 100"},
    {"offers_max = 3;", "offers_max = \"3\";", 0, "offers_max: expected a whole number from 1 to 100"},
    {"offers_max = 3;", "offers_max = 99999999999;", 0, "99999999999 is too large for 32 bits"},
    {"close_on_silence = {\n  offer = true;\n  verification = false;\n};", "", WHOLE,
     "close_on_silence is missing"},
    {"{\n  offer = true;\n  verification = false;\n}", "true", 0,
     "close_on_silence: expected a group { ... }"},
    {"offer = true;", "", -1, "close_on_silence: offer is missing"},
    {"offer = true;", "offer = 1;", 0, "close_on_silence.offer: expected true or false"},
    {"offer = true;", "offers = true; offer = true;", 0,
     "close_on_silence.offers: unknown name \"offers\"; did you mean offer?"},
    {"pause_reasons = [ \"documents\", \"third_party\" ];", "", WHOLE, "pause_reasons is missing"},
    {"\"third_party\"", "\"third_part\"", 0,
     "pause_reasons[1]: unknown pause \"third_part\"; did you mean third_party?"},
    {"[ \"documents\", \"third_party\" ]", "( \"documents\", 2 )", 0,
     "pause_reasons[1]: expected a text in double quotes"},
    {"[ \"documents\", \"third_party\" ]", "\"documents\"", 0, "pause_reasons: expected a list"},
    {"category = 60;", "category = 101;", 0, "thresholds.category: expected a whole number from 0 to 100"},
    {"category = 60;", "category = -1;", 0, "thresholds.category: expected a whole number from 0 to 100"},
    {"category = 60;", "categori = 60;", 0,
     "thresholds.categori: unknown name \"categori\"; did you mean category?"},
    {"{\n  category = 60;\n  anger = 0;\n}", "50", 0, "thresholds: expected a group { ... }"},
    {"value = \"delivery\"", "value = \"deliveri\"", 0, "deliveri"},
};

static const struct fault rank_faults[] = {
    {"{ tier = \"normal\"; }\n", "{ tier = \"normal\"; size = \"big\"; }\n", 0,
     "tiers[2]: expected no condition in the last row"},
    {"{ tier = \"important\"; gravity = \"safety\"; }", "{ tier = \"important\"; }", 0,
     "tiers[0]: expected a condition; the rows after it would never be looked at"},
    {"gravity = \"safety\"", "gravity = \"safeti\"", 0,
     "tiers[0].gravity: unknown gravity \"safeti\"; did you mean safety?"},
    {"gravity = \"safety\"", "gravity = \"safety\"; priority = 5", 0,
     "tiers[0].priority: unknown name \"priority\""},
    {"size = [ \"big\" ]", "size = [ ]", 0, "tiers[1].size: expected 1 to 32 elements, not 0"},
    {"anger = 80", "anger = 101", 0, "tiers[1].anger: expected a whole number from 1 to 100"},
    {"tier = \"important\"", "tier = \"unknown\"", 0,
     "tiers[0].tier: expected one of simple, normal, complex, important"},
    {"{ tier = \"important\"; gravity", "{ gravity", 0, "tiers[0]: tier is missing"},
    {"simple = 20;", "simple = -1;", 0, "priority.floor.simple: expected a whole number from 0 to 100"},
    {"complex = 60; important = 90;", "complex = 60;", 0, "priority.floor: important is missing"},
    {"anger = 10;\n", "\n", -2, "priority: anger is missing"},
    {"by = 5;", "by = -5;", 0, "priority.raise[0].by: expected a whole number from 1 to 100"},
    {"by = 5; customer_kind = \"intermediary\";", "by = 5;", 0, "priority.raise[0]: expected a condition"},
    {"by = 7; ", "", 0, "priority.raise[1]: by is missing"},
    {"customer_deadline = true", "customer_deadline = 1", 0,
     "priority.raise[1].customer_deadline: expected true or false"},
};

static const struct fault time_faults[] = {
    {"\"Asia/Makassar\"", "\"Asia/Makasar\"", 0, "calendar.zone: unknown time zone \"Asia/Makasar\""},
    {"\"Asia/Makassar\"", "8", 0, "calendar.zone: expected a text in double quotes"},
    {"zone = \"Asia/Makassar\";", "", -1, "calendar: zone is missing"},
    {"zone = \"Asia", "zones = 1; zone = \"Asia", 0,
     "calendar.zones: unknown name \"zones\"; did you mean zone?"},
    {"holidays = [\n    \"2026-12-28\",\n    \"2026-11-23\"\n  ];", "", -7, "calendar: holidays is missing"},
    {"monday = ", "munday = ", 0, "calendar.week.munday: unknown name \"munday\"; did you mean monday?"},
    {"\"13:00-17:00\"", "\"13.00-17.00\"", 0,
     "calendar.week.monday[1]: expected opening hours such as \"08:00-12:00\""},
    {"\"13:00-17:00\"", "\"13:00-24:01\"", 0, "calendar.week.monday[1]: expected opening hours"},
    {"\"13:00-17:00\"", "\"13:00-17:60\"", 0, "calendar.week.monday[1]: expected opening hours"},
    {"\"13:00-17:00\"", "\"13:00 17:00\"", 0, "calendar.week.monday[1]: expected opening hours"},
    {"\"13:00-17:00\"", "\"1300-1700\"", 0, "calendar.week.monday[1]: expected opening hours"},
    {"\"13:00-17:00\"", "\"17:00-13:00\"", 0,
     "calendar.week.monday[1]: expected a time of closing after that of opening"},
    {"\"13:00-17:00\"", "\"13:00-13:00\"", 0,
     "calendar.week.monday[1]: expected a time of closing after that of opening"},
    {"\"13:00-17:00\"", "\"11:59-17:00\"", 0,
     "calendar.week.monday[1]: expected hours that begin when those before"},
    {"[ \"00:00-24:00\" ]", "( 8 )", 0, "calendar.week.sunday[0]: expected opening hours"},
    {"[ \"00:00-24:00\" ]", "\"00:00-24:00\"", 0, "calendar.week.sunday: expected a list"},
    {"[ \"00:00-24:00\" ]",
     "[ \"00:00-01:00\", \"01:00-02:00\", \"02:00-03:00\", \"03:00-04:00\", \"04:00-05:00\" ]", 0,
     "calendar.week.sunday: expected 0 to 4 elements, not 5"},
    {"week = {\n    monday = [ \"08:00-12:00\",\n      \"13:00-17:00\" ];\n    sunday = [ \"00:00-24:00\" "
     "];\n  };",
     "week = { };", 0, "calendar.week: expected at least one day with opening hours"},
    {"week = {\n    monday = [ \"08:00-12:00\",\n      \"13:00-17:00\" ];\n    sunday = [ \"00:00-24:00\" "
     "];\n  };",
     "week = 5;", 0, "calendar.week: expected a group { ... }"},
    {"\"2026-12-28\"", "\"2026-02-29\"", 0,
     "calendar.holidays[0]: expected a date from 2000 to 2050 such as"},
    {"\"2026-11-23\"", "\"2026-11-3\"", 0, "calendar.holidays[1]: expected a date from 2000 to 2050"},
    {"\"2026-11-23\"", "\"1999-11-03\"", 0, "calendar.holidays[1]: expected a date from 2000 to 2050"},
    {"\"2026-11-23\"", "\"2026/11/23\"", 0, "calendar.holidays[1]: expected a date from 2000 to 2050"},
    {"\"2026-11-23\"", "\"2026-1x-23\"", 0, "calendar.holidays[1]: expected a date from 2000 to 2050"},
    {"\"2026-11-23\"", "\"2026-12-28\"", 0, "calendar.holidays[1]: this date is given twice"},
    {"[\n    \"2026-12-28\",\n    \"2026-11-23\"\n  ]", "\"2026-12-28\"", 0,
     "calendar.holidays: expected a list"},
    {"plan_within = \"4 working_hours\";", "", WHOLE, "plan_within is missing"},
    {"plan_within = \"4 ", "plan_within = \"0 ", 0, "plan_within: " DURATION},
    {"plan_within = \"4 working_hours\"", "plan_within = 4", 0, "plan_within: " DURATION},
    {"simple = \"1 working_day\"", "simple = \"1 workday\"", 0, "resolve_within.simple: " DURATION},
    {"complex = \"10 working_days\";", "", -3, "resolve_within: complex is missing"},
    {"complex = ", "komplex = \"1 hour\"; complex = ", 0,
     "resolve_within.komplex: unknown name \"komplex\"; did you mean complex?"},
    {"complex = ", "unknown = \"1 hour\"; complex = ", 0,
     "resolve_within.unknown: unknown name \"unknown\"; expected"},
    {"\"2 calendar_days\"", "\"2 calendar days\"", 0, "answer_within: " DURATION},
    {"\"90 minutes\"", "\"-90 minutes\"", 0, "verify_within: " DURATION},
    {"answer_within = \"2 calendar_days\";", "", WHOLE, "answer_within is missing"},
    {"normal = \"4 working_hours\"; imp", "normal = \"1 working_day\"; imp", 0,
     "warn_before.normal: expected seconds, minutes, hours, working_minutes or working_hours"},
    {"normal = \"4 working_hours\"; imp", "normal = 4; imp", 0, "warn_before.normal: " DURATION},
    {"normal = \"4 working_hours\"; imp", "unknown = \"4 hours\"; imp", 0,
     "warn_before.unknown: unknown name \"unknown\""},
    {"verify_within = \"90 minutes\";", "", WHOLE, "verify_within is missing"},
};

static const struct fault people_faults[] = {
    {"other = \"Post 7\";", "", -3, "answerable: other is missing"},
    {"other = \"Post 7\";", "others = \"Post 8\"; other = \"Post 7\";", 0,
     "answerable.others: unknown name \"others\"; did you mean other?"},
    {"other = \"Post 7\"", "other = \"" TEN TEN TEN TEN TEN TEN "12345\"", 0,
     "answerable.other: expected a text of 1 to 64 bytes, not 65"},
    {"other = \"Post 7\"", "other = 7", 0, "answerable.other: expected a text in double quotes"},
    {"other = \"Post 7\"", "other = \"Pst 7\"", 0,
     "answerable.other: \"Pst 7\" does not stand in posts; did you mean \"Post 7\"?"},
    {",\n  { post = \"Rung 3\"; acknowledge_within = \"1 hour\"; answer_within = \"2 hours\"; }", "", -2,
     "ladder: expected 3 to 8 elements, not 2"},
    {"ladder = (\n  { post = \"Rung 1\"; acknowledge_within = \"1 working_hour\"; answer_within = \"4 "
     "working_hours\"; },\n  { post = \"Rung 2\"; acknowledge_within = \"2 working_hours\"; answer_within = "
     "\"1 "
     "working_day\"; },\n  { post = \"Rung 3\"; acknowledge_within = \"1 hour\"; answer_within = \"2 "
     "hours\"; "
     "}\n)",
     "ladder = { }", 0, "ladder: expected a list"},
    {"{ post = \"Rung 1\"; acknowledge_within = \"1 working_hour\"; answer_within = \"4 working_hours\"; }",
     "\"Rung 1\"", 0, "ladder[0]: expected a group { ... }"},
    {" answer_within = \"1 working_day\";", "", 0, "ladder[1]: answer_within is missing"},
    {" acknowledge_within = \"2 working_hours\";", "", 0, "ladder[1]: acknowledge_within is missing"},
    {"acknowledge_within = \"2 working_hours\"", "acknowledge_within = \"2 hrs\"", 0,
     "ladder[1].acknowledge_within: " DURATION},
    {"answer_within = \"1 working_day\";", "answer_in = \"1 hour\"; answer_within = \"1 hour\";", 0,
     "ladder[1].answer_in: unknown name \"answer_in\"; did you mean answer_within?"},
    {"post = \"Rung 2\"; acknowledge_within = \"2 w", "acknowledge_within = \"2 w", 0,
     "ladder[1]: post is missing"},
    {"\"Rung 2\"; acknowledge_within = \"2 w", "\"Rung 1\"; acknowledge_within = \"2 w", 0,
     "ladder[1].post: this post stands lower on the ladder already"},
    {"\"Rung 3\"; acknowledge_within = \"1 hour\"", "\"\"; acknowledge_within = \"1 hour\"", 0,
     "ladder[2].post: expected a text of 1 to 64 bytes, not 0"},
    {"\"Rung 3\"; acknowledge_within = \"1 hour\"", "\"Direktur\"; acknowledge_within = \"1 hour\"", 0,
     "ladder[2].post: \"Direktur\" does not stand in posts"},
    {"\"1 working_day\"; },", "\"one day\"; },", 0, "ladder[1].answer_within: " DURATION},
    {"posts = (\n  { post = \"Post 0\"; holder = \"P0\"; }", "posts = (\n  { post = \"Post 0\"; }", 1,
     "posts[0]: holder is missing"},
    {"holder = \"P0\";", "holder = \"P0\"; stand_in = [ \"P1\" ];", 0,
     "posts[0].stand_in: unknown name \"stand_in\"; did you mean stand_ins?"},
    {"holder = \"P0\";", "holder = \"P0\"; stand_ins = [ \"P0\" ];", 0,
     "posts[0].stand_ins[0]: this person fills the post already"},
    {"holder = \"P0\";", "holder = \"P0\"; stand_ins = [ ];", 0,
     "posts[0].stand_ins: expected 1 to 5 elements, not 0"},
    {"{ post = \"Post 1\"; holder = \"P1\"; }, {",
     "{ post = \"Post 1\"; holder = \"P1\"; }, { post = \"Post 1\"; holder = \"X\"; }, {", 0,
     "posts[2].post: this post is given twice"},
    {"person = \"R2\"; from", "person = \"R9\"; from", 0, "absences[0].person: no post has this person"},
    {"from = \"2026-12-01\"", "from = \"2026-12-32\"", 0,
     "absences[0].from: expected a date from 2000 to 2050 such as"},
    {"until = \"2026-12-31\"", "until = \"2026-11-30\"", 0,
     "absences[0].until: expected the last day of the absence, which is not before the first"},
    {"until = \"2026-12-31\"; ", "", 0, "absences[0]: until is missing"},
    {"offers_max = 3;",
     "departments = ( { name = \"Warranty\"; number = 8; id = \"garansi\"; en = \"warranty\"; post = \"Post "
     "1\"; } ); offers_max = 3;",
     0, "departments[0].name: expected small letters, digits and _, a letter first"},
    {"offers_max = 3;",
     "departments = ( { name = \"9a\"; number = 8; id = \"garansi\"; en = \"warranty\"; post = \"Post 1\"; } "
     "); offers_max = 3;",
     0, "departments[0].name: expected small letters, digits and _, a letter first"},
    {"offers_max = 3;",
     "departments = ( { name = \"delivery\"; number = 8; id = \"garansi\"; en = \"warranty\"; post = \"Post "
     "1\"; } ); offers_max = 3;",
     0, "departments[0].name: there is a department delivery already"},
    {"offers_max = 3;",
     "departments = ( { name = \"a123456789012345678901234\"; number = 8; id = \"garansi\"; en = "
     "\"warranty\"; post = \"Post 1\"; } ); offers_max = 3;",
     0, "departments[0].name: expected a text of 1 to 24 bytes, not 25"},
    {"offers_max = 3;",
     "departments = ( { name = \"warranty\"; number = 7; id = \"garansi\"; en = \"warranty\"; post = \"Post "
     "1\"; } ); offers_max = 3;",
     0, "departments[0].number: expected a whole number from 8 to 31"},
    {"offers_max = 3;",
     "departments = ( { name = \"warranty\"; number = 32; id = \"garansi\"; en = \"warranty\"; post = \"Post "
     "1\"; } ); offers_max = 3;",
     0, "departments[0].number: expected a whole number from 8 to 31"},
    {"offers_max = 3;",
     "departments = ( { name = \"warranty\"; number = 8; id = \"garansi\"; en = \"warranty\"; post = "
     "\"Nobody\"; } ); offers_max = 3;",
     0, "departments[0].post: \"Nobody\" does not stand in posts"},
    {"offers_max = 3;",
     "departments = ( { name = \"a\"; number = 8; id = \"a\"; en = \"a\"; post = \"Post 1\"; }, "
     "{ name = \"b\"; number = 8; id = \"b\"; en = \"b\"; post = \"Post 1\"; } ); offers_max = 3;",
     0, "departments[1].number: 8 is the number of a; give each department its own"},
    {"offers_max = 3;",
     "departments = ( { name = \"a\"; number = 8; id = \"a\"; post = \"Post 1\"; } ); offers_max = 3;", 0,
     "departments[0]: en is missing"},
    {"offers_max = 3;", "departments = \"warranty\"; offers_max = 3;", 0, "departments: expected a list"},
    {"department = \"payment\"; tier", "department = \"warranty\"; tier", 0,
     "ladders[0].department: unknown department \"warranty\"; expected one of unknown, product, price, "
     "service, "
     "delivery, payment, technical, other"},
    {"tier = [ \"complex\", \"important\" ]; page", "tier = [ \"komplex\", \"important\" ]; page", 0,
     "ladders[0].tier[0]: unknown tier \"komplex\"; did you mean complex?"},
    {"page = true;", "page = 1;", 0, "ladders[0].page: expected true or false"},
    {"tenant = [ 7, 8 ]; rungs", "tenant = [ 7, -8 ]; rungs", 0,
     "ladders[1].tenant[1]: expected a whole number from 0 to 2147483647"},
    {"tenant = [ 7, 8 ]; rungs", "rungs", 0,
     "ladders[1]: expected department, tier or tenant; what holds for all is `ladder`"},
    {"\"Rung 2\"; acknowledge_within = \"3 hours\"", "\"Rung 3\"; acknowledge_within = \"3 hours\"", 1,
     "ladders[1].rungs[1].post: this post stands lower on the ladder already"},
    {"acknowledge_within = \"10 minutes\"; ", "", 0, "ladders[0].rungs[0]: acknowledge_within is missing"},
    {"recipient = \"Pengawas\"; ", "", -1, "external_notice: recipient is missing"},
    {"\"Pengawas\"; post = \"Post 7\"", "\"Pengawas\"; post = \"Nobody\"", 0,
     "external_notice.post: \"Nobody\" does not stand in posts"},
    {"posts = [ \"Rung 2\", \"Rung 3\" ]", "posts = [ \"Rung 2\", \"Rung 2\" ]", 0,
     "approvals[1].posts[1]: this post is asked before already"},
    {"posts = [ \"Rung 2\", \"Rung 3\" ]", "posts = [ \"Rung 2\", \"Rang 3\" ]", 0,
     "approvals[1].posts[1]: \"Rang 3\" does not stand in posts; did you mean \"Rung 3\"?"},
    {"above = 1000; posts = [ \"Rung 2\", \"Rung 3\" ];", "above = 1000;", 0,
     "approvals[1]: posts is missing"},
    {" decide_within = \"2 working_hours\";", "", 0, "approvals[1]: decide_within is missing"},
    {"above = 1000", "above = -1", 0, "approvals[1].above: expected a whole number from 0 to 90000000000000"},
    {"gravity = [ \"corruption\" ]", "gravity = [ \"coruption\" ]", 0,
     "approvals[0].gravity[0]: unknown gravity \"coruption\"; did you mean corruption?"},
    {"four_eyes = [ \"corruption\",", "four_eyes = [ \"coruption\",", 0,
     "four_eyes[0]: unknown gravity \"coruption\"; did you mean corruption?"},
    {"four_eyes = true", "four_eyes = 1", 0, "approvals[0].four_eyes: expected true or false"},
    {"on = \"third_party\"; text = true; post", "post", 0, "forwards[0]: on is missing"},
    {"on = \"third_party\"", "on = \"third_part\"", 0,
     "forwards[0].on: unknown deadline \"third_part\"; did you mean third_party?"},
    {"on = \"third_party\"", "on = \"resolution\"", 0,
     "forwards[0].on: expected third_party, rejected or ignored"},
    {"post = \"Post 7\"; },", "post = \"Post 77\"; },", 0,
     "forwards[0].post: \"Post 77\" does not stand in posts; did you mean \"Post 7\"?"},
    {"by = \"20 calendar_days\"", "after = 2; by = \"20 calendar_days\"", 0,
     "forwards[1].after: leave it out: it counts how often a customer is ignored"},
    {"by = \"20 calendar_days\"", "within = \"1 hour\"; by = \"20 calendar_days\"", 0,
     "forwards[1].within: leave it out: the row says by when already"},
    {"by = \"20 calendar_days\"", "text = true; by = \"20 calendar_days\"", 0,
     "forwards[1].text: leave it out: only a third party is found in the text"},
    {"by = \"20 calendar_days\"", "by = \"soon\"", 0, "forwards[1].by: " DURATION},
    {"after = 3", "after = 0", 0, "forwards[2].after: expected a whole number from 1 to 100"},
    {"after = 3", "often = 3", 0, "forwards[2].often: unknown name \"often\""},
    {"transfers_max = 2", "transfers_max = 0", 0, "transfers_max: expected a whole number from 1 to 100"},
    {"\"manager\"", "\"agent\"", 0, "authority[1].role: this role is given twice"},
    {"role = \"agent\";", "", 0, "authority[0]: role is missing"},
    {"limit = 250;", "", 0, "authority[0]: limit is missing"},
    {"limit = 250;", "limit = -1;", 0,
     "authority[0].limit: expected a whole number from 0 to 90000000000000"},
    {"90000000000000L", "90000000000001L", 0,
     "authority[1].limit: expected a whole number from 0 to 90000000000000"},
    {"limit = 250;", "limit = \"250\";", 0, "authority[0].limit: expected a whole number"},
    {"limit = 250;", "limits = 2; limit = 250;", 0,
     "authority[0].limits: unknown name \"limits\"; did you mean limit?"},
    {"{ role = \"agent\"; limit = 250; }", "250", 0, "authority[0]: expected a group { ... }"},
    {"{ role = \"agent\"; limit = 250; },\n  { role = \"manager\"; limit = 90000000000000L; }", "", -1,
     "authority: expected 1 to 16 elements, not 0"},
};

static const struct fault letter_faults[] = {
    {"  thanks = {\n    id = { subject = \"s thanks id\"; text = \"t thanks id {{reference}}\"; };\n    en = "
     "{ subject = "
     "\"s thanks en\"; text = \"t thanks en {{reference}}\"; };\n  };\n",
     "", -29, "letters: thanks is missing"},
    {"  update = {", "  updates = { };\n  update = {", 0,
     "letters.updates: unknown name \"updates\"; did you mean update?"},
    {"  update = {", "  unknown = { };\n  update = {", 0,
     "letters.unknown: unknown name \"unknown\"; expected one of"},
    {"  update = {", "  receipt = { };\n  update = {", 0,
     "letters.receipt: unknown name \"receipt\"; expected one of"},
    {"en = { subject = \"s update en\"; text = \"t update en {{reference}} {{due}}\"; };", "", -2,
     "letters.update: en is missing"},
    {"  update = {", "  update = { demands = \"due\";", 0,
     "letters.update.demands: expected a list ( ..., ... ) or [ ..., ... ]"},
    {"  update = {", "  update = { demands = [ \"referense\" ];", 0,
     "letters.update.demands[0]: unknown slot \"referense\"; did you mean reference?"},
    {"  update = {", "  update = { demands = [ 1 ];", 0,
     "letters.update.demands[0]: expected the name of a slot, such as \"due\""},
    {"  update = {", "  update = { demands = [ \"due\", \"solution\" ];", 0,
     "letters.update.demands[1]: {{solution}} is not always known in this letter (update)"},
    {"  thanks = {", "  thanks = { demands = [ \"due\" ];", 0,
     "letters.thanks.demands[0]: {{due}} is not always known in this letter (thanks)"},
    {"en = { subject = \"s paused en\"; text = \"t paused en {{reference}} {{reason}}\"; };",
     "en = { subject = \"s paused en\"; text = \"t paused en {{reference}} {{reason}} {{post}}\"; };\n"
     "    demands = [ \"post\" ];",
     1, "letters.paused.demands[0]: {{post}} must stand in the text of paused.id, where it is demanded"},
    {"{ subject = \"s update en\"; text = \"t update en {{reference}} {{due}}\"; }", "\"text\"", 0,
     "letters.update.en: expected a group { ... }"},
    {"en = { subject = \"s update en\"", "jv = { }; en = { subject = \"s update en\"", 0,
     "letters.update.jv: unknown name \"jv\"; expected one of id, en, demands"},
    {"subject = \"s update en\";", "", 0, "letters.update.en: subject is missing"},
    {"text = \"t update en {{reference}} {{due}}\";", "", 0, "letters.update.en: text is missing"},
    {"subject = \"s update en\";", "subject = \"s update en\"; body = \"\";", 0,
     "letters.update.en.body: unknown name \"body\"; expected one of subject, text"},
    {"\"s update en\"", "\"s\nupdate\"", 0, "letters.update.en.subject: expected a text in one line"},
    {"\"s update en\"", "\"" HUNDRED HUNDRED "1\"", 0,
     "letters.update.en.subject: expected a text of 1 to 200 bytes"},
    {"\"s update en\"", "\"{{solution}}\"", 0, "letters.update.en.subject: {{solution}} may not stand here"},
    {"\"s update en\"", "\"{{argument}}\"", 0, "letters.update.en.subject: {{argument}} may not stand here"},
    {"\"s update en\"", "\"{{reference\"", 0,
     "letters.update.en.subject: slot without its }}: \"{{reference\""},
    {ACK_ID_TEXT, "{{refrence}} {{due}}", 0,
     "letters.acknowledgement.id.text: unknown slot \"refrence\"; did you mean reference?"},
    {ACK_ID_TEXT, "{{reference}} {{due}} {{x}}", 0,
     "letters.acknowledgement.id.text: unknown slot \"x\"; expected one of name, reference"},
    {ACK_ID_TEXT, "{{reference}} {{due}} {{", 0,
     "letters.acknowledgement.id.text: slot without its }}: \"{{\""},
    {ACK_ID_TEXT, "{{reference}} due}}", 0, "letters.acknowledgement.id.text: }} without a slot: \"}}\""},
    {ACK_ID_TEXT, "{{reference}}", 0, "letters.acknowledgement.id.text: {{due}} must stand in it"},
    {ACK_ID_TEXT, "{{due}}", 0, "letters.acknowledgement.id.text: {{reference}} must stand in it"},
    {ACK_ID_TEXT, "{{reference}} {{due}}\\r\\n", 0,
     "letters.acknowledgement.id.text: expected a text without control signs"},
    {"t offer id {{reference}} {{solution}}", "{{reference}}", 0,
     "letters.offer.id.text: {{solution}} must stand in it"},
    {"t reprimand en {{reference}} {{post}} {{missed}} {{due}}", "{{reference}} {{post}} {{due}}", 0,
     "letters.reprimand.en.text: {{missed}} must stand in it"},
    {"t reprimand en {{reference}} {{post}}", "{{reference}}", 0,
     "letters.reprimand.en.text: {{post}} must stand in it"},
    {"t reprimand en {{reference}}", "{{name}} {{reference}}", 0,
     "letters.reprimand.en.text: {{name}} may not stand here"},
    {"\"s handover en\"", "\"{{name}}\"", 0, "letters.handover.en.subject: {{name}} may not stand here"},
    {"t paused id {{reference}} {{reason}}", "{{reference}}", 0,
     "letters.paused.id.text: {{reason}} must stand in it"},
    {"receipt {{reference}} {{due}}", "receipt {{due}}", 0, "receipt.en: {{reference}} must stand in it"},
    {"receipt {{reference}} {{due}}", "receipt {{reference}}", 0, "receipt.en: {{due}} must stand in it"},
    {"receipt {{reference}} {{due}}", "{{name}} {{reference}} {{due}}", 0,
     "receipt.en: {{name}} may not stand here"},
    {"receipt {{reference}} {{due}}", "{{reference}} {{due}}" HUNDRED HUNDRED HUNDRED HUNDRED, 0,
     "receipt.en: expected a text of 1 to 400 bytes, not 421"},
    {"en = \"receipt {{reference}} {{due}}\";", "", -2, "receipt: en is missing"},
    {"en = \"receipt", "fr = \"\"; en = \"receipt", 0,
     "receipt.fr: unknown name \"fr\"; expected one of id, en"},
    {"{\n  id = \"terima {{reference}} {{due}} {{company}}\";\n  en = \"receipt {{reference}} {{due}}\";\n}",
     "\"text\"", 0, "receipt: expected a group { ... }"},
    {"rules = (", "plan = { purpose = " PART("p") "scope = " PART("s") "};\nrules = (", 0,
     "plan: definitions is missing"},
    {"rules = (",
     "plan = { purpose = " PART("p") "scope = " PART("s") "definitions = { id = \"x\"; }; };\nrules = (", 0,
     "plan.definitions: en is missing"},
    {"rules = (",
     "plan = { purpose = " PART("p") "scope = { id = \"{{name}}\"; en = \"s\"; }; definitions = " PART(
         "d") "};\nrules = (",
     0, "plan.scope.id: {{name}} may not stand here"},
    {"rules = (", "plan = \"text\";\nrules = (", 0, "plan: expected a group { ... }"},
};

/* These entail a second one: what has another name now is missing. */
static const struct fault twofold_faults[] = {
    {"company =", "compani =", 0, "compani: unknown name \"compani\"; did you mean company?"},
    {"pause_reasons =", "pause_reason =", 0,
     "pause_reason: unknown name \"pause_reason\"; did you mean pause_reasons?"},
    {"rules = (", "regeln = (", 0, "regeln: unknown name \"regeln\"; expected one of version"},
};

static const struct fault syntax_faults[] = {
    {"offers_max = 3;", "offers_max = ;", 0, "syntax error"},
    {"offers_max = 3;", "offers_max = 3;\noffers_max = 4;", 1, "duplicate setting name"},
    {"[ \"documents\", \"third_party\" ]", "[ \"documents\", 2 ]", 0, "mismatched element type in array"},
    {"rules = (", "@include \"missing.cfg\"\nrules = (", 0, "No such file or directory"},
    {"rules = (", "@include \"../..\"\nrules = (", 0, "not a regular file"},
    {"rules = (", "@include \"policy.cfg\"\nrules = (", 0, "too many files within each other"},
};

/* True if a line of the report begins with `start` and goes on to say `text`. */
static bool has_line(const char *report, const char *start, const char *text)
{
    for (const char *line = report; *line; line = strchr(line, '\n') + 1) {
        const char *said = strstr(line, text);
        if (strncmp(line, start, strlen(start)) == 0 && said && said < strchr(line, '\n'))
            return true;
    }
    return false;
}

static int lines_in(const char *report)
{
    int n = 0;

    for (; *report; report++)
        n += *report == '\n';
    return n;
}

/* Each row's fault is reported where it stands, in a report of so many lines. */
static void check_faults(const struct policy_folder *f, const struct fault *rows, size_t n, int lines)
{
    for (size_t i = 0; i < n; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        char start[128];
        int line = put_changed_policy(f, rows[i].find, rows[i].put) + rows[i].down;
        snprintf(start, sizeof start, "%s:%d: ", f->main, rows[i].down == WHOLE ? 1 : line);
        assert_null(pulih_policy_load(f->main, &why));
        const char *report = pulih_buf_text(&why);
        if (!has_line(report, start, rows[i].text) || lines_in(report) != lines)
            fail_msg("row %zu: expected %s%s\nin %d lines, got\n%s", i, start, rows[i].text, lines, report);
    }
}

static void reports_faults_of_plain_settings(void **state)
{
    check_faults(*state, plain_faults, sizeof plain_faults / sizeof plain_faults[0], 1);
}

static void reports_faults_of_times(void **state)
{
    check_faults(*state, time_faults, sizeof time_faults / sizeof time_faults[0], 1);
}

static void reports_faults_of_the_ranking(void **state)
{
    check_faults(*state, rank_faults, sizeof rank_faults / sizeof rank_faults[0], 1);
}

static void reports_faults_of_people(void **state)
{
    check_faults(*state, people_faults, sizeof people_faults / sizeof people_faults[0], 1);
}

static void reports_faults_of_letters(void **state)
{
    check_faults(*state, letter_faults, sizeof letter_faults / sizeof letter_faults[0], 1);
}

static void reports_faults_of_syntax(void **state)
{
    check_faults(*state, syntax_faults, sizeof syntax_faults / sizeof syntax_faults[0], 1);
}

/* Operators mend a file in one go only if it is reported in one go. */
static void reports_all_faults_at_once(void **state)
{
    static const char text[] = "version = 1;\ncompany = \"PT Uji\";\ncurency = \"IDR\";\n"
                               "language = \"xx\";\noffers_max = 0;\n";
    static const char *const expected[][2] = {
        {"1: ", "version: expected a text"},  {"3: ", "did you mean currency?"},
        {"1: ", "currency is missing"},       {"4: ", "unknown language \"xx\""},
        {"1: ", "calendar is missing"},       {"1: ", "plan_within is missing"},
        {"1: ", "resolve_within is missing"}, {"1: ", "answer_within is missing"},
        {"1: ", "verify_within is missing"},  {"1: ", "close_on_silence is missing"},
        {"1: ", "pause_reasons is missing"},  {"5: ", "offers_max: expected"},
        {"1: ", "answerable is missing"},     {"1: ", "ladder is missing"},
        {"1: ", "posts is missing"},          {"1: ", "authority is missing"},
        {"1: ", "letters is missing"},        {"1: ", "tiers is missing"},
        {"1: ", "priority is missing"},       {"1: ", "receipt is missing"},
        {"1: ", "rules is missing"},
    };
    PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
    const struct policy_folder *f = *state;

    put_policy_file(f, "policy.cfg", text, sizeof text - 1);
    assert_null(pulih_policy_load(f->main, &why));
    const char *report = pulih_buf_text(&why);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        char start[128];
        snprintf(start, sizeof start, "%s:%s", f->main, expected[i][0]);
        if (!has_line(report, start, expected[i][1]))
            fail_msg("%s%s is not in\n%s", start, expected[i][1], report);
    }
    assert_int_equal(lines_in(report), sizeof expected / sizeof expected[0]);
}

static void reports_a_file_that_cannot_be_read(void **state)
{
    static const char *const paths[] = {"/nonexistent/policy.cfg", "/tmp", "/dev/null", ""};

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        assert_null(pulih_policy_load(paths[i], &why));
        assert_int_equal(strncmp(pulih_buf_text(&why), paths[i], strlen(paths[i])), 0);
        assert_int_equal(lines_in(why.at), 1);
    }
}

/* Faults inside an include name it, by a path that can be opened from here. */
static void reports_faults_of_includes(void **state)
{
    static const struct {
        const char *part, *start, *text;
    } rows[] = {
        {"# fine so far\n\ncompany = 5;\n", "part.cfg:3: ", "company: expected a text in double quotes"},
        {"company = ;\n", "part.cfg:1: ", "syntax error"},
        {"\n@include \"deeper.cfg\"\n",
         "deeper.cfg:2: ", "company: expected a text of 1 to 100 bytes, not 0"},
        {"company = \"A\";\nversion = \"2\";\n", "part.cfg:2: ", "duplicate setting name"},
    };
    const struct policy_folder *f = *state;

    put_changed_policy(f, "company = \"PT Uji\";", "@include \"part.cfg\"");
    put_policy_file(f, "deeper.cfg", "\ncompany = \"\";\n", 15);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PULIH_AUTO(pulih_buf_free) struct pulih_buf why = {0};
        char start[128];
        put_policy_file(f, "part.cfg", rows[i].part, strlen(rows[i].part));
        snprintf(start, sizeof start, "%s/%s", f->path, rows[i].start);
        assert_null(pulih_policy_load(f->main, &why));
        if (!has_line(pulih_buf_text(&why), start, rows[i].text) || lines_in(why.at) != 1)
            fail_msg("expected %s%s, got %s", start, rows[i].text, why.at);
    }
}

static void reports_what_a_fault_entails(void **state)
{
    check_faults(*state, twofold_faults, sizeof twofold_faults / sizeof twofold_faults[0], 2);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_policy_folder, remove_policy_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(reports_faults_of_plain_settings), IN_A_FOLDER(reports_faults_of_times),
        IN_A_FOLDER(reports_faults_of_the_ranking),    IN_A_FOLDER(reports_faults_of_people),
        IN_A_FOLDER(reports_faults_of_letters),        IN_A_FOLDER(reports_faults_of_syntax),
        IN_A_FOLDER(reports_all_faults_at_once),       cmocka_unit_test(reports_a_file_that_cannot_be_read),
        IN_A_FOLDER(reports_faults_of_includes),       IN_A_FOLDER(reports_what_a_fault_entails),
    };
    return cmocka_run_group_tests_name("policy_fault", tests, NULL, NULL);
}
