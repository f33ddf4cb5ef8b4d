"""pulihctl clock: deadlines and working time on the command line, without database and daemons."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest

CALENDARS = r'''calendars = {
  jakarta = { zone = "Asia/Jakarta"; week = { monday = [ "08:00-12:00", "13:00-17:00" ];
    tuesday = [ "08:00-12:00", "13:00-17:00" ]; friday = [ "09:00-17:00" ]; };
    holiday_files = [ "holidays-id-2026.ics", "holidays-id-2027.ics" ]; joint_leave = "open";
    holidays = [ "2026-11-24 Founding" ]; days = ( { date = "2026-11-28"; open = [ "10:00-11:30" ]; } ); };
  berlin = { zone = "Europe/Berlin"; always = true; };
};
calendar = "jakarta";
'''


@shared
def policy():
    return a_policy((r"(?s)\ncalendar = \{.*?\n\};\n", "\n" + CALENDARS.replace("\\", r"\\")))


def clock(*args, code=0):
    """Runs pulihctl clock with the policy above; returns (output, complaints)."""
    env = {k: v for k, v in os.environ.items() if k not in ("TZ", "PULIH_DATABASE")}
    done = subprocess.run([os.path.join(pulihtest.BUILD, "pulihctl"), "clock", args[0], "--policy", policy(), *args[1:]],
                          env=env, text=True, stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == code, f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


ADDED = [
    ("working days", "2026-11-23T09:00:00+07:00", "1 working_day", "2026-11-27T10:00:00Z"),
    ("local time", "2026-11-23T09:00", "1 working_day", "2026-11-27T10:00:00Z"),
    ("local time with seconds", "2026-11-23 09:00:30", "1 working_minute", "2026-11-23T02:01:30Z"),
    ("a date is its first instant", "2026-11-23", "1 working_hour", "2026-11-23T02:00:00Z"),
    ("Z", "2026-11-23T02:00:00Z", "8 working_hours", "2026-11-27T03:00:00Z"),
    ("a fraction", "2026-11-23T02:00:00.25Z", "1 hour", "2026-11-23T03:00:00.250000Z"),
    ("a rule in the duration", "2026-11-23T09:00", "1 working_day, receipt_day", "2026-11-23T10:00:00Z"),
    ("a day that is opened", "2026-11-27T16:30", "1 working_hour", "2026-11-28T03:30:00Z"),
]


@cases(ADDED)
def add_prints_the_instant_first(start, length, expected):
    lines = clock("add", "--from", start, "--for", length)[0].splitlines()
    assert lines[0] == expected and len(lines) == 3, lines
    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+\+07:00  \w+, .* WIB \(Asia/Jakarta\)$", lines[1]), lines
    assert lines[2].startswith("from 2026-11-2") and lines[2].endswith("in calendar jakarta"), lines


@test
def first_day_decides_what_counts():
    found = {rule: clock("add", "--from", "2026-11-21T09:00", "--for", "1 business_day", "--first-day", rule)[0].split()[0]
             for rule in ("receipt_day", "next_day", "next_opening", "same_time")}
    assert found == {"receipt_day": "2026-11-23T10:00:00Z", "next_day": "2026-11-23T10:00:00Z",
                     "next_opening": "2026-11-27T10:00:00Z", "same_time": "2026-11-27T02:00:00Z"}, found


@test
def json_has_the_same():
    out = json.loads(clock("add", "--from", "2026-11-23T09:00", "--for", "1 working_day", "--json")[0])
    assert out["at"] == "2026-11-27T10:00:00.000000Z" and out["local"] == "2026-11-27T17:00:00+07:00", out
    assert (out["calendar"], out["zone"], out["for"]) == ("jakarta", "Asia/Jakarta", "1 working_day"), out
    assert out["policy"].startswith("2026-11 "), out
    out = json.loads(clock("between", "--from", "2026-11-23", "--to", "2026-11-24", "--json")[0])
    assert out["us"] == 8 * 3600 * 10**6 and out["duration"] == "PT8H", out


@cases([("whole hours", "2026-11-23", "2026-11-28", "57600", "16 h", "PT16H"),
        ("all parts", "2026-11-23T11:59:58.5", "2026-11-23T14:03:03", "3784.500000", "1 h 3 min 4.5 s", "PT1H3M4.5S"),
        ("nothing", "2026-11-24", "2026-11-25", "0", "0 s", "PT0S")])
def between_measures_working_time(start, end, seconds, told, iso):
    lines = clock("between", "--from", start, "--to", end)[0].splitlines()
    assert lines[:3] == [seconds, told, iso], lines


@test
def show_prints_a_month():
    out = clock("show", "--month", "2026-11")[0].splitlines()
    assert len(out) == 32 and out[0].split() == ["date", "day", "open", "working", "note"], out
    rows = {line[:10]: line[10:].split(None, 1) for line in out[1:31]}
    assert rows["2026-11-23"][0] == "Mon" and rows["2026-11-23"][1].strip() == "08:00-12:00 13:00-17:00  8 h", rows
    assert rows["2026-11-24"][1].strip() == "holiday: Founding", rows["2026-11-24"]
    assert re.fullmatch(r"10:00-11:30 +1 h 30 min  one-off", rows["2026-11-28"][1].strip()), rows["2026-11-28"]
    assert out[31].startswith("13 open days, "), out[31]


@test
def show_tells_joint_leave_and_what_is_provisional():
    rows = [json.loads(line) for line in clock("show", "jakarta", "--month", "2026-12", "--json")[0].splitlines()]
    assert len(rows) == 31 and rows[23]["date"] == "2026-12-24" and rows[23]["day"] == "Thu", rows[23]
    assert rows[23]["note"] == "joint leave: Cuti bersama Kelahiran Yesus Kristus", rows[23]
    assert rows[24]["open"] == "" and rows[24]["working"] == "PT0S", rows[24]
    assert "holiday, provisional: Wafat Yesus Kristus" in clock("show", "--month", "2027-03")[0]


@test
def show_knows_nights_on_which_clocks_change():
    spring, autumn = (clock("show", "berlin", "--month", m)[0] for m in ("2026-03", "2026-10"))
    assert "2026-03-29  Sun  00:00-24:00  23 h" in spring and "2026-10-25  Sun  00:00-24:00  25 h" in autumn


@test
def doubts_are_told():
    assert "2027-03-26 is provisional: Wafat Yesus Kristus" in \
        clock("add", "--from", "2027-03-22T09:00", "--for", "5 working_days")[1]
    assert "no holidays of 2029 are in the calendar" in \
        clock("add", "--from", "2028-12-29T09:00", "--for", "5 working_days")[1]
    assert clock("add", "--from", "2026-11-23T09:00", "--for", "1 working_day")[1] == ""


@test
def times_that_clocks_skip_or_repeat_are_told():
    args = ("--calendar", "berlin", "--for", "1 hour")
    assert "clocks skip this time in Europe/Berlin; give it with an offset" in \
        clock("add", "--from", "2026-03-29T02:30", *args, code=2)[1]
    out, err = clock("add", "--from", "2026-10-25T02:30", *args)
    assert out.startswith("2026-10-25T01:30:00Z") and "taken as the first, 2026-10-25T02:30:00+02:00" in err


@cases([
    ("no time", ["add", "--for", "1 hour"], "--from is missing"),
    ("no duration", ["add", "--from", "2026-11-23"], "--for is missing"),
    ("bad time", ["add", "--from", "tomorrow", "--for", "1 hour"], "--from wants a time such as .* got tomorrow"),
    ("no such day", ["add", "--from", "2026-02-30", "--for", "1 hour"], "--from wants a time such as"),
    ("too early", ["add", "--from", "1999-12-31", "--for", "1 hour"], "outside of the years .* 2000 to 2050"),
    ("bad duration", ["add", "--from", "2026-11-23", "--for", "3 days"], "--for wants a number and one of minutes.* got 3 days"),
    ("nothing", ["add", "--from", "2026-11-23", "--for", "0 hours"], "--for wants"),
    ("bad rule", ["add", "--from", "2026-11-23", "--for", "3 weeks", "--first-day", "soon"], "--first-day wants .* got soon"),
    ("rule for hours", ["add", "--from", "2026-11-23", "--for", "3 hours", "--first-day", "next_day"], "not for hours"),
    ("two rules", ["add", "--from", "2026-11-23", "--for", "3 weeks, next_day", "--first-day", "next_day"], "exclude each other"),
    ("unknown calendar", ["add", "--from", "2026-11-23", "--for", "1 hour", "--calendar", "jakrta"], "did you mean jakarta?"),
    ("very unknown calendar", ["show", "x", "--month", "2026-11"], "there is no calendar x, only jakarta, berlin"),
    ("backwards", ["between", "--from", "2026-11-23", "--to", "2026-11-22"], "--to lies before --from"),
    ("no end", ["between", "--from", "2026-11-23"], "--to is missing"),
    ("no month", ["show"], "--month wants a month from 2000-01 to 2050-12"),
    ("bad month", ["show", "--month", "2026-13"], "got 2026-13"),
    ("unknown subcommand", ["subtract"], "want add, between, or show"),
    ("too many words", ["add", "jakarta"], "want add, between, or show"),
])
def bad_input_is_told_precisely(args, message):
    err = clock(*args, code=2)[1]
    assert re.search(message, err) and "Try: pulihctl clock --help" in err, err


@test
def beyond_the_calendar_there_is_no_date():
    assert "ends after 2050" in clock("add", "--from", "2050-12-30", "--for", "2 weeks", code=1)[1]


@test
def a_broken_policy_is_told_by_line():
    done = subprocess.run([os.path.join(pulihtest.BUILD, "pulihctl"), "clock", "show", "--month", "2026-11", "--policy",
                           a_policy((r'"Asia/Jakarta"', '"Asia/Jakrta"'))], text=True, capture_output=True)
    assert done.returncode == 1 and re.search(r"default\.cfg:\d+: calendar\.zone: unknown", done.stderr), done.stderr
    done = subprocess.run([os.path.join(pulihtest.BUILD, "pulihctl"), "clock", "show"], text=True, capture_output=True)
    assert done.returncode == 2 and "--policy is missing" in done.stderr, done.stderr


main()
