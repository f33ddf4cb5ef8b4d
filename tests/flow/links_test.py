#!/usr/bin/python3
"""Complaints that are alike: found, suggested, decided by people, undone; never dropped, never merged."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest

COMPARE = {"links": {"days": 30, "after_ms": 0}}
STORIES = {
    "id": "Mesin cuci yang saya beli di toko Anda bocor sejak hari pertama dipakai. Teknisi berjanji datang hari Rabu "
          "tetapi tidak muncul, dan nomor layanan pelanggan selalu sibuk ketika saya hubungi.",
    "en": "The washing machine you sold me has been leaking since the first day. Your technician promised to come on "
          "Wednesday but never showed up, and the service line is always busy when I call.",
}
SUGGESTED, CONFIRMED, REJECTED = 1, 2, 3
LIKENESS = ["unknown", "same_customer", "same_text", "similar_text", "repeated"]


@shared
def chain():
    return Chain(settings=COMPARE)


def story(n):
    """A text of its own, as long as a complaint."""
    return " ".join(f"kata{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}{chr(97 + i)}" for i in range(16))


def publish(body, client="call-centre", on=None):
    ack = (on or chain()).publisher(client=client).call("complaint", body)
    return ack["complaint"], ack["reference"]


def nobody(**changes):
    """A complaint that only its text tells from others."""
    return a_complaint(**{"name": None, "phone": None, "email": None, "customer_ref": None, **changes})


def compared(on=None):
    """Waits until nothing waits for comparison, and what it set off is done."""
    on = on or chain()
    wait_until(lambda: on.db.one("SELECT count(*) FROM pulih.unlinked") == 0, 40, "all is compared")
    on.wait_quiet()


def links(one, on=None):
    """{other: (likeness, score, state)}"""
    rows = (on or chain()).db.query(
        "SELECT CASE WHEN complaint = %s THEN other ELSE complaint END::text, likeness, score, state FROM pulih.link "
        "WHERE %s IN (complaint::text, other::text)", one.hex(), dashed(one))
    return {bytes.fromhex(other.replace("-", "")): (LIKENESS[likeness], score, state)
            for other, likeness, score, state in rows}


def dashed(id):
    h = id.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def told(one, on=None):
    return [e.body for e in events_of((on or chain()).db, one) if e.name == "similar_found"]


def ctl(*args, code=0):
    words = [os.path.join(pulihtest.BUILD, "pulihctl"), *args]
    if args[0] in ("link", "unlink"):
        words += ["--endpoint", f"tcp://127.0.0.1:{chain().publish_port}"]
    p = subprocess.run(words, env={**os.environ, "PULIH_DATABASE": chain().db.conninfo(), "TZ": "UTC"}, timeout=50,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode == code, f"{args}: exit {p.returncode}\n{p.stdout}\n{p.stderr}"
    return p.stdout + p.stderr


def a_pair(n):
    """Two complaints with one text, compared."""
    first, first_ref = publish(nobody(story=story(n)))
    compared()
    second, second_ref = publish(nobody(story=story(n)), client="app")
    compared()
    return first, first_ref, second, second_ref


# --- what is found -------------------------------------------------------------------------------------------

@cases([(language, language) for language in STORIES])
def a_repeat_on_another_platform_is_suggested(language):
    text = STORIES[language]
    phone = "0812-7788-%04d" % (1 + list(STORIES).index(language))
    feed = chain().subscriber()
    first, reference = publish(a_complaint(story=text, phone=phone, email=None, customer_ref=None, channel="phone"))
    compared()
    second, _ = publish(a_complaint(story="Hello min, order 88123! " + text.upper().replace("BUSY", "busyyyy"), channel="whatsapp",
                                    phone="+62" + phone[1:].replace("-", " "), email=None, customer_ref=None),
                        client="messenger")
    compared()
    kind, score, state = links(second)[first]
    assert (kind, state) == ("repeated", SUGGESTED) and score >= 80, links(second)
    assert told(second) == [{"other": first, "reference": reference, "likeness": "repeated", "score": score}], told(second)
    assert told(first) == []
    assert feed.wait_item(second, "similar_found")["body"]["other"] == first
    # Each has its own life: its own state, deadline, letter.
    for one in first, second:
        chain().wait_state(one, "acknowledged")
        assert chain().db.one("SELECT count(*) FROM pulih.letter WHERE complaint = %s", one.hex()) == 1
        assert chain().db.one("SELECT count(*) FROM pulih.deadline WHERE complaint = %s", one.hex()) > 0
    assert verify_chains(chain().db)


@test
def the_same_text_of_other_customers_is_told_from_a_similar_one():
    text = story(1)
    first, _ = publish(a_complaint(story=text))
    compared()
    same, _ = publish(a_complaint(story=text.title() + "!!", channel="web"))
    compared()
    assert links(same)[first][:2] == ("same_text", 100), links(same)
    similar, _ = publish(a_complaint(story="selamat pagi admin " + text))
    compared()
    assert {links(similar)[one][0] for one in (first, same)} == {"similar_text"}, links(similar)
    assert all(60 <= links(similar)[one][1] < 100 for one in (first, same)), links(similar)


@test
def one_customer_with_another_matter_is_told():
    first, _ = publish(a_complaint(story=story(2), customer_ref="C-77001", phone=None, email="Ana@Example.com"))
    compared()
    second, _ = publish(a_complaint(story=story(3), customer_ref="c-77001", phone=None, email=None))
    third, _ = publish(a_complaint(story=story(4), customer_ref=None, phone=None, email="ana@example.com"))
    compared()
    assert links(second) == {first: ("same_customer", 100, SUGGESTED)}, links(second)
    assert links(third) == {first: ("same_customer", 95, SUGGESTED)}, links(third)


@test
def short_texts_do_not_link_everybody():
    ids = [publish(nobody(story=text))[0] for text in ("barang rusak", "Barang rusak!", "barang saya rusak, tolong diganti",
                                                       "barang rusak", "item broken") for _ in range(2)]
    compared()
    assert not any(links(one) for one in ids)
    mine = [publish(a_complaint(story="barang rusak", customer_ref="C-77002"))[0] for _ in range(2)]
    compared()
    assert links(mine[1])[mine[0]][0] == "repeated", links(mine[1])


@test
def what_thousands_send_is_linked_in_a_chain():
    ids = [publish(nobody(story=story(5)))[0] for _ in range(12)]
    compared()
    for one in ids:
        assert len(told(one)) <= 3, told(one)
    assert all(links(one) for one in ids)
    n = chain().db.one("SELECT count(*) FROM pulih.link WHERE complaint::text = ANY (%s)", [dashed(i) for i in ids])
    assert len(ids) - 1 <= n <= 3 * len(ids), n


@test
def two_tenants_never_meet():
    own = Chain(settings=COMPARE)
    body = a_complaint(story=STORIES["id"], customer_ref="C-77003")
    publish(body, on=own)
    compared(own)
    own.classification.stop()
    other, _ = publish(body, on=own)
    own.db.query("UPDATE pulih.complaint SET tenant = 1 WHERE id = %s", other.hex())
    own.classification.start()
    compared(own)
    assert own.db.one("SELECT count(*) FROM pulih.link") == 0
    assert own.db.query("SELECT tenant, count(*) > 0 FROM pulih.trace GROUP BY tenant ORDER BY 1") == [(0, True), (1, True)]
    third, _ = publish(body, on=own)
    compared(own)
    assert len(links(third, own)) == 1 and other not in links(third, own)


# --- who complains often -------------------------------------------------------------------------------------

OFTEN = {"links": {**COMPARE["links"], "hyperactive_complaints": 3, "hyperactive_days": 7}}
ACTIVE, INACTIVE, HYPERACTIVE = 1, 2, 3


@shared
def often():
    return Chain(settings=OFTEN)


def complainer(one, on):
    """What the newest judgement that says something of it says."""
    return on.db.one("SELECT complainer FROM pulih.classification WHERE complaint = %s AND complainer > 0 "
                     "ORDER BY version DESC LIMIT 1", one.hex())


def history(one, on):
    return [e.body for e in events_of(on.db, one) if e.name == "history_found"]


def complaints_of(on, n, start, **changes):
    ids = []
    for i in range(n):
        ids.append(publish(a_complaint(story=story(start + i), **changes), on=on)[0])
        compared(on)
    return ids


@test
def who_complains_often_is_hyperactive_and_keeps_every_right():
    feed = often().subscriber()
    ids = complaints_of(often(), 4, 400, customer_ref="C-88001", phone=None, email=None)
    assert [complainer(one, often()) for one in ids] == [ACTIVE, ACTIVE, HYPERACTIVE, HYPERACTIVE]
    assert [history(one, often()) for one in ids[:2]] == [[], []]
    assert history(ids[2], often()) == [{"complainer": "hyperactive", "complaints": 3, "days": 7}]
    assert feed.wait_item(ids[2], "history_found")["body"]["complaints"] == 3
    rows = [often().db.query("SELECT tier, department, unsure, due_at - received_at > interval '1 minute' FROM "
                             "pulih.complaint WHERE id = %s", one.hex()) for one in ids]
    assert rows[0] == rows[3], rows
    for one in ids:
        often().wait_state(one, "acknowledged")
        assert often().db.one("SELECT count(*) FROM pulih.letter WHERE complaint = %s", one.hex()) == 1
    assert verify_chains(often().db)


@test
def what_lies_farther_back_is_not_counted():
    ids = complaints_of(often(), 2, 410, customer_ref="C-88002", phone=None, email=None)
    often().db.query("UPDATE pulih.trace SET at = at - interval '8 days' WHERE complaint = %s", ids[0].hex())
    third = complaints_of(often(), 1, 412, customer_ref="C-88002", phone=None, email=None)[0]
    assert complainer(third, often()) == ACTIVE and not history(third, often())
    fourth = complaints_of(often(), 1, 413, customer_ref="C-88002", phone=None, email=None)[0]
    assert complainer(fourth, often()) == HYPERACTIVE


@test
def one_text_of_many_customers_makes_nobody_hyperactive():
    ids = [publish(nobody(story=story(420)), on=often())[0] for _ in range(4)]
    compared(often())
    assert {complainer(one, often()) for one in ids} == {ACTIVE}


@test
def who_is_silent_is_inactive():
    one, _ = publish(a_complaint(story=story(430), reporter="on_behalf"), on=often())
    often().wait_state(one, "acknowledged")
    assert complainer(one, often()) == INACTIVE


@test
def counting_can_be_left_out():
    own = Chain(settings={"links": {**COMPARE["links"], "hyperactive_complaints": 0}})
    ids = complaints_of(own, 7, 440, customer_ref="C-88004", phone=None, email=None)
    assert {complainer(one, own) for one in ids} == {ACTIVE}


@test
def a_judgement_of_one_axis_hides_no_other():
    _, reference = publish(a_complaint(customer_ref="C-88005", phone=None, email=None), on=often())
    for i in range(2):
        one, reference = publish(a_complaint(customer_ref="C-88005", phone=None, email=None), on=often())
        compared(often())
    shown = subprocess.run([os.path.join(pulihtest.BUILD, "pulihctl"), "show", reference, "--json"], text=True, check=True,
                           capture_output=True, env={**os.environ, "PULIH_DATABASE": often().db.conninfo()}).stdout
    axes = [json.loads(line) for line in shown.splitlines() if '"what":"classification"' in line][0]["axes"]
    assert axes["complainer"] == {"value": "hyperactive", "confidence": 100}, axes
    assert axes["language"]["value"] == "id" and axes["tier"]["value"] != "unknown", axes


# --- what people decide --------------------------------------------------------------------------------------

@test
def a_suggestion_is_confirmed_rejected_and_confirmed_again():
    feed = chain().subscriber()
    first, first_ref, second, second_ref = a_pair(20)
    assert links(first)[second][2] == SUGGESTED
    assert first_ref in ctl("show", second_ref) and "suggested" in ctl("show", first_ref)
    ctl("link", second_ref, first_ref, "--actor", "A-7", "--why", "sama persis")
    item = feed.wait_item(second, "linked")
    assert item["body"] == {"other": first, "actor": "A-7"}, item
    wait_until(lambda: links(first)[second][2] == CONFIRMED, what="confirmed")
    # From the other side, in the other direction.
    ctl("unlink", first_ref, second_ref, "--actor", "A-8")
    assert feed.wait_item(first, "unlinked")["body"]["other"] == second
    wait_until(lambda: links(first)[second][2] == REJECTED, what="rejected")
    shown = [json.loads(line) for line in ctl("show", second_ref, "--json").splitlines()]
    assert [(x["other"], x["state"], x["likeness"], x["actor"]) for x in shown if x.get("what") == "link"] == \
        [(first_ref, "rejected", "same_text", "A-8")], shown
    ctl("link", first_ref, second_ref, "--actor", "A-7")
    wait_until(lambda: links(first)[second][2] == CONFIRMED, what="confirmed again")
    assert links(first)[second][:2] == ("same_text", 100)
    for one in first, second:
        chain().wait_state(one, "acknowledged")


@test
def people_link_what_nothing_suggests():
    (a, a_ref), (b, b_ref) = [publish(nobody(story=story(n))) for n in (21, 22)]
    compared()
    assert not links(a)
    ctl("link", a_ref, b_ref, "--actor", "A-7")
    wait_until(lambda: links(b).get(a) == ("unknown", 0, CONFIRMED), what="linked")
    assert chain().db.one("SELECT suggested_at IS NULL AND actor = 'A-7' FROM pulih.link WHERE %s IN (complaint::text, "
                          "other::text)", dashed(a))


@test
def a_decision_needs_two_complaints_and_somebody_who_decides():
    one, reference = publish(nobody(story=story(23)))
    chain().wait_state(one, "acknowledged")
    assert "--actor" in ctl("link", reference, reference, code=2)
    assert "one complaint" in ctl("link", reference, dashed(one), "--actor", "A-7", code=2)
    assert "no complaint" in ctl("link", reference, dashed(new_id()), "--actor", "A-7", code=1)
    chain().publisher().call("linked", {"other": one, "actor": "A-7"}, complaint=one)
    wait_until(lambda: [e.body["need"] for e in events_of(chain().db, one) if e.name == "message_refused"] ==
               ["other_complaint"], what="refused")
    assert not links(one)


@test
def both_sides_may_decide_at_once():
    first, _, second, _ = a_pair(24)
    p = chain().publisher()
    for one, other, what in [(first, second, "linked"), (second, first, "unlinked")] * 10:
        p.call(what, {"other": other, "actor": "A-9"}, complaint=one)
    chain().wait_quiet()
    assert links(first)[second][2] in (CONFIRMED, REJECTED)
    assert chain().db.one("SELECT count(*) FROM pulih.dead") == 0


# --- what is kept --------------------------------------------------------------------------------------------

def erasure():
    """The statements of deploy/README.md."""
    with open(os.path.join(pulihtest.ROOT, "deploy/README.md"), encoding="utf-8") as f:
        return [line.strip() for line in f if line.strip().startswith("DELETE FROM pulih.") and "UUID" in line]


@test
def what_is_erased_is_not_found_again():
    first, _ = publish(a_complaint(story=story(30), customer_ref="C-77030"))
    compared()
    assert chain().db.one("SELECT count(*) FROM pulih.trace WHERE complaint = %s", first.hex()) == 7
    assert len(erasure()) >= 3
    for sql in erasure():
        chain().db.query(sql.replace("UUID", dashed(first)))
    assert chain().db.one("SELECT count(*) FROM pulih.trace WHERE complaint = %s", first.hex()) == 0
    second, _ = publish(a_complaint(story=story(30), customer_ref="C-77030"))
    compared()
    assert not links(second)


@test
def what_is_erased_before_it_is_compared_leaves_no_trace():
    own = Chain(settings=COMPARE)
    own.classification.stop()
    first, _ = publish(a_complaint(story=story(31)), on=own)
    for sql in erasure():
        own.db.query(sql.replace("UUID", dashed(first)))
    own.classification.start()
    compared(own)
    assert own.db.one("SELECT count(*) FROM pulih.trace") == 0
    own.wait_state(first, "acknowledged")


@test
def keys_go_when_their_time_is_over():
    old, _ = publish(nobody(story=story(32)))
    compared()
    chain().db.query("UPDATE pulih.trace SET at = at - interval '31 days' WHERE complaint = %s", old.hex())
    wait_until(lambda: chain().db.one("SELECT count(*) FROM pulih.trace WHERE complaint = %s", old.hex()) == 0, what="pruned")
    young, _ = publish(nobody(story=story(32)))
    compared()
    assert not links(young)


@test
def nothing_that_identifies_is_stored_in_the_open():
    one, _ = publish(a_complaint(story=story(33), phone="+62 811 2233 4455", email="budi@example.com", customer_ref="C-77033"))
    compared()
    marks = bytes(chain().db.one("SELECT marks FROM pulih.person WHERE complaint = %s", one.hex()))
    assert len(marks) == 27 and [marks[0], marks[9], marks[18]] == [1, 2, 3], marks
    digests = {int.from_bytes(marks[i + 1:i + 9], "big", signed=True) for i in (0, 9, 18)}
    assert digests <= {r[0] for r in chain().db.query("SELECT key FROM pulih.trace WHERE complaint = %s", one.hex())}
    for word in (b"2233", b"budi", b"77033"):
        assert word not in marks


@test
def without_comparison_nothing_is_put_down():
    own = Chain(settings={"links": {"days": 0}})
    ids = [publish(a_complaint(customer_ref="C-77034"), on=own)[0] for _ in range(2)]
    for one in ids:
        own.wait_state(one, "acknowledged")
    assert own.db.one("SELECT (SELECT count(*) FROM pulih.unlinked) + (SELECT count(*) FROM pulih.trace)") == 0
    assert own.db.one("SELECT count(*) FROM pulih.person WHERE marks IS NOT NULL") == 0


# --- at once, and with deaths --------------------------------------------------------------------------------

def every_pair_is_linked_once(own, pairs):
    compared(own)
    for a, b in pairs:
        assert b in links(a, own), f"{a.hex()} and {b.hex()} never met"
    n = own.db.one("SELECT count(*) FROM pulih.link")
    assert n == len(pairs), f"{n} links of {len(pairs)} pairs"
    assert own.db.one("SELECT count(*) FROM pulih.event WHERE type = 58") == n
    verify_chains(own.db)


@test
def both_halves_at_once_at_two_replicas():
    own = Chain(replicas={"classification": 3, "intake": 2}, settings=COMPARE)
    left, right = own.publisher(), own.publisher(replica=1)
    pairs = []
    for n in range(100, 160):
        pairs.append(tuple(p.send("complaint", nobody(story=story(n))) for p in (left, right)))
    for side, p in enumerate((left, right)):
        p.receipts(pair[side] for pair in pairs)
    every_pair_is_linked_once(own, pairs)


@test
def deaths_lose_no_comparison():
    own = Chain(replicas={"classification": 2}, settings=COMPARE)
    p = own.publisher()
    pairs = []
    for n in range(200, 240):
        pairs.append(tuple(p.send("complaint", nobody(story=story(n))) for _ in range(2)))
        if n % 5 == 0:
            p.receipts(id for pair in pairs for id in pair)
            victim = own.daemons["classification"][n // 5 % 2]
            victim.kill()
            victim.start(ready=False)
    p.receipts(id for pair in pairs for id in pair)
    every_pair_is_linked_once(own, pairs)


main()
