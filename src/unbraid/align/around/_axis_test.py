"""The axis test: whether the score depends on the units or only on the space they span."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import stats
from unbraid._documented import documented_answer
from unbraid._validate import as_rng, check_callable, check_count
from unbraid.align._dense import to_dense
from unbraid.align._score import Score
from unbraid.align.matching._semi_matching import semi_matching
from unbraid.errors import InputError
from unbraid.responses import pair


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class AxisTest:
    """A score on the given axes beside the same score on randomly rotated ones."""

    score: Score
    """The score on the axes given."""
    rotated: np.ndarray
    """(R,) values after random rotations of the source."""
    p_value: float
    """Of the given axes being no better than random ones; never 0."""

    def __repr__(self) -> str:
        return (
            f"AxisTest({self.score.value:.3f} on the given axes, {self.rotated.mean():.3f} on "
            f"random ones, p={self.p_value:.2g})"
        )

    @property
    def privilege(self) -> float:
        """The given axes' score minus the mean over random ones."""
        return float(self.score.value - self.rotated.mean())


def axis_test(
    x: Any,
    y: Any,
    metric: Callable[..., Score] = semi_matching,
    *,
    rotations: int = 20,
    rng: int | np.random.Generator | None = 0,
    **options: Any,
) -> AxisTest:
    """Score of the source's own axes against randomly rotated ones.

    The varying units of the source are divided by their standard deviation, then rotated by
    ``rotations`` random orthogonal matrices (uniform); the metric is computed for each.

    Parameters
    ----------
    x, y : array (n, p) and (n, q), or Responses
        Source and target.
    metric : callable
        A metric of this room, e.g. ``align.soft_matching``.
    rotations : int
        Random rotations of the source that the score is set beside.
    rng : int, Generator or None
        Seed of the folds and the rotations.
    **options
        Options of the metric.

    Returns
    -------
    AxisTest
        A small ``p_value``: the source's axes are privileged. A metric that ignores rotations
        (``cka``) can never show that.

    References
    ----------
    Khosla, Williams, McDermott & Kanwisher (2024), Privileged representational axes.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).laplace(size=(200, 6))
    >>> axis_test(x, x[:, ::-1], permutations=0).p_value
    0.047619047619047616
    """
    check_count(rotations, "rotations", 1)
    check_callable(metric, "metric")
    x, y = pair(x, y)
    rng = as_rng(rng)
    options = {"rng": 0, **options}
    values = to_dense(x, "x")
    spread = values.std(axis=0)
    if not (spread > 0).any():
        raise InputError("x must have a unit that varies: there are no axes to rotate.")
    values = values[:, spread > 0] / spread[spread > 0]
    score = metric(values, y.values, **options)
    options["order"] = stats.EXCHANGEABLE if score.order == stats.EXCHANGEABLE else stats.TIME
    bare = {**options, "permutations": 0, "resamples": 0}
    rotated = np.array(
        [metric(values @ _rotation(values.shape[1], rng), y.values, **bare).value
         for _ in range(rotations)]
    )  # fmt: skip
    return AxisTest(score, rotated, stats.permutation_p(score.value, rotated))


def _rotation(p: int, rng: np.random.Generator) -> np.ndarray:
    q, r = np.linalg.qr(rng.normal(size=(p, p)))
    return q * np.sign(r.diagonal())
