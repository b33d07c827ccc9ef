"""Ridge regression judged by the variance that it explains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unbraid._kernels.statistics.deletion import LEFT
from unbraid.align._judge import Judging, judge
from unbraid.align._score import Score
from unbraid.align.regression._nested_ridge import Predictions
from unbraid.align.regression._ridge import Ridge, given_leading


class RidgeR2(Ridge):
    """Pooled fraction of held-out variance explained."""

    least = -np.inf

    def comparable(self, found: Predictions) -> tuple[np.ndarray, np.ndarray]:
        return found.held_out, found.centred

    def score(self, predicted: np.ndarray, centred: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1 - ((centred - predicted) ** 2).sum(axis=0) / (centred**2).sum(axis=0)

    def ratio(self, num: np.ndarray, predicted: np.ndarray, centred: np.ndarray) -> np.ndarray:
        xx, yy = ((part**2).sum(axis=0) for part in (predicted, centred))
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1 - (yy - 2 * num + xx) / yy

    def influence(self, predicted, centred, score):
        """Return what deleting each stimulus or block takes from the summed score."""
        total, residual = (self._in_blocks(part) for part in
                           (centred**2, (centred - predicted) ** 2))  # fmt: skip
        left = total.sum(axis=0) - total
        enough = left > LEFT * total.sum(axis=0)
        without = 1 - (residual.sum(axis=0) - residual) / np.where(enough, left, 1.0)
        return (score - np.where(enough, without, 0.0)).sum(axis=1)

    def best(self, ceiling: np.ndarray) -> np.ndarray:
        return ceiling**2


def ridge_r2(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    device: Any = None,
    leading: Sequence[int] | None = None,
) -> Score:
    r"""Mean fraction of each target unit's held-out variance that ridge explains.

    ``R2_j = 1 - sum_f |y_j - prediction|^2_f / sum_f |y_j - training mean|^2_f``, with the fits of
    ``ridge``.

    Parameters
    ----------
    x, y, protocol, folds, permutations, resamples, rng, order, device, leading
        As in ``ridge``; only the protocol ``unbraid`` exists.

    Returns
    -------
    Score
        At most 1 (a linear function of the source); 0 for predicting the training mean; negative
        where the prediction is worse than that.

    Notes
    -----
    Invariances and cost as for ``ridge``. For random linear projections to ``m`` and any number
    of units of ``N`` uncorrelated features the expectation is ``m / N``.

    References
    ----------
    Hoerl & Kennard (1970).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(100, 4))
    >>> round(ridge_r2(x, x @ rng.normal(size=(4, 9)), permutations=0).value, 6)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order, device=device,
    )  # fmt: skip
    return judge("ridge_r2", {"unbraid": RidgeR2}, x, y, judging, sparse=True,
                 **given_leading(leading, protocol))  # fmt: skip
