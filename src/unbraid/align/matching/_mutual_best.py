"""Mutual best partners: pairs of units that choose each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._kernels.device import product
from unbraid._validate import check_count
from unbraid.align._dense import finite_mean
from unbraid.align._estimator import Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._score import Score
from unbraid.align.matching._semi_matching import strongest_sources
from unbraid.align.matching.solvers._dense_matched import DenseMatched, correlation
from unbraid.align.matching.solvers._marginals import TIE, MatchedSide
from unbraid.align.matching.solvers._plan import MatchingPlan, one_each, strongest


class MutualBest(DenseMatched):
    """The best source of each target, where the target is among the source's best ones too."""

    def __init__(self, x: Any, y: Any, folds: Any, *, top: int) -> None:
        super().__init__(x, y, folds)
        self.top = top

    def plans(self, target: MatchedSide, scored: np.ndarray, all_too: bool) -> list[MatchingPlan]:
        return [self._plan(r, scored) for _, r in self.correlations(target, all_too)]

    def plan_of_all(self, target: MatchedSide, scored: np.ndarray) -> MatchingPlan:
        """Return the plan of all stimuli alone."""
        cross = product(self.x.T, target.values, self.device)
        return self._plan(correlation(cross, self.source.of, target.of, -1), scored)

    def _plan(self, r: np.ndarray, scored: np.ndarray) -> MatchingPlan:
        r[:, ~scored] = np.nan
        best, sign = strongest_sources(r, absolute=False)
        best = np.where(scored & mutual(r, best, self.top), best, -1)
        return one_each(best, sign, len(r))

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        target = self.target(order)
        scored = target.of.always
        if not scored.any() or not self.source.of.varies.any(axis=1).all():
            return super().estimate(order, influence)
        plans = self.plans(target, scored, all_too=order is None)
        pooled = self.pool(target, plans[: len(self.rows)], scored)
        share = float(pooled.share.sum() / scored.sum())  # the others count as 0
        value = share * finite_mean(pooled.r, pooled.share) if share else 0.0
        if order is not None:
            return Measured(value=value)
        partner = strongest(plans[-1].weights)
        in_folds = [(np.diff(plan.weights.indptr) > 0)[scored].mean() for plan in plans]
        lost = self.influence(target, plans, pooled) if influence and share else None
        return Measured(
            value=value,
            per_fold=np.nan_to_num(pooled.per_fold) * in_folds[:-1],
            per_target=np.where(scored, np.nan_to_num(pooled.r) * pooled.share, np.nan),
            influence=None if lost is None else share * lost,
            in_sample=self.in_sample(target, plans[-1]) * in_folds[-1] if in_folds[-1] else 0.0,
            matching=partner,
            gap=0.0,
        )


def mutual(r: np.ndarray, best: np.ndarray, top: int) -> np.ndarray:
    """Return whether each target (q,) is among the ``top`` best ones of its best source."""
    size = np.where(np.isnan(r), -np.inf, r)
    kth = np.sort(size, axis=1)[:, -min(top, size.shape[1])]
    own = size[best, np.arange(len(best))]
    return np.isfinite(own) & (own >= kth[best] - TIE)


def mutual_best(
    x: Any,
    y: Any,
    *,
    top: int = 1,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
) -> Score:
    r"""Mean held-out correlation of mutual best partners, targets without one counting as 0.

    On training stimuli the source ``i*(j) = argmax_i corr(x_i, y_j)`` is the partner of target
    ``j`` if ``j`` is among the ``top`` targets that ``i*(j)`` follows best; its correlation is
    taken on held-out stimuli, as in ``semi_matching``.

    Parameters
    ----------
    x, y : array (n, p) and (n, q), CSR matrix, Codes or Responses
        Source and target. Codes are made dense.
    top : int
        1: the pairs choose each other ("best buddies"). 5: the target may be among the source's
        five best ones ("Rosetta" units).
    protocol, folds, permutations, resamples, rng, order
        As in ``semi_matching``.

    Returns
    -------
    Score
        In [-1, 1]; 1 if every target is a positive multiple of a source of its own plus a constant.
        ``matching`` holds the partner on all stimuli, -1 where there is none;
        ``mutual_partners`` counts them beside what is expected by chance.

    Notes
    -----
    At most min(p, q) targets have a partner where ``top`` is 1: between systems of different sizes
    the value is below 1 in the direction of the larger. Symmetric for ``top=1`` only up to the
    number of targets. Cost O(n p q), memory O(p q).

    References
    ----------
    Dravid et al. (2023), Rosetta neurons, arXiv 2306.09346, which averages correlations over
    batches of ten images; Lan et al. (2024), arXiv 2410.06981.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(100, 4))
    >>> round(mutual_best(x, 3 * x[:, ::-1] + 1, permutations=0).value, 12)
    1.0
    """
    check_count(top, "top", 1)
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("mutual_best", {"unbraid": MutualBest}, x, y, judging, top=top)
