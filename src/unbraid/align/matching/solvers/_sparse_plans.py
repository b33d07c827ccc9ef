"""One-to-one and soft matching of two code matrices, exact, with a certificate over all pairs."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.matching.simplex import TransportPlan
from unbraid._kernels.matching.sparse_transport import pairs_of, transport
from unbraid._kernels.products.sparse_cross import pair_sums
from unbraid.align.matching.solvers._marginals import MatchedSide
from unbraid.align.matching.solvers._plan import MatchingPlan
from unbraid.align.matching.solvers._sparse_matched import SparseMatched


class SparseSoft(SparseMatched):
    """The transport plan with uniform marginals on varying units."""

    def plans(self, target: MatchedSide, scored: np.ndarray, all_too: bool) -> list[MatchingPlan]:
        folds = [*range(len(self.rows)), *([-1] if all_too else [])]
        return [self._plan(target, np.flatnonzero(scored), fold) for fold in folds]

    def marginals(self, p: int, q: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what each source sends and each target receives."""
        common = int(np.gcd(p, q))
        return np.full(p, q // common), np.full(q, p // common)

    def kept(self, solved: TransportPlan, p: int, q: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which entries are real pairs, and their weights (columns sum to 1)."""
        del p
        return np.ones(len(solved.mass), dtype=bool), solved.mass * q

    def _plan(self, target: MatchedSide, targets: np.ndarray, fold: int) -> MatchingPlan:
        sources = np.flatnonzero(self.source.of.varies[fold])
        p, q = len(sources), len(targets)
        supply, demand = self.marginals(p, q)
        (x, a), (y, b) = (
            self._scaled(side, units, fold, size)
            for side, units, size in (
                (self.source, sources, len(supply)), (target, targets, len(demand))
            )
        )  # fmt: skip
        solved = transport(pairs_of(x, y, a, b, self.absolute), supply, demand)
        real, weights = self.kept(solved, p, q)
        i, j = sources[solved.sources[real]], targets[solved.targets[real]]
        plan = sp.csc_array((weights[real], (i, j)), shape=(self.x.shape[1], self.y.shape[1]))
        if self.absolute:
            plan.data[self._training_moments(target, plan, fold) < 0] *= -1
        return MatchingPlan(plan, gap=solved.gap)

    def _training_moments(
        self, target: MatchedSide, weights: sp.csc_array, fold: int
    ) -> np.ndarray:
        """Return the covariance of each stored pair on the training stimuli of a fold."""
        i, j = weights.indices, np.repeat(np.arange(weights.shape[1]), np.diff(weights.indptr))
        together = pair_sums(self.source.columns, target.columns, (i, j), self.fold, -1)
        if fold >= 0:
            together -= pair_sums(self.source.columns, target.columns, (i, j), self.fold, fold)
        of_x, of_y = self.source.of, target.of
        return together / of_x.count[fold] - of_x.mean[fold][i] * of_y.mean[fold][j]

    def _scaled(
        self, side: MatchedSide, units: np.ndarray, fold: int, size: int
    ) -> tuple[sp.csr_array, np.ndarray]:
        """Return training rows in units of sd sqrt(n), padded with silent units, and mean / sd."""
        train = self.fold != fold
        scale, mean = side.of.scale[fold, units], side.of.mean[fold, units]
        values = side.values[train] if fold >= 0 else side.values
        values = values[:, units] @ sp.diags_array(1 / (scale * np.sqrt(train.sum())))
        values = sp.csr_array(values)
        values.sort_indices()
        padded = sp.csr_array(
            (values.data, values.indices, values.indptr), shape=(values.shape[0], size)
        )
        return padded, np.concatenate([mean / scale, np.zeros(size - len(units))])


class SparseOneToOne(SparseSoft):
    """The assignment of largest summed training correlation; silent units stand in for none."""

    def marginals(self, p: int, q: int) -> tuple[np.ndarray, np.ndarray]:
        ones = np.ones(max(p, q), dtype=np.int64)
        return ones, ones

    def kept(self, solved: TransportPlan, p: int, q: int) -> tuple[np.ndarray, np.ndarray]:
        real = (solved.sources < p) & (solved.targets < q)
        return real, np.ones(len(real))
