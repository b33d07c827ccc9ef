"""Exact optimal transport between few and many units, with the proof of its optimality.

A network simplex on integer flows. Arcs are priced first among the best candidates of each row
and column, then over all pairs, so that the dense matrix is read a few times and never copied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from unbraid._kernels.spanning_tree import (
    DEPTH,
    FIRST,
    NEXT,
    NONE,
    STACK,
    best_candidate,
    greedy,
    pivot,
)

_CANDIDATES = 24  # best partners of each row and column that are priced first
_COLUMNS_PER_BLOCK = 1024


@dataclass(frozen=True, eq=False, kw_only=True)
class TransportPlan:
    """A plan with at most ``p + q - 1`` entries, and the duals that prove it."""

    sources: np.ndarray
    targets: np.ndarray
    mass: np.ndarray
    """Mass of each entry; all sum to 1."""
    value: float
    """Total similarity ``sum_ij P_ij S_ij``."""
    gap: float
    """Upper bound of a feasible dual minus ``value``; 0 up to rounding: proven optimal."""
    pivots: int


def transport(
    similarity: np.ndarray, supply: np.ndarray | None = None, demand: np.ndarray | None = None
) -> TransportPlan:
    """Plan that maximises ``sum_ij P_ij S_ij`` for the given marginals.

    Parameters
    ----------
    similarity : array of shape (p, q), float64
    supply, demand : positive integer arrays of shape (p,) and (q,) of equal sum, optional
        Marginals up to a common factor; uniform by default (``1/p`` and ``1/q``).

    Returns
    -------
    TransportPlan

    Notes
    -----
    Cost: O(p q) memory reads a pass, two or three passes; about ``8 (p + q)`` to ``20 (p + q)``
    pivots, each O(depth + size of the subtree moved). Memory beyond the matrix: the candidates.
    """
    similarity = np.ascontiguousarray(similarity, dtype=np.float64)
    p, q = similarity.shape
    if supply is None or demand is None:
        common = int(np.gcd(p, q))
        supply = np.full(p, q // common, dtype=np.int64)
        demand = np.full(q, p // common, dtype=np.int64)
    indptr, targets, values = _candidates(similarity)
    order = np.argsort(-values, kind="stable")
    sources = np.repeat(np.arange(p), np.diff(indptr))
    tree, flow = greedy(supply, demand, sources[order], targets[order])
    scale = float(max(similarity.max(), -similarity.min())) or 1.0
    dual = np.zeros(p + q + 1)
    pivots = _improve(similarity, indptr, targets, values, 1e-13 * scale, (tree, flow, dual))
    return _plan(similarity, supply, demand, tree[0], flow, dual, pivots)


def _plan(
    similarity: np.ndarray,
    supply: np.ndarray,
    demand: np.ndarray,
    parent: np.ndarray,
    flow: np.ndarray,
    dual: np.ndarray,
    pivots: int,
) -> TransportPlan:
    p = len(supply)
    used = np.flatnonzero(flow[:-1] > 0)
    above = parent[used]
    sources = np.where(used < p, used, above)
    targets = np.where(used < p, above, used) - p
    mass = flow[used] / supply.sum()
    value = float(similarity[sources, targets] @ mass)
    of_targets = _least_feasible(similarity, dual[:p])
    bound = (supply @ dual[:p] + demand @ of_targets) / supply.sum()
    return TransportPlan(
        sources=sources,
        targets=targets,
        mass=mass,
        value=value,
        gap=max(0.0, float(bound) - value),
        pivots=pivots,
    )


def _candidates(similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the best pairs of each row and of each column as CSR (indptr, columns, values)."""
    p, q = similarity.shape
    of_row = min(q, _CANDIDATES * max(1, q // p))
    of_column = min(p, _CANDIDATES * max(1, p // q))
    keys = [(np.arange(p)[:, None] * q + _largest(similarity, of_row)).ravel()]
    for start in range(0, q, _COLUMNS_PER_BLOCK):
        block = np.ascontiguousarray(similarity[:, start : start + _COLUMNS_PER_BLOCK].T)
        columns = np.arange(start, start + len(block))[:, None]
        keys.append((_largest(block, of_column) * q + columns).ravel())
    key = np.unique(np.concatenate(keys))
    sources, targets = np.divmod(key, q)
    indptr = np.searchsorted(sources, np.arange(p + 1))
    return indptr, targets, similarity[sources, targets]


@numba.njit(cache=True, parallel=True)
def _largest(rows: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of the k largest entries of each row, in no order."""
    n, m = rows.shape
    columns = np.empty((n, k), dtype=np.int64)
    for i in numba.prange(n):
        least = np.partition(rows[i], m - k)[m - k]
        found = 0
        for j in range(m):  # those above first, so that ties cannot push one out
            if rows[i, j] > least:
                columns[i, found] = j
                found += 1
        for j in range(m):
            if rows[i, j] == least and found < k:
                columns[i, found] = j
                found += 1
    return columns


@numba.njit(cache=True)
def _improve(
    similarity: np.ndarray,
    indptr: np.ndarray,
    targets: np.ndarray,
    values: np.ndarray,
    tolerance: float,
    state: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> int:
    """Pivot until no pair is worth more than its duals; return the number of pivots."""
    tree, flow, dual = state
    p, q = similarity.shape
    _set_duals(similarity, tree, dual)
    pivots, clean, i, everywhere = 0, 0, 0, False
    while True:
        if clean == p:
            if everywhere:
                return pivots
            everywhere, clean = True, 0
            _set_duals(similarity, tree, dual)  # rounding of many shifts is left behind
        if everywhere:
            best, j = _best_of_row(similarity[i], dual[p:])
        else:
            best, j = best_candidate(i, p, indptr, targets, values, dual)
        if best - dual[i] > tolerance:
            pivot(i, p + j, best - dual[i], p, tree, flow, dual)
            pivots += 1
            clean = 0
        else:
            clean += 1
            i = i + 1 if i + 1 < p else 0


@numba.njit(cache=True, fastmath=True)
def _best_of_row(row: np.ndarray, dual: np.ndarray) -> tuple[float, int]:
    """Return the largest similarity minus dual of a row, and where it is."""
    best = row[0] - dual[0]
    for j in range(1, len(row)):
        best = max(best, row[j] - dual[j])
    for j in range(len(row)):
        if row[j] - dual[j] == best:
            return best, j
    return best, 0


@numba.njit(cache=True)
def _set_duals(similarity: np.ndarray, tree: np.ndarray, dual: np.ndarray) -> None:
    """Set duals and depths so that every arc of the tree is tight: u_i + v_j = S_ij."""
    p, q = similarity.shape
    root = p + q
    far = 2 * np.abs(similarity).max() + 1  # a source that hangs from the root is priced out
    dual[root], tree[DEPTH, root] = 0, 0
    tree[STACK, 0], size = root, 1
    while size:
        size -= 1
        v = tree[STACK, size]
        child = tree[FIRST, v]
        while child != NONE:
            tree[DEPTH, child] = tree[DEPTH, v] + 1
            if v == root:
                dual[child] = -far
            elif child < p:
                dual[child] = similarity[child, v - p] - dual[v]
            else:
                dual[child] = similarity[v, child - p] - dual[v]
            tree[STACK, size] = child
            size += 1
            child = tree[NEXT, child]


@numba.njit(cache=True)
def _least_feasible(similarity: np.ndarray, dual: np.ndarray) -> np.ndarray:
    """Return the least target duals that cover every pair: max_i S_ij - u_i."""
    least = np.full(similarity.shape[1], -np.inf)
    for i in range(len(similarity)):
        for j in range(similarity.shape[1]):
            least[j] = max(least[j], similarity[i, j] - dual[i])
    return least
