"""Exact optimal transport between sparse codes: no matrix of pairs is ever stored.

The similarity of source ``i`` and target ``j`` is ``sum_t x_ti y_tj - a_i b_j``, where the sum has
terms only where both are active. Arcs are priced first among the best candidates of each unit,
then over all pairs, row by row, so that the duals prove the plan optimal over pairs that no
candidate list holds.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import scipy.sparse as sp

from unbraid._kernels.network_simplex import TransportPlan
from unbraid._kernels.spanning_tree import DEPTH, FIRST, NEXT, STACK, best_candidate, greedy, pivot
from unbraid._kernels.sparse_cross import Columns, columns_of
from unbraid._kernels.threads import in_blocks

_CANDIDATES = 24  # best partners of each unit that are priced first


class Pairs(NamedTuple):
    """All similarities, implicit."""

    of_source: Columns
    """Stimuli on which each source is active."""
    at_y: Columns
    """Targets active on each stimulus (the rows of ``y``)."""
    of_target: Columns
    at_x: Columns
    a: np.ndarray
    b: np.ndarray
    absolute: bool


def pairs_of(
    x: sp.csr_array, y: sp.csr_array, a: np.ndarray, b: np.ndarray, absolute: bool = False
) -> Pairs:
    """Describe the similarities ``x.T @ y - outer(a, b)``, or their magnitudes."""
    return Pairs(columns_of(x), _rows_of(y), columns_of(y), _rows_of(x), a, b, absolute)


def _rows_of(values: sp.csr_array) -> Columns:
    indices = values.indices.astype(np.int32, copy=False)
    return Columns(values.indptr.astype(np.int64), indices, values.data)


def transport(pairs: Pairs, supply: np.ndarray, demand: np.ndarray) -> TransportPlan:
    """Plan that maximises the total similarity, for integer marginals of equal sum.

    Cost: O(p q) time for the last pass over all pairs, O(p + q + stored values) memory.
    """
    p, q = len(supply), len(demand)
    indptr, targets, values = _candidates(pairs)
    order = np.argsort(-values, kind="stable")
    sources = np.repeat(np.arange(p), np.diff(indptr))
    tree, flow = greedy(supply, demand, sources[order], targets[order])
    dual = np.zeros(p + q + 1)
    of_x, at_y, of_y = tuple(pairs.of_source), tuple(pairs.at_y), tuple(pairs.of_target)
    rest = pairs.a, pairs.b, pairs.absolute
    pivots = _improve(of_x, at_y, of_y, *rest, indptr, targets, values, 1e-13, (tree, flow, dual))
    used = np.flatnonzero(flow[:-1] > 0)
    above = tree[0][used]
    i, j = np.where(used < p, used, above), np.where(used < p, above, used) - p
    mass = flow[used] / supply.sum()
    value = float(mass @ [_similarity(*pair, of_x, of_y, *rest) for pair in zip(i, j, strict=True)])
    of_sources = np.empty(p)
    in_blocks(_least_feasible, p, of_x, at_y, *rest, dual[p:-1].copy(), of_sources, least=64)
    bound = float((supply @ of_sources + demand @ dual[p:-1]) / supply.sum())
    return TransportPlan(
        sources=i, targets=j, mass=mass, value=value, gap=max(0.0, bound - value), pivots=pivots
    )


def _candidates(pairs: Pairs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the best pairs of each source and of each target as CSR."""
    p, q = len(pairs.a), len(pairs.b)
    keys, found = [], []
    for turned in (False, True):
        here = _turned(pairs) if turned else pairs
        rows, columns = (q, p) if turned else (p, q)
        width = min(columns, _CANDIDATES * max(1, columns // rows))
        partner = np.full((rows, width), -1, dtype=np.int64)
        value = np.full((rows, width), -np.inf)
        in_blocks(
            _best_partners, rows, tuple(here.of_source), tuple(here.at_y), here.a, here.b,
            here.absolute, partner, value, least=256,
        )  # fmt: skip
        own, slot = np.nonzero(partner >= 0)
        other = partner[own, slot]
        keys.append(other * q + own if turned else own * q + other)
        found.append(value[own, slot])
    key, first = np.unique(np.concatenate(keys), return_index=True)
    sources, targets = np.divmod(key, q)
    indptr = np.searchsorted(sources, np.arange(p + 1))
    return indptr, targets, np.concatenate(found)[first]


def _turned(pairs: Pairs) -> Pairs:
    return Pairs(pairs.of_target, pairs.at_x, pairs.of_source, pairs.at_y, pairs.b, pairs.a,
                 pairs.absolute)  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _fill(i, of_source, at_y, total, stamp, touched):
    """Add up ``sum_t x_ti y_tj`` for every target active with source i; return their number."""
    start, rows, x = of_source
    at, columns, y = at_y
    n_touched = 0
    for e in range(start[i], start[i + 1]):
        for g in range(at[rows[e]], at[rows[e] + 1]):
            j = columns[g]
            if stamp[j] != i:
                stamp[j] = i
                touched[n_touched] = j
                n_touched += 1
                total[j] = 0.0
            total[j] += x[e] * y[g]
    return n_touched


@numba.njit(cache=True, nogil=True)
def _best_partners(start, stop, of_source, at_y, a, b, absolute, partner, value):
    """Fill the best partners of each source among those it is ever active with, best first."""
    q, width = len(b), partner.shape[1]
    total = np.zeros(q)
    stamp = np.full(q, -1, dtype=np.int64)
    touched = np.empty(q, dtype=np.int64)
    for i in range(start, stop):
        n_touched = _fill(i, of_source, at_y, total, stamp, touched)
        for c in range(n_touched):
            j = touched[c]
            size = total[j] - a[i] * b[j]
            if absolute:
                size = abs(size)
            if size <= value[i, width - 1]:
                continue
            slot = width - 1
            while slot > 0 and value[i, slot - 1] < size:
                value[i, slot], partner[i, slot] = value[i, slot - 1], partner[i, slot - 1]
                slot -= 1
            value[i, slot], partner[i, slot] = size, j


@numba.njit(cache=True, nogil=True, fastmath=True)
def _largest_worth(a_i, absolute, total, b, price):
    best = -np.inf
    if absolute:
        for j in range(len(b)):
            best = max(best, abs(total[j] - a_i * b[j]) - price[j])
    else:
        for j in range(len(b)):
            best = max(best, total[j] - a_i * b[j] - price[j])
    return best


@numba.njit(cache=True, nogil=True)
def _best_of_row(i, of_source, at_y, a, b, absolute, price, total, stamp, touched):
    """Return the largest similarity minus price over all targets, and where it is."""
    n_touched = _fill(i, of_source, at_y, total, stamp, touched)
    best = _largest_worth(a[i], absolute, total, b, price)
    where, nearest = 0, np.inf
    for j in range(len(price)):
        worth = total[j] - a[i] * b[j]
        worth = (abs(worth) if absolute else worth) - price[j]
        if best - worth < nearest:
            nearest, where = best - worth, j
            if nearest <= 0:
                break
    for c in range(n_touched):
        total[touched[c]] = 0.0
    return best, where


@numba.njit(cache=True, nogil=True)
def _least_feasible(start, stop, of_source, at_y, a, b, absolute, price, answer):
    """Fill the least source duals that cover every pair: max_j S_ij - v_j."""
    q = len(price)
    total, stamp = np.zeros(q), np.full(q, -1, dtype=np.int64)
    touched = np.empty(q, dtype=np.int64)
    for i in range(start, stop):
        answer[i] = _best_of_row(i, of_source, at_y, a, b, absolute, price, total, stamp, touched)[
            0
        ]


@numba.njit(cache=True)
def _similarity(i, j, of_source, of_target, a, b, absolute):
    start, x_row, x = of_source
    at, y_row, y = of_target
    c, c_end, d, d_end = start[i], start[i + 1], at[j], at[j + 1]
    total = -a[i] * b[j]
    while c < c_end and d < d_end:
        if x_row[c] < y_row[d]:
            c += 1
        elif x_row[c] > y_row[d]:
            d += 1
        else:
            total += x[c] * y[d]
            c += 1
            d += 1
    return abs(total) if absolute else total


@numba.njit(cache=True)
def _improve(of_source, at_y, of_target, a, b, absolute, indptr, targets, values, tolerance, state):
    """Pivot until no pair is worth more than its duals; return the number of pivots."""
    tree, flow, dual = state
    p, q = len(a), len(b)
    total, stamp = np.zeros(q), np.full(q, -1, dtype=np.int64)
    touched = np.empty(q, dtype=np.int64)
    _set_duals(of_source, of_target, a, b, absolute, tree, dual)
    pivots, clean, i, everywhere = 0, 0, 0, False
    while True:
        if clean == p:
            if everywhere:
                return pivots
            everywhere, clean = True, 0
            stamp[:] = -1
            _set_duals(
                of_source, of_target, a, b, absolute, tree, dual
            )  # rounding of many shifts is left behind
        if everywhere:
            stamp[:] = -1
            best, j = _best_of_row(
                i, of_source, at_y, a, b, absolute, dual[p : p + q], total, stamp, touched
            )
        else:
            best, j = best_candidate(i, p, indptr, targets, values, dual)
        if best - dual[i] > tolerance:
            pivot(i, p + j, best - dual[i], p, tree, flow, dual)
            pivots += 1
            clean = 0
        else:
            clean += 1
            i = i + 1 if i + 1 < p else 0


@numba.njit(cache=True)
def _set_duals(of_source, of_target, a, b, absolute, tree, dual):
    """Set duals and depths so that every arc of the tree is tight: u_i + v_j = S_ij."""
    p, q = len(a), len(b)
    root = p + q
    dual[root], tree[DEPTH, root] = 0, 0
    tree[STACK, 0], size = root, 1
    while size:
        size -= 1
        v = tree[STACK, size]
        child = tree[FIRST, v]
        while child >= 0:
            tree[DEPTH, child] = tree[DEPTH, v] + 1
            if v == root:
                dual[child] = -4.0  # a source that hangs from the root is priced out
            elif child < p:
                dual[child] = (
                    _similarity(child, v - p, of_source, of_target, a, b, absolute) - dual[v]
                )
            else:
                dual[child] = (
                    _similarity(v, child - p, of_source, of_target, a, b, absolute) - dual[v]
                )
            tree[STACK, size] = child
            size += 1
            child = tree[NEXT, child]
