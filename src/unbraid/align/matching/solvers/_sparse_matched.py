"""Matchings of two code matrices, exact and without densifying either.

The same definitions as for dense responses, from sums over the stimuli on which a pair is active
together: ``sum_t (x_i - m_i)(y_j - m_j) = sum_t x_i y_j - m_i Y_j - m_j X_i + n m_i m_j``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.products.sparse_cross import best_sources, pair_sums
from unbraid._kernels.statistics.deletion import BlockSums, Totals
from unbraid._kernels.statistics.deletion_loops import sparse_losses, sparse_sums
from unbraid.align.matching.solvers._marginals import TIE, MatchedSide
from unbraid.align.matching.solvers._matched import StimulusMatched
from unbraid.align.matching.solvers._plan import MatchingPlan, one_each
from unbraid.align.matching.solvers._sparse_marginals import sparse_side


class SparseMatched(StimulusMatched):
    """Estimator of matchings between codes; subclasses say how a plan is found."""

    def side(self, values: sp.csr_array) -> MatchedSide:
        return sparse_side(values, self.folds)

    def pair_sums(self, target: MatchedSide, pairs: tuple[Any, Any], fold: int) -> np.ndarray:
        return pair_sums(self.source.columns, target.columns, pairs, self.fold, fold)

    def held_out(
        self, target: MatchedSide, plan: MatchingPlan, rows: np.ndarray
    ) -> tuple[Any, Any]:
        inverse = [np.nan_to_num(1 / side.of.scale[-1]) for side in (self.source, target)]
        said = (self.source.values[rows] * inverse[0]) @ plan.weights
        return said.tocsr(), (target.values[rows] * inverse[1]).tocsr()

    def add_losses(
        self, target: MatchedSide, plan: Any, fold: int, totals: Totals, answer: Any
    ) -> None:
        x, y, marginals = self._columns(target, fold)
        sparse_losses(x, y, marginals, plan, self.fold == fold, totals, answer)

    def add_sums(
        self, target: MatchedSide, plan: Any, fold: int, number: np.ndarray, sums: BlockSums
    ) -> None:
        x, y, marginals = self._columns(target, fold)
        sparse_sums(x, y, marginals, plan, self.fold == fold, number, sums)

    def _columns(self, target: MatchedSide, fold: int) -> tuple[Any, Any, tuple[np.ndarray, ...]]:
        """Return the columns of both sides, and the means and inverse scales of a fold."""
        sides = self.source, target
        marginals = tuple(
            part for side in sides
            for part in (side.of.mean[fold], np.nan_to_num(1 / side.of.scale[fold]))
        )  # fmt: skip
        return self.source.columns, target.columns, marginals


class SparseSemi(SparseMatched):
    """Best source of each target."""

    by_target = True

    def plans(self, target: MatchedSide, scored: np.ndarray, all_too: bool) -> list[MatchingPlan]:
        n_plans = len(self.rows) + bool(all_too)
        source = self.source.of
        statistics = (
            source.count, source.mean[:n_plans], source.scale[:n_plans], target.of.mean[:n_plans],
            TIE * target.of.scale[:n_plans],
        )  # fmt: skip
        best, sign = best_sources(
            self.x, target.columns, self.fold, statistics, scored, self.absolute
        )
        return [one_each(*each, self.x.shape[1]) for each in zip(best, sign, strict=True)]
