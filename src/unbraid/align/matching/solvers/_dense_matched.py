"""Matchings of dense responses, in blocks of stimuli."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from unbraid._kernels.device import product
from unbraid._kernels.statistics.deletion import BlockSums, Totals
from unbraid.align._dense import densified, row_chunks
from unbraid.align.matching.solvers._marginals import Marginals, MatchedSide, dense_side
from unbraid.align.matching.solvers._matched import StimulusMatched
from unbraid.align.matching.solvers._plan import MatchingPlan, carried


class DenseMatched(StimulusMatched):
    """Estimator of matchings between dense responses; subclasses say how a plan is found."""

    def __init__(self, x: Any, y: Any, folds: Any, **options: Any) -> None:
        super().__init__(_centred(x, "x"), _centred(y, "y"), folds, **options)

    def side(self, values: np.ndarray) -> MatchedSide:
        return dense_side(values, self.folds)

    def correlations(self, target: MatchedSide, all_too: bool) -> Iterator[tuple[int, np.ndarray]]:
        """Yield each fold (then -1) and the (p, q) correlations on its training stimuli."""
        x, y = self.x, target.values
        total = product(x.T, y, self.device)
        for fold, rows in enumerate(self.rows):
            cross = total - product(x[rows].T, y[rows], self.device)
            yield fold, correlation(cross, self.source.of, target.of, fold)
        if all_too:
            yield -1, correlation(total, self.source.of, target.of, -1)

    def pair_sums(self, target: MatchedSide, pairs: tuple[Any, Any], fold: int) -> np.ndarray:
        (i, j), q = pairs, target.values.shape[1]
        whole = np.array_equal(j, np.arange(q))  # each target once, as in semi-matching
        total = np.zeros(len(i))
        for rows in self._chunks(fold, len(i)):
            y = target.values[rows]
            total += np.einsum("tc,tc->c", self.x[rows].take(i, 1), y if whole else y.take(j, 1))
        return total

    def held_out(
        self, target: MatchedSide, plan: MatchingPlan, rows: np.ndarray
    ) -> tuple[Any, Any]:
        said = carried(_standardised(self.source, -1, rows), plan.weights)
        return said, _standardised(target, -1, rows)

    def add_losses(
        self, target: MatchedSide, plan: Any, fold: int, totals: Totals, answer: Any
    ) -> None:
        from unbraid._kernels.statistics.deletion_loops import (
            dense_losses,  # compiles: not at import
        )

        for rows, a, b in self._standardised(target, fold):
            part = np.zeros(len(rows))
            dense_losses(a, b, plan, totals, part)
            answer[rows] = part

    def add_sums(
        self, target: MatchedSide, plan: Any, fold: int, number: np.ndarray, sums: BlockSums
    ) -> None:
        from unbraid._kernels.statistics.deletion_loops import dense_sums  # compiles: not at import

        for rows, a, b in self._standardised(target, fold):
            dense_sums(a, b, plan, number[rows], sums)

    def _standardised(self, target: MatchedSide, fold: int) -> Iterator[tuple[np.ndarray, ...]]:
        """Yield blocks of a fold's stimuli, and both sides as its training standardises them."""
        for rows in self._chunks(fold, self.x.shape[1] + target.values.shape[1]):
            yield rows, *(_standardised(side, fold, rows) for side in (self.source, target))

    def _chunks(self, fold: int, columns: int) -> list[np.ndarray]:
        rows = self.rows[fold] if fold >= 0 else np.arange(len(self.fold))
        return [rows[c] for c in row_chunks(len(rows), columns)]


def correlation(cross: np.ndarray, x: Marginals, y: Marginals, fold: int) -> np.ndarray:
    """Turn training cross-products (p, q) into correlations, in place; NaN where undefined."""
    size = x.count[fold]
    cross -= np.outer(size * x.mean[fold], y.mean[fold])
    cross /= size * x.scale[fold][:, None]
    cross /= y.scale[fold]
    return cross


def _standardised(side: MatchedSide, fold: int, rows: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        values = (side.values[rows] - side.of.mean[fold]) / side.of.scale[fold]
    return np.nan_to_num(values, copy=False)


def _centred(values: Any, name: str) -> np.ndarray:
    values = densified(values, name)
    return values - values.mean(axis=0)
