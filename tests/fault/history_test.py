"""The history checker itself: a sound history passes, and each kind of damage is found and told by its kind."""
import copy
import os
import sys
import types

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *

A, B, C = (bytes([n]) * 16 for n in (1, 2, 3))
M, N = bytes([10]) * 16, bytes([11]) * 16
STORY = {"story": "Internet mati."}
NOTE = {"text": "Halo."}


def chronology(id, steps):
    """Events of one complaint: (type, prior, state, message, body)."""
    events, hash = [], bytes(32)
    for version, (type, prior, state, message, body) in enumerate(steps, 1):
        e = Row(id, 7, version, type, prior, state, message, 1000 + version, 1000 + version, msgpack.packb(body),
                b"digest", b"")
        hash = event_hash(hash, e)
        events.append(e._replace(hash=hash))
    return events


BEGINNING = [
    ("complaint", "none", "received", None, {}),
    ("classified", "received", "classified", None, {}),
    ("planned", "classified", "planned", None, {}),
    ("acknowledged", "planned", "acknowledged", None, {"letter": 1}),
]
STEPS = BEGINNING + [
    ("note", "acknowledged", "acknowledged", M, {}),
    ("note", "acknowledged", "acknowledged", N, {}),
]
OFFER = ("offer_made", "acknowledged", "acknowledged", C, {"role": "agent"})
OFFERED = ("offered", "acknowledged", "offered", None, {"offer": 1})
REFUSED = ("message_refused", "acknowledged", "acknowledged", None, {"type": "offer_made", "version": 7})
TICK = ("silence_passed", "acknowledged", "acknowledged", None, {"armed": 4, "due_at": 5})


def card(events, number, **changes):
    last = events[-1]
    return Card(last.complaint, number, last.state, last.version, 0, 0, 1, 2, 0, 4, 0, last.hash)._replace(**changes)


def receipt(id, complaint, reference, result="stored", promised_at=None):
    return Acked(id, complaint, result, reference, promised_at)


def sound():
    a, b = chronology(A, STEPS), chronology(B, BEGINNING)
    feed = [Item(7, 1, A, 4, "acknowledged", "acknowledged"), Item(7, 2, B, 4, "acknowledged", "acknowledged"),
            Item(7, 3, A, 5, "note", "acknowledged"), Item(7, 4, A, 6, "note", "acknowledged")]
    first = [Opened(), Sent(A, A, "complaint", msgpack.packb(STORY)), receipt(A, A, "ONE", promised_at=99),
             Sent(M, A, "note", msgpack.packb(NOTE)), Opened(), receipt(A, A, "ONE", "duplicate", 99),
             receipt(M, A, "ONE"), Sent(N, A, "note", msgpack.packb(NOTE)), receipt(N, A, "ONE")]
    second = [Opened(), Sent(B, B, "complaint", msgpack.packb(STORY)), receipt(B, B, "TWO", promised_at=99)]
    return types.SimpleNamespace(
        logs=[first, second], events=a + b, feed=feed, seen=[list(feed), list(feed)], heads={7: 4, 8: 0},
        cards=[card(a, 1), card(b, 2)],
        contents={(A, 1): msgpack.packb(STORY), (A, 5): msgpack.packb(NOTE), (A, 6): msgpack.packb(NOTE),
                  (B, 1): msgpack.packb(STORY)},
        persons={}, letters=[(A, 1), (B, 1)], offers=[],
        promises=[(A, 1, 99), (A, 2, 200), (B, 1, 99), (B, 2, 200)],
        deadlines=[Deadline(A, False, 4), Deadline(B, False, 4)], pending=0, dead=[], poison=set())


@test
def a_sound_history_has_no_faults():
    assert faults(sound()) == [], faults(sound())
    assert summary(sound(), [], 3) == \
        "acknowledged=4 kills=3 lost=0 doubled=0 out_of_order=0 feed_gaps=0 hash_breaks=0"


def change(list, at, **fields):
    list[at] = list[at]._replace(**fields)


def told_as(steps, **changes):
    """Damage: complaint A went through these steps, and everything but its effects agrees."""
    def damage(h):
        h.events[:6] = chronology(A, steps)
        h.cards[0] = card(h.events[:len(steps)], 1, **changes)
        if any(step == OFFER for step in steps):
            h.logs[0].append(Sent(C, A, "offer_made", msgpack.packb({"role": "agent"})))
            h.logs[0].append(receipt(C, A, "ONE"))
    return damage


def with_a_gap(h):
    del h.events[2]


def the_clock_runs_backwards(h):
    steps = chronology(A, STEPS)
    steps[5] = steps[5]._replace(recorded=3)
    steps[5] = steps[5]._replace(hash=event_hash(steps[4].hash, steps[5]))
    h.events[:6] = steps
    change(h.cards, 0, hash=steps[5].hash)


def notes_change_places(h):
    h.events[:6] = chronology(A, STEPS[:4] + [STEPS[5], STEPS[4]])
    change(h.cards, 0, hash=h.events[5].hash)


def receipts_change_places(h):
    """Both were under way at once, so either order would do: but then receipts come in that order, too."""
    log = h.logs[0]
    log[7], log[6] = log[6], log[7]
    log[7], log[8] = log[8], log[7]


def is_poison(h):
    h.poison.add((A, 5))


DAMAGE = [  # what, how, kind, words of the fault
    ("an acknowledged message is lost", lambda h: h.logs[0].append(receipt(bytes(16), A, "ONE")),
     "lost", "acknowledged and not stored"),
    ("an acknowledged complaint is lost", lambda h: h.events.__delitem__(slice(6, 10)),
     "lost", "acknowledged and not stored"),
    ("a message is acknowledged for another complaint", lambda h: h.logs[0].append(receipt(M, B, "TWO")),
     "lost", "acknowledged and not stored"),
    ("a message is stored twice", lambda h: h.events.append(h.events[4]._replace(version=7)),
     "doubled", "stored 2 times"),
    ("a message came from nowhere", lambda h: h.logs[0].__delitem__(3), "doubled", "nobody sent it"),
    ("a receipt for what nobody sent", lambda h: h.logs[1].__delitem__(1), "doubled", "which nobody sent"),
    ("a message is refused and stored", lambda h: h.logs[0].append(Refusal(M, "conflict")),
     "doubled", "is refused (conflict) and stored"),
    ("a right message is refused", lambda h: h.logs[0].extend([Sent(C, A, "note", b"\x80"), Refusal(C, "conflict")]),
     "lost", "is refused (conflict)"),
    ("content is missing", lambda h: h.contents.pop((A, 5)), "lost", "other content"),
    ("content is another's", lambda h: h.contents.update({(A, 1): msgpack.packb(NOTE)}), "lost", "other content"),
    ("content is stored as another type", lambda h: change(h.events, 4, type="gist_confirmed"),
     "lost", "other content"),
    ("two references for one complaint", lambda h: change(h.logs[0], 5, reference="SIX"),
     "lost", "has two references"),
    ("one reference for two complaints", lambda h: change(h.logs[1], 2, reference="ONE"),
     "doubled", "have one reference"),
    ("two complaints have one number", lambda h: change(h.cards, 1, number=1), "doubled", "have one number"),
    ("the receipt promised another day", lambda h: change(h.logs[1], 2, promised_at=98),
     "lost", "promise of the receipt"),
    ("messages stand in another order than said", notes_change_places,
     "out_of_order", "stands before one that was acknowledged earlier"),
    ("receipts come in another order than stored", receipts_change_places,
     "out_of_order", "has its receipt after a later one"),
    ("a hole in the versions", with_a_gap, "lost", "version 4 follows 2"),
    ("an illegal move", told_as(STEPS[:3] + [("offered", "planned", "offered", None, {"letter": 1})] + STEPS[4:]),
     "out_of_order", "is not legal"),
    ("a body was changed", lambda h: change(h.events, 1, body=b"\x81\xa1x\x01"), "hash_breaks", "wrong hash"),
    ("a hash was changed", lambda h: change(h.events, 9, hash=bytes(32)), "hash_breaks", "wrong hash"),
    ("the row has another hash", lambda h: change(h.cards, 0, hash=bytes(32)),
     "hash_breaks", "differ in their hash"),
    ("recorded before the one before", the_clock_runs_backwards, "out_of_order", "recorded before"),
    ("the row is behind its chronology", lambda h: change(h.cards, 0, version=4),
     "lost", "row and chronology differ"),
    ("a row without a chronology", lambda h: h.events.__delitem__(slice(6, 10)),
     "lost", "lacks its row or its chronology"),
    ("a message had no turn", told_as(STEPS + [OFFER]), "lost", "came 1 times and took effect 0 times"),
    ("a message took effect twice", told_as(STEPS + [OFFER, OFFERED, ("offered", "offered", "offered", None, {})]),
     "doubled", "came 1 times and took effect 2 times"),
    ("a message took effect and was refused", told_as(STEPS + [OFFER, REFUSED, OFFERED]),
     "doubled", "came 1 times and took effect 2 times"),
    ("a message was refused twice", told_as(STEPS + [OFFER, REFUSED, REFUSED]), "doubled", "is refused 2 times"),
    ("it was classified twice",
     told_as(BEGINNING + [("classified", "acknowledged", "acknowledged", None, {})] + STEPS[4:]),
     "doubled", "complaint or reclassified came 1 times and took effect 2 times"),
    ("it was never planned", told_as(BEGINNING[:2]), "lost", "1 classified and 0 planned"),
    ("a hole in the feed", lambda h: h.feed.__delitem__(1), "feed_gaps", "3 after 1"),
    ("the head is ahead of the feed", lambda h: h.heads.update({7: 5}), "feed_gaps", "head 5, last item 4"),
    ("an event is not published", lambda h: h.feed.pop(), "feed_gaps", "version 6 is published 0 times"),
    ("an event is published twice", lambda h: h.feed.append(h.feed[2]._replace(seq=5)),
     "doubled", "published 2 times"),
    ("what is hidden is published", lambda h: h.feed.append(Item(7, 5, A, 2, "classified", "classified")),
     "doubled", "version 2 is published 1 times"),
    ("published under another name", lambda h: change(h.feed, 0, type="closed"),
     "feed_gaps", "not the event it names"),
    ("decisions out of order", lambda h: h.feed.append(Item(7, 5, A, 3, "acknowledged", "acknowledged")),
     "out_of_order", "is published after"),
    ("a subscriber missed the last one", lambda h: h.seen[1].pop(), "feed_gaps", "subscriber 2 missed 1 items"),
    ("a subscriber missed one in between", lambda h: h.seen[0].__delitem__(1), "feed_gaps", "saw 3 after 1"),
    ("a subscriber saw a later one first", lambda h: h.seen[0].reverse(), "feed_gaps", "saw 4 after 0"),
    ("a subscriber saw one twice", lambda h: h.seen[0].append(h.seen[0][0]), "doubled", "saw 1 items twice"),
    ("a subscriber saw what is not there", lambda h: change(h.seen[0], 3, version=9),
     "feed_gaps", "missed 1 items and saw 1 that are not there"),
    ("pending work is left", lambda h: setattr(h, "pending", 1), "restless", "left in pending"),
    ("dead work is left", lambda h: h.dead.append((A, 5)), "restless", "is left in dead"),
    ("poison is not found", is_poison, "restless", "is poison and not in dead"),
    ("a complaint is held", lambda h: change(h.cards, 0, holder=4), "restless", "does not rest"),
    ("a message waits", lambda h: change(h.cards, 1, waiting=1), "restless", "does not rest"),
    ("a message has no receipt", lambda h: h.logs[1].pop(), "restless", "1 messages have no receipt"),
    ("an announced letter is missing", lambda h: h.letters.pop(), "lost", "written 0 times"),
    ("a letter nobody announced", lambda h: h.letters.append((A, 2)), "doubled", "announced 0 times"),
    ("a letter is written twice", lambda h: h.letters.append((A, 1)), "doubled", "written 2 times"),
    ("letters are miscounted", lambda h: change(h.cards, 0, letters=2), "lost", "2 letters counted"),
    ("a promise is missing", lambda h: h.promises.pop(), "lost", "2 promises counted, 1 there"),
    ("a promise is given twice", lambda h: h.promises.append((A, 2, 200)), "doubled", "2 promises counted, 3 there"),
    ("an offer nobody made", lambda h: h.offers.append((A, 1)), "doubled", "0 offers counted, 1 there"),
    ("a deadline is not watched", lambda h: h.deadlines.pop(), "lost", "armed by version 4 is not watched"),
    ("a silence is not watched", lambda h: change(h.cards, 0, silence_armed=4),
     "lost", "armed by version 4 is not watched"),
    ("a deadline fires twice", told_as(STEPS + [TICK, TICK]), "doubled", "fired 2 times"),
]


@cases(DAMAGE)
def finds_that(damage, kind, words):
    h = copy.deepcopy(sound())
    damage(h)
    found = faults(h)
    assert any(f.kind == kind and words in f.text for f in found), found


@test
def poison_that_was_sent_may_stay():
    h = sound()
    h.dead.append((A, 5))
    is_poison(h)
    change(h.cards, 0, holder=4, waiting=2)
    assert faults(h) == [], faults(h)


main()
