"""Deletion losses of matchings, stimulus by stimulus, for dense responses and for codes.

A plan is given by the arrays of a CSC matrix: indptr, sources and weights.
"""

from __future__ import annotations

import numba
import numpy as np

from unbraid._kernels.statistics.deletion import LEFT


@numba.njit(cache=True, nogil=True)
def _loss(totals, j, product, of_x, of_y):
    left_x, left_y = totals.of_x[j] - of_x, totals.of_y[j] - of_y
    r = 0.0
    if left_x > LEFT * totals.of_x[j] and left_y > LEFT * totals.of_y[j]:
        r = (totals.products[j] - product) / np.sqrt(left_x * left_y)
        r = min(1.0, max(-1.0, r))
    return totals.weight[j] * (totals.r[j] - r)


@numba.njit(cache=True, nogil=True)
def _parts(a, b, plan, t, j):
    """Return what a stimulus adds to a target's product, the sources' square and its own."""
    indptr, sources, weights = plan
    carried, square = 0.0, 0.0
    for e in range(indptr[j], indptr[j + 1]):
        value = a[t, sources[e]]
        carried += weights[e] * value
        square += abs(weights[e]) * value * value
    return carried * b[t, j], square, b[t, j] * b[t, j]


@numba.njit(cache=True, nogil=True)
def dense_losses(a, b, plan, totals, answer):
    """Add to ``answer`` (rows,) the losses of standardised responses ``a`` and ``b``."""
    matched = np.diff(plan[0]) > 0
    for t in range(len(a)):
        for j in range(b.shape[1]):
            if matched[j] and totals.weight[j] != 0:
                product, of_x, of_y = _parts(a, b, plan, t, j)
                answer[t] += _loss(totals, j, product, of_x, of_y)


@numba.njit(cache=True, nogil=True)
def dense_sums(a, b, plan, number, sums):
    """Add to ``sums`` the parts of standardised responses ``a`` and ``b`` in blocks ``number``."""
    matched = np.diff(plan[0]) > 0
    for t in range(len(a)):
        for j in range(b.shape[1]):
            if matched[j]:
                product, of_x, of_y = _parts(a, b, plan, t, j)
                sums.products[number[t], j] += product
                sums.of_x[number[t], j] += of_x
                sums.of_y[number[t], j] += of_y


@numba.njit(cache=True, nogil=True)
def sparse_losses(x, y, marginals, plan, in_fold, totals, answer):
    """Add to ``answer`` (n,) the losses of one fold's stimuli, visiting active entries only.

    ``marginals`` are the means and inverse scales of both sides; a stimulus on which neither a
    target nor its sources are active loses the same as any other such stimulus.
    """
    scratch = _scratch(len(in_fold))
    silent = 0.0
    for j in range(len(plan[0]) - 1):
        if plan[0][j] == plan[0][j + 1] or totals.weight[j] == 0:
            continue
        base = _gather(x, y, marginals, plan, in_fold, j, scratch)
        touched, _, count, carried, square, target = scratch
        common = _loss(totals, j, base[0] * base[2], base[1], base[2] * base[2])
        silent += common
        for at in range(count[0]):
            t = touched[at]
            product = (base[0] + carried[t]) * (base[2] + target[t])
            own = (base[2] + target[t]) ** 2
            answer[t] += _loss(totals, j, product, base[1] + square[t], own) - common
    for t in range(len(in_fold)):
        if in_fold[t]:
            answer[t] += silent


@numba.njit(cache=True, nogil=True)
def sparse_sums(x, y, marginals, plan, in_fold, number, sums):
    """Add to ``sums`` the parts of one fold's stimuli in blocks ``number`` (n,)."""
    scratch = _scratch(len(in_fold))
    size = np.zeros(len(sums.products))
    for t in range(len(in_fold)):
        size[number[t]] += in_fold[t]
    for j in range(len(plan[0]) - 1):
        if plan[0][j] == plan[0][j + 1]:
            continue
        base = _gather(x, y, marginals, plan, in_fold, j, scratch)
        touched, _, count, carried, square, target = scratch
        for g in range(len(size)):
            sums.products[g, j] += size[g] * base[0] * base[2]
            sums.of_x[g, j] += size[g] * base[1]
            sums.of_y[g, j] += size[g] * base[2] * base[2]
        for at in range(count[0]):
            t = touched[at]
            g = number[t]
            b = base[2] + target[t]
            sums.products[g, j] += (base[0] + carried[t]) * b - base[0] * base[2]
            sums.of_x[g, j] += square[t]
            sums.of_y[g, j] += b * b - base[2] * base[2]


@numba.njit(cache=True, nogil=True)
def _scratch(n):
    return (
        np.empty(n, dtype=np.int64), np.full(n, -1), np.zeros(1, dtype=np.int64),
        np.zeros(n), np.zeros(n), np.zeros(n),
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _touch(scratch, t, j):
    touched, stamp, count, carried, square, target = scratch
    if stamp[t] != j:
        stamp[t] = j
        touched[count[0]] = t
        count[0] += 1
        carried[t], square[t], target[t] = 0.0, 0.0, 0.0


@numba.njit(cache=True, nogil=True)
def _gather(x, y, marginals, plan, in_fold, j, scratch):
    """Collect the active entries of a target and its sources; return what silence stands for."""
    mean_x, inverse_x, mean_y, inverse_y = marginals
    indptr, sources, weights = plan
    _, _, count, carried, square, target = scratch
    count[0] = 0
    of_x, of_square = 0.0, 0.0
    for e in range(indptr[j], indptr[j + 1]):
        i, weight = sources[e], weights[e]
        still = -mean_x[i] * inverse_x[i]
        of_x += weight * still
        of_square += abs(weight) * still * still
        for at in range(x.indptr[i], x.indptr[i + 1]):
            t = x.rows[at]
            if in_fold[t]:
                _touch(scratch, t, j)
                value = (x.data[at] - mean_x[i]) * inverse_x[i]
                carried[t] += weight * (value - still)
                square[t] += abs(weight) * (value * value - still * still)
    for at in range(y.indptr[j], y.indptr[j + 1]):
        t = y.rows[at]
        if in_fold[t]:
            _touch(scratch, t, j)
            target[t] = y.data[at] * inverse_y[j]
    return of_x, of_square, -mean_y[j] * inverse_y[j]
