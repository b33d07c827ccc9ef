"""Fits of sparse coding on trial: width, offset and signs, then each refined by the same rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unbraid.sparse._log import Log
from unbraid.sparse._method import Method
from unbraid.sparse.auto._plan import AutoPlan
from unbraid.sparse.learning._candidate import (
    EXACT,
    Candidate,
    agreed,
    count_important,
    error_of,
    in_pairs,
    most_frugal,
    quick_importance,
)
from unbraid.sparse.learning._l0_refine import refined, unsure_by_l0
from unbraid.sparse.learning._lasso_steps import learning_rows
from unbraid.sparse.learning._penalty_path import (
    UNSURE,
    SparseCodingPlan,
    learn_sparse_coding,
)
from unbraid.sparse.learning._refine import MANY, Refinement
from unbraid.sparse.learning._spike_slab_fit import SpikeSlabFit
from unbraid.sparse.learning._start import affords
from unbraid.sparse.learning.refined import Refined
from unbraid.sparse.learning.sparse_coding import SparseCoding


@dataclass(eq=False)
class Search:
    """Fits so far, what refining made of each, and a record of every trial."""

    seen: np.ndarray
    """Stimuli to learn from, of unit scale."""
    unseen: np.ndarray
    """Validation stimuli."""
    plan: AutoPlan
    seed: int
    """Of all fits: each has its own stream, so that one fit less changes no other."""
    log: Log
    scale: float
    candidates: list[Candidate] = field(default_factory=list)
    fits: list[Candidate] = field(default_factory=list)
    """What each candidate began with."""
    coded: list[tuple[Candidate, Candidate | None]] = field(default_factory=list)
    """Fits, and what codes of the fewest latents make of each."""
    trials: list[dict[str, Any]] = field(default_factory=list)

    def first(self) -> list[Candidate]:
        """Return the fit whose width and offset predict best; and a signed one that comes near."""
        most = self.plan.most(*self.seen.shape)
        best = self.fit(min(round(self.plan.expansion * self.seen.shape[1]), most), True, False)
        if self.plan.takes("widen"):
            best = self.widened(best, most)
        if self.plan.takes("offset") and error_of(best) > EXACT:
            zero = self.fit(len(best.atoms), False, best.signed)
            if error_of(zero) < error_of(best):
                best = zero
        found = [best]
        if self.plan.takes("signs") and in_pairs(best):
            m = len(best.atoms)
            signed = [self.fit(each, best.learn_offset, True) for each in (max(1, m // 2), m)]
            found.append(min(signed, key=error_of))
        best = min(found, key=error_of)
        cheap = len(self.seen) * len(best.atoms) <= self.plan.cheap
        if self.plan.takes("few") and best.error > UNSURE and cheap and self.by_l0(best) is None:
            return [self.fewer(best)]
        enough = max(EXACT, self.plan.as_good * error_of(best))
        return [each for each in found if error_of(each) <= enough]

    def widened(self, best: Candidate, most: int) -> Candidate:
        """Fit twice as wide as long as every atom is important and that pays."""
        while (m := min(2 * len(best.atoms), most)) > len(best.atoms) and error_of(best) > EXACT:
            important = count_important(quick_importance(self.seen, best))
            if important < self.plan.important * len(best.atoms):
                break
            wider = self.fit(m, best.learn_offset, best.signed)
            coded = self.by_l0(wider)
            least = error_of(wider) if coded is None else coded.error
            if least >= self.plan.pays * error_of(best):
                break
            best = wider
        return best

    def fewer(self, first: Candidate) -> Candidate:
        """Fit narrower and narrower, down to one atom a unit; return the best.

        Where stimuli are few, every atom is a mixture and seems important until there are few more
        atoms than features: only there the error falls.
        """
        best, m = first, len(first.atoms)
        while (m := int(self.plan.narrowing * m)) >= self.seen.shape[1]:
            narrow = self.fit(m, first.learn_offset, first.signed)
            if error_of(narrow) < error_of(best):
                best = narrow
            elif best.error <= UNSURE:
                break
        return best

    def fit(self, m: int, learn_offset: bool, signed: bool, start: int = 0) -> Candidate:
        """Fit one dictionary by sparse coding."""
        rng = self.stream(m, learn_offset, signed, start)
        plan = SparseCodingPlan(m=m, learn_offset=learn_offset, signed=signed)
        found = learn_sparse_coding(learning_rows(self.seen, m, rng), self.unseen, plan, rng)
        self.record(coding(found), found, penalty=found.penalty * self.scale)
        return found

    def by_l0(self, fitted: Candidate) -> Candidate | None:
        """Return a fit coded by the fewest latents, where it is pruned so (``unsure_by_l0``)."""
        if not self.plan.takes("l0"):
            return None
        for known, found in self.coded:
            if known is fitted:
                return found
        found = unsure_by_l0(self.seen, self.unseen, fitted)
        self.coded.append((fitted, found))
        return found

    def refine(self, fitted: Candidate) -> None:
        """Refine a fit, and keep it as a candidate."""
        self.log.show(f"refining {len(fitted.atoms)} latents", 0.5)
        rng, coded = self.stream(len(self.candidates)), self.by_l0(fitted)
        rounds = Refinement().rounds if self.plan.takes("rounds") else 1
        plan = Refinement(rounds=rounds, replace=False, l0=self.plan.takes("l0"))
        best = refined(self.seen, self.unseen, fitted, coded, plan, rng)
        self.candidates.append(best)
        self.fits.append(fitted)
        self.record(chosen(coding(fitted), best), best, penalty=best.penalty * self.scale)

    def start_again(self) -> None:
        """Fit and refine again, until two starts end with the same atoms: any can end in a corner.

        Where that is cheap. The next starts are hardly wider than what the best was refined to.
        """
        pairs = zip(self.candidates, self.fits, strict=True)
        best, fit = min(pairs, key=lambda pair: error_of(pair[0]))
        m = min(len(fit.atoms), round(1.5 * len(best.atoms)))
        cheap = affords(self.plan.affordable, self.seen, len(best.atoms))
        for start in range(1, 1 + self.plan.starts if cheap and error_of(best) > EXACT else 1):
            if agreed(self.candidates):
                break
            self.refine(self.fit(m, fit.learn_offset, fit.signed, start))

    def best(self) -> tuple[Candidate, Method]:
        """Return the candidate to keep, and the method that it began with."""
        best = most_frugal(self.candidates)
        return best, coding(self.fits[self.candidates.index(best)])

    def stream(self, *key: int) -> np.random.Generator:
        """Return the random numbers of one step."""
        return np.random.default_rng([self.seed, len(key), *map(int, key)])

    def record(self, method: Method, found: Candidate | SpikeSlabFit, **more: float) -> None:
        """Record a trial, and show the progress."""
        self.trials.append({**described(method, found), **more})
        tried = len(self.trials)
        self.log.show(f"tried {len(found.atoms)} latents", 0.5 * tried / (tried + 10))


def chosen(origin: Method, best: Candidate) -> Method:
    """Return the method that would give such a candidate again."""
    if len(best.atoms) > MANY:
        return coding(best)
    if not np.isfinite(best.error):  # one unit alone cannot be held out
        return Refined(of=origin, n_latents=len(best.atoms))
    return Refined(of=origin, n_latents=len(best.atoms), restarts=3, enough=1.25 * best.error)


def coding(fitted: Candidate) -> SparseCoding:
    """Return the sparse coding that gives such a fit."""
    return SparseCoding(
        n_latents=len(fitted.atoms),
        cycles=0,
        offset="learned" if fitted.learn_offset else "zero",
        signed=fitted.signed,
    )


def described(method: Method, found: Candidate | SpikeSlabFit) -> dict[str, Any]:
    """Return a trial as plain data."""
    return {"method": method.describe(), "n_latents": len(found.atoms),
            "held_out_units": found.error}  # fmt: skip
