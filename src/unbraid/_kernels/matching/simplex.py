"""The loop of the network simplex, for any way to tell what a pair is worth.

A kernel describes its pairs by a named tuple and overloads ``worth`` and ``best_of_row`` for it:
stored or computed, the pairs are priced, and the tree is changed, by the same lines. The two bodies
here are only names for numba to overload, and never run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from unbraid._kernels.matching.spanning_tree import (
    DEPTH,
    FIRST,
    NEXT,
    NONE,
    PARENT,
    STACK,
    best_candidate,
    pivot,
)


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


def worth(pairs: Any, i: int, j: int) -> float:
    """Return the similarity of source ``i`` and target ``j``."""
    raise NotImplementedError


def best_of_row(pairs: Any, i: int, price: np.ndarray) -> tuple[float, int]:
    """Return the largest similarity of source ``i`` minus price, and its target."""
    raise NotImplementedError


@numba.njit(cache=True, nogil=True)
def improve(
    pairs: Any,
    candidates: tuple[np.ndarray, np.ndarray, np.ndarray],
    tolerance: float,
    far: float,
    state: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> int:
    """Pivot until no pair is worth more than its duals; return the number of pivots.

    First among the ``candidates`` (indptr, targets, values) of each source, then over all pairs.
    """
    tree, flow, dual = state
    indptr, targets, values = candidates
    p = len(indptr) - 1
    price = dual[p:-1]
    _set_duals(pairs, p, far, tree, dual)
    pivots, clean, i, everywhere = 0, 0, 0, False
    while True:
        if clean == p:
            if everywhere:
                return pivots
            everywhere, clean = True, 0
            _set_duals(pairs, p, far, tree, dual)  # rounding of many shifts is left behind
        if everywhere:
            best, j = best_of_row(pairs, i, price)
        else:
            best, j = best_candidate(i, p, indptr, targets, values, dual)
        if best - dual[i] > tolerance:
            pivot(i, p + j, best - dual[i], p, tree, flow, dual)
            pivots += 1
            clean = 0
        else:
            clean += 1
            i = i + 1 if i + 1 < p else 0


@numba.njit(cache=True, nogil=True)
def _set_duals(pairs: Any, p: int, far: float, tree: np.ndarray, dual: np.ndarray) -> None:
    """Set duals and depths so that every arc of the tree is tight: u_i + v_j = S_ij.

    A source that hangs from the root is priced out by ``far``.
    """
    root = len(dual) - 1
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
                dual[child] = worth(pairs, child, v - p) - dual[v]
            else:
                dual[child] = worth(pairs, v, child - p) - dual[v]
            tree[STACK, size] = child
            size += 1
            child = tree[NEXT, child]


def entries(
    tree: np.ndarray, flow: np.ndarray, supply: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return source, target and mass of each arc that carries any; masses sum to 1."""
    p = len(supply)
    used = np.flatnonzero(flow[:-1] > 0)
    above = tree[PARENT][used]
    sources, targets = np.where(used < p, used, above), np.where(used < p, above, used) - p
    return sources, targets, flow[used] / supply.sum()
