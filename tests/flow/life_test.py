"""The life of a complaint behind its acknowledgement: offers, approval, consent, execution, verification, closing
and what else people say about it."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *


@shared
def chain():
    return Chain()


def a_case(state="acknowledged", **changes):
    return Case(chain(), state, **changes)


def names(events):
    return [e.name for e in events]


def told(case, name):
    """The last item of that name about the complaint on the feed."""
    return chain().subscriber().wait_item(case.id, name)


def refused(case, type, need, /, **body):
    """Says something that must not take effect: state and everything else stay, chronology and feed tell why."""
    before = case.row("(state, clock, level, offers, letters, promises, ladder_armed, silence_armed)::text")
    state = case.state
    new = case.do(type, **body)
    assert names(new) == [type, "message_refused"], new
    assert new[1].body == {"type": type, "version": new[0].version, "state": state, "need": need}, new[1].body
    assert case.row("(state, clock, level, offers, letters, promises, ladder_armed, silence_armed)::text") == before
    item = told(case, "message_refused")
    assert item["body"] == new[1].body and item["version"] == new[1].version, item


# --- offers -------------------------------------------------------------------------------------------------

@test
def an_offer_within_authority_goes_to_the_customer():
    case = a_case()
    new = case.do("offer_made", **an_offer())
    assert names(new) == ["offer_made", "offered"] and case.state == "offered"
    body = new[1].body
    assert (body["offer"], body["remedy"], body["amount"], body["currency"]) == (1, "compensation", 100000, "IDR")
    kind, post, subject, text = case.letter(body["letter"])
    assert (kind, post) == ("offer", None) and an_offer()["solution"] in text and "100.000" in text, text
    assert told(case, "offered")["body"] == body


@test
def an_offer_without_money_needs_no_authority():
    case = a_case()
    case.do("offer_made", **an_offer(amount=None, currency=None, remedy="apology"))
    assert case.state == "offered" and "amount" not in case.last("offered")


@test
def what_is_offered_in_words_stands_in_no_event():
    case = a_case("offered")
    assert all("solution" not in e.body and "argument" not in e.body for e in case.events())


@test
def while_the_customer_thinks_the_clock_of_the_ladder_stands():
    case = a_case()
    assert case.row("ladder_armed") > 0
    case.do("offer_made", **an_offer())
    assert case.row("ladder_armed") == 0 and case.row("ladder_left_us") > 0 and case.row("silence_armed") > 0


@test
def an_offer_beyond_authority_asks_the_first_post_of_the_ladder():
    case = a_case()
    new = case.do("offer_made", **an_offer(amount=300000))
    assert names(new) == ["offer_made", "approval_asked"] and case.state == "approving"
    kind, post, _, text = case.letter(new[1].body["letter"])
    assert (kind, post) == ("approval_request", "Kepala Regu Layanan") and new[1].body["post"] == post
    assert an_offer()["solution"] in text and told(case, "approval_asked")["body"] == new[1].body


@test
def an_offer_of_exactly_the_limit_is_within_authority():
    case = a_case()
    case.do("offer_made", **an_offer(amount=250000))
    assert case.state == "offered"
    case = a_case()
    case.do("offer_made", **an_offer(amount=250001))
    assert case.state == "approving"


@test
def a_higher_role_may_offer_more_alone():
    case = a_case()
    case.do("offer_made", **an_offer(amount=5000000, role="manager"))
    assert case.state == "offered"


@test
def money_in_a_foreign_currency_is_beyond_any_authority():
    case = a_case()
    case.do("offer_made", **an_offer(amount=1, currency="USD", role="director"))
    assert case.state == "approving"


@test
def corruption_is_settled_by_two_whatever_the_amount():
    case = a_case(story="Petugas loket meminta uang suap Rp50.000 supaya berkas saya diproses. Ini pungli dan korupsi!")
    assert case.row("gravity") > 0
    case.do("offer_made", **an_offer(amount=None, currency=None, role="director"))
    assert case.state == "approving"
    case.do("approved", actor="A-900", role="director")
    assert case.state == "offered"


@test
def a_role_that_the_policy_does_not_know_may_offer_nothing():
    refused(a_case(), "offer_made", "known_role", **an_offer(role="janitor"))


@cases([
    ("in Indonesian", "solution", {"solution": "Kami perbaiki paling lambat besok."}),
    ("in English", "solution", {"solution": "We repair it within 3 working days."}),
    ("as a date", "argument", {"argument": "Suku cadang tiba 2099-12-05."}),
])
def a_date_that_is_promised_in_words_is_refused(field, words):
    """Letters have dates from typed fields alone: else the ledger would not know them."""
    case = a_case()
    version = case.row("version")
    nack = case.publisher.refusal("offer_made", an_offer(**words), case.id)
    assert (nack["refusal"], nack["field"]) == ("bad_field", field) and "execute_by" in nack["rule"], nack
    assert not nack.get("value") and case.row("version") == version, nack


@test
def a_date_that_is_past_or_that_a_voucher_is_valid_until_may_be_written():
    case = a_case()
    said = "Pesanan 2025-12-05 no. INV/2099/12/05 kami ganti Rp100.000, voucher berlaku sampai 31 Desember 2099."
    new = case.do("offer_made", **an_offer(solution=said))
    assert names(new) == ["offer_made", "offered"] and said in case.letter(new[1].body["letter"])[3]


@test
def an_alternative_takes_the_place_of_an_open_offer():
    case = a_case("offered")
    new = case.do("offer_made", **an_offer(solution="Kami kirim teknisi ke rumah Anda."))
    assert names(new) == ["offer_made", "offered"] and new[1].body["offer"] == 2
    kind, _, _, text = case.letter(new[1].body["letter"])
    assert kind == "alternative" and "teknisi ke rumah Anda" in text


# --- approval -----------------------------------------------------------------------------------------------

@test
def an_approved_offer_goes_to_the_customer_in_its_own_words():
    case = a_case("approving")
    new = case.do("approved", actor="A-100", role="supervisor")
    assert names(new) == ["approved", "offered"] and case.state == "offered"
    kind, _, _, text = case.letter(new[1].body["letter"])
    assert kind == "offer" and an_offer()["solution"] in text
    assert (new[1].body["offer"], new[1].body["amount"]) == (1, 300000)


@test
def nobody_approves_what_they_proposed():
    refused(a_case("approving"), "approved", "other_person", actor="A-001", role="director")


@test
def a_role_whose_limit_is_too_small_may_not_approve():
    refused(a_case("approving"), "approved", "authority", actor="A-100", role="agent")


@test
def a_role_that_the_policy_does_not_know_may_not_approve():
    refused(a_case("approving"), "approved", "known_role", actor="A-100", role="janitor")


@test
def an_offer_that_does_not_wait_cannot_be_approved():
    refused(a_case("approving"), "approved", "waiting_offer", actor="A-100", role="director", offer=7)


@test
def a_refused_offer_leaves_another_one_owed():
    case = a_case("approving")
    new = case.do("refused", actor="A-100", why="Terlalu besar.")
    assert names(new) == ["refused", "offer_refused"] and case.state == "acknowledged"
    assert "why" not in new[0].body and told(case, "offer_refused")["body"] == {"offer": 1}


@test
def a_smaller_offer_takes_the_place_of_one_that_waits():
    case = a_case("approving")
    case.do("offer_made", **an_offer())
    assert case.state == "offered" and case.last("offered")["offer"] == 2
    refused(case, "approved", "move", actor="A-100", role="director")


@test
def while_approval_is_awaited_the_clock_runs():
    assert a_case("approving").row("ladder_armed") > 0


# --- the customer's answer ----------------------------------------------------------------------------------

@test
def consent_is_followed_by_execution_and_the_clock_runs_again():
    case = a_case("offered")
    new = case.do("offer_answered", answer="accepted", words="Baik, saya setuju.")
    assert names(new) == ["offer_answered", "offer_accepted"] and case.state == "accepted"
    assert case.letter(new[1].body["letter"])[0] == "execution"
    assert case.row("ladder_armed") > 0 and case.row("silence_armed") == 0
    assert "words" not in new[0].body and told(case, "offer_accepted")


@test
def a_declined_offer_leaves_an_alternative_owed():
    case = a_case("offered")
    new = case.do("offer_answered", answer="declined", objection="rational", words="Kurang.")
    assert names(new) == ["offer_answered", "offer_declined"] and case.state == "acknowledged"
    assert new[1].body["objection"] == "rational" and case.letter(new[1].body["letter"])[0] == "next_steps"
    assert case.row("ladder_armed") > 0 and case.row("declined") == 1
    case.do("offer_made", **an_offer(amount=200000))
    assert case.letter(case.last("offered")["letter"])[0] == "alternative"
    case.do("offer_answered", answer="accepted")
    assert case.state == "accepted"


@test
def the_third_declined_offer_climbs_the_ladder_at_once():
    case = a_case()
    for _ in range(3):
        case.do("offer_made", **an_offer())
        case.do("offer_answered", answer="declined")
    case.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = 1 AND holder = 0", case.id.hex())
    assert len(case.events("reprimanded")) == 1 and case.state == "acknowledged"


@test
def an_answer_to_another_offer_than_the_open_one_is_refused():
    case = a_case("offered")
    refused(case, "offer_answered", "open_offer", answer="accepted", offer=5)
    case.do("offer_answered", answer="accepted", offer=1)
    assert case.state == "accepted"


@test
def no_answer_is_no_consent():
    refused(a_case("offered"), "offer_answered", "answer", answer="unknown")


# --- execution, verification, closing -----------------------------------------------------------------------

@test
def what_was_done_is_put_to_the_customer():
    case = a_case("accepted")
    new = case.do("executed", detail="Potongan sudah masuk.", proof_ref="TRX-1", actor="A-002")
    assert names(new) == ["executed", "carried_out"] and case.state == "verifying"
    assert new[0].body == {"proof_ref": "TRX-1", "actor": "A-002"} and new[1].body["offer"] == 1
    assert case.letter(new[1].body["letter"])[0] == "verification"
    assert case.row("ladder_armed") == 0 and case.row("silence_armed") > 0


@test
def a_satisfied_customer_is_thanked_and_the_complaint_closed():
    case = a_case("verifying")
    new = case.do("verification_answered", satisfied=True, score=9, words="Terima kasih!")
    assert names(new) == ["verification_answered", "verified", "thanked", "closed"] and case.state == "closed"
    assert new[1].body == {"score": 9} and new[3].body["closure"] == "resolved"
    assert case.letter(new[2].body["letter"])[0] == "thanks"
    assert case.row("(ladder_armed, silence_armed, clock)::text") == "(0,0,0)"
    feed = chain().subscriber()
    feed.wait_item(case.id, "closed")
    assert [i["type"] for i in feed.of(case.id)][-3:] == ["verified", "thanked", "closed"]


@test
def an_obstacle_sets_the_work_going_again():
    case = a_case("verifying")
    new = case.do("verification_answered", satisfied=False, score=2, words="Masih mati.")
    assert names(new) == ["verification_answered", "obstacle_found"] and case.state == "acknowledged"
    assert new[1].body["score"] == 2 and case.row("ladder_armed") > 0
    case.do("offer_made", **an_offer())
    assert case.state == "offered"


@cases([(s, s) for s in ("acknowledged", "approving", "offered", "accepted", "verifying")])
def a_customer_may_withdraw_at_any_time(state):
    case = a_case(state)
    new = case.do("withdrawn", words="Sudah tidak perlu.")
    assert names(new) == ["withdrawn", "closed"] and case.state == "closed"
    assert new[1].body["closure"] == "withdrawn" and case.letter(new[1].body["letter"])[0] == "closing"
    assert case.row("(ladder_armed, silence_armed)::text") == "(0,0)" and told(case, "closed")


@test
def a_closed_complaint_is_taken_up_again_under_its_reference():
    case = a_case("closed")
    reference = case.ack["reference"]
    new = case.do("reopened", words="Rusak lagi.")
    assert names(new) == ["reopened", "taken_up_again"] and case.state == "acknowledged"
    assert new[1].body["times"] == 1 and case.letter(new[1].body["letter"])[0] == "reopening"
    assert told(case, "taken_up_again")["reference"] == reference and case.row("ladder_armed") > 0


@test
def reopening_is_counted_and_gives_no_new_time():
    case = a_case()
    left = case.row("extract(epoch from ladder_due - now())")
    for times in (1, 2):
        case.do("withdrawn")
        case.do("reopened")
        assert case.last("taken_up_again")["times"] == times
    assert case.row("extract(epoch from ladder_due - now())") <= left


# --- what else is said --------------------------------------------------------------------------------------

@cases([(s, s) for s in ("acknowledged", "approving", "offered", "accepted", "verifying", "closed")])
def a_note_is_taken_in_every_state_and_its_text_is_kept_apart(state):
    case = a_case(state)
    new = case.do("note", text="Pelanggan menelepon, minta kabar.", actor="A-003")
    assert names(new) == ["note"] and new[0].body == {"actor": "A-003"} and case.state == state
    content = case.db.one("SELECT body FROM pulih.content WHERE complaint = %s AND version = %s", case.id.hex(),
                          new[0].version)
    assert msgpack.unpackb(bytes(content)) == {"text": "Pelanggan menelepon, minta kabar."}
    assert told(case, "note")["body"] == {"actor": "A-003"}


@test
def a_confirmed_gist_is_kept_and_told_without_its_text():
    case = a_case()
    new = case.do("gist_confirmed", gist="Internet mati sejak kemarin.", channel="phone", actor="A-001")
    assert names(new) == ["gist_confirmed"] and new[0].body == {"channel": "phone", "actor": "A-001"}
    assert told(case, "gist_confirmed")["body"] == new[0].body


@test
def a_delivered_letter_is_told():
    case = a_case()
    new = case.do("letter_delivered", letter=1, delivery="read", channel="whatsapp")
    assert names(new) == ["letter_delivered"]
    assert told(case, "letter_delivered")["body"] == {"letter": 1, "delivery": "read", "channel": "whatsapp"}


@cases([("number beyond the last", 2), ("number 0", 0)])
def a_report_about_an_unknown_letter_is_refused(letter):
    refused(a_case(), "letter_delivered", "known_letter", letter=letter, delivery="delivered")


# --- corrections --------------------------------------------------------------------------------------------

@test
def a_correction_changes_department_and_deadline_and_the_customer_is_told():
    case = a_case()
    before = case.row("extract(epoch from due_at)")
    new = case.do("reclassified", department="payment", tier="complex", actor="A-050", why="Ini soal tagihan.")
    assert names(new) == ["reclassified", "classified", "planned", "informed"] and case.state == "acknowledged"
    classified, planned, informed = (e.body for e in new[1:])
    assert classified["department"] == "payment" and classified["tier"] == "complex" and classified["by_person"]
    assert planned["post"] == "Kepala Bagian Pembayaran" and planned["promise"] == 3
    assert case.row("extract(epoch from due_at)") > before
    kind, _, _, text = case.letter(informed["letter"])
    assert kind == "update" and case.ack["reference"] in text
    assert told(case, "informed")["body"] == informed
    actor, department, reason = case.db.query("SELECT actor, department, reason FROM pulih.classification "
                                              "WHERE complaint = %s ORDER BY version DESC LIMIT 1", case.id.hex())[0]
    assert (actor, department, reason) == ("A-050", word("department", "payment"), 0)


@cases([(s, s) for s in ("approving", "offered", "accepted", "verifying")])
def a_correction_leaves_the_state_as_it_is(state):
    case = a_case(state)
    armed = case.row("ladder_armed") > 0
    case.do("reclassified", tier="important", actor="A-050")
    assert case.state == state and (case.row("ladder_armed") > 0) == armed
    assert case.last("informed")["tier"] == "important"


@test
def a_corrected_language_is_the_one_of_the_next_letters():
    case = a_case()
    case.do("reclassified", language="en", actor="A-050")
    case.do("offer_made", **an_offer())
    assert "Dear" in case.letter(case.last("offered")["letter"])[3]


@test
def axes_that_a_correction_does_not_name_stay():
    case = a_case()
    before = case.last("classified")
    case.do("reclassified", reason="billing", actor="A-050")
    after = case.last("classified")
    assert all(after[k] == before[k] for k in ("language", "category", "department", "tier"))


# --- the clock ----------------------------------------------------------------------------------------------

@test
def a_pause_stops_the_clock_and_the_customer_is_told_why():
    case = a_case()
    new = case.do("paused", pause="documents", actor="A-001", detail="Menunggu kuitansi.")
    assert names(new) == ["paused", "clock_paused", "letter_written"]
    assert new[1].body["pause"] == "documents" and new[1].body["left_s"] > 0
    assert new[2].body["letter"] == "paused" and case.letter(new[2].body["number"])[0] == "paused"
    assert case.row("(clock, ladder_armed)::text") == "(1,0)"
    feed = chain().subscriber()
    feed.wait_item(case.id, "letter_written")
    assert [i["type"] for i in feed.of(case.id)][-2:] == ["clock_paused", "letter_written"]


@test
def a_resumed_clock_runs_on_with_what_was_left():
    case = a_case()
    left = case.do("paused", pause="customer", actor="A-001")[1].body["left_s"]
    new = case.do("resumed", actor="A-001")
    assert names(new) == ["resumed", "clock_resumed", "letter_written"]
    assert case.row("(clock, ladder_left_us)::text") == "(0,0)" and case.row("ladder_armed") > 0
    due = case.row("(extract(epoch from ladder_due) * 1000000)::int8")
    assert new[1].body["due_at"] == due and case.letter(new[2].body["number"])[0] == "resumed"
    promised = case.db.query("SELECT kind, (extract(epoch from due_at) * 1000000)::int8 FROM pulih.promise "
                             "WHERE complaint = %s AND n = %s", case.id.hex(), new[1].body["promise"])
    assert promised == [(word("promise", "resolution"), due)] and left > 0


@test
def a_pause_and_its_end_give_and_take_no_working_time():
    case = a_case()
    first = case.do("paused", pause="documents", actor="A-001")[1].body["left_s"]
    case.do("resumed", actor="A-001")
    second = case.do("paused", pause="documents", actor="A-001")[1].body["left_s"]
    assert 0 <= first - second < 30, (first, second)


@test
def a_reason_that_policy_does_not_allow_stops_no_clock():
    refused(a_case(), "paused", "allowed_reason", pause="unknown", actor="A-001")


@test
def a_clock_that_stands_cannot_be_stopped():
    case = a_case()
    case.do("paused", pause="documents", actor="A-001")
    refused(case, "paused", "running_clock", pause="customer", actor="A-001")


@test
def a_clock_that_runs_cannot_be_resumed():
    refused(a_case(), "resumed", "standing_clock", actor="A-001")


@test
def an_offer_may_be_made_while_the_clock_stands_and_the_pause_outlives_its_refusal():
    case = a_case()
    case.do("paused", pause="documents", actor="A-001")
    case.do("offer_made", **an_offer())
    case.do("offer_answered", answer="declined")
    assert case.row("(clock, ladder_armed)::text") == "(1,0)"
    case.do("resumed", actor="A-001")
    assert case.row("clock") == 0 and case.row("ladder_armed") > 0


# --- messages in the wrong state ----------------------------------------------------------------------------

SAY = {"offer_made": an_offer(), "offer_answered": {"answer": "accepted"}, "executed": {},
       "approved": {"actor": "A-9", "role": "director"}, "refused": {"actor": "A-9", "why": "x"},
       "verification_answered": {"satisfied": True}, "reopened": {}, "withdrawn": {},
       "paused": {"pause": "documents", "actor": "A-1"}, "resumed": {"actor": "A-1"},
       "reclassified": {"tier": "simple", "actor": "A-1"}}
WRONG = [
    ("acknowledged", "offer_answered approved refused executed verification_answered", "move"),
    ("acknowledged", "reopened", "closed_complaint"),
    ("approving", "offer_answered executed verification_answered", "move"),
    ("approving", "reopened", "closed_complaint"),
    ("offered", "approved refused executed verification_answered paused resumed", "move"),
    ("offered", "reopened", "closed_complaint"),
    ("accepted", "offer_made offer_answered approved refused verification_answered", "move"),
    ("accepted", "reopened", "closed_complaint"),
    ("verifying", "offer_made offer_answered approved refused executed paused resumed", "move"),
    ("verifying", "reopened", "closed_complaint"),
    ("closed", "offer_made offer_answered approved refused executed verification_answered paused resumed", "move"),
    ("closed", "withdrawn reclassified", "open_complaint"),
]


@cases([(f"{type} when {state}", state, type, need) for state, types, need in WRONG for type in types.split()])
def what_the_state_does_not_allow_is_refused_on_chronology_and_feed(state, type, need):
    refused(a_case(state), type, need, **SAY[type])


# --- order --------------------------------------------------------------------------------------------------

@test
def fifty_messages_of_one_burst_take_effect_in_their_order():
    case = a_case()
    say = [("note", {"text": f"catatan {i}"}) for i in range(44)]
    say[10:10] = [("offer_made", an_offer())]
    say[20:20] = [("offer_answered", {"answer": "accepted"})]
    say[25:25] = [("executed", {})]
    say[30:30] = [("verification_answered", {"satisfied": True})]
    say[40:40] = [("reopened", {})]
    say[45:45] = [("withdrawn", {})]
    assert len(say) == 50
    ids = [case.send(type, **body) for type, body in say]
    case.publisher.receipts(ids)
    case.settle()
    events = case.events()
    assert [e.message for e in events if e.message][1:] == ids
    assert "message_refused" not in names(events)
    effects = [n for n in names(events) if n in ("offered", "offer_accepted", "carried_out", "verified", "thanked",
                                                 "closed", "taken_up_again")]
    assert effects == ["offered", "offer_accepted", "carried_out", "verified", "thanked", "closed", "taken_up_again",
                       "closed"], effects
    feed = chain().subscriber()
    feed.wait(lambda: len(feed.of(case.id, "closed")) == 2)
    feed.wait(lambda: len(feed.of(case.id, "note")) == 44)
    notes = [i["version"] for i in feed.of(case.id, "note")]
    assert notes == [e.version for e in events if e.name == "note"]
    told = [i["type"] for i in feed.of(case.id)]
    assert told.index("offered") == 1 + 10 and told.index("offer_accepted") == 1 + 20, told


@test
def what_is_said_before_the_chain_has_finished_waits_and_is_handled_then():
    own = Chain()
    own.classification.stop()
    p = own.publisher()
    complaint = p.call("complaint", a_complaint())["complaint"]
    ids = [p.send("note", {"text": "satu"}, complaint), p.send("offer_made", an_offer(), complaint),
           p.send("offer_answered", {"answer": "accepted"}, complaint), p.send("note", {"text": "dua"}, complaint)]
    p.receipts(ids)
    assert own.db.query("SELECT version, waiting, holder FROM pulih.complaint") == [(5, 4, STAGE["classification"])]
    own.classification.start()
    own.wait_state(complaint, "accepted")
    own.db.wait_row("SELECT 1 FROM pulih.complaint WHERE waiting = 0 AND holder = 0")
    assert names(events_of(own.db, complaint)) == [
        "complaint", "note", "offer_made", "offer_answered", "note", "classified", "planned", "acknowledged",
        "offered", "offer_accepted"]
    verify_chains(own.db)


@test
def a_story_that_was_told_in_english_is_answered_in_english():
    case = a_case("offered", language="en", story="My internet has been down since yesterday and nobody called back.")
    assert "Dear" in case.letter(1)[3] and "Dear" in case.letter(2)[3]


@test
def all_chronologies_of_this_script_hold():
    a_case("verifying")
    chain().wait_quiet()
    assert verify_chains(chain().db) > 4
    assert chain().db.one("SELECT count(*) FROM pulih.dead") == 0


main()
