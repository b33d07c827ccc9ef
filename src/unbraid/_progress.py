"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of the work that is done."""

SO_FAR = "so far: "
"""Begins a message that is an answer already: it stays on the terminal and is never left out."""

_HEARD: ContextVar[bool] = ContextVar("heard", default=False)  # whether a job around is shown
_SECONDS_BETWEEN_LINES = 5.0  # often enough to see that it goes on, seldom enough for a log
_PACE = 0.05  # share of the work that must be done before a pace is known


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield ``tell(message, share)``, to be called as work goes on."""
    with _heard():
        if sys.stderr.isatty():
            with _bar() as tell:
                yield tell
        else:
            yield _lines()


@contextmanager
def _heard() -> Iterator[None]:
    around = _HEARD.set(True)
    try:
        yield
    finally:
        _HEARD.reset(around)


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    whole = 3600.0  # seconds: the pace of all the work, not of its last steps
    with Bars(*columns, console=Console(stderr=True), speed_estimate_period=whole) as bar:
        task = bar.add_task("starting", total=1.0)

        def tell(message: str, share: float) -> None:
            # the first message stays: it says what the work costs
            if bar.tasks[0].description == "starting" or message.startswith(SO_FAR):
                bar.console.print(message, markup=False, highlight=False)
            bar.update(task, description=message, completed=share)

        yield tell


def looked_at() -> bool:
    """Return whether somebody is likely to look: stderr is a terminal, or this is a notebook."""
    if sys.stderr is not None and sys.stderr.isatty():
        return True
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


@contextmanager
def progress_to(listener: bool | None | Progress) -> Iterator[Progress]:
    """Yield ``tell(message, share)``: the listener itself, progress on stderr, or silence.

    None: progress where somebody looks, unless this is a step of a job that shows its own. Reported
    shares never decrease.
    """
    wanted = looked_at() and not _HEARD.get() if listener is None else bool(listener)
    with _heard():
        if callable(listener):
            yield _forward(listener)
        elif wanted:
            with progress() as tell:
                yield _forward(tell)
        else:
            yield silent


def _forward(tell: Progress) -> Progress:
    """Return a progress whose share stays where it is when a later step begins before it."""
    furthest = 0.0

    def onward(message: str, share: float) -> None:
        nonlocal furthest
        furthest = max(furthest, share)
        tell(message, furthest)

    return onward


def part(tell: Progress, start: float, stop: float, prefix: str = "") -> Progress:
    """Return a progress that fills the part from ``start`` to ``stop`` of the whole."""
    return lambda message, share: tell(prefix + message, start + (stop - start) * share)


def silent(_message: str, _share: float) -> None:
    """Report to nobody."""


def _lines() -> Progress:
    started = time.monotonic()
    last = started - _SECONDS_BETWEEN_LINES

    def tell(message: str, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES or share >= 1 or message.startswith(SO_FAR):
            last = now
            left = _left(now - started, share)
            print(f"{share:4.0%}{left}  {message}", file=sys.stderr, flush=True)  # noqa: T201

    return tell


def _left(seconds: float, share: float) -> str:
    """Return how long the rest takes at the pace so far, once there is one to speak of."""
    if not _PACE <= share < 1:
        return ""
    left = seconds * (1 - share) / share
    return f"  {left:3.0f} s left" if left < 100 else f"  {left / 60:3.0f} min left"
