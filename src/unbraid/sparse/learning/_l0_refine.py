"""A candidate learned and pruned under codes of the fewest latents, where these predict better."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unbraid._kernels.products.sparse_rows import decode
from unbraid.sparse.inference._infer import Choice, choose_l0, solved
from unbraid.sparse.learning._alternating import Coded, improve
from unbraid.sparse.learning._candidate import IMPORTANT, Candidate, assessed, is_exact, slack
from unbraid.sparse.learning._refine import MANY, polish_rows

_L0_PAYS = 0.9  # error, relative to the lasso's, up to which codes are searched as supports
_HOPELESS = 2.5  # the same before atoms are learned under l0, above which this changes nothing
_L0_STEPS = 3  # of coding and least squares at once; with more, atoms hardly move
_GONE_SHARE = 0.15  # of the atoms that go at a time at first, and half as many where that costs
_NO_WORSE = 1.02  # error, relative to the one before, that counts as no worse


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
    now = learned(x[: polish_rows(start)], validation, now)
    return now if now.error < _L0_PAYS * start.error else None


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


def pruned(x: np.ndarray, validation: np.ndarray, start: Candidate) -> Candidate:
    """Return the candidate with as few atoms as predict held-out units as well.

    A share of those with the least energy goes at a time, and the others are learned again. Atoms
    that carry as much as others in ``x`` and that no validation stimulus shows stay.
    """
    x, now, share = x[: polish_rows(start)], start, _GONE_SHARE
    while (m := len(now.atoms)) > 1:
        now = assessed(validation, step(x, now))
        energy = _energy(x, now)
        unseen = _energy(validation, now) == 0
        lasts = unseen & (energy > IMPORTANT * np.median(energy))
        order = np.argsort(np.where(lasts, np.inf, energy), kind="stable")
        most = min(m - 1, int((~lasts).sum()))
        while gone := min(max(1, round(share * m)), most):
            fewer = replace(now, atoms=now.atoms[np.sort(order[gone:])])
            fewer = assessed(validation, step(x, fewer))
            if fewer.error <= _NO_WORSE * now.error + gone * slack(now.error, m):
                now = fewer
                break
            share, most = share / 2, 0 if gone == 1 else most
        if gone == 0:
            break
    return learned(x, validation, now)


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
