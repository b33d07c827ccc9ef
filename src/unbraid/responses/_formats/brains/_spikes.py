"""Spikes counted in a window of each trial, missing where a unit was not observed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unbraid.errors import InputError

_APART_SPIKES = 100  # times that spikes may last longer than trials, or trials than spikes
_SLOWEST, _FASTEST = 0.02, 1000.0  # spikes per second of the median unit
_ENOUGH = 10  # spikes that a unit needs for its rate to count
_LONGEST = 100.0  # seconds that a window may lie from a trial's start


def count(
    trains: Sequence[np.ndarray],
    starts: np.ndarray,
    window: tuple[float, float],
    observed: Sequence[np.ndarray] | None,
    invalid: np.ndarray,
) -> np.ndarray:
    """Return spikes in ``[start + low, start + high)`` of each trial (n_trials, n_units).

    NaN where the window does not lie within one stretch of the unit's observed intervals (k, 2),
    or overlaps an invalid one.
    """
    begin, end = starts + window[0], starts + window[1]
    counts = np.empty((len(starts), len(trains)))
    for unit, train in enumerate(trains):
        times = np.sort(train)
        counts[:, unit] = np.searchsorted(times, end) - np.searchsorted(times, begin)
        if observed is not None:
            counts[~_within(begin, end, observed[unit]), unit] = np.nan
    for first, last in invalid:
        counts[(begin < last) & (end > first)] = np.nan
    return counts


def _within(begin: np.ndarray, end: np.ndarray, intervals: np.ndarray) -> np.ndarray:
    """Return which windows lie in one interval, after those that touch are joined."""
    intervals = intervals[np.argsort(intervals[:, 0])]
    reach = np.maximum.accumulate(intervals[:, 1])
    new = np.r_[True, intervals[1:, 0] > reach[:-1]]
    first, last = intervals[new, 0], reach[np.r_[new[1:], True]]
    at = np.searchsorted(first, begin, side="right") - 1
    return (at >= 0) & (end <= last[np.maximum(at, 0)])


def check_window(window: Any) -> tuple[float, float]:
    """Return the start and stop of a window about each trial's start, in seconds."""
    try:
        low, high = (float(edge) for edge in window)
    except (TypeError, ValueError):
        raise InputError(f"window must be (start, stop) in seconds, got {window!r}.") from None
    if not low < high:
        raise InputError(f"window must be (start, stop) with start < stop, got {window!r}.")
    if max(abs(low), abs(high)) > _LONGEST:
        raise InputError(f"window must be (start, stop) in seconds, got {window!r}: milliseconds?")
    return low, high


def check_seconds(where: str, trains: Sequence[np.ndarray], starts: np.ndarray) -> None:
    """Refuse times that cannot be seconds: of spikes, or of spikes against trials."""
    spikes = np.concatenate([train for train in trains if len(train)] or [np.empty(0)])
    if len(spikes) < _ENOUGH or not len(starts):
        return
    lasts, trials = float(np.ptp(spikes)), float(np.ptp(starts))
    spans = f"spike_times run from {spikes.min():.6g} to {spikes.max():.6g}, trials from " \
            f"{starts.min():.6g} to {starts.max():.6g}"  # fmt: skip
    remedy = "Times must be seconds, not milliseconds or samples: rescale them in the file."
    if trials > 0 and not 1 / _APART_SPIKES <= lasts / trials <= _APART_SPIKES:
        raise InputError(f"{where}: {spans}. {remedy}")
    rates = [len(train) / lasts for train in trains if len(train) >= _ENOUGH and lasts > 0]
    if rates and not _SLOWEST <= np.median(rates) <= _FASTEST:
        raise InputError(
            f"{where}: {spans}, which makes {np.median(rates):.3g} spikes per second. {remedy}"
        )
