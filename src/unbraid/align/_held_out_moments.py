r"""What the groups of fold moments add to a score: its interval, its null and its p-value.

The statistic of a fold is that of ``_held_out``: with the maps ``A`` and ``B`` that the other folds
fitted, the sum of products of ``x A`` and ``y B`` over the held-out stimuli, centred. If ``y`` does
not depend on ``x``, every order of the held-out rows is as likely as any other, and the statistic
has mean 0 and, exactly, the variance

.. math:: \langle A' S_{xx} A, \; B' S_{yy} B \rangle / (n - 1),

with ``S`` the held-out moments; of many stimuli it is normal (Hoeffding 1951). The folds' p-values
are merged to ``e`` times their geometric mean, valid however they depend on each other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import gammaincc, ndtr

from unbraid import stats
from unbraid.align._estimator import Measured
from unbraid.align._held_out import merged_p
from unbraid.align._judge import Judging, interval_of
from unbraid.stats import FoldMoments, GroupMoments, Moments

_LEAST = 1e-3  # of a p-value: the normal curve is not trusted further out; as of 999 permutations
_NORMAL = 1e-6  # skewness below which a sum of squares is as good as normal


class HeldOutTests:
    """Standard scores of the folds' statistics."""

    def __init__(self) -> None:
        self.scores: list[float] = []

    def add(self, held: Moments, left: Any, right: Any) -> None:
        """Add a fold's moments, about its own means, and the maps (p, r) and (q, r) of its fit.

        ``right``: an array (q,) in place of a diagonal matrix.
        """
        together = np.asarray(left.T @ held.xy)  # (r, q)
        of_x = np.asarray((left.T @ held.xx) @ left)
        if right.ndim == 1:
            statistic = float(np.einsum("jj,j->", together, right))
            of_y = held.yy * np.outer(right, right)
        else:
            statistic = float(np.einsum("rq,qr->", together, right))
            of_y = right.T @ held.yy @ right
        variance = float(np.sum(of_x * of_y)) / max(held.n - 1, 1)
        self.scores.append(statistic / math.sqrt(variance) if variance > 0 else 0.0)

    @property
    def p_value(self) -> float:
        """One p-value of all folds; NaN where none was added."""
        if not self.scores:
            return math.nan
        return merged_p(np.maximum(ndtr(-np.array(self.scores)), _LEAST).tolist())


def independence_p(moments: Moments) -> float:
    r"""P-value of ``|S_xy|^2`` under independence, where nothing is fitted.

    Its mean over all orders of the rows is ``tr S_xx tr S_yy / (n - 1)``; of many stimuli it is a
    weighted sum of chi-squares with weights ``l_i m_j / (n - 1)``, products of the eigenvalues of
    both sides: a gamma variable of the same first three cumulants (Pearson III).
    """
    n = max(moments.n - 1, 1)
    powers = [[_trace(side, k) for k in (1, 2, 3)] for side in (moments.xx, moments.yy)]
    mean, variance, third = (
        factor * a * b / n**k for factor, k, a, b in zip((1, 2, 8), (1, 2, 3), *powers, strict=True)
    )
    if not variance > 0:
        return math.nan
    z = (np.linalg.norm(moments.xy) ** 2 - mean) / math.sqrt(variance)
    skewness = third / variance**1.5
    if skewness < _NORMAL:
        return max(_LEAST, float(ndtr(-z)))
    shape = 4 / skewness**2
    return max(_LEAST, float(gammaincc(shape, max(0.0, shape + z * math.sqrt(shape)))))


def judged(found: Measured, p_value: float, order: str, least: float) -> dict[str, Any]:
    """Return the fields of a score that its groups' losses, its null and its test give."""
    if found.influence is None:
        return {"replicates": np.empty(0)}
    usual = Judging()
    fields, notes = interval_of(
        found.influence, found.value, usual.level, usual.resamples, usual.rng, least
    )
    return {
        **fields,
        "null": found.chance,
        "p_value": p_value if order == stats.EXCHANGEABLE else math.nan,
        "notes": notes,
    }


def rest_of_fold(moments: GroupMoments, group: int) -> Moments | None:
    """Return the moments of a group's fold without it; None where nothing is left."""
    kept = (moments.fold == moments.fold[group]) & (np.arange(len(moments.fold)) != group)
    return moments.groups.train(*np.flatnonzero(~kept)) if kept.any() else None


def sums_about(held: FoldMoments, fold: int, train: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums (p,) and (q,) of a fold's stimuli minus the means of its training."""
    own = held.test(fold)
    return own.n * (own.mean_x - train.mean_x), own.n * (own.mean_y - train.mean_y)


def _trace(matrix: np.ndarray, power: int) -> float:
    if power == 1:
        return float(np.trace(matrix))
    square = matrix if power == 2 else matrix @ matrix
    return float(np.sum(square * matrix))
