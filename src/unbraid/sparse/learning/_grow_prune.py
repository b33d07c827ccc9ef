"""Grow and prune: atoms added from residuals, and the least important taken out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from unbraid.sparse.learning._alternating import alternate, code
from unbraid.sparse.learning._importance import importance, left_over

_GROWN = 0.15  # share of the atoms added in a cycle
_ITERATIONS_WIDE = 3  # iterations that new atoms get to become useful
_PERFECT = 1e-9  # error relative to the variance at which nothing is left to explain
# Error, relative to the best, that counts as a gain: a thousandth pays for no cycle
_BETTER = 0.999


@dataclass(frozen=True, kw_only=True)
class GrowAndPrune:
    """How a dictionary of fixed width is searched for better atoms."""

    k: int
    cycles: int = 20
    patience: int = 4
    """Cycles without gain after which the search ends."""
    learn_offset: bool = True
    signed: bool = False


def grow_and_prune(
    x: np.ndarray,
    atoms: np.ndarray,
    offset: np.ndarray,
    plan: GrowAndPrune,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return atoms, as many as given, and an offset with no larger error on ``x``.

    Iterations of coding and least squares end where some atoms stand for two features and others
    for none. Each cycle adds residuals of badly explained stimuli as atoms, runs a few iterations,
    and lets the most useful of all stay, as many as there were; what it found is kept only if the
    error fell. Each atom is so assessed by itself, however many change.
    """
    m = len(atoms)
    best = code(x, atoms, offset, plan.k, signed=plan.signed)
    enough = _PERFECT * float(np.square(x - x.mean(0), dtype=np.float64).sum())
    iterations = partial(alternate, x, k=plan.k, learn_offset=plan.learn_offset, signed=plan.signed)
    fails = 0
    for _ in range(plan.cycles):
        if best.error <= enough or fails >= plan.patience:
            break
        wide = np.concatenate([atoms, left_over(best, grown(m), rng)])
        wide, shift = iterations(wide, offset, iterations=_ITERATIONS_WIDE)
        coded = code(x, wide, shift, plan.k, signed=plan.signed)
        kept = np.sort(np.argsort(-importance(coded, wide, plan.signed), kind="stable")[:m])
        new, shift = iterations(np.ascontiguousarray(wide[kept]), shift, iterations=1)
        coded = code(x, new, shift, plan.k, signed=plan.signed)
        fails = 0 if coded.error < _BETTER * best.error else fails + 1
        if coded.error < best.error:
            atoms, offset, best = new, shift, coded
    return atoms, offset


def grown(m: int) -> int:
    """Return how many atoms are added to ``m``."""
    return max(1, round(_GROWN * m))
