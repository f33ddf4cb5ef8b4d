"""The ledger of promises with real daemons: every date that a letter tells is an entry of it, the customer may agree to
another one, pulihctl shows what became of each, and no letter goes out that lacks what the policy demands."""
import json
import os
import sys
from collections import Counter
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from tables import word

HOUR = 3600 * 10**6


@shared
def chain():
    return Chain(policy=a_policy(), settings={"escalation": {"timer_ms": 20}})


def ctl(*args, code=0):
    return pulihctl(*args, code=code, database=chain().db.conninfo())


def promises(case):
    return [json.loads(line) for line in ctl("promises", case.ack["reference"], "--json")[0].splitlines()]


def states(case, deadline):
    return [p["state"] for p in promises(case) if p["deadline"] == deadline]


def parse_time(text):
    """Microseconds of a time in JSON."""
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 10**6)


def now():
    return int(chain().db.one("SELECT (extract(epoch from now()) * 1000000)::int8"))


def a_case(**changes):
    case = Case(chain(), channel="email", language="en", **changes)
    case.do("reclassified", tier="normal", actor="A-1")
    return case


def in_words(us):
    """A date as an English letter has it."""
    return chain().db.one("SELECT to_char(to_timestamp(%s / 1000000.0) AT TIME ZONE 'Asia/Jakarta', "
                          "'FMDay, FMDD FMMonth YYYY, HH24:MI') || ' WIB'", us)


# --- the ledger ---------------------------------------------------------------------------------------------

@test
def every_date_that_a_letter_tells_is_an_entry():
    case = a_case()
    by = case.last("planned")["due_at"] - HOUR
    case.do("offer_made", execute_by=by + 2 * HOUR, **an_offer())
    assert case.last("message_refused")["need"] == "date_in_time"
    case.do("offer_made", execute_by=by, **an_offer())
    assert in_words(by) in case.letter(case.last("offered")["letter"])[3]
    case.do("offer_answered", answer="accepted")
    case.do("executed", actor="A-1")
    told = promises(case)
    assert [(p["deadline"], p["to"], p["by"]) for p in told] == [
        ("plan", "customer", "company"), ("resolution", "customer", "company"), ("resolution", "customer", "company"),
        ("silence", "customer", "customer"), ("execution", "customer", "company"), ("silence", "customer", "customer")], told
    assert parse_time(told[0]["due_at"]) == case.ack["promised_at"] and told[0]["letter"] == 0
    for p in told[1:]:
        assert in_words(parse_time(p["due_at"])) in case.letter(p["letter"])[3], (p, case.letter(p["letter"]))
    assert [p["state"] for p in told] == ["kept", "superseded", "kept", "kept", "kept", "open"], told
    assert told[1]["because"] == "correction" and told[1]["consent"] == 0


@test
def the_customer_agrees_to_another_date():
    case = a_case()
    due = case.last("planned")["due_at"]
    agreed = now() + 5 * HOUR
    new = case.do("renegotiated", due_at=agreed, extension="documents", words="Monday suits me.", actor="A-1")
    assert [e.name for e in new] == ["renegotiated", "planned", "informed"], new
    assert new[1].body["cause"] == "agreement" and new[1].body["message"] == new[0].version
    assert case.row("(extract(epoch from due_at) * 1000000)::int8") == agreed == new[2].body["due_at"]
    letter = case.letter(new[2].body["letter"])[3]
    assert in_words(agreed) in letter and "special examination of documents" in letter, letter
    old, new_one = [p for p in promises(case) if p["deadline"] == "resolution"][-2:]
    assert parse_time(old["due_at"]) == due and old["state"] == "renegotiated" and old["because"] == "agreement"
    assert old["reason"] == "documents" and old["consent"] == new[0].version
    assert new_one["state"] == "open" and parse_time(new_one["due_at"]) == agreed
    for body, need in [({"due_at": agreed}, "other_deadline"), ({"due_at": now() - HOUR}, "date_in_time"),
                       ({"due_at": now() + 9000 * HOUR}, "date_in_time")]:
        case.do("renegotiated", extension="documents", words="Yes.", actor="A-1", **body)
        assert case.last("message_refused")["need"] == need
    case.do("paused", pause="documents", actor="A-1")
    case.do("renegotiated", due_at=agreed + HOUR, extension="documents", words="Yes.", actor="A-1")
    assert case.last("message_refused")["need"] == "running_clock"


@test
def a_post_is_told_by_when_it_must_act():
    case = a_case()
    case.db.query("UPDATE pulih.deadline SET due_at = due_at - interval '90 days' WHERE complaint = %s", case.id.hex())
    case.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = 1 AND holder = 0", case.id.hex())
    told = [p for p in promises(case) if p["to"] == "post"]
    by = {p["deadline"]: p for p in told}
    assert {"acknowledge", "reprimand"} <= set(by), told
    assert by["reprimand"]["post"] == case.last("reprimanded")["post"] and by["reprimand"]["by"] == "post"
    assert by["reprimand"]["letter"] == by["acknowledge"]["letter"] == case.last("letter_written")["number"]


@test
def the_customers_own_date_is_warned_of_and_nobody_is_reprimanded():
    at = now() + 5 * 24 * HOUR
    case = a_case(customer_deadline=at)
    own, = [p for p in promises(case) if p["deadline"] == "customer"]
    assert parse_time(own["due_at"]) == at and own["to"] == own["by"] == "company" and own["state"] == "open"
    assert not case.row("ladder_due = to_timestamp(%s / 1000000.0)" % at)
    assert case.db.query("UPDATE pulih.deadline SET due_at = now() WHERE complaint = %s AND kind = %s AND due_at < to_timestamp(%s / "
                         "1000000.0) RETURNING 1", case.id.hex(), word("deadline", "reminder"), at)
    wait_until(lambda: case.events("warned"), what="a post is warned")
    case.settle()
    told = case.last("warned")
    assert told["deadline"] == "customer" and told["due_at"] == at and told["level"] == case.row("level") == 0, told
    text = case.letter(case.last("letter_written")["number"])[3]
    assert "tenggat dari pelanggan" in text and "Tenggat dari perusahaan atau regulator" in text, text
    case.do("withdrawn")
    assert states(case, "customer") == ["superseded", "superseded"]


@test
def what_is_due_is_listed_the_most_urgent_first():
    soon, later = a_case(), a_case()
    soon.do("renegotiated", due_at=now() + HOUR, extension="offices", words="Yes.", actor="A-1")
    rows = [json.loads(line) for line in ctl("promises", "--due", "--within", "2", "--limit", "1000", "--json")[0].splitlines()]
    mine = [r for r in rows if r["reference"] == soon.ack["reference"] and r["deadline"] == "resolution"]
    assert len(mine) == 1 and mine[0]["state"] == "open" and 0 < mine[0]["left_us"] <= HOUR, mine
    assert not [r for r in rows if r["reference"] == later.ack["reference"]], rows
    assert rows == sorted(rows, key=lambda r: r["due_at"])
    assert ctl("promises", "--within", "0")[0].count(soon.ack["reference"]) == 0
    wide, said = ctl("promises", "--within", "2000", "--limit", "1")
    assert len(wide.splitlines()) == 2 and "see --limit" in said, (wide, said)


@cases([("Indonesian", "id", ["perihal", "kepada", "jatuh tempo", "tanda terima", "langkah dan tenggat", "disepakati ulang",
                              "kesepakatan dengan pelanggan: komunikasi antarkantor (pesan ", "surat penerimaan"]),
        ("English", "en", ["told to", "receipt", "steps and deadline", "renegotiated",
                           "agreed with the customer: communication between offices (message ", "acknowledgement"])])
def promises_speak_to_people(language, words):
    case = a_case()
    case.do("renegotiated", due_at=now() + 4 * HOUR, extension="offices", words="Yes.", actor="A-1")
    out = ctl("promises", case.ack["reference"], "--language", language)[0]
    for word in words:
        assert word in out, (word, out)
    assert case.ack["reference"] in ctl("promises", "--language", language, "--within", "5", "--limit", "1000")[0]


@test
def promises_say_what_is_wrong():
    assert "--language wants id or en" in ctl("promises", "--language", "fr", code=2)[1]
    assert "leave REF out" in ctl("promises", "PL-0000", "--due", code=2)[1]
    assert "neither a reference" in ctl("promises", "PL-0000", code=1)[1]
    assert "--within wants" in ctl("promises", "--within", "x", code=2)[1]


@test
def what_was_kept_is_counted():
    case = a_case()
    case.do("offer_made", **an_offer())
    case.do("offer_answered", answer="accepted")
    kept = 'pulih_promises_kept_total{stage="followup"}'
    before = chain().followup.metrics()[kept]
    case.do("executed", actor="A-1")
    wait_until(lambda: chain().followup.metrics()[kept] == before + 1, what="the promise is counted")


def stats(*args):
    rows = [json.loads(line) for line in ctl("stats", "--promises", *args, "--json")[0].splitlines()]
    return {r["name"] or r["by"]: r for r in rows if r["what"] == "promises"}


@test
def stats_tell_how_many_promises_each_department_kept():
    kept, moved, late = a_case(), a_case(), a_case()
    kept.do("reclassified", department="delivery", actor="A-1")
    kept.do("offer_made", **an_offer())
    kept.do("offer_answered", answer="accepted")
    kept.do("executed", actor="A-1")
    moved.do("reclassified", department="payment", actor="A-1")
    moved.do("renegotiated", due_at=now() + HOUR, extension="offices", words="Yes.", actor="A-1")
    late.do("reclassified", department="payment", actor="A-1")
    late.db.query("UPDATE pulih.promise SET due_at = told_at WHERE complaint = %s AND n = 1", late.id.hex())
    chain().wait_quiet()
    wanted = {}
    for row in (json.loads(line) for line in ctl("list", "--limit", "1000", "--json")[0].splitlines()):
        entries = [json.loads(line) for line in ctl("promises", row["reference"], "--json")[0].splitlines()]
        for e in (e for e in entries if (e["to"], e["by"]) == ("customer", "company")):
            for name in (row["department"], "all"):
                wanted.setdefault(name, Counter())[e["state"]] += 1
    told = stats()
    assert told.keys() == wanted.keys() and {"delivery", "payment"} <= told.keys(), (told, wanted)
    for name, states in wanted.items():
        row = told[name]
        assert {k: row[k] for k in ("kept", "broken", "renegotiated", "superseded", "open")} == \
            {k: states[k] for k in ("kept", "broken", "renegotiated", "superseded", "open")}, (name, row, states)
        settled = states["kept"] + states["broken"]
        assert row["rate_percent"] == (int(100 * states["kept"] / settled + 0.5) if settled else None), row
    assert told["payment"]["broken"] and told["payment"]["renegotiated"] and told["delivery"]["kept"] >= 2
    assert stats("--since", "2999-01-01").keys() == {"all"} and stats("--since", "2999-01-01")["all"]["rate_percent"] is None
    assert "rate %" in ctl("stats", "--promises")[0]
    assert "--since is for --promises" in ctl("stats", "--since", "2026-01-01", code=2)[1]
    assert "--since wants" in ctl("stats", "--promises", "--since", "x", code=2)[1]


# --- what letters must say ----------------------------------------------------------------------------------

@test
def an_offer_without_the_argument_that_is_demanded_is_refused():
    policy = a_policy()
    change_policy(os.path.join(os.path.dirname(policy), "letters.cfg"),
                  (r"\noffer = \{\n", '\noffer = {\n  demands = [ "argument" ];\n'))
    own = Chain(policy=policy)
    case = Case(own, channel="email")
    case.do("offer_made", **an_offer())
    assert case.last("message_refused")["need"] == "argument" and case.row("offers") == 0
    case.do("offer_made", **an_offer(argument="Sesuai garansi."))
    assert "Sesuai garansi." in case.letter(case.last("offered")["letter"])[3]


main()
