"""How far a score would move on other stimuli: deletion of each stimulus, Student's t."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtri, stdtrit

from unbraid._documented import documented_answer, documented_choice
from unbraid._validate import as_floats, as_rng, check_count
from unbraid.stats._bootstrap import Interval, check_level
from unbraid.stats._folds import Folds

_EXACT = 1e-12  # a score this close to 1 is a copy: there is no scale left to stretch


@documented_answer
@dataclass(frozen=True)
class Spread:
    """Standard error of a score, and how much evidence there is for it."""

    error: float
    """Jackknife standard error of the score."""
    df: float
    """Degrees of freedom: at most the number of blocks - 1, less where few of them dominate."""


@documented_choice
@dataclass(frozen=True, kw_only=True)
class Refits:
    """Interval from deleting groups of stimuli and fitting everything again.

    Pass as ``resamples=`` to a metric: the interval then holds what other fits would add, for as
    many fits as there are groups.
    """

    groups: int = 25
    """Groups of stimuli that are deleted one after the other, at least 5."""
    draws: int = 200
    """Replicates drawn from the losses."""

    def __post_init__(self) -> None:
        for name, least in (("groups", 5), ("draws", 0)):
            check_count(getattr(self, name), name, least)

    def labels(self, folds: Folds, rng: int | np.random.Generator | None = 0) -> np.ndarray:
        """Return the group (n,) of each stimulus: whole blocks, or even parts of each fold."""
        if folds.blocks is not None:
            number = np.unique(folds.blocks, return_inverse=True)[1]
            n_blocks = int(number.max()) + 1
            return number * min(self.groups, n_blocks) // n_blocks
        order = as_rng(rng).permutation(len(folds))
        order = order[np.argsort(np.asarray(folds)[order], kind="stable")]
        answer = np.empty(len(folds), dtype=np.intp)
        answer[order] = np.arange(len(folds)) % min(self.groups, len(folds))
        return answer


def jackknife_spread(losses: Any) -> Spread:
    r"""Jackknife standard error, with the degrees of freedom that the losses themselves show.

    With the losses ``l_g``, the value minus the value without block ``g``, of ``G`` blocks and
    ``c_g`` their deviations from the mean,

    .. math:: s^2 = \frac{G - 1}{G} \sum_g c_g^2, \qquad
              df = \min\Big(G - 1,\; 2 \Big/ \Big(\frac{\sum c_g^4}{(\sum c_g^2)^2}
              + \frac1G\Big)\Big)

    Parameters
    ----------
    losses : array of shape (G,)
        The value minus the value without each block.

    Returns
    -------
    Spread
        NaN where there are fewer than two blocks, or the losses are not finite.

    Raises
    ------
    InputError
        Losses that are no numbers.

    Notes
    -----
    ``df`` is Satterthwaite's, with the variance of ``s^2`` estimated from the losses: under heavy
    tails a few stimuli make up the standard error, and an interval that ignores it is too narrow.
    His formula subtracts ``1 / G``; here it is added, since few blocks show too little of their
    tails (``G / 2`` for normal losses, which matters only where blocks are few).

    References
    ----------
    Tukey (1958); Satterthwaite (1946); Lipsitz, Ibrahim & Parzen (1999).

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([1.0, 2.0, 3.0, 4.0])
    >>> losses = [values.mean() - np.delete(values, t).mean() for t in range(4)]
    >>> bool(np.isclose(jackknife_spread(losses).error, values.std(ddof=1) / 2))
    True
    """
    losses = as_floats(losses, "losses").astype(float)
    n_blocks = len(losses)
    if n_blocks < 2 or not np.isfinite(losses).all():
        return Spread(float("nan"), float("nan"))
    centred = losses - losses.mean()
    largest = np.abs(centred).max()
    if not largest > 0:
        return Spread(0.0, n_blocks - 1.0)
    part = centred / largest
    square = float(part @ part)
    uneven = float((part**4).sum()) / square**2 + 1 / n_blocks
    error = float(largest) * np.sqrt(square * (n_blocks - 1) / n_blocks)
    return Spread(float(error), min(n_blocks - 1.0, 2 / uneven))


def student_interval(
    value: float, spread: Spread, level: float = 0.95, *, least: float = -1.0
) -> Interval:
    """Interval of a score from its standard error, by Student's t on a stretched scale.

    Parameters
    ----------
    value : float
        At most 1.
    spread : Spread
        Standard error and degrees of freedom, from ``jackknife_spread``.
    level : float
        Confidence level, in (0, 1).
    least : float
        Least possible score: -1 and 0 stretch by ``artanh v`` (Fisher), ``-inf`` by
        ``-log(1 - v)``. No end lies below it.

    Returns
    -------
    Interval
        Inside the range of the score; NaN where the value or its spread is.

    Raises
    ------
    InputError
        A level outside (0, 1).

    Examples
    --------
    >>> student_interval(0.9, Spread(error=0.05, df=30.0))  # never beyond 1, and wider below
    [0.733, 0.965] at 95%
    """
    check_level(level)
    if np.isnan(value) or np.isnan(spread.error):
        return Interval(float("nan"), float("nan"), level)
    reach = stdtrit(spread.df, (1 + level) / 2) * spread.error
    low, high = _moved(value, np.array([-reach, reach]), least)
    return Interval(float(low), float(high), level)


def student_steps(
    losses: Any, resamples: int, rng: int | np.random.Generator | None = 0
) -> np.ndarray:
    """Draws of how far a score would move, Student-distributed with the losses' spread.

    Each draw gives every block a normal multiplier, and all together one Student scale. Two calls
    with one seed and one number of blocks use the same multipliers and the same quantile of the
    scale, so that the steps of two scores on the same stimuli are paired.

    Parameters
    ----------
    losses : array of shape (G,) or (M, G)
        As in ``jackknife_spread``; of one score, or of M.
    resamples : int
        Draws, B.
    rng : int, Generator or None
        Seed of the draws; scores with one seed and one number of blocks are paired.

    Returns
    -------
    array of shape (resamples,) or (M, resamples)
        NaN where the spread is.

    Notes
    -----
    Cost: B G normal draws, whatever M, and O(B G M). Memory: O(B M).

    References
    ----------
    Wu (1986), Jackknife, bootstrap and other resampling methods.

    Examples
    --------
    >>> import numpy as np
    >>> losses = np.random.default_rng(0).normal(size=50)
    >>> np.allclose(2 * student_steps(losses, 20), student_steps(2 * losses, 20))
    True
    """
    losses, rng = np.asarray(losses, dtype=float), as_rng(rng)
    every = np.atleast_2d(losses)
    steps = np.full((len(every), resamples), np.nan)
    spreads = [jackknife_spread(each) for each in every]
    known = np.array([not np.isnan(spread.error) for spread in spreads])
    if known.any():
        df = np.array([spread.df for spread in spreads])[known, None]
        scale = np.sqrt(df / chdtri(df, rng.random(resamples)))  # (M, B)
        n_blocks = every.shape[1]
        centred = every[known] - every[known].mean(axis=1, keepdims=True)
        centred *= np.sqrt((n_blocks - 1) / n_blocks)
        # a draw at a time: B x G multipliers of many stimuli would fill the memory
        sums = np.array([centred @ rng.standard_normal(n_blocks) for _ in range(resamples)])
        steps[known] = scale * sums.reshape(resamples, len(centred)).T
    return steps if losses.ndim > 1 else steps[0]


def student_replicates(
    value: float,
    losses: Any,
    resamples: int,
    rng: int | np.random.Generator | None = 0,
    *,
    least: float = -1.0,
) -> np.ndarray:
    """Draws of a score whose quantiles are the ends of ``student_interval``, pairable by seed.

    Parameters
    ----------
    value : float
        The score, at most 1.
    losses : array of shape (G,)
        As in ``jackknife_spread``.
    resamples : int
        Draws, B.
    rng : int, Generator or None
        As in ``student_steps``.
    least : float
        Least possible score, as in ``student_interval``.

    Returns
    -------
    array of shape (resamples,)
        NaN where the value or its spread is.

    Examples
    --------
    >>> import numpy as np
    >>> losses = np.random.default_rng(0).normal(scale=0.01, size=50)
    >>> draws = student_replicates(0.9, losses, 1000, rng=0)
    >>> bool(draws.max() < 1), round(float(np.median(draws)), 1)
    (True, 0.9)
    """
    if np.isnan(value):
        return np.full(resamples, np.nan)
    return _moved(value, student_steps(losses, resamples, rng), least)


def _moved(value: float, steps: np.ndarray, least: float) -> np.ndarray:
    """Return the value after steps of the given first-order size, within the score's range."""
    bounded = np.isfinite(least)
    if 1 - (abs(value) if bounded else value) < _EXACT:  # no scale left, but a range to stay in
        return np.clip(value + steps, least, max(value, 1.0))
    if bounded:
        moved = np.tanh(np.arctanh(value) + steps / (1 - value**2))
        return np.maximum(moved, min(least, value))
    return 1 - (1 - value) * np.exp(-steps / (1 - value))
