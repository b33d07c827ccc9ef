"""Moments of many sides of the same stimuli in one pass: each side once, pairs where asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from unbraid.stats._group_moments import GroupMoments
from unbraid.stats._moments import FoldMoments


@dataclass(frozen=True, eq=False)
class Sides:
    """Which sides are summed, and which of them together."""

    shifts: tuple[np.ndarray, ...]
    """(m,) provisional mean of each side."""
    within: tuple[bool, ...]
    """Whether the products of a side with itself are kept."""
    pairs: tuple[tuple[int, int], ...]
    """Numbers of two sides whose products are kept."""
    n_groups: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Columns of each side."""
        return tuple(len(shift) for shift in self.shifts)

    @property
    def n_bytes(self) -> float:
        """Bytes of all products."""
        own = sum(m * m for m, kept in zip(self.widths, self.within, strict=True) if kept)
        return 8.0 * self.n_groups * (own + sum(self.widths[i] * self.widths[j]
                                                for i, j in self.pairs))  # fmt: skip


@dataclass(eq=False)
class ManyMoments:
    """Sums over the stimuli of each group, of several sides minus their provisional means."""

    sides: Sides
    count: np.ndarray = field(init=False)
    sums: list[np.ndarray] = field(init=False)
    """Per side (4, G, m): sums, sums of squares, least and largest values."""
    own: list[np.ndarray] = field(init=False)
    cross: list[np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        n, widths = self.sides.n_groups, self.sides.widths
        self.count = np.zeros(n)
        self.sums = [np.zeros((4, n, m)) for m in widths]
        for sums in self.sums:
            sums[2], sums[3] = np.inf, -np.inf
        self.own = [np.zeros((n, m, m)) if kept else np.zeros((n, 0, 0))
                    for m, kept in zip(widths, self.sides.within, strict=True)]  # fmt: skip
        self.cross = [np.zeros((n, widths[i], widths[j])) for i, j in self.sides.pairs]

    def accumulate(self, values: Sequence[np.ndarray], groups: np.ndarray) -> None:
        """Add a block of stimuli: ``(b, m)`` of every side, the group of each stimulus."""
        order = np.argsort(groups, kind="stable")
        blocks = [side[order] - shift
                  for side, shift in zip(values, self.sides.shifts, strict=True)]  # fmt: skip
        found, starts = np.unique(groups[order], return_index=True)
        for group, start, stop in zip(found, starts, [*starts[1:], len(order)], strict=True):
            parts = [block[start:stop] for block in blocks]
            self.count[group] += stop - start
            for sums, own, part in zip(self.sums, self.own, parts, strict=True):
                sums[0, group] += part.sum(axis=0)
                sums[1, group] += np.einsum("tj,tj->j", part, part)
                np.minimum(sums[2, group], part.min(axis=0), out=sums[2, group])
                np.maximum(sums[3, group], part.max(axis=0), out=sums[3, group])
                if own.size:
                    own[group] += part.T @ part
            for cross, (i, j) in zip(self.cross, self.sides.pairs, strict=True):
                cross[group] += parts[i].T @ parts[j]

    def merge(self, other: ManyMoments) -> None:
        """Add the sums of other stimuli, in place."""
        self.count += other.count
        for sums, more in zip(self.sums, other.sums, strict=True):
            sums[:2] += more[:2]
            np.minimum(sums[2], more[2], out=sums[2])
            np.maximum(sums[3], more[3], out=sums[3])
        for mine, theirs in ((self.own, other.own), (self.cross, other.cross)):
            for part, more in zip(mine, theirs, strict=True):
                part += more

    def of(
        self, source: int, target: int, fold: np.ndarray, dependent: bool = False
    ) -> GroupMoments:
        """Return the moments of one side with another, as views; ``fold (G,)`` of each group."""
        pairs = self.sides.pairs
        if (source, target) in pairs:
            cross = self.cross[pairs.index((source, target))]
        else:
            cross = self.cross[pairs.index((target, source))].transpose(0, 2, 1)
        x, y = self.sums[source], self.sums[target]
        own = [self.own[side] for side in (source, target)]
        if not (own[0].size and own[1].size):
            own = [np.zeros((len(self.count), 0, 0))] * 2
        moments = FoldMoments(
            count=self.count,
            sum_x=x[0], square_x=x[1], low_x=x[2], high_x=x[3],
            sum_y=y[0], square_y=y[1], low_y=y[2], high_y=y[3],
            xx=own[0], yy=own[1], xy=cross,
            shift_x=self.sides.shifts[source], shift_y=self.sides.shifts[target],
        )  # fmt: skip
        return GroupMoments(groups=moments, fold=fold, dependent=dependent)
