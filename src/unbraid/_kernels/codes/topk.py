"""The k largest positive entries of each row, exactly, in one pass over memory."""

from __future__ import annotations

import numba
import numpy as np

from unbraid._kernels.threads import in_blocks

_GROUP_COLUMNS = (
    32  # columns a group at most: more maxima to scan below, more columns to look into above
)
_PATTERNS = {8: np.int64, 4: np.int32}  # whole numbers of a float's bytes, which order as it does
_SLACKS = {8: 2**46, 4: 2**17}  # of the bound: a 64th of a float of 8 or 4 bytes


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of the ``k`` largest positive entries of each row.

    Parameters
    ----------
    scores : array of shape (n, m), float32 or float64, C-contiguous
    k : int

    Returns
    -------
    array of int32, shape (n, k)
        Ascending in each row; -1 at the end where fewer than ``k`` entries are positive. Among
        equal entries at the edge any may be kept, but always the same.

    Notes
    -----
    The maxima of groups of columns are taken first; their k-th largest bounds the k-th largest
    entry from below, so that only few groups are examined again. A k-th largest is found by
    bisection over bit patterns: counting has no branches to guess. Exact for every input.
    """
    n, m = scores.shape
    chosen = np.empty((n, k), np.int32)
    patterns = scores.view(_PATTERNS[scores.dtype.itemsize])
    slack = _SLACKS[scores.dtype.itemsize]
    in_blocks(_top_k, n, patterns, chosen, slack, least=max(1, 200_000 // m))
    return chosen


@numba.njit(nogil=True, cache=True)
def kth_largest(values, count, k, low, high, slack):
    """Return the k-th largest of ``values[:count]``, whole numbers, or less by up to ``slack``.

    At least k of them are >= ``low``, or it is 0 where they may be too few; none is > ``high``.
    """
    zero = 0
    while high - low > slack:  # at least k are >= low, fewer than k are > high
        middle = low + (high - low + 1) // 2
        above = zero
        for i in range(count):
            above += values[i] >= middle
        if above >= k:
            low = middle
        else:
            high = middle - 1
    return low


@numba.njit(nogil=True, cache=True)
def _top_k(start, stop, scores, chosen, slack):
    m, k = scores.shape[1], chosen.shape[1]
    size = min(_GROUP_COLUMNS, max(1, m // (8 * k)))
    n_groups = m // size  # column c < size * n_groups belongs to group c % n_groups
    kind = scores.dtype.type
    slack = kind(slack)
    maxima = np.empty(n_groups, scores.dtype)
    values = np.empty(m + 1, scores.dtype)
    columns = np.empty(m + 1, np.int32)
    for row in range(start, stop):
        line = scores[row]
        for g in range(n_groups):
            maxima[g] = line[g]
        for i in range(1, size):
            part = line[i * n_groups : (i + 1) * n_groups]
            for g in range(n_groups):
                maxima[g] = max(maxima[g], part[g])
        most = kind(0)
        for g in range(n_groups):
            most = max(most, maxima[g])
        for c in range(size * n_groups, m):
            most = max(most, line[c])
        bound = max(kind(1), kth_largest(maxima, n_groups, k, kind(0), most, slack))
        count = 0  # every entry is written, and kept by moving on: no branch to guess
        for g in range(n_groups):
            if maxima[g] >= bound:
                for c in range(g, size * n_groups, n_groups):
                    values[count], columns[count] = line[c], c
                    count += line[c] >= bound
        for c in range(size * n_groups, m):
            values[count], columns[count] = line[c], c
            count += line[c] >= bound
        if count > k:
            edge = kth_largest(values, count, k, bound, most, kind(0))
            spare = k
            for i in range(count):
                spare -= values[i] > edge
            kept = 0
            for i in range(count):
                equal = values[i] == edge
                take = values[i] > edge or (equal and spare > 0)
                spare -= equal
                columns[kept] = columns[i]
                kept += take
            count = k
        ascending(columns, count)
        for j in range(count):
            chosen[row, j] = columns[j]
        for j in range(count, k):
            chosen[row, j] = -1


@numba.njit(nogil=True, cache=True)
def ascending(columns, count):
    if count > 64:
        columns[:count].sort()
        return
    for i in range(1, count):
        column = columns[i]
        j = i - 1
        while j >= 0 and columns[j] > column:
            columns[j + 1] = columns[j]
            j -= 1
        columns[j + 1] = column
