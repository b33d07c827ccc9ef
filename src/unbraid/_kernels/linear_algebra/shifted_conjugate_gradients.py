"""Conjugate gradients for many shifts of one operator at once, for the cost of the slowest.

All systems ``(A + s I) z = b`` span the same Krylov spaces and their residuals are parallel, so
that one sequence of products with ``A`` serves every shift (Frommer 2003; Jegerlehner 1996).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Solved:
    """What was asked of the solutions, and how well they solve their systems."""

    seen: np.ndarray
    """(S, m, q) ``see(z)`` for each shift."""
    residual: np.ndarray
    """(S, q) norm of ``b - (A + s I) z`` over that of ``b``; 0 where ``b`` is 0."""
    n_steps: int


def shifted_solves(
    apply: Callable[[np.ndarray], np.ndarray],
    see: Callable[[np.ndarray], np.ndarray],
    right: np.ndarray,
    shifts: np.ndarray,
    tolerance: float,
    max_steps: int,
) -> Solved:
    """Solve ``(A + shifts[k, j] I) z = right[:, j]`` for every k and j; return ``see(z)``.

    ``apply(v)`` is ``A v`` for positive semidefinite ``A``, ``see`` any linear map of solutions;
    both take (n, q) columns. Shifts (S, q) are positive. A system is left alone once its relative
    residual is at most ``tolerance``. Cost: two products and a ``see`` a step; memory
    ``2 S m q``.
    """
    n_shifts, q = shifts.shape
    base = shifts.min(axis=0)
    extra = shifts - base
    residual, direction = right.copy(), right.copy()
    size = np.einsum("tj,tj->j", right, right)
    norm = np.sqrt(size)
    ways = np.repeat(see(right)[None], n_shifts, axis=0)
    seen = np.zeros_like(ways)
    ratio, ratio_before = np.ones((2, n_shifts, q))  # residual of each shift over the base's
    step_before, turn_before = np.ones(q), np.zeros(q)
    n_steps = 0
    while n_steps < max_steps:
        left = np.abs(ratio) * np.sqrt(size) > tolerance * norm
        moving = left.any(axis=0)
        if not moving.any():
            break
        product = apply(direction) + base * direction
        curvature = np.einsum("tj,tj->j", direction, product)
        moving &= curvature > 0
        step = np.where(moving, size, 0.0) / np.where(moving, curvature, 1.0)
        below = step * turn_before * (ratio_before - ratio)
        below += ratio_before * step_before * (1 + extra * step)
        follows = left & moving & (below != 0)
        next_ratio = np.where(
            follows, ratio * ratio_before * step_before / np.where(follows, below, 1.0), ratio
        )
        change = np.where(follows, next_ratio / np.where(follows, ratio, 1.0), 0.0)
        residual -= step * product
        new_size = np.einsum("tj,tj->j", residual, residual)
        turn = np.where(moving, new_size / np.where(size > 0, size, 1.0), 0.0)
        seen_residual = see(residual)
        for k in np.flatnonzero(follows.any(axis=1)):
            seen[k] += step * change[k] * ways[k]
            ways[k] *= turn * change[k] ** 2
            ways[k] += next_ratio[k] * seen_residual
        direction *= turn
        direction += residual
        ratio_before = np.where(follows, ratio, ratio_before)
        ratio = next_ratio
        step_before = np.where(moving, step, step_before)
        turn_before, size = turn, np.where(moving, new_size, size)
        n_steps += 1
        if not moving.any():
            break
    left_over = np.abs(ratio) * np.sqrt(size) / np.where(norm > 0, norm, 1.0)
    return Solved(seen, left_over, n_steps)
