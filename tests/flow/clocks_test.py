"""A complaint's clocks with real daemons: they start, stand, are extended, met and missed as the policy's rows say, and
pulihctl explains each interval and foretells what another policy would change."""
import json
import os
import signal
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import tables

CLOCKS = """clocks = (
  { name = "plan"; },
  { name = "resolution"; spoken = "2 calendar_days";
    extend = { times = 1; by = "5 calendar_days"; reasons = [ "external" ]; }; },
  { name = "update"; within = "30 hours"; },
  { name = "customer"; reprimands = true; }
);
// After so many declined"""


def resolved_within(tier, duration):
    """The change to a policy that gives complaints of this tier so long."""
    return rf'(resolve_within = \{{[^}}]*{tier} +)= "[^"]*"', rf'\1= "{duration}"'


ROUND_THE_CLOCK = resolved_within("normal", "3 calendar_days")
HOUR = 3600 * 10**6


def many_clocks(*changes):
    return a_policy((r"clocks = \([^;]*;[\s\S]*?\n\);\n// After so many declined", CLOCKS), ROUND_THE_CLOCK, *changes)


@shared
def policy():
    return many_clocks()


@shared
def chain():
    return Chain(policy=policy(), settings={"escalation": {"timer_ms": 20}})


def ctl(*args, code=0):
    return pulihctl(*args, code=code, database=chain().db.conninfo())


def clocks_of(case, policy_path=None):
    """What explain says of each clock, by name; the intervals under "intervals"."""
    out = {}
    for line in ctl("explain", case.ack["reference"], "--policy", policy_path or policy(), "--json")[0].splitlines():
        row = json.loads(line)
        if row["what"] == "clock":
            out[row["clock"]] = {**out.get(row["clock"], {}), **row}
        else:
            out.setdefault(row["clock"], {}).setdefault("intervals", []).append(row)
    return out


def armed(case):
    """The clock that the ladder waits for, and when it is due."""
    kind, due = case.db.query("SELECT ladder_kind, ladder_due FROM pulih.complaint WHERE id = %s", case.id.hex())[0]
    return tables.word_name("deadline", kind), due


def parse_time(text):
    """Microseconds of a time in JSON."""
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 10**6)


def a_case(**changes):
    case = Case(chain(), channel="email", **changes)
    case.do("reclassified", tier="normal", actor="A-1")
    return case


def check_sums(clock):
    """What counts and what does not is all there is from the first interval to the last, without gaps."""
    rows = clock["intervals"]
    assert all(a["to"] == b["from"] for a, b in zip(rows, rows[1:])), rows
    counted = sum(r["us"] for r in rows if r["counts"])
    left = clock["left_us"] if clock["state"] == "running" else 0
    assert counted == clock["counted_us"] + left, clock
    assert sum(r["us"] for r in rows if not r["counts"]) == clock["not_counted_us"], clock


# --- running ------------------------------------------------------------------------------------------------

@test
def the_ladder_waits_for_the_clock_that_is_due_first():
    case = a_case()
    found = clocks_of(case)
    assert found["resolution"]["state"] == found["update"]["state"] == "running" and found["plan"]["state"] == "met"
    assert found["customer"]["state"] == "unstarted"
    assert armed(case)[0] == "update" and found["update"]["due_at"] < found["resolution"]["due_at"]
    for name in ("resolution", "update"):
        check_sums(found[name])


@test
def what_tells_the_customer_something_starts_the_update_anew():
    case = a_case()
    before = clocks_of(case)["update"]["due_at"]
    case.do("offer_made", **an_offer())
    case.do("offer_answered", answer="declined")
    after = clocks_of(case)["update"]["due_at"]
    assert after > before and armed(case)[0] == "update"


@test
def a_pause_stands_and_counts_nothing():
    case = a_case()
    case.do("paused", pause="customer", actor="A-1")
    found = clocks_of(case)["resolution"]
    assert found["state"] == "paused" and found["due_at"] is None and found["intervals"][-1]["counts"] == 0
    assert found["intervals"][-1]["why"] == "menunggu jawaban pelanggan", found["intervals"][-1]
    case.do("resumed", actor="A-1")
    found = clocks_of(case)["resolution"]
    assert found["state"] == "running" and found["not_counted_us"] > 0
    check_sums(found)
    due = case.row("(extract(epoch from due_at) * 1000000)::int8")
    assert parse_time(found["due_at"]) == due == case.last("clock_resumed")["due_at"]


@test
def an_extension_moves_the_date_once_and_the_customer_is_told():
    case = a_case()
    due = case.row("(extract(epoch from due_at) * 1000000)::int8")
    new = case.do("extended", extension="external", actor="A-1")
    assert [e.name for e in new] == ["extended", "planned", "informed"], new
    assert new[1].body["cause"] == "extension" and new[1].body["by"] == "5 calendar_days"
    assert new[2].body["due_at"] == due + 5 * 24 * HOUR
    assert clocks_of(case)["resolution"]["extended"] == 1
    for body, need in [({"extension": "external"}, "extension_left"), ({"extension": "documents"}, "allowed_reason"),
                       ({"extension": "external", "clock": "update"}, "extensible_clock")]:
        case.do("extended", actor="A-1", **body)
        assert case.last("message_refused")["need"] == need


@test
def a_spoken_complaint_that_is_put_in_writing_gets_the_time_of_one():
    case = Case(chain(), channel="phone")
    case.do("reclassified", tier="normal", actor="A-1")
    received = case.row("(extract(epoch from received_at) * 1000000)::int8")
    assert case.row("(extract(epoch from due_at) * 1000000)::int8") == received + 48 * HOUR
    new = case.do("put_in_writing", actor="A-1")
    assert new[1].body["cause"] == "conversion" and new[1].body["due_at"] == received + 72 * HOUR
    case.do("put_in_writing", actor="A-1")
    assert case.last("message_refused")["need"] == "other_deadline"


@test
def the_ladder_waits_for_the_customers_own_date_where_the_policy_says_so():
    at = int(chain().db.one("SELECT (extract(epoch from now()) * 1000000)::int8")) + 3 * HOUR
    case = Case(chain(), channel="email", customer_deadline=at)
    assert armed(case)[0] == "customer" and parse_time(clocks_of(case)["customer"]["due_at"]) == at


@test
def a_missed_clock_reprimands_under_its_name():
    case = a_case()
    case.db.query("UPDATE pulih.deadline SET due_at = due_at - interval '90 days' WHERE complaint = %s", case.id.hex())
    case.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = 1 AND holder = 0", case.id.hex())
    told = case.last("reprimanded")
    assert told["deadline"] == "update" and told["level"] == 1
    assert "kabar perkembangan" in case.letter(case.last("letter_written")["number"])[3]


@test
def a_closed_complaint_has_met_all_and_reopening_grants_no_time():
    case = a_case()
    case.do("withdrawn")
    found = clocks_of(case)
    assert found["resolution"]["state"] == found["update"]["state"] == "met"
    left = found["resolution"]["left_us"]
    case.do("reopened")
    found = clocks_of(case)["resolution"]
    assert found["state"] == "running" and found["left_us"] <= left


# --- explaining ---------------------------------------------------------------------------------------------

@cases([("Indonesian", "id", ["penyelesaian: berjalan", "kalender default (Asia/Jakarta)", "mulai, tenggat 3 hari kalender",
                "--- sekarang ---", "masih ada", "jatuh tempo", " WIB", "menunggu pihak ketiga"]),
        ("English", "en", ["resolution: running", "calendar default (Asia/Jakarta)", "starts, due within 3 calendar days",
                "--- now ---", "still left", "due    ", " WIB", "waiting for a third party"])])
def explain_speaks_to_people(language, words):
    case = a_case()
    case.do("paused", pause="third_party", actor="A-1")
    case.do("resumed", actor="A-1")
    out = ctl("explain", case.ack["reference"], "--policy", policy(), "--language", language)[0]
    for word in words:
        assert word in out, (word, out)


@test
def explain_says_what_is_wrong():
    assert "neither a reference" in ctl("explain", "PL-0000", "--policy", policy(), code=1)[1]
    assert "--language wants id or en" in ctl("explain", "PL-0000", "--policy", policy(), "--language", "fr", code=2)[1]


# --- another policy -----------------------------------------------------------------------------------------

def whatif(path):
    rows = [json.loads(line) for line in ctl("whatif", "--policy", path, "--json")[0].splitlines()]
    return {r["reference"]: r for r in rows}


@test
def the_same_policy_would_change_nothing():
    several = [a_case(), a_case(), a_case()]
    several[1].do("paused", pause="documents", actor="A-1")
    several[2].do("offer_made", **an_offer())
    chain().wait_quiet()
    told = whatif(policy())
    assert not [c.ack["reference"] for c in several if c.ack["reference"] in told], told


@test
def whatif_lists_just_those_whose_deadline_or_rung_would_change():
    normal, closed, paused = a_case(), a_case(), a_case()
    complex = Case(chain(), channel="email")
    complex.do("reclassified", tier="complex", actor="A-1")
    closed.do("withdrawn")
    paused.do("paused", pause="documents", actor="A-1")
    longer = whatif(many_clocks(resolved_within("normal", "4 calendar_days")))
    told = longer[normal.ack["reference"]]
    due = normal.row("(extract(epoch from due_at) * 1000000)::int8")
    assert told["clock"] == "resolution" and parse_time(told["due_now"]) == due
    assert parse_time(told["due_then"]) == due + 24 * HOUR and (told["rung_now"], told["rung_then"]) == (0, 0)
    assert paused.ack["reference"] in longer
    assert not {complex.ack["reference"], closed.ack["reference"]} & set(longer)
    wait_until(lambda: normal.row("received_at + interval '1 second' < now()"), what="a second has passed")
    shorter = whatif(many_clocks(resolved_within("normal", "1 second")))
    assert shorter[normal.ack["reference"]]["rung_then"] == 1
    assert "--policy is missing" in ctl("whatif", code=2)[1]


# --- a policy that comes into force -------------------------------------------------------------------------

def own_chain(*changes, replicas=1):
    """A chain whose policy the test changes while it runs."""
    path = a_policy(*changes)
    return path, Chain(policy=path, settings={"escalation": {"timer_ms": 20, "timer_items": 3}},
                       replicas={"escalation": replicas})


def reload(daemon):
    before = daemon.log_text().count("policy in force")
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: daemon.log_text().count("policy in force") > before, what="the policy is in force")


def due_of(case):
    return case.row("(extract(epoch from due_at) * 1000000)::int8")


def local(case, column="due_at"):
    return case.row(f"to_char({column} AT TIME ZONE 'Asia/Jakarta', 'YYYY-MM-DD HH24:MI')")


def wait_looked_through(chain):
    wait_until(lambda: chain.db.query("SELECT 1 FROM pulih.policy WHERE done"), what="live complaints are looked through")
    chain.wait_quiet()


@test
def a_calendar_that_is_edited_moves_the_deadlines_of_complaints_that_live():
    path, chain = own_chain()
    wait_looked_through(chain)
    p = chain.publisher()
    several = [Case(chain, publisher=p, channel="email") for _ in range(8)]
    closed, paused, wall = (Case(chain, publisher=p, channel="email") for _ in range(3))
    for case in several + [closed, paused]:
        case.do("reclassified", tier="complex", actor="A-1")
    wall.do("reclassified", tier="important", actor="A-1")
    closed.do("withdrawn")
    paused.do("paused", pause="documents", actor="A-1")
    before = {c.id: due_of(c) for c in several + [closed, paused, wall]}
    events = {c.id: c.names() for c in (closed, paused, wall)}
    day = local(several[0])[:10]
    change_policy(path, (r"  holidays = \[\];", f'  holidays = [ "{day} Libur mendadak" ];'))
    reload(chain.escalation)
    wait_until(lambda: all(due_of(c) > before[c.id] for c in several), what="deadlines have moved")
    wait_looked_through(chain)
    for case in several:
        assert case.names()[-3:] == ["plan_outdated", "planned", "informed"], case.names()
        assert case.last("planned")["cause"] == "policy" and case.last("informed")["due_at"] == due_of(case)
        assert local(case)[:10] > day and local(case)[11:] == "17:00"
        assert case.row("ladder_due = due_at") and case.names().count("plan_outdated") == 1
    for case in (closed, paused, wall):
        assert due_of(case) == before[case.id] and case.names() == events[case.id]
    paused.do("resumed", actor="A-1")
    assert local(paused)[:10] > day
    verify_chains(chain.db)


def explained(chain, case, path):
    out, _ = pulihctl("explain", case.ack["reference"], "--policy", path, "--json", database=chain.db.conninfo())
    rows = [json.loads(line) for line in out.splitlines()]
    return [r for r in rows if r.get("clock") == "resolution" and r["what"] == "interval"]


@test
def an_edited_calendar_leaves_alone_what_was_used_before():
    """Hours around the clock become those of an office that is closed now: what ran until then stays counted."""
    always = (r"  week = \{[\s\S]*?\n  \};", "  always = true;"), (r"  holiday_files = .*", ""), (r'  joint_leave = .*', ""), \
        (r"  holidays = \[\];.*", "")
    path, chain = own_chain(*always, resolved_within("complex", "10 working_hours"))
    case = Case(chain, channel="email")
    case.do("reclassified", tier="complex", actor="A-1")
    wait_looked_through(chain)
    received = case.row("(extract(epoch from received_at) * 1000000)::int8")
    assert due_of(case) == received + 10 * HOUR
    later = (datetime.now(ZoneInfo("Asia/Jakarta")) + timedelta(days=3)).strftime("%A").lower()
    change_policy(path, (r"  always = true;", f'  week = {{ {later} = [ "00:00-02:00" ]; }};\n  holidays = [];'))
    reload(chain.escalation)
    wait_until(lambda: due_of(case) > received + 10 * HOUR, what="the deadline has moved")
    wait_looked_through(chain)
    since = int(chain.db.one("SELECT (extract(epoch from max(since)) * 1000000)::int8 FROM pulih.calendar"))
    rows = explained(chain, case, path)
    used = [r for r in rows if r["counts"] and parse_time(r["from"]) < since]
    assert parse_time(used[0]["from"]) == received and parse_time(used[-1]["to"]) == since, rows[:5]
    assert sum(r["us"] for r in used) == since - received
    assert sum(r["us"] for r in rows if r["counts"]) == 10 * HOUR and parse_time(rows[-1]["to"]) == due_of(case)


@test
def a_policy_that_moves_nothing_says_nothing():
    path, chain = own_chain()
    case = Case(chain, channel="email")
    wait_looked_through(chain)
    before = case.names()
    change_policy(path, (r"offers_max = 3", "offers_max = 4"))
    reload(chain.escalation)
    wait_until(lambda: chain.db.query("SELECT 1 FROM pulih.policy WHERE done AND version <> %s",
                                      case.last("planned")["policy"]))
    assert case.names() == before


@test
def a_look_through_live_complaints_holds_up_no_deadline():
    """One replica looks, and waits for a complaint that somebody holds; another fires what falls due."""
    path, chain = own_chain(replicas=2)
    held, late = (Case(chain, channel="email") for _ in range(2))
    wait_looked_through(chain)
    holder = chain.db.connect()
    holder.autocommit = False
    holder.cursor().execute("SELECT 1 FROM pulih.complaint WHERE id = %s FOR UPDATE", [held.id.hex()])
    change_policy(path, (r"offers_max = 3", "offers_max = 4"))
    chain.escalation.signal(signal.SIGHUP)
    chain.db.wait_blocked("pulih_escalation")
    chain.db.query("UPDATE pulih.deadline SET due_at = due_at - interval '90 days' WHERE complaint = %s", late.id.hex())
    chain.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = 1 AND holder = 0", late.id.hex())
    assert not chain.db.query("SELECT 1 FROM pulih.policy WHERE done")
    holder.rollback()
    wait_looked_through(chain)


main()
