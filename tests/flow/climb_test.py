"""What climbs beside missed clocks, and what stops a climb, with real daemons: customers who are ignored, third parties,
rejected complaints that go to a named post by a day, updates that fail to come."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

FAST = {"escalation": {"timer_ms": 20}}
COMPLIANCE, DIVISION = "Kepala Kepatuhan", "Kepala Divisi"
FORWARDS = f"""forwards = (
  {{ on = "third_party"; text = true; post = "{COMPLIANCE}"; }},
  {{ on = "third_party"; }},
  {{ on = "rejected"; by = "1 second"; post = "{DIVISION}"; }},
  {{ on = "rejected"; by = "20 calendar_days"; post = "{COMPLIANCE}"; }},
  {{ on = "ignored"; after = 3; }},
  {{ on = "ignored"; within = "2 working_days"; }}
);
"""
CLOCKS = """clocks = (
  { name = "plan"; }, { name = "resolution"; },
  { name = "update"; within = "30 hours"; }
);
// After so many declined"""


@shared
def chain():
    policy = a_policy((r"forwards = \([\s\S]*?\n\);\n", FORWARDS),
                      (r"clocks = \([^;]*;[\s\S]*?\n\);\n// After so many declined", CLOCKS),
                      (r"(resolve_within = \{[^}]*normal +)= \"[^\"]*\"", r'\1= "30 calendar_days"'))
    return Chain(policy=policy, settings=FAST)


def a_case():
    case = Case(chain())
    case.do("reclassified", tier="normal", actor="A-1")
    return case


def forwarded(case):
    """(post, occasion) of the letters that went to posts by `forwards`."""
    return [(e.body["post"], e.body["because"]) for e in case.events("letter_written") if "because" in e.body]


def wait_level(case, level):
    case.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = %s AND holder = 0 AND waiting = 0",
                     case.id.hex(), level)


def wait_forwarded(case, n):
    wait_until(lambda: len(forwarded(case)) >= n, what=f"{n} letters are forwarded")
    case.settle()


def deadlines(case, kind="forwarding"):
    """Seconds from receipt to each deadline of the kind."""
    return [float(r[0]) for r in case.db.query(
        "SELECT extract(epoch from d.due_at - c.received_at) FROM pulih.deadline d JOIN pulih.complaint c "
        "ON c.id = d.complaint WHERE c.id = %s AND d.kind = %s ORDER BY 1", case.id.hex(), word("deadline", kind))]


# --- forwards -------------------------------------------------------------------------------------------------

@test
def a_third_party_is_told_to_its_handler_and_climbs():
    case = a_case()
    case.do("contact", contact="third_party", third_party="regulator", ref="S-417/2026", words="Mohon tanggapan.")
    wait_level(case, 1)
    assert forwarded(case) == [(COMPLIANCE, "third_party")]
    assert case.last("reprimanded")["deadline"] == "third_party"
    written = [e.body for e in case.events("letter_written") if "because" in e.body][0]
    kind, post, _, text = case.letter(written["number"])
    assert (kind, post) == ("handover", COMPLIANCE) and "pihak ketiga terlibat" in text, text
    feed = chain().subscriber()
    said = feed.wait_item(case.id, "contact")["body"]
    assert said == {"contact": "third_party", "third_party": "regulator", "ref": "S-417/2026"}, said


@test
def a_third_party_in_the_text_is_found():
    case = Case(chain(), language="id", story="Karena tidak ada tanggapan, saya sudah melaporkan bank ini ke OJK dan Ombudsman, "
                "dan pengacara saya akan menghubungi media. Saldo saya terpotong dua kali.")
    assert case.last("classified").get("third_party") is True, case.last("classified")
    wait_forwarded(case, 1)
    assert forwarded(case)[0] == (COMPLIANCE, "third_party")


@test
def what_is_rejected_goes_to_a_named_post_by_its_day_and_consent_ends_that():
    case = a_case()
    case.do("offer_made", **an_offer(remedy="explanation", amount=None, currency=None))
    wait_forwarded(case, 1)
    assert forwarded(case) == [(DIVISION, "rejected")]
    left = deadlines(case)
    assert len(left) == 1 and 19 * 86400 < left[0] <= 20 * 86400, left  # day 20 by the calendar, at its end
    case.do("offer_answered", answer="accepted")
    case.db.query("UPDATE pulih.deadline SET due_at = now() WHERE complaint = %s AND kind = %s", case.id.hex(),
                  word("deadline", "forwarding"))
    case.db.wait_row("SELECT 1 FROM pulih.event WHERE complaint = %s AND type = %s HAVING count(*) = 2", case.id.hex(),
                     WIRE["forward_passed"])
    case.settle()
    assert forwarded(case) == [(DIVISION, "rejected")]


@test
def a_closed_complaint_is_forwarded_to_nobody():
    case = a_case()
    case.do("offer_made", **an_offer(remedy="explanation", amount=None, currency=None))
    wait_forwarded(case, 1)
    case.do("withdrawn")
    before = [e.name for e in case.events()]
    case.db.query("UPDATE pulih.deadline SET due_at = due_at - interval '90 days' WHERE complaint = %s", case.id.hex())
    wait_until(lambda: not case.db.query("SELECT 1 FROM pulih.deadline WHERE complaint = %s", case.id.hex()))
    assert [e.name for e in case.events()] == before
    case.do("contact", contact="third_party")
    assert case.last("message_refused")["need"] == "open_complaint"


@test
def who_asks_a_third_time_in_vain_is_ignored_and_a_word_of_ours_counts():
    case = a_case()
    for contact in ("asked", "asked", "told", "asked", "asked"):
        case.do("contact", contact=contact)
    assert case.row("level") == 0
    # A question waits for two working days at most; the one before the word of ours is answered.
    assert len(deadlines(case)) >= 1 and not case.events("forward_passed")
    case.do("contact", contact="asked", words="Sudah tiga kali saya bertanya.")
    wait_level(case, 1)
    assert case.last("reprimanded")["deadline"] == "ignored"
    number = case.last("letter_written")["number"]
    assert "pelanggan diabaikan" in case.letter(number)[3]


# --- updates --------------------------------------------------------------------------------------------------

def due_of_ladder(case):
    return case.db.query("SELECT ladder_kind, ladder_due FROM pulih.complaint WHERE id = %s", case.id.hex())[0]


@test
def telling_the_customer_how_it_stands_is_an_update():
    case = a_case()
    kind, due = due_of_ladder(case)
    assert kind == word("deadline", "update")
    case.do("contact", contact="asked")
    assert due_of_ladder(case) == (kind, due)
    case.do("contact", contact="told", words="Teknisi datang besok pagi.")
    after_kind, after = due_of_ladder(case)
    assert after_kind == kind and after > due


@test
def a_missed_update_climbs_under_its_name():
    case = a_case()
    case.do("contact", contact="told")
    case.db.query("UPDATE pulih.deadline SET due_at = due_at - interval '90 days' WHERE complaint = %s AND kind = %s",
                  case.id.hex(), word("deadline", "update"))
    wait_level(case, 1)
    assert case.last("reprimanded")["deadline"] == "update"


# --- what stops it --------------------------------------------------------------------------------------------

def pass_ladder(case):
    """What the ladder waits for passes."""
    case.db.query("UPDATE pulih.deadline d SET due_at = d.due_at - interval '90 days' FROM pulih.complaint c WHERE c.id = d.complaint "
                  "AND c.id = %s AND d.armed = c.ladder_armed AND d.kind = c.ladder_kind", case.id.hex())


def answer(case):
    at = int(case.db.one("SELECT (extract(epoch from now()) * 1000000)::int8")) + 3600 * 10**6
    case.do("reprimand_answered", actor="K501", answer="Teknisi berangkat sekarang.", due_at=at)
    return {"reprimand_met"}


def hand_down(case):
    case.do("deescalated", actor="K501", why="Regu dapat melanjutkan.")
    return {"calmed"}


def withdraw(case):
    case.do("withdrawn")
    return {"closed"}


@cases([(f"{stop.__name__.replace('_', ' ')} on rung {rung}", stop, rung) for stop in (answer, hand_down, withdraw)
        for rung in (1, 2, 3, 4, 5)])
def stops_the_climb(stop, rung):
    """No deadline that was armed before posts anything after it; the fifth rung is above the last."""
    case = Case(chain())
    for n in range(1, rung + 1):
        pass_ladder(case)
        if n < 5:
            wait_level(case, n)
        else:
            case.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND ended = 1 AND holder = 0", case.id.hex())
    assert stop(case) <= {e.name for e in case.events()}
    before, armed = [e.name for e in case.events()], case.row("ladder_armed")
    old = "complaint = %s AND armed <> %s"
    case.db.query(f"UPDATE pulih.deadline SET due_at = due_at - interval '90 days' WHERE {old}", case.id.hex(), armed)
    wait_until(lambda: not case.db.query(f"SELECT 1 FROM pulih.deadline WHERE {old}", case.id.hex(), armed))
    case.settle()
    assert [e.name for e in case.events()] == before and case.row("ladder_armed") == armed


main()
