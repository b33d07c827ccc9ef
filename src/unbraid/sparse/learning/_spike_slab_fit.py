"""Spike-and-slab fit of a candidate: atoms, prior and noise by sampled codes; atoms are added."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse.inference._monte_carlo_em import MonteCarloEM, silent, start_prior
from unbraid.sparse.inference._posterior import held_out_units_by
from unbraid.sparse.inference._prior import Prior, check_latents
from unbraid.sparse.learning._candidate import Candidate, usual_active
from unbraid.sparse.learning._importance import drawn

# Each costs a pass; more with new atoms, which start from nothing
_SAMPLED_ITERATIONS, _BORN_ITERATIONS = 20, 30
_GAIN = 0.995  # error, relative to the one before, that pays
_BORN = 8  # atoms for each that is born
_IMPORTANT = 0.25  # of what the median atom explains


@dataclass(frozen=True, eq=False)
class SpikeSlabFit:
    """Atoms of unit length with their prior, and the error on held-out units by posterior means."""

    atoms: np.ndarray
    offset: np.ndarray
    prior: Prior
    learn_offset: bool
    error: float


def sampled(
    x: np.ndarray,
    validation: np.ndarray,
    start: Candidate,
    rng: np.random.Generator,
    cycles: int = 8,
) -> SpikeSlabFit:
    """Return the candidate after Monte Carlo EM, with atoms added as long as that pays.

    Atoms are born at stimuli that are badly explained; after some iterations those that explain
    little go, old ones too; none are added where the candidate's own error, by the lasso, is less.
    No atom was learned from the ``validation`` stimuli.
    """
    check_latents(len(start.atoms))
    active = usual_active(validation, start)
    prior = start_prior(x - start.offset, len(start.atoms), active, signed=start.signed)
    codes = silent(x, start.atoms)
    now = MonteCarloEM(x, start.atoms, start.offset, prior, start.learn_offset, rng, codes)
    now.run(_SAMPLED_ITERATIONS)
    best = _validated(validation, now)
    for _ in range(cycles if best.error < start.error else 0):
        wider = _born(now)
        wider.run(_BORN_ITERATIONS)
        other = _pruned(wider)
        new = _validated(validation, other)
        if new.error >= _GAIN * best.error:
            break
        best, now = new, other
    return best


def again(x: np.ndarray, best: SpikeSlabFit, rng: np.random.Generator) -> SpikeSlabFit:
    """Return it after iterations on other stimuli, such as all of them."""
    codes = silent(x, best.atoms)
    now = MonteCarloEM(x, best.atoms, best.offset, best.prior, best.learn_offset, rng, codes)
    now.run(_SAMPLED_ITERATIONS)
    return replace(best, atoms=now.atoms, offset=now.offset, prior=now.prior)


def _validated(validation: np.ndarray, now: MonteCarloEM) -> SpikeSlabFit:
    error = held_out_units_by(validation - now.offset, now.atoms, now.prior)
    return SpikeSlabFit(now.atoms, now.offset, now.prior, now.learn_offset, error)


def _born(now: MonteCarloEM) -> MonteCarloEM:
    """Return the chains with new latents, off: their atoms are what some stimuli lack most."""
    left = now.x - now.offset - now.codes @ now.atoms
    energy = np.square(left, dtype=np.float64).sum(1)
    rows = drawn(energy**2, max(1, len(now.atoms) // _BORN), now.rng)
    fresh = left[rows] / np.sqrt(energy[rows])[:, None]
    usual = np.argsort(now.prior.rate)[len(now.atoms) // 2]
    latents = np.concatenate([np.arange(len(now.atoms)), np.full(len(rows), usual)])
    return replace(
        now,
        atoms=np.concatenate([now.atoms, fresh]).astype(np.float32),
        prior=now.prior.of(latents),
        codes=np.concatenate([now.codes, silent(left, fresh)], axis=1),
    )


def _pruned(now: MonteCarloEM) -> MonteCarloEM:
    """Return the chains without latents that explain little beside the median one."""
    prior = now.prior
    importance = prior.rate * prior.moments()[1]
    stays = np.flatnonzero(importance > _IMPORTANT * np.median(importance))
    codes = np.ascontiguousarray(now.codes[:, stays])
    return replace(now, atoms=now.atoms[stays], prior=prior.of(stays), codes=codes)
