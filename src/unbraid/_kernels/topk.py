"""The k largest positive entries of each row, exactly, in one pass over memory."""

from __future__ import annotations

import numba
import numpy as np

from unbraid._kernels.threads import in_blocks

_GROUP = 32


def top_k(scores: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of the ``k`` largest positive entries of each row.

    Parameters
    ----------
    scores : array of shape (n, m), float or signed integer, C-contiguous
        Integers may be the bit patterns of bfloat16: their order is that of the positive floats.
    k : int

    Returns
    -------
    array of int32, shape (n, k)
        Ascending in each row; -1 at the end where fewer than ``k`` entries are positive. Among
        equal entries at the edge any may be kept, but always the same.

    Notes
    -----
    The maxima of groups of columns are taken first; their k-th largest bounds the k-th largest
    entry from below, so that only few groups are looked at again. Exact for every input.
    """
    n, m = scores.shape
    chosen = np.empty((n, k), np.int32)
    in_blocks(_top_k, n, scores, chosen, least=max(1, 200_000 // m))
    return chosen


@numba.njit(nogil=True, cache=True)
def _select(values, order, low, high, k):
    """Bring the ``k`` largest of ``values[low:high]`` to its front by quickselect."""
    first, last, target = low, high - 1, low + k - 1
    while first < last:
        pivot = values[(first + last) // 2]
        i, j = first, last
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if target <= j:
            last = j
        elif target >= i:
            first = i
        else:
            return


@numba.njit(nogil=True, cache=True, fastmath={"reassoc", "nsz", "nnan"})
def _top_k(start, stop, scores, chosen):
    m, k = scores.shape[1], chosen.shape[1]
    size = min(_GROUP, max(1, m // (8 * k)))
    n_groups = m // size  # column c < size * n_groups belongs to group c % n_groups
    maxima = np.empty(n_groups, scores.dtype)
    ranked = np.empty(n_groups, scores.dtype)
    ranks = np.empty(n_groups, np.int32)
    values = np.empty(m, scores.dtype)
    columns = np.empty(m, np.int32)
    zero = scores.dtype.type(0)
    for row in range(start, stop):
        line = scores[row]
        count = 0
        bound = zero
        if size > 1:
            for g in range(n_groups):
                maxima[g] = line[g]
            for i in range(1, size):
                for g in range(n_groups):
                    value = line[i * n_groups + g]
                    maxima[g] = value if value > maxima[g] else maxima[g]
            for g in range(n_groups):
                ranked[g] = maxima[g]
            _select(ranked, ranks, 0, n_groups, k)
            lowest = ranked[0]
            for g in range(1, k):
                lowest = min(lowest, ranked[g])
            bound = max(bound, lowest)
            for g in range(n_groups):
                if maxima[g] > zero and maxima[g] >= bound:
                    for c in range(g, size * n_groups, n_groups):
                        if line[c] > zero and line[c] >= bound:
                            values[count] = line[c]
                            columns[count] = c
                            count += 1
        for c in range(size * n_groups if size > 1 else 0, m):
            if line[c] > zero and line[c] >= bound:
                values[count] = line[c]
                columns[count] = c
                count += 1
        if count > k:
            _select(values, columns, 0, count, k)
            count = k
        columns[:count].sort()
        for j in range(count):
            chosen[row, j] = columns[j]
        for j in range(count, k):
            chosen[row, j] = -1
