"""How much of the responses each atom explains that no two others do."""

from __future__ import annotations

import numpy as np

from unbraid.sparse.inference._encoder import from_active
from unbraid.sparse.learning._alternating import Coded

_BLOCK = 1024  # atoms compared with all others at a time, so that m^2 numbers are never held


def left_over(coded: Coded, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return up to ``count`` residuals of unit length, drawn in proportion to squared length."""
    square = np.square(coded.residual, dtype=np.float64).sum(1)
    rows = drawn(square, count, rng)
    left = coded.residual[rows]
    return left / np.sqrt(square[rows])[:, None].astype(left.dtype)


def drawn(weight: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return up to ``count`` rows, drawn in proportion to their weight; none of those of none."""
    count = min(count, int(np.count_nonzero(weight)))
    if not count:
        return np.empty(0, np.int64)
    return rng.choice(len(weight), count, replace=False, p=weight / weight.sum())


def importance(coded: Coded, atoms: np.ndarray, signed: bool = False) -> np.ndarray:
    """Energy of each atom's codes times the squared share of it that no two others explain.

    An atom that is the sum of two others is a composition, not a feature.
    """
    z = from_active(coded.active, coded.codes, len(atoms))
    square = z.data.astype(np.float64) ** 2
    energy = np.bincount(z.indices, weights=square, minlength=len(atoms))
    return energy * unexplained_by_two(atoms, signed)


def unexplained_by_two(atoms: np.ndarray, signed: bool = False) -> np.ndarray:
    """Squared norm of what the best pair of other atoms, found greedily, leaves of each.

    The pair's weights are non-negative unless ``signed``; one atom alone where a weight is not.
    """
    m = len(atoms)
    if m < 3:
        return np.ones(m)
    left = [
        _unexplained(atoms, np.arange(start, min(m, start + _BLOCK)), signed)
        for start in range(0, m, _BLOCK)
    ]
    return np.concatenate(left)


def _unexplained(atoms: np.ndarray, rows: np.ndarray, signed: bool) -> np.ndarray:
    size = np.abs if signed else np.asarray
    at = np.arange(len(rows))
    cosine = atoms[rows] @ atoms.T
    strength = size(cosine).copy()
    strength[at, rows] = -np.inf
    first = strength.argmax(1)
    a = cosine[at, first].astype(np.float64)
    one = a if signed else np.maximum(a, 0)
    left = cosine - one[:, None].astype(cosine.dtype) * (atoms[first] @ atoms.T)
    strength = size(left)
    strength[at, rows] = strength[at, first] = -np.inf
    second = strength.argmax(1)
    b = cosine[at, second].astype(np.float64)
    c = np.einsum("ij,ij->i", atoms[first], atoms[second], dtype=np.float64)
    det = np.maximum(1 - c**2, 1e-9)
    w1, w2 = (a - b * c) / det, (b - a * c) / det
    both = 1 - (w1 * a + w2 * b)
    able = (w1 > 0) & (w2 > 0) | signed
    return np.clip(np.where(able, both, 1 - one**2), 0, 1)
