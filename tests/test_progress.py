"""Progress where stderr is no terminal: a line now and then, with the time that is left."""

import sys
import time
from types import SimpleNamespace

import pytest

from unbraid import _progress
from unbraid._progress import SO_FAR, progress, progress_to


@pytest.fixture
def clock(monkeypatch):
    """Return a list whose only number is what the clock shows."""
    shown = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: shown[0])
    return shown


def test_lines_come_every_five_seconds_and_say_what_is_left(clock, capsys):
    with progress() as tell:
        for seconds, share in [(0, 0.0), (4, 0.01), (20, 0.1), (24, 0.2), (60, 0.1), (99, 1.0)]:
            clock[0] = 100.0 + seconds
            tell(f"step {seconds}", share)
    assert capsys.readouterr().err.splitlines() == [
        "  0%  step 0",
        " 10%    3 min left  step 20",
        " 10%    9 min left  step 60",
        "100%  step 99",
    ]


def test_seconds_are_counted_near_the_end(clock, capsys):
    with progress() as tell:
        clock[0] += 30
        tell("half", 0.5)
    assert capsys.readouterr().err == " 50%   30 s left  half\n"


def test_a_listener_is_told_or_stderr_or_nobody(clock, capsys):
    heard = []
    for listener in (lambda *news: heard.append(news), False, True):
        with progress_to(listener) as tell:
            tell("step", 1.0)
    assert heard == [("step", 1.0)]
    assert capsys.readouterr().err == "100%  step\n"


def test_the_share_never_goes_back(clock, capsys):
    heard = []
    with progress_to(lambda *news: heard.append(news)) as tell:
        for share in (0.1, 0.5, 0.3, 0.6):
            tell("step", share)
    assert [share for _, share in heard] == [0.1, 0.5, 0.5, 0.6]


def test_an_answer_so_far_is_printed_at_once(clock, capsys):
    with progress_to(True) as tell:
        tell("first", 0.0)
        tell("left out", 0.01)
        tell(f"{SO_FAR}.31", 0.02)
    assert capsys.readouterr().err.splitlines() == ["  0%  first", "  2%  so far: .31"]


def test_by_default_progress_is_shown_where_somebody_looks(monkeypatch, clock, capsys):
    def steps():
        with progress_to(None) as tell:
            tell("job", 0.5)
            with progress_to(None) as inner:  # a step of a job that is shown
                inner("part", 1.0)

    steps()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(_progress, "looked_at", lambda: True)
    steps()
    assert "job" in (shown := capsys.readouterr().err)
    assert "part" not in shown


def test_a_notebook_is_looked_at(monkeypatch):
    class ZMQInteractiveShell:
        pass

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=ZMQInteractiveShell))
    assert _progress.looked_at()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not _progress.looked_at()
