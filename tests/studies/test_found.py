"""Runs that lie in a folder are found again, with what they gave."""

import dataclasses
import json

import pytest

from unbraid import studies
from unbraid.studies import Claim, StudyResult

RESULT = StudyResult(
    name="bound",
    question="?",
    claims=[
        Claim(text="pears are green", holds=True, evidence=""),
        Claim(text="pears are blue", holds=False, evidence=""),
    ],
    table=[],
    figures=[],
    settings={"name": "Bound", "fast": True, "seeds": 3},
)


@pytest.fixture
def folder(tmp_path):
    studies.save(RESULT, tmp_path / "a-reduced")
    full = dataclasses.replace(RESULT, settings={"name": "Bound", "pairs": 5}, claims=[])
    studies.save(full, tmp_path / "full")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "result.json").write_text("{")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "result.json").write_text("[" * 100_000)
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "result.json").write_text(json.dumps({"scores": []}))
    (tmp_path / "list").mkdir()
    (tmp_path / "list" / "result.json").write_text("[]")
    return tmp_path


def test_full_runs_come_first_and_other_folders_are_passed_over(folder):
    full, reduced = studies.found_runs(folder, studies.STUDIES)
    assert (full.fast, full.seeds, full.held) == (False, 5, [])
    assert (reduced.fast, reduced.seeds) == (True, 3)
    assert (reduced.held, reduced.failed) == (["pears are green"], ["pears are blue"])
    assert str(reduced).startswith("1 of 2 claims hold, 3 seed(s), reduced (")
    assert str(reduced).endswith("a-reduced); not: pears are blue")


def test_other_studies_and_missing_folders_give_nothing(folder):
    assert studies.found_runs(folder, ["toy"]) == []
    assert studies.found_runs(folder / "nowhere", studies.STUDIES) == []


def test_the_list_says_which_claims_held(folder):
    from typer.testing import CliRunner

    from unbraid.cli import app

    said = CliRunner().invoke(app, ["study", "list", "-o", str(folder)])
    assert said.exit_code == 0
    assert "1 of 2 claims hold, 3 seed(s), reduced" in said.output
    rows = json.loads(
        CliRunner().invoke(app, ["study", "list", "-o", str(folder), "--json"]).output
    )
    (bound,) = (row for row in rows if row["name"] == "bound")
    assert [run["seeds"] for run in bound["runs"]] == [5, 3]
    assert all(row["runs"] == [] for row in rows if row["name"] != "bound")
