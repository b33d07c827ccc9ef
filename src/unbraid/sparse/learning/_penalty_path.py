"""Iterations of lasso codes, under a falling penalty, and least squares with momentum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse.inference._lasso_and_pursuit import Problem, held_out_units
from unbraid.sparse.learning._candidate import (
    Candidate,
    candidate,
    error_of,
    polish,
    with_best_penalty,
)
from unbraid.sparse.learning._lasso_steps import MOMENTUM, LassoIterations
from unbraid.sparse.learning._start import draw_atoms, start_offset

_FIRST, _LAST = 0.5, 0.01  # penalty, in shares of the largest code a stimulus usually starts with
_LAST_MOST = 0.4
_FALL, _REPLACE = 0.8, 0.85  # shares of the iterations: the penalty falls, bad atoms are replaced
_CHECKS, _PATIENCE = 20, 4
_VALIDATION = 240
_POLISH = 6
_SURE, UNSURE = (
    0.1,
    0.35,
)  # held-out-units errors: good enough, and so large that iterations are added
_AGAIN, _GAIN = 3, 0.9  # further runs at most, and error, relative to the one before, that pays
_SLOWER, _SLOW_MOMENTUM = 10, 0.7  # times as many iterations
_CHEAP, _DEAR = 500_000, 100_000_000  # stimuli times latents: many iterations more, and none

Callback = Callable[[float, float], None]


@dataclass(frozen=True, kw_only=True)
class SparseCodingPlan:
    """What is learned, and for how long."""

    m: int
    iterations: int
    learn_offset: bool = True
    signed: bool = False
    momentum: float = MOMENTUM
    last: float | None = None
    """Penalty in the end; none: a small one."""
    again: int = _AGAIN
    """Further runs at most."""
    slower: int = _SLOWER
    """Times as many iterations in them, where that is cheap."""


def learn_sparse_coding(
    x: np.ndarray,
    validation: np.ndarray,
    plan: SparseCodingPlan,
    rng: np.random.Generator,
    callback: Callback | None = None,
) -> Candidate:
    """Return the atoms, of those on the way, that predict held-out validation units best.

    Where noise is strong or stimuli are few, a penalty that falls fast ends where every atom is a
    mixture. Unless units are predicted well it falls again, only to where the run before predicted
    best and so more slowly, with less momentum, as long as that helps; in more iterations if units
    are predicted badly. Where stimuli and latents are very many, one run is all that can be
    afforded. ``callback`` gets after each iteration the share done, and the squared error a
    stimulus.
    """
    found = learn_once(x, validation, plan, rng, _of_run(0, callback))
    for again in range(1, 1 + plan.again):
        if not found.error > _SURE or len(x) * plan.m > _DEAR:
            break
        slower = plan.slower if found.error > UNSURE and is_cheap(x, plan.m) else 1
        slow = replace(
            plan, iterations=slower * plan.iterations, momentum=_SLOW_MOMENTUM, last=found.penalty
        )
        before = found.error
        new = learn_once(x, validation, slow, rng, _of_run(again, callback))
        found = min(found, new, key=error_of)
        if found.error > _GAIN * before:
            break
    return found


def _of_run(run: int, callback: Callback | None) -> Callback | None:
    """Return the callback of one run: each may be the last, and gets half of the share left."""
    if callback is None:
        return None
    return lambda share, error: callback(1 - 0.5**run * (1 - share / 2), error)


def is_cheap(x: np.ndarray, m: int) -> bool:
    """Whether many more iterations can be afforded."""
    return len(x) * m <= _CHEAP


def learn_once(
    x: np.ndarray,
    validation: np.ndarray,
    plan: SparseCodingPlan,
    rng: np.random.Generator,
    callback: Callback | None = None,
) -> Candidate:
    """Return the best atoms of one run; it ends where a smaller penalty no longer helps."""
    offset = start_offset(x, zero=not plan.learn_offset)
    atoms = draw_atoms(x - offset, plan.m, rng)
    first = _largest(x[:2000] - offset, atoms, plan.signed)
    now = LassoIterations(x, atoms, offset, learn_offset=plan.learn_offset, signed=plan.signed,
                     momentum=plan.momentum)  # fmt: skip
    last = _LAST if plan.last is None else min(_LAST_MOST, plan.last / first)
    best, least, fails = (atoms, offset), float("inf"), 0
    for iteration in range(plan.iterations):
        penalty = (
            first * _FIRST * (last / _FIRST) ** min(1.0, iteration / (_FALL * plan.iterations))
        )
        codes, used = now.step(penalty)
        if callback is not None:
            callback((iteration + 1) / plan.iterations, codes.error / len(x))
        if iteration < _REPLACE * plan.iterations:
            now.replace_bad(codes, used, rng)
        if (iteration + 1) % max(
            1, plan.iterations // _CHECKS
        ) == 0 or iteration + 1 == plan.iterations:
            problem = Problem(by="fista", penalty=penalty, signed=plan.signed)
            error = held_out_units(validation[:_VALIDATION] - now.offset, now.atoms, problem)
            fails = 0 if error < least else fails + 1
            if error < least:
                best, least = (now.atoms, now.offset), error
            if fails >= _PATIENCE:
                break
    found = replace(
        candidate(validation, *best, signed=plan.signed), learn_offset=plan.learn_offset
    )
    return with_best_penalty(validation, polish(x, found, _POLISH))


def _largest(x: np.ndarray, atoms: np.ndarray, signed: bool) -> float:
    """Return the median over stimuli of the largest product with an atom; 1 where none is."""
    products = x @ atoms.T
    largest = float(np.median((np.abs(products) if signed else products).max(1)))
    return largest if largest > 0 else 1.0
