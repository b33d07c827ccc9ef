"""Turns of lasso codes, under a falling penalty, and least squares with momentum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse.inference._lasso_and_pursuit import Problem, held_out_units
from unbraid.sparse.learning._candidate import Draft, draft, error_of, judged_again, polish
from unbraid.sparse.learning._lasso_steps import MOMENTUM, LassoTurns
from unbraid.sparse.learning._start import draw_atoms, start_offset

_FIRST, _LAST = 0.5, 0.01  # penalty, in shares of the largest code a stimulus usually starts with
_LAST_MOST = 0.4
_FALL, _REPLACE = 0.8, 0.85  # shares of the turns: the penalty falls, bad atoms are replaced
_CHECKS, _PATIENCE = 20, 4
_JUDGES = 240
_POLISH = 6
_SURE, UNSURE = 0.1, 0.35  # held-out-units errors: good enough, and so large that turns are added
_AGAIN, _GAIN = 3, 0.9  # further runs at most, and error, relative to the one before, that pays
_SLOWER, _SLOW_MOMENTUM = 10, 0.7  # times as many turns
_CHEAP, _DEAR = 500_000, 100_000_000  # stimuli times latents: many turns more, and none

Tell = Callable[[float, float], None]


@dataclass(frozen=True, kw_only=True)
class Coding:
    """What is learned, and for how long."""

    m: int
    turns: int
    learn_offset: bool = True
    signed: bool = False
    momentum: float = MOMENTUM
    last: float | None = None
    """Penalty in the end; none: a small one."""


def learn_coding(
    x: np.ndarray,
    judges: np.ndarray,
    plan: Coding,
    rng: np.random.Generator,
    tell: Tell | None = None,
) -> Draft:
    """Return the atoms that predict held-out units of the judges best, of those on the way.

    Where noise is strong or stimuli are few, a penalty that falls fast ends where every atom is a
    mixture. Unless units are predicted well it falls again, only to where the run before predicted
    best and so more slowly, with less momentum, as long as that helps; in more turns if units are
    predicted badly. Where stimuli and latents are very many, one run is all that can be afforded.
    ``tell`` hears after each turn how much may be done, and the squared error a stimulus.
    """
    found = learn_once(x, judges, plan, rng, _of_run(0, tell))
    for again in range(1, 1 + _AGAIN):
        if not found.error > _SURE or len(x) * plan.m > _DEAR:
            break
        slower = _SLOWER if found.error > UNSURE and is_cheap(x, plan.m) else 1
        slow = replace(plan, turns=slower * plan.turns, momentum=_SLOW_MOMENTUM, last=found.penalty)
        before = found.error
        new = learn_once(x, judges, slow, rng, _of_run(again, tell))
        found = min(found, new, key=error_of)
        if found.error > _GAIN * before:
            break
    return found


def _of_run(run: int, tell: Tell | None) -> Tell | None:
    """Return what tells of one run: each may be the last, and gets half of what is left."""
    if tell is None:
        return None
    return lambda share, error: tell(1 - 0.5**run * (1 - share / 2), error)


def is_cheap(x: np.ndarray, m: int) -> bool:
    """Whether many more turns can be afforded."""
    return len(x) * m <= _CHEAP


def learn_once(
    x: np.ndarray,
    judges: np.ndarray,
    plan: Coding,
    rng: np.random.Generator,
    tell: Tell | None = None,
) -> Draft:
    """Return the best atoms of one run; it ends where a smaller penalty no longer helps."""
    offset = start_offset(x, zero=not plan.learn_offset)
    atoms = draw_atoms(x - offset, plan.m, rng)
    first = _largest(x[:2000] - offset, atoms, plan.signed)
    now = LassoTurns(x, atoms, offset, learn_offset=plan.learn_offset, signed=plan.signed,
                     momentum=plan.momentum)  # fmt: skip
    last = _LAST if plan.last is None else min(_LAST_MOST, plan.last / first)
    best, least, fails = (atoms, offset), float("inf"), 0
    for turn in range(plan.turns):
        penalty = first * _FIRST * (last / _FIRST) ** min(1.0, turn / (_FALL * plan.turns))
        codes, used = now.step(penalty)
        if tell is not None:
            tell((turn + 1) / plan.turns, codes.error / len(x))
        if turn < _REPLACE * plan.turns:
            now.replace_bad(codes, used, rng)
        if (turn + 1) % max(1, plan.turns // _CHECKS) == 0 or turn + 1 == plan.turns:
            problem = Problem(by="fista", penalty=penalty, signed=plan.signed)
            error = held_out_units(judges[:_JUDGES] - now.offset, now.atoms, problem)
            fails = 0 if error < least else fails + 1
            if error < least:
                best, least = (now.atoms, now.offset), error
            if fails >= _PATIENCE:
                break
    found = replace(draft(judges, *best, signed=plan.signed), learn_offset=plan.learn_offset)
    return judged_again(judges, polish(x, found, _POLISH))


def _largest(x: np.ndarray, atoms: np.ndarray, signed: bool) -> float:
    """Return the median over stimuli of the largest product with an atom; 1 where none is."""
    products = x @ atoms.T
    largest = float(np.median((np.abs(products) if signed else products).max(1)))
    return largest if largest > 0 else 1.0
