"""Atoms that turns alone never find: grown from what is left over, pruned by their worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from unbraid.sparse.inference._encoder import from_active
from unbraid.sparse.learning._alternating import Turn, alternate, code

_GROWN = 0.15  # share of the atoms tried anew in a cycle
_TURNS_WIDE = 3  # turns that the new atoms have to become useful
_PERFECT = 1e-9  # error relative to the variance at which nothing is left to explain
_BETTER = 0.999
_BLOCK = 1024


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """How a dictionary of fixed width is searched for better atoms."""

    k: int
    cycles: int = 20
    patience: int = 4
    """Cycles without gain after which the search ends."""
    learn_offset: bool = True
    signed: bool = False


def renew(
    x: np.ndarray,
    atoms: np.ndarray,
    offset: np.ndarray,
    plan: Renewal,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return atoms, as many as given, and an offset with no larger error on ``x``.

    Turns of coding and least squares end where some atoms stand for two features and others for
    none. Each cycle adds what is left of badly explained stimuli as atoms, gives them a few turns,
    and lets the most useful of all stay, as many as there were; what it found is kept only if the
    error fell. Atoms are so judged one by one, however many change.
    """
    m = len(atoms)
    best = code(x, atoms, offset, plan.k, signed=plan.signed)
    enough = _PERFECT * float(np.square(x - x.mean(0), dtype=np.float64).sum())
    turns = partial(alternate, x, k=plan.k, learn_offset=plan.learn_offset, signed=plan.signed)
    fails = 0
    for _ in range(plan.cycles):
        if best.error <= enough or fails >= plan.patience:
            break
        wide = np.concatenate([atoms, left_over(best, grown(m), rng)])
        wide, shift = turns(wide, offset, turns=_TURNS_WIDE)
        turn = code(x, wide, shift, plan.k, signed=plan.signed)
        kept = np.sort(np.argsort(-worth(turn, wide, plan.signed), kind="stable")[:m])
        new, shift = turns(np.ascontiguousarray(wide[kept]), shift, turns=1)
        turn = code(x, new, shift, plan.k, signed=plan.signed)
        fails = 0 if turn.error < _BETTER * best.error else fails + 1
        if turn.error < best.error:
            atoms, offset, best = new, shift, turn
    return atoms, offset


def grown(m: int) -> int:
    """Return how many atoms are tried anew beside ``m``."""
    return max(1, round(_GROWN * m))


def left_over(turn: Turn, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return up to ``count`` residuals of unit length, drawn in proportion to squared length."""
    square = np.square(turn.residual, dtype=np.float64).sum(1)
    rows = drawn(square, count, rng)
    left = turn.residual[rows]
    return left / np.sqrt(square[rows])[:, None].astype(left.dtype)


def drawn(weight: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return up to ``count`` rows, drawn in proportion to their weight; none of those of none."""
    count = min(count, int(np.count_nonzero(weight)))
    if not count:
        return np.empty(0, np.int64)
    return rng.choice(len(weight), count, replace=False, p=weight / weight.sum())


def worth(turn: Turn, atoms: np.ndarray, signed: bool = False) -> np.ndarray:
    """Energy of each atom's codes times the squared share of it that no two others explain.

    An atom that is the sum of two others is a composition, not a feature.
    """
    z = from_active(turn.active, turn.codes, len(atoms))
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
