"""Noise ceilings: how well anything could do, from repeated measurements."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._documented import documented_answer
from unbraid._validate import as_floats, as_rng, check_count, check_number
from unbraid.errors import InputError
from unbraid.responses import as_responses
from unbraid.responses.labelled._labelled import kind_of
from unbraid.responses.labelled._repeats import in_one_order
from unbraid.stats import _ceiling_doubts as doubts

_ROUNDING = 1e-28  # of squares: means that differ by less do not differ
_LARGEST = 1e60  # sums of squared products are far from the end of float64


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class NoiseCeiling:
    """Reliability of each unit's mean response, and what it allows a perfect model."""

    reliability: np.ndarray
    """(q,) share of the variance of each unit's mean response that is no noise."""
    excluded: np.ndarray
    """(q,) units below the floor (or undefined): dividing by their ceiling would explode."""
    n_repeats: int
    """Largest number of repeats, R."""
    floor: float
    """Reliability below which a unit is excluded."""
    warnings: tuple[str, ...] = ()
    """Too few repeated stimuli, or noise that is not as assumed."""

    def __repr__(self) -> str:
        known = self.reliability[~np.isnan(self.reliability)]
        median = float(np.median(known)) if len(known) else float("nan")
        return (
            f"NoiseCeiling(median reliability {median:.3f}, "
            f"{self.n_excluded} of {len(self.excluded)} units excluded)"
        )

    @property
    def n_excluded(self) -> int:
        """Number of units excluded."""
        return int(self.excluded.sum())

    @property
    def ceiling(self) -> np.ndarray:
        """(q,) best correlation with the mean response, sqrt(reliability); NaN if excluded."""
        return np.sqrt(self.ceiling_r2)

    @property
    def ceiling_over_all(self) -> np.ndarray:
        """(q,) the same without a floor, 0 where the reliability is negative; NaN if undefined."""
        return np.sqrt(np.maximum(self.reliability, 0.0))

    @property
    def ceiling_r2(self) -> np.ndarray:
        """(q,) best R2, the reliability itself; NaN if excluded."""
        return np.where(self.excluded, np.nan, self.reliability)


def noise_ceiling(
    repeats: Any,
    *,
    splits: int = 100,
    floor: float = 0.1,
    rng: int | np.random.Generator | None = 0,
) -> NoiseCeiling:
    """Reliability of each unit's mean response, from repeats.

    A unit with every trial: two disjoint sets of ``h = floor(R / 2)`` repeats are averaged and
    correlated over stimuli, ``r``; the mean over random splits is raised to the length of all
    ``R`` repeats, ``reliability = k r / (1 + (k - 1) r)`` with ``k = R / h``.

    A unit of which stimulus ``i`` has ``R_i`` trials, not the same number for all:
    ``reliability = 1 - mean_i(s2 / R_i) / var_i(mean)``, with the noise's variance ``s2`` from the
    trials around their stimulus' mean, pooled, and the variance of the means over stimuli.

    A model that is right but for noise reaches ``r = sqrt(reliability)`` and ``R2 = reliability``.

    Parameters
    ----------
    repeats : array of shape (R, n, q), or a list of R objects (n, q)
        Single trials, R >= 2; NaN where a trial is missing. Stimuli without a trial are left out.
        DataFrames and Responses of a list are matched by their ids of stimuli and of units.
    splits : int
        Random splits into halves (1 is all there is for two repeats).
    floor : float
        Units with a lower reliability are excluded and counted.
    rng : int, Generator or None
        Seed of the random splits.

    Returns
    -------
    NoiseCeiling
        Reliability of each unit, which units are excluded, and the best correlation and R2.

    Raises
    ------
    InputError
        Fewer than two repeats or three stimuli; another number of dimensions; values above 1e60.

    Warns
    -----
    RuntimeWarning
        Too few repeated stimuli, or repeats whose noise differs.

    Notes
    -----
    Spearman-Brown is applied to the reliability only, never to a score. It takes halves of one
    length; where most stimuli were shown once, those that enter a half are far more reliable than
    the mean that is scored. The other form assumes noise of one variance, and needs stimuli with
    two trials; estimates can be negative. Few stimuli with repeats (20 at reliability .8, 60 at
    .6, 400 at .3) make ceilings of single units too high above the floor and too low over all;
    ``warnings`` says so, and where repeats, or stimuli shown once and more, differ in their noise.
    Cost: O(splits R n q).

    References
    ----------
    Spearman (1910); Brown (1910); Searle, Casella & McCulloch (1992), Variance components, ch. 3
    (analysis of variance of unbalanced data).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> trials = rng.normal(size=(500, 1)) + rng.normal(size=(4, 500, 1))  # as much noise as signal
    >>> round(float(noise_ceiling(trials).reliability[0]), 1)  # of means of 4 trials: 1 / (1 + 1/4)
    0.8
    """
    found = measured_ceiling(repeats, splits=splits, floor=floor, rng=rng)
    for line in found.warnings:
        warnings.warn(line, RuntimeWarning, stacklevel=2)
    return found


def measured_ceiling(
    repeats: Any, *, splits: int = 100, floor: float = 0.1, rng: Any = 0
) -> NoiseCeiling:
    """Return ``noise_ceiling`` without warning of its doubts: they are reported with the score."""
    if kind_of(repeats) == "assembly":  # its dimensions say which is which
        repeats = as_responses(repeats, "repeats").repeats
    trials = as_floats(in_one_order(repeats), "repeats")
    if trials.ndim != 3 or trials.shape[0] < 2 or trials.shape[1] < 3:
        raise InputError(
            "repeats must have shape (n_repeats >= 2, n_stimuli >= 3, n_units), "
            f"got {trials.shape}."
        )
    largest = float(max(np.fmax.reduce(trials, axis=None), -np.fmin.reduce(trials, axis=None)))
    if largest > _LARGEST:
        raise InputError(
            f"repeats must be below {_LARGEST:g} in size, NaN where missing, got {largest:g}."
        )
    check_count(splits, "splits", 1)
    check_number(floor, "floor")
    if not 0 <= floor < 1:
        raise InputError(f"floor must lie in [0, 1), got {floor}.")
    uneven = np.isnan(trials).any(axis=(0, 1))
    reliability = np.where(uneven, _by_variances(trials), _by_halves(trials, splits, rng))
    found = _doubts_of_halves(trials[:, :, ~uneven], reliability[~uneven], floor)
    found += _doubts_of_variances(trials[:, :, uneven], reliability[uneven], floor)
    return NoiseCeiling(reliability, ~(reliability >= floor), len(trials), floor, found)


def _doubts_of_halves(trials, reliability, floor) -> tuple[str, ...]:
    n_repeats, n, q = trials.shape
    if not q:
        return ()
    longer = n_repeats / (n_repeats // 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        r = reliability / (longer - (longer - 1) * reliability)
        error = longer * (1 - r**2) / (1 + (longer - 1) * r) ** 2 / np.sqrt(n - 1)
    whole = np.var(trials.mean(axis=0, dtype=float), axis=0)
    each = np.var(trials, axis=1, dtype=float).sum(axis=0)
    covariance = (n_repeats**2 * whole - each) / (n_repeats * (n_repeats - 1))
    found = doubts.of_few(reliability, error, n, floor)
    return found + doubts.of_repeats(reliability, error, whole, covariance)


def _doubts_of_variances(trials, reliability, floor) -> tuple[str, ...]:
    q = trials.shape[2]
    if not q:
        return ()
    count = (~np.isnan(trials)).sum(axis=0)
    once, more = count == 1, count > 1
    free, n = np.maximum(count - 1, 0).sum(axis=0), (count > 0).sum(axis=0)
    n_once, n_more = int(np.median(once.sum(axis=0))), int(np.median(more.sum(axis=0)))
    with np.errstate(invalid="ignore", divide="ignore"):
        error = (1 - reliability) * np.sqrt(2 / free + 2 / (n - 1))
        mean = _mean(trials)
        noise = np.nansum((trials - mean) ** 2, axis=0, dtype=float).sum(axis=0) / free
        of_means = noise * (more / np.maximum(count, 1)).sum(axis=0) / more.sum(axis=0)
        expected = _variance(mean, more) - of_means + noise
        seen = _variance(mean, once)
    found = doubts.of_few(reliability, error, n_more, floor)
    return found + doubts.of_once(expected, seen, n_once, n_more)


def _variance(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the variance (q,) of each column over the rows chosen for it, (n, q)."""
    n = chosen.sum(axis=0)
    centre = np.where(chosen, values, 0.0).sum(axis=0) / n
    return np.where(chosen, (values - centre) ** 2, 0.0).sum(axis=0) / (n - 1)


def _by_halves(trials: np.ndarray, splits: int, rng: Any) -> np.ndarray:
    """Return the split-half reliability (q,), raised to all repeats; NaN where it is undefined."""
    rng, n_repeats = as_rng(rng), len(trials)
    half = n_repeats // 2
    total, counted = np.zeros(trials.shape[2]), np.zeros(trials.shape[2])
    for _ in range(1 if n_repeats == 2 else splits):
        order = rng.permutation(n_repeats)
        r = _correlation(_mean(trials[order[:half]]), _mean(trials[order[half : 2 * half]]))
        total += np.nan_to_num(r)
        counted += ~np.isnan(r)
    with np.errstate(invalid="ignore", divide="ignore"):
        r, longer = total / counted, n_repeats / half
        return np.where(r > -1, longer * r / (1 + (longer - 1) * r), np.nan)


def _by_variances(trials: np.ndarray) -> np.ndarray:
    """Return the reliability (q,) from variances within and between stimuli."""
    count = (~np.isnan(trials)).sum(axis=0)  # (n, q)
    shown = count > 0
    mean = _mean(trials)
    within = np.nansum((trials - mean) ** 2, axis=0, dtype=float).sum(axis=0)
    n = shown.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = within / np.maximum(count - 1, 0).sum(axis=0)
        of_means = noise * np.where(shown, 1 / count, 0.0).sum(axis=0) / n
        centred = np.where(shown, mean - np.where(shown, mean, 0.0).sum(axis=0) / n, 0.0)
        between = (centred**2).sum(axis=0) / (n - 1)
        varies = (n > 2) & (between > _ROUNDING * np.fmax.reduce(np.abs(trials), axis=(0, 1)) ** 2)
        return np.where(varies, 1 - of_means / between, np.nan)


def _mean(trials: np.ndarray) -> np.ndarray:
    """Mean over the trials that are there; NaN where none is."""
    there = ~np.isnan(trials)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(there, trials, 0.0).sum(axis=0, dtype=float) / there.sum(axis=0)


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson r of each column over the rows that both have; NaN where one is constant."""
    both = ~(np.isnan(a) | np.isnan(b))
    count = both.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        a = np.where(both, a - np.where(both, a, 0).sum(axis=0) / count, 0.0)
        b = np.where(both, b - np.where(both, b, 0).sum(axis=0) / count, 0.0)
        return (a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
