"""The command line as a new user types it, right and wrong."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from unbraid import cli
from unbraid.responses import load
from unbraid.sparse import Dictionary


@pytest.fixture
def systems(tmp_path, rng):
    """Two small systems that hold the same sparse features, as files."""
    features = np.zeros((240, 12))
    for row in features:
        row[rng.permutation(12)[:2]] = rng.uniform(0.5, 1.5, 2)
    for name in "xy":
        np.save(tmp_path / f"{name}.npy", features @ rng.normal(size=(12, 8)))
    np.save(tmp_path / "features.npy", features)
    return tmp_path


QUICK = ("--set", "seeds=1", "--set", "permutations=2", "--set", "resamples=20")
METHOD = ("--method", "TopK(k=2, n_latents=12)")


def test_compare_writes_a_whole_run(run, systems):
    status, out, err = run("compare", "x.npy", "y.npy", "-o", "run", *METHOD, *QUICK)
    assert status == 0, err
    assert "report.html" in out
    record = json.loads((systems / "run" / "result.json").read_text())
    assert record["scores"][0]["metric"] == "semi_matching"
    assert (systems / "run" / "report.html").read_text().lower().startswith("<!doctype html>")


def test_compare_prints_json_and_nothing_else(run, systems):
    words = ("compare", "x.npy", "y.npy", "-o", "run", *METHOD, *QUICK, "--json")
    status, out, _ = run(*words, "--features", "features.npy")
    assert status == 0
    assert {score["target"] for score in json.loads(out)["scores"]} >= {"base", "codes", "features"}


def test_a_run_is_repeated_by_its_own_configuration(run, systems):
    (systems / "few.yaml").write_text(
        "{method: 'TopK(k=2, n_latents=12)', metrics: ridge, seeds: 1, permutations: 1, folds: 3}"
    )
    words = ("compare", "x.npy", "y.npy", "-o")
    assert run(*words, "first", "--config", "few.yaml", "--seed", "5")[0] == 0
    status, _, err = run(*words, "second", "--config", "first/config.json")
    assert status == 0, err
    configs, results = [], []
    for name in ("first", "second"):
        configs.append(json.loads((systems / name / "config.json").read_text()))
        results.append(json.loads((systems / name / "result.json").read_text()))
        results[-1]["provenance"].pop("seconds")
    assert configs[0] == configs[1]
    assert results[0] == results[1]
    assert (configs[0]["method"]["name"], configs[0]["seed"]) == ("TopK", 5)


def test_only_common_stimuli_are_compared_when_asked(run, systems):
    for name, first in (("x", 0), ("y", 40)):
        (systems / f"{name}.stimuli.txt").write_text("".join(f"s{i + first}\n" for i in range(240)))
    words = ("compare", "x.npy", "y.npy", "-o", "run", *METHOD, *QUICK, "--set", "metrics=ridge")
    status, _, err = run(*words)
    assert status == 2
    assert "200 are shared" in err
    status, out, err = run(*words, "--common", "--json")
    assert status == 0, err
    assert json.loads(out)["n_alignment_stimuli"] == 100


def test_rows_taken_in_file_order_are_said_first(run, systems):
    np.savez(systems / "ids.npz", values=np.load("x.npy"), stimuli=np.arange(240).astype(str))
    words = ("compare", "ids.npz", "y.npy", "-o", "run", *METHOD, *QUICK, "--set", "metrics=ridge")
    status, out, err = run(*words)
    said = "Only one of x and y has stimulus ids: rows are taken to be in the same order."
    assert status == 0, err
    warnings = [line for line in err.splitlines() if line.startswith("Warning: ")]
    assert warnings[0].startswith(f"Warning: {said}")
    assert len(warnings) == len(set(warnings))
    assert f": {said} Unbraiding " in out
    page = (systems / "run" / "report.html").read_text()
    assert page.index(said) < page.index("Unbraiding ")


@pytest.mark.filterwarnings("default::RuntimeWarning")
def test_what_is_no_response_is_said_first(run, systems):
    for name in "xy":
        np.save(systems / f"rdm_{name}.npy", np.corrcoef(np.load(f"{name}.npy")[:80]))
    words = ("compare", "rdm_x.npy", "rdm_y.npy", "-o", "run", *METHOD, *QUICK)
    status, out, err = run(*words, "--set", "metrics=ridge", "--json")
    assert status == 0, err
    record = json.loads(out)
    said = "rdm_x.npy holds a square symmetric matrix, like similarities"
    assert record["verdict"]["sentence"].startswith(said)
    assert record["warnings"][0].startswith(said)
    assert err.split("Warning: ")[1].startswith(said)


def test_fit_then_encode(run, systems):
    status, _, err = run("fit", "x.npy", "-o", "dictionary", *METHOD)
    assert status == 0, err
    status, out, err = run("encode", "dictionary", "x.npy", "-o", "codes.npz", "--by", "omp")
    assert status == 0, err
    assert "240 stimuli x 12 latents" in out


def test_what_an_inference_lacks_is_learned_from_training_responses(run, systems):
    assert run("fit", "x.npy", "-o", "dictionary", *METHOD)[0] == 0
    words = ("encode", "dictionary", "x.npy", "-o", "codes.npz", "--by", "posterior")
    status, _, err = run(*words)
    assert status == 2
    assert "no prior for by='posterior'. Learn one from training responses" in err
    status, _, err = run(*words, "--train", "x.npy")
    assert status == 0, err
    learned = Dictionary.load(systems / "dictionary")
    x = np.load(systems / "x.npy")
    expected = learned.prepared(x, "posterior").encode(x, by="posterior")
    codes = load(systems / "codes.npz").values
    np.testing.assert_array_equal(codes.toarray(), expected.toarray())


def test_fit_is_told_the_order_of_the_stimuli(run, systems):
    rng = np.random.default_rng(0)
    kinds = np.repeat(rng.normal(size=(12, 8)), 20, axis=0) + 0.1 * rng.normal(size=(240, 8))
    np.save(systems / "kinds.npy", kinds)
    words = ("--method", "TopK(k=2, n_latents=12, training={'steps': 20})")
    found = {}
    for said in ("auto", "time", "exchangeable"):
        assert run("fit", "kinds.npy", "-o", said, *words, "--order", said)[0] == 0
        found[said] = Dictionary.load(systems / said).atoms
    np.testing.assert_array_equal(found["auto"], found["time"])  # sorted by kind: like a series
    assert not np.array_equal(found["auto"], found["exchangeable"])
    status, _, err = run("fit", "kinds.npy", "-o", "d", *words, "--order", "random")
    assert status == 2
    assert "order must be one of auto, exchangeable, time, got 'random'" in err


def test_record_then_load(run, tmp_path):
    from PIL import Image as image

    (tmp_path / "pictures").mkdir()
    for seed, name in enumerate("ab"):
        picture = np.random.default_rng(seed).integers(0, 255, (32, 32, 3), dtype=np.uint8)
        image.fromarray(picture).save(tmp_path / "pictures" / f"{name}.png")
    words = ("record", "squeezenet1_1", "pictures", "-o", "R", "--layer", "relu1")
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert "squeezenet1_1 comes without weights" in err
    assert "--untrained" in err
    assert not (tmp_path / "R").exists()
    words = (*words, "--untrained", "--seed", "3")
    status, out, err = run(*words)
    assert status == 0, err
    assert "relu1: 2 stimuli" in out
    made = json.loads((tmp_path / "R" / "relu1" / "manifest.json").read_text())["made_by"]
    assert made["network"]["weights"] == {"untrained": True, "seed": 3}
    how = ("--units", "averagepool(size=2)", "--dtype", "float32")
    status, out, err = run(*words[:3], "-o", "P", *words[5:], *how)
    assert status == 0, err
    assert "relu1: 2 stimuli x 256 units" in out
    status, _, err = run(*words, "--units", "Center(row=3)")
    assert (status, "row" in err) == (2, True), err


def test_record_says_how_pictures_are_shown(run, tmp_path):
    from PIL import Image as image

    (tmp_path / "pictures").mkdir()
    pixels = np.random.default_rng(0).integers(0, 2, (9, 9, 4), dtype=np.uint8)
    image.fromarray(pixels).save(tmp_path / "pictures" / "a.png")
    words = ("record", "resnet20_cifar10", "pictures", "-o", "R", "--untrained", "--layer", "conv*")
    for options, message in (
        ((), "none above 1 of 255"),
        (("--white", "1"), "background"),
        (("--background", "white"), "--white"),
        (("--white", "1", "--background", "whitish"), "'whitish'"),
    ):
        status, _, err = run(*words, *options)
        assert (status, message in err) == (2, True), err
    assert run(*words, "--white", "1", "--background", "white")[0] == 0


def test_doctor_speaks_json(run):
    status, out, _ = run("doctor", "--json")
    assert status == 0
    assert {"name", "ok", "found", "mend"} == set(json.loads(out)[0])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("compare", "nothing.npy", "y.npy", "-o", "run"), "nothing.npy"),
        (("bound", "--units", "8", "--active", "9"), "cannot be separated in 8 units"),
        (("compare", "x.npy", "y.npy", "-o", "x.npy"), "x.npy exists"),
        (("compare", "x.npy", "short.npy", "-o", "run"), "240 and 100 without ids"),
        (("compare", "x.npy", "nan.npy", "-o", "run"), "must be finite"),
        (("compare", "x.npy", "y.npy", "-o", "run", "--set", "sedes=2"), "did you mean 'seeds'"),
        (("compare", "x.npy", "y.npy", "-o", "run", "--set", "seeds"), "key=value"),
        (("compare", "x.npy", "y.npy", "-o", "run", "--method", "TopQ"), "did you mean 'TopK'?\n"),
        (("compare", "x.npy", "y.npy", "-o", "run", "--set", "metrics=cca2"), "mean 'cca'?"),
        (
            ("compare", "x.npy", "y.npy", "-o", "run", "--set", "metrics=[cka, cka]"),
            "metrics must be named once each",
        ),
        (("compare", "x.npy", "y.npy", "-o", "x.npy/run"), "x.npy is no writable folder"),
        (("compare", "x.npy", "y.npy", "-o", "run", "--config", "other.yaml"), "options of Other"),
        (("compare", "x.npy", "y.npy", "-o", "run", "--config", "drawn.yaml"), "give a seed"),
        (
            ("compare", "x.npy", "y.npy", "-o", "run", "--config", "no.yaml"),
            "no.yaml is not a file",
        ),
        (("fit", "x.npy", "-o", "d", "--method", "TopK(k=99, n_latents=4)"), "99"),
        (("fit", "x.npy", "-o", "y.npy"), "y.npy exists and is a file"),
        (("encode", "x.npy", "y.npy", "-o", "c.npz"), "x.npy"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(run, systems, words, message):
    np.save(systems / "short.npy", np.ones((100, 3)))
    broken = np.ones((240, 3))
    broken[7, 1] = np.nan
    np.save(systems / "nan.npy", broken)
    (systems / "other.yaml").write_text("name: Other")
    (systems / "drawn.yaml").write_text('{"name": "CompareConfig", "seed": null}')
    before = sorted(systems.iterdir())
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert err.startswith("Error: ")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(systems.iterdir()) == before


def test_an_unknown_command_is_exit_2(run):
    assert run("compar")[0] == 2


@pytest.mark.parametrize(
    "command", ["demo", "compare", "record", "fit", "encode", "study", "bound", "doctor"]
)
def test_every_command_explains_itself(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert "Usage: unbraid" in out


def test_the_installed_command_runs():
    command = [sys.executable, "-m", "unbraid", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip()


def test_an_interrupt_is_one_line_and_waits_for_no_thread(monkeypatch, capsys):
    def interrupted(**_options):
        raise KeyboardInterrupt

    left = []
    monkeypatch.setattr(cli, "app", interrupted)
    monkeypatch.setattr("os._exit", left.append)
    cli.main()
    assert left == [130]
    assert capsys.readouterr().err == "Interrupted.\n"


def test_joint_writes_a_whole_run(run, systems):
    words = ("joint", "x.npy", "y.npy", "-o", "j", "--names", "A,B", "--set", "seeds=1")
    words += ("--set", "refits=0", "--method", "SparseCoding(n_latents=12, cycles=0)")
    status, out, err = run(*words)
    assert status == 0, err
    assert "A and B" in out
    record = json.loads((systems / "j" / "result.json").read_text())
    assert record["kind"] == "joint"
    assert {each["name"] for each in record["systems"]} == {"A", "B"}
    before = (systems / "j" / "report.html").read_bytes()
    status, _, err = run("report", "j")
    assert status == 0, err
    assert (systems / "j" / "report.html").read_bytes() == before
    status, _, err = run("joint", "x.npy", "y.npy", "-o", "k", "--names", "A")
    assert status == 2
    assert "--names must name each of the 2 systems" in err
    assert "--names must differ" in run("joint", "x.npy", "y.npy", "-o", "k", "--names", "A,A")[2]


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.__name__)
def test_help_shows_two_examples(run, command):
    name = command.__name__.replace("_", "-")
    status, out, _ = run(name, "--help")
    usage, _, rest = " ".join(out.split()).partition("Usage:")
    examples = re.findall(rf": unbraid {name}\b", rest)
    assert status == 0 and len(examples) >= 2
