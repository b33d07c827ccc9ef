"""Single units whose neighbouring responses are alike: which of many to test, in one pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

_TESTED = 4  # units tested of each kind: strongest serial products, strongest trends
_SAMPLE = 101  # rows that tell a unit's median and quartiles, against outliers
_CLIP = 1.5  # quartile distances from the median beyond which a response counts no more
_SERIES_BLOCK = 2**20  # responses standardised at once
_TREND = 2  # lowest cosines: half a cycle and one cycle over the series


def units_to_test(x: Any, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return the units (at most 8) that look slowest: by neighbours' products, and by trends.

    ``mean``, ``spread``: (p,) of each unit. Only what is chosen depends on this function's
    approximations; multiplied by the number of units, any valid p-value of the chosen stays valid.
    """
    n, p = x.shape
    if p <= 2 * _TESTED:
        return np.flatnonzero(spread > 0)
    product, trend = (_of_codes if sp.issparse(x) else _of_responses)(x, mean, spread, cosines(n))
    product[spread <= 0] = trend[spread <= 0] = -1.0
    chosen = [np.argpartition(-np.abs(of), _TESTED)[:_TESTED] for of in (product, trend)]
    units = np.unique(np.concatenate(chosen))
    return units[spread[units] > 0]


def cosines(n: int) -> np.ndarray:
    """Return the lowest cosines (n, 2) over the series, each of mean square 1."""
    half = (np.arange(n) + 0.5) / n
    return np.sqrt(2) * np.cos(np.pi * half[:, None] * np.arange(1, _TREND + 1))


def _of_responses(x, mean, spread, slow) -> tuple[np.ndarray, np.ndarray]:
    """Return each unit's correlation of neighbours and largest trend; outliers count little."""
    n, p = x.shape
    product, trend = np.empty(p), np.empty(p)
    sample = x[np.linspace(0, n - 1, min(n, _SAMPLE)).astype(int)]
    step = max(1, _SERIES_BLOCK // n)
    for start in range(0, p, step):
        part = slice(start, min(start + step, p))
        low, centre, high = np.quantile(
            sample[:, part].astype(np.float64), (0.25, 0.5, 0.75), axis=0
        )
        width = high - low
        usual = width > 1e-9 * spread[part]
        centre = np.where(usual, centre, mean[part])
        width = np.where(usual, width, np.where(spread[part] > 0, 3 * spread[part], 1.0))
        z = np.clip((x[:, part] - centre) / width, -_CLIP, _CLIP)
        z -= z.mean(axis=0)
        power = np.einsum("tj,tj->j", z, z)
        power[power <= 0] = np.inf
        product[part] = np.einsum("tj,tj->j", z[:-1], z[1:]) / power
        trend[part] = np.abs(slow.T @ z).max(axis=0) / np.sqrt(power)
    return product, trend


def _of_codes(x, mean, spread, slow) -> tuple[np.ndarray, np.ndarray]:
    n = x.shape[0]
    power = np.where(spread > 0, n * spread**2, np.inf)
    both = np.asarray(x[:-1].multiply(x[1:]).sum(axis=0)).ravel()
    ends = np.asarray(x[[0, n - 1]].sum(axis=0)).ravel()
    product = (both - mean * (2 * n * mean - ends) + (n - 1) * mean**2) / power
    trend = np.abs(np.asarray(x.T @ slow) - np.outer(mean, slow.sum(axis=0))).max(axis=1)
    return product, trend / np.sqrt(power)
