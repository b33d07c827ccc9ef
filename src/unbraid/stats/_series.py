"""Responses reduced to a few series over the stimuli, and these to ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

LEADING, _OTHERS = 8, 4  # principal components, and random projections of the units beside them
_DIGITS = 9  # of a series' spread: what differs by rounding only is a tie


def series_of(x: Any, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return series (s, n) of the rows: components, projections, and the squared size."""
    n, p = x.shape
    weight = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1.0), 0.0)
    rng = np.random.default_rng(0)
    rank = min(LEADING, p)

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


def ranked(series: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ranks of the series that vary, standardised, and which do.

    Ties are broken at random.
    """
    rng = np.random.default_rng(0)
    n = series.shape[1]
    level = (np.arange(n) - (n - 1) / 2) / np.sqrt((n**2 - 1) / 12)
    spread = series.std(axis=1, dtype=np.float64)
    varies = np.flatnonzero(spread > 1e-12 * np.abs(series).max(axis=1, initial=0.0))
    ranks = np.empty((len(varies), n))
    for row, one in zip(ranks, varies, strict=True):
        row[np.lexsort((rng.random(n), np.round(series[one] / spread[one], _DIGITS)))] = level
    return ranks, varies


def dense_columns(columns: Any) -> np.ndarray:
    """Return a few columns (n, k) as an array."""
    if not sp.issparse(columns):
        return np.asarray(columns)
    entries, answer = columns.tocoo(), np.zeros(columns.shape)
    answer[entries.row, entries.col] = entries.data
    return answer


def largest(x: Any) -> float:
    values = x.data if sp.issparse(x) else x
    return float(max(values.max(), -values.min())) if values.size else 0.0


def moments(x: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation (p,) of each unit of a matrix or CSR matrix."""
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
