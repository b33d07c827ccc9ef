"""A rough dictionary made exact: pruned by held-out units, weak atoms replaced."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse.learning._candidate import (
    ALIKE,
    IMPORTANT,
    Candidate,
    assessed,
    error_of,
    importance_of,
    is_exact,
    iterations_from,
    most_frugal,
    most_important,
    polish,
    slack,
    with_best_penalty,
)
from unbraid.sparse.learning._grow_prune import grown
from unbraid.sparse.learning._importance import left_over
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._replace_weak import replace_weak

MANY = 800  # latents beyond which one round is all that does not take longer than all else
_POLISH_ROWS, _POLISH_ROWS_MOST = 3000, 8192  # stimuli of a short polishing


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """How a candidate is refined."""

    rounds: int = 3
    """Rounds of pruning and replacing at most: the second brings back what the first lost."""
    replace: bool = True
    """Whether weak atoms are replaced."""
    n_latents: int | None = None
    """Atoms that stay; none: as many as predict held-out units best."""
    l0: bool = True
    """Whether what was refined is coded by the fewest latents where that predicts better."""
    share: float = 0.2
    """Share of the atoms that go at a time at first: a fifth, and half as many where that costs."""
    halvings: int = 4
    """Halvings of this share: it ends near one atom in eighty."""
    gain: float = 0.97
    """Error, relative to the round before, that pays for another."""


def refine(
    x: np.ndarray,
    validation: np.ndarray,
    start: Candidate,
    plan: Refinement,
    rng: np.random.Generator,
) -> Candidate:
    """Return the best candidate among the start's and those of each round.

    A round polishes by lasso codes, prunes to the atoms that predict held-out units, and replaces
    weak ones. No atom was learned from the ``validation`` stimuli: on training stimuli, more atoms
    and smaller penalties always look better.
    """
    now = start
    candidates = [now] if plan.n_latents in (None, len(now.atoms)) else []
    for iteration in range(plan.rounds if len(start.atoms) <= MANY else 1):
        before = now
        rows = learning_rows(x, len(now.atoms), rng)
        if iteration:  # what was pruned too early comes back
            now = with_left_over(rows, now, rng)
        pruned = prune(rows, validation, now, plan)
        candidates.append(pruned)
        if plan.replace:
            candidates.append(replace_weak(rows, validation, pruned, rng))
        now = min(candidates, key=error_of)
        if is_exact(now) or (iteration and now.error > plan.gain * before.error):
            break
    return most_frugal(candidates)


def polish_rows(now: Candidate) -> int:
    """Return how many stimuli a short polishing takes: 16 a latent."""
    return int(np.clip(16 * len(now.atoms), _POLISH_ROWS, _POLISH_ROWS_MOST))


def with_left_over(x: np.ndarray, now: Candidate, rng: np.random.Generator) -> Candidate:
    """Return the candidate with a share more atoms: residuals of badly explained stimuli."""
    coded = iterations_from(x, now).code(now.penalty)
    fresh = left_over(coded, grown(len(now.atoms)), rng)
    return replace(now, atoms=np.concatenate([now.atoms, fresh]))


def prune(x: np.ndarray, validation: np.ndarray, start: Candidate, plan: Refinement) -> Candidate:
    """Return the candidate polished, with as few atoms as predict held-out units as well.

    A share of the least important goes at a time and the others are polished; where that costs too
    much, half as many go.
    """
    rows = x[: polish_rows(start)]
    now = polish(rows, start, 2)
    if plan.n_latents is not None:
        while len(now.atoms) > plan.n_latents:
            value = importance_of(rows, now)
            now = polish(rows, most_important(now, value, plan.n_latents), 2)
        return with_best_penalty(validation, now)
    best = with_best_penalty(validation, now)
    value, share, halvings = importance_of(rows, best), plan.share, 0
    while (m := len(best.atoms)) > 1:
        gone = max(1, round(share * m))
        fewer = assessed(validation, polish(rows, most_important(best, value, m - gone), 2))
        if fewer.error <= 1.005 * best.error + slack(best.error, m) * gone:
            best, value = fewer, importance_of(rows, fewer)
        elif gone == 1 or halvings == plan.halvings:
            break
        else:
            share, halvings = share / 2, halvings + 1
    return with_best_penalty(validation, best)


def complete(x: np.ndarray, best: Candidate, rng: np.random.Generator) -> Candidate:
    """Return a candidate learned from the validation stimuli too, and completed.

    Validation stimuli do not show every feature, and atoms that they do not show were pruned: atoms
    come back, up to three times, that are as important as those that were kept. Under a penalty
    that falls: a small one alone explains what is missing by many small codes.
    """
    for _ in range(3):
        m, wide = len(best.atoms), with_left_over(x, best, rng)
        for share in (0.2, 0.1, 0.05, 0.02, 0.0):
            penalty = max(best.penalty, share * largest_code(x, best))
            wide = polish(x, wide, 3, penalty)
        new = wide.atoms[m:]  # of two similar ones neither would be important
        alone = np.triu(np.abs(new @ new.T), 1).max(0, initial=0) < ALIKE
        wide = polish(x, replace(wide, atoms=np.concatenate([wide.atoms[:m], new[alone]])), 1)
        value = importance_of(x, wide)
        least = max(0.5 * np.quantile(value[:m], 0.1), IMPORTANT * np.median(value[:m]))
        new = value[m:] >= least
        if not new.any():
            break
        stays = np.concatenate([np.ones(m, bool), new])
        best = replace(best, atoms=wide.atoms[stays], offset=wide.offset)
    return polish(x, best, 1)


def largest_code(x: np.ndarray, now: Candidate) -> float:
    """Return the median over stimuli of the largest product with an atom."""
    products = (x - now.offset) @ now.atoms.T
    return float(np.median((np.abs(products) if now.signed else products).max(1)))
