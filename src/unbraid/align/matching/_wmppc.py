"""wMPPC: best partners of each latent, weighted by how much the latent is active."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.align._estimator import Estimator, Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._score import Score
from unbraid.align.matching._semi_matching import SemiMatched
from unbraid.align.matching.solvers._matched import Pooled
from unbraid.align.matching.solvers._weighed import unweighed, weighed


class DenseWeighted(SemiMatched):
    """Semi-matching of dense responses whose targets count by their size."""

    by_target = False

    def __init__(self, x: Any, y: Any, folds: Any, **options: Any) -> None:
        super().__init__(x, y, folds, **options)
        self.sizes = y  # as given: the estimator centres its own

    def pool(self, target: Any, plans: Any, scored: Any) -> Pooled:
        return weighed(super().pool(target, plans, scored), self.sizes)

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        return unweighed(super().estimate(order, influence))


def _estimator(x: Any, y: Any, folds: Any, **options: Any) -> Estimator:
    if not (sp.issparse(x) and sp.issparse(y)):
        return DenseWeighted(x, y, folds, **options)
    from unbraid.align.matching.solvers._sparse_weighted import (
        SparseWeighted,  # compiles: not at import
    )

    return SparseWeighted(x, y, folds, **options)


def wmppc(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
) -> Score:
    r"""Weighted mean of each target latent's held-out correlation with its best source latent.

    .. math:: \sum_j s_j r_j \Big/ \sum_j s_j, \qquad s_j = \sum_n |y_{nj}|

    with :math:`r_j` as in ``semi_matching``: the partner is chosen on training stimuli and scored
    on held-out ones. Source -> target: what is published as wMPPC(A -> B), in which every latent of
    A looks for its partner in B, is ``wmppc(b, a)``.

    Parameters
    ----------
    x, y : array (n, p) and (n, q), CSR matrix, Codes or Responses
        Source and target; codes of sparse latents, most often.
    protocol, folds, permutations, resamples, rng, order
        As in ``semi_matching``; the null refits all targets.

    Returns
    -------
    Score
        In [-1, 1]; 1 if every target is a positive multiple of a source plus a constant.
        ``in_sample`` is unweighted. NaN if no target varies on every fold's training stimuli.

    Notes
    -----
    Published without held-out stimuli and without null, where a best partner among many is never 0
    by chance: .25 on independent latents that are active on 2 % of 1,000 stimuli, .5 at .5 %. Not
    symmetric: give both directions. Weights depend on the targets' scales and offsets. Cost
    O(n p q), two code matrices O(n k^2).

    References
    ----------
    Cornet et al. (2025), weighted max pairwise Pearson correlation, arXiv 2507.18512.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.maximum(np.random.default_rng(0).normal(size=(100, 4)), 0)
    >>> round(wmppc(z, 3 * z[:, ::-1], permutations=0).value, 12)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("wmppc", {"unbraid": _estimator}, x, y, judging, sparse=True)
