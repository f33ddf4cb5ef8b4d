"""What an agent notes about a customer's manner: shown to people until it expires, erased then, and never on the feed."""
import json
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *

HINTS = ["quiet", "talkative", "arrogant", "haughty", "thrifty", "comparing"]
DAY_US = 86_400_000_000
STORY = "Saya marah sekali, petugasnya sombong dan arogan, harga di toko lain jauh lebih hemat!"
FAST = {"escalation": {"timer_ms": 20, "timer_items": 3}}


def a_week():
    return a_policy((r"(?m)^consumer_for = .*$", 'consumer_for = "7 calendar_days";'))


@shared
def chain():
    return Chain(policy=a_week(), settings=FAST)


def show(case, *args):
    """Lines of `pulihctl show`, by what they are."""
    out, _ = pulihctl("show", case.ack["reference"], "--json", *args, database=case.db.conninfo())
    return [json.loads(line) for line in out.splitlines()]


def hints(case, *args):
    return [line["consumer"] for line in show(case, *args) if line["what"] == "consumer"]


def contents(case, name="consumer_noted"):
    return [bytes(r[0]) for r in case.db.query(
        "SELECT c.body FROM pulih.content c JOIN pulih.event e USING (complaint, shard, version) WHERE complaint = %s AND "
        "type = %s ORDER BY version", case.id.hex(), WIRE[name])]


def ends(case, before="infinity"):
    """(when, up to which version) it is to be erased, in the order of time."""
    return case.db.query("SELECT due_at, armed FROM pulih.deadline WHERE complaint = %s AND kind = %s AND due_at < %s "
                         "ORDER BY 1", case.id.hex(), word("deadline", "consumer"), before)


def note(case, consumer):
    """An agent notes it; what was noted before is gone then."""
    new = case.do("consumer_noted", consumer=consumer, actor="A-7")
    assert [e.name for e in new] == ["consumer_noted"] and new[0].body == {"actor": "A-7"}, new
    wait_until(lambda: not ends(case, before="now"), what="what was noted before is erased")
    assert contents(case) == [msgpack.packb({"consumer": consumer})], contents(case)


def count_erased():
    return chain().escalation.metrics()['pulih_hints_erased_total{stage="escalation"}']


def end_last(case, after):
    """Has the time of the last hint be over soon."""
    case.db.query("UPDATE pulih.deadline SET due_at = now() + %s::interval WHERE complaint = %s AND kind = %s AND armed = %s",
                  after, case.id.hex(), word("deadline", "consumer"), ends(case)[-1][1])


def expire(case):
    """Lets the time of all hints of a complaint come, and waits until they are gone."""
    case.db.query("UPDATE pulih.deadline SET due_at = due_at - interval '1 year' WHERE complaint = %s AND kind = %s",
                  case.id.hex(), word("deadline", "consumer"))
    wait_until(lambda: not ends(case), what="the hints are erased")


# --- shown -----------------------------------------------------------------------------------------------------

@test
def it_is_shown_until_it_expires():
    case = Case(chain())
    assert hints(case) == []
    before = now_us()
    note(case, "talkative")
    assert hints(case) == ["talkative"] and hints(case, "--no-personal") == []
    assert "talkative" not in json.dumps(show(case, "--no-personal"))
    until = round(ends(case)[-1][0].timestamp() * 10**6)
    assert 7 * DAY_US <= until - before <= 7 * DAY_US + 60_000_000
    text, _ = pulihctl("show", case.ack["reference"], database=case.db.conninfo())
    assert "\nmanner      talkative, an agent's hint until " in text, text
    end_last(case, "2 seconds")
    wait_until(lambda: hints(case) == [] and not ends(case), what="it has expired")


@test
def a_second_one_takes_its_place():
    case = Case(chain())
    note(case, "arrogant")
    note(case, "thrifty")
    shown = json.dumps(show(case))
    assert hints(case) == ["thrifty"] and "arrogant" not in shown, shown
    # The policy gives less time by now: the second is over first, and the one before does not come back.
    assert len(ends(case)) == 2, ends(case)
    end_last(case, "0 seconds")
    wait_until(lambda: not contents(case), what="both are gone")
    assert hints(case) == []


@test
def unknown_takes_it_back():
    case = Case(chain())
    note(case, "haughty")
    note(case, "unknown")
    assert hints(case) == []


@test
def it_is_taken_up_among_other_messages_and_while_closed():
    """Its turn comes as that of others that wait in the mailbox, whatever the state."""
    case = Case(chain(), "closed")
    chain().followup.stop()
    for type, body in [("note", {"text": "Sudah ditelepon."}), ("consumer_noted", {"consumer": "quiet", "actor": "A-7"}),
                       ("note", {"text": "Sekali lagi."}), ("consumer_noted", {"consumer": "comparing", "actor": "A-8"}),
                       ("note", {"text": "Selesai."})]:
        case.publisher.call(type, body, case.id)
    assert case.row("waiting") == 4
    chain().followup.start()
    case.settle()
    wait_until(lambda: hints(case) == ["comparing"] and len(contents(case)) == 1, what="the last is shown")
    assert case.state == "closed" and not case.events("message_refused")


# --- erased ----------------------------------------------------------------------------------------------------

@test
def it_is_erased_and_the_chronology_holds():
    case = Case(chain())
    case.do("note", text="Pelanggan sopan.")
    note(case, "arrogant")
    state, version = case.row("state"), case.row("version")
    erased = count_erased()
    expire(case)
    assert contents(case) == [] and hints(case) == [] and "arrogant" not in json.dumps(show(case))
    assert (case.row("state"), case.row("version")) == (state, version)
    assert len(contents(case, "complaint")) == len(contents(case, "note")) == 1, "what others said stays"
    wait_until(lambda: count_erased() == erased + 1, what="it is counted")
    verify_chains(case.db)


@test
def it_is_known_again_when_it_is_erased():
    """Who got no receipt sends it again, however late: it is not stored twice, and not noted again."""
    case = Case(chain())
    id = case.publisher.send("consumer_noted", {"consumer": "quiet", "actor": "A-7"}, case.id)
    case.publisher.receipt(id)
    case.settle()
    expire(case)
    version = case.row("version")
    ack = case.publisher.call("consumer_noted", {"consumer": "quiet", "actor": "A-7"}, case.id, id=id)
    assert ack["result"] == "duplicate" and case.row("version") == version and contents(case) == []


@test
def another_policy_leaves_its_end_alone():
    path = a_week()
    own = Chain(policy=path, settings=FAST)
    case = Case(own, channel="email")
    case.do("reclassified", tier="complex", actor="A-1")
    note(case, "thrifty")
    due, before = case.row("ladder_due"), ends(case)
    change_policy(path, (r"(?m)^consumer_for = .*$", 'consumer_for = "1 hour";'),
                  (r'(resolve_within = \{[^}]*complex +)= "[^"]*"', r'\1= "30 working_days"'))
    for daemon in own.all:
        daemon.signal(signal.SIGHUP)
    wait_until(lambda: case.row("ladder_due") > due, what="the complaint has another deadline")
    own.wait_quiet()
    assert ends(case) == before and hints(case) == ["thrifty"]
    note(case, "quiet")
    assert [end[0] < before[0][0] for end in ends(case)] == [True, False], "an hour for those that come now"


# --- nowhere else ----------------------------------------------------------------------------------------------

@test
def it_never_stands_on_the_feed_in_a_log_or_in_the_chronology():
    case = Case(chain())
    for hint in HINTS:
        case.do("consumer_noted", consumer=hint, actor="A-7")
    case.do("note", text="Sudah ditelepon.", actor="A-7")
    reader = chain().subscriber()
    reader.wait_item(case.id, "note")
    items = repr(reader.of(case.id))
    assert "consumer" not in items and not any(hint in items for hint in HINTS), items
    bodies = b" ".join(bytes(r[0]) for r in case.db.query("SELECT body FROM pulih.event WHERE complaint = %s", case.id.hex()))
    feed = b" ".join(bytes(r[0]) for r in case.db.query("SELECT body FROM pulih.feed WHERE complaint = %s", case.id.hex()))
    letters = " ".join(r[0] for r in case.db.query("SELECT body FROM pulih.letter WHERE complaint = %s", case.id.hex()))
    logs = " ".join(daemon.log_text() for daemon in chain().all)
    for hint in ("talkative", "arrogant", "haughty", "thrifty", "comparing"):
        assert hint.encode() not in bodies + feed and hint not in letters + logs, hint


@test
def nothing_guesses_it_from_what_is_said():
    case = Case(chain(), story=STORY, expected_outcome=None)
    assert hints(case) == [] and contents(case) == []
    assert not any("consumer" in json.dumps(line) for line in show(case) if line["what"] == "classification")


@test
def a_manner_that_is_none_is_refused_without_its_value():
    case = Case(chain())
    nack = case.publisher.refusal("consumer_noted", {"consumer": "rich", "actor": "A-7"}, case.id)
    assert nack["field"] == "consumer" and "quiet, talkative" in nack["rule"] and not nack.get("value"), nack
    assert case.publisher.refusal("consumer_noted", {"consumer": "quiet"}, case.id)["field"] == "actor"


main()
