"""Nested ridge regression from fold moments: the fits of ``ridge``, without the stimuli.

With the training moments ``V diag(v) V'`` of the source, the prediction at penalty ``a`` has the
weights ``w = V c``, ``c = (v + a)^-1 V' S_xy``; on another fold, about the training means, its
squared error is ``S_yy - 2 <w, S_xy> + w' S_xx w``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from unbraid._kernels.device import product
from unbraid._kernels.linear_algebra.ridge import PenaltyGrid, eigen
from unbraid._kernels.statistics.deletion import LEFT, BlockSums, Totals, losses
from unbraid.align._dense import finite_mean
from unbraid.align._estimator import Measured
from unbraid.align._held_out_moments import HeldOutTests, sums_about
from unbraid.align._score import NAN
from unbraid.align.regression._nested_ridge import ALPHAS, check_folds
from unbraid.align.regression._ridge import NOTHING, edge_notes
from unbraid.errors import InputError
from unbraid.stats import FoldMoments, GroupMoments, Moments


@dataclass(frozen=True, eq=False)
class _StreamedFit:
    """A training set in the eigenbasis of its source."""

    of: Moments
    values: np.ndarray
    basis: np.ndarray
    projected: np.ndarray
    """(r, q)."""
    device: Any

    @cached_property
    def grid(self) -> PenaltyGrid:
        return PenaltyGrid.of(self.values)

    def weights(self, alphas: np.ndarray | float) -> np.ndarray:
        """Weights in the eigenbasis (r, q), for one penalty or one per target."""
        if self.grid.mean == 0:
            return np.zeros_like(self.projected)
        return self.projected / (self.values[:, None] + self.grid.penalties(alphas))


@dataclass(frozen=True, eq=False)
class _Seen:
    """Held-out moments in a fit's eigenbasis."""

    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray
    device: Any

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return (3, q): prediction times target, prediction squared, target squared."""
        squares = np.einsum("rj,rj->j", weights, product(self.xx, weights, self.device))
        return np.stack([np.einsum("rj,rj->j", weights, self.xy), squares, self.yy])

    def errors(self, fit: _StreamedFit) -> np.ndarray:
        """Return squared errors (n_alphas, q)."""
        found = [self.sums(fit.weights(alpha)) for alpha in ALPHAS]
        return np.stack([yy - 2 * num + xx for num, xx, yy in found])


def streamed_ridge(
    moments: FoldMoments, r2: bool, device: Any,
    groups: GroupMoments | None = None, tests: HeldOutTests | None = None,
) -> Measured:  # fmt: skip
    """Return the estimate of ``ridge`` or, with ``r2``, of ``ridge_r2``."""
    n_folds, (p, q) = check_folds(len(moments.count)), moments.xy.shape[1:]
    least = int(moments.count.sum() - moments.count.max())
    if p > least:
        raise InputError(
            f"ridge from moments needs at least as many training stimuli as units, got {least} "
            f"and {p}. Pass the responses to align.ridge, which works on the other side."
        )
    scored = _varies(moments)
    errors = np.zeros((n_folds, len(ALPHAS), q))
    for out in combinations(range(n_folds), 2):
        fit = _fit(moments, out, device)
        for one, other in (out, out[::-1]):
            errors[other] += _seen(moments, fit, one).errors(fit)
    chosen = errors.argmin(axis=1)
    parts, whole_errors = np.zeros((n_folds, 3, q)), 0.0
    of_groups = np.zeros((0 if groups is None else len(groups.fold), 3, q))
    apart = np.zeros((2, q))
    for fold in range(n_folds):
        fit = _fit(moments, (fold,), device)
        seen = _seen(moments, fit, fold)
        weights = fit.weights(ALPHAS[chosen[fold]])
        spread = np.sqrt(np.einsum("r,rj->j", fit.values, weights**2) / fit.of.n)
        scale = np.sqrt(np.maximum(fit.of.square_y, 0) / fit.of.n)
        own = np.stack([np.where(spread > 0, spread, 1.0), np.where(scored, scale, 1.0)])
        units = np.ones((2, q)) if r2 else own
        in_units = np.stack([units[0] * units[1], units[0] ** 2, units[1] ** 2])
        parts[fold] = seen.sums(weights) / in_units
        whole_errors = whole_errors + seen.errors(fit)
        if groups is None:
            continue
        left = product(fit.basis, weights, device)
        of_x, of_y = sums_about(moments, fold, fit.of)
        apart += np.stack([of_x @ left / units[0], of_y / units[1]])
        for group in groups.of(fold):
            held = groups.groups.test(group, about=fit.of)
            of_groups[group] = _Seen(held.xx, held.xy, held.square_y, device).sums(left) / in_units
        if tests is not None:
            tests.add(moments.test(fold), left / own[0] * scored, scored / own[1])
    fit = _fit(moments, (), device)
    whole = _seen(moments, fit, -1).sums(fit.weights(ALPHAS[np.argmin(whole_errors, axis=0)]))
    score = _explained if r2 else _pooled
    per_target = np.where(scored, score(parts.sum(axis=0)), np.nan)
    if not scored.any():
        return Measured(value=np.nan, per_target=per_target, per_fold=np.full(n_folds, np.nan),
                        warnings=(NOTHING,))  # fmt: skip
    picked, total = chosen[:, scored], parts.sum(axis=0)
    chance = score(np.stack([apart[0] * apart[1] / moments.count.sum(), *total[1:]]))
    edges = np.array([(picked == 0).mean(), (picked == len(ALPHAS) - 1).mean()])
    return Measured(
        value=finite_mean(per_target),
        per_fold=np.array([finite_mean(np.where(scored, score(part), np.nan)) for part in parts]),
        per_target=per_target,
        influence=None if groups is None else _influence(of_groups[..., scored], r2),
        chance=NAN if groups is None else finite_mean(np.where(scored, chance, np.nan)),
        in_sample=finite_mean(np.where(scored, score(whole), np.nan)),
        notes=edge_notes(edges),
    )


def _influence(of_groups: np.ndarray, r2: bool) -> np.ndarray:
    """Return what the mean over targets loses without each group, the fits kept; (G, 3, q) sums."""
    num, xx, yy = np.moveaxis(of_groups, 1, 0)
    total = of_groups.sum(axis=0)
    if not r2:
        r, each = _pooled(total), np.full(total.shape[1], 1 / total.shape[1])
        return losses(BlockSums(num, xx, yy), Totals(total[0], total[1], total[2], r, each))
    left = total[2] - yy
    enough = left > LEFT * total[2]
    residual = total[2] - 2 * total[0] + total[1] - (yy - 2 * num + xx)
    kept = np.where(enough, 1 - residual / np.where(enough, left, 1.0), 0.0)
    return np.asarray((_explained(total) - kept).mean(axis=1))


def _fit(moments: FoldMoments, out: tuple[int, ...], device: Any) -> _StreamedFit:
    of = moments.train(*out)
    values, basis = eigen(of.xx.copy(), device)
    return _StreamedFit(of, values, basis, product(basis.T, of.xy, device), device)


def _seen(moments: FoldMoments, fit: _StreamedFit, fold: int) -> _Seen:
    held = moments.test(fold, about=fit.of)
    turned = fit.basis.T
    within = product(product(turned, held.xx, fit.device), fit.basis, fit.device)
    return _Seen(within, product(turned, held.xy, fit.device), held.square_y, fit.device)


def _varies(moments: FoldMoments) -> np.ndarray:
    """Whether each target varies on the training stimuli of every fold."""
    n_folds = len(moments.count)
    kept = [np.arange(n_folds) != fold for fold in range(n_folds)]
    return np.all([moments.high_y[k].max(axis=0) > moments.low_y[k].min(axis=0) for k in kept],
                  axis=0)  # fmt: skip


def _pooled(sums: np.ndarray) -> np.ndarray:
    num, xx, yy = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        r = num / np.sqrt(xx * yy)
    return np.where((xx == 0) & (yy > 0), 0.0, r)


def _explained(sums: np.ndarray) -> np.ndarray:
    num, xx, yy = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - (yy - 2 * num + xx) / yy
