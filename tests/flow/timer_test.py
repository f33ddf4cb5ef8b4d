"""Deadlines: the ladder of reprimands climbs by itself, each rung once, whoever of several replicas sees it first;
an answer stops it; silence does what policy wants."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

LADDER = ["Kepala Regu Layanan", "Manajer Layanan Pelanggan", "Kepala Divisi", "Direktur Operasional"]
PERSONS = ["K201", "K301", "K401", "K501"]
FAST = {"escalation": {"timer_ms": 20}}


@shared
def chain():
    return Chain(replicas={"escalation": 3}, settings=FAST)


def names(events):
    return [e.name for e in events]


def let_pass(*of, warnings=False):
    """Puts the deadlines of complaints into the past, as if that time had come; warnings alone, or all but them."""
    of[0].db.query("UPDATE pulih.deadline SET due_at = due_at - interval '90 days' "
                   "WHERE complaint = ANY (%s::uuid[]) AND (kind = %s) = %s", [c.id.hex() for c in of],
                   word("deadline", "warning"), warnings)


def wait_claimed(*of):
    """Waits until no deadline of the past is left, and what they caused is done."""
    ids = [c.id.hex() for c in of]
    wait_until(lambda: not of[0].db.query("SELECT 1 FROM pulih.deadline WHERE complaint = ANY (%s::uuid[]) "
                                          "AND due_at < now()", ids), what="due deadlines are claimed")
    for c in of:
        c.settle()


def fired(daemons, what="fired"):
    return sum(d.metrics()[f'pulih_deadlines_{what}_total{{stage="escalation"}}'] for d in daemons)


# --- the ladder ---------------------------------------------------------------------------------------------

@test
def a_missed_deadline_reprimands_rung_by_rung_until_the_ladder_ends_each_once():
    case = Case(chain())
    for level, post in enumerate(LADDER, 1):
        let_pass(case)
        wait_claimed(case)
        told = case.events("reprimanded")
        assert len(told) == level and told[-1].body["post"] == post and told[-1].body["level"] == level
        assert told[-1].body["deadline"] == ("resolution" if level == 1 else "acknowledge")
        assert told[-1].body["person"] == PERSONS[level - 1]
        assert [(s["post"], s["silence"]) for s in told[-1].body.get("below", [])] == \
            [(p, "acknowledge") for p in LADDER[:level - 1]]
        assert case.row("level") == level and case.state == "acknowledged"
    let_pass(case)
    wait_claimed(case)
    ended = case.last("ladder_ended")
    assert (ended["level"], ended["post"]) == (4, LADDER[3])
    assert [s["person"] for s in ended["below"]] == PERSONS
    assert case.row("(ended, ladder_armed)::text") == "(1,0)"
    let_pass(case)
    wait_claimed(case)
    assert len(case.events("reprimanded")) == 4 and len(case.events("ladder_ended")) == 1
    assert names(case.events())[4:] == ["deadline_passed", "reprimanded", "letter_written"] * 4 + \
        ["deadline_passed", "ladder_ended", "letter_written", "letter_written"]
    notice = case.letter(case.events("letter_written")[-1].body["number"])
    assert notice[0] == "external_notice" and all(p in notice[3] for p in LADDER), notice


@test
def each_rung_has_its_own_time_to_answer_by_policy():
    case = Case(chain())
    spans = []
    for _ in LADDER:
        let_pass(case)
        wait_claimed(case)
        last = case.events("reprimanded")[-1]
        spans.append(round((last.body["due_at"] - last.recorded) / 60e6))
        assert last.body["missed_at"] < last.recorded < last.body["acknowledge_by"] <= last.body["due_at"]
    assert spans == sorted(spans) and spans[0] >= 4 * 60 and spans[0] < spans[3], spans


@test
def the_feed_tells_every_rung_and_its_letter():
    case = Case(chain())
    for _ in range(5):
        let_pass(case)
        wait_claimed(case)
    feed = chain().subscriber()
    feed.wait_item(case.id, "ladder_ended")
    feed.wait(lambda: len(feed.of(case.id, "letter_written")) == 6)
    assert [i["type"] for i in feed.of(case.id)][1:] == ["reprimanded", "letter_written"] * 4 + \
        ["ladder_ended", "letter_written", "letter_written"]
    assert [i["body"]["letter"] for i in feed.of(case.id, "letter_written")] == \
        ["reprimand"] * 4 + ["handover", "external_notice"]


@test
def a_reprimand_is_a_letter_to_the_post_and_holds_no_address_of_the_customer():
    case = Case(chain(), language="en")
    let_pass(case)
    wait_claimed(case)
    written = case.last("letter_written")
    assert written["post"] == LADDER[0]
    letter = chain().subscriber().letter(case.id, written["number"])
    assert letter["letter"] == "reprimand" and letter["post"] == LADDER[0] and letter["language"] == "id"
    assert LADDER[0] in letter["text"] and case.ack["reference"] in letter["text"]
    assert not {"name", "phone", "email", "address"} & set(letter)
    assert case.body["name"] not in letter["text"] and "{{" not in letter["text"]


@test
def fifty_deadlines_at_once_fire_once_each_with_three_replicas():
    several = [Case(chain(), publisher=chain().publisher()) for _ in range(50)]
    before = fired(chain().daemons["escalation"])
    for round in range(5):
        let_pass(*several)
        wait_claimed(*several)
    for case in several:
        assert [e.body["level"] for e in case.events("reprimanded")] == [1, 2, 3, 4]
        assert len(case.events("ladder_ended")) == 1 and len(case.events("deadline_passed")) == 5
    assert fired(chain().daemons["escalation"]) - before == 250
    verify_chains(chain().db)


@test
def a_deadline_fires_soon_after_it_is_due():
    case = Case(chain())
    case.db.query("UPDATE pulih.deadline SET due_at = now() + interval '300 ms' WHERE complaint = %s", case.id.hex())
    case.db.wait_row("SELECT 1 FROM pulih.event WHERE complaint = %s AND type = %s", case.id.hex(), WIRE["reprimanded"])
    passed = case.events("deadline_passed")[0]
    lag_ms = (passed.recorded - passed.body["due_at"]) / 1000
    note(f"{lag_ms:.0f} ms after it was due")
    assert passed.occurred == passed.body["due_at"] and 0 <= lag_ms < 2000 * SLOW, lag_ms


@test
def more_deadlines_than_fit_one_transaction_all_fire():
    own = Chain(settings={"escalation": {"timer_ms": 20, "timer_items": 7}})
    p = own.publisher()
    several = [Case(own, publisher=p) for _ in range(30)]
    let_pass(*several)
    wait_claimed(*several)
    assert all(len(c.events("reprimanded")) == 1 for c in several)


@test
def a_deadline_that_passes_while_escalation_is_down_fires_when_it_is_back():
    own = Chain(settings=FAST)
    case = Case(own)
    own.escalation.stop()
    let_pass(case)
    own.escalation.start()
    wait_claimed(case)
    assert case.row("level") == 1


@test
def replicas_that_are_killed_in_between_lose_and_double_nothing():
    own = Chain(replicas={"escalation": 3}, settings=FAST)
    p = own.publisher()
    several = [Case(own, publisher=p) for _ in range(20)]
    for round in range(3):
        let_pass(*several)
        own.daemons["escalation"][round].kill()
        if round == 2:
            own.daemons["escalation"][0].start()
        wait_claimed(*several)
    for case in several:
        assert [e.body["level"] for e in case.events("reprimanded")] == [1, 2, 3], names(case.events())
    verify_chains(own.db)


# --- what stops it ------------------------------------------------------------------------------------------

def stays_calm(case, level=0):
    """All deadlines of the complaint pass, and nothing comes of it."""
    before = names(case.events())
    moot = fired(chain().daemons["escalation"], "moot")
    let_pass(case, warnings=True)
    let_pass(case)
    wait_claimed(case)
    wait_until(lambda: fired(chain().daemons["escalation"], "moot") > moot)
    assert names(case.events()) == before and case.row("level") == level
    assert not case.db.query("SELECT 1 FROM pulih.deadline WHERE complaint = %s", case.id.hex())


def drop_silence(case):
    """Leaves only the ladder's deadlines."""
    case.db.query("DELETE FROM pulih.deadline WHERE complaint = %s AND kind = %s", case.id.hex(),
                  word("deadline", "silence"))


@test
def an_acknowledgement_and_an_answer_stop_the_climb_until_their_dates():
    case = Case(chain())
    let_pass(case)
    wait_claimed(case)
    case.do("reprimand_acknowledged", actor="K202")
    assert case.last("taken_on")["due_at"] == case.last("reprimanded")["due_at"]
    due = case.events()[-1].recorded + 3600_000_000
    case.do("reprimand_answered", actor="K201", answer="Kurir pengganti berangkat hari ini.", due_at=due)
    assert case.last("reprimand_met")["due_at"] == due and case.row("level") == 1
    assert names(case.events())[-1] == "informed" and case.letter(case.last("informed")["letter"])[0] == "update"
    armed = case.row("ladder_armed")
    before = names(case.events())
    case.db.query("UPDATE pulih.deadline SET due_at = now() - interval '1 day' WHERE complaint = %s AND armed <> %s",
                  case.id.hex(), armed)
    wait_claimed(case)
    assert names(case.events()) == before and case.row("ladder_armed") == armed
    let_pass(case)
    wait_claimed(case)
    assert [e.body["level"] for e in case.events("reprimanded")] == [1, 2]
    assert "below" not in case.last("reprimanded")  # the one below had answered


@test
def only_a_named_person_answers_and_the_refusal_says_so():
    case = Case(chain())
    let_pass(case)
    wait_claimed(case)
    case.do("reprimand_acknowledged", actor="K110")
    assert case.last("message_refused")["need"] == "named_post" and not case.events("taken_on")
    case.do("reprimand_acknowledged", actor="K501")  # a higher post may
    assert case.events("taken_on")


@test
def a_complaint_that_is_handed_back_down_starts_at_the_first_rung_again():
    case = Case(chain())
    for _ in range(3):
        let_pass(case)
        wait_claimed(case)
    case.do("deescalated", actor="K401", why="Regu dapat melanjutkan.")
    assert case.last("calmed")["level"] == 3 and case.row("(level, ended)::text") == "(0,0)"
    let_pass(case)
    wait_claimed(case)
    assert [e.body["level"] for e in case.events("reprimanded")] == [1, 2, 3, 1]


# --- who is told, and when ------------------------------------------------------------------------------------

@test
def who_is_away_is_not_told_and_an_empty_post_is_passed_over():
    own = Chain(settings=FAST, policy=a_policy(
        (r"(?s)absences = \(\n.*?\n\);", "absences = (" + ", ".join(
            f'{{ person = "{p}"; from = "2000-01-01"; until = "2050-12-31"; }}' for p in ("K201", "K301", "K302")) + ");")))
    case = Case(own)
    for _ in range(2):
        let_pass(case)
        wait_claimed(case)
    told = [e.body for e in case.events("reprimanded")]
    assert [(t["level"], t["person"]) for t in told] == [(1, "K202"), (3, "K401")]
    assert [(s["post"], s["silence"], s.get("person")) for s in told[1]["below"]] == \
        [(LADDER[0], "acknowledge", "K202"), (LADDER[1], "nobody", None)]
    number = case.last("letter_written")["number"]
    assert f"2. {LADDER[1]}: tidak ada pejabat yang bertugas" in case.letter(number)[3]


@test
def a_warning_comes_before_the_deadline_and_changes_nothing():
    case = Case(chain())
    armed, due = case.row("ladder_armed"), case.row("(extract(epoch from ladder_due) * 1000000)::int8")
    let_pass(case, warnings=True)
    wait_claimed(case)
    warned = case.last("warned")
    assert (warned["deadline"], warned["due_at"], warned["level"]) == ("resolution", due, 0)
    assert case.letter(case.last("letter_written")["number"])[0] == "warning"
    assert case.row("ladder_armed") == armed and case.row("level") == 0
    let_pass(case)
    wait_claimed(case)
    assert case.row("level") == 1


@test
def an_important_complaint_pages_at_once_and_skips_the_lowest_rung():
    case = Case(chain(), story="The charger caught fire in my hand and burnt my fingers.", language="en")
    paged = case.last("paged")
    assert paged["post"] == LADDER[1] and paged["person"] == "K301", names(case.events())
    assert names(case.events())[:5] == ["complaint", "classified", "planned", "acknowledged", "paged"]
    assert case.letter(paged["letter"])[0] == "page"
    let_pass(case)
    wait_claimed(case)
    assert case.last("reprimanded")["post"] == LADDER[2] and case.last("reprimanded")["deadline"] == "acknowledge"
    case.do("reprimand_acknowledged", actor="K402")
    assert case.row("ladder_kind") == word("deadline", "reprimand")


@test
def a_large_offer_waits_for_named_posts_and_silence_asks_the_next_one():
    case = Case(chain())
    case.do("offer_made", **an_offer(amount=30_000_000, actor="K401"))
    asked = case.last("approval_asked")
    assert (asked["post"], asked["person"]) == ("Kepala Divisi", "K402"), asked  # not the one who proposed it
    case.do("approved", actor="K401", role="director")
    assert case.last("message_refused")["need"] == "other_person"
    case.do("approved", actor="B-2", role="director")
    assert case.last("message_refused")["need"] == "named_post"
    case.db.query("UPDATE pulih.deadline SET due_at = now() - interval '1 day' WHERE complaint = %s AND kind = %s",
                  case.id.hex(), word("deadline", "approval"))
    wait_claimed(case)
    assert case.last("approval_asked")["post"] == "Direktur Operasional" and case.state == "approving"
    case.do("approved", actor="K501", role="director")
    assert case.state == "offered" and case.row("approval_armed") == 0
    assert case.last("offered")["amount"] == 30_000_000
    case.do("refused", actor="K502", why="Terlalu besar.")
    assert case.last("message_refused")["need"] == "move" and case.state == "offered"


@test
def what_is_passed_on_too_often_climbs_at_once():
    case = Case(chain())
    own = [d for d in ("product", "price", "service", "payment", "technical") if d != case.last("classified")["department"]]
    for department in own[:4]:
        assert case.row("level") == 0
        case.do("reclassified", department=department, actor="A-1")
    case.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = 1 AND holder = 0", case.id.hex())
    assert case.row("transfers") == 4 and case.last("reprimanded")["deadline"] == "transfers"


@test
def an_offer_to_the_customer_stops_the_climb():
    case = Case(chain())
    let_pass(case)
    wait_claimed(case)
    assert case.row("level") == 1
    case.do("offer_made", **an_offer())
    drop_silence(case)
    stays_calm(case, level=1)


@test
def a_complaint_that_waits_for_verification_is_not_reprimanded():
    case = Case(chain(), "verifying")
    drop_silence(case)
    stays_calm(case)


@test
def a_closed_complaint_is_not_reprimanded():
    stays_calm(Case(chain(), "closed"))


@test
def while_the_clock_stands_no_deadline_counts():
    case = Case(chain())
    case.do("paused", pause="documents", actor="A-1")
    stays_calm(case)


@test
def a_resumed_clock_is_watched_again():
    case = Case(chain())
    case.do("paused", pause="documents", actor="A-1")
    case.do("resumed", actor="A-1")
    let_pass(case)
    wait_claimed(case)
    assert len(case.events("reprimanded")) == 1


@test
def a_later_plan_makes_the_earlier_deadline_moot():
    case = Case(chain())
    first = case.db.one("SELECT armed FROM pulih.deadline WHERE complaint = %s AND kind = %s", case.id.hex(),
                        word("deadline", "resolution"))
    case.do("reclassified", tier="complex", actor="A-1")
    before = names(case.events())
    case.db.query("UPDATE pulih.deadline SET due_at = now() - interval '1 day' WHERE complaint = %s AND armed = %s",
                  case.id.hex(), first)
    wait_claimed(case)
    assert names(case.events()) == before
    let_pass(case)
    wait_claimed(case)
    assert case.row("level") == 1


@test
def a_declined_offer_lets_the_deadline_run_on():
    case = Case(chain(), "offered")
    case.do("offer_answered", answer="declined")
    let_pass(case)
    wait_claimed(case)
    assert case.row("level") == 1 and case.state == "acknowledged"


@test
def a_reopened_complaint_starts_at_the_first_rung_again():
    case = Case(chain())
    case.do("reclassified", tier="important", actor="A-1")  # watched round the clock; its first post is paged
    for _ in range(3):
        let_pass(case)
        wait_claimed(case)
    assert case.row("ended") == 1
    case.do("withdrawn")
    case.do("reopened")
    # Nothing of its time was left, so the first rung is reprimanded at once.
    case.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = 1 AND ended = 0 AND holder = 0",
                     case.id.hex())
    assert [e.body["level"] for e in case.events("reprimanded")] == [2, 3, 1]


@test
def above_the_last_rung_a_person_can_still_lead_it_to_its_end():
    case = Case(chain())
    for _ in range(5):
        let_pass(case)
        wait_claimed(case)
    for type, body in [("offer_made", an_offer()), ("offer_answered", {"answer": "accepted"}), ("executed", {}),
                       ("verification_answered", {"satisfied": True})]:
        case.do(type, **body)
    assert case.state == "closed" and case.last("closed")["closure"] == "resolved"


# --- silence ------------------------------------------------------------------------------------------------

@test
def silence_on_an_offer_climbs_where_policy_does_not_close():
    case = Case(chain(), "offered")
    let_pass(case)
    wait_claimed(case)
    case.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = 1 AND holder = 0", case.id.hex())
    assert case.state == "offered" and "silence_passed" in names(case.events())
    assert len(case.events("reprimanded")) == 1


@test
def silence_on_the_question_whether_all_is_well_closes_by_policy():
    case = Case(chain(), "verifying")
    let_pass(case)
    wait_claimed(case)
    assert case.state == "closed" and case.last("closed")["closure"] == "silence"
    assert case.letter(case.last("closed")["letter"])[0] == "closing"
    assert names(case.events())[-2:] == ["silence_passed", "closed"]


@test
def an_answer_in_time_makes_silence_moot():
    case = Case(chain(), "offered")
    case.do("offer_answered", answer="accepted")
    case.db.query("UPDATE pulih.deadline SET due_at = now() - interval '1 day' WHERE complaint = %s AND kind = %s",
                  case.id.hex(), word("deadline", "silence"))
    wait_claimed(case)
    assert "silence_passed" not in names(case.events()) and case.state == "accepted"


@test
def the_other_policy_closes_on_a_silent_offer_and_climbs_on_a_silent_verification():
    own = Chain(settings=FAST, policy=a_policy((r"offer = false; verification = true",
                                                "offer = true; verification = false")))
    offered, verifying = Case(own, "offered"), Case(own, "verifying")
    let_pass(offered, verifying)
    wait_claimed(offered, verifying)
    assert offered.state == "closed" and offered.last("closed")["closure"] == "silence"
    own.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = 1 AND holder = 0", verifying.id.hex())
    assert verifying.state == "verifying" and len(verifying.events("reprimanded")) == 1


@test
def a_silent_complaint_can_be_taken_up_again():
    case = Case(chain(), "verifying")
    let_pass(case)
    wait_claimed(case)
    case.do("reopened", words="Saya baru kembali dari luar kota.")
    assert case.state == "acknowledged" and case.row("ladder_armed") > 0


@test
def all_chronologies_of_this_script_hold():
    chain().wait_quiet()
    verify_chains(chain().db)
    assert chain().db.one("SELECT count(*) FROM pulih.dead") == 0


main()
