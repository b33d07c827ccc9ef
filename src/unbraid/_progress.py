"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, float], None]
"""Told what is being done and which share of the work is behind."""

_SECONDS_BETWEEN_LINES = 5.0
_PACE = 0.05  # share of the work behind from which on a pace is known


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield ``tell(message, share)``, to be called as work goes on."""
    if not sys.stderr.isatty():
        yield _lines()
        return
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
            if bar.tasks[0].description == "starting":  # the first news stays: it tells the cost
                bar.console.print(message, markup=False, highlight=False)
            bar.update(task, description=message, completed=share)

        yield tell


@contextmanager
def told_to(listener: bool | Progress) -> Iterator[Progress]:
    """Yield ``tell(message, share)``: the listener itself, progress on stderr, or silence."""
    if callable(listener):
        yield listener
    elif listener:
        with progress() as tell:
            yield tell
    else:
        yield silent


def part(tell: Progress, start: float, stop: float, prefix: str = "") -> Progress:
    """Return a progress that fills the part from ``start`` to ``stop`` of the whole."""
    return lambda message, share: tell(prefix + message, start + (stop - start) * share)


def silent(_message: str, _share: float) -> None:
    """Tell nobody."""


def _lines() -> Progress:
    started = time.monotonic()
    last = started - _SECONDS_BETWEEN_LINES

    def tell(message: str, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES or share >= 1:
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
