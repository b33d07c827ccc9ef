"""Whether stimuli depend on their order: neighbouring rows against shuffled rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.fft import dct
from scipy.special import fdtri, gammaincc, ndtr

LEVEL = 1e-4
"""Of the test of one side, over all lags, frequencies and series together."""

_LEADING, _OTHERS = 8, 4  # principal components, and random projections of the units beside them
_RUNS, _RUN, _LEAST_RUN = 5, 2048, 64  # runs of neighbours looked at of very long series
_NUMBERS = 2.0**24  # responses looked at, at least one least run a run
_FEWEST = 16  # stimuli under which nothing reaches the level
_LEAST = 1e-100  # largest response whose square is a number
_DIGITS = 9  # of a series' spread: what differs by rounding only is a tie
_SHARES = {"sum": 0.25, "single": 0.5, "slow": 0.25}  # of the level, of the three kinds of tests
_DECAYED = 0.2  # share of the correlation of neighbours below which rows count as apart
# Slow power from which on rotated series are no null for each other: of one series, what noise
# reaches in a fifth of all draws; of all together, twice the power of the next frequencies.
# Independent series of AR .98 at n = 400, or with a linear drift of a quarter of the noise's size,
# reach it on both sides nearly always, AR .9 at n = 400 1 time in 7, AR .5 1 in 14.
_ONE_DRIFTS, _ALL_DRIFT = 0.2, 2.0


@dataclass(frozen=True, eq=False, repr=False)
class SerialDependence:
    """What neighbouring stimuli share that shuffled ones do not."""

    p_value: float
    """At most the share of shuffled orders that look as dependent; 1 for fewer than 16 stimuli."""
    reach: int
    """Lag from which on rows are nearly uncorrelated, in stimuli."""
    drifts: bool
    """Whether the slowest changes take as long as the series: it cannot be called stationary."""

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
    over all of them; the power at the ``M`` lowest frequencies is that of noise. All lags up to
    half the series and ``M = 1, 2, 4, ...`` are tested, most strictly where they are many.

    Parameters
    ----------
    x : array (n, p) or CSR matrix
        Finite; rows in their order.

    Returns
    -------
    SerialDependence
        ``p_value``: the smallest of all, each divided by its share of the level; 1 for fewer than
        16 rows, or responses outside 1e-100 to 1e100.

    Notes
    -----
    Sees slow, drifting, blocked and periodic rows alike, and rows sorted by kind, which may be
    exchangeable all the same. Any order of the columns and any permutation of exchangeable rows
    have the same distribution of results. Cost O(n p) (a dozen products with as many columns) and
    O(n log n).

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
    n = x.shape[0]
    usable = n >= _FEWEST and _LEAST < _largest(x) < 1 / _LEAST
    series = _ranked(_series(x)) if usable else np.empty((0, n))
    if not len(series):
        return SerialDependence(1.0, 1, False)
    power = np.abs(np.fft.rfft(series, axis=1)) ** 2
    products = np.fft.irfft(power, n, axis=1)[:, 1 : (n + 1) // 2]  # lags 1 .. < n / 2
    lags = np.arange(1, products.shape[1] + 1)
    share = 1 / lags / np.sum(1 / lags)
    deviations = (products + n / (n - 1)) / np.sqrt(_variance(series[:1]))
    total = (products.sum(axis=0) + len(series) * n / (n - 1)) / np.sqrt(_variance(series))
    widths = 2 ** np.arange(int(np.log2(n // 8)) + 1)
    slow = np.cumsum(power[:, 1:], axis=1)[:, widths - 1] / n
    tests = (
        ndtr(-total) / share / _SHARES["sum"],
        ndtr(-deviations) / share * len(series) / _SHARES["single"],
        gammaincc(widths, slow) * len(widths) * len(series) / _SHARES["slow"],
    )
    p_value = min(1.0, *(float(test.min()) for test in tests))
    return SerialDependence(p_value, _reach(products / n), _drifts(series))


def rows_to_test(n: int, p: int) -> np.ndarray:
    """Return the rows that tell whether stimuli depend on their order: all, or five long runs."""
    length = max(_LEAST_RUN, min(_RUN, int(_NUMBERS / (_RUNS * p))))
    if n <= _RUNS * length:
        return np.arange(n)
    starts = np.linspace(0, n - length, _RUNS).astype(int)
    return (starts[:, None] + np.arange(length)).ravel()


def _series(x: Any) -> np.ndarray:
    """Return series (s, n) of the rows: components, projections, and the squared size."""
    n, p = x.shape
    mean, spread = _moments(x)
    varies = spread > 0
    weight = np.where(varies, 1 / np.where(varies, spread, 1.0), 0.0)
    rng = np.random.default_rng(0)
    rank = min(_LEADING, p)

    def scores(directions: np.ndarray) -> np.ndarray:
        scaled = directions * weight[:, None]
        return np.asarray(x @ scaled) - mean @ scaled

    def back(rows: np.ndarray) -> np.ndarray:
        return (np.asarray(x.T @ rows) - np.outer(mean, rows.sum(axis=0))) * weight[:, None]

    basis = np.linalg.qr(rng.normal(size=(p, rank)))[0]
    for _ in range(3 if p > rank else 0):
        basis = np.linalg.qr(back(scores(basis)))[0]
    leading = scores(basis)
    leading = leading @ np.linalg.eigh(leading.T @ leading)[1]
    found = [leading]
    if p > rank:
        found.append(scores(rng.normal(size=(p, _OTHERS))))
    found.append(_sizes(x, mean, weight)[:, None])
    return np.hstack(found).T


def _largest(x: Any) -> float:
    values = x.data if sp.issparse(x) else x
    return float(max(values.max(), -values.min())) if values.size else 0.0


def _moments(x: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation (p,) of each unit."""
    mean = np.asarray(x.mean(axis=0, dtype=np.float64)).ravel()
    if not sp.issparse(x):
        return mean, x.std(axis=0, dtype=np.float64)
    square = np.asarray(x.multiply(x).mean(axis=0)).ravel()
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _sizes(x: Any, mean: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the squared distance (n,) of each standardised row from the mean."""
    if sp.issparse(x):
        cross = x @ (mean * weight**2)
        return np.asarray(x.multiply(x) @ weight**2).ravel() - 2 * np.asarray(cross).ravel()
    answer = np.empty(len(x))
    step = max(1, 2**22 // max(x.shape[1], 1))
    for start in range(0, len(x), step):
        part = (x[start : start + step] - mean) * weight
        answer[start : start + step] = np.einsum("tj,tj->t", part, part)
    return answer


def _ranked(series: np.ndarray) -> np.ndarray:
    """Return the ranks of the series that vary, standardised; ties are broken at random."""
    rng = np.random.default_rng(0)
    n = series.shape[1]
    level = (np.arange(n) - (n - 1) / 2) / np.sqrt((n**2 - 1) / 12)
    found = []
    for one in series:
        spread = one.std()
        if not spread > 1e-12 * np.abs(one).max():
            continue
        ranks = np.empty(n)
        ranks[np.lexsort((rng.random(n), np.round(one / spread, _DIGITS)))] = level
        found.append(ranks)
    return np.array(found).reshape(-1, n)


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
    """Return the lag from which on the slowest series is nearly uncorrelated."""
    n = 2 * correlation.shape[1]
    floor = np.maximum(_DECAYED * correlation[:, :1], 2 / np.sqrt(n))
    below = correlation < floor
    first = np.where(below.any(axis=1), below.argmax(axis=1), below.shape[1])
    return int(first.max()) + 1


def _drifts(series: np.ndarray) -> bool:
    """Whether the power at less than one and a half cycles stands out from the next twelve."""
    power = dct(series, axis=1, norm="ortho") ** 2
    lowest, next_ones = power[:, 1:3].mean(axis=1), power[:, 3:15].mean(axis=1)
    largest, pooled = float((lowest / next_ones).max()), lowest.sum() / next_ones.sum()
    usual = fdtri(2, 12, 1 - _ONE_DRIFTS / len(series))
    return bool(largest > usual or pooled > _ALL_DRIFT)
