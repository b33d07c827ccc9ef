"""One-to-one matching: each unit is used once."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.align._estimator import Estimator
from unbraid.align._judge import Judging, judge
from unbraid.align._score import Score
from unbraid.align.matching.solvers._dense_matched import DenseMatched
from unbraid.align.matching.solvers._marginals import MatchedSide
from unbraid.align.matching.solvers._plan import MatchingPlan, untied


class OneToOne(DenseMatched):
    """The assignment of largest summed training correlation."""

    def plans(self, target: MatchedSide, scored: np.ndarray, all_too: bool) -> list[MatchingPlan]:
        return [
            assignment(r, self.source.of.varies[fold], scored, self.absolute)
            for fold, r in self.correlations(target, all_too)
        ]


def assignment(
    r: np.ndarray, alive: np.ndarray, scored: np.ndarray, absolute: bool
) -> MatchingPlan:
    """Return the best one-to-one plan of the sources alive and the targets scored."""
    from scipy.optimize import linear_sum_assignment

    sources, targets = np.flatnonzero(alive), np.flatnonzero(scored)
    worth = untied(r[np.ix_(sources, targets)])
    i, j = linear_sum_assignment(np.abs(worth) if absolute else worth, maximize=True)
    sign = np.where(worth[i, j] < 0, -1.0, 1.0) if absolute else np.ones(len(i))
    return MatchingPlan(sp.csc_array((sign, (sources[i], targets[j])), shape=r.shape), gap=0.0)


def _estimator(x: Any, y: Any, folds: Any, **options: Any) -> Estimator:
    if not (sp.issparse(x) and sp.issparse(y)):
        return OneToOne(x, y, folds, **options)
    from unbraid.align.matching.solvers._sparse_plans import (
        SparseOneToOne,  # compiles: not at import
    )

    return SparseOneToOne(x, y, folds, **options)


def one_to_one(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    sign: str = "signed",
    device: Any = None,
) -> Score:
    """Mean held-out correlation of pairs under the best one-to-one assignment of units.

    The assignment maximises the summed training correlation (Hungarian algorithm, exact); pairs
    are scored on held-out stimuli as in ``semi_matching``. With unequal numbers of units the
    surplus stays unmatched: ``coverage`` is then ``min(p, q) / q`` (of units that vary), the value
    is the mean over matched targets and ``value_over_all`` counts the others as 0.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order, sign, device
        As in ``semi_matching``; only the protocol ``unbraid`` exists.

    Returns
    -------
    Score
        In [-1, 1]; 1 if both sides hold the same units up to order, positive scale and shift. A
        target matched in only some folds is pooled over those and weighs as much.

    Notes
    -----
    Invariant to permutation, positive scaling and shift of units. Where several assignments are
    optimal (binary units, duplicates) one of them is scored, not always the same one for CSR as
    for the array. Cost O(n p q + min(p, q)^2
    max(p, q)) time and O(p q) memory a fold.

    References
    ----------
    Li et al. (2015), Convergent learning.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(100, 4))
    >>> one_to_one(x[:, :2], x, permutations=0).coverage
    0.5
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order, device=device,
    )  # fmt: skip
    return judge("one_to_one", {"unbraid": _estimator}, x, y, judging, sparse=True, sign=sign)
