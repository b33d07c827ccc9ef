"""What the command line says: warnings by severity, one line an error, an honest exit status."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import unbraid
from unbraid import _severity, _terminal
from unbraid._severity import most_serious_first, severity
from unbraid.comparison import Comparison
from unbraid.errors import InputError

BOUND = [sys.executable, "-m", "unbraid", "bound", "--units", "512", "--active", "20"]


def ended(capsys, app):
    """Run a command; return its status, stdout and stderr."""
    with pytest.raises(SystemExit) as stop:
        _terminal.run(lambda **_options: app(), "unbraid")
    captured = capsys.readouterr()
    return stop.value.code, captured.out, captured.err


def test_each_warning_once_and_the_most_serious_first():
    void = "Only one has stimulus ids: rows are taken to be in the same order."
    weak = "x: 3 units are fewer than K ln(N/K) = 9: sparse recovery must fail."
    lines = ["x: the k grid ends.", weak, void, weak]
    assert most_serious_first(lines) == [void, weak, "x: the k grid ends."]
    assert [severity(line) for line in (void, weak, "other")] == [0, 1, 2]


@pytest.mark.parametrize("phrase", [*_severity._VOIDS, *_severity._WEAKENS])
def test_every_phrase_is_one_that_a_warning_says(phrase):
    code = [
        " ".join(file.read_text().replace('"\n', "").replace('f"', "").replace('"', "").split())
        for file in Path(unbraid.__file__).parent.rglob("*.py")
        if file.stem != "_severity"
    ]
    assert any(phrase in text for text in code)


def test_warnings_come_before_the_answer_on_stderr(capsys):
    def app():
        _terminal.warn(["plain.", "they are not held out.", "plain."])
        _terminal.warn(["named: another. In Python: so.", "another."])
        _terminal.show({"a": 1}, "the answer", as_json=False)

    status, out, err = ended(capsys, app)
    assert (status, out) == (0, "the answer\n")
    told = ["they are not held out.", "plain.", "named: another. In Python: so."]
    assert err.splitlines() == [f"Warning: {line}" for line in told]


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (InputError("k must\n be 3."), 2, "Error: k must be 3."),
        (InputError("x" * 400_000), 2, "Error: " + "x" * 1000 + " ..."),
        (OSError(28, "No space left on device"), 1, "The system refused: No space left on device."),
        (PermissionError(13, "Permission denied", "a/b"), 1, "Error: a/b: Permission denied."),
        (MemoryError("Unable to allocate 9 TiB"), 1, "does not suffice. Unable to allocate 9 TiB"),
    ],
)
def test_an_error_is_one_line_of_bounded_length(capsys, error, status, line):
    def app():
        raise error

    code, out, err = ended(capsys, app)
    assert (code, out, err.count("\n")) == (status, "", 1)
    assert line in err


def test_a_bug_keeps_its_traceback():
    def app(**_options):
        raise KeyError("x")

    with pytest.raises(KeyError):
        _terminal.run(app, "unbraid")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_that_cannot_be_written_is_one_line():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(BOUND, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "Error: The answer could not be printed: No space left on device.\n"


def test_a_closed_pipe_is_silent():
    with subprocess.Popen(BOUND, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 141


def test_arguments_that_are_no_text(tmp_path):
    x = bytes(tmp_path) + b"/\xff.npy"
    Path(x.decode(errors="surrogateescape")).write_bytes(b"")
    command = [sys.executable, "-m", "unbraid", "fit", x, "-o", b"\xfe"]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert rb"\udcff.npy is empty" in done.stderr


@pytest.mark.parametrize("value, answered", [(0.1, True), (float("nan"), False)])
def test_a_headline_that_could_not_be_scored_is_no_answer(value, answered):
    changes = [SimpleNamespace(metric="cka", value=0.5), SimpleNamespace(metric="cca", value=value)]
    config = SimpleNamespace(scored=("cca", "cka"))
    result = SimpleNamespace(config=config, changes=changes)
    assert Comparison.answered.fget(result) == answered


def test_an_interrupt_while_the_command_line_is_imported_is_one_line(monkeypatch, capsys):
    import unbraid.__main__ as start

    def interrupted():
        raise KeyboardInterrupt

    left = []
    monkeypatch.setattr("unbraid.cli.main", interrupted)
    monkeypatch.setattr("os._exit", left.append)
    start.main()
    assert (left, capsys.readouterr().err) == ([130], "Interrupted.\n")


def test_json_has_no_numbers_that_are_none(capsys):
    record = {"gap": float("nan"), "path": Path("x"), "all": [1.5, float("-inf"), "NaN"]}
    _terminal.show(record, "the answer", as_json=True)
    out = capsys.readouterr().out

    def never(name):
        raise AssertionError(name)

    again = json.loads(out, parse_constant=never)
    assert again == {"gap": None, "path": "x", "all": [1.5, None, "NaN"]}
