"""A rough dictionary made exact: lasso codes, least squares, and atoms that earn their place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse.inference._lasso_and_pursuit import Choice, held_out_units
from unbraid.sparse.learning._alternating import code
from unbraid.sparse.learning._candidate import (
    EXACT,
    IMPORTANT,
    Candidate,
    count_important,
    error_of,
    importance_of,
    is_exact,
    most_frugal,
    most_important,
    polish,
    quick_importance,
    slack,
    usual_active,
    with_best_penalty,
)
from unbraid.sparse.learning._grow_prune import GrowAndPrune, grow_and_prune, grown
from unbraid.sparse.learning._importance import left_over
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._replace_weak import replace_weak
from unbraid.sparse.learning._start import repeats

_POLISH_ROWS, _POLISH_ROWS_A_LATENT, _POLISH_ROWS_MOST = 3000, 16, 8192
_POLISH_ITERATIONS = 2
_GO, _GO_LATER, _HALVINGS = 0.2, 0.1, 5  # share of the atoms that go at a time
_GAIN = 0.97
_GLANCE, _MUCH = (
    100,
    1.5,
)  # validation stimuli looked at first, and error, relative to the one before, that ends it
_ALIKE = 0.7  # cosine
_TINY = 300_000  # stimuli times latents up to which a search may take longer
_COMPLETIONS, _COMPLETION_ITERATIONS = 3, 8
_AS_IMPORTANT = 0.5  # of the importance that nine in ten of the atoms kept have at least


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """How a candidate is refined."""

    rounds: int = 3
    n_latents: int | None = None
    """Atoms that stay; none: as many as predict held-out units best."""
    prune: bool = True
    replace: bool = True
    grow: bool = True


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
    for iteration in range(plan.rounds):
        before = now
        rows = learning_rows(x, len(now.atoms), rng)
        share = _GO
        if iteration:  # what was pruned too early comes back
            now, share = replace(now, atoms=_grown(rows, now, rng)), _GO_LATER
        found = [_reduce(rows, validation, now, plan.n_latents, share) if plan.prune else now]
        if plan.replace:
            found.append(replace_weak(rows, validation, found[0], rng))
        if plan.grow and repeats(_TINY, rows, len(found[0].atoms), 2) > 1:
            found.append(_searched(rows, validation, min(found, key=error_of), rng))
        candidates += found
        now = min(candidates, key=error_of)
        if is_exact(now) or (
            iteration and (now.error <= EXACT or now.error > _GAIN * before.error)
        ):
            break
    return most_frugal(candidates)


def polish_rows(now: Candidate) -> int:
    """Return how many stimuli a short polishing takes."""
    return int(np.clip(_POLISH_ROWS_A_LATENT * len(now.atoms), _POLISH_ROWS, _POLISH_ROWS_MOST))


def _grown(x: np.ndarray, now: Candidate, rng: np.random.Generator) -> np.ndarray:
    coded = code(x, now.atoms, now.offset, now.k, signed=now.signed)
    return np.concatenate([now.atoms, left_over(coded, grown(len(now.atoms)), rng)])


def _searched(
    x: np.ndarray, validation: np.ndarray, now: Candidate, rng: np.random.Generator
) -> Candidate:
    """Return the candidate after grow and prune by pursuit, which tries more than the lasso."""
    now = replace(now, k=usual_active(validation, now))
    atoms, offset = grow_and_prune(x, now.atoms, now.offset, _growing(now, x, now.k), rng)
    new = with_best_penalty(validation, replace(now, atoms=atoms, offset=offset))
    return with_best_penalty(validation, polish(x[: polish_rows(now)], new, _POLISH_ITERATIONS))


def thinned(
    x: np.ndarray, validation: np.ndarray, start: Candidate, rng: np.random.Generator
) -> Candidate:
    """Return the candidate without unimportant atoms, if that costs little, and weak ones replaced.

    It is what can be afforded of `refine` where atoms are many.
    """
    rows = learning_rows(x, len(start.atoms), rng)
    best = start
    while True:
        m, value = len(best.atoms), quick_importance(rows, best)
        count = max(
            count_important(value), round((1 - _GO) * m)
        )  # of two similar atoms both seem unimportant
        if count == m:
            break
        fewer = polish(rows, most_important(best, value, count), _POLISH_ITERATIONS)
        fewer = with_best_penalty(validation, fewer)
        if fewer.error > 1.02 * best.error + slack(best.error, m) * (m - count):
            break
        best = fewer
    return replace_weak(rows, validation, best, rng)


def complete(
    x: np.ndarray,
    best: Candidate,
    n_latents: int | None,
    rng: np.random.Generator,
    search: bool = True,
) -> Candidate:
    """Return a candidate learned from the validation stimuli too, and completed.

    Validation stimuli do not show every feature, and atoms that they do not show were pruned:
    unless ``n_latents`` is given, atoms come back that are as important as those that were kept.
    Nothing is looked for beside atoms that explain all.
    """
    x, whole = learning_rows(x, len(best.atoms), rng), is_exact(best)
    for _ in range(_COMPLETIONS if n_latents is None else 0):
        m, wide = len(best.atoms), replace(best, atoms=_grown(x, best, rng))
        wide = polish(x, wide, _COMPLETION_ITERATIONS)
        new = wide.atoms[m:]  # of two similar ones neither would be important
        alone = np.triu(np.abs(new @ new.T), 1).max(0, initial=0) < _ALIKE
        wide = polish(x, replace(wide, atoms=np.concatenate([wide.atoms[:m], new[alone]])), 1)
        value = importance_of(x, wide)
        least = max(_AS_IMPORTANT * np.quantile(value[:m], 0.1), IMPORTANT * np.median(value[:m]))
        new = value[m:] >= least
        best = replace(best, atoms=np.concatenate([best.atoms, wide.atoms[m:][new]]))
        whole = whole and not new.any()
        if whole:
            return polish(x, best, 1)
    if not search:
        return polish(x, best, 1)
    growing = _growing(best, x, best.k)
    atoms, offset = grow_and_prune(x, best.atoms, best.offset, growing, rng)
    return polish(x, replace(best, atoms=atoms, offset=offset), 1)


def _growing(now: Candidate, x: np.ndarray, k: int) -> GrowAndPrune:
    effort = repeats(_TINY, x, len(now.atoms), 4)
    return GrowAndPrune(
        k=k,
        cycles=20 * effort,
        patience=4 * effort,
        learn_offset=now.learn_offset,
        signed=now.signed,
    )


def _reduce(
    x: np.ndarray, validation: np.ndarray, start: Candidate, n_latents: int | None, share: float
) -> Candidate:
    """Return the candidate polished, with as few atoms as predict held-out units as well.

    A share of the least important goes at a time and the others are polished; where that costs too
    much, half as many go, until next to none; and at last, whether half can go at once.
    """
    rows = x[: polish_rows(start)]
    if n_latents is not None:
        now = polish(rows, start, _POLISH_ITERATIONS)
        while len(now.atoms) > n_latents:
            now = polish(rows, _most_important(rows, now, n_latents), _POLISH_ITERATIONS)
        return with_best_penalty(validation, now)
    best = _validated(
        validation, with_best_penalty(validation, polish(rows, start, _POLISH_ITERATIONS))
    )
    if best.error <= EXACT and count_important(quick_importance(rows, best)) == len(best.atoms):
        return best
    few = validation[:_GLANCE]  # most of what costs too much shows at once
    glance = _validated(few, best).error
    shares = [share / 2**step for step in range(_HALVINGS)] + [0.5, 0.35]
    while shares and (m := len(best.atoms)) > 1:
        gone = max(1, round(shares[0] * m))
        cost = slack(best.error, m) * gone
        fewer = polish(rows, _most_important(rows, best, m - gone), _POLISH_ITERATIONS)
        at_once = _validated(few, fewer).error
        if at_once <= _MUCH * (glance + cost):
            fewer = _validated(validation, fewer)
            if fewer.error <= 1.005 * best.error + cost:
                best, glance = fewer, at_once
                continue
        shares.pop(0)
    return with_best_penalty(validation, best)


def _most_important(rows: np.ndarray, now: Candidate, count: int) -> Candidate:
    return most_important(now, quick_importance(rows, now), count)


def _validated(validation: np.ndarray, now: Candidate) -> Candidate:
    """Return the candidate with its error on all validation stimuli, its penalty as it is."""
    problem = now.choice.problem
    error = held_out_units(np.ascontiguousarray(validation - now.offset), now.atoms, problem)
    return replace(now, choice=Choice(problem=problem, error=error))
