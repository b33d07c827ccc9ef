"""Best source of each target for large dense systems: float32 search, float64 decision."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._kernels.dense_search import near_best, rounding
from unbraid.align._marginals import Marginals

_BLOCK = 2.0**26  # bytes of cross-products held at once


def best_sources(
    x: np.ndarray,
    y: np.ndarray,
    rows: list[np.ndarray],
    of: tuple[Marginals, Marginals],
    scored: np.ndarray,
    n_plans: int,
    absolute: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best source of each target (n_plans, q), -1 if not scored, and its sign."""
    of_x, of_y = of
    n, p = x.shape
    unit_x, unit_y = (np.sqrt(np.einsum("tj,tj->j", v, v) / n) for v in (x, y))
    unit_x, unit_y = np.where(unit_x > 0, unit_x, 1.0), np.where(unit_y > 0, unit_y, 1.0)
    folds = [np.asarray(x[r] / unit_x, dtype=np.float32) for r in rows]
    best = np.full((n_plans, y.shape[1]), -1)
    targets = np.flatnonzero(scored)
    step = max(64, int(_BLOCK / (4 * p * (len(rows) + 1))))
    bound = rounding(max(len(r) for r in rows))
    for start in range(0, len(targets), step):
        block = targets[start : start + step]
        scaled = y[:, block] / unit_y[block]
        parts = [f.T @ scaled[r].astype(np.float32) for f, r in zip(folds, rows, strict=True)]
        total = np.sum(parts, axis=0)
        nothing = np.broadcast_to(np.float32(0), total.shape)
        for plan in range(n_plans):
            fold = plan if plan < len(rows) else -1
            size = of_x.count[fold]
            scale = of_x.scale[fold] / unit_x
            inverse = np.nan_to_num(1 / (scale * size))
            # |x_i| |y_j| over all stimuli is n in these units: the error is at most bound * n
            slack = np.full(len(block), 2 * bound * n * inverse.max())
            means = of_x.mean[fold] / unit_x * size, of_y.mean[fold, block] / unit_y[block]
            part = parts[fold] if fold >= 0 else nothing
            first, count = near_best(total, part, means, inverse, slack, absolute)
            for c in np.flatnonzero(count > 1):
                r = (total[:, c] - part[:, c] - means[0] * means[1][c]) * inverse
                r = np.where(inverse > 0, np.abs(r) if absolute else r, -np.inf)
                close = np.flatnonzero(r >= r.max() - 2 * slack[c])
                train = np.concatenate([r for f, r in enumerate(rows) if f != fold])
                exact = _exact(x[train], y[train, block[c]], of_x, fold, close)
                first[c] = close[(np.abs(exact) if absolute else exact).argmax()]
            best[plan, block] = first
    return best, _signs(x, y, rows, of, best) if absolute else np.ones(best.shape)


def _exact(x, target, of_x, fold, sources):
    """Return the float64 correlation of a few sources with one target, up to its scale."""
    own = x[:, sources] - of_x.mean[fold, sources]
    return (target - target.mean()) @ own / of_x.scale[fold, sources]


def _signs(x, y, rows, of, best) -> Any:
    signs = np.ones(best.shape)
    for plan in range(len(best)):
        has = best[plan] >= 0
        train = np.concatenate([r for f, r in enumerate(rows) if f != plan or plan == len(rows)])
        fold = plan if plan < len(rows) else -1
        a = x[np.ix_(train, best[plan, has])] - of[0].mean[fold, best[plan, has]]
        b = y[np.ix_(train, np.flatnonzero(has))] - of[1].mean[fold, has]
        signs[plan, has] = np.where(np.einsum("tj,tj->j", a, b) < 0, -1.0, 1.0)
    return signs
