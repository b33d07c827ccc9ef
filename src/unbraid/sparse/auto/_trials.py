"""Dictionaries on trial for one choice: each refined by the same rules, and every step noted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from unbraid.sparse._log import Log
from unbraid.sparse._method import Method
from unbraid.sparse.auto._plan import AutoPlan
from unbraid.sparse.learning._candidate import (
    Candidate,
    error_of,
    is_exact,
    most_frugal,
    same_atoms,
    usual_active,
)
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._refine import Refinement, refine, thinned
from unbraid.sparse.learning._spike_slab_fit import SpikeSlabFit, sampled
from unbraid.sparse.learning.refined import Refined
from unbraid.sparse.learning.sparse_coding import SparseCoding
from unbraid.sparse.learning.spike_and_slab import SpikeAndSlab

_RESTARTS, _AS_GOOD = 3, 1.25  # starts of the chosen method, until one errs little more than here
_SAMPLED = 8_000_000  # stimuli times latents up to which sampling takes a minute or so
_CHEAP, _STARTS = 300_000, 3  # and up to which it has so many starts
MANY = 800  # latents beyond which trying which to leave out would take longer than all else


@dataclass(eq=False)
class AutoTrials:
    """Candidates refined so far, the methods that they began with, and a record of every trial."""

    seen: np.ndarray
    """Stimuli to learn from, of unit scale."""
    unseen: np.ndarray
    """Validation stimuli."""
    rng: np.random.Generator
    log: Log
    scale: float
    plan: AutoPlan
    candidates: list[Candidate] = field(default_factory=list)
    origins: list[Method] = field(default_factory=list)
    trials: list[dict[str, Any]] = field(default_factory=list)

    def record(self, method: Method, found: Candidate) -> None:
        """Record a trial, and show the progress."""
        self._write(method, found, penalty=found.penalty * self.scale)

    def record_sampled(self, method: Method, found: SpikeSlabFit) -> None:
        """Record a candidate whose codes are posterior means."""
        self._write(method, found, noise=np.sqrt(found.prior.noise) * self.scale)

    def _write(self, method: Method, found: Candidate | SpikeSlabFit, **more: float) -> None:
        line = {"method": method.describe(), "n_latents": len(found.atoms),
                "held_out_units": found.error, **more}  # fmt: skip
        self.trials.append(line)
        tried = len(self.trials)
        self.log.show(f"tried {len(found.atoms)} latents", 0.5 * tried / (tried + 10))

    def record_coded(self, coded: Candidate) -> None:
        """Record a fit of sparse coding."""
        self.record(coding(coded), coded)

    def refine(self, start: Candidate, method: Method) -> None:
        """Refine a first fit; where atoms are very many, only leave out unimportant ones."""
        self.origins.append(method)
        self.log.show(f"refining {len(start.atoms)} latents", 0.5)
        if len(start.atoms) > MANY:
            start = thinned(self.seen, self.unseen, start, self.rng)
            self.record(chosen(method, start), start)
        if len(start.atoms) <= MANY:
            start = refine(self.seen, self.unseen, start, self._refinement(), self.rng)
            self.record(refined(method, start), start)
        self.candidates.append(start)

    def _refinement(self) -> Refinement:
        plan = self.plan
        return Refinement(
            rounds=plan.rounds, prune=plan.prune, replace=plan.replace, grow=plan.grow
        )

    def refine_coded(self, coded: Candidate) -> None:
        """Refine a fit of sparse coding."""
        self.refine(replace(coded, k=usual_active(self.unseen, coded)), coding(coded))

    def sampled(self, best: Candidate, origin: Method) -> tuple[Method, SpikeSlabFit] | None:
        """Return the best fit with sampled codes, if it predicts held-out units better.

        ``best`` may have been changed since. Where it costs little, candidates with other atoms are
        tried too: they miss other features.
        """
        rows = learning_rows(self.seen, len(best.atoms), self.rng)
        cost = len(rows) * len(best.atoms)
        if is_exact(best) or cost > _SAMPLED:
            return None
        starts, most = (
            [(best, origin)],
            _STARTS if cost <= _CHEAP and self.plan.sample_others else 1,
        )
        for candidate, method in sorted(
            zip(self.candidates, self.origins, strict=True), key=lambda pair: error_of(pair[0])
        ):
            alike = any(same_atoms(candidate.atoms, start.atoms) for start, _ in starts)
            if len(starts) < most and candidate.signed == best.signed and not alike:
                starts.append((candidate, method))
        found = []
        for start, method in starts:
            self.log.show(f"sampling codes of {len(start.atoms)} latents", 0.5)
            new = sampled(rows, self.unseen, start, self.rng, self.plan.births)
            found.append((SpikeAndSlab(of=chosen(method, start)), new))
            self.record_sampled(*found[-1])
            if new.error >= best.error:
                break
        least = min(found, key=lambda pair: pair[1].error)
        return least if least[1].error < best.error else None

    def least(self) -> float:
        """Return the least error so far."""
        return min(map(error_of, self.candidates))

    def best(self) -> tuple[Candidate, Method]:
        """Return the candidate to keep, and the method that it began with."""
        best = most_frugal(self.candidates)
        return best, self.origins[self.candidates.index(best)]


def refined(origin: Method, best: Candidate) -> Refined:
    """Return the method that would give such a candidate again."""
    if not np.isfinite(best.error):  # one unit alone cannot be held out
        return Refined(of=origin, n_latents=len(best.atoms))
    return Refined(
        of=origin,
        n_latents=len(best.atoms),
        restarts=_RESTARTS,
        enough=_AS_GOOD * best.error,
    )


def chosen(origin: Method, best: Candidate) -> Method:
    """Return the method that would give such a candidate again, however many its atoms."""
    many = len(best.atoms) > MANY
    return coding(best) if many and isinstance(origin, SparseCoding) else refined(origin, best)


def coding(coded: Candidate) -> SparseCoding:
    """Return the sparse coding that a candidate began with."""
    return SparseCoding(
        n_latents=len(coded.atoms),
        offset="learned" if coded.learn_offset else "zero",
        signed=coded.signed,
    )
