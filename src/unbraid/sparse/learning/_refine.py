"""A rough dictionary made exact: lasso codes, least squares, and atoms that earn their place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse.inference._lasso_and_pursuit import Choice, held_out_units
from unbraid.sparse.learning._alternating import code
from unbraid.sparse.learning._candidate import (
    EXACT,
    WORTHY,
    Draft,
    error_of,
    is_exact,
    judged_again,
    most_frugal,
    polish,
    quick_value,
    slack,
    usual_active,
    value_of,
    worthiest,
    worthy,
)
from unbraid.sparse.learning._grow_prune import Renewal, grown, renew
from unbraid.sparse.learning._importance import left_over
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._replace_weak import regrow
from unbraid.sparse.learning._start import repeats

_POLISH_ROWS, _POLISH_ROWS_A_LATENT, _POLISH_ROWS_MOST = 3000, 16, 8192
_POLISH_TURNS = 2
_GO, _GO_LATER, _HALVINGS = 0.2, 0.1, 5  # share of the atoms that go at a time
_GAIN = 0.97
_GLANCE, _MUCH = 100, 1.5  # judges, and error relative to the one before, that tell at once
_ALIKE = 0.7  # cosine
_TINY = 300_000  # stimuli times latents up to which a search may take longer
_COMPLETIONS, _COMPLETION_TURNS = 3, 8
_AS_WORTHY = 0.5  # of what nine in ten atoms that stood the test are worth at least


@dataclass(frozen=True, kw_only=True)
class Refinement:
    """How a draft is refined."""

    rounds: int = 3
    n_latents: int | None = None
    """Atoms that stay; none: as many as predict held-out units best."""


def refine(
    x: np.ndarray, judges: np.ndarray, start: Draft, plan: Refinement, rng: np.random.Generator
) -> Draft:
    """Return the best draft among the start's and those of each round.

    A round polishes by lasso codes, prunes to the atoms that predict held-out units, and trades
    some of those left for better ones. ``judges`` are stimuli that no atom was learned from: on
    those it was, more atoms and smaller penalties always look better.
    """
    now = start
    drafts = [now] if plan.n_latents in (None, len(now.atoms)) else []
    for turn in range(plan.rounds):
        before = now
        rows = learning_rows(x, len(now.atoms), rng)
        share = _GO
        if turn:  # what was pruned too early comes back
            now, share = replace(now, atoms=_grown(rows, now, rng)), _GO_LATER
        pruned = _reduce(rows, judges, now, plan.n_latents, share)
        found = [pruned, regrow(rows, judges, pruned, rng)]
        if repeats(_TINY, rows, len(pruned.atoms), 2) > 1:
            found.append(_renewed(rows, judges, min(found, key=error_of), rng))
        drafts += found
        now = min(drafts, key=error_of)
        if is_exact(now) or (turn and (now.error <= EXACT or now.error > _GAIN * before.error)):
            break
    return most_frugal(drafts)


def polish_rows(now: Draft) -> int:
    """Return how many stimuli a short polishing takes."""
    return int(np.clip(_POLISH_ROWS_A_LATENT * len(now.atoms), _POLISH_ROWS, _POLISH_ROWS_MOST))


def _grown(x: np.ndarray, now: Draft, rng: np.random.Generator) -> np.ndarray:
    turn = code(x, now.atoms, now.offset, now.k, signed=now.signed)
    return np.concatenate([now.atoms, left_over(turn, grown(len(now.atoms)), rng)])


def _renewed(x: np.ndarray, judges: np.ndarray, now: Draft, rng: np.random.Generator) -> Draft:
    """Return the draft searched by pursuit: it tries more than turns of the lasso do."""
    now = replace(now, k=usual_active(judges, now))
    atoms, offset = renew(x, now.atoms, now.offset, _renewal(now, x, now.k), rng)
    new = judged_again(judges, replace(now, atoms=atoms, offset=offset))
    return judged_again(judges, polish(x[: polish_rows(now)], new, _POLISH_TURNS))


def thinned(x: np.ndarray, judges: np.ndarray, start: Draft, rng: np.random.Generator) -> Draft:
    """Return the draft without atoms of little worth, if that costs little, and others traded.

    It is what can be afforded of `refine` where atoms are many.
    """
    rows = learning_rows(x, len(start.atoms), rng)
    best = start
    while True:
        m, value = len(best.atoms), quick_value(rows, best)
        count = max(worthy(value), round((1 - _GO) * m))  # of two alike both seem worthless
        if count == m:
            break
        fewer = polish(rows, worthiest(best, value, count), _POLISH_TURNS)
        fewer = judged_again(judges, fewer)
        if fewer.error > 1.02 * best.error + slack(best.error, m) * (m - count):
            break
        best = fewer
    return regrow(rows, judges, best, rng)


def complete(x: np.ndarray, best: Draft, n_latents: int | None, rng: np.random.Generator) -> Draft:
    """Return a draft learned from those that judged it too, and made whole.

    Judges do not show every feature, and what they do not show they let go: unless ``n_latents``
    is given, atoms come back that are worth as much as those that stood the test. Nothing is
    looked for beside atoms that explain all.
    """
    x, whole = learning_rows(x, len(best.atoms), rng), is_exact(best)
    for _ in range(_COMPLETIONS if n_latents is None else 0):
        m, wide = len(best.atoms), replace(best, atoms=_grown(x, best, rng))
        wide = polish(x, wide, _COMPLETION_TURNS)
        new = wide.atoms[m:]  # two alike would each be worth nothing beside the other
        alone = np.triu(np.abs(new @ new.T), 1).max(0, initial=0) < _ALIKE
        wide = polish(x, replace(wide, atoms=np.concatenate([wide.atoms[:m], new[alone]])), 1)
        value = value_of(x, wide)
        least = max(_AS_WORTHY * np.quantile(value[:m], 0.1), WORTHY * np.median(value[:m]))
        new = value[m:] >= least
        best = replace(best, atoms=np.concatenate([best.atoms, wide.atoms[m:][new]]))
        whole = whole and not new.any()
        if whole:
            return polish(x, best, 1)
    renewal = _renewal(best, x, best.k)
    atoms, offset = renew(x, best.atoms, best.offset, renewal, rng)
    return polish(x, replace(best, atoms=atoms, offset=offset), 1)


def _renewal(now: Draft, x: np.ndarray, k: int) -> Renewal:
    effort = repeats(_TINY, x, len(now.atoms), 4)
    return Renewal(
        k=k,
        cycles=20 * effort,
        patience=4 * effort,
        learn_offset=now.learn_offset,
        signed=now.signed,
    )


def _reduce(
    x: np.ndarray, judges: np.ndarray, start: Draft, n_latents: int | None, share: float
) -> Draft:
    """Return the draft polished, with as few atoms as predict held-out units as well.

    A share of the least worthy goes at a time and the others are polished; where that costs too
    much, half as many go, until next to none; and at last, whether half can go at once.
    """
    rows = x[: polish_rows(start)]
    if n_latents is not None:
        now = polish(rows, start, _POLISH_TURNS)
        while len(now.atoms) > n_latents:
            now = polish(rows, _worthiest(rows, now, n_latents), _POLISH_TURNS)
        return judged_again(judges, now)
    best = _judged(judges, judged_again(judges, polish(rows, start, _POLISH_TURNS)))
    if best.error <= EXACT and worthy(quick_value(rows, best)) == len(best.atoms):
        return best
    few = judges[:_GLANCE]  # most of what costs too much shows at once
    glance = _judged(few, best).error
    shares = [share / 2**step for step in range(_HALVINGS)] + [0.5, 0.35]
    while shares and (m := len(best.atoms)) > 1:
        gone = max(1, round(shares[0] * m))
        cost = slack(best.error, m) * gone
        fewer = polish(rows, _worthiest(rows, best, m - gone), _POLISH_TURNS)
        at_once = _judged(few, fewer).error
        if at_once <= _MUCH * (glance + cost):
            fewer = _judged(judges, fewer)
            if fewer.error <= 1.005 * best.error + cost:
                best, glance = fewer, at_once
                continue
        shares.pop(0)
    return judged_again(judges, best)


def _worthiest(rows: np.ndarray, now: Draft, count: int) -> Draft:
    return worthiest(now, quick_value(rows, now), count)


def _judged(judges: np.ndarray, now: Draft) -> Draft:
    """Return the draft with its error on all judges, under the penalty that it has."""
    problem = now.choice.problem
    error = held_out_units(np.ascontiguousarray(judges - now.offset), now.atoms, problem)
    return replace(now, choice=Choice(problem=problem, error=error))
