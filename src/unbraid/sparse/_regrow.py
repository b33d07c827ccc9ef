"""Atoms traded for better ones: grown from what is left over, pruned by worth, under the lasso."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unbraid.sparse._alternate import Turn
from unbraid.sparse._draft import Draft, error_of, judged_again, turns_of, worthiest
from unbraid.sparse._renew import left_over, worth
from unbraid.sparse._turns import MOMENTUM

_PATIENCE = 2  # cycles without gain
_GAIN = 0.97  # error, relative to the one before, that pays
_ENOUGH = 1.0  # error, in shares of what a feature explains on average, at which none is missing
_GLIDE, _GLIDE_FROM = 20, 4.0  # turns, and times the penalty from which it falls again


def regrow(
    x: np.ndarray,
    judges: np.ndarray,
    best: Draft,
    rng: np.random.Generator,
    cycles: int = 8,
) -> Draft:
    """Return the draft, its atoms traded for better ones as long as held-out units gain by it.

    Where there are few stimuli, turns end with some features doubled and others without an atom.
    A cycle adds what is left of badly explained stimuli as atoms, lets all find their place under a
    penalty that falls again, and keeps the worthiest, as many as there were.
    """
    m = len(best.atoms)
    fails = 0
    for _ in range(cycles):
        if best.error <= _ENOUGH / m or fails == _PATIENCE:
            break
        left, _ = turns_of(x, best, MOMENTUM).step(_GLIDE_FROM * best.penalty)
        more = np.concatenate([best.atoms, left_over(left, m, rng)])
        wide, last = _glide(x, replace(best, atoms=more))
        value = worth(last, wide.atoms, best.signed)
        while len(value) > m:
            kept = worthiest(wide.atoms, value, m)
            wide, value = replace(wide, atoms=wide.atoms[kept]), value[kept]
        new = judged_again(judges, _glide(x, wide)[0])
        fails = 0 if error_of(new) < _GAIN * error_of(best) else fails + 1
        best = min(best, new, key=error_of)
    return best


def _glide(x: np.ndarray, now: Draft) -> tuple[Draft, Turn]:
    """Return the draft after turns under a penalty that falls to its own, and the last turn."""
    turns = turns_of(x, now, MOMENTUM)
    for step in range(_GLIDE):
        last, _ = turns.step(now.penalty * _GLIDE_FROM ** (1 - step / (_GLIDE - 1)))
    return replace(now, atoms=turns.atoms, offset=turns.offset), last
