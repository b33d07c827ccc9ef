"""Noise ceilings: how well anything could do, from repeated measurements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._validate import as_floats, as_rng, check_count, check_number
from unbraid.errors import InputError
from unbraid.responses import as_responses
from unbraid.responses._labelled import kind_of
from unbraid.responses._repeats import in_one_order

_ROUNDING = 1e-28  # of squares: means that differ by less do not differ
_LARGEST = 1e60  # sums of squared products are far from the end of float64


@dataclass(frozen=True, eq=False, repr=False)
class NoiseCeiling:
    """Reliability of each unit's mean response, and what it allows a perfect model."""

    reliability: np.ndarray
    """(q,) share of the variance of each unit's mean response that is no noise."""
    excluded: np.ndarray
    """(q,) units below the floor (or undefined): dividing by their ceiling would explode."""
    n_repeats: int
    floor: float

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

    Returns
    -------
    NoiseCeiling

    Notes
    -----
    Spearman-Brown is applied to the reliability only, never to a score. It takes halves of one
    length; where most stimuli were shown once, those that enter a half are far more reliable than
    the mean that is scored. The other form assumes noise of one variance, and needs stimuli with
    two trials; estimates can be negative. Cost: O(splits R n q).

    References
    ----------
    Spearman (1910); Brown (1910); Searle, Casella & McCulloch (1992), Variance components, ch. 3
    (analysis of variance of unbalanced data).
    """
    if kind_of(repeats) == "assembly":  # its dimensions say which is which
        repeats = as_responses(repeats, "repeats").repeats
    trials = as_floats(in_one_order(repeats), "repeats")
    if trials.ndim != 3 or trials.shape[0] < 2 or trials.shape[1] < 3:
        raise InputError(
            "repeats must have shape (n_repeats >= 2, n_stimuli >= 3, n_units), "
            f"got {trials.shape}."
        )
    largest = max(np.fmax.reduce(trials, axis=None), -np.fmin.reduce(trials, axis=None))
    if largest > _LARGEST:
        raise InputError(
            f"repeats must be below {_LARGEST:g} in size, NaN where missing, got {largest:g}."
        )
    check_count(splits, "splits", 1)
    check_number(floor, "floor")
    if not 0 <= floor < 1:
        raise InputError(f"floor must lie in [0, 1), got {floor}.")
    reliability = np.where(
        np.isnan(trials).any(axis=(0, 1)), _by_variances(trials), _by_halves(trials, splits, rng)
    )
    return NoiseCeiling(reliability, ~(reliability >= floor), len(trials), floor)


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
