"""pulihctl train, evaluate, explain and bench-classify on small files; none of them asks a database."""
import json
import os
import pty
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))

from pulihtest import *
import pulihtest

THINGS = ["mirror", "lamp", "table", "chair", "radio", "clock", "meja", "kursi", "lampu", "jam"]
ABOUT = {
    "delivery": ["the courier brought my {} late", "paket {} belum sampai, kurir tidak datang"],
    "payment": ["the refund for the {} is not on my account", "uang {} saya belum dikembalikan ke rekening"],
    "product": ["this {} is broken and scratched", "{} yang saya terima rusak dan pecah"],
}


@shared
def folder():
    return tempfile.TemporaryDirectory(prefix="learn.")


def put(name, text):
    path = os.path.join(folder().name, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def texts(labels=tuple(ABOUT), start=0):
    return "".join(f"{label}\t{form.format(thing)} {start + i}\n" for i, thing in enumerate(THINGS)
                   for label in labels for form in ABOUT[label])


def ctl(*args, code=0, text=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PG") and k != "PULIH_DATABASE"}
    done = subprocess.run([os.path.join(pulihtest.BUILD, "pulihctl"), *args], text=True, input=text or "", env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == code, f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout, done.stderr


@shared
def model():
    path = os.path.join(folder().name, "shared.model")
    ctl("train", "--axis", "department", "--tsv", put("train.tsv", texts()), "--out", path)
    return path


@test
def training_tells_what_it_made():
    path = os.path.join(folder().name, "told.model")
    out, _ = ctl("train", "--axis", "department", "--tsv", put("a.tsv", texts()), "--dev", put("b.tsv", texts(start=50)),
                 "--out", path)
    assert "3 labels, 60 texts" in out and "held out in turn: accuracy 1.000" in out, out
    assert "60 texts: accuracy 1.000, macro-F1 1.000" in out, out


@test
def training_twice_gives_the_same_bytes():
    again = os.path.join(folder().name, "again.model")
    ctl("train", "--axis", "department", "--tsv", put("train.tsv", texts()), "--out", again)
    assert open(again, "rb").read() == open(model(), "rb").read()


@test
def several_files_are_one_set():
    path = os.path.join(folder().name, "several.model")
    out, _ = ctl("train", "--axis", "department", "--tsv", put("one.tsv", texts(["delivery"])),
                 "--tsv", put("two.tsv", texts(["payment"])), "--out", path)
    assert "2 labels, 40 texts" in out, out


@cases([
    ("no tab", "delivery\tfine\nno tab\n", "bad.tsv:2: no tab; a line is a label, a tab and a text"),
    ("no text", "delivery\t\n", "bad.tsv:1: there is no text behind the tab"),
    ("no label", "\ttext\n", "bad.tsv:1: the label before the tab is empty"),
    ("one label", "delivery\tall\ndelivery\tthe same\n", "all texts have one label"),
])
def bad_lines_are_told(text, fault):
    path = os.path.join(folder().name, "never.model")
    _, err = ctl("train", "--axis", "x", "--tsv", put("bad.tsv", text), "--out", path, code=1)
    assert fault in err, err
    assert not os.path.exists(path)


@cases([
    ("no file", ["train", "--axis", "x"], "--out is missing"),
    ("no axis", ["train", "--out", "x"], "--axis is missing"),
    ("favour of nothing", ["train", "--axis", "x", "--out", "x", "--favour", "=3"], "--favour wants a label"),
    ("favour without a number", ["train", "--axis", "x", "--out", "x", "--favour", "delivery"], "--favour wants a label"),
    ("too much favour", ["train", "--axis", "x", "--out", "x", "--favour", "delivery=1001"], "from 1 to 1000"),
    ("neither", ["evaluate"], "want --model FILE"),
    ("misspelt", ["evaluate", "--axis", "departmet", "--tsv", "x"], "did you mean department"),
    ("a score", ["evaluate", "--axis", "anger", "--tsv", "x"], "an axis with one word"),
    ("no words", ["explain", "--axis", "department"], "there is no text"),
])
def wrong_usage_is_told(args, fault):
    _, err = ctl(*args, code=2)
    assert fault in err, err


@test
def evaluation_counts():
    tsv = put("eval.tsv", texts(start=70) + "weather\tit rains\n")
    found = json.loads(ctl("evaluate", "--model", model(), "--tsv", tsv, "--json")[0])
    assert found["n"] == 61 and found["classes"] == 4
    assert abs(found["accuracy"] - 60 / 61) < 1e-4, found
    by_label = {c["label"]: c for c in found["per_class"]}
    assert by_label["weather"]["recall"] == 0 and by_label["weather"]["support"] == 1
    assert by_label["payment"]["support"] == 20
    mean = sum(c["f1"] for c in found["per_class"]) / 4
    assert abs(found["macro_f1"] - mean) < 1e-4
    assert found["coverage"][0]["coverage"] == 1
    out, _ = ctl("evaluate", "--model", model(), "--tsv", tsv)
    assert "accuracy 0.984" in out and "MOST FREQUENT CONFUSIONS" in out and "weather" in out, out


@test
def the_whole_classifier_is_evaluated():
    tsv = put("whole.tsv", texts())
    found = json.loads(ctl("evaluate", "--axis", "department", "--tsv", tsv, "--json")[0])
    assert found["n"] == 60 and found["accuracy"] > 0.6 and 0 < found["accepted"]["coverage"] <= 1, found
    _, err = ctl("evaluate", "--axis", "department", "--tsv", put("odd.tsv", "nowhere\ttext\n"), code=1)
    assert "nowhere, a label of these texts, is no word of the axis department" in err


@test
def a_policy_takes_its_models():
    policy = a_policy((r'(?m)^models = .*$', f'models = [ "{model()}" ];'))
    found = json.loads(ctl("explain", "--axis", "department", "--policy", policy, "--json",
                           "kursi kursi kursi rekening")[0])
    assert any(r["source"].startswith("department-") and r["len"] for r in found["reasons"]), found
    bad = put("bad.model", "PULIHMDL and more")
    policy = a_policy((r'(?m)^models = .*$', f'models = [ "{bad}" ];'))
    _, err = ctl("explain", "--axis", "department", "--policy", policy, "text", code=1)
    assert "models[0]: " in err and "bad.model" in err, err


@test
def reasons_are_bytes_of_the_text():
    text = "Halo — kurir belum datang"
    found = json.loads(ctl("explain", "--model", model(), "--json", text)[0])
    assert found["labels"][0]["label"] == "delivery"
    words = [text.encode()[r["at"]:r["at"] + r["len"]].decode() for r in found["reasons"]]
    assert "kurir" in words and all(words), words


@cases([
    ("several words", "gravity", "Kompornya meledak, tolong, saya lapor polisi dan pengacara", {"safety"}, "meledak"),
    ("no word", "gravity", "Halo, apa kabar", {"none"}, None),
    ("a score", "anger", "Kurang ajar, saya marah sekali!!!", None, "marah"),
])
def an_axis_of_any_kind_is_explained(axis, text, labels, word):
    found = json.loads(ctl("explain", "--axis", axis, "--json", text)[0])
    names = {label["label"] for label in found["labels"]}
    assert labels is None and int(min(names)) > 0 or labels and labels <= names, found
    words = [text.encode()[r["at"]:r["at"] + r["len"]].decode() for r in found["reasons"]]
    assert not word or any(word in w for w in words), words


@test
def reasons_are_marked():
    out, _ = ctl("explain", "--model", model(), text="kurir belum datang\n")
    assert "[kurir]" in out and "\033" not in out, out
    leader, follower = pty.openpty()
    subprocess.run([os.path.join(pulihtest.BUILD, "pulihctl"), "explain", "--model", model(), "kurir \033[31m datang"],
                   stdout=follower, timeout=60, check=True)
    os.close(follower)
    shown = os.read(leader, 4096).decode()
    assert "\033[1mkurir\033[0m" in shown and "\033[31m" not in shown, shown


@cases([("a letter", "a" * (1 << 20)), ("emoji", "😡" * (1 << 18)), ("directions", "\u202e" * (1 << 18))])
def hostile_texts_are_explained(text):
    ctl("explain", "--model", model(), "--json", text=text)


@test
def the_bench_prints_keys():
    out, _ = ctl("bench-classify", "--tsv", put("bench.tsv", "en\tthe parcel is late\nid\tpaket belum sampai\n"))
    keys = dict(line.split("=") for line in out.split())
    assert keys["texts"] == "2" and keys["axes"] == str(len(AXES)) and float(keys["texts_per_s"]) > 0, keys


main()
