"""pulihctl queue: what waits for a person, why, and that a person's word takes it out."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest

SURE = "Paket saya belum sampai padahal kurirnya bilang sudah diantar, resinya tidak bergerak sejak Senin."
VAGUE = "Saya kurang puas, mohon diperhatikan."
LEANING = "Paket saya belum sampai, kurirnya terlambat terus. Aplikasinya kejang."
PAGES = 1100  # more than two pages of the statement


@shared
def chain():
    return Chain()


def ctl(*args, code=0):
    p = subprocess.run([os.path.join(pulihtest.BUILD, "pulihctl"), *args], text=True, capture_output=True, timeout=50,
                       env={**os.environ, "PULIH_DATABASE": chain().db.conninfo(), "TZ": "UTC"})
    assert p.returncode == code, f"{args}: exit {p.returncode}\n{p.stdout}\n{p.stderr}"
    return p.stdout, p.stderr


def queue(*args, code=0):
    return [json.loads(line) for line in ctl("queue", "--json", *args, code=code)[0].splitlines()]


def complain(story):
    ack = chain().publisher().call("complaint", a_complaint(story=story, expected_outcome=None))
    chain().wait_state(ack["complaint"], "acknowledged")
    return ack


@shared
def waiting():
    """Of each kind one, in this order."""
    assert queue(code=1) == []
    return {name: complain(story) for name, story in (("vague", VAGUE), ("sure", SURE), ("leaning", LEANING))}


def open_axes(entry):
    return {axis["axis"]: axis for axis in entry["open"]}


@test
def only_what_is_open_waits_the_oldest_first():
    asked = waiting()
    found = queue()
    assert [e["reference"] for e in found] == [asked["vague"]["reference"], asked["leaning"]["reference"]], found
    assert queue("--limit", "1") == found[:1]
    assert found[0]["state"] == "acknowledged" and found[0]["due_at"], found[0]


@test
def a_guess_comes_with_what_speaks_for_it():
    leaning = open_axes([e for e in queue() if e["reference"] == waiting()["leaning"]["reference"]][0])
    danger = leaning["gravity"]
    assert danger["guess"] == "safety" and 25 <= danger["confidence"] < 30, danger
    assert "kejang" in [e["words"] for e in danger["evidence"]], danger
    assert all(e["rule"] and e["weight"] > 0 for e in danger["evidence"]), danger
    assert "department" not in leaning  # that much is sure
    vague = open_axes(queue("--limit", "1")[0])
    assert "department" in vague and vague["department"]["confidence"] < 60, vague


@test
def an_axis_alone():
    asked = waiting()
    assert [e["reference"] for e in queue("--axis", "gravity")] == [asked["leaning"]["reference"]]
    assert [list(open_axes(e)) for e in queue("--axis", "department")] == [["department"]]
    _, err = ctl("queue", "--axis", "depatment", code=2)
    assert "--axis wants an axis with words" in err, err
    ctl("queue", "--axis", "anger", code=2)
    ctl("queue", "--limit", "0", code=2)


@test
def words_of_customers_may_be_left_out():
    waiting()
    out = ctl("queue")[0]
    assert out.splitlines()[0].split() == ["reference", "received_at", "due_at", "axis", "guess", "confidence",
                                           "because"] and '"kejang" safe-injury-id' in out, out
    for args in ((), ("--json",)):
        out = ctl("queue", "--no-personal", *args)[0]
        assert "kejang" not in out and "safe-injury-id" in out, out


@test
def a_person_s_word_takes_it_out():
    ack = complain(VAGUE)
    assert queue()[-1]["reference"] == ack["reference"]
    chain().publisher().call("reclassified", {"department": "service", "actor": "SPV-3"}, complaint=ack["complaint"])
    wait_until(lambda: queue()[-1]["reference"] != ack["reference"])


@test
def many_are_read_page_by_page():
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as f:
        f.write("story\tchannel\n" + "".join(f"{VAGUE} {n}\tphone\n" for n in range(PAGES)))
        f.flush()
        ctl("publish", "--endpoint", f"tcp://127.0.0.1:{chain().publish_port}", f.name)
    wait_until(lambda: chain().db.one("SELECT count(*) FROM pulih.complaint WHERE unsure = 1") >= PAGES)
    found = [e["reference"] for e in queue("--limit", "100000")]
    assert len(found) == len(set(found)) >= PAGES, len(found)
    waits = chain().db.query("SELECT received_at FROM pulih.complaint WHERE unsure = 1 ORDER BY number")
    assert len(waits) == len(found), (len(waits), len(found))


main()
