"""What the documents say is what the code does."""

import contextlib
import importlib.util
import io
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import unbraid as ub
from unbraid import cli

ROOT = Path(__file__).parent.parent
_spec = importlib.util.spec_from_file_location("follow", ROOT / "scripts" / "follow.py")
follow = importlib.util.module_from_spec(_spec)
sys.modules["follow"] = follow  # dataclasses look their module up
_spec.loader.exec_module(follow)


def test_the_table_of_metrics_is_current():
    path = ROOT / "scripts" / "metrics_table.py"
    spec = importlib.util.spec_from_file_location("metrics_table", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), f"run python {path.name}"


def test_the_readme_runs_as_it_stands(run):
    """Line by line, in one folder; scripts/built.py follows the pages of docs after it."""
    failed, names = [], {"__name__": "README"}
    with warnings.catch_warnings():  # as a reader sees them: no errors
        warnings.simplefilter("default")
        for step in follow.steps((ROOT / "README.md").read_text(encoding="utf-8")):
            if step.code:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(step.code, "README.md", "exec"), names)
                continue
            status, out, err = run(*step.words[1:])
            if status or not follow.as_said(step.printed, out):
                failed.append((step.words, status, out, err))
    assert failed == []
    tones = [ub.load_run(name).verdict.tone for name in ("run", "lab", "saes")]
    assert tones == ["gain"] * 3
    assert ub.load_run("shared").counts["shared"].value >= 36  # of 40 features

    x, y = ub.load("example/network_a.npy"), ub.load("example/network_b.csv")
    assert x.stimuli.tolist() != y.stimuli.tolist()
    truth = ub.load("example/features.csv")
    before = ub.load("example/untrained_a.npy")
    learned = [ub.align.ridge(each, truth, permutations=0).value for each in (x, y, before)]
    assert min(learned[:2]) > 0.5 > learned[2] + 0.1
    labels = Path("example/labels.txt").read_text().split()
    column = truth.units.tolist().index("3 top left")
    row = {name: row for row, name in enumerate(truth.stimuli)}
    known = truth.values[[row[name] for name in x.stimuli], column]
    np.testing.assert_array_equal(known == 1, [label == "3" for label in labels])


def test_what_a_document_says_is_held_against_what_is_printed():
    text = (
        "```console\n$ unbraid bound --units 14  # a comment\n14 units ... 2 active\n$ make x\n```"
    )
    (step,) = follow.steps(text)
    assert step.words == ("unbraid", "bound", "--units", "14")
    assert follow.as_said(step.printed, "17 units can hold 1,000.5 features, 3 active at a time")
    assert not follow.as_said(step.printed, "17 units can hold 1,000.5 features")
    (step,) = follow.steps("```python\nx = 1\n```\n```text\n$ unbraid nothing\n```")
    assert step.code == "x = 1\n"


def test_every_link_of_the_readme_leads_somewhere():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("document", sorted(p.name for p in (ROOT / "docs").glob("*.md")))
def test_commands_named_in_documents_exist(document):
    known = {command.callback.__name__ for command in cli.app.registered_commands}
    text = (ROOT / "docs" / document).read_text() + (ROOT / "README.md").read_text()
    named = set(re.findall(r"(?:^\$ |`)unbraid ([\w-]+)", text, flags=re.M))
    assert named
    assert {name.replace("-", "_") for name in named} <= known


EXAMPLES = re.findall(
    r"### \.\.\. (.*?)\n.*?```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.S
)


@pytest.mark.parametrize("code", [pytest.param(c, id=title) for title, c in EXAMPLES])
def test_what_contributing_shows_works(code, tmp_path, monkeypatch):
    """A metric, a method, a reader and a study of one's own."""
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "CONTRIBUTING.md", "exec"), {"__name__": "contributed"})


def test_contributing_shows_one_of_each():
    assert [title for title, _ in EXAMPLES] == [
        "a metric",
        "a method that learns dictionaries",
        "a reader",
        "a study",
    ]


def listed(page):
    """Return what the tables of contents of a page of docs name."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    lists = re.findall(r"```\{toctree\}\n(.*?)```", text, flags=re.S)
    return {line for each in lists for line in each.splitlines() if line and line[0] != ":"}


def test_every_page_stands_in_a_table_of_contents():
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    assert listed("index.md") == pages


def test_every_room_stands_in_the_reference():
    rooms = {f"reference/unbraid.{room}" for room in ub._ROOMS}
    assert listed("reference.md") == rooms | {"reference/unbraid"}
