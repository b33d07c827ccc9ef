"""The rooted spanning tree of the network simplex: sources, targets and one artificial root.

Nodes 0..p-1 are sources, p..p+q-1 targets, p+q the root. Every arc leads from a source to a
target; ``flow[v]`` is what the arc between ``v`` and its parent carries. The tree stays strongly
feasible (an arc without flow leads towards the root), so that degenerate pivots cannot cycle
(Cunningham 1976).
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

PARENT, FIRST, NEXT, PREVIOUS, DEPTH, STACK = range(6)  # rows of the array that holds a tree
NONE = -1  # no node


@numba.njit(cache=True, nogil=True)
def link(tree: np.ndarray, v: int, parent: int) -> None:
    """Make ``v`` the first child of ``parent``."""
    tree[PARENT, v] = parent
    tree[PREVIOUS, v] = NONE
    tree[NEXT, v] = tree[FIRST, parent]
    if tree[FIRST, parent] != NONE:
        tree[PREVIOUS, tree[FIRST, parent]] = v
    tree[FIRST, parent] = v


@numba.njit(cache=True, nogil=True)
def unlink(tree: np.ndarray, v: int) -> None:
    """Take ``v`` from its parent's children."""
    if tree[PREVIOUS, v] != NONE:
        tree[NEXT, tree[PREVIOUS, v]] = tree[NEXT, v]
    else:
        tree[FIRST, tree[PARENT, v]] = tree[NEXT, v]
    if tree[NEXT, v] != NONE:
        tree[PREVIOUS, tree[NEXT, v]] = tree[PREVIOUS, v]


def greedy(
    supply: np.ndarray,
    demand: np.ndarray,
    candidates: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return a strongly feasible tree and its flow, taking the best candidate pairs first.

    ``candidates`` are indptr, targets and values of each source's, as CSR.
    """
    indptr, targets, values = candidates
    order = np.argsort(-values, kind="stable")
    sources = np.repeat(np.arange(len(supply)), np.diff(indptr))
    return _shipped(supply, demand, sources[order], targets[order])


@numba.njit(cache=True, nogil=True)
def _shipped(
    supply: np.ndarray, demand: np.ndarray, sources: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    p, q = len(supply), len(demand)
    tree = np.full((6, p + q + 1), NONE, dtype=np.int64)
    flow = np.zeros(p + q + 1, dtype=np.int64)
    left, wanted = supply.copy(), demand.copy()
    for k in range(len(sources)):
        if left[sources[k]] > 0 and wanted[targets[k]] > 0:
            _ship(tree, flow, left, wanted, sources[k], targets[k])
    i = 0
    for j in range(q):  # what the arcs given could not serve
        while wanted[j] > 0:
            while left[i] == 0:
                i += 1
            _ship(tree, flow, left, wanted, i, j)
    for i in range(p):
        if tree[PARENT, i] == NONE:
            link(tree, i, p + q)
    return tree, flow


@numba.njit(cache=True, nogil=True)
def _ship(
    tree: np.ndarray, flow: np.ndarray, left: np.ndarray, wanted: np.ndarray, i: int, j: int
) -> None:
    """Ship all that fits; the side that is exhausted hangs from the other."""
    p = len(left)
    amount = min(left[i], wanted[j])
    left[i] -= amount
    wanted[j] -= amount
    if wanted[j] == 0:
        link(tree, p + j, i)
        flow[p + j] = amount
    else:
        link(tree, i, p + j)
        flow[i] = amount


@numba.njit(cache=True, nogil=True)
def best_candidate(
    i: int, p: int, indptr: np.ndarray, targets: np.ndarray, values: np.ndarray, dual: np.ndarray
) -> tuple[Any, Any]:
    """Return the largest value minus dual of source ``i``'s candidate targets, and its target."""
    best, j = -np.inf, 0
    for k in range(indptr[i], indptr[i + 1]):
        worth = values[k] - dual[p + targets[k]]
        if worth > best:
            best, j = worth, targets[k]
    return best, j


@numba.njit(cache=True, nogil=True)
def pivot(
    u: int, v: int, reduced: float, p: int, tree: np.ndarray, flow: np.ndarray, dual: np.ndarray
) -> None:
    """Let the arc from source ``u`` to target ``v`` enter, and the arc that blocks it leave."""
    apex = _meet(tree, u, v)
    amount, leaving, from_source = _blocking(tree, flow, u, v, apex, p)
    if amount:
        _push(tree, flow, u, apex, -amount, p)
        _push(tree, flow, v, apex, amount, p)
    top, parent = (u, v) if from_source else (v, u)
    _rehang(tree, flow, top, parent, leaving, amount)
    _shift(tree, dual, top, reduced if from_source else -reduced, p)


@numba.njit(cache=True, nogil=True)
def _meet(tree: np.ndarray, u: int, v: int) -> int:
    """Return the deepest node above both."""
    while u != v:
        if tree[DEPTH, u] >= tree[DEPTH, v]:
            u = tree[PARENT, u]
        else:
            v = tree[PARENT, v]
    return u


@numba.njit(cache=True, nogil=True)
def _blocking(
    tree: np.ndarray, flow: np.ndarray, u: int, v: int, apex: int, p: int
) -> tuple[Any, Any, bool]:
    """Return the least flow that falls on the cycle, its node, and whether it is on u's side.

    Of equal ones, the last met when the cycle is walked from the apex along the entering arc.
    """
    amount, leaving, from_source = np.int64(2**62), -1, True
    while u != apex:
        if u < p and flow[u] < amount:
            amount, leaving = flow[u], u
        u = tree[PARENT, u]
    while v != apex:
        if v >= p and flow[v] <= amount:
            amount, leaving, from_source = flow[v], v, False
        v = tree[PARENT, v]
    return amount, leaving, from_source


@numba.njit(cache=True, nogil=True)
def _push(tree: np.ndarray, flow: np.ndarray, v: int, apex: int, amount: int, p: int) -> None:
    """Add ``amount`` to the arcs that leave a source on the way up, and take it from the others."""
    while v != apex:
        flow[v] += amount if v < p else -amount
        v = tree[PARENT, v]


@numba.njit(cache=True, nogil=True)
def _rehang(
    tree: np.ndarray, flow: np.ndarray, top: int, parent: int, leaving: int, amount: int
) -> None:
    """Turn the path from ``top`` to ``leaving`` upside down and hang it from ``parent``."""
    v = top
    while True:
        above, carried = tree[PARENT, v], flow[v]
        unlink(tree, v)
        link(tree, v, parent)
        flow[v] = amount
        if v == leaving:
            return
        parent, amount, v = v, carried, above


@numba.njit(cache=True, nogil=True)
def _shift(tree: np.ndarray, dual: np.ndarray, top: int, change: float, p: int) -> None:
    """Move the duals below ``top`` so that its new arc is tight, and set their depths."""
    tree[DEPTH, top] = tree[DEPTH, tree[PARENT, top]] + 1
    tree[STACK, 0], size = top, 1
    while size:
        size -= 1
        v = tree[STACK, size]
        dual[v] += change if v < p else -change
        child = tree[FIRST, v]
        while child != NONE:
            tree[DEPTH, child] = tree[DEPTH, v] + 1
            tree[STACK, size] = child
            size += 1
            child = tree[NEXT, child]
