"""The history checker itself: a sound history passes, and each kind of damage is found."""
import copy
import os
import sys
import types

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from history import *

A, B = bytes([1]) * 16, bytes([2]) * 16
M = bytes([3]) * 16


def chronology(id, steps):
    """Events of one complaint: (type, prior, state, message, body)."""
    events, hash = [], bytes(32)
    for version, (type, prior, state, message, body) in enumerate(steps, 1):
        e = Row(id, 7, version, type, prior, state, message, 1000 + version, 1000 + version, msgpack.packb(body),
                b"digest", b"")
        hash = event_hash(hash, e)
        events.append(e._replace(hash=hash))
    return events


STEPS = [
    ("complaint", "none", "received", None, {}),
    ("classified", "received", "classified", None, {}),
    ("planned", "classified", "planned", None, {}),
    ("acknowledged", "planned", "acknowledged", None, {"letter": 1}),
    ("note", "acknowledged", "acknowledged", M, {}),
]


def sound():
    events = chronology(A, STEPS) + chronology(B, STEPS[:4])
    last = {e.complaint: e for e in events}
    feed = [Item(7, 1, A, 4, "acknowledged", "acknowledged"), Item(7, 2, B, 4, "acknowledged", "acknowledged"),
            Item(7, 3, A, 5, "note", "acknowledged")]
    return types.SimpleNamespace(
        sent={A, B, M}, events=events, feed=feed, seen=list(feed), heads={7: 3, 8: 0}, letters=[(A, 1), (B, 1)],
        acks=[{"id": A, "complaint": A, "reference": "ONE"}, {"id": B, "complaint": B, "reference": "TWO"},
              {"id": M, "complaint": A, "reference": "ONE"}, {"id": A, "complaint": A, "reference": "ONE"}],
        cards=[Card(i, n, "acknowledged", last[i].version, 0, 0, 1, last[i].hash) for n, i in enumerate((A, B), 1)],
        pending=0, dead=0)


@test
def a_sound_history_has_no_faults():
    assert faults(sound()) == [], faults(sound())


def change(list, at, **fields):
    list[at] = list[at]._replace(**fields)


def a_late_move(h):
    h.events[:5] = chronology(A, STEPS[:3] + [("offered", "planned", "offered", None, {"letter": 1})] + STEPS[4:])


def a_version_is_missing(h):
    del h.events[2]


def a_tick_fires_twice(h):
    tick = ("silence_passed", "acknowledged", "acknowledged", None, {"armed": 4, "due_at": 5})
    h.events[:5] = chronology(A, STEPS + [tick, tick])
    change(h.cards, 0, version=7, hash=h.events[6].hash)


def the_clock_runs_backwards(h):
    steps = chronology(A, STEPS)
    steps[4] = steps[4]._replace(recorded=3)
    steps[4] = steps[4]._replace(hash=event_hash(steps[3].hash, steps[4]))
    h.events[:5] = steps
    change(h.cards, 0, hash=steps[4].hash)


DAMAGE = [  # what, how, words of the fault
    ("an acknowledged message is lost", lambda h: h.acks.append({"id": bytes(16), "complaint": A, "reference": "ONE"}),
     "acknowledged and not stored"),
    ("an acknowledged complaint is lost", lambda h: h.events.__delitem__(slice(5, 9)), "acknowledged and not stored"),
    ("a message is acknowledged for another complaint",
     lambda h: h.acks.append({"id": M, "complaint": B, "reference": "TWO"}), "acknowledged and not stored"),
    ("a message is stored twice", lambda h: h.events.append(h.events[4]._replace(version=6)), "stored 2 times"),
    ("a message came from nowhere", lambda h: h.sent.remove(M), "nobody sent it"),
    ("a receipt for what nobody sent", lambda h: h.sent.remove(B), "which nobody sent"),
    ("two references for one complaint", lambda h: h.acks[3].update(reference="SIX"), "has two references"),
    ("one reference for two complaints", lambda h: h.acks[1].update(reference="ONE"), "have one reference"),
    ("a hole in the versions", a_version_is_missing, "version 4 follows 2"),
    ("an illegal move", a_late_move, "is not legal"),
    ("a body was changed", lambda h: change(h.events, 1, body=b"\x81\xa1x\x01"), "wrong hash"),
    ("a hash was changed", lambda h: change(h.events, 8, hash=bytes(32)), "wrong hash"),
    ("recorded before the one before", the_clock_runs_backwards, "recorded before"),
    ("the row is behind its chronology", lambda h: change(h.cards, 0, version=4), "row and chronology differ"),
    ("a row without a chronology", lambda h: h.events.__delitem__(slice(5, 9)), "lacks its row or its chronology"),
    ("a hole in the feed", lambda h: h.feed.__delitem__(1), "3 after 1"),
    ("the head is ahead of the feed", lambda h: h.heads.update({7: 4}), "head 4, last item 3"),
    ("an event is not published", lambda h: h.feed.pop(), "version 5 is published 0 times"),
    ("an event is published twice", lambda h: h.feed.append(h.feed[2]._replace(seq=4)), "published 2 times"),
    ("what is hidden is published", lambda h: h.feed.append(Item(7, 4, A, 2, "classified", "classified")),
     "version 2 is published 1 times"),
    ("published under another name", lambda h: change(h.feed, 0, type="closed"), "not the event it names"),
    ("decisions out of order", lambda h: h.feed.append(Item(7, 4, A, 3, "acknowledged", "acknowledged")),
     "is published after"),
    ("the subscriber missed one", lambda h: h.seen.pop(), "missed 1 items"),
    ("the subscriber saw one twice", lambda h: h.seen.append(h.seen[0]), "1 twice"),
    ("pending work is left", lambda h: setattr(h, "pending", 1), "left in pending"),
    ("dead work is left", lambda h: setattr(h, "dead", 1), "left in dead"),
    ("a complaint is held", lambda h: change(h.cards, 0, holder=4), "does not rest"),
    ("a message waits", lambda h: change(h.cards, 1, waiting=1), "does not rest"),
    ("two complaints have one number", lambda h: change(h.cards, 1, number=1), "have one number"),
    ("an announced letter is missing", lambda h: h.letters.pop(), "written 0 times"),
    ("a letter nobody announced", lambda h: h.letters.append((A, 2)), "announced 0 times"),
    ("a letter is written twice", lambda h: h.letters.append((A, 1)), "written 2 times"),
    ("letters are miscounted", lambda h: change(h.cards, 0, letters=2), "2 letters counted"),
    ("a deadline fires twice", a_tick_fires_twice, "fired 2 times"),
]


@cases(DAMAGE)
def finds_that(damage, words):
    h = copy.deepcopy(sound())
    damage(h)
    found = faults(h)
    assert any(words in f for f in found), found


main()
