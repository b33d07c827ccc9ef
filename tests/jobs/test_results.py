"""Results as a table, on the command line and in Parquet; what a run will take."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import unbraid as ub
from unbraid import _terminal, jobs
from unbraid.cli import app
from unbraid.errors import InputError


def command(capsys, *arguments):
    """Run a command in this process; return its exit status, stdout and stderr."""
    argv, sys.argv = sys.argv, ["unbraid", *map(str, arguments)]
    try:
        with pytest.raises(SystemExit) as left:
            _terminal.run(app, "unbraid")
    finally:
        sys.argv = argv
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """A run of two comparisons and what it was made from."""
    place = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(0)
    features = rng.uniform(0.5, 1.5, (80, 6)) * (rng.random((80, 6)) < 0.3)
    for name in ("a", "b1", "b2"):
        np.save(place / f"{name}.npy", features @ rng.normal(size=(6, 4)))
    options = {"method": "PCA", "seeds": 1, "permutations": 2, "metrics": ["semi_matching"]}
    spec = {"base": {**options, "x": str(place / "a.npy")}, "grid": {"y": str(place / "b*.npy")}}
    (place / "sweep.yaml").write_text(json.dumps(spec))
    with jobs.Local(workers=1) as pool:
        found = ub.sweep(place / "sweep.yaml", place / "run", on=pool)
    return place, found


def test_rows_say_what_each_comparison_said(pairs):
    place, found = pairs
    assert [(row["x"], row["y"], row["state"]) for row in found.rows] == [
        ("a", "b1", "done"),
        ("a", "b2", "done"),
    ]
    for row, job in zip(found.rows, found.jobs, strict=True):
        alone = ub.compare(
            np.load(place / "a.npy"),
            np.load(job.files["y"].path),
            method="PCA",
            seeds=1,
            permutations=2,
            metrics="semi_matching",
        )
        gain = alone.changes[0]
        told = [row[name] for name in ("before", "after", "gain", "gain_low", "p", "tone")]
        alone = [gain.before, gain.after, gain.value, gain.low, gain.p_value, alone.verdict.tone]
        assert told == alone
        controls = [c for c in found.result(job)["changes"][1:] if c["name"].startswith("codes->c")]
        assert row["best_control"] == max(c["before"] for c in controls)


def test_results_are_filtered_and_tabled(pairs):
    _, found = pairs
    assert len(found.where(y="b2")) == 1
    assert len(found.where(y="b2", state="failed")) == 0
    assert repr(found) == "Results(2 jobs: 2 done)"
    with pytest.raises(InputError, match="have|has no 'yy'"):
        found.where(yy=1)
    table = found.table()
    assert list(table["y"]) == ["b1", "b2"]
    assert table["gain"].notna().all()
    assert {row["y"] for row in found.scores()} == {"b1", "b2"}
    assert {row["source"] for row in found.scores()} >= {"base", "codes", "random_dictionary"}


def test_parquet_holds_the_same(pairs, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    _, found = pairs
    rows = parquet.read_table(found.to_parquet(tmp_path / "jobs.parquet")).to_pylist()
    assert [{k: v for k, v in row.items() if v is not None} for row in rows] == [
        {k: v for k, v in row.items() if v is not None} for row in found.rows
    ]
    scores = parquet.read_table(found.to_parquet(tmp_path / "s.parquet", scores=True))
    assert scores.num_rows == len(found.scores())


def test_sql_answers_as_the_rows_do(pairs, capsys):
    place, found = pairs
    best = found.sql(
        "SELECT y, max(value) AS best, count(*) AS n FROM scores GROUP BY y ORDER BY y"
    )
    by_hand = {}
    for score in found.scores():
        by_hand.setdefault(score["y"], []).append(score["value"])
    assert dict(zip(best["y"], best["best"], strict=True)) == {
        y: max(values) for y, values in by_hand.items()
    }
    assert best["n"].tolist() == [len(by_hand[y]) for y in best["y"]]
    joined = "SELECT count(*) AS n FROM scores JOIN results USING (job) WHERE state = 'done'"
    status, out, _ = command(capsys, "results", place / "run", "--sql", joined, "--json")
    assert (status, json.loads(out)) == (0, [{"n": len(found.scores())}])


@pytest.mark.parametrize(
    "query, told",
    [
        ("SELEC 1", "syntax error"),
        ("SELECT speed FROM results", "Tables: results (job, kind, state"),
        ("SELECT * FROM read_csv('{file}')", "disabled"),
        ("COPY results TO '{file}'", "disabled"),
        ("ATTACH '{file}' AS other", "disabled"),
        ("SET enable_external_access = true", "cannot"),
        ("INSTALL httpfs", "disabled"),
    ],
)
def test_a_query_reads_and_writes_no_file(pairs, tmp_path, query, told):
    file = tmp_path / "file.csv"
    file.write_text("a\n1\n")
    with pytest.raises(InputError, match="The query cannot be answered") as error:
        pairs[1].sql(query.format(file=file))
    assert told in str(error.value) and "\n" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["file.csv"] and file.read_text() == "a\n1\n"


def test_sql_on_failed_jobs_has_no_scores(pairs):
    none = pairs[1].where(state="failed")
    with pytest.raises(InputError, match="The query cannot be answered"):
        none.sql("SELECT * FROM scores")


def test_commands(pairs, capsys, tmp_path):
    place, found = pairs
    status, out, _ = command(capsys, "sweep", place / "sweep.yaml", "-o", place / "run")
    assert (status, out.splitlines()[0]) == (0, "2 of 2 jobs done.")
    status, out, _ = command(capsys, "results", place / "run", "--where", "y=b1", "--json")
    assert status == 0
    assert [row["job"] for row in json.loads(out)] == [found.rows[0]["job"]]
    status, out, _ = command(capsys, "results", place / "run")
    assert out.splitlines()[0].split()[:5] == ["job", "state", "x", "y", "metric"]
    status, _, err = command(capsys, "results", place)
    assert (status, len(err.splitlines())) == (2, 1)
    status, _, err = command(capsys, "results", place / "run", "--where", "y")
    assert (status, err) == (2, "Error: A condition is written column=value.\n")


def test_a_dry_run_says_the_size_and_writes_nothing(pairs, capsys, tmp_path):
    place, _ = pairs
    before = sorted(place.rglob("*"))
    status, out, _ = command(capsys, "sweep", place / "sweep.yaml", "-o", place / "no", "--dry-run")
    assert status == 0
    assert out.startswith("2 jobs. About ")
    status, out, _ = command(
        capsys, "sweep", place / "sweep.yaml", "-o", place / "run", "--dry-run", "--json"
    )
    told = json.loads(out)
    assert (told["jobs"], told["done"], told["seconds"]) == (2, 2, 0)
    assert sorted(place.rglob("*")) == before


def test_a_failed_job_makes_the_exit_status_one(tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.full((20, 2), np.nan))
    spec = {"job": "fit", "base": {"x": "x.npy", "method": "PCA"}}
    (tmp_path / "sweep.yaml").write_text(json.dumps(spec))
    arguments = ("sweep", tmp_path / "sweep.yaml", "-o", tmp_path / "run", "--workers", "1")
    status, out, _ = command(capsys, *arguments)
    assert status == 1
    assert "failed: " in out
    assert "x.npy" in out
    status, out, _ = command(capsys, "results", tmp_path / "run", "--failed")
    assert "Traceback" in out


def test_kinds_do_their_work(tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(60, 3)))
    fit = {"job": "fit", "base": {"x": str(tmp_path / "x.npy"), "method": "PCA"}}
    study = {"job": "study", "base": {"study": "bound", "fast": True, "ratios": [1.0]}}
    study["grid"] = {"n_stimuli": [40]}
    plan = [job for spec in (fit, study) for job in jobs.plan_of(spec, Path.cwd()).jobs]
    with jobs.Local(workers=1) as pool:
        found = ub.sweep(jobs.Plan.of(plan), tmp_path / "run", on=pool)
    assert [row["state"] for row in found.rows] == ["done", "done"]
    learned = ub.Dictionary.load(
        tmp_path / "run" / "jobs" / found.rows[0]["job"][:2] / found.rows[0]["job"]
    )
    assert found.rows[0]["n_latents"] == learned.n_latents
    assert found.rows[1]["claims"] >= found.rows[1]["held"]
