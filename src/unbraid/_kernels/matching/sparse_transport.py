"""Exact optimal transport between sparse codes: no matrix of pairs is ever stored.

The similarity of source ``i`` and target ``j`` is ``sum_t x_ti y_tj - a_i b_j``, where the sum has
terms only where both are active. Arcs are priced first among the best candidates of each unit,
then over all pairs, row by row, so that the duals prove the plan optimal over pairs that no
candidate list holds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import scipy.sparse as sp
from numba.extending import overload

from unbraid._kernels.matching.simplex import TransportPlan, best_of_row, entries, improve, worth
from unbraid._kernels.matching.spanning_tree import greedy
from unbraid._kernels.products.sparse_cross import Columns, columns_of
from unbraid._kernels.threads import in_blocks

_CANDIDATES = 24  # best partners of each unit that are priced first
_FAR = 4.0  # beyond any correlation


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


class Priced(NamedTuple):
    """All similarities, implicit, and room to price a row of them."""

    pairs: Pairs
    total: np.ndarray
    """(q,) sums over the stimuli on which each target is active with the source; 0 at rest."""
    stamp: np.ndarray
    """(q,) last source that each target was seen with; -1 at rest."""
    touched: np.ndarray


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
    candidates = _candidates(pairs)
    tree, flow, dual = state = *greedy(supply, demand, candidates), np.zeros(p + q + 1)
    room = np.zeros(q), np.full(q, -1, dtype=np.int64), np.empty(q, dtype=np.int64)
    pivots = improve(Priced(pairs, *room), candidates, 1e-13, _FAR, state)
    i, j, mass = entries(tree, flow, supply)
    value = float(mass @ [_similarity(pairs, *pair) for pair in zip(i, j, strict=True)])
    of_sources, of_targets = np.empty(p), dual[p:-1].copy()
    in_blocks(_least_feasible, p, pairs, of_targets, of_sources, least=64)
    bound = float((supply @ of_sources + demand @ of_targets) / supply.sum())
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
        in_blocks(_best_partners, rows, here, partner, value, least=256)
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
def _best_partners(start, stop, pairs, partner, value):
    """Fill the best partners of each source among those it is ever active with, best first."""
    a, b = pairs.a, pairs.b
    q, width = len(b), partner.shape[1]
    total = np.zeros(q)
    stamp = np.full(q, -1, dtype=np.int64)
    touched = np.empty(q, dtype=np.int64)
    for i in range(start, stop):
        n_touched = _fill(i, pairs.of_source, pairs.at_y, total, stamp, touched)
        for c in range(n_touched):
            j = touched[c]
            size = total[j] - a[i] * b[j]
            if pairs.absolute:
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
def _best_of_row(priced, i, price):
    """Return the largest similarity minus price over all targets, and where it is."""
    pairs, total, stamp, touched = priced
    a, b, absolute = pairs.a, pairs.b, pairs.absolute
    n_touched = _fill(i, pairs.of_source, pairs.at_y, total, stamp, touched)
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
        total[touched[c]], stamp[touched[c]] = 0.0, -1
    return best, where


@numba.njit(cache=True, nogil=True)
def _least_feasible(start, stop, pairs, price, answer):
    """Fill the least source duals that cover every pair: max_j S_ij - v_j."""
    q = len(price)
    priced = Priced(pairs, np.zeros(q), np.full(q, -1, dtype=np.int64), np.empty(q, dtype=np.int64))
    for i in range(start, stop):
        answer[i] = _best_of_row(priced, i, price)[0]


@numba.njit(cache=True, nogil=True)
def _similarity(pairs, i, j):
    start, x_row, x = pairs.of_source
    at, y_row, y = pairs.of_target
    c, c_end, d, d_end = start[i], start[i + 1], at[j], at[j + 1]
    total = -pairs.a[i] * pairs.b[j]
    while c < c_end and d < d_end:
        if x_row[c] < y_row[d]:
            c += 1
        elif x_row[c] > y_row[d]:
            d += 1
        else:
            total += x[c] * y[d]
            c += 1
            d += 1
    return abs(total) if pairs.absolute else total


def _is_priced(pairs: Any) -> bool:
    return getattr(pairs, "instance_class", None) is Priced


@overload(worth)
def _worth(pairs, i, j):  # noqa: ARG001
    if _is_priced(pairs):
        return lambda pairs, i, j: _similarity(pairs.pairs, i, j)
    return None


@overload(best_of_row)
def _best(pairs, i, price):  # noqa: ARG001
    if _is_priced(pairs):
        return lambda pairs, i, price: _best_of_row(pairs, i, price)
    return None
