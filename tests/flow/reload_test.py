"""SIGHUP: a new policy counts for new decisions, a broken one is refused and the old one stays."""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *


class Reloadable(Chain):
    """A chain with a policy of its own that can be changed while it runs."""

    def __init__(self):
        super().__init__(policy=a_policy())

    def reload(self, *daemons, says="policy in force"):
        """Has daemons read the policy again and waits until they say that it counts, or does not."""
        for d in daemons or self.all:
            before = d.log_text().count(says)
            d.signal(signal.SIGHUP)
            wait_until(lambda: d.log_text().count(says) > before, what=says)


def versions(case):
    return [e.body["policy"] for e in case.events() if e.name in ("classified", "planned")]


@test
def decisions_tell_the_version_they_were_made_under():
    chain = Reloadable()
    before = versions(Case(chain))
    assert len(set(before)) == 1 and before[0].startswith("2026-11"), before
    change_policy(chain._policy, (r'version = "2026-11"', 'version = "2026-12"'))
    chain.reload()
    after = versions(Case(chain))
    assert len(set(after)) == 1 and after[0].startswith("2026-12") and after[0] != before[0], after


@test
def the_same_version_text_with_other_bytes_is_another_version():
    chain = Reloadable()
    before = versions(Case(chain))
    change_policy(chain._policy, (r"offers_max = 3", "offers_max = 4"))
    chain.reload()
    after = versions(Case(chain))
    assert after[0].startswith("2026-11") and after[0] != before[0]


@test
def new_deadlines_count_for_all_that_live_and_old_promises_stay():
    chain = Reloadable()
    old = Case(chain)
    due = old.last("planned")["due_at"]
    change_policy(chain._policy, (r'(simple    )= "1 working_day"', r'\1= "30 calendar_days"'),
                  (r'(normal    )= "3 working_days"', r'\1= "30 calendar_days"'),
                  (r'(complex   )= "10 working_days"', r'\1= "30 calendar_days"'))
    chain.reload(chain.escalation)
    new = Case(chain)
    assert new.last("planned")["due_at"] - new.events()[0].recorded == 30 * 86400 * 1_000_000
    wait_until(lambda: old.last("planned").get("cause") == "policy", what="the old plan follows")
    old.settle()
    assert due < old.last("planned")["due_at"] == old.row("(extract(epoch from due_at) * 1000000)::int8")
    promised = [r[0] for r in old.db.query("SELECT (extract(epoch from due_at) * 1000000)::int8 FROM pulih.promise "
                                           "WHERE complaint = %s ORDER BY n", old.id.hex())]
    assert due in promised and old.last("planned")["due_at"] == promised[-1]


@test
def receipts_and_letters_follow_the_new_policy():
    chain = Reloadable()
    assert "PT Contoh Sejahtera" in Case(chain).ack["receipt"]
    change_policy(chain._policy, (r"PT Contoh Sejahtera", "CV Baru Makmur"))
    chain.reload(chain.intake, chain.followup)
    case = Case(chain)
    assert "CV Baru Makmur" in case.ack["receipt"] and "CV Baru Makmur" in case.letter(1)[3]


@test
def authority_follows_the_new_policy():
    chain = Reloadable()
    case = Case(chain)
    change_policy(chain._policy, (r'role = "agent";      limit = 250000', 'role = "agent"; limit = 1'))
    chain.reload(chain.followup)
    case.do("offer_made", **an_offer())
    assert case.state == "approving"


@test
def a_ladder_with_fewer_rungs_ends_earlier():
    chain = Reloadable()
    case = Case(chain)
    change_policy(chain._policy, (r'(?s)"1 working_day"; },.*?"2 working_days"; }', '"1 working_day"; }'))
    chain.reload()
    for _ in range(4):
        case.db.query("UPDATE pulih.deadline SET due_at = due_at - interval '90 days'")
        wait_until(lambda: not case.db.query("SELECT 1 FROM pulih.deadline WHERE due_at < now()"))
        case.settle()
    assert len(case.events("reprimanded")) == 3 and case.row("ended") == 1


@test
def a_broken_policy_is_refused_and_the_old_one_stays():
    chain = Reloadable()
    before = versions(Case(chain))
    change_policy(chain._policy, (r'version = "2026-11"', 'version = "2027-01"'),
                  (r'plan_within = ".*?"', 'plan_within = "4 fortnights"'))
    chain.reload(says="new policy refused")
    assert versions(Case(chain)) == before
    for d in chain.all:
        assert d.ready
        line = next(l for l in d.log_text().splitlines() if "new policy refused" in l)
        assert "level=error" in line and "default.cfg:" in line and "plan_within" in line, line
    change_policy(chain._policy, (r'plan_within = ".*?"', 'plan_within = "4 hours"'))
    chain.reload()
    assert versions(Case(chain))[0].startswith("2027-01")


@cases([("unknown zone", "default.cfg", "Asia/Jakarta", "Asia/Jakrta",
         r"default\.cfg:\d+: calendar\.zone: unknown time zone"),
        ("slots that overlap", "default.cfg", '12:00", "13:00', '12:00", "11:00',
         r"default\.cfg:\d+: calendar\.week\.monday\[1\]: expected hours that begin"),
        ("file of holidays that is broken", "holidays-id-2027.ics", "DTSTART;VALUE=DATE:20270817",
         "DTSTART:20270817T000000", r"holidays-id-2027\.ics:\d+: DTSTART: expected ;VALUE=DATE")])
def a_broken_calendar_is_refused_by_line_and_the_old_policy_stays(name, text, other, told):
    chain = Reloadable()
    before = versions(Case(chain))
    path = os.path.join(os.path.dirname(chain._policy), name)
    with open(path, encoding="utf-8", newline="") as f:
        old = f.read()
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(old.replace(text, other))
    chain.reload(says="new policy refused")
    assert versions(Case(chain)) == before
    for d in chain.all:
        assert d.ready and re.search(told, d.log_text()), d.log_text()


@test
def a_new_file_of_holidays_makes_a_new_version():
    chain = Reloadable()
    before = versions(Case(chain))
    with open(os.path.join(os.path.dirname(chain._policy), "holidays-id-2027.ics"), "a", newline="") as f:
        f.write("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20271129\r\nEND:VEVENT\r\n"
                "END:VCALENDAR\r\n")
    chain.reload()
    after = versions(Case(chain))
    assert after[0].startswith("2026-11") and after[0] != before[0], after


@test
def a_policy_that_is_gone_is_refused_and_the_old_one_stays():
    chain = Reloadable()
    before = versions(Case(chain))
    os.rename(chain._policy, chain._policy + ".away")
    chain.reload(says="new policy refused")
    assert versions(Case(chain)) == before


@test
def reloads_are_counted():
    chain = Reloadable()
    for n in (1, 2):
        change_policy(chain._policy, (r"offers_max = \d", f"offers_max = {3 + n}"))
        chain.reload(chain.escalation)
        assert chain.escalation.metrics()['pulih_policy_reloads_total{stage="escalation"}'] == n


@test
def reloading_under_load_loses_nothing():
    chain = Reloadable()
    p = chain.publisher()
    ids = []
    for n in range(5):
        ids += [p.send("complaint", a_complaint()) for _ in range(100)]
        change_policy(chain._policy, (r"offers_max = \d", f"offers_max = {1 + n}"))
        for d in chain.all:
            d.signal(signal.SIGHUP)
    p.receipts(ids)
    chain.wait_quiet()
    assert chain.db.query("SELECT state, count(*) FROM pulih.complaint GROUP BY 1") == [(STATE["acknowledged"], 500)]
    verify_chains(chain.db)


main()
