"""Sums of each fold's stimuli, and what the training stimuli of every fold say of each unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid.stats import Folds

TIE = 1e-12
"""Correlations that differ by less are equal: the first unit of them is chosen."""

_FLAT = 1e-12  # sd below this share of the largest value is rounding, not variance
_ROUNDING = 1e-14  # share of its terms below which a sum of squares is rounding


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

    @property
    def always(self) -> np.ndarray:
        """(p,) whether each unit varies on the training stimuli of every fold."""
        return np.asarray(self.varies.all(axis=0))

    def only(self, units: np.ndarray) -> Marginals:
        """Return the statistics of some units."""
        return Marginals(self.count, self.mean[:, units], self.scale[:, units])


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchedSide:
    """One side of a matching: its responses, their sums in each fold, its training statistics."""

    values: Any
    """Centred array or CSR codes; None where only sums are known."""
    sizes: np.ndarray
    """(n_folds,) stimuli in each fold."""
    sums: np.ndarray
    """(n_folds, p) sums over the stimuli of each fold."""
    squares: np.ndarray
    of: Marginals
    columns: Any = None
    """The columns of codes."""

    def total(self, fold: int) -> np.ndarray:
        """Return the sums (p,) over a fold's stimuli (-1: over all)."""
        return self.sums[fold] if fold >= 0 else self.sums.sum(axis=0)

    def size(self, fold: int) -> int:
        """Return the number of a fold's stimuli (-1: of all)."""
        return int(self.sizes[fold] if fold >= 0 else self.sizes.sum())

    def deviation(self, fold: int) -> np.ndarray:
        """Return the sums (p,) of a fold's stimuli, standardised as its training says."""
        moved = self.total(fold) - self.size(fold) * self.of.mean[fold]
        return np.nan_to_num(moved / self.of.scale[fold])

    def energy(self, fold: int) -> np.ndarray:
        """Return |x_i|^2 (p,) over a fold's stimuli, standardised as its training says."""
        mean, scale = self.of.mean[fold], self.of.scale[fold]
        size = self.squares[fold] + self.sizes[fold] * mean**2
        energy = size - 2 * mean * self.sums[fold]
        return np.nan_to_num(np.where(energy > _ROUNDING * size, energy, 0.0) / scale**2)


def dense_side(x: np.ndarray, folds: Folds) -> MatchedSide:
    """Return the sums of every fold; ``x`` is centred, so no digits are lost."""
    n_folds, p = folds.n_folds, x.shape[1]
    sums, squares, low, high = np.empty((4, n_folds, p))
    for fold in range(n_folds):
        part = x[folds == fold]  # one fold at a time: a copy of all would double the memory
        sums[fold], squares[fold] = part.sum(axis=0), np.einsum("tj,tj->j", part, part)
        low[fold], high[fold] = part.min(axis=0), part.max(axis=0)
    sizes = np.bincount(np.asarray(folds), minlength=n_folds)
    of = training(sizes, sums, squares, low, high)
    return MatchedSide(values=x, sizes=sizes, sums=sums, squares=squares, of=of)


def training(
    sizes: np.ndarray, sums: np.ndarray, squares: np.ndarray, low: np.ndarray, high: np.ndarray
) -> Marginals:
    """Return what each fold's training stimuli say, from every fold's sums and extremes."""
    size = held_in(sizes[:, None])
    mean = held_in(sums) / size
    variance = held_in(squares) / size - mean**2
    scale = np.sqrt(np.where(_vary(low, high, variance), variance, np.nan))
    return Marginals(size[:, 0], mean, scale)


def held_in(values: np.ndarray) -> np.ndarray:
    """Return sums over all folds but each (n_folds, ...), then over all of them as last row."""
    total = values.sum(axis=0)
    return np.concatenate([total - values, total[None]])


def _vary(low: np.ndarray, high: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return whether units vary on each fold's training stimuli, from each fold's extremes."""
    n_folds = len(low)
    others = [np.arange(n_folds) != fold for fold in range(n_folds)] + [np.ones(n_folds, bool)]
    span = np.stack([high[keep].max(axis=0) - low[keep].min(axis=0) for keep in others])
    largest = np.abs(np.stack([low, high])).max(axis=(0, 1))
    return (span > 0) & (variance > (_FLAT * largest) ** 2)
