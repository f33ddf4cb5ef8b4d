"""pulihctl against a whole chain: files in, messages, letters, the feed, what got stuck."""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest

HEAD = "cerita,kanal,nama,catatan\n"
MAP = ["--map", "cerita=story,kanal=channel,nama=name,catatan="]


@shared
def chain():
    return Chain()


@shared
def folder():
    return tempfile.TemporaryDirectory(prefix="pulihctl.")


def start(*args, **more):
    """A running pulihctl that knows this test's doors and database."""
    doors = {"publish": chain().publish_port, "send": chain().publish_port, "feed": chain().feed_port,
             "letter": chain().feed_port}
    words = [os.path.join(pulihtest.BUILD, "pulihctl"), *args]
    if args[0] in doors:
        words += ["--endpoint", f"tcp://127.0.0.1:{doors[args[0]]}"]
    more = {"text": True, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen(words, env={**os.environ, "PULIH_DATABASE": chain().db.conninfo(), "TZ": "UTC"}, **more)


def ctl(*args, code=0, text=None):
    """Runs pulihctl to its end; returns (output, complaints)."""
    p = start(*args, stdin=subprocess.PIPE)
    out, err = p.communicate(text, timeout=50)
    assert p.returncode == code, f"{args}: exit {p.returncode}\n{out}\n{err}"
    return out, err


def lines(*args, code=0):
    return [json.loads(line) for line in ctl(*args, "--json", code=code)[0].splitlines()]


def put(name, text):
    path = os.path.join(folder().name, name)
    with open(path, "w") as f:
        f.write(text)
    return path


def counts(out):
    """The numbers of the summary: read, stored, duplicate, refused."""
    return tuple(int(n) for n in re.match(r"(\d+) read, (\d+) stored, (\d+) duplicate, (\d+) refused", out).groups())


def stories(text):
    """How many complaints there are with this in their story."""
    return chain().db.one("SELECT count(*) FROM pulih.content WHERE position(%s::bytea in body) > 0", text.encode())


def a_reference(state="acknowledged"):
    ack = chain().publisher().call("complaint", a_complaint(channel="email", name="Ibu \x1b[31mMerah"))
    chain().wait_state(ack["complaint"], state)
    return ack["reference"], ack["complaint"]


# --- publish -------------------------------------------------------------------------------------------------

@test
def what_cannot_be_read_is_no_end_of_the_file():
    out, err = ctl("publish", "--format", "jsonl", folder().name, code=1)
    assert counts(out) == (0, 0, 0, 0) and "line 1 cannot be read" in err, err


@test
def a_file_published_twice_is_stored_once():
    rows = [f'"Cerita, ke ""{i}""\nbaris kedua",phone,Ibu {i},x' for i in range(50)]
    rows += ["sama,email,,", "sama,email,,"]  # two equal rows are two complaints
    path = put("twice.csv", HEAD + "\n".join(rows) + "\n")
    assert counts(ctl("publish", path, *MAP)[0]) == (52, 52, 0, 0)
    assert counts(ctl("publish", path, *MAP)[0]) == (52, 0, 52, 0)
    put("twice.csv", HEAD + "baru,chat,,\n" + "\n".join(rows) + "\n")
    assert counts(ctl("publish", path, *MAP)[0]) == (53, 1, 52, 0)
    assert stories('Cerita, ke "7"\nbaris kedua') == 1 and stories("sama") == 2


@test
def a_semicolon_a_byte_order_mark_and_carriage_returns_are_understood():
    path = put("excel.csv", "\ufeffstory;channel\r\n\"satu; dua\";phone\r\n\r\ntiga;email")
    assert counts(ctl("publish", path)[0]) == (2, 2, 0, 0)
    assert stories("satu; dua") == 1 and stories("\xa4tiga") == 0 and stories("tiga") == 1


@test
def broken_rows_are_told_with_file_and_line_and_the_others_go_on():
    path = put("broken.csv", "story,channel,happened_at\na,phone,\nb,fax,\nc,phone\nd,phone,noon\n,phone,\ne,phone,\n")
    out, err = ctl("publish", path, code=1)
    assert counts(out) == (6, 2, 0, 4), out
    for line, what in ((3, "channel must be one of"), (4, "has 2 cells, but the head has 3"),
                       (5, "happened_at must be a time"), (6, "story is needed")):
        assert re.search(rf"broken\.csv:{line}: {what}", err), err


@test
def unknown_columns_stop_before_anything_is_sent():
    path = put("columns.csv", "story,chanel\nkolom,phone\n")
    out, err = ctl("publish", path, code=2)
    assert "column chanel is no field of a complaint; --map chanel=channel" in err and stories("kolom") == 0, err
    assert "the file has no column storry; did you mean story" in ctl(
        "publish", path, "--map", "chanel=channel,storry=", code=2)[1]
    assert "two columns" in ctl("publish", put("same.csv", "story,story\n"), code=1)[1]
    assert "is empty" in ctl("publish", put("empty.csv", ""), code=1)[1]


@test
def json_lines_hold_whole_messages_of_any_type():
    id = "018f0000-0000-7000-8000-0000000000aa"
    text = "\n".join([
        json.dumps({"id": id, "kind": "complaint", "story": "utuh", "channel": "app", "secret": 1, "name": None,
                    "occurred_at": "2026-01-31T23:59:59+07:00", "attachments": [{"ref": "s3://a", "digest": "00ff"}]}),
        json.dumps({"kind": "note", "complaint": id, "text": "sesudahnya"}), "",
        json.dumps({"kind": "note", "text": "tanpa keluhan"}), "{"])
    out, err = ctl("publish", "-", "--map", "kind=type,secret=", text=text, code=1)
    assert counts(out) == (4, 2, 0, 2), out + err
    assert re.search("-:4: .*must say which complaint", err) and "-:5: must be JSON" in err, err
    at, note = chain().db.query("SELECT extract(epoch FROM occurred_at)::int8, (SELECT count(*) FROM pulih.event n "
                                "WHERE n.complaint = e.complaint AND n.type = 33) FROM pulih.event e "
                                "WHERE complaint = %s AND version = 1", id)[0]
    assert (at, note) == (1769878799, 1)


@test
def fields_can_be_set_for_all():
    path = put("set.jsonl", '{"story": "diset", "channel": "sms"}\n'
                            '{"story": "diset", "channel": "sms", "branch": "B"}\n')
    at = ["--set", "occurred_at=2026-01-01T00:00:00Z"]
    ctl("publish", path, *at, "--set", "branch=A")
    found = chain().db.query("SELECT e.body FROM pulih.event e JOIN pulih.content c USING (complaint, shard, version) "
                             "WHERE position('diset'::bytea in c.body) > 0")
    assert sorted(msgpack.unpackb(bytes(b))["branch"] for b, in found) == ["A", "B"]
    assert "conflict" in ctl("publish", path, *at, "--set", "branch=Z", code=1)[1]


@test
def the_state_skips_what_is_stored_and_stops_before_what_was_refused():
    state = os.path.join(folder().name, "state")
    rows = [f'{{"story": "negara {i}", "channel": "sms"}}' for i in range(20)]
    path = put("state.jsonl", "\n".join(rows[:10] + ['{"story": "negara rusak"}'] + rows[10:]))
    ctl("publish", path, "--state", state, code=1)
    assert "rows 10\n" in open(state).read()
    put("state.jsonl", "\n".join(rows[:10] + ['{"story": "negara baik", "channel": "sms"}'] + rows[10:]))
    out = ctl("publish", path, "--state", state)[0]
    assert counts(out) == (21, 1, 10, 0) and "10 known from" in out, out
    assert "rows 21\n" in open(state).read()
    put("state.jsonl", "\n".join(["{}"] + rows))
    assert "is not the file" in ctl("publish", path, "--state", state, code=1)[1]


@test
def a_pipe_that_gives_little_is_served_at_once_and_an_interrupt_ends_it():
    p = start("publish", "-", stdin=subprocess.PIPE)
    p.stdin.write('{"story": "menetes", "channel": "sms"}\n')
    p.stdin.flush()
    wait_until(lambda: stories("menetes") == 1)
    p.stdin.write('{"story": "setengah')  # half a row is no row
    p.stdin.flush()
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=20)
    assert p.returncode == 1 and counts(out) == (1, 1, 0, 0), out + err


@test
def a_rate_is_kept_and_progress_is_shown_on_a_terminal():
    text = "".join(f'{{"story": "pelan {i}", "channel": "sms"}}\n' for i in range(10))
    ours, theirs = pty.openpty()
    undo("terminal", lambda: os.close(ours))
    begun = time.monotonic()
    p = start("publish", "-", "--rate", "10", stdin=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    out = p.communicate(text, timeout=30)[0]
    assert counts(out)[1] == 10 and time.monotonic() - begun >= 0.8, out
    assert b"stored" in os.read(ours, 10000)


@test
def nothing_is_lost_when_intake_dies_under_it():
    path = put("kill.jsonl", "".join(f'{{"story": "mati {i}.", "channel": "sms"}}\n' for i in range(3000)))
    p = start("publish", path, "--rate", "2000")
    wait_until(lambda: stories("mati 200.") == 1)
    chain().intake.kill()
    chain().intake.start()
    out, err = p.communicate(timeout=50)
    assert p.returncode == 0, out + err
    assert stories("mati ") == 3000
    chain().wait_quiet(60)


@test
def without_intake_it_gives_up_and_says_why():
    path = put("alone.jsonl", '{"story": "s", "channel": "sms"}')
    words = [os.path.join(pulihtest.BUILD, "pulihctl"), "publish", path, "--timeout", "1",
             "--endpoint", f"tcp://127.0.0.1:{free_port()}"]
    done = subprocess.run(words, text=True, capture_output=True, timeout=30)
    assert done.returncode == 1 and "no connection" in done.stderr and "1 not answered" in done.stdout, done


# --- one complaint -------------------------------------------------------------------------------------------

@test
def a_complaint_is_led_to_its_end_by_hand():
    reference, id = a_reference()
    assert ": stored" in ctl("send", "offer_made", reference, "remedy=refund", "solution=Uang kembali", "amount=1000",
                             "currency=IDR", "role=agent", "actor=A7")[0]
    chain().wait_state(id, "offered")
    sent, = lines("send", "offer_answered", reference, "answer=accepted")
    assert sent["result"] == "stored" and sent["reference"] == reference, sent
    chain().wait_state(id, "accepted")
    ctl("send", "executed", reference.lower().replace("-", " "), "actor=A7")
    chain().wait_state(id, "verifying")
    ctl("send", "verification_answered", reference, "--json-body", '{"satisfied": true, "score": 9}')
    chain().wait_state(id, "closed")
    shown = lines("show", reference)
    assert [s["type"] for s in shown if s["what"] == "event"][-3:] == ["verified", "thanked", "closed"]
    kept = {s["deadline"]: s["state"] for s in shown if s["what"] == "promise" and s["by"] == "company"}
    assert kept == {"plan": "kept", "resolution": "kept"}, kept
    assert shown[0]["state"] == "closed" and shown[0]["reference"] == reference
    letters = [s["letter"] for s in shown if s["what"] == "letter"]
    assert letters[:2] == ["acknowledgement", "offer"] and "thanks" in letters, letters
    assert ctl("letter", reference, "1")[0].count("letter: acknowledgement") == 1
    letter, = lines("letter", reference, "1")
    assert "Merah" in letter["text"] and letter["channel"] == "email", letter


def chain_of(reference, code=0):
    found, = [s for s in lines("show", reference, code=code) if s["what"] == "chain"]
    return found


@test
def a_chronology_that_was_changed_is_told_from_an_intact_one():
    reference, id = a_reference()
    assert "\nchronology intact: 4 events\n" in ctl("show", reference)[0]
    assert chain_of(reference) == {"what": "chain", "intact": True, "events": 4}
    for change, undo_it, at, why in (
            ("UPDATE pulih.event SET body = body || '\\x00' WHERE complaint = %s AND version = 2",
             "UPDATE pulih.event SET body = substr(body, 1, length(body) - 1) WHERE complaint = %s AND version = 2",
             2, "changed"),
            ("UPDATE pulih.event SET recorded_at = recorded_at + interval '1 us' WHERE complaint = %s AND version = 3",
             "UPDATE pulih.event SET recorded_at = recorded_at - interval '1 us' WHERE complaint = %s AND version = 3",
             3, "changed"),
            ("UPDATE pulih.complaint SET hash = sha256(hash) WHERE id = %s", None, 4, "card")):
        chain().db.query(change, id.hex())
        found = chain_of(reference, code=1)
        assert not found["intact"] and found["broken_at"] == at and why in found["why"], found
        assert f"chronology BROKEN at event {at}" in ctl("show", reference, code=1)[0]
        if undo_it:
            chain().db.query(undo_it, id.hex())
            assert chain_of(reference)["intact"]


@test
def an_event_that_is_missing_breaks_the_chronology():
    (reference, id), (other, id_other) = a_reference(), a_reference()
    chain().db.query("DELETE FROM pulih.event WHERE complaint = %s AND version = 2", id.hex())
    assert chain_of(reference, code=1)["broken_at"] == 2
    chain().db.query("DELETE FROM pulih.event WHERE complaint = %s AND version = 4", id_other.hex())
    found = chain_of(other, code=1)
    assert found["broken_at"] == 4 and "missing" in found["why"], found


@test
def what_others_wrote_cannot_reach_the_terminal():
    reference, id = a_reference()
    ctl("send", "note", reference, "text=\x1b]0;judul\x07 dan \u202e balik")
    wait_until(lambda: "note" in ctl("show", reference)[0])
    for words in (["show", reference], ["show", reference, "--json"], ["letter", reference, "1"],
                  ["letter", reference, "1", "--json"]):
        out = ctl(*words)[0]
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out), out
    assert "\\u001b]0;judul\\u0007" in ctl("show", reference)[0]


@test
def personal_data_can_be_left_out():
    reference, id = a_reference()
    with_it, without = ctl("show", reference)[0], ctl("show", reference, "--no-personal")[0]
    for secret in ("Merah", "Internet di rumah", "+62812"):
        assert secret in with_it and secret not in without, secret
    assert "acknowledged" in without
    assert not [s for s in lines("show", reference, "--no-personal") if s["what"] == "person"]


@test
def what_is_wrong_with_a_message_is_said_before_or_by_intake():
    reference, id = a_reference()
    assert "actr is not a field of note; did you mean actor" in ctl("send", "note", reference, "actr=x", code=2)[1]
    assert "type must be one of: complaint, note" in ctl("send", "notes", reference, code=2)[1]
    assert "answer is needed" in ctl("send", "offer_answered", reference, code=2)[1]
    unknown = "018f0000-0000-7000-8000-00000000dead"
    assert "unknown_complaint" in ctl("send", "note", unknown, "text=x", code=1)[1]
    assert lines("send", "note", unknown, "text=x", code=1)[0]["refusal"] == "unknown_complaint"
    assert "no letter of this number" in ctl("letter", reference, "99", code=1)[1]
    wrong = reference[:-1] + ("0" if reference[-1] != "0" else "1")
    assert "neither a reference" in ctl("show", wrong, code=1)[1]
    assert "there is no complaint" in ctl("show", unknown, code=1)[1]


# --- many complaints -----------------------------------------------------------------------------------------

@test
def lists_are_filtered():
    reference, id = a_reference()
    first = lines("list", "--limit", "1")[0]
    assert first["reference"] == reference and first["state"] == "acknowledged", first
    assert all(r["state"] == "closed" for r in lines("list", "--state", "closed"))
    assert all(r["department"] == first["department"] and r["tier"] == first["tier"]
               for r in lines("list", "--department", first["department"], "--tier", first["tier"]))
    ctl("list", "--overdue", code=1)
    ctl("list", "--since", "2999-01-01", code=1)
    ctl("list", "--level", "1", code=1)
    assert lines("list", "--since", "2000-01-01T00:00:00Z", "--limit", "3")
    assert "wants one of none, received" in ctl("list", "--state", "lost", code=2)[1]
    chain().db.query("UPDATE pulih.complaint SET due_at = now() - interval '1 hour' WHERE id = %s", id.hex())
    assert [r["reference"] for r in lines("list", "--overdue")] == [reference]
    assert "OVERDUE" in ctl("show", reference)[0]


@test
def statistics_add_up():
    a_reference()
    stats = lines("stats")
    total = chain().db.one("SELECT count(*) FROM pulih.complaint")
    of = {(s["by"], s["name"]): s["complaints"] for s in stats if s["what"] == "complaints"}
    assert of["all", "stored"] == total == sum(n for (by, _), n in of.items() if by == "state") \
        == sum(n for (by, _), n in of.items() if by == "tier"), of
    assert {s["stage"] for s in stats if s["what"] == "replica"} == {d.service for d in chain().all}
    assert sum(s["last"] for s in stats if s["what"] == "feed") == chain().db.one("SELECT count(*) FROM pulih.feed")
    assert "COMPLAINTS" in ctl("stats")[0] and "PROMISES" not in ctl("stats")[0]


@test
def the_feed_goes_on_from_where_it_ended():
    reference, id = a_reference()
    chain().wait_quiet()
    total = chain().db.one("SELECT count(*) FROM pulih.feed")
    out, positions = ctl("feed", "--from", "start", "--count", str(total), "--positions", "--json")
    seen = [json.loads(line) for line in out.splitlines()]
    assert len({(s["stream"], s["seq"]) for s in seen}) == total
    assert [s["type"] for s in seen if s["reference"] == reference] == ["acknowledged"]
    p = start("feed", "--from", positions.strip(), "--count", "1")
    ctl("send", "note", reference, "text=lanjut")
    out, err = p.communicate(timeout=20)
    assert p.returncode == 0 and reference in out and "note" in out, out + err
    assert "--from wants" in ctl("feed", "--from", "17", code=2)[1]


@test
def the_feed_ends_with_an_interrupt():
    p = start("feed", "--from", "start", "--json")
    assert p.stdout.readline().startswith("{")
    p.send_signal(signal.SIGTERM)
    p.communicate(timeout=10)
    assert p.returncode == 0


@test
def the_dead_are_shown_and_tried_again():
    reference, id = a_reference()
    ctl("dead", "show", reference, code=1)
    chain().db.query("INSERT INTO pulih.dead SELECT complaint, shard, 4, version, 6, 'tak bisa\x1b', now() "
                     "FROM pulih.event WHERE complaint = %s AND version = 3", id.hex())
    assert "tak bisa\\u001b" in ctl("dead", "list")[0]
    assert lines("dead", "list")[0]["reference"] == reference
    assert lines("dead", "show", reference)[0]["type"] == "planned"
    assert "DEAD" in ctl("show", reference)[0]
    assert "1 message is handed" in ctl("dead", "retry", reference)[0]
    ctl("dead", "list", code=1)
    chain().wait_quiet()
    assert "want list | show REF | retry REF" in ctl("dead", "bury", reference, code=2)[1]


# --- files and usage -----------------------------------------------------------------------------------------

@test
def files_are_checked_with_line_and_reason():
    good = chain().intake.config
    assert "a good configuration" in ctl("check", "--as", "config", good)[0]
    path = put("pulih.cfg", 'database = "x";\nintake = { credit_item = 9; };\n')
    assert re.search(r"pulih\.cfg:2: .*credit_item", ctl("check", path, code=1)[0])
    path = put("site.cfg", 'database = "x";\nintake = { credit_item = 9; };\n')
    assert re.search(r"site\.cfg:2: .*credit_item", ctl("check", path, code=1)[0])
    path = put("pulih-policy.cfg", "version = 3;\n")
    assert "pulih-policy.cfg:1: version" in ctl("check", path, code=1)[0]
    path = put("policy.cfg", "version = 3;\n")
    assert "policy.cfg:1: " in ctl("check", path, code=1)[0]


@test
def wrong_usage_is_explained():
    for words in (["publish"], ["list", "x"], ["list", "--nonsense"], ["list", "--limit"], ["list", "--limit", "many"],
                  ["list", "--json=1"], ["publish", "-", "--format", "xml"], ["check", "--as", "song", "x"],
                  ["nonsense"]):
        p = start(*words)
        out, err = p.communicate(timeout=10)
        assert p.returncode == 2 and not out and err, f"{words}: {p.returncode} {out} {err}"
    assert "did you mean --limit" in ctl("list", "--limt", "3", code=2)[1]
    for words in (["--help"], ["list", "--help"], ["publish", "-h"]):
        assert "usage: pulihctl" in ctl(*words)[0]
    assert "protocol 1" in ctl("version")[0]


main()
