"""Best source of each target for large dense systems: float32 search, float64 decision."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._kernels.device import product
from unbraid._kernels.matching.dense_search import near_best, rounding
from unbraid.align.matching.solvers._marginals import TIE, MatchedSide

_BLOCK = 2.0**26  # bytes of cross-products held at once


def best_sources(
    x: MatchedSide,
    y: MatchedSide,
    rows: list[np.ndarray],
    scored: np.ndarray,
    n_plans: int,
    absolute: bool,
    device: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best source of each target (n_plans, q), -1 if not scored, and its sign."""
    n, p = x.values.shape
    unit_x, unit_y = (np.sqrt(side.squares.sum(axis=0) / n) for side in (x, y))
    unit_x, unit_y = np.where(unit_x > 0, unit_x, 1.0), np.where(unit_y > 0, unit_y, 1.0)
    folds = [_in_units(x.values, r, np.arange(p), unit_x) for r in rows]
    best = np.full((n_plans, len(scored)), -1)
    targets = np.flatnonzero(scored)
    step = max(64, int(_BLOCK / (4 * p * (len(rows) + 1))))
    bound = rounding(max(len(r) for r in rows))
    room = np.empty((len(rows) + 1, p * min(step, len(targets))), np.float32)
    for start in range(0, len(targets), step):
        block = targets[start : start + step]
        of_y = unit_y[block]
        total, *parts = room[:, : p * len(block)].reshape(-1, p, len(block))
        total[:] = 0
        for part, f, r in zip(parts, folds, rows, strict=True):
            total += product(f.T, _in_units(y.values, r, block, of_y), device, out=part)
        nothing = np.broadcast_to(np.float32(0), total.shape)
        for plan in range(n_plans):
            fold = plan if plan < len(rows) else -1
            size = x.of.count[fold]
            inverse = np.nan_to_num(unit_x / (x.of.scale[fold] * size))
            # |x_i| |y_j| over all stimuli is n in these units: the error is at most bound * n
            slack = np.full(len(block), 2 * bound * n * inverse.max())
            means = x.of.mean[fold] / unit_x * size, y.of.mean[fold, block] / of_y
            part = parts[fold] if fold >= 0 else nothing
            first, count = near_best(total, part, means, inverse, slack, absolute)
            train = np.concatenate([r for f, r in enumerate(rows) if f != fold])
            for c in np.flatnonzero(count > 1):
                r = (total[:, c] - part[:, c] - means[0] * means[1][c]) * inverse
                r = np.where(inverse > 0, np.abs(r) if absolute else r, -np.inf)
                close = np.flatnonzero(r >= r.max() - 2 * slack[c])
                exact = _exact(x, y.values[train, block[c]], train, fold, close)
                exact = np.abs(exact) if absolute else exact
                first[c] = close[(exact >= exact.max() - TIE).argmax()]
            best[plan, block] = first
    return best, _signs(x, y, rows, best) if absolute else np.ones(best.shape)


def _in_units(values: np.ndarray, rows: np.ndarray, columns, unit: np.ndarray) -> np.ndarray:
    if columns[-1] - columns[0] + 1 == len(columns):  # neighbours are quicker to copy
        columns = slice(columns[0], columns[-1] + 1)
    part = values[rows, columns] if isinstance(columns, slice) else values[np.ix_(rows, columns)]
    return np.divide(part, unit, out=np.empty(part.shape, np.float32), casting="same_kind")


def _exact(x: MatchedSide, target: np.ndarray, train: np.ndarray, fold: int, sources: np.ndarray):
    """Return the float64 correlations of a few sources with one target."""
    own = x.values[np.ix_(train, sources)] - x.of.mean[fold, sources]
    r = (target - target.mean()) @ own / x.of.scale[fold, sources]
    return r / (len(train) * target.std())


def _signs(x: MatchedSide, y: MatchedSide, rows: list[np.ndarray], best: np.ndarray) -> np.ndarray:
    signs = np.ones(best.shape)
    for plan in range(len(best)):
        has = best[plan] >= 0
        train = np.concatenate([r for f, r in enumerate(rows) if f != plan or plan == len(rows)])
        fold = plan if plan < len(rows) else -1
        a = x.values[np.ix_(train, best[plan, has])] - x.of.mean[fold, best[plan, has]]
        b = y.values[np.ix_(train, np.flatnonzero(has))] - y.of.mean[fold, has]
        signs[plan, has] = np.where(np.einsum("tj,tj->j", a, b) < 0, -1.0, 1.0)
    return signs
