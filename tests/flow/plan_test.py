"""The handling plan of a complaint with real daemons: drafted from policy, versioned, measured."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *


@shared
def policy():
    return a_policy((r"clocks = \(\n", 'clocks = (\n  { name = "first_response"; within = "2 calendar_days"; },\n'))


@shared
def chain():
    return Chain(policy=policy())


def ctl(*args, code=0):
    return pulihctl("plan", *args, code=code, database=chain().db.conninfo())


def plan_of(case):
    """The plan, its yardsticks and steps by name, and its versions."""
    rows = [json.loads(line) for line in ctl(case.ack["reference"], "--policy", policy(), "--json")[0].splitlines()]
    pick = lambda what, key: {r[key]: r for r in rows if r["what"] == what}
    return rows[0], pick("yardstick", "metric"), pick("step", "step"), [r for r in rows if r["what"] == "version"]


@test
def a_new_plan_says_all_five_parts():
    case = Case(chain(), channel="email")
    plan, yardsticks, steps, versions = plan_of(case)
    assert plan["version"] == 1 and plan["post"] and all(plan[p] for p in ("purpose", "scope", "definitions"))
    assert case.ack["reference"] in plan["purpose"] and plan["post"] in plan["scope"] and "{{" not in json.dumps(plan)
    assert yardsticks["first_response"]["target"] == "2 hari kalender" and yardsticks["first_response"]["state"] == "open"
    assert yardsticks["plan"]["state"] == "kept" and yardsticks["reprimands"]["measured"] == "0"
    assert steps["acknowledged"]["done_at"] and not steps["offered"]["done_at"] and steps["offered"]["due_at"]
    assert [v["version"] for v in versions] == [1] and versions[0]["due_at"] == steps["closed"]["due_at"]


@test
def corrections_and_extensions_make_versions():
    case = Case(chain(), channel="email")
    case.do("reclassified", tier="complex", actor="A-1")
    case.do("extended", extension="external", actor="A-1")
    plan, _, steps, versions = plan_of(case)
    assert plan["version"] == 3 and [v["cause"] for v in versions] == \
        ["rencana pertama", "koreksi klasifikasi", "perpanjangan"], versions
    assert versions[2]["due_at"] > versions[1]["due_at"] and steps["closed"]["due_at"] == versions[2]["due_at"]


@test
def what_is_declined_is_measured_and_owed_again():
    case = Case(chain(), channel="email")
    case.do("reclassified", tier="normal", actor="A-1")
    case.do("offer_made", **an_offer())
    _, yardsticks, steps, _ = plan_of(case)
    assert yardsticks["first_response"]["state"] == "kept" and steps["offered"]["done_at"]
    case.do("offer_answered", answer="declined")
    _, yardsticks, steps, _ = plan_of(case)
    assert yardsticks["declined_offers"]["measured"] == "1" and not steps["offered"]["done_at"]


@cases([("Indonesian", "id", ["Rencana penanganan", "1. TUJUAN", "2. RUANG LINGKUP", "3. DEFINISI", "4. TOLOK UKUR", "5. LANGKAH",
                "paling banyak 2 hari kalender", "paling lambat", "rencana pertama"]),
        ("English", "en", ["Handling plan", "1. PURPOSE", "2. SCOPE", "3. DEFINITIONS", "4. YARDSTICKS", "5. STEPS",
                "at most 2 calendar days", "so far", "first plan"])])
def a_plan_speaks_to_people(language, words):
    case = Case(chain(), channel="email")
    out = ctl(case.ack["reference"], "--policy", policy(), "--language", language)[0]
    for word in words:
        assert word in out, (word, out)


@test
def what_is_wrong_is_said():
    assert "neither a reference" in ctl("PL-0000", "--policy", policy(), code=1)[1]
    assert "--language wants id or en" in ctl("PL-0000", "--policy", policy(), "--language", "fr", code=2)[1]
    silent = a_policy()
    change_policy(os.path.join(os.path.dirname(silent), "letters.cfg"), (r"plan = \{[\s\S]*?\n\};\n\nletters", "letters"))
    assert "give it `plan`" in ctl("PL-0000", "--policy", silent, code=1)[1]


main()
