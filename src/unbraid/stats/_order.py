"""Whether stimuli depend on their order: neighbouring rows against shuffled rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.fft import dct
from scipy.special import fdtri, gammaincc, ndtr

from unbraid._documented import documented_answer
from unbraid._validate import as_floats
from unbraid.errors import InputError
from unbraid.responses import Responses
from unbraid.stats._lines import against_noise
from unbraid.stats._series import LEADING, dense_columns, largest, moments, ranked, series_of
from unbraid.stats._slow_units import cosines, units_to_test

LEVEL = 1e-4
"""Of the test of one side, over all lags, frequencies and series together."""

_RUNS, _RUN, _LEAST_RUN = 5, 2048, 64  # runs of neighbours that are examined of very long series
_NUMBERS = 2.0**24  # responses that are examined, at least one least run per run
FEWEST = 16
"""With fewer stimuli nothing reaches the level."""
_LEAST = 1e-100  # largest response whose square is a number
# Of the level: all series together, one series, its slow changes, one unit, all units' trends,
# periods
_SUM, _SINGLE, _SLOW, _UNITS, _TRENDS, _LINES = 0.2, 0.25, 0.2, 0.15, 0.1, 0.1
_DECAYED = 0.2  # share of the correlation of neighbours below which rows count as apart
# Above this slow power rotated series are no null for each other: of one series, what noise
# reaches in a fifth of all draws; of all together, twice the power of the next frequencies.
# Independent series of AR .98 at n = 400, or with a linear drift of a quarter of the noise's size,
# reach it on both sides nearly always, AR .9 at n = 400 1 time in 7, AR .5 1 in 14.
_ONE_DRIFTS, _ALL_DRIFT = 0.2, 2.0
# Share of the units, and of the variance, that may drift and leave scores of all units a null: with
# one random walk of unit variance on each side, n = 100, ridge, semi-matching and CKA reject .07 at
# .05 among 100 units, and semi-matching .11 among 30.
_FEW_UNITS = 1 / 40
_NOTHING = 1e-9  # of the power of noise: what is left of a series that is nothing but its period


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class SerialDependence:
    """What neighbouring stimuli share that shuffled ones do not."""

    p_value: float
    """At most the share of shuffled orders that look as dependent; 1 for fewer than 16 stimuli."""
    reach: int
    """Lag beyond which rows are nearly uncorrelated, in stimuli."""
    drifts: bool
    """Whether the slowest changes take as long as the series: it cannot be called stationary."""
    units: tuple[int, ...] = ()
    """The units that depend on their order, where what units share does not: at most eight."""
    unit_drifts: bool = False
    """Whether a single unit drifts, whatever the units share."""
    series: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    """(s, n) ranks of what was tested: components, projections, size, and single slow units."""
    n_leading: int = 0
    """The first of these, which are uncorrelated components."""

    def __repr__(self) -> str:
        return f"SerialDependence(p={self.p_value:.2g}, reach={self.reach})"

    @property
    def found(self) -> bool:
        """Whether the stimuli depend on their order."""
        return self.p_value <= LEVEL


def serial_dependence(x: Any) -> SerialDependence:
    r"""Test whether rows depend on their order.

    The rows are reduced to a few series: leading principal components of the standardised units,
    random projections, and the size of the response. Each is replaced by its ranks ``z`` (mean 0,
    mean square 1), so that no tail matters. Under exchangeable rows the circular serial products

    .. math:: c_k = \sum_t z_t z_{t+k}

    have mean ``-n / (n - 1)`` and a variance that is known exactly, for a series and for the sum
    over all of them; the power at the ``M`` lowest cosines is that of noise. All lags up to
    half the series and ``M = 1, 2, 4, ...`` are tested, most strictly where they are many; and the
    power at each frequency, in case there is a period.

    Beside them the units that look slowest are tested each for itself, p-values times the number of
    units: one slow unit among many is no part of what units share. And the trends of all units in
    even rows, taken together, must not be found again in odd rows.

    Parameters
    ----------
    x : Responses, array (n, p), CSR matrix or DataFrame
        Finite; rows in their order.

    Returns
    -------
    SerialDependence
        ``p_value``: the smallest of all, each divided by its share of the level; 1 for fewer than
        16 rows, or responses outside 1e-100 to 1e100.

    Raises
    ------
    InputError
        What is no matrix of real numbers.

    Notes
    -----
    Sees slow, drifting, blocked and periodic rows alike, and rows sorted by kind, which may be
    exchangeable all the same. Any order of the columns and any permutation of exchangeable rows
    have the same distribution of results. One slow unit among a hundred needs about 60 rows (AR
    .99), a linear slope of a tenth of the noise in 40 units 300. Cost O(n p) (a dozen products
    with as many columns) and O(n log n).

    References
    ----------
    Wald & Wolfowitz (1943), An exact test for randomness in the non-parametric case based on
    serial correlation; Mantel (1967), the variance of the sum; Halko, Martinsson & Tropp (2011),
    the components.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(200, 5))
    >>> serial_dependence(noise).found, serial_dependence(noise.cumsum(axis=0)).found
    (False, True)
    """
    x = x.values if isinstance(x, Responses) else x
    x = x if sp.issparse(x) else as_floats(x, "x")
    if x.ndim != 2:
        raise InputError(f"x must have shape (n_stimuli, n_units), got {x.shape}.")
    n = x.shape[0]
    usable = n >= FEWEST and _LEAST < largest(x) < 1 / _LEAST
    if not usable:
        return SerialDependence(1.0, 1, False)
    mean, spread = moments(x)
    series, leading, common = _what_units_share(x, mean, spread)
    if not len(series):
        return SerialDependence(1.0, 1, False)
    units, n_units = units_to_test(x, mean, spread), int((spread > 0).sum())
    columns = x[:, units]
    ranks, varies = ranked(dense_columns(columns).T)
    own = np.minimum(_of_lags(ranks, _products(ranks)), _of_slow_changes(ranks))
    own = np.minimum(2 * n_units * own / _UNITS, 1.0)
    slow, at = ranks[own <= LEVEL], units[varies][own <= LEVEL]
    alone = False
    if 0 < len(at) <= n_units / 2:
        others = np.where(np.isin(np.arange(len(spread)), at), 0.0, spread)
        alone = _what_units_share(x, mean, others)[2] > LEVEL
    size = (spread / spread.max()) ** 2
    few = alone and max(len(at) / n_units, size[at].sum() / size.sum()) <= _FEW_UNITS
    return SerialDependence(
        p_value=float(min(1.0, common, *own)),
        reach=_reach(_products(np.vstack([series, slow])) / n),
        drifts=not few and _drifts(series, _ONE_DRIFTS / len(series)),
        units=tuple(at.tolist()) if alone else (),
        unit_drifts=bool(len(slow))
        and _drifts(slow, _ONE_DRIFTS / (len(at) if alone else n_units), np.inf),
        series=series if few else np.vstack([series, slow]),
        n_leading=leading,
    )


def rows_to_test(n: int, p: int) -> np.ndarray:
    """Rows that show whether stimuli depend on their order: all, or five long runs.

    Parameters
    ----------
    n : int
        Stimuli.
    p : int
        Units of the wider side: the more there are, the shorter are the runs.

    Returns
    -------
    array of whole numbers
        Sorted rows; all ``n`` where they are few enough.

    Examples
    --------
    >>> len(rows_to_test(500, 10)), len(rows_to_test(1_000_000, 10)) < 50_000
    (500, True)
    """
    length = max(_LEAST_RUN, min(_RUN, int(_NUMBERS / (_RUNS * p))))
    if n <= _RUNS * length:
        return np.arange(n)
    starts = np.linspace(0, n - length, _RUNS).astype(int)
    return (starts[:, None] + np.arange(length)).ravel()


def _what_units_share(
    x: Any, mean: np.ndarray, spread: np.ndarray
) -> tuple[np.ndarray, int, float]:
    """Return ranked series, how many of the first are components, and their p-value."""
    series, which = ranked(series_of(x, mean, spread))
    if not len(series):
        return series, 0, 1.0
    leading = int((which < min(LEADING, x.shape[1])).sum())
    n, products = series.shape[1], _products(series)
    together = (products.sum(axis=0) + len(series) * n / (n - 1)) / np.sqrt(_variance(series))
    return (
        series,
        leading,
        min(
            1.0,
            float((ndtr(-together) / _lag_shares(products.shape[1])).min()) / _SUM,
            float(_of_lags(series, products).min()) * len(series) / _SINGLE,
            float(_of_slow_changes(series).min()) * len(series) / _SLOW,
            _of_trends(x, mean, spread) / _TRENDS,
            against_noise(series) / _LINES,
        ),
    )


def _products(series: np.ndarray) -> np.ndarray:
    """Return the circular serial products of each series at lags 1 .. < n / 2."""
    n = series.shape[1]
    power = np.abs(np.fft.rfft(series, axis=1)) ** 2
    return np.fft.irfft(power, n, axis=1)[:, 1 : (n + 1) // 2]


def _lag_shares(n_lags: int) -> np.ndarray:
    lags = np.arange(1, n_lags + 1)
    return 1 / lags / np.sum(1 / lags)


def _of_lags(series: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Return the p-value of each series over all lags."""
    n = series.shape[1]
    deviation = (products + n / (n - 1)) / np.sqrt(_variance(series[:1]) if len(series) else 1.0)
    return (ndtr(-deviation) / _lag_shares(products.shape[1])).min(axis=1)


def _of_slow_changes(series: np.ndarray) -> np.ndarray:
    """Return the p-value of each series' power at the M lowest cosines, over M = 1, 2, 4, ..."""
    n = series.shape[1]
    widths = 2 ** np.arange(int(np.log2(n // 4)) + 1)
    power = dct(series, axis=1, norm="ortho")[:, 1:] ** 2
    slow = np.cumsum(power, axis=1)[:, widths - 1]
    return (gammaincc(widths / 2, slow / 2) * len(widths)).min(axis=1)


def _of_trends(x: Any, mean: np.ndarray, spread: np.ndarray) -> float:
    """Return the p-value of the units' trends in odd rows, given those in even rows.

    The trends of all units over even rows are the direction on which odd rows are projected: many
    weak slopes add up, and ranks of the projection keep the level whatever the direction is.
    """
    weight = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1.0), 0.0)
    here, there = x[::2], x[1::2]
    slow, later = cosines(here.shape[0]), cosines(there.shape[0])
    slope = np.asarray(here.T @ slow) - np.outer(mean, slow.sum(axis=0))
    ranks, varies = ranked(np.asarray(there @ (slope * weight[:, None] ** 2)).T)
    agreement = np.einsum("st,ts->s", ranks, later[:, varies]) / np.sqrt(len(later))
    return min([1.0, *(ndtr(-agreement) * slow.shape[1])])


def _variance(series: np.ndarray) -> float:
    """Return the permutation variance of the summed serial products of a lag."""
    n = series.shape[1]
    gram = series @ series.T
    whole, size = float((gram**2).sum()), float(np.trace(gram))
    own = float(((series**2).sum(axis=0) ** 2).sum())
    square = (whole - own) + 2 * (2 * own - whole) / (n - 2)
    square += (size**2 + 2 * whole - 6 * own) / (n - 2)
    return square / (n - 1) - (size / (n - 1)) ** 2


def _reach(correlation: np.ndarray) -> int:
    """Return the lag beyond which the slowest series is nearly uncorrelated."""
    n = 2 * correlation.shape[1]
    floor = np.maximum(_DECAYED * correlation[:, :1], 2 / np.sqrt(n))
    below = correlation < floor
    first = np.where(below.any(axis=1), below.argmax(axis=1), below.shape[1])
    return int(first.max()) + 1


def _drifts(series: np.ndarray, level: float, pooled: float = _ALL_DRIFT) -> bool:
    """Whether the power at less than one and a half cycles stands out from the next twelve.

    In one series at this level, or ``pooled`` times in all together.
    """
    power = dct(series, axis=1, norm="ortho") ** 2
    lowest, next_ones = power[:, 1:3].mean(axis=1), power[:, 3:15].mean(axis=1) + _NOTHING
    largest, together = float((lowest / next_ones).max()), lowest.sum() / next_ones.sum()
    return bool(largest > fdtri(2, 12, 1 - level) or together > pooled)
