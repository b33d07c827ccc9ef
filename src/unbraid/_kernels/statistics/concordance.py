"""Concordant minus discordant pairs of each entry of two vectors, in O(N log N)."""

from __future__ import annotations

import numba
import numpy as np


def concordance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``sum_j sign(a_i - a_j) sign(b_i - b_j)`` for each i, exactly, (N,) int64."""
    order = np.argsort(a, kind="stable").astype(np.int64)
    tied = np.unique(a, return_inverse=True)[1].astype(np.int64)
    values, rank = np.unique(b, return_inverse=True)
    return _count(order, tied, rank.astype(np.int64), len(values))


@numba.njit(cache=True, nogil=True)
def _count(order, tied, rank, n_ranks):
    """Walk through the values of ``a`` upwards, then down, counting ranks in a Fenwick tree."""
    n = len(order)
    answer = np.zeros(n, dtype=np.int64)
    for direction in (1, -1):
        tree = np.zeros(n_ranks + 1, dtype=np.int64)
        start, seen = 0, 0
        while start < n:
            first = order[start] if direction == 1 else order[n - 1 - start]
            stop = start
            while stop < n:
                i = order[stop] if direction == 1 else order[n - 1 - stop]
                if tied[i] != tied[first]:
                    break
                stop += 1
            for at in range(start, stop):
                i = order[at] if direction == 1 else order[n - 1 - at]
                below, up_to = _prefix(tree, rank[i]), _prefix(tree, rank[i] + 1)
                answer[i] += direction * (below - (seen - up_to))
            for at in range(start, stop):
                i = order[at] if direction == 1 else order[n - 1 - at]
                position = rank[i] + 1
                while position <= n_ranks:
                    tree[position] += 1
                    position += position & -position
            seen += stop - start
            start = stop
    return answer


@numba.njit(cache=True, nogil=True)
def _prefix(tree, position):
    total = 0
    while position > 0:
        total += tree[position]
        position -= position & -position
    return total
