"""Blocks of two systems' stimuli, read and summed here or by workers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp

from unbraid._validate import as_floats, check_finite, check_scale
from unbraid.errors import InputError
from unbraid.responses import Responses, Store
from unbraid.stats._moments import FoldMoments

T = TypeVar("T")

_BLOCKS = 16  # of a call: it then reads a GiB, and what it returns is little beside that
_UNDER_WAY = 16  # calls: enough for a few workers, few enough to keep what they return
_RETURNED = 2.0**30  # bytes that calls under way return together, of two calls at least


@dataclass(frozen=True)
class Pass:
    """One pass over the rows of two systems, ``step`` rows at a time."""

    x: Any
    y: Any
    labels: np.ndarray
    step: int
    device: Any = None
    first: int = 0
    """Number of the first row, for messages."""

    def read(self, start: int) -> tuple[np.ndarray, np.ndarray]:
        """Return both systems' rows of the block that begins there."""
        block = slice(start, min(start + self.step, len(self.labels)))
        a, b = (read_rows(side, block, n, self.first) for side, n in ((self.x, "x"), (self.y, "y")))
        return a, b

    def here(
        self, moments: FoldMoments, begun: tuple[np.ndarray, np.ndarray] | None = None
    ) -> FoldMoments:
        """Add every block to the moments, in order; ``begun`` is the first, if it was read."""
        for start in range(0, len(self.labels), self.step):
            block = slice(start, min(start + self.step, len(self.labels)))
            a, b = begun if begun is not None and not start else self.read(start)
            used = np.flatnonzero(self.labels[block] >= 0)
            moments.accumulate(a[used], b[used], self.labels[block][used], self.device)
        return moments

    def on(self, workers: Any, moments: FoldMoments) -> FoldMoments:
        """Merge what workers add up of consecutive blocks, in the order of the rows."""
        check_workers(workers)
        of_none = {
            "shift_x": moments.shift_x, "shift_y": moments.shift_y,
            "within": moments.within, "n_folds": len(moments.count),
        }  # fmt: skip
        size = sum(8.0 * getattr(moments, name).size for name in ("xx", "yy", "xy"))
        calls = ((part, of_none) for part in self._parts())
        for more in answers(workers, _added, calls, size):
            moments = moments.merge(more)
        return moments

    def _parts(self) -> Iterator[Pass]:
        """Yield the pass of each call: of stores the path and the rows, else the rows' values."""
        size = _BLOCKS * self.step
        for start in range(0, len(self.labels), size):
            rows = slice(start, min(start + size, len(self.labels)))
            x, y = (sent(side, rows) for side in (self.x, self.y))
            yield Pass(x, y, self.labels[rows], self.step, self.device, rows.start)


def check_workers(on: Any) -> None:
    """Refuse what no work can be given to."""
    if not callable(getattr(on, "submit", None)):
        raise InputError(f"on must have submit(f, *args), such as a dask Client, got {on!r}.")


def under_way(n_bytes: float) -> int:
    """Return how many calls, whose answers have ``n_bytes``, are under way at a time."""
    return int(np.clip(_RETURNED / max(n_bytes, 1), 2, _UNDER_WAY))


def answers(
    on: Any, work: Callable[..., T], calls: Iterable[tuple[Any, ...]], n_bytes: float
) -> Iterator[T]:
    """Yield ``work(*call)`` of every call, in their order; each answer has ``n_bytes``."""
    most = under_way(n_bytes)
    waiting: deque[Any] = deque()
    for call in calls:
        if len(waiting) == most:
            yield waiting.popleft().result()
        waiting.append(on.submit(work, *call))
    while waiting:
        yield waiting.popleft().result()


@dataclass(frozen=True)
class _StoreRows:
    """Consecutive rows of a store, opened where they are read."""

    store: Store
    start: int

    def rows(self, index: np.ndarray) -> np.ndarray:
        return self.store.rows(self.start + index)


def sent(side: Any, rows: slice) -> Any:
    """Return what a worker is sent: of a store its path and the first row, else the rows."""
    values = values_of(side)
    return _StoreRows(values, rows.start) if isinstance(values, Store) else values[rows]


def _added(part: Pass, of_none: dict[str, Any]) -> FoldMoments:
    p, q = len(of_none["shift_x"]), len(of_none["shift_y"])
    return part.here(FoldMoments.empty(p, q, **of_none))


def values_of(source: Any) -> Any:
    """Return what holds the rows."""
    return source.values if isinstance(source, Responses) else source


def rows_of(source: Any, block: slice, name: str) -> np.ndarray:
    """Return consecutive rows as a dense array of floats."""
    values = values_of(source)
    by_number = isinstance(values, Store | _StoreRows)
    part: Any = values.rows(np.arange(block.start, block.stop)) if by_number else values[block]
    return as_floats(part.toarray() if sp.issparse(part) else part, name)


def read_rows(source: Any, block: slice, name: str, first: int = 0) -> np.ndarray:
    """Return consecutive rows, refusing what is no finite number."""
    part = rows_of(source, block, name)
    check_finite(part, f"{name} (rows from {first + block.start})")
    check_scale(part, name, least=0.0)
    return part
