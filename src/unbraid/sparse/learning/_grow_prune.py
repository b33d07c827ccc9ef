"""Atoms that turns alone never find: grown from what is left over, pruned by their worth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from unbraid.sparse.learning._alternating import alternate, code
from unbraid.sparse.learning._importance import left_over, worth

_GROWN = 0.15  # share of the atoms tried anew in a cycle
_TURNS_WIDE = 3  # turns that the new atoms have to become useful
_PERFECT = 1e-9  # error relative to the variance at which nothing is left to explain
_BETTER = 0.999


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
