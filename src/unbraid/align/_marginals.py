"""Means and scales of the training stimuli of every fold, and which units vary there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unbraid.stats import Folds

_FLAT = 1e-12  # sd below this share of the largest value is rounding, not variance


@dataclass(frozen=True, eq=False)
class Marginals:
    """Statistics of one side: row f for the training stimuli of fold f, row -1 for all.

    ``mean`` and ``scale`` have shape (n_folds + 1, p); ``scale`` is the standard deviation
    (divisor: number of stimuli), NaN where the unit is constant on those stimuli.
    """

    count: np.ndarray
    mean: np.ndarray
    scale: np.ndarray

    @property
    def varies(self) -> np.ndarray:
        """(n_folds + 1, p) whether each unit varies."""
        return ~np.isnan(self.scale)


def marginals(x: np.ndarray, folds: Folds) -> Marginals:
    """Return the training statistics of every fold; ``x`` is centred, so no digits are lost."""
    n_folds, p = folds.n_folds, x.shape[1]
    count = np.bincount(np.asarray(folds), minlength=n_folds)
    sums, squares, low, high = np.empty((4, n_folds, p))
    for fold in range(n_folds):
        part = x[folds == fold]  # one fold at a time: a copy of all would double the memory
        sums[fold], squares[fold] = part.sum(axis=0), np.einsum("tj,tj->j", part, part)
        low[fold], high[fold] = part.min(axis=0), part.max(axis=0)
    size = held_in(count[:, None])
    mean = held_in(sums) / size
    variance = held_in(squares) / size - mean**2
    scale = np.sqrt(np.where(vary(low, high, variance), variance, np.nan))
    return Marginals(size[:, 0], mean, scale)


def held_in(values: np.ndarray) -> np.ndarray:
    """Return sums over all folds but each (n_folds, ...), then over all of them as last row."""
    total = values.sum(axis=0)
    return np.concatenate([total - values, total[None]])


def vary(low: np.ndarray, high: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return whether units vary on each fold's training stimuli, from each fold's extremes."""
    n_folds = len(low)
    others = [np.arange(n_folds) != fold for fold in range(n_folds)] + [np.ones(n_folds, bool)]
    span = np.stack([high[keep].max(axis=0) - low[keep].min(axis=0) for keep in others])
    largest = np.abs(np.stack([low, high])).max(axis=(0, 1))
    return (span > 0) & (variance > (_FLAT * largest) ** 2)
