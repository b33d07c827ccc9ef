"""Every mistake on the command line is one line and exit status 2, and nothing is written."""

import json
import sys

import numpy as np
import pytest

from unbraid import cli

BASE = {
    "compare": ("compare", "x.npy", "y.npy", "-o", "run"),
    "fit": ("fit", "x.npy", "-o", "d"),
    "encode": ("encode", "d0", "x.npy", "-o", "codes.npz"),
    "record": ("record", "squeezenet1_1", "pictures", "-o", "R"),
    "study": ("study", "toy", "-o", "s"),
    "bound": ("bound", "--units", "8", "--active", "2"),
    "demo": ("demo", "-o", "demo"),
    "doctor": ("doctor",),
}
ANY = [("--bla",), ("--bla=3",), ("-z",), ("surplus", "words"), ("--json=3",), ("--json", "--jsn")]
PLACES = ["", ".", "..", "/", "/proc/x", "/dev/null", "x.npy", "x.npy/r", "link", "n" * 300,
          "taken", "edited"]  # fmt: skip
SEEDS = [("--seed", "-1"), ("--seed", "x"), ("--seed", "1.5"), ("--seed",)]
METHODS = ["", "TopQ", "TopK(", "TopK(k=0)", "TopK(k='a')", "TopK(k=1, k=2)", "TopK(nope=1)",
           "TopK(k=1)(2)", "TopK(k=1, expansion=-1)", "__import__('os').system('true')",
           "TopK(k=open('x'))", "[TopK]", "\udcff", "(" * 300, "x" * 5000]  # fmt: skip
SETS = ["seeds", "=1", "nope=1", "seeds=x", "seeds=-1", "seeds=0", "seeds=[", "seeds=1e400",
        "seeds=!!python/object/apply:os.abort []", "metrics=nope", "metrics=[]", "seeds=&a [*a]",
        "seeds=2026-99-99", "method=TopQ", "train_share=2"]  # fmt: skip
CONFIGS = ["missing.yaml", "pictures", "x.npy", "bomb.yaml", "list.yaml", "twice.yaml"]

CASES = [
    *[(*BASE[name], *words) for name in BASE for words in ANY],
    *[(*BASE[name][:-1], at) for name in ("compare", "fit", "study", "demo") for at in PLACES],
    *[(*BASE["encode"][:-1], at) for at in (*PLACES, "c.txt", "c.npy", "mine.npz", "link.npz")],
    *[(*BASE["record"][:-1], place) for place in ("/proc/x", "x.npy", "x.npy/r", "n" * 300)],
    *[(*BASE[name], *words) for name in ("compare", "fit", "demo", "record") for words in SEEDS],
    *[(*BASE[name], "--method", method) for name in ("compare", "fit") for method in METHODS],
    *[(*BASE["compare"], "--set", text) for text in SETS],
    *[(*BASE["fit"], "--set", text) for text in ("k", "k=", "nope=1", "=1", "name=TopK")],
    *[(*BASE["study"], "--set", text) for text in ("seeds", "nope=1", "seeds=x", "=", "seeds=[")],
    *[(*BASE["compare"], "--config", name) for name in CONFIGS],
    *[("study", name) for name in ("toi", "", "--fast", "/etc", "Toy")],
    *[("bound", "--units", units, "--active", active) for units, active in [
        ("0", "1"), ("-1", "1"), ("x", "1"), ("8", "x"), ("8", "-1"), ("8", "9"), ("8", "nan"),
        ("8", "inf"), ("8", "0"), ("1.5", "1"), ("", "1"), ("9" * 400, "1"),
    ]],
    *[("fit", name, "-o", "d") for name in (
        "missing.npy", "pictures", "empty.npy", "text.txt", "taken", "", "d0", "x.pkl", "y.npy/z",
    )],
    *[("encode", name, "x.npy", "-o", "c.npz") for name in ("missing", "x.npy", "taken", "", "/")],
    *[("compare", *words) for words in [
        (), ("x.npy",), ("x.npy", "y.npy"), ("x.npy", "y.npy", "-o"), ("x.npy", "-o", "run"),
        ("x.npy", "short.npy", "-o", "run"), ("x.npy", "y.npy", "-o", "run", "--common"),
        ("x.npy", "y.npy", "-o", "run", "--x-train", "missing.npy"),
        ("x.npy", "y.npy", "-o", "run", "--features", "text.txt"),
    ]],
    *[("record", *words) for words in [
        ("squeezenet1_1", "missing", "-o", "R"), ("nope", "pictures", "-o", "R"),
        ("squeezenet1_1", "pictures", "-o", "R", "--weights", "missing.pth"),
        ("torchvision:nope", "pictures", "-o", "R"), ("", "pictures", "-o", "R"),
    ]],
    ("compar",), ("--bla",), ("fit", "-o"), ("\udcff",), ("x" * 5000,),
]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("mistakes")
    rng = np.random.default_rng(0)
    for name, n in (("x", 40), ("y", 40), ("short", 30)):
        np.save(place / f"{name}.npy", rng.normal(size=(n, 4)))
    np.savez(place / "mine.npz", values=np.eye(3))
    (place / "empty.npy").touch()
    (place / "text.txt").write_text("words")
    (place / "x.pkl").write_bytes(b"\x80\x04.")
    (place / "bomb.yaml").write_text(
        "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
    )
    (place / "list.yaml").write_text("[1, 2]")
    (place / "twice.yaml").write_text("seeds: 1\nseeds: 2")
    (place / "taken" / "thesis").mkdir(parents=True)
    for name in ("cfg.json", "result.json", "report.html", "manifest.json"):
        (place / "taken" / name).write_text("{}")
    (place / "edited").mkdir()
    (place / "edited" / ".unbraid.json").write_text(json.dumps({"kind": "run", "files": {}}))
    (place / "pictures").mkdir()
    (place / "link").symlink_to("pictures")
    (place / "link.npz").symlink_to("mine.npz")
    (place / "d0").mkdir()
    return place


def everything(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.parametrize("words", CASES, ids=lambda words: ascii(" ".join(words))[1:61])
def test_a_mistake(place, monkeypatch, capsys, words):
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys, "argv", ["unbraid", *words])
    before = everything(place)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, ""), err
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert len(err) < 1100
    assert everything(place) == before
