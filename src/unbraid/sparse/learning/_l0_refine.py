"""A candidate refined under codes of the fewest latents where these predict better, or the lasso.

``unsure_by_l0`` says whether a fit is pruned under ``l0``, ``refined`` prunes it, ``completed``
ends: all that learn a width by held-out units take these steps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unbraid._kernels.products.sparse_rows import decode
from unbraid.sparse.inference._infer import Choice, choose_l0, solved
from unbraid.sparse.learning._alternating import Coded, improve
from unbraid.sparse.learning._candidate import (
    IMPORTANT,
    Candidate,
    assessed,
    error_of,
    is_exact,
    slack,
)
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._penalty_path import UNSURE
from unbraid.sparse.learning._refine import MANY, Refinement, complete, polish_rows, refine
from unbraid.sparse.training._source import spaced

L0_PAYS = 0.9  # error, relative to the lasso's, up to which codes are searched as supports
_HOPELESS = 2.5  # the same before atoms are learned under l0, above which this changes nothing
_L0_STEPS = 3  # of coding and least squares at once; with more, atoms hardly move
_GONE_SHARE = 0.15  # of the atoms that go at a time at first, and half as many where that costs
_NO_WORSE = 1.02  # error, relative to the one before, that counts as no worse


def unsure_by_l0(x: np.ndarray, validation: np.ndarray, fit: Candidate) -> Candidate | None:
    """Return a fit whose units the lasso hardly predicts, coded by the fewest latents.

    None where these predict no better, or where the lasso does: it prunes more surely then.
    """
    return None if error_of(fit) <= UNSURE else l0_candidate(x, validation, fit)


def refined(
    x: np.ndarray,
    validation: np.ndarray,
    fit: Candidate,
    coded: Candidate | None,
    plan: Refinement,
    rng: np.random.Generator,
) -> Candidate:
    """Return a fit refined, by ``l0`` where it is ``coded`` so (see ``unsure_by_l0``).

    Else by the lasso, and coded by ``l0`` where that then predicts better.
    """
    if coded is not None:
        return pruned(x, validation, coded, plan.n_latents)
    best = refine(x, validation, fit, plan, rng)
    return (l0_candidate(x, validation, best) if plan.l0 else None) or best


def completed(x: np.ndarray, best: Candidate, rng: np.random.Generator) -> Candidate:
    """Return a refined candidate learned from all stimuli, with atoms that validation did not show.

    Pruning under ``l0`` took none of these away, so that only its atoms are learned.
    """
    rows = learning_rows(x, len(best.atoms), rng)
    return step(rows, best) if best.choice.problem.by == "l0" else complete(rows, best, rng)


def l0_candidate(x: np.ndarray, validation: np.ndarray, start: Candidate) -> Candidate | None:
    """Return a candidate coded by ``l0`` with its atoms learned so, or None where it pays nothing.

    Where there is little noise, a beam search finds supports that the lasso misses. Not beyond 800
    latents, where one unit alone cannot be held out, and where the lasso leaves nothing. No atom
    is learned from the ``validation`` stimuli.
    """
    if len(start.atoms) > MANY or is_exact(start) or not np.isfinite(start.error):
        return None
    now = _coded(validation, start)
    if now.error > _HOPELESS * start.error:
        return None
    now = learned(_some(x, start), validation, now)
    return now if now.error < L0_PAYS * start.error else None


def learned(x: np.ndarray, validation: np.ndarray, now: Candidate) -> Candidate:
    """Return the candidate after some steps, coded as predicts best then."""
    for _ in range(_L0_STEPS):
        now = step(x, now)
    return _coded(validation, now)


def step(x: np.ndarray, now: Candidate) -> Candidate:
    """Return the candidate after ``l0`` codes of ``x`` and least squares."""
    active, codes, _ = solved(x - now.offset, now.atoms, now.choice.problem)
    coded = Coded(active, codes, x - decode(active, codes, now.atoms, now.offset))
    atoms, offset, _ = improve(x, coded, now.atoms, now.offset, now.learn_offset)
    return replace(now, atoms=atoms, offset=offset)


def pruned(
    x: np.ndarray, validation: np.ndarray, start: Candidate, n_latents: int | None = None
) -> Candidate:
    """Return the candidate with as few atoms as predict held-out units as well, or ``n_latents``.

    A share of those with the least energy goes at a time, and the others are learned again. Atoms
    that carry as much as others in ``x`` and that no validation stimulus shows stay.
    """
    x, now, share = _some(x, start), start, _GONE_SHARE
    if n_latents is not None:
        while (surplus := len(now.atoms) - n_latents) > 0:
            now = step(x, now)
            gone = min(surplus, max(1, round(share * len(now.atoms))))
            now = _without(now, np.argsort(_energy(x, now), kind="stable")[:gone])
        return learned(x, validation, now)
    while share > 0:
        now = assessed(validation, step(x, now))
        now, share = _fewer(x, validation, now, share)
    return learned(x, validation, now)


def _fewer(
    x: np.ndarray, validation: np.ndarray, now: Candidate, share: float
) -> tuple[Candidate, float]:
    """Return the candidate without the largest share that can go, and this share; 0: none can."""
    m, energy = len(now.atoms), _energy(x, now)
    unseen = _energy(validation, now) == 0
    lasts = unseen & (energy > IMPORTANT * np.median(energy))
    order = np.argsort(np.where(lasts, np.inf, energy), kind="stable")
    most = min(m - 1, int((~lasts).sum()))
    while gone := min(max(1, round(share * m)), most):
        fewer = assessed(validation, step(x, _without(now, order[:gone])))
        if fewer.error <= _NO_WORSE * now.error + gone * slack(now.error, m):
            return fewer, share
        if gone == 1:
            break
        share /= 2
    return now, 0.0


def _without(now: Candidate, gone: np.ndarray) -> Candidate:
    return replace(now, atoms=np.delete(now.atoms, gone, axis=0))


def _some(x: np.ndarray, start: Candidate) -> np.ndarray:
    """Return as many stimuli as a short learning takes, evenly spaced: rows may be sorted."""
    return np.ascontiguousarray(spaced(x, polish_rows(start)))


def _energy(x: np.ndarray, now: Candidate) -> np.ndarray:
    """Return the summed squares of each latent's codes."""
    active, codes, _ = solved(x - now.offset, now.atoms, now.choice.problem)
    on = active >= 0
    return np.bincount(active[on], codes[on].astype(np.float64) ** 2, len(now.atoms))


def _coded(validation: np.ndarray, now: Candidate) -> Candidate:
    """Return a candidate with the l0 codes that predict held-out units best."""
    found = choose_l0(validation - now.offset, now.atoms, signed=now.signed)
    problem = replace(found.problem, penalty=now.penalty)
    return replace(now, choice=Choice(problem=problem, error=found.error))
