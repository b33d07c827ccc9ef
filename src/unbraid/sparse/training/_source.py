"""Where the training's stimuli come from: memory, a memory map, or a store larger than memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid._kernels.products.gather import gather
from unbraid.responses import Store, as_responses
from unbraid.responses.stores._part import StorePart
from unbraid.stats import rows_to_test, serial_dependence

_NEIGHBOURS = 256  # rows that are read together
_POOL_BYTES, _POOL_ROWS = 2**28, 65_536  # of the shuffled part of what is on disk
# Held-out stimuli: they tell an error to a hundredth, in 512 MiB at most
_HELD_BYTES, _HELD_ROWS = 2**29, 20_000
_BLOCK_NUMBERS = 2**22  # responses read at a time: 16 MiB
_READ_ROWS = 1024  # stimuli read from a map at a time, so that pages are let go
_RUNS = 5  # of neighbours that are held out, so that they stand for all times
_LARGEST = 1e30  # of a response: far enough from the end of float32 for its multiples


def opened(x: Any, *, in_batches: bool) -> Any:
    """Return responses (n, p) in memory, or, for those who read in batches, where they are."""
    if isinstance(x, StorePart):
        return OnDisk(x)
    if isinstance(x, Store):
        return OnDisk(x) if in_batches else x.read().toarray()
    values = as_responses(x).toarray()
    return OnDisk(values) if in_batches and _map_of(values) is not None else values


class OnDisk:
    """Rows of a store or a memory map: looks like an array, reads only what is asked for.

    ``shift (p,)`` is subtracted from what is read, before single precision takes digits.
    """

    def __init__(
        self, where: Store | StorePart | np.ndarray, shift: np.ndarray | None = None
    ) -> None:
        self.where, self.shift = where, 0.0 if shift is None else shift
        self.shape: tuple[int, int] = tuple(where.shape)
        wide = np.dtype(np.float64 if where.dtype.itemsize > 4 else np.float32)
        self.dtype = wide

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        index = np.arange(len(self))[rows] if isinstance(rows, slice) else np.asarray(rows)
        out = np.empty((len(index), self.shape[1]), self.dtype)
        for start in range(0, len(index), _READ_ROWS):  # the system maps more than what is read
            part = index[start : start + _READ_ROWS]
            if isinstance(self.where, Store | StorePart):
                out[start : start + _READ_ROWS] = self.where.rows(part) - self.shift
                forget(*self.where.shards)
            else:
                out[start : start + _READ_ROWS] = self.where[part] - self.shift
                forget(self.where)
        return out


class TrainingStimuli:
    """Training stimuli, centred and scaled, in batches; and those held out.

    What is in memory, or fits the pool, is shuffled whole. Of what is on disk, runs of 256 rows in
    random order fill a pool, which is shuffled: memory stays that of the pool, and the disk is read
    in runs. The order depends on the generator and the shape alone: it can be made again.
    """

    def __init__(
        self,
        x: Any,
        held_out: float,
        rng: np.random.Generator,
        offset: np.ndarray,
        order: str = "auto",
    ) -> None:
        self.x = x
        self.rows, self.held_rows = split(x, held_out, rng, order)
        self.offset = offset.astype(np.float64)
        self.scale = self._spread()
        self.held = self._ready(self.held_rows)
        self.pool = pool_rows(x) if isinstance(x, OnDisk) else len(self.rows)
        self._window: tuple[np.ndarray, int, np.ndarray, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """Return the order of one pass over the training stimuli."""
        n = len(self.rows)
        if self.pool >= n:
            return rng.permutation(n)
        runs = rng.permutation(-(-n // _NEIGHBOURS)) * _NEIGHBOURS
        order = (runs[:, None] + np.arange(_NEIGHBOURS)).ravel()
        order = order[order < n]
        for start in range(0, n, self.pool):
            rng.shuffle(order[start : start + self.pool])
        return order

    def batch(self, order: np.ndarray, start: int, size: int) -> np.ndarray:
        """Return stimuli ``start`` to ``start + size`` of a pass, float32."""
        if not isinstance(self.x, OnDisk):
            return self._ready(self.rows[order[start : start + size]])
        parts, stop = [], start + size
        while start < stop:
            pool = start // self.pool
            end = min(stop, (pool + 1) * self.pool)
            index, values = self._pooled(order, pool)
            parts.append(values[np.searchsorted(index, order[start:end])])
            start = end
        return self._scaled(np.concatenate(parts))

    def sample(self, n: int) -> np.ndarray:
        """Return up to ``n`` training stimuli spread over all of them, float32."""
        return self._ready(spaced(self.rows, n))

    def _pooled(self, order: np.ndarray, pool: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the sorted stimuli of a pool and their responses, read once."""
        if self._window is None or self._window[0] is not order or self._window[1] != pool:
            self._window = None  # let go of the old pool before the next is read
            index = np.sort(order[pool * self.pool : (pool + 1) * self.pool])
            self._window = (order, pool, index, self.x[self.rows[index]])
        return self._window[2:]

    def _ready(self, rows: np.ndarray) -> np.ndarray:
        if isinstance(self.x, OnDisk) or not self.x.flags.c_contiguous:
            return self._scaled(np.ascontiguousarray(self.x[rows]))
        return gather(self.x, rows, self.offset, self.scale)

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        return gather(values, np.arange(len(values)), self.offset, self.scale)

    def _spread(self) -> float:
        """Return the root mean square of the centred training stimuli over stimuli and units."""
        total, count = 0.0, 0
        for rows in self._blocks():
            total += float(np.square(self.x[rows] - self.offset).sum())
            count += len(rows) * self.x.shape[1]
        size = float(np.sqrt(total / count))
        return size if size > 0 else 1.0

    def _blocks(self) -> Iterator[np.ndarray]:
        step = max(1, _BLOCK_NUMBERS // self.x.shape[1])
        for start in range(0, len(self.rows), step):
            yield self.rows[start : start + step]


def spaced(rows: np.ndarray, most: int) -> np.ndarray:
    """Return ``most`` of the rows at most, evenly spaced."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)]


def split(
    x: Any, held_out: float, rng: np.random.Generator, order: str = "auto"
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to train on and the rows held out.

    Where rows depend on their order, as ``order`` says or "auto" finds, neighbours would give away
    what is held out: up to five runs of neighbours are, at even distances, and as many rows around
    each as are alike serve neither.
    """
    n_held = held_rows(len(x), x.shape[1], held_out)
    drawn = rng.permutation(len(x))
    if n_held and order != "exchangeable":
        found = serial_dependence(x[rows_to_test(*x.shape)])
        if found.found or order == "time":
            return _runs_apart(len(x), n_held, found.reach)
    return np.sort(drawn[n_held:]), np.sort(drawn[:n_held])


def _runs_apart(n: int, n_held: int, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to train on, and the last of each of a few equal parts of all rows."""
    n_runs = max(1, min(_RUNS, n_held // (4 * reach)))
    # around each run no more than it holds is lost, and half of the training rows stay
    gap = min(reach, n_held // n_runs, (n - n_held) // (4 * n_runs))
    role = np.zeros(n, dtype=np.intp)
    for run in range(n_runs):
        end = (run + 1) * n // n_runs
        start = end - (n_held * (run + 1) // n_runs - n_held * run // n_runs)
        role[max(0, start - gap) : end + gap] = 2
        role[start:end] = 1
    return np.flatnonzero(role == 0), np.flatnonzero(role == 1)


def mean(x: Any) -> np.ndarray:
    """Return the mean stimulus (p,), float64, reading a block at a time."""
    step = max(1, _BLOCK_NUMBERS // x.shape[1])
    total, ends = np.zeros(x.shape[1]), [0.0]
    for start in range(0, len(x), step):
        block = x[start : start + step]
        if isinstance(x, OnDisk):
            _validate.check_finite(block, f"x from stimulus {start} on")
        total += block.sum(0, dtype=np.float64)
        ends += [float(block.min()), float(block.max())]
    check_scale(np.array(ends))
    return total / len(x)


def check_scale(x: np.ndarray, least: float = 1 / _LARGEST) -> None:
    """Refuse what single precision, in which dictionaries are learned, cannot hold."""
    _validate.check_scale(x, "x", least=least, most=_LARGEST)


def varies(x: Any) -> bool:
    """Whether any unit differs between two stimuli."""
    first = x[:1]
    step = max(1, _BLOCK_NUMBERS // x.shape[1])
    return any((x[start : start + step] != first).any() for start in range(0, len(x), step))


def held_rows(n: int, p: int, share: float) -> int:
    """Return how many of ``n`` stimuli are held out: their share, but no more than serves."""
    most = min(_HELD_ROWS, max(1, _HELD_BYTES // (4 * p)))
    return min(most, round(share * n))


def pool_rows(x: OnDisk) -> int:
    """Return the rows of the pool in which what is on disk is shuffled."""
    most = min(_POOL_ROWS, _POOL_BYTES // (x.shape[1] * x.dtype.itemsize))
    return max(2, most // _NEIGHBOURS) * _NEIGHBOURS


def forget(*arrays: np.ndarray) -> None:
    """Let the system take back the memory of what was read of memory maps."""
    for array in arrays:
        mapped = _map_of(array)
        if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)


def _map_of(array: np.ndarray) -> mmap.mmap | None:
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, mmap.mmap) else None
