"""Exact optimal transport between few and many units, with the proof of its optimality.

A network simplex on integer flows. Arcs are priced first among the best candidates of each row
and column, then over all pairs, so that the dense matrix is read a few times and never copied.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numba.extending import overload

from unbraid._kernels.matching.simplex import TransportPlan, best_of_row, entries, improve, worth
from unbraid._kernels.matching.spanning_tree import greedy
from unbraid._kernels.threads import in_blocks

_CANDIDATES = 24  # best partners of each row and column that are priced first
_ROWS_PER_THREAD = 64  # of which the best partners are sought
_COLUMNS_PER_BLOCK = 1024  # copied at a time: a block of 4,096 rows takes 32 MiB


class Stored(NamedTuple):
    """All similarities, in one matrix (p, q)."""

    similarity: np.ndarray


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
    candidates = _candidates(similarity)
    state = *greedy(supply, demand, candidates), np.zeros(p + q + 1)
    scale = float(max(similarity.max(), -similarity.min()))
    far = 2 * scale + 1
    pivots = improve(Stored(similarity), candidates, 1e-13 * (scale or 1.0), far, state)
    return _plan(similarity, supply, demand, state, pivots)


def _plan(
    similarity: np.ndarray,
    supply: np.ndarray,
    demand: np.ndarray,
    state: tuple[np.ndarray, np.ndarray, np.ndarray],
    pivots: int,
) -> TransportPlan:
    tree, flow, dual = state
    sources, targets, mass = entries(tree, flow, supply)
    value = float(similarity[sources, targets] @ mass)
    of_sources = dual[: len(supply)]
    of_targets = _least_feasible(similarity, of_sources)
    bound = (supply @ of_sources + demand @ of_targets) / supply.sum()
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


def _largest(rows: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of the k largest entries of each row, in no order."""
    columns = np.empty((len(rows), k), dtype=np.int64)
    in_blocks(_fill_largest, len(rows), rows, columns, least=_ROWS_PER_THREAD)
    return columns


@numba.njit(cache=True, nogil=True)
def _fill_largest(start: int, stop: int, rows: np.ndarray, columns: np.ndarray) -> None:
    m, k = rows.shape[1], columns.shape[1]
    for i in range(start, stop):
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


@numba.njit(cache=True, fastmath=True, nogil=True)
def _best_of_row(row: np.ndarray, dual: np.ndarray) -> tuple[float, int]:
    """Return the largest similarity minus dual of a row, and where it is."""
    best = row[0] - dual[0]
    for j in range(1, len(row)):
        best = max(best, row[j] - dual[j])
    for j in range(len(row)):
        if row[j] - dual[j] == best:
            return best, j
    return best, 0


def _is_stored(pairs: Any) -> bool:
    return getattr(pairs, "instance_class", None) is Stored


@overload(worth)
def _worth(pairs, i, j):  # noqa: ARG001
    if _is_stored(pairs):
        return lambda pairs, i, j: pairs.similarity[i, j]
    return None


@overload(best_of_row)
def _best(pairs, i, price):  # noqa: ARG001
    if _is_stored(pairs):
        return lambda pairs, i, price: _best_of_row(pairs.similarity[i], price)
    return None


@numba.njit(cache=True, nogil=True)
def _least_feasible(similarity: np.ndarray, dual: np.ndarray) -> np.ndarray:
    """Return the least target duals that cover every pair: max_i S_ij - u_i."""
    least = np.full(similarity.shape[1], -np.inf)
    for i in range(len(similarity)):
        for j in range(similarity.shape[1]):
            least[j] = max(least[j], similarity[i, j] - dual[i])
    return least
