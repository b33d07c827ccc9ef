"""Paired bootstrap over stimuli: weights, intervals, differences of two scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._documented import documented_answer
from unbraid._validate import as_floats, as_rng, check_count, check_number
from unbraid.errors import InputError


@documented_answer
@dataclass(frozen=True)
class Interval:
    """A percentile interval."""

    low: float
    """Lower end; NaN where there is none."""
    high: float
    """Upper end; NaN where there is none."""
    level: float
    """Confidence level, in (0, 1)."""

    def __repr__(self) -> str:
        return f"[{self.low:.3f}, {self.high:.3f}] at {self.level:.0%}"


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class Difference:
    """``a - b`` of two scores on the same stimuli, with a paired interval."""

    value: float
    """``a - b``."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    level: float
    """Confidence level of ``[low, high]``."""
    p_value: float
    """Two-sided, of no difference: (1 + #{abs(d* - d) >= abs(d)}) / (1 + replicates); never 0.
    NaN where the value or a replicate is."""
    replicates: np.ndarray
    """(B,) draws of the difference."""

    def __repr__(self) -> str:
        return (
            f"Difference({self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}], "
            f"p={self.p_value:.2g})"
        )


def bootstrap_weights(
    n: int,
    resamples: int,
    rng: int | np.random.Generator | None = 0,
    blocks: Any = None,
) -> np.ndarray:
    """How often each stimulus is drawn in each bootstrap resample.

    Parameters
    ----------
    n : int
        Stimuli.
    resamples : int
        Resamples drawn, B.
    rng : int, Generator or None
        Two calls with the same seed, ``n`` and ``blocks`` give the same weights: that is what
        makes two scores' replicates paired.
    blocks : array of shape (n,), optional
        Block of each stimulus; whole blocks are drawn.

    Returns
    -------
    array of shape (resamples, n)
        Whole numbers (int32); each row sums to ``n`` (without blocks).

    Raises
    ------
    InputError
        Counts that are no whole numbers; blocks of another length.

    Examples
    --------
    >>> weights = bootstrap_weights(5, 3)
    >>> weights.sum(axis=1).tolist(), bool((weights == bootstrap_weights(5, 3)).all())
    ([5, 5, 5], True)
    """
    check_count(n, "n", 1)
    check_count(resamples, "resamples")
    rng = as_rng(rng)
    number, n_blocks = None, n
    if blocks is not None:
        number = np.unique(np.asarray(blocks), return_inverse=True)[1]
        if number.shape != (n,):
            raise InputError(f"blocks must have shape ({n},), got {number.shape}.")
        n_blocks = int(number.max()) + 1
    weights = np.empty((resamples, n), dtype=np.int32)
    for row in weights:
        drawn = np.bincount(rng.integers(n_blocks, size=n_blocks), minlength=n_blocks)
        row[:] = drawn if number is None else drawn[number]
    return weights


def interval(replicates: Any, level: float = 0.95) -> Interval:
    """Percentile interval of bootstrap replicates.

    Parameters
    ----------
    replicates : array of shape (B,)
        Draws of a score; NaN ones are left out.
    level : float
        Share of replicates inside, in (0, 1).

    Returns
    -------
    Interval
        Its ends are the quantiles ``(1 - level) / 2`` and ``(1 + level) / 2`` (Weibull's rule); NaN
        where there are no replicates.

    Raises
    ------
    InputError
        Infinite replicates; a level outside (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> interval(np.arange(1, 100), level=0.9)
    [5.000, 95.000] at 90%
    """
    check_level(level)
    replicates = as_floats(replicates, "replicates").astype(float)
    if np.isinf(replicates).any():
        raise InputError("replicates must be finite or NaN, got infinite ones.")
    if not replicates.size or np.isnan(replicates).all():
        return Interval(float("nan"), float("nan"), level)
    tail = (1 - level) / 2
    low, high = np.nanquantile(replicates, [tail, 1 - tail], method="weibull")
    return Interval(float(low), float(high), level)


def check_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1)."""
    check_number(level, "level")
    if not 0 < level < 1:
        raise InputError(f"level must lie strictly between 0 and 1, got {level}.")


def paired_difference(
    a: float, b: float, replicates_a: Any, replicates_b: Any, level: float = 0.95
) -> Difference:
    """Return ``a - b`` with the interval of the paired replicates' differences.

    Parameters
    ----------
    a, b : float
        Two scores on the same stimuli.
    replicates_a, replicates_b : arrays of shape (B,)
        Made with the same weights (same ``n``, ``folds``, ``resamples`` and ``rng``).
    level : float
        Confidence level, in (0, 1).

    Returns
    -------
    Difference
        Value, interval and two-sided p-value; NaN bounds without replicates.

    Raises
    ------
    InputError
        Replicates of different numbers.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(scale=0.1, size=200)
    >>> gain = paired_difference(0.6, 0.5, 0.6 + noise, 0.5 + noise)  # both move together
    >>> round(gain.low, 6), round(gain.high, 6), round(gain.p_value, 3)
    (0.1, 0.1, 0.005)
    """
    first, second = np.asarray(replicates_a, float), np.asarray(replicates_b, float)
    if first.shape != second.shape or first.ndim != 1:
        raise InputError(
            f"Paired replicates must have one length, got {first.shape} and {second.shape}. "
            "Use the same resamples and rng for both scores."
        )
    value, replicates = float(a) - float(b), first - second
    bounds = interval(replicates, level)
    p_value = float("nan")
    if len(replicates) and not (np.isnan(value) or np.isnan(replicates).any()):
        beyond = np.abs(replicates - value) >= abs(value) - 1e-12
        p_value = (1 + int(beyond.sum())) / (1 + len(replicates))
    return Difference(value, bounds.low, bounds.high, level, p_value, replicates)
