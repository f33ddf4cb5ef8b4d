"""A department of the company's own: from rule, model and person to post, letter, ladder, feed and tool; and dropped."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest

WARRANTY = 8
RULED = "Klaim garansi blender saya ditolak padahal kartu garansinya lengkap."
PLAIN = "Saya kurang puas, mohon diperhatikan."
POST = "Kepala Bagian Garansi"
OWN = ('departments = ( { name = "warranty"; number = 8; id = "klaim garansi"; en = "warranty claims"; '
       f'post = "{POST}"; }} );\n')
LADDER = ('  { department = "warranty"; rungs = ( { post = "Kepala Divisi"; acknowledge_within = "1 hour"; '
          'answer_within = "2 hours"; } ); },\n')
RULE = ('  { id = "own-warranty"; axis = "department"; value = "warranty"; weight = 4; any = [ "garansi*" ]; force = true; },\n')


def put_rule(path, rule):
    rules = os.path.join(os.path.dirname(path), "rules.cfg")
    change_policy(rules, (r"(?m)^rules = \(\n", "rules = (\n" + rule))


@shared
def policy():
    path = a_policy((r"(?m)^posts = \(\n", f'posts = (\n  {{ post = "{POST}"; holder = "K900"; }},\n'),
                    (r"(?m)^answerable = ", OWN + "answerable = "), (r"(?m)^ladders = \(\n", "ladders = (\n" + LADDER))
    put_rule(path, RULE)
    return path


@shared
def chain():
    return Chain(policy=policy())


def run(*args, code=0, **env):
    done = subprocess.run([os.path.join(pulihtest.BUILD, "pulihctl"), *map(str, args)], text=True, capture_output=True,
                          timeout=60, stdin=subprocess.DEVNULL,
                          env={**os.environ, "PULIH_DATABASE": chain().db.conninfo(), "TZ": "UTC", **env})
    assert done.returncode == code, f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


def lines(*args, code=0):
    return [json.loads(line) for line in run(*args, "--json", "--policy", policy(), code=code)[0].splitlines()]


def reload_all(says):
    """Has all daemons read the policy again and waits until each has said so once more."""
    for daemon in chain().all:
        before = daemon.log_text().count(says)
        daemon.signal(signal.SIGHUP)
        wait_until(lambda: daemon.log_text().count(says) > before, 20, f"{daemon.name} reads the policy again")


# --- while it is there ---------------------------------------------------------------------------------------

@test
def a_rule_sends_a_complaint_to_its_post():
    case = Case(chain(), story=RULED, expected_outcome=None, language="en")
    assert case.row("department") == WARRANTY
    assert case.last("classified")["department"] == "warranty"
    assert case.last("planned")["post"] == POST
    told = chain().subscriber().wait_item(case.id, "acknowledged")["body"]
    assert told["department"] == "warranty", told
    text = case.letter(told["letter"])[3]
    assert "warranty claims" in text and POST in text, text


@test
def its_own_ladder_climbs():
    case = Case(chain(), story=RULED, expected_outcome=None)
    case.db.query("UPDATE pulih.deadline SET due_at = now() - interval '1 day' WHERE complaint = %s AND kind = %s",
                  case.id.hex(), word("deadline", "resolution"))
    case.db.wait_row("SELECT 1 FROM pulih.complaint WHERE id = %s AND level = 1 AND holder = 0", case.id.hex(), timeout=20)
    assert case.last("reprimanded")["post"] == "Kepala Divisi"


@test
def a_person_may_choose_it_and_no_other():
    case = Case(chain(), story=PLAIN, expected_outcome=None)
    new = case.do("reclassified", department="warranty", actor="A-1")
    assert [e.name for e in new] == ["reclassified", "classified", "planned", "informed"]
    assert new[1].body["department"] == "warranty" and new[1].body["by_person"] and case.row("department") == WARRANTY
    before = case.row("version")
    nack = case.publisher.refusal("reclassified", {"department": "garantie", "actor": "A-1"}, case.id)
    assert (nack["refusal"], nack["field"], nack["value"]) == ("bad_field", "department", "garantie"), nack
    assert nack["rule"] == ("must be one of: product, price, service, delivery, payment, technical, other, warranty"), nack
    assert case.row("version") == before
    err = run("send", "--endpoint", f"tcp://127.0.0.1:{chain().publish_port}", "reclassified", case.ack["reference"],
              "department=garantie", "actor=A-1", code=1)[1]
    assert "department" in err and "technical, other, warranty" in err, err


@test
def the_tool_knows_it_by_the_policy():
    case = Case(chain(), story=RULED, expected_outcome=None)
    reference = case.ack["reference"]
    assert lines("show", reference)[0]["department"] == "warranty"
    assert "department warranty" in run("show", "--policy", policy(), reference)[0]
    assert reference in [c["reference"] for c in lines("list", "--department", "warranty")]
    assert ("department", "warranty") in [(c.get("by"), c.get("name")) for c in lines("stats")]
    assert json.loads(run("list", "--json", "--limit", "1", PULIH_POLICY=policy())[0])["department"] == "warranty"
    # By a policy without it, the number is all that is known.
    assert json.loads(run("list", "--json", "--department", "8", "--limit", "1")[0])["department"] == "8"
    assert '"department":"8"' in run("show", "--json", reference)[0]
    err = run("list", "--department", "garantie", "--policy", policy(), code=2)[1]
    assert "--department wants one of unknown, product" in err and "warranty; got garantie" in err, err


@test
def check_accepts_it_and_tells_what_is_wrong():
    assert "a good policy" in run("check", policy())[0]
    faulty = a_policy((r"(?m)^answerable = ", OWN.replace("number = 8", "number = 3").replace(POST, "Kepala Divisi")
                       + "answerable = "))
    put_rule(faulty, RULE.replace('"warranty"', '"garantie"'))
    out = run("check", faulty, code=1)[0]
    assert re.search(r"default.cfg:\d+: departments\[0\].number: expected a whole number from 8 to 31", out), out
    assert re.search(r'rules.cfg:\d+: value: "garantie" is no department, expected one of product, price', out), out


# --- learning ------------------------------------------------------------------------------------------------

THINGS = {"warranty": "gerobak besi itu mogok lagi", "delivery": "perahu kayu itu belum berlabuh"}
AROUND = ["mohon dicermati", "tetangga pun heran", "keluarga bertanya terus", "kami bingung", "begitulah keadaannya"]


@shared
def model():
    folder = tempfile.mkdtemp(prefix="pulih-department.")
    texts, path = os.path.join(folder, "texts.tsv"), os.path.join(folder, "own.model")
    with open(texts, "w", encoding="utf-8") as f:
        f.writelines(f"{label}\t{before}, {thing}, {after}\n" for label, thing in THINGS.items()
                     for before in AROUND for after in AROUND if before != after)
    run("train", "--axis", "department", "--tsv", texts, "--out", path)
    return texts, path


@test
def a_model_of_its_own_labels_is_trained_and_judged():
    texts, path = model()
    found = lines("evaluate", "--model", path, "--tsv", texts)[0]
    assert found["accuracy"] > 0.95 and {c["label"] for c in found["per_class"]} == set(THINGS), found
    assert lines("evaluate", "--axis", "department", "--tsv", texts)[0]["n"] == 40
    err = run("evaluate", "--axis", "department", "--tsv", texts, code=1)[1]
    assert "warranty, a label of these texts, is no word of the axis department, which are product" in err, err


@test(timeout=120)
def a_promoted_model_judges_by_it():
    texts, path = model()
    err = run("model", "import", path, code=1)[1]
    assert "its label warranty is no word of the axis department, which are product" in err, err
    assert lines("model", "import", path)[0]["version"] == 1
    lines("model", "promote", "1", "--force", "--reason", "a test")
    judged = {}
    for label, thing in THINGS.items():
        case = Case(chain(), story=f"kami bingung, {thing}, mohon dicermati", expected_outcome=None)
        judged[label] = case.db.query("SELECT department, models FROM pulih.classification WHERE complaint = %s",
                                      case.id.hex())[0]
    assert judged["warranty"][0] == WARRANTY and judged["delivery"][0] == word("department", "delivery"), judged
    assert all("department-" in models for _, models in judged.values()), judged


# --- and dropped ---------------------------------------------------------------------------------------------

@test(timeout=120)
def a_department_that_is_dropped_stays_with_its_complaints_and_is_told():
    case = Case(chain(), story=RULED, expected_outcome=None)
    path = policy()
    change_policy(path, (re.escape(OWN), ""), (re.escape(LADDER), ""))
    rules = os.path.join(os.path.dirname(path), "rules.cfg")
    change_policy(rules, (re.escape(RULE), ""))
    reload_all("the policy dropped a department, complaints keep its number")
    log = chain().escalation.log_text()
    assert 'department=warranty number=8 answered_by="Kepala Layanan Pelanggan"' in log, log[-600:]
    assert case.row("department") == WARRANTY
    new = case.do("reclassified", tier="complex", actor="A-1")
    assert [e.name for e in new] == ["reclassified", "classified", "planned", "informed"]
    assert case.row("department") == WARRANTY and new[3].body["department"] == "8"
    assert new[2].body["post"] == "Kepala Layanan Pelanggan"
    nack = case.publisher.refusal("reclassified", {"department": "warranty", "actor": "A-1"}, case.id)
    assert nack["field"] == "department" and nack["rule"].endswith("technical, other"), nack
    assert json.loads(run("list", "--json", "--department", "8", "--limit", "1")[0])["reference"] == case.ack["reference"]
    # The model still knows it, and has no vote for it any more.
    assert 'event="model knows words that the policy does not; they have no vote" version=1 words=1 first=warranty' in wait_until(
        lambda: "have no vote" in chain().classification.log_text() and chain().classification.log_text(), 20)
    other = Case(chain(), story=f"kami bingung, {THINGS['warranty']}, mohon dicermati", expected_outcome=None)
    assert other.row("department") != WARRANTY
    case.do("reclassified", department="product", actor="A-1")
    assert case.last("informed")["department"] == "product"
    verify_chains(chain().db)


main()
