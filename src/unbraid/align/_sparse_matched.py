"""Matchings of two code matrices, exact and without densifying either.

The same definitions as for dense responses, from sums over the stimuli on which a pair is active
together: ``sum_t (x_i - m_i)(y_j - m_j) = sum_t x_i y_j - m_i Y_j - m_j X_i + n m_i m_j``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.deletion import Sums, losses
from unbraid._kernels.sparse_cross import best_sources, pair_sums
from unbraid.align._judge import Blocks
from unbraid.align._marginals import TIE, Side
from unbraid.align._matched import Matched, Plan, Pooled, one_each
from unbraid.align._sparse_marginals import sparse_side


class SparseMatched(Matched):
    """Estimator of matchings between codes; subclasses say how a plan is found."""

    def side(self, values: sp.csr_array) -> Side:
        return sparse_side(values, self.folds)

    def pair_sums(self, target: Side, pairs: tuple[Any, Any], fold: int) -> np.ndarray:
        return pair_sums(self.source.columns, target.columns, pairs, self.fold, fold)

    def influence(self, target: Side, plans: list[Plan], pooled: Pooled) -> np.ndarray:
        from unbraid._kernels import deletion_loops

        totals, blocks = pooled.totals, Blocks.of(self.folds)
        sums = Sums(*np.zeros((3, blocks.count, len(totals.r)))) if blocks else None
        answer = np.zeros(len(self.fold))
        sides = self.source, target
        for fold, plan in enumerate(plans[: len(self.rows)]):
            arrays = deletion_loops.plan_of(plan.weights)
            marginals = tuple(
                part for side in sides
                for part in (side.of.mean[fold], np.nan_to_num(1 / side.of.scale[fold]))
            )  # fmt: skip
            columns = (self.source.columns, target.columns)
            in_fold = self.fold == fold
            if blocks and sums:
                deletion_loops.sparse_sums(
                    *columns, marginals, arrays, in_fold, blocks.number, sums
                )
            else:
                deletion_loops.sparse_losses(*columns, marginals, arrays, in_fold, totals, answer)
        return losses(sums, totals) if sums else answer


class SparseSemi(SparseMatched):
    """Best source of each target."""

    def plans(self, target: Side, scored: np.ndarray, all_too: bool) -> list[Plan]:
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
