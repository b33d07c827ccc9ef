"""Soft matching: exact optimal transport between the units of two systems."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.align._judge import Estimator, Judging, judge
from unbraid.align._longon2025 import LongonSoft
from unbraid.align._marginals import Marginals
from unbraid.align._matched import Matched, Plan
from unbraid.align._score import Score


class SoftMatched(Matched):
    """The transport plan of largest training correlation, uniform marginals on varying units."""

    def plans(self, y, of_y: Marginals, scored, all_too):
        found = []
        targets = np.flatnonzero(scored)
        for fold, r in enumerate(self.correlations(y, of_y)):
            if fold == len(self.rows) and not all_too:
                break
            fold = fold if fold < len(self.rows) else -1
            sources = np.flatnonzero(self.of_x.varies[fold])
            found.append(self._transport(r[np.ix_(sources, targets)], sources, targets, r.shape))
        return found

    def _transport(self, r, sources, targets, shape):
        from unbraid._kernels.network_simplex import transport  # compiles: not at import

        solved = transport(np.abs(r) if self.absolute else r)
        i, j = solved.sources, solved.targets
        mass = solved.mass * len(targets)  # columns sum to 1
        if self.absolute:
            mass = np.where(r[i, j] < 0, -mass, mass)
        return Plan(sp.csc_array((mass, (sources[i], targets[j])), shape=shape), gap=solved.gap)


def _estimator(x: Any, y: Any, folds: Any, **options: Any) -> Estimator:
    if not (sp.issparse(x) and sp.issparse(y)):
        return SoftMatched(x, y, folds, **options)
    from unbraid.align._sparse_plans import SparseSoft  # compiles: not at import

    return SparseSoft(x, y, folds, **options)


def soft_matching(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    sign: str = "signed",
) -> Score:
    r"""Held-out correlation under the optimal transport plan between the units.

    On training stimuli ``P`` maximises ``sum_ij P_ij corr(x_i, y_j)`` over plans with uniform
    marginals ``1/p`` and ``1/q``, exactly (network simplex); on held-out stimuli the pairs are
    scored with the plan's weights, pooled over folds as in ``semi_matching``.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, sign
        As in ``semi_matching``. Under ``longon2025`` the value is ``sum_ij P_ij C_ij`` with the
        correlations ``C`` of each test fold.

    Returns
    -------
    Score
        In [-1, 1]; 1 if both hold the same units in the same proportions, up to positive scale
        and shift. ``gap`` is the largest duality gap of the plans, in units of correlation: the
        plan is optimal to within it.

    Notes
    -----
    Units that are constant on training stimuli carry no mass. In sample, soft matching never
    exceeds semi-matching, and equals one-to-one matching for equal sizes. With unequal sizes mass
    is spread: surplus sources lower the score. Cost: O(n p q), and for the plan a few
    passes over the p x q correlations; O(p q) memory.

    References
    ----------
    Khosla & Williams (2024), Soft matching distance, arXiv 2311.09466.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(100, 4))
    >>> round(soft_matching(x, np.hstack([x, x]), permutations=0).value, 12)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng
    )
    estimators = {"unbraid": _estimator, "longon2025": LongonSoft}
    return judge(
        "soft_matching", estimators, x, y, judging, sparse=protocol == "unbraid", sign=sign
    )
