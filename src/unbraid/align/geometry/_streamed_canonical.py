"""Canonical correlations from fold moments: the directions of ``cca``, without the stimuli.

With the training moments ``C = V diag(v) V'`` of a side, ``V v^-1/2`` makes its variates
orthonormal; the singular vectors of the whitened cross-products are the directions, and what they
correlate on another fold follows from that fold's moments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unbraid.align._estimator import Measured
from unbraid.align._held_out_moments import HeldOutTests, rest_of_fold
from unbraid.align._score import NAN
from unbraid.errors import InputError
from unbraid.stats import FoldMoments, GroupMoments, Moments

_LEAST_HELD = 3  # stimuli of a fold: two points always correlate perfectly
# Squares lose half of the digits: variance below this share of the largest is rounding
_LEAST_SHARE = 1e-12


@dataclass(frozen=True, eq=False)
class _Directions:
    """Directions of both sides, their correlations where they were fitted, and their weights."""

    x: np.ndarray
    y: np.ndarray
    r: np.ndarray
    weights: np.ndarray

    def held_out(self, held: Moments) -> float:
        """Return the weighted correlation of the variates on other stimuli."""
        together = np.einsum("pk,pk->k", self.x, held.xy @ self.y)
        xx = np.einsum("pk,pk->k", self.x, held.xx @ self.x)
        yy = np.einsum("qk,qk->k", self.y, held.yy @ self.y)
        norm = np.sqrt(np.maximum(xx, 0) * np.maximum(yy, 0))
        return float(self.weights @ (together / np.where(norm > 0, norm, 1.0)))


def streamed_canonical(
    moments: FoldMoments, keep: float, projection: bool,
    groups: GroupMoments | None = None, tests: HeldOutTests | None = None,
) -> Measured:  # fmt: skip
    """Return the estimate of ``cca`` and ``svcca`` or, with ``projection``, of ``pwcca``."""
    if not 0 < keep <= 1:
        raise InputError(f"keep must be a share of variance in (0, 1], got {keep}.")
    fewest = int(moments.count.min())
    if fewest < _LEAST_HELD:
        raise InputError(
            f"canonical correlations need at least {_LEAST_HELD} stimuli in every fold, got "
            f"{fewest}. Pass fewer folds or more stimuli."
        )
    per_fold: list[float] = []
    left = np.full(0 if groups is None else len(groups.fold), np.nan)
    for fold in range(len(moments.count)):
        fit = _fit(moments, fold, keep, projection)
        if fit is None:
            why = "undefined: a side is constant on the training stimuli of some fold."
            return Measured(value=NAN, warnings=(why,))
        held = moments.test(fold)
        per_fold.append(fit.held_out(held))
        if tests is not None:
            tests.add(held, fit.x * fit.weights, fit.y)
        if groups is None:
            continue
        for group in groups.of(fold):
            rest = rest_of_fold(groups, group)
            left[group] = NAN if rest is None or rest.n < 2 else fit.held_out(rest)
    whole = _fit(moments, -1, keep, projection)
    in_sample = NAN if whole is None else float(whole.weights @ whole.r)
    return Measured(
        value=float(np.mean(per_fold)),
        per_fold=np.array(per_fold),
        influence=None if groups is None else _losses(np.array(per_fold), left, groups.fold),
        in_sample=in_sample,
    )


def _losses(per_fold: np.ndarray, left: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Return what the mean over folds loses without each group, the directions kept."""
    n, own = len(per_fold), per_fold[fold]
    gone = np.isnan(left)  # nothing of the fold is left: one fold less
    return np.where(gone, (own - per_fold.mean()) / max(n - 1, 1), (own - left) / n)


def _fit(moments: FoldMoments, left_out: int, keep: float, projection: bool) -> _Directions | None:
    """Fit both sides' directions on all folds but one; None where a side is constant there."""
    train = moments.train(left_out)
    kept = np.arange(len(moments.count)) != left_out
    x = _whitening(train.xx, moments.high_x[kept], moments.low_x[kept], keep)
    y = _whitening(train.yy, moments.high_y[kept], moments.low_y[kept], keep)
    if x is None or y is None:
        return None
    left, r, right = np.linalg.svd(x.T @ train.xy @ y, full_matrices=False)
    x, y = x @ left, y @ right.T
    weights = np.full(len(r), 1 / len(r))
    if projection:  # how much of the source each of its canonical variates carries
        carried = np.abs(x.T @ train.xx).sum(axis=1)
        weights = carried / carried.sum()
    return _Directions(x, y, np.clip(r, 0, 1), weights)


def _whitening(
    products: np.ndarray, high: np.ndarray, low: np.ndarray, keep: float
) -> np.ndarray | None:
    """Return the map (p, k) to orthonormal variates of the leading principal components."""
    varies = high.max(axis=0) > low.min(axis=0)
    size = np.sqrt(np.where(varies, np.maximum(np.diag(products), 0), 0))
    unit = size if keep == 1 else np.ones_like(size)
    unit = np.where(varies & (size > 0), unit, np.inf)
    values, vectors = np.linalg.eigh(products / np.outer(unit, unit))
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    if not values[0] > 0:
        return None
    share = np.cumsum(values) / values.sum()
    rank = int((values > _LEAST_SHARE * values[0]).sum())
    count = rank if keep == 1 else min(rank, int(np.searchsorted(share, keep - 1e-12)) + 1)
    return vectors[:, :count] / np.sqrt(values[:count]) / unit[:, None]
