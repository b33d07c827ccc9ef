"""What the documents say is what the code does."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import unbraid
from unbraid import cli

ROOT = Path(__file__).parent.parent


def test_the_table_of_metrics_is_current():
    path = ROOT / "scripts" / "metrics_table.py"
    spec = importlib.util.spec_from_file_location("metrics_table", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), f"run python {path.name}"


def test_the_readme_example_runs_as_it_stands(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert "Unbraiding raises alignment" in done.stdout
    assert (tmp_path / "run" / "report.html").is_file()


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
    rooms = {f"reference/unbraid.{room}" for room in unbraid._ROOMS}
    assert listed("reference.md") == rooms | {"reference/unbraid"}
