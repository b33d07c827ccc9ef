"""Cross-products of two code matrices, visited only where both are active.

With ``k`` active of ``m`` latents per stimulus they cost ``n k^2`` in place of ``n m^2``. A pair
that is never active together has the correlation ``-(m_i / s_i) (m_j / s_j)``: a rank-one term that
is known without being stored.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import scipy.sparse as sp

from unbraid._kernels.threads import in_blocks


class Columns(NamedTuple):
    """A CSC matrix as plain arrays; rows ascend within a column."""

    indptr: np.ndarray
    rows: np.ndarray
    data: np.ndarray


def columns_of(values: sp.csr_array) -> Columns:
    """Return the columns of a CSR matrix."""
    csc = values.tocsc()
    csc.sort_indices()
    indices = csc.indices.astype(np.int32, copy=False)
    return Columns(csc.indptr.astype(np.int64), indices, csc.data)


@numba.njit(cache=True, nogil=True)
def _column_sums(start, stop, indptr, rows, data, fold, size, sums, squares, low, high):
    """Add up values and squares of each column in each fold; extremes include unstored zeros."""
    n_folds = len(size)
    seen = np.empty(n_folds, dtype=np.int64)
    for j in range(start, stop):
        seen[:] = 0
        for e in range(indptr[j], indptr[j + 1]):
            f, value = fold[rows[e]], np.float64(data[e])
            seen[f] += 1
            sums[f, j] += value
            squares[f, j] += value * value
            low[f, j] = min(low[f, j], value)
            high[f, j] = max(high[f, j], value)
        for f in range(n_folds):
            if seen[f] < size[f]:
                low[f, j] = min(low[f, j], 0.0)
                high[f, j] = max(high[f, j], 0.0)


def column_sums(columns: Columns, fold: np.ndarray, size: np.ndarray) -> tuple[Any, ...]:
    """Return sums, sums of squares, least and largest values (n_folds, m) of each column."""
    shape = (len(size), len(columns.indptr) - 1)
    sums, squares = np.zeros((2, *shape))
    low, high = np.full(shape, np.inf), np.full(shape, -np.inf)
    found = sums, squares, low, high
    in_blocks(_column_sums, shape[1], *columns, fold, size, *found, least=4096)
    return found


@numba.njit(cache=True, nogil=True)
def _pair_sums(start, stop, of_x, of_y, i, j, fold, only, answer):
    x_at, x_row, x = of_x
    y_at, y_row, y = of_y
    for e in range(start, stop):
        a, a_end = x_at[i[e]], x_at[i[e] + 1]
        b, b_end = y_at[j[e]], y_at[j[e] + 1]
        total = 0.0
        while a < a_end and b < b_end:
            if x_row[a] < y_row[b]:
                a += 1
            elif x_row[a] > y_row[b]:
                b += 1
            else:
                if only < 0 or fold[x_row[a]] == only:
                    total += x[a] * y[b]
                a += 1
                b += 1
        answer[e] = total


def pair_sums(
    x: Columns, y: Columns, pairs: tuple[np.ndarray, np.ndarray], fold: np.ndarray, only: int
) -> np.ndarray:
    """Return ``sum_t x_ti y_tj`` of each pair over the stimuli of one fold (-1: of all)."""
    answer = np.empty(len(pairs[0]))
    in_blocks(_pair_sums, len(answer), x, y, *pairs, fold, only, answer, least=4096)
    return answer


@numba.njit(cache=True, nogil=True)
def _best(start, stop, rows_x, cols_y, fold, count, level, scale, mean, tie, order, absolute, best,
          sign):  # fmt: skip
    """Source of largest correlation with each target, for each held-out fold and for none."""
    at, index, data = rows_x
    y_at, y_row, y = cols_y
    n_plans, p = level.shape
    n_folds = len(count) - 1
    together = np.zeros((p, n_folds))
    stamp = np.full(p, -1, dtype=np.int64)
    touched = np.empty(p, dtype=np.int64)
    top = np.empty(n_plans)
    for j in range(start, stop):
        if best[0, j] == -2:  # not scored
            continue
        n_touched = 0
        for e in range(y_at[j], y_at[j + 1]):
            t, value = y_row[e], y[e]
            f = fold[t]
            for g in range(at[t], at[t + 1]):
                i = index[g]
                if stamp[i] != j:
                    stamp[i] = j
                    touched[n_touched] = i
                    n_touched += 1
                    together[i, :] = 0.0
                together[i, f] += value * data[g]
        top[:] = -np.inf
        for c in range(n_touched):
            i = touched[c]
            total = 0.0
            for f in range(n_folds):
                total += together[i, f]
            for a in range(n_plans):
                cross = total - together[i, a] if a < n_folds else total
                r = cross / (count[a] * scale[a, i]) - level[a, i] * mean[a, j]
                size = abs(r) if absolute else r
                if size > top[a] + tie[a, j] or (size >= top[a] - tie[a, j] and i < best[a, j]):
                    best[a, j], sign[a, j] = i, (-1.0 if r < 0 else 1.0)
                    top[a] = max(top[a], size)
        for a in range(n_plans):  # sources never active together with j
            side = 2 if absolute else (0 if mean[a, j] >= 0 else 1)
            for c in range(p):
                i = order[side, a, c]
                if i < 0:
                    break
                r = -level[a, i] * mean[a, j]
                size = abs(r) if absolute else r
                if size < top[a] - tie[a, j]:
                    break
                if stamp[i] != j and (size > top[a] + tie[a, j] or i < best[a, j]):
                    best[a, j], sign[a, j] = i, (-1.0 if r < 0 else 1.0)
                    break


def best_sources(
    x: sp.csr_array,
    y: Columns,
    fold: np.ndarray,
    statistics: tuple[np.ndarray, ...],
    scored: np.ndarray,
    absolute: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best source of each target (n_plans, q), -1 if not scored, and its sign.

    ``statistics`` are counts, means and scales of the sources, means of the targets, and the
    covariance (per sd of a source) within which two sources tie, so that the first of them is
    chosen; one row an arrangement of training stimuli.
    """
    count, mean_x, scale_x, mean_y, tie = statistics
    level = mean_x / scale_x
    order = np.stack([_order(level), _order(-level), _order(-np.abs(level))])
    best = np.full(mean_y.shape, -1, dtype=np.int64)
    best[:, ~scored] = -2
    sign = np.ones(mean_y.shape)
    rows = x.indptr.astype(np.int64), x.indices.astype(np.int32, copy=False), x.data
    in_blocks(
        _best, mean_y.shape[1], rows, tuple(y), fold, count.astype(np.float64), level, scale_x,
        mean_y, tie, order, absolute, best, sign, least=256,
    )  # fmt: skip
    return np.maximum(best, -1), np.where(sign < 0, -1.0, 1.0) if absolute else np.ones(sign.shape)


def _order(level: np.ndarray) -> np.ndarray:
    """Return the sources by ascending level in each row, those without one at the end as -1."""
    order = np.argsort(level, axis=1, kind="stable")  # NaN last
    return np.where(np.isnan(np.take_along_axis(level, order, 1)), -1, order)
