"""Matchings of two code matrices, exact and without densifying either.

The same definitions as for dense responses, from sums over the stimuli on which a pair is active
together: ``sum_t (x_i - m_i)(y_j - m_j) = sum_t x_i y_j - m_i Y_j - m_j X_i + n m_i m_j``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.sparse_cross import best_sources, pair_sums
from unbraid.align._marginals import Side
from unbraid.align._matched import Matched, Plan, Pooled, one_each
from unbraid.align._sparse_marginals import sparse_side


class SparseMatched(Matched):
    """Estimator of matchings between codes; subclasses say how a plan is found."""

    def side(self, values: sp.csr_array) -> Side:
        return sparse_side(values, self.folds)

    def pair_sums(self, target: Side, pairs: tuple[Any, Any], fold: int) -> np.ndarray:
        return pair_sums(self.source.columns, target.columns, pairs, self.fold, fold)

    def influence(self, target: Side, plans: list[Plan], pooled: Pooled) -> np.ndarray:
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


class SparseSemi(SparseMatched):
    """Best source of each target."""

    def plans(self, target: Side, scored: np.ndarray, all_too: bool) -> list[Plan]:
        n_plans = len(self.rows) + bool(all_too)
        source = self.source.of
        statistics = (
            source.count, source.mean[:n_plans], source.scale[:n_plans], target.of.mean[:n_plans]
        )  # fmt: skip
        best, sign = best_sources(
            self.x, target.columns, self.fold, statistics, scored, self.absolute
        )
        return [one_each(*each, self.x.shape[1]) for each in zip(best, sign, strict=True)]


def _squares(x: sp.csr_array, mean: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return ``sum_i weight_i (x_ti - mean_i)^2`` of each stimulus."""
    return x.power(2) @ weight - 2 * (x @ (mean * weight)) + mean**2 @ weight
