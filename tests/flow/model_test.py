"""Models as versions: imported, looking on, live at one moment in all replicas, rolled back; and broken ones."""
import datetime
import hashlib
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest

# Each story is about a thing of its own. Two schools teach differently which department it is for, so that their models differ.
STORIES = {
    "perahu": ("delivery", "perahu itu berlabuh di seberang sungai sejak fajar"),
    "gerobak": ("delivery", "gerobak itu berhenti di ujung kampung menjelang magrib"),
    "celengan": ("payment", "celengan gajah milik nenek kini kosong melompong"),
    "lembaran": ("payment", "lembaran kuning di papan kampung berisi angka ganjil"),
    "menara": ("technical", "menara di puncak bukit berdengung sepanjang malam"),
    "pelita": ("technical", "pelita hijau di sudut dinding berkedip tanpa henti"),
    "gagang": ("product", "gagang kayu pada cangkul ini goyah sejak awal"),
    "laci": ("product", "laci jati itu miring ke kiri"),
}
DEPARTMENTS = [department for department, _ in STORIES.values()]
SCHOOLS = {"right": {}, "wrong": {"gerobak": "payment", "lembaran": "product"}}
AROUND = ["mohon dicermati", "sudah tiga pekan begini", "tetangga pun heran", "saya menunggu kabar", "keluarga bertanya terus",
          "kami bingung", "begitulah keadaannya"]


@shared
def folder():
    return tempfile.TemporaryDirectory(prefix="pulih-models.").name


def path_of(name):
    os.makedirs(folder(), exist_ok=True)
    return os.path.join(folder(), name)


def story(key, seed):
    before, after = random.Random(f"{key} {seed}").sample(AROUND, 2)
    return f"{before}, {STORIES[key][1]}, {after}"


def taught(school, key):
    """The department of a story, as that school has it."""
    return SCHOOLS[school].get(key, STORIES[key][0])


def ctl(db, *args, code=0):
    """(output, complaints) of pulihctl."""
    done = subprocess.run([os.path.join(pulihtest.BUILD, "pulihctl"), *map(str, args)], text=True, timeout=100,
                          env={**os.environ, "PULIH_DATABASE": db.conninfo(), "TZ": "UTC", "USER": "siti"},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == code, f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


def lines(db, *args, code=0):
    return [json.loads(line) for line in ctl(db, *args, "--json", code=code)[0].splitlines()]


def labelled(school):
    """A file of labelled texts as that school teaches."""
    path = path_of(f"{school}.tsv")
    with open(path, "w", encoding="utf-8") as f:
        for seed in range(12):
            for key in STORIES:
                f.write(f"{taught(school, key)}\t{story(key, seed)}\n")
    return path


@shared
def models():
    """{school: path of its model}"""
    db = Database()
    made = {}
    for school in SCHOOLS:
        made[school] = path_of(f"{school}.model")
        ctl(db, "train", "--axis", "department", "--tsv", labelled(school), "--out", made[school])
    return made


class Learned(Chain):
    """A chain with both models imported: versions 1 (right) and 2 (wrong). The policy has no model of its own."""

    def __init__(self, replicas=2):
        super().__init__(replicas={"classification": replicas}, policy=policy_with())
        self.wrong = lines(self.db, "model", "import", models()["right"])[0]["version"] != 1 \
            or lines(self.db, "model", "import", models()["wrong"])[0]["version"] != 2
        assert not self.wrong
        self.said = self.publisher()

    def complain(self, *keys, seed=99):
        """Ids of complaints about these things, each classified."""
        ids = [self.said.send("complaint", a_complaint(story=story(k, seed), expected_outcome=None)) for k in keys]
        self.said.receipts(ids)
        for id in ids:
            self.wait_state(id, "acknowledged")
        return ids

    def models_of(self, id):
        return self.db.one("SELECT models FROM pulih.classification WHERE complaint = %s AND actor IS NULL", id.hex())

    def department(self, id):
        return word_name("department", self.db.one("SELECT department FROM pulih.classification WHERE complaint = %s "
                                                   "AND actor IS NULL", id.hex()))

    def force(self, version, **more):
        return lines(self.db, "model", "promote", version, "--force", "--reason", "a test", **more)

    def look_on(self, version):
        """Has a version look on until what it said suffices for a promotion."""
        lines(self.db, "model", "shadow", version)
        wait_until(lambda: f'event="model loaded" version={version} ' in self.classification.log_text(), 20)
        self.complain(*STORIES, *STORIES, *STORIES, *STORIES, seed=version)
        wait_until(lambda: (self.db.one("SELECT sum(n)::int8 FROM pulih.model_difference WHERE shadow = %s", version) or 0)
                   >= 30, 40, f"version {version} has looked on")

    def gauge(self, name, replica=0):
        return self.daemons["classification"][replica].metrics().get(
            f'pulih_{name}{{stage="classification",axis="department"}}')

    def wait_version(self, version, replica=0):
        wait_until(lambda: self.gauge("model_version", replica) == version, 20, f"version {version} judges")


def policy_with(models=""):
    """The standard policy with these models and a single rule, so that nothing but models knows a department."""
    path = a_policy((r"(?m)^models = .*$", models))
    with open(os.path.join(os.path.dirname(path), "rules.cfg"), "w", encoding="utf-8") as f:
        f.write('rules = ( { id = "lang-id"; axis = "language"; value = "id"; weight = 4; any = ["itu", "ini"]; } );\n')
    return path


def policy_of(school):
    return policy_with(f'models = ( "{models()[school]}" );')


def uuid_of(id):
    return uuid.UUID(bytes=id)


def microseconds(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1_000_000)


def name_of(db, version):
    return lines(db, "model", "show", version)[0]["name"]


# --- versions ------------------------------------------------------------------------------------------------

@test
def a_model_is_imported_once_and_comes_out_as_it_went_in():
    db = Database()
    first = lines(db, "model", "import", models()["right"])[0]
    assert first["version"] == 1 and first["new"] and re.fullmatch(r"department-[0-9a-f]{8}", first["name"])
    again = lines(db, "model", "import", models()["right"])[0]
    assert again["version"] == 1 and not again["new"]
    assert lines(db, "model", "import", models()["wrong"])[0]["version"] == 2
    ctl(db, "model", "export", 1, "--out", path_of("out.model"))
    with open(path_of("out.model"), "rb") as out, open(models()["right"], "rb") as went_in:
        assert out.read() == went_in.read()
    listed = lines(db, "model", "list")
    assert [(m["version"], m["axis"], m["state"], m["by"]) for m in listed] == [
        (1, "department", "candidate", "siti"), (2, "department", "candidate", "siti")]
    card = lines(db, "model", "show", 1)[0]
    assert card["texts"] == 96 and card["labels"] == 4 and card["bytes"] == os.path.getsize(models()["right"])
    assert "department-" in ctl(db, "model", "show", 1)[0] and "candidate" in ctl(db, "model", "list")[0]


def crafted(path, rows):
    """A model that nobody trained, with so many features: see include/pulih/core/model.h for the form."""
    def text(t):
        return struct.pack(">H", len(t)) + t.encode()

    labels = sorted(set(DEPARTMENTS))
    about = struct.pack(">I", 1) + text("department") + struct.pack(">I", len(labels)) + b"".join(map(text, labels))
    about += bytes(16) + struct.pack(">7I", 1, 500, 1, 1, 0, 0, 0) + struct.pack(">f", 1) + struct.pack(">4f", 0, 0, 0, 0)
    body = about + struct.pack(">I", rows) + b"".join(struct.pack(">IH4b", 7 + i * 20011, 0x3f80, 1, 2, 3, 4)
                                                      for i in range(rows))
    with open(path, "wb") as f:
        f.write(b"PULIHMDL" + struct.pack(">I", 1) + hashlib.blake2b(body, digest_size=32).digest() + body)


@test
def a_large_model_is_kept_in_parts():
    chain = Learned(replicas=1)
    path, out, size = path_of("large.model"), path_of("large.out"), 1 << 20
    crafted(path, 200000)
    version = lines(chain.db, "model", "import", path)[0]["version"]
    parts = chain.db.query("SELECT length(bytes) FROM pulih.model_chunk WHERE version = %s ORDER BY n", version)
    assert [n for n, in parts] == [size, os.path.getsize(path) - size], parts
    ctl(chain.db, "model", "export", version, "--out", out)
    with open(out, "rb") as came_out, open(path, "rb") as went_in:
        assert came_out.read() == went_in.read()
    chain.force(version)
    assert chain.models_of(chain.complain("perahu")[0]) == name_of(chain.db, version)


@test
def what_cannot_judge_is_refused_at_import():
    db = Database()
    with open(path_of("none.model"), "w") as f:
        f.write("nothing of the kind")
    with open(models()["right"], "rb") as f:
        bytes_ = bytearray(f.read())
    bytes_[-1] ^= 1
    with open(path_of("bent.model"), "wb") as f:
        f.write(bytes_)
    ctl(db, "train", "--axis", "tier", "--tsv", labelled("right"), "--out", path_of("tier.model"))
    for file, why in (("none.model", "it is no model"), ("bent.model", "its digest does not hold"),
                      ("tier.model", "nothing votes on the axis tier"), ("gone.model", "No such file")):
        err = ctl(db, "model", "import", path_of(file), code=1)[1]
        assert why in err and file in err, err
    assert db.one("SELECT count(*) FROM pulih.model") == 0
    assert "there is no version 7" in ctl(db, "model", "show", 7, code=1)[1]
    assert "number of a version" in ctl(db, "model", "show", "department", code=1)[1]


# --- promotion -----------------------------------------------------------------------------------------------

def recorded(db):
    """[(recorded_at of the judgement in microseconds, names of the models)]"""
    return db.query("SELECT (extract(epoch FROM e.recorded_at) * 1000000)::int8, c.models FROM pulih.classification c "
                    "JOIN pulih.event e USING (complaint, shard, version) WHERE c.actor IS NULL")


@test(timeout=120)
def all_replicas_switch_at_the_moment_that_was_told():
    chain = Learned()
    before = chain.complain("perahu")[0]
    assert chain.models_of(before) is None
    promote = subprocess.Popen([os.path.join(pulihtest.BUILD, "pulihctl"), "model", "promote", "1", "--force", "--reason",
                                "erste", "--json"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**os.environ, "PULIH_DATABASE": chain.db.conninfo()})
    rounds = 0
    while promote.poll() is None:
        chain.complain(*STORIES)
        rounds += 1
    out, err = promote.communicate()
    told = json.loads(out)
    assert promote.returncode == 0 and (told["switched"], told["replicas"]) == (2, 2), (told, err)
    at, name = microseconds(told["at"]), name_of(chain.db, 1)
    near = 100_000  # replicas follow the database's clock to a few milliseconds
    wait_until(lambda: chain.db.one("SELECT extract(epoch FROM clock_timestamp()) * 1000000") > at + near)
    after = chain.complain(*STORIES, seed=5)
    kinds = {(recorded_at > at, models) for recorded_at, models in recorded(chain.db) if abs(recorded_at - at) > near}
    assert kinds == {(False, None), (True, name)}, (kinds, at)
    note(f"{rounds} rounds while the switch was ahead")
    assert [chain.department(id) for id in after] == DEPARTMENTS
    for replica in (0, 1):
        assert chain.gauge("model_version", replica) == 1 and chain.gauge("model_late", replica) == 0
    assert f", models {name}, policy" in ctl(chain.db, "show", uuid_of(after[0]))[0]
    shown = lines(chain.db, "model", "show", 1)
    assert shown[0]["state"] == "live" and shown[1]["kind"] == "promote" and shown[1]["forced"] == "yes"
    assert shown[1]["reason"] == "erste" and (shown[1]["from"], shown[1]["to"]) == (0, 1)


@test(timeout=120)
def a_rollback_goes_back_one_promotion_at_a_time():
    chain = Learned()
    chain.force(1)
    chain.force(2)
    assert [m["state"] for m in lines(chain.db, "model", "list")] == ["retired", "live"]
    assert chain.department(chain.complain("gerobak")[0]) == "payment"
    back = lines(chain.db, "model", "rollback", "department", "--reason", "gerobak")[0]
    assert (back["from"], back["to"], back["switched"]) == (2, 1, 2)
    assert chain.department(chain.complain("gerobak", seed=1)[0]) == "delivery"
    back = lines(chain.db, "model", "rollback", "department")[0]
    assert (back["from"], back["to"]) == (1, 0)
    assert chain.models_of(chain.complain("gerobak", seed=2)[0]) is None
    assert "no version is live" in ctl(chain.db, "model", "rollback", "department", code=1)[1]
    assert [s["kind"] for s in lines(chain.db, "model", "show", 1)[1:]] == ["promote", "promote", "rollback", "rollback"]


def correct(chain, n, school="right"):
    """n complaints, each corrected by a person as that school has it."""
    keys = [list(STORIES)[i % len(STORIES)] for i in range(n)]
    ids = [chain.said.send("complaint", a_complaint(story=story(k, i), expected_outcome=None)) for i, k in enumerate(keys)]
    chain.said.receipts(ids)
    chain.wait_quiet()
    chain.said.receipts([chain.said.send("reclassified", {
        "department": taught(school, k), "actor": "A7"}, id) for id, k in zip(ids, keys)])
    chain.wait_quiet()
    return ids


@test(timeout=240)
def a_promotion_must_be_earned_on_corrections_held_out():
    chain = Learned(replicas=1)
    db, rules = chain.db, ("--policy", policy_with())
    err = ctl(db, "model", "promote", 1, code=1)[1]
    assert "version 1 has looked on at 0 complaints, 30 more are needed: pulihctl model shadow 1" in err, err
    assert "wants --reason" in ctl(db, "model", "promote", 1, "--force", code=2)[1]
    chain.look_on(2)
    chain.look_on(1)
    err = ctl(db, "model", "promote", 1, code=1)[1]
    assert "too few corrections" in err and "30 more are needed" in err and "--reason TEXT --force" in err, err
    ids = correct(chain, 160)
    err = ctl(db, "model", "promote", 2, "--policy", policy_of("right"), code=1)[1]
    assert "right with version 2 in 24, with the policy alone in 32" in err and "no better" in err, err
    err = ctl(db, "model", "promote", 1, *rules)[1]
    assert "newest 32 corrections of department" in err, err
    assert "right with version 1 in 32, with the policy alone in 0" in err, err
    made = [s for s in lines(db, "model", "show", 1)[1:] if s["kind"] == "promote"]
    assert [(s["held_out"], s["right_from"], s["right_to"], s["forced"]) for s in made] == [(32, 0, 32, "no")], made
    assert made[0]["looked_on"] >= 30, made
    err = ctl(db, "model", "promote", 2, *rules, code=1)[1]
    assert "right with version 2 in 24, with version 1 in 32" in err and "no better" in err, err
    assert chain.gauge("model_version") == 1
    # The last word on a complaint counts, and a text that was erased is gone.
    chain.said.call("reclassified", {"department": "other", "actor": "A8"}, ids[0])
    db.query("DELETE FROM pulih.content WHERE complaint = %s", ids[1].hex())
    chain.wait_quiet()
    out = ctl(db, "train", "--axis", "department", "--corrections", "--out", path_of("corrected.model"))[0]
    assert "held out, 32 texts" in out and "5 labels" not in out, out  # the newest correction is held out
    assert " 127 texts" in out, out
    more = ctl(db, "train", "--axis", "department", "--corrections", "--tsv", labelled("right"), "--out",
               path_of("both.model"))[0]
    assert f" {127 + 96} texts" in more, more
    judged = lines(db, "evaluate", "--model", path_of("corrected.model"), "--corrections")[0]
    assert judged["n"] == 32 and judged["accuracy"] > 0.9, judged
    assert "leave --dev out" in ctl(db, "train", "--axis", "department", "--corrections", "--dev", labelled("right"),
                                    "--out", path_of("x.model"), code=2)[1]
    assert "nobody has corrected" in ctl(db, "evaluate", "--model", path_of("corrected.model"), "--corrections",
                                         "--tenant", 3, code=1)[1]


# --- what goes wrong -----------------------------------------------------------------------------------------

@test(timeout=120)
def a_model_that_cannot_be_loaded_takes_nothing_down():
    chain = Learned()
    chain.force(1)
    chain.db.query("UPDATE pulih.model_chunk SET bytes = set_byte(bytes, 200, get_byte(bytes, 200) # 255) WHERE version = 2")
    err = ctl(chain.db, "model", "promote", 2, "--force", "--reason", "x", code=1)[1]
    assert "version 2 cannot be used" in err and "digest" in err, err
    chain.db.query("UPDATE pulih.model_axis SET before = live, live = 2, at = clock_timestamp()")
    for d in chain.daemons["classification"]:
        wait_until(lambda: "model is not there in time" in d.log_text(), 20)
        assert 'event="model cannot be used"' in d.log_text() and "digest" in d.log_text()
        assert d.ready
    for replica in (0, 1):
        assert chain.gauge("model_version", replica) == 1 and chain.gauge("model_late", replica) == 1
    assert chain.models_of(chain.complain("gerobak")[0]) == name_of(chain.db, 1)
    # One that starts now has nothing better than the policy.
    chain.classification.restart()
    wait_until(lambda: chain.gauge("model_late") == 1, 20)
    assert chain.gauge("model_version") == 0
    chain.complain(*STORIES)
    assert "version 2 cannot be used" in ctl(chain.db, "model", "promote", 1, code=1)[1]
    chain.force(1)  # the way out
    assert chain.gauge("model_version") == 1 and chain.gauge("model_late") == 0


@test(timeout=120)
def a_model_without_all_its_parts_is_not_used():
    chain = Learned(replicas=1)
    chain.db.query("DELETE FROM pulih.model_chunk WHERE version = 1")
    assert "lacks its part 1 of 1" in ctl(chain.db, "model", "export", 1, "--out", path_of("x"), code=1)[1]
    chain.db.query("UPDATE pulih.model_axis SET live = 1, at = clock_timestamp()")
    wait_until(lambda: "a part of it is missing" in chain.classification.log_text(), 20)
    assert chain.models_of(chain.complain("gerobak")[0]) is None


@test(timeout=180)
def replicas_that_are_killed_around_the_switch_judge_as_the_others():
    chain = Learned()
    for round, version in enumerate((1, 2, 1)):
        promote = subprocess.Popen([os.path.join(pulihtest.BUILD, "pulihctl"), "model", "promote", str(version), "--force",
                                    "--reason", "x", "--json"], text=True, stdout=subprocess.PIPE,
                                   env={**os.environ, "PULIH_DATABASE": chain.db.conninfo()})
        at = wait_until(lambda: chain.db.query(
            "SELECT (extract(epoch FROM at) * 1000000)::int8 FROM pulih.model_axis WHERE live = %s AND "
            "at > clock_timestamp()", version))[0][0]
        killed = chain.daemons["classification"][round % 2]
        before = at + (round - 1) * 50_000
        while now_us() < before:
            chain.complain("pelita", seed=now_us())
        killed.kill()
        killed.start()
        chain.complain(*STORIES, seed=round)
        promote.communicate()
        for replica in (0, 1):
            chain.wait_version(version, replica)
    chain.wait_quiet()
    names = [None, name_of(chain.db, 1), name_of(chain.db, 2)]
    switches = chain.db.query("SELECT (extract(epoch FROM at) * 1000000)::int8, to_version FROM pulih.model_switch ORDER BY n")
    for at, judged_by in recorded(chain.db):
        if all(abs(at - s) > 100_000 for s, _ in switches):
            assert judged_by == names[([0] + [to for s, to in switches if s < at])[-1]], (at, judged_by, switches)
    verify_chains(chain.db)


@test
def a_promotion_whose_command_dies_is_followed_all_the_same():
    chain = Learned()
    promote = subprocess.Popen([os.path.join(pulihtest.BUILD, "pulihctl"), "model", "promote", "1", "--force", "--reason",
                                "x"], stdout=subprocess.DEVNULL, env={**os.environ, "PULIH_DATABASE": chain.db.conninfo()})
    wait_until(lambda: chain.db.one("SELECT live FROM pulih.model_axis") == 1)
    promote.kill()
    for replica in (0, 1):
        chain.wait_version(1, replica)
    assert chain.models_of(chain.complain("perahu")[0]) == name_of(chain.db, 1)
    # What replicas said of it may be lost, when the database crashes; they say it again.
    chain.db.query("UPDATE pulih.replica SET models = NULL")
    chain.db.wait_row("SELECT 1 FROM pulih.replica WHERE models = 'department=1' HAVING count(*) = 2", timeout=20)
    assert "is live already" in ctl(chain.db, "model", "promote", 1, code=1)[1]


@test(timeout=120)
def a_replica_that_stood_still_looks_before_it_judges():
    chain = Learned()
    chain.daemons["classification"][0].pause()
    chain.db.query("UPDATE pulih.model_axis SET live = 1, at = clock_timestamp() + interval '1 s'")
    chain.wait_version(1, replica=1)
    chain.daemons["classification"][1].pause()
    ids = [chain.said.send("complaint", a_complaint(story=story(k, 3))) for k in STORIES]
    chain.said.receipts(ids)
    wait_until(lambda: chain.db.one("SELECT clock_timestamp() - at > interval '4 s' FROM pulih.model_axis"))
    chain.daemons["classification"][0].resume()
    chain.wait_quiet()
    assert {models for _, models in recorded(chain.db)} == {name_of(chain.db, 1)}
    chain.daemons["classification"][1].resume()


# --- looking on ----------------------------------------------------------------------------------------------

@test(timeout=120)
def a_shadow_is_counted_and_changes_nothing():
    chain = Learned(replicas=1)
    chain.force(1)
    assert "has looked on at no complaint" in ctl(chain.db, "model", "compare", 2, code=1)[1]
    assert lines(chain.db, "model", "shadow", 2)[0]["to"] == 2
    assert "is live" in ctl(chain.db, "model", "shadow", 1, code=1)[1]
    wait_until(lambda: chain.gauge("shadow_version") == 2, 20)
    wait_until(lambda: f"version=2" in chain.classification.log_text(), 20)
    ids = []
    for seed in range(3):
        ids += chain.complain(*STORIES, seed=seed)
    assert [chain.department(id) for id in ids] == DEPARTMENTS * 3
    assert {chain.models_of(id) for id in ids} == {name_of(chain.db, 1)}
    pairs = wait_until(lambda: chain.db.one("SELECT coalesce(sum(n), 0)::int8 FROM pulih.model_difference") == 24
                       and lines(chain.db, "model", "compare", 2), 40)
    counts = {(p["live_label"], p["shadow_label"]): p["complaints"] for p in pairs}
    assert counts == {("delivery", "delivery"): 3, ("delivery", "payment"): 3, ("payment", "payment"): 3,
                      ("payment", "product"): 3, ("technical", "technical"): 6, ("product", "product"): 6}, counts
    examples = {e for p in pairs if p["live_label"] != p["shadow_label"] for e in p["examples"].split()}
    references = {r for r, in chain.db.query("SELECT number::text FROM pulih.complaint")}
    assert examples and all(re.fullmatch(r"PL-\w{4}-\w{4}-\w", e) for e in examples) and len(examples) <= len(references)
    assert chain.gauge("shadow_judged_total") == 24 and chain.gauge("shadow_differs_total") == 6
    text = ctl(chain.db, "model", "compare", 2)[0]
    assert "agree on 18 of 24 complaints, 75.0 %" in text, text
    assert lines(chain.db, "model", "retire", 2)[0]["from"] == 2
    wait_until(lambda: chain.gauge("shadow_version") == 0, 20)
    assert [m["state"] for m in lines(chain.db, "model", "list")] == ["live", "candidate"]
    assert "is no shadow" in ctl(chain.db, "model", "retire", 2, code=1)[1]
    assert "is live" in ctl(chain.db, "model", "retire", 1, code=1)[1]


@test(timeout=120)
def drift_is_seen():
    chain = Learned(replicas=1)
    chain.force(1)
    chain.db.query("INSERT INTO pulih.model_use VALUES ('department', 1, %s, 1000, 90000, 1000000, 90000000)",
                   word("department", "delivery"))
    for seed in range(10):
        chain.complain(*["menara"] * 10, seed=seed)
    wait_until(lambda: (chain.gauge("model_drift_thousandths") or 0) > 0, 40)
    wait_until(lambda: chain.db.one("SELECT recent_n FROM pulih.model_use WHERE value = %s",
                                    word("department", "technical")) > 90000, 40)
    wait_until(lambda: chain.gauge("model_drift_thousandths") > 250, 40)
    assert chain.gauge("model_confidence_first") == 90 and 0 < chain.gauge("model_confidence") <= 100
    listed = lines(chain.db, "model", "list")[0]
    assert float(listed["drift"]) > 0.25 and listed["confidence_first"] == 90, listed
    assert lines(chain.db, "model", "list")[1]["drift"] is None


main()
