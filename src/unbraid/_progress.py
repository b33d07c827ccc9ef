"""Progress on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SECONDS_BETWEEN_LINES = 5.0


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """Yield ``tell(message, share)``, to be called as work goes on."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda message, share: bar.update(task, description=message, completed=share)


def _lines() -> Callable[[str, float], None]:
    last = -_SECONDS_BETWEEN_LINES

    def tell(message: str, share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _SECONDS_BETWEEN_LINES or share >= 1:
            last = now
            print(f"{share:4.0%}  {message}", file=sys.stderr, flush=True)  # noqa: T201

    return tell
