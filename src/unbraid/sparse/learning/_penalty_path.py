"""Iterations of lasso codes, under a falling penalty, and least squares with momentum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse.inference._infer import Problem, held_out_units
from unbraid.sparse.learning._candidate import (
    Candidate,
    candidate,
    error_of,
    polish,
    with_best_penalty,
)
from unbraid.sparse.learning._lasso_steps import MOMENTUM, SLOW_MOMENTUM, LassoIterations
from unbraid.sparse.learning._start import draw_atoms, start_offset

UNSURE = 0.35  # held-out-units error beyond which units are hardly predicted

Callback = Callable[[float, float], None]


@dataclass(frozen=True, kw_only=True)
class SparseCodingPlan:
    """What is learned, and for how long."""

    m: int
    """Latents."""
    iterations: int = 100
    """Iterations of a run at most, most of them under a falling penalty."""
    learn_offset: bool = True
    signed: bool = False
    first: float = 0.5
    """Penalty of the first iteration, in shares of the largest code that a stimulus usually starts
    with: one or two latents are active."""
    last: float = 0.01
    """The same of the last iteration: less than any noise that leaves something to be found."""
    last_penalty: float | None = None
    """The last penalty itself, where a run before has found the best."""
    fall: float = 0.8
    """Share of the iterations over which the penalty falls; then it stays."""
    replace: float = 0.85
    """Share of the iterations in which bad atoms are replaced; the rest lets new ones mature."""
    momentum: float = MOMENTUM
    every: int = 20
    """Times that held-out units are evaluated in a run."""
    looked_at: int = 240
    """Validation stimuli used there: enough to compare penalties, in less time than a step."""
    patience: int = 4
    """Looks without gain that end it: the penalty has fallen too far."""
    runs: int = 3
    """Further runs at most, each from the penalty that the one before found best."""
    sure: float = 0.1
    """Held-out-units error below which none is needed."""
    gain: float = 0.9
    """Error, relative to the run before, that pays for another."""
    slower: int = 10
    """Times as many iterations in them where units are hardly predicted: a slow fall tells atoms
    apart where a fast one ends in mixtures."""
    cheap: int = 500_000
    """Stimuli times latents up to which that takes seconds."""
    dear: int = 100_000_000
    """Stimuli times latents beyond which one run is all that can be afforded."""


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
    for again in range(1, 1 + plan.runs):
        if not found.error > plan.sure or len(x) * plan.m > plan.dear:
            break
        badly = found.error > UNSURE and len(x) * plan.m <= plan.cheap
        slow = replace(
            plan,
            iterations=(plan.slower if badly else 1) * plan.iterations,
            momentum=SLOW_MOMENTUM,
            last_penalty=found.penalty,
        )
        before = found.error
        new = learn_once(x, validation, slow, rng, _of_run(again, callback))
        found = min(found, new, key=error_of)
        if found.error > plan.gain * before:
            break
    return found


def _of_run(run: int, callback: Callback | None) -> Callback | None:
    """Return the callback of one run: each may be the last, and gets half of the share left."""
    if callback is None:
        return None
    return lambda share, error: callback(1 - 0.5**run * (1 - share / 2), error)


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
    last = plan.last
    if plan.last_penalty is not None:
        last = min(0.8 * plan.first, plan.last_penalty / first)
    every = max(1, plan.iterations // plan.every)
    best, least, fails = (atoms, offset), float("inf"), 0
    for iteration in range(plan.iterations):
        fallen = min(1.0, iteration / (plan.fall * plan.iterations))
        penalty = first * plan.first * (last / plan.first) ** fallen
        codes, used = now.step(penalty)
        if callback is not None:
            callback((iteration + 1) / plan.iterations, codes.error / len(x))
        if iteration < plan.replace * plan.iterations:
            now.replace_bad(codes, used, rng)
        if (iteration + 1) % every == 0 or iteration + 1 == plan.iterations:
            problem = Problem(by="fista", penalty=penalty, signed=plan.signed)
            error = held_out_units(validation[: plan.looked_at] - now.offset, now.atoms, problem)
            fails = 0 if error < least else fails + 1
            if error < least:
                best, least = (now.atoms, now.offset), error
            if fails >= plan.patience:
                break
    found = replace(
        candidate(validation, *best, signed=plan.signed), learn_offset=plan.learn_offset
    )
    return with_best_penalty(validation, polish(x, found, iterations=6))


def _largest(x: np.ndarray, atoms: np.ndarray, signed: bool) -> float:
    """Return the median over stimuli of the largest product with an atom; 1 where none is."""
    products = x @ atoms.T
    largest = float(np.median((np.abs(products) if signed else products).max(1)))
    return largest if largest > 0 else 1.0
