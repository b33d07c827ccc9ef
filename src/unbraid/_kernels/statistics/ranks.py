"""Ranks of all pairs of a symmetric matrix, ties at their mean rank, without sorting the pairs.

Pairs are dealt into many narrow buckets by value; the rank of a pair is the number of pairs in
lower buckets plus its place in its own, which is sorted: exact whatever the distribution, and
quick where buckets hold a few pairs each.
"""

from __future__ import annotations

import numba
import numpy as np

from unbraid._kernels.threads import in_blocks

_PER_BUCKET = 4  # pairs, on average: so few that insertion sorts them at once
_SMALL = 32  # pairs up to which a bucket is sorted by insertion
_TILE = 64  # rows and columns of a square that is copied across: 32 KiB, a cache of the first level


def rank_scores(values: np.ndarray) -> np.ndarray:
    """Standardised ranks of the entries above the diagonal of a symmetric (n, n) matrix.

    Returns a symmetric (n, n) array with a diagonal of 0, all 0 where all entries are equal.
    Cost: O(n^2) time, O(n^2) memory.
    """
    n = len(values)
    answer = np.zeros((n, n))
    low, high = _extremes(values)
    if not low < high:
        return answer
    n_pairs = n * (n - 1) // 2
    n_buckets = max(1, n_pairs // _PER_BUCKET)
    scale = min(n_buckets / (high - low), np.finfo(float).max)
    start = np.zeros(n_buckets + 1, dtype=np.int64)
    dealt = np.empty(n_pairs), np.empty(n_pairs, dtype=np.uint32 if n < 2**16 else np.int64)
    _deal(values, low, scale, start, *dealt)
    in_blocks(_rank, n_buckets, start, *dealt, (n_pairs + 1) / 2, answer.reshape(-1), least=4096)
    scale = np.sqrt(n_pairs / np.einsum("st,st->", answer, answer))
    in_blocks(_mirror, n, answer, scale, least=64)
    return answer


@numba.njit(cache=True, nogil=True)
def _extremes(values):
    low, high = np.inf, -np.inf
    for s in range(len(values)):
        for t in range(s + 1, len(values)):
            low, high = min(low, values[s, t]), max(high, values[s, t])
    return low, high


@numba.njit(cache=True, nogil=True)
def _bucket(value, low, scale, n_buckets):
    return min(int((value - low) * scale), n_buckets - 1)


@numba.njit(cache=True, nogil=True)
def _deal(values, low, scale, start, dealt, place):
    """Deal the pairs and their places bucket by bucket; ``start`` says where each begins."""
    n, n_buckets = len(values), len(start) - 1
    for s in range(n):
        for t in range(s + 1, n):
            start[_bucket(values[s, t], low, scale, n_buckets) + 1] += 1
    for b in range(n_buckets):
        start[b + 1] += start[b]
    free = start[:-1].copy()
    for s in range(n):
        for t in range(s + 1, n):
            b = _bucket(values[s, t], low, scale, n_buckets)
            dealt[free[b]], place[free[b]] = values[s, t], s * n + t
            free[b] += 1


@numba.njit(cache=True, nogil=True)
def _rank(first, stop, start, dealt, place, middle, answer):
    """Fill the ranks of the pairs of each bucket, minus the middle rank."""
    for b in range(first, stop):
        begin, end = start[b], start[b + 1]
        if end - begin > _SMALL:
            order = np.argsort(dealt[begin:end])
            dealt[begin:end], place[begin:end] = dealt[begin:end][order], place[begin:end][order]
        else:
            for e in range(begin + 1, end):
                value, where, to = dealt[e], place[e], e
                while to > begin and dealt[to - 1] > value:
                    dealt[to], place[to] = dealt[to - 1], place[to - 1]
                    to -= 1
                dealt[to], place[to] = value, where
        tied = begin
        while tied < end:
            upto = tied + 1
            while upto < end and dealt[upto] == dealt[tied]:
                upto += 1
            for e in range(tied, upto):
                answer[place[e]] = (tied + upto + 1) / 2 - middle
            tied = upto


@numba.njit(cache=True, nogil=True)
def _mirror(first, stop, answer, scale):
    """Scale the rows above the diagonal and copy them below it, tile by tile."""
    n = len(answer)
    for row in range(first, stop, _TILE):
        last_row = min(row + _TILE, stop)
        for column in range(row, n, _TILE):
            last = min(column + _TILE, n)
            for s in range(row, last_row):
                for t in range(max(s + 1, column), last):
                    answer[s, t] *= scale
                    answer[t, s] = answer[s, t]
