"""Matchings of two code matrices, exact and without densifying either.

The same definitions as for dense responses (``_matched``), from sums over the stimuli on which a
pair is active together: ``sum_t (x_i - m_i)(y_j - m_j) = sum_t x_i y_j - m_i Y_j - m_j X_i + n m_i m_j``.
"""  # noqa: E501

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.sparse_cross import best_sources, pair_sums
from unbraid.align._dense import finite_mean
from unbraid.align._judge import Estimate, Estimator
from unbraid.align._matched import (
    Plan,
    Pooled,
    check_sign,
    matching_ceiling,
    nothing,
    one_each,
    strongest,
)
from unbraid.align._score import NAN
from unbraid.align._sparse_marginals import SparseSide, sparse_side
from unbraid.responses import Responses


class SparseMatched(Estimator):
    """Estimator of matchings between codes; subclasses say how a plan is found."""

    def __init__(self, x: sp.csr_array, y: sp.csr_array, folds: Any, **options: Any) -> None:
        super().__init__(x, y, folds, **options)
        self.absolute = check_sign(self.options.setdefault("sign", "signed"))
        self.fold = np.asarray(folds)
        self.rows = [np.flatnonzero(self.fold == f) for f in range(folds.n_folds)]
        self.source = sparse_side(x, folds)

    @abstractmethod
    def plans(self, target: SparseSide, scored: Any, all_too: bool) -> list[Plan]:
        """Return one plan a fold, then (``all_too``) that of all stimuli."""

    def estimate(self, order: np.ndarray | None, influence: bool) -> Estimate:
        target = sparse_side(self.y if order is None else self.y[order], self.folds)
        q, n_folds = self.y.shape[1], len(self.rows)
        scored = target.of.varies.all(axis=0)
        if not scored.any() or not self.source.of.varies.any(axis=1).all():
            return nothing(q, n_folds)
        plans = self.plans(target, scored, all_too=order is None)
        pooled = self._pool(target, plans[:n_folds], scored)
        value = finite_mean(pooled.r, pooled.share)
        if order is not None:
            return Estimate(value=value)
        return Estimate(
            value=value,
            per_fold=pooled.per_fold,
            per_target=pooled.r,
            weights=pooled.share,
            influence=self._influence(target, plans, pooled) if influence else None,
            in_sample=self._in_sample(target, plans[-1]),
            matching=strongest(plans[-1].weights),
            gap=float(np.max([plan.gap for plan in plans])),
        )

    def _moments(self, target: SparseSide, weights: sp.csc_array, fold: int) -> np.ndarray:
        """Return <x_i, y_j> of each stored pair, standardised as the training of ``fold`` says."""
        i, j = weights.indices, np.repeat(np.arange(weights.shape[1]), np.diff(weights.indptr))
        a, b = self.source, target
        together = pair_sums(a.columns, b.columns, (i, j), self.fold, fold)
        sums = [side.sums[fold] if fold >= 0 else side.sums.sum(axis=0) for side in (a, b)]
        size = self.source.sizes[fold] if fold >= 0 else len(self.fold)
        of_i, of_j = a.of.mean[fold][i], b.of.mean[fold][j]
        centred = together - of_i * sums[1][j] - of_j * sums[0][i] + size * of_i * of_j
        return centred / (a.of.scale[fold][i] * b.of.scale[fold][j])

    def _pool(self, target: SparseSide, plans: list[Plan], scored: Any) -> Pooled:
        num, xx, yy = np.zeros((3, len(plans), self.y.shape[1]))
        for fold, plan in enumerate(plans):
            weights = plan.weights
            matched = np.diff(weights.indptr) > 0
            column = np.repeat(np.arange(weights.shape[1]), np.diff(weights.indptr))
            products = weights.data * self._moments(target, weights, fold)
            num[fold] = np.bincount(column, products, weights.shape[1])
            xx[fold] = _energy(self.source, fold) @ abs(weights)
            yy[fold] = _energy(target, fold) * matched
        share = np.mean([np.diff(plan.weights.indptr) > 0 for plan in plans], axis=0) * scored
        return Pooled(num, xx, yy, share)

    def _in_sample(self, target: SparseSide, plan: Plan) -> float:
        mass = float(abs(plan.weights).sum())
        total = float(plan.weights.data @ self._moments(target, plan.weights, -1))
        return total / (len(self.fold) * mass) if mass else NAN

    def _influence(self, target: SparseSide, plans: list[Plan], pooled: Pooled) -> np.ndarray:
        on_product, on_x, on_y = pooled.sensitivities
        answer = np.zeros(len(self.fold))
        for fold, (plan, rows) in enumerate(zip(plans, self.rows, strict=False)):
            x, y = self.source.values[rows], target.values[rows]
            (m_x, s_x), (m_y, s_y) = (
                (side.of.mean[fold], np.nan_to_num(1 / side.of.scale[fold]))
                for side in (self.source, target)
            )
            matched = np.diff(plan.weights.indptr) > 0
            weights = sp.diags_array(s_x) @ plan.weights @ sp.diags_array(on_product * s_y)
            product = (y @ weights.T).multiply(x).sum(axis=1)
            product = np.asarray(product).ravel() - y @ (weights.T @ m_x) - x @ (weights @ m_y)
            answer[rows] = product + m_x @ (weights @ m_y)
            answer[rows] -= _squares(x, m_x, s_x**2 * (abs(plan.weights) @ on_x))
            answer[rows] -= _squares(y, m_y, s_y**2 * on_y * matched)
        return answer

    def ceiling(self, x: Responses, y: Responses, estimate: Estimate) -> float:
        return matching_ceiling(x, y, estimate)


class SparseSemi(SparseMatched):
    """Best source of each target."""

    def plans(self, target: SparseSide, scored: Any, all_too: bool) -> list[Plan]:
        n_plans = len(self.rows) + bool(all_too)
        source = self.source.of
        statistics = (
            source.count, source.mean[:n_plans], source.scale[:n_plans], target.of.mean[:n_plans]
        )  # fmt: skip
        best, sign = best_sources(
            self.x, target.columns, self.fold, statistics, scored, self.absolute
        )
        return [one_each(*each, self.x.shape[1]) for each in zip(best, sign, strict=True)]


def _energy(side: SparseSide, fold: int) -> np.ndarray:
    """Return |x_i|^2 over the stimuli of a fold, standardised as its training says."""
    mean, scale = side.of.mean[fold], side.of.scale[fold]
    energy = side.squares[fold] - 2 * mean * side.sums[fold] + side.sizes[fold] * mean**2
    return np.nan_to_num(energy / scale**2)


def _squares(x: sp.csr_array, mean: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return ``sum_i weight_i (x_ti - mean_i)^2`` of each stimulus."""
    return x.power(2) @ weight - 2 * (x @ (mean * weight)) + mean**2 @ weight
