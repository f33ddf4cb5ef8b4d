"""Packs with real daemons: what nobody confirmed does nothing; milestones start and meet the clocks of a confirmed one,
the ladder follows them, letters point to where customers may go, and pulihctl tells of each pack what it is."""
import json
import os
import re
import sys
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest
import tables

PACKS = os.path.join(pulihtest.ROOT, "deploy/policies/packs")
DAY = 24 * 3600 * 10**6


def row(name, confirmed=True):
    """A row of `packs`; the digest is what pulihctl says that it is."""
    path = os.path.join(PACKS, name + ".cfg")
    if not confirmed:
        return f'{{ file = "{path}"; }}'
    digest = re.search(r'digest = "(\w+)"', pulihctl("pack", "show", path)[0]).group(1)
    return f'{{ file = "{path}"; confirmed = {{ by = "K601"; on = "2026-11-22"; digest = "{digest}"; }}; }}'


def with_packs(*rows):
    return a_policy((r"packs = \(\);", "packs = ( " + ", ".join(rows) + " );"),
                    (r"(resolve_within = \{[^}]*normal +)= \"[^\"]*\"", r'\1= "90 calendar_days"'))


@shared
def policy():
    return with_packs(row("us.cfpb.portal"), row("company"), row("au.asic.rg271", confirmed=False))


@shared
def chain():
    return Chain(policy=policy(), settings={"escalation": {"timer_ms": 20}})


def clocks_of(case):
    """What explain says of each clock, by name."""
    lines = pulihctl("explain", case.ack["reference"], "--policy", policy(), "--json", database=chain().db.conninfo())[0]
    found = [json.loads(line) for line in lines.splitlines()]
    return {r["clock"]: r for r in found if r["what"] == "clock"}


def armed(case):
    return tables.word_name("deadline", case.row("ladder_kind"))


def now():
    return int(chain().db.one("SELECT (extract(epoch from now()) * 1000000)::int8"))


def parse_time(text):
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 10**6)


def a_case():
    case = Case(chain(), channel="web")
    case.do("reclassified", tier="normal", actor="A-1")
    return case


# --- clocks -------------------------------------------------------------------------------------------------

@test
def a_pack_that_nobody_confirmed_does_nothing():
    found = clocks_of(a_case())
    assert found["first_response"]["pack"] == "company" and found["resolution"]["pack"] is None
    assert found["regulator"]["pack"] == "us.cfpb.portal" and found["regulator"]["state"] == "unstarted"


@test
def a_milestone_starts_a_clock_when_it_was_reached_and_the_ladder_waits_for_it():
    case = a_case()
    assert armed(case) == "first_response"
    sent = now() - 14 * DAY - DAY // 2  # due in half a day
    new = case.do("milestone", milestone="sent_to_portal", at=sent, actor="A-1")
    assert [e.name for e in new] == ["milestone"], new
    found = clocks_of(case)
    assert found["regulator"]["state"] == found["final"]["state"] == "running"
    assert parse_time(found["regulator"]["due_at"]) == sent + 15 * DAY
    assert parse_time(found["final"]["due_at"]) == sent + 60 * DAY
    assert armed(case) == "regulator" and case.row("(extract(epoch from ladder_due) * 1000000)::int8") == sent + 15 * DAY


@test
def a_holding_reply_meets_its_clock_and_leaves_the_complaint_open():
    case = a_case()
    case.do("milestone", milestone="sent_to_portal", at=now() - 14 * DAY - DAY // 2, actor="A-1")
    case.do("milestone", milestone="holding_reply", detail="Sedang kami periksa.", actor="A-1")
    found = clocks_of(case)
    assert (found["regulator"]["state"], found["final"]["state"]) == ("met", "running")
    assert armed(case) == "first_response" and case.row("state") == tables.STATE["acknowledged"]
    case.do("milestone", milestone="final_response", actor="A-1")
    assert clocks_of(case)["final"]["state"] == "met"


@test
def a_missed_clock_of_a_pack_reprimands_under_its_name():
    case = a_case()
    case.do("milestone", milestone="sent_to_portal", at=now() - 15 * DAY + 2 * 10**6, actor="A-1")
    case.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = 1 AND holder = 0", case.id.hex())
    assert case.last("reprimanded")["deadline"] == "regulator"


@cases([("no clock goes by", {"milestone": "documents_complete"}, "clock"),
        ("is not known", {"milestone": "unknown"}, "clock"),
        ("is not there yet", {"milestone": "sent_to_portal", "at": 3 * DAY}, "date_in_time"),
        ("was before all calendars", {"milestone": "sent_to_portal", "at": -20000 * DAY}, "date_in_time")])
def a_milestone_is_refused_that(body, need):
    case = a_case()
    body = dict(body, at=now() + body["at"]) if "at" in body else body
    case.do("milestone", actor="A-1", **body)
    assert case.last("message_refused")["need"] == need
    assert clocks_of(case)["regulator"]["state"] == "unstarted"


@test
def a_milestone_of_a_closed_complaint_is_refused():
    case = a_case()
    case.do("withdrawn")
    case.do("milestone", milestone="sent_to_portal", actor="A-1")
    assert case.last("message_refused")["need"] == "open_complaint"


# --- letters ------------------------------------------------------------------------------------------------

@test
def the_closing_letter_points_to_where_the_customer_may_go():
    own = Chain(policy=with_packs(row("id.ojk.pojk22_2023")))
    case = Case(own, channel="web", language="id")
    case.do("withdrawn")
    assert "(LAPS SJK)" in case.letter(case.last("closed")["letter"])[3]
    other = a_case()
    other.do("withdrawn")
    assert "signpost" not in other.letter(other.last("closed")["letter"])[3]


# --- pulihctl -----------------------------------------------------------------------------------------------

@test
def check_tells_of_each_pack_whether_it_is_confirmed():
    out = pulihctl("check", policy())[0]
    assert "a good policy" in out
    assert "pack us.cfpb.portal: confirmed by K601 on 2026-11-22, in force" in out
    assert "pack au.asic.rg271: not confirmed, so it does nothing" in out


@test
def show_prints_figures_sources_and_how_to_confirm():
    out = pulihctl("pack", "show", os.path.join(PACKS, "id.ojk.pojk22_2023.cfg"))[0]
    for words in ("within        10 working days", "spoken        5 working days", "1 x 10 working days for ",
                  "starts anew   documents_complete", "since a day that was not read", "source        POJK 22/2023",
                  "(LAPS SJK)", 'confirmed = { by = "..."; on = "'):
        assert words in out, (words, out)


@test
def list_prints_a_line_for_each():
    names = sorted(n for n in os.listdir(PACKS))
    lines = pulihctl("pack", "list", *(os.path.join(PACKS, n) for n in names))[0].splitlines()[1:]
    assert [line.split()[0] + ".cfg" for line in lines] == names


@test
def a_faulty_pack_is_told_by_file_and_line():
    path = os.path.join(os.path.dirname(a_policy()), "broken.cfg")
    with open(path, "w", encoding="utf-8") as f:
        f.write('name = "x";\ntitle = "t";\nauthority = "a";\nclocks = (\n  { name = "regulater"; source = "s"; }\n);\n')
    assert 'broken.cfg:5: clocks[0].name: unknown deadline "regulater"; did you mean regulator?' in \
        pulihctl("pack", "show", path, code=1)[1]
    assert "want list FILE ..., or show FILE" in pulihctl("pack", "look", path, code=2)[1]


main()
