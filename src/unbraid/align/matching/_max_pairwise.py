"""Best pairwise correlation without held-out stimuli, as published elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unbraid.align._ceiling import Ceiling
from unbraid.align._estimator import Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._score import NAN, Score
from unbraid.align.matching._semi_matching import SemiMatched
from unbraid.responses import Responses


class MaxPairwise(SemiMatched):
    """The in-sample score of semi-matching as the value."""

    by_target = held_out_products = False

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        if order is not None:
            target = self.target(order)
            plan = self.plans(target, target.of.always, all_too=True)[-1]
            return Measured(value=self.in_sample(target, plan))
        found = super().estimate(None, influence)
        value, nothing = found.in_sample, np.empty(0)
        return replace(found, value=value, chance=NAN, per_fold=nothing, per_target=nothing)

    def ceiling(self, x: Responses, y: Responses, estimate: Measured) -> Ceiling | None:  # noqa: ARG002
        return None  # the best of many correlations on the same stimuli exceeds it


def max_pairwise(
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
    """Mean over targets of the largest correlation with any source, on the same stimuli.

    ``mean_j max_i corr(x_i, y_j)``: nothing is held out, so that published numbers can be
    compared. Unrelated systems score about ``e_p / sqrt(n)``, more the wider and rarer the source:
    read it beside ``null``, or use ``semi_matching``.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order
        As in ``semi_matching``; the folds matter only for which targets vary everywhere.

    Returns
    -------
    Score
        In [-1, 1]; 1 for copies, and too large for everything else. No ceiling, whatever repeats
        there are.

    Notes
    -----
    Invariances as for ``semi_matching``. Cost O(n p q).

    References
    ----------
    Longon et al. (2025), arXiv 2510.03186, ``pairwise_corr`` of the published code.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.random.default_rng(0).normal(size=(2, 30, 200))
    >>> score = max_pairwise(x, y)
    >>> bool(score.value > 0.4), bool(score.null > 0.4)
    (True, True)
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    return judge("max_pairwise", {"unbraid": MaxPairwise}, x, y, judging, held_out=False)
