"""Matchings of dense responses, in blocks of stimuli."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from unbraid._kernels.deletion import Sums, losses
from unbraid.align._dense import densified, row_chunks
from unbraid.align._judge import Blocks
from unbraid.align._marginals import Marginals, Side, dense_side
from unbraid.align._matched import Matched, Plan, Pooled


class DenseMatched(Matched):
    """Estimator of matchings between dense responses; subclasses say how a plan is found."""

    def __init__(self, x: Any, y: Any, folds: Any, **options: Any) -> None:
        super().__init__(_centred(x, "x"), _centred(y, "y"), folds, **options)

    def side(self, values: np.ndarray) -> Side:
        return dense_side(values, self.folds)

    def correlations(self, target: Side, all_too: bool) -> Iterator[tuple[int, np.ndarray]]:
        """Yield each fold (then -1) and the (p, q) correlations on its training stimuli."""
        x, y = self.x, target.values
        total = x.T @ y
        for fold, rows in enumerate(self.rows):
            yield fold, correlation(total - x[rows].T @ y[rows], self.source.of, target.of, fold)
        if all_too:
            yield -1, correlation(total, self.source.of, target.of, -1)

    def pair_sums(self, target: Side, pairs: tuple[Any, Any], fold: int) -> np.ndarray:
        (i, j), q = pairs, target.values.shape[1]
        whole = np.array_equal(j, np.arange(q))  # each target once, as in semi-matching
        total = np.zeros(len(i))
        for rows in self._chunks(fold, len(i)):
            y = target.values[rows]
            total += np.einsum("tc,tc->c", self.x[rows].take(i, 1), y if whole else y.take(j, 1))
        return total

    def influence(self, target: Side, plans: list[Plan], pooled: Pooled) -> np.ndarray:
        from unbraid._kernels import deletion_loops  # compiles: not at import

        totals, blocks = pooled.totals, Blocks.of(self.folds)
        sums = Sums(*np.zeros((3, blocks.count, len(totals.r)))) if blocks else None
        answer = np.zeros(len(self.fold))
        for fold, plan in enumerate(plans[: len(self.rows)]):
            arrays = deletion_loops.plan_of(plan.weights)
            for rows in self._chunks(fold, self.x.shape[1] + len(totals.r)):
                a, b = (_standardised(side, fold, rows) for side in (self.source, target))
                if blocks and sums:
                    deletion_loops.dense_sums(a, b, arrays, blocks.number[rows], sums)
                else:
                    part = np.zeros(len(rows))
                    deletion_loops.dense_losses(a, b, arrays, totals, part)
                    answer[rows] = part
        return losses(sums, totals) if sums else answer

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


def _standardised(side: Side, fold: int, rows: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        values = (side.values[rows] - side.of.mean[fold]) / side.of.scale[fold]
    return np.nan_to_num(values, copy=False)


def _centred(values: Any, name: str) -> np.ndarray:
    values = densified(values, name)
    return values - values.mean(axis=0)
