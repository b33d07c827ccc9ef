"""The log of a training: progress for a callback, history, warnings."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Callback = Callable[[str, float], None]


class Log:
    """Collects the history and warnings of one training, and calls back with its progress.

    ``order`` is what the caller of ``fit`` says of the order of the stimuli.
    """

    def __init__(
        self,
        callback: Callback | None = None,
        checkpoint: Path | None = None,
        order: str = "auto",
    ) -> None:
        self.callback, self.checkpoint, self.order = callback, checkpoint, order
        self.history: list[dict[str, float]] = []
        self.warnings: list[str] = []
        self.held: np.ndarray | None = None  # stimuli kept out of the training
        self.part, self.span = 0.0, 1.0
        self._last = 0.0
        self._ends = "", 1.0  # the last message, and the share it came with

    def within(self, part: float, span: float) -> None:
        """Say that what comes is ``span`` of the whole, and starts at ``part`` of it."""
        self.part, self.span = part, span

    def show(self, message: str, share: float) -> None:
        """Show a message and the share done, at most ten times a second."""
        now = time.monotonic()
        self._ends = message, min(1.0, self.part + self.span * share)
        if self.callback is not None and (now - self._last > 0.1 or share >= 1):
            self._last = now
            self.callback(*self._ends)

    def end(self) -> None:
        """Show that all is done, with the last message: training may stop before its last step."""
        if self.callback is not None and self._ends[1] < 1:
            self.callback(self._ends[0], 1.0)

    def record(self, share: float, **numbers: Any) -> None:
        """Write down one line of the history and show it."""
        self.history.append({name: float(value) for name, value in numbers.items()})
        shown = "  ".join(f"{name} {_short(value)}" for name, value in numbers.items())
        self.show(shown, share)


def _short(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.3g}"
