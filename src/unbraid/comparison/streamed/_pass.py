"""One pass over both systems: blocks read, encoded and summed by workers, merged in order."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid._progress import Progress
from unbraid.comparison.streamed._learned import Coding
from unbraid.comparison.streamed._systems import RowSource, check_stamp, stamp_of
from unbraid.responses import Responses
from unbraid.stats._many_moments import ManyMoments, Sides
from unbraid.stats._pass import answers, check_workers, read_rows, sent, under_way, values_of

_BLOCK = 2.0**27  # bytes of all sides of a block, so that a product has hundreds of rows
_BLOCKS, _CALLS = 16, 64  # of a call at least; calls at most, where sums are large to send


@dataclass(frozen=True, eq=False)
class PassPlan:
    """What is summed of both systems."""

    systems: tuple[RowSource, RowSource]
    labels: np.ndarray
    """(n,) group of each row, -1 where it is not scored."""
    codings: tuple[Coding, ...]
    within: tuple[bool, ...]
    pairs: tuple[tuple[int, int], ...]
    n_groups: int
    widths: tuple[int, ...]

    @property
    def step(self) -> int:
        """Rows of a block."""
        units = sum(system.shape[1] for system in self.systems)
        return max(1, int(_BLOCK / (8 * (units + sum(self.widths)))))

    @property
    def n_bytes(self) -> float:
        """Bytes of the sums."""
        none = tuple(np.empty(width) for width in self.widths)
        return Sides(none, self.within, self.pairs, self.n_groups).n_bytes

    @property
    def under_way(self) -> int:
        """Calls under way at a time."""
        return under_way(self.n_bytes)


@dataclass(frozen=True, eq=False)
class _Call:
    """What a worker reads, encodes and sums."""

    sources: tuple[Any, Any]
    stamps: tuple[Any, Any]
    """Of the stores; empty for rows that were sent."""
    labels: np.ndarray
    first: int
    step: int
    codings: tuple[Coding, ...]
    sides: Sides


def summed(plan: PassPlan, on: Any, tell: Progress) -> ManyMoments:
    """Return the moments of every side; the same bits whoever sums them."""
    check_workers(on)
    stamps = tuple(stamp_of(system.source) for system in plan.systems)
    sides = Sides(_shifts(plan), plan.within, plan.pairs, plan.n_groups)
    total, n, step = ManyMoments(sides), len(plan.labels), plan.step
    size = step * max(_BLOCKS, -(-n // (step * _CALLS)))
    starts = range(0, n, size)

    def call(start: int) -> tuple[_Call]:
        rows = slice(start, min(start + size, n))
        sources = tuple(sent(system.source, rows) for system in plan.systems)
        return (_Call(sources, stamps, plan.labels[rows], start, step, plan.codings, sides),)  # type: ignore[arg-type]

    for done, more in enumerate(answers(on, _sum, map(call, starts), plan.n_bytes), 1):
        total.merge(more)
        tell(f"read and summed {min(done * size, n):,} of {n:,} stimuli", done / len(starts))
    for system, stamp in zip(plan.systems, stamps, strict=True):
        check_stamp(system.source, stamp, system.name)
    return total


def _sum(call: _Call) -> ManyMoments:
    """Return the moments of a call's rows."""
    _check(call)
    moments = ManyMoments(call.sides)
    for start in range(0, len(call.labels), call.step):
        block = slice(start, min(start + call.step, len(call.labels)))
        units = [read_rows(source, block, name, call.first)
                 for source, name in zip(call.sources, "xy", strict=True)]  # fmt: skip
        used = np.flatnonzero(call.labels[block] >= 0)
        if len(used):
            values = encoded([side[used] for side in units], call.codings, call.first + start)
            moments.accumulate(values, call.labels[block][used])
    _check(call)
    return moments


def _check(call: _Call) -> None:
    for source, stamp, name in zip(call.sources, call.stamps, "xy", strict=True):
        if stamp:
            check_stamp(source.store, stamp, name)


def encoded(units: list[np.ndarray], codings: tuple[Coding, ...], block: int) -> list[np.ndarray]:
    """Return every side's values (b, m) of a block of stimuli, which begins at row ``block``."""
    kept: dict[int, Any] = {}
    found = []
    for coding in codings:
        dictionary = coding.dictionary
        if dictionary is None:
            found.append(units[coding.system].astype(np.float64))
            continue
        if id(dictionary) not in kept:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                kept[id(dictionary)] = dictionary.encode(units[coding.system], by=coding.by)
        codes = kept[id(dictionary)]
        if coding.shuffle is not None:
            codes = sparse.shuffle_latents(
                codes, rng=np.random.default_rng([coding.shuffle, block])
            )
        found.append(codes.toarray().astype(np.float64, copy=False))
    return found


def _shifts(plan: PassPlan) -> tuple[np.ndarray, ...]:
    """Return provisional means: those of the first scored stimuli."""
    rows = np.flatnonzero(plan.labels >= 0)[: plan.step]
    units = [_dense(system.take(rows)) for system in plan.systems]
    return tuple(side.mean(axis=0) for side in encoded(units, plan.codings, int(rows[0])))


def _dense(rows: Responses) -> np.ndarray:
    values = values_of(rows)
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values)
