"""Configuration and policy: every wrong value is refused with file, line, name and reason before anything starts."""
import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
from link import free_port

CONF = [r[:6] for r in rows("include/pulih/tbl/conf.tbl.h", "CONF")]  # group, kind, name, min, max, default
WRONG_KIND = {"integer": ['"12"', "true", "1.5", "[1]"], "text": ["7", "true", '["a"]', "{}"],
              "word": ["7", "true", '["info"]'], "texts": ['"a"', "7", "[1]", "[true]"], "boolean": ["1", '"true"']}


class Folder:
    """A folder with a good policy and a pulih.cfg of the test's own."""

    def __init__(self, text=""):
        self.policy = a_policy()
        self.path = os.path.join(os.path.dirname(self.policy), "pulih.cfg")
        self.write(text)

    def write(self, text, policy=True):
        with open(self.path, "w") as f:
            f.write(('policy = "default.cfg";\n' if policy else "") + text)

    def check(self, service="intake", *args):
        """(exit code, all output) of --check."""
        return run(service, "--check", "--config", self.path, *args)


@shared
def folder():
    return Folder()


def run(service, *args, **more):
    done = subprocess.run([os.path.join(BUILD, "pulih-" + service), *args], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=30 * SLOW, **more)
    return done.returncode, done.stdout


def places():
    """(name, group or None, kind, least, most) of every parameter, with those of every daemon spelt out."""
    for group, kind, name, least, most, _ in CONF:
        for g in SERVICES if group == "daemon" else [None if group == "pulih" else group]:
            yield f"{g}.{name}" if g else name, g, name, kind, int(least), int(most)


PLACES = list(places())


def setting(group, name, value):
    """The text of a file that sets it, and the line where it stands."""
    if name == "policy" and not group:
        return f"\n\npolicy = {value};\n", 3
    if not group:
        return f'policy = "default.cfg";\n\n\n{name} = {value};\n', 4
    return f'policy = "default.cfg";\n{group} = {{\n\n    {name} = {value};\n}};\n', 4


def assert_refused(group, name, value, *reasons, service="intake"):
    text, line = setting(group, name, value)
    folder().write(text, policy=False)
    code, out = folder().check(service)
    full = f"{group}.{name}" if group else name
    what = (full, value, out)
    assert code == 1, what
    assert re.search(rf"pulih\.cfg:{line}: {re.escape(full)}: .+", out), what
    assert all(r in out for r in reasons), (reasons, *what)


def beyond(kind, least, most):
    """Values that break the limits, as written in the file, with what the message must hold."""
    if kind == "integer":
        return [(str(least - 1), str(least)), (str(most + 1), str(most)), ("-1", str(least))]
    if kind == "text":
        return ([('""', str(least))] if least else []) + [('"' + "x" * (most + 1) + '"', str(most))]
    if kind == "word":
        return [('""', "expected one of: "), ('"loud"', 'got "loud"'), ('"info warning"', "expected one of: ")]
    if kind == "texts":
        return [("[" + ", ".join(['"tcp://127.0.0.1:1"'] * (most + 1)) + "]", str(most))]
    return []


@cases([(p[0], *p[1:4]) for p in PLACES])
def a_value_of_the_wrong_kind_is_refused_with_line_and_name(group, name, kind):
    for value in WRONG_KIND[kind]:
        assert_refused(group, name, value, "expected")


@cases([(p[0], *p[1:]) for p in PLACES])
def a_value_beyond_its_limits_is_refused_with_the_limits(group, name, kind, least, most):
    for value, limit in beyond(kind, least, most):
        assert_refused(group, name, value, limit)


@cases([(p[0], *p[1:]) for p in PLACES if p[3] == "integer"])
def values_at_the_limits_are_taken(group, name, kind, least, most):
    for value in (least, most):
        folder().write(setting(group, name, value)[0], policy=False)
        code, out = folder().check()
        assert code == 0, out


@cases([(p[0], *p[1:3]) for p in PLACES])
def a_misspelt_name_is_refused_and_the_right_one_suggested(group, name):
    text, line = setting(group, name[:-1] + "zz", "1")
    folder().write(text, policy=False)
    code, out = folder().check()
    assert code == 1 and f"pulih.cfg:{line}: " in out and "unknown" in out, out
    assert len(name) < 5 or f"did you mean {group + '.' if group else ''}{name}?" in out, out


@cases([(s, s) for s in SERVICES])
def a_fault_in_another_daemons_group_is_found_by_each(service):
    assert_refused("followup", "feed_poll_ms", "1", "5 to 60000", service=service)
    assert_refused("escalation", "timer_items", '"x"', service=service)


OTHER = [
    ("unknown group", "intak = { credit_items = 8; };", "pulih.cfg:2: intak: unknown; did you mean intake?"),
    ("group that is no group", "intake = 7;", "pulih.cfg:2: intake: expected a group"),
    ("unclosed group", "intake = {\n credit_items = 8;\n", "pulih.cfg:"),
    ("no syntax at all", "this is no configuration", "pulih.cfg:2: syntax error"),
    ("a name twice", "intake = { credit_items = 8; credit_items = 9; };", "pulih.cfg:2: "),
    ("a number beyond 32 bits", "intake = { credit_items = 4294967304; };", "pulih.cfg:2: 4294967304 is too large"),
    ("unknown level of the log", 'log = { level = "loud"; };',
     'pulih.cfg:2: log.level: expected one of: debug info warning error; got "loud"'),
    ("unknown format of the log", 'log = {\n format = "xml"; };',
     'pulih.cfg:3: log.format: expected one of: logfmt json; got "xml"'),
]


@cases(OTHER)
def a_broken_file_is_refused_with_line_and_reason(text, message):
    folder().write(text)
    code, out = folder().check()
    assert code == 1 and message in out, out


@test
def all_faults_are_told_at_once():
    folder().write("intake = { credit_items = 1; sessions_max = 0; };\nlog = { level = 3; };\nnonsense = 1;\n")
    code, out = folder().check()
    assert code == 1
    for name in ("intake.credit_items", "intake.sessions_max", "log.level", "nonsense"):
        assert f": {name}: " in out, out


@test
def a_file_that_is_not_there_is_named():
    code, out = run("intake", "--check", "--config", folder().path + ".none")
    assert code == 1 and "pulih.cfg.none: No such file" in out, out


@test
def a_folder_is_no_configuration():
    code, out = run("intake", "--check", "--config", os.path.dirname(folder().path))
    assert code == 1 and "not a regular file" in out, out


@test
def the_environment_may_name_the_file():
    folder().write("intake = { credit_items = 1; };")
    code, out = run("intake", "--check", env={"PULIH_CONFIG": folder().path})
    assert code == 1 and "intake.credit_items" in out, out


@test
def a_relative_policy_stands_beside_the_file():
    folder().write("")
    code, out = run("intake", "--check", "--config", folder().path, cwd="/")
    assert code == 0 and "in order; policy 2026" in out, out


# --- policy -------------------------------------------------------------------------------------------------

POLICY = [
    ("missing file", r"default\.cfg", None, r"none\.cfg"),
    ("unknown unit", r'simple    = "1 working_day"', 'simple = "1 fortnight"',
     r"default\.cfg:\d+: resolve_within\.simple: expected a"),
    ("duration without unit", r'simple    = "1 working_day"', 'simple = "1"', r"default\.cfg:\d+: "),
    ("duration as number", r'simple    = "1 working_day"', "simple = 1", r"default\.cfg:\d+: .*simple"),
    ("duration of nothing", r'simple    = "1 working_day"', 'simple = "0 minutes"', r"default\.cfg:\d+: "),
    ("tier missing", r'  simple    = "1 working_day";\n', "", r"default\.cfg:\d+: .*simple"),
    ("unknown zone", r"Asia/Jakarta\"", 'Asia/Atlantis"', r"default\.cfg:\d+: .*Atlantis"),
    ("hours that end before they begin", r'monday    = \[ "08:00-12:00"', 'monday = [ "12:00-08:00"',
     r"default\.cfg:\d+: "),
    ("hours that overlap", r'monday    = \[ "08:00-12:00"', 'monday = [ "08:00-14:00"', r"default\.cfg:\d+: "),
    ("day that is none", r"holidays = \[\]", 'holidays = [ "2026-02-30" ]',
     r"default\.cfg:\d+: calendar\.holidays\[0\]: "),
    ("file that is not there", r"holidays-id-2027", "holidays-id-2072",
     r"default\.cfg:\d+: calendar\.holiday_files\[1\]: \S+holidays-id-2072\.ics: No such file"),
    ("unknown name", r'plan_within = "4', 'plan_withn = "4', r"default\.cfg:\d+: .*plan_withn"),
    ("unknown pause reason", r'reasons = \[ "documents", "customer"', 'reasons = [ "holidays", "customer"', r"default\.cfg:\d+: .*holidays"),
    ("post missing", r'  payment   = "Kepala Bagian Pembayaran";\n', "", r"default\.cfg:\d+: .*payment"),
    ("post twice on the ladder", r'"Kepala Divisi"; ( *)acknowledge_within = "4 w',
     r'"Kepala Regu Layanan"; \1acknowledge_within = "4 w', r"default\.cfg:\d+: .*lower on the ladder"),
    ("post that nobody knows", r'"Direktur Operasional"; ( *)acknowledge_within = "8', r'"Direktur"; \1acknowledge_within = "8',
     r"default\.cfg:\d+: .*does not stand in posts"),
    ("rung without a deadline", r'acknowledge_within = "2 working_hours"; ', "",
     r"default\.cfg:\d+: ladder\[1\]: acknowledge_within is missing"),
    ("role twice", r'role = "supervisor"', 'role = "agent"', r"default\.cfg:\d+: .*twice"),
    ("limit that is negative", r"limit = 250000;", "limit = -1;", r"default\.cfg:\d+: "),
    ("threshold beyond 100", r"tier       = \d+", "tier = 101", r"default\.cfg:\d+: .*tier"),
    ("no syntax", r'version = "2026-11";', "version = ;", r"default\.cfg:\d+: syntax error"),
    ("include that is not there", r'@include "rules.cfg"', '@include "rulez.cfg"', r"default\.cfg:\d+: .*rulez"),
]


@cases(POLICY)
def a_faulty_policy_is_refused_with_file_line_and_reason(pattern, replacement, message):
    own = Folder()
    if replacement is None:
        own.write('policy = "none.cfg";\n', policy=False)
    else:
        change_policy(own.policy, (pattern, replacement))
    for service in ("intake", "followup"):
        code, out = own.check(service)
        assert code == 1 and re.search(message, out), out


@cases([("compulsory slot missing", r"\{\{due\}\}", "", r"letters\.cfg:\d+: .*due"),
        ("unknown slot", r"\{\{reference\}\}", "{{refrence}}", r"letters\.cfg:\d+: .*refrence")])
def a_letter_that_lacks_what_it_must_say_is_refused(pattern, replacement, message):
    own = Folder()
    path = os.path.join(os.path.dirname(own.policy), "letters.cfg")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    assert re.search(pattern, text)
    with open(path, "w", encoding="utf-8") as f:
        f.write(re.sub(pattern, replacement, text))
    code, out = own.check()
    assert code == 1 and re.search(message, out), out


# --- command line -------------------------------------------------------------------------------------------

@cases([(s, s) for s in SERVICES])
def help_tells_usage_and_every_option(service):
    code, out = run(service, "--help")
    assert code == 0 and f"usage: pulih-{service}" in out
    for option in ("--config", "--check", "--example", "--version", "--help", "SIGTERM", "SIGHUP"):
        assert option in out, out


@cases([(s, s) for s in SERVICES])
def version_tells_program_and_version(service):
    code, out = run(service, "--version")
    assert code == 0 and re.fullmatch(rf"pulih-{service} \d+\.\d+\.\d+\S*\n", out), out


@cases([(s, s) for s in SERVICES])
def the_example_is_in_order_and_names_every_parameter(service):
    code, example = run(service, "--example")
    assert code == 0
    own = Folder()
    own.write(example.replace('"policy.cfg"', '"default.cfg"'), policy=False)
    code, out = own.check(service)
    assert code == 0 and "in order" in out, out
    for _, _, name, *_ in PLACES:
        assert re.search(rf"^ *{name} = ", example, re.M), name


@cases([("unknown option", "--nonsense"), ("option without its value", "--config"), ("argument", "pulih.cfg")])
def what_is_no_option_ends_with_2(*args):
    code, out = run("intake", *args)
    assert code == 2 and out, out


LISTENS = [("intake", "publish", "tcp://127.0.0.1:{}"), ("followup", "feed", "tcp://127.0.0.1:{}"),
           ("escalation", "listen", "tcp://127.0.0.1:{}"), ("classification", "http", "127.0.0.1:{}")]


@cases([(f"{s}.{name}", s, name, address) for s, name, address in LISTENS])
def a_port_that_is_taken_is_told_with_the_setting_to_change(service, name, address):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        others = {n: address.format(free_port()) for s, n, address in LISTENS[:2] if s == service}
        others |= {"listen": f"tcp://127.0.0.1:{free_port()}", "http": f"127.0.0.1:{free_port()}"}
        others[name] = address.format(taken.getsockname()[1])
        lines = "".join(f'    {n} = "{value}";\n' for n, value in others.items())
        own = Folder('database = "host=/nowhere";\n' + f"{service} = {{\n{lines}}};\n")
        code, out = run(service, "--config", own.path)
    line = 4 + list(others).index(name)
    wanted = f"pulih.cfg:{line}: {service}.{name}: {others[name]}: Address already in use"
    assert code == 1 and wanted in out, (wanted, out)


@test
def check_starts_nothing():
    folder().write('database = "host=/nowhere";\n')
    code, out = folder().check()
    assert code == 0 and "level=" not in out, out


main()
