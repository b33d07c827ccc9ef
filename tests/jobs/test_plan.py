"""Sweep files become frozen jobs, known by what they do and by what their files hold."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from unbraid import jobs
from unbraid.errors import InputError
from unbraid.jobs._inputs import find_file, natural
from unbraid.jobs._job import Job


def plan_from(tmp_path, text):
    (tmp_path / "sweep.yaml").write_text(text)
    return jobs.read_sweep(tmp_path / "sweep.yaml")


def test_patterns_are_expanded_in_natural_order_from_the_files_own_folder(systems, tmp_path):
    text = "job: fit\nbase: {method: PCA}\ngrid: {x: systems/layer*.npy, seed: [0, 1]}"
    plan = plan_from(tmp_path, text)
    names = [(job.files["x"].name, job.settings["seed"]) for job in plan.jobs]
    layers = ["systems/layer1", "systems/layer2", "systems/layer10"]
    assert names == [(layer, seed) for layer in layers for seed in (0, 1)]
    assert plan.jobs[0].settings["method"]["name"] == "PCA"


def test_natural_order():
    assert sorted(["b10a", "b9", "b9b", "a100"], key=natural) == ["a100", "b9", "b9b", "b10a"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jobs: fit", "has no 'jobs'; did you mean 'job'"),
        ("job: comprae", "job has no 'comprae'; did you mean 'compare'"),
        ("base: {x: systems/layer1.npy, y: systems/layer2.npy, metrcs: [cka]}", "mean 'metrics'"),
        ("base: {x: systems/layer1.npy, y: systems/layer2.npy, x_trian: a}", "mean 'x_train'"),
        ("base: {x: systems/layer1.npy}", "A job of kind compare needs y"),
        ("base: {x: systems/layer3.npy, y: a}", "layer3.npy does not exist"),
        ("base: {x: systems/*.npy, y: a}", "fits 3 files; patterns of several stand in grid"),
        ("job: fit\ngrid: {x: none/*.npy}", "no file fits"),
        ("base: {x: 3, y: 4}", "x must be a file name"),
        ("job: fit\nbase: {x: systems/layer1.npy, seed: -1}", "seed must be a whole number"),
        ("job: fit\nbase: {x: systems/layer1.npy, method: Topk2}", "mean 'TopK'"),
        ("base: {x: systems/layer1.npy, y: systems/layer2.npy, common: 1}", "common must be true"),
        ("job: study\nbase: {fast: true}", "needs study: NAME"),
        ("job: study\nbase: {study: boond}", "mean 'bound'"),
        ("job: study\nbase: {study: bound, ratio: [1]}", "mean 'ratios'"),
        ("job: score\nbase: {x: systems/layer1.npy, y: systems/layer2.npy, metric: ck}", "'cka'"),
        ("[1, 2]", "must hold job, base, grid"),
        ("base: !!python/object/apply:os.system ['true']", "is not YAML"),
        ("a: &a [1]\na: 2", "given twice"),
        ("job: [fit]", "job has no"),
        (
            "job: score\nbase: {x: systems/layer1.npy, y: systems/layer2.npy, metric: !!set {a}}",
            "no",
        ),
        ("job: fit\nbase: {x: systems/layer1.npy, seed: 0x" + "f" * 4000 + "}", "plain options"),
        ("job: fit\nbase: {x: ~nobody_at_all/x.npy}", "~nobody_at_all/x.npy names no folder"),
        ('job: fit\nbase: {x: "a\\e[31m\\u202e.npy"}', r"no file fits .*/a.x1b.31m.u202e.npy"),
        (
            "job: fit\nbase: {x: " + "a/" * 9000 + "x.npy}",
            r"a/\.\.\.a.{280,310}npy does not",
        ),
        ("job: fit\nbase: {x: /dev/zero}", "/dev/zero is not a regular file"),
    ],
)
def test_a_wrong_file_is_one_line(systems, tmp_path, text, said):
    with pytest.raises(InputError, match=said) as told:
        plan_from(tmp_path, text)
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 700


def test_a_fingerprint_names_content_and_settings_not_places(systems, tmp_path):
    text = "job: fit\nbase: {method: PCA, x: systems/layer1.npy}"
    first = plan_from(tmp_path, text).jobs[0]
    shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-moved")
    moved = plan_from(tmp_path.parent / f"{tmp_path.name}-moved", text).jobs[0]
    assert moved.fingerprint == first.fingerprint
    assert moved.files["x"].path != first.files["x"].path
    assert plan_from(tmp_path, text.replace("PCA", "ICA")).jobs[0].fingerprint != first.fingerprint


def test_defaults_written_out_are_the_same_job(systems, tmp_path):
    short = plan_from(tmp_path, "job: fit\nbase: {x: systems/layer1.npy, method: PCA}")
    long = plan_from(tmp_path, "job: fit\nbase: {x: systems/layer1.npy, method: PCA(), seed: 0}")
    assert short.fingerprint == long.fingerprint


@pytest.mark.parametrize("change", ["values", "ids"])
def test_a_change_of_what_is_read_is_another_job(systems, tmp_path, change):
    text = "job: fit\nbase: {x: systems/layer1.npy, method: PCA}"
    before = plan_from(tmp_path, text).fingerprint
    if change == "values":
        np.save(systems / "layer1.npy", np.ones((20, 3)))
    else:
        (systems / "layer1.stimuli.txt").write_text("\n".join(f"s{i}" for i in range(20)))
    assert plan_from(tmp_path, text).fingerprint != before


def test_arrays_of_a_file_and_options_of_its_reader(tmp_path):
    np.savez(tmp_path / "both.npz", a=np.zeros((4, 2)), b=np.ones((4, 3)))
    found = find_file("both.npz::b", "x", tmp_path)
    told = find_file({"path": tmp_path / "both.npz", "values": "b"}, "x", tmp_path)
    assert found.options == told.options == {"values": "b"}
    assert found.name == "both::b"
    assert find_file("both.npz::a", "x", tmp_path).identity != found.identity


def test_a_job_is_written_down_and_read_back(spec):
    plan = jobs.plan_of(spec, Path.cwd())
    assert [Job.of(job.plain()).fingerprint for job in plan.jobs] == [
        job.fingerprint for job in plan.jobs
    ]


def test_shares_are_the_whole_plan_and_alike(spec):
    plan = jobs.plan_of(spec, Path.cwd())
    shares = [plan.share(i, 4) for i in (1, 2, 3, 4)]
    assert sorted(len(share.jobs) for share in shares) == [2, 2, 2, 3]
    names = [job.fingerprint for share in shares for job in share.jobs]
    assert sorted(names) == sorted(job.fingerprint for job in plan.jobs)
    with pytest.raises(InputError, match="1 <= i <= n, got 5/4"):
        plan.share(5, 4)


@pytest.mark.parametrize("text", ["2", "0/3", "4/3", "a/b", "1/-2", ""])
def test_a_shard_is_written_i_of_n(text):
    assert jobs.parse_share("2/3") == (2, 3)
    with pytest.raises(InputError, match="written i/n"):
        jobs.parse_share(text)


def test_a_share_brings_what_its_jobs_need(spec):
    first, second, third = jobs.plan_of(spec, Path.cwd()).jobs[:3]
    later = Job.of({**third.plain(), "needs": {"one": first.fingerprint}})
    plan = jobs.Plan.of([later, second, first])
    assert [job.fingerprint for job in plan.jobs] == [
        first.fingerprint,
        later.fingerprint,
        second.fingerprint,
    ]
    assert [len(plan.share(i, 3).jobs) for i in (1, 2, 3)] == [1, 2, 1]
    with pytest.raises(InputError, match="which the plan does not hold"):
        jobs.Plan.of([later])


def test_a_folder_is_known_by_all_it_holds(tmp_path):
    store = tmp_path / "store"
    store.mkdir()
    (store / "manifest.json").write_text("{}")
    (store / "a").write_text("1")
    before = find_file("store", "x", tmp_path)
    (store / "a").write_text("2")
    os.utime(store / "a", ns=(1, 1))
    assert find_file("store", "x", tmp_path).sha256 != before.sha256
    assert before.name == "store"


def test_a_pipe_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.npy")
    with pytest.raises(InputError, match="x.npy is not a regular file"):
        jobs.plan_of({"job": "fit", "base": {"x": "x.npy"}}, tmp_path)
