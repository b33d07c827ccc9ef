"""Turns of lasso codes, under a falling penalty, and least squares with momentum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse._alternate import draw_atoms, start_offset
from unbraid.sparse._draft import Draft, draft, judged_again, polish
from unbraid.sparse._infer import Problem, held_out_units
from unbraid.sparse._turns import MOMENTUM, LassoTurns

_FIRST, _LAST = 0.5, 0.01  # penalty, in shares of the largest code a stimulus usually starts with
_FALL, _REPLACE = 0.8, 0.85  # shares of the turns: the penalty falls, bad atoms are replaced
_CHECKS, _PATIENCE = 20, 4
_JUDGES = 240
_POLISH = 6


@dataclass(frozen=True, kw_only=True)
class Coding:
    """What is learned, and for how long."""

    m: int
    turns: int
    learn_offset: bool = True
    signed: bool = False


def learn_coding(
    x: np.ndarray,
    judges: np.ndarray,
    plan: Coding,
    rng: np.random.Generator,
    tell: Callable[[int, float], None] | None = None,
) -> Draft:
    """Return the atoms that predict held-out units of the judges best, of those on the way.

    The turns end where a smaller penalty no longer helps to predict.
    """
    offset = start_offset(x, zero=not plan.learn_offset)
    atoms = draw_atoms(x - offset, plan.m, rng)
    first = _largest(x[:2000] - offset, atoms, plan.signed)
    now = LassoTurns(
        x, atoms, offset, learn_offset=plan.learn_offset, signed=plan.signed, momentum=MOMENTUM
    )
    best, least, fails = (atoms, offset), float("inf"), 0
    for turn in range(plan.turns):
        penalty = first * _FIRST * (_LAST / _FIRST) ** min(1.0, turn / (_FALL * plan.turns))
        codes, used = now.step(penalty)
        if tell is not None:
            tell(turn, codes.error / len(x))
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
    """Return the median over stimuli of the largest product with an atom."""
    products = x @ atoms.T
    return float(np.median((np.abs(products) if signed else products).max(1))) or 1.0
