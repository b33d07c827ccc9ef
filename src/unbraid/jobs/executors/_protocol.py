"""What runs jobs: anything with ``submit(f, *args) -> future``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from unbraid.errors import UnbraidError


class Future(Protocol):
    """The answer of a call that may still be under way."""

    def done(self) -> bool:
        """Whether it has ended, well or not."""

    def result(self) -> Any:
        """Return the answer, or raise what the call raised."""


class Executor(Protocol):
    """Runs functions elsewhere; a result never depends on where."""

    def submit(self, f: Callable[..., Any], /, *args: Any) -> Any:
        """Start ``f(*args)``; return its future."""


class WorkerDied(UnbraidError, RuntimeError):
    """The process that ran a call ended before the call did."""


class CallFailed(UnbraidError, RuntimeError):
    """A call raised an error in the process that ran it; its traceback is the message."""
