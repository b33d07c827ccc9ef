"""Weak atoms replaced: the least important learned again from what the others leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from unbraid.sparse.learning._candidate import (
    Candidate,
    error_of,
    iterations_from,
    polish,
    with_best_penalty,
)
from unbraid.sparse.learning._importance import importance, left_over
from unbraid.sparse.learning._lasso_steps import MOMENTUM

_SHARE = 0.1  # of the atoms, replaced in a cycle; half as many after one without gain
_REPLACEMENT_GAIN = 0.97  # error, relative to the one before, that pays
_GLIDE, _GLIDE_FROM = 30, 2.0  # iterations, and times the penalty from which it falls again


def replace_weak(
    x: np.ndarray,
    validation: np.ndarray,
    best: Candidate,
    rng: np.random.Generator,
    cycles: int = 8,
    callback: Callable[[int, float], None] | None = None,
) -> Candidate:
    """Return the candidate, weak atoms replaced as long as held-out units are predicted better.

    Iterations end with some features doubled or mixed and others without an atom. A cycle takes out
    the least important atoms and learns as many from residuals of badly explained stimuli, while
    the others stay as they are: there, few features are active at a time, and easily found. Then
    all are polished. The penalty never falls below that of the start: the smaller one that better
    atoms allow explains what is missing by many small codes.
    """
    m, least, share, fails = len(best.atoms), best.penalty, _SHARE, 0
    for cycle in range(cycles):
        patience = 3 if best.error > 0.01 else 1
        if m == 1 or best.error <= 1 / m or fails >= patience:  # no feature can be missing
            break
        penalty = max(least, best.penalty)
        new = with_best_penalty(
            validation, _relearned(x, best, penalty, max(1, round(share * m)), rng)
        )
        if error_of(new) < _REPLACEMENT_GAIN * error_of(best):
            fails = 0
        else:
            fails, share = fails + 1, share / 2
        best = min(best, new, key=error_of)
        if callback is not None:
            callback(cycle, best.error)
    return best


def _relearned(
    x: np.ndarray, now: Candidate, penalty: float, count: int, rng: np.random.Generator
) -> Candidate:
    """Return the candidate, its least important atoms learned again and all of them polished."""
    last = iterations_from(x, now).code(penalty)
    worst_first = np.argsort(importance(last, now.atoms, now.signed), kind="stable")
    kept = replace(now, atoms=now.atoms[np.sort(worst_first[count:])])
    left = iterations_from(x, kept).code(_GLIDE_FROM * penalty)
    fresh = left_over(left, count, rng)
    if len(fresh) < count:  # nothing is left to learn from
        return now
    begin = replace(now, atoms=np.concatenate([kept.atoms, fresh]))
    iterations = iterations_from(x, begin, MOMENTUM, kept=len(kept.atoms))
    for step in range(_GLIDE):
        iterations.step(penalty * _GLIDE_FROM ** (1 - step / (_GLIDE - 1)))
    return polish(x, replace(now, atoms=iterations.atoms, offset=iterations.offset), 8, penalty)
