"""Sums of sparse codes in every fold, and their training statistics."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.products.sparse_cross import column_sums, columns_of
from unbraid.align.matching.solvers._marginals import MatchedSide, training
from unbraid.stats import Folds


def sparse_side(values: sp.csr_array, folds: Folds) -> MatchedSide:
    """Gather the columns and sums of a code matrix; time and memory O(stored values)."""
    fold = np.asarray(folds)
    sizes = np.bincount(fold, minlength=folds.n_folds)
    columns = columns_of(values)
    sums, squares, low, high = column_sums(columns, fold, sizes)
    of = training(sizes, sums, squares, low, high)
    return MatchedSide(
        values=values, columns=columns, sizes=sizes, sums=sums, squares=squares, of=of
    )
