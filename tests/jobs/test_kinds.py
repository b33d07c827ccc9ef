"""Jobs of the main kinds beside compare give what the call itself gives."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import unbraid as ub
from unbraid import jobs
from unbraid.errors import InputError

_spec = importlib.util.spec_from_file_location("here", Path(__file__).with_name("here.py"))
_here = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_here)
JOINT = {"method": "SparseCoding(n_latents=8)", "seeds": 1, "refits": 0, "baselines": False}
EVALUATE = {"measures": "example_auc", "baselines": ["random_directions"], "seeds": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two systems of the same eight features, one that has others, embeddings and labels."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("kinds")
    z = rng.uniform(1, 2, (300, 8)) * (rng.random((300, 8)) < 0.2)
    for name in ("a", "b", "c"):
        np.save(folder / f"{name}.npy", z @ rng.normal(size=(8, 5)))
    np.save(folder / "features.npy", z)
    (folder / "labels.txt").write_text("\n".join(str(k) for k in z.argmax(axis=1)))
    ub.fit(np.load(folder / "a.npy"), ub.Pursuit(n_latents=8, k=2), rng=0).save(folder / "d")
    return folder


def done(spec, folder, tmp_path):
    """Run a sweep of one job here; return its result and the table."""
    plan = jobs.plan_of(spec, folder)
    run = tmp_path / "run"
    assert jobs.run(plan, run, _here.Here()).failed == {}
    return jobs.RunFolder(run).place(plan.jobs[0].fingerprint), jobs.results(run).table()


def test_joint_is_the_call_itself(folder, tmp_path):
    spec = {"job": "joint", "base": {**JOINT, "systems": {"A": "a.npy", "B": "b.npy"}}}
    saved, table = done(spec, folder, tmp_path)
    own = {name: np.load(folder / f"{name.lower()}.npy") for name in "AB"}
    expected = ub.joint(own, **JOINT, rng=0)
    result = ub.load_run(saved)
    assert result.names == ("A", "B")
    assert result.counts == expected.counts
    assert result.contrast == expected.contrast
    assert table["shared"][0] == expected.counts["shared"].value


def test_joint_over_pairs_and_patterns(folder):
    pairs = {"job": "joint", "base": JOINT, "grid": {"systems": [["a.npy", "b.npy"], "[abc].npy"]}}
    plan = jobs.plan_of(pairs, folder)
    assert [len(job.files) for job in plan.jobs] == [2, 3]


@pytest.mark.parametrize("systems", [None, ["a.npy"], "a.npy", 3, {}, "a.np?"])
def test_joint_of_less_than_two_systems_is_refused_when_planned(folder, systems):
    with pytest.raises(InputError, match="systems") as told:
        jobs.plan_of({"job": "joint", "base": {"systems": systems}}, folder)
    assert "\n" not in str(told.value)


def test_interpret_is_the_call_itself(folder, tmp_path):
    base = {**EVALUATE, "x": "a.npy", "dictionary": "d", "labels": "labels.txt"}
    saved, table = done({"job": "interpret", "base": base}, folder, tmp_path)
    labels = (folder / "labels.txt").read_text().split("\n")
    expected = ub.evaluate(
        ub.Dictionary.load(folder / "d"),
        np.load(folder / "a.npy"),
        labels=labels,
        rng=0,
        **EVALUATE,
    )
    found = json.loads((saved / "result.json").read_text())
    assert found["scores"] == json.loads(json.dumps(expected.record()["scores"]))
    assert table["value"][0] == pytest.approx(expected.scores[1].value)
    sides = {score.side: score.value for score in expected.scores if score.measure == "example_auc"}
    assert table["control"][0] == "random_directions"
    assert table["best_control"][0] == pytest.approx(sides["random_directions"])
    assert table["units"][0] == pytest.approx(sides["base"])


@pytest.mark.parametrize("wrong", [
    {"labels": "labels.txt"},
    {"labels": "labels.txt", "dictionary": "d", "method": "PCA"},
    {"dictionary": "d"},
    {"dictionary": "d", "labels": "labels.txt", "measure": "example_auc"},
])  # fmt: skip
def test_interpret_without_its_parts_is_refused_when_planned(folder, wrong):
    with pytest.raises(InputError) as told:
        jobs.plan_of({"job": "interpret", "base": {"x": "a.npy", **wrong}}, folder)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("order, heard", [("time", "time"), ("exchangeable", "auto")])
def test_a_fit_of_stimuli_in_time_learns_in_time(order, heard, folder, tmp_path, monkeypatch):
    """Not only which stimuli it learns from: those that stop it are apart from the rest, too."""
    learn, words = ub.sparse.fit, []

    def hear(*values, **options):
        words.append(options["order"])
        return learn(*values, **options)

    monkeypatch.setattr(ub.sparse, "fit", hear)
    base = {"x": "a.npy", "method": "PCA(n_latents=3)", "train_share": 0.5, "order": order}
    done({"job": "fit", "base": base}, folder, tmp_path)
    assert words == [heard]


def test_a_study_is_run_with_the_options_given(folder):
    base = {"study": "deflation", "units": [4, 8], "seed": 3}
    job = jobs.plan_of({"job": "study", "base": base}, folder).jobs[0]
    assert job.settings["study"] == "deflation"
    assert job.settings["options"]["units"] == [4, 8]
    assert job.settings["options"]["seed"] == 3
