"""Means and scales of sparse codes on the training stimuli of every fold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.sparse_cross import Columns, columns_of, extremes
from unbraid.align._marginals import Marginals, held_in, vary
from unbraid.stats import Folds


@dataclass(frozen=True, eq=False)
class SparseSide:
    """One code matrix by columns, with its sums in each fold and its training statistics."""

    values: sp.csr_array
    columns: Columns
    sums: np.ndarray
    """(n_folds, m) sums over the stimuli of each fold."""
    squares: np.ndarray
    sizes: np.ndarray
    """(n_folds,) stimuli in each fold."""
    of: Marginals


def sparse_side(values: sp.csr_array, folds: Folds) -> SparseSide:
    """Gather the columns and statistics of a code matrix; time and memory O(stored values)."""
    n_folds, m = folds.n_folds, values.shape[1]
    fold = np.asarray(folds)
    key = np.repeat(fold, np.diff(values.indptr)) * m + values.indices
    total = n_folds * m
    sums = np.bincount(key, values.data, total).reshape(n_folds, m)
    squares = np.bincount(key, values.data**2, total).reshape(n_folds, m)
    columns, sizes = columns_of(values), np.bincount(fold)
    low, high = extremes(columns, fold, sizes)
    size = held_in(sizes[:, None])
    mean = held_in(sums) / size
    variance = held_in(squares) / size - mean**2
    scale = np.sqrt(np.where(vary(low, high, variance), variance, np.nan))
    return SparseSide(values, columns, sums, squares, sizes, Marginals(size[:, 0], mean, scale))
