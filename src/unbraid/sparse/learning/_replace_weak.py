"""Atoms traded for better ones: the least worthy learned anew, beside the others, from the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from unbraid.sparse.learning._candidate import Draft, error_of, judged_again, polish, turns_of
from unbraid.sparse.learning._importance import left_over, worth
from unbraid.sparse.learning._lasso_steps import MOMENTUM

_SHARE = 0.1  # of the atoms, learned anew in a cycle; half as many after one without gain
_PATIENCE = 3  # cycles without gain
_GAIN = 0.97  # error, relative to the one before, that pays
_ENOUGH = 1.0  # error, in shares of what a feature explains on average, at which none is missing
_LITTLE = 0.01  # error from which on the first cycle without gain is the last
_GLIDE, _GLIDE_FROM = 30, 2.0  # turns, and times the penalty from which it falls again
_POLISH = 8


def regrow(
    x: np.ndarray,
    judges: np.ndarray,
    best: Draft,
    rng: np.random.Generator,
    cycles: int = 8,
    tell: Callable[[int, float], None] | None = None,
) -> Draft:
    """Return the draft, its atoms traded for better ones as long as held-out units gain by it.

    Turns end with some features doubled or mixed and others without an atom. A cycle takes out the
    least worthy atoms and learns as many anew from what is left of badly explained stimuli, while
    the others stay as they are: there, few features are active at a time, and easily found. Then
    all are polished. The penalty never falls below that of the start: the smaller one that better
    atoms allow explains what is missing by many small codes.
    """
    m, least, share, fails = len(best.atoms), best.penalty, _SHARE, 0
    for cycle in range(cycles):
        patience = _PATIENCE if best.error > _LITTLE else 1
        if m == 1 or best.error <= _ENOUGH / m or fails >= patience:
            break
        penalty = max(least, best.penalty)
        new = judged_again(judges, _relearned(x, best, penalty, max(1, round(share * m)), rng))
        if error_of(new) < _GAIN * error_of(best):
            fails = 0
        else:
            fails, share = fails + 1, share / 2
        best = min(best, new, key=error_of)
        if tell is not None:
            tell(cycle, best.error)
    return best


def _relearned(
    x: np.ndarray, now: Draft, penalty: float, count: int, rng: np.random.Generator
) -> Draft:
    """Return the draft with its least worthy atoms learned anew, and all of them polished."""
    last = turns_of(x, now).code(penalty)
    worst_first = np.argsort(worth(last, now.atoms, now.signed), kind="stable")
    kept = replace(now, atoms=now.atoms[np.sort(worst_first[count:])])
    left = turns_of(x, kept).code(_GLIDE_FROM * penalty)
    fresh = left_over(left, count, rng)
    if len(fresh) < count:  # nothing is left to learn from
        return now
    begin = replace(now, atoms=np.concatenate([kept.atoms, fresh]))
    turns = turns_of(x, begin, MOMENTUM, kept=len(kept.atoms))
    for step in range(_GLIDE):
        turns.step(penalty * _GLIDE_FROM ** (1 - step / (_GLIDE - 1)))
    return polish(x, replace(now, atoms=turns.atoms, offset=turns.offset), _POLISH, penalty)
