"""Moments of several groups of stimuli in each fold: intervals and p-values from one pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.stats._folds import Folds
from unbraid.stats._moments import ADDITIVE, LARGEST, LEAST, FoldMoments


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class GroupMoments:
    """Moments of groups of stimuli, several of which make up each fold.

    ``group_moments`` makes them in one pass. What a score loses when a group is deleted gives its
    interval; the groups of a fold together give its score.
    """

    groups: FoldMoments
    """Moments of each of the G groups, in the place of folds."""
    fold: np.ndarray
    """(G,) fold of each group."""
    dependent: bool = False
    """Whether folds and groups keep dependent stimuli together: rows in any order are no null."""

    def __post_init__(self) -> None:
        counts = np.bincount(self.fold)
        if len(self.fold) != len(self.groups.count) or counts.min() < 1:
            raise InputError(
                f"fold must number the folds of {len(self.groups.count)} groups from 0, got "
                f"{self.fold.tolist()}."
            )

    def __repr__(self) -> str:
        _, p, q = self.groups.xy.shape
        return (
            f"GroupMoments({int(self.groups.count.sum())} stimuli in {len(self.fold)} groups of "
            f"{self.n_folds} folds, {p} x {q} units)"
        )

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.fold.max()) + 1

    def of(self, fold: int) -> list[int]:
        """Return the groups of a fold."""
        return [int(group) for group in np.flatnonzero(self.fold == fold)]

    def folds(self) -> FoldMoments:
        """Return the moments of the folds, each the sum of its groups."""
        members = [self.of(fold) for fold in range(self.n_folds)]
        kinds = (np.add, ADDITIVE), (np.minimum, LEAST), (np.maximum, LARGEST)
        sums: dict[str, Any] = {
            name: np.stack([combine.reduce(getattr(self.groups, name)[m]) for m in members])
            for combine, names in kinds
            for name in names
        }
        return replace(self.groups, **sums)


def deletion_groups(
    folds: Folds, per_fold: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the group (n,) of each stimulus, -1 in gaps, and the fold (G,) of each group.

    Even parts of each fold, drawn at random; of dependent stimuli whole blocks, and of stimuli that
    follow each other blocks that follow each other.
    """
    labels, numbers = np.full(len(folds), -1), np.asarray(folds)
    fold_of: list[int] = []
    in_order = folds.blocks is not None and folds.in_order
    for fold in range(folds.n_folds):
        rows = np.flatnonzero(numbers == fold)
        if folds.blocks is None:
            unit, count = np.arange(len(rows)), len(rows)
        else:
            unit = np.unique(folds.blocks[rows], return_inverse=True)[1]
            count = int(unit.max()) + 1
        n_groups = min(per_fold, count)
        part = np.arange(count) * n_groups // count
        part = part if in_order else part[rng.permutation(count)]
        labels[rows] = len(fold_of) + part[unit]
        fold_of += [fold] * n_groups
    return labels, np.array(fold_of)
